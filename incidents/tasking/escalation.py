"""Finding a task's people: start, take answers, move on. What is done next is decided in escalation_moves.

Locks are taken in the order incident, escalation, task, deliveries, room. Everything happens in the caller's
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core import audit
from core.database import Tx
from core.errors import Invalid
from core.logging import get_logger
from core.metrics import counter
from incidents import queries, rooms
from incidents.incident import Task
from incidents.reaching import delivery_queries, orders
from incidents.reaching.delivery import Delivery, Ending, end
from incidents.reaching.delivery_queries import DeliveryRow, Terms
from incidents.reaching.orders import OrderContent
from incidents.record import timeline
from incidents.tasking import (
    escalation_choice,
    escalation_moves,
    escalation_queries,
    handing,
    policy_queries,
    roster_queries,
    task_queries,
)
from incidents.tasking.asked import Asked, asked_of, escalation_view, lock_asked, moved, new_escalation
from incidents.tasking.escalation_moves import (
    Ask,
    Exhausted,
    Met,
    Move,
    NextStep,
    Pick,
    Reopen,
    Repeat,
    Resume,
    WaitUntil,
)
from incidents.tasking.escalation_queries import EscalationRow
from incidents.tasking.policy import EscalationPolicy, PolicyRef, default_policy, read_policy
from incidents.tasking.quorum import fill, suits
from incidents.tasking.roster import Candidate
from incidents.views import task_view
from mobile_contract.room_events import EscalationChanged, TaskAssigned, TaskChanged
from people.actor import Actor

__all__ = ["Asked", "lock_asked"]

log = get_logger(__name__)

ESCALATIONS = counter("escalations", "Tasks moved on to another person, by why.", ("why",))
UNANSWERED = counter("tasks_unanswered", "Tasks nobody was left to be asked for.")

# Every move goes to another step, asks, or ends the round; a policy has some twenty steps and each asks once a look.
MOVES_MAX = 100
# Named in the record with an order: those who would have been nearer at hand, and why they were not asked.
PASSED_OVER_SHOWN = 20
# A phone that comes on line is offered the oldest of the tasks nobody took: one person can not do more.
OFFERED_MAX = 5


async def start(tx: Tx, task: Task, content: OrderContent) -> Task:
    """Begin to look for a new task's people: inserts the task, freezes its policy, asks the first. Returns the task.

    The caller holds the incident's lock and tells the room of the task.
    """
    tenant_id = task.tenant_id
    # Whoever gets it first has it under number 1, as if it had been theirs from the start.
    task = replace(task, owner_account_id=None, state="open", fencing=0)
    await queries.insert_task(tx, tenant_id, task)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(content))
    row = replace(new_escalation(tx, task, plain), policy=await _policy_of(tx, task))
    await escalation_queries.insert_escalation(tx, row)
    return await advance(tx, tenant_id, asked_of(task, row, []), "start")


async def _policy_of(tx: Tx, task: Task) -> EscalationPolicy:
    """The task's policy, to be frozen. A policy that can not be read asks by the default: somebody must be asked."""
    try:
        named = None if task.policy is None else read_policy(task.policy)
        if isinstance(named, PolicyRef):
            found = await policy_queries.find_policy(tx, task.tenant_id, named.slug, named.version)
            named = None if found is None else found.frozen
    except Invalid as problem:
        log.error("escalation.policy_unreadable", task=str(task.id), problem=str(problem))
        named = None
    if named is None and task.policy is not None:
        facts = {"task": task.id, "wanted": {k: task.policy.get(k) for k in ("slug", "version")}}
        await timeline.append(tx, task.tenant_id, task.incident_id, "escalation.policy_missing", facts)
    return named or default_policy(task.role)


async def say_yes(tx: Tx, tenant_id: UUID, asked: Asked, row: DeliveryRow, known: Delivery) -> Task:
    """This person goes; ``known`` is the row's delivery with their yes. Returns the task as it stands."""
    before = next(p for p in asked.people(tx.now) if p.account_id == row.account_id)
    had_it = (asked.task.owner_account_id, asked.task.state) == (row.account_id, "acknowledged")
    await orders.save(tx, tenant_id, row, known, None)
    asked.learn(row, known)
    if asked.task.offered_to == row.account_id:
        await handing.take_over(tx, asked, row.account_id)
    task = await advance(tx, tenant_id, asked, "answered", about=row.account_id)
    if before.said != "yes":
        took = not had_it and (task.owner_account_id, task.state) == (row.account_id, "acknowledged")
        facts = {"account": row.account_id, "counts": row.account_id in asked.counting}
        await note(tx, asked, "task.acknowledged" if took else "task.joined", facts, by=row.account_id)
    return task


