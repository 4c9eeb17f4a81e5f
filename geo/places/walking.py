"""A plan -> its walking network: as drawn, or built from rooms, doors and rises, with its roads. Pure."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from geo.graph.csr import BANNED
from geo.places.draft import Draft, projection_of
from geo.places.drawn import draw
from geo.places.model import Door, DoorState, PlaceId, Plan, Rise
from geo.places.network import ArcKind, Network, Node
from geo.places.roads import walks_rooms
from geo.places.roads_walked import RoadsWalked
from geo.places.speeds import door_seconds, whole_millis
from geo.places.visibility import ways_inside
from geo.places.walls import RoomMap, mitred, polygon_m
from geo.zones import SHARED_WALL_M

UNLOCKED: frozenset[DoorState] = frozenset({"open", "closed"})
BADGE_HOLDER: frozenset[DoorState] = frozenset({"open", "closed", "badge"})
# Between a column and a wall nearer than twice this nobody passes.
SOLID_AROUND_M = 0.05
# Free ground that is taken around the buildings of a plan that does not draw it.
GROUND_AROUND_M = 30.0


def walking_network(plan: Plan, *, lifts: bool = True, doors: frozenset[DoorState] = UNLOCKED) -> Network:
    """The network people walk in a plan; ``doors``: the states of the doors they pass.

    What may not be taken (another door, a lift when ``lifts`` is False) is in the network with BANNED as its time, so
    networks of one plan differ in their times alone. Raises Invalid, naming the thing, for a plan with no place in it,
    a way without its node, a room too complex to walk.
    """
    draft = Draft(projection_of(plan), lifts=lifts, doors=doors)
    if walks_rooms(plan):
        _Built(plan, draft).build()
    else:
        draw(plan, draft)
    return draft.network()


class _Built:
    """The network of rooms: each room's portals (doors, stops, assembly points) joined by ways inside it."""

    def __init__(self, plan: Plan, draft: Draft) -> None:
        self.plan, self.draft = plan, draft
        self.walls = RoomMap(plan.rooms, draft.projection)
        self.portals: dict[PlaceId, list[int]] = {}
        self.outside: dict[int, list[int]] = {}

    def build(self) -> None:
        for door in self.plan.doors:
            self._door(door)
        for rise in self.plan.rises:
            self._rise(rise)
        self._assembly()
        roads = RoadsWalked(self.plan, self.draft, self.walls)
        stepped_on = roads.join(self.portals, self.outside)
        roads.arcs()
        solids = _solids(self.plan, self.draft)
        for room, polygon in zip(self.walls.rooms, self.walls.polygons, strict=True):
            floors = _floors(polygon, solids.get(room.level)) if room.id in self.portals else []
            for floor, portals in _shared_out(self.portals.get(room.id, []), floors, self.draft):
                self._inside(floor, portals, room.id, room.id)
        gathered = [self.draft.level(point) for point in self.draft.assembly if self.draft.nodes[point].room is None]
        for level in dict.fromkeys([*stepped_on, *gathered]):
            try:
                self._ground(level, self.outside[level])
            except Invalid:
                # Too many corners; what stands by a road has it all the same.
                if level not in stepped_on:
                    raise
                roads.straight(level)

    def _add(self, x: float, y: float, level: int, node: Node) -> int:
        number = self.draft.node(x, y, level, node)
        if node.room is not None:
            self.portals.setdefault(node.room, []).append(number)
        else:
            self.outside.setdefault(level, []).append(number)
        return number

    def _door(self, door: Door) -> None:
        """A node on each side of a door, and the arcs through it; a door of no room has none."""
        x, y = self.draft.projection.to_metres([door.at])[0].tolist()
        joins = door.joins if door.joins != (None, None) else self.walls.joined(door.level, Point(x, y))
        if joins == (None, None):
            return
        one, other = (self._add(x, y, door.level, Node("door", door.id, room)) for room in joins)
        passes = door.state in self.draft.doors
        millis = whole_millis(door_seconds(door.state)) if passes else int(BANNED)
        self.draft.arc(one, other, millis, ArcKind.DOOR, door.id)
        if not door.one_way:
            self.draft.arc(other, one, millis, ArcKind.DOOR, door.id)
        if door.exit:
            self.draft.exits.append(one if joins[0] is None else other)

    def _rise(self, rise: Rise) -> None:
        """A node at each stop; with a wait, a second one inside, so that it is waited for once."""
        within: list[int] = []
        for stop in rise.stops:
            x, y = self.draft.projection.to_metres([stop.at])[0].tolist()
            room = stop.room if stop.room is not None else self.walls.holding(stop.level, x, y)
            number = self._add(x, y, stop.level, Node("stop", rise.id, room))
            if rise.wait_s > 0:
                inner = self.draft.node(x, y, stop.level, Node("lift", rise.id, room))
                self.draft.rise(number, inner, rise.wait_s, rise.kind, rise.id)
                self.draft.rise(inner, number, 0.0, rise.kind, rise.id)
                number = inner
            within.append(number)
        for low, high in pairwise(within):
            if rise.up_s is not None:
                self.draft.rise(low, high, rise.up_s, rise.kind, rise.id)
            if rise.down_s is not None:
                self.draft.rise(high, low, rise.down_s, rise.kind, rise.id)

    def _assembly(self) -> None:
        for point in self.plan.assembly_points:
            x, y = self.draft.projection.to_metres([point.at])[0].tolist()
            room = self.walls.holding(point.level, x, y)
            self.draft.assembly.append(self._add(x, y, point.level, Node("assembly", point.id, room)))

    def _inside(self, floor: Polygon, portals: list[int], room: PlaceId | None, name: str) -> None:
        places = np.array([self.draft.place(portal) for portal in portals])
        inside, pairs, metres = ways_inside(floor, places, name)
        level = self.draft.level(portals[0])
        corners = inside[len(portals) :].tolist()
        numbers = portals + [self.draft.node(x, y, level, Node("corner", None, room)) for x, y in corners]
        for (one, other), length_m in zip(pairs.tolist(), metres.tolist(), strict=True):
            self.draft.walk(numbers[one], numbers[other], length_m)

    def _ground(self, level: int, portals: list[int]) -> None:
        """Outdoors that nobody drew: free ground around the rooms of a level that has an assembly point or a road."""
        shapes = zip(self.walls.rooms, self.walls.polygons, strict=True)
        grown = [mitred(polygon, SHARED_WALL_M) for room, polygon in shapes if room.level == level]
        built = mitred(shapely.union_all(grown), -SHARED_WALL_M)
        places = [Point(self.draft.place(portal)) for portal in portals]
        west, south, east, north = shapely.union_all([built, *places]).buffer(GROUND_AROUND_M).bounds
        free = shapely.get_parts(box(west, south, east, north).difference(built)).tolist()
        # A door into a yard nobody drew, in the middle of the building, is not on open ground.
        near = [p for p, at in zip(portals, places, strict=True) if any(f.distance(at) <= SHARED_WALL_M for f in free)]
        for part, reached in _shared_out(near, free, self.draft):
            self._inside(part, reached, None, f"outdoors, level {level}")


