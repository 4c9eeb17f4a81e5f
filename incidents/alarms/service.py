"""Use cases of people on alarms and their rules: acknowledge, reset, shelve, take out of service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict
from core.ids import new_id
from incidents import queries, response
from incidents.alarms import alarm, alarm_queries, evaluation, rule_queries, suppression, suppression_queries
from incidents.alarms.alarm_queries import WatchedRule
from incidents.alarms.suppression_queries import Suppression
from incidents.context import SiteContext, load_context
from incidents.incident import Alarm
from incidents.service import check_reason
from people.actor import Actor
from people.permissions import Permission


async def acknowledge_alarm(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """Acknowledge an alarm; acknowledging twice is one fact."""
    actor.require(Permission.ACKNOWLEDGE_ALARM)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    if row.ended_at is not None:
        # Over means acknowledged; the rule may stand in another episode by now, which nobody has seen yet.
        return row
    await _lock(tx, actor, row)
    context = await load_context(tx, actor.tenant_id, row.site_id)
    event = alarm.Acknowledged(by=actor.account_id)
    await _step(tx, actor, context, row.rule_id, event, "alarm.acknowledged", ("alarm", row.id))
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def reset_alarm(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """Reset a latched alarm; Conflict while its condition is still true or nobody acknowledged it."""
    actor.require(Permission.SHELVE_ALARM)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    watched = await _lock(tx, actor, row)
    if watched.state.latched and (watched.state.condition == "active" or not watched.state.acknowledged):
        raise Conflict(
            "alarm.not_resettable",
            "a latched alarm is reset after it is acknowledged and its condition is back to normal",
            "锁存报警须在确认且恢复正常后方可复位",
            field="letter",
            value=row.letter,
            limit="F",
        )
    context = await load_context(tx, actor.tenant_id, row.site_id)
    await _step(tx, actor, context, row.rule_id, alarm.Reset(), "alarm.reset", ("alarm", row.id))
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def shelve_alarm(tx: Tx, actor: Actor, alarm_id: UUID, until: datetime | None, reason: str) -> Alarm:
    """Shelve a standing alarm until a time, or, with None, until its condition clears (one-shot); else Conflict."""
    actor.require(Permission.SHELVE_ALARM)
    row = await _standing(tx, actor, alarm_id)
    await _shelve(tx, actor, row.rule_id, until, reason, ("alarm", row.id))
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def unshelve_alarm(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """End shelving; the condition is looked at again."""
    actor.require(Permission.SHELVE_ALARM)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    await _lock(tx, actor, row)
    await _end(tx, actor, row.rule_id, alarm.Unshelved(), "alarm.unshelved", ("alarm", row.id))
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def take_alarm_out(tx: Tx, actor: Actor, alarm_id: UUID, until: datetime, reason: str) -> Alarm:
    """Take a standing alarm out of service until a time; it is back by itself then. Conflict when over."""
    actor.require(Permission.SHELVE_ALARM)
    row = await _standing(tx, actor, alarm_id)
    await _take_out(tx, actor, row.rule_id, until, reason, ("alarm", row.id))
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def put_alarm_back(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """Put it back into service; the condition is looked at again."""
    actor.require(Permission.SHELVE_ALARM)
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    await _lock(tx, actor, row)
    await _end(tx, actor, row.rule_id, alarm.OutOfService(on=False), "alarm.in_service", ("alarm", row.id))
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def shelve_rule(tx: Tx, actor: Actor, rule_id: UUID, until: datetime | None, reason: str) -> Suppression:
    """Shelve a rule, also before it rings. Without an end: until its condition has come and gone (one-shot)."""
    actor.require(Permission.SHELVE_ALARM)
    await _shelve(tx, actor, rule_id, until, reason, ("alarm_rule", rule_id))
    return await _newest(tx, actor, rule_id)


async def unshelve_rule(tx: Tx, actor: Actor, rule_id: UUID) -> Suppression:
    """End a rule's shelving; Conflict when it is not shelved."""
    actor.require(Permission.SHELVE_ALARM)
    await _check_is(tx, actor, rule_id, "shelved")
    await _end(tx, actor, rule_id, alarm.Unshelved(), "alarm.unshelved", ("alarm_rule", rule_id))
    return await _newest(tx, actor, rule_id)


async def take_rule_out(tx: Tx, actor: Actor, rule_id: UUID, until: datetime, reason: str) -> Suppression:
    """Take a rule out of service until a time."""
    actor.require(Permission.SHELVE_ALARM)
    await _take_out(tx, actor, rule_id, until, reason, ("alarm_rule", rule_id))
    return await _newest(tx, actor, rule_id)


async def put_rule_back(tx: Tx, actor: Actor, rule_id: UUID) -> Suppression:
    """Put a rule back into service; Conflict when it is in service."""
    actor.require(Permission.SHELVE_ALARM)
    await _check_is(tx, actor, rule_id, "out_of_service")
    await _end(tx, actor, rule_id, alarm.OutOfService(on=False), "alarm.in_service", ("alarm_rule", rule_id))
    return await _newest(tx, actor, rule_id)


async def list_suppressions(
    tx: Tx,
    actor: Actor,
    *,
    now: bool | None,
    site_id: UUID | None,
    kind: str | None,
    sensor_id: UUID | None,
    rule_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Suppression]:
    """What is silent now, or was, with why, who and until when, newest first."""
    actor.require(Permission.READ_ALARMS)
    return await suppression_queries.list_suppressions(
        tx,
        actor.tenant_id,
        now=now,
        site_id=site_id,
        kind=kind,
        sensor_id=sensor_id,
        rule_id=rule_id,
        before=before,
        limit=limit,
    )


