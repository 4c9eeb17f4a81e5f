"""Deliveries over HTTP: how far each order is, its sends, and receipts of a phone whose socket is away."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from core.ids import new_id
from incidents.reaching import delivery_queries
from people.permissions import Role
from tests.contract.conftest import Stage, read_all

AT = "2026-03-02T08:00:05Z"


async def test_anonymous_is_401(stage: Stage) -> None:
    _, delivery_id = await stage.order(stage.world.wang)
    paths = (
        f"/v1/deliveries/{delivery_id}",
        "/v1/me/deliveries",
        f"/v1/incidents/{stage.world.incident_id}/deliveries",
    )
    answers = [await stage.http.get(path) for path in paths]
    answers.append(await stage.http.post(f"/v1/deliveries/{delivery_id}/receipts", json={"fact": "seen", "at": AT}))
    assert {answer.status_code for answer in answers} == {401}


async def test_a_device_reads_no_delivery_and_an_auditor_states_nothing(stage: Stage) -> None:
    _, delivery_id = await stage.order(stage.world.wang)
    device, auditor = await stage.edge.as_role(Role.DEVICE), await stage.edge.as_role(Role.AUDITOR)
    assert (await stage.http.get(f"/v1/deliveries/{delivery_id}", headers=device)).status_code == 403
    assert (await stage.http.get("/v1/me/deliveries", headers=device)).status_code == 403
    path = f"/v1/deliveries/{delivery_id}/receipts"
    assert (await stage.http.post(path, headers=auditor, json={"fact": "seen", "at": AT})).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "fact"),
        ({"fact": "accepted", "at": AT}, "fact"),
        ({"fact": "seen"}, "at"),
        ({"fact": "seen", "at": "2026-03-02T08:00:05"}, "at"),
        ({"fact": "seen", "at": 5}, "at"),
        ({"fact": "seen", "at": AT, "by": "me"}, "by"),
    ],
)
async def test_a_wrong_receipt_is_named(stage: Stage, body: dict[str, Any], field: str) -> None:
    _, delivery_id = await stage.order(stage.world.wang)
    answer = await stage.http.post(f"/v1/deliveries/{delivery_id}/receipts", headers=stage.wang, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_each_fact_has_its_own_time_and_none_stands_for_another(stage: Stage) -> None:
    task_id, delivery_id = await stage.order(stage.world.wang)
    stage.edge.clock.advance(30)
    path = f"/v1/deliveries/{delivery_id}/receipts"
    seen = (await stage.http.post(path, headers=stage.wang, json={"fact": "seen", "at": AT})).json()
    assert (seen["state"], seen["received_at"], seen["seen_at"]) == ("seen", None, AT)
    moving = (await stage.http.post(path, headers=stage.wang, json={"fact": "moving", "at": AT})).json()
    assert (moving["state"], moving["acknowledged_at"]) == ("moving", None)
    assert (await stage.http.get(f"/v1/tasks/{task_id}", headers=stage.wang)).json()["state"] == "acknowledged"


async def test_a_fact_twice_is_once_and_the_earliest_stays(stage: Stage) -> None:
    _, delivery_id = await stage.order(stage.world.wang)
    stage.edge.clock.advance(30)
    path = f"/v1/deliveries/{delivery_id}/receipts"
    keyed = stage.wang | {"Idempotency-Key": "seen-1"}
    first = await stage.http.post(path, headers=keyed, json={"fact": "seen", "at": AT})
    again = await stage.http.post(path, headers=keyed, json={"fact": "seen", "at": AT})
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    later = await stage.http.post(path, headers=stage.wang, json={"fact": "seen", "at": "2026-03-02T08:00:20Z"})
    assert later.json()["seen_at"] == AT


@pytest.mark.parametrize(
    ("at", "believed"), [("1970-01-01T00:00:00Z", "2026-03-02T08:00:00Z"), ("2099-01-01T00:00:00+14:00", AT)]
)
async def test_a_wrong_clock_is_kept_between_queueing_and_now(stage: Stage, at: str, believed: str) -> None:
    _, delivery_id = await stage.order(stage.world.wang)
    stage.edge.clock.advance(5)
    path = f"/v1/deliveries/{delivery_id}/receipts"
    shown = (await stage.http.post(path, headers=stage.wang, json={"fact": "received", "at": at})).json()
    assert shown["received_at"] == believed


async def test_another_persons_order_is_neither_receipted_nor_read(stage: Stage) -> None:
    _, delivery_id = await stage.order(stage.world.wang)
    path = f"/v1/deliveries/{delivery_id}"
    stated = await stage.http.post(f"{path}/receipts", headers=stage.li, json={"fact": "seen", "at": AT})
    assert (stated.status_code, stated.json()["code"]) == (404, "delivery.not_found")
    read = await stage.http.get(path, headers=stage.li)
    assert (read.status_code, read.json()["code"]) == (403, "delivery.not_yours")


async def test_an_officer_sees_the_order_and_every_send(stage: Stage) -> None:
    _, delivery_id = await stage.order(stage.world.wang)
    first, second = new_id(), new_id()
    async with stage.transaction() as tx:
        await delivery_queries.begin_attempt(tx, stage.world.tenant_id, delivery_id, "fcm", {first: new_id()}, tx.now)
        await delivery_queries.end_attempt(tx, stage.world.tenant_id, first, tx.now, "gone", None, "UNREGISTERED")
        await delivery_queries.begin_attempt(tx, stage.world.tenant_id, delivery_id, "fcm", {second: new_id()}, tx.now)
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    shown = (await stage.http.get(f"/v1/deliveries/{delivery_id}", headers=officer)).json()
    assert shown["delivery"]["attempts"] == 2
    assert [(row["attempt"], row["outcome"], row["error"]) for row in shown["attempts"]] == [
        (1, "gone", "UNREGISTERED"),
        (2, None, None),
    ]
    assert shown["order"]["steps"][0]["text"]["en"] == "Put on the respirator"


async def test_an_unknown_delivery_is_404(stage: Stage) -> None:
    answer = await stage.http.get(f"/v1/deliveries/{uuid4()}", headers=stage.wang)
    assert (answer.status_code, answer.json()["code"]) == (404, "delivery.not_found")
    answer = await stage.http.get(f"/v1/incidents/{uuid4()}/deliveries", headers=stage.wang)
    assert (answer.status_code, answer.json()["code"]) == (404, "incident.not_found")


async def test_pages_hold_every_delivery_once(stage: Stage) -> None:
    mine = [(await stage.order(stage.world.wang))[1] for _ in range(5)]
    other = [(await stage.order(stage.world.li))[1] for _ in range(2)]
    own = await read_all(stage.http, "/v1/me/deliveries", stage.wang, limit=2)
    assert [UUID(row["id"]) for row in own] == sorted(mine, reverse=True)
    path = f"/v1/incidents/{stage.world.incident_id}/deliveries"
    every = await read_all(stage.http, path, stage.li, limit=3)
    assert [UUID(row["id"]) for row in every] == sorted(mine + other)
