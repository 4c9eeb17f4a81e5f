"""Kernels that write out a party's way node by node. Pure; called by planner.py alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.graph.compiled import compiled
from geo.graph.csr import Ints


@compiled()
def _onward(portals: Any, node: Any, key: Any) -> Any:  # pragma: no cover
    """The arc from a node that is no key towards a key, without another key between."""
    _, reach_starts, reach_key, reach_arc = portals
    low, high = reach_starts[node], reach_starts[node + 1]
    while low < high:
        middle = (low + high) >> 1
        if reach_key[middle] < key:
            low = middle + 1
        else:
            high = middle
    return np.int64(reach_arc[low])


@compiled()
def write_routes(
    portals: Any, heads: Ints, millis: Ints, hop_arc: Ints, rows: Any, first: Any, node: Any, delay: Any
) -> tuple[Ints, Ints, Ints, Ints, Ints]:  # pragma: no cover
    """Starts (q + 1) of each party's way; its nodes, arcs, when it arrives at each and leaves it.

    ``portals``: keys, reach starts, keys and arcs. ``rows``: steps (key, hop, link, leave); ``first`` (q + 1) of each
    party; ``node`` and ``delay`` (q) where and when it starts.
    """
    keys = portals[0]
    parties = len(node)
    starts = np.zeros(parties + 1, dtype=np.int32)
    # Twice over the ways: how long each is, then the ways.
    nodes = np.empty(0, dtype=np.int32)
    arcs, arrive, leave = nodes.copy(), nodes.copy(), nodes.copy()
    for written in range(2):
        at = 0
        for party in range(parties):
            place, now = np.int64(node[party]), np.int64(delay[party])
            for row in range(first[party], first[party + 1]):
                key = rows[row, 0]
                while place != keys[key]:
                    then = now
                    if row > first[party] and place == keys[rows[row - 1, 0]]:
                        arc, then = np.int64(hop_arc[rows[row - 1, 1]]), rows[row - 1, 3]
                    else:
                        arc = _onward(portals, place, key)
                    if written:
                        nodes[at], arcs[at], arrive[at], leave[at] = place, arc, now, then
                    now = then + millis[arc]
                    place = np.int64(heads[arc])
                    at += 1
            if written:
                nodes[at], arcs[at], arrive[at], leave[at] = place, -1, now, rows[first[party + 1] - 1, 3]
            at += 1
            starts[party + 1] = at
        if not written:
            nodes, arcs = np.empty(at, dtype=np.int32), np.empty(at, dtype=np.int32)
            arrive, leave = np.empty(at, dtype=np.int32), np.empty(at, dtype=np.int32)
    return starts, nodes, arcs, arrive, leave
