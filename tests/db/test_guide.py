"""Ways of people: found when a task is theirs, kept while good, another when they are not, over with the task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec
import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict, Forbidden, NotFound
from core.ids import new_id
from geo.hazards.model import Area, Hazard, Slice
from geo.site_map import Standing
from incidents import queries as incident_queries
from incidents import rooms
from incidents.hazards import service as hazards
from incidents.hazards.service import Bare
from incidents.tasking import task_queries
from incidents.wayfinding import errand_queries, loading, route_queries, routes_service
from incidents.wayfinding.deciding import decide
from incidents.wayfinding.guide import Guide
from incidents.wayfinding.model import LastFix
from mobile_contract.room import fold
from mobile_contract.text import Text
from people.permissions import Role
from people.presence import service as presence
from plant.places import passage_service
from plant.places.passage_service import StateDraft
from plant.places.site_maps import SiteMaps
from tests import wayfinding_world
from tests.clusters import Clone
from tests.wayfinding_world import House, lon_lat, rectangle, replaced, said

Walk: TypeAlias = Callable[..., Awaitable[list[int]]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def house(clone: Clone, clock: ManualClock) -> AsyncIterator[House]:
    async with Database.connect(clone.app_url, clock, max_size=4) as db:
        yield await wayfinding_world.build(db, clone.tenant_id)


@pytest.fixture
def walk(house: House, clock: ManualClock) -> Walk:
    """Positions ten seconds apart, at walking pace; the steps to tell of the last."""

    async def positions(*places: tuple[float, float], ahead_s: float = 0.0) -> list[int]:
        row, push = await house.route(), list[int]()
        for x, y in places:
            clock.advance(10)
            async with house.db.transaction(house.tenant_id) as tx:
                fix = LastFix(tx.now + timedelta(seconds=ahead_s), *lon_lat(x, y), 2.0, 0)
                actor = house.world.actor(house.world.wang)
                push = (await routes_service.walk(tx, actor, row.id, row.revision, [fix])).push
        return push

    return positions


async def test_who_has_a_task_gets_the_shorter_way_in_steps_and_the_room_sees_it(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    assert await house.guide.sweep() == 1
    row = await house.route()
    assert (row.state, row.revision, row.view.cause, row.purpose) == ("safe", 1, "given", "task")
    assert "North Door 1" in said(row)
    assert row.view.target.en == "Store"
    assert row.view.from_source == "phone"
    assert row.view.steps[0].text.zh
    async with house.db.transaction(house.tenant_id) as tx:
        state = await rooms.fresh_snapshot(tx, house.tenant_id, house.world.room_id)
        events = await rooms.events_after(tx, house.tenant_id, house.world.room_id, 0, 100)
    assert state.routes == {row.id: row.view}
    assert fold(state, events) == state
    assert await house.guide.sweep() == 0


async def test_whose_place_nobody_knows_is_told_so_once_and_led_when_they_are_seen(house: House) -> None:
    await house.guide.sweep()
    row = await house.route()
    assert (row.state, row.view.steps) == ("place_unknown", [])
    assert row.view.reason is not None
    assert "share your position" in row.view.reason.en
    assert await house.guide.sweep() == 0
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    after = await house.route()
    assert (after.id, after.state, after.revision, after.view.cause) == (row.id, "safe", 2, "place_known")


async def test_steps_are_told_as_they_come_and_the_arrival_once(house: House, walk: Walk) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    await walk((18, 17), (30, 17))
    async with house.db.transaction(house.tenant_id) as tx:
        half = await rooms.fresh_snapshot(tx, house.tenant_id, house.world.room_id)
    row = await house.route()
    assert 1 < half.routes[row.id].step <= len(row.view.steps)
    await walk((42, 17), (54, 17), (60, 17), (60.5, 17))
    row = await house.route()
    assert row.view.arrived_at is not None
    assert row.view.arrives_at is None
    async with house.db.transaction(house.tenant_id) as tx:
        state = await rooms.fresh_snapshot(tx, house.tenant_id, house.world.room_id)
        events = await rooms.events_after(tx, house.tenant_id, house.world.room_id, 0, 200)
    told = [event for event in events if event.kind == "route.progressed"]
    assert 2 <= len(told) <= len(row.view.steps) + 1
    assert state.routes[row.id] == row.view
    assert await house.guide.sweep() == 0


async def test_who_walks_is_known_to_be_where_they_are(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    row = await house.route()
    async with house.db.transaction(house.tenant_id) as tx:
        fix = LastFix(tx.now + timedelta(seconds=5), *lon_lat(62, 17), 2.0, 0)
        await routes_service.walk(tx, house.world.actor(house.world.wang), row.id, 1, [fix])
    async with house.db.transaction(house.tenant_id) as tx:
        later = tx.now + timedelta(seconds=60)
        found = await presence.list_whereabouts(tx, house.tenant_id, house.site_id, later)
    (wang,) = [it for it in found if it.person_id == house.world.wang]
    assert wang.zone_id == house.world.zone_id
    assert wang.position is not None


async def test_the_same_position_again_changes_nothing(house: House, walk: Walk) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    await walk((18, 17))
    row = await house.route()
    assert row.fix is not None
    async with house.db.transaction(house.tenant_id) as tx:
        actor = house.world.actor(house.world.wang)
        answer = await routes_service.walk(tx, actor, row.id, row.revision, [row.fix])
    assert answer.push == []
    assert await house.route() == row


async def test_a_phone_whose_clock_is_a_year_ahead_is_where_it_is_now_and_is_heard_again(
    house: House, walk: Walk, clock: ManualClock
) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    await walk((18, 17), ahead_s=365 * 86_400)
    row = await house.route()
    assert row.fix is not None
    assert row.fix.at == clock.now()
    await walk((30, 17))
    after = await house.route()
    assert after.progress is not None
    assert row.progress is not None
    assert after.progress.at_ms > row.progress.at_ms


async def test_who_leaves_the_way_is_led_from_where_they_are(house: House, walk: Walk) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    await walk((12, 3), (30, 3), (32, 3), (34, 3))
    assert (await house.route()).view.off_route
    await house.guide.sweep()
    row = await house.route()
    assert (row.view.cause, row.revision) == ("off_route", 2)
    assert "South Door 2" in said(row)
    assert not row.view.off_route


async def test_the_way_is_over_with_the_task_and_its_steps_are_gone(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    before = await house.route()
    async with house.db.transaction(house.tenant_id) as tx:
        await task_queries.save_task(tx, house.tenant_id, replaced(house.task, state="done", done_at=tx.now))
    assert await house.guide.sweep() == 1
    assert await house.routes() == []
    async with house.db.transaction(house.tenant_id) as tx:
        over = await route_queries.get_route(tx, house.tenant_id, before.id)
        state = await rooms.fresh_snapshot(tx, house.tenant_id, house.world.room_id)
    assert (over.ended_why, over.view.steps, over.way) == ("done", [], None)
    assert state.routes[before.id] == over.view
    async with house.db.transaction(house.tenant_id) as tx:
        fix = LastFix(tx.now, *lon_lat(10, 15), 2.0, 0)
        with pytest.raises(Conflict, match="over"):
            await routes_service.walk(tx, house.world.actor(house.world.wang), before.id, 1, [fix])


async def test_a_task_that_changes_hands_takes_the_way_along(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.at(house.world.li, 5, 5)
    await house.guide.sweep()
    async with house.db.transaction(house.tenant_id) as tx:
        await task_queries.save_task(tx, house.tenant_id, replaced(house.task, owner_account_id=house.world.li))
    await house.guide.sweep()
    assert await house.routes(house.world.wang) == []
    assert (await house.route(house.world.li)).state == "safe"


async def test_a_closed_incident_sends_nobody_anywhere(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    async with house.db.transaction(house.tenant_id) as tx:
        incident = await incident_queries.lock_incident(tx, house.tenant_id, house.world.incident_id)
        closed = {"state": "closed", "closed_at": tx.now, "close_reason": "over"}
        await incident_queries.save_incident(tx, house.tenant_id, replaced(incident, **closed))  # type: ignore[arg-type]
    await house.guide.sweep()
    assert await house.routes() == []
    assert await house.guide.sweep() == 0


async def test_two_guides_tell_one_way(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    other = Guide(house.db, SiteMaps(house.db))
    async with house.db.transaction(house.tenant_id) as tx:
        assert await route_queries.claim_site(tx, house.tenant_id, house.site_id, tx.now + timedelta(seconds=10))
    assert await other.sweep() == 0
    async with house.db.transaction(house.tenant_id) as tx:
        await route_queries.release_site(tx, house.tenant_id, house.site_id)
    assert await house.guide.sweep() + await other.sweep() == 1


async def test_a_way_is_its_persons_to_walk_and_the_incidents_to_see(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    row = await house.route()
    async with house.db.transaction(house.tenant_id) as tx:
        assert (await routes_service.list_own(tx, house.world.actor(house.world.wang)))[0].id == row.id
        fix = LastFix(tx.now, *lon_lat(10, 15), 2.0, 0)
        with pytest.raises(Forbidden):
            await routes_service.walk(tx, house.world.actor(house.world.li), row.id, 1, [fix])
        with pytest.raises(NotFound):
            await routes_service.get(tx, house.world.actor(house.world.wang), new_id())
        with pytest.raises(NotFound):
            # A worker who is in no room of it.
            await routes_service.get(tx, house.world.actor(house.world.li, Role.WORKER), row.id)


async def _draw(
    house: House,
    name: str,
    box: tuple[float, float, float, float],
    *,
    factor: float | None = None,
    exercise: bool = False,
) -> UUID:
    """A person draws a ban on the ground floor, or where it is to be slow."""
    async with house.db.transaction(house.tenant_id) as tx:
        area = Area(polygon=rectangle(*box), levels=[0], factor=factor)
        drawn = Hazard(id=name, source="drawn", slices=[Slice(start_ms=0, length_ms=3_600_000, areas=[area])])
        bare = Bare(
            id=new_id(),
            source="drawn",
            name=Text(name, name),
            agent=None,
            incident_id=house.world.incident_id,
            minutes=60,
            facts={},
        )
        actor = house.world.actor(house.world.wang)
        return (await hazards.state(tx, actor, house.site_id, hazards.prepared(bare, drawn, tx.now))).id


async def test_a_hazard_on_the_way_turns_it_and_the_one_who_walks_is_told_why(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    await _draw(house, "smoke", (30, 15, 50, 19))
    assert await house.guide.sweep() == 1
    row = await house.route()
    assert (row.state, row.revision, row.view.cause) == ("safe", 2, "hazard")
    assert "South Door 1" in said(row)
    assert "North" not in said(row)
    assert await house.guide.sweep() == 0


async def test_a_hazard_that_only_slows_the_way_turns_it_for_its_own_sake(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    await _draw(house, "smell", (30, 15, 50, 19), factor=4.0)
    assert await house.guide.sweep() == 1
    row = await house.route()
    assert (row.state, row.revision, row.view.cause) == ("safe", 2, "hazard")
    assert "South Door 1" in said(row)


async def test_a_hazard_off_the_way_tells_nobody_anything(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    before = await house.route()
    await _draw(house, "smoke", (30, 1, 50, 5))
    assert await house.guide.sweep() == 0
    assert await house.route() == before


async def test_a_hazard_where_the_task_is_leaves_no_safe_way_and_nobody_is_sent_in(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    cloud = await _draw(house, "cloud", (55, -2, 85, 22))
    await house.guide.sweep()
    row = await house.route()
    assert (row.state, row.view.cause) == ("no_safe_route", "given")
    assert row.view.least_harm is not None
    assert [it.en for it in row.view.least_harm.hazards] == ["cloud"]
    assert "Wait at the edge" in row.view.warnings[0].en
    assert await house.guide.sweep() == 0
    async with house.db.transaction(house.tenant_id) as tx:
        await hazards.end(tx, house.world.actor(house.world.wang), house.site_id, cloud, "aired out")
    assert await house.guide.sweep() == 1
    row = await house.route()
    assert (row.state, row.view.least_harm) == ("safe", None)


async def test_a_door_found_locked_turns_the_way_too(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await house.guide.sweep()
    async with house.db.transaction(house.tenant_id) as tx:
        admin = house.world.actor(house.world.wang, Role.ADMIN)
        draft = StateDraft("locked", "jammed")
        await passage_service.set_state(tx, admin, house.site_id, "door", "NW", draft)
    await house.guide.sweep()
    row = await house.route()
    assert (row.view.cause, row.state) == ("passage", "safe")
    assert "South Door 1" in said(row)


async def test_the_map_is_there_before_somebody_needs_it(house: House) -> None:
    maps = SiteMaps(house.db)
    assert await maps.prepare() == 1
    found = await maps.find(house.tenant_id, house.site_id, wait_s=0)
    assert found is not None
    assert await maps.find(house.tenant_id, new_id()) is None


async def test_a_hazard_that_is_none_leaves_nobody_without_a_way(house: House) -> None:
    await house.at(house.world.wang, 10, 15)
    await _draw(house, "smoke", (30, 15, 50, 19))
    async with house.db.transaction(house.tenant_id) as tx:
        errands = await errand_queries.list_errands(tx, house.tenant_id, house.site_id)
        look = await loading.load(tx, house.tenant_id, house.site_id, errands, exercise=False)
    line = Area(polygon={"type": "Polygon", "coordinates": [[[0, 0], [0, 0], [0, 0], [0, 0]]]}, levels=[0])
    wrong = Hazard(id="line", source="drawn", slices=[Slice(start_ms=0, length_ms=1, areas=[line])])
    around = msgspec.structs.replace(look.around, standing=[Standing(wrong), *look.around.standing])
    mapped = await house.maps.find(house.tenant_id, house.site_id)
    assert mapped is not None
    scene = loading.scene_of(msgspec.structs.replace(look, around=around), mapped)
    assert [it.name for it in scene.now.hazards] == [look.around.standing[0].hazard.id]
    (row,) = decide(scene, errands).told
    assert "South Door 1" in said(row)
