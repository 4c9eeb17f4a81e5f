"""SQL of rotas, what changes them, and the calendars they follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from mobile_contract.rotas import RotaKind
from people.queries import FIRST
from people.rotas.model import Holiday, HolidayCalendar, Override, Person, Rota

_ROTA = "tenant_id, id, slug, name, tz, kind, site_id, calendar_id, definition, version, retired_at, created_at"
_OVERRIDE = """tenant_id, id, rota_id, removed, added, position, starts_at, ends_at, reason, swap_id, created_by,
    created_at, cancelled_at"""
_CALENDAR = "tenant_id, id, slug, name, version, created_at"


class RotaFilter(msgspec.Struct, frozen=True):
    """Which rotas; None does not filter. ``site_id`` is of this site alone, ``search`` a part of slug or name."""

    site_id: UUID | None = None
    kind: RotaKind | None = None
    retired: bool | None = None
    search: str | None = None


_INSERT_ROTA = f"""
WITH made AS (
    INSERT INTO rotas (tenant_id, id, slug, name, tz, kind, site_id, calendar_id, definition, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (tenant_id, slug) DO NOTHING
    RETURNING {_ROTA}
), first AS (
    INSERT INTO rota_versions (tenant_id, rota_id, version, valid_from, tz, calendar_id, definition, retired)
    SELECT tenant_id, id, version, created_at, tz, calendar_id, definition, false FROM made
)
SELECT {_ROTA} FROM made
"""


async def insert_rota(tx: Tx, tenant_id: UUID, rota: Rota) -> Rota | None:
    """The new rota and its first version, or None when the slug is taken."""
    row = await tx.fetchrow(
        _INSERT_ROTA,
        tenant_id,
        rota.id,
        rota.slug,
        rota.name,
        rota.tz,
        rota.kind,
        rota.site_id,
        rota.calendar_id,
        rota.definition,
        rota.created_at,
    )
    return None if row is None else row_to(Rota, row)


# Another process' clock may be a little behind: versions follow one another all the same.
_SAVE_ROTA = f"""
WITH saved AS (
    UPDATE rotas SET name = $3, tz = $4, calendar_id = $5, definition = $6, retired_at = $7, version = version + 1
    WHERE tenant_id = $1 AND id = $2
    RETURNING {_ROTA}
), ended AS (
    UPDATE rota_versions SET valid_until = greatest($8, valid_from)
    WHERE tenant_id = $1 AND rota_id = $2 AND valid_until IS NULL
    RETURNING valid_until
), kept AS (
    INSERT INTO rota_versions (tenant_id, rota_id, version, valid_from, tz, calendar_id, definition, retired)
    SELECT tenant_id, id, version, (SELECT max(valid_until) FROM ended), tz, calendar_id, definition,
        retired_at IS NOT NULL
    FROM saved
)
SELECT {_ROTA} FROM saved
"""


async def save_rota(tx: Tx, tenant_id: UUID, rota: Rota, now: datetime) -> Rota:
    """Store what can be edited of a locked rota, from now on; returns it with its new version."""
    row = await tx.fetchrow(
        _SAVE_ROTA, tenant_id, rota.id, rota.name, rota.tz, rota.calendar_id, rota.definition, rota.retired_at, now
    )
    return row_to(Rota, row)


_FIND_ROTA = f"SELECT {_ROTA} FROM rotas WHERE tenant_id = $1 AND id = $2"


async def find_rota(tx: Tx, tenant_id: UUID, rota_id: UUID) -> Rota | None:
    """One rota."""
    row = await tx.fetchrow(_FIND_ROTA, tenant_id, rota_id)
    return None if row is None else row_to(Rota, row)


_LOCK_ROTAS = f"""
SELECT {_ROTA} FROM rotas WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""


async def lock_rotas(tx: Tx, tenant_id: UUID, rota_ids: Sequence[UUID]) -> dict[UUID, Rota]:
    """These rotas, locked in the order of their ids until the transaction ends; before their swaps."""
    return {row["id"]: row_to(Rota, row) for row in await tx.fetch(_LOCK_ROTAS, tenant_id, list(rota_ids))}


_LIST_ROTAS = f"""
SELECT {_ROTA} FROM rotas
WHERE tenant_id = $1 AND slug > $2 AND ($3::uuid IS NULL OR site_id = $3) AND ($4::text IS NULL OR kind = $4)
  AND ($5::boolean IS NULL OR (retired_at IS NOT NULL) = $5)
  AND ($6::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en')), lower($6)) > 0)
ORDER BY slug LIMIT $7
"""


async def list_rotas(tx: Tx, tenant_id: UUID, which: RotaFilter, *, after: str, limit: int) -> list[Rota]:
    """Rotas by slug."""
    rows = await tx.fetch(_LIST_ROTAS, tenant_id, after, which.site_id, which.kind, which.retired, which.search, limit)
    return [row_to(Rota, row) for row in rows]


_LIST_PEOPLE = """
SELECT id, display_name, disabled_at IS NOT NULL AS disabled FROM accounts
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""


async def list_people(tx: Tx, tenant_id: UUID, account_ids: Sequence[UUID]) -> dict[UUID, Person]:
    """These accounts, as far as the tenant has them."""
    rows = await tx.fetch(_LIST_PEOPLE, tenant_id, list(account_ids))
    return {row["id"]: row_to(Person, row) for row in rows}


_SITE_EXISTS = "SELECT EXISTS (SELECT FROM sites WHERE tenant_id = $1 AND id = $2)"


async def site_exists(tx: Tx, tenant_id: UUID, site_id: UUID) -> bool:
    """Whether the tenant has this site."""
    return bool(await tx.fetchval(_SITE_EXISTS, tenant_id, site_id))


# The number is taken under the rota's lock, so the order of numbers is the order of commits.
_INSERT_OVERRIDE = f"""
INSERT INTO rota_overrides (tenant_id, id, rota_id, made, removed, added, position, starts_at, ends_at, reason, swap_id,
    created_by, created_at)
VALUES ($1, $2, $3, (SELECT coalesce(max(made), 0) + 1 FROM rota_overrides WHERE tenant_id = $1 AND rota_id = $3),
    $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING {_OVERRIDE}
"""


async def insert_override(tx: Tx, tenant_id: UUID, it: Override) -> Override:
    """A new override of a locked rota; it counts after all before it."""
    row = await tx.fetchrow(
        _INSERT_OVERRIDE,
        tenant_id,
        it.id,
        it.rota_id,
        it.removed,
        it.added,
        it.position,
        it.starts_at,
        it.ends_at,
        it.reason,
        it.swap_id,
        it.created_by,
        it.created_at,
    )
    return row_to(Override, row)


_FIND_OVERRIDE = f"SELECT {_OVERRIDE} FROM rota_overrides WHERE tenant_id = $1 AND id = $2"


async def find_override(tx: Tx, tenant_id: UUID, override_id: UUID) -> Override | None:
    """One override."""
    row = await tx.fetchrow(_FIND_OVERRIDE, tenant_id, override_id)
    return None if row is None else row_to(Override, row)


_HALVES = "SELECT rota_id FROM rota_overrides WHERE tenant_id = $1 AND swap_id = $2"


async def list_rotas_of_swap(tx: Tx, tenant_id: UUID, swap_id: UUID) -> list[UUID]:
    """The rotas that an accepted swap changed."""
    return [row["rota_id"] for row in await tx.fetch(_HALVES, tenant_id, swap_id)]


# What is past stays as it was: an override that has begun ends now.
_END_OVERRIDES = """
UPDATE rota_overrides
SET ends_at = CASE WHEN starts_at < $4 THEN $4 ELSE ends_at END,
    cancelled_at = CASE WHEN starts_at < $4 THEN NULL ELSE $4 END
WHERE tenant_id = $1 AND (id = $2 OR swap_id = $3) AND cancelled_at IS NULL AND ends_at > $4
"""


async def end_overrides(tx: Tx, tenant_id: UUID, override_id: UUID, swap_id: UUID | None, now: datetime) -> int:
    """Take back an override, or both halves of a swap, from now on; returns how many there were to end."""
    return await tx.execute(_END_OVERRIDES, tenant_id, override_id, swap_id, now)


_COUNT_OVERRIDES = """
SELECT count(*) FROM rota_overrides WHERE tenant_id = $1 AND rota_id = $2 AND cancelled_at IS NULL AND ends_at > $3
"""


async def count_overrides(tx: Tx, tenant_id: UUID, rota_id: UUID, now: datetime) -> int:
    """How many overrides of the rota are in force or to come."""
    return int(await tx.fetchval(_COUNT_OVERRIDES, tenant_id, rota_id, now))


_LIST_OVERRIDES = f"""
SELECT {_OVERRIDE} FROM rota_overrides
WHERE tenant_id = $1 AND rota_id = $2 AND id > $4
  AND ($3::timestamptz IS NULL OR (cancelled_at IS NULL AND ends_at > $3))
ORDER BY id LIMIT $5
"""


async def list_overrides(
    tx: Tx, tenant_id: UUID, rota_id: UUID, *, open_at: datetime | None, after: UUID = FIRST, limit: int
) -> list[Override]:
    """A rota's overrides, oldest first; ``open_at`` leaves out what is over or cancelled by then."""
    rows = await tx.fetch(_LIST_OVERRIDES, tenant_id, rota_id, open_at, after, limit)
    return [row_to(Override, row) for row in rows]


_INSERT_CALENDAR = f"""
INSERT INTO holiday_calendars (tenant_id, id, slug, name, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING {_CALENDAR}
"""


async def insert_calendar(tx: Tx, tenant_id: UUID, it: HolidayCalendar) -> HolidayCalendar | None:
    """The new calendar, or None when the slug is taken."""
    row = await tx.fetchrow(_INSERT_CALENDAR, tenant_id, it.id, it.slug, it.name, it.created_at)
    return None if row is None else row_to(HolidayCalendar, row)


_FIND_CALENDAR = f"SELECT {_CALENDAR} FROM holiday_calendars WHERE tenant_id = $1 AND id = $2"


async def find_calendar(tx: Tx, tenant_id: UUID, calendar_id: UUID) -> HolidayCalendar | None:
    """One calendar."""
    row = await tx.fetchrow(_FIND_CALENDAR, tenant_id, calendar_id)
    return None if row is None else row_to(HolidayCalendar, row)


_LOCK_CALENDAR = f"SELECT {_CALENDAR} FROM holiday_calendars WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock_calendar(tx: Tx, tenant_id: UUID, calendar_id: UUID) -> HolidayCalendar | None:
    """One calendar, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK_CALENDAR, tenant_id, calendar_id)
    return None if row is None else row_to(HolidayCalendar, row)


_SAVE_CALENDAR = f"""
UPDATE holiday_calendars SET name = $3, version = version + 1 WHERE tenant_id = $1 AND id = $2
RETURNING {_CALENDAR}
"""


async def save_calendar(tx: Tx, tenant_id: UUID, it: HolidayCalendar) -> HolidayCalendar:
    """Store a locked calendar's name; returns it with its new version."""
    return row_to(HolidayCalendar, await tx.fetchrow(_SAVE_CALENDAR, tenant_id, it.id, it.name))


_LIST_CALENDARS = f"""
SELECT {_CALENDAR} FROM holiday_calendars
WHERE tenant_id = $1 AND slug > $2
  AND ($3::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en')), lower($3)) > 0)
ORDER BY slug LIMIT $4
"""


async def list_calendars(
    tx: Tx, tenant_id: UUID, *, after: str, search: str | None, limit: int
) -> list[HolidayCalendar]:
    """Calendars by slug."""
    return [row_to(HolidayCalendar, row) for row in await tx.fetch(_LIST_CALENDARS, tenant_id, after, search, limit)]


_DELETE_HOLIDAYS = "DELETE FROM holidays WHERE tenant_id = $1 AND calendar_id = $2"
_INSERT_HOLIDAY = "INSERT INTO holidays (tenant_id, calendar_id, day, name) VALUES ($1, $2, $3, $4)"


async def replace_holidays(tx: Tx, tenant_id: UUID, calendar_id: UUID, days: Sequence[Holiday]) -> None:
    """The dates of a locked calendar, instead of those before."""
    await tx.execute(_DELETE_HOLIDAYS, tenant_id, calendar_id)
    await tx.executemany(_INSERT_HOLIDAY, [(tenant_id, calendar_id, it.day, it.name) for it in days])


_LIST_HOLIDAYS = "SELECT day, name FROM holidays WHERE tenant_id = $1 AND calendar_id = $2 ORDER BY day"


async def list_holidays(tx: Tx, tenant_id: UUID, calendar_id: UUID) -> list[Holiday]:
    """All dates of a calendar: an import is bounded."""
    return [row_to(Holiday, row) for row in await tx.fetch(_LIST_HOLIDAYS, tenant_id, calendar_id)]
