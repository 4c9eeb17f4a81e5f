"""Bytes from a device to readings or refusals; pure, and never raises at the peer.

One bad sample in a batch refuses that sample alone. A payload that can not be read at all is one refusal. Whoever calls
counts the refusals and acknowledges the message: asking for it again would bring the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from mobile_contract.devices import DeviceStateMessage, FeedbackMessage, Sample, SampleRefusal
from plant.model import Quality, Reading

# A batch of 500 samples is 40 kB of JSON; larger payloads stall everyone behind them.
PAYLOAD_MAX_BYTES = 65_536
# Bounds the work of one message; a device that catches up sends more messages.
SAMPLES_MAX = 1_000
# A device clock this far ahead is wrong. NTP holds milliseconds; a cheap RTC drifts a second a day.
FUTURE_TOLERANCE_S = 10.0
# Longer than any buffer a device keeps through an outage; older is a device whose clock was reset.
TOO_OLD_S = 30 * 86_400.0
# Observed this long before it was received: stored as late (a device that was cut off and catches up).
LATE_AFTER_S = 60.0
# No quantity of a plant is larger: particle counts reach 1e9 a m3, insulation 1e12 Ohm. Squares of larger ones overflow
# the averages of the minutes they lie in.
VALUE_MAX = 1e15
# How much of what was refused an admin is shown.
DETAIL_MAX = 200

MALFORMED = "malformed"
OVERSIZED = "oversized"
FUTURE_DATED = "future_dated"
TOO_OLD = "too_old"
UNKNOWN_DEVICE = "unknown_device"
REVOKED_DEVICE = "revoked_device"
UNKNOWN_SERIES = "unknown_series"
UNKNOWN_ACTUATOR = "unknown_actuator"
UNIT_MISMATCH = "unit_mismatch"
NON_FINITE = "non_finite"
OUT_OF_RANGE = "out_of_range"

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Multiplied: half the time of timedelta(milliseconds=...), which every reading pays.
MS = timedelta(milliseconds=1)


class Series(msgspec.Struct, frozen=True):
    """What the gateway must know of a sensor to take its samples."""

    sensor_id: UUID
    unit: str


class Parsed(msgspec.Struct):
    """What a payload came to: readings in the order sent, refusals, the device's batch number."""

    readings: list[Reading]
    refused: list[SampleRefusal]
    seq: int | None = None


class Topic(msgspec.Struct, frozen=True):
    """The parts of ``muster/v1/{tenant}/{site}/{device}/{leaf}``."""

    tenant: str
    site: str
    device: str
    leaf: str


class _Payload(msgspec.Struct, gc=False):
    """A Batch, or whatever else: without ``samples`` it is read again as a Sample."""

    samples: list[Sample] | None = None
    seq: int | None = None


_json_object = msgspec.json.Decoder(_Payload).decode
_json_sample = msgspec.json.Decoder(Sample).decode
_json_list = msgspec.json.Decoder(list[Sample]).decode
_json_any = msgspec.json.Decoder().decode
_pack_object = msgspec.msgpack.Decoder(_Payload).decode
_pack_sample = msgspec.msgpack.Decoder(Sample).decode
_pack_list = msgspec.msgpack.Decoder(list[Sample]).decode
_pack_any = msgspec.msgpack.Decoder().decode
_BRACE, _BRACKET = b"{"[0], b"["[0]
# MessagePack's fixmap, map 16, map 32; fixarray, array 16, array 32.
_PACKED_MAPS = frozenset((*range(0x80, 0x90), 0xDE, 0xDF))
_PACKED_LISTS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))
# A name of the module is found faster than a member of an enumeration.
_GOOD, _GAP, _LATE = Quality.GOOD, Quality.GAP, Quality.LATE
# What msgspec raises for bytes that are not JSON / MessagePack or not of the shape; RecursionError for nesting bombs.
UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError, ValueError)


