"""The nearest things that can be used, by walking time around the hazards; and why nearer ones can not. Pure.

What can be used is of the kind asked for, in stock, not past its date, outside every area hazards ban, and reached.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from geo.graph.csr import BANNED, Floats, Graph, Ints, build
from geo.graph.nearest import K_MAX, nearest
from geo.graph.trees import tree_from, tree_to
from geo.places.model import PlaceId
from geo.routing.approach import to_first
from geo.routing.conditions import Conditions, invalid
from geo.routing.ends import End, goal_ends, start_ends, straight
from geo.routing.snapping import Place

Refusal: TypeAlias = Literal["empty", "expired", "in_hazard", "unreachable"]
# Of a large plant: an extinguisher every 20 m on 200,000 m2 is 500, and cabinets list what is in them.
RESOURCES_MAX = 20_000
# Whoever looks for the nearest looks at some; more nearer ones that are all refused is a stock to be checked.
REFUSED_MAX = 20


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A thing at a place; ``expires_at`` with its zone, None: never."""

    id: PlaceId
    kind: str
    place: Place
    in_stock: int = 1
    expires_at: datetime | None = None


class Found(msgspec.Struct, frozen=True):
    """A resource that can be used, so far away."""

    resource: Resource
    millis: int


class Refused(msgspec.Struct, frozen=True):
    """A resource that can not; ``millis``: how far it were without hazards, None: nothing joins it at all."""

    resource: Resource
    why: Refusal
    millis: int | None


class Nearby(msgspec.Struct, frozen=True):
    """The nearest that can be used, by time; and those that were nearer (or all, with fewer found than were asked for),
    up to REFUSED_MAX, by time."""

    found: list[Found]
    refused: list[Refused]


class Stock:
    """The resources of one kind on one network: a node of its own for each. Made once a stock, asked at every move."""

    def __init__(self, graph: Graph, resources: Sequence[Resource], kind: str) -> None:
        """Raises Invalid (geo.route_invalid) for more than RESOURCES_MAX, or a date without a zone."""
        if len(resources) > RESOURCES_MAX:
            raise invalid("resources", "there are too many", "数量过多", len(resources), RESOURCES_MAX)
        self.resources = [it for it in resources if it.kind == kind]
        for it in self.resources:
            if it.expires_at is not None and it.expires_at.tzinfo is None:
                raise invalid("expires_at", f"the date of {it.id} has no zone", f"{it.id} 的有效期缺少时区", it.id)
        self.nodes = np.arange(graph.nodes, graph.nodes + len(self.resources), dtype=np.int32)
        # Whichever arcs may lead to one, whatever bans them at the moment.
        open_now = Conditions(graph, graph.millis, graph.millis)
        ends = goal_ends(open_now, [it.place for it in self.resources], graph.millis)
        self._last = [(number, end) for number, found in enumerate(ends) for end in found]
        more = [it.place for it in self.resources]
        self.graph, self._order = build(
            np.concatenate((graph.x, [it.x for it in more])),
            np.concatenate((graph.y, [it.y for it in more])),
            np.concatenate((graph.level, np.array([it.level for it in more], dtype=np.int32))),
            np.concatenate((graph.tails, np.array([end.node for _, end in self._last], dtype=np.int32))),
            np.concatenate((graph.heads, np.array([self.nodes[number] for number, _ in self._last], dtype=np.int32))),
            np.concatenate((graph.millis, np.ones(len(self._last), dtype=np.int32))),
        )

    def times(self, conditions: Conditions, times: Ints) -> Ints:
        """The times of this network's arcs at a moment. The last step to a resource takes a millisecond more than it
        does: no arc of a graph takes none."""
        ends = goal_ends(conditions, [it.place for it in self.resources], times)
        now = {(number, end.node, _arc(end)): end for number, found in enumerate(ends) for end in found}
        last = np.full(len(self._last), BANNED, dtype=np.int32)
        for place, (number, then) in enumerate(self._last):
            end = now.get((number, then.node, _arc(then)))
            if end is not None and not end.banned:
                last[place] = end.millis + 1
        return np.concatenate((times, last))[self._order]

    def beside_node(self, number: int) -> int:
        """A node one comes to a resource from."""
        return next(end.node for it, end in self._last if it == number)

    def beside(
        self, conditions: Conditions, starts: Sequence[Place], sought: Collection[int], times: Ints
    ) -> list[tuple[int, int, int]]:
        """``(start, number, ms)`` of the starts that are on one arc with a resource."""
        on: dict[tuple[int, int], list[int]] = {}
        for number in sought:
            place = self.resources[number].place
            if place.node < 0:
                on.setdefault((place.ahead, place.back), []).append(number)
        found = []
        for number, start in enumerate(starts):
            for it in on.get((start.ahead, start.back), ()):
                goal = self.resources[it].place
                part = straight(conditions, start, goal, times)
                if part is not None:
                    found.append((number, it, start.walk_ms + part.millis + goal.walk_ms))
        return found


