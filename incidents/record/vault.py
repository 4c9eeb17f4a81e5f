"""Feeds' secrets at rest: sealed with a key of the data folder, so that the database alone does not give them away.

AES-256-GCM (NIST SP 800-38D); the feed's tenant and id are bound in, so a sealed secret opens for its own row alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Unavailable

KEY_FILE = "feed-secrets.key"
_NONCE_BYTES = 12


class Vault:
    """Seals and opens; its key is made when it is first needed. ``keys_dir`` None: there is no folder."""

    def __init__(self, keys_dir: Path | None) -> None:
        self._keys_dir = keys_dir

    def seal(self, tenant_id: UUID, feed_id: UUID, secret: str) -> bytes:
        """The secret, for this feed's row."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key()).encrypt(nonce, secret.encode(), tenant_id.bytes + feed_id.bytes)

    def open(self, tenant_id: UUID, feed_id: UUID, sealed: bytes) -> str:
        """The secret again; raises Unavailable when it was sealed by another folder's key or for another feed."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._key()).decrypt(nonce, rest, tenant_id.bytes + feed_id.bytes).decode()
        except InvalidTag as problem:
            raise Unavailable(
                "feed.secret_sealed",
                "this process does not have the key the feed's secret was sealed with",
                "本进程没有用于该密钥的封存密钥",
                field="secret",
            ) from problem

    def _key(self) -> bytes:
        if self._keys_dir is None:
            raise Unavailable("feed.no_keys", "this process has no folder of keys", "本进程没有密钥目录")
        path = self._keys_dir / KEY_FILE
        if not path.exists():
            self._keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_name(f".{KEY_FILE}.{os.getpid()}")
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(AESGCM.generate_key(256))
            # Of two processes that make one, the second takes the first's.
            with contextlib.suppress(FileExistsError):
                os.link(part, path)
            part.unlink()
        return path.read_bytes()
