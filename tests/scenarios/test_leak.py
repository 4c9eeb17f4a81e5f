"""The spine on whole processes: a leak becomes a proven action and an acknowledged order, with no hand in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from incidents.record import timeline
from muster.engines.mosquitto import find_mosquitto
from tests.conftest import absent
from tests.phone_process import phone
from tests.whole_plant import WholePlant, start_muster, whole_plant

pytestmark = pytest.mark.scenario

# Twice a pinhole: the alarm in half the time, and a film that is gone within a minute.
RATE_G_S, MINUTES = 8.0, 0.5

COMMANDS = "SELECT a.kind, c.action, c.state FROM commands c JOIN actuators a ON a.id = c.actuator_id ORDER BY c.id"
ALARMS = "SELECT id, incident_id, letter, kind, level, first_out, returned_at FROM alarms ORDER BY raised_at, id"
DELIVERIES = """
SELECT a.login, d.state, d.received_at, d.seen_at, d.acknowledged_at, t.state AS task
FROM deliveries d JOIN accounts a ON a.id = d.account_id JOIN tasks t ON t.id = d.task_id ORDER BY d.queued_at, d.id
"""


@pytest.mark.device
@pytest.mark.parametrize("broker", ["mosquitto", "amqtt"])
async def test_a_leak_is_answered_and_cured(tmp_path: Path, broker: str) -> None:
    if broker == "mosquitto" and find_mosquitto() is None:
        absent("mosquitto is not installed")
    async with whole_plant(tmp_path / "data", broker=broker) as plant:
        await _leak_until_normal(plant)
        await _close(plant)
        await _is_true(plant)
    assert plant.process.returncode == 0


async def _leak_until_normal(plant: WholePlant) -> None:
    async with phone(plant, "wang") as wang, phone(plant, "zhao") as zhao:
        for person in (wang, zhao):
            await person.until("signed in and listening", lambda told: any(t.get("online") for t in told))
        await plant.demo("leak", rate_g_s=RATE_G_S, minutes=MINUTES)
        for person in (wang, zhao):
            await person.until("the order", lambda told: any(t["change"] == "order" for t in told))
            await person.say("a")
        await plant.until_rows(
            "both orders acknowledged",
            DELIVERIES,
            want=lambda rows: {r["login"] for r in rows if r["state"] == "acknowledged"} >= {"wang", "zhao"},
        )
        await plant.until_rows(
            "the fan proven", COMMANDS, want=lambda rows: ("fan", "start", "confirmed") in [tuple(r) for r in rows]
        )
        await plant.until_rows(
            "every alarm back to normal",
            ALARMS,
            want=lambda rows: all(r["returned_at"] for r in rows) and bool(rows),
            patience_s=150.0,
        )


async def _close(plant: WholePlant) -> None:
    """Acknowledge every alarm and close the incident as the safety officer would."""
    async with plant.signed_in("zhao") as officer:
        for alarm in await plant.rows(ALARMS):
            await officer.post(f"/v1/alarms/{alarm['id']}/acknowledge", {}, dict[str, Any])
        (incident,) = await plant.rows("SELECT id FROM incidents")
        closed = await officer.post(f"/v1/incidents/{incident['id']}/close", {"reason": "leak stopped"}, dict[str, Any])
        assert closed["state"] == "closed"
    await plant.until_rows(
        "what was started is stopped, with proof",
        COMMANDS,
        want=lambda rows: (
            {("fan", "stop"), ("siren", "silence")}
            <= {(r["kind"], r["action"]) for r in rows if r["state"] == "confirmed"}
        ),
    )


async def _is_true(plant: WholePlant) -> None:
    alarms = await plant.rows(ALARMS)
    assert len({a["incident_id"] for a in alarms}) == 1
    assert [a["first_out"] for a in alarms].count(True) == 1
    for row in await plant.rows(DELIVERIES):
        if row["state"] == "acknowledged":
            assert row["received_at"] is not None
            assert row["seen_at"] is not None
            assert row["task"] == "acknowledged"
    status = await plant.demo("status")
    assert status.status["fan_on"] is False
    async with plant.database() as db:
        (tenant,) = await plant.rows("SELECT tenant_id FROM tenants")
        (incident,) = await plant.rows("SELECT id FROM incidents")
        async with db.transaction(tenant["tenant_id"]) as tx:
            entries = await timeline.list_entries(tx, tenant["tenant_id"], incident["id"], limit=1000)
    assert timeline.find_break(entries) is None
    kinds = [entry.kind for entry in entries]
    for kind in ("incident.opened", "command.confirmed", "task.acknowledged", "incident.returned", "incident.closed"):
        assert kind in kinds


async def test_two_of_them_in_one_folder_do_not_start(tmp_path: Path) -> None:
    async with whole_plant(tmp_path / "data") as plant:
        environ = {**plant.environ, "MUSTER_HTTP_PORT": "0"}
        second = await start_muster("up", environ=environ, stderr=asyncio.subprocess.PIPE)
        _, said = await asyncio.wait_for(second.communicate(), 60)
        assert second.returncode == 2
        assert str(tmp_path) in said.decode()
        assert (await plant.demo("status")).status
