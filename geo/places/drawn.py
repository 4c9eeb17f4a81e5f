"""The network somebody drew: nodes and ways of a plan as they are. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

import shapely
from shapely import STRtree
from shapely.geometry import LineString

from geo.graph.csr import BANNED
from geo.places.draft import Draft, height_between_m
from geo.places.model import Door, Plan, Way
from geo.places.network import ArcKind, Node
from geo.places.roads import DOOR_ON_WAY_M, check_ends
from geo.places.speeds import (
    LIFT_WAIT_S,
    STAIRS_DOWN_M_S,
    STAIRS_UP_M_S,
    WALK_M_S,
    door_seconds,
    rise_seconds,
    whole_millis,
)
from geo.places.walls import RoomMap

# An exit door is left at the drawn node before it.
EXIT_NEAR_M = 3.0
# An assembly point beside the drawn network is walked to straight over open ground.
ASSEMBLY_NEAR_M = 100.0


def draw(plan: Plan, draft: Draft) -> None:
    """Add the drawn nodes and ways to the draft.

    A lift is entered through a node of its own, so that it is waited for once. A way that a door stands on is that
    door's: its state closes the way. Raises Invalid, naming the way, when one of its ends is no node.
    """
    check_ends(plan)
    walls = RoomMap(plan.rooms, draft.projection)
    numbers: dict[str, int] = {}
    places = draft.projection.to_metres([node.at for node in plan.nodes]).tolist()
    for node, (x, y) in zip(plan.nodes, places, strict=True):
        number = draft.node(x, y, node.level, Node("way", node.id, walls.holding(node.level, x, y)))
        numbers[node.id] = number
        if node.exit:
            draft.exits.append(number)
    doors = _doors_on_ways(plan, numbers, draft)
    cabins: dict[int, int] = {}
    for way in plan.ways:
        _way(plan, way, (numbers[way.ends[0]], numbers[way.ends[1]]), doors.get(way.id), draft, cabins)
    _exits(plan, draft, len(plan.nodes))
    _assembly(plan, draft, len(plan.nodes))


def _way(plan: Plan, way: Way, ends: tuple[int, int], door: Door | None, draft: Draft, cabins: dict[int, int]) -> None:
    length_m = math.dist(draft.place(ends[0]), draft.place(ends[1]))
    directions = [ends] if way.one_way else [ends, (ends[1], ends[0])]
    if way.rise is None:
        kind = ArcKind.ROAD if way.kind == "road" else ArcKind.WALK
        seconds = way.seconds if way.seconds is not None else length_m / WALK_M_S
        millis, of = whole_millis(seconds), way.id
        if door is not None:
            kind, of = ArcKind.DOOR, door.id
            millis = whole_millis(seconds + door_seconds(door.state)) if door.state in draft.doors else int(BANNED)
        for tail, head in directions:
            draft.arc(tail, head, millis, kind, of)
        return
    climb(plan, way, ends, draft, cabins)


def climb(plan: Plan, way: Way, ends: tuple[int, int], draft: Draft, cabins: dict[int, int]) -> None:
    """Add the arcs of a drawn rise between two nodes; ``cabins``: the nodes inside lifts, by the node before them."""
    assert way.rise is not None
    length_m = math.dist(draft.place(ends[0]), draft.place(ends[1]))
    for tail, head in [ends] if way.one_way else [ends, (ends[1], ends[0])]:
        low, high = sorted((draft.level(tail), draft.level(head)))
        height_m = height_between_m(plan.levels, low, high)
        up_s, down_s = rise_seconds(way.rise, height_m)
        if way.rise == "stairs":
            # Stairs drawn longer than their height asks for have landings, or are outdoors.
            up_s, down_s = max(up_s, length_m / STAIRS_UP_M_S), max(down_s, length_m / STAIRS_DOWN_M_S)
        by_height = up_s if draft.level(head) >= draft.level(tail) else down_s
        seconds = way.seconds if way.seconds is not None else by_height
        inner = [_cabin(end, way, draft, cabins) if way.rise == "lift" else end for end in (tail, head)]
        draft.rise(inner[0], inner[1], seconds, way.rise, way.id)


def _cabin(node: int, way: Way, draft: Draft, cabins: dict[int, int]) -> int:
    """The node inside the lift at a drawn node: entering waits for it, leaving does not."""
    if node not in cabins:
        x, y = draft.place(node)
        cabins[node] = draft.node(x, y, draft.level(node), Node("lift", draft.nodes[node].of, draft.nodes[node].room))
        draft.rise(node, cabins[node], LIFT_WAIT_S, "lift", way.id)
        draft.rise(cabins[node], node, 0.0, "lift", way.id)
    return cabins[node]


def _doors_on_ways(plan: Plan, numbers: Mapping[str, int], draft: Draft) -> dict[str, Door]:
    """The door that stands on each way, the one nobody may pass before others."""
    flat = [way for way in plan.ways if way.rise is None]
    lines = [LineString([draft.place(numbers[end]) for end in way.ends]) for way in flat]
    if not lines or not plan.doors:
        return {}
    points = shapely.points(draft.projection.to_metres([door.at for door in plan.doors]))
    found: dict[str, Door] = {}
    pairs = STRtree(lines).query(points, predicate="dwithin", distance=DOOR_ON_WAY_M)
    for door_index, way_index in zip(*pairs.tolist(), strict=True):
        door, way = plan.doors[door_index], flat[way_index]
        levels = {draft.level(numbers[end]) for end in way.ends}
        shut = way.id in found and found[way.id].state not in draft.doors
        if levels == {door.level} and not shut:
            found[way.id] = door
    return found


def _exits(plan: Plan, draft: Draft, nodes: int) -> None:
    for door in plan.doors:
        if door.exit and (near := _nearest(draft, door.level, door.at, nodes, EXIT_NEAR_M)) is not None:
            draft.exits.append(near[0])


def _assembly(plan: Plan, draft: Draft, nodes: int) -> None:
    for point in plan.assembly_points:
        x, y = draft.projection.to_metres([point.at])[0].tolist()
        near = _nearest(draft, point.level, point.at, nodes, ASSEMBLY_NEAR_M)
        number = draft.node(x, y, point.level, Node("assembly", point.id))
        draft.assembly.append(number)
        if near is not None:
            draft.walk(near[0], number, near[1])


def _nearest(
    draft: Draft, level: int, at: tuple[float, float], nodes: int, within_m: float
) -> tuple[int, float] | None:
    """The drawn node of a level nearest to a place, and how far it is."""
    place = draft.projection.to_metres([at])[0].tolist()
    found = min(((math.dist(draft.place(n), place), n) for n in range(nodes) if draft.level(n) == level), default=None)
    return (found[1], found[0]) if found is not None and found[0] <= within_m else None
