"""From a plan to its walking network: rooms, doors, stairs, lifts, the ground outside, and networks somebody drew."""

from __future__ import annotations

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely import LineString, Point, Polygon, box, covers, points

from core.errors import Invalid
from geo.graph.csr import BANNED
from geo.places.model import AssemblyPoint, Level, Plan, Rise, RiseKind, Stop, Way, WayNode
from geo.places.network import ArcKind, Network
from geo.places.speeds import LIFT_WAIT_S, WALK_M_S, rise_seconds, whole_millis
from geo.places.visibility import sees, ways_inside
from geo.places.walking import BADGE_HOLDER, walking_network
from geo.places.walls import largest_valid
from mobile_contract.text import Text
from tests.unit.drawn_places import at, door, plan, polygon, room

# Seconds up and down four metres.
STOREY = [("stairs", 9.29, 7.44), ("ramp", 40.1, 40.1), ("escalator", 16.0, 16.0), ("ladder", 13.3, 13.3)]
YARD = AssemblyPoint(id="yard", at=at(-10, 2), name=Text("集合点", "Yard"))


def seconds(network: Network, start: int, goal: int) -> float:
    """The time of the fastest path, infinite where there is none."""
    graph = network.graph
    open_ = graph.millis != BANNED
    arcs = (graph.millis[open_].astype(float), (graph.tails[open_], graph.heads[open_]))
    # Two arcs between the same nodes would be added up; none of these plans has them.
    return float(dijkstra(csr_array(arcs, shape=(graph.nodes, graph.nodes)), indices=start)[goal]) / 1000


def node(
    network: Network, of: str, in_room: str | None = None, kind: str | None = None, level: int | None = None
) -> int:
    """The one node that stands for a thing, seen from a room."""
    found = [
        index
        for index, one in enumerate(network.nodes)
        if one.of == of
        and (in_room is None or one.room == in_room)
        and (kind is None or one.kind == kind)
        and (level is None or network.graph.level[index] == level)
    ]
    assert len(found) == 1, found
    return found[0]


def walk_s(*places: tuple[float, float]) -> float:
    """Seconds along places in metres."""
    return sum(math.dist(a, b) for a, b in itertools.pairwise(places)) / WALK_M_S


# Inside a room.


def grid_path_m(floor: Polygon, start: Any, goal: Any, step: float = 0.2) -> float:
    """An upper bound of the shortest path: a grid whose moves go in 32 directions."""
    west, south, east, north = floor.bounds
    xs, ys = np.arange(west, east + step / 2, step), np.arange(south, north + step / 2, step)
    places = np.array([start, goal, *itertools.product(xs, ys)])
    inside = np.asarray(covers(floor, points(places)))
    index = {
        (round((x - west) / step), round((y - south) / step)): i
        for i, (x, y) in enumerate(places)
        if i > 1 and inside[i]
    }
    moves = [(dx, dy) for dx, dy in itertools.product(range(-4, 5), repeat=2) if math.gcd(dx, dy) == 1]
    tails, heads = [], []
    for (ix, iy), i in index.items():
        for dx, dy in moves:
            if (j := index.get((ix + dx, iy + dy))) is not None:
                tails.append(i)
                heads.append(j)
    for end in (0, 1):
        near = np.flatnonzero(inside & (np.hypot(*(places - places[end]).T) < 4 * step))
        tails += [end] * len(near) + near.tolist()
        heads += near.tolist() + [end] * len(near)
    lines = np.stack((places[tails], places[heads]), axis=1)
    free = covers(floor, np.array([LineString(one) for one in lines]))
    metres = np.hypot(*(lines[:, 0] - lines[:, 1]).T)[free]
    arcs = (metres, (np.array(tails)[free], np.array(heads)[free]))
    return float(dijkstra(csr_array(arcs, shape=(len(places),) * 2), indices=0)[1])


