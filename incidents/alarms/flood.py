"""Alarm floods: more alarms than a person can answer, and what folds under the alarm that came first. Pure.

ISA-18.2 / IEC 62682 count per operator and ten minutes: a flood begins above ten alarms and ends below five. One
operator serves a site here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from incidents.alarms.agents import Hazard

WINDOW = timedelta(minutes=10)


class FloodLimits(msgspec.Struct, frozen=True):
    """A flood starts above ``start_above`` alarms in WINDOW and ends below ``end_below``."""

    start_above: int = 10
    end_below: int = 5


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """One flood; ``alarms`` counts those of its first window and all since; ``due_at``: when it ends without more."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    incident_id: UUID
    started_at: datetime
    alarms_at_start: int
    alarms: int
    due_at: datetime
    ended_at: datetime | None = None


class Span(msgspec.Struct, frozen=True):
    """One flood; ``ended_at`` None: it lasts."""

    started_at: datetime
    ended_at: datetime | None


class Leading(msgspec.Struct, frozen=True):
    """The incident that leads a flood: its grade and the dangers it is about."""

    grade: int
    hazards: frozenset[Hazard]


class Follower(msgspec.Struct, frozen=True):
    """An alarm that is raised in a flood: the grade it would have alone, its danger (None: an instrument's fault).

    ``life_safety``: people must be warned, led out or counted because of it.
    """

    grade: int
    hazard: Hazard | None
    life_safety: bool


def count(raised: Iterable[datetime], now: datetime) -> int:
    """Alarms raised in the window that ends now; one that is exactly as old as the window has left it."""
    return sum(now - WINDOW < at <= now for at in raised)


def starts(raised: Iterable[datetime], now: datetime, limits: FloodLimits) -> bool:
    """Whether these alarms are a flood, where there is none yet."""
    return count(raised, now) > limits.start_above


def ends_at(raised: Sequence[datetime], started_at: datetime, limits: FloodLimits) -> datetime:
    """When a flood ends if no alarm is raised any more; ``raised`` in order of time."""
    if len(raised) < limits.end_below:
        return started_at
    return max(started_at, raised[-limits.end_below] + WINDOW)


def spans(raised: Sequence[datetime], now: datetime, limits: FloodLimits) -> list[Span]:
    """Every flood of this history up to now, exactly; ``raised`` in order of time."""
    found: list[Span] = []
    started_at: datetime | None = None
    for index, at in enumerate(raised):
        before = raised[:index]
        if started_at is not None and (end := ends_at(before, started_at, limits)) <= at:
            found.append(Span(started_at, end))
            started_at = None
        if started_at is None and starts(raised[: index + 1], at, limits):
            started_at = at
    if started_at is not None:
        end = ends_at(raised, started_at, limits)
        found.append(Span(started_at, end if end <= now else None))
    return found


def folds(alarm: Follower, leading: Leading) -> bool:
    """Whether an alarm that would open an incident of its own joins the leading one instead.

    A new danger is never hidden: what threatens life, and any danger that alone would be graver than the leading
    incident is now, opens its own. So does every danger while only instruments are at fault.
    """
    if alarm.life_safety:
        return False
    if alarm.hazard is None:
        return True
    return bool(leading.hazards) and alarm.grade >= leading.grade
