"""The nouns of presence as stored; field names are column names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from people.presence.belief import PhoneFix, Seen, Stay, Swipe
from people.presence.passback import Direction

PersonKind: TypeAlias = Literal["staff", "visitor", "contractor"]
VisitKind: TypeAlias = Literal["visitor", "contractor"]
Fault: TypeAlias = Literal["clock", "unknown_door", "unknown_badge", "denied"]


class Door(msgspec.Struct, frozen=True):
    """A reader of a door controller. ``in`` leads from ``from_zone_id`` to ``to_zone_id``; ``gate``: into the site."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    device_id: UUID
    door: str
    from_zone_id: UUID | None
    to_zone_id: UUID | None
    gate: bool
    retired_at: datetime | None
    version: int
    created_at: datetime


class Badge(msgspec.Struct, frozen=True):
    """A number printed on a card, and whose it is; ``valid_until`` None: for good."""

    tenant_id: UUID
    id: UUID
    number: str
    account_id: UUID | None
    visit_id: UUID | None
    valid_from: datetime
    valid_until: datetime | None
    version: int
    created_at: datetime


class Visit(msgspec.Struct, frozen=True):
    """Somebody from outside, with a host; ``zone_ids`` are where they are expected."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    kind: VisitKind
    name: str
    company: str | None
    phone: str | None
    host_id: UUID
    zone_ids: list[UUID]
    badge: str | None
    emergency_contact: str | None
    induction_valid_until: date | None
    expected_from: datetime
    expected_until: datetime
    signed_in_at: datetime | None
    signed_in_by: UUID | None
    signed_out_at: datetime | None
    signed_out_by: UUID | None
    version: int
    created_at: datetime


class BadgeEvent(msgspec.Struct, frozen=True):
    """A badge at a reader, kept once. ``fault``: kept and not believed; ``zone_id`` is where its holder is after it."""

    tenant_id: UUID
    key: str
    id: UUID
    site_id: UUID
    device_id: UUID
    door: str
    badge: str
    direction: Direction
    area_id: UUID | None
    zone_id: UUID | None
    off_site: bool
    person_id: UUID | None
    kind: PersonKind | None
    fault: Fault | None
    observed_at: datetime
    received_at: datetime

    def as_swipe(self) -> Swipe | None:
        """What it says of its holder; None: nothing that is believed."""
        if self.fault is not None or self.person_id is None:
            return None
        return Swipe(
            at=self.observed_at, key=self.key, site_id=self.site_id, zone_id=self.zone_id, off_site=self.off_site
        )


class Position(msgspec.Struct, frozen=True):
    """A phone's position, mapped to its zone; the last of its minute."""

    tenant_id: UUID
    account_id: UUID
    minute: datetime
    at: datetime
    key: str
    site_id: UUID
    zone_id: UUID
    level: int
    share: float
    lon: float
    lat: float
    accuracy_m: float
    received_at: datetime


class Registers(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of each source for one person, with the person's name."""

    person_id: UUID
    kind: PersonKind
    name: str
    host_id: UUID | None
    badge_at: datetime | None
    badge_key: str | None
    badge_site_id: UUID | None
    badge_zone_id: UUID | None
    badge_off_site: bool | None
    badge_level: int | None
    fix_at: datetime | None
    fix_key: str | None
    fix_site_id: UUID | None
    fix_zone_id: UUID | None
    fix_level: int | None
    fix_share: float | None
    fix_lon: float | None
    fix_lat: float | None
    fix_accuracy_m: float | None
    visit_at: datetime | None
    visit_key: str | None
    visit_site_id: UUID | None
    visit_zone_id: UUID | None
    visit_over: bool | None
    visit_level: int | None

    def as_seen(self) -> Seen:
        """For ``belief``."""
        swipe = fix = stay = None
        if self.badge_at is not None:
            assert self.badge_key is not None
            assert self.badge_site_id is not None
            swipe = Swipe(
                at=self.badge_at,
                key=self.badge_key,
                site_id=self.badge_site_id,
                zone_id=self.badge_zone_id,
                off_site=bool(self.badge_off_site),
            )
        if self.fix_at is not None:
            assert self.fix_key is not None
            assert self.fix_site_id is not None
            assert self.fix_zone_id is not None
            fix = PhoneFix(
                at=self.fix_at,
                key=self.fix_key,
                site_id=self.fix_site_id,
                zone_id=self.fix_zone_id,
                level=self.fix_level or 0,
                share=self.fix_share or 0.0,
            )
        if self.visit_at is not None:
            assert self.visit_key is not None
            assert self.visit_site_id is not None
            stay = Stay(
                at=self.visit_at,
                key=self.visit_key,
                site_id=self.visit_site_id,
                zone_id=self.visit_zone_id,
                over=bool(self.visit_over),
            )
        return Seen(swipe, fix, stay)
