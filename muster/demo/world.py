"""The demo plant's one physical world: what devices measure in it, what their actuators change in it.

Deterministic for a seed and a sequence of steps; knows no network and no clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from muster.demo import room_model as rooms
from muster.demo.catalogue import DEVICES, DemoDevice
from plant.model import ActuatorKind

# A motorised valve of this size closes within a few seconds; a contactor, siren or beacon at once.
VALVE_TRAVEL_S = 2.0
# Closing air vibrates: spindle at work and standing, mm/s rms (ISO 10816-3 group 2, rigid: zone A up to 1.4).
SPINDLE_RUNNING_MM_S, SPINDLE_COAST_S = 0.9, 4.0
PID_BASELINE_PPM = 4.0  # isopropanol and cleaning agents of an ordinary day
ROOM_TEMPERATURE_CEL = 21.5
SPINDLE_TEMPERATURE_CEL = 38.0
PARTICLES_PER_M3 = 2100.0  # ISO 14644-1 class 5 is up to 3,520 at 0.5 um
CLEAN_ROOM_PRESSURE_PA = 15.0


class Shown(msgspec.Struct, frozen=True):
    """What an actuator says of itself: a state of the wire's feedback, and a measured value where it has one."""

    state: str
    value: float | None = None
    unit: str | None = None


class World:
    """The plant's physics, advanced by ``step``; faults are plain attributes."""

    def __init__(self, seed: int = 1) -> None:
        self.store = rooms.RoomState()
        self.leak_g_s = 0.0
        self.spill_left_g = 0.0
        self.fan_on = False
        self.fan_stuck = False
        self.valve_open = True
        self.muted: set[str] = set()
        self.spindle_on = True
        self.spindle_speed = 1.0
        self._valve_travel_s = 0.0
        self._contacts: dict[tuple[str, str], bool] = {}
        self._sensors: dict[tuple[str, str], rooms.SensorState] = {}
        self._random = random.Random(seed)  # noqa: S311 - sensor noise

    def leak(self, rate_g_s: float, minutes: float) -> None:
        """Acetone sprays at this rate until that many minutes' worth is gone; opens the valve first."""
        self.valve_open = True
        self._valve_travel_s = 0.0
        self.leak_g_s = rate_g_s
        self.spill_left_g = rate_g_s * minutes * 60.0

    def repair(self) -> None:
        """End every fault; vapour already in the room leaves by itself."""
        self.leak_g_s = self.spill_left_g = 0.0
        self.fan_stuck = False
        self.muted.clear()

    @property
    def leaking(self) -> bool:
        """Whether liquid flows now."""
        return self.leak_g_s > 0 and self.spill_left_g > 0 and self.valve_open

    def step(self, dt_s: float) -> None:
        """Move the world on."""
        if not self.valve_open or self._valve_travel_s > 0:
            self._travel(dt_s)
        leaked_g = min(self.leak_g_s * dt_s, self.spill_left_g) if self.leaking else 0.0
        self.spill_left_g -= leaked_g
        self.store = rooms.advance(
            self.store, rooms.SOLVENT_STORE, fan_running=self.fan_on, leak_g_s=leaked_g / dt_s, dt_s=dt_s
        )
        target = 1.0 if self.spindle_on else 0.0
        self.spindle_speed += (target - self.spindle_speed) * min(1.0, dt_s / SPINDLE_COAST_S)
        for device in DEVICES:
            for sensor in device.sensors:
                key = (device.slug, sensor.series)
                truth, make = _truth(self, device, sensor.series)
                before = self._sensors.get(key) or rooms.SensorState(truth)
                self._sensors[key] = rooms.follow(before, make, truth, dt_s)

    def _travel(self, dt_s: float) -> None:
        if self._valve_travel_s > 0:
            self._valve_travel_s = max(0.0, self._valve_travel_s - dt_s)
            if self._valve_travel_s == 0:
                self.valve_open = not self.valve_open

    def measure(self, device: DemoDevice) -> dict[str, float | None]:
        """What each series of the device shows; None before the first step (the sensor warms up)."""
        shown: dict[str, float | None] = {}
        for sensor in device.sensors:
            state = self._sensors.get((device.slug, sensor.series))
            make = _truth(self, device, sensor.series)[1]
            shown[sensor.series] = None if state is None else rooms.display(state, make, self._random.gauss(0.0, 1.0))
        return shown

    def act(self, device: DemoDevice, actuator: str, action: str) -> bool:
        """Do it; False when the actuator does not know the action or is stuck."""
        kind = _kind(device, actuator)
        if kind is ActuatorKind.FAN and not self.fan_stuck and action in {"start", "stop"}:
            self.fan_on = action == "start"
        elif kind is ActuatorKind.VALVE and action in {"open", "close"}:
            self._valve_travel_s = VALVE_TRAVEL_S if self.valve_open != (action == "open") else 0.0
        elif kind is ActuatorKind.MACHINE_STOP and action == "stop":
            self.spindle_on = False
        elif kind in {ActuatorKind.SIREN, ActuatorKind.BEACON} and action in {"sound", "silence", "start", "stop"}:
            self._contacts[(device.slug, actuator)] = action in {"sound", "start"}
        else:
            return False
        return True

    def shows(self, device: DemoDevice, actuator: str) -> Shown:
        """What the actuator does now, by its own contacts."""
        kind = _kind(device, actuator)
        on = self._contacts.get((device.slug, actuator), False)
        if kind is ActuatorKind.FAN:
            speed = round(rooms.air_speed_m_s(self.store, rooms.SOLVENT_STORE), 1)
            return Shown("running" if self.fan_on else "stopped", speed, "m/s")
        if kind is ActuatorKind.VALVE:
            return Shown("open" if self.valve_open else "closed")
        if kind is ActuatorKind.SIREN:
            return Shown("sounding" if on else "silent")
        if kind is ActuatorKind.MACHINE_STOP:
            return Shown("running" if self.spindle_on else "stopped")
        return Shown("running" if on else "stopped")


