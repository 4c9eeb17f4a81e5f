"""``muster up``: engines, migrations, demo plant and every role on one machine, watched until Ctrl-C.

Starting order is dependency order, stopping order its reverse. ``run.json`` in the data folder says what runs where;
the tools of the other terminal read it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec
import uvloop

from core.clock import SystemClock
from core.database import Database
from core.device_ca import DeviceCa
from core.errors import Invalid, MusterError, Unavailable
from core.logging import configure_logging, get_logger
from core.outbox import Listener
from core.settings import PREFIX, Settings
from migrations.runner import migrate
from muster.addresses import RUN_FILE
from muster.broker_access import NEWS_DEVICES, list_logins
from muster.demo import catalogue, safeguards
from muster.demo.push_accounts import KEY_FILE
from muster.engines.broker import Broker
from muster.engines.device_tls import TlsListener
from muster.engines.files import write_private
from muster.engines.postgres import Postgres
from muster.engines.process import Supervised, free_port
from muster.seed import seed_demo

log = get_logger(__name__)

# First start on a slow disk: creating the cluster, migrating and seeding take about 5 s here.
READY_PATIENCE_S = 60.0
READY_POLL_S = 0.1
# `run.json` follows a restarted process' new id this quickly.
RUN_FILE_EVERY_S = 0.1
# A role's own grace (muster.process.STOP_GRACE_S) and a little more before SIGKILL.
ROLE_STOP_WAIT_S = 12.0
# Between attempts to rewrite the broker's files while the database is away.
ACCESS_RETRY_S = 0.5
# Likewise before the demo plant's vote is tried again.
ARM_RETRY_S = 5.0


class Running(msgspec.Struct, frozen=True):
    """What ``muster up`` runs: addresses and process ids, for tools on the same machine; holds no password."""

    http_url: str
    mqtt_url: str
    mqtt_tls_url: str
    push_service_url: str
    pids: dict[str, int]


class _Plan:
    """What has been started so far, and what the next one needs to know."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.processes: dict[str, Supervised] = {}
        self.mqtt_url = without_login(settings.mqtt_url)
        self.mqtt_tls_url = ""

    def change(self, **values: object) -> None:
        self.settings = msgspec.structs.replace(self.settings, **values)


