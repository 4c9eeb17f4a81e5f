"""Calls for help, the codes that end them, and people who work alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps, Write
from api.etags import etag
from api.paging import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Search,
    page,
    read_cursor,
    read_time_cursor,
    time_key,
    write_cursor,
)
from api.places import SiteFilter
from geo.fixes import Fix
from incidents.sos import codes, lone, lone_service, service
from incidents.sos.lone_service import Draft
from incidents.sos.model import LoneSession, SosCall, SosPosition
from incidents.sos.place import FixAt
from incidents.sos.service import Press
from mobile_contract.paging import Page
from mobile_contract.presence import ReportedPosition
from mobile_contract.sos import (
    CodesState,
    LoneExtension,
    LonePause,
    LoneSessionView,
    NewCodes,
    NewLoneSession,
    NewSos,
    OwnCalls,
    OwnSession,
    OwnSos,
    SosEnd,
    SosPositions,
    SosPositionView,
    SosRecord,
)
from people.actor import Actor
from people.permissions import Permission

# A list that deep is asked for by nobody; it bounds what a made-up cursor can cost.
SKIP_MAX = 10_000


@post("/v1/sos", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def raise_sos(data: JSONBody[NewSos], call: Call) -> OwnSos:
    """Call for help, without a sound on this phone.

    Send it again and again with the same key until it is answered: it is one call. Another press while the call is open
    adds to it and makes it graver.
    """
    press = Press(key=data.key, kind=data.kind, at=data.at, note=data.note, phone=fix_at(data.position))
    return own_view(await service.raise_sos(call.tx, call.actor, press))


@get("/v1/me/sos", guards=[needs(Permission.RAISE_SOS)])
async def list_own_sos(call: Call) -> OwnCalls:
    """One's own calls as one's phone may show them."""
    return OwnCalls([own_view(it) for it in await service.list_own(call.tx, call.actor)])


@post("/v1/sos/{sos_id:uuid}/positions", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def report_sos_positions(data: JSONBody[SosPositions], sos_id: FromPath[UUID], call: Call) -> OwnSos:
    """Say where one is while one's call lasts."""
    fixes = [fix for it in data.positions if (fix := fix_at(it)) is not None]
    return own_view(await service.report_positions(call.tx, call.actor, sos_id, fixes))


@post("/v1/sos/{sos_id:uuid}/end", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def end_sos(
    data: JSONBody[SosEnd], sos_id: FromPath[UUID], request: Request[Actor, Any, Any], deps: Deps
) -> OwnSos:
    """End one's own call with one's code; the duress code is answered the same and calls for more help."""
    return own_view(await codes.end_call(deps.db, deps.passwords, request.user, sos_id, data.code))


@get("/v1/me/sos-codes", guards=[needs(Permission.RAISE_SOS)])
async def get_sos_codes(call: Call) -> CodesState:
    """Whether one has set the codes that end a call."""
    return CodesState(await codes.find_set_at(call.tx, call.actor))


@put("/v1/me/sos-codes", guards=[needs(Permission.RAISE_SOS)])
async def set_sos_codes(data: JSONBody[NewCodes], request: Request[Actor, Any, Any], deps: Deps) -> CodesState:
    """Set both codes, with one's password; not during a call."""
    at = await codes.set_codes(deps.db, deps.passwords, request.user, data.password, data.code, data.duress_code)
    return CodesState(at)


@get("/v1/sos", guards=[needs(Permission.READ_PRESENCE)])
async def list_sos(
    call: Call,
    standing: Annotated[bool | None, QueryParameter(description="That are not over, or that are.")] = None,
    site: SiteFilter = None,
    account: Annotated[UUID | None, QueryParameter(description="Of this person.")] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SosRecord]:
    """Calls for help, newest first; one's own are not among them, whoever looks over one's shoulder."""
    rows = await service.list_calls(
        call.tx,
        call.actor,
        standing=standing,
        site_id=site,
        account_id=account,
        search=q,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.opened_at, row.id), view=sos_record)


@get("/v1/sos/{sos_id:uuid}", guards=[needs(Permission.READ_PRESENCE)])
async def get_sos(call: Call, sos_id: FromPath[UUID]) -> SosRecord:
    """One call for help."""
    return sos_record(await service.get_call(call.tx, call.actor, sos_id))


@get("/v1/sos/{sos_id:uuid}/positions", guards=[needs(Permission.READ_PRESENCE)])
async def list_sos_positions(
    call: Call, sos_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[SosPositionView]:
    """Where the caller was since, newest first."""
    before = read_time_cursor(cursor)
    rows = await service.list_positions(
        call.tx, call.actor, sos_id, before=None if before is None else before[0], limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.at, row.sos_id), view=position_view)


@post("/v1/lone-sessions", guards=[needs(Permission.RAISE_SOS)])
async def start_lone_session(data: JSONBody[NewLoneSession], write: Write) -> Response[LoneSessionView]:
    """Work alone from now on: a word every so often, or help is called."""

    async def work() -> LoneSessionView:
        draft = Draft(
            ends_at=data.ends_at,
            interval_s=data.interval_s,
            grace_s=data.grace_s,
            zone_id=data.zone,
            phone=fix_at(data.position),
            note=data.note,
            activity_counts=data.activity_counts,
        )
        return session_view(await lone_service.start(write.tx, write.actor, draft), write.tx.now)

    return await write.once(work, headers=lambda made: etag(made.version))


