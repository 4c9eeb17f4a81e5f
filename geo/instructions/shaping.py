"""A path through a network -> what one walks: a line on each level, doors and rises its fixed points. Pure.

A path over a grid is a staircase of small turns, and one over a drawn network has a vertex wherever a way begins. Lines
are simplified by Douglas and Peucker (1973): a vertex goes where the straight run stays within a tolerance of the path.
A run is straightened only between two fixed points, and only where it meets no wall (and nothing to keep out of) that
the path itself does not meet there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from geo.instructions.path import NODES, RISE_KINDS, SAME_PLACE_M, Ends, Path, passages, read_path, stretches
from geo.instructions.surroundings import Surroundings
from geo.places.model import PlaceId, RiseKind
from geo.places.network import Network

# The staircase over a grid of 1.4 m is 1 m off its run (cell / sqrt 2), and 1 m is half of a corridor of 2 m.
TOLERANCE_M = 1.0
# A straight flight of a storey is longer than this seen from above (16 treads of 0.26 m, GB 50352-2019 table 6.8.10);
# stops nearer to one another stand for stairs that turn. A lift and a ladder go straight up wherever their stops are.
_FLIGHT_M: dict[RiseKind, float] = {
    "stairs": 3.0, "ramp": SAME_PLACE_M, "escalator": SAME_PLACE_M, "lift": math.inf, "ladder": math.inf,
}  # fmt: skip
# What one goes into through a wall.
_IN_WALLS: tuple[RiseKind, ...] = ("stairs", "lift")
# Nearer to a wall than this is on it: a run along a wall would touch it or not by the last bit of a coordinate.
CLEAR_M = 0.05
# A run may meet a wall this far from where the path meets it: the width of a door's leaf is 0.9 m.
TOUCH_M = 0.3


class Vertex(msgspec.Struct, frozen=True):
    """A node of the path that is kept, the ``index``-th of it; ``millis`` since the path's start."""

    index: int
    node: int
    x: float
    y: float
    level: int
    millis: int


class Crossing(msgspec.Struct, frozen=True):
    """A door one goes through: from point ``first`` to ``last`` of its leg, in direction ``heading`` (degrees),
    from one room into another (None: outside, or unknown)."""

    door: PlaceId
    first: int
    last: int
    heading: float
    rooms: tuple[PlaceId | None, PlaceId | None]


class Leg(msgspec.Struct, frozen=True):
    """A walk on one level; ``rooms``: of each run between two points, the room most of it is in."""

    level: int
    points: list[Vertex]
    rooms: list[PlaceId | None]
    crossings: list[Crossing]


class Climb(msgspec.Struct, frozen=True):
    """A way up or down without a walk in it; ``entry`` and ``exit``: the directions one walks in into it and out of it,
    None where they are not known."""

    kind: RiseKind
    rise: PlaceId | None
    up: bool | None
    floors: int
    points: list[Vertex]
    entry: float | None
    exit: float | None


class Shape(msgspec.Struct, frozen=True):
    """The whole way in order; ``nodes``: all of the path, and ``raw_m``: its length, before it was straightened."""

    parts: list[Leg | Climb]
    nodes: list[int]
    raw_m: float


KeepOut: TypeAlias = Mapping[int, BaseGeometry]
"""By level what a straightened run stays out of, in the network's metres: a hazard the path goes around."""


def shape(
    around: Surroundings,
    network: Network,
    arcs: npt.ArrayLike,
    millis: npt.ArrayLike,
    *,
    tolerance_m: float = TOLERANCE_M,
    keep_out: KeepOut | None = None,
    ends: Ends = NODES,
) -> Shape:
    """The path of ``arcs`` (k, int32) in walking order, each taking ``millis`` (k, int32) -> its shape; ``ends``: where
    it begins and ends when that is halfway along the first or the last of them.

    Raises Invalid for a path that is empty, too long, broken, or over an arc that is banned.
    """
    path = read_path(around, network, np.asarray(arcs), np.asarray(millis), ends)
    parts: list[Leg | Climb] = []
    for first, last, climb in stretches(around, path):
        if climb:
            parts.append(_climb(around, path, first, last))
        else:
            parts.append(_leg(around, path, first, last, tolerance_m, keep_out or {}))
    return Shape(parts, path.nodes, path.length(0, len(path.kinds)))


def _vertex(path: Path, i: int) -> Vertex:
    x, y = path.xy[i].tolist()
    return Vertex(i, path.nodes[i], x, y, path.levels[i], path.millis[i])


def _climb(around: Surroundings, path: Path, first: int, last: int) -> Climb:
    # A change of level that no kind explains is a slope.
    kind = RISE_KINDS.get(path.kinds[first], "ramp")
    before = path.rooms[first - 1] if first > 0 else None
    wall = around.wall_heading(before, *path.xy[first].tolist()) if kind in _IN_WALLS else None
    return Climb(
        kind,
        path.of[first],
        path.up(first, last),
        abs(path.levels[last] - path.levels[first]),
        [_vertex(path, i) for i in range(first, last + 1)],
        path.walked(first) if wall is None else wall + 180.0,
        _out_of(around, path, kind, last),
    )


