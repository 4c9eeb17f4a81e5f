"""Hazards over HTTP: drawn, drawn anew, ended, listed, put on a map, forecast; and refused by name."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.ids import new_id
from people.permissions import Role
from tests import incident_world
from tests.contract.conftest import Stage, read_all

NAME = {"zh": "云", "en": "Cloud"}
AREA = {"polygon": incident_world.SQUARE, "levels": [0]}
SLOW = AREA | {"factor": 3.0, "air": [{"agent": "acetone", "value": 400.0, "unit": "ppm"}]}
WIND = {"from_deg": 45, "speed_m_s": 3, "source": "the mast"}
LEAK = {
    "agent": "ammonia",
    "amount": 0.5,
    "unit": "kg/s",
    "outdoors": {"at": [0.0005, 0.0004], "wind": WIND, "stability": "D"},
}


class Desk:
    """A responder at the site's hazards."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.http, self.headers = stage, stage.http, stage.wang
        self.path = f"/v1/sites/{stage.world.site_id}/hazards"

    async def ask(
        self, method: str, path: str = "", body: Any = None, *, version: int | None = None, **headers: str
    ) -> httpx.Response:
        match = {} if version is None else {"If-Match": f'"{version}"'}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, self.path + path, json=body, headers=self.headers | match | named)

    async def draw(self, **body: Any) -> Any:
        made = await self.ask("POST", body={"areas": [AREA], "name": NAME} | body)
        assert made.status_code == 201, made.text
        return made.json()


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)


async def commands(stage: Stage) -> int:
    async with stage.transaction() as tx:
        return int(await tx.fetchval("SELECT count(*) FROM commands WHERE tenant_id = $1", tx.tenant_id))


async def test_a_responder_on_the_spot_draws_one_and_its_room_is_told(desk: Desk) -> None:
    incident = str(desk.stage.world.incident_id)
    made = await desk.draw(areas=[AREA, SLOW], incident=incident, agent="acetone", minutes=30)
    assert (made["source"], made["incident"], made["exercise"], made["version"]) == ("drawn", incident, False, 1)
    view = made["view"]
    assert (view["bans"], view["factor"], view["levels"], len(view["areas"])) == (True, 3.0, [0], 2)
    room = await desk.http.get(f"/v1/rooms/{desk.stage.world.room_id}", headers=desk.headers)
    assert room.json()["hazards"] == {made["id"]: view}
    lines = await desk.http.get(f"/v1/incidents/{incident}/timeline", headers=desk.headers)
    assert [it["kind"] for it in lines.json()["items"]] == ["hazard.stated"]


async def test_it_is_named_after_its_agent_where_it_has_no_name(desk: Desk) -> None:
    assert (await desk.draw(name=None, agent="acetone"))["name"] == {"zh": "丙酮危险区", "en": "acetone hazard"}
    refused = await desk.ask("POST", body={"areas": [AREA]})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (400, "hazard.unnamed", "name")


async def test_sent_again_with_its_key_it_is_one(desk: Desk) -> None:
    body = {"areas": [AREA], "name": NAME}
    first, second = [await desk.ask("POST", body=body, Idempotency_Key="k") for _ in range(2)]
    assert first.json() == second.json()
    assert len((await desk.ask("GET")).json()["items"]) == 1


async def test_it_is_drawn_anew_by_its_version_and_ended_with_a_reason(desk: Desk) -> None:
    made = await desk.draw(incident=str(desk.stage.world.incident_id))
    path = f"/{made['id']}"
    edit = {"areas": [SLOW], "name": NAME, "minutes": 5}
    assert (await desk.ask("PATCH", path, edit)).status_code == 428
    assert (await desk.ask("PATCH", path, edit, version=7)).status_code == 412
    again = await desk.ask("PATCH", path, edit, version=1)
    assert (again.status_code, again.headers["ETag"]) == (200, '"2"'), again.text
    assert (again.json()["view"]["bans"], again.json()["view"]["factor"]) == (False, 3.0)
    whole = (await desk.ask("GET", path)).json()
    assert whole["hazard"] == again.json()
    assert whole["slices"][0]["areas"][0]["air"] == [{"agent": "acetone", "value": 400.0, "unit": "ppm"}]
    assert whole["slices"][0]["from"] == again.json()["stated_at"]
    assert (await desk.ask("POST", f"{path}/end", {"reason": ""})).status_code == 400
    ended = await desk.ask("POST", f"{path}/end", {"reason": "aired out"})
    assert (ended.status_code, ended.json()["end_reason"], ended.json()["view"]["areas"]) == (200, "aired out", [])
    assert (await desk.ask("POST", f"{path}/end", {"reason": "again"})).json() == ended.json()
    late = await desk.ask("PATCH", path, edit, version=3)
    assert (late.status_code, late.json()["code"]) == (409, "hazard.ended")


