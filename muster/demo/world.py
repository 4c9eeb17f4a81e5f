"""The demo plant's one physical world: what devices measure in it, what their actuators change in it.

Deterministic for a seed and a sequence of steps; knows no network and no clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from muster.demo import room_model as rooms
from muster.demo.catalogue import DEVICES, DemoDevice
from muster.demo.stations import HfRoom, NitrogenRoom, SolventStore, Station
from plant.model import ActuatorKind

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
        self.store = SolventStore()
        self.hf_room = HfRoom()
        self.nitrogen_room = NitrogenRoom()
        self.stations: dict[str, Station] = {
            "solvent-store": self.store,
            "hf-room": self.hf_room,
            "nitrogen-room": self.nitrogen_room,
        }
        self.fan_stuck = False
        self.muted: set[str] = set()
        self.spindle_on = True
        self.spindle_speed = 1.0
        self._contacts: dict[tuple[str, str], bool] = {}
        self._sensors: dict[tuple[str, str], rooms.SensorState] = {}
        self._random = random.Random(seed)  # noqa: S311 - sensor noise

    def repair(self) -> None:
        """End every leak and fault; what is in the air already leaves by itself."""
        for station in self.stations.values():
            station.repair()
        self.fan_stuck = False
        self.muted.clear()

    def step(self, dt_s: float) -> None:
        """Move the world on."""
        for station in self.stations.values():
            station.step(dt_s)
        target = 1.0 if self.spindle_on else 0.0
        self.spindle_speed += (target - self.spindle_speed) * min(1.0, dt_s / SPINDLE_COAST_S)
        for device in DEVICES:
            for sensor in device.sensors:
                key = (device.slug, sensor.series)
                truth, make = _truth(self, device, sensor.series)
                before = self._sensors.get(key) or rooms.SensorState(truth)
                self._sensors[key] = rooms.follow(before, make, truth, dt_s)

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
            self.stations[device.zone].fan_on = action == "start"
        elif kind is ActuatorKind.VALVE and action in {"open", "close"}:
            self.stations[device.zone].turn_valve(wanted_open=action == "open")
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
            station = self.stations[device.zone]
            return Shown("running" if station.fan_on else "stopped", round(station.air_speed_m_s, 1), "m/s")
        if kind is ActuatorKind.VALVE:
            return Shown("open" if self.stations[device.zone].valve_open else "closed")
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
    "vibration": (lambda world: SPINDLE_RUNNING_MM_S * world.spindle_speed, rooms.ACCELEROMETER),
    "particles": (lambda _: PARTICLES_PER_M3, rooms.PARTICLE_COUNTER),
    "pressure": (lambda _: CLEAN_ROOM_PRESSURE_PA, rooms.MANOMETER),
}
# What differs from an ordinary room of the plant.
_PLACES: dict[tuple[str, str], _Truth] = {
    ("solvent-store", "acetone"): (lambda world: PID_BASELINE_PPM + world.store.air.acetone_ppm, rooms.PID),
    ("solvent-store", "acetone-lel"): (
        lambda world: rooms.percent_lel(PID_BASELINE_PPM + world.store.air.acetone_ppm),
        rooms.CATALYTIC,
    ),
    ("solvent-store", "oxygen"): (lambda world: rooms.oxygen_percent(world.store.air.acetone_ppm), rooms.OXYGEN_CELL),
    ("solvent-store", "airflow"): (lambda world: world.store.air_speed_m_s, rooms.ANEMOMETER),
    ("hf-room", "hydrogen-fluoride"): (lambda world: world.hf_room.hf_mg_m3, rooms.ELECTROCHEMICAL_HF),
    ("hf-room", "airflow"): (lambda world: world.hf_room.air_speed_m_s, rooms.ANEMOMETER),
    ("nitrogen-room", "oxygen"): (lambda world: world.nitrogen_room.oxygen_percent, rooms.OXYGEN_CELL),
    ("nitrogen-room", "airflow"): (lambda world: world.nitrogen_room.air_speed_m_s, rooms.ANEMOMETER),
    ("machine-hall", "temperature"): (
        lambda world: ROOM_TEMPERATURE_CEL + (SPINDLE_TEMPERATURE_CEL - ROOM_TEMPERATURE_CEL) * world.spindle_speed,
        rooms.PT100,
    ),
}


# Electrochemical cells slow down with age: one of the three is new, one is due for exchange.
_OWN_MAKES = {
    "hf-1": replace(rooms.ELECTROCHEMICAL_HF, t90_s=60.0),
    "hf-3": replace(rooms.ELECTROCHEMICAL_HF, t90_s=120.0),
}


def _truth(world: World, device: DemoDevice, series: str) -> tuple[float, rooms.Lag]:
    read, make = _PLACES.get((device.zone, series)) or _SERIES[series]
    return read(world), _OWN_MAKES.get(device.slug, make)
