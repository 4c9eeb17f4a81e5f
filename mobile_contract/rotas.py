"""Teams, rotas, swaps and duties on the wire; a rota's definition is stored as it is sent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
RotaKind: TypeAlias = Literal["shift", "on_call"]
SwapState: TypeAlias = Literal["proposed", "accepted", "declined", "withdrawn", "expired"]
Slug: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
Zone: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
# Bounds of one definition: a plant's largest crew, a year of days, and what a person can still check by eye.
LAYERS_MAX = 20
TURNS_MAX = 100
CREW_MAX = 50
WINDOWS_MAX = 20
HOLIDAYS_MAX = 400


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours a layer is limited to, local time; ``ends`` not after ``starts`` is on the day after.

    ``weekdays`` are the days on which the window opens; none named means every day.
    """

    starts: Clock
    ends: Clock
    weekdays: Annotated[list[Weekday], msgspec.Meta(max_length=7)] = []


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Turns that follow one another at each hand-over, for ever or until ``ends_on``.

    Hand-overs come on ``weekdays``, every ``every_days`` days, or by ``rrule`` (RFC 5545; DAILY, WEEKLY or MONTHLY):
    exactly one of them, from ``starts_on`` on, always at ``handover`` local time. A turn lasts to the next hand-over,
    or to ``until`` (local time, of the same day or the day after; with ``days``: that many days later).
    Each turn is a crew: its first person stands at ``position`` (0 is first on call), the second at the next.
    """

    name: Text
    turns: Annotated[
        list[Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=CREW_MAX)]],
        msgspec.Meta(min_length=1, max_length=TURNS_MAX),
    ]
    starts_on: date
    handover: Clock
    weekdays: Annotated[list[Weekday], msgspec.Meta(max_length=7)] = []
    every_days: Annotated[int, msgspec.Meta(ge=1, le=366)] | None = None
    rrule: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    until: Clock | None = None
    days: Annotated[int, msgspec.Meta(ge=0, le=366)] | None = None
    ends_on: date | None = None
    windows: Annotated[list[Window], msgspec.Meta(max_length=WINDOWS_MAX)] = []
    position: Annotated[int, msgspec.Meta(ge=0, lt=CREW_MAX)] = 0


class HolidayDuty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is on duty on one date, by position; positions beyond the list keep their rotation."""

    on: date
    people: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=CREW_MAX)]
    name: Text | None = None


class RotaDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rota says by itself; of layers at one position the last that is on counts.

    A date of ``holidays`` begins at ``holiday_starts`` local time and lasts to the same time of the next day.
    """

    layers: Annotated[list[Layer], msgspec.Meta(min_length=1, max_length=LAYERS_MAX)]
    holidays: Annotated[list[HolidayDuty], msgspec.Meta(max_length=HOLIDAYS_MAX)] = []
    holiday_starts: Clock = "00:00"


class TeamView(msgspec.Struct, frozen=True):
    """A team; ``version`` is also its ETag."""

    id: UUID
    slug: str
    name: Text
    retired: bool
    version: int
    created_at: datetime


class NewTeam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A team to create."""

    slug: Slug
    name: Text


class TeamEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a team; fields left out stay. A retired team counts as having nobody."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


class MemberView(msgspec.Struct, frozen=True):
    """Somebody in a team, from until before; ``ends_at`` null: for ever."""

    account: UUID
    display_name: str
    starts_at: datetime
    ends_at: datetime | None


class Membership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when until when somebody is in a team; now and for ever unless said."""

    starts_at: Moment | None = None
    ends_at: Moment | None = None


class CalendarView(msgspec.Struct, frozen=True):
    """A holiday calendar; ``version`` is also its ETag and counts imports too."""

    id: UUID
    slug: str
    name: Text
    version: int
    created_at: datetime


class HolidayView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One date of a calendar."""

    day: date
    name: Text


class CalendarDays(CalendarView, frozen=True):
    """A holiday calendar with its dates."""

    days: list[HolidayView]


class NewCalendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calendar to create; its dates are imported after."""

    slug: Slug
    name: Text


class CalendarEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a calendar; fields left out stay. ``days`` replaces all its dates: an import."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    days: Annotated[list[HolidayView], msgspec.Meta(max_length=2000)] | msgspec.UnsetType = msgspec.UNSET


class RotaView(msgspec.Struct, frozen=True):
    """A rota; ``site`` null: of the whole tenant. Dates of ``calendar`` count as Sundays. ``version`` is its ETag."""

    id: UUID
    slug: str
    name: Text
    tz: str
    kind: RotaKind
    site: UUID | None
    calendar: UUID | None
    definition: RotaDefinition
    retired: bool
    version: int
    created_at: datetime


class RotaVersionView(msgspec.Struct, frozen=True):
    """What a rota said from until before; ``valid_until`` null: the newest. The first counts for the time before."""

    version: int
    valid_from: datetime
    valid_until: datetime | None
    tz: str
    calendar: UUID | None
    definition: RotaDefinition
    retired: bool


class NewRota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rota to create; ``tz`` is an IANA time zone."""

    slug: Slug
    name: Text
    tz: Zone
    kind: RotaKind
    definition: RotaDefinition
    site: UUID | None = None
    calendar: UUID | None = None


class RotaEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a rota; fields left out stay. Nobody is on duty by a retired rota."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    tz: Zone | msgspec.UnsetType = msgspec.UNSET
    definition: RotaDefinition | msgspec.UnsetType = msgspec.UNSET
    calendar: UUID | msgspec.UnsetType | None = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


class RotaPreview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A definition that is not saved, and the period to show of it."""

    tz: Zone
    definition: RotaDefinition
    start: Moment
    end: Moment
    calendar: UUID | None = None


class DutyView(msgspec.Struct, frozen=True):
    """One position of a rota for a while. ``account`` null: nobody, and ``why`` says so.

    ``position`` 0 is first on call. ``cause``: rotation, holiday, override, swap; of a gap nobody, removed, disabled.
    """

    rota: UUID
    slug: str
    name: Text
    kind: RotaKind
    site: UUID | None
    position: int
    account: UUID | None
    display_name: str | None
    starts_at: datetime
    ends_at: datetime
    cause: Literal["rotation", "holiday", "override", "swap", "nobody", "removed", "disabled"]
    why: Text


class NewOverride(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``added`` instead of ``removed`` from until; ``removed`` alone leaves nobody; ``added`` alone has a ``position``.

    What is past stays: an override that starts before now starts now.
    """

    starts_at: Moment
    ends_at: Moment
    reason: Reason
    removed: UUID | None = None
    added: UUID | None = None
    position: Annotated[int, msgspec.Meta(ge=0, lt=CREW_MAX)] | None = None


class OverrideView(msgspec.Struct, frozen=True):
    """A change of a rota, by an officer or by an accepted ``swap``."""

    id: UUID
    rota: UUID
    removed: UUID | None
    added: UUID | None
    position: int | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    swap: UUID | None
    created_by: UUID | None
    created_at: datetime
    cancelled_at: datetime | None


class DutyPeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A duty or a part of one."""

    rota: UUID
    position: Annotated[int, msgspec.Meta(ge=0, lt=CREW_MAX)]
    starts_at: Moment
    ends_at: Moment


class NewSwap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A duty of one's own for ``to`` to take; ``in_return`` is one of theirs."""

    to: UUID
    duty: DutyPeriod
    in_return: DutyPeriod | None = None
    note: Reason | None = None


class SwapAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The other side's answer."""

    answer: Literal["accept", "decline"]


class SwapPeriod(msgspec.Struct, frozen=True):
    """A duty of a swap."""

    rota: UUID
    position: int
    starts_at: datetime
    ends_at: datetime


class SwapView(msgspec.Struct, frozen=True):
    """A swap; an unanswered one is ``expired`` when the first of its duties begins."""

    id: UUID
    proposed_by: UUID
    proposed_to: UUID
    duty: SwapPeriod
    in_return: SwapPeriod | None
    note: str | None
    state: SwapState
    created_at: datetime
    answered_at: datetime | None
