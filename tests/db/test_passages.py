"""States of doors and rises in the database: over the plan in force, ending by themselves, gone with their door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from geo.places.model import Plan, Rise, Stop, Way, WayNode
from people.actor import Actor
from people.permissions import Role
from plant.places import passage_queries, passage_service
from plant.places import service as plan_service
from plant.places.office import DrawingOffice
from plant.places.passage_queries import After, Passage, Wanted
from plant.places.passage_service import StateDraft
from tests import clusters
from tests.clusters import Clone
from tests.plant_world import Plant, build_in
from tests.unit.drawn_places import at, door, plan, room

LOCKED = StateDraft("locked", "lock is broken")


def house(*doors: str) -> Plan:
    """Two floors with a hall each, joined by a lift and by stairs; ``doors`` lead out of the lower hall."""
    stops = [Stop(level=level, at=at(3, 2), room=f"hall{level}") for level in (0, 1)]
    return plan(
        0,
        1,
        rooms=[room("hall0", 0, 0), room("hall1", 0, 0, level=1)],
        doors=[door(own, 0, 2, "hall0", exit=True) for own in doors],
        rises=[
            Rise(id="lift", kind="lift", stops=stops, up_s=9.0, down_s=9.0),
            Rise(id="stairs", kind="stairs", stops=stops, up_s=20.0, down_s=15.0),
        ],
    )


class Site:
    """A plant's site, its admin, and a plan in force."""

    def __init__(self, db: Database, plant: Plant) -> None:
        self.db, self.id, self.actor = db, plant.site.id, Actor(plant.tenant_id, new_id(), Role.ADMIN)

    async def publish(self, drawn: Plan) -> None:
        office = DrawingOffice()
        row, _ = await plan_service.put_draft(self.db, office, self.actor, self.id, drawn, expected_version=0)
        await plan_service.publish_draft(
            self.db, office, self.actor, self.id, accepted=[], expected_version=row.version
        )

    async def say(self, of: Any, feature: str, draft: StateDraft = LOCKED, version: int | None = None) -> Passage:
        async with self.db.transaction(self.actor.tenant_id) as tx:
            return await passage_service.set_state(
                tx, self.actor, self.id, of, feature, draft, expected_version=version
            )

    async def clear(self, of: Any, feature: str) -> Passage:
        async with self.db.transaction(self.actor.tenant_id) as tx:
            return await passage_service.clear_state(tx, self.actor, self.id, of, feature)

    async def found(self, **wanted: Any) -> list[str]:
        async with self.db.transaction(self.actor.tenant_id) as tx:
            rows = await passage_service.list_passages(
                tx, self.actor, self.id, Wanted(**wanted), after=After(), limit=50
            )
        return [it.feature for it in rows]

    async def facts(self, sql: str) -> list[Any]:
        async with self.db.transaction(self.actor.tenant_id) as tx:
            return [row[0] for row in await tx.fetch(sql)]


@pytest.fixture
async def site(clone: Clone) -> AsyncIterator[Site]:
    async with Database.connect(clone.app_url, max_size=4) as db:
        made = Site(db, await build_in(db, clone.tenant_id))
        await made.publish(house("back", "front"))
        yield made


async def test_a_door_is_as_planned_until_somebody_says_otherwise(site: Site) -> None:
    locked = await site.say("door", "front")
    assert (locked.planned, locked.state, locked.reason, locked.version) == ("closed", "locked", "lock is broken", 1)
    assert (locked.set_by, locked.levels, locked.rooms) == (site.actor.account_id, [0], ["hall0"])
    badge = await site.say("door", "front", StateDraft("badge"))
    assert (badge.state, badge.reason, badge.version) == ("badge", None, 2)
    again = await site.clear("door", "front")
    assert (again.state, again.version, again.set_at) == ("closed", 0, None)
    assert await site.clear("door", "front") == again


async def test_a_list_shows_where_everything_is_and_is_filtered(site: Site) -> None:
    await site.say("rise", "lift", StateDraft("out_of_use", "under repair"))
    assert await site.found() == ["back", "front", "lift", "stairs"]
    assert await site.found(kind="stairs") == ["stairs"]
    assert await site.found(kind="door") == ["back", "front"]
    assert await site.found(state="out_of_use") == ["lift"]
    assert await site.found(state="in_use") == ["stairs"]
    assert await site.found(changed=True) == ["lift"]
    assert await site.found(changed=False) == ["back", "front", "stairs"]
    assert await site.found(level=1) == ["lift", "stairs"]
    assert await site.found(search="FRONT") == ["front"]
    assert await site.found(search="hall1") == ["lift", "stairs"]


