"""Has the searches compiled before they are needed. Pure.

A process calls ``warm`` at its start: the first time on a machine that takes some twenty seconds, later a fraction of
one. Let ``NUMBA_CACHE_DIR`` name a folder of the installation that outlives the process and may be written to, and let
one process finish before the others of a machine start: numba picks a kernel's file by a number that it reads from an
index first, so that two which compile the same kernel for the first time at the same moment may take the same number.
"""

from __future__ import annotations

from collections.abc import Callable

from geo.graph.connection import parts, reaching, strong_parts
from geo.graph.csr import build
from geo.graph.landmarks import landmarks
from geo.graph.nearest import first_to_reach, nearest, times_between
from geo.graph.paths import fastest
from geo.graph.repair import repair
from geo.graph.timed import itinerary, timed_tree
from geo.graph.trees import path, tree_from, tree_to

# A disk that fills up stops what is kept of one kernel, after it was compiled; there are fewer kernels than this.
_TRIES = 100


def warm() -> None:
    """Compiles every search, or loads it."""
    graph, _ = build([0, 1], [0, 0], [0, 0], [0, 1], [1, 0], [5, 5])

    def trees() -> None:
        for tree in (tree_from(graph, [0]), tree_to(graph, [0])):
            path(tree, graph, 1)
            repair(tree, graph, [6, 6])

    def near() -> None:
        nearest(graph, [0], [1], 1)
        first_to_reach(graph, [0], [1], 1)
        times_between(graph, [0], [1])
        times_between(graph, [0, 1], [1])

    def ways() -> None:
        fastest(landmarks(graph), [0], [1])

    def timed() -> None:
        itinerary(timed_tree(graph, [0], [[int(graph.millis[0])] * 2, [2**31 - 1] * 2, [5, 5]], 9), graph, 1)

    def connections() -> None:
        parts(graph)
        strong_parts(graph)
        reaching(graph, [0])

    for step in (trees, near, ways, timed, connections):
        whatever_the_disk(step)


def whatever_the_disk(step: Callable[[], None], tries: int = _TRIES) -> None:
    """Does it, and again when the disk refused to keep a compiled kernel: the kernel is there, in memory.

    Raises the disk's OSError when ``tries`` were not enough.
    """
    for _ in range(tries - 1):
        try:
            return step()
        except OSError:
            continue
    return step()
