"""The roads of a plan in the network that is built from its rooms: walked along, and joined to the ground. Pure.

People walk a road both ways, whatever vehicles may. It is joined where somebody steps on it: at the point nearest to
each door, stop and assembly point on the open ground, and to each of those in a yard it leads through. The walk from
them is the ground's own, around the buildings; a yard that no road leads through is left straight to the nearest.
"""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from geo.graph.csr import BANNED
from geo.places.draft import Draft
from geo.places.drawn import climb
from geo.places.model import Door, PlaceId, Plan, Room, Way
from geo.places.network import ArcKind, Node
from geo.places.roads import RoadMap
from geo.places.speeds import WALK_M_S, door_seconds, whole_millis
from geo.places.walls import RoomMap, polygon_m
from geo.zones import SHARED_WALL_M

# A road further off than this is not what somebody who comes out of a door makes for (as a drawn network's).
ROAD_NEAR_M = 100.0
# A walk that only touches a wall does not go through it.
_TOUCH_M = 0.01

_Portals = dict[PlaceId, list[int]]


class RoadsWalked:
    """The roads being put into a draft."""

    def __init__(self, plan: Plan, draft: Draft, walls: RoomMap) -> None:
        self.plan, self.draft, self.walls = plan, draft, walls
        self.map = RoadMap(plan, draft.projection)
        self.nodes: dict[PlaceId, int] = {}
        # On the ground of each level: who steps on a road, and where.
        self._steps: dict[int, list[tuple[int, int]]] = {}
        self._yards = {room.id for room in walls.rooms if room.kind == "outdoors"}
        used = {end for way in plan.ways for end in way.ends}
        for node in plan.nodes:
            if node.id in used:
                x, y = self.map.at[node.id]
                number = draft.node(x, y, node.level, Node("way", node.id, self._yard(node.level, x, y)))
                self.nodes[node.id] = number
                if node.exit:
                    draft.exits.append(number)
        self._cuts: list[dict[float, int]] = [
            dict(zip((0.0, 1.0), (self.nodes[end] for end in way.ends), strict=True)) for way in self.map.roads
        ]

    def join(self, portals: _Portals, outside: dict[int, list[int]]) -> list[int]:
        """Add to the places of yards and of the ground those where one steps on a road; the levels with such ground."""
        grounds = []
        for level in sorted(set(self.map.levels)):
            roads = shapely.union_all([self.map.lines[i] for i in self.map.near(level, _EVERYWHERE)])
            indices = self.walls.near(level, roads, ROAD_NEAR_M)
            built = shapely.union_all([self.walls.polygons[i] for i in indices])
            open_roads = roads.difference(built)
            if self._step_on(open_roads, level, None, outside.get(level, [])):
                grounds.append(level)
            for index in indices:
                if self.walls.rooms[index].id in self._yards:
                    self._join_yard(index, roads, open_roads, built, portals)
        return grounds

    def straight(self, level: int) -> None:
        """Walks straight to the roads for the ground of a level that is too complex to be walked around buildings.

        Who has a building between them and the road has none.
        """
        indices = self.walls.near(level, _EVERYWHERE)
        shapes = [self.walls.polygons[i] for i in indices]
        shapes += [polygon_m(it, self.walls.projection) for it in self._solids(level)]
        built = shapely.STRtree(shapes)
        for place, foot in self._steps[level]:
            line = shapely.LineString([self.draft.place(place), self.draft.place(foot)])
            # A door's middle stands on or in its own wall.
            beyond = substring(line, min(SHARED_WALL_M, line.length), line.length)
            near = [shapes[i] for i in built.query(beyond, predicate="intersects").tolist()]
            if all(beyond.intersection(it).length <= _TOUCH_M for it in near):
                self.draft.walk(place, foot, float(line.length))

    def arcs(self) -> None:
        """Add the arcs, once all who step on a road have their place on it."""
        for road, way in enumerate(self.map.roads):
            length_m = self.map.length_m(road)
            for one, other, metres, doors in self.map.pieces(road, self._cuts[road]):
                whole = 1.0 if length_m == 0 else metres / length_m
                self._walk(way, one, other, metres / WALK_M_S if way.seconds is None else way.seconds * whole, doors)
        cabins: dict[int, int] = {}
        for way in self.plan.ways:
            if way.rise is not None:
                climb(self.plan, way, (self.nodes[way.ends[0]], self.nodes[way.ends[1]]), self.draft, cabins)

    def _walk(self, way: Way, one: int, other: int, seconds: float, doors: list[Door]) -> None:
        kind, of, millis = ArcKind.ROAD, way.id, whole_millis(seconds)
        if doors:
            door = next((it for it in doors if it.state not in self.draft.doors), doors[0])
            kind, of = ArcKind.DOOR, door.id
            passes = door.state in self.draft.doors
            millis = whole_millis(seconds + door_seconds(door.state)) if passes else int(BANNED)
        self.draft.arc(one, other, millis, kind, of)
        self.draft.arc(other, one, millis, kind, of)

    def _join_yard(
        self, index: int, roads: BaseGeometry, open_roads: BaseGeometry, built: BaseGeometry, portals: _Portals
    ) -> None:
        yard, polygon = self.walls.rooms[index], self.walls.polygons[index]
        through = shapely.intersection(roads, polygon)
        if through.length > 0:
            if not self._step_on(through, yard.level, yard.id, portals.setdefault(yard.id, [])):
                middle = _longest(through).interpolate(0.5, normalized=True)
                portals[yard.id].append(self._foot(yard.level, middle.x, middle.y, yard.id))
        elif open_roads.length > 0 and polygon.distance(open_roads) <= ROAD_NEAR_M:
            way = shapely.shortest_line(polygon, open_roads)
            in_the_way = [polygon_m(it, self.walls.projection) for it in self._solids(yard.level)]
            others = shapely.union_all([built.difference(polygon), *in_the_way])
            if way.intersection(others).length <= _TOUCH_M:
                (ax, ay), (bx, by) = shapely.get_coordinates(way).tolist()
                leaves = self.draft.node(ax, ay, yard.level, Node("corner", None, yard.id))
                portals.setdefault(yard.id, []).append(leaves)
                self.draft.walk(leaves, self._foot(yard.level, bx, by, None), float(way.length))

    def _solids(self, level: int) -> list[Room]:
        return [room for room in self.plan.rooms if room.kind == "solid" and room.level == level]

    def _step_on(self, roads: BaseGeometry, level: int, room: PlaceId | None, places: list[int]) -> bool:
        """Add to places on a level where each comes first on a road; False: none is near one."""
        found: list[int] = []
        for place in list(places) if roads.length > 0 else []:
            line = shapely.shortest_line(shapely.Point(self.draft.place(place)), roads)
            if line.length <= ROAD_NEAR_M or room is not None:
                _, (x, y) = shapely.get_coordinates(line).tolist()
                found.append(self._foot(level, x, y, room))
                if room is None:
                    self._steps.setdefault(level, []).append((place, found[-1]))
        places.extend(number for number in dict.fromkeys(found) if number not in places)
        return bool(found)

    def _foot(self, level: int, x: float, y: float, room: PlaceId | None) -> int:
        """The node of the road that passes there."""
        foot = self.map.foot(level, x, y)
        assert foot is not None
        own = Node("road", self.map.roads[foot.road].id, room)
        return self.map.cut(foot, self._cuts[foot.road], lambda x, y: self.draft.node(x, y, level, own))

    def _yard(self, level: int, x: float, y: float) -> PlaceId | None:
        """The yard a road's node lies in; a hall that a road leads into is entered by its doors."""
        room = self.walls.holding(level, x, y)
        return room if room in self._yards else None


_EVERYWHERE = shapely.box(-1e9, -1e9, 1e9, 1e9)


def _longest(lines: BaseGeometry) -> shapely.LineString:
    parts = [it for it in shapely.get_parts(lines).tolist() if isinstance(it, shapely.LineString)]
    return max(parts, key=lambda it: float(it.length))
