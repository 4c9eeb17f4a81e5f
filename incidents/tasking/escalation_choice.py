"""Who is asked next, and what an answer does to a task. Pure.

A task belongs to the person it was last given to, and its fencing number rises each time it changes hands. An answer
given under an older number is late. Late answers are not alike:

* A late "yes" is welcome. While nobody else said yes, the task goes to the one who did: whoever is going has it, and
  the person asked meanwhile is released. When somebody else has it, the yes is kept as a fact and shown: one more is
  coming.
* A late "no" changes nothing: the task has moved on already.
* A "no" of the person who has the task moves it on at once, even after a "yes": people get hurt on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from incidents.incident import Task


class Candidate(msgspec.Struct, frozen=True):
    """Someone who may be asked; ``reach``: 2 a push address, 1 a signed-in device, 0 none; ``busy``: tasks in hand."""

    account_id: UUID
    role: str
    reach: int
    busy: int


def choose_next(candidates: Iterable[Candidate], asked: Collection[UUID], role: str) -> UUID | None:
    """The next person for a task of this role, or None when everybody was asked.

    First those of the task's role, then responders, then safety officers (the last resort asks them all); among equals
    the one who can be reached best, then who has least in hand, then the older account.
    """
    ranks = {"responder": 1, "safety_officer": 2} | {role: 0}
    waiting = [c for c in candidates if c.account_id not in asked and c.role in ranks]
    best = min(waiting, key=lambda c: (ranks[c.role], -c.reach, c.busy, c.account_id), default=None)
    return None if best is None else best.account_id


def given_to(task: Task, account_id: UUID) -> Task:
    """The task in another person's hands, waiting for an answer."""
    return msgspec.structs.replace(
        task, owner_account_id=account_id, state="open", fencing=task.fencing + 1, answered_at=None
    )


def left_unanswered(task: Task) -> Task:
    """Nobody is left to ask: the task stays visible, owned by nobody, open to whoever says yes."""
    return msgspec.structs.replace(
        task, owner_account_id=None, state="unanswered", fencing=task.fencing + 1, answered_at=None
    )


def taken_by(task: Task, account_id: UUID, now: datetime) -> Task:
    """What a "yes" of this person makes of the task; the same task when it changes nothing."""
    if task.state not in {"open", "unanswered"}:
        return task
    handed_over = task.owner_account_id != account_id
    return msgspec.structs.replace(
        task,
        owner_account_id=account_id,
        state="acknowledged",
        fencing=task.fencing + 1 if handed_over else task.fencing,
        answered_at=now,
    )


def waits_for(task: Task, account_id: UUID, *, declined: bool) -> bool:
    """Whether this person's silence or "no" moves the task on."""
    if task.owner_account_id != account_id:
        return False
    return task.state == "open" or (declined and task.state == "acknowledged")
