"""Feeds: other systems that are told of incidents, by CAP 1.2 or webhook, and the messages to them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor, read_time_cursor, time_key
from incidents.record import feed_service as service
from incidents.record.feed_queries import Feed, FeedMessage
from mobile_contract.feeds import (
    FeedEdit,
    FeedKindName,
    FeedMessageDetail,
    FeedMessageView,
    FeedView,
    FeedWithSecret,
    MessageStateName,
    NewFeed,
)
from mobile_contract.paging import Page
from people.permissions import Permission


class _After(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list ordered by (name, id)."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    id: UUID


_START = _After("", UUID(int=0))


@get("/v1/feeds", guards=[needs(Permission.READ_OUTPUTS)])
async def list_feeds(
    call: Call,
    kind: Annotated[FeedKindName | None, QueryParameter(description="cap or webhook.")] = None,
    enabled: Annotated[bool | None, QueryParameter(description="Those in use, or those that are not.")] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FeedView]:
    """Feeds by name."""
    after = read_cursor(cursor, _After, _START)
    rows = await service.list_feeds(
        call.tx, call.actor, search=q, kind=kind, enabled=enabled, after=(after.name, after.id), limit=limit + 1
    )
    return page(rows, limit, key=lambda row: _After(row.name, row.id), view=feed_view)


@get("/v1/feeds/{feed_id:uuid}", guards=[needs(Permission.READ_OUTPUTS)])
async def get_feed(call: Call, feed_id: FromPath[UUID]) -> Response[FeedView]:
    """One feed; its ETag is what an edit names."""
    found = await service.get_feed(call.tx, call.actor, feed_id)
    return Response(feed_view(found), headers=etag(found.version))


@post("/v1/feeds", guards=[needs(Permission.MANAGE_OUTPUTS)])
async def create_feed(data: JSONBody[NewFeed], write: Write, deps: Deps) -> Response[FeedWithSecret]:
    """Set up a feed; the answer has its secret, once.

    Messages are signed after the Standard Webhooks scheme. Keep `webhook-id` to take a message once, and refuse a
    `webhook-timestamp` more than five minutes away.
    """

    async def work() -> FeedWithSecret:
        draft = service.FeedDraft(**msgspec.structs.asdict(data))
        made, secret = await service.create_feed(write.tx, write.actor, deps.feeds, draft)
        return FeedWithSecret(feed_view(made), secret)

    return await write.once(work, headers=lambda it: etag(it.feed.version), kept=_without_secret)


@patch("/v1/feeds/{feed_id:uuid}", guards=[needs(Permission.MANAGE_OUTPUTS)])
async def edit_feed(
    data: JSONBody[FeedEdit], feed_id: FromPath[UUID], call: Call, deps: Deps, if_match: IfMatch = None
) -> Response[FeedView]:
    """Edit, disable or enable a feed."""
    version = expected_version(if_match)
    change = service.FeedChange(**msgspec.structs.asdict(data))
    edited = await service.edit_feed(call.tx, call.actor, deps.feeds, feed_id, change, expected_version=version)
    return Response(feed_view(edited), headers=etag(edited.version))


@post("/v1/feeds/{feed_id:uuid}/secret", guards=[needs(Permission.MANAGE_OUTPUTS)])
async def rotate_feed_secret(feed_id: FromPath[UUID], write: Write, deps: Deps) -> Response[FeedWithSecret]:
    """A new secret, shown once; for a day messages are signed with both."""

    async def work() -> FeedWithSecret:
        rotated, secret = await service.rotate_secret(write.tx, write.actor, deps.feeds, feed_id)
        return FeedWithSecret(feed_view(rotated), secret)

    return await write.once(work, headers=lambda it: etag(it.feed.version), kept=_without_secret)


@post("/v1/feeds/{feed_id:uuid}/test", guards=[needs(Permission.MANAGE_OUTPUTS)])
async def test_feed(feed_id: FromPath[UUID], write: Write) -> Response[FeedMessageView]:
    """Queue a message that says it is a test."""

    async def work() -> FeedMessageView:
        return message_view(await service.test_feed(write.tx, write.actor, feed_id))

    return await write.once(work)


@get("/v1/feed-messages", guards=[needs(Permission.READ_OUTPUTS)])
async def list_feed_messages(
    call: Call,
    feed: Annotated[UUID | None, QueryParameter(description="To this feed.")] = None,
    incident: Annotated[UUID | None, QueryParameter(description="About this incident.")] = None,
    in_state: Annotated[
        MessageStateName | None, QueryParameter(name="state", description="Queued, sent or failed.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FeedMessageView]:
    """Messages to feeds, newest first, with what became of them."""
    rows = await service.list_messages(
        call.tx,
        call.actor,
        feed_id=feed,
        incident_id=incident,
        state=in_state,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.queued_at, row.id), view=message_view)


@get("/v1/feed-messages/{message_id:uuid}", guards=[needs(Permission.READ_OUTPUTS)])
async def get_feed_message(call: Call, message_id: FromPath[UUID]) -> FeedMessageDetail:
    """One message and its payload."""
    found = await service.get_message(call.tx, call.actor, message_id)
    return FeedMessageDetail(message_view(found), found.payload)


@post("/v1/feed-messages/{message_id:uuid}/resend", status_code=200, guards=[needs(Permission.MANAGE_OUTPUTS)])
async def resend_feed_message(message_id: FromPath[UUID], write: Write) -> Response[FeedMessageView]:
    """Send a message that is over again, with its id and payload; one that still waits is left as it is."""

    async def work() -> FeedMessageView:
        return message_view(await service.resend_message(write.tx, write.actor, message_id))

    return await write.once(work, status=200)


def feed_view(it: Feed) -> FeedView:
    """A feed as the wire shows it."""
    return FeedView(**{name: getattr(it, name) for name in FeedView.__struct_fields__})


def message_view(it: FeedMessage) -> FeedMessageView:
    """A message as the wire shows it."""
    return FeedMessageView(
        id=it.id,
        feed=it.feed_id,
        incident=it.incident_id,
        event=it.event,
        exercise=it.exercise,
        state=it.state,
        attempts=it.attempts,
        queued_at=it.queued_at,
        due_at=it.due_at,
        ended_at=it.ended_at,
        last_status=it.last_status,
        last_error=it.last_error,
    )


def _without_secret(it: FeedWithSecret) -> FeedWithSecret:
    return msgspec.structs.replace(it, secret=None)


router = Router(
    "/",
    route_handlers=[
        list_feeds,
        get_feed,
        create_feed,
        edit_feed,
        rotate_feed_secret,
        test_feed,
        list_feed_messages,
        get_feed_message,
        resend_feed_message,
    ],
    tags=["feeds"],
)
