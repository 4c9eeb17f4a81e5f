"""Command of an incident on the wire: hand-over with read-back, objectives, resources, the board."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.room_views import CommanderView, ObjectiveView, ResourceView, RollCallView

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
ObjectiveText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
ResourceNote: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
ResourceStateName: TypeAlias = Literal["requested", "assigned", "on_scene", "released"]


class TakeCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why command is taken; needed by a safety officer who takes it from somebody."""

    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class NewHandover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To whom command is offered, and what the numbers do not say."""

    to: UUID
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class ReadBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The briefing as it was heard: grade 4 (IV) to 1 (I) and counts."""

    grade: Annotated[int, msgspec.Meta(ge=1, le=4)]
    active_alarms: Count
    open_tasks: Count
    missing: Count
    need_help: Count


class BriefingView(msgspec.Struct, frozen=True, kw_only=True):
    """How the incident stands, in numbers that can be read back."""

    grade: int
    active_alarms: int
    open_tasks: int
    missing: int
    need_help: int


class HandoverView(msgspec.Struct, frozen=True, kw_only=True):
    """An offer of command; after ``ends_at`` it is over."""

    id: UUID
    incident: UUID
    from_account: UUID
    to_account: UUID
    briefing: BriefingView
    note: str
    state: Literal["offered", "accepted", "declined", "withdrawn", "expired"]
    offered_at: datetime
    ends_at: datetime
    answered_at: datetime | None


class NewObjective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be reached."""

    text: ObjectiveText


class ObjectiveEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; fields left out stay."""

    text: ObjectiveText | None = None
    state: Literal["open", "met", "dropped"] | None = None


class NewResource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody or something for the incident; a person is named by ``account`` and needs no ``name``."""

    kind: Literal["person", "team", "equipment", "outside"]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    account: UUID | None = None
    task: UUID | None = None
    state: ResourceStateName = "requested"
    note: ResourceNote = ""


class ResourceEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; fields left out stay."""

    state: ResourceStateName | None = None
    task: UUID | None = None
    note: ResourceNote | None = None


class BoardView(msgspec.Struct, frozen=True, kw_only=True):
    """How an incident stands at a glance; ``offer``: of command, while it waits for an answer."""

    commander: CommanderView | None
    offer: HandoverView | None
    standing: BriefingView
    objectives: list[ObjectiveView]
    resources: list[ResourceView]
    roll_calls: list[RollCallView]
