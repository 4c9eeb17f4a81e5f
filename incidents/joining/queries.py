"""SQL of merging and splitting; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from incidents.alarms.flood import Flood
from incidents.incident import Incident


class Moved(msgspec.Struct, frozen=True):
    """Ids of what became another incident's; ``stepped``: tasks with steps to be confirmed, ``escalations``
    by task."""

    alarms: list[UUID]
    tasks: list[UUID]
    stepped: list[UUID]
    escalations: list[UUID]
    deliveries: list[UUID]
    commands: list[UUID]
    resources: list[UUID]
    routes: list[UUID]
    objectives: list[UUID]
    roll_calls: list[UUID]
    calls: list[UUID]
    floods: list[UUID]
    hazards: list[UUID]


MOVE_THINGS = (Path(__file__).parent.parent / "sql" / "move_things.sql").read_text(encoding="utf-8")


async def move_all(
    tx: Tx, tenant_id: UUID, source: UUID, target: UUID, *, tasks_before: int, objectives_before: int
) -> Moved:
    """Everything of the source becomes the target's, behind what that has; both incidents are locked."""
    none: list[UUID] = []
    shifts = (tasks_before, objectives_before)
    row = await tx.fetchrow(MOVE_THINGS, tenant_id, source, target, none, none, none, *shifts, True, none)
    return row_to(Moved, row)


async def move_part(
    tx: Tx,
    tenant_id: UUID,
    source: UUID,
    target: UUID,
    *,
    alarms: Collection[UUID],
    tasks: Collection[UUID],
    waiting: Collection[UUID],
    commands: Collection[UUID],
) -> Moved:
    """These become the target's, tasks with their steps, deliveries and resources; the source is locked."""
    parts = (list(alarms), list(tasks), list(waiting))
    return row_to(Moved, await tx.fetchrow(MOVE_THINGS, tenant_id, source, target, *parts, 0, 0, False, list(commands)))


SAVE_MERGED = """
UPDATE incidents SET merged_into = $3, opened_by = $4, joined_zones = $5 WHERE tenant_id = $1 AND id = $2
"""


async def save_merged(tx: Tx, tenant_id: UUID, it: Incident) -> None:
    """Write what a merger changes besides what ``save_incident`` writes."""
    await tx.execute(SAVE_MERGED, tenant_id, it.id, it.merged_into, it.opened_by, it.joined_zones)


SAVE_NAMED = """
UPDATE incidents SET zone_id = $3, title = $4, place = $5, agent = $6, plan = $7, first_out_alarm_id = $8
WHERE tenant_id = $1 AND id = $2
"""


async def save_named(tx: Tx, tenant_id: UUID, it: Incident) -> None:
    """Write what the incident is called and planned after: its first alarm has gone elsewhere."""
    named = (it.zone_id, it.title, it.place, it.agent, it.plan, it.first_out_alarm_id)
    await tx.execute(SAVE_NAMED, tenant_id, it.id, *named)


SET_FIRST_OUT = "UPDATE alarms SET first_out = true WHERE tenant_id = $1 AND id = $2"


async def set_first_out(tx: Tx, tenant_id: UUID, alarm_id: UUID) -> None:
    """This alarm opened its incident, as far as anybody knows now."""
    await tx.execute(SET_FIRST_OUT, tenant_id, alarm_id)


SET_AFTER = "UPDATE waiting_tasks SET after = $3 WHERE tenant_id = $1 AND id = $2"


async def set_after(tx: Tx, tenant_id: UUID, waiting_id: UUID, after: Sequence[UUID]) -> None:
    """What a waiting task still waits for."""
    await tx.execute(SET_AFTER, tenant_id, waiting_id, list(after))


LIST_MEMBERS = "SELECT account_id FROM room_members WHERE tenant_id = $1 AND room_id = $2 ORDER BY account_id"


async def list_members(tx: Tx, tenant_id: UUID, room_id: UUID) -> list[UUID]:
    """Who is in the room."""
    return [r["account_id"] for r in await tx.fetch(LIST_MEMBERS, tenant_id, room_id)]


DROP_COMMANDER = "DELETE FROM incident_commanders WHERE tenant_id = $1 AND incident_id = $2"


async def drop_commander(tx: Tx, tenant_id: UUID, incident_id: UUID) -> None:
    """Nobody leads it any more: it goes on as another."""
    await tx.execute(DROP_COMMANDER, tenant_id, incident_id)


NEWEST_FLOOD = """
SELECT tenant_id, id, site_id, incident_id, started_at, alarms_at_start, alarms, due_at, ended_at FROM floods
WHERE tenant_id = $1 AND incident_id = $2 ORDER BY started_at DESC, id DESC LIMIT 1
"""


async def find_newest_flood(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Flood | None:
    """The flood the incident's room shows."""
    row = await tx.fetchrow(NEWEST_FLOOD, tenant_id, incident_id)
    return None if row is None else row_to(Flood, row)


RUNS_DRILL = """
SELECT EXISTS (SELECT FROM drills WHERE tenant_id = $1 AND incident_id = $2 AND ended_at IS NULL)
"""


async def runs_drill(tx: Tx, tenant_id: UUID, incident_id: UUID) -> bool:
    """Whether a drill that has not ended is this incident."""
    return bool(await tx.fetchval(RUNS_DRILL, tenant_id, incident_id))


class Ordered(msgspec.Struct, frozen=True):
    """What a command of an incident asks of which actuator."""

    id: UUID
    actuator_id: UUID
    action: str


LIST_ORDERED = "SELECT id, actuator_id, action FROM commands WHERE tenant_id = $1 AND incident_id = $2"


async def list_ordered(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[Ordered]:
    """Every command of an incident."""
    return [row_to(Ordered, r) for r in await tx.fetch(LIST_ORDERED, tenant_id, incident_id)]


class Gone(msgspec.Struct, frozen=True):
    """An incident that goes on as ``root``: where and by which plan it was."""

    root: UUID
    zone_id: UUID
    template: str
    exercise: bool


LIST_GONE = """
WITH RECURSIVE gone AS (
    SELECT i.id, i.merged_into AS root, i.zone_id, i.plan ->> 'template' AS template, i.exercise
    FROM incidents i WHERE i.tenant_id = $1 AND i.merged_into = ANY($2::uuid[])
    UNION ALL
    SELECT i.id, g.root, i.zone_id, i.plan ->> 'template', i.exercise
    FROM gone g JOIN incidents i ON i.tenant_id = $1 AND i.merged_into = g.id
)
SELECT root, zone_id, template, exercise FROM gone
"""


async def list_gone(tx: Tx, tenant_id: UUID, roots: Sequence[UUID]) -> list[Gone]:
    """What goes on as one of these, over any number of mergers."""
    return [row_to(Gone, r) for r in await tx.fetch(LIST_GONE, tenant_id, list(roots))]
