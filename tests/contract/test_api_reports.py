"""The record over HTTP: verified, reported, signed off, and what follows from it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import asyncpg

from incidents import closing
from incidents.record import rendering, timeline
from people.permissions import Role
from tests.contract.conftest import Stage, read_all


async def close(stage: Stage) -> None:
    """The incident is over and closed."""
    async with stage.transaction() as tx:
        await tx.execute("UPDATE alarms SET returned_at = $1, ended_at = $1", tx.now)
        officer = stage.world.actor(stage.world.wang, Role.SAFETY_OFFICER)
        await closing.close_incident(tx, officer, stage.world.incident_id, "valve replaced")


async def draft(stage: Stage, officer: dict[str, str], summary: str = "A gasket failed.") -> Any:
    """A draft of the incident's report."""
    path = f"/v1/incidents/{stage.world.incident_id}/reports"
    answer = await stage.http.post(path, headers=officer, json={"summary": summary})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_verification_names_the_line_that_was_changed(stage: Stage) -> None:
    path = f"/v1/incidents/{stage.world.incident_id}/verification"
    async with stage.transaction() as tx:
        for kind in ("incident.opened", "alarm.raised", "task.done"):
            await timeline.append(tx, stage.world.tenant_id, stage.world.incident_id, kind, {})
    whole = (await stage.http.get(path, headers=stage.wang)).json()
    assert (whole["intact"], whole["length"], whole["broken"]) == (True, 3, None)
    owner = await asyncpg.connect(stage.edge.clone.owner_url)
    await owner.execute("DELETE FROM timeline WHERE position = 3")
    await owner.close()
    cut = (await stage.http.get(path, headers=stage.wang)).json()
    assert (cut["intact"], cut["broken"]) == (False, {"position": 3, "damage": "missing"})