def shortest_m(floor: Polygon, start: Any, goal: Any) -> float:
    places, pairs, metres = ways_inside(floor, np.array([start, goal], dtype=float), "room")
    both = (
        np.concatenate((metres, metres)),
        (np.concatenate((pairs[:, 0], pairs[:, 1])), np.concatenate((pairs[:, 1], pairs[:, 0]))),
    )
    return float(dijkstra(csr_array(both, shape=(len(places),) * 2), indices=0)[1])


@pytest.mark.parametrize(
    ("name", "floor", "start", "goal"),
    [
        ("an L", box(0, 0, 6, 4).difference(box(2, 2, 6, 4)), (1, 4), (6, 1)),
        ("a U", box(0, 0, 6, 4).difference(box(2, 1, 4, 4)), (1, 4), (5, 4)),
        ("a column", box(0, 0, 6, 4).difference(box(2, 1, 4, 3)), (0, 2), (6, 2.1)),
        ("two columns", box(0, 0, 6, 4).difference(box(1, 1, 2, 4)).difference(box(3, 0, 4, 3)), (0, 2), (6, 2)),
        ("a round column", box(0, 0, 6, 4).difference(Point(3, 2).buffer(1.2, quad_segs=4)), (0, 2), (6, 2)),
    ],
)  # fmt: skip
def test_the_way_inside_a_room_is_the_shortest_there_is(name: str, floor: Polygon, start: Any, goal: Any) -> None:
    ours, grid = shortest_m(floor, start, goal), grid_path_m(floor, start, goal)
    assert ours <= grid + 1e-6, name
    # 32 directions are at most 1.4 % longer than straight, and a grid stays a step from a corner.
    assert grid <= 1.014 * ours + 0.6


@settings(max_examples=8)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=8, unique=True))
def test_the_way_around_any_columns_is_the_shortest_there_is(cells: list[tuple[int, int]]) -> None:
    floor: Any = box(-1, -1, 7, 5)
    for x, y in cells:
        floor = floor.difference(box(x + 0.1, y + 0.1, x + 0.9, y + 0.9))
    start, goal = (-0.5, 2.0), (6.5, 2.0)
    ours, grid = shortest_m(floor, start, goal), grid_path_m(floor, start, goal)
    assert ours <= grid + 1e-6 <= 1.014 * ours + 1.2


def test_who_sees_each_other_needs_no_corner() -> None:
    places, pairs, metres = ways_inside(box(0, 0, 6, 4), np.array([[0, 2], [6, 2], [3, 4]], dtype=float), "room")
    assert len(places) == 3
    assert sorted(metres.tolist()) == pytest.approx([math.hypot(3, 2), math.hypot(3, 2), 6.0])
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2]]


def test_a_place_beside_the_room_walks_to_it_first() -> None:
    _, _, metres = ways_inside(box(0, 0, 6, 4), np.array([[-0.2, 2], [6, 2]], dtype=float), "room")
    assert metres.tolist() == [pytest.approx(6.2)]


def test_nobody_passes_where_two_walls_touch() -> None:
    room_ = Polygon(
        [(0, 0), (6, 0), (6, 4), (0, 4)], [[(3, 4), (2, 3), (3, 2), (4, 3)], [(3, 0), (2, 1), (3, 1.9), (4, 1)]]
    )
    assert room_.is_valid
    around = shortest_m(room_, (0.5, 3.9), (5.5, 3.9))
    assert around > math.dist((0.5, 3.9), (3, 2)) + math.dist((3, 2), (5.5, 3.9)) - 1e-9
    apart = Polygon([(0, 0), (6, 0), (6, 4), (0, 4)], [[(3, 3.9), (2, 3), (3, 2), (4, 3)]])
    assert shortest_m(apart, (0.5, 3.95), (5.5, 3.95)) == pytest.approx(5.0)


def test_a_room_whose_walls_cross_by_rounding_is_its_largest_part() -> None:
    assert largest_valid(Polygon([(0, 0), (4, 0), (4, 4), (3.9, 4.1), (3.9, 3.9), (0, 4)])).area == pytest.approx(
        15.8, abs=0.1
    )
    assert largest_valid(Polygon([(0, 0), (4, 0), (8, 0)])).is_empty


