"""Presence on the wire: positions, whereabouts, trails, doors, badges, visits. Times are UTC, geometry is WGS 84."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.people import Name, Phone
from mobile_contract.plant import Level

PersonKindName: TypeAlias = Literal["staff", "visitor", "contractor"]
VisitKindName: TypeAlias = Literal["visitor", "contractor"]
VisitState: TypeAlias = Literal["expected", "here", "gone"]
When: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True, description="With an offset.")]
BadgeNumber: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\u0000-\u0020]+$")]
DoorName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\u0000-\u0020]+$")]
Note: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
Zones: TypeAlias = Annotated[list[UUID], msgspec.Meta(max_length=50)]


class ReportedPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the phone was. ``accuracy_m`` is the radius that holds the true place with 68 %; ``level`` the floor."""

    at: When
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-89, le=89)]
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, le=10_000)]
    level: Level | None = None


class PositionReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Positions of one's own, also those kept while there was no network; in any order, again if in doubt."""

    positions: Annotated[list[ReportedPosition], msgspec.Meta(min_length=1, max_length=500)]


class RefusedPosition(msgspec.Struct, frozen=True):
    """A position that was not kept: its clock, its age, or outside of every zone of the plant."""

    index: int
    code: Literal["future_dated", "too_old", "outside"]


class PositionAnswer(msgspec.Struct, frozen=True):
    """What was kept; do not send the refused ones again."""

    kept: int
    refused: list[RefusedPosition]


class WhereaboutsView(msgspec.Struct, frozen=True):
    """Where a person was last seen. ``confidence`` 0 to 1 that they are still in ``zone`` (null: somewhere on the
    site). ``source`` shift: expected and not seen, ``on_site`` is false then."""

    person: UUID
    kind: PersonKindName
    name: str
    site: UUID
    on_site: bool
    zone: UUID | None
    level: int | None
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    seen_at: datetime | None
    source: Literal["badge", "phone", "visit", "shift", "marshal"]
    confidence: float
    host: UUID | None


class ZoneCountView(msgspec.Struct, frozen=True):
    """People seen in a zone (null: somewhere on the site); ``sure``: the sum of their confidences."""

    zone: UUID | None
    people: int
    sure: float


class PresenceCounts(msgspec.Struct, frozen=True):
    """How many people are where, without names."""

    site: UUID
    at: datetime
    items: list[ZoneCountView]


class StretchView(msgspec.Struct, frozen=True):
    """Time in one place; ``zone`` null: somewhere on the site, or off it. Times of which nothing is known are in
    none."""

    site: UUID
    zone: UUID | None
    off_site: bool
    start: datetime
    end: datetime
    confidence: float


class Trail(msgspec.Struct, frozen=True):
    """Where one person was."""

    person: UUID
    items: list[StretchView]


class BadgeEventView(msgspec.Struct, frozen=True):
    """A badge at a reader. ``fault``: kept and not believed; ``violation``: against anti-passback."""

    id: UUID
    site: UUID
    device: UUID
    door: str
    badge: str
    direction: Literal["in", "out"]
    zone: UUID | None
    off_site: bool
    person: UUID | None
    kind: PersonKindName | None
    fault: Literal["clock", "unknown_door", "unknown_badge", "denied"] | None
    violation: Literal["in_twice", "out_without_in"] | None
    observed_at: datetime
    received_at: datetime


class DoorView(msgspec.Struct, frozen=True):
    """A reader of a door controller: "in" leads from ``from_zone`` to ``to_zone``; ``gate``: into the site."""

    id: UUID
    site: UUID
    device: UUID
    door: str
    from_zone: UUID | None
    to_zone: UUID | None
    gate: bool
    retired: bool
    version: int
    created_at: datetime


class NewDoor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reader to make known; ``door`` is its name in the controller's messages."""

    device: UUID
    door: DoorName
    gate: bool = False
    from_zone: UUID | None = None
    to_zone: UUID | None = None


class DoorEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a door; events before keep what it meant then."""

    from_zone: UUID | msgspec.UnsetType | None = msgspec.UNSET
    to_zone: UUID | msgspec.UnsetType | None = msgspec.UNSET
    gate: bool | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


class BadgeView(msgspec.Struct, frozen=True):
    """A card, and whose it is."""

    id: UUID
    number: str
    account: UUID | None
    visit: UUID | None
    valid_from: datetime
    valid_until: datetime | None
    version: int
    created_at: datetime


class NewBadge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card to give to an account or a visit; from now and for good unless said otherwise."""

    number: BadgeNumber
    account: UUID | None = None
    visit: UUID | None = None
    valid_from: When | None = None
    valid_until: When | None = None


class BadgeEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a card is valid; a lost one ends now."""

    valid_from: When | msgspec.UnsetType = msgspec.UNSET
    valid_until: When | msgspec.UnsetType | None = msgspec.UNSET


class VisitView(msgspec.Struct, frozen=True):
    """Somebody from outside. ``forgotten``: signed in, and expected to have left."""

    id: UUID
    site: UUID
    kind: VisitKindName
    name: str
    company: str | None
    phone: str | None
    host: UUID
    zones: list[UUID]
    badge: str | None
    emergency_contact: str | None
    induction_valid_until: date | None
    expected_from: datetime
    expected_until: datetime
    state: VisitState
    forgotten: bool
    signed_in_at: datetime | None
    signed_out_at: datetime | None
    version: int
    created_at: datetime


class NewVisit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A visit to announce; ``host`` is oneself unless named. From now for 10 h unless said otherwise."""

    site: UUID
    kind: VisitKindName
    name: Name
    company: Note | None = None
    phone: Phone | None = None
    host: UUID | None = None
    zones: Zones = []
    badge: BadgeNumber | None = None
    emergency_contact: Note | None = None
    induction_valid_until: date | None = None
    expected_from: When | None = None
    expected_until: When | None = None


class VisitEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a visit; fields left out stay."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    company: Note | msgspec.UnsetType | None = msgspec.UNSET
    phone: Phone | msgspec.UnsetType | None = msgspec.UNSET
    zones: Zones | msgspec.UnsetType = msgspec.UNSET
    badge: BadgeNumber | msgspec.UnsetType | None = msgspec.UNSET
    emergency_contact: Note | msgspec.UnsetType | None = msgspec.UNSET
    induction_valid_until: date | msgspec.UnsetType | None = msgspec.UNSET
    expected_until: When | msgspec.UnsetType = msgspec.UNSET