async def test_the_list_is_paged_and_filtered(desk: Desk) -> None:
    incident = str(desk.stage.world.incident_id)
    mine = await desk.draw(incident=incident, name={"zh": "水洼", "en": "Puddle"})
    others = [await desk.draw() for _ in range(3)]
    await desk.ask("POST", f"/{others[0]['id']}/end", {"reason": "over"})
    await desk.ask("POST", "/forecasts", LEAK)

    async def found(query: str) -> list[str]:
        return [it["id"] for it in await read_all(desk.http, desk.path + query, desk.headers, limit=2)]

    assert len(await found("")) == 5
    assert await found(f"?incident={incident}") == [mine["id"]]
    assert await found("?standing=false") == [others[0]["id"]]
    assert len(await found("?standing=true&source=drawn")) == 3
    assert await found("?q=puddle") == [mine["id"]]
    missing = await desk.ask("GET", f"?incident={new_id()}")
    assert missing.status_code == 404


async def test_a_map_shows_what_stands_at_a_moment_on_a_level(desk: Desk) -> None:
    made = await desk.draw(areas=[AREA, SLOW], minutes=10)
    shown = (await desk.ask("GET", "/features?level=0")).json()
    assert (shown["type"], shown["left_out"], len(shown["features"])) == ("FeatureCollection", 0, 2)
    first = shown["features"][0]
    assert (first["geometry"]["type"], first["properties"]["hazard"], first["properties"]["banned"]) == (
        "Polygon",
        made["id"],
        True,
    )
    assert (await desk.ask("GET", "/features?level=4")).json()["features"] == []
    for moment, count in (("07:59:59", 0), ("08:09:59", 2), ("08:10:00", 0)):
        there = (await desk.ask("GET", f"/features?at=2026-03-02T{moment}Z")).json()
        assert len(there["features"]) == count, moment


def outline(coordinates: Any, kind: str = "Polygon") -> dict[str, Any]:
    return {"areas": [AREA | {"polygon": {"type": kind, "coordinates": coordinates}}], "name": NAME}


BOW = [[[0, 0], [0.001, 0.001], [0.001, 0], [0, 0.001], [0, 0]]]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (outline(BOW), "geo.hazard_invalid", "areas.0.polygon.coordinates"),
        (outline([]), "body.invalid", "areas[0].polygon.coordinates"),
        (outline([[0, 0]], "Point"), "body.invalid", "areas[0].polygon.type"),
        (outline([[[1e9, 0]] * 4]), "geo.hazard_invalid", "areas.0.polygon.coordinates"),
        (outline([[["a", "\0"]] * 4]), "geo.hazard_invalid", "areas.0.polygon.coordinates"),
        (outline([[[0, 0]] * 20_000]), "geo.hazard_invalid", "areas.0.polygon.coordinates"),
        (outline([[[1, 0], [1.001, 0], [1, 0.001], [1, 0]]]), "hazard.off_site", "areas.0.polygon.coordinates"),
        ({"areas": [AREA | {"levels": [9]}], "name": NAME}, "geo.hazard_invalid", "areas.0.levels"),
        ({"areas": [AREA | {"factor": 0.5}], "name": NAME}, "body.invalid", "areas[0].factor"),
        ({"areas": [], "name": NAME}, "body.invalid", "areas"),
        ({"areas": [AREA], "name": NAME, "minutes": 0}, "body.invalid", "minutes"),
        ({"areas": [AREA], "agent": "Not A Slug"}, "body.invalid", "agent"),
    ],
)
async def test_what_is_no_hazard_is_refused_by_its_field_and_nothing_is_kept(
    desk: Desk, body: dict[str, Any], code: str, field: str
) -> None:
    refused = await desk.ask("POST", body=body)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (400, code, field), refused.text
    assert (await desk.ask("GET")).json()["items"] == []


async def test_a_worker_sees_hazards_and_states_none(desk: Desk) -> None:
    await desk.draw()
    worker = await desk.stage.edge.as_role(Role.WORKER)
    assert len((await desk.http.get(desk.path, headers=worker)).json()["items"]) == 1
    refused = await desk.http.post(desk.path, headers=worker, json={"areas": [AREA], "name": NAME})
    assert refused.status_code == 403


async def test_an_incident_that_is_closed_or_of_another_site_has_none(desk: Desk) -> None:
    body = {"areas": [AREA], "name": NAME}
    assert (await desk.ask("POST", body=body | {"incident": str(new_id())})).status_code == 404
    async with desk.stage.transaction() as tx:
        await tx.execute("UPDATE incidents SET state = 'closed', closed_at = $1, close_reason = 'x'", tx.now)
    late = await desk.ask("POST", body=body | {"incident": str(desk.stage.world.incident_id)})
    assert (late.status_code, late.json()["code"]) == (409, "incident.closed")


async def test_who_called_for_help_finds_nothing_of_it_on_their_phone(desk: Desk) -> None:
    made = await desk.draw(incident=str(desk.stage.world.incident_id))
    call = {"key": "k", "kind": "fall", "at": "2026-03-02T08:00:00Z"}
    sos = (await desk.http.post("/v1/sos", json=call, headers=desk.headers)).json()
    async with desk.stage.transaction() as tx:
        incident = await tx.fetchval("SELECT incident_id FROM sos_calls")
        await tx.execute("UPDATE hazards SET incident_id = $1", incident)
    assert sos["id"]
    assert (await desk.ask("GET")).json()["items"] == []
    assert (await desk.ask("GET", "/features")).json()["features"] == []
    assert (await desk.ask("GET", f"/{made['id']}")).status_code == 404
    officer = await desk.stage.edge.as_role(Role.SAFETY_OFFICER)
    assert len((await desk.http.get(desk.path, headers=officer)).json()["items"]) == 1


