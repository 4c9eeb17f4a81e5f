"""The demo's plan: published with the demo, once, mended after a crash, and what somebody draws is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from core.database import Database
from geo.places.model import Plan
from muster.demo import catalogue
from muster.demo.place_plan import place_plan
from muster.seed import draw_demo, seed_demo
from people import queries as people_queries
from people.actor import Actor
from plant import queries as plant_queries
from plant.places import queries, service
from plant.places.model import PlacePlan
from plant.places.office import DrawingOffice
from tests.clusters import Clone


class Demo:
    """The demo's site and its admin."""

    def __init__(self, db: Database, clone: Clone) -> None:
        self.db, self.clone = db, clone

    async def plans(self) -> list[PlacePlan]:
        async with self.db.transaction(self.clone.tenant_id) as tx:
            site = (await plant_queries.list_sites(tx, self.clone.tenant_id))[0]
            return await queries.list_plans(
                tx, self.clone.tenant_id, site.id, state=None, search=None, before=99, limit=9
            )

    async def put(self, drawn: Plan) -> PlacePlan:
        async with self.db.transaction(self.clone.tenant_id) as tx:
            site = (await plant_queries.list_sites(tx, self.clone.tenant_id))[0]
            admin = await people_queries.find_account_by_login(tx, self.clone.tenant_id, "admin")
        assert admin is not None
        actor = Actor(self.clone.tenant_id, admin.id, admin.role)
        return (await service.put_draft(self.db, DrawingOffice(), actor, site.id, drawn, expected_version=0))[0]


@pytest.fixture
async def demo(demo_clone: Clone) -> AsyncIterator[Demo]:
    async with Database.connect(demo_clone.app_url, max_size=2) as db:
        yield Demo(db, demo_clone)


@pytest.fixture
async def before_it(demo: Demo) -> Demo:
    """A demo as a release before this one, or a crash, left it."""
    owner = await asyncpg.connect(demo.clone.owner_url)
    await owner.execute("TRUNCATE place_plans CASCADE")
    await owner.close()
    return demo


async def test_the_demo_comes_with_its_plan_in_force_drawn_by_its_admin(demo: Demo) -> None:
    (plan,) = await demo.plans()
    assert (plan.state, plan.number, plan.name) == ("published", 1, catalogue.SITE_NAME)
    async with demo.db.transaction(demo.clone.tenant_id) as tx:
        opened = await queries.open_plan(tx, demo.clone.tenant_id, plan)
        acts = await tx.fetch("SELECT action, actor_id FROM audit WHERE subject_kind = 'place_plan' ORDER BY position")
    assert msgspec.json.decode(opened.text, type=Plan) == place_plan()
    assert [it["action"] for it in acts] == ["place_plan.drafted", "place_plan.published"]
    assert {it["actor_id"] for it in acts} == {plan.published_by}
    assert {it.kind for it in opened.report.checked} <= {"one_way"}, "emergency exits open from inside alone"


async def test_seeding_again_changes_nothing(demo: Demo) -> None:
    before = await demo.plans()
    assert not await seed_demo(demo.db)
    assert await demo.plans() == before


async def test_a_demo_of_an_earlier_release_gets_it(before_it: Demo) -> None:
    assert not await seed_demo(before_it.db)
    assert [it.state for it in await before_it.plans()] == ["published"]


async def test_a_draft_that_a_crash_left_is_published(before_it: Demo) -> None:
    await before_it.put(place_plan())
    assert await draw_demo(before_it.db)
    assert [(it.state, it.number) for it in await before_it.plans()] == [("published", 1)]


async def test_what_somebody_draws_is_left_alone(before_it: Demo) -> None:
    own = msgspec.structs.replace(place_plan(), landmarks=[])
    drawn = await before_it.put(own)
    assert not await draw_demo(before_it.db)
    assert await before_it.plans() == [drawn]
