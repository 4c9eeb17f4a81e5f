"""A driver who has never been there is told: by which gate, where to turn, where to stop, where the water is."""

from __future__ import annotations

from typing import Any

import shapely

from geo.instructions.driving import DriverOrders, driver_orders
from geo.instructions.surroundings import Surroundings
from geo.places.model import AssemblyPoint, Plan, Way, WayNode
from geo.places.walking import walking_network
from geo.routing.conditions import conditions
from geo.routing.site_roads import SiteRoads
from geo.routing.standing import Danger, Limits, Target
from geo.routing.vehicle_access import access
from mobile_contract.text import Text
from tests.unit.drawn_places import at, door, plan
from tests.unit.driven_sites import HALL, HYDRANTS, NORTH_GATE, SOUTH_GATE, hazard, mark, ring, site_plan

YARD = AssemblyPoint(id="muster", at=at(-60, 60), name=Text("集合点", "Muster"))
NORTHERLY = Danger((hazard("leak", shapely.Point(0, 0).buffer(14)),), wind_from_deg=0.0)
WAY_IN = Text("从南门进入，向西沿南路行驶100米。", "Enter by South Gate. Drive west along South Road, 100 m.")


def orders(
    made: Plan, danger: Danger = NORTHERLY, target: Target = HALL, *, walk: bool = False, **more: Any
) -> DriverOrders:
    network = walking_network(made)
    site = SiteRoads(made, network)
    asked = conditions(network.graph) if walk else None
    found = access(site, target, danger, conditions=asked, **more)
    return driver_orders(Surroundings(made, network.projection), site.network, target, found.places[0])


def test_from_the_gate_around_the_site_to_the_upwind_side() -> None:
    west_only = site_plan(landmarks=[SOUTH_GATE, *HYDRANTS], ways=ring(("east",)), assembly_points=[YARD])
    told = orders(west_only, walk=True, limits=Limits(hose_m=60.0))
    assert told.steps == [
        WAY_IN,
        Text("右转进入西路，行驶200米。", "Turn right into West Road, 200 m."),
        Text("右转进入北路，行驶100米。", "Turn right into North Road, 100 m."),
        Text("在此停车（上风侧）：一号厂房在右侧，90米。", "Stop here, upwind: Hall 1 is on your right, 90 m."),
        Text("消火栓在正前方，沿路铺水带50米。", "The fire hydrant is straight ahead: 50 m of hose along the road."),
        Text(
            "步行从入口（north door）进入：90米，约1分钟。",
            "On foot in by the entrance (north door): 90 m, about 1 min.",
        ),
    ]
    assert told.warnings


def test_where_one_stands_at_the_gate_the_compass_tells_where_things_are() -> None:
    told = orders(site_plan())
    assert told.steps == [
        Text("从北门进入。", "Enter by North Gate."),
        Text("在此停车（上风侧）：一号厂房在南面，90米。", "Stop here, upwind: Hall 1 is to the south, 90 m."),
        Text("消火栓在东面，沿路铺水带50米。", "The fire hydrant is to the east: 50 m of hose along the road."),
    ]


def test_a_hydrant_at_hand_is_here() -> None:
    told = orders(site_plan(landmarks=[NORTH_GATE, mark("h", "hydrant", 1, 101)]))
    assert told.steps[-1] == Text("消火栓就在此处。", "The fire hydrant is here.")


def test_without_water_nothing_is_said_of_it_but_the_warning() -> None:
    told = orders(site_plan(landmarks=[NORTH_GATE]))
    assert len(told.steps) == 2
    assert told.warnings[0] == Text("沿路 150 米内没有可用消火栓", "No usable hydrant within 150 m of road")


def test_on_the_lee_side_and_without_a_wind_the_stop_says_what_it_is() -> None:
    south = site_plan(ways=ring(("north", "east", "west")), landmarks=[SOUTH_GATE])
    assert orders(south).steps[1].en == "Stop here, downwind: Hall 1 is to the north, 90 m."
    assert orders(south, Danger()).steps[1].en == "Stop here: Hall 1 is to the north, 90 m."
    across = Danger(wind_from_deg=90.0)
    assert orders(south, across).steps[-1].zh.startswith("在此停车（上风侧）")
    east_wind = orders(site_plan(ways=ring(("east", "south")), landmarks=[NORTH_GATE]), Danger(wind_from_deg=120.0))
    assert east_wind.steps[-1].en.startswith("Stop here, across the wind: ")


