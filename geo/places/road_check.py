"""What is wrong with the roads of a plan, named by place: where no vehicle gets to, or back from. Pure."""

from __future__ import annotations

import msgspec
import shapely

from geo.graph.connection import parts
from geo.graph.csr import BANNED
from geo.graph.trees import tree_from, tree_to
from geo.places.draft import projection_of
from geo.places.findings import Finding, FindingKind
from geo.places.model import PlaceId, Plan, Position
from geo.places.road_network import EVERY_DOOR, RoadNetwork, road_network
from geo.places.roads import GATE_ON_ROAD_M, RoadMap, has_roads
from geo.places.walls import RoomMap
from geo.zones import SHARED_WALL_M
from mobile_contract.text import Text

# A group of hundreds of roads is named by the first of them.
NAMED_MAX = 20
_WORDS: dict[FindingKind, tuple[str, str]] = {
    "road_unreachable": ("从任何大门都无法驶到", "no gate leads there"),
    "road_no_return": ("驶入后无法驶回任何大门", "no way back to any gate"),
}


def check_roads(plan: Plan) -> list[Finding]:
    """Gates beside every road, roads no gate leads to or that lead back to none, roads drawn through walls.

    Of vehicles' sizes nothing is asked here, and every door counts as open. Raises Invalid as ``road_network``.
    """
    if not has_roads(plan):
        return []
    network = road_network(plan, doors=EVERY_DOOR)
    findings = _off_road(plan, network)
    if network.gates:
        findings += _unreached(plan, network)
    else:
        detail = Text("道路上没有大门，车辆无从进入", "no gate on any road: no vehicle is known to get in")
        findings.append(_about(plan.name.en, "road_without_gate", detail, count=len(network.roads)))
    return [*findings, *_through_walls(plan, network)]


def barriers(plan: Plan) -> frozenset[PlaceId]:
    """Doors of no room that stand on a road: it is the road's, and needs no wall."""
    loose = {door.id for door in plan.doors if door.joins == (None, None)}
    known = {node.id for node in plan.nodes}
    roads = [way for way in plan.ways if way.kind == "road" and known.issuperset(way.ends)]
    if not loose or not roads:
        return frozenset()
    on_roads = RoadMap(msgspec.structs.replace(plan, ways=roads), projection_of(plan)).doors.values()
    return frozenset(door.id for doors in on_roads for _, door in doors if door.id in loose)


def _off_road(plan: Plan, network: RoadNetwork) -> list[Finding]:
    on_roads = {gate.id for gate in network.gates}
    limit = f"{GATE_ON_ROAD_M:.0f}"
    detail = Text(f"{limit} 米内没有道路，车辆不能由此进入", f"no road within {limit} m: no vehicle comes in by it")
    return [
        _about(mark.id, "gate_off_road", detail, mark.at, mark.level)
        for mark in plan.landmarks
        if mark.kind == "gate" and mark.id not in on_roads
    ]


def _unreached(plan: Plan, network: RoadNetwork) -> list[Finding]:
    """Roads that no gate leads to, and those that lead back to none, one finding for all that hang together."""
    graph, gates = network.graph, [gate.node for gate in network.gates]
    driven = graph.millis != BANNED
    there = (tree_from(graph, gates).millis[graph.tails] != BANNED) & driven
    back = (tree_to(graph, gates).millis[graph.heads] != BANNED) & driven
    labels = parts(graph)[graph.tails]
    groups: dict[tuple[FindingKind, int], list[int]] = {}
    for road in range(len(network.roads)):
        of = network.ways == road
        kind: FindingKind | None = None
        if not there[of].any():
            kind = "road_unreachable"
        elif not back[of].any():
            kind = "road_no_return"
        if kind is not None:
            groups.setdefault((kind, int(labels[of][0])), []).append(road)
    nodes = {node.id: node for node in plan.nodes}
    findings = []
    for (kind, _), roads in groups.items():
        names = [network.roads[road].id for road in roads]
        told = ", ".join(names[:NAMED_MAX]) + (", ..." if len(names) > NAMED_MAX else "")
        zh, en = _WORDS[kind]
        first = nodes[network.roads[roads[0]].ends[0]]
        detail = Text(f"{zh}：{told}", f"{en}: {told}")
        findings.append(_about(names[0], kind, detail, first.at, first.level, len(names)))
    return findings


def _through_walls(plan: Plan, network: RoadNetwork) -> list[Finding]:
    """Roads that lead into a room that is no yard, without a door of it on the road."""
    roads, walls = RoadMap(plan, network.projection), RoomMap(plan.rooms, network.projection)
    findings = []
    for index, room in enumerate(walls.rooms):
        if room.kind == "outdoors":
            continue
        for road in roads.near(room.level, walls.polygons[index]):
            inside = shapely.intersection(roads.lines[road], walls.polygons[index])
            beside = [door for _, door in roads.doors.get(road, [])]
            doors = [door for door in beside if room.id in door.joins or door.joins == (None, None)]
            wholly = walls.polygons[index].covers(roads.lines[road])
            if inside.length > 2 * SHARED_WALL_M and not doors and not wholly:
                point = inside.representative_point()
                lon, lat = network.projection.to_degrees([(point.x, point.y)])[0].tolist()
                way = roads.roads[road].id
                detail = Text(f"穿过房间 {room.id}，该处没有门", f"it leads into room {room.id}, and no door is there")
                findings.append(_about(way, "road_through_wall", detail, (lon, lat), room.level))
    return findings


def _about(
    place: str, kind: FindingKind, detail: Text, at: Position | None = None, level: int | None = None, count: int = 1
) -> Finding:
    return Finding(kind=kind, outcome="noted", place=place, detail=detail, at=at, level=level, count=count)
