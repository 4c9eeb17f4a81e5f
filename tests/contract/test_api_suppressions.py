"""What is silent over HTTP: rules shelved and out of service, designs with a second person, a site's own maxima."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from incidents.alarms import alarm
from people.permissions import Role
from tests.contract.conftest import Stage

REASON = {"reason": "sensor is being calibrated"}
ACTS = ("shelve", "unshelve", "out-of-service", "in-service")


def act(stage: Stage, what: str) -> str:
    return f"/v1/alarm-rules/{stage.world.rule_id}/{what}"


def later(stage: Stage, **ahead: float) -> str:
    return (stage.edge.clock.now() + timedelta(**ahead)).isoformat()


def design(stage: Stage, **changes: Any) -> dict[str, Any]:
    test = {"test": "action", "actuator": str(stage.world.actuator_id), "action": "start"}
    return {"rule": str(stage.world.rule_id), "reason": "the fan runs", **test, **changes}


async def test_a_responder_reads_what_is_silent_and_silences_nothing(stage: Stage) -> None:
    assert (await stage.http.get("/v1/suppressions", headers=stage.wang)).json() == {"items": [], "next": None}
    for what in ACTS:
        body = {**REASON, "until": later(stage, hours=1)}
        answer = await stage.http.post(act(stage, what), headers=stage.wang, json=body)
        assert (answer.status_code, answer.json()["limit"]) == (403, "shelve_alarm"), what


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("shelve", {}, "reason"),
        ("shelve", {**REASON, "until": "2026-03-02T20:00:01Z"}, "until"),
        ("out-of-service", REASON, "until"),
        ("out-of-service", {**REASON, "until": None}, "until"),
        ("out-of-service", {**REASON, "until": "2026-04-02T08:00:01Z"}, "until"),
        ("out-of-service", {**REASON, "until": "2026-03-02T07:00:00Z"}, "until"),
    ],
)
async def test_silence_without_an_end_or_a_reason_is_refused(
    stage: Stage, what: str, body: dict[str, Any], field: str
) -> None:
    headers = await stage.edge.as_role(Role.SAFETY_OFFICER)
    answer = await stage.http.post(act(stage, what), headers=headers, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_an_unknown_rule_is_404(stage: Stage) -> None:
    headers = await stage.edge.as_role(Role.SAFETY_OFFICER)
    for what in ACTS:
        body = {**REASON, "until": later(stage, hours=1)}
        answer = await stage.http.post(f"/v1/alarm-rules/{uuid4()}/{what}", headers=headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "alarm_rule.not_found"), what


async def test_a_silent_rule_is_listed_with_why_who_and_until_when(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    until = later(stage, days=2)
    taken = await stage.http.post(act(stage, "out-of-service"), headers=officer, json={**REASON, "until": until})
    assert (taken.status_code, taken.json()["kind"]) == (200, "out_of_service"), taken.text
    (shown,) = (await stage.http.get("/v1/suppressions", headers=stage.wang)).json()["items"]
    assert (shown["reason"], shown["rule"]) == (REASON["reason"], str(stage.world.rule_id))
    assert (shown["by"] is not None, shown["condition"], shown["alarm"]) == (True, "active", str(stage.world.alarm_id))
    back = await stage.http.post(act(stage, "in-service"), headers=officer)
    assert back.json()["ended_at"] is not None
    assert (await stage.http.get("/v1/suppressions", headers=stage.wang)).json()["items"] == []
    (past,) = (await stage.http.get("/v1/suppressions?standing=false", headers=stage.wang)).json()["items"]
    assert past["id"] == shown["id"]
    for query in ("kind=shelved", f"site={uuid4()}", f"rule={uuid4()}", f"sensor={uuid4()}"):
        answer = await stage.http.get(f"/v1/suppressions?standing=false&{query}", headers=stage.wang)
        assert answer.json()["items"] == [], query


async def test_the_same_key_shelves_once(stage: Stage) -> None:
    headers = await stage.edge.as_role(Role.SAFETY_OFFICER) | {"Idempotency-Key": "shelve-1"}
    first = await stage.http.post(act(stage, "shelve"), headers=headers, json=REASON)
    again = await stage.http.post(act(stage, "shelve"), headers=headers, json=REASON)
    assert again.json() == first.json()
    listed = (await stage.http.get("/v1/suppressions", headers=headers)).json()["items"]
    assert [row["id"] for row in listed] == [first.json()["id"]]


async def test_what_is_not_shelved_is_not_unshelved(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    answer = await stage.http.post(act(stage, "unshelve"), headers=officer)
    assert (answer.status_code, answer.json()["code"], answer.json()["value"]) == (
        409,
        "alarm_rule.suppression",
        "none",
    )


async def test_a_standing_alarm_goes_out_of_service_and_comes_back(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    path = f"/v1/alarms/{stage.world.alarm_id}"
    body = {**REASON, "until": later(stage, hours=3)}
    taken = await stage.http.post(f"{path}/out-of-service", headers=officer, json=body)
    assert (taken.status_code, taken.json()["letter"]) == (200, "I")
    back = await stage.http.post(f"{path}/in-service", headers=officer)
    assert (back.status_code, back.json()["letter"]) == (200, "B")


async def test_an_alarm_that_is_over_is_not_silenced_its_rule_is(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    path = f"/v1/alarms/{stage.world.alarm_id}"
    await stage.http.post(f"{path}/acknowledge", headers=stage.wang)
    await stage.alarm_event(alarm.DataReturned())
    for what in ("shelve", "out-of-service"):
        body = {**REASON, "until": later(stage, hours=1)}
        answer = await stage.http.post(f"{path}/{what}", headers=officer, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "alarm.over")
        assert str(stage.world.rule_id) in answer.json()["detail"]
    shelved = await stage.http.post(act(stage, "shelve"), headers=officer, json=REASON)
    assert shelved.status_code == 200
    assert (await stage.http.get(path, headers=officer)).json()["letter"] == "A"


async def test_a_design_is_made_listed_approved_and_ended(stage: Stage) -> None:
    admin, officer = await stage.edge.as_role(Role.ADMIN), await stage.edge.as_role(Role.SAFETY_OFFICER)
    refused = await stage.http.post("/v1/suppression-designs", headers=stage.wang, json=design(stage))
    assert (refused.status_code, refused.json()["limit"]) == (403, "manage_plant")
    made = await stage.http.post("/v1/suppression-designs", headers=admin, json=design(stage))
    assert (made.status_code, made.json()["waiting"]) == (201, False), made.text
    path = f"/v1/suppression-designs/{made.json()['id']}"
    own = await stage.http.post(f"{path}/approve", headers=admin)
    assert (own.status_code, own.json()["code"]) == (403, "suppression_design.own")
    seen = await stage.http.post(f"{path}/approve", headers=officer)
    assert seen.json()["approved_by"] is not None
    listed = await stage.http.get(f"/v1/suppression-designs?rule={stage.world.rule_id}", headers=stage.wang)
    assert [row["id"] for row in listed.json()["items"]] == [made.json()["id"]]
    assert (await stage.http.delete(path, headers=admin)).status_code == 204
    assert (await stage.http.delete(path, headers=admin)).status_code == 204
    assert (await stage.http.get(path, headers=admin)).json()["retired_at"] is not None
    late = await stage.http.post(f"{path}/approve", headers=officer)
    assert (late.status_code, late.json()["code"]) == (409, "suppression_design.retired")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"action": "fly"}, "action"),
        ({"test": "at_most"}, "sensor"),
        ({"test": "sometimes"}, "test"),
        ({"threshold": 1.0}, "actuator"),
        ({"reason": ""}, "reason"),
        ({"hysteresis": -1}, "hysteresis"),
    ],
)
async def test_a_wrong_design_is_named(stage: Stage, changes: dict[str, Any], field: str) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    answer = await stage.http.post("/v1/suppression-designs", headers=admin, json=design(stage, **changes))
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_a_sites_settings_are_edited_by_version(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    path = f"/v1/sites/{stage.world.site_id}/alarm-settings"
    before = await stage.http.get(path, headers=stage.wang)
    assert (before.json()["flood_start_above"], before.headers["etag"]) == (10, '"0"')
    edit = {"shelve_max_s": 3600, "flood_start_above": 8, "flood_end_below": 4}
    assert (await stage.http.put(path, headers=admin, json=edit)).status_code == 428
    done = await stage.http.put(path, headers=admin | {"If-Match": '"0"'}, json=edit)
    assert (done.status_code, done.headers["etag"], done.json()["shelve_max_s"]) == (200, '"1"', 3600)
    stale = await stage.http.put(path, headers=admin | {"If-Match": '"0"'}, json=edit)
    assert (stale.status_code, stale.json()["code"]) == (412, "version.changed")
    wrong = await stage.http.put(path, headers=admin | {"If-Match": '"1"'}, json={**edit, "flood_end_below": 9})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "flood_end_below")


async def test_a_rules_own_maximum_is_what_shelving_is_held_to(stage: Stage) -> None:
    admin, officer = await stage.edge.as_role(Role.ADMIN), await stage.edge.as_role(Role.SAFETY_OFFICER)
    limited = await stage.http.put(act(stage, "shelving-limit"), headers=admin, json={"shelve_max_s": 600})
    assert (limited.status_code, limited.json()) == (200, {"shelve_max_s": 600.0})
    body = {**REASON, "until": later(stage, minutes=11)}
    refused = await stage.http.post(act(stage, "shelve"), headers=officer, json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "shelve.too_long")
