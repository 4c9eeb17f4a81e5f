"""Tasks over HTTP: handed over, blocked, split, done again, cancelled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from incidents import queries, rooms
from incidents.plans import plan_queries
from incidents.plans.plan_queries import WaitingRow
from mobile_contract.room import RoomState, fold
from people.permissions import Role
from tests.contract.conftest import Stage


class Desk:
    """The stage with a task that wang has taken."""

    def __init__(self, stage: Stage, task: UUID, officer: dict[str, str]) -> None:
        self.stage, self.task, self.officer = stage, task, officer

    async def post(self, what: str, headers: dict[str, str], body: Any = None, *, status: int = 200) -> dict[str, Any]:
        answer = await self.stage.http.post(f"/v1/tasks/{self.task}/{what}", headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def check_room(self) -> RoomState:
        """The room's events lead to what the tables say."""
        world = self.stage.world
        async with self.stage.transaction() as tx:
            events = await rooms.events_after(tx, world.tenant_id, world.room_id, 0, 500)
            fresh = await rooms.fresh_snapshot(tx, world.tenant_id, world.room_id)
        assert fold(RoomState(room=world.room_id, epoch=1, seq=0), events) == fresh
        return fresh


@pytest.fixture
async def desk(stage: Stage) -> Desk:
    task, _ = await stage.order(stage.world.wang)
    made = Desk(stage, task, await stage.edge.as_role(Role.SAFETY_OFFICER))
    await made.post("answer", stage.wang, {"answer": "acknowledge"})
    return made


async def test_a_task_is_the_givers_until_the_other_acknowledges_it(desk: Desk) -> None:
    wang, li = desk.stage.world.wang, desk.stage.world.li
    offered = await desk.post("handover", desk.stage.wang, {"to": str(li), "reason": "out of air"})
    assert (offered["owner"], offered["offered_to"]) == (str(wang), str(li))
    assert await desk.post("handover", desk.stage.wang, {"to": str(li), "reason": "out of air"}) == offered
    taken = await desk.post("answer", desk.stage.li, {"answer": "acknowledge"})
    assert (taken["owner"], taken["offered_to"], taken["state"]) == (str(li), None, "acknowledged")
    room = await desk.check_room()
    assert {d.account: d.state for d in room.deliveries.values()} == {wang: "declined", li: "acknowledged"}
    assert room.escalations[desk.task].crew == [li]


async def test_who_declines_a_hand_over_leaves_it_where_it_was(desk: Desk) -> None:
    await desk.post("handover", desk.officer, {"to": str(desk.stage.world.li), "reason": "nearer"})
    await desk.post("answer", desk.stage.li, {"answer": "decline", "reason": "busy"})
    room = await desk.check_room()
    task = room.tasks[desk.task]
    assert (task.owner, task.state, task.offered_to) == (desk.stage.world.wang, "acknowledged", None)


async def test_only_who_has_a_task_or_leads_hands_it_over(desk: Desk) -> None:
    refused = await desk.post("handover", desk.stage.li, {"to": str(desk.stage.world.li), "reason": "mine"}, status=403)
    assert refused["status"] == 403


async def test_a_blocked_task_says_why_and_waits_for_nobody(desk: Desk) -> None:
    blocked = await desk.post("block", desk.stage.wang, {"reason": "door locked"})
    assert (blocked["blocked_reason"], blocked["state"]) == ("door locked", "acknowledged")
    async with desk.stage.transaction() as tx:
        due = await tx.fetchval("SELECT due_at FROM escalations WHERE task_id = $1", desk.task)
    assert due is None
    free = await desk.post("unblock", desk.stage.wang)
    assert (free["blocked_at"], free["blocked_reason"]) == (None, None)
    assert await desk.post("unblock", desk.stage.wang) == free
    await desk.check_room()


async def test_a_split_task_is_two_tasks_of_one_plan(desk: Desk) -> None:
    title = {"zh": "打开", "en": "Open them"}
    part = await desk.post("split", desk.stage.wang, {"title": title, "steps": [2]}, status=201)
    room = await desk.check_room()
    kept = room.tasks[desk.task]
    assert ([s.n for s in kept.steps], [s["n"] for s in part["steps"]]) == ([1], [2])
    assert (part["from_task"], part["state"], part["title"]) == (str(desk.task), "open", title)
    async with desk.stage.transaction() as tx:
        tasks = await queries.list_tasks(tx, desk.stage.world.tenant_id, desk.stage.world.incident_id)
    assert {(t.plan_template, t.plan_version) for t in tasks} == {("solvent", 1)}
    await desk.post("split", desk.stage.wang, {"title": title, "steps": [1]}, status=400)


async def test_what_was_done_is_done_again_as_a_task_that_names_it(desk: Desk) -> None:
    await desk.post("reopen", desk.stage.wang, {"reason": "it leaks"}, status=409)
    await desk.post("done", desk.stage.wang, {})
    once_more = await desk.post("reopen", desk.stage.wang, {"reason": "it leaks"}, status=201)
    assert (once_more["from_task"], once_more["state"]) == (str(desk.task), "open")
    assert once_more["owner"] is not None
    again = await desk.post("reopen", desk.officer, {"reason": "it leaks"}, status=201)
    assert again["id"] == once_more["id"]
    assert (await desk.check_room()).tasks[desk.task].state == "done"


async def test_what_waited_for_a_cancelled_task_is_given(desk: Desk) -> None:
    world = desk.stage.world
    body = {
        "task": {
            "slug": "next",
            "role": "responder",
            "asks": "responder",
            "title": {"zh": "下一步", "en": "Next"},
            "steps": [],
            "within_s": 60.0,
            "after": [],
            "needs": [],
        },
        "around": {"place": {"zh": "库", "en": "store"}, "agent": None, "do_nots": [], "card": None},
    }
    async with desk.stage.transaction() as tx:
        ids = (world.tenant_id, UUID(int=77), world.incident_id)
        row = WaitingRow(*ids, 2, "solvent", 1, "next", [desk.task], body, tx.now)
        await plan_queries.insert_waiting(tx, world.tenant_id, row)
    await desk.post("cancel", desk.stage.wang, {"reason": "no need"}, status=403)
    over = await desk.post("cancel", desk.officer, {"reason": "no need"})
    assert over["state"] == "cancelled"
    assert await desk.post("cancel", desk.officer, {"reason": "no need"}) == over
    room = await desk.check_room()
    assert room.tasks[UUID(int=77)].title.en == "Next"
