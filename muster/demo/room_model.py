"""The physics of the demo plant: a solvent film, a well-mixed room, a fan with inertia, sensors that lag.

Pure: every step takes its state, its length in seconds and its noise. Linear parts are stepped by their exact
solution, so the step's length changes nothing but the moments at which the fan or the leak switch.

Room: V dC/dt = G - Q C, "well-mixed" or "single-zone" model (Nazaroff and Cass 1986; also ACGIH Industrial Ventilation,
dilution ventilation). Evaporation: EPA, Risk Management Program Guidance for Offsite Consequence Analysis, equation
D-1. Sensors: T90 (time to 90 % of a step) of a first-order lag is ln(10) time constants.
"""

from __future__ import annotations

import math

import msgspec
from msgspec.structs import replace

ROOM_TEMPERATURE_K = 293.15
# Ideal gas at 20 Cel and 101,325 Pa: 24.06 L/mol.
MOLAR_VOLUME_M3 = 8.314462618 * ROOM_TEMPERATURE_K / 101_325.0
# Acetone: molar mass, vapour pressure at 20 Cel, density (PubChem CID 180); LEL 2.5 % vol (IEC 60079-20-1).
ACETONE_G_PER_MOL = 58.08
ACETONE_VAPOUR_PRESSURE_MMHG = 184.8
ACETONE_DENSITY_G_M3 = 791_000.0
ACETONE_LEL_PPM = 25_000.0
OXYGEN_IN_AIR_PERCENT = 20.9


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A ventilated room. Flows in m3/s; ``base_flow`` leaks through the walls even when the fan stands."""

    volume_m3: float
    base_flow_m3_s: float
    fan_flow_m3_s: float
    duct_area_m2: float
    tray_area_m2: float
    film_depth_m: float
    floor_air_speed_m_s: float
    fan_spin_up_s: float
    fan_coast_s: float


# A walk-in store of 3.2 x 2.5 x 2.5 m = 20 m3 with 6 air changes/h at rest (GB 50019-2015 asks 12/h of *emergency*
# ventilation as the least) and an exhaust fan of 3,000 m3/h, 150 air changes/h: far above the least because the store
# is as small as a walk-in fume cupboard. That, and a spray that wets a tray of 4 m2 as a film of 0.05 mm instead of a
# deep pool, keeps the whole story within three minutes. Fan: 3 s time constant up, 2.5 s down (a damper
# falls shut behind it); duct of 0.4 m.
SOLVENT_STORE = Room(
    volume_m3=20.0,
    base_flow_m3_s=6.0 * 20.0 / 3600.0,
    fan_flow_m3_s=3000.0 / 3600.0,
    duct_area_m2=math.pi * 0.2**2,
    tray_area_m2=4.0,
    film_depth_m=5e-5,
    floor_air_speed_m_s=0.5,
    fan_spin_up_s=3.0,
    fan_coast_s=2.5,
)


class RoomState(msgspec.Struct, frozen=True):
    """What the room is like now. ``fan_speed`` is a fraction of full speed."""

    acetone_ppm: float = 0.0
    film_g: float = 0.0
    fan_speed: float = 0.0


class Lag(msgspec.Struct, frozen=True):
    """A sensor's make: ``noise`` is a standard deviation, ``noise_share`` grows with the value, ``drift_per_day`` is
    the zero's, all in the sensor's unit; it shows multiples of ``resolution`` between ``low`` and ``high``."""

    t90_s: float
    noise: float
    noise_share: float
    resolution: float
    drift_per_day: float
    low: float
    high: float


# PID: T90 below 3 s at 0-10,000 ppm (ION Science MiniPID 2 as in Daviteq's manual of the miniature PID sensor).
PID = Lag(3.0, 1.5, 0.01, 1.0, 2.0, 0.0, 10_000.0)
# Catalytic bead: 15 s, within the 30 s that GB 15322.1-2019 allows of a diffusion detector in methane.
CATALYTIC = Lag(15.0, 0.15, 0.01, 1.0, 0.05, 0.0, 100.0)
# Electrochemical oxygen cell: 15 s is typical of data sheets; shown to 0.1 % vol.
OXYGEN_CELL = Lag(15.0, 0.02, 0.0, 0.1, 0.02, 0.0, 25.0)
ELECTROCHEMICAL_HF = Lag(90.0, 0.01, 0.01, 0.05, 0.0, 0.0, 10.0)
PT100 = Lag(20.0, 0.03, 0.0, 0.1, 0.0, -40.0, 85.0)
ANEMOMETER = Lag(1.0, 0.03, 0.01, 0.1, 0.0, 0.0, 20.0)
ACCELEROMETER = Lag(0.5, 0.02, 0.03, 0.01, 0.0, 0.0, 50.0)
PARTICLE_COUNTER = Lag(10.0, 40.0, 0.03, 1.0, 0.0, 0.0, 1e7)
MANOMETER = Lag(1.0, 0.15, 0.0, 0.1, 0.0, -50.0, 50.0)


class SensorState(msgspec.Struct, frozen=True):
    """The lagging value behind the display, and how long the sensor has been drifting."""

    value: float
    age_s: float = 0.0


def evaporation_flux_g_s_m2(air_speed_m_s: float) -> float:
    """Acetone evaporating from a square metre at 20 Cel (EPA eq. D-1: lb/min, ft2, mmHg, K; converted to g, s, m2)."""
    lb_min_ft2: float = (
        0.284
        * air_speed_m_s**0.78
        * ACETONE_G_PER_MOL ** (2 / 3)
        * ACETONE_VAPOUR_PRESSURE_MMHG
        / (82.05 * ROOM_TEMPERATURE_K)
    )
    return lb_min_ft2 * 453.592 / 60.0 / 0.092903


def vapour_m3(mass_g: float) -> float:
    """The volume of that much acetone vapour at 20 Cel and 101,325 Pa."""
    return mass_g / ACETONE_G_PER_MOL * MOLAR_VOLUME_M3


def mix(ppm: float, source_m3_s: float, flow_m3_s: float, volume_m3: float, dt_s: float) -> float:
    """Concentration after ``dt_s`` with a constant source and flow: the exact solution of V dC/dt = G - Q C."""
    changes = flow_m3_s / volume_m3 * dt_s
    # (1 - exp(-x)) / x, which is 1 in a sealed room; expm1 keeps its digits at small x.
    kept = -math.expm1(-changes) / changes if changes > 1e-300 else 1.0
    return ppm * math.exp(-changes) + 1e6 * source_m3_s * dt_s / volume_m3 * kept


def evaporate(film_g: float, leak_g_s: float, room: Room, dt_s: float) -> tuple[float, float]:
    """(film afterwards, grams evaporated) in ``dt_s``; the film spreads until the tray is full, mass is conserved."""
    flux = evaporation_flux_g_s_m2(room.floor_air_speed_m_s)
    full_g = ACETONE_DENSITY_G_M3 * room.film_depth_m * room.tray_area_m2
    available_g = film_g + leak_g_s * dt_s
    if film_g >= full_g:
        evaporated = min(flux * room.tray_area_m2 * dt_s, available_g)
        return available_g - evaporated, evaporated
    life_s = ACETONE_DENSITY_G_M3 * room.film_depth_m / flux
    after = leak_g_s * life_s + (film_g - leak_g_s * life_s) * math.exp(-dt_s / life_s)
    return after, max(0.0, available_g - after)


def spin(speed: float, running: bool, room: Room, dt_s: float) -> tuple[float, float]:
    """(fan speed afterwards, mean speed during the step): first order towards full speed or standstill."""
    target = 1.0 if running else 0.0
    constant = room.fan_spin_up_s if running else room.fan_coast_s
    decay = math.exp(-dt_s / constant)
    return target + (speed - target) * decay, target + (speed - target) * (1 - decay) * constant / dt_s


def advance(state: RoomState, room: Room, *, fan_running: bool, leak_g_s: float, dt_s: float) -> RoomState:
    """The room ``dt_s`` later."""
    film_g, evaporated_g = evaporate(state.film_g, leak_g_s, room, dt_s)
    speed, mean_speed = spin(state.fan_speed, fan_running, room, dt_s)
    flow = room.base_flow_m3_s + mean_speed * room.fan_flow_m3_s
    ppm = mix(state.acetone_ppm, vapour_m3(evaporated_g) / dt_s, flow, room.volume_m3, dt_s)
    return replace(state, acetone_ppm=ppm, film_g=film_g, fan_speed=speed)


def percent_lel(ppm: float) -> float:
    """Acetone as a share of its lower explosive limit."""
    return 100.0 * ppm / ACETONE_LEL_PPM


def oxygen_percent(ppm: float) -> float:
    """Oxygen left when vapour displaces air."""
    return OXYGEN_IN_AIR_PERCENT * (1.0 - min(ppm, 1e6) / 1e6)


def follow(sensor: SensorState, make: Lag, truth: float, dt_s: float) -> SensorState:
    """The sensor ``dt_s`` later, exposed to ``truth``."""
    decay = math.exp(-dt_s * math.log(10.0) / make.t90_s)
    return SensorState(truth + (sensor.value - truth) * decay, sensor.age_s + dt_s)


def display(sensor: SensorState, make: Lag, noise: float) -> float:
    """What the sensor shows; ``noise`` is a draw from the standard normal distribution."""
    drift = make.drift_per_day * sensor.age_s / 86_400.0
    shown = sensor.value + drift + noise * math.hypot(make.noise, make.noise_share * sensor.value)
    steps = round(min(max(shown, make.low), make.high) / make.resolution)
    return round(steps * make.resolution, 6)
