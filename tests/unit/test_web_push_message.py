"""Web Push by its RFCs: the browser reads what we wrote, and nobody makes us call an address of their choice."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import http_ece
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import Invalid
from core.ids import new_id
from mobile_contract.text import Text
from people.reach.subscription import Keys, Subscription, decode, encode, read_subscription
from realtime.channels import Notice, Target
from realtime.web_push_message import (
    PLAIN_MAX_BYTES,
    assertion,
    build_headers,
    build_payload,
    encrypt,
    public_key,
)

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOSTS = ("push.example", ".services.example", "127.0.0.1")
# RFC 8291 appendix A: a browser's subscription and what an application server sent to it.
RFC_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RFC_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
RFC_AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
RFC_BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7"
    "A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
RFC_PLAIN = b"When I grow up, I want to be a watermelon"


def browser_key() -> ec.EllipticCurvePrivateKey:
    scalar = int.from_bytes(base64.urlsafe_b64decode(RFC_PRIVATE + "="))
    return ec.derive_private_key(scalar, ec.SECP256R1())


def notice(**changes: Any) -> Notice:
    facts: dict[str, Any] = {
        "delivery": new_id(),
        "key": new_id().hex,
        "task": new_id(),
        "incident": new_id(),
        "room": new_id(),
        "grade": 2,
        "exercise": False,
        "title": Text("泄漏", "Leak"),
        "place": Text("三号厂房", "Hall 3"),
        "sent_at_ms": 1,
    }
    return Notice(**(facts | changes))


def subscription(endpoint: str = "https://push.example/send/1") -> str:
    return msgspec.json.encode({"endpoint": endpoint, "keys": {"p256dh": RFC_PUBLIC, "auth": RFC_AUTH}}).decode()


def test_the_example_of_the_rfc_is_read_with_the_library_we_write_with() -> None:
    body = decode(RFC_BODY)
    read = http_ece.decrypt(body, private_key=browser_key(), auth_secret=decode(RFC_AUTH), version="aes128gcm")
    assert read == RFC_PLAIN


def test_the_browser_reads_what_we_wrote_and_no_two_bodies_are_alike() -> None:
    to = read_subscription(subscription(), HOSTS)
    bodies = [encrypt(to, RFC_PLAIN) for _ in range(2)]
    assert bodies[0] != bodies[1]
    for body in bodies:
        assert RFC_PLAIN not in body
        read = http_ece.decrypt(body, private_key=browser_key(), auth_secret=decode(RFC_AUTH), version="aes128gcm")
        assert read == RFC_PLAIN


def test_the_largest_body_fits_and_one_more_byte_is_refused() -> None:
    to = Subscription("https://push.example/1", Keys(RFC_PUBLIC, RFC_AUTH))
    assert len(encrypt(to, b"x" * PLAIN_MAX_BYTES)) <= 4096
    with pytest.raises(Invalid) as caught:
        encrypt(to, b"x" * (PLAIN_MAX_BYTES + 1))
    assert (caught.value.value, caught.value.limit) == (PLAIN_MAX_BYTES + 1, PLAIN_MAX_BYTES)


def test_who_sends_is_signed_for_the_services_origin() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    header = assertion(key, "https://push.example:8443/send/1?x=1", "mailto:a@example.com", NOW)
    token, shown = header.removeprefix("vapid t=").split(", k=")
    assert shown == public_key(key)
    claims = jwt.decode(
        token,
        key.public_key(),
        algorithms=["ES256"],
        audience="https://push.example:8443",
        options={"verify_exp": False},
    )
    assert claims["sub"] == "mailto:a@example.com"
    assert NOW < datetime.fromtimestamp(claims["exp"], UTC) <= NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "https://evil.example/1",
        "https://push.example.evil.example/1",
        "https://evilservices.example/1",
        "https://user:pass@push.example/1",
        "https://push.example:notaport/1",
        "https://10.0.0.1/1",
        "https://[::1/1",
        "file:///etc/passwd",
        "https://push.example/" + "x" * 2000,
    ],
)
def test_an_address_that_is_no_push_service_of_ours_is_refused(endpoint: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_subscription(subscription(endpoint), HOSTS)
    assert (caught.value.code, caught.value.field) == ("web_push.subscription", "token")


@pytest.mark.parametrize("endpoint", ["https://a.services.example/1", "http://127.0.0.1:9/1"])
def test_a_host_below_an_allowed_one_and_a_service_beside_us_are_taken(endpoint: str) -> None:
    assert read_subscription(subscription(endpoint), HOSTS).endpoint == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "null",
        '{"endpoint":"https://push.example/1","keys":{"p256dh":"AAAA","auth":"AAAA"}}',
        f'{{"endpoint":"https://push.example/1","keys":{{"p256dh":"{RFC_PUBLIC}","auth":"AAAA"}}}}',
        f'{{"endpoint":"https://push.example/1","keys":{{"p256dh":"é","auth":"{RFC_AUTH}"}}}}',
    ],
)
def test_a_subscription_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_subscription(text, HOSTS)


def test_the_lock_screen_says_that_there_is_an_order_and_nothing_else() -> None:
    sent = notice()
    shown = msgspec.json.decode(build_payload(sent, Target(new_id(), "", "en"), details=False))
    assert (shown["title"], shown["body"]) == ("Urgent order", "Open it now and answer")
    assert (shown["data"]["delivery"], shown["tag"]) == (str(sent.delivery), sent.key)
    assert "Leak" not in str(shown)


def test_details_are_shown_where_the_plant_allows_them_and_an_exercise_says_so() -> None:
    target = Target(new_id(), "", "en")
    shown = msgspec.json.decode(build_payload(notice(exercise=True), target, details=True))
    assert (shown["title"], shown["body"]) == ("Exercise: urgent order · Leak", "Hall 3")
    assert shown["data"]["exercise"] == "1"


def test_a_test_of_communications_asks_for_nothing() -> None:
    shown = msgspec.json.decode(build_payload(notice(type="test"), Target(new_id(), "", "zh-CN"), details=True))
    assert (shown["title"], shown["data"]["type"]) == ("通信测试", "test")


def test_a_reminder_to_check_in_says_what_happens_without_an_answer_and_no_place() -> None:
    shown = msgspec.json.decode(build_payload(notice(type="check_in"), Target(new_id(), "", "en"), details=True))
    assert (shown["title"], shown["data"]["type"]) == ("Check in", "check_in")
    assert shown["body"] == "Open the app and tap, or somebody is sent"


def test_a_repeat_replaces_what_still_waits_at_the_service() -> None:
    assert build_headers(notice(key="k" * 32))["Topic"] == "k" * 32
    assert "Topic" not in build_headers(notice(key="k" * 33))
    assert build_headers(notice())["Urgency"] == "high"


def test_base64url_without_padding() -> None:
    assert decode(encode(b"\xff\xfe\xfd\xfc")) == b"\xff\xfe\xfd\xfc"
    assert "=" not in encode(b"a")
