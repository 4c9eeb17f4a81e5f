"""News that commits with the state it is about, and listeners that are woken by it.

``append`` writes a row and a NOTIFY in the caller's transaction. The NOTIFY is only a wake-up: it can be lost with a
connection, so a listener that reconnects yields ``resync`` and its reader looks at the tables again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from core.database import Tx, prepare_connection
from core.ids import new_id
from core.logging import get_logger

log = get_logger(__name__)

CHANNEL = "muster_news"
RESYNC = "resync"
# News waiting for one reader. Beyond it the reader is told to resync, which costs one look at the tables.
QUEUE_MAX = 10_000
# Between attempts to listen again: quick at first, because a deaf listener delays orders.
RECONNECT_S = (0.05, 0.1, 0.2, 0.5, 1.0)
# A connection that died without a word is found by this probe.
PROBE_EVERY_S = 5.0


class News(msgspec.Struct, frozen=True):
    """Something happened: ``kind`` names it, ``key`` finds it in its table."""

    kind: str
    tenant: UUID | None
    key: str


_APPEND = """
WITH news AS (
    INSERT INTO outbox (tenant_id, id, kind, key, payload, created_at)
    SELECT $1, id, kind, key, payload, $6
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[]) AS it (id, kind, key, payload)
)
SELECT pg_notify('muster_news', news) FROM unnest($7::text[]) AS news
"""


async def append(tx: Tx, kind: str, key: object, payload: dict[str, Any] | None = None) -> None:
    """Write the news at the end of the transaction and wake the listeners at commit."""
    tx.collect("outbox", (new_id(), News(kind, tx.tenant_id, str(key)), payload or {}), _append)


async def _append(tx: Tx, collected: list[tuple[UUID, News, dict[str, Any]]]) -> None:
    """All news of the transaction in one statement, in the order they happened."""
    ids, news, payloads = zip(*collected, strict=True)
    kinds, keys = [it.kind for it in news], [it.key for it in news]
    wakes = [msgspec.json.encode(it).decode() for it in news]
    await tx.execute(_APPEND, tx.tenant_id, list(ids), kinds, keys, list(payloads), tx.now, wakes)


_NOTIFY = "SELECT pg_notify('muster_news', news) FROM unnest($1::text[]) AS news"


async def wake(tx: Tx, kind: str, key: object) -> None:
    """Wake the listeners at commit without an outbox row: for news whose own table is its record."""
    news = msgspec.json.encode(News(kind, tx.tenant_id, str(key))).decode()
    tx.collect("wakes", news, _wake)


async def _wake(tx: Tx, wakes: list[str]) -> None:
    """All wakes of the transaction in one statement."""
    await tx.execute(_NOTIFY, wakes)


_RETIRE = "DELETE FROM outbox WHERE tenant_id = $1 AND created_at < $2"


async def retire(tx: Tx, tenant_id: UUID, before: datetime) -> int:
    """Delete news older than ``before``; returns how many."""
    return await tx.execute(_RETIRE, tenant_id, before)


class _Reader:
    def __init__(self, kinds: frozenset[str] | None) -> None:
        self.kinds = kinds
        self.queue: asyncio.Queue[News] = asyncio.Queue(QUEUE_MAX)

    def offer(self, news: News) -> None:
        if self.kinds is not None and news.kind not in self.kinds and news.kind != RESYNC:
            return
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            news = News(RESYNC, None, "")
        self.queue.put_nowait(news)

    async def __aiter__(self) -> AsyncIterator[News]:
        while True:
            yield await self.queue.get()


class Listener:
    """One LISTEN connection of a process, shared by its readers; ``run`` belongs in the process' TaskGroup."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._readers: list[_Reader] = []
        self.listening = asyncio.Event()

    @asynccontextmanager
    async def subscribe(self, kinds: Collection[str] | None = None) -> AsyncIterator[AsyncIterator[News]]:
        """News of these kinds from now on; the first item is a ``resync``, so reading starts with the tables."""
        reader = _Reader(None if kinds is None else frozenset(kinds))
        reader.offer(News(RESYNC, None, ""))
        self._readers.append(reader)
        try:
            yield reader.__aiter__()
        finally:
            self._readers.remove(reader)

    async def run(self) -> None:
        """Listen for ever; after a loss, listen again and tell every reader to resync."""
        failures = 0
        while True:
            try:
                await self._listen()
                failures = 0
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
                log.warning("outbox.listener_lost", error=str(problem), failures=failures)
                if self.listening.is_set():
                    failures = 0
                self.listening.clear()
                await asyncio.sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])
                failures += 1

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._url, timeout=5.0, server_settings={"application_name": "muster-listener"}
        )
        try:
            await prepare_connection(connection)
            gone = asyncio.Event()
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(CHANNEL, self._heard)
            self.listening.set()
            self._tell(News(RESYNC, None, ""))
            while not gone.is_set():
                try:
                    # Not wait_for: on Python 3.11 it loses a cancellation that comes as the event is set.
                    async with asyncio.timeout(PROBE_EVERY_S):
                        await gone.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=PROBE_EVERY_S)
            raise ConnectionResetError("the LISTEN connection was closed")
        finally:
            connection.terminate()

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._tell(msgspec.json.decode(str(payload), type=News))

    def _tell(self, news: News) -> None:
        for reader in self._readers:
            reader.offer(news)
