"""SQL of who has to be where: people with a task, or asked for one, and where a search looks."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx, row_to
from incidents.wayfinding.model import EndedWhy, Errand, Sought

# People on the way at one site at once; an incident asks some tens.
ERRANDS_MAX = 1_000


# Who declined, was passed over or replaced has no errand. Everybody's own way out is the evacuation's.
LIST_ERRANDS = """
SELECT i.id AS incident_id, t.id AS task_id, w.account_id, i.zone_id, i.place, i.agent, i.exercise,
    (SELECT c.id FROM roll_calls c
     WHERE c.tenant_id = $1 AND c.search_task_id = t.id ORDER BY c.id LIMIT 1) AS roll_call_id
FROM incidents i
JOIN tasks t ON t.tenant_id = i.tenant_id AND t.incident_id = i.id
CROSS JOIN LATERAL (
    SELECT t.owner_account_id AS account_id WHERE t.owner_account_id IS NOT NULL
    UNION
    SELECT d.account_id FROM deliveries d
    WHERE d.tenant_id = $1 AND d.task_id = t.id
      AND d.state IN ('queued', 'accepted', 'received', 'seen', 'acknowledged', 'moving')) w
WHERE i.tenant_id = $1 AND i.site_id = $2 AND i.state <> 'closed' AND ($3::uuid IS NULL OR i.id = $3)
  AND t.state IN ('open', 'acknowledged') AND t.blocked_at IS NULL AND t.slug <> 'evacuate'
ORDER BY i.id, t.position, t.id, w.account_id LIMIT $4
"""


async def list_errands(tx: Tx, tenant_id: UUID, site_id: UUID, incident_id: UUID | None = None) -> list[Errand]:
    """Everybody at a site who has to be somewhere, by incident and task."""
    rows = await tx.fetch(LIST_ERRANDS, tenant_id, site_id, incident_id, ERRANDS_MAX)
    return [row_to(Errand, row) for row in rows]


LIST_SOUGHT = """
SELECT roll_call_id, zone_id, bool_or(status = 'need_help') AS help FROM roll_call_people
WHERE tenant_id = $1 AND roll_call_id = ANY($2::uuid[]) AND status IN ('missing', 'need_help') AND zone_id IS NOT NULL
GROUP BY roll_call_id, zone_id ORDER BY roll_call_id, zone_id
"""


async def list_sought(tx: Tx, tenant_id: UUID, roll_call_ids: list[UUID]) -> list[Sought]:
    """Where those who are missing were seen last, of these roll calls."""
    return [row_to(Sought, row) for row in await tx.fetch(LIST_SOUGHT, tenant_id, roll_call_ids)]


OVER = """
SELECT t.id, t.state, i.state = 'closed' AS closed,
    EXISTS (SELECT FROM deliveries d WHERE d.tenant_id = $1 AND d.task_id = t.id AND d.account_id = $3
            AND d.state = 'declined') AS declined
FROM tasks t JOIN incidents i ON i.tenant_id = t.tenant_id AND i.id = t.incident_id
WHERE t.tenant_id = $1 AND t.id = $2
"""


async def why_over(tx: Tx, tenant_id: UUID, task_id: UUID, account_id: UUID) -> EndedWhy:
    """Why a person has no errand any more, as ``routes.ended_why`` has it."""
    row = await tx.fetchrow(OVER, tenant_id, task_id, account_id)
    if row is None or row["closed"]:
        return "closed"
    if row["state"] == "done":
        return "done"
    if row["state"] == "cancelled":
        return "cancelled"
    return "declined" if row["declined"] else "handed_over"
