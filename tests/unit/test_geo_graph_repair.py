"""A repaired tree is the fresh one, to the arc, after every change of a sequence; only what rose is searched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.geo_plant import plant
from core.errors import Invalid
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, build
from geo.graph.repair import repair
from geo.graph.trees import tree_from, tree_to
from tests.unit.walking_graphs import MILLIS, graphs, raised


@given(st.data(), graphs(), st.booleans())
def test_a_repaired_tree_is_a_fresh_one_after_every_change(data: st.DataObject, graph: Graph, forward: bool) -> None:
    nodes = st.integers(0, graph.nodes - 1)
    sources = data.draw(st.lists(st.tuples(nodes, st.integers(0, 3_000)), min_size=1, max_size=3))
    roots, offsets = [s for s, _ in sources], [passed for _, passed in sources]
    limit = data.draw(st.one_of(st.none(), st.integers(0, 20_000)))
    grown = tree_from if forward else tree_to
    tree = grown(graph, roots, offsets=offsets, limit_ms=limit)
    times = graph.millis
    for _ in range(4):
        some = st.lists(MILLIS, min_size=graph.arcs, max_size=graph.arcs).map(lambda new: np.array(new, dtype=np.int32))
        times = data.draw(st.one_of(raised(times), some))
        tree = repair(tree, graph, times).tree
        fresh = grown(graph, roots, times, offsets=offsets, limit_ms=limit)
        assert tree.millis.tolist() == fresh.millis.tolist()
        assert tree.arcs.tolist() == fresh.arcs.tolist()
        assert tree.times.tolist() == list(times)


@pytest.mark.parametrize("forward", [True, False])
def test_on_a_plant_a_hazard_that_moves_is_followed_at_the_cost_of_what_hung_on_it(forward: bool) -> None:
    graph = plant(3_000, seed=9).network.graph
    grown = tree_from if forward else tree_to
    tree = grown(graph, [0])
    rng = np.random.default_rng(9)
    times = graph.millis
    for _ in range(8):
        near = np.hypot(graph.x - rng.uniform(0, 40), graph.y - rng.uniform(0, 60)) < 4
        hit = near[graph.tails] | near[graph.heads]
        slower = np.minimum(times, ARC_MAX_MS // 5) * 5
        times = np.where(hit, np.where((times == BANNED) | (rng.random(graph.arcs) < 0.5), BANNED, slower), times)
        done = repair(tree, graph, times)
        tree, fresh = done.tree, grown(graph, [0], times)
        assert tree.millis.tolist() == fresh.millis.tolist()
        assert tree.arcs.tolist() == fresh.arcs.tolist()
        assert (times[tree.arcs[tree.arcs >= 0]] != BANNED).all()
        assert done.searched is not None
        assert done.searched < graph.nodes


def test_a_change_beside_the_tree_searches_nothing() -> None:
    graph, _ = build([0, 1, 2], [0] * 3, [0] * 3, [0, 0, 1], [1, 2, 2], [5, 20, 5])
    tree = tree_from(graph, [0])
    beside = repair(tree, graph, [5, 30, 5])
    assert (beside.searched, beside.tree.millis.tolist()) == (0, [0, 5, 10])
    assert repair(tree, graph).searched == 0
    risen = repair(tree, graph, [5, 20, 50])
    assert (risen.searched, risen.tree.millis.tolist()) == (1, [0, 5, 20])
    fallen = repair(risen.tree, graph)
    assert (fallen.searched, fallen.tree.millis.tolist()) == (None, [0, 5, 10])


def test_a_tree_that_ended_early_is_not_repaired() -> None:
    graph, _ = build([0, 1], [0, 0], [0, 0], [0], [1], [5])
    with pytest.raises(Invalid) as caught:
        repair(tree_from(graph, [0], targets=[0]), graph)
    assert (caught.value.code, caught.value.field) == ("geo.search_invalid", "tree")
