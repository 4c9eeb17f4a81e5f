"""A roll call on what doors really said: who came in before it began, who went out since, who went back in."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest_asyncio

from core.database import Tx
from core.ids import new_id
from incidents import queries, rooms
from incidents.incident import Incident
from incidents.roll_call import service, watch
from incidents.roll_call.model import RollCall
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
        tenant_id=tx.tenant_id,
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
