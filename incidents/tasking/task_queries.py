"""SQL of one task's change of hands; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents import queries
from incidents.incident import Incident, Task
from incidents.tasking.roster import Person

_TASK = """tenant_id, id, incident_id, position, role, title, steps, plan_template, plan_version, owner_account_id,
    state, fencing, deadline_at, created_at, answered_at, done_at, slug, needs, policy, blocked_at, blocked_by,
    blocked_reason, offered_to, offered_by, from_task"""

GET_TASK = f"SELECT {_TASK} FROM tasks WHERE tenant_id = $1 AND id = $2"
LOCK_TASK = GET_TASK + " FOR NO KEY UPDATE"


async def get_task(tx: Tx, tenant_id: UUID, task_id: UUID) -> Task:
    """Raises NotFound."""
    return _found(await tx.fetchrow(GET_TASK, tenant_id, task_id), task_id)


async def lock_task(tx: Tx, tenant_id: UUID, task_id: UUID) -> Task:
    """The task, its row locked until commit; raises NotFound."""
    return _found(await tx.fetchrow(LOCK_TASK, tenant_id, task_id), task_id)


async def lock_incident_of(tx: Tx, tenant_id: UUID, task_id: UUID) -> Incident:
    """The incident the task belongs to by then, locked; raises NotFound."""

    async def find() -> Task:
        return await get_task(tx, tenant_id, task_id)

    _, incident = await queries.lock_behind_incident(tx, tenant_id, find)
    return incident


def _found(row: Any, task_id: UUID) -> Task:
    if row is None:
        raise NotFound("task.not_found", f"no task {task_id}", f"没有任务 {task_id}", field="task")
    return row_to(Task, row)


LIST_OF_ACCOUNT = f"""
SELECT {_TASK} FROM tasks
WHERE tenant_id = $1
  AND (owner_account_id = $2
       OR EXISTS (SELECT FROM deliveries d
           WHERE d.tenant_id = $1 AND d.task_id = tasks.id AND d.account_id = $2
             AND (NOT d.answer_no OR d.answer_at IS NULL AND (d.ended IS NULL OR tasks.state = 'unanswered'))))
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
    """Tasks a person has, goes to, is asked for, or was and nobody took, newest first; ``current``: not those over."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_OF_ACCOUNT, tenant_id, account_id, current, at, last, limit)
    return [row_to(Task, r) for r in rows]


SAVE_TASK = """
UPDATE tasks SET owner_account_id = $3, state = $4, fencing = $5, answered_at = $6 WHERE tenant_id = $1 AND id = $2
"""


async def save_task(tx: Tx, tenant_id: UUID, task: Task) -> None:
    """Write who has the task and whether they said yes."""
    await tx.execute(SAVE_TASK, tenant_id, task.id, task.owner_account_id, task.state, task.fencing, task.answered_at)


# Everyone who can act at all; who is asked for what is the policy's to say.
PEOPLE = """
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
       AND NOT i.exercise AND i.state <> 'closed') AS busy,
    a.id IN (SELECT t.owner_account_id FROM tasks t
             WHERE t.tenant_id = $1 AND t.incident_id = $2 AND t.id <> $3 AND t.owner_account_id IS NOT NULL
               AND t.state IN ('open', 'acknowledged')
             UNION ALL
             SELECT d.account_id FROM deliveries d
             JOIN tasks t ON t.tenant_id = $1 AND t.id = d.task_id AND t.state IN ('open', 'acknowledged')
             WHERE d.tenant_id = $1 AND d.incident_id = $2 AND d.task_id <> $3
               AND (NOT d.answer_no OR d.answer_at IS NULL AND d.ended IS NULL)) AS engaged
FROM accounts a
WHERE a.tenant_id = $1 AND a.role = ANY ($4::text[]) AND a.disabled_at IS NULL
  AND NOT EXISTS (SELECT FROM sos_calls s WHERE s.tenant_id = $1 AND s.account_id = a.id AND s.over_at IS NULL)
"""


async def list_people(tx: Tx, tenant_id: UUID, incident_id: UUID, task_id: UUID, roles: list[str]) -> list[Person]:
    """Everyone of these roles, in no order; ``engaged``: asked for another task of it, or going. Who calls for help is
    asked for nothing."""
    return [row_to(Person, r) for r in await tx.fetch(PEOPLE, tenant_id, incident_id, task_id, roles)]


RESPONDERS = """
SELECT id FROM accounts
WHERE tenant_id = $1 AND role IN ('responder', 'safety_officer') AND disabled_at IS NULL
  AND NOT EXISTS (SELECT FROM sos_calls s WHERE s.tenant_id = $1 AND s.account_id = accounts.id AND s.over_at IS NULL)
ORDER BY id
"""


async def list_responders(tx: Tx, tenant_id: UUID) -> list[UUID]:
    """Responders and safety officers who do not call for help themselves."""
    return [r["id"] for r in await tx.fetch(RESPONDERS, tenant_id)]


SAVE_HELD = """
UPDATE tasks SET state = $3, steps = $4, blocked_at = $5, blocked_by = $6, blocked_reason = $7, offered_to = $8,
    offered_by = $9
WHERE tenant_id = $1 AND id = $2
"""


async def save_held(tx: Tx, tenant_id: UUID, it: Task) -> None:
    """Write what people make of a locked task besides answering it."""
    held = (it.blocked_at, it.blocked_by, it.blocked_reason, it.offered_to, it.offered_by)
    await tx.execute(SAVE_HELD, tenant_id, it.id, it.state, it.steps, *held)


SAVE_ORDERED_STEPS = """
WITH asking AS (
    UPDATE escalations SET content = jsonb_set(content, '{steps}', $3) WHERE tenant_id = $1 AND task_id = $2
)
UPDATE deliveries SET content = jsonb_set(content, '{steps}', $3) WHERE tenant_id = $1 AND task_id = $2
"""


async def save_ordered_steps(tx: Tx, tenant_id: UUID, it: Task) -> None:
    """Whoever was or will be asked for a locked task reads these steps."""
    await tx.execute(SAVE_ORDERED_STEPS, tenant_id, it.id, msgspec.to_builtins(it.steps))


MOVE_STEPS = "UPDATE task_steps SET task_id = $3 WHERE tenant_id = $1 AND task_id = $2 AND n = ANY($4::integer[])"


async def move_steps(tx: Tx, tenant_id: UUID, task_id: UUID, to: UUID, numbers: Sequence[int]) -> None:
    """Steps to be confirmed belong to another task from now on, as they stand."""
    await tx.execute(MOVE_STEPS, tenant_id, task_id, to, list(numbers))


FIND_AGAIN = f"""
SELECT {_TASK} FROM tasks WHERE tenant_id = $1 AND from_task = $2 AND state NOT IN ('done', 'cancelled')
    AND created_at >= $3
ORDER BY created_at, id LIMIT 1
"""


async def find_again(tx: Tx, tenant_id: UUID, task_id: UUID, since: datetime) -> Task | None:
    """The task that does this one again and is not over; made since this one ended."""
    row = await tx.fetchrow(FIND_AGAIN, tenant_id, task_id, since)
    return None if row is None else row_to(Task, row)


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
