"""A plan, bound to a place and a moment: the incident it opens, the commands it gives, the tasks people get."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec

from core.database import Tx
from core.ids import new_id
from incidents import grading, queries
from incidents.alarms.agents import Hazard, hazard_of
from incidents.alarms.model import DANGER_KINDS, AlarmRule, Grade
from incidents.commanding import command_for
from incidents.context import SiteContext
from incidents.correlation import OpenIncident
from incidents.evacuating import evacuate
from incidents.grading import Graded, StandingAlarm
from incidents.incident import Alarm, Incident, Task
from incidents.matrix import live
from incidents.plans import giving
from incidents.plans.binding import bind, needs_of
from incidents.plans.cards import brief
from incidents.plans.giving import Surroundings
from incidents.plans.model import ActionTemplate, BoundPlan, Cause, Moment, PlanTemplate
from incidents.plans.moments import look, moment_at
from incidents.tasking import task_queries
from plant import command_queries
from plant.model import ACTIONS, Actuator, ActuatorKind, Command, CommandState, Zone

__all__ = ["needs_of"]

# A command in one of these states still works towards its action: asking again would only add noise.
_STANDS = (CommandState.REQUESTED, CommandState.SENT, CommandState.CONFIRMED)


def hazard_of_alarm(kind: str, agent: str | None) -> Hazard | None:
    """What danger an alarm is evidence of; a silent sensor or a missing effect is evidence of none."""
    return hazard_of(agent) if kind in DANGER_KINDS else None


def open_incident(context: SiteContext, incident: Incident, alarms: Sequence[Alarm]) -> OpenIncident:
    """What correlation asks about an incident."""
    reported = hazard_of(incident.agent) if incident.opened_by is not None else None
    hazards = (hazard_of_alarm(a.kind, context.agent_of_sensor(a.sensor_id)) for a in alarms)
    return OpenIncident(
        id=incident.id,
        zones=frozenset({incident.zone_id, *incident.joined_zones, *(a.zone_id for a in alarms)}),
        sources=frozenset(a.sensor_id or a.actuator_id or a.rule_id for a in alarms),
        hazard=next((hazard for hazard in hazards if hazard is not None), reported),
        # Nothing returns what a person reported: it lasts until a person closes it.
        active=incident.opened_by is not None or any(a.returned_at is None for a in alarms),
        last_alarm_at=incident.last_alarm_at,
    )


def may_be_cause(incident: Incident) -> bool:
    """Tasks that were split off alone cause no alarms: those belong to what they were split from."""
    return incident.split_from is None or incident.first_out_alarm_id is not None


def moment_of(context: SiteContext, rule: AlarmRule, now: datetime, grade: int | None = None) -> Moment:
    """The moment of an alarm, wind and people not yet known."""
    return moment_at(
        context,
        context.zone_of(rule),
        now,
        cause=rule.kind,
        level=rule.level,
        agent=context.agent_of(rule),
        source=context.source_name(rule),
        grade=grade,
    )


def new_incident(
    context: SiteContext, rule: AlarmRule, alarm_id: UUID, now: datetime, people_present: int | None = None
) -> Incident:
    """The incident an alarm of this rule opens, graded and with its plan; its number comes from the database."""
    zone, agent = context.zone_of(rule), context.agent_of(rule)
    graded = grade_of(context, [rule], now, people_present)
    moment = moment_of(context, rule, now, int(graded.grade))
    template = context.plan_for(moment)
    bound = bind(template, moment)
    return Incident(
        tenant_id=context.tenant_id,
        id=new_id(),
        number=0,
        site_id=context.site_id,
        zone_id=zone.id,
        state="open",
        grade=int(graded.grade),
        reasons=list(graded.reasons),
        title=bound.title,
        place=zone.name,
        agent=agent,
        plan=plan_facts(template, bound, zone.id, agent),
        first_out_alarm_id=alarm_id,
        opened_at=now,
        last_alarm_at=now,
    )


def plan_facts(template: PlanTemplate, bound: BoundPlan, zone_id: UUID, agent: str | None) -> dict[str, Any]:
    """What the incident keeps of its plan, as of the moment it was opened.

    ``needs`` by role and ``task_needs`` by task are what escalation asks people for; ``escalation`` is its policy.
    """
    leaves = template.evacuation
    return {
        "template": template.slug,
        "version": template.version,
        "zone": str(zone_id),
        "agent": agent,
        "evacuate_from_level": None if leaves is None or leaves.scope == "none" else leaves.from_level,
        "evacuation": bound.evacuation,
        "actions": msgspec.to_builtins(template.actions),
        "do_nots": msgspec.to_builtins(bound.do_nots),
        "needs": msgspec.to_builtins(bound.needs),
        "task_needs": {task.slug: needs_of(task) for task in bound.tasks},
        "escalation": template.escalation,
    }


def grade_of(
    context: SiteContext, rules: Sequence[AlarmRule], now: datetime, people_present: int | None = None
) -> Graded:
    """The grade of an incident whose standing alarms are these rules', and what their plans add to it.

    What a plan's rule asks of wind and people counts as so: the grade is decided at once, and on the careful side.
    """
    graded = grading.grade([_standing(context, rule) for rule in rules], people_present)
    for rule in rules:
        moment = moment_of(context, rule, now, int(graded.grade))
        graded = raised_by(graded, bind(context.plan_for(moment), moment))
    return graded


def raised_by(graded: Graded, bound: BoundPlan) -> Graded:
    """At least as grave as the plan's rules say, with their reasons."""
    for rule in bound.grade_rules:
        if rule.grade < graded.grade:
            graded = Graded(Grade(rule.grade), (*graded.reasons, rule.reason))
    return graded


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


