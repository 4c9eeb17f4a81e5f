"""Addresses beside the phone, the services that write to them, and quiet times."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from mobile_contract.paging import Page
from mobile_contract.reach import (
    ContactKind,
    ContactPointView,
    MessageServiceSetting,
    MessageServiceView,
    NewContactPoint,
    NewQuietTime,
    QuietTimeView,
)
from people.permissions import Permission
from people.queries import FIRST
from people.reach import service
from people.reach.message_url import check_service_url
from people.reach.model import ContactPoint, MessageServiceRow, QuietTime
from people.reach.service import QuietDraft

Whose = Annotated[UUID | None, QueryParameter(description="Another person's; left out: one's own.")]


@get("/v1/contact-points")
async def list_contact_points(
    call: Call, account: Whose = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ContactPointView]:
    """A person's addresses beside the phone, oldest first."""
    after = read_cursor(cursor, UUID, FIRST)
    owner = account or call.actor.account_id
    rows = await service.list_contact_points(call.tx, call.actor, owner, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda point: point.id, view=point_view)


@post("/v1/contact-points")
async def add_contact_point(data: JSONBody[NewContactPoint], write: Write) -> Response[ContactPointView]:
    """Add an address; the same again is one."""

    async def work() -> ContactPointView:
        owner = data.account or write.actor.account_id
        return point_view(await service.add_contact_point(write.tx, write.actor, owner, data.kind, data.address))

    return await write.once(work)


@delete("/v1/contact-points/{contact_id:uuid}")
async def remove_contact_point(call: Call, contact_id: FromPath[UUID]) -> None:
    """Take an address out."""
    await service.remove_contact_point(call.tx, call.actor, contact_id)


@get("/v1/message-services", guards=[needs(Permission.READ_OUTPUTS)])
async def list_message_services(call: Call) -> list[MessageServiceView]:
    """How mail, texts and chat messages are sent; never the secrets in the addresses."""
    return [service_view(row) for row in await service.list_message_services(call.tx, call.actor)]


@put("/v1/message-services", guards=[needs(Permission.MANAGE_OUTPUTS)])
async def set_message_service(data: JSONBody[MessageServiceSetting], call: Call) -> MessageServiceView:
    """Say how one kind of message is sent, by an apprise address."""
    check_service_url(data.kind, data.url)
    saved = await service.set_message_service(call.tx, call.actor, data.kind, data.url, enabled=data.enabled)
    return service_view(saved)


@delete("/v1/message-services", guards=[needs(Permission.MANAGE_OUTPUTS)])
async def remove_message_service(
    call: Call, kind: Annotated[ContactKind, QueryParameter(description="Which kind of message.")]
) -> None:
    """Stop sending one kind of message."""
    await service.remove_message_service(call.tx, call.actor, kind)


@get("/v1/quiet-times")
async def list_quiet_times(
    call: Call, account: Whose = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[QuietTimeView]:
    """When a person is not to be disturbed, except to save lives; oldest first."""
    after = read_cursor(cursor, UUID, FIRST)
    owner = account or call.actor.account_id
    rows = await service.list_quiet_times(call.tx, call.actor, owner, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda quiet: quiet.id, view=quiet_view)


@post("/v1/quiet-times")
async def add_quiet_time(data: JSONBody[NewQuietTime], write: Write) -> Response[QuietTimeView]:
    """Add a quiet time: daily, or once."""

    async def work() -> QuietTimeView:
        owner = data.account or write.actor.account_id
        draft = QuietDraft(data.daily_from, data.daily_until, data.tz, data.starts_at, data.ends_at, data.reason)
        return quiet_view(await service.add_quiet_time(write.tx, write.actor, owner, draft))

    return await write.once(work)


@delete("/v1/quiet-times/{quiet_id:uuid}")
async def remove_quiet_time(call: Call, quiet_id: FromPath[UUID]) -> None:
    """End a quiet time."""
    await service.remove_quiet_time(call.tx, call.actor, quiet_id)


def point_view(point: ContactPoint) -> ContactPointView:
    """An address as the wire shows it."""
    dead = point.dead_at is not None
    return ContactPointView(point.id, point.account_id, point.kind, point.address, dead, point.created_at)


def service_view(row: MessageServiceRow) -> MessageServiceView:
    """A service as the wire shows it: without its secret."""
    return MessageServiceView(row.kind, row.url.partition("://")[0], row.enabled, row.version)


def quiet_view(quiet: QuietTime) -> QuietTimeView:
    """A quiet time as the wire shows it."""
    return QuietTimeView(
        id=quiet.id,
        account=quiet.account_id,
        daily_from=quiet.daily_from,
        daily_until=quiet.daily_until,
        tz=quiet.tz,
        starts_at=quiet.starts_at,
        ends_at=quiet.ends_at,
        reason=quiet.reason,
    )


router = Router(
    "/",
    route_handlers=[
        list_contact_points,
        add_contact_point,
        remove_contact_point,
        list_message_services,
        set_message_service,
        remove_message_service,
        list_quiet_times,
        add_quiet_time,
        remove_quiet_time,
    ],
    tags=["reach"],
)
