"""The gateway on a real broker and a real database: what is acknowledged is stored, and one fault stops nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiomqtt
import asyncpg
import pytest
import pytest_asyncio

from mobile_contract.devices import Sample
from muster.device_link import Broker as BrokerPlace
from muster.device_link import DeviceLink
from muster.device_link import DeviceLogin as LinkLogin
from muster.engines.broker import Broker
from plant import decider, intake, service
from plant.instrument_service import SensorDraft, create_sensor, revoke_device
from plant.protocols import PAYLOAD_MAX_BYTES
from tests.clusters import Clone
from tests.device.gateway_stand import Stand, equals, now_ms, sample, stand, until
from tests.plant_world import NAME, SECRET


@pytest_asyncio.fixture
async def site(clone: Clone, broker: Broker) -> AsyncIterator[Stand]:
    async with stand(clone, broker) as made:
        yield made


@pytest_asyncio.fixture
async def hasty(clone: Clone, broker: Broker) -> AsyncIterator[Stand]:
    """A plant whose actuators prove themselves within a second."""
    async with stand(clone, broker, deadline_s=1.0) as made:
        yield made


# Readings.


async def test_readings_arrive_and_are_stored_once_though_sent_twice(site: Stand) -> None:
    async with site.gateway(), site.device() as device:
        batch = [sample(value=float(n), at=now_ms() - n) for n in range(5)] + [sample("co", None)]
        batch.append(sample(value=77.0, at=now_ms() - 9))
        for seq in (1, 2):
            await device.send(*batch, seq=seq)
        await device.acked(1, 2)
        assert sorted(v for v in await site.values() if v is not None) == [0.0, 1.0, 2.0, 3.0, 4.0, 77.0]
        assert await site.values("co") == [None]
        assert (site.sensor("lel"), 77.0) in site.decided


async def test_the_acknowledgement_comes_after_the_commit_and_not_before(site: Stand, clone: Clone) -> None:
    # Two connections: within a transaction the server's view of who waits stands still.
    owner, watcher = await asyncpg.connect(clone.owner_url), await asyncpg.connect(clone.owner_url)
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO readings%'"

    async def both_wait() -> list[int]:
        found = [row["pid"] for row in await watcher.fetch(waiting)]
        return found if len(found) == 2 else []

    try:
        async with site.gateway(), site.device() as device:
            lock = owner.transaction()
            await lock.start()
            await owner.execute("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE")
            await device.send(sample(), seq=1)
            await device.send(sample(value=90.0, at=now_ms() + 1), seq=2)
            # The database fails under both; they try again, and still nothing is promised.
            for pid in await until(both_wait):
                await watcher.execute("SELECT pg_terminate_backend($1)", pid)
            await until(both_wait)
            assert device.acks == []
            await lock.rollback()
            await device.acked(1, 2)
            assert await site.values() == [1.0, 90.0]
            assert site.decided == [(site.sensor("lel"), 90.0)]
    finally:
        await owner.close()
        await watcher.close()


async def test_what_is_refused_is_counted_with_its_reason_and_stops_nothing(site: Stand) -> None:
    async with site.gateway(), site.device() as device, site.device("stranger-1") as stranger:
        await device.say("readings", b"{not json")
        await device.say("readings", b"[" + b" " * PAYLOAD_MAX_BYTES)
        await device.say("state", {"online": True, "firmware": "a\0b"})
        await device.say("feedback", {"at": now_ms(), "actuator": "fan", "state": "running", "fault": "\0"})
        await device.say("feedback", {"at": now_ms(), "actuator": "fan", "state": "running"})
        await stranger.say("readings", sample())
        bad = [sample("co2"), sample(unit="[ppm]"), sample(at=now_ms() + 60_000), sample(value=1e200), sample(at=1)]
        await device.send(*bad, sample(), sample(value="much"), seq=9)
        await device.acked(9)
        assert [ack.refused for ack in device.acks] == [6]
        assert await site.values() == [1.0]
        expected = dict.fromkeys(
            ["unknown_series", "unit_mismatch", "future_dated", "out_of_range", "too_old", "oversized"], 1
        )
        await equals(
            site.refusals,
            {("detector-1", code): n for code, n in expected.items()}
            | {("detector-1", "malformed"): 4, ("detector-1", "unknown_actuator"): 1, ("", "unknown_device"): 1},
        )


async def test_a_reading_from_before_the_outage_is_late_and_its_minute_is_marked(site: Stand) -> None:
    async with site.gateway(), site.device() as device:
        await device.send(sample(at=now_ms() - 300_000), seq=1)
        await device.send(sample(value=60.0, at=now_ms() - 900_000), seq=2)
        await device.acked(1, 2)
        assert [row[0] for row in await site.rows("SELECT quality FROM readings")] == [2, 2]
        marked = "SELECT minute FROM late_minutes UNION SELECT minute FROM reading_minutes"
        assert len(await site.rows(marked)) == 2


async def test_a_device_keeps_what_is_not_committed_until_a_gateway_is_there(site: Stand) -> None:
    link = DeviceLink(
        BrokerPlace("127.0.0.1", site.broker.port),
        LinkLogin(site.tenant, "north", "detector-1", SECRET),
        firmware="1",
    )
    running = asyncio.create_task(link.run())
    try:
        await asyncio.wait_for(link.connected.wait(), 20)
        for n in range(20):
            link.put([Sample("lel", now_ms() + n, float(n), "%[LEL]")])
        assert len(link.buffer) == 20
        async with site.gateway():
            await asyncio.wait_for(link.room(1), 20)
            assert sorted(v for v in await site.values() if v is not None) == [float(n) for n in range(20)]
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_what_came_by_http_goes_the_same_way(site: Stand) -> None:
    async def post(*samples: dict[str, Any]) -> int:
        async with site.db.transaction(site.plant.tenant_id) as tx:
            answer = await service.ingest(tx, site.plant.detector.id, json.dumps(list(samples)).encode())
            return answer.accepted

    assert await post(sample(value=3.0)) == 1
    async with site.gateway():
        assert await post(sample(value=4.0), sample("co", 70.0)) == 2
        await equals(site.values, [3.0, 4.0])

        async def left() -> int:
            return len(await site.rows("SELECT id FROM ingest_inbox"))

        await equals(left, 0)
        assert site.decided == [(site.sensor("co"), 70.0)]


# What devices say of themselves.


async def test_a_device_is_online_until_its_will_says_otherwise_whatever_its_clock(site: Stand) -> None:
    box = site.plant.detector.id
    async with site.gateway():
        for behind_s in (0, 3_600):
            will = aiomqtt.Will(f"muster/v1/{site.tenant}/north/detector-1/state", b'{"online":false}', 1, retain=True)
            with contextlib.suppress(aiomqtt.MqttError):
                async with site.device(will=will) as device:
                    await device.say("state", {"online": True, "at": now_ms() - behind_s * 1_000}, retain=True)
                    await equals(site.online, {box: True})
                    # The connection ends as in a crash: no DISCONNECT.
                    line: Any = device.mqtt._client.socket()
                    line.shutdown(socket.SHUT_RDWR)
            await equals(site.online, {box: False})


async def test_an_old_retained_state_does_not_bring_a_device_back(site: Stand) -> None:
    box = site.plant.detector.id
    async with site.device() as device:
        await device.say("state", {"online": True, "at": now_ms() - 60_000}, retain=True)
        async with site.gateway():
            await equals(site.online, {box: True})
            await device.say("state", {"online": False, "at": now_ms()})
            await equals(site.online, {box: False})
        async with site.gateway("next"):
            await device.send(sample(), seq=1)
            await device.acked(1)
            assert await site.online() == {box: False}


async def test_a_clock_that_is_ahead_is_flagged_and_the_news_taken(site: Stand) -> None:
    async with site.gateway(), site.device() as device:
        await device.say("state", {"online": True, "at": now_ms() + 86_400_000})
        await equals(site.online, {site.plant.detector.id: True})
        await equals(site.refusals, {("detector-1", "future_dated"): 1})


# Badges.


def swipe(badge: str = "4711", door: str = "gate-1", **more: Any) -> dict[str, Any]:
    return {"badge": badge, "door": door, "direction": "in", "at": now_ms()} | more


async def test_badges_are_handed_over_and_the_controller_is_told_after_the_commit(site: Stand) -> None:
    async with site.gateway(), site.device() as device:
        await device.say("badges", {"swipes": [swipe(), swipe("4712"), swipe(direction="up")], "seq": 3})
        await device.acked(3)
        assert site.badges == [("gate-1", "4711", "in"), ("gate-1", "4712", "in")]
        await device.say("badges", swipe("4713"))
        await device.say("badges", b"{no json")
        await equals(site.refusals, {("detector-1", "malformed"): 2})
        await device.send(sample(), seq=4)
        await device.acked(4)
        assert ("gate-1", "4713", "in") in site.badges


async def test_a_badge_that_can_not_be_kept_stops_neither_the_others_nor_the_readings(site: Stand) -> None:
    site.faulty_badges.add("0")
    async with site.gateway(), site.device() as device:
        await device.say("badges", {"swipes": [swipe("0")], "seq": 1})
        await device.say("badges", {"swipes": [swipe("1")], "seq": 2})
        await device.send(sample(), seq=3)
        await device.acked(2, 3)
        assert site.badges == [("gate-1", "1", "in")]
        assert [ack.seq for ack in device.acks if ack.seq == 1] == []


async def test_badges_sent_while_no_gateway_is_there_are_not_lost(site: Stand) -> None:
    async with site.gateway():
        pass
    async with site.device() as device:
        await device.say("badges", {"swipes": [swipe("late")], "seq": 8})
        async with site.gateway("next"):
            await device.acked(8)
            assert site.badges == [("gate-1", "late", "in")]


# Commands.


async def test_a_command_is_sent_and_confirmed_by_the_devices_word(site: Stand) -> None:
    async with site.gateway(), site.device("blower-1") as blower:
        await site.ask(site.plant.fan, "key-1")
        command = (await blower.commanded())[0]
        assert (command.key, command.actuator, command.action, command.inhibited) == ("key-1", "fan", "start", False)
        await blower.answer(command)
        done = await site.command_is("key-1", "confirmed")
        assert done.feedback is not None
        assert (done.feedback["state"], done.feedback["late"]) == ("running", False)
        assert site.told == [("key-1", "sent"), ("key-1", "confirmed")]


async def test_a_drills_command_is_held_back_and_never_on_the_wire(site: Stand) -> None:
    async with site.gateway(), site.device("blower-1") as blower:
        await site.ask(site.plant.fan, "drill-1", drill=True)
        held = await site.command_is("drill-1", "held_back")
        assert (held.sent_at, held.attempts) == (None, 0)
        # What is meant is the first thing the device hears.
        await site.ask(site.plant.fan, "key-1")
        command = (await blower.commanded())[0]
        assert (command.key, command.inhibited) == ("key-1", False)
        assert site.told[0] == ("drill-1", "held_back")


async def test_where_a_sensor_measures_the_reading_is_the_proof(site: Stand) -> None:
    async with site.gateway(), site.device("blower-1") as blower, site.device() as detector:
        await site.ask(site.plant.vent, "key-1")
        command = (await blower.commanded())[0]
        await blower.answer(command)
        await detector.send(sample("flow", 2.9), sample("flow", 3.5, at=now_ms() - 60_000), seq=1)
        await detector.acked(1)
        assert (await site.command("key-1")).state.value == "sent"
        await detector.send(sample("flow", 3.0, at=now_ms() + 1), seq=2)
        await site.command_is("key-1", "confirmed")


async def test_one_word_proves_every_command_that_asked_for_it(site: Stand) -> None:
    async with site.gateway(), site.device("blower-1") as blower:
        await site.ask(site.plant.fan, "key-1")
        await site.ask(site.plant.fan, "key-2")
        commands = {c.key: c for c in await blower.commanded(2)}
        await blower.answer(commands["key-2"])
        await site.command_is("key-1", "confirmed")
        await site.command_is("key-2", "confirmed")


async def test_no_feedback_is_asked_again_with_the_same_key_and_then_told(hasty: Stand) -> None:
    async with hasty.gateway(), hasty.device("blower-1") as blower:
        await hasty.ask(hasty.plant.fan, "key-1")
        commands = await blower.commanded(2)
        assert {(c.key, c.command, c.at) for c in commands} == {("key-1", commands[0].command, commands[0].at)}
        late = await hasty.command_is("key-1", "timed_out")
        assert late.attempts >= 2
        assert hasty.told == [("key-1", "sent"), ("key-1", "timed_out")]
        # It is still asked for, and a late proof counts as one.
        before = len(blower.commands)
        await blower.answer((await blower.commanded(before + 1))[-1])
        done = await hasty.command_is("key-1", "confirmed")
        assert done.feedback is not None
        assert done.feedback["late"] is True
        assert hasty.told[-1] == ("key-1", "confirmed")


async def test_a_clock_set_back_an_hour_holds_no_command_up(hasty: Stand) -> None:
    async with hasty.gateway(), hasty.device("blower-1") as blower:
        await hasty.ask(hasty.plant.fan, "key-1")
        await blower.commanded()
        hasty.clock.set_back(3_600)
        await blower.commanded(2)
        await hasty.command_is("key-1", "timed_out")
        assert hasty.told == [("key-1", "sent"), ("key-1", "timed_out")]


async def test_a_fault_fails_the_command_and_the_next_one_goes_out(site: Stand) -> None:
    async with site.gateway(), site.device("blower-1") as blower:
        await site.ask(site.plant.fan, "key-1")
        await blower.answer((await blower.commanded())[0], "stopped", fault="overcurrent")
        failed = await site.command_is("key-1", "failed")
        assert failed.feedback is not None
        assert failed.feedback["fault"] == "overcurrent"
        await site.ask(site.plant.fan, "key-2", "stop")
        await blower.answer((await blower.commanded(2))[-1], "stopped")
        await site.command_is("key-2", "confirmed")


async def test_a_command_outlives_its_gateway(site: Stand) -> None:
    async with site.device("blower-1") as blower:
        async with site.gateway("first") as first:
            await site.ask(site.plant.fan, "key-1")
            asked = (await blower.commanded())[0]
            await first.kill()
        # Nobody is there: the answer waits in the broker's session.
        await blower.answer(asked)
        await site.ask(site.plant.fan, "key-2")
        async with site.gateway("second"):
            await site.command_is("key-1", "confirmed")
            await site.command_is("key-2", "confirmed")
            assert {c.command for c in blower.commands if c.key == "key-1"} == {asked.command}


async def test_what_follows_from_one_command_and_fails_holds_up_nothing_else(site: Stand) -> None:
    site.faulty.add(site.plant.vent.id)
    async with site.gateway() as running, site.device("blower-1") as blower, site.device() as detector:
        serving = running.gateway.serving[site.plant.site.id]
        await site.ask(site.plant.vent, "faulty")
        await blower.commanded(2)
        await site.ask(site.plant.fan, "key-1")

        async def fan_asked() -> Any:
            return next((c for c in blower.commands if c.key == "key-1"), None)

        await blower.answer(await until(fan_asked))
        await site.command_is("key-1", "confirmed")
        await detector.send(sample(value=60.0), seq=1)
        await detector.acked(1)
        assert running.gateway.serving[site.plant.site.id] is serving
        site.faulty.clear()
        await detector.send(sample("flow", 4.0, at=now_ms() + 1), seq=2)
        await site.command_is("faulty", "confirmed")


# Faults.


async def test_a_gateway_dies_and_the_next_has_its_site_and_all_that_was_promised(site: Stand) -> None:
    sent, start = 150, now_ms()

    async def stored() -> list[float | None]:
        return await site.values("co")

    async with site.device() as device:

        async def send(n: int) -> None:
            await device.send(sample(value=float(n % 60), at=start + n), sample("co", float(n), at=start + n), seq=n)

        async with site.gateway("first") as first:
            for n in range(sent):
                await send(n)
                if n == sent // 2:
                    await device.acked(0)
                    await first.kill()
                    promised = {float(ack.seq) for ack in device.acks}
                    assert promised <= set(await stored())
        async with site.gateway("second") as second:
            # What was not acknowledged to the broker comes again, in the same session.
            await equals(stored, [float(n) for n in range(sent)])
            assert second.gateway.leases.held[site.plant.site.id].lease.fencing >= 2
            # An ack may have died with the first gateway: the device asks again, and is answered.
            for n in sorted(set(range(sent)) - {ack.seq for ack in device.acks}):
                await send(n)
            await device.acked(*range(sent))
            assert await stored() == [float(n) for n in range(sent)]


async def test_a_gateway_that_lost_its_lease_stops_and_leaves_the_site_alone(site: Stand) -> None:
    async with site.gateway("first") as first, site.device() as device:

        async def sleep_through() -> None:
            await asyncio.Event().wait()

        # It can not renew and does not notice: its beliefs are older than its lease.
        first.gateway.leases.round = sleep_through  # type: ignore[method-assign]
        start = now_ms()
        async with site.gateway("second") as second:
            for seq in range(20):
                await device.send(sample(value=60.0 + seq, at=start + seq), seq=seq)
            await equals(site.values, [60.0 + n for n in range(20)])

            async def first_has_none() -> bool:
                return not first.gateway.serving and not first.gateway.leases.held

            await until(first_has_none)
            await second.serves(site.plant.site.id)
            await device.send(sample("co"), seq=99)
            await device.acked(99)


async def test_a_sensor_that_can_not_be_decided_on_holds_up_no_other_not_even_of_its_message(site: Stand) -> None:
    site.faulty.add(site.sensor("lel"))
    async with site.gateway(), site.device() as device:
        for seq in range(3):
            at = now_ms() + seq
            await device.send(sample(value=80.0 + seq, at=at), sample("co", 90.0 + seq, at=at), seq=seq)
        await device.send(sample("co", 99.0, at=now_ms() + 9), seq=50)
        await device.send(sample("flow", 1.0), seq=51)
        await device.acked(50, 51)
        # A broker may bring a message twice: it is decided on twice, and in order.
        decided = dict.fromkeys(v for s, v in site.decided if s == site.sensor("co"))
        assert list(decided) == [90.0, 91.0, 92.0, 99.0]
        assert {ack.seq for ack in device.acks} == {50, 51}
        site.faulty.clear()
        await device.acked(0, 1, 2)
        assert list(dict.fromkeys(v for s, v in site.decided if s == site.sensor("lel"))) == [80.0, 81.0, 82.0]
        assert await site.values() == [80.0, 81.0, 82.0]


async def test_a_sensor_that_stays_undecidable_does_not_fill_the_brokers_window(site: Stand) -> None:
    site.faulty.add(site.sensor("lel"))
    sent = decider.ASIDE_MAX + 15
    async with site.gateway(), site.device() as device:
        for seq in range(sent):
            await device.send(sample(value=80.0, at=now_ms() + seq), seq=seq)
        await device.acked(*range(sent - decider.ASIDE_MAX))
        assert max(ack.seq for ack in device.acks) < sent - decider.ASIDE_MAX
        await device.send(sample("co", 70.0), seq=900)
        await device.acked(900)
        assert set(site.decided) == {(site.sensor("co"), 70.0)}


async def test_a_fault_in_screening_is_taken_as_something_that_may_change(site: Stand) -> None:
    site.unscreenable.add(site.sensor("lel"))
    async with site.gateway() as running, site.device() as device:
        serving = running.gateway.serving[site.plant.site.id]
        await device.send(sample(value=2.0), sample("co", 3.0), seq=1)
        await device.acked(1)
        assert site.decided == [(site.sensor("lel"), 2.0)]
        assert running.gateway.serving[site.plant.site.id] is serving


async def test_more_than_memory_holds_waits_at_the_broker_and_is_not_lost(
    site: Stand, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "HELD_MAX", 30)
    monkeypatch.setattr(intake, "HELD_RESUME", 10)
    owner = await asyncpg.connect(clone.owner_url)
    try:
        async with site.gateway() as running, site.device() as device:
            taken = running.gateway.serving[site.plant.site.id].intake
            lock = owner.transaction()
            await lock.start()
            await owner.execute("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE")
            start, sent = now_ms(), 120
            for seq in range(sent):
                value = 70.0 if seq % 10 == 0 else 1.0
                await device.send(sample("co" if seq % 2 else "lel", value, at=start + seq), seq=seq)

            async def is_full() -> bool:
                return not taken.has_room()

            await until(is_full)
            await lock.rollback()
            await device.acked(*range(sent))
            assert len(await site.rows("SELECT 1 FROM readings")) == sent
            assert taken.held == 0
    finally:
        await owner.close()


async def test_a_broker_that_is_killed_loses_nothing_that_was_promised(site: Stand) -> None:
    link = DeviceLink(
        BrokerPlace("127.0.0.1", site.broker.port),
        LinkLogin(site.tenant, "north", "detector-1", SECRET),
        firmware="1",
    )
    running = asyncio.create_task(link.run())
    start = now_ms()
    try:
        async with site.gateway() as gateway:
            await asyncio.wait_for(link.connected.wait(), 20)
            for n in range(60):
                link.put([Sample("lel", start + n, float(n), "%[LEL]")])
                if n == 30:
                    await asyncio.wait_for(link.room(25), 20)
                    os.kill(site.broker.pid, signal.SIGKILL)
            await asyncio.wait_for(link.room(1), 30)
            assert await site.values() == [float(n) for n in range(60)]
            await gateway.serves(site.plant.site.id)
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_an_edit_of_the_plant_is_followed_without_a_restart(site: Stand) -> None:
    async with site.gateway(), site.device() as device:
        await device.send(sample("o2", 20.9, unit="%"), seq=1)
        await device.acked(1)
        async with site.db.transaction(site.plant.tenant_id) as tx:
            draft = SensorDraft(site.plant.detector.id, site.plant.store.id, "o2", NAME, "o2", "%", 10.0)
            o2 = await create_sensor(tx, None, draft)

        async def taken() -> bool:
            await device.send(sample("o2", 20.9, unit="%"))
            return bool(await site.rows("SELECT 1 FROM readings WHERE sensor_id = $1", o2.id))

        await until(taken)
        async with site.db.transaction(site.plant.tenant_id) as tx:
            await revoke_device(tx, None, site.plant.detector.id)

        async def refused() -> bool:
            await device.send(sample())
            return ("detector-1", "revoked_device") in await site.refusals()

        await until(refused)
