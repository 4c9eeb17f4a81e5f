"""Incident rooms: open, append, follow.

A transaction that changes an incident's things appends their events to its room before it commits. The room's row is
then locked until commit, so append comes last, after every other lock of the transaction (order: site, incident, alarm,
task, delivery, room).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from core import outbox
from core.database import Tx
from core.errors import Invalid, NotFound
from core.ids import new_id
from incidents import room_queries
from incidents.room_queries import Room
from incidents.sos import queries as sos_queries
from mobile_contract.room import RoomState
from mobile_contract.room_events import Body, MemberJoined, MemberLeft, MessagePosted, RoomEvent
from mobile_contract.room_views import MESSAGE_MAX_CHARS, MemberView
from people.actor import Actor
from people.permissions import Permission

NEWS_EVENT = "room.event"
"""Key ``<room>:<seq>``."""
NEWS_MEMBER = "room.member"
"""Key ``<room>:<account>``: somebody was added to a room or taken out of it."""


async def open_room(tx: Tx, tenant_id: UUID, incident_id: UUID, members: Iterable[UUID]) -> UUID:
    """Open the incident's room with these accounts; opening twice gives the same room.

    The caller appends ``IncidentOpened`` and what else belongs to the incident before it commits.
    """
    room_id = new_id()
    if not await room_queries.insert_room(tx, tenant_id, room_id, incident_id):
        room_id = (await room_of(tx, tenant_id, incident_id)).id
    tx.memo["room", incident_id] = room_id
    await add_members(tx, tenant_id, room_id, list(members))
    return room_id


async def room_of(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Room:
    """The incident's room; raises NotFound."""
    room = await room_queries.find_room_of_incident(tx, tenant_id, incident_id)
    if room is None:
        raise NotFound(
            "room.not_found", f"incident {incident_id} has no room", f"事件 {incident_id} 没有群组", field="incident"
        )
    return room


async def room_id_of(tx: Tx, tenant_id: UUID, incident_id: UUID) -> UUID:
    """The id of the incident's room; raises NotFound."""
    key = ("room", incident_id)
    if key not in tx.memo:
        tx.memo[key] = (await room_of(tx, tenant_id, incident_id)).id
    found: UUID = tx.memo[key]
    return found


async def append(
    tx: Tx, tenant_id: UUID, room_id: UUID, body: Body, *, by: UUID | None = None, client_key: str | None = None
) -> RoomEvent:
    """Append an event; the same ``client_key`` of the same account twice gives the first event. Raises NotFound.

    The room's row stays locked until commit.
    """
    if client_key is not None and by is not None:
        # Under the lock the first write with this key is either visible here or was rolled back.
        await room_queries.lock_room(tx, tenant_id, room_id)
        known = await room_queries.find_event_by_key(tx, tenant_id, room_id, by, client_key)
        if known is not None:
            return known
    event = await room_queries.append_event(tx, tenant_id, room_id, body, by, client_key)
    if event is None:
        raise _no_room(room_id)
    return event


async def append_to_incident(tx: Tx, tenant_id: UUID, incident_id: UUID, body: Body, *, by: UUID | None = None) -> None:
    """Tell the incident's room at the end of the transaction; raises NotFound."""
    append_later(tx, await room_id_of(tx, tenant_id, incident_id), body, by=by)


def append_later(tx: Tx, room_id: UUID, body: Body, *, by: UUID | None = None) -> None:
    """Append at the end of the transaction: what follows from a change, all of it in one statement a room."""
    tx.collect("rooms", (room_id, body, by), _append_collected)


async def _append_collected(tx: Tx, events: list[tuple[UUID, Body, UUID | None]]) -> None:
    assert tx.tenant_id is not None
    # In order of ids, so that two transactions of many rooms can not wait for each other.
    for room_id in sorted({room for room, _, _ in events}):
        bodies = [(body, by) for room, body, by in events if room == room_id]
        last = await room_queries.append_events(tx, tx.tenant_id, room_id, bodies)
        if last is None:
            raise _no_room(room_id)
        await outbox.wake(tx, NEWS_EVENT, f"{room_id}:{last}")


