"""The search for a task's people: how far it is and why, steering it, and the policies it walks."""

from __future__ import annotations

from typing import Annotated, cast
from uuid import UUID

from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from incidents.reaching.orders import delivery_view
from incidents.tasking import escalation_service as service
from incidents.tasking import policy_service
from incidents.tasking.asked import escalation_view
from incidents.tasking.escalation_service import EscalationFile
from incidents.tasking.policy_queries import PolicyRow
from incidents.tasking.policy_service import PolicyChange
from mobile_contract.escalations import (
    AskedView,
    AskRequest,
    EscalationDetail,
    JumpRequest,
    MoveName,
    NewPolicy,
    NextMove,
    NotAskedView,
    PauseRequest,
    PolicyEdit,
    PolicyView,
    ResumeRequest,
)
from mobile_contract.paging import Page
from mobile_contract.room_views import EscalationView
from people.permissions import Permission

# Versions are 32-bit integers in the database.
_NEWEST = 2**31 - 1
Version = Annotated[int | None, QueryParameter(ge=1, le=_NEWEST, description="This version; else the newest.")]


@get("/v1/incidents/{incident_id:uuid}/escalations", guards=[needs(Permission.READ_INCIDENTS)])
async def list_escalations(call: Call, incident_id: FromPath[UUID]) -> Page[EscalationView]:
    """Escalations of an incident's tasks, oldest first, on one page: needs, what is met, who comes."""
    return Page(await service.list_escalations(call.tx, call.actor, incident_id), None)


@get("/v1/tasks/{task_id:uuid}/escalation", guards=[needs(Permission.READ_INCIDENTS)])
async def get_escalation(call: Call, task_id: FromPath[UUID]) -> EscalationDetail:
    """Who was asked for a task, when and why, who was not and why not, and what comes next and when."""
    return escalation_detail(await service.get_escalation(call.tx, call.actor, task_id))


@post("/v1/tasks/{task_id:uuid}/escalation/jump", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def jump_escalation(
    data: JSONBody[JumpRequest], task_id: FromPath[UUID], write: Write
) -> Response[EscalationDetail]:
    """Go to a step of the policy at once; who was asked before may still answer."""

    async def work() -> EscalationDetail:
        return escalation_detail(
            await service.jump(write.tx, write.actor, task_id, data.step, data.reason, data.fencing)
        )

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/escalation/pause", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def pause_escalation(
    data: JSONBody[PauseRequest], task_id: FromPath[UUID], write: Write
) -> Response[EscalationDetail]:
    """Ask nobody new for a while, 15 min at most; it goes on by itself."""

    async def work() -> EscalationDetail:
        return escalation_detail(
            await service.pause(write.tx, write.actor, task_id, data.for_s, data.reason, data.fencing)
        )

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/escalation/resume", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def resume_escalation(
    data: JSONBody[ResumeRequest], task_id: FromPath[UUID], write: Write
) -> Response[EscalationDetail]:
    """End a pause before its time; without a pause nothing changes."""

    async def work() -> EscalationDetail:
        return escalation_detail(await service.resume(write.tx, write.actor, task_id, data.fencing))

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/escalation/ask", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def ask_person(data: JSONBody[AskRequest], task_id: FromPath[UUID], write: Write) -> Response[EscalationDetail]:
    """Ask this person for the task now, whatever the policy says."""

    async def work() -> EscalationDetail:
        return escalation_detail(
            await service.ask_person(write.tx, write.actor, task_id, data.account, data.reason, data.fencing)
        )

    return await write.once(work, status=200)


@get("/v1/escalation-policies", guards=[needs(Permission.READ_PLANS)])
async def list_escalation_policies(
    call: Call,
    q: Search = None,
    retired: Annotated[bool, QueryParameter(description="True: those retired as well.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PolicyView]:
    """The newest version of each policy, by slug."""
    after = read_cursor(cursor, str, "")
    rows = await policy_service.list_policies(
        call.tx, call.actor, after=after, retired=retired, search=q, limit=limit + 1
    )
    return page(rows, limit, key=lambda row: row.slug, view=policy_view)


@get("/v1/escalation-policies/{policy_id:uuid}", guards=[needs(Permission.READ_PLANS)])
async def get_escalation_policy(call: Call, policy_id: FromPath[UUID], version: Version = None) -> Response[PolicyView]:
    """One policy; the newest version's ETag is what an edit names."""
    row = await policy_service.get_policy(call.tx, call.actor, policy_id, version)
    return Response(policy_view(row), headers=etag(row.version))


@get("/v1/escalation-policies/{policy_id:uuid}/versions", guards=[needs(Permission.READ_PLANS)])
async def list_escalation_policy_versions(
    call: Call, policy_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[PolicyView]:
    """Versions of a policy, newest first."""
    before = min(max(read_cursor(cursor, int, _NEWEST), 0), _NEWEST)
    rows = await policy_service.list_versions(call.tx, call.actor, policy_id, before=before, limit=limit + 1)
    return page(rows, limit, key=lambda row: row.version, view=policy_view)


@post("/v1/escalation-policies", guards=[needs(Permission.EDIT_PLANS)])
async def create_escalation_policy(data: JSONBody[NewPolicy], write: Write) -> Response[PolicyView]:
    """Create a policy; plans name it by its slug."""

    async def work() -> PolicyView:
        return policy_view(
            await policy_service.create_policy(write.tx, write.actor, data.slug, data.title, data.policy)
        )

    return await write.once(work, headers=lambda view: etag(view.version))


@patch("/v1/escalation-policies/{policy_id:uuid}", guards=[needs(Permission.EDIT_PLANS)])
async def edit_escalation_policy(
    data: JSONBody[PolicyEdit], policy_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[PolicyView]:
    """Make the next version, or retire the policy; escalations that run keep the version they began with."""
    version = expected_version(if_match)
    change = PolicyChange(data.title, data.policy, data.retired)
    row = await policy_service.edit_policy(call.tx, call.actor, policy_id, change, expected_version=version)
    return Response(policy_view(row), headers=etag(row.version))


def policy_view(row: PolicyRow) -> PolicyView:
    """A version of a policy as the wire shows it."""
    return PolicyView(
        id=row.id,
        slug=row.slug,
        version=row.version,
        title=row.title,
        policy=row.body,
        retired=row.retired,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def escalation_detail(file: EscalationFile) -> EscalationDetail:
    """An escalation as the wire shows it."""
    row = file.asked.escalation
    asked = [
        AskedView(
            delivery=delivery_view(d.known, d.channel),
            round=d.round,
            step=d.policy_step,
            because=d.because,
            fills=d.account_id in file.fills,
            ended_why=d.ended_why,
        )
        for d in file.asked.rows
    ]
    upcoming = file.upcoming
    return EscalationDetail(
        escalation=escalation_view(row),
        incident=row.incident_id,
        fencing=row.fencing,
        policy=row.policy,
        step_started_at=row.step_started_at,
        paused_by=row.paused_by,
        pause_reason=row.pause_reason,
        asked=asked,
        not_asked=[NotAskedView(account, why) for account, why in file.not_asked],
        next=NextMove(cast(MoveName, upcoming.move), upcoming.at, upcoming.accounts),
    )


router = Router(
    "/",
    route_handlers=[
        list_escalations,
        get_escalation,
        jump_escalation,
        pause_escalation,
        resume_escalation,
        ask_person,
        list_escalation_policies,
        get_escalation_policy,
        list_escalation_policy_versions,
        create_escalation_policy,
        edit_escalation_policy,
    ],
    tags=["escalations"],
)
