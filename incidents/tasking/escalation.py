"""Moving a task on: to whoever said yes, or to the next person to ask. What an answer means is in escalation_choice.

Locks are taken in the order incident, task, deliveries, room. Everything happens in the caller's transaction.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.logging import get_logger
from core.metrics import counter
from incidents import rooms
from incidents.incident import Task
from incidents.reaching import delivery_queries, orders
from incidents.reaching.delivery import Delivery, Ending, end
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.record import timeline
from incidents.tasking import task_queries
from incidents.tasking.escalation_choice import choose_next, given_to, left_unanswered, taken_by, waits_for
from incidents.views import task_view
from mobile_contract.room import TaskAssigned, TaskChanged
from people.actor import Actor

log = get_logger(__name__)

ESCALATIONS = counter("escalations", "Tasks moved on to another person, by why.", ("why",))
UNANSWERED = counter("tasks_unanswered", "Tasks nobody was left to be asked for.")


class Asked(msgspec.Struct):
    """A task with everyone asked for it, all rows locked."""

    task: Task
    rows: list[DeliveryRow]

    def row_of(self, account_id: UUID) -> DeliveryRow | None:
        """The person's own delivery, if they were asked."""
        return next((row for row in self.rows if row.account_id == account_id), None)


async def lock_asked(tx: Tx, tenant_id: UUID, task_id: UUID) -> Asked:
    """Lock incident, task and deliveries, in this order; raises NotFound."""
    task, _ = await task_queries.lock_with_incident(tx, tenant_id, task_id)
    return Asked(task, await delivery_queries.lock_task_deliveries(tx, tenant_id, task_id))


async def say_yes(tx: Tx, tenant_id: UUID, asked: Asked, account_id: UUID, *, first: bool) -> Task:
    """This person goes. ``first``: they had not said so before. Returns the task as it stands."""
    task = taken_by(asked.task, account_id, tx.now)
    if task is asked.task:
        if first and task.owner_account_id != account_id:
            await _note(tx, tenant_id, task, "task.joined", {"account": account_id}, by=account_id)
        return task
    await task_queries.save_task(tx, tenant_id, task)
    await _note(tx, tenant_id, task, "task.acknowledged", {"account": account_id}, by=account_id)
    await rooms.append_to_incident(tx, tenant_id, task.incident_id, TaskChanged(task_view(task)), by=account_id)
    for row in asked.rows:
        if row.account_id != account_id and row.ended is None and row.answer_at is None:
            await _end(tx, tenant_id, row, end(row.known, Ending.SUPERSEDED, tx.now))
    return task


async def move_on(tx: Tx, tenant_id: UUID, asked: Asked, row: DeliveryRow, known: Delivery, why: str) -> Task:
    """Stop waiting for this person and ask the next; ``known`` is the row's delivery as it stands now.

    Does nothing to a task that waits for somebody else: it has moved on already.
    """
    task = asked.task
    if not waits_for(task, row.account_id, declined=why == "declined"):
        await _end(tx, tenant_id, row, end(known, Ending.SUPERSEDED, tx.now))
        return task
    candidates = await task_queries.list_candidates(tx, tenant_id)
    following = choose_next(candidates, {r.account_id for r in asked.rows}, task.role)
    if following is None:
        return await _give_up(tx, tenant_id, task, row, known, why)
    task = given_to(task, following)
    await task_queries.save_task(tx, tenant_id, task)
    facts = {"from": row.account_id, "to": following, "why": why, "fencing": task.fencing}
    await _note(tx, tenant_id, task, "task.escalated", facts)
    ESCALATIONS.labels(why).inc()
    room_id = await rooms.room_id_of(tx, tenant_id, task.incident_id)
    await rooms.add_member(tx, tenant_id, room_id, following)
    rooms.append_later(tx, room_id, TaskAssigned(task_view(task)))
    await _end(tx, tenant_id, row, end(known, Ending.SUPERSEDED, tx.now))
    await orders.queue_order(tx, tenant_id, task.id, following, row.content)
    return task


async def note_decline(tx: Tx, actor: Actor, task: Task, reason: str, *, had_it: bool) -> None:
    """Write a decline and its reason into the record; ``had_it``: the task was theirs and moves on."""
    facts = {"account": actor.account_id, "reason": reason, "had_it": had_it}
    await _note(tx, actor.tenant_id, task, "task.declined", facts, by=actor.account_id)


async def _give_up(tx: Tx, tenant_id: UUID, task: Task, row: DeliveryRow, known: Delivery, why: str) -> Task:
    task = left_unanswered(task)
    await task_queries.save_task(tx, tenant_id, task)
    await _note(tx, tenant_id, task, "task.unanswered", {"last": row.account_id, "why": why})
    UNANSWERED.inc()
    log.error("task.unanswered", tenant=str(tenant_id), task=str(task.id), why=why)
    await rooms.append_to_incident(tx, tenant_id, task.incident_id, TaskChanged(task_view(task)))
    await _end(tx, tenant_id, row, end(known, Ending.EXHAUSTED, tx.now))
    return task


async def _end(tx: Tx, tenant_id: UUID, row: DeliveryRow, known: Delivery) -> None:
    await delivery_queries.save_delivery(tx, tenant_id, known, row.channel, None)
    await orders.announce(tx, tenant_id, known, row.channel)


async def _note(
    tx: Tx, tenant_id: UUID, task: Task, kind: str, facts: dict[str, Any], *, by: UUID | None = None
) -> None:
    await timeline.append(tx, tenant_id, task.incident_id, kind, {"task": task.id, **facts}, by=by)
    await audit.record(tx, by, kind, "task", task.id, facts)