async def post(tx: Tx, actor: Actor, room_id: UUID, text: str, client_key: str) -> RoomEvent:
    """Write a message into a room the actor may see; twice with one key is one message."""
    actor.require(Permission.POST_ROOM)
    await access_room(tx, actor, room_id)
    if not text.strip() or len(text) > MESSAGE_MAX_CHARS:
        raise Invalid(
            "message.length",
            f"a message has 1 to {MESSAGE_MAX_CHARS} characters, this one has {len(text)}",
            f"消息长度应为 1 到 {MESSAGE_MAX_CHARS} 个字符，此消息为 {len(text)} 个",
            field="text",
            value=len(text),
            limit=MESSAGE_MAX_CHARS,
        )
    return await append(tx, actor.tenant_id, room_id, MessagePosted(text), by=actor.account_id, client_key=client_key)


async def add_member(tx: Tx, tenant_id: UUID, room_id: UUID, account_id: UUID) -> None:
    """Add a person; adding twice is one fact."""
    await add_members(tx, tenant_id, room_id, [account_id])


async def add_members(tx: Tx, tenant_id: UUID, room_id: UUID, account_ids: Sequence[UUID]) -> None:
    """Add these people in their order; who is in it already stays as they are."""
    added: set[UUID] = tx.memo.setdefault(("members", room_id), set())
    if not (asked := [account_id for account_id in account_ids if account_id not in added]):
        return
    names = await room_queries.insert_members(tx, tenant_id, room_id, asked)
    added |= names.keys()
    for account_id in asked:
        if account_id in names:
            member = MemberView(account=account_id, name=names.pop(account_id), joined_at=tx.now)
            append_later(tx, room_id, MemberJoined(member))
            await outbox.wake(tx, NEWS_MEMBER, f"{room_id}:{account_id}")


async def remove_member(tx: Tx, tenant_id: UUID, room_id: UUID, account_id: UUID) -> None:
    """Take a person out; twice is one fact."""
    tx.memo.get(("members", room_id), set()).discard(account_id)
    if await room_queries.delete_member(tx, tenant_id, room_id, account_id):
        append_later(tx, room_id, MemberLeft(account_id))
        await outbox.wake(tx, NEWS_MEMBER, f"{room_id}:{account_id}")


async def is_member(tx: Tx, tenant_id: UUID, room_id: UUID, account_id: UUID) -> bool:
    """Whether the account is a member of the room."""
    return await room_queries.has_member(tx, tenant_id, room_id, account_id)


async def access_room(tx: Tx, actor: Actor, room_id: UUID) -> Room:
    """The room, for its members, safety officers, admins and auditors; NotFound for everybody else.

    A worker who is not concerned is not told that the room exists.
    """
    actor.require(Permission.READ_ROOM)
    room = await room_queries.find_room(tx, actor.tenant_id, room_id)
    if room is None:
        raise _no_room(room_id)
    if not await may_see(tx, actor, room_id):
        raise _no_room(room_id)
    return room


async def may_see(tx: Tx, actor: Actor, room_id: UUID) -> bool:
    """Whether the room concerns the actor: its members, and those who see all of them."""
    if not actor.may(Permission.READ_ROOM):
        return False
    if await sos_queries.called_in_room(tx, actor.tenant_id, room_id, actor.account_id):
        # Whoever looks over the shoulder of the person who called sees nothing of it.
        return False
    return sees_all(actor) or await is_member(tx, actor.tenant_id, room_id, actor.account_id)


def sees_all(actor: Actor) -> bool:
    """Safety officers, admins and auditors see every room and every order."""
    return actor.may(Permission.MANAGE_INCIDENT) or actor.may(Permission.READ_AUDIT)


async def open_rooms_of(tx: Tx, tenant_id: UUID, account_id: UUID, limit: int) -> list[Room]:
    """Rooms of open incidents the account is a member of, newest first."""
    return await room_queries.list_open_rooms(tx, tenant_id, account_id, limit)


async def events_after(tx: Tx, tenant_id: UUID, room_id: UUID, seq: int, limit: int) -> list[RoomEvent]:
    """Events above ``seq``, in order, at most ``limit``."""
    return await room_queries.list_events_after(tx, tenant_id, room_id, seq, limit)


async def fresh_snapshot(tx: Tx, tenant_id: UUID, room_id: UUID) -> RoomState:
    """The room's state now, read from the tables of incidents, alarms, tasks, commands and deliveries. NotFound."""
    state = await room_queries.find_snapshot(tx, tenant_id, room_id)
    if state is None:
        raise _no_room(room_id)
    return state


def _no_room(room_id: UUID) -> NotFound:
    return NotFound("room.not_found", f"no room {room_id}", f"没有群组 {room_id}", field="room")
