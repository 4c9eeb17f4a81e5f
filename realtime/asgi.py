"""One public port: the HTTP application as it is, and the live edge at `/v1/live`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from mobile_contract.live import CLIENT_FRAME_MAX_BYTES, PATH
from realtime.edge import Edge
from realtime.wire import CLOSE_WITHIN_S, PING_ANSWER_WITHIN_S, PING_EVERY_S, LiveProtocol

# The protocol cuts what is far too big before it is in memory (close code 1009); up to here the session says 4013.
WIRE_FRAME_MAX_BYTES = 4 * CLIENT_FRAME_MAX_BYTES
# A thousand phones that reconnect at once after a restart must not be refused by the kernel.
BACKLOG = 2048

App = Callable[[Any, Any, Any], Awaitable[None]]


def with_live(http: App, edge: Edge) -> App:
    """HTTP and lifespan go to ``http``; WebSockets at `/v1/live` to the edge; other WebSockets are refused."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await http(scope, receive, send)
        elif scope["path"] == PATH:
            await edge.serve(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})

    return app


def server_config(app: App, **options: Any) -> uvicorn.Config:
    """uvicorn's configuration for `with_live`; ``options`` are host, port and what else uvicorn takes."""
    return uvicorn.Config(
        app,
        ws=LiveProtocol,
        ws_max_size=WIRE_FRAME_MAX_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=PING_ANSWER_WITHIN_S,
        timeout_graceful_shutdown=int(CLOSE_WITHIN_S) + 1,
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
        **options,
    )
