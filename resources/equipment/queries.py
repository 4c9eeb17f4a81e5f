"""SQL of safety equipment: stored, listed, counted, moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to, rows_to
from plant.queries import found, plain
from resources.equipment.model import Equipment, EquipmentKind, EquipmentState, KindStock, Movement
from resources.equipment.placing import ZoneGround

# Of a large plant: an extinguisher every 20 m on 200,000 m2 is 500, and cabinets list what is in them.
SITE_MAX = 20_000

_ROW = """tenant_id, id, site_id, zone_id, slug, kind, name, classes, lon, lat, level, in_stock, expires_at,
    next_inspection_on, state, state_reason, note, retired_at, version, created_at"""

# standing.is_usable; $2 is the moment.
USABLE = """(retired_at IS NULL AND state = 'ready' AND in_stock > 0
    AND (expires_at IS NULL OR expires_at > $2::timestamptz))"""


class After(msgspec.Struct, frozen=True):
    """A place in a list by slug: the page begins behind it."""

    slug: str = ""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None does not filter. ``search`` is a part of a name, a slug or the note, whatever its case."""

    kind: EquipmentKind | None = None
    state: EquipmentState | None = None
    zone_id: UUID | None = None
    level: int | None = None
    expires_before: datetime | None = None
    usable: bool | None = None
    retired: bool | None = False
    search: str | None = None


# Rows come as one document, so that a sheet of thousands is one statement.
INSERT = f"""
INSERT INTO equipment ({_ROW})
SELECT $1, id, site_id, zone_id, slug, kind, name, classes, lon, lat, level, in_stock, expires_at, next_inspection_on,
    state, state_reason, note, retired_at, version, created_at
FROM jsonb_to_recordset($2::jsonb) AS new (id uuid, site_id uuid, zone_id uuid, slug text, kind text, name jsonb,
    classes text[], lon double precision, lat double precision, level smallint, in_stock integer,
    expires_at timestamptz, next_inspection_on date, state text, state_reason text, note text, retired_at timestamptz,
    version integer, created_at timestamptz)
ORDER BY slug
"""


async def insert_many(tx: Tx, tenant_id: UUID, equipment: Sequence[Equipment]) -> None:
    """New equipment, in the order of slugs; raises asyncpg's UniqueViolationError when one is taken."""
    if equipment:
        await tx.execute(INSERT, tenant_id, plain(list(equipment)))


# Stock has a statement of its own: an edit of what somebody saw an hour ago puts no piece back.
UPDATE = """
UPDATE equipment e SET zone_id = new.zone_id, kind = new.kind, name = new.name,
    classes = new.classes, lon = new.lon, lat = new.lat, level = new.level, expires_at = new.expires_at,
    next_inspection_on = new.next_inspection_on, state = new.state, state_reason = new.state_reason, note = new.note,
    retired_at = new.retired_at, version = new.version
FROM jsonb_to_recordset($2::jsonb) AS new (id uuid, zone_id uuid, kind text, name jsonb, classes text[],
    lon double precision, lat double precision, level smallint, expires_at timestamptz, next_inspection_on date,
    state text, state_reason text, note text, retired_at timestamptz, version integer)
WHERE e.tenant_id = $1 AND e.id = new.id
"""


async def update_many(tx: Tx, tenant_id: UUID, equipment: Sequence[Equipment]) -> None:
    """All but the slug and the stock; the caller locked them."""
    if equipment:
        await tx.execute(UPDATE, tenant_id, plain(list(equipment)))


GET = f"SELECT {_ROW} FROM equipment WHERE tenant_id = $1 AND id = $2"
LOCK = GET + " FOR NO KEY UPDATE"


async def get_equipment(tx: Tx, tenant_id: UUID, equipment_id: UUID, *, lock: bool = False) -> Equipment:
    """One thing, locked if asked; raises NotFound."""
    row = await tx.fetchrow(LOCK if lock else GET, tenant_id, equipment_id)
    return row_to(Equipment, found(row, "equipment", equipment_id))


LOCK_SLUGS = f"""
SELECT {_ROW} FROM equipment WHERE tenant_id = $1 AND site_id = $2 AND slug = ANY($3::text[])
ORDER BY id FOR NO KEY UPDATE
"""


async def lock_slugs(tx: Tx, tenant_id: UUID, site_id: UUID, slugs: Sequence[str]) -> dict[str, Equipment]:
    """Those of these slugs that are there, retired too, held until the transaction ends."""
    rows = await rows_to(Equipment, await tx.fetch(LOCK_SLUGS, tenant_id, site_id, list(slugs)))
    return {it.slug: it for it in rows}


LIST_OF_SITE = f"""
SELECT {_ROW} FROM equipment WHERE tenant_id = $1 AND site_id = $2 AND retired_at IS NULL
ORDER BY slug LIMIT {SITE_MAX}
"""


async def list_of_site(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Equipment]:
    """Everything in use on a site, at most SITE_MAX."""
    return await rows_to(Equipment, await tx.fetch(LIST_OF_SITE, tenant_id, site_id))


