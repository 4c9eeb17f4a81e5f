"""A site's map asked over HTTP, with a plan, equipment, doors and hazards as people gave them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.ids import new_id
from incidents.wayfinding.questions import AT_ONCE, WAITING_MAX
from people.permissions import Role
from tests import presence_world, wayfinding_world
from tests.contract.conftest import Edge
from tests.wayfinding_world import House, lon_lat, rectangle

NORTH, EAST = (30, 15, 50, 19), (40, -5, 85, 25)
TO_STORE = {"kind": "room", "room": "store"}


@dataclass
class Asker:
    """Somebody who asks of the house's map, and those who say what stands in it."""

    http: httpx.AsyncClient
    house: House
    worker: dict[str, str]
    officer: dict[str, str]

    @property
    def site(self) -> str:
        return f"/v1/sites/{self.house.site_id}"

    async def way(self, headers: dict[str, str] | None = None, **asked: Any) -> httpx.Response:
        body = {"from": at(10, 15), "to": TO_STORE} | asked
        return await self.http.post(f"{self.site}/ways", json=body, headers=headers or self.worker)

    async def told(self, headers: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
        answer = await self.way(headers, **asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def look(self, what: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        return await self.http.get(f"{self.site}/{what}", params=params, headers=headers or self.worker)

    async def hazard(self, box: tuple[float, float, float, float], **area: Any) -> str:
        drawn = {"polygon": rectangle(*box), "levels": [0]} | area
        body = {"areas": [drawn], "name": {"zh": "泄漏", "en": "The leak"}}
        made = await self.http.post(f"{self.site}/hazards", json=body, headers=self.officer)
        assert made.status_code == 201, made.text
        own: str = made.json()["id"]
        return own

    async def lock(self, door: str) -> None:
        body = {"state": "locked", "reason": "works"}
        params = {"of": "door", "feature": door}
        done = await self.http.put(f"{self.site}/passages/state", params=params, json=body, headers=self.officer)
        assert done.status_code == 200, done.text

    async def equip(self, slug: str, x: float, y: float, **more: Any) -> str:
        lon, lat = lon_lat(x, y)
        name = {"zh": slug, "en": slug}
        body = {"slug": slug, "kind": "aed", "name": name, "lon": lon, "lat": lat, "level": 0} | more
        made = await self.http.post(f"{self.site}/equipment", json=body, headers=self.officer)
        assert made.status_code == 201, made.text
        own: str = made.json()["id"]
        return own


def at(x: float, y: float, **more: Any) -> dict[str, Any]:
    lon, lat = lon_lat(x, y)
    return {"kind": "position", "lon": lon, "lat": lat} | more


def here(x: float, y: float) -> dict[str, Any]:
    lon, lat = lon_lat(x, y)
    return {"lon": lon, "lat": lat}


def said(way: dict[str, Any]) -> str:
    return " ".join(it["text"]["en"] for it in way["steps"])


@pytest.fixture
async def asker(edge: Edge, compiled: None) -> Asker:
    house = await wayfinding_world.build(edge.deps.db, edge.clone.tenant_id)
    worker, officer = await edge.as_role(Role.WORKER), await edge.as_role(Role.SAFETY_OFFICER)
    return Asker(edge.http, house, worker, officer)


async def test_a_way_comes_in_steps_with_its_time_and_as_geojson(asker: Asker) -> None:
    way = await asker.told()
    assert (way["state"], way["target"]["en"]) == ("safe", "Store")
    assert "North Door 1" in said(way)
    assert way["walk_s"] > 0
    assert way["arrives_at"] > way["computed_at"]
    assert way["geometry"]["type"] == "FeatureCollection"
    assert len(way["geometry"]["features"]) == len(way["steps"])
    out = await asker.told(to={"kind": "assembly"})
    assert out["target"]["en"] == "Assembly West"
    zone = str(asker.house.world.zone_id)
    assert (await asker.told(to={"kind": "zone", "zone": zone}))["state"] == "safe"


async def test_hazards_and_locked_doors_turn_it(asker: Asker) -> None:
    await asker.hazard(NORTH)
    assert "South Door 1" in said(await asker.told())
    await asker.lock("SW")
    shut = await asker.told()
    assert (shut["state"], shut["least_harm"]["hazards"][0]["en"]) == ("no_safe_route", "The leak")
    assert shut["least_harm"]["share"] is None


async def test_through_is_for_those_who_may_lead(asker: Asker) -> None:
    await asker.hazard(EAST, air=[{"agent": "acetone", "value": 200, "unit": "ppm"}])
    refused = await asker.way(through=True)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission.missing")
    told = await asker.told()
    assert (told["state"], told["crossed"]) == ("no_safe_route", [])
    crew = await asker.told(asker.officer, through=True, mask="breathing_apparatus", air_min=30)
    assert (crew["state"], crew["crossed"][0]["factor"]) == ("no_safe_route", None)
    assert 0 < crew["least_harm"]["share"] < told["least_harm"]["share"]
    assert crew["limit"]["en"] == "the 15 min limit of GBZ 2.1 (450 mg/m3)"
    assert crew["choices"][0]["banned"]
    assert crew["choices"][0]["air_left_s"] < 30 * 60


async def test_the_forecast_is_said_for_what_it_is(asker: Asker) -> None:
    way = await asker.told(mode="predicted")
    forecast = way["forecast"]
    assert (forecast["slice_s"], forecast["moving"], forecast["holds"]) == (15.0, False, True)
    assert forecast["stated"]["zh"]


@pytest.mark.parametrize(
    ("asked", "status", "code", "field"),
    [
        ({"from": at(10, 900)}, 400, "geo.position_off_site", "from"),
        ({"from": at(10, 15, level=9)}, 400, "geo.level_without_ways", "from.level"),
        ({"from": {"kind": "position", "lon": 31.03, "lat": 121.44}}, 400, "geo.position_invalid", "from"),
        ({"from": {"kind": "position", "lon": 200, "lat": 0}}, 400, "body.invalid", "from.lon"),
        ({"to": at(10, 900)}, 400, "geo.position_off_site", "to"),
        ({"to": {"kind": "room", "room": "attic"}}, 404, "room.not_found", "to"),
        ({"to": {"kind": "zone", "zone": str(new_id())}}, 404, "zone.not_found", "to"),
        ({"to": {"kind": "equipment", "equipment": str(new_id())}}, 404, "equipment.not_found", "to"),
        ({"mask": "breathing_apparatus"}, 400, "wayfinding.mask_invalid", "air_min"),
        ({"mask": "full", "air_min": 2000}, 400, "body.invalid", "air_min"),
    ],
)
async def test_what_is_wrong_with_a_question_is_named(
    asker: Asker, asked: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = await asker.way(**asked)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, field)


async def test_swapped_degrees_are_hinted_at_in_both_languages(asker: Asker) -> None:
    swapped = {"kind": "position", "lon": 31.03, "lat": 121.44}
    for language, hint in (("en", "swapped"), ("zh-CN", "写反")):
        answer = await asker.way(asker.worker | {"Accept-Language": language}, **{"from": swapped})
        assert hint in answer.json()["detail"]


async def test_without_a_plan_in_force_there_is_no_way(edge: Edge, compiled: None) -> None:
    async with edge.deps.db.transaction(edge.clone.tenant_id) as tx:
        world = await presence_world.build(tx)
    site, headers = f"/v1/sites/{world.plant.site.id}", await edge.as_role(Role.WORKER)
    body = {"from": at(0, 0), "to": {"kind": "exit"}}
    none = await edge.http.post(f"{site}/ways", json=body, headers=headers)
    assert (none.status_code, none.json()["code"]) == (404, "place_plan.no_published")
    unknown = await edge.http.post(f"/v1/sites/{new_id()}/ways", json=body, headers=headers)
    assert unknown.status_code == 404


async def test_the_nearest_that_can_be_used_and_why_nearer_ones_can_not(asker: Asker) -> None:
    burning, near = await asker.equip("burning", 40, 17), await asker.equip("near", 55, 3)
    empty = await asker.equip("empty", 22, 17, in_stock=0)
    broken = await asker.equip("broken", 24, 17)
    out = await asker.http.post(
        f"/v1/equipment/{broken}/out-of-service", json={"reason": "leaks"}, headers=asker.officer
    )
    assert out.status_code == 200, out.text
    await asker.hazard(NORTH)
    answer = await asker.look("nearest-equipment", kind="aed", k=1, **here(10, 15))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [it["id"] for it in found["found"]] == [near]
    assert {it["id"]: it["why"] for it in found["refused"]} == {
        empty: "empty", broken: "out_of_service", burning: "in_hazard",
    }  # fmt: skip
    zone = str(asker.house.world.zone_id)
    assert (await asker.look("nearest-equipment", kind="aed", zone=zone)).json()["found"][0]["id"] == near
    way = await asker.told(to={"kind": "equipment", "equipment": near})
    assert (way["state"], way["target"]["en"]) == ("safe", "near")


@pytest.mark.parametrize(
    ("params", "field"), [({}, "lon"), ({"lon": 1.0}, "lat"), ({"zone": str(new_id()), "lat": 1.0}, "zone")]
)
async def test_a_place_is_a_position_or_a_zone(asker: Asker, params: dict[str, Any], field: str) -> None:
    for what, headers in (("nearest-equipment", asker.worker), ("first-there", asker.officer)):
        more = {"kind": "aed"} if what == "nearest-equipment" else {}
        answer = await asker.look(what, headers, **params, **more)
        assert (answer.status_code, answer.json()["code"]) == (400, "wayfinding.place_missing")
        assert answer.json()["field"] == field


async def test_who_is_there_first_is_for_those_who_may_see_where_people_are_and_is_audited(
    asker: Asker, edge: Edge
) -> None:
    world = asker.house.world
    await asker.house.at(world.wang, 10, 15)
    await asker.house.at(world.li, 65, 15)
    refused = await asker.look("first-there", **here(70, 12))
    assert (refused.status_code, refused.json()["code"]) == (403, "permission.missing")
    answer = await asker.look("first-there", asker.officer, **here(70, 12))
    assert answer.status_code == 200, answer.text
    first = answer.json()["first"]
    assert [UUID(it["person"]) for it in first] == [world.li, world.wang]
    assert [it["known_by"] for it in first] == ["position", "position"]
    assert first[0]["walk_s"] < first[1]["walk_s"]
    none = await asker.look("first-there", asker.officer, skill="first_aid", **here(70, 12))
    assert (none.json()["first"], none.json()["away"]) == ([], [])
    zone = await asker.look("first-there", asker.officer, zone=str(world.zone_id), k=1)
    assert [UUID(it["person"]) for it in zone.json()["first"]] == [world.li]
    unknown = await asker.look("first-there", asker.officer, zone=str(new_id()))
    assert (unknown.status_code, unknown.json()["field"]) == (404, "zone")
    wrong = await asker.look("first-there", asker.officer, skill="first\0aid", **here(70, 12))
    assert wrong.status_code == 400
    audited = await edge.http.get(
        "/v1/audit", params={"action": "presence.first_there"}, headers=await edge.as_role(Role.ADMIN)
    )
    assert len(audited.json()["items"]) == 3


async def test_one_who_is_cut_off_is_named_as_such(asker: Asker) -> None:
    world = asker.house.world
    await asker.house.at(world.wang, 10, 15)
    for door in ("NE", "SE"):
        await asker.lock(door)
    answer = await asker.look("first-there", asker.officer, **here(70, 12))
    assert answer.json()["first"] == []
    assert [(UUID(it["person"]), it["why"]) for it in answer.json()["away"]] == [(world.wang, "cut_off")]


async def test_too_many_questions_at_once_are_told_to_come_back(asker: Asker, edge: Edge) -> None:
    desk = edge.deps.ways
    desk._asked = AT_ONCE + WAITING_MAX
    try:
        busy = await asker.way()
    finally:
        desk._asked = 0
    assert (busy.status_code, busy.json()["code"]) == (503, "wayfinding.busy")
    assert int(busy.headers["Retry-After"]) >= 1
    assert (await asker.way()).status_code == 200
