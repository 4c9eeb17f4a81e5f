"""An incident's room: its events, its state, and the pure fold from one to the other.

A room event carries the whole new view of the thing that changed, so applying it is a replacement and a reader needs
no rules of the plant. Snapshot + events = fresh snapshot holds for every kind of event.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar, get_args
from uuid import UUID

import msgspec
from msgspec.structs import replace

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


class IncidentOpened(msgspec.Struct, frozen=True, tag_field="kind", tag="incident.opened"):
    """The room's first event."""

    incident: IncidentView


class IncidentRegraded(msgspec.Struct, frozen=True, tag_field="kind", tag="incident.regraded"):
    """The grade or its written reasons changed."""

    grade: int
    reasons: list[Text]


class IncidentReturned(msgspec.Struct, frozen=True, tag_field="kind", tag="incident.returned"):
    """Every alarm is back to normal; the incident still waits to be closed by a person."""

    returned_at: datetime


class IncidentReopened(msgspec.Struct, frozen=True, tag_field="kind", tag="incident.reopened"):
    """An alarm came back before the incident was closed."""


class IncidentClosed(msgspec.Struct, frozen=True, tag_field="kind", tag="incident.closed"):
    """A person closed the incident, with a reason."""

    closed_at: datetime
    closed_by: UUID | None
    reason: str


class AlarmJoined(msgspec.Struct, frozen=True, tag_field="kind", tag="alarm.joined"):
    """A new alarm belongs to this incident."""

    alarm: AlarmView


class AlarmChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="alarm.changed"):
    """An alarm's state changed."""

    alarm: AlarmView


class FloodStarted(msgspec.Struct, frozen=True, tag_field="kind", tag="flood.started"):
    """An alarm flood began, and this incident leads it."""

    flood: FloodView


class FloodEnded(msgspec.Struct, frozen=True, tag_field="kind", tag="flood.ended"):
    """The alarm flood is over."""

    flood: FloodView


class TaskAssigned(msgspec.Struct, frozen=True, tag_field="kind", tag="task.assigned"):
    """A task was made, or given to another person."""

    task: TaskView


class TaskChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="task.changed"):
    """A task was acknowledged, done, left unanswered or cancelled."""

    task: TaskView


class TaskStepsChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="task.steps_changed"):
    """A task's steps that are to be confirmed, all of them as they stand."""

    task: UUID
    steps: list[StepView]


class CommandChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="command.changed"):
    """A command was requested, sent, confirmed, failed or timed out."""

    command: CommandView


class DeliveryChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="delivery.changed"):
    """A delivery was queued or moved up its ladder."""

    delivery: DeliveryView


class RollCallChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="roll_call.changed"):
    """A roll call began, its numbers changed, or it came to its all-clear or re-entry."""

    roll_call: RollCallView


class CommanderChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="commander.changed"):
    """Somebody took command, or it was handed over."""

    commander: CommanderView


class ObjectiveChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="objective.changed"):
    """An objective was set, reworded, met or dropped."""

    objective: ObjectiveView


class ResourceChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="resource.changed"):
    """A resource was noted, assigned, is there, or was let go."""

    resource: ResourceView


class IncidentMerged(msgspec.Struct, frozen=True, tag_field="kind", tag="incident.merged"):
    """This incident goes on as another, ``incident.merged_into``: all its things have moved to that one's room."""

    incident: IncidentView


class IncidentSplit(msgspec.Struct, frozen=True, tag_field="kind", tag="incident.split"):
    """These things go on as an incident of their own, ``into``; ``incident`` is what is left of this one."""

    incident: IncidentView
    into: UUID
    alarms: list[UUID]
    tasks: list[UUID]
    commands: list[UUID]
    deliveries: list[UUID]
    resources: list[UUID]


class EscalationChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="escalation.changed"):
    """The search for a task's people began, moved on, found them, was paused or used everybody up."""

    escalation: EscalationView


class SosChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="sos.changed"):
    """A person called for help, called again, was somewhere else, or the call is over."""

    sos: SosView


