"""Web Push against a push service on a local port; what it gets is read as a browser reads it."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import http_ece
import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core.clock import ManualClock
from core.errors import Invalid
from core.ids import new_id
from mobile_contract.text import Text
from muster.demo.plain_http import Reply, Request, serve
from people.reach.subscription import encode
from realtime.channels import Notice, Target, read_retry_after
from realtime.web_push import WebPush, load_vapid_key, read_answer
from realtime.web_push_message import public_key

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
NOTICE = Notice(
    delivery=UUID(int=1),
    key=UUID(int=5).hex,
    task=UUID(int=2),
    incident=UUID(int=3),
    room=UUID(int=4),
    grade=2,
    exercise=False,
    title=Text(zh="丙酮泄漏", en="Acetone leak"),
    place=Text(zh="溶剂库", en="Solvent store"),
    sent_at_ms=1_764_000_000_000,
)
CREATED = Reply(201, None, {"location": "https://push.example/m/1"})


class Browser:
    """A browser with a subscription, and the push service it registered at."""

    def __init__(self, port: int) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"sixteen byte key"
        self.requests: list[Request] = []
        self.replies: list[Reply | None] = []
        keys = {"p256dh": public_key(self._key), "auth": encode(self._auth)}
        text = {"endpoint": f"http://127.0.0.1:{port}/send/1", "keys": keys}
        self.target = Target(new_id(), msgspec.json.encode(text).decode(), "zh-CN")

    async def answer(self, request: Request) -> Reply | None:
        self.requests.append(request)
        return self.replies.pop(0) if self.replies else CREATED

    def read(self, request: Request) -> Any:
        """What the service worker gets."""
        plain = http_ece.decrypt(request.body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        return msgspec.json.decode(plain)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    made: list[Browser] = []

    async def handle(request: Request) -> Reply | None:
        return await made[0].answer(request)

    async with serve(handle) as port:
        made.append(Browser(port))
        yield made[0]


@asynccontextmanager
async def channel(folder: Path, clock: ManualClock | None = None) -> AsyncIterator[WebPush]:
    key = load_vapid_key(folder)
    async with WebPush.open(
        key, subject="mailto:safety@example.com", hosts=("127.0.0.1",), clock=clock or ManualClock(NOW)
    ) as made:
        yield made


async def test_a_push_is_read_by_its_browser_alone_and_signed_by_us(tmp_path: Path) -> None:
    async with browser() as to, channel(tmp_path) as web_push:
        outcome = await web_push.send(NOTICE, to.target)
    assert (outcome.kind, outcome.message_id) == ("accepted", "https://push.example/m/1")
    [request] = to.requests
    assert "丙酮".encode() not in request.body
    assert to.read(request)["data"]["delivery"] == str(NOTICE.delivery)
    assert (request.headers["topic"], request.headers["urgency"]) == (NOTICE.key, "high")
    token, shown = request.headers["authorization"].removeprefix("vapid t=").split(", k=")
    key = load_vapid_key(tmp_path)
    assert shown == public_key(key)
    audience = to.target.address.split('"endpoint":"')[1].split("/send")[0]
    options: Any = {"verify_exp": False}
    assert jwt.decode(token, key.public_key(), algorithms=["ES256"], audience=audience, options=options)


@pytest.mark.parametrize(
    ("reply", "kind", "code", "retry_after_s"),
    [
        (Reply(410), "gone", "http_410", None),
        (Reply(404), "gone", "http_404", None),
        (Reply(403), "failed", "auth", None),
        (Reply(413), "refused", "http_413", None),
        (Reply(429), "failed", "http_429", 60.0),
        (Reply(429, None, {"retry-after": "7"}), "failed", "http_429", 7.0),
        (Reply(503, None, {"retry-after": "Mon, 02 Mar 2026 08:00:09 GMT"}), "failed", "http_503", 9.0),
        (Reply(503, None, {"retry-after": "soon"}), "failed", "http_503", None),
        (Reply(302, None, {"location": "http://10.0.0.1/"}), "refused", "http_302", None),
        (None, "failed", "RemoteProtocolError", None),
    ],
)
async def test_what_a_service_answers(
    tmp_path: Path, reply: Reply | None, kind: str, code: str, retry_after_s: float | None
) -> None:
    async with browser() as to, channel(tmp_path) as web_push:
        to.replies = [reply]
        outcome = await web_push.send(NOTICE, to.target)
    assert (outcome.kind, outcome.code, outcome.retry_after_s) == (kind, code, retry_after_s)
    assert len(to.requests) == 1


async def test_a_service_that_is_not_there_is_tried_again_and_a_bad_address_is_not(tmp_path: Path) -> None:
    async with browser() as to:
        target = to.target
    async with channel(tmp_path) as web_push:
        assert (await web_push.send(NOTICE, target)).kind == "failed"
        outcome = await web_push.send(NOTICE, Target(target.device_id, "https://evil.example/"))
    assert (outcome.kind, outcome.code) == ("gone", "web_push.subscription")


async def test_a_long_name_is_cut_and_does_not_cost_the_browser_its_address(tmp_path: Path) -> None:
    long = Text(zh="漏" * 2000, en="leak " * 1000)
    key = load_vapid_key(tmp_path)
    async with (
        browser() as to,
        WebPush.open(key, subject="mailto:a@b.example", hosts=("127.0.0.1",), details=True) as on,
    ):
        outcome = await on.send(msgspec.structs.replace(NOTICE, title=long, place=long), to.target)
    assert outcome.kind == "accepted"
    shown = to.read(to.requests[0])
    assert shown["title"].startswith("紧急任务 · 漏漏漏")
    assert shown["body"].endswith("漏…")


@pytest.mark.parametrize("tail", ["/a\x00b", "/a\nb", "/a b", "/\x7f"])
async def test_an_address_no_client_can_call_is_no_fault_of_ours(tmp_path: Path, tail: str) -> None:
    async with browser() as to, channel(tmp_path) as web_push:
        subscription = msgspec.json.decode(to.target.address)
        subscription["endpoint"] += tail
        target = Target(to.target.device_id, msgspec.json.encode(subscription).decode())
        outcome = await web_push.send(NOTICE, target)
    assert (outcome.kind, outcome.code) == ("gone", "web_push.subscription")


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        (b"\xb2", None),  # a digit to str.isdigit, and no number to float
        (b"7", 7.0),
        (b"Mon, 02 Mar 2026 08:00:09 -0000", None),  # a time without a zone (RFC 5322 section 3.3)
        (b"", None),
    ],
)
def test_whatever_a_service_says_of_patience_is_read(retry_after: bytes, wait_s: float | None) -> None:
    assert read_answer(503, httpx.Headers([(b"retry-after", retry_after)]), NOW).retry_after_s == wait_s
    assert read_retry_after(httpx.Headers([(b"retry-after", retry_after)])["retry-after"], NOW) == wait_s


async def test_the_signature_is_renewed_before_it_ends_and_when_the_clock_jumps_back(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with browser() as to, channel(tmp_path, clock) as web_push:
        for seconds in (0, 60, 11.5 * 3600, -20 * 3600):
            clock.advance(seconds)
            await web_push.send(NOTICE, to.target)
    said = [request.headers["authorization"] for request in to.requests]
    assert said[0] == said[1]
    assert len(set(said)) == 3


def test_the_key_is_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    first, again = load_vapid_key(tmp_path / "keys"), load_vapid_key(tmp_path / "keys")
    assert public_key(first) == public_key(again)
    assert stat.S_IMODE((tmp_path / "keys" / "web_push.pem").stat().st_mode) == 0o600


def test_a_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "web_push.pem").write_text("nothing")
    with pytest.raises(Invalid) as caught:
        load_vapid_key(tmp_path)
    assert "web_push.pem" in str(caught.value)


async def test_the_channel_waits_no_longer_than_a_send_may_take(tmp_path: Path) -> None:
    async with browser() as to, channel(tmp_path) as web_push:
        web_push._http = httpx.AsyncClient(transport=_Silent())
        outcome = await web_push.send(NOTICE, to.target)
        await web_push._http.aclose()
    assert (outcome.kind, outcome.code) == ("failed", "timeout")


class _Silent(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("nothing came", request=request)