async def test_a_report_is_drafted_edited_signed_off_and_then_stays(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await draft(stage, officer)
    path = f"/v1/reports/{made['id']}"
    edit = await stage.http.patch(path, headers=officer | {"If-Match": '"1"'}, json={"causes": "Age."})
    assert (edit.status_code, edit.json()["version"], edit.json()["summary"]) == (200, 2, "A gasket failed.")
    early = await stage.http.post(f"{path}/sign-off", headers=officer)
    assert (early.status_code, early.json()["code"]) == (409, "report.incident_open")
    await close(stage)
    signed = await stage.http.post(f"{path}/sign-off", headers=officer)
    assert (signed.status_code, signed.json()["state"]) == (200, "signed_off")
    before = (await stage.http.get(path, headers=officer)).json()
    lesson = {"text": "Check every flange."}
    await stage.http.post(f"/v1/incidents/{stage.world.incident_id}/lessons", headers=officer, json=lesson)
    assert (await stage.http.get(path, headers=officer)).json() == before
    assert before["intact"] is True
    late = await stage.http.patch(path, headers=officer | {"If-Match": '"3"'}, json={"causes": "?"})
    assert (late.status_code, late.json()["code"]) == (409, "report.signed_off")
    lines = await read_all(stage.http, f"/v1/incidents/{stage.world.incident_id}/timeline", officer, limit=50)
    hashes = [line["facts"]["content_hash"] for line in lines if line["kind"] == "report.signed_off"]
    assert hashes == [signed.json()["content_hash"]]
    second = await draft(stage, officer, "Again.")
    assert second["number"] == 2
    listed = await read_all(stage.http, f"/v1/reports?incident={stage.world.incident_id}", officer, limit=1)
    assert [(r["number"], r["state"]) for r in listed] == [(2, "draft"), (1, "signed_off")]


async def test_a_signed_report_that_was_changed_later_says_so(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await draft(stage, officer)
    await close(stage)
    path = f"/v1/reports/{made['id']}"
    assert (await stage.http.post(f"{path}/sign-off", headers=officer)).status_code == 200
    owner = await asyncpg.connect(stage.edge.clone.owner_url)
    await owner.execute("UPDATE reports SET content = jsonb_set(content, '{grade}', '4')")
    await owner.close()
    assert (await stage.http.get(path, headers=officer)).json()["intact"] is False


async def test_html_is_in_the_readers_language_and_holds_no_markup_of_anybodys(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await draft(stage, officer, "<script>alert(1)</script>")
    path = f"/v1/reports/{made['id']}/html"
    english = await stage.http.get(path, headers=officer)
    assert english.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in english.headers["content-security-policy"]
    assert "<script>" not in english.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in english.text
    assert "Response times" in english.text
    chinese = await stage.http.get(path, headers=officer, params={"language": "zh-CN"})
    assert "响应时间" in chinese.text


async def test_a_pdf_is_one_or_says_which_font_is_missing(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await draft(stage, officer, '#panic("read as markup") $x$ `code` *bold* \\ // note')
    path = f"/v1/reports/{made['id']}/pdf"
    english = await stage.http.get(path, headers=officer)
    assert english.status_code == 200, english.text
    assert english.headers["content-type"] == "application/pdf"
    assert english.content.startswith(b"%PDF-")
    chinese = await stage.http.get(path, headers=officer, params={"language": "zh-CN"})
    if chinese.status_code == 503:
        assert chinese.json()["code"] == "report.no_font"
        assert rendering.no_font("").en == chinese.json()["detail"]
    else:
        assert chinese.content.startswith(b"%PDF-")


async def test_a_report_has_doses_in_it_and_is_not_for_everybody(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await draft(stage, officer)
    auditor = await stage.edge.as_role(Role.AUDITOR)
    for path in ("/v1/reports", f"/v1/reports/{made['id']}", f"/v1/reports/{made['id']}/html"):
        assert (await stage.http.get(path, headers=stage.wang)).status_code == 403
        assert (await stage.http.get(path, headers=auditor)).status_code == 200


async def test_an_action_is_done_by_its_owner_and_verified_by_another(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    incident = f"/v1/incidents/{stage.world.incident_id}"
    lesson = (await stage.http.post(f"{incident}/lessons", headers=officer, json={"text": "Check flanges."})).json()
    today = stage.edge.clock.now().date()
    body = {"text": "New gaskets", "owner": str(stage.world.wang), "due_on": today.isoformat(), "lesson": lesson["id"]}
    made = (await stage.http.post(f"{incident}/corrective-actions", headers=officer, json=body)).json()
    path = f"/v1/corrective-actions/{made['id']}"
    not_done = await stage.http.post(f"{path}/verify", headers=officer)
    assert (not_done.status_code, not_done.json()["code"]) == (409, "action.state")
    others = await stage.http.post(f"{path}/done", headers=stage.li, json={})
    assert (others.status_code, others.json()["code"]) == (403, "action.not_yours")
    done = await stage.http.post(f"{path}/done", headers=stage.wang, json={"note": "changed"})
    assert (done.json()["state"], done.json()["done_note"]) == ("done", "changed")
    verified = await stage.http.post(f"{path}/verify", headers=officer)
    assert (verified.status_code, verified.json()["state"]) == (200, "verified")
    late = await stage.http.patch(path, headers=officer | {"If-Match": '"3"'}, json={"text": "other"})
    assert late.status_code == 409


async def test_who_did_it_does_not_verify_it(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await _action(stage, officer, stage.edge.clock.now().date())
    path = f"/v1/corrective-actions/{made['id']}"
    await stage.http.post(f"{path}/done", headers=officer, json={})
    own = await stage.http.post(f"{path}/verify", headers=officer)
    assert (own.status_code, own.json()["code"]) == (403, "action.own")


async def test_what_is_due_and_overdue_is_listed_across_incidents(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    today = stage.edge.clock.now().date()
    for days in (40, 0, 5):
        await _action(stage, officer, today + timedelta(days=days))
    path = f"/v1/corrective-actions?account={stage.world.wang}&state=open"
    every = await read_all(stage.http, path, officer, limit=2)
    assert [a["due_on"] for a in every] == [(today + timedelta(days=d)).isoformat() for d in (0, 5, 40)]
    # A day later.
    async with stage.transaction() as tx:
        await tx.execute("UPDATE corrective_actions SET due_on = due_on - 1")
    today -= timedelta(days=1)
    soon = await read_all(stage.http, f"{path}&due_within_days=7", officer, limit=9)
    assert [a["overdue"] for a in soon] == [True, False]
    overdue = await read_all(stage.http, f"{path}&due_within_days=-1", officer, limit=9)
    assert [a["due_on"] for a in overdue] == [today.isoformat()]


async def test_an_action_is_due_after_it_was_set_by_somebody_who_is_there(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    path = f"/v1/incidents/{stage.world.incident_id}/corrective-actions"
    right = {"text": "x", "owner": str(stage.world.wang), "due_on": "2026-04-01"}
    past = await stage.http.post(path, headers=officer, json=right | {"due_on": "2020-01-01"})
    assert (past.status_code, past.json()["field"]) == (400, "due_on")
    nobody = await stage.http.post(path, headers=officer, json=right | {"owner": str(stage.world.site_id)})
    assert (nobody.status_code, nobody.json()["field"]) == (404, "owner")
    lesson = await stage.http.post(path, headers=officer, json=right | {"lesson": str(stage.world.site_id)})
    assert (lesson.status_code, lesson.json()["field"]) == (404, "lesson")


async def _action(stage: Stage, officer: dict[str, str], due_on: date) -> Any:
    body = {"text": "New gaskets", "owner": str(stage.world.wang), "due_on": due_on.isoformat()}
    path = f"/v1/incidents/{stage.world.incident_id}/corrective-actions"
    answer = await stage.http.post(path, headers=officer, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()
