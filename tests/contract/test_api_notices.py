"""One's own notices over HTTP: nobody else's, in pages, read one by one and up to one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from core.ids import new_id
from people.notices.model import CommTestFailed, Draft, Facts, SwapProposed
from people.notices.service import notify
from tests.contract.conftest import Stage, read_all


async def tell(stage: Stage, account_id: UUID, *keys: str, work: bool = False) -> None:
    """Notices to somebody, a second apart."""
    now = stage.edge.clock.now()
    swap, test = SwapProposed("Bo", now, now, "UTC", in_return=False), CommTestFailed(3, 1, 1, now, "UTC")
    facts: Facts = test if work else swap
    for key in keys:
        async with stage.transaction() as tx:
            await notify(tx, stage.world.tenant_id, [account_id], Draft(new_id(), facts, key))
        stage.edge.clock.advance(1)


async def listed(stage: Stage, **query: Any) -> Any:
    answer = await stage.http.get("/v1/notices", headers=stage.wang, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_newest_comes_first_in_pages_with_its_words_and_the_unread_are_counted(stage: Stage) -> None:
    await tell(stage, stage.world.wang, "a", "b", "c")
    await tell(stage, stage.world.wang, "d", work=True)
    items = await read_all(stage.http, "/v1/notices", stage.wang, limit=2)
    assert [it["kind"] for it in items] == ["comm_test.failed", *["swap.proposed"] * 3]
    assert items[1]["title"] == {"zh": "Bo 申请与您换班", "en": "Bo asks you for a swap"}
    assert (items[1]["push"], items[1]["read_at"], items[1]["urgent"]) == ("waiting", None, False)
    found = await listed(stage, kind="comm_test.failed")
    assert [it["id"] for it in found["items"]] == [items[0]["id"]]
    assert found["unread"] == 4


async def test_a_notice_is_read_once_and_an_older_one_with_a_newer(stage: Stage) -> None:
    await tell(stage, stage.world.wang, "a", "b", "c")
    newest, middle, oldest = (await listed(stage))["items"]
    read = f"/v1/notices/{oldest['id']}/read"
    first = (await stage.http.post(read, headers=stage.wang)).json()
    stage.edge.clock.advance(60)
    assert (await stage.http.post(read, headers=stage.wang)).json() == first
    assert first["read_at"] is not None
    up_to = {"up_to": middle["id"]}
    assert (await stage.http.post("/v1/notices/read", headers=stage.wang, json=up_to)).json() == {
        "read": 1,
        "unread": 1,
    }
    assert (await stage.http.post("/v1/notices/read", headers=stage.wang, json=up_to)).json() == {
        "read": 0,
        "unread": 1,
    }
    found = await listed(stage, unread=True)
    assert ([it["id"] for it in found["items"]], found["unread"]) == ([newest["id"]], 1)


@pytest.mark.parametrize("method", ["get", "read", "up_to"])
async def test_another_persons_notice_is_not_there(stage: Stage, method: str) -> None:
    await tell(stage, stage.world.wang, "a")
    (item,) = (await listed(stage))["items"]
    path = f"/v1/notices/{item['id']}"
    if method == "get":
        answer = await stage.http.get(path, headers=stage.li)
    elif method == "read":
        answer = await stage.http.post(f"{path}/read", headers=stage.li)
    else:
        answer = await stage.http.post("/v1/notices/read", headers=stage.li, json={"up_to": item["id"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "notice.not_found")
    assert (await stage.http.get("/v1/notices", headers=stage.li)).json() == {"items": [], "next": None, "unread": 0}
    assert (await listed(stage))["unread"] == 1


async def test_a_kind_that_is_none_and_a_body_that_says_more_are_refused(stage: Stage) -> None:
    wrong = await stage.http.get("/v1/notices", headers=stage.wang, params={"kind": "gossip"})
    assert wrong.status_code == 400
    more = await stage.http.post("/v1/notices/read", headers=stage.wang, json={"up_to": str(new_id()), "all": True})
    assert more.status_code == 400
