"""Tasks of a bound plan: given to people, or kept until the tasks before them are done.

The caller holds the incident's lock; everything happens in its transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx
from core.ids import new_id
from incidents import queries, rooms, views
from incidents.incident import Incident, Task
from incidents.plans import plan_library, plan_queries
from incidents.plans.model import BoundPlan, BoundTask, PlanTemplate
from incidents.plans.plan_queries import WaitingRow
from incidents.plans.steps import progress_of
from incidents.reaching import orders
from incidents.reaching.orders import OrderContent
from incidents.record import timeline
from incidents.tasking import task_queries
from incidents.tasking.escalation_choice import Candidate, choose_next
from mobile_contract.agent_cards import CardBrief
from mobile_contract.room import TaskAssigned, TaskStepsChanged
from mobile_contract.text import Text

_OVER = ("done", "cancelled")


class Surroundings(msgspec.Struct, frozen=True):
    """What an order says beside its task: where this alarm is and what it is about (the incident may have begun next
    door), what nobody may do, what to know of the agent."""

    place: Text
    agent: str | None
    do_nots: list[Text]
    card: CardBrief | None


class Errand(msgspec.Struct, frozen=True):
    """A task as it waits."""

    task: BoundTask
    around: Surroundings


async def give_plan(
    tx: Tx,
    tenant_id: UUID,
    incident: Incident,
    template: PlanTemplate,
    bound: BoundPlan,
    around: Surroundings,
    *,
    again: bool = True,
) -> list[Task]:
    """Give each task of the plan that nobody has in hand to one person, and order them to it; what waits for others
    is kept. ``again``: a task that was done when the alarm called before is given again."""
    await queries.store_template(tx, tenant_id, template.slug, template.version, plan_library.as_stored(template))
    existing = await queries.list_tasks(tx, tenant_id, incident.id)
    waiting = await plan_queries.list_waiting(tx, tenant_id, incident.id)
    known = {(t.plan_template, t.slug, t.title.en): t.id for t in existing if not again or t.state not in _OVER}
    known |= {(w.plan_template, w.slug, _errand(w).task.title.en): w.id for w in waiting}
    in_hand = {task.slug: _known(known, bound.template, task) for task in bound.tasks}
    ids = {slug: found or new_id() for slug, found in in_hand.items()}
    candidates = await task_queries.list_candidates(tx, tenant_id)
    busy = _busy(existing)
    given: list[Task] = []
    position = len(existing) + len(waiting)
    for wanted in bound.tasks:
        if in_hand[wanted.slug] is not None:
            continue
        position += 1
        row = WaitingRow(
            tenant_id=tenant_id,
            id=ids[wanted.slug],
            incident_id=incident.id,
            position=position,
            plan_template=bound.template,
            plan_version=bound.version,
            slug=wanted.slug,
            after=[ids[slug] for slug in wanted.after],
            body=_plain(Errand(wanted, around)),
            created_at=tx.now,
        )
        if row.after:
            await plan_queries.insert_waiting(tx, tenant_id, row)
        else:
            given.append(await _give(tx, tenant_id, incident, row, candidates, busy))
    return given


def _known(known: Mapping[tuple[str, str, str], UUID], template: str, task: BoundTask) -> UUID | None:
    """The task as it is in hand or waits already; its title names the place, and tasks from before have no slug."""
    return known.get((template, task.slug, task.title.en)) or known.get((template, "", task.title.en))


async def give_ready(tx: Tx, tenant_id: UUID, incident: Incident) -> list[Task]:
    """Give what waited for tasks that are all over by now; the caller has just ended one of them."""
    waiting = await plan_queries.list_waiting(tx, tenant_id, incident.id)
    if not waiting:
        return []
    existing = await queries.list_tasks(tx, tenant_id, incident.id)
    over = {t.id for t in existing if t.state in _OVER}
    ready = [row for row in waiting if over.issuperset(row.after)]
    await plan_queries.delete_waiting(tx, tenant_id, [row.id for row in ready])
    candidates = await task_queries.list_candidates(tx, tenant_id)
    busy = _busy(existing)
    return [await _give(tx, tenant_id, incident, row, candidates, busy) for row in ready]


def _busy(tasks: Sequence[Task]) -> set[UUID]:
    return {t.owner_account_id for t in tasks if t.state not in _OVER and t.owner_account_id is not None}


def choose_owner(candidates: Sequence[Candidate], busy: set[UUID], role: str) -> UUID | None:
    """Somebody without a task in this incident; when everybody has one, whoever can be reached best."""
    return choose_next(candidates, busy, role) or choose_next(candidates, set(), role)


async def _give(
    tx: Tx, tenant_id: UUID, incident: Incident, row: WaitingRow, candidates: Sequence[Candidate], busy: set[UUID]
) -> Task:
    errand = _errand(row)
    owner = choose_owner(candidates, busy, errand.task.asks)
    if owner is not None:
        busy.add(owner)
    task = Task(
        tenant_id=tenant_id,
        id=row.id,
        incident_id=incident.id,
        position=row.position,
        role=errand.task.asks,
        title=errand.task.title,
        steps=list(errand.task.steps),
        plan_template=row.plan_template,
        plan_version=row.plan_version,
        owner_account_id=owner,
        state="open" if owner is not None else "unanswered",
        fencing=1,
        deadline_at=tx.now + timedelta(seconds=errand.task.within_s),
        created_at=tx.now,
        slug=row.slug,
    )
    await queries.insert_task(tx, tenant_id, task)
    progress = progress_of(task.steps, tx.now)
    await plan_queries.insert_steps(tx, tenant_id, incident.id, task.id, progress)
    await _tell(tx, tenant_id, incident, task, errand.around)
    if progress:
        await rooms.append_to_incident(tx, tenant_id, incident.id, TaskStepsChanged(task.id, progress))
    return task


async def _tell(tx: Tx, tenant_id: UUID, incident: Incident, task: Task, around: Surroundings) -> None:
    """The record, the room, and the order to its owner."""
    facts: dict[str, Any] = {
        "task": task.id,
        "title": task.title,
        "to": task.owner_account_id,
        "deadline": task.deadline_at,
        "plan": {"template": task.plan_template, "version": task.plan_version},
    }
    await timeline.append(tx, tenant_id, incident.id, "task.assigned", facts)
    room_id = await rooms.room_id_of(tx, tenant_id, incident.id)
    if task.owner_account_id is not None:
        await rooms.add_member(tx, tenant_id, room_id, task.owner_account_id)
    rooms.append_later(tx, room_id, TaskAssigned(views.task_view(task)))
    if task.owner_account_id is None:
        return
    content = OrderContent(
        grade=incident.grade,
        title=task.title,
        place=around.place,
        agent=around.agent,
        steps=task.steps,
        deadline_at=task.deadline_at,
        exercise=incident.exercise,
        do_nots=around.do_nots,
        card=around.card,
    )
    await orders.queue_order(tx, tenant_id, task.id, task.owner_account_id, content)


def _errand(row: WaitingRow) -> Errand:
    return msgspec.convert(row.body, Errand)


def _plain(errand: Errand) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(errand)
    return plain
