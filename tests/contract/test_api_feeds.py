"""Feeds over HTTP: set up, edited by version, secrets shown once, messages looked after."""

from __future__ import annotations

from typing import Any

import pytest

from people.permissions import Role
from tests.contract.conftest import Stage, read_all

FEED = {"name": "City desk", "kind": "cap", "url": "https://example.com/cap", "min_grade": 2, "sender": "safety@plant"}


async def create(stage: Stage, headers: dict[str, str], **changes: Any) -> Any:
    """A feed, as the answer shows it."""
    answer = await stage.http.post("/v1/feeds", headers=headers, json=FEED | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_secret_is_shown_when_it_is_made_and_never_again(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    key = admin | {"Idempotency-Key": "once"}
    first = await stage.http.post("/v1/feeds", headers=key, json=FEED)
    again = await stage.http.post("/v1/feeds", headers=key, json=FEED)
    assert first.json()["secret"].startswith("whsec_")
    assert (again.json()["secret"], again.json()["feed"]) == (None, first.json()["feed"])
    feed_id = first.json()["feed"]["id"]
    shown = await stage.http.get(f"/v1/feeds/{feed_id}", headers=admin)
    assert "whsec_" not in shown.text
    rotated = await stage.http.post(f"/v1/feeds/{feed_id}/secret", headers=admin)
    assert rotated.status_code == 201
    assert rotated.json()["secret"] not in (None, first.json()["secret"])
    assert rotated.json()["feed"]["old_secret_until"] is not None


async def test_an_edit_names_the_version_it_is_of(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    made = (await create(stage, admin))["feed"]
    path = f"/v1/feeds/{made['id']}"
    assert (await stage.http.patch(path, headers=admin, json={"enabled": False})).status_code == 428
    edited = await stage.http.patch(path, headers=admin | {"If-Match": '"1"'}, json={"enabled": False})
    assert (edited.status_code, edited.json()["enabled"], edited.json()["sender"]) == (200, False, "safety@plant")
    stale = await stage.http.patch(path, headers=admin | {"If-Match": '"1"'}, json={"enabled": True})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "url"),
        ({"url": "https://user:pw@example.com/"}, "url"),
        ({"min_grade": 5}, "min_grade"),
        ({"sender": "two words"}, "sender"),
        ({"name": "  "}, "name"),
        ({"kind": "fax"}, "kind"),
    ],
)
async def test_a_wrong_feed_is_refused_by_its_field(stage: Stage, change: dict[str, Any], field: str) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    answer = await stage.http.post("/v1/feeds", headers=admin, json=FEED | change)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_feeds_are_found_by_name_kind_and_use_in_pages(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    for number in range(3):
        await create(stage, admin, name=f"Feed {number}", kind="webhook")
    await create(stage, admin)
    names = [f["name"] for f in await read_all(stage.http, "/v1/feeds", admin, limit=2)]
    assert names == ["City desk", "Feed 0", "Feed 1", "Feed 2"]
    hooks = await read_all(stage.http, "/v1/feeds?kind=webhook&q=feed%201", admin, limit=9)
    assert [f["name"] for f in hooks] == ["Feed 1"]
    assert await read_all(stage.http, "/v1/feeds?enabled=false", admin, limit=9) == []


async def test_a_test_message_waits_in_the_list_and_can_be_looked_at(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    made = (await create(stage, admin))["feed"]
    queued = (await stage.http.post(f"/v1/feeds/{made['id']}/test", headers=admin)).json()
    listed = await read_all(stage.http, f"/v1/feed-messages?feed={made['id']}&state=queued", admin, limit=1)
    assert [(m["id"], m["event"], m["attempts"]) for m in listed] == [(queued["id"], "test", 0)]
    detail = await stage.http.get(f"/v1/feed-messages/{queued['id']}", headers=admin)
    assert detail.json() == {"message": listed[0], "payload": None}
    again = await stage.http.post(f"/v1/feed-messages/{queued['id']}/resend", headers=admin)
    assert (again.status_code, again.json()["state"]) == (200, "queued")


async def test_who_may_read_may_not_set(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    assert (await stage.http.get("/v1/feeds", headers=officer)).status_code == 200
    assert (await stage.http.post("/v1/feeds", headers=officer, json=FEED)).status_code == 403
    assert (await stage.http.get("/v1/feeds", headers=stage.wang)).status_code == 403
