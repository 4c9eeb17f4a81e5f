"""One connection to the MQTT broker that reads and acknowledges in bulk.

Why not aiomqtt here: paho reads one packet per wake-up of the loop with three system calls each, and writes one
PUBACK at a time. This link takes all packets of a 256 kB read at once and acknowledges a committed batch in one write;
the figures are in ``bench/ingest``. Devices, tests and the demo plant speak through aiomqtt.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import msgspec

from core.errors import Invalid, Unavailable
from plant import mqtt_wire as wire
from plant.mqtt_wire import ProtocolError, Publish

# Silence for one and a half times this and the broker counts us as gone (3.1.2.10); so do we the broker.
KEEPALIVE_S = 10
# A broker that takes longer than this to answer CONNECT or SUBSCRIBE is as good as away.
ANSWER_TIMEOUT_S = 5.0
# Publishes of ours without PUBACK. A site has tens of actuators; more means the broker stopped answering.
UNANSWERED_MAX = 1_000
_MID_MAX = 65_535


class BrokerAddress(msgspec.Struct, frozen=True):
    """Where the broker is and how the gateway signs in."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False


def parse_broker_url(url: str) -> BrokerAddress:
    """``mqtt://user:password@host:port`` (``mqtts`` for TLS); raises Invalid."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise Invalid("broker.url", "an MQTT address looks like mqtt://user:password@host:port", field="mqtt_url")
    tls = parts.scheme == "mqtts"
    port = parts.port or (8883 if tls else 1883)
    return BrokerAddress(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), tls)


OnPublishes = Callable[["Link", list[Publish]], None]


class Link(asyncio.Protocol):
    """A live connection. ``on_publishes`` gets what arrived, in order, several at a time, in the loop's thread."""

    def __init__(self, on_publishes: OnPublishes) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = loop.create_future()
        self._loop = loop
        self._on_publishes = on_publishes
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._connack: asyncio.Future[None] = loop.create_future()
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._mid = 0
        self._heard_at = loop.time()
        self._paused = False
        self._pinger: asyncio.TimerHandle | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._buffer += data
        try:
            self._dispatch(wire.split_packets(self._buffer))
        except ProtocolError as problem:
            self._fail(f"protocol error: {problem}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(str(exc) if exc else "the broker closed the connection")

    # What the gateway calls.

    def ack(self, mids: list[int]) -> None:
        """Acknowledge QoS 1 messages of this connection in one write."""
        if mids and not self.closed.done() and self._transport is not None:
            self._transport.write(wire.pubacks(mids))

    def send(self, messages: list[tuple[str, bytes]]) -> None:
        """Publish with QoS 0 in one write: for what its receiver will ask for again."""
        if messages and not self.closed.done() and self._transport is not None:
            self._transport.write(b"".join([wire.publish(topic, payload, 0) for topic, payload in messages]))

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and wait for the broker's PUBACK; raises Unavailable."""
        await self._ask(lambda mid: wire.publish(topic, payload, mid))

    async def subscribe(self, topics: list[str]) -> None:
        """Subscribe with QoS 1; raises Unavailable when the broker refuses one of them (3.9.3)."""
        codes = (await self._ask(lambda mid: wire.subscribe(mid, topics)))[2:]
        if any(code & 0x80 for code in codes):
            raise Unavailable("broker.refused", f"the broker refused a subscription to {topics}", field="topic")

    def pause(self) -> None:
        """Stop reading: the broker's window and TCP hold the rest back."""
        if not self._paused and self._transport is not None and not self.closed.done():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._paused and self._transport is not None and not self.closed.done():
            self._paused = False
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    def close(self) -> None:
        """Say goodbye; the persistent session keeps what is not acknowledged."""
        if not self.closed.done() and self._transport is not None:
            self._transport.write(wire.DISCONNECT_BYTES)
        self._fail("closed by us")

    def abort(self) -> None:
        """Cut the connection without a word (a lost lease, a dead broker)."""
        if self._transport is not None:
            self._transport.abort()
        self._fail("aborted by us")

    async def shake_hands(self, address: BrokerAddress, client_id: str) -> None:
        """CONNECT with a persistent session and wait for CONNACK; raises Unavailable."""
        assert self._transport is not None
        self._transport.write(
            wire.connect(client_id, address.username, address.password, KEEPALIVE_S, clean_session=False)
        )
        try:
            await asyncio.wait_for(self._connack, ANSWER_TIMEOUT_S)
        except TimeoutError as problem:
            raise Unavailable("broker.silent", "the MQTT broker does not answer CONNECT") from problem
        self._pinger = self._loop.call_later(KEEPALIVE_S / 2, self._ping)

    # Inside.

    def _dispatch(self, packets: list[wire.Packet]) -> None:
        publishes: list[Publish] = []
        for first, body in packets:
            kind = first >> 4
            if kind == wire.PUBLISH:
                publishes.append(wire.read_publish(first, body))
            elif kind in (wire.PUBACK, wire.SUBACK):
                waiting = self._answers.pop(wire.packet_id(body), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(body)
            elif kind == wire.CONNACK:
                self._on_connack(body)
            elif kind != wire.PINGRESP:
                raise ProtocolError(f"packet type {kind}")
        if publishes:
            self._on_publishes(self, publishes)

    def _on_connack(self, body: bytes) -> None:
        if len(body) != 2 or self._connack.done():
            raise ProtocolError("CONNACK out of place")
        if body[1] == 0:
            self._connack.set_result(None)
            return
        why = wire.CONNACK_REASONS.get(body[1], str(body[1]))
        self._connack.set_exception(Unavailable("broker.refused", f"the MQTT broker refused the gateway: {why}"))

    async def _ask(self, packet: Callable[[int], bytes]) -> bytes:
        if self.closed.done() or self._transport is None:
            raise Unavailable("broker.unreachable", "the MQTT broker is away")
        if len(self._answers) >= UNANSWERED_MAX:
            raise Unavailable("broker.silent", f"{UNANSWERED_MAX} publishes wait for the MQTT broker")
        mid = self._next_mid()
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answers[mid] = answer
        self._transport.write(packet(mid))
        try:
            return await asyncio.wait_for(answer, ANSWER_TIMEOUT_S)
        except TimeoutError as problem:
            raise Unavailable("broker.silent", "the MQTT broker does not acknowledge") from problem
        finally:
            self._answers.pop(mid, None)

    def _next_mid(self) -> int:
        while True:
            self._mid = self._mid % _MID_MAX + 1
            if self._mid not in self._answers:
                return self._mid

    def _ping(self) -> None:
        if self.closed.done() or self._transport is None:
            return
        # While paused we hear nothing because we do not listen: that says nothing about the broker.
        if not self._paused and self._loop.time() - self._heard_at > KEEPALIVE_S * 1.5:
            self.abort()
            return
        self._transport.write(wire.PING_BYTES)
        self._pinger = self._loop.call_later(KEEPALIVE_S / 2, self._ping)

    def _fail(self, reason: str) -> None:
        if self.closed.done():
            return
        self.closed.set_result(reason)
        if self._pinger is not None:
            self._pinger.cancel()
        unanswered: list[asyncio.Future[Any]] = [*self._answers.values(), self._connack]
        for waiting in unanswered:
            if not waiting.done():
                waiting.set_exception(Unavailable("broker.unreachable", f"the MQTT broker is away: {reason}"))
                waiting.exception()  # Whoever waits sees it; if nobody waits any more, nothing is left to report.
        if self._transport is not None:
            self._transport.close()


async def open_link(address: BrokerAddress, client_id: str, on_publishes: OnPublishes) -> Link:
    """Connect and sign in; messages of the persistent session may arrive before this returns. Raises Unavailable."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context() if address.tls else None
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            _, link = await loop.create_connection(lambda: Link(on_publishes), address.host, address.port, ssl=context)
    except (OSError, TimeoutError) as problem:
        raise Unavailable("broker.unreachable", f"the MQTT broker does not answer: {problem}") from problem
    try:
        await link.shake_hands(address, client_id)
    except BaseException:
        link.abort()
        raise
    return link
