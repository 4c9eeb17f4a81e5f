"""Time against dose: the ways of which none is both quicker and cleaner, under a mask whose air runs out. Pure.

A way is charged for what is breathed on it by the first slice of the rates: through the mask until the air is out, then
without. One who stands in a banned area has no way here unless bans are gone through; ``Approach`` leads out of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from geo.graph.csr import BANNED, Ints
from geo.routing import harm_kernels
from geo.routing.conditions import invalid
from geo.routing.ends import End, Part, goal_ends, start_ends, straight
from geo.routing.harm import Harm
from geo.routing.routes import Route, crossed
from geo.routing.snapping import Place

# Ways of one node that are kept exactly; of 10,000 nodes with clouds over a tenth of them few have more.
LABELS_A_NODE = 64
# 40 MB; a search of more is cut short and says so.
LABELS_MAX = 1_000_000
# Beyond any way: nobody's air lasts so long, and it is exact as a float.
_NEVER_DRY = 2**53
_NOTHING: Ints = np.empty(0, dtype=np.int32)


class Choice(msgspec.Struct, frozen=True, eq=False):
    """A way with its toxic load; ``air_left_s`` None: no limit; below 0: so long without air."""

    route: Route
    load: float
    air_left_s: float | None


class Choices(msgspec.Struct, frozen=True, eq=False):
    """By time, each cleaner than the one before. ``complete``: none was left out."""

    choices: list[Choice]
    complete: bool


def safest_choices(
    harm: Harm,
    start: Place,
    goals: Sequence[Place],
    *,
    through_bans: bool = False,
    load_max: float = math.inf,
    labels_a_node: int = LABELS_A_NODE,
) -> Choices:
    """Every way to the first of some goals that none beats in time and load, none over ``load_max``.

    ``through_bans``: banned areas whose concentration is known may be gone through; others never. Raises Invalid
    (geo.route_invalid) for limits out of bounds.
    """
    return SafestWays(harm, goals, through_bans=through_bans).choices(start, load_max, labels_a_node)


def quickest_within(
    harm: Harm, start: Place, goals: Sequence[Place], load_max: float, *, through_bans: bool = False
) -> Choice | None:
    """The quickest way whose load is not over a limit; None: there is none (or it was not found: ``LABELS_A_NODE``)."""
    found = safest_choices(harm, start, goals, through_bans=through_bans, load_max=load_max).choices
    return found[0] if found else None


def short_list(choices: Sequence[Choice], count: int = 3) -> list[Choice]:
    """Few to choose from: the quickest, the cleanest, and between them those nearest to equal steps of load."""
    if len(choices) <= count:
        return list(choices)
    loads = np.array([it.load for it in choices])
    wanted = np.linspace(loads[0], loads[-1], count)
    return [choices[i] for i in sorted({int(np.abs(loads - load).argmin()) for load in wanted})]


class SafestWays:
    """The choices of anybody on the way to the first of some goals: the bounds of the search are made once."""

    def __init__(self, harm: Harm, goals: Sequence[Place], *, through_bans: bool = False) -> None:
        conditions = harm.conditions
        measured = np.where(harm.unmeasured & conditions.hazard_bans, BANNED, conditions.lifted)
        self.times = measured.astype(np.int32) if through_bans else conditions.times
        self.harm, self.goals = harm, goals
        air = harm.protection.air_s
        self.dry_ms = _NEVER_DRY if air is None else int(air * 1_000)
        ends = goal_ends(conditions, goals, self.times)
        self.last = [(number, it) for number, found in enumerate(ends) for it in found if not it.banned]

        self.bounds = self._bounds()

    def choices(self, start: Place, load_max: float = math.inf, labels_a_node: int = LABELS_A_NODE) -> Choices:
        """Those of one start, as ``safest_choices``."""
        if not load_max >= 0:
            raise invalid("load_max", "a limit of the load is at least 0", "剂量上限不得小于 0", load_max, 0)
        if not 1 <= labels_a_node <= LABELS_MAX:
            raise invalid("labels_a_node", "labels are 1 or more", "标签数无效", labels_a_node, LABELS_MAX)
        graph = self.harm.conditions.graph
        begins = [it for it in start_ends(self.harm.conditions, [start], self.times)[0] if not it.banned]
        seeds = np.array([[it.millis, self._seed_load(it)] for it in begins], dtype=np.float64).reshape(-1, 2)
        last = [(it.millis, *self._part(it.part)) for _, it in self.last]
        values, links, reached, complete = harm_kernels.choices(
            graph.starts, graph.heads, self.times, self.harm.rates, self.harm.through, self.dry_ms,
            np.array([it.node for it in begins], dtype=np.int32), seeds,
            np.array([it.node for _, it in self.last], dtype=np.int32), np.array(last, dtype=np.float64).reshape(-1, 3),
            self.bounds, load_max, labels_a_node, LABELS_MAX,
        )  # fmt: skip
        found = [(values[it, 1], self._trace(begins, links, int(it), int(values[it, 0]))) for it in reached]
        found += [it for it in self._straight(start) if it[0] <= load_max]
        best, lowest = [], math.inf
        for load, route in sorted(found, key=lambda it: (it[1].millis, it[0])):
            if load < lowest:
                lowest = load
                best.append(self._choice(float(load), route))
        return Choices(best, bool(complete))

    def _bounds(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The least load from each node, with air that lasts (n); inf: no way."""
        graph, harm = self.harm.conditions.graph, self.harm
        times = np.where(self.times == BANNED, np.inf, self.times.astype(np.float64))
        loads = np.where(self.times == BANNED, np.inf, self.times * harm.rates / harm.through)
        harms = np.column_stack((np.zeros(graph.arcs), loads, times))
        nodes = np.array([it.node for _, it in self.last], dtype=np.int32)
        parts = [self._part(it.part) for _, it in self.last]
        costs = np.array([(0.0, ms * rate / harm.through, 0.0) for ms, rate in parts]).reshape(-1, 3)
        found, arcs = np.empty((graph.nodes, 3)), np.empty(graph.nodes, dtype=np.int32)
        harm_kernels.least(*graph.reverse, harms, nodes, costs, found, arcs)
        return np.ascontiguousarray(found[:, 1])

    def _part(self, part: Part | None) -> tuple[int, float]:
        return (0, 0.0) if part is None else (part.millis, float(self.harm.rates[part.arc]))

    def _seed_load(self, end: End) -> float:
        millis, rate = self._part(end.part)
        return self._breathed(end.millis - millis, millis, rate)

    def _breathed(self, at: int, millis: int, rate: float) -> float:
        masked = min(max(self.dry_ms - at, 0), millis)
        return rate * (masked / self.harm.through + (millis - masked))

    def _straight(self, start: Place) -> list[tuple[float, Route]]:
        found = []
        for number, goal in enumerate(self.goals):
            part = straight(self.harm.conditions, start, goal, self.times)
            if part is not None:
                access = start.walk_ms + goal.walk_ms
                load = self._breathed(start.walk_ms, *self._part(part))
                found.append((load, Route("avoiding", number, part.millis + access, _NOTHING, part, None, access)))
        return found

    def _trace(self, begins: list[End], links: Ints, label: int, millis: int) -> Route:
        goal, last = self.last[-1 - int(links[label, 0])]
        arcs, at = [], int(links[label, 2])
        while links[at, 1] >= 0:
            arcs.append(int(links[at, 1]))
            at = int(links[at, 2])
        first = begins[-1 - int(links[at, 1])]
        access = first.millis + last.millis - sum(it.part.millis for it in (first, last) if it.part is not None)
        return Route("avoiding", goal, millis, np.array(arcs[::-1], dtype=np.int32), first.part, last.part, access)

    def _choice(self, load: float, route: Route) -> Choice:
        conditions = self.harm.conditions
        banned = bool(conditions.hazard_bans[route.arcs].any())
        route = msgspec.structs.replace(
            route, kind="least_harm" if banned else "avoiding", crossed=crossed(route, conditions)
        )
        air = self.harm.protection.air_s
        return Choice(route, load, None if air is None else air - route.millis / 1_000)
