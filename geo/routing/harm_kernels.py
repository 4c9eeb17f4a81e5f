# mypy: disable-error-code="arg-type, return-value, assignment, no-any-return"
"""The compiled searches of ways by harm. Called by ``harm`` and ``safest`` only.

The queue is a binary heap of rows ``(first, second, third, what)``, float64, compared from the left; whole numbers up
to 2 ** 53 are exact in it, and a day has 86,400,000 ms.
"""

from __future__ import annotations

import numpy as np

from geo.graph.compiled import compiled
from geo.graph.csr import Floats, Ints, Longs

NEVER = 2**31 - 1
# Labels of a node beyond its exact ones must be lower in load by a tenth: they are few, and the last is near the least.
COARSE = 0.9
# Of two sums of the same loads in another order; a bound that is too high by rounding would cut off the best.
_ROUNDING = 1 - 1e-9


@compiled()
def _before(heap: Floats, i: int, j: int) -> bool:  # pragma: no cover
    for column in range(4):
        if heap[i, column] != heap[j, column]:
            return heap[i, column] < heap[j, column]
    return False


@compiled()
def _swap(heap: Floats, i: int, j: int) -> None:  # pragma: no cover
    for column in range(4):
        heap[i, column], heap[j, column] = heap[j, column], heap[i, column]