def nearest_usable(
    stock: Stock, conditions: Conditions, starts: Sequence[Place], k: int, now: datetime
) -> list[Nearby]:
    """Of each start the ``k`` nearest that can be used, and what was passed over.

    Who stands in an area that hazards ban is given the one they reach first once they are out of it. Raises Invalid
    (geo.route_invalid) for ``k`` out of bounds, or a moment without a zone.
    """
    if not 1 <= k <= K_MAX - REFUSED_MAX:
        raise invalid("k", f"k is 1 to {K_MAX - REFUSED_MAX}", "数量超出范围", k, K_MAX - REFUSED_MAX)
    if now.tzinfo is None:
        raise invalid("now", "the moment has no zone", "时刻缺少时区", now.isoformat())
    why = _faults(stock, conditions, now)
    usable = [number for number in range(len(stock.resources)) if number not in why]
    found = _search(stock, conditions, starts, usable, k, conditions.times)
    around = _search(stock, conditions, starts, range(len(stock.resources)), k + REFUSED_MAX, conditions.base)
    inside = conditions.inside(*_places(starts))
    answers = []
    for number, start in enumerate(starts):
        near = _out_first(stock, conditions, start, usable) if inside[number] else found[number][:k]
        until = near[-1][0] if len(near) == k else None
        passed: list[tuple[int | None, int]] = [(ms, it) for ms, it in around[number] if until is None or ms < until]
        if until is None:
            joined = {it for _, it in passed}
            passed += [(None, it) for it in range(len(stock.resources)) if it not in joined]
        answers.append((near, [(ms, it) for ms, it in passed if it not in {one for _, one in near}]))
    cut = _cut_off(stock, conditions, starts, _doubtful(stock, conditions, starts, answers, why))
    return [
        Nearby(
            [Found(stock.resources[it], ms) for ms, it in near],
            [
                Refused(stock.resources[it], why.get(it, "unreachable"), ms)
                for ms, it in passed
                if it in why or (number, it) in cut
            ][:REFUSED_MAX],
        )
        for number, (near, passed) in enumerate(answers)
    ]


def _faults(stock: Stock, conditions: Conditions, now: datetime) -> dict[int, Refusal]:
    """By number why a resource is no use, whoever asks."""
    inside = conditions.inside(*_places([it.place for it in stock.resources]))
    faults: dict[int, Refusal] = {}
    for number, it in enumerate(stock.resources):
        if it.in_stock < 1:
            faults[number] = "empty"
        elif it.expires_at is not None and it.expires_at <= now:
            faults[number] = "expired"
        elif inside[number]:
            faults[number] = "in_hazard"
    return faults


