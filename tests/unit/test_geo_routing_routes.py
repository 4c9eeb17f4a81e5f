"""Ways around hazards: the oracle's times, over no ban; who stands in one leaves it by the quickest way out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import BANNED, Graph, build
from geo.graph.landmarks import landmarks
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.routing.approach import PLACES_MAX, Approach, pairwise, to_first
from geo.routing.conditions import Conditions, conditions
from geo.routing.routes import Crossed, Route
from geo.routing.snapping import Place, at_node
from tests.unit.routing_cases import boxes, endangered, steady
from tests.unit.walking_graphs import shortest, walk

NEVER = int(BANNED)


def _at(found: Conditions, node: int) -> Place:
    return at_node(found.graph, node)


def _inside(found: Conditions, node: int) -> bool:
    graph = found.graph
    return bool(found.inside(graph.x[[node]], graph.y[[node]], graph.level[[node]])[0])


def _nodes(data: st.DataObject, graph: Graph, least: int = 1) -> list[int]:
    return data.draw(st.lists(st.integers(0, graph.nodes - 1), min_size=least, max_size=4))


def _exact(found: Conditions, start: int, goals: list[int], route: Route | None) -> None:
    """The route of one who stands outside of every ban is the oracle's."""
    ways = shortest(found.graph, found.times)
    best = min(int(ways[start, goal]) for goal in goals)
    if route is None:
        assert best == NEVER
        return
    assert (route.millis, route.leaving) == (best, 0)
    assert walk(found.graph, found.times, start, route.arcs) == (goals[route.goal], best)


@given(st.data(), endangered())
def test_a_way_around_hazards_is_the_oracles_and_goes_over_no_ban(data: st.DataObject, found: Conditions) -> None:
    starts, goals = _nodes(data, found.graph), _nodes(data, found.graph)
    routes = to_first(found, [_at(found, it) for it in starts], [_at(found, it) for it in goals])
    for start, route in zip(starts, routes, strict=True):
        if not _inside(found, start):
            _exact(found, start, goals, route)


@given(st.data(), endangered())
def test_who_stands_in_a_ban_leaves_it_by_the_quickest_way_out(data: st.DataObject, found: Conditions) -> None:
    graph, goals = found.graph, _nodes(data, found.graph)
    through = np.where(found.hazard_bans, found.base, BANNED).astype(np.int32)
    out, onward = shortest(graph, through), shortest(graph, found.times)[:, goals].min(axis=1)
    free = [v for v in range(graph.nodes) if onward[v] != NEVER and not _inside(found, v)]
    for start in (v for v in range(graph.nodes) if _inside(found, v)):
        route = to_first(found, [_at(found, start)], [_at(found, it) for it in goals])[0]
        best = min((int(out[start, v]) for v in free), default=NEVER)
        if route is None:
            assert best == NEVER
            continue
        leaving, after = route.arcs[: route.leaving], route.arcs[route.leaving :]
        edge, inside_ms = walk(graph, through, start, leaving)
        assert (inside_ms, _inside(found, edge)) == (best, False)
        assert walk(graph, found.times, edge, after) == (goals[route.goal], onward[edge])
        assert route.millis == best + onward[edge]


@given(st.data(), endangered())
def test_the_fastest_way_asks_for_no_hazard(data: st.DataObject, found: Conditions) -> None:
    starts, goals = _nodes(data, found.graph), _nodes(data, found.graph)
    calm = conditions(found.graph, closed=np.flatnonzero(found.base == BANNED))
    routes = to_first(found, [_at(found, it) for it in starts], [_at(found, it) for it in goals], "fastest")
    for start, route in zip(starts, routes, strict=True):
        _exact(calm, start, goals, route)
        if route is not None:
            for name, permille in found.by_hazard:
                here = permille[route.arcs] > 0
                told = next((it for it in route.crossed if it.hazard == name), None)
                assert (told is not None) == here.any()
                if told is not None:
                    assert told.millis == found.base[route.arcs[here]].sum(dtype=np.int64)


@given(st.data(), endangered(), st.sampled_from(["avoiding", "fastest"]))
def test_pairs_have_the_ways_each_has_alone(data: st.DataObject, found: Conditions, kind: str) -> None:
    starts = _places(data, found)
    goals = data.draw(st.permutations(starts))
    made = pairwise(landmarks(found.graph, 3), found, starts, goals, kind)  # type: ignore[arg-type]
    for number, (start, goal) in enumerate(zip(starts, goals, strict=True)):
        alone = to_first(found, [start], [goal], kind)[0]  # type: ignore[arg-type]
        route = made[number]
        assert (None if route is None else route.millis) == (None if alone is None else alone.millis)
        assert route is None or route.goal == number


