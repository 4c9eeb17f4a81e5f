"""The nouns of drills. Times in a score are seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from incidents.plans.model import Need
from mobile_contract.drills import Goals

EndedWhy: TypeAlias = Literal["finished", "stopped", "time", "real_alarm"]
GoalName: TypeAlias = Literal["receipt", "acknowledge", "quorum", "accounted"]
Result: TypeAlias = Literal["met", "missed", "undecided"]
Overall: TypeAlias = Literal["passed", "partly", "failed", "unscored"]


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """A drill: an incident that is an exercise. ``score`` is written once, when it ends.

    ``ends_at``: then it ends by itself; ``real_incident_id``: what it gave way to.
    """

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    site_id: UUID
    zone_id: UUID
    plan: str
    reason: str
    level: int
    announced: bool
    started_by: UUID | None
    started_at: datetime
    ends_at: datetime
    goals: Goals
    ended_at: datetime | None = None
    ended_why: EndedWhy | None = None
    ended_by: UUID | None = None
    real_incident_id: UUID | None = None
    score: Score | None = None


class OrderFact(msgspec.Struct, frozen=True, kw_only=True):
    """One order to one person and what they stated; ``withdrawn_at``: somebody else was asked or it was taken back."""

    account_id: UUID
    task_id: UUID
    queued_at: datetime
    received_at: datetime | None = None
    seen_at: datetime | None = None
    acknowledged_at: datetime | None = None
    moving_at: datetime | None = None
    declined_at: datetime | None = None
    answer_no: bool = False
    withdrawn_at: datetime | None = None


class TaskFact(msgspec.Struct, frozen=True, kw_only=True):
    """A task; ``needs``: the people it needs; ``asks``: false for the one that everybody is ordered out by."""

    id: UUID
    slug: str
    created_at: datetime
    answered_at: datetime | None
    done_at: datetime | None
    needs: tuple[Need, ...] = ()
    asks: bool = True
    steps: int = 0
    confirmed: int = 0


class RollFact(msgspec.Struct, frozen=True):
    """A roll call; ``accounted_at``: when nobody was missing or unsure for the first time."""

    started_at: datetime
    accounted_at: datetime | None


class DrillFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a score is made of; ``until``: the drill's end, or now while it runs."""

    started_at: datetime
    until: datetime
    goals: Goals
    orders: tuple[OrderFact, ...] = ()
    tasks: tuple[TaskFact, ...] = ()
    rolls: tuple[RollFact, ...] = ()
    skills: dict[UUID, frozenset[str]] = {}


class GoalScore(msgspec.Struct, frozen=True):
    """One goal. ``took_s`` null: it was not reached; ``margin_s`` below zero: late by so much.

    Undecided: the drill ended before the time of one of them was up, and none was missed.
    """

    goal: GoalName
    limit_s: float
    took_s: float | None
    margin_s: float | None
    result: Result


class PersonScore(msgspec.Struct, frozen=True, kw_only=True):
    """One person, in seconds from their first order to the first such fact. ``reached``: a device of theirs said so;
    that a push service took it is not reached."""

    account: UUID
    orders: int
    reached: bool
    receipt_s: float | None
    seen_s: float | None
    acknowledge_s: float | None
    moving_s: float | None
    decline_s: float | None


class TaskScore(msgspec.Struct, frozen=True, kw_only=True):
    """One task, in seconds from when it was given; ``asked``: how many people were ordered to it."""

    task: UUID
    slug: str
    asked: int
    acknowledge_s: float | None
    done_s: float | None
    quorum_s: float | None
    steps: int
    confirmed: int


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How a drill went. ``quorum_s`` and ``accounted_s``: seconds from its start, and from each roll call's."""

    overall: Overall
    goals: tuple[GoalScore, ...]
    ordered: int
    reached: int
    receipt_s: float | None
    acknowledge_s: float | None
    quorum_s: float | None
    accounted_s: float | None
    steps: int
    confirmed: int
    tasks: tuple[TaskScore, ...] = ()
    people: tuple[PersonScore, ...] = ()
