"""Ways of people to a place, or to the first of several: fastest, or around what hazards ban. Pure.

**Bans.** A way around hazards goes over no banned arc, nor over that part of one that meets the banned area: where one
stands decides, by the area's own outline. One exception: who stands inside a banned area leaves it by the quickest way
out of it, at the arcs' times without hazards, over banned arcs and no others, to the first node that lies outside every
banned area and from which there is a way on; from there on no ban is crossed. ``Route.leaving`` says how much that is.
Who stands outside is never sent in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec
import numpy as np

from geo.graph.csr import BANNED, Ints
from geo.graph.landmarks import Landmarks
from geo.graph.paths import fastest as fastest_pairs
from geo.graph.repair import repair
from geo.graph.trees import Paths, Tree, path, paths, tree_to
from geo.routing.conditions import Conditions, Mask, invalid
from geo.routing.ends import End, goal_ends, on_one_arc, start_ends, straight
from geo.routing.routes import Route, RouteKind, crossed
from geo.routing.snapping import Place

# A site has tens of exits and some hundreds of people on its ways; this bounds the work one request can cause.
PLACES_MAX = 10_000
_NEVER = int(BANNED)
_NOTHING: Ints = np.empty(0, dtype=np.int32)


def to_first(
    conditions: Conditions, starts: Sequence[Place], goals: Sequence[Place], kind: RouteKind = "avoiding"
) -> list[Route | None]:
    """From each start to whichever goal is reached first; None: there is no way. Raises Invalid (geo.route_invalid)
    for no goals, or too many of either."""
    return Approach(conditions, goals, kind, starts=starts).routes(starts)


def pairwise(
    marks: Landmarks,
    conditions: Conditions,
    starts: Sequence[Place],
    goals: Sequence[Place],
    kind: RouteKind = "avoiding",
) -> list[Route | None]:
    """From each start to the goal at its place of the list, by A* with landmarks. Raises Invalid as ``to_first``."""
    _check("starts", starts, 0)
    if len(starts) != len(goals):
        raise invalid("goals", "goals are one for each start", "目标须与起点一一对应", len(goals), len(starts))
    times = conditions.base if kind == "fastest" else conditions.times
    # Few: who stands in a banned area, and who is on the arc they look for.
    alone = _inside(conditions, starts, kind)
    alone |= [on_one_arc(start, goal) for start, goal in zip(starts, goals, strict=True)]
    tasks = [
        (number, setting_out, coming_in)
        for number, (there, back) in enumerate(
            zip(start_ends(conditions, starts, times), goal_ends(conditions, goals, times), strict=True)
        )
        if not alone[number]
        for setting_out in there
        for coming_in in back
        if not (setting_out.banned or coming_in.banned)
    ]
    found = fastest_pairs(marks, [s.node for _, s, _ in tasks], [g.node for _, _, g in tasks], times)
    routes: list[Route | None] = [None] * len(starts)
    for place, (number, first, last) in enumerate(tasks):
        if found.millis[place] != BANNED:
            best = routes[number]
            millis = first.millis + int(found.millis[place]) + last.millis
            if best is None or millis < best.millis:
                routes[number] = _route(kind, number, millis, found.of(place), first, last)
    for number in np.flatnonzero(alone).tolist():
        route = to_first(conditions, [starts[number]], [goals[number]], kind)[0]
        routes[number] = None if route is None else msgspec.structs.replace(route, goal=number)
    return [None if it is None else _told(it, conditions) for it in routes]


class Approach:
    """The ways from anywhere to the first of some goals, at one moment: one tree against the arcs."""

    def __init__(
        self,
        conditions: Conditions,
        goals: Sequence[Place],
        kind: RouteKind = "avoiding",
        *,
        starts: Sequence[Place] | None = None,
        before: Approach | None = None,
    ) -> None:
        """``starts``: the only ones that will be asked about; the search ends when it has them. ``before``: the ways to
        the same goals at another moment, whose tree is repaired where that is possible.

        Raises Invalid (geo.route_invalid) for no goals, or too many.
        """
        _check("goals", goals, 1)
        self.conditions, self.goals, self.kind = conditions, tuple(goals), kind
        self.times = conditions.base if kind == "fastest" else conditions.times
        self._last: dict[int, tuple[int, int, End]] = {}
        for number, ends in enumerate(goal_ends(conditions, goals, self.times)):
            for end in ends:
                if not end.banned:
                    key = end.millis, number, end
                    self._last[end.node] = min(self._last.get(end.node, key), key, key=lambda it: it[:2])
        self._only = starts
        self._asked = None if starts is None else self._ask(starts)
        self.tree = self._grow(before)

    def _ask(self, starts: Sequence[Place]) -> tuple[Mask, list[list[End]]]:
        """Who stands in a banned area, and of each start where one may walk to."""
        return _inside(self.conditions, starts, self.kind), start_ends(self.conditions, starts, self.times)

    def _grow(self, before: Approach | None) -> Tree:
        graph = self.conditions.graph
        roots, offsets = list(self._last), [millis for millis, _, _ in self._last.values()]
        known = before is not None and before.tree.whole and before.conditions.graph is graph
        old = before.tree if before is not None and known else None
        if old is not None and (old.roots.tolist(), old.offsets.tolist()) == (roots, offsets):
            return repair(old, graph, self.times).tree
        wanted: list[int] = []
        # Where the way out of a ban ends is not known before the tree is.
        if self._asked is not None and not self._asked[0].any():
            wanted = [end.node for options in self._asked[1] for end in options]
        return tree_to(graph, roots, self.times, offsets=offsets, targets=wanted)

    def routes(self, starts: Sequence[Place]) -> list[Route | None]:
        """From each start to the goal it reaches first; None: there is no way."""
        inside, options = self._known(starts)
        best = [None if inside[i] else self._quickest(ends) for i, ends in enumerate(options)]
        found = paths(self.tree, self.conditions.graph, [end.node for end in best if end is not None])
        made: list[Route | None] = []
        ways, hit = iter(range(len(found.millis))), self._touched(found)
        for number, start in enumerate(starts):
            end = best[number]
            route, clear = None, False
            if end is not None:
                way = next(ways)
                route = self._onward(end, found.of(way))
                clear = way not in hit and route.first is None and route.last is None
            elif inside[number]:
                route = self._leave(options[number])
            if start.node < 0:
                every = [*([] if route is None else [route]), *self._straight(start)]
                route = min(every, key=lambda it: it.millis, default=None)
            made.append(route if route is None or clear else _told(route, self.conditions))
        return made

    def _touched(self, found: Paths) -> set[int]:
        """Which of some ways have an arc that a hazard touches."""
        places = np.flatnonzero(self.conditions.touched[found.arcs])
        return set((np.searchsorted(found.starts, places, side="right") - 1).tolist())

    def millis(self, starts: Sequence[Place]) -> list[int | None]:
        """How long each way takes, None: there is no way; no way is traced but out of bans."""
        inside, options = self._known(starts)
        found: list[int | None] = []
        for number, ends in enumerate(options):
            left = self._leave(ends) if inside[number] else None
            end = None if inside[number] else self._quickest(ends)
            ways = [] if left is None else [left.millis]
            ways += [] if end is None else [end.millis + int(self.tree.millis[end.node])]
            ways += [it.millis for it in (self._straight(starts[number]) if starts[number].node < 0 else ())]
            found.append(min(ways, default=None))
        return found

    def _known(self, starts: Sequence[Place]) -> tuple[Mask, list[list[End]]]:
        _check("starts", starts, 0)
        if self._asked is not None and starts is self._only:
            return self._asked
        if not self.tree.whole:
            raise invalid("starts", "the search was ended for other starts", "搜索已按其他起点结束", len(starts))
        return self._ask(starts)

    def _quickest(self, ends: list[End]) -> End | None:
        """The end to set out to; None: no way goes on from any."""
        best, least = None, _NEVER
        for end in ends:
            onward = int(self.tree.millis[end.node])
            if not end.banned and onward != _NEVER and (best is None or end.millis + onward < least):
                best, least = end, end.millis + onward
        return best

    def _onward(self, end: End, arcs: Ints, out: Ints = _NOTHING) -> Route:
        """The way from an end over ``out`` (arcs that lead out of a banned area) and ``arcs`` of the tree."""
        graph = self.conditions.graph
        begins = int(graph.heads[out[-1]]) if len(out) else end.node
        last_node = int(graph.heads[arcs[-1]]) if len(arcs) else begins
        _, goal, last = self._last[last_node]
        millis = end.millis + int(self.tree.millis[begins])
        if not len(out):
            return _route(self.kind, goal, millis, arcs, end, last, int(end.banned))
        millis += int(self.conditions.base[out].sum(dtype=np.int64))
        return _route(self.kind, goal, millis, np.concatenate((out, arcs)), end, last, len(out) + end.banned)

    @cached_property
    def _way_out(self) -> Tree:
        """Of each node inside a banned area the quickest way out of it, to where a way goes on."""
        conditions, graph = self.conditions, self.conditions.graph
        onward = np.flatnonzero(self.tree.millis != BANNED).astype(np.int32)
        roots = onward[~conditions.inside(graph.x[onward], graph.y[onward], graph.level[onward])]
        through = np.where(conditions.hazard_bans, conditions.base, BANNED)
        return tree_to(graph, roots, through)

    def _leave(self, ends: list[End]) -> Route | None:
        """The way of one who stands in a banned area: the least time in it, then the least in all."""
        graph, best = self.conditions.graph, None
        for end in ends:
            out = path(self._way_out, graph, end.node)
            if out is not None:
                begins = int(graph.heads[out[-1]]) if len(out) else end.node
                onward = path(self.tree, graph, begins)
                assert onward is not None
                route = self._onward(end, onward, out)
                key = (end.millis if end.banned else 0) + int(self._way_out.millis[end.node]), route.millis
                if best is None or key < best[0]:
                    best = key, route
        return None if best is None else best[1]

    def _straight(self, start: Place) -> list[Route]:
        """The ways along the arc that the start and a goal are both on."""
        found = []
        for number, goal in enumerate(self.goals):
            part = straight(self.conditions, start, goal, self.times)
            if part is not None:
                access = start.walk_ms + goal.walk_ms
                found.append(Route(self.kind, number, part.millis + access, _NOTHING, part, access_ms=access))
        return found


def _inside(conditions: Conditions, places: Sequence[Place], kind: RouteKind) -> Mask:
    """Who stands in a banned area; of fastest ways nobody is asked."""
    if kind == "fastest":
        return np.zeros(len(places), dtype=bool)
    x, y = np.array([it.x for it in places]), np.array([it.y for it in places])
    return conditions.inside(x, y, np.array([it.level for it in places], dtype=np.int32))


def _route(kind: RouteKind, goal: int, millis: int, arcs: Ints, start: End, end: End, leaving: int = 0) -> Route:
    access = start.millis + end.millis
    access -= 0 if start.part is None else start.part.millis
    access -= 0 if end.part is None else end.part.millis
    return Route(kind, goal, millis, arcs, start.part, end.part, access, leaving)


def _told(route: Route, conditions: Conditions) -> Route:
    """With what it goes through."""
    parts = [it.arc for it in (route.first, route.last) if it is not None]
    if conditions.touched[route.arcs].any() or conditions.touched[parts].any():
        return msgspec.structs.replace(route, crossed=crossed(route, conditions))
    return route


def _check(field: str, places: Sequence[Place], least: int) -> None:
    if not least <= len(places) <= PLACES_MAX:
        raise invalid(
            field, f"places are {least} to {PLACES_MAX}", f"须为 {least} 至 {PLACES_MAX} 个", len(places), PLACES_MAX
        )
