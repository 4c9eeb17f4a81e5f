"""Which feed is told what, how a message is signed, which addresses are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from core.ids import new_id
from core.outlet import Output, release
from incidents.record import feed
from incidents.record.feed import Area, Event, Notice, Wish, wants
from mobile_contract.text import Text

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SITE, OTHER = new_id(), new_id()
SECRET = feed.write_secret(bytes(range(32)))
ACTUAL = release(Output.FEED, exercise=False)


def notice(event: Event = "incident.opened", **changes: Any) -> Notice:
    """News of a solvent leak of grade II."""
    made = Notice(
        event=event,
        at=AT,
        plant=Text("东厂", "East plant"),
        exercise=False,
        incident=new_id(),
        number=7,
        site=SITE,
        grade=2,
        state="open",
        title=Text("丙酮泄漏", "Acetone leak"),
        place=Text("溶剂库", "Solvent store"),
        agent="acetone",
        reasons=[Text("二级报警", "Second-level alarm")],
        opened_at=AT - timedelta(minutes=3),
        area=Area(
            Text("溶剂库", "Solvent store"), "store", "north", [[[121.0, 31.0], [121.1, 31.0], [121.1, 31.1]]], 0
        ),
    )
    return msgspec.structs.replace(made, **changes)


ALL = Wish(4, [], False)


@pytest.mark.parametrize(
    ("wish", "news", "told", "expected"),
    [
        (ALL, notice(), False, True),
        (Wish(2, [], False), notice(), False, True),
        (Wish(1, [], False), notice(), False, False),
        (Wish(1, [], False), notice("incident.returned"), True, True),
        (Wish(4, [OTHER], False), notice(), False, False),
        (Wish(4, [OTHER, SITE], False), notice(), False, True),
        (ALL, notice("incident.closed"), False, False),
        (ALL, notice("incident.closed"), True, True),
        (ALL, notice(exercise=True), False, False),
        (ALL, notice(exercise=True), True, False),
        (Wish(4, [], True), notice(exercise=True), False, True),
    ],
)
def test_who_is_told(wish: Wish, news: Notice, told: bool, expected: bool) -> None:
    assert wants(wish, news, told=told) is expected


def test_a_message_is_signed_as_the_scheme_says() -> None:
    body = b'{"type":"incident.opened"}'
    headers = feed.sign([SECRET], "msg_1", AT, body)
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    by_hand = hmac.new(
        bytes(range(32)), b"msg_1." + headers["webhook-timestamp"].encode() + b"." + body, hashlib.sha256
    )
    assert headers["webhook-signature"] == "v1," + base64.b64encode(by_hand.digest()).decode()
    assert feed.verify(SECRET, headers, body, AT)


def test_the_schemes_own_example_verifies() -> None:
    # The example of the Standard Webhooks libraries' tests: this secret, id, time and body give this signature.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    at = datetime.fromtimestamp(1614265330, UTC)
    made = feed.sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_rotation_signs_with_both() -> None:
    new = feed.write_secret(b"n" * 32)
    headers = feed.sign([new, SECRET], "m", AT, b"x")
    assert feed.verify(new, headers, b"x", AT)
    assert feed.verify(SECRET, headers, b"x", AT)
    assert not feed.verify(feed.write_secret(b"o" * 32), headers, b"x", AT)


@pytest.mark.parametrize("late_s", [-301, 301, 86_400])
def test_a_message_played_again_later_is_refused(late_s: float) -> None:
    headers = feed.sign([SECRET], "m", AT, b"x")
    assert not feed.verify(SECRET, headers, b"x", AT + timedelta(seconds=late_s))


@pytest.mark.parametrize("change", [{"webhook-id": "other"}, {"webhook-timestamp": "x"}, {"webhook-signature": "v1,"}])
def test_changed_headers_are_refused(change: dict[str, str]) -> None:
    assert not feed.verify(SECRET, feed.sign([SECRET], "m", AT, b"x") | change, b"x", AT)


def test_a_drill_says_so_in_its_webhook() -> None:
    actual = msgspec.json.decode(feed.webhook_body(notice(), ACTUAL))
    assert (actual["type"], actual["data"]["exercise"]) == ("incident.opened", False)
    drill = msgspec.json.decode(feed.webhook_body(notice(), release(Output.FEED, exercise=True)))
    assert (drill["type"], drill["data"]["exercise"]) == ("exercise.incident.opened", True)
    assert msgspec.json.decode(feed.webhook_body(notice("test"), ACTUAL))["type"] == "test"


def test_waits_double_to_a_bound_and_obey_the_receiver_within_it() -> None:
    assert [feed.retry_delay_s(n, 1.0) for n in (1, 2, 3, 11, 999)] == [1, 2, 4, 900, 900]
    assert feed.retry_delay_s(3, 0.0) == 2
    assert feed.retry_delay_s(1, 1.0, 60) == 60
    assert feed.retry_delay_s(1, 1.0, 1e9) == 900


@pytest.mark.parametrize("url", ["https://example.com/hook?x=1", "https://example.com:8443", "http://127.0.0.1:9/x"])
def test_addresses_a_feed_may_have(url: str) -> None:
    assert feed.check_url(url).hostname


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "https://",
        "http://example.com/",
        "https://user:secret@example.com/",
        "https://example.com/#x",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://example.com/" + "x" * 2000,
        "https://[::1",
        # A Host header and a certificate have the ASCII form (RFC 9110 section 7.2, RFC 5890): xn--...
        "https://b\u00fccher.example/",
    ],
)
def test_addresses_a_feed_may_not_have(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        feed.check_url(url)
    assert refused.value.field == "url"


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_reached(address: str) -> None:
    assert str(feed.check_address(address, (), plain=False)) == address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "ff02::1",
    ],
)
def test_addresses_inside_are_refused_unless_named(address: str) -> None:
    with pytest.raises(Invalid, match="not a public address"):
        feed.check_address(address, (), plain=False)


def test_a_named_network_is_reached_and_plain_http_stays_on_loopback() -> None:
    networks = feed.read_networks("10.0.0.0/8, 127.0.0.0/8,fd00::/8")
    assert networks == tuple(ipaddress.ip_network(n) for n in ("10.0.0.0/8", "127.0.0.0/8", "fd00::/8"))
    assert feed.check_address("10.9.9.9", networks, plain=False)
    assert feed.check_address("127.0.0.1", networks, plain=True)
    with pytest.raises(Invalid, match="loopback alone"):
        feed.check_address("10.9.9.9", networks, plain=True)
    with pytest.raises(Invalid, match="MUSTER_FEED_NETWORKS"):
        feed.read_networks("10.0.0.1/8")
