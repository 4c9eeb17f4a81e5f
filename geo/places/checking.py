"""What is wrong with a walking network, named by place. Pure."""

from __future__ import annotations

import msgspec
import numpy as np

from geo.graph.connection import Marks, parts, reaching, strong_parts
from geo.graph.csr import BANNED, Graph
from geo.places.findings import Finding, FindingKind
from geo.places.model import PlaceId, Plan, Position, Room
from geo.places.network import ArcKind, Network
from geo.places.roads import walks_rooms
from mobile_contract.text import Text

# A part of thousands of nodes is named by the first of them.
NAMED_MAX = 20


def check_network(network: Network, plan: Plan) -> list[Finding]:
    """Isolated parts, one-way pockets and links, rooms with no way to an exit or assembly point, or with one by lifts
    alone, dead doors."""
    return [
        *_isolated(network),
        *_pockets(network),
        *_one_way(network),
        *_unreachable(network, plan),
        *_lift_only(network, plan),
        *_dead_doors(network, plan),
    ]


def outside_main(network: Network) -> list[int]:
    """Nodes that no arc in any direction ties to the largest part."""
    found: list[int] = np.flatnonzero(parts(network.graph) != 0).tolist()
    return found


def _isolated(network: Network) -> list[Finding]:
    labels = parts(network.graph)
    groups: dict[int, list[int]] = {}
    for node in np.flatnonzero(labels != 0).tolist():
        groups.setdefault(int(labels[node]), []).append(node)
    return [
        _about_nodes(
            network,
            nodes,
            "isolated",
            f"{len(nodes)} 个节点与主路网不相通",
            f"{len(nodes)} nodes with no way to or from the rest",
        )
        for _, nodes in sorted(groups.items())
    ]


def _pockets(network: Network) -> list[Finding]:
    """Nodes of the main part that one can get into and not out of, or out of and not into."""
    weak, strong = parts(network.graph), strong_parts(network.graph)
    main = strong[weak == 0]
    if not len(main):
        return []
    core = int(np.bincount(main).argmax())
    away = np.flatnonzero((weak == 0) & (strong != core))
    out = reaching(network.graph, np.flatnonzero(strong == core))
    findings = []
    for label in np.unique(strong[away]).tolist():
        nodes = away[strong[away] == label].tolist()
        zh, en = (
            ("只能出，不能进", "can be left and not entered") if out[nodes[0]] else ("不能返回主路网", "no way back")
        )
        findings.append(
            _about_nodes(network, nodes, "one_way", f"{len(nodes)} 个节点{zh}", f"{len(nodes)} nodes: {en}")
        )
    return findings


def one_way_links(network: Network) -> list[int]:
    """Arcs that may be taken and have none back."""
    graph = network.graph
    open_ = graph.millis != BANNED
    there = graph.tails.astype(np.int64) * graph.nodes + graph.heads
    back = graph.heads.astype(np.int64) * graph.nodes + graph.tails
    found: list[int] = np.flatnonzero(open_ & ~np.isin(there, back[open_])).tolist()
    return found


def _one_way(network: Network) -> list[Finding]:
    graph = network.graph
    findings = []
    for arc in one_way_links(network):
        tail, head = int(graph.tails[arc]), int(graph.heads[arc])
        ends = f"{_name(network, tail)} -> {_name(network, head)}"
        findings.append(
            Finding(
                kind="one_way",
                outcome="noted",
                place=network.arc_of[arc] or ends,
                at=_at(network, tail),
                level=int(graph.level[tail]),
                detail=Text(f"单向：{ends}", f"one way: {ends}"),
            )
        )
    return findings


def getting_out(network: Network) -> Marks:
    """Which nodes reach an exit or an assembly point (n)."""
    return reaching(network.graph, [*network.exits, *network.assembly])


def rooms_out(network: Network, plan: Plan) -> set[PlaceId | None]:
    """Rooms from which an exit or an assembly point is reached; None is the outside."""
    out = getting_out(network)
    safe: set[PlaceId | None] = {
        node.room for node, reached in zip(network.nodes, out.tolist(), strict=True) if reached
    }
    if not walks_rooms(plan):
        # A drawn network may end in the doorway of a room: who may pass the door leaves the room by it.
        graph = network.graph
        passed = np.flatnonzero((graph.kinds == ArcKind.DOOR) & (graph.millis != BANNED) & out[graph.tails]).tolist()
        through = {network.arc_of[arc] for arc in passed}
        safe |= {room for door in plan.doors if door.id in through for room in door.joins[: 1 if door.one_way else 2]}
    return safe


