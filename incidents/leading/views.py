"""Command, objectives and resources as rooms and the API show them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from incidents.leading.commander import Commander
from incidents.leading.model import Briefing, Handover, Objective, Resource
from mobile_contract.leading import BriefingView, HandoverView
from mobile_contract.room_views import CommanderView, ObjectiveView, ResourceView


def commander_view(commander: Commander) -> CommanderView:
    """Who leads, for a room."""
    return CommanderView(account=commander.account_id, since=commander.since, version=commander.version)


def briefing_view(briefing: Briefing) -> BriefingView:
    """How it stands, in numbers."""
    return BriefingView(**msgspec.structs.asdict(briefing))


def handover_view(handover: Handover, now: datetime) -> HandoverView:
    """An offer of command; one whose time is up is over, whether somebody wrote that down or not."""
    return HandoverView(
        id=handover.id,
        incident=handover.incident_id,
        from_account=handover.from_account,
        to_account=handover.to_account,
        briefing=briefing_view(handover.briefing),
        note=handover.note,
        state="expired" if handover.expired(now) else handover.state,
        offered_at=handover.offered_at,
        ends_at=handover.ends_at,
        answered_at=handover.answered_at,
    )


def objective_view(objective: Objective) -> ObjectiveView:
    """An objective for a room."""
    return ObjectiveView(
        id=objective.id,
        position=objective.position,
        text=objective.text,
        state=objective.state,
        set_by=objective.set_by,
        set_at=objective.set_at,
        ended_at=objective.ended_at,
        version=objective.version,
    )


def resource_view(resource: Resource) -> ResourceView:
    """A resource for a room."""
    return ResourceView(
        id=resource.id,
        kind=resource.kind,
        name=resource.name,
        account=resource.account_id,
        task=resource.task_id,
        state=resource.state,
        note=resource.note,
        changed_at=resource.changed_at,
        version=resource.version,
    )
