"""Access tokens: JWT signed with Ed25519 (RFC 8037), 15 minutes, keys as PEM files that rotate.

The key folder holds ``<unix seconds>-<random>.pem``; the name is the ``kid``. The newest key signs; every key still in
its time verifies; a key retires when the tokens it could have signed last have expired. Processes share the folder: an
unknown ``kid`` makes a process look again.
"""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.clock import Clock
from core.ids import new_id
from people.errors import token_expired, token_invalid
from people.permissions import Role

ACCESS_LIFE = timedelta(minutes=15)
# Clocks of our own machines differ by less; a token from further in the future is forged or a fault.
LEEWAY = timedelta(seconds=30)
# NIST SP 800-57 part 1 allows a signature key 1 to 3 years; a month makes rotation a habit, not an event.
KEY_LIFE = timedelta(days=30)
ISSUER = "muster"
AUDIENCE = "muster-api"
ALGORITHM = "EdDSA"
# Ours are about 500 bytes; more is not parsed.
TOKEN_MAX_CHARS = 4096
# An unknown kid makes us look at the folder, at most this often: kids are free to invent.
RELOAD_EVERY_S = 1.0


class Claims(msgspec.Struct, frozen=True):
    """What an access token says; ``sid`` is the sign-in it belongs to."""

    iss: str
    aud: str
    sub: UUID
    tenant: UUID
    role: Role
    device: UUID
    sid: UUID
    jti: UUID
    iat: int
    exp: int

    @property
    def expires_at(self) -> datetime:
        """When the token stops working."""
        return datetime.fromtimestamp(self.exp, UTC)


class _Key(msgspec.Struct, frozen=True):
    kid: str
    made_at: int
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


class Tokens:
    """Signs and verifies with the keys of one folder; makes the first key when there is none."""

    def __init__(self, keys_dir: Path, clock: Clock) -> None:
        self._dir = keys_dir
        self._clock = clock
        self._keys: list[_Key] = []
        self._seen_mtime_ns = -1
        self._looked_at_s = 0.0
        keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._load()
        if not self._keys:
            self.rotate()

    def issue(self, *, tenant: UUID, account: UUID, role: Role, device: UUID, sign_in: UUID) -> tuple[str, datetime]:
        """A new access token and when it expires."""
        self._load_when_changed()
        now = int(self._clock.now().timestamp())
        exp = now + int(ACCESS_LIFE.total_seconds())
        claims = Claims(ISSUER, AUDIENCE, account, tenant, role, device, sign_in, new_id(), now, exp)
        key = self._keys[-1]
        token = jwt.encode(
            msgspec.to_builtins(claims), key.private, ALGORITHM, headers={"kid": key.kid, "typ": "at+jwt"}
        )
        return token, claims.expires_at

    def verify(self, token: str) -> Claims:
        """The claims of a good token; raises Forbidden token.invalid or token.expired (RFC 8725, RFC 9068)."""
        if len(token) > TOKEN_MAX_CHARS:
            raise token_invalid()
        try:
            header = jwt.get_unverified_header(token)
            key = self._find(header.get("kid")) if header.get("typ") == "at+jwt" else None
            if key is None or header.get("alg") != ALGORITHM:
                raise token_invalid()
            raw = jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Times are checked below, by the clock we were given.
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "strict_aud": True},
            )
            claims = msgspec.convert(raw, Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError, UnicodeError, ValueError, TypeError) as problem:
            raise token_invalid() from problem
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Claims) -> None:
        now = self._clock.now().timestamp()
        if not 0 < claims.exp - claims.iat <= ACCESS_LIFE.total_seconds():
            raise token_invalid()
        if claims.iat > now + LEEWAY.total_seconds():
            raise token_invalid()
        if now >= claims.exp:
            raise token_expired()

    def rotate(self) -> str:
        """Make a new signing key and remove the retired ones; returns the new kid."""
        self._load()
        made_at = max(int(self._clock.now().timestamp()), self._keys[-1].made_at + 1 if self._keys else 0)
        kid = f"{made_at}-{secrets.token_hex(4)}"
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        part = self._dir / f".{kid}.part"
        part.touch(mode=0o600)
        part.write_bytes(pem)
        os.replace(part, self._dir / f"{kid}.pem")
        self._load()
        for key in self._keys:
            if self._retired(key):
                (self._dir / f"{key.kid}.pem").unlink(missing_ok=True)
        self._load()
        return kid

    def rotate_when_due(self) -> bool:
        """Rotate when the signing key is older than KEY_LIFE; for a process' upkeep."""
        self._load()
        due = self._clock.now().timestamp() - self._keys[-1].made_at >= KEY_LIFE.total_seconds()
        if due:
            self.rotate()
        return due

    def _find(self, kid: object) -> _Key | None:
        found = self._known(kid)
        if found is None and time.monotonic() - self._looked_at_s >= RELOAD_EVERY_S:
            self._load()
            found = self._known(kid)
        return None if found is None or self._retired(found) else found

    def _known(self, kid: object) -> _Key | None:
        return next((key for key in self._keys if key.kid == kid), None)

    def _retired(self, key: _Key) -> bool:
        """A key's time ends when the last token it can have signed has expired."""
        successor = next((k for k in self._keys if k.made_at > key.made_at), None)
        if successor is None:
            return False
        return self._clock.now().timestamp() > successor.made_at + (ACCESS_LIFE + LEEWAY).total_seconds()

    def _load_when_changed(self) -> None:
        if self._dir.stat().st_mtime_ns != self._seen_mtime_ns:
            self._load()

    def _load(self) -> None:
        self._looked_at_s = time.monotonic()
        self._seen_mtime_ns = self._dir.stat().st_mtime_ns
        known = {key.kid: key for key in self._keys}
        paths = [p for p in self._dir.glob("*.pem") if p.stem.split("-")[0].isdigit()]
        keys = [known.get(p.stem) or _read(p) for p in paths]
        self._keys = sorted(keys, key=lambda key: (key.made_at, key.kid))


def _read(path: Path) -> _Key:
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError(f"{path.name} is not an Ed25519 key")
    return _Key(path.stem, int(path.stem.split("-")[0]), private, private.public_key())
