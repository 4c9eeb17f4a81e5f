"""The way against a forecast: fastest while times change, over no arc that is banned while it is walked. Pure.

As ``geo.graph.timed``: a ban that has begun counts as lasting, and nobody is on an arc when one begins. Here an arc is
banned whole, whichever part of it is walked; one who stands in a ban now has no way here: ``Approach`` leads out of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from geo.graph.checks import arc_times
from geo.graph.csr import BANNED, Graph, Ints
from geo.graph.timed import SLICES_MAX, TimedTree, itinerary, timed_tree
from geo.hazards.raising import HazardTimes
from geo.routing.conditions import Conditions, conditions, invalid
from geo.routing.ends import End, Part, goal_ends, start_ends, straight
from geo.routing.routes import Route
from geo.routing.snapping import WHOLE_PPM, Place

_NOTHING: Ints = np.empty(0, dtype=np.int32)


class Forecast(msgspec.Struct, frozen=True, eq=False):
    """``times`` (k, m): the arcs' times in each slice of ``slice_ms``, the last one from then on."""

    graph: Graph
    times: Ints
    slice_ms: int


class TimedRoute(msgspec.Struct, frozen=True, eq=False):
    """A way and its moments on the forecast's clock: each whole arc is stepped on and left (p)."""

    route: Route
    leaves_ms: Ints
    reaches_ms: Ints


def forecast(
    graph: Graph, hazards: HazardTimes, slice_ms: int, slices: int, *, offset_ms: int = 0, closed: npt.ArrayLike = ()
) -> Forecast:
    """What holds in each slice from an offset on: of what changes within a slice the worst, and of all that comes after
    the last one too. Four bytes an arc and slice. Raises Invalid (geo.route_invalid)."""
    if not 1 <= slices <= SLICES_MAX:
        raise invalid("slices", f"slices are 1 to {SLICES_MAX}", f"时段须为 1 至 {SLICES_MAX} 个", slices, SLICES_MAX)
    if slice_ms < 1:
        raise invalid("slice_ms", "a slice is 1 ms or longer", "时段须为 1 毫秒或更长", slice_ms, 1)
    times = hazards.even(slice_ms, slices, offset_ms)
    times[:, conditions(graph, closed=closed).base == BANNED] = BANNED
    times.flags.writeable = False
    return Forecast(graph, times, slice_ms)


def predicted_route(ahead: Forecast, start: Place, goals: Sequence[Place], *, departs_ms: int = 0) -> TimedRoute | None:
    """The way by which one who sets out at ``departs_ms`` is first at one of the goals; None: there is none.

    Raises Invalid (geo.search_invalid) for what is out of bounds.
    """
    graph, times = ahead.graph, arc_times(ahead.graph, ahead.times)
    # Which arcs lead from and to the places; whether they are banned is asked of the moment they are walked at.
    calm = Conditions(graph, graph.millis, graph.millis)
    seeds: dict[int, tuple[int, End]] = {}
    for end in start_ends(calm, [start], graph.millis)[0]:
        walked = _walk(times, ahead.slice_ms, end, departs_ms + end.millis - _millis(end.part))
        if walked is not None:
            seeds[end.node] = min(seeds.get(end.node, walked), walked, key=lambda it: it[0])
    offsets = [at for at, _ in seeds.values()]
    tree = timed_tree(graph, list(seeds), times, ahead.slice_ms, offsets=offsets)
    best: tuple[int, int, End] | None = None
    for number, goal in enumerate(goals):
        for end in goal_ends(calm, [goal], graph.millis)[0]:
            at = int(tree.millis[end.node])
            walked = None if at == BANNED else _walk(tree.times, ahead.slice_ms, end, at)
            if walked is not None and (best is None or walked[0] + goal.walk_ms < best[0]):
                best = walked[0] + goal.walk_ms, number, walked[1]
    along = _along(ahead, times, start, goals, departs_ms)
    if along is not None and (best is None or along.arrival_ms < best[0]):
        return TimedRoute(along, _NOTHING, _NOTHING)
    return None if best is None else _traced(graph, tree, seeds, best, departs_ms)


def _traced(
    graph: Graph, tree: TimedTree, seeds: dict[int, tuple[int, End]], best: tuple[int, int, End], departs_ms: int
) -> TimedRoute:
    arrives, goal, last = best
    way = itinerary(tree, graph, last.node)
    assert way is not None
    first = seeds[int(graph.tails[way.arcs[0]]) if len(way.arcs) else last.node][1]
    access = first.millis - _millis(first.part) + last.millis - _millis(last.part)
    route = Route(
        "avoiding", goal, arrives - departs_ms, way.arcs, first.part, last.part, access, departs_ms=departs_ms
    )
    return TimedRoute(route, way.leaves_ms, way.reaches_ms)


def _along(ahead: Forecast, times: Ints, start: Place, goals: Sequence[Place], departs_ms: int) -> Route | None:
    """The way on the one arc that the start and a goal are on."""
    calm = Conditions(ahead.graph, ahead.graph.millis, ahead.graph.millis)
    best: Route | None = None
    for number, goal in enumerate(goals):
        part = straight(calm, start, goal, ahead.graph.millis)
        end = None if part is None else End(-1, part.millis, part)
        walked = None if end is None else _walk(times, ahead.slice_ms, end, departs_ms + start.walk_ms)
        if walked is not None:
            millis, access = walked[0] + goal.walk_ms - departs_ms, start.walk_ms + goal.walk_ms
            if best is None or millis < best.millis:
                best = Route("avoiding", number, millis, _NOTHING, walked[1].part, None, access, departs_ms=departs_ms)
    return best


def _millis(part: Part | None) -> int:
    return 0 if part is None else part.millis


def _walk(times: Ints, slice_ms: int, end: End, at: int) -> tuple[int, End] | None:
    """When one who steps on a part at ``at`` is over it, and the end with that time; None: a ban catches them.

    The worst time of the slices it is walked in counts for all of it.
    """
    if end.part is None:
        return at, end
    part, begins = end.part, min(at // slice_ms, len(times) - 1)
    last = begins
    while (worst := int(times[begins : last + 1, part.arc].max())) != BANNED:
        millis = -(-worst * (part.to_ppm - part.from_ppm) // WHOLE_PPM)
        if last == len(times) - 1 or at + millis <= (last + 1) * slice_ms:
            walked = msgspec.structs.replace(part, millis=millis)
            return at + millis, msgspec.structs.replace(end, millis=end.millis - part.millis + millis, part=walked)
        last += 1
    return None