async def room_members(tx: Tx, tenant_id: UUID) -> list[UUID]:
    """Who is in an incident's room from the start: everyone who may be asked to act."""
    return await task_queries.list_responders(tx, tenant_id)


def wanted_actions(context: SiteContext, incident: Incident, alarms: Sequence[Alarm]) -> set[tuple[UUID, str]]:
    """(actuator, action) that the incident's plan and those of these alarms may have asked for, whatever their
    conditions were then; alarms of zones that are no more ask for nothing."""
    wanted = set()
    zone = context.zones.get(incident.zone_id)
    if zone is not None:
        opened_with = msgspec.convert(incident.plan.get("actions", []), list[ActionTemplate])
        wanted |= {(a.id, action.action) for action in opened_with for a in _movers(context, zone, action)}
    for row in alarms:
        zone = context.zones.get(row.zone_id)
        if zone is None:
            continue
        agent = context.agent_of_sensor(row.sensor_id)
        moment = moment_at(
            context, zone, row.raised_at, cause=cast(Cause, row.kind), level=row.level, agent=agent, source=zone.name
        )
        for action in context.plan_for(moment).actions:
            if row.level >= action.from_level:
                wanted |= {(a.id, action.action) for a in _movers(context, zone, action)}
    return wanted | live.wanted_commands(context, alarms)


def _movers(context: SiteContext, zone: Zone, action: ActionTemplate) -> list[Actuator]:
    """The actuators in use that an action is about."""
    if action.kind is not None:
        return list(context.actuators_near(zone, ActuatorKind(action.kind)))
    named = context.actuators.get(action.actuator) if action.actuator is not None else None
    return [] if named is None or named.retired_at is not None else [named]


async def command_actuators(tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule) -> list[Command]:
    """Ask every actuator the alarm's plan names, unless it does or will do that already."""
    zone = context.zone_of(rule)
    moment = moment_of(context, rule, tx.now, incident.grade)
    template = context.plan_for(moment)
    bound = bind(template, await look(tx, context, zone, template, moment))
    given = await command_plan(tx, context, incident, zone, bound, str(rule.id))
    planned = {actuator.id for action in bound.actions for actuator in _movers(context, zone, action)}
    return given + await live.command_effects(tx, context, incident, rule, planned)


async def command_plan(
    tx: Tx, context: SiteContext, incident: Incident, zone: Zone, bound: BoundPlan, why: str
) -> list[Command]:
    """The same for a plan bound to a zone; ``why`` is part of the commands' keys."""
    given = []
    for action in bound.actions:
        for actuator in _movers(context, zone, action):
            # A plan names a kind and an actuator may not know the action: the plan's check knows kinds alone.
            if action.action not in ACTIONS[actuator.kind]:
                continue
            newest = await command_queries.find_newest_of(tx, context.tenant_id, actuator.id)
            if newest is not None and newest.action == action.action and newest.state in _STANDS:
                continue
            # Once for each time the alarm calls: a transition that is tried again has left no command behind.
            key = f"incident:{incident.id}:{why}:{actuator.id}:{action.action}:{tx.now.isoformat()}"
            command = await command_for(
                tx, incident, actuator.id, action.action, f"incident {incident.number}", key=key
            )
            if command is not None:
                given.append(command)
    return given


def evacuates(context: SiteContext, rule: AlarmRule, now: datetime) -> bool:
    """Whether the alarm's plan has people led out and counted; its conditions count as so, on the careful side."""
    leaves = context.plan_for(moment_of(context, rule, now)).evacuation
    return leaves is not None and leaves.scope != "none" and rule.level >= leaves.from_level


async def is_in_hand(tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule) -> bool:
    """Whether tasks of the alarm's plan are in hand in this incident already, wherever in it."""
    slug = context.plan_for(moment_of(context, rule, tx.now)).slug
    tasks = await queries.list_tasks(tx, context.tenant_id, incident.id)
    return any(t.plan_template == slug and t.state not in ("done", "cancelled") for t in tasks)


async def give_tasks(
    tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule, *, again: bool = True, repeats: bool = False
) -> list[Task]:
    """Bind the alarm's plan to this moment, give its tasks (see ``giving``) and those of plans the matrix adds, and
    have people led out where one of them says so. ``again`` False: the alarm has called before, and only what it called
    for that nobody was ever given is given. ``repeats``: the plan's tasks are in hand elsewhere in the incident."""
    zone, agent = context.zone_of(rule), context.agent_of(rule)
    moment = moment_of(context, rule, tx.now, incident.grade)
    template = context.plan_for(moment)
    bound = bind(template, await look(tx, context, zone, template, moment))
    around = surroundings(context, zone, agent, bound)
    given: list[Task] = []
    if not repeats:
        given = await giving.give_plan(tx, context.tenant_id, incident, template, bound, around, again=again)
    asked = await live.find_effects(tx, context, rule)
    for wanted in asked.plans:
        further = context.plans.get(wanted.slug)
        if further is None or further.slug == template.slug:
            continue
        bound_further = bind(further, await look(tx, context, zone, further, moment))
        around = surroundings(context, zone, agent, bound_further)
        given += await giving.give_plan(tx, context.tenant_id, incident, further, bound_further, around, again=again)
    if again:
        await evacuate(tx, context, incident, zone, bound.evacuation, asked.evacuations)
    return given


def surroundings(context: SiteContext, zone: Zone, agent: str | None, bound: BoundPlan) -> Surroundings:
    """What every order of the plan says beside its task."""
    card = None if agent is None or agent not in context.cards else brief(agent, context.cards[agent])
    return Surroundings(zone.name, agent, list(bound.do_nots), card)
