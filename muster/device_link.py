"""The device's end of the wire: one MQTT connection with its own login and last will, kept up for as long as it runs.

The demo plant's devices and ``muster replay`` are devices like any other and speak through this.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiomqtt
import msgspec

from core.errors import Invalid
from core.logging import get_logger
from mobile_contract import devices as wire
from muster.device_buffer import RESEND_AFTER_S, DeviceBuffer

log = get_logger(__name__)

# Quick at first (a broker that restarts is back in a second), then slow enough not to storm a plant's broker.
RECONNECT_FIRST_S, RECONNECT_MAX_S = 0.25, 10.0
KEEPALIVE_S = 10  # the will is published after 1.5 of it (MQTT 3.1.1, 3.1.2.10)
PUBLISH_TIMEOUT_S = 5.0
# More than one un-acked PUBLISH keeps the line busy; aiomqtt's own queue stays shallow, so that commands get through.
COMMANDS_MAX = 100

_encode = msgspec.json.Encoder().encode
_ack = msgspec.json.Decoder(wire.Ack, strict=False)
_command = msgspec.json.Decoder(wire.CommandMessage)


class Broker(msgspec.Struct, frozen=True):
    """Where the broker listens."""

    host: str
    port: int
    tls: bool = False


class Certificate(msgspec.Struct, frozen=True):
    """Paths of PEM files: the device's certificate, its key, and the authority that signed it and the broker's."""

    certificate: str
    key: str
    authority: str

    def context(self) -> ssl.SSLContext:
        """TLS as this device, to a broker of its authority; raises Invalid for files that are not that."""
        try:
            made = ssl.create_default_context(cafile=self.authority)
            made.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as problem:
            raise Invalid(
                "device.certificate",
                f"{self.certificate}, {self.key}, {self.authority}: {problem}",
                field="certificate",
                value=self.certificate,
            ) from problem
        return made


class DeviceLogin(msgspec.Struct, frozen=True):
    """The device's name on the wire, and its secret or its certificate."""

    tenant: str
    site: str
    device: str
    secret: str = ""
    certificate: Certificate | None = None

    @property
    def username(self) -> str:
        """Broker user name and client id."""
        return f"{self.tenant}/{self.site}/{self.device}"

    def topic(self, leaf: str) -> str:
        """The topic of one leaf of this device."""
        return wire.topic(self.tenant, self.site, self.device, leaf)


