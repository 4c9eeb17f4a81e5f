"""What is wrong with a plan as it is drawn, named by place. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shapely.geometry import Point
from shapely.strtree import STRtree

from geo.places.draft import projection_of
from geo.places.findings import Finding, FindingKind
from geo.places.model import Plan, Position
from geo.places.road_check import barriers, check_roads
from geo.places.walls import RoomMap
from geo.zones import SHARED_WALL_M
from mobile_contract.text import Text

# Rooms drawn by hand overlap by a wall's thickness; more than this share of the smaller is one drawn over another.
OVERLAP_SHARE_MAX = 0.05


def check_plan(plan: Plan) -> list[Finding]:
    """Ids given twice, levels and rooms that are not there, roads no vehicle gets to, doors off their wall, rooms drawn
    over each other."""
    findings = [*_duplicates(plan), *_unknown_levels(plan), *_unknown_references(plan)]
    if not any(finding.kind == "reference_unknown" for finding in findings):
        findings += check_roads(plan)
    if any(room.kind != "solid" for room in plan.rooms):
        walls = RoomMap(plan.rooms, projection_of(plan))
        findings += [*_off_wall(plan, walls), *_overlaps(walls)]
    return findings


def _duplicates(plan: Plan) -> list[Finding]:
    seen: set[str] = set()
    findings = []
    for place, at, level in _things(plan):
        if place in seen:
            findings.append(_about(place, "duplicate_id", "编号重复", "the id is given twice", at, level))
        seen.add(place)
    counts = Counter(level.level for level in plan.levels)
    for level in sorted(level for level, count in counts.items() if count > 1):
        findings.append(_about(f"level {level}", "duplicate_id", "楼层重复", "the level is given twice", None, level))
    return findings


def _unknown_levels(plan: Plan) -> list[Finding]:
    known = {level.level for level in plan.levels}
    return [
        _about(place, "level_unknown", f"楼层 {level} 不存在", f"level {level} is not in the plan", at, level)
        for place, at, level in _things(plan)
        if level is not None and level not in known
    ] + [
        _about(rise.id, "level_unknown", f"楼层 {stop.level} 不存在", f"level {stop.level} is not in the plan", stop.at)
        for rise in plan.rises
        for stop in rise.stops
        if stop.level not in known
    ]


def _unknown_references(plan: Plan) -> list[Finding]:
    rooms = {room.id: room.level for room in plan.rooms}
    nodes = {node.id for node in plan.nodes}
    findings = []

    def about(place: str, name: str, at: Position | None = None, level: int | None = None) -> None:
        findings.append(_about(place, "reference_unknown", f"{name} 不存在", f"{name} is not in the plan", at, level))

    for door in plan.doors:
        for room in door.joins:
            if room is not None and rooms.get(room) != door.level:
                about(door.id, f"room {room} on level {door.level}", door.at, door.level)
    for rise in plan.rises:
        for stop in rise.stops:
            if stop.room is not None and rooms.get(stop.room) != stop.level:
                about(rise.id, f"room {stop.room} on level {stop.level}", stop.at, stop.level)
    for way in plan.ways:
        for end in way.ends:
            if end not in nodes:
                about(way.id, f"node {end}")
    return findings


def _off_wall(plan: Plan, walls: RoomMap) -> list[Finding]:
    index = {room.id: number for number, room in enumerate(walls.rooms)}
    findings = []
    on_roads = barriers(plan)
    for door in plan.doors:
        if door.id in on_roads:
            continue
        point = Point(*walls.projection.to_metres([door.at])[0].tolist())
        joined = [index[room] for room in door.joins if room in index]
        away = max((float(walls.polygons[i].boundary.distance(point)) for i in joined), default=0.0)
        if not joined and walls.joined(door.level, point) == (None, None):
            findings.append(
                _about(
                    door.id,
                    "door_off_wall",
                    "门不在任何房间的边界上",
                    "it lies on no room's boundary",
                    door.at,
                    door.level,
                )
            )
        elif away > SHARED_WALL_M:
            findings.append(
                _about(
                    door.id,
                    "door_off_wall",
                    f"门距其房间的墙 {away:.2f} 米，最多 {SHARED_WALL_M} 米",
                    f"{away:.2f} m from the wall of a room it joins; at most {SHARED_WALL_M} m",
                    door.at,
                    door.level,
                )
            )
    return findings


def _overlaps(walls: RoomMap) -> list[Finding]:
    findings = []
    left, right = STRtree(walls.polygons).query(walls.polygons, predicate="intersects")
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        one, other = walls.rooms[i], walls.rooms[j]
        if i >= j or one.level != other.level:
            continue
        shared = walls.polygons[i].intersection(walls.polygons[j])
        smaller = min(walls.polygons[i].area, walls.polygons[j].area)
        if shared.area > OVERLAP_SHARE_MAX * smaller:
            point = shared.representative_point()
            lon, lat = walls.projection.to_degrees([(point.x, point.y)])[0].tolist()
            share = shared.area / smaller
            findings.append(
                _about(
                    one.id,
                    "rooms_overlap",
                    f"与 {other.id} 重叠 {share:.0%}",
                    f"overlaps {other.id} by {share:.0%} of the smaller",
                    (lon, lat),
                    one.level,
                )
            )
    return findings


def _things(plan: Plan) -> Iterable[tuple[str, Position | None, int | None]]:
    for room in plan.rooms:
        lon, lat = room.polygon["coordinates"][0][0][:2]
        yield room.id, (lon, lat), room.level
    yield from ((door.id, door.at, door.level) for door in plan.doors)
    yield from ((point.id, point.at, point.level) for point in plan.assembly_points)
    yield from ((landmark.id, landmark.at, landmark.level) for landmark in plan.landmarks)
    yield from ((node.id, node.at, node.level) for node in plan.nodes)
    for rise in plan.rises:
        yield rise.id, None, None
    for way in plan.ways:
        yield way.id, None, None


def _about(
    place: str, kind: FindingKind, zh: str, en: str, at: Position | None = None, level: int | None = None
) -> Finding:
    return Finding(kind=kind, outcome="noted", place=place, detail=Text(zh, en), at=at, level=level)
