"""A plan, bound to a place and a moment: the incident it opens, the commands it gives, the tasks people get."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx
from core.ids import new_id
from incidents import grading, queries, rooms, views
from incidents.alarms.agents import Hazard, hazard_of, name_of
from incidents.alarms.evaluation import Outcome
from incidents.alarms.model import AlarmRule
from incidents.context import SiteContext
from incidents.correlation import OpenIncident
from incidents.grading import Graded, StandingAlarm
from incidents.incident import Alarm, Incident, Task
from incidents.plans import plan_library
from incidents.plans.plan_library import ActionTemplate, PlanTemplate, TaskTemplate
from incidents.reaching.orders import OrderContent
from incidents.record import timeline
from incidents.tasking import escalation, task_queries
from incidents.wording import lower_first
from mobile_contract.room import CommandChanged, TaskAssigned
from mobile_contract.text import Text
from plant import command_queries
from plant import service as plant_service
from plant.model import ActuatorKind, Command, CommandState

# A command in one of these states still works towards its action: asking again would only add noise.
_STANDS = (CommandState.REQUESTED, CommandState.SENT, CommandState.CONFIRMED)


def hazard_of_alarm(kind: str, agent: str | None) -> Hazard | None:
    """What danger an alarm is evidence of; a silent sensor or a missing effect is evidence of none."""
    return hazard_of(agent) if kind in ("high", "low") else None


def open_incident(context: SiteContext, incident: Incident, alarms: Sequence[Alarm]) -> OpenIncident:
    """What correlation asks about an incident."""
    return OpenIncident(
        id=incident.id,
        zones=frozenset({incident.zone_id, *(a.zone_id for a in alarms)}),
        hazard=next((h for a in alarms if (h := hazard_of_alarm(a.kind, context.agent_of_sensor(a.sensor_id)))), None),
        active=any(a.returned_at is None for a in alarms),
        last_alarm_at=incident.last_alarm_at,
    )


def new_incident(context: SiteContext, outcome: Outcome, alarm_id: UUID, now: datetime) -> Incident:
    """The incident this alarm opens, graded and with its plan; its number comes from the database."""
    rule = outcome.rule
    zone, agent = context.zone_of(rule), context.agent_of(rule)
    template = plan_library.choose_template(rule.kind, agent)
    graded = grading.grade([_standing(context, rule)])
    return Incident(
        tenant_id=context.tenant_id,
        id=new_id(),
        number=0,
        site_id=context.site_id,
        zone_id=zone.id,
        state="open",
        grade=int(graded.grade),
        reasons=list(graded.reasons),
        title=_bound(context, rule, template.title),
        place=zone.name,
        agent=agent,
        plan=_bound_plan(template, zone.id, agent),
        first_out_alarm_id=alarm_id,
        opened_at=now,
        last_alarm_at=now,
    )


def _bound_plan(template: PlanTemplate, zone_id: UUID, agent: str | None) -> dict[str, Any]:
    return {
        "template": template.slug,
        "version": template.version,
        "zone": str(zone_id),
        "agent": agent,
        "evacuate_from_level": template.evacuate_from_level,
        "actions": msgspec.to_builtins(template.actions),
    }


def grade_of(context: SiteContext, rules: Sequence[AlarmRule]) -> Graded:
    """The grade of an incident whose standing alarms are these rules'."""
    return grading.grade([_standing(context, rule) for rule in rules])


def _standing(context: SiteContext, rule: AlarmRule) -> StandingAlarm:
    zone = context.zone_of(rule)
    return StandingAlarm(
        kind=rule.kind,
        level=rule.level,
        agent=context.agent_of(rule),
        zone=zone.id,
        zone_name=zone.name,
        risk=zone.risk,
        source_name=context.source_name(rule),
    )


def _bound(context: SiteContext, rule: AlarmRule, text: Text) -> Text:
    zone, source = context.zone_of(rule), context.source_name(rule)
    return plan_library.bind_text(text, lower_first(zone.name), name_of(context.agent_of(rule)), lower_first(source))


async def room_members(tx: Tx, tenant_id: UUID) -> list[UUID]:
    """Who is in an incident's room from the start: everyone who may be asked to act."""
    return await task_queries.list_responders(tx, tenant_id)


def wanted_actions(context: SiteContext, alarms: Sequence[Alarm]) -> set[tuple[UUID, str]]:
    """(actuator, action) that the plans of these alarms ask for; alarms of zones that are no more ask for nothing."""
    wanted = set()
    for row in alarms:
        zone = context.zones.get(row.zone_id)
        template = plan_library.choose_template(row.kind, context.agent_of_sensor(row.sensor_id))
        for action in template.actions:
            if zone is not None and row.level >= action.from_level:
                near = context.actuators_near(zone, ActuatorKind(action.kind))
                wanted |= {(actuator.id, action.action) for actuator in near}
    return wanted


