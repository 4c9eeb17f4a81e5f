"""SQL of hazards; each statement sits above its function. Bodies come and go as text, large ones read in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from geo.hazards.model import HazardSource
from incidents.hazards.model import Ground, StandingHazard, StoredHazard
from incidents.hazards.stored import unpack
from mobile_contract.room_views import HazardView
from mobile_contract.text import Text

# Of a site: as many as alarms may stand in a disaster, and more than a map can show.
STANDING_MAX = 1_000
# JSON that takes longer than this to read is read in a thread.
_LARGE_CHARS = 200_000

_ROW = """tenant_id, id, site_id, incident_id, alarm_id, source, name, agent, facts, shown, changes_at, stated_at,
    ends_at, ended_at, ended_by, end_reason, exercise, version, created_by, created_at"""

INSERT_HAZARD = """
INSERT INTO hazards (tenant_id, id, site_id, incident_id, alarm_id, source, name, agent, facts, shown, changes_at,
    stated_at, ends_at, exercise, version, created_by, created_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::text::jsonb)
ON CONFLICT (tenant_id, alarm_id) WHERE alarm_id IS NOT NULL AND ended_at IS NULL DO NOTHING
"""


async def insert_hazard(tx: Tx, tenant_id: UUID, it: StoredHazard, body: str) -> bool:
    """A new hazard; False: the alarm has one already."""
    made = await tx.execute(
        INSERT_HAZARD,
        tenant_id,
        it.id,
        it.site_id,
        it.incident_id,
        it.alarm_id,
        it.source,
        _plain(it.name),
        it.agent,
        it.facts,
        _plain(it.shown),
        it.changes_at,
        it.stated_at,
        it.ends_at,
        it.exercise,
        it.version,
        it.created_by,
        it.created_at,
        body,
    )
    return made == 1


RESTATE = """
UPDATE hazards SET name = $3, agent = $4, facts = $5, shown = $6, changes_at = $7, stated_at = $8, ends_at = $9,
    version = $10, body = $11::text::jsonb
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
"""


async def restate(tx: Tx, tenant_id: UUID, it: StoredHazard, body: str) -> None:
    """A locked hazard is another one from now on."""
    await tx.execute(
        RESTATE,
        tenant_id,
        it.id,
        _plain(it.name),
        it.agent,
        it.facts,
        _plain(it.shown),
        it.changes_at,
        it.stated_at,
        it.ends_at,
        it.version,
        body,
    )


SHOW = "UPDATE hazards SET shown = $3, changes_at = $4 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL"


async def show(tx: Tx, tenant_id: UUID, hazard_id: UUID, shown: HazardView) -> None:
    """What the room is told of a locked hazard now; the hazard itself is as it was."""
    await tx.execute(SHOW, tenant_id, hazard_id, _plain(shown), shown.changes_at)


END_HAZARD = """
UPDATE hazards SET ended_at = $3, ended_by = $4, end_reason = $5, shown = $6, version = $7, changes_at = NULL
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
"""


async def end_hazard(tx: Tx, tenant_id: UUID, it: StoredHazard) -> None:
    """A locked hazard is over."""
    await tx.execute(
        END_HAZARD, tenant_id, it.id, it.ended_at, it.ended_by, it.end_reason, _plain(it.shown), it.version
    )


# Whoever called for help finds nothing of it on their phone, hazards of its incident neither (``incidents/sos``).
_NOT_CALLED = """NOT EXISTS (
      SELECT FROM sos_calls s JOIN incidents i ON i.tenant_id = s.tenant_id AND i.id = s.incident_id
      WHERE s.tenant_id = $1 AND s.incident_id = h.incident_id AND i.state <> 'closed' AND s.account_id"""

GET_HAZARD = f"SELECT {_ROW} FROM hazards WHERE tenant_id = $1 AND site_id = $2 AND id = $3"
LOCK_HAZARD = GET_HAZARD + " FOR NO KEY UPDATE"


async def get_hazard(tx: Tx, tenant_id: UUID, site_id: UUID, hazard_id: UUID) -> StoredHazard:
    """Raises NotFound."""
    return _found(await tx.fetchrow(GET_HAZARD, tenant_id, site_id, hazard_id), hazard_id)


async def lock_hazard(tx: Tx, tenant_id: UUID, site_id: UUID, hazard_id: UUID) -> StoredHazard:
    """The same, its row held until commit; its incident's lock comes first. Raises NotFound."""
    return _found(await tx.fetchrow(LOCK_HAZARD, tenant_id, site_id, hazard_id), hazard_id)


def _found(row: Any, hazard_id: UUID) -> StoredHazard:
    if row is None:
        raise no_hazard(hazard_id)
    return row_to(StoredHazard, row)


def no_hazard(hazard_id: UUID) -> NotFound:
    """There is none, or not for this reader."""
    return NotFound(
        "hazard.not_found", f"no hazard {hazard_id}", f"没有危险区 {hazard_id}", field="hazard_id", value=str(hazard_id)
    )


GET_BODY = "SELECT body::text FROM hazards WHERE tenant_id = $1 AND id = $2"


async def get_body(tx: Tx, tenant_id: UUID, hazard_id: UUID) -> str:
    """The body of a hazard that is there."""
    return str(await tx.fetchval(GET_BODY, tenant_id, hazard_id))


LIST_HAZARDS = f"""
SELECT {_ROW} FROM hazards h
WHERE tenant_id = $1 AND site_id = $2
  AND ($3::boolean IS NULL OR (ended_at IS NULL AND (ends_at IS NULL OR ends_at > $4)) = $3)
  AND ($5::uuid IS NULL OR incident_id = $5)
  AND ($6::text IS NULL OR source = $6)
  AND ($7::text IS NULL OR strpos(lower(concat_ws(' ', name ->> 'zh', name ->> 'en', agent)), lower($7)) > 0)
  AND ($8::timestamptz IS NULL OR (created_at, id) < ($8, $9::uuid))
  AND {_NOT_CALLED} = $10)
ORDER BY created_at DESC, id DESC LIMIT $11
"""


async def list_hazards(
    tx: Tx,
    tenant_id: UUID,
    site_id: UUID,
    *,
    standing: bool | None,
    incident_id: UUID | None,
    source: HazardSource | None,
    search: str | None,
    not_called_by: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredHazard]:
    """A page of a site's hazards, newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(
        LIST_HAZARDS, tenant_id, site_id, standing, tx.now, incident_id, source, search, at, last, not_called_by, limit
    )
    return [row_to(StoredHazard, row) for row in rows]


COUNT_STATED = """
SELECT count(*) FROM hazards WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL AND source <> 'grown'
"""


async def count_stated(tx: Tx, tenant_id: UUID, site_id: UUID) -> int:
    """How many that people stated stand in a site."""
    return int(await tx.fetchval(COUNT_STATED, tenant_id, site_id))


LIST_SHOWN = "SELECT shown FROM hazards WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id"


async def list_shown(tx: Tx, tenant_id: UUID, hazard_ids: Collection[UUID]) -> list[HazardView]:
    """These hazards as their room shows them."""
    rows = await tx.fetch(LIST_SHOWN, tenant_id, list(hazard_ids))
    return [msgspec.convert(row["shown"], HazardView) for row in rows]


class _Bodied(msgspec.Struct, frozen=True):
    """A hazard with its body as text."""

    id: UUID
    name: Text
    incident_id: UUID | None
    agent: str | None
    source: HazardSource
    stated_at: datetime
    ends_at: datetime | None
    exercise: bool
    version: int
    body: str


_BODIED = "id, name, incident_id, agent, source, stated_at, ends_at, exercise, version, body::text AS body"

LIST_STANDING = f"""
SELECT {_BODIED} FROM hazards
WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL AND (ends_at IS NULL OR ends_at > $3)
  AND ($4 OR NOT exercise)
ORDER BY exercise, created_at, id LIMIT $5
"""


async def list_standing(
    tx: Tx, tenant_id: UUID, site_id: UUID, now: datetime, *, exercise: bool = False
) -> list[StandingHazard]:
    """What stands in a site now, oldest first. ``exercise``: for people in a drill, for whom what is real counts too;
    without it what is an exercise is not there."""
    rows = await tx.fetch(LIST_STANDING, tenant_id, site_id, now, exercise, STANDING_MAX)
    return await _opened([row_to(_Bodied, row) for row in rows])


LIST_AT = f"""
SELECT {_BODIED} FROM hazards h
WHERE tenant_id = $1 AND site_id = $2 AND stated_at <= $3 AND (ended_at IS NULL OR ended_at > $3)
  AND (ends_at IS NULL OR ends_at > $3) AND ($4 OR NOT exercise) AND {_NOT_CALLED} = $5)
