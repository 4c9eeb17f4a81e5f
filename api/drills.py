"""Drills: start and stop, how they go and went, and how the same plan went before."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from incidents.drills import service, trend
from incidents.drills.model import Drill, Score
from incidents.drills.service import DrillDraft
from incidents.drills.wording import GOALS, OVERALL, says
from mobile_contract.drills import (
    DrillDetail,
    DrillPerson,
    DrillRecord,
    DrillScore,
    DrillStop,
    DrillTask,
    DrillTrend,
    GoalResult,
    NewDrill,
)
from mobile_contract.paging import Page
from people.permissions import Permission


@post("/v1/drills", guards=[needs(Permission.RUN_DRILL)])
async def start_drill(data: JSONBody[NewDrill], write: Write) -> Response[DrillRecord]:
    """Start any plan as a drill: people are ordered as in earnest, and every order says that it is an exercise.

    No machine moves and nobody outside is called. One drill a site, and none beside an emergency: 409.
    """

    async def work() -> DrillRecord:
        draft = DrillDraft(
            plan=data.plan,
            zone_id=data.zone,
            reason=data.reason,
            level=data.level,
            agent=data.agent,
            announced=data.announced,
            minutes=data.minutes,
            goals=data.goals,
        )
        return drill_record(await service.start_drill(write.tx, write.actor, draft))

    return await write.once(work)


@post("/v1/drills/{drill_id:uuid}/stop", status_code=200, guards=[needs(Permission.RUN_DRILL)])
async def stop_drill(data: JSONBody[DrillStop], drill_id: FromPath[UUID], write: Write) -> Response[DrillRecord]:
    """End a drill: its orders are withdrawn and its score is kept. Stopping twice is one end."""

    async def work() -> DrillRecord:
        finished = data.why == "finished"
        ended = await service.stop_drill(write.tx, write.actor, drill_id, finished=finished, reason=data.reason)
        return drill_record(ended)

    return await write.once(work, status=200)


@get("/v1/drills", guards=[needs(Permission.READ_INCIDENTS)])
async def list_drills(
    call: Call,
    site: Annotated[UUID | None, QueryParameter(description="In this site.")] = None,
    plan: Annotated[str | None, QueryParameter(min_length=1, max_length=63, description="Of this plan.")] = None,
    running: Annotated[bool | None, QueryParameter(description="Those that run, or those that ended.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[DrillRecord]:
    """Drills, newest first."""
    rows = await service.list_drills(
        call.tx,
        call.actor,
        site_id=site,
        plan=plan,
        running=running,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.started_at, row.id), view=drill_record)


@get("/v1/drill-trend", guards=[needs(Permission.READ_INCIDENTS)])
async def get_drill_trend(
    call: Call,
    plan: Annotated[str, QueryParameter(min_length=1, max_length=63, description="Drills of this plan.")],
    site: Annotated[UUID | None, QueryParameter(description="In this site.")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> DrillTrend:
    """The newest ended drills of a plan, oldest first, each beside the one before it in the same site."""
    found = await service.list_trend(call.tx, call.actor, plan, site_id=site, limit=limit)
    return DrillTrend(plan, trend.trend_of(found))


@get("/v1/drills/{drill_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_drill(call: Call, drill_id: FromPath[UUID]) -> DrillDetail:
    """A drill and its score; of one that runs, as it stands. Single people's times are for those who run drills."""
    drill, score = await service.get_drill(call.tx, call.actor, drill_id)
    return DrillDetail(drill_record(drill), drill_score(score, people=service.sees_people(call.actor)))


def drill_record(drill: Drill) -> DrillRecord:
    """A drill as the wire shows it."""
    return DrillRecord(
        id=drill.id,
        incident=drill.incident_id,
        site=drill.site_id,
        zone=drill.zone_id,
        plan=drill.plan,
        reason=drill.reason,
        level=drill.level,
        announced=drill.announced,
        started_by=drill.started_by,
        started_at=drill.started_at,
        ends_at=drill.ends_at,
        goals=drill.goals,
        ended_at=drill.ended_at,
        ended_why=drill.ended_why,
        ended_by=drill.ended_by,
        real_incident=drill.real_incident_id,
        overall=None if drill.score is None else drill.score.overall,
    )


def drill_score(score: Score, *, people: bool) -> DrillScore:
    """A score as the wire shows it, with its words."""
    goals = [
        GoalResult(
            goal=goal.goal,
            name=GOALS[goal.goal],
            limit_s=goal.limit_s,
            took_s=goal.took_s,
            margin_s=goal.margin_s,
            result=goal.result,
            says=says(goal),
        )
        for goal in score.goals
    ]
    return DrillScore(
        overall=score.overall,
        says=OVERALL[score.overall],
        goals=goals,
        ordered=score.ordered,
        reached=score.reached,
        receipt_s=score.receipt_s,
        acknowledge_s=score.acknowledge_s,
        quorum_s=score.quorum_s,
        accounted_s=score.accounted_s,
        steps=score.steps,
        confirmed=score.confirmed,
        tasks=[DrillTask(**msgspec.structs.asdict(task)) for task in score.tasks],
        people=[DrillPerson(**msgspec.structs.asdict(person)) for person in score.people] if people else None,
    )


router = Router(
    "/",
    route_handlers=[start_drill, stop_drill, list_drills, get_drill_trend, get_drill],
    tags=["drills"],
)
