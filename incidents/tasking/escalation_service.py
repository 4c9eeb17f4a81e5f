"""Use cases of people on escalations: see how far one is and why; jump, pause, resume, ask somebody now."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.database import Tx
from core.errors import Conflict, Invalid, NotFound
from incidents import queries
from incidents.reaching import delivery_queries
from incidents.tasking import asked as asked_module
from incidents.tasking import escalation, escalation_moves, escalation_queries, roster_queries, task_queries
from incidents.tasking.asked import Asked, asked_of, lock_asked, moved, new_escalation
from incidents.tasking.escalation_moves import Ask, Exhausted, NextStep, Pick, Repeat, Resume, WaitUntil
from incidents.tasking.policy import Target
from incidents.tasking.quorum import fill, suits
from incidents.tasking.roster import Candidate
from mobile_contract.escalations import PAUSE_MAX_S
from mobile_contract.room_views import EscalationView
from people.actor import Actor
from people.permissions import Permission

# An incident has some tens of tasks.
LISTED_MAX = 200


class Upcoming(msgspec.Struct, frozen=True):
    """What comes next if nobody answers."""

    move: str
    at: datetime | None
    accounts: list[UUID] = []


class EscalationFile(msgspec.Struct, frozen=True):
    """An escalation with everyone asked, everyone not asked and why, and what comes next."""

    asked: Asked
    fills: frozenset[UUID]
    not_asked: list[tuple[UUID, str]]
    upcoming: Upcoming


async def get_escalation(tx: Tx, actor: Actor, task_id: UUID) -> EscalationFile:
    """The search for a task's people; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    task = await task_queries.get_task(tx, actor.tenant_id, task_id)
    rows = await delivery_queries.list_task_deliveries(tx, actor.tenant_id, task_id)
    row = await escalation_queries.find_escalation(tx, actor.tenant_id, task_id)
    return await _file(tx, actor, asked_of(task, row or new_escalation(tx, task, {}), rows))


