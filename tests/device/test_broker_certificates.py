"""Devices that sign in by certificate, on a real mosquitto: whose certificate opens what, and until when."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding

from core.certificates import make_authority, sign_device
from core.device_ca import DeviceCa
from core.device_secret import hash_secret
from core.errors import Invalid, Unavailable
from mobile_contract.devices import Sample
from muster.device_link import Certificate, DeviceLink, parse_broker
from muster.device_link import DeviceLogin as Login
from muster.engines.access import GATEWAY, DeviceLogin
from muster.engines.broker import Broker
from muster.engines.device_tls import TlsListener
from muster.engines.mosquitto import find_mosquitto
from muster.engines.process import free_port
from plant import mqtt_wire as wire
from tests.certificate_requests import key_pem, make_key, request
from tests.conftest import absent

PUMP, FAN = "acme/north/pump-1", "acme/north/fan-1"
# Every wait here is for a fact that comes within milliseconds; past this it does not come.
PATIENCE_S = 10.0

pytestmark = pytest.mark.device


@dataclass
class Plant:
    """A broker with both listeners, its authority, and the files that devices keep."""

    broker: Broker
    ca: DeviceCa
    files: Path

    def trusted(self) -> str:
        """The authority's certificate, as the endpoint gives it."""
        path = self.files / "ca.pem"
        path.write_bytes(self.ca.authority(datetime.now(UTC)).pem)
        return str(path)

    def certify(self, name: str) -> Certificate:
        """A device's certificate, properly."""
        key = make_key()
        made = self.ca.certify(name, request(name, key=key), days=30, now=datetime.now(UTC))
        return self.keep(made.certificate.encode(), key_pem(key))

    def keep(self, certificate: bytes, key: bytes) -> Certificate:
        """Written as a device has them."""
        folder = Path(tempfile.mkdtemp(dir=self.files))
        (folder / "device.pem").write_bytes(certificate)
        (folder / "device.key").write_bytes(key)
        return Certificate(str(folder / "device.pem"), str(folder / "device.key"), self.trusted())

    def client(self, certificate: Certificate, identifier: str = "", username: str | None = None) -> aiomqtt.Client:
        """A device on the second listener."""
        return aiomqtt.Client(
            "127.0.0.1",
            parse_broker(self.broker.tls_url).port,
            identifier=identifier or "whatever",
            username=username,
            protocol=aiomqtt.ProtocolVersion.V311,
            tls_context=certificate.context(),
            timeout=PATIENCE_S,
        )

    async def answer(self, certificate: Certificate | None, username: str = "", password: str = "") -> str:
        """What the broker says to CONNECT: "welcome", or why the handshake was broken off.

        By TLS 1.2, which refuses within the handshake: TLS 1.3 does it after, when a reset may overtake the reason.
        """
        context = ssl.create_default_context(cafile=self.trusted()) if certificate is None else certificate.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        async with asyncio.timeout(PATIENCE_S):
            try:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", parse_broker(self.broker.tls_url).port, ssl=context
                )
                writer.write(wire.connect("any", username, password, 10, clean_session=True))
                connack = await reader.readexactly(4)
            except (OSError, asyncio.IncompleteReadError) as problem:
                return getattr(problem, "reason", None) or str(problem)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return "welcome" if connack[3] == 0 else f"refused by MQTT: {connack[3]}"

    async def until_read(self) -> None:
        """Wait until the broker has read what was written last: SIGHUP reaches it a moment later."""
        marker = f"acme/north/marker-{len(list(self.files.iterdir()))}"
        await self.broker.write_access([*self.known, DeviceLogin(marker, hash_secret("marker"))])
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with aiomqtt.Client(
                        "127.0.0.1", self.broker.port, username=marker, password="marker", identifier=marker
                    ):
                        return
                except aiomqtt.MqttError:
                    await asyncio.sleep(0.02)

    known: tuple[DeviceLogin, ...] = ()

    async def admit(self, *names: str) -> None:
        """Let these devices in and nobody else."""
        self.known = tuple(DeviceLogin(name, hash_secret("secret")) for name in names)
        await self.until_read()

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[aiomqtt.Client]:
        """The gateway, subscribed to everything."""
        async with aiomqtt.Client(
            "127.0.0.1",
            self.broker.port,
            username=GATEWAY,
            password=self.broker.gateway_password,
            identifier="gateway",
            timeout=PATIENCE_S,
        ) as mqtt:
            await mqtt.subscribe("muster/v1/#", qos=1)
            yield mqtt


