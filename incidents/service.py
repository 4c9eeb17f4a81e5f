"""Use cases of people on alarms and incidents: authorise, lock, decide, save, tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid
from incidents import (
    alarm,
    alarm_queries,
    deliveries,
    evaluation,
    queries,
    response,
    rooms,
    task_queries,
    tasks,
    timeline,
    views,
)
from incidents.alarm_queries import WatchedRule
from incidents.context import load_context
from incidents.delivery_queries import DeliveryRow
from incidents.incident import Alarm, Incident, Task
from mobile_contract.room import CommandChanged, IncidentClosed, TaskChanged
from people.actor import Actor
from people.permissions import Permission
from plant import command_queries
from plant import service as plant_service
from plant.model import Command

REASON_MAX_CHARS = 1000
# More commands than this in one incident is a fault of ours; the newest are released.
COMMANDS_MAX = 1000
# What an incident started it lets go of when a person closes it.
_RELEASES = {"start": "stop", "sound": "silence"}


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


async def close_incident(tx: Tx, actor: Actor, incident_id: UUID, reason: str) -> Incident:
    """Close an incident whose alarms are all normal; what it started is stopped, what nobody took is cancelled.

    Who closes it acknowledges what nobody has: an alarm that comes back later opens an incident of its own. Closing
    twice is one fact. Raises Conflict while an alarm is active or latched.
    """
    actor.require(Permission.CLOSE_INCIDENT)
    check_reason(reason)
    known = await queries.get_incident(tx, actor.tenant_id, incident_id)
    standing = await _lock_standing(tx, known)
    incident = await queries.lock_incident(tx, actor.tenant_id, incident_id)
    if incident.state == "closed":
        return incident
    _check_over(incident, await queries.list_incident_alarms(tx, actor.tenant_id, incident_id), standing)
    await _acknowledge_all(tx, actor, incident, standing)
    closed = msgspec.structs.replace(
        incident, state="closed", closed_at=tx.now, closed_by=actor.account_id, close_reason=reason
    )
    await queries.save_incident(tx, actor.tenant_id, closed)
    cancelled = await queries.cancel_open_tasks(tx, actor.tenant_id, incident_id)
    released = await _release(tx, closed)
    await deliveries.cancel_for_incident(tx, actor.tenant_id, incident_id)
    for task in cancelled:
        await rooms.append_to_incident(tx, actor.tenant_id, incident_id, TaskChanged(views.task_view(task)))
    for command in released:
        changed = CommandChanged(views.command_view(command))
        await rooms.append_to_incident(tx, actor.tenant_id, incident_id, changed)
    over = IncidentClosed(tx.now, actor.account_id, reason)
    await rooms.append_to_incident(tx, actor.tenant_id, incident_id, over, by=actor.account_id)
    await timeline.append(tx, actor.tenant_id, incident_id, "incident.closed", {"reason": reason}, by=actor.account_id)
    await audit.record(tx, actor.account_id, "incident.closed", "incident", incident_id, {"reason": reason})
    return closed


async def _lock_standing(tx: Tx, incident: Incident) -> list[WatchedRule]:
    """The states of the incident's alarms that have not ended, locked before the site and the incident."""
    alarms = await queries.list_incident_alarms(tx, incident.tenant_id, incident.id)
    rule_ids = sorted({a.rule_id for a in alarms if a.ended_at is None})
    standing = await alarm_queries.lock_rules(tx, incident.tenant_id, rule_ids)
    await queries.lock_site(tx, incident.tenant_id, incident.site_id)
    return standing


def _check_over(incident: Incident, alarms: Sequence[Alarm], standing: Sequence[WatchedRule]) -> None:
    active = [a for a in alarms if a.returned_at is None]
    latched = {w.rule.id for w in standing if w.state.latched}
    held = [a for a in alarms if a.ended_at is None and a.rule_id in latched]
    if not active and not held:
        return
    first = (active or held)[0].title
    count = len(active) or len(held)
    raise Conflict(
        "incident.alarms_active" if active else "incident.alarms_latched",
        f"{count} alarms are still {'active' if active else 'latched'}; the first is {first.en}",
        f"仍有 {count} 个报警{'未恢复' if active else '处于锁存状态'}，首个为：{first.zh}",
        field="state",
        value=incident.state,
        limit="returned",
    )


async def _acknowledge_all(tx: Tx, actor: Actor, incident: Incident, standing: Sequence[WatchedRule]) -> None:
    context = await load_context(tx, actor.tenant_id, incident.site_id)
    event = alarm.Acknowledged(by=actor.account_id)
    rule_ids = [w.rule.id for w in standing]
    outcomes = await evaluation.apply_event(tx, actor.tenant_id, rule_ids, lambda _: event, tx.now)
    await response.respond(tx, context, outcomes, by=actor.account_id)


async def _release(tx: Tx, incident: Incident) -> list[Command]:
    """Stop and silence what this incident started; the newest command of each actuator decides."""
    newest: dict[UUID, Command] = {}
    given = await command_queries.list_commands(
        tx, incident.tenant_id, before=tx.now + timedelta(days=1), incident_id=incident.id, limit=COMMANDS_MAX
    )
    for command in given:
        newest.setdefault(command.actuator_id, command)
    released = []
    for command in newest.values():
        action = _RELEASES.get(command.action)
        if action is not None:
            released.append(
                await plant_service.request_command(
                    tx,
                    None,
                    command.actuator_id,
                    action,
                    f"incident {incident.number} closed",
                    incident_id=incident.id,
                    key=f"incident:{incident.id}:{command.actuator_id}:{action}",
                )
            )
    return released


async def finish_task(tx: Tx, actor: Actor, task_id: UUID, note: str) -> Task:
    """The owner (or a safety officer) says the task is done; twice is one fact."""
    actor.require(Permission.ANSWER_TASK)
    found = await task_queries.get_task(tx, actor.tenant_id, task_id)
    if found.state in {"open", "unanswered"} and found.owner_account_id == actor.account_id:
        # Whoever did it has taken it, whether they said so first or not.
        await tasks.answer(tx, actor, task_id, "acknowledge", "", f"done:{task_id}")
    await queries.lock_incident(tx, actor.tenant_id, found.incident_id)
    task = await task_queries.lock_task(tx, actor.tenant_id, task_id)
    if task.owner_account_id != actor.account_id and not actor.may(Permission.MANAGE_INCIDENT):
        raise Forbidden("task.not_yours", "this task is another person's", "此任务属于他人", field="task_id")
    if task.state == "done":
        return task
    if task.state == "cancelled":
        raise Conflict("task.cancelled", "this task was cancelled", "此任务已取消", field="state", value=task.state)
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