def _out_of(around: Surroundings, path: Path, kind: RiseKind, last: int) -> float | None:
    """The direction one walks in at the far end of a rise.

    A plan has a rise's stops and not its flights. Stops far enough apart are a straight flight; of others the stairs
    may turn any way, and only the wall they are left by tells which.
    """
    far_m = _FLIGHT_M[kind]
    if path.length(last - 1, last) > far_m:
        return path.heading(last - 1, last)
    after = path.rooms[last] if last < len(path.kinds) else None
    return around.wall_heading(after, *path.xy[last].tolist()) if kind in _IN_WALLS else None


def _leg(around: Surroundings, path: Path, first: int, last: int, tolerance_m: float, keep_out: KeepOut) -> Leg:
    level = path.levels[first]
    doors = passages(around, path, first, last)
    fixed = sorted({first, last, *(i for pair in doors for i in pair)})
    barriers = _Barriers(around, level, keep_out.get(level))
    kept = [first]
    for a, b in pairwise(fixed):
        kept += _simplify(path.xy, a, b, tolerance_m, barriers)
    index = {i: at for at, i in enumerate(kept)}
    crossings = [_crossing(around, path, a, b, index) for a, b in doors]
    rooms = [_main_room(path, a, b) for a, b in pairwise(kept)]
    return Leg(level, [_vertex(path, i) for i in kept], rooms, crossings)


def _crossing(around: Surroundings, path: Path, i: int, j: int, index: Mapping[int, int]) -> Crossing:
    door = path.doors[i]
    assert door is not None
    before = path.rooms[i - 1] if i > 0 else None
    after = path.rooms[j] if j < len(path.kinds) else None
    one, other = around.doors[door].joins
    if before in (one, other) and before is not None:
        after = other if before == one else one
    elif after in (one, other):
        before = other if after == one else one
    through = around.door_heading(door, before, after)
    if through is None:
        far = path.length(i, j) > SAME_PLACE_M
        through = path.heading(i, j) if far else path.heading(max(i - 1, 0), min(j + 1, len(path.kinds)))
    return Crossing(door, index[i], index[j], through, (before, after))


def _main_room(path: Path, first: int, last: int) -> PlaceId | None:
    lengths: dict[PlaceId | None, float] = {}
    for i in range(first, last):
        lengths[path.rooms[i]] = lengths.get(path.rooms[i], 0.0) + path.length(i, i + 1)
    return max(lengths, key=lambda room: round(lengths[room], 3))


class _Barriers:
    """What no run on a level is straightened through."""

    def __init__(self, around: Surroundings, level: int, keep_out: BaseGeometry | None) -> None:
        self._around, self._level, self._keep_out = around, level, keep_out

    def free(self, piece: npt.NDArray[np.float64]) -> bool:
        """Whether the straight run between the ends of a piece (n, 2) meets nothing but where the piece meets it."""
        run = LineString(piece[[0, -1]])
        barriers = [self._around.walls_near(self._level, run, CLEAR_M), self._keep_out]
        whole = [self._around.walls_near(self._level, LineString(piece), CLEAR_M), self._keep_out]
        return all(
            near is None or _known(run, LineString(piece), near, known)
            for near, known in zip(barriers, whole, strict=True)
        )


def _known(run: LineString, piece: LineString, near: BaseGeometry, known: BaseGeometry | None) -> bool:
    """Whether all that a run meets of a barrier is where the piece meets it; ``known``: the barrier near the piece."""
    met = shapely.intersection(shapely.buffer(run, CLEAR_M, quad_segs=2), near)
    if met.is_empty:
        return True
    if known is None:
        return False
    met_before = shapely.intersection(shapely.buffer(piece, CLEAR_M, quad_segs=2), known)
    return bool(shapely.buffer(met_before, TOUCH_M, quad_segs=2).covers(met))


def _simplify(xy: npt.NDArray[np.float64], first: int, last: int, tolerance_m: float, barriers: _Barriers) -> list[int]:
    """The vertices to keep after ``first`` up to ``last``, which are both fixed."""
    kept: list[int] = []
    stack = [(first, last)]
    while stack:
        a, b = stack.pop()
        away, at = _farthest(xy, a, b)
        if b - a > 1 and (away > tolerance_m or not barriers.free(xy[a : b + 1])):
            stack += [(at, b), (a, at)]
        else:
            kept.append(b)
    return kept


def _farthest(xy: npt.NDArray[np.float64], a: int, b: int) -> tuple[float, int]:
    """How far, and which, the vertex farthest from the run between two others is; millimetres decide no tie."""
    if b - a < 2:
        return 0.0, a
    start, along = xy[a], xy[b] - xy[a]
    rest = xy[a + 1 : b] - start
    share = np.clip(rest @ along / max(float(along @ along), 1e-12), 0, 1)
    away = np.round(np.hypot(*(rest - share[:, None] * along).T), 3)
    # Of vertices equally far the middle one: a staircase too wide to be straight is halved, not peeled from one end.
    ties = np.flatnonzero(away == away.max())
    return float(away.max()), a + 1 + int(ties[len(ties) // 2])
