"""The nouns of teams and rotas, as they are stored."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from mobile_contract.rotas import RotaDefinition, RotaKind, SwapState
from mobile_contract.text import Text
from people.rotas.on_call import Change


class Team(msgspec.Struct, frozen=True):
    """A named group of people; ``retired_at``: no longer used."""

    tenant_id: UUID
    id: UUID
    slug: str
    name: Text
    version: int
    retired_at: datetime | None
    created_at: datetime


class TeamMember(msgspec.Struct, frozen=True):
    """Somebody in a team from until before; ``ends_at`` None: for ever."""

    tenant_id: UUID
    team_id: UUID
    account_id: UUID
    display_name: str
    starts_at: datetime
    ends_at: datetime | None


class HolidayCalendar(msgspec.Struct, frozen=True):
    """A list of dates that rotas may count as Sundays; ``version`` counts edits of the dates too."""

    tenant_id: UUID
    id: UUID
    slug: str
    name: Text
    version: int
    created_at: datetime


class Holiday(msgspec.Struct, frozen=True):
    """One date of a calendar."""

    day: date
    name: Text


class Rota(msgspec.Struct, frozen=True):
    """A rota; ``site_id`` None: of the whole tenant. ``retired_at``: nobody is on duty by it any more."""

    tenant_id: UUID
    id: UUID
    slug: str
    name: Text
    tz: str
    kind: RotaKind
    site_id: UUID | None
    calendar_id: UUID | None
    definition: RotaDefinition
    version: int
    retired_at: datetime | None
    created_at: datetime


class RotaVersion(msgspec.Struct, frozen=True):
    """What a rota said from until before; ``valid_until`` None: the newest."""

    tenant_id: UUID
    rota_id: UUID
    version: int
    valid_from: datetime
    valid_until: datetime | None
    tz: str
    calendar_id: UUID | None
    definition: RotaDefinition
    retired: bool


class EarlierVersion(msgspec.Struct, frozen=True):
    """A version that was replaced, with its calendar's dates."""

    valid_from: datetime
    tz: str
    definition: RotaDefinition
    retired: bool
    calendar: list[date]


class RotaInForce(Rota, frozen=True):
    """A rota with what it is resolved with: its changes in the order they were made, its calendar's dates.

    ``earlier`` are the versions before it that touch the period, oldest first; ``valid_from`` is its own beginning.
    """

    changes: list[Change]
    calendar: list[date]
    valid_from: datetime
    earlier: list[EarlierVersion]


class Override(msgspec.Struct, frozen=True):
    """A change of a rota with who made it and why; ``swap_id``: half of an accepted swap."""

    tenant_id: UUID
    id: UUID
    rota_id: UUID
    removed: UUID | None
    added: UUID | None
    position: int | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    swap_id: UUID | None
    created_by: UUID | None
    created_at: datetime
    cancelled_at: datetime | None


class Swap(msgspec.Struct, frozen=True):
    """``proposed_by`` asks ``proposed_to`` to take a duty, and where ``return_rota_id`` is set, takes one of theirs."""

    tenant_id: UUID
    id: UUID
    rota_id: UUID
    position: int
    proposed_by: UUID
    proposed_to: UUID
    starts_at: datetime
    ends_at: datetime
    return_rota_id: UUID | None
    return_position: int | None
    return_starts_at: datetime | None
    return_ends_at: datetime | None
    note: str | None
    state: SwapState
    created_at: datetime
    answered_at: datetime | None


class Person(msgspec.Struct, frozen=True):
    """An account as far as a rota needs it."""

    id: UUID
    display_name: str
    disabled: bool
