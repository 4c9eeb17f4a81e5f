"""Fastest ways of pairs: exact with any landmarks, whatever hazards raise; times below the landmarks' are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.geo_plant import plant
from core.errors import Invalid
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints, build
from geo.graph.landmarks import LANDMARKS_MAX, Landmarks, landmarks
from geo.graph.nearest import times_between
from geo.graph.paths import all_to_one, fastest
from geo.graph.trees import Paths
from tests.unit.walking_graphs import graphs, raised, shortest, walk

NEVER = int(BANNED)


def _exact(graph: Graph, times: Ints, sources: list[int], targets: list[int], found: Paths) -> None:
    ways = shortest(graph, times)
    for place, (source, target) in enumerate(zip(sources, targets, strict=True)):
        assert found.millis[place] == ways[source, target]
        way = found.of(place)
        if found.millis[place] == BANNED:
            assert len(way) == 0
        else:
            assert walk(graph, times, source, way) == (target, found.millis[place])


@given(st.data(), graphs(), st.integers(0, 6), st.integers(0, 3))
def test_ways_are_the_oracles_after_every_change(data: st.DataObject, graph: Graph, count: int, seed: int) -> None:
    marks = landmarks(graph, count, seed=seed)
    nodes = st.integers(0, graph.nodes - 1)
    pairs = data.draw(st.lists(st.tuples(nodes, nodes), max_size=6))
    sources, targets = [s for s, _ in pairs], [t for _, t in pairs]
    times = graph.millis
    for _ in range(3):
        _exact(graph, times, sources, targets, fastest(marks, sources, targets, times))
        times = data.draw(raised(times))


@given(st.data(), graphs())
def test_the_ways_of_all_to_one_place_are_the_oracles(data: st.DataObject, graph: Graph) -> None:
    nodes, times = st.integers(0, graph.nodes - 1), data.draw(raised(graph.millis))
    sources, target = data.draw(st.lists(nodes, max_size=6)), data.draw(nodes)
    _exact(graph, times, sources, [target] * len(sources), all_to_one(graph, sources, target, times))


@given(st.data(), graphs(), st.integers(0, 10_000))
def test_a_limit_leaves_out_the_ways_beyond_it(data: st.DataObject, graph: Graph, limit: int) -> None:
    nodes = st.integers(0, graph.nodes - 1)
    source, target = data.draw(nodes), data.draw(nodes)
    marks = landmarks(graph, 3)
    way = int(fastest(marks, [source], [target]).millis[0])
    assert fastest(marks, [source], [target], limit_ms=limit).millis[0] == (way if way <= limit else NEVER)


def test_on_a_plant_with_closed_stairs_every_way_is_exact_and_avoids_them() -> None:
    graph = plant(3_000, seed=7).network.graph
    marks = landmarks(graph)
    rng = np.random.default_rng(7)
    sources, targets = rng.integers(0, graph.nodes, (2, 50))
    times = graph.millis.copy()
    times[rng.random(graph.arcs) < 0.1] = BANNED
    times = np.where(rng.random(graph.arcs) < 0.3, np.minimum(times.astype(np.int64) * 3, NEVER), times)
    found = fastest(marks, sources, targets, times.astype(np.int32))
    assert found.millis.tolist() == np.diag(times_between(graph, sources, targets, times)).tolist()
    assert (times[found.arcs] != BANNED).all()
    assert len(found.arcs) > 1_024


def test_landmarks_are_far_from_each_other_and_the_same_for_the_same_seed() -> None:
    graph = plant(2_000, seed=1).network.graph
    marks = landmarks(graph, 5, seed=4)
    assert marks.nodes.tolist() == landmarks(graph, 5, seed=4).nodes.tolist()
    assert len(set(marks.nodes.tolist())) == 5
    assert marks.bounds.shape == (graph.nodes, 10)


def test_a_landmark_whose_distances_may_be_cut_off_is_none() -> None:
    """26 days in a row: the last node is not reached from the first, and still there is a way from the middle."""
    nodes = range(27)
    graph, _ = build(nodes, [0] * 27, [0] * 27, nodes[:-1], nodes[1:], [ARC_MAX_MS] * 26)
    marks = landmarks(graph, 27)
    assert len(marks.nodes) < 27
    assert fastest(marks, [2], [26]).millis[0] == 24 * ARC_MAX_MS


def test_times_below_those_the_landmarks_were_made_for_are_refused() -> None:
    graph, _ = build([0, 1], [0, 0], [0, 0], [0, 1], [1, 0], [5, 6])
    with pytest.raises(Invalid) as caught:
        fastest(landmarks(graph), [0], [1], [5, 4])
    assert (caught.value.code, caught.value.field, caught.value.value, caught.value.limit) == (
        "geo.search_invalid", "times", 4, 6,
    )  # fmt: skip


def test_pairs_are_pairs_and_landmarks_are_few() -> None:
    graph, _ = build([0, 1], [0, 0], [0, 0], [0, 1], [1, 0], [5, 6])
    with pytest.raises(Invalid) as caught:
        fastest(landmarks(graph), [0], [1, 1])
    assert (caught.value.field, caught.value.value) == ("targets", 2)
    with pytest.raises(Invalid) as caught:
        landmarks(graph, LANDMARKS_MAX + 1)
    assert (caught.value.field, caught.value.value) == ("count", LANDMARKS_MAX + 1)


def test_a_network_of_nothing_has_no_landmarks_and_no_ways() -> None:
    marks: Landmarks = landmarks(build([], [], [], [], [], [])[0])
    assert (len(marks.nodes), len(fastest(marks, [], []).millis)) == (0, 0)
