"""FCM HTTP v1 through ``firebase-admin``, as a channel of the courier.

Two things of the library are replaced, both because an order can not wait for them:

* Its client repeats 500 and 503 up to four times by itself with doubling pauses (seconds of silence within the eight
  in which a receipt is awaited), and its address is a constant. ``_Messaging`` is the same service with one try and an
  address of our choice; there is no public option for either.
* It renews the access token by a blocking call inside the event loop. ``_AccessToken`` is renewed in a thread, before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import firebase_admin
import google.auth.credentials
import google.auth.exceptions
import google.auth.transport.requests
import msgspec
import requests
from firebase_admin import _http_client, _retry, exceptions, messaging
from google.oauth2 import service_account

from core.clock import Clock, SystemClock
from core.errors import Invalid, Unavailable
from core.ids import new_id
from core.logging import get_logger
from core.metrics import counter, gauge
from core.outlet import Output, release
from incidents.reaching.delivery import QUOTA_PAUSE_S
from realtime.channels import SEND_TIMEOUT_S, Notice, Outcome, Target, read_retry_after
from realtime.push_message import build_message

log = get_logger(__name__)

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
FCM_URL = "https://fcm.googleapis.com"
# One question to the token endpoint; within a send's time.
AUTH_TIMEOUT_S = 3.0

SENT = counter("push_sends", "Sends to FCM, by what became of them.", ("outcome", "code"))
AUTHORISED = gauge("push_authorised", "1 while our credentials for FCM are accepted, 0 after they were refused.")


class _AccessToken(google.auth.credentials.Credentials):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """The service account's access token, renewed off the event loop by ``renew``.

    A class of its own also keeps google-auth from asking iamcredentials.googleapis.com about regions in the background,
    which it does for every service account and which a plant without internet does not want.
    """

    def __init__(self, account: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self._account = account
        self._renewing = asyncio.Lock()

    def refresh(self, request: object) -> None:
        """What the library calls when FCM answers 401, in the event loop: never blocks, gives the token up."""
        self.token = None
        raise google.auth.exceptions.RefreshError("FCM refused the access token")  # type: ignore[no-untyped-call, unused-ignore]

    async def ready(self) -> None:
        """Return with a good token; raises google.auth's errors."""
        async with self._renewing:
            if not self.valid:
                await asyncio.to_thread(self._renew)

    def _renew(self) -> None:
        with requests.Session() as session:
            ask = google.auth.transport.requests.Request(session=session)  # type: ignore[no-untyped-call, unused-ignore]
            self._account.refresh(partial(ask, timeout=AUTH_TIMEOUT_S))
        self.token, self.expiry = self._account.token, self._account.expiry


class _Messaging(messaging._MessagingService):  # type: ignore[misc]
    """firebase-admin's messaging service at an address of our choice, trying once."""

    def __init__(self, app: Any, url: str) -> None:
        super().__init__(app)
        self._fcm_url = f"{url}/v1/projects/{app.project_id}/messages:send"
        self._async_client = _http_client.HttpxAsyncClient(
            credential=self._credential,
            retry_config=_retry.HttpxRetry(max_retries=0),
            timeout=SEND_TIMEOUT_S,
        )

    def close(self) -> None:
        """Called by delete_app, which would start an event loop here; ``aclose`` did the work."""

    async def aclose(self) -> None:
        self._client.close()
        await self._async_client.aclose()