async def list_escalations(tx: Tx, actor: Actor, incident_id: UUID) -> list[EscalationView]:
    """Escalations of an incident, oldest first; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    await queries.get_incident(tx, actor.tenant_id, incident_id)
    rows = await escalation_queries.list_of_incident(tx, actor.tenant_id, incident_id, LISTED_MAX)
    return [asked_module.escalation_view(row) for row in rows]


async def jump(tx: Tx, actor: Actor, task_id: UUID, step: int, reason: str, fencing: int | None) -> EscalationFile:
    """Begin a step at once, whoever may still answer an earlier one. Raises NotFound, Invalid, Conflict."""
    asked = await _take(tx, actor, task_id, fencing)
    last = asked.escalation.known.last_step
    if step > last:
        raise Invalid(
            "escalation.no_step",
            f"step {step} is none of 0 to {last}",
            f"没有第 {step} 步，应为 0 至 {last}",
            field="step",
            value=step,
            limit=last,
        )
    before = asked.escalation
    begun = replace(
        before.known,
        state="running",
        step=step,
        step_started_at=tx.now,
        paused_until=None,
        # A round that was used up asks its people again when somebody says so.
        round=before.round + 1 if before.state == "exhausted" else before.round,
    )
    asked.escalation = moved(before, begun)
    await delivery_queries.stop_counting(tx, actor.tenant_id, task_id)
    asked.rows = [replace(row, counted_until=tx.now) for row in asked.rows]
    await escalation.note(
        tx, asked, "escalation.jumped", {"from": before.step, "to": step, "reason": reason}, by=actor.account_id
    )
    await escalation.advance(tx, actor.tenant_id, asked, "jumped", since=before)
    return await _file(tx, actor, asked)


async def pause(tx: Tx, actor: Actor, task_id: UUID, for_s: float, reason: str, fencing: int | None) -> EscalationFile:
    """Ask nobody new for at most PAUSE_MAX_S; those asked may answer. Raises NotFound, Invalid, Conflict."""
    if not 1 <= for_s <= PAUSE_MAX_S:
        raise Invalid(
            "escalation.pause_length",
            f"a pause lasts 1 to {PAUSE_MAX_S:.0f} s, not {for_s:g}",
            f"暂停时长应为 1 至 {PAUSE_MAX_S:.0f} 秒，而不是 {for_s:g}",
            field="for_s",
            value=for_s,
            limit=PAUSE_MAX_S,
        )
    asked = await _take(tx, actor, task_id, fencing)
    before, until = asked.escalation, tx.now + timedelta(seconds=for_s)
    asked.escalation = replace(
        asked.escalation, state="paused", paused_until=until, paused_by=actor.account_id, pause_reason=reason
    )
    await escalation.note(tx, asked, "escalation.paused", {"until": until, "reason": reason}, by=actor.account_id)
    await escalation.advance(tx, actor.tenant_id, asked, "paused", since=before)
    return await _file(tx, actor, asked)


async def resume(tx: Tx, actor: Actor, task_id: UUID, fencing: int | None) -> EscalationFile:
    """End a pause now; without one nothing changes. Raises NotFound, Conflict."""
    asked = await _take(tx, actor, task_id, fencing)
    before = asked.escalation
    if before.state == "paused":
        asked.escalation = moved(asked.escalation, escalation_moves.after(asked.escalation.known, Resume(), tx.now))
        await escalation.note(tx, asked, "escalation.resumed", {}, by=actor.account_id)
        await escalation.advance(tx, actor.tenant_id, asked, "resumed", since=before)
    return await _file(tx, actor, asked)


async def ask_person(
    tx: Tx, actor: Actor, task_id: UUID, account_id: UUID, reason: str, fencing: int | None
) -> EscalationFile:
    """Ask this person now, whatever the policy says. Raises NotFound, Conflict when they are asked or go already."""
    asked = await _take(tx, actor, task_id, fencing)
    roster = await roster_queries.load_roster(tx, actor.tenant_id, asked.task)
    candidate = next((c for c in roster if c.account_id == account_id), None)
    if candidate is None:
        raise NotFound(
            "account.not_found", f"no person {account_id}", f"没有人员 {account_id}", field="account", value=account_id
        )
    if any(p.account_id == account_id and (p.waiting or p.said == "yes") for p in asked.people(tx.now)):
        raise Conflict(
            "escalation.asked",
            "this person is asked already, or goes",
            "此人已被请求或已应答",
            field="account",
            value=account_id,
        )
    task, row = asked.task, asked.escalation
    suited = any(suits(escalation_moves.ready(candidate), need) for need in row.needs)
    pick = Pick(candidate, Target("person", str(account_id)), suited)
    await escalation.ask(tx, actor.tenant_id, asked, pick, "asked_by_name", by=actor.account_id, reason=reason)
    await escalation.write(tx, actor.tenant_id, asked, task, row)
    await escalation.advance(tx, actor.tenant_id, asked, "asked_by_name")
    return await _file(tx, actor, asked)


async def _take(tx: Tx, actor: Actor, task_id: UUID, fencing: int | None) -> Asked:
    """Authorise and lock. Raises Conflict when the search is over, or is not what the caller saw."""
    if not actor.may(Permission.MANAGE_INCIDENT):
        actor.require(Permission.LEAD_INCIDENT)
    asked = await lock_asked(tx, actor.tenant_id, task_id)
    row = asked.escalation
    if fencing is not None and fencing != row.fencing:
        raise Conflict(
            "escalation.changed",
            f"the escalation has changed: it is at {row.fencing}, this is of {fencing}",
            f"升级流程已变化：现为 {row.fencing}，此操作基于 {fencing}",
            field="fencing",
            value=fencing,
            limit=row.fencing,
        )
    if asked.over or row.state in ("met", "cancelled"):
        raise Conflict(
            "escalation.over",
            "nobody is looked for any more: enough are coming, or the task is over",
            "人员已足够或任务已结束，不再寻找人员",
            field="state",
            value=row.state,
        )
    return asked


async def _file(tx: Tx, actor: Actor, asked: Asked) -> EscalationFile:
    row = await escalation_queries.find_escalation(tx, actor.tenant_id, asked.task.id)
    asked.escalation = row or asked.escalation
    asked.rows = await delivery_queries.list_task_deliveries(tx, actor.tenant_id, asked.task.id)
    roster = await roster_queries.load_roster(tx, actor.tenant_id, asked.task)
    skills = {c.account_id: c.skills for c in roster}
    fills = fill(asked.escalation.needs, escalation_moves.comers(asked.people(tx.now), skills)).accounts
    known = {r.account_id for r in asked.rows}
    not_asked = [
        (c.account_id, escalation_moves.why_not(c, asked.escalation.needs) or "later")
        for c in roster
        if c.account_id not in known
    ]
    return EscalationFile(asked, fills, not_asked, _upcoming(asked, roster, tx.now))


def _upcoming(asked: Asked, roster: list[Candidate], now: datetime) -> Upcoming:
    """The next move, if those who are asked now stay silent until the next time that matters."""
    row = asked.escalation
    if asked.over or row.state in ("met", "cancelled"):
        return Upcoming("nothing", None)
    people = [replace(p, waiting=False) for p in asked.people(now)]
    known, at = row.known, row.due_at
    for _ in range(known.last_step + 2):
        move = escalation_moves.next_moves(known, roster, people, max(at or now, now))
        if isinstance(move, Ask):
            return Upcoming("ask", at, [pick.candidate.account_id for pick in move.picks])
        if isinstance(move, Exhausted):
            return Upcoming("ask", at, [pick.candidate.account_id for pick in move.last_resort])
        if isinstance(move, WaitUntil):
            return Upcoming("nothing", move.at)
        if isinstance(move, Repeat):
            return Upcoming("repeat", at)
        if isinstance(move, NextStep | Resume):
            known = escalation_moves.after(known, move, max(at or now, now))
    return Upcoming("nothing", at)
