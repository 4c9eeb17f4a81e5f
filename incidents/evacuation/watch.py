"""Who plans evacuations: when a roll call begins, when hazards, doors or points change, and every half minute.

A look reads everything in one transaction that also takes a lease on the roll call's plan, computes in a thread with
none open, and writes in one: incident, task, roll call, plan, ways, then the room. Any number of watches look; the
lease keeps two from working for nothing, and whoever lost it writes nothing. Killed anywhere, another plans when it is
over.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

from core.database import Database
from core.errors import Unavailable
from core.ids import new_id
from core.logging import get_logger
from core.metrics import counter
from core.outbox import RESYNC, Listener, News
from core.worker import sweep_on_news
from incidents.evacuation import queries as evacuation_queries
from incidents.evacuation import service as evacuation_service
from incidents.evacuation.certifying import certify_apart
from incidents.evacuation.ground import Ground
from incidents.evacuation.look import Planned, certificate_view, look_at
from incidents.roll_call.points import NEWS_POINTS
from incidents.roll_call.service import NEWS_LOOK
from people.presence.badge_log import CHANGED as PRESENCE_CHANGED
from plant.model import Zone
from plant.places.site_maps import Mapped, SiteMaps

log = get_logger(__name__)

# A look takes a second, and some tens where 2,000 people are told their ways; one of a watch that died is made by
# another after this.
LEASE = timedelta(seconds=60)
# People walk 40 m in that time: their predicted places and those of the plan drift no further apart.
EVERY = timedelta(seconds=30)
# Badges and phones speak all the time while people walk out; not each of them is worth a plan.
PLACES_EVERY = timedelta(seconds=5)
POLL_S = 2.0
CALLS_AT_ONCE = 20
GROUNDS_MAX = 16
# Certificates at once in a process; a plan whose turn does not come before it is replaced has none.
CERTIFICATES_MAX = 1
SITE_NEWS = {"hazard.changed", "passage.changed", NEWS_POINTS}
NEWS = {NEWS_LOOK, PRESENCE_CHANGED, *SITE_NEWS}

PLANS = counter("evacuation_plans_made", "Evacuation plans, by whether anybody was cut off.", ("cut_off",))


class EvacuationWatch:
    """Works until cancelled; ``sweep`` does once what is due now."""

    def __init__(self, db: Database, maps: SiteMaps, *, certify: bool = True) -> None:
        self._db, self._maps, self._certify = db, maps, certify
        self._grounds: dict[tuple[UUID, UUID], tuple[object, Ground]] = {}
        self._proving: set[asyncio.Task[None]] = set()

    async def run(self, listener: Listener) -> None:
        """Look until cancelled; what changes ways out wakes it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(listener))
                await sweep_on_news("evacuations", self.sweep, listener, NEWS, poll_s=POLL_S)
        finally:
            for task in list(self._proving):
                task.cancel()

    async def proven(self) -> None:
        """Wait until every certificate that is being made is written."""
        await asyncio.gather(*self._proving)

    async def sweep(self) -> int:
        """Look at what is due; returns how many plans were made or ended."""
        async with self._db.transaction(None) as tx:
            due = await evacuation_queries.list_due(tx, tx.now, CALLS_AT_ONCE)
        return sum([await self._attend(*it) for it in due])

    async def hear(self, news: News) -> None:
        """Make the plans due that something concerns."""
        if news.kind == RESYNC or news.tenant is None:
            return
        async with self._db.transaction(news.tenant) as tx:
            key = UUID(news.key)
            if news.kind == NEWS_LOOK:
                await evacuation_queries.wake_call(tx, news.tenant, key)
            elif news.kind in SITE_NEWS:
                await evacuation_queries.wake_site(tx, news.tenant, key)
            else:
                await evacuation_queries.wake_places(tx, news.tenant, key, tx.now - PLACES_EVERY)

    async def _hear(self, listener: Listener) -> None:
        async with listener.subscribe(NEWS) as news:
            async for item in news:
                # What is not heard now is seen within half a minute.
                with contextlib.suppress(Unavailable, ValueError):
                    await self.hear(item)

    async def _attend(self, tenant_id: UUID, call_id: UUID, site_id: UUID) -> int:
        """One roll call; a fault of ours in it is logged, and holds up no other."""
        lease = new_id()
        try:
            return await self._look(tenant_id, call_id, site_id, lease)
        except Unavailable:
            raise
        except Exception:
            log.exception("evacuation.look_failed", roll_call=str(call_id))
            async with self._db.transaction(tenant_id) as tx:
                await evacuation_queries.release(tx, tenant_id, call_id, lease, tx.now + EVERY)
            return 0

    async def _look(self, tenant_id: UUID, call_id: UUID, site_id: UUID, lease: UUID) -> int:
        async with self._db.transaction(tenant_id) as tx:
            if await evacuation_service.end_if_over(tx, tenant_id, call_id):
                return 1
        mapped = await self._maps.find(tenant_id, site_id, wait_s=None)
        if mapped is None:
            return 0
        async with self._db.transaction(tenant_id) as tx:
            row = await evacuation_queries.claim(tx, tenant_id, call_id, site_id, lease, tx.now + LEASE)
            if row is None:
                return 0
            look, zones = await evacuation_service.load(tx, row)
        ground = await self._ground(mapped, site_id, zones)
        planned = await asyncio.to_thread(look_at, ground, look)
        try:
            async with self._db.transaction(tenant_id) as tx:
                saved = await evacuation_service.save(tx, look, planned, lease, mapped.plan.id, EVERY)
        except evacuation_service.LeaseLostError:
            saved = None
        if saved is None:
            return 0
        PLANS.labels(str(bool(planned.made.cut_off)).lower()).inc()
        self._prove(tenant_id, call_id, saved, planned)
        return 1

    async def _ground(self, mapped: Mapped, site_id: UUID, zones: list[Zone]) -> Ground:
        """Made anew when the plan in force or a zone is another."""
        key, made_of = (mapped.plan.tenant_id, site_id), (mapped.plan.id, [(it.id, it.version) for it in zones])
        known = self._grounds.pop(key, None)
        if known is None or known[0] != made_of:
            known = (made_of, await asyncio.to_thread(Ground, mapped.plan.id, mapped.map, zones))
        self._grounds[key] = known
        while len(self._grounds) > GROUNDS_MAX:
            self._grounds.pop(next(iter(self._grounds)))
        return known[1]

    def _prove(self, tenant_id: UUID, call_id: UUID, revision: int, planned: Planned) -> None:
        if self._certify and planned.made.plan is not None and len(self._proving) < CERTIFICATES_MAX:
            task = asyncio.create_task(self._prove_apart(tenant_id, call_id, revision, planned))
            self._proving.add(task)
            task.add_done_callback(self._proving.discard)

    async def _prove_apart(self, tenant_id: UUID, call_id: UUID, revision: int, planned: Planned) -> None:
        situation, made = planned.made.situation, planned.made.plan
        assert situation is not None
        assert made is not None
        try:
            certificate = await certify_apart(situation, made)
            async with self._db.transaction(tenant_id) as tx:
                await evacuation_service.certify(tx, tenant_id, call_id, revision, certificate_view(certificate))
        except Exception:
            # The plan holds without it.
            log.exception("evacuation.certificate_failed", roll_call=str(call_id))
