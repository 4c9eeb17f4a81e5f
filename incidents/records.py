"""What people read of alarms, incidents, tasks, rooms and deliveries: authorise, load."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Tx
from core.errors import Forbidden, Invalid
from incidents import queries, room_queries, rooms
from incidents.incident import Alarm, Incident, Task, TimelineEntry
from incidents.reaching import delivery_queries, orders
from incidents.reaching.delivery_queries import Attempt, DeliveryRow
from incidents.record import timeline
from incidents.room_queries import JoinedRoom, Room
from incidents.sos import queries as sos_queries
from incidents.tasking import task_queries
from incidents.wayfinding import route_queries
from incidents.wayfinding.model import RouteRow
from mobile_contract.live import Order
from mobile_contract.room import RoomState
from mobile_contract.room_events import RoomEvent
from people.actor import Actor
from people.permissions import Permission
from plant import command_queries
from plant.model import Command

# With an incident come at most this many of its deliveries and commands: some 100 kB, and more than a phone shows.
DELIVERIES_SHOWN = 200
ROUTES_SHOWN = 200
COMMANDS_SHOWN = 200
# Where a list in order of (time, id) begins.
FIRST = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
# Above every sequence number.
NEWEST = 2**62


class IncidentFile(msgspec.Struct, frozen=True):
    """An incident with what belongs to it; ``commands`` and ``room`` None: not for this reader."""

    incident: Incident
    alarms: list[Alarm]
    tasks: list[Task]
    commands: list[Command] | None
    deliveries: list[DeliveryRow]
    room: Room | None
    routes: list[RouteRow]


class DeliveryFile(msgspec.Struct, frozen=True):
    """A delivery, what it said, and its sends."""

    row: DeliveryRow
    order: Order
    attempts: list[Attempt]


class TimelinePart(msgspec.Struct, frozen=True):
    """Lines of a record, where it breaks, and whether it is a drill's."""

    entries: list[TimelineEntry]
    broken_at: int | None
    exercise: bool


class History(msgspec.Struct, frozen=True):
    """Events of a room in order; ``more``: there are others further in the direction asked for."""

    room: Room
    events: list[RoomEvent]
    more: bool


async def list_alarms(
    tx: Tx,
    actor: Actor,
    *,
    standing: bool | None,
    zone_id: UUID | None,
    level: int | None,
    sensor_id: UUID | None,
    site_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Alarm]:
    """Alarms, newest first."""
    actor.require(Permission.READ_ALARMS)
    return await queries.list_alarms(
        tx,
        actor.tenant_id,
        standing=standing,
        zone_id=zone_id,
        level=level,
        sensor_id=sensor_id,
        site_id=site_id,
        before=before,
        limit=limit,
    )


async def get_alarm(tx: Tx, actor: Actor, alarm_id: UUID) -> Alarm:
    """One alarm episode; raises NotFound."""
    actor.require(Permission.READ_ALARMS)
    return await queries.get_alarm(tx, actor.tenant_id, alarm_id)


async def list_incidents(
    tx: Tx,
    actor: Actor,
    *,
    state: str | None,
    site_id: UUID | None,
    grade: int | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Incident]:
    """Incidents, newest first."""
    actor.require(Permission.READ_INCIDENTS)
    return await queries.list_incidents(
        tx,
        actor.tenant_id,
        state=state,
        site_id=site_id,
        grade=grade,
        search=search,
        not_called_by=actor.account_id,
        before=before,
        limit=limit,
    )


async def _access(tx: Tx, actor: Actor, incident_id: UUID) -> Incident:
    """NotFound also for the person whose call for help it is: their phone shows nothing of it while it lasts."""
    incident = await queries.get_incident(tx, actor.tenant_id, incident_id)
    if await sos_queries.called_in(tx, actor.tenant_id, incident_id, actor.account_id):
        raise queries.no_incident(incident_id)
    return incident


