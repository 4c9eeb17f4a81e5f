"""The nouns of leading an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

HandoverState: TypeAlias = Literal["offered", "accepted", "declined", "withdrawn", "expired"]
ObjectiveState: TypeAlias = Literal["open", "met", "dropped"]
ResourceKind: TypeAlias = Literal["person", "team", "equipment", "outside"]
ResourceState: TypeAlias = Literal["requested", "assigned", "on_scene", "released"]


class Briefing(msgspec.Struct, frozen=True):
    """What the next commander must know before anything else: numbers, because they can be read back.

    ``grade`` 4 (IV) to 1 (I); the rest counts: active alarms, open tasks, people missing or in need, people in need.
    """

    grade: int
    active_alarms: int
    open_tasks: int
    missing: int
    need_help: int


class Handover(msgspec.Struct, frozen=True):
    """An offer of command, and what became of it."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    from_account: UUID
    to_account: UUID
    briefing: Briefing
    note: str
    state: HandoverState
    offered_at: datetime
    ends_at: datetime
    answered_at: datetime | None

    def expired(self, now: datetime) -> bool:
        """Nobody answered in time."""
        return self.state == "offered" and self.ends_at <= now


class Objective(msgspec.Struct, frozen=True):
    """What the commander wants reached; ``position`` counts from 1 in the order they were set."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    position: int
    text: str
    state: ObjectiveState
    set_by: UUID
    set_at: datetime
    ended_at: datetime | None
    version: int


class Resource(msgspec.Struct, frozen=True):
    """Somebody or something for this incident."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    kind: ResourceKind
    name: str
    account_id: UUID | None
    task_id: UUID | None
    state: ResourceState
    note: str
    by_account: UUID
    changed_at: datetime
    version: int
