"""Use cases of people on tasks and orders: authorise, lock, decide, save, tell. Of alarms: alarms/service."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid
from incidents import queries, rooms, views
from incidents.incident import Incident, Task
from incidents.plans import giving, plan_queries
from incidents.plans.steps import check_finished
from incidents.reaching import deliveries
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.record import timeline
from incidents.tasking import escalation, task_queries, tasks
from mobile_contract.room_events import TaskChanged
from people.actor import Actor
from people.permissions import Permission

REASON_MAX_CHARS = 1000


async def finish_task(tx: Tx, actor: Actor, task_id: UUID, note: str) -> Task:
    """The owner (or a safety officer) says the task is done; twice is one fact. What waited for it is given now.

    Raises Conflict while a step that must be confirmed is not.
    """
    actor.require(Permission.ANSWER_TASK)
    found = await task_queries.get_task(tx, actor.tenant_id, task_id)
    if found.state in {"open", "unanswered"} and found.owner_account_id == actor.account_id:
        # Whoever did it has taken it, whether they said so first or not.
        await tasks.answer(tx, actor, task_id, "acknowledge", "", f"done:{task_id}")
    incident = await task_queries.lock_incident_of(tx, actor.tenant_id, task_id)
    task = (await escalation.lock_asked(tx, actor.tenant_id, task_id)).task
    if task.owner_account_id != actor.account_id and not actor.may(Permission.MANAGE_INCIDENT):
        raise Forbidden("task.not_yours", "this task is another person's", "此任务属于他人", field="task_id")
    if task.state == "done":
        return task
    if task.state == "cancelled":
        raise Conflict("task.cancelled", "this task was cancelled", "此任务已取消", field="state", value=task.state)
    check_finished(await plan_queries.list_steps(tx, actor.tenant_id, task_id))
    await escalation.finish(tx, actor.tenant_id, task_id)
    done = await queries.finish_task(tx, actor.tenant_id, task_id)
    body = TaskChanged(views.task_view(done))
    await rooms.append_to_incident(tx, actor.tenant_id, task.incident_id, body, by=actor.account_id)
    facts = {"task": task_id, "note": note}
    await timeline.append(tx, actor.tenant_id, task.incident_id, "task.done", facts, by=actor.account_id)
    await audit.record(tx, actor.account_id, "task.done", "task", task_id, {"note": note})
    await giving.give_ready(tx, actor.tenant_id, incident)
    return done


async def report_receipt(tx: Tx, actor: Actor, delivery_id: UUID, fact: str, at: datetime) -> DeliveryRow:
    """The actor's device states a fact about an order of the actor's own; twice is once. NotFound for another's."""
    actor.require(Permission.ANSWER_TASK)
    return await deliveries.record_fact(
        tx, actor.tenant_id, delivery_id, fact, at, actor.device_id, account_id=actor.account_id
    )


def check_reason(reason: str) -> None:
    """Raise Invalid unless a reason of 1 to REASON_MAX_CHARS characters is given."""
    if not reason.strip() or len(reason) > REASON_MAX_CHARS:
        raise Invalid(
            "reason.length",
            f"a reason of 1 to {REASON_MAX_CHARS} characters is needed, this one has {len(reason)}",
            f"必须填写原因（1 至 {REASON_MAX_CHARS} 字），当前 {len(reason)} 字",
            field="reason",
            value=len(reason),
            limit=REASON_MAX_CHARS,
        )


def require_open(incident: Incident) -> None:
    """Raise Conflict for an incident that is closed; one that goes on as another names that one."""
    if incident.merged_into is not None:
        raise Conflict(
            "incident.merged",
            "this incident was merged: it goes on as another",
            "此事件已合并到另一事件",
            field="incident",
            value=incident.merged_into,
        )
    if incident.state == "closed":
        raise Conflict("incident.closed", "this incident is closed", "此事件已关闭", field="state", value="closed")