async def get_incident(tx: Tx, actor: Actor, incident_id: UUID) -> IncidentFile:
    """One incident with what belongs to it; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    tenant_id = actor.tenant_id
    incident = await _access(tx, actor, incident_id)
    commands: list[Command] | None = None
    if actor.may(Permission.READ_COMMANDS):
        commands = await command_queries.list_commands(
            tx, tenant_id, before=tx.now + timedelta(days=1), incident_id=incident_id, limit=COMMANDS_SHOWN
        )
    room = await room_queries.find_room_of_incident(tx, tenant_id, incident_id)
    visible = room is not None and await rooms.may_see(tx, actor, room.id)
    return IncidentFile(
        incident,
        await queries.list_incident_alarms(tx, tenant_id, incident_id),
        await queries.list_tasks(tx, tenant_id, incident_id),
        commands,
        await delivery_queries.list_incident_deliveries(
            tx, tenant_id, incident_id, after=FIRST, limit=DELIVERIES_SHOWN
        ),
        room if visible else None,
        await route_queries.list_of_incident(
            tx,
            tenant_id,
            incident_id,
            ended=False,
            task_id=None,
            purpose=None,
            own=None if rooms.sees_all(actor) else actor.account_id,
            # A way tells where somebody is: those outside of the room see their own.
            alone=not visible,
            after=UUID(int=0),
            limit=ROUTES_SHOWN,
        ),
    )


async def list_timeline(tx: Tx, actor: Actor, incident_id: UUID, *, after: int, limit: int) -> TimelinePart:
    """Lines above position ``after``, and the first of them that does not follow from the line before it, or None."""
    actor.require(Permission.READ_INCIDENTS)
    incident = await _access(tx, actor, incident_id)
    return TimelinePart(*await _list_lines(tx, actor, incident_id, after, limit), incident.exercise)


async def _list_lines(
    tx: Tx, actor: Actor, incident_id: UUID, after: int, limit: int
) -> tuple[list[TimelineEntry], int | None]:
    if after == 0:
        entries = await timeline.list_entries(tx, actor.tenant_id, incident_id, limit=limit)
        return entries, timeline.find_break(entries)
    known = await timeline.list_entries(tx, actor.tenant_id, incident_id, after=after - 1, limit=limit + 1)
    if not known:
        return [], None
    if known[0].position != after:
        # The line this page follows is gone.
        return known, after
    return known[1:], timeline.find_break(known[1:], known[0])


async def list_incident_tasks(tx: Tx, actor: Actor, incident_id: UUID) -> list[Task]:
    """Tasks of an incident in plan order; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    await _access(tx, actor, incident_id)
    return await queries.list_tasks(tx, actor.tenant_id, incident_id)


async def get_task(tx: Tx, actor: Actor, task_id: UUID) -> Task:
    """One task; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    return await task_queries.get_task(tx, actor.tenant_id, task_id)


async def list_own_tasks(
    tx: Tx, actor: Actor, *, current: bool, before: tuple[datetime, UUID] | None, limit: int
) -> list[Task]:
    """The actor's own tasks, newest first; ``current``: not those that are over."""
    actor.require(Permission.READ_INCIDENTS)
    return await task_queries.list_tasks_of_account(
        tx, actor.tenant_id, actor.account_id, current=current, before=before, limit=limit
    )


async def list_incident_deliveries(
    tx: Tx, actor: Actor, incident_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[DeliveryRow]:
    """Deliveries of an incident's orders, oldest first; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    await _access(tx, actor, incident_id)
    return await delivery_queries.list_incident_deliveries(
        tx, actor.tenant_id, incident_id, after=after or FIRST, limit=limit
    )


async def list_own_deliveries(
    tx: Tx, actor: Actor, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[DeliveryRow]:
    """Deliveries of the actor's own orders, newest first."""
    actor.require(Permission.READ_INCIDENTS)
    return await delivery_queries.list_account_deliveries(
        tx, actor.tenant_id, actor.account_id, before=before, limit=limit
    )


async def get_delivery(tx: Tx, actor: Actor, delivery_id: UUID) -> DeliveryFile:
    """One delivery with its sends, for whom it is for, and for those who run incidents or audit them."""
    actor.require(Permission.READ_INCIDENTS)
    row = await delivery_queries.get_delivery(tx, actor.tenant_id, delivery_id)
    if row.account_id != actor.account_id and not rooms.sees_all(actor):
        raise Forbidden("delivery.not_yours", "this order is another person's", "此指令属于他人", field="delivery_id")
    room = await rooms.room_of(tx, actor.tenant_id, row.incident_id)
    attempts = await delivery_queries.list_attempts(tx, actor.tenant_id, delivery_id)
    return DeliveryFile(row, orders.wire_order(row, room.id, tx.now), attempts)


async def list_own_rooms(
    tx: Tx, actor: Actor, *, closed: bool, before: tuple[datetime, UUID] | None, limit: int
) -> list[JoinedRoom]:
    """Rooms the actor is a member of, newest first; ``closed``: those of closed incidents too."""
    actor.require(Permission.READ_ROOM)
    return await room_queries.list_rooms_of_account(
        tx, actor.tenant_id, actor.account_id, closed=closed, before=before, limit=limit
    )


async def get_room_state(tx: Tx, actor: Actor, room_id: UUID) -> RoomState:
    """The room as it stands; raises NotFound for whom it does not concern."""
    room = await rooms.access_room(tx, actor, room_id)
    return await rooms.fresh_snapshot(tx, actor.tenant_id, room.id)


async def list_history(
    tx: Tx, actor: Actor, room_id: UUID, *, after: int | None, before: int | None, messages: bool, limit: int
) -> History:
    """Events above ``after``, or the newest below ``before``, or the newest; always in order.

    Raises NotFound for whom the room does not concern, Invalid when both ends are given.
    """
    room = await rooms.access_room(tx, actor, room_id)
    if after is None:
        newest = await room_queries.list_events_before(
            tx, actor.tenant_id, room_id, NEWEST if before is None else before, messages=messages, limit=limit + 1
        )
        return History(room, newest[:limit][::-1], len(newest) > limit)
    if before is not None or messages:
        raise Invalid(
            "history.direction",
            "events after a number come without `before` and without `messages`",
            "按 after 查询时不可同时使用 before 或 messages",
            field="after",
            value=after,
        )
    events: Sequence[RoomEvent] = await rooms.events_after(tx, actor.tenant_id, room_id, after, limit + 1)
    return History(room, list(events[:limit]), len(events) > limit)
