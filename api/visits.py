"""Visitors and contractors: announced, signed in and signed out by their host."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_time_cursor, time_key
from api.places import SiteFilter
from mobile_contract.paging import Page
from mobile_contract.presence import NewVisit, VisitEdit, VisitKindName, VisitState, VisitView
from people.permissions import Permission
from people.presence import visits
from people.presence.model import Visit


@get("/v1/visits")
async def list_visits(
    call: Call,
    site_id: SiteFilter = None,
    kind: FromQuery[VisitKindName | None] = None,
    standing: Annotated[
        Literal["expected", "here", "forgotten", "gone"] | None,
        QueryParameter(name="state", description="forgotten: here, and expected to have left."),
    ] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[VisitView]:
    """Visits, newest first: those one hosts, all of them with read_presence."""
    rows = await visits.list_visits(
        call.tx,
        call.actor,
        site_id=site_id,
        kind=kind,
        state=standing,
        search=q,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda it: time_key(it.created_at, it.id), view=lambda it: visit_view(it, call.tx.now))


@get("/v1/visits/{visit_id:uuid}")
async def get_visit(call: Call, visit_id: FromPath[UUID]) -> Response[VisitView]:
    """One visit; its ETag is what an edit names."""
    visit = await visits.get_visit(call.tx, call.actor, visit_id)
    return Response(visit_view(visit, call.tx.now), headers=etag(visit.version))


@post("/v1/visits", guards=[needs(Permission.HOST_VISITOR)])
async def create_visit(data: JSONBody[NewVisit], write: Write) -> Response[VisitView]:
    """Announce a visit."""

    async def work() -> VisitView:
        draft = visits.VisitDraft(
            site_id=data.site,
            kind=data.kind,
            name=data.name,
            company=data.company,
            phone=data.phone,
            host_id=data.host,
            zone_ids=data.zones,
            badge=data.badge,
            emergency_contact=data.emergency_contact,
            induction_valid_until=data.induction_valid_until,
            expected_from=data.expected_from,
            expected_until=data.expected_until,
        )
        return visit_view(await visits.create_visit(write.tx, write.actor, draft), write.tx.now)

    return await write.once(work, headers=lambda visit: etag(visit.version))


@patch("/v1/visits/{visit_id:uuid}", guards=[needs(Permission.HOST_VISITOR)])
async def edit_visit(
    data: JSONBody[VisitEdit], visit_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[VisitView]:
    """Edit a visit."""
    version = expected_version(if_match)
    change = visits.VisitChange(
        name=data.name,
        company=data.company,
        phone=data.phone,
        zone_ids=data.zones,
        badge=data.badge,
        emergency_contact=data.emergency_contact,
        induction_valid_until=data.induction_valid_until,
        expected_until=data.expected_until,
    )
    visit = await visits.edit_visit(call.tx, call.actor, visit_id, change, expected_version=version)
    return Response(visit_view(visit, call.tx.now), headers=etag(visit.version))


@post("/v1/visits/{visit_id:uuid}/sign-in", guards=[needs(Permission.HOST_VISITOR)], status_code=200)
async def sign_in_visit(visit_id: FromPath[UUID], write: Write) -> Response[VisitView]:
    """The visitor is here; their badge counts from now."""

    async def work() -> VisitView:
        return visit_view(await visits.sign_in_visit(write.tx, write.actor, visit_id), write.tx.now)

    return await write.once(work, status=200, headers=lambda visit: etag(visit.version))


@post("/v1/visits/{visit_id:uuid}/sign-out", guards=[needs(Permission.HOST_VISITOR)], status_code=200)
async def sign_out_visit(visit_id: FromPath[UUID], write: Write) -> Response[VisitView]:
    """The visitor left; their badge ends."""

    async def work() -> VisitView:
        return visit_view(await visits.sign_out_visit(write.tx, write.actor, visit_id), write.tx.now)

    return await write.once(work, status=200, headers=lambda visit: etag(visit.version))


def visit_view(it: Visit, now: datetime) -> VisitView:
    """A visit as the wire shows it."""
    state: VisitState = "expected"
    if it.signed_in_at is not None:
        state = "here" if it.signed_out_at is None else "gone"
    return VisitView(
        it.id,
        it.site_id,
        it.kind,
        it.name,
        it.company,
        it.phone,
        it.host_id,
        it.zone_ids,
        it.badge,
        it.emergency_contact,
        it.induction_valid_until,
        it.expected_from,
        it.expected_until,
        state,
        state == "here" and it.expected_until < now,
        it.signed_in_at,
        it.signed_out_at,
        it.version,
        it.created_at,
    )


router = Router(
    "/",
    route_handlers=[list_visits, get_visit, create_visit, edit_visit, sign_in_visit, sign_out_visit],
    tags=["visits"],
)
