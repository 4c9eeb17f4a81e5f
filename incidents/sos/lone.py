"""Somebody who works alone: the machine of their check-ins. Pure.

active: a word is due by ``deadline_at``; shortly before, the phone is rung; a while after, help is called. paused: no
word is due until then. missed: help was called. ended: they said so. The end they named is a deadline like the others:
who does not sign off has not come out.

A clock that was set back would put every deadline off: what was armed in the future moves back by as much.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from core.errors import Conflict, Invalid

State: TypeAlias = Literal["active", "paused", "ended", "missed"]
By: TypeAlias = Literal["start", "tap", "badge", "message", "resumed"]

INTERVAL_MIN_S, INTERVAL_MAX_S = 60, 120 * 60
GRACE_MIN_S, GRACE_MAX_S, GRACE_S = 30, 30 * 60, 120
# The phone is rung a quarter of the interval before, two minutes at most: time to get a glove off.
REMIND_SHARE, REMIND_MAX_S = 0.25, 120.0
# A double shift; longer is a session somebody forgot.
LONGEST = timedelta(hours=16)
# A meal, a meeting with others; longer is the end of working alone.
PAUSE_MAX = timedelta(hours=2)
# Clocks of two machines differ by so much and were not set back.
CLOCK_SLACK = timedelta(seconds=2)


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A session's times, in its own words; see the table ``lone_sessions``."""

    state: State
    interval_s: int
    grace_s: int
    ends_at: datetime
    checked_in_at: datetime
    checked_in_by: By
    deadline_at: datetime | None = None
    remind_at: datetime | None = None
    raise_at: datetime | None = None
    paused_until: datetime | None = None
    armed_at: datetime
    ended_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When the machine is to be looked at next; None: never."""
        times = (self.remind_at, self.raise_at, self.paused_until)
        return min((t for t in times if t is not None), default=None)


class Remind(msgspec.Struct, frozen=True):
    """Ring the phone: a word is due soon."""


class Raise(msgspec.Struct, frozen=True):
    """Call for help."""


class Nothing(msgspec.Struct, frozen=True):
    """Look again at ``due_at``."""


Step: TypeAlias = Remind | Raise | Nothing


def start(now: datetime, *, ends_at: datetime, interval_s: int, grace_s: int = GRACE_S) -> Watch:
    """Begin; raises Invalid for an end that is past or too far, an interval or a grace out of bounds."""
    _check_end(ends_at, now)
    _check_between("interval_s", interval_s, INTERVAL_MIN_S, INTERVAL_MAX_S)
    _check_between("grace_s", grace_s, GRACE_MIN_S, GRACE_MAX_S)
    watch = Watch(
        state="active",
        interval_s=interval_s,
        grace_s=grace_s,
        ends_at=ends_at,
        checked_in_at=now,
        checked_in_by="start",
        armed_at=now,
    )
    return _arm(watch, now)


def check_in(watch: Watch, now: datetime, *, at: datetime | None = None, by: By = "tap") -> Watch:
    """A word came; one from before the last changes nothing. It ends a pause. Raises Conflict when it is over."""
    _check_running(watch)
    said_at = now if at is None else min(at, now)
    if said_at <= watch.checked_in_at and watch.state == "active":
        return watch
    watch = msgspec.structs.replace(watch, state="active", paused_until=None, checked_in_at=said_at, checked_in_by=by)
    return _arm(watch, now)


def pause(watch: Watch, now: datetime, until: datetime) -> Watch:
    """No word is due until then; raises Invalid, Conflict."""
    _check_running(watch)
    if not now < until <= now + PAUSE_MAX:
        raise Invalid(
            "lone_session.pause",
            f"a pause ends within {PAUSE_MAX.total_seconds() / 3600:g} h from now",
            f"暂停须在 {PAUSE_MAX.total_seconds() / 3600:g} 小时内结束",
            field="until",
            value=until,
            limit=now + PAUSE_MAX,
        )
    return msgspec.structs.replace(
        watch, state="paused", paused_until=until, deadline_at=None, remind_at=None, raise_at=None, armed_at=now
    )


def resume(watch: Watch, now: datetime) -> Watch:
    """End a pause now; an active session stays as it is."""
    _check_running(watch)
    return _resumed(watch, now) if watch.state == "paused" else watch


def extend(watch: Watch, now: datetime, ends_at: datetime) -> Watch:
    """Another end; who says so is well."""
    _check_running(watch)
    _check_end(ends_at, now)
    if watch.state == "paused":
        return msgspec.structs.replace(watch, ends_at=ends_at)
    return _arm(msgspec.structs.replace(watch, ends_at=ends_at, checked_in_at=now, checked_in_by="tap"), now)


def end(watch: Watch, now: datetime) -> Watch:
    """Signed off; twice is one fact. After help was called it only says that they are back."""
    if watch.state == "ended":
        return watch
    return _stopped(msgspec.structs.replace(watch, state="ended", ended_at=now), now)


def look(watch: Watch, now: datetime) -> tuple[Watch, Step]:
    """What is due now, and the session after it."""
    if watch.state not in ("active", "paused"):
        return watch, Nothing()
    watch = _with_clock(watch, now)
    if watch.paused_until is not None:
        return (_resumed(watch, now) if watch.paused_until <= now else watch), Nothing()
    if watch.raise_at is not None and watch.raise_at <= now:
        return _stopped(msgspec.structs.replace(watch, state="missed"), now), Raise()
    if watch.remind_at is not None and watch.remind_at <= now:
        return msgspec.structs.replace(watch, remind_at=None, armed_at=now), Remind()
    return watch, Nothing()


def seconds_left(watch: Watch, now: datetime) -> float | None:
    """Until the next word is due, negative when it is overdue; None while none is."""
    return None if watch.deadline_at is None else (watch.deadline_at - now).total_seconds()


def _arm(watch: Watch, now: datetime) -> Watch:
    """A word from before now counts from then, so that a late one is not worth more."""
    deadline = min(watch.checked_in_at + timedelta(seconds=watch.interval_s), watch.ends_at)
    # What came late enough to be past its own deadline still gives the person time to hear of the next.
    deadline = max(deadline, now)
    lead = timedelta(seconds=min(watch.interval_s * REMIND_SHARE, REMIND_MAX_S))
    return msgspec.structs.replace(
        watch,
        deadline_at=deadline,
        remind_at=max(deadline - lead, now),
        raise_at=deadline + timedelta(seconds=watch.grace_s),
        armed_at=now,
    )


def _resumed(watch: Watch, now: datetime) -> Watch:
    watch = msgspec.structs.replace(
        watch, state="active", paused_until=None, checked_in_at=now, checked_in_by="resumed"
    )
    return _arm(watch, now)


def _stopped(watch: Watch, now: datetime) -> Watch:
    return msgspec.structs.replace(
        watch, deadline_at=None, remind_at=None, raise_at=None, paused_until=None, armed_at=now
    )


def _with_clock(watch: Watch, now: datetime) -> Watch:
    """The same time is left as when it was armed."""
    back = watch.armed_at - now
    if back <= CLOCK_SLACK:
        return watch
    earlier = {
        name: None if (at := getattr(watch, name)) is None else at - back
        for name in ("deadline_at", "remind_at", "raise_at", "paused_until")
    }
    return msgspec.structs.replace(watch, **earlier, checked_in_at=min(watch.checked_in_at, now), armed_at=now)


def _check_running(watch: Watch) -> None:
    if watch.state not in ("active", "paused"):
        raise Conflict(
            "lone_session.over",
            "this session is over; begin another",
            "此次独自作业已结束，请重新开始",
            field="state",
            value=watch.state,
        )


def _check_end(ends_at: datetime, now: datetime) -> None:
    if not now < ends_at <= now + LONGEST:
        raise Invalid(
            "lone_session.ends_at",
            f"a session ends within {LONGEST.total_seconds() / 3600:g} h from now",
            f"结束时间须在 {LONGEST.total_seconds() / 3600:g} 小时之内",
            field="ends_at",
            value=ends_at,
            limit=now + LONGEST,
        )


def _check_between(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Invalid(
            f"lone_session.{field}",
            f"{field} is {least} to {most} s",
            f"{field} 为 {least} 至 {most} 秒",
            field=field,
            value=value,
            limit=[least, most],
        )
