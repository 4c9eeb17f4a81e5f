"""What is to be done about the hazards of a site: grown, grown anew, shown as it is now, ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from geo.hazards.model import OFFSET_MAX_MS
from incidents.hazards.growing import AHEAD_MS, GREW, endangers
from mobile_contract.text import Text

# What somebody said an alarm's hazard is over for; then the sensor, which alarms still, is believed again.
PERSON_IS_BELIEVED = timedelta(minutes=30)

TIME_UP = Text("有效时间已到", "its time is up")
CLOSED = Text("事件已关闭", "the incident is closed")
NORMAL = Text("报警已恢复正常", "the alarm is back to normal")


class OpenHazard(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard that nobody has ended; ``alarm_over``: what it was grown from is normal again."""

    id: UUID
    incident_id: UUID | None
    alarm_id: UUID | None
    facts: dict[str, Any]
    stated_at: datetime
    ends_at: datetime | None
    changes_at: datetime | None
    version: int
    incident_closed: bool
    alarm_over: bool


class ActiveAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm whose condition is true. ``value``: the worse of its row's and the newest reading's."""

    id: UUID
    incident_id: UUID
    zone_id: UUID
    kind: str
    level: int
    agent: str | None
    value: float | None
    unit: str
    set_point: float | None
    raised_at: datetime


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A person ended an alarm's hazard, when, and what its reading was said to be then."""

    alarm_id: UUID
    ended_at: datetime
    value: float | None


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a grown hazard follows from beside its alarm: the plan in force, the states of doors, versions of zones."""

    plan: str | None
    doors: str
    zones: Mapping[UUID, int]


class End(msgspec.Struct, frozen=True):
    """It is over, since ``at``."""

    hazard_id: UUID
    reason: Text
    at: datetime


class Grow(msgspec.Struct, frozen=True):
    """Grow an alarm's hazard; with ``hazard_id`` anew, which was ``version``."""

    alarm: ActiveAlarm
    why: str
    hazard_id: UUID | None = None
    version: int = 0


class Show(msgspec.Struct, frozen=True):
    """The next slice of it has begun."""

    hazard_id: UUID


Move: TypeAlias = End | Grow | Show


def moves_of(
    now: datetime,
    standing: Sequence[OpenHazard],
    active: Sequence[ActiveAlarm],
    spoken: Sequence[Spoken],
    basis: Basis,
) -> list[Move]:
    """Everything that is to be done now: what is over, then what is new, then what has moved on."""
    ends: list[Move] = [end for it in standing if (end := end_of(now, it)) is not None]
    over = {end.hazard_id for end in ends if isinstance(end, End)}
    stands = {it.alarm_id: it for it in standing if it.alarm_id is not None and it.id not in over}
    said = {it.alarm_id: it for it in spoken}
    grows: list[Move] = []
    for alarm in active:
        if not endangers(alarm.kind, alarm.agent, alarm.unit):
            continue
        known = stands.get(alarm.id)
        if known is None:
            if not _believed(now, alarm, said.get(alarm.id)):
                grows.append(Grow(alarm, "raised"))
        elif (why := _why_anew(now, alarm, known, basis)) is not None:
            grows.append(Grow(alarm, why, known.id, known.version))
    anew = {it.hazard_id for it in grows if isinstance(it, Grow)}
    shows: list[Move] = [
        Show(it.id)
        for it in standing
        if it.id not in over and it.id not in anew and it.changes_at is not None and it.changes_at <= now
    ]
    return ends + grows + shows


def end_of(now: datetime, it: OpenHazard) -> End | None:
    """Why a hazard is over, if it is."""
    if it.ends_at is not None and it.ends_at <= now:
        return End(it.id, TIME_UP, it.ends_at)
    if it.incident_closed:
        return End(it.id, CLOSED, now)
    return End(it.id, NORMAL, now) if it.alarm_over else None


def _believed(now: datetime, alarm: ActiveAlarm, said: Spoken | None) -> bool:
    """Whether a person's word still stands against the alarm."""
    if said is None or now - said.ended_at >= PERSON_IS_BELIEVED:
        return False
    return not _grew(alarm, said.value)


def _why_anew(now: datetime, alarm: ActiveAlarm, it: OpenHazard, basis: Basis) -> str | None:
    facts = it.facts
    if facts.get("plan") != basis.plan:
        return "plan"
    if basis.plan is not None and facts.get("doors") != basis.doors:
        return "doors"
    if basis.zones.get(alarm.zone_id, facts.get("zone_version")) != facts.get("zone_version"):
        return "zone"
    if facts.get("air") and _grew(alarm, facts.get("value")):
        return "reading"
    elapsed_ms = (now - it.stated_at) // timedelta(milliseconds=1)
    runs_out = basis.plan is not None and facts.get("until_ms", 0) < OFFSET_MAX_MS
    return "time" if runs_out and facts.get("until_ms", 0) - elapsed_ms < AHEAD_MS / 2 else None


def _grew(alarm: ActiveAlarm, value: float | None) -> bool:
    if alarm.kind == "low" or alarm.value is None:
        return False
    return value is None or alarm.value >= GREW * max(value, alarm.set_point or 0.0)
