"""What people may make of a task besides answering it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from core.errors import Conflict, Invalid, NotFound
from incidents.incident import Task
from mobile_contract.room_views import Step
from mobile_contract.text import Text


def check_open(task: Task) -> None:
    """Raise Conflict for a task that is over."""
    if task.is_over:
        raise Conflict(
            "task.over",
            f"this task is over: {task.state}",
            f"此任务已结束:{task.state}",
            field="state",
            value=task.state,
            limit="open",
        )


def blocked(task: Task, by: UUID, reason: str, now: datetime) -> Task:
    """The task can not go on; blocked again it is so for the newer reason, since when it first was."""
    return replace(task, blocked_at=task.blocked_at or now, blocked_by=by, blocked_reason=reason)


def unblocked(task: Task) -> Task:
    """It can go on."""
    return replace(task, blocked_at=None, blocked_by=None, blocked_reason=None)


def cancelled(task: Task) -> Task:
    """Nobody need do it any more."""
    return replace(unblocked(task), state="cancelled", offered_to=None, offered_by=None)


def check_ended(task: Task) -> None:
    """Raise Conflict for a task that is still to be done."""
    if not task.is_over:
        raise Conflict(
            "task.not_over",
            "this task is still to be done",
            "此任务尚未结束",
            field="state",
            value=task.state,
            limit=["done", "cancelled"],
        )


def again(task: Task, task_id: UUID, now: datetime) -> Task:
    """The same task once more, with as much time as it had."""
    return replace(
        task,
        id=task_id,
        owner_account_id=None,
        state="open",
        fencing=1,
        deadline_at=now + (task.deadline_at - task.created_at),
        created_at=now,
        answered_at=None,
        done_at=None,
        from_task=task.id,
    )


def divided(
    task: Task, task_id: UUID, title: Text, numbers: Collection[int], confirmed: Collection[int], now: datetime
) -> tuple[Task, Task]:
    """(what stays, what goes): the steps of these numbers become a task of their own, with its plan and its deadline.

    Steps keep their numbers, so that what was said of step 3 stays true. Raises Invalid, NotFound, and Conflict for a
    step that is done already.
    """
    wanted = set(numbers)
    _check_steps(task.steps, wanted, confirmed)
    staying = [step for step in task.steps if step.n not in wanted]
    going = [step for step in task.steps if step.n in wanted]
    part = replace(
        unblocked(again(task, task_id, now)),
        title=title,
        steps=going,
        deadline_at=task.deadline_at,
        # Each part needs the skills; the numbers were for the whole.
        needs=[replace(need, count=1) for need in task.needs],
        offered_to=None,
        offered_by=None,
    )
    return replace(task, steps=staying), part


def _check_steps(steps: Sequence[Step], wanted: set[int], confirmed: Collection[int]) -> None:
    known = {step.n for step in steps}
    strange = sorted(wanted - known)
    if strange:
        raise NotFound(
            "step.not_found",
            f"this task has no step {strange[0]}",
            f"此任务没有步骤 {strange[0]}",
            field="steps",
            value=strange[0],
        )
    if not wanted or wanted == known:
        raise Invalid(
            "task.split",
            "name at least one step, and leave at least one",
            "至少选择一个步骤,并至少保留一个",
            field="steps",
            value=len(wanted),
            limit=max(len(known) - 1, 0),
        )
    done = sorted(wanted & set(confirmed))
    if done:
        raise Conflict(
            "step.confirmed",
            f"step {done[0]} is done already",
            f"步骤 {done[0]} 已完成",
            field="steps",
            value=done[0],
        )