class Fcm:
    """The push channel."""

    name = "fcm"

    def __init__(self, app: Any, token: _AccessToken, *, details: bool, clock: Clock) -> None:
        self._app = app
        self._token = token
        self._details = details
        self._clock = clock

    @classmethod
    @asynccontextmanager
    async def open(
        cls, credentials: Path, *, url: str = "", details: bool = False, clock: Clock | None = None
    ) -> AsyncIterator[Fcm]:
        """The channel for one service account; ``url`` empty means Google's. Raises Invalid for a bad file."""
        info = _read_account(credentials)
        token = _AccessToken(service_account.Credentials.from_service_account_info(info, scopes=[SCOPE]))  # type: ignore[no-untyped-call, unused-ignore]
        options = {"projectId": info["project_id"], "httpTimeout": SEND_TIMEOUT_S}
        app = firebase_admin.initialize_app(token, options, name=f"muster-{new_id()}")
        service = app._get_service(messaging._MESSAGING_ATTRIBUTE, lambda made: _Messaging(made, url or FCM_URL))
        try:
            yield cls(app, token, details=details, clock=clock or SystemClock())
        finally:
            await service.aclose()
            firebase_admin.delete_app(app)

    async def send(self, notice: Notice, target: Target) -> Outcome:
        """Send to one device; every refusal and silence is an outcome."""
        release(Output.PERSON, exercise=notice.exercise)
        message = build_message(notice, target, details=self._details)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                outcome = await self._send(message)
        except TimeoutError:
            outcome = Outcome("failed", code="timeout")
        SENT.labels(outcome.kind, outcome.code or "").inc()
        if outcome.code != "auth":
            AUTHORISED.set(1)
        else:
            AUTHORISED.set(0)
            log.error("push.not_authorised", delivery=str(notice.delivery))
        return outcome

    async def check(self) -> None:
        """Health: raises Unavailable when the account gets no access token."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._token.ready()
        except (TimeoutError, google.auth.exceptions.GoogleAuthError) as problem:
            raise Unavailable("push.not_authorised", f"no access token for FCM: {problem}") from problem

    async def _send(self, message: Any) -> Outcome:
        for last in (False, True):
            try:
                await self._token.ready()
                batch = await messaging.send_each_async([message], app=self._app)
            except google.auth.exceptions.GoogleAuthError as problem:
                return _not_authorised(problem)
            except exceptions.FirebaseError as problem:
                if not isinstance(problem.cause, google.auth.exceptions.RefreshError):
                    return Outcome("failed", code=_code(problem))
                if last:
                    return Outcome("failed", code="auth")
                continue  # the token was refused and given up: once more with a new one
            response = batch.responses[0]
            if response.success:
                return Outcome("accepted", message_id=response.message_id)
            return self._refusal(response.exception)
        raise AssertionError("unreachable")

    def _refusal(self, problem: Any) -> Outcome:
        code = _code(problem)
        if isinstance(problem, messaging.UnregisteredError | messaging.SenderIdMismatchError):
            return Outcome("gone", code=code)
        if isinstance(problem, exceptions.InvalidArgumentError):
            return Outcome("gone" if _about_token(problem) else "refused", code=code)
        auth = (messaging.ThirdPartyAuthError, exceptions.UnauthenticatedError, exceptions.PermissionDeniedError)
        if isinstance(problem, auth):
            return Outcome("failed", code="auth")
        wait_s = self._retry_after_s(problem)
        if wait_s is None and isinstance(problem, exceptions.ResourceExhaustedError):
            wait_s = QUOTA_PAUSE_S
        return Outcome("failed", code=code, retry_after_s=wait_s)

    def _retry_after_s(self, problem: Any) -> float | None:
        text = getattr(problem.http_response, "headers", {}).get("retry-after", "")
        return read_retry_after(text, self._clock.now())


def _not_authorised(problem: Any) -> Outcome:
    """The token endpoint says no (auth), or does not answer."""
    refused = isinstance(problem, google.auth.exceptions.RefreshError) and not problem.retryable
    return Outcome("failed", code="auth" if refused else "token_endpoint")


def _details_of(problem: Any) -> tuple[str, list[dict[str, Any]]]:
    try:
        error = msgspec.json.decode(problem.http_response.content)["error"]
        return str(error.get("message", "")), list(error.get("details", []))
    except (AttributeError, KeyError, TypeError, msgspec.DecodeError):
        return "", []


def _code(problem: Any) -> str:
    """FCM's own errorCode where it gave one, else the platform's status in lower case."""
    _, details = _details_of(problem)
    for detail in details:
        if str(detail.get("@type", "")).endswith("FcmError"):
            return str(detail.get("errorCode", problem.code))
    return str(problem.code).lower()


def _about_token(problem: Any) -> bool:
    """INVALID_ARGUMENT means a bad token as well as a bad message of ours; only the first may retire a token."""
    text, details = _details_of(problem)
    fields = [v.get("field", "") for detail in details for v in detail.get("fieldViolations", [])]
    return "message.token" in fields or (not fields and "registration token" in text)


def _read_account(path: Path) -> dict[str, str]:
    try:
        info = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError) as problem:
        raise Invalid(
            "settings.invalid", f"{path} is not a service-account key: {problem}", field="MUSTER_PUSH_CREDENTIALS"
        ) from problem
    missing = {"project_id", "client_email", "private_key", "token_uri"} - info.keys()
    if missing:
        raise Invalid(
            "settings.invalid",
            f"{path} has no {', '.join(sorted(missing))}",
            field="MUSTER_PUSH_CREDENTIALS",
            value=str(path),
        )
    return info
