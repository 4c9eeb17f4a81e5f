"""From a position to the network: the nearest arc on its level that is not behind a wall. Pure.

Someone in the middle of an arc walks a part of it, and that part of its time. What is off the network is walked
straight, at 1.2 m/s (SFPE Handbook of Fire Protection Engineering, 5th ed., chapter 59: 1.19 m/s unhindered).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.strtree import STRtree

from core.errors import Invalid
from geo.fixes import ACCURACY_MIN_M, RADIUS_95_PER_68
from geo.graph.csr import BANNED, Graph, Ints
from geo.places.model import PlaceId, Plan
from geo.projection import Projection
from geo.routing.conditions import invalid

WALK_M_S = 1.2
WHOLE_PPM = 1_000_000
# Outdoors: further off is another site, or a wrong floor.
REACH_M = 40.0
# A fix that says less is no fix of a place (IEC and phones state up to some kilometres for a cell).
ACCURACY_MAX_M = 500.0
# Half a drawn wall, as ``geo.zones.SHARED_WALL_M``: a door's middle stands on it.
WALL_M = 0.3
# Behind so many nearer arcs there is no other in sight.
_LOOKED_AT = 64


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is on the network.

    At ``node``; or, with ``node`` -1, on the arcs ``ahead`` and ``back`` between two nodes (-1: that way is not open),
    ``along_ppm`` millionths from the node ``ahead`` leaves. ``x``, ``y``: the position in metres, ``on_x``, ``on_y``:
    the nearest point of the network, ``walk_ms`` from it.
    """

    x: float
    y: float
    level: int
    on_x: float
    on_y: float
    node: int = -1
    ahead: int = -1
    back: int = -1
    along_ppm: int = 0
    distance_m: float = 0.0
    walk_ms: int = 0


class RoomShape(msgspec.Struct, frozen=True):
    """A room in metres; ``solid``: nobody walks in it."""

    shape: Polygon
    level: int
    solid: bool = False
    id: PlaceId | None = None


def room_shapes(plan: Plan, projection: Projection) -> list[RoomShape]:
    """The rooms of a plan in metres."""
    shapes = []
    for room in plan.rooms:
        rings = [projection.to_metres([it[:2] for it in ring]) for ring in room.polygon["coordinates"]]
        shapes.append(RoomShape(Polygon(rings[0], rings[1:]), room.level, room.kind == "solid", room.id))
    return shapes


def at_node(graph: Graph, node: int) -> Place:
    """A place that is a node. Raises Invalid (geo.route_invalid) when there is no such node."""
    if not 0 <= node < graph.nodes:
        raise invalid("node", f"there is no node {node}", f"不存在节点 {node}", node, graph.nodes)
    x, y = float(graph.x[node]), float(graph.y[node])
    return Place(x=x, y=y, level=int(graph.level[node]), on_x=x, on_y=y, node=node)


