"""What the phone keeps, what it writes, and the changes it tells."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract import live
from mobile_contract.room import RoomState
from mobile_contract.room_events import RoomEvent
from mobile_contract.wayfinding import RouteView

Write: TypeAlias = live.Post | live.Answer | live.Receipt


class FinishTask(msgspec.Struct, frozen=True, tag_field="type", tag="finish"):
    """The person's task is done; goes over HTTP."""

    key: str
    task: UUID
    note: str = ""


class AcknowledgeAlarm(msgspec.Struct, frozen=True, tag_field="type", tag="acknowledge_alarm"):
    """The person has seen the alarm; goes over HTTP."""

    key: str
    alarm: UUID


class ConfirmStep(msgspec.Struct, frozen=True, tag_field="type", tag="confirm_step"):
    """A step is done: ``value`` in its unit, ``evidence`` a photo's name, as the step asks; goes over HTTP."""

    key: str
    task: UUID
    step: int
    value: float | None = None
    evidence: str | None = None


class MarkSelf(msgspec.Struct, frozen=True, tag_field="type", tag="mark_self"):
    """How the person is, in a roll call; it replaces what this phone said before (``seen``). Goes over HTTP.

    ``key`` is the mark's own id, so that the same twice is one mark; ``at`` is when it was said.
    """

    key: str
    roll_call: UUID
    said: Literal["safe", "need_help"]
    at: datetime
    seen: list[UUID] = []
    note: str = ""


HttpWrite: TypeAlias = FinishTask | AcknowledgeAlarm | ConfirmStep | MarkSelf


class Rung(msgspec.Struct, frozen=True):
    """A push that said there is an order; what it asks for comes over the line."""

    delivery: UUID
    key: str
    room: UUID
    grade: int
    sent_at: datetime
    exercise: bool = False


class SeenOrder(msgspec.Struct):
    """An order on this phone, the deliveries that brought it, and the answer as the server knows it."""

    order: live.Order
    deliveries: list[UUID]
    drawn: bool = False
    answer: str = ""
    moving: bool = False


class Memory(msgspec.Struct):
    """What the phone keeps over a restart; ``marks``: what the person said of themselves, by roll call."""

    rooms: list[RoomState] = []
    orders: list[SeenOrder] = []
    shown_keys: list[str] = []
    outbox: list[Write] = []
    http: list[HttpWrite] = []
    marks: dict[UUID, list[UUID]] = {}
    rung: list[Rung] = []


# --- what the screen is told


class OrderArrived(msgspec.Struct, frozen=True):
    """A new order."""

    order: live.Order


class OrderRang(msgspec.Struct, frozen=True):
    """A push came before its order did."""

    rung: Rung


class NoticeArrived(msgspec.Struct, frozen=True):
    """There is something in the person's list of notices."""

    notice: live.NoticeMade


class RouteArrived(msgspec.Struct, frozen=True):
    """The person's own way is new, another or over."""

    route: RouteView


class EventApplied(msgspec.Struct, frozen=True):
    """The next event of a room, told exactly once."""

    event: RoomEvent


class RoomReplaced(msgspec.Struct, frozen=True):
    """The room as a whole, after more was missed than is sent one by one."""

    state: RoomState


class WriteSettled(msgspec.Struct, frozen=True):
    """A write is committed; ``result`` is the answer's task state or empty."""

    write: Write | HttpWrite
    result: str = ""


class Refused(msgspec.Struct, frozen=True):
    """A write or a room was refused for good."""

    problem: live.ProblemFrame
    write: Write | HttpWrite | None


Change: TypeAlias = (
    OrderArrived | OrderRang | NoticeArrived | RouteArrived | EventApplied | RoomReplaced | WriteSettled | Refused
)
