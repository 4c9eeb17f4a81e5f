"""Escalations at the edge: seeing why, steering, and policies as versioned data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from msgspec.structs import replace

from core.ids import new_id
from incidents import queries, rooms
from incidents.record import timeline
from incidents.tasking import escalation, escalation_queries, task_queries
from incidents.tasking.policy import Need
from mobile_contract.room import RoomState, fold
from people.permissions import Role
from tests import incident_world
from tests.contract.conftest import Edge, Stage, read_all
from tests.responders import ORDER

WHY = {"reason": "the stairs are blocked"}
NAME = {"zh": "夜班", "en": "Night"}
STEPS = [
    {"who": [{"kind": "role", "of": "responder"}], "at_once": 1, "after_s": 30},
    {"who": [{"kind": "role", "of": "safety_officer"}]},
]


@dataclass
class Search:
    """A task that is looked for people for: wang is asked, li is not yet."""

    stage: Stage
    task_id: UUID
    officer: dict[str, str]

    def path(self, operation: str = "") -> str:
        return f"/v1/tasks/{self.task_id}/escalation{operation}"

    async def get(self) -> Any:
        answer = await self.stage.http.get(self.path(), headers=self.officer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, operation: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        return await self.stage.http.post(self.path(operation), json=body, headers=headers or self.officer)

    async def look_again(self) -> None:
        """What a courier does when the escalation is due."""
        async with self.stage.transaction() as tx:
            row = await escalation_queries.get_escalation(tx, self.stage.world.tenant_id, self.task_id)
            await escalation.look_again(tx, self.stage.world.tenant_id, self.task_id, row.fencing)

    async def kinds(self) -> list[str]:
        async with self.stage.transaction() as tx:
            world = self.stage.world
            lines = await timeline.list_entries(tx, world.tenant_id, world.incident_id, limit=100)
        return [line.kind for line in lines if line.facts.get("task") == str(self.task_id)]


@pytest_asyncio.fixture
async def search(edge: Edge, stage: Stage) -> Search:
    world = stage.world
    officer = await edge.as_role(Role.SAFETY_OFFICER)
    body = {"slug": "night", "title": NAME, "policy": {"steps": STEPS, "repeat": 1}}
    made = await stage.http.post("/v1/escalation-policies", json=body, headers=officer)
    assert made.status_code == 201, made.text
    async with stage.transaction() as tx:
        model = await incident_world.add_task(tx, world, None)
        await tx.execute("UPDATE tasks SET state = 'cancelled' WHERE id = $1", model.id)
        task = replace(model, id=new_id(), position=2, needs=[Need(None, 2)], policy={"slug": "night"})
        await queries.lock_incident(tx, world.tenant_id, world.incident_id)
        await escalation.start(tx, task, ORDER)
    return Search(stage, task.id, officer)


def asked(detail: Any) -> list[tuple[str, int, int]]:
    return [(a["delivery"]["account"], a["round"], a["step"]) for a in detail["asked"]]


async def test_who_was_asked_why_who_was_not_and_what_comes_next(search: Search) -> None:
    world, detail = search.stage.world, await search.get()
    assert asked(detail) == [(str(world.wang), 0, 0)]
    assert detail["asked"][0]["because"] == "role responder; unknown; unknown"
    assert (str(world.li), "later") in [(n["account"], n["why"]) for n in detail["not_asked"]]
    assert detail["escalation"]["needs"] == [{"skill": None, "count": 2, "fact": "acknowledged", "met": 0}]
    assert (detail["policy"]["slug"], detail["policy"]["version"]) == ("night", 1)
    assert detail["next"]["move"] == "ask"
    assert detail["next"]["at"] == "2026-03-02T08:00:30Z"
    listed = await search.stage.http.get(f"/v1/incidents/{world.incident_id}/escalations", headers=search.officer)
    assert str(search.task_id) in [item["task"] for item in listed.json()["items"]]


async def test_a_task_from_before_escalations_shows_the_default(search: Search) -> None:
    task_id, _ = await search.stage.order(search.stage.world.wang)
    answer = await search.stage.http.get(f"/v1/tasks/{task_id}/escalation", headers=search.officer)
    assert answer.json()["policy"]["slug"] == "default"
    assert len(answer.json()["asked"]) == 1


async def test_a_jump_asks_the_next_step_at_once_and_is_written_down(search: Search) -> None:
    answer = await search.post("/jump", {"step": 1} | WHY)
    assert answer.status_code == 200, answer.text
    steps = [step for _, _, step in asked(answer.json())]
    assert steps == [0, 1, 3], "the officer, and since two are needed anybody as well"
    assert answer.json()["escalation"]["step"] >= 1
    assert "escalation.jumped" in await search.kinds()
    beyond = await search.post("/jump", {"step": 4} | WHY)
    assert (beyond.status_code, beyond.json()["code"], beyond.json()["limit"]) == (400, "escalation.no_step", 3)


async def test_a_pause_asks_nobody_and_ends_by_itself(search: Search) -> None:
    world = search.stage.world
    paused = await search.post("/pause", {"for_s": 60} | WHY)
    assert (paused.status_code, paused.json()["escalation"]["state"]) == (200, "paused")
    assert paused.json()["escalation"]["paused_until"] == "2026-03-02T08:01:00Z"
    declined = await search.stage.http.post(
        f"/v1/tasks/{search.task_id}/answer", json={"answer": "decline"}, headers=search.stage.wang
    )
    assert declined.status_code == 200
    assert len((await search.get())["asked"]) == 1, "a no during the pause asks nobody"
    search.stage.edge.clock.advance(60)
    await search.look_again()
    detail = await search.get()
    assert detail["escalation"]["state"] == "running"
    assert [account for account, _, _ in asked(detail)] == [str(world.wang), str(world.li)]
    kinds = await search.kinds()
    assert kinds.index("escalation.paused") < kinds.index("task.declined") < kinds.index("escalation.resumed")


async def test_a_pause_is_ended_by_hand_and_has_a_limit(search: Search) -> None:
    await search.post("/pause", {"for_s": 600} | WHY)
    resumed = await search.post("/resume", {})
    assert (resumed.status_code, resumed.json()["escalation"]["state"]) == (200, "running")
    assert (await search.post("/resume", {})).status_code == 200, "twice is once"
    assert (await search.post("/pause", {"for_s": 901} | WHY)).status_code == 400
    assert (await search.post("/pause", {"for_s": 60})).status_code == 400, "a pause has a reason"


async def test_somebody_is_asked_by_name_once(search: Search) -> None:
    world = search.stage.world
    body = {"account": str(world.li)} | WHY
    answer = await search.post("/ask", body)
    assert answer.status_code == 200, answer.text
    assert [account for account, _, _ in asked(answer.json())] == [str(world.wang), str(world.li)]
    again = await search.post("/ask", body)
    assert (again.status_code, again.json()["code"]) == (409, "escalation.asked")
    stranger = await search.post("/ask", {"account": str(new_id())} | WHY)
    assert stranger.status_code == 404


async def test_an_operation_on_what_has_changed_meanwhile_is_refused(search: Search) -> None:
    seen = (await search.get())["fencing"]
    await search.post("/pause", {"for_s": 60, "fencing": seen} | WHY)
    late = await search.post("/jump", {"step": 1, "fencing": seen} | WHY)
    assert (late.status_code, late.json()["code"]) == (409, "escalation.changed")


async def test_when_enough_are_coming_there_is_nothing_to_steer(search: Search) -> None:
    await search.post("/ask", {"account": str(search.stage.world.li)} | WHY)
    for headers in (search.stage.wang, search.stage.li):
        path = f"/v1/tasks/{search.task_id}/answer"
        assert (await search.stage.http.post(path, json={"answer": "acknowledge"}, headers=headers)).status_code == 200
    detail = await search.get()
    assert (detail["escalation"]["state"], detail["next"]["move"]) == ("met", "nothing")
    assert [a["fills"] for a in detail["asked"]] == [True, True]
    over = await search.post("/jump", {"step": 1} | WHY)
    assert (over.status_code, over.json()["code"]) == (409, "escalation.over")


async def test_a_worker_steers_nothing(search: Search) -> None:
    worker = await search.stage.edge.as_role(Role.WORKER)
    for operation, body in (("/jump", {"step": 1}), ("/pause", {"for_s": 9}), ("/ask", {"account": str(new_id())})):
        assert (await search.post(operation, body | WHY, worker)).status_code == 403


async def test_the_room_folds_to_its_snapshot_after_all_of_it(search: Search) -> None:
    world = search.stage.world
    await search.post("/pause", {"for_s": 60} | WHY)
    await search.post("/resume", {})
    await search.post("/ask", {"account": str(world.li)} | WHY)
    await search.post("/jump", {"step": 1} | WHY)
    async with search.stage.transaction() as tx:
        events = await rooms.events_after(tx, world.tenant_id, world.room_id, 0, 1000)
        snapshot = await rooms.fresh_snapshot(tx, world.tenant_id, world.room_id)
        task = await task_queries.get_task(tx, world.tenant_id, search.task_id)
    folded = fold(RoomState(room=world.room_id, epoch=1, seq=0), events)
    assert folded.escalations == snapshot.escalations
    assert folded.deliveries == snapshot.deliveries
    assert task.state == "open"


async def test_policies_are_versions_and_what_runs_keeps_its_own(search: Search) -> None:
    http, headers = search.stage.http, search.officer
    (policy,) = await read_all(http, "/v1/escalation-policies", headers, limit=1)
    path = f"/v1/escalation-policies/{policy['id']}"
    edit = {"policy": {"steps": STEPS[:1]}}
    without = await http.patch(path, json=edit, headers=headers)
    assert (without.status_code, without.json()["code"]) == (428, "version.required")
    edited = await http.patch(path, json=edit, headers=headers | {"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"')
    stale = await http.patch(path, json=edit, headers=headers | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version.changed")
    assert [v["version"] for v in await read_all(http, path + "/versions", headers, limit=1)] == [2, 1]
    first = await http.get(path, params={"version": 1}, headers=headers)
    assert len(first.json()["policy"]["steps"]) == 2
    assert (await search.get())["policy"]["version"] == 1
    retired = await http.patch(path, json={"retired": True}, headers=headers | {"If-Match": '"2"'})
    assert (retired.status_code, retired.json()["version"]) == (200, 3)
    assert await read_all(http, "/v1/escalation-policies", headers, limit=5) == []
    assert len(await read_all(http, "/v1/escalation-policies?retired=true&q=nig", headers, limit=5)) == 1


@pytest.mark.parametrize(
    ("target", "status", "field"),
    [
        ({"kind": "role", "of": "admin"}, 400, "steps[1].who[0].of"),
        ({"kind": "person", "of": str(UUID(int=9))}, 404, "steps[1].who[0].of"),
        ({"kind": "nearest", "of": "x"}, 400, "steps[1].who[0].of"),
    ],
)
async def test_a_wrong_target_is_refused_by_its_place(
    search: Search, target: dict[str, str], status: int, field: str
) -> None:
    body = {"slug": "x", "title": NAME, "policy": {"steps": [STEPS[0], {"who": [target]}]}}
    answer = await search.stage.http.post("/v1/escalation-policies", json=body, headers=search.officer)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


async def test_a_slug_is_one_policys(search: Search) -> None:
    body = {"slug": "night", "title": NAME, "policy": {"steps": STEPS}}
    answer = await search.stage.http.post("/v1/escalation-policies", json=body, headers=search.officer)
    assert (answer.status_code, answer.json()["code"]) == (409, "policy.slug_taken")


async def test_a_task_whose_policy_is_gone_is_asked_for_by_the_default_and_it_is_said(search: Search) -> None:
    world = search.stage.world
    for policy in ({"slug": "no-such"}, {"steps": "none"}):
        async with search.stage.transaction() as tx:
            model = await task_queries.get_task(tx, world.tenant_id, search.task_id)
            await queries.lock_incident(tx, world.tenant_id, world.incident_id)
            task = await escalation.start(tx, replace(model, id=new_id(), position=9, policy=policy), ORDER)
            row = await escalation_queries.get_escalation(tx, world.tenant_id, task.id)
        assert row.policy.slug == "default"
        assert "escalation.policy_missing" in await replace_task(search, task.id).kinds()


def replace_task(search: Search, task_id: UUID) -> Search:
    return Search(search.stage, task_id, search.officer)
