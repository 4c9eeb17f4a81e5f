"""Plans, agent cards, reported incidents and confirmed steps over HTTP: anonymous, without the right, wrong, right."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from incidents.plans import plan_queries
from mobile_contract.room_views import StepView
from people.permissions import Role
from tests.contract.conftest import Edge, Stage

NAME = {"zh": "去{place}", "en": "Go to {place}"}
STEP = {"text": {"zh": "看", "en": "Look"}}
LOOK: dict[str, Any] = {"slug": "look", "role": "responder", "title": NAME, "steps": [STEP], "within_s": 60}
PLAN: dict[str, Any] = {
    "title": NAME,
    "triggers": [{"agents": ["acetone"]}],
    "tasks": [LOOK],
}
CARD: dict[str, Any] = {"name": {"zh": "硅烷", "en": "Silane"}, "un": "2203", "sources": ["SEMI S2"]}


async def draft(http: httpx.AsyncClient, who: dict[str, str], **body: Any) -> httpx.Response:
    return await http.post("/v1/plan-versions", headers=who, json=body or {"slug": "ours", "body": PLAN})


async def act(http: httpx.AsyncClient, who: dict[str, str], made: Any, what: str, note: bool = False) -> httpx.Response:
    headers = who | {"If-Match": f'"{made["revision"]}"'}
    body = {"note": "seen"} if note else None
    return await http.post(f"/v1/plan-versions/{made['id']}/{what}", headers=headers, json=body)


async def test_the_way_of_a_plan_from_draft_to_force(edge: Edge) -> None:
    admin, officer = await edge.as_role(Role.ADMIN), await edge.as_role(Role.SAFETY_OFFICER)
    made = (await draft(edge.http, admin)).json()
    assert (made["state"], made["version"], made["body"]["priority"]) == ("draft", 1001, 0)
    made = (await act(edge.http, admin, made, "submit")).json()
    own = await act(edge.http, admin, made, "review", note=True)
    assert (own.status_code, own.json()["code"]) == (403, "plan.own_draft")
    made = (await act(edge.http, officer, made, "review", note=True)).json()
    made = (await act(edge.http, officer, made, "publish")).json()
    assert made["state"] == "published"
    shown = (await edge.http.get("/v1/plans", headers=officer, params={"q": "ours"})).json()["items"]
    assert [(plan["slug"], plan["version_id"]) for plan in shown] == [("ours", made["id"])]
    (template,) = (await edge.http.get("/v1/plan-templates", headers=officer, params={"slug": "ours"})).json()["items"]
    assert template["version"] == 1001
    audit = (await edge.http.get("/v1/audit", headers=admin, params={"action": "plan."})).json()["items"]
    assert [row["action"] for row in audit] == ["plan.published", "plan.reviewed", "plan.submitted", "plan.drafted"]
    retired = (await act(edge.http, officer, made, "retire")).json()
    assert retired["state"] == "retired"
    back = (await draft(edge.http, officer, copy_of=made["id"])).json()
    assert (back["version"], back["state"], back["body"]) == (1002, "draft", made["body"])


async def test_a_reviewer_sends_a_draft_back_and_an_author_edits_it(edge: Edge) -> None:
    admin, officer = await edge.as_role(Role.ADMIN), await edge.as_role(Role.SAFETY_OFFICER)
    made = (await draft(edge.http, admin)).json()
    made = (await act(edge.http, admin, made, "submit")).json()
    made = (await act(edge.http, officer, made, "send-back", note=True)).json()
    assert (made["state"], made["note"]) == ("draft", "seen")
    path = f"/v1/plan-versions/{made['id']}"
    late = await edge.http.put(path, headers=admin | {"If-Match": '"1"'}, json=PLAN)
    assert late.status_code == 412
    none = await edge.http.put(path, headers=admin, json=PLAN)
    assert none.status_code == 428
    now = admin | {"If-Match": f'"{made["revision"]}"'}
    edited = await edge.http.put(path, headers=now, json=PLAN | {"priority": 7})
    assert (edited.status_code, edited.json()["body"]["priority"]) == (200, 7)
    assert edited.headers["etag"] == f'"{made["revision"] + 1}"'


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": {"zh": "", "en": "Go"}}, "title.zh"),
        (
            {"tasks": [LOOK | {"steps": [STEP, {"text": {"zh": "", "en": "x"}}]}]},
            "tasks[0].steps[1].text.zh",
        ),
        ({"tasks": [LOOK | {"within_s": "soon"}]}, "body.tasks[0].within_s"),
        ({"tasks": [LOOK | {"when": {"is": "moon"}}]}, "body.tasks[0].when.is"),
        ({"tasks": []}, "body.tasks"),
    ],
)
async def test_a_fault_is_answered_with_its_path(edge: Edge, change: dict[str, Any], field: str) -> None:
    admin = await edge.as_role(Role.ADMIN)
    refused = await draft(edge.http, admin, slug="ours", body=PLAN | change)
    assert (refused.status_code, refused.json()["field"]) == (400, field)


async def test_a_condition_nested_beyond_reason_is_refused_and_not_a_fault_of_ours(edge: Edge) -> None:
    admin = await edge.as_role(Role.ADMIN)
    deep = '{"is":"not","of":' * 5000 + '{"is":"level","at_least":1}' + "}" * 5000
    body = '{"slug":"ours","body":{"title":{"zh":"a","en":"b"},"tasks":[{"slug":"x","when":' + deep + "}]}}"
    headers = admin | {"Content-Type": "application/json"}
    refused = await edge.http.post("/v1/plan-versions", headers=headers, content=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "body.too_deep")


async def test_a_draft_is_made_of_one_thing(edge: Edge) -> None:
    admin = await edge.as_role(Role.ADMIN)
    both = await draft(edge.http, admin, library="fire", slug="ours", body=PLAN)
    assert (both.status_code, both.json()["code"]) == (400, "plan.draft_of_what")
    assert (await draft(edge.http, admin, library="no-such")).status_code == 404


async def test_what_differs_from_the_library_is_said_in_both_languages(edge: Edge) -> None:
    admin = await edge.as_role(Role.ADMIN)
    made = (await draft(edge.http, admin, library="solvent-leak")).json()
    path = f"/v1/plan-versions/{made['id']}"
    assert (await edge.http.get(f"{path}/diff", headers=admin)).json()["items"] == []
    body = made["body"] | {"priority": 3}
    await edge.http.put(path, headers=admin | {"If-Match": '"1"'}, json=body)
    (change,) = (await edge.http.get(f"{path}/diff", headers=admin)).json()["items"]
    assert (change["path"], change["before"], change["after"]) == ("priority", 0, 3)
    assert change["said"] == {"zh": "修改 priority: 0 → 3", "en": "changed priority: 0 → 3"}


async def test_who_may_not_write_plans_reads_them(stage: Stage) -> None:
    assert (await stage.http.get("/v1/plans", headers=stage.wang)).status_code == 200
    assert (await draft(stage.http, stage.wang)).status_code == 403
    worker = await stage.edge.as_role(Role.WORKER)
    assert (await stage.http.get("/v1/plans", headers=worker)).status_code == 403


async def test_a_preview_says_what_would_be_done_and_does_nothing(stage: Stage) -> None:
    question = {
        "zone": str(stage.world.zone_id),
        "agent": "hydrogen-fluoride",
        "level": 2,
        "at": "2026-03-02T03:00:00Z",
    }
    async with stage.transaction() as tx:
        before = await tx.fetchval("SELECT count(*) FROM tasks") + await tx.fetchval("SELECT count(*) FROM audit")
    shown = (await stage.http.post("/v1/plans/preview", headers=stage.wang, json=question)).json()
    assert (shown["slug"], shown["evacuation"], shown["at_least_grade"]) == ("hydrogen-fluoride", "adjoining", 2)
    assert [task["slug"] for task in shown["tasks"]][-2:] == ["call-ambulance", "call-fire-brigade"]
    assert {need["role"] for need in shown["needs"]} == {"hf-first-aider", "hf-handler"}
    assert "{" not in str(shown["tasks"][0]["title"].values())
    async with stage.transaction() as tx:
        after = await tx.fetchval("SELECT count(*) FROM tasks") + await tx.fetchval("SELECT count(*) FROM audit")
    assert after == before


async def test_a_worker_reports_a_fire_once_however_often_it_is_sent(stage: Stage) -> None:
    worker = await stage.edge.as_role(Role.WORKER)
    body = {"plan": "fire", "zone": str(stage.world.zone_id), "reason": "flames"}
    answers = [
        await stage.http.post("/v1/incidents", headers=worker | {"Idempotency-Key": "k"}, json=body) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    incident = answers[0].json()
    assert (incident["state"], incident["plan"]["template"]) == ("open", "fire")
    plan = (await stage.http.get(f"/v1/incidents/{incident['id']}/plan", headers=worker)).json()
    assert (plan["evacuation"], plan["waiting"]) == ("building", [])
    assert {need["role"] for need in plan["needs"]} == {"fire-fighter", "marshal"}


async def test_the_plan_of_an_incident_from_before_is_still_shown(stage: Stage) -> None:
    plan = (await stage.http.get(f"/v1/incidents/{stage.world.incident_id}/plan", headers=stage.wang)).json()
    assert (plan["template"], plan["needs"], plan["evacuation"], plan["late"]) == ("solvent", [], "none", [])


async def test_a_step_is_confirmed_over_http_and_then_its_task_can_be_done(stage: Stage) -> None:
    task_id, _ = await stage.order(stage.world.wang)
    async with stage.transaction() as tx:
        steps = [StepView(n=1, confirm="tap", required=True)]
        await plan_queries.insert_steps(tx, stage.world.tenant_id, stage.world.incident_id, task_id, steps)
    early = await stage.http.post(f"/v1/tasks/{task_id}/done", headers=stage.wang, json={})
    assert (early.status_code, early.json()["code"]) == (409, "task.steps_unconfirmed")
    path = f"/v1/tasks/{task_id}/steps/confirm"
    assert (await stage.http.post(path, headers=stage.li, json={"step": 1})).status_code == 403
    assert (await stage.http.post(path, headers=stage.wang, json={"step": 2})).status_code == 404
    for _ in range(2):
        done = await stage.http.post(path, headers=stage.wang, json={"step": 1})
        assert (done.status_code, done.json()["steps"][0]["confirmed_by"]) == (200, str(stage.world.wang))
    shown = (await stage.http.get(f"/v1/tasks/{task_id}/steps", headers=stage.li)).json()
    assert shown["steps"][0]["overdue"] is False
    assert (await stage.http.post(f"/v1/tasks/{task_id}/done", headers=stage.wang, json={})).status_code == 200


async def test_a_card_of_ones_own_goes_before_the_librarys_and_is_pinned_to_a_zone(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await stage.http.post("/v1/agent-cards", headers=officer, json=CARD | {"agent": "silane"})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    again = await stage.http.post("/v1/agent-cards", headers=officer, json=CARD | {"agent": "silane"})
    assert again.status_code == 409
    found = (await stage.http.get("/v1/agent-cards", headers=stage.wang, params={"q": "2203"})).json()["items"]
    assert [card["agent"] for card in found] == ["silane"]
    path = f"/v1/agent-cards/{made.json()['id']}"
    edited = await stage.http.put(path, headers=officer | {"If-Match": '"1"'}, json=CARD | {"cas": "7803-62-5"})
    assert (edited.status_code, edited.json()["version"]) == (200, 2)
    assert (await stage.http.put(path, headers=officer | {"If-Match": '"1"'}, json=CARD)).status_code == 412
    zone = f"/v1/zones/{stage.world.zone_id}/agent-cards"
    pinned = await stage.http.put(zone, headers=officer, json={"agents": ["silane", "nitrogen"]})
    assert sorted(card["agent"] for card in pinned.json()["items"]) == ["nitrogen", "silane"]
    incident = f"/v1/incidents/{stage.world.incident_id}/agent-cards"
    shown = (await stage.http.get(incident, headers=stage.wang)).json()["items"]
    assert shown[0]["agent"] == "acetone", "what it is about comes first"
    assert {card["agent"] for card in shown[1:]} == {"nitrogen", "silane"}
    assert (await stage.http.delete(path, headers=officer)).status_code == 204
    unpinned = (await stage.http.put(zone, headers=officer, json={"agents": []})).json()
    assert unpinned["items"] == []


@pytest.mark.parametrize("change", [{"sources": []}, {"un": "22"}, {"name": {"zh": "", "en": "x"}}])
async def test_a_card_without_source_or_name_is_refused(edge: Edge, change: dict[str, Any]) -> None:
    officer = await edge.as_role(Role.SAFETY_OFFICER)
    refused = await edge.http.post("/v1/agent-cards", headers=officer, json=CARD | {"agent": "silane"} | change)
    assert refused.status_code == 400