def test_what_a_place_sees() -> None:
    floor: Any = box(0, 0, 6, 4).difference(box(2, 1, 4, 3))
    seen = sees(floor, np.array([0.0, 2.0]), np.array([[6.0, 2.0], [0.0, 4.0], [2.0, 4.0]]))
    assert seen.tolist() == [False, True, True]


def test_a_room_of_too_many_corners_is_refused_by_name() -> None:
    comb = polygon(*[(0.5 * n, 3.0 * (n % 2)) for n in range(1_250)], (624.5, -2.0), (0.0, -2.0))
    hall = room("hall", 0, 0)
    big = Plan(name=Text("厂", "P"), levels=[], rooms=[type(hall)(id="comb", level=0, polygon=comb)],
               doors=[door("a", 0, -1, "comb"), door("b", 620.5, 2.5, "comb")])  # fmt: skip
    with pytest.raises(Invalid, match="comb") as caught:
        walking_network(big)
    assert (caught.value.code, caught.value.limit) == ("geo.room_too_complex", 600)
    with pytest.raises(Invalid, match="at most 600"):
        ways_inside(box(0, 0, 9, 9), np.zeros((601, 2)), "hall")


# Rooms, doors and what they join.


def two_rooms(**state: Any) -> Plan:
    """An office, a corridor beyond its door, and a way out of the corridor."""
    return plan(
        rooms=[room("corridor", 0, 0, 20, 2, kind="corridor"), room("office", 4, 2)],
        doors=[door("inner", 6, 2, "office", "corridor", **state), door("out", 0, 1, "corridor", exit=True)],
    )


def test_a_door_has_a_node_on_each_side_and_takes_its_time() -> None:
    network = walking_network(two_rooms())
    inside, outside = node(network, "inner", "office"), node(network, "out", kind="door", in_room="corridor")
    assert seconds(network, inside, outside) == pytest.approx(1 + walk_s((6, 2), (0, 1)), abs=0.01)
    assert [network.nodes[n].room for n in network.exits] == [None]
    kinds = {(ArcKind(kind), of) for kind, of in zip(network.graph.kinds.tolist(), network.arc_of, strict=True)}
    assert kinds == {(ArcKind.DOOR, "inner"), (ArcKind.DOOR, "out"), (ArcKind.WALK, None)}


@pytest.mark.parametrize(
    ("state", "doors", "takes"),
    [
        ("open", BADGE_HOLDER, 0.001),
        ("closed", BADGE_HOLDER, 1.0),
        ("badge", BADGE_HOLDER, 3.0),
        ("badge", frozenset({"open", "closed"}), math.inf),
        ("locked", BADGE_HOLDER, math.inf),
        ("locked", frozenset({"locked"}), 3.0),
    ],
)
def test_who_may_pass_a_door_depends_on_its_state(state: Any, doors: Any, takes: float) -> None:
    network = walking_network(two_rooms(state=state), doors=doors)
    assert seconds(network, node(network, "inner", "office"), node(network, "inner", "corridor")) == takes


def test_networks_of_one_plan_differ_in_times_alone() -> None:
    one, other = (
        walking_network(two_rooms(state="badge")),
        walking_network(two_rooms(state="badge"), doors=BADGE_HOLDER),
    )
    assert one.nodes == other.nodes
    np.testing.assert_array_equal(one.graph.heads, other.graph.heads)
    assert (one.graph.millis != other.graph.millis).sum() == 2


def test_a_one_way_door_is_passed_one_way() -> None:
    network = walking_network(two_rooms(one_way=True))
    office, corridor = node(network, "inner", "office"), node(network, "inner", "corridor")
    assert seconds(network, office, corridor) == 1.0
    assert math.isinf(seconds(network, corridor, office))


def test_an_opening_without_rooms_joins_those_whose_wall_it_is_in() -> None:
    rooms = [room("a", 0, 0), room("b", 6.3, 0), room("above", 0, 0, level=1)]
    network = walking_network(plan(rooms=rooms, doors=[door("gap", 6.15, 2), door("nowhere", 90, 90)]))
    assert {one.room for one in network.nodes} == {"a", "b"}


