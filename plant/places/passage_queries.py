"""SQL of passages: the doors and rises of the plan in force, and their states now.

The plan is taken apart by the database: no process decodes sixteen megabytes to lock one door.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from geo.places.model import Position, RiseKind
from mobile_contract.text import Text
from plant.places.passages import PassageOf, PassageState, PassageStateName


class Passage(msgspec.Struct, frozen=True):
    """A door or rise of the plan in force. ``planned``: what the plan says it is; ``state``: what it is now.

    ``at`` is a rise's lowest stop; ``rooms`` are those it joins or stops in. ``version`` 0: it is as the plan has it.
    """

    of: PassageOf
    feature: str
    kind: str
    name: Text | None
    levels: list[int]
    at: Position
    rooms: list[str]
    planned: PassageStateName
    state: PassageStateName
    reason: str | None
    set_by: UUID | None
    set_at: datetime | None
    until: datetime | None
    version: int


class Wanted(msgspec.Struct, frozen=True):
    """Filters of a list of passages; None does not filter. ``changed``: not as the plan has it, or as it has it."""

    kind: RiseKind | str | None = None
    state: str | None = None
    level: int | None = None
    changed: bool | None = None
    search: str | None = None


class After(msgspec.Struct, frozen=True, array_like=True):
    """A place in the list: the page begins behind it."""

    of: str = ""
    feature: str = ""


# $1 the tenant, $2 the site, $3 now. A drawn network's ways between levels are rises too. A state whose time is over is
# no state.
_PASSAGES = """
WITH in_force AS (
    SELECT plan FROM place_plans WHERE tenant_id = $1 AND site_id = $2 AND state = 'published'
), nodes AS (
    SELECT it ->> 'id' AS id, (it ->> 'level')::int AS level, it -> 'at' AS at
    FROM in_force, jsonb_array_elements(plan -> 'nodes') AS it
), planned AS (
    SELECT 'door' AS of, it ->> 'id' AS feature, 'door' AS kind, it -> 'name' AS name,
        ARRAY[(it ->> 'level')::int] AS levels, it -> 'at' AS at,
        ARRAY(SELECT room FROM jsonb_array_elements_text(it -> 'joins') AS room WHERE room IS NOT NULL) AS rooms,
        it ->> 'state' AS planned
    FROM in_force, jsonb_array_elements(plan -> 'doors') AS it
    UNION ALL
    SELECT 'rise', it ->> 'id', it ->> 'kind', it -> 'name',
        ARRAY(SELECT (stop ->> 'level')::int FROM jsonb_array_elements(it -> 'stops') AS stop ORDER BY 1),
        it #> '{stops,0,at}',
        ARRAY(SELECT s ->> 'room' FROM jsonb_array_elements(it -> 'stops') AS s WHERE s ->> 'room' IS NOT NULL),
        'in_use'
    FROM in_force, jsonb_array_elements(plan -> 'rises') AS it
    UNION ALL
    SELECT 'rise', way ->> 'id', way ->> 'rise', NULL,
        ARRAY[least(one.level, other.level), greatest(one.level, other.level)], one.at, '{}', 'in_use'
    FROM in_force, jsonb_array_elements(plan -> 'ways') AS way
    JOIN nodes one ON one.id = way #>> '{ends,0}'
    JOIN nodes other ON other.id = way #>> '{ends,1}'
    WHERE way ->> 'rise' IS NOT NULL
), passages AS (
    SELECT p.of, p.feature, p.kind, nullif(p.name, 'null') AS name, p.levels, p.at, p.rooms, p.planned,
        coalesce(s.state, p.planned) AS state, s.reason, s.set_by, s.set_at, s.until, coalesce(s.version, 0) AS version
    FROM planned p
    LEFT JOIN passage_states s ON s.tenant_id = $1 AND s.site_id = $2 AND s.of = p.of AND s.feature = p.feature
        AND (s.until IS NULL OR s.until > $3)
)
"""

LIST_PASSAGES = f"""{_PASSAGES}
SELECT * FROM passages
WHERE (of, feature) > ($4, $5) AND ($6::text IS NULL OR kind = $6) AND ($7::text IS NULL OR state = $7)
  AND ($8::int IS NULL OR $8 = ANY (levels)) AND ($9::boolean IS NULL OR (version > 0) = $9)
  AND ($10::text IS NULL OR strpos(
    lower(concat_ws(' ', feature, name ->> 'zh', name ->> 'en', array_to_string(rooms, ' '))), lower($10)) > 0)
