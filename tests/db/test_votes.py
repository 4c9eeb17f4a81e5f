"""Voting groups and calibration on the demo plant: three acetone detectors in the solvent store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.errors import Conflict, Forbidden, Invalid
from incidents import records
from incidents.alarms import calibration_service, service, voting_service
from incidents.alarms.model import LimitSource
from incidents.alarms.voting_service import GroupDraft, GroupFile
from incidents.incident import Alarm
from mobile_contract.text import Text
from plant import instrument_queries, instrument_service
from plant.instrument_service import DeviceDraft, SensorChange, SensorDraft
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

BOXES = ("gas-store-1", "gas-store-2", "gas-store-3")
ACETONE = "acetone"
NAME = Text("三取二", "Two of three")
SOURCE = LimitSource("CN", "2019", "GB/T 50493-2019 5.5.2")


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    """The demo plant with two more acetone detectors beside the first; all three have spoken."""
    async with stand(demo_clone) as made:
        first = await made.sensor(BOXES[0], ACETONE)
        async with made.db.transaction(made.tenant_id) as tx:
            it = await instrument_queries.get_sensor(tx, made.tenant_id, first)
            for slug in BOXES[1:]:
                box = (await instrument_service.create_device(tx, None, DeviceDraft(it.site_id, slug, it.name))).device
                draft = SensorDraft(box.id, it.zone_id, ACETONE, it.name, it.quantity, it.unit, 30.0, it.agent)
                await instrument_service.create_sensor(tx, None, draft)
        await made.engine.load()
        await say(made, 1.0, 1.0, 1.0)
        yield made


async def say(plant: Stand, *values: float | None) -> None:
    """Each detector says its value, a second after what was said before."""
    plant.clock.advance(1)
    plant.everyone_speaks()
    for box, value in zip(BOXES, values, strict=False):
        await plant.read(box, ACETONE, value)


async def do(plant: Stand, login: str, act: Any, *args: Any, **more: Any) -> Any:
    """Do it as this person, and let the engine hear of it."""
    actor = await plant.actor(login)
    async with plant.db.transaction(plant.tenant_id) as tx:
        done = await act(tx, actor, *args, **more)
    await plant.engine.load()
    return done


async def group(plant: Stand, **changes: Any) -> GroupFile:
    """Two of three at 2,000 ppm, second level."""
    draft: dict[str, Any] = {
        "name": NAME,
        "sensors": [await plant.sensor(box, ACETONE) for box in BOXES],
        "m": 2,
        "side": "high",
        "level": 2,
        "set_point": 2000.0,
        "unit": "[ppm]",
        "source": SOURCE,
        "deadband": 100.0,
        "valid_low": -10.0,
        "valid_high": 20_000.0,
    }
    done: GroupFile = await do(plant, "admin", voting_service.create_group, GroupDraft(**draft | changes))
    return done


async def votes(plant: Stand, kind: str = "vote") -> list[Alarm]:
    return [alarm for alarm in await plant.alarms() if alarm.kind == kind]


async def limits_of(plant: Stand, sensor: UUID) -> list[tuple[int, float]]:
    rows = await plant.rows(
        "SELECT level, set_point FROM alarm_rules WHERE tenant_id = $1 AND sensor_id = $2 AND kind = 'high'"
        " AND retired_at IS NULL ORDER BY level, set_point",
        sensor,
    )
    return [(row["level"], row["set_point"]) for row in rows]


# --- what a group raises --------------------------------------------------------------------------------------------
async def test_one_of_three_raises_nothing_and_two_raise_one_alarm_with_every_vote(plant: Stand) -> None:
    await group(plant)
    await say(plant, 2500.0, 1.0, 1.0)
    assert await votes(plant) == []
    await say(plant, 2500.0, 2200.0, 1.0)
    (alarm,) = await votes(plant)
    assert (alarm.level, alarm.value, alarm.set_point, alarm.letter) == (2, 2500.0, 2000.0, "B")
    assert alarm.title.en == "Solvent store: acetone (two of three) votes beyond 2,000 ppm (level 2)"
    assert alarm.votes is not None
    assert [(v.vote, v.value) for v in alarm.votes] == [("beyond", 2500.0), ("beyond", 2200.0), ("within", 1.0)]
    (incident,) = [i for i in await plant.incidents() if i.id == alarm.incident_id]
    assert incident.agent == "acetone"
    lines = await plant.rows(
        "SELECT facts FROM timeline WHERE tenant_id = $1 AND kind = 'alarm.raised' AND facts ->> 'votes' IS NOT NULL"
    )
    assert [(line["facts"]["m"], line["facts"]["beyond"], line["facts"]["works_as"]) for line in lines] == [
        (2, 2, [2, 3])
    ]


async def test_it_returns_when_the_members_are_clear_of_the_deadband(plant: Stand) -> None:
    await group(plant)
    await say(plant, 2500.0, 2500.0, 1.0)
    await say(plant, 1950.0, 1950.0, 1.0)
    assert [alarm.letter for alarm in await votes(plant)] == ["B"]
    await plant.restart()
    await say(plant, 1950.0, 1800.0, 1.0)
    assert [alarm.letter for alarm in await votes(plant)] == ["D"]


async def test_calm_readings_of_a_group_take_the_short_way(plant: Stand) -> None:
    await group(plant)
    await say(plant, 1.0, 1.0, 1.0)
    plant.clock.advance(1)
    assert [await plant.read(box, ACETONE, 3.0) for box in BOXES] == [False, False, False]


async def test_a_member_that_stays_beyond_alone_does_not_turn_every_reading(plant: Stand) -> None:
    await group(plant, members_alarm="none", set_point=900.0)
    await say(plant, 950.0, 1.0, 1.0)
    plant.clock.advance(1)
    assert await plant.read(BOXES[0], ACETONE, 960.0) is False


async def test_both_of_a_delay_and_a_restart(plant: Stand) -> None:
    await group(plant, on_delay_s=5.0)
    await say(plant, 2500.0, 2500.0, 1.0)
    assert await votes(plant) == []
    await plant.restart()
    plant.everyone_speaks()
    await plant.pass_time(5.0)
    (alarm,) = await votes(plant)
    assert alarm.votes is not None
    assert [vote.vote for vote in alarm.votes] == ["beyond", "beyond", "within"]


async def test_a_clock_that_is_set_back_makes_no_vote_wait_for_what_was_said_before(plant: Stand) -> None:
    await group(plant)
    await say(plant, 1.0, 1.0, 1.0)
    plant.clock.advance(-3600)
    await say(plant, 2500.0, 2500.0, 1.0)
    assert [alarm.letter for alarm in await votes(plant)] == ["B"]


# --- faults vote towards alarm --------------------------------------------------------------------------------------
async def test_a_gap_votes_towards_alarm(plant: Stand) -> None:
    await group(plant)
    await say(plant, None, 1.0, 1.0)
    assert await votes(plant) == []
    await say(plant, None, 2500.0, 1.0)
    (alarm,) = await votes(plant)
    assert alarm.votes is not None
    assert [(v.vote, v.fault) for v in alarm.votes] == [("fault", "gap"), ("beyond", None), ("within", None)]


async def test_a_value_that_no_sound_sensor_says_votes_towards_alarm(plant: Stand) -> None:
    await group(plant, m=1)
    await say(plant, 1.0, -50.0, 1.0)
    (alarm,) = await votes(plant)
    assert alarm.votes is not None
    assert alarm.votes[1].fault == "out_of_range"
    await say(plant, 1.0, 1.0, 1.0)
    assert [alarm.letter for alarm in await votes(plant)] == ["D"]


async def test_a_silent_member_votes_towards_alarm_and_back_when_it_speaks(plant: Stand) -> None:
    await group(plant, m=1)
    sensor = await plant.sensor(BOXES[2], ACETONE)
    plant.everyone_speaks()
    plant.engine._opened_at = plant.engine._watches[sensor].heard_at = plant.clock.now() - timedelta(minutes=5)
    await plant.engine._find_silent()
    (alarm,) = await votes(plant)
    assert alarm.votes is not None
    assert alarm.votes[2].fault == "stale"
    await say(plant, 1.0, 1.0, 1.0)
    assert [alarm.letter for alarm in await votes(plant)] == ["D"]


async def test_a_member_out_of_service_votes_towards_alarm_and_the_group_shows_what_is_left(plant: Stand) -> None:
    made = await group(plant)
    sensor = await plant.sensor(BOXES[0], ACETONE)
    (stale,) = await plant.rows(
        "SELECT id FROM alarm_rules WHERE tenant_id = $1 AND sensor_id = $2 AND kind = 'stale'", sensor
    )
    until = plant.clock.now() + timedelta(hours=1)
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.take_rule_out(tx, zhao, stale["id"], until, "cleaning")
    await plant.engine.refresh_rule(stale["id"])
    seen = await do(plant, "wang", voting_service.get_group, made.group.id)
    assert (seen.verdict.active, seen.verdict.degraded, seen.verdict.works_as) == (False, True, (1, 2))
    await say(plant, 1.0, 2500.0, 1.0)
    assert len(await votes(plant)) == 1


async def test_a_retired_member_votes_towards_alarm(plant: Stand) -> None:
    await group(plant, m=1)
    sensor = await plant.sensor(BOXES[0], ACETONE)
    await do(plant, "admin", instrument_service.edit_sensor, sensor, SensorChange(retired=True), expected_version=1)
    (alarm,) = await votes(plant)
    assert alarm.votes is not None
    assert alarm.votes[0].fault == "retired"


async def test_an_expired_calibration_votes_towards_alarm_from_midnight(plant: Stand) -> None:
    sensor = await plant.sensor(BOXES[1], ACETONE)
    today = plant.clock.now().date()
    change = SensorChange(calibration_due=today)
    await do(plant, "admin", instrument_service.edit_sensor, sensor, change, expected_version=1)
    await group(plant, m=1)
    assert await votes(plant) == []
    plant.clock.advance(timedelta(days=1).total_seconds())
    plant.everyone_speaks()
    await plant.engine._fire_due()
    (alarm,) = await votes(plant)
    assert alarm.votes is not None
    assert alarm.votes[1].fault == "calibration_expired"


# --- one against the others -----------------------------------------------------------------------------------------
async def test_one_sensor_against_the_others_for_long_is_an_alarm_of_its_own(plant: Stand) -> None:
    await group(plant, discrepancy_after_s=10.0, members_alarm="none", set_point=900.0)
    await say(plant, 950.0, 1.0, 1.0)
    plant.everyone_speaks()
    await plant.pass_time(9.0)
    assert await votes(plant, "discrepancy") == []
    await plant.restart()
    plant.everyone_speaks()
    await plant.pass_time(1.0)
    (alarm,) = await votes(plant, "discrepancy")
    assert alarm.title.en == "Solvent store: the sensors of acetone (two of three) disagree"
    assert await votes(plant) == []
    await say(plant, 1.0, 1.0, 1.0)
    assert [alarm.letter for alarm in await votes(plant, "discrepancy")] == ["D"]


async def test_sensors_that_follow_within_the_delay_are_no_discrepancy(plant: Stand) -> None:
    await group(plant, members_alarm="none", set_point=900.0)
    await say(plant, 950.0, 1.0, 1.0)
    await say(plant, 950.0, 950.0, 950.0)
    plant.everyone_speaks()
    await plant.pass_time(120.0)
    assert await votes(plant, "discrepancy") == []


# --- what members do on their own -----------------------------------------------------------------------------------
async def test_members_limits_come_back_as_pre_alarms_and_in_full_when_the_group_ends(plant: Stand) -> None:
    sensor = await plant.sensor(BOXES[0], ACETONE)
    before = await limits_of(plant, sensor)
    assert (2, 2000.0) in before
    made = await group(plant)
    assert await limits_of(plant, sensor) == sorted(
        (1, s) if (lvl, s) == (2, 2000.0) else (lvl, s) for lvl, s in before
    )
    await do(plant, "admin", voting_service.retire_group, made.group.id)
    await do(plant, "admin", voting_service.retire_group, made.group.id)
    assert await limits_of(plant, sensor) == before
    gone = await do(plant, "admin", voting_service.get_group, made.group.id)
    assert (gone.verdict, gone.rule, gone.group.retired_at) == (None, None, plant.clock.now())


async def test_a_group_does_not_speak_for_a_limit_that_would_be_reached_earlier(plant: Stand) -> None:
    sensor = await plant.sensor(BOXES[0], ACETONE)
    before = await limits_of(plant, sensor)
    await group(plant, set_point=5000.0, members_alarm="none")
    assert await limits_of(plant, sensor) == before
    made = await group(plant, set_point=900.0, members_alarm="none")
    assert await limits_of(plant, sensor) == [limit for limit in before if limit[1] < made.group.set_point]


async def test_the_vote_ends_with_its_group(plant: Stand) -> None:
    made = await group(plant)
    await say(plant, 2500.0, 2500.0, 2500.0)
    await do(plant, "admin", voting_service.retire_group, made.group.id)
    assert [alarm.letter for alarm in await votes(plant)] == ["I"]
    await say(plant, 2600.0, 2600.0, 2600.0)
    assert (await plant.alarms())[-1].kind == "high", "its first member's own limit is back"


# --- use cases ------------------------------------------------------------------------------------------------------
async def test_another_m_votes_at_once(plant: Stand) -> None:
    made = await group(plant, members_alarm="none", set_point=900.0)
    await say(plant, 950.0, 1.0, 1.0)
    edit = {"name": None, "m": 1}
    after = await do(plant, "admin", voting_service.edit_group, made.group.id, **edit, expected_version=1)
    assert (after.group.m, after.group.version, after.group.name) == (1, 2, NAME)
    assert len(await votes(plant)) == 1
    with pytest.raises(Conflict):
        await do(plant, "admin", voting_service.edit_group, made.group.id, **edit, expected_version=1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"m": 4}, "m"),
        ({"set_point": 30_000.0}, "set_point"),
        ({"set_point": float("inf")}, "set_point"),
        ({"discrepancy_after_s": 0.0}, "discrepancy_after_s"),
        ({"toxic": True, "on_delay_s": 1.0}, "on_delay_s"),
        ({"unit": "furlong"}, "unit"),
        ({"source": LimitSource("CN", "", " ")}, "source"),
    ],
)
async def test_a_wrong_group_names_its_field(plant: Stand, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await group(plant, **changes)
    assert refused.value.field == field


async def test_members_are_two_to_eight_different_sensors_of_one_kind(plant: Stand) -> None:
    one, oxygen = await plant.sensor(BOXES[0], ACETONE), await plant.sensor(BOXES[0], "oxygen")
    for sensors in ([one], [one, one], [one, oxygen]):
        with pytest.raises(Invalid) as refused:
            await group(plant, sensors=sensors, m=1)
        assert refused.value.field == "sensors"


async def test_a_responder_makes_no_group(plant: Stand) -> None:
    made = await group(plant)
    for act, more in (
        (voting_service.retire_group, {}),
        (voting_service.edit_group, {"name": None, "m": 1, "expected_version": 1}),
    ):
        with pytest.raises(Forbidden):
            await do(plant, "wang", act, made.group.id, **more)


# --- calibration ----------------------------------------------------------------------------------------------------
async def test_an_expired_calibration_is_said_once_a_day_and_opens_no_incident(plant: Stand) -> None:
    today = plant.clock.now().date()
    for box, days in zip(BOXES, (-3, 10, 90), strict=True):
        change = SensorChange(calibration_due=today + timedelta(days=days))
        sensor = await plant.sensor(box, ACETONE)
        await do(plant, "admin", instrument_service.edit_sensor, sensor, change, expected_version=1)
    for _ in range(3):
        await plant.restart()
    notices = await plant.rows(
        "SELECT level, days_left FROM calibration_notices WHERE tenant_id = $1 ORDER BY days_left"
    )
    assert [tuple(notice) for notice in notices] == [("expired", -3), ("due_soon", 10)]
    news = await plant.rows("SELECT payload FROM outbox WHERE tenant_id = $1 AND kind = 'calibration.due'")
    assert sorted(item["payload"]["days_left"] for item in news) == [-3, 10]
    assert await plant.incidents() == []
    plant.clock.advance(timedelta(days=1).total_seconds())
    plant.everyone_speaks()
    await plant.engine._fire_due()
    assert len(await plant.rows("SELECT 1 FROM calibration_notices WHERE tenant_id = $1")) == 4
    chen = await plant.actor("chen")
    async with plant.db.transaction(plant.tenant_id) as tx:
        due = await calibration_service.list_due(
            tx, chen, within_days=30, site_id=None, zone_id=None, after=None, limit=10
        )
    assert [(row.series, row.noticed_on) for row in due] == [(ACETONE, today + timedelta(days=1))] * 2


async def test_an_alarm_says_how_far_its_sensor_can_be_trusted(plant: Stand) -> None:
    sensor = await plant.sensor(BOXES[0], ACETONE)
    change = SensorChange(calibration_due=plant.clock.now().date() - timedelta(days=5))
    await do(plant, "admin", instrument_service.edit_sensor, sensor, change, expected_version=1)
    await plant.hold(BOXES[0], ACETONE, 1100.0, 3)
    wang = await plant.actor("wang")
    (alarm,) = await plant.alarms()
    async with plant.db.transaction(plant.tenant_id) as tx:
        shown = await records.get_alarm(tx, wang, alarm.id)
    assert msgspec.to_builtins(shown.trust) == {"level": "expired", "days_left": -5}
