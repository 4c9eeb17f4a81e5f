"""One client's connection in amqtt: signed in before anything is touched, and QoS 1 that keeps its promise.

What waits for a client is one queue in its session; up to IN_FLIGHT_MAX of it are sent and await their PUBACK for as
long as the connection lasts. When the connection ends, what was in flight goes back to the head of the queue and is
sent again, marked as a duplicate, on the next (MQTT 3.1.1, 4.4).
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from typing import Any

from amqtt.adapters import StreamReaderAdapter
from amqtt.contexts import Action
from amqtt.errors import MQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.constants import QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.publish import PublishPacket

from muster.engines.limits import IN_FLIGHT_MAX, MESSAGE_BYTES_MAX, QUEUED_BYTES_MAX, QUEUED_MAX

log = logging.getLogger(__name__)

_QUEUE = "muster.queue"
_PACKET_IDS = 65_535
# MQTT 3.1.1, 3.1.2.10: a client silent for one and a half times its keep-alive is gone.
_KEEPALIVE_FACTOR = 1.5


class MessageTooLarge(Exception):
    """A packet above MESSAGE_BYTES_MAX was announced."""


class SizedReader(StreamReaderAdapter):  # type: ignore[misc, unused-ignore]
    """Refuses to wait for more bytes than one message may have."""

    async def read(self, n: int = -1) -> bytes:
        """Read exactly ``n`` bytes."""
        if n > MESSAGE_BYTES_MAX:
            raise MessageTooLarge(f"{n} bytes, the limit is {MESSAGE_BYTES_MAX}")
        data: bytes = await super().read(n)
        return data


class Waiting:
    """A QoS 1 message on its way to one client."""

    __slots__ = ("again", "data", "retain", "topic")

    def __init__(self, topic: str, data: bytes, retain: bool) -> None:
        self.topic = topic
        self.data = data
        self.retain = retain
        self.again = False


class Queue:
    """What waits in one session, bounded; the newest is dropped, as mosquitto does."""

    def __init__(self) -> None:
        self.messages: deque[Waiting] = deque()
        self.size = 0
        self.dropped = 0

    def put(self, message: Waiting) -> None:
        """At the end, if there is room."""
        if len(self.messages) >= QUEUED_MAX or self.size + len(message.data) > QUEUED_BYTES_MAX:
            if self.dropped == 0:
                log.warning("a session's queue is full: its newest messages are dropped")
            self.dropped += 1
            return
        self.messages.append(message)
        self.size += len(message.data)

    def put_back(self, message: Waiting) -> None:
        """At the head: it was taken before."""
        self.messages.appendleft(message)
        self.size += len(message.data)

    def take(self) -> Waiting:
        """The next."""
        message = self.messages.popleft()
        self.size -= len(message.data)
        self.dropped = self.dropped if self.messages else 0
        return message


def queue_of(session: Any) -> Queue:
    """The session's queue; it lives as long as the session, over its connections."""
    queue: Queue = session.attributes.setdefault(_QUEUE, Queue())
    return queue


def enqueue(session: Any, topic: str, data: bytes | bytearray, retain: bool = False) -> None:
    """Let a message wait for the session's client."""
    queue_of(session).put(Waiting(topic, bytes(data), retain))


class Line(BrokerProtocolHandler):  # type: ignore[misc, unused-ignore]
    """The protocol's shell for one connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gone = False
        self._in_flight: OrderedDict[int, Waiting] = OrderedDict()
        self._last_id = 0
        self._pumping = False

    @classmethod
    async def init_from_connect(cls, reader: Any, writer: Any, plugins_manager: Any, loop: Any = None) -> Any:
        """Read CONNECT and sign in at once: a wrong password must not reach the session it names."""
        line, session = await super().init_from_connect(reader, writer, plugins_manager, loop)
        answers = (await plugins_manager.map_plugin_auth(session=session)).values()
        if not answers or not all(answers):
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            await writer.close()
            raise MQTTError(f"refused: user {session.username!r}, client {session.client_id!r}")
        session.keep_alive = int(session.keep_alive * _KEEPALIVE_FACTOR)
        if session.will_flag:
            allowed = await plugins_manager.map_plugin_topic(
                session=session, topic=session.will_topic, action=Action.PUBLISH
            )
            session.will_flag = bool(allowed) and all(allowed.values())
        return line, session

    async def mqtt_publish(
        self, topic: str, data: Any, qos: int | None, retain: bool, ack_timeout: int | None = None
    ) -> Any:
        """Send; at QoS 1 let it wait its turn, and do not wait for the PUBACK here."""
        if qos != QOS_1 or self.session is None:
            return await super().mqtt_publish(topic, data, qos, retain, ack_timeout)
        enqueue(self.session, topic, data, retain)
        await self.pump()
        return None

    async def pump(self) -> None:
        """Send what waits until the window is full; one at a time, so the order stays."""
        if self._pumping or self.session is None:
            return
        self._pumping = True
        try:
            queue = queue_of(self.session)
            while queue.messages and len(self._in_flight) < IN_FLIGHT_MAX and not self.gone:
                message = queue.take()
                packet_id = self._next_id()
                self._in_flight[packet_id] = message
                await self._send_packet(
                    PublishPacket.build(message.topic, message.data, packet_id, message.again, QOS_1, message.retain)
                )
        finally:
            self._pumping = False

    def _next_id(self) -> int:
        self._last_id = self._last_id % _PACKET_IDS + 1
        while self._last_id in self._in_flight:
            self._last_id = self._last_id % _PACKET_IDS + 1
        return self._last_id

    async def handle_puback(self, puback: Any) -> None:
        """One is done; the next may go."""
        if self._in_flight.pop(puback.variable_header.packet_id, None) is not None:
            await self.pump()

    def handle_read_timeout(self) -> None:
        """Nothing for one and a half keep-alives: without a reader the loop ends and the last will goes out."""
        self.reader = None

    async def stop(self) -> None:
        """The connection ended: what was in flight waits again, first in line."""
        self.gone = True
        if self.session is not None:
            queue = queue_of(self.session)
            while self._in_flight:
                _, message = self._in_flight.popitem()
                message.again = True
                queue.put_back(message)
        await super().stop()
