"""From a reading to everything that follows from it, in one transaction, on the demo plant's own rules and plans."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from core.errors import Conflict, Forbidden, Invalid
from incidents import closing, commanding, response, rooms
from incidents import service as tasks_service
from incidents.alarms import rule_service, service
from incidents.alarms.model import LimitSource
from incidents.plans import planning
from incidents.record import timeline
from mobile_contract.room_events import CommandChanged
from mobile_contract.text import Text
from plant import command_queries, instrument_service, place_service
from plant import service as plant_service
from plant.errors import LeaseLost
from plant.instrument_service import ActuatorChange, DeviceDraft, SensorChange, SensorDraft
from plant.model import CommandState, Quality, Reading
from plant.place_service import SiteDraft, ZoneDraft
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

GAS, ACETONE, LEL = "gas-store-1", "acetone", "acetone-lel"
FAN = """
SELECT a.id FROM actuators a JOIN zones z ON z.tenant_id = $1 AND z.id = a.zone_id
WHERE a.tenant_id = $1 AND a.kind = 'fan' AND z.slug = 'solvent-store'
"""


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        yield made


async def leak(plant: Stand) -> None:
    """Acetone above the first level for longer than its on-delay."""
    await plant.hold(GAS, ACETONE, 1100.0, 3)


async def cure(plant: Stand) -> None:
    """Below the deadband for longer than the off-delay."""
    await plant.hold(GAS, ACETONE, 100.0, 12)


# --- what an alarm leads to -----------------------------------------------------------------------------------------
async def test_an_ordinary_reading_changes_nothing(plant: Stand) -> None:
    assert await plant.read(GAS, ACETONE, 4.0) is False
    assert await plant.incidents() == []


async def test_a_raised_alarm_has_its_incident_plan_commands_orders_room_and_record(plant: Stand) -> None:
    await leak(plant)
    (incident,) = await plant.incidents()
    (alarm,) = await plant.alarms()
    assert (incident.state, incident.grade, incident.agent) == ("open", 2, "acetone")
    assert incident.title == Text("丙酮泄漏：溶剂库", "Leak of acetone: solvent store")
    assert [reason.en for reason in incident.reasons][:2] == [
        "Level 1 alarm of acetone",
        "Solvent store is a zone of high risk",
    ]
    assert (alarm.first_out, alarm.letter, incident.first_out_alarm_id) == (True, "B", alarm.id)
    assert incident.plan["template"] == "solvent-leak"
    commands = await plant.commands()
    assert sorted(c.action for c in commands) == ["close", "sound", "sound", "start", "start"]
    tasks = await plant.rows("SELECT role, owner_account_id, plan_version FROM tasks WHERE tenant_id = $1")
    assert sorted(t["role"] for t in tasks) == ["responder", "responder", "safety_officer"]
    assert len({t["owner_account_id"] for t in tasks}) == 3
    deliveries = await plant.rows("SELECT state, content FROM deliveries WHERE tenant_id = $1")
    assert [d["state"] for d in deliveries] == ["queued"] * 3
    assert all(len(d["content"]["steps"]) >= 3 for d in deliveries)
    async with plant.db.transaction(plant.tenant_id) as tx:
        entries = await timeline.list_entries(tx, plant.tenant_id, incident.id, limit=100)
        room = await rooms.room_of(tx, plant.tenant_id, incident.id)
        state = await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)
    assert timeline.find_break(entries) is None
    assert Counter(e.kind for e in entries) == {
        "incident.opened": 1,
        "alarm.raised": 1,
        "command.requested": 5,
        "task.assigned": 3,
    }
    assert len(state.commands) == 5
    assert len(state.deliveries) == 3
    assert len(state.members) == 3


async def test_a_fault_in_the_middle_leaves_neither_reading_nor_alarm(
    plant: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant.read(GAS, LEL, 1.0)

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(planning, "give_tasks", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        await plant.read(GAS, LEL, 60.0)
    assert await plant.incidents() == []
    assert await plant.commands() == []
    values = await plant.rows("SELECT value FROM readings WHERE tenant_id = $1")
    assert [v["value"] for v in values] == [1.0]
    monkeypatch.undo()
    await plant.read(GAS, LEL, 60.0)
    assert len(await plant.incidents()) == 1


async def test_a_gateway_that_lost_its_lease_writes_nothing(plant: Stand) -> None:
    async with plant.db.transaction(plant.tenant_id) as tx:
        await tx.execute("UPDATE site_leases SET fencing = fencing + 1 WHERE tenant_id = $1", plant.tenant_id)
    with pytest.raises(LeaseLost):
        await plant.read(GAS, LEL, 60.0)
    assert await plant.alarms() == []
    assert await plant.rows("SELECT 1 FROM readings WHERE tenant_id = $1") == []


# --- one cause, one incident ----------------------------------------------------------------------------------------
async def test_the_second_level_joins_regrades_and_gives_no_task_twice(plant: Stand) -> None:
    await leak(plant)
    before = await plant.rows("SELECT id FROM tasks WHERE tenant_id = $1 ORDER BY position")
    await plant.read(GAS, ACETONE, 2100.0)
    (incident,) = await plant.incidents()
    assert incident.grade == 1
    assert [a.first_out for a in await plant.alarms()] == [True, False]
    tasks = await plant.rows("SELECT id, slug FROM tasks WHERE tenant_id = $1 ORDER BY position")
    assert [t["id"] for t in tasks[:3]] == [t["id"] for t in before]
    added = [t["slug"] for t in tasks[3:]]
    assert added == ["call-fire-brigade", "evacuate"], "what the second level adds, everyone out, and nothing else"
    assert len(await plant.commands()) == 5


async def test_two_levels_in_one_reading_are_one_incident_led_by_the_worse(plant: Stand) -> None:
    await plant.read(GAS, LEL, 60.0)
    await plant.hold(GAS, LEL, 60.0, 3)
    (incident,) = await plant.incidents()
    levels = {a.level: a.first_out for a in await plant.alarms()}
    assert levels == {2: True, 1: False}
    assert incident.grade == 1


async def test_a_room_next_door_joins_and_one_beyond_it_does_not(plant: Stand) -> None:
    await leak(plant)
    await plant.hold("gas-coating-1", ACETONE, 1500.0, 3)
    (incident,) = await plant.incidents()
    assert "It has spread to more than one zone" in [r.en for r in incident.reasons]
    await plant.hold("spindle-1", "vibration", 3.0, 3)
    assert [i.plan["template"] for i in await plant.incidents()] == ["solvent-leak", "machine-vibration"]


async def test_people_are_sent_to_where_the_alarm_is_also_when_next_door_was_first(plant: Stand) -> None:
    await plant.hold("gas-coating-1", ACETONE, 1500.0, 3)
    await leak(plant)
    contents = await plant.rows("SELECT content FROM deliveries WHERE tenant_id = $1 ORDER BY queued_at, id")
    leaks = {c["content"]["title"]["en"]: c["content"]["place"]["en"] for c in contents}
    assert leaks["Check and stop the leak of acetone: optics coating"] == "Optics coating"
    assert leaks["Check and stop the leak of acetone: solvent store"] == "Solvent store"
    assert len(await plant.incidents()) == 1


async def test_a_leak_beside_a_silent_sensor_has_its_own_name_and_place(plant: Stand) -> None:
    plant.everyone_speaks()
    await plant.read("gas-coating-1", ACETONE, 4.0)
    await plant.pass_time(14)
    for watch in plant.engine._watches.values():
        if watch.stale is not None and watch.stale[0].sensor_id != await plant.sensor("gas-coating-1", ACETONE):
            watch.heard_at = plant.clock.now()
    await plant.pass_time(3)
    await leak(plant)
    assert [i.title.en for i in await plant.incidents()] == [
        "No data from a sensor: optics coating",
        "Leak of acetone: solvent store",
    ]


async def test_two_detectors_that_alarm_at_the_same_moment_open_one_incident(plant: Stand) -> None:
    other = Stand(plant.db, plant.clock, plant.tenant_id, plant.lease)
    await other.restart()
    await asyncio.gather(plant.read(GAS, LEL, 60.0), other.read("gas-room-1", "hydrogen-fluoride", 5.0))
    assert len(await plant.incidents()) == 1
    assert [a.first_out for a in await plant.alarms()].count(True) == 1


async def test_an_alarm_long_after_the_incident_returned_is_another_one(plant: Stand) -> None:
    await leak(plant)
    await cure(plant)
    await plant.pass_time(601)
    await plant.hold("gas-coating-1", ACETONE, 1500.0, 3)
    assert len({a.incident_id for a in await plant.alarms() if a.kind == "high"}) == 2


# --- the end --------------------------------------------------------------------------------------------------------
async def test_it_returns_with_no_hand_in_it_and_waits_to_be_closed(plant: Stand) -> None:
    await leak(plant)
    await cure(plant)
    (incident,) = [i for i in await plant.incidents() if i.agent]
    assert incident.state == "returned"
    assert [a.letter for a in await plant.alarms() if a.kind == "high"] == ["D"]


async def test_an_alarm_that_comes_back_opens_the_incident_again(plant: Stand) -> None:
    await leak(plant)
    await cure(plant)
    await leak(plant)
    (incident,) = [i for i in await plant.incidents() if i.agent]
    (alarm,) = [a for a in await plant.alarms() if a.kind == "high"]
    assert (incident.state, alarm.letter, alarm.returned_at) == ("open", "B", None)
    assert incident.returned_at is None


async def test_who_has_done_their_part_is_ordered_again_when_it_comes_back(plant: Stand) -> None:
    await leak(plant)
    tasks = await plant.rows("SELECT id, owner_account_id FROM tasks WHERE tenant_id = $1")
    people = {(await plant.actor(login)).account_id: await plant.actor(login) for login in ("wang", "li", "zhao")}
    async with plant.db.transaction(plant.tenant_id) as tx:
        for task in tasks:
            await tasks_service.finish_task(tx, people[task["owner_account_id"]], task["id"], "stopped it")
    await cure(plant)
    await leak(plant)
    states = await plant.rows("SELECT state FROM tasks WHERE tenant_id = $1")
    assert Counter(s["state"] for s in states) == {"done": 3, "open": 3}


async def test_an_alarm_that_comes_back_after_closing_opens_an_incident_of_its_own(plant: Stand) -> None:
    await leak(plant)
    await cure(plant)
    (incident,) = await plant.incidents()
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, zhao, incident.id, "leak stopped")
    (alarm,) = await plant.alarms()
    assert (alarm.letter, alarm.acknowledged_by) == ("A", zhao.account_id)
    await plant.restart()
    await leak(plant)
    assert [i.state for i in await plant.incidents()] == ["closed", "open"]
    fan = [c.action for c in await plant.commands() if c.action in {"start", "stop"}]
    assert fan.count("start") == 4


async def test_acknowledged_twice_is_once_and_the_audit_says_so(plant: Stand) -> None:
    await leak(plant)
    (alarm,) = await plant.alarms()
    wang = await plant.actor("wang")
    for _ in range(2):
        async with plant.db.transaction(plant.tenant_id) as tx:
            after = await service.acknowledge_alarm(tx, wang, alarm.id)
    assert (after.letter, after.acknowledged_by) == ("C", wang.account_id)
    audit = await plant.rows("SELECT 1 FROM audit WHERE tenant_id = $1 AND action = 'alarm.acknowledged'")
    assert len(audit) == 1
    await plant.restart()
    await cure(plant)
    (alarm,) = [a for a in await plant.alarms() if a.kind == "high"]
    assert (alarm.letter, alarm.ended_at is not None) == ("A", True)


async def test_a_worker_acknowledges_no_alarm(plant: Stand) -> None:
    await leak(plant)
    (alarm,) = await plant.alarms()
    chen = await plant.actor("chen")
    with pytest.raises(Forbidden):
        async with plant.db.transaction(plant.tenant_id) as tx:
            await service.acknowledge_alarm(tx, chen, alarm.id)


async def test_closing_waits_for_normal_then_stops_what_was_started(plant: Stand) -> None:
    await leak(plant)
    (incident,) = await plant.incidents()
    zhao = await plant.actor("zhao")
    with pytest.raises(Conflict, match="still active"):
        async with plant.db.transaction(plant.tenant_id) as tx:
            await closing.close_incident(tx, zhao, incident.id, "done")
    await cure(plant)
    with pytest.raises(Invalid) as refused:
        async with plant.db.transaction(plant.tenant_id) as tx:
            await closing.close_incident(tx, zhao, incident.id, "  ")
    assert refused.value.field == "reason"
    for _ in range(2):
        async with plant.db.transaction(plant.tenant_id) as tx:
            closed = await closing.close_incident(tx, zhao, incident.id, "leak stopped")
    assert closed.state == "closed"
    released = [c.action for c in await plant.commands()][5:]
    assert sorted(released) == ["silence", "silence", "stop", "stop"]
    states = await plant.rows("SELECT state FROM deliveries WHERE tenant_id = $1")
    assert {s["state"] for s in states} == {"cancelled"}


async def test_closing_leaves_on_what_another_incident_still_needs(plant: Stand) -> None:
    await leak(plant)
    await cure(plant)
    plant.everyone_speaks()
    await plant.pass_time(14)
    for _ in range(45):
        plant.everyone_speaks()
        await plant.pass_time(14)
    # Ten minutes later, next door: an incident of its own, which finds the store's siren sounding already.
    await plant.hold("gas-room-1", "hydrogen-fluoride", 5.0, 3)
    first, second = await plant.incidents()
    await plant.all_clear(first.id)
    await plant.all_clear(second.id)
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, zhao, first.id, "leak stopped")
    kinds = await _last_actions(plant)
    assert kinds["solvent-store"] == {"fan": "stop", "siren": "sound", "valve": "close"}
    await plant.hold("gas-room-1", "hydrogen-fluoride", 0.1, 12)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, zhao, second.id, "valve closed")
    assert (await _last_actions(plant))["solvent-store"]["siren"] == "silence"


async def test_closing_leaves_on_what_a_person_asked_for(plant: Stand) -> None:
    await leak(plant)
    zhao = await plant.actor("zhao")
    (fan,) = await plant.rows(FAN)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await plant_service.request_command(tx, zhao, fan["id"], "start", "keep it on", key="mine")
    await cure(plant)
    (incident,) = await plant.incidents()
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, zhao, incident.id, "leak stopped")
    assert (await _last_actions(plant))["solvent-store"]["fan"] == "start"


async def test_an_actuator_out_of_use_holds_up_no_alarm(plant: Stand) -> None:
    admin = await plant.actor("admin")
    rows = await plant.rows("SELECT id FROM actuators WHERE tenant_id = $1")
    async with plant.db.transaction(plant.tenant_id) as tx:
        for row in rows:
            change = ActuatorChange(retired=True)
            await instrument_service.edit_actuator(tx, admin, row["id"], change, expected_version=1)
    await plant.engine.load()
    await leak(plant)
    assert len(await plant.incidents()) == 1
    assert await plant.commands() == []


async def test_an_actuator_without_proof_holds_up_no_alarm_and_the_record_says_so(plant: Stand) -> None:
    (fan,) = await plant.rows(FAN)
    await plant.rows("UPDATE actuators SET expected = '{}' WHERE tenant_id = $1 AND id = $2", fan["id"])
    await plant.engine.load()
    await leak(plant)
    (incident,) = await plant.incidents()
    assert "siren" in (await _last_actions(plant))["solvent-store"]
    assert "fan" not in (await _last_actions(plant))["solvent-store"]
    refused = await plant.rows(
        "SELECT facts FROM timeline WHERE tenant_id = $1 AND incident_id = $2 AND kind = 'command.refused'", incident.id
    )
    assert {(r["facts"]["actuator"], r["facts"]["error"]) for r in refused} == {(str(fan["id"]), "command.no_proof")}


async def test_a_command_that_a_person_calls_off_ends_in_its_incidents_room(plant: Stand) -> None:
    await leak(plant)
    (incident,) = await plant.incidents()
    zhao = await plant.actor("zhao")
    (fan,) = await plant.rows(FAN)
    (started,) = [c for c in await plant.commands() if c.actuator_id == fan["id"]]
    async with plant.db.transaction(plant.tenant_id) as tx:
        await commanding.command_by_hand(tx, zhao, fan["id"], "stop", "it sparks", key="mine")
    async with plant.db.transaction(plant.tenant_id) as tx:
        room_id = await rooms.room_id_of(tx, plant.tenant_id, incident.id)
        events = await rooms.events_after(tx, plant.tenant_id, room_id, 0, 1000)
    told = [e.body.command for e in events if isinstance(e.body, CommandChanged)]
    assert [c.state for c in told if c.id == started.id] == ["requested", "failed"]
    (line,) = await plant.rows(
        "SELECT facts FROM timeline WHERE tenant_id = $1 AND incident_id = $2 AND kind = 'command.superseded'",
        incident.id,
    )
    assert line["facts"]["command"] == str(started.id)


async def _last_actions(plant: Stand) -> dict[str, dict[str, str]]:
    """Zone -> kind of actuator -> what it was last asked to do."""
    rows = await plant.rows(
        "SELECT DISTINCT ON (a.id) z.slug, a.kind, c.action FROM commands c"
        " JOIN actuators a ON a.tenant_id = c.tenant_id AND a.id = c.actuator_id"
        " JOIN zones z ON z.tenant_id = a.tenant_id AND z.id = a.zone_id"
        " WHERE c.tenant_id = $1 ORDER BY a.id, c.requested_at DESC, c.id DESC"
    )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["slug"], {})[row["kind"]] = row["action"]
    return found


# --- commands -------------------------------------------------------------------------------------------------------
async def _command(plant: Stand, kind: str, state: CommandState) -> None:
    (row,) = await plant.rows(
        "SELECT c.id FROM commands c JOIN actuators a ON a.tenant_id = c.tenant_id AND a.id = c.actuator_id"
        " WHERE c.tenant_id = $1 AND a.kind = $2 ORDER BY c.id DESC LIMIT 1",
        kind,
    )
    async with plant.db.transaction(plant.tenant_id) as tx:
        command = await command_queries.lock_command(tx, plant.tenant_id, row["id"])
        after = msgspec.structs.replace(command, state=state, ended_at=tx.now, next_attempt_at=None)
        await command_queries.save_command(tx, plant.tenant_id, after)
        await plant.engine.command_changed(tx, after)


async def test_no_proof_is_an_alarm_of_the_same_incident_with_a_task_for_a_person(plant: Stand) -> None:
    await leak(plant)
    await _command(plant, "fan", CommandState.TIMED_OUT)
    (incident,) = await plant.incidents()
    failed = [a for a in await plant.alarms() if a.kind == "no_effect"]
    assert [a.title.en for a in failed] == ["Solvent store: exhaust fan has not proved its effect"]
    assert incident.grade == 1
    tasks = await plant.rows("SELECT title FROM tasks WHERE tenant_id = $1 AND plan_template = 'no-effect'")
    assert [t["title"]["en"] for t in tasks] == ["Work exhaust fan by hand: solvent store"]


async def test_a_late_proof_ends_that_alarm(plant: Stand) -> None:
    await leak(plant)
    await _command(plant, "fan", CommandState.TIMED_OUT)
    await _command(plant, "fan", CommandState.CONFIRMED)
    (failed,) = [a for a in await plant.alarms() if a.kind == "no_effect"]
    assert failed.returned_at is not None


async def test_a_command_that_failed_is_given_again_by_the_next_alarm(plant: Stand) -> None:
    await leak(plant)
    await _command(plant, "fan", CommandState.TIMED_OUT)
    await plant.read(GAS, ACETONE, 2100.0)
    starts = [c for c in await plant.commands() if c.action == "start"]
    assert len(starts) == 3


async def test_what_an_operator_stopped_the_next_alarm_starts_again(plant: Stand) -> None:
    await leak(plant)
    zhao = await plant.actor("zhao")
    (fan,) = await plant.rows(FAN)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await plant_service.request_command(tx, zhao, fan["id"], "stop", "by hand", key="mine")
    await plant.read(GAS, ACETONE, 2100.0)
    fan_actions = [c.action for c in await plant.commands() if c.actuator_id == fan["id"]]
    assert fan_actions == ["start", "stop", "start"]


# --- silence and time -----------------------------------------------------------------------------------------------
async def test_a_silent_sensor_is_an_alarm_and_a_gap_does_not_end_it(plant: Stand) -> None:
    await plant.read(GAS, ACETONE, 4.0)
    await plant.pass_time(16)
    stale = [a for a in await plant.alarms() if a.kind == "stale" and a.title.en.endswith("from acetone")]
    assert [a.letter for a in stale] == ["B", "B"]
    # A box that went silent with all its sensors is one thing to look at, not one for each of them.
    places = await plant.rows("SELECT title->>'en' AS title FROM tasks WHERE tenant_id = $1")
    assert len({p["title"] for p in places}) == len(places)
    assert await plant.read(GAS, ACETONE, None) is False
    await plant.read(GAS, ACETONE, 4.0)
    (row,) = await plant.rows(
        "SELECT a.letter FROM alarms a JOIN sensors s ON s.tenant_id = a.tenant_id AND s.id = a.sensor_id"
        " JOIN devices d ON d.tenant_id = a.tenant_id AND d.id = s.device_id"
        " WHERE a.tenant_id = $1 AND a.kind = 'stale' AND d.slug = 'gas-store-1' AND s.series = 'acetone'"
    )
    assert row["letter"] == "D"


async def test_an_on_delay_goes_on_over_a_restart(plant: Stand) -> None:
    await plant.read(GAS, ACETONE, 1100.0)
    assert await plant.alarms() == []
    await plant.restart()
    await plant.pass_time(3)
    assert [a.kind for a in await plant.alarms()][:1] == ["high"]


async def test_every_sensor_and_actuator_is_watched_from_its_first_second(plant: Stand) -> None:
    rows = await plant.rows(
        "SELECT (SELECT count(*) FROM sensors WHERE tenant_id = $1) AS sensors,"
        " (SELECT count(*) FROM alarm_rules WHERE tenant_id = $1 AND kind = 'stale') AS stale,"
        " (SELECT count(*) FROM actuators WHERE tenant_id = $1) AS actuators,"
        " (SELECT count(*) FROM alarm_rules WHERE tenant_id = $1 AND kind = 'no_effect') AS effect"
    )
    assert rows[0]["sensors"] == rows[0]["stale"] > 10
    assert rows[0]["actuators"] == rows[0]["effect"] > 4
    await plant.restart()
    again = await plant.rows("SELECT count(*) FROM alarm_rules WHERE tenant_id = $1 AND kind = 'stale'")
    assert again[0]["count"] == rows[0]["stale"]


async def test_a_sensor_made_late_has_its_own_time_to_speak_first(plant: Stand) -> None:
    plant.clock.advance(3600)
    admin = await plant.actor("admin")
    (device,) = await plant.rows("SELECT id FROM devices WHERE tenant_id = $1 AND slug = $2", GAS)
    (zone,) = await plant.rows("SELECT id FROM zones WHERE tenant_id = $1 AND slug = 'machine-hall'")
    draft = SensorDraft(device["id"], zone["id"], "new", Text("新", "New"), "temperature", "Cel", 15.0)
    async with plant.db.transaction(plant.tenant_id) as tx:
        made = await instrument_service.create_sensor(tx, admin, draft)
    await plant.engine.load()
    await plant.pass_time(14)
    assert made.id not in {a.sensor_id for a in await plant.alarms()}
    await plant.pass_time(2)
    assert made.id in {a.sensor_id for a in await plant.alarms()}


async def test_a_sensor_taken_out_of_use_takes_its_alarm_with_it(plant: Stand) -> None:
    await leak(plant)
    sensor_id = await plant.sensor(GAS, ACETONE)
    admin = await plant.actor("admin")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await instrument_service.edit_sensor(tx, admin, sensor_id, SensorChange(retired=True), expected_version=1)
    await plant.engine.load()
    (alarm,) = await plant.alarms()
    (incident,) = await plant.incidents()
    assert alarm.ended_at is not None
    assert incident.state == "returned"
    assert plant.engine.screen(_reading(sensor_id, plant, 5000.0)) is False


async def test_another_site_of_the_tenant_is_not_watched_here(plant: Stand) -> None:
    admin = await plant.actor("admin")
    name = Text("北厂", "North")
    async with plant.db.transaction(plant.tenant_id) as tx:
        site = await place_service.create_site(tx, admin, SiteDraft("north", name, "Asia/Shanghai"))
        (polygon,) = [row["polygon"] for row in await tx.fetch("SELECT polygon FROM zones LIMIT 1")]
        zone = await place_service.create_zone(tx, admin, ZoneDraft(site.id, "store", name, polygon))
        device = (await instrument_service.create_device(tx, admin, DeviceDraft(site.id, "gas-1", name))).device
        draft = SensorDraft(device.id, zone.id, "acetone", name, "concentration", "[ppm]", 10.0, "acetone")
        sensor = await instrument_service.create_sensor(tx, admin, draft)
        rules = await rule_service.apply_library(tx, admin, sensor.id)
    for rule in rules:
        await plant.engine.refresh_rule(rule.id)
    await plant.pass_time(60)
    assert plant.engine.screen(_reading(sensor.id, plant, 9000.0)) is False
    assert sensor.id not in {a.sensor_id for a in await plant.alarms()}


async def test_a_rule_that_fails_holds_up_no_other(plant: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    await plant.read(GAS, ACETONE, 1100.0)
    await plant.read("gas-coating-1", ACETONE, 1100.0)
    poisoned = await plant.sensor(GAS, ACETONE)
    respond = response.respond

    async def fail_for_one(tx: Any, context: Any, outcomes: Any, **options: Any) -> None:
        if any(o.rule.sensor_id == poisoned and o.facts for o in outcomes):
            raise RuntimeError("poison")
        await respond(tx, context, outcomes, **options)

    monkeypatch.setattr(response, "respond", fail_for_one)
    await plant.pass_time(3)
    assert [a.sensor_id for a in await plant.alarms()] == [await plant.sensor("gas-coating-1", ACETONE)]


# --- limits of an admin's own ---------------------------------------------------------------------------------------
def _reading(sensor_id: Any, plant: Stand, value: float) -> Reading:
    now = plant.clock.now()
    return Reading(sensor_id, now, now, value, Quality.GOOD)


async def test_the_library_is_applied_once_and_a_retired_limit_is_silent(plant: Stand) -> None:
    admin = await plant.actor("admin")
    sensor_id = await plant.sensor(GAS, ACETONE)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert await rule_service.apply_library(tx, admin, sensor_id) == []
        rules = await rule_service.list_rules(tx, admin, sensor_id=sensor_id, limit=10)
        for rule in rules:
            if rule.kind == "high":
                await rule_service.retire_rule(tx, admin, rule.id)
        own = next(rule for rule in rules if rule.kind == "stale")
        with pytest.raises(Invalid, match="own rule"):
            await rule_service.retire_rule(tx, admin, own.id)
    await plant.engine.load()
    assert await plant.read(GAS, ACETONE, 9000.0) is False


async def test_an_unsourced_limit_is_refused_and_another_unit_is_converted(plant: Stand) -> None:
    admin = await plant.actor("admin")
    draft = rule_service.RuleDraft(
        sensor_id=await plant.sensor(GAS, LEL),
        kind="high",
        level=1,
        set_point=2500.0,
        unit="[ppm]",
        source=LimitSource("site", "2026", "risk assessment 12"),
    )
    async with plant.db.transaction(plant.tenant_id) as tx:
        rule = await rule_service.create_rule(tx, admin, draft)
        assert rule.set_point == pytest.approx(10.0)
        assert rule.unit == "%{LEL}"
        nobody = msgspec.structs.replace(draft, source=LimitSource("", "", " "))
        with pytest.raises(Invalid, match="needs its source"):
            await rule_service.create_rule(tx, admin, nobody)
        for field, value in (("kind", "stale"), ("level", 3), ("on_delay_s", -1.0), ("unit", "furlong")):
            with pytest.raises(Invalid) as refused:
                await rule_service.create_rule(tx, admin, msgspec.structs.replace(draft, **{field: value}))
            assert refused.value.field == field
