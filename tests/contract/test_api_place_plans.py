"""Plans of places over HTTP: imported, drawn, checked, published; and refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.ids import new_id
from people.permissions import Role
from plant.places.checks import PLAN_MAX_BYTES
from tests.contract.conftest import Edge, Stage, read_all
from tests.unit.drawn_places import at, box, collection
from tests.unit.test_geo_places_imdf import building, unit

NAME = {"zh": "厂房", "en": "Works"}


def files(**changes: Any) -> dict[str, Any]:
    """The small building as an import, without its drawn network, which leaves out the office."""
    parts = building() | {"navPath": [], "navPathAssocieted": []} | changes
    named = [{"name": f"{name}.geojson", "content": collection(*them).decode()} for name, them in parts.items()]
    return {"files": named, "format": "imdf", "dry_run": False}


def room(own: str, x: float) -> dict[str, Any]:
    return {"id": own, "level": 0, "polygon": box(x, 0)}


def drawn(*doors: dict[str, Any]) -> dict[str, Any]:
    """An office (6 m wide) and a store beside it."""
    return {
        "name": NAME,
        "levels": [{"level": 0, "name": NAME}],
        "rooms": [room("office", 0), room("store", 6)],
        "doors": list(doors),
    }


def door(own: str, x: float, *joins: str | None, **more: Any) -> dict[str, Any]:
    return {"id": own, "level": 0, "at": list(at(x, 2)), "joins": list(joins), **more}


OUT = door("out", 0, "office", None, exit=True)
BETWEEN = door("between", 6, "office", "store")


class Desk:
    """An admin at the site's plans."""

    def __init__(self, stage: Stage, headers: dict[str, str]) -> None:
        self.http, self.headers = stage.http, headers
        self.path = f"/v1/sites/{stage.world.site_id}/place-plans"

    async def ask(
        self, method: str, path: str, body: Any = None, version: int | None = None, key: str | None = None
    ) -> httpx.Response:
        match = {} if version is None else {"If-Match": f'"{version}"'}
        match |= {} if key is None else {"Idempotency-Key": key}
        return await self.http.request(method, self.path + path, json=body, headers=self.headers | match)


@pytest.fixture
async def desk(stage: Stage) -> Desk:
    return Desk(stage, await stage.edge.as_role(Role.ADMIN))


async def test_an_imported_building_is_published_and_served(desk: Desk) -> None:
    made = await desk.ask("POST", "/import", files(), 0)
    assert made.status_code == 200, made.text
    said = made.json()
    assert (said["plan"]["number"], said["plan"]["state"], said["plan"]["source"]) == (1, "draft", "imdf")
    assert said["name"] == {"zh": "工厂", "en": "Works"}
    assert {it["kind"] for it in said["imported"]} == {"not_kept"}
    assert said["network"]["exits"] > 0
    assert made.headers["ETag"] == '"1"'
    draft = await desk.ask("GET", "/draft")
    assert len(draft.json()["plan"]["rooms"]) == 8
    published = await desk.ask("POST", "/draft/publish", {}, 1)
    assert published.status_code == 200, published.text
    served = (await desk.ask("GET", "/published")).json()
    assert (served["id"], served["state"]) == (said["plan"]["id"], "published")
    assert served["plan"] == draft.json()["plan"]
    assert (await desk.ask("GET", f"/{served['id']}")).json() == served
    assert (await desk.ask("GET", "/draft")).json()["code"] == "place_plan.no_draft"


async def test_a_dry_run_says_the_same_and_stores_nothing(desk: Desk) -> None:
    tried = await desk.ask("POST", "/import", files() | {"dry_run": True})
    assert tried.status_code == 200, tried.text
    assert (await desk.ask("GET", "/draft")).status_code == 404
    made = (await desk.ask("POST", "/import", files(), 0)).json()
    assert tried.json() == made | {"plan": None}


async def test_what_was_wrong_with_the_files_stays_with_the_plan(desk: Desk) -> None:
    broken = unit("broken", {"type": "Polygon", "coordinates": [[[121.4737, 31.2304]]]}, "office")
    made = await desk.ask("POST", "/import", files(unit=[*building()["unit"], broken]), 0)
    kept = (await desk.ask("GET", "/draft")).json()["imported"]
    assert kept == made.json()["imported"]
    assert [it["place"] for it in kept if it["outcome"] == "refused" and it["kind"] != "not_kept"] == [
        "unit.geojson#broken"
    ]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"files": [{"name": "a.geojson", "content": "{"}]}, "geo.file_invalid", "files"),
        ({"files": [{"name": "a", "content": "{}"}] * 2}, "place_plan.files", "files"),
        ({"format": "indoorgml"}, "place_plan.anchor", "anchor"),
        ({"format": "dwg"}, "body.invalid", "format"),
        ({"near": [200, 0]}, "body.invalid", "near[0]"),
    ],
)
async def test_files_that_can_not_be_read_are_refused_by_name(
    desk: Desk, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await desk.ask("POST", "/import", files() | change, 0)
    assert answer.status_code == 400, answer.text
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)
    assert (await desk.ask("GET", "/draft")).status_code == 404