async def command_actuators(tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule) -> list[Command]:
    """Ask every actuator of the plan's kinds near the alarm, unless it does or will do that already."""
    template = plan_library.choose_template(rule.kind, context.agent_of(rule))
    given = []
    for action in template.actions:
        if rule.level >= action.from_level:
            given += await _command_kind(tx, context, incident, rule, action)
    return given


async def _command_kind(
    tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule, action: ActionTemplate
) -> list[Command]:
    given = []
    for actuator in context.actuators_near(context.zone_of(rule), ActuatorKind(action.kind)):
        newest = await command_queries.find_newest_of(tx, context.tenant_id, actuator.id)
        if newest is not None and newest.action == action.action and newest.state in _STANDS:
            continue
        command = await plant_service.request_command(
            tx,
            None,
            actuator.id,
            action.action,
            f"incident {incident.number}",
            # Once for each time the alarm calls: a transition that is tried again has left no command behind.
            key=f"incident:{incident.id}:{rule.id}:{actuator.id}:{action.action}:{tx.now.isoformat()}",
            incident_id=incident.id,
            inhibited=incident.exercise,
        )
        given.append(command)
    return given


async def announce_commands(tx: Tx, tenant_id: UUID, incident_id: UUID, commands: Sequence[Command]) -> None:
    """Tell the room and the record of commands that were given."""
    for command in commands:
        await rooms.append_to_incident(tx, tenant_id, incident_id, CommandChanged(views.command_view(command)))
        facts = {"command": command.id, "actuator": command.actuator_id, "action": command.action}
        await timeline.append(tx, tenant_id, incident_id, "command.requested", facts)


async def give_tasks(tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule) -> list[Task]:
    """Give each task of the alarm's plan that nobody has in hand to one person, and order them to it.

    A task that was done when the alarm called before is given again.
    """
    template = plan_library.choose_template(rule.kind, context.agent_of(rule))
    tenant_id = context.tenant_id
    await queries.store_template(tx, tenant_id, template.slug, template.version, plan_library.as_stored(template))
    existing = await queries.list_tasks(tx, tenant_id, incident.id)
    in_hand = [t for t in existing if t.state not in ("done", "cancelled")]
    known = {(t.plan_template, t.title.en) for t in in_hand}
    given: list[Task] = []
    for wanted in template.tasks:
        title = _bound(context, rule, wanted.title)
        if rule.level < wanted.from_level or (template.slug, title.en) in known:
            continue
        position = len(existing) + len(given) + 1
        task = _new_task(tx, context, incident, rule, template, wanted, position)
        given.append(await _give(tx, context, incident, rule, task))
    return given


def _new_task(
    tx: Tx,
    context: SiteContext,
    incident: Incident,
    rule: AlarmRule,
    template: PlanTemplate,
    wanted: TaskTemplate,
    position: int,
) -> Task:
    """A task nobody has been asked for yet.

    A plan says whom the task needs with ``needs`` (a list of tasking.policy.Need; empty: one person), and who is asked
    in which order with ``policy``: {"slug", "version"} of the tenant's escalation policies, or a whole policy as
    JSON; None is the default. Both are frozen when the escalation starts.
    """
    steps = [msgspec.structs.replace(step, text=_bound(context, rule, step.text)) for step in wanted.numbered()]
    return Task(
        tenant_id=context.tenant_id,
        id=new_id(),
        incident_id=incident.id,
        position=position,
        role=wanted.role,
        title=_bound(context, rule, wanted.title),
        steps=steps,
        plan_template=template.slug,
        plan_version=template.version,
        owner_account_id=None,
        state="open",
        fencing=1,
        deadline_at=tx.now + timedelta(seconds=wanted.within_s),
        created_at=tx.now,
    )


async def _give(tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule, task: Task) -> Task:
    """Start to look for the task's people; returns it with who has it."""
    tenant_id = context.tenant_id
    content = OrderContent(
        grade=incident.grade,
        title=task.title,
        # Where this alarm is and what it is about: the incident may have begun next door.
        place=context.zone_of(rule).name,
        agent=context.agent_of(rule),
        steps=task.steps,
        deadline_at=task.deadline_at,
        exercise=incident.exercise,
    )
    task = await escalation.start(tx, task, content)
    facts = {"task": task.id, "title": task.title, "to": task.owner_account_id, "deadline": task.deadline_at}
    facts["plan"] = {"template": task.plan_template, "version": task.plan_version}
    await timeline.append(tx, tenant_id, incident.id, "task.assigned", facts)
    room_id = await rooms.room_id_of(tx, tenant_id, incident.id)
    rooms.append_later(tx, room_id, TaskAssigned(views.task_view(task)))
    return task
