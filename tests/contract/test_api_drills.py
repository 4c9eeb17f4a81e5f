"""Drills over HTTP: who starts one, what it says of itself, its score so far and kept, and drills beside each other."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from people.permissions import Role
from tests.contract.conftest import Stage, read_all

Headers = dict[str, str]


@pytest_asyncio.fixture
async def officer(stage: Stage) -> Headers:
    """Signed in where nothing is an emergency."""
    async with stage.transaction() as tx:
        await tx.execute("UPDATE incidents SET grade = 4 WHERE tenant_id = $1", stage.world.tenant_id)
    return await stage.edge.as_role(Role.SAFETY_OFFICER)


def drill(stage: Stage, **changes: Any) -> dict[str, Any]:
    return {"plan": "fire", "zone": str(stage.world.zone_id), "reason": "monthly"} | changes


async def start(stage: Stage, headers: Headers, **changes: Any) -> dict[str, Any]:
    answer = await stage.http.post("/v1/drills", headers=headers, json=drill(stage, **changes))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def stop(stage: Stage, headers: Headers, drill_id: str, why: str = "finished") -> Any:
    body = {"why": why, "reason": "enough"}
    return await stage.http.post(f"/v1/drills/{drill_id}/stop", headers=headers, json=body)


async def test_anonymous_is_401_and_a_responder_starts_none(stage: Stage) -> None:
    paths = ["/v1/drills", f"/v1/drills/{uuid4()}", "/v1/drill-trend?plan=fire"]
    assert {(await stage.http.get(path)).status_code for path in paths} == {401}
    assert (await stage.http.post("/v1/drills", json=drill(stage))).status_code == 401
    answer = await stage.http.post("/v1/drills", headers=stage.wang, json=drill(stage))
    assert (answer.status_code, answer.json()["limit"]) == (403, "run_drill")


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"plan": "no-such-plan"}, 404, "plan"),
        ({"zone": str(uuid4())}, 404, None),
        ({"reason": ""}, 400, "reason"),
        ({"minutes": 0}, 400, "minutes"),
        ({"minutes": 241}, 400, "minutes"),
        ({"level": 3}, 400, "level"),
        ({"goals": {"receipt_s": 0}}, 400, "goals.receipt_s"),
        ({"goals": {"quorum_s": 14401}}, 400, "goals.quorum_s"),
        ({"goals": {"sleep_s": 1}}, 400, "goals.sleep_s"),
    ],
)
async def test_a_wrong_drill_is_refused_by_its_field(
    stage: Stage, officer: Headers, changes: dict[str, Any], status: int, field: str | None
) -> None:
    answer = await stage.http.post("/v1/drills", headers=officer, json=drill(stage, **changes))
    assert answer.status_code == status, answer.text
    if field is not None:
        assert answer.json()["field"] == field


async def test_no_drill_beside_an_emergency_nor_beside_a_drill(stage: Stage) -> None:
    headers = await stage.edge.as_role(Role.SAFETY_OFFICER)
    answer = await stage.http.post("/v1/drills", headers=headers, json=drill(stage))
    assert (answer.status_code, answer.json()["code"]) == (409, "drill.emergency")
    async with stage.transaction() as tx:
        await tx.execute("UPDATE incidents SET grade = 4 WHERE tenant_id = $1", stage.world.tenant_id)
    await start(stage, headers)
    answer = await stage.http.post("/v1/drills", headers=headers, json=drill(stage))
    assert (answer.status_code, answer.json()["code"]) == (409, "drill.running")


async def test_sent_twice_with_one_key_it_is_one_drill(stage: Stage, officer: Headers) -> None:
    keyed = officer | {"Idempotency-Key": "k"}
    first, again = [await stage.http.post("/v1/drills", headers=keyed, json=drill(stage)) for _ in range(2)]
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_a_drill_runs_ends_and_keeps_its_score(stage: Stage, officer: Headers) -> None:
    made = await start(stage, officer, goals={"receipt_s": 10}, announced=False)
    assert (made["announced"], made["overall"], made["goals"]["quorum_s"]) == (False, None, None)
    incident = (await stage.http.get(f"/v1/incidents/{made['incident']}", headers=officer)).json()
    assert incident["incident"]["exercise"] is True
    lines = await read_all(stage.http, f"/v1/incidents/{made['incident']}/timeline", officer, limit=50)
    assert {line["exercise"] for line in lines} == {True}
    real = await read_all(stage.http, f"/v1/incidents/{stage.world.incident_id}/timeline", officer, limit=50)
    assert {line["exercise"] for line in real} <= {False}
    running = (await stage.http.get(f"/v1/drills/{made['id']}", headers=officer)).json()
    assert running["score"]["goals"][0]["result"] == "undecided"
    stage.edge.clock.advance(11)
    late = (await stage.http.get(f"/v1/drills/{made['id']}", headers=officer)).json()
    assert late["score"]["overall"] == "failed"
    assert set(late["score"]["says"]) == {"zh", "en"}
    ended = await stop(stage, officer, made["id"])
    assert (ended.status_code, ended.json()["ended_why"], ended.json()["overall"]) == (200, "finished", "failed")
    again = await stop(stage, officer, made["id"], "stopped")
    assert again.json() == ended.json()
    kept = (await stage.http.get(f"/v1/drills/{made['id']}", headers=officer)).json()
    assert kept["score"] == late["score"]


async def test_how_quick_each_person_was_is_not_for_everybody(stage: Stage, officer: Headers) -> None:
    made = await start(stage, officer)
    for headers, sees in ((officer, True), (await stage.edge.as_role(Role.AUDITOR), True), (stage.wang, False)):
        shown = (await stage.http.get(f"/v1/drills/{made['id']}", headers=headers)).json()
        assert (shown["score"]["people"] is not None) is sees
        assert shown["score"]["tasks"]


async def test_drills_are_listed_by_plan_and_state_page_by_page(stage: Stage, officer: Headers) -> None:
    ids = []
    for plan in ("fire", "machine-entrapment", "fire"):
        made = await start(stage, officer, plan=plan)
        await stop(stage, officer, made["id"])
        ids.append(made["id"])
        stage.edge.clock.advance(60)
    running = await start(stage, officer)
    listed = await read_all(stage.http, "/v1/drills?plan=fire", stage.wang, limit=1)
    assert [d["id"] for d in listed] == [running["id"], ids[2], ids[0]]
    now = (await stage.http.get("/v1/drills?running=true", headers=stage.wang)).json()["items"]
    assert [d["id"] for d in now] == [running["id"]]
    elsewhere = (await stage.http.get(f"/v1/drills?site={uuid4()}", headers=stage.wang)).json()["items"]
    assert elsewhere == []
    trend = (await stage.http.get("/v1/drill-trend?plan=fire", headers=stage.wang)).json()
    assert [item["drill"] for item in trend["items"]] == [ids[0], ids[2]]


async def test_a_drill_that_is_not_there_is_404(stage: Stage, officer: Headers) -> None:
    answer = await stage.http.get(f"/v1/drills/{uuid4()}", headers=officer)
    assert (answer.status_code, answer.json()["code"]) == (404, "drill.not_found")
    assert (await stop(stage, officer, str(uuid4()))).status_code == 404
