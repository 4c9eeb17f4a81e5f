"""The portal graph: the network shrunk to the nodes where something can delay or stop a person. Pure.

*Keys* are the nodes with a gate, those that an arc with a gate or a closing arc leaves, and the exits. Between keys
nobody waits, so one time stands for the whole way. Where that would be more hops than arcs (a corridor with a hundred
doors) the nodes between stay as they are.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from geo.evacuation import portal_kernels as kernels
from geo.evacuation.model import NEVER, Situation
from geo.graph.csr import BANNED, Ints


class Ways(msgspec.Struct, frozen=True):
    """The shortest ways into the exits if nobody else walked: ``millis`` and ``arcs`` int32 (e, n).

    ``shuts`` int32 (m): when an arc closes, 0 for what is BANNED now.
    """

    millis: Ints
    arcs: Ints
    shuts: Ints


class Portals(msgspec.Struct, frozen=True):
    """Keys (k), what leaves each, and how a node that is no key comes to one.

    Links of key ``k``: ``link_starts[k]`` on; of each its gate (-1: none), arc time and shut. Hops of link ``l``:
    ``hop_starts[l]`` on; of each the key it leads to, the time from leaving, and the first arc. ``reach``: of each node
    (n) the keys it leads to without another between, the time and the arc to take.
    """

    keys: Ints
    key_of: Ints
    gate: Ints
    link_starts: Ints
    link_gate: Ints
    link_millis: Ints
    link_shuts: Ints
    hop_starts: Ints
    hop_key: Ints
    hop_millis: Ints
    hop_arc: Ints
    reach_starts: Ints
    reach_key: Ints
    reach_millis: Ints
    reach_arc: Ints


def ways_out(situation: Situation) -> Ways:
    """The shortest ways into every exit by the arcs that are open now and whose gates let anybody through.

    The situation is ``model.checked``.
    """
    graph, gates, exits = situation.graph, situation.gates, situation.exits
    # Gate -1, which is none, reads the last entry.
    closed = np.append(gates.per_ks == 0, False)
    closed_node = closed[gates.node_gate]
    never = (situation.millis == BANNED) | closed[gates.arc_gate] | closed_node[graph.tails]
    shuts = np.where(never, 0, situation.shuts_ms).astype(np.int32)
    starts, tails, arcs = graph.reverse
    millis, nexts = kernels.trees_into(starts, tails, arcs, situation.millis, shuts, exits.node)
    millis[closed_node[exits.node]] = NEVER
    return Ways(millis, nexts, shuts)


def portals_of(
    situation: Situation,
    ways: Ways,
    node_gate: Ints,
    arc_gate: Ints,
    *,
    shuts: Ints | None = None,
    shrink_all: bool = False,
) -> Portals:
    """The portal graph of these gates (-1: none); ``shuts`` in place of the situation's, for a bound that ignores them.

    ``shrink_all``: no region keeps its nodes, which makes few keys of few gates.
    """
    graph = situation.graph
    closing = ways.shuts if shuts is None else shuts
    key = node_gate >= 0
    key[graph.tails[(arc_gate >= 0) | ((closing > 0) & (closing != NEVER))]] = True
    key[situation.exits.node] = True
    if not shrink_all:
        _keep_regions(situation, closing, key)
    # What leads to no exit is no way.
    key &= (ways.millis != NEVER).any(axis=0)
    keys = np.flatnonzero(key).astype(np.int32)
    key_of = np.full(graph.nodes, -1, dtype=np.int32)
    key_of[keys] = np.arange(len(keys), dtype=np.int32)
    reach = kernels.reaches(*graph.reverse, situation.millis, closing, keys, key_of)
    links = kernels.links_of(
        graph.starts, graph.heads, situation.millis, closing, arc_gate, keys, key_of, reach[0], reach[1], reach[2]
    )
    return Portals(keys, key_of, node_gate[keys], *links, *reach)


def _keep_regions(situation: Situation, closing: Ints, key: npt.NDArray[np.bool_]) -> None:
    """Make every node a key in a region where hops from key to key would be more than the arcs are."""
    graph = situation.graph
    back_starts, back_tails, _ = graph.reverse
    region = kernels.regions_of(graph.starts, graph.heads, back_starts, back_tails, key)
    open_ = closing > 0
    tail, head = region[graph.tails], region[graph.heads]
    inside = open_ & (tail >= 0)
    count = int(region.max(initial=-1)) + 1
    if count == 0:
        return
    arcs = np.bincount(tail[inside], minlength=count)
    leaving = inside & (head < 0)
    borders = _distinct(tail[leaving], graph.heads[leaving], count)
    entering = open_ & (tail < 0) & (head >= 0)
    entries = _distinct(head[entering], graph.tails[entering], count)
    kept = borders * entries > arcs + borders + entries
    key[(region >= 0) & kept[region]] = True


def _distinct(region: Ints, node: Ints, count: int) -> npt.NDArray[Any]:
    """For each region how many different nodes it is paired with."""
    pairs = np.unique(region.astype(np.int64) << 32 | node.astype(np.int64)) >> 32
    return np.bincount(pairs, minlength=count).astype(np.int64)
