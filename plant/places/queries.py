"""SQL of plans of places. A plan comes and goes as text: it is decoded off the loop."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from geo.places.model import Position
from plant.places.model import InstrumentedZone, Opened, PlacePlan, PlanState, Report

_ROW = """tenant_id, id, site_id, number, state, name, source, network, version, created_by, created_at, published_by,
    published_at, retired_at"""

# Versions go on from the last plan's, so that an edit of a draft that was published or discarded meanwhile matches no
# other draft.
INSERT_DRAFT = f"""
INSERT INTO place_plans (tenant_id, id, site_id, number, state, name, source, plan, report, network, version,
    created_by, created_at)
SELECT $1, $2, $3, coalesce(max(number), 0) + 1, 'draft', $4, $5, $6::text::jsonb, $7, $8,
    greatest(max(version), (SELECT draft_discarded FROM sites WHERE tenant_id = $1 AND id = $3)) + 1, $9, $10
FROM place_plans WHERE tenant_id = $1 AND site_id = $3
RETURNING {_ROW}
"""

UPDATE_DRAFT = f"""
UPDATE place_plans SET name = $4, source = $5, plan = $6::text::jsonb, report = $7, network = $8,
    version = version + 1, created_by = $9, created_at = $10
WHERE tenant_id = $1 AND id = $2 AND site_id = $3 AND state = 'draft'
RETURNING {_ROW}
"""


async def save_draft(tx: Tx, tenant_id: UUID, it: PlacePlan, text: str, report: Report, *, new: bool) -> PlacePlan:
    """A site's draft, new or instead of what it was; the caller locked the site. Returns it as it is now."""
    row = await tx.fetchrow(
        INSERT_DRAFT if new else UPDATE_DRAFT,
        tenant_id,
        it.id,
        it.site_id,
        msgspec.to_builtins(it.name),
        it.source,
        text,
        msgspec.to_builtins(report),
        msgspec.to_builtins(it.network),
        it.created_by,
        it.created_at,
    )
    return row_to(PlacePlan, row)


DISCARD_DRAFT = """
WITH gone AS (
    DELETE FROM place_plans WHERE tenant_id = $1 AND id = $2 AND state = 'draft' RETURNING site_id, version
)
UPDATE sites SET draft_discarded = gone.version FROM gone WHERE tenant_id = $1 AND id = gone.site_id
"""


async def discard_draft(tx: Tx, tenant_id: UUID, draft: PlacePlan) -> None:
    """A draft is gone; the caller locked the site, which keeps its version."""
    await tx.execute(DISCARD_DRAFT, tenant_id, draft.id)


RETIRE_PUBLISHED = """
UPDATE place_plans SET state = 'retired', retired_at = $3, version = version + 1
WHERE tenant_id = $1 AND site_id = $2 AND state = 'published'
"""


async def retire_published(tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime) -> None:
    """The plan in force, if there is one, ends."""
    await tx.execute(RETIRE_PUBLISHED, tenant_id, site_id, at)


PUBLISH = f"""
UPDATE place_plans SET state = 'published', report = $3, network = $4, published_by = $5, published_at = $6,
    version = version + 1
WHERE tenant_id = $1 AND id = $2 AND state = 'draft'
RETURNING {_ROW}
"""


async def publish(
    tx: Tx, tenant_id: UUID, plan_id: UUID, report: Report, network: Any, *, by: UUID | None, at: datetime
) -> PlacePlan:
    """A draft is in force from now, with what its last checks said."""
    row = await tx.fetchrow(
        PUBLISH, tenant_id, plan_id, msgspec.to_builtins(report), msgspec.to_builtins(network), by, at
    )
    return row_to(PlacePlan, row)


FIND_IN_STATE = f"SELECT {_ROW} FROM place_plans WHERE tenant_id = $1 AND site_id = $2 AND state = $3"


