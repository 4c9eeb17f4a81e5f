"""Who listens to which room in this process, and the fan-out.

Invariant: a line in ``room.live`` has been given every event up to ``room.seq``. A joining line's events are kept aside
until its snapshot is read; a line whose snapshot was newer than the room here waits in ``ahead``. Subscribe first,
buffer, snapshot, merge: no gap, no double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import TypeAlias
from uuid import UUID

from core.metrics import counter, gauge
from realtime.frames import PreparedEvent
from realtime.line import SOFT_BYTES, Line

# Events kept for a line while its snapshot is read (tens of milliseconds); a room that speaks faster sends the line
# away to resume.
JOIN_BUFFER_MAX = 1024

_SENT = counter("live_deliveries", "Event batches written to sockets")
_LINES = gauge("live_sockets", "Signed-in sockets of this process")


# Keyed by tenant first: naming another tenant's room meets an empty room, never its listeners.
RoomKey: TypeAlias = tuple[UUID, UUID]


class Joined(Enum):
    """What became of a join."""

    DONE = "done"
    AGAIN = "again"
    """The room moved past what was read, and the events between were not kept: read again."""
    GONE = "gone"
    """The line left or was closed meanwhile."""


class GapError(Exception):
    """A published batch does not follow what the room has: events before it were not read."""


class HubRoom:
    """One room's listeners in this process."""

    __slots__ = ("ahead", "joining", "lagging", "live", "seq")

    def __init__(self) -> None:
        # The last event fanned out here; None until the first listener's snapshot says where the room is.
        self.seq: int | None = None
        self.live: dict[Line, tuple[Callable[[], int], Callable[[bytes], None]]] = {}
        self.joining: dict[Line, list[PreparedEvent]] = {}
        self.ahead: dict[Line, int] = {}
        self.lagging: set[Line] = set()

    @property
    def empty(self) -> bool:
        """Nobody listens."""
        return not (self.live or self.joining or self.ahead or self.lagging)

    def remove(self, line: Line) -> None:
        """Forget a line."""
        self.live.pop(line, None)
        self.joining.pop(line, None)
        self.ahead.pop(line, None)
        self.lagging.discard(line)

    def lines(self) -> list[Line]:
        """Every line that has the room's state."""
        return [*self.live, *self.ahead, *self.lagging]


