"""Web Push as a channel of the courier: our own key, the browser's encryption, the push service's answer.

Its truth about receipts: 201 means that the push service has it (RFC 8030 section 5); whether a browser showed it is
said by the service worker alone, over our own line.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core.clock import Clock, SystemClock
from core.errors import Invalid
from core.metrics import counter
from core.outlet import Output, release
from incidents.reaching.delivery import QUOTA_PAUSE_S
from people.reach.subscription import read_subscription
from realtime.channels import SEND_TIMEOUT_S, Notice, Outcome, Target, read_retry_after
from realtime.web_push_message import (
    ASSERTION_LIFE,
    assertion,
    build_headers,
    build_payload,
    encrypt,
    origin,
)

SENT = counter("web_push_sends", "Sends to push services of browsers, by what became of them.", ("outcome", "code"))

# Origins whose assertion is kept: there are four push services of browsers, and tests.
ASSERTIONS_MAX = 32
# An assertion is renewed this long before it ends.
RENEW_BEFORE = timedelta(hours=1)


def load_vapid_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The server's key for Web Push, made at the first call; every process of the installation has the same.

    A new key makes every browser's subscription worthless, so it is never replaced by itself. Raises Invalid.
    """
    path = folder / "web_push.pem"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        _put(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except ValueError as problem:
        raise Invalid("web_push.key", f"{path} holds no key: {problem}", field=str(path)) from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise Invalid("web_push.key", f"{path} holds no P-256 key", field=str(path))
    return key


def _put(path: Path, pem: bytes) -> None:
    """Whole or not at all, and the first of two processes wins."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


class WebPush:
    """The channel."""

    name = "web_push"

    def __init__(
        self,
        http: httpx.AsyncClient,
        key: ec.EllipticCurvePrivateKey,
        *,
        subject: str,
        hosts: tuple[str, ...],
        details: bool,
        clock: Clock,
    ) -> None:
        self._http = http
        self._key = key
        self._subject = subject
        self._hosts = hosts
        self._details = details
        self._clock = clock
        self._assertions: dict[str, tuple[datetime, str]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        key: ec.EllipticCurvePrivateKey,
        *,
        subject: str,
        hosts: tuple[str, ...],
        details: bool = False,
        clock: Clock | None = None,
    ) -> AsyncIterator[WebPush]:
        """``subject``: mailto: or https: of whoever answers for this installation (RFC 8292 section 2.1)."""
        async with httpx.AsyncClient(timeout=SEND_TIMEOUT_S, follow_redirects=False) as http:
            yield cls(http, key, subject=subject, hosts=hosts, details=details, clock=clock or SystemClock())

    async def send(self, notice: Notice, target: Target) -> Outcome:
        """Send to one browser; every refusal and silence is an outcome."""
        release(Output.PERSON, exercise=notice.exercise)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                outcome = await self._send(notice, target)
        except Invalid as problem:
            # Accepted once, and not by today's settings or library: this browser is not reached this way any more.
            outcome = Outcome("gone", code=problem.code)
        except httpx.InvalidURL:
            outcome = Outcome("gone", code="web_push.subscription")
        except (TimeoutError, httpx.TimeoutException):
            outcome = Outcome("failed", code="timeout")
        except httpx.HTTPError as problem:
            outcome = Outcome("failed", code=type(problem).__name__)
        SENT.labels(outcome.kind, outcome.code or "").inc()
        return outcome

    async def _send(self, notice: Notice, target: Target) -> Outcome:
        subscription = read_subscription(target.address, self._hosts)
        body = encrypt(subscription, build_payload(notice, target, details=self._details))
        headers = {**build_headers(notice), "Authorization": self._authorise(subscription.endpoint)}
        answer = await self._http.post(subscription.endpoint, content=body, headers=headers)
        return read_answer(answer.status_code, answer.headers, self._clock.now())

    def _authorise(self, endpoint: str) -> str:
        now, where = self._clock.now(), origin(endpoint)
        known = self._assertions.get(where)
        if known is not None and now < known[0] <= now + ASSERTION_LIFE:
            return known[1]
        if len(self._assertions) >= ASSERTIONS_MAX:
            self._assertions.clear()
        made = assertion(self._key, endpoint, self._subject, now)
        self._assertions[where] = (now + ASSERTION_LIFE - RENEW_BEFORE, made)
        return made


def read_answer(status: int, headers: httpx.Headers, now: datetime) -> Outcome:
    """What a push service's status means (RFC 8030 sections 5, 7.3, 8.4; RFC 8292 section 4.2)."""
    if status in (200, 201, 202):
        return Outcome("accepted", message_id=headers.get("location"))
    code = f"http_{status}"
    if status in (404, 410):
        return Outcome("gone", code=code)
    if status in (401, 403):
        # Our key, not the browser's: an operator's matter, and the next try may find it mended.
        return Outcome("failed", code="auth")
    if status == 429 or status >= 500:
        wait_s = read_retry_after(headers.get("retry-after", ""), now)
        return Outcome("failed", code=code, retry_after_s=QUOTA_PAUSE_S if status == 429 and wait_s is None else wait_s)
    return Outcome("refused", code=code)
