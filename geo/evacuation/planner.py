"""Everyone's own way out, so that no gate is asked for more than it lets through. Pure.

The capacity-constrained route planner of Lu, George and Shekhar (2005, Capacity Constrained Routing Algorithms for
Evacuation Planning, SSTD, LNCS 3633): again and again the party that can be out first, of all who are left, takes its
way and the places on it, until nobody is left who can. With it go those who can be out by other exits in the same
slice, which saves most of the searches and costs nothing that was seen. Deterministic.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.evacuation import booking, planner_kernels, route_kernels
from geo.evacuation.horizon import horizons
from geo.evacuation.model import (
    NEVER,
    Crowd,
    CutOff,
    EvacuationPlan,
    Longs,
    Reason,
    Situation,
    checked,
    invalid,
)
from geo.evacuation.portals import Portals, Ways, portals_of, ways_out

# Who is shut in goes first at the next try; each try costs one plan.
TRIES = 3


def plan(situation: Situation) -> EvacuationPlan:
    """The way of everyone who can get out, and why the others can not.

    Where the hazard shuts somebody's way before their turn, they go first at another try; the try that gets most people
    out, and then the soonest, is the plan. Raises Invalid as ``model.checked``.
    """
    situation = checked(situation)
    ways = ways_out(situation)
    gates = situation.gates
    portals = portals_of(situation, ways, gates.node_gate, gates.arc_gate)
    if len(portals.keys) >= planner_kernels.KEYS_MAX:
        raise invalid("graph", "the network is too large to plan for", "路网过大，无法规划", len(portals.keys), None)
    first = np.zeros(len(situation.crowd.node), dtype=np.bool_)
    best = made = _try(situation, ways, portals, first)
    for _ in range(TRIES - 1):
        shut_in = [it.person for it in made.cut_off if it.reason == "way_shuts"]
        if not shut_in or first[shut_in].all():
            break
        first[shut_in] = True
        made = _try(situation, ways, portals, first)
        if (len(made.cut_off), made.cleared_ms) < (len(best.cut_off), best.cleared_ms):
            best = made
    return best


class _Groups:
    """People of one node, delay, class and turn: ``of`` (p) the group of each, ``order`` the people by group."""

    def __init__(self, crowd: Crowd, cls: Longs, first: npt.NDArray[np.bool_]) -> None:
        rows = np.stack((np.where(first, 0, 1), crowd.node, crowd.delay_ms, cls)).astype(np.int64)
        kinds, self.of, sizes = np.unique(rows, axis=1, return_inverse=True, return_counts=True)
        kinds = np.ascontiguousarray(kinds)
        self.of = self.of.reshape(-1)
        self.size = sizes.astype(np.int64)
        # Turns are 0 and 1, or only one of them.
        self.turn = kinds[0] - kinds[0].min(initial=1)
        self.turns = int(self.turn.max(initial=0)) + 1
        self.node, self.delay, self.cls = kinds[1], kinds[2], kinds[3]
        self.order = np.argsort(self.of, kind="stable")
        self.begins = np.concatenate(([0], np.cumsum(sizes)))


def _try(situation: Situation, ways: Ways, portals: Portals, first: npt.NDArray[np.bool_]) -> EvacuationPlan:
    limited = bool((situation.exits.room < len(first)).any())
    reachable = (ways.millis[:, situation.crowd.node] != NEVER).T
    reach, cls = np.unique(reachable, axis=0, return_inverse=True) if limited else (_all(situation), 0 * first)
    groups = _Groups(situation.crowd, cls.reshape(-1).astype(np.int64), first)
    people = np.bincount(groups.cls, weights=groups.size, minlength=len(reach)).astype(np.int64)
    exit_of = np.full(len(portals.keys), -1, dtype=np.int64)
    exit_key = portals.key_of[situation.exits.node].astype(np.int64)
    exit_of[exit_key[exit_key >= 0]] = np.flatnonzero(exit_key >= 0)
    into = np.ascontiguousarray(ways.millis[:, portals.keys])
    room = situation.exits.room.astype(np.int64)
    links = (
        portals.gate,
        portals.link_starts,
        portals.link_gate,
        portals.link_millis,
        portals.link_shuts,
        portals.hop_starts,
        portals.hop_key,
        portals.hop_millis,
    )
    comers = _comers(portals, groups)
    for slices in horizons(situation):
        # Made anew each time: the kernel writes in what is allowed and what is booked.
        booked = booking.book(people, room, reach) if limited else np.zeros(reach.shape, dtype=np.int64)
        parties, rows, ran_out = planner_kernels.assign(
            links,
            (exit_of, into, exit_key, room, reach.copy(), reach, booked, limited),
            comers,
            (groups.size, groups.cls, groups.turn, groups.turns),
            situation.gates.per_ks,
            situation.slice_ms,
            slices,
        )
        if int(parties[:, 1].sum()) == len(first) or not ran_out:
            break
    return _written(situation, portals, groups, parties, rows, reachable, ran_out)


def _all(situation: Situation) -> npt.NDArray[np.bool_]:
    return np.ones((1, len(situation.exits.node)), dtype=np.bool_)


def _comers(portals: Portals, groups: _Groups) -> tuple[Longs, Longs, Longs]:
    """Who comes to each key without another before: starts (k + 1), and in order of time the time and the group."""
    key = portals.key_of[groups.node]
    low = np.where(key >= 0, 0, portals.reach_starts[groups.node]).astype(np.int64)
    count = np.where(key >= 0, 1, portals.reach_starts[groups.node + 1] - low).astype(np.int64)
    group = np.repeat(np.arange(len(groups.size), dtype=np.int64), count)
    at = np.repeat(low - np.concatenate(([0], np.cumsum(count)[:-1])), count) + np.arange(len(group))
    itself = key[group] >= 0
    # A place to read where there is none to reach, so that both sides of the choice exist.
    reach_key, reach_millis = np.append(portals.reach_key, 0), np.append(portals.reach_millis, 0)
    at = np.where(itself, len(reach_key) - 1, at)
    to = np.where(itself, key[group], reach_key[at]).astype(np.int64)
    time = groups.delay[group] + np.where(itself, 0, reach_millis[at])
    order = np.lexsort((group, time, to))
    starts = np.concatenate(([0], np.cumsum(np.bincount(to, minlength=len(portals.keys))))).astype(np.int64)
    return starts, time[order].astype(np.int64), group[order]


def _written(
    situation: Situation,
    portals: Portals,
    groups: _Groups,
    parties: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    reachable: npt.NDArray[np.bool_],
    ran_out: bool,
) -> EvacuationPlan:
    """The kernel's rows as everyone's way."""
    group, size, number = parties[:, 0], parties[:, 1], parties[:, 2]
    first = np.append(parties[:, 3], len(rows))
    starts, nodes, arcs, arrive, leave = route_kernels.write_routes(
        (portals.keys, portals.reach_starts, portals.reach_key, portals.reach_arc),
        situation.graph.heads,
        situation.millis,
        portals.hop_arc,
        rows,
        first,
        groups.node[group],
        groups.delay[group],
    )
    party = np.full(len(groups.of), -1, dtype=np.int32)
    # Of a group whoever stands first in the crowd goes first.
    taken = groups.begins[:-1].copy()
    for at, (of, people) in enumerate(zip(group.tolist(), size.tolist(), strict=True)):
        party[groups.order[taken[of] : taken[of] + people]] = at
        taken[of] += people
    out = party >= 0
    exit_, out_ms = np.full(len(party), -1, dtype=np.int32), np.full(len(party), NEVER, dtype=np.int32)
    exit_[out], out_ms[out] = number[party[out]], leave[starts[1:] - 1][party[out]]
    left = situation.exits.room - np.bincount(exit_[out], minlength=len(situation.exits.room))
    cut_off = [CutOff(person, _reason(reachable[person], left, ran_out)) for person in np.flatnonzero(~out).tolist()]
    return EvacuationPlan(party, exit_, out_ms, starts, nodes, arcs, arrive, leave, cut_off, situation.slice_ms)


def _reason(reachable: npt.NDArray[np.bool_], left: npt.NDArray[np.integer], ran_out: bool) -> Reason:
    if not reachable.any():
        return "no_way"
    if not left[reachable].any():
        return "no_room"
    return "too_late" if ran_out else "way_shuts"
