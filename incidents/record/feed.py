"""Feeds to other systems: which feed is told what, how a message is signed, when it is tried again. Pure.

Messages are signed after the Standard Webhooks scheme, CAP ones too: ``webhook-id`` is the same at every repetition (a
receiver keeps it and takes a message once), ``webhook-timestamp`` is the attempt's time, ``webhook-signature`` is
``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``. A receiver refuses a timestamp more than
TOLERANCE_S away from its own clock, so a recorded message can not be played again later.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import msgspec

from core.errors import Invalid
from core.outlet import Released
from mobile_contract.text import Text

FeedKind: TypeAlias = Literal["cap", "webhook"]
Event: TypeAlias = Literal[
    "incident.opened",
    "incident.regraded",
    "incident.reopened",
    "incident.returned",
    "incident.all_clear",
    "incident.merged",
    "incident.split",
    "incident.closed",
    "test",
]
# What is no news to who never heard of the incident.
ENDINGS = frozenset({"incident.returned", "incident.all_clear", "incident.closed", "incident.merged"})

SECRET_PREFIX = "whsec_"  # noqa: S105 - how the scheme writes a secret, not one
# Standard Webhooks: 24 to 64 bytes.
SECRET_BYTES = 32
# What a receiver should allow between its clock and ours; the scheme's libraries use five minutes.
TOLERANCE_S = 300
# How long an old secret still signs beside the new one: a day for the other side to change over.
OVERLAP = timedelta(hours=24)
# News of an incident that is a day old helps nobody; a person can send it again.
GIVE_UP_AFTER = timedelta(hours=24)
# A receiver that restarts is back in seconds; one that is down for hours is asked every 15 minutes.
RETRY_FIRST_S, RETRY_MAX_S = 1.0, 900.0
URL_MAX_CHARS = 2000

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Area(msgspec.Struct, frozen=True):
    """Where it is. ``polygon``: GeoJSON coordinates (rings of lon, lat), outer ring first; ``level``: floor."""

    name: Text
    zone: str
    site: str
    polygon: list[list[list[float]]]
    level: int


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, frozen when it did; grade 4 (IV, blue) to 1 (I, red)."""

    event: Event
    at: datetime
    plant: Text
    exercise: bool
    incident: UUID | None
    number: int
    site: UUID | None
    grade: int
    state: str
    title: Text
    place: Text
    agent: str | None
    reasons: list[Text]
    opened_at: datetime
    area: Area | None


class Wish(msgspec.Struct, frozen=True):
    """What a feed wants to hear of: this grade or graver, these sites (none: all), drills or not."""

    min_grade: int
    sites: Sequence[UUID]
    exercises: bool


def wants(wish: Wish, notice: Notice, *, told: bool) -> bool:
    """Whether the feed gets this notice; who was ``told`` of an incident hears of it to its end, whatever its grade."""
    if notice.exercise and not wish.exercises:
        return False
    if told:
        return True
    in_site = not wish.sites or notice.site in wish.sites
    return in_site and notice.grade <= wish.min_grade and notice.event not in ENDINGS


def webhook_body(notice: Notice, released: Released) -> str:
    """The JSON of a webhook: type, timestamp, data, as the scheme advises. Of a drill it says so, twice."""
    exercise = notice.exercise or released.exercise
    data: dict[str, Any] = msgspec.to_builtins(notice)
    data["exercise"] = exercise
    kind = f"exercise.{notice.event}" if exercise and notice.event != "test" else notice.event
    body = {"type": kind, "timestamp": notice.at.isoformat(), "data": data}
    return msgspec.json.encode(body).decode()


def sign(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers; one signature for each secret, newest first, so that a rotation overlaps."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signed = [base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode() for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signed),
    }


def verify(secret: str, headers: dict[str, str], body: bytes, now: datetime) -> bool:
    """What a receiver does: right signature by this secret, and a timestamp within TOLERANCE_S. Constant time."""
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(int(timestamp) - now.timestamp()) > TOLERANCE_S:
        return False
    content = b".".join((headers.get("webhook-id", "").encode(), timestamp.encode(), body))
    expected = "v1," + base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)


def write_secret(raw: bytes) -> str:
    """Random bytes as the scheme writes a secret."""
    return SECRET_PREFIX + base64.b64encode(raw).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))


def retry_delay_s(attempts: int, jitter: float, retry_after_s: float | None = None) -> float:
    """Seconds until the next attempt: doubling, between half and all of it (``jitter`` 0 to 1), and not before the
    receiver's own Retry-After, as far as that is within the bound."""
    wait = min(RETRY_FIRST_S * 2.0 ** min(attempts - 1, 20), RETRY_MAX_S) * (0.5 + jitter / 2)
    return max(wait, min(retry_after_s or 0.0, RETRY_MAX_S))


def check_url(url: str) -> SplitResult:
    """The address of a feed, as far as it can be judged without asking anybody; raises Invalid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise _bad_url(url, str(problem)) from problem
    if len(url) > URL_MAX_CHARS or not url.isprintable() or " " in url:
        raise _bad_url(url[:100], f"an address has at most {URL_MAX_CHARS} characters and no spaces")
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise _bad_url(url, "it must be https://host/...")
    if not parts.netloc.isascii():
        raise _bad_url(url, "a name with other letters is written in its ASCII form, xn--...")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _bad_url(url, "no user, password or fragment: messages are signed instead")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise _bad_url(url, "http is for loopback alone")
    return parts


def check_address(text: str, networks: Sequence[Network], *, plain: bool) -> Address:
    """An address the feed's host resolved to; raises Invalid unless it is public, or in ``networks``.

    ``plain``: without TLS, which stays on loopback. What an address carries inside (IPv4 in IPv6) is judged itself.
    """
    address = ipaddress.ip_address(text)
    inner = _inner(address)
    if plain and not inner.is_loopback:
        raise _bad_url(text, "http is for loopback alone")
    known = any(inner.version == network.version and inner in network for network in networks)
    if not known and (not inner.is_global or inner.is_multicast):
        raise Invalid(
            "feed.address",
            f"{text} is not a public address; MUSTER_FEED_NETWORKS names the private ones a feed may reach",
            f"{text} 不是公网地址；允许的内网网段由 MUSTER_FEED_NETWORKS 设置",
            field="url",
            value=text,
            limit=[str(network) for network in networks],
        )
    return address


def _inner(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR form, separated by commas; raises Invalid naming the wrong one."""
    found = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError as problem:
            raise Invalid(
                "settings.invalid", f"MUSTER_FEED_NETWORKS: {problem}", field="MUSTER_FEED_NETWORKS", value=part
            ) from problem
    return tuple(found)


def _bad_url(url: str, why: str) -> Invalid:
    return Invalid("feed.url", f"{url}: {why}", f"地址无效：{url}", field="url", value=url, limit="https")
