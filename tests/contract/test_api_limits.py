"""Limits over HTTP: the library with its sources, and the rules sensors are held to."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from people.permissions import Role
from tests.contract.conftest import Stage, read_all

SOURCE = {"jurisdiction": "CN", "edition": "2019", "source": "GB/T 50493", "note": "5.5.2"}


@pytest_asyncio.fixture
async def officer(stage: Stage) -> dict[str, str]:
    """Headers of a safety officer."""
    return await stage.edge.as_role(Role.SAFETY_OFFICER)


@pytest_asyncio.fixture
async def sensor_id(stage: Stage, officer: dict[str, str]) -> UUID:
    """An acetone sensor in ppm."""
    async with stage.transaction() as tx:
        device_id = await tx.fetchval("SELECT id FROM devices LIMIT 1")
    body = {
        "device": str(device_id),
        "zone": str(stage.world.zone_id),
        "series": "acetone",
        "name": {"zh": "丙酮", "en": "Acetone"},
        "quantity": "concentration",
        "unit": "[ppm]",
        "stale_after_s": 30,
        "agent": "acetone",
    }
    made = await stage.http.post("/v1/sensors", headers=officer, json=body)
    assert made.status_code == 201, made.text
    return UUID(made.json()["id"])


def limit_on(sensor_id: UUID, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "sensor": str(sensor_id),
        "kind": "high",
        "level": 1,
        "set_point": 250.0,
        "unit": "[ppm]",
        "source": SOURCE,
    }
    return body | changes


async def test_anonymous_is_401(stage: Stage) -> None:
    answers = [await stage.http.get(path) for path in ("/v1/limits", "/v1/alarm-rules")]
    answers.append(await stage.http.post("/v1/alarm-rules", json=limit_on(uuid4())))
    answers.append(await stage.http.post(f"/v1/sensors/{uuid4()}/limits", json={}))
    answers.append(await stage.http.delete(f"/v1/alarm-rules/{stage.world.rule_id}"))
    assert {answer.status_code for answer in answers} == {401}


async def test_a_responder_reads_limits_and_sets_none(stage: Stage) -> None:
    assert (await stage.http.get("/v1/limits", headers=stage.wang)).status_code == 200
    for answer in (
        await stage.http.post("/v1/alarm-rules", headers=stage.wang, json={}),
        await stage.http.post(f"/v1/sensors/{uuid4()}/limits", headers=stage.wang, json={}),
        await stage.http.delete(f"/v1/alarm-rules/{stage.world.rule_id}", headers=stage.wang),
    ):
        assert (answer.status_code, answer.json()["limit"]) == (403, "manage_plant")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": {**SOURCE, "source": " "}}, "source.source"),
        ({"source": None}, "source"),
        ({"level": 3}, "level"),
        ({"kind": "stale"}, "kind"),
        ({"set_point": "250"}, "set_point"),
        ({"on_delay_s": -1}, "on_delay_s"),
        ({"on_delay_s": 86_401}, "on_delay_s"),
        ({"unit": "kg"}, "unit"),
        ({"level": 2, "toxic": True, "on_delay_s": 1}, "on_delay_s"),
    ],
)
async def test_a_wrong_limit_is_named(
    stage: Stage, officer: dict[str, str], sensor_id: UUID, changes: dict[str, Any], field: str
) -> None:
    answer = await stage.http.post("/v1/alarm-rules", headers=officer, json=limit_on(sensor_id, **changes))
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_every_row_of_the_library_names_its_source(stage: Stage) -> None:
    rows = await read_all(stage.http, "/v1/limits", stage.wang, limit=200)
    assert all(row["source"]["source"] and row["source"]["jurisdiction"] for row in rows)
    acetone = await read_all(stage.http, "/v1/limits?agent=acetone", stage.wang, limit=200)
    assert {(row["purpose"], row["level"], row["value"], row["unit"]) for row in acetone} >= {
        ("fire", 1, 25.0, "%{LEL}"),
        ("fire", 2, 50.0, "%{LEL}"),
    }


async def test_a_limit_of_ones_own_is_kept_in_the_sensors_unit(
    stage: Stage, officer: dict[str, str], sensor_id: UUID
) -> None:
    body = limit_on(sensor_id, set_point=0.1, unit="%", on_delay_s=2)
    headers = officer | {"Idempotency-Key": "limit-1"}
    made = await stage.http.post("/v1/alarm-rules", headers=headers, json=body)
    assert (made.status_code, made.json()["unit"], made.json()["on_delay_s"]) == (201, "[ppm]", 2.0)
    assert made.json()["set_point"] == pytest.approx(1000.0)
    assert made.json()["source"] == SOURCE
    again = await stage.http.post("/v1/alarm-rules", headers=headers, json=body)
    assert again.json() == made.json()


async def test_a_sensor_takes_its_limits_from_the_library_once(
    stage: Stage, officer: dict[str, str], sensor_id: UUID
) -> None:
    path = f"/v1/sensors/{sensor_id}/limits"
    taken = await stage.http.post(path, headers=officer, json={})
    assert taken.status_code == 201, taken.text
    assert sorted(row["level"] for row in taken.json()["items"]) == [1, 2]
    assert (await stage.http.post(path, headers=officer, json={})).json()["items"] == []
    unknown = await stage.http.post(path, headers=officer, json={"purpose": "machine"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "limit.unknown")


async def test_pages_hold_every_rule_once_and_filters_hold(
    stage: Stage, officer: dict[str, str], sensor_id: UUID
) -> None:
    made = []
    for n in range(5):
        body = limit_on(sensor_id, set_point=100.0 + n)
        made.append((await stage.http.post("/v1/alarm-rules", headers=officer, json=body)).json()["id"])
    shown = await read_all(stage.http, f"/v1/alarm-rules?sensor={sensor_id}", stage.wang, limit=2)
    assert [row["id"] for row in shown if row["kind"] == "high"] == made
    every = await read_all(stage.http, f"/v1/alarm-rules?site={stage.world.site_id}", stage.wang, limit=3)
    assert str(stage.world.rule_id) in {row["id"] for row in every}
    assert await read_all(stage.http, f"/v1/alarm-rules?site={uuid4()}", stage.wang, limit=3) == []


async def test_retiring_twice_is_one_fact(stage: Stage, officer: dict[str, str], sensor_id: UUID) -> None:
    made = (await stage.http.post("/v1/alarm-rules", headers=officer, json=limit_on(sensor_id))).json()
    for _ in range(2):
        assert (await stage.http.delete(f"/v1/alarm-rules/{made['id']}", headers=officer)).status_code == 204
    shown = await read_all(stage.http, f"/v1/alarm-rules?sensor={sensor_id}", stage.wang, limit=50)
    assert made["id"] not in {row["id"] for row in shown}


async def test_an_instruments_own_rule_ends_with_the_instrument(stage: Stage, officer: dict[str, str]) -> None:
    answer = await stage.http.delete(f"/v1/alarm-rules/{stage.world.rule_id}", headers=officer)
    assert (answer.status_code, answer.json()["code"]) == (400, "rule.own")
    answer = await stage.http.delete(f"/v1/alarm-rules/{uuid4()}", headers=officer)
    assert (answer.status_code, answer.json()["code"]) == (404, "alarm_rule.not_found")