def test_a_place_one_stands_at_has_no_side() -> None:
    told = orders(
        site_plan(landmarks=[NORTH_GATE]),
        Danger(),
        Target(shapely.box(-200, 50, 200, 150), Text("北罐区", "North tanks")),
    )
    assert told.steps[1] == Text("在此停车：已到北罐区。", "Stop here: you are at North tanks.")


def test_to_a_place_without_a_door_one_walks_to_it() -> None:
    tank = Target(shapely.Point(-60, 60), Text("储罐", "the tank"))
    told = orders(site_plan(assembly_points=[YARD]), Danger(), tank, walk=True)
    assert told.steps[-1].en.startswith("On foot to the tank: ")
    assert told.steps[-1].zh.startswith("步行到储罐：")


def test_a_door_without_a_name_is_the_entrance() -> None:
    made = site_plan(assembly_points=[YARD])
    assert orders(made, walk=True).steps[-1].en.startswith("On foot in by the entrance (north door)")
    named = [door("north door", 0, 10, "hall", exit=True, name=Text("北", "N"))]
    assert (
        orders(site_plan(doors=named, assembly_points=[YARD]), walk=True)
        .steps[-1]
        .en.startswith("On foot in by door N")
    )


# Turns.


def lane(own: str, a: str, b: str, name: Text | None = None) -> Way:
    return Way(id=own, ends=(a, b), kind="road", name=name)


MAIN, SIDE = Text("主路", "Main Road"), Text("支路", "Side Road")
PLACES = {"a": (0, 0), "b": (100, 0), "c": (200, 0), "d": (100, 60), "e": (160, 60), "f": (100, -60)}


def turned(*ways: Way, **moved: tuple[float, float]) -> list[str]:
    """What is told between the gate at a and the stop at e, which is the one place in reach."""
    places = PLACES | moved
    nodes = [WayNode(id=own, level=0, at=at(*place)) for own, place in places.items()]
    made = plan(nodes=nodes, ways=list(ways), landmarks=[mark("gate", "gate", *places["a"])])
    e = walking_network(made).projection.to_metres([at(*places["e"])])[0]
    found = orders(made, Danger(), Target(shapely.Point(e), Text("罐", "Tank")), limits=Limits(reach_m=1.0))
    return [step.en for step in found.steps[:-1]]


def test_at_a_junction_of_roads_without_names_the_turn_alone_is_told() -> None:
    assert turned(lane("1", "a", "b"), lane("2", "b", "c"), lane("3", "b", "d"), lane("4", "d", "e")) == [
        "Enter by the gate. Drive east, 100 m.",
        # The bend at d is the road's own.
        "Turn left at the junction, 120 m.",
    ]


def test_a_road_that_keeps_its_name_around_a_corner_is_stayed_on() -> None:
    ways = [lane("1", "a", "b", MAIN), lane("2", "b", "c", SIDE), lane("3", "b", "d", MAIN), lane("4", "d", "e", MAIN)]
    assert turned(*ways) == [
        "Enter by the gate. Drive east along Main Road, 100 m.",
        "Turn left at the junction and stay on Main Road, 120 m.",
    ]


def test_straight_on_into_another_road_is_told_and_straight_past_a_junction_is_not() -> None:
    ways = [lane("1", "a", "b", MAIN), lane("2", "b", "d", SIDE), lane("3", "d", "e", SIDE), lane("4", "b", "f", SIDE)]
    assert turned(*ways) == [
        "Enter by the gate. Drive east along Main Road, 100 m.",
        "Turn left into Side Road, 120 m.",
    ]
    ways = [lane("1", "a", "b", MAIN), lane("2", "b", "c"), lane("3", "b", "d", MAIN), lane("4", "d", "e", SIDE)]
    assert turned(*ways, a=(0, 60), b=(40, 60), c=(40, 0))[1:] == ["Go straight on into Side Road, 60 m."]
