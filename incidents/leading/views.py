"""Command, objectives and resources as rooms and the API show them."""

from __future__ import annotations

from incidents.leading.model import Objective, Resource
from mobile_contract.room import ObjectiveView, ResourceView


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
