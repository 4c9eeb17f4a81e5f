"""The broker's second listener, for devices that sign in by certificate: what it is and the files it reads."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.certificates import Authority, server_is_due, sign_server
from core.device_ca import DeviceCa
from core.errors import Unavailable
from muster.engines.files import write_private

# Listening on these says nothing about the address that devices know us by.
_ANY = ("0.0.0.0", "::")  # noqa: S104


class TlsListener(msgspec.Struct, frozen=True):
    """Where devices with certificates come in, and who signed them."""

    host: str
    port: int
    ca: DeviceCa

    @property
    def names(self) -> list[str]:
        """The names and addresses that devices may know the broker by."""
        own = [socket.gethostname()] if self.host in _ANY else [self.host]
        return list(dict.fromkeys([*own, "localhost", "127.0.0.1"]))

    @property
    def url(self) -> str:
        """Its address, as this machine reaches it."""
        host = "127.0.0.1" if self.host in _ANY else self.host
        return f"mqtts://{f'[{host}]' if ':' in host else host}:{self.port}"


class TlsFiles:
    """The broker's copies in its own folder: the authority's certificate, the revocations, its own certificate and key.

    The authority's key is not among them.
    """

    def __init__(
        self, folder: Path, listener: TlsListener, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.listener = listener
        self.authority = folder / "device-ca.pem"
        self.revocations = folder / "revoked.pem"
        # Key and certificate in one file: replaced in one step, they always belong together.
        self.server = folder / "server.pem"
        self._clock = clock

    def write(self, owner: int | None = None) -> None:
        """Bring them up to date; ``owner``: the broker's uid. Raises Unavailable when the authority has ended."""
        now = self._clock()
        authority = self.listener.ca.authority(now)
        write_private(self.authority, authority.pem, owner)
        write_private(self.revocations, self.listener.ca.revocations(now), owner)
        if self._server_is_due(authority, now):
            certificate, key = sign_server(authority, self.listener.names, now)
            write_private(self.server, key + certificate.public_bytes(Encoding.PEM), owner)

    def _server_is_due(self, authority: Authority, now: datetime) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(self.server.read_bytes())
        except (FileNotFoundError, ValueError):
            return True
        return server_is_due(authority, certificate, self.listener.names, now)


def refuse_taken_port(listener: TlsListener) -> None:
    """Better one sentence now than a broker that starts again and again."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listener.host, listener.port))
        except OSError as problem:
            raise Unavailable(
                "broker.tls_port",
                f"{listener.host}:{listener.port} can not be listened on ({problem.strerror}): "
                "stop what uses it, or set MUSTER_MQTT_TLS_PORT or MUSTER_MQTT_TLS_HOST",
                f"无法监听 {listener.host}:{listener.port}（{problem.strerror}）："
                "请停止占用该端口的程序，或更改 MUSTER_MQTT_TLS_PORT 或 MUSTER_MQTT_TLS_HOST",
                field="MUSTER_MQTT_TLS_PORT",
                value=listener.port,
            ) from problem
