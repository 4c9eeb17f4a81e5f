"""Rooms on a real PostgreSQL: order, idempotency, isolation, and snapshot + events = fresh snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from core.database import Database, Tx
from core.errors import Forbidden, Invalid, NotFound
from core.ids import new_id
from geo.hazards.model import Area, Hazard, Slice
from incidents import queries, rooms, views
from incidents.alarms import flood_queries
from incidents.alarms.flood import Flood
from incidents.drills import queries as drill_queries
from incidents.drills.ending import drill_view
from incidents.drills.model import Drill, DrillFacts
from incidents.drills.score import score
from incidents.evacuation import queries as evacuation_queries
from incidents.hazards import service as hazards
from incidents.hazards.service import Bare
from incidents.joining import merging, splitting
from incidents.joining.split import Part
from incidents.leading import board, command
from incidents.leading.board import ResourceDraft
from incidents.plans import plan_queries
from incidents.reaching import orders
from incidents.roll_call import queries as roll_call_queries
from incidents.roll_call import service as roll_calls
from incidents.roll_call.service import Wanted
from incidents.room_queries import find_room
from incidents.sos import queries as sos_queries
from incidents.sos import service as sos
from incidents.sos.model import SosCall
from incidents.tasking import escalation, task_queries
from incidents.tasking.policy import Need
from incidents.wayfinding import route_queries, routes_service
from mobile_contract import room_events as contract
from mobile_contract.drills import Goals
from mobile_contract.evacuation import EvacuationView, GatheringView, ZoneClearing
from mobile_contract.room import RoomState, fold
from mobile_contract.room_events import (
    KINDS,
    AlarmChanged,
    AlarmJoined,
    CommandChanged,
    DrillChanged,
    EvacuationPlanned,
    FloodEnded,
    FloodStarted,
    IncidentClosed,
    IncidentOpened,
    IncidentRegraded,
    IncidentReopened,
    IncidentReturned,
    MessagePosted,
    SosChanged,
    TaskAssigned,
    TaskChanged,
    TaskStepsChanged,
)
from mobile_contract.room_views import StepView
from mobile_contract.text import Text
from people.permissions import Role
from plant import command_queries
from tests import incident_world
from tests.incident_world import World

Change = Callable[[Tx, World], Awaitable[None]]


async def _save(tx: Tx, world: World, **changes: Any) -> None:
    incident = await queries.get_incident(tx, world.tenant_id, world.incident_id)
    await queries.save_incident(tx, world.tenant_id, replace(incident, **changes))


async def _append(tx: Tx, world: World, body: contract.Body) -> None:
    await rooms.append(tx, world.tenant_id, world.room_id, body)


async def _opened(tx: Tx, world: World) -> None:
    incident = await queries.get_incident(tx, world.tenant_id, world.incident_id)
    await _append(tx, world, IncidentOpened(views.incident_view(incident)))


async def _regraded(tx: Tx, world: World) -> None:
    reasons = [Text("二级", "Second level")]
    await _save(tx, world, grade=1, reasons=reasons)
    await _append(tx, world, IncidentRegraded(1, reasons))


async def _returned(tx: Tx, world: World) -> None:
    await _save(tx, world, state="returned", returned_at=tx.now)
    await _append(tx, world, IncidentReturned(tx.now))


async def _reopened(tx: Tx, world: World) -> None:
    await _returned(tx, world)
    await _save(tx, world, state="open", returned_at=None)
    await _append(tx, world, IncidentReopened())


async def _closed(tx: Tx, world: World) -> None:
    await _save(tx, world, state="closed", closed_at=tx.now, closed_by=world.wang, close_reason="aired out")
    await _append(tx, world, IncidentClosed(tx.now, world.wang, "aired out"))


async def _alarm_joined(tx: Tx, world: World) -> None:
    ids = (world.tenant_id, world.site_id, world.zone_id, world.rule_id, world.actuator_id, world.incident_id)
    alarm = incident_world.new_alarm(tx, ids, episode=2)
    await queries.insert_alarm(tx, world.tenant_id, alarm)
    await _append(tx, world, AlarmJoined(views.alarm_view(alarm)))


async def _alarm_changed(tx: Tx, world: World) -> None:
    alarm = await queries.get_alarm(tx, world.tenant_id, world.alarm_id)
    alarm = replace(alarm, letter="C", value=7000.0, acknowledged_at=tx.now, acknowledged_by=world.wang)
    await queries.save_alarm(tx, world.tenant_id, alarm)
    await _append(tx, world, AlarmChanged(views.alarm_view(alarm)))


async def _task_assigned(tx: Tx, world: World) -> None:
    task = await incident_world.add_task(tx, world, world.wang)
    await _append(tx, world, TaskAssigned(views.task_view(task)))


async def _task_changed(tx: Tx, world: World) -> None:
    await _task_assigned(tx, world)
    for task in await queries.cancel_open_tasks(tx, world.tenant_id, world.incident_id):
        await _append(tx, world, TaskChanged(views.task_view(task)))


async def _task_steps_changed(tx: Tx, world: World) -> None:
    task = await incident_world.add_task(tx, world, world.wang)
    await _append(tx, world, TaskAssigned(views.task_view(task)))
    steps = [StepView(n=n, confirm="tap", required=True, due_at=tx.now) for n in (1, 2)]
    await plan_queries.insert_steps(tx, world.tenant_id, world.incident_id, task.id, steps)
    done = replace(steps[0], confirmed_at=tx.now, confirmed_by=world.wang)
    await plan_queries.save_step(tx, world.tenant_id, task.id, done)
    await _append(tx, world, TaskStepsChanged(task.id, [done, steps[1]]))


async def _command_changed(tx: Tx, world: World) -> None:
    for state in ("requested", "confirmed"):
        command_id = await incident_world.add_command(tx, world, state)
        command = await command_queries.get_command(tx, world.tenant_id, command_id)
        await _append(tx, world, CommandChanged(views.command_view(command)))


async def _delivery_changed(tx: Tx, world: World) -> None:
    task = await incident_world.add_task(tx, world, world.wang)
    await _append(tx, world, TaskAssigned(views.task_view(task)))
    order = orders.OrderContent(grade=3, title=task.title, place=task.title, agent=None, steps=task.steps)
    await orders.queue_order(tx, world.tenant_id, task.id, world.wang, order)


async def _roll_call_changed(tx: Tx, world: World) -> None:
    wanted = Wanted("zones", (world.zone_id,))
    await roll_calls.begin(tx, world.tenant_id, world.incident_id, wanted, "leak", by=None)


async def _evacuation_planned(tx: Tx, world: World) -> None:
    await _roll_call_changed(tx, world)
    (call,) = await roll_call_queries.list_calls(tx, world.tenant_id, incident_id=world.incident_id, limit=1)
    until = tx.now + timedelta(seconds=9)
    row = await evacuation_queries.claim(tx, world.tenant_id, call.id, world.site_id, new_id(), until)
    assert row is not None
    view = EvacuationView(
        id=call.id,
        revision=1,
        planned_at=tx.now,
        cleared_s=61.5,
        out=3,
        cut_off=1,
        unknown=0,
        text=Text("预计", "out soon"),
        zones=[ZoneClearing(zone=world.zone_id, name=Text("库", "Store"), people=4, clear_s=None)],
        points=[GatheringView(name=Text("东", "East"), people=3)],
    )
    await evacuation_queries.save(tx, replace(row, revision=1, view=view))
    await _append(tx, world, EvacuationPlanned(view))


async def _escalation_changed(tx: Tx, world: World) -> None:
    task = await incident_world.add_task(tx, world, None)
    await _append(tx, world, TaskAssigned(views.task_view(task)))
    content = orders.OrderContent(grade=3, title=task.title, place=task.title, agent=None, steps=task.steps)
    needs = [Need("first_aid", 2), Need("hf_handling", 1, "moving")]
    given = await escalation.start(tx, replace(task, id=new_id(), position=2, needs=needs), content)
    await _append(tx, world, TaskAssigned(views.task_view(given)))


async def _sos_changed(tx: Tx, world: World) -> None:
    call = SosCall(
        tenant_id=world.tenant_id,
        id=new_id(),
        account_id=world.li,
        name="Li",
        incident_id=world.incident_id,
        site_id=world.site_id,
        zone_id=world.zone_id,
        kind="fall",
        place=Text("库", "Store"),
        located_by="phone",
        share=0.75,
        lon=121.4,
        lat=31.2,
        level=0,
        accuracy_m=8.0,
        located_at=tx.now,
        note="my leg",
        opened_at=tx.now,
        presses=1,
        pressed_at=tx.now,
    )
    await sos_queries.insert_call(tx, world.tenant_id, call)
    await _append(tx, world, SosChanged(sos.sos_view(call)))
    over = replace(call, presses=2, ended_at=tx.now, over_at=tx.now)
    await sos_queries.save_call(tx, world.tenant_id, over)
    await _append(tx, world, SosChanged(sos.sos_view(over)))


async def _message_posted(tx: Tx, world: World) -> None:
    for n in range(3):
        await rooms.post(tx, world.actor(world.wang), world.room_id, f"message {n}", f"key-{n}")


async def _member_joined(tx: Tx, world: World) -> None:
    await rooms.add_member(tx, world.tenant_id, world.room_id, world.li)


async def _member_left(tx: Tx, world: World) -> None:
    await rooms.remove_member(tx, world.tenant_id, world.room_id, world.wang)


async def _flood_started(tx: Tx, world: World) -> None:
    flood = Flood(
        tenant_id=world.tenant_id,
        id=new_id(),
        site_id=world.site_id,
        incident_id=world.incident_id,
        started_at=tx.now,
        alarms_at_start=11,
        alarms=11,
        due_at=tx.now,
    )
    await flood_queries.insert_flood(tx, world.tenant_id, flood)
    await _append(tx, world, FloodStarted(views.flood_view(flood)))
    # It counts on, and the room is told how far when it ends.
    await flood_queries.save_flood(tx, world.tenant_id, replace(flood, alarms=15))


async def _flood_ended(tx: Tx, world: World) -> None:
    await _flood_started(tx, world)
    standing = await flood_queries.find_open(tx, world.tenant_id, world.site_id)
    assert standing is not None
    over = replace(standing, ended_at=tx.now)
    await flood_queries.save_flood(tx, world.tenant_id, over)
    await _append(tx, world, FloodEnded(views.flood_view(over)))


async def _commander_changed(tx: Tx, world: World) -> None:
    await command.take(tx, world.actor(world.wang), world.incident_id, "")


async def _objective_changed(tx: Tx, world: World) -> None:
    await _commander_changed(tx, world)
    wang = world.actor(world.wang)
    made = await board.set_objective(tx, wang, world.incident_id, "Nobody goes in")
    await board.set_objective(tx, wang, world.incident_id, "The leak is closed")
    await board.change_objective(tx, wang, made.id, text=None, state="met", expected_version=1)


async def _resource_changed(tx: Tx, world: World) -> None:
    await _commander_changed(tx, world)
    wang = world.actor(world.wang)
    draft = ResourceDraft("person", "", account_id=world.li, note="knows the valve")
    made = await board.add_resource(tx, wang, world.incident_id, draft)
    await board.change_resource(
        tx, wang, made.id, state="on_scene", task_id=None, note=None, expected_version=made.version
    )


async def _incident_merged(tx: Tx, world: World) -> None:
    await _hazard_changed(tx, world)
    await _task_steps_changed(tx, world)
    await _command_changed(tx, world)
    other = await incident_world.open_other(tx, world)
    officer = world.actor(world.wang, Role.SAFETY_OFFICER)
    await merging.merge(tx, officer, other, world.incident_id, "one leak")


async def _incident_split(tx: Tx, world: World) -> None:
    await _alarm_joined(tx, world)
    await _task_steps_changed(tx, world)
    tasks = await queries.list_tasks(tx, world.tenant_id, world.incident_id)
    part = Part(frozenset({world.alarm_id}), frozenset(t.id for t in tasks))
    await splitting.split(tx, world.actor(world.wang, Role.SAFETY_OFFICER), world.incident_id, part, "two leaks")


async def _drill_changed(tx: Tx, world: World) -> None:
    drill = Drill(
        tenant_id=world.tenant_id,
        id=new_id(),
        incident_id=world.incident_id,
        site_id=world.site_id,
        zone_id=world.zone_id,
        plan="fire",
        reason="monthly",
        level=1,
        announced=True,
        started_by=world.wang,
        started_at=tx.now,
        ends_at=tx.now + timedelta(minutes=5),
        goals=Goals(),
    )
    await drill_queries.insert_drill(tx, world.tenant_id, drill)
    await _append(tx, world, DrillChanged(drill_view(drill)))
    facts = DrillFacts(started_at=tx.now, until=tx.now, goals=Goals())
    over = replace(drill, ended_at=tx.now, ended_why="time", score=score(facts))
    await drill_queries.end_drill(tx, world.tenant_id, over)
    await _append(tx, world, DrillChanged(drill_view(over)))


async def _route_changed(tx: Tx, world: World) -> None:
    row = await incident_world.add_route(tx, world)
    task = await task_queries.get_task(tx, world.tenant_id, row.task_id or row.id)
    await rooms.append_to_incident(tx, world.tenant_id, world.incident_id, TaskAssigned(views.task_view(task)))


async def _route_progressed(tx: Tx, world: World) -> None:
    await _route_changed(tx, world)
    (row,) = await route_queries.list_of_account(tx, world.tenant_id, world.wang)
    view = replace(row.view, step=2, left_m=1.5, left_s=1.0, off_route=True)
    after = replace(row, view=view)
    await route_queries.save_route(tx, after)
    await routes_service.tell_progress(tx, row, after)


async def _hazard_changed(tx: Tx, world: World) -> None:
    wang = world.actor(world.wang)
    area = Area(polygon=incident_world.SQUARE, levels=[0])
    drawn = Hazard(id="cloud", source="drawn", slices=[Slice(start_ms=0, length_ms=1, areas=[area])])
    for name in ("cloud", "puddle"):
        bare = Bare(
            id=new_id(),
            source="drawn",
            name=Text("云", name),
            agent=None,
            incident_id=world.incident_id,
            minutes=5,
            facts={},
        )
        made = await hazards.state(tx, wang, world.site_id, hazards.prepared(bare, drawn, tx.now))
    await hazards.end(tx, wang, world.site_id, made.id, "aired out")


CHANGES: dict[str, Change] = {
    "incident.opened": _opened,
    "incident.regraded": _regraded,
    "incident.returned": _returned,
    "incident.reopened": _reopened,
    "incident.closed": _closed,
    "alarm.joined": _alarm_joined,
    "alarm.changed": _alarm_changed,
    "flood.started": _flood_started,
    "flood.ended": _flood_ended,
    "task.assigned": _task_assigned,
    "task.changed": _task_changed,
    "task.steps_changed": _task_steps_changed,
    "command.changed": _command_changed,
    "delivery.changed": _delivery_changed,
    "roll_call.changed": _roll_call_changed,
    "evacuation.planned": _evacuation_planned,
    "escalation.changed": _escalation_changed,
    "commander.changed": _commander_changed,
    "objective.changed": _objective_changed,
    "resource.changed": _resource_changed,
    "route.changed": _route_changed,
    "route.progressed": _route_progressed,
    "incident.merged": _incident_merged,
    "incident.split": _incident_split,
    "sos.changed": _sos_changed,
    "drill.changed": _drill_changed,
    "hazard.changed": _hazard_changed,
    "message.posted": _message_posted,
    "member.joined": _member_joined,
    "member.left": _member_left,
}


@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_snapshot_and_the_events_after_it_are_a_fresh_snapshot(tx: Tx, kind: str) -> None:
    world = await incident_world.build(tx)
    await tx.finish()
    before = await rooms.fresh_snapshot(tx, world.tenant_id, world.room_id)
    await CHANGES[kind](tx, world)
    await tx.finish()
    events = await rooms.events_after(tx, world.tenant_id, world.room_id, before.seq, 100)
    assert kind in {event.kind for event in events}
    after = await rooms.fresh_snapshot(tx, world.tenant_id, world.room_id)
    assert fold(before, events) == after
    assert after != before
    everything = await rooms.events_after(tx, world.tenant_id, world.room_id, 0, 100)
    assert fold(RoomState(room=world.room_id, epoch=1, seq=0), everything) == after


async def test_concurrent_appends_take_gapless_numbers_in_commit_order(clone: Any) -> None:
    async with Database.connect(clone.app_url) as db:
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)
        start = await _seq(db, world)
        committed: list[int] = []

        async def write(n: int) -> None:
            async with db.transaction(world.tenant_id) as tx:
                event = await rooms.append(tx, world.tenant_id, world.room_id, MessagePosted(f"{n}"))
                if n % 5 == 0:
                    # Another transaction that has begun later must not overtake this one.
                    await asyncio.sleep(0)
                    await tx.fetchval("SELECT pg_sleep(0.002)")
                committed.append(event.seq)

        async def append_and_break() -> None:
            async with db.transaction(world.tenant_id) as tx:
                await rooms.append(tx, world.tenant_id, world.room_id, MessagePosted("never"))
                await tx.execute("SELECT 1/0")

        async def fail() -> None:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await append_and_break()

        await asyncio.gather(*(fail() if n % 7 == 0 else write(n) for n in range(60)))
        assert committed == list(range(start + 1, start + 1 + len(committed)))
        assert await _seq(db, world) == committed[-1]


async def test_the_same_key_sent_at_once_from_many_sockets_is_one_message(clone: Any) -> None:
    async with Database.connect(clone.app_url) as db:
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)

        async def send(text: str) -> int:
            async with db.transaction(world.tenant_id) as tx:
                return (await rooms.post(tx, world.actor(world.wang), world.room_id, text, "k1")).seq

        before = await _seq(db, world)
        assert set(await asyncio.gather(*(send("on my way") for _ in range(8)))) == {before + 1}
        assert await _seq(db, world) == before + 1


async def test_two_people_may_use_the_same_key(tx: Tx) -> None:
    world = await incident_world.build(tx)
    await rooms.add_member(tx, world.tenant_id, world.room_id, world.li)
    first = await rooms.post(tx, world.actor(world.wang), world.room_id, "a", "k")
    second = await rooms.post(tx, world.actor(world.li), world.room_id, "b", "k")
    assert first.seq + 1 == second.seq


async def test_events_and_snapshots_of_another_tenant_are_not_there(clone: Any) -> None:
    async with Database.connect(clone.app_url) as db:
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)
        stranger = new_id()
        async with db.transaction(stranger) as tx:
            assert await rooms.events_after(tx, world.tenant_id, world.room_id, 0, 10) == []
            assert await find_room(tx, world.tenant_id, world.room_id) is None
            with pytest.raises(NotFound):
                await rooms.fresh_snapshot(tx, world.tenant_id, world.room_id)
            with pytest.raises(NotFound):
                await rooms.append(tx, world.tenant_id, world.room_id, MessagePosted("hello"))


async def test_who_is_not_in_a_room_is_not_told_that_it_exists(tx: Tx) -> None:
    world = await incident_world.build(tx)
    await rooms.access_room(tx, world.actor(world.wang), world.room_id)
    with pytest.raises(NotFound):
        await rooms.access_room(tx, world.actor(world.li), world.room_id)
    await rooms.access_room(tx, world.actor(world.li, Role.SAFETY_OFFICER), world.room_id)
    with pytest.raises(NotFound):
        await rooms.post(tx, world.actor(world.li), world.room_id, "let me in", "k")
    with pytest.raises(Forbidden):
        await rooms.post(tx, world.actor(world.li, Role.AUDITOR), world.room_id, "noted", "k")


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001])
async def test_an_empty_or_endless_message_is_refused_with_its_limit(tx: Tx, text: str) -> None:
    world = await incident_world.build(tx)
    with pytest.raises(Invalid) as refused:
        await rooms.post(tx, world.actor(world.wang), world.room_id, text, "k")
    assert refused.value.limit == 4000


async def test_opening_twice_gives_the_same_room(tx: Tx) -> None:
    world = await incident_world.build(tx)
    assert await rooms.open_room(tx, world.tenant_id, world.incident_id, [world.wang]) == world.room_id


async def test_what_was_said_in_a_room_can_not_be_changed(tx: Tx) -> None:
    await incident_world.build(tx)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tx.execute("UPDATE room_events SET kind = 'x'")


async def _seq(db: Database, world: World) -> int:
    async with db.transaction(world.tenant_id) as tx:
        room = await find_room(tx, world.tenant_id, world.room_id)
    assert isinstance(room.next_seq if room else None, int)
    assert room is not None
    return room.next_seq - 1
