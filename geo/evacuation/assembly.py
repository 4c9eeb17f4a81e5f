"""Where people gather: assembly points chosen by hazard, wind, way and room, and left when that is lost. Pure.

A point is usable while it is outside the footprint (hazards and the plume's forecast, metres) and people come to it
from the exits by arcs that are open. Upwind and across the wind come before downwind (people stay upwind: Emergency
Response Guidebook 2024, PHMSA, safety precautions); then the shorter walk. The thresholds are the product's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.evacuation.model import NEVER, invalid
from geo.evacuation.portal_kernels import trees_into
from geo.graph.csr import BANNED, Graph, Ints

POINTS_MAX = 50
# A point is taken anew only this far from the footprint; one that is held is left when the footprint is over it.
CLEAR_M = 50.0
# Downwind is within 90 degrees of where the wind blows to; a point that is held counts as downwind only within 60.
DOWNWIND_DEG, HELD_DOWNWIND_DEG = 90.0, 60.0
# A point once reached is not taken again before it has been clear this long.
CLEAR_FOR_MS = 600_000
# A choice stands this long unless it is lost, and a better one is shorter by a minute and by a quarter.
STANDS_MS, SHORTER_MS, SHORTER_SHARE = 300_000, 60_000, 0.25

Fault: TypeAlias = Literal["reached", "no_way"]


class Point(msgspec.Struct, frozen=True):
    """An assembly point: its node, and the people it takes; None: any number."""

    node: int
    capacity: int | None = None


class Threat(msgspec.Struct, frozen=True):
    """``footprint`` in metres on the ground, None: none. ``source`` (x, y) of what is released and the direction the
    wind comes from, degrees from north clockwise; None: not known, and no point is downwind."""

    footprint: BaseGeometry | None = None
    source: tuple[float, float] | None = None
    wind_from_deg: float | None = None


class Held(msgspec.Struct, frozen=True):
    """What was chosen (numbers of points), since when, and when each point was last reached: for the next choice."""

    chosen: tuple[int, ...]
    since_ms: int
    reached_ms: dict[int, int] = {}


class Choice(msgspec.Struct, frozen=True):
    """The points to gather at, the best first; ``faults``: why others can not be used.

    ``missing``: people for whom the points have no room. ``unserved``: exits from which no usable point is reached.
    """

    held: Held
    changed: bool
    faults: dict[int, Fault]
    missing: int
    unserved: list[int]


class _Standing(msgspec.Struct, frozen=True):
    walk_ms: float
    downwind: bool
    serves: frozenset[int]


def choose(
    graph: Graph,
    millis: Ints,
    exits: Sequence[int],
    points: Sequence[Point],
    people: int,
    threat: Threat,
    held: Held | None,
    at_ms: int,
) -> Choice:
    """The points for ``people`` who come out at ``exits`` (nodes), by arc times under the hazard now.

    What is held is kept while it can be, so that people are not sent to and fro. Raises Invalid for a point or an exit
    that is no node, more than POINTS_MAX points, or a wind or source that is no number.
    """
    _check(graph, exits, points, threat)
    before = held or Held((), at_ms)
    faults, standings = _standings(graph, millis, exits, points, threat, before)
    reached = {it: ms for it, ms in before.reached_ms.items() if at_ms - ms < CLEAR_FOR_MS}
    reached |= {it: at_ms for it, fault in faults.items() if fault == "reached"}
    kept = [it for it in before.chosen if it in standings]
    fresh = _ranked(standings, graph, points, threat, reached)
    new = _enough(fresh, standings, points, people)
    if _stands(before, kept, new, standings, points, people, at_ms):
        new = list(before.chosen)
    changed = tuple(new) != before.chosen
    served = frozenset[int]().union(*(standings[it].serves for it in new))
    return Choice(
        Held(tuple(new), at_ms if changed else before.since_ms, reached),
        changed,
        faults,
        max(people - _room(new, points, people), 0),
        [number for number in range(len(exits)) if number not in served],
    )


def _standings(
    graph: Graph, millis: Ints, exits: Sequence[int], points: Sequence[Point], threat: Threat, before: Held
) -> tuple[dict[int, Fault], dict[int, _Standing]]:
    """Why a point can not be used, or how it stands."""
    nodes = np.array([it.node for it in points], dtype=np.int32)
    shuts = np.where(millis == BANNED, 0, NEVER).astype(np.int32)
    times, _ = trees_into(*graph.reverse, np.array(millis, dtype=np.int32), shuts, nodes)
    faults: dict[int, Fault] = {}
    standings: dict[int, _Standing] = {}
    for number, node in enumerate(nodes.tolist()):
        walk = times[number, list(exits)].astype(np.int64)
        came = walk != NEVER
        if _from_footprint_m(graph, node, threat) <= 0:
            faults[number] = "reached"
        elif not came.any():
            faults[number] = "no_way"
        else:
            limit = HELD_DOWNWIND_DEG if number in before.chosen else DOWNWIND_DEG
            downwind = _off_downwind_deg(graph, node, threat) < limit
            standings[number] = _Standing(float(walk[came].mean()), downwind, frozenset(np.flatnonzero(came).tolist()))
    return faults, standings


def _ranked(
    standings: dict[int, _Standing], graph: Graph, points: Sequence[Point], threat: Threat, reached: dict[int, int]
) -> list[int]:
    """Usable points, the best first; last those too near the footprint, or not clear for long."""

    def rank(number: int) -> tuple[bool, bool, float, int]:
        near = _from_footprint_m(graph, points[number].node, threat) < CLEAR_M
        it = standings[number]
        return (near or number in reached, it.downwind, it.walk_ms, number)

    return sorted(standings, key=rank)


def _enough(ranked: Sequence[int], standings: dict[int, _Standing], points: Sequence[Point], people: int) -> list[int]:
    """The first points that together have the room, and one for each exit that any of them serves."""
    taken: list[int] = []
    served: frozenset[int] = frozenset()
    for number in ranked:
        if not taken or _room(taken, points, people) < people or standings[number].serves - served:
            taken.append(number)
            served |= standings[number].serves
    return taken


def _room(chosen: Sequence[int], points: Sequence[Point], people: int) -> int:
    return sum(people if points[it].capacity is None else points[it].capacity or 0 for it in chosen)


def _stands(
    before: Held,
    kept: list[int],
    new: list[int],
    standings: dict[int, _Standing],
    points: Sequence[Point],
    people: int,
    at_ms: int,
) -> bool:
    """Whether what is held stays: nothing of it is lost, it has the room, and nothing else is much better."""
    if not before.chosen or len(kept) < len(before.chosen):
        return False
    serves = frozenset[int]().union(*(standings[it].serves for it in kept))
    all_served = frozenset[int]().union(*(it.serves for it in standings.values()))
    if serves != all_served or _room(kept, points, people) < min(people, _room(new, points, people)):
        return False
    if sum(standings[it].downwind for it in kept) > sum(standings[it].downwind for it in new):
        return False
    was, now = (sum(standings[it].walk_ms for it in some) / len(some) for some in (kept, new))
    return at_ms - before.since_ms < STANDS_MS or was - now < max(SHORTER_MS, SHORTER_SHARE * was)


def _from_footprint_m(graph: Graph, node: int, threat: Threat) -> float:
    if threat.footprint is None or threat.footprint.is_empty:
        return math.inf
    return float(shapely.distance(threat.footprint, shapely.Point(graph.x[node], graph.y[node])))


def _off_downwind_deg(graph: Graph, node: int, threat: Threat) -> float:
    """The angle at the source between where the wind blows to and the point; 180 where it is not known."""
    if threat.source is None or threat.wind_from_deg is None:
        return 180.0
    east, north = graph.x[node] - threat.source[0], graph.y[node] - threat.source[1]
    bearing = math.degrees(math.atan2(east, north))
    return abs((bearing - threat.wind_from_deg - 180.0 + 180.0) % 360.0 - 180.0)


def _check(graph: Graph, exits: Sequence[int], points: Sequence[Point], threat: Threat) -> None:
    if not 1 <= len(points) <= POINTS_MAX:
        raise invalid(
            "points", f"1 to {POINTS_MAX} assembly points", f"集合点须为 1 至 {POINTS_MAX} 个", len(points), POINTS_MAX
        )
    for field, nodes in (("points", [it.node for it in points]), ("exits", list(exits))):
        for node in nodes:
            if not 0 <= node < graph.nodes:
                raise invalid(field, f"there is no node {node}", f"没有节点 {node}", node, graph.nodes - 1)
    if not exits:
        raise invalid("exits", "there is no exit", "没有出口", 0, 1)
    for field, numbers in (("source", threat.source or ()), ("wind_from_deg", (threat.wind_from_deg or 0.0,))):
        if not all(math.isfinite(it) for it in numbers):
            raise invalid(field, f"{field} is not a number", f"{field} 不是数字", None, None)