def _unreachable(network: Network, plan: Plan) -> list[Finding]:
    """Rooms with no node that reaches an exit or an assembly point; every room, when there is neither."""
    safe = rooms_out(network, plan)
    detail = Text("无法走到任何出口或集合点", "no exit and no assembly point can be reached from this room")
    rooms = [room for room in plan.rooms if room.kind != "solid" and room.id not in safe]
    return [_about_room(room, "unreachable", detail) for room in rooms]


def _lift_only(network: Network, plan: Plan) -> list[Finding]:
    """Rooms, and drawn nodes in no room, that are left by lifts alone: those are out of use in a fire."""
    on_foot = without_lifts(network)
    lost = rooms_out(network, plan) - rooms_out(on_foot, plan)
    detail = Text("只能乘电梯离开，火灾时电梯停用", "left by lifts alone, which are out of use in a fire")
    findings = [_about_room(room, "lift_only", detail) for room in plan.rooms if room.id in lost]
    labels = parts(on_foot.graph)
    groups: dict[int, list[int]] = {}
    for node in np.flatnonzero(getting_out(network) & ~getting_out(on_foot)).tolist():
        if network.nodes[node].room is None and network.nodes[node].kind == "way":
            groups.setdefault(int(labels[node]), []).append(node)
    return findings + [
        _about_nodes(network, nodes, "lift_only", f"{len(nodes)} 个节点{detail.zh}", f"{len(nodes)} nodes {detail.en}")
        for _, nodes in sorted(groups.items())
    ]


def without_lifts(network: Network) -> Network:
    """The same network with its lifts out of use."""
    graph = network.graph
    millis = np.where(graph.kinds == ArcKind.LIFT, BANNED, graph.millis)
    still = Graph(graph.starts, graph.heads, millis, graph.x, graph.y, graph.level, graph.kinds)
    return msgspec.structs.replace(network, graph=still)


def _dead_doors(network: Network, plan: Plan) -> list[Finding]:
    """Doors that nothing in the network goes through, whether they are locked or join nothing."""
    used = {
        of for of, millis in zip(network.arc_of, network.graph.millis.tolist(), strict=True) if millis != int(BANNED)
    }
    if not walks_rooms(plan):
        # A drawn network need not pass every door; a door that closes a way it passes is dead.
        doors = [door for door in plan.doors if door.id in set(network.arc_of) and door.id not in used]
    else:
        doors = [door for door in plan.doors if door.id not in used]
    return [
        Finding(
            kind="door_dead",
            outcome="noted",
            place=door.id,
            at=door.at,
            level=door.level,
            detail=Text(f"没有人能通过此门（{door.state}）", f"nobody can pass this door ({door.state})"),
        )
        for door in doors
    ]


def _about_room(room: Room, kind: FindingKind, detail: Text) -> Finding:
    lon, lat = room.polygon["coordinates"][0][0][:2]
    return Finding(kind=kind, outcome="noted", place=room.id, at=(lon, lat), level=room.level, detail=detail)


def _about_nodes(network: Network, nodes: list[int], kind: FindingKind, zh: str, en: str) -> Finding:
    names = ", ".join(_name(network, node) for node in nodes[:NAMED_MAX])
    more = ", ..." if len(nodes) > NAMED_MAX else ""
    return Finding(
        kind=kind,
        outcome="noted",
        place=_name(network, nodes[0]),
        at=_at(network, nodes[0]),
        level=int(network.graph.level[nodes[0]]),
        count=len(nodes),
        detail=Text(f"{zh}：{names}{more}", f"{en}: {names}{more}"),
    )


def _name(network: Network, node: int) -> str:
    about = network.nodes[node]
    return about.of or about.room or f"{about.kind} {node}"


def _at(network: Network, node: int) -> Position:
    lon, lat = network.projection.to_degrees([(network.graph.x[node], network.graph.y[node])])[0].tolist()
    return (lon, lat)
