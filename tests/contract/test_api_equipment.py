"""Safety equipment over HTTP: created, found, edited, taken and put back, imported; and refused by name."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.ids import new_id
from people.permissions import Role
from tests.contract.conftest import Edge, read_all
from tests.contract.plant_ground import Ground, lay

NAME = {"zh": "灭火器", "en": "Extinguisher"}
# In the middle of the ground's one zone.
AT = {"lon": 120.7405, "lat": 31.2705}
HEADER = "slug,kind,name_zh,name_en,lon,lat,in_stock\n"


class Desk:
    """An admin at the site's equipment."""

    def __init__(self, edge: Edge, ground: Ground, headers: dict[str, str]) -> None:
        self.edge, self.ground, self.headers = edge, ground, headers
        self.site = f"/v1/sites/{ground.site}/equipment"

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.edge.http.request(method, path, json=body, headers=self.headers | named)

    async def add(self, slug: str = "ext-1", **changes: Any) -> httpx.Response:
        body = {"slug": slug, "kind": "extinguisher", "name": NAME, **AT} | changes
        return await self.ask("POST", self.site, body)

    async def import_(self, text: str, *, dry_run: bool = False, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = self.headers | {"Content-Type": "text/csv"} | named
        params = {"dry_run": str(dry_run).lower()}
        return await self.edge.http.post(f"{self.site}/import", content=text.encode(), params=params, headers=sent)

    async def slugs(self, query: str = "") -> list[str]:
        listed = await self.ask("GET", self.site + query)
        assert listed.status_code == 200, listed.text
        return [it["slug"] for it in listed.json()["items"]]


@pytest.fixture
async def desk(edge: Edge) -> Desk:
    return Desk(edge, await lay(edge), await edge.as_role(Role.ADMIN))


async def test_a_thing_is_created_found_edited_and_retired(desk: Desk) -> None:
    made = await desk.add(classes=["A", "B"], expires_at="2027-03-31T16:00:00Z", next_inspection_on="2026-03-01")
    assert made.status_code == 201, made.text
    it = made.json()
    assert made.headers["ETag"] == '"1"'
    assert (it["zone"], it["in_stock"], it["usable"], it["why_not"]) == (str(desk.ground.zone), 1, True, [])
    assert it["inspection_overdue"] is True
    path = f"/v1/equipment/{it['id']}"
    assert (await desk.ask("GET", path)).json() == it
    edited = await desk.ask("PATCH", path, {"note": "by the door", "classes": ["A", "F"]}, If_Match='"1"')
    assert (edited.json()["note"], edited.json()["classes"], edited.headers["ETag"]) == (
        "by the door",
        ["A", "F"],
        '"2"',
    )
    stale = await desk.ask("PATCH", path, {"note": "x"}, If_Match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version.changed")
    assert (await desk.ask("PATCH", path, {"note": "x"})).status_code == 428
    for _ in range(2):
        gone = await desk.ask("POST", f"{path}/retire")
        assert (gone.status_code, gone.json()["why_not"]) == (200, ["retired"])
    assert await desk.slugs() == []
    assert await desk.slugs("?retired=true") == ["ext-1"]


async def test_out_of_service_it_is_not_usable_and_says_why(desk: Desk) -> None:
    path = f"/v1/equipment/{(await desk.add()).json()['id']}"
    out = await desk.ask("POST", f"{path}/out-of-service", {"reason": "no pressure"})
    assert (out.json()["usable"], out.json()["why_not"], out.json()["state_reason"]) == (
        False,
        ["out_of_service"],
        "no pressure",
    )
    back = await desk.ask("POST", f"{path}/in-service")
    assert (back.json()["usable"], back.json()["state_reason"]) == (True, None)


async def test_a_piece_is_taken_once_however_often_it_is_sent(desk: Desk) -> None:
    path = f"/v1/equipment/{(await desk.add()).json()['id']}"
    desk.headers = await desk.edge.as_role(Role.WORKER)
    body = {"move": "take", "reason": "fire in the store", "key": "phone-1"}
    answers = [(await desk.ask("POST", f"{path}/movements", body)).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0]["pieces"], answers[0]["in_stock"]) == (-1, 0)
    empty = await desk.ask("GET", path)
    assert (empty.json()["why_not"], empty.headers["ETag"]) == (["empty"], '"1"')
    more = await desk.ask("POST", f"{path}/movements", body | {"key": "phone-2"})
    assert (more.status_code, more.json()["code"], more.json()["limit"]) == (409, "equipment.too_few", 0)
    other = await desk.ask("POST", f"{path}/movements", body | {"pieces": 2})
    assert (other.status_code, other.json()["code"]) == (409, "equipment.key_used")
    for n in range(3):
        put = {"move": "put_back", "pieces": 1, "reason": "refilled", "key": f"back-{n}"}
        assert (await desk.ask("POST", f"{path}/movements", put)).json()["in_stock"] == n + 1
    listed = await read_all(desk.edge.http, f"{path}/movements", desk.headers, limit=2)
    assert [it["in_stock"] for it in listed] == [3, 2, 1, 0]


async def test_a_create_sent_again_makes_one(desk: Desk) -> None:
    body = {"slug": "ext-1", "kind": "extinguisher", "name": NAME, **AT}
    once, again = [await desk.ask("POST", desk.site, body, Idempotency_Key="k") for _ in range(2)]
    assert (once.status_code, again.status_code) == (201, 201)
    assert once.json() == again.json()
    assert (await desk.add()).json()["code"] == "equipment.slug_taken"


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"lon": 31.2705, "lat": 120.7405}, 400, "equipment.swapped", "lat"),
        ({"lat": 31.3}, 400, "equipment.off_site", "lat"),
        ({"lat": 89.0}, 400, "equipment.position", "lat"),
        ({"lon": 181}, 400, "body.invalid", "lon"),
        ({"level": 3}, 400, "equipment.level", "level"),
        ({"level": 999}, 400, "body.invalid", "level"),
        ({"kind": "sofa"}, 400, "body.invalid", "kind"),
        ({"kind": "aed", "classes": ["A"]}, 400, "equipment.classes_of_kind", "classes"),
        ({"classes": ["K"]}, 400, "body.invalid", "classes[0]"),
        ({"classes": ["A", "A"]}, 400, "equipment.classes", "classes"),
        ({"in_stock": -1}, 400, "body.invalid", "in_stock"),
        ({"expires_at": "2027-03-31T16:00:00"}, 400, "body.invalid", "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, 400, "equipment.day", "expires_at"),
        ({"zone": "01234567-89ab-7def-8123-456789abcdef"}, 400, "site.other", "zone"),
        ({"slug": "Ext 1"}, 400, "body.invalid", "slug"),
        ({"note": "a\x00b"}, 400, "equipment.text", "note"),
    ],
)
async def test_bad_input_names_the_field_the_value_and_the_limit(
    desk: Desk, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = await desk.add(**changes)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, field), answer.text
    assert await desk.slugs() == []


