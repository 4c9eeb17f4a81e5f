"""Trees: as short as scipy's to the millisecond, their ways walkable, nothing banned on them, one for each question."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.geo_plant import plant
from core.errors import Invalid
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, build
from geo.graph.trees import Tree, path, paths, tree_from, tree_to
from tests.unit.walking_graphs import graphs, raised, shortest, walk

NEVER = int(BANNED)


def _line(*millis: int) -> Graph:
    """Nodes in a row, an arc from each to the next."""
    count = len(millis)
    nodes = range(count + 1)
    return build(nodes, [0] * (count + 1), [0] * (count + 1), nodes[:-1], nodes[1:], millis)[0]


def _grow(graph: Graph, root: int, forward: bool, **more: Any) -> Tree:
    return tree_from(graph, [root], **more) if forward else tree_to(graph, [root], **more)


@given(st.data(), graphs(), st.booleans())
def test_a_tree_is_as_short_as_the_oracles_and_its_ways_are_walkable(
    data: st.DataObject, graph: Graph, forward: bool
) -> None:
    times = data.draw(raised(graph.millis))
    root = data.draw(st.integers(0, graph.nodes - 1))
    tree = _grow(graph, root, forward, times=times)
    assert tree.millis.tolist() == shortest(graph, times, forward=forward)[root].tolist()
    for node in range(graph.nodes):
        way = path(tree, graph, node)
        if way is None:
            assert (tree.millis[node], tree.arcs[node]) == (BANNED, -1)
        else:
            start, end = (root, node) if forward else (node, root)
            assert walk(graph, times, start, way) == (end, tree.millis[node])


@given(st.data(), graphs())
def test_from_several_sources_each_node_has_the_one_that_is_first_there(data: st.DataObject, graph: Graph) -> None:
    nodes = st.integers(0, graph.nodes - 1)
    sources = data.draw(st.lists(st.tuples(nodes, st.integers(0, 5_000)), max_size=4))
    tree = tree_from(graph, [s for s, _ in sources], offsets=[passed for _, passed in sources])
    every = shortest(graph, graph.millis)
    for node in range(graph.nodes):
        ways = [passed + every[s, node] for s, passed in sources if every[s, node] != NEVER]
        assert tree.millis[node] == min(ways, default=NEVER)


@given(st.data(), graphs())
def test_a_limit_cuts_what_is_beyond_it_and_nothing_else(data: st.DataObject, graph: Graph) -> None:
    root, limit = data.draw(st.integers(0, graph.nodes - 1)), data.draw(st.integers(0, 10_000))
    tree = tree_from(graph, [root], limit_ms=limit)
    whole = tree_from(graph, [root])
    assert tree.millis.tolist() == np.where(whole.millis <= limit, whole.millis, BANNED).tolist()
    assert tree.arcs.tolist() == np.where(whole.millis <= limit, whole.arcs, -1).tolist()


@given(st.data(), graphs())
def test_a_tree_that_stops_early_has_its_targets_and_nothing_that_is_not_final(
    data: st.DataObject, graph: Graph
) -> None:
    nodes = st.integers(0, graph.nodes - 1)
    root, targets = data.draw(nodes), data.draw(st.lists(nodes, min_size=1, max_size=3))
    whole, tree = tree_from(graph, [root]), tree_from(graph, [root], targets=targets)
    assert tree.millis[targets].tolist() == whole.millis[targets].tolist()
    reached = tree.millis != BANNED
    assert tree.millis[reached].tolist() == whole.millis[reached].tolist()
    assert tree.arcs[reached].tolist() == whole.arcs[reached].tolist()
    assert (whole.whole, tree.whole) == (True, False)


def test_of_ways_that_take_equally_long_the_lower_arc_stands() -> None:
    graph, _ = build([0, 1, 2, 3], [0] * 4, [0] * 4, [0, 0, 1, 2, 1], [1, 2, 3, 3, 3], [5, 5, 5, 5, 5])
    assert tree_from(graph, [0]).arcs.tolist() == [-1, 0, 1, 2]
    assert tree_to(graph, [3]).arcs.tolist() == [0, 2, 4, -1]


def test_a_way_of_more_than_24_days_is_no_way_and_does_not_wrap_around() -> None:
    graph = _line(*[ARC_MAX_MS] * 30)
    assert tree_from(graph, [0]).millis.tolist() == [ARC_MAX_MS * i if i <= 24 else NEVER for i in range(31)]


def test_a_whole_plant_agrees_with_the_oracle_both_ways() -> None:
    graph = plant(2_000, seed=3).network.graph
    for forward in (True, False):
        tree = _grow(graph, graph.nodes // 3, forward)
        ways = paths(tree, graph, range(graph.nodes))
        assert np.diff(ways.starts).max() > 20
        took = [int(graph.millis[ways.of(node)].sum()) for node in range(graph.nodes)]
        assert tree.millis.tolist() == took
        assert tree.millis.tolist() == shortest(graph, graph.millis, forward=forward)[graph.nodes // 3].tolist()


def test_a_network_of_nothing_has_an_empty_tree() -> None:
    graph, _ = build([], [], [], [], [], [])
    assert len(tree_from(graph, []).millis) == 0


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"sources": [3]}, "roots", 3),
        ({"sources": [-1]}, "roots", -1),
        ({"sources": [0.5]}, "roots", "float64"),
        ({"times": [5]}, "times", (1,)),
        ({"times": [5, 0]}, "times", 0),
        ({"times": [5, 2**31]}, "times", 2**31),
        ({"times": [5.0, 5.0]}, "times", "float64"),
        ({"offsets": [1, 2]}, "offsets", 2),
        ({"offsets": [-1]}, "offsets", -1),
        ({"limit_ms": -1}, "limit_ms", -1),
        ({"limit_ms": NEVER}, "limit_ms", NEVER),
        ({"targets": [3]}, "targets", 3),
    ],
)
def test_what_is_out_of_bounds_is_named(change: dict[str, Any], field: str, value: object) -> None:
    given: dict[str, Any] = {"sources": [0]} | change
    with pytest.raises(Invalid) as caught:
        tree_from(_line(5, 5), **given)
    assert (caught.value.code, caught.value.field, caught.value.value) == ("geo.search_invalid", field, value)


def test_a_path_of_a_node_that_does_not_exist_is_refused() -> None:
    graph = _line(5)
    with pytest.raises(Invalid):
        path(tree_from(graph, [0]), graph, 2)
