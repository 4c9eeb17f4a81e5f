"""A time range becomes a bounded number of points that begin where people read an axis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from plant.reading_series import (
    BUCKETS_S,
    EARLIEST,
    LATEST,
    POINTS_MAX,
    RANGE_MAX,
    align,
    check_time,
    choose_bucket_s,
    whole_minutes,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
WEEK_S = BUCKETS_S[-1]


@pytest.mark.parametrize(
    ("span_s", "points", "bucket_s"),
    [(60, 60, 1), (61, 60, 5), (3_600, 360, 10), (86_400, 1_000, 300), (WEEK_S * 3, 1, WEEK_S * 3)],
)
def test_the_finest_step_that_fits(span_s: int, points: int, bucket_s: int) -> None:
    assert choose_bucket_s(START, START + timedelta(seconds=span_s), points) == bucket_s


@given(st.floats(0.001, RANGE_MAX.total_seconds()), st.integers(1, POINTS_MAX))
def test_there_are_never_more_points_than_asked_for_and_no_finer_step_would_do(span_s: float, points: int) -> None:
    end = START + timedelta(seconds=span_s)
    bucket_s = choose_bucket_s(START, end, points)
    span_s = (end - START).total_seconds()
    assert span_s / bucket_s <= points
    steps = [*BUCKETS_S, *([bucket_s - WEEK_S] if bucket_s > WEEK_S else [])]
    assert all(span_s / finer > points for finer in steps if finer < bucket_s)


@pytest.mark.parametrize(
    ("end", "points", "code", "field"),
    [
        (START, 100, "readings.range", "to"),
        (START - timedelta(seconds=1), 100, "readings.range", "to"),
        (START + RANGE_MAX + timedelta(seconds=1), 100, "readings.range", "to"),
        (START + timedelta(hours=1), 0, "readings.points", "points"),
        (START + timedelta(hours=1), POINTS_MAX + 1, "readings.points", "points"),
    ],
)
def test_a_range_that_can_not_be_shown_is_refused(end: datetime, points: int, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        choose_bucket_s(START, end, points)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("at", [datetime(2026, 3, 1), EARLIEST - timedelta(days=1), LATEST + timedelta(days=1)])  # noqa: DTZ001
def test_a_time_without_an_offset_or_of_another_age_is_refused_by_name(at: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        check_time("from", at)
    assert (refused.value.code, refused.value.field) == ("readings.time", "from")
    check_time("from", START)


def test_a_range_ends_with_the_minute_it_ends_in() -> None:
    assert whole_minutes(START) == START
    assert whole_minutes(START + timedelta(microseconds=1)) == START + timedelta(minutes=1)


@given(st.integers(0, 10**16), st.sampled_from(BUCKETS_S))
def test_a_moment_lies_in_the_bucket_that_begins_at_a_whole_multiple(at_us: int, bucket_s: int) -> None:
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at_us)
    begin = align(at, bucket_s)
    assert begin <= at < begin + timedelta(seconds=bucket_s)
    assert begin.timestamp() % bucket_s == 0
