"""Telling a room of things that have become its incident's: each as it stands now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar
from uuid import UUID

from core.database import Tx
from incidents import queries, rooms, views
from incidents.evacuation import queries as evacuation_queries
from incidents.hazards import queries as hazard_queries
from incidents.joining import queries as joining_queries
from incidents.joining.queries import Moved
from incidents.leading import queries as leading_queries
from incidents.leading.views import objective_view, resource_view
from incidents.plans import plan_queries
from incidents.reaching import delivery_queries
from incidents.reaching.orders import delivery_view
from incidents.roll_call import queries as roll_call_queries
from incidents.roll_call.views import roll_call_view
from incidents.sos import queries as sos_queries
from incidents.sos.service import sos_view
from incidents.tasking import escalation_queries
from incidents.tasking.asked import escalation_view
from incidents.wayfinding import route_queries
from mobile_contract.room_events import (
    AlarmJoined,
    Body,
    CommandChanged,
    DeliveryChanged,
    EscalationChanged,
    EvacuationPlanned,
    FloodEnded,
    FloodStarted,
    HazardChanged,
    ObjectiveChanged,
    ResourceChanged,
    RollCallChanged,
    RouteChanged,
    SosChanged,
    TaskChanged,
    TaskStepsChanged,
)
from plant import command_queries

# An incident has a handful of roll calls; the bound is the query's.
ROLL_CALLS_MAX = 1000


async def tell(tx: Tx, tenant_id: UUID, incident_id: UUID, moved: Moved) -> None:
    """Append an event for everything that moved to this incident's room. Nobody is asked anew: tasks were given."""
    room_id = await rooms.room_id_of(tx, tenant_id, incident_id)
    for body in [
        *await _alarms_and_tasks(tx, tenant_id, incident_id, moved),
        *await _sent(tx, tenant_id, moved),
        *await _led(tx, tenant_id, incident_id, moved),
    ]:
        rooms.append_later(tx, room_id, body)


async def _alarms_and_tasks(tx: Tx, tenant_id: UUID, incident_id: UUID, moved: Moved) -> list[Body]:
    bodies: list[Body] = []
    if moved.alarms:
        alarms = await queries.list_incident_alarms(tx, tenant_id, incident_id)
        bodies += [AlarmJoined(views.alarm_view(alarm)) for alarm in _among(alarms, moved.alarms)]
    if moved.tasks:
        tasks = await queries.list_tasks(tx, tenant_id, incident_id)
        bodies += [TaskChanged(views.task_view(task)) for task in _among(tasks, moved.tasks)]
    if moved.escalations:
        running = await escalation_queries.list_of_tasks(tx, tenant_id, moved.escalations)
        bodies += [EscalationChanged(escalation_view(row)) for row in running]
    for task_id in moved.stepped:
        bodies.append(TaskStepsChanged(task_id, await plan_queries.list_steps(tx, tenant_id, task_id)))
    return bodies


async def _sent(tx: Tx, tenant_id: UUID, moved: Moved) -> list[Body]:
    commands = await command_queries.list_commands_of(tx, tenant_id, moved.commands)
    rows = await delivery_queries.list_deliveries_of(tx, tenant_id, moved.deliveries)
    bodies: list[Body] = [CommandChanged(views.command_view(command)) for command in commands]
    return bodies + [DeliveryChanged(delivery_view(row.known, row.channel)) for row in rows]


async def _led(tx: Tx, tenant_id: UUID, incident_id: UUID, moved: Moved) -> list[Body]:
    bodies: list[Body] = []
    if moved.objectives:
        objectives = await leading_queries.list_objectives(tx, tenant_id, incident_id)
        bodies += [ObjectiveChanged(objective_view(it)) for it in _among(objectives, moved.objectives)]
    if moved.resources:
        resources = await leading_queries.list_resources(tx, tenant_id, incident_id)
        bodies += [ResourceChanged(resource_view(it)) for it in _among(resources, moved.resources)]
    if moved.routes:
        routes = await route_queries.list_routes_of(tx, tenant_id, moved.routes)
        bodies += [RouteChanged(it.view) for it in routes if it.purpose != "evacuate"]
    if moved.roll_calls:
        calls = await roll_call_queries.list_calls(tx, tenant_id, incident_id=incident_id, limit=ROLL_CALLS_MAX)
        bodies += [RollCallChanged(roll_call_view(call)) for call in _among(calls, moved.roll_calls)]
        plans = await evacuation_queries.list_of_incident(tx, tenant_id, incident_id, ROLL_CALLS_MAX)
        bodies += [EvacuationPlanned(it.view) for it in plans if it.view and it.roll_call_id in moved.roll_calls]
    for call_id in moved.calls:
        call = await sos_queries.find_call(tx, tenant_id, call_id)
        assert call is not None
        bodies.append(SosChanged(sos_view(call)))
    if moved.floods:
        flood = await joining_queries.find_newest_flood(tx, tenant_id, incident_id)
        assert flood is not None
        view = views.flood_view(flood)
        bodies.append(FloodStarted(view) if flood.ended_at is None else FloodEnded(view))
    bodies += [HazardChanged(it) for it in await hazard_queries.list_shown(tx, tenant_id, moved.hazards)]
    return bodies


class _Thing(Protocol):
    @property
    def id(self) -> UUID: ...


_T = TypeVar("_T", bound=_Thing)


def _among(things: Iterable[_T], ids: Iterable[UUID]) -> Iterator[_T]:
    wanted = set(ids)
    return (thing for thing in things if thing.id in wanted)
