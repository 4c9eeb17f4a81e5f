"""The drawn network beside an IMDF archive: navPath features, nodes that name their neighbours. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from shapely.geometry import Point

from geo.places.features import Feature
from geo.places.findings import Finding, FindingKind, Outcome
from geo.places.model import RiseKind, Room, Way, WayNode
from geo.places.shapes import Shapes
from geo.places.stacking import RISE_OF_ROOM
from geo.places.walls import RoomMap
from mobile_contract.text import Text

# A junction of corridors has six; this bounds what one feature can ask for.
NEIGHBOURS_MAX = 1_000
# A node on a stair is drawn at its foot or head.
SHAFT_NEAR_M = 1.0
# Two floors, no stairs drawn where they join: slower than a lift ride, and still there when lifts are not.
RISE_UNDRAWN: RiseKind = "stairs"


def read_paths(
    features: Sequence[Feature], level_of: dict[str, int], shapes: Shapes, rooms: Sequence[Room]
) -> tuple[list[WayNode], list[Way]]:
    """Nodes, and one way for each pair of neighbours: both ways when each names the other, else one way.

    A node without a level stands outdoors, on the ground; one of them that neighbours a node indoors is an exit. Each
    time a node names one that does not name it back is a finding, as the file has it: three times, three findings.
    """
    nodes, inside = _nodes(features, level_of, shapes)
    named_by = {feature.id: _neighbours(feature, nodes, shapes) for feature in features if feature.id in nodes}
    _one_way(features, nodes, named_by, shapes)
    ways = _ways(nodes, named_by, inside, RoomMap(rooms, shapes.projection))
    doorsteps = {frozenset(way.ends) for way in ways if inside[way.ends[0]] != inside[way.ends[1]]}
    exits = {node for ends in doorsteps for node in ends if not inside[node]}
    return [
        WayNode(id=node.id, level=node.level, at=node.at, exit=True) if node.id in exits else node
        for node in nodes.values()
    ], ways


def _nodes(
    features: Sequence[Feature], level_of: dict[str, int], shapes: Shapes
) -> tuple[dict[str, WayNode], dict[str, bool]]:
    """The nodes that have a place, and which of them are indoors."""
    inside: dict[str, bool] = {}
    nodes: dict[str, WayNode] = {}
    for feature in features:
        named = feature.properties.get("level_id")
        level = 0 if named is None else level_of.get(str(named))
        if level is None:
            _note(shapes, feature, "level_unknown", "refused", "所在楼层不存在", "its level_id names no level")
            continue
        point = shapes.read(feature, level=level)
        if isinstance(point, Point):
            nodes[feature.id] = WayNode(id=feature.id, level=level, at=(point.x, point.y))
            inside[feature.id] = named is not None
        elif feature.geometry is None or point is not None:
            _note(shapes, feature, "geometry_unknown", "refused", "节点不是点", "a node is a point")
    return nodes, inside


def _one_way(
    features: Sequence[Feature], nodes: dict[str, WayNode], named_by: dict[str, list[str]], shapes: Shapes
) -> None:
    for feature in features:
        for other in named_by.get(feature.id, []):
            if feature.id not in named_by[other]:
                node = nodes[feature.id]
                text = Text(
                    f"只能单向走到 {other}", f"it names {other} as a neighbour, which does not name it: one way"
                )
                shapes.findings.append(
                    Finding(
                        kind="one_way",
                        outcome="noted",
                        place=feature.place,
                        at=node.at,
                        level=node.level,
                        detail=text,
                    )
                )


def _neighbours(feature: Feature, nodes: dict[str, WayNode], shapes: Shapes) -> list[str]:
    """The nodes a node names, as often as it names them, and findings for names that are none."""
    given = feature.properties.get("neighbours")
    if not isinstance(given, list) or len(given) > NEIGHBOURS_MAX:
        _note(shapes, feature, "property_invalid", "noted", "neighbours 无效", "its neighbours are no list of ids")
        return []
    found = []
    for name in given:
        if isinstance(name, str) and name in nodes and name != feature.id:
            found.append(name)
        else:
            _note(
                shapes, feature, "reference_unknown", "noted", "neighbours 不存在", "one of its neighbours is no node"
            )
    return found


def _ways(
    nodes: dict[str, WayNode], named_by: dict[str, list[str]], inside: dict[str, bool], walls: RoomMap
) -> list[Way]:
    shafts = _shafts(list(nodes.values()), walls)
    ways: dict[tuple[str, str], Way] = {}
    for node, others in named_by.items():
        for other in others:
            if (node, other) in ways or (other, node) in ways:
                continue
            rise: RiseKind | None = None
            # Between indoors and outdoors a floor changes its number, not its height.
            if nodes[node].level != nodes[other].level and inside[node] and inside[other]:
                rise = shafts[node] or shafts[other] or RISE_UNDRAWN
            ways[(node, other)] = Way(
                id=f"way:{len(ways)}", ends=(node, other), rise=rise, one_way=node not in named_by[other]
            )
    return list(ways.values())


def _shafts(nodes: list[WayNode], walls: RoomMap) -> dict[str, RiseKind | None]:
    """The kind of the stairs or lift each node stands in or at."""
    found: dict[str, RiseKind | None] = {}
    places = walls.projection.to_metres([node.at for node in nodes]).tolist()
    for node, (x, y) in zip(nodes, places, strict=True):
        point = Point(x, y)
        near = [i for i in walls.near(node.level, point, SHAFT_NEAR_M) if walls.rooms[i].kind in RISE_OF_ROOM]
        best = min(near, key=lambda i: float(walls.polygons[i].distance(point)), default=None)
        found[node.id] = None if best is None else RISE_OF_ROOM[walls.rooms[best].kind]
    return found


def _note(shapes: Shapes, feature: Feature, kind: FindingKind, outcome: Outcome, zh: str, en: str) -> None:
    shapes.findings.append(Finding(kind=kind, outcome=outcome, place=feature.place, detail=Text(zh, en)))
