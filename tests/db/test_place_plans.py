"""Plans of places in the database: one draft, one in force, kept as they were, seen by their own tenant alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from core.database import Database
from core.errors import Conflict, NotFound, Unavailable
from core.ids import new_id
from geo.places.model import Plan
from people.actor import Actor
from people.permissions import Role
from plant import place_service
from plant.places import service, zone_service
from plant.places.model import PlacePlan
from plant.places.office import AT_ONCE, WAITING_MAX, DrawingOffice
from tests import clusters
from tests.clusters import Clone
from tests.plant_world import NAME, Plant, build_in
from tests.unit.drawn_places import box, door, plan, room


def hall(**more: Any) -> Plan:
    """One room with a door to the outside."""
    return plan(rooms=[room("hall", 0, 0)], doors=[door("out", 0, 2, "hall", exit=True)], **more)


class Site:
    """A plant's site and its admin."""

    def __init__(self, db: Database, plant: Plant) -> None:
        self.db, self.office, self.id = db, DrawingOffice(), plant.site.id
        self.actor = Actor(plant.tenant_id, new_id(), Role.ADMIN)

    async def draw(self, drawn: Plan, version: int) -> PlacePlan:
        done = await service.put_draft(self.db, self.office, self.actor, self.id, drawn, expected_version=version)
        return done[0]

    async def publish(self, version: int) -> PlacePlan:
        done = await service.publish_draft(
            self.db, self.office, self.actor, self.id, accepted=[], expected_version=version
        )
        return done[0]


@pytest.fixture
async def site(clone: Clone) -> AsyncIterator[Site]:
    async with Database.connect(clone.app_url, max_size=4) as db:
        yield Site(db, await build_in(db, clone.tenant_id))


async def test_a_site_has_one_draft_and_one_plan_in_force(site: Site) -> None:
    first = await site.draw(hall(), 0)
    again = await site.draw(hall(), first.version)
    assert (again.id, again.number, again.version) == (first.id, 1, 2)
    in_force = await site.publish(2)
    second = await site.draw(hall(), 0)
    assert (second.number, second.state) == (2, "draft")
    after = await site.publish(second.version)
    async with site.db.transaction(site.actor.tenant_id) as tx:
        rows = await service.list_plans(tx, site.actor, site.id, state=None, search=None, before=9, limit=9)
        assert [(it.id, it.state) for it in rows] == [(after.id, "published"), (in_force.id, "retired")]
        old = await service.get_plan(tx, site.actor, site.id, in_force.id)
    assert old.row.retired_at == after.published_at


async def test_an_edit_of_a_draft_that_was_published_matches_no_later_draft(site: Site) -> None:
    first = await site.draw(hall(), 0)
    await site.publish(first.version)
    await site.draw(hall(), 0)
    with pytest.raises(Conflict) as refused:
        await site.draw(hall(), first.version)
    assert refused.value.code == "version.changed"


async def test_a_plan_in_force_does_not_change_whatever_a_statement_says(site: Site) -> None:
    await site.publish((await site.draw(hall(), 0)).version)
    with pytest.raises(asyncpg.RaiseError, match="never changes"):
        async with site.db.transaction(site.actor.tenant_id) as tx:
            await tx.execute("UPDATE place_plans SET plan = '{}' WHERE tenant_id = $1", tx.tenant_id)


async def test_a_plan_that_was_in_force_can_not_be_deleted_whatever_a_statement_says(site: Site) -> None:
    await site.publish((await site.draw(hall(), 0)).version)
    with pytest.raises(asyncpg.RaiseError, match="stays"):
        async with site.db.transaction(site.actor.tenant_id) as tx:
            await tx.execute("DELETE FROM place_plans WHERE tenant_id = $1", tx.tenant_id)


async def test_throwing_a_draft_away_is_audited(site: Site) -> None:
    await site.draw(hall(), 0)
    async with site.db.transaction(site.actor.tenant_id) as tx:
        await service.discard_draft(tx, site.actor, site.id, expected_version=1)
    async with site.db.transaction(site.actor.tenant_id) as tx:
        acts = await tx.fetch("SELECT action FROM audit WHERE subject_kind = 'place_plan' ORDER BY position")
    assert [it[0] for it in acts] == ["place_plan.drafted", "place_plan.discarded"]