def test_an_exit_between_two_rooms_leads_into_the_second() -> None:
    rooms = [room("hall", 0, 0), room("terrace", 6, 0, kind="outdoors")]
    network = walking_network(plan(rooms=rooms, doors=[door("out", 6, 2, "hall", "terrace", exit=True)]))
    assert [network.nodes[n].room for n in network.exits] == ["terrace"]


def test_columns_are_walked_around_and_a_wall_of_them_parts_a_room() -> None:
    hall = room("hall", 0, 0, 10, 4)
    doors = [door("west", 0, 2, "hall"), door("east", 10, 2, "hall")]
    free = walking_network(plan(rooms=[hall], doors=doors))
    assert seconds(free, node(free, "west", "hall"), node(free, "east", "hall")) == pytest.approx(
        walk_s((0, 0), (10, 0)), abs=0.01
    )
    column = room("column", 4, 1, 2, 2, kind="solid")
    around = walking_network(plan(rooms=[hall, column], doors=doors))
    corners = walk_s((0, 2), (3.95, 0.95), (6.05, 0.95), (10, 2))
    assert seconds(around, node(around, "west", "hall"), node(around, "east", "hall")) == pytest.approx(
        corners, abs=0.01
    )
    wall = walking_network(plan(rooms=[hall, room("wall", 4, -1, 1, 6, kind="solid")], doors=doors))
    assert math.isinf(seconds(wall, node(wall, "west", "hall"), node(wall, "east", "hall")))
    filled = walking_network(plan(rooms=[hall, room("block", -1, -1, 12, 6, kind="solid")], doors=doors))
    assert math.isinf(seconds(filled, node(filled, "west", "hall"), node(filled, "east", "hall")))


# Up and down.


def two_floors(kind: RiseKind, **rise: Any) -> Plan:
    times: dict[str, Any] = {"up_s": 20.0, "down_s": 10.0} | rise
    stops = [Stop(level=n, at=at(5, 2), room="hall0" if n == 0 else None) for n in range(3)]
    return plan(
        0, 1, 2,
        rooms=[room(f"hall{n}", 0, 0, level=n) for n in range(3)],
        doors=[door("out", 0, 2, "hall0", exit=True)],
        rises=[Rise(id="rise", kind=kind, stops=stops, **times)],
    )  # fmt: skip


def test_stairs_take_their_time_up_and_down() -> None:
    network = walking_network(two_floors("stairs"))
    stops = [node(network, "rise", f"hall{n}") for n in range(3)]
    assert seconds(network, stops[0], stops[2]) == 40.0
    assert seconds(network, stops[2], stops[0]) == 20.0
    assert set(network.graph.kinds.tolist()) == {ArcKind.WALK, ArcKind.DOOR, ArcKind.STAIRS_UP, ArcKind.STAIRS_DOWN}


def test_an_escalator_goes_one_way() -> None:
    network = walking_network(two_floors("escalator", down_s=None))
    stops = [node(network, "rise", f"hall{n}") for n in range(3)]
    assert seconds(network, stops[0], stops[1]) == 20.0
    assert math.isinf(seconds(network, stops[1], stops[0]))
    down = walking_network(two_floors("escalator", up_s=None))
    assert math.isinf(seconds(down, *[node(down, "rise", f"hall{n}") for n in range(2)]))


def test_a_lift_is_waited_for_once_and_left_alone_in_a_fire() -> None:
    lift = two_floors("lift", wait_s=30.0)
    network = walking_network(lift)
    top, ground = node(network, "rise", "hall2", "stop"), node(network, "rise", "hall0", "stop")
    assert seconds(network, top, ground) == pytest.approx(30 + 10 + 10, abs=0.01)
    fire = walking_network(lift, lifts=False)
    assert math.isinf(seconds(fire, top, ground))
    assert fire.nodes == network.nodes


