"""The roads of a plan in metres: which is near a place, what doors stand on it, and how it is cut into pieces. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np
import shapely
from shapely.strtree import STRtree

from core.errors import Invalid
from geo.places.model import Door, Plan, Way
from geo.projection import Projection

# A way through a door passes near its middle; one along a corridor keeps farther from the wall.
DOOR_ON_WAY_M = 0.3
# A gate is drawn beside its road or across it; two lanes and a guard's house are narrower.
GATE_ON_ROAD_M = 15.0
# Nearer to where a road is cut than this a place is at that cut.
_SAME_M = 0.5

XY = tuple[float, float]
T = TypeVar("T")


class Foot(msgspec.Struct, frozen=True):
    """The point of a road nearest to a place: ``share`` of the way from its first end, ``off_m`` from the place."""

    road: int
    share: float
    x: float
    y: float
    off_m: float


class RoadMap:
    """The roads of a plan that lie on one level, ready to be asked many times; ``roads`` in the plan's order.

    Raises Invalid (geo.way_invalid), naming the way, when one of a way's ends is no node.
    """

    def __init__(self, plan: Plan, projection: Projection) -> None:
        check_ends(plan)
        level_of = {node.id: node.level for node in plan.nodes}
        metres = projection.to_metres([node.at for node in plan.nodes]).tolist()
        self.at: dict[str, XY] = {node.id: (x, y) for node, (x, y) in zip(plan.nodes, metres, strict=True)}
        self.roads = [way for way in plan.ways if way.kind == "road" and way.rise is None]
        self.levels = [level_of[way.ends[0]] for way in self.roads]
        self.lines = [shapely.LineString([self.at[end] for end in way.ends]) for way in self.roads]
        by_level: dict[int, list[int]] = {}
        for index, level in enumerate(self.levels):
            by_level.setdefault(level, []).append(index)
        self._trees = {
            level: (np.array(indices), STRtree([self.lines[i] for i in indices])) for level, indices in by_level.items()
        }
        self.doors = self._doors(plan.doors, projection)

    def length_m(self, road: int) -> float:
        """How long a road is."""
        return float(self.lines[road].length)

    def foot(self, level: int, x: float, y: float, within_m: float = math.inf) -> Foot | None:
        """The nearest point of the roads of a level; of equally near ones on the first. None: none is that near."""
        if level not in self._trees:
            return None
        indices, tree = self._trees[level]
        found, distances = tree.query_nearest(shapely.Point(x, y), return_distance=True)
        if distances[0] > within_m:
            return None
        return self.on(int(indices[found].min()), x, y)

    def on(self, road: int, x: float, y: float) -> Foot:
        """The point of one road nearest to a place."""
        (ax, ay), (bx, by) = (self.at[end] for end in self.roads[road].ends)
        long = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-12)
        share = min(max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / long, 0.0), 1.0)
        fx, fy = ax + (bx - ax) * share, ay + (by - ay) * share
        return Foot(road, share, fx, fy, math.dist((x, y), (fx, fy)))

    def near(self, level: int, shape: shapely.geometry.base.BaseGeometry) -> list[int]:
        """The roads of a level that meet a shape, in the plan's order."""
        if level not in self._trees:
            return []
        indices, tree = self._trees[level]
        return sorted(indices[tree.query(shape, predicate="intersects")].tolist())

    def _doors(self, doors: Sequence[Door], projection: Projection) -> dict[int, list[tuple[float, Door]]]:
        """The doors that stand on each road, each with the share of the road it stands at."""
        found: dict[int, list[tuple[float, Door]]] = {}
        places = projection.to_metres([door.at for door in doors]).tolist()
        for door, (x, y) in zip(doors, places, strict=True):
            for road in self.near(door.level, shapely.Point(x, y).buffer(DOOR_ON_WAY_M)):
                found.setdefault(road, []).append((self.on(road, x, y).share, door))
        return found

    def cut(self, foot: Foot, cuts: dict[float, T], make: Callable[[float, float], T]) -> T:
        """What stands on a road at a place: of its cuts (shares, 0 and 1 among them) the one there, or a new one."""
        nearest = min(cuts, key=lambda share: abs(share - foot.share))
        if abs(nearest - foot.share) * self.length_m(foot.road) >= _SAME_M:
            nearest = foot.share
            cuts[nearest] = make(foot.x, foot.y)
        return cuts[nearest]

    def pieces(self, road: int, cuts: Mapping[float, T]) -> list[tuple[T, T, float, list[Door]]]:
        """A road from cut to cut (shares, 0 and 1 among them): what stands at both ends, metres, and its doors.

        A door that stands at a cut is on the piece before it; at the beginning, on the first.
        """
        made = []
        shares = sorted(cuts)
        for low, high in pairwise(shares):
            doors = [it for at, it in self.doors.get(road, []) if low < at <= high or at == low == 0.0]
            made.append((cuts[low], cuts[high], (high - low) * self.length_m(road), doors))
        return made


def walks_rooms(plan: Plan) -> bool:
    """Whether a plan's network is built from its rooms, with its roads joined to it; else the drawn one is walked."""
    if not plan.ways:
        return True
    return all(way.kind == "road" for way in plan.ways) and any(room.kind != "solid" for room in plan.rooms)


def has_roads(plan: Plan) -> bool:
    """Whether a plan has a way that a vehicle drives."""
    return any(way.kind == "road" and way.rise in (None, "ramp") for way in plan.ways)


def check_ends(plan: Plan) -> None:
    """Raise Invalid (geo.way_invalid), naming the way, when one of a way's ends is no node."""
    known = {node.id for node in plan.nodes}
    for way in plan.ways:
        for end in way.ends:
            if end not in known:
                raise Invalid(
                    "geo.way_invalid",
                    f"way {way.id} ends at {end}, which is no node",
                    f"路径 {way.id} 的端点 {end} 不存在",
                    field="ways",
                    value=way.id,
                )


def ramps(plan: Plan) -> list[Way]:
    """Roads between levels that a vehicle takes."""
    return [way for way in plan.ways if way.kind == "road" and way.rise == "ramp"]
