"""Kernels of the portal graph: trees into exits and into keys, regions, links. Pure; called by portals.py alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.evacuation.heap import pop, push
from geo.evacuation.model import HORIZON_MAX_MS, NEVER
from geo.graph.compiled import compiled
from geo.graph.csr import Ints

_FAR = np.int64(NEVER)
_LONGEST = np.int64(HORIZON_MAX_MS)
_MASK = np.int64((1 << 32) - 1)


@compiled()
def trees_into(
    starts: Ints, tails: Ints, arcs: Ints, millis: Ints, shuts: Ints, roots: Ints
) -> tuple[Any, Any]:  # pragma: no cover
    """For each root the time (r, n) from each node by arcs open now (NEVER: none in a day), and the arc to take."""
    nodes = len(starts) - 1
    times = np.full((len(roots), nodes), NEVER, dtype=np.int32)
    nexts = np.full((len(roots), nodes), -1, dtype=np.int32)
    heap = np.empty(len(arcs) + 1, dtype=np.int64)
    for number in range(len(roots)):
        time, size = times[number], 0
        time[roots[number]] = 0
        size = push(heap, size, np.int64(roots[number]))
        while size > 0:
            at = np.int64(heap[0] >> 32)
            node = heap[0] & _MASK
            size = pop(heap, size)
            if at > time[node]:
                continue
            for i in range(starts[node], starts[node + 1]):
                arc, tail = arcs[i], tails[i]
                if shuts[arc] == 0:
                    continue
                then = at + millis[arc]
                if then < time[tail] and then <= _LONGEST:
                    time[tail] = then
                    nexts[number, tail] = arc
                    size = push(heap, size, (then << 32) | np.int64(tail))
    return times, nexts


@compiled()
def regions_of(starts: Ints, heads: Ints, back_starts: Ints, back_tails: Ints, key: Any) -> Ints:  # pragma: no cover
    """The connected part, without keys, of each node that is no key (-1: a key)."""
    nodes = len(starts) - 1
    region = np.full(nodes, -1, dtype=np.int32)
    stack = np.empty(nodes, dtype=np.int32)
    found = 0
    for first in range(nodes):
        if key[first] or region[first] >= 0:
            continue
        region[first] = found
        stack[0], size = first, 1
        while size > 0:
            size -= 1
            node = stack[size]
            for i in range(starts[node], starts[node + 1]):
                other = heads[i]
                if not key[other] and region[other] < 0:
                    region[other] = found
                    stack[size] = other
                    size += 1
            for i in range(back_starts[node], back_starts[node + 1]):
                other = back_tails[i]
                if not key[other] and region[other] < 0:
                    region[other] = found
                    stack[size] = other
                    size += 1
        found += 1
    return region


@compiled()
def _longer(array: Any) -> Any:  # pragma: no cover
    more = np.empty(2 * len(array), dtype=array.dtype)
    more[: len(array)] = array
    return more


@compiled()
def reaches(
    starts: Ints, tails: Ints, arcs: Ints, millis: Ints, shuts: Ints, keys: Ints, key_of: Ints
) -> tuple[Ints, Ints, Ints, Ints]:  # pragma: no cover
    """By which keys a node that is no key is left: starts (n + 1); key, time to it without another key between, arc."""
    nodes = len(starts) - 1
    time = np.full(nodes, NEVER, dtype=np.int32)
    by = np.full(nodes, -1, dtype=np.int32)
    heap = np.empty(len(arcs) + 1, dtype=np.int64)
    met = np.empty(nodes, dtype=np.int32)
    counts = np.zeros(nodes + 1, dtype=np.int32)
    at_node = np.empty(1024, dtype=np.int32)
    at_key = np.empty(1024, dtype=np.int32)
    at_time = np.empty(1024, dtype=np.int32)
    at_arc = np.empty(1024, dtype=np.int32)
    total = 0
    for number in range(len(keys)):
        size, touched = push(heap, 0, np.int64(keys[number])), 0
        while size > 0:
            at = np.int64(heap[0] >> 32)
            node = heap[0] & _MASK
            size = pop(heap, size)
            if node != keys[number] and at > time[node]:
                continue
            for i in range(starts[node], starts[node + 1]):
                arc, tail = arcs[i], tails[i]
                if shuts[arc] == 0 or key_of[tail] >= 0:
                    continue
                then = at + millis[arc]
                if then < time[tail] and then <= _LONGEST:
                    if time[tail] == NEVER:
                        met[touched] = tail
                        touched += 1
                    time[tail] = then
                    by[tail] = arc
                    size = push(heap, size, (then << 32) | np.int64(tail))
        while total + touched > len(at_node):
            at_node, at_key = _longer(at_node), _longer(at_key)
            at_time, at_arc = _longer(at_time), _longer(at_arc)
        for i in range(touched):
            node = met[i]
            at_node[total], at_key[total], at_time[total], at_arc[total] = node, number, time[node], by[node]
            counts[node + 1] += 1
            total += 1
            time[node] = NEVER
    for node in range(nodes):
        counts[node + 1] += counts[node]
    into = counts.copy()
    key, way, first = (
        np.empty(total, dtype=np.int32),
        np.empty(total, dtype=np.int32),
        np.empty(total, dtype=np.int32),
    )
    for i in range(total):
        slot = into[at_node[i]]
        into[at_node[i]] += 1
        key[slot], way[slot], first[slot] = at_key[i], at_time[i], at_arc[i]
    return counts, key, way, first


@compiled()
def links_of(
    starts: Ints,
    heads: Ints,
    millis: Ints,
    shuts: Ints,
    arc_gate: Ints,
    keys: Ints,
    key_of: Ints,
    reach_starts: Ints,
    reach_key: Ints,
    reach_millis: Ints,
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]:  # pragma: no cover
    """What leaves each key: link starts (k + 1), gate, arc time, shut; hop starts (l + 1), key, time, first arc.

    All arcs that pass no gate and never shut are one link; each other arc is one.
    """
    count = len(keys)
    best = np.full(count, NEVER, dtype=np.int64)
    first = np.full(count, -1, dtype=np.int32)
    met = np.empty(count, dtype=np.int32)
    link_starts = np.zeros(count + 1, dtype=np.int32)
    link_gate, link_millis = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int32)
    link_shuts, hop_starts = np.empty(1024, dtype=np.int32), np.zeros(1025, dtype=np.int32)
    hop_key, hop_millis = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int32)
    hop_arc = np.empty(1024, dtype=np.int32)
    links, hops = 0, 0
    for number in range(count):
        node = keys[number]
        # The free arcs together (turn -1), then each other arc alone.
        for turn in range(-1, starts[node + 1] - starts[node]):
            touched = 0
            for i in range(starts[node], starts[node + 1]):
                free = arc_gate[i] < 0 and shuts[i] == NEVER
                if shuts[i] == 0 or (turn < 0) != free or (turn >= 0 and i != starts[node] + turn):
                    continue
                head = heads[i]
                low, high = reach_starts[head], reach_starts[head + 1]
                if key_of[head] >= 0:
                    low, high = -1, 0
                for j in range(low, high):
                    key = key_of[head] if j < 0 else reach_key[j]
                    then = np.int64(millis[i]) + (0 if j < 0 else reach_millis[j])
                    if key == number or then >= best[key] or then > _LONGEST:
                        continue
                    if best[key] == _FAR:
                        met[touched] = key
                        touched += 1
                    best[key] = then
                    first[key] = i
            if touched == 0:
                continue
            if links + 1 >= len(link_gate):
                link_gate, link_millis, link_shuts = _longer(link_gate), _longer(link_millis), _longer(link_shuts)
                hop_starts = _longer(hop_starts)
            while hops + touched > len(hop_key):
                hop_key, hop_millis, hop_arc = _longer(hop_key), _longer(hop_millis), _longer(hop_arc)
            for j in range(touched):
                key = met[j]
                hop_key[hops], hop_millis[hops], hop_arc[hops] = key, best[key], first[key]
                best[key] = NEVER
                hops += 1
            link_gate[links] = -1 if turn < 0 else arc_gate[starts[node] + turn]
            link_millis[links] = 0 if turn < 0 else millis[starts[node] + turn]
            link_shuts[links] = NEVER if turn < 0 else shuts[starts[node] + turn]
            links += 1
            hop_starts[links] = hops
        link_starts[number + 1] = links
    return (
        link_starts,
        link_gate[:links],
        link_millis[:links],
        link_shuts[:links],
        hop_starts[: links + 1],
        hop_key[:hops],
        hop_millis[:hops],
        hop_arc[:hops],
    )
