"""Rotas, overrides, and who is on duty when and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor, write_cursor
from api.places import SiteFilter
from api.teams import Retired
from core.errors import Invalid
from core.ids import new_id
from mobile_contract.paging import Page
from mobile_contract.rotas import (
    DutyView,
    NewOverride,
    NewRota,
    OverrideView,
    RotaEdit,
    RotaKind,
    RotaPreview,
    RotaVersionView,
    RotaView,
)
from mobile_contract.text import Text
from people.permissions import Permission
from people.queries import FIRST
from people.rotas import duty_service as duties
from people.rotas import rota_service as service
from people.rotas.icalendar import MEDIA_TYPE
from people.rotas.model import Override, Rota, RotaVersion
from people.rotas.resolving import Resolved
from people.rotas.rota_queries import RotaFilter

# A fortnight, unless asked otherwise.
DEFAULT_PERIOD = timedelta(days=14)
_DRAFT = Text("草稿", "Draft")


class VersionKey(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list of versions, newest first; bounded to what PostgreSQL has."""

    before: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] | None


From: TypeAlias = Annotated[datetime | None, QueryParameter(name="from", description="With offset; now unless given.")]
To: TypeAlias = Annotated[
    datetime | None,
    QueryParameter(name="to", description="With offset, exclusive; 14 days after the start unless given."),
]


@get("/v1/rotas", guards=[needs(Permission.READ_ROTAS)])
async def list_rotas(
    call: Call,
    site_id: SiteFilter = None,
    kind: FromQuery[RotaKind | None] = None,
    retired: Retired = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RotaView]:
    """Rotas by slug."""
    after = read_cursor(cursor, str, "")
    which = RotaFilter(site_id, kind, retired, q)
    rows = await service.list_rotas(call.tx, call.actor, which, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda rota: rota.slug, view=rota_view)


@get("/v1/rotas/{rota_id:uuid}", guards=[needs(Permission.READ_ROTAS)])
async def get_rota(call: Call, rota_id: FromPath[UUID]) -> Response[RotaView]:
    """One rota; its ETag is what an edit names."""
    rota = await service.get_rota(call.tx, call.actor, rota_id)
    return Response(rota_view(rota), headers=etag(rota.version))


