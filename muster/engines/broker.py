"""The embedded MQTT broker: mosquitto where it is installed, else amqtt in a process of its own.

Folder: ``passwords`` and ``acl`` (read by either), ``gateway-passwords`` (mosquitto's), ``gateway.json`` (the gateway's
password, 0600), the broker's own files in ``data/``, ``broker.log``, ``lock``. On mosquitto the gateway has a listener
of its own, and devices with certificates another.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec

from core.device_secret import hash_secret
from core.errors import Invalid, Unavailable
from core.logging import get_logger
from muster.engines.access import GATEWAY, AccessFiles, DeviceLogin
from muster.engines.device_tls import TlsFiles, TlsListener, refuse_taken_port
from muster.engines.files import hold, write_private
from muster.engines.mosquitto import find_mosquitto, render_config
from muster.engines.process import Supervised, free_port
from muster.engines.unprivileged import Identity, choose_identity, ourselves

log = get_logger(__name__)

Kind = Literal["auto", "mosquitto", "amqtt"]
# amqtt imports for half a second on one core; mosquitto reads its stored sessions first.
READY_TIMEOUT_S = 30.0
# mosquitto writes its sessions on SIGTERM.
STOP_WAIT_S = 10.0
_POLL_S = 0.02
# Where a process can not be looked into: from listening to catching signals takes it milliseconds.
_SETTLE_S = 0.5


class Broker:
    """A running broker: passwords on loopback, certificates where ``tls`` says."""

    def __init__(
        self,
        kind: str,
        process: Supervised,
        port: int,
        gateway_port: int,
        files: AccessFiles,
        tls: TlsFiles | None,
        identity: Identity,
        gateway_password: str,
    ) -> None:
        self.kind = kind
        self.port = port
        self.gateway_port = gateway_port
        self.process = process
        self.gateway_password = gateway_password
        self._files = files
        self._tls = tls
        self._identity = identity
        self._gateway = DeviceLogin(GATEWAY, hash_secret(gateway_password))

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        folder: Path,
        *,
        logins: Iterable[DeviceLogin] = (),
        kind: Kind = "auto",
        port: int = 0,
        tls: TlsListener | None = None,
    ) -> AsyncIterator[Broker]:
        """Start it, keep it alive, stop it when left; ``port`` 0 chooses one that stays the same over restarts.

        Raises Unavailable when mosquitto is asked for and not installed, or the broker does not start; Invalid when
        ``tls`` is asked of amqtt.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        program = _program(kind)
        if tls is not None:
            _check_tls(program, tls)
        with hold(folder):
            data = folder / "data"
            data.mkdir(exist_ok=True)
            # amqtt is our own program and reads our own folders: it runs as the rest of Muster does.
            identity = ourselves() if program is None else choose_identity(program, folder)
            identity.give(data)
            port = port or free_port()
            # amqtt ties client ids to logins itself and has one port for all.
            gateway_port = port if program is None else free_port()
            files = AccessFiles(data)
            tls_files = None if tls is None else TlsFiles(data, tls)
            process = _supervised(folder, program, port, gateway_port, files, tls_files, identity)
            name = "amqtt" if program is None else "mosquitto"
            self = cls(name, process, port, gateway_port, files, tls_files, identity, _load_gateway_password(folder))
            self._write([self._gateway, *logins])
            await process.start()
            try:
                log.info("broker.ready", broker=name, port=port, identity=identity.name)
                yield self
            finally:
                await process.stop()

    @property
    def url(self) -> str:
        """Where it listens, without a login."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where devices with certificates come in; empty: nowhere."""
        return "" if self._tls is None else self._tls.listener.url

    @property
    def gateway_url(self) -> str:
        """The gateway's address, login included."""
        return f"mqtt://{GATEWAY}:{self.gateway_password}@127.0.0.1:{self.gateway_port}"

    @property
    def pid(self) -> int:
        """The broker's process; 0 between two lives."""
        return self.process.pid

    async def write_access(self, logins: Iterable[DeviceLogin]) -> None:
        """Let these devices in and nobody else, at once and without a restart; the gateway is always let in.

        What is revoked by now is revoked here too. mosquitto is told by SIGHUP, amqtt looks at the files' stamps.
        Raises Invalid for a malformed login and leaves the files as they were; Unavailable, passwords and rights
        written, when the device authority can not sign.
        """
        chosen = [self._gateway, *logins]
        try:
            await asyncio.to_thread(self._write, chosen)
        finally:
            # Also when the certificates' files could not be written: passwords and rights are by then.
            if self.kind == "mosquitto" and self.process.running.is_set():
                self.process.signal(signal.SIGHUP)
        log.info("broker.access_written", logins=len(chosen))

    def _write(self, logins: list[DeviceLogin]) -> None:
        self._files.write(logins, self._identity.owner)
        if self._tls is not None:
            self._tls.write(self._identity.owner)

    async def wait(self) -> None:
        """Until it is stopped on purpose."""
        await self.process.wait()


