"""Readings over HTTP: a device's own way in, what is refused of it, and what people read back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from core.clock import SystemClock
from core.database import Database
from core.errors import Forbidden, Unavailable
from core.outbox import Listener
from incidents.engine import sink_factory
from people.permissions import Role
from plant import intake_queries, reading_queries
from plant.gateway import Gateway
from plant.model import Quality, Reading
from plant.mqtt_link import BrokerAddress
from plant.protocols import PAYLOAD_MAX_BYTES, SAMPLES_MAX
from tests.clusters import Clone
from tests.contract.conftest import Edge, read_all
from tests.contract.plant_ground import BOX, SITE, Ground, basic, lay, lay_elsewhere

PATH = "/v1/readings"
JSON = {"Content-Type": "application/json"}
# Every wait here is for a fact that comes within milliseconds; past this it does not come.
PATIENCE_S = 20.0


@pytest_asyncio.fixture
async def ground(edge: Edge) -> Ground:
    return await lay(edge)


def sample(edge: Edge, value: object = 4.5, **changes: Any) -> dict[str, Any]:
    """What the box measures now."""
    at = int(edge.clock.now().timestamp() * 1000)
    return {"series": "acetone", "at": at, "value": value, "unit": "[ppm]"} | changes


async def inbox(edge: Edge, site_id: UUID) -> list[Reading]:
    """What waits for the site's gateway."""
    tenant_id = edge.clone.tenant_id
    async with edge.deps.db.transaction(tenant_id) as tx:
        items = await intake_queries.list_inbox(tx, tenant_id, site_id, UUID(int=0), 1000)
    return [reading for item in items for reading in item.readings]


async def refusals(edge: Edge) -> dict[tuple[str | None, str], int]:
    """(device, code) -> count, as the admin sees them."""
    items = (await edge.http.get("/v1/refusals", headers=await edge.as_role(Role.ADMIN))).json()["items"]
    return {(item["device"], item["code"]): item["count"] for item in items}


# The way in.


async def test_nobody_and_a_persons_token_are_401_with_a_challenge_for_devices(edge: Edge, ground: Ground) -> None:
    person = await edge.as_role(Role.ADMIN)
    for headers in ({}, person, {"Authorization": "Basic"}):
        answer = await edge.http.post(PATH, headers=headers, json=sample(edge))
        assert (answer.status_code, answer.json()["code"]) == (401, "device.login_missing")
        assert answer.headers["www-authenticate"].startswith("Basic")


async def test_a_wrong_secret_and_an_unknown_device_are_refused_alike(edge: Edge, ground: Ground) -> None:
    tenant = edge.clone.tenant_slug
    wrong = [
        ground.basic(secret="guess"),
        ground.basic(device="gas-2"),
        basic(f"{tenant}/south/{BOX}", ground.secret),
        basic(f"nobody/{SITE}/{BOX}", ground.secret),
        basic(f"{tenant}/{SITE}", ground.secret),
        basic(f"{tenant}/{SITE}/{BOX}/x", ground.secret),
        basic(f"{tenant}/{SITE}/GAS", ground.secret),
        {"Authorization": "Basic ~~~"},
        {"Authorization": "Basic " + "QQ" * 500},
    ]
    answers = [await edge.http.post(PATH, headers=headers, json=sample(edge)) for headers in wrong]
    assert {(a.status_code, a.json()["code"], a.json()["detail"]) for a in answers} == {
        (401, "device.login_refused", "device login or secret is wrong")
    }
    assert await inbox(edge, ground.site) == []
    assert await refusals(edge) == {(BOX, "wrong_secret"): 1, (None, "unknown_device"): 1}


async def test_a_revoked_device_is_shut_out_at_once(edge: Edge, ground: Ground) -> None:
    admin = await edge.as_role(Role.SAFETY_OFFICER)
    device = f"/v1/plant/devices/{ground.device}"
    assert (await edge.http.post(PATH, headers=ground.basic(), json=sample(edge))).status_code == 202
    await edge.http.post(f"{device}/revoke", headers=admin)
    assert (await edge.http.post(PATH, headers=ground.basic(), json=sample(edge))).status_code == 401
    secret = (await edge.http.post(f"{device}/secret", headers=admin)).json()["secret"]
    assert (await edge.http.post(PATH, headers=ground.basic(), json=sample(edge))).status_code == 401
    assert (await edge.http.post(PATH, headers=ground.basic(secret=secret), json=sample(edge))).status_code == 202
    assert await refusals(edge) == {(BOX, "revoked_device"): 1, (BOX, "wrong_secret"): 1}


