"""Hazards raise the times of the arcs they touch: exactly those a brute-force look finds, and no others."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, build
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.hazards.raising import HazardTimes, raise_times
from geo.hazards.touching import ArcIndex
from tests.unit.geo_hazard_plants import footprints, graphs, times_by_hand, touches


def _corridor() -> Graph:
    """A corridor of 40 m on level 0, stairs from its end up to level 2."""
    graph, _ = build([0, 40, 40], [0, 0, 0], [0, 0, 2], [0, 1, 1, 2], [1, 0, 2, 1], [100, 100, 60, 40])
    return graph


@settings(max_examples=300, deadline=None)
@given(graphs(), st.lists(footprints(), max_size=4))
def test_the_index_finds_exactly_the_arcs_a_look_at_each_finds(graph: Graph, hazards: list[Footprint]) -> None:
    found = ArcIndex(graph).touched(hazards)
    assert len(found) == len(hazards)
    for arcs, footprint in zip(found, hazards, strict=True):
        assert sorted(arcs.tolist()) == [arc for arc in range(graph.arcs) if touches(graph, arc, footprint)]


@settings(max_examples=200, deadline=None)
@given(graphs(), st.lists(footprints(), max_size=4))
def test_times_are_those_reckoned_by_hand_and_never_below_the_graphs_own(
    graph: Graph, hazards: list[Footprint]
) -> None:
    times = HazardTimes(graph)
    times.update([Placed(str(number), (PlacedSlice(0, (it,)),)) for number, it in enumerate(hazards)])
    raised = times.at()
    assert raised.dtype == np.int32
    assert raised.tolist() == times_by_hand(graph, hazards).tolist()
    assert (raised >= graph.millis).all()


@settings(max_examples=100, deadline=None)
@given(graphs(), st.lists(st.tuples(st.sampled_from("abc"), st.none() | footprints()), max_size=6))
def test_changing_hazards_one_after_another_ends_where_starting_anew_does(
    graph: Graph, changes: list[tuple[str, Footprint | None]]
) -> None:
    times = HazardTimes(graph)
    now: dict[str, Footprint] = {}
    for name, footprint in changes:
        if footprint is None:
            times.update(ended=[name])
            now.pop(name, None)
        else:
            times.update([Placed(name, (PlacedSlice(0, (footprint,)),))])
            now[name] = footprint
        assert times.at().tolist() == times_by_hand(graph, list(now.values())).tolist()


def test_a_long_corridor_with_a_cloud_at_one_end_is_touched_though_its_middle_is_clean() -> None:
    graph = _corridor()
    cloud = Footprint(shapely.box(-1, -1, 3, 1), frozenset({0}), BAN_PERMILLE)
    middle = shapely.Point((graph.x[0] + graph.x[1]) / 2, 0)
    assert not cloud.shape.intersects(middle)
    assert sorted(ArcIndex(graph).touched([cloud])[0].tolist()) == [0, 1]


@pytest.mark.parametrize(("level", "touched"), [(-1, []), (0, [0, 1, 2, 3]), (1, [2, 3]), (2, [2, 3]), (3, [])])
def test_stairs_are_touched_from_both_their_levels_and_from_the_one_they_pass(level: int, touched: list[int]) -> None:
    smoke = Footprint(shapely.box(39, -1, 41, 1), frozenset({level}), 2_000)
    assert sorted(ArcIndex(_corridor()).touched([smoke])[0].tolist()) == touched


def test_a_shape_is_touched_by_its_corner_and_its_edge_but_not_through_its_hole() -> None:
    graph, _ = build([0, 2, 4, 6, 5, 5.5], [2, 4, 2, 2, 5, 5], [0] * 6, [0, 1, 2, 4], [1, 0, 3, 5], [9, 9, 9, 9])
    corner = Footprint(shapely.box(1, 0, 3, 3).intersection(shapely.box(1, 3, 3, 3)).buffer(0), frozenset({0}), 2_000)
    assert corner.shape.is_empty
    tip = Footprint(shapely.Polygon([(1, 3), (3, 1), (3, 3)]), frozenset({0}), 2_000)
    edge = Footprint(shapely.box(4, 1, 6, 2), frozenset({0}), 2_000)
    ring = Footprint(
        shapely.Polygon(shapely.box(4, 4, 7, 7).exterior.coords, [shapely.box(4.5, 4.5, 6.5, 6.5).exterior.coords]),
        frozenset({0}),
        2_000,
    )
    found = ArcIndex(graph).touched([corner, tip, edge, ring])
    assert [sorted(it.tolist()) for it in found] == [[], [0, 1], [2], []]


def test_a_network_of_nothing_touches_nothing() -> None:
    empty, _ = build([], [], [], [], [], [])
    cloud = Footprint(shapely.box(0, 0, 1, 1), frozenset({0}), BAN_PERMILLE)
    times = HazardTimes(empty)
    times.update([Placed("a", (PlacedSlice(0, (cloud,)),))])
    assert times.at().tolist() == []
    assert ArcIndex(_corridor()).touched([]) == []


def test_of_two_hazards_the_greater_factor_counts_a_ban_beats_all_and_a_banned_arc_stays_banned() -> None:
    base = np.array([10, 10, 10, BANNED, ARC_MAX_MS, 7], dtype=np.int32)
    all_of_them = np.arange(5, dtype=np.int32)
    raised = raise_times(
        base,
        [(BAN_PERMILLE, all_of_them[2:3]), (3_000, all_of_them[1:2]), (1_001, all_of_them), (2_000, all_of_them[1:2])],
    )
    assert raised.tolist() == [11, 30, BANNED, BANNED, ARC_MAX_MS, 7]
    assert base.tolist()[:3] == [10, 10, 10]


def test_a_factor_that_would_lower_a_time_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        raise_times(np.array([10], dtype=np.int32), [(999, np.array([0], dtype=np.int32))])
    assert (caught.value.code, caught.value.field, caught.value.value) == ("geo.hazard_invalid", "factor", 0.999)


def test_slices_follow_one_another_and_the_last_holds() -> None:
    graph = _corridor()
    near = Footprint(shapely.box(-1, -1, 3, 1), frozenset({0}), 2_000)
    far = Footprint(shapely.box(39, -1, 41, 1), frozenset({2}), BAN_PERMILLE)
    times = HazardTimes(graph)
    times.update(
        [
            Placed("leak", (PlacedSlice(5_000, (near,)), PlacedSlice(9_000, (near, far)))),
            Placed("smoke", (PlacedSlice(7_000, ()),)),
        ]
    )
    sliced = times.sliced()
    assert sliced.starts_ms.tolist() == [0, 5_000, 7_000, 9_000]
    ban = int(BANNED)
    assert sliced.millis.tolist() == [[100, 100, 60, 40], *[[200, 200, 60, 40]] * 2, [200, 200, ban, ban]]
    later = times.sliced(from_ms=8_000)
    assert (later.starts_ms.tolist(), later.millis[1].tolist()) == ([0, 1_000], [200, 200, ban, ban])
    assert times.at(10**9).tolist() == [200, 200, ban, ban]


def test_even_slices_hold_the_worst_of_every_moment_in_them_and_the_last_of_all_that_follows() -> None:
    graph = _corridor()
    near = Footprint(shapely.box(-1, -1, 3, 1), frozenset({0}), 2_000)
    far = Footprint(shapely.box(39, -1, 41, 1), frozenset({2}), BAN_PERMILLE)
    times = HazardTimes(graph)
    times.update([Placed("leak", (PlacedSlice(4_000, (near,)), PlacedSlice(12_000, (far,)), PlacedSlice(31_000, ())))])
    ban = int(BANNED)
    assert times.even(10_000, 2).tolist() == [[200, 200, 60, 40], [200, 200, ban, ban]]
    assert times.even(10_000, 5).tolist() == [
        [200, 200, 60, 40],
        [200, 200, ban, ban],
        [100, 100, ban, ban],
        [100, 100, ban, ban],
        [100, 100, 60, 40],
    ]
    assert times.even(10_000, 1, from_ms=12_000).tolist() == [[100, 100, ban, ban]]
    for slice_ms, count in ((0, 1), (1, 0)):
        with pytest.raises(Invalid):
            times.even(slice_ms, count)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.lists(st.tuples(st.integers(0, 50), footprints()), max_size=4), st.integers(1, 20))
def test_no_moment_is_better_than_the_even_slice_it_lies_in_says(
    graph: Graph, hazards: list[tuple[int, Footprint]], slice_ms: int
) -> None:
    times = HazardTimes(graph)
    times.update(
        [Placed(str(n), (PlacedSlice(at, (it,)), PlacedSlice(at + 7, ()))) for n, (at, it) in enumerate(hazards)]
    )
    rows = times.even(slice_ms, 3)
    for moment in range(0, 70):
        assert (rows[min(moment // slice_ms, 2)] >= times.at(moment)).all()


def test_an_update_that_fails_leaves_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Footprint(shapely.box(-1, -1, 3, 1), frozenset({0}), 2_000)
    index = ArcIndex(_corridor())
    times = HazardTimes(_corridor(), index)
    times.update([Placed("leak", (PlacedSlice(0, (cloud,)),))])

    def broken(_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(index, "touched", broken)
    with pytest.raises(MemoryError):
        times.update([Placed("fire", (PlacedSlice(0, (cloud,)),))], ended=["leak"])
    assert list(times.touched_at()) == ["leak"]
    assert times.at().tolist() == [200, 200, 60, 40]
