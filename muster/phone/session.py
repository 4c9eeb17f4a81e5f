"""The phone as a pure machine: server frames in, changes for the screen and client frames out.

It keeps the rules of ``mobile_contract.live``: each event of a room is applied once and in order, a gap is asked for,
an order is shown once however often it comes, and a write stays in the outbox, under its own key, until it is
answered. What ``memory`` returns survives a restart of the phone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from mobile_contract import live
from mobile_contract.room import RoomState, SequenceGapError, apply
from mobile_contract.room_events import RoomEvent
from muster.phone.model import (
    AcknowledgeAlarm,
    Change,
    ConfirmStep,
    EventApplied,
    FinishTask,
    HttpWrite,
    MarkSelf,
    Memory,
    NoticeArrived,
    OrderArrived,
    OrderRang,
    Refused,
    RoomReplaced,
    RouteArrived,
    Rung,
    SeenOrder,
    Write,
    WriteSettled,
)

# Events that overtook others wait for them; more than this and the answer to `join` brings them anyway.
AHEAD_MAX = 256
# A write without its answer is sent again (same key) after this long on one connection.
RESEND_AFTER_S = 5.0
# A problem of these kinds passes: the write stays and is sent again.
PASSING = ("database.",)
# Orders kept for the screen; older ones are in their rooms.
ORDERS_KEPT = 50
# Rooms of closed incidents kept for the screen; the server tells them again on request.
CLOSED_ROOMS_KEPT = 8
# A push whose order has not come over the line after this long is about an order that is over (the push's own life).
RUNG_LIFE = timedelta(seconds=600)
# Own marks of one roll call that a new one replaces: the server takes no more (mobile_contract.roll_call.MarkEntry).
MARKS_KEPT = 100
# Roll calls of which they are kept: one an incident, and an incident lasts hours.
ROLL_CALLS_KEPT = 8
# Keys of orders shown, so that a late repetition on a slow channel is known; a key is some 40 bytes.
KEYS_KEPT = 2000


class Outgoing(msgspec.Struct):
    """A write waiting for its answer; ``sent_at`` None: not sent on this connection."""

    write: Write
    sent_at: datetime | None = None


class Phone:
    """One person's phone. Every method is told the time; nothing here waits."""

    def __init__(self, memory: Memory | None = None) -> None:
        memory = memory or Memory()
        self.rooms: dict[UUID, RoomState] = {state.room: state for state in memory.rooms}
        self.orders: dict[str, SeenOrder] = {seen.order.key: seen for seen in memory.orders}
        self.account: UUID | None = None
        self.online = False
        self._shown: dict[str, None] = dict.fromkeys(memory.shown_keys)
        self._outbox: dict[str, Outgoing] = {_key(write): Outgoing(write) for write in memory.outbox}
        self._http: dict[str, HttpWrite] = {write.key: write for write in memory.http}
        self._marks: dict[UUID, list[UUID]] = dict(memory.marks)
        self.rung: dict[str, Rung] = {rung.key: rung for rung in memory.rung}
        self._ahead: dict[UUID, dict[int, RoomEvent]] = {}
        self._asked: set[UUID] = set()
        self._direct: list[live.ClientFrame] = []

    def memory(self) -> Memory:
        """What to keep over a restart."""
        closed = [state for state in self.rooms.values() if is_over(state)]
        for state in closed[:-CLOSED_ROOMS_KEPT]:
            del self.rooms[state.room]
        return Memory(
            rooms=list(self.rooms.values()),
            orders=list(self.orders.values())[-ORDERS_KEPT:],
            shown_keys=list(self._shown)[-KEYS_KEPT:],
            outbox=[outgoing.write for outgoing in self._outbox.values()],
            http=list(self._http.values()),
            marks=self._marks,
            rung=list(self.rung.values()),
        )

    # --- the connection

    def hello(self, access_token: str, client: str) -> live.Hello:
        """The first frame of a connection; everything unanswered is due again."""
        for outgoing in self._outbox.values():
            outgoing.sent_at = None
        self._asked.clear()
        self._ahead.clear()
        self._direct.clear()
        open_rooms = [state for state in self.rooms.values() if not is_over(state)][-live.ROOMS_MAX :]
        return live.Hello(
            access_token, [live.RoomPosition(state.room, state.epoch, state.seq) for state in open_rooms], client
        )

    def lost(self) -> None:
        """The connection is gone."""
        self.online = False

    def outgoing(self, now: datetime) -> list[live.ClientFrame]:
        """What to send now: questions first, then receipts and answers, then messages; nothing before the welcome.

        Of the messages to one room only the oldest: the next goes when that one is answered, so that a repetition does
        not put what a person wrote out of order.
        """
        if not self.online:
            return []
        frames, self._direct = list(self._direct), []
        due, rooms = [], set()
        for waiting in self._outbox.values():
            if isinstance(waiting.write, live.Post):
                if waiting.write.room in rooms:
                    continue
                rooms.add(waiting.write.room)
            if waiting.sent_at is None or (now - waiting.sent_at).total_seconds() >= RESEND_AFTER_S:
                due.append(waiting)
        for waiting in sorted(due, key=lambda waiting: isinstance(waiting.write, live.Post)):
            waiting.sent_at = now
            frames.append(waiting.write)
        return frames

    def set_aside_sent(self) -> list[Write]:
        """Forget the writes of this connection: the server called one of them a fault (4009, 4013)."""
        aside = [key for key, waiting in self._outbox.items() if waiting.sent_at is not None]
        return [self._outbox.pop(key).write for key in aside]

    # --- the person

    def post(self, room: UUID, text: str, key: str) -> None:
        """Write into a room."""
        self._put(live.Post(key, room, text))

    def answer(self, order_key: str, answer: str, key: str, reason: str = "") -> None:
        """Take or decline the order's task."""
        task = self.orders[order_key].order.task
        for known, waiting in list(self._outbox.items()):
            # An unsent change of mind replaces the earlier answer; a sent one stays, and the server decides.
            if isinstance(waiting.write, live.Answer) and waiting.write.task == task and waiting.sent_at is None:
                del self._outbox[known]
        self._put(live.Answer(key, task, "decline" if answer == "decline" else "acknowledge", reason))

    def moving(self, order_key: str, now: datetime) -> None:
        """The person is on the way."""
        seen = self.orders[order_key]
        seen.moving = True
        self._put(live.Receipt(seen.deliveries[-1], "moving", now))

    def drawn(self, order_key: str, now: datetime) -> None:
        """The order is on the screen: seen, said once for each delivery that brought it."""
        seen = self.orders.get(order_key)
        if seen is not None and not seen.drawn:
            seen.drawn = True
            for delivery in seen.deliveries:
                self._put(live.Receipt(delivery, "seen", now))

    def finish(self, order_key: str, key: str, note: str = "") -> None:
        """The order's task is done."""
        task = self.orders[order_key].order.task
        self._http.setdefault(key, FinishTask(key, task, note))

    def acknowledge_alarm(self, alarm: UUID, key: str) -> None:
        """The alarm is seen."""
        if not any(isinstance(write, AcknowledgeAlarm) and write.alarm == alarm for write in self._http.values()):
            self._http[key] = AcknowledgeAlarm(key, alarm)

    def confirm(
        self, order_key: str, step: int, key: str, *, value: float | None = None, evidence: str | None = None
    ) -> None:
        """A step of the order's task is done."""
        self._http.setdefault(key, ConfirmStep(key, self.orders[order_key].order.task, step, value, evidence))

    def mark_self(
        self, roll_call: UUID, said: Literal["safe", "need_help"], mark: UUID, now: datetime, note: str = ""
    ) -> None:
        """The person is safe or needs help; it replaces what they said on this phone before."""
        before = self._marks.pop(roll_call, [])
        self._http[str(mark)] = MarkSelf(str(mark), roll_call, said, now, before, note)
        self._marks[roll_call] = [*before, mark][-MARKS_KEPT:]
        while len(self._marks) > ROLL_CALLS_KEPT:
            del self._marks[next(iter(self._marks))]

    def http_writes(self) -> list[HttpWrite]:
        """What to send over HTTP now: nothing about a task before the person's waiting answer is in."""
        return [
            write
            for write in self._http.values()
            if not (isinstance(write, FinishTask | ConfirmStep) and self.is_pending(live.Answer, write.task))
        ]

    def settle_http(self, key: str) -> list[Change]:
        """The HTTP write is committed."""
        write = self._http.pop(key, None)
        return [] if write is None else [WriteSettled(write)]

    def refuse_http(self, problem: live.ProblemFrame) -> list[Change]:
        """The HTTP write with the problem's key was refused for good."""
        write = self._http.pop(problem.key or "", None)
        return [] if write is None else [Refused(problem, write)]

    def _put(self, write: Write) -> None:
        self._outbox.setdefault(_key(write), Outgoing(write))

    @property
    def unsent(self) -> int:
        """What the person wrote and the server has not answered yet; the phone's own receipts are its own affair."""
        own = sum(not is_own_receipt(outgoing.write) for outgoing in self._outbox.values())
        return own + len(self._http)

    def is_pending(self, kind: type[live.Answer], task: UUID) -> bool:
        """Whether an answer to this task waits."""
        return any(isinstance(w.write, kind) and w.write.task == task for w in self._outbox.values())

    # --- the server

    def ring(self, rung: Rung, now: datetime) -> list[Change]:
        """Take one push: received, said when the line is back; told once, and not when its order came first."""
        if now - rung.sent_at > RUNG_LIFE:
            return []
        self._put(live.Receipt(rung.delivery, "received", now))
        seen = self.orders.get(rung.key)
        if seen is not None:
            self._also_by(seen, rung.delivery, now)
        if rung.key in self._shown or rung.key in self.rung:
            return []
        self.rung[rung.key] = rung
        return [OrderRang(rung)]

    def feed(self, frame: live.ServerFrame, now: datetime) -> list[Change]:  # noqa: PLR0911, PLR0912 - one a frame
        """Take one frame; returns what changed, in order."""
        match frame:
            case live.Welcome():
                self.online, self.account = True, frame.account
                return []
            case RoomEvent():
                return self._event(frame)
            case live.Recovered():
                return self._recovered(frame)
            case live.Snapshot():
                return self._snapshot(frame)
            case live.Order():
                return self._order(frame, now)
            case live.NoticeMade():
                return [NoticeArrived(frame)]
            case live.RouteTold():
                return [RouteArrived(frame.route)]
            case live.Posted(key):
                return self._settle(key)
            case live.ReceiptOk(delivery, fact):
                return self._settle(_receipt_key(delivery, fact))
            case live.Answered(key, task, state):
                for seen in self.orders.values():
                    if seen.order.task == task:
                        seen.answer = state
                return self._settle(key, state)
            case live.Left(room):
                self.rooms.pop(room, None)
                return []
            case live.ProblemFrame():
                return self._problem(frame)
        return []

    def _event(self, event: RoomEvent) -> list[Change]:
        state = self.rooms.get(event.room)
        if state is None or event.epoch != state.epoch:
            self._ask(event.room, 0, 0)
            return []
        if event.seq > state.seq + 1:
            ahead = self._ahead.setdefault(event.room, {})
            if len(ahead) < AHEAD_MAX:
                ahead[event.seq] = event
            self._ask(event.room, state.epoch, state.seq)
            return []
        return self._apply(event) + self._apply_ahead(event.room)

    def _apply(self, event: RoomEvent) -> list[Change]:
        state = self.rooms[event.room]
        try:
            after = apply(state, event)
        except SequenceGapError:
            # The body does not fit the state: only the whole room helps.
            self._ask(event.room, 0, 0)
            return []
        if after is state:
            return []
        self.rooms[event.room] = after
        return [EventApplied(event)]

    def _apply_ahead(self, room: UUID) -> list[Change]:
        changes: list[Change] = []
        ahead, state = self._ahead.get(room, {}), self.rooms[room]
        while (event := ahead.pop(self.rooms[room].seq + 1, None)) is not None and event.epoch == state.epoch:
            applied = self._apply(event)
            if not applied:
                break
            changes += applied
        for seq in [seq for seq in ahead if seq <= self.rooms[room].seq]:
            del ahead[seq]
        return changes

    def _recovered(self, frame: live.Recovered) -> list[Change]:
        self._asked.discard(frame.room)
        self._forget_rung(frame.room)
        state = self.rooms.get(frame.room)
        if state is None or state.epoch != frame.epoch:
            self._ask(frame.room, 0, 0)
            return []
        changes: list[Change] = []
        for event in frame.events:
            changes += self._event(event)
        return changes + self._apply_ahead(frame.room)

    def _snapshot(self, frame: live.Snapshot) -> list[Change]:
        self._asked.discard(frame.room)
        self._forget_rung(frame.room)
        known = self.rooms.get(frame.room)
        if known is not None and known.epoch == frame.epoch and known.seq >= frame.seq:
            return []
        self.rooms[frame.room] = replace(frame.state, seq=frame.seq)
        return [RoomReplaced(frame.state), *self._apply_ahead(frame.room)]

    def _order(self, order: live.Order, now: datetime) -> list[Change]:
        self._put(live.Receipt(order.delivery, "received", now))
        seen = self.orders.get(order.key)
        self.rung.pop(order.key, None)
        if seen is not None:
            self._also_by(seen, order.delivery, now)
            return []
        if order.key in self._shown:
            return []
        self._shown[order.key] = None
        self.orders[order.key] = SeenOrder(order, [order.delivery])
        while len(self.orders) > ORDERS_KEPT:
            del self.orders[next(iter(self.orders))]
        return [OrderArrived(order)]

    def _also_by(self, seen: SeenOrder, delivery: UUID, now: datetime) -> None:
        if delivery not in seen.deliveries:
            seen.deliveries.append(delivery)
            if seen.drawn:
                self._put(live.Receipt(delivery, "seen", now))

    def _forget_rung(self, room: UUID) -> None:
        # A connection tells its open orders before its rooms: what was rung and did not come is over.
        for key in [key for key, rung in self.rung.items() if rung.room == room]:
            del self.rung[key]

    def _settle(self, key: str, result: str = "") -> list[Change]:
        waiting = self._outbox.pop(key, None)
        return [] if waiting is None else [WriteSettled(waiting.write, result)]

    def _problem(self, problem: live.ProblemFrame) -> list[Change]:
        if problem.code.startswith(PASSING):
            return []
        key = problem.key or ""
        waiting = self._outbox.pop(key, None)
        if waiting is not None:
            return [Refused(problem, waiting.write)]
        # A receipt's problem names its delivery; a room's names the room.
        for known, outgoing in list(self._outbox.items()):
            if isinstance(outgoing.write, live.Receipt) and str(outgoing.write.delivery) == key and outgoing.sent_at:
                del self._outbox[known]
                return []
        for room in [room for room in self.rooms if str(room) == key]:
            self._asked.discard(room)
            del self.rooms[room]
        return [Refused(problem, None)]

    def _ask(self, room: UUID, epoch: int, seq: int) -> None:
        if room not in self._asked:
            self._asked.add(room)
            self._direct.append(live.Join(room, epoch, seq))


def is_own_receipt(write: Write) -> bool:
    """A receipt that the phone gives without its person: received and seen."""
    return isinstance(write, live.Receipt) and write.fact in ("received", "seen")


def _key(write: Write) -> str:
    return _receipt_key(write.delivery, write.fact) if isinstance(write, live.Receipt) else write.key


def _receipt_key(delivery: UUID, fact: str) -> str:
    return f"{delivery}:{fact}"


def is_over(state: RoomState) -> bool:
    """The room's incident is closed."""
    return state.incident is not None and state.incident.state == "closed"
