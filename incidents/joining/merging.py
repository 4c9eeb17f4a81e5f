"""Merging: one incident goes on as another, with everything in it.

Locks: the site, both incidents in the order of their ids, then what moves; the rooms last. Whoever waited for the
incident of something that moved meanwhile finds it again: ``queries.lock_behind_incident``.
"""

from __future__ import annotations

from uuid import UUID

from core import audit
from core.database import Tx
from core.errors import Conflict
from core.logging import get_logger
from incidents import queries, rooms, views
from incidents.incident import Incident
from incidents.joining import moving
from incidents.joining import queries as joining_queries
from incidents.joining.merge import check_joinable, gone_into, merged
from incidents.joining.queries import Moved
from incidents.leading import queries as leading_queries
from incidents.leading.commander import find_commander, require_lead
from incidents.leading.views import commander_view
from incidents.plans import plan_queries
from incidents.record import publishing, timeline
from incidents.service import check_reason, require_open
from mobile_contract.room_events import CommanderChanged, IncidentMerged, IncidentRegraded, IncidentReopened
from people.actor import Actor
from people.permissions import Permission

log = get_logger(__name__)


async def merge(tx: Tx, actor: Actor, into_id: UUID, other_id: UUID, reason: str) -> Incident:
    """``other`` goes on as ``into``: for who leads ``into`` and for safety officers. Twice is one fact.

    What was raised, given, asked and counted there is here from now on, and so is who was in its room; it is closed.
    Raises NotFound, Invalid, Conflict.
    """
    actor.require(Permission.LEAD_INCIDENT)
    check_reason(reason)
    known = await queries.get_incident(tx, actor.tenant_id, into_id)
    await queries.get_incident(tx, actor.tenant_id, other_id)
    await queries.lock_site(tx, actor.tenant_id, known.site_id)
    locked = {id_: await queries.lock_incident(tx, actor.tenant_id, id_) for id_ in sorted({into_id, other_id})}
    into, other = locked[into_id], locked[other_id]
    if other.merged_into == into_id:
        return into
    require_open(into)
    require_open(other)
    await require_lead(tx, actor, into_id)
    check_joinable(into, other)
    await _check_no_drill(tx, other)
    after, gone = merged(into, other), gone_into(other, into_id, tx.now, actor.account_id, reason)
    moved = await _move(tx, into, other)
    for incident in (after, gone):
        await queries.save_incident(tx, actor.tenant_id, incident)
        await joining_queries.save_merged(tx, actor.tenant_id, incident)
    await _tell_room(tx, actor, into, after, moved, gone)
    await _join_people(tx, actor, after, gone)
    await _record(tx, actor, into, after, gone, moved, reason)
    log.info("incident.merged", incident=str(other_id), into=str(into_id))
    return after


async def _check_no_drill(tx: Tx, other: Incident) -> None:
    if await joining_queries.runs_drill(tx, other.tenant_id, other.id):
        raise Conflict(
            "merge.drill",
            "this incident is a drill that runs: it is scored by itself, end it first",
            "此事件是进行中的演练:须先结束演练",
            field="incident",
            value=other.id,
        )


async def _move(tx: Tx, into: Incident, other: Incident) -> Moved:
    tenant_id = into.tenant_id
    tasks = await queries.list_tasks(tx, tenant_id, into.id)
    waiting = await plan_queries.list_waiting(tx, tenant_id, into.id)
    objectives = await leading_queries.list_objectives(tx, tenant_id, into.id)
    return await joining_queries.move_all(
        tx,
        tenant_id,
        other.id,
        into.id,
        tasks_before=len(tasks) + len(waiting),
        objectives_before=len(objectives),
    )


async def _tell_room(tx: Tx, actor: Actor, into: Incident, after: Incident, moved: Moved, gone: Incident) -> None:
    """The one room of how its incident stands and what came to it; the other of where everything went."""
    if after.state != into.state:
        await rooms.append_to_incident(tx, into.tenant_id, into.id, IncidentReopened(), by=actor.account_id)
    if after.grade != into.grade:
        body = IncidentRegraded(after.grade, after.reasons)
        await rooms.append_to_incident(tx, into.tenant_id, into.id, body, by=actor.account_id)
    await moving.tell(tx, into.tenant_id, into.id, moved)
    told = IncidentMerged(views.incident_view(gone))
    await rooms.append_to_incident(tx, into.tenant_id, gone.id, told, by=actor.account_id)


async def _join_people(tx: Tx, actor: Actor, after: Incident, gone: Incident) -> None:
    """Who was in the other room is in this one; its commander leads here if nobody does, and is told if somebody does:
    the other room's last event says so to everybody in it."""
    tenant_id = after.tenant_id
    room_id = await rooms.room_id_of(tx, tenant_id, after.id)
    for account_id in await joining_queries.list_members(tx, tenant_id, await rooms.room_id_of(tx, tenant_id, gone.id)):
        await rooms.add_member(tx, tenant_id, room_id, account_id)
    offer = await leading_queries.find_offer(tx, tenant_id, gone.id)
    if offer is not None:
        await leading_queries.end_handover(tx, tenant_id, offer.id, "withdrawn")
    led_by = await find_commander(tx, tenant_id, gone.id)
    if led_by is None:
        return
    await joining_queries.drop_commander(tx, tenant_id, gone.id)
    if await find_commander(tx, tenant_id, after.id) is None:
        commander = await leading_queries.save_commander(tx, tenant_id, after.id, led_by.account_id)
        rooms.append_later(tx, room_id, CommanderChanged(commander_view(commander)), by=actor.account_id)
        facts = {"commander": led_by.account_id, "from": None, "reason": f"incident {gone.number} was merged into this"}
        await timeline.append(tx, tenant_id, after.id, "command.taken", facts, by=actor.account_id)


async def _record(
    tx: Tx, actor: Actor, into: Incident, after: Incident, gone: Incident, moved: Moved, reason: str
) -> None:
    """Both records name each other; each keeps its own chain."""
    tenant_id, by = into.tenant_id, actor.account_id
    what = {"alarms": moved.alarms, "tasks": moved.tasks, "reason": reason}
    facts = {"incident": gone.id, "number": gone.number, **what}
    await timeline.append(tx, tenant_id, into.id, "incident.joined", facts, by=by)
    if after.state != into.state:
        await timeline.append(tx, tenant_id, into.id, "incident.reopened", {}, by=by)
    if after.grade != into.grade:
        graded = {"from": into.grade, "to": after.grade, "reasons": after.reasons}
        await timeline.append(tx, tenant_id, into.id, "incident.regraded", graded, by=by)
    went = {"into": into.id, "number": into.number, **what}
    await timeline.append(tx, tenant_id, gone.id, "incident.merged", went, by=by)
    await publishing.publish(tx, gone, "incident.merged")
    if after.grade != into.grade:
        await publishing.publish(tx, after, "incident.regraded")
    elif after.state != into.state:
        await publishing.publish(tx, after, "incident.reopened")
    await audit.record(tx, by, "incident.merged", "incident", gone.id, {"into": into.id, "reason": reason})
