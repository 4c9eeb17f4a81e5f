"""What people make of a task besides answering it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from core.errors import Conflict, Invalid, NotFound
from incidents.incident import Task
from incidents.tasking.handling import again, blocked, cancelled, check_ended, check_open, divided, unblocked
from incidents.tasking.policy import Need
from mobile_contract.room_views import Step
from mobile_contract.text import Text

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
WANG, NEW = UUID(int=7), UUID(int=9)
TEXT = Text("甲", "A")


def task(**changes: Any) -> Task:
    made = Task(
        tenant_id=UUID(int=1),
        id=UUID(int=2),
        incident_id=UUID(int=3),
        position=1,
        role="responder",
        title=TEXT,
        steps=[Step(n, TEXT) for n in (1, 2, 3)],
        plan_template="solvent",
        plan_version=4,
        owner_account_id=WANG,
        state="acknowledged",
        fencing=3,
        deadline_at=NOW + timedelta(minutes=2),
        created_at=NOW,
        answered_at=NOW,
        slug="valve",
        needs=[Need(skill="hf", count=2)],
    )
    return replace(made, **changes)


def test_a_blocked_task_says_why_and_since_when() -> None:
    first = blocked(task(), WANG, "door locked", NOW)
    second = blocked(first, WANG, "key broken", LATER)
    assert (second.blocked_at, second.blocked_reason, second.state) == (NOW, "key broken", "acknowledged")
    assert unblocked(second) == task()


def test_a_cancelled_task_is_neither_blocked_nor_on_its_way_to_somebody() -> None:
    over = cancelled(replace(blocked(task(), WANG, "x", NOW), offered_to=NEW, offered_by=WANG))
    assert (over.state, over.blocked_at, over.offered_to, over.offered_by) == ("cancelled", None, None, None)


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_what_is_over_is_done_again_and_nothing_else(state: str) -> None:
    over = task(state=state)
    check_ended(over)
    with pytest.raises(Conflict, match="over"):
        check_open(over)
    check_open(task())
    with pytest.raises(Conflict, match="still to be done"):
        check_ended(task())


def test_done_again_it_has_as_much_time_as_it_had() -> None:
    once_more = again(task(state="done", done_at=LATER), NEW, LATER)
    assert (once_more.id, once_more.from_task, once_more.state, once_more.done_at) == (NEW, task().id, "open", None)
    assert once_more.deadline_at - once_more.created_at == timedelta(minutes=2)
    assert (once_more.plan_template, once_more.plan_version, once_more.owner_account_id) == ("solvent", 4, None)


def test_both_parts_of_a_task_keep_its_plan_its_deadline_and_their_numbers() -> None:
    kept, part = divided(task(), NEW, Text("乙", "B"), [2], {1}, LATER)
    assert ([s.n for s in kept.steps], [s.n for s in part.steps]) == ([1, 3], [2])
    assert (part.id, part.from_task, part.title.en, part.state) == (NEW, kept.id, "B", "open")
    assert (part.plan_template, part.plan_version, part.slug) == ("solvent", 4, "valve")
    assert part.deadline_at == kept.deadline_at
    assert [(n.skill, n.count) for n in part.needs] == [("hf", 1)]
    assert (kept.owner_account_id, kept.state) == (WANG, "acknowledged")


@pytest.mark.parametrize(
    ("numbers", "error", "code"),
    [
        ([4], NotFound, "step.not_found"),
        ([], Invalid, "task.split"),
        ([1, 2, 3], Invalid, "task.split"),
        ([1, 2], Conflict, "step.confirmed"),
    ],
)
def test_a_part_has_steps_leaves_steps_and_takes_none_that_is_done(numbers: list[int], error: Any, code: str) -> None:
    with pytest.raises(error) as refused:
        divided(task(), NEW, TEXT, numbers, {1}, NOW)
    assert refused.value.code == code
