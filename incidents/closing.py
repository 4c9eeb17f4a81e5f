"""Closing an incident: who may, when it can be, what ends with it and what it lets go of."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict
from incidents import queries, response, rooms, views
from incidents.alarms import alarm, alarm_queries, evaluation
from incidents.alarms.alarm_queries import WatchedRule
from incidents.commanding import command_for
from incidents.context import SiteContext, load_context
from incidents.drills import ending as drill_ending
from incidents.incident import Alarm, Incident
from incidents.matrix import live
from incidents.plans import plan_queries, planning
from incidents.reaching import deliveries
from incidents.record import publishing, timeline
from incidents.roll_call import ending as roll_call
from incidents.service import check_reason
from incidents.sos import service as sos
from mobile_contract.room_events import CommandChanged, IncidentClosed, TaskChanged
from people.actor import Actor
from people.permissions import Permission
from plant import command_queries
from plant.model import Command

# What an incident started it lets go of when a person closes it; a closed valve stays closed until a person opens it.
_RELEASES = {"start": "stop", "sound": "silence"}


async def close_incident(tx: Tx, actor: Actor, incident_id: UUID, reason: str) -> Incident:
    """Close an incident whose alarms are all normal; what it started is stopped, what nobody took is cancelled.

    Who closes it acknowledges what nobody has: an alarm that comes back later opens an incident of its own. Closing
    twice is one fact. Raises Conflict while an alarm is active or latched, or people are still being accounted for.
    """
    actor.require(Permission.CLOSE_INCIDENT)
    check_reason(reason)
    known = await queries.get_incident(tx, actor.tenant_id, incident_id)
    standing = await _lock_standing(tx, known)
    incident = await queries.lock_incident(tx, actor.tenant_id, incident_id)
    if incident.state == "closed":
        return incident
    _check_over(incident, await queries.list_incident_alarms(tx, actor.tenant_id, incident_id), standing)
    if not incident.exercise:
        await roll_call.check_over(tx, incident)
    context = await load_context(tx, actor.tenant_id, incident.site_id)
    await _acknowledge_all(tx, context, actor, standing)
    # A drill that is closed is over, with its score.
    await drill_ending.end_running(tx, incident, "finished", by=actor.account_id)
    return await shut(tx, incident, reason, by=actor.account_id, context=context)


async def shut(
    tx: Tx, incident: Incident, reason: str, *, by: UUID | None, context: SiteContext | None = None
) -> Incident:
    """What closing does once it may; the incident is locked. A drill lets go of nothing: nothing of it ever moved.

    ``context`` None: a drill's end; ``by`` None: Muster itself.
    """
    tenant_id, incident_id = incident.tenant_id, incident.id
    closed = msgspec.structs.replace(incident, state="closed", closed_at=tx.now, closed_by=by, close_reason=reason)
    await queries.save_incident(tx, tenant_id, closed)
    cancelled = await queries.cancel_open_tasks(tx, tenant_id, incident_id)
    await plan_queries.forget_waiting(tx, tenant_id, incident_id)
    if incident.exercise:
        await roll_call.end_exercise(tx, incident)
    released = [] if context is None or incident.exercise else await _release(tx, context, closed)
    await deliveries.cancel_for_incident(tx, tenant_id, incident_id)
    await sos.end_of_incident(tx, tenant_id, incident_id)
    for task in cancelled:
        await rooms.append_to_incident(tx, tenant_id, incident_id, TaskChanged(views.task_view(task)))
    for command in released:
        changed = CommandChanged(views.command_view(command))
        await rooms.append_to_incident(tx, tenant_id, incident_id, changed)
    await rooms.append_to_incident(tx, tenant_id, incident_id, IncidentClosed(tx.now, by, reason), by=by)
    await timeline.append(tx, tenant_id, incident_id, "incident.closed", {"reason": reason}, by=by)
    await publishing.publish(tx, closed, "incident.closed")
    await audit.record(tx, by, "incident.closed", "incident", incident_id, {"reason": reason})
    return closed


async def _lock_standing(tx: Tx, incident: Incident) -> list[WatchedRule]:
    """The states of the incident's alarms that have not ended, locked before the site and the incident."""
    alarms = await queries.list_incident_alarms(tx, incident.tenant_id, incident.id)
    rule_ids = sorted({a.rule_id for a in alarms if a.ended_at is None})
    standing = await alarm_queries.lock_rules(tx, incident.tenant_id, rule_ids)
    await queries.lock_site(tx, incident.tenant_id, incident.site_id)
    return standing


def _check_over(incident: Incident, alarms: Sequence[Alarm], standing: Sequence[WatchedRule]) -> None:
    # What is silent keeps its row as it was last said: what it is now its state knows.
    back = {w.rule.id for w in standing if w.state.condition == "active"}
    active = [a for a in alarms if a.returned_at is None or (a.ended_at is None and a.rule_id in back)]
    latched = {w.rule.id for w in standing if w.state.latched}
    held = [a for a in alarms if a.ended_at is None and a.rule_id in latched]
    if not active and not held:
        return
    first = (active or held)[0].title
    count = len(active) or len(held)
    raise Conflict(
        "incident.alarms_active" if active else "incident.alarms_latched",
        f"{count} alarms are still {'active' if active else 'latched'}; the first is {first.en}",
        f"仍有 {count} 个报警{'未恢复' if active else '处于锁存状态'}，首个为：{first.zh}",
        field="state",
        value=incident.state,
        limit="returned",
    )


async def _acknowledge_all(tx: Tx, context: SiteContext, actor: Actor, standing: Sequence[WatchedRule]) -> None:
    event = alarm.Acknowledged(by=actor.account_id)
    rule_ids = [w.rule.id for w in standing]
    outcomes = await evaluation.apply_event(tx, actor.tenant_id, rule_ids, lambda _: event, tx.now)
    await response.respond(tx, context, outcomes, by=actor.account_id)


async def _release(tx: Tx, context: SiteContext, incident: Incident) -> list[Command]:
    """Stop and silence what this incident wanted and no other incident wants; what people asked for by hand stays."""
    tenant_id = incident.tenant_id
    open_incidents = await queries.lock_open_incidents(tx, tenant_id, incident.site_id)
    alarms = await queries.list_alarms_of(tx, tenant_id, [incident.id, *(i.id for i in open_incidents)])
    mine = planning.wanted_actions(context, incident, [a for a in alarms if a.incident_id == incident.id])
    others: set[tuple[UUID, str]] = set()
    for other in open_incidents:
        others |= planning.wanted_actions(context, other, [a for a in alarms if a.incident_id == other.id])
    released = []
    for actuator_id, action in sorted(mine - others - live.latched_commands(context, alarms)):
        newest = await command_queries.find_newest_of(tx, tenant_id, actuator_id)
        if newest is None or newest.action != action or newest.requested_by is not None or action not in _RELEASES:
            continue
        release = _RELEASES[action]
        key = f"incident:{incident.id}:{actuator_id}:{release}"
        command = await command_for(tx, incident, actuator_id, release, f"incident {incident.number} closed", key=key)
        if command is not None:
            released.append(command)
    return released
