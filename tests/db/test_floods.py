"""Floods on the demo plant: what folds under the first-out, what never does, and that the tables alone remember it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from incidents import closing, flooding, rooms
from incidents.alarms import flood, service, suppression_service
from incidents.alarms.flood import Flood, FloodLimits, Span
from incidents.alarms.suppression_queries import AlarmSettings
from incidents.incident import Incident
from incidents.record import timeline
from mobile_contract.room import RoomState, fold
from plant import instrument_queries, instrument_service
from plant.instrument_service import DeviceDraft, SensorDraft
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

GAS, LEL, SPINDLE = "gas-store-1", "acetone-lel", "spindle-1"
# Sensors in the machine hall, which no leak of the solvent store reaches, that do nothing but fall silent.
MUTES = [f"mute-{n}" for n in range(16)]


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        near = await made.sensor(SPINDLE, "vibration")
        async with made.db.transaction(made.tenant_id) as tx:
            it = await instrument_queries.get_sensor(tx, made.tenant_id, near)
            box = (await instrument_service.create_device(tx, None, DeviceDraft(it.site_id, "mutes", it.name))).device
            for series in MUTES:
                draft = SensorDraft(box.id, it.zone_id, series, it.name, "voltage", "V", 30.0)
                await instrument_service.create_sensor(tx, None, draft)
        await made.engine.load()
        made.everyone_speaks()
        yield made


async def fall_silent(plant: Stand, count: int, first: int = 0) -> None:
    """So many sensors are found to be silent, a second after one another."""
    for series in MUTES[first : first + count]:
        plant.clock.advance(1)
        plant.everyone_speaks()
        stale = plant.engine._watches[await plant.sensor("mutes", series)].stale
        assert stale is not None
        await plant.engine._step_rules([stale[0].id], silent=True)


async def leak(plant: Stand) -> Incident:
    """Acetone in the solvent store at the first level: the first-out."""
    await plant.hold(GAS, LEL, 30.0, 3)
    (incident,) = await plant.incidents()
    return incident


async def floods(plant: Stand) -> list[Flood]:
    """All of them, oldest first."""
    actor = await plant.actor("wang")
    async with plant.db.transaction(plant.tenant_id) as tx:
        return (await flooding.list_floods(tx, actor, site_id=None, standing=None, before=None, limit=50))[::-1]


async def room_state(plant: Stand, incident_id: UUID) -> RoomState:
    """The room as the tables say, whose alarms and flood are what its events say."""
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, incident_id)
        fresh = await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)
        events = await rooms.events_after(tx, plant.tenant_id, room.id, 0, 1000)
    folded = fold(RoomState(room=room.id, epoch=1, seq=0), events)
    assert (folded.flood, folded.alarms) == (fresh.flood, fresh.alarms)
    return fresh


async def test_the_eleventh_alarm_starts_a_flood_that_the_first_out_leads(plant: Stand) -> None:
    first = await leak(plant)
    await fall_silent(plant, 9)
    assert await floods(plant) == []
    await fall_silent(plant, 1, first=9)
    (begun,) = await floods(plant)
    assert (begun.incident_id, begun.alarms_at_start, begun.ended_at) == (first.id, 11, None)
    shown = (await room_state(plant, first.id)).flood
    assert shown is not None
    assert (shown.alarms, shown.ended_at) == (11, None)


async def test_followers_fold_under_the_first_out_and_send_nobody_again(plant: Stand) -> None:
    first = await leak(plant)
    await fall_silent(plant, 10)
    before = await plant.rows("SELECT id FROM tasks WHERE tenant_id = $1")
    incidents = len(await plant.incidents())
    await plant.hold(SPINDLE, "vibration", 3.0, 3)
    assert len(await plant.incidents()) == incidents, "a spindle far away, and milder than the leak"
    joined = [a for a in await plant.alarms() if a.incident_id == first.id]
    assert [a.unit for a in joined][-1] == "mm/s"
    once = await plant.rows("SELECT id FROM tasks WHERE tenant_id = $1")
    assert len(once) > len(before), "its plan is one that nobody has in hand"
    await plant.hold(SPINDLE, "vibration", 5.0, 3)
    assert await plant.rows("SELECT id FROM tasks WHERE tenant_id = $1") == once
    assert (await floods(plant))[0].alarms > 11


async def test_what_threatens_life_opens_its_own_incident_in_the_middle_of_a_flood(plant: Stand) -> None:
    await plant.hold(SPINDLE, "vibration", 3.0, 3)
    await fall_silent(plant, 10)
    (leading,) = await plant.incidents()
    plant.everyone_speaks()
    await plant.read("gas-room-1", "hydrogen-fluoride", 9.0)
    (_, own) = await plant.incidents()
    assert (own.grade, own.agent) == (1, "hydrogen-fluoride")
    assert [f.incident_id for f in await floods(plant)] == [leading.id]
    tasks = await plant.rows(
        "SELECT incident_id FROM tasks WHERE tenant_id = $1 AND plan_template = 'hydrogen-fluoride'"
    )
    assert {task["incident_id"] for task in tasks} == {own.id}, "and its people are sent"


async def test_a_flood_of_silent_sensors_hides_no_danger(plant: Stand) -> None:
    await fall_silent(plant, 12)
    (begun,) = await floods(plant)
    await plant.hold(SPINDLE, "vibration", 3.0, 3)
    newest = (await plant.incidents())[-1]
    assert (newest.plan["template"], newest.id != begun.incident_id) == ("machine-vibration", True)


async def test_it_ends_when_fewer_than_five_are_left_in_ten_minutes_through_a_restart(plant: Stand) -> None:
    first = await leak(plant)
    await fall_silent(plant, 12)
    (begun,) = await floods(plant)
    await plant.restart()
    plant.everyone_speaks()
    plant.clock.advance((begun.due_at - plant.clock.now()).total_seconds() - 1)
    plant.everyone_speaks()
    await plant.engine._fire_due()
    assert [f.ended_at for f in await floods(plant)] == [None]
    await plant.restart()
    plant.everyone_speaks()
    plant.clock.advance(1)
    await plant.engine._fire_due()
    (over,) = await floods(plant)
    assert over.ended_at == begun.due_at
    shown = (await room_state(plant, first.id)).flood
    assert shown is not None
    assert (shown.ended_at, shown.alarms) == (begun.due_at, over.alarms)
    async with plant.db.transaction(plant.tenant_id) as tx:
        entries = await timeline.list_entries(tx, plant.tenant_id, first.id, limit=200)
    assert [e.kind for e in entries if e.kind.startswith("flood.")] == ["flood.started", "flood.ended"]


async def test_its_rows_are_the_floods_of_the_alarms_table(plant: Stand) -> None:
    await leak(plant)
    await fall_silent(plant, 13)
    plant.clock.advance(700)
    plant.everyone_speaks()
    await plant.engine._fire_due()
    raised = sorted(alarm.raised_at for alarm in await plant.alarms())
    expected = flood.spans(raised, plant.clock.now(), FloodLimits())
    assert [Span(f.started_at, f.ended_at) for f in await floods(plant)] == expected
    assert len(expected) == 1


async def test_a_site_says_itself_what_a_flood_is(plant: Stand) -> None:
    admin = await plant.actor("admin")
    async with plant.db.transaction(plant.tenant_id) as tx:
        wanted = AlarmSettings(plant.lease.site_id, flood_start_above=3, flood_end_below=2)
        await suppression_service.edit_settings(tx, admin, wanted)
    await leak(plant)
    await fall_silent(plant, 3)
    assert [f.alarms_at_start for f in await floods(plant)] == [4]


async def test_when_its_incident_is_closed_a_flood_that_goes_on_is_led_by_the_next(plant: Stand) -> None:
    first = await leak(plant)
    await fall_silent(plant, 10)
    zhao = await plant.actor("zhao")
    await plant.hold(GAS, LEL, 0.0, 12)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, zhao, first.id, "leak stopped")
    await fall_silent(plant, 1, first=10)
    old, new = await floods(plant)
    assert (old.incident_id, old.ended_at is not None) == (first.id, True)
    assert (new.incident_id != first.id, new.ended_at) == (True, None)
    await room_state(plant, first.id)
    await room_state(plant, new.incident_id)


async def test_an_alarm_a_person_lets_speak_again_counts_too(plant: Stand) -> None:
    await leak(plant)
    rows = await plant.rows(
        "SELECT id FROM alarm_rules WHERE tenant_id = $1 AND sensor_id = $2 AND kind = 'high' AND level = 1",
        await plant.sensor(SPINDLE, "vibration"),
    )
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.shelve_rule(tx, zhao, rows[0]["id"], None, "run in")
    await plant.engine.refresh_rule(rows[0]["id"])
    await plant.hold(SPINDLE, "vibration", 3.0, 3)
    await fall_silent(plant, 9)
    assert await floods(plant) == []
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.unshelve_rule(tx, zhao, rows[0]["id"])
    await plant.engine.refresh_rule(rows[0]["id"])
    (begun,) = await floods(plant)
    assert plant.engine._flood_due == begun.due_at
