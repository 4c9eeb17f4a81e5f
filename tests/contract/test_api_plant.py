"""Sites, buildings, zones, devices, sensors and actuators over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from core.device_secret import verify_secret
from core.ids import new_id
from people.permissions import Role
from plant import queries, reading_queries
from plant.model import DeviceState, Quality, Reading
from tests.contract.conftest import Edge, read_all
from tests.contract.plant_ground import SQUARE, Ground, lay, lay_elsewhere

NAME = {"zh": "南厂", "en": "South works"}
LISTS = ("/v1/sites", "/v1/buildings", "/v1/zones", "/v1/plant/devices", "/v1/sensors", "/v1/actuators")


@pytest_asyncio.fixture
async def ground(edge: Edge) -> Ground:
    return await lay(edge)


def creations(ground: Ground) -> dict[str, dict[str, Any]]:
    """What creates one of each."""
    site, device, zone = str(ground.site), str(ground.device), str(ground.zone)
    return {
        "/v1/sites": {"slug": "south", "name": NAME, "tz": "Asia/Shanghai"},
        "/v1/buildings": {"site": site, "slug": "optics", "name": NAME},
        "/v1/zones": {"site": site, "slug": "hall", "name": NAME, "polygon": SQUARE, "risk": 2, "agents": ["acetone"]},
        "/v1/plant/devices": {"site": site, "slug": "box-2", "name": NAME},
        "/v1/sensors": {
            "device": device,
            "zone": zone,
            "series": "oxygen",
            "name": NAME,
            "quantity": "concentration",
            "unit": "%",
            "stale_after_s": 15,
            "calibration_due": "2026-12-01",
        },
        "/v1/actuators": {
            "device": device,
            "zone": zone,
            "slug": "siren-1",
            "name": NAME,
            "kind": "siren",
            "expected": {"sound": {"state": "sounding"}},
            "deadline_s": 5,
        },
    }


def things(ground: Ground) -> dict[str, UUID]:
    """One of each that stands there."""
    return {
        f"/v1/sites/{ground.site}": ground.site,
        f"/v1/zones/{ground.zone}": ground.zone,
        f"/v1/plant/devices/{ground.device}": ground.device,
        f"/v1/sensors/{ground.sensor}": ground.sensor,
        f"/v1/actuators/{ground.actuator}": ground.actuator,
    }


async def test_anonymous_is_401_everywhere(edge: Edge, ground: Ground) -> None:
    for path in (*LISTS, *things(ground)):
        assert (await edge.http.get(path)).status_code == 401, path
    for path in creations(ground):
        assert (await edge.http.post(path, json={})).status_code == 401, path
    for path in things(ground):
        assert (await edge.http.patch(path, json={})).status_code == 401, path


async def test_a_worker_sees_the_plant_and_changes_nothing(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.WORKER)
    for path in (*LISTS, *things(ground)):
        assert (await edge.http.get(path, headers=headers)).status_code == 200, path
    answers = [await edge.http.post(path, headers=headers, json=body) for path, body in creations(ground).items()]
    answers += [await edge.http.patch(path, headers=headers, json={}) for path in things(ground)]
    device = f"/v1/plant/devices/{ground.device}"
    answers += [await edge.http.post(f"{device}/{act}", headers=headers) for act in ("secret", "revoke")]
    assert {(a.status_code, a.json()["limit"]) for a in answers} == {(403, "manage_plant")}


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("/v1/sites", {"slug": "Has Space"}, "slug"),
        ("/v1/sites", {"tz": "Mars/Olympus"}, "tz"),
        ("/v1/sites", {"name": {"zh": "厂"}}, "name.en"),
        ("/v1/sites", {"name": {"zh": " ", "en": "Works"}}, "name.zh"),
        ("/v1/sites", {"name": NAME | {"fr": "Usine"}}, "name.fr"),
        ("/v1/sites", {"surprise": 1}, "surprise"),
        ("/v1/buildings", {"site": "north"}, "site"),
        ("/v1/zones", {"polygon": {"type": "Point", "coordinates": []}}, "polygon.type"),
        ("/v1/zones", {"polygon": {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0]]]}},
         "polygon.coordinates"),
        ("/v1/zones", {"risk": 4}, "risk"),
        ("/v1/zones", {"level": 1.5}, "level"),
        ("/v1/plant/devices", {"secret": "my own"}, "secret"),
        ("/v1/sensors", {"stale_after_s": 0}, "stale_after_s"),
        ("/v1/sensors", {"unit": "m g"}, "unit"),
        ("/v1/sensors", {"calibration_due": "soon"}, "calibration_due"),
        ("/v1/actuators", {"kind": "laser"}, "kind"),
        ("/v1/actuators", {"expected": {}}, "expected"),
        ("/v1/actuators", {"expected": {"sound": {}}}, "expected.sound"),
        ("/v1/actuators", {"deadline_s": 601}, "deadline_s"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(
    edge: Edge, ground: Ground, path: str, change: dict[str, Any], field: str
) -> None:
    headers = await edge.as_role(Role.ADMIN)
    answer = await edge.http.post(path, headers=headers, json=creations(ground)[path] | change)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_a_filter_out_of_bounds_is_named(edge: Edge) -> None:
    headers = await edge.as_role(Role.WORKER)
    for query, field in (
        ("/v1/zones?level=99999", "level"),
        ("/v1/zones?site=north", "site"),
        ("/v1/sensors?retired=perhaps", "retired"),
        ("/v1/sites?q=", "q"),
        ("/v1/actuators?cursor=bm8", "cursor"),
    ):
        answer = await edge.http.get(query, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_each_kind_is_created_read_back_and_named_by_its_etag(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.SAFETY_OFFICER)
    for path, body in creations(ground).items():
        made = await edge.http.post(path, headers=headers, json=body)
        assert (made.status_code, made.headers["etag"]) == (201, '"1"'), made.text
        view = made.json().get("device", made.json()) if path == "/v1/plant/devices" else made.json()
        again = await edge.http.get(f"{path}/{view['id']}", headers=headers)
        assert (again.json(), again.headers["etag"]) == (view, '"1"')
        assert body.items() <= view.items() or path == "/v1/actuators"


async def test_a_slug_is_taken_once(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    for path, body in creations(ground).items():
        codes = [(await edge.http.post(path, headers=headers, json=body)).status_code for _ in range(2)]
        assert codes == [201, 409], path


async def test_the_same_key_and_request_is_one_zone(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN) | {"Idempotency-Key": "k-1"}
    body = creations(ground)["/v1/zones"]
    first, second = [await edge.http.post("/v1/zones", headers=headers, json=body) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert (second.headers["idempotency-replayed"], second.headers["etag"]) == ("true", first.headers["etag"])


async def test_an_edit_names_the_version_it_saw(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    for path in things(ground):
        bare = await edge.http.patch(path, headers=headers, json={"name": NAME})
        assert (bare.status_code, bare.json()["field"]) == (428, "If-Match")
        done = await edge.http.patch(path, headers=headers | {"If-Match": '"1"'}, json={"name": NAME})
        assert (done.status_code, done.json()["name"], done.headers["etag"]) == (200, NAME, '"2"'), path
        late = await edge.http.patch(path, headers=headers | {"If-Match": '"1"'}, json={"name": NAME})
        assert (late.status_code, late.json()["code"]) == (412, "version.changed")


async def test_what_an_edit_leaves_out_stays(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    path = f"/v1/sensors/{ground.sensor}"
    before = (await edge.http.get(path, headers=headers)).json()
    after = await edge.http.patch(path, headers=headers | {"If-Match": '"1"'}, json={"agent": None})
    assert after.json() == before | {"agent": None, "version": 2}


async def test_instruments_are_retired_and_taken_back(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    for path, kind in ((f"/v1/sensors/{ground.sensor}", "sensors"), (f"/v1/actuators/{ground.actuator}", "actuators")):
        gone = await edge.http.patch(path, headers=headers | {"If-Match": '"1"'}, json={"retired": True})
        assert gone.json()["retired_at"] is not None
        in_use = (await edge.http.get(f"/v1/{kind}?retired=false", headers=headers)).json()["items"]
        assert in_use == []
        back = await edge.http.patch(path, headers=headers | {"If-Match": '"2"'}, json={"retired": False})
        assert back.json()["retired_at"] is None


async def test_another_tenants_ids_are_not_found(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    theirs = await lay_elsewhere(edge)
    for path in (*things(theirs), f"/v1/buildings/{uuid4()}"):
        assert (await edge.http.get(path, headers=headers)).status_code == 404, path
        edit = await edge.http.patch(path, headers=headers | {"If-Match": '"1"'}, json={"name": NAME})
        assert edit.status_code == 404, path
    for act in ("secret", "revoke"):
        answer = await edge.http.post(f"/v1/plant/devices/{theirs.device}/{act}", headers=headers)
        assert answer.status_code == 404
    for path, body in creations(theirs).items():
        if path != "/v1/sites":
            assert (await edge.http.post(path, headers=headers, json=body)).status_code == 404, path
    for path in LISTS:
        shown = {item["id"] for item in await read_all(edge.http, path, headers, limit=50)}
        assert shown.isdisjoint(map(str, things(theirs).values())), path


async def test_pages_hold_every_zone_once_and_filters_narrow_them(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    for number in range(5):
        body = creations(ground)["/v1/zones"] | {"slug": f"hall-{number}", "level": number % 2}
        await edge.http.post("/v1/zones", headers=headers, json=body)
    slugs = [zone["slug"] for zone in await read_all(edge.http, "/v1/zones", headers, limit=2)]
    assert slugs == ["hall-0", "hall-1", "hall-2", "hall-3", "hall-4", "store"]

    async def found(query: str) -> list[str]:
        return [zone["slug"] for zone in await read_all(edge.http, f"/v1/zones?{query}", headers, limit=50)]

    assert await found("level=1") == ["hall-1", "hall-3"]
    assert await found("q=SOUTH&level=0") == ["hall-0", "hall-2", "hall-4"]
    assert await found("q=%25") == []
    assert await found(f"site={uuid4()}") == []
    assert await found(f"site={ground.site}&q=store") == ["store"]


async def test_instruments_are_found_by_zone_device_and_words(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.WORKER)
    for query, count in (
        (f"zone={ground.zone}", 1),
        (f"device={ground.device}&site={ground.site}", 1),
        (f"zone={uuid4()}", 0),
    ):
        for kind in ("sensors", "actuators"):
            items = (await edge.http.get(f"/v1/{kind}?{query}", headers=headers)).json()["items"]
            assert len(items) == count, query
    assert len((await edge.http.get("/v1/sensors?q=ACE", headers=headers)).json()["items"]) == 1
    assert (await edge.http.get("/v1/actuators?q=siren", headers=headers)).json()["items"] == []


async def test_zones_that_touch_know_each_other(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    made = (await edge.http.post("/v1/zones", headers=headers, json=creations(ground)["/v1/zones"])).json()
    assert made["adjoining"] == [str(ground.zone)]
    moved = await edge.http.patch(f"/v1/zones/{made['id']}", headers=headers | {"If-Match": '"1"'}, json={"level": 1})
    assert moved.json()["adjoining"] == []


async def test_a_device_shows_what_it_last_said_and_when_it_was_heard(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.WORKER)
    path = f"/v1/plant/devices/{ground.device}"
    silent = (await edge.http.get(path, headers=headers)).json()
    assert (silent["online"], silent["battery"], silent["last_seen_at"]) == (None, None, None)
    assert silent["login"] == f"{edge.clone.tenant_slug}/north/gas-1"
    spoke, measured = edge.clock.now(), edge.clock.advance(30)
    tenant_id = edge.clone.tenant_id
    async with edge.deps.db.transaction(tenant_id) as tx:
        await queries.save_device_state(
            tx, tenant_id, DeviceState(tenant_id, ground.device, True, spoke, "1.2", 0.8, spoke)
        )
    heard = (await edge.http.get(path, headers=headers)).json()
    assert (heard["online"], heard["battery"], heard["firmware"]) == (True, 0.8, "1.2")
    assert datetime.fromisoformat(heard["last_seen_at"]) == spoke
    async with edge.deps.db.transaction(tenant_id) as tx:
        await reading_queries.store_readings(
            tx, tenant_id, [Reading(ground.sensor, measured, measured, 4.0, Quality.GOOD)]
        )
    items = (await edge.http.get("/v1/plant/devices?online=true", headers=headers)).json()["items"]
    assert [datetime.fromisoformat(item["last_seen_at"]) for item in items] == [measured]
    assert (await edge.http.get("/v1/plant/devices?online=false", headers=headers)).json()["items"] == []


async def test_a_secret_is_shown_once_and_kept_nowhere(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN) | {"Idempotency-Key": "k-1"}
    body = creations(ground)["/v1/plant/devices"]
    first, second = [await edge.http.post("/v1/plant/devices", headers=headers, json=body) for _ in range(2)]
    secret = first.json()["secret"]
    assert first.headers["cache-control"] == "no-store"
    assert second.json() == first.json() | {"secret": None}
    assert second.headers["idempotency-replayed"] == "true"
    async with edge.deps.db.transaction(edge.clone.tenant_id) as tx:
        for table in ("devices", "idempotency_keys", "audit", "outbox"):
            rows = await tx.fetchval(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            assert rows, table
            assert secret not in rows, table
        login = await queries.find_device_login(tx, edge.clone.tenant_id, "north", "box-2")
    assert login is not None
    assert verify_secret(secret, login.secret_hash)


async def test_a_secret_is_renewed_and_a_device_revoked(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.SAFETY_OFFICER)
    path = f"/v1/plant/devices/{ground.device}"
    revoked = [await edge.http.post(f"{path}/revoke", headers=headers) for _ in range(2)]
    assert [(a.status_code, a.headers["etag"]) for a in revoked] == [(200, '"2"'), (200, '"2"')]
    assert revoked[0].json()["revoked_at"] is not None
    assert len((await edge.http.get("/v1/plant/devices?revoked=true", headers=headers)).json()["items"]) == 1
    key = headers | {"Idempotency-Key": str(new_id())}
    first, second = [await edge.http.post(f"{path}/secret", headers=key) for _ in range(2)]
    assert (first.status_code, first.headers["etag"]) == (200, '"3"')
    assert first.json()["device"]["revoked_at"] is None
    assert first.json()["secret"] not in (None, ground.secret)
    assert (second.json()["secret"], second.headers["etag"]) == (None, '"3"')


async def test_changes_of_the_plant_are_audited(edge: Edge, ground: Ground) -> None:
    headers = await edge.as_role(Role.ADMIN)
    made = (await edge.http.post("/v1/sites", headers=headers, json=creations(ground)["/v1/sites"])).json()
    rows = (await edge.http.get(f"/v1/audit?subject={made['id']}", headers=headers)).json()["items"]
    assert [(row["action"], row["facts"]["slug"]) for row in rows] == [("site.created", "south")]
    assert datetime.fromisoformat(rows[0]["at"]) == edge.clock.now().astimezone(UTC)
