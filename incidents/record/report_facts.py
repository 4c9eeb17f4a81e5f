"""What a report is made of, and how its times and names are written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from incidents.incident import Alarm, Incident, Task, TimelineEntry
from incidents.reaching.delivery import Delivery, DeliveryPolicy
from incidents.record.verification import Break
from mobile_contract.reports import Cell, ReportSection
from mobile_contract.text import Text
from plant.model import Command

NOBODY = Text("无", "none")
DASH = Text("—", "—")


class Asked(msgspec.Struct, frozen=True):
    """One order to one person, and the channel that last took it."""

    known: Delivery
    channel: str


class Lesson(msgspec.Struct, frozen=True):
    """What was learned, by whom."""

    text: str
    by: UUID


class Action(msgspec.Struct, frozen=True):
    """What must change; ``state``: open, done, verified, or overdue."""

    text: str
    owner: UUID
    due_on: str
    state: str
    verified_by: UUID | None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report is made of. ``people`` and ``actuators``: names by id; ``tz``: the site's time zone;
    ``more``: others that exist beyond what was read, by name of the list; ``provided``: sections of other parts."""

    incident: Incident
    site: Text
    tz: str
    summary: str
    causes: str
    alarms: Sequence[Alarm]
    tasks: Sequence[Task]
    commands: Sequence[Command]
    asked: Sequence[Asked]
    timeline: Sequence[TimelineEntry]
    people: Mapping[UUID, str]
    actuators: Mapping[UUID, Text]
    lessons: Sequence[Lesson]
    actions: Sequence[Action]
    policy: DeliveryPolicy
    length: int
    hash: str
    broken: Break | None
    more: Mapping[str, int] = {}
    provided: Sequence[ReportSection] = ()


def note_more(facts: Facts, name: str) -> list[Text]:
    """Says how many of a list are not shown."""
    count = facts.more.get(name, 0)
    return [Text(f"另有 {count} 条未列出。", f"{count} more are not shown.")] if count else []


def first_of(times: Iterable[datetime]) -> datetime | None:
    """The earliest, None of none."""
    return min(times, default=None)


def gap_s(start: datetime, end: datetime | None) -> float | None:
    """Seconds from one to the other; None when the other never came."""
    return None if end is None else (end - start).total_seconds()


def show_seconds(value: float) -> str:
    """Below a tenth in milliseconds, below a minute in tenths, above in the two largest units."""
    if 0 < abs(value) < 0.1:
        return f"{value * 1000:.0f} ms"
    if abs(value) < 59.95:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min {seconds} s" if hours == 0 else f"{hours} h {rest} min"


def since(facts: Facts, at: datetime | None) -> Cell:
    """A time as what passed since the incident opened."""
    gap = None if at is None else gap_s(facts.incident.opened_at, at)
    return Cell(DASH) if gap is None else own_cell(("+" if gap >= 0 else "") + show_seconds(gap))


def show_clock(facts: Facts, at: datetime | None) -> Text:
    """A time on the site's clock."""
    return DASH if at is None else own(show_local(facts, at))


def show_local(facts: Facts, at: datetime) -> str:
    """A time on the site's clock, to the second."""
    return at.astimezone(ZoneInfo(facts.tz)).strftime("%Y-%m-%d %H:%M:%S")


def person(facts: Facts, account_id: UUID | None) -> Text:
    """Who, by name; by id when the name is not known."""
    if account_id is None:
        return NOBODY
    return own(facts.people.get(account_id, str(account_id)))


def joined(texts: Sequence[Text]) -> Text:
    """Sentences in one."""
    return Text("；".join(t.zh for t in texts) or "—", "; ".join(t.en for t in texts) or "—")


def own(text: str | None) -> Text:
    """A text that is the same in both languages: a name, a number, a person's own words."""
    return DASH if not text else Text(text, text)


def own_cell(text: str | None) -> Cell:
    """The same as a cell."""
    return Cell(own(text))
