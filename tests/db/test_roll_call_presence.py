"""A roll call on what doors really said: who came in before it began, who went out since, who went back in."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest_asyncio

from core.database import Tx
from core.ids import new_id
from incidents import queries, rooms
from incidents.incident import Incident
from incidents.roll_call import marking, service, watch
from incidents.roll_call.marking import NewMark
from incidents.roll_call.model import Mark, RollCall, Said
from incidents.roll_call.service import Wanted
from mobile_contract.text import Text
from people.presence import administration
from people.presence.administration import BadgeDraft
from tests import incident_world, presence_world
from tests.presence_world import World


@pytest_asyncio.fixture
async def world(tx: Tx) -> World:
    made = await presence_world.build(tx)
    await made.store(tx, made.swipe(tx.now - timedelta(minutes=5)))
    return made


async def evacuate(tx: Tx, world: World, *zones: UUID) -> RollCall:
    """An incident in the store, and everybody in these zones (the store) led out."""
    incident = Incident(
        tenant_id=world.plant.tenant_id,
        id=new_id(),
        number=0,
        site_id=world.plant.site.id,
        zone_id=world.plant.store.id,
        state="open",
        grade=2,
        reasons=[],
        title=Text("泄漏", "A leak"),
        place=world.plant.store.name,
        agent="acetone",
        plan={"template": "solvent", "version": 1},
        first_out_alarm_id=None,
        opened_at=tx.now,
        last_alarm_at=tx.now,
        opened_by=world.wang,
    )
    await queries.insert_incident(tx, world.plant.tenant_id, incident)
    await rooms.open_room(tx, world.plant.tenant_id, incident.id, [world.wang])
    wanted = Wanted("zones", zones or (world.plant.store.id,))
    return await service.begin(tx, world.plant.tenant_id, incident.id, wanted, "leak", by=world.wang)


async def later(tx: Tx, call: RollCall, minutes: float = 1) -> RollCall:
    """So much later, after the courier's look."""
    tx.now += timedelta(minutes=minutes)
    await watch.look(tx, call.tenant_id, call.id)
    return await service.get(tx, call.tenant_id, call.id)


async def test_whoever_badges_out_at_the_gate_has_left(tx: Tx, world: World) -> None:
    call = await evacuate(tx, world)
    assert (call.counts.expected, call.counts.missing) == (1, 1)
    await world.store(tx, world.swipe(tx.now + timedelta(seconds=30), "gate", "out"))
    call = await later(tx, call)
    assert (call.counts.left, call.counts.missing) == (1, 0)


async def test_whoever_goes_back_in_is_missing_again_until_they_leave_again(tx: Tx, world: World) -> None:
    call = await evacuate(tx, world)
    await world.store(tx, world.swipe(tx.now + timedelta(seconds=30), "gate", "out"))
    call = await later(tx, call)
    await world.store(tx, world.swipe(tx.now + timedelta(seconds=30), "gate"))
    call = await later(tx, call)
    assert (call.counts.left, call.counts.missing) == (0, 1)
    call = await later(tx, call)
    assert (call.counts.left, call.counts.missing) == (0, 1)
    await world.store(tx, world.swipe(tx.now + timedelta(seconds=30), "gate", "out"))
    call = await later(tx, call)
    assert (call.counts.left, call.counts.missing) == (1, 0)


async def test_whoever_a_door_reports_late_is_expected_all_the_same(tx: Tx, world: World) -> None:
    li = await incident_world.add_account(tx, "li")
    badge = BadgeDraft("4712", li, None, tx.now - timedelta(days=60))
    await administration.issue_badge(tx, None, badge)
    call = await evacuate(tx, world)
    assert call.counts.expected == 1
    await world.store(tx, world.swipe(tx.now - timedelta(minutes=2), badge="4712"))
    call = await later(tx, call)
    assert (call.counts.expected, call.counts.missing) == (2, 2)
    tasks = await tx.fetchval(
        "SELECT count(*) FROM deliveries WHERE tenant_id = $1 AND account_id = $2", call.tenant_id, li
    )
    assert tasks == 1, "and is ordered out"


