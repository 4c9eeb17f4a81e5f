"""The courier's look at running roll calls: order people out, see who left by a gate, send the search.

Everything is in the rows: killed anywhere, the next look goes on. Any number of couriers look; one holds its
row while it does.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from core.outbox import Listener
from core.worker import sweep_on_news
from incidents import queries as incident_queries
from incidents.roll_call import gates, orders, queries, service
from incidents.roll_call.model import RollCall
from incidents.tasking import task_queries

log = get_logger(__name__)

# Orders queued in one transaction: a tenth of a second under the incident's lock.
ORDERS_AT_ONCE = 25
# Doors and phones are looked at this often while people walk out.
LOOK_EVERY = timedelta(seconds=10)
POLL_S = 2.0
CALLS_AT_ONCE = 20


class RollCallWatch:
    """Works until cancelled; ``sweep`` does once what is due now."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def run(self, listener: Listener) -> None:
        """Look until cancelled; news of a roll call wakes it."""
        await sweep_on_news("roll_calls", self.sweep, listener, {service.NEWS_LOOK}, poll_s=POLL_S)

    async def sweep(self) -> int:
        """Look at what is due until nothing is; returns how many looks that took."""
        looks = 0
        while due := await self._due():
            for tenant_id, call_id in due:
                await self._look(tenant_id, call_id)
            looks += len(due)
        return looks

    async def _look(self, tenant_id: UUID, call_id: UUID) -> None:
        """One roll call; a fault of ours in it is logged and tried again later, and holds up no other."""
        try:
            async with self._db.transaction(tenant_id) as tx:
                await look(tx, tenant_id, call_id)
        except Unavailable:
            raise
        except Exception:
            log.exception("roll_call.look_failed", roll_call=str(call_id))
            async with self._db.transaction(tenant_id) as tx:
                await queries.put_off(tx, tenant_id, call_id, tx.now + LOOK_EVERY)

    async def _due(self) -> list[tuple[UUID, UUID]]:
        async with self._db.transaction(None) as tx:
            return await queries.list_due_calls(tx, tx.now, CALLS_AT_ONCE)


async def look(tx: Tx, tenant_id: UUID, call_id: UUID) -> None:
    """One look; what does not fit into it is left for the next, at once."""
    incident = await service.lock_incident_of(tx, tenant_id, call_id)
    call = await service.get_locked(tx, tenant_id, call_id)
    if call.look_at is None or call.look_at > tx.now:
        return
    if call.state != "open" or incident.state == "closed":
        await queries.save_call(tx, tenant_id, msgspec.structs.replace(call, look_at=None))
        return
    if call.listing:
        call = await service.expect(tx, msgspec.structs.replace(call, listing=False))
        await service.tell_listed(tx, call)
    else:
        call = await service.expect_more(tx, call)
    ordered = await _order_out(tx, call)
    call = await gates.see_who_passed(tx, call)
    # Who calls for help waits for no time that is given to those who only have not been seen yet.
    due = call.search_due_at is not None and call.search_due_at <= tx.now
    if due or call.search_task_id is not None or call.counts.need_help:
        call = await service.search(tx, incident, call, by=None)
    again = tx.now if ordered == ORDERS_AT_ONCE else tx.now + LOOK_EVERY
    await queries.save_call(tx, tenant_id, msgspec.structs.replace(call, look_at=again))


async def _order_out(tx: Tx, call: RollCall) -> int:
    people = await queries.take_to_order(tx, call.tenant_id, call.id, ORDERS_AT_ONCE)
    if not people or call.evacuate_task_id is None:
        return 0
    incident = await incident_queries.get_incident(tx, call.tenant_id, call.incident_id)
    task = await task_queries.get_task(tx, call.tenant_id, call.evacuate_task_id)
    for person in people:
        await orders.order_out(tx, incident, task, call.place, person.person_id)
    return len(people)
