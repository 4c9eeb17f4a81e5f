"""Everyone's way out at one moment, and when each zone is clear. The house is the one of two corridors."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from geo.site_map import Passages, SiteMap, Standing
from incidents.evacuation.ground import Ground
from incidents.evacuation.planning import (
    Evacuated,
    Evacuee,
    bottlenecks,
    evacuate,
    forecast_shuts,
    foreseen,
)
from incidents.evacuation.points_chosen import GatherAt, gathering_points
from tests.evacuation_scene import GATE, IDS, NORTH, SOUTH, cloud, ground, point
from tests.example_buildings import two_corridors
from tests.wayfinding_world import lon_lat

STORE = (60.0, 0.0, 80.0, 20.0)


@pytest.fixture(scope="module")
def house() -> Ground:
    return ground(SiteMap(two_corridors().plan()))


def people(house: Ground, zone: str, count: int, *, at: tuple[float, float] | None = None) -> list[Evacuee]:
    place = house.spot(IDS[zone], UUID(int=1)) if at is None else house.site.place(*lon_lat(*at), 0)
    return [Evacuee(UUID(int=n), IDS[zone], place) for n in range(count)]


def plan(
    house: Ground,
    who: Sequence[Evacuee],
    *standing: Standing,
    ends: list[GatherAt] | None = None,
    passages: Passages | None = None,
) -> Evacuated:
    site, passages = house.site, passages or Passages()
    hazards = site.hazards(standing)
    now = site.conditions(hazards, passages)
    ends = gathering_points(site, []) if ends is None else ends
    return evacuate(house, now, forecast_shuts(hazards, now), who, ends, foreseen(site, hazards, passages))


def test_everyone_gets_a_way_and_doors_are_not_asked_for_more_than_they_let_through(house: Ground) -> None:
    made = plan(house, people(house, "store", 60))
    assert (made.out, made.cut_off, made.gathering, made.over_room) == (60, {}, [60], 0)
    ways = [made.way(number) for number in range(60)]
    first, last = min(it.out_ms for it in ways if it), max(it.out_ms for it in ways if it)
    assert last == made.cleared_ms > first
    assert all(it is not None and it.walk_ms <= it.out_ms for it in ways)
    assert {it.id for it in bottlenecks(house, made)} & {"NE", "SE", "X"}


def test_a_zone_is_clear_when_the_last_has_left_it(house: Ground) -> None:
    made = plan(house, [*people(house, "store", 5), *people(house, "gallery", 5)])
    clear = {it.name.en: it.clear_ms for it in made.zones}
    assert set(clear) == {"store", "gallery"}
    assert all(it is not None and 0 < it < made.cleared_ms for it in clear.values())


def test_a_part_of_a_hall_is_clear_when_its_people_have_come_to_a_node(house: Ground) -> None:
    made = plan(house, [*people(house, "corner", 1), *people(house, "hall", 1)])
    clear = {it.name.en: it.clear_ms for it in made.zones}
    assert clear["corner"]
    assert clear["hall"]


def test_who_is_nowhere_has_no_way_and_is_counted(house: Ground) -> None:
    made = plan(house, [*people(house, "store", 1), *people(house, "nowhere", 2)])
    assert (made.out, made.unknown, made.way(1), made.way(0) is not None) == (1, 2, None, True)
    assert [it.people for it in made.zones] == [1], "of the zone nobody is placed in nothing is said"
    nobody = plan(house, people(house, "nowhere", 1))
    assert (nobody.out, nobody.cleared_ms, nobody.situation, bottlenecks(house, nobody)) == (0, 0, None, [])


def test_without_an_end_everyone_is_cut_off(house: Ground) -> None:
    made = plan(house, people(house, "store", 2), ends=[])
    assert (made.cut_off, made.zones[0].clear_ms) == ({0: "no_way", 1: "no_way"}, None)


def test_behind_locked_doors_one_is_cut_off_and_the_others_are_not(house: Ground) -> None:
    doors = Passages({"NE": "locked", "SE": "locked"})
    made = plan(house, [*people(house, "store", 1), *people(house, "hall", 1)], passages=doors)
    assert (made.cut_off, made.out, made.row) == ({0: "no_way"}, 1, [-1, 0])
    assert [it.clear_ms is None for it in made.zones] == [True, False]


def test_nobody_stays_in_danger_because_a_yard_is_full(house: Ground) -> None:
    ends = gathering_points(house.site, [point(1, (-20, 10), "Yard", 3)])
    made = plan(house, people(house, "hall", 5), ends=ends)
    assert (made.out, made.cut_off, made.over_room) == (5, {}, 2)


def test_who_stands_in_a_hazard_leaves_it_first(house: Ground) -> None:
    made = plan(house, people(house, "store", 1), cloud((0, STORE)))
    way, row = made.way(0), made.set_out[0]
    assert way is not None
    assert row is not None
    assert row.delay_ms > 0
    assert way.arcs[: len(row.arcs)] == row.arcs


def test_a_way_sets_out_from_the_middle_of_an_arc(house: Ground) -> None:
    onto = plan(house, [Evacuee(UUID(int=1), None, house.site.place(*lon_lat(40, 17), 0))])
    way = onto.way(0)
    assert way is not None
    assert way.begin is not None
    assert way.begin_ppm > 0
    assert onto.zones == []


def test_a_hazard_that_comes_before_one_is_through_cuts_off_who_has_no_other_way(house: Ground) -> None:
    made = plan(house, people(house, "store", 1), cloud((1_000, GATE)))
    assert list(made.cut_off.values()) == ["way_shuts"]
    assert made.out == 0


def test_whom_the_quicker_way_would_shut_in_sets_out_by_the_other_at_once(house: Ground) -> None:
    who = people(house, "store", 1, at=(45, 17))
    made = plan(house, who, cloud((5_000, (20.0, 14.0, 30.0, 19.0))))
    way = made.way(0)
    assert way is not None
    doors = {house.site.network.arc_of[arc] for arc in way.arcs}
    assert {"NE", "SE"} <= doors


def test_of_a_hazard_that_stays_as_it_is_nothing_else_is_foreseen(house: Ground) -> None:
    site = house.site
    assert foreseen(site, site.hazards([cloud((0, NORTH))])) is None
    later = foreseen(site, site.hazards([cloud((0, NORTH), (60_000, SOUTH))]))
    assert later is not None


def test_when_nothing_better_is_to_be_had_the_first_plan_stands(house: Ground) -> None:
    west = (20.0, 14.0, 30.0, 19.0)
    who = people(house, "store", 1, at=(45, 17))
    made = plan(house, who, cloud((5_000, west), (10_000, SOUTH), (60_000, west)))
    assert made.cut_off == {}
    assert len(plan(house, people(house, "store", 2), cloud((1_000, GATE), (30_000, STORE))).cut_off) == 2
