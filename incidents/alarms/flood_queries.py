"""SQL of alarm floods."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from incidents.alarms.flood import WINDOW, Flood

_FLOOD = "tenant_id, id, site_id, incident_id, started_at, alarms_at_start, alarms, due_at, ended_at"


FIND_OPEN = f"SELECT {_FLOOD} FROM floods WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL"


async def find_open(tx: Tx, tenant_id: UUID, site_id: UUID) -> Flood | None:
    """The flood of a site that has not ended; the site's row is locked wherever it begins, grows or ends."""
    row = await tx.fetchrow(FIND_OPEN, tenant_id, site_id)
    return None if row is None else row_to(Flood, row)


LIST_FLOODS = f"""
SELECT {_FLOOD} FROM floods
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2) AND ($3::boolean IS NULL OR (ended_at IS NULL) = $3)
  AND ($4::timestamptz IS NULL OR (started_at, id) < ($4, $5::uuid))
ORDER BY started_at DESC, id DESC LIMIT $6
"""


async def list_floods(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None,
    standing: bool | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Flood]:
    """Newest first."""
    at, last = before or (None, None)
    return [row_to(Flood, r) for r in await tx.fetch(LIST_FLOODS, tenant_id, site_id, standing, at, last, limit)]


INSERT_FLOOD = f"""
INSERT INTO floods ({_FLOOD}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)
"""


async def insert_flood(tx: Tx, tenant_id: UUID, it: Flood) -> None:
    """A flood begins."""
    await tx.execute(
        INSERT_FLOOD,
        tenant_id,
        it.id,
        it.site_id,
        it.incident_id,
        it.started_at,
        it.alarms_at_start,
        it.alarms,
        it.due_at,
    )


UPDATE_FLOOD = "UPDATE floods SET alarms = $3, due_at = $4, ended_at = $5 WHERE tenant_id = $1 AND id = $2"


async def save_flood(tx: Tx, tenant_id: UUID, it: Flood) -> None:
    """It grows, or ends."""
    await tx.execute(UPDATE_FLOOD, tenant_id, it.id, it.alarms, it.due_at, it.ended_at)


RAISED_SINCE = """
SELECT raised_at FROM alarms WHERE tenant_id = $1 AND site_id = $2 AND raised_at > $3 ORDER BY raised_at
"""


async def raised_lately(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[datetime]:
    """When the alarms of the window that ends now were raised, in order."""
    return [r["raised_at"] for r in await tx.fetch(RAISED_SINCE, tenant_id, site_id, tx.now - WINDOW)]


FIRST_OUT = """
SELECT a.incident_id FROM alarms a JOIN incidents i ON i.tenant_id = a.tenant_id AND i.id = a.incident_id
WHERE a.tenant_id = $1 AND a.site_id = $2 AND a.raised_at > $3 AND i.state <> 'closed'
ORDER BY a.raised_at, a.id LIMIT 1
"""


async def find_first_out(tx: Tx, tenant_id: UUID, site_id: UUID) -> UUID | None:
    """The incident, not closed, of the first alarm of the window that ends now."""
    found: UUID | None = await tx.fetchval(FIRST_OUT, tenant_id, site_id, tx.now - WINDOW)
    return found
