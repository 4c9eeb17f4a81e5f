"""Refresh tokens: what a presented one means (RFC 9700 section 4.14.2), decided without I/O.

A token is used once and replaced. A phone that lost the answer presents it again: within GRACE, from the same device,
and while no replacement was used, it gets another replacement. Using one replacement makes its siblings used, so when
a thief and the owner both hold one, the second to come is noticed: the whole sign-in is revoked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

import msgspec

from people.errors import refresh_refused
from people.model import RefreshToken, SignIn

# A phone that is not used for a month signs in again.
REFRESH_LIFE = timedelta(days=30)
# However often it is used, a sign-in ends once a quarter.
SIGN_IN_LIFE = timedelta(days=90)
# A mobile request that got no answer is given up and repeated within about a minute (connect and read timeout, twice).
GRACE = timedelta(seconds=60)
# A phone repeats a lost request a few times; more answers than this are not a bad network.
REPLACEMENTS_MAX = 5

_SECRET_BYTES = 32
_TEXT_CHARS = 86  # 64 bytes in base64url without padding


class Presented(msgspec.Struct, frozen=True):
    """A refresh token taken apart: where to look it up, and the hash of its secret."""

    tenant_id: UUID
    token_id: UUID
    secret_hash: bytes


class Verdict(Enum):
    """What to do with a presented refresh token."""

    ROTATE = "rotate"
    REFUSE = "refuse"
    REUSE = "reuse"


def make(tenant_id: UUID, token_id: UUID) -> tuple[str, bytes]:
    """A new token's text, shown once, and the hash to store: base64url of tenant, id and 32 random bytes."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    text = base64.urlsafe_b64encode(tenant_id.bytes + token_id.bytes + secret).rstrip(b"=").decode()
    return text, hashlib.sha256(secret).digest()


def take_apart(text: str) -> Presented:
    """The parts of a token's text; raises Forbidden refresh.refused."""
    if len(text) != _TEXT_CHARS or not text.isascii():
        raise refresh_refused()
    try:
        raw = base64.b64decode(text + "==", altchars=b"-_", validate=True)
    except binascii.Error as problem:
        raise refresh_refused() from problem
    return Presented(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), hashlib.sha256(raw[32:]).digest())


def judge(
    token: RefreshToken,
    family: SignIn,
    children: list[RefreshToken],
    *,
    presented: Presented,
    device_id: UUID,
    now: datetime,
) -> Verdict:
    """Rotate, refuse, or notice reuse. A wrong secret proves nothing: ids are no secret, so it revokes nothing."""
    if not hmac.compare_digest(token.secret_hash, presented.secret_hash):
        return Verdict.REFUSE
    if family.revoked_at is not None or now >= family.ends_at:
        return Verdict.REFUSE
    if device_id != family.device_id:
        return Verdict.REUSE
    if token.used_at is None:
        return Verdict.ROTATE if now < token.expires_at else Verdict.REFUSE
    lost_answer = (
        now <= token.used_at + GRACE
        and 0 < len(children) < REPLACEMENTS_MAX
        and all(child.used_at is None for child in children)
    )
    return Verdict.ROTATE if lost_answer else Verdict.REUSE
