"""Quiet times and the times of tests, over the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from core.errors import Invalid
from core.ids import new_id
from people.reach.model import QuietTime
from people.reach.times import is_quiet, next_test, zone

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def daily(start: time, end: time) -> QuietTime:
    return QuietTime(new_id(), new_id(), new_id(), start, end, BERLIN, None, None, "", NOW)


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-03-28T20:59:59Z", False),
        ("2026-03-28T21:00:00Z", True),  # 22:00 winter time
        ("2026-03-29T03:59:59Z", True),  # 05:59:59 summer time: the night had seven hours
        ("2026-03-29T04:00:00Z", False),
        ("2026-10-25T04:59:59Z", True),  # 05:59:59 winter time: the night had nine
        ("2026-10-25T05:00:00Z", False),
    ],
)
def test_a_night_is_read_off_the_wall_clock(at: str, quiet: bool) -> None:
    assert is_quiet(daily(time(22), time(6)), datetime.fromisoformat(at)) is quiet


def test_a_quiet_time_within_a_day() -> None:
    noon = daily(time(12), time(13))
    assert is_quiet(noon, datetime(2026, 3, 2, 11, 30, tzinfo=UTC))
    assert not is_quiet(noon, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))


def test_leave_is_once() -> None:
    leave = QuietTime(new_id(), new_id(), new_id(), None, None, None, NOW, NOW + timedelta(days=7), "leave", NOW)
    assert is_quiet(leave, NOW)
    assert not is_quiet(leave, NOW + timedelta(days=7))
    assert not is_quiet(leave, NOW - timedelta(seconds=1))


def test_a_test_at_eight_stays_at_eight_over_a_clock_change() -> None:
    first = datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert next_test("FREQ=WEEKLY;BYDAY=SU", BERLIN, first, datetime(2026, 3, 22, 7, tzinfo=UTC)) == datetime(
        2026, 3, 29, 6, tzinfo=UTC
    )


def test_the_next_is_after_and_never_the_same() -> None:
    first = datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert next_test("RRULE:FREQ=DAILY", "UTC", first, first) == first + timedelta(days=1)
    assert next_test("FREQ=DAILY;COUNT=1", "UTC", first, first) is None


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "every monday",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;UNTIL=soon",
        # Never comes; dateutil looks for it day by day to the year 9999.
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_a_rule_we_do_not_take_is_named(rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        next_test(rule, "UTC", NOW, NOW)
    assert (caught.value.field, caught.value.value) == ("rule", rule)


def test_a_zone_that_is_none_is_named() -> None:
    for name in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(Invalid) as caught:
            zone(name)
        assert caught.value.field == "tz"
