"""Evacuations and roll calls on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.people import Slug
from mobile_contract.room_views import RollCallView
from mobile_contract.text import Text

Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Longitude: TypeAlias = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Latitude: TypeAlias = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Status: TypeAlias = Literal["accounted", "need_help", "left", "missing", "unsure"]


class PointPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A GeoJSON Point in WGS 84: longitude, latitude."""

    coordinates: tuple[Longitude, Latitude]
    type: Literal["Point"] = "Point"


class NewAssemblyPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people gather; ``capacity`` in people."""

    site: UUID
    slug: Slug
    name: Text
    position: PointPosition
    level: Annotated[int, msgspec.Meta(ge=-20, le=200)] = 0
    capacity: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None


class AssemblyPointEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; fields left out stay. ``retired`` takes it out of use."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    position: PointPosition | msgspec.UnsetType = msgspec.UNSET
    level: Annotated[int, msgspec.Meta(ge=-20, le=200)] | msgspec.UnsetType = msgspec.UNSET
    capacity: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | msgspec.UnsetType | None = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


class AssemblyPointView(msgspec.Struct, frozen=True, kw_only=True):
    """An assembly point."""

    id: UUID
    site: UUID
    slug: str
    name: Text
    position: dict[str, Any]
    level: int
    capacity: int | None
    retired: bool
    version: int


class NewRollCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evacuate zones (named), a building (named) or the whole site of the incident, and call the roll."""

    scope: Literal["zones", "building", "site"]
    zones: Annotated[list[UUID], msgspec.Meta(max_length=1000)] = []
    building: UUID | None = None
    reason: Reason


class MarshalView(msgspec.Struct, frozen=True):
    """Who counts where."""

    account: UUID
    point: UUID
    since: datetime


class RollCallDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A roll call with what belongs to it; names are on pages of their own."""

    roll_call: RollCallView
    incident: UUID
    site: UUID
    reason: str
    started_by: UUID | None
    search_due_at: datetime | None
    search_task: UUID | None
    evacuation_task: UUID | None
    all_clear_by: UUID | None
    re_entry_by: UUID | None
    marshals: list[MarshalView]


class MarshalChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to count at an assembly point."""

    account: UUID
    point: UUID


class ExpectedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody expected: where they were believed to be (``confidence`` 0 to 1) and how they stand.

    ``contested``: people who did not know of each other said different things.
    """

    person: UUID
    kind: Literal["staff", "visitor", "contractor", "unlisted"]
    name: str
    host: UUID | None
    source: Literal["badge", "phone", "visit", "shift", "marshal"]
    zone: UUID | None
    level: int | None
    seen_at: datetime | None
    confidence: float
    status: Status
    contested: bool
    point: UUID | None
    status_at: datetime | None


class MarkEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody says of one person. ``id`` is the client's own: the same twice is one.

    ``seen``: the marks of this person that were known when it was made, which it replaces. ``name`` for somebody who is
    not on the list (``person`` is then an id of the client's own). ``at`` is the device's clock.
    """

    id: UUID
    person: UUID
    said: Literal["safe", "need_help", "left", "not_here", "withdrawn"]
    seen: Annotated[list[UUID], msgspec.Meta(max_length=100)] = []
    point: UUID | None = None
    position: PointPosition | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    at: Annotated[datetime, msgspec.Meta(tz=True)]


class NewMarks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Marks, in any order, made now or offline."""

    marks: Annotated[list[MarkEntry], msgspec.Meta(min_length=1, max_length=1000)]


class MarksTaken(msgspec.Struct, frozen=True):
    """The roll call after the marks; ``new`` of them it had not heard before."""

    roll_call: RollCallView
    new: int


class MarkView(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of the log; ``number`` is its place."""

    id: UUID
    number: int
    person: UUID
    said: Literal["safe", "need_help", "left", "not_here", "withdrawn"]
    seen: list[UUID]
    by: UUID | None
    point: UUID | None
    position: dict[str, Any] | None
    note: str
    at: datetime
    received_at: datetime


class AllClear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is given although people are missing or need help; else it may be empty."""

    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
