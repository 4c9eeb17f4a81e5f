"""SQL of qualifications: the records, whom they give skills, what runs out. Types and training: see beside it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to, rows_to
from mobile_contract.text import Text
from people.qualifications.model import Qualification, State
from people.qualifications.standing import DEFAULT_TZ

_RECORD = """q.tenant_id, q.id, q.account_id, q.type_id, q.issuer, q.scope, q.sites, q.zones, q.number, q.valid_from,
    q.valid_until, q.review_by, q.evidence_id, q.suspended_from, q.suspended_until, q.suspended_reason, q.suspended_by,
    q.version, q.created_at"""

# standing.standing in SQL; tests/db/test_qualifications.py holds that they agree.
_SUSPENDED = "coalesce(q.suspended_from <= {day} AND coalesce(q.suspended_until >= {day}, true), false)"
_STATE = f"""CASE WHEN q.ends_on < {{day}} THEN 'expired'
     WHEN q.valid_from > {{day}} THEN 'not_yet_valid'
     WHEN {_SUSPENDED} THEN 'suspended'
     WHEN q.ends_on - {{day}} <= t.warn_days THEN 'expiring'
     ELSE 'valid' END"""

_FIND_TZ = "SELECT tz FROM sites WHERE tenant_id = $1 ORDER BY id LIMIT 1"


async def find_tz(tx: Tx, tenant_id: UUID) -> str:
    """The zone whose midnight ends the tenant's days: its first site's."""
    found: str | None = await tx.fetchval(_FIND_TZ, tenant_id)
    return found or DEFAULT_TZ


# $3, $4: where it is to count; a record that is limited to places counts only where one of them is named. The day is a
# scalar and the types a table of their own, so that 10,000 records are one scan and one hash join: a quarter of the
# time that joining them row by row takes.
_VALID_SKILLS = f"""
WITH today AS MATERIALIZED (
    SELECT ($2::timestamptz AT TIME ZONE coalesce(
        (SELECT tz FROM sites WHERE tenant_id = $1 ORDER BY id LIMIT 1), '{DEFAULT_TZ}'))::date AS day
), given AS MATERIALIZED (
    SELECT t.id, unnest(t.skills) AS skill FROM qualification_types t WHERE t.tenant_id = $1
)
SELECT q.account_id, array_agg(given.skill) AS skills
FROM qualifications q
JOIN given ON given.id = q.type_id
WHERE q.tenant_id = $1 AND q.valid_from <= (SELECT day FROM today)
  AND (q.ends_on IS NULL OR q.ends_on >= (SELECT day FROM today))
  AND NOT {_SUSPENDED.format(day="(SELECT day FROM today)")}
  AND (q.sites = '{{}}' AND q.zones = '{{}}' OR $3::uuid = ANY(q.sites) OR $4::uuid = ANY(q.zones))
  AND NOT EXISTS (SELECT FROM accounts a WHERE a.tenant_id = $1 AND a.id = q.account_id AND a.disabled_at <= $2)
