"""On which local days a layer hands over, and which number a hand-over has.

A rule is an RRULE over dates (RFC 5545 section 3.3.10), read by python-dateutil; the time of day is the layer's own.
Days are proleptic Gregorian ordinals. DAILY and WEEKLY rules repeat after a fixed number of days, so the hand-over
around any day is arithmetic, however long ago the rule began. MONTHLY rules have no short period: their days are
listed once for each rule, as far as anybody has asked, and looked up by bisection.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from itertools import takewhile
from typing import NoReturn, TypeAlias

from dateutil.rrule import rrule, rrulestr

from core.errors import Invalid

# A year of daily turns; dateutil looks at every period it skips.
INTERVAL_MAX = {"DAILY": 366, "WEEKLY": 52, "MONTHLY": 12}
# Rules kept ready: 1,000 rotas of several layers.
_KEPT = 8192
_DAY = re.compile(r"([+-]?[1-4])?(MO|TU|WE|TH|FR|SA|SU)")
# The 29th to 31st do not come every month, and a hand-over that is skipped leaves somebody on duty for two months.
_MONTH_DAY = re.compile(r"-?([1-9]|1[0-9]|2[0-8])")


class Cycle:
    """Hand-overs that repeat every ``period`` days from ``start``, at these offsets."""

    __slots__ = ("_offsets", "_period", "_start")

    def __init__(self, start: int, period: int, offsets: list[int]) -> None:
        self._start = start
        self._period = period
        self._offsets = offsets

    def latest(self, day: int) -> int:
        """The number of the last hand-over on or before the day; -1 before the first."""
        rounds, rest = divmod(day - self._start, self._period)
        return max(-1, rounds * len(self._offsets) + bisect_right(self._offsets, rest) - 1)

    def day(self, number: int) -> int:
        """The day of a hand-over."""
        rounds, place = divmod(number, len(self._offsets))
        return self._start + rounds * self._period + self._offsets[place]


class Listed:
    """Hand-overs without a short period, listed as far as they were asked for."""

    __slots__ = ("_days", "_more")

    def __init__(self, more: Iterator[datetime]) -> None:
        self._days: list[int] = []
        self._more = more

    def latest(self, day: int) -> int:
        """The number of the last hand-over on or before the day; -1 before the first."""
        while not self._days or self._days[-1] <= day:
            self._days.append(next(self._more).toordinal())
        return bisect_right(self._days, day) - 1

    def day(self, number: int) -> int:
        """The day of a hand-over."""
        while len(self._days) <= number:
            self._days.append(next(self._more).toordinal())
        return self._days[number]


Recurrence: TypeAlias = Cycle | Listed


@lru_cache(_KEPT)
def recurrence(rule: str, starts_on: date) -> Recurrence:
    """The hand-overs of a checked rule from a date on."""
    parts = _parts(rule)
    begin = datetime(starts_on.year, starts_on.month, starts_on.day)  # noqa: DTZ001
    found = rrulestr(rule, dtstart=begin)
    assert isinstance(found, rrule)
    if parts["FREQ"] == "MONTHLY":
        return Listed(iter(found))
    interval = int(parts.get("INTERVAL", "1"))
    # check_rule allows BYDAY with DAILY only at interval 1, so each has one period.
    period = interval * 7 if parts["FREQ"] == "WEEKLY" or "BYDAY" in parts else interval
    start = starts_on.toordinal()
    days = (moment.toordinal() - start for moment in found)
    return Cycle(start, period, list(takewhile(lambda offset: offset < period, days)))


def rule_of_weekdays(weekdays: list[str]) -> str:
    """Hand-overs on these weekdays (``mon`` ...) of every week."""
    return "FREQ=WEEKLY;BYDAY=" + ",".join(day[:2].upper() for day in weekdays)


def rule_of_days(every: int) -> str:
    """A hand-over every so many days."""
    return f"FREQ=DAILY;INTERVAL={every}"


def check_rule(rule: str, starts_on: date, field: str) -> None:
    """Raise Invalid unless the rule hands over again and again, and can be found around any day at once.

    Refused: FREQ beyond DAILY, WEEKLY and MONTHLY; COUNT and UNTIL (the layer's ``ends_on``); BYHOUR, BYMINUTE and
    BYSECOND (its ``handover``); whatever may never come or skip a month.
    """
    parts = _parts(rule)
    known = {"FREQ", "INTERVAL", "BYDAY", "WKST", "BYMONTHDAY", "BYSETPOS"}
    if len(parts) != len(rule.split(";")) or not parts.keys() <= known or parts.get("FREQ") not in INTERVAL_MAX:
        _refuse(field, rule, "FREQ=DAILY|WEEKLY|MONTHLY;INTERVAL;BYDAY;WKST;BYMONTHDAY;BYSETPOS")
    frequency, interval = parts["FREQ"], parts.get("INTERVAL", "1")
    most = INTERVAL_MAX[frequency]
    if not re.fullmatch(r"[1-9][0-9]{0,2}", interval) or int(interval) > most:
        _refuse(field, rule, f"INTERVAL 1..{most}")
    if not re.fullmatch(r"MO|TU|WE|TH|FR|SA|SU", parts.get("WKST", "MO")):
        _refuse(field, rule, "WKST=MO")
    _check_days(parts, field, rule)
    if frequency == "MONTHLY":
        _check_month(parts, starts_on, field, rule)
    elif "BYMONTHDAY" in parts or "BYSETPOS" in parts:
        _refuse(field, rule, "BYMONTHDAY and BYSETPOS: FREQ=MONTHLY")
    elif frequency == "DAILY" and "BYDAY" in parts and interval != "1":
        _refuse(field, rule, "FREQ=DAILY;BYDAY: INTERVAL=1")


def _check_days(parts: dict[str, str], field: str, rule: str) -> None:
    if "BYDAY" not in parts:
        return
    for day in parts["BYDAY"].split(","):
        match = _DAY.fullmatch(day)
        if match is None:
            _refuse(field, rule, "BYDAY=MO,-1FR")
        if match[1] and (parts["FREQ"] != "MONTHLY" or parts.keys() & {"BYMONTHDAY", "BYSETPOS"}):
            _refuse(field, rule, "BYDAY=1MO..4MO, -1MO..-4MO: FREQ=MONTHLY without BYMONTHDAY and BYSETPOS")


def _check_month(parts: dict[str, str], starts_on: date, field: str, rule: str) -> None:
    if not parts.keys() & {"BYDAY", "BYMONTHDAY"} and (starts_on.day > 28 or "BYSETPOS" in parts):
        _refuse(field, rule, "starts_on: day 1..28, or BYDAY, BYMONTHDAY")
    if any(not _MONTH_DAY.fullmatch(day) for day in parts.get("BYMONTHDAY", "1").split(",")):
        _refuse(field, rule, "BYMONTHDAY 1..28, -1..-28")
    if "BYSETPOS" in parts:
        # Every weekday comes at least four times a month.
        most = 4 * len(set(parts["BYDAY"].split(","))) if "BYDAY" in parts and "BYMONTHDAY" not in parts else 0
        places = parts["BYSETPOS"].split(",")
        if any(not re.fullmatch(r"-?[1-9][0-9]?", place) or abs(int(place)) > most for place in places):
            _refuse(field, rule, f"BYSETPOS with BYDAY alone: 1..{most}, -1..-{most}")


def _parts(rule: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule.split(";") if "=" in part)


def _refuse(field: str, rule: str, limit: str) -> NoReturn:
    raise Invalid(
        "rota.rrule",
        f"{field}: this rule is not one a rota can follow; allowed: {limit}",
        f"{field}：轮班表不支持此规则，允许：{limit}",
        field=field,
        value=rule,
        limit=limit,
    )
