"""Qualifications over HTTP: one's own for everybody, others' by permission, evidence kept whole, states of the day."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest_asyncio

from people.permissions import Role
from tests.contract.conftest import Stage, bearer, read_all

PDF = b"%PDF-1.7 a certificate %%EOF\n"
# The edge's clock stands at 2026-03-02.
FIRST_AID = {
    "slug": "first-aid",
    "name": {"zh": "急救", "en": "First aid"},
    "skills": ["first_aid"],
    "source": "plant practice",
    "validity_months": 36,
    "warn_days": 30,
}


@pytest_asyncio.fixture
async def officer(stage: Stage) -> dict[str, str]:
    """Headers of a safety officer."""
    return await stage.edge.as_role(Role.SAFETY_OFFICER)


@pytest_asyncio.fixture
async def kind(stage: Stage, officer: dict[str, str]) -> dict[str, Any]:
    """The type first-aid."""
    made = await stage.http.post("/v1/qualification-types", headers=officer, json=FIRST_AID)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def give(stage: Stage, officer: dict[str, str], kind: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A qualification of wang's."""
    body = {"account": str(stage.world.wang), "type": kind["id"], "issuer": "Red Cross", "valid_from": "2026-01-01"}
    made = await stage.http.post("/v1/qualifications", headers=officer, json=body | changes)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_anonymous_is_401_and_a_responder_may_not_write(stage: Stage) -> None:
    for path in ("/v1/qualifications", "/v1/trainings", "/v1/renewals", "/v1/people/export"):
        assert (await stage.http.get(path)).status_code == 401
    for path in ("/v1/qualification-types", "/v1/qualifications", "/v1/trainings", "/v1/evidence", "/v1/people/import"):
        assert (await stage.http.post(path, headers=stage.wang, json={})).status_code == 403


