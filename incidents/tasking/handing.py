"""A task on its way from one person to another: it is the giver's until the other has acknowledged it.

Called from escalation with the task and everyone asked for it locked.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from core import audit
from core.database import Tx
from incidents import rooms
from incidents.incident import Task
from incidents.reaching import delivery_queries, orders
from incidents.reaching.delivery import Ending, decline, end, said_yes
from incidents.record import timeline
from incidents.tasking import task_queries
from incidents.tasking.asked import Asked
from incidents.tasking.escalation_choice import taken_by
from incidents.views import task_view
from mobile_contract.room_events import TaskAssigned, TaskChanged


async def take_over(tx: Tx, asked: Asked, account_id: UUID) -> None:
    """Whom it was offered to said yes: it is theirs, and who had it has not any more."""
    giver = asked.task.owner_account_id
    asked.task = replace(taken_by(asked.task, account_id, tx.now), offered_to=None, offered_by=None)
    await _save(tx, asked.task)
    await rooms.append_to_incident(
        tx, asked.task.tenant_id, asked.task.incident_id, TaskAssigned(task_view(asked.task)), by=account_id
    )
    facts: dict[str, object] = {"from": giver, "to": account_id, "fencing": asked.task.fencing}
    await _note(tx, asked.task, "task.handed_over", facts, by=account_id)
    if giver is not None and giver != account_id:
        await let_go(tx, asked, giver, "handed_over")


async def keep(tx: Tx, asked: Asked, why: str, *, by: UUID | None = None) -> None:
    """Whom it was offered to does not take it: it stays whose it was."""
    facts: dict[str, object] = {"not_to": asked.task.offered_to, "owner": asked.task.owner_account_id, "why": why}
    asked.task = replace(asked.task, offered_to=None, offered_by=None)
    await _save(tx, asked.task)
    await rooms.append_to_incident(
        tx, asked.task.tenant_id, asked.task.incident_id, TaskChanged(task_view(asked.task)), by=by
    )
    await _note(tx, asked.task, "task.kept", facts, by=by)


async def let_go(tx: Tx, asked: Asked, account_id: UUID, why: str) -> None:
    """This person is neither asked nor counted on any more. Their yes was true when they said it and stays on record;
    that they do not go now is an answer of its own."""
    for row in asked.rows:
        known = asked.known[row.id]
        if row.account_id != account_id or (known.answer is None and known.ended is not None):
            continue
        after = end(decline(known, tx.now) if said_yes(known) else known, Ending.SUPERSEDED, tx.now)
        await orders.save(tx, asked.task.tenant_id, row, after, None)
        await delivery_queries.note_ending(tx, asked.task.tenant_id, row.id, why)
        asked.learn(row, after, why)


async def withdraw(tx: Tx, asked: Asked, account_id: UUID) -> None:
    """The offer is taken back: this person is not asked any more. A yes from before it is theirs, and stands."""
    for row in asked.rows:
        known = asked.known[row.id]
        if row.account_id == account_id and known.answer is None and known.ended is None:
            after = end(known, Ending.SUPERSEDED, tx.now)
            await orders.save(tx, asked.task.tenant_id, row, after, None)
            await delivery_queries.note_ending(tx, asked.task.tenant_id, row.id, "withdrawn")
            asked.learn(row, after, "withdrawn")


async def _save(tx: Tx, task: Task) -> None:
    await task_queries.save_task(tx, task.tenant_id, task)
    await task_queries.save_held(tx, task.tenant_id, task)


async def _note(tx: Tx, task: Task, kind: str, facts: dict[str, object], *, by: UUID | None) -> None:
    await timeline.append(tx, task.tenant_id, task.incident_id, kind, {"task": task.id, **facts}, by=by)
    await audit.record(tx, by, kind, "task", task.id, facts)