@compiled()
def _push(heap: Floats, size: int, a: float, b: float, c: float, what: int) -> Floats:  # pragma: no cover
    """Adds a row to ``size`` of them; the heap, which may be a larger one now."""
    if size == len(heap):
        larger = np.empty((2 * size, 4))
        larger[:size] = heap
        heap = larger
    heap[size, 0], heap[size, 1], heap[size, 2], heap[size, 3] = a, b, c, what
    i = size
    while i > 0 and _before(heap, i, (i - 1) // 2):
        _swap(heap, i, (i - 1) // 2)
        i = (i - 1) // 2
    return heap


@compiled()
def _pop(heap: Floats, size: int) -> None:  # pragma: no cover
    """Takes the first row of ``size`` to the last place."""
    last = size - 1
    _swap(heap, 0, last)
    i = 0
    while True:
        child = 2 * i + 1
        if child >= last:
            return
        if child + 1 < last and _before(heap, child + 1, child):
            child += 1
        if not _before(heap, child, i):
            return
        _swap(heap, i, child)
        i = child


@compiled()
def least(
    starts: Ints, tails: Ints, ids: Ints, harms: Floats, nodes: Ints, costs: Floats, found: Floats, arcs: Ints
) -> None:  # pragma: no cover
    """``found`` (n, 3): of each node the least harm of a way to a root, compared from the left; ``arcs`` (n).

    Dijkstra over sums of rows: the order of rows is kept when the same row is added to both, which is all it needs.
    ``harms`` (m, 3), inf where nobody may walk; ``costs`` (s, 3) at the roots ``nodes``.
    """
    found[:] = np.inf
    arcs[:] = -1
    heap, size = np.empty((1024, 4)), 0
    for i in range(len(nodes)):
        heap = _push(heap, size, costs[i, 0], costs[i, 1], costs[i, 2], -1 - i)
        size += 1
    done = np.zeros(len(starts) - 1, dtype=np.uint8)
    while size > 0:
        _pop(heap, size)
        size -= 1
        a, b, c, what = heap[size, 0], heap[size, 1], heap[size, 2], np.int64(heap[size, 3])
        # What is queued is an arc by its place among those that enter its head, or a root.
        v = nodes[-1 - what] if what < 0 else tails[what]
        if done[v]:
            continue
        done[v] = 1
        found[v, 0], found[v, 1], found[v, 2] = a, b, c
        arcs[v] = -1 if what < 0 else ids[what]
        for place in range(starts[v], starts[v + 1]):
            arc = ids[place]
            if not done[tails[place]] and harms[arc, 2] != np.inf:
                heap = _push(heap, size, a + harms[arc, 0], b + harms[arc, 1], c + harms[arc, 2], place)
                size += 1


@compiled(inline=True)
def _breathed(at: int, millis: int, rate: float, factor: float, dry: int) -> float:  # pragma: no cover
    """The load of an arc that is stepped on at ``at``: through the mask until ``dry``."""
    masked = min(max(dry - at, 0), millis)
    return rate * (masked / factor + (millis - masked))


@compiled()
def _label(
    values: Floats,
    links: Ints,
    heap: Floats,
    made: int,
    size: int,
    ms: float,
    load: float,
    node: int,
    arc: int,
    before: int,
) -> tuple[Floats, Ints, Floats]:  # pragma: no cover
    """One more label, in the queue; the arrays, which may be larger ones now."""
    if made == len(values):
        more, further = np.empty((2 * made, 2)), np.empty((2 * made, 3), dtype=np.int32)
        more[:made], further[:made] = values, links
        values, links = more, further
    values[made, 0], values[made, 1] = ms, load
    links[made, 0], links[made, 1], links[made, 2] = node, arc, before
    return values, links, _push(heap, size, ms, load, 0.0, made)


@compiled()
def choices(
    starts: Ints,
    heads: Ints,
    millis: Ints,
    rates: Floats,
    factor: float,
    dry: int,
    seeds: Ints,
    seed_values: Floats,
    ends: Ints,
    end_values: Floats,
    bounds: Floats,
    load_max: float,
    exact: int,
    most: int,
) -> tuple[Floats, Ints, Longs, bool]:  # pragma: no cover
    """Labels: ``(ms, load)`` and ``(node or -1 - end, arc or -1 - seed, label before)``; those at the goal that nothing
    beats, by time; and whether none was left out.

    Labels come by time; one whose load is not below all that came to its node before is beaten by one of them (Sedeno-
    Noda and Colebrook, A biobjective Dijkstra algorithm, European J. of Operational Research 276(1), 2019). A later
    step on an arc never has less load: that holds with air that runs out. ``seed_values`` (s, 2): ms, load;
    ``end_values`` (e, 3): ms, ms of the part, its rate; ``bounds`` (n): the least load from each node to the goal.
    """
    n = len(starts) - 1
    first, after = np.full(n, -1, dtype=np.int32), np.full(len(ends), -1, dtype=np.int32)
    for i in range(len(ends)):
        after[i] = first[ends[i]]
        first[ends[i]] = i
    values, links, heap = np.empty((1024, 2)), np.empty((1024, 3), dtype=np.int32), np.empty((1024, 4))
    lowest, counts = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int32)
    made, size, whole, hits = 0, 0, True, 0
    reached = np.empty(1024, dtype=np.int64)
    for i in range(len(seeds)):
        if seed_values[i, 1] + bounds[seeds[i]] * _ROUNDING <= load_max:
            values, links, heap = _label(
                values, links, heap, made, size, seed_values[i, 0], seed_values[i, 1], seeds[i], -1 - i, -1
            )
            made, size = made + 1, size + 1
    while size > 0:
        _pop(heap, size)
        size -= 1
        label = np.int64(heap[size, 3])
        at, load, v = np.int64(values[label, 0]), values[label, 1], np.int64(links[label, 0])
        slot = v if v >= 0 else n
        if not load < lowest[slot]:
            continue
        if (counts[slot] >= exact and load > COARSE * lowest[slot]) or made >= most or hits == len(reached):
            whole = False
            continue
        lowest[slot] = load
        counts[slot] += 1
        if v < 0:
            reached[hits] = label
            hits += 1
            continue
        end = first[v]
        while end >= 0:
            new = load + _breathed(at, end_values[end, 1], end_values[end, 2], factor, dry)
            if new < lowest[n] and new <= load_max:
                ms = at + end_values[end, 0]
                values, links, heap = _label(values, links, heap, made, size, ms, new, -1 - end, -1, label)
                made, size = made + 1, size + 1
            end = after[end]
        for a in range(starts[v], starts[v + 1]):
            w = heads[a]
            if millis[a] != NEVER:
                new = load + _breathed(at, millis[a], rates[a], factor, dry)
                bound = new + bounds[w] * _ROUNDING
                if new < lowest[w] and bound < lowest[n] and bound <= load_max:
                    values, links, heap = _label(values, links, heap, made, size, at + millis[a], new, w, a, label)
                    made, size = made + 1, size + 1
    return values[:made], links[:made], reached[:hits], whole