LIST_PAGE = f"""
SELECT {_ROW} FROM equipment
WHERE tenant_id = $1 AND site_id = $3 AND slug > $4
  AND ($5::text IS NULL OR kind = $5) AND ($6::text IS NULL OR state = $6) AND ($7::uuid IS NULL OR zone_id = $7)
  AND ($8::smallint IS NULL OR level = $8) AND ($9::timestamptz IS NULL OR expires_at < $9)
  AND ($10::boolean IS NULL OR {USABLE} = $10) AND ($11::boolean IS NULL OR (retired_at IS NOT NULL) = $11)
  AND ($12::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en', note)), lower($12)) > 0)
ORDER BY slug LIMIT $13
"""


async def list_page(
    tx: Tx, tenant_id: UUID, site_id: UUID, wanted: Filter, *, after: After, limit: int
) -> list[Equipment]:
    """A page of a site's equipment by slug."""
    filters = (wanted.kind, wanted.state, wanted.zone_id, wanted.level, wanted.expires_before, wanted.usable)
    place = (tx.now, site_id, after.slug)
    rows = await tx.fetch(LIST_PAGE, tenant_id, *place, *filters, wanted.retired, wanted.search, limit)
    return [row_to(Equipment, row) for row in rows]


COUNT_IN_USE = "SELECT count(*) FROM equipment WHERE tenant_id = $1 AND site_id = $2 AND retired_at IS NULL"


async def count_in_use(tx: Tx, tenant_id: UUID, site_id: UUID) -> int:
    """How many things a site has in use."""
    counted: int = await tx.fetchval(COUNT_IN_USE, tenant_id, site_id)
    return counted


COUNT_KINDS = f"""
SELECT kind, count(*)::int AS things, count(*) FILTER (WHERE {USABLE})::int AS usable
FROM equipment WHERE tenant_id = $1 AND site_id = $3 AND retired_at IS NULL
GROUP BY kind ORDER BY kind
"""


async def count_kinds(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[KindStock]:
    """What a site has in use, by kind, and how much of it could be used now."""
    return [row_to(KindStock, row) for row in await tx.fetch(COUNT_KINDS, tenant_id, tx.now, site_id)]


SET_STOCK = "UPDATE equipment SET in_stock = $3 WHERE tenant_id = $1 AND id = $2"

_MOVEMENT = "tenant_id, id, equipment_id, key, pieces, reason, in_stock, moved_by, moved_at"
INSERT_MOVEMENT = f"INSERT INTO equipment_movements ({_MOVEMENT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def save_movements(tx: Tx, tenant_id: UUID, moved: Sequence[Movement]) -> None:
    """Pieces moved, and the stock that is left; the caller locked the things."""
    await tx.executemany(SET_STOCK, [(tenant_id, it.equipment_id, it.in_stock) for it in moved])
    rows = [msgspec.structs.astuple(it) for it in moved]
    await tx.executemany(INSERT_MOVEMENT, [(tenant_id, *row[1:]) for row in rows])


FIND_MOVEMENT = f"""
SELECT {_MOVEMENT} FROM equipment_movements WHERE tenant_id = $1 AND equipment_id = $2 AND key = $3
"""


async def find_movement(tx: Tx, tenant_id: UUID, equipment_id: UUID, key: str) -> Movement | None:
    """The movement that the client gave this key."""
    row = await tx.fetchrow(FIND_MOVEMENT, tenant_id, equipment_id, key)
    return None if row is None else row_to(Movement, row)


LIST_MOVEMENTS = f"""
SELECT {_MOVEMENT} FROM equipment_movements
WHERE tenant_id = $1 AND equipment_id = $2 AND ($3::timestamptz IS NULL OR (moved_at, id) < ($3, $4::uuid))
ORDER BY moved_at DESC, id DESC LIMIT $5
"""


async def list_movements(
    tx: Tx, tenant_id: UUID, equipment_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Movement]:
    """What was taken and put back, newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_MOVEMENTS, tenant_id, equipment_id, at, last, limit)
    return [row_to(Movement, row) for row in rows]


LIST_GROUND = "SELECT id, slug, polygon, level FROM zones WHERE tenant_id = $1 AND site_id = $2 ORDER BY slug"


async def list_ground(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[ZoneGround]:
    """The zones of a site, to measure by."""
    return [row_to(ZoneGround, row) for row in await tx.fetch(LIST_GROUND, tenant_id, site_id)]


LIST_PLAN_LEVELS = """
SELECT (floor ->> 'level')::int FROM place_plans, jsonb_array_elements(plan -> 'levels') AS floor
WHERE tenant_id = $1 AND site_id = $2 AND state = 'published'
"""


async def list_plan_levels(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[int]:
    """The floors of the site's plan in force."""
    return [row[0] for row in await tx.fetch(LIST_PLAN_LEVELS, tenant_id, site_id)]
