"""Everyone's way out of a running roll call, in the tables: planned, told, changed as a hazard grows, ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.database import Database, Tx
from core.ids import new_id
from geo.site_map import Passages, Standing
from incidents import rooms
from incidents.evacuation import queries as evacuation_queries
from incidents.evacuation import service as evacuation_service
from incidents.evacuation.forecast import forecast
from incidents.evacuation.model import EvacuationPlanRow
from incidents.evacuation.watch import EvacuationWatch
from incidents.roll_call import marking, service
from incidents.roll_call import queries as roll_calls
from incidents.roll_call.marking import NewMark
from incidents.roll_call.model import Mark, RollCall
from incidents.tasking import task_queries
from incidents.wayfinding import route_queries
from incidents.wayfinding.model import RouteRow
from incidents.wayfinding.questions import Asked, WayDesk
from incidents.wayfinding.surroundings import Surroundings
from mobile_contract.evacuation import EvacuationView, ForecastRequest, PeopleInZone
from plant.places.site_maps import SiteMaps
from realtime.incident_ports import IncidentPorts
from tests import evacuation_world, incident_world
from tests.clusters import Clone
from tests.evacuation_world import EAST_EXIT, EAST_YARD, World, hazard


class Stand:
    """A roll call in the house, the watch, and what stands around it."""

    def __init__(self, db: Database, world: World) -> None:
        self.db, self.world = db, world
        self.standing: list[Standing] = []
        self.watch = EvacuationWatch(db, SiteMaps(db), certify=False)
        self.call: RollCall

    async def surroundings(self, *_: Any, **__: Any) -> Surroundings:
        return Surroundings(self.standing, {}, Passages(), [])

    async def look(self) -> int:
        """As if something had changed."""
        async with self.db.transaction(self.world.tenant_id) as tx:
            await evacuation_queries.wake_site(tx, self.world.tenant_id, self.world.site.id)
        return await self.watch.sweep()

    async def add(self, login: str) -> UUID:
        """Somebody with a phone in the store."""
        async with self.db.transaction(self.world.tenant_id) as tx:
            account = await incident_world.add_account(tx, login)
            await evacuation_world.expect(tx, self.call, account, self.world.store)
        return account

    async def plan(self) -> EvacuationPlanRow:
        async with self.db.transaction(self.world.tenant_id) as tx:
            found = await evacuation_queries.find(tx, self.world.tenant_id, self.call.id)
        assert found is not None
        return found

    async def view(self) -> EvacuationView:
        view = (await self.plan()).view
        assert view is not None
        return view

    async def ways(self, account: UUID) -> list[RouteRow]:
        async with self.db.transaction(self.world.tenant_id) as tx:
            return await route_queries.list_of_account(tx, self.world.tenant_id, account)

    async def steps(self) -> list[str]:
        """Of the task everybody is ordered by."""
        async with self.db.transaction(self.world.tenant_id) as tx:
            call = await service.get(tx, self.world.tenant_id, self.call.id)
            assert call.evacuate_task_id is not None
            task = await task_queries.get_task(tx, self.world.tenant_id, call.evacuate_task_id)
        return [it.text.en for it in task.steps]


@pytest_asyncio.fixture
async def stand(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    async with Database.connect(clone.app_url, max_size=4) as db:
        made = Stand(db, await evacuation_world.build(db, clone.tenant_id))
        monkeypatch.setattr(evacuation_service, "surroundings_of", made.surroundings)
        made.call = await evacuation_world.evacuate(db, made.world)
        await evacuation_world.expect_crowd(db, made.call, made.world.hall, 10)
        await evacuation_world.expect_crowd(db, made.call, made.world.store, 10, begin=2000)
        yield made


async def test_everyone_with_a_phone_is_told_their_own_way_to_a_point(stand: Stand) -> None:
    li = await stand.add("li")
    assert await stand.watch.sweep() == 1
    (way,) = await stand.ways(li)
    assert (way.state, way.purpose, way.view.cause, way.view.target.en) == (
        "safe",
        "evacuate",
        "given",
        "Assembly East",
    )
    assert way.view.steps[-1].kind == "arrive"
    assert way.view.arrives_at is not None


async def test_the_plan_says_when_each_zone_is_clear_and_never_a_name(stand: Stand) -> None:
    await evacuation_world.expect_crowd(stand.db, stand.call, None, 3, begin=3000)
    await stand.watch.sweep()
    view = await stand.view()
    assert (view.out, view.cut_off, view.unknown, view.revision) == (20, 0, 3, 1)
    assert {(it.zone, it.people) for it in view.zones} == {(stand.world.store.id, 10), (stand.world.hall.id, 10)}
    assert all(0 < (it.clear_s or 0) < view.cleared_s for it in view.zones)
    assert {(it.point, it.people) for it in view.points} == {(stand.world.east, 10), (stand.world.west, 10)}


async def test_nothing_is_looked_at_again_before_its_time(stand: Stand) -> None:
    await stand.add("li")
    assert await stand.watch.sweep() == 1
    assert await stand.watch.sweep() == 0


async def test_an_exit_that_a_hazard_shuts_is_taken_from_those_who_go_there_and_they_are_told(stand: Stand) -> None:
    li = await stand.add("li")
    await stand.watch.sweep()
    stand.standing = [hazard((0, EAST_EXIT))]
    assert await stand.look() == 1
    (way,) = await stand.ways(li)
    assert (way.revision, way.state, way.view.cause) == (2, "safe", "hazard")
    assert leaves_by(way) == "West Gate"


async def test_a_hazard_that_will_shut_the_exit_before_one_is_through_turns_people_round_now(stand: Stand) -> None:
    li = await stand.add("li")
    await stand.watch.sweep()
    stand.standing = [hazard((1_000, EAST_EXIT))]
    await stand.look()
    (way,) = await stand.ways(li)
    assert (way.state, leaves_by(way)) == ("safe", "West Gate")


async def test_a_way_is_kept_while_nothing_speaks_against_it(stand: Stand) -> None:
    li = await stand.add("li")
    await stand.watch.sweep()
    await stand.look()
    (way,) = await stand.ways(li)
    assert way.revision == 1
    assert (await stand.view()).revision == 2


async def test_a_point_that_a_hazard_reaches_is_given_up_on_the_record_and_in_the_order(stand: Stand) -> None:
    li = await stand.add("li")
    await stand.watch.sweep()
    assert "Assembly East" in (await stand.steps())[1]
    stand.standing = [hazard((0, EAST_YARD))]
    await stand.look()
    (way,) = await stand.ways(li)
    assert way.view.target.en == "Assembly West"
    assert (await stand.steps())[1] == "Go to Assembly West"
    async with stand.db.transaction(stand.world.tenant_id) as tx:
        lines = await timeline(tx, stand.world.incident_id, "evacuation.points")
    assert [it["given_up"] for it in lines][-1] == [{"zh": "东集合点", "en": "Assembly East"}]


def leaves_by(way: RouteRow) -> str:
    """The gate that the steps name."""
    said = " ".join(it.text.en for it in way.view.steps)
    return next(gate for gate in ("West Gate", "East Gate") if gate in said)


async def timeline(tx: Tx, incident_id: UUID, kind: str) -> list[Any]:
    rows = await tx.fetch(
        "SELECT facts FROM timeline WHERE tenant_id = $1 AND incident_id = $2 AND kind = $3 ORDER BY position",
        tx.tenant_id,
        incident_id,
        kind,
    )
    return [row["facts"] for row in rows]


async def test_who_is_cut_off_is_counted_and_told_to_stay(stand: Stand) -> None:
    li = await stand.add("li")
    stand.standing = [hazard((0, EAST_EXIT)), hazard((0, (16, 5, 24, 15)), name="other")]
    await stand.watch.sweep()
    view = await stand.view()
    assert (view.out, view.cut_off) == (10, 11)
    assert view.zones[0].clear_s is None
    (way,) = await stand.ways(li)
    assert (way.state, way.view.steps) == ("no_safe_route", [])
    assert way.view.reason is not None
    assert "Stay where you are" in way.view.reason.en
    await stand.look()
    (again,) = await stand.ways(li)
    assert again.revision == 1, "and told once"


async def test_the_room_holds_what_its_fresh_snapshot_says(stand: Stand) -> None:
    await stand.add("li")
    await stand.watch.sweep()
    async with stand.db.transaction(stand.world.tenant_id) as tx:
        room_id = await rooms.room_id_of(tx, stand.world.tenant_id, stand.world.incident_id)
        state = await rooms.fresh_snapshot(tx, stand.world.tenant_id, room_id)
    assert state.evacuations == {stand.call.id: await stand.view()}


async def test_whoever_is_accounted_for_is_safe_and_needs_no_way(stand: Stand) -> None:
    li = await stand.add("li")
    await stand.watch.sweep()
    async with stand.db.transaction(stand.world.tenant_id) as tx:
        mark = Mark(id=new_id(), person_id=li, said="safe", by_account=None, at=tx.now, received_at=tx.now)
        await marking.mark(tx, stand.world.officer, stand.call.id, [NewMark(mark=mark)])
    await stand.look()
    assert await stand.ways(li) == []
    async with stand.db.transaction(stand.world.tenant_id) as tx:
        why = await tx.fetchval(
            "SELECT ended_why FROM routes WHERE tenant_id = $1 AND account_id = $2", stand.world.tenant_id, li
        )
    assert why == "safe"
    assert (await stand.view()).out == 20


async def test_with_the_all_clear_the_plan_ends_and_every_way(stand: Stand) -> None:
    li = await stand.add("li")
    await stand.watch.sweep()
    async with stand.db.transaction(stand.world.tenant_id) as tx:
        call = await service.get_locked(tx, stand.world.tenant_id, stand.call.id)
        over = msgspec.structs.replace(call, state="all_clear", all_clear_at=tx.now)
        await roll_calls.save_call(tx, call.tenant_id, over)
    assert await stand.watch.sweep() == 1
    assert await stand.ways(li) == []
    assert (await stand.view()).ended_at is not None
    assert await stand.watch.sweep() == 0


async def test_two_watches_make_one_plan(stand: Stand) -> None:
    await stand.add("li")
    other = EvacuationWatch(stand.db, SiteMaps(stand.db), certify=False)
    made = await asyncio.gather(stand.watch.sweep(), other.sweep())
    assert sum(made) == 1
    assert (await stand.plan()).revision == 1


async def test_a_watch_that_lost_its_lease_writes_nothing(stand: Stand) -> None:
    li = await stand.add("li")
    async with stand.db.transaction(stand.world.tenant_id) as tx:
        dead = await evacuation_queries.claim(
            tx, stand.world.tenant_id, stand.call.id, stand.world.site.id, new_id(), tx.now - timedelta(seconds=1)
        )
    assert dead is not None
    assert await stand.watch.sweep() == 1, "its lease is over: another plans"
    assert len(await stand.ways(li)) == 1


async def test_the_certificate_comes_beside_the_plan(stand: Stand) -> None:
    watch = EvacuationWatch(stand.db, SiteMaps(stand.db))
    await watch.sweep()
    await watch.proven()
    view = await stand.view()
    assert view.certificate is not None
    assert view.certificate.bound_s <= view.cleared_s
    assert view.revision == 1


async def test_a_phone_that_comes_on_line_is_told_its_persons_ways(stand: Stand) -> None:
    li = await stand.add("li")
    await stand.watch.sweep()
    (told,) = await IncidentPorts().list_ways(stand.db, stand.world.tenant_id, li)
    assert (told.route.purpose, told.route.account) == ("evacuate", li)


async def test_what_if_says_what_people_would_wait_for_and_stores_nothing(stand: Stand) -> None:
    asked = ForecastRequest(people=[PeopleInZone(stand.world.store.id, 60)], closed_doors=["XE"])
    by = Asked(stand.world.officer, stand.db, SiteMaps(stand.db), WayDesk())
    found = await forecast(by, stand.world.site.id, asked)
    assert (found.out, found.cut_off, found.over_room) == (60, 0, 30)
    assert {it.feature for it in found.bottlenecks} & {"M", "XW"}
    async with stand.db.transaction(stand.world.tenant_id) as tx:
        assert await evacuation_queries.find(tx, stand.world.tenant_id, stand.call.id) is None
