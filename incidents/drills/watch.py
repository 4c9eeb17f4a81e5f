"""The courier's look at running drills: ended when their time is up or something real happens in the site.

An alarm does not wait for this and does not depend on it: it opens an incident of its own, and its news wakes us.
Everything is in the rows: killed anywhere, the next look goes on. Of several couriers one holds the incident's row,
and the others find the drill ended.
"""

from __future__ import annotations

import asyncio
import contextlib

from core.database import Database
from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter
from core.outbox import Listener
from incidents.drills import queries, service
from incidents.plans.starting import NEWS_REPORTED
from incidents.response import NEWS_ALARM

log = get_logger(__name__)

# The most that lost news adds to the end of a drill.
POLL_S = 1.0
# A flood of alarms wakes this often at most: one look ends the drill, the rest find nothing.
LOOK_APART_S = 0.1

FAULTS = counter("drill_faults", "Drills that could not be ended for a fault of ours, and are tried again.")


class DrillWatch:
    """Works until cancelled; ``sweep`` does once what is due now."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def run(self, listener: Listener) -> None:
        """Look until cancelled; news of alarms and of reports wakes it."""
        woken = asyncio.Event()

        async def listen() -> None:
            async with listener.subscribe({NEWS_ALARM, NEWS_REPORTED}) as news:
                async for _ in news:
                    woken.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen())
            while True:
                woken.clear()
                try:
                    await self.sweep()
                except Unavailable as problem:
                    log.warning("drills.waiting_for_database", error=str(problem))
                await asyncio.sleep(LOOK_APART_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await woken.wait()

    async def sweep(self) -> int:
        """End what is to be ended; returns how many. One that fails holds up no other."""
        async with self._db.transaction(None) as tx:
            over = await queries.list_over(tx, tx.now)
        ended = 0
        for tenant_id, drill_id in over:
            try:
                async with self._db.transaction(tenant_id) as tx:
                    ended += await service.end_over(tx, tenant_id, drill_id) is not None
            except Unavailable:
                raise
            except Exception:
                # A fault in one drill must not end the courier, which carries real orders.
                FAULTS.inc()
                log.exception("drill.fault", drill=str(drill_id))
        return ended
