"""A banned way is left at once; any other for a gain beyond the bound; nobody turns round and back for seconds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import BANNED, Graph, Ints, build
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.routing.approach import Approach, to_first
from geo.routing.conditions import Conditions, conditions
from geo.routing.rerouting import Decision, Hysteresis, Walker, decide, replan
from geo.routing.snapping import Place, at_node
from tests.unit.routing_cases import boxes, endangered, steady
from tests.unit.walking_graphs import walk

ALL: Ints = np.empty(0, dtype=np.int32)


@pytest.mark.parametrize(
    ("present", "best", "decision"),
    [
        (100_000, 100_000, "keep"),
        (100_000, 80_001, "keep"),
        (100_000, 79_999, "switch"),
        (20_000, 10_001, "keep"),
        (20_000, 9_999, "switch"),
        (None, 500_000, "switch"),
        (None, None, "no_safe_route"),
        (100_000, None, "keep"),
    ],
)
def test_a_gain_is_worth_a_turn_beyond_seconds_and_share(
    present: int | None, best: int | None, decision: Decision
) -> None:
    assert decide(present, best, Hysteresis(10_000, 0.2)) == decision


def _square() -> Graph:
    """From 0 to 3 over 1 (20 s) or over 2 (24 s), both ways."""
    ends = [(0, 1, 10), (1, 3, 10), (0, 2, 12), (2, 3, 12)]
    tails = [a for a, _, _ in ends] + [b for _, b, _ in ends]
    heads = [b for _, b, _ in ends] + [a for a, _, _ in ends]
    return build([0, 10, 0, 10], [0, 0, 10, 10], [0] * 4, tails, heads, [1_000 * s for *_, s in ends] * 2)[0]


def _over(graph: Graph, *nodes: int) -> Ints:
    return np.array(
        [np.flatnonzero((graph.tails == a) & (graph.heads == b))[0] for a, b in pairwise(nodes)], dtype=np.int32
    )


def _smoke(node: int, permille: int) -> Placed:
    graph = _square()
    shape = shapely.Point(graph.x[node], graph.y[node]).buffer(1)
    return Placed("smoke", (PlacedSlice(0, (Footprint(shape, frozenset({0}), permille),)),))


def test_a_few_seconds_turn_nobody_and_much_time_does_and_back_again_only_for_as_much() -> None:
    graph = _square()
    here, there = at_node(graph, 0), at_node(graph, 3)
    bound = Hysteresis(5_000, 0.1)
    one, two = Walker(here, 0, _over(graph, 0, 1, 3)), Walker(here, 0, _over(graph, 0, 2, 3))
    calm = Approach(conditions(graph), [there])
    done = replan(calm, steady(graph, _smoke(1, 1_300)), [one, two], bound)
    assert [(it.decision, it.cause, it.present_ms, it.best_ms) for it in done.turns] == [
        ("keep", "gain_too_small", 26_000, 24_000), ("keep", "best", 24_000, 24_000),
    ]  # fmt: skip
    done = replan(done.approach, steady(graph, _smoke(1, 1_500)), [one], bound)
    (turn,) = done.turns
    assert turn.route is not None
    assert (turn.decision, turn.cause, turn.route.arcs.tolist()) == ("switch", "faster", two.remaining.tolist())
    back = replan(done.approach, conditions(graph), [two], bound)
    assert (back.turns[0].decision, back.turns[0].cause) == ("keep", "gain_too_small")


def test_a_banned_way_is_left_at_once_and_where_no_other_is_that_is_said() -> None:
    graph = _square()
    walker = Walker(at_node(graph, 0), 0, _over(graph, 0, 1, 3))
    calm = Approach(conditions(graph), [at_node(graph, 3)])
    done = replan(calm, steady(graph, _smoke(1, BAN_PERMILLE)), [walker], Hysteresis(10**9, 1.0))
    assert (done.turns[0].decision, done.turns[0].cause, done.turns[0].present_ms) == ("switch", "banned", None)
    done = replan(done.approach, steady(graph, _smoke(3, BAN_PERMILLE)), [walker])
    assert (done.turns[0].decision, done.turns[0].cause, done.turns[0].route) == ("no_safe_route", "banned", None)


def test_who_is_off_their_way_is_given_one_from_where_they_are() -> None:
    graph = _square()
    calm = Approach(conditions(graph), [at_node(graph, 3)])
    done = replan(
        calm, calm.conditions, [Walker(at_node(graph, 2), 0, _over(graph, 1, 3)), Walker(at_node(graph, 2), 0, ALL)]
    )
    for turn in done.turns:
        assert turn.route is not None
        assert (turn.decision, turn.cause, turn.route.arcs.tolist()) == (
            "switch",
            "off_route",
            _over(graph, 2, 3).tolist(),
        )


def test_out_of_a_cloud_one_goes_on_as_one_does() -> None:
    graph = _square()
    walker = Walker(at_node(graph, 1), 0, _over(graph, 1, 3))
    calm = Approach(conditions(graph), [at_node(graph, 3)])
    done = replan(calm, steady(graph, _smoke(1, BAN_PERMILLE)), [walker])
    assert (done.turns[0].decision, done.turns[0].cause, done.turns[0].best_ms) == ("keep", "best", 10_000)


def _between(arc: int, back: int, ppm: int) -> Place:
    graph = _square()
    share = ppm / 1e6
    x, y = (float(it[graph.tails[arc]] * (1 - share) + it[graph.heads[arc]] * share) for it in (graph.x, graph.y))
    return Place(x=x, y=y, level=0, on_x=x, on_y=y, ahead=arc, back=back, along_ppm=ppm)


def test_on_the_last_arc_it_is_the_part_that_is_left() -> None:
    graph = _square()
    arc, back = int(_over(graph, 1, 3)[0]), int(_over(graph, 3, 1)[0])
    goal = _between(arc, back, 900_000)
    calm = Approach(conditions(graph), [goal])
    walkers = [Walker(_between(arc, back, 500_000), 0, ALL), Walker(at_node(graph, 1), 0, ALL)]
    done = replan(calm, calm.conditions, [*walkers, Walker(at_node(graph, 0), 0, _over(graph, 0, 1))])
    assert [(it.decision, it.present_ms) for it in done.turns] == [("keep", 4_000), ("keep", 9_000), ("keep", 19_000)]


@given(st.data(), endangered())
def test_everybodys_turn_is_the_decision_between_their_way_and_the_best(data: st.DataObject, found: Conditions) -> None:
    graph = found.graph
    goals = [at_node(graph, it) for it in data.draw(st.lists(st.integers(0, graph.nodes - 1), min_size=1, max_size=2))]
    approach = Approach(found, goals)
    places = [at_node(graph, it) for it in range(graph.nodes)]
    walkers = [Walker(places[i], it.goal, it.arcs) for i, it in enumerate(approach.routes(places)) if it is not None]
    now = steady(graph, data.draw(boxes("moved")))
    bound = Hysteresis(data.draw(st.integers(0, 5_000)), data.draw(st.sampled_from([0.0, 0.2])))
    done = replan(approach, now, walkers, bound)
    for walker, turn in zip(walkers, done.turns, strict=True):
        best = to_first(now, [walker.place], goals)[0]
        millis = None if (now.times[walker.remaining] == BANNED).any() else int(now.times[walker.remaining].sum())
        assert (turn.present_ms, turn.best_ms) == (millis, None if best is None else best.millis)
        if turn.route is not None:
            assert best is not None
            assert turn.route.millis == best.millis
            walk(graph, now.lifted, walker.place.node, turn.route.arcs)
            assert (now.times[turn.route.arcs[turn.route.leaving :]] != BANNED).all()
        elif best is None or not best.leaving:
            assert turn.decision == decide(millis, turn.best_ms, bound)


def test_what_is_no_walker_or_bound_is_named() -> None:
    graph = _square()
    calm = Approach(conditions(graph), [at_node(graph, 3)])
    assert replan(calm, calm.conditions, []).turns == []
    with pytest.raises(Invalid, match="another network"):
        replan(calm, conditions(_square()), [])
    here = at_node(graph, 0)
    wrong = [
        (Walker(here, 1, ALL), "walkers.0.goal"),
        (Walker(here, 0, np.array([99], dtype=np.int32)), "walkers.0.remaining"),
    ]
    for walker, field in wrong:
        with pytest.raises(Invalid) as caught:
            replan(calm, calm.conditions, [walker])
        assert (caught.value.code, caught.value.field) == ("geo.route_invalid", field)
    with pytest.raises(Invalid, match="bound"):
        replan(calm, calm.conditions, [], Hysteresis(-1))
