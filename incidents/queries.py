"""SQL of incidents, alarms and tasks; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.incident import Alarm, Incident, Task

_INCIDENT = """tenant_id, id, number, site_id, zone_id, state, grade, reasons, title, place, agent, plan,
    first_out_alarm_id, opened_at, last_alarm_at, returned_at, closed_at, closed_by, close_reason, exercise,
    opened_by, merged_into, split_from, joined_zones"""

_ALARM = """tenant_id, id, rule_id, episode, incident_id, first_out, site_id, zone_id, sensor_id, actuator_id, kind,
    level, letter, title, value, unit, set_point, raised_at, acknowledged_at, acknowledged_by, returned_at, ended_at,
    trust, votes"""

_TASK = """tenant_id, id, incident_id, position, role, title, steps, plan_template, plan_version, owner_account_id,
    state, fencing, deadline_at, created_at, answered_at, done_at, slug, needs, policy, blocked_at, blocked_by,
    blocked_reason, offered_to, offered_by, from_task"""

# One correlation at a time in a site: two alarms of one cause must not open two incidents.
LOCK_SITE = "SELECT id FROM sites WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock_site(tx: Tx, tenant_id: UUID, site_id: UUID) -> None:
    """Serialise what opens and joins incidents in a site."""
    await tx.execute(LOCK_SITE, tenant_id, site_id)


INSERT_INCIDENT = """
INSERT INTO incidents (tenant_id, id, number, site_id, zone_id, state, grade, reasons, title, place, agent, plan,
                       first_out_alarm_id, opened_at, last_alarm_at, exercise, opened_by, split_from)
SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, 'open', $5, $6, $7, $8, $9, $10, $11, $12, $15, $13, $14, $16
FROM incidents WHERE tenant_id = $1 AND site_id = $3
RETURNING number
"""


async def insert_incident(tx: Tx, tenant_id: UUID, incident: Incident) -> int:
    """Insert and number it (1, 2, ... within the site, whose row the caller locked)."""
    return int(
        await tx.fetchval(
            INSERT_INCIDENT,
            tenant_id,
            incident.id,
            incident.site_id,
            incident.zone_id,
            incident.grade,
            incident.reasons,
            incident.title,
            incident.place,
            incident.agent,
            incident.plan,
            incident.first_out_alarm_id,
            incident.opened_at,
            incident.exercise,
            incident.opened_by,
            incident.last_alarm_at,
            incident.split_from,
        )
    )


LIST_JOINABLE = f"""
SELECT {_INCIDENT} FROM incidents
WHERE tenant_id = $1 AND site_id = $2 AND state <> 'closed'
ORDER BY opened_at, id
FOR NO KEY UPDATE
"""


async def lock_open_incidents(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Incident]:
    """The site's incidents that are not closed, oldest first, locked."""
    return [row_to(Incident, r) for r in await tx.fetch(LIST_JOINABLE, tenant_id, site_id)]


GET_INCIDENT = f"SELECT {_INCIDENT} FROM incidents WHERE tenant_id = $1 AND id = $2"
LOCK_INCIDENT = GET_INCIDENT + " FOR NO KEY UPDATE"


async def get_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Incident:
    """Raises NotFound."""
    return _incident(await tx.fetchrow(GET_INCIDENT, tenant_id, incident_id), incident_id)


async def lock_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Incident:
    """The incident, its row locked until commit; raises NotFound."""
    return _incident(await tx.fetchrow(LOCK_INCIDENT, tenant_id, incident_id), incident_id)


class OfIncident(Protocol):
    """Something that belongs to an incident."""

    @property
    def incident_id(self) -> UUID: ...


_Thing = TypeVar("_Thing", bound=OfIncident)


async def lock_behind_incident(
    tx: Tx, tenant_id: UUID, find: Callable[[], Awaitable[_Thing]]
) -> tuple[_Thing, Incident]:
    """What ``find`` reads, behind its incident's lock: while we waited for that, it may have moved to another one."""
    thing = await find()
    while True:
        incident = await lock_incident(tx, tenant_id, thing.incident_id)
        thing = await find()
        if thing.incident_id == incident.id:
            return thing, incident


def _incident(row: Any, incident_id: UUID) -> Incident:
    if row is None:
        raise no_incident(incident_id)
    return row_to(Incident, row)


def no_incident(incident_id: UUID) -> NotFound:
    """There is none, or not for this reader."""
    return NotFound("incident.not_found", f"no incident {incident_id}", f"没有事件 {incident_id}", field="incident_id")


