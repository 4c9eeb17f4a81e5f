"""Floods: counted exactly as a second-by-second look would, and no new danger folded away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.alarms.flood import WINDOW, FloodLimits, Follower, Leading, Span, count, ends_at, folds, spans, starts

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
ISA = FloodLimits()


def at(*seconds: float) -> list[datetime]:
    return [T0 + timedelta(seconds=s) for s in seconds]


# Grouped so that floods happen: most gaps are short, some long.
histories = st.lists(st.sampled_from([0, 1, 20, 55, 60, 90, 200, 600, 700]), max_size=60).map(
    lambda gaps: at(*[float(sum(gaps[: n + 1])) for n in range(len(gaps))])
)
flood_limits = st.builds(lambda end, more: FloodLimits(end + more, end), st.integers(1, 6), st.integers(0, 6))


def brute_force(raised: list[datetime], now: datetime, limits: FloodLimits) -> list[Span]:
    """Look every second: a flood begins in a second that counts above, and ends in the first that counts below."""
    found: list[Span] = []
    begun: datetime | None = None
    moment = T0
    while moment <= now:
        # An end comes before a begin of the same second: alarms leave the window before others enter.
        before = sum(moment - WINDOW < one < moment for one in raised)
        if begun is not None and before < limits.end_below and moment > begun:
            found.append(Span(begun, moment))
            begun = None
        if begun is None and count(raised, moment) > limits.start_above:
            begun = moment
        moment += timedelta(seconds=1)
    return [*found, Span(begun, None)] if begun is not None else found


@given(histories, flood_limits, st.integers(0, 1300))
def test_floods_are_those_that_a_look_every_second_finds(
    raised: list[datetime], limits: FloodLimits, after_s: int
) -> None:
    now = (raised[-1] if raised else T0) + timedelta(seconds=after_s)
    assert spans(raised, now, limits) == brute_force(raised, now, limits)


@given(histories, flood_limits)
def test_a_restart_in_the_middle_changes_nothing(raised: list[datetime], limits: FloodLimits) -> None:
    """Stepping alarm by alarm with what a row keeps gives the floods of the whole history."""
    found: list[Span] = []
    started_at = due_at = None
    for index, moment in enumerate(raised):
        if started_at is not None and due_at is not None and due_at <= moment:
            found.append(Span(started_at, due_at))
            started_at = None
        window = [one for one in raised[: index + 1] if moment - WINDOW < one]
        if started_at is None and starts(window, moment, limits):
            started_at = moment
        due_at = ends_at(window, moment, limits)
    if started_at is not None:
        found.append(Span(started_at, None))
    now = raised[-1] if raised else T0
    assert found == spans(raised, now, limits)


def test_the_eleventh_alarm_starts_it_and_fewer_than_five_end_it() -> None:
    raised = at(*range(0, 660, 60))
    assert spans(raised[:10], raised[9], ISA) == []
    assert spans(at(*range(11)), T0 + timedelta(seconds=10), ISA) == [Span(T0 + timedelta(seconds=10), None)]
    burst = at(*range(11))
    assert ends_at(burst, burst[-1], ISA) == burst[-5] + WINDOW
    assert count(burst, burst[-5] + WINDOW) == 4


def test_with_fewer_alarms_than_the_end_it_is_over_at_once() -> None:
    assert ends_at(at(0, 1), T0, ISA) == T0


LEAK = Leading(2, frozenset({"flammable"}))
FAULTS_ALONE = Leading(4, frozenset())


@pytest.mark.parametrize(
    ("leading", "follower", "joins"),
    [
        pytest.param(LEAK, Follower(4, None, False), True, id="a silent sensor folds"),
        pytest.param(LEAK, Follower(3, "machine", False), True, id="a milder danger of another kind folds"),
        pytest.param(LEAK, Follower(2, "particles", False), True, id="one as grave folds"),
        pytest.param(LEAK, Follower(1, "machine", False), False, id="a graver one of another kind is its own"),
        pytest.param(LEAK, Follower(1, "flammable", False), False, id="a graver one of the same kind is its own"),
        pytest.param(LEAK, Follower(3, "toxic", True), False, id="what threatens life is its own"),
        pytest.param(FAULTS_ALONE, Follower(4, "machine", False), False, id="no danger folds under faults"),
        pytest.param(FAULTS_ALONE, Follower(4, None, False), True, id="a fault folds under faults"),
    ],
)
def test_what_folds_under_the_first_out(leading: Leading, follower: Follower, joins: bool) -> None:
    assert folds(follower, leading) is joins


hazards = st.sampled_from(["flammable", "toxic", "asphyxiant", "machine", "particles"])


@given(
    st.builds(Follower, grade=st.integers(1, 4), hazard=st.none() | hazards, life_safety=st.booleans()),
    st.builds(Leading, grade=st.integers(1, 4), hazards=st.frozensets(hazards)),
)
def test_a_new_danger_is_never_hidden(alarm: Follower, leading: Leading) -> None:
    if folds(alarm, leading) and alarm.hazard is not None:
        assert not alarm.life_safety
        assert alarm.grade >= leading.grade
        assert leading.hazards
