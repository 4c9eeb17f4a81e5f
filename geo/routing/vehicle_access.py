"""Where outside crews drive to and stand: in reach of the place, out of the hazard, upwind, with water. Pure.

Every place every few metres of every road in reach is judged. It is refused inside a hazard or within the margin, on
the lee side of the source, and where no gate leads by roads that are open, that the vehicle fits, and that no hazard
bans while it stands there. Of what is left upwind comes before across the wind, a way on foot before none, a hydrant
before none, then the sooner one is there. Only where nothing is left is the lee side offered, and said to be that.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.graph.csr import BANNED, Floats, Ints
from geo.graph.trees import Tree, path, tree_from, tree_to
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed
from geo.hazards.raising import raise_times
from geo.places.model import Position
from geo.places.road_network import Mask
from geo.routing import refusals, standing_words
from geo.routing.conditions import Conditions, invalid
from geo.routing.refusals import Fault, road_at
from geo.routing.site_roads import SiteRoads
from geo.routing.standing import (
    LIMITS,
    NO_DANGER,
    Access,
    AccessState,
    Danger,
    Drive,
    Limits,
    OnFoot,
    Refusal,
    Standing,
    Supply,
    Target,
    WindSide,
    wind_side,
)
from geo.routing.vehicles import (
    FIRE_ENGINE,
    Obstacle,
    Vehicle,
    check_vehicle,
    obstacles,
    unmeasured,
    vehicle_times,
)

# Two places nearer than this are one choice.
SPREAD_M = 30.0
# No hose is that long, and no crew of one site; this bounds the work one request can cause.
LIMIT_MAX_M, COUNT_MAX = 2_000.0, 50
_MM_PER_M = 1_000
_RANKS: dict[WindSide, int] = {"upwind": 0, "unknown": 0, "across": 1, "downwind": 2}


def access(
    site: SiteRoads,
    target: Target,
    danger: Danger = NO_DANGER,
    vehicle: Vehicle = FIRE_ENGINE,
    *,
    limits: Limits = LIMITS,
    conditions: Conditions | None = None,
) -> Access:
    """The places to stand for a target, the best first. ``conditions``: those of the walking network, for the ways on
    foot; None: none are asked for.

    Raises Invalid (geo.route_invalid) for an empty target, a wind or source that is no number, limits out of bounds, a
    vehicle of no size, conditions of another network.
    """
    _check(site, target, danger, limits, conditions)
    check_vehicle(vehicle)
    return _Search(site, target, danger, vehicle, limits, conditions).answer()


def standing_footprints(danger: Danger) -> list[tuple[str, Footprint]]:
    """What there is of each hazard at any moment from ``at_ms`` for ``stay_ms``, by its id."""
    return [(hazard.id, it) for hazard in danger.hazards for it in _during(hazard, danger.at_ms, danger.stay_ms)]


def _during(hazard: Placed, at_ms: int, stay_ms: int) -> list[Footprint]:
    found: list[Footprint] = []
    ends = [it.start_ms for it in hazard.slices[1:]]
    for number, it in enumerate(hazard.slices):
        over = number < len(ends) and ends[number] <= at_ms
        if not over and it.start_ms <= at_ms + stay_ms:
            found.extend(it.footprints)
    return found


class _Search:
    """One question being answered."""

    def __init__(
        self,
        site: SiteRoads,
        target: Target,
        danger: Danger,
        vehicle: Vehicle,
        limits: Limits,
        conditions: Conditions | None,
    ) -> None:
        self.site, self.target, self.danger, self.vehicle = site, target, danger, vehicle
        self.limits, self.conditions = limits, conditions
        self.roads, self.graph = site.network, site.network.graph
        named = standing_footprints(danger)
        if danger.source is not None and limits.margin_m > 0:
            named.append((refusals.SOURCE, self._around(danger.source)))
        found = site.index.touched([it for _, it in named])
        self.touched = [(name, it, arcs) for (name, it), arcs in zip(named, found, strict=True)]
        self.hazard_times = raise_times(self.graph.millis, [(it.permille, arcs) for _, it, arcs in self.touched])
        self.times = vehicle_times(self.roads, vehicle, self.hazard_times)
        self.gates = [gate.node for gate in self.roads.gates]
        self.tree = tree_from(self.graph, self.gates, self.times)
        self.from_hazard = self._from_hazard()
        self.to_target: Floats = np.asarray(shapely.distance(target.shape, site.points), dtype=np.float64)
        middle = target.shape.centroid
        self.source = danger.source or (middle.x, middle.y)

    def _around(self, source: tuple[float, float]) -> Footprint:
        """Within the margin of what is released nobody drives either, whatever is known of its cloud."""
        levels = frozenset(np.unique(self.graph.level).tolist())
        return Footprint(shapely.Point(source).buffer(self.limits.margin_m), levels, BAN_PERMILLE)

    def answer(self) -> Access:
        near = np.flatnonzero((self.to_target <= self.limits.reach_m) & ~self.roads.indoors).tolist()
        if not self.gates:
            return Access("none", [], [_of_all(refusals.NO_GATE)])
        if not near:
            return Access("none", [], [self._too_far()])
        taken: list[int] = []
        lee: list[int] = []
        faults: list[tuple[int, float, Fault]] = []
        for node in near:
            fault = self._fault(node)
            if fault is None:
                taken.append(node)
            else:
                if fault is refusals.DOWNWIND and self.tree.millis[node] != BANNED:
                    lee.append(node)
                faults.append((node, float(self.to_target[node]), fault))
        state: AccessState = "ok" if taken else "downwind_only" if lee else "none"
        if state == "downwind_only":
            faults = [it for it in faults if it[0] not in set(lee)]
        return Access(state, self._best(taken or lee), refusals.grouped(self.roads, faults))

    def _fault(self, node: int) -> Fault | None:
        """Why one can not stand at a node; None: one can."""
        keep_m = self.limits.margin_m + self.vehicle.length_m / 2
        if self.from_hazard[node] <= keep_m:
            return refusals.in_hazard(float(self.from_hazard[node]), keep_m)
        if self._wind(node)[0] == "downwind":
            return refusals.DOWNWIND
        return self._no_way(node) if self.tree.millis[node] == BANNED else None

    def _no_way(self, node: int) -> Fault:
        """What is in the way: the hazards if they alone are, else the first that stops the vehicle."""
        way = path(self._without_hazards, self.graph, node)
        if way is not None:
            return refusals.cut_off(way, self.touched, BAN_PERMILLE)
        way = path(self._free, self.graph, node)
        if way is None:
            return refusals.NO_WAY
        obstacle = self._obstacles[way]
        first = int(np.flatnonzero((obstacle != Obstacle.NONE) | (self.graph.millis[way] == BANNED))[0])
        if obstacle[first] != Obstacle.NONE:
            return refusals.obstructed(self.roads, self.vehicle, int(way[first]), Obstacle(int(obstacle[first])))
        return refusals.door_shut(self.roads, int(way[first]))

    @cached_property
    def _obstacles(self) -> Ints:
        return obstacles(self.roads, self.vehicle).astype(np.int32)

    @cached_property
    def _unmeasured(self) -> Mask:
        return unmeasured(self.roads, self.vehicle)

    @cached_property
    def _without_hazards(self) -> Tree:
        return tree_from(self.graph, self.gates, vehicle_times(self.roads, self.vehicle))

    @cached_property
    def _free(self) -> Tree:
        """With every door open and for a vehicle that fits everywhere."""
        return tree_from(self.graph, self.gates, self.roads.free)

    @cached_property
    def _back(self) -> Tree:
        return tree_to(self.graph, self.gates, self.times)

    @cached_property
    def _hose(self) -> Tree:
        """The shortest hose to each node, in millimetres: along the roads in any direction, through no hazard."""
        millimetres = np.maximum(np.round(self.roads.metres * _MM_PER_M), 1).astype(np.int32)
        for _, _, arcs in self.touched:
            millimetres[arcs] = BANNED
        usable = [it for it in self.roads.hydrants if self.from_hazard[it.node] > it.off_m]
        off = [round(it.off_m * _MM_PER_M) for it in usable]
        nodes = [it.node for it in usable]
        limit = round(self.limits.hose_m * _MM_PER_M)
        return tree_from(self.graph, nodes, millimetres, offsets=off, limit_ms=limit)

    def _from_hazard(self) -> Floats:
        """Of each node the metres to the nearest hazard of its level, or the source; infinite: there is none."""
        found = np.full(self.graph.nodes, np.inf)
        for level in np.unique(self.graph.level).tolist():
            here = self.graph.level == level
            stated = [it for name, it, _ in self.touched if name != refusals.SOURCE]
            shapes: list[BaseGeometry] = [it.shape for it in stated if level in it.levels]
            if self.danger.source is not None:
                shapes.append(shapely.Point(self.danger.source))
            if shapes:
                found[here] = shapely.distance(shapely.union_all(shapes), self.site.points[here])
        return found

    def _wind(self, node: int) -> tuple[WindSide, float | None]:
        place = float(self.graph.x[node]), float(self.graph.y[node])
        return wind_side(place, self.source, self.danger.wind_from_deg)

    def _too_far(self) -> Refusal:
        outdoors = np.where(self.roads.indoors, np.inf, self.to_target)
        node = int(outdoors.argmin())
        distance_m = float(outdoors[node])
        if math.isinf(distance_m):
            return _of_all(refusals.NO_WAY)
        return refusals.grouped(self.roads, [(node, distance_m, refusals.too_far(distance_m, self.limits))])[0]

    def _best(self, nodes: list[int]) -> list[Standing]:
        on_foot: list[OnFoot | None] = [None] * len(nodes)
        if self.conditions is not None:
            on_foot = self.site.on_foot(nodes, self.target, self.conditions)

        def rank(number: int) -> tuple[int, bool, bool, bool, int, int]:
            node, walk = nodes[number], on_foot[number]
            millis = int(self.tree.millis[node]) + (0 if walk is None else walk.route.millis)
            dry = self._hose.millis[node] == BANNED
            through = walk is not None and bool(walk.through)
            return _RANKS[self._wind(node)[0]], walk is None, through, bool(dry), millis, node

        chosen: list[int] = []
        for number in sorted(range(len(nodes)), key=rank):
            if len(chosen) == self.limits.count:
                break
            apart = [self.site.points[nodes[number]].distance(self.site.points[nodes[it]]) for it in chosen]
            if min(apart, default=math.inf) >= SPREAD_M:
                chosen.append(number)
        return [self._standing(nodes[number], on_foot[number]) for number in chosen]

    def _standing(self, node: int, on_foot: OnFoot | None) -> Standing:
        wind, off = self._wind(node)
        away = float(self.from_hazard[node])
        drive, supply = self._drive(node), self._supply(node)
        unknown = np.unique(self.roads.ways[drive.arcs[self._unmeasured[drive.arcs]]]).tolist()
        told = standing_words.cautions(
            wind,
            supply,
            on_foot,
            self.limits,
            asked_on_foot=self.conditions is not None,
            in_lee=wind != "downwind" and self._in_lee(drive),
            turns_back=int(self._back.millis[node]) != BANNED,
            unknown=[standing_words.road_name(self.roads, road) for road in unknown],
        )
        return Standing(
            node=node,
            at=self._at(node),
            level=int(self.graph.level[node]),
            road=self.roads.roads[self._road(node, drive)].id,
            wind=wind,
            off_wind_deg=off,
            from_hazard_m=None if math.isinf(away) else away,
            to_target_m=float(self.to_target[node]),
            drive=drive,
            supply=supply,
            on_foot=on_foot,
            cautions=told,
        )

    def _road(self, node: int, drive: Drive) -> int:
        return int(self.roads.ways[drive.arcs[-1]]) if len(drive.arcs) else road_at(self.roads, node)

    def _at(self, node: int) -> Position:
        lon, lat = self.roads.projection.to_degrees([(self.graph.x[node], self.graph.y[node])])[0].tolist()
        return (lon, lat)

    def _drive(self, node: int) -> Drive:
        arcs = path(self.tree, self.graph, node)
        assert arcs is not None
        start = int(self.graph.tails[arcs[0]]) if len(arcs) else node
        gate = next(it for it in self.roads.gates if it.node == start)
        passed = [start, *self.graph.heads[arcs].tolist()]
        # A line has two places (RFC 7946, 3.1.4), also where one stands at the gate.
        passed = passed if len(passed) > 1 else passed * 2
        places = self.roads.projection.to_degrees(np.column_stack((self.graph.x[passed], self.graph.y[passed])))
        line = {"type": "LineString", "coordinates": places.tolist()}
        return Drive(gate.id, arcs, int(self.tree.millis[node]), float(self.roads.metres[arcs].sum()), line)

    def _in_lee(self, drive: Drive) -> bool:
        """Whether the way there passes the lee side, no further from the source than a crew works."""
        passed = self.graph.heads[drive.arcs].tolist()
        near = [
            it for it in passed if math.dist(self.source, (self.graph.x[it], self.graph.y[it])) <= self.limits.reach_m
        ]
        return any(self._wind(it)[0] == "downwind" for it in near)

    def _supply(self, node: int) -> Supply | None:
        arcs = path(self._hose, self.graph, node)
        if arcs is None:
            return None
        start = int(self.graph.tails[arcs[0]]) if len(arcs) else node
        millimetres = int(self._hose.millis[node])
        usable = [it for it in self.roads.hydrants if it.node == start and self.from_hazard[it.node] > it.off_m]
        nearest = min(usable, key=lambda it: it.off_m)
        return Supply(nearest.id, millimetres / _MM_PER_M)


def _of_all(fault: Fault) -> Refusal:
    return Refusal(fault.kind, None, None, None, 1, fault.reason)


def _check(site: SiteRoads, target: Target, danger: Danger, limits: Limits, conditions: Conditions | None) -> None:
    if target.shape.is_empty or not all(math.isfinite(it) for it in target.shape.bounds):
        raise invalid("target", "it is a point or an area", "须为点或区域", None)
    for field, numbers in (("source", danger.source or ()), ("wind_from_deg", (danger.wind_from_deg or 0.0,))):
        if not all(math.isfinite(it) for it in numbers):
            raise invalid(field, "it is not a number", "不是数字", None)
    for field in ("reach_m", "hose_m", "margin_m"):
        value = getattr(limits, field)
        if not 0 <= value <= LIMIT_MAX_M:
            shown = value if math.isfinite(value) else None
            raise invalid(field, f"0 to {LIMIT_MAX_M:.0f} m", f"须为 0 至 {LIMIT_MAX_M:.0f} 米", shown, LIMIT_MAX_M)
    if not 1 <= limits.count <= COUNT_MAX:
        raise invalid("count", f"1 to {COUNT_MAX} places", f"须为 1 至 {COUNT_MAX} 个", limits.count, COUNT_MAX)
    if danger.stay_ms < 0:
        raise invalid("stay_ms", "a stay is 0 ms or longer", "停留时间不得为负", danger.stay_ms, 0)
    if conditions is not None and (site.walking is None or conditions.graph is not site.walking.graph):
        raise invalid("conditions", "they are of another network", "与路网不符", None)
