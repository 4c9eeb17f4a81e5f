"""What the sockets of one process share: hub, feed, presence, ports; and the tasks that keep them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import UUID

from core import outbox
from core.clock import Clock
from core.database import Database
from core.errors import MusterError, Unavailable
from core.logging import get_logger
from core.outbox import Listener
from mobile_contract.live import PresenceChanged
from realtime import presence as presence_news
from realtime.feed import Feed
from realtime.frames import prepare
from realtime.hub import Hub
from realtime.line import Line
from realtime.ports import Ports
from realtime.presence import Presence, State
from realtime.session import Session
from realtime.wire import EXTENSION

log = get_logger(__name__)

# Sessions that look for lost news at once after the LISTEN connection came back; each takes one database connection.
CATCH_UP_AT_ONCE = 4


class Edge:
    """The live edge of one process; ``run`` belongs in the process' TaskGroup, ``serve`` answers sockets."""

    def __init__(self, db: Database, listener: Listener, ports: Ports) -> None:
        self.db = db
        self.ports = ports
        self.hub = Hub()
        self.presence = Presence()
        self.feed = Feed(db, listener, self)
        self._sessions: dict[Line, Session] = {}
        self._group: asyncio.TaskGroup | None = None
        self._catching_up = asyncio.Semaphore(CATCH_UP_AT_ONCE)

    @property
    def clock(self) -> Clock:
        """The process' clock."""
        return self.db.clock

    async def run(self) -> None:
        """Read the feed and keep presence until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._group = tasks
                tasks.create_task(self.feed.run())
                tasks.create_task(self._keep_presence())
        finally:
            self._group = None

    async def serve(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        """One socket, ASGI; needs the server's `LiveProtocol`."""
        await receive()
        wire = scope["extensions"].get(EXTENSION)
        if wire is None:
            raise RuntimeError("the live edge needs uvicorn with ws=realtime.wire.LiveProtocol")
        await send({"type": "websocket.accept"})
        await Session(self, wire).run(receive)

    def attach(self, session: Session) -> None:
        """A session signed in."""
        assert session.line is not None
        self._sessions[session.line] = session
        self.hub.attach(session.line)

    def detach(self, session: Session) -> None:
        """A session's socket is gone; doing it twice is harmless."""
        line = session.line
        if line is None or self._sessions.pop(line, None) is None:
            return
        followed = list(line.rooms)
        self.hub.detach(line)
        others = [s.presence for s in self._sessions_of(line.tenant_id, line.account_id)]
        if followed and not others:
            self._spawn(self._announce_away(line, followed))

    # --- news, called by the feed

    def member_changed(self, tenant_id: UUID, room_id: UUID, account_id: UUID) -> None:
        """Somebody was added to a room or taken out of it."""
        for session in self._sessions_of(tenant_id, account_id):
            self._spawn(self._for(session, session.follow(room_id)))

    def device_revoked(self, tenant_id: UUID, device_id: UUID) -> None:
        """A phone was signed out: its sockets end now, not with their token."""
        for session in list(self._sessions.values()):
            if session.line and session.line.tenant_id == tenant_id and session.device_id == device_id:
                session.sign_out()

    def presence_heard(self, tenant_id: UUID, key: str) -> None:
        """A process announced somebody."""
        room_id, account_id, state = presence_news.parse_key(key)
        if self.presence.heard(tenant_id, room_id, account_id, state, self.clock.now()):
            frame = PresenceChanged(room_id, account_id, state)
            self.hub.tell_room(tenant_id, room_id, prepare(frame))

    def catch_up(self) -> None:
        """News was lost: every session looks for itself."""
        for session in self._sessions.values():
            self._spawn(self._for(session, self._catch_up(session)))

    async def announce(self, line: Line, room_id: UUID, state: State) -> None:
        """Tell every process that this person is present in the room."""
        try:
            async with self.db.transaction(line.tenant_id) as tx:
                await outbox.wake(tx, presence_news.NEWS, presence_news.key_of(room_id, line.account_id, state))
        except Unavailable as problem:
            # Presence is soft: it is announced again within a minute.
            log.info("presence.not_announced", problem=str(problem))

    # --- inside

    def _sessions_of(self, tenant_id: UUID, account_id: UUID) -> list[Session]:
        lines = self.hub.accounts.get((tenant_id, account_id), ())
        return [self._sessions[line] for line in lines if line in self._sessions]

    async def _catch_up(self, session: Session) -> None:
        async with self._catching_up:
            await session.catch_up()

    async def _for(self, session: Session, work: Awaitable[None]) -> None:
        try:
            await work
        except MusterError as problem:
            # What could not be looked up may be an order: the phone resumes and is told again.
            log.warning("live.session_work_failed", problem=str(problem))
            session.send_away()

    async def _announce_away(self, line: Line, room_ids: list[UUID]) -> None:
        for room_id in room_ids:
            await self.announce(line, room_id, "away")

    async def _keep_presence(self) -> None:
        while True:
            await asyncio.sleep(presence_news.ANNOUNCE_EVERY_S)
            for tenant_id, frame in self.presence.forget(self.clock.now()):
                self.hub.tell_room(tenant_id, frame.room, prepare(frame))
            for line, session in list(self._sessions.items()):
                for room_id in list(line.rooms):
                    await self.announce(line, room_id, session.presence)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Work beside a socket, owned by the edge's TaskGroup; an edge that stops starts none."""
        if self._group is None:
            work.close()
            return
        self._group.create_task(work)
