"""Voting groups, floods and calibrations over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from core.ids import new_id
from incidents import rooms, views
from incidents.alarms import flood_queries
from incidents.alarms.flood import Flood
from mobile_contract.room_events import FloodStarted
from people.permissions import Role
from tests.contract.conftest import Stage, read_all

NAME = {"zh": "三取二", "en": "Two of three"}
SOURCE = {"jurisdiction": "CN", "edition": "2019", "source": "GB/T 50493-2019 5.5.2"}


async def sensors(stage: Stage, admin: dict[str, str], count: int = 3, **changes: Any) -> list[str]:
    """Acetone detectors of the plant's box."""
    async with stage.transaction() as tx:
        device_id = await tx.fetchval("SELECT id FROM devices LIMIT 1")
    made = []
    for n in range(count):
        body = {
            "device": str(device_id),
            "zone": str(stage.world.zone_id),
            "series": f"acetone-{n}",
            "name": NAME,
            "quantity": "concentration",
            "unit": "[ppm]",
            "stale_after_s": 30,
            "agent": "acetone",
        }
        answer = await stage.http.post("/v1/sensors", headers=admin, json=body | changes)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    return made


def group(members: list[str], **changes: Any) -> dict[str, Any]:
    limit = {"m": 2, "side": "high", "level": 2, "set_point": 50.0, "unit": "%{LEL}"}
    return {"name": NAME, "sensors": members, "source": SOURCE, **limit, **changes}


async def test_a_group_is_made_in_the_sensors_unit_and_shows_how_they_vote(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    members = await sensors(stage, admin)
    refused = await stage.http.post("/v1/voting-groups", headers=stage.wang, json=group(members))
    assert (refused.status_code, refused.json()["limit"]) == (403, "manage_plant")
    made = await stage.http.post("/v1/voting-groups", headers=admin, json=group(members))
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["set_point"], shown["unit"], shown["sensors"]) == (12_500.0, "[ppm]", members)
    verdict = shown["verdict"]
    assert (verdict["active"], verdict["degraded"], verdict["works_as"]) == (True, True, [0, 0])
    assert [vote["fault"] for vote in verdict["votes"]] == ["gap"] * 3, "none of them has ever spoken"
    rules = await stage.http.get(f"/v1/alarm-rules?sensor={members[0]}", headers=stage.wang)
    by_kind = {row["kind"]: row for row in rules.json()["items"]}
    assert (by_kind["vote"]["id"], by_kind["vote"]["group"]) == (shown["rule"], shown["id"])
    assert by_kind["discrepancy"]["on_delay_s"] == 60


