"""Who is told which way out, who keeps theirs, and what rooms are shown. The house is the one of two corridors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from geo.evacuation.certificate import Certificate
from geo.site_map import Passages, SiteMap
from incidents.evacuation import leading_out
from incidents.evacuation.leading_out import Led, Moment, here, lead_out, walked_by_now
from incidents.evacuation.look import certificate_view, plan_view, told_points
from incidents.evacuation.planning import Evacuated, evacuate, forecast_shuts
from incidents.evacuation.points_chosen import gathering_points
from incidents.wayfinding.model import LastFix, RouteRow
from tests.evacuation_scene import (
    CALL,
    IDS,
    INCIDENT,
    NORTH,
    NOW,
    SITE_ID,
    SOUTH,
    TENANT,
    YARD,
    Leaving,
    cloud,
    point,
    seen,
)
from tests.example_buildings import two_corridors
from tests.wayfinding_world import lon_lat

STORE = (60.0, 0.0, 80.0, 20.0)
SURROUNDED = [cloud((0, STORE)), cloud((0, NORTH), name="north"), cloud((0, SOUTH), name="south")]
LOCKED = Passages({"NE": "locked", "SE": "locked"})


@pytest.fixture(scope="module")
def site() -> SiteMap:
    return SiteMap(two_corridors().plan())


@pytest.fixture
def leaving(site: SiteMap) -> Leaving:
    return Leaving(site)


def doors_of(leaving: Leaving, row: RouteRow) -> set[Any]:
    assert row.way is not None
    return {leaving.ground.site.network.arc_of[arc] for arc in row.way.arcs} - {None}


def test_everyone_with_a_phone_is_told_a_way_to_the_point(leaving: Leaving) -> None:
    li, visitor = leaving.add(at=(70, 17)), leaving.add(kind="visitor")
    planned = leaving.look()
    (row,) = planned.told
    assert (row.account_id, row.state, row.purpose, row.revision) == (li, "safe", "evacuate", 1)
    assert (row.view.cause, row.view.target.en, row.view.from_source) == ("given", "Assembly West", "phone")
    assert doors_of(leaving, row) == {"NE", "NW", "X"}
    assert row.view.arrives_at is not None
    assert visitor not in leaving.ways
    assert planned.made.out == 2


def test_equal_ways_are_put_into_words_once(leaving: Leaving) -> None:
    for _ in range(2):
        leaving.add(at=(70, 17))
    one, other = leaving.look().told
    assert one.way is not None
    assert other.way is not None
    assert one.way.steps is other.way.steps


def test_who_walks_as_planned_keeps_the_way(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.look()
    assert leaving.look(20).told == []


def test_who_is_at_the_point_already_is_told_so_and_once(leaving: Leaving) -> None:
    leaving.add("yard", at=(-20, 10))
    (row,) = leaving.look().told
    assert row.view.arrived_at == NOW
    assert row.way is not None
    assert row.way.arcs == []
    assert leaving.look(30).told == []


@pytest.mark.parametrize(
    ("source", "told"), [("badge", "badge"), ("visit", "visit"), ("shift", "zone"), ("phone", "zone")]
)
def test_without_a_position_the_zone_stands_for_it(leaving: Leaving, source: str, told: str) -> None:
    leaving.add(source=source)
    (row,) = leaving.look().told
    assert row.view.from_source == told


def test_where_somebody_was_seen_last_counts_before_the_roll_calls_list(leaving: Leaving) -> None:
    li = leaving.add("store")
    leaving.seen[li] = seen(leaving.people[0], None, zone_id=IDS["gallery"], source="badge")
    (row,) = leaving.look().told
    assert doors_of(leaving, row) >= {"S"}
    leaving.seen[li] = seen(leaving.people[0], (900, 900), zone_id=None, on_site=False)
    assert leaving.look(1).made.unknown == 0, "a position in a wall counts for nothing, and the way is known"


def test_a_position_that_is_no_place_leaves_it_to_the_zone(leaving: Leaving) -> None:
    leaving.add(at=(900, 900))
    (row,) = leaving.look().told
    assert row.view.from_source == "zone"


def test_of_whom_nobody_knows_the_place_nothing_is_told(leaving: Leaving) -> None:
    leaving.add(None)
    leaving.add("nowhere")
    planned = leaving.look()
    assert (planned.told, planned.made.unknown) == ([], 2)
    view = plan_view(CALL, 1, NOW, planned.made)
    assert view.text.en == "0 people are expected out within 0 min 0 s; of 2 nobody knows where they are"


def test_whoever_is_accounted_for_is_planned_for_no_more(leaving: Leaving) -> None:
    leaving.add()
    leaving.becomes("accounted")
    assert leaving.look().made.evacuees == []


def test_a_hazard_on_the_way_turns_people_and_says_why(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.look()
    leaving.standing = [cloud((0, NORTH))]
    (row,) = leaving.look(5).told
    assert (row.revision, row.state, row.view.cause) == (2, "safe", "hazard")
    assert doors_of(leaving, row) >= {"SE", "SW", "X"}


def test_a_hazard_that_will_be_on_the_way_turns_people_too(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.look()
    leaving.standing = [cloud((10_000, NORTH))]
    (row,) = leaving.look(1).told
    assert (row.state, row.view.cause) == ("safe", "hazard")
    assert doors_of(leaving, row) >= {"SE", "SW", "X"}


def test_who_walks_towards_what_will_be_before_them_turns_round(leaving: Leaving) -> None:
    leaving.add(at=(50, 17))
    leaving.look()
    leaving.standing = [cloud((5_000, (20.0, 14.0, 30.0, 19.0)))]
    (row,) = leaving.look(1).told
    assert row.view.cause == "hazard"
    assert doors_of(leaving, row) == {"NE", "SE", "SW", "X"}


def test_a_door_that_is_locked_turns_people(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.look()
    leaving.passages = Passages({"NW": "locked"})
    (row,) = leaving.look(5).told
    assert (row.state, row.view.cause) == ("safe", "passage")


def test_who_left_the_way_is_given_another(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.look()
    (li,) = leaving.ways
    for second in range(10, 60, 10):
        leaving.seen[li] = seen(leaving.people[0], (62, 2), seconds=second)
        planned = leaving.look(second)
        if planned.told:
            break
    (row,) = planned.told
    assert (row.state, row.view.cause, row.view.from_source) == ("safe", "off_route", "phone")
    assert row.view.off_route is False


def test_a_position_on_the_way_moves_it_along(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.look()
    (li,) = leaving.ways
    leaving.seen[li] = seen(leaving.people[0], (50, 17), seconds=20)
    planned = leaving.look(21)
    assert planned.told == []
    (row,) = planned.moved
    assert row.progress is not None
    assert walked_by_now(row, NOW) == row.progress.at_ms > 0
    leaving.seen[li] = seen(leaving.people[0], (40, 17), seconds=-30)
    assert leaving.look(22).moved == [], "what is older than the way says nothing of it"
    leaving.seen[li] = seen(leaving.people[0], (40, 17), seconds=30, source="badge")
    assert leaving.look(31).moved == []


def test_a_new_plan_of_the_place_gives_everyone_a_new_way(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.look()
    (li,) = leaving.ways
    row = leaving.ways[li]
    assert row.way is not None
    leaving.ways[li] = replace(row, way=replace(row.way, plan=UUID(int=9)))
    (again,) = leaving.look(5).told
    assert again.view.cause == "plan"


def test_a_position_of_a_way_that_is_none_any_more_says_where_one_is(leaving: Leaving) -> None:
    leaving.add("hall")
    leaving.look()
    (li,) = leaving.ways
    row = leaving.ways[li]
    assert row.way is not None
    fix = LastFix(NOW + timedelta(seconds=1), *lon_lat(70, 17), 2.0, None)
    leaving.ways[li] = replace(row, way=replace(row.way, plan=UUID(int=9)), fix=fix)
    (again,) = leaving.look(5).told
    assert (again.view.from_source, "NE" in doors_of(leaving, again)) == ("phone", True)
    leaving.ways[li] = replace(row, way=replace(row.way, plan=UUID(int=9)), fix=replace(fix, lon=0.0))
    (again,) = leaving.look(6).told
    assert again.view.from_source == "badge"


def test_when_the_point_is_given_up_people_are_told_of_the_other(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    first = leaving.look()
    assert told_points(first.gather)[0].name.en == "Assembly West"
    leaving.standing = [cloud((0, YARD))]
    planned = leaving.look(5)
    assert [it.en for it in planned.given_up] == ["Assembly West"]
    assert told_points(planned.gather)[0].name.en == "West Gate"
    (row,) = planned.told
    assert (row.view.cause, row.view.target.en) == ("muster_point", "West Gate")


def test_a_clearly_better_way_is_told(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.passages = Passages({"NW": "locked"})
    leaving.look()
    leaving.passages = Passages()
    (li,) = leaving.ways
    row = leaving.ways[li]
    leaving.ways[li] = replace(row, view=replace(row.view, arrives_at=NOW + timedelta(minutes=20)))
    (again,) = leaving.look(1).told
    assert again.view.cause == "faster"
    leaving.ways[li] = replace(row, view=replace(row.view, arrives_at=None))
    assert leaving.look(1).told == [], "a little better is none"


def test_who_is_cut_off_is_told_to_stay_and_once(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.passages = LOCKED
    planned = leaving.look()
    (row,) = planned.told
    assert (row.state, row.way, row.view.target.en) == ("no_route", None, "the assembly point")
    assert row.view.reason is not None
    assert "Stay where you are" in row.view.reason.en
    assert leaving.look(5).told == []
    view = plan_view(CALL, 2, NOW, planned.made)
    assert (view.cut_off, view.reasons[0].people, view.zones[0].clear_s) == (1, 1, None)
    assert "1 are cut off and need rescue" in view.text.en
    leaving.passages = Passages()
    (free,) = leaving.look(10).told
    assert (free.state, free.revision, free.view.cause) == ("safe", 2, "hazard")


def test_by_a_hazard_one_is_cut_off_without_a_safe_way(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.standing = [cloud((0, NORTH)), cloud((0, SOUTH), name="other")]
    (row,) = leaving.look().told
    assert (row.state, row.way) == ("no_safe_route", None)


def test_who_stands_in_a_hazard_without_a_way_out_is_led_by_the_least_harm_and_once(leaving: Leaving) -> None:
    for _ in range(2):
        leaving.add(at=(70, 17))
    leaving.standing = SURROUNDED
    row, other = leaving.look().told
    assert (row.state, other.state) == ("no_safe_route", "no_safe_route")
    assert row.way is not None
    assert row.view.steps
    assert row.progress is not None
    fix = LastFix(NOW, *lon_lat(70, 17), 2.0, 0)
    for it in (row, other):
        leaving.ways[it.account_id] = replace(it, fix=fix, progress=replace(row.progress, off=True))
    assert leaving.look().told == [], "they have not moved"


def test_for_more_than_so_many_the_least_harm_is_not_searched(
    leaving: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading_out, "GUIDED_MAX", 1)
    for x in (62, 63):
        leaving.add(at=(x, 15))
    leaving.standing = SURROUNDED
    assert sorted(it.way is None for it in leaving.look().told) == [False, True]


def test_who_is_led_by_the_least_harm_and_then_locked_in_is_told_so(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.standing = SURROUNDED
    leaving.look()
    leaving.passages = LOCKED
    (again,) = leaving.look().told
    assert (again.state, again.way) == ("no_safe_route", None)


def test_who_stands_in_a_hazard_behind_locked_doors_is_told_to_stay(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    leaving.standing, leaving.passages = [cloud((0, STORE))], LOCKED
    (row,) = leaving.look().told
    assert (row.state, row.way) == ("no_safe_route", None)


@pytest.mark.parametrize(("gates", "out"), [(True, 1), (False, 0)])
def test_who_reaches_no_point_goes_out_by_an_exit_from_which_none_is_reached(gates: bool, out: int) -> None:
    b = two_corridors()
    b.door("XE", (80, 10), ("store", None), "东门|East Gate", exit=True)
    leaving = Leaving(SiteMap(b.plan()))
    leaving.add(at=(66, 15))
    leaving.standing = [cloud((0, (45.0, -300.0, 50.0, 300.0)))]
    leaving.passages = Passages() if gates else Passages({"XE": "locked"})
    planned = leaving.look()
    assert [it.name.en for it in planned.gather.spare] == ["East Gate"]
    assert planned.made.out == out
    (row,) = planned.told
    assert row.state == ("safe" if gates else "no_safe_route")


def test_who_must_queue_is_told_for_how_long(leaving: Leaving) -> None:
    for _ in range(120):
        leaving.add(at=(70, 17))
    told = leaving.look().told
    assert any("Expect to queue" in warning.en for row in told for warning in row.view.warnings)
    assert any(all("queue" not in warning.en for warning in row.view.warnings) for row in told)


def test_the_view_shows_points_numbers_and_how_good_the_plan_is(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    planned = leaving.look(points=[point(1, (-20, 10), "Yard", 30)])
    view = plan_view(CALL, 1, NOW, planned.made)
    assert [(it.name.en, it.people, it.capacity) for it in view.points] == [("Yard", 1, 30)]
    assert [(it.name.en, it.people) for it in view.zones] == [("store", 1)]
    assert view.text.en.startswith("1 people are expected out within")
    certificate = certificate_view(Certificate(1_001, 2_000, False))
    assert (certificate.bound_s, certificate.proven) == (1.1, False)


def test_how_far_one_is_without_a_position_follows_the_prediction(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    (row,) = leaving.look().told
    assert row.way is not None
    assert row.view.arrives_at is not None
    total = sum(row.way.millis)
    half = NOW + (row.view.arrives_at - NOW) / 2
    assert walked_by_now(row, half) == pytest.approx(total / 2)
    assert walked_by_now(row, NOW + timedelta(hours=1)) == total
    assert walked_by_now(replace(row, view=replace(row.view, arrives_at=NOW)), NOW) == total
    assert walked_by_now(replace(row, way=None), NOW) == 0
    assert here(leaving.ground, replace(row, way=None), NOW) is None


def moment(leaving: Leaving, made: Evacuated, shuts: Any) -> Moment:
    return Moment(
        at=NOW,
        tenant_id=TENANT,
        site_id=SITE_ID,
        incident_id=INCIDENT,
        roll_call_id=CALL,
        ground=leaving.ground,
        now=leaving.conditions(),
        hazards=leaving.ground.site.hazards(leaving.standing),
        shuts_ms=shuts,
        made=made,
    )


def test_whose_way_is_open_keeps_it_though_the_plan_has_none_for_them(leaving: Leaving) -> None:
    leaving.add(at=(70, 17))
    (row,) = leaving.look().told
    now = leaving.conditions()
    shuts = forecast_shuts(leaving.ground.site.hazards([]), now)
    ends = gathering_points(leaving.ground.site, [])
    lost = leaving.look(5).made.evacuees[0]
    made = evacuate(leaving.ground, now, shuts, [replace(lost, place=None)], ends)
    assert lead_out(moment(leaving, made, shuts), [Led(0, row.account_id, row)]) == []
