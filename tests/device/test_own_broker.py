"""A mosquitto of the plant's own, let in by the files that `muster access` writes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from core.errors import Invalid
from core.settings import Settings
from muster.broker_access import run_access
from muster.demo import catalogue
from muster.engines.access import GATEWAY
from muster.engines.mosquitto import find_mosquitto
from muster.engines.process import free_port
from muster.engines.unprivileged import choose_identity
from tests.conftest import absent
from tests.whole_plant import until

pytestmark = pytest.mark.device

SECRET = "the-gateways-own"


async def test_devices_and_the_gateway_come_in_and_nobody_else(demo_clone: Any, tmp_path: Path) -> None:
    program = find_mosquitto()
    if program is None:
        absent("mosquitto is not installed")
        return
    port = free_port()
    settings = Settings(database_url=demo_clone.app_url, mqtt_url=f"mqtt://{GATEWAY}:{SECRET}@127.0.0.1:{port}")
    assert await run_access(settings, tmp_path, watch=False) == 0
    identity = choose_identity(program, tmp_path)
    identity.give(tmp_path)
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {tmp_path / 'passwords'}\nacl_file {tmp_path / 'acl'}\n"
    )
    for path in tmp_path.iterdir():
        identity.give(path)
    broker = await asyncio.create_subprocess_exec(str(program), "-c", str(config), preexec_fn=identity.enter)
    try:
        await until(lambda: _answers(port), lambda: "mosquitto listens")
        device = catalogue.DEVICES[0]
        async with (
            _client(port, GATEWAY, SECRET) as gateway,
            _client(port, device.username, device.secret) as known,
        ):
            await gateway.subscribe("muster/v1/#", qos=1)
            await known.publish("muster/v1/demo/suzhou/somebody-else/readings", b"not mine", qos=1)
            await known.publish(f"muster/v1/{device.username}/readings", b"mine", qos=1)
            message = await asyncio.wait_for(anext(aiter(gateway.messages)), 10)
            assert message.payload == b"mine"
        with pytest.raises(aiomqtt.MqttError):
            async with _client(port, device.username, "a guess"):
                pass
    finally:
        broker.terminate()
        await broker.wait()


async def test_the_gateways_login_must_be_the_gateways(demo_clone: Any, tmp_path: Path) -> None:
    settings = Settings(database_url=demo_clone.app_url, mqtt_url="mqtt://root:x@127.0.0.1:1883")
    with pytest.raises(Invalid) as refused:
        await run_access(settings, tmp_path, watch=False)
    assert (refused.value.field, refused.value.limit) == ("MUSTER_MQTT_URL", GATEWAY)


def _client(port: int, user: str, password: str) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, username=user, password=password, identifier=user, timeout=10)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
