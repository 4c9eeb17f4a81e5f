"""SQL of people's ways."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.wayfinding.model import RouteRow

_ROW = ", ".join(RouteRow.__struct_fields__)

INSERT_ROUTE = f"""
INSERT INTO routes ({_ROW})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT DO NOTHING RETURNING id
"""


async def insert_route(tx: Tx, it: RouteRow) -> bool:
    """A new way; False: the person has one for this errand already."""
    columns = [getattr(it, name) for name in RouteRow.__struct_fields__]
    return await tx.fetchval(INSERT_ROUTE, *columns) is not None


SAVE_ROUTE = """
UPDATE routes SET revision = $3, state = $4, view = $5, way = $6, progress = $7, fix = $8, computed_at = $9,
    ended_at = $10, ended_why = $11
WHERE tenant_id = $1 AND id = $2
"""


async def save_route(tx: Tx, it: RouteRow) -> None:
    """A locked way as it is now."""
    await tx.execute(
        SAVE_ROUTE,
        it.tenant_id,
        it.id,
        it.revision,
        it.state,
        it.view,
        it.way,
        it.progress,
        it.fix,
        it.computed_at,
        it.ended_at,
        it.ended_why,
    )


LOCK_ROUTES = f"""
SELECT {_ROW} FROM routes WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""


async def lock_routes(tx: Tx, tenant_id: UUID, ids: Collection[UUID]) -> list[RouteRow]:
    """These ways, locked in the order of ids."""
    return [row_to(RouteRow, row) for row in await tx.fetch(LOCK_ROUTES, tenant_id, list(ids))]


LIST_ROUTES_OF = f"SELECT {_ROW} FROM routes WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id"


async def list_routes_of(tx: Tx, tenant_id: UUID, ids: Collection[UUID]) -> list[RouteRow]:
    """These ways."""
    return [row_to(RouteRow, row) for row in await tx.fetch(LIST_ROUTES_OF, tenant_id, list(ids))]


LIST_LIVE = f"SELECT {_ROW} FROM routes WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL ORDER BY id"


async def list_live(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[RouteRow]:
    """Everybody who is on the way at a site."""
    return [row_to(RouteRow, row) for row in await tx.fetch(LIST_LIVE, tenant_id, site_id)]


LIST_OF_ACCOUNT = f"""
SELECT {_ROW} FROM routes WHERE tenant_id = $1 AND account_id = $2 AND ended_at IS NULL ORDER BY started_at, id
"""


async def list_of_account(tx: Tx, tenant_id: UUID, account_id: UUID) -> list[RouteRow]:
    """A person's ways, the oldest first."""
    return [row_to(RouteRow, row) for row in await tx.fetch(LIST_OF_ACCOUNT, tenant_id, account_id)]


LIST_OF_INCIDENT = f"""
SELECT {_ROW} FROM routes
WHERE tenant_id = $1 AND incident_id = $2 AND ($3 OR ended_at IS NULL) AND ($4::uuid IS NULL OR task_id = $4)
  AND ($5::text IS NULL OR purpose = $5) AND id > $6
  AND ($7::uuid IS NULL OR account_id = $7 OR (purpose <> 'evacuate' AND NOT $8))
ORDER BY id LIMIT $9
"""


async def list_of_incident(
    tx: Tx,
    tenant_id: UUID,
    incident_id: UUID,
    *,
    ended: bool,
    task_id: UUID | None,
    purpose: str | None,
    own: UUID | None,
    alone: bool,
    after: UUID,
    limit: int,
) -> list[RouteRow]:
    """A page of an incident's ways; ``ended``: those that are over, too; ``own``: of ways out only
    this person's, or (``alone``) of all."""
    rows = await tx.fetch(LIST_OF_INCIDENT, tenant_id, incident_id, ended, task_id, purpose, after, own, alone, limit)
    return [row_to(RouteRow, row) for row in rows]


GET_ROUTE = f"SELECT {_ROW} FROM routes WHERE tenant_id = $1 AND id = $2"


async def get_route(tx: Tx, tenant_id: UUID, route_id: UUID) -> RouteRow:
    """One way; raises NotFound."""
    row = await tx.fetchrow(GET_ROUTE, tenant_id, route_id)
    if row is None:
        raise no_route(route_id)
    return row_to(RouteRow, row)


def no_route(route_id: UUID) -> NotFound:
    """There is no such way, or it is not the asker's business."""
    return NotFound(
        "route.not_found", f"no route {route_id}", f"没有路线 {route_id}", field="route", value=str(route_id)
    )


SITES_TO_GUIDE = "SELECT tenant_id, site_id FROM muster_sites_to_guide($1, $2)"


async def list_sites_to_guide(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, site) where people may need a way and nobody looks, of all tenants."""
    return [(row["tenant_id"], row["site_id"]) for row in await tx.fetch(SITES_TO_GUIDE, now, limit)]


CLAIM_SITE = """
INSERT INTO guided_sites AS g (tenant_id, site_id, leased_until) VALUES ($1, $2, $4)
ON CONFLICT (tenant_id, site_id) DO UPDATE SET leased_until = EXCLUDED.leased_until WHERE g.leased_until <= $3
RETURNING site_id
"""


async def claim_site(tx: Tx, tenant_id: UUID, site_id: UUID, until: datetime) -> bool:
    """Look at a site until then; False: another does."""
    return await tx.fetchval(CLAIM_SITE, tenant_id, site_id, tx.now, until) is not None


RELEASE_SITE = "UPDATE guided_sites SET leased_until = $3, looked_at = $3 WHERE tenant_id = $1 AND site_id = $2"


async def release_site(tx: Tx, tenant_id: UUID, site_id: UUID) -> None:
    """The look is over."""
    await tx.execute(RELEASE_SITE, tenant_id, site_id, tx.now)
