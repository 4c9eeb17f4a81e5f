"""What a room holds, as its phones see it: incident, alarms, tasks, commands, people."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

# A snapshot carries this many messages, newest last: a screenful or two; older ones come from the room's history.
MESSAGES_KEPT = 200
# One message of a person; longer texts belong in a document.
MESSAGE_MAX_CHARS = 4000

IncidentStateName: TypeAlias = Literal["open", "returned", "closed"]
TaskState: TypeAlias = Literal["open", "acknowledged", "done", "unanswered", "cancelled"]
Lane: TypeAlias = Literal["safety", "normal"]
ConfirmKind: TypeAlias = Literal["none", "tap", "photo", "value", "second_person"]
NeedFact: TypeAlias = Literal["acknowledged", "moving"]
EscalationStateName: TypeAlias = Literal["running", "met", "exhausted", "paused", "cancelled"]


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One numbered instruction. ``confirm``: none, tap, photo, value (a number in ``unit``, UCUM, from ``low`` to
    ``high``) or second_person; ``required``: the task can not be done without; ``within_s`` counts from its giving."""

    n: int
    text: Text
    confirm: ConfirmKind = "none"
    required: bool = False
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    within_s: float | None = None


class PlanRef(msgspec.Struct, frozen=True):
    """Which version of which plan template the incident runs by."""

    template: str
    version: int


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """The incident as a room shows it; grade 4 (IV, blue) to 1 (I, red).

    ``merged_into``: the incident it goes on as; ``split_from``: the one it was a part of.
    """

    id: UUID
    number: int
    grade: int
    state: IncidentStateName
    title: Text
    place: Text
    agent: str | None
    reasons: list[Text]
    plan: PlanRef
    exercise: bool
    opened_at: datetime
    returned_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: UUID | None = None
    close_reason: str | None = None
    merged_into: UUID | None = None
    split_from: UUID | None = None


class TrustView(msgspec.Struct, frozen=True):
    """How far a sensor can be trusted by its calibration; ``days_left`` until it is due, below zero since it was."""

    level: Literal["unstated", "good", "due_soon", "expired"]
    days_left: int | None = None


class VoteView(msgspec.Struct, frozen=True):
    """One sensor's vote in its group; a ``fault``, named, counts as beyond the limit."""

    sensor: UUID
    vote: Literal["within", "beyond", "fault"]
    value: float | None
    fault: str | None = None


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm episode; ``letter`` is the ISA-18.2 state, ``value`` and ``set_point`` are in ``unit`` (UCUM).

    ``trust``: of its sensor when it was raised; ``votes``: of its group's members when it last changed.
    """

    id: UUID
    kind: str
    level: int
    letter: str
    first_out: bool
    title: Text
    zone: UUID
    value: float | None
    unit: str
    set_point: float | None
    raised_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: UUID | None = None
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    trust: TrustView | None = None
    votes: list[VoteView] = []


class FloodView(msgspec.Struct, frozen=True, kw_only=True):
    """More alarms than a person can answer; while it lasts, alarms that are no new danger fold under this incident.

    ``alarms``: in the ten minutes before it began; when it has ended, all of them.
    """

    id: UUID
    started_at: datetime
    alarms: int
    ended_at: datetime | None = None


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """One task: one owner, one deadline; ``fencing`` grows each time it changes hands.

    ``blocked_at``: it can not go on, for the reason beside it, and waits for nobody. ``offered_to``: whom it is handed
    over to; it is theirs when they acknowledge it. ``from_task``: the task it was split from, or does again.
    """

    id: UUID
    position: int
    role: str
    title: Text
    steps: list[Step]
    owner: UUID | None
    state: TaskState
    fencing: int
    deadline_at: datetime
    answered_at: datetime | None = None
    done_at: datetime | None = None
    blocked_at: datetime | None = None
    blocked_by: UUID | None = None
    blocked_reason: str | None = None
    offered_to: UUID | None = None
    from_task: UUID | None = None


class StepView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a step to be confirmed stands. ``confirmed_at`` None: not yet, whatever else is known of it.

    ``due_at``: late from then on. ``value`` in the step's unit, also when it was out of range; ``evidence``: a photo's
    name; ``first_by``: the first of two persons.
    """

    n: int
    confirm: ConfirmKind
    required: bool
    due_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by: UUID | None = None
    first_at: datetime | None = None
    first_by: UUID | None = None
    value: float | None = None
    evidence: str | None = None


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """One command to an actuator; only ``confirmed`` means that its effect was seen."""

    id: UUID
    actuator: UUID
    action: str
    state: str
    inhibited: bool
    requested_at: datetime
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One order on its way to one person; every fact has its own time and none stands for another.

    ``channel`` is the last one tried, None before the first try.
    """

    id: UUID
    task: UUID
    account: UUID
    channel: str | None
    state: str
    queued_at: datetime
    accepted_at: datetime | None = None
    received_at: datetime | None = None
    seen_at: datetime | None = None
    acknowledged_at: datetime | None = None
    moving_at: datetime | None = None
    declined_at: datetime | None = None
    ended_at: datetime | None = None


class NeedView(msgspec.Struct, frozen=True, kw_only=True):
    """What a task needs, and how many of them it has; ``skill`` null: anybody."""

    skill: str | None
    count: int
    fact: NeedFact
    met: int


class EscalationView(msgspec.Struct, frozen=True, kw_only=True):
    """How far the search for a task's people is; ``crew`` is everyone who said yes, enough or not."""

    task: UUID
    state: EscalationStateName
    policy: str
    step: int
    round: int
    needs: list[NeedView]
    crew: list[UUID]
    started_at: datetime
    met_at: datetime | None = None
    paused_until: datetime | None = None


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A person in the room; ``name`` is theirs as they joined."""

    account: UUID
    name: str
    joined_at: datetime


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the room keeps it."""

    seq: int
    at: datetime
    by: UUID | None
    text: str


