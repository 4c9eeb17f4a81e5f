"""Drills on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.people import Slug
from mobile_contract.text import Text

# A drill that is longer is not watched any more; who needs it starts another.
DRILL_MAX_MINUTES = 240
# A goal beyond a working shift's half is none.
GOAL_MAX_S = 14_400.0

Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
GoalSeconds: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=GOAL_MAX_S)]


class Goals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be reached within how many seconds; null: not asked for.

    ``receipt_s``: every order on a device of its person; ``acknowledge_s``: every task taken by somebody; ``quorum_s``:
    every task has the people it needs; ``accounted_s``: nobody missing or unsure in a roll call.
    """

    receipt_s: GoalSeconds | None = None
    acknowledge_s: GoalSeconds | None = None
    quorum_s: GoalSeconds | None = None
    accounted_s: GoalSeconds | None = None


class NewDrill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Practise a plan in a zone. ``goals`` left out: the plan's. It ends by itself after ``minutes``.

    ``announced``: people were told before. Every order says that it is an exercise either way.
    """

    plan: Slug
    zone: UUID
    reason: Reason
    level: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    agent: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,63}$")] | None = None
    announced: bool = True
    minutes: Annotated[int, msgspec.Meta(ge=1, le=DRILL_MAX_MINUTES)] = 60
    goals: Goals | None = None


class DrillStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``finished``: it was done; ``stopped``: it was broken off."""

    why: Literal["finished", "stopped"]
    reason: Reason


class GoalResult(msgspec.Struct, frozen=True, kw_only=True):
    """One goal in words; ``margin_s`` below zero: late by so much; ``took_s`` null: not reached."""

    goal: Literal["receipt", "acknowledge", "quorum", "accounted"]
    name: Text
    limit_s: float
    took_s: float | None
    margin_s: float | None
    result: Literal["met", "missed", "undecided"]
    says: Text


class DrillPerson(msgspec.Struct, frozen=True, kw_only=True):
    """One person, in seconds from their first order. ``reached``: a device of theirs said that it has the order."""

    account: UUID
    orders: int
    reached: bool
    receipt_s: float | None
    seen_s: float | None
    acknowledge_s: float | None
    moving_s: float | None
    decline_s: float | None


class DrillTask(msgspec.Struct, frozen=True, kw_only=True):
    """One task, in seconds from when it was given."""

    task: UUID
    slug: str
    asked: int
    acknowledge_s: float | None
    done_s: float | None
    quorum_s: float | None
    steps: int
    confirmed: int


class DrillScore(msgspec.Struct, frozen=True, kw_only=True):
    """How a drill goes or went. ``people`` null: not for this reader."""

    overall: Literal["passed", "partly", "failed", "unscored"]
    says: Text
    goals: list[GoalResult]
    ordered: int
    reached: int
    receipt_s: float | None
    acknowledge_s: float | None
    quorum_s: float | None
    accounted_s: float | None
    steps: int
    confirmed: int
    tasks: list[DrillTask]
    people: list[DrillPerson] | None


class DrillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A drill. ``real_incident``: what it gave way to; ``overall`` null: it runs."""

    id: UUID
    incident: UUID
    site: UUID
    zone: UUID
    plan: str
    reason: str
    level: int
    announced: bool
    started_by: UUID | None
    started_at: datetime
    ends_at: datetime
    goals: Goals
    ended_at: datetime | None
    ended_why: Literal["finished", "stopped", "time", "real_alarm"] | None
    ended_by: UUID | None
    real_incident: UUID | None
    overall: Literal["passed", "partly", "failed", "unscored"] | None


class DrillDetail(msgspec.Struct, frozen=True):
    """A drill with its score; of one that runs, as it stands."""

    drill: DrillRecord
    score: DrillScore


class DrillTrendItem(msgspec.Struct, frozen=True, kw_only=True):
    """An ended drill beside the one of the same plan and site before it; ``*_change_s`` below zero: quicker."""

    drill: UUID
    site: UUID
    started_at: datetime
    ended_why: Literal["finished", "stopped", "time", "real_alarm"]
    announced: bool
    overall: Literal["passed", "partly", "failed", "unscored"]
    receipt_s: float | None
    acknowledge_s: float | None
    quorum_s: float | None
    accounted_s: float | None
    receipt_change_s: float | None
    acknowledge_change_s: float | None
    quorum_change_s: float | None
    accounted_change_s: float | None


class DrillTrend(msgspec.Struct, frozen=True):
    """Drills of one plan, oldest first."""

    plan: str
    items: list[DrillTrendItem]
