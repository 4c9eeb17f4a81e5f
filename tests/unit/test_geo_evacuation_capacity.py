"""How many people pass: the handbook's figures, and which parts of a plan are gates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import Invalid
from geo.evacuation.capacity import GateKind, effective_width_m, gates_of, people_per_ks
from geo.graph.csr import BANNED, build
from geo.places.model import Door, Plan, Rise, Stop
from geo.places.network import ArcKind, Network, Node
from geo.projection import Projection
from mobile_contract.text import Text


@pytest.mark.parametrize(
    ("kind", "width_m", "effective_m", "per_ks"),
    [
        ("door", 0.9, 0.6, 780),
        ("door", 1.4, 1.1, 1_430),
        ("corridor", 1.4, 1.0, 1_300),
        ("ramp", 1.4, 1.0, 1_300),
        ("stairs_down", 1.1, 0.8, 752),
        ("stairs_up", 1.1, 0.8, 600),
        ("door", 0.3, 0.0, 0),
        ("door", 0.0, 0.0, 0),
    ],
)
def test_the_flow_is_the_specific_flow_times_the_width_less_its_boundary_layers(
    kind: GateKind, width_m: float, effective_m: float, per_ks: int
) -> None:
    assert effective_width_m(kind, width_m) == pytest.approx(effective_m)
    assert people_per_ks(kind, width_m) == per_ks


@pytest.mark.parametrize("width_m", [-0.1, 50.1, math.nan, math.inf])
def test_a_width_that_is_none_is_named(width_m: float) -> None:
    with pytest.raises(Invalid) as caught:
        people_per_ks("door", width_m)
    assert (caught.value.code, caught.value.field, caught.value.limit) == ("geo.evacuation_invalid", "width_m", 50.0)


def _network(nodes: list[Node], level: list[int], arcs: list[tuple[int, int, int, ArcKind, str | None]]) -> Network:
    line = np.arange(len(nodes))
    columns = [np.array([arc[i] for arc in arcs], dtype=np.int64) for i in range(4)]
    graph, order = build(line, line, level, *columns)
    return Network(graph, Projection(121.0, 31.0), nodes, [arcs[i][4] for i in order.tolist()], [], [])


def _plan(doors: list[Door], rises: list[Rise]) -> Plan:
    return Plan(name=Text("厂", "Plant"), levels=[], doors=doors, rises=rises)


def _door(door_id: str, width_m: float) -> Door:
    return Door(id=door_id, level=0, at=(0.0, 0.0), joins=(None, None), width_m=width_m)


def test_a_door_of_one_node_is_a_gate_there_and_one_of_two_nodes_is_the_arcs_between() -> None:
    nodes = [
        Node("room"),
        Node("door", of="one"),
        Node("door", of="two"),
        Node("door", of="two"),
        Node("room", of="drawn"),
    ]
    walk = ArcKind.WALK
    network = _network(
        nodes,
        [0] * 5,
        [(0, 1, 5, ArcKind.DOOR, "one"), (1, 2, 5, walk, None), (2, 3, 5, ArcKind.DOOR, "two"), (3, 2, 5, walk, None)],
    )
    gates = gates_of(network, _plan([_door("one", 0.9), _door("two", 1.4)], []))
    assert gates.per_ks.tolist() == [780, 1_430]
    assert gates.node_gate.tolist() == [-1, 0, -1, -1, -1]
    assert gates.arc_gate.tolist() == [-1, -1, 1, 1]


def test_a_door_on_drawn_ways_is_all_of_them_and_a_door_that_is_not_in_the_plan_is_no_gate() -> None:
    door = ArcKind.DOOR
    arcs = [
        (0, 1, 5, door, "D"),
        (1, 0, 5, door, "D"),
        (1, 2, 5, door, "D"),
        (2, 3, 5, door, "gone"),
        (3, 2, 5, door, None),
    ]
    network = _network([Node("way")] * 4, [0] * 4, arcs)
    gates = gates_of(network, _plan([_door("D", 0.9)], []))
    assert gates.per_ks.tolist() == [780]
    of_door = {i for i, name in enumerate(network.arc_of) if name == "D"}
    assert {i for i, gate in enumerate(gates.arc_gate.tolist()) if gate == 0} == of_door


def test_each_flight_is_a_gate_of_both_directions_and_below_the_ground_it_is_that_of_going_up() -> None:
    arcs: list[tuple[int, int, int, ArcKind, str | None]] = []
    for low in range(3):
        arcs += [(low, low + 1, 5, ArcKind.STAIRS_UP, "S"), (low + 1, low, 5, ArcKind.STAIRS_DOWN, "S")]
    network = _network([Node("stairs")] * 4, [-1, 0, 1, 2], arcs)
    stairs = Rise(id="S", kind="stairs", stops=[Stop(level=0, at=(0.0, 0.0))], width_m=1.1)
    gates = gates_of(network, _plan([], [stairs]))
    assert gates.per_ks.tolist() == [600, 752, 752]
    assert [gates.arc_gate[i] for i in range(6)] == [0, 0, 1, 1, 2, 2]


def test_nobody_escapes_by_lift_and_a_ladder_takes_one_at_a_time() -> None:
    kinds = [ArcKind.LIFT, ArcKind.ESCALATOR, ArcKind.LADDER, ArcKind.RAMP, ArcKind.STAIRS_UP]
    arcs: list[tuple[int, int, int, ArcKind, str | None]] = [
        (2 * i, 2 * i + 1, 8_000, kind, None) for i, kind in enumerate(kinds)
    ]
    arcs.append((10, 11, int(BANNED), ArcKind.LADDER, None))
    network = _network([Node("x")] * 12, [0, 1] * 6, arcs)
    assert gates_of(network, _plan([], [])).per_ks.tolist() == [0, 0, 125, 910, 752, 1]