async def test_another_tenants_device_is_not_this_tenants(edge: Edge, ground: Ground) -> None:
    theirs = await lay_elsewhere(edge)
    crossed = basic(f"{edge.clone.tenant_slug}/{SITE}/{BOX}", theirs.secret)
    assert (await edge.http.post(PATH, headers=crossed, json=sample(edge))).status_code == 401
    assert (await edge.http.post(PATH, headers=theirs.basic(), json=sample(edge))).status_code == 202
    assert await inbox(edge, ground.site) == []


async def test_guessing_ends_in_429_while_the_device_itself_goes_on(edge: Edge, ground: Ground) -> None:
    assert (await edge.http.post(PATH, headers=ground.basic(), json=sample(edge))).status_code == 202
    guesses = [
        (await edge.http.post(PATH, headers=ground.basic(secret=f"guess {n}"), json=sample(edge))) for n in range(11)
    ]
    assert [a.status_code for a in guesses] == [401] * 10 + [429]
    assert int(guesses[-1].headers["retry-after"]) == 900
    assert (await edge.http.post(PATH, headers=ground.basic(), json=sample(edge))).status_code == 202
    edge.clock.advance(900)
    late = await edge.http.post(PATH, headers=ground.basic(secret="guess"), json=sample(edge))
    assert late.status_code == 401


async def test_a_device_with_an_old_secret_does_not_use_up_its_plants_address(edge: Edge, ground: Ground) -> None:
    old = ground.basic(secret="old")
    for _ in range(250):
        with pytest.raises((Forbidden, Unavailable)):
            await edge.deps.devices.authenticate(edge.deps.db, old["Authorization"], "192.0.2.7")
    with pytest.raises(Forbidden):
        await edge.deps.devices.authenticate(edge.deps.db, ground.basic(device="gas-2")["Authorization"], "192.0.2.7")
    await edge.account("wang")
    assert (await edge.session("wang")).access_token


async def test_a_whole_plant_comes_back_at_once(edge: Edge, ground: Ground) -> None:
    header = ground.basic()["Authorization"]
    known = await asyncio.gather(
        *(edge.deps.devices.authenticate(edge.deps.db, header, "192.0.2.7") for _ in range(300))
    )
    assert {device.device_id for device in known} == {ground.device}


# What it sends.


async def test_a_body_of_another_type_is_415_and_one_that_can_not_be_read_is_400_and_counted(
    edge: Edge, ground: Ground
) -> None:
    form = await edge.http.post(PATH, headers=ground.basic(), data={"a": "b"})
    assert (form.status_code, form.json()["field"]) == (415, "Content-Type")
    broken = await edge.http.post(PATH, headers=ground.basic() | JSON, content=b'{"samples": [')
    assert (broken.status_code, broken.json()["code"]) == (400, "readings.malformed")
    empty = await edge.http.post(PATH, headers=ground.basic() | JSON, content=b"")
    assert empty.status_code == 400
    assert await refusals(edge) == {(BOX, "malformed"): 2}


async def test_an_oversized_payload_is_413_and_counted(edge: Edge, ground: Ground) -> None:
    padded = msgspec.json.encode([sample(edge, series="x" * PAYLOAD_MAX_BYTES)])
    large = await edge.http.post(PATH, headers=ground.basic() | JSON, content=padded)
    assert (large.status_code, large.json()["code"]) == (413, "body.too_large")
    assert (large.json()["value"], large.json()["limit"]) == (len(padded), PAYLOAD_MAX_BYTES)
    packed = msgspec.msgpack.encode([{} for _ in range(SAMPLES_MAX + 1)])
    many = await edge.http.post(PATH, headers=ground.basic() | {"Content-Type": "application/msgpack"}, content=packed)
    assert many.status_code == 413
    huge = await edge.http.post(PATH, headers=ground.basic() | JSON, content=b" " * 1_100_000)
    assert huge.status_code == 413
    assert await refusals(edge) == {(BOX, "oversized"): 2}


async def test_bad_samples_are_refused_one_by_one_and_good_ones_kept(edge: Edge, ground: Ground) -> None:
    now_ms = int(edge.clock.now().timestamp() * 1000)
    samples = [
        sample(edge),
        sample(edge, series="ozone"),
        sample(edge, unit="mg/m3"),
        sample(edge, at=now_ms + 60_000),
        sample(edge, value="high"),
    ]
    answer = await edge.http.post(PATH, headers=ground.basic(), json={"samples": samples, "seq": 7})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["seq"]) == (1, 7)
    assert [(r["index"], r["code"]) for r in body["refused"]] == [
        (1, "unknown_series"),
        (2, "unit_mismatch"),
        (3, "future_dated"),
        (4, "malformed"),
    ]
    assert [reading.value for reading in await inbox(edge, ground.site)] == [4.5]


