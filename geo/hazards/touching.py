"""Which arcs of a walking network a shape touches. Pure.

An arc is touched when any point of it lies in the shape or on its border. The whole segment is asked (``intersects``),
never a point of it: a long corridor with a cloud across one end has its middle in clean air.

An arc between levels stands in the shaft: it is touched by a shape that meets its outline on either end's level or on
any level between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely.strtree import STRtree

from geo.graph.csr import Graph, Ints
from geo.hazards.footprints import Footprint


class ArcIndex:
    """The arcs of one graph, ready to be asked many times. Built once a graph.

    Two arcs between the same nodes have one outline and stand in the tree once: ``_arcs`` from ``_starts[i]`` to
    ``_starts[i + 1]`` are the arcs of outline ``i``.
    """

    def __init__(self, graph: Graph) -> None:
        tails, heads = graph.tails.astype(np.int64), graph.heads.astype(np.int64)
        low, high = np.minimum(tails, heads), np.maximum(tails, heads)
        keys, outline_of = np.unique(low * max(graph.nodes, 1) + high, return_inverse=True)
        self._arcs = np.argsort(outline_of, kind="stable").astype(np.int32)
        self._starts = np.concatenate(([0], np.cumsum(np.bincount(outline_of, minlength=len(keys))))).astype(np.int64)
        ends = np.column_stack(np.divmod(keys, max(graph.nodes, 1)))
        self._bottom = graph.level[ends].min(axis=1, initial=2**31 - 1)
        self._top = graph.level[ends].max(axis=1, initial=-(2**31))
        outlines = _outlines(graph, ends)
        flat = self._bottom == self._top
        self._trees: dict[int, tuple[STRtree, npt.NDArray[np.int64]]] = {}
        for level in np.unique(self._bottom[flat]).tolist():
            chosen = np.flatnonzero(flat & (self._bottom == level))
            self._trees[level] = STRtree(outlines[chosen]), chosen
        self._between = np.flatnonzero(~flat)
        self._shafts = STRtree(outlines[self._between])

    def touched(self, footprints: Sequence[Footprint]) -> list[Ints]:
        """For each footprint the arcs it touches, each once (int32, in no promised order)."""
        found: list[list[npt.NDArray[np.int64]]] = [[] for _ in footprints]
        if footprints:
            self._ask_levels(footprints, found)
            self._ask_shafts(footprints, found)
        return [self._arcs_of(np.concatenate(parts)) if parts else np.empty(0, np.int32) for parts in found]

    def _ask_levels(self, footprints: Sequence[Footprint], found: list[list[npt.NDArray[np.int64]]]) -> None:
        for level, (tree, outlines) in self._trees.items():
            asked = [number for number, it in enumerate(footprints) if level in it.levels]
            if asked:
                _collect(tree, [footprints[number].shape for number in asked], asked, outlines, found)

    def _ask_shafts(self, footprints: Sequence[Footprint], found: list[list[npt.NDArray[np.int64]]]) -> None:
        if not len(self._between):
            return
        here: list[list[npt.NDArray[np.int64]]] = [[] for _ in footprints]
        _collect(self._shafts, [it.shape for it in footprints], range(len(footprints)), self._between, here)
        for number, parts in enumerate(here):
            for outlines in parts:
                bottom, top = self._bottom[outlines], self._top[outlines]
                meets = np.zeros(len(outlines), dtype=bool)
                for level in footprints[number].levels:
                    meets |= (bottom <= level) & (level <= top)
                found[number].append(outlines[meets])

    def _arcs_of(self, outlines: npt.NDArray[np.int64]) -> Ints:
        starts = self._starts[outlines]
        counts = self._starts[outlines + 1] - starts
        # Ranges start..start+count one after another, without a loop.
        offsets = np.cumsum(counts) - counts
        places = np.arange(counts.sum()) + np.repeat(starts - offsets, counts)
        return cast(Ints, self._arcs[places])


def _outlines(graph: Graph, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """The segment of each outline; a point where both ends stand on one place (GEOS takes no line of no length)."""
    points = np.stack((graph.x[ends], graph.y[ends]), axis=-1)
    lines: npt.NDArray[np.object_] = np.asarray(shapely.linestrings(points), dtype=np.object_)
    standing = (points[:, 0] == points[:, 1]).all(axis=1)
    if standing.any():
        lines[standing] = shapely.points(points[standing, 0])
    return lines


def _collect(
    tree: STRtree,
    shapes: Sequence[shapely.Geometry],
    numbers: Sequence[int],
    outlines: npt.NDArray[np.int64],
    found: list[list[npt.NDArray[np.int64]]],
) -> None:
    """Add to ``found``, by the footprint's number, the outlines its shape meets."""
    asked, met = tree.query(np.array(shapes, dtype=np.object_), predicate="intersects")
    # The answer comes by the shape asked, in order.
    borders = np.searchsorted(asked, np.arange(len(shapes) + 1))
    for place, number in enumerate(numbers):
        part = met[borders[place] : borders[place + 1]]
        if len(part):
            found[number].append(outlines[part])
