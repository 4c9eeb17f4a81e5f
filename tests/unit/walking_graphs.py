"""Random walking networks and their oracle: scipy's Dijkstra over the same arcs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints, build

# Short ways, so that many are equally long; ways beyond the buckets' horizon; the longest an arc may be.
MILLIS = st.one_of(
    st.integers(1, 4), st.integers(1, 3_000), st.integers(1, 9_000_000), st.just(ARC_MAX_MS), st.just(int(BANNED))
)


@st.composite
def graphs(draw: st.DrawFn, most: int = 14) -> Graph:
    """Several levels, parallel arcs, loops, arcs nobody may take, parts nobody reaches."""
    nodes = draw(st.integers(1, most))
    ends = st.integers(0, nodes - 1)
    arcs = draw(st.lists(st.tuples(ends, ends, MILLIS), max_size=4 * nodes))
    places = draw(
        st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(-1, 4)), min_size=nodes, max_size=nodes)
    )
    x, y, level = zip(*places, strict=True)
    tails, heads, millis = zip(*arcs, strict=True) if arcs else ((), (), ())
    return build(x, y, level, tails, heads, millis)[0]


@st.composite
def raised(draw: st.DrawFn, times: Ints) -> Ints:
    """Some arcs take longer than before, some are banned from now on."""
    factors = draw(st.lists(st.sampled_from([1, 1, 1, 2, 7, 0]), min_size=len(times), max_size=len(times)))
    more = np.minimum(times.astype(np.int64) * np.array(factors, dtype=np.int64), ARC_MAX_MS)
    higher: Ints = np.where((more == 0) | (times == BANNED), BANNED, np.maximum(more, times)).astype(np.int32)
    return higher


def shortest(graph: Graph, times: Ints, *, forward: bool = True) -> npt.NDArray[np.int64]:
    """Times (n, n) from each node to each, BANNED: no way. Of parallel arcs scipy is given the shortest."""
    usable = (times != BANNED) & (graph.tails != graph.heads)
    best: dict[tuple[int, int], int] = {}
    for tail, head, millis in zip(graph.tails[usable], graph.heads[usable], times[usable], strict=True):
        pair = (int(tail), int(head)) if forward else (int(head), int(tail))
        best[pair] = min(best.get(pair, ARC_MAX_MS), int(millis))
    rows, columns = zip(*best, strict=True) if best else ((), ())
    matrix = csr_array((list(map(float, best.values())), (rows, columns)), shape=(graph.nodes, graph.nodes))
    found = dijkstra(matrix)
    return np.where(np.isinf(found), int(BANNED), found).astype(np.int64)


def walk(graph: Graph, times: Ints, start: int, arcs: Any) -> tuple[int, int]:
    """Where a way ends and how long it took; it fails where the arcs do not join, or one may not be taken."""
    at, millis = start, 0
    for arc in arcs:
        assert graph.tails[arc] == at
        assert times[arc] != BANNED
        at, millis = int(graph.heads[arc]), millis + int(times[arc])
    return at, millis
