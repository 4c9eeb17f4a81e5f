"""Where outside crews stand, as the product asks it: the wind of a forecast, hydrants of plan and stock, roads kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Conflict, Invalid
from core.ids import new_id
from geo.hazards.model import Area, Hazard, Slice
from geo.kept_roads import KEPT_MAX, KeptRoads
from geo.places.model import AssemblyPoint, Landmark
from geo.projection import Projection
from geo.routing.vehicles import AMBULANCE, FIRE_ENGINE
from geo.site_map import Passages, SiteMap, Standing
from incidents.wayfinding.standing_places import (
    SAME_HYDRANT_M,
    UNKNOWN_WIND,
    Blowing,
    find_standing_places,
    forecast_wind,
    hydrants_now,
    vehicle_of,
)
from incidents.wayfinding.surroundings import Surroundings
from incidents.wayfinding.ways import Moment
from mobile_contract.text import Text
from mobile_contract.vehicle_access import OwnSizes, VehicleAccessQuestion, VehicleAccessView, WindView
from mobile_contract.wayfinding_questions import AtPosition
from plant.model import Zone
from resources.equipment.model import Equipment
from tests.unit import drawn_places
from tests.unit.drawn_places import LAT, LON, at, box
from tests.unit.driven_sites import HYDRANTS, mark, site_plan

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TENANT = new_id()
HALL_ZONE = Zone(
    TENANT, new_id(), TENANT, None, "hall", Text("一号厂房", "Hall 1"), box(-20, -10, 40, 20), 0, 0, [], [], 1, NOW
)
FROM_NORTH = Blowing(WindView(from_deg=0.0, known_by="request", source="the wind sock"))
YARD = AssemblyPoint(id="yard", at=at(0, -40), name=Text("空地", "the yard"))


def map_of(**more: Any) -> SiteMap:
    return SiteMap(site_plan(assembly_points=[YARD], **more))


@pytest.fixture(scope="module")
def site() -> SiteMap:
    return map_of()


def hydrant(x: float, y: float, **changes: Any) -> Equipment:
    lon, lat = at(x, y)
    known: dict[str, Any] = {
        "tenant_id": TENANT, "id": new_id(), "site_id": TENANT, "zone_id": None, "slug": "it", "kind": "hydrant",
        "name": Text("消火栓", "Hydrant"), "classes": None, "lon": lon, "lat": lat, "level": 0, "in_stock": 1,
        "expires_at": None, "next_inspection_on": None, "state": "ready", "state_reason": None, "note": "",
        "retired_at": None, "version": 1, "created_at": NOW,
    }  # fmt: skip
    return Equipment(**known | changes)


def ask(
    site: SiteMap,
    where: AtPosition | Zone = HALL_ZONE,
    wind: Blowing = FROM_NORTH,
    equipment: Sequence[Equipment] = (),
    standing: Sequence[Standing] = (),
    **more: Any,
) -> VehicleAccessView:
    names = {it.hazard.id: Text("溢流", "the spill") for it in standing}
    moment = Moment(NOW, TENANT, site, {}, Surroundings(list(standing), names, Passages(), list(equipment)))
    target = AtPosition(lon=LON, lat=LAT)
    return find_standing_places(moment, VehicleAccessQuestion(target=target, **more), where, wind)


def ids(found: Sequence[Landmark]) -> list[str]:
    return [it.id for it in found]


# The wind.


def facts(speed_m_s: float) -> dict[str, Any]:
    return {"at": [LON, LAT], "wind": {"from_deg": 90.0, "speed_m_s": speed_m_s, "source": "the mast"}}


@pytest.mark.parametrize(("speed_m_s", "from_deg"), [(0.0, None), (0.99, None), (1.0, 90.0), (8.0, 90.0)])
def test_a_calm_comes_from_nowhere(speed_m_s: float, from_deg: float | None) -> None:
    hazard = new_id()
    found = forecast_wind(hazard, facts(speed_m_s), own=True).view
    assert found == WindView(from_deg=from_deg, known_by="forecast", source="the mast", hazard=hazard)


def test_only_the_incident_s_own_forecast_says_where_its_leak_is() -> None:
    assert forecast_wind(new_id(), facts(3.0), own=True).source_at == (LON, LAT)
    assert forecast_wind(new_id(), facts(3.0), own=False).source_at is None


def test_in_a_calm_no_side_is_the_safe_one(site: SiteMap) -> None:
    for wind in (forecast_wind(new_id(), facts(0.5), own=False), UNKNOWN_WIND):
        found = ask(site, wind=wind)
        assert {it.wind for it in found.places} == {"unknown"}
        assert "downwind" not in {it.why for it in found.refused}


def test_the_wind_is_judged_from_the_leak_where_one_is_known(site: SiteMap) -> None:
    # Beyond the north road: from the hall the road is upwind, from the leak it is in its lee.
    leak = Blowing(FROM_NORTH.view, at(0, 170))
    assert ask(site).places[0].wind == "upwind"
    from_leak = ask(site, wind=leak)
    assert from_leak.state == "downwind_only"
    assert {it.wind_text for it in from_leak.places} == {Text("下风侧", "downwind")}


# The vehicle.


def test_a_vehicle_is_the_common_one_but_for_what_is_stated() -> None:
    assert vehicle_of("ambulance", None) == AMBULANCE
    wide = vehicle_of("fire_engine", OwnSizes(width_m=3.1))
    assert (wide.width_m, wide.height_m) == (3.1, FIRE_ENGINE.height_m)


# Hydrants of the plan and of the stock.


def test_a_hydrant_that_is_drawn_and_listed_is_the_listed_one(site: SiteMap) -> None:
    near = hydrant(50, -104 + SAME_HYDRANT_M - 0.1)
    assert ids(hydrants_now(site, [near], NOW)) == ["h north", str(near.id)]
    beside = hydrant(50, -104 + SAME_HYDRANT_M + 0.1)
    assert ids(hydrants_now(site, [beside], NOW)) == ["h south", "h north", str(beside.id)]
    upstairs = hydrant(50, -104, level=1)
    assert ids(hydrants_now(site, [upstairs], NOW)) == ["h south", "h north", str(upstairs.id)]


def test_a_listed_hydrant_that_is_unfit_takes_the_drawn_one_with_it(site: SiteMap) -> None:
    for unfit in ({"state": "out_of_service"}, {"expires_at": NOW}, {"retired_at": NOW}, {"in_stock": 0}):
        assert ids(hydrants_now(site, [hydrant(50, -104, **unfit)], NOW)) == ["h north"]
    lasting = hydrant(50, -104, expires_at=NOW + timedelta(seconds=1))
    assert ids(hydrants_now(site, [lasting], NOW)) == ["h north", str(lasting.id)]


def test_what_is_only_drawn_or_only_listed_is_there(site: SiteMap) -> None:
    assert ids(hydrants_now(site, [hydrant(50, -104, kind="aed")], NOW)) == ["h south", "h north"]
    bare = map_of(landmarks=[mark("gate", "gate", 0, 104)])
    listed = hydrant(50, 104)
    assert ids(hydrants_now(bare, [listed], NOW)) == [str(listed.id)]
    assert hydrants_now(bare, [], NOW) == ()


def test_the_crew_is_told_the_hydrant_by_its_listed_name(site: SiteMap) -> None:
    listed = hydrant(50, 104, name=Text("北栓", "the north plug"))
    (best, *_) = ask(site, equipment=[listed]).places
    assert best.hydrant is not None
    assert best.hydrant.id == str(listed.id)
    assert "the north plug" in best.hydrant.name.en


def test_without_water_the_place_says_none(site: SiteMap) -> None:
    dry = [hydrant(*place, state="out_of_service") for place in ((50, -104), (50, 104))]
    assert {it.hydrant for it in ask(site, equipment=dry).places} == {None}


# The way in.


def test_a_target_in_the_open_has_no_entrance(site: SiteMap) -> None:
    lon, lat = at(0, 60)
    on_foot = [it.on_foot for it in ask(site, AtPosition(lon=lon, lat=lat)).places]
    assert on_foot
    assert all(it is not None and it.entrance is None for it in on_foot)
    inside = ask(site).places[0].on_foot
    assert inside is not None
    assert inside.entrance is not None
    assert inside.entrance.id == "north door"


def test_hazards_are_told_by_their_names(site: SiteMap) -> None:
    gates = [Area(polygon=box(-20, y, 40, 30), levels=[0]) for y in (-120, 90)]
    spill = Standing(Hazard(id="h-1", source="drawn", slices=[Slice(start_ms=0, length_ms=60_000, areas=gates)]))
    found = ask(site, standing=[spill], wind=UNKNOWN_WIND)
    assert found.hazards == [Text("溢流", "the spill")]
    reasons = [it.reason.en for it in found.refused if it.why == "cut_off"]
    assert reasons
    assert all("the spill" in it for it in reasons), reasons
    assert not any("h-1" in it for it in reasons), reasons


# What is wrong with a question.


def refusal(site: SiteMap, lon: float, lat: float) -> Invalid:
    with pytest.raises(Invalid) as refused:
        ask(site, AtPosition(lon=lon, lat=lat))
    assert (refused.value.field, refused.value.value) == ("target", [lon, lat])
    return refused.value


def test_a_latitude_that_is_none_may_be_a_longitude(site: SiteMap) -> None:
    swapped, wrong = refusal(site, LAT, LON), refusal(site, LON, 85.0)
    assert (swapped.code, wrong.code) == ("geo.position_invalid", "geo.position_invalid")
    assert "swapped" in swapped.en
    assert "写反" in swapped.zh
    assert "swapped" not in wrong.en


def test_a_position_off_the_site_may_be_the_other_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_places, "_SITE", Projection(8.0, 47.0))
    site = SiteMap(site_plan(landmarks=[mark("gate", "gate", 0, 104)]))
    swapped, wrong = refusal(site, 47.0, 8.0), refusal(site, 8.5, 47.0)
    assert (swapped.code, wrong.code) == ("geo.position_off_site", "geo.position_off_site")
    assert "swapped" in swapped.en
    assert "swapped" not in wrong.en
    assert wrong.limit == 150.0


@pytest.mark.parametrize("place", [(-300, 0), (300, 0), (0, -300), (0, 300)])
def test_off_the_site_is_off_it_to_every_side(site: SiteMap, place: tuple[float, float]) -> None:
    assert refusal(site, *at(*place)).code == "geo.position_off_site"


def test_a_plan_without_roads_is_a_state_of_the_site() -> None:
    with pytest.raises(Conflict) as refused:
        ask(map_of(nodes=[], ways=[]))
    assert (refused.value.code, refused.value.field) == ("geo.plan_without_roads", "site_id")


# The roads that are kept.


@pytest.fixture
def kept(site: SiteMap) -> KeptRoads:
    return KeptRoads(site.plan, site.network, site.snapper)


def test_roads_are_made_once_of_what_is_otherwise_than_drawn(kept: KeptRoads) -> None:
    hydrants = tuple(HYDRANTS)
    with kept.at({}, hydrants) as first:
        assert {it.id for it in first.roads.network.hydrants} == {"h south", "h north"}
    drawn = {it.id: it.state for it in first.roads.plan.doors}
    # A door as it is drawn, and one that the plan does not have.
    with kept.at({"north door": drawn["north door"], "another plan's": "locked"}, hydrants) as same:
        assert same is first
    with kept.at({"north door": "locked"}, hydrants) as locked:
        assert {it.id: it.state for it in locked.roads.plan.doors} == drawn | {"north door": "locked"}
    with kept.at({}, ()) as dry:
        assert len(dry.roads.network.hydrants) == 0


def test_roads_that_nobody_asked_for_longest_go_first(kept: KeptRoads) -> None:
    def made_for(count: int) -> object:
        with kept.at({}, tuple(mark(f"h {number}", "hydrant", 50, 104) for number in range(count))) as made:
            return made

    first = [made_for(count) for count in range(KEPT_MAX)]
    assert made_for(0) is first[0]
    made_for(KEPT_MAX)
    assert made_for(0) is first[0], "asked for since"
    assert made_for(1) is not first[1], "the one that went"


def test_a_question_that_fails_leaves_the_roads_for_the_next(kept: KeptRoads) -> None:
    with pytest.raises(RuntimeError), kept.at({}, ()) as first:
        raise RuntimeError
    with kept.at({}, ()) as again:
        assert again is first