GROUP BY q.account_id
"""


async def list_valid_skills(
    tx: Tx, tenant_id: UUID, at: datetime, site_id: UUID | None, zone_id: UUID | None
) -> dict[UUID, frozenset[str]]:
    """Skill codes by account."""
    rows = await tx.fetch(_VALID_SKILLS, tenant_id, at, site_id, zone_id)
    return {row["account_id"]: frozenset(row["skills"]) for row in rows}


_ADD = """
INSERT INTO qualifications AS q (tenant_id, id, account_id, type_id, issuer, scope, sites, zones, number, valid_from,
    valid_until, review_by, evidence_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""

_INSERT = f"{_ADD} ON CONFLICT (tenant_id, account_id, type_id, number, valid_from) DO NOTHING"


async def insert(tx: Tx, tenant_id: UUID, it: Qualification) -> bool:
    """Add a record; False when the person has this type, number and first day already."""
    return await tx.execute(_INSERT, *_new(tenant_id, it)) == 1


async def insert_many(tx: Tx, tenant_id: UUID, records: list[Qualification]) -> None:
    """Add records that were not there a moment ago, in one round trip; one that is there by now fails them all."""
    await tx.executemany(_ADD, [_new(tenant_id, it) for it in records])


def _new(tenant_id: UUID, it: Qualification) -> tuple[object, ...]:
    return (
        tenant_id,
        it.id,
        it.account_id,
        it.type_id,
        it.issuer,
        it.scope,
        it.sites,
        it.zones,
        it.number,
        it.valid_from,
        it.valid_until,
        it.review_by,
        it.evidence_id,
        it.created_at,
    )


_FIND = f"SELECT {_RECORD} FROM qualifications q WHERE q.tenant_id = $1 AND q.id = $2"


async def find(tx: Tx, tenant_id: UUID, record_id: UUID) -> Qualification | None:
    """One record."""
    row = await tx.fetchrow(_FIND, tenant_id, record_id)
    return None if row is None else row_to(Qualification, row)


_LOCK = f"SELECT {_RECORD} FROM qualifications q WHERE q.tenant_id = $1 AND q.id = $2 FOR NO KEY UPDATE"


async def lock(tx: Tx, tenant_id: UUID, record_id: UUID) -> Qualification | None:
    """One record, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK, tenant_id, record_id)
    return None if row is None else row_to(Qualification, row)


_SAVE = f"""
UPDATE qualifications q
SET issuer = $3, scope = $4, sites = $5, zones = $6, number = $7, valid_from = $8, valid_until = $9, review_by = $10,
    evidence_id = $11, suspended_from = $12, suspended_until = $13, suspended_reason = $14, suspended_by = $15,
    version = version + 1
WHERE q.tenant_id = $1 AND q.id = $2
RETURNING {_RECORD}
"""


async def save(tx: Tx, tenant_id: UUID, it: Qualification) -> Qualification:
    """Store what can be edited of a locked record; returns it with its new version."""
    row = await tx.fetchrow(
        _SAVE,
        tenant_id,
        it.id,
        it.issuer,
        it.scope,
        it.sites,
        it.zones,
        it.number,
        it.valid_from,
        it.valid_until,
        it.review_by,
        it.evidence_id,
        it.suspended_from,
        it.suspended_until,
        it.suspended_reason,
        it.suspended_by,
    )
    return row_to(Qualification, row)


_DELETE = "DELETE FROM qualifications WHERE tenant_id = $1 AND id = $2"


async def delete(tx: Tx, tenant_id: UUID, record_id: UUID) -> None:
    """Remove a record that should never have been entered."""
    await tx.execute(_DELETE, tenant_id, record_id)


class Asked(msgspec.Struct, frozen=True):
    """Which records a list shows; None asks nothing. ``within_days``: those that end by then and have not ended."""

    account_id: UUID | None = None
    type_id: UUID | None = None
    skill: str | None = None
    state: State | None = None
    within_days: int | None = None
    search: str | None = None


_LIST = f"""
SELECT {_RECORD}
FROM qualifications q
JOIN qualification_types t ON t.tenant_id = $1 AND t.id = q.type_id
JOIN accounts a ON a.tenant_id = $1 AND a.id = q.account_id
WHERE q.tenant_id = $1 AND q.id > $2
  AND ($3::uuid IS NULL OR q.account_id = $3)
  AND ($4::uuid IS NULL OR q.type_id = $4)
  AND ($5::text IS NULL OR $5 = ANY(t.skills))
  AND ($6::text IS NULL OR {_STATE.format(day="$7::date")} = $6)
  AND ($8::integer IS NULL OR q.ends_on BETWEEN $7::date AND $7::date + $8::integer)
  AND ($9::text IS NULL OR a.display_name ILIKE $9 OR a.login ILIKE $9 OR q.number ILIKE $9 OR q.issuer ILIKE $9
       OR t.slug ILIKE $9 OR t.name ->> 'zh' ILIKE $9 OR t.name ->> 'en' ILIKE $9)
ORDER BY q.id
LIMIT $10
"""


async def list_records(
    tx: Tx, tenant_id: UUID, asked: Asked, *, day: date, after: UUID, limit: int
) -> list[Qualification]:
    """A page of records in the order they were entered."""
    rows = await tx.fetch(
        _LIST,
        tenant_id,
        after,
        asked.account_id,
        asked.type_id,
        asked.skill,
        asked.state,
        day,
        asked.within_days,
        None if asked.search is None else like(asked.search),
        limit,
    )
    return await rows_to(Qualification, rows)


def like(text: str) -> str:
    """The pattern that finds this text anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


class Name(msgspec.Struct, frozen=True):
    """Whose a record is."""

    id: UUID
    login: str
    display_name: str


_NAMES = "SELECT id, login, display_name FROM accounts WHERE tenant_id = $1 AND id = ANY($2::uuid[])"


async def find_names(tx: Tx, tenant_id: UUID, accounts: list[UUID]) -> dict[UUID, Name]:
    """The people of a page."""
    names = [row_to(Name, row) for row in await tx.fetch(_NAMES, tenant_id, accounts)]
    return {name.id: name for name in names}


class Holder(msgspec.Struct, frozen=True):
    """Somebody with a skill. ``until``: its last day, None without end; ``everywhere`` False: at these places alone."""

    account_id: UUID
    login: str
    display_name: str
    until: date | None
    everywhere: bool
    sites: list[UUID]
    zones: list[UUID]


_LIST_HOLDERS = f"""
SELECT a.id AS account_id, a.login, a.display_name,
    CASE WHEN bool_or(q.ends_on IS NULL) THEN NULL ELSE max(q.ends_on) END AS until,
    bool_or(cardinality(q.sites) = 0 AND cardinality(q.zones) = 0) AS everywhere,
    coalesce(array_agg(DISTINCT place) FILTER (WHERE place = ANY(q.sites)), '{{}}') AS sites,
    coalesce(array_agg(DISTINCT place) FILTER (WHERE place = ANY(q.zones)), '{{}}') AS zones
FROM qualifications q
JOIN qualification_types t ON t.tenant_id = $1 AND t.id = q.type_id AND $2 = ANY(t.skills)
JOIN accounts a ON a.tenant_id = $1 AND a.id = q.account_id AND a.disabled_at IS NULL AND a.login > $4
LEFT JOIN LATERAL unnest(q.sites || q.zones) AS p (place) ON true
WHERE q.tenant_id = $1 AND {_STATE.format(day="$3::date")} IN ('valid', 'expiring')
GROUP BY a.id, a.login, a.display_name
ORDER BY a.login
LIMIT $5
"""


async def list_holders(tx: Tx, tenant_id: UUID, skill: str, *, day: date, after: str, limit: int) -> list[Holder]:
    """A page of those who have the skill on this day, by login."""
    return [row_to(Holder, row) for row in await tx.fetch(_LIST_HOLDERS, tenant_id, skill, day, after, limit)]


# A record of the same person and type lasts longer: nobody needs to hear that this one ends.
_FOLLOWED = """EXISTS (SELECT FROM qualifications n WHERE n.tenant_id = $1 AND n.account_id = q.account_id
      AND n.type_id = q.type_id AND n.id <> q.id
      AND (n.ends_on IS NULL OR (n.ends_on, n.id) > (q.ends_on, q.id)))"""

# What runs out or has run out and was not followed by another.
_LIST_TO_RENEW = f"""
SELECT {_RECORD}
FROM qualifications q
JOIN qualification_types t ON t.tenant_id = $1 AND t.id = q.type_id
JOIN accounts a ON a.tenant_id = $1 AND a.id = q.account_id AND a.disabled_at IS NULL
WHERE q.tenant_id = $1 AND q.ends_on <= $2::date + t.warn_days AND (q.ends_on, q.id) > ($3::date, $4::uuid)
  AND NOT {_FOLLOWED}
ORDER BY q.ends_on, q.id
LIMIT $5
"""


async def list_to_renew(
    tx: Tx, tenant_id: UUID, *, day: date, after: tuple[date, UUID], limit: int
) -> list[Qualification]:
    """A page of what is to be renewed, soonest end first."""
    return await rows_to(Qualification, await tx.fetch(_LIST_TO_RENEW, tenant_id, day, *after, limit))


class Notice(msgspec.Struct, frozen=True):
    """That a record began to run out, or had run out."""

    qualification_id: UUID
    state: State
    ends_on: date


_NOTICE = f"""
INSERT INTO qualification_notices (tenant_id, qualification_id, state, ends_on, noticed_at)
SELECT q.tenant_id, q.id, {_STATE.format(day="$2::date")}, q.ends_on, $3
FROM qualifications q
JOIN qualification_types t ON t.tenant_id = $1 AND t.id = q.type_id
JOIN accounts a ON a.tenant_id = $1 AND a.id = q.account_id AND a.disabled_at IS NULL
WHERE q.tenant_id = $1 AND q.ends_on <= $2::date + t.warn_days
  AND {_STATE.format(day="$2::date")} IN ('expiring', 'expired')
  AND NOT {_FOLLOWED}
  AND NOT EXISTS (SELECT FROM qualification_notices n WHERE n.tenant_id = $1 AND n.qualification_id = q.id
      AND n.ends_on = q.ends_on AND n.state = {_STATE.format(day="$2::date")})
ORDER BY q.ends_on, q.id
LIMIT $4
ON CONFLICT DO NOTHING
RETURNING qualification_id, state, ends_on
"""


async def notice(tx: Tx, tenant_id: UUID, day: date, *, most: int) -> list[Notice]:
    """Write down, once for each end, what began to run out or has run out by this day."""
    return [row_to(Notice, row) for row in await tx.fetch(_NOTICE, tenant_id, day, tx.now, most)]


class Owner(msgspec.Struct, frozen=True):
    """Whose a record is, and what it is called."""

    qualification_id: UUID
    account_id: UUID
    person: str
    name: Text


_OWNERS = """
SELECT q.id AS qualification_id, q.account_id, a.display_name AS person, t.name
FROM qualifications q
JOIN accounts a ON a.tenant_id = $1 AND a.id = q.account_id
JOIN qualification_types t ON t.tenant_id = $1 AND t.id = q.type_id
WHERE q.tenant_id = $1 AND q.id = ANY($2::uuid[])
"""


async def list_owners(tx: Tx, tenant_id: UUID, records: list[UUID]) -> dict[UUID, Owner]:
    """Whose these records are, by record."""
    found = [row_to(Owner, row) for row in await tx.fetch(_OWNERS, tenant_id, records)]
    return {it.qualification_id: it for it in found}


_WATCHED_TO = "SELECT day FROM qualification_watches WHERE tenant_id = $1"


async def find_watched_day(tx: Tx, tenant_id: UUID) -> date | None:
    """The last day that was gone through to the end."""
    found: date | None = await tx.fetchval(_WATCHED_TO, tenant_id)
    return found


_SAVE_WATCHED = """
INSERT INTO qualification_watches AS w (tenant_id, day) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET day = EXCLUDED.day
"""


async def save_watched_day(tx: Tx, tenant_id: UUID, day: date) -> None:
    """This day is done."""
    await tx.execute(_SAVE_WATCHED, tenant_id, day)


_NOTICED_AT = """
SELECT qualification_id, max(noticed_at) AS noticed_at FROM qualification_notices
WHERE tenant_id = $1 AND qualification_id = ANY($2::uuid[]) GROUP BY qualification_id
"""


async def find_noticed(tx: Tx, tenant_id: UUID, records: list[UUID]) -> dict[UUID, datetime]:
    """When each of these was last noticed."""
    rows = await tx.fetch(_NOTICED_AT, tenant_id, records)
    return {row["qualification_id"]: row["noticed_at"] for row in rows}


_UNKNOWN_PLACES = """
SELECT coalesce((SELECT array_agg(p) FROM unnest($2::uuid[]) p WHERE NOT EXISTS
        (SELECT FROM sites s WHERE s.tenant_id = $1 AND s.id = p)), '{}')
    || coalesce((SELECT array_agg(p) FROM unnest($3::uuid[]) p WHERE NOT EXISTS
        (SELECT FROM zones z WHERE z.tenant_id = $1 AND z.id = p)), '{}')
"""


async def find_unknown_places(tx: Tx, tenant_id: UUID, sites: list[UUID], zones: list[UUID]) -> list[UUID]:
    """Which of these ids are no site or zone of the tenant's."""
    unknown: list[UUID] = await tx.fetchval(_UNKNOWN_PLACES, tenant_id, sites, zones)
    return unknown
