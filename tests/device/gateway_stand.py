"""A gateway under test: a plant in a database of its own, a broker with access rules, devices, and a sink."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiomqtt
import msgspec

from core.clock import SystemClock
from core.database import Database, Tx
from core.outbox import Listener
from mobile_contract.devices import TOPIC_ROOT, Ack, CommandMessage
from muster.engines.access import DeviceLogin
from muster.engines.broker import Broker
from plant import queries, service
from plant.badge_protocol import DeviceSwipe
from plant.gateway import Gateway
from plant.leases import assert_held
from plant.model import Actuator, Command, Lease, Reading
from plant.mqtt_link import parse_broker_url
from plant.ports import Store
from tests.clusters import Clone
from tests.plant_world import SECRET, Plant, build_in

# Every wait is for a fact that comes within milliseconds, or a lease; past this it does not come.
PATIENCE_S = 20.0
LEASE_S = 2.0
# From this value on the sink decides in a transaction of its own.
DECIDES_FROM = 50.0


async def equals(ask: Callable[[], Awaitable[Any]], wanted: object) -> None:
    """Wait until what is asked for is as wanted; what it was instead is the failure."""
    found = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if (found := await ask()) == wanted:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        assert found == wanted


async def until(fact: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for the fact; returns what proved it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if found := await fact():
                return found
            await asyncio.sleep(0.02)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def sample(series: str = "lel", value: float | str | None = 1.0, at: int | None = None, **more: Any) -> dict[str, Any]:
    """One sample of the plant's detector."""
    unit = {"lel": "%[LEL]", "co": "mg/m3", "flow": "m3/s"}.get(series, "1")
    return {"series": series, "at": now_ms() if at is None else at, "value": value, "unit": unit} | more


class MovedClock(SystemClock):
    """The machine's clock until it is moved."""

    def set_back(self, seconds: float) -> None:
        self._offset -= timedelta(seconds=seconds)


class Sink:
    """Writes down what it decided; ``faulty`` sensors fail in it."""

    def __init__(self, db: Database, lease: Lease, stand: Stand) -> None:
        self._db = db
        self._lease = lease
        self._stand = stand

    def screen(self, reading: Reading) -> bool:
        if reading.sensor_id in self._stand.unscreenable:
            raise ZeroDivisionError("a fault in screening")
        return reading.value is not None and reading.value >= DECIDES_FROM

    async def transition(self, readings: Sequence[Reading], store: Store) -> None:
        async with self._db.transaction(self._lease.tenant_id) as tx:
            await assert_held(tx, self._lease)
            await store(tx)
            if any(reading.sensor_id in self._stand.faulty for reading in readings):
                raise ZeroDivisionError("a fault in deciding")
        self._stand.decided += [(reading.sensor_id, reading.value) for reading in readings]

    async def command_changing(self, tx: Tx, command: Command) -> None:
        """Nothing of ours is locked."""

    async def command_changed(self, tx: Tx, command: Command) -> None:
        if command.actuator_id in self._stand.faulty:
            raise ZeroDivisionError("a fault in what follows from a command")
        self._stand.told.append((command.key, command.state.value))

    async def badges_read(self, tx: Tx, swipes: Sequence[DeviceSwipe]) -> None:
        if any(swipe.badge in self._stand.faulty_badges for swipe in swipes):
            raise ZeroDivisionError("a fault in keeping badges")
        self._stand.badges += [(swipe.door, swipe.badge, swipe.direction) for swipe in swipes]


