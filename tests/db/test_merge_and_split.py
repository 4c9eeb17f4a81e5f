"""Merging and splitting on the demo plant: what is raised later goes where a person decided it belongs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
import pytest_asyncio

from core.database import Tx
from core.errors import Conflict, Forbidden
from incidents import queries, rooms
from incidents.alarms.service import acknowledge_alarm
from incidents.incident import Incident
from incidents.joining import merging, splitting
from incidents.joining.split import Part
from incidents.leading import command
from incidents.leading.commander import find_commander
from incidents.plans import starting
from incidents.plans.starting import Report
from incidents.record import timeline
from incidents.tasking import tasks
from mobile_contract.room import RoomState, fold
from people.actor import Actor
from people.permissions import Role
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

GAS = "gas-store-1"


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        yield made


async def leak(plant: Stand) -> None:
    await plant.hold(GAS, "acetone", 1100.0, 3)


async def check_rooms(plant: Stand, *incidents: UUID) -> list[RoomState]:
    """Each room's events lead to what the tables say, and each record's chain holds."""
    found = []
    async with plant.db.transaction(plant.tenant_id) as tx:
        for incident_id in incidents:
            room = await rooms.room_of(tx, plant.tenant_id, incident_id)
            events = await rooms.events_after(tx, plant.tenant_id, room.id, 0, 1000)
            fresh = await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)
            assert fold(RoomState(room=room.id, epoch=1, seq=0), events) == fresh
            lines = await timeline.list_entries(tx, plant.tenant_id, incident_id, limit=1000)
            assert timeline.find_break(lines) is None
            found.append(fresh)
    return found


async def split_in_two(plant: Stand) -> tuple[Incident, Incident]:
    """The acetone alarm of the store goes on alone; its explosion alarm stays. (what is left, the new one)"""
    officer = await plant.actor("zhao")
    await leak(plant)
    await plant.hold(GAS, "acetone-lel", 30.0, 3)
    (incident,) = await plant.incidents()
    alarms = await plant.alarms()
    assert len(alarms) >= 2
    first = next(a for a in alarms if a.id == incident.first_out_alarm_id)
    async with plant.db.transaction(plant.tenant_id) as tx:
        made = await splitting.split(tx, officer, incident.id, Part(frozenset({first.id}), frozenset()), "another tank")
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await queries.get_incident(tx, plant.tenant_id, incident.id), made


async def test_a_part_is_an_incident_of_its_own_with_its_plan_room_and_people(plant: Stand) -> None:
    left, made = await split_in_two(plant)
    old, new = await check_rooms(plant, left.id, made.id)
    assert new.incident is not None
    assert new.incident.split_from == left.id
    assert (new.incident.state, new.incident.plan.template) == ("open", "solvent-leak")
    assert set(new.members) == set(old.members)
    assert [a.first_out for a in new.alarms.values()] == [True]
    assert sum(a.first_out for a in old.alarms.values()) == 1
    assert new.tasks
    assert not set(new.tasks) & set(old.tasks)


async def test_what_was_split_stays_apart(plant: Stand) -> None:
    left, made = await split_in_two(plant)
    await plant.hold(GAS, "acetone", 2200.0, 3)
    by_incident = {(a.incident_id, a.level) for a in await plant.alarms() if a.sensor_id is not None}
    sensor = await plant.sensor(GAS, "acetone")
    assert {a.incident_id for a in await plant.alarms() if a.sensor_id == sensor} == {made.id}, by_incident
    await plant.hold(GAS, "acetone-lel", 60.0, 3)
    lel = await plant.sensor(GAS, "acetone-lel")
    assert {a.incident_id for a in await plant.alarms() if a.sensor_id == lel} == {left.id}
    await check_rooms(plant, left.id, made.id)


async def test_merged_again_everything_is_in_one_and_later_readings_go_there(plant: Stand) -> None:
    left, made = await split_in_two(plant)
    officer = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await command.take(tx, officer, made.id, "")
    for _ in range(2):
        async with plant.db.transaction(plant.tenant_id) as tx:
            into = await merging.merge(tx, officer, left.id, made.id, "one tank after all")
    assert (into.id, into.grade) == (left.id, min(left.grade, made.grade))
    old, gone = await check_rooms(plant, left.id, made.id)
    assert gone.incident is not None
    assert (gone.incident.state, gone.incident.merged_into) == ("closed", left.id)
    assert (gone.alarms, gone.tasks, gone.deliveries, gone.escalations, gone.commander) == ({}, {}, {}, {}, None)
    assert len(old.alarms) == len(await plant.alarms())
    await plant.hold(GAS, "acetone", 100.0, 12)
    await plant.hold(GAS, "acetone", 2200.0, 3)
    assert {a.incident_id for a in await plant.alarms()} == {left.id}
    await check_rooms(plant, left.id, made.id)
    async with plant.db.transaction(plant.tenant_id) as tx:
        leads = await find_commander(tx, plant.tenant_id, left.id)
        lines = [e.kind for e in await timeline.list_entries(tx, plant.tenant_id, made.id, limit=500)]
        audits = await tx.fetchval("SELECT count(*) FROM audit WHERE action = 'incident.merged'")
    assert leads is not None
    assert leads.account_id == officer.account_id
    assert lines[-1] == "incident.merged"
    assert audits == 1


async def test_only_who_leads_or_runs_incidents_merges_and_a_closed_one_is_over(plant: Stand) -> None:
    left, made = await split_in_two(plant)
    responder, officer = await plant.actor("wang"), await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        with pytest.raises(Forbidden):
            await merging.merge(tx, responder, left.id, made.id, "mine")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await merging.merge(tx, officer, left.id, made.id, "one")
    async with plant.db.transaction(plant.tenant_id) as tx:
        with pytest.raises(Conflict) as refused:
            await merging.merge(tx, officer, made.id, left.id, "back")
    assert (refused.value.code, refused.value.value) == ("incident.merged", left.id)


async def test_a_report_that_was_merged_is_told_again_where_it_went_and_lasts(plant: Stand) -> None:
    await leak(plant)
    (spill,) = await plant.incidents()
    officer = await plant.actor("zhao")
    report = Report(plan="fire", zone_id=spill.zone_id, reason="flames at the tank")
    async with plant.db.transaction(plant.tenant_id) as tx:
        fire = await starting.start_plan(tx, officer, report)
    assert fire.id != spill.id
    async with plant.db.transaction(plant.tenant_id) as tx:
        await merging.merge(tx, officer, spill.id, fire.id, "the spill burns")
    async with plant.db.transaction(plant.tenant_id) as tx:
        again = await starting.start_plan(tx, officer, report)
    assert again.id == spill.id
    await plant.hold(GAS, "acetone", 100.0, 12)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert (await queries.get_incident(tx, plant.tenant_id, spill.id)).state == "open"
    await check_rooms(plant, spill.id, fire.id)


# --- an answer that arrives during a merger --------------------------------------------------------------------------
async def answer_during_merger(
    plant: Stand, into: UUID, other: UUID, answer: Callable[[Tx], Awaitable[object]]
) -> list[RoomState]:
    """The answer's connection waits for a lock of the merger's, which then commits: both rooms afterwards."""
    officer = await plant.actor("zhao")
    began = asyncio.get_running_loop().create_future()

    async def later() -> None:
        async with plant.db.transaction(plant.tenant_id) as tx:
            began.set_result(tx.connection.get_server_pid())
            await answer(tx)

    async with asyncio.timeout(60):
        async with plant.db.transaction(plant.tenant_id) as tx:
            await merging.merge(tx, officer, into, other, "one tank after all")
            answering = asyncio.create_task(later())
            pid = await began
            while not await tx.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid):
                assert not answering.done(), "it did not wait for the merger"
        await answering
    return await check_rooms(plant, into, other)


async def recorded(plant: Stand, incident_id: UUID, kind: str) -> list[dict[str, object]]:
    """The facts of this kind in the incident's record."""
    async with plant.db.transaction(plant.tenant_id) as tx:
        lines = await timeline.list_entries(tx, plant.tenant_id, incident_id, limit=1000)
    return [line.facts for line in lines if line.kind == kind]