async def test_the_ways_up_of_a_drawn_network_are_rises_too(site: Site) -> None:
    nodes = [WayNode(id="low", level=0, at=at(1, 1), exit=True), WayNode(id="high", level=1, at=at(1, 1))]
    await site.publish(plan(0, 1, nodes=nodes, ways=[Way(id="climb", ends=("high", "low"), rise="ladder")]))
    said = await site.say("rise", "climb", StateDraft("out_of_use", "rusty"))
    assert (said.kind, said.levels, said.at) == ("ladder", [0, 1], at(1, 1))


async def test_a_state_ends_by_itself(site: Site) -> None:
    async with site.db.transaction(site.actor.tenant_id) as tx:
        ends = tx.now + timedelta(hours=1)
        draft = StateDraft("locked", "goods in the way", ends)
        await passage_service.set_state(tx, site.actor, site.id, "door", "front", draft)
        mine = (tx, site.actor.tenant_id, site.id)
        before = await passage_queries.list_states(*mine, ends - timedelta(seconds=1))
        assert [(it.feature, it.state, it.until) for it in before] == [("front", "locked", ends)]
        assert await passage_queries.list_states(*mine, ends) == []
        over = await passage_queries.find_passage(*mine, "door", "front", ends)
        assert over is not None
        assert (over.state, over.version, over.until) == ("closed", 0, None)


async def test_what_the_plan_in_force_does_not_have_is_named(site: Site) -> None:
    for of, feature in (("door", "gate-9"), ("rise", "front"), ("door", "lift")):
        with pytest.raises(NotFound) as refused:
            await site.say(of, feature)
        assert (refused.value.code, refused.value.value) == ("passage.not_found", feature)


async def test_a_site_without_a_plan_in_force_has_no_passages(clone: Clone) -> None:
    async with Database.connect(clone.app_url, max_size=2) as db:
        bare = Site(db, await build_in(db, clone.tenant_id))
        with pytest.raises(NotFound) as refused:
            await bare.found()
        assert refused.value.code == "place_plan.no_published"


async def test_a_word_on_a_version_that_is_gone_changes_nothing(site: Site) -> None:
    await site.say("door", "front", version=0)
    with pytest.raises(Conflict) as refused:
        await site.say("door", "front", StateDraft("open"), version=0)
    assert refused.value.code == "version.changed"
    with pytest.raises(Invalid):
        await site.say("door", "front", StateDraft("locked"))
    assert await site.found(state="locked") == ["front"]


async def test_every_change_is_news_on_record_and_audited(site: Site) -> None:
    await site.say("door", "front")
    await site.clear("door", "front")
    await site.clear("door", "front")
    assert await site.facts("SELECT action FROM audit WHERE subject_kind = 'passage' ORDER BY position") == [
        "passage.set",
        "passage.cleared",
    ]
    news = await site.facts("SELECT payload FROM outbox WHERE kind = 'passage.changed' ORDER BY id")
    assert [(it["action"], it["feature"], it["before"], it["state"]) for it in news] == [
        ("passage.set", "front", "closed", "locked"),
        ("passage.cleared", "front", "locked", "closed"),
    ]
    assert set(await site.facts("SELECT key FROM outbox WHERE kind = 'passage.changed'")) == {str(site.id)}


async def test_states_of_what_a_new_plan_does_not_have_go_with_the_old_one_by_name(site: Site) -> None:
    await site.say("door", "front")
    await site.say("door", "back")
    await site.say("rise", "lift", StateDraft("out_of_use", "under repair"))
    await site.publish(house("front", "side"))
    assert await site.found(changed=True) == ["front", "lift"]
    dropped = await site.facts("SELECT facts FROM audit WHERE action = 'passage.dropped'")
    assert dropped == [{"passages": ["door back"]}]
    news = await site.facts("SELECT payload->>'action' FROM outbox WHERE kind = 'passage.changed' ORDER BY id")
    assert news[-1] == "passage.dropped"


async def test_another_tenant_sees_and_says_nothing(site: Site, clone: Clone) -> None:
    await site.say("door", "front")
    owner = await asyncpg.connect(clone.owner_url)
    other = new_id()
    await clusters.insert_tenant(owner, other, "neighbours")
    await owner.close()
    site.actor = Actor(other, new_id(), Role.ADMIN)
    assert await site.facts("SELECT count(*) FROM passage_states") == [0]
    with pytest.raises(NotFound) as refused:
        await site.say("door", "front")
    assert refused.value.code == "site.not_found"