def run_up(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM; returns the exit status. Raises Unavailable when a port or the folder is taken,
    Invalid for settings that do not go together."""
    if settings.http_port == 0:
        settings = msgspec.structs.replace(settings, http_port=free_port())
    _refuse_taken_port(settings)
    tls_listener(settings)
    settings.data_path.mkdir(parents=True, exist_ok=True)
    with (settings.data_path / "up.log").open("a", encoding="utf-8") as out:
        configure_logging("up", settings.log_level, out)
        try:
            return uvloop.run(_up(_Plan(settings)))
        finally:
            (settings.data_path / RUN_FILE).unlink(missing_ok=True)


def _refuse_taken_port(settings: Settings) -> None:
    """Better one sentence now than an api that starts again and again."""
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError as problem:
            raise Unavailable(
                "up.port_taken",
                f"{settings.http_host}:{settings.http_port} can not be listened on ({problem.strerror}): "
                "stop what uses it, or set MUSTER_HTTP_PORT or MUSTER_HTTP_HOST",
                field="MUSTER_HTTP_PORT",
                value=settings.http_port,
            ) from problem


async def _up(plan: _Plan) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_database(plan))
        await migrate(plan.settings.owner_database_url)
        db = await stack.enter_async_context(Database.connect(plan.settings.database_url, SystemClock(), max_size=2))
        if plan.settings.demo:
            await seed_demo(db)
        await stack.enter_async_context(_broker(plan, db))
        await stack.enter_async_context(_push_service(plan))
        await stack.enter_async_context(_roles(plan))
        if not await _until_ready(plan.settings, stopping):
            return 0 if stopping.is_set() else 1
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(_keep_run_file(plan))]
            if plan.settings.demo:
                beside.append(tasks.create_task(_arm_demo(db)))
            print(banner(plan.settings, plan.mqtt_tls_url), flush=True)
            await stopping.wait()
            print("stopping ...", flush=True)
            for task in beside:
                task.cancel()
    print("stopped.", flush=True)
    return 0


@asynccontextmanager
async def _database(plan: _Plan) -> AsyncIterator[None]:
    if plan.settings.database_url:
        if not plan.settings.owner_database_url:
            raise Unavailable(
                "settings.owner_database_url",
                "MUSTER_DATABASE_URL is set: migrations need MUSTER_OWNER_DATABASE_URL too",
            )
        yield
        return
    async with Postgres.start(plan.settings.data_path / "postgres") as postgres:
        plan.processes["postgres"] = postgres.process
        plan.change(database_url=postgres.app_url, owner_database_url=postgres.owner_url)
        yield


@asynccontextmanager
async def _broker(plan: _Plan, db: Database) -> AsyncIterator[None]:
    settings = plan.settings
    if settings.mqtt_url:
        yield
        return
    kind = cast(Literal["auto", "mosquitto", "amqtt"], settings.mqtt_broker)
    folder, logins = settings.data_path / "broker", await list_logins(db)
    async with Broker.start(folder, logins=logins, kind=kind, tls=tls_listener(settings)) as broker:
        plan.processes["broker"] = broker.process
        plan.mqtt_tls_url = broker.tls_url
        plan.change(mqtt_url=broker.gateway_url)
        plan.mqtt_url = broker.url
        listener = Listener(plan.settings.database_url)
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listener.run())
            admitting = tasks.create_task(_admit_devices(broker, db, listener))
            yield
            listening.cancel()
            admitting.cancel()


def tls_listener(settings: Settings) -> TlsListener | None:
    """The embedded broker's port for certificates, if one is named; raises Invalid beside a broker of one's own."""
    if settings.mqtt_tls_port == 0:
        return None
    if settings.mqtt_url:
        raise Invalid(
            "settings.mqtt_tls_port",
            f"MUSTER_MQTT_TLS_PORT={settings.mqtt_tls_port} is for the embedded broker, and MUSTER_MQTT_URL names"
            " another: give that one a port for certificates, or set this to 0",
            field="MUSTER_MQTT_TLS_PORT",
            value=settings.mqtt_tls_port,
            limit=0,
        )
    return TlsListener(settings.mqtt_tls_host, settings.mqtt_tls_port, DeviceCa(settings.keys_dir))


async def _admit_devices(broker: Broker, db: Database, listener: Listener) -> None:
    """Keep the broker's access files like the devices table."""
    async with listener.subscribe(NEWS_DEVICES) as news:
        async for _ in news:
            try:
                await broker.write_access(await list_logins(db))
            except Unavailable as problem:
                # The listener that comes back brings a resync.
                log.warning("up.access_not_written", error=str(problem))
                await asyncio.sleep(ACCESS_RETRY_S)


@asynccontextmanager
async def _push_service(plan: _Plan) -> AsyncIterator[None]:
    """The demo's own push service, unless a real one is configured."""
    settings = plan.settings
    if not settings.demo or settings.push_credentials:
        yield
        return
    folder, port = settings.data_path / "push", free_port()
    folder.mkdir(exist_ok=True)
    argv = ["muster.demo.push_service", "--port", str(port), "--dir", str(folder)]
    async with _running(plan, "push", argv):
        plan.change(push_service_url=f"http://127.0.0.1:{port}", push_credentials=str(folder / KEY_FILE))
        await _until_exists(folder / KEY_FILE)
        yield


@asynccontextmanager
async def _roles(plan: _Plan) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for role in ("guide", "api", "gateway", "courier", "auditor"):
            await stack.enter_async_context(_running(plan, role, ["muster", role]))
        if plan.settings.demo:
            # Devices sign in with their own secrets: they get the address alone.
            environ = environ_of(msgspec.structs.replace(plan.settings, mqtt_url=plan.mqtt_url))
            await stack.enter_async_context(_running(plan, "demo", ["muster", "demo", "plant"], environ))
        yield


@asynccontextmanager
async def _running(
    plan: _Plan, name: str, argv: Iterable[str], environ: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """One process of ours, kept alive."""

    async def ready(_: asyncio.subprocess.Process) -> None:
        """Readiness is asked of the roles' own health pages."""

    process = Supervised(
        name,
        [sys.executable, "-m", *argv],
        plan.settings.data_path / f"{name}.log",
        ready,
        stop_wait_s=ROLE_STOP_WAIT_S,
        environ=environ or environ_of(plan.settings),
    )
    await process.start()
    plan.processes[name] = process
    try:
        yield
    finally:
        await process.stop()


def environ_of(settings: Settings) -> dict[str, str]:
    """The environment of a process with these settings."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    defaults = Settings()
    for field in Settings.__struct_fields__:
        value = getattr(settings, field)
        if value != getattr(defaults, field):
            environ[PREFIX + field.upper()] = str(value).lower() if isinstance(value, bool) else str(value)
    return {**environ, f"{PREFIX}DATA_DIR": str(settings.data_path)}


async def _until_exists(path: Path) -> None:
    async with asyncio.timeout(READY_PATIENCE_S):
        while not path.exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(READY_POLL_S)


async def _until_ready(settings: Settings, stopping: asyncio.Event) -> bool:
    """Wait for the public port; False when it does not come, or Ctrl-C did."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_PATIENCE_S
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        while loop.time() < deadline and not stopping.is_set():
            try:
                if (await client.get(f"{http_url(settings)}/health/ready")).status_code == httpx.codes.OK:
                    return True
            except httpx.TransportError:
                pass
            await asyncio.sleep(READY_POLL_S)
    if not stopping.is_set():
        print(f"not ready after {READY_PATIENCE_S:.0f} s; the logs are in {settings.data_path}", file=sys.stderr)
    return False


async def _keep_run_file(plan: _Plan) -> None:
    path, written = plan.settings.data_path / RUN_FILE, b""
    while True:
        running = Running(
            http_url=http_url(plan.settings),
            mqtt_url=plan.mqtt_url,
            mqtt_tls_url=plan.mqtt_tls_url,
            push_service_url=plan.settings.push_service_url,
            pids={name: process.pid for name, process in plan.processes.items()},
        )
        content = msgspec.json.encode(running)
        if content != written:
            write_private(path, content)
            written = content
        await asyncio.sleep(RUN_FILE_EVERY_S)


async def _arm_demo(db: Database) -> None:
    """The demo plant's vote; it never stops what runs."""
    while True:
        try:
            await safeguards.keep_arming(db)
        except MusterError as problem:
            log.warning("demo.vote_waits", error=str(problem))
            await asyncio.sleep(ARM_RETRY_S)
        else:
            return


def without_login(url: str) -> str:
    """The broker's address for devices, who have logins of their own: the one in MUSTER_MQTT_URL is the gateway's."""
    parts = urlsplit(url)
    return url if "@" not in parts.netloc else urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def http_url(settings: Settings) -> str:
    """The public address, as a browser of this machine reaches it."""
    host = "127.0.0.1" if settings.http_host in ("0.0.0.0", "::") else settings.http_host  # noqa: S104
    return f"http://{host}:{settings.http_port}"


def banner(settings: Settings, mqtt_tls_url: str = "") -> str:
    """What a new user needs to know, in as many lines."""
    url = http_url(settings)
    lines = ["", f"Muster runs at {url}", f"API documentation  {url}/docs", f"Logs and data      {settings.data_path}"]
    if mqtt_tls_url:
        lines.append(f"Devices' own port  {mqtt_tls_url} (by certificate: muster certify)")
    if settings.demo:
        lines += ["", f"Demo sign-ins (tenant {catalogue.TENANT}, password {catalogue.PASSWORD}):"]
        lines += [f"  {a.username:<8} {a.role:<15} {a.name.zh} {a.name.en}" for a in catalogue.ACCOUNTS]
        lines += [
            "",
            "In two other terminals:",
            "  .venv/bin/muster phone --as wang",
            "  .venv/bin/muster demo leak (or hf, oxygen)",
        ]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])
