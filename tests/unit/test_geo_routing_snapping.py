"""A position is on the nearest open arc that no wall hides; where there is none, what is wrong is said in metres."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.fixes import RADIUS_95_PER_68
from geo.graph.csr import BANNED, Graph, build
from geo.places.model import Plan, Room
from geo.projection import Projection
from geo.routing.snapping import ACCURACY_MAX_M, REACH_M, Place, RoomShape, Snapper, at_node, room_shapes
from mobile_contract.text import Text
from tests.unit.walking_graphs import graphs


def _row() -> Graph:
    """(0, 0) - (10, 0) both ways, (10, 0) -> (20, 0) one way, stairs up from (20, 0), a lone way on level 1."""
    arcs = [(0, 1, 9_000), (0, 1, 10_000), (1, 0, 10_000), (1, 2, 10_000), (2, 3, 5_000), (3, 4, 1_000)]
    tails, heads, millis = zip(*arcs, strict=True)
    return build([0, 10, 20, 20, 20], [0, 0, 0, 0, 0], [0, 0, 0, 1, 1], tails, heads, millis)[0]


def test_a_position_beside_an_arc_is_on_it_and_walks_to_it() -> None:
    place = Snapper(_row()).place(4, 1.2, 0)
    assert (place.ahead, place.back, place.along_ppm, place.on_x, place.on_y) == (0, 2, 400_000, 4, 0)
    assert (place.distance_m, place.walk_ms) == (1.2, 1_000)


def test_one_way_arcs_and_ends_of_arcs_and_nodes_in_one_place() -> None:
    snap = Snapper(_row())
    assert (snap.place(15, 0, 0).ahead, snap.place(15, 0, 0).back) == (3, -1)
    assert (snap.place(-3, 0, 0).node, snap.place(21, 0, 0).node) == (0, 2)
    assert snap.place(20, 1, 1).node == 3


def test_a_way_that_is_shut_is_not_stood_on() -> None:
    times = _row().millis.copy()
    times[[0, 1, 2]] = BANNED
    assert Snapper(_row()).place(4, 0, 0, base=times).node == 1
    with pytest.raises(Invalid) as caught:
        Snapper(_row()).place(4, 0, 0, base=np.full(6, BANNED))
    assert (caught.value.code, caught.value.field) == ("geo.position_shut_in", "position")


@given(st.data(), graphs())
def test_without_walls_it_is_the_nearest_of_all_arcs_on_the_level(data: st.DataObject, graph: Graph) -> None:
    x, y, level = (data.draw(st.integers(low, high)) for low, high in ((-5, 55), (-5, 55), (-1, 4)))
    point = shapely.Point(x, y)
    nearest = math.inf
    for tail, head, millis in zip(graph.tails, graph.heads, graph.millis, strict=True):
        if graph.level[tail] == graph.level[head] == level and tail != head and millis != BANNED:
            line = shapely.LineString([(graph.x[v], graph.y[v]) for v in (tail, head)])
            nearest = min(nearest, line.distance(point))
    if nearest > REACH_M + RADIUS_95_PER_68:
        with pytest.raises(Invalid):
            Snapper(graph).place(x, y, level)
    else:
        assert Snapper(graph).place(x, y, level).distance_m == pytest.approx(nearest)


@pytest.mark.parametrize(
    ("where", "code", "field", "value"),
    [
        ((math.nan, 0, 0), "geo.position_invalid", "x", None),
        ((0, math.inf, 0), "geo.position_invalid", "y", None),
        ((0, 0, 0, -1.0), "geo.position_invalid", "accuracy_m", -1.0),
        ((0, 0, 0, math.nan), "geo.position_invalid", "accuracy_m", None),
        ((0, 0, 0, ACCURACY_MAX_M + 1), "geo.position_invalid", "accuracy_m", ACCURACY_MAX_M + 1),
        ((0, 0, 7), "geo.level_without_ways", "level", 7),
        ((120, 0, 0), "geo.position_off_site", "position", 100.0),
    ],
)
def test_what_is_no_position_of_the_site_is_named(
    where: tuple[float, ...], code: str, field: str, value: object
) -> None:
    with pytest.raises(Invalid) as caught:
        Snapper(_row()).place(*where)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.field, caught.value.value) == (code, field, value)


# Two rooms with a wall of two metres between them, a column in the first; ways along y = 2 and y = 8; one outdoors.
ROOMS = [
    RoomShape(shapely.box(0, 0, 20, 5), 0),
    RoomShape(shapely.box(0, 7, 20, 12), 0),
    RoomShape(shapely.box(14, 3, 18, 5), 0, solid=True),
]


def _rooms() -> Snapper:
    arcs = [(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)]
    tails, heads = zip(*arcs, strict=True)
    graph, _ = build([1, 19, 1, 19, 0, 20], [0.5, 0.5, 8, 8, 20, 20], [0] * 6, tails, heads, [15_000] * 6)
    return Snapper(graph, ROOMS)


def _on(x: float, y: float, accuracy_m: float = 1.0) -> float:
    return _rooms().place(x, y, 0, accuracy_m).on_y


def test_the_way_behind_the_wall_is_not_the_nearest() -> None:
    assert _on(5, 4.9) == 0.5
    assert _on(5, 7.1) == 8


def test_in_the_wall_it_is_the_room_the_fix_may_mean_and_in_none_when_it_is_sure() -> None:
    assert (_on(5, 5.9), _on(5, 6.2)) == (0.5, 8)
    thick = Snapper(_rooms()._graph, [RoomShape(shapely.box(0, 0, 20, 2), 0), ROOMS[1]])
    with pytest.raises(Invalid) as caught:
        thick.place(5, 4.5, 0, 1.0)
    assert (caught.value.code, caught.value.value, caught.value.limit) == ("geo.position_in_wall", 2.5, 1.3)


def test_in_a_great_hall_one_is_on_the_way_at_its_door_however_far_it_is() -> None:
    """300 m wide, its door in the west; beyond its east wall another way is nearer, and in the south one is near."""
    arcs = [(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)]
    tails, heads = zip(*arcs, strict=True)
    graph, _ = build([-10, 0, 310, 310, 140, 160], [50, 50, 0, 100, -10, -10], [0] * 6, tails, heads, [8_000] * 6)
    snap = Snapper(graph, [RoomShape(shapely.box(0, 0, 300, 100), 0)])
    assert [snap.place(x, y, 0).node for x, y in ((150, 70), (295, 50), (150, 5))] == [1, 1, 1]
    with pytest.raises(Invalid) as caught:
        snap.place(150, 70, 0, base=np.full(6, BANNED))
    assert caught.value.code == "geo.position_shut_in"


def test_outdoors_nobody_is_drawn_through_a_wall() -> None:
    assert _on(10, 13) == 20


def test_deep_in_a_column_is_no_place_and_at_its_edge_is() -> None:
    block = Snapper(_rooms()._graph, [RoomShape(shapely.box(0, 3, 20, 9), 0, solid=True)])
    with pytest.raises(Invalid) as caught:
        block.place(10, 6, 0, 1.0)
    assert (caught.value.code, caught.value.value, caught.value.limit) == ("geo.position_in_solid", 3.0, 1.0)
    assert _on(16, 3.5) == 0.5


def test_a_room_without_ways_in_sight_shuts_in() -> None:
    snap = Snapper(_rooms()._graph, [*ROOMS, RoomShape(shapely.box(30, 0, 35, 5), 0)])
    with pytest.raises(Invalid) as caught:
        snap.place(32, 2, 0)
    assert caught.value.code == "geo.position_shut_in"


def test_among_solids_alone_one_is_outdoors_or_in_a_wall() -> None:
    arcs = _rooms()._graph
    ring = shapely.box(-5, -5, 40, 40).difference(shapely.box(9, 13, 11, 15))
    snap = Snapper(arcs, [RoomShape(ring, 0, solid=True)])  # type: ignore[arg-type]
    with pytest.raises(Invalid) as caught:
        snap.place(10, 14, 0)
    assert (caught.value.code, caught.value.value) == ("geo.position_in_wall", math.inf)


def test_rooms_of_a_plan_come_in_metres() -> None:
    polygon = {"type": "Polygon", "coordinates": [[[121, 31], [121.001, 31], [121.001, 31.001], [121, 31]]]}
    plan = Plan(name=Text("厂", "plant"), levels=[], rooms=[Room(id="r", level=2, kind="solid", polygon=polygon)])
    (room,) = room_shapes(plan, Projection(121, 31))
    assert (room.level, room.solid) == (2, True)
    # Half of 95.5 m by 110.9 m: a thousandth of a degree at 31 N on WGS 84.
    assert room.shape.area == pytest.approx(5_295, rel=1e-3)


def test_a_node_is_a_place() -> None:
    assert at_node(_row(), 3) == Place(x=20, y=0, level=1, on_x=20, on_y=0, node=3)
