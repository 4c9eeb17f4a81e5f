"""Which arcs of a walking network a shape touches. Pure.

An arc is touched when any point of it lies in the shape or on its border. The whole segment is asked (``intersects``),
never a point of it: a long corridor with a cloud across one end has its middle in clean air.

An arc between levels stands in the shaft: it is touched by a shape that meets its outline on either end's level or on
any level between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.strtree import STRtree

from geo.graph.csr import Floats, Graph, Ints
from geo.hazards.crossing import Indices, pairs_that_meet
from geo.hazards.footprints import Footprint

Shapes: TypeAlias = npt.NDArray[np.object_]

# A shape's number and a level (int32) as one key that sorts by both.
_BY_SHAPE = np.array([2**33, 1], dtype=np.int64)


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
        self._segments = np.column_stack((graph.x[ends], graph.y[ends]))[:, [0, 2, 1, 3]]
        self._outlines = outlines_of(self._segments)
        flat = self._bottom == self._top
        self._trees: dict[int, tuple[STRtree, Indices]] = {}
        for level in np.unique(self._bottom[flat]).tolist():
            chosen = np.flatnonzero(flat & (self._bottom == level))
            self._trees[level] = STRtree(self._outlines[chosen]), chosen
        self._between = np.flatnonzero(~flat)
        self._shafts = STRtree(self._outlines[self._between])

    def touched(self, footprints: Sequence[Footprint]) -> list[Ints]:
        """For each footprint the arcs it touches, each once (int32, in no promised order)."""
        shapes = np.empty(len(footprints), dtype=np.object_)
        shapes[:] = [it.shape for it in footprints]
        near = [*self._near_on_levels(footprints, shapes), *self._near_in_shafts(footprints, shapes)]
        asked, met = np.concatenate(near, axis=1)
        # Together by shape, as the kernel wants them and as they are given back.
        order = np.argsort(asked, kind="stable")
        asked, met = asked[order], met[order]
        meets = pairs_that_meet(shapes, self._segments, self._outlines, asked, met)
        asked, met = asked[meets], met[meets]
        starts = self._starts[met]
        counts = self._starts[met + 1] - starts
        ends = np.cumsum(counts)
        # Ranges start..start+count one after another, without a loop.
        arcs = self._arcs[np.arange(counts.sum()) + np.repeat(starts - ends + counts, counts)]
        last = np.searchsorted(asked, np.arange(len(footprints)), side="right")
        borders = np.append(0, ends)[last].tolist()
        return [arcs[start:end] for start, end in pairwise([0, *borders])]

    def _near_on_levels(self, footprints: Sequence[Footprint], shapes: Shapes) -> Iterator[Indices]:
        """Pairs (2, p) of a shape and an outline on a level of it, whose boxes meet."""
        yield np.empty((2, 0), dtype=np.int64)
        for level, (tree, outlines) in self._trees.items():
            here = np.array([number for number, it in enumerate(footprints) if level in it.levels], dtype=np.int64)
            if len(here):
                asked, met = tree.query(shapes[here])
                yield np.stack((here[asked], outlines[met]))

    def _near_in_shafts(self, footprints: Sequence[Footprint], shapes: Shapes) -> Iterator[Indices]:
        """The same of outlines between levels, that stand on a level of the shape or pass it."""
        if len(self._between) and len(shapes):
            asked, met = self._shafts.query(shapes)
            outlines = self._between[met]
            # Levels by shape, in order: of those up to the top not all lie below the bottom.
            stands = [(number, level) for number, it in enumerate(footprints) for level in sorted(it.levels)]
            keys = np.array(stands, dtype=np.int64).reshape(-1, 2) @ _BY_SHAPE
            low = np.searchsorted(keys, asked * _BY_SHAPE[0] + self._bottom[outlines], side="left")
            high = np.searchsorted(keys, asked * _BY_SHAPE[0] + self._top[outlines], side="right")
            yield np.stack((asked, outlines))[:, high > low]


def outlines_of(segments: Floats) -> Shapes:
    """The segment of each outline; a point where both ends stand on one place (GEOS takes no line of no length)."""
    points = segments.reshape(-1, 2, 2)
    lines: Shapes = np.asarray(shapely.linestrings(points), dtype=np.object_)
    standing = (points[:, 0] == points[:, 1]).all(axis=1)
    if standing.any():
        lines[standing] = shapely.points(points[standing, 0])
    return lines
