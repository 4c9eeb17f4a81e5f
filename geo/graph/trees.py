"""Shortest-path trees: from sources along the arcs, or to targets against them. Pure."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from geo.graph import kernels
from geo.graph.checks import arc_times, known_nodes, limit_time, offset_times
from geo.graph.csr import BANNED, Graph, Ints, Longs


class Tree(msgspec.Struct, frozen=True, eq=False):
    """``millis`` (n): the time of each node's shortest way, BANNED: not reached; ``arcs`` (n): its arc at the node.

    Of a tree from sources that is the arc a node is entered by, of a tree to roots the one it is left by; -1 at a root
    and where nothing is reached. Of arcs that take equally long the lower stands, so a tree is one and the same however
    it was found. ``whole``: no early stop cut it. ``times`` (m) are the arc times it holds for.
    """

    millis: Ints
    arcs: Ints
    forward: bool
    times: Ints
    roots: Ints
    offsets: Ints
    limit_ms: int
    whole: bool


class Paths(msgspec.Struct, frozen=True, eq=False):
    """Ways of p pairs. ``millis`` (p), BANNED: no way; the arcs of way i in walking order are ``arcs[starts[i] :
    starts[i + 1]]``."""

    millis: Ints
    starts: Longs
    arcs: Ints

    def of(self, place: int) -> Ints:
        """The arcs of one way; none when there is no way, or nowhere to go."""
        return self.arcs[self.starts[place] : self.starts[place + 1]]


def tree_from(
    graph: Graph,
    sources: npt.ArrayLike,
    times: npt.ArrayLike | None = None,
    *,
    offsets: npt.ArrayLike | None = None,
    limit_ms: int | None = None,
    targets: npt.ArrayLike = (),
) -> Tree:
    """From any of ``sources`` to every node.

    ``times`` (m): the arcs' times where they are not the graph's own; ``offsets`` (s): ms that have passed at each
    source. Nodes beyond ``limit_ms`` are not reached; with ``targets`` the search ends when all of them are, and nodes
    that are not final by then count as not reached. Raises Invalid for what is out of bounds.
    """
    return grow(graph, sources, times, offsets, limit_ms, targets, forward=True)


def tree_to(
    graph: Graph,
    roots: npt.ArrayLike,
    times: npt.ArrayLike | None = None,
    *,
    offsets: npt.ArrayLike | None = None,
    limit_ms: int | None = None,
    targets: npt.ArrayLike = (),
) -> Tree:
    """From every node to whichever of ``roots`` is the nearest; as ``tree_from``, against the arcs."""
    return grow(graph, roots, times, offsets, limit_ms, targets, forward=False)


def path(tree: Tree, graph: Graph, node: int) -> Ints | None:
    """The arcs of the way between a node and its root, in walking order; empty at a root, None: not reached."""
    if tree.millis[known_nodes(graph, node, field="node")[0]] == BANNED:
        return None
    return paths(tree, graph, [node]).arcs


def paths(tree: Tree, graph: Graph, nodes: npt.ArrayLike) -> Paths:
    """The ways of many nodes of one tree, as ``path``."""
    wanted = known_nodes(graph, nodes, field="nodes")
    ends = graph.tails if tree.forward else graph.heads
    arcs, starts = kernels.trace(ends, tree.arcs, wanted, tree.forward)
    return Paths(tree.millis[wanted], starts, arcs)


def grow(
    graph: Graph,
    roots: npt.ArrayLike,
    times: npt.ArrayLike | None,
    offsets: npt.ArrayLike | None,
    limit_ms: int | None,
    targets: npt.ArrayLike,
    *,
    forward: bool,
) -> Tree:
    """Either of the two."""
    costs, ends, until = arc_times(graph, times), known_nodes(graph, roots, field="roots"), limit_time(limit_ms)
    passed, wanted = offset_times(offsets, len(ends)), known_nodes(graph, targets, field="targets")
    millis, arcs = np.empty(graph.nodes, dtype=np.int32), np.empty(graph.nodes, dtype=np.int32)
    kernels.tree(*graph.rows(forward), costs, until, graph.bucket_shift, ends, passed, wanted, millis, arcs)
    millis.flags.writeable = arcs.flags.writeable = False
    return Tree(millis, arcs, forward, costs, ends, passed, until, len(wanted) == 0)
