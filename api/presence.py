"""Where people are: positions and badges in, whereabouts and trails out, doors and badges kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import OPEN, needs
from api.body import RawBody, check_media_type
from api.call import Call, Deps, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor, read_time_cursor, time_key
from api.places import SiteFilter
from api.readings import DEFAULT_RANGE, MEDIA_TYPES, From, To, refuse_whole
from geo.fixes import Fix
from incidents import badge_intake
from mobile_contract.devices import BadgeBatch, BadgeSwipe, IngestAnswer
from mobile_contract.paging import Page
from mobile_contract.presence import (
    BadgeEdit,
    BadgeEventView,
    BadgeView,
    DoorEdit,
    DoorView,
    NewBadge,
    NewDoor,
    PersonKindName,
    PositionAnswer,
    PositionReport,
    PresenceCounts,
    RefusedPosition,
    StretchView,
    Trail,
    WhereaboutsView,
    ZoneCountView,
)
from people.permissions import Permission
from people.presence import administration, positions, reading
from people.presence.log_queries import ListedEvent
from people.presence.model import Badge, Door
from people.presence.passback import violation
from people.presence.service import Whereabouts
from people.presence.stretches import Stretch
from plant.listing_queries import START, After
from plant.reading_series import check_range

_BADGES_BODY = RawBody((BadgeBatch, BadgeSwipe), MEDIA_TYPES)
AccountFilter = Annotated[UUID | None, QueryParameter(name="account", description="Of this person alone.")]


@post("/v1/badge-events", opt={**OPEN, "raw_body": _BADGES_BODY}, status_code=202, security=[{"device": []}])
async def post_badge_events(request: Request[Any, Any, Any], deps: Deps) -> IngestAnswer:
    """Take badge events of a door controller without MQTT: JSON or MessagePack, one swipe or a batch with its number.

    HTTP Basic as for readings. What is accepted is committed when this is answered; a swipe sent again is one. Swipes
    whose clock is wrong, whose door or badge is not known are kept, flagged, and believed by nobody.
    """
    address = request.client.host if request.client else "unknown"
    device = await deps.devices.authenticate(deps.db, request.headers.get("authorization"), address)
    check_media_type(request, MEDIA_TYPES)
    payload = await request.body()
    async with deps.db.transaction(device.tenant_id) as tx:
        answer = await badge_intake.ingest(tx, device.device_id, payload)
    refuse_whole(answer, len(payload))
    return answer


@post("/v1/me/positions", guards=[needs(Permission.REPORT_PRESENCE)], status_code=200)
async def report_positions(data: JSONBody[PositionReport], call: Call) -> PositionAnswer:
    """Report where one's own phone is and was.

    Positions outside of every zone of the plant are not kept. Kept ones are deleted after a day.
    """
    reported = [positions.Reported(it.at, Fix(it.lon, it.lat, it.accuracy_m, it.level)) for it in data.positions]
    answer = await positions.report_positions(call.tx, call.actor, reported)
    return PositionAnswer(answer.kept, [RefusedPosition(index, code) for index, code in answer.refused])


@get("/v1/sites/{site_id:uuid}/presence", guards=[needs(Permission.READ_PRESENCE)])
async def list_presence(
    call: Call,
    site_id: FromPath[UUID],
    zone: Annotated[UUID | None, QueryParameter(description="In this zone alone.")] = None,
    kind: FromQuery[PersonKindName | None] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[WhereaboutsView]:
    """Who is where on a site, by name; who asks is in the audit trail."""
    after = read_cursor(cursor, After, START)
    wanted = reading.Wanted(zone_id=zone, kind=kind, search=q, after=(after.name, after.id))
    rows = await reading.find_people(call.tx, call.actor, site_id, wanted, limit + 1)
    return page(rows, limit, key=lambda it: After(it.name, it.person_id), view=whereabouts_view)


@get("/v1/sites/{site_id:uuid}/presence/counts", guards=[needs(Permission.READ_PLANT)])
async def count_presence(call: Call, site_id: FromPath[UUID]) -> PresenceCounts:
    """How many people are in which zone, without names."""
    counted = await reading.count_people(call.tx, call.actor, site_id)
    items = [ZoneCountView(it.zone_id, it.people, it.sure) for it in counted]
    return PresenceCounts(site_id, call.tx.now, items)


@get("/v1/me/trail")
async def get_own_trail(call: Call, start: From = None, end: To = None) -> Trail:
    """Where one was oneself, as far as it is kept; at most 24 h."""
    return await _trail(call, call.actor.account_id, start, end)


@get("/v1/accounts/{account_id:uuid}/trail", guards=[needs(Permission.READ_PRESENCE)])
async def get_account_trail(call: Call, account_id: FromPath[UUID], start: From = None, end: To = None) -> Trail:
    """Where an account's person was, at most 24 h; who asks is in the audit trail."""
    return await _trail(call, account_id, start, end)


