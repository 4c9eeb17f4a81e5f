"""One role's process: uvloop, logs, signals, health port, and the TaskGroup that owns every task."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
import uvicorn
import uvloop

from core import metrics
from core.clock import SystemClock
from core.database import Database
from core.errors import Invalid
from core.health import Check, check_all
from core.logging import configure_logging, get_logger
from core.outbox import Listener
from core.settings import PREFIX, Settings

log = get_logger(__name__)

# A stopping process finishes what it holds within this time, then is cancelled: the leases it held expire anyway.
STOP_GRACE_S = 8.0
# The database may start after us; past this the supervisor should know.
DATABASE_PATIENCE_S = 60.0


class Process:
    """What every role has: settings, clock, database, news; and ``stopping``, set by SIGTERM or SIGINT."""

    def __init__(self, settings: Settings, db: Database, listener: Listener) -> None:
        self.settings = settings
        self.db = db
        self.listener = listener
        self.stopping = asyncio.Event()
        self.checks: dict[str, Check] = {"database": db.ping, "news": self._news}

    async def _news(self) -> None:
        if not self.listener.listening.is_set():
            raise ConnectionError("not listening for news")


RoleMain = Callable[[Process], Awaitable[None]]


def run_role(name: str, main: RoleMain, settings: Settings) -> int:
    """Run one role until SIGTERM or SIGINT; returns the exit status."""
    need(settings, "database_url", *(["mqtt_url"] if name == "gateway" else []))
    configure_logging(name, settings.log_level)
    return uvloop.run(_run(name, main, settings))


def need(settings: Settings, *fields: str) -> None:
    """Raise Invalid naming the variable a command can not do without."""
    for field in fields:
        if not getattr(settings, field):
            name = PREFIX + field.upper()
            raise Invalid("settings.missing", f"{name} is not set; `muster up` runs everything by itself", field=name)


async def _run(name: str, main: RoleMain, settings: Settings) -> int:
    clock = SystemClock(settings.clock_offset_s)
    async with Database.connect(settings.database_url, clock, application_name=f"muster-{name}") as db:
        process = Process(settings, db, Listener(settings.database_url))
        _stop_on_signal(process.stopping)
        log.info("process.started", database="connected")
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(process.listener.run())
            role = tasks.create_task(_until_stopped(main, process))
            await role
            listening.cancel()
    log.info("process.stopped")
    return 0


async def _until_stopped(main: RoleMain, process: Process) -> None:
    work = asyncio.ensure_future(main(process))
    stop = asyncio.create_task(process.stopping.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(work, STOP_GRACE_S)
    stop.cancel()
    if work.done() and not work.cancelled():
        work.result()


def _stop_on_signal(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)


@asynccontextmanager
async def health_port(process: Process) -> AsyncIterator[int]:
    """Serve /health/live, /health/ready and /metrics on loopback for a role without HTTP; yields the port."""

    async def app(scope: dict[str, object], receive: object, send: Callable[..., Awaitable[None]]) -> None:
        status, kind, body = await _health_answer(process, str(scope.get("path")))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body})

    listening = socket.create_server(("127.0.0.1", process.settings.health_port))
    config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(_serve(server, listening))
    port = listening.getsockname()[1]
    structlog.contextvars.bind_contextvars(health_port=port)
    try:
        yield port
    finally:
        server.should_exit = True
        await serving


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    # Server.serve would take the signals from us; the inner loop does not.
    await server._serve([listening])


async def _health_answer(process: Process, path: str) -> tuple[int, bytes, bytes]:
    import msgspec

    if path == "/health/live":
        return 200, b"application/json", b'{"live":true}'
    if path == "/health/ready":
        health = await check_all(process.checks)
        return (200 if health.ready else 503), b"application/json", msgspec.json.encode(health)
    if path == "/metrics":
        return 200, metrics.CONTENT_TYPE.encode(), metrics.render()
    return 404, b"application/json", b'{"code":"not_found"}'
