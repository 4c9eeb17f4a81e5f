"""Who serves a site: one gateway at a time, and whoever lost it can not write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database
from plant import lease_queries
from plant.errors import LeaseLost
from plant.leases import LeaseKeeper, assert_held
from plant.model import Lease
from plant.place_service import SiteDraft, create_site
from tests.clusters import Clone, insert_tenant
from tests.plant_world import NAME

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LEASE_S = 6.0


class Stand(msgspec.Struct):
    """A database, its clock and the gateways that look at it."""

    db: Database
    clock: ManualClock
    tenant_id: UUID

    def gateway(self, name: str, clock: ManualClock | None = None) -> Gateway:
        return Gateway(self, name, clock or self.clock)

    async def add_sites(self, *slugs: str, tenant_id: UUID | None = None) -> list[UUID]:
        async with self.db.transaction(tenant_id or self.tenant_id) as tx:
            return [(await create_site(tx, None, SiteDraft(slug, NAME, "UTC"))).id for slug in slugs]

    async def may_write(self, lease: Lease) -> bool:
        async with self.db.transaction(lease.tenant_id) as tx:
            try:
                await assert_held(tx, lease)
            except LeaseLost:
                return False
            return True


class Gateway:
    """A keeper that writes down what it was told."""

    def __init__(self, stand: Stand, name: str, clock: ManualClock) -> None:
        self.serving: dict[UUID, Lease] = {}
        self.told: list[tuple[str, int]] = []
        self.keeper = LeaseKeeper(stand.db, clock, name, LEASE_S, self._taken, self._lost)
        self.round = self.keeper.round

    def _taken(self, lease: Lease) -> None:
        assert lease.site_id not in self.serving
        self.serving[lease.site_id] = lease
        self.told.append(("taken", lease.fencing))

    def _lost(self, lease: Lease) -> None:
        del self.serving[lease.site_id]
        self.told.append(("lost", lease.fencing))


@pytest_asyncio.fixture
async def stand(clone: Clone) -> AsyncIterator[Stand]:
    clock = ManualClock(START)
    async with Database.connect(clone.app_url, clock, max_size=4) as db:
        yield Stand(db, clock, clone.tenant_id)


async def test_a_free_site_is_taken_and_kept_by_renewing(stand: Stand) -> None:
    (site,) = await stand.add_sites("north")
    first, second = stand.gateway("first"), stand.gateway("second")
    await first.round()
    for _ in range(10):
        stand.clock.advance(LEASE_S / 3)
        await first.round()
        await second.round()
    assert first.told == [("taken", 1)]
    assert list(first.serving) == [site]
    assert second.told == []


async def test_a_site_moves_when_its_holder_dies_and_the_dead_can_not_write(stand: Stand) -> None:
    (site,) = await stand.add_sites("north")
    dead, heir = stand.gateway("dead"), stand.gateway("heir")
    await dead.round()
    stand.clock.advance(LEASE_S - 0.1)
    await heir.round()
    assert heir.serving == {}
    stand.clock.advance(0.2)
    await heir.round()
    assert heir.serving[site].fencing == 2
    assert not await stand.may_write(dead.serving[site])
    assert await stand.may_write(heir.serving[site])
    # The dead wakes up: its next look tells it.
    await dead.round()
    assert dead.told == [("taken", 1), ("lost", 1)]
    assert heir.told == [("taken", 2)]


async def test_a_take_over_waits_for_the_transaction_that_asserted_the_lease(stand: Stand) -> None:
    (site,) = await stand.add_sites("north")
    holder = stand.gateway("holder")
    await holder.round()
    stand.clock.advance(LEASE_S + 1)
    now = stand.clock.now()
    async with stand.db.transaction(stand.tenant_id) as writing:
        await assert_held(writing, holder.serving[site])
        async with stand.db.transaction(stand.tenant_id) as taking:
            await taking.execute("SELECT set_config('lock_timeout', '100ms', true)")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await lease_queries.take_lease(taking, stand.tenant_id, site, "heir", now, now, now)
            await taking.execute("ROLLBACK")
            await taking.execute("BEGIN")
        assert await lease_queries.is_held(writing, stand.tenant_id, holder.serving[site])


async def test_sites_are_shared_fairly_as_gateways_come_and_go(stand: Stand) -> None:
    await stand.add_sites(*(f"site-{n}" for n in range(6)))
    first, second = stand.gateway("first"), stand.gateway("second")
    await first.round()
    assert len(first.serving) == 6
    for _ in range(4):
        await second.round()
        await first.round()
    assert (len(first.serving), len(second.serving)) == (3, 3)
    assert not first.serving.keys() & second.serving.keys()
    # No more than two are given back in one round: moving costs a reconnect.
    assert [what for what, _ in first.told[6:]] == ["lost"] * 3
    await second.keeper.stop()
    assert second.serving == {}
    await first.round()
    assert len(first.serving) == 6


async def test_two_gateways_at_once_never_hold_the_same_site(stand: Stand) -> None:
    sites = await stand.add_sites(*(f"site-{n}" for n in range(5)))
    gateways = [stand.gateway(f"gateway-{n}") for n in range(3)]
    for step in range(30):
        for gateway in gateways[step % 3 :] + gateways[: step % 3]:
            if step % 7 != 3 or gateway is not gateways[step % 3]:
                await gateway.round()
        stand.clock.advance(LEASE_S / 4)
        for site in sites:
            writers = [g for g in gateways if site in g.serving and await stand.may_write(g.serving[site])]
            assert len(writers) <= 1
    assert sorted(len(gateway.serving) for gateway in gateways) == [1, 2, 2]


async def test_sites_of_every_tenant_are_served_and_given_back(stand: Stand, clone: Clone) -> None:
    other = UUID(int=7)
    async with stand.db.transaction(other) as tx:
        await insert_tenant(tx.connection, other, "others")
    await stand.add_sites("north")
    await stand.add_sites("north", tenant_id=other)
    gateway = stand.gateway("only")
    await gateway.round()
    assert {lease.tenant_id for lease in gateway.serving.values()} == {stand.tenant_id, other}
    await gateway.keeper.stop()
    heir = stand.gateway("heir")
    await heir.round()
    assert [lease.fencing for lease in heir.serving.values()] == [2, 2]


async def test_a_holder_that_dies_and_comes_back_under_its_name_gets_a_new_number(stand: Stand) -> None:
    (site,) = await stand.add_sites("north")
    before, after = stand.gateway("same"), stand.gateway("same")
    await before.round()
    await after.round()
    assert after.serving[site].fencing == 2
    assert not await stand.may_write(before.serving[site])


async def test_a_holder_whose_clock_is_set_back_an_hour_keeps_its_site(stand: Stand) -> None:
    (site,) = await stand.add_sites("north")
    holder = stand.gateway("holder")
    await holder.round()
    stand.clock.advance(-3_600)
    await holder.round()
    assert holder.told == [("taken", 1)]
    assert await stand.may_write(holder.serving[site])
    stand.clock.advance(LEASE_S / 3)
    await holder.round()
    assert holder.told == [("taken", 1)]


async def test_a_site_whose_holder_died_before_the_clock_was_set_back_is_not_deaf_for_an_hour(stand: Stand) -> None:
    sites = await stand.add_sites("north", "south")
    dead = stand.gateway("dead")
    await dead.round()
    stand.clock.advance(-3_600)
    heir = stand.gateway("heir")
    await heir.round()
    assert sorted(heir.serving) == sorted(sites)
