"""Doors and rises over HTTP: listed, locked for a while, and as planned again."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.ids import new_id
from people.permissions import Role
from tests.contract.conftest import Edge, Stage, read_all
from tests.contract.test_api_place_plans import BETWEEN, OUT, drawn

GATE = {"of": "door", "feature": "out"}


class Porter:
    """Whoever says what doors of the site are now."""

    def __init__(self, stage: Stage, headers: dict[str, str]) -> None:
        self.http, self.headers = stage.http, headers
        self.path = f"/v1/sites/{stage.world.site_id}/passages"

    async def say(self, body: Any, passage: Any = None, **headers: str) -> httpx.Response:
        params = GATE | (passage or {})
        return await self.http.put(f"{self.path}/state", params=params, json=body, headers=self.headers | headers)

    async def clear(self, **headers: str) -> httpx.Response:
        return await self.http.delete(f"{self.path}/state", params=GATE, headers=self.headers | headers)

    async def see(self, **params: Any) -> httpx.Response:
        return await self.http.get(self.path, params=params, headers=self.headers)


@pytest.fixture
async def porter(stage: Stage) -> Porter:
    made = Porter(stage, await stage.edge.as_role(Role.SAFETY_OFFICER))
    drafts = f"/v1/sites/{stage.world.site_id}/place-plans/draft"
    for verb, path, body, version in (
        ("PUT", drafts, drawn(OUT, BETWEEN), 0), ("POST", f"{drafts}/publish", {}, 1),
    ):  # fmt: skip
        match = {"If-Match": f'"{version}"'}
        done = await stage.http.request(verb, path, json=body, headers=made.headers | match)
        assert done.status_code == 200, done.text
    return made


async def test_a_locked_door_is_seen_by_everybody_and_is_as_planned_again(porter: Porter, edge: Edge) -> None:
    locked = await porter.say({"state": "locked", "reason": "lock is broken"})
    assert locked.status_code == 200, locked.text
    said = locked.json()
    assert (said["planned"], said["state"], said["reason"], said["levels"]) == (
        "closed",
        "locked",
        "lock is broken",
        [0],
    )
    assert (said["place"]["type"], said["rooms"], locked.headers["ETag"]) == ("Point", ["office"], '"1"')
    worker = await edge.as_role(Role.WORKER)
    seen = await porter.http.get(f"{porter.path}/state", params=GATE, headers=worker)
    assert (seen.json(), seen.headers["ETag"]) == (said, '"1"')
    assert (
        await porter.http.put(f"{porter.path}/state", params=GATE, json={"state": "open"}, headers=worker)
    ).status_code == 403
    again = await porter.clear()
    assert (again.json()["state"], again.headers["ETag"]) == ("closed", '"0"')


async def test_the_list_is_paged_and_filtered(porter: Porter) -> None:
    await porter.say({"state": "badge", "until": "2026-03-02T18:00:00Z"})
    everything = await read_all(porter.http, porter.path, porter.headers, limit=1)
    assert [it["feature"] for it in everything] == ["between", "out"]
    for params, found in (
        ({"changed": "true"}, ["out"]), ({"state": "closed"}, ["between"]), ({"kind": "lift"}, []),
        ({"level": 1}, []), ({"q": "store"}, ["between"]),
    ):  # fmt: skip
        assert [it["feature"] for it in (await porter.see(**params)).json()["items"]] == found, params


@pytest.mark.parametrize(
    ("body", "passage", "status", "code", "field"),
    [
        ({"state": "locked"}, {}, 400, "passage.reason", "reason"),
        ({"state": "ajar"}, {}, 400, "body.invalid", "state"),
        ({"state": "out_of_use", "reason": "x"}, {}, 400, "passage.state", "state"),
        ({"state": "open", "until": "2026-03-01T00:00:00Z"}, {}, 400, "passage.until", "until"),
        ({"state": "open"}, {"feature": "gate-9"}, 404, "passage.not_found", "feature"),
        ({"state": "in_use"}, {"of": "rise"}, 404, "passage.not_found", "feature"),
        ({"state": "open"}, {"of": "wall"}, 400, "request.invalid", "of"),
    ],
)
async def test_what_can_not_be_said_is_refused_by_name(
    porter: Porter, body: Any, passage: Any, status: int, code: str, field: str
) -> None:
    answer = await porter.say(body, passage)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, field), answer.text


async def test_a_word_sent_twice_is_one_word_and_a_late_one_is_refused(porter: Porter) -> None:
    body = {"state": "locked", "reason": "lock is broken"}
    first = await porter.say(body, **{"Idempotency-Key": "k"})
    again = await porter.say(body, **{"Idempotency-Key": "k"})
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    late = await porter.say({"state": "open"}, **{"If-Match": '"0"'})
    assert (late.status_code, late.json()["code"]) == (412, "version.changed")
    assert (await porter.clear(**{"If-Match": '"1"'})).status_code == 200


async def test_a_site_without_a_plan_in_force_has_no_passages(stage: Stage) -> None:
    porter = Porter(stage, await stage.edge.as_role(Role.ADMIN))
    assert (await porter.see()).json()["code"] == "place_plan.no_published"
    porter.path = f"/v1/sites/{new_id()}/passages"
    assert (await porter.say({"state": "open"})).json()["code"] == "site.not_found"
