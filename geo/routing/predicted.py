"""The way against a forecast: fastest while the arcs' times change, over no arc that is banned while it is walked. Pure.

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
from geo.routing.snapping import Place

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
    changes = hazards.starts_ms(offset_ms)
    # What changes while a slice lasts: from where it begins to where the next does, or for ever.
    moments = np.union1d(changes, np.arange(slices, dtype=np.int64) * slice_ms)
    times = np.empty((slices, graph.arcs), dtype=np.int32)
    for number in range(slices):
        begins, ends = number * slice_ms, (number + 1) * slice_ms
        here = moments[(moments >= begins) & ((moments < ends) | (number == slices - 1))]
        rows = [conditions(graph, hazards, offset_ms=offset_ms + int(it), closed=closed).times for it in here]
        times[number] = np.maximum.reduce(rows)
    times.flags.writeable = False
    return Forecast(graph, times, slice_ms)


def predicted_route(
    ahead: Forecast, start: Place, goals: Sequence[Place], *, departs_ms: int = 0
) -> TimedRoute | None:
    """The way by which one who sets out at ``departs_ms`` is first at one of the goals; None: there is none.

    Raises Invalid (geo.search_invalid) for what is out of bounds.
    """
    graph, times = ahead.graph, arc_times(ahead.graph, ahead.times)
    open_now = Conditions(graph, graph.millis, graph.millis)
    seeds: dict[int, tuple[int, End]] = {}
    for end in start_ends(open_now, [start], graph.millis)[0]:
        walked = _walk(ahead, end, departs_ms + _off_network(end))
        if walked is not None:
            key = walked[0], walked[1]
            seeds[end.node] = min(seeds.get(end.node, key), key, key=lambda it: it[0])
    tree = timed_tree(graph, list(seeds), times, ahead.slice_ms, offsets=[at for at, _ in seeds.values()])
    best: tuple[int, int, End] | None = None
    for number, ends in enumerate(goal_ends(open_now, goals, graph.millis)):
        for end in ends:
            at = int(tree.millis[end.node])
            walked = None if at == BANNED else _walk(ahead, end, at)
            if walked is not None:
                arrives = walked[0] + _off_network(end)
                if best is None or arrives < best[0]:
                    best = arrives, number, walked[1]
    return None if best is None else _traced(graph, tree, seeds, best, departs_ms)
