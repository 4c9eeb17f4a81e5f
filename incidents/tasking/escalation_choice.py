"""Whose a task is, and what answers do to it. Pure.

A task belongs to the person it was last given to, and its fencing number rises each time it changes hands. Whoever said
yes is its crew; the first of them with a skill it needs leads and owns it. An answer given under an older number is
late. Late answers are not alike:

* A late "yes" is welcome. While nobody else said yes, the task goes to the one who did: whoever is going has it. When
  somebody else has it, the yes is kept as a fact and shown: one more is coming.
* A late "no" changes nothing: the task has moved on already.
* A "no" of the person who has the task moves it on at once, even after a "yes": people get hurt on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from incidents.incident import Task
from incidents.tasking.escalation_moves import Asked


def given_to(task: Task, account_id: UUID) -> Task:
    """The task in another person's hands, waiting for an answer."""
    return replace(task, owner_account_id=account_id, state="open", fencing=task.fencing + 1, answered_at=None)


def left_unanswered(task: Task) -> Task:
    """Nobody is left to ask: the task stays visible, owned by nobody, open to whoever says yes."""
    return replace(task, owner_account_id=None, state="unanswered", fencing=task.fencing + 1, answered_at=None)


def taken_by(task: Task, account_id: UUID, now: datetime) -> Task:
    """The task in the hands of a person who goes."""
    fencing = task.fencing if task.owner_account_id == account_id else task.fencing + 1
    return replace(task, owner_account_id=account_id, state="acknowledged", fencing=fencing, answered_at=now)


def owned(  # noqa: PLR0911 - one return a case
    task: Task, asked: Sequence[Asked], suited: Collection[UUID], now: datetime, *, used_up: bool = False
) -> Task:
    """The task as the answers leave it; the same task when they change nothing.

    ``asked`` in the order they were asked; ``suited``: who has a skill it needs; ``used_up``: nobody is left to ask.
    """
    if task.state in ("done", "cancelled"):
        return task
    owner = next((a for a in asked if a.account_id == task.owner_account_id), None)
    if task.state == "acknowledged" and (owner is None or owner.said != "no"):
        # Whoever has it keeps it, also one it was handed to who was never asked.
        return task
    fits = [(a.said_at or now, a.account_id) for a in asked if a.said == "yes" and a.account_id in suited]
    if fits:
        return taken_by(task, min(fits)[1], now)
    if owner is not None and owner.waiting:
        return task
    waiting = [a.account_id for a in asked if a.waiting]
    if waiting:
        return given_to(task, waiting[0])
    if not used_up:
        return replace(task, state="open", answered_at=None)
    return task if task.state == "unanswered" else left_unanswered(task)