@post("/v1/rotas", guards=[needs(Permission.MANAGE_PEOPLE)])
async def create_rota(data: JSONBody[NewRota], write: Write) -> Response[RotaView]:
    """Create a rota; an error names the field in it, like `definition.layers[1].handover`."""

    async def work() -> RotaView:
        draft = service.RotaDraft(data.slug, data.name, data.tz, data.kind, data.definition, data.site, data.calendar)
        return rota_view(await service.create_rota(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda rota: etag(rota.version))


@patch("/v1/rotas/{rota_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def edit_rota(
    data: JSONBody[RotaEdit], rota_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[RotaView]:
    """Edit or retire a rota from now on; who was on call before stays as it was."""
    version = expected_version(if_match)
    change = service.RotaChange(data.name, data.tz, data.definition, data.calendar, data.retired)
    rota = await service.edit_rota(call.tx, call.actor, rota_id, change, expected_version=version)
    return Response(rota_view(rota), headers=etag(rota.version))


@get("/v1/rotas/{rota_id:uuid}/versions", guards=[needs(Permission.READ_ROTAS)])
async def list_rota_versions(
    call: Call, rota_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[RotaVersionView]:
    """What a rota said and from when until when, newest first; who changed it is in the audit."""
    before = read_cursor(cursor, VersionKey, VersionKey(None)).before
    rows = await service.list_versions(call.tx, call.actor, rota_id, before=before, limit=limit + 1)
    return page(rows, limit, key=lambda it: VersionKey(it.version), view=version_view)


@post("/v1/rotas/preview", status_code=200, guards=[needs(Permission.MANAGE_PEOPLE)])
async def preview_rota(data: JSONBody[RotaPreview], call: Call) -> Page[DutyView]:
    """What a definition would give from until, before it is saved; at most 92 days, always one page."""
    tenant_id = call.actor.tenant_id
    draft = Rota(
        tenant_id,
        new_id(),
        "draft",
        _DRAFT,
        data.tz,
        "on_call",
        None,
        data.calendar,
        data.definition,
        1,
        None,
        call.tx.now,
    )
    found = await duties.preview_rota(call.tx, call.actor, draft, data.start, data.end)
    return Page([duty_view(it) for it in found], None)


@get("/v1/rotas/{rota_id:uuid}/duties", guards=[needs(Permission.READ_ROTAS)])
async def list_rota_duties(call: Call, rota_id: FromPath[UUID], start: From = None, end: To = None) -> Page[DutyView]:
    """A rota's calendar with its gaps, by position and time; at most 92 days, always one page."""
    start, end = _period(call, start, end)
    found = await duties.list_rota_duties(call.tx, call.actor, rota_id, start, end)
    return Page([duty_view(it) for it in found], None)


@get("/v1/accounts/{account_id:uuid}/duties", guards=[needs(Permission.READ_ROTAS)])
async def list_person_duties(
    call: Call, account_id: FromPath[UUID], start: From = None, end: To = None
) -> Page[DutyView]:
    """Somebody's duties in all rotas, by time; at most 92 days, always one page."""
    start, end = _period(call, start, end)
    found = await duties.list_person_duties(call.tx, call.actor, account_id, start, end)
    return Page([duty_view(it) for it in found], None)


@get("/v1/me/duties.ics", media_type=MEDIA_TYPE, guards=[needs(Permission.READ_ROTAS)])
async def export_duties(call: Call) -> Response[bytes]:
    """One's own duties as iCalendar (RFC 5545), from two weeks ago to eleven weeks ahead."""
    content = await duties.export_duties(call.tx, call.actor, call.language)
    return Response(
        content,
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": 'attachment; filename="duties.ics"', "Cache-Control": "no-store"},
    )


@get("/v1/on-call", guards=[needs(Permission.READ_ROTAS)])
async def who_is_on_call(
    call: Call,
    site_id: SiteFilter = None,
    at: Annotated[datetime | None, QueryParameter(description="With offset; now unless given.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[DutyView]:
    """Who is on duty at a moment and why, nobodies too; a site's rotas with those of the whole tenant.

    `limit` counts rotas; each has one item for each of its positions.
    """
    after = read_cursor(cursor, str, "")
    moment = call.tx.now if at is None else _check_offset(at, "at")
    found, following = await duties.who_is_on(call.tx, call.actor, moment, site_id=site_id, after=after, limit=limit)
    return Page([duty_view(it) for it in found], None if following is None else write_cursor(following))


@get("/v1/rota-gaps", guards=[needs(Permission.READ_ROTAS)])
async def list_gaps(
    call: Call,
    site_id: SiteFilter = None,
    days: Annotated[
        int, QueryParameter(ge=1, le=duties.GAP_DAYS_MAX, description="How far ahead to look.")
    ] = DEFAULT_PERIOD.days,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[DutyView]:
    """When nobody is on duty in the next days, and why; `limit` counts rotas, also those without a gap."""
    after = read_cursor(cursor, str, "")
    found, following = await duties.list_gaps(call.tx, call.actor, days, site_id=site_id, after=after, limit=limit)
    return Page([duty_view(it) for it in found], None if following is None else write_cursor(following))


@get("/v1/rotas/{rota_id:uuid}/overrides", guards=[needs(Permission.READ_ROTAS)])
async def list_overrides(
    call: Call,
    rota_id: FromPath[UUID],
    everything: Annotated[
        bool, QueryParameter(name="all", description="Those that are over or cancelled too.")
    ] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[OverrideView]:
    """A rota's overrides, oldest first; accepted swaps are among them."""
    after = read_cursor(cursor, UUID, FIRST)
    rows = await service.list_overrides(
        call.tx, call.actor, rota_id, everything=everything, after=after, limit=limit + 1
    )
    return page(rows, limit, key=lambda override: override.id, view=override_view)


@post("/v1/rotas/{rota_id:uuid}/overrides", guards=[needs(Permission.MANAGE_PEOPLE)])
async def add_override(data: JSONBody[NewOverride], write: Write, rota_id: FromPath[UUID]) -> Response[OverrideView]:
    """Change who is on duty from until: replace, remove or add somebody."""

    async def work() -> OverrideView:
        draft = service.OverrideDraft(
            data.starts_at, data.ends_at, data.reason, data.removed, data.added, data.position
        )
        return override_view(await service.add_override(write.tx, write.actor, rota_id, draft))

    return await write.once(work)


@delete("/v1/overrides/{override_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def cancel_override(call: Call, override_id: FromPath[UUID]) -> None:
    """Take an override back from now on; of an accepted swap, both halves."""
    await service.cancel_override(call.tx, call.actor, override_id)


def _period(call: Call, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    begin = call.tx.now if start is None else _check_offset(start, "from")
    if end is not None:
        return begin, _check_offset(end, "to")
    try:
        return begin, begin + DEFAULT_PERIOD
    except OverflowError:
        return begin, begin  # refused by the service, which names the limit


def _check_offset(moment: datetime, field: str) -> datetime:
    if moment.tzinfo is None:
        raise Invalid("time.offset", "a time has an offset", "时间须带时区偏移", field=field, value=moment.isoformat())
    return moment


def rota_view(it: Rota) -> RotaView:
    """A rota as the wire shows it."""
    return RotaView(
        it.id,
        it.slug,
        it.name,
        it.tz,
        it.kind,
        it.site_id,
        it.calendar_id,
        it.definition,
        it.retired_at is not None,
        it.version,
        it.created_at,
    )


def version_view(it: RotaVersion) -> RotaVersionView:
    """A version as the wire shows it."""
    return RotaVersionView(it.version, it.valid_from, it.valid_until, it.tz, it.calendar_id, it.definition, it.retired)


def duty_view(it: Resolved) -> DutyView:
    """A duty, or a gap, as the wire shows it."""
    rota = it.rota
    return DutyView(
        rota.id,
        rota.slug,
        rota.name,
        rota.kind,
        rota.site_id,
        it.position,
        it.account_id,
        it.account,
        it.starts_at,
        it.ends_at,
        it.cause,
        it.why,
    )


def override_view(it: Override) -> OverrideView:
    """An override as the wire shows it."""
    return OverrideView(
        it.id,
        it.rota_id,
        it.removed,
        it.added,
        it.position,
        it.starts_at,
        it.ends_at,
        it.reason,
        it.swap_id,
        it.created_by,
        it.created_at,
        it.cancelled_at,
    )


router = Router(
    "/",
    route_handlers=[
        list_rotas,
        get_rota,
        create_rota,
        edit_rota,
        list_rota_versions,
        preview_rota,
        list_rota_duties,
        list_person_duties,
        export_duties,
        who_is_on_call,
        list_gaps,
        list_overrides,
        add_override,
        cancel_override,
    ],
    tags=["rotas"],
)