def _places(data: st.DataObject, found: Conditions) -> list[Place]:
    """Nodes, and points of arcs on one level."""
    graph = found.graph
    places = [_at(found, it) for it in _nodes(data, graph)]
    flat = np.flatnonzero(
        (graph.level[graph.tails] == graph.level[graph.heads]) & (graph.tails != graph.heads) & (found.base != BANNED)
    )
    for ahead in data.draw(st.lists(st.sampled_from(flat.tolist()), max_size=4)) if len(flat) else []:
        tail, head = int(graph.tails[ahead]), int(graph.heads[ahead])
        returns = np.flatnonzero((graph.tails == head) & (graph.heads == tail) & (found.base != BANNED))
        ppm = data.draw(st.integers(1, 999_999))
        x, y = (float(it[tail] + ppm / 1e6 * (it[head] - it[tail])) for it in (graph.x, graph.y))
        places.append(
            Place(x=x, y=y, level=int(graph.level[tail]), on_x=x, on_y=y, ahead=ahead,
                  back=int(returns[0]) if len(returns) else -1, along_ppm=ppm, walk_ms=data.draw(st.integers(0, 9)))
        )  # fmt: skip
    return places


def _split(found: Conditions, starts: list[Place], goals: list[Place]) -> tuple[Graph, int]:
    """The network with a node for every place between two others, joined by the parts that no ban lies in."""
    graph = found.graph
    arcs: list[tuple[int, int, int]] = []
    for number, it in enumerate(starts + goals):
        new, going = graph.nodes + number, number < len(starts)
        if it.node >= 0:
            arcs.append((new, it.node, it.walk_ms) if going else (it.node, new, it.walk_ms))
        for arc, along in ((it.ahead, it.along_ppm), (it.back, 1_000_000 - it.along_ppm)):
            if arc < 0:
                continue
            node, share = (graph.heads[arc], 1_000_000 - along) if going else (graph.tails[arc], along)
            whole = int(found.times[arc])
            if whole == NEVER:
                line = np.array([[[it.on_x, it.on_y], [graph.x[node], graph.y[node]]]])
                if found.meets_ban(line, np.array([it.level], dtype=np.int32))[0]:
                    continue
                whole = int(found.base[arc])
            millis = -(-whole * share // 1_000_000) + it.walk_ms
            arcs.append((new, int(node), millis) if going else (int(node), new, millis))
    more = len(starts) + len(goals)
    tails, heads, parts = np.array(arcs, dtype=np.int64).reshape(-1, 3).T
    # No arc of a graph takes no time: of the oracle every part takes a millisecond more.
    times = np.concatenate((found.times, parts + 1))
    x, y, level = (np.concatenate((old, np.zeros(more))) for old in (graph.x, graph.y, graph.level))
    ends = np.concatenate((graph.tails, tails)), np.concatenate((graph.heads, heads))
    return build(x, y, level, *ends, times)[0], graph.nodes


@given(st.data(), endangered(8))
def test_from_the_middle_of_an_arc_a_part_of_it_is_walked_and_never_into_a_ban(
    data: st.DataObject, found: Conditions
) -> None:
    starts, goals = _places(data, found), _places(data, found)
    split, first = _split(found, starts, goals)
    ways = shortest(split, split.millis)
    for number, (start, route) in enumerate(zip(starts, to_first(found, starts, goals), strict=True)):
        if found.inside(np.array([start.x]), np.array([start.y]), np.array([start.level]))[0]:
            continue
        best = int(ways[first + number, first + len(starts) :].min())
        if route is not None and route.first is not None and not len(route.arcs) and route.last is None:
            # Along the one arc both are on.
            assert route.millis <= best - 2 if best != NEVER else True
            assert found.base[route.first.arc] != BANNED
            continue
        assert (NEVER if route is None else route.millis) == (best if best == NEVER else best - 2)
        if route is not None:
            assert (found.times[route.arcs] != BANNED).all()
            parts = [it for it in (route.first, route.last) if it is not None]
            arcs, millis = route.walked(found)
            assert len(arcs) == len(route.arcs) + len(parts)
            assert route.millis == millis.sum(dtype=np.int64) + route.access_ms


def _corridor() -> Graph:
    """Four nodes in a row, ten metres and ten seconds apart, both ways."""
    ends = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)]
    tails, heads = zip(*ends, strict=True)
    return build([0, 10, 20, 30], [0] * 4, [0] * 4, tails, heads, [10_000] * 6)[0]


def _ban(left: float, right: float, permille: int = BAN_PERMILLE, name: str = "gas") -> Placed:
    footprint = Footprint(shapely.box(left, -1, right, 1), frozenset({0}), permille)
    return Placed(name, (PlacedSlice(0, (footprint,)),))


def _between(x: float, tail: int = 1, *, one_way: bool = False) -> Place:
    """In the row, at ``x`` metres, between a node and the next."""
    graph = _corridor()
    ahead = int(np.flatnonzero((graph.tails == tail) & (graph.heads == tail + 1))[0])
    back = -1 if one_way else int(np.flatnonzero((graph.tails == tail + 1) & (graph.heads == tail))[0])
    ppm = round((x - 10 * tail) * 100_000)
    return Place(x=x, y=0, level=0, on_x=x, on_y=0, ahead=ahead, back=back, along_ppm=ppm)


