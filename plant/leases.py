"""Which gateway serves which site: leases that expire, are renewed at a third, and carry a fencing number.

The holder believes in its lease by its own steady clock, counted from before the renewal was sent: it stops a little
before anybody else may start. A database that is away ends every lease: the broker's persistent sessions hold the
messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.clock import Clock
from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from plant import lease_queries as queries
from plant.errors import LeaseLost
from plant.model import Lease

log = get_logger(__name__)

# Sites given back in one round when another gateway joins: moving a site costs a reconnect.
RELEASED_PER_ROUND = 2
# Of a lease's length: the holder stops this much before its end, so that two never serve at once.
SAFETY_SHARE = 0.1
# Of a lease's length: one that ends further ahead was written before the clock was set back. Between this and one lease
# lies what the clocks of two gateways may differ by.
LATEST_SHARE = 3.0


class Holding(msgspec.Struct):
    """A lease and until when, by the loop's clock, it may be believed."""

    lease: Lease
    valid_until: float


async def assert_held(tx: Tx, lease: Lease) -> None:
    """Raise LeaseLost unless the lease is still ours; a take-over waits until this transaction ends."""
    if not await queries.is_held(tx, lease.tenant_id, lease):
        raise LeaseLost(lease.site_id, lease.fencing)


class LeaseKeeper:
    """Keeps this gateway's fair share of sites; tells ``on_taken`` and ``on_lost`` as they come and go."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        holder: str,
        lease_s: float,
        on_taken: Callable[[Lease], None],
        on_lost: Callable[[Lease], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._holder = holder
        self._lease_s = lease_s
        self._on_taken = on_taken
        self._on_lost = on_lost
        self.held: dict[UUID, Holding] = {}

    async def run(self) -> None:
        """Beat, renew, take and give back until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._lease_s / 2):
                    await self.round()
            except (Unavailable, TimeoutError) as problem:
                log.warning("lease.round_failed", error=str(problem), held=len(self.held))
            await self._wait()

    async def round(self) -> None:
        """One look at the tables: say we live, renew what we hold, take what is free, give back what is too much."""
        now = self._clock.now()
        async with self._db.transaction(None) as tx:
            share = await queries.beat(tx, self._holder, now, now + timedelta(seconds=self._lease_s))
            free = await queries.list_free_sites(tx, self._holder, now, self._latest(now))
        for holding in list(self.held.values()):
            await self._renew(holding)
        for holding in list(self.held.values())[share:][:RELEASED_PER_ROUND]:
            await self._release(holding.lease)
        for tenant_id, site_id in free:
            if len(self.held) >= share:
                break
            if site_id not in self.held:
                await self._take(tenant_id, site_id)

    async def stop(self) -> None:
        """Give every site back, so that nobody waits for leases to expire."""
        for holding in list(self.held.values()):
            await self._release(holding.lease)
        async with self._db.transaction(None) as tx:
            await queries.leave(tx, self._holder)

    async def _wait(self) -> None:
        """Sleep a third of a lease, but drop a lease the moment it can not be believed any more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._lease_s / 3
        while True:
            self._drop_expired(loop.time())
            left = min([until, *(h.valid_until for h in self.held.values())]) - loop.time()
            if until <= loop.time():
                return
            await asyncio.sleep(max(left, 0.001))

    def _drop_expired(self, at: float) -> None:
        for holding in list(self.held.values()):
            if holding.valid_until <= at:
                log.warning("lease.expired", site=str(holding.lease.site_id), fencing=holding.lease.fencing)
                self._lose(holding.lease)

    async def _renew(self, holding: Holding) -> None:
        lease, asked_at = holding.lease, asyncio.get_running_loop().time()
        until = self._clock.now() + timedelta(seconds=self._lease_s)
        async with self._db.transaction(lease.tenant_id) as tx:
            kept = await queries.renew_lease(tx, lease.tenant_id, lease, until)
        if kept:
            holding.valid_until = self._believed_until(asked_at)
        else:
            log.warning("lease.lost", site=str(lease.site_id), fencing=lease.fencing)
            self._lose(lease)

    async def _take(self, tenant_id: UUID, site_id: UUID) -> None:
        now, asked_at = self._clock.now(), asyncio.get_running_loop().time()
        async with self._db.transaction(tenant_id) as tx:
            until = now + timedelta(seconds=self._lease_s)
            lease = await queries.take_lease(tx, tenant_id, site_id, self._holder, now, until, self._latest(now))
        if lease is None:
            return
        log.info("lease.taken", site=str(site_id), fencing=lease.fencing)
        self.held[site_id] = Holding(lease, self._believed_until(asked_at))
        self._on_taken(lease)

    async def _release(self, lease: Lease) -> None:
        self._lose(lease)
        async with self._db.transaction(lease.tenant_id) as tx:
            await queries.release_lease(tx, lease.tenant_id, lease, self._clock.now() - timedelta(seconds=1))
        log.info("lease.released", site=str(lease.site_id), fencing=lease.fencing)

    def _latest(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._lease_s * LATEST_SHARE)

    def _believed_until(self, asked_at: float) -> float:
        return asked_at + self._lease_s * (1 - SAFETY_SHARE)

    def _lose(self, lease: Lease) -> None:
        if self.held.pop(lease.site_id, None) is not None:
            self._on_lost(lease)