@get("/v1/visits/{visit_id:uuid}/trail", guards=[needs(Permission.READ_PRESENCE)])
async def get_visit_trail(call: Call, visit_id: FromPath[UUID], start: From = None, end: To = None) -> Trail:
    """Where a visitor was, at most 24 h; who asks is in the audit trail."""
    return await _trail(call, visit_id, start, end)


async def _trail(call: Call, person_id: UUID, start: datetime | None, end: datetime | None) -> Trail:
    end = end or call.tx.now
    start = start or end - DEFAULT_RANGE
    check_range(start, end)
    found = await reading.list_trail(call.tx, call.actor, person_id, start, end)
    return Trail(person_id, [stretch_view(it) for it in found])


@get("/v1/sites/{site_id:uuid}/badge-events", guards=[needs(Permission.READ_PRESENCE)])
async def list_badge_events(
    call: Call,
    site_id: FromPath[UUID],
    account: AccountFilter = None,
    flagged: Annotated[bool, QueryParameter(description="Only those something is wrong with.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[BadgeEventView]:
    """Badges at the readers of a site, newest first; who asks is in the audit trail."""
    rows = await reading.list_badge_events(
        call.tx,
        call.actor,
        site_id,
        person_id=account,
        flagged=flagged,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda it: time_key(it.received_at, it.id), view=badge_event_view)


@get("/v1/doors", guards=[needs(Permission.READ_PLANT)])
async def list_doors(
    call: Call, site_id: SiteFilter = None, q: Search = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[DoorView]:
    """Doors by name."""
    after = read_cursor(cursor, After, START)
    rows = await administration.list_doors(
        call.tx, call.actor, site_id, after=(after.name, after.id), search=q, limit=limit + 1
    )
    return page(rows, limit, key=lambda it: After(it.door, it.id), view=door_view)


@get("/v1/doors/{door_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_door(call: Call, door_id: FromPath[UUID]) -> Response[DoorView]:
    """One door; its ETag is what an edit names."""
    door = await administration.get_door(call.tx, call.actor, door_id)
    return Response(door_view(door), headers=etag(door.version))


@post("/v1/doors", guards=[needs(Permission.MANAGE_PLANT)])
async def create_door(data: JSONBody[NewDoor], write: Write) -> Response[DoorView]:
    """Make a reader of a door controller known."""

    async def work() -> DoorView:
        draft = administration.DoorDraft(data.device, data.door, data.from_zone, data.to_zone, data.gate)
        return door_view(await administration.create_door(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda door: etag(door.version))


@patch("/v1/doors/{door_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_door(
    data: JSONBody[DoorEdit], door_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[DoorView]:
    """Say where a door leads, or retire it."""
    version = expected_version(if_match)
    change = administration.DoorChange(data.from_zone, data.to_zone, data.gate, data.retired)
    door = await administration.edit_door(call.tx, call.actor, door_id, change, expected_version=version)
    return Response(door_view(door), headers=etag(door.version))


@get("/v1/badges", guards=[needs(Permission.MANAGE_PEOPLE)])
async def list_badges(
    call: Call,
    q: Search = None,
    account: AccountFilter = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[BadgeView]:
    """Badges by number."""
    after = read_cursor(cursor, After, START)
    rows = await administration.list_badges(
        call.tx, call.actor, after=(after.name, after.id), search=q, account_id=account, limit=limit + 1
    )
    return page(rows, limit, key=lambda it: After(it.number, it.id), view=badge_view)


@get("/v1/badges/{badge_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def get_badge(call: Call, badge_id: FromPath[UUID]) -> Response[BadgeView]:
    """One badge; its ETag is what an edit names."""
    badge = await administration.get_badge(call.tx, call.actor, badge_id)
    return Response(badge_view(badge), headers=etag(badge.version))


@post("/v1/badges", guards=[needs(Permission.MANAGE_PEOPLE)])
async def issue_badge(data: JSONBody[NewBadge], write: Write) -> Response[BadgeView]:
    """Give a badge to an account or a visit."""

    async def work() -> BadgeView:
        draft = administration.BadgeDraft(data.number, data.account, data.visit, data.valid_from, data.valid_until)
        return badge_view(await administration.issue_badge(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda badge: etag(badge.version))


@patch("/v1/badges/{badge_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def edit_badge(
    data: JSONBody[BadgeEdit], badge_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[BadgeView]:
    """Say how long a badge is valid."""
    version = expected_version(if_match)
    change = administration.BadgeChange(data.valid_from, data.valid_until)
    badge = await administration.edit_badge(call.tx, call.actor, badge_id, change, expected_version=version)
    return Response(badge_view(badge), headers=etag(badge.version))


def whereabouts_view(it: Whereabouts) -> WhereaboutsView:
    """Whereabouts as the wire shows them."""
    lon, lat = it.position or (None, None)
    return WhereaboutsView(
        it.person_id,
        it.kind,
        it.name,
        it.site_id,
        it.on_site,
        it.zone_id,
        it.level,
        lon,
        lat,
        it.accuracy_m,
        it.seen_at,
        it.source,
        it.confidence,
        it.host_id,
    )


def stretch_view(it: Stretch) -> StretchView:
    """A stretch as the wire shows it."""
    return StretchView(it.site_id, it.zone_id, it.off_site, it.start, it.end, round(it.confidence, 4))


def badge_event_view(it: ListedEvent) -> BadgeEventView:
    """A badge event as the wire shows it, with what is wrong with it."""
    wrong = None
    if it.fault is None and it.person_id is not None:
        wrong = violation(it.direction, it.before)
    return BadgeEventView(
        it.id,
        it.site_id,
        it.device_id,
        it.door,
        it.badge,
        it.direction,
        it.zone_id,
        it.off_site,
        it.person_id,
        it.kind,
        it.fault,
        wrong,
        it.observed_at,
        it.received_at,
    )


def door_view(it: Door) -> DoorView:
    """A door as the wire shows it."""
    return DoorView(
        it.id,
        it.site_id,
        it.device_id,
        it.door,
        it.from_zone_id,
        it.to_zone_id,
        it.gate,
        it.retired_at is not None,
        it.version,
        it.created_at,
    )


def badge_view(it: Badge) -> BadgeView:
    """A badge as the wire shows it."""
    return BadgeView(
        it.id, it.number, it.account_id, it.visit_id, it.valid_from, it.valid_until, it.version, it.created_at
    )


router = Router(
    "/",
    route_handlers=[
        post_badge_events,
        report_positions,
        list_presence,
        count_presence,
        get_own_trail,
        get_account_trail,
        get_visit_trail,
        list_badge_events,
        list_doors,
        get_door,
        create_door,
        edit_door,
        list_badges,
        get_badge,
        issue_badge,
        edit_badge,
    ],
    tags=["presence"],
)
