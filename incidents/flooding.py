"""A flood in a site: when it begins and ends, which incident leads it, what joins that. The rules are in alarms/flood.

Called with the site's row locked, which is what a flood is changed under.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx
from core.ids import new_id
from core.logging import get_logger
from core.metrics import counter
from incidents import queries, rooms, views
from incidents.alarms import flood, flood_queries, suppression_queries
from incidents.alarms.agents import hazard_of
from incidents.alarms.flood import Flood, Follower, Leading
from incidents.alarms.model import DANGER_KINDS, AlarmRule
from incidents.alarms.suppression import is_life_safety
from incidents.context import SiteContext
from incidents.incident import Incident
from incidents.plans import planning
from incidents.record import timeline
from mobile_contract.room_events import FloodEnded, FloodStarted
from people.actor import Actor
from people.permissions import Permission

log = get_logger(__name__)

FLOODS = counter("alarm_floods", "Alarm floods that began.")


async def find_standing(tx: Tx, context: SiteContext) -> Flood | None:
    """The flood the site is in now; one whose time was up ended then, whoever comes first."""
    standing = await flood_queries.find_open(tx, context.tenant_id, context.site_id)
    if standing is not None and standing.due_at <= tx.now:
        await _end(tx, context, standing, standing.due_at)
        return None
    return standing


async def find_leader(tx: Tx, context: SiteContext, standing: Flood, rule: AlarmRule) -> Incident | None:
    """The leading incident, if this alarm folds under it; None: the alarm opens its own."""
    incident = await queries.lock_incident(tx, context.tenant_id, standing.incident_id)
    if incident.state == "closed" or incident.exercise:
        return None
    alarms = await queries.list_incident_alarms(tx, context.tenant_id, incident.id)
    hazards = {planning.hazard_of_alarm(a.kind, context.agent_of_sensor(a.sensor_id)) for a in alarms}
    leading = Leading(incident.grade, frozenset(h for h in hazards if h is not None))
    agent = context.agent_of(rule)
    follower = Follower(
        grade=int(planning.grade_of(context, [rule], tx.now).grade),
        hazard=planning.hazard_of_alarm(rule.kind, agent),
        life_safety=threatens_life(context, rule, tx.now),
    )
    return incident if flood.folds(follower, leading) else None


def threatens_life(context: SiteContext, rule: AlarmRule, now: datetime) -> bool:
    """Second-level toxic alarms, every oxygen alarm, and whatever has people led out and counted."""
    agent = context.agent_of(rule)
    if rule.kind not in DANGER_KINDS:
        return False
    return is_life_safety(rule, agent) or hazard_of(agent) == "asphyxiant" or planning.evacuates(context, rule, now)


async def count_raised(tx: Tx, context: SiteContext, standing: Flood | None, incident: Incident) -> None:
    """An alarm was raised and belongs to this incident: the flood grows, or one begins."""
    tenant_id, site_id = context.tenant_id, context.site_id
    raised = await flood_queries.raised_lately(tx, tenant_id, site_id)
    limits = (await suppression_queries.get_settings(tx, tenant_id, site_id)).flood_limits
    if standing is not None:
        leader = await queries.get_incident(tx, tenant_id, standing.incident_id)
        if leader.state != "closed":
            due_at = flood.ends_at(raised, tx.now, limits)
            grown = msgspec.structs.replace(standing, alarms=standing.alarms + 1, due_at=due_at)
            await flood_queries.save_flood(tx, tenant_id, grown)
            return
        # Nobody looks at a closed incident: what goes on leads on under another.
        await _end(tx, context, standing, tx.now)
    if flood.starts(raised, tx.now, limits):
        leader_id = await flood_queries.find_first_out(tx, tenant_id, site_id) or incident.id
        await _begin(tx, context, leader_id, len(raised), flood.ends_at(raised, tx.now, limits))


async def _begin(tx: Tx, context: SiteContext, incident_id: UUID, alarms: int, due_at: datetime) -> None:
    begun = Flood(
        tenant_id=context.tenant_id,
        id=new_id(),
        site_id=context.site_id,
        incident_id=incident_id,
        started_at=tx.now,
        alarms_at_start=alarms,
        alarms=alarms,
        due_at=due_at,
    )
    await flood_queries.insert_flood(tx, context.tenant_id, begun)
    await rooms.append_to_incident(tx, context.tenant_id, incident_id, FloodStarted(views.flood_view(begun)))
    await timeline.append(tx, context.tenant_id, incident_id, "flood.started", {"flood": begun.id, "alarms": alarms})
    FLOODS.inc()
    log.info("flood.started", site=str(context.site_id), incident=str(incident_id), alarms=alarms)


async def _end(tx: Tx, context: SiteContext, standing: Flood, at: datetime) -> None:
    over = msgspec.structs.replace(standing, ended_at=at)
    await queries.lock_incident(tx, context.tenant_id, over.incident_id)
    await flood_queries.save_flood(tx, context.tenant_id, over)
    await rooms.append_to_incident(tx, context.tenant_id, over.incident_id, FloodEnded(views.flood_view(over)))
    facts = {"flood": over.id, "alarms": over.alarms, "started_at": over.started_at}
    await timeline.append(tx, context.tenant_id, over.incident_id, "flood.ended", facts)
    log.info("flood.ended", site=str(context.site_id), incident=str(over.incident_id), alarms=over.alarms)


async def end_due(tx: Tx, context: SiteContext) -> datetime | None:
    """End the site's flood if its time is up; else say when that is."""
    await queries.lock_site(tx, context.tenant_id, context.site_id)
    standing = await find_standing(tx, context)
    return None if standing is None else standing.due_at


async def due_at(tx: Tx, context: SiteContext) -> datetime | None:
    """When the site's flood ends if nothing more is raised; None: it is in none."""
    standing = await flood_queries.find_open(tx, context.tenant_id, context.site_id)
    return None if standing is None else standing.due_at


async def list_floods(
    tx: Tx,
    actor: Actor,
    *,
    site_id: UUID | None,
    standing: bool | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Flood]:
    """Floods, newest first."""
    actor.require(Permission.READ_ALARMS)
    return await flood_queries.list_floods(
        tx, actor.tenant_id, site_id=site_id, standing=standing, before=before, limit=limit
    )
