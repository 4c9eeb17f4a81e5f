"""The alarm engine of the demo site on a real database, with the test's own clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from core.clock import ManualClock
from core.database import Database, Tx
from incidents import queries
from incidents.context import load_context
from incidents.engine import SiteEngine
from incidents.incident import Alarm, Incident
from incidents.leading import command
from incidents.roll_call import ending
from incidents.roll_call import queries as roll_call_queries
from people.actor import Actor
from people.permissions import Role
from plant import lease_queries, reading_queries
from plant.model import Command, Lease, Quality, Reading
from tests.clusters import Clone


class Stand:
    """One site's engine and what a test does to it and asks of it."""

    def __init__(self, db: Database, clock: ManualClock, tenant_id: UUID, lease: Lease) -> None:
        self.db = db
        self.clock = clock
        self.tenant_id = tenant_id
        self.lease = lease
        self.engine: SiteEngine

    async def restart(self) -> None:
        """A new engine that knows what the tables say, as after a crash."""
        async with self.db.transaction(self.tenant_id) as tx:
            context = await load_context(tx, self.tenant_id, self.lease.site_id)
        self.engine = SiteEngine(self.db, self.lease, context)
        await self.engine.load()

    async def read(self, device: str, series: str, value: float | None, *, age_s: float = 0.0) -> bool:
        """One reading on the gateway's path; True when it took the way of a transition."""
        sensor_id = await self.sensor(device, series)
        now = self.clock.now()
        quality = Quality.GAP if value is None else Quality.GOOD
        reading = Reading(sensor_id, now - timedelta(seconds=age_s), now, value, quality)

        async def store(tx: Tx) -> None:
            await reading_queries.store_readings(tx, self.tenant_id, [reading])

        if self.engine.screen(reading):
            await self.engine.transition([reading], store)
            return True
        async with self.db.transaction(self.tenant_id) as tx:
            await store(tx)
        return False

    async def hold(self, device: str, series: str, value: float, seconds: float) -> None:
        """The same value every second for so long, timers fired in between."""
        for _ in range(int(seconds) + 1):
            await self.read(device, series, value)
            self.everyone_speaks()
            await self.pass_time(1.0)

    def everyone_speaks(self) -> None:
        """Every sensor has just been heard: the test is not about silence."""
        for watch in self.engine._watches.values():
            watch.heard_at = self.clock.now()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass and timers and silence be looked at once."""
        self.clock.advance(seconds)
        await self.engine._fire_due()
        await self.engine._find_silent()

    async def sensor(self, device: str, series: str) -> UUID:
        """The sensor's id by its names on the wire."""
        rows = await self.rows(
            "SELECT s.id FROM sensors s JOIN devices d ON d.tenant_id = s.tenant_id AND d.id = s.device_id"
            " WHERE s.tenant_id = $1 AND d.slug = $2 AND s.series = $3",
            device,
            series,
        )
        found: UUID = rows[0]["id"]
        return found

    async def rows(self, sql: str, *args: object) -> list[Any]:
        """Rows; $1 is the tenant."""
        async with self.db.transaction(self.tenant_id) as tx:
            return await tx.fetch(sql, self.tenant_id, *args)

    async def incidents(self) -> list[Incident]:
        """All of them, oldest first."""
        async with self.db.transaction(self.tenant_id) as tx:
            return (await queries.list_incidents(tx, self.tenant_id, limit=50))[::-1]

    async def alarms(self) -> list[Alarm]:
        """All of them, oldest first."""
        async with self.db.transaction(self.tenant_id) as tx:
            return (await queries.list_alarms(tx, self.tenant_id, limit=50))[::-1]

    async def commands(self) -> list[Command]:
        """All of them, oldest first."""
        from plant import command_queries

        async with self.db.transaction(self.tenant_id) as tx:
            later = tx.now + timedelta(days=1)
            return (await command_queries.list_commands(tx, self.tenant_id, before=later, limit=200))[::-1]

    async def all_clear(self, incident_id: UUID) -> None:
        """zhao leads the incident and ends its roll call, if one runs."""
        zhao = await self.actor("zhao")
        async with self.db.transaction(self.tenant_id) as tx:
            await command.take(tx, zhao, incident_id, "")
            for call in await roll_call_queries.list_calls(
                tx, self.tenant_id, incident_id=incident_id, state="open", limit=1
            ):
                await ending.give_all_clear(tx, zhao, call.id, "all seen")

    async def actor(self, login: str) -> Actor:
        """A person of the demo, signed in."""
        (row,) = await self.rows("SELECT id, role FROM accounts WHERE tenant_id = $1 AND login = $2", login)
        return Actor(self.tenant_id, row["id"], Role(row["role"]))


@asynccontextmanager
async def stand(clone: Clone) -> AsyncIterator[Stand]:
    """The demo site under lease, at eight in the morning of the seeding's day."""
    clock = ManualClock(datetime.now(UTC))
    async with Database.connect(clone.app_url, clock, max_size=6) as db:
        async with db.transaction(clone.tenant_id) as tx:
            site_id = await tx.fetchval("SELECT id FROM sites WHERE tenant_id = $1", clone.tenant_id)
            until = tx.now + timedelta(days=1)
            lease = await lease_queries.take_lease(tx, clone.tenant_id, site_id, "test", tx.now, until, until)
            assert lease is not None
        made = Stand(db, clock, clone.tenant_id, lease)
        await made.restart()
        yield made
