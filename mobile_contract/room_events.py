"""What happens in a room: every kind of event, its lane, and the numbered event on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias, get_args
from uuid import UUID

import msgspec

from mobile_contract.evacuation import EvacuationView
from mobile_contract.room_views import (
    AlarmView,
    CommanderView,
    CommandView,
    DeliveryView,
    DrillView,
    EscalationView,
    FloodView,
    HazardView,
    IncidentView,
    Lane,
    MemberView,
    ObjectiveView,
    ResourceView,
    RollCallView,
    SosView,
    StepView,
    TaskView,
)
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteView


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


class RouteChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="route.changed"):
    """A person has a way to where their task is, another way than before, or none any more."""

    route: RouteView


class RouteProgressed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="route.progressed"):
    """How far somebody is on their way: at each step, when they leave it and when they are there."""

    route: UUID
    step: int
    left_m: float
    left_s: float
    arrives_at: datetime | None
    off_route: bool
    arrived_at: datetime | None


class EvacuationPlanned(msgspec.Struct, frozen=True, tag_field="kind", tag="evacuation.planned"):
    """Everyone's way out of a roll call is planned, anew, or proven so good; numbers, never a name."""

    evacuation: EvacuationView


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
    hazards: list[UUID] = []


class EscalationChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="escalation.changed"):
    """The search for a task's people began, moved on, found them, was paused or used everybody up."""

    escalation: EscalationView


class SosChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="sos.changed"):
    """A person called for help, called again, was somewhere else, or the call is over."""

    sos: SosView


class DrillChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="drill.changed"):
    """A drill began or ended."""

    drill: DrillView


class HazardChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="hazard.changed"):
    """A hazard was stated, stated anew, moved on by itself, or is over."""

    hazard: HazardView


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
    | RouteChanged
    | RouteProgressed
    | EvacuationPlanned
    | IncidentMerged
    | IncidentSplit
    | EscalationChanged
    | SosChanged
    | DrillChanged
    | HazardChanged
    | MessagePosted
    | MemberJoined
    | MemberLeft
)

# What moves people and machines. The rest may be withheld from a phone that reads too slowly and is caught up later.
_NORMAL = (DeliveryChanged, EscalationChanged, RouteProgressed, MessagePosted, MemberJoined, MemberLeft)


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
