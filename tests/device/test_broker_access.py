"""Who gets in, who may say and hear what, and what waits: the same on both brokers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest

from core.device_secret import hash_secret
from muster.engines.access import GATEWAY, DeviceLogin
from muster.engines.broker import Broker

PUMP = "acme/north/pump-1"
FAN = "acme/north/fan-1"
ELSEWHERE = "other/north/pump-1"
SECRETS = {PUMP: "pump secret", FAN: "fan secret", ELSEWHERE: "elsewhere secret"}
# Every wait here is for a fact that comes within milliseconds; past this it does not come.
PATIENCE_S = 10.0


def logins(*names: str) -> list[DeviceLogin]:
    return [DeviceLogin(name, hash_secret(SECRETS[name])) for name in names]


def client(broker: Broker, username: str, password: str | None = None, **more: Any) -> aiomqtt.Client:
    known = broker.gateway_password if username == GATEWAY else SECRETS[username]
    return aiomqtt.Client(
        "127.0.0.1",
        broker.gateway_port if username == GATEWAY else broker.port,
        username=username,
        password=known if password is None else password,
        identifier=more.pop("identifier", username),
        protocol=aiomqtt.ProtocolVersion.V311,
        timeout=more.pop("timeout", PATIENCE_S),
        **more,
    )


@asynccontextmanager
async def connected_in_time(broker: Broker, username: str) -> AsyncIterator[aiomqtt.Client]:
    """New access reaches mosquitto by a signal, a moment after it was written."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                # A broker killed under a connection leaves aiomqtt waiting for CONNACK until its timeout.
                async with client(broker, username, timeout=1.0) as mqtt:
                    yield mqtt
                    return
            except aiomqtt.MqttError:
                await asyncio.sleep(0.02)


def _cut(mqtt: aiomqtt.Client) -> None:
    """End the connection as a crash does: no DISCONNECT."""
    line: Any = mqtt._client.socket()
    line.shutdown(socket.SHUT_RDWR)


async def _leave(mqtt: aiomqtt.Client) -> None:
    """Put a cut client away; whether it has noticed by now is a matter of microseconds."""
    with contextlib.suppress(aiomqtt.MqttError):
        await mqtt.__aexit__(None, None, None)


async def heard(mqtt: aiomqtt.Client, count: int) -> list[tuple[str, bytes]]:
    found = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in mqtt.messages:
            assert isinstance(message.payload, bytes)
            found.append((str(message.topic), message.payload))
            if len(found) == count:
                break
    return found


async def test_a_wrong_password_an_unknown_name_and_nobody_stay_outside(broker: Broker) -> None:
    await broker.write_access(logins(PUMP))
    async with connected_in_time(broker, PUMP):
        pass
    for name, password in ((PUMP, "fan secret"), (PUMP, ""), (FAN, "fan secret"), (GATEWAY, "guess")):
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, name, password):
                pass
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client("127.0.0.1", broker.port, identifier="anonymous"):
            pass


async def test_a_new_device_is_let_in_and_a_withdrawn_one_is_not_without_a_restart(broker: Broker) -> None:
    await broker.write_access(logins(PUMP))
    async with connected_in_time(broker, PUMP):
        pass
    pid = broker.pid
    await broker.write_access(logins(FAN))
    async with connected_in_time(broker, FAN):
        pass
    with pytest.raises(aiomqtt.MqttError):
        async with client(broker, PUMP):
            pass
    assert broker.pid == pid


async def test_a_device_speaks_under_its_own_name_alone(broker: Broker) -> None:
    await broker.write_access(logins(PUMP, FAN, ELSEWHERE))
    async with client(broker, GATEWAY) as gateway, connected_in_time(broker, FAN) as fan:
        await gateway.subscribe("muster/v1/#", qos=1)
        for name in (PUMP, ELSEWHERE):
            for leaf in ("readings", "state", "feedback", "badges", "commands", "acks"):
                await fan.publish(f"muster/v1/{name}/{leaf}", b"forged", qos=1)
        for leaf in ("commands", "acks", "readings/more"):
            await fan.publish(f"muster/v1/{FAN}/{leaf}", b"forged", qos=1)
        for leaf in ("readings", "state", "feedback", "badges"):
            await fan.publish(f"muster/v1/{FAN}/{leaf}", b"own", qos=1)
        assert await heard(gateway, 4) == [
            (f"muster/v1/{FAN}/{leaf}", b"own") for leaf in ("readings", "state", "feedback", "badges")
        ]


