"""Hazards that grow from alarms: stated once, stated anew when something else is true, and over when the alarm is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from core.errors import Conflict, Forbidden
from core.ids import new_id
from geo.hazards.model import Area, Hazard, Slice
from geo.places.model import Door, Level, Plan, Room
from incidents import rooms
from incidents.hazards import queries, service, stating
from incidents.hazards.model import StandingHazard
from incidents.hazards.moves import PERSON_IS_BELIEVED
from incidents.hazards.service import Bare
from incidents.hazards.watch import HazardWatch
from incidents.joining import splitting
from incidents.joining.split import Part
from mobile_contract.room import RoomState, fold
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Role
from plant import queries as plant_queries
from plant.model import Zone
from plant.places import passage_service
from plant.places import service as place_service
from plant.places.office import DrawingOffice
from plant.places.passage_service import StateDraft
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

GAS, ACETONE = "gas-store-1", "acetone"
NAME = Text("名", "Name")


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        yield made


async def leak(plant: Stand, value: float = 1100.0) -> None:
    await plant.hold(GAS, ACETONE, value, 3)


async def sweep(plant: Stand) -> int:
    return await HazardWatch(plant.db).sweep()


async def standing(plant: Stand, *, exercise: bool = False) -> list[StandingHazard]:
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await queries.list_standing(tx, plant.tenant_id, plant.lease.site_id, tx.now, exercise=exercise)


async def stored(plant: Stand) -> list[Any]:
    return await plant.rows("SELECT * FROM hazards WHERE tenant_id = $1 ORDER BY created_at, id")


async def store_zone(plant: Stand) -> Zone:
    sensor = await plant.sensor(GAS, ACETONE)
    (row,) = await plant.rows("SELECT zone_id FROM sensors WHERE tenant_id = $1 AND id = $2", sensor)
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await plant_queries.get_zone(tx, plant.tenant_id, row["zone_id"])


async def furnish(plant: Stand, zone: Zone, **door: Any) -> None:
    """A plan in force: the zone as a room, with a corridor east of it behind a door, and the outside behind that."""
    ring = zone.polygon["coordinates"][0]
    west, east = min(p[0] for p in ring), max(p[0] for p in ring)
    south, north = min(p[1] for p in ring), max(p[1] for p in ring)
    middle, far = (south + north) / 2, 2 * east - west
    corners = [[east, south], [far, south], [far, north], [east, north], [east, south]]
    plan = Plan(
        name=NAME,
        levels=[Level(level=zone.level, name=NAME)],
        rooms=[
            Room(id="store", level=zone.level, polygon=zone.polygon),
            Room(id="corridor", level=zone.level, polygon={"type": "Polygon", "coordinates": [corners]}),
        ],
        doors=[
            Door(id="between", level=zone.level, at=(east, middle), joins=("store", "corridor"), **door),
            Door(id="out", level=zone.level, at=(far, middle), joins=("corridor", None), exit=True),
        ],
    )
    admin, office, site = Actor(plant.tenant_id, new_id(), Role.ADMIN), DrawingOffice(), plant.lease.site_id
    drafted, _ = await place_service.put_draft(plant.db, office, admin, site, plan, expected_version=0)
    await place_service.publish_draft(plant.db, office, admin, site, accepted=[], expected_version=drafted.version)


async def snapshot(plant: Stand, incident_id: UUID) -> tuple[RoomState, RoomState]:
    """The room as the tables have it, and as its events make it."""
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, incident_id)
        events = await rooms.events_after(tx, plant.tenant_id, room.id, 0, 1000)
        fresh = await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)
        return fresh, fold(RoomState(room=room.id, epoch=fresh.epoch, seq=0), events)


async def end(plant: Stand, hazard_id: UUID, login: str = "zhao") -> None:
    actor = await plant.actor(login)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.end(tx, actor, plant.lease.site_id, hazard_id, "a faulty sensor")


# --- from an alarm ---------------------------------------------------------------------------------------------------
async def test_a_first_level_slows_the_zone_and_a_second_bans_it(plant: Stand) -> None:
    zone = await store_zone(plant)
    await leak(plant)
    assert await sweep(plant) > 0
    slow = await standing(plant)
    assert {it.hazard.slices[0].areas[0].factor for it in slow} == {4.0}
    assert {it.hazard.slices[0].areas[0].polygon == zone.polygon for it in slow} == {True}
    assert {it.agent for it in slow} == {"acetone"}
    air = slow[0].hazard.slices[0].areas[0].air[0]
    assert (air.agent, air.value, air.unit) == ("acetone", 1100.0, "ppm")
    await leak(plant, 2500.0)
    await sweep(plant)
    assert {it.hazard.slices[0].areas[0].factor for it in await standing(plant)} == {4.0, None}


async def test_its_room_its_record_and_the_news_tell_of_it(plant: Stand) -> None:
    await leak(plant)
    await sweep(plant)
    (incident, *_) = await plant.incidents()
    fresh, folded = await snapshot(plant, incident.id)
    assert fresh == folded
    (hazard, *_) = fresh.hazards.values()
    assert (hazard.source, hazard.bans, hazard.factor, hazard.ended_at) == ("grown", False, 4.0, None)
    lines = await plant.rows("SELECT kind, facts FROM timeline WHERE tenant_id = $1 AND incident_id = $2", incident.id)
    (said, *_) = [line["facts"] for line in lines if line["kind"] == "hazard.stated"]
    assert said["facts"]["behaviour"] == "heavier"
    assert "PubChem" in said["facts"]["behaviour_source"]


async def test_looking_again_and_many_at_once_make_it_once(plant: Stand) -> None:
    await leak(plant)
    await asyncio.gather(*(sweep(plant) for _ in range(4)))
    rows = await stored(plant)
    assert len({row["alarm_id"] for row in rows}) == len(rows)
    assert {row["version"] for row in rows} == {1}
    assert await sweep(plant) == 0


async def test_it_is_over_when_its_alarm_is_normal_and_another_when_it_comes_back(plant: Stand) -> None:
    await leak(plant)
    await sweep(plant)
    first = {it.id for it in await standing(plant)}
    await plant.hold(GAS, ACETONE, 10.0, 20)
    await sweep(plant)
    assert await standing(plant) == []
    assert {row["end_reason"] for row in await stored(plant)} == {"报警已恢复正常 / the alarm is back to normal"}
    (incident, *_) = await plant.incidents()
    fresh, folded = await snapshot(plant, incident.id)
    assert fresh == folded
    assert {it.areas == [] and it.ended_at is not None for it in fresh.hazards.values()} == {True}
    await leak(plant)
    await sweep(plant)
    again = {it.id for it in await standing(plant)}
    assert again
    assert not again & first


async def test_a_reading_that_grew_by_half_states_it_anew(plant: Stand) -> None:
    await leak(plant)
    await sweep(plant)
    await plant.read(GAS, ACETONE, 1500.0)
    assert await sweep(plant) == 0
    plant.clock.advance(1)
    await plant.read(GAS, ACETONE, 1900.0)
    assert await sweep(plant) > 0
    (hazard, *_) = await standing(plant)
    assert hazard.version == 2
    assert hazard.hazard.slices[0].areas[0].air[0].value == 1900.0


# --- through the rooms of a plan -------------------------------------------------------------------------------------
async def test_with_a_plan_it_grows_through_doors_and_its_room_is_shown_each_step(plant: Stand) -> None:
    await furnish(plant, await store_zone(plant), state="closed")
    await leak(plant)
    await sweep(plant)
    (hazard, *_) = await standing(plant)
    assert [len(it.areas) for it in hazard.hazard.slices] == [2, 3]
    assert hazard.hazard.slices[1].start_ms == 120_000
    (incident, *_) = await plant.incidents()
    shown = (await snapshot(plant, incident.id))[0].hazards[hazard.id]
    assert (len(shown.areas), shown.changes_at) == (2, hazard.stated_at + timedelta(seconds=120))
    assert await sweep(plant) == 0
    plant.clock.advance(121)
    assert await sweep(plant) > 0
    fresh, folded = await snapshot(plant, incident.id)
    assert fresh == folded
    shown = fresh.hazards[hazard.id]
    assert (len(shown.areas), shown.changes_at, shown.version) == (3, None, 1)


async def test_a_plan_that_is_published_meanwhile_states_it_anew(plant: Stand) -> None:
    await leak(plant)
    await sweep(plant)
    assert {it.version for it in await standing(plant)} == {1}
    await furnish(plant, await store_zone(plant), state="open")
    assert await sweep(plant) > 0
    found = await standing(plant)
    assert {it.version for it in found} == {2}
    assert {len(it.hazard.slices[-1].areas) for it in found} == {3}
    assert await sweep(plant) == 0


async def test_a_door_that_is_found_open_lets_it_through_at_once(plant: Stand) -> None:
    await furnish(plant, await store_zone(plant), state="closed")
    await leak(plant)
    await sweep(plant)
    actor = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await passage_service.set_state(tx, actor, plant.lease.site_id, "door", "between", StateDraft("open"))
    assert await sweep(plant) > 0
    (hazard, *_) = await standing(plant)
    assert hazard.version == 2
    assert [len(it.areas) for it in hazard.hazard.slices] == [3]
    assert await sweep(plant) == 0


async def test_what_fails_in_one_alarm_holds_up_no_other(plant: Stand) -> None:
    await leak(plant)
    (alarm, *_) = await plant.alarms()
    await plant.rows("UPDATE zones SET polygon = $2 WHERE tenant_id = $1 AND id = $3 RETURNING id", {}, alarm.zone_id)
    assert await sweep(plant) == 0
    zone = await store_zone(plant)
    assert zone.polygon == {}


# --- people ----------------------------------------------------------------------------------------------------------
async def test_who_manages_incidents_ends_it_and_is_believed_for_a_while(plant: Stand) -> None:
    await leak(plant)
    await sweep(plant)
    found = await standing(plant)
    with pytest.raises(Forbidden):
        await end(plant, found[0].id, "li")
    for it in found:
        await end(plant, it.id)
    assert await sweep(plant) == 0
    assert await standing(plant) == []
    await plant.read(GAS, ACETONE, 1900.0)
    assert await sweep(plant) > 0
    for it in await standing(plant):
        await end(plant, it.id)
    plant.clock.advance(PERSON_IS_BELIEVED.total_seconds() + 1)
    assert await sweep(plant) > 0


async def draw(plant: Stand, incident_id: UUID | None, minutes: int | None = None) -> UUID:
    zone = await store_zone(plant)
    drawn = Slice(start_ms=0, length_ms=1, areas=[Area(polygon=zone.polygon, levels=[zone.level])])
    bare = Bare(id=new_id(), source="drawn", name=NAME, agent=None, incident_id=incident_id, minutes=minutes, facts={})
    actor = await plant.actor("li")
    async with plant.db.transaction(plant.tenant_id) as tx:
        prepared = service.prepared(bare, Hazard(id=str(bare.id), source="drawn", slices=[drawn]), tx.now)
        return (await service.state(tx, actor, plant.lease.site_id, prepared)).id


async def test_what_was_drawn_is_over_when_its_time_is_up(plant: Stand) -> None:
    hazard_id = await draw(plant, None, minutes=5)
    assert [it.id for it in await standing(plant)] == [hazard_id]
    assert await sweep(plant) == 0
    plant.clock.advance(301)
    assert await standing(plant) == []
    assert await sweep(plant) == 1
    (row,) = await stored(plant)
    assert (row["ended_at"] - row["stated_at"], row["end_reason"]) == (
        timedelta(minutes=5),
        "有效时间已到 / its time is up",
    )


async def test_what_is_an_exercise_is_not_there_for_real_people(plant: Stand) -> None:
    await leak(plant)
    (incident, *_) = await plant.incidents()
    await plant.rows("UPDATE incidents SET exercise = true WHERE tenant_id = $1 RETURNING id")
    hazard_id = await draw(plant, incident.id)
    assert await standing(plant) == []
    assert [it.id for it in await standing(plant, exercise=True)] == [hazard_id]


async def test_a_closed_incident_takes_its_hazards_with_it(plant: Stand) -> None:
    await leak(plant)
    (incident, *_) = await plant.incidents()
    await draw(plant, incident.id)
    await sweep(plant)
    await plant.rows(
        "UPDATE incidents SET state = 'closed', closed_at = now(), close_reason = 'aired out' WHERE tenant_id = $1"
        " RETURNING id"
    )
    await sweep(plant)
    assert {row["end_reason"] for row in await stored(plant)} == {"事件已关闭 / the incident is closed"}
    with pytest.raises(Conflict):
        await draw(plant, incident.id)


async def test_a_hazard_goes_with_its_alarm_when_the_incident_is_split(plant: Stand) -> None:
    await leak(plant, 2500.0)
    await sweep(plant)
    drawn = await draw(plant, (await plant.incidents())[0].id)
    (incident, *_) = await plant.incidents()
    alarms = [it for it in await plant.alarms() if it.incident_id == incident.id]
    going = alarms[0]
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        made = await splitting.split(tx, zhao, incident.id, Part(frozenset({going.id}), frozenset()), "two leaks")
    by_alarm = {row["alarm_id"]: row["incident_id"] for row in await stored(plant)}
    assert by_alarm[going.id] == made.id
    for incident_id in (incident.id, made.id):
        fresh, folded = await snapshot(plant, incident_id)
        assert fresh.hazards == folded.hazards
    assert drawn in (await snapshot(plant, incident.id))[0].hazards


async def test_a_watch_that_dies_before_it_commits_leaves_nothing_half(plant: Stand, monkeypatch: Any) -> None:
    await leak(plant)
    tell = stating._tell

    async def die(*args: Any, **named: Any) -> None:
        await tell(*args, **named)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(stating, "_tell", die)
        with pytest.raises(asyncio.CancelledError):
            await sweep(plant)
    assert await stored(plant) == []
    assert await sweep(plant) > 0
