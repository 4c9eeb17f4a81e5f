"""Roads of a plan: walked along with its rooms, driven by vehicles, and what is wrong with them by name."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.connection import parts
from geo.graph.csr import BANNED
from geo.places.checking import check_network
from geo.places.model import AssemblyPoint, Landmark, Plan, Way, WayNode
from geo.places.network import ArcKind, Network
from geo.places.plan_check import check_plan
from geo.places.road_check import NAMED_MAX, barriers, check_roads
from geo.places.road_network import EVERY_DOOR, RoadNetwork, road_network
from geo.places.roads import RoadMap, has_roads, walks_rooms
from geo.places.speeds import DOOR_OPEN_S, ROAD_KMH, road_millis
from geo.places.walking import BADGE_HOLDER, walking_network
from geo.places.walls import polygon_m
from geo.projection import Projection
from geo.zones import SHARED_WALL_M
from mobile_contract.text import Text
from tests.unit.drawn_places import LAT, LON, at, door, faults, plan, polygon, room
from tests.unit.test_geo_places_walking import node, seconds, walk_s


def nodes(**places: tuple[float, float]) -> list[WayNode]:
    return [WayNode(id=name, level=0, at=at(*place)) for name, place in places.items()]


def road(own: str, a: str, b: str, **more: Any) -> Way:
    return Way(id=own, ends=(a, b), kind="road", **more)


def gate(own: str, x: float, y: float, **more: Any) -> Landmark:
    return Landmark(id=own, kind="gate", level=0, at=at(x, y), **more)


def hydrant(own: str, x: float, y: float, **more: Any) -> Landmark:
    return Landmark(id=own, kind="hydrant", level=0, at=at(x, y), **more)


def yard_point(x: float, y: float) -> AssemblyPoint:
    return AssemblyPoint(id="muster", at=at(x, y), name=Text("集合点", "Muster"))


def plant(**more: Any) -> Plan:
    """A hall of ten by six with its door to the north, a road ten metres north of it from west to east."""
    made: dict[str, Any] = {
        "rooms": [room("hall", 0, 0, 10, 6)],
        "doors": [door("out", 5, 6, "hall", state="open", exit=True)],
        "nodes": nodes(w=(-40, 16), e=(60, 16)),
        "ways": [road("main", "w", "e")],
        "landmarks": [gate("west gate", -40, 18)],
    } | more
    return plan(**made)


def way_s(network: Network, start: int, goal: int) -> float:
    return seconds(network, start, goal)


# On foot.


def test_a_plan_of_rooms_and_roads_is_walked_by_both() -> None:
    network = walking_network(plant())
    inside = node(network, "out", "hall")
    straight = walk_s((5, 6), (5, 16), (60, 16))
    assert way_s(network, inside, node(network, "e")) == pytest.approx(straight, abs=0.01)
    assert parts(network.graph).max() == 0
    assert {ArcKind.ROAD, ArcKind.DOOR, ArcKind.WALK} == set(network.graph.kinds.tolist())
    assert check_network(network, plant()) == []


def test_people_walk_a_one_way_road_both_ways_and_in_the_seconds_it_is_given() -> None:
    one_way = walking_network(plant(ways=[road("main", "w", "e", one_way=True, seconds=50.0)]))
    west, east = node(one_way, "w"), node(one_way, "e")
    there, back = way_s(one_way, west, east), way_s(one_way, east, west)
    # Cut where one steps on it, each piece is rounded by itself.
    assert there == back == pytest.approx(50.0, abs=0.01)


def test_a_door_on_the_far_side_reaches_the_road_around_the_building() -> None:
    far = plant(doors=[door("back", 5, 0, "hall", state="open", exit=True)])
    network = walking_network(far)
    # Around the nearer corner, to the foot of the door's own perpendicular, which is straight through the hall.
    around = walk_s((5, 0), (0, 0), (0, 6), (5, 16))
    foot = next(n for n, it in enumerate(network.nodes) if it.kind == "road")
    assert way_s(network, node(network, "back", "hall"), foot) == pytest.approx(around, abs=0.05)


def test_a_road_too_far_for_a_walk_is_no_way_from_a_door() -> None:
    away = plant(nodes=nodes(w=(-40, 116), e=(60, 116)))
    network = walking_network(away)
    assert math.isinf(way_s(network, node(network, "out", "hall"), node(network, "e")))
    assert [kind for kind, _, _ in faults(check_network(network, away))] == ["isolated"]


def test_on_ground_of_too_many_corners_the_road_is_reached_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    doors = [door("out", 5, 6, "hall", state="open"), door("back", 5, 0, "hall", state="open")]
    hidden = [door("hidden", 53, 6, "shed", state="open")]
    rooms = [room("hall", 0, 0, 10, 6), room("shed", 50, 0), room("wall", 50, 8, 9, 1, kind="solid")]
    made = plant(rooms=rooms, doors=doors + hidden, assembly_points=[yard_point(40, 20)])
    monkeypatch.setattr("geo.places.visibility.POINTS_MAX", 8)
    network = walking_network(made)
    end, (goal,) = node(network, "e"), network.assembly
    assert way_s(network, node(network, "out", "hall"), end) == pytest.approx(
        walk_s((5, 6), (5, 16), (60, 16)), abs=0.01
    )
    assert not math.isinf(way_s(network, node(network, "out", "hall"), goal))
    outside = [
        next(n for n, it in enumerate(network.nodes) if (it.of, it.room) == (own, None)) for own in ("back", "hidden")
    ]
    assert [len(network.graph.heads[network.graph.starts[n] : network.graph.starts[n + 1]]) for n in outside] == [1, 1]
    with pytest.raises(Invalid, match="corners"):
        walking_network(plant(rooms=rooms, doors=doors, ways=[], assembly_points=[yard_point(40, 20)]))


def test_an_assembly_point_is_reached_along_the_road() -> None:
    network = walking_network(plant(assembly_points=[yard_point(58, 20)]))
    (goal,) = network.assembly
    by_road = way_s(network, node(network, "e"), goal)
    assert by_road <= walk_s((60, 16), (58, 16), (58, 20)) + 0.01
    assert not math.isinf(way_s(network, node(network, "out", "hall"), goal))


def test_a_road_through_a_yard_is_stepped_on_in_it() -> None:
    yard = room("yard", -10, 6, 40, 20, kind="outdoors")
    doors = [door("out", 5, 6, "hall", "yard", state="open")]
    network = walking_network(plant(rooms=[room("hall", 0, 0, 10, 6), yard], doors=doors))
    assert way_s(network, node(network, "out", "yard"), node(network, "e")) == pytest.approx(
        walk_s((5, 6), (5, 16), (60, 16)), abs=0.01
    )
    assert network.nodes[node(network, "main", "yard")].kind == "road"


def test_a_yard_nobody_drew_a_door_to_is_reached_by_its_road() -> None:
    yard = room("yard", 20, 10, 20, 12, kind="outdoors")
    made = plant(rooms=[room("hall", 0, 0, 10, 6), yard], assembly_points=[yard_point(5, 14)])
    network = walking_network(made)
    assert check_network(network, made) == []
    middle, end = node(network, "main", "yard"), node(network, "e")
    assert network.graph.x[end] - network.graph.x[middle] == pytest.approx(30.0, abs=0.01)


def test_a_yard_beside_a_road_is_left_straight_to_it_unless_something_stands_there() -> None:
    beside = room("yard", 20, 0, 20, 6, kind="outdoors")
    made = plant(rooms=[room("hall", 0, 0, 10, 6), beside], doors=[])
    network = walking_network(made)
    corner = next(n for n, it in enumerate(network.nodes) if it.room == "yard")
    foot = next(n for n, it in enumerate(network.nodes) if it.kind == "road")
    assert way_s(network, corner, foot) == pytest.approx(10 / 1.2, abs=0.01)
    for wall in (room("wall", 0, 8, 60, 1, kind="solid"), room("shed", 0, 8, 60, 4)):
        shut_in = walking_network(plant(rooms=[*made.rooms, wall], doors=[]))
        assert not any(it.room == "yard" for it in shut_in.nodes)
    far = walking_network(plant(rooms=made.rooms, doors=[], nodes=nodes(w=(-40, 190), e=(60, 190))))
    assert not any(it.room == "yard" for it in far.nodes)
    roofed = walking_network(plant(rooms=[beside, room("hall", -50, 8, 150, 20)], doors=[]))
    assert not any(it.room == "yard" for it in roofed.nodes)
    along = walking_network(plant(rooms=made.rooms, doors=[], nodes=nodes(w=(22, 3), e=(38, 3))))
    assert way_s(along, node(along, "w"), node(along, "e")) == pytest.approx(16 / 1.2, abs=0.01)


def test_a_road_that_ends_in_a_hall_joins_nothing_there_but_by_its_door() -> None:
    into = plant(nodes=nodes(w=(5, 16), e=(5, 3)), landmarks=[])
    for state, closed in (("locked", True), ("open", False)):
        made = msgspec.structs.replace(into, doors=[door("out", 5, 6, "hall", state=state, exit=True)])
        network = walking_network(made)
        assert math.isinf(way_s(network, node(network, "w"), node(network, "e"))) == closed
        assert network.nodes[node(network, "e")].room is None


def test_a_barrier_on_a_road_is_passed_as_any_door() -> None:
    shut = door("barrier", 0, 16, state="badge")
    made = plant(doors=[*plant().doors, shut])
    outside, inside = "w", "out"
    for states, infinite in ((BADGE_HOLDER, False), (frozenset({"open"}), True)):
        network = walking_network(made, doors=states)  # type: ignore[arg-type]
        assert math.isinf(way_s(network, node(network, outside), node(network, inside, "hall"))) == infinite
    assert barriers(made) == {"barrier"}
    assert check_plan(made) == []


def test_the_end_of_a_road_that_is_marked_is_an_exit() -> None:
    street = [WayNode(id="w", level=0, at=at(-40, 16), exit=True), *nodes(e=(60, 16), spare=(0, 90))]
    network = walking_network(plant(nodes=street))
    assert "w" in {network.nodes[n].of for n in network.exits}
    assert "spare" not in {it.of for it in network.nodes}


def test_a_ramp_for_vehicles_is_climbed() -> None:
    deck = WayNode(id="deck", level=1, at=at(80, 16))
    ways = [road("main", "w", "e"), road("ramp", "e", "deck", rise="ramp")]
    made = plan(0, 1, rooms=[room("hall", 0, 0)], nodes=[*plant().nodes, deck], ways=ways)
    network = walking_network(made)
    assert not math.isinf(way_s(network, node(network, "w"), node(network, "deck")))
    driven = road_network(made)
    assert {ArcKind.ROAD, ArcKind.RAMP} == set(driven.graph.kinds.tolist())
    assert driven.metres[driven.graph.kinds == ArcKind.RAMP] == pytest.approx([math.hypot(20, 4)] * 2, abs=0.01)


def test_walks_among_the_ways_or_no_room_leave_the_drawn_network() -> None:
    drawn = plant(ways=[road("main", "w", "e"), Way(id="path", ends=("w", "e"))])
    assert not walks_rooms(drawn)
    assert not walks_rooms(plant(rooms=[room("column", 0, 0, 1, 1, kind="solid")]))
    assert not walks_rooms(plant(rooms=[]))
    assert walks_rooms(plant())
    assert walks_rooms(plant(ways=[]))
    assert walking_network(drawn).graph.nodes == 2


def test_a_road_of_no_length_is_walked_and_driven_in_no_time() -> None:
    made = plant(nodes=nodes(w=(-40, 16), e=(60, 16), z=(60, 16)), ways=[road("main", "w", "e"), road("dot", "e", "z")])
    network = walking_network(made)
    assert way_s(network, node(network, "e"), node(network, "z")) == 0.001
    assert road_network(made).metres.min() == 0


SPOT = st.tuples(st.integers(-60, 60), st.integers(-60, 60))


@settings(max_examples=40, deadline=None)
@given(st.lists(SPOT, min_size=2, max_size=7, unique=True), st.booleans())
def test_between_doors_and_roads_nobody_walks_through_a_building(spots: list[tuple[int, int]], crowded: bool) -> None:
    rooms = [room("a", -30, -20, 20, 10), room("b", -5, 5, 10, 30), room("c", 15, -30, 10, 12)]
    yard = room("yard", 30, 0, 20, 20, kind="outdoors")
    doors = [door("da", -20, -10, "a"), door("db", 5, 20, "b"), door("dc", 25, -24, "c")]
    row = {f"n{i}": (float(x), float(y)) for i, (x, y) in enumerate(spots)}
    ways = [road(f"r{i}", f"n{i}", f"n{i + 1}") for i in range(len(spots) - 1)]
    made = plan(rooms=[*rooms, yard], doors=doors, nodes=nodes(**row), ways=ways)
    with pytest.MonkeyPatch.context() as patched:
        if crowded:
            patched.setattr("geo.places.visibility.POINTS_MAX", 4)
        network = walking_network(made)
    graph = network.graph
    walls = [polygon_m(it, network.projection) for it in rooms]
    outdoors = [n for n, it in enumerate(network.nodes) if it.room in (None, "yard")]
    for arc in np.flatnonzero(graph.kinds == ArcKind.WALK):
        one, other = int(graph.tails[arc]), int(graph.heads[arc])
        if one in outdoors and other in outdoors:
            line = shapely.LineString([(graph.x[one], graph.y[one]), (graph.x[other], graph.y[other])])
            # Where a door's wall is drawn to the millimetre, a walk may lie along it.
            assert max(line.intersection(it.buffer(-0.05)).length for it in walls) <= SHARED_WALL_M
    part = parts(graph)
    on_road = {part[n] for n, it in enumerate(network.nodes) if it.kind in ("way", "road")}
    assert len(on_road) == 1


# By vehicle.


def drive_s(network: RoadNetwork, start: str, goal: str) -> float:
    ids = {gate.id: gate.node for gate in network.gates}
    return seconds(Network(network.graph, network.projection, [], [], [], []), ids[start], ids[goal])


TWO_GATES = [gate("west gate", -40, 18), gate("east gate", 60, 14)]


@pytest.mark.parametrize(("more", "takes"), [({}, 18.0), ({"max_kmh": 36.0}, 10.0), ({"seconds": 90.0}, 18.0)])
def test_a_road_is_driven_at_its_speed_or_the_plants(more: dict[str, Any], takes: float) -> None:
    network = road_network(plant(landmarks=TWO_GATES, ways=[road("main", "w", "e", **more)]))
    assert drive_s(network, "west gate", "east gate") == pytest.approx(takes, abs=0.01)
    assert road_millis(100.0, None) == 18_000
    assert ROAD_KMH == 20.0


def test_no_piece_is_longer_than_a_place_to_stand_on() -> None:
    network = road_network(plant())
    assert network.metres.max() <= 10.0 + 1e-6
    assert network.metres.sum() == pytest.approx(200.0, abs=0.01)
    assert (network.graph.millis == network.free).all()


def test_a_one_way_road_is_driven_one_way() -> None:
    network = road_network(plant(landmarks=TWO_GATES, ways=[road("main", "w", "e", one_way=True)]))
    assert drive_s(network, "west gate", "east gate") < 20
    assert math.isinf(drive_s(network, "east gate", "west gate"))
    assert (network.free == BANNED).sum() == 10


def test_a_barrier_stops_a_vehicle_unless_it_is_opened() -> None:
    doors = [door("barrier", 0, 16, state="locked"), door("up", -20, 16, state="closed")]
    made = plant(landmarks=TWO_GATES, doors=doors)
    assert math.isinf(drive_s(road_network(made), "west gate", "east gate"))
    opened = road_network(made, doors=EVERY_DOOR)
    assert drive_s(opened, "west gate", "east gate") == pytest.approx(18 + DOOR_OPEN_S + 3.0, abs=0.01)
    # The free time is the same in both, so that one knows what a shut door costs.
    assert (road_network(made).free == opened.free).all()


def test_gates_and_hydrants_stand_on_the_road_beside_them() -> None:
    hydrants = [hydrant("h1", 20, 20), hydrant("h2", 20, 60), hydrant("box", 5, 3), hydrant("h3", 20.3, 17)]
    network = road_network(plant(landmarks=[*TWO_GATES, gate("far gate", 0, 90), *hydrants]))
    assert [it.id for it in network.gates] == ["west gate", "east gate"]
    assert [(it.id, round(it.off_m, 2)) for it in network.hydrants] == [("h1", 4.0), ("h3", 1.0)]
    assert network.hydrants[0].node == network.hydrants[1].node
    assert not network.indoors.any()


def test_what_lies_in_a_hall_is_indoors_and_in_a_yard_is_not() -> None:
    rooms = [room("hall", -1, 10, 16, 12), room("yard", 20, 10, 20, 12, kind="outdoors")]
    network = road_network(plant(rooms=rooms, doors=[]))
    x = network.graph.x[network.indoors]
    assert len(x) == 2


def test_a_plan_without_roads_is_not_driven() -> None:
    for none in ([], [Way(id="path", ends=("w", "e"))], [road("stairs", "w", "e", rise="stairs")]):
        assert not has_roads(plant(ways=none))
        with pytest.raises(Invalid) as caught:
            road_network(plant(ways=none))
        assert caught.value.code == "geo.plan_without_roads"
    with pytest.raises(Invalid) as caught:
        road_network(plant(ways=[road("main", "w", "nowhere")]))
    assert caught.value.code == "geo.way_invalid"


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("field", ["max_kmh", "width_m", "height_m", "weight_t"])
def test_a_road_is_measured_in_positive_numbers(field: str, value: float) -> None:
    with pytest.raises(Invalid, match=f"main: {field} is above 0") as caught:
        road_network(plant(ways=[road("main", "w", "e", **{field: value})]))
    assert caught.value.field == f"ways.{field}"


def test_the_nearest_road_of_a_level_is_found_within_a_distance() -> None:
    roads = RoadMap(plant(), Projection(LON, LAT))
    foot = roads.foot(0, 10.0, 20.0, 5.0)
    assert foot is not None
    assert (foot.road, round(foot.x), round(foot.y), round(foot.off_m, 2)) == (0, 10, 16, 4.0)
    assert roads.foot(0, 10.0, 20.0, 3.0) is None
    assert roads.foot(1, 10.0, 20.0) is None
    assert roads.near(1, roads.lines[0]) == []


# What is wrong.


def road_faults(made: Plan) -> list[tuple[str, str]]:
    return [(kind, place) for kind, _, place in faults(check_roads(made))]


MAIN, SHED = road("main", "w", "e"), room("shed", 0, 10, 10, 12)
BESIDES = nodes(w=(-40, 16), e=(60, 16), a=(0, 60), b=(50, 60))
TRAP = [MAIN, road("in", "e", "b", one_way=True), road("loop", "b", "a")]
SOURCE = [MAIN, road("out", "b", "e", one_way=True), road("loop", "b", "a")]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, []),
        ({"ways": []}, []),
        ({"landmarks": []}, [("road_without_gate", "Plant")]),
        ({"landmarks": [gate("g", -40, 18), gate("lost", 0, 90)]}, [("gate_off_road", "lost")]),
        ({"nodes": BESIDES, "ways": [MAIN, road("island", "a", "b")]}, [("road_unreachable", "island")]),
        ({"nodes": BESIDES, "ways": TRAP}, [("road_no_return", "in")]),
        ({"nodes": BESIDES, "ways": SOURCE}, [("road_unreachable", "out")]),
        ({"rooms": [SHED], "doors": []}, [("road_through_wall", "main")]),
        ({"rooms": [SHED], "doors": [door("in", 0, 16, "shed")]}, []),
        ({"rooms": [SHED], "doors": [door("in", 0, 16)]}, []),
        ({"rooms": [room("yard", 0, 10, 10, 12, kind="outdoors")], "doors": []}, []),
        ({"rooms": [room("halle", -50, 0, 150, 40)], "doors": []}, []),
    ],
)
def test_what_is_wrong_with_roads_is_named(more: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert road_faults(plant(**more)) == found


def test_a_group_of_roads_is_one_finding_that_names_the_first() -> None:
    row = {f"n{i}": (i * 10.0, 90.0) for i in range(NAMED_MAX + 2)}
    ways = [road("main", "w", "e"), *(road(f"r{i}", f"n{i}", f"n{i + 1}") for i in range(NAMED_MAX + 1))]
    (finding,) = check_roads(plant(nodes=[*plant().nodes, *nodes(**row)], ways=ways))
    assert (finding.kind, finding.place, finding.count) == ("road_unreachable", "r0", NAMED_MAX + 1)
    assert finding.detail.en.endswith("r19, ...")
    assert finding.at == pytest.approx(at(0, 90))


def test_roads_are_not_asked_about_where_a_way_ends_nowhere() -> None:
    made = plant(ways=[road("main", "w", "nowhere")], doors=[door("barrier", 0, 16)])
    assert [finding.kind for finding in check_plan(made)] == ["reference_unknown", "door_off_wall"]
    assert barriers(made) == frozenset()
    assert barriers(plant()) == frozenset()


def test_a_plans_findings_hold_those_of_its_roads() -> None:
    assert [finding.kind for finding in check_plan(plant(landmarks=[]))] == ["road_without_gate"]


def test_a_yard_with_a_hole_is_drawn_around_the_hall() -> None:
    hole = [(0, 0), (10, 0), (10, 6), (0, 6)]
    outline = polygon((-60, -20), (80, -20), (80, 40), (-60, 40), holes=[hole])
    yard = msgspec.structs.replace(room("yard", 0, 0, kind="outdoors"), polygon=outline)
    made = plant(rooms=[room("hall", 0, 0, 10, 6), yard], doors=[door("out", 5, 6, "hall", "yard", state="open")])
    network = walking_network(msgspec.structs.replace(made, assembly_points=[yard_point(-50, 30)]))
    assert parts(network.graph).max() == 0
    assert check_network(network, made) == []
