"""The nearest of many: the oracle's, in its order, for every source of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.geo_plant import plant
from core.errors import Invalid
from geo.graph.csr import BANNED, Graph, build
from geo.graph.nearest import K_MAX, first_to_reach, nearest, times_between
from geo.graph.trees import tree_from
from tests.unit.walking_graphs import graphs, raised, shortest

NEVER = int(BANNED)


def _expected(
    ways: npt.NDArray[np.int64], source: int, targets: Sequence[int], k: int, limit: int
) -> list[tuple[int, int]]:
    reached = sorted((int(ways[source, t]), t) for t in set(targets) if ways[source, t] <= limit)
    return (reached + [(NEVER, -1)] * k)[:k]


@given(st.data(), graphs(), st.integers(1, 5), st.booleans())
def test_the_nearest_are_the_oracles_in_its_order(data: st.DataObject, graph: Graph, k: int, forward: bool) -> None:
    times = data.draw(raised(graph.millis))
    nodes = st.lists(st.integers(0, graph.nodes - 1), max_size=8)
    sources, targets = data.draw(nodes), data.draw(nodes)
    limit = data.draw(st.one_of(st.none(), st.integers(0, 5_000)))
    found = (nearest if forward else first_to_reach)(graph, sources, targets, k, times, limit_ms=limit)
    ways = shortest(graph, times, forward=forward)
    for place, source in enumerate(sources):
        expected = _expected(ways, source, targets, k, NEVER - 1 if limit is None else limit)
        answer = list(zip(found.millis[place].tolist(), found.nodes[place].tolist(), strict=True))
        assert answer == expected
        assert found.counts[place] == sum(node >= 0 for _, node in expected)


@given(st.data(), graphs())
def test_the_times_between_all_pairs_are_the_oracles(data: st.DataObject, graph: Graph) -> None:
    times = data.draw(raised(graph.millis))
    nodes = st.lists(st.integers(0, graph.nodes - 1), max_size=6)
    sources, targets = data.draw(nodes), data.draw(nodes)
    found = times_between(graph, sources, targets, times)
    ways = shortest(graph, times)
    assert found.shape == (len(sources), len(targets))
    assert found.tolist() == [[int(ways[s, t]) for t in targets] for s in sources]


def test_a_batch_on_a_plant_says_what_each_whole_tree_says() -> None:
    graph = plant(2_000, seed=5).network.graph
    rng = np.random.default_rng(5)
    sources, targets = rng.integers(0, graph.nodes, 40), rng.integers(0, graph.nodes, 60)
    found, all_of_them = nearest(graph, sources, targets, 5), times_between(graph, sources, targets)
    for place, source in enumerate(sources):
        millis = tree_from(graph, [source]).millis
        best = sorted((int(millis[t]), int(t)) for t in set(targets.tolist()))[:5]
        assert found.millis[place].tolist() == [time for time, _ in best]
        assert found.nodes[place].tolist() == [node for _, node in best]
        assert all_of_them[place].tolist() == millis[targets].tolist()


def test_many_at_the_same_place_and_moment_come_by_their_node() -> None:
    graph, _ = build(range(9), [0] * 9, [0] * 9, [0] * 8, range(1, 9), [7, 7, 5, 7, 7, 7, 7, 7])
    assert nearest(graph, [0], [8, 7, 2, 3, 6], 3).nodes.tolist() == [[3, 2, 6]]


def test_how_many_pairs_are_asked_for_is_bounded() -> None:
    graph, _ = build([0], [0], [0], [], [], [])
    with pytest.raises(Invalid) as caught:
        times_between(graph, [0] * 5_001, [0] * 5_000)
    assert (caught.value.field, caught.value.value) == ("targets", 25_005_000)
    with pytest.raises(Invalid):
        nearest(graph, [0] * 2_501, [0], K_MAX)


@pytest.mark.parametrize("k", [0, K_MAX + 1])
def test_how_many_is_bounded(k: int) -> None:
    graph, _ = build([0], [0], [0], [], [], [])
    with pytest.raises(Invalid) as caught:
        nearest(graph, [0], [0], k)
    assert (caught.value.field, caught.value.value) == ("k", k)
