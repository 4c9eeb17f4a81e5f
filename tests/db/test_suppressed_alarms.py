"""Silence on the demo plant: who may, for how long, that it ends by itself, and that a restart changes none of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from core.errors import Conflict, Forbidden, Invalid
from incidents import closing, response
from incidents.alarms import alarm_queries, service, suppression_service
from incidents.alarms.suppression_queries import AlarmSettings, Suppression
from incidents.alarms.suppression_service import DesignDraft
from incidents.context import load_context
from plant import command_queries
from plant import service as plant_service
from plant.model import CommandState
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

GAS, ACETONE, LEL = "gas-store-1", "acetone", "acetone-lel"
SPINDLE = "spindle-1"


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        yield made


async def rule_of(plant: Stand, device: str, series: str, level: int = 1, kind: str = "high") -> UUID:
    sensor_id = await plant.sensor(device, series)
    rows = await plant.rows(
        "SELECT id FROM alarm_rules WHERE tenant_id = $1 AND sensor_id = $2 AND level = $3 AND kind = $4"
        " AND retired_at IS NULL ORDER BY id",
        sensor_id,
        level,
        kind,
    )
    found: UUID = rows[0]["id"]
    return found


async def letter_of(plant: Stand, rule_id: UUID) -> str:
    (row,) = await plant.rows("SELECT letter FROM alarm_states WHERE tenant_id = $1 AND rule_id = $2", rule_id)
    found: str = row["letter"]
    return found


async def do(plant: Stand, login: str, act: Any, *args: Any, **more: Any) -> Any:
    """Do it as this person, and let the engine hear of it."""
    actor = await plant.actor(login)
    async with plant.db.transaction(plant.tenant_id) as tx:
        done = await act(tx, actor, *args, **more)
    await plant.engine.load()
    return done


async def silent_now(plant: Stand) -> list[Suppression]:
    actor = await plant.actor("wang")
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await service.list_suppressions(
            tx, actor, now=True, site_id=None, kind=None, sensor_id=None, rule_id=None, before=None, limit=50
        )


# --- by a person ----------------------------------------------------------------------------------------------------
async def test_a_rule_is_shelved_before_it_rings_and_rings_when_that_ends(plant: Stand) -> None:
    rule_id = await rule_of(plant, SPINDLE, "vibration")
    zhao = await plant.actor("zhao")
    until = plant.clock.now() + timedelta(hours=2)
    shelved = await do(plant, "zhao", service.shelve_rule, rule_id, until, "bearing is run in")
    assert (shelved.kind, shelved.by_account, shelved.until_at) == ("shelved", zhao.account_id, until)
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    assert await plant.incidents() == []
    assert [(s.rule_id, s.reason, s.condition) for s in await silent_now(plant)] == [
        (rule_id, "bearing is run in", "active")
    ]
    await plant.restart()
    plant.everyone_speaks()
    plant.clock.advance(2 * 3600)
    plant.everyone_speaks()
    await plant.engine._fire_due()
    (raised,) = await plant.alarms()
    assert (raised.rule_id, raised.letter) == (rule_id, "B")
    assert await silent_now(plant) == []


async def test_shelving_is_in_the_timeline_with_its_reason_and_in_the_audit(plant: Stand) -> None:
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    (alarm,) = await plant.alarms()
    await do(plant, "zhao", service.shelve_alarm, alarm.id, None, "known: loose cover")
    lines = await plant.rows(
        "SELECT facts FROM timeline WHERE tenant_id = $1 AND kind = 'alarm.suppressed' AND actor_id IS NOT NULL"
    )
    assert [line["facts"]["reason"] for line in lines] == ["known: loose cover"]
    audited = await plant.rows("SELECT facts FROM audit WHERE tenant_id = $1 AND action = 'alarm.shelved'")
    assert [(row["facts"]["reason"], row["facts"]["one_shot"]) for row in audited] == [("known: loose cover", True)]


async def test_shelving_till_the_condition_clears_ends_after_its_maximum_all_the_same(plant: Stand) -> None:
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    (alarm,) = await plant.alarms()
    await do(plant, "zhao", service.shelve_alarm, alarm.id, None, "known")
    (one,) = await silent_now(plant)
    assert (one.one_shot, one.until_at) == (True, plant.clock.now() + timedelta(hours=12))


async def test_an_episode_that_ends_while_it_is_shelved_is_over_and_can_not_be_shelved_again(plant: Stand) -> None:
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    (alarm,) = await plant.alarms()
    until = plant.clock.now() + timedelta(hours=2)
    await do(plant, "wang", service.acknowledge_alarm, alarm.id)
    await do(plant, "zhao", service.shelve_alarm, alarm.id, until, "known")
    await plant.hold(SPINDLE, "vibration", 0.5, 15)
    (over,) = await plant.alarms()
    assert (over.letter, over.ended_at is not None) == ("A", True)
    with pytest.raises(Conflict, match="silence its rule"):
        await do(plant, "zhao", service.shelve_alarm, alarm.id, until, "again")
    await do(plant, "zhao", service.unshelve_alarm, alarm.id)
    assert await letter_of(plant, alarm.rule_id) == "A"
    assert await silent_now(plant) == []


async def test_a_second_level_toxic_alarm_is_shelved_for_a_quarter_of_an_hour_at_most(plant: Stand) -> None:
    rule_id = await rule_of(plant, "gas-room-1", "hydrogen-fluoride", level=2)
    with pytest.raises(Invalid) as refused:
        await do(plant, "zhao", service.shelve_rule, rule_id, plant.clock.now() + timedelta(minutes=16), "bump test")
    assert (refused.value.code, refused.value.field) == ("shelve.too_long", "until")
    done = await do(plant, "zhao", service.shelve_rule, rule_id, None, "bump test")
    assert done.until_at == plant.clock.now() + timedelta(minutes=15)


async def test_a_rules_own_maximum_goes_before_its_sites(plant: Stand) -> None:
    rule_id = await rule_of(plant, SPINDLE, "vibration")
    await do(plant, "admin", suppression_service.edit_settings, AlarmSettings(plant.lease.site_id, shelve_max_s=3600))
    an_hour, two = (plant.clock.now() + timedelta(hours=h) for h in (1, 2))
    with pytest.raises(Invalid, match="at most 60 minutes"):
        await do(plant, "zhao", service.shelve_rule, rule_id, two, "longer")
    await do(plant, "zhao", service.shelve_rule, rule_id, an_hour, "as long")
    await do(plant, "admin", suppression_service.set_shelve_max, rule_id, 7200.0)
    await do(plant, "zhao", service.shelve_rule, rule_id, two, "now longer")
    assert [s.until_at for s in await silent_now(plant)] == [two]
    await do(plant, "admin", suppression_service.set_shelve_max, rule_id, None)
    with pytest.raises(Invalid, match="at most 60 minutes"):
        await do(plant, "zhao", service.shelve_rule, rule_id, two, "longer")


async def test_a_shelving_that_is_made_shorter_ends_earlier(plant: Stand) -> None:
    rule_id = await rule_of(plant, SPINDLE, "vibration")
    for hours in (3, 1):
        until = plant.clock.now() + timedelta(hours=hours)
        await do(plant, "zhao", service.shelve_rule, rule_id, until, f"{hours} h")
    plant.clock.advance(3600)
    plant.everyone_speaks()
    await plant.engine._fire_due()
    assert await letter_of(plant, rule_id) == "A"


async def test_out_of_service_ends_by_itself_through_a_restart(plant: Stand) -> None:
    rule_id = await rule_of(plant, SPINDLE, "vibration")
    until = plant.clock.now() + timedelta(days=2)
    await do(plant, "zhao", service.take_rule_out, rule_id, until, "sensor is being replaced")
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    assert (await letter_of(plant, rule_id), await plant.incidents()) == ("I", [])
    with pytest.raises(Conflict, match="out_of_service"):
        await do(plant, "zhao", service.shelve_rule, rule_id, None, "also shelved")
    await plant.restart()
    plant.clock.advance(timedelta(days=2).total_seconds())
    plant.everyone_speaks()
    await plant.restart()
    await plant.engine._fire_due()
    assert await letter_of(plant, rule_id) == "B"


async def test_put_back_by_hand_it_is_looked_at_at_once(plant: Stand) -> None:
    rule_id = await rule_of(plant, SPINDLE, "vibration")
    until = plant.clock.now() + timedelta(days=2)
    with pytest.raises(Conflict):
        await do(plant, "zhao", service.put_rule_back, rule_id)
    await do(plant, "zhao", service.take_rule_out, rule_id, until, "work on it")
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    back = await do(plant, "zhao", service.put_rule_back, rule_id)
    zhao = await plant.actor("zhao")
    assert (back.ended_by, back.ended_at) == (zhao.account_id, plant.clock.now())
    assert await letter_of(plant, rule_id) == "B"


async def silent_return(plant: Stand) -> Any:
    """An alarm nobody acknowledged is normal again, is shelved, and its condition comes back in silence."""
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    (alarm,) = await plant.alarms()
    await plant.hold(SPINDLE, "vibration", 0.5, 15)
    assert [i.state for i in await plant.incidents()] == ["returned"]
    await do(plant, "zhao", service.shelve_alarm, alarm.id, plant.clock.now() + timedelta(hours=2), "run in")
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    return alarm


async def test_what_came_back_in_silence_opens_its_incident_and_asks_again_when_the_silence_ends(plant: Stand) -> None:
    alarm = await silent_return(plant)
    await plant.rows("UPDATE tasks SET state = 'done' WHERE tenant_id = $1 RETURNING id")
    plant.clock.advance(2 * 3600)
    plant.everyone_speaks()
    await plant.engine._fire_due()
    assert await letter_of(plant, alarm.rule_id) == "B"
    assert [i.state for i in await plant.incidents()] == ["open"]
    tasks = await plant.rows("SELECT state FROM tasks WHERE tenant_id = $1 AND state <> 'done'")
    assert tasks, "somebody is sent again"


async def test_an_incident_is_not_closed_over_what_is_active_in_silence(plant: Stand) -> None:
    alarm = await silent_return(plant)
    with pytest.raises(Conflict, match="still active"):
        await do(plant, "zhao", closing.close_incident, alarm.incident_id, "all normal")


async def test_a_responder_silences_nothing(plant: Stand) -> None:
    rule_id = await rule_of(plant, SPINDLE, "vibration")
    until = plant.clock.now() + timedelta(hours=1)
    for act, args in (
        (service.shelve_rule, (until, "r")),
        (service.unshelve_rule, ()),
        (service.take_rule_out, (until, "r")),
        (service.put_rule_back, ()),
    ):
        with pytest.raises(Forbidden):
            await do(plant, "wang", act, rule_id, *args)


# --- by design ------------------------------------------------------------------------------------------------------
async def design(plant: Stand, **changes: Any) -> Any:
    """While the spindle is at most 25 Cel warm, its vibration means nothing."""
    draft: dict[str, Any] = {
        "rule_id": await rule_of(plant, SPINDLE, "vibration"),
        "reason": "the spindle stands",
        "test": "at_most",
        "sensor_id": await plant.sensor(SPINDLE, "temperature"),
        "threshold": 25.0,
        "hysteresis": 2.0,
    }
    return await do(plant, "admin", suppression_service.create_design, DesignDraft(**draft | changes))


async def test_the_plants_state_silences_and_lets_speak_again(plant: Stand) -> None:
    made = await design(plant)
    assert await plant.read(SPINDLE, "temperature", 20.0)
    assert await letter_of(plant, made.rule_id) == "H"
    assert await plant.read(SPINDLE, "temperature", 21.0) is False
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    assert await plant.incidents() == []
    (silent,) = await silent_now(plant)
    assert (silent.kind, silent.reason, silent.by_account) == ("by_design", "the spindle stands", None)
    await plant.restart()
    assert await plant.read(SPINDLE, "temperature", 26.0) is False, "within the hysteresis"
    plant.clock.advance(1)
    assert await plant.read(SPINDLE, "temperature", 28.0)
    assert (await letter_of(plant, made.rule_id), await silent_now(plant)) == ("B", [])


async def test_a_watched_series_that_falls_silent_excuses_nothing(plant: Stand) -> None:
    made = await design(plant)
    await plant.read(SPINDLE, "temperature", 20.0)
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    assert await letter_of(plant, made.rule_id) == "H"
    temperature = await plant.sensor(SPINDLE, "temperature")
    plant.everyone_speaks()
    plant.engine._watches[temperature].heard_at = plant.clock.now() - timedelta(days=1)
    plant.engine._opened_at = plant.clock.now() - timedelta(days=1)
    await plant.engine._find_silent()
    assert await letter_of(plant, made.rule_id) == "B"


async def test_a_gap_of_the_watched_series_excuses_nothing(plant: Stand) -> None:
    made = await design(plant)
    await plant.read(SPINDLE, "temperature", 20.0)
    plant.clock.advance(1)
    assert await plant.read(SPINDLE, "temperature", None)
    assert await letter_of(plant, made.rule_id) == "A"


async def test_a_design_that_is_taken_out_of_force_lets_speak_at_once(plant: Stand) -> None:
    made = await design(plant)
    await plant.read(SPINDLE, "temperature", 20.0)
    await plant.hold(SPINDLE, "vibration", 3.0, 5)
    await do(plant, "admin", suppression_service.retire_design, made.id)
    assert await letter_of(plant, made.rule_id) == "B"


async def test_what_an_actuator_has_proved_silences(plant: Stand) -> None:
    (stop,) = await plant.rows("SELECT id FROM actuators WHERE tenant_id = $1 AND slug = 'stop-1'")
    nothing = {"sensor_id": None, "threshold": None, "hysteresis": 0.0}
    made = await design(plant, test="action", actuator_id=stop["id"], action="stop", **nothing)
    async with plant.db.transaction(plant.tenant_id) as tx:
        zhao = await plant.actor("zhao")
        command = await plant_service.request_command(tx, zhao, stop["id"], "stop", "by hand", key="k")
    assert await letter_of(plant, made.rule_id) == "A"
    async with plant.db.transaction(plant.tenant_id) as tx:
        await tx.execute(
            "UPDATE commands SET state = 'confirmed', ended_at = $2 WHERE tenant_id = $1", plant.tenant_id, tx.now
        )
        proved = await command_queries.get_command(tx, plant.tenant_id, command.id)
        assert proved.state is CommandState.CONFIRMED
        await plant.engine.command_changing(tx, proved)
        await plant.engine.command_changed(tx, proved)
    assert await letter_of(plant, made.rule_id) == "H"


async def test_a_life_safety_alarm_is_silenced_by_design_only_after_a_second_person(plant: Stand) -> None:
    rule_id = await rule_of(plant, "gas-room-1", "hydrogen-fluoride", level=2)
    made = await design(plant, rule_id=rule_id, reason="the line is purged")
    assert made.needs_approval
    await plant.read(SPINDLE, "temperature", 20.0)
    assert await letter_of(plant, rule_id) == "A"
    with pytest.raises(Forbidden, match="second person"):
        await do(plant, "admin", suppression_service.approve_design, made.id)
    approved = await do(plant, "zhao", suppression_service.approve_design, made.id)
    assert approved.approved_by == (await plant.actor("zhao")).account_id
    assert await letter_of(plant, rule_id) == "H"
    audited = await plant.rows(
        "SELECT action FROM audit WHERE tenant_id = $1 AND subject_kind = 'suppression_design' ORDER BY position"
    )
    assert [row["action"] for row in audited] == ["suppression_design.created", "suppression_design.approved"]


async def test_no_sensor_excuses_itself(plant: Stand) -> None:
    with pytest.raises(Invalid, match="no sensor excuses itself"):
        await design(plant, sensor_id=await plant.sensor(SPINDLE, "vibration"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"threshold": None}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"action": "stop"}, "sensor"),
        ({"test": "action"}, "actuator"),
        ({"reason": " "}, "reason"),
    ],
)
async def test_a_wrong_design_names_its_field(plant: Stand, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await design(plant, **changes)
    assert refused.value.field == field


async def test_maintenance_and_design_do_not_undo_each_other(plant: Stand) -> None:
    made = await design(plant)
    until = plant.clock.now() + timedelta(hours=1)
    await do(plant, "zhao", service.take_rule_out, made.rule_id, until, "work on it")
    await plant.read(SPINDLE, "temperature", 20.0)
    await plant.read(SPINDLE, "temperature", 40.0)
    assert await letter_of(plant, made.rule_id) == "I"
    plant.clock.advance(1)
    await plant.read(SPINDLE, "temperature", 20.0)
    await do(plant, "zhao", service.put_rule_back, made.rule_id)
    assert await letter_of(plant, made.rule_id) == "H", "the design holds still"


async def test_a_person_who_unshelves_is_heard_by_the_engine(plant: Stand) -> None:
    rule_id = await rule_of(plant, SPINDLE, "vibration")
    until = plant.clock.now() + timedelta(hours=1)
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.shelve_rule(tx, zhao, rule_id, until, "r")
    await plant.engine.refresh_rule(rule_id)
    async with plant.db.transaction(plant.tenant_id) as tx:
        (known,) = await alarm_queries.find_rules(tx, plant.tenant_id, [rule_id])
        context = await load_context(tx, plant.tenant_id, plant.lease.site_id)
        await response.end_retired(tx, context)
    assert plant.engine._timers[rule_id] == known.state.suppression_until == until
