"""Use cases of people on alarms and incidents: authorise, lock, decide, save, tell."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid
from incidents import queries, response, rooms, views
from incidents.alarms import alarm, alarm_queries, evaluation
from incidents.context import load_context
from incidents.incident import Alarm, Task
from incidents.reaching import deliveries
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.record import timeline
from incidents.tasking import escalation, task_queries, tasks
from mobile_contract.room import TaskChanged
from people.actor import Actor
from people.permissions import Permission

REASON_MAX_CHARS = 1000


async def acknowledge_alarm(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """Acknowledge an alarm; acknowledging twice is one fact."""
    actor.require(Permission.ACKNOWLEDGE_ALARM)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    if row.ended_at is not None:
        # Over means acknowledged; the rule may stand in another episode by now, which nobody has seen yet.
        return row
    await _step(tx, actor, row, alarm.Acknowledged(by=actor.account_id), "alarm.acknowledged", {})
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def reset_alarm(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """Reset a latched alarm; Conflict while its condition is still true or nobody acknowledged it."""
    actor.require(Permission.SHELVE_ALARM)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    watched = await alarm_queries.lock_rule(tx, actor.tenant_id, row.rule_id)
    if watched.state.latched and (watched.state.condition == "active" or not watched.state.acknowledged):
        raise Conflict(
            "alarm.not_resettable",
            "a latched alarm is reset after it is acknowledged and its condition is back to normal",
            "锁存报警须在确认且恢复正常后方可复位",
            field="letter",
            value=row.letter,
            limit="F",
        )
    await _step(tx, actor, row, alarm.Reset(), "alarm.reset", {})
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def shelve_alarm(tx: Tx, actor: Actor, alarm_id: UUID, until: datetime | None, reason: str) -> Alarm:
    """Shelve until a time, or, with None, until the condition clears (one-shot)."""
    actor.require(Permission.SHELVE_ALARM)
    check_reason(reason)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    event = alarm.Shelved(until=until, one_shot=until is None)
    await _step(tx, actor, row, event, "alarm.shelved", {"until": until, "reason": reason})
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def unshelve_alarm(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """End shelving; the condition is looked at again."""
    actor.require(Permission.SHELVE_ALARM)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    await _step(tx, actor, row, alarm.Unshelved(), "alarm.unshelved", {})
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def _step(tx: Tx, actor: Actor, row: Alarm, event: alarm.Event, action: str, facts: dict[str, object]) -> None:
    watched = await alarm_queries.lock_rules(tx, actor.tenant_id, [row.rule_id])
    if any(w.episode_id not in (None, row.id) for w in watched):
        raise Conflict(
            "alarm.over",
            "this alarm is over; its rule stands in a newer one",
            "此报警已结束，该规则已产生新的报警",
            field="alarm_id",
            value=row.id,
            limit=watched[0].episode_id,
        )
    context = await load_context(tx, actor.tenant_id, row.site_id)
    outcomes = await evaluation.apply_event(tx, actor.tenant_id, [row.rule_id], lambda _: event, tx.now)
    await response.respond(tx, context, outcomes, by=actor.account_id)
    if any(outcome.facts for outcome in outcomes):
        await audit.record(tx, actor.account_id, action, "alarm", row.id, facts)


async def finish_task(tx: Tx, actor: Actor, task_id: UUID, note: str) -> Task:
    """The owner (or a safety officer) says the task is done; twice is one fact."""
    actor.require(Permission.ANSWER_TASK)
    found = await task_queries.get_task(tx, actor.tenant_id, task_id)
    if found.state in {"open", "unanswered"} and found.owner_account_id == actor.account_id:
        # Whoever did it has taken it, whether they said so first or not.
        await tasks.answer(tx, actor, task_id, "acknowledge", "", f"done:{task_id}")
    task = (await escalation.lock_asked(tx, actor.tenant_id, task_id)).task
    if task.owner_account_id != actor.account_id and not actor.may(Permission.MANAGE_INCIDENT):
        raise Forbidden("task.not_yours", "this task is another person's", "此任务属于他人", field="task_id")
    if task.state == "done":
        return task
    if task.state == "cancelled":
        raise Conflict("task.cancelled", "this task was cancelled", "此任务已取消", field="state", value=task.state)
    await escalation.finish(tx, actor.tenant_id, task_id)
    done = await queries.finish_task(tx, actor.tenant_id, task_id)
    body = TaskChanged(views.task_view(done))
    await rooms.append_to_incident(tx, actor.tenant_id, task.incident_id, body, by=actor.account_id)
    facts = {"task": task_id, "note": note}
    await timeline.append(tx, actor.tenant_id, task.incident_id, "task.done", facts, by=actor.account_id)
    await audit.record(tx, actor.account_id, "task.done", "task", task_id, {"note": note})
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
