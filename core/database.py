"""PostgreSQL: the pool of the application role, and the unit of work.

Every transaction names its tenant; row-level security does the rest. With ``tenant_id=None`` the
application role sees no rows at all and may only call the ``SECURITY DEFINER`` functions that
return ids. Times come from the clock and reach SQL as parameters.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from core.clock import Clock, SystemClock
from core.errors import Unavailable

T = TypeVar("T")

# One process of a role serves at most this many statements at once; PostgreSQL's own default of
# 100 connections is shared by five roles.
POOL_MAX = 12
# A statement that takes longer than this is a fault of ours; waiting longer would only hide it.
STATEMENT_TIMEOUT_S = 15.0
# Opening a connection waits this long before the caller is told the database is away.
CONNECT_TIMEOUT_S = 5.0
# Connections still busy after this are torn down: their transactions roll back on the server.
CLOSE_TIMEOUT_S = 5.0

# What waits for the end of a transaction, in the order it is written: an incident's record under the incident's lock,
# rooms under their heads, the tenant's audit chain under its head, which everybody in the tenant shares. Waking
# listeners takes no lock and may be asked for by the others.
LATEST = ("timeline", "rooms", "audit", "outbox", "wakes")

# Records converted before the loop turns to others: some 5 ms.
SLICE_ROWS = 500

_SET_TENANT = "SELECT set_config('muster.tenant', $1, true)"


class Tx:
    """One open transaction in one tenant.

    ``memo`` is for what can not change under the transaction's locks, so that it is read once; it ends with it.
    """

    __slots__ = ("_last", "connection", "memo", "now", "tenant_id")

    def __init__(self, connection: Any, tenant_id: UUID | None, now: datetime) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.now = now
        self.memo: dict[Any, Any] = {}
        self._last: dict[str, Callable[[], Awaitable[None]]] = {}

    def collect(self, what: str, item: Any, write: Callable[[Tx, list[Any]], Awaitable[None]]) -> None:
        """Keep ``item`` for one ``write`` of everything collected under this name, at the end of the transaction.

        For rows whose lock many share: written last, in one round trip and in the order of LATEST, they are locked
        briefly and never against one another. ``write`` gets the items in the order they were collected.
        """
        items: list[Any] = self.memo.setdefault(("collected", what), [])
        items.append(item)

        async def write_all() -> None:
            taken, items[:] = list(items), []
            await write(self, taken)

        self._last.setdefault(what, write_all)

    async def finish(self) -> None:
        """Do what waits for the end; the unit of work calls it before COMMIT."""
        while self._last:
            what = min(self._last, key=LATEST.index)
            await self._last.pop(what)()

    async def fetch(self, sql: str, *args: object) -> list[Any]:
        """All rows."""
        return list(await self.connection.fetch(sql, *args))

    async def fetchrow(self, sql: str, *args: object) -> Any | None:
        """The first row or None."""
        return await self.connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:
        """The first column of the first row or None."""
        return await self.connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        """Run a statement; returns the number of rows it touched (0 for statements without rows)."""
        tag: str = await self.connection.execute(sql, *args)
        last = tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    async def executemany(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for many rows in one round trip."""
        await self.connection.executemany(sql, rows)

    async def copy_records_to_table(self, table: str, *, records: Any, columns: Sequence[str]) -> None:
        """COPY records; only into tables without row-level security (temporary ones)."""
        await self.connection.copy_records_to_table(table, records=records, columns=list(columns))


class Database:
    """The application role's pool; opens units of work."""

    def __init__(self, pool: Any, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, clock: Clock | None = None, *, max_size: int = POOL_MAX, application_name: str = "muster"
    ) -> AsyncIterator[Database]:
        """Open the pool and refuse a login that could bypass row-level security."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=max_size,
                command_timeout=STATEMENT_TIMEOUT_S,
                timeout=CONNECT_TIMEOUT_S,
                init=prepare_connection,
                server_settings={"application_name": application_name, "timezone": "UTC"},
            )
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as problem:
            raise Unavailable("database.unreachable", f"PostgreSQL does not answer: {problem}") from problem
        try:
            await _refuse_powerful_login(pool)
            yield cls(pool, clock or SystemClock())
        finally:
            await _close(pool)

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID | None) -> AsyncIterator[Tx]:
        """One transaction in one tenant; leaving with an exception rolls it back."""
        try:
            acquired = self.pool.acquire(timeout=CONNECT_TIMEOUT_S)
            async with acquired as connection, _our_faults(connection), connection.transaction():
                await connection.execute(_SET_TENANT, "" if tenant_id is None else str(tenant_id))
                tx = Tx(connection, tenant_id, self.clock.now())
                yield tx
                await tx.finish()
        except CONNECTION_LOST as problem:
            raise Unavailable("database.unreachable", f"PostgreSQL does not answer: {problem}") from problem
        except LOST_RACE as problem:
            raise Unavailable(
                "database.busy", f"somebody else is changing this: {problem}", "他人正在修改，请重试"
            ) from problem
        except asyncpg.InsufficientResourcesError as problem:
            raise Unavailable(
                "database.no_resources", f"PostgreSQL has no room: {problem}", "数据库资源不足"
            ) from problem

    async def ping(self) -> None:
        """Raise Unavailable when the database does not answer."""
        async with self.transaction(None) as tx:
            await tx.fetchval("SELECT 1")


# What asyncpg raises when the server goes away in the middle: nothing was committed, or the caller
# can not know; every write of ours carries a key that makes doing it again harmless.
CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
)

# What PostgreSQL answers to one of two transactions that wait for each other: rolled back, to be done again.
LOST_RACE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)


@asynccontextmanager
async def _our_faults(connection: Any) -> AsyncIterator[None]:
    """What the driver refuses on a connection that stands (a wrong number of arguments, say) is no absence of the
    server: doing it again would fail for ever."""
    try:
        yield
    except asyncpg.InterfaceError as problem:
        if connection.is_closed():
            raise
        raise RuntimeError(f"the driver refuses this: {problem}") from problem


async def prepare_connection(connection: Any) -> None:
    """JSON in and out as Python objects, encoded by msgspec."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, encoder=_encode_json, decoder=msgspec.json.decode, schema="pg_catalog", format="text"
        )


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _refuse_powerful_login(pool: Any) -> None:
    row = await pool.fetchrow(
        "SELECT rolname, rolsuper OR rolbypassrls AS powerful FROM pg_roles WHERE rolname = current_user"
    )
    if row["powerful"]:
        raise Unavailable(
            "database.login_too_powerful",
            f"MUSTER_DATABASE_URL signs in as {row['rolname']!r}, which can bypass row-level security; "
            "use a login without SUPERUSER and BYPASSRLS",
        )


async def _close(pool: Any) -> None:
    try:
        await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT_S)
    except TimeoutError:
        pool.terminate()


async def rows_to(kind: type[T], rows: Sequence[Any]) -> list[T]:
    """Many records as Structs, a slice at a time: ten thousand would keep the loop from everything else for long."""
    made: list[T] = []
    for start in range(0, len(rows), SLICE_ROWS):
        made += [row_to(kind, row) for row in rows[start : start + SLICE_ROWS]]
        await asyncio.sleep(0)
    return made


def row_to(kind: type[T], row: Any) -> T:
    """A record as a Struct; column names are field names."""
    return msgspec.convert(dict(row), kind, from_attributes=False, builtin_types=(UUID, datetime), strict=False)
