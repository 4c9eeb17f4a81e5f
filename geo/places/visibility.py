"""Shortest ways inside one room: straight where one sees the other, around the room's corners where not. Pure.

A shortest path among polygonal obstacles turns only at their corners (de Berg et al., Computational Geometry, 3rd ed.,
lemma 15.1), and at each of them both walls lie on one side of it; so the graph of what sees what, with the corners that
point into the room, holds every shortest path exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from core.errors import Invalid
from geo.graph.csr import Floats
from geo.places.walls import mitred

# Squared in work: a curved wall of hundreds of corners is a drawing to be simplified, and said so.
POINTS_MAX = 600
# A wall's own points lie on it to the rounding of a projection; a thousandth of a millimetre is no way through.
_TOUCH_M = 1e-6
# One stretch of the segments that are tested at once, to bound memory.
_CHUNK = 20_000

Pairs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def ways_inside(room: Polygon, points: Floats, name: str) -> tuple[Floats, Pairs, Floats]:
    """A room in metres and the places in it (k, 2) -> places with corners (k + c, 2), pairs (e, 2), metres (e).

    The first k are the places given, moved into the room where they lie beside it (the distance is part of the
    metres). Corners are added when two of the places do not see each other. Raises Invalid, naming the room, for more
    than POINTS_MAX places and corners.
    """
    inside = _moved_in(room, points)
    gap = np.hypot(*(points - inside).T)
    air = mitred(room, _TOUCH_M)
    shapely.prepare(air)
    pinches = _pinches(room)
    pairs = np.column_stack(np.triu_indices(len(inside), 1))
    _bounded(len(inside), name)
    seen = _seen(air, inside, pairs, pinches)
    if not seen.all():
        corners, before, after = _corners(room)
        _bounded(len(inside) + len(corners), name)
        k = len(inside)
        inside = np.vstack((inside, corners))
        gap = np.concatenate((gap, np.zeros(len(corners))))
        pairs = np.column_stack(np.triu_indices(len(inside), 1))
        useful = _tangent(inside, pairs, k, before, after)
        pairs = pairs[useful]
        seen = _seen(air, inside, pairs, pinches)
        pairs, seen, inside, gap = _reached(pairs[seen], k, inside, gap)
    pairs = pairs[seen]
    metres = np.hypot(*(inside[pairs[:, 0]] - inside[pairs[:, 1]]).T) + gap[pairs[:, 0]] + gap[pairs[:, 1]]
    return inside, pairs, metres


def sees(room: Polygon, one: Floats, others: Floats) -> Flags:
    """Which of other places (n, 2) in a room one place (2) sees."""
    air = mitred(room, _TOUCH_M)
    shapely.prepare(air)
    places = np.vstack((one.reshape(1, 2), others))
    pairs = np.column_stack((np.zeros(len(others), dtype=np.int64), np.arange(1, len(others) + 1)))
    return _seen(air, places, pairs, _pinches(room))


def _moved_in(room: Polygon, points: Floats) -> Floats:
    lines = shapely.get_coordinates(shapely.shortest_line(shapely.points(points), room))
    ends: Floats = lines[1::2]
    return ends


def _bounded(count: int, name: str) -> None:
    if count > POINTS_MAX:
        raise Invalid(
            "geo.room_too_complex",
            f"room {name} has {count} doors and corners; at most {POINTS_MAX} can be walked",
            f"房间 {name} 的门和墙角共 {count} 个，最多 {POINTS_MAX} 个",
            field="rooms",
            value=name,
            limit=POINTS_MAX,
        )


def _corners(room: Polygon) -> tuple[Floats, Floats, Floats]:
    """The corners that point into the room (c, 2), and the corner before and after each."""
    found, before, after = [], [], []
    oriented = orient(room)
    for ring in (oriented.exterior, *oriented.interiors):
        # The room lies left of every ring; a corner that turns right points into it.
        at = np.asarray(ring.coords)[:-1, :2]
        previous, following = np.roll(at, 1, axis=0), np.roll(at, -1, axis=0)
        right = _cross(at - previous, following - at) < 0
        found.append(at[right])
        before.append(previous[right])
        after.append(following[right])
    return np.vstack(found), np.vstack(before), np.vstack(after)


def _reached(pairs: Pairs, k: int, inside: Floats, gap: Floats) -> tuple[Pairs, Flags, Floats, Floats]:
    """The pairs and corners that hang together with one of the first ``k`` places, the corners numbered anew."""
    found = np.arange(len(inside)) < k
    more = True
    while more:
        beside = found[pairs].any(axis=1)
        more = not found[pairs[beside]].all()
        found[pairs[beside]] = True
    number = np.cumsum(found) - 1
    pairs = number[pairs[found[pairs].all(axis=1)]]
    return pairs, np.ones(len(pairs), dtype=np.bool_), inside[found], gap[found]


def _tangent(places: Floats, pairs: Pairs, k: int, before: Floats, after: Floats) -> Flags:
    """Which pairs graze every corner they end at: both its walls on one side of the line."""
    useful = np.ones(len(pairs), dtype=np.bool_)
    for end, other in ((0, 1), (1, 0)):
        at_corner = pairs[:, end] >= k
        corner = pairs[at_corner, end] - k
        at = places[pairs[at_corner, end]]
        along = at - places[pairs[at_corner, other]]
        sides = _cross(along, before[corner] - at), _cross(along, after[corner] - at)
        # Nearly along a wall counts as grazing: one pair too many is only work.
        slack = 1e-9 * np.hypot(*along.T)
        useful[at_corner] &= ~(((sides[0] > slack) & (sides[1] < -slack)) | ((sides[0] < -slack) & (sides[1] > slack)))
    return useful


def _seen(air: BaseGeometry, places: Floats, pairs: Pairs, pinches: Floats) -> Flags:
    seen = np.zeros(len(pairs), dtype=np.bool_)
    for start in range(0, len(pairs), _CHUNK):
        lines = shapely.linestrings(places[pairs[start : start + _CHUNK]])
        free = shapely.covers(air, lines)
        if len(pinches):
            free &= ~shapely.dwithin(lines, shapely.multipoints(pinches), 10 * _TOUCH_M)
        seen[start : start + _CHUNK] = free
    return seen


def _pinches(room: Polygon) -> Floats:
    """Where two rings of the room touch: walls that meet, and no way between them."""
    rings = [shapely.LineString(ring.coords) for ring in (room.exterior, *room.interiors)]
    if len(rings) == 1:
        return np.empty((0, 2))
    left, right = shapely.STRtree(rings).query(rings, predicate="intersects")
    met = [shapely.get_coordinates(rings[i].intersection(rings[j])) for i, j in zip(left, right, strict=True) if i < j]
    return np.vstack(met) if met else np.empty((0, 2))


def _cross(a: Floats, b: Floats) -> Floats:
    crossed: Floats = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return crossed