class Hub:
    """All rooms and all lines of one process; lives in one event loop and never waits."""

    def __init__(self) -> None:
        self.rooms: dict[RoomKey, HubRoom] = {}
        self.accounts: dict[tuple[UUID, UUID], set[Line]] = {}

    def attach(self, line: Line) -> None:
        """A person signed in on a socket."""
        self.accounts.setdefault((line.tenant_id, line.account_id), set()).add(line)
        _LINES.inc()

    def detach(self, line: Line) -> None:
        """The socket is gone; doing it twice is harmless."""
        line.closed = True
        for room_id in list(line.rooms):
            self.leave(room_id, line)
        known = self.accounts.get((line.tenant_id, line.account_id))
        if known is not None and line in known:
            known.remove(line)
            _LINES.dec()
            if not known:
                del self.accounts[line.tenant_id, line.account_id]

    def position(self, tenant_id: UUID, room_id: UUID) -> int | None:
        """The last event fanned out; None when nobody listens or the first listener still reads."""
        room = self.rooms.get((tenant_id, room_id))
        return None if room is None else room.seq

    def begin_join(self, room_id: UUID, line: Line) -> None:
        """Keep the room's events for this line from now on. Joining again starts over: the client asked for it."""
        room = self.rooms.setdefault((line.tenant_id, room_id), HubRoom())
        room.remove(line)
        room.joining[line] = []
        line.rooms.add(room_id)

    def finish_join(self, room_id: UUID, line: Line, seq: int, frame: bytes) -> Joined:
        """Write the snapshot (or what was missing), which ends at ``seq``, and the kept events after it."""
        room = self.rooms.get((line.tenant_id, room_id))
        if room is None or line not in room.joining or line.closed:
            return Joined.GONE
        following = [event for event in room.joining[line] if event.seq > seq]
        if room.seq is not None and room.seq > seq and (not following or following[0].seq != seq + 1):
            return Joined.AGAIN
        del room.joining[line]
        line.write(b"".join([frame, *(event.frame for event in following)]))
        at = following[-1].seq if following else seq
        if room.seq is None:
            room.seq = at
        if at > room.seq:
            room.ahead[line] = at
        else:
            room.live[line] = (line.buffered, line.write)
        return Joined.DONE

    def leave(self, room_id: UUID, line: Line) -> None:
        """Stop telling this line about the room."""
        line.rooms.discard(room_id)
        room = self.rooms.get((line.tenant_id, room_id))
        if room is not None:
            room.remove(line)
            if room.empty:
                del self.rooms[line.tenant_id, room_id]

    def publish(self, tenant_id: UUID, room_id: UUID, events: Sequence[PreparedEvent]) -> None:
        """Write a batch of consecutive events to every listener. Raises GapError when events before it are missing."""
        room = self.rooms.get((tenant_id, room_id))
        if room is None or room.seq is None:
            return
        at = room.seq
        fresh = [event for event in events if event.seq > at]
        if not fresh:
            return
        if fresh[0].seq != at + 1:
            raise GapError(f"room {room_id} is at {at}, the batch begins with {fresh[0].seq}")
        room.seq = fresh[-1].seq
        self._keep(room, fresh)
        self._write_live(room, fresh)
        if room.ahead:
            self._write_ahead(room, fresh)

    def tell_account(self, tenant_id: UUID, account_id: UUID, frame: bytes) -> int:
        """Write an order to every socket of a person, in the life-safety lane; returns how many."""
        lines = list(self.accounts.get((tenant_id, account_id), ()))
        for line in lines:
            line.write_safety(frame)
        return len(lines)

    def tell_account_quietly(self, tenant_id: UUID, account_id: UUID, frame: bytes) -> int:
        """Write a passing frame to those sockets of a person that can take it; returns how many did."""
        lines = self.accounts.get((tenant_id, account_id), ())
        taking = [line for line in lines if not line.closed and line.buffered() <= SOFT_BYTES]
        for line in taking:
            line.write(frame)
        return len(taking)

    def tell_room(self, tenant_id: UUID, room_id: UUID, frame: bytes) -> None:
        """Write a passing frame (presence) to whoever can take it; nobody is marked for missing it."""
        room = self.rooms.get((tenant_id, room_id))
        for line in room.lines() if room else ():
            if not line.closed and line.buffered() <= SOFT_BYTES:
                line.write(frame)

    def _write_live(self, room: HubRoom, events: Sequence[PreparedEvent]) -> None:
        frames = events[0].frame if len(events) == 1 else b"".join([event.frame for event in events])
        slow: list[Line] = []
        # The loop of the fan-out: two calls into the transport for each socket, nothing else.
        for line, (buffered, write) in room.live.items():
            if buffered() > SOFT_BYTES:
                slow.append(line)
            else:
                write(frames)
        _SENT.inc(len(room.live) - len(slow))
        if not slow and not room.lagging:
            return
        safety = b"".join([event.frame for event in events if event.lane == "safety"])
        withheld = any(event.lane == "normal" for event in events)
        for line in slow:
            if withheld:
                room.live.pop(line)
                room.lagging.add(line)
                line.mark()
        if safety:
            for line in [*slow, *(room.lagging.difference(slow))]:
                line.write_safety(safety)

    def _write_ahead(self, room: HubRoom, events: Iterable[PreparedEvent]) -> None:
        assert room.seq is not None
        for line, has in list(room.ahead.items()):
            if has > room.seq:
                continue
            del room.ahead[line]
            room.live[line] = (line.buffered, line.write)
            missing = b"".join([event.frame for event in events if event.seq > has])
            if missing:
                line.write(missing)

    def _keep(self, room: HubRoom, events: Sequence[PreparedEvent]) -> None:
        for line, kept in list(room.joining.items()):
            kept.extend(events)
            if len(kept) > JOIN_BUFFER_MAX:
                line.give_up("join")
