"""What a device keeps until Muster has said that it is committed, and how it finds its broker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from mobile_contract.devices import Sample
from muster.device_buffer import RESEND_AFTER_S, DeviceBuffer
from muster.device_link import Broker, DeviceLogin, parse_broker

SAMPLE = Sample("lel", 1, 1.0, "%[LEL]")


def numbers(buffer: DeviceBuffer, now_s: float) -> list[int | None]:
    return [batch.seq for batch in buffer.due(now_s)]


def test_a_batch_is_due_until_it_is_acked_and_again_after_a_while_without() -> None:
    buffer = DeviceBuffer(first_seq=100)
    assert [buffer.put([SAMPLE]), buffer.put([SAMPLE, SAMPLE])] == [100, 101]
    assert numbers(buffer, 0.0) == [100, 101]
    buffer.sent(100, 0.0)
    buffer.sent(101, 1.0)
    assert numbers(buffer, RESEND_AFTER_S - 0.01) == []
    assert numbers(buffer, RESEND_AFTER_S) == [100]
    assert buffer.acked(100)
    assert numbers(buffer, RESEND_AFTER_S + 1) == [101]
    assert (len(buffer), buffer.committed) == (1, 1)


def test_an_ack_that_comes_twice_or_late_counts_once() -> None:
    buffer = DeviceBuffer(first_seq=1)
    buffer.put([SAMPLE])
    assert [buffer.acked(1, refused=2), buffer.acked(1, refused=2), buffer.acked(99)] == [True, False, False]
    assert (buffer.committed, buffer.refused) == (1, 2)
    buffer.sent(1, 0.0)
    assert numbers(buffer, 0.0) == []


def test_a_new_connection_sends_all_that_waits_again_at_once() -> None:
    buffer = DeviceBuffer(first_seq=1)
    buffer.put([SAMPLE])
    buffer.sent(1, 0.0)
    buffer.reconnected()
    assert numbers(buffer, 0.0) == [1]


def test_a_full_buffer_drops_the_oldest_and_counts_it() -> None:
    buffer = DeviceBuffer(first_seq=1, max_batches=2)
    for _ in range(3):
        buffer.put([SAMPLE])
    assert (buffer.waiting(), buffer.dropped) == ([2, 3], 1)
    assert not buffer.acked(1)


@given(
    st.lists(st.tuples(st.sampled_from(["put", "ack", "sent", "reconnect"]), st.integers(0, 30)), max_size=80),
    st.integers(1, 5),
)
def test_every_batch_waits_was_committed_or_was_dropped(steps: list[tuple[str, int]], room: int) -> None:
    buffer, put = DeviceBuffer(first_seq=0, max_batches=room), 0
    for now, (kind, seq) in enumerate(steps):
        if kind == "put":
            assert buffer.put([SAMPLE]) == put
            put += 1
        elif kind == "ack":
            waits = seq in buffer.waiting()
            assert buffer.acked(seq) == waits
        elif kind == "sent":
            buffer.sent(seq, float(now))
        else:
            buffer.reconnected()
        assert put == len(buffer) + buffer.committed + buffer.dropped
        assert len(buffer) <= room
        assert buffer.waiting() == sorted(buffer.waiting())
        assert set(numbers(buffer, float(now))) <= set(buffer.waiting())


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("mqtt://127.0.0.1:1884", Broker("127.0.0.1", 1884)),
        ("mqtt://muster-gateway:secret@broker.plant:1885", Broker("broker.plant", 1885)),
        ("mqtt://broker.plant", Broker("broker.plant", 1883)),
        ("mqtts://broker.plant", Broker("broker.plant", 8883, tls=True)),
    ],
)
def test_a_device_finds_its_broker_and_leaves_the_gateways_login_alone(url: str, found: Broker) -> None:
    assert parse_broker(url) == found


@pytest.mark.parametrize("url", ["", "broker:1883", "http://broker", "mqtt://", "mqtts://"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_broker(url)
    assert (caught.value.field, caught.value.value) == ("mqtt_url", url)


def test_a_device_signs_in_by_its_place_and_speaks_under_it() -> None:
    login = DeviceLogin("acme", "north", "pump-1", "secret")
    assert login.username == "acme/north/pump-1"
    assert login.topic("readings") == "muster/v1/acme/north/pump-1/readings"
