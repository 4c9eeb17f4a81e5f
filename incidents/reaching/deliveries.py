"""Deliveries as use cases: queue an order, state a fact about it, take it back, show it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx
from core.errors import NotFound
from incidents import rooms
from incidents.reaching import delivery_queries
from incidents.reaching.delivery import (
    YES,
    Ending,
    Fact,
    advance,
    believed_time,
    end,
    said_yes,
)
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.reaching.orders import NEWS_QUEUED, OrderContent, delivery_view, queue_order, save, wire_order
from incidents.tasking import escalation
from mobile_contract.live import Order

__all__ = [
    "NEWS_QUEUED",
    "OrderContent",
    "cancel_for_incident",
    "delivery_view",
    "list_open_orders",
    "load_order",
    "queue_order",
    "record_fact",
    "save",
]

# A person has a handful of orders at a time; more than this on one phone is nobody's plan.
OPEN_ORDERS_MAX = 50


async def record_fact(
    tx: Tx,
    tenant_id: UUID,
    delivery_id: UUID,
    fact: Fact | str,
    at: datetime,
    device_id: UUID | None = None,
    *,
    account_id: UUID | None = None,
) -> DeliveryRow:
    """State a fact a device reports; ``at`` is its clock, believed between queueing and now. Twice is once.

    ``account_id``: whose device it is; somebody else's delivery is then NotFound. Acknowledged and moving are a "yes"
    to the task as well. The fact stays a fact after the order went to somebody else.
    """
    fact = Fact(fact)
    row = await delivery_queries.get_delivery(tx, tenant_id, delivery_id)
    if account_id is not None and row.account_id != account_id:
        raise NotFound(
            "delivery.not_found", f"no delivery {delivery_id}", f"没有送达记录 {delivery_id}", field="delivery_id"
        )
    by = "" if device_id is None else str(device_id)
    if fact in YES:
        await _record_yes(tx, tenant_id, row, fact, at, by)
    else:
        row = await delivery_queries.lock_delivery(tx, tenant_id, delivery_id)
        known = advance(row.known, fact, believed_time(at, row.queued_at, tx.now), device_id=by)
        await save(tx, tenant_id, row, known, row.due_at)
    return await delivery_queries.get_delivery(tx, tenant_id, delivery_id)


async def _record_yes(tx: Tx, tenant_id: UUID, row: DeliveryRow, fact: Fact, at: datetime, by: str) -> None:
    asked = await escalation.lock_asked(tx, tenant_id, row.task_id)
    row = next(r for r in asked.rows if r.id == row.id)
    at = believed_time(at, row.queued_at, tx.now)
    known = advance(row.known, fact, at, device_id=by)
    if said_yes(known):
        await escalation.say_yes(tx, tenant_id, asked, row, known)
    else:
        await save(tx, tenant_id, row, known, None)


async def cancel_for_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> int:
    """The incident is closed: stop asking everyone who has not answered; returns how many. The caller locked it."""
    await escalation.cancel_for_incident(tx, tenant_id, incident_id)
    waiting = await delivery_queries.lock_unanswered_of_incident(tx, tenant_id, incident_id)
    for row in waiting:
        await save(tx, tenant_id, row, end(row.known, Ending.CANCELLED, tx.now), None)
    return len(waiting)


async def load_order(tx: Tx, tenant_id: UUID, delivery_id: UUID) -> tuple[UUID, Order]:
    """(account, order) for an open socket, on the news of ``delivery.queued``; raises NotFound."""
    row = await delivery_queries.get_delivery(tx, tenant_id, delivery_id)
    room_id = await rooms.room_id_of(tx, tenant_id, row.incident_id)
    return row.account_id, wire_order(row, room_id, tx.now)


async def list_open_orders(tx: Tx, tenant_id: UUID, account_id: UUID) -> list[Order]:
    """Orders a person should see when their phone connects: unanswered, taken and not done, or taken by nobody."""
    rows = await delivery_queries.list_current_of_account(tx, tenant_id, account_id, limit=OPEN_ORDERS_MAX)
    found = []
    for row in rows:
        room_id = await rooms.room_id_of(tx, tenant_id, row.incident_id)
        found.append(wire_order(row, room_id, tx.now))
    return found
