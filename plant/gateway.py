"""The gateway role: leases sites and serves each of them in a task of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from uuid import UUID

from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.ids import new_id
from core.logging import get_logger
from core.metrics import gauge
from core.outbox import Listener
from plant.errors import LeaseLost
from plant.leases import LeaseKeeper
from plant.model import Lease
from plant.mqtt_link import BrokerAddress
from plant.ports import SinkFactory
from plant.site_gateway import SiteGateway
from plant.upkeep import keep_rolled_up, keep_tables

log = get_logger(__name__)

# A site whose task failed starts again after this: soon, since it is deaf meanwhile; not at once, since faults repeat.
RESTART_S = 1.0
# A stopping gateway waits this long for the goodbye to the database; leases expire anyway.
STOP_S = 2.0

_sites = gauge("gateway_sites", "Sites this gateway holds.")


class Gateway:
    """``run`` serves this gateway's share of all sites until cancelled.

    ``sinks`` opens the rules of a site; ``holder`` names this gateway in the leases.
    """

    def __init__(
        self,
        db: Database,
        listener: Listener,
        clock: Clock,
        broker: BrokerAddress,
        sinks: SinkFactory,
        *,
        lease_s: float,
        keep_days: int,
        holder: str | None = None,
    ) -> None:
        self._db = db
        self._listener = listener
        self._clock = clock
        self._broker = broker
        self._sinks = sinks
        self._keep_days = keep_days
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self.holder = holder or f"{socket.gethostname()}-{os.getpid()}-{new_id().hex[-6:]}"
        self.leases = LeaseKeeper(db, clock, self.holder, lease_s, self._taken, self._lost)
        self.serving: dict[UUID, SiteGateway] = {}

    async def run(self) -> None:
        """Serve until cancelled, then give the sites back."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(keep_tables(self._db, self._clock, self._keep_days))
                group.create_task(self.leases.run())
        finally:
            await self._say_goodbye()

    async def check(self) -> None:
        """For readiness: raise Unavailable naming what is not served."""
        for site_id in self.leases.held:
            site = self.serving.get(site_id)
            if site is None or not site.connected.is_set():
                raise Unavailable("gateway.site_not_served", f"site {site_id} is leased but not connected")

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                await self.leases.stop()
        except (Unavailable, TimeoutError) as problem:
            log.warning("gateway.goodbye_failed", error=str(problem))

    def _taken(self, lease: Lease) -> None:
        assert self._group is not None
        self._tasks[lease.site_id] = self._group.create_task(self._serve(lease))
        _sites.set(len(self._tasks))

    def _lost(self, lease: Lease) -> None:
        task = self._tasks.pop(lease.site_id, None)
        if task is not None:
            task.cancel()
        _sites.set(len(self._tasks))

    async def _serve(self, lease: Lease) -> None:
        """Serve one site while the lease lasts; a fault in it is logged and starts it again, others go on."""
        lost = False
        while not lost:
            site: SiteGateway | None = None
            try:
                async with self._sinks(lease) as sink, asyncio.TaskGroup() as tasks:
                    site = SiteGateway(self._db, self._listener, self._clock, self._broker, lease, sink)
                    self.serving[lease.site_id] = site
                    tasks.create_task(keep_rolled_up(self._db, self._clock, lease.tenant_id, lease.site_id))
                    tasks.create_task(site.run())
            except* LeaseLost as problems:
                # Another gateway has the site; the keeper finds out with its next renewal, and may take it again then.
                log.warning("gateway.lease_lost", site=str(lease.site_id), error=str(problems.exceptions[0]))
                lost = True
            except* Exception:
                log.exception("gateway.site_failed", site=str(lease.site_id))
            finally:
                # The site may have been taken again while this was ending.
                if self.serving.get(lease.site_id) is site:
                    self.serving.pop(lease.site_id, None)
            if not lost:
                await asyncio.sleep(RESTART_S)
