"""Whether segments meet polygons, decided exactly for many at once. Pure.

A segment meets a polygon when its first end lies inside, or when it meets an edge of it. Both are signs of
orientations. A sign is believed only beyond the error bound of its floating-point reckoning (Shewchuk, Adaptive
Precision Floating-Point Arithmetic, Discrete and Computational Geometry 18 (1997), 305-363, bound A); where one is
not, as where they touch, GEOS is asked about that pair. So the answer is GEOS's, and comes sooner.

The edges of a polygon stand in slabs across its longer side, so that a segment is held against few of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.graph.compiled import compiled
from geo.graph.csr import Floats

Indices = npt.NDArray[np.int64]

_APART, _MEETS, _UNSURE = 0, 1, 2
# (3 + 16 e) e with e = 2^-53: below it the sign of an orientation may be rounding.
_BOUND_A = 3.3306690738754716e-16
# Products this small may have lost digits to underflow, which the bound does not know.
_TINY = 1e-280
_SLABS_MAX = 256


def pairs_that_meet(
    shapes: npt.NDArray[np.object_],
    segments: Floats,
    outlines: npt.NDArray[np.object_],
    asked: Indices,
    met: Indices,
) -> npt.NDArray[np.bool_]:
    """For each pair (p) of a shape ``asked`` and an outline ``met``: whether they meet.

    ``segments`` float64 (n, 4): x, y, x, y of each outline, which are those of ``outlines``. Shapes are valid polygons
    or multipolygons.
    """
    edges, starts = _edges(shapes)
    answers = _decide(edges, starts, segments, asked, met)
    meets: npt.NDArray[np.bool_] = answers == _MEETS
    unsure = np.flatnonzero(answers == _UNSURE)
    if len(unsure):
        meets[unsure] = shapely.intersects(shapes[asked[unsure]], outlines[met[unsure]])
    return meets


def warm() -> None:
    """Have the kernel compiled, or loaded, before it is needed."""
    segment = np.array([[0.0, 0.0, 1.0, 1.0]])
    first = np.zeros(1, dtype=np.int64)
    square = np.array([shapely.box(2, 2, 3, 3)], dtype=np.object_)
    pairs_that_meet(square, segment, np.array([shapely.LineString([(0, 0), (1, 1)])], dtype=np.object_), first, first)


def _edges(shapes: npt.NDArray[np.object_]) -> tuple[Floats, Indices]:
    """The edges (e, 4) of all rings of all shapes, and where each shape's start (s + 1)."""
    parts, shape_of = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    corners, ring_of = shapely.get_coordinates(rings, return_index=True)
    same = ring_of[1:] == ring_of[:-1]
    edges = np.column_stack((corners[:-1], corners[1:]))[same]
    owners = shape_of[part_of[ring_of[1:][same]]]
    return edges, np.searchsorted(owners, np.arange(len(shapes) + 1))


