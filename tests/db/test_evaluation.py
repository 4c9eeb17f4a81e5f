"""Readings and timers against the stored states of their rules, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from core.database import Database, Tx
from core.errors import NotFound
from core.ids import new_id
from incidents.alarms import alarm, alarm_queries, evaluation
from incidents.alarms.evaluation import Outcome
from incidents.alarms.model import AlarmRule, AlarmState, LimitSource
from plant import reading_queries
from plant.model import Quality, Reading
from tests import incident_world
from tests.clusters import Clone

SOURCE = LimitSource("CN", "2019", "GB/T 50493-2019 5.5.2")


class Plant(msgspec.Struct, frozen=True):
    """A site with one sensor."""

    tenant_id: UUID
    site_id: UUID
    sensor_id: UUID
    actuator_id: UUID
    effect_rule_id: UUID

    def rule(self, **fields: Any) -> AlarmRule:
        """A high limit at 100 with a deadband of 10 on the sensor, but for ``fields``."""
        made = {"kind": "high", "level": 1, "set_point": 100.0, "deadband": 10.0, "sensor_id": self.sensor_id, **fields}
        return AlarmRule(tenant_id=self.tenant_id, id=new_id(), unit="[ppm]", source=SOURCE, **made)

    async def add(self, tx: Tx, **fields: Any) -> AlarmRule:
        """The same, in the database."""
        rule = self.rule(**fields)
        await alarm_queries.insert_rule(tx, self.tenant_id, self.site_id, rule)
        return rule

    async def state(self, tx: Tx, rule: AlarmRule) -> AlarmState:
        """As stored."""
        return (await alarm_queries.lock_rule(tx, self.tenant_id, rule.id)).state


async def build(tx: Tx) -> Plant:
    world = await incident_world.build(tx)
    sensor_id = await add_sensor(tx, world.site_id, "acetone")
    return Plant(world.tenant_id, world.site_id, sensor_id, world.actuator_id, world.rule_id)


async def add_sensor(tx: Tx, site_id: UUID, series: str, retired_at: datetime | None = None) -> UUID:
    sensor_id = new_id()
    await tx.execute(
        "INSERT INTO sensors (tenant_id, id, site_id, device_id, zone_id, series, name, quantity, unit, stale_after_s,"
        " created_at, retired_at) SELECT $1, $2, $3, d.id, z.id, $4, '{}', 'concentration', '[ppm]', 30, $5, $6"
        " FROM devices d JOIN zones z ON z.tenant_id = d.tenant_id AND z.site_id = d.site_id"
        " WHERE d.tenant_id = $1 AND d.site_id = $3",
        tx.tenant_id,
        sensor_id,
        site_id,
        series,
        tx.now,
        retired_at,
    )
    return sensor_id


@pytest.fixture
async def plant(tx: Tx) -> Plant:
    return await build(tx)


def reads(
    sensor_id: UUID, now: datetime, value: float | None, age_s: float = 0.0, quality: int = Quality.GOOD
) -> Reading:
    return Reading(sensor_id, now - timedelta(seconds=age_s), now, value, quality)


def facts(outcomes: Sequence[Outcome]) -> list[list[str]]:
    return [[type(fact).__name__.removeprefix("Alarm") for fact in outcome.facts] for outcome in outcomes]


async def feed(tx: Tx, plant: Plant, *readings: Reading) -> list[Outcome]:
    """As the gateway does it: stored first, then evaluated."""
    await reading_queries.store_readings(tx, plant.tenant_id, readings)
    return await evaluation.evaluate(tx, plant.tenant_id, readings, tx.now)


# --- a batch --------------------------------------------------------------------------------------------------------
async def test_a_batch_that_crosses_up_and_down_gives_every_fact_in_order(tx: Tx, plant: Plant) -> None:
    rule = await plant.add(tx)
    values = [(50.0, 3.0), (120.0, 2.0), (130.0, 1.0), (80.0, 0.0)]
    [outcome] = await feed(tx, plant, *(reads(plant.sensor_id, tx.now, value, age_s) for value, age_s in values))
    assert facts([outcome]) == [["Raised", "Returned"]]
    assert (outcome.rule, outcome.before, outcome.value) == (rule, AlarmState(), 80.0)
    assert alarm.letter(outcome.after) == "D"
    assert await plant.state(tx, rule) == outcome.after


async def test_every_rule_of_the_sensor_is_stepped_in_order_of_ids(tx: Tx, plant: Plant) -> None:
    first = await plant.add(tx)
    second = await plant.add(tx, level=2, set_point=200.0)
    low = await plant.add(tx, kind="low", set_point=5.0, deadband=1.0)
    outcomes = await feed(tx, plant, reads(plant.sensor_id, tx.now, 250.0))
    assert [o.rule.id for o in outcomes] == sorted([first.id, second.id, low.id])
    assert facts(outcomes) == [["Raised"], ["Raised"], []]


async def test_a_gap_feeds_nothing_and_other_sensors_are_let_alone(tx: Tx, plant: Plant) -> None:
    rule = await plant.add(tx)
    other = await add_sensor(tx, plant.site_id, "ethanol")
    assert await feed(tx, plant, reads(plant.sensor_id, tx.now, None, quality=Quality.GAP)) == []
    assert await feed(tx, plant, reads(other, tx.now, 500.0)) == []
    assert await plant.state(tx, rule) == AlarmState()


async def test_a_rule_out_of_force_is_not_stepped(tx: Tx, plant: Plant) -> None:
    rule = await plant.add(tx)
    assert await alarm_queries.retire_rule(tx, plant.tenant_id, rule.id) == 1
    assert await alarm_queries.retire_rule(tx, plant.tenant_id, rule.id) == 0
    assert await feed(tx, plant, reads(plant.sensor_id, tx.now, 500.0)) == []


async def test_a_state_that_did_not_change_is_not_written(tx: Tx, plant: Plant) -> None:
    rule = await plant.add(tx)
    row = "SELECT ctid::text FROM alarm_states WHERE rule_id = $1"
    before = await tx.fetchval(row, rule.id)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 50.0))
    assert await tx.fetchval(row, rule.id) == before
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 150.0))
    assert await tx.fetchval(row, rule.id) != before


# --- what speaks for "normal" ---------------------------------------------------------------------------------------
async def test_a_value_sent_again_does_not_end_what_a_newer_one_confirmed(tx: Tx, plant: Plant) -> None:
    """A device sends again after five seconds what it has no answer for; the newer batch has overtaken it."""
    await plant.add(tx)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 120.0, age_s=9))
    await reading_queries.store_readings(tx, plant.tenant_id, [reads(plant.sensor_id, tx.now, 125.0, age_s=7)])
    [overtaken] = await feed(tx, plant, reads(plant.sensor_id, tx.now, 80.0, age_s=8))
    assert (overtaken.facts, overtaken.after.condition) == ((), "active")
    [newest] = await feed(tx, plant, reads(plant.sensor_id, tx.now, 80.0, age_s=6))
    assert facts([newest]) == [["Returned"]]


async def test_within_a_batch_only_the_newest_value_ends_an_alarm(tx: Tx, plant: Plant) -> None:
    await plant.add(tx)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 120.0, age_s=9))
    dip = [reads(plant.sensor_id, tx.now, 80.0, age_s=8), reads(plant.sensor_id, tx.now, 120.0, age_s=7)]
    [outcome] = await feed(tx, plant, *dip)
    assert outcome.facts == ()


async def test_a_late_value_raises_an_alarm_and_does_not_end_one(tx: Tx, plant: Plant) -> None:
    await plant.add(tx)
    late = Quality.LATE
    [raised] = await feed(tx, plant, reads(plant.sensor_id, tx.now, 120.0, age_s=600, quality=late))
    assert facts([raised]) == [["Raised"]]
    [still] = await feed(tx, plant, reads(plant.sensor_id, tx.now, 80.0, age_s=300, quality=late))
    assert (still.facts, still.after.condition) == ((), "active")
    [over] = await feed(tx, plant, reads(plant.sensor_id, tx.now, 80.0))
    assert facts([over]) == [["Returned"]]


async def test_a_value_that_waited_for_the_gateway_is_as_old_as_it_is(tx: Tx, plant: Plant) -> None:
    """Received in time, evaluated ten minutes later: the gateway was away."""
    await plant.add(tx)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 120.0, age_s=700))
    [outcome] = await feed(tx, plant, reads(plant.sensor_id, tx.now, 80.0, age_s=600))
    assert outcome.facts == ()


# --- silence --------------------------------------------------------------------------------------------------------
async def test_silence_raises_the_staleness_alarm_and_leaves_the_limit_as_it_was(tx: Tx, plant: Plant) -> None:
    limit = await plant.add(tx)
    stale = await plant.add(tx, kind="stale", set_point=None, deadband=0.0, stale_after_s=30.0)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 120.0))
    outcomes = await evaluation.expire(tx, plant.tenant_id, [limit.id, stale.id], tx.now, silent=True)
    assert facts(outcomes) == [[], ["Raised"]]
    assert (await plant.state(tx, limit)).condition == "active"
    again = await evaluation.expire(tx, plant.tenant_id, [stale.id], tx.now, silent=True)
    assert facts(again) == [[]], "once"


@pytest.mark.parametrize(
    ("value", "age_s", "quality", "ends"),
    [(50.0, 0, Quality.GOOD, True), (None, 0, Quality.GAP, False), (50.0, 600, Quality.LATE, False)],
    ids=["a value", "a gap", "a late value"],
)
async def test_only_a_value_of_now_ends_silence(
    tx: Tx, plant: Plant, value: float | None, age_s: float, quality: int, ends: bool
) -> None:
    rule = await plant.add(tx, kind="stale", set_point=None, deadband=0.0, stale_after_s=30.0)
    await evaluation.expire(tx, plant.tenant_id, [rule.id], tx.now, silent=True)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, value, age_s, quality))
    assert ((await plant.state(tx, rule)).condition == "normal") is ends


async def test_a_timer_that_came_due_fires_and_one_that_did_not_does_nothing(tx: Tx, plant: Plant) -> None:
    rule = await plant.add(tx, on_delay_s=5.0)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 120.0))
    due_at = await tx.fetchval("SELECT due_at FROM alarm_states WHERE rule_id = $1", rule.id)
    assert due_at == tx.now + timedelta(seconds=5)
    early = due_at - timedelta(milliseconds=1)
    assert facts(await evaluation.expire(tx, plant.tenant_id, [rule.id], early, silent=False)) == [[]]
    assert facts(await evaluation.expire(tx, plant.tenant_id, [rule.id], due_at, silent=False)) == [["Raised"]]
    assert await tx.fetchval("SELECT due_at FROM alarm_states WHERE rule_id = $1", rule.id) is None


# --- the stored state is the state ----------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(5))
async def test_what_is_stored_is_what_the_machine_would_be_in_without_a_database(
    tx: Tx, plant: Plant, seed: int
) -> None:
    chance = random.Random(seed)
    rule = await plant.add(tx, on_delay_s=2.0, off_delay_s=3.0, rearm_after_s=20.0, latching=seed % 2 == 0)
    recomputed, now = AlarmState(), tx.now
    for _ in range(60):
        now += timedelta(seconds=chance.choice([0.5, 1.0, 5.0]))
        event = _any_event(chance, now)
        recomputed = alarm.step(rule, recomputed, event, now).state
        if isinstance(event, alarm.Reading):
            reading = Reading(plant.sensor_id, event.observed_at, now, event.value, Quality.GOOD)
            await evaluation.evaluate(tx, plant.tenant_id, [reading], now)
        else:
            await evaluation.apply_event(tx, plant.tenant_id, [rule.id], _always(event), now)
        assert await plant.state(tx, rule) == recomputed
        stored = await tx.fetchrow("SELECT letter, due_at FROM alarm_states WHERE rule_id = $1", rule.id)
        assert stored is not None
        assert tuple(stored) == (alarm.letter(recomputed), alarm_queries.earliest_timer(recomputed))


def _always(event: alarm.Event) -> Callable[[AlarmRule], alarm.Event]:
    return lambda _: event


def _any_event(chance: random.Random, now: datetime) -> alarm.Event:
    events: list[alarm.Event] = [
        *(alarm.Reading(value, now) for value in (50.0, 80.0, 95.0, 120.0, 130.0, 150.0)),
        alarm.TimerDue(),
        alarm.Acknowledged(UUID(int=7)),
        alarm.Reset(),
        alarm.Shelved(until=now + timedelta(seconds=9)),
        alarm.Unshelved(),
        alarm.OutOfService(on=False),
    ]
    return chance.choice(events)


async def test_a_rule_comes_back_from_the_database_as_it_went_in(tx: Tx, plant: Plant) -> None:
    rule = await plant.add(
        tx, level=2, on_delay_s=0.0, off_delay_s=20.0, rearm_after_s=600.0, latching=True, toxic=True
    )
    watched = await alarm_queries.lock_rule(tx, plant.tenant_id, rule.id)
    assert (watched.rule, watched.state, watched.episode_id) == (rule, AlarmState(), None)
    assert watched.created_at == tx.now


# --- the queries around it ------------------------------------------------------------------------------------------
async def test_a_site_lists_its_rules_in_force_with_their_states(tx: Tx, plant: Plant) -> None:
    kept, retired = await plant.add(tx), await plant.add(tx)
    before = {w.rule.id for w in await alarm_queries.list_site_rules(tx, plant.tenant_id, plant.site_id)}
    await alarm_queries.retire_rule(tx, plant.tenant_id, retired.id)
    await feed(tx, plant, reads(plant.sensor_id, tx.now, 120.0))
    watched = await alarm_queries.list_site_rules(tx, plant.tenant_id, plant.site_id)
    assert [w.rule.id for w in watched] == sorted(before - {retired.id})
    assert {w.rule.id: w.state.condition for w in watched}[kept.id] == "active"
    assert await alarm_queries.list_site_rules(tx, plant.tenant_id, new_id()) == []
    assert [w.rule for w in await alarm_queries.find_rules(tx, plant.tenant_id, [kept.id, retired.id])] == [kept]
    with pytest.raises(NotFound) as missing:
        await alarm_queries.lock_rule(tx, plant.tenant_id, retired.id)
    assert missing.value.field == "rule_id"


async def test_an_actuators_rule_is_the_one_for_a_missing_effect(tx: Tx, plant: Plant) -> None:
    found = await alarm_queries.find_effect_rule(tx, plant.tenant_id, plant.actuator_id)
    assert found == plant.effect_rule_id
    assert await alarm_queries.find_effect_rule(tx, plant.tenant_id, new_id()) is None


async def test_a_sensor_was_last_heard_when_its_newest_good_value_came_in(tx: Tx, plant: Plant) -> None:
    now, heard, retired = tx.now, plant.sensor_id, await add_sensor(tx, plant.site_id, "old", tx.now)
    gaps = await add_sensor(tx, plant.site_id, "gaps")
    late = await add_sensor(tx, plant.site_id, "late")
    long_ago = await add_sensor(tx, plant.site_id, "long-ago")
    received = now - timedelta(seconds=4)
    await reading_queries.store_readings(
        tx,
        plant.tenant_id,
        [
            reads(heard, now, 1.0, age_s=60),
            replace(reads(heard, now, 2.0, age_s=5), received_at=received),
            reads(heard, now, None, age_s=1, quality=Quality.GAP),
            reads(gaps, now, None, quality=Quality.GAP),
            reads(late, now, 1.0, age_s=600, quality=Quality.LATE),
            reads(long_ago, now, 1.0, age_s=3 * 86_400),
            reads(retired, now, 1.0),
        ],
    )
    assert await alarm_queries.last_heard(tx, plant.tenant_id, plant.site_id) == {heard: received}


# --- several at once ------------------------------------------------------------------------------------------------
@asynccontextmanager
async def two_transactions(clone: Clone) -> AsyncIterator[tuple[Tx, Tx, Tx]]:
    """Two that will meet, and one that watches."""
    async with (
        Database.connect(clone.app_url) as db,
        db.transaction(clone.tenant_id) as watcher,
        db.transaction(clone.tenant_id) as one,
        db.transaction(clone.tenant_id) as two,
    ):
        yield one, two, watcher


async def waits_for_a_lock(watcher: Tx, waiting: Tx) -> None:
    """Come back once ``waiting`` is waiting for a lock."""
    pid = waiting.connection.get_server_pid()
    while not await watcher.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid):
        pass


async def end(tx: Tx) -> None:
    """Commit before the block that opened it ends, so that the other goes on; a new one takes its place."""
    await tx.connection.execute("COMMIT")
    await tx.connection.execute("BEGIN")


async def test_two_evaluations_of_one_sensor_take_turns_and_raise_one_episode(clone: Clone) -> None:
    async with Database.connect(clone.app_url) as db, db.transaction(clone.tenant_id) as tx:
        plant = await build(tx)
        rule = await plant.add(tx)
    async with two_transactions(clone) as (one, two, watcher):
        [first] = await evaluation.evaluate(one, plant.tenant_id, [reads(plant.sensor_id, one.now, 120.0)], one.now)
        second = asyncio.create_task(
            evaluation.evaluate(two, plant.tenant_id, [reads(plant.sensor_id, two.now, 130.0)], two.now)
        )
        await waits_for_a_lock(watcher, two)
        await end(one)
        [after] = await second
    assert facts([first, after]) == [["Raised"], []]
    assert after.before == first.after, "the second began where the first ended"
    async with Database.connect(clone.app_url) as db, db.transaction(clone.tenant_id) as tx:
        assert (await plant.state(tx, rule)).episode == 1


async def test_two_that_lock_overlapping_rules_do_not_deadlock(clone: Clone) -> None:
    async with Database.connect(clone.app_url) as db, db.transaction(clone.tenant_id) as tx:
        plant = await build(tx)
        low, high = sorted([(await plant.add(tx)).id, (await plant.add(tx)).id])
    async with two_transactions(clone) as (one, two, watcher):
        await alarm_queries.lock_rules(one, plant.tenant_id, [low])
        both = asyncio.create_task(alarm_queries.lock_rules(two, plant.tenant_id, [high, low]))
        await waits_for_a_lock(watcher, two)
        # Had the other taken them in the order it named them, this would be the deadlock.
        await alarm_queries.lock_rules(one, plant.tenant_id, [high])
        await end(one)
        assert [w.rule.id for w in await both] == [low, high]
