"""Commands over HTTP: asked with a reason and a key, listed, never taken for their effect."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from core.ids import new_id
from people.permissions import Role
from plant import command_queries, service
from plant.model import Command
from tests.contract.conftest import Edge, read_all
from tests.contract.plant_ground import Ground, lay, lay_elsewhere

START = {"action": "start", "reason": "smell of acetone"}
STOP = {"action": "stop", "reason": "aired"}


@pytest_asyncio.fixture
async def ground(edge: Edge) -> Ground:
    return await lay(edge)


def path_of(ground: Ground) -> str:
    """Where the fan is commanded."""
    return f"/v1/actuators/{ground.actuator}/commands"


def keyed(headers: dict[str, str], key: str | None = None) -> dict[str, str]:
    """With an idempotency key; a new one unless given."""
    return headers | {"Idempotency-Key": key or str(new_id())}


async def live(edge: Edge, ground: Ground) -> list[Command]:
    """What the site's gateway would send."""
    tenant_id = edge.clone.tenant_id
    async with edge.deps.db.transaction(tenant_id) as tx:
        return await command_queries.list_live_commands(tx, tenant_id, ground.site)


async def test_anonymous_is_401(edge: Edge, ground: Ground) -> None:
    answers = [
        await edge.http.get("/v1/commands"),
        await edge.http.get(f"/v1/commands/{uuid4()}"),
        await edge.http.post(path_of(ground), json=START),
    ]
    assert {a.status_code for a in answers} == {401}


@pytest.mark.parametrize("role", [Role.WORKER, Role.RESPONDER, Role.ADMIN, Role.AUDITOR])
async def test_only_a_safety_officer_commands_a_machine(edge: Edge, ground: Ground, role: Role) -> None:
    headers = await edge.as_role(role)
    answer = await edge.http.post(path_of(ground), headers=headers, json={"nonsense": 1})
    assert (answer.status_code, answer.json()["limit"]) == (403, "command_actuator")
    assert await live(edge, ground) == []


async def test_a_worker_may_not_read_commands(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.WORKER)
    for path in ("/v1/commands", f"/v1/commands/{uuid4()}"):
        answer = await edge.http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["limit"]) == (403, "read_commands")


async def test_a_command_without_a_key_is_refused(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.SAFETY_OFFICER)
    for sent in (headers, keyed(headers, "x" * 164)):
        answer = await edge.http.post(path_of(ground), headers=sent, json=START)
        assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")
    longest = await edge.http.post(path_of(ground), headers=keyed(headers, "x" * 163), json=START)
    assert longest.status_code == 202


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"action": "dance"}, "action"),
        ({"action": None}, "action"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"inhibited": True}, "inhibited"),
    ],
)
async def test_what_is_wrong_is_named(edge: Edge, ground: Ground, change: dict[str, Any], field: str) -> None:
    headers = keyed(await edge.as_role(Role.SAFETY_OFFICER))
    answer = await edge.http.post(path_of(ground), headers=headers, json=START | change)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
    assert await live(edge, ground) == []