ORDER BY exercise, created_at, id LIMIT $6
"""


async def list_at(
    tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime, *, exercise: bool, not_called_by: UUID
) -> list[StandingHazard]:
    """What stood, or is to stand, at a moment, as it was stated last."""
    rows = await tx.fetch(LIST_AT, tenant_id, site_id, at, exercise, not_called_by, STANDING_MAX)
    return await _opened([row_to(_Bodied, row) for row in rows])


async def _opened(rows: list[_Bodied]) -> list[StandingHazard]:
    if sum(len(row.body) for row in rows) > _LARGE_CHARS:
        return await asyncio.to_thread(_read, rows)
    return _read(rows)


def _read(rows: list[_Bodied]) -> list[StandingHazard]:
    return [
        StandingHazard(
            id=row.id,
            name=row.name,
            incident_id=row.incident_id,
            agent=row.agent,
            source=row.source,
            stated_at=row.stated_at,
            ends_at=row.ends_at,
            exercise=row.exercise,
            version=row.version,
            hazard=unpack(str(row.id), row.source, row.body),
        )
        for row in rows
    ]


# In a calm it blows everywhere, which the newest forecast says too.
FIND_WIND = """
SELECT CASE WHEN facts ->> 'calm' IS NULL THEN (facts #>> '{wind,from_deg}')::float8 END FROM hazards
WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL AND (ends_at IS NULL OR ends_at > $3)
  AND ($4 OR NOT exercise) AND source = 'forecast' AND jsonb_typeof(facts #> '{wind,from_deg}') = 'number'
ORDER BY stated_at DESC, id DESC LIMIT 1
"""


async def find_wind(tx: Tx, tenant_id: UUID, site_id: UUID, now: datetime, *, exercise: bool = False) -> float | None:
    """Where the wind comes from, degrees from north clockwise, by the newest forecast that stands; None: none says."""
    found = await tx.fetchval(FIND_WIND, tenant_id, site_id, now, exercise)
    return None if found is None else float(found)


# Asked of the database because the plan may be 16 MiB, and only its floors and its outermost corners are wanted.
GET_GROUND = """
WITH plan AS (
    SELECT plan FROM place_plans WHERE tenant_id = $1 AND site_id = $2 AND state = 'published'
), places AS (
    SELECT p FROM plan, jsonb_path_query(plan.plan, '$.rooms[*].polygon.coordinates[*][*]') AS p
    UNION ALL
    SELECT p FROM plan, jsonb_path_query(plan.plan, '$.nodes[*].at') AS p
    UNION ALL
    SELECT p FROM plan, jsonb_path_query(plan.plan, '$.assembly_points[*].at') AS p
    UNION ALL
    SELECT p FROM zones z, jsonb_path_query(z.polygon, '$.coordinates[*][*]') AS p
    WHERE z.tenant_id = $1 AND z.site_id = $2
)
SELECT (SELECT array_agg(DISTINCT (level ->> 'level')::int)
        FROM plan, jsonb_array_elements(plan.plan -> 'levels') AS level) AS plan_levels,
    (SELECT array_agg(DISTINCT z.level::int) FROM zones z WHERE z.tenant_id = $1 AND z.site_id = $2) AS zone_levels,
    (SELECT min((p ->> 0)::float8) FROM places) AS west, (SELECT min((p ->> 1)::float8) FROM places) AS south,
    (SELECT max((p ->> 0)::float8) FROM places) AS east, (SELECT max((p ->> 1)::float8) FROM places) AS north
"""


async def get_ground(tx: Tx, tenant_id: UUID, site_id: UUID) -> Ground:
    """Where the site is, by its plan in force and its zones."""
    return row_to(Ground, await tx.fetchrow(GET_GROUND, tenant_id, site_id))


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