# --- forecasts -------------------------------------------------------------------------------------------------------
async def test_a_forecast_is_shown_without_being_stated_and_stated_with_its_sources(desk: Desk) -> None:
    before = await commands(desk.stage)
    tried = await desk.ask("POST", "/forecasts", LEAK | {"dry_run": True})
    assert (tried.status_code, tried.json()["stated"]) == (200, None), tried.text
    assert len(tried.json()["slices"][0]["areas"]) == 2
    assert (await desk.ask("GET")).json()["items"] == []
    incident = str(desk.stage.world.incident_id)
    made = await desk.ask("POST", "/forecasts", LEAK | {"incident": incident, "minutes": 20})
    assert made.status_code == 201, made.text
    stated = made.json()["stated"]
    assert (stated["source"], stated["agent"], stated["ends_at"]) == ("forecast", "ammonia", "2026-03-02T08:20:00Z")
    assert stated["facts"]["wind"]["source"] == "the mast"
    assert {it["source"]["source"] for it in stated["facts"]["limits"]} == {"GB/T 50493"}
    assert "Gaussian plume" in stated["facts"]["model"]
    room = (await desk.http.get(f"/v1/rooms/{desk.stage.world.room_id}", headers=desk.headers)).json()
    assert room["hazards"][stated["id"]]["bans"] is True
    assert await commands(desk.stage) == before, "a forecast moves no machine"
    edit = await desk.ask("PATCH", f"/{stated['id']}", {"areas": [AREA], "name": NAME}, version=1)
    assert (edit.status_code, edit.json()["code"]) == (409, "hazard.not_drawn")


async def test_indoors_it_goes_through_the_rooms_of_the_plan_in_force(desk: Desk) -> None:
    body = LEAK | {"outdoors": None, "indoors": {"room": "hall", "air_changes_h": 1}, "unit": "g/s"}
    missing = await desk.ask("POST", "/forecasts", body)
    assert (missing.status_code, missing.json()["code"]) == (409, "hazard.no_plan")
    admin = await desk.stage.edge.as_role(Role.ADMIN)
    plans = f"/v1/sites/{desk.stage.world.site_id}/place-plans/draft"
    plan = {
        "name": NAME,
        "levels": [{"level": 0, "name": NAME}],
        "rooms": [{"id": "hall", "level": 0, "polygon": incident_world.SQUARE}],
        "assembly_points": [{"id": "yard", "at": [0.0, -0.0001], "name": NAME}],
    }
    await desk.http.put(plans, headers=admin | {"If-Match": '"0"'}, json=plan)
    accept = {"accept": [{"kind": "unreachable", "place": "hall"}]}
    done = await desk.http.post(f"{plans}/publish", headers=admin | {"If-Match": '"1"'}, json=accept)
    assert done.status_code == 200, done.text
    for where in ({"room": "hall"}, {"zone": str(desk.stage.world.zone_id)}):
        # The hall holds 18,000 m3.
        asked = body | {"indoors": where | {"air_changes_h": 1}, "amount": 2000}
        made = await desk.ask("POST", "/forecasts", asked)
        assert made.status_code == 201, made.text
        assert made.json()["facts"]["rooms"] == ["hall"]
    gone = await desk.ask("POST", "/forecasts", body | {"indoors": {"room": "attic", "air_changes_h": 1}})
    assert (gone.status_code, gone.json()["field"]) == (404, "indoors.room")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"outdoors": None}, 400, "hazard.where"),
        ({"indoors": {"room": "a", "air_changes_h": 1}}, 400, "hazard.where"),
        ({"outdoors": None, "indoors": {"air_changes_h": 1}}, 400, "hazard.where"),
        ({"agent": "oxygen"}, 400, "hazard.no_limit"),
        ({"agent": "silane"}, 400, "hazard.no_limit"),
        ({"amount": 0.000001, "unit": "g/s"}, 409, "hazard.nowhere"),
        ({"outdoors": LEAK["outdoors"] | {"at": [1, 1]}}, 400, "hazard.off_site"),  # type: ignore[operator]
        ({"outdoors": LEAK["outdoors"] | {"sky": "overcast"}}, 400, "hazard.stability"),  # type: ignore[operator]
        ({"outdoors": LEAK["outdoors"] | {"levels": [8]}}, 400, "hazard.level"),  # type: ignore[operator]
        ({"amount": 0}, 400, "body.invalid"),
        ({"minutes": 1441}, 400, "body.invalid"),
    ],
)
async def test_a_forecast_that_can_not_be_made_says_why(
    desk: Desk, change: dict[str, Any], status: int, code: str
) -> None:
    refused = await desk.ask("POST", "/forecasts", LEAK | change)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert (await desk.ask("GET")).json()["items"] == []
