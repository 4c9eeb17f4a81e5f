"""An order to a person: what it says, how it is queued, how it looks on the wire and in the room."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from core import outbox
from core.database import Tx
from core.ids import new_id
from incidents import rooms
from incidents.incident import Task
from incidents.reaching import delivery_queries
from incidents.reaching.delivery import Delivery, state
from incidents.reaching.delivery_queries import DeliveryRow, Terms
from incidents.tasking import task_queries
from mobile_contract.agent_cards import CardBrief
from mobile_contract.live import Order
from mobile_contract.room_events import DeliveryChanged
from mobile_contract.room_views import DeliveryView, Step
from mobile_contract.text import Text

NEWS_QUEUED = "delivery.queued"
"""Key ``<delivery>``: an order waits to be sent; wakes the couriers and the edges with an open socket."""


class OrderContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the person is told; grade 4 (IV, blue) to 1 (I, red). Without a deadline of its own it has the task's.

    ``do_nots`` are shown first; ``card``: what to know of the agent.
    """

    grade: int
    title: Text
    place: Text
    agent: str | None
    steps: list[Step]
    deadline_at: datetime | None = None
    exercise: bool = False
    do_nots: list[Text] = []
    card: CardBrief | None = None


def dedupe_key(task_id: UUID, account_id: UUID, before: int = 0) -> str:
    """The same for every repetition of one order to one person; 32 characters, an APNs collapse id allows 64.

    ``before``: how often they were asked for this task before: being asked again is a new order, and rings again.
    """
    return uuid5(task_id, account_id.hex if before == 0 else f"{account_id.hex}:{before}").hex


async def queue_order(
    tx: Tx,
    tenant_id: UUID,
    task_id: UUID,
    account_id: UUID,
    order: OrderContent | dict[str, Any],
    *,
    terms: Terms | None = None,
    before: int = 0,
    task: Task | None = None,
) -> DeliveryRow:
    """Queue an order for a person and wake who sends it; asking the same person for the same task twice is once.

    The incident's room must be open. ``task``: as the caller has it locked. Raises NotFound for an unknown task.
    """
    content = msgspec.convert(order, OrderContent) if isinstance(order, dict) else order
    task = task or await task_queries.get_task(tx, tenant_id, task_id)
    if content.deadline_at is None:
        content = msgspec.structs.replace(content, deadline_at=task.deadline_at)
    queued = Delivery(
        id=new_id(),
        task_id=task_id,
        incident_id=task.incident_id,
        account_id=account_id,
        task_fencing=task.fencing,
        queued_at=tx.now,
    )
    key = dedupe_key(task_id, account_id, before)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(content))
    row = await delivery_queries.insert_delivery(tx, tenant_id, queued, plain, key, terms or Terms())
    if row is None:
        return await delivery_queries.get_by_dedupe_key(tx, tenant_id, key)
    await outbox.wake(tx, NEWS_QUEUED, row.id)
    await announce(tx, tenant_id, queued, "socket")
    return row


async def save(
    tx: Tx, tenant_id: UUID, row: DeliveryRow, known: Delivery, due_at: datetime | None, *, channel: str | None = None
) -> None:
    """Write a locked delivery as it stands now; the room is told when what it shows has changed."""
    channel = channel or row.channel
    if (known, due_at, channel) == (row.known, row.due_at, row.channel):
        return
    await delivery_queries.save_delivery(tx, tenant_id, known, channel, due_at)
    if delivery_view(known, channel) != delivery_view(row.known, row.channel):
        await announce(tx, tenant_id, known, channel)


async def announce(tx: Tx, tenant_id: UUID, delivery: Delivery, channel: str) -> None:
    """Tell the incident's room how the delivery stands; locks the room's row, so it comes last."""
    view = delivery_view(delivery, channel)
    await rooms.append_to_incident(tx, tenant_id, delivery.incident_id, DeliveryChanged(view))


def delivery_view(delivery: Delivery, channel: str) -> DeliveryView:
    """The delivery as rooms and the API show it."""
    facts = ("accepted", "received", "seen", "acknowledged", "moving", "declined")
    stated = {fact: getattr(delivery, fact) for fact in facts}
    return DeliveryView(
        id=delivery.id,
        task=delivery.task_id,
        account=delivery.account_id,
        channel=channel,
        state=state(delivery),
        queued_at=delivery.queued_at,
        ended_at=delivery.ended_at,
        **{f"{fact}_at": None if known is None else known.at for fact, known in stated.items()},
    )


def wire_order(row: DeliveryRow, room_id: UUID, sent_at: datetime) -> Order:
    """The order as an open socket carries it; ``key`` is equal on every channel and repetition."""
    content = msgspec.convert(row.content, OrderContent)
    return Order(
        delivery=row.id,
        key=row.dedupe_key,
        task=row.task_id,
        incident=row.incident_id,
        room=room_id,
        grade=content.grade,
        title=content.title,
        place=content.place,
        agent=content.agent,
        steps=content.steps,
        deadline_at=content.deadline_at or row.queued_at,
        sent_at=sent_at,
        exercise=content.exercise,
        do_nots=content.do_nots,
        card=content.card,
    )