@get("/v1/lone-sessions", guards=[needs(Permission.READ_PRESENCE)])
async def list_lone_sessions(
    call: Call,
    running: Annotated[bool, QueryParameter(description="None that are over.")] = True,
    site: SiteFilter = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[LoneSessionView]:
    """People who work alone, overdue first, then who must speak next."""
    skip = min(max(read_cursor(cursor, int, 0), 0), SKIP_MAX)
    rows = await lone_service.list_sessions(
        call.tx, call.actor, running=running, site_id=site, search=q, skip=skip, limit=limit + 1
    )
    shown = [session_view(row, call.tx.now) for row in rows[:limit]]
    # Their order changes as time passes: a place in it is a number of rows.
    return Page(shown, write_cursor(skip + limit) if len(rows) > limit and skip < SKIP_MAX else None)


@get("/v1/me/lone-session", guards=[needs(Permission.RAISE_SOS)])
async def get_own_lone_session(call: Call) -> OwnSession:
    """One's last session, running or over."""
    found = await lone_service.find_own(call.tx, call.actor)
    return OwnSession(None if found is None else session_view(found, call.tx.now))


@get("/v1/lone-sessions/{session_id:uuid}", guards=[needs(Permission.RAISE_SOS)])
async def get_lone_session(call: Call, session_id: FromPath[UUID]) -> LoneSessionView:
    """One session: one's own, or for those on duty."""
    return session_view(await lone_service.get_session(call.tx, call.actor, session_id), call.tx.now)


@post("/v1/lone-sessions/{session_id:uuid}/check-in", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def check_in(session_id: FromPath[UUID], call: Call) -> LoneSessionView:
    """Say that one is well."""
    return session_view(await lone_service.check_in(call.tx, call.actor, session_id), call.tx.now)


@post("/v1/lone-sessions/{session_id:uuid}/pause", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def pause_lone_session(data: JSONBody[LonePause], session_id: FromPath[UUID], call: Call) -> LoneSessionView:
    """No word is due until then."""
    return session_view(await lone_service.pause(call.tx, call.actor, session_id, data.until), call.tx.now)


@post("/v1/lone-sessions/{session_id:uuid}/resume", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def resume_lone_session(session_id: FromPath[UUID], call: Call) -> LoneSessionView:
    """End a pause."""
    return session_view(await lone_service.resume(call.tx, call.actor, session_id), call.tx.now)


@post("/v1/lone-sessions/{session_id:uuid}/extend", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def extend_lone_session(data: JSONBody[LoneExtension], session_id: FromPath[UUID], call: Call) -> LoneSessionView:
    """Go on until then."""
    return session_view(await lone_service.extend(call.tx, call.actor, session_id, data.ends_at), call.tx.now)


@post("/v1/lone-sessions/{session_id:uuid}/end", status_code=200, guards=[needs(Permission.RAISE_SOS)])
async def end_lone_session(session_id: FromPath[UUID], call: Call) -> LoneSessionView:
    """Sign off; a call for help that was raised meanwhile goes on."""
    return session_view(await lone_service.end(call.tx, call.actor, session_id), call.tx.now)


def fix_at(position: ReportedPosition | None) -> FixAt | None:
    """A position of the wire."""
    if position is None:
        return None
    return FixAt(Fix(position.lon, position.lat, position.accuracy_m, position.level), position.at)


def own_view(call: SosCall) -> OwnSos:
    """A call as its caller's phone may know it: the same after either code."""
    assert call.incident_id is not None
    return OwnSos(id=call.id, incident=call.incident_id, opened_at=call.opened_at, ended=call.ended_at is not None)


def sos_record(call: SosCall) -> SosRecord:
    """A call as those on duty see it."""
    assert call.incident_id is not None
    return SosRecord(
        sos=service.sos_view(call),
        incident=call.incident_id,
        site=call.site_id,
        located_by=call.located_by,
        session=call.session_id,
        phone_ended_at=call.ended_at,
    )


def position_view(it: SosPosition) -> SosPositionView:
    """A position as the wire shows it."""
    return SosPositionView(it.at, it.lon, it.lat, it.level, it.accuracy_m)


def session_view(session: LoneSession, now: datetime) -> LoneSessionView:
    """A session as the wire shows it at this moment."""
    left_s = lone.seconds_left(session.watch, now)
    return LoneSessionView(
        id=session.id,
        account=session.account_id,
        name=session.name,
        site=session.site_id,
        zone=session.zone_id,
        note=session.note,
        state=session.state,
        interval_s=session.interval_s,
        grace_s=session.grace_s,
        activity_counts=session.activity_counts,
        started_at=session.started_at,
        ends_at=session.ends_at,
        checked_in_at=session.checked_in_at,
        checked_in_by=session.checked_in_by,
        deadline_at=session.deadline_at,
        raise_at=session.raise_at,
        paused_until=session.paused_until,
        minutes_left=None if left_s is None else round(left_s / 60, 2),
        overdue=left_s is not None and left_s < 0,
        ended_at=session.ended_at,
        reminders_taken=session.ring_taken,
        version=session.version,
    )


router = Router(
    "/",
    route_handlers=[
        raise_sos,
        list_own_sos,
        report_sos_positions,
        end_sos,
        get_sos_codes,
        set_sos_codes,
        list_sos,
        get_sos,
        list_sos_positions,
        start_lone_session,
        list_lone_sessions,
        get_own_lone_session,
        get_lone_session,
        check_in,
        pause_lone_session,
        resume_lone_session,
        extend_lone_session,
        end_lone_session,
    ],
    tags=["calls for help"],
)