LIST_INCIDENTS = f"""
SELECT {_INCIDENT} FROM incidents
WHERE tenant_id = $1
  AND ($2::text IS NULL OR state = $2)
  AND ($3::uuid IS NULL OR site_id = $3)
  AND ($4::smallint IS NULL OR grade <= $4)
  AND ($5::text IS NULL OR position(lower($5) IN lower(
      concat_ws(' ', title->>'zh', title->>'en', place->>'zh', place->>'en'))) > 0)
  AND ($6::timestamptz IS NULL OR (opened_at, id) < ($6, $7::uuid))
  AND ($9::uuid IS NULL OR state = 'closed' OR NOT EXISTS (
      SELECT FROM sos_calls s WHERE s.tenant_id = $1 AND s.incident_id = incidents.id AND s.account_id = $9))
ORDER BY opened_at DESC, id DESC
LIMIT $8
"""


async def list_incidents(
    tx: Tx,
    tenant_id: UUID,
    *,
    state: str | None = None,
    site_id: UUID | None = None,
    grade: int | None = None,
    search: str | None = None,
    not_called_by: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Incident]:
    """Newest first; ``grade`` means this grade or worse; ``search`` looks in title and place."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_INCIDENTS, tenant_id, state, site_id, grade, search, at, last, limit, not_called_by)
    return [row_to(Incident, r) for r in rows]


UPDATE_INCIDENT = """
UPDATE incidents SET state = $3, grade = $4, reasons = $5, last_alarm_at = $6, returned_at = $7, closed_at = $8,
    closed_by = $9, close_reason = $10
WHERE tenant_id = $1 AND id = $2
"""


async def save_incident(tx: Tx, tenant_id: UUID, incident: Incident) -> None:
    """Write the fields that change in an incident's life."""
    await tx.execute(
        UPDATE_INCIDENT,
        tenant_id,
        incident.id,
        incident.state,
        incident.grade,
        incident.reasons,
        incident.last_alarm_at,
        incident.returned_at,
        incident.closed_at,
        incident.closed_by,
        incident.close_reason,
    )


INSERT_ALARM = """
INSERT INTO alarms (tenant_id, id, rule_id, episode, incident_id, first_out, site_id, zone_id, sensor_id, actuator_id,
                    kind, level, letter, title, value, unit, set_point, raised_at, trust, votes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
"""


async def insert_alarm(tx: Tx, tenant_id: UUID, alarm: Alarm) -> None:
    """Insert a new episode; the key (rule, episode) makes a second one impossible."""
    await tx.execute(
        INSERT_ALARM,
        tenant_id,
        alarm.id,
        alarm.rule_id,
        alarm.episode,
        alarm.incident_id,
        alarm.first_out,
        alarm.site_id,
        alarm.zone_id,
        alarm.sensor_id,
        alarm.actuator_id,
        alarm.kind,
        alarm.level,
        alarm.letter,
        alarm.title,
        alarm.value,
        alarm.unit,
        alarm.set_point,
        alarm.raised_at,
        alarm.trust,
        alarm.votes,
    )


UPDATE_ALARM = """
UPDATE alarms SET letter = $3, value = $4, acknowledged_at = $5, acknowledged_by = $6, returned_at = $7, ended_at = $8,
    votes = $9
WHERE tenant_id = $1 AND id = $2
"""


async def save_alarm(tx: Tx, tenant_id: UUID, alarm: Alarm) -> None:
    """Write the fields that change in an episode."""
    await tx.execute(
        UPDATE_ALARM,
        tenant_id,
        alarm.id,
        alarm.letter,
        alarm.value,
        alarm.acknowledged_at,
        alarm.acknowledged_by,
        alarm.returned_at,
        alarm.ended_at,
        alarm.votes,
    )


GET_ALARM = f"SELECT {_ALARM} FROM alarms WHERE tenant_id = $1 AND id = $2"


async def get_alarm(tx: Tx, tenant_id: UUID, alarm_id: UUID) -> Alarm:
    """Raises NotFound."""
    row = await tx.fetchrow(GET_ALARM, tenant_id, alarm_id)
    if row is None:
        raise NotFound("alarm.not_found", f"no alarm {alarm_id}", f"没有报警 {alarm_id}", field="alarm_id")
    return row_to(Alarm, row)


LIST_INCIDENT_ALARMS = f"SELECT {_ALARM} FROM alarms WHERE tenant_id = $1 AND incident_id = $2 ORDER BY raised_at, id"


