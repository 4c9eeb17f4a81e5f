"""Where outside crews stand, asked of the demo plant: the wind decides, hazards turn the drive, refusals say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import pytest_asyncio

from core.ids import new_id
from muster.demo.catalogue import ORIGIN_LON, lon_lat
from muster.demo.place_plan import place_plan
from people.actor import Actor
from people.permissions import Role
from plant.places import service
from tests.clusters import Clone
from tests.contract.conftest import Edge


@pytest_asyncio.fixture
async def clone(demo_clone: Clone) -> Clone:
    """The edge stands on the demo plant."""
    return demo_clone


@dataclass
class Guard:
    """Who asks at the demo plant's gate, and who states hazards."""

    http: httpx.AsyncClient
    edge: Edge
    site_id: UUID
    zones: dict[str, UUID]
    worker: dict[str, str]
    officer: dict[str, str]

    @property
    def site(self) -> str:
        return f"/v1/sites/{self.site_id}"

    async def ask(self, headers: dict[str, str] | None = None, **asked: Any) -> httpx.Response:
        body = {"target": {"kind": "zone", "zone": str(self.zones["solvent-store"])}} | asked
        return await self.http.post(f"{self.site}/vehicle-access", json=body, headers=headers or self.officer)

    async def told(self, **asked: Any) -> dict[str, Any]:
        answer = await self.ask(**asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        made = await self.http.post(f"{self.site}{path}", json=body, headers=self.officer)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def hazard(self, x0: float, y0: float, x1: float, y1: float) -> None:
        ring = [lon_lat(x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))]
        area = {"polygon": {"type": "Polygon", "coordinates": [ring]}, "levels": [0]}
        await self.post("/hazards", {"areas": [area], "name": {"zh": "溢流", "en": "The spill"}})


def wind(from_deg: float) -> dict[str, Any]:
    return {"from_deg": from_deg, "source": "the wind sock"}


def metres_east(place: dict[str, Any]) -> float:
    east: float = (place["lon"] - ORIGIN_LON) * 95_000
    return east


@pytest_asyncio.fixture
async def guard(edge: Edge, compiled: None) -> Guard:
    async with edge.deps.db.transaction(edge.clone.tenant_id) as tx:
        site_id = await tx.fetchval("SELECT id FROM sites")
        zones = {row["slug"]: row["id"] for row in await tx.fetch("SELECT id, slug FROM zones")}
    worker, officer = await edge.as_role(Role.WORKER), await edge.as_role(Role.SAFETY_OFFICER)
    return Guard(edge.http, edge, site_id, zones, worker, officer)


async def test_the_wind_decides_on_which_side_one_stands(guard: Guard) -> None:
    east, west = await guard.told(wind=wind(90)), await guard.told(wind=wind(270))
    assert (east["state"], west["state"]) == ("ok", "ok")
    assert (east["places"][0]["wind"], west["places"][0]["wind"]) == ("upwind", "upwind")
    assert metres_east(east["places"][0]) > 3.2
    assert metres_east(west["places"][0]) < 0
    assert {it["why"] for it in east["refused"]} == {"downwind"}
    assert (east["wind"]["known_by"], east["wind"]["source"]) == ("request", "the wind sock")


async def test_a_place_says_all_that_a_crew_needs(guard: Guard) -> None:
    best = (await guard.told(wind=wind(90)))["places"][0]
    assert best["road"]["name"]["zh"] == "环形消防车道"
    assert (best["wind_text"]["zh"], best["wind_text"]["en"]) == ("上风侧", "upwind")
    assert 0 < best["drive_s"] < 60
    assert 0 <= best["hydrant"]["hose_m"] <= 150
    assert best["on_foot"]["entrance"]["name"]["en"]
    assert best["on_foot"]["steps"][-1]["kind"] == "arrive"
    assert best["orders"][0]["en"].startswith(f"Enter by {best['gate']['name']['en']}")
    assert best["orders"][0]["zh"].startswith(f"从{best['gate']['name']['zh']}进入")
    assert best["line"]["type"] == "LineString"


async def test_a_hazard_over_one_gate_turns_the_drive_to_the_other(guard: Guard) -> None:
    await guard.hazard(70, -5, 95, 20)
    turned = await guard.told(wind=wind(90))
    assert {it["gate"]["name"]["en"] for it in turned["places"]} == {"the site's south gate"}
    assert turned["hazards"] == [{"zh": "溢流", "en": "The spill"}]
    assert all(it["from_hazard_m"] > 50 for it in turned["places"])


async def test_hazards_over_both_gates_leave_none_and_name_the_hazard(guard: Guard) -> None:
    await guard.hazard(70, -5, 95, 20)
    await guard.hazard(10, -60, 30, -35)
    none = await guard.told()
    assert (none["state"], none["places"]) == ("none", [])
    (reason, *_) = [it["reason"] for it in none["refused"] if it["why"] == "cut_off"]
    assert "The spill" in reason["en"]
    assert "溢流" in reason["zh"]


async def test_hydrants_of_the_stock_count_while_they_can_be_used(guard: Guard) -> None:
    listed = (await guard.told(wind=wind(90)))["places"][0]["hydrant"]
    assert listed["name"]["en"] == "fire hydrant Hydrant south"
    async with guard.edge.deps.db.transaction(guard.edge.clone.tenant_id) as tx:
        await tx.execute(
            "UPDATE equipment SET state = 'out_of_service', state_reason = 'x' WHERE slug = 'hydrant-south'"
        )
    other = (await guard.told(wind=wind(90)))["places"][0]["hydrant"]
    assert other is None or other["id"] != listed["id"]