async def test_swapped_degrees_are_called_so_in_both_languages(desk: Desk) -> None:
    for language, word in (("en", "latitude and longitude are swapped"), ("zh-CN", "写反")):
        body = {"slug": "a", "kind": "aed", "name": NAME, "lon": AT["lat"], "lat": AT["lon"]}
        answer = await desk.ask("POST", desk.site, body, Accept_Language=language)
        assert word in answer.json()["detail"]


async def test_a_site_is_listed_by_kind_state_zone_date_use_and_words(desk: Desk) -> None:
    await desk.add("a-ext", in_stock=0)
    await desk.add("b-aed", kind="aed", name={"zh": "除颤仪", "en": "AED"}, expires_at="2026-02-01T00:00:00Z")
    await desk.add("c-hydrant", kind="hydrant", lat=31.2725, note="at the gate")
    out = (await desk.add("d-aed", kind="aed", expires_at="2026-12-01T00:00:00Z")).json()
    await desk.ask("POST", f"/v1/equipment/{out['id']}/out-of-service", {"reason": "dead"})
    for query, slugs in (
        ("", ["a-ext", "b-aed", "c-hydrant", "d-aed"]),
        ("?kind=aed", ["b-aed", "d-aed"]),
        ("?state=out_of_service", ["d-aed"]),
        (f"?zone={desk.ground.zone}", ["a-ext", "b-aed", "d-aed"]),
        (f"?zone={new_id()}", []),
        ("?expired_before=2026-03-01T00:00:00Z", ["b-aed"]),
        ("?expired_before=2027-01-01T00:00:00%2B08:00", ["b-aed", "d-aed"]),
        ("?usable=true", ["c-hydrant"]),
        ("?usable=false&kind=aed", ["b-aed", "d-aed"]),
        ("?level=0&q=GATE", ["c-hydrant"]),
        ("?level=1", []),
        ("?q=%E9%99%A4%E9%A2%A4", ["b-aed"]),
    ):
        assert await desk.slugs(query) == slugs, query
    paged = await read_all(desk.edge.http, desk.site, desk.headers, limit=3)
    assert [it["slug"] for it in paged] == ["a-ext", "b-aed", "c-hydrant", "d-aed"]
    kinds = (await desk.ask("GET", f"{desk.site}/kinds")).json()["items"]
    assert kinds == [
        {"kind": "aed", "things": 2, "usable": 0},
        {"kind": "extinguisher", "things": 1, "usable": 0},
        {"kind": "hydrant", "things": 1, "usable": 1},
    ]
    without_offset = await desk.ask("GET", f"{desk.site}?expired_before=2026-03-01T00:00:00")
    assert (without_offset.status_code, without_offset.json()["field"]) == (400, "expired_before")


