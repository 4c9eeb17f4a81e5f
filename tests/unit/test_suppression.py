"""How long an alarm may be silent, and when the plant's state silences it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import Invalid
from incidents.alarms.alarm import (
    OUT_OF_SERVICE_MAX,
    SHELVE_MAX,
    DataMissing,
    Decision,
    OutOfService,
    Reading,
    SuppressedByDesign,
    TimerDue,
    Voted,
    calm_band,
    crosses,
    letter,
    step,
)
from incidents.alarms.model import AlarmRule, AlarmState, LimitSource
from incidents.alarms.suppression import (
    LIFE_SAFETY_SHELVE_MAX,
    Design,
    acts,
    holds,
    is_life_safety,
    shelve_end,
    shelve_max,
)

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
RULE = AlarmRule(
    tenant_id=UUID(int=1),
    id=UUID(int=2),
    kind="high",
    level=2,
    unit="mg/m3",
    source=LimitSource("CN", "2019", "GB/T 50493-2019"),
    sensor_id=UUID(int=3),
    set_point=40.0,
)
TOXIC = replace(RULE, toxic=True)
DESIGN = Design(
    tenant_id=UUID(int=1),
    id=UUID(int=9),
    site_id=UUID(int=8),
    rule_id=RULE.id,
    reason="the spindle stands",
    sensor_id=UUID(int=4),
    actuator_id=None,
    test="at_most",
    threshold=10.0,
    hysteresis=2.0,
    action=None,
    needs_approval=False,
    created_by=UUID(int=5),
    created_at=T0,
)


@pytest.mark.parametrize(
    ("rule", "agent", "expected"),
    [
        (TOXIC, None, True),
        (RULE, "carbon-monoxide", True),
        (RULE, "oxygen", True),
        (RULE, "acetone", False),
        (replace(TOXIC, level=1), "carbon-monoxide", False),
        (replace(TOXIC, kind="stale", set_point=None), "oxygen", False),
    ],
)
def test_second_level_toxic_and_oxygen_alarms_are_life_safety(
    rule: AlarmRule, agent: str | None, expected: bool
) -> None:
    assert is_life_safety(rule, agent) is expected


@pytest.mark.parametrize(
    ("rule", "site_s", "rule_s", "expected"),
    [
        (RULE, None, None, SHELVE_MAX),
        (RULE, 3600.0, None, timedelta(hours=1)),
        (RULE, 3600.0, 7200.0, timedelta(hours=2)),
        (RULE, None, 1e6, SHELVE_MAX),
        (TOXIC, None, None, LIFE_SAFETY_SHELVE_MAX),
        (TOXIC, 60.0, None, timedelta(minutes=1)),
        (TOXIC, None, 7200.0, LIFE_SAFETY_SHELVE_MAX),
    ],
)
def test_the_longest_shelving(rule: AlarmRule, site_s: float | None, rule_s: float | None, expected: timedelta) -> None:
    assert shelve_max(rule, "acetone", site_s, rule_s) == expected


def test_shelving_ends_within_its_maximum_also_when_it_waits_for_the_condition() -> None:
    most = timedelta(minutes=15)
    assert shelve_end(None, T0, most) == T0 + most
    assert shelve_end(T0 + most, T0, most) == T0 + most
    for until in (T0, T0 + most + timedelta(seconds=1)):
        with pytest.raises(Invalid) as refused:
            shelve_end(until, T0, most)
        assert (refused.value.code, refused.value.field) == ("shelve.too_long", "until")


def test_a_design_that_needs_a_second_person_does_nothing_before() -> None:
    drafted = replace(DESIGN, needs_approval=True)
    approved = replace(drafted, approved_by=UUID(int=6), approved_at=T0)
    assert [acts(d) for d in (DESIGN, drafted, approved, replace(approved, retired_at=T0))] == [
        True,
        False,
        True,
        False,
    ]
    assert not holds(drafted, value=0.0, sound=True, proved_action=None, holding=False)


@pytest.mark.parametrize(
    ("changes", "seen", "expected"),
    [
        ({}, {"value": 10.0}, True),
        ({}, {"value": 10.1}, False),
        ({}, {"value": 11.9, "holding": True}, True),
        ({}, {"value": 12.1, "holding": True}, False),
        ({}, {"value": 0.0, "sound": False}, False),
        ({}, {"value": None}, False),
        ({"test": "at_least"}, {"value": 10.0}, True),
        ({"test": "at_least"}, {"value": 9.9}, False),
        ({"test": "action", "action": "close"}, {"proved_action": "close"}, True),
        ({"test": "action", "action": "close"}, {"proved_action": "open"}, False),
        ({"test": "action", "action": "close"}, {"proved_action": None}, False),
    ],
)
def test_when_a_design_holds(changes: dict[str, Any], seen: dict[str, Any], expected: bool) -> None:
    facts = {"value": None, "sound": True, "proved_action": None, "holding": False} | seen
    assert holds(replace(DESIGN, **changes), **facts) is expected


@given(st.floats() | st.none(), st.booleans())
def test_without_sound_evidence_nothing_is_silenced(value: float | None, holding: bool) -> None:
    assert not holds(DESIGN, value=value, sound=False, proved_action="close", holding=holding)


# --- in the machine -------------------------------------------------------------------------------------------------
def test_out_of_service_ends_by_itself_and_the_condition_is_looked_at() -> None:
    out = step(RULE, AlarmState(), OutOfService(True, T0 + timedelta(hours=1)), T0).state
    active = step(RULE, out, Reading(50.0, T0), T0).state
    assert letter(active) == "I"
    early = step(RULE, active, TimerDue(), T0 + timedelta(minutes=59))
    assert early == Decision(active)
    back = step(RULE, active, TimerDue(), T0 + timedelta(hours=1))
    assert (letter(back.state), len(back.facts)) == ("B", 2)


def test_out_of_service_can_be_made_longer_without_being_news() -> None:
    out = step(RULE, AlarmState(), OutOfService(True, T0 + timedelta(hours=1)), T0).state
    longer = step(RULE, out, OutOfService(True, T0 + timedelta(hours=2)), T0)
    assert (longer.state.suppression_until, longer.facts) == (T0 + timedelta(hours=2), ())


@pytest.mark.parametrize(
    ("until", "code"),
    [
        (None, "out_of_service.endless"),
        (T0, "out_of_service.too_long"),
        (T0 + OUT_OF_SERVICE_MAX + timedelta(seconds=1), "out_of_service.too_long"),
    ],
)
def test_out_of_service_without_an_end_or_for_too_long_is_refused(until: datetime | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        step(RULE, AlarmState(), OutOfService(True, until), T0)
    assert refused.value.code == code


def test_the_plants_state_does_not_bring_back_what_maintenance_took_out() -> None:
    out = step(RULE, AlarmState(), OutOfService(True, T0 + timedelta(hours=1)), T0).state
    assert step(RULE, out, SuppressedByDesign(True), T0) == Decision(out)
    assert step(RULE, out, SuppressedByDesign(False), T0) == Decision(out)


VOTE = replace(RULE, kind="vote", group_id=UUID(int=7), on_delay_s=5.0, off_delay_s=10.0)


def test_a_vote_waits_for_its_delays_like_a_limit() -> None:
    waiting = step(VOTE, AlarmState(), Voted(True), T0).state
    assert (waiting.pending, waiting.due_at) == ("on_delay", T0 + timedelta(seconds=5))
    assert step(VOTE, waiting, Voted(False), T0).state.pending is None
    active = step(VOTE, waiting, TimerDue(), T0 + timedelta(seconds=5)).state
    assert letter(active) == "B"
    leaving = step(VOTE, active, Voted(False), T0 + timedelta(seconds=6)).state
    assert (leaving.condition, leaving.due_at) == ("active", None)
    assert step(VOTE, leaving, Voted(True), T0 + timedelta(seconds=7)).state.pending is None
    assert letter(step(VOTE, leaving, Voted(False), T0 + timedelta(seconds=16)).state) == "D"


def test_votes_step_groups_alone_and_readings_step_no_group() -> None:
    assert step(RULE, AlarmState(), Voted(True), T0) == Decision(AlarmState())
    assert step(VOTE, AlarmState(), Reading(500.0, T0), T0) == Decision(AlarmState())
    assert step(VOTE, AlarmState(), DataMissing(), T0) == Decision(AlarmState())
    assert not crosses(VOTE, AlarmState(), 500.0)
    assert calm_band([(VOTE, AlarmState(condition="active"))]) == calm_band([])


def test_a_discrepancy_has_no_set_point_and_a_vote_has_one() -> None:
    for kind, set_point, code in (("vote", None, "limit.no_set_point"), ("discrepancy", 1.0, "limit.set_point_unused")):
        with pytest.raises(Invalid) as refused:
            replace(VOTE, kind=kind, set_point=set_point)
        assert refused.value.code == code
