"""Confirming steps of tasks: authorise, lock, decide, save, tell. Locks: incident, task, (its steps,) room."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, NotFound
from incidents import queries, rooms
from incidents.incident import Task
from incidents.plans import plan_queries
from incidents.plans.plan_queries import LateStep, WaitingRow
from incidents.plans.steps import Proof, confirm, waits_for_second
from incidents.record import timeline
from incidents.tasking import task_queries
from mobile_contract.room_events import TaskStepsChanged
from mobile_contract.room_views import StepView
from people.actor import Actor
from people.permissions import Permission

LATE_SHOWN = 200


class Progress(msgspec.Struct, frozen=True):
    """A task and how its watched steps stand."""

    task: Task
    steps: list[StepView]


async def get_progress(tx: Tx, actor: Actor, task_id: UUID) -> Progress:
    """Raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    task = await task_queries.get_task(tx, actor.tenant_id, task_id)
    return Progress(task, await plan_queries.list_steps(tx, actor.tenant_id, task_id))


async def list_late(tx: Tx, actor: Actor, incident_id: UUID) -> list[LateStep]:
    """Steps of the incident whose time is up, longest overdue first. Raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    await queries.get_incident(tx, actor.tenant_id, incident_id)
    return await plan_queries.list_late(tx, actor.tenant_id, incident_id, LATE_SHOWN)


async def list_waiting(tx: Tx, actor: Actor, incident_id: UUID) -> list[WaitingRow]:
    """Tasks that wait for others, in plan order. Raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    await queries.get_incident(tx, actor.tenant_id, incident_id)
    return await plan_queries.list_waiting(tx, actor.tenant_id, incident_id)


async def confirm_step(tx: Tx, actor: Actor, task_id: UUID, n: int, proof: Proof) -> Progress:
    """Say that a step is done, with its proof; confirming what is confirmed changes nothing.

    Whoever has the task or was asked for it confirms, and who runs incidents; the second of two persons is anybody in
    the room. Raises NotFound, Forbidden, Conflict for a task that is over, Invalid for a proof that is missing.
    """
    actor.require(Permission.ANSWER_TASK)
    await task_queries.lock_incident_of(tx, actor.tenant_id, task_id)
    task = await task_queries.lock_task(tx, actor.tenant_id, task_id)
    steps = await plan_queries.list_steps(tx, actor.tenant_id, task_id)
    known = next((step for step in steps if step.n == n), None)
    if known is None:
        raise NotFound(
            "step.not_found",
            f"task {task_id} has no step {n} to be confirmed",
            f"任务 {task_id} 没有需要确认的步骤 {n}",
            field="step",
            value=n,
        )
    step = next(step for step in task.steps if step.n == n)
    await _authorise(tx, actor, task, second=waits_for_second(step, known))
    if known.confirmed_at is not None:
        return Progress(task, steps)
    if task.state in ("done", "cancelled"):
        raise Conflict("task.over", "this task is over", "此任务已结束", field="state", value=task.state)
    after = confirm(step, known, proof, actor.account_id, tx.now)
    await plan_queries.save_step(tx, actor.tenant_id, task_id, after)
    steps = [after if other.n == n else other for other in steps]
    await _tell(tx, actor, task, after, steps)
    return Progress(task, steps)


async def _authorise(tx: Tx, actor: Actor, task: Task, *, second: bool) -> None:
    if actor.account_id == task.owner_account_id or actor.may(Permission.MANAGE_INCIDENT):
        return
    if await plan_queries.was_asked(tx, actor.tenant_id, task.id, actor.account_id):
        return
    if second and await rooms.may_see(tx, actor, await rooms.room_id_of(tx, actor.tenant_id, task.incident_id)):
        return
    raise Forbidden("task.not_yours", "this task is another person's", "此任务属于他人", field="task_id")


async def _tell(tx: Tx, actor: Actor, task: Task, step: StepView, steps: list[StepView]) -> None:
    body = TaskStepsChanged(task.id, steps)
    await rooms.append_to_incident(tx, actor.tenant_id, task.incident_id, body, by=actor.account_id)
    kind = "task.step_confirmed" if step.confirmed_at is not None else "task.step_reported"
    facts = {"task": task.id, "step": step.n, "value": step.value, "evidence": step.evidence}
    await timeline.append(tx, actor.tenant_id, task.incident_id, kind, facts, by=actor.account_id)
    await audit.record(tx, actor.account_id, kind, "task", task.id, facts)
