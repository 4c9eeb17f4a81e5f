"""A walking network as arrays: what goes in comes out, and what is no network is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import Invalid
from geo.graph.csr import ARC_MAX_MS, BANNED, build


def test_arcs_stand_by_the_node_they_leave_and_know_their_place_in_the_order_given() -> None:
    graph, order = build([0, 1, 2], [0, 0, 0], [0, 0, 1], [2, 0, 1, 0], [0, 1, 2, 2], [5, 6, 7, int(BANNED)])
    assert (graph.nodes, graph.arcs) == (3, 4)
    assert graph.starts.tolist() == [0, 2, 3, 4]
    assert (graph.tails.tolist(), graph.heads.tolist()) == ([0, 0, 1, 2], [1, 2, 2, 0])
    assert (graph.millis.tolist(), order.tolist()) == ([6, int(BANNED), 7, 5], [1, 3, 2, 0])
    with pytest.raises(ValueError, match="read-only"):
        graph.millis[0] = 1


def test_the_reverse_names_every_arc_by_the_node_it_enters() -> None:
    graph, _ = build([0, 1, 2], [0, 0, 0], [0, 0, 1], [2, 0, 1, 0], [0, 1, 2, 2], [5, 6, 7, 8])
    starts, tails, arcs = graph.reverse
    assert (starts.tolist(), tails.tolist(), arcs.tolist()) == ([0, 1, 2, 4], [2, 0, 0, 1], [3, 0, 1, 2])


def test_a_network_of_nothing_is_one() -> None:
    graph, order = build([], [], [], [], [], [])
    assert (graph.nodes, graph.arcs, len(order), graph.reverse[0].tolist()) == (0, 0, 0, [0])


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"x": [0.0]}, "y", 2),
        ({"level": [0]}, "level", 1),
        ({"heads": [1]}, "heads", 1),
        ({"kinds": [1]}, "kinds", 1),
        ({"x": [0.0, float("nan")]}, "x", None),
        ({"tails": [0, 2]}, "tails", 2),
        ({"heads": [-1, 0]}, "heads", -1),
        ({"millis": [0, 5]}, "millis", 0),
        ({"millis": [5, ARC_MAX_MS + 1]}, "millis", ARC_MAX_MS + 1),
    ],
)
def test_what_is_no_network_is_named(change: dict[str, Any], field: str, value: object) -> None:
    given: dict[str, Any] = {
        "x": [0, 1],
        "y": [0, 0],
        "level": [0, 0],
        "tails": [0, 1],
        "heads": [1, 0],
        "millis": [5, 5],
    }
    with pytest.raises(Invalid) as caught:
        build(**given | change)
    assert (caught.value.code, caught.value.field, caught.value.value) == ("geo.graph_invalid", field, value)


def test_kinds_follow_their_arcs() -> None:
    graph, _ = build([0, 1], [0, 0], [0, 0], [1, 0], [0, 1], [5, 6], kinds=np.array([3, 4]))
    assert graph.kinds.tolist() == [4, 3]
