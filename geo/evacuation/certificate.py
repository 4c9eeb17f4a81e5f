"""How near a plan is to the best possible: a time before which nobody can have the same people out. Pure.

Three bounds, each of them sure: the longest walk anybody has alone; the exits, which take only so many from the moment
people can be there; and the maximum flow over the gates that people wait for. The last takes seconds: it is bounded,
can be stopped between its steps, and what it has proven until then is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from geo.evacuation.model import UNLIMITED, EvacuationPlan, Longs, Situation, checked
from geo.evacuation.portals import Ways, portals_of, ways_out
from geo.evacuation.time_expanded import TimeExpanded

# Maximum flows solved; halving an hour of seconds takes twelve.
SOLVES_MAX = 16
# Arcs of one flow network: some 2 s and 500 MB.
ARCS_MAX = 5_000_000
# Gates in the network: those with the longest queues. Leaving one out makes the bound weaker, never wrong.
GATES_MAX = 64
# A gate that lets at least this share of what it could through, while it is used, may be what all wait for.
_BUSY = 0.5
# Moments from which on the exits are reckoned; more would find nothing later than these by more than a slice or two.
_MOMENTS = 64


class Certificate(msgspec.Struct, frozen=True):
    """``bound_ms``: no plan has the same people out before. ``proven``: it is the best the maximum flow can show.

    Not proven: it was stopped, or too large; the bound is sure all the same.
    """

    bound_ms: int
    cleared_ms: int
    proven: bool

    @property
    def excess(self) -> float | None:
        """By how much the plan's time is above the bound at the most, as a share; None when the bound is 0."""
        return (self.cleared_ms - self.bound_ms) / self.bound_ms if self.bound_ms else None


def certify(
    situation: Situation,
    plan: EvacuationPlan,
    *,
    go_on: Callable[[], bool] = lambda: True,
    solves_max: int = SOLVES_MAX,
    arcs_max: int = ARCS_MAX,
) -> Certificate:
    """The bound for the people that ``plan`` has out; ``go_on`` is asked before each maximum flow.

    Raises Invalid as ``model.checked``.
    """
    situation = checked(situation)
    people = np.flatnonzero(plan.party >= 0)
    if not len(people):
        return Certificate(0, 0, True)
    ways = ways_out(situation)
    sooner = _alone_ms(situation, ways, people)
    low, high = _exits_slice(situation, plan, sooner), plan.cleared_ms // plan.slice_ms
    bound_ms = max(int(sooner.max()), low * plan.slice_ms)
    low = max(low, bound_ms // plan.slice_ms)
    network = None if low >= high or not solves_max else _network(situation, plan, ways, people, high, arcs_max)
    # Everyone is out by ``high``, as the plan shows; nobody has shown that they can be before ``low``.
    for _ in range(solves_max):
        if low >= high or network is None or not go_on():
            break
        middle = (low + high) // 2
        if network.out_by(middle) < len(people):
            low = middle + 1
        else:
            high = middle
    return Certificate(max(bound_ms, low * plan.slice_ms), plan.cleared_ms, low >= high)


def _network(
    situation: Situation, plan: EvacuationPlan, ways: Ways, people: npt.NDArray[np.intp], last: int, arcs_max: int
) -> TimeExpanded | None:
    """The flow network over as many of the gates waited for as fit in ``arcs_max`` arcs; None: not even the exits."""
    gates, kept = situation.gates, _waited_for(situation, plan)
    open_ = np.where(ways.shuts == 0, 0, UNLIMITED).astype(np.int32)
    while True:
        node_gate = np.where(np.isin(gates.node_gate, kept), gates.node_gate, -1).astype(np.int32)
        arc_gate = np.where(np.isin(gates.arc_gate, kept), gates.arc_gate, -1).astype(np.int32)
        portals = portals_of(situation, ways, node_gate, arc_gate, shuts=open_, shrink_all=True)
        network = TimeExpanded(situation, portals, people)
        if network.arcs(last) <= arcs_max:
            return network
        if not len(kept):
            return None
        kept = kept[: len(kept) // 2]


def _alone_ms(situation: Situation, ways: Ways, people: npt.NDArray[np.intp]) -> Longs:
    """When each could be out with nobody else there."""
    walk: Longs = ways.millis[:, situation.crowd.node[people]].min(axis=0).astype(np.int64)
    return walk + situation.crowd.delay_ms[people]


def _exits_slice(situation: Situation, plan: EvacuationPlan, sooner: Longs) -> int:
    """The slice before which the exits can not have let everyone through.

    From any moment on they let only so many through, and whoever can not be there before has yet to pass.
    """
    exits, last = situation.exits, plan.cleared_ms // plan.slice_ms
    gate = situation.gates.node_gate[exits.node]
    each = np.append(situation.gates.per_ks, 0)[gate] * plan.slice_ms
    upto = np.arange(last + 2)[:, None] * each[None, :] // 1_000_000
    room = exits.room.astype(np.int64)
    arrive = np.sort(sooner // plan.slice_ms)
    bound = int(arrive[-1])
    for moment in np.unique(arrive[np.linspace(0, len(arrive) - 1, _MOMENTS).astype(np.int64)]).tolist():
        passed = np.where(gate >= 0, upto[moment + 1 :] - upto[moment], room)
        sum_ = np.minimum(passed, room).sum(axis=1)
        coming = len(arrive) - int(np.searchsorted(arrive, moment))
        bound = max(bound, moment + int(np.searchsorted(sum_, coming)))
    return bound


def _waited_for(situation: Situation, plan: EvacuationPlan) -> Longs:
    """The gates in front of which people wait in the plan, or that are busy; the longest waits first, GATES_MAX."""
    gates = situation.gates
    count = len(gates.per_ks)
    size = np.bincount(plan.party[plan.party >= 0], minlength=len(plan.starts) - 1)
    weight = np.repeat(size, np.diff(plan.starts))
    # Arc -1, at the exit, reads the last entry.
    of = np.stack((gates.node_gate[plan.nodes], np.append(gates.arc_gate, -1)[plan.arcs]))
    waited, passed = np.zeros(count), np.zeros(count)
    first, last = np.full(count, np.iinfo(np.int64).max), np.zeros(count, dtype=np.int64)
    wait = (plan.leave_ms - plan.arrive_ms).astype(np.int64)
    for gate in of:
        known = gate >= 0
        np.add.at(waited, gate[known], (wait * weight)[known])
        np.add.at(passed, gate[known], weight[known])
        np.minimum.at(first, gate[known], plan.leave_ms[known])
        np.maximum.at(last, gate[known], plan.leave_ms[known])
    could = gates.per_ks * np.maximum(last - first, plan.slice_ms) / 1_000_000
    chosen = np.flatnonzero((passed > 0) & ((waited > 0) | (passed >= _BUSY * could)))
    return chosen[np.lexsort((chosen, -waited[chosen]))][:GATES_MAX]
