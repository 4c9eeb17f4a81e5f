"""Calls for help and people who work alone, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mobile_contract.live import Sos, SosTaken
from people.permissions import Role
from tests.clusters import Clone
from tests.contract.conftest import PASSWORD, Stage, read_all
from tests.live_edge import running

CODES = {"password": PASSWORD, "code": "2468", "duress_code": "1357"}


def now(stage: Stage, **later: float) -> str:
    return (stage.edge.clock.now() + timedelta(**later)).isoformat()


async def press(stage: Stage, who: dict[str, str], **changes: Any) -> dict[str, Any]:
    body = {"key": "k", "kind": "duress_silent", "at": now(stage)} | changes
    answer = await stage.http.post("/v1/sos", headers=who, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def begin(stage: Stage, who: dict[str, str], **changes: Any) -> Any:
    body = {"ends_at": now(stage, hours=4), "interval_s": 600, "zone": str(stage.world.zone_id)} | changes
    return await stage.http.post("/v1/lone-sessions", headers=who, json=body)


async def test_a_call_is_one_however_often_it_is_sent_and_an_officer_sees_it(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    position = {"at": now(stage), "lon": 0.0007, "lat": 0.0003, "accuracy_m": 5}
    first = await press(stage, stage.wang, position=position, note="at the pump")
    assert first["silent"] is True
    assert await press(stage, stage.wang, position=position, note="at the pump") == first
    (shown,) = await read_all(stage.http, "/v1/sos?standing=true", officer, limit=1)
    assert (shown["sos"]["id"], shown["incident"], shown["located_by"]) == (first["id"], first["incident"], "phone")
    assert (shown["sos"]["type"], shown["sos"]["note"], shown["sos"]["presses"]) == ("duress_silent", "at the pump", 1)
    one = await stage.http.get(f"/v1/sos/{first['id']}", headers=officer)
    assert one.json() == shown
    trail = await read_all(stage.http, f"/v1/sos/{first['id']}/positions", officer, limit=1)
    assert [p["lon"] for p in trail] == [0.0007]


async def test_the_phone_that_called_is_told_of_no_incident(stage: Stage) -> None:
    call = await press(stage, stage.wang)
    listed = await read_all(stage.http, "/v1/incidents", stage.wang, limit=50)
    assert call["incident"] not in {it["id"] for it in listed}
    hidden = await stage.http.get(f"/v1/incidents/{call['incident']}", headers=stage.wang)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "incident.not_found")
    rooms = await read_all(stage.http, "/v1/rooms", stage.wang, limit=50)
    assert call["incident"] not in {it["incident"] for it in rooms}
    assert (await stage.http.get("/v1/sos", headers=stage.wang)).status_code == 403


@pytest.mark.parametrize(("code", "over"), [("2468", True), ("1357", False)])
async def test_either_code_is_answered_the_same(stage: Stage, code: str, over: bool) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    put = await stage.http.put("/v1/me/sos-codes", headers=stage.wang, json=CODES)
    assert put.json() == (await stage.http.get("/v1/me/sos-codes", headers=stage.wang)).json()
    call = await press(stage, stage.wang)
    ended = await stage.http.post(f"/v1/sos/{call['id']}/end", headers=stage.wang, json={"code": code})
    assert (ended.status_code, ended.json()) == (200, call | {"ended": True})
    assert (await stage.http.get("/v1/me/sos", headers=stage.wang)).json() == {"items": [ended.json()]}
    later = {"positions": [{"at": now(stage), "lon": 0.0007, "lat": 0.0003, "accuracy_m": 5}]}
    told = await stage.http.post(f"/v1/sos/{call['id']}/positions", headers=stage.wang, json=later)
    assert told.json() == ended.json()
    shown = (await stage.http.get(f"/v1/sos/{call['id']}", headers=officer)).json()
    assert (shown["sos"]["over_at"] is not None, shown["sos"]["duress_at"] is None) == (over, over)


async def test_a_wrong_code_and_too_many_of_them(stage: Stage) -> None:
    await stage.http.put("/v1/me/sos-codes", headers=stage.wang, json=CODES)
    call = await press(stage, stage.wang)
    path = f"/v1/sos/{call['id']}/end"
    answers = [await stage.http.post(path, headers=stage.wang, json={"code": "0000"}) for _ in range(6)]
    assert [(a.status_code, a.json()["code"]) for a in answers[-2:]] == [
        (403, "sos.code"),
        (503, "sos.too_many_codes"),
    ]
    assert answers[0].json()["field"] == "code"
    other = await stage.http.post(path, headers=stage.li, json={"code": "2468"})
    assert other.status_code == 404


async def test_a_session_from_its_begin_to_its_end(stage: Stage) -> None:
    officer = await stage.edge.as_role(Role.SAFETY_OFFICER)
    made = await begin(stage, stage.wang, note="filters")
    assert made.status_code == 201, made.text
    assert (made.json()["minutes_left"], made.headers["etag"]) == (10.0, '"1"')
    session = made.json()["id"]
    assert (await begin(stage, stage.wang)).json()["code"] == "lone_session.runs"
    stage.edge.clock.advance(660)
    (shown,) = await read_all(stage.http, "/v1/lone-sessions?q=filters", officer, limit=5)
    assert (shown["minutes_left"], shown["overdue"]) == (-1.0, True)

    async def act(what: str, body: Any = None) -> Any:
        answer = await stage.http.post(f"/v1/lone-sessions/{session}/{what}", headers=stage.wang, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert (await act("check-in"))["minutes_left"] == 10.0
    assert (await act("pause", {"until": now(stage, minutes=30)}))["state"] == "paused"
    assert (await act("resume"))["checked_in_by"] == "resumed"
    assert (await act("extend", {"ends_at": now(stage, hours=6)}))["ends_at"].startswith("2026-03-02T14:11")
    assert (await act("end"))["state"] == "ended"
    own = await stage.http.get("/v1/me/lone-session", headers=stage.wang)
    assert own.json()["session"] == (await stage.http.get(f"/v1/lone-sessions/{session}", headers=stage.wang)).json()
    assert await read_all(stage.http, "/v1/lone-sessions", officer, limit=5) == []
    assert len(await read_all(stage.http, "/v1/lone-sessions?running=false", officer, limit=1)) == 1
    late = await stage.http.post(f"/v1/lone-sessions/{session}/check-in", headers=stage.wang)
    assert (late.status_code, late.json()["code"]) == (409, "lone_session.over")


async def test_a_session_is_begun_once_with_one_key(stage: Stage) -> None:
    keyed = stage.wang | {"Idempotency-Key": "one"}
    answers = [await begin(stage, keyed) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    unknown = await begin(stage, stage.li, zone="00000000-0000-0000-0000-000000000001")
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"), [({"interval_s": 59}, "interval_s"), ({"ends_at": "2026-03-02T07:00:00Z"}, "ends_at")]
)
async def test_a_session_out_of_bounds_names_the_field(stage: Stage, changes: dict[str, Any], field: str) -> None:
    refused = await begin(stage, stage.wang, **changes)
    assert (refused.status_code, refused.json()["field"]) == (400, field)


async def test_on_an_open_line_a_call_is_answered_at_once(clone: Clone) -> None:
    async with running(clone) as edge, edge.phone("wang") as phone:
        frame = Sos("held", "trapped", edge.db.clock.now())
        await phone.say(frame)
        first = await phone.until(SosTaken)
        await phone.say(frame)
        assert await phone.until(SosTaken) == first
        assert first.key == "held"
        async with edge.db.transaction(edge.world.tenant_id) as tx:
            rows = await tx.fetch("SELECT id, incident_id FROM sos_calls")
    assert [(row["id"], row["incident_id"]) for row in rows] == [(first.sos, first.incident)]
