"""Presence over HTTP, end to end: a door controller and a phone report, people ask."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

from people.permissions import Role
from tests.contract.conftest import Edge, Stage, read_all


async def controller(stage: Stage, admin: dict[str, str]) -> dict[str, str]:
    """A door controller with a gate and a door into the store; its login's header."""
    http, world = stage.http, stage.world
    box = {"site": str(world.site_id), "slug": "doors-1", "name": {"zh": "门禁", "en": "Doors"}}
    made = (await http.post("/v1/plant/devices", json=box, headers=admin)).json()
    for body in ({"door": "gate", "gate": True}, {"door": "store", "to_zone": str(world.zone_id)}):
        door = body | {"device": made["device"]["id"]}
        answer = await http.post("/v1/doors", json=door, headers=admin)
        assert answer.status_code == 201, answer.text
    basic = b64encode(f"{made['device']['login']}:{made['secret']}".encode()).decode()
    return {"Authorization": f"Basic {basic}"}


def swipe(edge: Edge, before_s: float, door: str, **more: Any) -> dict[str, Any]:
    at = edge.clock.now() - timedelta(seconds=before_s)
    return {"badge": "4711", "door": door, "direction": "in", "at": int(at.timestamp() * 1000)} | more


async def test_from_a_badge_at_the_door_to_who_is_where(edge: Edge, stage: Stage) -> None:
    http, world = stage.http, stage.world
    admin, officer = await edge.as_role(Role.ADMIN), await edge.as_role(Role.SAFETY_OFFICER)
    doors = await controller(stage, admin)
    since = (edge.clock.now() - timedelta(days=1)).isoformat()
    badge = {"number": "4711", "account": str(world.wang), "valid_from": since}
    assert (await http.post("/v1/badges", json=badge, headers=officer)).status_code == 201
    batch = {"swipes": [swipe(edge, 60, "gate"), swipe(edge, 30, "store"), swipe(edge, 30, "cellar")], "seq": 7}
    for _ in range(2):
        answer = await http.post("/v1/badge-events", json=batch, headers=doors)
        assert (answer.status_code, answer.json()) == (202, {"accepted": 3, "refused": [], "seq": 7})

    site = f"/v1/sites/{world.site_id}"
    (found,) = await read_all(http, f"{site}/presence", officer, limit=1)
    assert (found["name"], found["zone"], found["source"]) == ("wang", str(world.zone_id), "badge")
    assert 0.9 < found["confidence"] < 0.95
    events = await read_all(http, f"{site}/badge-events", officer, limit=2)
    assert sorted((it["door"], it["fault"]) for it in events) == [
        ("cellar", "unknown_door"),
        ("gate", None),
        ("store", None),
    ]
    counts = (await http.get(f"{site}/presence/counts", headers=stage.li)).json()
    assert [(it["zone"], it["people"]) for it in counts["items"]] == [(str(world.zone_id), 1)]
    assert (await http.get(f"{site}/presence", headers=stage.li)).status_code == 403
    trail = (await http.get(f"/v1/accounts/{world.wang}/trail", headers=officer)).json()
    own = (await http.get("/v1/me/trail", headers=stage.wang)).json()
    assert [it["zone"] for it in trail["items"]] == [None, str(world.zone_id)]
    assert own == trail
    audited = await http.get("/v1/audit", params={"action": "presence."}, headers=admin)
    assert len(audited.json()["items"]) >= 3


async def test_a_phone_reports_what_it_kept_while_it_was_offline(edge: Edge, stage: Stage) -> None:
    now = edge.clock.now()
    body = {
        "positions": [
            {"at": (now - timedelta(minutes=n)).isoformat(), "lon": 0.0007, "lat": 0.0003, "accuracy_m": 5}
            for n in (1, 30, 2000)
        ]
    }
    answer = await stage.http.post("/v1/me/positions", json=body, headers=stage.wang)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"kept": 2, "refused": [{"index": 2, "code": "too_old"}]}
    body["positions"] *= 400
    assert (await stage.http.post("/v1/me/positions", json=body, headers=stage.wang)).status_code == 400


async def test_a_visit_from_announcement_to_sign_out(edge: Edge, stage: Stage) -> None:
    http, world = stage.http, stage.world
    body = {"site": str(world.site_id), "kind": "visitor", "name": "Guest", "badge": "V1"}
    key = {"Idempotency-Key": "once"}
    made = await http.post("/v1/visits", json=body, headers=stage.wang | key)
    again = await http.post("/v1/visits", json=body, headers=stage.wang | key)
    assert made.json() == again.json()
    visit = f"/v1/visits/{UUID(made.json()['id'])}"
    assert (await http.get(visit, headers=stage.li)).status_code == 404
    assert (await http.post(f"{visit}/sign-in", headers=stage.li)).status_code == 403
    signed_in = await http.post(f"{visit}/sign-in", headers=stage.wang)
    assert (signed_in.status_code, signed_in.json()["state"]) == (200, "here")
    edge.clock.advance(60)
    edited = await http.patch(
        visit, json={"company": "ACME"}, headers=stage.wang | {"If-Match": signed_in.headers["etag"]}
    )
    assert edited.json()["company"] == "ACME"
    stale = await http.patch(visit, json={"company": "X"}, headers=stage.wang | {"If-Match": '"1"'})
    assert stale.status_code == 412
    signed_out = await http.post(f"{visit}/sign-out", headers=stage.wang)
    assert signed_out.json()["state"] == "gone"
    (listed,) = (await http.get("/v1/visits", params={"state": "gone"}, headers=stage.wang)).json()["items"]
    assert listed["id"] == made.json()["id"]
    assert (await http.get("/v1/visits", headers=stage.li)).json()["items"] == []
