"""Drills on whole processes: practised as in earnest, then overtaken by a leak while the courier is killed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.phone_process import phone
from tests.whole_plant import WholePlant, start_muster, whole_plant

pytestmark = pytest.mark.scenario

COMMANDS = "SELECT state, attempts, sent_at FROM commands WHERE inhibited = $1"
ENDED = "SELECT ended_why, real_incident_id, score FROM drills WHERE id = $1 AND ended_at IS NOT NULL"


async def test_a_drill_is_practised_and_gives_way_to_a_leak(tmp_path: Path) -> None:
    async with whole_plant(tmp_path / "data", broker="amqtt") as plant:
        await _practise(plant)
        await _overtaken(plant)


async def _practise(plant: WholePlant) -> None:
    async with phone(plant, "wang") as wang:
        await wang.until("signed in and listening", lambda told: any(t.get("online") for t in told))
        said = asyncio.subprocess.PIPE
        demo = await start_muster("demo", "drill", "--seconds", "5", environ=plant.environ, stdout=said)
        await wang.until("the order", lambda told: any(t["change"] == "order" for t in told))
        await wang.say("a")
        out, _ = await asyncio.wait_for(demo.communicate(), 60)
    assert demo.returncode == 0
    text = out.decode()
    assert "held_back, attempts on the wire: 0" in text
    assert "Reached, by their device's word: 1 of 3 people" in text
    held = await plant.rows(COMMANDS, True)
    assert {(r["state"], r["attempts"], r["sent_at"]) for r in held} == {("held_back", 0, None)}
    assert await plant.rows(COMMANDS, False) == []
    assert (await plant.demo("status")).status["fan_on"] is False


async def _overtaken(plant: WholePlant) -> None:
    async with plant.signed_in("zhao") as officer:
        zones = await officer.get("/v1/zones", dict[str, Any], q="solvent-store")
        asked = {"plan": "solvent-leak", "zone": zones["items"][0]["id"], "reason": "again", "agent": "acetone"}
        drill = await officer.post("/v1/drills", asked, dict[str, Any])
    await plant.demo("leak", rate_g_s=8.0, minutes=0.5)
    assert plant.kill("courier")
    (ended,) = await plant.until_rows("the drill gave way", ENDED, UUID(drill["id"]))
    (real,) = await plant.rows("SELECT id, state FROM incidents WHERE NOT exercise")
    assert (ended["ended_why"], ended["real_incident_id"]) == ("real_alarm", real["id"])
    assert ended["score"] is not None
    orders = await plant.rows("SELECT state FROM deliveries WHERE incident_id = $1", UUID(drill["incident"]))
    assert {order["state"] for order in orders} <= {"cancelled", "superseded", "exhausted"}
    await plant.until_rows(
        "the real fan is asked, in earnest", COMMANDS, False, want=lambda rows: any(r["sent_at"] for r in rows)
    )
