"""Use cases of people on tasks besides answering them: hand over, block, split, reopen, cancel.

The incident is locked first in each, then escalation, task and deliveries: see ``asked``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core import audit
from core.database import Tx
from core.errors import NotFound
from core.ids import new_id
from incidents import queries, rooms, views
from incidents.incident import Incident, Task
from incidents.joining import queries as joining_queries
from incidents.leading.commander import find_commander
from incidents.plans import giving, plan_queries
from incidents.plans.steps import progress_of
from incidents.reaching.orders import OrderContent
from incidents.record import timeline
from incidents.service import check_reason, require_open
from incidents.tasking import escalation, escalation_moves, escalation_queries, handing, roster_queries, task_queries
from incidents.tasking.asked import Asked, lock_asked
from incidents.tasking.escalation_moves import Pick
from incidents.tasking.handling import again, blocked, cancelled, check_ended, check_open, divided, unblocked
from incidents.tasking.policy import Target
from incidents.tasking.quorum import suits
from mobile_contract.room_events import TaskAssigned, TaskChanged, TaskStepsChanged
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission


async def hand_over(tx: Tx, actor: Actor, task_id: UUID, to: UUID, reason: str) -> Task:
    """Offer a task to a named person: its owner, the commander or a safety officer. It stays whose it is until that
    person acknowledges it; offered to its own owner it is kept. Twice is one fact.

    Raises NotFound for somebody who is not asked for tasks, Forbidden, Conflict for a task that is over.
    """
    check_reason(reason)
    asked, _ = await _take(tx, actor, task_id)
    check_open(asked.task)
    before = asked.task.offered_to
    if before == to:
        return asked.task
    if before is not None:
        await handing.withdraw(tx, asked, before)
        await handing.keep(tx, asked, "withdrawn", by=actor.account_id)
        # They may have been the one who was still waited for.
        await escalation.advance(tx, actor.tenant_id, asked, "withdrawn", about=before)
    if asked.task.owner_account_id == to:
        return asked.task
    await _ask(tx, actor, asked, to, reason)
    return asked.task


async def _ask(tx: Tx, actor: Actor, asked: Asked, to: UUID, reason: str) -> None:
    roster = await roster_queries.load_roster(tx, actor.tenant_id, asked.task)
    candidate = next((c for c in roster if c.account_id == to), None)
    if candidate is None:
        raise NotFound("account.not_found", f"no person {to}", f"没有人员 {to}", field="to", value=to)
    task, row = asked.task, asked.escalation
    if not any(p.account_id == to and p.waiting for p in asked.people(tx.now)):
        suited = any(suits(escalation_moves.ready(candidate), need) for need in row.needs)
        pick = Pick(candidate, Target("person", str(to)), suited)
        await escalation.ask(
            tx, actor.tenant_id, asked, pick, "handed_over", about=task.owner_account_id, by=actor.account_id
        )
    if asked.task.owner_account_id != to:
        asked.task = replace(asked.task, offered_to=to, offered_by=actor.account_id)
        await task_queries.save_held(tx, actor.tenant_id, asked.task)
    await escalation.write(tx, actor.tenant_id, asked, task, row)
    await _note(tx, actor, asked.task, "task.offered", {"to": to, "from": task.owner_account_id, "reason": reason})


async def block(tx: Tx, actor: Actor, task_id: UUID, reason: str) -> Task:
    """Say that a task can not go on and why: nobody new is asked for it meanwhile, and its deadline stays.

    For its owner, the commander and safety officers. Raises Forbidden, Conflict for a task that is over.
    """
    check_reason(reason)
    asked, _ = await _take(tx, actor, task_id)
    check_open(asked.task)
    task = blocked(asked.task, actor.account_id, reason, tx.now)
    if task == asked.task:
        return task
    await task_queries.save_held(tx, actor.tenant_id, task)
    # Nothing is due while it is blocked.
    await escalation_queries.save_escalation(tx, replace(asked.escalation, due_at=None))
    await _tell(tx, actor, task, "task.blocked", {"reason": reason})
    return task


async def unblock(tx: Tx, actor: Actor, task_id: UUID) -> Task:
    """It can go on: if it still needs people they are asked at once. Twice is one fact."""
    asked, _ = await _take(tx, actor, task_id)
    if asked.task.blocked_at is None:
        return asked.task
    since = asked.task.blocked_at
    asked.task, asked.over = unblocked(asked.task), False
    await task_queries.save_held(tx, actor.tenant_id, asked.task)
    await _tell(tx, actor, asked.task, "task.unblocked", {"blocked_at": since})
    return await escalation.advance(tx, actor.tenant_id, asked, "unblocked")


async def cancel(tx: Tx, actor: Actor, task_id: UUID, reason: str) -> Task:
    """Nobody need do it any more: who was asked is let go, what waited for it is given. Twice is one fact."""
    actor.require(Permission.MANAGE_INCIDENT)
    check_reason(reason)
    asked, incident = await _take(tx, actor, task_id)
    if asked.task.state == "cancelled":
        return asked.task
    check_open(asked.task)
    await escalation.finish(tx, actor.tenant_id, task_id, "cancelled")
    task = cancelled(asked.task)
    await task_queries.save_held(tx, actor.tenant_id, task)
    await _tell(tx, actor, task, "task.cancelled", {"reason": reason})
    await giving.give_ready(tx, actor.tenant_id, incident)
    return task


async def reopen(tx: Tx, actor: Actor, task_id: UUID, reason: str) -> Task:
    """Have a task that was done or cancelled done again: it is given like a new one, with as much time as it had.

    What was done stays on record, so it is a task of its own that names the first. While that is not over, reopening
    again answers it.
    """
    check_reason(reason)
    asked, incident = await _take(tx, actor, task_id)
    check_ended(asked.task)
    known = await task_queries.find_again(tx, actor.tenant_id, task_id, asked.task.done_at or asked.task.created_at)
    if known is not None:
        return known
    made = await _give(tx, incident, again(asked.task, new_id(), tx.now), asked)
    await plan_queries.insert_steps(tx, actor.tenant_id, incident.id, made.id, progress_of(made.steps, tx.now))
    await _tell_given(tx, actor, made, "task.reopened", {"again": task_id, "reason": reason})
    return made


async def split(tx: Tx, actor: Actor, task_id: UUID, title: Text, steps: Sequence[int]) -> Task:
    """Make these steps of a task a task of its own, given like a new one; answers that. Both keep their plan.

    What waits for the first waits for both. For its owner, the commander and safety officers.
    """
    asked, incident = await _take(tx, actor, task_id)
    check_open(asked.task)
    progress = await plan_queries.list_steps(tx, actor.tenant_id, task_id)
    confirmed = {step.n for step in progress if step.confirmed_at is not None}
    kept, part = divided(asked.task, new_id(), title, steps, confirmed, tx.now)
    await task_queries.save_held(tx, actor.tenant_id, kept)
    await task_queries.save_ordered_steps(tx, actor.tenant_id, kept)
    await _tell(tx, actor, kept, "task.split", {"into": part.id, "steps": sorted(steps)})
    made = await _give(tx, incident, part, asked)
    await task_queries.move_steps(tx, actor.tenant_id, task_id, made.id, steps)
    for row in await plan_queries.list_waiting(tx, actor.tenant_id, incident.id):
        if task_id in row.after:
            await joining_queries.set_after(tx, actor.tenant_id, row.id, [*row.after, made.id])
    if progress:
        left = await plan_queries.list_steps(tx, actor.tenant_id, task_id)
        await rooms.append_to_incident(tx, actor.tenant_id, incident.id, TaskStepsChanged(task_id, left))
    await _tell_given(tx, actor, made, "task.assigned", {"split_from": task_id})
    return made


async def _take(tx: Tx, actor: Actor, task_id: UUID) -> tuple[Asked, Incident]:
    """Authorise and lock: for who has the task, leads its incident, or runs incidents."""
    actor.require(Permission.ANSWER_TASK)
    asked = await lock_asked(tx, actor.tenant_id, task_id)
    incident = await queries.get_incident(tx, actor.tenant_id, asked.task.incident_id)
    require_open(incident)
    commander = await find_commander(tx, actor.tenant_id, incident.id)
    leads = commander is not None and commander.account_id == actor.account_id
    if asked.task.owner_account_id != actor.account_id and not leads:
        actor.require(Permission.MANAGE_INCIDENT)
    return asked, incident


async def _give(tx: Tx, incident: Incident, task: Task, asked: Asked) -> Task:
    """Look for the task's people, with what the order of the first one said beside its steps."""
    said: dict[str, Any] = asked.escalation.content
    plain = OrderContent(
        grade=incident.grade, title=task.title, place=incident.place, agent=incident.agent, steps=task.steps
    )
    content = msgspec.convert(said, OrderContent) if said else plain
    content = replace(content, grade=incident.grade, title=task.title, steps=task.steps, deadline_at=task.deadline_at)
    return await escalation.start(tx, task, content)


