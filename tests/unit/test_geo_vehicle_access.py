"""Where outside crews stand: upwind, out of the hazard, in reach, by roads their vehicle fits, and with water."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from core.errors import Invalid
from geo.graph.csr import BANNED
from geo.hazards.footprints import BAN_PERMILLE
from geo.hazards.raising import HazardTimes
from geo.places.model import AssemblyPoint, Plan, Way, WayNode
from geo.places.walking import walking_network
from geo.projection import Projection
from geo.routing.conditions import conditions
from geo.routing.refusals import REFUSALS_MAX
from geo.routing.site_roads import SiteRoads
from geo.routing.snapping import Snapper, room_shapes
from geo.routing.standing import (
    MARGIN_M,
    REACH_M,
    Access,
    Danger,
    Limits,
    Standing,
    Target,
    area_target,
    point_target,
    wind_side,
)
from geo.routing.vehicle_access import SPREAD_M, access
from geo.routing.vehicles import AMBULANCE, FIRE_ENGINE, Obstacle, Vehicle, obstacles, unmeasured, vehicle_times
from mobile_contract.text import Text
from tests.unit.drawn_places import LAT, LON, at, box, door, plan, room
from tests.unit.driven_sites import HALL, HYDRANTS, NORTH_GATE, SOUTH_GATE, hazard, mark, refused, ring, site_plan

FROM_NORTH = Danger(wind_from_deg=0.0)
LEAK = hazard("leak", shapely.Point(0, 0).buffer(14))


def asked(made: Plan, danger: Danger = FROM_NORTH, **more: Any) -> Access:
    return access(SiteRoads(made), more.pop("target", HALL), danger, more.pop("vehicle", FIRE_ENGINE), **more)


def best(made: Plan, danger: Danger = FROM_NORTH, **more: Any) -> Standing:
    return asked(made, danger, **more).places[0]


# The wind.


@pytest.mark.parametrize(
    ("place", "wind_from", "side", "off"),
    [
        ((0, 9), 0.0, "upwind", 0.0),
        ((9, 9), 0.0, "upwind", 45.0),
        ((9.1, 9), 0.0, "across", 45.317),
        ((9, 0), 0.0, "across", 90.0),
        ((-9, 0), 0.0, "across", 90.0),
        ((9, -0.1), 0.0, "downwind", 90.637),
        ((0, -9), 0.0, "downwind", 180.0),
        ((9, 0), 90.0, "upwind", 0.0),
        ((0, 9), 359.0, "upwind", 1.0),
        ((0, 9), 719.0, "upwind", 1.0),
        ((-9, 9), 270.0, "upwind", 45.0),
        ((0, 0), 0.0, "downwind", 180.0),
        ((0, -9), None, "unknown", None),
    ],
)
def test_the_side_of_the_wind(place: tuple[float, float], wind_from: float | None, side: str, off: float) -> None:
    assert wind_side(place, (0.0, 0.0), wind_from) == (side, off)


@pytest.mark.parametrize("wind_from", [0.0, 45.0, 90.0, 180.0, 270.0, 337.0])
def test_a_crew_stands_where_the_wind_comes_from(wind_from: float) -> None:
    found = asked(site_plan(), Danger((LEAK,), wind_from_deg=wind_from))
    assert found.state == "ok"
    assert found.places[0].wind == "upwind"
    assert [it.wind for it in found.places] == sorted((it.wind for it in found.places), reverse=True)
    graph = SiteRoads(site_plan()).network.graph
    x, y = graph.x[found.places[0].node], graph.y[found.places[0].node]
    # Half of it, at least, lies towards the wind.
    towards = x * math.sin(math.radians(wind_from)) + y * math.cos(math.radians(wind_from))
    assert towards >= 0.7 * math.hypot(x, y)


def test_the_lee_side_is_refused_and_said_so() -> None:
    found = asked(site_plan())
    assert refused(found)["downwind"] >= {"south"}
    assert next(it for it in found.refusals if it.road == "south").reason == Text("在下风侧", "Downwind of the source")


def test_the_lee_side_is_offered_only_where_nothing_else_is_left() -> None:
    south_only = site_plan(ways=ring(("north", "east", "west")), landmarks=[SOUTH_GATE, *HYDRANTS])
    found = asked(south_only)
    assert (found.state, found.refusals) == ("downwind_only", [])
    assert {it.wind for it in found.places} == {"downwind"}
    assert found.places[0].cautions[0].en == "Downwind: no other place is left"


def test_without_a_wind_no_place_is_downwind() -> None:
    found = asked(site_plan(), Danger((LEAK,)))
    assert refused(found) == {}
    assert {it.wind for it in found.places} == {"unknown"}
    assert {it.off_wind_deg for it in found.places} == {None}


def test_the_wind_blows_from_the_source_not_from_the_place() -> None:
    # South of a leak that lies north of all roads the whole site is in its lee.
    found = asked(site_plan(), Danger(source=(0.0, 300.0), wind_from_deg=0.0))
    assert found.state == "downwind_only"
    kept = asked(site_plan(), Danger(source=(0.0, 90.0), wind_from_deg=180.0))
    assert all(it.from_hazard_m is not None and it.from_hazard_m > 55 for it in kept.places)


# The hazard.


def test_inside_a_hazard_and_within_the_margin_nobody_stands() -> None:
    found = asked(site_plan(), Danger((hazard("cloud", shapely.box(-150, 60, 150, 140)),), wind_from_deg=0.0))
    assert {it.road for it in found.places} <= {"east", "west"}
    assert refused(found)["in_hazard"] == {"north", "east", "west"}
    reasons = {it.road: it.reason.en for it in found.refusals if it.kind == "in_hazard"}
    assert reasons["north"] == "Inside the hazard"
    keep_m = MARGIN_M + FIRE_ENGINE.length_m / 2
    # From y = 60 down to y = 5 it is too near; of those the nearest to the hall is told.
    assert reasons["east"] == f"50 m from the hazard; at least {keep_m:.0f} m"


def test_the_margin_holds_to_the_metre() -> None:
    wall = shapely.box(-150, -60, 150, 44.9)
    danger = Danger((hazard("cloud", wall),), wind_from_deg=0.0)
    near, far = (asked(site_plan(), danger, limits=Limits(margin_m=it)) for it in (50.2, 50.0))
    assert near.state == "none"
    assert {it.road for it in far.places} == {"north"}


def test_what_is_reached_while_one_stands_there_is_not_stood_on() -> None:
    later = hazard("cloud", shapely.box(-150, 60, 150, 140), start_ms=20 * 60_000)
    assert asked(site_plan(), Danger((later,), wind_from_deg=0.0)).places[0].wind == "across"
    soon_over = Danger((later,), stay_ms=60_000, wind_from_deg=0.0)
    assert best(site_plan(), soon_over).road == "north"
    assert best(site_plan(), msgspec.structs.replace(soon_over, at_ms=20 * 60_000)).road != "north"


def test_what_was_there_before_is_gone() -> None:
    was = hazard("cloud", shapely.box(-150, 60, 150, 140))
    gone = msgspec.structs.replace(was, slices=(*was.slices, type(was.slices[0])(60_000, ())))
    assert best(site_plan(), Danger((gone,), at_ms=60_000, wind_from_deg=0.0)).road == "north"
    assert best(site_plan(), Danger((gone,), at_ms=59_999, wind_from_deg=0.0)).road != "north"


def test_a_hazard_that_only_slows_makes_the_drive_longer() -> None:
    slow = hazard("smoke", shapely.box(-1, -120, 1, -80), permille=10_000)
    one = site_plan(landmarks=[SOUTH_GATE], ways=ring(("north",)))
    free, slowed = best(one, Danger()), best(one, Danger((slow,)))
    assert slowed.drive.millis > free.drive.millis


# The way.


NO_NORTH_GATE = [SOUTH_GATE, *HYDRANTS]


@pytest.mark.parametrize(
    ("of", "kind", "reason"),
    [
        ({"width_m": 3.9}, "too_narrow", "is 3.9 m wide; the fire engine needs 4 m"),
        ({"height_m": 3.5}, "too_low", "is 3.5 m high; the fire engine needs 4 m"),
        ({"weight_t": 12.0}, "too_weak", "bears 12 t; the fire engine needs 25 t"),
    ],
)
def test_a_road_the_vehicle_does_not_fit_is_not_driven(of: dict[str, Any], kind: str, reason: str) -> None:
    made = site_plan(ways=ring(east=of, west=of), landmarks=NO_NORTH_GATE)
    found = asked(made)
    assert found.state == "downwind_only"
    assert refused(found)[kind] == {"north", "east", "west"}
    north = next(it for it in found.refusals if it.road == "north")
    assert north.reason.en in (f"East Road {reason}", f"West Road {reason}")
    enough = site_plan(ways=ring(east={"width_m": 4.0, "height_m": 4.0, "weight_t": 25.0}), landmarks=NO_NORTH_GATE)
    assert best(enough).wind == "upwind"


def test_what_a_fire_engine_does_not_fit_an_ambulance_may() -> None:
    made = site_plan(ways=ring(east={"width_m": 3.9}, west={"width_m": 3.9}), landmarks=NO_NORTH_GATE)
    assert best(made, vehicle=AMBULANCE).wind == "upwind"
    roads = SiteRoads(made).network
    assert set(obstacles(roads, FIRE_ENGINE).tolist()) == {Obstacle.NONE, Obstacle.NARROW}
    assert set(obstacles(roads, AMBULANCE).tolist()) == {Obstacle.NONE}
    assert (vehicle_times(roads, FIRE_ENGINE) == BANNED).sum() == (obstacles(roads, FIRE_ENGINE) > 0).sum()


def test_the_first_obstacle_counts_before_the_others() -> None:
    made = site_plan(ways=ring(north={"width_m": 1.0, "height_m": 1.0, "weight_t": 1.0}))
    assert set(obstacles(SiteRoads(made).network, FIRE_ENGINE).tolist()) == {Obstacle.NONE, Obstacle.NARROW}


def test_a_vehicle_larger_than_what_must_be_free_needs_its_own_size() -> None:
    wide = msgspec.structs.replace(FIRE_ENGINE, width_m=4.5, height_m=4.4)
    assert (wide.needs_width_m, wide.needs_height_m) == (4.5, 4.4)
    bare = Vehicle(name=Text("车", "the car"), length_m=4, width_m=1.8, height_m=1.5, weight_t=2)
    assert (bare.needs_width_m, bare.needs_height_m) == (1.8, 1.5)


@pytest.mark.parametrize(
    ("barrier", "kind", "reason"),
    [
        ({"state": "locked", "width_m": 6.0}, "door_shut", "Door {} on the way is shut to vehicles"),
        ({"state": "open", "width_m": 3.0}, "too_narrow", "{} Road is 3 m wide; the fire engine needs 4 m"),
    ],
)
def test_a_barrier_that_is_shut_or_narrow_stops_a_vehicle(barrier: dict[str, Any], kind: str, reason: str) -> None:
    doors = [door("East", 100, -95, **barrier), door("West", -100, -95, **barrier)]
    found = asked(site_plan(doors=doors, landmarks=NO_NORTH_GATE))
    north = next(it for it in found.refusals if it.road == "north")
    assert north.kind == kind
    assert north.reason.en in (reason.format("East"), reason.format("West"))


def test_a_named_barrier_is_told_by_its_name() -> None:
    shut = door("b", 100, -95, state="locked", width_m=6.0, name=Text("东道闸", "East barrier"))
    made = site_plan(ways=ring(("west",)), doors=[shut], landmarks=NO_NORTH_GATE)
    north = next(it for it in asked(made).refusals if it.road == "north")
    assert north.reason.en == "East barrier on the way is shut to vehicles"


def test_hazards_that_cut_every_way_are_named() -> None:
    east, west = shapely.box(95, -60, 105, -50), shapely.box(-105, -60, -95, -50)
    cuts = [hazard("east cloud", east), hazard("west cloud", west)]
    slow = hazard("smoke", shapely.box(-200, -90, 200, -85), permille=2_000)
    found = asked(site_plan(landmarks=NO_NORTH_GATE), Danger((*cuts, slow), wind_from_deg=0.0))
    north = next(it for it in found.refusals if it.road == "north")
    assert north.kind == "cut_off"
    assert north.reason.en.removeprefix("Every way there is cut off by ") in ("east cloud", "west cloud")


def test_past_what_is_released_nobody_drives() -> None:
    one_side = site_plan(ways=ring(("west",)), landmarks=NO_NORTH_GATE)
    found = asked(one_side, Danger(source=(110.0, -20.0), wind_from_deg=0.0))
    north = next(it for it in found.refusals if it.road == "north")
    assert north.reason == Text(
        "所有来路都被源点周围切断", "Every way there is cut off by the surroundings of the source"
    )
    beside = Danger(source=(110.0, -20.0), wind_from_deg=0.0)
    assert asked(one_side, beside, limits=Limits(margin_m=0.0)).state == "ok"
    assert found.state == "downwind_only"


def test_a_way_that_passes_the_lee_says_so() -> None:
    told = "The way there passes downwind of the source"
    around = best(site_plan(landmarks=NO_NORTH_GATE))
    assert told in [it.en for it in around.cautions]
    assert told not in [it.en for it in best(site_plan()).cautions]
    assert told not in [it.en for it in best(site_plan(landmarks=NO_NORTH_GATE), Danger()).cautions]


def test_against_one_way_roads_nobody_is_sent() -> None:
    southward = [("east", ("ne", "se")), ("west", ("nw", "sw"))]
    ways = [*ring(("east", "west")), *(Way(id=own, ends=ends, kind="road", one_way=True) for own, ends in southward)]
    found = asked(site_plan(ways=ways, landmarks=NO_NORTH_GATE))
    north = next(it for it in found.refusals if it.road == "north")
    assert (north.kind, north.reason.en) == ("no_way", "No road leads here from any gate")


def test_the_best_gate_is_the_nearest_by_time() -> None:
    assert best(site_plan()).drive.gate == "north gate"
    # Where one stands at the gate one has not driven.
    assert best(site_plan()).drive.millis == 0
    assert best(site_plan()).drive.line["coordinates"] == [pytest.approx(at(0, 100))] * 2
    around = best(site_plan(landmarks=NO_NORTH_GATE))
    assert around.drive.gate == "south gate"
    # 100 m and then 200 m, at 20 km/h.
    assert (around.drive.metres, around.drive.millis) == pytest.approx((300.0, 54_000), abs=1)


def test_a_way_in_without_a_way_out_is_told() -> None:
    made = site_plan(ways=ring(("east",), west={"one_way": True}), landmarks=[NORTH_GATE, *HYDRANTS])
    trapped = asked(made, Danger(wind_from_deg=180.0)).places[0]
    assert "No way out but in reverse" in [it.en for it in trapped.cautions]
    assert "No way out but in reverse" not in [it.en for it in best(made).cautions]


def test_roads_nobody_measured_are_named() -> None:
    known = {"width_m": 6.0, "height_m": 5.0, "weight_t": 40.0}
    ways = ring(north=known, south=known, east=known | {"weight_t": None}, west=known)
    made = site_plan(landmarks=NO_NORTH_GATE, ways=ways)
    found = asked(made)
    told = {it.en for place in found.places for it in place.cautions if "not known" in it.en}
    assert told <= {"Width, height or weight limit not known: East Road"}
    roads = SiteRoads(made).network
    assert {roads.roads[it].id for it in roads.ways[unmeasured(roads, FIRE_ENGINE)]} == {"east"}


def test_of_many_roads_nobody_measured_three_are_named() -> None:
    row = [WayNode(id=f"n{i}", level=0, at=at(i * 25.0, 0)) for i in range(6)]
    ways = [Way(id=f"r{i}", ends=(f"n{i}", f"n{i + 1}"), kind="road") for i in range(5)]
    made = plan(nodes=row, ways=ways, landmarks=[mark("gate", "gate", 0, 0)])
    target = Target(shapely.Point(0, 20), Text("罐", "Tank"))
    found = asked(made, Danger((hazard("near", shapely.box(-70, 5, -17, 20)),)), target=target)
    assert found.places[0].cautions[-1].en == "Width, height or weight limit not known: road r0, road r1, road r2, ..."


# Reach.


def test_a_place_out_of_reach_of_every_road_says_how_far_the_nearest_is() -> None:
    far = Target(shapely.Point(500, 0), Text("罐", "Tank"))
    found = asked(site_plan(), target=far)
    assert (found.state, found.places) == ("none", [])
    (only,) = found.refusals
    assert (only.kind, only.road) == ("too_far", "east")
    assert only.reason.en == f"The nearest road is 400 m from the place; at most {REACH_M:.0f} m"


def test_without_a_gate_no_way_in_is_known() -> None:
    (only,) = asked(site_plan(landmarks=HYDRANTS)).refusals
    assert (only.kind, only.road) == ("no_gate", None)


def test_in_a_hall_no_vehicle_stands() -> None:
    row = [WayNode(id="a", level=0, at=at(-20, 0)), WayNode(id="b", level=0, at=at(20, 0))]
    made = plan(rooms=[room("hall", -30, -10, 60, 20)], nodes=row, ways=[Way(id="in", ends=("a", "b"), kind="road")],
                landmarks=[mark("gate", "gate", 0, 0)])  # fmt: skip
    (only,) = asked(made).refusals
    assert (only.kind, only.road) == ("no_way", None)


def test_places_are_apart_and_no_more_than_asked_for() -> None:
    found = asked(site_plan(), limits=Limits(count=3))
    assert len(found.places) == 3
    many = asked(site_plan(), limits=Limits(count=50))
    nodes = [it.node for it in many.places]
    graph = SiteRoads(site_plan()).network.graph
    apart = [math.hypot(graph.x[a] - graph.x[b], graph.y[a] - graph.y[b]) for a in nodes for b in nodes if a != b]
    assert min(apart) >= SPREAD_M


def test_of_many_refusals_the_nearest_are_told() -> None:
    row = [WayNode(id=f"n{i}", level=0, at=at(i * 2.0, 0)) for i in range(REFUSALS_MAX + 12)]
    ways = [Way(id=f"r{i}", ends=(f"n{i}", f"n{i + 1}"), kind="road") for i in range(len(row) - 1)]
    made = plan(nodes=row, ways=ways, landmarks=[mark("gate", "gate", 0, 0)])
    danger = Danger((hazard("all", shapely.box(-99, -99, 99, 99)),))
    found = asked(made, danger, target=Target(shapely.Point(0, 5), Text("罐", "Tank")))
    assert (found.state, len(found.refusals)) == ("none", REFUSALS_MAX)
    distances = [it.to_target_m for it in found.refusals]
    assert distances == sorted(distances, key=lambda it: it or 0)


# Water.


def test_the_nearest_hydrant_is_told_with_its_hose() -> None:
    place = best(site_plan())
    assert place.supply is not None
    assert place.supply.hydrant == "h north"
    # Fifty metres along the road from the gate, and four to the hydrant beside it.
    assert place.supply.hose_m == pytest.approx(54.0, abs=0.01)
    assert not any("hydrant" in it.en for it in place.cautions)


def test_of_hydrants_at_one_place_the_nearer_is_taken() -> None:
    twins = [mark("far twin", "hydrant", 50, 108), mark("near twin", "hydrant", 50, 102)]
    supply = best(site_plan(landmarks=[NORTH_GATE, *twins])).supply
    assert supply is not None
    assert (supply.hydrant, round(supply.hose_m, 1)) == ("near twin", 52.0)


def test_no_hose_is_laid_through_a_hazard_nor_from_a_hydrant_in_it() -> None:
    at_hydrant = Danger((hazard("pool", shapely.Point(50, 104).buffer(3)),), wind_from_deg=0.0)
    assert best(site_plan(), at_hydrant, limits=Limits(margin_m=0)).supply is None
    between = Danger((hazard("pool", shapely.box(20, 90, 25, 110)),), wind_from_deg=0.0)
    found = asked(site_plan(), between, limits=Limits(count=50, margin_m=5))
    west = [it for it in found.places if it.road == "north" and it.at[0] < LON]
    assert west
    assert all(it.supply is None for it in west)


def test_places_with_water_come_before_those_without() -> None:
    made = site_plan(landmarks=[NORTH_GATE, mark("h", "hydrant", 96, 104)])
    place = best(made, limits=Limits(hose_m=30.0))
    assert place.supply is not None
    assert place.drive.millis > 0
    dry = best(site_plan(landmarks=[NORTH_GATE]))
    assert "No usable hydrant within 150 m of road" in [it.en for it in dry.cautions]


# On foot.


def walked(made: Plan, danger: Danger = FROM_NORTH, target: Target = HALL, **more: Any) -> Access:
    network = walking_network(made)
    times = HazardTimes(network.graph)
    times.update(danger.hazards)
    site = SiteRoads(made, network)
    return access(site, target, danger, conditions=conditions(network.graph, times), **more)


YARD = AssemblyPoint(id="muster", at=at(-60, 60), name=Text("集合点", "Muster"))


def test_the_way_on_foot_leads_to_the_nearest_entrance() -> None:
    place = walked(site_plan(assembly_points=[YARD])).places[0]
    walk = place.on_foot
    assert walk is not None
    assert (walk.entrance, walk.through) == ("north door", ())
    assert walk.metres == pytest.approx(90.0, abs=3.0)
    assert walk.route.millis == pytest.approx(walk.metres / 1.2 * 1000, rel=0.05)


def test_asked_again_a_site_answers_the_same() -> None:
    made = site_plan(assembly_points=[YARD])
    network = walking_network(made)
    site, free = SiteRoads(made, network), conditions(network.graph)
    one, other = (access(site, HALL, FROM_NORTH, conditions=free) for _ in range(2))
    assert [(it.node, it.on_foot and it.on_foot.metres) for it in one.places] == [
        (it.node, it.on_foot and it.on_foot.metres) for it in other.places
    ]


def test_to_a_point_in_a_hall_it_leads_in_by_a_door() -> None:
    inside = Target(shapely.Point(5, 0), Text("反应釜", "Reactor"))
    walk = walked(site_plan(assembly_points=[YARD]), target=inside).places[0].on_foot
    assert walk is not None
    assert walk.entrance == "north door"
    outside = Target(shapely.Point(-60, 60), Text("集合点", "Muster"))
    walk = walked(site_plan(assembly_points=[YARD]), target=outside).places[0].on_foot
    assert walk is not None
    assert walk.entrance is None


def test_into_a_hazard_the_way_on_foot_says_so() -> None:
    danger = Danger((LEAK,), wind_from_deg=0.0)
    place = walked(site_plan(assembly_points=[YARD]), danger).places[0]
    assert place.on_foot is not None
    assert place.on_foot.through == ("leak",)
    assert "The way on foot leads through leak" in [it.en for it in place.cautions]


def test_without_a_way_on_foot_the_place_comes_last_and_says_so() -> None:
    nowhere = Target(shapely.Point(900, 0), Text("罐", "Tank"))
    made = site_plan(assembly_points=[YARD])
    found = walked(made, target=nowhere, limits=Limits(reach_m=2_000.0))
    assert "No way on foot to the place is known" in [it.en for it in found.places[0].cautions]
    # A site whose network nobody walks near the roads.
    corners = {"a": (900, 900), "b": (900, 950), "c": (-900, -900), "d": (-900, -950)}
    far = [WayNode(id=own, level=0, at=at(*place)) for own, place in corners.items()]
    network = walking_network(plan(nodes=far, ways=[Way(id="1", ends=("a", "b")), Way(id="2", ends=("c", "d"))]))
    site = SiteRoads(site_plan(rooms=[], doors=[]), network)
    tank = Target(shapely.Point(900, 925), Text("罐", "Tank"))
    asked_for = conditions(network.graph)
    lonely = access(site, tank, FROM_NORTH, limits=Limits(reach_m=2_000.0), conditions=asked_for)
    assert lonely.places
    assert all(it.on_foot is None for it in lonely.places)


def test_a_long_way_on_foot_is_told() -> None:
    fence = [room("fence n", -90, 60, 180, 2, kind="room")]
    made = site_plan(rooms=[*site_plan().rooms, *fence], assembly_points=[YARD])
    found = walked(made, limits=Limits(reach_m=100.0))
    assert any("m on foot; hose reaches 100 m" in it.en for it in found.places[0].cautions)


def test_a_drawn_network_is_entered_at_the_exit_node_nearest_to_the_door() -> None:
    inside = [WayNode(id="a", level=0, at=at(0, 9), exit=True), WayNode(id="b", level=0, at=at(0, 100))]
    extra = [Way(id="path", ends=("a", "b"))]
    doors = [*site_plan().doors, door("inner", -20, 0, "hall"), door("up", 0, 10, level=1, exit=True)]
    made = site_plan(nodes=[*site_plan().nodes, *inside], ways=[*ring(), *extra], doors=doors)
    network = walking_network(made)
    site = SiteRoads(made, network, snapper=Snapper(network.graph, room_shapes(made, network.projection)))
    assert {it.door: len(it.nodes) for it in site.entrances} == {"north door": 1, "south door": 0, "up": 0}
    found = access(site, HALL, FROM_NORTH, conditions=conditions(network.graph))
    assert {None if it.on_foot is None else it.on_foot.entrance for it in found.places} <= {"north door", None}
    roads_alone = site_plan(rooms=[], doors=[door("gone", 900, 900, exit=True)])
    assert SiteRoads(roads_alone, walking_network(roads_alone)).entrances[0].nodes == ()


# Targets, and what is refused of a question.


def test_a_target_is_a_place_or_an_outline_in_degrees() -> None:
    projection = Projection(LON, LAT)
    lon, lat = at(30, 40)
    point = point_target(lon, lat, projection, Text("罐", "Tank"), 2)
    assert point.shape.distance(shapely.Point(30, 40)) < 1e-6
    assert point.level == 2
    area = area_target(box(0, 0, 6, 4), projection, Text("罐区", "Tanks"))
    assert area.shape.area == pytest.approx(24.0, abs=0.01)
    for lon, lat in ((181.0, 0.0), (0.0, 85.0), (math.nan, 0.0)):
        with pytest.raises(Invalid) as caught:
            point_target(lon, lat, projection, Text("", ""))
        assert caught.value.code == "geo.route_invalid"
    with pytest.raises(Invalid) as caught:
        area_target({"type": "Polygon", "coordinates": []}, projection, Text("", ""))
    assert caught.value.code == "geo.hazard_invalid"


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("target", {"target": Target(shapely.Polygon(), Text("", ""))}),
        ("target", {"target": Target(shapely.Point(math.inf, 0), Text("", ""))}),
        ("source", {"danger": Danger(source=(math.nan, 0.0))}),
        ("wind_from_deg", {"danger": Danger(wind_from_deg=math.inf)}),
        ("stay_ms", {"danger": Danger(stay_ms=-1)}),
        ("reach_m", {"limits": Limits(reach_m=2_001.0)}),
        ("hose_m", {"limits": Limits(hose_m=-1.0)}),
        ("margin_m", {"limits": Limits(margin_m=math.nan)}),
        ("count", {"limits": Limits(count=0)}),
        ("vehicle.length_m", {"vehicle": msgspec.structs.replace(FIRE_ENGINE, length_m=0)}),
        ("vehicle.needs_width_m", {"vehicle": msgspec.structs.replace(FIRE_ENGINE, width_m=1e9)}),
        ("vehicle.weight_t", {"vehicle": msgspec.structs.replace(FIRE_ENGINE, weight_t=math.nan)}),
    ],
)
def test_what_is_out_of_bounds_is_named(field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        asked(site_plan(), **more)
    assert (caught.value.code, caught.value.field) == ("geo.route_invalid", field)


def test_conditions_are_those_of_the_same_network() -> None:
    made = site_plan()
    other = conditions(walking_network(made).graph)
    for site in (SiteRoads(made), SiteRoads(made, walking_network(made))):
        with pytest.raises(Invalid, match="another network"):
            access(site, HALL, conditions=other)


# Against an oracle.

PLACE = st.tuples(st.integers(0, 240), st.integers(0, 240))
SIDE = st.integers(5, 60)
CELL = st.tuples(st.integers(0, 6), st.integers(0, 6))
MEASURE = st.sampled_from([None, 1.0, 50.0])
PERMILLE = st.sampled_from([BAN_PERMILLE, 1_500, 9_000])
Question = tuple[Plan, Target, Danger, Limits]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A random road network with gates, hydrants, and hazards that ban or slow."""
    cells = draw(st.lists(CELL, min_size=3, max_size=9, unique=True))
    nodes = [WayNode(id=f"n{i}", level=0, at=at(x * 40.0, y * 40.0)) for i, (x, y) in enumerate(cells)]
    index = st.integers(0, len(cells) - 1)
    pairs = st.tuples(index, index).filter(lambda it: it[0] != it[1])
    ways = [
        Way(
            id=f"r{i}",
            ends=(f"n{a}", f"n{b}"),
            kind="road",
            one_way=draw(st.booleans()),
            width_m=draw(MEASURE),
            weight_t=draw(MEASURE),
            max_kmh=draw(st.sampled_from([None, 5.0, 40.0])),
        )
        for i, (a, b) in enumerate(draw(st.lists(pairs, min_size=2, max_size=16, unique=True)))
    ]
    entered = draw(st.sets(index, min_size=1, max_size=2))
    gates = [mark(f"g{it}", "gate", cells[it][0] * 40.0, cells[it][1] * 40.0) for it in entered]
    hydrants = [mark(f"h{i}", "hydrant", x, y) for i, (x, y) in enumerate(draw(st.lists(PLACE, max_size=4)))]
    boxes = draw(st.lists(st.tuples(PLACE, SIDE, SIDE, PERMILLE), max_size=4))
    hazards = [
        hazard(f"z{i}", shapely.box(x, y, x + width, y + depth), permille=permille)
        for i, ((x, y), width, depth, permille) in enumerate(boxes)
    ]
    wind = draw(st.none() | st.integers(0, 359).map(float))
    target = Target(shapely.Point(*draw(PLACE)), Text("罐", "Tank"))
    limits = Limits(margin_m=float(draw(st.sampled_from([0, 20]))), hose_m=60.0, count=50)
    made = plan(nodes=nodes, ways=ways, landmarks=[*gates, *hydrants])
    return made, target, Danger(tuple(hazards), wind_from_deg=wind), limits


