"""Plans: what is in force, versions from draft to published, what differs, what one would do."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_time_cursor, time_key
from core.errors import Invalid
from incidents.plans import plan_service as service
from incidents.plans.plan_service import InForce, Preview, Question
from incidents.plans.versions import PlanVersion
from mobile_contract.paging import Page
from mobile_contract.plans import (
    NeedView,
    NewDraft,
    PlanBody,
    PlanChange,
    PlanPreview,
    PlanQuestion,
    PlanSummary,
    PlanTemplate,
    PlanVersionDetail,
    PlanVersionView,
    PreviewTask,
    ReviewNote,
    VersionStateName,
)
from people.permissions import Permission

SlugQuery = Annotated[str | None, QueryParameter(min_length=1, max_length=63, description="Of this plan alone.")]


@get("/v1/plans", guards=[needs(Permission.READ_PLANS)])
async def list_plans(call: Call, q: Search = None) -> Page[PlanSummary]:
    """The plans that count now, the tenant's own before the library's, on one page: a plant has some tens."""
    rows = await service.list_in_force(call.tx, call.actor, search=q)
    return Page([plan_summary(row) for row in rows], None)


@get("/v1/plan-templates", guards=[needs(Permission.READ_PLANS)])
async def list_plan_templates(
    call: Call,
    slug: Annotated[str, QueryParameter(min_length=1, max_length=63, description="The plan's name.")],
    version: Annotated[
        int | None, QueryParameter(ge=1, le=2**31 - 1, description="Without it, the one that counts now.")
    ] = None,
) -> Page[PlanTemplate]:
    """What a plan says: the one in force, the library's, or the version an incident was bound from; one or none."""
    return Page(await service.list_templates(call.tx, call.actor, slug, version), None)


@get("/v1/plan-versions", guards=[needs(Permission.READ_PLANS)])
async def list_plan_versions(
    call: Call,
    slug: SlugQuery = None,
    in_state: Annotated[VersionStateName | None, QueryParameter(name="state", description="In this state.")] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PlanVersionView]:
    """Versions of the tenant's own plans, newest first."""
    rows = await service.list_versions(
        call.tx, call.actor, slug=slug, state=in_state, search=q, before=read_time_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.created_at, row.id), view=version_view)


@get("/v1/plan-versions/{version_id:uuid}", guards=[needs(Permission.READ_PLANS)])
async def get_plan_version(call: Call, version_id: FromPath[UUID]) -> Response[PlanVersionDetail]:
    """One version with what it says; its ETag is what an edit names."""
    found = await service.get_version(call.tx, call.actor, version_id)
    return Response(version_detail(found), headers=etag(found.revision))


@post("/v1/plan-versions", guards=[needs(Permission.EDIT_PLANS)])
async def draft_plan(data: JSONBody[NewDraft], write: Write) -> Response[PlanVersionDetail]:
    """Begin a draft: of one's own, from another version, or from the library."""

    async def work() -> PlanVersionDetail:
        return version_detail(await _draft(write, data))

    return await write.once(work, headers=lambda made: etag(made.revision))


async def _draft(write: Write, data: NewDraft) -> PlanVersion:
    if data.copy_of is not None and data.library is None and data.body is None and data.slug is None:
        return await service.copy_version(write.tx, write.actor, data.copy_of)
    if data.library is not None and data.copy_of is None and data.body is None and data.slug is None:
        return await service.copy_library(write.tx, write.actor, data.library)
    if data.body is not None and data.slug is not None and data.copy_of is None and data.library is None:
        return await service.create_draft(write.tx, write.actor, data.slug, data.body)
    raise Invalid(
        "plan.draft_of_what",
        "a draft is made of `slug` with `body`, of `copy_of`, or of `library`",
        "草稿须来自 slug 与 body、copy_of 或 library 之一",
        field="body",
        limit=["slug+body", "copy_of", "library"],
    )


