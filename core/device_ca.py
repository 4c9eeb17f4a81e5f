"""The devices' certificate authority on disk, beside the token keys: ``device-ca.pem`` (certificate and private key,
0600), ``device-certificates/TENANT/SITE/DEVICE/SERIAL.pem`` (what was signed), ``device-certificates-revoked/``.

Processes share the folder, as they share the token keys. A certificate is revoked by moving it, so that a device that
is let in again by a new secret does not bring its old certificates back.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.certificates import (
    Authority,
    dump_authority,
    load_authority,
    make_authority,
    sign_device,
    sign_revocations,
)
from core.errors import Unavailable


class Certified(msgspec.Struct, frozen=True):
    """A device's new certificate and the authority's, PEM."""

    certificate: str
    authority: str
    serial: str
    expires_at: datetime


class DeviceCa:
    """The authority of one folder; made when it is first asked for."""

    def __init__(self, keys_dir: Path) -> None:
        self.path = keys_dir / "device-ca.pem"
        self._signed = keys_dir / "device-certificates"
        self._revoked = keys_dir / "device-certificates-revoked"

    def authority(self, now: datetime) -> Authority:
        """The one authority of the folder. Raises Unavailable when its file is not one."""
        try:
            return load_authority(self.path.read_bytes())
        except FileNotFoundError:
            # Of two processes that make one, the second takes the first's.
            with contextlib.suppress(FileExistsError):
                _write_new(self.path, dump_authority(make_authority(now)))
            return load_authority(self.path.read_bytes())
        except ValueError as problem:
            raise Unavailable(
                "certificate.authority_unreadable",
                f"{self.path} is not a device authority: {problem}",
                f"{self.path} 不是设备证书颁发机构文件：{problem}",
                field="authority",
            ) from problem

    def certify(self, login: str, csr_pem: str, *, days: int, now: datetime) -> Certified:
        """Sign a device's request; its earlier certificates stay good until they end. Raises as sign_device does."""
        authority = self.authority(now)
        certificate = sign_device(authority, csr_pem, login, days=days, now=now)
        folder = self._folder(login)
        _forget_ended(folder, now)
        pem = certificate.public_bytes(Encoding.PEM)
        serial = f"{certificate.serial_number:040x}"
        # On disk before anybody has it: what is not here can not be revoked.
        _write_new(folder / f"{serial}.pem", pem)
        return Certified(pem.decode(), authority.pem.decode(), serial, certificate.not_valid_after_utc)

    def revoke(self, login: str) -> int:
        """Revoke every certificate of a device; returns how many. It counts when the broker has the new list."""
        self._revoked.mkdir(parents=True, exist_ok=True, mode=0o700)
        moved = 0
        for path in sorted(self._folder(login).glob("*.pem")):
            with contextlib.suppress(FileNotFoundError):
                path.replace(self._revoked / path.name)
                moved += 1
        return moved

    def revocations(self, now: datetime) -> bytes:
        """The signed list of what is revoked and has not ended by itself, PEM."""
        _forget_ended(self._revoked, now)
        serials = [int(path.stem, 16) for path in sorted(self._revoked.glob("*.pem"))]
        return sign_revocations(self.authority(now), serials, now)

    def _folder(self, login: str) -> Path:
        # Three slugs, by the time a device has them: no part can be empty, a dot or hold a separator.
        tenant, site, device = login.split("/")
        return self._signed / tenant / site / device


def _ended(folder: Path, now: datetime) -> Iterator[Path]:
    for path in folder.glob("*.pem"):
        with contextlib.suppress(FileNotFoundError):
            if x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc < now:
                yield path


def _forget_ended(folder: Path, now: datetime) -> None:
    for path in _ended(folder, now):
        path.unlink(missing_ok=True)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole, for us alone; raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(descriptor)
        os.link(part, path)
    finally:
        part.unlink()
