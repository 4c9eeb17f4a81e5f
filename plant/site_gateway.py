"""One leased site at work: its broker connection, its batches, its transitions, its commands.

The broker's session is the site's (client id and a persistent session), not the gateway's: it moves with the lease,
keeps what was not acknowledged, and a take-over disconnects the holder before. A message is acknowledged after the
transaction that stores it has committed, on the connection it came by and no other: packet ids are the connection's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from core import outbox
from core.clock import Clock
from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter, gauge, histogram
from core.outbox import Listener
from mobile_contract.devices import BADGES, FEEDBACK, READINGS, STATE, TOPIC_ROOT
from plant import intake_queries, reading_queries
from plant.badge_desk import BadgeDesk
from plant.command_runner import REQUESTED, CommandRunner
from plant.decider import Decider
from plant.directory import Directory, load_directory
from plant.faults import TRANSIENT, pause_s
from plant.intake import Batch, Held, Intake, readings_stored
from plant.model import Lease, Reading
from plant.mqtt_link import BrokerAddress, Link, open_link
from plant.mqtt_wire import Publish
from plant.ports import ReadingSink
from plant.protocols import LATE_AFTER_S
from plant.queries import save_device_state

log = get_logger(__name__)

CHANGED = "plant.changed"
INBOX = "ingest.inbox"
DEVICE_STATE = "device.state"

# A batch is stored this long after its first message at the latest: 20 commits a second carry 15,000 readings, and a
# reading that matters does not wait here.
FLUSH_AFTER_S = 0.05
# ... or when nothing has arrived for this long: a broker with a small window (mosquitto's default is 20) sends no more
# until we acknowledge.
FLUSH_QUIET_S = 0.01
# ... or at this many messages.
FLUSH_MESSAGES = 2_000
# HTTP requests read from the inbox at once.
INBOX_PAGE = 200

_messages = counter("ingest_messages", "Messages taken from the broker.")
_refused = counter("ingest_refused", "Samples and payloads refused.", ("code",))
_commit_s = histogram("ingest_commit_seconds", "From the start of a batch's transaction to its commit.")
_held = gauge("ingest_held_readings", "Readings taken and not yet committed.", ("site",))


class SiteGateway:
    """Serves one site until cancelled; build with ``open``-ed sink and a held lease."""

    def __init__(
        self, db: Database, listener: Listener, clock: Clock, broker: BrokerAddress, lease: Lease, sink: ReadingSink
    ) -> None:
        self._db = db
        self._listener = listener
        self._clock = clock
        self._broker = broker
        self._lease = lease
        self._sink = sink
        self._arrived = asyncio.Event()
        self._inbox = asyncio.Event()
        self._badges = BadgeDesk(db, lease, sink)
        self._link: Link | None = None
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Load what is known of the site, then connect and work; raises LeaseLost when another gateway has it."""
        directory = await self._load()
        self.runner = CommandRunner(
            self._db,
            self._clock,
            self._lease,
            directory,
            self._watch,
            self._sink.command_changing,
            self._sink.command_changed,
        )
        self.intake = Intake(
            self._lease,
            directory,
            self._sink,
            self._clock,
            self.runner.on_feedback,
            self.runner.on_reading,
            self._on_arrival,
            self._badges.take,
        )
        self.decider = Decider(self._sink, self.intake, self._store_held)
        # Live commands first: feedback that waits in the broker's session must find them.
        await self.runner.load()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._flush_for_ever())
                tasks.create_task(self.decider.run())
                tasks.create_task(self.runner.run())
                tasks.create_task(self._badges.run())
                tasks.create_task(self._hear_news())
                tasks.create_task(self._take_inbox_for_ever())
                tasks.create_task(self._stay_connected())
        finally:
            if self._link is not None:
                self._link.abort()

    # The broker.

    async def _stay_connected(self) -> None:
        client_id = f"muster-gw-{self.intake.directory.tenant}-{self.intake.directory.site}"
        failures = 0
        while True:
            try:
                link = await open_link(self._broker, client_id, self._on_publishes)
                self._link = link
                await link.subscribe(self._topics())
            except Unavailable as problem:
                self._drop_link()
                log.warning("gateway.broker_away", error=str(problem), failures=failures)
                await asyncio.sleep(pause_s(failures))
                failures += 1
                continue
            failures = 0
            log.info("gateway.connected", client=client_id)
            self.runner.link = link
            self.runner.look()
            self.connected.set()
            reason = await asyncio.shield(link.closed)
            log.warning("gateway.disconnected", client=client_id, reason=reason)
            self._drop_link()
            # Taken over by a holder with a newer lease, we would take it back at once and so would they.
            await asyncio.sleep(pause_s(0))

    def _drop_link(self) -> None:
        self.connected.clear()
        self.runner.link = None
        if self._link is not None:
            self._link.abort()
            self._link = None

    def _topics(self) -> list[str]:
        site = f"{TOPIC_ROOT}/{self.intake.directory.tenant}/{self.intake.directory.site}"
        return [f"{site}/+/{leaf}" for leaf in (READINGS, STATE, FEEDBACK, BADGES)]

    def _on_publishes(self, link: Link, publishes: list[Publish]) -> None:
        _messages.inc(len(publishes))
        self.intake.on_publishes(link, publishes)

    def _on_arrival(self) -> None:
        self._arrived.set()
        if self.intake.transitions:
            self.decider.look()

    def _watch(self, sensors: frozenset[UUID]) -> None:
        self.intake.watched = sensors

    # Ordinary readings.

    async def _flush_for_ever(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self._gather()
            while (batch := self.intake.next_batch()) is not None:
                await self._commit_until_done(batch)

    async def _gather(self) -> None:
        """Let the batch grow until it is large, old enough, or nothing more comes."""
        loop = asyncio.get_running_loop()
        first = seen = self.intake.messages
        until = loop.time() + FLUSH_AFTER_S
        while loop.time() < until and not self.intake.ready and self.intake.messages - first < FLUSH_MESSAGES:
            await asyncio.sleep(FLUSH_QUIET_S)
            if self.intake.messages == seen:
                return
            seen = self.intake.messages

    async def _commit_until_done(self, batch: Batch) -> None:
        failures = 0
        while True:
            try:
                with _commit_s.time():
                    async with self._db.transaction(self._lease.tenant_id) as tx:
                        await self._store(tx, batch)
                break
            except TRANSIENT as problem:
                log.warning("gateway.database_away", error=str(problem), held=self.intake.held, failures=failures)
            except (asyncpg.PostgresError, ValueError) as problem:
                # A fault of ours: nothing is acknowledged, the broker keeps the messages, the operator sees this. What
                # is no promise to anybody is left out, so that it does not stop the readings with it.
                log.error("gateway.batch_refused", error=str(problem), readings=len(batch.readings))
                batch.states.clear()
                batch.refusals.clear()
            await asyncio.sleep(pause_s(failures))
            failures += 1
        if batch.link is not None:
            batch.link.ack(batch.mids)
            batch.link.send(batch.acks)
        self._count(batch)
        self.intake.committed(len(batch.readings), batch.inbox)

    async def _store(self, tx: Tx, batch: Batch) -> None:
        tenant_id, site_id = self._lease.tenant_id, self._lease.site_id
        await self._store_readings(tx, batch.readings)
        if batch.refusals:
            await intake_queries.count_refusals(tx, tenant_id, batch.refusals.values())
        if batch.inbox:
            await intake_queries.delete_inbox(tx, tenant_id, site_id, batch.inbox)
        for said in batch.states.values():
            if await save_device_state(tx, tenant_id, said.state, retained=said.retained):
                await outbox.wake(tx, DEVICE_STATE, said.state.device_id)

    async def _store_held(self, tx: Tx, held: Sequence[Held]) -> None:
        inbox = [one.inbox for one in held if one.inbox is not None]
        await self._store_readings(tx, [reading for one in held for reading in one.readings])
        if inbox:
            await intake_queries.delete_inbox(tx, self._lease.tenant_id, self._lease.site_id, inbox)

    async def _store_readings(self, tx: Tx, readings: list[Reading]) -> None:
        await reading_queries.store_readings(tx, self._lease.tenant_id, readings)
        # By when it is stored: a reading that waited here for the database comes too late for its minute as well.
        settled = tx.now - timedelta(seconds=LATE_AFTER_S)
        late = [reading for reading in readings if reading.observed_at < settled]
        await reading_queries.mark_late(tx, self._lease.tenant_id, self._lease.site_id, late)

    def _count(self, batch: Batch) -> None:
        readings_stored.labels("batch").inc(len(batch.readings))
        for (_, code), refusal in batch.refusals.items():
            _refused.labels(code).inc(refusal.count)
        _held.labels(self.intake.directory.site).set(self.intake.held)

    # News.

    async def _hear_news(self) -> None:
        async with self._listener.subscribe({REQUESTED, CHANGED, INBOX}) as news:
            async for item in news:
                if item.tenant not in (None, self._lease.tenant_id):
                    continue
                if item.kind in (CHANGED, outbox.RESYNC):
                    await self._reload()
                if item.kind in (REQUESTED, CHANGED, outbox.RESYNC):
                    self.runner.look()
                if item.kind in (INBOX, outbox.RESYNC):
                    self._inbox.set()

    async def _reload(self) -> None:
        directory = await self._load()
        self.intake.directory = directory
        self.runner.directory = directory

    async def _load(self) -> Directory:
        failures = 0
        while True:
            try:
                async with self._db.transaction(self._lease.tenant_id) as tx:
                    return await load_directory(tx, self._lease.tenant_id, self._lease.site_id)
            except Unavailable as problem:
                log.warning("gateway.database_away", error=str(problem), failures=failures)
                await asyncio.sleep(pause_s(failures))
                failures += 1

    # Readings that came by HTTP.

    async def _take_inbox_for_ever(self) -> None:
        failures = 0
        while True:
            await self._inbox.wait()
            self._inbox.clear()
            try:
                everything = await self._read_inbox()
                failures = 0
            except TRANSIENT as problem:
                log.warning("gateway.database_away", error=str(problem), failures=failures)
                everything = False
                failures += 1
            if not everything:
                await asyncio.sleep(pause_s(failures))
                self._inbox.set()

    async def _read_inbox(self) -> bool:
        """Take what HTTP brought; False when there is no room for all of it.

        Ids follow commit order only nearly, so each look begins at the oldest that is not stored.
        """
        after = UUID(int=0)
        while self.intake.has_room():
            async with self._db.transaction(self._lease.tenant_id) as tx:
                page = await intake_queries.list_inbox(
                    tx, self._lease.tenant_id, self._lease.site_id, after, INBOX_PAGE
                )
            for item in page:
                self.intake.take_inbox(item.id, item.readings)
            if len(page) < INBOX_PAGE:
                return True
            after = page[-1].id
        return False