async def say_no(tx: Tx, actor: Actor, asked: Asked, row: DeliveryRow, known: Delivery, reason: str) -> Task:
    """This person can not, or can no longer, do it: the next is asked at once if they were counted on."""
    person = next(p for p in asked.people(tx.now) if p.account_id == row.account_id)
    facts = {"account": actor.account_id, "reason": reason, "had_it": person.waiting or person.said == "yes"}
    await note(tx, asked, "task.declined", facts, by=actor.account_id)
    return await move_on(tx, actor.tenant_id, asked, row, known, "declined")


async def move_on(tx: Tx, tenant_id: UUID, asked: Asked, row: DeliveryRow, known: Delivery, why: str) -> Task:
    """Stop waiting for this person and ask whoever is next; ``known`` is the row's delivery as it stands now."""
    asked.learn(row, end(known, Ending.SUPERSEDED, tx.now), why)
    if asked.task.offered_to == row.account_id:
        await handing.keep(tx, asked, why)
    task = await advance(tx, tenant_id, asked, why, about=row.account_id)
    last = asked.escalation.state == "exhausted" and why != "declined"
    ending = Ending.EXHAUSTED if last else Ending.SUPERSEDED
    await orders.save(tx, tenant_id, row, end(known, ending, tx.now), None)
    await delivery_queries.note_ending(tx, tenant_id, row.id, why)
    return task


async def advance(
    tx: Tx, tenant_id: UUID, asked: Asked, why: str, *, about: UUID | None = None, since: EscalationRow | None = None
) -> Task:
    """Make every move there is to make now, and write what changed (``since`` a row that was changed by hand).

    ``about``: whose answer or silence it follows.
    """
    task, row = asked.task, since or asked.escalation
    roster = await _roster(tx, tenant_id, asked)
    if why == "answered":
        why = _why_more(asked, roster, about)
    if asked.over:
        # Nobody is looked for, so nothing is due: a courier would look again and again.
        asked.escalation = replace(asked.escalation, due_at=None)
    for _ in range(0 if asked.over else MOVES_MAX):
        move = escalation_moves.next_moves(asked.escalation.known, roster, asked.people(tx.now), tx.now)
        before = asked.escalation.state
        asked.escalation = moved(asked.escalation, escalation_moves.after(asked.escalation.known, move, tx.now))
        if isinstance(move, WaitUntil):
            asked.escalation = replace(asked.escalation, due_at=move.at)
            break
        if isinstance(move, Met):
            met_at = asked.escalation.met_at if before == "met" else tx.now
            asked.escalation = replace(asked.escalation, due_at=None, met_at=met_at)
            await release(tx, tenant_id, asked, "released")
            break
        why = await _make(tx, tenant_id, asked, move, roster, (why, about))
    _settle(tx, asked, roster)
    await write(tx, tenant_id, asked, task, row, starting=why == "start")
    return asked.task


async def _roster(tx: Tx, tenant_id: UUID, asked: Asked) -> list[Candidate]:
    """Everyone who could be asked; nobody is looked up when skills do not matter and those who come are enough, or
    nobody is looked for."""
    needs = asked.escalation.needs
    anybody = all(need.skill is None for need in needs)
    if anybody and (asked.over or fill(needs, escalation_moves.comers(asked.people(tx.now), {})).complete):
        return []
    return await roster_queries.load_roster(tx, tenant_id, asked.task)


def _why_more(asked: Asked, roster: Sequence[Candidate], about: UUID | None) -> str:
    """Why a yes is not enough: who said it lacks every skill that is needed, or more people are."""
    who = next((c for c in roster if c.account_id == about), None)
    suited = who is not None and any(suits(escalation_moves.ready(who), need) for need in asked.escalation.needs)
    return "more_needed" if suited else "lacks_skill"


async def _make(
    tx: Tx, tenant_id: UUID, asked: Asked, move: Move, roster: list[Candidate], cause: tuple[str, UUID | None]
) -> str:
    """Do what a move says; returns why the next one is made."""
    why, about = cause
    match move:
        case Ask(picks, counted_until):
            for n, pick in enumerate(picks):
                shown = _passed_over(asked, roster) if n == 0 else []
                await ask(tx, tenant_id, asked, pick, why, about=about, counted_until=counted_until, passed_over=shown)
        case Exhausted(last_resort):
            await _exhausted(tx, tenant_id, asked, (why, about))
            for pick in last_resort:
                await ask(tx, tenant_id, asked, pick, "last_resort", about=about)
        case Repeat() | Resume() | Reopen():
            kind = {Repeat: "repeated", Resume: "resumed", Reopen: "reopened"}[type(move)]
            await note(tx, asked, f"escalation.{kind}", {"round": asked.escalation.round})
            return kind if why == "timer" else why
        case NextStep(reason) if why == "timer":
            return reason
    return why


