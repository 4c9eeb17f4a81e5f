"""A plan that leads people out begins evacuation and roll call with its alarm; the list comes a moment later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.database import Tx
from core.errors import Conflict
from incidents.alarms import service as alarms
from incidents.reaching import delivery_queries
from incidents.roll_call import ending
from incidents.roll_call import queries as roll_calls
from incidents.roll_call.watch import RollCallWatch
from people.presence import service as presence
from people.presence.service import Whereabouts
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

# ppm: between the first and the second limit, and above both.
LEVEL_1, LEVEL_2 = 1_500.0, 2_500.0


async def calls(plant: Stand) -> list[Any]:
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await roll_calls.list_calls(tx, plant.tenant_id, limit=10)


@pytest.mark.parametrize(("value", "count"), [(LEVEL_1, 0), (LEVEL_2, 1)])
async def test_a_leak_is_evacuated_from_the_level_its_plan_names(demo_clone: Clone, value: float, count: int) -> None:
    async with stand(demo_clone) as plant:
        await plant.hold("gas-store-1", "acetone", value, 10)
        assert len(await calls(plant)) == count


async def test_the_list_is_made_by_the_next_look_and_everybody_on_it_is_ordered_out(
    demo_clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand(demo_clone) as plant:
        wang = await plant.actor("wang")

        async def believed(tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime, **_: Any) -> list[Whereabouts]:
            return [
                Whereabouts(
                    person_id=wang.account_id,
                    kind="staff",
                    name="Wang",
                    site_id=site_id,
                    on_site=True,
                    zone_id=(await plant.incidents())[0].zone_id,
                    level=0,
                    position=None,
                    accuracy_m=None,
                    seen_at=at,
                    source="badge",
                    confidence=0.9,
                )
            ]

        await plant.hold("gas-store-1", "acetone", LEVEL_2, 10)
        [begun] = await calls(plant)
        assert (begun.listing, begun.counts.expected) == (True, 0)
        monkeypatch.setattr(presence, "list_whereabouts", believed)
        await RollCallWatch(plant.db).sweep()
        [listed] = await calls(plant)
        assert (listed.listing, listed.counts.expected, listed.counts.missing) == (False, 1, 1)
        async with plant.db.transaction(plant.tenant_id) as tx:
            people = await roll_calls.all_people(tx, plant.tenant_id, listed.id)
            orders = await delivery_queries.list_account_deliveries(tx, plant.tenant_id, wang.account_id, limit=10)
        assert [person.ordered_at is not None for person in people] == [True]
        assert [o.task_id for o in orders if o.task_id == listed.evacuate_task_id] == [listed.evacuate_task_id]


async def test_nobody_goes_back_in_over_an_alarm_that_is_only_shelved(demo_clone: Clone) -> None:
    async with stand(demo_clone) as plant:
        await plant.hold("gas-store-1", "acetone", LEVEL_2, 10)
        [begun] = await calls(plant)
        await plant.hold("gas-store-1", "acetone", 0.0, 15)
        zhao = await plant.actor("zhao")
        for shelved in await plant.alarms():
            async with plant.db.transaction(plant.tenant_id) as tx:
                await alarms.shelve_alarm(tx, zhao, shelved.id, tx.now + timedelta(minutes=10), "bump test")
        await plant.engine.load()
        await plant.all_clear(begun.incident_id)
        await plant.hold("gas-store-1", "acetone", LEVEL_2, 10)
        async with plant.db.transaction(plant.tenant_id) as tx:
            with pytest.raises(Conflict, match="still active"):
                await ending.allow_re_entry(tx, zhao, begun.id)
