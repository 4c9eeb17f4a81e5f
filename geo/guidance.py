"""From where people are to what they are told: a safe way; or that none is, and how near one may safely come. Pure.

Nobody who stands outside a banned area is sent into it. Where no safe way leads to a goal, the way goes to the edge of
the hazard on the least harmful way to it, and what the rest of that way would cost is said beside it, for whoever has
to decide. Who stands inside is led out, by the least harm when no way out is safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from shapely.geometry.base import BaseGeometry

from geo.graph.csr import BANNED, Floats, Ints
from geo.hazards.dose import NO_PROTECTION, DoseRates, LoadLaw, Protection, dose_rates
from geo.hazards.footprints import BAN_PERMILLE
from geo.hazards.raising import HazardTimes
from geo.instructions.model import Caution, Directions, LeastHarm, Target
from geo.instructions.steps import direct, direct_here
from geo.instructions.wording import Told, tell
from geo.places.model import PlaceId, Position
from geo.routing.approach import Approach
from geo.routing.conditions import Conditions
from geo.routing.ends import start_ends
from geo.routing.harm import Harm, exposure, weigh
from geo.routing.harm import LeastHarm as LeastHarmWays
from geo.routing.routes import Route
from geo.routing.snapping import Place, at_node
from geo.site_map import SiteMap, keep_out
from mobile_contract.text import Text

GuidedState: TypeAlias = Literal["safe", "no_safe_route", "no_route"]

# Who waits for a hazard to clear does not wait in its door: two car lengths, and a cloud's edge is no surer than that.
# A choice of ours.
BACK_FROM_EDGE_M = 10.0
# Where nobody says what is in the air there is no dose to reckon, and every banned area counts as unmeasured.
UNKNOWN_AIR = LoadLaw("", 1.0, "ppm", "none: no agent is known")


class Goal(msgspec.Struct, frozen=True):
    """Where people are to be, and what it is called; ``at`` None: at the place itself."""

    place: Place
    name: Text
    id: PlaceId | None = None
    at: Position | None = None


class Danger(msgspec.Struct, frozen=True):
    """What doses are reckoned by: the agent's name and law, ``limit_load`` in the law's unit with its name, and what
    people breathe through. Without a law no dose is known."""

    agent: Text = Text("危险物质", "the hazard")
    law: LoadLaw = UNKNOWN_AIR
    limit_load: float | None = None
    limit: Text | None = None
    protection: Protection = NO_PROTECTION


class Cost(msgspec.Struct, frozen=True):
    """What the least harmful way through would cost: ``exposed_ms`` in banned areas, of them ``unmeasured_ms`` where
    nobody knows the air; ``load`` of toxic load, ``share`` of the limit, None: not known. ``hazards``: whose bans it
    goes through."""

    millis: int
    exposed_ms: int
    unmeasured_ms: int
    load: float
    share: float | None
    hazards: tuple[str, ...]
    line: list[dict[str, Any]]


class Guided(msgspec.Struct, frozen=True, eq=False):
    """``safe``: the way leads to the goal. ``no_safe_route``: it leads to the edge of the hazard (None: stay), or, for
    one inside, out by the least harm; ``cost`` is the least harmful way's. ``no_route``: nothing open joins them."""

    state: GuidedState
    goal: int | None = None
    route: Route | None = None
    directions: Directions | None = None
    told: Told | None = None
    cost: Cost | None = None
    reason: Text | None = None


def guide(
    site: SiteMap,
    now: Conditions,
    hazards: HazardTimes,
    starts: Sequence[Place],
    goals: Sequence[Goal],
    *,
    danger: Danger | None = None,
    cautions: Sequence[Caution] = (),
    through: bool = False,
) -> list[Guided]:
    """Of each start the way to the goal it reaches first, in words. ``through``: where no way is safe the whole least
    harmful one is told, for a crew that decided to take it.

    Raises Invalid as ``Approach`` for no goals or too many places.
    """
    return _Guide(site, now, hazards, goals, danger or Danger(), cautions, through=through).all(starts)