async def test_the_same_key_makes_one_group(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    headers, body = admin | {"Idempotency-Key": "group-1"}, group(await sensors(stage, admin))
    first = await stage.http.post("/v1/voting-groups", headers=headers, json=body)
    again = await stage.http.post("/v1/voting-groups", headers=headers, json=body)
    assert first.json() == again.json()
    assert len((await stage.http.get("/v1/voting-groups", headers=admin)).json()["items"]) == 1


async def test_groups_are_found_paged_edited_and_ended(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    members = await sensors(stage, admin)
    made = [
        (await stage.http.post("/v1/voting-groups", headers=admin, json=group(members, set_point=20.0 + n))).json()
        for n in range(3)
    ]
    paged = await read_all(stage.http, "/v1/voting-groups", stage.wang, limit=2)
    assert [row["id"] for row in paged] == [row["id"] for row in made]
    found = await stage.http.get("/v1/voting-groups?q=two of", headers=stage.wang)
    assert len(found.json()["items"]) == 3
    assert (await stage.http.get(f"/v1/voting-groups?site={uuid4()}", headers=stage.wang)).json()["items"] == []
    path = f"/v1/voting-groups/{made[0]['id']}"
    assert (await stage.http.patch(path, headers=admin, json={"m": 3})).status_code == 428
    edited = await stage.http.patch(path, headers=admin | {"If-Match": '"1"'}, json={"m": 3})
    assert (edited.json()["m"], edited.json()["name"], edited.headers["etag"]) == (3, NAME, '"2"')
    old = await stage.http.patch(path, headers=admin | {"If-Match": '"1"'}, json={"m": 1})
    assert old.status_code == 412
    many = await stage.http.patch(path, headers=admin | {"If-Match": '"2"'}, json={"m": 4})
    assert (many.status_code, many.json()["field"], many.json()["limit"]) == (400, "m", [1, 3])
    assert [(await stage.http.delete(path, headers=admin)).status_code for _ in range(2)] == [204, 204]
    gone = (await stage.http.get(path, headers=stage.wang)).json()
    assert (gone["retired_at"] is not None, gone["verdict"]) == (True, None)
    assert len((await stage.http.get("/v1/voting-groups", headers=admin)).json()["items"]) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"m": 0}, "m"),
        ({"m": 4}, "m"),
        ({"level": 3}, "level"),
        ({"side": "sideways"}, "side"),
        ({"unit": "furlong"}, "unit"),
        ({"source": {**SOURCE, "source": " "}}, "source"),
        ({"valid_high": 10.0}, "set_point"),
        ({"discrepancy_after_s": 0}, "discrepancy_after_s"),
        ({"toxic": True, "on_delay_s": 3}, "on_delay_s"),
    ],
)
async def test_a_wrong_group_is_named(stage: Stage, changes: dict[str, Any], field: str) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    answer = await stage.http.post(
        "/v1/voting-groups", headers=admin, json=group(await sensors(stage, admin), **changes)
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"].startswith(field), answer.text


async def test_an_unknown_group_or_sensor_is_404(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    assert (await stage.http.get(f"/v1/voting-groups/{uuid4()}", headers=admin)).json()["code"] == (
        "voting_group.not_found"
    )
    answer = await stage.http.post("/v1/voting-groups", headers=admin, json=group([str(uuid4()), str(uuid4())], m=1))
    assert answer.status_code == 404


async def test_floods_are_listed_with_the_incident_that_leads(stage: Stage) -> None:
    world = stage.world
    async with stage.transaction() as tx:
        flood = Flood(
            tenant_id=world.tenant_id,
            id=new_id(),
            site_id=world.site_id,
            incident_id=world.incident_id,
            started_at=tx.now,
            alarms_at_start=11,
            alarms=14,
            due_at=tx.now,
        )
        await flood_queries.insert_flood(tx, world.tenant_id, flood)
        await rooms.append(tx, world.tenant_id, world.room_id, FloodStarted(views.flood_view(flood)))
    (shown,) = (await stage.http.get("/v1/floods?standing=true", headers=stage.wang)).json()["items"]
    assert (shown["incident"], shown["alarms"], shown["ended_at"]) == (str(world.incident_id), 14, None)
    for query in ("standing=false", f"site={uuid4()}"):
        assert (await stage.http.get(f"/v1/floods?{query}", headers=stage.wang)).json()["items"] == [], query


async def test_calibrations_are_listed_with_those_that_are_over_first(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    dates = {"a": "2026-02-20", "b": "2026-03-20", "c": "2026-12-01"}
    for series, due in dates.items():
        await sensors(stage, admin, 1, series=series, calibration_due=due)
    await sensors(stage, admin, 1, series="d")
    paged = await read_all(stage.http, "/v1/calibrations", stage.wang, limit=1)
    assert [(row["series"], row["trust"]) for row in paged] == [
        ("a", {"level": "expired", "days_left": -10}),
        ("b", {"level": "due_soon", "days_left": 18}),
    ]
    year = await stage.http.get("/v1/calibrations?within_days=365", headers=stage.wang)
    assert [row["series"] for row in year.json()["items"]] == ["a", "b", "c"]
    for query in (f"site={uuid4()}", f"zone={uuid4()}"):
        assert (await stage.http.get(f"/v1/calibrations?{query}", headers=stage.wang)).json()["items"] == []
    listed = (await stage.http.get("/v1/sensors?q=d", headers=stage.wang)).json()["items"]
    assert {row["trust"]["level"] for row in listed if row["series"] == "d"} == {"unstated"}


@pytest.mark.parametrize("query", ["within_days=-1", "within_days=x", "cursor=~", "zone=north"])
async def test_a_wrong_question_about_calibrations_is_named(stage: Stage, query: str) -> None:
    answer = await stage.http.get(f"/v1/calibrations?{query}", headers=stage.wang)
    assert (answer.status_code, answer.json()["field"]) == (400, query.partition("=")[0])
