"""How many people pass a door or a flight of stairs: width to people a second, and the gates of a network. Pure.

The hydraulic model: Gwynne and Rosenbaum, Employing the Hydraulic Model in Assessing Emergency Movement, SFPE Handbook
of Fire Protection Engineering, 5th edition (2016), chapter 59. A flow is the maximum specific flow times the effective
width, which is the clear width less a boundary layer on each side.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from geo.evacuation.model import PER_KS_MAX, Gates, invalid
from geo.places.model import Plan
from geo.places.network import ArcKind, Network

GateKind: TypeAlias = Literal["door", "corridor", "ramp", "stairs_down", "stairs_up"]

# Boundary layer on each side, metres: SFPE table 59.1 (doors and archways 15 cm, corridors and ramps 20 cm, stairs from
# the wall 15 cm; a handrail's 9 cm would give more, and whether there is one is not drawn).
BOUNDARY_LAYER_M: dict[GateKind, float] = {
    "door": 0.15,
    "corridor": 0.20,
    "ramp": 0.20,
    "stairs_down": 0.15,
    "stairs_up": 0.15,
}
# People a second and metre of effective width: SFPE table 59.5. Stairs are the steepest in it (riser 191 mm, tread 254
# mm; 0.94 of 0.94 to 1.16), as their steps are not drawn. Upwards 0.8 of that: IMO MSC.1/Circ.1533, annex, table 1.2
# (0.88 up, 1.1 down).
SPECIFIC_FLOW_P_S_M: dict[GateKind, float] = {
    "door": 1.3,
    "corridor": 1.3,
    "ramp": 1.3,
    "stairs_down": 0.94,
    "stairs_up": 0.75,
}
# A flight drawn without a width: the least an evacuation stair of a plant has (GB 50016-2014, 3.7.5: 1.10 m).
STAIRS_WIDTH_M = 1.1
# Wider is a slip of the hand; an open hall is no gate.
WIDTH_MAX_M = 50.0


def effective_width_m(kind: GateKind, width_m: float) -> float:
    """The clear width less its boundary layers; 0 when they meet. Raises Invalid unless 0 to WIDTH_MAX_M."""
    if not (math.isfinite(width_m) and 0 <= width_m <= WIDTH_MAX_M):
        raise invalid(
            "width_m",
            f"a width is 0 to {WIDTH_MAX_M:g} m",
            f"宽度须在 0 至 {WIDTH_MAX_M:g} 米之间",
            width_m if math.isfinite(width_m) else None,
            WIDTH_MAX_M,
        )
    return max(width_m - 2 * BOUNDARY_LAYER_M[kind], 0.0)


def people_per_ks(kind: GateKind, width_m: float) -> int:
    """People in 1,000 s through a gate of a clear width, rounded down; Invalid as ``effective_width_m``."""
    # To a tenth of a millimetre first: 0.9 - 0.3 is a hair below 0.6.
    return int(round(effective_width_m(kind, width_m), 4) * SPECIFIC_FLOW_P_S_M[kind] * 1000 + 1e-6)


def gates_of(network: Network, plan: Plan) -> Gates:
    """The gates of a plan's network: each door, each flight of each rise between two levels.

    A door is a node, the arcs between its two sides, or the drawn ways through it. Both directions of a gate share it.
    A lift or an escalator is no way of escape (GB 50016-2014, 5.5.4): nobody passes. A ladder takes one person at a
    time.
    """
    graph, doors, rises = network.graph, {it.id: it for it in plan.doors}, {it.id: it for it in plan.rises}
    node_gate, arc_gate = np.full(graph.nodes, -1, np.int32), np.full(graph.arcs, -1, np.int32)
    per_ks: list[int] = []
    for door_id, nodes in _door_nodes(network, set(doors)).items():
        per_ks.append(people_per_ks("door", doors[door_id].width_m))
        if len(nodes) == 1:
            node_gate[nodes[0]] = len(per_ks) - 1
        else:
            # A door of two sides is the arcs between them.
            arc_gate[np.isin(graph.tails, nodes) & np.isin(graph.heads, nodes)] = len(per_ks) - 1
    drawn: dict[str, int] = {}
    for arc in np.flatnonzero((graph.kinds == ArcKind.DOOR) & (arc_gate < 0)).tolist():
        door = doors.get(network.arc_of[arc] or "")
        if door is not None and node_gate[graph.tails[arc]] < 0 and node_gate[graph.heads[arc]] < 0:
            if door.id not in drawn:
                drawn[door.id] = len(per_ks)
                per_ks.append(people_per_ks("door", door.width_m))
            arc_gate[arc] = drawn[door.id]
    flights: dict[tuple[str, int, int], int] = {}
    for arc in np.flatnonzero((graph.kinds >= ArcKind.STAIRS_UP) & (graph.kinds <= ArcKind.LADDER)).tolist():
        low, high = sorted((int(graph.level[graph.tails[arc]]), int(graph.level[graph.heads[arc]])))
        name = network.arc_of[arc] or f"{min(graph.tails[arc], graph.heads[arc])}"
        if (name, low, high) not in flights:
            flights[name, low, high] = len(per_ks)
            rise = rises.get(name)
            width = rise.width_m if rise is not None else STAIRS_WIDTH_M
            per_ks.append(_flight_per_ks(int(graph.kinds[arc]), width, low, int(graph.millis[arc])))
        arc_gate[arc] = flights[name, low, high]
    return Gates(node_gate, arc_gate, np.array(per_ks, dtype=np.int64))


def _door_nodes(network: Network, doors: set[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, node in enumerate(network.nodes):
        if node.of is not None and node.of in doors:
            found.setdefault(node.of, []).append(number)
    return found


def _flight_per_ks(kind: int, width_m: float, low: int, millis: int) -> int:
    if kind in (ArcKind.LIFT, ArcKind.ESCALATOR):
        return 0
    if kind == ArcKind.LADDER:
        return min(max(1_000_000 // millis, 1), PER_KS_MAX)
    if kind == ArcKind.RAMP:
        return people_per_ks("ramp", width_m)
    # One gets out downwards from above the ground, upwards from below it.
    return people_per_ks("stairs_down" if low >= 0 else "stairs_up", width_m)
