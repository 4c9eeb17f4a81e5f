"""No safe route is said; then the way of the least harm of all there are, with its dose; shut doors stay shut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import BANNED, Graph, build
from geo.hazards.dose import DoseRates, LoadLaw, Protection, dose_rates
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.hazards.model import Concentration
from geo.hazards.raising import HazardTimes
from geo.routing.approach import to_first
from geo.routing.conditions import Conditions, conditions
from geo.routing.harm import LeastHarm, weigh
from geo.routing.outcome import outcomes
from geo.routing.routes import Crossed
from geo.routing.snapping import Place, at_node
from tests.unit.routing_cases import boxes
from tests.unit.walking_graphs import graphs

LAW = LoadLaw("a", 1.0, "ppm", "Haber")


@st.composite
def leaks(draw: st.DrawFn, most: int = 7) -> tuple[Conditions, DoseRates]:
    graph = draw(graphs(most))
    times = HazardTimes(graph)
    times.update([draw(boxes(f"h{i}")) for i in range(draw(st.integers(1, 3)))])
    shut = draw(st.lists(st.integers(0, max(graph.arcs - 1, 0)), max_size=min(2, graph.arcs)))
    return conditions(graph, times, closed=shut), dose_rates(times, LAW)


def simple_ways(graph: Graph, usable: np.ndarray, start: int, goal: int) -> Iterator[list[int]]:
    """Every way that visits no node twice."""
    todo: list[tuple[int, list[int], set[int]]] = [(start, [], {start})]
    while todo:
        at, arcs, seen = todo.pop()
        if at == goal:
            yield arcs
            continue
        for arc in range(graph.starts[at], graph.starts[at + 1]):
            head = int(graph.heads[arc])
            if usable[arc] and head not in seen:
                todo.append((head, [*arcs, arc], seen | {head}))


@given(st.data(), leaks())
def test_the_least_harm_is_the_least_of_all_ways(data: st.DataObject, leak: tuple[Conditions, DoseRates]) -> None:
    found, rates = leak
    graph, nodes = found.graph, st.integers(0, leak[0].graph.nodes - 1)
    start, goal = data.draw(nodes), data.draw(nodes)
    outcome = outcomes(found, [at_node(graph, start)], [at_node(graph, goal)], rates)[0]
    safe = to_first(found, [at_node(graph, start)], [at_node(graph, goal)])[0]
    assert (outcome.state == "safe") == (safe is not None)
    if outcome.state == "safe":
        return
    unmeasured = np.zeros(graph.arcs, dtype=bool)
    for hazard in found.hazards:
        for footprint, arcs in hazard.touched:
            if footprint.permille == BAN_PERMILLE and not footprint.air:
                unmeasured[arcs] = True
    ways = [
        (int(found.lifted[way][unmeasured[way]].sum()), (rates.per_min[0][way] * found.lifted[way]).sum() / 60_000,
         int(found.lifted[way].sum(dtype=np.int64)))
        for way in simple_ways(graph, found.base != BANNED, start, goal)
    ]  # fmt: skip
    assert (outcome.state == "no_route") == (not ways)
    if outcome.route is not None:
        assert outcome.dose is not None
        least = min(ways)
        assert outcome.unmeasured_ms == least[0]
        assert outcome.dose.load == pytest.approx(least[1], rel=1e-9)
        assert outcome.route.kind == "least_harm"
        assert (found.base[outcome.route.arcs] != BANNED).all()
        assert outcome.route.millis == found.lifted[outcome.route.arcs].sum(dtype=np.int64)
        assert outcome.cut_off_by or start == goal


@given(st.data(), leaks(6), st.sampled_from([Protection(10.0, 0.5), Protection(50.0, 3.0), Protection(50.0, 900.0)]))
def test_with_air_that_runs_out_it_is_the_least_of_all_ways_too(
    data: st.DataObject, leak: tuple[Conditions, DoseRates], worn: Protection
) -> None:
    found, rates = leak
    graph, nodes = found.graph, st.integers(0, leak[0].graph.nodes - 1)
    start, goal = data.draw(nodes), data.draw(nodes)
    outcome = outcomes(found, [at_node(graph, start)], [at_node(graph, goal)], rates, worn)[0]
    unmeasured = weigh(found, rates).unmeasured & found.hazard_bans
    ways = list(simple_ways(graph, (found.base != BANNED) & ~unmeasured, start, goal))
    if outcome.state == "least_harm" and ways:
        assert outcome.dose is not None
        loads = []
        for way in ways:
            at, load = 0, 0.0
            for arc in way:
                millis = int(found.lifted[arc])
                masked = min(max((worn.air_s or 0) * 1_000 - at, 0), millis)
                load += rates.per_min[0][arc] / 60_000 * (masked / worn.factor + (millis - masked))
                at += millis
            loads.append(load)
        assert outcome.dose.load == pytest.approx(min(loads), rel=1e-9)


def test_when_the_air_runs_out_in_the_longer_cloud_the_thicker_is_the_better() -> None:
    ends = [(0, 1, 10), (1, 3, 10), (0, 2, 40), (2, 3, 40)]
    tails, heads, seconds = zip(*ends, strict=True)
    graph, _ = build([0, 10, 10, 20], [5, 0, 10, 5], [0] * 4, tails, heads, [1_000 * it for it in seconds])
    times = HazardTimes(graph)
    times.update([_cloud("thick", 0, 9.0), _cloud("thin", 10, 1.5)])
    found, rates = conditions(graph, times), dose_rates(times, LAW)
    for air_s, cloud in ((80.0, "thin"), (20.0, "thick")):
        (one,) = outcomes(found, [at_node(graph, 0)], [at_node(graph, 3)], rates, Protection(50.0, air_s))
        assert (one.cut_off_by, one.route and one.route.kind) == ((cloud,), "least_harm")
    times.update([_cloud("thick", 0, None), _cloud("thin", 10, None)])
    (fires,) = outcomes(
        conditions(graph, times), [at_node(graph, 0)], [at_node(graph, 3)], rates, Protection(50.0, 1.0)
    )
    assert (fires.state, fires.unmeasured_ms) == ("least_harm", 20_000)
    two = outcomes(found, [at_node(graph, 0)] * 2, [at_node(graph, 3)], rates, Protection(50.0, 20.0))
    assert [it.cut_off_by for it in two] == [("thick",)] * 2


def _corridors() -> Graph:
    """From 0 to 3 over 1 (y = 0) or over 2 (y = 10), 20 s each, both ways."""
    ends = [(0, 1), (1, 3), (0, 2), (2, 3)]
    tails, heads = [a for a, _ in ends] + [b for _, b in ends], [b for _, b in ends] + [a for a, _ in ends]
    return build([0, 10, 10, 20], [5, 0, 10, 5], [0] * 4, tails, heads, [10_000] * 8)[0]


def _cloud(name: str, y: float, ppm: float | None, x: float = 10, size: float = 1) -> Placed:
    air = () if ppm is None else (Concentration("a", ppm, "ppm"),)
    shape = shapely.box(x - size, y - size, x + size, y + size)
    return Placed(name, (PlacedSlice(0, (Footprint(shape, frozenset({0}), BAN_PERMILLE, air),)),))


def _now(*clouds: Placed, closed: tuple[int, ...] = ()) -> tuple[Conditions, DoseRates]:
    graph = _corridors()
    times = HazardTimes(graph)
    times.update(clouds)
    return conditions(graph, times, closed=closed), dose_rates(times, LAW)


def test_the_thinner_cloud_is_walked_through_and_a_fire_nobody_measured_is_the_last_resort() -> None:
    found, rates = _now(_cloud("thick", 0, 9.0), _cloud("thin", 10, 3.0))
    ends = [at_node(found.graph, 0)], [at_node(found.graph, 3)]
    (one,) = outcomes(found, *ends, rates)
    assert (one.state, one.cut_off_by, one.dose and one.dose.load) == ("least_harm", ("thin",), 1.0)
    assert one.reason is not None
    assert "thin" in one.reason.en
    (masked,) = outcomes(found, *ends, rates, Protection(50.0))
    assert masked.dose is not None
    assert masked.dose.load == pytest.approx(0.02)
    found, rates = _now(_cloud("thick", 0, 9.0), _cloud("fire", 10, None))
    assert outcomes(found, *ends, rates)[0].cut_off_by == ("thick",)
    found, rates = _now(_cloud("fire", 0, None), _cloud("blaze", 10, None))
    (burning,) = outcomes(found, *ends, rates)
    assert (burning.state, burning.unmeasured_ms, burning.dose and burning.dose.load) == ("least_harm", 20_000, 0.0)
    assert outcomes(found, *ends, rates, load_max=10.0)[0].state == "no_route"


def test_nobody_is_sent_through_more_than_the_limit_and_what_cuts_off_is_named() -> None:
    found, rates = _now(_cloud("thick", 0, 9.0), _cloud("thin", 10, 3.0))
    ends = [at_node(found.graph, 0)], [at_node(found.graph, 3)]
    assert outcomes(found, *ends, rates, load_max=1.0)[0].state == "least_harm"
    (none,) = outcomes(found, *ends, rates, load_max=0.9)
    assert (none.state, none.route, none.cut_off_by, none.dose and none.dose.load) == ("no_route", None, ("thin",), 1.0)


def test_a_shut_door_stays_shut_however_bad_the_rest_is() -> None:
    calm, _ = _now()
    shut = tuple(np.flatnonzero((calm.graph.tails == 2) | (calm.graph.heads == 2)).tolist())
    found, rates = _now(_cloud("thick", 0, 9.0), closed=shut)
    ends = [at_node(found.graph, 0)], [at_node(found.graph, 3)]
    assert outcomes(found, *ends, rates)[0].cut_off_by == ("thick",)
    found, rates = _now(_cloud("thick", 0, 9.0), closed=tuple(range(8)))
    (none,) = outcomes(found, *ends, rates)
    assert (none.state, none.cut_off_by, none.dose) == ("no_route", (), None)


def _on_the_way(ppm: int) -> Place:
    """Between nodes 1 and 3."""
    graph = _corridors()
    ahead, back = (int(np.flatnonzero((graph.tails == a) & (graph.heads == b))[0]) for a, b in ((1, 3), (3, 1)))
    share = ppm / 1e6
    x, y = 10 + 10 * share, 5 * share
    return Place(x=x, y=y, level=0, on_x=x, on_y=y, ahead=ahead, back=back, along_ppm=ppm, walk_ms=100)


def test_from_and_to_the_middle_of_an_arc_the_part_that_is_walked_is_breathed() -> None:
    """The clouds reach over the whole arc between 1 and 3, and over node 3."""
    found, rates = _now(_cloud("gas", 3, 6.0, 16, 6.5))
    (one,) = outcomes(found, [_on_the_way(200_000)], [_on_the_way(700_000)], rates, Protection(2.0, air_s=4.1))
    assert one.route is not None
    assert (one.state, one.route.millis, one.route.access_ms, one.route.arcs.tolist()) == ("least_harm", 5_200, 200, [])
    # 3.9 s of air are left after the steps off the network: half, and the rest whole, of 6 ppm.
    assert one.dose is not None
    assert one.dose.load == pytest.approx((3.9 / 2 + 1.1) * 6 / 60)
    (out,) = outcomes(found, [at_node(found.graph, 0)], [_on_the_way(700_000)], rates)
    assert out.route is not None
    assert out.route.last is not None
    assert (out.state, out.route.millis) == ("least_harm", 23_100)
    assert out.route.crossed == (Crossed("gas", 13_000, BAN_PERMILLE),)
    harm = weigh(found, rates)
    for goal, millis in ((at_node(found.graph, 0), 12_100), (at_node(found.graph, 3), 8_100)):
        back = LeastHarm(harm, [goal, at_node(found.graph, 2)]).route(_on_the_way(200_000))
        assert back is not None
        assert back.millis == millis
    goals = [_on_the_way(700_000), _on_the_way(800_000), at_node(found.graph, 3)]
    near = LeastHarm(harm, goals).route(_on_the_way(600_000))
    assert near is not None
    assert (near.goal, near.millis) == (0, 1_200)


def test_who_is_there_already_is_told_where_they_are() -> None:
    found, rates = _now(_cloud("gas", 0, 6.0))
    (one,) = outcomes(found, [at_node(found.graph, 1)], [at_node(found.graph, 1)], rates)
    assert one.reason is not None
    assert (one.state, one.cut_off_by, "you are there" in one.reason.en) == ("least_harm", (), True)


def test_a_way_out_of_a_cloud_is_safe_and_its_dose_is_told() -> None:
    found, rates = _now(_cloud("gas", 0, 6.0))
    (one,) = outcomes(found, [at_node(found.graph, 1)], [at_node(found.graph, 3)], rates)
    assert (one.state, one.route and one.route.leaving, one.dose and one.dose.load) == ("safe", 1, 1.0)


def test_rates_of_another_network_and_limits_below_nothing_are_refused() -> None:
    found, rates = _now()
    ends = [at_node(found.graph, 0)], [at_node(found.graph, 3)]
    with pytest.raises(Invalid, match="load_max"):
        outcomes(found, *ends, rates, load_max=-1.0)
    with pytest.raises(Invalid, match="rates"):
        outcomes(found, *ends, DoseRates(LAW, np.zeros(1, np.int64), np.zeros((1, 3))))
    with pytest.raises(Invalid) as caught:
        outcomes(found, *ends, rates, Protection(0.5))
    assert caught.value.code == "geo.dose_invalid"
