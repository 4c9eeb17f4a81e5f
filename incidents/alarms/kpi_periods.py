"""Days and shifts of a site in its own time zone, safe over a change of the clocks: a day may have 23 or 25 hours."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from core.errors import Invalid

# A page of two months of days, or three weeks of three shifts: each period is some queries.
PERIODS_MAX = 62
# A year and a bit, so that a year can be compared with the same weeks of the year before.
DAYS_MAX = 400
SHIFTS_MAX = 6


class Period(msgspec.Struct, frozen=True):
    """From ``start`` until before ``end``, UTC."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start).total_seconds()


def local_midnight(day: date, tz: str, at: time = time()) -> datetime:
    """A day's beginning (or another time of it) in UTC. A time that the clocks skip is read as the moment after the
    change, one that comes twice as its first (PEP 495)."""
    local = datetime.combine(day, at, ZoneInfo(tz))
    there = local.astimezone(UTC)
    back = there.astimezone(ZoneInfo(tz))
    if back.replace(tzinfo=None) == local.replace(tzinfo=None):
        return there
    # In the gap fold 0 reads with the offset before the change and fold 1 with that after it: the change lies between.
    return _change_between(local.replace(fold=1).astimezone(UTC), there, tz)


def _change_between(low: datetime, high: datetime, tz: str) -> datetime:
    """The first second of the new offset, which begins after ``low`` and at or before ``high``."""
    before = low.astimezone(ZoneInfo(tz)).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(ZoneInfo(tz)).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def whole(first: date, last: date, tz: str) -> Period:
    """The days from ``first`` to ``last``, both in it. Raises Invalid."""
    _check(first, last)
    return Period(local_midnight(first, tz), local_midnight(last + timedelta(days=1), tz))


def split(first: date, last: date, tz: str, shift_starts: Sequence[time] = ()) -> list[Period]:
    """The days from ``first`` to ``last``, or the shifts that begin in them at these local times. Raises Invalid.

    The last shift of a day lasts until the first of the next.
    """
    _check(first, last)
    starts = sorted(set(shift_starts)) or [time()]
    if len(starts) > SHIFTS_MAX:
        raise Invalid(
            "period.shifts",
            f"a day has at most {SHIFTS_MAX} shifts, not {len(starts)}",
            f"每天最多 {SHIFTS_MAX} 个班次，当前 {len(starts)}",
            field="shift_starts",
            value=len(starts),
            limit=SHIFTS_MAX,
        )
    days = (last - first).days + 1
    if days * len(starts) > PERIODS_MAX:
        raise Invalid(
            "period.too_many",
            f"{days * len(starts)} periods were asked for; at most {PERIODS_MAX} in one answer",
            f"请求了 {days * len(starts)} 个时段，一次最多 {PERIODS_MAX} 个",
            field="to",
            value=days * len(starts),
            limit=PERIODS_MAX,
        )
    borders = [local_midnight(first + timedelta(days=n), tz, at) for n in range(days) for at in starts]
    borders.append(local_midnight(last + timedelta(days=1), tz, starts[0]))
    # A shift that begins and ends within a skipped hour has no length, and is none.
    return [Period(a, b) for a, b in itertools.pairwise(borders) if a < b]


def days_of(period: Period, tz: str) -> list[Period]:
    """The site's days, each with the part of it that lies in the period."""
    day = period.start.astimezone(ZoneInfo(tz)).date()
    made: list[Period] = []
    start = period.start
    while start < period.end:
        day += timedelta(days=1)
        end = min(max(local_midnight(day, tz), start), period.end)
        made += [Period(start, end)] if start < end else []
        start = end
    return made


def _check(first: date, last: date) -> None:
    if last < first:
        raise Invalid(
            "period.backwards", "a period ends on or after the day it begins", "结束日期不得早于开始日期",
            field="to", value=last.isoformat(), limit=first.isoformat(),
        )  # fmt: skip
    # The first days of the calendar have no day before them in UTC, the last none after.
    if first.year < 1971 or last.year > 9000:
        raise Invalid(
            "period.year", "a period lies in the years 1971 to 9000", "时段年份须在 1971 至 9000 之间",
            field="from", value=first.isoformat(), limit=[1971, 9000],
        )  # fmt: skip
    if (last - first).days >= DAYS_MAX:
        raise Invalid(
            "period.too_long", f"a period has at most {DAYS_MAX} days", f"时段最长 {DAYS_MAX} 天",
            field="to", value=(last - first).days + 1, limit=DAYS_MAX,
        )  # fmt: skip
