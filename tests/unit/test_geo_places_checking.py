"""What is wrong with a plan and its network: each fault named by place, and nothing said of a good plan."""

from __future__ import annotations

import msgspec
import pytest

from geo.places.checking import NAMED_MAX, check_network, outside_main
from geo.places.model import AssemblyPoint, Landmark, Plan, Rise, Stop, Way, WayNode
from geo.places.network import Network
from geo.places.plan_check import check_plan
from geo.places.walking import walking_network
from mobile_contract.text import Text
from tests.unit.drawn_places import at, door, faults, plan, room

PILLAR = room("pillar", 2, 1, 1, 1, kind="solid")
WRONG_FLOOR = Stop(level=0, at=at(1, 1), room="attic")


def good() -> Plan:
    return plan(
        0, 1,
        rooms=[room("hall", 0, 0), room("office", 6, 0), room("attic", 0, 0, level=1), PILLAR],
        doors=[door("out", 0, 2, "hall", exit=True), door("inner", 6, 2, "hall", "office")],
        rises=[Rise(id="stairs", kind="stairs", up_s=9, down_s=7, stops=[Stop(level=n, at=at(5, 3)) for n in (0, 1)])],
    )  # fmt: skip


def checked(changed: Plan, *, lifts: bool = True) -> list[tuple[str, str]]:
    return [(kind, place) for kind, _, place in faults(check_network(walking_network(changed, lifts=lifts), changed))]


def change(**things: object) -> Plan:
    return msgspec.structs.replace(good(), **things)


# The plan as drawn.


def test_a_good_plan_has_no_fault() -> None:
    assert check_plan(good()) == []
    assert check_plan(plan()) == []
    assert check_plan(plan(rooms=[PILLAR])) == []
    assert checked(good()) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (change(rooms=[*good().rooms, room("attic", 20, 0)]), ("duplicate_id", "attic")),
        (change(levels=[*good().levels, good().levels[0]]), ("duplicate_id", "level 0")),
        (change(levels=good().levels[:1]), ("level_unknown", "attic")),
        (change(landmarks=[Landmark(id="sign", kind="sign", level=5, at=at(1, 1))]), ("level_unknown", "sign")),
        (change(nodes=[WayNode(id="n", level=5, at=at(1, 1))]), ("level_unknown", "n")),
        (change(ways=[Way(id="w", ends=("n", "m"))]), ("reference_unknown", "w")),
        (change(doors=[door("inner", 6, 2, "hall", "gone")]), ("reference_unknown", "inner")),
        (change(doors=[door("inner", 6, 2, "hall", "office", level=1)]), ("reference_unknown", "inner")),
        (change(rises=[Rise(id="s", kind="stairs", stops=[Stop(level=7, at=at(1, 1))])]), ("level_unknown", "s")),
        (change(rises=[Rise(id="s", kind="stairs", stops=[WRONG_FLOOR])]), ("reference_unknown", "s")),
        (change(doors=[door("inner", 3, 2.6, "hall")]), ("door_off_wall", "inner")),
        (change(doors=[door("inner", 3, 2)]), ("door_off_wall", "inner")),
        (change(doors=[door("inner", 90, 2)]), ("door_off_wall", "inner")),
        (change(rooms=[*good().rooms, room("over", 5, 0)]), ("rooms_overlap", "office")),
    ],
)  # fmt: skip
def test_each_fault_of_a_plan_is_named(changed: Plan, fault: tuple[str, str]) -> None:
    assert fault in [(kind, place) for kind, _, place in faults(check_plan(changed))]


def test_a_way_between_nodes_has_no_fault() -> None:
    made = drawn(("a", "b"))
    assert check_plan(msgspec.structs.replace(made, doors=[])) == []


def test_an_opening_in_a_wall_needs_no_rooms_named() -> None:
    assert check_plan(change(doors=[door("gap", 6, 2)])) == []


def test_an_assembly_point_is_a_thing_of_the_plan() -> None:
    yard = AssemblyPoint(id="yard", level=3, at=at(-9, 0), name=Text("院", "Yard"))
    assert faults(check_plan(change(assembly_points=[yard]))) == [("level_unknown", "noted", "yard")]


# The network.


def test_a_room_without_a_way_out_is_named() -> None:
    assert checked(change(rooms=[*good().rooms, room("cell", 20, 0)])) == [("unreachable", "cell")]


def test_a_locked_door_is_dead_and_parts_the_building() -> None:
    shut = change(doors=[good().doors[0], door("inner", 6, 2, "hall", "office", state="locked")])
    assert checked(shut) == [("isolated", "inner"), ("unreachable", "office"), ("door_dead", "inner")]


def test_a_lift_out_of_use_leaves_its_floor_unreachable() -> None:
    lift = msgspec.structs.replace(good().rises[0], kind="lift", wait_s=30.0)
    assert ("unreachable", "attic") not in checked(change(rises=[lift]))
    assert ("unreachable", "attic") in checked(change(rises=[lift]), lifts=False)