async def test_a_device_hears_its_own_commands_alone(broker: Broker) -> None:
    await broker.write_access(logins(PUMP, FAN))
    async with client(broker, GATEWAY) as gateway, connected_in_time(broker, FAN) as fan:
        filters = (
            f"muster/v1/{PUMP}/commands", "muster/v1/#", "muster/v1/acme/north/+/commands",
            f"muster/v1/{FAN}/commands", f"muster/v1/{FAN}/acks",
        )  # fmt: skip
        for topic_filter in filters:
            # mosquitto grants any subscription and holds the messages back; amqtt refuses it.
            await fan.subscribe(topic_filter, qos=1)
        await gateway.publish(f"muster/v1/{PUMP}/commands", b"not yours", qos=1)
        await gateway.publish(f"muster/v1/{PUMP}/state", b"not yours", qos=1, retain=True)
        await gateway.publish(f"muster/v1/{FAN}/commands", b"start", qos=1)
        await gateway.publish(f"muster/v1/{FAN}/acks", b"end", qos=1)
        messages = await heard(fan, 2)
        # Overlapping filters may deliver one message once for each (MQTT 3.1.1, 3.3.5).
        while messages[-1][1] != b"end":
            messages += await heard(fan, 1)
        assert {payload for _, payload in messages} == {b"start", b"end"}


async def test_a_device_that_comes_back_is_not_sent_what_others_retained(broker: Broker) -> None:
    await broker.write_access(logins(PUMP, FAN))
    async with client(broker, GATEWAY) as gateway, connected_in_time(broker, PUMP) as pump:
        await gateway.subscribe("muster/v1/#", qos=1)
        await pump.publish(f"muster/v1/{PUMP}/state", b"private", qos=1, retain=True)
        await heard(gateway, 1)
        for _ in range(2):
            async with client(broker, FAN, clean_session=False) as fan:
                await fan.subscribe(f"muster/v1/{FAN}/commands", qos=1)
                await gateway.publish(f"muster/v1/{FAN}/commands", b"start", qos=1)
                assert await heard(fan, 1) == [(f"muster/v1/{FAN}/commands", b"start")]


async def test_a_last_will_reaches_no_topic_that_its_device_may_not_write(broker: Broker) -> None:
    await broker.write_access(logins(PUMP, FAN))
    async with client(broker, GATEWAY) as gateway:
        await gateway.subscribe("muster/v1/#", qos=1)
        for topic in (f"muster/v1/{PUMP}/state", f"muster/v1/{FAN}/state"):
            async with connected_in_time(broker, FAN):
                pass
            mqtt = client(broker, FAN, will=aiomqtt.Will(topic, b"gone", qos=1))
            await mqtt.__aenter__()
            _cut(mqtt)
            await _leave(mqtt)
        assert await heard(gateway, 1) == [(f"muster/v1/{FAN}/state", b"gone")]


async def test_messages_wait_for_a_gateway_that_is_away(broker: Broker) -> None:
    await broker.write_access(logins(PUMP))
    async with client(broker, GATEWAY, clean_session=False) as gateway:
        await gateway.subscribe("muster/v1/acme/north/+/readings", qos=1)
    async with connected_in_time(broker, PUMP) as pump:
        for n in range(300):
            await pump.publish(f"muster/v1/{PUMP}/readings", str(n).encode(), qos=1)
    async with client(broker, GATEWAY, clean_session=False) as gateway:
        messages = await heard(gateway, 300)
    assert [int(payload) for _, payload in messages] == list(range(300))


