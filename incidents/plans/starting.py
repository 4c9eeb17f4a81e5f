"""A plan that a person starts: somebody saw a fire, was splashed, is trapped, calls for help.

It opens an incident without an alarm, with everything that follows from one. What two people report of one place is one
incident. Locks: site, incident, task, delivery, command, room.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Forbidden, NotFound
from core.ids import new_id
from core.logging import get_logger
from incidents import commanding, queries, rooms, views
from incidents.context import SiteContext, load_context
from incidents.evacuating import evacuate
from incidents.grading import Graded, grade_report
from incidents.incident import Incident
from incidents.joining import queries as joining_queries
from incidents.plans import giving, planning
from incidents.plans.binding import bind
from incidents.plans.model import BoundPlan, Moment, PlanTemplate
from incidents.plans.moments import look, moment_at
from incidents.record import publishing, timeline
from incidents.response import INCIDENTS_OPENED
from incidents.service import check_reason
from mobile_contract.room_events import IncidentOpened, IncidentRegraded
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries
from plant.model import Zone

log = get_logger(__name__)

NEWS_REPORTED = "incident.reported"
"""Key: the incident's id. A person says that something real happens."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says is happening. ``level`` 2: somebody is hurt, or it can not be held.

    ``silent``: whoever reports it is not in its room.
    """

    plan: str
    zone_id: UUID
    reason: str
    agent: str | None = None
    level: int = 1
    exercise: bool = False
    silent: bool = False


class Bound(msgspec.Struct, frozen=True):
    """The plan of a report, bound to its place."""

    context: SiteContext
    zone: Zone
    template: PlanTemplate
    plan: BoundPlan


async def start_plan(tx: Tx, actor: Actor, report: Report) -> Incident:
    """Open an incident on a person's word; anybody who may call for help may.

    Raises NotFound for an unknown plan or zone, Forbidden for a plan people do not start themselves, Invalid.
    """
    actor.require(Permission.RAISE_SOS)
    check_reason(report.reason)
    zone = await plant_queries.get_zone(tx, actor.tenant_id, report.zone_id)
    await queries.lock_site(tx, actor.tenant_id, zone.site_id)
    context = await load_context(tx, actor.tenant_id, zone.site_id)
    template = context.plans.get(report.plan)
    if template is None:
        raise NotFound(
            "plan.not_found", f"no plan {report.plan}", f"没有预案 {report.plan}", field="plan", value=report.plan
        )
    if not any(t.manual or t.sos for t in template.triggers) and not actor.may(Permission.MANAGE_INCIDENT):
        raise Forbidden(
            "plan.not_manual",
            "this plan is not started by hand",
            "此预案不由人员手动启动",
            field="plan",
            value=report.plan,
        )
    return await open_reported(tx, context, zone, template, report, by=actor.account_id)


async def open_reported(
    tx: Tx, context: SiteContext, zone: Zone, template: PlanTemplate, report: Report, *, by: UUID
) -> Incident:
    """The incident of a report, with its plan at work; the caller holds the site's lock.

    An open incident of the same plan in the same zone is the same thing, told again, and so is one it was merged into.
    """
    moment = await look(tx, context, zone, template, _moment(tx, context, zone, template, report))
    told = (zone.id, template.slug, report.exercise)
    standing = await queries.lock_open_incidents(tx, context.tenant_id, context.site_id, exercise=report.exercise)
    gone = await joining_queries.list_gone(tx, context.tenant_id, [known.id for known in standing])
    merged = {it.root for it in gone if (it.zone_id, it.template, it.exercise) == told}
    for known in standing:
        if told == (known.zone_id, known.plan.get("template"), known.exercise) or known.id in merged:
            bound = bind(template, msgspec.structs.replace(moment, grade=known.grade))
            return await _told_again(tx, known, Bound(context, zone, template, bound), report, by)
    incident = _incident(tx, context, zone, template, moment, report, by)
    incident = msgspec.structs.replace(incident, number=await queries.insert_incident(tx, context.tenant_id, incident))
    bound = bind(template, msgspec.structs.replace(moment, grade=incident.grade))
    await _begin(tx, incident, Bound(context, zone, template, bound), report, by)
    return incident


async def tell_again(
    tx: Tx, context: SiteContext, zone: Zone, known: Incident, report: Report, *, by: UUID
) -> Incident:
    """The same person reports it again; the caller holds the locks of the site and the incident."""
    template = context.plans[known.plan["template"]]
    moment = await look(tx, context, zone, template, _moment(tx, context, zone, template, report))
    bound = bind(template, msgspec.structs.replace(moment, grade=known.grade))
    return await _told_again(tx, known, Bound(context, zone, template, bound), report, by)


def _moment(tx: Tx, context: SiteContext, zone: Zone, template: PlanTemplate, report: Report) -> Moment:
    return moment_at(
        context,
        zone,
        tx.now,
        cause="manual" if any(t.manual for t in template.triggers) else "sos",
        level=report.level,
        agent=report.agent,
        source=Text("人员报告", "A person's report"),
    )


def _incident(
    tx: Tx, context: SiteContext, zone: Zone, template: PlanTemplate, moment: Moment, report: Report, by: UUID
) -> Incident:
    graded = grade_report(report.level, report.reason, zone.name, zone.risk)
    moment = msgspec.structs.replace(moment, grade=int(graded.grade))
    bound = bind(template, moment)
    graded = planning.raised_by(graded, bound)
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
        agent=report.agent,
        plan=planning.plan_facts(template, bound, zone.id, report.agent),
        first_out_alarm_id=None,
        opened_at=tx.now,
        last_alarm_at=tx.now,
        exercise=report.exercise,
        opened_by=by,
    )


async def _begin(tx: Tx, incident: Incident, bound: Bound, report: Report, by: UUID) -> None:
    tenant_id, context = incident.tenant_id, bound.context
    members = {*await planning.room_members(tx, tenant_id), *(() if report.silent else (by,))}
    room_id = await rooms.open_room(tx, tenant_id, incident.id, sorted(members))
    # Commands before news: whoever confirms one locks it before it locks the room.
    commands = await planning.command_plan(tx, context, incident, bound.zone, bound.plan, "reported")
    rooms.append_later(tx, room_id, IncidentOpened(views.incident_view(incident)), by=by)
    facts = {"number": incident.number, "grade": incident.grade, "reasons": incident.reasons, "plan": incident.plan}
    said: dict[str, Any] = {"reported": report.reason, "level": report.level}
    if incident.exercise:
        said["exercise"] = True
    await timeline.append(tx, tenant_id, incident.id, "incident.opened", {**facts, **said}, by=by)
    await publishing.publish(tx, incident, "incident.opened")
    await commanding.announce_commands(tx, tenant_id, incident.id, commands)
    around = planning.surroundings(context, bound.zone, report.agent, bound.plan)
    await giving.give_plan(tx, tenant_id, incident, bound.template, bound.plan, around)
    await evacuate(tx, context, incident, bound.zone, bound.plan.evacuation)
    opened = {"plan": report.plan, "zone": bound.zone.id, "reason": report.reason, "level": report.level}
    await audit.record(tx, by, "incident.reported", "incident", incident.id, opened)
    if not incident.exercise:
        await outbox.wake(tx, NEWS_REPORTED, incident.id)
    INCIDENTS_OPENED.labels(incident.grade).inc()
    log.info("incident.opened", incident=str(incident.id), number=incident.number, grade=incident.grade)


async def _told_again(tx: Tx, known: Incident, bound: Bound, report: Report, by: UUID) -> Incident:
    """Who told it again is in the room, and what they said is in the record. When they say that it can not be held,
    the plan calls again, and the grade gets no milder."""
    tenant_id = known.tenant_id
    commands = []
    if report.level == 2:
        # Commands before news, as above.
        commands = await planning.command_plan(tx, bound.context, known, bound.zone, bound.plan, "reported")
    if not report.silent:
        await rooms.add_member(tx, tenant_id, await rooms.room_id_of(tx, tenant_id, known.id), by)
    facts = {"reason": report.reason, "level": report.level}
    await timeline.append(tx, tenant_id, known.id, "incident.reported_again", facts, by=by)
    await audit.record(tx, by, "incident.reported_again", "incident", known.id, facts)
    if report.level == 1:
        return known
    graded = grade_report(report.level, report.reason, bound.zone.name, bound.zone.risk)
    after = await raise_grade(tx, known, planning.raised_by(graded, bound.plan), by)
    await commanding.announce_commands(tx, tenant_id, known.id, commands)
    around = planning.surroundings(bound.context, bound.zone, report.agent or known.agent, bound.plan)
    await giving.give_plan(tx, tenant_id, after, bound.template, bound.plan, around)
    await evacuate(tx, bound.context, after, bound.zone, bound.plan.evacuation)
    return after


async def raise_grade(tx: Tx, known: Incident, graded: Graded, by: UUID) -> Incident:
    """The locked incident at a graver grade; it gets no milder."""
    if graded.grade >= known.grade:
        return known
    after = msgspec.structs.replace(known, grade=int(graded.grade), reasons=list(graded.reasons))
    await queries.save_incident(tx, known.tenant_id, after)
    body = IncidentRegraded(after.grade, after.reasons)
    await rooms.append_to_incident(tx, known.tenant_id, known.id, body, by=by)
    facts = {"from": known.grade, "to": after.grade, "reasons": after.reasons}
    await timeline.append(tx, known.tenant_id, known.id, "incident.regraded", facts, by=by)
    await publishing.publish(tx, after, "incident.regraded")
    return after
