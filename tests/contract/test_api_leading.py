"""Command over HTTP: taken, handed over with a read-back, and what the one who leads sets down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from people.permissions import Role
from tests import incident_world
from tests.contract.conftest import Stage


@dataclass
class Lead:
    """The stage, a safety officer, and shortcuts."""

    stage: Stage
    officer: dict[str, str]

    async def post(self, path: str, headers: dict[str, str], body: Any = None) -> Any:
        return await self.stage.http.post(f"/v1/{path}", headers=headers, json=body)

    async def on_incident(self, what: str, headers: dict[str, str], body: Any = None) -> Any:
        return await self.post(f"incidents/{self.stage.world.incident_id}/{what}", headers, body)

    async def offered(self) -> dict[str, Any]:
        """Wang leads and offers command to li."""
        assert (await self.on_incident("command", self.stage.wang, {})).status_code == 200
        made = await self.on_incident("handovers", self.stage.wang, {"to": str(self.stage.world.li)})
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def board(self) -> dict[str, Any]:
        path = f"/v1/incidents/{self.stage.world.incident_id}/board"
        return dict((await self.stage.http.get(path, headers=self.stage.wang)).json())


@pytest.fixture
async def lead(stage: Stage) -> Lead:
    return Lead(stage, await stage.edge.as_role(Role.SAFETY_OFFICER))


async def test_the_first_takes_command_and_twice_is_once(lead: Lead) -> None:
    first = await lead.on_incident("command", lead.stage.wang, {})
    again = await lead.on_incident("command", lead.stage.wang, {})
    assert (first.status_code, first.json()) == (200, again.json())
    other = await lead.on_incident("command", lead.stage.li, {})
    assert (other.status_code, other.json()["code"]) == (409, "incident.led")


async def test_a_worker_can_not_lead_and_is_not_offered_command(lead: Lead) -> None:
    worker = await lead.stage.edge.as_role(Role.WORKER)
    assert (await lead.on_incident("command", worker, {})).status_code == 403
    await lead.on_incident("command", lead.stage.wang, {})
    me = (await lead.stage.http.get("/v1/me", headers=worker)).json()["account"]["id"]
    refused = await lead.on_incident("handovers", lead.stage.wang, {"to": me})
    assert (refused.status_code, refused.json()["code"]) == (403, "handover.may_not_lead")


async def test_an_officer_takes_over_with_a_reason(lead: Lead) -> None:
    await lead.on_incident("command", lead.stage.wang, {})
    assert (await lead.on_incident("command", lead.officer, {})).json()["code"] == "reason.length"
    taken = await lead.on_incident("command", lead.officer, {"reason": "wang is hurt"})
    assert (taken.status_code, taken.json()["version"]) == (200, 2)


async def test_command_changes_hands_when_the_briefing_is_read_back(lead: Lead) -> None:
    offer = await lead.offered()
    wrong = await lead.post(f"handovers/{offer['id']}/accept", lead.stage.li, offer["briefing"] | {"active_alarms": 7})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "handover.read_back")
    assert (wrong.json()["field"], wrong.json()["value"]) == ("active_alarms", 7)
    assert (await lead.board())["commander"]["account"] == str(lead.stage.world.wang)
    right = await lead.post(f"handovers/{offer['id']}/accept", lead.stage.li, offer["briefing"])
    assert (right.status_code, right.json()["account"]) == (200, str(lead.stage.world.li))
    again = await lead.post(f"handovers/{offer['id']}/accept", lead.stage.li, offer["briefing"])
    assert again.json() == right.json()


async def test_what_changed_meanwhile_needs_a_new_briefing(lead: Lead) -> None:
    offer = await lead.offered()
    async with lead.stage.transaction() as tx:
        await incident_world.add_task(tx, lead.stage.world, None)
    said = await lead.post(f"handovers/{offer['id']}/accept", lead.stage.li, offer["briefing"])
    assert (said.status_code, said.json()["code"], said.json()["field"]) == (409, "handover.changed", "open_tasks")


async def test_an_offer_is_over_after_five_minutes(lead: Lead) -> None:
    offer = await lead.offered()
    lead.stage.edge.clock.advance(timedelta(minutes=5).total_seconds())
    late = await lead.post(f"handovers/{offer['id']}/accept", lead.stage.li, offer["briefing"])
    assert (late.status_code, late.json()["value"]) == (409, "expired")
    assert (await lead.board())["offer"] is None


async def test_an_offer_is_declined_or_taken_back_and_others_do_not_see_it(lead: Lead) -> None:
    offer = await lead.offered()
    assert (await lead.post(f"handovers/{offer['id']}/refuse", lead.officer)).status_code == 404
    declined = await lead.post(f"handovers/{offer['id']}/refuse", lead.stage.li)
    assert declined.json()["state"] == "declined"
    assert (await lead.post(f"handovers/{offer['id']}/refuse", lead.stage.wang)).json()["state"] == "declined"


async def test_objectives_and_resources_are_the_commanders(lead: Lead) -> None:
    await lead.on_incident("command", lead.stage.wang, {})
    assert (await lead.on_incident("objectives", lead.stage.li, {"text": "nobody goes in"})).status_code == 403
    objective = (await lead.on_incident("objectives", lead.stage.wang, {"text": "nobody goes in"})).json()
    person = {"kind": "person", "account": str(lead.stage.world.li), "note": "knows the valve"}
    resource = (await lead.on_incident("resources", lead.stage.wang, person)).json()
    assert resource["name"] == "li"
    nameless = await lead.on_incident("resources", lead.stage.wang, {"kind": "team"})
    assert (nameless.status_code, nameless.json()["field"]) == (400, "name")
    for path, body in ((f"objectives/{objective['id']}", {"state": "met"}), (f"resources/{resource['id']}", {})):
        edited = [
            await lead.stage.http.patch(f"/v1/{path}", headers=lead.stage.wang | {"If-Match": '"1"'}, json=body)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in edited] == [200, 412]
    board = await lead.board()
    assert [o["state"] for o in board["objectives"]] == ["met"]
    assert [r["state"] for r in board["resources"]] == ["requested"]
    assert board["standing"]["active_alarms"] == 1