class _Guide:
    """One moment's ways to some goals."""

    def __init__(
        self,
        site: SiteMap,
        now: Conditions,
        hazards: HazardTimes,
        goals: Sequence[Goal],
        danger: Danger,
        cautions: Sequence[Caution],
        *,
        through: bool,
    ) -> None:
        self.site, self.now, self.hazards, self.goals = site, now, hazards, goals
        self.danger, self.cautions, self.through = danger, cautions, through
        self.places = [it.place for it in goals]
        self.out = keep_out(now)

    def all(self, starts: Sequence[Place]) -> list[Guided]:
        """In the order of the starts."""
        found = Approach(self.now, self.places, starts=starts).routes(starts)
        unsafe = [number for number, route in enumerate(found) if route is None]
        if not unsafe:
            return [self._safe(start, route) for start, route in zip(starts, found, strict=True) if route is not None]
        rates: DoseRates = dose_rates(self.hazards, self.danger.law)
        harm = weigh(self.now, rates, self.danger.protection)
        ways = LeastHarmWays(harm, self.places)
        return [
            self._unsafe(harm, start, ways.route(start)) if route is None else self._safe(start, route)
            for start, route in zip(starts, found, strict=True)
        ]

    def _safe(self, start: Place, route: Route) -> Guided:
        directions = self._direct(start, route, self._target(route))
        return Guided("safe", route.goal, route, directions, tell(self.site.around, directions))

    def _target(self, route: Route) -> Target:
        goal = self.goals[route.goal]
        return Target(name=goal.name, id=goal.id, at=goal.at)

    def _unsafe(self, harm: Harm, start: Place, route: Route | None) -> Guided:
        if route is None:
            reason = Text(
                "没有任何通道可到达：通道不相连或门已锁闭",
                "No way is open: nothing joins the places, or doors are shut",
            )
            return Guided("no_route", reason=reason)
        cost = self._cost(harm, start, route)
        inside = bool(self.now.inside(*_column(start))[0])
        if inside or self.through:
            directions = self._direct(start, route, self._target(route), self._harm(cost))
            reason = Text("没有安全路线；此路线危害最小", "No way is safe; this one does the least harm")
            return Guided(
                "no_safe_route", route.goal, route, directions, tell(self.site.around, directions), cost, reason
            )
        goal = self.goals[route.goal].name
        edge = self._edge(start, route)
        if edge is None:
            reason = Text(
                f"没有安全路线可到{goal.zh}。留在原地，不要进入危险区",
                f"No safe way to {goal.en}. Stay where you are; do not go in",
            )
            return Guided("no_safe_route", route.goal, None, None, None, cost, reason)
        reason = Text(
            f"没有安全路线可到{goal.zh}。到危险区边缘待命，不要进入",
            f"No safe way to {goal.en}. Wait at the edge of the hazard; do not go in",
        )
        near = Target(name=Text(f"{goal.zh}附近的待命点", f"the waiting point before {goal.en}"))
        directions = self._direct(start, edge, near, to_node=True)
        told = tell(self.site.around, directions)
        told = msgspec.structs.replace(told, warnings=[reason, *told.warnings])
        return Guided("no_safe_route", route.goal, edge, directions, told, cost, reason)

    def _edge(self, start: Place, route: Route) -> Route | None:
        """The way to where the least harmful one would go in, less BACK_FROM_EDGE_M; None: it is where one stands."""
        graph, arcs = self.now.graph, route.arcs
        first = route.first
        if first is not None:
            ends = start_ends(self.now, [start], self.now.times)[0]
            if any(end.banned for end in ends if end.part == first):
                return None
        banned = np.flatnonzero(self.now.times[arcs] == BANNED)
        before = arcs[: int(banned[0])] if len(banned) else arcs
        if not len(before):
            return None
        lengths = np.hypot(
            graph.x[graph.heads[before]] - graph.x[graph.tails[before]],
            graph.y[graph.heads[before]] - graph.y[graph.tails[before]],
        )
        # The last node from which it is still so far to the edge; the first on the way where none is.
        to_edge = np.cumsum(lengths[::-1])[::-1]
        far = np.flatnonzero(to_edge >= BACK_FROM_EDGE_M)
        node = int(graph.tails[before[int(far[-1])]]) if len(far) else int(graph.tails[before[0]])
        if node == start.node:
            return None
        starts = [start]
        return Approach(self.now, [at_node(graph, node)], starts=starts).routes(starts)[0]

    def _cost(self, harm: Harm, start: Place, route: Route) -> Cost:
        arcs, millis = route.walked(self.now)
        load = exposure(harm, route).load
        banned = self.now.times[arcs] == BANNED
        limit = self.danger.limit_load
        unmeasured_ms = int(millis[harm.unmeasured[arcs]].sum())
        # A dose of which a part is not known is not known.
        known = limit is not None and self.danger.law is not UNKNOWN_AIR and not unmeasured_ms
        return Cost(
            route.millis,
            int(millis[banned].sum()),
            unmeasured_ms,
            load,
            load / limit if known and limit is not None else None,
            tuple(sorted({it.hazard for it in route.crossed if it.permille == BAN_PERMILLE})),
            self._lines(start, route, arcs),
        )

    def _harm(self, cost: Cost) -> LeastHarm:
        masked = self.danger.protection.factor > 1
        return LeastHarm(
            agent=self.danger.agent,
            exposed_ms=cost.exposed_ms,
            dose_share=cost.share,
            limit=self.danger.limit,
            masked=masked,
        )

    def _lines(self, start: Place, route: Route, arcs: Ints) -> list[dict[str, Any]]:
        """The way by level: GeoJSON LineStrings with their level."""
        if not len(arcs):
            return []
        directions = self._direct(start, route, Target(name=self.goals[route.goal].name))
        return [{"level": step.level, "line": step.line} for step in directions.steps]

    def _direct(
        self, start: Place, route: Route, target: Target, harm: LeastHarm | None = None, *, to_node: bool = False
    ) -> Directions:
        """``to_node``: the way ends at a node, and not at the goal that its number says."""
        arcs, millis = route.walked(self.now)
        goal = None if to_node else self.places[route.goal]
        return way_directions(
            self.site, start, goal, arcs, millis, target, self.cautions, least_harm=harm, out=self.out
        )


def way_directions(
    site: SiteMap,
    start: Place,
    goal: Place | None,
    arcs: Ints,
    millis: Ints,
    target: Target,
    cautions: Sequence[Caution] = (),
    *,
    least_harm: LeastHarm | None = None,
    out: Mapping[int, BaseGeometry] | None = None,
) -> Directions:
    """The steps of a way over ``arcs`` (k) that take ``millis`` (k), from a place to another (None: to its last node).

    ``out``: by level what no line is straightened through (``geo.site_map.keep_out``).
    """
    around, network = site.around, site.network
    if not len(arcs):
        return direct_here(around, network, start.node, target=target, cautions=cautions, least_harm=least_harm)
    begin = (start.on_x, start.on_y) if start.node < 0 else None
    end = (goal.on_x, goal.on_y) if goal is not None and goal.node < 0 else None
    return direct(
        around,
        network,
        arcs,
        # A part that is nearly nothing is walked in a millisecond.
        np.maximum(millis, 1),
        target=target,
        cautions=cautions,
        least_harm=least_harm,
        keep_out=out,
        ends=(begin, end),
    )


def _column(place: Place) -> tuple[Floats, Floats, Ints]:
    return np.array([place.x]), np.array([place.y]), np.array([place.level], dtype=np.int32)