async def test_a_plan_comes_back_as_it_was_drawn(site: Site) -> None:
    drawn = hall()
    await site.draw(drawn, 0)
    async with site.db.transaction(site.actor.tenant_id) as tx:
        opened = await service.get_in_state(tx, site.actor, site.id, "draft")
    assert msgspec.json.decode(opened.text, type=Plan) == drawn


async def test_of_two_who_draw_at_once_one_is_told(site: Site) -> None:
    done = await asyncio.gather(*(site.draw(hall(), 0) for _ in range(2)), return_exceptions=True)
    assert sorted(type(it).__name__ for it in done) == ["Conflict", "PlacePlan"]


async def test_publishing_what_was_edited_meanwhile_is_refused(site: Site) -> None:
    drawn = await site.draw(hall(), 0)
    done = await asyncio.gather(site.publish(drawn.version), site.draw(hall(), drawn.version), return_exceptions=True)
    assert sorted(type(it).__name__ for it in done) == ["Conflict", "PlacePlan"]


async def test_what_happened_is_audited_and_the_gateway_hears_of_the_new_plan(site: Site) -> None:
    await site.publish((await site.draw(hall(), 0)).version)
    async with site.db.transaction(site.actor.tenant_id) as tx:
        acts = await tx.fetch("SELECT action FROM audit WHERE subject_kind = 'place_plan' ORDER BY position")
        news = await tx.fetch("SELECT payload->>'action' FROM outbox WHERE payload->>'action' LIKE 'place_plan.%'")
    assert [it[0] for it in acts] == ["place_plan.drafted", "place_plan.published"]
    assert [it[0] for it in news] == ["place_plan.published"]


async def test_another_tenant_sees_nothing(site: Site, clone: Clone) -> None:
    drawn = await site.draw(hall(), 0)
    owner = await asyncpg.connect(clone.owner_url)
    other = new_id()
    await clusters.insert_tenant(owner, other, "neighbours")
    await owner.close()
    stranger = Actor(other, new_id(), Role.ADMIN)
    async with site.db.transaction(other) as tx:
        assert await tx.fetchval("SELECT count(*) FROM place_plans") == 0
        with pytest.raises(NotFound):
            await service.get_plan(tx, stranger, site.id, drawn.id)
    with pytest.raises(NotFound):
        await service.put_draft(site.db, site.office, stranger, site.id, hall(), expected_version=0)


async def test_whoever_comes_when_too_many_wait_is_told_to_come_back() -> None:
    office, held = DrawingOffice(), threading.Event()
    at_work = [asyncio.create_task(office.do(held.wait)) for _ in range(AT_ONCE + WAITING_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await office.do(held.wait)
    assert refused.value.code == "place_plan.busy"
    held.set()
    assert all(await asyncio.gather(*at_work))


async def test_an_edit_of_a_zone_checked_against_a_plan_that_is_replaced_meanwhile_is_tried_again(site: Site) -> None:
    # Where the building stands, not where the world's zones do.
    change = place_service.ZoneChange(polygon=box(1, 1, 4, 2))
    async with site.db.transaction(site.actor.tenant_id) as tx:
        draft = place_service.ZoneDraft(site.id, "new", NAME, box(0, 0))
        zone = await place_service.create_zone(tx, site.actor, draft)
    edit = (site.db, site.office, site.actor, zone.id, change)
    assert await zone_service.check_edit(*edit, expected_version=1) is None
    first = await site.publish((await site.draw(hall(), 0)).version)
    checked = await zone_service.check_edit(*edit, expected_version=1)
    assert checked == first.id
    await site.publish((await site.draw(hall(), 0)).version)
    with pytest.raises(Conflict) as refused:
        async with site.db.transaction(site.actor.tenant_id) as tx:
            await zone_service.edit_zone(tx, site.actor, zone.id, change, expected_version=1, checked=checked)
    assert refused.value.code == "zone.plan_changed"