async def test_what_is_in_use_is_a_map_by_floor(desk: Desk) -> None:
    await desk.add(in_stock=0)
    for query, count in (("", 1), ("?level=0", 1), ("?level=1", 0)):
        shown = (await desk.ask("GET", f"{desk.site}/features{query}")).json()
        assert (shown["type"], len(shown["features"])) == ("FeatureCollection", count)
    (feature,) = (await desk.ask("GET", f"{desk.site}/features")).json()["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [AT["lon"], AT["lat"]]}
    assert (feature["properties"]["kind"], feature["properties"]["why_not"]) == ("extinguisher", ["empty"])


async def test_a_dry_run_says_what_an_import_does_and_stores_nothing(desk: Desk) -> None:
    text = HEADER + "ext-1,extinguisher,灭火器,Ext,120.7405,31.2705,2\naed-1,aed,除颤仪,AED,120.7405,31.2705,\n"
    tried = await desk.import_(text, dry_run=True)
    assert (tried.status_code, tried.json()["applied"], tried.json()["rows"]) == (200, False, 2)
    assert await desk.slugs() == []
    done = await desk.import_(text)
    assert done.json() == tried.json() | {"applied": True}
    assert await desk.slugs() == ["aed-1", "ext-1"]
    again = await desk.import_(text)
    assert [it["action"] for it in again.json()["steps"]] == ["keep", "keep"]


async def test_an_import_changes_what_differs_and_moves_stock_with_a_reason(desk: Desk) -> None:
    it = (await desk.add()).json()
    done = await desk.import_("slug,in_stock,note\next-1,3,counted\n")
    assert done.status_code == 200, done.text
    after = (await desk.ask("GET", f"/v1/equipment/{it['id']}")).json()
    assert (after["in_stock"], after["note"], after["version"]) == (3, "counted", 2)
    (moved,) = (await desk.ask("GET", f"/v1/equipment/{it['id']}/movements")).json()["items"]
    assert (moved["pieces"], moved["reason"]) == (2, "CSV import")


async def test_a_file_with_one_bad_line_is_refused_whole_and_the_line_named(desk: Desk) -> None:
    text = HEADER + "ext-1,extinguisher,灭火器,Ext,120.7405,31.2705,\naed-1,aed,除颤仪,AED,31.2705,120.7405,\n"
    refused = await desk.import_(text)
    assert (refused.status_code, refused.json()["code"]) == (400, "equipment_import.bad_rows")
    assert refused.json()["field"] == "line 3, lat"
    assert await desk.slugs() == []
    tried = (await desk.import_(text, dry_run=True)).json()
    (problem,) = tried["problems"]
    assert (problem["line"], problem["column"], problem["code"]) == (3, "lat", "equipment.swapped")
    assert problem["value"]
    assert problem["limit"]


async def test_an_import_sent_again_with_its_key_is_the_same_answer(desk: Desk) -> None:
    text = HEADER + "ext-1,extinguisher,灭火器,Ext,120.7405,31.2705,\n"
    once, again = [await desk.import_(text, Idempotency_Key="k") for _ in range(2)]
    assert once.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await desk.import_("x", Content_Type="application/json")).status_code == 415


async def test_a_worker_reads_and_reports_and_does_not_look_after(desk: Desk) -> None:
    it = (await desk.add()).json()
    path = f"/v1/equipment/{it['id']}"
    desk.headers = await desk.edge.as_role(Role.WORKER)
    assert await desk.slugs() == ["ext-1"]
    assert (await desk.ask("POST", f"{path}/out-of-service", {"reason": "no pin"})).status_code == 200
    assert (await desk.add("ext-2")).status_code == 403
    assert (await desk.ask("POST", f"{path}/in-service")).status_code == 403
    assert (await desk.ask("PATCH", path, {"note": "x"}, If_Match='"2"')).status_code == 403
    assert (await desk.import_(HEADER)).status_code == 403
    desk.headers = await desk.edge.as_role(Role.AUDITOR)
    take = {"move": "take", "reason": "x", "key": "k"}
    assert (await desk.ask("POST", f"{path}/movements", take)).status_code == 403
    assert (await desk.ask("POST", f"{path}/out-of-service", {"reason": "x"})).status_code == 403


async def test_a_site_or_a_thing_that_is_not_there_is_not_found(desk: Desk) -> None:
    desk.site = f"/v1/sites/{new_id()}/equipment"
    for path in ("", "/features", "/kinds"):
        assert (await desk.ask("GET", desk.site + path)).status_code == 404, path
    assert (await desk.add()).status_code == 404
    assert (await desk.import_(HEADER, dry_run=True)).status_code == 404
    assert (await desk.ask("GET", f"/v1/equipment/{new_id()}")).status_code == 404
