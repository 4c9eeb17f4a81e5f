"""What the database forgets: news nobody reads any more, keys of writes nobody repeats. Readings: see plant.upkeep.

And what it notices by the calendar: qualifications and equipment that run out.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from core import outbox
from core.database import Database
from core.errors import Unavailable
from core.logging import get_logger
from people.notices import service as notices
from people.presence import retention as presence
from people.qualifications.watch import watch as watch_qualifications
from resources.equipment.watch import watch as watch_equipment

log = get_logger(__name__)

EVERY_S = 60.0
# Nobody reads news older than this: it only wakes.
NEWS_KEPT = timedelta(days=1)
# A client repeats a write within minutes; a day covers a phone that was off over night.
KEYS_KEPT = timedelta(days=1)

_TENANTS = "SELECT muster_tenant_ids()"
_FORGET_KEYS = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND created_at < $2"


async def keep_up(db: Database) -> None:
    """Forget now, then every EVERY_S; a database that is away is asked again next time."""
    while True:
        try:
            await forget(db)
        except Unavailable as problem:
            log.warning("upkeep.skipped", error=str(problem))
        await asyncio.sleep(EVERY_S)


async def forget(db: Database) -> None:
    """One round, a transaction for each tenant."""
    async with db.transaction(None) as tx:
        tenants: list[UUID] = [r[0] for r in await tx.fetch(_TENANTS)]
    for tenant_id in tenants:
        async with db.transaction(tenant_id) as tx:
            await outbox.retire(tx, tenant_id, tx.now - NEWS_KEPT)
            await tx.execute(_FORGET_KEYS, tenant_id, tx.now - KEYS_KEPT)
            await presence.forget(tx, tenant_id)
            await notices.forget(tx, tenant_id)
        async with db.transaction(tenant_id) as tx:
            await watch_qualifications(tx, tenant_id)
        async with db.transaction(tenant_id) as tx:
            await watch_equipment(tx, tenant_id)
