"""Confirming steps: what counts, by whom, and what holds a task open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.errors import Conflict, Forbidden, Invalid
from incidents.plans.steps import Proof, check_finished, confirm, is_overdue, progress_of, waits_for_second
from mobile_contract.room_views import Step, StepView
from tests.unit.plan_words import TEXT

ANN, BOB = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def step(how: Any, **fields: Any) -> Step:
    return Step(1, TEXT, confirm=how, required=True, **fields)


def view(how: Any) -> StepView:
    return StepView(n=1, confirm=how, required=True, due_at=NOW + timedelta(seconds=60))


def test_what_is_watched_has_a_confirmation_or_a_limit() -> None:
    steps = [Step(1, TEXT), step("tap"), Step(3, TEXT, within_s=60.0)]
    assert [(s.n, s.confirm, s.due_at) for s in progress_of(steps, NOW)] == [
        (1, "tap", None),
        (3, "none", NOW + timedelta(seconds=60)),
    ]


@pytest.mark.parametrize(
    ("how", "proof", "fields"),
    [
        ("tap", Proof(), {}),
        ("none", Proof(), {}),
        ("photo", Proof(evidence="a.jpg"), {}),
        ("value", Proof(value=5.0), {"high": 5.0}),
        ("value", Proof(value=5.0), {"low": 5.0}),
    ],
)
def test_confirmed_by_its_proof(how: Any, proof: Proof, fields: dict[str, float]) -> None:
    after = confirm(step(how, **fields), view(how), proof, ANN, NOW)
    assert (after.confirmed_by, after.confirmed_at) == (ANN, NOW)
    assert confirm(step(how, **fields), after, Proof(), BOB, NOW) is after, "once is enough"


@pytest.mark.parametrize(
    ("how", "proof", "field"),
    [
        ("photo", Proof(), "evidence"),
        ("value", Proof(), "value"),
        ("value", Proof(value=float("nan")), "value"),
    ],
)
def test_a_missing_proof_is_named(how: Any, proof: Proof, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        confirm(step(how, high=1.0), view(how), proof, ANN, NOW)
    assert refused.value.field == field


@pytest.mark.parametrize("fields", [{"high": 4.0}, {"low": 6.0}])
def test_a_value_out_of_range_is_seen_and_confirms_nothing(fields: dict[str, float]) -> None:
    after = confirm(step("value", **fields), view("value"), Proof(value=5.0), ANN, NOW)
    assert (after.value, after.confirmed_at) == (5.0, None)


def test_the_second_person_is_another_one() -> None:
    asked = step("second_person")
    first = confirm(asked, view("second_person"), Proof(), ANN, NOW)
    assert (first.first_by, first.confirmed_at) == (ANN, None)
    assert not waits_for_second(asked, view("second_person"))
    assert waits_for_second(asked, first)
    with pytest.raises(Forbidden):
        confirm(asked, first, Proof(), ANN, NOW)
    assert confirm(asked, first, Proof(), BOB, NOW).confirmed_by == BOB


def test_a_required_step_holds_its_task_open() -> None:
    optional = StepView(n=2, confirm="tap", required=False)
    check_finished([optional])
    with pytest.raises(Conflict) as refused:
        check_finished([view("tap"), optional])
    assert refused.value.value == [1]
    check_finished([confirm(step("tap"), view("tap"), Proof(), ANN, NOW), optional])


def test_overdue_ends_with_the_confirmation() -> None:
    late = NOW + timedelta(seconds=61)
    assert not is_overdue(view("tap"), NOW)
    assert is_overdue(view("tap"), late)
    assert not is_overdue(confirm(step("tap"), view("tap"), Proof(), ANN, NOW), late)
    assert not is_overdue(StepView(n=1, confirm="tap", required=True), late)
