"""The rollups of the alarm log, kept up by the courier: any number of couriers, killed at any point, same result.

A span that got events is due until a transaction counted it and said so; an event that comes late makes it due again.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from core.database import Database
from core.errors import Unavailable
from core.logging import get_logger
from incidents.alarms import kpi_queries

log = get_logger(__name__)

EVERY_S = 60.0
# Months ahead: a courier that is away for weeks still finds its tables; rows beyond lie in the default partition.
TABLES_AHEAD = timedelta(days=62)
TABLES_BACK = timedelta(days=31)
# What is counted before its time is counted again: an hour waits until only late events can come into it.
SETTLED = timedelta(minutes=5)
_LENGTH: dict[Literal["hour", "day"], timedelta] = {"hour": timedelta(hours=1), "day": timedelta(hours=24)}
# One transaction's worth: a day of hours, or a week; some 30,000 events each in a plant that is far too loud.
_MOST: dict[Literal["hour", "day"], int] = {"hour": 24, "day": 7}
_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', '2s', true)"
_TENANTS = "SELECT muster_tenant_ids()"


async def keep_rolled_up(db: Database) -> None:
    """Roll up now and every EVERY_S, until cancelled; a database that is away is asked again next time."""
    while True:
        try:
            await prepare_tables(db)
            await roll_up(db)
        except Unavailable as problem:
            log.warning("alarm_rollup.skipped", error=str(problem))
        except asyncpg.PostgresError as problem:
            log.error("alarm_rollup.failed", error=str(problem))
        await asyncio.sleep(EVERY_S)


async def prepare_tables(db: Database) -> None:
    """Months of the log from the last one on."""
    async with db.transaction(None) as tx:
        await tx.execute(_LOCK_TIMEOUT)
        await kpi_queries.make_partitions(tx, tx.now - TABLES_BACK, tx.now + TABLES_AHEAD)


async def roll_up(db: Database) -> int:
    """Everything that is due and settled, of every tenant; returns how many spans were counted."""
    async with db.transaction(None) as tx:
        tenants: list[UUID] = [r[0] for r in await tx.fetch(_TENANTS)]
    done = 0
    for tenant_id in tenants:
        async with db.transaction(tenant_id) as tx:
            sites = await kpi_queries.list_due_sites(tx, tenant_id, _until("hour", tx.now), _until("day", tx.now))
        for site_id in sites:
            for span in _LENGTH:
                while count := await roll_up_step(db, tenant_id, site_id, span):
                    done += count
    return done


async def roll_up_step(db: Database, tenant_id: UUID, site_id: UUID, span: Literal["hour", "day"]) -> int:
    """Count the oldest due spans of a site; returns how many."""
    async with db.transaction(tenant_id) as tx:
        starts = await kpi_queries.take_due(tx, tenant_id, site_id, span, _until(span, tx.now), _MOST[span])
        if starts:
            counting = kpi_queries.roll_up_bins if span == "hour" else kpi_queries.roll_up_days
            await counting(tx, tenant_id, site_id, starts)
    return len(starts)


def _until(span: Literal["hour", "day"], now: datetime) -> datetime:
    """A span that began by then has ended and settled."""
    return now - SETTLED - _LENGTH[span]
