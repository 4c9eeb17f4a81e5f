"""Quiet times and the times of tests, in people's own clocks. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

from core.errors import Invalid
from people.reach.model import QuietTime
from people.rotas.recurrence import INTERVAL_MAX, check_rule

# What a schedule of tests may repeat by: a test each day is the most anybody bears.
FREQUENCIES = tuple(INTERVAL_MAX)
# Occurrences looked at from a day before on: the next one is among the first few.
LOOK_MAX = 5
# What ends a rule; all else of it is as a rota's hand-overs may be.
_ENDS = frozenset({"COUNT", "UNTIL"})


def is_quiet(quiet: QuietTime, at: datetime) -> bool:
    """Whether the person is not to be disturbed at this moment; ends are exclusive.

    A daily time is read off the wall clock of its zone, so on a day of clock change it is longer or shorter.
    """
    if quiet.starts_at is not None and quiet.ends_at is not None:
        return quiet.starts_at <= at < quiet.ends_at
    assert quiet.daily_from is not None
    assert quiet.daily_until is not None
    assert quiet.tz is not None
    wall = at.astimezone(ZoneInfo(quiet.tz)).time()
    if quiet.daily_from <= quiet.daily_until:
        return quiet.daily_from <= wall < quiet.daily_until
    return wall >= quiet.daily_from or wall < quiet.daily_until


def zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name; raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise Invalid("tz.unknown", f"no time zone {name!r}", f"没有时区 {name!r}", field="tz", value=name) from problem


def next_test(rule: str, tz: str, first_at: datetime, after: datetime) -> datetime | None:
    """The first occurrence after ``after``, None when there is none; raises Invalid for a rule we do not take.

    The rule is in local time: a test at 08:00 stays at 08:00 over a clock change (RFC 5545 section 3.3.10).
    """
    where = zone(tz)
    parts = dict(part.split("=", 1) for part in rule.upper().removeprefix("RRULE:").split(";") if "=" in part)
    start = first_at.astimezone(where).replace(tzinfo=None)
    try:
        # As of hand-overs: a rule whose day never comes is looked for to the end of the calendar, for seconds.
        check_rule(";".join(f"{k}={v}" for k, v in parts.items() if k not in _ENDS), start.date(), "rule")
    except Invalid as problem:
        raise _bad_rule(rule) from problem
    try:
        occurrences = rrulestr(";".join(f"{k}={v}" for k, v in parts.items()), dtstart=start)
    except (ValueError, TypeError, OverflowError) as problem:
        raise _bad_rule(rule) from problem
    wall = after.astimezone(where).replace(tzinfo=None)
    # From a day before: the wall clock of an hour that comes twice does not order moments.
    for local in occurrences.xafter(wall - timedelta(days=1), count=LOOK_MAX):
        at: datetime = local.replace(tzinfo=where).astimezone(after.tzinfo)
        if at > after:
            return at
    return None


def _bad_rule(rule: str) -> Invalid:
    return Invalid(
        "comm_test.rule",
        "a test repeats daily, weekly or monthly (RRULE of RFC 5545) at the time of day of its first",
        "测试须按日、周或月重复(RFC 5545 RRULE),时间取首次时间",
        field="rule",
        value=rule,
        limit=list(FREQUENCIES),
    )
