"""Promise 1 on whole processes: kill -9 of any of them, at any moment, loses nothing that was promised."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from incidents import rooms
from incidents.record import timeline
from mobile_contract.devices import Sample
from mobile_contract.text import Text
from muster.demo import catalogue
from muster.device_link import DeviceLink, DeviceLogin, parse_broker
from muster.engines.mosquitto import find_mosquitto
from plant.instrument_service import DeviceDraft, SensorDraft, create_device, create_sensor
from tests.conftest import absent
from tests.phone_process import PhoneProcess, phone
from tests.whole_plant import WholePlant, until, whole_plant

pytestmark = [pytest.mark.scenario, pytest.mark.device]

VICTIMS = ("gateway", "api", "courier", "guide", "broker", "postgres")
# Every victim dies twice, in a random order and at random moments; seeds make a failure repeatable.
KILLS_EACH = 2
PAUSE_S = (0.3, 3.0)
# The device that keeps account: a batch of three samples every so often.
BATCH_EVERY_S = 0.2
SECRET = "kept-account-of"
# Recovery of PostgreSQL, new leases, phones' back-off of up to 15 s.
PATIENCE_S = 150.0
ROOM = "SELECT r.id FROM rooms r JOIN incidents i ON i.id = r.incident_id WHERE i.plan->>'template' = 'solvent-leak'"
# Tasks in hand whose owner has no way, and people with two.
WAYLESS = """
SELECT t.id FROM tasks t JOIN incidents i ON i.tenant_id = t.tenant_id AND i.id = t.incident_id
WHERE t.state = 'acknowledged' AND t.owner_account_id IS NOT NULL AND t.blocked_at IS NULL AND t.slug <> 'evacuate'
  AND i.state <> 'closed'
  AND 1 <> (SELECT count(*) FROM routes r WHERE r.tenant_id = t.tenant_id AND r.task_id = t.id
            AND r.account_id = t.owner_account_id AND r.ended_at IS NULL)
