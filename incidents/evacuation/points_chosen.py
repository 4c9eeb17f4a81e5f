"""Which assembly points of a site people are led to, by hazard, wind, way and room; and when one is given up. Pure.

Chosen by ``geo.evacuation.assembly``, with its hysteresis. Where no point can be used one is safest out of the
building: its exits stand in for them, and so does an exit from which no point is reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from core.errors import Invalid
from geo.evacuation.assembly import POINTS_MAX, Choice, Held, Point, Threat, choose
from geo.evacuation.model import EXITS_MAX
from geo.graph.csr import BANNED
from geo.hazards.raising import HazardTimes
from geo.instructions.steps import target_of
from geo.places.model import Position
from geo.routing.conditions import Conditions
from geo.routing.snapping import WHOLE_PPM, Place
from geo.site_map import SiteMap
from mobile_contract.text import Text

# People stand at a point for half an hour at the least; what is forecast to be over it by then is no place to gather.
GATHERED_MS = 1_800_000
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class GatherAt(msgspec.Struct, frozen=True, kw_only=True):
    """An assembly point or, in its stead, an exit: ``key`` is the same at every look; ``id``: of the point in use."""

    key: str
    name: Text
    node: int
    at: Position | None = None
    capacity: int | None = None
    id: UUID | None = None


class HeldPoints(msgspec.Struct, frozen=True):
    """What was chosen (keys), since when, and when each point was last reached by a hazard: for the next choice."""

    chosen: list[str]
    since: datetime
    reached: dict[str, datetime] = {}


class Muster(msgspec.Struct, frozen=True):
    """Where people are led: ``ends``, the best first. ``given_up``: keys held before that are not any more.

    ``missing``: people for whom the points have no room. ``spare``: exits from which no chosen point is reached, for
    who has no other way: they are out there, if not where one is counted.
    """

    ends: list[GatherAt]
    held: HeldPoints
    changed: bool
    given_up: list[str]
    missing: int
    spare: list[GatherAt] = []


class StatedPoint(msgspec.Struct, frozen=True):
    """An assembly point in use, as people stated it."""

    id: UUID
    name: Text
    lon: float
    lat: float
    level: int
    capacity: int | None


def gathering_points(site: SiteMap, stated: Sequence[StatedPoint], *, plan_points: bool = True) -> list[GatherAt]:
    """The stated points on the network; where none is stated, or none is near a way, those of the plan (unless they are
    not to be used)."""
    found = [it for it in (_stated(site, point) for point in stated[:POINTS_MAX]) if it is not None]
    if not found and plan_points:
        points = {it.id: it for it in site.plan.assembly_points}
        for node in site.network.assembly:
            of = points[str(site.network.nodes[node].of)]
            found.append(GatherAt(key=of.id, name=of.name, node=node, at=of.at, capacity=of.capacity))
    # Two points at one node are one to whoever walks.
    return list({it.node: it for it in reversed(found[:POINTS_MAX])}.values())[::-1]


def _stated(site: SiteMap, point: StatedPoint) -> GatherAt | None:
    try:
        node = nearest_node(site, site.place(point.lon, point.lat, point.level))
    except Invalid:
        return None
    at = (point.lon, point.lat)
    return GatherAt(key=str(point.id), name=point.name, node=node, at=at, capacity=point.capacity, id=point.id)


def nearest_node(site: SiteMap, place: Place) -> int:
    """The node a place is at, or the nearer end of the arc it is on."""
    if place.node >= 0:
        return place.node
    graph = site.graph
    arc, along = (place.ahead, place.along_ppm) if place.ahead >= 0 else (place.back, WHOLE_PPM - place.along_ppm)
    return int(graph.tails[arc] if along * 2 <= WHOLE_PPM else graph.heads[arc])


def indoors(site: SiteMap) -> npt.NDArray[np.bool_]:
    """Which arcs (m) lead from one place in the building to another."""
    outside = {it.id for it in site.plan.rooms if it.kind == "outdoors"}
    inside = np.array([it.room is not None and it.room not in outside for it in site.network.nodes], dtype=bool)
    return np.asarray(inside[site.graph.tails] & inside[site.graph.heads])


def exits_of(site: SiteMap, now: Conditions, nodes: Sequence[int]) -> list[GatherAt]:
    """Exits of the building that no hazard bans, as places to go to."""
    graph = site.graph
    index = np.array(nodes, dtype=np.int64)
    outside = ~now.inside(graph.x[index], graph.y[index], graph.level[index])
    return [
        GatherAt(key=f"exit:{node}", name=target_of(site.around, site.network, node).name, node=node)
        for node in index[outside].tolist()
    ]


def muster(
    site: SiteMap,
    now: Conditions,
    hazards: HazardTimes,
    points: Sequence[GatherAt],
    crowd: Sequence[int],
    people: int,
    held: HeldPoints | None,
    at: datetime,
    *,
    wind_from_deg: float | None = None,
) -> Muster:
    """Where ``people`` are led who come out at the exits (of a plan without exits: from the nodes in ``crowd``)."""
    exits = site.network.exits or sorted(set(crowd))[:EXITS_MAX]
    choice = None
    if points and exits:
        for ahead_ms in (GATHERED_MS, 0):
            threat = _threat(site, hazards, points, ahead_ms, wind_from_deg)
            choice = _choose(site, now, points, exits, people, held, at, threat)
            if choice.held.chosen:
                break
    chosen = [] if choice is None else [points[it] for it in choice.held.chosen]
    unserved = exits if choice is None or not chosen else [exits[it] for it in choice.unserved]
    # Of a plan without exits people are not led to where they are.
    out = exits_of(site, now, unserved) if site.network.exits else []
    known = {it.node for it in chosen}
    spare = [it for it in out if it.node not in known][: EXITS_MAX - len(chosen)]
    keys = [it.key for it in chosen]
    before = [] if held is None else held.chosen
    changed = sorted(keys) != sorted(before)
    since = at if changed or held is None else held.since
    reached = {} if choice is None else {points[it].key: _time(ms) for it, ms in choice.held.reached_ms.items()}
    return Muster(
        chosen or spare,
        HeldPoints(keys, since, reached),
        changed,
        [it for it in before if it not in keys],
        0 if choice is None else choice.missing,
        spare if chosen else [],
    )


def _choose(
    site: SiteMap,
    now: Conditions,
    points: Sequence[GatherAt],
    exits: Sequence[int],
    people: int,
    held: HeldPoints | None,
    at: datetime,
    threat: Threat,
) -> Choice:
    number = {it.key: place for place, it in enumerate(points)}
    known = None
    if held is not None:
        reached = {number[key]: _ms(when) for key, when in held.reached.items() if key in number}
        known = Held(tuple(number[key] for key in held.chosen if key in number), _ms(held.since), reached)
    asked = [Point(it.node, it.capacity) for it in points]
    # Who is out does not go back in to come to a point on the other side; of a plan without exits nobody is out.
    times = np.where(indoors(site), BANNED, now.times) if site.network.exits else now.times
    return choose(site.graph, times, exits, asked, people, threat, known, _ms(at))


def _threat(
    site: SiteMap, hazards: HazardTimes, points: Sequence[GatherAt], ahead_ms: int, wind_from_deg: float | None
) -> Threat:
    """What is over the ground by then, and where it comes from."""
    levels = {int(site.graph.level[it.node]) for it in points}
    moments = [int(it) for it in hazards.starts_ms() if it <= ahead_ms]
    by_moment = [[foot for found in hazards.touched_at(it).values() for foot, _ in found] for it in moments]
    over = shapely.union_all([foot.shape for feet in by_moment for foot in feet if foot.levels & levels])
    source = shapely.union_all([foot.shape for foot in by_moment[0]])
    if source.is_empty or wind_from_deg is None:
        return Threat(over)
    middle = source.centroid
    return Threat(over, (middle.x, middle.y), wind_from_deg)


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
