"""The all-clear and the way back in: the commander's word alone."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict
from incidents.incident import Incident
from incidents.leading.commander import require_commander
from incidents.record import publishing
from incidents.roll_call import queries, service
from incidents.roll_call.model import RollCall
from mobile_contract.text import Text
from people.actor import Actor


async def give_all_clear(tx: Tx, actor: Actor, call_id: UUID, reason: str) -> RollCall:
    """The commander says that nobody is in danger any more; people stay out. Twice is one fact.

    With people missing or in need the reason is the commander's own and goes on record. Raises Conflict, Forbidden.
    """
    incident = await service.lock_incident_of(tx, actor.tenant_id, call_id)
    await require_commander(tx, actor, incident.id)
    call = await service.get_locked(tx, actor.tenant_id, call_id)
    if call.state != "open":
        return call
    open_people = call.counts.missing + call.counts.need_help
    if open_people and not reason.strip():
        raise Conflict(
            "roll_call.people_missing",
            f"{open_people} people are missing or need help: an all-clear now needs a reason",
            f"尚有 {open_people} 人失踪或需要帮助:此时解除须写明原因",
            field="reason",
            value=open_people,
            limit=0,
        )
    call = msgspec.structs.replace(
        call, state="all_clear", all_clear_at=tx.now, all_clear_by=actor.account_id, search_due_at=None, look_at=None
    )
    await queries.save_call(tx, call.tenant_id, call)
    facts = {"roll_call": call_id, "reason": reason, "counts": msgspec.to_builtins(call.counts)}
    await service.tell(tx, call, "roll_call.all_clear", facts, actor.account_id)
    await publishing.publish(tx, incident, "incident.all_clear")
    await audit.record(tx, actor.account_id, "roll_call.all_clear", "roll_call", call_id, facts)
    return call


async def check_over(tx: Tx, incident: Incident) -> None:
    """Raise Conflict while the locked incident's people are still being accounted for."""
    running = await queries.list_calls(tx, incident.tenant_id, incident_id=incident.id, state="open", limit=1)
    if not running:
        return
    counts = running[0].counts
    raise Conflict(
        "incident.roll_call_open",
        f"people are still being accounted for, {counts.missing} missing and {counts.need_help} in need of help: "
        "the commander gives the all-clear first",
        f"人员清点尚未结束，{counts.missing} 人失踪、{counts.need_help} 人需要帮助：须先由指挥员解除警报",
        field="roll_call",
        value=str(running[0].id),
        limit="all_clear",
    )


async def end_exercise(tx: Tx, incident: Incident) -> None:
    """With a drill its roll call ends; nobody was in danger, so nobody's word is needed."""
    for running in await queries.list_calls(tx, incident.tenant_id, incident_id=incident.id, state="open", limit=1):
        call = await service.get_locked(tx, incident.tenant_id, running.id)
        ended = msgspec.structs.replace(call, state="all_clear", all_clear_at=tx.now, search_due_at=None, look_at=None)
        await queries.save_call(tx, call.tenant_id, ended)
        facts = {"roll_call": call.id, "reason": "the drill is over", "counts": msgspec.to_builtins(call.counts)}
        await service.tell(tx, ended, "roll_call.all_clear", facts, None)


async def allow_re_entry(tx: Tx, actor: Actor, call_id: UUID) -> RollCall:
    """The commander lets people back in, after the all-clear and while no alarm of these zones is active."""
    incident = await service.lock_incident_of(tx, actor.tenant_id, call_id)
    await require_commander(tx, actor, incident.id)
    call = await service.get_locked(tx, actor.tenant_id, call_id)
    if call.state == "re_entry":
        return call
    if call.state != "all_clear":
        raise Conflict(
            "roll_call.not_clear",
            "people go back in after the all-clear",
            "解除警报后方可返回",
            field="state",
            value=call.state,
            limit="all_clear",
        )
    await _check_zones_quiet(tx, call)
    call = msgspec.structs.replace(call, state="re_entry", re_entry_at=tx.now, re_entry_by=actor.account_id)
    await queries.save_call(tx, call.tenant_id, call)
    facts = {"roll_call": call_id, "zones": call.zone_ids}
    await service.tell(tx, call, "roll_call.re_entry", facts, actor.account_id)
    await audit.record(tx, actor.account_id, "roll_call.re_entry", "roll_call", call_id, facts)
    return call


# Of a shelved alarm the row says how it stood when it fell silent, and before it ever rang it has none: its state says
# how it is. What the plant's state or maintenance silences means nothing by its design.
ACTIVE_IN = """
SELECT found.title FROM (
    SELECT title, raised_at AS since FROM alarms
    WHERE tenant_id = $1 AND returned_at IS NULL AND ended_at IS NULL AND zone_id = ANY ($2::uuid[])
    UNION ALL
    SELECT s.name, t.updated_at FROM alarm_states t
    JOIN alarm_rules r ON r.tenant_id = t.tenant_id AND r.id = t.rule_id AND r.retired_at IS NULL
    JOIN sensors s ON s.tenant_id = r.tenant_id AND s.id = r.sensor_id
    WHERE t.tenant_id = $1 AND t.letter = 'G' AND t.state ->> 'condition' = 'active'
      AND r.kind IN ('high', 'low', 'vote') AND s.zone_id = ANY ($2::uuid[])
) found ORDER BY found.since LIMIT 1
"""


async def _check_zones_quiet(tx: Tx, call: RollCall) -> None:
    title = await tx.fetchval(ACTIVE_IN, call.tenant_id, call.zone_ids)
    if title is None:
        return
    first = msgspec.convert(title, Text)
    raise Conflict(
        "roll_call.alarm_active",
        f"an alarm there is still active: {first.en}",
        f"区域内仍有未恢复的报警:{first.zh}",
        field="zones",
        value=first.en,
    )
