"""An incident's room: its state, and the pure fold of its events (room_events.py) into it.

A room event carries the whole new view of the thing that changed, so applying it is a replacement and a reader needs
no rules of the plant. Snapshot + events = fresh snapshot holds for every kind of event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from mobile_contract.evacuation import EvacuationView
from mobile_contract.room_events import (
    AlarmChanged,
    AlarmJoined,
    CommandChanged,
    CommanderChanged,
    DeliveryChanged,
    DrillChanged,
    EscalationChanged,
    EvacuationPlanned,
    FloodEnded,
    FloodStarted,
    HazardChanged,
    IncidentClosed,
    IncidentMerged,
    IncidentOpened,
    IncidentRegraded,
    IncidentReopened,
    IncidentReturned,
    IncidentSplit,
    MemberJoined,
    MemberLeft,
    MessagePosted,
    ObjectiveChanged,
    ResourceChanged,
    RollCallChanged,
    RoomEvent,
    RouteChanged,
    RouteProgressed,
    SosChanged,
    TaskAssigned,
    TaskChanged,
    TaskStepsChanged,
    kind_of,
)
from mobile_contract.room_views import (
    MESSAGES_KEPT,
    AlarmView,
    CommanderView,
    CommandView,
    DeliveryView,
    DrillView,
    EscalationView,
    FloodView,
    HazardView,
    IncidentView,
    MemberView,
    MessageView,
    ObjectiveView,
    ResourceView,
    RollCallView,
    SosView,
    StepView,
    TaskView,
)
from mobile_contract.wayfinding import RouteView


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
    routes: dict[UUID, RouteView] = {}
    evacuations: dict[UUID, EvacuationView] = {}
    escalations: dict[UUID, EscalationView] = {}
    sos: dict[UUID, SosView] = {}
    messages: list[MessageView] = []
    members: dict[UUID, MemberView] = {}
    flood: FloodView | None = None
    drill: DrillView | None = None
    hazards: dict[UUID, HazardView] = {}


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
    DrillChanged: ("drill", "drill"),
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
    RouteChanged: ("routes", "route"),
    EvacuationPlanned: ("evacuations", "evacuation"),
    SosChanged: ("sos", "sos"),
    HazardChanged: ("hazards", "hazard"),
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
        case RouteProgressed():
            return _progressed(state, event.body)
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


def _progressed(state: RoomState, body: RouteProgressed) -> RoomState:
    route = state.routes.get(body.route)
    if route is None:
        # Of a way that went to another room meanwhile.
        return state
    told = {name: getattr(body, name) for name in body.__struct_fields__ if name != "route"}
    return replace(state, routes={**state.routes, body.route: replace(route, **told)})


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
        routes={key: route for key, route in state.routes.items() if route.task not in set(body.tasks)},
        hazards=_without(state.hazards, body.hazards),
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
