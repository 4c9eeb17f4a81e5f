"""A browser's Web Push subscription as it hands it in, checked before anything is sent to it. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import Invalid


class Keys(msgspec.Struct, frozen=True):
    """The browser's public key (uncompressed P-256 point) and its authentication secret, both base64url."""

    p256dh: str
    auth: str


class Subscription(msgspec.Struct, frozen=True):
    """What ``PushManager.subscribe()`` answers, as JSON."""

    endpoint: str
    keys: Keys


def read_subscription(text: str, hosts: tuple[str, ...]) -> Subscription:
    """A browser's subscription; ``hosts``: the push services we speak to (``.example`` stands for all below it).

    Raises Invalid: what a phone hands in would otherwise make us call any address it likes.
    """
    try:
        found = msgspec.json.decode(text, type=Subscription)
        point = decode(found.keys.p256dh)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        secret = decode(found.keys.auth)
    except (ValueError, msgspec.MsgspecError) as problem:
        raise _bad(f"it can not be read: {problem}", f"无法读取:{problem}") from problem
    if len(secret) != 16:
        raise _bad(f"its secret has {len(secret)} bytes, not 16", f"密钥为 {len(secret)} 字节,应为 16 字节")
    if not _may_call(found.endpoint, hosts):
        raise _bad(f"{found.endpoint[:200]!r} is no push service we know", "推送服务地址不在允许列表中", hosts)
    return found


def _may_call(endpoint: str, hosts: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    loopback = host == "127.0.0.1"
    safe = parts.scheme == "https" or (loopback and parts.scheme == "http")
    known = any(host == allowed or (allowed.startswith(".") and host.endswith(allowed)) for allowed in hosts)
    plain = len(endpoint) <= 2000 and endpoint.isprintable() and " " not in endpoint
    return safe and known and parts.username is None and plain


def _bad(en: str, zh: str, hosts: tuple[str, ...] | None = None) -> Invalid:
    return Invalid("web_push.subscription", f"this is no Web Push subscription: {en}", zh, field="token", limit=hosts)


def encode(data: bytes) -> str:
    """base64url without padding, as every field of these RFCs is written."""
    return jwt.utils.base64url_encode(data).decode()


def decode(text: str) -> bytes:
    """The reverse; raises ValueError."""
    return jwt.utils.base64url_decode(text)
