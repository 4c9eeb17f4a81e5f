"""Time against dose: exactly the ways that none beats, by brute force; with a mask, and when its air runs out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import BANNED
from geo.hazards.dose import DoseRates, Protection
from geo.hazards.footprints import Footprint, Placed, PlacedSlice
from geo.routing.conditions import Conditions
from geo.routing.harm import weigh
from geo.routing.safest import LABELS_MAX, Choice, quickest_within, safest_choices, short_list
from geo.routing.snapping import at_node
from tests.unit.test_geo_routing_outcome import _cloud, _now, _on_the_way, leaks, simple_ways

PROTECTIONS = st.sampled_from([Protection(), Protection(10.0), Protection(50.0, 0.5), Protection(10.0, 2_000.0)])


@given(st.data(), leaks(6), PROTECTIONS, st.booleans())
def test_the_choices_are_all_ways_that_none_beats_and_no_other(
    data: st.DataObject, leak: tuple[Conditions, DoseRates], worn: Protection, through: bool
) -> None:
    found, rates = leak
    graph, nodes = found.graph, st.integers(0, leak[0].graph.nodes - 1)
    start, goal = data.draw(nodes), data.draw(nodes)
    harm = weigh(found, rates, worn)
    times = np.where(harm.unmeasured & found.hazard_bans, BANNED, found.lifted) if through else found.times
    ways = []
    for way in simple_ways(graph, times != BANNED, start, goal):
        at, load = 0, 0.0
        for arc in way:
            millis = int(times[arc])
            masked = millis if worn.air_s is None else min(max(int(worn.air_s * 1_000) - at, 0), millis)
            load += harm.rates[arc] * (masked / worn.factor + (millis - masked))
            at += millis
        ways.append((at, load))
    front = sorted({it for it in ways if not any(a <= it[0] and b <= it[1] and (a, b) != it for a, b in ways)})
    answer = safest_choices(harm, at_node(graph, start), [at_node(graph, goal)], through_bans=through)
    assert answer.complete
    assert [(it.route.millis, it.load) for it in answer.choices] == front
    for it in answer.choices:
        assert (times[it.route.arcs] != BANNED).all()
        assert it.route.millis == times[it.route.arcs].sum(dtype=np.int64)
    if front:
        limit = data.draw(st.sampled_from([load for _, load in front]))
        best = quickest_within(harm, at_node(graph, start), [at_node(graph, goal)], limit, through_bans=through)
        assert best is not None
        assert (best.route.millis, best.load) == min(it for it in front if it[1] <= limit)


def _slow(name: str, y: float, ppm: float) -> Placed:
    placed = _cloud(name, y, ppm)
    (part,) = placed.slices
    (it,) = part.footprints
    return Placed(name, (PlacedSlice(0, (Footprint(it.shape, it.levels, 1_500, it.air),)),))


def test_a_limit_chooses_the_quickest_way_under_it_and_a_ban_is_gone_through_only_when_asked() -> None:
    found, rates = _now(_cloud("thick", 0, 9.0), _slow("thin", 10, 3.0))
    harm, here, there = weigh(found, rates), at_node(found.graph, 0), [at_node(found.graph, 3)]
    assert [(it.route.millis, it.load, it.route.kind) for it in safest_choices(harm, here, there).choices] == [
        (30_000, 1.5, "avoiding")
    ]
    both = safest_choices(harm, here, there, through_bans=True).choices
    assert [(it.route.millis, it.route.kind) for it in both] == [(20_000, "least_harm"), (30_000, "avoiding")]
    assert [it.load for it in both] == pytest.approx([3.0, 1.5])
    assert quickest_within(harm, here, there, 1.4) is None
    best = quickest_within(harm, here, there, 2.9, through_bans=True)
    assert best is not None
    assert (best.route.millis, best.air_left_s) == (30_000, None)


def test_air_that_runs_out_makes_the_long_way_the_dirtier_one() -> None:
    found, rates = _now(_slow("thick", 0, 9.0), _cloud("thin", 10, 3.0))
    here, there = at_node(found.graph, 0), [at_node(found.graph, 3)]
    lasting = safest_choices(weigh(found, rates, Protection(50.0)), here, there, through_bans=True)
    assert len(lasting.choices) == 1
    short = safest_choices(weigh(found, rates, Protection(50.0, 5.0)), here, there, through_bans=True).choices
    assert [it.air_left_s for it in short] == [-15.0]
    assert short[0].load == pytest.approx((5 / 50 + 15) * 3 / 60)


def test_parts_of_arcs_are_breathed_too_and_the_arc_both_are_on_is_a_way() -> None:
    found, rates = _now(_slow("gas", 0, 6.0))
    harm = weigh(found, rates)
    (way,) = safest_choices(harm, _on_the_way(200_000), [_on_the_way(700_000)]).choices
    assert (way.route.millis, way.route.access_ms, way.load) == (7_700, 200, 0.75)
    assert safest_choices(harm, _on_the_way(200_000), [_on_the_way(700_000)], load_max=0.1).choices == []
    ways = safest_choices(harm, _on_the_way(200_000), [at_node(found.graph, 0)]).choices
    assert [it.route.millis for it in ways] == [18_100, 32_100]
    assert [it.load for it in ways] == pytest.approx([1.8, 1.2])
    back = safest_choices(harm, at_node(found.graph, 0), [_on_the_way(900_000), at_node(found.graph, 1)]).choices
    assert [(it.route.millis, it.route.goal) for it in back] == [(15_000, 1), (21_600, 0)]
    assert safest_choices(harm, at_node(found.graph, 1), [_on_the_way(900_000)]).choices[0].route.millis == 13_600


def test_few_of_many_choices_are_the_ends_and_what_lies_between() -> None:
    found, rates = _now(_slow("gas", 0, 6.0))
    route = safest_choices(weigh(found, rates), at_node(found.graph, 0), [at_node(found.graph, 3)]).choices[0].route
    many = [Choice(route, float(load), None) for load in (10, 9, 8, 5, 2, 1, 0)]
    assert [it.load for it in short_list(many)] == [10, 5, 0]
    assert short_list(many[:2]) == many[:2]


def test_with_few_labels_a_node_the_list_says_that_it_is_not_whole() -> None:
    found, rates = _now(_cloud("thick", 0, 3.1), _slow("thin", 10, 2.0))
    harm, here, there = weigh(found, rates), at_node(found.graph, 0), [at_node(found.graph, 3)]
    assert safest_choices(harm, here, there, through_bans=True).complete
    cut = safest_choices(harm, here, there, through_bans=True, labels_a_node=1)
    assert (len(cut.choices), cut.complete) == (1, False)


def test_limits_are_limits() -> None:
    found, rates = _now()
    harm, here = weigh(found, rates), at_node(found.graph, 0)
    for change, field in (({"load_max": math.nan}, "load_max"), ({"labels_a_node": 0}, "labels_a_node"),
                          ({"labels_a_node": LABELS_MAX + 1}, "labels_a_node")):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            safest_choices(harm, here, [here], **change)
        assert (caught.value.code, caught.value.field) == ("geo.route_invalid", field)
