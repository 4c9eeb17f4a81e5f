"""Use cases of drills: start, stop, read. A drill is an incident that a person started, marked as an exercise.

Locks: site, incident, drill, then as closing an incident.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from core.logging import get_logger
from incidents import closing, rooms
from incidents import queries as incident_queries
from incidents.context import load_context
from incidents.drills import ending, queries
from incidents.drills.facts import load_facts
from incidents.drills.model import Drill, EndedWhy, Score
from incidents.drills.score import default_goals, score
from incidents.drills.wording import ENDED, REAL
from incidents.incident import Incident
from incidents.plans import starting
from incidents.plans.model import PlanTemplate
from incidents.plans.starting import Report
from incidents.reaching.delivery import DeliveryPolicy
from incidents.record import timeline
from incidents.service import check_reason
from mobile_contract.drills import DRILL_MAX_MINUTES, Goals
from mobile_contract.room_events import DrillChanged
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries

log = get_logger(__name__)

# Nobody practises beside an emergency. A fault of an instrument (grade IV) is none.
EMERGENCY_GRADE = 3


class DrillDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is practised. ``goals`` None: the plan's own; ``agent``: what leaks, in the exercise's story."""

    plan: str
    zone_id: UUID
    reason: str
    level: int = 1
    agent: str | None = None
    announced: bool = True
    minutes: int = 60
    goals: Goals | None = None


async def start_drill(tx: Tx, actor: Actor, draft: DrillDraft) -> Drill:
    """Start any plan as a drill, on the way of a plan that a person starts.

    Raises NotFound, Invalid, and Conflict while a drill or an emergency is on in the site.
    """
    actor.require(Permission.RUN_DRILL)
    check_reason(draft.reason)
    _check_minutes(draft.minutes)
    zone = await plant_queries.get_zone(tx, actor.tenant_id, draft.zone_id)
    await incident_queries.lock_site(tx, actor.tenant_id, zone.site_id)
    context = await load_context(tx, actor.tenant_id, zone.site_id)
    template = context.plans.get(draft.plan)
    if template is None:
        raise NotFound(
            "plan.not_found", f"no plan {draft.plan}", f"没有预案 {draft.plan}", field="plan", value=draft.plan
        )
    await _check_quiet(tx, actor.tenant_id, zone.site_id)
    report = Report(
        plan=draft.plan,
        zone_id=zone.id,
        reason=draft.reason,
        agent=draft.agent,
        level=draft.level,
        exercise=True,
    )
    incident = await starting.open_reported(tx, context, zone, template, report, by=actor.account_id)
    drill = Drill(
        tenant_id=actor.tenant_id,
        id=new_id(),
        incident_id=incident.id,
        site_id=zone.site_id,
        zone_id=zone.id,
        plan=draft.plan,
        reason=draft.reason,
        level=draft.level,
        announced=draft.announced,
        started_by=actor.account_id,
        started_at=tx.now,
        ends_at=tx.now + timedelta(minutes=draft.minutes),
        goals=draft.goals or _goals_of(template, incident),
    )
    await queries.insert_drill(tx, actor.tenant_id, drill)
    await _tell_begun(tx, drill)
    return drill


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= DRILL_MAX_MINUTES:
        raise Invalid(
            "drill.minutes",
            f"a drill lasts 1 to {DRILL_MAX_MINUTES} minutes",
            f"演习时长为 1 至 {DRILL_MAX_MINUTES} 分钟",
            field="minutes",
            value=minutes,
            limit=DRILL_MAX_MINUTES,
        )


def _goals_of(template: PlanTemplate, incident: Incident) -> Goals:
    evacuates = incident.plan.get("evacuation", "none") != "none"
    return default_goals(template, DeliveryPolicy(), evacuates=evacuates)


async def _check_quiet(tx: Tx, tenant_id: UUID, site_id: UUID) -> None:
    running = await incident_queries.lock_open_incidents(tx, tenant_id, site_id, exercise=True)
    if running:
        raise Conflict(
            "drill.running",
            f"an exercise is on in this site: incident {running[0].number}",
            f"该厂区已有演习进行中：事件 {running[0].number}",
            field="zone",
            value=running[0].number,
            limit=1,
        )
    number = await queries.find_standing(tx, tenant_id, site_id, EMERGENCY_GRADE)
    if number is not None:
        raise Conflict(
            "drill.emergency",
            f"incident {number} of this site is real and open: no drill beside it",
            f"该厂区事件 {number} 为真实警情且未结束，不得演习",
            field="zone",
            value=number,
        )


