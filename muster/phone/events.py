"""What happened in a room, as one line for people. Pure."""

from __future__ import annotations

from uuid import UUID

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
)
from mobile_contract.room_views import EscalationView, HazardView, StepView
from muster.phone import words
from muster.phone.routes import changed_text, progressed_text
from muster.phone.view import (
    View,
    alarm_line,
    clock_time,
    command_line,
    grade_text,
    incident_line,
    roll_call_line,
    task_line,
)
from muster.phone.words import say


def event_line(event: RoomEvent, view: View) -> str:
    """What happened in a room; deliveries are for the incident's timeline, not for this line."""
    if isinstance(event.body, DeliveryChanged):
        return ""
    said = _body_text(event, view)
    if isinstance(event.body, TaskStepsChanged | RouteProgressed) and not said:
        return ""
    return f"{clock_time(event.at)} {say(words.EVENTS, event.kind, view.locale)}{': ' if said else ''}{said}"


def _body_text(event: RoomEvent, view: View) -> str:  # noqa: PLR0911, PLR0912 - one return a kind
    locale = view.locale
    match event.body:
        case MessagePosted(text):
            return f"{view.name(event.by)}: {' '.join(text.splitlines())}"
        case IncidentOpened(incident):
            return incident_line(incident, locale)
        case IncidentRegraded(grade, reasons):
            return " · ".join([grade_text(grade, locale), *(reason.in_(locale) for reason in reasons)])
        case IncidentClosed(_, closed_by, reason):
            return f"{view.name(closed_by)}: {reason}"
        case AlarmJoined(alarm) | AlarmChanged(alarm):
            return alarm_line(alarm, locale)
        case TaskAssigned(task) | TaskChanged(task):
            return task_line(task, view)
        case TaskStepsChanged(task_id, steps):
            return _steps_text(event, task_id, steps, view)
        case CommandChanged(command):
            return command_line(command, view)
        case RollCallChanged(call):
            return roll_call_line(call, locale)
        case FloodStarted(flood) | FloodEnded(flood):
            return f"{flood.alarms} {words.ALARMS.in_(locale).lower()}"
        case EscalationChanged(escalation):
            return _escalation_text(event, escalation, view)
        case CommanderChanged(commander):
            return view.name(commander.account)
        case ObjectiveChanged(objective):
            return f"{objective.text} · {say(words.OBJECTIVES, objective.state, locale)}"
        case ResourceChanged(resource):
            return f"{resource.name} · {say(words.RESOURCES, resource.state, locale)}"
        case RouteChanged():
            return changed_text(event.body, view)
        case EvacuationPlanned(evacuation):
            return evacuation.text.in_(locale)
        case RouteProgressed():
            return progressed_text(event.body, view)
        case IncidentMerged(incident) | IncidentSplit(incident):
            return incident_line(incident, locale)
        case SosChanged(call):
            stands = words.SOS_OVER if call.over_at else words.SOS_OPEN
            return f"{call.name} · {call.place.in_(locale)} · {stands.in_(locale)}"
        case DrillChanged(drill):
            return say(words.DRILLS, drill.ended_why or "running", locale)
        case HazardChanged(hazard):
            return _hazard_text(hazard, locale)
        case MemberJoined(member):
            return view.name(member.account)
        case MemberLeft(account):
            return view.name(account)
    return ""


def _steps_text(event: RoomEvent, task_id: UUID, steps: list[StepView], view: View) -> str:
    """Whose steps, and how many are confirmed; empty while nobody has said anything of any."""
    if not any(step.confirmed_at or step.first_at or step.value is not None for step in steps):
        return ""
    state = view.phone.rooms.get(event.room)
    task = None if state is None else state.tasks.get(task_id)
    done = sum(step.confirmed_at is not None for step in steps)
    counted = f"{done}/{len(steps)} {words.CONFIRMED.in_(view.locale)}"
    return counted if task is None else f"{task.title.in_(view.locale)} · {counted}"


def _escalation_text(event: RoomEvent, escalation: EscalationView, view: View) -> str:
    """Whose task, how the search stands, and how many of those it needs are found."""
    state = view.phone.rooms.get(event.room)
    task = None if state is None else state.tasks.get(escalation.task)
    found, needed = sum(min(n.met, n.count) for n in escalation.needs), sum(n.count for n in escalation.needs)
    stands = f"{say(words.ESCALATIONS, escalation.state, view.locale)} {found}/{needed}"
    return stands if task is None else f"{task.title.in_(view.locale)} · {stands}"


def _hazard_text(hazard: HazardView, locale: str) -> str:
    """What it is, whether one may go there, and on which levels it is."""
    parts = [" ".join(hazard.name.in_(locale).split())]
    if hazard.source == "forecast":
        parts.append(words.HAZARD_FORECAST.in_(locale))
    if hazard.ended_at is not None:
        return " · ".join([*parts, words.HAZARD_OVER.in_(locale)])
    if not hazard.areas:
        return " · ".join([*parts, words.HAZARD_NOT_NOW.in_(locale)])
    meant = words.HAZARD_BANS if hazard.bans else words.HAZARD_SLOWS
    levels = ", ".join(str(level) for level in hazard.levels)
    return " · ".join([*parts, meant.in_(locale), f"{words.LEVELS.in_(locale)} {levels}"])
