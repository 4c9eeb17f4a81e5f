"""Alarms, incidents, tasks, rooms and deliveries over HTTP.

A record is the room's view of a thing, and where it belongs: outside of a room that does not say itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.live import KEY_MAX_CHARS, REASON_MAX_CHARS, Fact, Order
from mobile_contract.room_events import RoomEvent
from mobile_contract.room_views import (
    MESSAGE_MAX_CHARS,
    AlarmView,
    CommandView,
    DeliveryView,
    IncidentStateName,
    IncidentView,
    TaskView,
)
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteView

# A time with its offset; without one nobody knows which time it is.
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_MAX_CHARS, pattern=r"\S")]
Note: TypeAlias = Annotated[str, msgspec.Meta(max_length=REASON_MAX_CHARS)]


class AlarmRecord(AlarmView, frozen=True, kw_only=True):
    """An alarm episode, its incident and its source: one of ``sensor`` and ``actuator``."""

    incident: UUID
    rule: UUID
    site: UUID
    sensor: UUID | None
    actuator: UUID | None


class ShelveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Silence an alarm until a time, at most one shift; ``until`` null: until its condition clears."""

    reason: Reason
    until: Moment | None = None


class IncidentRecord(IncidentView, frozen=True, kw_only=True):
    """An incident and where it is."""

    site: UUID
    zone: UUID


class TaskRecord(TaskView, frozen=True, kw_only=True):
    """A task and its incident."""

    incident: UUID


class DeliveryRecord(DeliveryView, frozen=True, kw_only=True):
    """A delivery and its incident; ``attempts`` counts the sends that were begun."""

    incident: UUID
    attempts: int


class IncidentDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone shows of an incident, in one answer.

    ``commands`` is null for a reader who may not read commands, ``room`` for one who may not see the room.
    ``deliveries`` and ``routes`` are the first 200; ``/deliveries`` and ``/routes`` have them all. Who is not in the
    room has ``routes`` of their own alone.
    """

    incident: IncidentRecord
    alarms: list[AlarmView]
    tasks: list[TaskView]
    commands: list[CommandView] | None
    deliveries: list[DeliveryView]
    room: UUID | None
    routes: list[RouteView] = []


class CloseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an incident is over."""

    reason: Reason


class TimelineLine(msgspec.Struct, frozen=True):
    """One line of the record; ``actor`` null: Muster itself. ``hash`` covers it and every line before it.

    ``exercise``: a line of a drill.
    """

    position: int
    at: datetime
    actor: UUID | None
    kind: str
    facts: dict[str, Any]
    hash: str
    exercise: bool


class TimelinePage(msgspec.Struct, frozen=True):
    """Lines in order. ``broken_at`` is the first position of this page that does not follow from the line before it:
    the record was changed there. ``intact`` on every page: the whole chain holds."""

    items: list[TimelineLine]
    next: str | None
    intact: bool
    broken_at: int | None


class TaskAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a task, or decline it and have it move on at once."""

    answer: Literal["acknowledge", "decline"]
    reason: Note = ""


class TaskDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done."""

    note: Note = ""


class TaskHandover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To whom a task is offered, and why; named its own owner, it is kept."""

    to: UUID
    reason: Reason


class TaskReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a task is blocked, cancelled or to be done again."""

    reason: Reason


class TaskSplit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The task that some steps, by number, become."""

    title: Text
    steps: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=1000)]], msgspec.Meta(min_length=1, max_length=100)]


class AttemptView(msgspec.Struct, frozen=True):
    """One send to one device; ``outcome`` null: begun, and not heard of since."""

    id: UUID
    attempt: int
    channel: str
    device: UUID
    started_at: datetime
    ended_at: datetime | None
    outcome: Literal["accepted", "gone", "refused", "failed"] | None
    provider_message: str | None
    error: str | None


class DeliveryDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what it said, and every send of it."""

    delivery: DeliveryRecord
    order: Order
    attempts: list[AttemptView]


class ReceiptReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact about an order on this device; ``at`` is the device's clock."""

    fact: Fact
    at: Moment


class RoomRecord(msgspec.Struct, frozen=True):
    """A room one is a member of, and its incident; ``seq`` is its newest event of ``epoch``."""

    id: UUID
    epoch: int
    seq: int
    opened_at: datetime
    incident: UUID
    number: int
    grade: int
    state: IncidentStateName
    title: Text
    place: Text


class RoomHistory(msgspec.Struct, frozen=True):
    """Events in order; ``more``: there are others further in the direction that was asked for."""

    room: UUID
    epoch: int
    seq: int
    events: list[RoomEvent]
    more: bool


class NewMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message; ``key`` is the client's own, the same as on the socket: sending it twice is one message."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MESSAGE_MAX_CHARS, pattern=r"\S")]
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_MAX_CHARS)]
