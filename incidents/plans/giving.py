"""Tasks of a bound plan: given to people, or kept until the tasks before them are done.

The caller holds the incident's lock; everything happens in its transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from incidents.reaching.orders import OrderContent
from incidents.record import timeline
from incidents.tasking import escalation
from incidents.tasking.policy import NEEDS_MAX, Need
from mobile_contract.agent_cards import CardBrief
from mobile_contract.room_events import TaskAssigned, TaskStepsChanged
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
    policy: dict[str, Any] | None = None


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
            body=_plain(Errand(wanted, around, _policy(template))),
            created_at=tx.now,
        )
        if row.after:
            await plan_queries.insert_waiting(tx, tenant_id, row)
        else:
            given.append(await _give(tx, tenant_id, incident, row))
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
    return [await _give(tx, tenant_id, incident, row) for row in ready]


async def _give(tx: Tx, tenant_id: UUID, incident: Incident, row: WaitingRow) -> Task:
    """Start to look for the task's people: who is asked, and in which order, is the escalation's."""
    errand = _errand(row)
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
        owner_account_id=None,
        state="open",
        fencing=1,
        deadline_at=tx.now + timedelta(seconds=errand.task.within_s),
        created_at=tx.now,
        slug=row.slug,
        needs=[Need(need.skill, need.count, need.fact) for need in errand.task.needs[:NEEDS_MAX]],
        policy=errand.policy,
    )
    task = await escalation.start(tx, task, _order(incident, task, errand.around))
    progress = progress_of(task.steps, tx.now)
    await plan_queries.insert_steps(tx, tenant_id, incident.id, task.id, progress)
    facts: dict[str, Any] = {
        "task": task.id,
        "title": task.title,
        "to": task.owner_account_id,
        "deadline": task.deadline_at,
        "plan": {"template": task.plan_template, "version": task.plan_version},
    }
    await timeline.append(tx, tenant_id, incident.id, "task.assigned", facts)
    await rooms.append_to_incident(tx, tenant_id, incident.id, TaskAssigned(views.task_view(task)))
    if progress:
        await rooms.append_to_incident(tx, tenant_id, incident.id, TaskStepsChanged(task.id, progress))
    return task


def _order(incident: Incident, task: Task, around: Surroundings) -> OrderContent:
    return OrderContent(
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


def _policy(template: PlanTemplate) -> dict[str, Any] | None:
    """What the plan says of who is asked in which order, as a task keeps it."""
    named = template.escalation
    return {"slug": named} if isinstance(named, str) else named


def _errand(row: WaitingRow) -> Errand:
    return msgspec.convert(row.body, Errand)


def _plain(errand: Errand) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(errand)
    return plain
