"""The two ends of the path: devices on one MQTT connection, phones on open sockets; each notes when what arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.latency.scene import LOGINS, PASSWORD, RUNNING
from bench.world import SERIES, SITE, TENANT, UNIT
from mobile_contract.devices import COMMANDS, FEEDBACK, READINGS, CommandMessage, FeedbackMessage, topic
from mobile_contract.live import PATH, SERVER_DECODER, Hello, Order, Receipt, Welcome, encode
from muster.client import Client
from plant.mqtt_link import BrokerAddress, Link, open_link
from plant.mqtt_wire import Publish

_command = msgspec.json.Decoder(CommandMessage).decode


class Devices:
    """Publishes readings as any device; obeys commands at once and says so. ``commanded``: device -> when it heard."""

    def __init__(self) -> None:
        self.commanded: dict[str, asyncio.Future[float]] = {}
        self._link: Link | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, broker: BrokerAddress) -> AsyncIterator[Devices]:
        """Connected and subscribed to every device's commands."""
        self = cls()
        self._link = await open_link(broker, "bench-devices", self._on_publishes)
        try:
            await self._link.subscribe([f"muster/v1/{TENANT}/{SITE}/+/{COMMANDS}"])
            yield self
        finally:
            self._link.close()

    async def publish(self, device: str, value: float) -> float:
        """A reading of the first series at QoS 1; returns the time just before it left."""
        assert self._link is not None
        now = time.time()
        sample = {"series": SERIES[0], "at": int(now * 1000), "value": value, "unit": UNIT}
        await self._link.publish(topic(TENANT, SITE, device, READINGS), msgspec.json.encode(sample))
        return now

    def _on_publishes(self, link: Link, publishes: list[Publish]) -> None:
        now = time.time()
        for name, payload, mid, _ in publishes:
            device = name.split(b"/")[4].decode()
            command = _command(payload)
            waiting = self.commanded.get(device)
            if command.action == "start" and waiting is not None and not waiting.done():
                waiting.set_result(now)
            proof = FeedbackMessage(int(now * 1000), command.actuator, RUNNING[command.action], command.command)
            link.send([(topic(TENANT, SITE, device, FEEDBACK), msgspec.json.encode(proof))])
            link.ack([mid] if mid else [])


class Ordered(msgspec.Struct, frozen=True):
    """The first order of an alarm: when it arrived, when the api read it."""

    at: float
    read_at: datetime


class Phones:
    """Everybody's open socket. ``ordered``: place (English) -> the first order about it, on whosever phone."""

    def __init__(self) -> None:
        self.ordered: dict[str, asyncio.Future[Ordered]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Phones]:
        """Everyone signed in by password and welcomed."""
        self = cls()
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            reading = []
            for login in LOGINS:
                client = Client(url)
                session = await client.sign_in(TENANT, login, PASSWORD, label="bench")
                await client.close()
                where = url.replace("http://", "ws://") + PATH
                socket = await stack.enter_async_context(connect(where, compression=None, proxy=None))
                await socket.send(encode(Hello(session.access_token, [], "bench")).decode())
                while not isinstance(SERVER_DECODER.decode(await socket.recv()), Welcome):
                    pass
                reading.append(tasks.create_task(self._read(socket)))
            yield self
            for task in reading:
                task.cancel()

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            now = time.time()
            frame = SERVER_DECODER.decode(text)
            if not isinstance(frame, Order):
                continue
            waiting = self.ordered.get(frame.place.en)
            if waiting is not None and not waiting.done():
                waiting.set_result(Ordered(now, frame.sent_at))
            receipt = Receipt(frame.delivery, "received", datetime.now(UTC))
            await socket.send(encode(receipt).decode())
