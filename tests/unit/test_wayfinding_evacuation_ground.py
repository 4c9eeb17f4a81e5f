"""Where in a zone people are taken to stand, and where they gather. The house is the one of two corridors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from geo.routing.snapping import at_node
from geo.site_map import SiteMap, Standing
from incidents.evacuation.ground import Ground
from incidents.evacuation.points_chosen import (
    GatherAt,
    HeldPoints,
    Muster,
    StatedPoint,
    gathering_points,
    muster,
    nearest_node,
)
from mobile_contract.text import Text
from plant.model import Zone
from tests.evacuation_scene import GATE, IDS, NOW, YARD, ZONES, cloud, ground, point, zone
from tests.example_buildings import two_corridors
from tests.wayfinding_world import lon_lat, rectangle

ONE = UUID(int=1)
WEST = (-20.0, 10.0)


@pytest.fixture(scope="module")
def site() -> SiteMap:
    return SiteMap(two_corridors().plan())


@pytest.fixture(scope="module")
def house(site: SiteMap) -> Ground:
    return ground(site)


@pytest.mark.parametrize("name", [it for it in ZONES if it != "nowhere"])
def test_who_is_in_a_zone_is_taken_to_stand_on_a_way_of_it(house: Ground, name: str) -> None:
    place = house.spot(IDS[name], ONE)
    assert place is not None
    assert place.level == ZONES[name][1]
    assert house.spot(IDS[name], ONE) == place, "always the same"


def renamed(it: Zone, polygon: dict[str, Any]) -> Zone:
    return replace(it, id=UUID(int=77), polygon=polygon)


def test_a_crowd_is_spread_over_the_rooms_of_its_zone(site: SiteMap) -> None:
    over = renamed(zone("hall"), rectangle(-1, -1, 81, 21))
    house = Ground(ONE, site, [over])
    assert len({house.spot(over.id, UUID(int=n)) for n in range(20)}) == 4


def test_a_zone_without_a_way_or_that_is_not_known_has_no_place(house: Ground) -> None:
    assert house.spot(IDS["nowhere"], ONE) is None
    assert house.spot(UUID(int=999), ONE) is None


def test_a_part_of_a_room_stands_for_itself(house: Ground) -> None:
    place = house.spot(IDS["corner"], ONE)
    assert place is not None
    x, y = house.site.projection.to_metres([lon_lat(3.5, 15)])[0].tolist()
    assert (place.x, place.y) == pytest.approx((x, y), abs=0.1)


def test_of_zones_in_one_another_a_node_is_in_the_smaller(site: SiteMap) -> None:
    house = ground(site)
    over = house.number
    zones = {it.of: over[IDS["hall"]] for it in site.network.nodes if it.room == "hall"}
    held = {it.of: int(house.zone_of[n]) for n, it in enumerate(site.network.nodes) if it.room == "hall"}
    assert held == zones, "a part of a room without a node takes none of the room's"
    corner = Ground(ONE, site, [zone("hall"), renamed(zone("hall"), rectangle(0, 2, 6, 6))])
    stairs = next(n for n, it in enumerate(site.network.nodes) if it.of == "S" and it.room == "hall")
    assert corner.zone_of[stairs] == 1


def test_the_points_are_those_stated_and_without_any_those_of_the_plan(site: SiteMap) -> None:
    assert [it.key for it in gathering_points(site, [])] == ["A"]
    assert gathering_points(site, [], plan_points=False) == []
    stated = point(1, (-15, 10), "Yard", 30)
    (found,) = gathering_points(site, [stated])
    assert (found.key, found.id, found.capacity) == (str(stated.id), stated.id, 30)


def test_a_point_that_is_near_no_way_is_left_out(site: SiteMap) -> None:
    assert [it.key for it in gathering_points(site, [point(1, (900, 900), "Far")])] == ["A"]


def test_two_points_at_one_place_are_one(site: SiteMap) -> None:
    found = gathering_points(site, [point(1, (-20, 10), "Yard"), point(2, (-20, 10), "Yard again")])
    assert [it.name.en for it in found] == ["Yard"]


def test_the_nearest_node_of_a_place_on_a_way_is_the_nearer_end(site: SiteMap) -> None:
    yard, gate = site.network.assembly[0], site.network.exits[0]
    assert nearest_node(site, site.place(*lon_lat(-15, 10), 0)) == yard
    assert nearest_node(site, site.place(*lon_lat(-5, 10), 0)) == gate
    assert nearest_node(site, at_node(site.graph, yard)) == yard


def choose(
    site: SiteMap,
    points: Sequence[GatherAt],
    *standing: Standing,
    held: HeldPoints | None = None,
    seconds: float = 0,
    wind_from_deg: float | None = None,
    people: int = 10,
) -> Muster:
    hazards = site.hazards(standing)
    now = site.conditions(hazards)
    at = NOW + timedelta(seconds=seconds)
    return muster(site, now, hazards, points, [0], people, held, at, wind_from_deg=wind_from_deg)


def test_people_gather_at_the_point_and_later_too(site: SiteMap) -> None:
    points = gathering_points(site, [])
    first = choose(site, points)
    assert ([it.key for it in first.ends], first.changed, first.held.since) == (["A"], True, NOW)
    again = choose(site, points, held=first.held, seconds=30)
    assert (again.changed, again.held.since, again.given_up) == (False, NOW, [])


def test_a_point_under_a_hazard_is_given_up_and_the_gate_stands_in_for_it(site: SiteMap) -> None:
    points = gathering_points(site, [])
    first = choose(site, points)
    lost = choose(site, points, cloud((0, YARD)), held=first.held, seconds=30)
    assert ([it.name.en for it in lost.ends], lost.given_up) == (["West Gate"], ["A"])
    assert lost.held.reached == {"A": NOW + timedelta(seconds=30)}
    assert choose(site, points, held=lost.held, seconds=60).ends[0].key == "A", "the only one, as soon as it is clear"


def test_a_point_that_a_hazard_will_be_over_is_taken_when_there_is_no_other(site: SiteMap) -> None:
    points = gathering_points(site, [])
    assert [it.key for it in choose(site, points, cloud((600_000, YARD))).ends] == ["A"]


def test_a_point_of_before_that_is_no_more_is_given_up(site: SiteMap) -> None:
    held = HeldPoints(["gone"], NOW, {"gone": NOW})
    found = choose(site, gathering_points(site, []), held=held)
    assert (found.changed, found.given_up) == (True, ["gone"])


def test_without_a_point_people_are_led_out_of_the_building(site: SiteMap) -> None:
    found = choose(site, [])
    assert ([it.key for it in found.ends], found.missing, found.spare) == ([f"exit:{site.network.exits[0]}"], 0, [])
    assert choose(site, [], cloud((0, GATE))).ends == []


def test_for_whom_the_points_have_no_room_is_said(site: SiteMap) -> None:
    points = gathering_points(site, [point(1, WEST, "Yard", 4)])
    assert choose(site, points).missing == 6


def two_yards() -> SiteMap:
    b = two_corridors()
    b.meet("B", (110, 60), "北集合点|Assembly North")
    return SiteMap(b.plan())


@pytest.mark.parametrize(("wind_from_deg", "best"), [(None, "A"), (0.0, "A"), (90.0, "B")])
def test_nobody_gathers_downwind_when_they_need_not(wind_from_deg: float | None, best: str) -> None:
    site = two_yards()
    leak = cloud((0, (60.0, 5.0, 75.0, 15.0)))
    assert choose(site, gathering_points(site, []), leak, wind_from_deg=wind_from_deg).ends[0].key == best


def test_a_wind_without_a_hazard_takes_no_point(site: SiteMap) -> None:
    assert choose(site, gathering_points(site, []), wind_from_deg=90.0).ends[0].key == "A"


def test_from_a_plan_without_exits_people_go_from_where_they_are() -> None:
    b = two_corridors()
    b.doors = [it for it in b.doors if not it.exit]
    b.assembly = []
    b.meet("A", (10, 10), "大厅集合点|Assembly Hall")
    site = SiteMap(b.plan())
    found = choose(site, gathering_points(site, []))
    assert ([it.key for it in found.ends], found.spare) == (["A"], [])


def test_a_stated_point_says_its_place(site: SiteMap) -> None:
    stated = StatedPoint(ONE, Text("院", "Yard"), *lon_lat(*WEST), 0, None)
    assert gathering_points(site, [stated])[0].at == (stated.lon, stated.lat)
