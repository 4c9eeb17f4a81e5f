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
