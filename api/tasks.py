"""Tasks: whose they are, taking or declining them, saying that they are done."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from core.ids import new_id
from incidents import records, service, views
from incidents.incident import Task
from incidents.tasking import task_service, tasks
from mobile_contract.incidents import TaskAnswer, TaskDone, TaskHandover, TaskReason, TaskRecord, TaskSplit
from mobile_contract.paging import Page
from people.permissions import Permission


@get("/v1/me/tasks", guards=[needs(Permission.READ_INCIDENTS)])
async def list_own_tasks(
    call: Call,
    current: Annotated[bool, QueryParameter(description="False: those that are over, too.")] = True,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TaskRecord]:
    """One's own tasks, newest first; those one was asked for and nobody took are among them."""
    rows = await records.list_own_tasks(
        call.tx, call.actor, current=current, before=read_time_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.created_at, row.id), view=task_record)


@get("/v1/incidents/{incident_id:uuid}/tasks", guards=[needs(Permission.READ_INCIDENTS)])
async def list_incident_tasks(call: Call, incident_id: FromPath[UUID]) -> Page[TaskRecord]:
    """Tasks of an incident in the order of its plan, on one page: a plan has some tens."""
    rows = await records.list_incident_tasks(call.tx, call.actor, incident_id)
    return Page([task_record(row) for row in rows], None)


@get("/v1/tasks/{task_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_task(call: Call, task_id: FromPath[UUID]) -> TaskRecord:
    """One task with its numbered steps."""
    return task_record(await records.get_task(call.tx, call.actor, task_id))


@post("/v1/tasks/{task_id:uuid}/answer", status_code=200, guards=[needs(Permission.ANSWER_TASK)])
async def answer_task(data: JSONBody[TaskAnswer], task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """Take a task one was asked for, or decline it: it moves on at once."""

    async def work() -> TaskRecord:
        # Without a key of the client's every request is an answer of its own.
        key = write.key or str(new_id())
        return task_record(await tasks.answer(write.tx, write.actor, task_id, data.answer, data.reason, key))

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/done", status_code=200, guards=[needs(Permission.ANSWER_TASK)])
async def finish_task(data: JSONBody[TaskDone], task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """Say that one's task is done; twice is one fact."""

    async def work() -> TaskRecord:
        return task_record(await service.finish_task(write.tx, write.actor, task_id, data.note))

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/handover", status_code=200, guards=[needs(Permission.ANSWER_TASK)])
async def hand_task_over(data: JSONBody[TaskHandover], task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """Offer a task to a named person, who is asked at once; it stays whose it is until they acknowledge it.

    For its owner, the incident's commander and safety officers.
    """

    async def work() -> TaskRecord:
        return task_record(await task_service.hand_over(write.tx, write.actor, task_id, data.to, data.reason))

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/block", status_code=200, guards=[needs(Permission.ANSWER_TASK)])
async def block_task(data: JSONBody[TaskReason], task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """Say that a task can not go on, and why; nobody new is asked for it meanwhile."""

    async def work() -> TaskRecord:
        return task_record(await task_service.block(write.tx, write.actor, task_id, data.reason))

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/unblock", status_code=200, guards=[needs(Permission.ANSWER_TASK)])
async def unblock_task(task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """It can go on: people it still needs are asked at once."""

    async def work() -> TaskRecord:
        return task_record(await task_service.unblock(write.tx, write.actor, task_id))

    return await write.once(work, status=200)


@post("/v1/tasks/{task_id:uuid}/split", guards=[needs(Permission.ANSWER_TASK)])
async def split_task(data: JSONBody[TaskSplit], task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """Make some of a task's steps a task of its own, which is given like a new one and answered here."""

    async def work() -> TaskRecord:
        return task_record(await task_service.split(write.tx, write.actor, task_id, data.title, data.steps))

    return await write.once(work)


@post("/v1/tasks/{task_id:uuid}/reopen", guards=[needs(Permission.ANSWER_TASK)])
async def reopen_task(data: JSONBody[TaskReason], task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """Have a task that was done or cancelled done again: a task that names the first, given like a new one."""

    async def work() -> TaskRecord:
        return task_record(await task_service.reopen(write.tx, write.actor, task_id, data.reason))

    return await write.once(work)


@post("/v1/tasks/{task_id:uuid}/cancel", status_code=200, guards=[needs(Permission.MANAGE_INCIDENT)])
async def cancel_task(data: JSONBody[TaskReason], task_id: FromPath[UUID], write: Write) -> Response[TaskRecord]:
    """Nobody need do it any more; what waited for it is given."""

    async def work() -> TaskRecord:
        return task_record(await task_service.cancel(write.tx, write.actor, task_id, data.reason))

    return await write.once(work, status=200)


def task_record(task: Task) -> TaskRecord:
    """A task as the wire shows it outside of a room."""
    return TaskRecord(**msgspec.structs.asdict(views.task_view(task)), incident=task.incident_id)


router = Router(
    "/",
    route_handlers=[
        list_own_tasks,
        list_incident_tasks,
        get_task,
        answer_task,
        finish_task,
        hand_task_over,
        block_task,
        unblock_task,
        split_task,
        reopen_task,
        cancel_task,
    ],
    tags=["tasks"],
)