async def find_in_state(tx: Tx, tenant_id: UUID, site_id: UUID, state: PlanState) -> PlacePlan | None:
    """The site's draft, or its plan in force."""
    row = await tx.fetchrow(FIND_IN_STATE, tenant_id, site_id, state)
    return None if row is None else row_to(PlacePlan, row)


GET_PLAN = f"SELECT {_ROW} FROM place_plans WHERE tenant_id = $1 AND site_id = $2 AND id = $3"


async def get_plan(tx: Tx, tenant_id: UUID, site_id: UUID, plan_id: UUID) -> PlacePlan:
    """One version of a site; raises NotFound."""
    row = await tx.fetchrow(GET_PLAN, tenant_id, site_id, plan_id)
    if row is None:
        raise NotFound(
            "place_plan.not_found", f"no plan {plan_id}", f"没有平面图 {plan_id}", field="plan_id", value=str(plan_id)
        )
    return row_to(PlacePlan, row)


GET_TEXT = "SELECT plan::text FROM place_plans WHERE tenant_id = $1 AND id = $2"
GET_REPORT = "SELECT report FROM place_plans WHERE tenant_id = $1 AND id = $2"


async def open_plan(tx: Tx, tenant_id: UUID, row: PlacePlan) -> Opened:
    """A version with its report and its plan."""
    report = msgspec.convert(await tx.fetchval(GET_REPORT, tenant_id, row.id), Report)
    return Opened(row, report, await tx.fetchval(GET_TEXT, tenant_id, row.id))


LIST_PLANS = f"""
SELECT {_ROW} FROM place_plans
WHERE tenant_id = $1 AND site_id = $2 AND number < $3 AND ($4::text IS NULL OR state = $4)
  AND ($5::text IS NULL OR strpos(lower(concat_ws(' ', name ->> 'zh', name ->> 'en')), lower($5)) > 0)
ORDER BY number DESC LIMIT $6
"""


async def list_plans(
    tx: Tx, tenant_id: UUID, site_id: UUID, *, state: PlanState | None, search: str | None, before: int, limit: int
) -> list[PlacePlan]:
    """The versions of a site, newest first, from below the number ``before``."""
    rows = await tx.fetch(LIST_PLANS, tenant_id, site_id, before, state, search, limit)
    return [row_to(PlacePlan, row) for row in rows]


LIST_INSTRUMENTED = """
SELECT z.slug, z.polygon, z.level, count(*)::int AS instruments
FROM zones z
JOIN (
    SELECT zone_id FROM sensors WHERE tenant_id = $1 AND site_id = $2 AND retired_at IS NULL
    UNION ALL
    SELECT zone_id FROM actuators WHERE tenant_id = $1 AND site_id = $2 AND retired_at IS NULL
) AS i ON i.zone_id = z.id
WHERE z.tenant_id = $1 AND z.site_id = $2
GROUP BY z.slug, z.polygon, z.level ORDER BY z.slug
"""


async def list_instrumented(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[InstrumentedZone]:
    """The zones of a site with sensors or actuators in them."""
    return [row_to(InstrumentedZone, row) for row in await tx.fetch(LIST_INSTRUMENTED, tenant_id, site_id)]


FIND_SITE_PLACE = """
SELECT polygon #> '{coordinates,0,0}' FROM zones WHERE tenant_id = $1 AND site_id = $2 ORDER BY id LIMIT 1
"""


async def find_site_place(tx: Tx, tenant_id: UUID, site_id: UUID) -> Position | None:
    """Where a site is, by the first of its zones; None: it has none."""
    found = await tx.fetchval(FIND_SITE_PLACE, tenant_id, site_id)
    return None if found is None else (float(found[0]), float(found[1]))


PLANNED_SITES = "SELECT tenant_id, site_id FROM muster_planned_sites($1)"


async def list_planned_sites(tx: Tx, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, site) that have a plan in force, the newest plan first, of all tenants."""
    return [(row["tenant_id"], row["site_id"]) for row in await tx.fetch(PLANNED_SITES, limit)]