class MessagePosted(msgspec.Struct, frozen=True, tag_field="kind", tag="message.posted"):
    """A person wrote into the room."""

    text: str


class MemberJoined(msgspec.Struct, frozen=True, tag_field="kind", tag="member.joined"):
    """A person was added to the room."""

    member: MemberView


class MemberLeft(msgspec.Struct, frozen=True, tag_field="kind", tag="member.left"):
    """A person was taken out of the room."""

    account: UUID


Body: TypeAlias = (
    IncidentOpened
    | IncidentRegraded
    | IncidentReturned
    | IncidentReopened
    | IncidentClosed
    | AlarmJoined
    | AlarmChanged
    | FloodStarted
    | FloodEnded
    | TaskAssigned
    | TaskChanged
    | TaskStepsChanged
    | CommandChanged
    | DeliveryChanged
    | RollCallChanged
    | CommanderChanged
    | ObjectiveChanged
    | ResourceChanged
    | IncidentMerged
    | IncidentSplit
    | EscalationChanged
    | SosChanged
    | MessagePosted
    | MemberJoined
    | MemberLeft
)

# What moves people and machines. The rest may be withheld from a phone that reads too slowly and is caught up later.
_NORMAL = (DeliveryChanged, EscalationChanged, MessagePosted, MemberJoined, MemberLeft)


def kind_of(body: Body | type[Body]) -> str:
    """The event's kind on the wire and in the database, e.g. ``task.changed``."""
    return str(body.__struct_config__.tag)


KINDS: dict[str, type[Any]] = {kind_of(kind): kind for kind in get_args(Body)}


def lane_of(body: Body) -> Lane:
    """``safety`` events are never withheld from an open socket."""
    return "normal" if isinstance(body, _NORMAL) else "safety"


class RoomEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="event"):
    """One event of a room, on the wire and in memory; ``body`` names its ``kind``.

    ``seq`` counts from 1 without gaps within an ``epoch``; its order is commit order.
    """

    room: UUID
    epoch: int
    seq: int
    at: datetime
    by: UUID | None
    lane: Lane
    body: Body

    @property
    def kind(self) -> str:
        """The body's kind."""
        return kind_of(self.body)


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a phone shows of a room, after event ``seq``."""

    room: UUID
    epoch: int
    seq: int
    incident: IncidentView | None = None
    alarms: dict[UUID, AlarmView] = {}
    tasks: dict[UUID, TaskView] = {}
    steps: dict[UUID, list[StepView]] = {}
    commands: dict[UUID, CommandView] = {}
    deliveries: dict[UUID, DeliveryView] = {}
    roll_calls: dict[UUID, RollCallView] = {}
    commander: CommanderView | None = None
    objectives: dict[UUID, ObjectiveView] = {}
    resources: dict[UUID, ResourceView] = {}
    escalations: dict[UUID, EscalationView] = {}
    sos: dict[UUID, SosView] = {}
    messages: list[MessageView] = []
    members: dict[UUID, MemberView] = {}
    flood: FloodView | None = None


class SequenceGapError(Exception):
    """The event does not follow the state: events are missing, or the epoch is another. Ask the server with `join`."""


def apply(state: RoomState, event: RoomEvent) -> RoomState:
    """The state after the event; an event the state already holds changes nothing.

    Raises SequenceGapError when events between them are missing.
    """
    if event.room != state.room or event.epoch != state.epoch:
        raise SequenceGapError(f"event of {event.room}/{event.epoch}, state of {state.room}/{state.epoch}")
    if event.seq <= state.seq:
        return state
    if event.seq != state.seq + 1:
        raise SequenceGapError(f"event {event.seq} after {state.seq}")
    return replace(_change(state, event), seq=event.seq)


def fold(state: RoomState, events: Iterable[RoomEvent]) -> RoomState:
    """The state after all events in order."""
    for event in events:
        state = apply(state, event)
    return state


# Events that carry one whole thing of the room: the field of the state that holds it, and the body's own field.
_WHOLE: dict[type[Any], tuple[str, str]] = {
    IncidentOpened: ("incident", "incident"),
    FloodStarted: ("flood", "flood"),
    FloodEnded: ("flood", "flood"),
    CommanderChanged: ("commander", "commander"),
}
# Events that carry one of many things, which the state keeps by id.
_ONE_OF: dict[type[Any], tuple[str, str]] = {
    AlarmJoined: ("alarms", "alarm"),
    AlarmChanged: ("alarms", "alarm"),
    TaskAssigned: ("tasks", "task"),
    TaskChanged: ("tasks", "task"),
    CommandChanged: ("commands", "command"),
    DeliveryChanged: ("deliveries", "delivery"),
    RollCallChanged: ("roll_calls", "roll_call"),
    ObjectiveChanged: ("objectives", "objective"),
    ResourceChanged: ("resources", "resource"),
    SosChanged: ("sos", "sos"),
}


def _change(state: RoomState, event: RoomEvent) -> RoomState:  # noqa: PLR0911 - one return for each kind
    kind = type(event.body)
    if kind in _WHOLE:
        field, carried = _WHOLE[kind]
        return replace(state, **{field: getattr(event.body, carried)})
    if kind in _ONE_OF:
        field, carried = _ONE_OF[kind]
        thing = getattr(event.body, carried)
        return replace(state, **{field: {**getattr(state, field), thing.id: thing}})
    match event.body:
        case IncidentRegraded() | IncidentReturned() | IncidentReopened() | IncidentClosed():
            return replace(state, incident=_change_incident(state.incident, event.body))
        case TaskStepsChanged(task_id, steps):
            return replace(state, steps={**state.steps, task_id: steps})
        case EscalationChanged(escalation):
            return replace(state, escalations={**state.escalations, escalation.task: escalation})
        case MessagePosted(text):
            message = MessageView(seq=event.seq, at=event.at, by=event.by, text=text)
            return replace(state, messages=[*state.messages, message][-MESSAGES_KEPT:])
        case MemberJoined(member):
            return replace(state, members={**state.members, member.account: member})
        case MemberLeft(account):
            return replace(state, members=_without(state.members, [account]))
        case IncidentMerged():
            return _merged_away(state, event.body)
    assert isinstance(event.body, IncidentSplit)
    return _split_off(state, event.body)


_Kept = TypeVar("_Kept")


def _without(kept: dict[UUID, _Kept], gone: Iterable[UUID]) -> dict[UUID, _Kept]:
    left = set(gone)
    return {key: thing for key, thing in kept.items() if key not in left}


def _merged_away(state: RoomState, body: IncidentMerged) -> RoomState:
    """Everything has moved to the other incident's room; what was said and who was there stay."""
    return RoomState(
        room=state.room,
        epoch=state.epoch,
        seq=state.seq,
        incident=body.incident,
        messages=state.messages,
        members=state.members,
    )


def _split_off(state: RoomState, body: IncidentSplit) -> RoomState:
    return replace(
        state,
        incident=body.incident,
        alarms=_without(state.alarms, body.alarms),
        tasks=_without(state.tasks, body.tasks),
        steps=_without(state.steps, body.tasks),
        commands=_without(state.commands, body.commands),
        deliveries=_without(state.deliveries, body.deliveries),
        escalations=_without(state.escalations, body.tasks),
        resources=_without(state.resources, body.resources),
    )


def _change_incident(
    incident: IncidentView | None, body: IncidentRegraded | IncidentReturned | IncidentReopened | IncidentClosed
) -> IncidentView:
    if incident is None:
        raise SequenceGapError(f"{kind_of(body)} before incident.opened")
    match body:
        case IncidentRegraded(grade, reasons):
            return replace(incident, grade=grade, reasons=reasons)
        case IncidentReturned(returned_at):
            return replace(incident, state="returned", returned_at=returned_at)
        case IncidentReopened():
            return replace(incident, state="open", returned_at=None)
        case IncidentClosed(closed_at, closed_by, reason):
            return replace(incident, state="closed", closed_at=closed_at, closed_by=closed_by, close_reason=reason)