def test_on_a_banned_arc_one_walks_back_through_clean_air_and_not_on_through_the_cloud() -> None:
    found = steady(_corridor(), _ban(15, 18))
    ways = to_first(found, [_between(12), _between(19)], [at_node(found.graph, 0), at_node(found.graph, 3)])
    left, right = [it for it in ways if it is not None]
    assert (left.goal, left.millis, left.leaving, left.first and left.first.millis) == (0, 12_000, 0, 2_000)
    assert (right.goal, right.millis, right.arrival_ms) == (1, 11_000, 11_000)
    assert left.crossed == (Crossed("gas", 2_000, BAN_PERMILLE),)
    assert to_first(found, [_between(12)], [at_node(found.graph, 3)]) == [None]


def test_in_the_cloud_one_walks_out_the_nearer_way_and_says_how_long_that_is() -> None:
    found = steady(_corridor(), _ban(13, 18))
    one = to_first(found, [_between(14)], [at_node(found.graph, 3)])[0]
    assert one is not None
    assert (one.leaving, one.millis, one.first and (one.first.from_ppm, one.first.to_ppm)) == (
        1, 16_000, (400_000, 1_000_000),
    )  # fmt: skip
    either = to_first(found, [_between(14)], [at_node(found.graph, 0), at_node(found.graph, 3)])[0]
    assert either is not None
    assert (either.goal, either.millis, either.leaving) == (0, 14_000, 1)


def test_of_two_ways_out_the_one_that_comes_first_may_be_the_better() -> None:
    found = steady(_corridor(), _ban(13, 18))
    one = to_first(found, [_between(17)], [at_node(found.graph, 0), at_node(found.graph, 3)])[0]
    assert one is not None
    assert (one.goal, one.millis, one.leaving) == (1, 13_000, 1)


def test_a_pair_sets_out_to_either_end_of_its_arc() -> None:
    calm = conditions(_corridor())
    ends = [at_node(calm.graph, 3), at_node(calm.graph, 0)]
    made = pairwise(landmarks(calm.graph, 2), calm, [_between(12), _between(12)], ends)
    assert [it and it.millis for it in made] == [18_000, 12_000]


def test_when_a_ban_comes_over_the_goals_own_arc_the_ways_to_it_are_found_anew() -> None:
    graph = _corridor()
    before = Approach(conditions(graph), [_between(15)])
    after = Approach(steady(graph, _ban(16, 18)), [_between(15)], before=before)
    assert after.millis([at_node(graph, it) for it in range(4)]) == [15_000, 5_000, None, None]


def test_to_somebody_in_the_cloud_no_way_leads() -> None:
    found = steady(_corridor(), _ban(13, 18))
    assert to_first(found, [_between(14), _between(12), at_node(found.graph, 0)], [_between(15)]) == [None] * 3


def test_on_one_arc_one_walks_straight_on_or_back_where_that_way_is_open() -> None:
    calm = conditions(_corridor())
    there = to_first(calm, [_between(12)], [_between(17)])[0]
    back = to_first(calm, [_between(17)], [_between(12)])[0]
    assert there is not None
    assert back is not None
    assert (there.millis, len(there.arcs), back.millis) == (5_000, 0, 5_000)
    # Where the arc is one way it is walked to its end, and back by another.
    assert to_first(calm, [_between(17, one_way=True)], [_between(12, one_way=True)])[0] is not None
    alone = conditions(_corridor(), closed=range(6))
    assert to_first(alone, [_between(17)], [_between(12)]) == [None]


def test_places_are_some_and_not_too_many_and_those_the_search_was_for() -> None:
    calm = conditions(_corridor())
    here = at_node(calm.graph, 0)
    for goals in ([], [here] * (PLACES_MAX + 1)):
        with pytest.raises(Invalid) as caught:
            to_first(calm, [here], goals)
        assert (caught.value.code, caught.value.field, caught.value.value) == ("geo.route_invalid", "goals", len(goals))
    with pytest.raises(Invalid, match="starts"):
        Approach(calm, [here], starts=[at_node(calm.graph, 1)]).routes([here])
    with pytest.raises(Invalid, match="one for each"):
        pairwise(landmarks(calm.graph, 1), calm, [here], [])
    with pytest.raises(Invalid, match="no arc 6"):
        conditions(calm.graph, closed=[6])
    with pytest.raises(Invalid, match="no node 4"):
        at_node(calm.graph, 4)


@given(st.data(), endangered())
def test_ways_after_a_move_of_the_hazards_are_those_found_anew(data: st.DataObject, found: Conditions) -> None:
    graph, goals = found.graph, _nodes(data, found.graph)
    places, everybody = [_at(found, it) for it in goals], [_at(found, it) for it in range(graph.nodes)]
    before = Approach(found, places)
    moved = steady(graph, data.draw(boxes("moved")))
    assert Approach(moved, places, before=before).millis(everybody) == Approach(moved, places).millis(everybody)
    # Of another network nothing is taken over.
    other = conditions(build(graph.x, graph.y, graph.level, graph.tails, graph.heads, graph.millis)[0])
    assert Approach(other, places, before=before).millis(everybody) == Approach(other, places).millis(everybody)
