"""Use cases of presence."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from core.database import Tx


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person was last seen. ``person_id`` is an account's or, for a visitor or contractor, a visit's id.

    ``on_site``: they came in and did not go out, as far as is known. ``confidence`` 0 to 1 that they are still in
    ``zone_id`` (None: somewhere on the site). ``position`` is (longitude, latitude), WGS 84, ``accuracy_m`` its 68 %
    radius.
    """

    person_id: UUID
    kind: Literal["staff", "visitor", "contractor"]
    name: str
    site_id: UUID
    on_site: bool
    zone_id: UUID | None
    level: int | None
    position: tuple[float, float] | None
    accuracy_m: float | None
    seen_at: datetime | None
    source: Literal["badge", "phone", "visit", "shift", "marshal"]
    confidence: float
    host_id: UUID | None = None


class ZoneStay(msgspec.Struct, frozen=True, kw_only=True):
    """A person's time in a zone; ``left_at`` None: still there. ``confidence`` is the mean over the stay."""

    person_id: UUID
    zone_id: UUID
    entered_at: datetime
    left_at: datetime | None
    confidence: float


async def list_whereabouts(
    tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime, *, zone_ids: frozenset[UUID] | None = None
) -> list[Whereabouts]:
    """Everyone believed on the site at this moment (in these zones), most certain first."""
    return []


async def list_stays(
    tx: Tx, tenant_id: UUID, site_id: UUID, since: datetime, until: datetime, *, person_id: UUID | None = None
) -> list[ZoneStay]:
    """Stays in zones of the site that overlap the time, oldest first."""
    return []
