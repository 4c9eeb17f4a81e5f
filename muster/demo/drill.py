"""``muster demo drill``: the solvent plan practised in the demo plant, and what was held back and reached."""

from __future__ import annotations

import asyncio
from typing import Any

from core.settings import Settings
from mobile_contract.drills import DrillDetail, DrillRecord, DrillStop, NewDrill
from mobile_contract.paging import Page
from mobile_contract.plant import CommandRecord
from muster.addresses import find_addresses
from muster.client import Client
from muster.demo import catalogue

OFFICER, ZONE, PLAN = "zhao", "solvent-store", "solvent-leak"
# Time for phones to ring and somebody to answer on `muster phone`; a drill in earnest takes its minutes.
WATCH_S = 20.0
POLL_S = 0.5


def run_drill(settings: Settings, seconds: float) -> int:
    """Start the drill, watch it, end it; returns the exit status."""
    return asyncio.run(_run(find_addresses(settings).http_url, seconds))


async def _run(url: str, seconds: float) -> int:
    client = Client(url)
    try:
        await client.sign_in(catalogue.TENANT, OFFICER, catalogue.PASSWORD, label="demo drill")
        zones = await client.get("/v1/zones", Page[dict[str, Any]], q=ZONE)
        zone = next(item["id"] for item in zones.items if item["slug"] == ZONE)
        asked = NewDrill(plan=PLAN, zone=zone, reason="muster demo drill", level=2, agent="acetone", minutes=5)
        drill = await client.post("/v1/drills", asked, DrillRecord)
        print(f"The drill of {PLAN} has begun; every order says that it is an exercise. Answer on `muster phone`.")
        await _watch(client, drill, seconds)
        stop = DrillStop("finished", "the demo is over")
        await client.post(f"/v1/drills/{drill.id}/stop", stop, DrillRecord)
        detail = await client.get(f"/v1/drills/{drill.id}", DrillDetail)
        commands = await client.get("/v1/commands", Page[CommandRecord], incident=str(drill.incident))
    finally:
        await client.close()
    print("\n".join([*tell_commands(commands.items), *tell_score(detail)]))
    return 0


async def _watch(client: Client, drill: DrillRecord, seconds: float) -> None:
    """Until everybody who was ordered has it and every task is taken, or the time is up, or it ended by itself."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        detail = await client.get(f"/v1/drills/{drill.id}", DrillDetail)
        score = detail.score
        taken = all(task.acknowledge_s is not None for task in score.tasks)
        if detail.drill.ended_at is not None or (score.reached == score.ordered and taken):
            return
        await asyncio.sleep(POLL_S)


def tell_commands(commands: list[CommandRecord]) -> list[str]:
    """What no machine heard."""
    lines = [f"  {command.action}: {command.state}, attempts on the wire: {command.attempts}" for command in commands]
    return ["Commands held back:", *lines] if lines else ["The plan commands nothing here."]


def tell_score(detail: DrillDetail) -> list[str]:
    """The score in words."""
    score = detail.score
    goals = [f"  {goal.name.en}: {goal.result}, {goal.says.en}" for goal in score.goals]
    reached = f"Reached, by their device's word: {score.reached} of {score.ordered} people."
    return [
        f"{score.says.en}.",
        *goals,
        reached,
        f"Ended: {detail.drill.ended_why}. Kept at /v1/drills/{detail.drill.id}",
    ]