async def test_what_the_gateway_had_not_acknowledged_when_it_died_comes_again(broker: Broker) -> None:
    await broker.write_access(logins(PUMP))
    gateway = client(broker, GATEWAY, clean_session=False)
    gateway._client.manual_ack_set(True)
    await gateway.__aenter__()
    await gateway.subscribe("muster/v1/#", qos=1)
    async with connected_in_time(broker, PUMP) as pump:
        for n in range(300):
            await pump.publish(f"muster/v1/{PUMP}/readings", str(n).encode(), qos=1)
        await heard(gateway, 300)
    _cut(gateway)
    await _leave(gateway)
    async with client(broker, GATEWAY, clean_session=False) as again:
        messages = await heard(again, 300)
    assert sorted(int(payload) for _, payload in messages) == list(range(300))


async def test_a_stranger_does_not_end_a_session_by_naming_its_client(broker: Broker) -> None:
    await broker.write_access(logins(PUMP))
    async with client(broker, GATEWAY, clean_session=False) as gateway, connected_in_time(broker, PUMP) as pump:
        await gateway.subscribe("muster/v1/#", qos=1)
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, GATEWAY, "guess", clean_session=True):
                pass
        await pump.publish(f"muster/v1/{PUMP}/readings", b"still heard", qos=1)
        assert await heard(gateway, 1) == [(f"muster/v1/{PUMP}/readings", b"still heard")]


async def test_an_oversized_message_is_not_passed_on(broker: Broker) -> None:
    await broker.write_access(logins(PUMP))
    async with client(broker, GATEWAY) as gateway:
        await gateway.subscribe("muster/v1/#", qos=1)
        async with connected_in_time(broker, PUMP) as pump:
            # mosquitto drops it, amqtt ends the connection without a PUBACK.
            sending = asyncio.create_task(pump.publish(f"muster/v1/{PUMP}/readings", b"x" * 300_000, qos=1, timeout=1))
            await asyncio.wait({sending})
            sending.exception()
        async with connected_in_time(broker, PUMP) as pump:
            await pump.publish(f"muster/v1/{PUMP}/readings", b"small", qos=1)
            assert await heard(gateway, 1) == [(f"muster/v1/{PUMP}/readings", b"small")]


async def test_a_broker_that_was_killed_is_started_again_on_its_port_and_knows_its_devices(broker: Broker) -> None:
    await broker.write_access(logins(PUMP))
    port, killed = broker.port, broker.pid
    os.kill(killed, signal.SIGKILL)
    async with connected_in_time(broker, PUMP) as pump:
        await pump.publish(f"muster/v1/{PUMP}/readings", b"after", qos=1)
    assert broker.port == port
    assert broker.pid not in (0, killed)


@pytest.mark.parametrize("victim", [FAN, "muster-gw-acme-north"])
async def test_a_device_can_not_end_or_take_over_a_session_by_naming_its_client_id(broker: Broker, victim: str) -> None:
    await broker.write_access(logins(FAN, PUMP))
    login = FAN if victim == FAN else GATEWAY
    async with connected_in_time(broker, FAN):
        pass
    async with client(broker, login, identifier=victim, clean_session=False) as session:
        await session.subscribe(f"muster/v1/{FAN}/commands" if login == FAN else "muster/v1/#", qos=1)
        # Refused, or let in under its own name; either way the session it named is not touched.
        with contextlib.suppress(aiomqtt.MqttError):
            async with client(broker, PUMP, identifier=victim, timeout=2.0):
                pass
        async with client(broker, GATEWAY, identifier="muster-gw-other") as other:
            await other.publish(f"muster/v1/{FAN}/commands", b"start", qos=1)
        assert await heard(session, 1) == [(f"muster/v1/{FAN}/commands", b"start")]


async def test_no_device_comes_in_by_the_gateways_port(broker: Broker) -> None:
    await broker.write_access(logins(FAN))
    async with connected_in_time(broker, FAN):
        pass
    # amqtt has one port and ties client ids to logins itself.
    assert (broker.gateway_port == broker.port) == (broker.kind == "amqtt")
    if broker.kind == "amqtt":
        return
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(
            "127.0.0.1", broker.gateway_port, username=FAN, password=SECRETS[FAN], identifier=FAN, timeout=PATIENCE_S
        ):
            pass
