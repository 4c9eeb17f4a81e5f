"""The nearest that can be used, by the time of the way to it; nearer ones are named with what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import Graph, build
from geo.graph.nearest import K_MAX
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.routing.approach import to_first
from geo.routing.conditions import Conditions, conditions
from geo.routing.nearest_people import Person, first_there
from geo.routing.nearest_usable import RESOURCES_MAX, Nearby, Resource, Stock, nearest_usable
from geo.routing.snapping import Place, at_node
from tests.unit.routing_cases import endangered, steady
from tests.unit.test_geo_routing_routes import _places

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def _row(nodes: int = 6) -> Graph:
    """Nodes ten metres and ten seconds apart, both ways."""
    there = list(range(nodes - 1))
    back = [it + 1 for it in there]
    return build([10 * i for i in range(nodes)], [0] * nodes, [0] * nodes, there + back, back + there,
                 [10_000] * 2 * (nodes - 1))[0]  # fmt: skip


def _thing(name: str, node: int, **more: Any) -> Resource:
    return Resource(id=name, kind="extinguisher", place=at_node(_row(), node), **more)


def _ban(left: float, right: float, permille: int = BAN_PERMILLE) -> Placed:
    footprint = Footprint(shapely.box(left, -1, right, 1), frozenset({0}), permille)
    return Placed(f"gas at {left}", (PlacedSlice(0, (footprint,)),))


def _told(answer: Nearby) -> tuple[list[tuple[str, int]], list[tuple[str, str, int | None]]]:
    return [(it.resource.id, it.millis) for it in answer.found], [
        (it.resource.id, it.why, it.millis) for it in answer.refused
    ]


THINGS = [
    _thing("used up", 0, in_stock=0),
    _thing("old", 1, expires_at=NOW),
    _thing("good", 3, expires_at=NOW + timedelta(days=1)),
    _thing("far", 5),
    Resource(id="hose", kind="hydrant", place=at_node(_row(), 0)),
]


def test_nearer_ones_that_are_no_use_are_named_with_why() -> None:
    graph = _row()
    stock = Stock(graph, THINGS, "extinguisher")
    ask = [at_node(graph, 0), at_node(graph, 5)]
    here, there = nearest_usable(stock, conditions(graph), ask, 1, NOW)
    assert _told(here) == ([("good", 30_000)], [("used up", "empty", 0), ("old", "expired", 10_000)])
    assert _told(there) == ([("far", 0)], [])
    (both,) = nearest_usable(stock, conditions(graph), ask[:1], 2, NOW)
    assert [it.resource.id for it in both.found] == ["good", "far"]


def test_in_the_cloud_or_behind_it_is_no_use_and_with_too_few_all_are_named() -> None:
    graph = _row()
    stock = Stock(graph, THINGS, "extinguisher")
    (answer,) = nearest_usable(stock, steady(graph, _ban(29, 31)), [at_node(graph, 2)], 1, NOW)
    assert _told(answer) == (
        [],
        [("old", "expired", 10_000), ("good", "in_hazard", 10_000), ("used up", "empty", 20_000),
         ("far", "unreachable", 30_000)],
    )  # fmt: skip
    (apart,) = nearest_usable(stock, conditions(graph, closed=range(graph.arcs)), [at_node(graph, 2)], 1, NOW)
    assert {it.millis for it in apart.refused} == {None}
    assert [it.why for it in apart.refused] == ["empty", "expired", "unreachable", "unreachable"]


def test_out_of_the_cloud_one_is_led_to_the_one_reached_first() -> None:
    graph = _row()
    found = steady(graph, _ban(19, 21))
    (answer,) = nearest_usable(Stock(graph, THINGS, "extinguisher"), found, [at_node(graph, 2)], 1, NOW)
    assert _told(answer)[0] == [("good", 10_000)]
    (none,) = nearest_usable(Stock(graph, THINGS[:2], "extinguisher"), found, [at_node(graph, 2)], 1, NOW)
    assert none.found == []


def test_out_of_the_cloud_what_is_cut_off_is_named_and_what_is_reached_later_is_not() -> None:
    graph = _row()
    stock = Stock(graph, THINGS[2:], "extinguisher")
    (joined,) = nearest_usable(stock, steady(graph, _ban(19, 21)), [at_node(graph, 2)], 2, NOW)
    assert _told(joined) == ([("good", 10_000)], [])
    (cut,) = nearest_usable(stock, steady(graph, _ban(19, 21), _ban(44, 46)), [at_node(graph, 2)], 2, NOW)
    assert _told(cut) == ([("good", 10_000)], [("far", "unreachable", 30_000)])


def test_one_that_is_slower_to_reach_now_is_no_refused_one() -> None:
    graph = _row()
    stock = Stock(graph, [_thing("slow", 3), _thing("quick", 0)], "extinguisher")
    (answer,) = nearest_usable(stock, steady(graph, _ban(24, 26, 10_000)), [at_node(graph, 2)], 1, NOW)
    assert _told(answer) == ([("quick", 20_000)], [])


def _on(x: float) -> Place:
    graph = _row()
    tail = int(x // 10)
    ahead, back = (
        int(np.flatnonzero((graph.tails == a) & (graph.heads == b))[0]) for a, b in ((tail, tail + 1), (tail + 1, tail))
    )
    return Place(x=x, y=0, level=0, on_x=x, on_y=0, ahead=ahead, back=back, along_ppm=round((x - 10 * tail) * 100_000))


def test_on_one_arc_one_walks_straight_to_it() -> None:
    graph = _row()
    stock = Stock(graph, [Resource(id="a", kind="x", place=_on(14)), Resource(id="b", kind="x", place=_on(28))], "x")
    (answer,) = nearest_usable(stock, conditions(graph), [_on(17)], 2, NOW)
    assert _told(answer)[0] == [("a", 3_000), ("b", 11_000)]
    (shut,) = nearest_usable(stock, conditions(graph, closed=range(graph.arcs)), [_on(17)], 1, NOW)
    assert [it.why for it in shut.refused] == ["unreachable", "unreachable"]


@given(st.data(), endangered(10), st.integers(1, 3))
def test_the_nearest_are_those_of_the_shortest_ways(data: st.DataObject, found: Conditions, k: int) -> None:
    graph, places, starts = found.graph, _places(data, found), _places(data, found)
    things = [
        Resource(id=f"{i}", kind="x", place=it, in_stock=data.draw(st.integers(0, 1))) for i, it in enumerate(places)
    ]
    answers = nearest_usable(Stock(graph, things, "x"), found, starts, k, NOW)
    inside = [bool(found.inside(np.array([it.x]), np.array([it.y]), np.array([it.level]))[0]) for it in places]
    for start, answer in zip(starts, answers, strict=True):
        ways = {it.id: to_first(found, [start], [it.place])[0] for it in things}
        calm = {it.id: to_first(found, [start], [it.place], "fastest")[0] for it in things}
        able = [it.id for it, bad in zip(things, inside, strict=True) if it.in_stock and not bad]
        if not found.inside(np.array([start.x]), np.array([start.y]), np.array([start.level]))[0]:
            best = sorted(way.millis for it, way in ways.items() if it in able and way is not None)[:k]
            assert [it.millis for it in answer.found] == best
        until = answer.found[-1].millis if len(answer.found) == k else None
        refused = {it.resource.id: it.millis for it in answer.refused}
        for thing in things:
            way = calm[thing.id]
            use = thing.id in able and ways[thing.id] is not None
            nearer = until is None or (way is not None and way.millis < until)
            assert (thing.id in refused) == (nearer and not use)
            if thing.id in refused:
                assert refused[thing.id] == (None if way is None else way.millis)


def test_who_can_do_it_and_is_there_first() -> None:
    graph = _row()
    people = [
        Person(id="b", place=at_node(graph, 1), skills=frozenset({"first_aid"})),
        Person(id="a", place=at_node(graph, 3), skills=frozenset({"first_aid", "gas"})),
        Person(id="c", place=at_node(graph, 2)),
        Person(id="d", place=at_node(graph, 5), skills=frozenset({"first_aid"})),
    ]
    found = first_there(conditions(graph), people, at_node(graph, 2), 2, {"first_aid"})
    assert [(it.person.id, it.millis, it.leaving_hazard) for it in found.first] == [
        ("a", 10_000, False), ("b", 10_000, False),
    ]  # fmt: skip
    near = first_there(steady(graph, _ban(9, 11)), people, at_node(graph, 2), 9)
    assert [(it.person.id, it.leaving_hazard) for it in near.first] == [
        ("c", False),
        ("a", False),
        ("b", True),
        ("d", False),
    ]
    cut = first_there(steady(graph, _ban(34, 36)), people, at_node(graph, 2), 9)
    assert [it.id for it in cut.unreachable] == ["d"]


def test_bounds_are_named() -> None:
    graph = _row()
    stock, here = Stock(graph, THINGS, "extinguisher"), at_node(graph, 0)
    for k in (0, K_MAX):
        with pytest.raises(Invalid, match="k: "):
            nearest_usable(stock, conditions(graph), [here], k, NOW)
    with pytest.raises(Invalid, match="zone"):
        nearest_usable(stock, conditions(graph), [here], 1, NOW.replace(tzinfo=None))
    with pytest.raises(Invalid, match="zone"):
        Stock(graph, [_thing("x", 0, expires_at=NOW.replace(tzinfo=None))], "extinguisher")
    with pytest.raises(Invalid, match="too many"):
        Stock(graph, [THINGS[0]] * (RESOURCES_MAX + 1), "extinguisher")
    with pytest.raises(Invalid, match="k: "):
        first_there(conditions(graph), [], here, 0)
