"""One load against one system: what was published, what was committed, what it cost whom."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg
import msgspec

from bench.ingest.floor import FloorConfig
from bench.ingest.load import Load, LoadReport
from bench.meter import Meter
from bench.stand import Place, Role, Stand, Worker
from bench.world import World

# Committed messages may lag the published ones by this much of a second's worth when publishing ends: a system that
# keeps up lags by its batch and its commit, one that does not lags by more with every second.
LAG_MAX_S = 0.5
# A generator this far behind its own schedule did not make the load that was asked for.
BEHIND_MAX_S = 0.5
# What was left in the queues is waited for this long without progress.
DRAIN_PATIENCE_S = 20.0
LOOK_EVERY_S = 1.0
_POLL_S = 0.05


class System(Protocol):
    """What is measured."""

    name: str

    @property
    def pids(self) -> Mapping[str, int]:
        """Its own processes by name."""
        ...

    async def committed(self) -> int:
        """Values committed so far."""
        ...

    async def rows(self) -> int:
        """Rows in its table, counted by PostgreSQL."""
        ...


class Trial(msgspec.Struct, frozen=True):
    """What came of one load. ``lag``: messages published and not committed, the most of any second and at the end;
    ``cpu_s``: by process, from the first publish to the last commit."""

    rate: float
    report: LoadReport
    lag_most: int
    lag_end: int
    drain_s: float
    missing: int
    cpu_s: dict[str, float]

    @property
    def achieved(self) -> float:
        """Messages a second that were published."""
        return self.report.published / self.report.seconds

    @property
    def sustained(self) -> bool:
        """The load was made as asked, nothing is missing, and the queue did not grow."""
        return not self.missing and self.report.behind_s <= BEHIND_MAX_S and self.lag_end <= self.rate * LAG_MAX_S

    def us(self, name: str) -> float:
        """CPU microseconds of one process for each message."""
        return 1e6 * self.cpu_s[name] / self.report.published


class Product:
    """A ``muster gateway`` process with rules."""

    name = "Muster"

    def __init__(self, stand: Stand, place: Place, role: Role) -> None:
        self._place = place
        self._role = role
        self.pids = {"consumer": role.pid, "postgres": stand.postgres.pid, "broker": stand.broker.pid}

    async def committed(self) -> int:
        """From the gateway's own metrics."""
        return int(await self._role.metric("ingest_readings_total"))

    async def rows(self) -> int:
        """Of the partitioned table, every tenant."""
        return await _count(self._place.owner_url, "readings")


class Bare:
    """The floor's process."""

    name = "floor"

    def __init__(self, stand: Stand, place: Place, worker: Worker) -> None:
        self._place = place
        self._worker = worker
        self.pids = {"consumer": worker.pid, "postgres": stand.postgres.pid, "broker": stand.broker.pid}

    async def committed(self) -> int:
        """As the process says."""
        await self._worker.say(None)
        return int(await self._worker.hear())

    async def rows(self) -> int:
        """Of the bare table."""
        return await _count(self._place.owner_url, "bare")


@asynccontextmanager
async def product(stand: Stand, place: Place, *, sampled: Path | None = None) -> AsyncIterator[Product]:
    """The product on this database, ready."""
    async with stand.role("gateway", place, sampled=sampled) as role:
        yield Product(stand, place, role)


@asynccontextmanager
async def bare(stand: Stand, place: Place, world: World) -> AsyncIterator[Bare]:
    """The floor on this database, ready."""
    config = FloorConfig(*broker_login(stand), place.owner_url, world.tenant_id, world.devices)
    async with stand.worker("bench.ingest.floor", config) as worker:
        yield Bare(stand, place, worker)


def broker_login(stand: Stand) -> tuple[str, int, str, str]:
    """Host, port, user and password of a login that may write every device's topics: the gateway's."""
    return "127.0.0.1", stand.broker.gateway_port, "muster-gateway", stand.broker.gateway_password


async def try_load(stand: Stand, system: System, load: Load) -> Trial:
    """Publish, wait until everything is committed, count."""
    before = await system.committed()
    rows_before = await system.rows()
    async with stand.worker("bench.ingest.generator", load) as generator:
        meter = Meter(system.pids)
        await generator.say(None)
        published, lag_most = await _watch(system, generator, load, before)
        lag_end = published - (await system.committed() - before) // load.samples
        drain_s = await _drain(system, before + published * load.samples)
        cpu_s = meter.spent()
        report = msgspec.convert(await generator.hear(), LoadReport)
    missing = published - (await system.rows() - rows_before) // load.samples
    cpu_s["generator"] = report.cpu_s
    return Trial(load.rate, report, max(lag_most, lag_end), lag_end, drain_s, missing, cpu_s)


async def _watch(system: System, generator: Worker, load: Load, before: int) -> tuple[int, int]:
    """Until the last publish; how many there were, and the most that waited at any look."""
    loop = asyncio.get_running_loop()
    start, lag_most = loop.time(), 0
    done = asyncio.ensure_future(generator.hear())
    while not done.done():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(done), LOOK_EVERY_S)
            break
        # By the schedule, not by the generator's own count: it may be behind, which makes this an upper bound.
        at = loop.time() - start
        committed = (await system.committed() - before) // load.samples
        lag_most = max(lag_most, int(load.rate * min(at, load.seconds)) - committed)
    published: int = (await done)["published"]
    return published, lag_most


async def _drain(system: System, values: int) -> float:
    loop = asyncio.get_running_loop()
    start = last = loop.time()
    seen = -1
    while (committed := await system.committed()) < values and loop.time() - last < DRAIN_PATIENCE_S:
        if committed != seen:
            seen, last = committed, loop.time()
        await asyncio.sleep(_POLL_S)
    return loop.time() - start


async def _count(url: str, table: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    finally:
        await connection.close()
