"""Redrawing a zone over HTTP: what would be left outside, and who would not get out, is named and nothing changes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from people.permissions import Role
from tests.contract.conftest import Edge, read_all
from tests.contract.test_api_place_plans import OUT, drawn
from tests.unit.drawn_places import at, box, point

NAME = {"zh": "名称", "en": "Name"}


class Works:
    """A site with one zone, a box in it, and its admin."""

    def __init__(self, edge: Edge, headers: dict[str, str]) -> None:
        self.http, self.headers = edge.http, headers
        self.site = self.zone = self.box = ""

    async def make(self, path: str, **body: Any) -> httpx.Response:
        return await self.http.post(f"/v1/{path}", json=body, headers=self.headers)

    async def edit(self, path: str, version: int = 1, **body: Any) -> httpx.Response:
        match = {"If-Match": f'"{version}"'}
        return await self.http.patch(f"/v1/{path}", json=body, headers=self.headers | match)

    async def redraw(self, **body: Any) -> httpx.Response:
        return await self.edit(f"zones/{self.zone}", **body)

    async def sensor(self, series: str, **more: Any) -> httpx.Response:
        facts = {"quantity": "concentration", "unit": "[ppm]", "stale_after_s": 15.0, "zone": self.zone, "name": NAME}
        return await self.make("sensors", device=self.box, series=series, **(facts | more))

    async def fan(self, slug: str, **more: Any) -> httpx.Response:
        facts = {"kind": "fan", "expected": {"start": {"state": "running"}}, "deadline_s": 5.0, "zone": self.zone}
        return await self.make("actuators", device=self.box, slug=slug, name=NAME, **(facts | more))

    async def publish(self, plan: dict[str, Any], accept: Any = ()) -> None:
        path = f"/v1/sites/{self.site}/place-plans/draft"
        put = await self.http.put(path, json=plan, headers=self.headers | {"If-Match": '"0"'})
        match = {"If-Match": put.headers["ETag"]}
        done = await self.http.post(f"{path}/publish", json={"accept": list(accept)}, headers=self.headers | match)
        assert done.status_code == 200, done.text


@pytest.fixture
async def works(edge: Edge) -> Works:
    made = Works(edge, await edge.as_role(Role.ADMIN))
    made.site = (await made.make("sites", slug="works", name=NAME, tz="UTC")).json()["id"]
    made.zone = (await made.make("zones", site=made.site, slug="office", name=NAME, polygon=box(0, 0))).json()["id"]
    made.box = (await made.make("plant/devices", site=made.site, slug="box", name=NAME)).json()["device"]["id"]
    return made


# Where instruments stand.


async def test_an_instrument_stands_in_its_zone_and_is_moved_and_taken_off_the_map(works: Works) -> None:
    made = await works.sensor("lel", position=point(1, 1))
    assert made.status_code == 201, made.text
    assert (made.json()["position"], made.json()["level"]) == (point(1, 1), 0)
    path = f"sensors/{made.json()['id']}"
    renamed = (await works.edit(path, name=NAME)).json()
    assert (renamed["position"], renamed["level"]) == (point(1, 1), 0)
    moved = (await works.edit(path, 2, position=point(5, 3))).json()
    assert moved["position"] == point(5, 3)
    gone = (await works.edit(path, 3, position=None)).json()
    assert (gone["position"], gone["level"]) == (None, None)
    fan = await works.fan("fan", position=point(2, 2), level=0)
    assert (fan.json()["position"], fan.json()["level"]) == (point(2, 2), 0)
    assert (await works.fan("vent")).json()["position"] is None
    listed = await read_all(works.http, f"/v1/actuators?site={works.site}", works.headers, limit=10)
    assert [it["position"] for it in listed] == [point(2, 2), None]


@pytest.mark.parametrize(
    ("more", "code", "field", "hint"),
    [
        ({"position": point(30, 1)}, "instrument.position", "position", "m outside its zone"),
        ({"position": point(1, 1), "level": 3}, "instrument.level", "level", "on level 0"),
        ({"position": {"type": "Point", "coordinates": list(at(1, 1))[::-1]}}, "instrument.position", "position",
         "look swapped"),
        ({"position": {"type": "Point", "coordinates": [500, 0]}}, "body.invalid", "position.coordinates[0]", ""),
        ({"position": {"type": "Line", "coordinates": [0, 0]}}, "body.invalid", "position.type", ""),
    ],
)  # fmt: skip
async def test_a_place_that_is_not_in_the_zone_is_refused_by_name(
    works: Works, more: Any, code: str, field: str, hint: str
) -> None:
    for answer in (await works.sensor("lel", **more), await works.fan("fan", **more)):
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, code, field), answer.text
        assert hint in answer.json()["detail"]


async def test_an_instrument_given_another_zone_stands_there_or_is_refused(works: Works) -> None:
    made = (await works.sensor("lel", position=point(1, 1))).json()
    upstairs = await works.make("zones", site=works.site, slug="attic", name=NAME, polygon=box(0, 0), level=1)
    yard = await works.make("zones", site=works.site, slug="yard", name=NAME, polygon=box(40, 0))
    refused = await works.edit(f"sensors/{made['id']}", zone=yard.json()["id"])
    assert refused.json()["code"] == "instrument.position"
    moved = await works.edit(f"sensors/{made['id']}", zone=upstairs.json()["id"])
    assert (moved.json()["zone"], moved.json()["level"]) == (upstairs.json()["id"], 1)


# Redrawing.


async def test_a_zone_that_would_leave_instruments_outside_stays_as_it_is(works: Works) -> None:
    await works.sensor("near", position=point(1, 1))
    far = (await works.sensor("far", position=point(5, 2))).json()
    fan = (await works.fan("fan", position=point(5, 3))).json()
    await works.sensor("anywhere")
    refused = await works.redraw(polygon=box(0, 0, 3, 4))
    assert (refused.status_code, refused.json()["code"]) == (409, "zone.instruments_outside")
    assert refused.json()["value"] == [
        {"kind": "sensor", "id": far["id"], "name": "far"},
        {"kind": "actuator", "id": fan["id"], "name": "fan"},
    ]
    assert "sensor far" in refused.json()["detail"]
    lifted = await works.redraw(level=1)
    assert [it["name"] for it in lifted.json()["value"]] == ["far", "near", "fan"]
    kept = (await works.http.get(f"/v1/zones/{works.zone}", headers=works.headers)).json()
    assert (kept["version"], kept["level"], kept["polygon"]) == (1, 0, box(0, 0))


async def test_what_is_out_of_use_holds_no_zone(works: Works) -> None:
    made = (await works.sensor("old", position=point(5, 2))).json()
    assert (await works.edit(f"sensors/{made['id']}", retired=True)).status_code == 200
    assert (await works.redraw(polygon=box(0, 0, 3, 4))).status_code == 200
    back = await works.edit(f"sensors/{made['id']}", 2, retired=False)
    assert back.json()["code"] == "instrument.position"


async def test_a_zone_that_nobody_would_get_out_of_stays_as_it_is_until_it_is_accepted(works: Works) -> None:
    """The store beside the office has no door."""
    cut_off = [{"kind": "unreachable", "place": "store"}]
    await works.publish(drawn(OUT), cut_off)
    refused = await works.redraw(polygon=box(6.1, 0.1, 5, 3))
    assert (refused.status_code, refused.json()["code"], refused.json()["value"]) == (
        409, "zone.unreachable", ["store"],
    )  # fmt: skip
    assert "zone office" in refused.json()["detail"]
    nowhere = await works.redraw(level=1)
    assert (nowhere.json()["code"], nowhere.json()["value"]) == ("zone.unreachable", [])
    assert (await works.redraw(polygon=box(0, 0, 12, 4), accept=False)).status_code == 200
    taken = await works.edit(f"zones/{works.zone}", 2, polygon=box(6.1, 0.1, 5, 3), accept=True)
    assert (taken.status_code, taken.json()["version"]) == (200, 3), taken.text


async def test_without_a_plan_in_force_a_zone_is_drawn_anywhere_and_a_name_asks_no_plan(works: Works) -> None:
    assert (await works.redraw(polygon=box(100, 0))).status_code == 200
    await works.publish(drawn(OUT), [{"kind": "unreachable", "place": "store"}])
    assert (await works.edit(f"zones/{works.zone}", 2, risk=2)).status_code == 200


async def test_a_late_edit_is_refused_before_the_plan_is_walked(works: Works) -> None:
    await works.publish(drawn(OUT), [{"kind": "unreachable", "place": "store"}])
    late = await works.edit(f"zones/{works.zone}", 7, polygon=box(6, 0))
    assert (late.status_code, late.json()["code"]) == (412, "version.changed")
