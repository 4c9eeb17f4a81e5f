"""A small HTTP/1.1 server on loopback over h11, for services that must be able to misbehave.

An ASGI server always answers; a push service that loses its answer has to hang up in the middle. Hence this one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import h11
import msgspec

from core.logging import get_logger

log = get_logger(__name__)

# FCM refuses messages over 4 kB; a token exchange is smaller.
BODY_MAX_BYTES = 64 * 1024
READ_CHUNK_BYTES = 16 * 1024


class Request(msgspec.Struct, frozen=True):
    """What the client asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    """A JSON answer."""

    status: int
    body: object = None
    headers: dict[str, str] = {}


# None hangs up without a word.
Handler = Callable[[Request], Awaitable[Reply | None]]


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._protocol = h11.Connection(h11.SERVER)

    async def serve(self) -> None:
        while (request := await self._read()) is not None:
            reply = await self._handler(request)
            if reply is None:
                return
            await self._write(reply)
            if self._protocol.our_state is not h11.DONE or self._protocol.their_state is not h11.DONE:
                return
            self._protocol.start_next_cycle()

    async def _read(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                self._protocol.receive_data(await self._reader.read(READ_CHUNK_BYTES))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > BODY_MAX_BYTES:
                    return None
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                return _request(head, bytes(body))
            else:
                return None

    async def _write(self, reply: Reply) -> None:
        content = msgspec.json.encode(reply.body)
        headers = [("content-type", "application/json; charset=UTF-8"), ("content-length", str(len(content)))]
        headers += reply.headers.items()
        events = (h11.Response(status_code=reply.status, headers=headers), h11.Data(data=content), h11.EndOfMessage())
        for event in events:
            self._writer.write(self._protocol.send(event) or b"")
        await self._writer.drain()


def _request(head: h11.Request, body: bytes) -> Request:
    target = urlsplit(head.target.decode())
    headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
    return Request(head.method.decode(), target.path, dict(parse_qsl(target.query)), headers, body)


@asynccontextmanager
async def serve(handler: Handler, port: int = 0) -> AsyncIterator[int]:
    """Listen on loopback; yields the port. Leaving closes the listener and every connection."""
    open_now: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await _Connection(reader, writer, handler).serve()
        except (h11.RemoteProtocolError, ConnectionError) as problem:
            log.info("plain_http.connection_lost", error=str(problem))
        except asyncio.CancelledError:
            # Cancelled below, by the server that owns this task: the connection ends here and nobody awaits a result.
            return
        finally:
            open_now.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        ending = list(open_now)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending)
