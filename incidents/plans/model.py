"""The nouns of plans: the template (see mobile_contract.plans), the moment it is bound to, and what comes of that."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from incidents.alarms.agents import Hazard
from mobile_contract.plans import (
    ActionTemplate,
    AgentIs,
    AlarmIs,
    AllOf,
    AnyOf,
    Condition,
    Confirm,
    Evacuation,
    GradeIs,
    GradeRule,
    HazardIs,
    HoursAre,
    LevelIs,
    NeedFact,
    NotOf,
    OutsideCall,
    PeopleAre,
    Phone,
    PlanBody,
    PlanRole,
    PlanSource,
    PlanTemplate,
    Scope,
    StepTemplate,
    TaskTemplate,
    Trigger,
    WindIs,
    ZoneIs,
)
from mobile_contract.room_views import Step
from mobile_contract.text import Text

__all__ = [
    "ActionTemplate",
    "AgentIs",
    "AlarmIs",
    "AllOf",
    "AnyOf",
    "Condition",
    "Confirm",
    "Evacuation",
    "GradeIs",
    "GradeRule",
    "HazardIs",
    "HoursAre",
    "LevelIs",
    "NotOf",
    "OutsideCall",
    "PeopleAre",
    "Phone",
    "PlanBody",
    "PlanRole",
    "PlanSource",
    "PlanTemplate",
    "StepTemplate",
    "TaskTemplate",
    "Trigger",
    "WindIs",
    "ZoneIs",
]

AccountRole: TypeAlias = Literal["responder", "safety_officer"]
Cause: TypeAlias = Literal["high", "low", "vote", "stale", "discrepancy", "no_effect", "manual", "sos"]


class Wind(msgspec.Struct, frozen=True):
    """Where the wind comes from, degrees clockwise from north, and its speed in m/s."""

    from_deg: float
    speed_m_s: float


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is bound to: what happened, where, when. None: nobody knows.

    ``cause``: the alarm's kind, or that a person started the plan or called for help; ``local``: in the site's time
    zone; ``zone`` and ``group`` by slug; the texts are names for people.
    """

    cause: Cause
    level: int
    agent: str | None
    hazard: Hazard | None
    zone: str
    local: datetime
    place: Text
    agent_name: Text
    source: Text
    grade: int | None = None
    wind: Wind | None = None
    people: int | None = None
    group: str | None = None


class Need(msgspec.Struct, frozen=True):
    """How many people with a skill a task needs, and how far each must have said yes."""

    skill: str | None
    count: int
    fact: NeedFact


class RoleNeed(msgspec.Struct, frozen=True):
    """The same by role, with all its skills."""

    role: str
    name: Text
    skills: tuple[str, ...]
    count: int
    fact: NeedFact


class BoundTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of this moment. ``after``: slugs of tasks of this moment that come first."""

    slug: str
    role: str
    asks: AccountRole
    needs: tuple[Need, ...]
    title: Text
    steps: tuple[Step, ...]
    within_s: float
    after: tuple[str, ...]


class BoundPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan means at this moment."""

    template: str
    version: int
    title: Text
    do_nots: tuple[Text, ...]
    tasks: tuple[BoundTask, ...]
    actions: tuple[ActionTemplate, ...]
    evacuation: Scope
    needs: tuple[RoleNeed, ...]
    grade_rules: tuple[GradeRule, ...]


class WaitingTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is given when those before it are done; ``id`` is its own already."""

    id: UUID
    task: BoundTask
    after: tuple[UUID, ...]
