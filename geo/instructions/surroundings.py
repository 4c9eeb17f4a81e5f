"""A plan in metres, to be asked what a walker passes: walls, rooms, doors' walls and landmarks in sight. Pure."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.strtree import STRtree

from geo.places.model import Door, Landmark, PlaceId, Plan, Rise, Room, RoomKind
from geo.projection import Projection
from geo.zones import SHARED_WALL_M

XY: TypeAlias = tuple[float, float]
# What hangs on a wall is drawn on it or just inside: that wall does not hide it.
ON_WALL_M = 0.3
# The rooms around a rise.
SHAFTS: tuple[RoomKind, ...] = ("stairs", "lift", "escalator", "ramp", "ladder")


class Surroundings:
    """Everything of a plan that instructions name, by id, and its walls by level. Made once, asked for every path."""

    def __init__(self, plan: Plan, projection: Projection) -> None:
        self.plan, self.projection = plan, projection
        self.rooms: dict[PlaceId, Room] = {room.id: room for room in plan.rooms}
        self.doors: dict[PlaceId, Door] = {door.id: door for door in plan.doors}
        self.rises: dict[PlaceId, Rise] = {rise.id: rise for rise in plan.rises}
        self.landmarks: dict[PlaceId, Landmark] = {mark.id: mark for mark in plan.landmarks}
        self.door_at: dict[PlaceId, XY] = self._places([(door.id, door.at) for door in plan.doors])
        self.landmark_at: dict[PlaceId, XY] = self._places([(mark.id, mark.at) for mark in plan.landmarks])
        self._shapes = {room.id: self._polygon(room) for room in plan.rooms}
        self.walls: dict[int, MultiLineString] = self._walls()
        self._sides = {level: STRtree(_sides(walls)) for level, walls in self.walls.items()}
        self._axes: dict[PlaceId, float | None] = {}
        self._cores: dict[PlaceId, BaseGeometry] = {}
        self._floors = self._trees()
        self._marks = self._mark_trees()
        self.doors_of: dict[PlaceId | None, list[Door]] = {}
        for door in plan.doors:
            for room_id in dict.fromkeys(door.joins):
                self.doors_of.setdefault(room_id, []).append(door)

    def _places(self, given: list[tuple[PlaceId, XY]]) -> dict[PlaceId, XY]:
        metres = self.projection.to_metres([at for _, at in given])
        return {key: (float(x), float(y)) for (key, _), (x, y) in zip(given, metres, strict=True)}

    def _polygon(self, room: Room) -> Polygon:
        rings = [self.projection.to_metres([p[:2] for p in ring]) for ring in room.polygon["coordinates"]]
        return Polygon(rings[0], rings[1:])

    def _walls(self) -> dict[int, MultiLineString]:
        lines: dict[int, list[Any]] = {}
        for room in self.plan.rooms:
            # Where a yard ends there is a building's wall, which that building's rooms have, or nothing.
            if room.kind != "outdoors":
                lines.setdefault(room.level, []).extend(shapely.get_parts(self._shapes[room.id].boundary))
        walls = {level: MultiLineString(parts) for level, parts in lines.items()}
        shapely.prepare(list(walls.values()))
        return walls

    def _trees(self) -> dict[int, tuple[STRtree, list[PlaceId]]]:
        ids: dict[int, list[PlaceId]] = {}
        for room in self.plan.rooms:
            if room.kind != "solid":
                ids.setdefault(room.level, []).append(room.id)
        return {level: (STRtree([self._shapes[i] for i in here]), here) for level, here in ids.items()}

    def _mark_trees(self) -> dict[int, tuple[STRtree, list[Landmark]]]:
        marks: dict[int, list[Landmark]] = {}
        for mark in self.plan.landmarks:
            # A marker nobody gave a name is no help to anybody.
            if mark.kind != "other" or mark.name is not None:
                marks.setdefault(mark.level, []).append(mark)
        points = {level: [Point(self.landmark_at[mark.id]) for mark in here] for level, here in marks.items()}
        return {level: (STRtree(points[level]), here) for level, here in marks.items()}

    def room_at(self, level: int, x: float, y: float) -> PlaceId | None:
        """The room that holds a place, the smallest where several do; None outside of all."""
        if level not in self._floors:
            return None
        tree, ids = self._floors[level]
        found = [ids[i] for i in tree.query(Point(x, y), predicate="intersects").tolist()]
        return min(found, key=lambda i: (round(self._shapes[i].area, 3), i), default=None)

    def clear(self, level: int, a: XY, b: XY) -> bool:
        """Whether one at ``a`` sees what is at ``b``: no wall between, but for the one it hangs on."""
        if level not in self.walls:
            return True
        length = math.dist(a, b)
        if length <= ON_WALL_M:
            return True
        share = 1 - ON_WALL_M / length
        end = (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
        return not self.walls[level].intersects(LineString([a, end]))

    def off_wall(self, room_id: PlaceId | None, at: XY) -> XY:
        """The place nearest to one in a room where eyes can be: nobody stands in the wall a path turns around."""
        if room_id is None:
            return at
        if room_id not in self._cores:
            self._cores[room_id] = self._shapes[room_id].buffer(-ON_WALL_M)
            shapely.prepare(self._cores[room_id])
        core, point = self._cores[room_id], Point(at)
        if core.is_empty or core.contains(point) or self._shapes[room_id].distance(point) > ON_WALL_M:
            return at
        near = shapely.shortest_line(core, point).coords[0]
        return near[0], near[1]

    def walls_near(self, level: int, line: LineString, within_m: float) -> BaseGeometry | None:
        """The sides of walls within a distance of a line; None where there are none."""
        if level not in self._sides:
            return None
        tree = self._sides[level]
        near = tree.query(line, predicate="dwithin", distance=within_m)
        return MultiLineString(tree.geometries.take(near).tolist()) if len(near) else None

    def door_heading(self, door_id: PlaceId, leaves: PlaceId | None, into: PlaceId | None) -> float | None:
        """The direction through a door from one room into another, at right angles to its wall: degrees
        counter-clockwise from east. None where no wall of a room it joins is near it, or neither room is known.

        By the rooms and not by the path: one that goes on along the wall says nothing of the side it comes from.
        """
        if door_id not in self._axes:
            self._axes[door_id] = self._door_axis(door_id)
        axis = self._axes[door_id]
        if axis is None or (leaves not in self._shapes and into not in self._shapes):
            return None
        x, y = self.door_at[door_id]
        angle = math.radians(axis)
        dx, dy = SHARED_WALL_M * math.cos(angle), SHARED_WALL_M * math.sin(angle)
        there, back = Point(x + dx, y + dy), Point(x - dx, y - dy)
        towards = 0.0
        for room_id, sign in ((into, 1), (leaves, -1)):
            if room_id in self._shapes:
                towards += sign * (self._shapes[room_id].distance(back) - self._shapes[room_id].distance(there))
        # In one room on both sides: the wall near it is not the door's.
        if round(towards, 3) == 0:
            return None
        return axis if towards > 0 else axis + 180.0

    def wall_heading(self, room_id: PlaceId | None, x: float, y: float) -> float | None:
        """The direction into a room from the wall that a place is on; None away from its walls, and in a shaft."""
        if room_id is None or self.rooms[room_id].kind in SHAFTS:
            return None
        shape = self._shapes[room_id]
        away, along = min(_nearest_side(np.asarray(ring.coords), x, y) for ring in (shape.exterior, *shape.interiors))
        if away > SHARED_WALL_M:
            return None
        angle = math.radians(along + 90.0)
        dx, dy = SHARED_WALL_M * math.cos(angle), SHARED_WALL_M * math.sin(angle)
        inwards = shape.distance(Point(x + dx, y + dy)) <= shape.distance(Point(x - dx, y - dy))
        return along + 90.0 if inwards else along - 90.0

    def _door_axis(self, door_id: PlaceId) -> float | None:
        """The direction at right angles to the nearest wall of a joined room within SHARED_WALL_M, either way."""
        x, y = self.door_at[door_id]
        best: tuple[float, float] | None = None
        for room_id in self.doors[door_id].joins:
            if room_id not in self._shapes:
                continue
            for ring in (self._shapes[room_id].exterior, *self._shapes[room_id].interiors):
                found = _nearest_side(np.asarray(ring.coords), x, y)
                # The wall of the first room where both are as near, to the millimetre.
                if best is None or round(found[0], 3) < round(best[0], 3):
                    best = found
        return None if best is None or best[0] > SHARED_WALL_M else best[1] + 90.0

    def landmarks_near(self, level: int, line: LineString, within_m: float) -> list[Landmark]:
        """Landmarks of a level within a distance of a line, to a millimetre, in the plan's order."""
        if level not in self._marks:
            return []
        tree, marks = self._marks[level]
        return [marks[i] for i in sorted(tree.query(line, predicate="dwithin", distance=within_m + 0.0005).tolist())]


def _sides(walls: MultiLineString) -> list[LineString]:
    """Walls side by side: a query for those near a run finds a corner, not a whole hall."""
    return [LineString(pair) for ring in walls.geoms for pair in pairwise(ring.coords)]


def _nearest_side(ring: npt.NDArray[np.float64], x: float, y: float) -> tuple[float, float]:
    """Of a closed ring (n, 2) the side nearest to a place: its distance in metres and its direction in degrees."""
    a, d = ring[:-1], np.diff(ring, axis=0)
    long = np.maximum((d**2).sum(axis=1), 1e-12)
    t = np.clip(((x - a[:, 0]) * d[:, 0] + (y - a[:, 1]) * d[:, 1]) / long, 0, 1)
    away = np.round(np.hypot(a[:, 0] + t * d[:, 0] - x, a[:, 1] + t * d[:, 1] - y), 3)
    i = int(np.argmin(away))
    return float(away[i]), math.degrees(math.atan2(d[i, 1], d[i, 0]))
