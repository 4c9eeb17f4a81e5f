"""Which nodes of a network hang together, and from which a place is reached: whole-graph passes. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.graph.compiled import compiled
from geo.graph.csr import BANNED, Graph, Ints

Marks = npt.NDArray[np.bool_]


def parts(graph: Graph) -> Ints:
    """The part (weakly connected component) each node is in, whatever the direction of the arcs (n); banned arcs join
    nothing. Parts are numbered by their size, the largest 0; of equal ones by their first node."""
    return _by_size(_weak(graph.starts, graph.heads, graph.millis))


def strong_parts(graph: Graph) -> Ints:
    """The strongly connected component each node is in (n), numbered as ``parts``: in one each reaches each."""
    return _by_size(_strong(graph.starts, graph.heads, graph.millis))


def reaching(graph: Graph, targets: npt.ArrayLike) -> Marks:
    """Which nodes can reach one of the targets (n)."""
    starts, tails, arcs = graph.reverse
    found = np.zeros(graph.nodes, dtype=np.bool_)
    goals = np.unique(np.asarray(targets, dtype=np.int32).reshape(-1))
    found[goals] = True
    _spread(starts, tails, graph.millis[arcs], goals, found)
    return found


def _by_size(labels: Ints) -> Ints:
    count = int(labels.max()) + 1 if len(labels) else 0
    sizes = np.bincount(labels, minlength=count)
    first = np.full(count, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    rank = np.empty(count, dtype=np.int32)
    rank[np.lexsort((first, -sizes))] = np.arange(count, dtype=np.int32)
    ranked: Ints = rank[labels]
    return ranked


@compiled()
def _weak(starts: Ints, heads: Ints, millis: Ints) -> Ints:  # pragma: no cover
    """Union-find with path halving."""
    n = len(starts) - 1
    parent = np.arange(n).astype(np.int32)
    for v in range(n):
        for a in range(starts[v], starts[v + 1]):
            if millis[a] == BANNED:
                continue
            i, j = np.int32(v), heads[a]
            while parent[i] != i:
                parent[i] = parent[parent[i]]
                i = parent[i]
            while parent[j] != j:
                parent[j] = parent[parent[j]]
                j = parent[j]
            if i != j:
                parent[max(i, j)] = min(i, j)
    labels = np.empty(n, dtype=np.int32)
    count = np.int32(0)
    for v in range(n):
        # The root is the smallest node of its part, so it has its label before the others ask for it.
        if parent[v] == v:
            labels[v] = count
            count += 1
        else:
            i = parent[v]
            while parent[i] != i:
                i = parent[i]
            labels[v] = labels[i]
    return labels


@compiled()
def _strong(starts: Ints, heads: Ints, millis: Ints) -> Ints:  # pragma: no cover
    """Tarjan's strongly connected components (SIAM J. Comput. 1(2), 1972) with a stack of our own."""
    n = len(starts) - 1
    labels = np.full(n, -1, dtype=np.int32)
    order = np.full(n, -1, dtype=np.int32)
    low = np.zeros(n, dtype=np.int32)
    following = starts[:-1].copy()
    stack, path = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    on, deep = 0, 0
    count, met = np.int32(0), np.int32(0)
    for root in range(n):
        if order[root] != -1:
            continue
        path[0], deep = root, 1
        order[root], low[root] = met, met
        met += 1
        stack[on] = root
        on += 1
        while deep > 0:
            v = path[deep - 1]
            if following[v] < starts[v + 1]:
                a = following[v]
                following[v] += 1
                w = heads[a]
                if millis[a] == BANNED:
                    continue
                if order[w] == -1:
                    order[w], low[w] = met, met
                    met += 1
                    stack[on] = w
                    on += 1
                    path[deep] = w
                    deep += 1
                elif labels[w] == -1:
                    low[v] = min(low[v], order[w])
                continue
            deep -= 1
            if deep > 0:
                low[path[deep - 1]] = min(low[path[deep - 1]], low[v])
            if low[v] == order[v]:
                w = np.int32(-1)
                while w != v:
                    on -= 1
                    w = stack[on]
                    labels[w] = count
                count += 1
    return labels


@compiled()
def _spread(starts: Ints, others: Ints, millis: Ints, goals: Ints, found: Marks) -> None:  # pragma: no cover
    """Marks everything that is joined to the goals, breadth first."""
    queue = np.empty(len(found), dtype=np.int32)
    queue[: len(goals)] = goals
    filled, taken = len(goals), 0
    while taken < filled:
        v = queue[taken]
        taken += 1
        for a in range(starts[v], starts[v + 1]):
            w = others[a]
            if millis[a] != BANNED and not found[w]:
                found[w] = True
                queue[filled] = w
                filled += 1
