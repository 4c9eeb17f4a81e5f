"""What the reading path is measured on: the product's own PostgreSQL and broker, and its roles as real processes."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import structlog

from core.settings import PREFIX
from migrations.runner import migrate
from muster.engines.broker import Broker
from muster.engines.postgres import Postgres
from muster.engines.process import die_with_parent, free_port

# Loading 30,000 rules takes some seconds on a busy machine.
READY_S = 60.0
STOP_S = 15.0
LOG_LINES, LOG_WIDTH = 12, 400
_POLL_S = 0.05


class StandError(Exception):
    """A process of the stand did not come up, or ended by itself."""


class Place(msgspec.Struct, frozen=True):
    """One migrated database."""

    owner_url: str
    app_url: str


class Worker:
    """A child process of ours that is told things by lines of JSON and answers so."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def say(self, order: object) -> None:
        """One line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(order) + b"\n")
        await self.process.stdin.drain()

    async def hear(self) -> Any:
        """One line from it; raises StandError when it ended instead."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise StandError(f"{self.name} ended with status {await self.process.wait()}")
        return msgspec.json.decode(line)


class Stand:
    """Engines in a folder that goes when it is left."""

    def __init__(self, folder: Path, postgres: Postgres, broker: Broker) -> None:
        self.folder = folder
        self.postgres = postgres
        self.broker = broker
        self._places = 0

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Stand]:
        """Start both with the product's own settings: every commit is synced to disk."""
        quiet()
        with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
            folder = Path(name)
            # The engines may run as an account of their own (muster.engines.unprivileged).
            folder.chmod(0o755)
            async with Postgres.start(folder / "postgres") as postgres, Broker.start(folder / "broker") as broker:
                yield cls(folder, postgres, broker)

    async def place(self) -> Place:
        """A new database of its own, so that no run pays for another's rows."""
        self._places += 1
        name = f"bench_{self._places}"
        connection = await asyncpg.connect(self.postgres.owner_url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        made = Place(self.postgres.owner_url_of(name), self.postgres.app_url_of(name))
        await migrate(made.owner_url)
        return made

    @asynccontextmanager
    async def role(self, name: str, place: Place, *, sampled: Path | None = None) -> AsyncIterator[Role]:
        """``muster gateway`` or ``muster api`` as a process, ready. ``sampled``: where its stack histogram goes."""
        port = free_port()
        program = ["muster", name] if sampled is None else ["bench.sampled", name, str(sampled)]
        environ = {
            "DATABASE_URL": place.app_url,
            "MQTT_URL": self.broker.gateway_url,
            "DATA_DIR": str(self.folder / "data"),
            "HTTP_PORT" if name == "api" else "HEALTH_PORT": str(port),
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            process = await _spawn(program, {PREFIX + key: value for key, value in environ.items()}, stderr=log)
        role = Role(name, process, port, self.folder / f"{name}.log")
        try:
            await role.wait_ready()
            yield role
        except Exception:
            print(f"the end of {name}'s log:\n{role.log_tail()}", file=sys.stderr)
            raise
        finally:
            await _stop(process)

    @asynccontextmanager
    async def worker(self, module: str, config: object) -> AsyncIterator[Worker]:
        """A process of the benchmark's own, given ``config`` as its first line, after it said that it is ready."""
        process = await _spawn([module], {}, stdin=asyncio.subprocess.PIPE)
        worker = Worker(module, process)
        try:
            await worker.say(config)
            await worker.hear()
            yield worker
        finally:
            await _stop(process)


class Role:
    """A running role."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Its HTTP address."""
        return f"http://127.0.0.1:{self.port}"

    async def wait_ready(self) -> None:
        """Until its health page says so; raises StandError with the end of its log."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READY_S
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while loop.time() < until and self._process.returncode is None:
                try:
                    answer = await client.get(f"{self.url}/health/ready")
                    # A gateway without sites is ready too; wait until it serves one.
                    if answer.is_success and (self.name != "gateway" or await self.metric("gateway_sites") > 0):
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(_POLL_S)
        ended = self._process.returncode
        what = f"not ready after {READY_S:.0f} s" if ended is None else f"ended with status {ended}"
        raise StandError(f"{self.name}: {what}")

    def log_tail(self) -> str:
        """The last lines it wrote."""
        lines = self._log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join(line[-LOG_WIDTH:] for line in lines)

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels, as Prometheus would read it."""
        async with httpx.AsyncClient(timeout=10.0, trust_env=False) as client:
            text = (await client.get(f"{self.url}/metrics")).text
        rows = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(f"muster_{name}")]
        return sum(float(value) for key, value in rows if key.partition("{")[0] == f"muster_{name}")


async def _spawn(program: Sequence[str], environ: Mapping[str, str], **pipes: Any) -> asyncio.subprocess.Process:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *program,
        env={**inherited, **environ},
        stdout=asyncio.subprocess.PIPE if "stdin" in pipes else asyncio.subprocess.DEVNULL,
        preexec_fn=die_with_parent,
        **pipes,
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def quiet() -> None:
    """Warnings and worse alone, so that the engines' news does not stand between the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
