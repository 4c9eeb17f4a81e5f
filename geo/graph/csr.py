"""A walking network as arrays: nodes in metres on levels, arcs with a time. Pure.

Compressed sparse rows: the arcs that leave node ``v`` are ``starts[v]`` to ``starts[v + 1]``. An arc is one way; a
corridor is two. Times are whole milliseconds, so that every algorithm and every oracle agrees to the last digit.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import Invalid

Ints: TypeAlias = npt.NDArray[np.int32]
Longs: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Kinds: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.uint8]

BANNED = np.int32(2**31 - 1)
"""The time of an arc nobody may take, and of a node nobody reaches."""
# A day on one arc; with it the longest path of a million arcs stays an int64, and any way a person walks an int32.
ARC_MAX_MS = 86_400_000


class Graph:
    """Nodes and arcs, never changed after they are made; what a hazard changes is a second array of times.

    ``starts`` int32 (n + 1), ``heads`` int32 (m), ``millis`` int32 (m, 1 to ARC_MAX_MS, or BANNED), ``x`` and ``y``
    float64 (n) metres of one local projection, ``level`` int32 (n), ``kinds`` uint8 (m): what the arc is, by the codes
    of whoever built the graph.
    """

    def __init__(
        self, starts: Ints, heads: Ints, millis: Ints, x: Floats, y: Floats, level: Ints, kinds: Kinds
    ) -> None:
        self.starts, self.heads, self.millis = starts, heads, millis
        self.x, self.y, self.level, self.kinds = x, y, level, kinds
        for array in (starts, heads, millis, x, y, level, kinds):
            array.flags.writeable = False

    @property
    def nodes(self) -> int:
        """How many nodes."""
        return len(self.starts) - 1

    @property
    def arcs(self) -> int:
        """How many arcs."""
        return len(self.heads)

    @cached_property
    def tails(self) -> Ints:
        """The node each arc leaves (m)."""
        tails = np.repeat(np.arange(self.nodes, dtype=np.int32), np.diff(self.starts))
        tails.flags.writeable = False
        return tails

    @cached_property
    def bucket_shift(self) -> int:
        """Buckets of the searches are 2 ** this wide, in ms: two to four of the usual arc, which measured fastest.

        A narrower one has empty buckets to pass, a wider one nodes to visit again; what comes out is the same.
        """
        usual = int(np.median(self.millis)) if self.arcs else 1
        return min(max(usual.bit_length() + 1, 8), 20)

    @cached_property
    def reverse(self) -> tuple[Ints, Ints, Ints]:
        """The arcs by the node they enter: ``starts`` (n + 1), ``tails`` (m) and the arc each is (m)."""
        arcs = np.argsort(self.heads, kind="stable").astype(np.int32)
        counts = np.bincount(self.heads, minlength=self.nodes)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        rows = starts, self.tails[arcs], arcs
        for array in rows:
            array.flags.writeable = False
        return rows

    def rows(self, forward: bool) -> tuple[Ints, Ints, Ints | None]:
        """What a search goes over: ``starts`` (n + 1), the nodes at the other end (m), and the arc each is (m); None:
        the arc is the entry's own place."""
        return (self.starts, self.heads, None) if forward else self.reverse


def build(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    level: npt.ArrayLike,
    tails: npt.ArrayLike,
    heads: npt.ArrayLike,
    millis: npt.ArrayLike,
    kinds: npt.ArrayLike | None = None,
) -> tuple[Graph, Ints]:
    """Arcs in any order -> the graph, and for each arc of the graph its place in the order given (m).

    Of the same node the arcs keep the order they were given in. Raises Invalid, naming the array, for a node that does
    not exist, a time that is not within 1 to ARC_MAX_MS (or BANNED), a coordinate that is no number, or unequal sizes.
    """
    xs, ys = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    levels = np.array(level, dtype=np.int32)
    tail, head = np.asarray(tails, dtype=np.int64), np.asarray(heads, dtype=np.int64)
    time = np.asarray(millis, dtype=np.int64)
    kind = np.zeros(len(tail), dtype=np.uint8) if kinds is None else np.asarray(kinds, dtype=np.uint8)
    _same_size("x", len(xs), y=len(ys), level=len(levels))
    _same_size("tails", len(tail), heads=len(head), millis=len(time), kinds=len(kind))
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise _invalid("x", "a node's place is not a number", None)
    for name, ends in (("tails", tail), ("heads", head)):
        if len(ends) and (ends.min() < 0 or ends.max() >= len(xs)):
            worst = int(ends[(ends < 0) | (ends >= len(xs))][0])
            raise _invalid(name, f"an arc names node {worst}, and there are {len(xs)}", worst)
    bad = (time != BANNED) & ((time < 1) | (time > ARC_MAX_MS))
    if bad.any():
        raise _invalid("millis", f"an arc takes 1 to {ARC_MAX_MS} ms", int(time[bad][0]))
    order = np.argsort(tail, kind="stable").astype(np.int32)
    starts = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=len(xs))))).astype(np.int32)
    graph = Graph(
        starts, head[order].astype(np.int32), time[order].astype(np.int32), xs, ys, levels, kind[order].astype(np.uint8)
    )
    return graph, order


def _same_size(name: str, size: int, **others: int) -> None:
    for other, got in others.items():
        if got != size:
            raise _invalid(other, f"{other} has {got} entries and {name} has {size}", got)


def _invalid(field: str, detail: str, value: Any) -> Invalid:
    return Invalid("geo.graph_invalid", detail, "路网数据无效", field=field, value=value)