async def test_whoever_walks_about_elsewhere_is_not_expected_by_and_by(tx: Tx, world: World) -> None:
    await world.store(tx, world.swipe(tx.now - timedelta(minutes=1), direction="out"))
    call = await evacuate(tx, world)
    assert call.counts.expected == 0
    call = await later(tx, call, minutes=30)
    assert call.counts.expected == 0


async def searches(tx: Tx, call: RollCall) -> list[str]:
    """First steps of the searches of the roll call's incident, oldest first."""
    rows = await tx.fetch(
        "SELECT steps FROM tasks WHERE tenant_id = $1 AND incident_id = $2 AND slug = 'search' ORDER BY created_at, id",
        call.tenant_id,
        call.incident_id,
    )
    return [row["steps"][0]["text"]["en"] for row in rows]


async def say(tx: Tx, world: World, call: RollCall, said: Said) -> None:
    """Wang says it of themself."""
    made = Mark(id=new_id(), person_id=world.wang, said=said, by_account=world.wang, at=tx.now, received_at=tx.now)
    await marking.mark(tx, world.actor(), call.id, [NewMark(mark=made)])


async def test_whoever_is_missing_after_the_time_of_the_search_is_looked_for_too(tx: Tx, world: World) -> None:
    call = await evacuate(tx, world)
    await say(tx, world, call, "safe")
    call = await later(tx, call, minutes=9)
    assert await searches(tx, call) == []
    await incident_world.add_account(tx, "li")
    li = await tx.fetchval("SELECT id FROM accounts WHERE tenant_id = $1 AND login = 'li'", call.tenant_id)
    await administration.issue_badge(tx, None, BadgeDraft("4712", li, None, tx.now - timedelta(days=60)))
    await world.store(tx, world.swipe(tx.now, badge="4712"))
    call = await later(tx, call)
    assert [("look for li" in text) for text in await searches(tx, call)] == [True]


async def test_who_needs_help_is_not_left_waiting_for_the_time_of_the_search(tx: Tx, world: World) -> None:
    call = await evacuate(tx, world)
    await say(tx, world, call, "need_help")
    call = await later(tx, call, minutes=1)
    assert [("needs help: wang" in text) for text in await searches(tx, call)] == [True]


async def test_who_calls_for_help_when_the_search_is_over_has_a_search_of_their_own(tx: Tx, world: World) -> None:
    call = await evacuate(tx, world)
    call = await later(tx, call, minutes=9)
    await tx.execute(
        "UPDATE tasks SET state = 'done', done_at = $2 WHERE tenant_id = $1 AND slug = 'search'",
        call.tenant_id,
        tx.now,
    )
    call = await later(tx, call)
    assert len(await searches(tx, call)) == 1, "nobody found there is not looked for again and again"
    await say(tx, world, call, "need_help")
    call = await later(tx, call)
    call = await later(tx, call)
    assert [("needs help: wang" in text) for text in await searches(tx, call)] == [False, True]


async def test_who_is_led_out_of_a_wider_place_is_told_that_place(tx: Tx, world: World) -> None:
    await world.store(tx, world.swipe(tx.now - timedelta(minutes=1), direction="out"))
    call = await evacuate(tx, world)
    call = await later(tx, call)
    wanted = Wanted("site")
    await service.begin(tx, call.tenant_id, call.incident_id, wanted, "it spreads", by=world.wang)
    await later(tx, call)
    (order,) = await tx.fetch("SELECT content FROM deliveries WHERE tenant_id = $1", call.tenant_id)
    told = order["content"]
    assert (told["title"]["en"], told["steps"][0]["text"]["en"][:20]) == (
        "Evacuate: the whole site",
        "Leave the whole site",
    )