async def list_incident_alarms(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[Alarm]:
    """All alarms of an incident, oldest first."""
    return [row_to(Alarm, r) for r in await tx.fetch(LIST_INCIDENT_ALARMS, tenant_id, incident_id)]


LIST_ALARMS_OF = f"""
SELECT {_ALARM} FROM alarms WHERE tenant_id = $1 AND incident_id = ANY($2::uuid[]) ORDER BY raised_at, id
"""


async def list_alarms_of(tx: Tx, tenant_id: UUID, incident_ids: list[UUID]) -> list[Alarm]:
    """All alarms of these incidents, oldest first."""
    return [row_to(Alarm, r) for r in await tx.fetch(LIST_ALARMS_OF, tenant_id, incident_ids)]


LIST_ALARMS = f"""
SELECT {_ALARM} FROM alarms
WHERE tenant_id = $1
  AND ($2::boolean IS NULL OR (ended_at IS NULL) = $2)
  AND ($3::uuid IS NULL OR zone_id = $3)
  AND ($4::smallint IS NULL OR level >= $4)
  AND ($5::uuid IS NULL OR sensor_id = $5)
  AND ($6::uuid IS NULL OR site_id = $6)
  AND ($7::timestamptz IS NULL OR (raised_at, id) < ($7, $8::uuid))
ORDER BY raised_at DESC, id DESC
LIMIT $9
"""


async def list_alarms(
    tx: Tx,
    tenant_id: UUID,
    *,
    standing: bool | None = None,
    zone_id: UUID | None = None,
    level: int | None = None,
    sensor_id: UUID | None = None,
    site_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Alarm]:
    """Newest first; ``standing``: not yet both normal and acknowledged; ``level`` means this level or graver."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_ALARMS, tenant_id, standing, zone_id, level, sensor_id, site_id, at, last, limit)
    return [row_to(Alarm, r) for r in rows]


INSERT_TASK = """
INSERT INTO tasks (tenant_id, id, incident_id, position, role, title, steps, plan_template, plan_version,
                   owner_account_id, state, deadline_at, created_at, slug, needs, policy, from_task)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""


async def insert_task(tx: Tx, tenant_id: UUID, task: Task) -> None:
    """Insert a task."""
    await tx.execute(
        INSERT_TASK,
        tenant_id,
        task.id,
        task.incident_id,
        task.position,
        task.role,
        task.title,
        task.steps,
        task.plan_template,
        task.plan_version,
        task.owner_account_id,
        task.state,
        task.deadline_at,
        task.created_at,
        task.slug,
        task.needs,
        task.policy,
        task.from_task,
    )


LIST_TASKS = f"SELECT {_TASK} FROM tasks WHERE tenant_id = $1 AND incident_id = $2 ORDER BY position, id"


async def list_tasks(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[Task]:
    """All tasks of an incident in plan order."""
    return [row_to(Task, r) for r in await tx.fetch(LIST_TASKS, tenant_id, incident_id)]


CANCEL_TASKS = f"""
UPDATE tasks SET state = 'cancelled', blocked_at = NULL, blocked_by = NULL, blocked_reason = NULL,
    offered_to = NULL, offered_by = NULL
WHERE tenant_id = $1 AND incident_id = $2 AND state IN ('open', 'unanswered')
RETURNING {_TASK}
"""


async def cancel_open_tasks(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[Task]:
    """Cancel what nobody has taken; returns the tasks that changed."""
    return [row_to(Task, r) for r in await tx.fetch(CANCEL_TASKS, tenant_id, incident_id)]


STORE_TEMPLATE = """
INSERT INTO plan_templates (tenant_id, slug, version, body, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, slug, version) DO NOTHING
"""


async def store_template(tx: Tx, tenant_id: UUID, slug: str, version: int, body: dict[str, Any]) -> None:
    """Keep the version of a plan template that this incident was bound from."""
    await tx.execute(STORE_TEMPLATE, tenant_id, slug, version, body, tx.now)


FINISH_TASK = f"""
UPDATE tasks SET state = 'done', done_at = $3, blocked_at = NULL, blocked_by = NULL, blocked_reason = NULL,
    offered_to = NULL, offered_by = NULL
WHERE tenant_id = $1 AND id = $2 RETURNING {_TASK}
"""


async def finish_task(tx: Tx, tenant_id: UUID, task_id: UUID) -> Task:
    """Mark a locked task done."""
    return row_to(Task, await tx.fetchrow(FINISH_TASK, tenant_id, task_id, tx.now))
