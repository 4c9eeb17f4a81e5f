"""Splitting: named alarms and tasks of an incident go on as one of their own.

Locks: the site, the incident, then what moves; the rooms last. The new incident is nobody else's to lock yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core import audit
from core.database import Tx
from core.ids import new_id
from core.logging import get_logger
from incidents import occupancy, queries, rooms, views
from incidents.alarms import alarm_queries
from incidents.alarms.model import AlarmRule
from incidents.context import SiteContext, load_context
from incidents.incident import Alarm, Incident
from incidents.joining import moving
from incidents.joining import queries as joining_queries
from incidents.joining.queries import Moved
from incidents.joining.split import Part, check_part, following, state_of, worst
from incidents.leading import queries as leading_queries
from incidents.leading.commander import find_commander, require_lead
from incidents.leading.views import commander_view
from incidents.plans import giving, plan_queries, planning
from incidents.record import publishing, timeline
from incidents.service import check_reason, require_open
from mobile_contract.room_events import AlarmChanged, CommanderChanged, IncidentOpened, IncidentSplit
from people.actor import Actor
from people.permissions import Permission

log = get_logger(__name__)


class Halves(msgspec.Struct, frozen=True):
    """What the split makes of an incident: the new one with its alarms, and what is left with the others.

    ``rules``: of the alarms, those still in force in the site, by id.
    """

    made: Incident
    going: list[Alarm]
    left: Incident
    staying: list[Alarm]
    rules: dict[UUID, AlarmRule]


async def split(tx: Tx, actor: Actor, incident_id: UUID, part: Part, reason: str) -> Incident:
    """These alarms and tasks go on as an incident of their own: for who leads it and for safety officers.

    It is named, graded and planned after its worst alarm, as if that had opened it; what of its plan is not in hand is
    given. The same people are in its room, and who leads the one leads the other until it is handed over. Raises
    NotFound for what is not of this incident, Invalid, Conflict.
    """
    actor.require(Permission.LEAD_INCIDENT)
    check_reason(reason)
    known = await queries.get_incident(tx, actor.tenant_id, incident_id)
    context = await load_context(tx, actor.tenant_id, known.site_id)
    await queries.lock_site(tx, actor.tenant_id, known.site_id)
    incident = await queries.lock_incident(tx, actor.tenant_id, incident_id)
    require_open(incident)
    await require_lead(tx, actor, incident_id)
    alarms = await queries.list_incident_alarms(tx, actor.tenant_id, incident_id)
    tasks = await queries.list_tasks(tx, actor.tenant_id, incident_id)
    check_part(incident, part, {a.id for a in alarms}, {t.id for t in tasks})
    halves = await _halve(tx, context, actor, incident, alarms, part)
    number = await queries.insert_incident(tx, actor.tenant_id, halves.made)
    halves = replace(halves, made=replace(halves.made, number=number))
    moved = await _move(tx, context, halves, part)
    await _save(tx, incident, halves)
    await _open_room(tx, actor, halves, moved)
    await _tell_left(tx, actor, halves, moved, reason)
    await _record(tx, actor, halves, moved, reason)
    await _give_what_is_missing(tx, context, halves)
    log.info("incident.split", incident=str(incident_id), into=str(halves.made.id))
    return halves.made


async def _halve(
    tx: Tx, context: SiteContext, actor: Actor, incident: Incident, alarms: Sequence[Alarm], part: Part
) -> Halves:
    found = await alarm_queries.find_rules(tx, incident.tenant_id, sorted({a.rule_id for a in alarms}))
    rules = {w.rule.id: w.rule for w in found if _in_site(context, w.rule)}
    going = [a for a in alarms if a.id in part.alarms]
    staying = [a for a in alarms if a.id not in part.alarms]
    made = await _named_after(tx, context, incident, going, rules)
    made = replace(
        made,
        id=new_id(),
        number=0,
        opened_at=tx.now,
        last_alarm_at=max((a.raised_at for a in going), default=incident.opened_at),
        exercise=incident.exercise,
        # Nothing returns tasks alone: they last until a person closes their incident.
        opened_by=None if going else actor.account_id,
        split_from=incident.id,
        joined_zones=[],
    )
    left = incident
    if incident.first_out_alarm_id in part.alarms:
        named = await _named_after(tx, context, incident, staying, rules)
        # It stays as grave as it was, for the reasons it was.
        left = replace(named, id=incident.id, grade=incident.grade, reasons=incident.reasons)
    return Halves(state_of(made, going, tx.now), going, state_of(left, staying, tx.now), staying, rules)


async def _named_after(
    tx: Tx, context: SiteContext, incident: Incident, alarms: Sequence[Alarm], rules: dict[UUID, AlarmRule]
) -> Incident:
    """The incident as its worst alarm would have opened it; without alarms that still mean something, as it was."""
    first = worst(a for a in alarms if a.rule_id in rules)
    if first is None:
        known = worst(alarms)
        return replace(incident, first_out_alarm_id=None if known is None else known.id)
    rule = rules[first.rule_id]
    present = await occupancy.people_near(tx, context, [rule])
    opened = planning.new_incident(context, rule, first.id, tx.now, present)
    return replace(
        incident,
        zone_id=opened.zone_id,
        title=opened.title,
        place=opened.place,
        agent=opened.agent,
        plan=opened.plan,
        grade=opened.grade,
        reasons=opened.reasons,
        first_out_alarm_id=first.id,
    )


def _in_site(context: SiteContext, rule: AlarmRule) -> bool:
    return rule.sensor_id in context.sensors or rule.actuator_id in context.actuators


async def _move(tx: Tx, context: SiteContext, halves: Halves, part: Part) -> Moved:
    """Alarms and tasks with what belongs to them, and commands that only the new incident wants."""
    tenant_id, source = halves.left.tenant_id, halves.left.id
    waiting = await plan_queries.list_waiting(tx, tenant_id, source)
    along = following({row.id: row.after for row in waiting}, part.tasks)
    gone = part.tasks | along
    for row in waiting:
        left = [task for task in row.after if task not in gone]
        if row.id not in along and left != row.after:
            await joining_queries.set_after(tx, tenant_id, row.id, left)
    wanted = planning.wanted_actions(context, halves.made, halves.going) if halves.going else set()
    wanted -= planning.wanted_actions(context, halves.left, halves.staying)
    ordered = await joining_queries.list_ordered(tx, tenant_id, source)
    commands = [c.id for c in ordered if (c.actuator_id, c.action) in wanted]
    return await joining_queries.move_part(
        tx,
        tenant_id,
        source,
        halves.made.id,
        alarms=part.alarms,
        tasks=part.tasks,
        waiting=along,
        commands=commands,
    )


async def _save(tx: Tx, before: Incident, halves: Halves) -> None:
    tenant_id = before.tenant_id
    await queries.save_incident(tx, tenant_id, halves.made)
    await queries.save_incident(tx, tenant_id, halves.left)
    await joining_queries.save_named(tx, tenant_id, halves.left)
    for first in (halves.made.first_out_alarm_id, halves.left.first_out_alarm_id):
        if first is not None and first != before.first_out_alarm_id:
            await joining_queries.set_first_out(tx, tenant_id, first)
    if halves.made.first_out_alarm_id == before.first_out_alarm_id and halves.made.first_out_alarm_id is not None:
        await joining_queries.set_first_out(tx, tenant_id, halves.made.first_out_alarm_id)


async def _open_room(tx: Tx, actor: Actor, halves: Halves, moved: Moved) -> None:
    tenant_id, made = halves.made.tenant_id, halves.made
    old_room = await rooms.room_id_of(tx, tenant_id, halves.left.id)
    members = await joining_queries.list_members(tx, tenant_id, old_room)
    room_id = await rooms.open_room(tx, tenant_id, made.id, members)
    rooms.append_later(tx, room_id, IncidentOpened(views.incident_view(made)), by=actor.account_id)
    await moving.tell(tx, tenant_id, made.id, moved)
    commander = await find_commander(tx, tenant_id, halves.left.id)
    if commander is not None:
        leads = await leading_queries.save_commander(tx, tenant_id, made.id, commander.account_id)
        rooms.append_later(tx, room_id, CommanderChanged(commander_view(leads)), by=actor.account_id)


async def _tell_left(tx: Tx, actor: Actor, halves: Halves, moved: Moved, reason: str) -> None:
    """The old room: what is left, and which alarm leads there now."""
    left = halves.left
    body = IncidentSplit(
        incident=views.incident_view(left),
        into=halves.made.id,
        alarms=moved.alarms,
        tasks=moved.tasks,
        commands=moved.commands,
        deliveries=moved.deliveries,
        resources=moved.resources,
        hazards=moved.hazards,
    )
    await rooms.append_to_incident(tx, left.tenant_id, left.id, body, by=actor.account_id)
    if left.first_out_alarm_id is not None:
        first = await queries.get_alarm(tx, left.tenant_id, left.first_out_alarm_id)
        await rooms.append_to_incident(tx, left.tenant_id, left.id, AlarmChanged(views.alarm_view(first)))
    facts = {"into": halves.made.id, "number": halves.made.number, "reason": reason}
    facts |= {"alarms": moved.alarms, "tasks": moved.tasks, "title": left.title}
    await timeline.append(tx, left.tenant_id, left.id, "incident.split", facts, by=actor.account_id)


async def _record(tx: Tx, actor: Actor, halves: Halves, moved: Moved, reason: str) -> None:
    made, left = halves.made, halves.left
    opened = {"number": made.number, "grade": made.grade, "reasons": made.reasons, "plan": made.plan}
    source = {"incident": left.id, "number": left.number, "alarms": moved.alarms, "tasks": moved.tasks}
    facts = {**opened, "split_from": source, "reason": reason}
    await timeline.append(tx, made.tenant_id, made.id, "incident.opened", facts, by=actor.account_id)
    await publishing.publish(tx, made, "incident.split")
    said = {"into": made.id, "alarms": moved.alarms, "tasks": moved.tasks, "reason": reason}
    await audit.record(tx, actor.account_id, "incident.split", "incident", left.id, said)


async def _give_what_is_missing(tx: Tx, context: SiteContext, halves: Halves) -> None:
    """The new incident's plan, as far as it did not come along, and what waited for tasks that went away."""
    first = next((a for a in halves.going if a.id == halves.made.first_out_alarm_id), None)
    if first is not None and first.rule_id in halves.rules:
        await planning.give_tasks(tx, context, halves.made, halves.rules[first.rule_id], again=False)
    for incident in (halves.made, halves.left):
        await giving.give_ready(tx, incident.tenant_id, incident)