async def test_an_alarm_acknowledged_during_a_merger_is_acknowledged_where_it_went(plant: Stand) -> None:
    left, made = await split_in_two(plant)
    before, gone_before = await check_rooms(plant, left.id, made.id)
    wang = await plant.actor("wang")
    (moving,) = gone_before.alarms
    room, gone = await answer_during_merger(plant, left.id, made.id, lambda tx: acknowledge_alarm(tx, wang, moving))
    assert set(room.alarms) == set(before.alarms) | set(gone_before.alarms)
    assert (room.alarms[moving].letter, gone_before.alarms[moving].letter) == ("C", "B")
    assert [facts["alarm"] for facts in await recorded(plant, left.id, "alarm.acknowledged")] == [str(moving)]
    assert gone.alarms == {}
    assert await recorded(plant, made.id, "alarm.acknowledged") == []


async def test_a_task_acknowledged_during_a_merger_is_taken_where_it_went(plant: Stand) -> None:
    left, made = await split_in_two(plant)
    before, gone_before = await check_rooms(plant, left.id, made.id)
    order = next(d for d in gone_before.deliveries.values() if gone_before.tasks[d.task].state == "open")
    asked = Actor(plant.tenant_id, order.account, Role.RESPONDER)
    room, gone = await answer_during_merger(
        plant, left.id, made.id, lambda tx: tasks.answer(tx, asked, order.task, "acknowledge", "", "k")
    )
    assert set(room.tasks) == set(before.tasks) | set(gone_before.tasks)
    assert set(room.deliveries) == set(before.deliveries) | set(gone_before.deliveries)
    assert (room.tasks[order.task].state, room.tasks[order.task].owner) == ("acknowledged", order.account)
    assert [facts["task"] for facts in await recorded(plant, left.id, "task.acknowledged")] == [str(order.task)]
    assert (gone.tasks, gone.deliveries) == ({}, {})
    assert await recorded(plant, made.id, "task.acknowledged") == []