async def _tell_begun(tx: Tx, drill: Drill) -> None:
    by = drill.started_by
    room_event = DrillChanged(ending.drill_view(drill))
    await rooms.append_to_incident(tx, drill.tenant_id, drill.incident_id, room_event, by=by)
    facts = {
        "drill": drill.id,
        "plan": drill.plan,
        "reason": drill.reason,
        "announced": drill.announced,
        "ends_at": drill.ends_at,
        "goals": drill.goals,
    }
    await timeline.append(tx, drill.tenant_id, drill.incident_id, "drill.started", facts, by=by)
    await audit.record(tx, by, "drill.started", "drill", drill.id, facts)
    log.info("drill.started", drill=str(drill.id), incident=str(drill.incident_id), plan=drill.plan)


async def stop_drill(tx: Tx, actor: Actor, drill_id: UUID, *, finished: bool, reason: str) -> Drill:
    """End a drill; ``finished``: it was done, else it was broken off. Twice is one end."""
    actor.require(Permission.RUN_DRILL)
    check_reason(reason)
    known = await queries.get_drill(tx, actor.tenant_id, drill_id)
    incident = await incident_queries.lock_incident(tx, actor.tenant_id, known.incident_id)
    ended = await ending.end_running(tx, incident, "finished" if finished else "stopped", by=actor.account_id)
    if ended is None:
        return await queries.get_drill(tx, actor.tenant_id, drill_id)
    if incident.state != "closed":
        await closing.shut(tx, incident, reason, by=actor.account_id)
    return ended


async def end_over(tx: Tx, tenant_id: UUID, drill_id: UUID) -> Drill | None:
    """End a drill whose time is up or that something real has overtaken; None: neither, or it has ended.

    What is real has not waited for this: it went its own way, beside the drill.
    """
    known = await queries.get_drill(tx, tenant_id, drill_id)
    incident = await incident_queries.lock_incident(tx, tenant_id, known.incident_id)
    real = await queries.find_real(tx, tenant_id, known)
    why: EndedWhy
    if real is not None:
        why = "real_alarm"
    elif incident.state == "closed":
        why = "finished"
    elif known.ends_at <= tx.now:
        why = "time"
    else:
        return None
    ended = await ending.end_running(tx, incident, why, by=None, real=real)
    said = REAL if why == "real_alarm" else ENDED[why]
    if ended is not None and incident.state != "closed":
        await closing.shut(tx, incident, f"{said.zh} / {said.en}", by=None)
    return ended


async def get_drill(tx: Tx, actor: Actor, drill_id: UUID) -> tuple[Drill, Score]:
    """A drill with its score; of one that runs, as it stands now."""
    actor.require(Permission.READ_INCIDENTS)
    drill = await queries.get_drill(tx, actor.tenant_id, drill_id)
    if drill.score is not None:
        return drill, drill.score
    incident = await incident_queries.get_incident(tx, actor.tenant_id, drill.incident_id)
    return drill, score(await load_facts(tx, drill, incident, tx.now))


def sees_people(actor: Actor) -> bool:
    """How quick each person was is for those who run drills, and for auditors."""
    return actor.may(Permission.RUN_DRILL) or actor.may(Permission.READ_AUDIT)


async def list_drills(
    tx: Tx,
    actor: Actor,
    *,
    site_id: UUID | None,
    plan: str | None,
    running: bool | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Drill]:
    """Drills, newest first."""
    actor.require(Permission.READ_INCIDENTS)
    return await queries.list_drills(
        tx, actor.tenant_id, site_id=site_id, plan=plan, running=running, before=before, limit=limit
    )


async def list_trend(tx: Tx, actor: Actor, plan: str, *, site_id: UUID | None, limit: int) -> list[Drill]:
    """The newest ended drills of a plan, oldest of them first."""
    found = await list_drills(tx, actor, site_id=site_id, plan=plan, running=False, before=None, limit=limit)
    return found[::-1]