@pytest.mark.parametrize(
    ("kind", "up", "down"),
    [*STOREY, ("lift", 4.0, 4.0)],
)
def test_a_storey_of_four_metres(kind: RiseKind, up: float, down: float) -> None:
    assert list(rise_seconds(kind, 4.0)) == pytest.approx([up, down], abs=0.05)


def test_times_are_whole_milliseconds_within_the_graphs() -> None:
    assert [whole_millis(s) for s in (0.0, 0.0004, 1.2346, 1e9)] == [1, 1, 1235, 86_400_000]


# The ground outside.


def test_outdoors_that_nobody_drew_is_walked_around_the_building() -> None:
    hall = plan(
        rooms=[room("hall", 0, 0, 10, 4), room("store", 10, 0, 2, 4)],
        doors=[door("east", 12, 2, "store", exit=True), door("inner", 10, 2, "hall", "store")],
        assembly_points=[YARD],
    )
    network = walking_network(hall)
    start, goal = node(network, "east", "store"), network.assembly[0]
    corners = walk_s((12, 2), (12, 0), (0, 0), (-10, 2))
    assert seconds(network, start, goal) == pytest.approx(1 + corners, abs=0.05)


def test_a_door_into_a_shaft_within_the_building_is_not_outdoors() -> None:
    rooms = [
        room(f"r{n}", x, y, 4, 4)
        for n, (x, y) in enumerate([(0, 0), (4, 0), (8, 0), (0, 4), (8, 4), (0, 8), (4, 8), (8, 8)])
    ]
    doors = [door("yard door", 6, 4, "r1"), door("out", 0, 2, "r0", exit=True)]
    network = walking_network(plan(rooms=rooms, doors=doors, assembly_points=[YARD]))
    assert math.isinf(seconds(network, node(network, "yard door", "r1"), network.assembly[0]))
    assert seconds(network, node(network, "out", "r0"), network.assembly[0]) < 15


def test_an_assembly_point_in_a_room_is_a_place_in_it() -> None:
    inside = AssemblyPoint(id="in", at=at(3, 1), name=Text("内", "In"))
    network = walking_network(
        plan(rooms=[room("hall", 0, 0)], doors=[door("d", 0, 1, "hall")], assembly_points=[inside])
    )
    assert seconds(network, node(network, "d", "hall"), network.assembly[0]) == pytest.approx(
        walk_s((0, 1), (3, 1)), abs=0.01
    )


def test_a_plan_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        walking_network(plan())
    assert caught.value.code == "geo.plan_empty"


# What somebody drew.


def way(own: str, a: str, b: str, **more: Any) -> Way:
    return Way(id=own, ends=(a, b), **more)


def drawn(*ways: Way, heights: bool = False, **things: Any) -> Plan:
    """Nodes a, b, c in a row six metres apart; d and e above c and over it again; and the given ways."""
    nodes = [WayNode(id=name, level=level, at=at(x, 0)) for name, level, x in
             [("a", 0, 0), ("b", 0, 6), ("c", 0, 12), ("d", 1, 12), ("e", 2, 12)]]  # fmt: skip
    made = plan(0, 1, 2, nodes=nodes, ways=list(ways), **things)
    levels = [Level(level=n, name=Text("层", "L"), height_m=3.0 * n) for n in range(3)] if heights else made.levels
    return msgspec.structs.replace(made, levels=levels)


def drawn_s(network: Network, a: str, b: str) -> float:
    return seconds(network, node(network, a, kind="way"), node(network, b, kind="way"))


def test_a_drawn_way_is_walked_by_its_length_both_ways_or_one() -> None:
    network = walking_network(drawn(way("1", "a", "b"), way("2", "b", "c", one_way=True, kind="road")))
    assert drawn_s(network, "a", "b") == drawn_s(network, "b", "a") == pytest.approx(5.0, abs=0.01)
    assert drawn_s(network, "a", "c") == pytest.approx(10.0, abs=0.01)
    assert math.isinf(drawn_s(network, "c", "b"))
    assert set(network.graph.kinds.tolist()) == {ArcKind.WALK, ArcKind.ROAD}


