"""SQL of doors and badges: where readers lead, and whose a number is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from geo.zones import ZoneShape
from people.presence.model import Badge, Door

_DOOR = ", ".join(Door.__struct_fields__)
_BADGE = ", ".join(Badge.__struct_fields__)

_DOORS_OF = f"SELECT {_DOOR} FROM doors WHERE tenant_id = $1 AND device_id = ANY($2) AND retired_at IS NULL"


async def list_doors_of(tx: Tx, tenant_id: UUID, devices: Sequence[UUID]) -> list[Door]:
    """The doors of these controllers that are in use."""
    return [row_to(Door, row) for row in await tx.fetch(_DOORS_OF, tenant_id, list(devices))]


_INSERT_DOOR = f"""
INSERT INTO doors ({_DOOR}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (tenant_id, device_id, door) DO NOTHING
"""


async def insert_door(tx: Tx, tenant_id: UUID, it: Door) -> bool:
    """A new door; False: the controller has one of that name."""
    made = await tx.execute(
        _INSERT_DOOR, tenant_id, it.id, it.site_id, it.device_id, it.door, it.from_zone_id, it.to_zone_id, it.gate,
        it.retired_at, it.version, it.created_at,
    )  # fmt: skip
    return made > 0


_SAVE_DOOR = f"""
UPDATE doors SET from_zone_id = $3, to_zone_id = $4, gate = $5, retired_at = $6, version = version + 1
WHERE tenant_id = $1 AND id = $2 RETURNING {_DOOR}
"""


async def save_door(tx: Tx, tenant_id: UUID, it: Door) -> Door:
    """Store the editable fields of a locked door."""
    row = await tx.fetchrow(_SAVE_DOOR, tenant_id, it.id, it.from_zone_id, it.to_zone_id, it.gate, it.retired_at)
    return row_to(Door, row)


_FIND_DOOR = f"SELECT {_DOOR} FROM doors WHERE tenant_id = $1 AND id = $2"
_LOCK_DOOR = _FIND_DOOR + " FOR NO KEY UPDATE"


async def find_door(tx: Tx, tenant_id: UUID, door_id: UUID, *, lock: bool = False) -> Door | None:
    """One door, locked if asked."""
    row = await tx.fetchrow(_LOCK_DOOR if lock else _FIND_DOOR, tenant_id, door_id)
    return None if row is None else row_to(Door, row)


_LIST_DOORS = f"""
SELECT {_DOOR} FROM doors
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2) AND (door, id) > ($3, $4)
  AND ($5::text IS NULL OR strpos(lower(door), lower($5)) > 0)