async def test_more_than_a_plan_can_be_is_refused_unread(desk: Desk) -> None:
    huge = files() | {"files": [{"name": "unit.geojson", "content": " " * PLAN_MAX_BYTES}]}
    answer = await desk.ask("POST", "/import", huge, 0)
    assert (answer.status_code, answer.json()["code"]) == (413, "body.too_large")


async def test_an_edit_of_a_version_that_is_gone_is_refused(desk: Desk) -> None:
    assert (await desk.ask("PUT", "/draft", drawn(OUT, BETWEEN))).status_code == 428
    assert (await desk.ask("PUT", "/draft", drawn(OUT, BETWEEN), 0)).status_code == 200
    second = await desk.ask("PUT", "/draft", drawn(OUT), 0)
    assert (second.status_code, second.json()["code"], second.json()["limit"]) == (412, "version.changed", 1)
    assert (await desk.ask("PUT", "/draft", drawn(OUT), 1)).headers["ETag"] == '"2"'
    assert (await desk.ask("POST", "/draft/publish", {}, 1)).status_code == 412


async def test_a_room_nobody_gets_out_of_is_named_until_it_is_accepted(desk: Desk) -> None:
    await desk.ask("PUT", "/draft", drawn(OUT), 0)
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "place_plan.cut_off")
    assert {"kind": "unreachable", "place": "store"} in refused.json()["value"]
    assert "store" in refused.json()["detail"]
    assert (await desk.ask("GET", "/published")).json()["code"] == "place_plan.no_published"
    taken = await desk.ask("POST", "/draft/publish", {"accept": refused.json()["value"]}, 1)
    assert taken.status_code == 200, taken.text
    # It is still said of the plan in force.
    assert "unreachable" in {it["kind"] for it in (await desk.ask("GET", "/published")).json()["checked"]}


async def test_a_floor_that_only_a_lift_leaves_is_named_until_it_is_accepted(desk: Desk) -> None:
    tower = drawn(OUT, BETWEEN)
    tower["levels"].append({"level": 1, "name": NAME})
    tower["rooms"].append(room("attic", 0) | {"level": 1})
    stops = [{"level": level, "at": list(at(3, 2)), "room": own} for level, own in ((0, "office"), (1, "attic"))]
    tower["rises"] = [{"id": "lift", "kind": "lift", "stops": stops, "up_s": 9, "down_s": 9, "wait_s": 30}]
    await desk.ask("PUT", "/draft", tower, 0)
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert (refused.json()["code"], refused.json()["value"]) == (
        "place_plan.cut_off",
        [{"kind": "lift_only", "place": "attic"}],
    )
    assert "lifts alone" in refused.json()["detail"]
    assert (await desk.ask("POST", "/draft/publish", {"accept": refused.json()["value"]}, 1)).status_code == 200


async def test_a_plan_that_says_two_things_at_once_is_kept_and_never_published(desk: Desk) -> None:
    twice = drawn(OUT, BETWEEN)
    twice["rooms"].append(room("store", 12))
    made = await desk.ask("PUT", "/draft", twice, 0)
    assert (made.status_code, made.json()["network"]) == (200, None)
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert (refused.json()["code"], refused.json()["value"]) == (
        "place_plan.broken",
        [{"kind": "duplicate_id", "place": "store"}],
    )


async def test_a_plan_without_a_way_out_is_not_published(desk: Desk) -> None:
    await desk.ask("PUT", "/draft", drawn(BETWEEN), 0)
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert refused.json()["code"] == "place_plan.broken"
    assert [it["kind"] for it in refused.json()["value"]] == ["not_walkable"]


