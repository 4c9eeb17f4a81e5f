# mypy: disable-error-code="arg-type, return-value, assignment, no-any-return"
"""The compiled searches: shortest paths by buckets, without a heap. Called by the modules beside this one only.

A queue of buckets (Dial, Algorithm 360, CACM 12(11), 1969) that are wider than the shortest arc: a bucket is worked off
until nothing in it changes, in rounds, so that a node's time is final once its bucket is (Meyer and Sanders,
Delta-stepping, J. Algorithms 49(1), 2003, without the split into light and heavy arcs). Nodes of one bucket are a
doubly linked list through the nodes themselves: a node stands in one list at most, and nothing in a list is ever stale.

What runs for each arc is put in place by numba itself (``inline``): calls cost a fourth of the time. All is in one
file: numba's cache notices a change of the file a kernel is in, not of the files it calls.

A search goes over rows ``starts``, ``heads``; ``ids`` names the arc of each entry, or is None when that is its place.
``state`` int32 (4 n) keeps what belongs to a node on one cache line: its time, the arc it was reached by, the next and
the previous of its list. ``first`` int32 (SLOTS + 1) is the first node of each bucket; the last list holds the nodes
beyond the horizon of the buckets. Of equal times the lower arc is taken, and none (a source) before any, so that what
comes out does not depend on the order of the work.
"""

from __future__ import annotations

import numpy as np

from geo.graph.compiled import compiled
from geo.graph.csr import Flags, Ints, Longs

SLOTS = 1024
NEVER = 2**31 - 1
_FAR = SLOTS
_MASK = SLOTS - 1
_TIME, _ARC, _AFTER, _BEFORE = 0, 1, 2, 3
# ``_BEFORE`` of a node that is in no list; of the first in list s it is -s - 1.
_FREE = -(2**31)
_TARGET, _FOUND = 1, 2


@compiled(inline=True)
def _put(state: Ints, first: Ints, v: int, slot: int) -> None:  # pragma: no cover
    head = first[slot]
    state[4 * v + _AFTER] = head
    state[4 * v + _BEFORE] = -slot - 1
    if head >= 0:
        state[4 * head + _BEFORE] = v
    first[slot] = v


@compiled(inline=True)
def _take(state: Ints, first: Ints, v: int) -> None:  # pragma: no cover
    before, after = state[4 * v + _BEFORE], state[4 * v + _AFTER]
    if before < 0:
        first[-before - 1] = after
    else:
        state[4 * before + _AFTER] = after
    if after >= 0:
        state[4 * after + _BEFORE] = before
    state[4 * v + _BEFORE] = _FREE


@compiled(inline=True)
def _queue(state: Ints, first: Ints, w: int, old: int, new: int, end: int) -> int:  # pragma: no cover
    """A node whose key fell, into its new bucket; how many more are queued."""
    free = state[4 * w + _BEFORE] == _FREE
    if not free:
        if old == new:
            return 0
        _take(state, first, w)
    _put(state, first, w, new & _MASK if new < end else _FAR)
    return 1 if free else 0