ORDER BY of, feature LIMIT $11
"""


async def list_passages(
    tx: Tx, tenant_id: UUID, site_id: UUID, wanted: Wanted, *, now: datetime, after: After, limit: int
) -> list[Passage]:
    """Doors, then rises, by their ids."""
    it = wanted
    rows = await tx.fetch(
        LIST_PASSAGES, tenant_id, site_id, now, after.of, after.feature, it.kind, it.state, it.level, it.changed,
        it.search, limit,
    )  # fmt: skip
    return [row_to(Passage, row) for row in rows]


FIND_PASSAGE = f"{_PASSAGES} SELECT * FROM passages WHERE of = $4 AND feature = $5 LIMIT 1"


async def find_passage(
    tx: Tx, tenant_id: UUID, site_id: UUID, of: PassageOf, feature: str, now: datetime
) -> Passage | None:
    """One door or rise of the plan in force as it is now."""
    row = await tx.fetchrow(FIND_PASSAGE, tenant_id, site_id, now, of, feature)
    return None if row is None else row_to(Passage, row)


LIST_STATES = """
SELECT tenant_id, site_id, feature, of, state, reason, set_by, set_at, until, version
FROM passage_states WHERE tenant_id = $1 AND site_id = $2 AND (until IS NULL OR until > $3) ORDER BY of, feature
"""


async def list_states(tx: Tx, tenant_id: UUID, site_id: UUID, now: datetime) -> list[PassageState]:
    """What of the site's doors and rises is not as the plan has it, now."""
    return [row_to(PassageState, row) for row in await tx.fetch(LIST_STATES, tenant_id, site_id, now)]


SAVE_STATE = """
INSERT INTO passage_states AS s (tenant_id, site_id, feature, of, state, reason, set_by, set_at, until, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
ON CONFLICT (tenant_id, site_id, of, feature) DO UPDATE
SET state = excluded.state, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at,
    until = excluded.until, version = s.version + 1
"""


async def save_state(tx: Tx, tenant_id: UUID, it: PassageState) -> None:
    """The state of a door or rise, instead of what it was; the caller locked the site. Counts its version itself."""
    await tx.execute(
        SAVE_STATE, tenant_id, it.site_id, it.feature, it.of, it.state, it.reason, it.set_by, it.set_at, it.until
    )


DELETE_STATE = "DELETE FROM passage_states WHERE tenant_id = $1 AND site_id = $2 AND of = $3 AND feature = $4"


async def delete_state(tx: Tx, tenant_id: UUID, site_id: UUID, of: PassageOf, feature: str) -> None:
    """A door or rise is as the plan has it."""
    await tx.execute(DELETE_STATE, tenant_id, site_id, of, feature)


# What is over goes with it. $3 now.
DROP_UNPLANNED = f"""{_PASSAGES}, dropped AS (
    DELETE FROM passage_states s
    WHERE s.tenant_id = $1 AND s.site_id = $2
      AND NOT EXISTS (SELECT FROM planned p WHERE p.of = s.of AND p.feature = s.feature)
    RETURNING s.of, s.feature
)
SELECT of || ' ' || feature FROM dropped ORDER BY 1
"""


async def drop_unplanned(tx: Tx, tenant_id: UUID, site_id: UUID, now: datetime) -> list[str]:
    """States of what the plan in force does not have go; returns what they were of, like ``door gate``."""
    return [row[0] for row in await tx.fetch(DROP_UNPLANNED, tenant_id, site_id, now)]
