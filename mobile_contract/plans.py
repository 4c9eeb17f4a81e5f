"""A plan as data: one form on the wire, in the table and in memory. Its rules are in incidents/plans/check.

A plan is written once and bound to each place and moment it is needed in: its conditions are looked at then, and texts
may hold ``{place}``, ``{agent}`` and ``{source}``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import Slug
from mobile_contract.room_views import ConfirmKind, Step, StepView
from mobile_contract.text import Text

AlarmKind: TypeAlias = Literal["high", "low", "vote", "stale", "discrepancy", "no_effect"]
HazardName: TypeAlias = Literal["flammable", "toxic", "asphyxiant", "machine", "particles"]
NeedFact: TypeAlias = Literal["acknowledged", "moving"]
Scope: TypeAlias = Literal["none", "zone", "adjoining", "building", "site"]

# A plan is read by people under stress: what does not fit into these is two plans.
Code: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,63}$")]
Level: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2)]
GradeNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=4)]
WithinSeconds: TypeAlias = Annotated[float, msgspec.Meta(ge=10.0, le=86_400.0)]
ShortText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Degrees: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=360.0)]
Clock: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class AllOf(msgspec.Struct, frozen=True, tag_field="is", tag="all", forbid_unknown_fields=True):
    """Every one of them holds."""

    of: Annotated[tuple[Condition, ...], msgspec.Meta(min_length=1, max_length=20)]


class AnyOf(msgspec.Struct, frozen=True, tag_field="is", tag="any", forbid_unknown_fields=True):
    """At least one of them holds."""

    of: Annotated[tuple[Condition, ...], msgspec.Meta(min_length=1, max_length=20)]


class NotOf(msgspec.Struct, frozen=True, tag_field="is", tag="not", forbid_unknown_fields=True):
    """It does not hold."""

    of: Condition


class GradeIs(msgspec.Struct, frozen=True, tag_field="is", tag="grade", forbid_unknown_fields=True):
    """The incident's grade lies between these, both included; 1 (I, red) is the gravest: ``gravest`` <= ``mildest``."""

    gravest: GradeNumber = 1
    mildest: GradeNumber = 4


class LevelIs(msgspec.Struct, frozen=True, tag_field="is", tag="level", forbid_unknown_fields=True):
    """The alarm's level is this one or graver."""

    at_least: Level


class AlarmIs(msgspec.Struct, frozen=True, tag_field="is", tag="alarm", forbid_unknown_fields=True):
    """The alarm is of one of these kinds."""

    kinds: Annotated[tuple[AlarmKind, ...], msgspec.Meta(min_length=1, max_length=4)]


class AgentIs(msgspec.Struct, frozen=True, tag_field="is", tag="agent", forbid_unknown_fields=True):
    """The alarm is about one of these agents."""

    agents: Annotated[tuple[Slug, ...], msgspec.Meta(min_length=1, max_length=50)]


class HazardIs(msgspec.Struct, frozen=True, tag_field="is", tag="hazard", forbid_unknown_fields=True):
    """The alarm's agent is one of these dangers."""

    hazards: Annotated[tuple[HazardName, ...], msgspec.Meta(min_length=1, max_length=5)]


class HoursAre(msgspec.Struct, frozen=True, tag_field="is", tag="hours", forbid_unknown_fields=True):
    """It is between these times of the site's day; from later than until: over midnight. ``until`` is not included."""

    from_: Clock = msgspec.field(name="from")
    until: Clock


class WindIs(msgspec.Struct, frozen=True, tag_field="is", tag="wind", forbid_unknown_fields=True):
    """The wind comes out of this sector, clockwise, in degrees (0 north, 90 east), at this speed or more (m/s)."""

    from_deg: Degrees = 0.0
    to_deg: Degrees = 360.0
    at_least_m_s: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 0.0


class PeopleAre(msgspec.Struct, frozen=True, tag_field="is", tag="people", forbid_unknown_fields=True):
    """At least so many people are in the zone."""

    at_least: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class ZoneIs(msgspec.Struct, frozen=True, tag_field="is", tag="zone", forbid_unknown_fields=True):
    """It is in one of these zones, by slug."""

    zones: Annotated[tuple[Slug, ...], msgspec.Meta(min_length=1, max_length=50)]


Condition: TypeAlias = (
    AllOf | AnyOf | NotOf | GradeIs | LevelIs | AlarmIs | AgentIs | HazardIs | HoursAre | WindIs | PeopleAre | ZoneIs
)


class PlanSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where steps come from; steps name it by ``key``."""

    key: Slug
    jurisdiction: ShortText
    edition: ShortText
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Trigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What calls the plan: everything that is named must fit. Without ``alarms`` it is a high or a low one.

    ``group``: a voting group by slug. ``manual``: a person may start it; ``sos``: a call for help does.
    """

    alarms: Annotated[tuple[AlarmKind, ...], msgspec.Meta(max_length=4)] = ()
    agents: Annotated[tuple[Slug, ...], msgspec.Meta(max_length=50)] = ()
    hazards: Annotated[tuple[HazardName, ...], msgspec.Meta(max_length=5)] = ()
    from_level: Level = 1
    zones: Annotated[tuple[Slug, ...], msgspec.Meta(max_length=50)] = ()
    group: Slug | None = None
    manual: bool = False
    sos: bool = False


class GradeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under this condition the incident is at least this grave, for this written reason."""

    when: Condition
    grade: GradeNumber
    reason: Text


class PlanRole(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part people play: ``count`` of them with all these skills; ``asks``: who is asked first.

    ``fact``: how far each of them must have said yes until the need is met.
    """

    slug: Slug
    name: Text
    asks: Literal["responder", "safety_officer"] = "responder"
    skills: Annotated[tuple[Code, ...], msgspec.Meta(max_length=10)] = ()
    count: Annotated[int, msgspec.Meta(ge=1, le=50)] = 1
    fact: NeedFact = "acknowledged"