@compiled()
def _clear(state: Ints, first: Ints) -> None:  # pragma: no cover
    for v in range(len(state) // 4):
        state[4 * v + _TIME] = NEVER
        state[4 * v + _ARC] = -1
        state[4 * v + _BEFORE] = _FREE
    for slot in range(len(first)):
        first[slot] = -1


@compiled()
def _seed(state: Ints, first: Ints, v: int, millis: int, touched: Ints, count: int) -> int:  # pragma: no cover
    """A source, before the search begins; how many nodes are touched."""
    if millis < state[4 * v + _TIME]:
        if state[4 * v + _TIME] == NEVER:
            touched[count] = v
            count += 1
            _put(state, first, v, _FAR)
        state[4 * v + _TIME] = millis
        state[4 * v + _ARC] = -1
    return count


@compiled()
def _roll(state: Ints, first: Ints, shift: int) -> int:  # pragma: no cover
    """Puts what lies beyond the horizon into the buckets of the next one; the bucket that begins at."""
    low = np.int64(NEVER)
    v = first[_FAR]
    while v >= 0:
        low = min(low, np.int64(state[4 * v + _TIME]))
        v = state[4 * v + _AFTER]
    bucket = low >> shift
    v = first[_FAR]
    while v >= 0:
        after = state[4 * v + _AFTER]
        place = np.int64(state[4 * v + _TIME]) >> shift
        if place < bucket + SLOTS:
            _take(state, first, v)
            _put(state, first, v, place & _MASK)
        v = after
    return bucket


@compiled()
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
    What is never negative is read as unsigned: numba then leaves out its look for an index from the end.
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
                after = np.int64(state[4 * v + _AFTER])
                state[4 * v + _BEFORE] = _FREE
                queued -= 1
                if wanted > 0 and marks[v] == _TARGET:
                    marks[v] = _FOUND
                    found[hits] = v
                    hits += 1
                base = np.int64(state[4 * v + _TIME])
                for place in range(np.int64(np.uint32(starts[v])), np.int64(np.uint32(starts[v + 1]))):
                    a = place if ids is None else ids[place]
                    w = np.int64(np.uint32(heads[place]))
                    t = base + times[a]
                    old = np.int64(state[4 * w + _TIME])
                    if t < old and t <= limit:
                        if old == NEVER:
                            touched[count] = w
                            count += 1
                        queued += _queue(state, first, w, old >> shift, t >> shift, end)
                        state[4 * w + _TIME] = t
                        state[4 * w + _ARC] = a
                    elif t == old and a < state[4 * w + _ARC]:
                        state[4 * w + _ARC] = a
                v = after
        bucket += 1
    return hits, count


@compiled()
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
    state, first = np.empty(4 * n, dtype=np.int32), np.empty(SLOTS + 1, dtype=np.int32)
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
        final = state[4 * v + _BEFORE] == _FREE
        millis[v] = state[4 * v + _TIME] if final else NEVER
        arcs[v] = state[4 * v + _ARC] if final else -1


@compiled()
def _forget(state: Ints, first: Ints, touched: Ints, count: int) -> None:  # pragma: no cover
    """As before the search, at the cost of what it touched."""
    for i in range(count):
        v = touched[i]
        if state[4 * v + _BEFORE] != _FREE:
            _take(state, first, v)
        state[4 * v + _TIME] = NEVER
        state[4 * v + _ARC] = -1


@compiled()
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
    state, first = np.empty(4 * n, dtype=np.int32), np.empty(SLOTS + 1, dtype=np.int32)
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
                if state[4 * v + _TIME] < state[4 * w + _TIME] or (
                    state[4 * v + _TIME] == state[4 * w + _TIME] and v < w
                ):
                    best = j
            v = found[best]
            found[best] = found[place]
            nodes[i, place] = v
            millis[i, place] = state[4 * v + _TIME]
        _forget(state, first, touched, count)


@compiled()
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
    state, first = np.empty(4 * n, dtype=np.int32), np.empty(SLOTS + 1, dtype=np.int32)
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
            millis[i, j] = state[4 * v + _TIME] if state[4 * v + _BEFORE] == _FREE else NEVER
        _forget(state, first, touched, count)


@compiled()
def changes(before: Ints, after: Ints) -> tuple[int, int]:  # pragma: no cover
    """How many arc times fell, and how many rose."""
    fell, rose = 0, 0
    for a in range(len(before)):
        fell += after[a] < before[a]
        rose += after[a] > before[a]
    return fell, rose


@compiled()
def _affect(
    starts: Ints, heads: Ints, ids: Ints | None, before: Ints, times: Ints, arcs: Ints, lost: Flags, stack: Ints
) -> int:  # pragma: no cover
    """Marks the nodes below an arc of the tree that takes longer now; ``stack`` names them; how many."""
    count = 0
    for v in range(len(arcs)):
        if arcs[v] >= 0 and times[arcs[v]] > before[arcs[v]]:
            lost[v] = 1
            stack[count] = v
            count += 1
    done = 0
    while done < count:
        v = stack[done]
        done += 1
        for place in range(starts[v], starts[v + 1]):
            a = place if ids is None else ids[place]
            w = heads[place]
            if arcs[w] == a and lost[w] == 0:
                lost[w] = 1
                stack[count] = w
                count += 1
    return count


@compiled()
def _border(
    starts: Ints, tails: Ints, ids: Ints | None, times: Ints, limit: int, state: Ints, lost: Flags, v: int
) -> bool:  # pragma: no cover
    """The best way to a lost node from those that are not; whether there is one, or it is a root in time."""
    for place in range(starts[v], starts[v + 1]):
        a = place if ids is None else ids[place]
        u = tails[place]
        if lost[u] == 0:
            t = np.int64(state[4 * u + _TIME]) + times[a]
            old = np.int64(state[4 * v + _TIME])
            if t <= limit and (t < old or (t == old and a < state[4 * v + _ARC])):
                state[4 * v + _TIME] = t
                state[4 * v + _ARC] = a
    return state[4 * v + _TIME] != NEVER


@compiled()
def repair(
    starts: Ints,
    heads: Ints,
    ids: Ints | None,
    back_starts: Ints,
    back_heads: Ints,
    back_ids: Ints | None,
    before: Ints,
    times: Ints,
    limit: int,
    shift: int,
    sources: Ints,
    offsets: Ints,
    old_millis: Ints,
    old_arcs: Ints,
    millis: Ints,
    arcs: Ints,
) -> int:  # pragma: no cover
    """``millis``, ``arcs`` (n) of a whole tree after some times rose: only what hung on them is searched anew.

    After Ramalingam and Reps, An incremental algorithm for a generalization of the shortest-path problem,
    J. Algorithms 21(2), 1996. How many nodes that was.
    """
    n = len(starts) - 1
    lost, stack = np.zeros(n, dtype=np.uint8), np.empty(n, dtype=np.int32)
    count = _affect(starts, heads, ids, before, times, old_arcs, lost, stack)
    millis[:] = old_millis
    arcs[:] = old_arcs
    if count == 0:
        return 0
    state, first = np.empty(4 * n, dtype=np.int32), np.full(SLOTS + 1, -1, dtype=np.int32)
    for v in range(n):
        state[4 * v + _TIME] = NEVER if lost[v] else old_millis[v]
        state[4 * v + _ARC] = -1 if lost[v] else old_arcs[v]
        state[4 * v + _BEFORE] = _FREE
    for i in range(len(sources)):
        v = sources[i]
        if lost[v] and offsets[i] <= limit:
            state[4 * v + _TIME] = min(state[4 * v + _TIME], offsets[i])
    seeds = 0
    for i in range(count):
        if _border(back_starts, back_heads, back_ids, times, limit, state, lost, stack[i]):
            _put(state, first, stack[i], _FAR)
            seeds += 1
    none = np.empty(0, dtype=np.uint8)
    touched, found = np.empty(seeds + count, dtype=np.int32), np.empty(0, dtype=np.int32)
    _search(starts, heads, ids, times, limit, shift, state, first, touched, seeds, none, 0, found)
    for i in range(count):
        v = stack[i]
        millis[v] = state[4 * v + _TIME]
        arcs[v] = state[4 * v + _ARC]
    return count


@compiled()
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


# Of a node in ``more``: the time walked to it (its time in ``state`` is with the bound), its bound, whether it was met.
_WALKED, _BOUND, _KNOWN = 0, 1, 2


@compiled(inline=True)
def _bound(bounds: Ints, v: int, used: Ints, offsets: Longs, count: int) -> int:  # pragma: no cover
    """At least how long it is from ``v`` to the target by the landmarks in use; NEVER: there is no way.

    Of an even column, from the landmark: D(L, t) - D(L, v); of an odd one, to it: D(v, L) - D(t, L).
    """
    best = np.int64(0)
    for i in range(count):
        column = used[i]
        length = np.int64(bounds[v, column])
        if column & 1:
            # The target reaches this landmark: what does not, does not reach the target.
            if length == NEVER:
                return NEVER
            best = max(best, length - offsets[i])
        else:
            best = max(best, offsets[i] - length)
    return best


@compiled()
def _choose(bounds: Ints, s: int, t: int, used: Ints, offsets: Longs) -> int:  # pragma: no cover
    """The columns with the greatest bounds from ``s`` to ``t``, the best first; how many, or -1: there is no way."""
    best = np.full(len(used), -1, dtype=np.int64)
    count = 0
    for column in range(bounds.shape[1]):
        there, here = np.int64(bounds[t, column]), np.int64(bounds[s, column])
        from_it = column & 1 == 0
        if (from_it and here != NEVER and there == NEVER) or (not from_it and there != NEVER and here == NEVER):
            return -1
        if NEVER in (there, here):
            continue
        bound = there - here if from_it else here - there
        if count < len(used):
            count += 1
        elif bound <= best[count - 1]:
            continue
        place = count - 1
        while place > 0 and best[place - 1] < bound:
            best[place], used[place], offsets[place] = best[place - 1], used[place - 1], offsets[place - 1]
            place -= 1
        best[place], used[place], offsets[place] = bound, column, there
    return count


@compiled(inline=True)
def _meet(state: Ints, more: Ints, v: int, bound: int) -> None:  # pragma: no cover
    state[4 * v + _TIME] = NEVER
    state[4 * v + _ARC] = -1
    state[4 * v + _BEFORE] = _FREE
    more[4 * v + _WALKED] = NEVER
    more[4 * v + _BOUND] = bound
    more[4 * v + _KNOWN] = 1


@compiled()
def _route(
    starts: Ints,
    heads: Ints,
    times: Ints,
    limit: int,
    shift: int,
    state: Ints,
    more: Ints,
    first: Ints,
    touched: Ints,
    s: int,
    t: int,
    bounds: Ints,
    used: Ints,
    offsets: Longs,
    active: int,
) -> tuple[int, int]:  # pragma: no cover
    """A* (Hart, Nilsson and Raphael 1968) with consistent bounds; the target's time (NEVER: none), how many touched.

    A node's place in the queue is by time walked and bound. Once the target has a time, only what may be less goes on.
    """
    best = np.int64(limit) + 1
    h = _bound(bounds, s, used, offsets, active)
    if h >= best:
        return NEVER, 0
    _meet(state, more, s, h)
    state[4 * s + _TIME], more[4 * s + _WALKED] = h, 0
    _put(state, first, s, _FAR)
    touched[0] = s
    count, queued = 1, 1
    bucket, end = np.int64(0), np.int64(0)
    while queued > 0 and bucket <= best >> shift:
        if bucket == end:
            bucket = _roll(state, first, shift)
            end = bucket + SLOTS
        slot = bucket & _MASK
        while first[slot] >= 0:
            v = np.int64(first[slot])
            first[slot] = -1
            while v >= 0:
                after = np.int64(state[4 * v + _AFTER])
                state[4 * v + _BEFORE] = _FREE
                queued -= 1
                if v == t:
                    best = min(best, np.int64(more[4 * v + _WALKED]))
                elif state[4 * v + _TIME] < best:
                    base = np.int64(more[4 * v + _WALKED])
                    for a in range(np.int64(np.uint32(starts[v])), np.int64(np.uint32(starts[v + 1]))):
                        w = np.int64(np.uint32(heads[a]))
                        walked = base + times[a]
                        if walked >= best:
                            continue
                        if more[4 * w + _KNOWN] == 0:
                            _meet(state, more, w, _bound(bounds, w, used, offsets, active))
                            touched[count] = w
                            count += 1
                        old = np.int64(more[4 * w + _WALKED])
                        if walked < old:
                            # Never before the node it is reached from: bounds are consistent, and this keeps the
                            # queue's order whatever they are.
                            key = max(walked + more[4 * w + _BOUND], np.int64(state[4 * v + _TIME]))
                            if key >= best:
                                continue
                            queued += _queue(
                                state, first, w, np.int64(state[4 * w + _TIME]) >> shift, key >> shift, end
                            )
                            state[4 * w + _TIME] = key
                            more[4 * w + _WALKED] = walked
                            state[4 * w + _ARC] = a
                        elif walked == old and a < state[4 * w + _ARC]:
                            state[4 * w + _ARC] = a
                v = after
        bucket += 1
    return (best if best <= limit else NEVER), count


@compiled()
def routes(
    starts: Ints,
    heads: Ints,
    tails: Ints,
    times: Ints,
    limit: int,
    shift: int,
    state: Ints,
    more: Ints,
    sources: Ints,
    targets: Ints,
    bounds: Ints,
    most: int,
    millis: Ints,
    begins: Longs,
) -> Ints:  # pragma: no cover
    """The arcs of each pair's way, one after another; ``millis`` (p), ``begins`` (p + 1). ``more`` (4 n) comes as 0."""
    n = len(starts) - 1
    first, touched = np.full(SLOTS + 1, -1, dtype=np.int32), np.empty(n, dtype=np.int32)
    used, offsets = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int64)
    out = np.empty(1024, dtype=np.int32)
    begins[0] = 0
    for i in range(len(sources)):
        s, t = sources[i], targets[i]
        active = _choose(bounds, s, t, used, offsets)
        count, length = 0, 0
        millis[i] = NEVER
        if active >= 0:
            millis[i], count = _route(
                starts, heads, times, limit, shift, state, more, first, touched, s, t, bounds, used, offsets, active
            )
        if millis[i] != NEVER:
            v = t
            while state[4 * v + _ARC] >= 0:
                v = tails[state[4 * v + _ARC]]
                length += 1
            low, high = begins[i], begins[i] + length
            if high > len(out):
                larger = np.empty(2 * high, dtype=np.int32)
                larger[:low] = out[:low]
                out = larger
            v = t
            for place in range(high - 1, low - 1, -1):
                out[place] = state[4 * v + _ARC]
                v = tails[out[place]]
        begins[i + 1] = begins[i] + length
        for j in range(count):
            v = touched[j]
            if state[4 * v + _BEFORE] != _FREE:
                _take(state, first, v)
            more[4 * v + _KNOWN] = 0
    return out[: begins[len(sources)]]


