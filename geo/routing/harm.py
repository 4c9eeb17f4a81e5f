"""Ways of the least harm: one tree to some goals, by time in what nobody measured, then by load, then by time. Pure.

The bans of hazards are lifted in this order: first those of areas whose air is known, by the toxic load of the way;
and only where that leaves no way, or the way is not without the others, those of areas nobody has a concentration for
(a fire, a drawn outline), by the time in them. Arcs that are shut for another reason stay shut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from geo.graph.checks import LIMIT_MAX_MS
from geo.graph.csr import BANNED, Floats, Ints
from geo.graph.trees import Tree, paths
from geo.hazards.dose import NO_PROTECTION, DoseRates, PathDose, Protection, arc_loads
from geo.hazards.footprints import BAN_PERMILLE
from geo.routing import harm_kernels
from geo.routing.conditions import Conditions, Mask, invalid
from geo.routing.ends import End, goal_ends, start_ends, straight
from geo.routing.routes import Route, crossed
from geo.routing.snapping import Place

_MS_A_MIN = 60_000.0
_NOTHING: Ints = np.empty(0, dtype=np.int32)


class Harm(msgspec.Struct, frozen=True, eq=False):
    """``unmeasured`` (m): arcs banned by an area without a concentration of the agent; ``rates`` (m): load a
    millisecond on each arc, unprotected, by the first slice; ``through``: what a mask divides it by."""

    conditions: Conditions
    protection: Protection
    unmeasured: Mask
    rates: Floats
    through: float


def weigh(conditions: Conditions, rates: DoseRates, protection: Protection = NO_PROTECTION) -> Harm:
    """The harms of a moment's arcs. ``rates`` from the same moment on: their first slice counts.

    Raises Invalid (geo.route_invalid) for rates of another network, (geo.dose_invalid) for a protection that is none.
    """
    if rates.per_min.shape[1:] != (conditions.graph.arcs,) or not len(rates.per_min):
        raise invalid(
            "rates", "rates are of every arc", "剂量率须覆盖每条弧段", rates.per_min.shape, conditions.graph.arcs
        )
    unmeasured = np.zeros(conditions.graph.arcs, dtype=bool)
    for hazard in conditions.hazards:
        for footprint, arcs in hazard.touched:
            known = any(it.agent == rates.law.agent for it in footprint.air)
            if footprint.permille == BAN_PERMILLE and not known:
                unmeasured[arcs] = True
    first = msgspec.structs.replace(rates, starts_ms=rates.starts_ms[:1], per_min=rates.per_min[:1])
    # It knows what a protection is.
    arc_loads(first, conditions.lifted, protection)
    through = protection.factor**rates.law.exponent
    return Harm(conditions, protection, unmeasured, first.per_min[0] / _MS_A_MIN, through)


def exposure(harm: Harm, route: Route) -> PathDose:
    """What a way costs in breath. What is off the network counts for the air, as if it came first."""
    arcs, millis = route.walked(harm.conditions)
    entered = np.cumsum(millis, dtype=np.float64) - millis
    air_s = harm.protection.air_s
    dry = math.inf if air_s is None else air_s * 1_000 - route.access_ms
    masked = np.clip(dry - entered, 0, millis)
    by_arc = harm.rates[arcs] * (masked / harm.through + (millis - masked))
    return PathDose(float(by_arc.sum()), by_arc, None if air_s is None else air_s - route.millis / 1_000)


class LeastHarm:
    """The least harmful ways from anywhere to the first of some goals, with air that lasts."""

    def __init__(self, harm: Harm, goals: Sequence[Place]) -> None:
        self.harm, self.goals = harm, tuple(goals)
        conditions, graph = harm.conditions, harm.conditions.graph
        # Of an arc the part counts that is walked: what nobody measured, the load, the time.
        lifted = conditions.lifted.astype(np.float64)
        self._last = [
            (number, end) for number, ends in enumerate(goal_ends(conditions, goals, conditions.lifted)) for end in ends
        ]
        harms = np.column_stack((lifted * harm.unmeasured, lifted * harm.rates / harm.through, lifted))
        harms[conditions.lifted == BANNED] = np.inf
        nodes = np.array([end.node for _, end in self._last], dtype=np.int32)
        costs = np.array([self._cost(end) for _, end in self._last], dtype=np.float64).reshape(-1, 3)
        self.found = np.empty((graph.nodes, 3))
        self.arcs = np.empty(graph.nodes, dtype=np.int32)
        harm_kernels.least(*graph.reverse, harms, nodes, costs, self.found, self.arcs)

    def _cost(self, end: End) -> tuple[float, float, float]:
        if end.part is None:
            return 0.0, 0.0, float(end.millis)
        arc, millis = end.part.arc, float(end.part.millis)
        load = millis * float(self.harm.rates[arc]) / self.harm.through
        return millis * bool(self.harm.unmeasured[arc]), load, float(end.millis)

    def route(self, start: Place) -> Route | None:
        """The least harmful way from a start; None: none is open."""
        conditions = self.harm.conditions
        best: tuple[tuple[float, ...], Route | End] | None = None
        for end in start_ends(conditions, [start], conditions.lifted)[0]:
            cost = tuple(a + b for a, b in zip(self._cost(end), self.found[end.node].tolist(), strict=True))
            if np.isfinite(cost[2]) and (best is None or cost < best[0]):
                best = cost, end
        for number, goal in enumerate(self.goals if start.node < 0 else ()):
            part = straight(conditions, start, goal, conditions.lifted)
            if part is not None:
                access = start.walk_ms + goal.walk_ms
                cost = self._cost(End(-1, part.millis + access, part))
                if best is None or cost < best[0]:
                    best = cost, Route("least_harm", number, part.millis + access, _NOTHING, part, access_ms=access)
        if best is None:
            return None
        route = best[1] if isinstance(best[1], Route) else self._trace(best[1], round(best[0][2]))
        return msgspec.structs.replace(route, crossed=crossed(route, conditions))

    def _trace(self, first: End, millis: int) -> Route:
        graph = self.harm.conditions.graph
        tree = Tree(_NOTHING, self.arcs, False, _NOTHING, _NOTHING, _NOTHING, LIMIT_MAX_MS, True)
        arcs = paths(msgspec.structs.replace(tree, millis=np.zeros(graph.nodes, np.int32)), graph, [first.node]).arcs
        node = int(graph.heads[arcs[-1]]) if len(arcs) else first.node
        goal, last = min(
            ((number, it) for number, it in self._last if it.node == node), key=lambda it: self._cost(it[1])
        )
        walked = sum(it.part.millis for it in (first, last) if it.part is not None)
        access = first.millis + last.millis - walked
        return Route("least_harm", goal, millis, arcs, first.part, last.part, access)
