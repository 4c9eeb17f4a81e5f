# mypy: disable-error-code="arg-type, return-value, assignment"
"""The compiled searches: shortest paths by buckets, without a heap. Called by the modules beside this one only.

A queue of buckets (Dial, Algorithm 360, CACM 12(11), 1969) that are wider than the shortest arc: a bucket is worked off
until nothing in it changes, in rounds, so that a node's time is final once its bucket is (Meyer and Sanders,
Delta-stepping, J. Algorithms 49(1), 2003, without the split into light and heavy arcs). Nodes of one bucket are a
doubly linked list through the nodes themselves: a node stands in one list at most, and nothing in a list is ever stale.

All in one file: numba's cache notices a change of the file a kernel is in, not of the files it calls.

A search goes over rows ``starts``, ``heads``; ``ids`` names the arc of each entry, or is None when that is its place.
``state`` int32 (n, 4) keeps what belongs to a node on one cache line: its time, the arc it was reached by, the next and
the previous of its list. ``first`` int32 (SLOTS + 1) is the first node of each bucket; the last list holds the nodes
beyond the horizon of the buckets. Of equal times the lower arc is taken, and none (a source) before any, so that what
comes out does not depend on the order of the work.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.graph.csr import Flags, Ints, Longs

SLOTS = 1024
NEVER = 2**31 - 1
_FAR = SLOTS
_MASK = SLOTS - 1
_TIME, _ARC, _AFTER, _BEFORE = 0, 1, 2, 3
# ``_BEFORE`` of a node that is in no list; of the first in list s it is -s - 1.
_FREE = -(2**31)
_TARGET, _FOUND = 1, 2


@njit(cache=True, nogil=True)
def _put(state: Ints, first: Ints, v: int, slot: int) -> None:  # pragma: no cover
    head = first[slot]
    state[v, _AFTER] = head
    state[v, _BEFORE] = -slot - 1
    if head >= 0:
        state[head, _BEFORE] = v
    first[slot] = v


@njit(cache=True, nogil=True)
def _take(state: Ints, first: Ints, v: int) -> None:  # pragma: no cover
    before, after = state[v, _BEFORE], state[v, _AFTER]
    if before < 0:
        first[-before - 1] = after
    else:
        state[before, _AFTER] = after
    if after >= 0:
        state[after, _BEFORE] = before
    state[v, _BEFORE] = _FREE


@njit(cache=True, nogil=True)
def _clear(state: Ints, first: Ints) -> None:  # pragma: no cover
    for v in range(len(state)):
        state[v, _TIME] = NEVER
        state[v, _ARC] = -1
        state[v, _BEFORE] = _FREE
    for slot in range(len(first)):
        first[slot] = -1


@njit(cache=True, nogil=True)
def _seed(state: Ints, first: Ints, v: int, millis: int, touched: Ints, count: int) -> int:  # pragma: no cover
    """A source, before the search begins; how many nodes are touched."""
    if millis < state[v, _TIME]:
        if state[v, _TIME] == NEVER:
            touched[count] = v
            count += 1
            _put(state, first, v, _FAR)
        state[v, _TIME] = millis
        state[v, _ARC] = -1
    return count


@njit(cache=True, nogil=True)
def _roll(state: Ints, first: Ints, shift: int) -> int:  # pragma: no cover
    """Puts what lies beyond the horizon into the buckets of the next one; the bucket that begins at."""
    low = np.int64(NEVER)
    v = first[_FAR]
    while v >= 0:
        low = min(low, np.int64(state[v, _TIME]))
        v = state[v, _AFTER]
    bucket = low >> shift
    v = first[_FAR]
    while v >= 0:
        after = state[v, _AFTER]
        place = np.int64(state[v, _TIME]) >> shift
        if place < bucket + SLOTS:
            _take(state, first, v)
            _put(state, first, v, place & _MASK)
        v = after
    return bucket


@njit(cache=True, nogil=True)
def _search(
    starts: Ints,
    heads: Ints,
    ids: Ints | None,
    times: Ints,
    limit: int,
    shift: int,
    state: Ints,
    first: Ints,
    touched: Ints,
    count: int,
    marks: Flags,
    wanted: int,
    found: Ints,
) -> tuple[int, int]:  # pragma: no cover
    """From ``count`` seeds until ``wanted`` marked nodes are final (0: to the end); how many were found, and touched.

    An arc that is banned adds NEVER, which is beyond any limit; sums are 64 bits wide.
    """
    hits, queued = 0, count
    bucket, end = np.int64(0), np.int64(0)
    while queued > 0 and (wanted == 0 or hits < wanted):
        if bucket == end:
            bucket = _roll(state, first, shift)
            end = bucket + SLOTS
        slot = bucket & _MASK
        while first[slot] >= 0:
            v = np.int64(first[slot])
            first[slot] = -1
            while v >= 0:
                after = np.int64(state[v, _AFTER])
                state[v, _BEFORE] = _FREE
                queued -= 1
                if wanted > 0 and marks[v] == _TARGET:
                    marks[v] = _FOUND
                    found[hits] = v
                    hits += 1
                base = np.int64(state[v, _TIME])
                for place in range(starts[v], starts[v + 1]):
                    a = place if ids is None else ids[place]
                    w = np.int64(heads[place])
                    t = base + times[a]
                    old = np.int64(state[w, _TIME])
                    if t < old and t <= limit:
                        if old == NEVER:
                            touched[count] = w
                            count += 1
                        b = t >> shift
                        if state[w, _BEFORE] == _FREE:
                            queued += 1
                            _put(state, first, w, b & _MASK if b < end else _FAR)
                        elif (old >> shift) != b:
                            _take(state, first, w)
                            _put(state, first, w, b & _MASK if b < end else _FAR)
                        state[w, _TIME] = t
                        state[w, _ARC] = a
                    elif t == old and a < state[w, _ARC]:
                        state[w, _ARC] = a
                v = after
        bucket += 1
    return hits, count


@njit(cache=True, nogil=True)
def tree(
    starts: Ints,
    heads: Ints,
    ids: Ints | None,
    times: Ints,
    limit: int,
    shift: int,
    sources: Ints,
    offsets: Ints,
    targets: Ints,
    millis: Ints,
    arcs: Ints,
) -> None:  # pragma: no cover
    """``millis``, ``arcs`` (n) of the nodes that are final when all ``targets`` are (no target: of all)."""
    n = len(starts) - 1
    state, first = np.empty((n, 4), dtype=np.int32), np.empty(SLOTS + 1, dtype=np.int32)
    touched, found = np.empty(n, dtype=np.int32), np.empty(len(targets), dtype=np.int32)
    marks = np.zeros(n if len(targets) else 0, dtype=np.uint8)
    wanted = 0
    for v in targets:
        if marks[v] == 0:
            marks[v] = _TARGET
            wanted += 1
    _clear(state, first)
    count = 0
    for i in range(len(sources)):
        if offsets[i] <= limit:
            count = _seed(state, first, sources[i], offsets[i], touched, count)
    _search(starts, heads, ids, times, limit, shift, state, first, touched, count, marks, wanted, found)
    for v in range(n):
        final = state[v, _BEFORE] == _FREE
        millis[v] = state[v, _TIME] if final else NEVER
        arcs[v] = state[v, _ARC] if final else -1


@njit(cache=True, nogil=True)
def _forget(state: Ints, first: Ints, touched: Ints, count: int) -> None:  # pragma: no cover
    """As before the search, at the cost of what it touched."""
    for i in range(count):
        v = touched[i]
        if state[v, _BEFORE] != _FREE:
            _take(state, first, v)
        state[v, _TIME] = NEVER
        state[v, _ARC] = -1


@njit(cache=True, nogil=True)
def nearest(
    starts: Ints,
    heads: Ints,
    ids: Ints | None,
    times: Ints,
    limit: int,
    shift: int,
    sources: Ints,
    targets: Ints,
    k: int,
    nodes: Ints,
    millis: Ints,
) -> None:  # pragma: no cover
    """``nodes``, ``millis`` (s, k): of each source the k nearest targets by time, then by node."""
    n = len(starts) - 1
    state, first = np.empty((n, 4), dtype=np.int32), np.empty(SLOTS + 1, dtype=np.int32)
    touched, found = np.empty(n, dtype=np.int32), np.empty(len(targets), dtype=np.int32)
    marks = np.zeros(n, dtype=np.uint8)
    for v in targets:
        marks[v] = _TARGET
    _clear(state, first)
    for i in range(len(sources)):
        count = _seed(state, first, sources[i], 0, touched, 0)
        hits, count = _search(starts, heads, ids, times, limit, shift, state, first, touched, count, marks, k, found)
        for j in range(hits):
            marks[found[j]] = _TARGET
        for place in range(min(k, hits)):
            best = place
            for j in range(place + 1, hits):
                v, w = found[j], found[best]
                if state[v, _TIME] < state[w, _TIME] or (state[v, _TIME] == state[w, _TIME] and v < w):
                    best = j
            v = found[best]
            found[best] = found[place]
            nodes[i, place] = v
            millis[i, place] = state[v, _TIME]
        _forget(state, first, touched, count)


@njit(cache=True, nogil=True)
def table(
    starts: Ints,
    heads: Ints,
    ids: Ints | None,
    times: Ints,
    limit: int,
    shift: int,
    sources: Ints,
    targets: Ints,
    unique: int,
    millis: Ints,
) -> None:  # pragma: no cover
    """``millis`` (s, t): from each source to each target; ``unique``: how many different targets."""
    n = len(starts) - 1
    state, first = np.empty((n, 4), dtype=np.int32), np.empty(SLOTS + 1, dtype=np.int32)
    touched, found = np.empty(n, dtype=np.int32), np.empty(len(targets), dtype=np.int32)
    marks = np.zeros(n, dtype=np.uint8)
    _clear(state, first)
    for i in range(len(sources)):
        for v in targets:
            marks[v] = _TARGET
        count = _seed(state, first, sources[i], 0, touched, 0)
        _, count = _search(starts, heads, ids, times, limit, shift, state, first, touched, count, marks, unique, found)
        for j in range(len(targets)):
            v = targets[j]
            millis[i, j] = state[v, _TIME] if state[v, _BEFORE] == _FREE else NEVER
        _forget(state, first, touched, count)


@njit(cache=True, nogil=True)
def trace(ends: Ints, arcs: Ints, nodes: Ints, backwards: bool) -> tuple[Ints, Longs]:  # pragma: no cover
    """The ways of ``nodes`` (p) in a tree: their arcs in walking order, one way after another, and where each begins.

    ``ends``: the node at an arc's other end, towards the root. ``backwards``: one walks from the root to the node.
    """
    starts = np.zeros(len(nodes) + 1, dtype=np.int64)
    for i in range(len(nodes)):
        v, length = nodes[i], 0
        while arcs[v] >= 0:
            v = ends[arcs[v]]
            length += 1
        starts[i + 1] = starts[i] + length
    out = np.empty(starts[-1], dtype=np.int32)
    for i in range(len(nodes)):
        v, low, high = nodes[i], starts[i], starts[i + 1]
        for step in range(high - low):
            out[high - 1 - step if backwards else low + step] = arcs[v]
            v = ends[arcs[v]]
    return out, starts