# A share of an arc, in 2 ** -31: with arcs and slices of up to a day (2 ** 27 ms) products stay within 64 bits.
_WHOLE = np.int64(2**31)


@compiled()
def _arrive(times: Ints, slice_ms: int, a: int, at: int) -> tuple[int, int]:  # pragma: no cover
    """When one who steps on arc ``a`` at ``at`` is over it (NEVER: a ban catches them), and the slice that is in.

    In each slice the share walked is the time in it by the arc's time there, rounded to the nearest, which keeps the
    order of two who step on one after the other (and an arc of one time takes that time).
    """
    last = times.shape[0] - 1
    part = min(at // slice_ms, last)
    left = _WHOLE
    while True:
        whole = np.int64(times[part, a])
        if whole == NEVER:
            return NEVER, part
        needed = (left * whole + (_WHOLE >> 1)) // _WHOLE
        stay = (part + 1) * slice_ms - at
        if part == last or needed <= stay:
            return at + needed, part
        left -= (stay * _WHOLE + (whole >> 1)) // whole
        at += stay
        part += 1


@compiled()
def step_on(times: Ints, slice_ms: int, a: int, at: int, waiting: bool) -> tuple[int, int]:  # pragma: no cover
    """When one who is at the tail of arc ``a`` at ``at`` steps on it, and is over it; NEVER: they can not."""
    while True:
        over, part = _arrive(times, slice_ms, a, at)
        if over != NEVER:
            return at, over
        if not waiting or part == times.shape[0] - 1:
            return at, NEVER
        # Whoever leaves before this slice ends is caught in it too: order is kept.
        at = (part + 1) * slice_ms


@compiled()
def timed(
    starts: Ints,
    heads: Ints,
    times: Ints,
    slice_ms: int,
    waiting: bool,
    limit: int,
    shift: int,
    sources: Ints,
    offsets: Ints,
    millis: Ints,
    arcs: Ints,
) -> None:  # pragma: no cover
    """``millis`` (n): the first moment at each node, ``arcs`` (n); as ``tree``, over arcs whose times are of slices."""
    n = len(starts) - 1
    state, first = np.empty(4 * n, dtype=np.int32), np.empty(SLOTS + 1, dtype=np.int32)
    touched, last = np.empty(n, dtype=np.int32), times.shape[0] - 1
    _clear(state, first)
    queued = 0
    for i in range(len(sources)):
        if offsets[i] <= limit:
            queued = _seed(state, first, sources[i], offsets[i], touched, queued)
    bucket, end = np.int64(0), np.int64(0)
    while queued > 0:
        if bucket == end:
            bucket = _roll(state, first, shift)
            end = bucket + SLOTS
        slot = bucket & _MASK
        while first[slot] >= 0:
            v = np.int64(first[slot])
            first[slot] = -1
            while v >= 0:
                after = np.int64(state[4 * v + _AFTER])
                state[4 * v + _BEFORE] = _FREE
                queued -= 1
                base = np.int64(state[4 * v + _TIME])
                part = min(base // slice_ms, last)
                turns = NEVER if part == last else (part + 1) * slice_ms
                for a in range(np.int64(np.uint32(starts[v])), np.int64(np.uint32(starts[v + 1]))):
                    w = np.int64(np.uint32(heads[a]))
                    t = base + times[part, a]
                    if t > turns:
                        _, t = step_on(times, slice_ms, a, base, waiting)
                    old = np.int64(state[4 * w + _TIME])
                    if t < old and t <= limit:
                        queued += _queue(state, first, w, old >> shift, t >> shift, end)
                        state[4 * w + _TIME] = t
                        state[4 * w + _ARC] = a
                    elif t == old and t != NEVER and a < state[4 * w + _ARC]:
                        state[4 * w + _ARC] = a
                v = after
        bucket += 1
    for v in range(n):
        millis[v] = state[4 * v + _TIME]
        arcs[v] = state[4 * v + _ARC]


@compiled()
def look_over(times: Ints, longest: int, since: int) -> tuple[int, int]:  # pragma: no cover
    """How many times are longer than an arc's may be, and how many bans of slice ``since`` or later end."""
    long, ended = 0, 0
    for part in range(times.shape[0]):
        row, before = times[part], times[part - 1 if part > since else part]
        for a in range(times.shape[1]):
            long += (row[a] > longest) & (row[a] != NEVER)
            ended += (before[a] == NEVER) & (row[a] != NEVER)
    return long, ended


@compiled()
def lasting(times: Ints, since: int) -> Ints:  # pragma: no cover
    """The times with every ban of slice ``since`` or later lasting to the end."""
    out = np.empty(times.shape, dtype=np.int32)
    for part in range(times.shape[0]):
        row, before, here = times[part], out[part - 1 if part > since else part], out[part]
        for a in range(times.shape[1]):
            here[a] = NEVER if part > since and before[a] == NEVER else row[a]
    return out


@compiled()
def schedule(
    times: Ints, slice_ms: int, waiting: bool, at: int, arcs: Ints, leaves: Ints, reaches: Ints
) -> None:  # pragma: no cover
    """When each arc of a way is stepped on and left, by one who sets out at ``at``."""
    for i in range(len(arcs)):
        leaves[i], reaches[i] = step_on(times, slice_ms, arcs[i], at, waiting)
        at = np.int64(reaches[i])
