"""Plans at work: the plan an incident runs by, and steps of tasks that are confirmed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Call, Write
from incidents import records
from incidents.plans import step_service
from incidents.plans.giving import Errand
from incidents.plans.plan_queries import WaitingRow
from incidents.plans.step_service import Progress
from incidents.plans.steps import Proof, is_overdue
from mobile_contract.plans import (
    IncidentPlan,
    LateStepView,
    NeedView,
    StepConfirmation,
    TaskProgress,
    WaitingTaskView,
    WatchedStep,
)
from mobile_contract.text import Text
from people.permissions import Permission


@get("/v1/incidents/{incident_id:uuid}/plan", guards=[needs(Permission.READ_INCIDENTS)])
async def get_incident_plan(call: Call, incident_id: FromPath[UUID]) -> IncidentPlan:
    """The plan an incident runs by, the tasks that wait for others, and the steps that are late."""
    file = await records.get_incident(call.tx, call.actor, incident_id)
    plan = file.incident.plan
    waiting = await step_service.list_waiting(call.tx, call.actor, incident_id)
    late = await step_service.list_late(call.tx, call.actor, incident_id)
    return IncidentPlan(
        template=plan["template"],
        version=plan["version"],
        do_nots=msgspec.convert(plan.get("do_nots", []), list[Text]),
        needs=msgspec.convert(plan.get("needs", []), list[NeedView]),
        evacuation=plan.get("evacuation", "none"),
        waiting=[waiting_view(row) for row in waiting],
        late=[LateStepView(row.task_id, row.n, row.due_at) for row in late],
    )


@get("/v1/tasks/{task_id:uuid}/steps", guards=[needs(Permission.READ_INCIDENTS)])
async def list_task_steps(call: Call, task_id: FromPath[UUID]) -> TaskProgress:
    """A task's steps that are to be confirmed or have a time limit, and which are late."""
    return task_progress(await step_service.get_progress(call.tx, call.actor, task_id), call.tx.now)


@post("/v1/tasks/{task_id:uuid}/steps/confirm", status_code=200, guards=[needs(Permission.ANSWER_TASK)])
async def confirm_task_step(
    data: JSONBody[StepConfirmation], task_id: FromPath[UUID], write: Write
) -> Response[TaskProgress]:
    """Confirm a step: by a tap, a photo, a value, or as one of two persons.

    A value out of range is kept and shown, and confirms nothing. Confirming twice is one fact.
    """

    async def work() -> TaskProgress:
        proof = Proof(data.value, data.evidence)
        progress = await step_service.confirm_step(write.tx, write.actor, task_id, data.step, proof)
        return task_progress(progress, write.tx.now)

    return await write.once(work, status=200)


def waiting_view(row: WaitingRow) -> WaitingTaskView:
    """A waiting task as the wire shows it."""
    task = msgspec.convert(row.body, Errand).task
    return WaitingTaskView(
        id=row.id, position=row.position, slug=row.slug, title=task.title, steps=list(task.steps), after=row.after
    )


def task_progress(progress: Progress, now: datetime) -> TaskProgress:
    """A task's steps as the wire shows them."""
    steps = [WatchedStep(**msgspec.structs.asdict(s), overdue=is_overdue(s, now)) for s in progress.steps]
    return TaskProgress(progress.task.id, steps)


router = Router("/", route_handlers=[get_incident_plan, list_task_steps, confirm_task_step], tags=["plans at work"])
