"""Incidents and tasks over HTTP: reading them, the record and its chain, closing; answering and finishing tasks."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from core.ids import new_id
from incidents import queries
from incidents.alarms import alarm
from incidents.record import timeline
from people.permissions import Role
from tests import incident_world
from tests.contract.conftest import Stage, read_all

REASON = {"reason": "leak stopped, room aired"}


def incident(stage: Stage, what: str = "") -> str:
    return f"/v1/incidents/{stage.world.incident_id}{what}"


async def test_anonymous_is_401(stage: Stage) -> None:
    paths = ["/v1/incidents", incident(stage), incident(stage, "/timeline"), incident(stage, "/tasks"), "/v1/me/tasks"]
    answers = [await stage.http.get(path) for path in paths]
    answers.append(await stage.http.post(incident(stage, "/close"), json=REASON))
    answers += [await stage.http.post(f"/v1/tasks/{uuid4()}/{what}", json={}) for what in ("answer", "done")]
    assert {answer.status_code for answer in answers} == {401}


async def test_a_device_reads_no_incidents_and_a_responder_closes_none(stage: Stage) -> None:
    device = await stage.edge.as_role(Role.DEVICE)
    for path in ("/v1/incidents", incident(stage), incident(stage, "/timeline"), "/v1/me/tasks"):
        assert (await stage.http.get(path, headers=device)).status_code == 403, path
    answer = await stage.http.post(incident(stage, "/close"), headers=stage.wang, json=REASON)
    assert (answer.status_code, answer.json()["limit"]) == (403, "close_incident")


async def test_an_auditor_answers_no_task(stage: Stage) -> None:
    task_id, _ = await stage.order(stage.world.wang)
    auditor = await stage.edge.as_role(Role.AUDITOR)
    for what in ("answer", "done"):
        assert (await stage.http.post(f"/v1/tasks/{task_id}/{what}", headers=auditor, json={})).status_code == 403


@pytest.mark.parametrize("query", ["state=burning", "grade=5", "site=north", "q=", "cursor=~"])
async def test_a_wrong_filter_is_named(stage: Stage, query: str) -> None:
    answer = await stage.http.get(f"/v1/incidents?{query}", headers=stage.wang)
    assert (answer.status_code, answer.json()["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " \n"}, {"reason": "x" * 1001}, {"reason": None}])
async def test_closing_needs_a_reason(stage: Stage, body: dict[str, Any]) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    answer = await stage.http.post(incident(stage, "/close"), headers=officer, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "reason")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "answer"),
        ({"answer": "maybe"}, "answer"),
        ({"answer": "decline", "reason": "x" * 1001}, "reason"),
        ({"answer": "decline", "why": "x"}, "why"),
    ],
)
async def test_a_wrong_answer_is_named(stage: Stage, body: dict[str, Any], field: str) -> None:
    task_id, _ = await stage.order(stage.world.wang)
    answer = await stage.http.post(f"/v1/tasks/{task_id}/answer", headers=stage.wang, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_what_is_unknown_is_404(stage: Stage) -> None:
    for path in (f"/v1/incidents/{uuid4()}", f"/v1/incidents/{uuid4()}/timeline", f"/v1/incidents/{uuid4()}/tasks"):
        answer = await stage.http.get(path, headers=stage.wang)
        assert (answer.status_code, answer.json()["code"]) == (404, "incident.not_found")
    assert (await stage.http.get(f"/v1/tasks/{uuid4()}", headers=stage.wang)).json()["code"] == "task.not_found"


async def test_a_phone_gets_the_incident_in_one_answer(stage: Stage) -> None:
    task_id, delivery_id = await stage.order(stage.world.wang)
    async with stage.transaction() as tx:
        command_id = await incident_world.add_command(tx, stage.world)
    shown = (await stage.http.get(incident(stage), headers=stage.wang)).json()
    assert shown["incident"]["title"] == {"zh": "丙酮泄漏", "en": "Acetone leak"}
    assert shown["incident"]["zone"] == str(stage.world.zone_id)
    assert [row["id"] for row in shown["alarms"]] == [str(stage.world.alarm_id)]
    assert [row["id"] for row in shown["tasks"]] == [str(task_id)]
    assert [row["id"] for row in shown["commands"]] == [str(command_id)]
    assert [row["id"] for row in shown["deliveries"]] == [str(delivery_id)]
    assert shown["room"] == str(stage.world.room_id)


async def test_whom_the_room_does_not_concern_is_not_told_of_it(stage: Stage) -> None:
    worker = await stage.edge.as_role(Role.WORKER)
    shown = (await stage.http.get(incident(stage), headers=worker)).json()
    assert (shown["room"], shown["commands"]) == (None, None)
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    shown = (await stage.http.get(incident(stage), headers=officer)).json()
    assert (shown["room"], shown["commands"]) == (str(stage.world.room_id), [])


async def test_pages_hold_every_incident_once_newest_first(stage: Stage) -> None:
    made = await add_incidents(stage, 7)
    shown = await read_all(stage.http, "/v1/incidents", stage.wang, limit=3)
    expected = sorted([*made, stage.world.incident_id], reverse=True)
    assert [UUID(row["id"]) for row in shown] == expected
    assert [row["number"] for row in shown] == [8, 7, 6, 5, 4, 3, 2, 1]


async def test_filters(stage: Stage) -> None:
    async def count(**query: Any) -> int:
        answer = await stage.http.get("/v1/incidents", params=query, headers=stage.wang)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    assert await count(state="open", site=str(stage.world.site_id), grade=3) == 1
    assert await count(state="closed") == await count(grade=2) == await count(site=str(uuid4())) == 0
    assert await count(q="acetone") == await count(q="溶剂") == 1
    # Neither the keys of the stored texts nor wildcards are text.
    assert await count(q="zh") == await count(q="%") == 0


async def test_the_timeline_comes_in_order_and_says_that_its_chain_holds(stage: Stage) -> None:
    await add_lines(stage, 7)
    lines, cursor = [], None
    while True:
        query = {"limit": 3} | ({} if cursor is None else {"cursor": cursor})
        shown = (await stage.http.get(incident(stage, "/timeline"), params=query, headers=stage.wang)).json()
        assert (shown["intact"], shown["broken_at"]) == (True, None)
        lines += shown["items"]
        if (cursor := shown["next"]) is None:
            break
    assert [line["position"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert [line["facts"]["n"] for line in lines] == list(range(7))


@pytest.mark.parametrize("limit", [2, 50])
async def test_a_changed_line_breaks_the_chain_where_it_was_changed(stage: Stage, limit: int) -> None:
    await add_lines(stage, 7)
    owner = await asyncpg.connect(stage.edge.clone.owner_url)
    await owner.execute("UPDATE timeline SET facts = '{\"n\": 99}' WHERE position = 5")
    await owner.close()
    broken, cursor = [], None
    while True:
        query = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        shown = (await stage.http.get(incident(stage, "/timeline"), params=query, headers=stage.wang)).json()
        assert shown["intact"] is (shown["broken_at"] is None)
        broken += [] if shown["intact"] else [shown["broken_at"]]
        if (cursor := shown["next"]) is None:
            break
    assert broken == [5]


async def test_an_incident_with_an_active_alarm_is_not_closed(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    answer = await stage.http.post(incident(stage, "/close"), headers=officer, json=REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "incident.alarms_active")


async def test_closing_twice_is_one_fact_and_cancels_what_nobody_took(stage: Stage) -> None:
    task_id, delivery_id = await stage.order(stage.world.li)
    await stage.alarm_event(alarm.DataReturned())
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    first = await stage.http.post(incident(stage, "/close"), headers=officer, json=REASON)
    assert (first.status_code, first.json()["state"]) == (200, "closed")
    assert first.json()["close_reason"] == REASON["reason"]
    second = await stage.http.post(incident(stage, "/close"), headers=officer, json={"reason": "again"})
    assert second.json() == first.json()
    assert (await stage.http.get(f"/v1/tasks/{task_id}", headers=stage.li)).json()["state"] == "cancelled"
    assert (await stage.http.get(f"/v1/deliveries/{delivery_id}", headers=stage.li)).json()["delivery"]["state"] == (
        "cancelled"
    )
    kinds = [line["kind"] for line in await read_all(stage.http, incident(stage, "/timeline"), officer, limit=50)]
    assert kinds.count("incident.closed") == 1


async def test_taking_ones_task_acknowledges_its_delivery(stage: Stage) -> None:
    task_id, delivery_id = await stage.order(stage.world.wang)
    body = {"answer": "acknowledge"}
    taken = await stage.http.post(f"/v1/tasks/{task_id}/answer", headers=stage.wang, json=body)
    assert (taken.status_code, taken.json()["state"], taken.json()["owner"]) == (
        200,
        "acknowledged",
        str(stage.world.wang),
    )
    shown = (await stage.http.get(f"/v1/deliveries/{delivery_id}", headers=stage.wang)).json()["delivery"]
    assert shown["state"] == "acknowledged"


async def test_declining_moves_the_task_on_once_for_one_key(stage: Stage) -> None:
    task_id, _ = await stage.order(stage.world.wang)
    headers = stage.wang | {"Idempotency-Key": "no-1"}
    body = {"answer": "decline", "reason": "on the roof"}
    first = await stage.http.post(f"/v1/tasks/{task_id}/answer", headers=headers, json=body)
    assert (first.status_code, first.json()["owner"], first.json()["fencing"]) == (200, str(stage.world.li), 2)
    again = await stage.http.post(f"/v1/tasks/{task_id}/answer", headers=headers, json=body)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    changed = await stage.http.post(f"/v1/tasks/{task_id}/answer", headers=headers, json={"answer": "acknowledge"})
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency.other_request")


async def test_who_was_not_asked_answers_nothing(stage: Stage) -> None:
    task_id, _ = await stage.order(stage.world.wang)
    for what, body, code in (
        ("answer", {"answer": "acknowledge"}, "task.not_asked"),
        ("done", {}, "task.not_yours"),
    ):
        answer = await stage.http.post(f"/v1/tasks/{task_id}/{what}", headers=stage.li, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_done_twice_is_one_fact(stage: Stage) -> None:
    task_id, _ = await stage.order(stage.world.wang)
    first = await stage.http.post(f"/v1/tasks/{task_id}/done", headers=stage.wang, json={"note": "vents are open"})
    second = await stage.http.post(f"/v1/tasks/{task_id}/done", headers=stage.wang, json={})
    assert (first.status_code, first.json()["state"]) == (200, "done")
    assert second.json() == first.json()


async def test_my_tasks_are_those_i_have_and_those_nobody_took(stage: Stage) -> None:
    mine, _ = await stage.order(stage.world.wang)
    done, _ = await stage.order(stage.world.wang)
    await stage.order(stage.world.li)
    untaken, _ = await stage.order(stage.world.wang)
    await stage.http.post(f"/v1/tasks/{done}/done", headers=stage.wang, json={})
    async with stage.transaction() as tx:
        await tx.execute("UPDATE tasks SET state = 'unanswered', owner_account_id = NULL WHERE id = $1", untaken)
    current = await read_all(stage.http, "/v1/me/tasks", stage.wang, limit=1)
    assert [UUID(row["id"]) for row in current] == sorted([mine, untaken], reverse=True)
    every = await read_all(stage.http, "/v1/me/tasks?current=false", stage.wang, limit=2)
    assert [UUID(row["id"]) for row in every] == sorted([mine, done, untaken], reverse=True)
    assert {row["incident"] for row in every} == {str(stage.world.incident_id)}


async def test_tasks_of_an_incident_come_in_plan_order(stage: Stage) -> None:
    made = [(await stage.order(stage.world.wang))[0] for _ in range(3)]
    shown = (await stage.http.get(incident(stage, "/tasks"), headers=stage.li)).json()
    assert [UUID(row["id"]) for row in shown["items"]] == sorted(made)
    assert shown["items"][0]["steps"][1] == {"n": 2, "text": {"zh": "打开", "en": "Open them"}}


async def add_incidents(stage: Stage, count: int) -> list[UUID]:
    """Like the first one, all opened in the same instant."""
    made = []
    async with stage.transaction() as tx:
        first = await queries.get_incident(tx, stage.world.tenant_id, stage.world.incident_id)
        for _ in range(count):
            made.append(new_id())
            await queries.insert_incident(tx, stage.world.tenant_id, msgspec.structs.replace(first, id=made[-1]))
    return made


async def add_lines(stage: Stage, count: int) -> None:
    """A record of so many lines."""
    async with stage.transaction() as tx:
        for n in range(count):
            await timeline.append(tx, stage.world.tenant_id, stage.world.incident_id, "note", {"n": n})
    stage.edge.clock.advance(1)