async def test_an_incident_brings_its_zone_and_its_forecast_s_wind(guard: Guard) -> None:
    report = {"plan": "fire", "zone": str(guard.zones["solvent-store"]), "reason": "a leak", "agent": "acetone"}
    opened = await guard.http.post("/v1/incidents", json=report, headers=guard.officer)
    assert opened.status_code == 201, opened.text
    incident = opened.json()["id"]
    calm = await guard.told(target={"kind": "incident", "incident": str(incident)})
    assert (calm["target"]["en"], calm["wind"]["known_by"]) == ("Solvent store", "unknown")
    leak = {
        "agent": "acetone",
        "amount": 5,
        "unit": "g/s",
        "incident": str(incident),
        "outdoors": {
            "at": lon_lat(-1, 11),
            "wind": {"from_deg": 90, "speed_m_s": 3, "source": "the mast"},
            "stability": "D",
        },
    }
    made = await guard.http.post(f"{guard.site}/hazards/forecasts", json=leak, headers=guard.officer)
    assert made.status_code in (200, 201), made.text
    answer = await guard.http.get(f"/v1/incidents/{incident}/vehicle-access", headers=guard.officer)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["wind"]["from_deg"] == 90
    assert (told["wind"]["known_by"], told["wind"]["source"]) == ("forecast", "the mast")
    assert {it["wind"] for it in told["places"]} <= {"upwind", "across"}
    async with guard.edge.deps.db.transaction(guard.edge.clone.tenant_id) as tx:
        await tx.execute("UPDATE incidents SET state = 'closed', closed_at = $1, close_reason = 'over'", tx.now)
    closed = await guard.http.get(f"/v1/incidents/{incident}/vehicle-access", headers=guard.officer)
    assert (closed.status_code, closed.json()["code"]) == (409, "incident.closed")


async def test_what_does_not_fit_is_told_by_the_road(guard: Guard) -> None:
    wide = await guard.told(sizes={"width_m": 7, "height_m": 4.2})
    assert wide["refused"][0]["why"] == "too_narrow"
    assert {it["drive_m"] for it in wide["places"]} == {0.0}, "at the gate itself, where no road is driven"
    assert "6 m wide" in wide["refused"][0]["reason"]["en"]
    ambulance = await guard.told(vehicle="ambulance", wind=wind(90))
    assert (ambulance["state"], ambulance["vehicle"]["zh"]) == ("ok", "救护车")


@pytest.mark.parametrize(
    ("asked", "status", "code", "field"),
    [
        ({"target": {"kind": "position", "lon": 120.9, "lat": 31.27}}, 400, "geo.position_off_site", "target"),
        ({"target": {"kind": "position", "lon": 31.27, "lat": 120.74}}, 400, "geo.position_invalid", "target"),
        ({"target": {"kind": "zone", "zone": str(UUID(int=9))}}, 404, "zone.not_found", "target"),
        ({"target": {"kind": "incident", "incident": str(UUID(int=9))}}, 404, "incident.not_found", None),
        ({"wind": {"from_deg": 400, "source": "x"}}, 400, "body.invalid", "wind.from_deg"),
        ({"sizes": {"width_m": 0}}, 400, "body.invalid", "sizes.width_m"),
        ({"reach_m": 5000}, 400, "body.invalid", "reach_m"),
    ],
)
async def test_what_is_wrong_with_a_question_is_named(
    guard: Guard, asked: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = await guard.ask(**asked)
    found = answer.json()
    assert (answer.status_code, found["code"]) == (status, code)
    if field is not None:
        assert found["field"] == field


async def test_a_plan_without_roads_and_a_site_without_a_plan_say_so(guard: Guard) -> None:
    db, office = guard.edge.deps.db, guard.edge.deps.drawings
    admin = Actor(guard.edge.clone.tenant_id, new_id(), Role.ADMIN)
    bare = msgspec.structs.replace(place_plan(), nodes=[], ways=[])
    drawn, _ = await service.put_draft(db, office, admin, guard.site_id, bare, expected_version=0)
    await service.publish_draft(db, office, admin, guard.site_id, accepted=[], expected_version=drawn.version)
    refused = await guard.ask()
    assert (refused.status_code, refused.json()["code"]) == (409, "geo.plan_without_roads")
    new = {"slug": "new", "name": {"zh": "新", "en": "New"}, "tz": "Asia/Shanghai"}
    headers = await guard.edge.as_role(Role.ADMIN)
    made = await guard.http.post("/v1/sites", json=new, headers=headers)
    target = {"target": {"kind": "position", "lon": 120.74, "lat": 31.27}}
    none = await guard.http.post(f"/v1/sites/{made.json()['id']}/vehicle-access", json=target, headers=headers)
    assert (none.status_code, none.json()["code"]) == (404, "place_plan.no_published")


async def test_an_incident_is_for_those_who_may_read_incidents(guard: Guard) -> None:
    incident = f"/v1/incidents/{new_id()}/vehicle-access"
    assert (await guard.http.get(incident)).status_code == 401
    unknown = await guard.http.get(incident, headers=guard.officer)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "incident.not_found")
    wrong = await guard.http.get(incident, params={"vehicle": "tank"}, headers=guard.officer)
    assert wrong.status_code == 400
