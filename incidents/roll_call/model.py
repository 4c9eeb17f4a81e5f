"""The nouns of a roll call."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

Scope: TypeAlias = Literal["zones", "building", "site"]
PersonKind: TypeAlias = Literal["staff", "visitor", "contractor", "unlisted"]
Source: TypeAlias = Literal["badge", "phone", "visit", "shift", "marshal"]
Said: TypeAlias = Literal["safe", "need_help", "left", "not_here", "withdrawn"]
Status: TypeAlias = Literal["accounted", "need_help", "left", "missing", "unsure"]
RollCallState: TypeAlias = Literal["open", "all_clear", "re_entry"]


class AssemblyPoint(msgspec.Struct, frozen=True):
    """Where people gather; ``position`` is a GeoJSON Point in WGS 84."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    slug: str
    name: Text
    position: dict[str, Any]
    level: int
    capacity: int | None
    retired_at: datetime | None
    version: int
    created_at: datetime


class Counts(msgspec.Struct, frozen=True):
    """How many people stand how; everybody is in exactly one of the five."""

    expected: int = 0
    accounted: int = 0
    need_help: int = 0
    left: int = 0
    missing: int = 0
    unsure: int = 0


class RollCall(msgspec.Struct, frozen=True, kw_only=True):
    """One evacuation. ``zone_ids``: the zones it is about, whatever the scope; ``listing``: who is
    expected is still to be listed by the next look."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    site_id: UUID
    scope: Scope
    zone_ids: list[UUID]
    building_id: UUID | None
    place: Text
    reason: str
    exercise: bool
    state: RollCallState
    started_at: datetime
    started_by: UUID | None
    search_due_at: datetime | None = None
    search_task_id: UUID | None = None
    evacuate_task_id: UUID | None = None
    look_at: datetime | None = None
    listing: bool = False
    all_clear_at: datetime | None = None
    all_clear_by: UUID | None = None
    re_entry_at: datetime | None = None
    re_entry_by: UUID | None = None
    counts: Counts = Counts()
    version: int = 1


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: what somebody says of one person. ``id`` is the client's own and names it for ever.

    ``seen``: the marks of this person its author knew when making it; it stands in their place. ``at`` is the device's
    clock and decides nothing. ``by_account`` None: Muster itself, from a gate.
    """

    id: UUID
    person_id: UUID
    said: Said
    seen: tuple[UUID, ...] = ()
    by_account: UUID | None
    assembly_point_id: UUID | None = None
    position: dict[str, Any] | None = None
    note: str = ""
    at: datetime
    received_at: datetime


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody expected: where they were believed to be, and how they stand."""

    tenant_id: UUID
    roll_call_id: UUID
    person_id: UUID
    kind: PersonKind
    name: str
    host_id: UUID | None
    source: Source
    zone_id: UUID | None
    level: int | None
    seen_at: datetime | None
    confidence: float
    status: Status
    contested: bool = False
    assembly_point_id: UUID | None = None
    status_at: datetime | None = None
    ordered_at: datetime | None = None


class Marshal(msgspec.Struct, frozen=True):
    """Who counts where."""

    tenant_id: UUID
    roll_call_id: UUID
    account_id: UUID
    assembly_point_id: UUID
    since: datetime
