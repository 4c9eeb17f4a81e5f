"""The roster of an incident's tasks, put together from those who know: accounts, skills, duties, teams, presence."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from core.database import Tx
from incidents import queries
from incidents.alarms.agents import hazard_of
from incidents.incident import Task
from incidents.tasking import task_queries
from incidents.tasking.roster import Candidate, Known, assemble
from people.presence import service as presence
from people.qualifications import service as qualifications
from people.reach import service as reach
from people.rotas import service as rotas
from plant import queries as plant_queries

# Accounts of these roles are people who can act.
_ROLES = ["responder", "safety_officer", "worker"]

HAZARD_ZONES = """
SELECT DISTINCT zone_id FROM alarms WHERE tenant_id = $1 AND incident_id = $2 AND returned_at IS NULL
"""


async def load_roster(tx: Tx, tenant_id: UUID, task: Task) -> list[Candidate]:
    """Everyone who could be asked for the task, as they are now.

    What is known about the site's people is read once a transaction; load and engagement change within it.
    """
    key = ("roster", task.incident_id)
    if key not in tx.memo:
        tx.memo[key] = await _load_known(tx, tenant_id, task.incident_id)
    known: Known = tx.memo[key]
    people = await task_queries.list_people(tx, tenant_id, task.incident_id, task.id, _ROLES)
    return assemble(people, known)


async def _load_known(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Known:
    incident = await queries.get_incident(tx, tenant_id, incident_id)
    site_id = incident.site_id
    alarmed = {r["zone_id"] for r in await tx.fetch(HAZARD_ZONES, tenant_id, incident_id)}
    known = Known(
        skills=await qualifications.list_valid_skills(tx, tenant_id, tx.now, site_id=site_id, zone_id=incident.zone_id),
        quiet=await reach.list_quiet_people(tx, tenant_id, tx.now),
        duties=await rotas.list_duties(tx, tenant_id, tx.now, site_id=site_id),
        teams=await rotas.list_team_members(tx, tenant_id),
        whereabouts=await presence.list_whereabouts(tx, tenant_id, site_id, tx.now),
        hazard_zones=frozenset(alarmed | {incident.zone_id}),
        hazard=hazard_of(incident.agent),
    )
    if not known.whereabouts:
        return known
    zones = await plant_queries.list_zones(tx, tenant_id, site_id)
    return replace(known, zones={zone.id: zone for zone in zones})
