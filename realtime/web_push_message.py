"""An order as a Web Push message (RFC 8030, 8188, 8291, 8292). Pure, but for the salt and key of each encryption.

The push service sees an address and a size; what it carries can be read by the browser alone. The lock screen still
says no more than FCM's does: whoever stands beside the phone reads it too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import http_ece
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import Invalid
from people.reach.subscription import Subscription, decode, encode
from realtime.channels import Notice, Target
from realtime.notice_text import lock_screen, notice_data

# RFC 8291 section 4: a push service must take 4096 bytes, of which aes128gcm uses 103.
PLAIN_MAX_BYTES = 3993
# RFC 8292 section 2: an assertion lives at most 24 h; half of it allows for clocks that differ.
ASSERTION_LIFE = timedelta(hours=12)
# An order is worth a push for this long; a browser that comes back later asks for its open orders anyway.
ORDER_TTL_S = 600
# A notice for a day; after that it is found in the list.
NOTICE_TTL_S = 86_400


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """The application server's key as a browser wants it: an uncompressed point, base64url."""
    return encode(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def encrypt(subscription: Subscription, plain: bytes) -> bytes:
    """The body of a push (RFC 8188 with the keys of RFC 8291); raises Invalid beyond PLAIN_MAX_BYTES."""
    if len(plain) > PLAIN_MAX_BYTES:
        raise Invalid(
            "web_push.too_large",
            f"a push carries at most {PLAIN_MAX_BYTES} bytes, this one has {len(plain)}",
            f"推送内容最多 {PLAIN_MAX_BYTES} 字节,此内容为 {len(plain)} 字节",
            field="payload",
            value=len(plain),
            limit=PLAIN_MAX_BYTES,
        )
    body: bytes = http_ece.encrypt(
        plain,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decode(subscription.keys.p256dh),
        auth_secret=decode(subscription.keys.auth),
        version="aes128gcm",
    )
    return body


def assertion(key: ec.EllipticCurvePrivateKey, endpoint: str, subject: str, now: datetime) -> str:
    """The Authorization header that says who sends (RFC 8292), good for every address of the endpoint's origin."""
    claims = {"aud": origin(endpoint), "exp": int((now + ASSERTION_LIFE).timestamp()), "sub": subject}
    return f"vapid t={jwt.encode(claims, key, algorithm='ES256')}, k={public_key(key)}"


def origin(endpoint: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def build_payload(notice: Notice, target: Target, *, details: bool) -> bytes:
    """What the service worker gets: ids in ``data`` as FCM carries them, and what the lock screen shows."""
    title, body = lock_screen(notice, target.locale, details=details)
    return msgspec.json.encode({"data": notice_data(notice), "title": title, "body": body, "tag": notice.key})


def build_headers(notice: Notice) -> dict[str, str]:
    """Urgency and lifetime of an order or notice; a repeat replaces the one that still waits at the service (Topic)."""
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(NOTICE_TTL_S if notice.quiet else ORDER_TTL_S),
        "Urgency": "normal" if notice.quiet else "high",
    }
    # RFC 8030 section 5.4: at most 32 characters of base64url. An order's key has exactly 32.
    if len(notice.key) <= 32:
        headers["Topic"] = notice.key
    return headers
