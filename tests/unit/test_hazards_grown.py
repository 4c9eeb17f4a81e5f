"""Which hazard an alarm makes, and what is done about a site's hazards at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shapely.geometry import shape

from geo.hazards.model import CONCENTRATION_MAX, OFFSET_MAX_MS, Area, Concentration, Hazard, check_hazard
from geo.places.model import Plan
from incidents.alarms.agents import AGENTS
from incidents.hazards import growing
from incidents.hazards.growing import (
    AHEAD_MS,
    FIRST_LEVEL_FACTOR,
    Place,
    Raised,
    air_of,
    behaviour,
    doors_key,
    endangers,
    grown,
    reached,
)
from incidents.hazards.moves import (
    CLOSED,
    NORMAL,
    PERSON_IS_BELIEVED,
    TIME_UP,
    ActiveAlarm,
    Basis,
    End,
    Grow,
    Move,
    OpenHazard,
    Show,
    Spoken,
    moves_of,
)
from incidents.hazards.stored import pack, unpack
from mobile_contract.text import Text
from tests.unit.drawn_places import box, door, plan, room

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ALARM, ZONE, HAZARD, PLAN, INCIDENT = (UUID(int=n) for n in range(1, 6))
# Three rooms in a row, 6 m wide each.
ROW = plan(
    rooms=[room("a", 0, 0), room("b", 6, 0), room("c", 12, 0), room("column", 3, 1, 1, 1, kind="solid")],
    doors=[door("ab", 6, 2, "a", "b"), door("bc", 12, 2, "b", "c", state="locked")],
)


def raised(**changes: Any) -> Raised:
    known: dict[str, Any] = {
        "id": ALARM,
        "kind": "high",
        "level": 2,
        "agent": "chlorine",
        "value": 3.0,
        "unit": "mg/m3",
        "set_point": 2.0,
        "zone_id": ZONE,
        "zone_name": Text("气瓶间", "Gas store"),
        "zone_version": 1,
        "polygon": box(0, 0),
        "floor": 0,
    }
    return Raised(**(known | changes))


def grow(place: Place | None = None, **named: Any) -> Hazard:
    return grown(raised(), place or Place(plan_id=PLAN, plan=ROW), hazard_id=HAZARD, **named).hazard


def rooms_of(made: Hazard) -> list[tuple[int, int]]:
    """When each slice starts and how many areas it has, the zone among them."""
    return [(it.start_ms, len(it.areas)) for it in made.slices]


# --- whether and what ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "agent", "unit", "does"),
    [
        ("high", "acetone", "%{LEL}", True),
        ("high", "chlorine", "mg/m3", True),
        ("vote", "hydrogen", "%{LEL}", True),
        ("low", "oxygen", "%", True),
        ("high", "oxygen", "%", True),
        ("high", "silane", "[ppm]", True),
        ("low", "chlorine", "mg/m3", False),
        ("low", "silane", "[ppm]", False),
        ("high", "silane", "Cel", False),
        ("high", "vibration", "mm/s", False),
        ("high", "particles", "1/m3", False),
        ("high", None, "Cel", False),
        ("stale", "chlorine", "mg/m3", False),
        ("no_effect", "chlorine", "1", False),
        ("discrepancy", "chlorine", "mg/m3", False),
    ],
)
def test_only_evidence_of_something_in_the_air_counts(kind: str, agent: str | None, unit: str, does: bool) -> None:
    assert endangers(kind, agent, unit) is does


@pytest.mark.parametrize(
    ("agent", "how", "source"),
    [
        ("chlorine", "heavier", "70.9 g/mol"),
        ("hydrogen", "lighter", "2.016 g/mol"),
        ("carbon-monoxide", "neutral", "28.01 g/mol"),
        ("hydrogen-fluoride", "heavier", "mist"),
        ("ammonia", "heavier", "cold"),
        ("oxygen", "neutral", "lack of oxygen"),
        ("flammable-gas", "neutral", "nobody knows"),
        ("silane", "neutral", "nobody knows"),
        (None, "neutral", "nobody knows"),
    ],
)
def test_how_an_agent_moves_says_where_that_is_from(agent: str | None, how: str, source: str) -> None:
    found, said = behaviour(agent)
    assert (found, source in said) == (how, True)


@pytest.mark.parametrize(
    ("changes", "air"),
    [
        ({}, [Concentration("chlorine", 3.0, "mg/m3")]),
        ({"value": None}, [Concentration("chlorine", 2.0, "mg/m3")]),
        ({"value": None, "set_point": None}, []),
        ({"value": -1.0}, []),
        ({"value": float("nan")}, []),
        ({"value": 1e12}, [Concentration("chlorine", CONCENTRATION_MAX, "mg/m3")]),
        ({"agent": "acetone", "unit": "[ppm]", "value": 1100.0}, [Concentration("acetone", 1100.0, "ppm")]),
        ({"agent": "acetone", "unit": "%{LEL}", "value": 25.0}, [Concentration("acetone", 6250.0, "ppm")]),
        ({"agent": "silane", "unit": "%{LEL}", "value": 25.0}, []),
        ({"agent": "oxygen", "unit": "%", "value": 17.0}, []),
        ({"agent": None}, []),
    ],
)
def test_the_air_is_what_the_reading_says_where_its_unit_says_it(
    changes: dict[str, Any], air: list[Concentration]
) -> None:
    assert air_of(raised(**changes)) == air


def test_the_second_level_bans_and_the_first_slows_and_says_why() -> None:
    second = grown(raised(), Place(), hazard_id=HAZARD)
    first = grown(raised(level=1), Place(), hazard_id=HAZARD)
    assert second.hazard.slices[0].areas[0].factor is None
    assert first.hazard.slices[0].areas[0].factor == FIRST_LEVEL_FACTOR
    assert "where there is no other way" in first.facts["why"]["en"]
    assert (first.name.zh, first.name.en) == ("气瓶间：氯气", "Gas store: chlorine")
    assert (first.facts["plan"], first.facts["rooms"], first.facts["delays_source"]) == (None, 0, None)


# --- through the rooms -----------------------------------------------------------------------------------------------
def test_it_grows_through_doors_as_the_plan_has_them() -> None:
    made = grown(raised(), Place(plan_id=PLAN, plan=ROW), hazard_id=HAZARD)
    assert rooms_of(made.hazard) == [(0, 2), (120_000, 3), (405_000, 4)]
    assert (made.facts["rooms"], made.facts["plan"], made.facts["until_ms"]) == (3, str(PLAN), AHEAD_MS)
    check_hazard(made.hazard, [0])


def test_and_as_they_are_now() -> None:
    assert rooms_of(grow(Place(plan_id=PLAN, plan=ROW, doors={"bc": "open"}))) == [(0, 2), (120_000, 4)]


def test_a_door_that_is_locked_behind_a_gas_does_not_bring_it_back() -> None:
    before = grow()
    locked = Place(plan_id=PLAN, plan=ROW, doors={"ab": "locked"})
    assert rooms_of(grow(locked, elapsed_ms=60_000, before=before)) == [(0, 2), (285_000, 3), (570_000, 4)]
    after = grow(locked, elapsed_ms=130_000, before=before)
    assert rooms_of(after) == [(0, 2), (120_000, 3), (405_000, 4)]
    assert after.slices[-1].start_ms + after.slices[-1].length_ms == 130_000 + AHEAD_MS


@given(st.integers(0, 1_000_000), st.sampled_from(["open", "closed", "locked"]), st.sampled_from(["open", "locked"]))
def test_what_was_reached_stays_reached_whatever_doors_do(elapsed_ms: int, first: Any, second: Any) -> None:
    before = grow()
    after = grow(Place(plan_id=PLAN, plan=ROW, doors={"ab": first, "bc": second}), elapsed_ms=elapsed_ms, before=before)
    was = {shape(it.polygon).wkb for part in before.slices if part.start_ms <= elapsed_ms for it in part.areas}
    now = {shape(it.polygon).wkb for part in after.slices if part.start_ms <= elapsed_ms for it in part.areas}
    assert was <= now


def test_rooms_of_another_plan_are_reached_where_it_was() -> None:
    before = unpack(str(HAZARD), "grown", pack(grow()))
    redrawn = plan(rooms=[room("store", 0, 0, 7, 4), room("hall", 7, 0, 20, 4)])
    assert reached(redrawn, before, 0) == {"store": 0}
    # Of the second room one metre lies in the first one's new outline; the other five are the hall's.
    assert reached(redrawn, before, 120_000) == {"store": 0, "hall": 120_000}


def test_it_is_grown_no_further_than_a_week() -> None:
    made = grow(elapsed_ms=OFFSET_MAX_MS)
    assert made.slices[-1].start_ms + made.slices[-1].length_ms == OFFSET_MAX_MS


def corridor(count: int) -> Plan:
    """Rooms in a row behind closed doors: one is reached every two minutes."""
    doors = [door(f"d{n}", 6 * n, 2, f"r{n - 1}", f"r{n}") for n in range(1, count)]
    return plan(rooms=[room(f"r{n}", 6 * n, 0) for n in range(count)], doors=doors)


def test_too_many_areas_come_earlier_in_fewer_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = grow(Place(plan_id=PLAN, plan=corridor(8)))
    monkeypatch.setattr(growing, "AREAS_MAX", 30)
    few = grow(Place(plan_id=PLAN, plan=corridor(8)))
    assert len(few.slices) < len(whole.slices)
    assert sum(len(it.areas) for it in few.slices) <= 30
    check_hazard(few, [0])
    for part in whole.slices:
        holds = [it for it in few.slices if it.start_ms <= part.start_ms][-1]
        assert {shape(it.polygon).wkb for it in part.areas} <= {shape(it.polygon).wkb for it in holds.areas}


@pytest.mark.parametrize("name", ["AREAS_MAX", "POSITIONS_GROWN_MAX"])
def test_what_is_still_too_much_is_one_hull_a_level(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = grow(Place(plan_id=PLAN, plan=corridor(8)))
    monkeypatch.setattr(growing, name, 5)
    made = grown(raised(), Place(plan_id=PLAN, plan=corridor(8)), hazard_id=HAZARD)
    assert (made.facts["coarse"], made.facts["rooms"]) == (True, 8)
    check_hazard(made.hazard, [0])
    (hull,) = made.hazard.slices[-1].areas
    assert (
        shape(hull.polygon)
        .buffer(1e-9)
        .contains(shapely.union_all([shape(it.polygon) for it in whole.slices[-1].areas]))
    )
    assert hull.air == whole.slices[0].areas[0].air


def test_states_of_doors_are_told_apart() -> None:
    assert doors_key({}) == ""
    assert (
        doors_key({"a": "open", "b": "locked"}) == doors_key({"b": "locked", "a": "open"}) != doors_key({"a": "open"})
    )


@given(
    st.sampled_from([*AGENTS, "silane"]), st.sampled_from([1, 2]), st.sampled_from(["[ppm]", "mg/m3", "%", "%{LEL}"])
)
def test_whatever_alarms_the_hazard_is_sound(agent: str, level: int, unit: str) -> None:
    made = grown(
        raised(agent=agent, level=level, unit=unit, value=30.0), Place(plan_id=PLAN, plan=ROW), hazard_id=HAZARD
    )
    check_hazard(made.hazard, [0])
    assert unpack(str(HAZARD), "grown", pack(made.hazard)) == made.hazard
    msgspec.json.encode(made.facts)


# --- what is to be done ----------------------------------------------------------------------------------------------
def alarm(**changes: Any) -> ActiveAlarm:
    known: dict[str, Any] = {
        "id": ALARM,
        "incident_id": INCIDENT,
        "zone_id": ZONE,
        "kind": "high",
        "level": 2,
        "agent": "chlorine",
        "value": 3.0,
        "unit": "mg/m3",
        "set_point": 2.0,
        "raised_at": NOW,
    }
    return ActiveAlarm(**(known | changes))


FACTS = {"plan": str(PLAN), "doors": "", "zone_version": 1, "air": [1], "value": 3.0, "until_ms": AHEAD_MS}


def standing(**changes: Any) -> OpenHazard:
    known: dict[str, Any] = {
        "id": HAZARD,
        "incident_id": INCIDENT,
        "alarm_id": ALARM,
        "facts": FACTS,
        "stated_at": NOW,
        "ends_at": None,
        "changes_at": None,
        "version": 3,
        "incident_closed": False,
        "alarm_over": False,
    }
    return OpenHazard(**(known | changes))


BASIS = Basis(plan=str(PLAN), doors="", zones={ZONE: 1})


def done(
    *hazards: OpenHazard,
    active: Any = (),
    spoken: Any = (),
    basis: Basis = BASIS,
    after: timedelta = timedelta(0),
) -> list[Move]:
    return moves_of(NOW + after, hazards, list(active), list(spoken), basis)


def test_an_alarm_without_a_hazard_gets_one_and_with_one_keeps_it() -> None:
    assert done(active=[alarm()]) == [Grow(alarm(), "raised")]
    assert done(standing(), active=[alarm()]) == []
    assert done(active=[alarm(kind="stale"), alarm(agent="vibration")]) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ends_at": NOW}, TIME_UP),
        ({"incident_closed": True}, CLOSED),
        ({"alarm_over": True}, NORMAL),
        ({"alarm_id": None, "incident_closed": True}, CLOSED),
    ],
)
def test_what_is_over_ends_and_says_why(change: dict[str, Any], reason: Text) -> None:
    assert done(standing(**change)) == [End(HAZARD, reason, NOW)]


def test_what_ends_by_itself_ended_when_it_was_to() -> None:
    assert done(standing(ends_at=NOW), after=timedelta(minutes=9)) == [End(HAZARD, TIME_UP, NOW)]
    assert done(standing(ends_at=NOW + timedelta(seconds=1))) == []


def test_an_alarm_that_came_back_gets_another() -> None:
    moves = done(standing(alarm_over=True), active=[alarm()])
    assert moves == [End(HAZARD, NORMAL, NOW), Grow(alarm(), "raised")]


@pytest.mark.parametrize(
    ("hazard", "active", "basis", "after_s", "why"),
    [
        ({}, {}, replace(BASIS, plan=None), 0, "plan"),
        ({}, {}, replace(BASIS, doors="x"), 0, "doors"),
        ({"facts": FACTS | {"plan": None}}, {}, replace(BASIS, plan=None, doors="x"), 0, None),
        ({}, {}, replace(BASIS, zones={ZONE: 2}), 0, "zone"),
        ({}, {}, replace(BASIS, zones={}), 0, None),
        ({}, {"value": 4.5}, BASIS, 0, "reading"),
        ({}, {"value": 4.4}, BASIS, 0, None),
        ({}, {"value": None}, BASIS, 0, None),
        ({}, {"value": 9.0, "kind": "low", "agent": "oxygen"}, BASIS, 0, None),
        ({"facts": FACTS | {"air": []}}, {"value": 9.0}, BASIS, 0, None),
        ({"facts": FACTS | {"value": None}}, {}, BASIS, 0, "reading"),
        ({}, {}, BASIS, 1801, "time"),
        ({}, {}, BASIS, 1800, None),
        ({"facts": FACTS | {"until_ms": OFFSET_MAX_MS}}, {}, BASIS, 700_000, None),
        ({"facts": FACTS | {"plan": None}}, {}, replace(BASIS, plan=None), 9000, None),
    ],
)
def test_it_is_stated_anew_when_what_it_follows_from_is_another(
    hazard: dict[str, Any], active: dict[str, Any], basis: Basis, after_s: int, why: str | None
) -> None:
    one = alarm(**active)
    moves = done(standing(**hazard), active=[one], basis=basis, after=timedelta(seconds=after_s))
    assert moves == ([] if why is None else [Grow(one, why, HAZARD, 3)])


def test_the_next_slice_is_shown_when_it_begins_unless_it_is_stated_anew_anyway() -> None:
    due = standing(changes_at=NOW)
    assert done(due, active=[alarm()]) == [Show(HAZARD)]
    assert done(due, active=[alarm(value=9.0)]) == [Grow(alarm(value=9.0), "reading", HAZARD, 3)]
    assert done(replace(due, alarm_over=True)) == [End(HAZARD, NORMAL, NOW)]
    assert done(standing(changes_at=NOW + timedelta(seconds=1)), active=[alarm()]) == []


def test_a_person_is_believed_for_a_while_and_while_the_reading_does_not_grow() -> None:
    said = Spoken(alarm_id=ALARM, ended_at=NOW, value=3.0)
    assert done(active=[alarm()], spoken=[said]) == []
    assert done(active=[alarm(value=4.5)], spoken=[said]) == [Grow(alarm(value=4.5), "raised")]
    assert done(active=[alarm()], spoken=[said], after=PERSON_IS_BELIEVED) == [Grow(alarm(), "raised")]
    assert done(active=[alarm()], spoken=[replace(said, alarm_id=HAZARD)]) == [Grow(alarm(), "raised")]


def test_areas_that_an_alarm_makes_are_its_zone_first() -> None:
    (first, *_) = grow().slices[0].areas
    assert first == Area(polygon=box(0, 0), levels=[0], air=[Concentration("chlorine", 3.0, "mg/m3")])
