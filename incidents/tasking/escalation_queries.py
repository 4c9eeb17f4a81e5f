"""SQL of escalations; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.tasking.escalation_moves import Escalation
from incidents.tasking.policy import EscalationPolicy, Need
from mobile_contract.room_views import EscalationStateName

_ESCALATION = """tenant_id, task_id, incident_id, policy, needs, content, state, step, round, step_started_at, met,
    crew, started_at, met_at, paused_until, paused_by, pause_reason, due_at, lease_holder, lease_until, fencing"""


class EscalationRow(msgspec.Struct, frozen=True, kw_only=True):
    """An escalation as it is stored; ``known`` gives what the next move is decided from."""

    tenant_id: UUID
    task_id: UUID
    incident_id: UUID
    policy: EscalationPolicy
    needs: tuple[Need, ...]
    content: dict[str, Any]
    state: EscalationStateName
    step: int
    round: int
    step_started_at: datetime
    met: list[int]
    crew: list[UUID]
    started_at: datetime
    met_at: datetime | None
    paused_until: datetime | None
    paused_by: UUID | None
    pause_reason: str | None
    due_at: datetime | None
    lease_holder: str | None
    lease_until: datetime | None
    fencing: int

    @property
    def known(self) -> Escalation:
        """The pure escalation of this row."""
        return Escalation(
            policy=self.policy,
            needs=self.needs,
            state=self.state,
            step=self.step,
            round=self.round,
            step_started_at=self.step_started_at,
            paused_until=self.paused_until,
        )


INSERT_ESCALATION = """
INSERT INTO escalations (tenant_id, task_id, incident_id, policy, needs, content, state, step, round, step_started_at,
                         met, crew, started_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (tenant_id, task_id) DO NOTHING
"""


async def insert_escalation(tx: Tx, row: EscalationRow) -> None:
    """Insert it; a task has one."""
    await tx.execute(
        INSERT_ESCALATION,
        row.tenant_id,
        row.task_id,
        row.incident_id,
        row.policy,
        row.needs,
        row.content,
        row.state,
        row.step,
        row.round,
        row.step_started_at,
        row.met,
        row.crew,
        row.started_at,
    )


FIND_ESCALATION = f"SELECT {_ESCALATION} FROM escalations WHERE tenant_id = $1 AND task_id = $2"
LOCK_ESCALATION = FIND_ESCALATION + " FOR NO KEY UPDATE"


async def find_escalation(tx: Tx, tenant_id: UUID, task_id: UUID) -> EscalationRow | None:
    """The task's escalation, or None for a task that was never given to anybody."""
    row = await tx.fetchrow(FIND_ESCALATION, tenant_id, task_id)
    return None if row is None else row_to(EscalationRow, row)


async def get_escalation(tx: Tx, tenant_id: UUID, task_id: UUID) -> EscalationRow:
    """Raises NotFound."""
    row = await find_escalation(tx, tenant_id, task_id)
    if row is None:
        raise NotFound(
            "escalation.not_found", f"no escalation of task {task_id}", f"任务 {task_id} 没有升级流程", field="task_id"
        )
    return row


async def lock_escalation(tx: Tx, tenant_id: UUID, task_id: UUID) -> EscalationRow | None:
    """The task's escalation, its row locked until commit, or None."""
    row = await tx.fetchrow(LOCK_ESCALATION, tenant_id, task_id)
    return None if row is None else row_to(EscalationRow, row)


SAVE_ESCALATION = """
UPDATE escalations SET state = $3, step = $4, round = $5, step_started_at = $6, met = $7, crew = $8, met_at = $9,
    paused_until = $10, paused_by = $11, pause_reason = $12, due_at = $13, fencing = fencing + 1,
    lease_holder = NULL, lease_until = NULL
WHERE tenant_id = $1 AND task_id = $2
"""


async def save_escalation(tx: Tx, row: EscalationRow) -> None:
    """Write a locked escalation as it stands now; whoever held a lease of it has to look again."""
    await tx.execute(
        SAVE_ESCALATION,
        row.tenant_id,
        row.task_id,
        row.state,
        row.step,
        row.round,
        row.step_started_at,
        row.met,
        row.crew,
        row.met_at,
        row.paused_until,
        row.paused_by,
        row.pause_reason,
        row.due_at,
    )


LOCK_OF_INCIDENT = f"""
SELECT {_ESCALATION} FROM escalations
WHERE tenant_id = $1 AND incident_id = $2 AND state NOT IN ('met', 'cancelled')
ORDER BY task_id FOR NO KEY UPDATE
"""


async def lock_unmet_of_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[EscalationRow]:
    """Escalations of the incident that still look for people, locked."""
    return [row_to(EscalationRow, r) for r in await tx.fetch(LOCK_OF_INCIDENT, tenant_id, incident_id)]


LIST_OF_INCIDENT = f"""
SELECT {_ESCALATION} FROM escalations
WHERE tenant_id = $1 AND incident_id = $2 ORDER BY started_at, task_id LIMIT $3
"""


async def list_of_incident(tx: Tx, tenant_id: UUID, incident_id: UUID, limit: int) -> list[EscalationRow]:
    """Escalations of the incident, oldest first."""
    return [row_to(EscalationRow, r) for r in await tx.fetch(LIST_OF_INCIDENT, tenant_id, incident_id, limit)]


DUE = "SELECT tenant_id, task_id FROM muster_escalations_due($1, $2)"


async def list_due(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, task) of what is due in any tenant and not leased, most urgent first."""
    return [(r["tenant_id"], r["task_id"]) for r in await tx.fetch(DUE, now, limit)]


NEXT_DUE = "SELECT muster_escalations_next_due()"


async def find_next_due(tx: Tx) -> datetime | None:
    """When the next escalation of any tenant wants attention."""
    found: datetime | None = await tx.fetchval(NEXT_DUE)
    return found


LEASE = """
UPDATE escalations SET lease_holder = $3, lease_until = $4, fencing = fencing + 1
WHERE tenant_id = $1 AND task_id = (
    SELECT task_id FROM escalations
    WHERE tenant_id = $1 AND task_id = $2 AND due_at <= $5 AND (lease_until IS NULL OR lease_until <= $5)
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING fencing
"""


async def lease_escalation(
    tx: Tx, tenant_id: UUID, task_id: UUID, *, holder: str, until: datetime, now: datetime
) -> int | None:
    """Take a due escalation; its fencing number, or None when another has it or it is not due any more."""
    fencing: int | None = await tx.fetchval(LEASE, tenant_id, task_id, holder, until, now)
    return fencing


UNANSWERED = """
SELECT e.task_id FROM escalations e
WHERE e.tenant_id = $1 AND e.state = 'exhausted'
  AND NOT EXISTS (SELECT FROM deliveries d
                  WHERE d.tenant_id = $1 AND d.task_id = e.task_id AND d.account_id = $2 AND d.round = e.round)
ORDER BY e.started_at LIMIT $3
"""


async def list_unanswered_unasked(tx: Tx, tenant_id: UUID, account_id: UUID, limit: int) -> list[UUID]:
    """Tasks whose people are used up and for which this person was not asked in this round, oldest first."""
    return [r["task_id"] for r in await tx.fetch(UNANSWERED, tenant_id, account_id, limit)]


LIST_OF_TASKS = f"""
SELECT {_ESCALATION} FROM escalations WHERE tenant_id = $1 AND task_id = ANY($2::uuid[]) ORDER BY started_at, task_id
"""


async def list_of_tasks(tx: Tx, tenant_id: UUID, task_ids: Sequence[UUID]) -> list[EscalationRow]:
    """The escalations of these tasks, oldest first."""
    return [row_to(EscalationRow, r) for r in await tx.fetch(LIST_OF_TASKS, tenant_id, list(task_ids))]