async def test_a_record_takes_the_types_usual_term_and_says_its_state(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    made = await give(stage, officer, kind)
    assert (made["valid_until"], made["state"], made["days_left"]) == ("2028-12-31", "valid", 1035)
    assert (made["login"], made["type_slug"], made["skills"]) == ("wang", "first-aid", ["first_aid"])
    again = await stage.http.post(
        "/v1/qualifications",
        headers=officer,
        json={"account": made["account"], "type": kind["id"], "issuer": "x", "valid_from": "2026-01-01"},
    )
    assert (again.status_code, again.json()["code"]) == (409, "qualification.entered_already")


async def test_ones_own_are_visible_and_anothers_need_the_permission(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    made = await give(stage, officer, kind)
    path = f"/v1/qualifications/{made['id']}"
    assert (await stage.http.get(path, headers=stage.wang)).json()["id"] == made["id"]
    assert (await stage.http.get(path, headers=stage.li)).status_code == 404
    assert [it["id"] for it in await read_all(stage.http, "/v1/qualifications", stage.wang, limit=5)] == [made["id"]]
    assert await read_all(stage.http, "/v1/qualifications", stage.li, limit=5) == []
    asked = await stage.http.get(f"/v1/qualifications?account={made['account']}", headers=stage.li)
    assert (asked.status_code, asked.json()["limit"]) == (403, "read_qualifications")


async def test_lists_filter_by_state_skill_person_days_and_name(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    await give(stage, officer, kind)
    soon = await give(stage, officer, kind, account=str(stage.world.li), valid_until="2026-03-20", number="RC-7")
    over = await give(stage, officer, kind, account=str(stage.world.li), valid_until="2026-03-01", number="RC-6")

    async def found(query: str) -> list[str]:
        items = await read_all(stage.http, f"/v1/qualifications?{query}", officer, limit=1)
        return [it["id"] for it in items]

    assert await found("state=expiring") == [soon["id"]]
    assert await found("state=expired") == [over["id"]]
    assert await found("expiring_within=30") == [soon["id"]]
    assert await found("expiring_within=17") == []
    assert await found("q=rc-6") == [over["id"]]
    assert await found("q=100%25") == []
    assert len(await found("skill=first_aid")) == 3
    assert len(await found(f"account={stage.world.li}&type={kind['id']}")) == 2
    renewals = await read_all(stage.http, "/v1/renewals", officer, limit=1)
    assert [it["id"] for it in renewals] == [soon["id"]]
    holders = await read_all(stage.http, "/v1/skill-holders?skill=first_aid", officer, limit=1)
    assert [(it["login"], it["until"]) for it in holders] == [("li", "2026-03-20"), ("wang", "2028-12-31")]


async def test_suspended_with_a_reason_it_gives_no_skill_until_it_is_reinstated(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    made = await give(stage, officer, kind)
    path = f"/v1/qualifications/{made['id']}"
    body = {"reason": "did not wear the mask", "until": "2026-04-01"}
    suspended = await stage.http.post(f"{path}/suspend", headers=officer, json=body)
    assert suspended.json()["state"] == "suspended"
    assert suspended.json()["suspension"]["since"] == "2026-03-02"
    assert await read_all(stage.http, "/v1/skill-holders?skill=first_aid", officer, limit=5) == []
    back = await stage.http.post(f"{path}/reinstate", headers=officer, json={"reason": "trained again"})
    assert (back.json()["state"], back.json()["suspension"]) == ("valid", None)
    none = await stage.http.post(f"{path}/reinstate", headers=officer, json={"reason": "again"})
    assert (none.status_code, none.json()["code"]) == (409, "qualification.not_suspended")
    early = await stage.http.post(f"{path}/suspend", headers=officer, json={"reason": "x", "since": "2026-03-01"})
    assert (early.status_code, early.json()["field"], early.json()["limit"]) == (400, "from", "2026-03-02")
    async with stage.transaction() as tx:
        acts = await tx.fetch("SELECT action FROM audit WHERE subject_id = $1 ORDER BY position", made["id"])
    assert [row["action"].split(".")[1] for row in acts] == ["entered", "suspended", "reinstated"]


async def test_an_edit_names_its_version_and_bad_days_are_named(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    made = await give(stage, officer, kind)
    path, first = f"/v1/qualifications/{made['id']}", officer | {"If-Match": '"1"'}
    assert (await stage.http.patch(path, headers=officer, json={})).status_code == 428
    edited = await stage.http.patch(path, headers=first, json={"valid_until": None})
    assert (edited.status_code, edited.json()["valid_until"], edited.headers["etag"]) == (200, None, '"2"')
    assert (await stage.http.patch(path, headers=first, json={"scope": "x"})).status_code == 412
    wrong = await stage.http.patch(path, headers=officer | {"If-Match": '"2"'}, json={"valid_until": "2025-01-01"})
    assert (wrong.json()["field"], wrong.json()["limit"]) == ("valid_until", "2026-01-01")
    other = await give(stage, officer, kind, valid_from="2026-02-01")
    clash = await stage.http.patch(
        f"/v1/qualifications/{other['id']}", headers=first, json={"valid_from": "2026-01-01"}
    )
    assert clash.json()["code"] == "qualification.entered_already"


async def test_a_type_out_of_use_takes_no_new_records_and_keeps_its_old(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    await give(stage, officer, kind)
    path = f"/v1/qualification-types/{kind['id']}"
    await stage.http.patch(path, headers=officer | {"If-Match": '"1"'}, json={"in_use": False})
    body = {"account": str(stage.world.li), "type": kind["id"], "issuer": "x", "valid_from": "2026-01-01"}
    refused = await stage.http.post("/v1/qualifications", headers=officer, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "qualification_type.out_of_use")
    holders = await read_all(stage.http, "/v1/skill-holders?skill=first_aid", officer, limit=5)
    assert [it["login"] for it in holders] == ["wang"]
    assert await read_all(stage.http, "/v1/qualification-types?in_use=true", officer, limit=5) == []
    skills = (await stage.http.get("/v1/skills", headers=stage.wang)).json()["items"]
    assert {"code": "first_aid", "name": {"zh": "急救", "en": "First aid"}} in skills


async def test_a_passed_training_grants_and_renews(stage: Stage, officer: dict[str, str], kind: dict[str, Any]) -> None:
    body = {
        "account": str(stage.world.wang),
        "course": "First aid",
        "trainer": "Red Cross",
        "held_on": "2025-03-02",
        "hours": 16,
        "result": "passed",
        "grants": kind["id"],
    }
    made = await stage.http.post("/v1/trainings", headers=officer, json=body)
    assert made.status_code == 201, made.text
    path = f"/v1/qualifications/{made.json()['qualification']}"
    assert (await stage.http.get(path, headers=officer)).json()["valid_until"] == "2028-03-01"
    again = {**body, "held_on": "2026-03-01", "grants": None, "renews": made.json()["qualification"]}
    assert (await stage.http.post("/v1/trainings", headers=officer, json=again)).status_code == 201
    assert (await stage.http.get(path, headers=officer)).json()["valid_until"] == "2029-02-28"
    failed = await stage.http.post("/v1/trainings", headers=officer, json=body | {"result": "failed"})
    assert (failed.status_code, failed.json()["field"]) == (400, "result")
    both = await stage.http.post("/v1/trainings", headers=officer, json=again | {"grants": kind["id"]})
    assert both.json()["code"] == "training.outcome"
    others = await stage.http.post("/v1/trainings", headers=officer, json=again | {"account": str(stage.world.li)})
    assert others.status_code == 404
    taken_back = await stage.http.patch(
        f"/v1/trainings/{made.json()['id']}", headers=officer | {"If-Match": '"1"'}, json={"result": "failed"}
    )
    assert taken_back.json()["code"] == "training.qualified"
    assert len(await read_all(stage.http, "/v1/trainings?q=red", stage.wang, limit=1)) == 2
    assert await read_all(stage.http, "/v1/trainings", stage.li, limit=1) == []
    gone = await stage.http.delete(f"/v1/trainings/{made.json()['id']}", headers=officer)
    assert gone.status_code == 204


async def test_evidence_is_told_by_its_content_and_given_to_whom_it_concerns(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    pdf = officer | {"Content-Type": "application/pdf"}
    made = await stage.http.post("/v1/evidence", headers=officer | {"Content-Type": "image/png"}, content=PDF)
    assert (made.status_code, made.json()["media_type"]) == (201, "application/pdf")
    await give(stage, officer, kind, evidence=made.json()["id"])
    path = f"/v1/evidence/{made.json()['id']}"
    for headers in (officer, stage.wang):
        got = await stage.http.get(path, headers=headers)
        assert got.content == PDF
        assert got.headers["content-disposition"].startswith("attachment")
        assert got.headers["x-content-type-options"] == "nosniff"
    assert (await stage.http.get(path, headers=stage.li)).status_code == 404
    script = await stage.http.post("/v1/evidence", headers=pdf, content=b"<script>alert(1)</script>")
    assert (script.status_code, script.json()["code"]) == (400, "evidence.type")
    html = await stage.http.post("/v1/evidence", headers=officer | {"Content-Type": "text/html"}, content=PDF)
    assert html.status_code == 415
    large = await stage.http.post("/v1/evidence", headers=pdf, content=b"%PDF-" + bytes(10 * 1024 * 1024) + b"%%EOF")
    assert large.status_code == 413


async def test_evidence_the_store_lost_or_changed_is_never_served(stage: Stage, officer: dict[str, str]) -> None:
    pdf = officer | {"Content-Type": "application/pdf"}
    made = (await stage.http.post("/v1/evidence", headers=pdf, content=PDF)).json()
    files: Any = stage.edge.deps.files
    place = next(path for path in files._folder.rglob("*") if path.name == made["sha256"])
    assert str(stage.world.tenant_id) in place.parts
    for change in (lambda: place.write_bytes(PDF[:-4]), place.unlink):
        change()
        got = await stage.http.get(f"/v1/evidence/{made['id']}", headers=officer)
        assert (got.status_code, got.json()["code"]) == (503, "evidence.damaged")


async def test_a_term_that_begins_at_the_end_of_the_calendar_is_named(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    body = {"account": str(stage.world.wang), "type": kind["id"], "issuer": "x", "valid_from": "9999-12-31"}
    answer = await stage.http.post("/v1/qualifications", headers=officer, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "valid_from")


async def test_what_a_record_names_must_be_there(stage: Stage, officer: dict[str, str], kind: dict[str, Any]) -> None:
    body = {"account": str(stage.world.wang), "type": kind["id"], "issuer": "x", "valid_from": "2026-01-01"}
    for change in (
        {"account": str(uuid4())},
        {"type": str(uuid4())},
        {"sites": [str(uuid4())]},
        {"zones": [str(stage.world.site_id)]},
        {"evidence": str(uuid4())},
    ):
        refused = await stage.http.post("/v1/qualifications", headers=officer, json=body | change)
        assert refused.status_code == 404, change


# Import.

FILE = (
    "账号,姓名,角色,手机,资质,生效日期\n"
    "new-1,王小明,worker,+8613800000001,first-aid,2026/3/1\n"
    "wang,,,,first-aid,2026-01-01\n"
)


async def test_a_dry_run_lists_everything_and_changes_nothing(stage: Stage, kind: dict[str, Any]) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    csv = admin | {"Content-Type": "text/csv"}
    good = (await stage.http.post("/v1/people/import", headers=csv, content=FILE.encode("gb18030"))).json()
    assert (good["applied"], good["encoding"], good["rows"], good["problems"]) == (False, "gb18030", 2, [])
    assert [(it["login"], it["action"]) for it in good["accounts"]] == [("new-1", "create"), ("wang", "keep")]
    assert [it["action"] for it in good["qualifications"]] == ["create", "create"]
    bad = FILE + "li,Li,boss\nx y,X,worker\n"
    listed = (await stage.http.post("/v1/people/import", headers=csv, content=bad.encode())).json()
    assert [(it["line"], it["column"]) for it in listed["problems"]] == [(4, "role"), (5, "login")]
    assert all(it["text"]["zh"] and it["text"]["en"] and it["limit"] for it in listed["problems"])
    assert (await stage.http.get("/v1/accounts?q=new-1", headers=admin)).json()["items"] == []


async def test_an_import_shows_its_passwords_once_and_they_sign_in(stage: Stage, kind: dict[str, Any]) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    csv = admin | {"Content-Type": "text/csv", "Idempotency-Key": "once"}
    done = await stage.http.post("/v1/people/import?dry_run=false", headers=csv, content=FILE.encode())
    assert done.status_code == 200, done.text
    shown = done.json()["passwords"]
    assert [it["login"] for it in shown] == ["new-1"]
    body = {
        "tenant": stage.edge.clone.tenant_slug,
        "login": "new-1",
        "password": shown[0]["password"],
        "device": {"label": "phone", "platform": "android"},
    }
    signed_in = await stage.http.post("/v1/sign-in", json=body)
    assert signed_in.status_code == 200
    own = await read_all(stage.http, "/v1/qualifications", bearer(signed_in.json()["access_token"]), limit=5)
    assert [it["valid_from"] for it in own] == ["2026-03-01"]
    again = await stage.http.post("/v1/people/import?dry_run=false", headers=csv, content=FILE.encode())
    assert (again.json()["passwords"], again.headers["idempotency-replayed"]) == ([], "true")
    async with stage.transaction() as tx:
        kept = await tx.fetch("SELECT answer::text FROM idempotency_keys")
        audited = await tx.fetch("SELECT facts::text FROM audit")
    assert not any(shown[0]["password"] in row[0] for row in [*kept, *audited])


async def test_a_safety_officer_imports_qualifications_but_no_accounts(
    stage: Stage, officer: dict[str, str], kind: dict[str, Any]
) -> None:
    csv = officer | {"Content-Type": "text/csv"}
    refused = await stage.http.post("/v1/people/import?dry_run=false", headers=csv, content=FILE.encode())
    assert (refused.status_code, refused.json()["code"]) == (400, "people_import.bad_rows")
    assert refused.json()["field"] == "line 2, login"
    url = "/v1/people/import?dry_run=false&partial=true"
    done = await stage.http.post(url, headers=csv, content=FILE.encode())
    assert [(it["login"], it["action"]) for it in done.json()["qualifications"]] == [("wang", "create")]
    assert [it["code"] for it in done.json()["problems"]] == ["people_import.accounts_need_admin"]


async def test_an_export_opens_in_a_spreadsheet_and_runs_nothing(stage: Stage, kind: dict[str, Any]) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    body = {"login": "eve", "display_name": "=HYPERLINK(1)", "role": "worker", "password": "correct horse battery"}
    await stage.http.post("/v1/accounts", headers=admin, json=body)
    got = await stage.http.get("/v1/people/export", headers=admin)
    assert got.headers["content-type"].startswith("text/csv")
    assert got.content.startswith(b"\xef\xbb\xbflogin,display_name,")
    assert b"\r\neve,'=HYPERLINK(1),worker," in got.content
    back = await stage.http.post("/v1/people/import", headers=admin | {"Content-Type": "text/csv"}, content=got.content)
    assert back.json()["problems"] == []
    assert {it["action"] for it in back.json()["accounts"]} == {"keep"}
