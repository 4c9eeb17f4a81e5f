"""What readings need around the clock: tables ahead of time, minutes rolled up, old days retired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from core.clock import Clock
from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from plant import reading_queries as queries

log = get_logger(__name__)

# Tables of a week ahead: a gateway that is away over a long holiday still finds them. Rows of other days lie in the
# default partition and move when their day's table is made.
DAYS_AHEAD = 7
# Upkeep looks this often; a minute's rollup is at most this late.
EVERY_S = 30.0
# A minute is rolled up once readings of it can only be late ones (protocols.LATE_AFTER_S, and the flush).
SETTLED_AFTER_S = 90.0
# One transaction's worth: an hour of 1,000 sensors at 15,000 readings a second is a matter of a minute.
ROLL_UP_STEP = timedelta(minutes=10)
# A site seen for the first time is rolled up from here on; older readings are late ones and marked.
FIRST_ROLL_UP = timedelta(hours=1)
# Making and retiring tables waits this long for whoever reads the old ones: all who write queue behind the wait.
LOCK_TIMEOUT = "2s"


async def keep_tables(db: Database, clock: Clock, keep_days: int) -> None:
    """Make and retire tables until cancelled."""
    await _keep(lambda: prepare_tables(db, clock.now(), keep_days))


async def _keep(work: Callable[[], Awaitable[None]]) -> None:
    """Do the work now and every EVERY_S; upkeep that fails is tried again, and ends nothing that keeps people safe."""
    while True:
        try:
            await work()
        except Unavailable as problem:
            log.warning("upkeep.database_away", error=str(problem))
        except asyncpg.PostgresError as problem:
            log.error("upkeep.failed", error=str(problem))
        await asyncio.sleep(EVERY_S)


async def prepare_tables(db: Database, now: datetime, keep_days: int) -> None:
    """Tables from yesterday to DAYS_AHEAD; days older than ``keep_days`` go."""
    today = now.astimezone(UTC).date()
    # Apart: together they would hold one table while they wait for another, in the other order than whoever writes.
    async with db.transaction(None) as tx:
        await _wait_briefly(tx)
        made = await queries.make_partitions(tx, today - timedelta(days=1), today + timedelta(days=DAYS_AHEAD))
    async with db.transaction(None) as tx:
        await _wait_briefly(tx)
        dropped = await queries.retire_readings(tx, today - timedelta(days=keep_days))
    if made or dropped:
        log.info("upkeep.tables", made=made, dropped=dropped)


async def _wait_briefly(tx: Tx) -> None:
    await tx.execute("SELECT set_config('lock_timeout', $1, true)", LOCK_TIMEOUT)


async def keep_rolled_up(db: Database, clock: Clock, tenant_id: UUID, site_id: UUID) -> None:
    """Roll a site's readings up until cancelled."""

    async def roll_up() -> None:
        while await roll_up_step(db, tenant_id, site_id, clock.now()):
            pass

    await _keep(roll_up)


async def roll_up_step(db: Database, tenant_id: UUID, site_id: UUID, now: datetime) -> bool:
    """Roll up the next stretch of settled minutes and the late ones; True when more is waiting."""
    settled = minute_of(now - timedelta(seconds=SETTLED_AFTER_S))
    async with db.transaction(tenant_id) as tx:
        start = await queries.find_rolled_until(tx, tenant_id, site_id, lock=True) or settled - FIRST_ROLL_UP
        # A clock that was set back: what comes now lies before the mark, and is rolled up as its minutes pass again.
        start = min(start, settled)
        end = min(settled, start + ROLL_UP_STEP)
        await queries.roll_up(tx, tenant_id, site_id, start, end)
        await queries.roll_up_late(tx, tenant_id, site_id, end)
        await queries.save_rolled_until(tx, tenant_id, site_id, end)
    return end < settled


def minute_of(at: datetime) -> datetime:
    """The minute a time lies in, UTC."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)
