"""Muster's HTTP interface as the terminal's tools use it: sign-in, refresh, requests; a problem becomes one sentence.

Raises the five kinds of ``core.errors`` as the server meant them, Unavailable when it does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import msgspec

from core.errors import Conflict, Forbidden, Invalid, MusterError, NotFound, Unavailable
from mobile_contract.people import Locale, RefreshRequest, SessionView, SignInDevice, SignInRequest
from mobile_contract.problems import Problem

SIGN_IN = "/v1/sign-in"
REFRESH = "/v1/refresh"
# A person waits for it; a plant's network answers within a second or not at all.
TIMEOUT_S = 10.0

T = TypeVar("T")
_KINDS: dict[int, type[MusterError]] = {
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: Unavailable,
}


def is_loopback(url: str) -> bool:
    """The address is this machine: a proxy of the environment has no business between."""
    return (urlsplit(url).hostname or "") in ("127.0.0.1", "::1", "localhost")


class Client:
    """One server, one signed-in person; ``session`` is None before ``sign_in``."""

    def __init__(self, url: str, locale: Locale = "en", transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self.session: SessionView | None = None
        self._http = httpx.AsyncClient(
            base_url=self.url,
            timeout=TIMEOUT_S,
            headers={"Accept-Language": locale},
            transport=transport,
            trust_env=not is_loopback(self.url),
        )
        self._locale = locale

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def sign_in(
        self, tenant: str, login: str, password: str, *, label: str, device: UUID | None = None
    ) -> SessionView:
        """Sign in by password on this terminal; ``device`` keeps being the same device."""
        asked = SignInRequest(tenant, login, password, SignInDevice(label, "terminal", self._locale, device))
        self.session = await self._send("POST", SIGN_IN, SessionView, asked, signed_in=False)
        return self.session

    async def refresh(self, refresh_token: str, device: UUID) -> SessionView:
        """A new pair of tokens. The old one is spent: keep the answer before anything else."""
        asked = RefreshRequest(refresh_token, device)
        self.session = await self._send("POST", REFRESH, SessionView, asked, signed_in=False)
        return self.session

    async def get(self, path: str, kind: type[T], **query: str | int) -> T:
        """GET as the signed-in person."""
        return await self._send("GET", path, kind, None, query=query)

    async def post(self, path: str, body: msgspec.Struct | dict[str, Any], kind: type[T], *, key: str = "") -> T:
        """POST as the signed-in person; ``key`` is the Idempotency-Key of a repeated try."""
        return await self._send("POST", path, kind, body, headers={"Idempotency-Key": key or str(uuid4())})

    async def put(self, path: str, body: msgspec.Struct, kind: type[T]) -> T:
        """PUT as the signed-in person."""
        return await self._send("PUT", path, kind, body)

    async def patch(self, path: str, body: msgspec.Struct, kind: type[T], *, version: int) -> T:
        """Edit as the signed-in person what was seen in this version; raises Conflict when it has changed since."""
        return await self._send("PATCH", path, kind, body, headers={"If-Match": f'"{version}"'})

    async def delete(self, path: str) -> None:
        """DELETE as the signed-in person."""
        await self._send("DELETE", path, type(None), None)

    async def _send(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: msgspec.Struct | dict[str, Any] | None,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: dict[str, str] | None = None,
        signed_in: bool = True,
    ) -> T:
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        if signed_in and self.session is not None:
            sent["Authorization"] = f"Bearer {self.session.access_token}"
        content = None if body is None else msgspec.json.encode(body)
        try:
            answer = await self._http.request(method, path, params=query, headers=sent, content=content)
        except httpx.TransportError as problem:
            raise Unavailable(
                "client.no_answer", f"no answer from {self.url}: {problem}", f"{self.url} 无应答：{problem}"
            ) from problem
        if answer.is_success:
            return _decode(answer, kind)
        raise error_of(answer.status_code, answer.content)


def _decode(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content or b"null", type=kind)
    except msgspec.MsgspecError as problem:
        raise Unavailable("client.answer", f"{answer.request.url} answered what it should not: {problem}") from problem


def error_of(status: int, content: bytes) -> MusterError:
    """The error a refused request means; a body that is no problem document still names its status."""
    kind = _KINDS.get(status, Unavailable if status >= 500 else Invalid)
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except msgspec.MsgspecError:
        return kind(f"http.{status}", f"the server answered {status}")
    where = f" ({problem.field})" if problem.field else ""
    return kind(problem.code, f"{problem.detail}{where}", field=problem.field, value=problem.value, limit=problem.limit)
