"""A live edge on a real port with a real database, and a phone that keeps a room's state as a client should."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.outbox import Listener
from incidents import rooms
from mobile_contract.live import (
    PATH,
    SERVER_DECODER,
    ClientFrame,
    Hello,
    Recovered,
    RoomPosition,
    ServerFrame,
    Snapshot,
    encode,
)
from mobile_contract.room import RoomState, fold
from mobile_contract.room_events import RoomEvent
from people.actor import Actor
from people.authenticator import Authenticated
from people.errors import token_expired, token_invalid
from realtime.asgi import server_config, with_live
from realtime.edge import Edge
from realtime.incident_ports import incident_ports
from tests import incident_world
from tests.incident_world import World

F = TypeVar("F")
# A phone that has waited this long has found a fault.
PATIENCE_S = 10.0
# Small kernel buffers make a reader slow after some hundred kilobytes instead of several megabytes.
SMALL_BUFFER = 8 * 1024


class FakeAuthenticator:
    """Tokens are names; who they stand for is set by the test."""

    def __init__(self) -> None:
        self.known: dict[str, Authenticated] = {}

    def issue(self, actor: Actor, token: str, life_s: float = 900.0) -> str:
        """Make ``token`` stand for the actor."""
        self.known[token] = Authenticated(actor, new_id(), SystemClock().now() + timedelta(seconds=life_s))
        return token

    async def verify(self, token: str, /) -> Authenticated:
        """Raises like the real one."""
        if token not in self.known:
            raise token_invalid()
        if self.known[token].expires_at <= SystemClock().now():
            raise token_expired()
        return self.known[token]


class Running:
    """What a test holds while the edge runs."""

    def __init__(self, db: Database, edge: Edge, tokens: FakeAuthenticator, port: int, world: World) -> None:
        self.db = db
        self.edge = edge
        self.tokens = tokens
        self.port = port
        self.world = world
        self.server: uvicorn.Server | None = None

    async def append(self, *bodies: Any) -> int:
        """Append to the world's room in one transaction; returns the last sequence number."""
        seq = 0
        async with self.db.transaction(self.world.tenant_id) as tx:
            for body in bodies:
                seq = (await rooms.append(tx, self.world.tenant_id, self.world.room_id, body)).seq
        return seq

    async def fresh(self) -> RoomState:
        """The room from the tables."""
        async with self.db.transaction(self.world.tenant_id) as tx:
            return await rooms.fresh_snapshot(tx, self.world.tenant_id, self.world.room_id)

    @asynccontextmanager
    async def phone(self, token: str, *positions: RoomPosition, slow: bool = False) -> AsyncIterator[Phone]:
        """A phone that has said hello."""
        sock = socket.socket()
        if slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        url = f"ws://127.0.0.1:{self.port}{PATH}"
        async with connect(
            url, sock=sock, compression=None, ping_interval=None, max_queue=1 if slow else 16, proxy=None
        ) as ws:
            phone = Phone(ws)
            await phone.say(Hello(token, list(positions), "test"))
            yield phone


class Phone:
    """Applies what it hears; ``state`` is the room as it knows it, ``heard`` everything else."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.state: RoomState | None = None
        self.seqs: list[int] = []
        self.heard: list[ServerFrame] = []

    async def say(self, frame: ClientFrame) -> None:
        """Send a frame."""
        await self.ws.send(encode(frame).decode())

    async def hear(self) -> ServerFrame:
        """The next frame, applied."""
        frame: ServerFrame = SERVER_DECODER.decode(await asyncio.wait_for(self.ws.recv(), PATIENCE_S))
        self.heard.append(frame)
        match frame:
            case Snapshot(_, _, _, state):
                self.state = state
            case Recovered(_, _, _, events):
                self._apply(events)
            case RoomEvent():
                self._apply([frame])
        return frame

    def _apply(self, events: list[RoomEvent]) -> None:
        self.seqs += [event.seq for event in events]
        if self.state is not None:
            self.state = fold(self.state, events)

    async def until(self, kind: type[F]) -> F:
        """Hear until a frame of this kind comes."""
        while True:
            frame = await self.hear()
            if isinstance(frame, kind):
                return frame

    async def until_seq(self, seq: int) -> None:
        """Hear until the room is at ``seq``."""
        while self.state is None or self.state.seq < seq:
            await self.hear()

    async def close_code(self) -> int | None:
        """Read to the end; the code the server closed with."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    @property
    def position(self) -> RoomPosition:
        """What to say in the next hello."""
        assert self.state is not None
        return RoomPosition(self.state.room, self.state.epoch, self.state.seq)


@asynccontextmanager
async def running(clone: Any) -> AsyncIterator[Running]:
    """The edge on a free port; the world's room has one member, whose token is ``wang``."""
    async with Database.connect(clone.app_url) as db, asyncio.TaskGroup() as tasks:
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)
        tokens = FakeAuthenticator()
        tokens.issue(world.actor(world.wang), "wang")
        listener = Listener(clone.app_url)
        edge = Edge(db, listener, incident_ports(tokens))
        background = [tasks.create_task(listener.run()), tasks.create_task(edge.run())]
        await asyncio.wait_for(listener.listening.wait(), PATIENCE_S)
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        server = uvicorn.Server(server_config(with_live(_http, edge), lifespan="off"))
        serving = tasks.create_task(server._serve([listening]))
        made = Running(db, edge, tokens, listening.getsockname()[1], world)
        made.server = server
        try:
            yield made
        finally:
            server.should_exit = True
            await serving
            for task in background:
                task.cancel()


async def _http(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"{scope['path']}".encode()})
