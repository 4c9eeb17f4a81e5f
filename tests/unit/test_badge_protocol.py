"""Bytes of door controllers: read or refused, never raised."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.badge_protocol import SWIPES_MAX, read_swipes
from plant.protocols import PAYLOAD_MAX_BYTES

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BOX = UUID(int=5)


def one(**changes: Any) -> dict[str, Any]:
    return {"badge": "4711", "door": "gate-1", "direction": "in", "at": 1_772_438_400_000} | changes


def read(body: Any) -> Any:
    return read_swipes(BOX, json.dumps(body).encode(), NOW)


def test_a_swipe_is_read_whichever_way_it_is_written() -> None:
    for payload in (json.dumps(one()).encode(), msgspec.msgpack.encode(one())):
        (found,) = read_swipes(BOX, payload, NOW).swipes
        assert (found.badge, found.door, found.direction, found.granted) == ("4711", "gate-1", "in", True)
        assert (found.observed_at, found.received_at) == (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), NOW)


def test_the_same_event_has_the_same_key_and_another_has_another() -> None:
    keys = [read(body).swipes[0].key for body in (one(), one(), one(at=1), one(id="9"), one(id="9", at=1))]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == keys[4]
    assert read_swipes(UUID(int=6), json.dumps(one(id="9")).encode(), NOW).swipes[0].key != keys[3]


def test_a_batch_keeps_its_number_and_one_bad_swipe_refuses_itself_alone() -> None:
    found = read({"swipes": [one(), one(direction="up"), one(badge="a\0b"), 7], "seq": 3})
    assert (len(found.swipes), [r.index for r in found.refused], found.seq) == (1, [1, 2, 3], 3)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"\xff", b'{"swipes": 3}', b'{"swipes": [], "seq": -1}', b'{"swipes": [], "seq": "x"}'],
)
def test_what_can_not_be_read_is_one_refusal(payload: bytes) -> None:
    found = read_swipes(BOX, payload, NOW)
    assert (found.swipes, [(r.index, r.code) for r in found.refused]) == ([], [(-1, "malformed")])


def test_too_much_at_once_is_refused_as_a_whole() -> None:
    large = read_swipes(BOX, b"{" + b" " * PAYLOAD_MAX_BYTES, NOW)
    many = read({"swipes": [1] * (SWIPES_MAX + 1), "seq": 4})
    assert [r.code for r in large.refused + many.refused] == ["oversized", "oversized"]
    assert many.seq == 4


@given(st.binary(max_size=200))
def test_no_bytes_raise(payload: bytes) -> None:
    read_swipes(BOX, payload, NOW)
