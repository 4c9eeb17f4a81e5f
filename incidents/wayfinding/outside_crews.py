"""Use cases of outside crews: where the brigade or the ambulance drives to and stands. Nothing is written."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx
from core.errors import Conflict
from incidents import queries as incident_queries
from incidents.incident import Incident
from incidents.sos import queries as sos_queries
from incidents.wayfinding import wind_queries
from incidents.wayfinding.asked_places import no_zone
from incidents.wayfinding.questions import Asked, mapped, read_site
from incidents.wayfinding.standing_places import UNKNOWN_WIND, Blowing, find_standing_places, forecast_wind
from mobile_contract.vehicle_access import (
    AtIncident,
    VehicleAccessQuestion,
    VehicleAccessView,
    VehicleName,
    WindView,
)
from mobile_contract.wayfinding_questions import AtPosition, AtZone
from people.actor import Actor
from people.permissions import Permission
from plant.model import Zone


async def ask_vehicle_access(by: Asked, site_id: UUID, asked: VehicleAccessQuestion) -> VehicleAccessView:
    """Where to stand by the plan in force. Raises NotFound, Conflict for an incident that is closed, Invalid naming
    the field, Unavailable."""
    by.actor.require(Permission.READ_PLANT)
    tenant_id = by.actor.tenant_id
    async with by.db.transaction(tenant_id) as tx:
        incident = None
        if isinstance(asked.target, AtIncident):
            incident = await _open_incident(tx, by.actor, asked.target.incident)
            if incident.site_id != site_id:
                raise incident_queries.no_incident(incident.id)
    return await _answer(by, site_id, asked, incident)


async def ask_incident_access(by: Asked, incident_id: UUID, vehicle: VehicleName) -> VehicleAccessView:
    """The same for an incident that is not closed: what a gate guard shows the brigade."""
    async with by.db.transaction(by.actor.tenant_id) as tx:
        incident = await _open_incident(tx, by.actor, incident_id)
    asked = VehicleAccessQuestion(target=AtIncident(incident=incident_id), vehicle=vehicle)
    return await _answer(by, incident.site_id, asked, incident)


async def _answer(
    by: Asked, site_id: UUID, asked: VehicleAccessQuestion, incident: Incident | None
) -> VehicleAccessView:
    exercise = asked.exercise or (incident is not None and incident.exercise)
    tenant_id = by.actor.tenant_id
    async with by.db.transaction(tenant_id) as tx:
        read = await read_site(tx, tenant_id, site_id, exercise=exercise)
        wind = await _wind(tx, tenant_id, site_id, asked, incident, exercise=exercise)
    where: AtPosition | Zone
    match asked.target:
        case AtPosition():
            where = asked.target
        case AtZone():
            where = _zone(read.zones.get(asked.target.zone), asked.target.zone)
        case AtIncident():
            assert incident is not None
            where = _zone(read.zones.get(incident.zone_id), incident.zone_id)
    moment = await mapped(by, site_id, read)
    return await by.desk.do(find_standing_places, moment, asked, where, wind)


def _zone(zone: Zone | None, zone_id: UUID) -> Zone:
    if zone is None:
        raise no_zone(zone_id, "target")
    return zone


async def _open_incident(tx: Tx, actor: Actor, incident_id: UUID) -> Incident:
    """NotFound also for the person whose call for help it is (``incidents.records``)."""
    actor.require(Permission.READ_INCIDENTS)
    incident = await incident_queries.get_incident(tx, actor.tenant_id, incident_id)
    if await sos_queries.called_in(tx, actor.tenant_id, incident_id, actor.account_id):
        raise incident_queries.no_incident(incident_id)
    if incident.state == "closed":
        raise Conflict("incident.closed", "this incident is closed", "此事件已关闭", field="state", value="closed")
    return incident


async def _wind(
    tx: Tx,
    tenant_id: UUID,
    site_id: UUID,
    asked: VehicleAccessQuestion,
    incident: Incident | None,
    *,
    exercise: bool,
) -> Blowing:
    """What was stated; else the newest forecast's, the incident's own first; else nobody knows."""
    own = None if incident is None else incident.id
    row = await wind_queries.find_forecast(tx, tenant_id, site_id, own, tx.now, exercise=exercise)
    found = UNKNOWN_WIND if row is None else forecast_wind(row.id, row.facts, own=row.own)
    if asked.wind is None:
        return found
    stated = WindView(from_deg=asked.wind.from_deg, known_by="request", source=asked.wind.source)
    return Blowing(stated, found.source_at)
