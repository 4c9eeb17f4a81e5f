"""Conditions of plans: what holds, what does not, and what nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.plans.conditions import asked_of_actuator, asks, conditions_of, known, moves, warns
from incidents.plans.model import (
    ActionTemplate,
    AgentIs,
    AlarmIs,
    AllOf,
    AnyOf,
    Condition,
    Evacuation,
    GradeIs,
    GradeRule,
    HazardIs,
    HoursAre,
    LevelIs,
    Moment,
    NotOf,
    OutsideCall,
    PeopleAre,
    Phone,
    StepTemplate,
    Wind,
    WindIs,
    ZoneIs,
)
from tests.unit.plan_words import TEXT, body, moment, task

YES, NO, UNKNOWN = LevelIs(1), LevelIs(2), PeopleAre(1)


def at(hour: int, minute: int = 0) -> Moment:
    return moment(local=datetime(2026, 3, 2, hour, minute, tzinfo=UTC))


@pytest.mark.parametrize(
    ("when", "at_moment", "expected"),
    [
        (LevelIs(2), moment(level=2), True),
        (LevelIs(2), moment(), False),
        (AlarmIs(("low",)), moment(), False),
        (AlarmIs(("low", "high")), moment(), True),
        (AgentIs(("acetone",)), moment(), True),
        (AgentIs(("hydrogen",)), moment(), False),
        (AgentIs(("hydrogen",)), moment(agent=None), None),
        (HazardIs(("toxic",)), moment(), False),
        (HazardIs(("toxic",)), moment(hazard=None), None),
        (GradeIs(1, 2), moment(grade=2), True),
        (GradeIs(1, 2), moment(grade=3), False),
        (GradeIs(1, 2), moment(grade=None), None),
        (ZoneIs(("store",)), moment(), True),
        (ZoneIs(("hall",)), moment(), False),
        (PeopleAre(3), moment(people=3), True),
        (PeopleAre(3), moment(people=2), False),
        (PeopleAre(3), moment(), None),
        (HoursAre("08:00", "18:00"), at(8), True),
        (HoursAre("08:00", "18:00"), at(18), False),
        (HoursAre("22:00", "06:00"), at(23), True),
        (HoursAre("22:00", "06:00"), at(5, 59), True),
        (HoursAre("22:00", "06:00"), at(6), False),
    ],
)
def test_a_condition_at_a_moment(when: Condition, at_moment: Moment, expected: bool | None) -> None:
    assert known(when, at_moment) is expected


@pytest.mark.parametrize(
    ("sector", "wind", "expected"),
    [
        (WindIs(80, 100), Wind(90, 3), True),
        (WindIs(80, 100), Wind(79, 3), False),
        (WindIs(350, 10), Wind(0, 3), True),
        (WindIs(350, 10), Wind(180, 3), False),
        (WindIs(80, 100, 5), Wind(90, 3), False),
        (WindIs(at_least_m_s=2), Wind(17, 3), True),
        (WindIs(80, 100), Wind(90, 0.2), None),
        (WindIs(80, 100), None, None),
    ],
)
def test_the_wind_comes_out_of_a_sector(sector: WindIs, wind: Wind | None, expected: bool | None) -> None:
    assert known(sector, moment(wind=wind)) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (AllOf((YES, YES)), True),
        (AllOf((YES, UNKNOWN)), None),
        (AllOf((NO, UNKNOWN)), False),
        (AnyOf((NO, NO)), False),
        (AnyOf((NO, UNKNOWN)), None),
        (AnyOf((YES, UNKNOWN)), True),
        (NotOf(YES), False),
        (NotOf(UNKNOWN), None),
    ],
)
def test_the_unknown_stays_unknown_until_something_decides(when: Condition, expected: bool | None) -> None:
    assert known(when, moment()) is expected


def test_the_unknown_warns_people_and_moves_no_machine() -> None:
    for when in (UNKNOWN, NotOf(UNKNOWN)):
        assert warns(when, moment())
        assert not moves(when, moment())
    assert warns(None, moment())
    assert moves(None, moment())


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        (ActionTemplate("siren", "sound", when=UNKNOWN), True),
        (ActionTemplate("fan", "start", when=UNKNOWN), False),
        (ActionTemplate("fan", "start", when=YES), True),
        (ActionTemplate("fan", "start", 2), False),
        (ActionTemplate("fan", "start"), True),
    ],
)
def test_an_actuator_is_asked(action: ActionTemplate, asked: bool) -> None:
    assert asked_of_actuator(action, moment()) is asked


LEAVES = st.sampled_from([YES, NO, UNKNOWN, WindIs(), ZoneIs(("store",)), HoursAre("00:00", "12:00")])
CONDITIONS = st.recursive(
    LEAVES,
    lambda parts: (
        st.builds(NotOf, parts)
        | st.builds(AllOf, st.lists(parts, min_size=1, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(parts, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(CONDITIONS)
def test_machines_move_on_less_than_people_are_told_of(when: Condition) -> None:
    assert not moves(when, moment()) or warns(when, moment())


@given(CONDITIONS)
def test_twice_not_is_the_thing_itself(when: Condition) -> None:
    assert known(NotOf(NotOf(when)), moment()) is known(when, moment())


@given(st.lists(CONDITIONS, min_size=1, max_size=4).map(tuple))
def test_any_is_not_all_of_the_opposites(parts: tuple[Condition, ...]) -> None:
    assert known(AnyOf(parts), moment()) is known(NotOf(AllOf(tuple(NotOf(p) for p in parts))), moment())


def test_a_plan_says_what_has_to_be_looked_up() -> None:
    call = OutsideCall(slug="fire", name=TEXT, phones=(Phone("CN", "119"),), say=TEXT, when=NotOf(WindIs()))
    windy = body(calls=(call,))
    crowded = body(
        tasks=(task(when=YES, steps=(StepTemplate(TEXT, AnyOf((YES, UNKNOWN))),)),),
        actions=(ActionTemplate("fan", "start", when=YES),),
        grade_rules=(GradeRule(YES, 2, TEXT),),
        evacuation=Evacuation("zone", when=YES),
    )
    assert (asks(windy, WindIs), asks(windy, PeopleAre)) == (True, False)
    assert (asks(crowded, WindIs), asks(crowded, PeopleAre)) == (False, True)
    assert len(conditions_of(crowded)) == 5
    assert not asks(body(), WindIs)
