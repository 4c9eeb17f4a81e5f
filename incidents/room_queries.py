"""SQL of rooms, their events and members; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from mobile_contract.room import RoomState
from mobile_contract.room_events import Body, RoomEvent, kind_of, lane_of
from mobile_contract.room_views import MESSAGES_KEPT, IncidentStateName, Lane
from mobile_contract.text import Text


class Room(msgspec.Struct, frozen=True):
    """A room's head: its last event is ``next_seq - 1`` of ``epoch``."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    epoch: int
    next_seq: int
    opened_at: datetime


class EventRow(msgspec.Struct, frozen=True):
    """A stored event."""

    room_id: UUID
    epoch: int
    seq: int
    at: datetime
    lane: Lane
    by_account: UUID | None
    body: Body

    @property
    def event(self) -> RoomEvent:
        """The event as it goes over the wire."""
        return RoomEvent(
            room=self.room_id,
            epoch=self.epoch,
            seq=self.seq,
            at=self.at,
            by=self.by_account,
            lane=self.lane,
            body=self.body,
        )


_ROOM = "tenant_id, id, incident_id, epoch, next_seq, opened_at"
_EVENT = "room_id, epoch, seq, at, lane, by_account, body"

INSERT_ROOM = """
INSERT INTO rooms (tenant_id, id, incident_id, opened_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, incident_id) DO NOTHING
"""


async def insert_room(tx: Tx, tenant_id: UUID, room_id: UUID, incident_id: UUID) -> bool:
    """False when the incident has a room already."""
    return await tx.execute(INSERT_ROOM, tenant_id, room_id, incident_id, tx.now) == 1


FIND_ROOM = f"SELECT {_ROOM} FROM rooms WHERE tenant_id = $1 AND id = $2"
LOCK_ROOM = FIND_ROOM + " FOR NO KEY UPDATE"


async def find_room(tx: Tx, tenant_id: UUID, room_id: UUID) -> Room | None:
    """The room's head, or None."""
    row = await tx.fetchrow(FIND_ROOM, tenant_id, room_id)
    return None if row is None else row_to(Room, row)


async def lock_room(tx: Tx, tenant_id: UUID, room_id: UUID) -> Room | None:
    """The room's head, its row locked until commit, or None."""
    row = await tx.fetchrow(LOCK_ROOM, tenant_id, room_id)
    return None if row is None else row_to(Room, row)


FIND_ROOM_OF_INCIDENT = f"SELECT {_ROOM} FROM rooms WHERE tenant_id = $1 AND incident_id = $2"


async def find_room_of_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Room | None:
    """The incident's room, or None."""
    row = await tx.fetchrow(FIND_ROOM_OF_INCIDENT, tenant_id, incident_id)
    return None if row is None else row_to(Room, row)


LIST_OPEN_ROOMS = f"""
SELECT {", ".join(f"r.{column}" for column in _ROOM.split(", "))}
FROM room_members m
JOIN rooms r ON r.tenant_id = $1 AND r.id = m.room_id
JOIN incidents i ON i.tenant_id = $1 AND i.id = r.incident_id AND i.state <> 'closed'
WHERE m.tenant_id = $1 AND m.account_id = $2
ORDER BY r.opened_at DESC, r.id DESC
LIMIT $3
"""


async def list_open_rooms(tx: Tx, tenant_id: UUID, account_id: UUID, limit: int) -> list[Room]:
    """Rooms of incidents that are not closed, of which the account is a member, newest first."""
    return [row_to(Room, r) for r in await tx.fetch(LIST_OPEN_ROOMS, tenant_id, account_id, limit)]


class JoinedRoom(msgspec.Struct, frozen=True):
    """A room as its member's list shows it: its head, and what its incident is about."""

    id: UUID
    epoch: int
    next_seq: int
    opened_at: datetime
    incident_id: UUID
    number: int
    grade: int
    state: IncidentStateName
    title: Text
    place: Text


