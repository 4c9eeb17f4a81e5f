"""Questions asked of a map: ways, equipment, people. The house is that of ``test_geo_guidance``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest

from core.errors import Invalid, NotFound
from core.ids import new_id
from geo import foreseen
from geo.foreseen import SLICE_MS, foresee, guide_ahead
from geo.graph.csr import BANNED
from geo.guidance import Goal
from geo.hazards.model import Area, Concentration, Hazard, Slice
from geo.places.model import Level
from geo.routing.snapping import at_node
from geo.site_map import AS_DRAWN, Passages, SiteMap, Standing
from incidents.wayfinding.surroundings import Surroundings
from incidents.wayfinding.ways import CHOICES_MAX, NOT_AHEAD, Moment, find_way, held
from incidents.wayfinding.who_and_what import Crowd, nearest_equipment, people_first_there
from mobile_contract.text import Text
from mobile_contract.wayfinding_questions import (
    AtAssembly,
    AtEquipment,
    AtExit,
    AtPosition,
    AtRoom,
    AtZone,
    WayGoal,
    WayQuestion,
    WayStart,
    WayView,
)
from people.presence.service import Whereabouts
from plant.model import Zone
from resources.equipment.model import Equipment
from tests.example_buildings import two_corridors
from tests.small_buildings import SITE, Building
from tests.unit.test_geo_guidance import EAST, HOUR_MS, NORTH, STORE, ban, placed, square

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TENANT, PLACE_PLAN, HALL_ZONE, YARD, FAR = (new_id() for _ in range(5))
SOUTH = (30, 1, 50, 5)


def zone(own: UUID, box: tuple[float, float, float, float], level: int = 0) -> Zone:
    name = Text("区域", "zone")
    return Zone(TENANT, own, TENANT, None, "zone", name, square(*box), level, 0, [], [], 1, NOW)


ZONES = {
    HALL_ZONE: zone(HALL_ZONE, (0, 0, 20, 20)),
    YARD: zone(YARD, (64, 8, 66, 9)),
    FAR: zone(FAR, (0, 0, 20, 20), level=7),
}


@pytest.fixture(scope="module")
def site() -> SiteMap:
    return SiteMap(two_corridors().plan())


def moment(site: SiteMap, *standing: Standing, equipment: Sequence[Equipment] = (), **passages: Any) -> Moment:
    names = {it.hazard.id: Text("泄漏", "the leak") for it in standing}
    around = Surroundings(list(standing), names, Passages(**passages), list(equipment))
    return Moment(NOW, PLACE_PLAN, site, ZONES, around)


def at(x: float, y: float, level: int = 0, accuracy_m: float = 0.0) -> AtPosition:
    lon, lat = SITE.to_degrees([(x, y)])[0].tolist()
    return AtPosition(lon=lon, lat=lat, level=level, accuracy_m=accuracy_m)


def ask(where: Moment, to: WayGoal | None = None, start: WayStart | None = None, /, **more: Any) -> WayView:
    return find_way(where, WayQuestion(from_=start or at(10, 15), to=to or AtRoom(room="store"), **more))


def said(found: WayView) -> str:
    return " ".join(it.text.en for it in found.steps)


def drifting(
    *boxes: tuple[float, float, float, float] | None, each_ms: int = SLICE_MS, factor: float | None = None
) -> Standing:
    """A hazard that is in each box for a slice, and stays in the last; None: nowhere."""
    slices = [
        Slice(
            start_ms=number * each_ms,
            length_ms=each_ms,
            areas=[] if box is None else [Area(polygon=square(*box), levels=[0], factor=factor)],
        )
        for number, box in enumerate(boxes)
    ]
    return Standing(Hazard(id="plume", source="forecast", slices=slices))


def test_a_way_is_told_with_its_time_and_drawn(site: SiteMap) -> None:
    found = ask(moment(site))
    assert (found.state, found.mode, found.plan) == ("safe", "avoiding", PLACE_PLAN)
    assert found.target == Text("库房", "Store")
    assert "North Door 1" in said(found)
    assert found.walk_s > 30
    assert found.arrives_at == NOW + timedelta(seconds=found.walk_s)
    assert found.distance_m > 40
    assert (found.crossed, found.least_harm, found.forecast, found.choices, found.reason) == ([], None, None, [], None)
    assert [it["properties"]["n"] for it in found.geometry["features"]] == [it.n for it in found.steps]
    assert {it["geometry"]["type"] for it in found.geometry["features"]} == {"LineString"}


def test_a_ban_is_gone_around_and_what_slows_is_told(site: SiteMap) -> None:
    found = ask(moment(site, ban("leak", NORTH), ban("smoke", SOUTH, factor=2.0)))
    assert found.state == "safe"
    assert "South Door 1" in said(found)
    (crossed,) = found.crossed
    assert (crossed.id, crossed.factor, crossed.name) == ("smoke", 2.0, Text("泄漏", "the leak"))
    assert 0 < crossed.seconds < found.walk_s


def test_where_no_way_is_safe_the_cost_of_one_is_told_and_a_crew_may_go_through(site: SiteMap) -> None:
    where = moment(site, ban("leak", EAST, ppm=200.0))
    found = ask(where)
    assert found.state == "no_safe_route"
    assert found.reason is not None
    assert "Wait at the edge" in found.reason.en
    assert found.crossed == []
    assert found.least_harm is not None
    assert found.least_harm.share is not None
    assert found.limit == found.least_harm.limit
    assert "South Door 2" not in said(found)
    assert "North Door 2" not in said(found)
    crew = ask(where, through=True, mask="breathing_apparatus", air_min=30.0)
    assert crew.state == "no_safe_route"
    assert [it.factor for it in crew.crossed] == [None]
    assert crew.steps[-1].kind == "arrive"
    assert crew.least_harm is not None
    assert crew.least_harm.share is not None
    assert crew.least_harm.share < found.least_harm.share / 1_000
    assert crew.warnings[0].en.startswith("No route is safe")


def test_no_way_at_all_is_said(site: SiteMap) -> None:
    found = ask(moment(site, doors={"NE": "locked", "SE": "locked"}))
    assert (found.state, found.steps, found.arrives_at, found.target.en) == ("no_route", [], None, "Store")
    assert found.geometry == {"type": "FeatureCollection", "features": []}
    assert found.reason is not None


def test_one_in_a_hazard_is_led_out_of_it(site: SiteMap) -> None:
    where = moment(site, ban("leak", (0, 0, 20, 20)))
    found = ask(where)
    assert (found.state, found.leaving) == ("safe", True)
    assert [it.factor for it in found.crossed] == [None]
    ahead = ask(where, mode="predicted")
    assert (ahead.state, ahead.leaving) == ("safe", True)
    assert ahead.forecast is not None
    assert not ahead.forecast.holds


def test_lifts_are_taken_where_they_may_be(site: SiteMap) -> None:
    up = at(10, 10, level=1)
    assert {it.kind for it in ask(moment(site), up).steps} >= {"stairs"}
    assert {it.kind for it in ask(moment(site), up, lifts=True).steps} >= {"lift"}
    assert ask(moment(site, shut=frozenset({"S"})), up).state == "no_route"


@pytest.mark.parametrize(
    ("goal", "name"),
    [
        (AtRoom(room="north"), "North Corridor"),
        (AtZone(zone=YARD), "zone"),
        (AtAssembly(), "Assembly West"),
        (AtAssembly(points=["A"]), "Assembly West"),
        (AtExit(), "West Gate"),
    ],
)
def test_a_goal_is_called_by_its_name(site: SiteMap, goal: WayGoal, name: str) -> None:
    found = ask(moment(site), goal)
    assert found.state == "safe"
    assert name in found.target.en


@pytest.mark.parametrize("start", [AtZone(zone=HALL_ZONE), AtRoom(room="hall"), at(10, 15, accuracy_m=5.0)])
def test_one_sets_out_from_a_zone_a_room_or_a_position(site: SiteMap, start: WayStart) -> None:
    assert "North Door 1" in said(ask(moment(site), None, start))


def test_to_where_one_is_there_is_nothing_to_walk(site: SiteMap) -> None:
    found = ask(moment(site), AtRoom(room="hall"))
    assert (found.state, found.steps[-1].kind, found.target.en) == ("safe", "arrive", "Hall")
    assert ask(moment(site), AtExit(), at(0, 10)).distance_m < 1


@pytest.fixture(scope="module")
def walled() -> SiteMap:
    """A hall with a solid column in it, beside a shed that no door leads to; a cellar without ways."""
    b = Building(levels=[Level(level=0, name=Text("一层", "ground")), Level(level=-1, name=Text("地下", "cellar"))])
    b.room("hall", (0, 0, 20, 20))
    b.room("column", (8, 8, 12, 12), "solid")
    b.room("shed", (30, 0, 34, 4))
    b.door("X", (0, 10), ("hall", None), exit=True)
    b.door("Y", (20, 10), ("hall", None), exit=True)
    return SiteMap(b.plan())


@pytest.mark.parametrize(
    ("start", "code", "field"),
    [
        (at(10, 10), "geo.position_in_solid", "from"),
        (at(32, 2), "geo.position_shut_in", "from"),
        (at(10, 500), "geo.position_off_site", "from"),
        (at(2, 2, level=-1), "geo.level_without_ways", "from.level"),
        (AtPosition(lon=SITE.lat, lat=SITE.lon), "geo.position_invalid", "from"),
        (AtZone(zone=FAR), "geo.level_without_ways", "from.level"),
    ],
)
def test_a_start_that_is_none_is_named(walled: SiteMap, start: WayStart, code: str, field: str) -> None:
    for goal, wrong in ((None, start), (start, None)):
        with pytest.raises(Invalid) as refused:
            ask(moment(walled), goal or AtExit(), wrong or at(2, 2))
        assert refused.value.code == code
        assert refused.value.field == (field if goal is None else field.replace("from", "to"))
        assert refused.value.zh


def test_nobody_sets_out_from_inside_a_column(walled: SiteMap) -> None:
    with pytest.raises(Invalid) as refused:
        ask(moment(walled), AtExit(), AtRoom(room="column"))
    assert (refused.value.code, refused.value.field) == ("geo.position_in_solid", "from")


def test_an_accuracy_that_is_none_is_named_too(walled: SiteMap) -> None:
    with pytest.raises(Invalid) as refused:
        ask(moment(walled), AtExit(), at(2, 2, accuracy_m=501.0))
    assert (refused.value.code, refused.value.field) == ("geo.position_invalid", "from.accuracy_m")


def test_swapped_degrees_are_told_as_such() -> None:
    """Where both are within 84 degrees they can be told apart by the site alone."""
    b = Building()
    b.room("hall", (0, 0, 20, 20))
    b.door("X", (0, 10), ("hall", None), exit=True)
    b.door("Y", (20, 10), ("hall", None), exit=True)
    plan = b.plan()
    moved = msgspec.json.decode(msgspec.json.encode(plan).replace(b"121.4", b"61.4"), type=type(plan))
    where = moment(SiteMap(moved))
    with pytest.raises(Invalid) as refused:
        ask(where, AtExit(), AtPosition(lon=31.03, lat=61.44))
    assert refused.value.code == "geo.position_off_site"
    assert refused.value.en.endswith("longitude and latitude are swapped")
    with pytest.raises(Invalid) as refused:
        ask(where, AtExit(), AtPosition(lon=10.0, lat=10.0))
    assert "swapped" not in refused.value.en
    with pytest.raises(Invalid) as refused:
        ask(where, AtExit(), AtPosition(lon=100.0, lat=31.0))
    assert "swapped" not in refused.value.en
    with pytest.raises(Invalid) as refused:
        ask(where, AtExit(), AtPosition(lon=100.0, lat=100.0))
    assert "swapped" not in refused.value.en


@pytest.mark.parametrize(
    ("start", "goal", "code", "field"),
    [
        (AtZone(zone=TENANT), AtExit(), "zone.not_found", "from"),
        (AtRoom(room="attic"), AtExit(), "room.not_found", "from"),
        (at(10, 15), AtZone(zone=TENANT), "zone.not_found", "to"),
        (at(10, 15), AtRoom(room="attic"), "room.not_found", "to"),
        (at(10, 15), AtEquipment(equipment=TENANT), "equipment.not_found", "to"),
        (at(10, 15), AtAssembly(points=["A", "B"]), "assembly_point.not_found", "to"),
    ],
)
def test_what_there_is_none_of_is_named(site: SiteMap, start: WayStart, goal: WayGoal, code: str, field: str) -> None:
    with pytest.raises(NotFound) as refused:
        ask(moment(site), goal, start)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_plan_without_an_exit_has_none_to_lead_to() -> None:
    b = Building()
    b.room("hall", (0, 0, 20, 20))
    b.room("store", (20, 0, 40, 20))
    b.door("D", (20, 10), ("hall", "store"))
    b.door("E", (20, 15), ("hall", "store"))
    where = moment(SiteMap(b.plan()))
    for goal in (AtExit(), AtAssembly()):
        with pytest.raises(NotFound) as refused:
            ask(where, goal)
        assert refused.value.code == "wayfinding.no_exit"


def test_a_small_zone_between_the_ways_is_reached_in_its_middle(site: SiteMap) -> None:
    found = ask(moment(site), AtZone(zone=YARD))
    end = found.steps[-1].line["coordinates"][-1]
    assert found.state == "safe"
    assert end


def test_the_way_keeps_ahead_of_the_forecast(site: SiteMap) -> None:
    """The cloud reaches the north corridor while one walks there, and not the south one."""
    where = moment(site, drifting(None, NORTH))
    assert "North Door 1" in said(ask(where))
    found = ask(where, mode="predicted")
    assert found.state == "safe"
    assert "South Door 1" in said(found)
    assert found.forecast is not None
    assert (found.forecast.holds, found.forecast.moving, found.forecast.slice_s) == (True, True, 15.0)
    assert found.forecast.until_s == 1_200.0


def test_where_the_forecast_overtakes_every_way_nobody_is_sent(site: SiteMap) -> None:
    where = moment(site, drifting(None, (30, -5, 50, 25)))
    assert ask(where).state == "safe"
    found = ask(where, mode="predicted")
    assert (found.state, found.reason, found.steps) == ("no_safe_route", NOT_AHEAD, [])
    assert found.forecast is not None
    assert not found.forecast.holds


def test_hazards_without_a_forecast_are_said_to_stay(site: SiteMap) -> None:
    found = ask(moment(site, ban("leak", NORTH)), mode="predicted")
    assert found.forecast is not None
    assert (found.forecast.holds, found.forecast.moving) == (True, False)
    assert "stay as they are" in found.forecast.stated.en
    shut = ask(moment(site, ban("leak", EAST)), mode="predicted")
    assert shut.state == "no_safe_route"
    assert shut.reason is not None
    assert "Wait at the edge" in shut.reason.en


def test_nobody_is_ever_on_an_arc_while_the_forecast_bans_it(site: SiteMap) -> None:
    hazards = site.hazards([drifting(None, NORTH, (20, 10, 58, 18))])
    ahead = foresee(site, hazards, AS_DRAWN)
    now = site.conditions(hazards)
    way = guide_ahead(site, now, ahead, placed(site, 10, 15), [Goal(placed(site, 70, 12), STORE)])
    assert way is not None
    assert way.route is not None
    last = len(ahead.times) - 1
    for arc in way.route.arcs.tolist():
        assert ahead.times[last, arc] != BANNED


def test_a_forecast_of_a_great_site_is_looked_at_less_far(site: SiteMap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreseen, "TIMES_MAX", site.graph.arcs * 3)
    assert len(foresee(site, site.hazards([]), AS_DRAWN).times) == 3
    monkeypatch.setattr(foreseen, "TIMES_MAX", 1)
    assert len(foresee(site, site.hazards([]), AS_DRAWN).times) == 1


def test_a_way_along_one_arc_is_told_ahead_of_the_forecast(site: SiteMap) -> None:
    found = ask(moment(site), at(40, 17), at(30, 17), mode="predicted")
    assert found.state == "safe"
    assert found.distance_m == pytest.approx(10, abs=0.5)


def airy(
    box: tuple[float, float, float, float], mg_m3: float, factor: float | None = 1.5, agent: str = "acetone"
) -> Standing:
    area = Area(polygon=square(*box), levels=[0], factor=factor, air=[Concentration(agent, mg_m3, "mg/m3")])
    return Standing(
        Hazard(id=f"air-{agent}", source="forecast", slices=[Slice(start_ms=0, length_ms=HOUR_MS, areas=[area])])
    )


def test_with_a_mask_time_is_weighed_against_dose(site: SiteMap) -> None:
    """Through thick air in the north, or by a longer clean way in the south."""
    where = moment(site, airy(NORTH, 4_500.0, factor=1.001))
    assert ask(where).choices == []
    found = ask(where, mask="half")
    assert 2 <= len(found.choices) <= CHOICES_MAX
    times = [it.walk_s for it in found.choices]
    shares = [it.share for it in found.choices]
    assert times == sorted(times)
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0
    assert [it.name for it in found.choices[0].crossed] == [Text("泄漏", "the leak")]
    assert not any(it.banned for it in found.choices)
    assert found.choices[0].air_left_s is None
    assert found.choices[0].lines[0]["line"]["type"] == "LineString"
    short = ask(where, mask="full", air_min=0.5)
    assert short.choices[0].air_left_s == pytest.approx(30 - short.choices[0].walk_s)


def test_choices_go_through_bans_for_a_crew_alone(site: SiteMap) -> None:
    where = moment(site, airy(NORTH, 4_500.0, factor=None))
    assert not any(it.banned for it in ask(where, mask="half").choices)
    assert any(it.banned for it in ask(where, mask="half", through=True).choices)


def test_without_one_agent_there_is_no_dose_to_choose_by(site: SiteMap) -> None:
    two = moment(site, airy(NORTH, 4_500.0), airy(NORTH, 10.0, agent="ammonia"))
    assert ask(two, mask="half").choices == []
    assert ask(two, mask="half").limit is None
    named = ask(two, mask="half", agent="ammonia")
    assert named.limit is not None
    assert named.choices


def thing(x: float, y: float, level: int = 0, **changes: Any) -> Equipment:
    lon, lat = SITE.to_degrees([(x, y)])[0].tolist()
    known: dict[str, Any] = {
        "tenant_id": TENANT, "id": new_id(), "site_id": TENANT, "zone_id": None, "slug": "it", "kind": "extinguisher",
        "name": Text("灭火器", "extinguisher"), "classes": None, "lon": lon, "lat": lat, "level": level, "in_stock": 1,
        "expires_at": None, "next_inspection_on": None, "state": "ready", "state_reason": None, "note": "",
        "retired_at": None, "version": 1, "created_at": NOW,
    }  # fmt: skip
    return Equipment(**known | changes)


def test_a_way_leads_to_a_thing_on_the_wall(site: SiteMap) -> None:
    it = thing(50, 16.2)
    found = ask(moment(site, equipment=[it]), AtEquipment(equipment=it.id))
    assert (found.state, found.target) == ("safe", it.name)


def test_the_nearest_that_can_be_used_and_why_nearer_ones_can_not(site: SiteMap) -> None:
    empty, out = thing(22, 17, in_stock=0), thing(24, 17, state="out_of_service", state_reason="broken")
    old, lost = thing(26, 17, expires_at=NOW), thing(200, 200)
    burning, near, far = thing(35, 17), thing(25, 3), thing(59, 3)
    shower = thing(21, 17, kind="shower")
    things = [far, near, burning, old, out, empty, lost, shower]
    where = moment(site, ban("fire", (30, 15, 40, 19)), equipment=things)
    found = nearest_equipment(where, at(10, 15), "extinguisher", 2)
    assert [it.id for it in found.found] == [near.id, far.id]
    assert found.found[0].walk_s < found.found[1].walk_s
    assert {it.id: it.why for it in found.refused} == {
        empty.id: "empty", out.id: "out_of_service", old.id: "expired", burning.id: "in_hazard",
    }  # fmt: skip
    assert all(it.walk_s is not None for it in found.refused)
    more = nearest_equipment(where, at(10, 15), "extinguisher", 3)
    assert {it.id: it.why for it in more.refused}[lost.id] == "not_on_map"
    assert nearest_equipment(where, AtZone(zone=HALL_ZONE), "shower", 1).found[0].id == shower.id
    none = nearest_equipment(where, at(10, 15), "stretcher", 1)
    assert (none.found, none.refused) == ([], [])


def test_what_no_way_joins_is_said_to_be_out_of_reach(site: SiteMap) -> None:
    it = thing(70, 10)
    shut = moment(site, equipment=[it], doors={"NE": "locked", "SE": "locked"})
    found = nearest_equipment(shut, at(10, 15), "extinguisher", 1)
    assert [(it.why, it.walk_s) for it in found.refused] == [("unreachable", None)]


def test_a_place_of_parameters_is_named_by_them(site: SiteMap) -> None:
    for place, field in ((at(10, 900), "lon"), (at(10, 15, level=9), "level"), (AtZone(zone=FAR), "zone")):
        with pytest.raises(Invalid) as refused:
            nearest_equipment(moment(site), place, "aed", 1)
        assert refused.value.field == field
    with pytest.raises(NotFound) as missing:
        nearest_equipment(moment(site), AtZone(zone=TENANT), "aed", 1)
    assert missing.value.field == "zone"


def person(name: str, where: AtPosition | UUID | None, **changes: Any) -> Whereabouts:
    known: dict[str, Any] = {
        "person_id": new_id(), "kind": "staff", "name": name, "site_id": TENANT, "on_site": True,
        "zone_id": where if isinstance(where, UUID) else None, "level": None, "position": None, "accuracy_m": None,
        "seen_at": NOW, "source": "badge", "confidence": 0.9,
    }  # fmt: skip
    if isinstance(where, AtPosition):
        known |= {"position": (where.lon, where.lat), "level": where.level, "accuracy_m": 5.0, "source": "phone"}
    return Whereabouts(**known | changes)


def test_who_is_there_first_and_who_is_not_able_to_come(site: SiteMap) -> None:
    near, far, cut = person("near", at(55, 17)), person("far", at(10, 15)), person("cut", at(10, 10, level=1))
    badge, unskilled = person("badge", HALL_ZONE), person("unskilled", at(58, 17))
    lost = person("lost", None)
    people = [far, near, cut, badge, unskilled, lost]
    aid = frozenset({"first_aid", "hf"})
    crowd = Crowd(people, {it.person_id: aid for it in people if it is not unskilled})
    where = moment(site, shut=frozenset({"S"}))
    found = people_first_there(where, crowd, at(70, 12), {"first_aid"}, 2)
    assert [it.name for it in found.first] == ["near", "far"]
    assert found.first[0].known_by == "position"
    assert found.first[0].skills == ["first_aid", "hf"]
    assert {it.name: it.why for it in found.away} == {"cut": "cut_off", "lost": "place_unknown"}
    everybody = people_first_there(where, crowd, at(70, 12), frozenset(), 9)
    assert everybody.first[0].name == "unskilled"
    assert {it.name: it.known_by for it in everybody.first}["badge"] == "zone"


def test_a_position_that_is_none_falls_back_to_the_zone(site: SiteMap) -> None:
    off = at(10, 900)
    people = [
        person("off", off, zone_id=HALL_ZONE),
        person("nowhere", off),
        person("no floor", FAR),
        person("floorless", at(10, 15), level=None, zone_id=HALL_ZONE),
        person("ground", at(10, 15), level=None),
    ]
    found = people_first_there(moment(site), Crowd(people, {}), at(70, 12), (), 9)
    assert {it.name: it.known_by for it in found.first} == {
        "off": "zone", "floorless": "position", "ground": "position",
    }  # fmt: skip
    assert {it.name for it in found.away} == {"nowhere", "no floor"}


def test_one_in_a_hazard_gets_out_of_it_first(site: SiteMap) -> None:
    crowd = Crowd([person("in", at(10, 15))], {})
    found = people_first_there(moment(site, ban("leak", (0, 0, 20, 20))), crowd, at(70, 12), (), 1)
    assert [it.leaving_hazard for it in found.first] == [True]


def test_no_safe_answer_crosses_a_ban(site: SiteMap) -> None:
    """Whatever is asked, from wherever: a way that is called safe goes over no arc that is banned."""
    for box in (NORTH, SOUTH, EAST, (20, 0, 30, 20)):
        where = moment(site, ban("leak", box))
        here = held(where)
        for node in range(0, site.graph.nodes, 3):
            if site.graph.level[node]:
                continue
            place = at_node(site.graph, node)
            start = at(*SITE.to_metres(site.projection.to_degrees([(place.x, place.y)]))[0].tolist())
            for mode in ("avoiding", "predicted"):
                found = ask(where, None, start, mode=mode)
                if found.state == "safe" and not found.leaving:
                    assert not any(it.factor is None for it in found.crossed)
                    for step in found.steps:
                        metres = site.projection.to_metres(step.line["coordinates"])
                        mids = (metres[1:] + metres[:-1]) / 2
                        level = np.full(len(mids), step.level, dtype=np.int32)
                        assert not here.ground.now.inside(mids[:, 0], mids[:, 1], level).any()