class Oracle:
    """The same question answered by brute force and scipy's search."""

    def __init__(self, site: SiteRoads, question: Question) -> None:
        _, self.target, self.danger, self.limits = question
        self.roads, self.graph = site.network, site.network.graph
        x, y, tails, heads = self.graph.x, self.graph.y, self.graph.tails, self.graph.heads
        self.points = [shapely.Point(place) for place in zip(x, y, strict=True)]
        self.shapes = [it for hazard in self.danger.hazards for it in hazard.slices[0].footprints]
        ends = [(self.points[a].coords[0], self.points[b].coords[0]) for a, b in zip(tails, heads, strict=True)]
        self.touched = [
            [it.permille for it in self.shapes if it.shape.intersects(line)] for line in shapely.linestrings(ends)
        ]
        slowest = [max(it, default=1_000) for it in self.touched]
        times = zip(self.graph.millis.tolist(), slowest, strict=True)
        self.takes = np.array([-(-ms * permille // 1_000) for ms, permille in times])
        ways = [self.roads.roads[way] for way in self.roads.ways]
        self.open = np.array([_fits(way) for way in ways]) & (self.graph.millis != BANNED)
        self.open &= np.array(slowest) != BAN_PERMILLE
        self.drive = self._search(self.takes, self.open, [gate.node for gate in self.roads.gates])
        self.away = [min((it.shape.distance(place) for it in self.shapes), default=math.inf) for place in self.points]

    def hose_mm(self) -> Any:
        """The shortest hose to each node, infinite where it is too long."""
        length = np.maximum(np.round(self.roads.metres * 1_000), 1)
        dry = np.array([not it for it in self.touched])
        found = np.full(self.graph.nodes, np.inf)
        for it in self.roads.hydrants:
            if self.away[it.node] > it.off_m:
                found = np.minimum(found, self._search(length, dry, [it.node]) + round(it.off_m * 1_000))
        return np.where(found <= self.limits.hose_m * 1_000, found, np.inf)

    def left(self) -> list[int]:
        """The nodes where a crew may stand, whatever the wind."""
        return [
            node
            for node, place in enumerate(self.points)
            if place.distance(self.target.shape) <= self.limits.reach_m
            and self.away[node] > self.limits.margin_m + FIRE_ENGINE.length_m / 2
            and not math.isinf(self.drive[node])
        ]

    def side(self, node: int) -> str:
        """Its side of the wind."""
        source = self.target.shape.centroid
        return wind_side((self.points[node].x, self.points[node].y), (source.x, source.y), self.danger.wind_from_deg)[0]

    def _search(self, takes: Any, open_: Any, sources: list[int]) -> Any:
        """The least from any source to each node; of two arcs between the same nodes the quicker counts."""
        best: dict[tuple[int, int], float] = {}
        for arc in np.flatnonzero(open_).tolist():
            key = int(self.graph.tails[arc]), int(self.graph.heads[arc])
            best[key] = min(best.get(key, math.inf), float(takes[arc]))
        ends = np.array(list(best), dtype=np.int64).reshape(-1, 2)
        matrix = csr_array((np.array(list(best.values())), (ends[:, 0], ends[:, 1])), shape=(self.graph.nodes,) * 2)
        return dijkstra(matrix, indices=sources, min_only=True)


def _fits(way: Way) -> bool:
    return (way.width_m is None or way.width_m >= 4) and (way.weight_t is None or way.weight_t >= 25)


RANK = {"upwind": 0, "unknown": 0, "across": 1, "downwind": 2}


@settings(max_examples=60, deadline=None)
@given(questions())
def test_no_way_is_over_a_banned_road_and_all_are_the_shortest(question: Question) -> None:
    made, target, danger, limits = question
    site = SiteRoads(made)
    found, oracle = access(site, target, danger, limits=limits), Oracle(site, question)
    left, hose = oracle.left(), oracle.hose_mm()
    windward = [node for node in left if oracle.side(node) != "downwind"]
    assert found.state == ("ok" if windward else "downwind_only" if left else "none")

    def rank(node: int) -> tuple[int, bool, float, int]:
        return RANK[oracle.side(node)], math.isinf(hose[node]), oracle.drive[node], node

    assert [it.node for it in found.places[:1]] == sorted(windward or left, key=rank)[:1]
    for it in found.places:
        arcs = it.drive.arcs
        assert it.node in (windward or left)
        assert oracle.open[arcs].all()
        assert it.drive.millis == oracle.takes[arcs].sum() == oracle.drive[it.node]
        assert (oracle.graph.heads[arcs[:-1]] == oracle.graph.tails[arcs[1:]]).all()
        laid = math.inf if it.supply is None else round(it.supply.hose_m * 1_000)
        assert laid == hose[it.node]