async def heard(mqtt: aiomqtt.Client) -> tuple[str, bytes]:
    """The next message."""
    async with asyncio.timeout(PATIENCE_S):
        message = await anext(aiter(mqtt.messages))
    assert isinstance(message.payload, bytes)
    return message.topic.value, message.payload


@pytest_asyncio.fixture
async def plant() -> AsyncIterator[Plant]:
    """mosquitto with a listener for certificates; pump and fan are let in."""
    if find_mosquitto() is None:
        absent("mosquitto is not installed")
    folder = Path(tempfile.mkdtemp(prefix="muster-certificates-"))
    ca = DeviceCa(folder / "keys")
    files = folder / "devices"
    files.mkdir()
    try:
        listener = TlsListener("127.0.0.1", free_port(), ca)
        async with Broker.start(folder / "broker", kind="mosquitto", tls=listener) as broker:
            made = Plant(broker, ca, files)
            await made.admit(PUMP, FAN)
            yield made
    finally:
        shutil.rmtree(folder)


async def test_a_device_with_a_certificate_speaks_under_its_own_name_and_no_other(plant: Plant) -> None:
    fan = plant.certify(FAN)
    async with plant.gateway() as gateway, plant.client(fan) as mqtt:
        for topic in (f"{PUMP}/readings", f"{FAN}/commands", f"{FAN}/readings/more", "other/north/fan-1/readings"):
            await mqtt.publish(f"muster/v1/{topic}", b"forged", qos=1)
        await mqtt.publish(f"muster/v1/{FAN}/readings", b"own", qos=1)
        assert await heard(gateway) == (f"muster/v1/{FAN}/readings", b"own")


async def test_a_device_link_signs_in_with_a_certificate_alone(plant: Plant) -> None:
    login = Login("acme", "north", "pump-1", certificate=plant.certify(PUMP))
    link = DeviceLink(parse_broker(plant.broker.tls_url), login, firmware="1")
    async with plant.gateway() as gateway:
        running = asyncio.create_task(link.run())
        link.put([Sample("flow", 1, 1.0, "m3/h")])
        topics = [(await heard(gateway))[0] for _ in range(2)]
        running.cancel()
        await asyncio.wait({running})
    assert topics == [f"muster/v1/{PUMP}/state", f"muster/v1/{PUMP}/readings"]


async def test_what_a_device_calls_itself_beside_its_certificate_does_not_count(plant: Plant) -> None:
    async with (
        plant.gateway() as gateway,
        plant.client(plant.certify(PUMP), identifier=PUMP) as pump,
        plant.client(plant.certify(FAN), identifier=PUMP, username=PUMP) as fan,
    ):
        await fan.publish(f"muster/v1/{PUMP}/readings", b"forged", qos=1)
        await pump.publish(f"muster/v1/{PUMP}/readings", b"still there", qos=1)
        assert await heard(gateway) == (f"muster/v1/{PUMP}/readings", b"still there")


