"""Stored rows as rooms and the API show them."""

from __future__ import annotations

from datetime import date

from incidents.alarms.flood import Flood
from incidents.alarms.voting import Vote
from incidents.incident import Alarm, Incident, Task
from mobile_contract.room_views import (
    AlarmView,
    CommandView,
    FloodView,
    IncidentView,
    PlanRef,
    TaskView,
    TrustView,
    VoteView,
)
from plant.calibration import trust
from plant.model import Command, CommandState


def incident_view(incident: Incident) -> IncidentView:
    """An incident for a room; the plan is named, not copied."""
    return IncidentView(
        id=incident.id,
        number=incident.number,
        grade=incident.grade,
        state=incident.state,
        title=incident.title,
        place=incident.place,
        agent=incident.agent,
        reasons=incident.reasons,
        plan=PlanRef(template=incident.plan["template"], version=incident.plan["version"]),
        exercise=incident.exercise,
        opened_at=incident.opened_at,
        returned_at=incident.returned_at,
        closed_at=incident.closed_at,
        closed_by=incident.closed_by,
        close_reason=incident.close_reason,
        merged_into=incident.merged_into,
        split_from=incident.split_from,
    )


def alarm_view(alarm: Alarm) -> AlarmView:
    """An alarm episode for a room."""
    return AlarmView(
        id=alarm.id,
        kind=alarm.kind,
        level=alarm.level,
        letter=alarm.letter,
        first_out=alarm.first_out,
        title=alarm.title,
        zone=alarm.zone_id,
        value=alarm.value,
        unit=alarm.unit,
        set_point=alarm.set_point,
        raised_at=alarm.raised_at,
        acknowledged_at=alarm.acknowledged_at,
        acknowledged_by=alarm.acknowledged_by,
        returned_at=alarm.returned_at,
        ended_at=alarm.ended_at,
        trust=alarm.trust,
        votes=alarm.votes or [],
    )


def trust_view(due: date | None, today: date) -> TrustView:
    """How far a sensor can be trusted on this day."""
    said = trust(due, today)
    return TrustView(said.level, said.days_left)


def vote_view(vote: Vote) -> VoteView:
    """One member's vote."""
    return VoteView(vote.sensor, vote.vote, vote.value, vote.fault)


def flood_view(flood: Flood) -> FloodView:
    """A flood for the room of the incident that leads it: what it counts does not change until it ends."""
    counted = flood.alarms_at_start if flood.ended_at is None else flood.alarms
    return FloodView(id=flood.id, started_at=flood.started_at, alarms=counted, ended_at=flood.ended_at)


def task_view(task: Task) -> TaskView:
    """A task for a room."""
    return TaskView(
        id=task.id,
        position=task.position,
        role=task.role,
        title=task.title,
        steps=task.steps,
        owner=task.owner_account_id,
        state=task.state,
        fencing=task.fencing,
        deadline_at=task.deadline_at,
        answered_at=task.answered_at,
        done_at=task.done_at,
        blocked_at=task.blocked_at,
        blocked_by=task.blocked_by,
        blocked_reason=task.blocked_reason,
        offered_to=task.offered_to,
        from_task=task.from_task,
    )


def command_view(command: Command) -> CommandView:
    """A command for a room; only a confirmed one has ``confirmed_at``."""
    return CommandView(
        id=command.id,
        actuator=command.actuator_id,
        action=command.action,
        state=command.state.value,
        inhibited=command.inhibited,
        requested_at=command.requested_at,
        sent_at=command.sent_at,
        confirmed_at=command.ended_at if command.state is CommandState.CONFIRMED else None,
        ended_at=command.ended_at,
    )