"""
LEAK = {"rate_g_s": 8.0, "minutes": 0.5}


class Accountant:
    """A real device that remembers what Muster has acknowledged to it."""

    def __init__(self, link: DeviceLink) -> None:
        self.link = link
        self.sent: dict[int, list[Sample]] = {}
        self.acks: set[int] = set()
        forget = link.buffer.acked

        def acked(seq: int, refused: int = 0) -> bool:
            assert refused == 0
            self.acks.add(seq)
            return forget(seq, refused)

        link.buffer.acked = acked  # type: ignore[method-assign]

    @property
    def acknowledged(self) -> list[Sample]:
        """Every sample that Muster promised to have."""
        return [sample for seq in self.acks for sample in self.sent[seq]]

    async def publish(self) -> None:
        """One batch after the other, for ever."""
        n = 0
        while True:
            at = time.time_ns() // 1_000_000
            batch = [Sample(f"s{i}", at, float(n * 3 + i), "Cel") for i in range(3)]
            self.sent[self.link.put(batch)] = batch
            n += 1
            await asyncio.sleep(BATCH_EVERY_S)


@asynccontextmanager
async def accountant(plant: WholePlant) -> AsyncIterator[Accountant]:
    """A device of the machine hall that publishes while the block runs."""
    (row,) = await plant.rows("SELECT tenant_id, site_id, id FROM zones WHERE slug = 'machine-hall'")
    async with plant.database() as db, db.transaction(row["tenant_id"]) as tx:
        draft = DeviceDraft(row["site_id"], "accountant", Text("记账设备", "Accountant"), SECRET)
        device = (await create_device(tx, None, draft)).device
        for i in range(3):
            name = Text(f"温度 {i}", f"Temperature {i}")
            # Long past what a killed broker takes: this device is about readings, not about silence.
            await create_sensor(tx, None, SensorDraft(device.id, row["id"], f"s{i}", name, "temperature", "Cel", 600.0))
    login = DeviceLogin(catalogue.TENANT, catalogue.SITE, "accountant", SECRET)
    made = Accountant(DeviceLink(parse_broker(plant.running.mqtt_url), login, firmware="test"))
    running = asyncio.create_task(made.link.run())
    publishing = asyncio.create_task(made.publish())
    try:
        yield made
    finally:
        for task in (publishing, running):
            task.cancel()
        await asyncio.gather(publishing, running, return_exceptions=True)


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_promised_is_lost_by_kill_nine(tmp_path: Path, seed: int) -> None:
    if find_mosquitto() is None:
        absent("mosquitto is not installed")
    async with (
        whole_plant(tmp_path / "data", broker="mosquitto", acknowledge_timeout_s=20) as plant,
        accountant(plant) as device,
        phone(plant, "wang") as wang,
        phone(plant, "li") as li,
    ):
        await _live_through(plant, device, (wang, li), random.Random(seed))
    assert plant.process.returncode == 0


async def _live_through(
    plant: WholePlant, device: Accountant, people: tuple[PhoneProcess, ...], chance: random.Random
) -> None:
    for person in people:
        await person.until("signed in and listening", lambda told: any(t.get("online") for t in told))
    await plant.demo("leak", **LEAK)
    order = asyncio.create_task(_answer(people[0]))
    room = await _room(plant)
    for person in people:
        await person.until("the incident's room", lambda told: _newest(told, room) > 0)
    said = asyncio.create_task(_chat(people, chance))
    await _kill(plant, chance)
    messages = await said
    await order
    await _settle(plant, device, people, room, messages)
    await _everything_is_true(plant, device, people, room, messages)


async def _answer(person: PhoneProcess) -> None:
    await person.until("the order", lambda told: any(t["change"] == "order" for t in told))
    await person.say("a")


async def _room(plant: WholePlant) -> str:
    (row,) = await plant.until_rows("the incident's room", ROOM, patience_s=PATIENCE_S)
    return str(row["id"])


async def _chat(people: tuple[PhoneProcess, ...], chance: random.Random) -> list[str]:
    """Both write while processes die."""
    said = []
    for n in range(20):
        person = people[n % 2]
        said.append(f"{person.login} says {n}")
        await person.say(said[-1])
        await asyncio.sleep(chance.uniform(0.1, 1.0))
    return said


async def _kill(plant: WholePlant, chance: random.Random) -> None:
    victims = list(VICTIMS) * KILLS_EACH
    chance.shuffle(victims)
    for victim in victims:
        await asyncio.sleep(chance.uniform(*PAUSE_S))

        async def dead(name: str = victim) -> bool:
            return plant.kill(name)

        await until(dead, partial("{} does not live to be killed".format, victim))


async def _settle(
    plant: WholePlant, device: Accountant, people: tuple[PhoneProcess, ...], room: str, messages: list[str]
) -> None:
    """Wait until all work is done: readings acknowledged, alarms normal, commands ended, messages everywhere."""
    await plant.until_rows(
        "every alarm normal", "SELECT letter FROM alarms WHERE returned_at IS NULL",
        want=lambda rows: not rows, patience_s=PATIENCE_S,
    )  # fmt: skip
    await plant.until_rows(
        "no command in flight", "SELECT id FROM commands WHERE next_attempt_at IS NOT NULL",
        want=lambda rows: not rows, patience_s=PATIENCE_S,
    )  # fmt: skip
    await plant.until_rows(
        "every message", "SELECT seq FROM room_events WHERE kind = 'message.posted'",
        want=lambda rows: len(rows) >= len(messages), patience_s=PATIENCE_S,
    )  # fmt: skip
    await plant.until_rows(
        "wang's yes", "SELECT 1 FROM deliveries WHERE acknowledged_at IS NOT NULL", patience_s=PATIENCE_S
    )
    await plant.until_rows(
        "every delivery at rest", "SELECT state FROM deliveries WHERE due_at IS NOT NULL",
        want=lambda rows: not rows, patience_s=PATIENCE_S,
    )  # fmt: skip
    acknowledged = len(device.acknowledged)
    await _until_acknowledged(device, acknowledged)
    (last,) = await plant.rows("SELECT next_seq - 1 AS seq FROM rooms WHERE id = $1::uuid", room)
    for person in people:
        await person.until(f"event {last['seq']}", lambda told: _newest(told, room) >= last["seq"])


def _newest(told: list[dict[str, Any]], room: str) -> int:
    return max((t["seq"] for t in told if t["change"] in {"room", "event"} and t["room"] == room), default=0)


async def _until_acknowledged(device: Accountant, before: int) -> None:
    """New batches are acknowledged again: the way from the device to the database is whole."""
    deadline = time.monotonic() + PATIENCE_S
    while len(device.acknowledged) < before + 30:
        assert time.monotonic() < deadline, "no batch is acknowledged any more"
        await asyncio.sleep(0.1)


async def _everything_is_true(
    plant: WholePlant, device: Accountant, people: tuple[PhoneProcess, ...], room: str, messages: list[str]
) -> None:
    await _every_acknowledged_reading_is_stored(plant, device)
    await _every_alarm_opened_exactly_one_incident(plant)
    await _every_message_is_there_once_and_in_order(plant, people, room, messages)
    await _the_fan_does_what_it_was_told_last(plant)
    await _every_delivery_ended_in_a_true_state(plant, people)
    await plant.until_rows("tasks in hand without their one way", WAYLESS, want=lambda rows: not rows)


async def _every_acknowledged_reading_is_stored(plant: WholePlant, device: Accountant) -> None:
    promised = {(s.series, s.at, s.value) for s in device.acknowledged}
    assert promised
    stored = await plant.rows(
        "SELECT s.series, r.observed_at, r.value FROM readings r JOIN sensors s ON s.id = r.sensor_id"
        " JOIN devices d ON d.id = s.device_id WHERE d.slug = 'accountant'"
    )
    kept = Counter((r["series"], round(r["observed_at"].timestamp() * 1000), r["value"]) for r in stored)
    assert promised <= kept.keys(), f"{len(promised - kept.keys())} acknowledged readings are not in the database"
    assert max(kept.values()) == 1


async def _every_alarm_opened_exactly_one_incident(plant: WholePlant) -> None:
    alarms = await plant.rows("SELECT id, rule_id, episode, incident_id, first_out FROM alarms")
    incidents = await plant.rows("SELECT id, first_out_alarm_id FROM incidents")
    states = await plant.rows("SELECT rule_id, (state->>'episode')::int AS episodes FROM alarm_states")
    episodes = Counter(a["rule_id"] for a in alarms)
    assert {s["rule_id"]: s["episodes"] or 0 for s in states if s["episodes"]} == episodes
    assert {a["id"] for a in alarms if a["first_out"]} == {i["first_out_alarm_id"] for i in incidents}
    raised = await plant.rows("SELECT facts->>'alarm' AS alarm FROM timeline WHERE kind = 'alarm.raised'")
    assert Counter(r["alarm"] for r in raised) == Counter(str(a["id"]) for a in alarms)
    leaks = await plant.rows("SELECT id FROM incidents WHERE plan->>'template' = 'solvent-leak'")
    assert len(leaks) == 1
    (tenant,) = await plant.rows("SELECT tenant_id FROM tenants")
    async with plant.database() as db, db.transaction(tenant["tenant_id"]) as tx:
        for incident in incidents:
            entries = await timeline.list_entries(tx, tenant["tenant_id"], incident["id"], limit=10_000)
            assert timeline.find_break(entries) is None


async def _every_message_is_there_once_and_in_order(
    plant: WholePlant, people: tuple[PhoneProcess, ...], room: str, messages: list[str]
) -> None:
    events = await plant.rows("SELECT seq, kind, body FROM room_events WHERE room_id = $1::uuid ORDER BY seq", room)
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    texts = [e["body"]["text"] for e in events if e["kind"] == "message.posted"]
    assert sorted(texts) == sorted(messages)
    for person in people:
        own = [text for text in texts if text.startswith(person.login)]
        assert own == [text for text in messages if text.startswith(person.login)]
    (tenant,) = await plant.rows("SELECT tenant_id FROM tenants")
    async with plant.database() as db, db.transaction(tenant["tenant_id"]) as tx:
        fresh = await rooms.fresh_snapshot(tx, tenant["tenant_id"], UUID(room))
    for person in people:
        state, seqs = person.room(room)
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True
        assert state == fresh


async def _the_fan_does_what_it_was_told_last(plant: WholePlant) -> None:
    rows = await plant.rows(
        "SELECT DISTINCT ON (c.actuator_id) a.kind, c.action, c.state FROM commands c"
        " JOIN actuators a ON a.id = c.actuator_id ORDER BY c.actuator_id, c.requested_at DESC, c.id DESC"
    )
    told = {r["kind"]: (r["action"], r["state"]) for r in rows}
    assert told["fan"] == ("start", "confirmed")
    assert (await plant.demo("status")).status["fan_on"] is True


async def _every_delivery_ended_in_a_true_state(plant: WholePlant, people: tuple[PhoneProcess, ...]) -> None:
    rows = await plant.rows(
        "SELECT d.*, a.login FROM deliveries d JOIN accounts a ON a.id = d.account_id ORDER BY d.queued_at"
    )
    orders = {person.login: {o["order"]["delivery"] for o in person.of("order")} for person in people}
    rings = {person.login: {p["push"]["delivery"] for p in person.of("push")} for person in people}
    for row in rows:
        assert row["due_at"] is None
        shown = orders.get(row["login"], set())
        # Reached means reached: only a phone that was rung or shown the order has received it, and only one that
        # showed it has seen or acknowledged it.
        reached = shown | rings.get(row["login"], set())
        assert row["received_at"] is None or str(row["id"]) in reached, f"{row['login']}: received without the phone"
        for fact in ("seen_at", "acknowledged_at"):
            assert row[fact] is None or str(row["id"]) in shown, f"{row['login']}: {fact} without the phone"
        if row["login"] not in orders:
            assert row["state"] in {"superseded", "exhausted", "cancelled"}, row["state"]
    # What a phone showed, its server knows: every receipt arrived in the end.
    known = {str(row["id"]) for row in rows if row["received_at"] is not None}
    for login, shown in orders.items():
        assert shown <= known, f"{login} has shown orders that the server does not know as received"
        assert len(shown) == len(set(shown))
    answered = [row for row in rows if row["login"] == "wang" and row["state"] == "acknowledged"]
    assert answered
    now = datetime.now(UTC)
    assert all(row["queued_at"] <= row["acknowledged_at"] <= now for row in answered)
