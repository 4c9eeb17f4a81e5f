"""Days and shifts by the site's own clock, over its changes too."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from incidents.alarms.kpi_periods import Period, days_of, local_midnight, split, whole

BERLIN, SHANGHAI, LORD_HOWE, BEIRUT = "Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Beirut"
SHIFTS = [time(6), time(14), time(22)]


def hours(periods: list[Period]) -> list[float]:
    return [p.seconds / 3600 for p in periods]


def test_a_day_is_the_sites_day() -> None:
    day = whole(date(2026, 3, 2), date(2026, 3, 2), SHANGHAI)
    assert day == Period(datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC))


def test_the_day_the_clocks_change_has_23_or_25_hours() -> None:
    assert hours(split(date(2026, 3, 28), date(2026, 3, 30), BERLIN)) == [24, 23, 24]
    assert hours(split(date(2026, 10, 24), date(2026, 10, 26), BERLIN)) == [24, 25, 24]
    assert hours(split(date(2026, 10, 3), date(2026, 10, 4), LORD_HOWE)) == [24, 23.5]


def test_the_night_shift_is_shorter_or_longer_then_and_the_others_are_not() -> None:
    spring = split(date(2026, 3, 28), date(2026, 3, 29), BERLIN, SHIFTS)
    assert hours(spring) == [8, 8, 7, 8, 8, 8]
    assert spring[2].end == datetime(2026, 3, 29, 4, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_is_the_moment_of_the_change() -> None:
    changed = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert local_midnight(date(2026, 3, 29), BERLIN, time(2, 30)) == changed
    # Beirut skips midnight itself.
    assert local_midnight(date(2026, 3, 29), BEIRUT) == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert split(date(2026, 3, 29), date(2026, 3, 29), BERLIN, [time(2, 15), time(2, 45)]) == [
        Period(changed, datetime(2026, 3, 30, 0, 15, tzinfo=UTC))
    ]


def test_a_time_that_comes_twice_is_its_first() -> None:
    assert local_midnight(date(2026, 10, 25), BERLIN, time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.integers(0, 9),
    st.sampled_from([BERLIN, SHANGHAI, LORD_HOWE, BEIRUT, "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca"]),
    st.lists(st.times().map(lambda t: t.replace(microsecond=0)), max_size=4),
)
def test_periods_follow_one_another_without_gap_or_overlap(first: date, days: int, tz: str, starts: list[time]) -> None:
    periods = split(first, first + timedelta(days=days), tz, starts)
    assert all(p.start < p.end for p in periods)
    assert all(a.end == b.start for a, b in itertools.pairwise(periods))
    assert periods[0].start == local_midnight(first, tz, min(starts, default=time()))


def test_the_days_of_a_period_are_cut_at_the_sites_midnights() -> None:
    period = Period(datetime(2026, 3, 1, 20, tzinfo=UTC), datetime(2026, 3, 3, 2, tzinfo=UTC))
    assert hours(days_of(period, SHANGHAI)) == [20, 10]
    assert days_of(Period(period.start, period.start), SHANGHAI) == []
    assert hours(days_of(whole(date(2026, 3, 28), date(2026, 3, 30), BERLIN), BERLIN)) == [24, 23, 24]


@pytest.mark.parametrize(
    ("first", "last", "starts", "code"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), [], "period.backwards"),
        (date(1, 1, 1), date(1, 1, 1), [], "period.year"),
        (date(9999, 12, 31), date(9999, 12, 31), [], "period.year"),
        (date(2026, 1, 1), date(2027, 2, 5), [], "period.too_long"),
        (date(2026, 1, 1), date(2026, 3, 4), [], "period.too_many"),
        (date(2026, 1, 1), date(2026, 1, 21), SHIFTS, "period.too_many"),
        (date(2026, 1, 1), date(2026, 1, 1), [time(n) for n in range(7)], "period.shifts"),
    ],
)
def test_a_period_that_can_not_be_answered_is_refused(first: date, last: date, starts: list[time], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        split(first, last, "UTC", starts)
    assert caught.value.code == code
    assert caught.value.zh != caught.value.en
