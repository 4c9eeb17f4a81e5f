"""One server under test: `python -m bench.fanout.server MODE`. Prints its port, then obeys lines on stdin.

``p N`` publishes N events in one go; ``c`` prints the CPU seconds used so far (user + system, all threads).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import resource
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvicorn
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.fanout.message import ACCOUNT, FIRST_SEQ, ROOM, TENANT, room_event
from mobile_contract.live import encode
from realtime.frames import prepare, prepare_event
from realtime.hub import Hub
from realtime.line import Line
from realtime.wire import EXTENSION, LiveProtocol

Publish = Callable[[list[int]], Awaitable[None]]
BACKLOG = 2048


async def _commands(publish: Publish) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    seq = FIRST_SEQ
    while line := await reader.readline():
        if line.startswith(b"p"):
            count = int(line[1:])
            await publish(list(range(seq, seq + count)))
            seq += count
        else:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            print(usage.ru_utime + usage.ru_stime, flush=True)


async def _muster(listening: socket.socket) -> None:
    """The real hub, lines, frames and uvicorn protocol; rooms come from memory instead of PostgreSQL."""
    hub = Hub()
    loop = asyncio.get_running_loop()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        wire = scope["extensions"][EXTENSION]
        line = Line(wire, loop.call_later, TENANT, ACCOUNT)
        wire.watch(line.drained, lambda: hub.detach(line))
        hub.attach(line)
        hub.begin_join(ROOM, line)
        hub.finish_join(ROOM, line, FIRST_SEQ - 1, b"")
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def publish(seqs: list[int]) -> None:
        hub.publish(TENANT, ROOM, [prepare_event(room_event(seq)) for seq in seqs])

    await _uvicorn(app, LiveProtocol, listening, publish)


async def _asgi(listening: socket.socket) -> None:
    """The usual way: uvicorn's own protocol and one `websocket.send` for each socket."""
    sends: set[Any] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        sends.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        sends.discard(send)

    async def publish(seqs: list[int]) -> None:
        for seq in seqs:
            text = encode(room_event(seq)).decode()
            for send in list(sends):
                await send({"type": "websocket.send", "text": text})

    await _uvicorn(app, "websockets-sansio", listening, publish)


async def _uvicorn(app: Any, protocol: Any, listening: socket.socket, publish: Publish) -> None:
    config = uvicorn.Config(
        app,
        ws=protocol,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server._serve([listening]))
    await _commands(publish)
    server.should_exit = server.force_exit = True
    await serving


async def _floor(listening: socket.socket) -> None:
    """No application at all: one prepared frame written to each transport."""
    transports: set[asyncio.Transport] = set()

    class Bare(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.Transport, transport)

        def connection_lost(self, exc: Exception | None) -> None:
            transports.discard(self.transport)

        def data_received(self, data: bytes) -> None:
            if data.startswith(b"GET "):
                key = data.split(b"Sec-WebSocket-Key: ", 1)[1].split(b"\r\n", 1)[0]
                digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
                self.transport.write(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
                )
                transports.add(self.transport)

    async def publish(seqs: list[int]) -> None:
        for seq in seqs:
            frame = prepare(room_event(seq))
            for transport in transports:
                transport.write(frame)

    server = await asyncio.get_running_loop().create_server(Bare, sock=listening, backlog=BACKLOG)
    async with server:
        await _commands(publish)
        for transport in list(transports):
            transport.abort()


async def _websockets(listening: socket.socket) -> None:
    """The `websockets` library's own broadcast."""
    connections: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()
        connections.discard(connection)

    async def publish(seqs: list[int]) -> None:
        for seq in seqs:
            broadcast(connections, encode(room_event(seq)).decode())

    async with serve(handler, sock=listening, compression=None, ping_interval=None, backlog=BACKLOG):
        await _commands(publish)
        # Nobody waits for a thousand closing handshakes of a benchmark.
        os._exit(0)


MODES = {"muster": _muster, "asgi": _asgi, "floor": _floor, "websockets": _websockets}


def main() -> None:
    """Listen on a free port of loopback and serve until stdin ends."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listening.setblocking(False)
    print(listening.getsockname()[1], flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(MODES[sys.argv[1]](listening))


if __name__ == "__main__":
    main()
