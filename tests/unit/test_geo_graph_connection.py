"""Parts of a network against scipy's, and who reaches whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from geo.graph.connection import parts, reaching, strong_parts
from geo.graph.csr import BANNED, Graph, build


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes = draw(st.integers(1, 12))
    end = st.integers(0, nodes - 1)
    arcs = draw(st.lists(st.tuples(end, end, st.sampled_from([1, 5, int(BANNED)])), max_size=25))
    tails, heads, millis = zip(*arcs, strict=True) if arcs else ((), (), ())
    zeros = [0] * nodes
    return build(zeros, zeros, zeros, tails, heads, millis)[0]


def matrix(graph: Graph) -> Any:
    open_ = graph.millis != BANNED
    ones = np.ones(int(open_.sum()))
    return csr_array((ones, (graph.tails[open_], graph.heads[open_])), shape=(graph.nodes, graph.nodes))


@given(graphs())
def test_parts_are_scipys_and_the_largest_is_the_first(graph: Graph) -> None:
    for found, connection in ((parts(graph), "weak"), (strong_parts(graph), "strong")):
        count, labels = connected_components(matrix(graph), connection=connection)
        same = found[:, None] == found[None, :]
        np.testing.assert_array_equal(same, labels[:, None] == labels[None, :])
        sizes = np.bincount(found)
        assert len(sizes) == count
        assert (np.diff(sizes) <= 0).all()


@given(graphs(), st.data())
def test_who_reaches_a_target_is_dijkstras(graph: Graph, data: st.DataObject) -> None:
    targets = data.draw(st.lists(st.integers(0, graph.nodes - 1), max_size=4))
    expected = np.zeros(graph.nodes, dtype=bool)
    if targets:
        expected = np.isfinite(dijkstra(matrix(graph), unweighted=True)[:, targets]).any(axis=1)
    np.testing.assert_array_equal(reaching(graph, targets), expected)


def test_a_network_of_nothing_has_no_parts() -> None:
    graph = build([], [], [], [], [], [])[0]
    assert len(parts(graph)) == len(strong_parts(graph)) == len(reaching(graph, [])) == 0
