"""Landmarks: a few nodes whose distances bound every other from below. Pure.

Goldberg and Harrelson, Computing the shortest path: A* search meets graph theory, SODA 2005: by the triangle inequality
d(v, t) >= d(L, t) - d(L, v) and d(v, t) >= d(v, L) - d(t, L). What is made for a graph's own times holds for any that
are nowhere less: a hazard only raises them.
"""

from __future__ import annotations

import msgspec
import numpy as np

from core.errors import Invalid
from geo.graph.checks import LIMIT_MAX_MS
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints
from geo.graph.trees import tree_from, tree_to

LANDMARKS = 16
LANDMARKS_MAX = 64
_TRIED = 4


class Landmarks(msgspec.Struct, frozen=True, eq=False):
    """``nodes`` (l), and ``bounds`` (n, 2 l): of landmark i the time from it (column 2 i) and to it (2 i + 1), BANNED:
    no way. A node's row lies in one piece."""

    graph: Graph
    nodes: Ints
    bounds: Ints


def landmarks(graph: Graph, count: int = LANDMARKS, *, seed: int = 0) -> Landmarks:
    """Up to ``count`` landmarks, each the farthest from those before it; the same for the same seed.

    They lie where the most nodes are reached; elsewhere there is no bound, and a search is one without. A node from
    which, or to which, a way may be longer than a search's times go is no landmark. Raises Invalid for a count that is
    not within 0 to LANDMARKS_MAX.
    """
    if not 0 <= count <= LANDMARKS_MAX:
        raise Invalid(
            "geo.search_invalid",
            f"landmarks are 0 to {LANDMARKS_MAX}",
            f"地标数须为 0 至 {LANDMARKS_MAX}",
            field="count",
            value=count,
            limit=LANDMARKS_MAX,
        )
    nodes: list[int] = []
    columns: list[Ints] = []
    gap = _from_the_middle(graph, seed) if graph.nodes and count else np.zeros(graph.nodes, dtype=np.int64)
    # Twice as many are tried: what is no landmark may be the farthest a few times, and a search each time is too many.
    for _ in range(2 * count):
        if len(nodes) == count or gap.max(initial=0) == 0:
            break
        node = int(gap.argmax())
        away, back = tree_from(graph, [node]).millis, tree_to(graph, [node]).millis
        gap[node] = 0
        if _too_far(away) or _too_far(back):
            continue
        nodes.append(node)
        columns += [away, back]
        # What a landmark and a node do not both reach is none of its business; its gap stays what it was.
        apart = np.where((away == BANNED) | (back == BANNED), gap, np.minimum(away, back))
        gap = np.minimum(gap, apart)
    bounds = np.column_stack(columns) if columns else np.empty((graph.nodes, 0), dtype=np.int32)
    bounds.flags.writeable = False
    return Landmarks(graph, np.array(nodes, dtype=np.int32), bounds)


def _from_the_middle(graph: Graph, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How far each node is from some node, of a few taken at random the one that reaches the most; 0: not reached."""
    tried = np.random.default_rng(seed).integers(0, graph.nodes, _TRIED)
    trees = [tree_from(graph, [node]).millis for node in tried]
    best = max(trees, key=lambda millis: int((millis != BANNED).sum()))
    return np.where(best == BANNED, 0, best).astype(np.int64)


def _too_far(millis: Ints) -> bool:
    """Whether a node that counts as not reached may be one beyond the longest time of a search."""
    return int(millis[millis != BANNED].max()) > LIMIT_MAX_MS - ARC_MAX_MS
