"""SQL of drills; each statement sits above its function."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.drills.model import Drill, OrderFact, RollFact

# A drill orders everybody out of a site at most; a plant with more is several sites.
ORDERS_MAX = 20_000

_DRILL = """tenant_id, id, incident_id, site_id, zone_id, plan, reason, level, announced, started_by, started_at,
    ends_at, goals, ended_at, ended_why, ended_by, real_incident_id, score"""

INSERT_DRILL = """
INSERT INTO drills (tenant_id, id, incident_id, site_id, zone_id, plan, reason, level, announced, started_by,
                    started_at, ends_at, goals)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def insert_drill(tx: Tx, tenant_id: UUID, d: Drill) -> None:
    """A new drill; the site has one at most."""
    where = (d.incident_id, d.site_id, d.zone_id, d.plan, d.reason, d.level, d.announced)
    await tx.execute(INSERT_DRILL, tenant_id, d.id, *where, d.started_by, d.started_at, d.ends_at, d.goals)


FIND_DRILL = f"SELECT {_DRILL} FROM drills WHERE tenant_id = $1 AND id = $2"
FIND_DRILL_OF = f"SELECT {_DRILL} FROM drills WHERE tenant_id = $1 AND incident_id = $2"
LOCK_DRILL_OF = FIND_DRILL_OF + " FOR NO KEY UPDATE"


async def get_drill(tx: Tx, tenant_id: UUID, drill_id: UUID) -> Drill:
    """Raises NotFound."""
    row = await tx.fetchrow(FIND_DRILL, tenant_id, drill_id)
    if row is None:
        raise NotFound("drill.not_found", f"no drill {drill_id}", f"没有演习 {drill_id}", field="id", value=drill_id)
    return row_to(Drill, row)


async def find_drill_of(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Drill | None:
    """The drill an incident is, if it is one."""
    row = await tx.fetchrow(FIND_DRILL_OF, tenant_id, incident_id)
    return None if row is None else row_to(Drill, row)


async def lock_drill_of(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Drill | None:
    """The same, its row held until commit; the incident's lock comes first."""
    row = await tx.fetchrow(LOCK_DRILL_OF, tenant_id, incident_id)
    return None if row is None else row_to(Drill, row)


END_DRILL = """
UPDATE drills SET ended_at = $3, ended_why = $4, ended_by = $5, real_incident_id = $6, score = $7
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
"""


async def end_drill(tx: Tx, tenant_id: UUID, d: Drill) -> None:
    """Write how it ended, with its score."""
    await tx.execute(END_DRILL, tenant_id, d.id, d.ended_at, d.ended_why, d.ended_by, d.real_incident_id, d.score)


LIST_DRILLS = f"""
SELECT {_DRILL} FROM drills
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2) AND ($3::text IS NULL OR plan = $3)
  AND ($4::boolean IS NULL OR (ended_at IS NULL) = $4)
  AND ($5::timestamptz IS NULL OR (started_at, id) < ($5, $6::uuid))
ORDER BY started_at DESC, id DESC LIMIT $7
"""


async def list_drills(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None = None,
    plan: str | None = None,
    running: bool | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Drill]:
    """Newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_DRILLS, tenant_id, site_id, plan, running, at, last, limit)
    return [row_to(Drill, r) for r in rows]


OVER = "SELECT tenant_id, id FROM muster_drills_over($1)"


async def list_over(tx: Tx, now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, drill) of what is to be ended now, in any tenant."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(OVER, now)]


FIND_REAL = """
SELECT i.id FROM incidents i, incidents own
WHERE i.tenant_id = $1 AND i.site_id = own.site_id AND NOT i.exercise AND own.tenant_id = $1 AND own.id = $2
  AND (i.number > own.number OR i.last_alarm_at >= $3)
ORDER BY i.grade, i.number DESC LIMIT 1
"""


async def find_real(tx: Tx, tenant_id: UUID, drill: Drill) -> UUID | None:
    """The gravest real incident of the site that began or grew since the drill did."""
    found: UUID | None = await tx.fetchval(FIND_REAL, tenant_id, drill.incident_id, drill.started_at)
    return found


FIND_STANDING = """
SELECT number FROM incidents
WHERE tenant_id = $1 AND site_id = $2 AND NOT exercise AND state = 'open' AND grade <= $3
ORDER BY grade, number LIMIT 1
"""


async def find_standing(tx: Tx, tenant_id: UUID, site_id: UUID, grade: int) -> int | None:
    """The number of a real incident that is open and at least this grave."""
    found: int | None = await tx.fetchval(FIND_STANDING, tenant_id, site_id, grade)
    return found


class TaskRow(msgspec.Struct, frozen=True):
    """A task with its steps counted."""

    id: UUID
    slug: str
    role: str
    created_at: datetime
    answered_at: datetime | None
    done_at: datetime | None
    steps: int
    confirmed: int


LIST_TASK_ROWS = """
SELECT t.id, t.slug, t.role, t.created_at, t.answered_at, t.done_at,
    count(s.n) FILTER (WHERE s.required)::int AS steps,
    count(s.confirmed_at) FILTER (WHERE s.required)::int AS confirmed
FROM tasks t LEFT JOIN task_steps s ON s.tenant_id = t.tenant_id AND s.task_id = t.id
WHERE t.tenant_id = $1 AND t.incident_id = $2
GROUP BY t.tenant_id, t.id, t.slug, t.role, t.created_at, t.answered_at, t.done_at, t.position ORDER BY t.position, t.id
"""


async def list_task_rows(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[TaskRow]:
    """Tasks in plan order."""
    return [row_to(TaskRow, r) for r in await tx.fetch(LIST_TASK_ROWS, tenant_id, incident_id)]


LIST_ORDER_FACTS = """
SELECT account_id, task_id, queued_at, received_at, seen_at, acknowledged_at, moving_at, declined_at,
    coalesce(answer_no, false) AS answer_no, ended_at AS withdrawn_at
FROM deliveries WHERE tenant_id = $1 AND incident_id = $2 ORDER BY queued_at, id LIMIT $3
"""


async def list_order_facts(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[OrderFact]:
    """What everybody was ordered and stated, oldest first."""
    rows = await tx.fetch(LIST_ORDER_FACTS, tenant_id, incident_id, ORDERS_MAX)
    return [row_to(OrderFact, r) for r in rows]


LIST_ROLL_FACTS = """
SELECT c.started_at, (
    SELECT min(e.at) FROM room_events e JOIN rooms r ON r.tenant_id = $1 AND r.id = e.room_id
    WHERE e.tenant_id = $1 AND r.incident_id = c.incident_id AND e.kind = 'roll_call.changed'
      AND e.body -> 'roll_call' ->> 'id' = c.id::text
      AND (e.body -> 'roll_call' ->> 'missing')::int = 0 AND (e.body -> 'roll_call' ->> 'unsure')::int = 0
    ) AS accounted_at
FROM roll_calls c WHERE c.tenant_id = $1 AND c.incident_id = $2 ORDER BY c.started_at, c.id
"""


async def list_roll_facts(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[RollFact]:
    """Roll calls of the incident, and when nobody was missing or unsure for the first time."""
    return [row_to(RollFact, r) for r in await tx.fetch(LIST_ROLL_FACTS, tenant_id, incident_id)]