@put("/v1/plan-versions/{version_id:uuid}", guards=[needs(Permission.EDIT_PLANS)])
async def edit_plan_draft(
    data: JSONBody[PlanBody], version_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[PlanVersionDetail]:
    """Another text of a draft. A fault is answered with its path, as `tasks[2].steps[0].text.zh`."""
    expected = expected_version(if_match)
    return _answer(await service.edit_draft(call.tx, call.actor, version_id, data, expected_version=expected))


@post("/v1/plan-versions/{version_id:uuid}/submit", status_code=200, guards=[needs(Permission.EDIT_PLANS)])
async def submit_plan_draft(
    version_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[PlanVersionDetail]:
    """Ask somebody else to review a draft."""
    expected = expected_version(if_match)
    return _answer(await service.submit_draft(call.tx, call.actor, version_id, expected_version=expected))


@post("/v1/plan-versions/{version_id:uuid}/send-back", status_code=200, guards=[needs(Permission.REVIEW_PLANS)])
async def send_back_plan(
    data: JSONBody[ReviewNote], version_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[PlanVersionDetail]:
    """Make it a draft again, with what is wrong with it."""
    expected = expected_version(if_match)
    return _answer(await service.send_back(call.tx, call.actor, version_id, data.note, expected_version=expected))


@post("/v1/plan-versions/{version_id:uuid}/review", status_code=200, guards=[needs(Permission.REVIEW_PLANS)])
async def review_plan(
    data: JSONBody[ReviewNote], version_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[PlanVersionDetail]:
    """Stand for another person's draft; its authors can not."""
    expected = expected_version(if_match)
    return _answer(await service.review_version(call.tx, call.actor, version_id, data.note, expected_version=expected))


@post("/v1/plan-versions/{version_id:uuid}/publish", status_code=200, guards=[needs(Permission.REVIEW_PLANS)])
async def publish_plan(version_id: FromPath[UUID], call: Call, if_match: IfMatch = None) -> Response[PlanVersionDetail]:
    """Put a reviewed version in force in every site; the one before it is retired."""
    expected = expected_version(if_match)
    return _answer(await service.publish_version(call.tx, call.actor, version_id, expected_version=expected))


@post("/v1/plan-versions/{version_id:uuid}/retire", status_code=200, guards=[needs(Permission.EDIT_PLANS)])
async def retire_plan(version_id: FromPath[UUID], call: Call, if_match: IfMatch = None) -> Response[PlanVersionDetail]:
    """Take a version out of force (the library's counts again), or give a draft up."""
    expected = expected_version(if_match)
    return _answer(await service.retire_version(call.tx, call.actor, version_id, expected_version=expected))


@get("/v1/plan-versions/{version_id:uuid}/diff", guards=[needs(Permission.READ_PLANS)])
async def compare_plan_versions(
    call: Call,
    version_id: FromPath[UUID],
    against: Annotated[
        UUID | None, QueryParameter(description="Another version; without it, the library's plan of today.")
    ] = None,
) -> Page[PlanChange]:
    """What differs from the other version to this one, on one page."""
    changes = await service.compare(call.tx, call.actor, version_id, against)
    return Page([msgspec.convert(c, PlanChange, from_attributes=True) for c in changes], None)


@post("/v1/plans/preview", status_code=200, guards=[needs(Permission.READ_PLANS)])
async def preview_plan(data: JSONBody[PlanQuestion], call: Call) -> PlanPreview:
    """What would be done at a moment; nothing is done and nobody is told."""
    question = Question(
        zone_id=data.zone,
        cause=data.cause,
        level=data.level,
        agent=data.agent,
        grade=data.grade,
        at=data.at,
        version_id=data.version,
        slug=data.slug,
    )
    return plan_preview(await service.preview(call.tx, call.actor, question))


def plan_summary(row: InForce) -> PlanSummary:
    """A plan in force as the wire shows it."""
    plan = row.template
    return PlanSummary(
        slug=plan.slug,
        version=plan.version,
        version_id=row.version_id,
        title=plan.title,
        triggers=list(plan.triggers),
        priority=plan.priority,
        manual=any(trigger.manual or trigger.sos for trigger in plan.triggers),
        newer_in_library=row.newer_in_library,
    )


def version_view(row: PlanVersion) -> PlanVersionView:
    """A version as the wire lists it."""
    return PlanVersionView(**_fields(row))


def version_detail(row: PlanVersion) -> PlanVersionDetail:
    """A version with what it says."""
    return PlanVersionDetail(**_fields(row), body=row.body)


def _fields(row: PlanVersion) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in PlanVersionView.__struct_fields__ if name != "title"}
    return {**known, "title": row.body.title}


def _answer(row: PlanVersion) -> Response[PlanVersionDetail]:
    return Response(version_detail(row), headers=etag(row.revision))


def plan_preview(preview: Preview) -> PlanPreview:
    """A preview as the wire shows it."""
    plan, moment = preview.plan, preview.moment
    return PlanPreview(
        slug=plan.template,
        version=plan.version,
        title=plan.title,
        do_nots=list(plan.do_nots),
        tasks=[
            PreviewTask(
                slug=task.slug,
                role=task.role,
                title=task.title,
                steps=list(task.steps),
                within_s=task.within_s,
                after=list(task.after),
            )
            for task in plan.tasks
        ],
        actions=list(plan.actions),
        evacuation=plan.evacuation,
        needs=[NeedView(need.role, need.name, list(need.skills), need.count, need.fact) for need in plan.needs],
        at_least_grade=preview.grade,
        local=moment.local.isoformat(),
        wind_known=moment.wind is not None,
        people=moment.people,
    )


router = Router(
    "/",
    route_handlers=[
        list_plans,
        list_plan_templates,
        list_plan_versions,
        get_plan_version,
        draft_plan,
        edit_plan_draft,
        submit_plan_draft,
        send_back_plan,
        review_plan,
        publish_plan,
        retire_plan,
        compare_plan_versions,
        preview_plan,
    ],
    tags=["plans"],
)
