"""Against a forecast: first at a goal, and on no arc while it is banned."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import BANNED, Graph, Ints, build
from geo.graph.timed import timed_tree
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.hazards.raising import HazardTimes
from geo.routing.predicted import Forecast, forecast, predicted_route
from geo.routing.snapping import Place, at_node
from tests.unit.walking_graphs import graphs

NEVER = int(BANNED)


def _row() -> Graph:
    """Four nodes ten metres and ten seconds apart, both ways."""
    ends = [(0, 1), (1, 2), (2, 3)]
    tails, heads = [a for a, _ in ends] + [b for _, b in ends], [b for _, b in ends] + [a for a, _ in ends]
    return build([0, 10, 20, 30], [0] * 4, [0] * 4, tails, heads, [10_000] * 6)[0]


def _coming(*slices: tuple[int, float, float, int]) -> HazardTimes:
    """``(start_ms, left, right, permille)``: what there is from then on."""
    parts = tuple(
        PlacedSlice(at, (Footprint(shapely.box(left, -1, right, 1), frozenset({0}), permille),))
        for at, left, right, permille in slices
    )
    times = HazardTimes(_row())
    times.update([Placed("gas", parts)])
    return times


def _arc(tail: int, head: int) -> int:
    graph = _row()
    return int(np.flatnonzero((graph.tails == tail) & (graph.heads == head))[0])


def _on(x: float, walk_ms: int = 0) -> Place:
    tail = int(x // 10)
    return Place(x=x, y=0, level=0, on_x=x, on_y=0, ahead=_arc(tail, tail + 1), back=_arc(tail + 1, tail),
                 along_ppm=round((x - 10 * tail) * 100_000), walk_ms=walk_ms)  # fmt: skip


def test_a_slice_holds_the_worst_of_what_changes_in_it_and_the_last_one_of_all_that_comes() -> None:
    hazards = _coming((0, 5, 6, 2_000), (12_000, 5, 6, BAN_PERMILLE), (18_000, 15, 16, 3_000), (90_000, 25, 26, 2_000))
    ahead = forecast(_row(), hazards, 10_000, 3, closed=[_arc(3, 2)])
    first, middle, last = (_arc(0, 1), _arc(1, 2), _arc(2, 3))
    assert ahead.times[:, first].tolist() == [20_000, NEVER, 10_000]
    assert ahead.times[:, middle].tolist() == [10_000, 30_000, 30_000]
    assert ahead.times[:, last].tolist() == [10_000, 10_000, 20_000]
    assert (ahead.times[:, _arc(3, 2)] == NEVER).all()


def test_who_is_early_enough_passes_before_the_cloud_and_who_is_not_has_no_way() -> None:
    ahead = forecast(_row(), _coming((25_000, 15, 16, BAN_PERMILLE)), 5_000, 8)
    way = predicted_route(ahead, at_node(_row(), 0), [at_node(_row(), 3)])
    assert way is not None
    assert (way.route.millis, way.leaves_ms.tolist(), way.reaches_ms.tolist()) == (
        30_000, [0, 10_000, 20_000], [10_000, 20_000, 30_000],
    )  # fmt: skip
    assert predicted_route(ahead, at_node(_row(), 0), [at_node(_row(), 3)], departs_ms=6_000) is None
    late = predicted_route(ahead, at_node(_row(), 0), [at_node(_row(), 3), at_node(_row(), 1)], departs_ms=6_000)
    assert late is not None
    assert (late.route.goal, late.route.arrival_ms, late.route.departs_ms) == (1, 16_000, 6_000)


def test_parts_of_arcs_are_walked_at_the_worst_time_of_their_slices_and_never_in_a_ban() -> None:
    ahead = forecast(_row(), _coming((5_000, 3, 4, 2_000), (20_000, 25, 26, BAN_PERMILLE)), 5_000, 6)
    slowed = predicted_route(ahead, _on(2), [_on(18, 500)])
    assert slowed is not None
    assert slowed.route.first is not None
    assert slowed.route.last is not None
    # 8 s would end in the second slice, where the arc takes twice as long: 16 s for all of it.
    assert (slowed.route.first.millis, slowed.route.last.millis, slowed.route.millis) == (16_000, 8_000, 24_500)
    assert slowed.route.access_ms == 500
    assert predicted_route(ahead, _on(2), [_on(28)]) is None


def test_on_one_arc_one_walks_straight_on_unless_a_ban_comes() -> None:
    ahead = forecast(_row(), _coming((5_000, 13, 14, BAN_PERMILLE)), 5_000, 6)
    near = predicted_route(ahead, _on(12), [_on(18), _on(16, 100), _on(17)])
    assert near is not None
    assert (near.route.goal, near.route.millis, near.route.arcs.tolist()) == (1, 4_100, [])
    assert predicted_route(ahead, _on(12), [_on(18)]) is None


def test_over_an_end_of_its_arc_the_goal_may_be_reached_from_either_side() -> None:
    ahead = forecast(_row(), _coming((90_000, 13, 14, BAN_PERMILLE)), 5_000, 3)
    way = predicted_route(ahead, at_node(_row(), 3), [_on(12)])
    assert way is None
    way = predicted_route(ahead, _on(22), [_on(28), at_node(_row(), 2)])
    assert way is not None
    assert (way.route.goal, way.route.millis, len(way.leaves_ms)) == (1, 2_000, 0)


@given(st.data(), graphs(8))
def test_between_nodes_it_is_the_first_moment_of_the_timed_search(data: st.DataObject, graph: Graph) -> None:
    slices = data.draw(st.integers(1, 4))
    factor = st.sampled_from([1, 1, 2, 0])
    rows = data.draw(
        st.lists(st.lists(factor, min_size=graph.arcs, max_size=graph.arcs), min_size=slices, max_size=slices)
    )
    factors = np.array(rows, dtype=np.int64).reshape(slices, graph.arcs)
    times: Ints = np.where(
        (factors == 0) | (graph.millis == BANNED),
        NEVER,
        np.minimum(graph.millis.astype(np.int64) * factors, 86_400_000),
    ).astype(np.int32)
    nodes = st.integers(0, graph.nodes - 1)
    start, goals, departs = (
        data.draw(nodes),
        data.draw(st.lists(nodes, min_size=1, max_size=3)),
        data.draw(st.integers(0, 9_000)),
    )
    way = predicted_route(Forecast(graph, times, 2_000), at_node(graph, start), [at_node(graph, it) for it in goals],
                          departs_ms=departs)  # fmt: skip
    millis = timed_tree(graph, [start], times, 2_000, offsets=[departs]).millis[goals]
    assert (NEVER if way is None else way.route.arrival_ms) == millis.min()
    if way is not None:
        for arc, leaves, reaches in zip(way.route.arcs, way.leaves_ms, way.reaches_ms, strict=True):
            within = range(min(leaves // 2_000, slices - 1), min((reaches - 1) // 2_000, slices - 1) + 1)
            assert all(times[it, arc] != BANNED for it in within)


@pytest.mark.parametrize(("slice_ms", "slices", "field"), [(0, 1, "slice_ms"), (1, 0, "slices"), (1, 1_001, "slices")])
def test_slices_are_bounded(slice_ms: int, slices: int, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        forecast(_row(), _coming(), slice_ms, slices)
    assert (caught.value.code, caught.value.field) == ("geo.route_invalid", field)