def parse_topic(topic: str) -> Topic | None:
    """The parts of a device topic, or None."""
    parts = topic.split("/")
    if len(parts) != 6 or parts[0] != "muster" or parts[1] != "v1":
        return None
    return Topic(parts[2], parts[3], parts[4], parts[5])


def read_samples(payload: bytes, series: Mapping[str, Series], now: datetime) -> Parsed:
    """The readings of a ``readings`` payload; ``series`` are the device's own, ``now`` is when it was received."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        return _refuse_all(OVERSIZED, f"{len(payload)} bytes; the limit is {PAYLOAD_MAX_BYTES}")
    try:
        samples, seq = _decode_fast(payload)
    except UNREADABLE:
        return _read_slowly(payload, series, now)
    if len(samples) > SAMPLES_MAX:
        return _refuse_all(OVERSIZED, f"{len(samples)} samples; the limit is {SAMPLES_MAX}", seq)
    parsed = Parsed([], [], seq)
    window = _window(now)
    for index, sample in enumerate(samples):
        _take(parsed, index, sample, series, window)
    return parsed


def _decode_fast(payload: bytes) -> tuple[list[Sample], int | None]:
    """Straight into Structs; raises when anything at all is out of shape."""
    first = payload[0] if payload else 0
    if first == _BRACE:
        body = _json_object(payload)
        if body.samples is not None:
            return body.samples, _checked_seq(body.seq)
        return [_json_sample(payload)], None
    if first == _BRACKET:
        return _json_list(payload), None
    if first in _PACKED_MAPS:
        body = _pack_object(payload)
        if body.samples is not None:
            return body.samples, _checked_seq(body.seq)
        return [_pack_sample(payload)], None
    if first in _PACKED_LISTS:
        return _pack_list(payload), None
    raise ValueError("neither a map nor a list")


def _read_slowly(payload: bytes, series: Mapping[str, Series], now: datetime) -> Parsed:
    """Decode to plain objects and judge each sample by itself."""
    try:
        body = _json_any(payload) if payload[:1] in (b"{", b"[") else _pack_any(payload)
    except UNREADABLE as problem:
        return _refuse_all(MALFORMED, str(problem))
    seq: int | None = None
    items: Any = body
    if isinstance(body, dict):
        items = [body]
        if "samples" in body:
            items = body["samples"]
            try:
                seq = _checked_seq(body.get("seq"))
            except ValueError as problem:
                return _refuse_all(MALFORMED, str(problem))
    if not isinstance(items, list):
        return _refuse_all(MALFORMED, f"expected samples, got {type(items).__name__}", seq)
    if len(items) > SAMPLES_MAX:
        return _refuse_all(OVERSIZED, f"{len(items)} samples; the limit is {SAMPLES_MAX}", seq)
    parsed = Parsed([], [], seq)
    window = _window(now)
    for index, item in enumerate(items):
        try:
            sample = msgspec.convert(item, Sample)
        except UNREADABLE as problem:
            parsed.refused.append(SampleRefusal(index, MALFORMED, str(problem)[:DETAIL_MAX]))
        else:
            _take(parsed, index, sample, series, window)
    return parsed


def _checked_seq(seq: object) -> int | None:
    if seq is None or (isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < 2**53):
        return seq
    raise ValueError(f"seq {seq!r} is not an integer from 0 to 2^53-1"[:DETAIL_MAX])


class _Window:
    """The device times that are believed at ``now``, in Unix milliseconds.

    ``last`` is the one read last, with what it came to: a message's samples mostly share it.
    """

    __slots__ = ("earliest", "last", "late", "latest", "now")

    def __init__(self, now: datetime) -> None:
        ms = (now - EPOCH) // MS
        self.now = now
        self.last = (0, EPOCH)
        self.latest = ms + int(FUTURE_TOLERANCE_S * 1000)
        self.earliest = ms - int(TOO_OLD_S * 1000)
        self.late = ms - int(LATE_AFTER_S * 1000)


# One read of the socket brings many messages with one ``now``.
_window = lru_cache(maxsize=1)(_Window)


def _take(parsed: Parsed, index: int, sample: Sample, series: Mapping[str, Series], window: _Window) -> None:
    known = series.get(sample.series)
    value = sample.value
    if (
        known is None
        or known.unit != sample.unit
        or not window.earliest <= sample.at <= window.latest
        # False for NaN and the infinities too.
        or (value is not None and not -VALUE_MAX <= value <= VALUE_MAX)
    ):
        parsed.refused.append(_why(index, sample, known, window))
        return
    at = sample.at
    last = window.last
    if at != last[0]:
        last = window.last = (at, EPOCH + at * MS)
    quality = _GAP if value is None else _LATE if at < window.late else _GOOD
    parsed.readings.append(Reading(known.sensor_id, last[1], window.now, value, quality))


def _why(index: int, sample: Sample, known: Series | None, window: _Window) -> SampleRefusal:
    """The first thing that is wrong with a sample that was not taken."""
    if known is None:
        return SampleRefusal(index, UNKNOWN_SERIES, f"the device has no series {sample.series!r}"[:DETAIL_MAX])
    if known.unit != sample.unit:
        detail = f"series {sample.series!r} sends {sample.unit!r}; the sensor is in {known.unit!r}"
        return SampleRefusal(index, UNIT_MISMATCH, detail[:DETAIL_MAX])
    if sample.at > window.latest:
        ahead_s = (sample.at - window.latest) / 1000 + FUTURE_TOLERANCE_S
        detail = f"dated {ahead_s:.1f} s ahead of the gateway; the limit is {FUTURE_TOLERANCE_S} s"
        return SampleRefusal(index, FUTURE_DATED, detail)
    if sample.at < window.earliest:
        return SampleRefusal(index, TOO_OLD, f"older than {TOO_OLD_S / 86_400:.0f} days")
    assert sample.value is not None
    if isfinite(sample.value):
        detail = f"{sample.value} is beyond {VALUE_MAX:g}; series {sample.series!r}"
        return SampleRefusal(index, OUT_OF_RANGE, detail[:DETAIL_MAX])
    return SampleRefusal(index, NON_FINITE, f"{sample.value} is no number; series {sample.series!r}"[:DETAIL_MAX])


def read_state(payload: bytes) -> DeviceStateMessage | SampleRefusal:
    """A ``state`` payload."""
    message = _read_one(payload, DeviceStateMessage)
    if isinstance(message, DeviceStateMessage) and "\0" in (message.firmware or ""):
        return _with_nul("firmware")
    return message


def read_feedback(payload: bytes) -> FeedbackMessage | SampleRefusal:
    """A ``feedback`` payload."""
    message = _read_one(payload, FeedbackMessage)
    if isinstance(message, SampleRefusal):
        return message
    if message.value is not None and not isfinite(message.value):
        return SampleRefusal(-1, NON_FINITE, f"feedback value {message.value}")
    for field in ("actuator", "state", "command", "unit", "fault"):
        if "\0" in (getattr(message, field) or ""):
            return _with_nul(field)
    return message


def _with_nul(field: str) -> SampleRefusal:
    """PostgreSQL stores no NUL: taken in, it would stop every message of the batch that holds it."""
    return SampleRefusal(-1, MALFORMED, f"{field} holds the character U+0000")


def _read_one(payload: bytes, kind: type[T]) -> T | SampleRefusal:
    if len(payload) > PAYLOAD_MAX_BYTES:
        return SampleRefusal(-1, OVERSIZED, f"{len(payload)} bytes; the limit is {PAYLOAD_MAX_BYTES}")
    try:
        if payload[:1] == b"{":
            return msgspec.json.decode(payload, type=kind)
        return msgspec.msgpack.decode(payload, type=kind)
    except UNREADABLE as problem:
        return SampleRefusal(-1, MALFORMED, str(problem)[:DETAIL_MAX])


def _refuse_all(code: str, detail: str, seq: int | None = None) -> Parsed:
    return Parsed([], [SampleRefusal(-1, code, detail[:DETAIL_MAX])], seq)