async def test_a_polygon_that_is_none_is_refused_with_its_room(desk: Desk) -> None:
    bow = drawn(OUT)
    ring = bow["rooms"][1]["polygon"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    answer = await desk.ask("PUT", "/draft", bow, 0)
    assert (answer.status_code, answer.json()["code"], answer.json()["value"]) == (400, "place_plan.room", "store")
    assert (await desk.ask("GET", "/draft")).status_code == 404


async def test_instruments_where_the_plan_has_no_place_are_noted_and_forbid_nothing(desk: Desk) -> None:
    await desk.ask("PUT", "/draft", drawn(OUT, BETWEEN), 0)
    checked = (await desk.ask("POST", "/draft/check")).json()["checked"]
    assert "unplaced" in {it["kind"] for it in checked}
    assert (await desk.ask("POST", "/draft/publish", {}, 1)).status_code == 200


async def test_the_plan_in_force_is_a_map_by_level(desk: Desk) -> None:
    await desk.ask("POST", "/import", files(), 0)
    assert (await desk.ask("POST", "/draft/publish", {}, 1)).status_code == 200
    whole = (await desk.ask("GET", "/published/features")).json()
    upstairs = (await desk.ask("GET", "/published/features?level=1")).json()
    assert whole["type"] == "FeatureCollection"
    assert {it["id"] for it in upstairs["features"] if it["properties"]["what"] == "room"} == {
        "hall1", "stairs1", "lift1", "office",
    }  # fmt: skip
    assert len(upstairs["features"]) < len(whole["features"])


async def test_what_was_imported_is_edited_as_a_drawing(desk: Desk) -> None:
    await desk.ask("POST", "/import", files(), 0)
    plan = (await desk.ask("GET", "/draft")).json()["plan"]
    plan["rooms"][0]["name"] = NAME
    edited = await desk.ask("PUT", "/draft", plan, 1)
    assert (edited.status_code, edited.json()["plan"]["source"]) == (200, "drawn"), edited.text
    assert (await desk.ask("GET", "/draft")).json()["plan"] == plan


@pytest.mark.shared
async def test_a_whole_campus_is_imported_and_its_cut_off_places_named(desk: Desk, shared_data: Path) -> None:
    folder = shared_data / "maps" / "spbstu_imdf"
    named = [{"name": it.name, "content": it.read_text("utf-8")} for it in sorted(folder.glob("*.geojson"))]
    made = await desk.ask("POST", "/import", {"files": named, "format": "imdf", "dry_run": False}, 0)
    assert made.status_code == 200, made.text
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert refused.json()["code"] == "place_plan.cut_off"
    cut_off = [it for it in made.json()["checked"] if it["kind"] in {"isolated", "unreachable", "lift_only"}]
    accept = [{"kind": it["kind"], "place": it["place"]} for it in cut_off]
    assert (await desk.ask("POST", "/draft/publish", {"accept": accept}, 1)).status_code == 200
    plan = (await desk.ask("GET", "/published")).json()["plan"]
    again = await desk.ask("PUT", "/draft", plan, 0)
    assert again.status_code == 200, again.text


def gml(folder: Path, name: str) -> dict[str, Any]:
    content = (folder / "maps" / "indoorgml_stemlab" / name).read_text("utf-8")
    anchor = {"at": list(at(0, 0)), "metres_per_unit": 0.2}
    named = [{"name": name, "content": content}]
    return {"files": named, "format": "indoorgml", "dry_run": False, "anchor": anchor}


@pytest.mark.shared
async def test_a_published_indoorgml_building_is_walked_out_of(desk: Desk, shared_data: Path) -> None:
    made = await desk.ask("POST", "/import", gml(shared_data, "201.gml"), 0)
    assert (made.json()["network"]["parts"], made.json()["network"]["exits"]) == (1, 6)
    assert (await desk.ask("POST", "/draft/publish", {}, 1)).status_code == 200


@pytest.mark.shared
async def test_an_indoorgml_building_without_exits_is_published_once_one_is_drawn(
    desk: Desk, shared_data: Path
) -> None:
    made = await desk.ask("POST", "/import", gml(shared_data, "201-2019-05-24-corrected.gml"), 0)
    refused = await desk.ask("POST", "/draft/publish", {}, 1)
    assert refused.json()["code"] == "place_plan.broken"
    assert "draw a door with exit" in refused.json()["detail"]
    maybe = [it for it in made.json()["imported"] if it["kind"] == "reference_unknown"]
    plan = (await desk.ask("GET", "/draft")).json()["plan"]
    for number, it in enumerate(maybe):
        own = it["detail"]["en"].split()[3]
        joins = [own, None]
        plan["doors"].append(
            {"id": f"exit {number}", "level": it["level"], "at": it["at"], "joins": joins, "exit": True}
        )
    drawn_on = await desk.ask("PUT", "/draft", plan, 1)
    assert drawn_on.json()["network"]["exits"] == 6, drawn_on.text
    # The document has no transition into this room.
    cut_off = {"accept": [{"kind": "unreachable", "place": "C25"}]}
    done = await desk.ask("POST", "/draft/publish", cut_off, 2)
    assert done.status_code == 200, done.text


async def test_versions_are_listed_newest_first_filtered_and_found(desk: Desk) -> None:
    for number in (1, 2, 3):
        made = await desk.ask("PUT", "/draft", drawn(OUT, BETWEEN) | {"name": NAME | {"en": f"Hall {number}"}}, 0)
        assert made.status_code == 200, made.text
        version = int(made.headers["ETag"].strip('"'))
        assert (await desk.ask("POST", "/draft/publish", {}, version)).status_code == 200
    listed = await read_all(desk.http, desk.path, desk.headers, limit=2)
    assert [(it["number"], it["state"]) for it in listed] == [(3, "published"), (2, "retired"), (1, "retired")]
    retired = await desk.ask("GET", "?state=retired&q=hall%202")
    assert [it["number"] for it in retired.json()["items"]] == [2]


async def test_a_draft_is_thrown_away_and_what_was_in_force_stays(desk: Desk) -> None:
    await desk.ask("PUT", "/draft", drawn(OUT, BETWEEN), 0)
    await desk.ask("POST", "/draft/publish", {}, 1)
    assert (await desk.ask("PUT", "/draft", drawn(OUT), 0)).headers["ETag"] == '"3"'
    assert (await desk.ask("DELETE", "/draft")).status_code == 428
    assert (await desk.ask("DELETE", "/draft", None, 1)).status_code == 412
    assert (await desk.ask("DELETE", "/draft", None, 3)).status_code == 204
    assert (await desk.ask("DELETE", "/draft", None, 3)).json()["code"] == "place_plan.no_draft"
    assert (await desk.ask("GET", "/published")).status_code == 200
    # An edit of the one that is gone matches no later one.
    assert (await desk.ask("PUT", "/draft", drawn(OUT), 0)).headers["ETag"] == '"4"'
    assert (await desk.ask("PUT", "/draft", drawn(OUT), 3)).status_code == 412


async def test_what_is_sent_again_with_its_key_is_done_once(desk: Desk) -> None:
    for verb, path, body, version in (
        ("PUT", "/draft", drawn(OUT, BETWEEN), 0),
        ("POST", "/import", files(), 1),
        ("POST", "/draft/publish", {}, 2),
    ):
        first = await desk.ask(verb, path, body, version, key=path)
        assert first.status_code == 200, first.text
        again = await desk.ask(verb, path, body, version, key=path)
        assert (again.status_code, again.json(), again.headers["ETag"]) == (200, first.json(), first.headers["ETag"])
        assert again.headers["Idempotency-Replayed"] == "true"
    other = await desk.ask("PUT", "/draft", drawn(OUT), 0, key="/draft")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.other_request")
    assert [it["number"] for it in (await desk.ask("GET", "")).json()["items"]] == [1]


async def test_a_key_of_what_was_refused_may_be_used_again(desk: Desk) -> None:
    await desk.ask("PUT", "/draft", drawn(OUT), 0)
    assert (await desk.ask("POST", "/draft/publish", {}, 1, key="k")).status_code == 409
    cut_off = {"accept": [{"kind": "unreachable", "place": "store"}]}
    assert (await desk.ask("POST", "/draft/publish", cut_off, 1, key="k")).status_code == 200


async def test_a_worker_reads_and_does_not_draw(desk: Desk, edge: Edge) -> None:
    await desk.ask("PUT", "/draft", drawn(OUT, BETWEEN), 0)
    await desk.ask("POST", "/draft/publish", {}, 1)
    desk.headers = await edge.as_role(Role.RESPONDER)
    assert (await desk.ask("GET", "/published")).status_code == 200
    assert (await desk.ask("PUT", "/draft", drawn(OUT), 0)).status_code == 403


async def test_a_site_that_is_not_there_is_not_found(desk: Desk) -> None:
    desk.path = f"/v1/sites/{new_id()}/place-plans"
    for method, path, body in (
        ("GET", "", None), ("GET", "/published", None), ("PUT", "/draft", drawn(OUT)), ("POST", "/import", files()),
        ("POST", "/draft/check", None), ("POST", "/draft/publish", {}),
    ):  # fmt: skip
        assert (await desk.ask(method, path, body, 0)).status_code == 404, path