class _Floor(msgspec.Struct, frozen=True):
    """A level's segments: between nodes ``ends`` (s, 2)."""

    tree: STRtree
    ends: npt.NDArray[np.int64]

    def of_rooms(self, near: npt.NDArray[np.int64], in_rooms: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Those of some segments with an end in the rooms that ``in_rooms`` (n) marks the nodes of; all where none has.

        Two doors in one wall have a way between them on either side of it, and both are the same line.
        """
        inside = in_rooms[self.ends[near]].any(axis=1)
        return near[inside] if inside.any() else near


class _Walls:
    """The rooms of one level."""

    def __init__(self, rooms: Sequence[RoomShape]) -> None:
        self.rooms = [it.shape for it in rooms if not it.solid]
        self.ids = [it.id for it in rooms if not it.solid]
        self.solids = [it.shape for it in rooms if it.solid]
        self._rooms, self._solids = STRtree(self.rooms), STRtree(self.solids)

    def deep_in_solid_m(self, point: shapely.Point) -> float:
        """How far inside a solid a point is; 0: in none."""
        held = [self.solids[i] for i in self._solids.query(point, predicate="intersects")]
        return max((float(it.boundary.distance(point)) for it in held), default=0.0)

    def around(self, point: shapely.Point) -> BaseGeometry | None:
        """The rooms that hold a point, with half their walls."""
        held = [self.rooms[i] for i in self._rooms.query(point, predicate="intersects")]
        return shapely.union_all(held).buffer(WALL_M) if held else None

    def holding(self, point: shapely.Point) -> set[PlaceId | None]:
        """The rooms that hold a point, by id; out of doors None."""
        return {self.ids[i] for i in self._rooms.query(point, predicate="intersects").tolist()} or {None}

    def nearest_m(self, point: shapely.Point) -> float:
        """How far the nearest room is; a level of solids alone has none."""
        return min((float(it.distance(point)) for it in self.rooms), default=math.inf)

    def nearest(self, point: shapely.Point, distance_m: float) -> BaseGeometry:
        """The nearest room, with its walls and what lies between it and the point."""
        room = self.rooms[int(self._rooms.nearest(point))]
        return room.buffer(WALL_M + distance_m)

    def crossed(self, line: shapely.LineString) -> bool:
        """Whether a line outdoors meets any room or solid."""
        return len(self._rooms.query(line, "intersects")) > 0 or len(self._solids.query(line, "intersects")) > 0


class Snapper:
    """The network of one site, ready to be asked where a position is on it. Built once a graph."""

    def __init__(
        self, graph: Graph, rooms: Sequence[RoomShape] = (), node_rooms: Sequence[PlaceId | None] | None = None
    ) -> None:
        """``node_rooms`` (n): the room each node lies in, None outside; without it walls alone say what is in sight."""
        self._graph = graph
        self._node_rooms = None if node_rooms is None else np.array([it or "" for it in node_rooms], dtype=str)
        flat = (graph.level[graph.tails] == graph.level[graph.heads]) & (graph.tails != graph.heads)
        pairs = np.sort(np.column_stack((graph.tails[flat], graph.heads[flat])).astype(np.int64), axis=1)
        pairs = np.unique(pairs, axis=0)
        points = np.stack((graph.x[pairs], graph.y[pairs]), axis=-1)
        standing = (points[:, 0] == points[:, 1]).all(axis=1)
        lines = np.asarray(shapely.linestrings(points), dtype=np.object_)
        lines[standing] = shapely.points(points[standing, 0])
        levels = graph.level[pairs[:, 0]]
        self._floors = {
            int(level): _Floor(STRtree(lines[levels == level]), pairs[levels == level]) for level in np.unique(levels)
        }
        self._walls = {level: _Walls([it for it in rooms if it.level == level]) for level in {it.level for it in rooms}}

    def place(self, x: float, y: float, level: int, accuracy_m: float = 0.0, base: Ints | None = None) -> Place:
        """Where a position is on the network; ``base`` (m): the arcs' times without hazards, None: the graph's own.

        Raises Invalid, naming field, value and limit: geo.position_invalid (no number), geo.level_without_ways,
        geo.position_off_site, geo.position_in_solid, geo.position_in_wall.
        """
        _check(x, y, accuracy_m)
        if level not in self._floors:
            raise Invalid(
                "geo.level_without_ways",
                f"level {level} has no ways",
                f"{level} 层没有通道",
                field="level",
                value=level,
                limit=sorted(self._floors),
            )
        point, accuracy = shapely.Point(x, y), max(accuracy_m, ACCURACY_MIN_M)
        reach = REACH_M + RADIUS_95_PER_68 * accuracy
        floor, times = self._floors[level], self._graph.millis if base is None else base
        near = floor.tree.query(point, predicate="dwithin", distance=reach)
        # Whoever is in a room is on the site, however far its ways are: a hall of 100 m may have nothing but its doors.
        room = self._walls[level].around(point) if level in self._walls else None
        if not len(near) and room is None:
            distance = float(shapely.distance(floor.tree.geometries[int(floor.tree.nearest(point))], point))
            raise _off("geo.position_off_site", "the position is off the site's ways", "该位置不在厂区通道附近",
                       distance, reach)  # fmt: skip
        inside = self._inside(point, level)
        arcs = self._open(floor, floor.of_rooms(near, inside), point, times)
        segment = self._in_sight(floor, list(arcs), point, level, accuracy)
        if segment is None and room is not None:
            met = floor.tree.query(room, predicate="intersects")
            arcs = self._open(floor, floor.of_rooms(met, inside), point, times)
            segment = self._in_sight(floor, list(arcs), point, level, accuracy)
        if segment is None:
            raise _off("geo.position_shut_in", "no open way is in sight of the position", "该位置附近没有可用通道",
                       None, _LOOKED_AT)  # fmt: skip
        return self._on(floor, segment, arcs[segment], point, level)

    def _inside(self, point: shapely.Point, level: int) -> npt.NDArray[np.bool_]:
        """Which nodes (n) lie in the rooms that hold a point, or outside with it; nobody where that is not known."""
        if self._node_rooms is None or level not in self._walls:
            return np.zeros(self._graph.nodes, dtype=bool)
        held = [it or "" for it in self._walls[level].holding(point)]
        return np.isin(self._node_rooms, held)

    def _open(
        self, floor: _Floor, near: npt.NDArray[np.int64], point: shapely.Point, times: Ints
    ) -> dict[int, tuple[int, int]]:
        """Of some segments those that are open, the nearest first, _LOOKED_AT of them, with their arcs each way."""
        distances = shapely.distance(floor.tree.geometries[near], point)
        nearest = near[np.lexsort((near, distances))]
        found = ((int(i), pair) for i in nearest if (pair := self._arcs(floor.ends[i], times)) != (-1, -1))
        return dict(islice(found, _LOOKED_AT))

    def _arcs(self, ends: npt.NDArray[np.int64], times: Ints) -> tuple[int, int]:
        """The quickest open arc each way between two nodes; -1: none."""
        there, back = self._quickest(ends[0], ends[1], times), self._quickest(ends[1], ends[0], times)
        return there, back

    def _quickest(self, tail: int, head: int, times: Ints) -> int:
        arcs = np.arange(self._graph.starts[tail], self._graph.starts[tail + 1])
        arcs = arcs[(self._graph.heads[arcs] == head) & (times[arcs] != BANNED)]
        return int(arcs[times[arcs].argmin()]) if len(arcs) else -1

    def _in_sight(
        self, floor: _Floor, segments: list[int], point: shapely.Point, level: int, accuracy: float
    ) -> int | None:
        """The nearest of ``segments`` that is not behind a wall; None: all are."""
        lines = [shapely.shortest_line(point, floor.tree.geometries[i]) for i in segments[:_LOOKED_AT]]
        walls = self._walls.get(level)
        if walls is None:
            seen = [True] * len(lines)
        elif (deep := walls.deep_in_solid_m(point)) > accuracy:
            raise _off("geo.position_in_solid", "the position is inside a solid", "该位置在实体内", deep, accuracy)
        elif (room := walls.around(point)) is not None:
            seen = [bool(room.covers(line)) for line in lines]
        else:
            # Outdoors; or in a wall, and then in the room that the fix may mean as well.
            seen = [not walls.crossed(line) for line in lines]
            if not any(seen):
                distance = walls.nearest_m(point)
                if distance > accuracy + WALL_M:
                    raise _off("geo.position_in_wall", "the position is inside a wall", "该位置在墙内", distance,
                               accuracy + WALL_M)  # fmt: skip
                room = walls.nearest(point, distance)
                seen = [bool(room.covers(line)) for line in lines]
        for segment, visible in zip(segments, seen, strict=False):
            if visible:
                return segment
        return None

    def _on(self, floor: _Floor, segment: int, arcs: tuple[int, int], point: shapely.Point, level: int) -> Place:
        line = floor.tree.geometries[segment]
        low = int(floor.ends[segment, 0])
        distance = float(line.distance(point))
        if isinstance(line, shapely.Point):
            share, on = 0.0, line
        else:
            share = float(line.project(point, normalized=True))
            on = line.interpolate(share, normalized=True)
        # Rounded up, so that nobody arrives before the sum of what they walk.
        walk_ms = math.ceil(distance / WALK_M_S * 1_000)
        place = Place(x=point.x, y=point.y, level=level, on_x=on.x, on_y=on.y, distance_m=distance, walk_ms=walk_ms)
        along = round(share * WHOLE_PPM)
        if along in (0, WHOLE_PPM):
            return msgspec.structs.replace(place, node=low if along == 0 else int(floor.ends[segment, 1]))
        return msgspec.structs.replace(place, ahead=arcs[0], back=arcs[1], along_ppm=along)


def _check(x: float, y: float, accuracy_m: float) -> None:
    for field, value in (("x", x), ("y", y)):
        if not math.isfinite(value):
            raise Invalid("geo.position_invalid", f"{field} is not a number", f"{field} 不是数值", field=field)
    if not 0 <= accuracy_m <= ACCURACY_MAX_M:
        raise Invalid(
            "geo.position_invalid",
            f"an accuracy is 0 to {ACCURACY_MAX_M:.0f} m",
            f"定位精度须为 0 至 {ACCURACY_MAX_M:.0f} 米",
            field="accuracy_m",
            value=accuracy_m if math.isfinite(accuracy_m) else None,
            limit=ACCURACY_MAX_M,
        )


def _off(code: str, en: str, zh: str, distance_m: float | None, limit: float) -> Invalid:
    """``value``: how far the position is from where it might be, in metres; ``limit``: how far it may be."""
    told, told_zh = ("", "") if distance_m is None else (f" by {distance_m:.1f} m", f"，相距 {distance_m:.1f} 米")
    return Invalid(code, en + told, zh + told_zh, field="position", value=distance_m, limit=limit)
