"""The amqtt broker in a process of its own: ``python -m muster.engines.amqtt_broker PORT PASSWORDS ACL``.

amqtt 0.12 as it comes would break promises of ours, so parts of it are replaced here (see amqtt_line):
a QoS 1 message without PUBACK for 5 s, or in flight when its reader goes away, is dropped (here: kept and sent again);
a wrong password ends the session of the client id it names (here: checked first); a last will may go to any topic;
a client that resumes its session is sent everybody's retained messages; a silent client is never given up;
packets may have 256 MB; messages that waited arrive marked as retained.

What it still can not do and mosquitto can: keep anything over its own restart (sessions, what waits in them and
retained states live in memory, so after kill -9 devices and gateway subscribe and send again; what we acknowledged
is in the database, and what we did not is in the devices' buffers); tell devices whose login was withdrawn to go
before they reconnect; many thousand messages a second (pure Python, one core); MQTT 5; QoS 2 to subscribers (lowered
to 1).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

import amqtt.broker
import uvloop

from muster.engines.amqtt_line import Line, MessageTooLarge, SizedReader, enqueue

# amqtt has its queues flushed within this; the supervisor kills after a little more.
_SHUTDOWN_S = 5.0


class _Broker(amqtt.broker.Broker):  # type: ignore[misc, unused-ignore]
    """amqtt's broker with what waits for a client kept by us."""

    async def stream_connected(self, reader: Any, writer: Any, listener_name: str) -> None:
        """A client connected; a packet above the limit ends the connection."""
        from amqtt.adapters import StreamWriterAdapter

        try:
            await self._client_connected(listener_name, SizedReader(reader), StreamWriterAdapter(writer))
        except (ConnectionError, MessageTooLarge) as problem:
            self.logger.warning("connection ended: %s", problem)
            writer.close()

    async def add_subscription(self, subscription: tuple[str, int], session: Any) -> int:
        """QoS 2 is lowered to 1: nothing of ours asks for it, and amqtt's flow for it loses messages as well."""
        topic_filter, qos = subscription
        granted: int = await super().add_subscription((topic_filter, min(qos, 1)), session)
        return granted

    async def _authenticate(self, _: Any, __: Any) -> bool:
        """Done already, before the session was looked up: see Line.init_from_connect."""
        return True

    async def _retain_broadcast_message(self, broadcast: dict[str, Any], _: int, target_session: Any) -> None:
        enqueue(target_session, broadcast["topic"], broadcast["data"])
        await self._publish_session_retained_messages(target_session)

    async def _publish_session_retained_messages(self, session: Any) -> None:
        line = self._get_handler(session)
        if isinstance(line, Line):
            await line.pump()

    async def _publish_retained_messages_for_subscription(self, _: tuple[str, int], __: Any) -> None:
        """Nothing: amqtt calls it on every reconnect for everybody's filters. See _handle_subscription."""

    async def _handle_subscription(self, client_session: Any, handler: Any, subscribe_waiter: Any) -> None:
        """Subscribe, then send retained messages of the filters that were granted, as far as each may be read."""
        topics = subscribe_waiter.result().topics
        await super()._handle_subscription(client_session, handler, subscribe_waiter)
        for topic_filter, qos in topics:
            granted = any(
                other.client_id == client_session.client_id for other, _ in self._subscriptions.get(topic_filter, ())
            )
            for topic, kept in list(self._retained_messages.items()):
                if (
                    granted
                    and self._matches(topic, topic_filter)
                    and await self._topic_filtering(client_session, topic, amqtt.broker.Action.RECEIVE)
                ):
                    await handler.mqtt_publish(topic, kept.data, min(qos, kept.qos or 0), retain=True)

    async def _handle_disconnect(self, client_session: Any, handler: Any, disconnect_waiter: Any) -> None:
        """A connection that was taken over must not mark the session of its successor as away."""
        await super()._handle_disconnect(client_session, handler, disconnect_waiter)
        successor = self._get_handler(client_session)
        if successor is not handler and isinstance(successor, Line) and not successor.gone:
            client_session.transitions.connect()


async def _serve(port: int, passwords: str, acl: str) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # amqtt reads the handler's class from its module: this process is ours alone, so it can be replaced there.
    amqtt.broker.BrokerProtocolHandler = Line  # type: ignore[misc, unused-ignore]
    broker = _Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"muster.engines.amqtt_access.AccessPlugin": {"passwords": passwords, "acl": acl}},
        }
    )
    await broker.start()
    await stopping.wait()
    await asyncio.wait_for(broker.shutdown(), _SHUTDOWN_S)


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    _, port, passwords, acl = sys.argv
    try:
        uvloop.run(_serve(int(port), passwords, acl))
    except TimeoutError:
        logging.getLogger(__name__).warning("clients were cut off at shutdown")


if __name__ == "__main__":
    main()
