"""Bytes from a door controller to swipes or refusals; pure, and never raises at the peer.

A clock that is wrong refuses nothing here: that somebody was at the door is kept, and flagged by whoever keeps it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from mobile_contract.devices import BadgeBatch, BadgeSwipe, SampleRefusal
from plant.protocols import DETAIL_MAX, EPOCH, MALFORMED, OVERSIZED, PAYLOAD_MAX_BYTES, UNREADABLE

# A shift of 500 through one gate while the controller was cut off, in one message; more sends more messages.
SWIPES_MAX = 500


class DeviceSwipe(msgspec.Struct, frozen=True):
    """A badge at a reader of this device. ``key`` is the same for the same event, however often it comes."""

    device_id: UUID
    key: str
    badge: str
    door: str
    direction: Literal["in", "out"]
    granted: bool
    observed_at: datetime
    received_at: datetime


class ParsedSwipes(msgspec.Struct):
    """What a payload came to: swipes in the order sent, refusals, the controller's batch number."""

    swipes: list[DeviceSwipe]
    refused: list[SampleRefusal]
    seq: int | None = None


class _Payload(msgspec.Struct, gc=False):
    """A BadgeBatch, whose swipes are judged one by one, or whatever else: without ``swipes`` it is one swipe."""

    swipes: list[Any] | None = None
    seq: Any = None


def read_swipes(device_id: UUID, payload: bytes, now: datetime) -> ParsedSwipes:
    """The swipes of a ``badges`` payload, JSON or MessagePack; ``now`` is when it was received."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        return _refuse_all(OVERSIZED, f"{len(payload)} bytes; the limit is {PAYLOAD_MAX_BYTES}")
    try:
        plain = msgspec.json.decode(payload) if payload[:1] == b"{" else msgspec.msgpack.decode(payload)
        body = msgspec.convert(plain, _Payload)
        seq = None if body.swipes is None else msgspec.convert({"swipes": [], "seq": body.seq}, BadgeBatch).seq
    except UNREADABLE as problem:
        return _refuse_all(MALFORMED, str(problem))
    items = [plain] if body.swipes is None else body.swipes
    if len(items) > SWIPES_MAX:
        return _refuse_all(OVERSIZED, f"{len(items)} swipes; the limit is {SWIPES_MAX}", seq)
    parsed = ParsedSwipes([], [], seq)
    for index, item in enumerate(items):
        try:
            parsed.swipes.append(_swipe(device_id, msgspec.convert(item, BadgeSwipe), now))
        except UNREADABLE as problem:
            parsed.refused.append(SampleRefusal(index, MALFORMED, str(problem)[:DETAIL_MAX]))
    return parsed


def _swipe(device_id: UUID, it: BadgeSwipe, now: datetime) -> DeviceSwipe:
    for name in ("badge", "door", "id"):
        text = getattr(it, name) or ""
        # PostgreSQL stores no NUL.
        if "\0" in text:
            raise ValueError(f"{name} holds the character U+0000")
    own = f"{it.at}/{it.direction}/{it.door}/{it.badge}" if it.id is None else f"#{it.id}"
    at = EPOCH + timedelta(milliseconds=it.at)
    return DeviceSwipe(device_id, f"{device_id.hex}:{own}", it.badge, it.door, it.direction, it.granted, at, now)


def _refuse_all(code: str, detail: str, seq: int | None = None) -> ParsedSwipes:
    return ParsedSwipes([], [SampleRefusal(-1, code, detail[:DETAIL_MAX])], seq)
