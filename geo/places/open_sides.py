"""Where rooms meet with no wall between them: open doors along the side they share. Pure."""

from __future__ import annotations

from collections.abc import Callable

import shapely
from shapely.geometry import LineString

from geo.places.model import Door, Room
from geo.places.walls import RoomMap

# Drawn from one plan, the sides of two areas lie on each other to a few centimetres.
TOUCH_M = 0.05
# A gap a person passes (GB 50016: no evacuation door narrower than 0.8 m).
PASSAGE_MIN_M = 0.8
# A wide side is crossed at several places, so that a way across it is nearly straight.
EVERY_M = 3.0


def open_sides(walls: RoomMap, meets: Callable[[Room, Room], bool]) -> list[Door]:
    """Open doors between rooms of one level that ``meets`` says have no wall between them, where they touch."""
    doors: list[Door] = []
    if not walls.polygons:
        return doors
    left, right = shapely.STRtree(walls.polygons).query(walls.polygons, predicate="dwithin", distance=TOUCH_M)
    for i, j in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        one, other = walls.rooms[i], walls.rooms[j]
        if i < j and one.level == other.level and meets(one, other):
            near = walls.polygons[j].buffer(2 * TOUCH_M)
            sides = shapely.line_merge(walls.polygons[i].boundary.intersection(near))
            for side in shapely.get_parts(sides):
                if side.length >= PASSAGE_MIN_M:
                    doors += _along(side, one, other, len(doors), walls)
    return doors


def _along(side: LineString, one: Room, other: Room, number: int, walls: RoomMap) -> list[Door]:
    count = max(round(side.length / EVERY_M), 1)
    found = []
    for part in range(count):
        point = side.interpolate((part + 0.5) / count, normalized=True)
        lon, lat = walls.projection.to_degrees([(point.x, point.y)])[0].tolist()
        found.append(
            Door(
                id=f"open {number + part}",
                level=one.level,
                at=(lon, lat),
                joins=(one.id, other.id),
                state="open",
                width_m=round(min(side.length / count, 20.0), 3),
            )
        )
    return found
