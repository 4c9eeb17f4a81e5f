"""Fastest ways between pairs of places, many at once. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph import kernels
from geo.graph.checks import arc_times, known_nodes, limit_time, not_below
from geo.graph.csr import BANNED, Graph, Ints
from geo.graph.landmarks import Landmarks
from geo.graph.trees import Paths, paths, tree_to

# Bounds looked at for each node of a search: the best of its pair. More cost more than they save (bench/geo_graph).
ACTIVE = 6


def fastest(
    marks: Landmarks,
    sources: npt.ArrayLike,
    targets: npt.ArrayLike,
    times: npt.ArrayLike | None = None,
    *,
    limit_ms: int | None = None,
) -> Paths:
    """From each source to the target at the same place of its list (p), by A* with landmarks.

    Raises Invalid for what is out of bounds, and for ``times`` that are somewhere below the graph's own, for which the
    landmarks' bounds would not hold.
    """
    graph = marks.graph
    costs, until = arc_times(graph, times), limit_time(limit_ms)
    not_below(graph, costs)
    starts, ends = known_nodes(graph, sources, field="sources"), known_nodes(graph, targets, field="targets")
    if len(starts) != len(ends):
        raise Invalid(
            "geo.search_invalid",
            f"targets are one for each of {len(starts)} sources",
            "终点须与起点一一对应",
            field="targets",
            value=len(ends),
            limit=len(starts),
        )
    millis, begins = np.full(len(starts), BANNED, dtype=np.int32), np.zeros(len(starts) + 1, dtype=np.int64)
    # Zeros that nobody touched cost nothing, and a search touches few.
    state, more = np.zeros((2, 4 * graph.nodes), dtype=np.int32)
    arcs = kernels.routes(
        graph.starts, graph.heads, graph.tails, costs, until, graph.bucket_shift, state, more,
        starts, ends, marks.bounds, ACTIVE, millis, begins,
    )  # fmt: skip
    return Paths(millis, begins, arcs)


def all_to_one(graph: Graph, sources: npt.ArrayLike, target: int, times: npt.ArrayLike | None = None) -> Paths:
    """From each source to one target (p): one tree against the arcs, that ends when it has them all."""
    starts: Ints = known_nodes(graph, sources, field="sources")
    return paths(tree_to(graph, [target], times, targets=starts), graph, starts)
