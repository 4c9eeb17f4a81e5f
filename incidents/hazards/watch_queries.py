"""SQL of the watch over hazards; each statement sits above its function."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from core.database import Tx, row_to
from geo.places.model import DoorState, PlaceId
from incidents.hazards.moves import ActiveAlarm, OpenHazard, Spoken
from plant.places import passage_queries

# A sensor that was not heard for so long says nothing of now; its alarm's row does.
READING_KEPT = timedelta(minutes=2)

SITES = "SELECT tenant_id, site_id FROM muster_hazard_sites()"


async def list_sites(tx: Tx) -> list[tuple[UUID, UUID]]:
    """(tenant, site) where an alarm or a hazard stands, of any tenant."""
    return [(r["tenant_id"], r["site_id"]) for r in await tx.fetch(SITES)]


LIST_OPEN = """
SELECT h.id, h.incident_id, h.alarm_id, h.facts, h.stated_at, h.ends_at, h.changes_at, h.version,
    coalesce(i.state = 'closed', false) AS incident_closed,
    coalesce(a.returned_at IS NOT NULL OR a.ended_at IS NOT NULL, false) AS alarm_over
FROM hazards h
LEFT JOIN incidents i ON i.tenant_id = $1 AND i.id = h.incident_id
LEFT JOIN alarms a ON a.tenant_id = $1 AND a.id = h.alarm_id
WHERE h.tenant_id = $1 AND h.site_id = $2 AND h.ended_at IS NULL AND ($3::uuid IS NULL OR h.id = $3)
ORDER BY h.id
"""


async def list_open(tx: Tx, tenant_id: UUID, site_id: UUID, hazard_id: UUID | None = None) -> list[OpenHazard]:
    """What nobody has ended in a site, or this one of it."""
    return [row_to(OpenHazard, row) for row in await tx.fetch(LIST_OPEN, tenant_id, site_id, hazard_id)]


LIST_ACTIVE = """
SELECT a.id, a.incident_id, a.zone_id, a.kind, a.level, s.agent, a.unit, a.set_point, a.raised_at,
    CASE WHEN a.kind = 'high' AND s.unit = a.unit THEN greatest(a.value, r.value) ELSE a.value END AS value
FROM alarms a
JOIN incidents i ON i.tenant_id = $1 AND i.id = a.incident_id AND i.state <> 'closed'
LEFT JOIN sensors s ON s.tenant_id = $1 AND s.id = a.sensor_id
LEFT JOIN LATERAL (
    SELECT n.value FROM readings n WHERE n.tenant_id = $1 AND n.sensor_id = a.sensor_id AND n.observed_at >= $3
    ORDER BY n.observed_at DESC LIMIT 1
) r ON true
WHERE a.tenant_id = $1 AND a.site_id = $2 AND a.returned_at IS NULL AND a.ended_at IS NULL
  AND a.kind IN ('high', 'low', 'vote')
ORDER BY a.level DESC, a.id
"""


async def list_active(tx: Tx, tenant_id: UUID, site_id: UUID, now: datetime) -> list[ActiveAlarm]:
    """The alarms of a site whose condition is true, the graver first."""
    rows = await tx.fetch(LIST_ACTIVE, tenant_id, site_id, now - READING_KEPT)
    return [row_to(ActiveAlarm, row) for row in rows]


# The newest hazard of each alarm, where a person ended it: one that came after is another.
LIST_SPOKEN = """
SELECT alarm_id, ended_at, value FROM (
    SELECT DISTINCT ON (h.alarm_id) h.alarm_id, h.ended_at, h.ended_by, (h.facts ->> 'value')::float8 AS value
    FROM hazards h WHERE h.tenant_id = $1 AND h.alarm_id = ANY($2::uuid[])
    ORDER BY h.alarm_id, h.created_at DESC
) newest
WHERE ended_by IS NOT NULL
"""


async def list_spoken(tx: Tx, tenant_id: UUID, alarm_ids: list[UUID]) -> list[Spoken]:
    """What people said of these alarms' hazards."""
    return [row_to(Spoken, row) for row in await tx.fetch(LIST_SPOKEN, tenant_id, alarm_ids)]


LIST_ZONES = "SELECT id, version FROM zones WHERE tenant_id = $1 AND site_id = $2"


async def list_zone_versions(tx: Tx, tenant_id: UUID, site_id: UUID) -> dict[UUID, int]:
    """The versions of a site's zones."""
    return {row["id"]: row["version"] for row in await tx.fetch(LIST_ZONES, tenant_id, site_id)}


FIND_PLAN = "SELECT id FROM place_plans WHERE tenant_id = $1 AND site_id = $2 AND state = 'published'"
GET_PLAN_TEXT = "SELECT plan::text FROM place_plans WHERE tenant_id = $1 AND id = $2"


async def find_plan(tx: Tx, tenant_id: UUID, site_id: UUID) -> UUID | None:
    """The plan in force, which never changes."""
    found: UUID | None = await tx.fetchval(FIND_PLAN, tenant_id, site_id)
    return found


async def get_plan_text(tx: Tx, tenant_id: UUID, plan_id: UUID) -> str:
    """A plan as JSON, to be read off the loop."""
    return str(await tx.fetchval(GET_PLAN_TEXT, tenant_id, plan_id))


async def list_doors(tx: Tx, tenant_id: UUID, site_id: UUID, now: datetime) -> dict[PlaceId, DoorState]:
    """The doors that are not as the plan in force has them."""
    states = await passage_queries.list_states(tx, tenant_id, site_id, now)
    return {it.feature: cast(DoorState, it.state) for it in states if it.of == "door"}
