"""Forecasts of leaks: which levels of concern count, where they are passed, and what is said of where it is from."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from shapely.geometry import Point, shape

from core.errors import Invalid, NotFound
from geo.hazards.footprints import place
from geo.hazards.model import Hazard
from geo.hazards.plume import Leak, Wind, plume_mg_m3
from geo.places.model import Level, Plan, Rise, Room, Stop
from geo.projection import Projection
from incidents.alarms.agents import convert
from incidents.alarms.model import LimitSource
from incidents.hazards.checks import projection_of
from incidents.hazards.concern import Concern, SiteLimit, concerns
from incidents.hazards.forecasting import (
    ROOMS_MAX,
    SLICES_MAX,
    Indoors,
    Outdoors,
    Release,
    indoors,
    nowhere,
    outdoors,
)
from incidents.hazards.growing import FIRST_LEVEL_FACTOR
from incidents.hazards.model import Ground
from mobile_contract.text import Text
from tests.unit.drawn_places import at, box, door, plan, room

OURS = LimitSource("plant", "2026", "our own")
SITE = Ground([0, 1], None, *at(0, 0), *at(100, 100))


# --- levels of concern -----------------------------------------------------------------------------------------------
def test_the_library_s_levels_slow_and_ban_and_say_where_they_are_from() -> None:
    first, second = concerns("ammonia", [])
    assert (first.level, first.mg_m3, first.factor, first.plant) == (1, 20.0, FIRST_LEVEL_FACTOR, False)
    assert (second.level, second.mg_m3, second.factor) == (2, 40.0, None)
    assert second.source.source == "GB/T 50493"


def test_the_plant_s_own_limits_go_before_and_the_strictest_of_them_counts() -> None:
    own = [
        SiteLimit(2, 90.0, "mg/m3", OURS),
        SiteLimit(2, 100.0, "[ppm]", OURS),
        SiteLimit(2, 5.0, "Cel", OURS),
        SiteLimit(2, 0.0, "mg/m3", OURS),
    ]
    first, second = concerns("ammonia", own)
    assert (first.plant, first.mg_m3) == (False, 20.0)
    assert (second.plant, second.mg_m3, second.unit) == (True, convert("ammonia", 100.0, "[ppm]", "mg/m3"), "[ppm]")


def test_what_burns_is_held_to_its_explosive_limit_where_nobody_breathes_it() -> None:
    first, second = concerns("hydrogen", [])
    assert second.mg_m3 == pytest.approx(2 * first.mg_m3)
    assert first.mg_m3 == pytest.approx(convert("hydrogen", 10_000.0, "[ppm]", "mg/m3"), rel=1e-3)


def test_an_agent_of_the_plant_s_own_has_the_plant_s_limits_alone() -> None:
    (only,) = concerns("silane", [SiteLimit(2, 7.0, "mg/m3", OURS), SiteLimit(1, 1.0, "[ppm]", OURS)])
    assert (only.level, only.mg_m3) == (2, 7.0)


@pytest.mark.parametrize("agent", ["silane", "flammable-gas", "oxygen", "vibration", "particles"])
def test_what_nobody_has_a_limit_of_is_refused_by_name(agent: str) -> None:
    with pytest.raises(Invalid) as refused:
        concerns(agent, [SiteLimit(1, 23.5, "%", OURS)] if agent == "oxygen" else [])
    assert (refused.value.code, refused.value.field, refused.value.value) == ("hazard.no_limit", "agent", agent)


# --- outdoors --------------------------------------------------------------------------------------------------------
AMMONIA = concerns("ammonia", [])


def leak(amount: float = 1.0, unit: Any = "kg/s", minutes: int = 60) -> Release:
    return Release(agent="ammonia", amount=amount, unit=unit, minutes=minutes)


def outside(**changes: Any) -> Outdoors:
    known: dict[str, Any] = {
        "at": at(50, 50),
        "height_m": 0.0,
        "wind_from_deg": 0.0,
        "wind_m_s": 3.0,
        "wind_source": "mast on hall 3",
        "stability": "D",
    }
    return Outdoors(**(known | changes))


def air(made: Hazard) -> list[Any]:
    return [area for part in made.slices for area in part.areas]


def test_a_steady_leak_bans_and_slows_what_lies_downwind() -> None:
    found = outdoors("h", leak(), outside(), AMMONIA, SITE)
    (only,) = found.hazard.slices
    slow, banned = only.areas
    assert (slow.factor, banned.factor) == (FIRST_LEVEL_FACTOR, None)
    assert shape(slow.polygon).contains(Point(at(50, -100)))
    assert not shape(slow.polygon).contains(Point(at(50, 200))), "upwind there is nothing"
    assert found.facts["wind"] == {"from_deg": 0.0, "speed_m_s": 3.0, "source": "mast on hall 3"}
    assert (found.facts["stability"], found.facts["stability_source"]) == ("D", "stated")
    assert [it["source"]["source"] for it in found.facts["limits"]] == ["GB/T 50493"] * 2
    assert (found.facts["levels"], found.facts["calm"]) == ([0], None)
    msgspec.json.encode(found.facts)


def test_every_place_over_a_limit_by_the_plume_itself_lies_in_the_area() -> None:
    found = outdoors("h", leak(), outside(), AMMONIA, SITE)
    projection = projection_of(SITE)
    x, y = projection.to_metres([at(50, 50)])[0]
    rng = np.random.default_rng(7)
    points = np.column_stack((rng.uniform(-300, 300, 500) + x, y - rng.uniform(1, 3000, 500)))
    over = plume_mg_m3(Leak(x, y, 0.0, 1e6), Wind(0.0, 3.0, "D"), points) > AMMONIA[1].mg_m3
    assert over.any()
    banned = shape(found.hazard.slices[0].areas[1].polygon)
    assert all(banned.contains(Point(it)) for it in projection.to_degrees(points[over]))


def test_grams_and_kilograms_are_the_same_leak() -> None:
    kilo = outdoors("h", leak(1.0, "kg/s"), outside(), AMMONIA, SITE).hazard
    assert outdoors("h", leak(1000.0, "g/s"), outside(), AMMONIA, SITE).hazard == kilo


def test_the_stability_class_follows_from_the_sky_and_says_so() -> None:
    found = outdoors("h", leak(), outside(stability=None, sky="night_clear", wind_m_s=2.5), AMMONIA, SITE)
    assert found.facts["stability"] == "F"
    assert "Pasquill" in found.facts["stability_source"]
    for both in ({"sky": "overcast"}, {"stability": None}):
        with pytest.raises(Invalid) as refused:
            outdoors("h", leak(), outside(**both), AMMONIA, SITE)
        assert refused.value.field == "outdoors.stability"


def test_a_calm_blows_everywhere_and_is_called_one() -> None:
    found = outdoors("h", leak(), outside(wind_m_s=0.5), AMMONIA, SITE)
    outline = shape(found.hazard.slices[0].areas[1].polygon)
    assert all(outline.contains(Point(at(50 + dx, 50 + dy))) for dx, dy in ((90, 0), (-90, 0), (0, 90), (0, -90)))
    assert "every direction" in found.facts["calm"]


@pytest.mark.parametrize("minutes", [1, 7, 1440])
def test_a_leak_all_at_once_drifts_in_slices(minutes: int) -> None:
    found = outdoors("h", leak(5.0, "kg", minutes), outside(), AMMONIA, SITE)
    assert 2 <= len(found.hazard.slices) <= SLICES_MAX + 1
    assert air(found.hazard)
    assert found.hazard.slices[-1].areas == [], "after the last there is nothing left to say"
    place(found.hazard, projection_of(SITE), [0])


def test_the_floors_are_those_named_or_the_one_at_the_ground() -> None:
    made = outdoors("h", leak(), outside(levels=[1, 0, 1]), AMMONIA, SITE).hazard
    assert made.slices[0].areas[0].levels == [0, 1]
    cellar = replace(SITE, plan_levels=[-2, -1])
    assert outdoors("h", leak(), outside(), AMMONIA, cellar).hazard.slices[0].areas[0].levels == [-1]
    with pytest.raises(Invalid) as refused:
        outdoors("h", leak(), outside(levels=[4]), AMMONIA, SITE)
    assert (refused.value.field, refused.value.value, refused.value.limit) == ("outdoors.levels", 4, [0, 1])


def test_a_leak_off_the_site_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        outdoors("h", leak(), outside(at=at(0, 9_000)), AMMONIA, SITE)
    assert (refused.value.code, refused.value.field) == ("hazard.off_site", "outdoors.at")


def test_too_little_is_nowhere() -> None:
    assert nowhere(outdoors("h", leak(1e-6, "g/s"), outside(), AMMONIA, SITE).hazard)
    assert not nowhere(outdoors("h", leak(), outside(), AMMONIA, SITE).hazard)


# --- indoors ---------------------------------------------------------------------------------------------------------
HOUSE = plan(
    rooms=[room("a", 0, 0), room("b", 6, 0), room("far", 60, 0), room("pillar", 3, 1, 1, 1, kind="solid")],
    doors=[door("ab", 6, 2, "a", "b", state="open"), door("out", 0, 2, "a"), door("loop", 1, 1, "a", "a")],
)


def inside(**changes: Any) -> Indoors:
    known: dict[str, Any] = {"room": "a", "air_changes_h": 0.0}
    return Indoors(**(known | changes))


def held(made: Hazard, outline: dict[str, Any]) -> list[float]:
    """What a room holds, slice by slice, where it is over a limit."""
    return [it.air[0].value for it in air(made) if it.polygon == outline]


def test_a_room_fills_then_the_one_behind_the_open_door_and_no_other() -> None:
    found = indoors("h", leak(0.01, "g/s"), inside(), AMMONIA, HOUSE)
    one, other = held(found.hazard, box(0, 0)), held(found.hazard, box(6, 0))
    assert one == sorted(one)
    assert other == sorted(other)
    assert one[-1] > other[-1] > AMMONIA[1].mg_m3
    assert held(found.hazard, box(60, 0)) == []
    assert (found.facts["rooms"], found.facts["rooms_mixed"]) == (["a"], 2)
    place(found.hazard, Projection(*at(0, 0)), [0])


def test_a_room_by_itself_holds_what_leaked_into_its_air() -> None:
    alone = plan(rooms=[room("a", 0, 0)])
    made = indoors("h", leak(1.0, "g"), inside(), AMMONIA, alone).hazard
    # 6 m by 4 m by 3 m hold 1,000 mg.
    assert held(made, box(0, 0)) == pytest.approx([1000 / 72] * len(made.slices), rel=1e-3) or nowhere(made)
    more = indoors("h", leak(10.0, "g"), inside(), AMMONIA, alone).hazard
    assert held(more, box(0, 0)) == pytest.approx([10_000 / 72] * len(more.slices), rel=5e-3)


def test_fresh_air_thins_it_and_a_leak_that_stops_is_thinned_away() -> None:
    still = held(indoors("h", leak(0.01, "g/s"), inside(), AMMONIA, HOUSE).hazard, box(0, 0))
    aired = held(indoors("h", leak(0.01, "g/s"), inside(air_changes_h=2.0), AMMONIA, HOUSE).hazard, box(0, 0))
    assert max(aired) < max(still)
    stopped = indoors("h", leak(1.0, "g/s"), inside(air_changes_h=20.0, leaks_minutes=5), AMMONIA, HOUSE).hazard
    values = held(stopped, box(0, 0))
    assert values[-1] < max(values) / 10


def test_a_zone_leaks_into_the_rooms_under_it() -> None:
    found = indoors("h", leak(), inside(room=None, zone=box(0, 0, 12, 4), floor=0), AMMONIA, HOUSE)
    assert found.facts["rooms"] == ["a", "b"]
    with pytest.raises(NotFound) as refused:
        indoors("h", leak(), inside(room=None, zone=box(0, 50), floor=0), AMMONIA, HOUSE)
    assert refused.value.field == "indoors.zone"


@pytest.mark.parametrize("name", ["no", "pillar"])
def test_a_room_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(NotFound) as refused:
        indoors("h", leak(), inside(room=name), AMMONIA, HOUSE)
    assert (refused.value.field, refused.value.value) == ("indoors.room", name)


def tower(kind: Any, heights: tuple[float | None, float | None]) -> Plan:
    """Two rooms over each other, and a rise through both that also stops in the open."""
    stops = [
        Stop(level=1, at=at(1, 1), room="up"),
        Stop(level=0, at=at(1, 1), room="down"),
        Stop(level=2, at=at(1, 1)),
        Stop(level=3, at=at(1, 1), room="up"),
    ]
    levels = [Level(level=n, name=Text("层", "Level"), height_m=height) for n, height in enumerate(heights)]
    rooms: list[Room] = [room("down", 0, 0), room("up", 0, 0, level=1)]
    return Plan(name=Text("厂", "Plant"), levels=levels, rooms=rooms, rises=[Rise(id="r", kind=kind, stops=stops)])


def test_it_goes_up_open_stairs_and_less_through_a_lift() -> None:
    by = {
        kind: indoors("h", leak(0.1, "g/s"), inside(room="down"), AMMONIA, tower(kind, (None, None)))
        for kind in ("stairs", "lift")
    }
    upstairs = {kind: [it for it in air(found.hazard) if it.levels == [1]] for kind, found in by.items()}
    most = {kind: max((it.air[0].value for it in found), default=0.0) for kind, found in upstairs.items()}
    assert most["stairs"] > most["lift"]


def test_a_storey_is_as_high_as_the_plan_says_where_it_does() -> None:
    low, high = (
        held(indoors("h", leak(0.1, "g/s"), inside(room="down"), AMMONIA, tower("lift", heights)).hazard, box(0, 0))
        for heights in ((0.0, None), (0.0, 9.0))
    )
    assert max(high) < max(low)


def test_no_more_rooms_are_mixed_than_half_a_second_allows() -> None:
    count = ROOMS_MAX + 20
    doors = [door(f"d{n}", 6 * n, 2, f"r{n - 1}", f"r{n}", state="open") for n in range(1, count)]
    long = plan(rooms=[room(f"r{n}", 6 * n, 0) for n in range(count)], doors=doors)
    found = indoors("h", leak(1.0, "g/s", 2), inside(room="r0"), AMMONIA, long)
    assert found.facts["rooms_mixed"] == ROOMS_MAX


def test_levels_of_concern_are_what_was_set_as_well() -> None:
    said = msgspec.convert(msgspec.to_builtins(AMMONIA), list[Concern])
    assert said == AMMONIA