def test_a_floor_that_only_a_lift_leaves_is_named_before_the_fire() -> None:
    lift = msgspec.structs.replace(good().rises[0], id="lift", kind="lift", wait_s=30.0)
    assert checked(change(rises=[lift])) == [("lift_only", "attic")]
    assert checked(change(rises=[lift, good().rises[0]])) == []


def test_drawn_nodes_in_no_room_that_only_a_lift_leaves_are_one_finding() -> None:
    nodes = [WayNode(id="gate", level=0, at=at(0, 0), exit=True), WayNode(id="up", level=1, at=at(0, 0))]
    nodes.append(WayNode(id="on", level=1, at=at(9, 0)))
    lift, path = Way(id="lift", ends=("gate", "up"), rise="lift"), Way(id="path", ends=("up", "on"))
    drawn = plan(0, 1, nodes=nodes, ways=[lift, path])
    found = [it for it in check_network(walking_network(drawn), drawn) if it.kind == "lift_only"]
    assert [(it.place, it.count, it.level) for it in found] == [("up", 2, 1)]
    stairs = Way(id="stairs", ends=("on", "gate"), rise="stairs")
    assert checked(msgspec.structs.replace(drawn, ways=[lift, path, stairs])) == []


def test_a_room_one_can_not_come_back_from_is_a_pocket() -> None:
    into = change(doors=[good().doors[0], door("inner", 6, 2, "hall", "office", one_way=True)])
    assert checked(into) == [("one_way", "inner"), ("one_way", "inner"), ("unreachable", "office")]
    from_ = change(doors=[good().doors[0], door("inner", 6, 2, "office", "hall", one_way=True)])
    assert checked(from_) == [("one_way", "inner"), ("one_way", "inner")]
    texts = [
        check_network(walking_network(changed), changed)[0].detail.en.split(":")[1].strip() for changed in (into, from_)
    ]
    assert texts == ["no way back", "can be left and not entered"]


def test_a_plan_without_exit_or_assembly_point_names_every_room() -> None:
    assert checked(change(doors=good().doors[1:])) == [
        ("unreachable", "hall"), ("unreachable", "office"), ("unreachable", "attic"),
    ]  # fmt: skip


def drawn(*links: tuple[str, str], doors: int = 0) -> Plan:
    """Nodes a to z in a row of two metres, some linked; a is an exit; a room at the end whose door is the last node."""
    nodes = [WayNode(id=chr(97 + n), level=0, at=at(2.0 * n, 0), exit=n == 0) for n in range(26)]
    ways = [Way(id=f"{a}{b}", ends=(a, b), one_way=(a, b) == ("d", "e")) for a, b in links]
    return plan(nodes=nodes, ways=ways, doors=[door("d", 7, 0, "store", state="locked")] * doors,
                rooms=[room("store", 7, -2)])  # fmt: skip


def test_parts_of_a_drawn_network_are_named_up_to_a_limit() -> None:
    row = [(chr(97 + n), chr(98 + n)) for n in range(2)]
    far = [(chr(97 + n), chr(98 + n)) for n in range(4, 25)]
    findings = check_network(walking_network(drawn(*row, *far)), drawn(*row, *far))
    parts = [finding for finding in findings if finding.kind == "isolated"]
    assert [(finding.place, finding.count) for finding in parts] == [("a", 3), ("d", 1)]
    assert len(outside_main(walking_network(drawn(*row, *far)))) == 4
    long = [finding for finding in check_network(walking_network(drawn(*far)), drawn(*far)) if finding.count == 1]
    assert [finding.place for finding in long if finding.kind == "isolated"] == ["a", "b", "c", "d"]


def test_a_part_of_many_nodes_is_named_by_its_first() -> None:
    nodes = [WayNode(id=f"n{n}", level=0, at=at(2.0 * n, 0)) for n in range(60)]
    ways = [Way(id=f"w{n}", ends=(f"n{n}", f"n{n + 1}")) for n in range(59) if n != 24]
    made = plan(nodes=nodes, ways=ways)
    (part,) = check_network(walking_network(made), made)
    assert (part.place, part.count) == ("n0", 25)
    assert part.detail.en.count(", ") == NAMED_MAX
    assert part.detail.en.endswith("n19, ...")


def test_a_locked_door_on_a_drawn_way_is_dead_and_one_off_it_is_not_spoken_of() -> None:
    made = drawn(("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), doors=1)
    kinds = [(kind, place) for kind, _, place in faults(check_network(walking_network(made), made))]
    assert ("door_dead", "d") in kinds
    assert ("unreachable", "store") in kinds


def test_a_room_whose_door_a_drawn_way_passes_is_reached() -> None:
    made = drawn(("a", "b"), ("b", "c"), ("c", "d"), ("d", "f"))
    opened = msgspec.structs.replace(made, doors=[door("into", 7, 0, "store"), door("aside", 7, 9)])
    assert "unreachable" not in [finding.kind for finding in check_network(walking_network(opened), opened)]


def test_a_network_of_nothing_but_a_place_has_its_rooms_named() -> None:
    alone = plan(rooms=[room("hall", 0, 0)])
    network: Network = walking_network(alone)
    assert faults(check_network(network, alone)) == [("unreachable", "noted", "hall")]
