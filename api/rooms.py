"""Incident rooms for a phone without a socket: what stands in them, what was said, and writing into them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from incidents import records, rooms
from incidents.room_queries import JoinedRoom
from mobile_contract.incidents import NewMessage, RoomHistory, RoomRecord
from mobile_contract.paging import Page
from mobile_contract.room import RoomState
from mobile_contract.room_events import RoomEvent
from people.permissions import Permission

# The largest integer every JSON reader keeps exactly (RFC 8259 section 6).
_LAST_SEQ = 2**53 - 1


@get("/v1/rooms", guards=[needs(Permission.READ_ROOM)])
async def list_rooms(
    call: Call,
    closed: Annotated[bool, QueryParameter(description="True: rooms of closed incidents, too.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RoomRecord]:
    """Rooms one is a member of, newest first."""
    rows = await records.list_own_rooms(
        call.tx, call.actor, closed=closed, before=read_time_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.opened_at, row.id), view=room_record)


@get("/v1/rooms/{room_id:uuid}", guards=[needs(Permission.READ_ROOM)])
async def get_room(call: Call, room_id: FromPath[UUID]) -> RoomState:
    """The room as it stands after event `seq`; 404 for whom it does not concern."""
    return await records.get_room_state(call.tx, call.actor, room_id)


@get("/v1/rooms/{room_id:uuid}/events", guards=[needs(Permission.READ_ROOM)])
async def list_room_events(
    call: Call,
    room_id: FromPath[UUID],
    after: Annotated[
        int | None, QueryParameter(ge=0, le=_LAST_SEQ, description="Events above this number, oldest first.")
    ] = None,
    before: Annotated[
        int | None, QueryParameter(ge=1, le=_LAST_SEQ, description="The newest events below this number.")
    ] = None,
    messages: Annotated[bool, QueryParameter(description="Only what people wrote; not with `after`.")] = False,
    limit: Limit = DEFAULT_LIMIT,
) -> RoomHistory:
    """A stretch of the room's events, always in order.

    Forwards from `after` to catch up; backwards, the next `before` being the first `seq` of this answer, for what was
    said long ago. Without either: the newest.
    """
    found = await records.list_history(
        call.tx, call.actor, room_id, after=after, before=before, messages=messages, limit=limit
    )
    return RoomHistory(found.room.id, found.room.epoch, found.room.next_seq - 1, found.events, found.more)


@post("/v1/rooms/{room_id:uuid}/messages", guards=[needs(Permission.POST_ROOM)])
async def post_message(data: JSONBody[NewMessage], room_id: FromPath[UUID], write: Write) -> Response[RoomEvent]:
    """Write a message into a room; the same `key` twice is one message, over HTTP or a socket."""

    async def work() -> RoomEvent:
        return await rooms.post(write.tx, write.actor, room_id, data.text, data.key)

    return await write.once(work)


def room_record(room: JoinedRoom) -> RoomRecord:
    """A room as its member's list shows it."""
    return RoomRecord(
        room.id,
        room.epoch,
        room.next_seq - 1,
        room.opened_at,
        room.incident_id,
        room.number,
        room.grade,
        room.state,
        room.title,
        room.place,
    )


router = Router("/", route_handlers=[list_rooms, get_room, list_room_events, post_message], tags=["rooms"])