ORDER BY door, id LIMIT $6
"""


async def list_doors(
    tx: Tx, tenant_id: UUID, site_id: UUID | None, *, after: tuple[str, UUID], search: str | None, limit: int
) -> list[Door]:
    """Doors by name."""
    return [row_to(Door, row) for row in await tx.fetch(_LIST_DOORS, tenant_id, site_id, *after, search, limit)]


_INSERT_BADGE = f"""
INSERT INTO badges ({_BADGE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, number) WHERE valid_until IS NULL DO NOTHING RETURNING {_BADGE}
"""


async def insert_badge(tx: Tx, tenant_id: UUID, it: Badge) -> Badge | None:
    """A new badge; None: the number is somebody's for good."""
    row = await tx.fetchrow(
        _INSERT_BADGE, tenant_id, it.id, it.number, it.account_id, it.visit_id, it.valid_from, it.valid_until,
        it.version, it.created_at,
    )  # fmt: skip
    return None if row is None else row_to(Badge, row)


_SAVE_BADGE = f"""
UPDATE badges SET valid_from = $3, valid_until = $4, version = version + 1
WHERE tenant_id = $1 AND id = $2 RETURNING {_BADGE}
"""


async def save_badge(tx: Tx, tenant_id: UUID, it: Badge) -> Badge:
    """Store how long a locked badge is valid."""
    return row_to(Badge, await tx.fetchrow(_SAVE_BADGE, tenant_id, it.id, it.valid_from, it.valid_until))


_END_VISIT_BADGES = """
UPDATE badges SET valid_until = greatest($3, valid_from), version = version + 1
WHERE tenant_id = $1 AND visit_id = $2 AND (valid_until IS NULL OR valid_until > $3)
"""


async def end_visit_badges(tx: Tx, tenant_id: UUID, visit_id: UUID, at: datetime) -> None:
    """The visitor handed the card back."""
    await tx.execute(_END_VISIT_BADGES, tenant_id, visit_id, at)


_FIND_BADGE = f"SELECT {_BADGE} FROM badges WHERE tenant_id = $1 AND id = $2"
_LOCK_BADGE = _FIND_BADGE + " FOR NO KEY UPDATE"


async def find_badge(tx: Tx, tenant_id: UUID, badge_id: UUID, *, lock: bool = False) -> Badge | None:
    """One badge, locked if asked."""
    row = await tx.fetchrow(_LOCK_BADGE if lock else _FIND_BADGE, tenant_id, badge_id)
    return None if row is None else row_to(Badge, row)


# Held until the transaction ends: two people at two desks can not give out one card for times that overlap.
_LOCK_NUMBER = "SELECT pg_advisory_xact_lock(hashtextextended($1::text || $2, 0))"


async def lock_number(tx: Tx, tenant_id: UUID, number: str) -> None:
    """Hold this badge number until the transaction ends."""
    await tx.fetchval(_LOCK_NUMBER, str(tenant_id), number)


_FIND_OVERLAP = f"""
SELECT {_BADGE} FROM badges
WHERE tenant_id = $1 AND number = $2 AND id <> $3
  AND tstzrange(valid_from, valid_until) && tstzrange($4, $5) LIMIT 1
"""


async def find_overlapping(
    tx: Tx, tenant_id: UUID, number: str, except_id: UUID, since: datetime, until: datetime | None
) -> Badge | None:
    """Another badge of this number whose validity overlaps."""
    row = await tx.fetchrow(_FIND_OVERLAP, tenant_id, number, except_id, since, until)
    return None if row is None else row_to(Badge, row)


_LIST_BADGES = f"""
SELECT {_BADGE} FROM badges
WHERE tenant_id = $1 AND (number, id) > ($2, $3) AND ($4::text IS NULL OR strpos(lower(number), lower($4)) > 0)
  AND ($5::uuid IS NULL OR account_id = $5)
ORDER BY number, id LIMIT $6
"""


async def list_badges(
    tx: Tx, tenant_id: UUID, *, after: tuple[str, UUID], search: str | None, account_id: UUID | None, limit: int
) -> list[Badge]:
    """Badges by number."""
    return [row_to(Badge, row) for row in await tx.fetch(_LIST_BADGES, tenant_id, *after, search, account_id, limit)]


# The plant's nouns that doors and visits name. The plant stands beside people, so these few columns are read here.
_SITE_OF_DEVICE = "SELECT site_id FROM devices WHERE tenant_id = $1 AND id = $2"


async def find_site_of_device(tx: Tx, tenant_id: UUID, device_id: UUID) -> UUID | None:
    """The site a controller stands on."""
    found: UUID | None = await tx.fetchval(_SITE_OF_DEVICE, tenant_id, device_id)
    return found


_SITE_EXISTS = "SELECT EXISTS (SELECT FROM sites WHERE tenant_id = $1 AND id = $2)"


async def site_exists(tx: Tx, tenant_id: UUID, site_id: UUID) -> bool:
    """Whether the tenant has this site."""
    return bool(await tx.fetchval(_SITE_EXISTS, tenant_id, site_id))


class ZonePlace(msgspec.Struct, frozen=True):
    """A zone as positions are mapped to it."""

    id: UUID
    site_id: UUID
    polygon: dict[str, object]
    level: int

    def shape(self) -> ZoneShape:
        """For geo."""
        return ZoneShape(self.id, self.polygon, self.level)


_ZONES = "SELECT id, site_id, polygon, level FROM zones WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2)"


async def list_zone_places(tx: Tx, tenant_id: UUID, site_id: UUID | None = None) -> list[ZonePlace]:
    """The zones of a site, or of all."""
    return [row_to(ZonePlace, row) for row in await tx.fetch(_ZONES, tenant_id, site_id)]
