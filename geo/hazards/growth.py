"""A hazard grown from a sensor's alarm: the zone, then the rooms it reaches through doors and shafts. Pure.

Nobody measures where a gas goes in the first minutes; this is the cautious guess routes are planned against until
sensors say more. A room is reached at the earliest by any way, and holds what its source holds from then on. Walls do
not leak, and out of doors it is the plume's matter (``plume``): a door to the outside, drawn or not, grows nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import msgspec
from shapely import make_valid
from shapely.geometry import shape
from shapely.strtree import STRtree

from geo.hazards.footprints import Shape, drawn_shape
from geo.hazards.model import OFFSET_MAX_MS, Area, Concentration, Hazard, Slice, invalid
from geo.places.model import Door, DoorState, PlaceId, Plan, Rise, Room

Behaviour: TypeAlias = Literal["heavier", "lighter", "neutral"]
"""What the agent does in still air; ``neutral`` also for what nobody knows."""

# More than the drawing's slack at walls: a zone drawn over a wall of 0.2 m along 10 m covers 4 % of a room of 50 m2.
# Practice.
SEED_SHARE = 0.05
SLICES_GROWN_MAX = 20
# Mean molar mass of dry air: US Standard Atmosphere 1976, table 3. A tenth either way, mixing goes before density:
# practice.
AIR_G_MOL = 28.9644
_TENTH = 0.1


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """How long a hazard takes through what lies between two rooms, in seconds; None: never.

    All are practice, on the cautious side, to be set by the site. ``closed_s``: leakage alone, through the 0.02 m2 that
    EN 12101-6:2005 (annex A) gives a single-leaf door and 0.83 A sqrt(dp) at 5 Pa, is 0.037 m3/s and brings a room of
    100 m3 to a tenth of its neighbour in 285 s (1 - exp(-Q t / V)); people who pass through make it less than half.
    ``locked_s`` is that leakage. A badge door is passed like a closed one. ``with_s``: a storey the way the agent goes
    by itself; ``neutral_s``: a storey either way when it goes neither; ``against_s``: a storey against it, carried by
    draughts. A lift's landing doors are closed doors.
    """

    open_s: float = 0.0
    closed_s: float = 120.0
    badge_s: float = 120.0
    locked_s: float | None = 285.0
    with_s: float = 30.0
    neutral_s: float = 60.0
    against_s: float | None = 600.0


DELAYS = Delays()
_NOWHERE: Mapping[PlaceId, int] = {}


def behaviour_of(molar_mass_g_mol: float) -> Behaviour:
    """What a gas at the air's temperature does, by its molar mass.

    Not for what leaves cold or as a mist (liquefied ammonia, hydrogen fluoride): those lie on the ground at first
    whatever their mass (Britter and McQuaid, Workbook on the Dispersion of Dense Gases, HSE 1988), so state it.
    """
    if molar_mass_g_mol > AIR_G_MOL * (1 + _TENTH):
        return "heavier"
    return "lighter" if molar_mass_g_mol < AIR_G_MOL * (1 - _TENTH) else "neutral"


def grow(
    plan: Plan,
    *,
    hazard_id: str,
    polygon: dict[str, Any],
    level: int,
    behaviour: Behaviour,
    until_ms: int,
    delays: Delays = DELAYS,
    sealed: Collection[PlaceId] = (),
    since: Mapping[PlaceId, int] = _NOWHERE,
    factor: float | None = None,
    air: Sequence[Concentration] = (),
) -> Hazard:
    """The zone of an alarm (GeoJSON, on a level) -> the hazard it grows to until ``until_ms``.

    ``sealed``: doors and rises nothing gets through. ``since``: rooms that were reached already, and when: a door that
    is closed behind a gas does not bring it back. ``factor`` and ``air`` hold for every room that is reached, so a
    dose reckoned from them is an upper bound. Arrivals are moved to earlier ones where there would be more than
    SLICES_GROWN_MAX slices. Raises Invalid for a zone that is no polygon, or a time that is not within a week.
    """
    if not 0 < until_ms <= OFFSET_MAX_MS:
        raise invalid("until_ms", "a hazard grows for up to a week", "扩散时间须在一周以内", until_ms, OFFSET_MAX_MS)
    seeds = rooms_under(plan.rooms, drawn_shape("polygon", polygon), level)
    reached = arrivals(plan, seeds, behaviour=behaviour, delays=delays, sealed=sealed, since=since)
    rooms = {room.id: room for room in plan.rooms}
    zone = Area(polygon=polygon, levels=[level], factor=factor, air=list(air))
    by_start: dict[int, list[Area]] = defaultdict(list)
    for name, start in _few_starts({it: at for it, at in reached.items() if at < until_ms}).items():
        room = rooms[name]
        by_start[start].append(Area(polygon=room.polygon, levels=[room.level], factor=factor, air=list(air)))
    starts = sorted({0, *by_start})
    areas = [zone]
    slices = []
    for start, end in zip(starts, [*starts[1:], until_ms], strict=True):
        areas = areas + by_start[start]
        slices.append(Slice(start_ms=start, length_ms=end - start, areas=areas))
    return Hazard(id=hazard_id, source="grown", slices=slices)


def rooms_under(rooms: Iterable[Room], zone: Shape, level: int) -> list[PlaceId]:
    """The rooms on the level that a zone (in degrees) covers by SEED_SHARE of the smaller of the two, in order."""
    here = [room for room in rooms if room.level == level and room.kind != "solid"]
    # A plan was checked when it was read; an alarm is no moment to fail on a room that was not.
    shapes = [make_valid(shape(room.polygon)) for room in here]
    found = []
    for index in sorted(STRtree(shapes).query(zone, predicate="intersects").tolist()):
        # Both areas are in square degrees of one place: their ratio is that of square metres.
        if shapes[index].intersection(zone).area >= SEED_SHARE * min(shapes[index].area, zone.area):
            found.append(here[index].id)
    return found


def arrivals(
    plan: Plan,
    seeds: Iterable[PlaceId],
    *,
    behaviour: Behaviour,
    delays: Delays = DELAYS,
    sealed: Collection[PlaceId] = (),
    since: Mapping[PlaceId, int] = _NOWHERE,
) -> dict[PlaceId, int]:
    """For each room that is reached, when at the earliest: whole ms, by arrival and then id. Rooms alone are named.

    ``since``: rooms that were reached whatever doors are like now, and when. Doors and stops that name a room that is
    not there lead nowhere. Raises Invalid for a delay below 0 or above a week.
    """
    _check_delays(delays)
    links = _links(plan, behaviour, delays, set(sealed))
    walkable = {room.id for room in plan.rooms if room.kind not in ("solid", "outdoors")}
    best: dict[_Node, int] = {}
    begun = {**since, **dict.fromkeys(seeds, 0)}
    queue: list[tuple[int, _Node]] = sorted((at, ("room", it, 0)) for it, at in begun.items() if it in walkable)
    while queue:
        at, node = heappop(queue)
        if node in best or (node[0] == "room" and node[1] not in walkable):
            continue
        best[node] = at
        for other, delay in links[node]:
            if other not in best:
                heappush(queue, (at + delay, other))
    return {name: at for (kind, name, _), at in best.items() if kind == "room"}


_Node: TypeAlias = tuple[str, PlaceId, int]
"""A room, or a rise at one of its stops."""
_Links: TypeAlias = Mapping[_Node, list[tuple[_Node, int]]]


def _check_delays(delays: Delays) -> None:
    for field in delays.__struct_fields__:
        value = getattr(delays, field)
        if value is not None and not 0 <= value <= OFFSET_MAX_MS / 1_000:
            raise invalid(f"delays.{field}", "a delay is 0 s to a week", "延迟须为 0 秒至一周", value)


def _links(plan: Plan, behaviour: Behaviour, delays: Delays, sealed: set[PlaceId]) -> _Links:
    links: dict[_Node, list[tuple[_Node, int]]] = defaultdict(list)
    for door in plan.doors:
        if door.id not in sealed:
            _join_door(links, door, delays)
    for rise in plan.rises:
        if rise.id not in sealed:
            _join_rise(links, rise, plan.rooms, behaviour, delays)
    return links


def _join_door(links: dict[_Node, list[tuple[_Node, int]]], door: Door, delays: Delays) -> None:
    by_state: dict[DoorState, float | None] = {
        "open": delays.open_s,
        "closed": delays.closed_s,
        "badge": delays.badge_s,
        "locked": delays.locked_s,
    }
    one, other = door.joins
    delay = _millis(by_state[door.state])
    if one is not None and other is not None and delay is not None:
        links["room", one, 0].append((("room", other, 0), delay))
        links["room", other, 0].append((("room", one, 0), delay))


def _join_rise(
    links: dict[_Node, list[tuple[_Node, int]]],
    rise: Rise,
    rooms: Sequence[Room],
    behaviour: Behaviour,
    delays: Delays,
) -> None:
    up_s, down_s = {
        "heavier": (delays.against_s, delays.with_s),
        "lighter": (delays.with_s, delays.against_s),
        "neutral": (delays.neutral_s, delays.neutral_s),
    }[behaviour]
    way_in = _millis(delays.closed_s if rise.kind == "lift" else 0.0)
    stops = sorted(rise.stops, key=lambda it: it.level)
    for stop in stops:
        room = stop.room or _room_at(rooms, stop.at, stop.level)
        if room is not None and way_in is not None:
            links["room", room, 0].append((("rise", rise.id, stop.level), way_in))
            links["rise", rise.id, stop.level].append((("room", room, 0), way_in))
    for low, high in pairwise(stops):
        storeys = high.level - low.level
        below, above = ("rise", rise.id, low.level), ("rise", rise.id, high.level)
        for start, end, storey_s in ((below, above, up_s), (above, below, down_s)):
            if (delay := _millis(storey_s)) is not None:
                links[start].append((end, delay * storeys))


def _room_at(rooms: Sequence[Room], at: tuple[float, float], level: int) -> PlaceId | None:
    """The room a stop stands in, when the plan did not say."""
    for room in rooms:
        if (
            room.level == level
            and room.kind != "solid"
            and shape(room.polygon).covers(shape({"type": "Point", "coordinates": at}))
        ):
            return room.id
    return None


def _millis(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000)


def _few_starts(reached: dict[PlaceId, int]) -> dict[PlaceId, int]:
    """Arrivals moved down to multiples of a step, the smallest doubling that leaves few enough of them."""
    step = 1
    while len({at // step for at in reached.values()}) > SLICES_GROWN_MAX:
        step *= 2
    return {name: at // step * step for name, at in reached.items()}
