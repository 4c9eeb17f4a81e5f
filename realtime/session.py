"""The thin shell of one socket: performs the effects of `realtime.connection`, tells it what came of them.

A client's frames are handled one after another; while one is stored the socket is not read, so a phone that floods is
slowed by TCP, alone. What goes out does not pass here: the hub writes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.errors import MusterError, NotFound
from core.logging import get_logger
from incidents import rooms
from mobile_contract.live import (
    HELLO_TIMEOUT_S,
    RECOVER_MAX_EVENTS,
    ROOMS_MAX,
    Answered,
    CloseCode,
    Left,
    Posted,
    ReceiptOk,
    Recovered,
    RoomPosition,
    ServerFrame,
    Snapshot,
)
from people.permissions import Permission
from realtime import connection as machine
from realtime.connection import Connection, Effect
from realtime.errors import close_code, problem_frame
from realtime.frames import prepare
from realtime.hub import Joined
from realtime.line import Line
from realtime.presence import State
from realtime.wire import Wire

if TYPE_CHECKING:
    from realtime.edge import Edge

log = get_logger(__name__)

# A room that outruns this many reads of its state is busier than a phone can follow: resume later.
JOIN_ATTEMPTS = 3


class Session:
    """One socket from accept to disconnect."""

    def __init__(self, edge: Edge, wire: Wire) -> None:
        self._edge = edge
        self._wire = wire
        self._machine = Connection()
        self._timers: list[asyncio.TimerHandle] = []
        self._expiry: asyncio.TimerHandle | None = None
        # Joins come from the client and from memberships; one at a time for each socket.
        self._joining = asyncio.Lock()
        self.line: Line | None = None
        self.presence: State = "active"

    @property
    def device_id(self) -> UUID | None:
        """The signed-in device."""
        return self._machine.actor.device_id if self._machine.actor else None

    async def run(self, receive: Callable[[], Awaitable[Any]]) -> None:
        """Handle messages until the socket is gone."""
        loop = asyncio.get_running_loop()
        self._wire.watch(self._drained, self._lost)
        self._timers.append(loop.call_later(HELLO_TIMEOUT_S, self._apply_now, self._machine.silent))
        try:
            while (message := await receive())["type"] == "websocket.receive":
                await self._perform(self._machine.received(message.get("text"), self._edge.clock.now()))
        finally:
            for timer in [*self._timers, *([self._expiry] if self._expiry else [])]:
                timer.cancel()
            self._lost()

    async def follow(self, room_id: UUID) -> None:
        """Membership may have changed: join, or leave."""
        actor = self._machine.actor
        if actor is None or self.line is None:
            return
        try:
            async with self._edge.db.transaction(actor.tenant_id) as tx:
                await rooms.access_room(tx, actor, room_id)
        except NotFound:
            if room_id in self.line.rooms:
                self._edge.hub.leave(room_id, self.line)
                self._send(Left(room_id))
            return
        if room_id not in self.line.rooms and len(self.line.rooms) < ROOMS_MAX:
            await self._follow(RoomPosition(room_id))

    async def catch_up(self) -> None:
        """News was lost: look for rooms and orders again; a repeated order is one order to the phone."""
        actor = self._machine.actor
        if actor is None or self.line is None:
            return
        await self._send_orders()
        async with self._edge.db.transaction(actor.tenant_id) as tx:
            found = await rooms.open_rooms_of(tx, actor.tenant_id, actor.account_id, ROOMS_MAX)
        for room_id in {room.id for room in found} | set(self.line.rooms):
            await self.follow(room_id)

    def sign_out(self) -> None:
        """The device was signed out elsewhere."""
        self._apply_now(self._machine.signed_out)

    def send_away(self) -> None:
        """This process can not look after the session now: the phone resumes, here or elsewhere."""
        self._close(CloseCode.GOING_DOWN, "resume")

    # --- effects

    async def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            try:
                await self._perform_one(effect)
            except MusterError as problem:
                self._refuse(effect, problem)

    async def _perform_one(self, effect: Effect) -> None:
        match effect:
            case machine.Send(frame):
                self._send(frame)
            case machine.Close(code, reason):
                self._close(code, reason)
            case machine.ExpireAt(at):
                self._expire_at(at)
            case machine.Authenticate(access_token):
                await self._authenticate(access_token)
            case machine.SendOrders():
                await self._send_orders()
            case machine.Follow(position):
                await self._follow(position)
            case machine.Unfollow(leave):
                if self.line is not None:
                    self._edge.hub.leave(leave.room, self.line)
            case machine.SetPresence(presence):
                await self._announce(presence)
            case machine.StorePost() | machine.StoreReceipt() | machine.StoreAnswer() | machine.StoreSos():
                await self._store(effect)

    async def _authenticate(self, access_token: str) -> None:
        signed = await self._edge.ports.authenticator.verify(access_token)
        actor = signed.actor
        memberships: list[RoomPosition] = []
        if self.line is None:
            actor.require(Permission.READ_ROOM)
            async with self._edge.db.transaction(actor.tenant_id) as tx:
                found = await rooms.open_rooms_of(tx, actor.tenant_id, actor.account_id, ROOMS_MAX)
            memberships = [RoomPosition(room.id, room.epoch, room.next_seq - 1) for room in found]
            loop = asyncio.get_running_loop()
            self.line = Line(self._wire, loop.call_later, actor.tenant_id, actor.account_id)
            # Before the orders are read: an order queued from now on is either in the table or written by the feed.
            self._edge.attach(self)
        await self._perform(self._machine.signed_in(actor, signed.expires_at, memberships, self._edge.clock.now()))

    async def _send_orders(self) -> None:
        assert self.line is not None
        tenant_id, account_id = self.line.tenant_id, self.line.account_id
        orders = await self._edge.ports.orders.list_open(self._edge.db, tenant_id, account_id)
        for order in orders:
            self.line.write_safety(prepare(order))
        # After the orders: a way without its order says nothing.
        for way in await self._edge.ports.ways.list_ways(self._edge.db, tenant_id, account_id):
            self.line.write_safety(prepare(way))

    async def _follow(self, position: RoomPosition) -> None:
        line = self.line
        assert line is not None
        hub, tenant_id, room_id = self._edge.hub, line.tenant_id, position.room
        async with self._joining:
            if line.closed:
                return
            hub.begin_join(room_id, line)
            try:
                for _ in range(JOIN_ATTEMPTS):
                    first = hub.position(tenant_id, room_id) is None
                    frame = await self._missing(position)
                    joined = hub.finish_join(room_id, line, frame.seq, prepare(frame))
                    if joined is Joined.DONE and first:
                        # Until now nobody listened here and the feed read nothing for this room.
                        self._edge.feed.wake_room(tenant_id, room_id)
                    if joined is not Joined.AGAIN:
                        break
                else:
                    line.give_up("join")
            except BaseException:
                hub.leave(room_id, line)
                raise
        for present in self._edge.presence.in_room(tenant_id, room_id):
            self._send(present)
        await self._edge.announce(line, room_id, self.presence)

    async def _missing(self, position: RoomPosition) -> Recovered | Snapshot:
        """What the client lacks: its events when they are few and its position is of this epoch, else the room."""
        actor = self._machine.actor
        assert actor is not None
        async with self._edge.db.transaction(actor.tenant_id) as tx:
            room = await rooms.access_room(tx, actor, position.room)
            newest = room.next_seq - 1
            if position.epoch == room.epoch and 0 < position.seq <= newest <= position.seq + RECOVER_MAX_EVENTS:
                events = await rooms.events_after(tx, actor.tenant_id, room.id, position.seq, RECOVER_MAX_EVENTS)
                return Recovered(room.id, room.epoch, events[-1].seq if events else position.seq, events)
            state = await rooms.fresh_snapshot(tx, actor.tenant_id, room.id)
        return Snapshot(state.room, state.epoch, state.seq, state)

    async def _store(
        self, effect: machine.StorePost | machine.StoreReceipt | machine.StoreAnswer | machine.StoreSos
    ) -> None:
        actor, ports = self._machine.actor, self._edge.ports
        assert actor is not None
        reply: ServerFrame
        async with self._edge.db.transaction(actor.tenant_id) as tx:
            match effect:
                case machine.StorePost(post):
                    event = await rooms.post(tx, actor, post.room, post.text, post.key)
                    reply = Posted(post.key, post.room, event.seq)
                case machine.StoreReceipt(receipt):
                    actor.require(Permission.ANSWER_TASK)
                    await ports.receipts.record_fact(tx, actor, receipt.delivery, receipt.fact, receipt.at)
                    reply = ReceiptOk(receipt.delivery, receipt.fact)
                case machine.StoreAnswer(answer):
                    state = await ports.tasks.answer(tx, actor, answer.task, answer.answer, answer.reason, answer.key)
                    reply = Answered(answer.key, answer.task, state)
                case machine.StoreSos(sos):
                    reply = await ports.calls.raise_sos(tx, actor, sos)
        # Only after COMMIT: what is confirmed is not lost.
        self._send(reply)

    async def _announce(self, presence: State) -> None:
        assert self.line is not None
        if presence != self.presence:
            self.presence = presence
            for room_id in list(self.line.rooms):
                await self._edge.announce(self.line, room_id, presence)

    def _refuse(self, effect: Effect, problem: MusterError) -> None:
        code = close_code(problem)
        if isinstance(effect, machine.Authenticate) and (code is not None or problem.kind != "unavailable"):
            self._apply_now(lambda: self._machine.refused(code or CloseCode.SIGNED_OUT, problem.en))
            return
        if isinstance(effect, machine.Authenticate | machine.SendOrders) or (
            isinstance(effect, machine.Follow) and problem.kind == "unavailable"
        ):
            # Without its orders or a room that it relies on, a session would look whole and not be.
            self.send_away()
            return
        self._send(problem_frame(problem, _key_of(effect)))

    # --- the socket

    def _send(self, frame: ServerFrame) -> None:
        if self.line is not None:
            # An answer to the client's own frame is not withheld: without it the client only asks again.
            self.line.write_safety(prepare(frame))

    def _close(self, code: CloseCode, reason: str) -> None:
        # RFC 6455 section 5.5: a control frame has at most 125 bytes, two of them the code.
        short = reason.encode()[:120].decode(errors="ignore")
        if self.line is not None:
            self.line.close(code, short)
        else:
            self._wire.close(code, short)

    def _expire_at(self, at: datetime) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        wait_s = (at - self._edge.clock.now()).total_seconds()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(max(wait_s, 0.0), self._check_expiry)

    def _check_expiry(self) -> None:
        now = self._edge.clock.now()
        at = self._machine.expires_at
        if at is not None and now < at:
            # The event loop's clock and ours need not agree to the millisecond.
            self._expire_at(at)
            return
        self._apply_now(lambda: self._machine.expired(now))

    def _apply_now(self, ask: Callable[[], list[Effect]]) -> None:
        for effect in ask():
            assert isinstance(effect, machine.Close)
            self._close(effect.code, effect.reason)

    def _drained(self) -> None:
        if self.line is not None:
            self.line.drained()

    def _lost(self) -> None:
        self._edge.detach(self)


def _key_of(effect: Effect) -> str | None:
    match effect:
        case machine.StorePost(post):
            return post.key
        case machine.StoreAnswer(answer):
            return answer.key
        case machine.StoreSos(sos):
            return sos.key
        case machine.StoreReceipt(receipt):
            return str(receipt.delivery)
        case machine.Follow(position):
            return str(position.room)
    return None
