"""MQTT 3.1.1 packets: whatever the broker sends, in whatever pieces, is packets or one clear protocol error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from plant import mqtt_wire as wire
from plant.mqtt_link import BrokerAddress, parse_broker_url
from plant.mqtt_wire import ProtocolError, read_publish, split_packets

_publishes = st.lists(
    st.tuples(st.text(max_size=40), st.binary(max_size=400), st.integers(0, 65_535), st.booleans()), max_size=8
)


@given(_publishes, st.lists(st.integers(1, 200), max_size=40))
def test_packets_are_whole_however_the_bytes_are_cut(sent: list[tuple[str, bytes, int, bool]], cuts: list[int]) -> None:
    stream = b"".join(wire.publish(topic, payload, mid, retain=keep) for topic, payload, mid, keep in sent)
    buffer, found = bytearray(), []
    for cut in [*cuts, len(stream)]:
        buffer += stream[:cut]
        stream = stream[cut:]
        found += [read_publish(first, body) for first, body in split_packets(buffer)]
    assert found == [(topic.encode(), payload, mid, keep) for topic, payload, mid, keep in sent]
    assert not buffer


@given(st.binary(max_size=300))
def test_any_bytes_are_packets_or_a_protocol_error(stream: bytes) -> None:
    buffer = bytearray(stream)
    try:
        packets = split_packets(buffer)
        for first, body in packets:
            if first >> 4 == wire.PUBLISH:
                read_publish(first, body)
            else:
                wire.packet_id(body)
    except ProtocolError:
        return
    assert sum(len(body) for _, body in packets) + len(buffer) <= len(stream)


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        (b"\x30\xff\xff\xff\xff", "more than four bytes"),
        (b"\x30\x81\x80\x80\x01", "the limit is 1048576"),
        (b"\x36\x05\x00\x01t\x00\x01", "QoS 3"),
        (b"\x34\x05\x00\x01t\x00\x01", "QoS 2"),
        (b"\x30\x02\x00\x05", "topic ends early"),
        (b"\x32\x03\x00\x01t", "ends early"),
        (b"\x30\x01\x00", "ends early"),
    ],
)
def test_what_the_standard_does_not_allow_is_named(stream: bytes, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        [read_publish(first, body) for first, body in split_packets(bytearray(stream))]


@pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 16_380, 16_384, 300_000])
def test_lengths_are_written_as_they_are_read(size: int) -> None:
    ((first, body),) = split_packets(bytearray(wire.publish("t", b"x" * size, 7)))
    assert read_publish(first, body) == (b"t", b"x" * size, 7, False)


def test_a_committed_batch_is_acknowledged_in_one_write() -> None:
    packets = split_packets(bytearray(wire.pubacks([1, 256, 65_535])))
    assert [(first >> 4, wire.packet_id(body)) for first, body in packets] == [
        (wire.PUBACK, 1), (wire.PUBACK, 256), (wire.PUBACK, 65_535),
    ]  # fmt: skip
    assert wire.pubacks([]) == b""


def test_the_gateway_connects_to_a_session_that_outlives_it() -> None:
    ((first, body),) = split_packets(bytearray(wire.connect("gw", "user", "secret", 10, clean_session=False)))
    assert first >> 4 == wire.CONNECT
    assert body == b"\0\4MQTT\4\xc0\0\x0a\0\2gw\0\4user\0\6secret"
    ((first, body),) = split_packets(bytearray(wire.subscribe(5, ["a/+", "b"])))
    assert (first, body) == (0x82, b"\0\5\0\3a/+\1\0\1b\1")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("mqtt://u:p%40ss@host:1884", BrokerAddress("host", 1884, "u", "p@ss", False)),
        ("mqtts://host", BrokerAddress("host", 8883, "", "", True)),
        ("mqtt://host", BrokerAddress("host", 1883)),
    ],
)
def test_a_brokers_address_is_read(url: str, found: BrokerAddress) -> None:
    assert parse_broker_url(url) == found


@pytest.mark.parametrize("url", ["", "host:1883", "tcp://host", "mqtt://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_broker_url(url)
    assert caught.value.field == "mqtt_url"
