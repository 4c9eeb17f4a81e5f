"""How a time range becomes a bounded number of points; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.errors import Invalid

# Points of one answer: more than a screen has pixels.
POINTS_MAX = 2_000
# Steps people read on an axis.
BUCKETS_S = (1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 86_400, 604_800)
# From here on the minutes' rollup answers; below it the raw readings do.
MINUTE_S = 60
# Ten years: beyond it the buckets above no longer bound the points.
RANGE_MAX = timedelta(days=3_660)


def choose_bucket_s(start: datetime, end: datetime, points: int) -> int:
    """The finest step that gives at most ``points`` buckets; raises Invalid for a range or number that can not be."""
    if not 1 <= points <= POINTS_MAX:
        raise Invalid(
            "readings.points",
            f"an answer has 1 to {POINTS_MAX} points",
            f"点数须为 1 至 {POINTS_MAX}",
            field="points",
            value=points,
            limit=POINTS_MAX,
        )
    if not timedelta(0) < end - start <= RANGE_MAX:
        raise Invalid(
            "readings.range",
            "a range ends after it starts and covers at most ten years",
            "时间范围须为正且不超过十年",
            field="end",
            value=end.isoformat(),
            limit=RANGE_MAX.days,
        )
    span_s = (end - start).total_seconds()
    for bucket_s in BUCKETS_S:
        if span_s / bucket_s <= points:
            return bucket_s
    # Few points over years: whole weeks, as many as it takes.
    weeks = -(-span_s // (points * BUCKETS_S[-1]))
    return int(weeks) * BUCKETS_S[-1]


def align(at: datetime, bucket_s: int) -> datetime:
    """The start of the bucket ``at`` lies in; buckets begin at whole multiples since the epoch."""
    return datetime.fromtimestamp(at.timestamp() // bucket_s * bucket_s, at.tzinfo)
