"""Confirming the steps of a task: what counts as done, by whom. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.errors import Conflict, Forbidden, Invalid
from mobile_contract.room_views import Step, StepView


class Proof(msgspec.Struct, frozen=True):
    """What a person says: a ``value`` for a value, the name of a photo (``evidence``) for a photo."""

    value: float | None = None
    evidence: str | None = None


def progress_of(steps: Sequence[Step], given_at: datetime) -> list[StepView]:
    """What is watched of a task that is given now: steps to be confirmed, and steps with a time limit."""
    return [
        StepView(
            n=step.n,
            confirm=step.confirm,
            required=step.required,
            due_at=None if step.within_s is None else given_at + timedelta(seconds=step.within_s),
        )
        for step in steps
        if step.confirm != "none" or step.within_s is not None
    ]


def confirm(step: Step, known: StepView, proof: Proof, by: UUID, now: datetime) -> StepView:
    """The step after this person said so; once confirmed it stays as it is.

    A value out of range is kept, so that everybody sees it, and confirms nothing. The first of two persons confirms
    nothing alone. Raises Invalid for a proof that is missing, Forbidden for the same person twice.
    """
    if known.confirmed_at is not None:
        return known
    said = replace(known, value=proof.value, evidence=proof.evidence or known.evidence)
    match step.confirm:
        case "photo":
            _need(proof.evidence, "evidence", "this step is confirmed by a photo", "此步骤须以照片确认")
        case "value":
            _need(proof.value, "value", "this step is confirmed by a value", "此步骤须填写数值")
            if not _in_range(step, proof.value):
                return said
        case "second_person":
            if known.first_by is None:
                return replace(said, first_at=now, first_by=by)
            if known.first_by == by:
                raise Forbidden(
                    "step.same_person",
                    "the second person is another one",
                    "须由另一人进行第二次确认",
                    field="by",
                    value=by,
                )
    return replace(said, confirmed_at=now, confirmed_by=by)


def _need(proof: object, field: str, en: str, zh: str) -> None:
    if proof is None or (isinstance(proof, float) and not math.isfinite(proof)):
        raise Invalid(f"step.no_{field}", en, zh, field=field)


def _in_range(step: Step, value: float | None) -> bool:
    assert value is not None
    return (step.low is None or value >= step.low) and (step.high is None or value <= step.high)


def waits_for_second(step: Step, known: StepView) -> bool:
    """Whether the next to confirm is the second of two persons, who need not be the task's own."""
    return step.confirm == "second_person" and known.first_by is not None


def check_finished(steps: Sequence[StepView]) -> None:
    """Raise Conflict while a required step of the task is not confirmed."""
    missing = [step.n for step in steps if step.required and step.confirmed_at is None]
    if missing:
        shown = ", ".join(str(n) for n in missing)
        raise Conflict(
            "task.steps_unconfirmed",
            f"steps {shown} are to be confirmed first",
            f"须先确认步骤 {shown}",
            field="steps",
            value=missing,
        )


def is_overdue(step: StepView, now: datetime) -> bool:
    """Whether the step's time is up and nobody confirmed it."""
    return step.due_at is not None and step.confirmed_at is None and now > step.due_at
