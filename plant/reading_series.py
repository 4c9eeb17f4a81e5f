"""How a time range becomes a bounded number of points; pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.errors import Invalid

# Points of one answer: more than a screen has pixels.
POINTS_MAX = 2_000
# Steps people read on an axis.
BUCKETS_S = (1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 86_400, 604_800)
# From here on the minutes' rollup answers; below it the raw readings do.
MINUTE_S = 60
# Ten years: beyond it the buckets above no longer bound the points.
RANGE_MAX = timedelta(days=3_660)
# No plant has readings outside of these, and arithmetic on a time at the calendar's edge overflows.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def choose_bucket_s(start: datetime, end: datetime, points: int) -> int:
    """The finest step that gives ``points`` buckets at most, and one more where the range begins within one; raises
    Invalid for a range or number that can not be."""
    if not 1 <= points <= POINTS_MAX:
        raise Invalid(
            "readings.points",
            f"an answer has 1 to {POINTS_MAX} points",
            f"点数须为 1 至 {POINTS_MAX}",
            field="points",
            value=points,
            limit=POINTS_MAX,
        )
    check_range(start, end)
    span_s = (end - start).total_seconds()
    for bucket_s in BUCKETS_S:
        if span_s / bucket_s <= points:
            return bucket_s
    # Few points over years: whole weeks, as many as it takes.
    weeks = -(-span_s // (points * BUCKETS_S[-1]))
    return int(weeks) * BUCKETS_S[-1]


def check_time(field: str, at: datetime) -> None:
    """Raise Invalid unless ``at`` has its offset and lies in a plant's life."""
    if at.tzinfo is None or not EARLIEST <= at <= LATEST:
        raise Invalid(
            "readings.time",
            f"{field} is a time with its offset, from {EARLIEST.year} to {LATEST.year}",
            f"{field} 须为带时区的时间，{EARLIEST.year} 至 {LATEST.year} 年",
            field=field,
            value=at.isoformat(),
            limit=[EARLIEST.isoformat(), LATEST.isoformat()],
        )


def check_range(start: datetime, end: datetime) -> None:
    """Raise Invalid unless both are times of a plant's life and ``end`` follows ``start`` within RANGE_MAX."""
    check_time("from", start)
    check_time("to", end)
    if end <= start:
        raise Invalid(
            "readings.range",
            "a range ends after it starts",
            "时间范围的终点须晚于起点",
            field="to",
            value=end.isoformat(),
            limit=start.isoformat(),
        )
    if end - start > RANGE_MAX:
        raise Invalid(
            "readings.range",
            f"a range covers at most {RANGE_MAX.days} days",
            f"时间范围不超过 {RANGE_MAX.days} 天",
            field="to",
            value=end.isoformat(),
            limit=(start + RANGE_MAX).isoformat(),
        )


def align(at: datetime, bucket_s: int) -> datetime:
    """The start of the bucket ``at`` lies in; buckets begin at whole multiples since the epoch."""
    return datetime.fromtimestamp(at.timestamp() // bucket_s * bucket_s, at.tzinfo)


def whole_minutes(end: datetime) -> datetime:
    """The end of the minute in which a range ends: the rollup knows no parts of minutes."""
    return align(end + timedelta(seconds=MINUTE_S, microseconds=-1), MINUTE_S)
