"""Geometry that can not be, over HTTP: a clear error that names what and where, and nothing stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from people.permissions import Role
from tests.contract.conftest import Edge, Stage
from tests.contract.test_api_place_plans import BETWEEN, NAME, OUT, Desk, door, drawn, files
from tests.contract.test_api_zone_edits import Works
from tests.unit.drawn_places import at, box, collection

MILLION = 1_000_000


@pytest.fixture
async def desk(stage: Stage) -> Desk:
    return Desk(stage, await stage.edge.as_role(Role.ADMIN))


@pytest.fixture
async def works(edge: Edge) -> Works:
    """A site with two zones at 50 degrees east, 40 north: both are latitudes, so that only the site tells a swap."""
    made = Works(edge, await edge.as_role(Role.ADMIN))
    made.site = (await made.make("sites", slug="works", name=NAME, tz="UTC")).json()["id"]
    for slug, x in (("yard", 40), ("office", 0)):
        zone = await made.make("zones", site=made.site, slug=slug, name=NAME, polygon=moved(box(x, 0)))
        made.zone = zone.json()["id"]
    return made


def turned(it: Any) -> Any:
    """Every position of it with longitude and latitude swapped."""
    if isinstance(it, list) and len(it) == 2 and all(isinstance(number, float) for number in it):
        return it[::-1]
    if isinstance(it, list):
        return [turned(part) for part in it]
    return {key: turned(part) for key, part in it.items()} if isinstance(it, dict) else it


def moved(it: Any) -> Any:
    """Every position of it 50 degrees east and 40 north of where the drawings stand, less Shanghai."""
    lon, lat = at(0, 0)
    if isinstance(it, list) and len(it) == 2 and all(isinstance(number, float) for number in it):
        return [it[0] - lon + 50, it[1] - lat + 40]
    if isinstance(it, list):
        return [moved(part) for part in it]
    return {key: moved(part) for key, part in it.items()} if isinstance(it, dict) else it


def features(content: str) -> list[Any]:
    parts: list[Any] = json.loads(content)["features"]
    return parts


async def nothing_stored(desk: Desk) -> bool:
    return (await desk.ask("GET", "/draft")).status_code == 404


# A plan.


async def test_a_plan_drawn_with_swapped_coordinates_is_told_so_by_a_latitude_that_is_none(desk: Desk) -> None:
    answer = await desk.ask("PUT", "/draft", turned(drawn(OUT, BETWEEN)), 0)
    assert (answer.status_code, answer.json()["code"]) == (400, "place_plan.swapped"), answer.text
    assert "[longitude, latitude]" in answer.json()["detail"]
    assert await nothing_stored(desk)


async def test_a_plan_that_would_lie_at_its_site_mirrored_is_told_so(stage: Stage, works: Works) -> None:
    desk = Desk(stage, works.headers)
    desk.path = f"/v1/sites/{works.site}/place-plans"
    there = moved(drawn(OUT, BETWEEN))
    answer = await desk.ask("PUT", "/draft", turned(there), 0)
    assert (answer.status_code, answer.json()["code"]) == (400, "place_plan.swapped"), answer.text
    assert await nothing_stored(desk)
    good = await desk.ask("PUT", "/draft", there, 0)
    assert "position_out_of_range" not in {it["kind"] for it in good.json()["checked"]}
    far = await desk.ask("PUT", "/draft", drawn(OUT, BETWEEN), 1)
    assert "position_out_of_range" in {it["kind"] for it in far.json()["checked"]}


async def test_files_with_swapped_coordinates_are_set_right_and_it_is_said(desk: Desk) -> None:
    given = files()
    for file in given["files"]:
        file["content"] = collection(*turned(features(file["content"]))).decode()
    answer = await desk.ask("POST", "/import", given, 0)
    assert answer.status_code == 200, answer.text
    assert "position_swapped" in {it["kind"] for it in answer.json()["imported"]}
    assert (await desk.ask("POST", "/draft/publish", {}, 1)).status_code == 200


@pytest.mark.parametrize(
    ("place", "code", "field"),
    [
        ([500.0, 31.0], "body.invalid", "doors[0].at[0]"),
        ([170.0, 31.0], "place_plan.extent", "plan"),
        ([121.0, 89.0], "place_plan.extent", "plan"),
        ([121.0], "body.invalid", "doors[0].at"),
        (["121", "31"], "body.invalid", "doors[0].at[0]"),
    ],
)
async def test_a_position_out_of_range_is_named(desk: Desk, place: Any, code: str, field: str) -> None:
    answer = await desk.ask("PUT", "/draft", drawn(OUT | {"at": place}), 0)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, code, field), answer.text
    assert await nothing_stored(desk)


async def test_a_room_of_a_million_corners_is_refused_by_its_ring(desk: Desk) -> None:
    huge = drawn(OUT, BETWEEN)
    huge["rooms"][0]["polygon"]["coordinates"] = [[[121, 31]] * MILLION]
    answer = await desk.ask("PUT", "/draft", huge, 0)
    assert (answer.status_code, answer.json()["code"]) == (400, "body.invalid"), answer.text
    assert answer.json()["field"] == "rooms[0].polygon.coordinates[0]"
    exact = drawn(OUT, BETWEEN)
    exact["rooms"][0]["polygon"]["coordinates"] = [[[121.123456, 31.123456]] * MILLION]
    assert (await desk.ask("PUT", "/draft", exact, 0)).status_code == 413
    assert await nothing_stored(desk)


async def test_a_file_with_a_room_of_a_million_corners_is_read_without_that_room(desk: Desk) -> None:
    given = files()
    (units,) = [it for it in given["files"] if it["name"] == "unit.geojson"]
    parts = features(units["content"])
    parts[0]["geometry"]["coordinates"] = [[[121, 31]] * MILLION]
    units["content"] = collection(*parts).decode()
    answer = await desk.ask("POST", "/import", given | {"dry_run": True})
    assert answer.status_code == 200, answer.text
    assert ("too_many_positions", "refused") in {(it["kind"], it["outcome"]) for it in answer.json()["imported"]}
    assert await nothing_stored(desk)


async def test_a_network_in_two_parts_is_named_and_not_published(desk: Desk) -> None:
    name = {"name": NAME, "levels": [{"level": 0, "name": NAME}]}
    nodes = [{"id": own, "level": 0, "at": list(at(x, 0))} for own, x in (("a", 0), ("b", 5), ("c", 50), ("d", 55))]
    nodes[0]["exit"] = True
    ways = [{"id": "near", "ends": ["a", "b"]}, {"id": "far", "ends": ["c", "d"]}]
    made = await desk.ask("PUT", "/draft", name | {"nodes": nodes, "ways": ways}, 0)
    assert made.json()["network"]["parts"] == 2
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "place_plan.cut_off")
    assert refused.json()["value"] == [{"kind": "isolated", "place": "c"}]


async def test_a_way_to_a_node_that_is_not_there_is_kept_and_never_published(desk: Desk) -> None:
    lost = drawn(OUT, BETWEEN, door("lost", 12, "store", "nowhere"))
    assert (await desk.ask("PUT", "/draft", lost, 0)).json()["network"] is None
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert refused.json()["value"] == [{"kind": "reference_unknown", "place": "lost"}]


# A zone.


@pytest.mark.parametrize(
    ("polygon", "hint"),
    [
        ({"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0]]]}, "ends where it starts"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [0.01, 0.01], [0.01, 0], [0, 0.01], [0, 0]]]}, "not valid"),
        ({"type": "Polygon", "coordinates": [[[500, 0], [500, 1], [501, 1], [500, 0]]]}, "within 180"),
        ({"type": "Polygon", "coordinates": []}, ""),
        ({"type": "MultiPolygon", "coordinates": []}, ""),
        ({"type": "Polygon"}, ""),
        ({"type": "Polygon", "coordinates": [[[0, 0], [0, 10], [10, 10], [0, 0]]]}, "a zone covers"),
        (turned(box(20, 0)), "look swapped"),
        (turned(moved(box(20, 0))), "look swapped"),
    ],
)
async def test_a_zone_that_is_no_polygon_of_this_site_is_refused(works: Works, polygon: Any, hint: str) -> None:
    made = await works.make("zones", site=works.site, slug="new", name=NAME, polygon=polygon)
    redrawn = await works.redraw(polygon=polygon)
    for answer in (made, redrawn):
        assert answer.status_code == 400, answer.text
        assert answer.json()["field"].startswith("polygon")
        assert hint in answer.json()["detail"]
    listed = (await works.http.get(f"/v1/zones?site={works.site}", headers=works.headers)).json()["items"]
    assert [(it["slug"], it["version"]) for it in listed] == [("office", 1), ("yard", 1)]


async def test_a_zone_of_a_million_corners_is_refused_unread(works: Works) -> None:
    polygon = {"type": "Polygon", "coordinates": [[[0, 0]] * MILLION]}
    made = await works.make("zones", site=works.site, slug="new", name=NAME, polygon=polygon)
    assert (made.status_code, made.json()["code"]) == (413, "body.too_large")
    fewer = {"type": "Polygon", "coordinates": [[[0, 0]] * 100_000]}
    made = await works.make("zones", site=works.site, slug="new", name=NAME, polygon=fewer)
    assert (made.status_code, made.json()["field"]) == (400, "polygon.coordinates[0]")
