"""Who looks at people's ways: at every change of hazards, doors, tasks and places, and every few seconds.

A look at a site reads everything in one transaction, computes in a thread with none open, and writes incident by
incident. Any number of guides look; a lease on the site keeps two from working for nothing, and the locks on the
incident and the ways make what both would write one thing. Killed anywhere, another looks when the lease is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from core import outbox
from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter
from core.outbox import Listener
from core.worker import sweep_on_news
from incidents import queries as incident_queries
from incidents import rooms
from incidents.reaching import orders
from incidents.record import timeline
from incidents.wayfinding import errand_queries, route_queries, routes_service
from incidents.wayfinding.deciding import Decided, decide
from incidents.wayfinding.loading import Look, load, scene_of
from incidents.wayfinding.model import NEWS_TOLD, EndedWhy, Errand, RouteRow
from mobile_contract.room_events import RouteChanged
from people.presence.badge_log import CHANGED as PRESENCE_CHANGED
from plant.places.site_maps import Mapped, SiteMaps

log = get_logger(__name__)

# A look takes milliseconds; a guide that died is followed after this.
LEASE = timedelta(seconds=10)
# Hazards grow by the clock, too: between two looks nobody walks further than 3 m.
POLL_S = 2.0
# Positions of a hundred phones come every few hundredths of a second: they are looked at together.
BREATH_S = 0.2
SITES_AT_ONCE = 20
NEWS = {
    orders.NEWS_QUEUED,
    "hazard.changed",
    "passage.changed",
    "equipment.changed",
    "plant.changed",
    PRESENCE_CHANGED,
}

ROUTES = counter("routes_told", "Ways told to people, by state and cause.", ("state", "cause"))


class Guide:
    """Works until cancelled; ``sweep`` does once what is due now."""

    def __init__(self, db: Database, maps: SiteMaps) -> None:
        self._db, self._maps = db, maps

    async def run(self, listener: Listener) -> None:
        """Look until cancelled; what changes ways wakes it."""

        async def sweep() -> None:
            await self.sweep()
            await asyncio.sleep(BREATH_S)

        await sweep_on_news("guide", sweep, listener, NEWS, poll_s=POLL_S)

    async def sweep(self) -> int:
        """Look at every site where somebody may need a way; returns how many ways were told."""
        async with self._db.transaction(None) as tx:
            sites = await route_queries.list_sites_to_guide(tx, tx.now, SITES_AT_ONCE)
        return sum([await self._attend(tenant_id, site_id) for tenant_id, site_id in sites])

    async def _attend(self, tenant_id: UUID, site_id: UUID) -> int:
        """One site; a fault of ours in it is logged, and holds up no other."""
        async with self._db.transaction(tenant_id) as tx:
            if not await route_queries.claim_site(tx, tenant_id, site_id, tx.now + LEASE):
                return 0
        try:
            return await self._look(tenant_id, site_id)
        except Unavailable:
            raise
        except Exception:
            log.exception("guide.look_failed", site=str(site_id))
            return 0
        finally:
            async with self._db.transaction(tenant_id) as tx:
                await route_queries.release_site(tx, tenant_id, site_id)

    async def _look(self, tenant_id: UUID, site_id: UUID) -> int:
        async with self._db.transaction(tenant_id) as tx:
            errands = await errand_queries.list_errands(tx, tenant_id, site_id)
            routes = [it for it in await route_queries.list_live(tx, tenant_id, site_id) if it.purpose != "evacuate"]
        told = 0
        wanted = {(it.task_id, it.account_id) for it in errands}
        over = [it for it in routes if (it.task_id, it.account_id) not in wanted]
        for incident_id in sorted({it.incident_id for it in over}):
            told += await self._end(tenant_id, incident_id, [it.id for it in over if it.incident_id == incident_id])
        if not errands:
            return told
        mapped = await self._maps.find(tenant_id, site_id, wait_s=None)
        if mapped is None:
            return told
        # Drills see the hazards of drills alone, and no drill is seen by what is real.
        for exercise in sorted({it.exercise for it in errands}):
            mine = [it for it in errands if it.exercise is exercise]
            async with self._db.transaction(tenant_id) as tx:
                look = await load(tx, tenant_id, site_id, mine, exercise=exercise)
            decided = await asyncio.to_thread(_decide, look, mapped, mine)
            for incident_id in sorted({it.incident_id for it in [*decided.told, *decided.moved]}):
                told += await self._tell(tenant_id, site_id, incident_id, decided)
        return told

    async def _tell(self, tenant_id: UUID, site_id: UUID, incident_id: UUID, decided: Decided) -> int:
        """Write the ways of one incident, unless something has overtaken them; the next look sees that."""
        async with self._db.transaction(tenant_id) as tx:
            incident = await incident_queries.lock_incident(tx, tenant_id, incident_id)
            if incident.state == "closed":
                return 0
            errands = await errand_queries.list_errands(tx, tenant_id, site_id, incident_id)
            wanted = {(it.task_id, it.account_id) for it in errands}
            told_to = [it for it in decided.told if it.incident_id == incident_id]
            moved = [it for it in decided.moved if it.incident_id == incident_id]
            ids = [it.id for it in [*told_to, *moved]]
            known = {it.id: it for it in await route_queries.lock_routes(tx, tenant_id, ids)}
            for row in moved:
                await self._move(tx, known.get(row.id), row)
            told = 0
            for row in told_to:
                if (row.task_id, row.account_id) in wanted and await self._save(tx, known.get(row.id), row):
                    told += 1
            return told

    async def _save(self, tx: Tx, before: RouteRow | None, row: RouteRow) -> bool:
        if before is None:
            if not await route_queries.insert_route(tx, row):
                return False
        elif before.revision != row.revision - 1 or _newer(before, row) or before.ended_at is not None:
            # The person has walked on meanwhile, or another guide was quicker.
            return False
        else:
            await route_queries.save_route(tx, row)
        await announce(tx, row)
        ROUTES.labels(row.state, row.view.cause).inc()
        return True

    async def _move(self, tx: Tx, before: RouteRow | None, row: RouteRow) -> None:
        if before is None or before.revision != row.revision or _newer(before, row) or before.ended_at is not None:
            return
        await route_queries.save_route(tx, row)
        await routes_service.tell_progress(tx, before, row)

    async def _end(self, tenant_id: UUID, incident_id: UUID, ids: Collection[UUID]) -> int:
        async with self._db.transaction(tenant_id) as tx:
            await incident_queries.lock_incident(tx, tenant_id, incident_id)
            rows = [it for it in await route_queries.lock_routes(tx, tenant_id, ids) if it.ended_at is None]
            for row in rows:
                assert row.task_id is not None
                why = await errand_queries.why_over(tx, tenant_id, row.task_id, row.account_id)
                await announce(tx, await end(tx, row, why))
            return len(rows)


async def end(tx: Tx, row: RouteRow, why: EndedWhy) -> RouteRow:
    """A locked way is over; what was told of it stays but the steps."""
    view = msgspec.structs.replace(row.view, steps=[], near=[], least_harm=None, ended_at=tx.now)
    over = msgspec.structs.replace(row, view=view, way=None, progress=None, ended_at=tx.now, ended_why=why)
    await route_queries.save_route(tx, over)
    return over


async def announce(tx: Tx, row: RouteRow) -> None:
    """Tell the room (of a task's way), the record and the person's own phones."""
    if row.purpose != "evacuate":
        await rooms.append_to_incident(tx, row.tenant_id, row.incident_id, RouteChanged(row.view))
    if row.ended_at is None:
        facts = {
            "route": row.id,
            "account": row.account_id,
            "task": row.task_id,
            "revision": row.revision,
            "state": row.state,
            "cause": row.view.cause,
            "target": row.view.target,
            "distance_m": row.view.distance_m,
            "walk_s": row.view.walk_s,
        }
        await timeline.append(tx, row.tenant_id, row.incident_id, "route.told", facts)
    await outbox.wake(tx, NEWS_TOLD, f"{row.account_id}:{row.id}")


def _newer(known: RouteRow, row: RouteRow) -> bool:
    """Whether a position is known by now that the row knows nothing of."""
    return known.fix is not None and (row.fix is None or row.fix.at < known.fix.at)


def _decide(look: Look, mapped: Mapped, errands: Sequence[Errand]) -> Decided:
    return decide(scene_of(look, mapped), errands)