@pytest.mark.parametrize(("rise", "up", "down"), STOREY)
def test_a_drawn_rise_is_taken_by_its_height(rise: RiseKind, up: float, down: float) -> None:
    network = walking_network(drawn(way("1", "c", "d", rise=rise)))
    assert [drawn_s(network, "c", "d"), drawn_s(network, "d", "c")] == pytest.approx([up, down], abs=0.05)
    known = walking_network(drawn(way("1", "c", "d", rise=rise), heights=True))
    assert drawn_s(known, "c", "d") == pytest.approx(up * 3 / 4, abs=0.05)


def test_stairs_drawn_long_are_long_and_given_seconds_win() -> None:
    network = walking_network(drawn(way("1", "a", "d", rise="stairs"), way("2", "d", "e", rise="stairs", seconds=3.0)))
    assert drawn_s(network, "a", "d") == pytest.approx(12 / 0.8, abs=0.01)
    assert drawn_s(network, "d", "e") == 3.0
    assert drawn_s(walking_network(drawn(way("1", "a", "b", seconds=7.0))), "a", "b") == 7.0


def test_a_drawn_lift_is_waited_for_once() -> None:
    ways = (way("1", "c", "d", rise="lift"), way("2", "d", "e", rise="lift"))
    network = walking_network(drawn(*ways))
    assert drawn_s(network, "c", "e") == pytest.approx(LIFT_WAIT_S + 8, abs=0.01)
    assert network.graph.nodes == 5 + 3
    assert math.isinf(drawn_s(walking_network(drawn(*ways), lifts=False), "c", "e"))


@pytest.mark.parametrize(("state", "takes"), [("open", 5.0), ("closed", 6.0), ("badge", math.inf)])
def test_a_door_that_stands_on_a_drawn_way_closes_it(state: Any, takes: float) -> None:
    above = door("above", 3, 0, level=1, state="locked")
    network = walking_network(
        drawn(way("1", "a", "b"), doors=[door("d", 3, 0.1, state=state), above, door("far", 3, 1)])
    )
    assert drawn_s(network, "a", "b") == pytest.approx(takes, abs=0.01)
    assert network.arc_of == ["d", "d"]


def test_of_two_doors_on_a_way_the_shut_one_counts() -> None:
    doors = [door("shut", 2, 0, state="locked"), door("open", 4, 0, state="open")]
    for order in (doors, doors[::-1]):
        assert math.isinf(drawn_s(walking_network(drawn(way("1", "a", "b"), doors=order)), "a", "b"))


def test_exits_and_assembly_points_hang_on_the_nearest_drawn_node() -> None:
    far = AssemblyPoint(id="far", at=at(900, 0), name=Text("远", "Far"))
    out = WayNode(id="out", level=0, at=at(-5, 0), exit=True)
    doors = [door("exit", 7, 0, exit=True), door("lost", 50, 50, exit=True), door("inner", 6, 9)]
    made = drawn(way("1", "a", "b"), assembly_points=[YARD, far], doors=doors)
    network = walking_network(msgspec.structs.replace(made, nodes=[*made.nodes, out]))
    assert {network.nodes[n].of for n in network.exits} == {"b", "out"}
    yard, lost = network.assembly
    assert seconds(network, node(network, "out"), yard) == pytest.approx(walk_s((-5, 0), (-10, 2)), abs=0.01)
    assert math.isinf(seconds(network, node(network, "out"), lost))


def test_a_way_that_ends_nowhere_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="way 1 ends at z") as caught:
        walking_network(drawn(way("1", "a", "z")))
    assert caught.value.code == "geo.way_invalid"


def test_a_drawn_node_knows_its_room() -> None:
    network = walking_network(
        drawn(way("1", "a", "b"), rooms=[room("hall", -2, -2), room("hall, again", -3, -3, 10, 9)])
    )
    assert [one.room for one in network.nodes[:2]] == ["hall", "hall, again"]