@compiled()
def _orientation(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:  # pragma: no cover
    """1: c lies left of a to b, -1: right, 0: not sure."""
    left = (ax - cx) * (by - cy)
    right = (ay - cy) * (bx - cx)
    total = abs(left) + abs(right)
    det = left - right
    if total < _TINY or abs(det) <= _BOUND_A * total:
        return 0
    return 1 if det > 0 else -1


@compiled()
def _slab(value: float, low: float, per_m: float, slabs: int) -> int:  # pragma: no cover
    """The slab a coordinate lies in; the same or a later one for a greater coordinate."""
    place = (value - low) * per_m
    if place <= 0:
        return 0
    return slabs - 1 if place >= slabs - 1 else int(place)


@compiled()
def _decide(edges: Any, starts: Any, segments: Any, asked: Any, met: Any) -> Any:  # pragma: no cover
    """The answer of each pair; pairs of one shape stand together, or its slabs are made again."""
    answers = np.empty(len(asked), np.uint8)
    current = -1
    own = np.empty((0, 4))
    heads = np.empty(0, np.int64)
    listed = np.empty(0, np.int64)
    low, per_m, slabs, turned = 0.0, 0.0, 1, False
    for pair in range(len(asked)):
        if asked[pair] != current:
            current = asked[pair]
            own = edges[starts[current] : starts[current + 1]].copy()
            turned = _turn(own)
            low, per_m, slabs = _measure(own)
            heads, listed = _sort_in(own, low, per_m, slabs)
        it = met[pair]
        x1, y1, x2, y2 = segments[it, 0], segments[it, 1], segments[it, 2], segments[it, 3]
        if turned:
            x1, y1, x2, y2 = y1, x1, y2, x2
        answers[pair] = _meets(own, heads, listed, low, per_m, slabs, x1, y1, x2, y2)
    return answers


@compiled()
def _turn(own: Any) -> bool:  # pragma: no cover
    """Swap x and y of the edges where they are wider than high, so that slabs lie across the longer side."""
    if own[:, 0].max() - own[:, 0].min() <= own[:, 1].max() - own[:, 1].min():
        return False
    for edge in range(len(own)):
        own[edge, 0], own[edge, 1] = own[edge, 1], own[edge, 0]
        own[edge, 2], own[edge, 3] = own[edge, 3], own[edge, 2]
    return True


@compiled()
def _measure(own: Any) -> tuple[float, float, int]:  # pragma: no cover
    """The lowest y, slabs a metre, and how many slabs."""
    low, high = own[:, 1].min(), own[:, 1].max()
    slabs = min(max(len(own) // 2, 1), _SLABS_MAX)
    return low, slabs / (high - low), slabs


@compiled()
def _sort_in(own: Any, low: float, per_m: float, slabs: int) -> Any:  # pragma: no cover
    """The edges that reach into each slab: ``listed`` from ``heads[s]`` to ``heads[s + 1]``."""
    heads = np.zeros(slabs + 1, np.int64)
    for edge in range(len(own)):
        first = _slab(min(own[edge, 1], own[edge, 3]), low, per_m, slabs)
        last = _slab(max(own[edge, 1], own[edge, 3]), low, per_m, slabs)
        for slab in range(first, last + 1):
            heads[slab + 1] += 1
    for slab in range(slabs):
        heads[slab + 1] += heads[slab]
    filled = heads[:-1].copy()
    listed = np.empty(heads[-1], np.int64)
    for edge in range(len(own)):
        first = _slab(min(own[edge, 1], own[edge, 3]), low, per_m, slabs)
        last = _slab(max(own[edge, 1], own[edge, 3]), low, per_m, slabs)
        for slab in range(first, last + 1):
            listed[filled[slab]] = edge
            filled[slab] += 1
    return heads, listed


@compiled()
def _meets(
    own: Any, heads: Any, listed: Any, low: float, per_m: float, slabs: int, ax: float, ay: float, bx: float, by: float
) -> int:  # pragma: no cover
    """Whether the segment a to b meets the polygon of these edges."""
    first = _inside(own, heads, listed, _slab(ay, low, per_m, slabs), ax, ay)
    if first != _APART:
        return first
    west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    unsure = False
    for slab in range(_slab(south, low, per_m, slabs), _slab(north, low, per_m, slabs) + 1):
        for place in range(heads[slab], heads[slab + 1]):
            edge = listed[place]
            x1, y1, x2, y2 = own[edge, 0], own[edge, 1], own[edge, 2], own[edge, 3]
            if max(x1, x2) < west or min(x1, x2) > east or max(y1, y2) < south or min(y1, y2) > north:
                continue
            a_side, b_side = _orientation(x1, y1, x2, y2, ax, ay), _orientation(x1, y1, x2, y2, bx, by)
            if a_side * b_side > 0:
                continue
            side1, side2 = _orientation(ax, ay, bx, by, x1, y1), _orientation(ax, ay, bx, by, x2, y2)
            if side1 * side2 > 0:
                continue
            if a_side * b_side < 0 and side1 * side2 < 0:
                return _MEETS
            unsure = True
    return _UNSURE if unsure else _APART


@compiled()
def _inside(own: Any, heads: Any, listed: Any, slab: int, x: float, y: float) -> int:  # pragma: no cover
    """Whether a point lies inside: an odd number of edges passes east of it (even-odd, so holes are outside)."""
    inside = False
    for place in range(heads[slab], heads[slab + 1]):
        edge = listed[place]
        y1, y2 = own[edge, 1], own[edge, 3]
        if (y1 > y) != (y2 > y):
            side = _orientation(own[edge, 0], y1, own[edge, 2], y2, x, y)
            if side == 0:
                return _UNSURE
            # It lies left of an edge that goes up, right of one that goes down.
            if (side > 0) == (y2 > y1):
                inside = not inside
    return _MEETS if inside else _APART
