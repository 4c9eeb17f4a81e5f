"""Votes of several sensors: whatever is wrong with them, a fault never hides danger."""

from __future__ import annotations

import itertools
import math
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.alarms.voting import Limit, Member, Side, Turn, Verdict, decide, side_of, vote_of
from plant.calibration import Trust, trust

HIGH = Limit("high", 100.0, deadband=10.0, valid_low=-5.0, valid_high=500.0)
LOW = Limit("low", 19.5, deadband=0.5, valid_low=0.0, valid_high=30.0)
FAULTS: dict[str, dict[str, Any]] = {
    "retired": {"retired": True},
    "out_of_service": {"out_of_service": True},
    "stale": {"stale": True},
    "gap": {"value": None},
    "late": {"late": True},
    "out_of_range": {"value": 900.0},
    "calibration_expired": {"calibration_expired": True},
}
# Every state a member can be in: calm, in danger, and every fault of it.
STATES = ["calm", "danger", *FAULTS]


def member(n: int, state: str = "calm") -> Member:
    sound = Member(sensor_id=UUID(int=n), value=150.0 if state == "danger" else 20.0)
    return replace(sound, **FAULTS.get(state, {}))


def verdict(m: int, *states: str, active: bool = False) -> Verdict:
    return decide(HIGH, m, [member(n, state) for n, state in enumerate(states, 1)], active)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("active", [False, True])
def test_of_all_combinations_a_group_is_in_alarm_exactly_when_m_are_in_danger_or_faulty(n: int, active: bool) -> None:
    for m in range(1, n + 1):
        for states in itertools.product(STATES, repeat=n):
            expected = sum(state != "calm" for state in states) >= m
            assert verdict(m, *states, active=active).active == expected, (m, states)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_making_a_member_faulty_never_takes_an_alarm_away(n: int) -> None:
    for m in range(1, n + 1):
        for states in itertools.product(STATES, repeat=n):
            before = verdict(m, *states)
            for index, fault in itertools.product(range(n), FAULTS):
                worse = verdict(m, *states[:index], fault, *states[index + 1 :])
                assert worse.active or not before.active, (m, states, index, fault)


members = st.builds(
    Member,
    sensor_id=st.integers(1, 99).map(lambda n: UUID(int=n)),
    value=st.none() | st.floats(),
    late=st.booleans(),
    stale=st.booleans(),
    calibration_expired=st.booleans(),
    out_of_service=st.booleans(),
    retired=st.booleans(),
)
limits = st.builds(
    Limit,
    side=st.sampled_from(["high", "low"]),
    set_point=st.floats(-100, 100),
    deadband=st.floats(0, 50),
    valid_low=st.none() | st.floats(-1000, -200),
    valid_high=st.none() | st.floats(200, 1000),
)


@given(limits, st.lists(members, max_size=8), st.integers(1, 8), st.booleans())
def test_a_calm_group_has_enough_sound_members_that_say_so(
    limit: Limit, group: list[Member], m: int, active: bool
) -> None:
    said = decide(limit, m, group, active)
    sound_and_within = sum(v.vote == "within" and v.fault is None for v in said.votes)
    if not said.active:
        assert len(group) - sound_and_within < m
    assert said.works_as[1] == sum(v.vote != "fault" for v in said.votes)
    assert said.degraded == (said.works_as[1] < len(group))


@given(limits, members, st.booleans())
def test_a_vote_within_comes_from_a_member_without_any_fault(limit: Limit, one: Member, active: bool) -> None:
    vote = vote_of(limit, one, active)
    assert (vote.vote == "fault") == (vote.fault is not None)
    if vote.vote == "within":
        assert one.value is not None
        assert math.isfinite(one.value)
        assert not any([one.stale, one.late, one.calibration_expired, one.out_of_service, one.retired])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_in_the_vote(fault: str) -> None:
    assert vote_of(HIGH, member(1, fault), False).fault == fault


def test_a_group_without_members_is_in_alarm() -> None:
    assert decide(HIGH, 1, [], False).active


def test_two_of_three_with_one_faulty_member_works_as_one_of_two() -> None:
    said = verdict(2, "gap", "calm", "calm")
    assert (said.active, said.degraded, said.works_as, said.beyond) == (False, True, (1, 2), 1)
    assert verdict(2, "gap", "danger", "calm").active


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("calm", "calm", "calm"), []),
        (("danger", "danger", "danger"), []),
        (("danger", "calm", "calm"), [1]),
        (("danger", "danger", "calm"), [3]),
        (("danger", "gap", "calm"), [1, 3]),
        (("gap", "gap", "calm"), []),
    ],
)
def test_the_minority_of_sound_members_is_the_discrepancy(states: tuple[str, ...], expected: list[int]) -> None:
    assert list(verdict(2, *states).discrepant) == [UUID(int=n) for n in expected]


@pytest.mark.parametrize(
    ("limit", "value", "active", "side"),
    [
        (HIGH, 99.9, False, "within"),
        (HIGH, 100.0, False, "beyond"),
        (HIGH, 90.0, True, "beyond"),
        (HIGH, 89.9, True, "within"),
        (LOW, 19.6, False, "within"),
        (LOW, 19.5, False, "beyond"),
        (LOW, 20.0, True, "beyond"),
        (LOW, 20.1, True, "within"),
        (HIGH, -5.1, False, "fault"),
        (HIGH, 500.1, False, "fault"),
        (HIGH, math.nan, False, "fault"),
        (HIGH, math.inf, False, "fault"),
        (Limit("high", 1.0), -1e9, False, "within"),
    ],
)
def test_where_a_value_lies(limit: Limit, value: float, active: bool, side: Side) -> None:
    assert side_of(limit, value, active) == side


@given(limits, st.none() | st.floats(-300, 300), st.floats(-300, 300), st.booleans(), st.booleans())
def test_a_value_within_the_band_turns_nothing(
    limit: Limit, before: float | None, value: float, active: bool, restless: bool
) -> None:
    turn = Turn(UUID(int=1), UUID(int=2), limit, active, side_of(limit, before, active), restless)
    below, above = turn.band()
    if below < value < above:
        assert not turn.turns(value)


@pytest.mark.parametrize(
    ("limit", "active", "band"),
    [
        (HIGH, False, (-5.0, 100.0)),
        (HIGH, True, (-5.0, 90.0)),
        (LOW, False, (19.5, 30.0)),
        (LOW, True, (20.0, 30.0)),
        (Limit("high", 1.0), False, (-math.inf, 1.0)),
    ],
)
def test_the_band_reaches_from_the_limit_to_what_a_sensor_can_say(
    limit: Limit, active: bool, band: tuple[float, float]
) -> None:
    assert Turn(UUID(int=1), UUID(int=2), limit, active, "within").band() == band


def test_a_turn_that_waits_looks_at_every_value() -> None:
    turn = Turn(UUID(int=1), UUID(int=2), HIGH, True, "within", restless=True)
    assert turn.turns(1.0)
    assert turn.band() == (math.inf, -math.inf)


# --- calibration ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (None, Trust("unstated")),
        (date(2026, 5, 1), Trust("good", 61)),
        (date(2026, 3, 31), Trust("due_soon", 30)),
        (date(2026, 3, 1), Trust("due_soon", 0)),
        (date(2026, 2, 28), Trust("expired", -1)),
    ],
)
def test_trust_falls_with_the_calibration_date(due: date | None, expected: Trust) -> None:
    assert trust(due, date(2026, 3, 1)) == expected