class Confirm(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a step is confirmed. ``value``: a number in ``unit`` (UCUM) from ``low`` to ``high``, either may be absent.

    ``required``: the task can not be done without; means nothing where ``kind`` is none.
    """

    kind: ConfirmKind = "none"
    required: bool = True
    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] | None = None
    low: float | None = None
    high: float | None = None


class StepTemplate(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One instruction. ``within_s``: to be confirmed so long after the task was given; ``source``: a source's key."""

    text: Text
    when: Condition | None = None
    within_s: WithinSeconds | None = None
    confirm: Confirm = Confirm()
    source: Slug | None = None


class TaskTemplate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One part of the plan. ``role``: one of the plan's, or ``responder`` or ``safety_officer`` as they are.

    ``within_s``: to be done so long after it was given; ``after``: given when these tasks are done.
    """

    slug: Slug
    role: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    title: Text
    steps: Annotated[tuple[StepTemplate, ...], msgspec.Meta(min_length=1, max_length=20)]
    within_s: WithinSeconds
    when: Condition | None = None
    after: Annotated[tuple[Slug, ...], msgspec.Meta(max_length=20)] = ()


class ActionTemplate(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What every actuator of a kind near the alarm does, or one named ``actuator``; from an alarm level on."""

    kind: Annotated[str, msgspec.Meta(max_length=20)] | None
    action: Annotated[str, msgspec.Meta(max_length=20)]
    from_level: Level = 1
    when: Condition | None = None
    actuator: UUID | None = None


class Evacuation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who leaves, from an alarm level on."""

    scope: Scope
    from_level: Level = 1
    when: Condition | None = None


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A telephone number and where it is the right one."""

    jurisdiction: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9+*# ()-]{2,30}$")]


class OutsideCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Somebody outside whom the leader calls, and what to say. Muster never dials."""

    slug: Slug
    name: Text
    phones: Annotated[tuple[Phone, ...], msgspec.Meta(min_length=1, max_length=10)]
    say: Text
    when: Condition | None = None
    source: Slug | None = None


class PlanBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan says. ``priority``: of two plans that fit, the higher one. ``do_nots`` are shown first.

    ``escalation``: the slug of a policy, or a policy of the plan's own.
    """

    title: Text
    tasks: Annotated[tuple[TaskTemplate, ...], msgspec.Meta(min_length=1, max_length=30)]
    sources: Annotated[tuple[PlanSource, ...], msgspec.Meta(max_length=20)] = ()
    triggers: Annotated[tuple[Trigger, ...], msgspec.Meta(max_length=20)] = ()
    priority: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    grade_rules: Annotated[tuple[GradeRule, ...], msgspec.Meta(max_length=20)] = ()
    roles: Annotated[tuple[PlanRole, ...], msgspec.Meta(max_length=20)] = ()
    actions: Annotated[tuple[ActionTemplate, ...], msgspec.Meta(max_length=20)] = ()
    evacuation: Evacuation | None = None
    calls: Annotated[tuple[OutsideCall, ...], msgspec.Meta(max_length=10)] = ()
    do_nots: Annotated[tuple[Text, ...], msgspec.Meta(max_length=10)] = ()
    escalation: str | dict[str, Any] | None = None


class PlanTemplate(PlanBody, frozen=True, kw_only=True):
    """A plan with its name and version: what an incident is bound from."""

    slug: Slug
    version: int


VersionStateName: TypeAlias = Literal["draft", "in_review", "reviewed", "published", "retired"]
CauseName: TypeAlias = Literal["high", "low", "vote", "stale", "discrepancy", "no_effect", "manual", "sos"]
Note: TypeAlias = Annotated[str, msgspec.Meta(max_length=2000)]
Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S")]


class PlanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a slug that counts now; ``version_id`` null: the library's.

    ``newer_in_library``: the plan was made from an older version of the library's, which may be looked at again.
    """

    slug: str
    version: int
    version_id: UUID | None
    title: Text
    triggers: list[Trigger]
    priority: int
    manual: bool
    newer_in_library: bool


class PlanVersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a plan; ``revision`` is its ETag. ``library_version``: the library's it was made from."""

    id: UUID
    slug: str
    version: int
    state: VersionStateName
    revision: int
    title: Text
    library_version: int | None
    authors: list[UUID]
    created_at: datetime
    submitted_at: datetime | None
    submitted_by: UUID | None
    reviewed_at: datetime | None
    reviewed_by: UUID | None
    published_at: datetime | None
    published_by: UUID | None
    retired_at: datetime | None
    retired_by: UUID | None
    note: str


class PlanVersionDetail(PlanVersionView, frozen=True, kw_only=True):
    """A version with what it says."""

    body: PlanBody


class NewDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft: a text of one's own, a copy of a version (to change it or to bring it back), or the library's plan.

    Exactly one of ``body`` with ``slug``, ``copy_of``, and ``library``.
    """

    slug: Slug | None = None
    body: PlanBody | None = None
    copy_of: UUID | None = None
    library: Slug | None = None


class ReviewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the reviewer says."""

    note: Note = ""


class PlanChange(msgspec.Struct, frozen=True):
    """One difference: ``path`` like ``tasks[rescue].steps[0].text.zh``, and a sentence about it."""

    path: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any
    after: Any
    said: Text


class PlanQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A moment to try a plan on: what happens in this zone. Without ``version`` and ``slug``: the plan that would
    answer it. ``at`` null: now."""

    zone: UUID
    cause: CauseName = "high"
    level: Level = 1
    agent: Slug | None = None
    grade: GradeNumber | None = None
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    version: UUID | None = None
    slug: Slug | None = None


class NeedView(msgspec.Struct, frozen=True):
    """How many people with all these skills a role needs."""

    role: str
    name: Text
    skills: list[str]
    count: int
    fact: NeedFact


class PreviewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it would be given; ``after``: when these are done."""

    slug: str
    role: str
    title: Text
    steps: list[Step]
    within_s: float
    after: list[str]


class PlanPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What would be done. ``local`` is the site's time; ``wind_known`` and ``people``: what was known of them;
    ``at_least_grade``: what the plan's own rules say."""

    slug: str
    version: int
    title: Text
    do_nots: list[Text]
    tasks: list[PreviewTask]
    actions: list[ActionTemplate]
    evacuation: Scope
    needs: list[NeedView]
    at_least_grade: int | None
    local: str
    wind_known: bool
    people: int | None


class WaitingTaskView(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is given when those before it are done."""

    id: UUID
    position: int
    slug: str
    title: Text
    steps: list[Step]
    after: list[UUID]


class LateStepView(msgspec.Struct, frozen=True):
    """A step whose time is up and nobody confirmed."""

    task: UUID
    step: int
    due_at: datetime


class IncidentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan an incident runs by: as it was bound, what waits, what is late."""

    template: str
    version: int
    do_nots: list[Text]
    needs: list[NeedView]
    evacuation: str
    waiting: list[WaitingTaskView]
    late: list[LateStepView]


class NewIncident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person reports. ``level`` 2: somebody is hurt, or it can not be held."""

    plan: Slug
    zone: UUID
    reason: Reason
    agent: Slug | None = None
    level: Level = 1


class StepConfirmation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step is done. ``value`` in the step's unit for a value, ``evidence`` the name of a photo for a photo."""

    step: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    value: Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)] | None = None
    evidence: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")] | None = None


class WatchedStep(StepView, frozen=True, kw_only=True):
    """A step to be confirmed and whether its time is up."""

    overdue: bool


class TaskProgress(msgspec.Struct, frozen=True):
    """A task and how its steps stand."""

    task: UUID
    steps: list[WatchedStep]