class Stand:
    """What a test asks for and looks at."""

    def __init__(
        self, db: Database, clock: MovedClock, listener: Listener, broker: Broker, plant: Plant, tenant: str
    ) -> None:
        self.db = db
        self.clock = clock
        self.broker = broker
        self.plant = plant
        self.tenant = tenant
        self.decided: list[tuple[UUID, float | None]] = []
        self.told: list[tuple[str, str]] = []
        self.badges: list[tuple[str, str, str]] = []
        self.faulty_badges: set[str] = set()
        self.faulty: set[UUID] = set()
        self.unscreenable: set[UUID] = set()
        self._listener = listener

    def sensor(self, series: str) -> UUID:
        return self.plant.sensors[series].id

    @asynccontextmanager
    async def gateway(self, name: str = "gateway") -> AsyncIterator[GatewayTask]:
        """A gateway that serves the site, stopped in good order when left."""
        running = GatewayTask(self._new_gateway(name))
        try:
            await running.serves(self.plant.site.id)
            yield running
        finally:
            await running.stop()

    def _new_gateway(self, name: str) -> Gateway:
        @asynccontextmanager
        async def sinks(lease: Lease) -> AsyncIterator[Sink]:
            yield Sink(self.db, lease, self)

        address = parse_broker_url(self.broker.gateway_url)
        return Gateway(self.db, self._listener, self.clock, address, sinks, lease_s=LEASE_S, keep_days=30, holder=name)

    async def rows(self, sql: str, *args: object) -> list[Any]:
        async with self.db.transaction(self.plant.tenant_id) as tx:
            return await tx.fetch(sql, *args)

    async def values(self, series: str = "lel") -> list[float | None]:
        sql = "SELECT value FROM readings WHERE sensor_id = $1 ORDER BY observed_at, value"
        return [row[0] for row in await self.rows(sql, self.sensor(series))]

    async def refusals(self) -> dict[tuple[str, str], int]:
        async with self.db.transaction(self.plant.tenant_id) as tx:
            found = await service.list_refusals(tx, None, limit=100)
        return {(refusal.device, refusal.code): refusal.count for refusal in found}

    async def online(self) -> dict[UUID, bool]:
        async with self.db.transaction(self.plant.tenant_id) as tx:
            found = await queries.list_device_states(tx, self.plant.tenant_id, self.plant.site.id)
        return {state.device_id: state.online for state in found}

    async def ask(self, actuator: Actuator, key: str, action: str = "start", *, drill: bool = False) -> Command:
        async with self.db.transaction(self.plant.tenant_id) as tx:
            return await service.request_command(tx, None, actuator.id, action, "test", key=key, inhibited=drill)

    async def command(self, key: str) -> Command:
        rows = await self.rows("SELECT id FROM commands WHERE key = $1", key)
        async with self.db.transaction(self.plant.tenant_id) as tx:
            return await service.get_command(tx, None, rows[0][0])

    async def command_is(self, key: str, state: str) -> Command:
        """Wait until the command is in this state."""

        async def reached() -> Command | None:
            command = await self.command(key)
            return command if command.state.value == state else None

        found: Command = await until(reached)
        return found

    @asynccontextmanager
    async def device(self, slug: str = "detector-1", **more: Any) -> AsyncIterator[RawDevice]:
        """A device on the wire that says exactly what the test says."""
        name = f"{self.tenant}/{self.plant.site.slug}/{slug}"
        async with aiomqtt.Client(
            "127.0.0.1", self.broker.port, username=name, password=SECRET, identifier=name,
            protocol=aiomqtt.ProtocolVersion.V311, timeout=PATIENCE_S, **more,
        ) as mqtt:  # fmt: skip
            device = RawDevice(mqtt, name)
            await mqtt.subscribe([(device.topic("acks"), 1), (device.topic("commands"), 1)])
            listening = asyncio.create_task(device.listen())
            try:
                yield device
            finally:
                listening.cancel()
                await asyncio.wait({listening})


class GatewayTask:
    """A running gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._task = asyncio.create_task(gateway.run())

    async def serves(self, site_id: UUID) -> None:
        """Wait until it holds the site and hears its devices."""

        async def connected() -> bool:
            if self._task.done():
                self._task.result()
            site = self.gateway.serving.get(site_id)
            return site is not None and site.connected.is_set()

        await until(connected)

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def kill(self) -> None:
        """End it without a word: the lease stays taken, the connection breaks, what it held is forgotten."""

        async def say_nothing() -> None:
            return

        self.gateway.leases.stop = say_nothing  # type: ignore[method-assign]
        await self.stop()


class RawDevice:
    """One device's connection; what it hears is kept."""

    def __init__(self, mqtt: aiomqtt.Client, name: str) -> None:
        self.mqtt = mqtt
        self.acks: list[Ack] = []
        self.commands: list[CommandMessage] = []
        self._name = name

    def topic(self, leaf: str) -> str:
        return f"{TOPIC_ROOT}/{self._name}/{leaf}"

    async def say(self, leaf: str, body: object, **more: Any) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.mqtt.publish(self.topic(leaf), payload, qos=1, **more)

    async def send(self, *samples: dict[str, Any], seq: int | None = None) -> None:
        await self.say("readings", {"samples": list(samples)} | ({} if seq is None else {"seq": seq}))

    async def answer(self, command: CommandMessage, state: str = "running", **more: Any) -> None:
        body = {"at": now_ms(), "actuator": command.actuator, "state": state, "command": command.command}
        await self.say("feedback", body | more)

    async def listen(self) -> None:
        async for message in self.mqtt.messages:
            assert isinstance(message.payload, bytes)
            if str(message.topic) == self.topic("acks"):
                self.acks.append(msgspec.json.decode(message.payload, type=Ack))
            else:
                self.commands.append(msgspec.json.decode(message.payload, type=CommandMessage))

    async def acked(self, *seqs: int) -> None:
        """Wait until these batches are acknowledged."""

        async def all_of_them() -> bool:
            return set(seqs) <= {ack.seq for ack in self.acks}

        await until(all_of_them)

    async def commanded(self, count: int = 1) -> list[CommandMessage]:
        """Wait for so many commands."""

        async def heard() -> bool:
            return len(self.commands) >= count

        await until(heard)
        return self.commands


@asynccontextmanager
async def stand(clone: Clone, broker: Broker, *, deadline_s: float = 5.0) -> AsyncIterator[Stand]:
    """A plant with its devices known to the broker; no gateway yet."""
    clock = MovedClock()
    async with Database.connect(clone.app_url, clock, max_size=8) as db:
        plant = await build_in(db, clone.tenant_id, deadline_s=deadline_s)
        async with db.transaction(clone.tenant_id) as tx:
            logins = await queries.list_device_logins(tx, clone.tenant_id)
        stranger = msgspec.structs.replace(logins[0], username=f"{clone.tenant_slug}/north/stranger-1")
        await broker.write_access(DeviceLogin(login.username, login.secret_hash) for login in (*logins, stranger))
        listener = Listener(clone.app_url)
        listening = asyncio.create_task(listener.run())
        try:
            await listener.listening.wait()
            yield Stand(db, clock, listener, broker, plant, clone.tenant_slug)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
