"""SQL of one task's change of hands; each statement sits above its function."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.incident import Task
from incidents.tasking.escalation_choice import Candidate

_TASK = """tenant_id, id, incident_id, position, role, title, steps, plan_template, plan_version, owner_account_id,
    state, fencing, deadline_at, created_at, answered_at, done_at, slug"""

GET_TASK = f"SELECT {_TASK} FROM tasks WHERE tenant_id = $1 AND id = $2"
LOCK_TASK = GET_TASK + " FOR NO KEY UPDATE"


async def get_task(tx: Tx, tenant_id: UUID, task_id: UUID) -> Task:
    """Raises NotFound."""
    return _found(await tx.fetchrow(GET_TASK, tenant_id, task_id), task_id)


async def lock_task(tx: Tx, tenant_id: UUID, task_id: UUID) -> Task:
    """The task, its row locked until commit; raises NotFound."""
    return _found(await tx.fetchrow(LOCK_TASK, tenant_id, task_id), task_id)


def _found(row: Any, task_id: UUID) -> Task:
    if row is None:
        raise NotFound("task.not_found", f"no task {task_id}", f"没有任务 {task_id}", field="task")
    return row_to(Task, row)


LIST_OF_ACCOUNT = f"""
SELECT {_TASK} FROM tasks
WHERE tenant_id = $1
  AND (owner_account_id = $2
       OR state = 'unanswered' AND EXISTS (SELECT FROM deliveries d
           WHERE d.tenant_id = $1 AND d.task_id = tasks.id AND d.account_id = $2
             AND (d.answer_at IS NULL OR NOT d.answer_no)))
  AND (NOT $3::boolean OR state IN ('open', 'acknowledged', 'unanswered'))
  AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
ORDER BY created_at DESC, id DESC
LIMIT $6
"""


async def list_tasks_of_account(
    tx: Tx,
    tenant_id: UUID,
    account_id: UUID,
    *,
    current: bool,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Task]:
    """Tasks a person has, or was asked for and nobody took; newest first. ``current``: not those that are over."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_OF_ACCOUNT, tenant_id, account_id, current, at, last, limit)
    return [row_to(Task, r) for r in rows]


SAVE_TASK = """
UPDATE tasks SET owner_account_id = $3, state = $4, fencing = $5, answered_at = $6 WHERE tenant_id = $1 AND id = $2
"""


async def save_task(tx: Tx, tenant_id: UUID, task: Task) -> None:
    """Write who has the task and whether they said yes."""
    await tx.execute(SAVE_TASK, tenant_id, task.id, task.owner_account_id, task.state, task.fencing, task.answered_at)


CANDIDATES = """
SELECT a.id AS account_id, a.role,
    CASE
        WHEN EXISTS (SELECT FROM person_devices d
                     WHERE d.tenant_id = $1 AND d.account_id = a.id AND d.push_token_state = 'active') THEN 2
        WHEN EXISTS (SELECT FROM person_devices d
                     WHERE d.tenant_id = $1 AND d.account_id = a.id AND d.revoked_at IS NULL) THEN 1
        ELSE 0
    END AS reach,
    (SELECT count(*) FROM tasks t JOIN incidents i ON i.tenant_id = t.tenant_id AND i.id = t.incident_id
     WHERE t.tenant_id = $1 AND t.owner_account_id = a.id AND t.state IN ('open', 'acknowledged')
       AND NOT i.exercise) AS busy
FROM accounts a
WHERE a.tenant_id = $1 AND a.role IN ('responder', 'safety_officer') AND a.disabled_at IS NULL
"""


async def list_candidates(tx: Tx, tenant_id: UUID) -> list[Candidate]:
    """Everyone who may be asked to act, in no order. Who is busy with a drill is not busy."""
    return [row_to(Candidate, r) for r in await tx.fetch(CANDIDATES, tenant_id)]


CLAIM_KEY = """
INSERT INTO idempotency_keys (tenant_id, account_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, account_id, key) DO NOTHING
"""
FIND_KEY = "SELECT request_hash FROM idempotency_keys WHERE tenant_id = $1 AND account_id = $2 AND key = $3"


async def claim_key(tx: Tx, tenant_id: UUID, account_id: UUID, key: str, request: str) -> str | None:
    """Use a client's key for a request; None the first time, afterwards the request it was used for."""
    if await tx.execute(CLAIM_KEY, tenant_id, account_id, key, request, tx.now) == 1:
        return None
    used_for: str = await tx.fetchval(FIND_KEY, tenant_id, account_id, key)
    return used_for
