"""One's own notices: listed, and marked as read."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.call import Call
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from mobile_contract.notices import NoticeKind, NoticePage, NoticesRead, NoticeView, ReadUpTo
from people.notices import service
from people.notices.model import Notice
from people.notices.wording import text_of, title_of


@get("/v1/notices")
async def list_notices(
    call: Call,
    unread: Annotated[bool, QueryParameter(description="Those not read yet.")] = False,
    kind: FromQuery[NoticeKind | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> NoticePage:
    """One's own notices, newest first, and how many of all are unread."""
    before = read_time_cursor(cursor)
    rows = await service.list_notices(call.tx, call.actor, unread=unread, kind=kind, before=before, limit=limit + 1)
    shown = page(rows, limit, key=lambda it: time_key(it.created_at, it.id), view=notice_view)
    return NoticePage(shown.items, shown.next, await service.count_unread(call.tx, call.actor))


@get("/v1/notices/{notice_id:uuid}")
async def get_notice(call: Call, notice_id: FromPath[UUID]) -> NoticeView:
    """One of one's own notices."""
    return notice_view(await service.get_notice(call.tx, call.actor, notice_id))


@post("/v1/notices/{notice_id:uuid}/read", status_code=200)
async def read_notice(call: Call, notice_id: FromPath[UUID]) -> NoticeView:
    """Mark one as read; again it stays read since the first time."""
    return notice_view(await service.read_notice(call.tx, call.actor, notice_id))


@post("/v1/notices/read", status_code=200)
async def read_notices(data: JSONBody[ReadUpTo], call: Call) -> NoticesRead:
    """Mark a notice and all before it as read, whatever filter they were listed by."""
    read = await service.read_up_to(call.tx, call.actor, data.up_to)
    return NoticesRead(read, await service.count_unread(call.tx, call.actor))


def notice_view(notice: Notice) -> NoticeView:
    """A notice as the wire shows it: its words are made now, from its facts."""
    return NoticeView(
        id=notice.id,
        kind=notice.kind,
        subject=notice.subject_id,
        title=title_of(notice.facts),
        text=text_of(notice.facts),
        urgent=notice.urgent,
        created_at=notice.created_at,
        read_at=notice.read_at,
        push=notice.push,
        pushed_at=notice.pushed_at,
    )


router = Router("/", route_handlers=[list_notices, get_notice, read_notice, read_notices], tags=["notices"])