async def ask(
    tx: Tx,
    tenant_id: UUID,
    asked: Asked,
    pick: Pick,
    why: str,
    *,
    about: UUID | None = None,
    counted_until: datetime | None = None,
    passed_over: Sequence[dict[str, Any]] = (),
    by: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Order the task to a person; nobody else having it, it is theirs until they or somebody else answer.

    The caller writes the task (``write``).
    """
    account_id, row = pick.candidate.account_id, asked.escalation
    people = {p.account_id: p for p in asked.people(tx.now)}
    owner = people.get(asked.task.owner_account_id) if asked.task.owner_account_id else None
    if (owner is None or not (owner.waiting or owner.said == "yes")) and asked.task.state != "acknowledged":
        asked.task = escalation_choice.given_to(asked.task, account_id)
    room_id = await rooms.room_id_of(tx, tenant_id, row.incident_id)
    await rooms.add_member(tx, tenant_id, room_id, account_id)
    before = asked.times_asked(account_id)
    terms = _terms(row, pick, counted_until)
    queued = await orders.queue_order(
        tx, tenant_id, row.task_id, account_id, row.content, terms=terms, before=before, task=asked.task
    )
    asked.rows.append(queued)
    asked.learn(queued, queued.known)
    if why != "start":
        ESCALATIONS.labels(why).inc()
    if why == "start" and asked.task.owner_account_id == account_id:
        # Whoever gives the task writes this line, with what the task is.
        return
    facts: dict[str, Any] = {
        "from": about,
        "to": account_id,
        "why": why,
        "fencing": asked.task.fencing,
        "because": terms.because,
    }
    facts |= {"step": row.step, "round": row.round, "suited": pick.suited, "passed_over": list(passed_over)}
    facts |= {} if reason is None else {"reason": reason}
    await note(tx, asked, "task.asked" if why == "start" else "task.escalated", facts, by=by)


def _terms(row: EscalationRow, pick: Pick, counted_until: datetime | None) -> Terms:
    step = escalation_moves.step_of(row.known)
    target = pick.target
    because = " ".join([target.kind, *([] if target.of is None else [target.of])])
    return Terms(
        round=row.round,
        policy_step=row.step,
        because=f"{because}; {pick.candidate.standing}; {pick.candidate.place}",
        receipt_within_s=None if step is None else step.receipt_within_s,
        acknowledge_within_s=None if step is None else step.acknowledge_within_s,
        channels=None if step is None else step.channels,
        counted_until=counted_until,
    )


def _passed_over(asked: Asked, roster: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Who was not asked although they could act, and why: so that the record answers it later."""
    known = {row.account_id for row in asked.rows}
    whys = [(c, escalation_moves.why_not(c, asked.escalation.needs)) for c in roster if c.account_id not in known]
    return [{"account": c.account_id, "why": why} for c, why in whys if why is not None][:PASSED_OVER_SHOWN]


async def release(tx: Tx, tenant_id: UUID, asked: Asked, why: str) -> None:
    """Stop asking everyone who has not answered. That enough come says nothing to whom the task is offered by name."""
    kept = asked.task.offered_to if why == "released" else None
    for row in asked.rows:
        known = asked.known[row.id]
        if known.ended is None and known.answer is None and row.account_id != kept:
            ended = end(known, Ending.SUPERSEDED, tx.now)
            await orders.save(tx, tenant_id, row, ended, None)
            await delivery_queries.note_ending(tx, tenant_id, row.id, why)
            asked.learn(row, ended, why)


async def _exhausted(tx: Tx, tenant_id: UUID, asked: Asked, cause: tuple[str, UUID | None]) -> None:
    row = asked.escalation
    facts = {"last": cause[1], "why": cause[0], "round": row.round, "missing": _missing(asked)}
    await note(tx, asked, "task.unanswered", facts)
    UNANSWERED.inc()
    log.error("task.unanswered", tenant=str(tenant_id), task=str(row.task_id), why=cause[0], round=row.round)


def _missing(asked: Asked) -> list[dict[str, Any]]:
    row = asked.escalation
    return [
        {"skill": need.skill, "fact": need.fact, "missing": need.count - met}
        for need, met in zip(row.needs, row.met, strict=True)
        if met < need.count
    ]


def _settle(tx: Tx, asked: Asked, roster: Sequence[Candidate]) -> None:
    """Whose the task is by now, who comes, and which needs they meet."""
    row, people = asked.escalation, asked.people(tx.now)
    skills = {c.account_id: c.skills for c in roster}
    filling = fill(row.needs, escalation_moves.comers(people, skills))
    promised = escalation_moves.comers(people, skills, promised_at=tx.now)
    suited = {c.account_id for c in promised if any(suits(c, need) for need in row.needs)}
    crew = [p.account_id for p in sorted(people, key=lambda p: (p.said_at or tx.now, p.account_id)) if p.said == "yes"]
    asked.counting = filling.accounts
    asked.escalation = replace(row, met=list(filling.met), crew=crew)
    used_up = row.state == "exhausted"
    asked.task = escalation_choice.owned(asked.task, people, suited, tx.now, used_up=used_up)


async def write(
    tx: Tx, tenant_id: UUID, asked: Asked, task: Task, row: EscalationRow, *, starting: bool = False
) -> None:
    """Save what changed since ``task`` and ``row``, and tell the room; a new task its giver tells of."""
    if asked.task != task:
        await task_queries.save_task(tx, tenant_id, asked.task)
        room_id = await rooms.room_id_of(tx, tenant_id, task.incident_id)
        given = asked.task.state == "open" and asked.task.owner_account_id != task.owner_account_id
        view = task_view(asked.task)
        if not starting:
            by = asked.task.owner_account_id if asked.task.state == "acknowledged" else None
            rooms.append_later(tx, room_id, TaskAssigned(view) if given else TaskChanged(view), by=by)
    await save(tx, asked, row, starting=starting)


async def save(tx: Tx, asked: Asked, row: EscalationRow, *, starting: bool = False) -> None:
    """Save the escalation if it is not ``row`` any more, and tell the room of what it shows."""
    if asked.escalation != row:
        await escalation_queries.save_escalation(tx, asked.escalation)
        if asked.escalation.state == "met" and row.state != "met":
            after_s = (tx.now - row.started_at).total_seconds()
            facts = {"crew": asked.escalation.crew, "counting": sorted(asked.counting), "after_s": after_s}
            await note(tx, asked, "escalation.met", facts)
    if starting or escalation_view(asked.escalation) != escalation_view(row):
        room_id = await rooms.room_id_of(tx, row.tenant_id, row.incident_id)
        rooms.append_later(tx, room_id, EscalationChanged(escalation_view(asked.escalation)))


async def look_again(tx: Tx, tenant_id: UUID, task_id: UUID, fencing: int) -> bool:
    """A courier's look at an escalation that was due under this number; False when it changed meanwhile."""
    asked = await lock_asked(tx, tenant_id, task_id)
    if asked.escalation.fencing != fencing:
        return False
    row = asked.escalation
    await advance(tx, tenant_id, asked, "timer")
    if asked.escalation == row:
        # Nothing changed, not even when to look again: give the lease back.
        await escalation_queries.save_escalation(tx, row)
    return True


async def list_to_offer(tx: Tx, tenant_id: UUID, account_id: UUID) -> list[UUID]:
    """Tasks nobody took that somebody who comes on line is to be offered, oldest first."""
    return await escalation_queries.list_unanswered_unasked(tx, tenant_id, account_id, OFFERED_MAX)


async def offer(tx: Tx, tenant_id: UUID, task_id: UUID) -> None:
    """Somebody came on line: a task nobody took is offered to them, if they may be asked at all.

    One in a transaction: it holds its incident, and an alarm takes all of a site's in an order of its own.
    """
    await advance(tx, tenant_id, await lock_asked(tx, tenant_id, task_id), "came_on_line")


async def cancel_for_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> None:
    """The incident is closed: look for nobody any more. The caller locked it."""
    for row in await escalation_queries.lock_unmet_of_incident(tx, tenant_id, incident_id):
        await _cancel(tx, row)


async def finish(tx: Tx, tenant_id: UUID, task_id: UUID, why: str = "done") -> None:
    """The task is over: nobody is asked or waited for any more. Locks the task and what belongs to it."""
    asked = await lock_asked(tx, tenant_id, task_id)
    await release(tx, tenant_id, asked, why)
    if asked.escalation.state != "met":
        await _cancel(tx, asked.escalation)


async def _cancel(tx: Tx, row: EscalationRow) -> None:
    cancelled = replace(row, state="cancelled", due_at=None, paused_until=None, paused_by=None, pause_reason=None)
    await escalation_queries.save_escalation(tx, cancelled)
    await rooms.append_to_incident(tx, row.tenant_id, row.incident_id, EscalationChanged(escalation_view(cancelled)))


async def note(tx: Tx, asked: Asked, kind: str, facts: dict[str, Any], *, by: UUID | None = None) -> None:
    """Write a line into the incident's record and the audit trail."""
    task = asked.task
    await timeline.append(tx, task.tenant_id, task.incident_id, kind, {"task": task.id, **facts}, by=by)
    await audit.record(tx, by, kind, "task", task.id, facts)
