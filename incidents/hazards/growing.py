"""Which hazard an alarm makes: whether, a ban or a slowing, how the agent moves, and what the air holds. Pure.

Where the site has a plan in force it grows room by room (``geo.hazards.growth``), without one it is the alarm's zone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import shapely
from shapely.geometry import mapping, shape

from core.errors import Invalid
from geo.hazards.footprints import drawn_shape
from geo.hazards.growth import Behaviour, behaviour_of, grow, rooms_under
from geo.hazards.model import AREAS_MAX, CONCENTRATION_MAX, OFFSET_MAX_MS, Area, Concentration, Hazard, Slice
from geo.places.model import DoorState, PlaceId, Plan
from incidents.alarms.agents import AGENTS, convert, hazard_of, name_of
from incidents.alarms.model import DANGER_KINDS
from mobile_contract.text import Text

# Of what harms or burns where one breathes or walks; a machine that shakes and dust in a clean room stop nobody's way.
IN_THE_AIR = ("flammable", "toxic", "asphyxiant")
# Between the first and the second level are 100 % and 200 % of an exposure limit, or 25 % and 50 % LEL (GB/T
# 50493-2019, 5.5.2): who passes in a minute comes to no harm, and a ban would lock in whoever has no other way. They go
# around while that takes up to four times as long, which is any way around within a building. The four are practice.
FIRST_LEVEL_FACTOR = 4.0
# Grown so far ahead of now, and anew when less than half of it is left.
AHEAD_MS = 3_600_000
# A reading that grew by half is another hazard to whoever reckons a dose; less is noise at the border.
GREW = 1.5
# A body of 3 MB; beyond, a level is one hull that contains all of it.
POSITIONS_GROWN_MAX = 80_000

_SOURCES = {
    "cold": "stated: it leaves cold or as a mist and lies on the ground at first whatever its mass "
    "(Britter and McQuaid, Workbook on the Dispersion of Dense Gases, HSE 1988)",
    "mass": "molar mass (PubChem) against dry air's 28.96 g/mol (US Standard Atmosphere 1976), a tenth either way",
    "unknown": "nobody knows: it goes both ways",
    "lack": "a lack of oxygen comes of a gas that nobody names: it goes both ways",
}
_COLD = frozenset({"hydrogen-fluoride", "ammonia"})
DELAYS_SOURCE = "practice on the cautious side, after EN 12101-6:2005, annex A (geo/hazards/growth.py)"
FIRST_WHY = Text(
    "一级报警：尽量绕行，无其他路线时可快速通过",
    "first level: go around if you can, pass quickly where there is no other way",
)
SECOND_WHY = Text("二级报警：禁止进入", "second level: nobody goes in")


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """An active alarm and where it is. ``value``: the worst known of its reading, in ``unit`` (UCUM)."""

    id: UUID
    kind: str
    level: int
    agent: str | None
    value: float | None
    unit: str
    set_point: float | None
    zone_id: UUID
    zone_name: Text
    zone_version: int
    polygon: dict[str, Any]
    floor: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The site's plan in force, and its doors that are not as it has them. ``plan`` None: there is none."""

    plan_id: UUID | None = None
    plan: Plan | None = None
    doors: Mapping[PlaceId, DoorState] = {}


class Grown(msgspec.Struct, frozen=True):
    """A hazard with its name and what it was made from."""

    hazard: Hazard
    name: Text
    facts: dict[str, Any]


def endangers(kind: str, agent: str | None, unit: str) -> bool:
    """Whether an alarm makes a hazard: evidence (no fault of an instrument) of something in the air.

    An agent the library does not know counts where its sensor measures a concentration. Too little of a gas is a danger
    of oxygen alone.
    """
    if kind not in DANGER_KINDS or agent is None:
        return False
    known = hazard_of(agent)
    if kind == "low":
        return known == "asphyxiant"
    return known in IN_THE_AIR or (known is None and unit in ("[ppm]", "mg/m3", "%{LEL}"))


def behaviour(agent: str | None) -> tuple[Behaviour, str]:
    """How an agent moves in still air, and where that is from."""
    known = AGENTS.get(agent or "")
    if agent in _COLD:
        return "heavier", _SOURCES["cold"]
    if known is not None and known.hazard == "asphyxiant":
        return "neutral", _SOURCES["lack"]
    if known is None or known.molar_mass is None:
        return "neutral", _SOURCES["unknown"]
    return behaviour_of(known.molar_mass), f"{_SOURCES['mass']}: {known.molar_mass:g} g/mol"


def air_of(raised: Raised) -> list[Concentration]:
    """What the air holds by the reading, or by the set point where there is none; empty where its unit says nothing."""
    value = raised.set_point if raised.value is None else raised.value
    if value is None or raised.agent is None or hazard_of(raised.agent) == "asphyxiant":
        return []
    if raised.unit == "mg/m3":
        return _concentration(raised.agent, value, mass=True)
    try:
        return _concentration(raised.agent, convert(raised.agent, value, raised.unit, "[ppm]"), mass=False)
    except Invalid:
        return []


def _concentration(agent: str, value: float, *, mass: bool) -> list[Concentration]:
    if not (math.isfinite(value) and value >= 0):
        return []
    return [Concentration(agent, min(value, CONCENTRATION_MAX), "mg/m3" if mass else "ppm")]