async def _standing(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """The alarm, its rule locked; Conflict when it is over: what is silenced then is the rule."""
    row = await queries.get_alarm(tx, actor.tenant_id, alarm_id)
    watched = await _lock(tx, actor, row)
    if watched.episode_id is None:
        raise _over(row, None)
    return row


async def _lock(tx: Tx, actor: Actor, row: Alarm) -> WatchedRule:
    watched = await alarm_queries.lock_rule(tx, actor.tenant_id, row.rule_id)
    if watched.episode_id not in (None, row.id):
        raise _over(row, watched.episode_id)
    return watched


def _over(row: Alarm, newer: UUID | None) -> Conflict:
    return Conflict(
        "alarm.over",
        "this alarm is over; " + ("its rule stands in a newer one" if newer else f"silence its rule {row.rule_id}"),
        "此报警已结束，" + ("该规则已产生新的报警" if newer else f"请对规则 {row.rule_id} 操作"),
        field="alarm_id",
        value=row.id,
        limit=newer,
    )


async def _shelve(
    tx: Tx, actor: Actor, rule_id: UUID, until: datetime | None, reason: str, subject: tuple[str, UUID]
) -> None:
    check_reason(reason)
    watched = await alarm_queries.lock_rule(tx, actor.tenant_id, rule_id)
    context = await _context_of(tx, actor, rule_id)
    settings = await suppression_queries.get_settings(tx, actor.tenant_id, context.site_id)
    own = await suppression_queries.find_shelve_max(tx, actor.tenant_id, rule_id)
    most = suppression.shelve_max(watched.rule, context.agent_of(watched.rule), settings.shelve_max_s, own)
    end = suppression.shelve_end(until, tx.now, most)
    if watched.state.suppression in ("by_design", "out_of_service"):
        raise _not(watched, "none")
    event = alarm.Shelved(until=end, one_shot=until is None)
    await _begin(tx, actor, context, rule_id, event, "shelved", reason, end, until is None, subject)


async def _take_out(
    tx: Tx, actor: Actor, rule_id: UUID, until: datetime, reason: str, subject: tuple[str, UUID]
) -> None:
    check_reason(reason)
    await alarm_queries.lock_rule(tx, actor.tenant_id, rule_id)
    context = await _context_of(tx, actor, rule_id)
    event = alarm.OutOfService(on=True, until=until)
    await _begin(tx, actor, context, rule_id, event, "out_of_service", reason, until, False, subject)


async def _begin(
    tx: Tx,
    actor: Actor,
    context: SiteContext,
    rule_id: UUID,
    event: alarm.Event,
    kind: str,
    reason: str,
    until: datetime,
    one_shot: bool,
    subject: tuple[str, UUID],
) -> None:
    facts = {"reason": reason, "until": until, "one_shot": one_shot, "rule": rule_id}
    await _step(tx, actor, context, rule_id, event, f"alarm.{kind}", subject, facts, always=True)
    await suppression_queries.end_suppressions(tx, actor.tenant_id, [rule_id], actor.account_id)
    await suppression_queries.insert_suppression(
        tx,
        actor.tenant_id,
        new_id(),
        rule_id,
        kind=kind,
        reason=reason,
        by=actor.account_id,
        one_shot=one_shot,
        until=until,
    )
    # Another end of the same silence is no new state, and the gateway's timer must know it.
    await outbox.wake(tx, response.NEWS_ALARM, rule_id)


async def _end(tx: Tx, actor: Actor, rule_id: UUID, event: alarm.Event, action: str, subject: tuple[str, UUID]) -> None:
    context = await _context_of(tx, actor, rule_id)
    await _step(tx, actor, context, rule_id, event, action, subject, {"rule": rule_id})


async def _context_of(tx: Tx, actor: Actor, rule_id: UUID) -> SiteContext:
    site_id = await rule_queries.get_site_of_rule(tx, actor.tenant_id, rule_id)
    return await load_context(tx, actor.tenant_id, site_id)


async def _step(
    tx: Tx,
    actor: Actor,
    context: SiteContext,
    rule_id: UUID,
    event: alarm.Event,
    action: str,
    subject: tuple[str, UUID],
    facts: dict[str, Any] | None = None,
    *,
    always: bool = False,
) -> None:
    """Step the rule and respond; the audit has it when something changed, or ``always``: also another end is an act."""
    outcomes = await evaluation.apply_event(tx, actor.tenant_id, [rule_id], lambda _: event, tx.now)
    for outcome in outcomes:
        outcome.note = dict(facts or {})
    await response.respond(tx, context, outcomes, by=actor.account_id)
    if always or any(outcome.facts for outcome in outcomes):
        await audit.record(tx, actor.account_id, action, *subject, facts or {})


async def _check_is(tx: Tx, actor: Actor, rule_id: UUID, wanted: str) -> None:
    watched = await alarm_queries.lock_rule(tx, actor.tenant_id, rule_id)
    if watched.state.suppression != wanted:
        raise _not(watched, wanted)


def _not(watched: WatchedRule, wanted: str) -> Conflict:
    return Conflict(
        "alarm_rule.suppression",
        f"this needs a rule whose suppression is {wanted}, and it is {watched.state.suppression}",
        f"此操作要求规则的抑制状态为 {wanted}，当前为 {watched.state.suppression}",
        field="suppression",
        value=watched.state.suppression,
        limit=wanted,
    )


async def _newest(tx: Tx, actor: Actor, rule_id: UUID) -> Suppression:
    found: Sequence[Suppression] = await suppression_queries.list_suppressions(
        tx, actor.tenant_id, now=None, rule_id=rule_id, limit=1
    )
    return found[0]
