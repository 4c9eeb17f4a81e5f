"""``muster demo leak``, ``hf`` and ``oxygen`` as a user runs them: told to the end, and true."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.whole_plant import WholePlant, start_muster, until, whole_plant

pytestmark = pytest.mark.scenario

# Slow cells clear within three minutes; two busy cores have as much again.
STORY_PATIENCE_S = 360.0
# What finds ways is compiled once on a machine, and this may be the first time.
COMPILED_WITHIN_S = 400.0

VOTE = "SELECT g.id FROM voting_groups g JOIN matrices m USING (tenant_id) WHERE m.state = 'published'"
INCIDENTS = """
SELECT z.slug AS zone, i.state, i.grade, i.plan ->> 'template' AS plan
FROM incidents i JOIN zones z ON z.tenant_id = i.tenant_id AND z.id = i.zone_id ORDER BY z.slug
"""
ALARMS = """
SELECT z.slug AS zone, a.kind, a.level, a.returned_at
FROM alarms a JOIN zones z ON z.tenant_id = a.tenant_id AND z.id = a.zone_id ORDER BY a.raised_at, a.id
"""
WALKED = """
SELECT r.revision, r.state FROM routes r JOIN accounts a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
WHERE a.login = 'wang' AND r.view ->> 'arrived_at' IS NOT NULL
"""
COMMANDS = """
SELECT d.slug AS device, c.action, c.state FROM commands c
JOIN actuators a ON a.tenant_id = c.tenant_id AND a.id = c.actuator_id
JOIN devices d ON d.tenant_id = a.tenant_id AND d.id = a.device_id ORDER BY c.id
"""


async def test_hydrogen_fluoride_and_nitrogen_are_answered_and_told_to_the_end(tmp_path: Path) -> None:
    async with whole_plant(tmp_path / "data") as plant:
        await plant.until_rows("the detectors vote", VOTE)
        hf, oxygen = await asyncio.gather(_told(plant, "hf"), _told(plant, "oxygen"))
        assert hf.startswith("Hydrogen fluoride escapes in the HF room: 36 mg/s for 2 min")
        assert "/3 beyond the limit" in hf, "the vote is counted"
        assert "Oxygen 1 below 18 %".lower() in oxygen.lower()
        for story in (hf, oxygen):
            assert "every alarm is back to normal" in story
        await _is_true(plant)


async def test_a_responder_walks_the_order_and_is_led_another_way_as_the_leak_spreads(tmp_path: Path) -> None:
    async with whole_plant(tmp_path / "data") as plant:
        await _compiled(plant)
        story = await _told(plant, "leak")
        told = [
            "Acetone leaks in the solvent store: 4 g/s for 1 min",
            "takes the order: Check and stop the leak of acetone: solvent store",
            "the way: Solvent store",
            "1. You are in the machine hall on the ground floor.",
            "the solvent store's door stands open",
            "the leak spreads into the corridor's west end",
            "ROUTE CHANGED",
            "is there: Solvent store",
        ]
        found = [story.find(text) for text in told]
        assert -1 not in found, story
        assert found == sorted(found), story
        assert "every alarm is back to normal" in story
        (route,) = await plant.rows(WALKED)
        assert route["revision"] > 1
        assert route["state"] == "safe"
        doors = await plant.rows("SELECT feature, state, until > set_at AS ends FROM passage_states")
        assert [tuple(row) for row in doors] == [("door-solvent-store", "open", True)], "it is as drawn again by itself"


async def _compiled(plant: WholePlant) -> None:
    log = plant.folder / "guide.log"

    async def done() -> bool:
        return "warming.done" in log.read_text()

    await until(done, lambda: f"the guide compiles; {plant.log_tail()}", COMPILED_WITHIN_S)


async def _told(plant: WholePlant, scenario: str) -> str:
    """What the command printed; it has to end by itself, and well."""
    process = await start_muster(
        *("demo", scenario, "--locale", "en"), environ=plant.environ, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), STORY_PATIENCE_S)
    assert process.returncode == 0, out.decode() + plant.log_tail()
    return out.decode()


async def _is_true(plant: WholePlant) -> None:
    incidents = {row["zone"]: row for row in await plant.rows(INCIDENTS)}
    assert {zone: row["plan"] for zone, row in incidents.items()} == {
        "hf-room": "hydrogen-fluoride",
        "nitrogen-room": "oxygen",
    }
    assert {row["state"] for row in incidents.values()} == {"returned"}
    assert incidents["hf-room"]["grade"] == 1
    alarms = await plant.rows(ALARMS)
    assert all(row["returned_at"] for row in alarms)
    assert [row["level"] for row in alarms if row["kind"] == "vote"] == [2]
    assert ("nitrogen-room", "low", 2) in {(row["zone"], row["kind"], row["level"]) for row in alarms}
    proved = {(row["device"], row["action"]) for row in await plant.rows(COMMANDS) if row["state"] == "confirmed"}
    assert proved >= {
        ("fan-hf-1", "start"), ("valve-hf-1", "close"), ("siren-hf-1", "sound"), ("beacon-hf-1", "start"),
        ("fan-nitrogen-1", "start"), ("valve-nitrogen-1", "close"), ("beacon-nitrogen-1", "start"),
    }  # fmt: skip
    assert ("siren-corridor-1", "sound") in proved, "the matrix warns the optics building"