def parse_broker(url: str) -> Broker:
    """``mqtt://host:port`` or ``mqtts://`` (a login in it belongs to the gateway and is not used); raises Invalid."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise Invalid("mqtt.url", f"{url!r} is not mqtt://host:port", field="mqtt_url", value=url)
    tls = parts.scheme == "mqtts"
    return Broker(parts.hostname, parts.port or (8883 if tls else 1883), tls)


def _tls_context(broker: Broker, login: DeviceLogin) -> ssl.SSLContext | None:
    if broker.tls:
        return ssl.create_default_context() if login.certificate is None else login.certificate.context()
    if login.certificate is not None:
        raise Invalid(
            "mqtt.url", "a certificate needs mqtts://host:port", field="mqtt_url", value="mqtt", limit="mqtts"
        )
    return None


OnCommand = Callable[[wire.CommandMessage], Awaitable[None]]


class DeviceLink:
    """Publishes what is put, keeps it until committed, hands commands to ``on_command``."""

    def __init__(
        self, broker: Broker, login: DeviceLogin, *, firmware: str, on_command: OnCommand | None = None
    ) -> None:
        self.login = login
        self.buffer = DeviceBuffer(first_seq=time.time_ns() // 1_000_000)
        self.connected = asyncio.Event()
        self.refused_login: str | None = None
        self._broker = broker
        self._tls = _tls_context(broker, login)
        self._firmware = firmware
        self._on_command = on_command
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._client: aiomqtt.Client | None = None

    def put(self, samples: list[wire.Sample]) -> int:
        """Keep the samples until they are committed; returns the batch's number."""
        seq = self.buffer.put(samples)
        self._wake.set()
        return seq

    async def room(self, below: int) -> None:
        """Wait until fewer than ``below`` batches wait for their acks."""
        while len(self.buffer) >= below:
            self._moved.clear()
            await self._moved.wait()

    async def feedback(self, message: wire.FeedbackMessage) -> None:
        """Say what an actuator does now; without a connection it is not said, the next state is."""
        if self._client is not None:
            with contextlib.suppress(aiomqtt.MqttError):
                topic = self.login.topic(wire.FEEDBACK)
                await self._client.publish(topic, _encode(message), qos=1, timeout=PUBLISH_TIMEOUT_S)

    async def run(self) -> None:
        """Connect, and again after every loss, until cancelled."""
        pause = RECONNECT_FIRST_S
        while True:
            started = time.monotonic()
            try:
                await self._one_connection()
            except* aiomqtt.MqttError as problems:
                self._note(problems.exceptions[0])
            if time.monotonic() - started > RECONNECT_MAX_S:
                pause = RECONNECT_FIRST_S
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnects, no secret
            pause = min(pause * 2, RECONNECT_MAX_S)

    def _note(self, problem: BaseException) -> None:
        text = str(problem)
        self.refused_login = text if "authori" in text.lower() or "password" in text.lower() else None
        log.info("device.disconnected", device=self.login.username, reason=text)

    async def _one_connection(self) -> None:
        will = aiomqtt.Will(
            self.login.topic(wire.STATE), _encode(wire.DeviceStateMessage(online=False)), qos=1, retain=True
        )
        async with (
            asyncio.TaskGroup() as tasks,
            aiomqtt.Client(
                self._broker.host,
                self._broker.port,
                username=self.login.username,
                password=self.login.secret or None,
                tls_context=self._tls,
                identifier=self.login.username,
                protocol=aiomqtt.ProtocolVersion.V311,
                keepalive=KEEPALIVE_S,
                will=will,
                timeout=PUBLISH_TIMEOUT_S,
                max_queued_incoming_messages=COMMANDS_MAX,
            ) as client,
        ):
            await client.subscribe([(self.login.topic(leaf), 1) for leaf in (wire.ACKS, wire.COMMANDS)])
            await self._say_state(client, online=True)
            self.buffer.reconnected()
            self._client = client
            self.connected.set()
            self.refused_login = None
            sender = tasks.create_task(self._send(client))
            try:
                await self._receive(client)
            except asyncio.CancelledError:
                with contextlib.suppress(aiomqtt.MqttError):
                    await self._say_state(client, online=False)
                raise
            finally:
                sender.cancel()
                self._client = None
                self.connected.clear()

    async def _say_state(self, client: aiomqtt.Client, *, online: bool) -> None:
        state = wire.DeviceStateMessage(online=online, at=time.time_ns() // 1_000_000, firmware=self._firmware)
        topic = self.login.topic(wire.STATE)
        await client.publish(topic, _encode(state), qos=1, retain=True, timeout=PUBLISH_TIMEOUT_S)

    async def _send(self, client: aiomqtt.Client) -> None:
        topic = self.login.topic(wire.READINGS)
        while True:
            self._wake.clear()
            for batch in self.buffer.due(time.monotonic()):
                assert batch.seq is not None
                self.buffer.sent(batch.seq, time.monotonic())
                await client.publish(topic, _encode(batch), qos=1, timeout=PUBLISH_TIMEOUT_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESEND_AFTER_S / 2):
                    await self._wake.wait()

    async def _receive(self, client: aiomqtt.Client) -> None:
        acks = self.login.topic(wire.ACKS)
        async for message in client.messages:
            payload = bytes(message.payload) if isinstance(message.payload, bytes | bytearray) else b""
            try:
                if message.topic.value == acks:
                    ack = _ack.decode(payload)
                    self.buffer.acked(ack.seq, ack.refused)
                    self._moved.set()
                elif self._on_command is not None:
                    await self._on_command(_command.decode(payload))
            except msgspec.MsgspecError as problem:
                log.warning("device.payload_refused", device=self.login.username, reason=str(problem))