async def _tell_given(tx: Tx, actor: Actor, task: Task, kind: str, facts: dict[str, object]) -> None:
    """The room and the record of a task that was given."""
    await rooms.append_to_incident(tx, task.tenant_id, task.incident_id, TaskAssigned(views.task_view(task)))
    steps = await plan_queries.list_steps(tx, task.tenant_id, task.id)
    if steps:
        await rooms.append_to_incident(tx, task.tenant_id, task.incident_id, TaskStepsChanged(task.id, steps))
    given = {"title": task.title, "to": task.owner_account_id, "deadline": task.deadline_at}
    await _note(tx, actor, task, kind, {**facts, **given})


async def _tell(tx: Tx, actor: Actor, task: Task, kind: str, facts: dict[str, object]) -> None:
    body = TaskChanged(views.task_view(task))
    await rooms.append_to_incident(tx, task.tenant_id, task.incident_id, body, by=actor.account_id)
    await _note(tx, actor, task, kind, facts)


async def _note(tx: Tx, actor: Actor, task: Task, kind: str, facts: dict[str, object]) -> None:
    told = {"task": task.id, **facts}
    await timeline.append(tx, task.tenant_id, task.incident_id, kind, told, by=actor.account_id)
    await audit.record(tx, actor.account_id, kind, "task", task.id, facts)