def _search(
    stock: Stock, conditions: Conditions, starts: Sequence[Place], sought: Sequence[int], k: int, times: Ints
) -> list[list[tuple[int, int]]]:
    """Of each start ``(ms, number)`` of at least the ``k`` nearest resources, by time, then number."""
    ends = start_ends(conditions, starts, times)
    asked = [(number, end) for number, found in enumerate(ends) for end in found if not end.banned]
    now = stock.times(conditions, times)
    answer = nearest(stock.graph, [end.node for _, end in asked], stock.nodes[list(sought)], k, now)
    best: list[dict[int, int]] = [{} for _ in starts]
    for (number, end), nodes, millis in zip(asked, answer.nodes.tolist(), answer.millis.tolist(), strict=True):
        for node, ms in zip(nodes, millis, strict=True):
            if node >= 0:
                it, whole = node - int(stock.nodes[0]), end.millis + ms - 1
                best[number][it] = min(best[number].get(it, whole), whole)
    for number, it, ms in stock.beside(conditions, starts, sought, times):
        best[number][it] = min(best[number].get(it, ms), ms)
    return [sorted((ms, it) for it, ms in found.items()) for found in best]


def _out_first(stock: Stock, conditions: Conditions, start: Place, usable: Sequence[int]) -> list[tuple[int, int]]:
    route = to_first(conditions, [start], [stock.resources[it].place for it in usable])[0] if usable else None
    return [] if route is None else [(route.millis, usable[route.goal])]


def _cut_off(
    stock: Stock, conditions: Conditions, starts: Sequence[Place], doubtful: dict[int, list[int]]
) -> set[tuple[int, int]]:
    """Which of ``(start, number)`` no way joins around the hazards, nor out of the one the start is in: a tree or two
    for each start."""
    graph, cut = conditions.graph, set()
    times = stock.times(conditions, conditions.times)
    inside = conditions.inside(*_places(starts))
    for number, asked in doubtful.items():
        ends = start_ends(conditions, [starts[number]], conditions.times)[0]
        nodes = np.array([end.node for end in ends if inside[number] or not end.banned], dtype=np.int32)
        if inside[number]:
            through = np.where(conditions.hazard_bans, conditions.base, BANNED)
            nodes = np.flatnonzero(tree_from(graph, nodes, through).millis != BANNED).astype(np.int32)
            nodes = nodes[~conditions.inside(graph.x[nodes], graph.y[nodes], graph.level[nodes])]
        reached = tree_from(stock.graph, nodes, times).millis
        beside = {it for _, it, _ in stock.beside(conditions, [starts[number]], asked, conditions.times)}
        cut |= {(number, it) for it in asked if reached[stock.nodes[it]] == BANNED and it not in beside}
    return cut


def _doubtful(
    stock: Stock,
    conditions: Conditions,
    starts: Sequence[Place],
    answers: Sequence[tuple[list[tuple[int, int]], list[tuple[int | None, int]]]],
    why: Collection[int],
) -> dict[int, list[int]]:
    """By start the numbers of which it is not known yet whether a way joins them around the hazards.

    Who reaches the hub that somebody's nearest is at reaches all that is reached from it: two trees for everybody.
    """
    asked = [(number, it) for number, (_, passed) in enumerate(answers) for _, it in passed if it not in why]
    hub = next((near[0][1] for near, _ in answers if near), None)
    known: set[tuple[int, int]] = set()
    if asked and hub is not None:
        node, times = stock.beside_node(hub), stock.times(conditions, conditions.times)
        there, on = tree_to(stock.graph, [node], times).millis, tree_from(stock.graph, [node], times).millis
        reached = {it for it in {it for _, it in asked} if on[stock.nodes[it]] != BANNED}
        ends = start_ends(conditions, starts, conditions.times)
        joined = [any(not end.banned and there[end.node] != BANNED for end in found) for found in ends]
        known = {(number, it) for number, it in asked if joined[number] and it in reached}
    doubtful: dict[int, list[int]] = {}
    for number, it in asked:
        if (number, it) not in known:
            doubtful.setdefault(number, []).append(it)
    return doubtful


def _places(places: Sequence[Place]) -> tuple[Floats, Floats, Ints]:
    x, y = np.array([it.x for it in places], dtype=np.float64), np.array([it.y for it in places], dtype=np.float64)
    return x, y, np.array([it.level for it in places], dtype=np.int32)


def _arc(end: End) -> int:
    return -1 if end.part is None else end.part.arc
