"""The roads of a plan as a graph for vehicles: pieces short enough to stand on, gates to come in by, hydrants. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph.csr import BANNED, Floats, Graph, Ints, build
from geo.places.draft import height_between_m, projection_of
from geo.places.model import Door, DoorState, PlaceId, Plan, Way
from geo.places.network import ArcKind
from geo.places.roads import GATE_ON_ROAD_M, RoadMap, has_roads, ramps
from geo.places.speeds import door_seconds, road_millis, whole_millis
from geo.places.walking import UNLOCKED
from geo.places.walls import RoomMap
from geo.projection import Projection
from mobile_contract.text import Text

EVERY_DOOR: frozenset[DoorState] = frozenset({"open", "closed", "locked", "badge"})
# A place to stand every so far; a fire engine is 8 to 12 m long.
STEP_M = 10.0
# 400 km of roads; beyond that pieces get longer, so that no drawing makes more of them.
PIECES_MAX = 40_000
# A hydrant stands within 2 m of its road (GB 50974-2014, 7.2.6), which is drawn by its middle; further off is one that
# no engine draws from, or one indoors.
HYDRANT_OFF_ROAD_M = 20.0

Mask = npt.NDArray[np.bool_]


class Beside(msgspec.Struct, frozen=True):
    """A gate or hydrant and the node of the road it is at, ``off_m`` from it."""

    id: PlaceId
    name: Text | None
    node: int
    off_m: float


class RoadNetwork(msgspec.Struct, frozen=True, eq=False):
    """The roads of a plan for vehicles.

    ``graph``: times by speed limit; BANNED against a one-way road and through a shut door. Of each arc (m) ``ways``:
    the way it is a piece of, ``metres``, the doors on it, and ``free``: its time with every door open. ``indoors`` (n):
    nodes inside a room that is no yard.
    """

    graph: Graph
    projection: Projection
    roads: list[Way]
    ways: Ints
    metres: Floats
    doors: list[tuple[Door, ...]]
    free: Ints
    indoors: Mask
    gates: list[Beside]
    hydrants: list[Beside]


def road_network(
    plan: Plan, *, doors: frozenset[DoorState] = UNLOCKED, projection: Projection | None = None
) -> RoadNetwork:
    """The roads of a plan as a graph; ``doors``: the states of those a vehicle passes.

    Networks of one plan differ in their times alone. Raises Invalid for a way without its node or with a measure that
    is no positive number (geo.way_invalid), and for a plan that has no road (geo.plan_without_roads).
    """
    if not has_roads(plan):
        raise Invalid("geo.plan_without_roads", "the plan has no road", "平面图中没有道路", field="ways")
    for way in plan.ways:
        for field in ("max_kmh", "width_m", "height_m", "weight_t"):
            value = getattr(way, field)
            if value is not None and not 0 < value < math.inf:
                en, zh = f"road {way.id}: {field} is above 0", f"道路 {way.id}：{field} 须大于 0"
                raise Invalid("geo.way_invalid", en, zh, field=f"ways.{field}", value=way.id, limit=0)
    return _Cut(plan, projection or projection_of(plan), doors).network()


class _Cut:
    """Roads being cut into pieces."""

    def __init__(self, plan: Plan, projection: Projection, doors: frozenset[DoorState]) -> None:
        self.plan, self.passed = plan, doors
        self.map = RoadMap(plan, projection)
        self.walls = RoomMap(plan.rooms, projection)
        self.projection = projection
        self.x: list[float] = []
        self.y: list[float] = []
        self.level: list[int] = []
        self.arcs: list[tuple[int, int, int, int, int, float, tuple[Door, ...]]] = []
        self.kinds: list[int] = []
        self.roads = [*self.map.roads, *ramps(plan)]
        levels = {node.id: node.level for node in plan.nodes}
        used = dict.fromkeys(end for way in self.roads for end in way.ends)
        self.ends = {end: self._node(*self.map.at[end], levels[end]) for end in used}

    def network(self) -> RoadNetwork:
        cuts: list[dict[float, int]] = [
            dict(zip((0.0, 1.0), (self.ends[end] for end in way.ends), strict=True)) for way in self.map.roads
        ]
        gates = self._beside("gate", GATE_ON_ROAD_M, cuts)
        hydrants = self._beside("hydrant", HYDRANT_OFF_ROAD_M, cuts)
        self._steps(cuts)
        for road, way in enumerate(self.map.roads):
            for one, other, metres, doors in self.map.pieces(road, cuts[road]):
                self._piece(road, way, (one, other), metres, tuple(doors), ArcKind.ROAD)
        for road in range(len(self.map.roads), len(self.roads)):
            self._ramp(road)
        return self._made(gates, hydrants)

    def _node(self, x: float, y: float, level: int) -> int:
        self.x.append(x)
        self.y.append(y)
        self.level.append(level)
        return len(self.x) - 1

    def _beside(self, kind: str, within_m: float, cuts: Sequence[dict[float, int]]) -> list[Beside]:
        """Gates or hydrants with their node; those of no road, and hydrants indoors, are left out."""
        found = []
        for mark in self.plan.landmarks:
            x, y = self.projection.to_metres([mark.at])[0].tolist()
            if mark.kind != kind or (kind == "hydrant" and _indoors(self.walls, mark.level, x, y)):
                continue
            foot = self.map.foot(mark.level, x, y, within_m)
            if foot is not None:
                node = self.map.cut(foot, cuts[foot.road], partial(self._node, level=mark.level))
                found.append(Beside(mark.id, mark.name, node, foot.off_m))
        return found

    def _steps(self, cuts: Sequence[dict[float, int]]) -> None:
        """Cut what is longer than a step."""
        total_m = sum(self.map.length_m(road) for road in range(len(cuts)))
        step_m = max(STEP_M, total_m / PIECES_MAX)
        for road, cut in enumerate(cuts):
            (ax, ay), (bx, by) = (self.map.at[end] for end in self.map.roads[road].ends)
            shares = sorted(cut)
            for low, high in pairwise(shares):
                # Of a drawing in whole steps the projection makes a hair more.
                count = math.ceil(round((high - low) * self.map.length_m(road) / step_m, 6))
                for number in range(1, count):
                    share = low + (high - low) * number / count
                    x, y = ax + (bx - ax) * share, ay + (by - ay) * share
                    cut[share] = self._node(x, y, self.map.levels[road])

    def _piece(
        self, road: int, way: Way, ends: tuple[int, int], metres: float, doors: tuple[Door, ...], kind: ArcKind
    ) -> None:
        free = road_millis(metres, way.max_kmh)
        if doors:
            free = whole_millis(free / 1000 + sum(door_seconds(door.state) for door in doors))
        shut = any(door.state not in self.passed for door in doors)
        for (tail, head), against in ((ends, False), (ends[::-1], way.one_way)):
            millis = int(BANNED) if shut or against else free
            self.arcs.append((tail, head, millis, int(BANNED) if against else free, road, metres, doors))
            self.kinds.append(int(kind))

    def _ramp(self, road: int) -> None:
        way = self.roads[road]
        one, other = (self.ends[end] for end in way.ends)
        flat_m = float(np.hypot(self.x[one] - self.x[other], self.y[one] - self.y[other]))
        low, high = sorted((self.level[one], self.level[other]))
        metres = float(np.hypot(flat_m, height_between_m(self.plan.levels, low, high)))
        self._piece(road, way, (one, other), metres, (), ArcKind.RAMP)

    def _made(self, gates: list[Beside], hydrants: list[Beside]) -> RoadNetwork:
        tails, heads, millis, free, ways, metres, doors = zip(*self.arcs, strict=True)
        graph, order = build(self.x, self.y, self.level, tails, heads, millis, self.kinds)
        places = zip(self.level, self.x, self.y, strict=True)
        return RoadNetwork(
            graph=graph,
            projection=self.projection,
            roads=self.roads,
            ways=np.array(ways, dtype=np.int32)[order],
            metres=np.array(metres, dtype=np.float64)[order],
            doors=[doors[i] for i in order.tolist()],
            free=np.array(free, dtype=np.int32)[order],
            indoors=np.array([_indoors(self.walls, level, x, y) for level, x, y in places], dtype=np.bool_),
            gates=gates,
            hydrants=hydrants,
        )


def _indoors(walls: RoomMap, level: int, x: float, y: float) -> bool:
    room = walls.holding(level, x, y)
    return room is not None and walls.kinds[room] != "outdoors"
