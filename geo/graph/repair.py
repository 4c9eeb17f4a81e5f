"""A tree after a change of the arc times: repaired where they rose, grown anew where one fell. Pure."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph import kernels
from geo.graph.checks import arc_times
from geo.graph.csr import Graph
from geo.graph.trees import Tree, grow


class Repaired(msgspec.Struct, frozen=True, eq=False):
    """The tree for the new times, the same as one grown from nothing; ``searched``: how many nodes were looked at anew,
    None: all, for some arc takes less time than before."""

    tree: Tree
    searched: int | None


def repair(tree: Tree, graph: Graph, times: npt.ArrayLike | None = None) -> Repaired:
    """The tree of the same roots and limit for other arc times (m); None: the graph's own.

    Raises Invalid for times out of bounds, and for a tree that was cut short by its targets.
    """
    if not tree.whole:
        raise Invalid(
            "geo.search_invalid",
            "a tree that ended early at its targets can not be repaired",
            "提前结束的路径树不能修复",
            field="tree",
        )
    costs = arc_times(graph, times)
    fell, rose = kernels.changes(tree.times, costs)
    if fell:
        return Repaired(grow(graph, tree.roots, costs, tree.offsets, tree.limit_ms, (), forward=tree.forward), None)
    if not rose:
        return Repaired(msgspec.structs.replace(tree, times=costs), 0)
    millis, arcs = np.empty(graph.nodes, dtype=np.int32), np.empty(graph.nodes, dtype=np.int32)
    searched = kernels.repair(
        *graph.rows(tree.forward), *graph.rows(not tree.forward), tree.times, costs, tree.limit_ms, graph.bucket_shift,
        tree.roots, tree.offsets, tree.millis, tree.arcs, millis, arcs,
    )  # fmt: skip
    millis.flags.writeable = arcs.flags.writeable = False
    return Repaired(msgspec.structs.replace(tree, millis=millis, arcs=arcs, times=costs), int(searched))