def _kind(device: DemoDevice, actuator: str) -> ActuatorKind | None:
    return next((known.kind for known in device.actuators if known.slug == actuator), None)


_Truth = tuple[Callable[[World], float], rooms.Lag]
_SERIES: dict[str, _Truth] = {
    "acetone": (lambda _: PID_BASELINE_PPM, rooms.PID),
    "acetone-lel": (lambda _: rooms.percent_lel(PID_BASELINE_PPM), rooms.CATALYTIC),
    "oxygen": (lambda _: rooms.OXYGEN_IN_AIR_PERCENT, rooms.OXYGEN_CELL),
    "temperature": (lambda _: ROOM_TEMPERATURE_CEL, rooms.PT100),
    "hydrogen-fluoride": (lambda _: 0.0, rooms.ELECTROCHEMICAL_HF),
    "airflow": (lambda world: rooms.air_speed_m_s(world.store, rooms.SOLVENT_STORE), rooms.ANEMOMETER),
    "vibration": (lambda world: SPINDLE_RUNNING_MM_S * world.spindle_speed, rooms.ACCELEROMETER),
    "particles": (lambda _: PARTICLES_PER_M3, rooms.PARTICLE_COUNTER),
    "pressure": (lambda _: CLEAN_ROOM_PRESSURE_PA, rooms.MANOMETER),
}
# What differs from an ordinary room of the plant.
_PLACES: dict[tuple[str, str], _Truth] = {
    ("solvent-store", "acetone"): (lambda world: PID_BASELINE_PPM + world.store.acetone_ppm, rooms.PID),
    ("solvent-store", "acetone-lel"): (
        lambda world: rooms.percent_lel(PID_BASELINE_PPM + world.store.acetone_ppm),
        rooms.CATALYTIC,
    ),
    ("solvent-store", "oxygen"): (lambda world: rooms.oxygen_percent(world.store.acetone_ppm), rooms.OXYGEN_CELL),
    ("machine-hall", "temperature"): (
        lambda world: ROOM_TEMPERATURE_CEL + (SPINDLE_TEMPERATURE_CEL - ROOM_TEMPERATURE_CEL) * world.spindle_speed,
        rooms.PT100,
    ),
}


def _truth(world: World, device: DemoDevice, series: str) -> tuple[float, rooms.Lag]:
    read, make = _PLACES.get((device.zone, series)) or _SERIES[series]
    return read(world), make