LIST_ROOMS_OF_ACCOUNT = """
SELECT r.id, r.epoch, r.next_seq, r.opened_at, r.incident_id, i.number, i.grade, i.state, i.title, i.place
FROM room_members m
JOIN rooms r ON r.tenant_id = $1 AND r.id = m.room_id
JOIN incidents i ON i.tenant_id = $1 AND i.id = r.incident_id
WHERE m.tenant_id = $1 AND m.account_id = $2 AND ($3::boolean OR i.state <> 'closed')
  AND ($4::timestamptz IS NULL OR (r.opened_at, r.id) < ($4, $5::uuid))
ORDER BY r.opened_at DESC, r.id DESC
LIMIT $6
"""


async def list_rooms_of_account(
    tx: Tx,
    tenant_id: UUID,
    account_id: UUID,
    *,
    closed: bool,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[JoinedRoom]:
    """Rooms the account is a member of, newest first; ``closed``: those of closed incidents too."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_ROOMS_OF_ACCOUNT, tenant_id, account_id, closed, at, last, limit)
    return [row_to(JoinedRoom, r) for r in rows]


# The UPDATE waits for the room's row, so a sequence number is taken only when the transaction before has ended; the row
# stays locked until commit. A rollback gives the number back. One round trip: the lock is held as briefly as can be.
APPEND_EVENT = """
WITH head AS (
    UPDATE rooms SET next_seq = next_seq + 1 WHERE tenant_id = $1 AND id = $2
    RETURNING epoch, next_seq - 1 AS seq
), event AS (
    INSERT INTO room_events (tenant_id, room_id, seq, epoch, at, kind, lane, by_account, client_key, body)
    SELECT $1, $2, head.seq, head.epoch, $3, $4, $5, $6, $7, $8 FROM head
)
SELECT head.epoch, head.seq, pg_notify('muster_news', json_build_object(
    'kind', 'room.event', 'tenant', $1::uuid, 'key', $2::uuid::text || ':' || head.seq)::text)
FROM head
"""


async def append_event(
    tx: Tx, tenant_id: UUID, room_id: UUID, body: Body, by: UUID | None, client_key: str | None
) -> RoomEvent | None:
    """Allocate the next sequence number, store the event and wake the feeds at commit; None without such a room."""
    lane = lane_of(body)
    head = await tx.fetchrow(
        APPEND_EVENT, tenant_id, room_id, tx.now, kind_of(body), lane, by, client_key, msgspec.to_builtins(body)
    )
    if head is None:
        return None
    return RoomEvent(room=room_id, epoch=head["epoch"], seq=head["seq"], at=tx.now, by=by, lane=lane, body=body)


APPEND_EVENTS = """
WITH head AS (
    UPDATE rooms SET next_seq = next_seq + $3 WHERE tenant_id = $1 AND id = $2
    RETURNING epoch, next_seq - $3 AS first
), event AS (
    INSERT INTO room_events (tenant_id, room_id, seq, epoch, at, kind, lane, by_account, body)
    SELECT $1, $2, head.first + new.n - 1, head.epoch, $4, new.kind, new.lane, new.by_account, new.body
    FROM head, unnest($5::text[], $6::text[], $7::uuid[], $8::jsonb[]) WITH ORDINALITY
        AS new (kind, lane, by_account, body, n)
)
SELECT first + $3 - 1 FROM head
"""


async def append_events(
    tx: Tx, tenant_id: UUID, room_id: UUID, bodies: Sequence[tuple[Body, UUID | None]]
) -> int | None:
    """Store events (body, by) in order under the next sequence numbers; returns the last, None without such a room."""
    last: int | None = await tx.fetchval(
        APPEND_EVENTS,
        tenant_id,
        room_id,
        len(bodies),
        tx.now,
        [kind_of(body) for body, _ in bodies],
        [lane_of(body) for body, _ in bodies],
        [by for _, by in bodies],
        [msgspec.to_builtins(body) for body, _ in bodies],
    )
    return last


FIND_EVENT_BY_KEY = f"""
SELECT {_EVENT} FROM room_events
WHERE tenant_id = $1 AND room_id = $2 AND by_account = $3 AND client_key = $4
"""


async def find_event_by_key(
    tx: Tx, tenant_id: UUID, room_id: UUID, account_id: UUID, client_key: str
) -> RoomEvent | None:
    """What this client wrote with this key before, or None."""
    row = await tx.fetchrow(FIND_EVENT_BY_KEY, tenant_id, room_id, account_id, client_key)
    return None if row is None else row_to(EventRow, row).event


LIST_EVENTS_AFTER = f"""
SELECT {_EVENT} FROM room_events
WHERE tenant_id = $1 AND room_id = $2 AND seq > $3
ORDER BY seq LIMIT $4
"""


async def list_events_after(tx: Tx, tenant_id: UUID, room_id: UUID, seq: int, limit: int) -> list[RoomEvent]:
    """Events above ``seq`` in order."""
    rows = await tx.fetch(LIST_EVENTS_AFTER, tenant_id, room_id, seq, limit)
    return [row_to(EventRow, row).event for row in rows]


LIST_EVENTS_BEFORE = f"""
SELECT {_EVENT} FROM room_events
WHERE tenant_id = $1 AND room_id = $2 AND seq < $3 AND (NOT $4::boolean OR kind = 'message.posted')
ORDER BY seq DESC LIMIT $5
"""


async def list_events_before(
    tx: Tx, tenant_id: UUID, room_id: UUID, seq: int, *, messages: bool, limit: int
) -> list[RoomEvent]:
    """The newest events below ``seq``, newest first; ``messages``: only what people wrote."""
    rows = await tx.fetch(LIST_EVENTS_BEFORE, tenant_id, room_id, seq, messages, limit)
    return [row_to(EventRow, row).event for row in rows]


LIST_EVENTS_OF_ROOMS = f"""
SELECT {", ".join(f"e.{column}" for column in _EVENT.split(", "))}
FROM unnest($2::uuid[], $3::bigint[]) AS wanted (room_id, seq)
CROSS JOIN LATERAL (
    SELECT {_EVENT} FROM room_events
    WHERE tenant_id = $1 AND room_id = wanted.room_id AND seq > wanted.seq
    ORDER BY seq LIMIT $4
) e
ORDER BY e.room_id, e.seq
"""


async def list_events_of_rooms(
    tx: Tx, tenant_id: UUID, after: Sequence[tuple[UUID, int]], limit: int
) -> list[RoomEvent]:
    """For each (room, seq), up to ``limit`` events above seq; ordered by room and seq."""
    rooms, seqs = [room for room, _ in after], [seq for _, seq in after]
    rows = await tx.fetch(LIST_EVENTS_OF_ROOMS, tenant_id, rooms, seqs, limit)
    return [row_to(EventRow, row).event for row in rows]


FRESH_SNAPSHOT = (Path(__file__).parent / "sql" / "fresh_snapshot.sql").read_text(encoding="utf-8")


async def find_snapshot(tx: Tx, tenant_id: UUID, room_id: UUID) -> RoomState | None:
    """The room's state from the tables of its things, not from its events; None without such a room."""
    state: Any = await tx.fetchval(FRESH_SNAPSHOT, tenant_id, room_id, MESSAGES_KEPT)
    return None if state is None else msgspec.convert(state, RoomState)


INSERT_MEMBERS = """
INSERT INTO room_members (tenant_id, room_id, account_id, joined_at, name)
SELECT $1, $2, id, $4, display_name FROM accounts WHERE tenant_id = $1 AND id = ANY ($3::uuid[])
ON CONFLICT (tenant_id, room_id, account_id) DO NOTHING
RETURNING account_id, name
"""


async def insert_members(tx: Tx, tenant_id: UUID, room_id: UUID, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names, from now on, of those who were no members yet."""
    rows = await tx.fetch(INSERT_MEMBERS, tenant_id, room_id, list(account_ids), tx.now)
    return {row["account_id"]: row["name"] for row in rows}


DELETE_MEMBER = "DELETE FROM room_members WHERE tenant_id = $1 AND room_id = $2 AND account_id = $3"


async def delete_member(tx: Tx, tenant_id: UUID, room_id: UUID, account_id: UUID) -> bool:
    """False when the account was no member."""
    return await tx.execute(DELETE_MEMBER, tenant_id, room_id, account_id) == 1


HAS_MEMBER = """
SELECT EXISTS (SELECT FROM room_members WHERE tenant_id = $1 AND room_id = $2 AND account_id = $3)
"""


async def has_member(tx: Tx, tenant_id: UUID, room_id: UUID, account_id: UUID) -> bool:
    """Whether the account is a member of the room."""
    return bool(await tx.fetchval(HAS_MEMBER, tenant_id, room_id, account_id))
