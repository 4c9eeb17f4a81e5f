"""The demo plant as data: where things are, what measures, what moves, and who works there.

Seeding reads it through the services; the plant process reads it to know which devices to run. All passwords here are
for the demo alone.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import msgspec
from msgspec.structs import replace

from mobile_contract.rotas import Window
from mobile_contract.text import Text
from plant.model import ActuatorKind, Expectation

TENANT = "demo"
TENANT_NAME = Text("演示工厂", "Demo plant")
SITE = "suzhou"
SITE_NAME = Text("苏州精密仪器厂", "Suzhou precision instruments")
TIME_ZONE = "Asia/Shanghai"
PASSWORD = "muster-demo-2026"  # noqa: S105

# South-west corner of the site, WGS 84: an empty plot in Suzhou Industrial Park.
ORIGIN_LON, ORIGIN_LAT = 120.7400, 31.2700
_METRES_PER_DEGREE_LAT = 110_900.0  # at 31 degrees north on the WGS 84 ellipsoid
_METRES_PER_DEGREE_LON = 111_320.0 * math.cos(math.radians(ORIGIN_LAT))


class DemoBuilding(msgspec.Struct, frozen=True):
    """A building of the site."""

    slug: str
    name: Text


class DemoZone(msgspec.Struct, frozen=True):
    """A zone; ``rectangle`` is x0, y0, x1, y1 in metres east and north of the origin."""

    slug: str
    building: str | None
    name: Text
    rectangle: tuple[float, float, float, float]
    risk: int
    adjoining: tuple[str, ...]
    agents: tuple[str, ...] = ()
    level: int = 0

    @property
    def polygon(self) -> dict[str, Any]:
        """GeoJSON Polygon, WGS 84, counter-clockwise."""
        x0, y0, x1, y1 = self.rectangle
        ring = [lon_lat(x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))]
        return {"type": "Polygon", "coordinates": [ring]}


class DemoSensor(msgspec.Struct, frozen=True):
    """One series. ``agent`` and ``unit`` find its limits in the library; no limits where ``agent`` is None."""

    series: str
    name: Text
    quantity: str
    unit: str
    agent: str | None = None
    stale_after_s: float = 15.0


class DemoActuator(msgspec.Struct, frozen=True):
    """Something that moves; ``feedback_series`` is a series of the same device, None: the feedback message proves."""

    slug: str
    name: Text
    kind: ActuatorKind
    expected: dict[str, Expectation]
    deadline_s: float
    feedback_series: str | None = None


class DemoDevice(msgspec.Struct, frozen=True):
    """A box with its own broker login ``demo/suzhou/{slug}``."""

    slug: str
    zone: str
    name: Text
    sensors: tuple[DemoSensor, ...] = ()
    actuators: tuple[DemoActuator, ...] = ()

    @property
    def username(self) -> str:
        """Broker user name and client id."""
        return f"{TENANT}/{SITE}/{self.slug}"

    @property
    def secret(self) -> str:
        """Broker password of the demo."""
        return f"demo-secret-{self.slug}"


class DemoAccount(msgspec.Struct, frozen=True):
    """A person; ``skills`` are what an order may ask for."""

    username: str
    name: Text
    role: str
    locale: str
    skills: tuple[str, ...] = ()
    password: str = PASSWORD


class DemoQualification(msgspec.Struct, frozen=True):
    """What somebody is qualified for, from and until so many days from the day of seeding."""

    username: str
    type: str
    number: str | None
    from_days: int
    until_days: int


def lon_lat(x_m: float, y_m: float) -> list[float]:
    """WGS 84 longitude and latitude of a point so many metres east and north of the origin."""
    lon = ORIGIN_LON + x_m / _METRES_PER_DEGREE_LON
    return [round(lon, 8), round(ORIGIN_LAT + y_m / _METRES_PER_DEGREE_LAT, 8)]


BUILDINGS = (
    DemoBuilding("optics", Text("光学楼", "Optics building")),
    DemoBuilding("machining", Text("机加工楼", "Machining building")),
    DemoBuilding("gas-house", Text("气站", "Gas house")),
)

# The solvent store is a walk-in store of 3.2 x 2.5 m, 2.5 m high: room_model.SOLVENT_STORE is this room.
ZONES = (
    DemoZone(
        "solvent-store", "optics", Text("溶剂库", "Solvent store"), (0, 9.5, 3.2, 12), 3,
        ("gas-room", "optics-coating", "corridor"), ("acetone", "isopropanol"),
    ),
    DemoZone(
        "gas-room", "optics", Text("特气间", "Special gas room"), (0, 0, 3.2, 9.5), 3,
        ("solvent-store", "optics-coating"), ("hydrogen-fluoride",),
    ),
    DemoZone(
        "optics-coating", "optics", Text("镀膜车间", "Optics coating"), (3.2, 0, 20, 12), 2,
        ("solvent-store", "gas-room", "clean-room", "corridor"), ("acetone",),
    ),
    DemoZone(
        "clean-room", "optics", Text("洁净室", "Clean room"), (20, 0, 40, 12), 1,
        ("optics-coating", "corridor"),
    ),
    DemoZone(
        "corridor", "optics", Text("走廊", "Corridor"), (0, 12, 40, 15), 0,
        ("solvent-store", "optics-coating", "clean-room", "machine-hall"),
    ),
    DemoZone("machine-hall", "machining", Text("机加工车间", "Machine hall"), (0, 15, 40, 35), 1, ("corridor",)),
    DemoZone("office", "machining", Text("办公室", "Office"), (0, 15, 12, 25), 0, (), level=1),
    # The gas house stands apart: two rooms of 4 x 3 m, 3 m high (gas_model.GAS_HOUSE_ROOM), and a lobby between them.
    DemoZone(
        "hf-room", "gas-house", Text("氟化氢间", "HF room"), (-20, 0, -16, 3), 3,
        ("gas-lobby",), ("hydrogen-fluoride",),
    ),
    DemoZone(
        "nitrogen-room", "gas-house", Text("液氮间", "Liquid nitrogen room"), (-14, 0, -10, 3), 2,
        ("gas-lobby",), ("nitrogen",),
    ),
    DemoZone(
        "gas-lobby", "gas-house", Text("气站前室", "Gas house lobby"), (-16, 0, -14, 3), 1,
        ("hf-room", "nitrogen-room"),
    ),
    DemoZone("assembly-point", None, Text("集合点", "Assembly point"), (55, 0, 70, 15), 0, ()),
)  # fmt: skip

_ACETONE = DemoSensor("acetone", Text("丙酮", "Acetone"), "concentration", "[ppm]", "acetone")
_ACETONE_LEL = DemoSensor(
    "acetone-lel", Text("丙酮（爆炸下限）", "Acetone, of LEL"), "concentration", "%{LEL}", "acetone"
)
_OXYGEN = DemoSensor("oxygen", Text("氧气", "Oxygen"), "concentration", "%", "oxygen")
_TEMPERATURE = DemoSensor("temperature", Text("温度", "Temperature"), "temperature", "Cel")
_HF = DemoSensor(
    "hydrogen-fluoride", Text("氟化氢", "Hydrogen fluoride"), "concentration", "mg/m3", "hydrogen-fluoride"
)
_AIRFLOW = DemoSensor("airflow", Text("风速", "Duct air speed"), "velocity", "m/s")


_CONTACT_DEADLINE_S = 5.0
# The fan's own proof is air moving in its duct, not a contact: 3 m/s is under half of its 6.6 m/s at full speed (8 m/s
# in the gas house), reached about 2 s after the start; after a stop 1.5 m/s is reached in 4 s. 8 s leave room for a
# retried command.
_FAN_DEADLINE_S = 8.0


# Boxes with one actuator, called as the box is where more of its kind are told of in one incident.
def _fan(slug: str, zone: str, name: Text) -> DemoDevice:
    expected = {"start": Expectation(state="running", at_least=3.0), "stop": Expectation(state="stopped", at_most=1.5)}
    fan = DemoActuator(
        "fan-1",
        Text("排风机", "Exhaust fan"),
        ActuatorKind.FAN,
        expected,
        deadline_s=_FAN_DEADLINE_S,
        feedback_series="airflow",
    )
    return DemoDevice(slug, zone, name, (_AIRFLOW,), (fan,))


def _siren(slug: str, zone: str, name: Text) -> DemoDevice:
    expected = {"sound": Expectation(state="sounding"), "silence": Expectation(state="silent")}
    siren = DemoActuator("siren-1", name, ActuatorKind.SIREN, expected, _CONTACT_DEADLINE_S)
    return DemoDevice(slug, zone, name, (), (siren,))


def _valve(slug: str, zone: str, name: Text) -> DemoDevice:
    expected = {"open": Expectation(state="open"), "close": Expectation(state="closed")}
    valve = DemoActuator("valve-1", name, ActuatorKind.VALVE, expected, _CONTACT_DEADLINE_S)
    return DemoDevice(slug, zone, name, (), (valve,))


def _beacon(slug: str, zone: str, name: Text) -> DemoDevice:
    expected = {"start": Expectation(state="running"), "stop": Expectation(state="stopped")}
    beacon = DemoActuator("beacon-1", name, ActuatorKind.BEACON, expected, _CONTACT_DEADLINE_S)
    return DemoDevice(slug, zone, name, (), (beacon,))


DEVICES = (
    DemoDevice(
        "gas-store-1", "solvent-store", Text("溶剂库气体探测器", "Gas detector, solvent store"),
        (_ACETONE, _ACETONE_LEL, _OXYGEN, _TEMPERATURE),
    ),
    DemoDevice(
        "gas-coating-1", "optics-coating", Text("镀膜车间气体探测器", "Gas detector, coating"),
        (_ACETONE, _ACETONE_LEL, _TEMPERATURE),
    ),
    DemoDevice(
        "gas-room-1", "gas-room", Text("特气间气体探测器", "Gas detector, gas room"), (_HF, _OXYGEN),
    ),
    _fan("fan-store-1", "solvent-store", Text("溶剂库排风机", "Exhaust fan, solvent store")),
    _siren("siren-store-1", "solvent-store", Text("溶剂库警笛", "Solvent store siren")),
    _siren("siren-corridor-1", "corridor", Text("走廊警笛", "Corridor siren")),
    _beacon("beacon-corridor-1", "corridor", Text("走廊警示灯", "Corridor beacon")),
    _valve("valve-store-1", "solvent-store", Text("丙酮切断阀", "Acetone shut-off valve")),
    *(
        DemoDevice(
            f"hf-{n}", "hf-room", Text(f"氟化氢探测器 {n}", f"HF detector {n}"),
            (replace(_HF, name=Text(f"氟化氢 {n} 号", f"Hydrogen fluoride {n}")),),
        )
        for n in (1, 2, 3)
    ),
    _fan("fan-hf-1", "hf-room", Text("氟化氢间排风机", "Exhaust fan, HF room")),
    _valve("valve-hf-1", "hf-room", Text("氟化氢切断阀", "HF shut-off valve")),
    _siren("siren-hf-1", "gas-lobby", Text("气站警笛", "Gas house siren")),
    _beacon("beacon-hf-1", "hf-room", Text("氟化氢间警示灯", "HF room beacon")),
    *(
        DemoDevice(
            f"oxygen-{n}", "nitrogen-room", Text(f"氧气探测器 {n}", f"Oxygen detector {n}"),
            (replace(_OXYGEN, name=Text(f"氧气 {n} 号", f"Oxygen {n}")),),
        )
        for n in (1, 2)
    ),
    _fan("fan-nitrogen-1", "nitrogen-room", Text("液氮间排风机", "Exhaust fan, nitrogen room")),
    _valve("valve-nitrogen-1", "nitrogen-room", Text("液氮切断阀", "Nitrogen shut-off valve")),
    _beacon("beacon-nitrogen-1", "nitrogen-room", Text("液氮间警示灯", "Nitrogen room beacon")),
    DemoDevice(
        "spindle-1", "machine-hall", Text("一号主轴", "Spindle 1"),
        (DemoSensor("vibration", Text("振动速度", "Vibration velocity, rms"), "velocity", "mm/s", "vibration"),
         _TEMPERATURE),
        (DemoActuator(
            "stop-1", Text("停机", "Machine stop"), ActuatorKind.MACHINE_STOP,
            {"stop": Expectation(state="stopped")}, _CONTACT_DEADLINE_S,
        ),),
    ),
    DemoDevice(
        "particles-1", "clean-room", Text("粒子计数器", "Particle counter"),
        (DemoSensor("particles", Text("0.5 微米粒子", "Particles from 0.5 um"), "concentration", "1/m3"),
         DemoSensor("pressure", Text("压差", "Differential pressure"), "pressure", "Pa")),
    ),
)  # fmt: skip

# Two of the three have to agree before it counts as the second level.
HF_VOTERS, HF_VOTES_NEEDED = ("hf-1", "hf-2", "hf-3"), 2
HF_VOTE_NAME = Text("氟化氢间三取二", "HF room, two of three")

# Where people gather; capacity in people. The second lies upwind of the gas house in the prevailing south-east wind.
ASSEMBLY_POINTS = (
    ("east-gate", Text("东门集合点", "Assembly point, east gate"), (62.5, 7.5), 60),
    ("south-lawn", Text("南草坪集合点", "Assembly point, south lawn"), (30.0, -20.0), 80),
)

# Cards shown with whatever happens in a zone, besides those of what is kept there.
PINNED_CARDS = (
    ("gas-lobby", ("hydrogen-fluoride", "nitrogen")),
    ("corridor", ("acetone",)),
    ("machine-hall", ("acetone",)),
)

ACCOUNTS = (
    DemoAccount("wang", Text("王伟", "Wang Wei"), "responder", "zh-CN", ("first-aid", "breathing-apparatus")),
    DemoAccount("li", Text("李娜", "Li Na"), "responder", "zh-CN", ("first-aid", "hf-trained")),
    DemoAccount("zhao", Text("赵敏", "Zhao Min"), "safety_officer", "zh-CN"),
    DemoAccount("chen", Text("陈杰", "Chen Jie"), "worker", "en"),
    DemoAccount("admin", Text("管理员", "Administrator"), "admin", "en"),
    DemoAccount("audit", Text("审计员", "Auditor"), "auditor", "en"),
)

# Days are from the day of seeding: whenever that is, one runs out soon and one has run out.
QUALIFICATIONS = (
    DemoQualification("wang", "first-aid", "RC-2024-0117", -300, 700),
    DemoQualification("wang", "breathing-apparatus", "SCBA-031", -100, 265),
    DemoQualification("wang", "solvent-spill-response", None, -100, 600),
    DemoQualification("li", "first-aid", "RC-2024-0118", -300, 700),
    DemoQualification("li", "hf-first-response", "HF-007", -200, 165),
    DemoQualification("li", "special-gas-shutdown", None, -200, 500),
    DemoQualification("zhao", "incident-commander", None, -400, 600),
    DemoQualification("zhao", "breathing-apparatus", "SCBA-030", -350, 15),
    DemoQualification("chen", "fire-brigade", None, -400, -30),
)
# Who works with whom, and the layers of their rotas: (name, hours, crews that take turns every Monday).
TEAMS = (
    ("responders", Text("应急响应组", "Responders"), ("wang", "li")),
    ("safety", Text("安全组", "Safety team"), ("zhao",)),
)
ROTA_STARTS_ON = date(2026, 1, 5)  # a Monday
SHIFTS = (
    (Text("白班", "Day shift"), Window("08:00", "20:00"), (("wang", "chen"), ("li",))),
    (Text("夜班", "Night shift"), Window("20:00", "08:00"), (("li",), ("wang", "chen"))),
)
# Both responders are always to be called, by turns the one or the other first.
ON_CALL = (Text("每周轮值", "Weekly turn"), (("wang", "li"), ("li", "wang")))


def device(slug: str) -> DemoDevice:
    """The device of that name; KeyError names it when the catalogue has none."""
    for found in DEVICES:
        if found.slug == slug:
            return found
    raise KeyError(slug)
