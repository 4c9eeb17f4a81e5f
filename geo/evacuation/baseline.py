"""What people do without a plan: everyone to the exit nearest to them, and queue there. Pure.

By the rules a plan is made by: the same walks, the same gates and places. Who comes first goes first. Who finds an exit
full or the way to it shut turns to the nearest exit they have not tried.
"""

from __future__ import annotations

import numpy as np

from geo.evacuation import baseline_kernels as kernels
from geo.evacuation.horizon import horizons
from geo.evacuation.model import NEVER, CutOff, EvacuationPlan, Reason, Situation, checked
from geo.evacuation.portals import ways_out

_REASONS: dict[int, Reason] = {
    kernels.NO_WAY: "no_way",
    kernels.NO_ROOM: "no_room",
    kernels.WAY_SHUTS: "way_shuts",
    kernels.TOO_LATE: "too_late",
}


def nearest_exit(situation: Situation) -> EvacuationPlan:
    """How everyone walks to their nearest exit, and when they are out; of equal ways the first exit.

    Of a person who stays inside only the reason is told, not the way until there; everybody is a party of their own.
    Raises Invalid as ``model.checked``.
    """
    situation = checked(situation)
    ways = ways_out(situation)
    graph, gates, crowd, exits = situation.graph, situation.gates, situation.crowd, situation.exits
    for slices in horizons(situation):
        state, goal, rows = kernels.walk_to_nearest(
            (graph.heads, situation.millis, ways.shuts),
            (gates.node_gate, gates.arc_gate, gates.per_ks),
            (crowd.node, crowd.delay_ms),
            (exits.node, exits.room, ways.millis, ways.arcs),
            situation.slice_ms,
            slices,
        )
        if not (state == kernels.TOO_LATE).any():
            break
    out = state == kernels.OUT
    rows = rows[out[rows[:, 0]]]
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    lengths = np.bincount(rows[:, 0], minlength=len(out))
    starts = np.concatenate(([0], np.cumsum(lengths[out]))).astype(np.int32)
    party, exit_ = np.full(len(out), -1, dtype=np.int32), np.full(len(out), -1, dtype=np.int32)
    party[out], exit_[out] = np.arange(int(out.sum())), goal[out]
    nodes, arcs, arrive, leave = (np.ascontiguousarray(rows[:, i], dtype=np.int32) for i in range(1, 5))
    out_ms = np.full(len(out), NEVER, dtype=np.int32)
    out_ms[out] = leave[starts[1:] - 1]
    cut_off = [CutOff(person, _REASONS[int(state[person])]) for person in np.flatnonzero(~out).tolist()]
    return EvacuationPlan(party, exit_, out_ms, starts, nodes, arcs, arrive, leave, cut_off, situation.slice_ms)