class SosView(msgspec.Struct, frozen=True, kw_only=True):
    """A person's call for help: who, where, how surely. ``share`` 0 to 1 that they are in ``zone``, null: the search
    begins there. ``duress_at``: they ended it under duress, it is not over. Degrees WGS 84."""

    id: UUID
    account: UUID
    name: str
    type: Literal["duress_silent", "medical", "fall", "trapped", "missed_check_in"]
    place: Text
    zone: UUID
    lon: float | None
    lat: float | None
    level: int | None
    accuracy_m: float | None
    share: float | None
    located_at: datetime | None
    note: str
    presses: int
    opened_at: datetime
    duress_at: datetime | None
    over_at: datetime | None


class RollCallView(msgspec.Struct, frozen=True, kw_only=True):
    """An evacuation's numbers: everybody expected is accounted, left, in need, missing or unsure. Never a name."""

    id: UUID
    scope: Literal["zones", "building", "site"]
    zones: list[UUID]
    place: Text
    state: Literal["open", "all_clear", "re_entry"]
    exercise: bool
    started_at: datetime
    expected: int
    accounted: int
    need_help: int
    left: int
    missing: int
    unsure: int
    all_clear_at: datetime | None = None
    re_entry_at: datetime | None = None


class CommanderView(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads the incident; ``version`` grows with every change of hands."""

    account: UUID
    since: datetime
    version: int


class ObjectiveView(msgspec.Struct, frozen=True, kw_only=True):
    """What the commander wants reached, in their own words."""

    id: UUID
    position: int
    text: str
    state: Literal["open", "met", "dropped"]
    set_by: UUID
    set_at: datetime
    ended_at: datetime | None = None
    version: int


class ResourceView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something for the incident: asked for, assigned, there, or let go."""

    id: UUID
    kind: Literal["person", "team", "equipment", "outside"]
    name: str
    account: UUID | None = None
    task: UUID | None = None
    state: Literal["requested", "assigned", "on_scene", "released"]
    note: str
    changed_at: datetime
    version: int


class DrillView(msgspec.Struct, frozen=True, kw_only=True):
    """The drill that the room's incident is. ``ended_why`` real_alarm: something real happens, forget the exercise."""

    id: UUID
    announced: bool
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    ended_why: Literal["finished", "stopped", "time", "real_alarm"] | None = None
    real_incident: UUID | None = None


class HazardAreaView(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON Polygon or MultiPolygon on these levels; ``factor`` is how many times slower one goes there, null: it
    is banned."""

    polygon: dict[str, Any]
    levels: list[int]
    factor: float | None


class HazardView(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is dangerous now. ``areas`` change at ``changes_at`` by themselves, and are told again then; empty when
    it is over, or not there yet.

    ``source`` drawn: a person saw it; grown: reckoned from an alarm; forecast: reckoned from a leak. ``bans``: some of
    it is not to be entered; ``factor``: the greatest of what may be. ``coarse``: it had too many corners to be sent and
    is shown larger than it is.
    """

    id: UUID
    source: Literal["drawn", "grown", "forecast"]
    name: Text
    agent: str | None
    stated_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    levels: list[int]
    bans: bool
    factor: float | None
    areas: list[HazardAreaView]
    coarse: bool
    changes_at: datetime | None
    version: int
