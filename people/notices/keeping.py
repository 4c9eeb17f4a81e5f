"""When a notice may disturb its person. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mobile_contract.notices import NoticeKind
from people.reach.model import QuietTime
from people.reach.times import is_quiet

# Work that waits for the next shift. A swap is about a duty that may begin before it, a phone about the shift to come,
# a dose about the reader's health.
WAITS_FOR_SHIFT: frozenset[NoticeKind] = frozenset(
    {
        "calibration.due",
        "qualification.expiring",
        "qualification.expired",
        "comm_test.failed",
        "equipment.expiring",
    }
)
# Who has no duty within a week has no shift to wait for, by what the rotas say.
SHIFT_WITHIN = timedelta(days=7)
# What is kept is looked at this often: quiet times are taken back and duties change.
LOOK_AGAIN = timedelta(hours=1)
# An hour that comes twice has an end that may be past on the clock that counts.
LOOK_SOON = timedelta(minutes=1)

Shift = tuple[datetime, datetime]


def kept_until(
    kind: NoticeKind, *, urgent: bool, quiet: Sequence[QuietTime], shifts: Sequence[Shift], now: datetime
) -> datetime | None:
    """When to look at it again because the person is not to be disturbed now; None: send it.

    ``shifts`` are the person's duties from now on, as (begin, end); what is urgent is never kept.
    """
    if urgent:
        return None
    later = [quiet_until(it, now) for it in quiet if is_quiet(it, now)]
    if kind in WAITS_FOR_SHIFT and (begins := next_shift(shifts, now)) is not None:
        later.append(begins)
    return max(min(max(later), now + LOOK_AGAIN), now + LOOK_SOON) if later else None


def quiet_until(quiet: QuietTime, now: datetime) -> datetime:
    """The end of a quiet time that is on; a daily one ends at the next time its clock shows the end."""
    if quiet.ends_at is not None:
        return quiet.ends_at
    assert quiet.daily_until is not None
    assert quiet.tz is not None
    wall = now.astimezone(ZoneInfo(quiet.tz))
    end = datetime.combine(wall.date(), quiet.daily_until, wall.tzinfo)
    if end <= wall:
        end = datetime.combine(wall.date() + timedelta(days=1), quiet.daily_until, wall.tzinfo)
    return end.astimezone(now.tzinfo)


def next_shift(shifts: Sequence[Shift], now: datetime) -> datetime | None:
    """When the person's next duty begins; None: they are on duty, or have none within SHIFT_WITHIN."""
    if any(begin <= now < end for begin, end in shifts):
        return None
    return min((begin for begin, _ in shifts if now < begin <= now + SHIFT_WITHIN), default=None)
