"""The watch of evacuations over real rows: drawn and forecast hazards, locked doors, a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from core.database import Database
from incidents.evacuation import queries as evacuation_queries
from incidents.evacuation.watch import EvacuationWatch
from incidents.hazards import forecast_service
from incidents.hazards import queries as hazard_queries
from incidents.hazards import service as hazards
from incidents.hazards.checks import AreaDraft
from incidents.hazards.forecast_service import ForecastDraft
from incidents.hazards.forecasting import Outdoors, Release
from incidents.hazards.service import HazardDraft
from incidents.roll_call.model import RollCall
from incidents.wayfinding import route_queries
from incidents.wayfinding.model import RouteRow
from mobile_contract.live import RouteTold, Welcome
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Role
from plant.places import passage_service
from plant.places.passage_service import StateDraft
from plant.places.site_maps import SiteMaps
from tests import evacuation_world, incident_world
from tests.clusters import Clone
from tests.evacuation_world import World
from tests.live_edge import running

WEST_EXIT = (-4, 5, 4, 15)
LOCKED = StateDraft("locked", "the bolt is stuck")


class Stand:
    """A roll call in the house with somebody in the store, and the watch over the rows as they are."""

    def __init__(self, db: Database, world: World, call: RollCall, li: UUID) -> None:
        self.db, self.world, self.call, self.li = db, world, call, li
        self.tenant_id, self.site_id = world.tenant_id, world.site.id
        self.watch = EvacuationWatch(db, SiteMaps(db), certify=False)

    async def look(self) -> RouteRow:
        """What the person in the store is told by a look now."""
        async with self.db.transaction(self.tenant_id) as tx:
            await evacuation_queries.wake_site(tx, self.tenant_id, self.site_id)
        assert await self.watch.sweep() == 1
        async with self.db.transaction(self.tenant_id) as tx:
            (way,) = await route_queries.list_of_account(tx, self.tenant_id, self.li)
        return way


async def stand_in(db: Database, tenant_id: UUID) -> Stand:
    world = await evacuation_world.build(db, tenant_id, "commander")
    call = await evacuation_world.evacuate(db, world)
    async with db.transaction(tenant_id) as tx:
        li = await incident_world.add_account(tx, "leaving")
        await evacuation_world.expect(tx, call, li, world.store)
    return Stand(db, world, call, li)


@pytest_asyncio.fixture
async def stand(clone: Clone) -> AsyncIterator[Stand]:
    async with Database.connect(clone.app_url, max_size=4) as db:
        yield await stand_in(db, clone.tenant_id)


def gate(way: RouteRow) -> str:
    said = " ".join(it.text.en for it in way.view.steps)
    return next(it for it in ("West Gate", "East Gate") if it in said)


async def test_a_hazard_that_somebody_drew_over_an_exit_closes_it(stand: Stand) -> None:
    assert gate(await stand.look()) == "West Gate"
    area = AreaDraft(polygon=evacuation_world.square(*WEST_EXIT), levels=[0])
    draft = HazardDraft(areas=[area], name=Text("云", "A cloud"), incident_id=stand.world.incident_id)
    ready = await hazards.prepare_drawn(stand.db, stand.world.officer, stand.site_id, draft)
    async with stand.db.transaction(stand.tenant_id) as tx:
        await hazards.state(tx, stand.world.officer, stand.site_id, ready)
    way = await stand.look()
    assert (way.state, way.view.cause, gate(way)) == ("safe", "hazard", "East Gate")


async def test_a_door_that_is_locked_turns_a_way(stand: Stand) -> None:
    assert gate(await stand.look()) == "West Gate"
    admin = Actor(stand.tenant_id, stand.world.officer.account_id, Role.ADMIN)
    async with stand.db.transaction(stand.tenant_id) as tx:
        await passage_service.set_state(tx, admin, stand.site_id, "door", "XW", LOCKED)
    way = await stand.look()
    assert (way.state, way.view.cause, gate(way)) == ("safe", "passage", "East Gate")


async def test_the_wind_is_that_of_the_newest_forecast(stand: Stand) -> None:
    async def wind() -> float | None:
        async with stand.db.transaction(stand.tenant_id) as tx:
            return await hazard_queries.find_wind(tx, stand.tenant_id, stand.site_id, tx.now)

    async def forecast(from_deg: float, speed_m_s: float) -> None:
        where = Outdoors(
            at=evacuation_world.at(30, 10),
            height_m=0.0,
            wind_from_deg=from_deg,
            wind_m_s=speed_m_s,
            wind_source="the mast",
            stability="D",
        )
        release = Release(agent="ammonia", amount=1.0, unit="kg/s", minutes=30)
        draft = ForecastDraft(release=release, outdoors=where, inside=None, name=None, incident_id=None)
        ready, _ = await forecast_service.prepare_forecast(stand.db, stand.world.officer, stand.site_id, draft)
        async with stand.db.transaction(stand.tenant_id) as tx:
            await hazards.state(tx, stand.world.officer, stand.site_id, ready)

    assert await wind() is None
    await forecast(270.0, 3.0)
    assert await wind() == 270.0
    await forecast(90.0, 3.0)
    assert await wind() == 90.0
    await forecast(180.0, 0.1)
    assert await wind() is None, "in a calm it blows everywhere"


async def test_a_persons_way_comes_over_a_real_socket(clone: Clone) -> None:
    async with running(clone) as edge:
        stand = await stand_in(edge.db, clone.tenant_id)
        edge.tokens.issue(Actor(clone.tenant_id, stand.li, Role.RESPONDER), "li")
        async with edge.phone("li") as phone:
            await phone.until(Welcome)
            await stand.look()
            told = await phone.until(RouteTold)
    assert (told.route.purpose, told.route.account, told.route.state) == ("evacuate", stand.li, "safe")
