"""The HTTP edge: signing in, permissions, problems, keys, pages, ETags, the reference."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest

from people.permissions import Role
from tests.contract.conftest import PASSWORD, Edge, bearer, credentials

NEW = {"login": "li.na", "display_name": "李娜", "role": "responder", "password": "a long enough one"}


async def test_anonymous_is_401_with_a_problem_and_a_challenge(edge: Edge) -> None:
    for path in ("/v1/me", "/v1/accounts", "/v1/devices", "/v1/audit"):
        answer = await edge.http.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "token.missing"


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30.", "x" * 5000])
async def test_a_token_that_is_none_of_ours_is_401(edge: Edge, token: str) -> None:
    answer = await edge.http.get("/v1/me", headers=[(b"authorization", f"Bearer {token}".encode("latin-1"))])
    assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid")


async def test_a_worker_may_not_see_accounts_not_even_with_a_wrong_request(edge: Edge) -> None:
    headers = await edge.as_role(Role.WORKER)
    for answer in (
        await edge.http.get("/v1/accounts", headers=headers),
        await edge.http.post("/v1/accounts", headers=headers, json={"nonsense": 1}),
        await edge.http.get("/v1/audit", headers=headers),
    ):
        assert answer.status_code == 403
        assert answer.json()["limit"] in {"read_accounts", "manage_accounts", "read_audit"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short"}, "password"),
        ({"role": "king"}, "role"),
        ({"login": "Has Space"}, "login"),
        ({"surprise": 1}, "surprise"),
        ({"display_name": 5}, "display_name"),
        ({"phone": "12"}, "phone"),
    ],
)
async def test_an_invalid_field_is_named(edge: Edge, change: dict[str, Any], field: str) -> None:
    headers = await edge.as_role(Role.ADMIN)
    answer = await edge.http.post("/v1/accounts", headers=headers, json=NEW | change)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_a_nested_and_a_missing_field_are_named(edge: Edge) -> None:
    body = credentials(edge, "wang", device={"label": "x", "platform": "nokia"})
    assert (await edge.http.post("/v1/sign-in", json=body)).json()["field"] == "device.platform"
    del body["password"]
    body["device"] = {"label": "x", "platform": "ios"}
    assert (await edge.http.post("/v1/sign-in", json=body)).json()["field"] == "password"


async def test_a_query_parameter_out_of_bounds_is_named(edge: Edge) -> None:
    headers = await edge.as_role(Role.ADMIN)
    for query, field in (("limit=0", "limit"), ("limit=x", "limit"), ("role=king", "role"), ("cursor=~", "cursor")):
        answer = await edge.http.get(f"/v1/accounts?{query}", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_problems_speak_the_readers_language(edge: Edge) -> None:
    chinese = await edge.http.get("/v1/me", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    english = await edge.http.get("/v1/me", headers={"Accept-Language": "en-GB"})
    assert chinese.json()["detail"].startswith("请先登录")
    assert chinese.headers["content-language"] == "zh-CN"
    assert english.json()["detail"].startswith("sign in first")
    assert chinese.json()["code"] == english.json()["code"]


async def test_unknown_path_method_body_and_media_type_are_problems(edge: Edge) -> None:
    headers = await edge.as_role(Role.ADMIN)
    missing = await edge.http.get("/v1/nothing")
    method = await edge.http.delete("/v1/sign-in")
    too_big = await edge.http.post("/v1/accounts", headers=headers, json=NEW | {"display_name": "x" * 1_100_000})
    form = await edge.http.post("/v1/accounts", headers=headers, data={"a": "b"})
    broken = await edge.http.post(
        "/v1/accounts", headers=headers | {"Content-Type": "application/json"}, content=b'{"a":'
    )
    null = await edge.http.post("/v1/accounts", headers=headers, json=NEW | {"display_name": "a\0b"})
    statuses = [a.status_code for a in (missing, method, too_big, form, broken, null)]
    assert statuses == [404, 405, 413, 415, 400, 400]
    for answer in (missing, method, too_big, form, broken, null):
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Traceback" not in answer.text
    assert "POST" in method.headers["allow"]


async def test_sign_in_use_refresh_and_sign_out(edge: Edge) -> None:
    await edge.account("wang", Role.RESPONDER)
    signed_in = await edge.http.post("/v1/sign-in", json=credentials(edge, "wang"))
    assert signed_in.status_code == 200
    assert signed_in.headers["cache-control"] == "no-store"
    session = signed_in.json()
    me = await edge.http.get("/v1/me", headers=bearer(session["access_token"]))
    assert me.json()["account"]["login"] == "wang"
    assert "acknowledge_alarm" in me.json()["permissions"]
    body = {"refresh_token": session["refresh_token"], "device": session["device"]}
    fresh = (await edge.http.post("/v1/refresh", json=body)).json()
    out = await edge.http.post("/v1/sign-out", headers=bearer(fresh["access_token"]))
    assert out.status_code == 204
    for token in (session["access_token"], fresh["access_token"]):
        gone = await edge.http.get("/v1/me", headers=bearer(token))
        assert (gone.status_code, gone.json()["code"]) == (401, "token.revoked")
    body["refresh_token"] = fresh["refresh_token"]
    assert (await edge.http.post("/v1/refresh", json=body)).status_code == 401


@pytest.mark.parametrize(
    "change", [{"login": "nobody"}, {"password": "wrong wrong wrong"}, {"tenant": "no-such-plant"}]
)
async def test_a_refused_sign_in_does_not_say_what_was_wrong(edge: Edge, change: dict[str, Any]) -> None:
    await edge.account("wang")
    answer = await edge.http.post("/v1/sign-in", json=credentials(edge, "wang", **change))
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in.refused")
    assert "field" not in answer.json()


async def test_an_access_token_ends_after_15_minutes(edge: Edge) -> None:
    await edge.account("wang")
    headers = bearer((await edge.session("wang")).access_token)
    edge.clock.advance(15 * 60 - 1)
    assert (await edge.http.get("/v1/me", headers=headers)).status_code == 200
    edge.clock.advance(1)
    answer = await edge.http.get("/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token.expired")


async def test_too_many_wrong_passwords_are_429_with_the_time_to_wait(edge: Edge) -> None:
    await edge.account("wang")
    wrong = credentials(edge, "wang", password="wrong wrong wrong")
    for _ in range(10):
        assert (await edge.http.post("/v1/sign-in", json=wrong)).status_code == 401
    answer = await edge.http.post("/v1/sign-in", json=credentials(edge, "wang"))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 900
    edge.clock.advance(900)
    assert (await edge.http.post("/v1/sign-in", json=credentials(edge, "wang"))).status_code == 200


async def test_the_same_key_and_request_is_one_account(edge: Edge) -> None:
    headers = await edge.as_role(Role.ADMIN) | {"Idempotency-Key": "k-1"}
    first, second = await asyncio.gather(
        edge.http.post("/v1/accounts", headers=headers, json=NEW),
        edge.http.post("/v1/accounts", headers=headers, json=NEW),
    )
    third = await edge.http.post("/v1/accounts", headers=headers, json=NEW)
    assert [a.status_code for a in (first, second, third)] == [201, 201, 201]
    assert first.json() == second.json() == third.json()
    assert third.headers["idempotency-replayed"] == "true"
    assert third.headers["etag"] == first.headers["etag"]
    other = await edge.http.post("/v1/accounts", headers=headers, json=NEW | {"login": "li.wei"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.other_request")
    again = await edge.http.post("/v1/accounts", headers=headers | {"Idempotency-Key": "k-2"}, json=NEW)
    assert (again.status_code, again.json()["code"]) == (409, "account.login_taken")


async def test_pages_hold_every_account_once(edge: Edge) -> None:
    headers = await edge.as_role(Role.ADMIN)
    logins = {"a-admin"} | {f"person-{n:02}" for n in range(7)}
    for login in sorted(logins - {"a-admin"}):
        await edge.account(login)
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        answer = (await edge.http.get(f"/v1/accounts?limit=3{cursor}", headers=headers)).json()
        seen += [item["login"] for item in answer["items"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert seen == sorted(logins)
    found = (await edge.http.get("/v1/accounts", params={"q": "SON-03"}, headers=headers)).json()["items"]
    assert [item["login"] for item in found] == ["person-03"]
    assert (await edge.http.get("/v1/accounts", params={"q": "%"}, headers=headers)).json()["items"] == []


async def test_an_edit_names_the_version_it_saw(edge: Edge) -> None:
    headers = await edge.as_role(Role.ADMIN)
    path = f"/v1/accounts/{(await edge.account('wang')).id}"
    tag = (await edge.http.get(path, headers=headers)).headers["etag"]
    bare = await edge.http.patch(path, headers=headers, json={"display_name": "Wang Wei"})
    assert (bare.status_code, bare.json()["field"]) == (428, "If-Match")
    done = await edge.http.patch(path, headers=headers | {"If-Match": tag}, json={"display_name": "Wang Wei"})
    assert (done.status_code, done.json()["display_name"]) == (200, "Wang Wei")
    assert done.headers["etag"] != tag
    for stale in (tag, 'W/"2"', "*"):
        late = await edge.http.patch(path, headers=headers | {"If-Match": stale}, json={"locale": "en"})
        assert late.status_code == 412, stale


async def test_disabling_an_account_ends_its_tokens_at_once(edge: Edge) -> None:
    admin = await edge.as_role(Role.ADMIN)
    account = await edge.account("wang")
    session = await edge.session("wang")
    headers = admin | {"If-Match": '"1"'}
    done = await edge.http.patch(f"/v1/accounts/{account.id}", headers=headers, json={"disabled": True})
    assert done.json()["disabled"] is True
    assert (await edge.http.get("/v1/me", headers=bearer(session.access_token))).status_code == 401
    assert (await edge.http.post("/v1/sign-in", json=credentials(edge, "wang"))).status_code == 401


async def test_the_last_admin_stays(edge: Edge) -> None:
    headers = await edge.as_role(Role.ADMIN)
    me = (await edge.http.get("/v1/me", headers=headers)).json()["account"]
    answer = await edge.http.patch(
        f"/v1/accounts/{me['id']}", headers=headers | {"If-Match": '"1"'}, json={"role": "worker"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "account.last_admin")


async def test_phones_are_listed_rung_and_revoked_by_their_owner_alone(edge: Edge) -> None:
    await edge.account("wang")
    await edge.account("li")
    wang, li = await edge.session("wang"), await edge.session("li")
    path = f"/v1/devices/{wang.device_id}"
    address = {"channel": "fcm", "token": "fcm-token-1"}
    put = await edge.http.put(f"{path}/push", headers=bearer(wang.access_token), json=address)
    assert (put.status_code, put.json()["push"]) == (200, "active")
    assert "fcm-token-1" not in put.text
    assert (await edge.http.put(f"{path}/push", headers=bearer(li.access_token), json=address)).status_code == 404
    assert (await edge.http.delete(path, headers=bearer(li.access_token))).status_code == 404
    listed = (await edge.http.get("/v1/devices", headers=bearer(wang.access_token))).json()["items"]
    assert [item["id"] for item in listed] == [str(wang.device_id)]
    moved = f"/v1/devices/{li.device_id}/push"
    assert (await edge.http.put(moved, headers=bearer(li.access_token), json=address)).status_code == 200
    listed = (await edge.http.get("/v1/devices", headers=bearer(wang.access_token))).json()["items"]
    assert listed[0]["push"] == "retired"
    assert (await edge.http.delete(path, headers=bearer(wang.access_token))).status_code == 204
    assert (await edge.http.get("/v1/me", headers=bearer(wang.access_token))).status_code == 401


async def test_another_tenants_ids_are_not_found(edge: Edge) -> None:
    headers = await edge.as_role(Role.ADMIN)
    for path in (f"/v1/accounts/{uuid4()}", "/v1/accounts/not-an-id"):
        assert (await edge.http.get(path, headers=headers)).status_code == 404


async def test_the_auditor_reads_who_did_what_and_no_secrets(edge: Edge) -> None:
    await edge.account("wang")
    await edge.http.post("/v1/sign-in", json=credentials(edge, "wang", password="wrong wrong wrong"))
    headers = await edge.as_role(Role.AUDITOR)
    answer = await edge.http.get("/v1/audit", headers=headers)
    actions = [item["action"] for item in answer.json()["items"]]
    assert actions == ["sign_in.done", "account.created", "sign_in.refused", "account.created"]
    assert PASSWORD not in answer.text
    filtered = (await edge.http.get("/v1/audit?action=sign_in.&limit=1", headers=headers)).json()
    assert filtered["items"][0]["action"] == "sign_in.done"
    assert filtered["next"] is not None


async def test_health_and_metrics_need_no_token(edge: Edge) -> None:
    assert (await edge.http.get("/health/live")).json() == {"live": True}
    ready = await edge.http.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "checks": {"database": "ok"}})
    assert (await edge.http.get("/metrics")).headers["content-type"].startswith("text/plain")


async def test_the_reference_page_is_whole_and_loads_nothing(edge: Edge) -> None:
    chinese = await edge.http.get("/docs", headers={"Accept-Language": "zh"})
    english = await edge.http.get("/docs")
    assert "请求内容" in chinese.text
    assert "Request body" in english.text
    for page in (chinese, english):
        assert not re.search(r"https?://|//[a-z]|<script|<link|<img|@import|url\(", page.text)
        assert 'name="viewport"' in page.text
    document = (await edge.http.get("/openapi.json")).json()
    for item in document["paths"].values():
        for operation in item.values():
            assert f'id="{operation["operationId"]}"' in english.text


async def test_the_document_names_handlers_permissions_and_problems(edge: Edge) -> None:
    document = (await edge.http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    create = document["paths"]["/v1/accounts"]["post"]
    assert create["operationId"] == "create_account"
    assert create["x-permission"] == "manage_accounts"
    assert set(create["responses"]) >= {"201", "400", "401", "403", "409", "413", "415", "503"}
    assert "application/problem+json" in create["responses"]["409"]["content"]
    assert {p["name"] for p in create["parameters"]} == {"Idempotency-Key"}
    assert "security" not in document["paths"]["/v1/sign-in"]["post"]
    edit = document["paths"]["/v1/accounts/{account_id}"]["patch"]
    assert set(edit["responses"]) >= {"200", "404", "412", "428"}
