"""Shortest paths while the arcs' times change: slices of time, each with its own, the last for ever. Pure.

**How an arc is walked.** One who is on an arc when a slice ends goes on at the next one's speed: what is walked is the
time in each slice by the arc's time there, added up until it is the whole (Sung, Bell, Seong and Park, Shortest paths
in a network with time-dependent flow speeds, European J. of Operational Research 121(1), 2000). So nobody arrives
before one who stepped on earlier, and a search that takes the earliest first is exact. Shares are rounded to 2 ** -31
and arrivals to the millisecond, which keeps that order.

**Bans.** An arc is taken only where it is not banned in any slice that it is walked in: nobody is on it when a ban
begins. Without waiting, a ban that has begun counts as lasting, whatever the forecast says of its end: to be sent into
what may have passed is no way out. With ``waiting``, people stand at a node until the arc can be walked to its end; the
nodes themselves are not asked, so allow it only where they are safe to stand at.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph import kernels
from geo.graph.checks import arc_times, known_nodes, limit_time, offset_times
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints

SLICES_MAX = 1_000


class TimedTree(msgspec.Struct, frozen=True, eq=False):
    """``millis`` (n): the first moment at each node, in ms after the first slice began, BANNED: never; ``arcs`` (n):
    the arc it is reached by, -1: none. ``times`` (k, m) are those it holds for: without waiting, bans last."""

    millis: Ints
    arcs: Ints
    times: Ints
    slice_ms: int
    waiting: bool


class Itinerary(msgspec.Struct, frozen=True, eq=False):
    """``arcs`` of a way in walking order; each is stepped on at ``leaves_ms`` and over at ``reaches_ms``."""

    arcs: Ints
    leaves_ms: Ints
    reaches_ms: Ints


def timed_tree(
    graph: Graph,
    sources: npt.ArrayLike,
    times: npt.ArrayLike,
    slice_ms: int,
    *,
    waiting: bool = False,
    offsets: npt.ArrayLike | None = None,
    limit_ms: int | None = None,
) -> TimedTree:
    """The first moment from any of ``sources`` at every node.

    ``times`` (k, m): the arcs' times in each slice of ``slice_ms``; ``offsets`` (s): when one sets out from each
    source, 0: as the first slice begins. Raises Invalid for what is out of bounds.
    """
    costs, starts, until = arc_times(graph, times), known_nodes(graph, sources, field="sources"), limit_time(limit_ms)
    if costs.ndim != 2 or not 1 <= len(costs) <= SLICES_MAX:
        raise _invalid("times", f"times are of 1 to {SLICES_MAX} slices", costs.shape, SLICES_MAX)
    if not 1 <= slice_ms <= ARC_MAX_MS:
        raise _invalid("slice_ms", f"a slice lasts 1 to {ARC_MAX_MS} ms", slice_ms, ARC_MAX_MS)
    passed = offset_times(offsets, len(starts))
    since = min(int(passed.min(initial=until)) // slice_ms, len(costs) - 1)
    long, ended = kernels.look_over(costs, ARC_MAX_MS, since)
    # Shares of a longer time would not fit 64 bits.
    if long:
        worst = int(costs[(costs > ARC_MAX_MS) & (costs != BANNED)][0])
        raise _invalid("times", f"an arc takes 1 to {ARC_MAX_MS} ms, or is banned", worst, ARC_MAX_MS)
    if ended and not waiting:
        costs = kernels.lasting(costs, since)
        costs.flags.writeable = False
    millis, arcs = np.empty(graph.nodes, dtype=np.int32), np.empty(graph.nodes, dtype=np.int32)
    kernels.timed(
        graph.starts, graph.heads, costs, slice_ms, waiting, until, graph.bucket_shift, starts, passed, millis, arcs
    )
    millis.flags.writeable = arcs.flags.writeable = False
    return TimedTree(millis, arcs, costs, slice_ms, waiting)


def itinerary(tree: TimedTree, graph: Graph, node: int) -> Itinerary | None:
    """The way to a node with its moments; nothing to walk at a source, None: never reached."""
    wanted = known_nodes(graph, node, field="node")
    if tree.millis[wanted[0]] == BANNED:
        return None
    arcs, _ = kernels.trace(graph.tails, tree.arcs, wanted, True)
    begins = int(tree.millis[graph.tails[arcs[0]]]) if len(arcs) else 0
    leaves, reaches = np.empty(len(arcs), dtype=np.int32), np.empty(len(arcs), dtype=np.int32)
    kernels.schedule(tree.times, tree.slice_ms, tree.waiting, begins, arcs, leaves, reaches)
    return Itinerary(arcs, leaves, reaches)


def _invalid(field: str, detail: str, value: object, limit: object) -> Invalid:
    return Invalid(
        "geo.search_invalid", detail, f"随时间变化的路径搜索的参数无效：{field}", field=field, value=value, limit=limit
    )
