"""A path as one walks it: staircases of a grid are straight runs, and never through a door's jamb or a wall."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, box

from core.errors import Invalid
from geo.graph.csr import BANNED, build
from geo.instructions.headings import bearing, change, heading, side_of, turn_of
from geo.instructions.model import Side, Turn
from geo.instructions.shaping import TOLERANCE_M, Climb, Leg, Shape, shape
from geo.places.network import ArcKind, Network, Node
from tests.small_buildings import SITE, Building


@pytest.mark.parametrize(
    ("degrees", "turn", "side"),
    [
        (0, "straight", "ahead"),
        (22.4, "straight", "ahead"),
        (22.5, "slight_left", "ahead"),
        (-44.9, "slight_right", "ahead"),
        (45, "left", "left"),
        (-45, "right", "right"),
        (135, "left", "left"),
        (-135, "right", "right"),
        (135.1, "sharp_left", "behind"),
        (-160, "sharp_right", "behind"),
        (160.1, "back", "behind"),
        (180, "back", "behind"),
    ],
)
def test_a_change_of_direction_has_a_name_by_stated_limits(degrees: float, turn: Turn, side: Side) -> None:
    assert (turn_of(degrees), side_of(degrees)) == (turn, side)


@given(before=st.floats(-720, 720), by=st.floats(-179, 179))
def test_a_change_is_the_short_way_round_and_left_is_positive(before: float, by: float) -> None:
    assert change(before, before + by) == pytest.approx(by, abs=1e-3)
    assert -180 <= change(before, 17.0) <= 180


@pytest.mark.parametrize(("degrees", "compass"), [(0, 90), (90, 0), (180, 270), (-90, 180), (450, 0), (90.4, 0)])
def test_a_direction_on_the_compass_is_clockwise_from_north(degrees: float, compass: int) -> None:
    assert bearing(degrees) == compass


def test_a_heading_is_counted_from_east() -> None:
    assert [heading(1, 1, 2, 1), heading(1, 1, 1, 5), heading(0, 0, -1, 0)] == [0, 90, 180]


def along(building: Building, *keys: str, **options: Any) -> Shape:
    network = building.network()
    return shape(building.around(), network, *building.path(network, *keys), **options)


def leg(shaped: Shape, number: int = 0) -> Leg:
    part = shaped.parts[number]
    assert isinstance(part, Leg)
    return part


def climb(shaped: Shape, number: int = 0) -> Climb:
    part = shaped.parts[number]
    assert isinstance(part, Climb)
    return part


def corners(part: Leg) -> list[tuple[float, float]]:
    return [(round(p.x, 2) + 0.0, round(p.y, 2) + 0.0) for p in part.points]


def grid(cells: list[tuple[int, int]], cell_m: float = 1.0) -> Building:
    """A hall of 30 m by 30 m, walked over a grid."""
    building = Building()
    building.room("hall", (-5, -5, 25, 25))
    for i, (x, y) in enumerate(cells):
        building.node(f"n{i}", (x * cell_m, y * cell_m), "hall")
    building.link(*(f"n{i}" for i in range(len(cells))))
    return building


def staircase(steps: int) -> list[tuple[int, int]]:
    return [((i + 1) // 2, i // 2) for i in range(2 * steps + 1)]


def test_a_staircase_over_a_grid_is_one_straight_run() -> None:
    cells = staircase(10)
    shaped = along(grid(cells), *(f"n{i}" for i in range(len(cells))))
    assert corners(leg(shaped)) == [(0, 0), (10, 10)]
    assert shaped.raw_m == pytest.approx(20)
    assert leg(shaped).points[-1].millis == 20 * 800


def test_a_staircase_wider_than_the_tolerance_keeps_its_corners() -> None:
    cells = staircase(3)
    keys = [f"n{i}" for i in range(len(cells))]
    assert len(leg(along(grid(cells, 4.0), *keys)).points) > 2
    assert len(leg(along(grid(cells, 4.0), *keys, tolerance_m=4.0)).points) == 2


def test_a_corner_of_the_way_is_no_zigzag() -> None:
    cells = [(x, 0) for x in range(8)] + [(7, y) for y in range(1, 6)]
    shaped = along(grid(cells), *(f"n{i}" for i in range(len(cells))))
    assert corners(leg(shaped)) == [(0, 0), (7, 0), (7, 5)]
    assert shaped.raw_m == pytest.approx(12)


def test_a_way_there_and_back_is_not_cut_short() -> None:
    cells = [(x, 0) for x in range(6)]
    keys = [*(f"n{i}" for i in range(6)), *(f"n{i}" for i in range(4, -1, -1))]
    assert corners(leg(along(grid(cells), *keys))) == [(0, 0), (5, 0), (0, 0)]


def test_no_run_cuts_the_corner_of_a_column_the_path_goes_around() -> None:
    cells = [(0, 0), (1, 0), (2, 1), (3, 0), (4, 0)]
    keys = [f"n{i}" for i in range(len(cells))]
    free, built = grid(cells), grid(cells)
    built.room("column", (1.6, -0.5, 2.4, 0.5), "solid")
    assert corners(leg(along(free, *keys))) == [(0, 0), (4, 0)]
    assert (2, 1) in corners(leg(along(built, *keys)))


def test_no_run_is_straightened_through_what_is_to_be_kept_out_of() -> None:
    cells = staircase(6)
    keys = [f"n{i}" for i in range(len(cells))]
    leak = box(2.1, 2.2, 2.8, 2.9)
    line = leg(along(grid(cells), *keys, keep_out={0: leak}))
    assert not LineString(corners(line)).intersects(leak)
    assert len(leg(along(grid(cells), *keys, keep_out={1: leak})).points) == 2


def two_rooms(**options: Any) -> Building:
    building = Building(**options)
    building.room("a", (0, 0, 10, 8))
    building.room("b", (10, 0, 20, 8))
    building.door("D", (10, 4.4), ("a", "b"))
    building.node("s", (2, 4), "a")
    building.node("t", (18, 4), "b")
    building.link("s", "D", "t")
    return building


def test_a_door_is_a_fixed_point_and_is_gone_through_at_right_angles_to_its_wall() -> None:
    one = leg(along(two_rooms(), "s", "D", "t"))
    assert corners(one) == [(2, 4), (10, 4.4), (18, 4)]
    (crossing,) = one.crossings
    assert (crossing.door, crossing.first, crossing.last, crossing.rooms) == ("D", 1, 1, ("a", "b"))
    assert math.cos(math.radians(crossing.heading)) == pytest.approx(1, abs=1e-6)
    assert one.rooms == ["a", "b"]
    around = two_rooms().around()
    assert around.door_heading("D", "a", "b") == around.door_heading("D", None, "b")
    assert around.door_heading("D", "a", None) == around.door_heading("D", "a", "b")
    assert around.door_heading("D", None, None) is None
    back = leg(along(two_rooms(), "t", "D", "s")).crossings[0]
    assert (back.rooms, round(math.cos(math.radians(back.heading)))) == (("b", "a"), -1)


def test_a_way_that_goes_on_along_the_wall_comes_from_the_room_it_comes_from() -> None:
    """A network built from rooms hugs their walls: door, corner and door may lie on one line."""
    for y, away in ((8.0, 90), (0.0, -90)):
        building = Building()
        building.room("a", (0, 0, 10, 8))
        building.room("b", (-20, 8, 30, 12) if y else (-20, -4, 30, 0))
        building.door("D", (5, y), ("a", "b"))
        building.nodes["out"] = (5, y, 0, Node("door", "D", "b"))
        building.node("along", (25, y), "b")
        building.link("D", "out", kind=ArcKind.DOOR, of="D")
        building.link("out", "along")
        (crossing,) = leg(along(building, "D", "out", "along")).crossings
        assert change(crossing.heading, away) == 0


def test_a_door_far_from_every_wall_is_gone_through_as_the_path_goes() -> None:
    building = two_rooms()
    building.rooms.clear()
    one = leg(along(building, "s", "D", "t"))
    assert one.crossings[0].heading == pytest.approx(0)
    assert one.crossings[0].rooms == ("a", "b")


def test_a_door_drawn_as_two_nodes_or_as_an_arc_is_one_door() -> None:
    for stands in ("D", None):
        building = two_rooms()
        for key, x in (("D1", 9.8), ("D2", 10.2)):
            building.nodes[key] = (x, 4.4, 0, Node("door", stands, "a" if x < 10 else "b"))
        building.link("s", "D1")
        building.link("D1", "D2", kind=ArcKind.DOOR, of="D")
        building.link("D2", "t")
        one = leg(along(building, "s", "D1", "D2", "t"))
        (crossing,) = one.crossings
        assert (crossing.door, crossing.rooms) == ("D", ("a", "b"))
        assert (crossing.first, crossing.last) == ((1, 2) if stands else (1, 1))
        assert one.points[crossing.first].x == pytest.approx(9.8 if stands else 10)
        # Also where the way begins or ends in the doorway.
        assert len(leg(along(building, "D1", "D2", "t")).crossings) == 1
        assert len(leg(along(building, "s", "D1", "D2")).crossings) == 1
        without = two_rooms()
        without.rooms.clear()
        without.nodes |= {key: building.nodes[key] for key in ("D1", "D2")}
        without.link("s", "D1")
        without.link("D1", "D2", kind=ArcKind.DOOR, of="D")
        without.link("D2", "t")
        assert leg(along(without, "s", "D1", "D2", "t")).crossings[0].heading == pytest.approx(0)


def test_a_door_only_touched_and_one_the_way_ends_in_are_not_gone_through() -> None:
    building = two_rooms()
    building.node("u", (6, 7), "a")
    building.link("D", "u")
    assert leg(along(building, "s", "D", "u")).crossings == []
    assert leg(along(building, "s", "D")).crossings == []
    assert leg(along(building, "D", "t")).crossings == []


def test_an_exit_the_way_ends_in_is_gone_through() -> None:
    building = two_rooms()
    building.door("X", (20, 4), ("b", None), exit=True)
    building.link("t", "X")
    (_, crossing) = leg(along(building, "s", "D", "t", "X")).crossings
    assert (crossing.door, crossing.rooms) == ("X", ("b", None))


def test_a_door_between_places_no_room_is_known_of_is_gone_through() -> None:
    building = Building()
    building.door("G", (5, 0), (None, None))
    building.node("a", (0, 0))
    building.node("b", (10, 0))
    building.link("a", "G", "b")
    assert leg(along(building, "a", "G", "b")).crossings[0].rooms == (None, None)


def tower(stairs_of: tuple[str, ...] = ("S",)) -> Building:
    building = Building()
    for level in range(4):
        building.node(f"in{level}", (0, 0), level=level)
        building.node(f"foot{level}", (5, 0), level=level)
        building.node(f"top{level}", (6, 3), level=level)
        building.node(f"out{level}", (0, 3), level=level)
        building.link(f"in{level}", f"foot{level}")
        building.link(f"top{level}", f"out{level}")
        building.link(f"top{level}", f"foot{level}")
    for level in range(3):
        of = stairs_of[level % len(stairs_of)]
        building.links += [
            (f"foot{level}", f"top{level + 1}", ArcKind.STAIRS_UP, of, 9000),
            (f"top{level + 1}", f"foot{level}", ArcKind.STAIRS_DOWN, of, 8000),
        ]
    return building


def test_flights_of_one_stairway_with_landings_between_are_one_climb() -> None:
    keys = ("in0", "foot0", "top1", "foot1", "top2", "out2")
    for names in (("S",), ("S", "T")):
        shaped = along(tower(names), *keys)
        assert [type(part) for part in shaped.parts] == [Leg, Climb, Leg]
        up = climb(shaped, 1)
        assert (up.kind, up.rise, up.up, up.floors, up.entry) == ("stairs", "S", True, 2, 0)
        assert up.points[-1].millis - up.points[0].millis == 2 * 9000 + round(1000 * math.hypot(1, 3) / 1.25)


def test_a_walk_between_two_stairs_or_a_change_of_direction_is_no_landing() -> None:
    far = tower()
    far.node("aside", (20, 0), level=1)
    far.link("top1", "aside", "foot1")
    assert len(along(far, "in0", "foot0", "top1", "aside", "foot1", "top2").parts) == 4
    down = along(tower(), "in0", "foot0", "top1", "foot0")
    assert [climb(down, 1).up, climb(down, 2).up] == [True, False]


def test_stairs_through_a_door_are_two_climbs() -> None:
    building = tower()
    building.door("F", (5.5, 1.5), ("x", "y"), level=1)
    building.link("top1", "F", "foot1")
    assert len(along(building, "in0", "foot0", "top1", "F", "foot1", "top2").parts) == 4


@pytest.mark.parametrize(
    ("kind", "says", "levels", "up"),
    [
        (ArcKind.RAMP, "ramp", (0, 1), True),
        (ArcKind.ESCALATOR, "escalator", (1, 0), False),
        (ArcKind.LIFT, "lift", (0, 3), True),
        (ArcKind.LADDER, "ladder", (0, -1), False),
        (ArcKind.WALK, "ramp", (0, 1), True),
        (ArcKind.RAMP, "ramp", (0, 0), None),
        (ArcKind.STAIRS_UP, "stairs", (0, 0), True),
    ],
)
def test_every_way_up_or_down_is_a_climb(kind: ArcKind, says: str, levels: tuple[int, int], up: bool | None) -> None:
    building = Building()
    building.node("a", (0, 0), level=levels[0])
    building.node("b", (3, 0), level=levels[1])
    building.link("a", "b", kind=kind)
    one = climb(along(building, "a", "b"))
    assert (one.kind, one.up, one.floors, one.entry) == (says, up, abs(levels[1] - levels[0]), None)


@pytest.mark.parametrize(
    ("arcs", "millis", "field", "says"),
    [
        ([], [], "arcs", "has 1 to"),
        ([0], [800, 900], "millis", "has its time"),
        ([9], [800], "arcs", "arcs of its network"),
        ([-1], [800], "arcs", "arcs of its network"),
        ([0, 0], [800, 800], "arcs", "follow one another"),
        ([0], [0], "millis", "1 ms"),
        ([0], [int(BANNED)], "arcs", "banned"),
        ([2], [800], "arcs", "banned"),
    ],
)
def test_what_is_no_path_is_refused(arcs: list[int], millis: list[int], field: str, says: str) -> None:
    graph, _ = build([0, 1, 2], [0, 0, 0], [0, 0, 0], [0, 1, 1], [1, 0, 2], [800, 800, int(BANNED)])
    network = Network(graph, SITE, [Node("corner")] * 3, [None] * 3, [], [])
    with pytest.raises(Invalid, match=says) as caught:
        shape(Building().around(), network, np.array(arcs, dtype=np.int32), np.array(millis, dtype=np.int32))
    assert (caught.value.code, caught.value.field) == ("geo.path_invalid", field)


@given(
    moves=st.lists(st.sampled_from([(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (1, -1)]), min_size=1, max_size=40),
    cell_m=st.floats(0.3, 3.0),
)
def test_the_shape_stays_within_the_tolerance_of_the_path_and_keeps_its_ends_and_times(
    moves: list[tuple[int, int]], cell_m: float
) -> None:
    cells = [(0, 0)]
    for dx, dy in moves:
        cells.append((cells[-1][0] + dx, cells[-1][1] + dy))
    building = Building()
    for i, (x, y) in enumerate(cells):
        building.node(f"n{i}", (x * cell_m, y * cell_m))
    building.link(*(f"n{i}" for i in range(len(cells))))
    shaped = along(building, *(f"n{i}" for i in range(len(cells))))
    points = leg(shaped).points
    assert [points[0].node, points[-1].node] == [0, len(cells) - 1]
    places = [(x * cell_m, y * cell_m) for x, y in cells]
    for p, q in pairwise(points):
        run = LineString([places[p.node], places[q.node]])
        between = places[p.node : q.node + 1]
        assert all(run.distance(LineString([at, at])) <= TOLERANCE_M + 0.001 for at in between)
        assert q.millis > p.millis
    assert points[-1].millis == sum(max(1, round(1000 * math.dist(a, b) / 1.25)) for a, b in pairwise(places))


def lift_hall(of: tuple[str, ...]) -> Building:
    """A lift entered through a node of its own, where it is waited for."""
    building = Building()
    for level in range(3):
        building.node(f"hall{level}", (0, 0), level=level)
        building.node(f"stop{level}", (5, 0), level=level)
        building.node(f"cabin{level}", (5, 0), level=level)
        building.link(f"hall{level}", f"stop{level}")
        building.links += [
            (f"stop{level}", f"cabin{level}", ArcKind.LIFT, of[0], 20_000),
            (f"cabin{level}", f"stop{level}", ArcKind.LIFT, of[-1], 1),
        ]
    for low in range(2):
        building.links.append((f"cabin{low}", f"cabin{low + 1}", ArcKind.LIFT, of[low % len(of)], 5000))
    return building


@pytest.mark.parametrize("of", [("L",), ("way 1", "way 2")])
def test_a_lift_that_is_waited_for_or_drawn_floor_by_floor_is_one_ride(of: tuple[str, ...]) -> None:
    shaped = along(lift_hall(of), "hall0", "stop0", "cabin0", "cabin1", "cabin2", "stop2", "hall2")
    assert [type(part) for part in shaped.parts] == [Leg, Climb, Leg]
    ride = climb(shaped, 1)
    assert (ride.kind, ride.up, ride.floors, ride.exit) == ("lift", True, 2, None)
    assert ride.points[-1].millis - ride.points[0].millis == 30_001


def test_two_lifts_side_by_side_are_two_rides() -> None:
    building = lift_hall(("L",))
    building.node("other", (7, 0), level=1)
    building.node("up", (7, 0), level=2)
    building.link("stop1", "other")
    building.links.append(("other", "up", ArcKind.LIFT, "M", 5000))
    assert len(along(building, "stop0", "cabin0", "cabin1", "stop1", "other", "up").parts) == 3


@pytest.mark.parametrize(
    ("at", "into"), [((5, 2), -90), ((5, 0), 90), ((0, 1), 0), ((10, 1), 180), ((5, 1), None), ((5, 1.6), -90)]
)
def test_one_comes_out_of_a_wall_at_right_angles_to_it(at: tuple[float, float], into: float | None) -> None:
    building = Building()
    building.room("c", (0, 0, 10, 2), "corridor")
    building.room("s", (20, 0, 30, 2), "stairs")
    around = building.around()
    found = around.wall_heading("c", *at)
    assert (found is None) == (into is None)
    assert found is None or into is None or change(found, into) == 0
    assert around.wall_heading(None, *at) is None
    assert around.wall_heading("s", at[0] + 20, at[1]) is None


def test_nobody_stands_in_the_wall_a_path_turns_around() -> None:
    building = Building()
    building.room("c", (0, 0, 10, 2), "corridor")
    building.room("closet", (20, 0, 20.5, 2))
    around = building.around()
    assert around.off_wall("c", (5, 2)) == pytest.approx((5, 1.7))
    assert around.off_wall("c", (0, 0)) == pytest.approx((0.3, 0.3))
    # In the open, of no room, far away, and in a room as narrow as its walls, a place stays.
    for room, at in (("c", (5, 1)), (None, (5, 2)), ("c", (5, 9)), ("closet", (20, 1))):
        assert around.off_wall(room, at) == at


def test_a_door_on_a_drawn_way_is_where_it_stands_and_takes_none_of_its_time() -> None:
    building = Building()
    building.room("c", (0, 0, 40, 2), "corridor")
    building.door("F", (30, 1), ("c", "c"))
    building.node("a", (0, 1), "c")
    building.node("b", (20, 1), "c")
    building.node("z", (40, 1), "c")
    building.link("a", "b")
    building.link("b", "z", kind=ArcKind.DOOR, of="F")
    shaped = along(building, "a", "b", "z")
    (crossing,) = leg(shaped).crossings
    door = leg(shaped).points[crossing.first]
    assert (round(door.x, 3), round(door.y, 3), door.millis) == (30, 1, 24_000)
    assert leg(shaped).points[-1].millis == 32_000
    assert crossing.rooms == ("c", "c")
    assert crossing.heading == pytest.approx(0)
    building.door("G", (5, 0.2), ("c", "c"))
    assert building.around().door_heading("G", "c", "c") is None
    building.link("a", "b", kind=ArcKind.DOOR, of="F")
    building.links = building.links[2:]
    # Where two ways meet at a door, it is on both of them.
    assert [crossing.door for crossing in leg(along(building, "a", "b", "z")).crossings] == ["F"]
