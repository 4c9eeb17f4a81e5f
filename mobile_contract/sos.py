"""Calls for help and people who work alone, on the wire. Times are UTC, positions WGS 84."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.presence import ReportedPosition
from mobile_contract.room_views import SosView

SosKind: TypeAlias = Literal["duress_silent", "medical", "fall", "trapped"]
Key: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Note: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
When: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True, description="With an offset.")]
Code: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{4,12}$")]


class NewSos(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The button. ``key`` is the press's own: send it again and again until it is answered, it is one call. ``at`` is
    the phone's clock."""

    key: Key
    kind: SosKind
    at: When
    position: ReportedPosition | None = None
    note: Note = ""


class OwnSos(msgspec.Struct, frozen=True, kw_only=True):
    """One's own call as the phone may show it, which is a neutral line. ``silent``: no sound, nothing on the lock
    screen."""

    id: UUID
    incident: UUID
    opened_at: datetime
    ended: bool
    silent: bool = True


class OwnCalls(msgspec.Struct, frozen=True):
    """One's own calls, newest first."""

    items: list[OwnSos]


class SosPositions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one is since, also those kept while there was no network; in any order, again if in doubt."""

    positions: Annotated[list[ReportedPosition], msgspec.Meta(min_length=1, max_length=200)]


class SosEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code of one's own; nobody can see from the answer which of the two it was."""

    code: Code


class NewCodes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code that ends a call, and the one that seems to and calls for more help. Both have 4 to 12 digits."""

    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    code: Code
    duress_code: Code


class CodesState(msgspec.Struct, frozen=True):
    """When one set one's codes; null: never."""

    set_at: datetime | None


class SosRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A call as those on duty see it. ``located_by`` says where ``place`` comes from; ``phone_ended_at``: what the
    caller's phone was told."""

    sos: SosView
    incident: UUID
    site: UUID
    located_by: Literal["phone", "near", "badge", "visit", "shift", "marshal", "session", "site"]
    session: UUID | None
    phone_ended_at: datetime | None


class SosPositionView(msgspec.Struct, frozen=True):
    """Where the caller was; ``accuracy_m`` is the radius that holds the true place with 68 %."""

    at: datetime
    lon: float
    lat: float
    level: int | None
    accuracy_m: float


class NewLoneSession(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Work alone from now on, with a word every ``interval_s``. Where: a zone, a position, or what is known already.

    ``grace_s`` after a word was due help is called. ``activity_counts``: a badge at a door or a message into a room is
    a word too; a position is not, a phone that lies beside somebody sends it all the same.
    """

    ends_at: When
    interval_s: Annotated[int, msgspec.Meta(ge=60, le=7200)]
    grace_s: Annotated[int, msgspec.Meta(ge=30, le=1800)] = 120
    zone: UUID | None = None
    position: ReportedPosition | None = None
    note: Note = ""
    activity_counts: bool = False


class LonePause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No word is due until then; two hours at most."""

    until: When


class LoneExtension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Go on until then; 16 h from now at most."""

    ends_at: When


class LoneSessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works alone. ``minutes_left`` until a word is due, negative when it is overdue, null while none is.
    ``reminders_taken``: push services that took the last reminder, which says nothing of the phone."""

    id: UUID
    account: UUID
    name: str
    site: UUID
    zone: UUID | None
    note: str
    state: Literal["active", "paused", "ended", "missed"]
    interval_s: int
    grace_s: int
    activity_counts: bool
    started_at: datetime
    ends_at: datetime
    checked_in_at: datetime
    checked_in_by: Literal["start", "tap", "badge", "message", "resumed"]
    deadline_at: datetime | None
    raise_at: datetime | None
    paused_until: datetime | None
    minutes_left: float | None
    overdue: bool
    ended_at: datetime | None
    reminders_taken: int
    version: int


class OwnSession(msgspec.Struct, frozen=True):
    """One's last session, or null."""

    session: LoneSessionView | None
