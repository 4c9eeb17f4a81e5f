"""uvicorn's WebSocket protocol with a door for frames that are ready to write.

An ASGI `websocket.send` costs a coroutine, a frame object and a copy for each socket. The application finds this
connection itself as ``scope["extensions"]["muster.wire"]`` and writes prepared bytes straight to the transport; HTTP
and every other WebSocket path are served by the same port as always. The choice is measured in `bench/fanout`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from mobile_contract.live import CloseCode

EXTENSION = "muster.wire"
# How long a peer may take to read what is buffered and answer the close frame before the socket is cut.
CLOSE_WITHIN_S = 5.0
# Finds a peer that vanished without a word: 15 s between pings (mobile carriers drop idle flows after 30 s and more),
# 10 s for the answer (a phone waking its radio needs 2 to 3 s).
PING_EVERY_S = 15.0
PING_ANSWER_WITHIN_S = 10.0


class Wire(Protocol):
    """What the live edge needs of a socket."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """Append bytes of whole frames to the socket's buffer; never waits."""
        ...

    @property
    def buffered(self) -> Callable[[], int]:
        """Bytes accepted by ``write`` and not yet taken by the kernel."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Send a close frame behind what is buffered; cut the socket when the peer does not follow in time."""
        ...

    def watch(self, on_drained: Callable[[], None], on_lost: Callable[[], None]) -> None:
        """Call back when the buffer has emptied after having been full, and when the socket is gone."""
        ...


def _nothing() -> None:
    """Nobody watches."""


class LiveProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection; itself the `Wire` of its session."""

    write: Callable[[bytes], None]
    buffered: Callable[[], int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._on_drained: Callable[[], None] = _nothing
        self._on_lost: Callable[[], None] = _nothing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport's own methods are the door: no Python frame between the hub and the loop."""
        super().connection_made(transport)
        self.write = self.transport.write
        self.buffered = self.transport.get_write_buffer_size

    def handle_connect(self, event: Any) -> None:
        """Offer the door to the application; its task starts after this returns."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    def watch(self, on_drained: Callable[[], None], on_lost: Callable[[], None]) -> None:
        """See `Wire.watch`."""
        self._on_drained, self._on_lost = on_drained, on_lost

    def resume_writing(self) -> None:
        """The transport's buffer fell below its low-water mark."""
        super().resume_writing()
        self._on_drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the hub in the same turn of the loop: nothing is written to a socket that is gone."""
        self._on_lost()
        super().connection_lost(exc)

    def close(self, code: int, reason: str) -> None:
        """See `Wire.close`; works while the peer does not read, unlike the ASGI message, which waits for room."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self._on_lost()
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_WITHIN_S, self.transport.abort)

    def shutdown(self) -> None:
        """The server stops: tell the peer to resume elsewhere, and cut it when it does not follow."""
        if self.handshake_complete and not self.close_sent:
            self.close(CloseCode.GOING_DOWN, "server going down")
        elif not self.close_sent:
            super().shutdown()
