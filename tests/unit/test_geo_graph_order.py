"""Nodes that are near each other stand near each other; the plant of benches and tests is one and the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.geo_plant import plant
from core.errors import Invalid
from geo.graph.csr import BANNED
from geo.graph.order import place_order
from geo.graph.trees import tree_from, tree_to


def test_four_corners_of_two_levels_come_level_by_level_in_the_shape_of_a_z() -> None:
    x, y = [0, 10, 0, 10, 0, 10], [0, 0, 10, 10, 0, 0]
    assert place_order(x, y, [0, 0, 0, 0, -1, -1]).tolist() == [4, 5, 0, 1, 2, 3]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(-2, 9)), max_size=30))
def test_an_order_has_every_node_once(places: list[tuple[float, float, int]]) -> None:
    x, y, level = np.array(places).reshape(-1, 3).T
    order = place_order(x, y, level)
    assert sorted(order.tolist()) == list(range(len(places)))
    assert sorted(level.tolist()) == level[order].tolist()


def test_neighbours_of_a_shuffled_plant_are_near_again() -> None:
    graph = plant(2_000, seed=6).network.graph
    place = np.empty(graph.nodes, dtype=np.int64)
    place[place_order(graph.x, graph.y, graph.level)] = np.arange(graph.nodes)
    shuffled = np.random.default_rng(6).permutation(graph.nodes)
    apart, before = (np.median(np.abs(p[graph.tails] - p[graph.heads])) for p in (place, shuffled))
    assert 20 * apart < before


def test_a_place_that_is_no_number_is_refused() -> None:
    with pytest.raises(Invalid):
        place_order([0.0, float("nan")], [0.0, 0.0], [0, 0])


def test_the_plant_is_the_same_for_the_same_seed_and_every_node_reaches_every_other_inside() -> None:
    one, same, other = plant(2_000, seed=1), plant(2_000, seed=1), plant(2_000, seed=2)
    graph = one.network.graph
    assert 1_600 < graph.nodes < 2_600
    assert set(graph.level.tolist()) == {0, 1, 2, 3, 4}
    assert graph.millis.tolist() == same.network.graph.millis.tolist()
    assert graph.millis.tolist() != other.network.graph.millis.tolist()
    for tree in (tree_from(graph, [0]), tree_to(graph, one.network.exits)):
        assert (tree.millis != BANNED).all()
