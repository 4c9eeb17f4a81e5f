"""``muster up`` as a user starts it, in a folder of its own: real broker, real database, every role a process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import asyncpg
import msgspec

from core.database import Database, prepare_connection
from muster.addresses import RUN_FILE
from muster.client import Client
from muster.demo import catalogue, control
from muster.engines.process import free_port
from muster.up import Running
from tests.conftest import ROOT

T = TypeVar("T")

# The first start on two busy cores; every later wait is for a fact that takes seconds.
START_PATIENCE_S = 90.0
PATIENCE_S = 60.0
POLL_S = 0.1
# Short enough that a killed role's work is taken over within the test's patience.
LEASE_S = 2.0


class WholePlant:
    """A running ``muster up`` and the ways a test looks at it."""

    def __init__(self, folder: Path, port: int, process: asyncio.subprocess.Process, environ: dict[str, str]) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.environ = environ

    @property
    def running(self) -> Running:
        """What runs now: addresses and process ids."""
        return msgspec.json.decode((self.folder / RUN_FILE).read_bytes(), type=Running)

    def kill(self, name: str) -> bool:
        """kill -9 one process; False while it is between two lives."""
        pid = self.running.pids[name]
        if pid == 0:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    async def demo(self, fault: str, **options: Any) -> control.Answer:
        """What ``muster demo`` asks of the plant."""
        return await control.send(self.folder, fault, **options)

    @asynccontextmanager
    async def signed_in(self, login: str) -> AsyncIterator[Client]:
        """A person over HTTP."""
        client = Client(self.url)
        try:
            await client.sign_in(catalogue.TENANT, login, catalogue.PASSWORD, label="test")
            yield client
        finally:
            await client.close()

    def database_url(self, login: str) -> str:
        """The embedded database's address for ``owner`` or ``app``."""
        passwords = msgspec.json.decode((self.folder / "postgres" / "passwords.json").read_bytes())
        port = (self.folder / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[3].strip()
        return f"postgresql://muster_{login}:{quote(passwords[login])}@127.0.0.1:{port}/muster"

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The application's own way into the database."""
        async with Database.connect(self.database_url("app"), max_size=2) as db:
            yield db

    async def rows(self, sql: str, *args: object) -> list[Any]:
        """Rows as the owner sees them, while the database is up."""
        connection = await asyncpg.connect(self.database_url("owner"), timeout=5)
        try:
            await prepare_connection(connection)
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()

    async def until_rows(
        self,
        what: str,
        sql: str,
        *args: object,
        want: Callable[[list[Any]], bool] = bool,
        patience_s: float = PATIENCE_S,
    ) -> list[Any]:
        """Wait until the query's rows are as wanted; the failure says what was waited for and what was there."""
        found: list[Any] = []

        async def ask() -> bool:
            nonlocal found
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, IndexError):
                found = await self.rows(sql, *args)
                return want(found)
            return False

        await until(ask, lambda: f"{what}; there was {[dict(r) for r in found]}; {self.log_tail()}", patience_s)
        return found

    def log_tail(self) -> str:
        """The last warnings and errors of every process."""
        lines = []
        for path in sorted(self.folder.glob("*.log")):
            bad = [x for x in path.read_text(errors="replace").splitlines() if '"error"' in x or "Traceback" in x]
            lines += [f"{path.stem}: {line[:1500]}" for line in bad[-3:]]
        return "\n".join(lines)

    async def stop(self) -> int:
        """Ctrl-C, and wait for the clean end."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)


async def until(ask: Callable[[], Awaitable[bool]], failed: Callable[[], str], patience_s: float = PATIENCE_S) -> None:
    """Ask until it is so; the fact is another process', so nothing can wake us."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while not await ask():
        if loop.time() > deadline:
            raise AssertionError(f"after {patience_s:.0f} s still waiting: {failed()}")
        await asyncio.sleep(POLL_S)


@asynccontextmanager
async def whole_plant(folder: Path, *, broker: str = "auto", **settings: object) -> AsyncIterator[WholePlant]:
    """Start everything, wait until it is ready, stop it by Ctrl-C at the end."""
    port = free_port()
    environ = environment(folder, port, broker, settings)
    process = await start_muster("up", environ=environ, stdout=asyncio.subprocess.DEVNULL)
    plant = WholePlant(folder, port, process, environ)
    try:

        async def ready() -> bool:
            assert process.returncode is None, f"muster up ended with {process.returncode}; {plant.log_tail()}"
            return (folder / RUN_FILE).exists()

        await until(ready, lambda: f"muster up is not ready; {plant.log_tail()}", START_PATIENCE_S)
        yield plant
    finally:
        await plant.stop()


async def start_muster(*command: str, environ: dict[str, str], **options: Any) -> asyncio.subprocess.Process:
    """A ``muster`` command as a process of its own."""
    options = {"stdin": asyncio.subprocess.DEVNULL, **options}
    argv = (sys.executable, "-m", "muster", *command)
    return await asyncio.create_subprocess_exec(*argv, cwd=ROOT, env=environ, **options)


def environment(folder: Path, port: int, broker: str, settings: dict[str, object]) -> dict[str, str]:
    """The environment of a ``muster`` command in this folder."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    own = {"data_dir": folder, "http_port": port, "mqtt_broker": broker, "lease_s": LEASE_S, **settings}
    return {**plain, **{f"MUSTER_{name.upper()}": str(value) for name, value in own.items()}}