async def test_a_certificate_of_another_authority_an_ended_one_the_brokers_own_and_none_stay_outside(
    plant: Plant,
) -> None:
    now, key = datetime.now(UTC), make_key()
    csr = request(PUMP, key=key)

    def signed(authority_of: DeviceCa | None, at: datetime) -> Certificate:
        authority = make_authority(at) if authority_of is None else authority_of.authority(now)
        certificate = sign_device(authority, csr, PUMP, days=1, now=at)
        return plant.keep(certificate.public_bytes(Encoding.PEM), key_pem(key))

    own = (plant.files.parent / "broker" / "data" / "server.pem").read_bytes()
    assert await plant.answer(signed(plant.ca, now)) == "welcome"
    assert await plant.answer(signed(None, now)) == "TLSV1_ALERT_UNKNOWN_CA"
    assert await plant.answer(signed(plant.ca, now - timedelta(days=2))) == "SSLV3_ALERT_CERTIFICATE_EXPIRED"
    assert await plant.answer(signed(plant.ca, now + timedelta(hours=1))) == "SSLV3_ALERT_BAD_CERTIFICATE"
    assert await plant.answer(plant.keep(own, own)) == "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"
    for username, password in (("", ""), (PUMP, "secret"), (GATEWAY, plant.broker.gateway_password)):
        assert await plant.answer(None, username, password) == "SSLV3_ALERT_HANDSHAKE_FAILURE"


async def test_a_certificate_of_a_device_that_is_not_known_opens_no_topic(plant: Plant) -> None:
    stranger = "acme/north/stranger-1"
    async with plant.gateway() as gateway:
        async with plant.client(plant.certify(stranger)) as mqtt:
            await mqtt.publish(f"muster/v1/{stranger}/readings", b"unheard", qos=1)
        async with plant.client(plant.certify(PUMP)) as pump:
            await pump.publish(f"muster/v1/{PUMP}/readings", b"known", qos=1)
        assert await heard(gateway) == (f"muster/v1/{PUMP}/readings", b"known")


async def test_a_revoked_device_is_cut_off_and_its_certificate_stays_worthless_when_it_is_let_in_again(
    plant: Plant,
) -> None:
    old = plant.certify(PUMP)
    async with plant.gateway() as gateway, plant.client(plant.certify(FAN)) as fan:
        async with plant.client(old) as pump:
            await pump.subscribe(f"muster/v1/{PUMP}/commands", qos=1)
            await pump.publish(f"muster/v1/{PUMP}/readings", b"before", qos=1)
            assert await heard(gateway) == (f"muster/v1/{PUMP}/readings", b"before")
            assert plant.ca.revoke(PUMP) == 1
            await plant.admit(FAN)
            # Connected all the while: it says and hears nothing any more.
            await pump.publish(f"muster/v1/{PUMP}/readings", b"after", qos=1)
            await gateway.publish(f"muster/v1/{PUMP}/commands", b"unheard", qos=1)
            assert await heard(gateway) == (f"muster/v1/{PUMP}/commands", b"unheard")
            await fan.publish(f"muster/v1/{FAN}/readings", b"others go on", qos=1)
            assert await heard(gateway) == (f"muster/v1/{FAN}/readings", b"others go on")
            assert len(pump.messages) == 0
        assert await plant.answer(old) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        await plant.admit(PUMP, FAN)
        assert await plant.answer(old) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        async with plant.client(plant.certify(PUMP)) as again:
            await again.publish(f"muster/v1/{PUMP}/readings", b"again", qos=1)
            assert await heard(gateway) == (f"muster/v1/{PUMP}/readings", b"again")


async def test_amqtt_says_that_it_knows_no_certificates(tmp_path: Path) -> None:
    listener = TlsListener("127.0.0.1", free_port(), DeviceCa(tmp_path / "keys"))
    with pytest.raises(Invalid, match="install mosquitto") as refused:
        async with Broker.start(tmp_path / "broker", kind="amqtt", tls=listener):
            pass
    assert (refused.value.field, refused.value.value) == ("MUSTER_MQTT_TLS_PORT", listener.port)


async def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    if find_mosquitto() is None:
        absent("mosquitto is not installed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listener = TlsListener("127.0.0.1", taken.getsockname()[1], DeviceCa(tmp_path / "keys"))
        with pytest.raises(Unavailable, match="can not be listened on") as refused:
            async with Broker.start(tmp_path / "broker", kind="mosquitto", tls=listener):
                pass
    assert refused.value.field == "MUSTER_MQTT_TLS_PORT"
