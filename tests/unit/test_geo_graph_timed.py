"""Ways while times change: the earliest of every walk there is, order kept, nobody on an arc while it is banned."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.geo_plant import plant
from core.errors import Invalid
from geo.graph import kernels
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints, build
from geo.graph.timed import SLICES_MAX, itinerary, timed_tree
from geo.graph.trees import tree_from

NEVER = int(BANNED)
SLICE_MS = 6
HORIZON_MS = 80
WHOLE = 2**31

SHORT = st.one_of(st.integers(1, 14), st.just(NEVER))


@st.composite
def changing(draw: st.DrawFn) -> tuple[Graph, Ints]:
    """A small network and its times in up to four slices."""
    nodes = draw(st.integers(1, 5))
    ends = st.integers(0, nodes - 1)
    arcs = draw(st.lists(st.tuples(ends, ends), max_size=9))
    slices = draw(st.integers(1, 4))
    millis = draw(st.lists(st.lists(SHORT, min_size=len(arcs), max_size=len(arcs)), min_size=slices, max_size=slices))
    tails, heads = zip(*arcs, strict=True) if arcs else ((), ())
    graph, order = build(range(nodes), [0] * nodes, [0] * nodes, tails, heads, millis[0])
    return graph, np.array(millis, dtype=np.int32).reshape(slices, len(arcs))[:, order]


def _over(row: list[int], at: int) -> int | None:
    """When one who steps on at ``at`` is over an arc of times ``row``; None: a ban catches them. By the definition."""
    left, part = WHOLE, min(at // SLICE_MS, len(row) - 1)
    while row[part] != NEVER:
        needed = (left * row[part] + WHOLE // 2) // WHOLE
        end = (part + 1) * SLICE_MS
        if part == len(row) - 1 or at + needed <= end:
            return at + needed
        left -= ((end - at) * WHOLE + row[part] // 2) // row[part]
        at, part = end, part + 1
    return None


def _earliest(graph: Graph, times: Ints, source: int, begins: int, *, waiting: bool) -> list[int]:
    """Every walk there is, with every wait there is: the first moment at each node."""
    seen = {(source, begins)}
    todo = [(source, begins)]
    while todo:
        at, moment = todo.pop()
        onward = [(at, moment + 1)] if waiting else []
        for arc in range(graph.starts[at], graph.starts[at + 1]):
            over = _over(times[:, arc].tolist(), moment)
            if over is not None:
                onward.append((int(graph.heads[arc]), over))
        fresh = [state for state in onward if state[1] <= HORIZON_MS and state not in seen]
        seen.update(fresh)
        todo += fresh
    return [min((m for node, m in seen if node == v), default=NEVER) for v in range(graph.nodes)]


def _lasting(times: Ints, since: int) -> Ints:
    after = times.copy()
    for part in range(since + 1, len(times)):
        after[part][after[part - 1] == BANNED] = BANNED
    return after


@given(changing(), st.booleans(), st.integers(0, 20))
def test_no_walk_is_earlier_and_each_is_walked_as_its_itinerary_says(
    case: tuple[Graph, Ints], waiting: bool, begins: int
) -> None:
    graph, times = case
    tree = timed_tree(graph, [0], times, SLICE_MS, waiting=waiting, offsets=[begins], limit_ms=HORIZON_MS)
    given_times = times if waiting else _lasting(times, min(begins // SLICE_MS, len(times) - 1))
    assert tree.millis.tolist() == _earliest(graph, given_times, 0, begins, waiting=waiting)
    for node in range(graph.nodes):
        way = itinerary(tree, graph, node)
        if way is None:
            assert (tree.millis[node], tree.arcs[node]) == (BANNED, -1)
            continue
        at, moment = 0, begins
        for arc, leaves, reaches in zip(way.arcs, way.leaves_ms, way.reaches_ms, strict=True):
            assert graph.tails[arc] == at
            assert leaves >= moment if waiting else leaves == moment
            assert reaches == _over(times[:, arc].tolist(), int(leaves))
            at, moment = int(graph.heads[arc]), int(reaches)
        assert (at, moment) == (node, tree.millis[node])


@given(st.lists(SHORT, min_size=1, max_size=5), st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_nobody_overtakes_on_an_arc(row: list[int], one: int, other: int, waiting: bool) -> None:
    times = np.array(row, dtype=np.int32).reshape(-1, 1)
    if not waiting:
        times = _lasting(times, 0)
    (_, first), (_, second) = (kernels.step_on(times, SLICE_MS, 0, at, waiting) for at in sorted((one, other)))
    assert first <= second


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(0, 40))
def test_an_arc_takes_what_the_shares_walked_in_each_slice_add_up_to(row: list[int], at: int) -> None:
    times = np.array(row, dtype=np.int32).reshape(-1, 1)
    _, over = kernels.step_on(times, SLICE_MS, 0, at, False)
    left, moment, crossed = Fraction(1), at, 0
    while True:
        part = min(moment // SLICE_MS, len(row) - 1)
        exact = moment + left * row[part]
        if part == len(row) - 1 or exact <= (part + 1) * SLICE_MS:
            break
        left -= Fraction((part + 1) * SLICE_MS - moment, row[part])
        moment, crossed = (part + 1) * SLICE_MS, crossed + 1
    # Less than half a millisecond before a slice ends counts as over; the next may have been slower.
    assert abs(over - exact) <= Fraction(max(row), 2 * min(row)) + Fraction(crossed, 1_000)


def test_with_one_slice_it_is_the_tree_of_that_moment() -> None:
    graph = plant(2_000, seed=2).network.graph
    times = np.stack([graph.millis] * 3)
    timed, tree = timed_tree(graph, [7], times, 10_000), tree_from(graph, [7])
    assert timed.millis.tolist() == tree.millis.tolist()
    assert timed.arcs.tolist() == tree.arcs.tolist()


def test_a_corridor_that_will_be_banned_is_taken_while_there_is_time_and_not_begun_after() -> None:
    graph, _ = build([0, 1, 2], [0] * 3, [0] * 3, [0, 0, 1], [1, 2, 2], [4, 30, 4])
    times = np.array([[4, 30, 4], [4, 30, NEVER]], dtype=np.int32)
    assert timed_tree(graph, [0], times, 8).millis.tolist() == [0, 4, 8]
    late = timed_tree(graph, [0], times, 8, offsets=[1])
    assert late.millis.tolist() == [1, 5, 31]


def test_a_ban_that_passes_is_waited_for_only_where_waiting_is_allowed() -> None:
    graph, _ = build([0, 1], [0] * 2, [0] * 2, [0], [1], [5])
    times = np.array([[NEVER], [9], [5]], dtype=np.int32)
    assert timed_tree(graph, [0], times, 10).millis.tolist() == [0, NEVER]
    waited = itinerary(timed_tree(graph, [0], times, 10, waiting=True), graph, 1)
    assert waited is not None
    assert (waited.leaves_ms.tolist(), waited.reaches_ms.tolist()) == ([10], [19])
    # A ban that ended before one sets out is none.
    assert timed_tree(graph, [0], times, 10, offsets=[12]).millis.tolist() == [12, 21]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"times": [5]}, "times"),
        ({"times": np.empty((0, 1), dtype=np.int32)}, "times"),
        ({"times": [[5]] * (SLICES_MAX + 1)}, "times"),
        ({"times": [[ARC_MAX_MS + 1]]}, "times"),
        ({"slice_ms": 0}, "slice_ms"),
        ({"slice_ms": ARC_MAX_MS + 1}, "slice_ms"),
        ({"sources": [2]}, "sources"),
    ],
)
def test_what_is_out_of_bounds_is_named(change: dict[str, Any], field: str) -> None:
    graph, _ = build([0, 1], [0] * 2, [0] * 2, [0], [1], [5])
    known: dict[str, Any] = {"sources": [0], "times": [[5]], "slice_ms": 10}
    with pytest.raises(Invalid) as caught:
        timed_tree(graph, **(known | change))
    assert (caught.value.code, caught.value.field) == ("geo.search_invalid", field)
