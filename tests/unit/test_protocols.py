"""Bytes from devices: readings or refusals, and nothing raised at the peer whatever it sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from mobile_contract.devices import DeviceStateMessage, FeedbackMessage, SampleRefusal
from plant import protocols
from plant.model import Quality
from plant.protocols import Parsed, Series, Topic, parse_topic, read_feedback, read_samples, read_state
from plant.refusals import SAMPLE_BYTES_MAX, TEXT_MAX, merge, storable, tally

NOW = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
LEL, FLOW = new_id(), new_id()
KNOWN = {"lel": Series(LEL, "%[LEL]"), "flow": Series(FLOW, "m3/s")}
DAY_MS = 86_400_000


def sample(**changes: Any) -> dict[str, Any]:
    return {"series": "lel", "at": NOW_MS, "value": 1.5, "unit": "%[LEL]"} | changes


def read(body: object) -> Parsed:
    return read_samples(json.dumps(body).encode(), KNOWN, NOW)


def codes(parsed: Parsed) -> list[tuple[int, str]]:
    return [(refusal.index, refusal.code) for refusal in parsed.refused]


# What is taken.


@pytest.mark.parametrize("encode", [msgspec.json.encode, msgspec.msgpack.encode])
@pytest.mark.parametrize(
    ("body", "values", "seq"),
    [
        (sample(), [1.5], None),
        ([sample(), sample(series="flow", unit="m3/s", value=2)], [1.5, 2.0], None),
        ({"samples": [sample(value=None)], "seq": 7}, [None], 7),
        ({"samples": [], "seq": 2**53 - 1}, [], 2**53 - 1),
        ([], [], None),
        (sample(value=-0.0, firmware="a newer device says more"), [-0.0], None),
        (sample(value=1e15), [1e15], None),
    ],
)
def test_one_sample_a_list_or_a_batch_in_either_encoding(encode: Any, body: Any, values: Any, seq: Any) -> None:
    parsed = read_samples(encode(body), KNOWN, NOW)
    assert [reading.value for reading in parsed.readings] == values
    assert (parsed.refused, parsed.seq) == ([], seq)


def test_a_reading_has_the_devices_time_and_ours() -> None:
    reading = read(sample(at=NOW_MS - 1_234)).readings[0]
    assert reading.sensor_id == LEL
    assert reading.observed_at == datetime.fromtimestamp((NOW_MS - 1_234) / 1000, UTC)
    assert reading.received_at == NOW


@pytest.mark.parametrize(
    ("at", "value", "quality"),
    [
        (NOW_MS, 1.0, Quality.GOOD),
        (NOW_MS, None, Quality.GAP),
        (NOW_MS - 60_000, 1.0, Quality.GOOD),
        (NOW_MS - 60_001, 1.0, Quality.LATE),
        (NOW_MS - 30 * DAY_MS, 1.0, Quality.LATE),
        (NOW_MS - 60_001, None, Quality.GAP),
    ],
)
def test_an_old_reading_is_late_and_a_null_is_a_gap_never_a_number(at: int, value: Any, quality: Quality) -> None:
    assert [reading.quality for reading in read(sample(at=at, value=value)).readings] == [quality]


# What is refused.


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"series": "co2"}, "unknown_series", "'co2'"),
        ({"unit": "[ppm]"}, "unit_mismatch", "'%[LEL]'"),
        ({"at": NOW_MS + 10_001}, "future_dated", "10.0 s ahead of the gateway; the limit is 10.0 s"),
        ({"at": NOW_MS + 365 * DAY_MS}, "future_dated", "the limit is 10.0 s"),
        ({"at": NOW_MS - 30 * DAY_MS - 1}, "too_old", "30 days"),
        ({"at": 0}, "too_old", "30 days"),
        ({"value": 1.1e15}, "out_of_range", "1e+15"),
        ({"value": -1e200}, "out_of_range", "1e+15"),
        ({"value": 10**300}, "out_of_range", "1e+15"),
        ({"value": "1.5"}, "malformed", "value"),
        ({"value": True}, "malformed", "value"),
        ({"at": -1}, "malformed", "at"),
        ({"at": 10**30}, "malformed", "at"),
        ({"at": str(NOW_MS)}, "malformed", "at"),
        ({"series": ""}, "malformed", "series"),
        ({"series": "x" * 65}, "malformed", "series"),
        ({"unit": None}, "malformed", "unit"),
    ],
)
def test_a_bad_sample_is_refused_alone_with_its_reason(changes: dict[str, Any], code: str, says: str) -> None:
    parsed = read({"samples": [sample(), sample(**changes), sample(at=NOW_MS - 5)], "seq": 3})
    assert codes(parsed) == [(1, code)]
    assert says in parsed.refused[0].detail
    assert [reading.observed_at.microsecond for reading in parsed.readings] == [250_000, 245_000]
    assert parsed.seq == 3


def test_a_device_whose_clock_is_a_day_ahead_is_not_believed() -> None:
    parsed = read([sample(at=NOW_MS + DAY_MS), sample(at=NOW_MS + 10_000)])
    assert codes(parsed) == [(0, "future_dated")]
    assert "86400.0 s ahead" in parsed.refused[0].detail
    assert [reading.quality for reading in parsed.readings] == [Quality.GOOD]


@pytest.mark.parametrize("bits", ["7ff8000000000000", "7ff0000000000000", "fff0000000000000"])
def test_a_number_that_is_none_is_refused(bits: str) -> None:
    good, bad = msgspec.msgpack.encode(sample()), msgspec.msgpack.encode(sample(value=123.456))
    bad = bad.replace(msgspec.msgpack.encode(123.456), b"\xcb" + bytes.fromhex(bits))
    parsed = read_samples(b"\x92" + bad + good, KNOWN, NOW)
    assert codes(parsed) == [(0, "non_finite")]
    assert len(parsed.readings) == 1


def test_a_member_that_comes_twice_counts_as_its_last() -> None:
    text = f'{{"series":"lel","at":{NOW_MS},"value":1,"value":2,"unit":"%[LEL]"}}'
    assert [reading.value for reading in read_samples(text.encode(), KNOWN, NOW).readings] == [2.0]
    assert codes(read_samples(f'{{"samples":[{text}],"samples":null}}'.encode(), KNOWN, NOW)) == [(-1, "malformed")]


@pytest.mark.parametrize(
    "payload",
    [
        b"", b" ", b"{", b"[", b"nul", b"\xff", b"{}", b"[1]x", b'{"samples":{}}', b'{"samples":null}', b'"lel"',
        b"[" * 60_000, b'{"samples":' * 5_000, b"\x91" * 60_000,
        b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\x81\x80\x01", b"\xd6\xff\x00\x00\x00\x00",
        b'[{"series":"lel","at":1,"value":1e999,"unit":"x"}]', b'[{"series":"\\ud800","at":1,"value":1,"unit":"x"}]',
        b'{"samples":[],"seq":-1}', b'{"samples":[],"seq":9007199254740992}', b'{"samples":[],"seq":' + b"9" * 6_000,
        b'{"samples":[],"seq":true}', b'{"samples":[],"seq":"1"}',
    ],
)  # fmt: skip
def test_what_can_not_be_read_at_all_is_one_refusal(payload: bytes) -> None:
    parsed = read_samples(payload, KNOWN, NOW)
    assert [refusal.code for refusal in parsed.refused] == ["malformed"]
    assert parsed.readings == []


@pytest.mark.parametrize("encode", [msgspec.json.encode, msgspec.msgpack.encode])
def test_too_many_samples_are_refused_as_a_whole(encode: Any) -> None:
    parsed = read_samples(encode({"samples": [sample()] * 1_000, "seq": 1}), KNOWN, NOW)
    assert (len(parsed.readings), parsed.refused) == (1_000, [])
    tiny = {"samples": [{}] * 1_001, "seq": 1}
    parsed = read_samples(encode(tiny), KNOWN, NOW)
    assert (codes(parsed), parsed.readings) == ([(-1, "oversized")], [])
    assert "1001 samples; the limit is 1000" in parsed.refused[0].detail


@pytest.mark.parametrize("reader", [read_state, read_feedback, lambda p: read_samples(p, KNOWN, NOW).refused[0]])
def test_a_payload_over_the_limit_is_not_even_read(reader: Any) -> None:
    refusal = reader(b"[" + b" " * 65_536)
    assert (refusal.code, refusal.detail) == ("oversized", "65537 bytes; the limit is 65536")


# State and feedback.


def test_a_device_says_how_it_is() -> None:
    said = DeviceStateMessage(online=True, at=NOW_MS, firmware="2.1", battery=0.5)
    for payload in (msgspec.json.encode(said), msgspec.msgpack.encode(said)):
        assert read_state(payload) == said
    assert read_state(b'{"online":false}') == DeviceStateMessage(online=False)


def test_an_actuator_says_what_it_does() -> None:
    said = FeedbackMessage(at=NOW_MS, actuator="fan-1", state="running", command="c", value=1.5, unit="m3/s")
    for payload in (msgspec.json.encode(said), msgspec.msgpack.encode(said)):
        assert read_feedback(payload) == said


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"[]", b"{}", b'{"online":1}', b'{"online":true,"battery":1.5}', b'{"online":true,"at":-1}',
        b'{"online":true,"firmware":"' + b"x" * 65 + b'"}', b'{"online":true,"firmware":"\\u0000"}',
    ],
)  # fmt: skip
def test_a_state_out_of_shape_is_refused(payload: bytes) -> None:
    refusal = read_state(payload)
    assert isinstance(refusal, SampleRefusal)
    assert refusal.code == "malformed"


@pytest.mark.parametrize("field", ["actuator", "state", "command", "unit", "fault"])
def test_a_text_the_database_can_not_store_does_not_come_in(field: str) -> None:
    body = {"at": NOW_MS, "actuator": "fan-1", "state": "running"} | {field: "a\0b"}
    assert read_feedback(json.dumps(body).encode()) == SampleRefusal(
        -1, "malformed", f"{field} holds the character U+0000"
    )


def test_a_feedback_that_is_no_number_is_refused() -> None:
    body = msgspec.msgpack.encode({"at": 1, "actuator": "f", "state": "s", "value": float("nan")})
    refusal = read_feedback(body)
    assert isinstance(refusal, SampleRefusal)
    assert refusal.code == "non_finite"


# Properties.

_numbers = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(max_size=5), st.just([])
)
_times = st.one_of(
    st.integers(NOW_MS - 40 * DAY_MS, NOW_MS + DAY_MS), st.integers(NOW_MS - 70_000, NOW_MS + 12_000), _numbers
)
_odd_sample = st.fixed_dictionaries(
    {},
    optional={
        "series": st.one_of(st.sampled_from(["lel", "flow", "co2", ""]), _numbers),
        "unit": st.one_of(st.sampled_from(["%[LEL]", "m3/s", "[ppm]"]), _numbers),
        "at": _times,
        "value": _numbers,
        "more": _numbers,
    },
)
_likely = st.builds(
    lambda series, at, value: {"series": series, "at": at, "value": value, "unit": KNOWN[series].unit},
    st.sampled_from(["lel", "flow"]),
    st.integers(NOW_MS - 31 * DAY_MS, NOW_MS + 20_000),
    st.one_of(st.none(), st.floats()),
)


@given(st.binary(max_size=200))
def test_any_bytes_are_readings_or_refusals(payload: bytes) -> None:
    parsed = read_samples(payload, KNOWN, NOW)
    assert parsed.readings or parsed.refused or parsed.seq is not None or payload.strip()[:1] in (b"[", b"\x90", b"{")
    for one in (read_state(payload), read_feedback(payload)):
        assert one is not None


@given(st.one_of(st.binary(max_size=60), st.recursive(_numbers, lambda inner: st.lists(inner, max_size=4))))
def test_any_object_in_messagepack_is_readings_or_refusals(body: Any) -> None:
    for payload in (msgspec.msgpack.encode(body), b"\x81\xa7samples" + msgspec.msgpack.encode(body)):
        read_samples(payload, KNOWN, NOW)


@given(st.lists(st.one_of(_odd_sample, _likely, _numbers), max_size=30), st.booleans(), st.booleans())
def test_every_sample_is_taken_or_refused_with_a_code(sent: list[Any], packed: bool, numbered: bool) -> None:
    body = {"samples": sent, "seq": 5} if numbered else sent
    payload = msgspec.msgpack.encode(body) if packed else msgspec.json.encode(body)
    parsed = read_samples(payload, KNOWN, NOW)
    assert len(parsed.readings) + len(parsed.refused) == len(sent)
    assert parsed.seq == (5 if numbered else None)
    refused = [refusal.index for refusal in parsed.refused]
    assert refused == sorted(set(refused))
    assert all(refusal.code and len(refusal.detail) <= protocols.DETAIL_MAX for refusal in parsed.refused)
    for reading in parsed.readings:
        assert NOW - timedelta(days=30, milliseconds=1) < reading.observed_at <= NOW + timedelta(seconds=10)
        assert (reading.value is None) == (reading.quality == Quality.GAP)
        assert reading.value is None or abs(reading.value) <= protocols.VALUE_MAX


@given(st.text(max_size=80))
def test_any_topic_is_a_devices_or_nobodys(text: str) -> None:
    found = parse_topic(text)
    assert found is None or f"muster/v1/{found.tenant}/{found.site}/{found.device}/{found.leaf}" == text


# Counters of what was refused.


def test_refusals_of_one_reason_are_one_counter_with_the_last_example() -> None:
    tenant, site = new_id(), new_id()
    refused = [SampleRefusal(0, "malformed", "a"), SampleRefusal(1, "too_old", "b"), SampleRefusal(2, "malformed", "c")]
    first = tally(tenant, site, "box", refused, "topic", b"x" * 1_000, NOW)
    assert [(r.code, r.count, r.detail, len(r.sample)) for r in first] == [
        ("malformed", 2, "c", SAMPLE_BYTES_MAX),
        ("too_old", 1, "b", SAMPLE_BYTES_MAX),
    ]
    later = tally(tenant, site, "box", refused[:1], "topic", b"y", NOW + timedelta(seconds=9))[0]
    merged = merge(first[0], later)
    assert (merged.count, merged.first_at, merged.last_at, merged.sample) == (3, NOW, later.last_at, b"y")


@given(st.one_of(st.text(max_size=400), st.text(st.characters(categories=["Cs"]), max_size=5)))
def test_what_is_shown_of_a_refusal_can_be_stored(text: str) -> None:
    shown = storable(text)
    assert len(shown) <= TEXT_MAX
    assert "\0" not in shown
    shown.encode()


@pytest.mark.parametrize(
    "topic", ["", "muster/v1/a/b/c", "muster/v2/a/b/c/readings", "other/v1/a/b/c/readings", "a/" * 9]
)
def test_what_is_no_device_topic_has_no_parts(topic: str) -> None:
    assert parse_topic(topic) is None


def test_a_payload_over_the_limit_is_refused_unread() -> None:
    parsed = read_samples(b" " * (protocols.PAYLOAD_MAX_BYTES + 1), KNOWN, NOW)
    assert codes(parsed) == [(-1, protocols.OVERSIZED)]


def test_a_device_topic_has_its_parts() -> None:
    assert parse_topic("muster/v1/acme/north/box-1/readings") == Topic("acme", "north", "box-1", "readings")


@pytest.mark.parametrize("encode", [msgspec.json.encode, msgspec.msgpack.encode])
def test_more_samples_than_the_limit_are_refused_and_answered(encode: Any) -> None:
    parsed = read_samples(encode({"samples": [sample()] * (protocols.SAMPLES_MAX + 1), "seq": 7}), KNOWN, NOW)
    assert (codes(parsed), parsed.seq) == ([(-1, protocols.OVERSIZED)], 7)