def _program(kind: Kind) -> Path | None:
    """mosquitto's path, or None for amqtt."""
    if kind == "amqtt":
        return None
    found = find_mosquitto()
    if found is None and kind == "mosquitto":
        raise Unavailable("broker.not_installed", "mosquitto is not installed; MUSTER_MQTT_BROKER=auto does without it")
    return found


def _check_tls(program: Path | None, tls: TlsListener) -> None:
    if program is None:
        raise Invalid(
            "broker.tls_unsupported",
            f"MUSTER_MQTT_TLS_PORT={tls.port}: amqtt knows no certificates; install mosquitto, or set it to 0",
            f"MUSTER_MQTT_TLS_PORT={tls.port}：amqtt 不支持证书登录；请安装 mosquitto，或设为 0",
            field="MUSTER_MQTT_TLS_PORT",
            value=tls.port,
            limit=0,
        )
    refuse_taken_port(tls)


def _load_gateway_password(folder: Path) -> str:
    path = folder / "gateway.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=str)
    made = secrets.token_urlsafe(32)
    write_private(path, msgspec.json.encode(made))
    return made


def _supervised(
    folder: Path,
    program: Path | None,
    port: int,
    gateway_port: int,
    files: AccessFiles,
    tls: TlsFiles | None,
    identity: Identity,
) -> Supervised:
    if program is None:
        argv = [sys.executable, "-m", "muster.engines.amqtt_broker", str(port), str(files.passwords), str(files.acl)]
    else:
        config = folder / "data" / "mosquitto.conf"
        write_private(config, render_config(folder / "data", port, gateway_port, files, tls).encode(), identity.owner)
        argv = [str(program), "-c", str(config)]

    async def ready(process: asyncio.subprocess.Process) -> None:
        await _until_listening(process, port)
        if program is not None:
            # The files may have been replaced after it read them and before it could be told. It listens a moment
            # before it catches signals, and a SIGHUP that nobody catches ends it.
            await _until_caught(process, signal.SIGHUP)
            process.send_signal(signal.SIGHUP)

    return Supervised(
        "amqtt" if program is None else "mosquitto",
        argv,
        folder / "broker.log",
        ready,
        stop_wait_s=STOP_WAIT_S,
        enter=identity.enter,
    )


async def _until_caught(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Until the process has a handler for the signal, as Linux tells it; elsewhere, a while."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        await asyncio.sleep(_SETTLE_S)
        return
    end = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status.read_text(), re.MULTILINE)
            if caught is not None and int(caught[1], 16) >> (number - 1) & 1:
                return
        if process.returncode is not None:
            raise Unavailable("broker.start", f"it ended with status {process.returncode}")
        await asyncio.sleep(_POLL_S)
    raise Unavailable("broker.start", f"it does not catch signal {number} after {READY_TIMEOUT_S:.0f} s")


async def _until_listening(process: asyncio.subprocess.Process, port: int) -> None:
    end = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < end:
        if process.returncode is not None:
            raise Unavailable("broker.start", f"it ended with status {process.returncode}")
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            if process.returncode is None:
                return
        await asyncio.sleep(_POLL_S)
    raise Unavailable("broker.start", f"it did not listen on port {port} after {READY_TIMEOUT_S:.0f} s")
