"""Which room a point lies in, and which rooms an opening in a wall joins. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.places.model import PlaceId, Room
from geo.projection import Projection
from geo.zones import SHARED_WALL_M

# An opening with nearly all of its surroundings in one room stands in that room, not in its wall.
INSIDE_SHARE = 0.95
# A room that holds less than this of an opening's surroundings meets it at a corner at most.
JOINED_SHARE_MIN = 0.02


class RoomMap:
    """The walkable rooms of a plan in metres, by level, ready to be asked many times."""

    def __init__(self, rooms: Iterable[Room], projection: Projection) -> None:
        self.rooms = [room for room in rooms if room.kind != "solid"]
        self.kinds = {room.id: room.kind for room in self.rooms}
        self.projection = projection
        self.polygons = [polygon_m(room, projection) for room in self.rooms]
        by_level: dict[int, list[int]] = {}
        for index, room in enumerate(self.rooms):
            by_level.setdefault(room.level, []).append(index)
        self._levels = {
            level: (np.array(indices), STRtree([self.polygons[i] for i in indices]))
            for level, indices in by_level.items()
        }

    def near(self, level: int, place: BaseGeometry, within_m: float = 0.0) -> list[int]:
        """Indices of the rooms of a level within a distance of a place in metres, in the plan's order."""
        if level not in self._levels:
            return []
        indices, tree = self._levels[level]
        return sorted(indices[tree.query(place, predicate="dwithin", distance=within_m)].tolist())

    def holding(self, level: int, x: float, y: float) -> PlaceId | None:
        """The room a point lies in; of several (one drawn over another) the smallest."""
        found = self.near(level, Point(x, y))
        return self.rooms[min(found, key=lambda i: self.polygons[i].area)].id if found else None

    def joined(self, level: int, opening: BaseGeometry) -> tuple[PlaceId | None, PlaceId | None]:
        """The two rooms an opening (point, line along the wall, or polygon, in metres) joins; None: the outside.

        They are the two that hold most of what lies within SHARED_WALL_M of it, the larger part first. Both None: it
        lies on no room's boundary.
        """
        around = opening.buffer(SHARED_WALL_M)
        shares = {i: self.polygons[i].intersection(around).area / around.area for i in self.near(level, around)}
        found = sorted((i for i in shares if shares[i] >= JOINED_SHARE_MIN), key=lambda i: (-shares[i], i))[:2]
        if not found or shares[found[-1]] > INSIDE_SHARE:
            return (None, None)
        return (self.rooms[found[0]].id, self.rooms[found[1]].id if len(found) == 2 else None)


def polygon_m(room: Room, projection: Projection) -> Polygon:
    """A room's polygon in metres."""
    rings = [projection.to_metres([position[:2] for position in ring]) for ring in room.polygon["coordinates"]]
    return largest_valid(Polygon(rings[0], rings[1:]))


def mitred(shape: BaseGeometry, by_m: float) -> BaseGeometry:
    """A shape grown by ``by_m`` with its corners kept sharp; valid, which mitred corners that meet are not always."""
    grown = shape.buffer(by_m, join_style="mitre")
    return grown if grown.is_valid else shapely.union_all(_polygons(shapely.make_valid(grown)))


def largest_valid(polygon: Polygon) -> Polygon:
    """The polygon, or the largest part of it made valid: rounding in a projection can cross two sides."""
    if polygon.is_valid:
        return polygon
    return max(_polygons(shapely.make_valid(polygon)), key=lambda part: float(part.area), default=Polygon())


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    """The polygons of a shape of mixed parts."""
    return [part for part in shapely.get_parts(shapely.get_parts(shape)) if isinstance(part, Polygon)]
