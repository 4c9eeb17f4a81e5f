"""The health of the alarm system over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.database import Tx
from core.ids import new_id
from incidents.alarms.kpi_events import AlarmEvent
from incidents.alarms.kpi_queries import append_events
from people.permissions import Role
from tests.contract.conftest import Stage

# The edge's clock stands at 08:00 UTC of this day.
TODAY = "2026-03-02"


async def _calls(tx: Tx, stage: Stage, count: int, minutes_ago: float) -> None:
    world = stage.world
    events = [
        AlarmEvent("raised", world.rule_id, world.zone_id, world.alarm_id, 1, "medium", "none", False)
        for _ in range(count)
    ]
    then = Tx(tx.connection, tx.tenant_id, tx.now - timedelta(minutes=minutes_ago))
    await append_events(then, world.tenant_id, world.site_id, events, None)


async def _get(stage: Stage, path: str = "", **query: Any) -> Any:
    query = {"from": TODAY, "to": TODAY} | query
    site = query.pop("site", stage.world.site_id)
    return await stage.http.get(f"/v1/sites/{site}/alarm-performance{path}", params=query, headers=stage.wang)


async def test_anonymous_is_401_and_a_camera_403(stage: Stage) -> None:
    camera = await stage.edge.as_role(Role.CAMERA)
    for end in ("", "/periods"):
        path = f"/v1/sites/{stage.world.site_id}/alarm-performance{end}"
        assert (await stage.http.get(path)).status_code == 401
        assert (await stage.http.get(path, headers=camera)).status_code == 403


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({"site": str(new_id())}, 404, "id"),
        ({"zone": str(new_id())}, 404, "id"),
        ({"building": str(new_id())}, 404, "id"),
        ({"to": "2026-03-01"}, 400, "to"),
        ({"from": "yesterday"}, 400, "from"),
        ({"operators": "0"}, 400, "operators"),
        ({"from": "2024-01-01"}, 400, "to"),
    ],
)
async def test_what_is_wrong_is_named(stage: Stage, query: dict[str, str], status: int, field: str) -> None:
    answer = await _get(stage, **query)
    assert answer.status_code == status, answer.text
    assert answer.json()["field"] == field, answer.text


async def test_shifts_that_are_no_times_are_refused(stage: Stage) -> None:
    for shifts in ("late", "", "06:00+01:00", ","):
        answer = await _get(stage, "/periods", shifts=shifts)
        assert (answer.status_code, answer.json()["field"]) == (400, "shifts")


async def test_a_zone_of_another_site_is_not_in_this_one(stage: Stage) -> None:
    admin = await stage.edge.as_role(Role.ADMIN)
    site = await stage.http.post(
        "/v1/sites", headers=admin, json={"slug": "far", "name": {"zh": "远", "en": "Far"}, "tz": "UTC"}
    )
    answer = await _get(stage, site=site.json()["id"], zone=str(stage.world.zone_id))
    assert (answer.status_code, answer.json()["code"]) == (400, "area.elsewhere")


async def test_a_days_figures_come_with_targets_and_verdicts_until_now(stage: Stage) -> None:
    async with stage.transaction() as tx:
        await _calls(tx, stage, 12, 35)
        await _calls(tx, stage, 1, 60 * 9)
    answer = await _get(stage)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    (day,) = body["periods"]
    assert (body["tz"], day["start"], day["end"]) == ("UTC", "2026-03-02T00:00:00Z", "2026-03-02T08:00:00Z")
    assert (day["alarms"], day["worst"]) == (12, "overloaded")
    figures = {f["key"]: f for f in day["figures"]}
    assert figures["rate_per_hour"]["value"] == 1.5
    assert figures["rate_per_hour"]["verdict"] == "acceptable"
    assert figures["peak_per_10_min"] | {"label": None} == {
        "key": "peak_per_10_min",
        "label": None,
        "value": 12.0,
        "unit": "{alarm}",
        "target": 10.0,
        "verdict": "overloaded",
        "source": "ISA-18.2-2016 clause 16; IEC 62682",
    }
    assert day["top"] == [{"rule": str(stage.world.rule_id), "alarms": 12, "chattering": 10}]
    assert day["chattering"] == day["top"]


async def test_another_zone_has_its_own_figures(stage: Stage) -> None:
    async with stage.transaction() as tx:
        await _calls(tx, stage, 2, 35)
    assert (await _get(stage, zone=str(stage.world.zone_id))).json()["periods"][0]["alarms"] == 2
    admin = await stage.edge.as_role(Role.ADMIN)
    hall = {"site": str(stage.world.site_id), "slug": "hall", "name": {"zh": "厅", "en": "Hall"}}
    building = (await stage.http.post("/v1/buildings", headers=admin, json=hall)).json()["id"]
    assert (await _get(stage, building=building)).json()["periods"][0]["alarms"] == 0
    beside = await _get(stage, building=building, zone=str(stage.world.zone_id))
    assert (beside.status_code, beside.json()["field"]) == (400, "zone")


async def test_shifts_divide_the_day_by_the_sites_clock(stage: Stage) -> None:
    async with stage.transaction() as tx:
        await tx.execute("UPDATE sites SET tz = 'Asia/Shanghai'")
        await _calls(tx, stage, 3, 30)
    body = (await _get(stage, "/periods", shifts="22:00,06:00,14:00")).json()
    starts = [datetime.fromisoformat(p["start"]).astimezone(UTC).hour for p in body["periods"]]
    assert starts == [22, 6, 14]
    assert [p["alarms"] for p in body["periods"]] == [0, 3, 0]
    assert body["periods"][2]["end"] == body["periods"][2]["start"]