async def test_json_and_messagepack_one_list_and_batch_land_in_the_inbox(edge: Edge, ground: Ground) -> None:
    packed = ground.basic() | {"Content-Type": "application/msgpack"}
    bodies = (
        (ground.basic() | JSON, msgspec.json.encode(sample(edge, 1.0))),
        (ground.basic() | JSON, msgspec.json.encode([sample(edge, 2.0)])),
        (packed, msgspec.msgpack.encode(sample(edge, 3.0))),
        (packed, msgspec.msgpack.encode({"samples": [sample(edge, None)], "seq": 1})),
    )
    for headers, content in bodies:
        answer = await edge.http.post(PATH, headers=headers, content=content)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
    kept = await inbox(edge, ground.site)
    assert [(r.sensor_id, r.value, r.quality) for r in kept] == [
        (ground.sensor, 1.0, Quality.GOOD),
        (ground.sensor, 2.0, Quality.GOOD),
        (ground.sensor, 3.0, Quality.GOOD),
        (ground.sensor, None, Quality.GAP),
    ]
    assert {r.observed_at for r in kept} == {edge.clock.now()}


@asynccontextmanager
async def gateway_of(clone: Clone, db: Database) -> AsyncIterator[None]:
    """A gateway at work, its broker away."""
    listener = Listener(clone.app_url)
    nowhere = BrokerAddress("127.0.0.1", 1)
    gateway = Gateway(db, listener, db.clock, nowhere, sink_factory(db, listener), lease_s=6.0, keep_days=3650)
    tasks = [asyncio.create_task(listener.run()), asyncio.create_task(gateway.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_sites_gateway_takes_what_http_brought_though_the_broker_is_away(edge: Edge, ground: Ground) -> None:
    early = await edge.http.post(PATH, headers=ground.basic(), json=sample(edge, 1.0))
    assert early.status_code == 202
    tenant_id = edge.clone.tenant_id
    async with (
        Database.connect(edge.clone.app_url, SystemClock(), max_size=4) as db,
        gateway_of(edge.clone, db),
        asyncio.timeout(PATIENCE_S),
    ):
        edge.clock.advance(1)
        again = [sample(edge, 2.0), sample(edge, 2.0)]
        assert (await edge.http.post(PATH, headers=ground.basic(), json=again)).json()["accepted"] == 2
        start = edge.clock.now() - timedelta(hours=1)
        stored: list[Reading] = []
        while len(stored) < 2 or await inbox(edge, ground.site):
            await asyncio.sleep(0.02)
            async with db.transaction(tenant_id) as tx:
                stored = await reading_queries.list_readings(
                    tx, tenant_id, ground.sensor, start, start + timedelta(hours=2), 10
                )
    assert [reading.value for reading in stored] == [1.0, 2.0]


# What people read back.

T0 = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


async def store(edge: Edge, ground: Ground, values: list[float | None], step_s: float = 1.0) -> None:
    """Readings from T0 on."""
    readings = [
        Reading(
            ground.sensor,
            T0 + timedelta(seconds=n * step_s),
            T0 + timedelta(seconds=n * step_s),
            value,
            Quality.GAP if value is None else Quality.GOOD,
        )
        for n, value in enumerate(values)
    ]
    async with edge.deps.db.transaction(edge.clone.tenant_id) as tx:
        await reading_queries.store_readings(tx, edge.clone.tenant_id, readings)


def during(seconds: float) -> dict[str, str]:
    """The range from T0."""
    return {"from": T0.isoformat(), "to": (T0 + timedelta(seconds=seconds)).isoformat()}


async def test_reading_back_needs_a_token_and_the_permission(edge: Edge, ground: Ground) -> None:
    worker = await edge.as_role(Role.WORKER)
    for path in (f"/v1/sensors/{ground.sensor}/readings", f"/v1/sensors/{ground.sensor}/readings/raw", "/v1/refusals"):
        assert (await edge.http.get(path)).status_code == 401
        denied = await edge.http.get(path, headers=worker)
        assert (denied.status_code, denied.json()["limit"]) in ((403, "read_readings"), (403, "read_refusals"))


@pytest.mark.parametrize("leaf", ["", "/raw"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-02T08:00:00Z", "to": "2026-03-02T07:00:00Z"}, "to"),
        ({"from": "2010-03-02T08:00:00Z", "to": "2026-03-02T07:00:00Z"}, "to"),
        ({"from": "2026-03-02T08:00:00", "to": "2026-03-02T09:00:00Z"}, "from"),
        ({"from": "2026-03-02T08:00:00Z", "to": "2026-03-02T09:00:00"}, "to"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
        ({"to": "9999-12-31T23:59:59-12:00"}, "to"),
        ({"from": "yesterday"}, "from"),
    ],
)
async def test_a_bad_range_is_named(edge: Edge, ground: Ground, leaf: str, query: dict[str, str], field: str) -> None:
    headers = await edge.as_role(Role.RESPONDER)
    answer = await edge.http.get(f"/v1/sensors/{ground.sensor}/readings{leaf}", params=query, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
    if query[field] != "yesterday":
        assert {"value", "limit"} <= answer.json().keys()


async def test_too_many_points_and_a_foreign_cursor_are_named(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.RESPONDER)
    path = f"/v1/sensors/{ground.sensor}/readings"
    for query, field in (("?points=2001", "points"), ("/raw?limit=201", "limit"), ("/raw?cursor=bm8", "cursor")):
        answer = await edge.http.get(path + query, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_another_tenants_sensor_is_not_found(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.RESPONDER)
    theirs = await lay_elsewhere(edge)
    for sensor in (theirs.sensor, uuid4()):
        for leaf in ("", "/raw"):
            answer = await edge.http.get(f"/v1/sensors/{sensor}/readings{leaf}", headers=headers)
            assert answer.status_code == 404


async def test_a_series_is_down_sampled_with_its_extremes_and_gaps(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.RESPONDER)
    await store(edge, ground, [1.0, 5.0, None, 3.0, 4.0, None, 9.0])
    answer = await edge.http.get(
        f"/v1/sensors/{ground.sensor}/readings", params=during(20) | {"points": "4"}, headers=headers
    )
    body = answer.json()
    assert (body["sensor"], body["unit"], body["bucket_s"]) == (str(ground.sensor), "[ppm]", 5)
    shown = [(p["min"], p["max"], p["avg"], p["count"], p["gaps"]) for p in body["points"]]
    assert shown == [(1.0, 5.0, 3.25, 4, 1), (9.0, 9.0, 9.0, 1, 1)]


async def test_without_a_range_it_is_the_last_hour(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.RESPONDER)
    await store(edge, ground, [1.0, 2.0], step_s=3599)
    edge.clock.advance(1)
    raw = await edge.http.get(f"/v1/sensors/{ground.sensor}/readings/raw", headers=headers)
    assert [item["value"] for item in raw.json()["items"]] == [2.0]


async def test_raw_readings_come_in_pages_each_once(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.RESPONDER)
    await store(edge, ground, [float(n) if n != 3 else None for n in range(7)], step_s=0.001)
    path = f"/v1/sensors/{ground.sensor}/readings/raw"
    query = "&".join(f"{key}={value.replace('+', '%2B')}" for key, value in during(1).items())
    items = await read_all(edge.http, f"{path}?{query}", headers, limit=2)
    assert [item["value"] for item in items] == [0.0, 1.0, 2.0, None, 4.0, 5.0, 6.0]
    assert [item["quality"] for item in items[2:4]] == ["good", "gap"]


async def test_refusals_are_shown_with_their_last_example_in_pages(edge: Edge, ground: Ground) -> None:
    for series in ("ozone", "neon"):
        edge.clock.advance(1)
        await edge.http.post(PATH, headers=ground.basic(), json=sample(edge, series=series))
    edge.clock.advance(1)
    await edge.http.post(PATH, headers=ground.basic(), json=sample(edge, unit="%"))
    await edge.http.post(PATH, headers=ground.basic(secret="guess"), json=sample(edge))
    headers = await edge.as_role(Role.AUDITOR)
    items = await read_all(edge.http, f"/v1/refusals?site={ground.site}", headers, limit=1)
    assert [item["code"] for item in items] == ["unit_mismatch", "wrong_secret", "unknown_series"]
    last = items[-1]
    assert (last["device"], last["count"], last["topic"]) == (BOX, 2, "POST /v1/readings")
    assert "neon" in last["detail"]
    assert "neon" in last["sample"]
    assert (await edge.http.get(f"/v1/refusals?site={uuid4()}", headers=headers)).json()["items"] == []
