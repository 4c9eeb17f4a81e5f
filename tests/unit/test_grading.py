"""How grave an incident is, and that the reasons are written out in both languages."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.alarms.model import Grade
from incidents.grading import GRADE_NAMES, StandingAlarm, grade, grade_report
from mobile_contract.text import Text

STORE = UUID(int=1)
HALL = UUID(int=2)


def alarm(
    kind: str = "high", level: int = 1, agent: str | None = "acetone", *, risk: int = 1, zone: UUID = STORE
) -> StandingAlarm:
    return StandingAlarm(kind, level, agent, zone, Text("溶剂库", "Solvent store"), risk, Text("排风机", "Exhaust fan"))


@pytest.mark.parametrize(
    ("alarms", "expected"),
    [
        ([alarm("stale")], Grade.IV),
        ([alarm("no_effect", agent=None)], Grade.IV),
        ([alarm("discrepancy")], Grade.IV),
        ([alarm("vote", level=2)], Grade.II),
        ([alarm(agent="vibration")], Grade.IV),
        ([alarm(agent="vibration", level=2)], Grade.III),
        ([alarm(agent="particles")], Grade.IV),
        ([alarm()], Grade.III),
        ([alarm(agent=None)], Grade.III),
        ([alarm(level=2)], Grade.II),
        ([alarm(risk=3)], Grade.II),
        ([alarm(level=2, risk=3)], Grade.I),
        ([alarm(agent="hydrogen-fluoride")], Grade.III),
        ([alarm(agent="hydrogen-fluoride", level=2)], Grade.I),
        ([alarm(), alarm(zone=HALL)], Grade.II),
        ([alarm(), alarm("no_effect", agent=None)], Grade.II),
        ([alarm("low", agent="oxygen")], Grade.III),
    ],
)
def test_grades(alarms: list[StandingAlarm], expected: Grade) -> None:
    assert grade(alarms).grade is expected


@pytest.mark.parametrize(
    ("level", "risk", "expected"), [(1, 0, Grade.III), (2, 0, Grade.II), (1, 3, Grade.II), (2, 3, Grade.I)]
)
def test_what_a_person_reports_is_graded_by_what_they_say_and_where(level: int, risk: int, expected: Grade) -> None:
    graded = grade_report(level, "smoke", Text("溶剂库", "Solvent store"), risk)
    assert graded.grade is expected
    assert "smoke" in graded.reasons[0].en


def test_people_who_are_there_make_a_second_level_alarm_graver() -> None:
    graded = grade([alarm(level=2)], people_present=4)
    assert graded.grade is Grade.I
    assert graded.reasons[-1] == Text("现场有 4 人", "4 people are there")
    assert grade([alarm(level=2)], people_present=0).grade is Grade.II


def test_not_knowing_who_is_there_is_written_down() -> None:
    assert grade([alarm()]).reasons[-1].en.endswith("counted as occupied")


ALARMS = st.lists(
    st.builds(
        alarm,
        st.sampled_from(["high", "low", "vote", "stale", "no_effect", "discrepancy"]),
        st.sampled_from([1, 2]),
        st.sampled_from(["acetone", "hydrogen-fluoride", "oxygen", "vibration", "particles", "secret", None]),
        risk=st.integers(0, 3),
        zone=st.sampled_from([STORE, HALL]),
    ),
    min_size=1,
    max_size=5,
)


@given(ALARMS, st.none() | st.integers(0, 50))
def test_every_grade_has_its_reasons_in_both_languages(alarms: list[StandingAlarm], people: int | None) -> None:
    graded = grade(alarms, people)
    assert graded.reasons
    assert all(reason.zh and reason.en for reason in graded.reasons)
    assert graded.grade in GRADE_NAMES


@given(ALARMS, ALARMS)
def test_one_more_alarm_never_makes_it_milder(alarms: list[StandingAlarm], more: list[StandingAlarm]) -> None:
    assert grade([*alarms, *more]).grade <= grade(alarms).grade