def grown(raised: Raised, place: Place, *, hazard_id: UUID, elapsed_ms: int = 0, before: Hazard | None = None) -> Grown:
    """The hazard of an alarm that was raised ``elapsed_ms`` ago, AHEAD_MS from now on; offsets count from its raising.

    ``before``: what it was so far; rooms it had reached by now stay reached. Raises Invalid for a zone that is no
    polygon.
    """
    how, how_source = behaviour(raised.agent)
    factor = FIRST_LEVEL_FACTOR if raised.level == 1 else None
    air = air_of(raised)
    until_ms = min(max(0, elapsed_ms) + AHEAD_MS, OFFSET_MAX_MS)
    if place.plan is None:
        made = _zone_alone(raised, hazard_id, until_ms, factor, air)
    else:
        made = grow(
            _as_they_are(place.plan, place.doors),
            hazard_id=str(hazard_id),
            polygon=raised.polygon,
            level=raised.floor,
            behaviour=how,
            until_ms=until_ms,
            since={} if before is None else reached(place.plan, before, elapsed_ms),
            factor=factor,
            air=air,
        )
    bounded, coarse = _bounded(made)
    what = name_of(raised.agent)
    facts = {
        "alarm_level": raised.level,
        "kind": raised.kind,
        "value": raised.value,
        "unit": raised.unit,
        "set_point": raised.set_point,
        "zone": str(raised.zone_id),
        "zone_version": raised.zone_version,
        "air": msgspec.to_builtins(air),
        "why": msgspec.to_builtins(FIRST_WHY if raised.level == 1 else SECOND_WHY),
        "behaviour": how,
        "behaviour_source": how_source,
        "delays_source": None if place.plan is None else DELAYS_SOURCE,
        "plan": None if place.plan_id is None else str(place.plan_id),
        "doors": doors_key(place.doors),
        "until_ms": until_ms,
        "rooms": len(made.slices[-1].areas) - 1,
        "coarse": coarse,
    }
    name = Text(f"{raised.zone_name.zh}：{what.zh}", f"{raised.zone_name.en}: {what.en}")
    return Grown(bounded, name, facts)


def doors_key(doors: Mapping[PlaceId, DoorState]) -> str:
    """The states of doors as one short text, to tell whether they are others now."""
    if not doors:
        return ""
    return hashlib.sha256(msgspec.json.encode(sorted(doors.items()))).hexdigest()[:32]


def reached(plan: Plan, before: Hazard, elapsed_ms: int) -> dict[PlaceId, int]:
    """The rooms a hazard had reached by an offset, and when: by their outlines where the plan is the same one, else
    those that lie under what it covered."""
    by_outline = {_outline(room.level, room.polygon): room.id for room in plan.rooms if room.kind != "solid"}
    found: dict[PlaceId, int] = {}
    seen: set[int] = set()
    for it in before.slices:
        for area in it.areas if it.start_ms <= elapsed_ms else ():
            # The same outline stands in slice after slice, and its first one counts.
            if id(area.polygon) in seen:
                continue
            seen.add(id(area.polygon))
            for level in area.levels:
                known = by_outline.get(_outline(level, area.polygon))
                under = [known] if known else rooms_under(plan.rooms, drawn_shape("polygon", area.polygon), level)
                for name in under:
                    found.setdefault(name, it.start_ms)
    return found


def _outline(level: int, polygon: dict[str, Any]) -> bytes:
    return msgspec.json.encode([level, polygon["coordinates"]])


def _as_they_are(plan: Plan, doors: Mapping[PlaceId, DoorState]) -> Plan:
    if not doors:
        return plan
    now = [msgspec.structs.replace(it, state=doors.get(it.id, it.state)) for it in plan.doors]
    return msgspec.structs.replace(plan, doors=now)


def _zone_alone(
    raised: Raised, hazard_id: UUID, until_ms: int, factor: float | None, air: Sequence[Concentration]
) -> Hazard:
    drawn_shape("polygon", raised.polygon)
    zone = Area(polygon=raised.polygon, levels=[raised.floor], factor=factor, air=list(air))
    return Hazard(id=str(hazard_id), source="grown", slices=[Slice(start_ms=0, length_ms=until_ms, areas=[zone])])


def _bounded(made: Hazard) -> tuple[Hazard, bool]:
    """Few enough areas to be stored: of two slices the earlier shows what the later does, and in the end a level is one
    hull. Both err to the larger hazard; True: a hull was needed."""
    slices = made.slices
    while sum(len(it.areas) for it in slices) > AREAS_MAX and len(slices) > 1:
        slices = _paired(slices)
    outlines = {id(area.polygon): area.polygon for it in slices for area in it.areas}
    positions = sum(len(shapely.get_coordinates(shape(it))) for it in outlines.values())
    coarse = positions > POSITIONS_GROWN_MAX or sum(len(it.areas) for it in slices) > AREAS_MAX
    if coarse:
        slices = [msgspec.structs.replace(it, areas=_hulls(it.areas)) for it in slices]
    return msgspec.structs.replace(made, slices=slices), coarse


def _paired(slices: list[Slice]) -> list[Slice]:
    pairs = [slices[at : at + 2] for at in range(0, len(slices), 2)]
    return [
        Slice(start_ms=pair[0].start_ms, length_ms=sum(it.length_ms for it in pair), areas=pair[-1].areas)
        for pair in pairs
    ]


def _hulls(areas: Sequence[Area]) -> list[Area]:
    by_level: dict[int, list[Area]] = {}
    for it in areas:
        by_level.setdefault(it.levels[0], []).append(it)
    made = []
    for level, some in sorted(by_level.items()):
        hull = mapping(shapely.union_all([shapely.convex_hull(shape(it.polygon)) for it in some]).convex_hull)
        polygon = {"type": hull["type"], "coordinates": [[list(at) for at in ring] for ring in hull["coordinates"]]}
        made.append(msgspec.structs.replace(some[0], polygon=polygon, levels=[level]))
    return made