def _solids(plan: Plan, draft: Draft) -> dict[int, STRtree]:
    """Columns and shafts by level, a little larger than drawn."""
    by_level: dict[int, list[BaseGeometry]] = {}
    for room in plan.rooms:
        if room.kind == "solid":
            shape = mitred(polygon_m(room, draft.projection), SOLID_AROUND_M)
            by_level.setdefault(room.level, []).append(shape)
    return {level: STRtree(shapes) for level, shapes in by_level.items()}


def _floors(room: Polygon, solids: STRtree | None) -> list[Polygon]:
    """The parts of a room that what stands in it leaves free."""
    if solids is None:
        return [room]
    near = solids.geometries[solids.query(room, predicate="intersects")]
    parts = shapely.get_parts(room.difference(shapely.union_all(near)))
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]


def _shared_out(portals: list[int], floors: list[Polygon], draft: Draft) -> list[tuple[Polygon, list[int]]]:
    """Each floor with the portals that are nearest to it of all the floors."""
    reached: dict[int, list[int]] = {}
    for portal in portals if floors else []:
        place = Point(draft.place(portal))
        reached.setdefault(min(range(len(floors)), key=lambda i: float(floors[i].distance(place))), []).append(portal)
    return [(floors[index], found) for index, found in reached.items()]