async def test_a_filter_that_can_not_be_is_named(edge: Edge) -> None:
    headers = await edge.as_role(Role.RESPONDER)
    for query, field in (("state=done", "state"), ("actuator=fan-1", "actuator"), ("cursor=bm8", "cursor")):
        answer = await edge.http.get(f"/v1/commands?{query}", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_another_tenants_actuators_and_commands_are_not_found(edge: Edge, ground: Ground) -> None:
    headers = keyed(await edge.as_role(Role.SAFETY_OFFICER))
    theirs = await lay_elsewhere(edge)
    async with edge.deps.db.transaction(None) as tx:
        tenant_id = await tx.fetchval("SELECT muster_tenant_by_slug('others')")
    async with edge.deps.db.transaction(tenant_id) as tx:
        command = await service.request_command(tx, None, theirs.actuator, "start", "leak", key="k")
    assert (await edge.http.post(path_of(theirs), headers=headers, json=START)).status_code == 404
    assert (await edge.http.get(f"/v1/commands/{command.id}", headers=headers)).status_code == 404
    assert (await edge.http.get("/v1/commands", headers=headers)).json()["items"] == []


async def test_a_command_is_asked_not_done(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.SAFETY_OFFICER)
    me = (await edge.http.get("/v1/me", headers=headers)).json()["account"]["id"]
    asked = await edge.http.post(path_of(ground), headers=keyed(headers), json=START)
    assert asked.status_code == 202
    body = asked.json()
    assert (body["state"], body["confirmed_at"], body["attempts"]) == ("requested", None, 0)
    assert (body["reason"], body["requested_by"], body["site"]) == (START["reason"], me, str(ground.site))
    assert (await edge.http.get(f"/v1/commands/{body['id']}", headers=headers)).json() == body
    assert [str(command.id) for command in await live(edge, ground)] == [body["id"]]


async def test_the_same_key_is_one_command_for_good(edge: Edge, ground: Ground) -> None:
    headers = keyed(await edge.as_role(Role.SAFETY_OFFICER), "k-1")
    first = await edge.http.post(path_of(ground), headers=headers, json=START)
    edge.clock.advance(600)
    second = await edge.http.post(path_of(ground), headers=headers, json=START)
    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    other = await edge.http.post(path_of(ground), headers=headers, json=STOP)
    assert (other.status_code, other.json()["code"]) == (409, "command.key_used")
    assert len((await edge.http.get("/v1/commands", headers=headers)).json()["items"]) == 1


async def test_two_peoples_same_key_is_two_commands(edge: Edge, ground: Ground) -> None:
    first = await edge.as_role(Role.SAFETY_OFFICER)
    await edge.account("zhao", Role.SAFETY_OFFICER)
    second = {"Authorization": f"Bearer {(await edge.session('zhao')).access_token}"}
    ids = {
        (await edge.http.post(path_of(ground), headers=keyed(headers, "k-1"), json=START)).json()["id"]
        for headers in (first, second)
    }
    assert len(ids) == 2


async def test_the_opposite_supersedes_and_a_retired_actuator_refuses(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.SAFETY_OFFICER)
    started = (await edge.http.post(path_of(ground), headers=keyed(headers), json=START)).json()
    stopped = (await edge.http.post(path_of(ground), headers=keyed(headers), json=STOP)).json()
    before = (await edge.http.get(f"/v1/commands/{started['id']}", headers=headers)).json()
    assert (before["state"], stopped["state"]) == ("failed", "requested")
    assert before["feedback"] == {"superseded_by": stopped["id"]}
    retire = headers | {"If-Match": '"1"'}
    await edge.http.patch(f"/v1/actuators/{ground.actuator}", headers=retire, json={"retired": True})
    refused = await edge.http.post(path_of(ground), headers=keyed(headers), json=START)
    assert (refused.status_code, refused.json()["code"]) == (409, "actuator.retired")


async def test_commands_are_filtered_and_come_in_pages_newest_first(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.SAFETY_OFFICER)
    report = {"plan": "chemical-splash", "zone": str(ground.zone), "reason": "a fall"}
    incident = UUID((await edge.http.post("/v1/incidents", headers=headers, json=report)).json()["id"])
    async with edge.deps.db.transaction(edge.clone.tenant_id) as tx:
        await service.request_command(tx, None, ground.actuator, "start", "leak", key="k", incident_id=incident)
    for body in (STOP, START, STOP):
        edge.clock.advance(1)
        await edge.http.post(path_of(ground), headers=keyed(headers), json=body)

    async def found(query: str = "") -> list[tuple[str, str]]:
        items = await read_all(edge.http, f"/v1/commands?{query}", headers, limit=2)
        return [(item["action"], item["state"]) for item in items]

    everything = [("stop", "requested"), ("start", "failed"), ("stop", "failed"), ("start", "failed")]
    assert await found() == everything
    assert await found(f"site={ground.site}&actuator={ground.actuator}") == everything
    assert await found("state=requested") == everything[:1]
    assert await found(f"incident={incident}") == everything[-1:]
    assert await found(f"site={uuid4()}") == []


async def test_the_document_says_what_muster_is_not(edge: Edge) -> None:
    document = (await edge.http.get("/openapi.json")).json()
    command = document["paths"]["/v1/actuators/{actuator_id}/commands"]["post"]
    assert "not a SIL-rated safety function" in command["description"]
    assert [p["required"] for p in command["parameters"] if p["name"] == "Idempotency-Key"] == [True]
    readings = document["paths"]["/v1/readings"]["post"]
    assert readings["security"] == [{"device": []}]
    assert set(readings["requestBody"]["content"]) >= {"application/json", "application/msgpack"}
    assert set(readings["responses"]) >= {"202", "400", "401", "413", "415", "429", "503"}
