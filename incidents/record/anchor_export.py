"""The signed export of a tenant's anchors: kept by an outsider, it shows even a record that was written anew whole.

JSON lines: a header (tenant, time, public key), the audit chain's head, each timeline's head, and last a signature:
Ed25519 (RFC 8032) over the SHA-256 of every line before it, newlines included. Pure but for the key's file.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from core.errors import Invalid, Unavailable

KEY_FILE = "record-signing.pem"
FORMAT = "muster-record-anchors/1"
# A line names one incident: some 150 bytes. A longer one is none of ours.
LINE_MAX_BYTES = 4096


class Header(msgspec.Struct, frozen=True):
    """Whose anchors, of when, and the key that signs them (raw, base64)."""

    format: str
    tenant: str
    at: datetime
    key: str


class Anchored(msgspec.Struct, frozen=True):
    """One chain's end: ``incident`` null is the tenant's audit chain."""

    incident: str | None
    position: int
    hash: str


class Seal(msgspec.Struct, frozen=True):
    """The last line."""

    lines: int
    sha256: str
    signature: str


def signing_key(keys_dir: Path) -> Ed25519PrivateKey:
    """The key of the data folder, made when it is first asked for; raises Unavailable when its file is not one."""
    path = keys_dir / KEY_FILE
    if not path.exists():
        keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        part = keys_dir / f".{KEY_FILE}.{os.getpid()}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(made)
        # Of two processes that make one, the second takes the first's.
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as problem:
        raise Unavailable("record.key_unreadable", f"{path} is not a signing key: {problem}") from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable("record.key_unreadable", f"{path} is not an Ed25519 key")
    return key


def public_text(key: Ed25519PublicKey) -> str:
    """The public key as the header and ``--key`` write it."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


class Writer:
    """Makes the lines one by one, so that any number of them takes the same memory."""

    def __init__(self, key: Ed25519PrivateKey, tenant: str, at: datetime) -> None:
        self._key = key
        self._sum = hashlib.sha256()
        self._count = 0
        self.header = self._line(Header(FORMAT, tenant, at, public_text(key.public_key())))

    def add(self, chain: Anchored) -> bytes:
        """The line of a chain's end."""
        return self._line(chain)

    def close(self) -> bytes:
        """The seal."""
        digest = self._sum.digest()
        seal = Seal(self._count, digest.hex(), base64.b64encode(self._key.sign(digest)).decode())
        return msgspec.json.encode(seal) + b"\n"

    def _line(self, value: Any) -> bytes:
        line = msgspec.json.encode(value) + b"\n"
        self._sum.update(line)
        self._count += 1
        return line


def read(lines: Iterable[bytes], trusted_key: str) -> Iterator[Header | Anchored]:
    """The export's header and anchors, in order; raises Invalid where it is not what the trusted key signed.

    The seal is checked after the last line: nothing read is to be believed before this has ended.
    """
    sum_, count, seal, header = hashlib.sha256(), 0, None, None
    for line in lines:
        if len(line) > LINE_MAX_BYTES or seal is not None:
            raise _refused(count + 1, "a line after the seal, or one too long")
        if line.startswith(b'{"lines"'):
            seal = _decode(line, Seal, count)
            continue
        sum_.update(line)
        count += 1
        if header is None:
            header = _decode(line, Header, count)
            _check_header(header, trusted_key)
            yield header
        else:
            yield _decode(line, Anchored, count)
    if seal is None or header is None:
        raise _refused(count, "there is no seal: the file is not whole")
    if seal.lines != count or seal.sha256 != sum_.hexdigest():
        raise _refused(count, "the seal is of other lines")
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(header.key))
        key.verify(base64.b64decode(seal.signature), sum_.digest())
    except (InvalidSignature, ValueError) as problem:
        raise _refused(count, "the signature is not the key's") from problem


def _check_header(header: Header, trusted_key: str) -> None:
    if header.format != FORMAT:
        raise _refused(1, f"the format is {header.format!r}, not {FORMAT!r}")
    if header.key != trusted_key:
        raise _refused(1, "it is signed by another key than the trusted one")


def _decode(line: bytes, kind: type[Any], number: int) -> Any:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as problem:
        raise _refused(number, str(problem)) from problem


def _refused(line: int, why: str) -> Invalid:
    return Invalid("record.export", f"line {line}: {why}", f"第 {line} 行无效：{why}", field="export", value=line)
