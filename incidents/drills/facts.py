"""What a score is made of, read from the record of the drill's incident."""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.database import Tx
from incidents.drills import queries
from incidents.drills.model import Drill, DrillFacts, TaskFact
from incidents.drills.queries import TaskRow
from incidents.incident import Incident
from incidents.plans.model import Need
from people.qualifications import service as qualifications

# The role of the task that everybody is ordered out by: see roll_call.orders.
EVERYONE = "everyone"


async def load_facts(tx: Tx, drill: Drill, incident: Incident, until: datetime) -> DrillFacts:
    """The facts as they stand; skills are those valid where the drill is, when it began."""
    tenant_id = drill.tenant_id
    rows = await queries.list_task_rows(tx, tenant_id, incident.id)
    skills = await qualifications.list_valid_skills(
        tx, tenant_id, drill.started_at, site_id=drill.site_id, zone_id=drill.zone_id
    )
    needs = msgspec.convert(incident.plan.get("task_needs", {}), dict[str, tuple[Need, ...]])
    return DrillFacts(
        started_at=drill.started_at,
        until=until,
        goals=drill.goals,
        orders=tuple(await queries.list_order_facts(tx, tenant_id, incident.id)),
        tasks=tuple(_task(row, needs.get(row.slug, ())) for row in rows),
        rolls=tuple(await queries.list_roll_facts(tx, tenant_id, incident.id)),
        skills=skills,
    )


def _task(row: TaskRow, needs: tuple[Need, ...]) -> TaskFact:
    return TaskFact(
        id=row.id,
        slug=row.slug,
        created_at=row.created_at,
        answered_at=row.answered_at,
        done_at=row.done_at,
        needs=needs,
        asks=row.role != EVERYONE,
        steps=row.steps,
        confirmed=row.confirmed,
    )
