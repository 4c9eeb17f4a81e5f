"""The record: verification of incidents, and post-incident reports as JSON, HTML and PDF."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps, Write
from api.deps import ApiDeps
from api.etags import IfMatch, etag, expected_version
from api.languages import Language, choose
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from incidents.record import report_service as service
from incidents.record import verifying
from incidents.record.rendering import render_html
from incidents.record.report_queries import ReportRow
from incidents.record.report_service import ReportFile
from incidents.record.verifying import Verdict
from mobile_contract.paging import Page
from mobile_contract.reports import (
    BreakView,
    NewReport,
    ReportDetail,
    ReportEdit,
    ReportStateName,
    ReportView,
    VerificationView,
)
from people.actor import Actor
from people.permissions import Permission

# A browser may show a report and nothing that somebody wrote into one may run.
_HTML_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
InLanguage = Annotated[
    Language | None, QueryParameter(name="language", description="zh-CN or en; Accept-Language without it.")
]


@get("/v1/incidents/{incident_id:uuid}/verification", guards=[needs(Permission.READ_INCIDENTS)])
async def verify_incident(call: Call, incident_id: FromPath[UUID]) -> VerificationView:
    """Whether the incident's record is whole: no line changed, removed, reordered or put in.

    Followed from the first line to the head, and held against the tenant's audit chain. Whoever owns the database could
    write all of that anew: `muster verify` holds it against a signed export kept elsewhere.
    """
    return verification_view(await verifying.verify_incident(call.tx, call.actor, incident_id))


@get("/v1/reports", guards=[needs(Permission.READ_EXPOSURE)])
async def list_reports(
    call: Call,
    incident: Annotated[UUID | None, QueryParameter(description="Of this incident.")] = None,
    in_state: Annotated[
        ReportStateName | None, QueryParameter(name="state", description="draft or signed_off.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ReportView]:
    """Versions of reports, newest first; a report has people's doses in it."""
    rows = await service.list_reports(
        call.tx,
        call.actor,
        incident_id=incident,
        state=in_state,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.created_at, row.id), view=report_view)


@post("/v1/incidents/{incident_id:uuid}/reports", guards=[needs(Permission.MANAGE_INCIDENT)])
async def draft_report(data: JSONBody[NewReport], incident_id: FromPath[UUID], write: Write) -> Response[ReportView]:
    """Draft the next version of an incident's report; everything but its words comes from the record."""

    async def work() -> ReportView:
        return report_view(await service.draft_report(write.tx, write.actor, incident_id, data.summary, data.causes))

    return await write.once(work, headers=lambda it: etag(it.version))


@get("/v1/reports/{report_id:uuid}", guards=[needs(Permission.READ_EXPOSURE)])
async def get_report(call: Call, deps: Deps, report_id: FromPath[UUID]) -> Response[ReportDetail]:
    """One version and what it says: a draft as the facts stand now, a signed one as it was signed."""
    file = await service.get_report(call.tx, call.actor, report_id, deps.policy)
    return Response(ReportDetail(report_view(file.row), file.content, file.intact), headers=etag(file.row.version))


@patch("/v1/reports/{report_id:uuid}", guards=[needs(Permission.MANAGE_INCIDENT)])
async def edit_report(
    data: JSONBody[ReportEdit], report_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[ReportView]:
    """Edit a draft's words."""
    version = expected_version(if_match)
    row = await service.edit_report(call.tx, call.actor, report_id, data.summary, data.causes, expected_version=version)
    return Response(report_view(row), headers=etag(row.version))


@post("/v1/reports/{report_id:uuid}/sign-off", status_code=200, guards=[needs(Permission.MANAGE_INCIDENT)])
async def sign_report_off(report_id: FromPath[UUID], write: Write, deps: Deps) -> Response[ReportView]:
    """Sign a closed incident's report off: it is kept as it stands, and its hash goes into the timeline."""

    async def work() -> ReportView:
        return report_view(await service.sign_off(write.tx, write.actor, report_id, deps.policy))

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


@get("/v1/reports/{report_id:uuid}/html", media_type="text/html", guards=[needs(Permission.READ_EXPOSURE)])
async def get_report_html(
    request: Request[Any, Any, Any], deps: Deps, report_id: FromPath[UUID], language: InLanguage = None
) -> Response[str]:
    """The report as one self-contained page, which prints well and reads on a phone."""
    chosen = language or choose(request.headers.get("accept-language"))
    file = await _load(request, deps, report_id)
    text = await asyncio.to_thread(render_html, file.content, chosen, file.row.content_hash)
    return Response(text, media_type="text/html", headers={**_HTML_HEADERS, "Content-Language": chosen})


@get("/v1/reports/{report_id:uuid}/pdf", media_type="application/pdf", guards=[needs(Permission.READ_EXPOSURE)])
async def get_report_pdf(
    request: Request[Any, Any, Any], deps: Deps, report_id: FromPath[UUID], language: InLanguage = None
) -> Response[bytes]:
    """The report as PDF; 503 `report.no_font` where the machine has no Chinese font for Chinese text."""
    chosen = language or choose(request.headers.get("accept-language"))
    file = await _load(request, deps, report_id)
    pdf = await deps.press.render(file.content, chosen, file.row.content_hash)
    name = f'attachment; filename="incident-report-{file.row.number}.pdf"'
    headers = {"Content-Disposition": name, "Content-Language": chosen, "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _load(request: Request[Any, Any, Any], deps: ApiDeps, report_id: UUID) -> ReportFile:
    """In a transaction of its own: none is held open while type is set, which takes seconds."""
    actor: Actor = request.user
    async with deps.db.transaction(actor.tenant_id) as tx:
        return await service.get_report(tx, actor, report_id, deps.policy)


def verification_view(it: Verdict) -> VerificationView:
    """A verdict as the wire shows it."""
    broken = None if it.broken is None else BreakView(it.broken.position, it.broken.damage)
    return VerificationView(it.broken is None, broken, it.length, it.hash, it.anchors)


def report_view(it: ReportRow) -> ReportView:
    """A version as the wire shows it."""
    return ReportView(
        id=it.id,
        incident=it.incident_id,
        number=it.number,
        state=it.state,
        summary=it.summary,
        causes=it.causes,
        content_hash=it.content_hash,
        version=it.version,
        created_by=it.created_by,
        created_at=it.created_at,
        signed_by=it.signed_by,
        signed_at=it.signed_at,
    )


router = Router(
    "/",
    route_handlers=[
        verify_incident,
        list_reports,
        draft_report,
        get_report,
        edit_report,
        sign_report_off,
        get_report_html,
        get_report_pdf,
    ],
    tags=["reports"],
)
