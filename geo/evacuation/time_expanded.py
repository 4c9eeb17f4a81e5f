"""How many people can be out by a time at the most: a maximum flow over the portal graph in every slice. Pure.

Ford and Fulkerson (1962, Flows in Networks, III.9): a flow over time is a flow in the network drawn once for each step
of time. It asks no less than the plan's rules do, and forgets that the hazard shuts ways, that gates left out let only
so many through, and every fraction of a slice; so nobody's plan gets more people out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.evacuation.model import Longs, Situation
from geo.evacuation.portals import Portals


class TimeExpanded:
    """The flow network of some people (by their numbers in the crowd) over a portal graph, for any last slice."""

    def __init__(self, situation: Situation, portals: Portals, people: npt.NDArray[np.intp]) -> None:
        self._situation, self._portals, self._people = situation, portals, len(people)
        rows = np.stack((situation.crowd.node[people], situation.crowd.delay_ms[people])).astype(np.int64)
        (node, delay), self._size = np.unique(rows, axis=1, return_counts=True)
        self._comes = _comes(portals, node, delay, situation.slice_ms)
        gates = np.unique(np.concatenate((portals.gate[portals.gate >= 0], portals.link_gate[portals.link_gate >= 0])))
        self._gate_row = np.full(len(situation.gates.per_ks) + 1, -1, dtype=np.int64)
        self._gate_row[gates] = np.arange(len(gates))
        self._per_ks = situation.gates.per_ks[gates]

    def arcs(self, slices: int) -> int:
        """About how many arcs the network of so many slices has."""
        portals = self._portals
        each = 3 * len(portals.keys) + 2 * len(portals.link_gate) + len(portals.hop_key) + len(self._per_ks)
        return each * slices + len(self._comes[0])

    def out_by(self, last: int) -> int:
        """The most people who can be out in slices 0 to ``last``."""
        slices = last + 1
        made = _Made(slices, self._people)
        keys = made.rows(len(self._portals.keys))
        before, behind = made.rows(len(self._per_ks)), made.rows(len(self._per_ks))
        # From one slice to the next: waiting.
        made.join(keys[:, :-1], keys[:, 1:])
        made.join(before, behind, _places(self._per_ks, self._situation.slice_ms, slices))
        leaving = self._passed(made, keys, self._portals.gate, before, behind)
        links = np.repeat(leaving, np.diff(self._portals.link_starts), axis=0)
        entered = self._passed(made, links, self._portals.link_gate, before, behind)
        of_hop = np.repeat(np.arange(len(links)), np.diff(self._portals.hop_starts))
        later = self._portals.hop_millis // self._situation.slice_ms
        for slot in range(slices):
            far = later + slot
            hops = np.flatnonzero(far <= last)
            made.join(entered[of_hop[hops], slot], keys[self._portals.hop_key[hops], far[hops]])
        sink = self._exits(made, leaving)
        source = self._sources(made, keys, last)
        return made.flow(source, sink)

    def _passed(self, made: _Made, from_: Longs, gate: npt.NDArray[np.int32], before: Longs, behind: Longs) -> Longs:
        """Nodes behind each row's gate; the row itself where it has none."""
        row = self._gate_row[gate]
        gated = gate >= 0
        then = from_.copy()
        then[gated] = made.rows(int(gated.sum()))
        made.join(from_[gated], before[row[gated]])
        made.join(behind[row[gated]], then[gated])
        return then

    def _exits(self, made: _Made, leaving: Longs) -> int:
        exits = self._situation.exits
        key = self._portals.key_of[exits.node]
        out, sink = made.one(len(exits.node)), made.one(1)
        made.join(leaving[key[key >= 0]], np.repeat(out[key >= 0][:, None], leaving.shape[1], axis=1))
        made.join(out, np.repeat(sink, len(out)), exits.room.astype(np.int64))
        return int(sink[0])

    def _sources(self, made: _Made, keys: Longs, last: int) -> int:
        groups, source = made.one(len(self._size)), made.one(1)
        made.join(np.repeat(source, len(groups)), groups, self._size.astype(np.int64))
        group, key, slot = (it[self._comes[2] <= last] for it in self._comes)
        made.join(groups[group], keys[key, slot])
        return int(source[0])


def _comes(portals: Portals, node: Longs, delay: Longs, slice_ms: int) -> tuple[Longs, Longs, Longs]:
    """Which of the groups comes to which key in which slice, without another key before."""
    found: list[tuple[Longs, Longs, Longs]] = [(np.zeros(0, np.int64),) * 3]
    for group, (at, after) in enumerate(zip(node.tolist(), delay.tolist(), strict=True)):
        reach = slice(int(portals.reach_starts[at]), int(portals.reach_starts[at + 1]))
        to, millis = portals.reach_key[reach], portals.reach_millis[reach]
        if portals.key_of[at] >= 0:
            to, millis = portals.key_of[at : at + 1], np.zeros(1, dtype=np.int32)
        slot = (millis.astype(np.int64) + after) // slice_ms
        found.append((np.full(len(to), group, dtype=np.int64), to.astype(np.int64), slot))
    group_, key, slot_ = (np.concatenate(it) for it in zip(*found, strict=True))
    return group_, key, slot_


def _places(per_ks: Longs, slice_ms: int, slices: int) -> Longs:
    """Places (g, slices) of each gate, as ``model.people_in_slice``."""
    upto = np.arange(slices + 1)[None, :] * (per_ks * slice_ms)[:, None] // 1_000_000
    return np.diff(upto, axis=1)


class _Made:
    """A flow network while it is drawn."""

    def __init__(self, slices: int, unlimited: int) -> None:
        self._slices, self._unlimited = slices, unlimited
        self._nodes = 0
        self._arcs: list[tuple[Longs, Longs, Longs]] = []

    def rows(self, count: int) -> Longs:
        """New nodes (count, slices)."""
        return self.one(count * self._slices).reshape(count, self._slices)

    def one(self, count: int) -> Longs:
        """New nodes (count)."""
        self._nodes += count
        return np.arange(self._nodes - count, self._nodes, dtype=np.int64)

    def join(self, tails: Longs, heads: Longs, places: Longs | None = None) -> None:
        """Arcs from each tail to its head; of as many places as there are people, if not said."""
        limit = np.full(tails.size, self._unlimited, dtype=np.int64) if places is None else places.ravel()
        self._arcs.append((tails.ravel(), heads.ravel(), limit))

    def flow(self, source: int, sink: int) -> int:
        """The maximum flow."""
        # Here: it takes a second to import, and few who plan prove anything.
        from ortools.graph.python import max_flow

        solver = max_flow.SimpleMaxFlow()
        tails, heads, places = (np.concatenate(it) for it in zip(*self._arcs, strict=True))
        solver.add_arcs_with_capacity(tails.astype(np.int32), heads.astype(np.int32), places)
        status = solver.solve(source, sink)
        if status != solver.OPTIMAL:
            raise AssertionError(f"maximum flow: {status}")
        return int(solver.optimal_flow())
