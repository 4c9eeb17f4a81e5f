"""Cause-and-effect matrices over HTTP: from a draft to what is in force, and a replay to poll."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from core.ids import new_id
from incidents.matrix import job
from people.permissions import Role
from tests.contract.conftest import Stage, read_all

NAME = {"zh": "名", "en": "name"}
PAST = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}


class People:
    """Who writes and who reviews."""

    def __init__(self, officer: dict[str, str], admin: dict[str, str]) -> None:
        self.officer = officer
        self.admin = admin


@pytest_asyncio.fixture
async def people(stage: Stage) -> People:
    async with stage.transaction() as tx:
        expected = {"start": {"state": "running"}, "stop": {"state": "stopped"}}
        await tx.execute("UPDATE actuators SET expected = $2 WHERE tenant_id = $1", stage.world.tenant_id, expected)
    return People(await stage.edge.as_role(Role.SAFETY_OFFICER), await stage.edge.as_role(Role.ADMIN))


def table(stage: Stage, **changes: Any) -> dict[str, Any]:
    effect = {"slug": "fan", "name": NAME, "actuator": str(stage.world.actuator_id), "action": "start"}
    cause = {"slug": "gas", "name": NAME, "rule": str(stage.world.rule_id)}
    cell = {"cause": "gas", "effect": "fan", "delay_s": 2, "condition": {"weekdays": [1, 2], "with_cause": None}}
    return {"causes": [cause], "effects": [effect], "cells": [cell]} | changes


async def draft(stage: Stage, people: People, **changes: Any) -> Any:
    body = {"site": str(stage.world.site_id), "note": "first", "body": table(stage, **changes)}
    made = await stage.http.post("/v1/matrices", headers=people.officer, json=body)
    assert made.status_code == 201, made.text
    return made


async def test_anonymous_is_401_and_who_reads_does_not_write(stage: Stage, people: People) -> None:
    assert (await stage.http.get("/v1/matrices")).status_code == 401
    assert (await stage.http.get("/v1/matrices", headers=stage.wang)).status_code == 200
    for path in ("", f"/{new_id()}/review", f"/{new_id()}/publish", f"/{new_id()}/replays"):
        answer = await stage.http.post(f"/v1/matrices{path}", headers=stage.wang, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission.missing")


async def test_a_version_goes_from_draft_to_review_to_force(stage: Stage, people: People) -> None:
    made = await draft(stage, people)
    path = f"/v1/matrices/{made.json()['id']}"
    assert (made.headers["etag"], made.json()["state"], made.json()["findings"]) == ('"1"', "draft", [])
    own = await stage.http.post(f"{path}/review", headers=people.officer | {"If-Match": '"1"'})
    assert (own.status_code, own.json()["code"]) == (409, "matrix.own_review")
    without = await stage.http.post(f"{path}/review", headers=people.admin)
    assert (without.status_code, without.json()["code"]) == (428, "version.required")
    reviewed = await stage.http.post(f"{path}/review", headers=people.admin | {"If-Match": '"1"'})
    assert (reviewed.status_code, reviewed.json()["state"]) == (200, "reviewed"), reviewed.text
    published = await stage.http.post(f"{path}/publish", headers=people.officer | {"If-Match": '"2"'})
    assert (published.status_code, published.json()["state"]) == (200, "published"), published.text
    late = await stage.http.patch(path, headers=people.officer | {"If-Match": '"3"'}, json={"note": "late"})
    assert (late.status_code, late.json()["code"]) == (409, "matrix.state")
    got = await stage.http.get(path, headers=stage.wang)
    assert got.headers["etag"] == '"3"'
    assert got.json()["body"]["cells"][0]["condition"]["weekdays"] == [1, 2]


async def test_versions_are_listed_page_by_page_and_by_site_and_state(stage: Stage, people: People) -> None:
    ids = [(await draft(stage, people)).json()["id"] for _ in range(3)]
    listed = await read_all(stage.http, "/v1/matrices", stage.wang, limit=2)
    assert [it["id"] for it in listed] == ids[::-1]
    assert [it["number"] for it in listed] == [3, 2, 1]
    assert (listed[0]["causes"], listed[0]["effects"], listed[0]["cells"]) == (1, 1, 1)
    mine = await stage.http.get(
        "/v1/matrices", headers=stage.wang, params={"site": str(stage.world.site_id), "state": "published"}
    )
    assert mine.json()["items"] == []
    other = await stage.http.get("/v1/matrices", headers=stage.wang, params={"site": str(new_id())})
    assert other.json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"cells": [{"cause": "gas", "effect": "fan", "delay_s": -1}]}, 400, "body.cells[0].delay_s"),
        ({"cells": [{"cause": "gas", "effect": "fan", "how": "perhaps"}]}, 400, "body.cells[0].how"),
        ({"effects": [{"slug": "Fan", "name": NAME}]}, 400, "body.effects[0].slug"),
        ({"causes": [{"slug": "gas", "name": {"zh": "名"}}]}, 400, "body.causes[0].name.en"),
        ({"causes": [{"slug": "gas", "name": NAME, "rule": str(new_id())}]}, 400, "body"),
    ],
)
async def test_a_body_that_is_wrong_is_refused_with_its_place(
    stage: Stage, people: People, changes: dict[str, Any], status: int, field: str
) -> None:
    body = {"site": str(stage.world.site_id), "body": table(stage, **changes)}
    answer = await stage.http.post("/v1/matrices", headers=people.officer, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["field"] == field, answer.text


async def test_a_draft_may_be_wrong_and_says_how_in_both_languages(stage: Stage, people: People) -> None:
    made = (await draft(stage, people, cells=[])).json()
    assert [(f["severity"], f["code"], f["row"], f["column"]) for f in made["findings"]] == [
        ("error", "cause.no_effect", "gas", None),
        ("warning", "effect.unused", None, "fan"),
    ]
    assert made["findings"][0]["text"] == {"zh": "原因 gas 没有任何结果", "en": "cause gas leads to nothing"}
    refused = await stage.http.post(
        f"/v1/matrices/{made['id']}/review", headers=people.admin | {"If-Match": '"1"', "Accept-Language": "zh-CN"}
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "matrix.errors")
    assert refused.json()["detail"] == "原因 gas 没有任何结果"


async def test_a_copy_is_a_new_draft_and_its_changes_are_named(stage: Stage, people: People) -> None:
    first = (await draft(stage, people)).json()
    copy = {"site": str(stage.world.site_id), "copy_of": first["id"]}
    made = await stage.http.post("/v1/matrices", headers=people.admin, json=copy)
    assert (made.status_code, made.json()["number"], made.json()["body"]) == (201, 2, first["body"])
    changed = table(stage, cells=[{"cause": "gas", "effect": "fan", "how": "latch"}])
    path = f"/v1/matrices/{made.json()['id']}"
    edited = await stage.http.patch(path, headers=people.admin | {"If-Match": '"1"'}, json={"body": changed})
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"'), edited.text
    answer = await stage.http.get(f"{path}/changes", headers=stage.wang, params={"against": first["id"]})
    (change,) = answer.json()["items"]
    assert change["text"]["en"] == "cell gas x fan changed: follows after 2 s, on a condition -> latches"
    whole = await stage.http.get(f"{path}/changes", headers=stage.wang)
    assert [c["kind"] for c in whole.json()["items"]] == ["added"] * 3
    both = await stage.http.post("/v1/matrices", headers=people.admin, json=copy | {"body": changed})
    assert (both.status_code, both.json()["field"]) == (400, "copy_of")


async def test_a_replay_is_asked_for_polled_and_cancelled(stage: Stage, people: People) -> None:
    made = (await draft(stage, people)).json()
    path = f"/v1/matrices/{made['id']}/replays"
    asked = await stage.http.post(path, headers=people.officer | {"Idempotency-Key": "r"}, json=PAST)
    assert (asked.status_code, asked.json()["state"], asked.json()["result"]) == (201, "queued", None), asked.text
    again = await stage.http.post(path, headers=people.officer | {"Idempotency-Key": "r"}, json=PAST)
    assert again.json() == asked.json()
    assert await job.run_waiting(stage.edge.deps.db, "courier") == 1
    done = (await stage.http.get(f"/v1/matrix-replays/{asked.json()['id']}", headers=stage.wang)).json()
    assert (done["state"], done["progress"], done["result"]["events"]) == ("done", 1.0, 0)
    second = (await stage.http.post(path, headers=people.officer, json=PAST)).json()
    stopped = await stage.http.post(f"/v1/matrix-replays/{second['id']}/cancel", headers=people.officer)
    assert (stopped.status_code, stopped.json()["state"]) == (200, "cancelled")
    listed = await read_all(stage.http, f"/v1/matrix-replays?matrix={made['id']}", stage.wang, limit=1)
    assert [it["state"] for it in listed] == ["cancelled", "done"]
    local = await stage.http.post(path, headers=people.officer, json=PAST | {"to": PAST["to"].removesuffix("Z")})
    assert (local.status_code, local.json()["field"]) == (400, "to")
    future = await stage.http.post(path, headers=people.officer, json=PAST | {"to": "2027-01-01T00:00:00Z"})
    assert (future.status_code, future.json()["field"]) == (400, "to")
