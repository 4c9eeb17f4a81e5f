"""One HTTP POST to a feed: to an address that was judged, without redirects, bounded in time and in what is read."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import msgspec

from core.errors import Invalid
from core.outlet import Output, Released
from incidents.record.feed import Network, check_address, check_url

# A receiver stores and answers; what takes longer is done after its answer.
POST_TIMEOUT_S = 10.0
# Of an answer only its first words are kept, for whoever looks why it failed.
ANSWER_MAX_BYTES = 500


class Answer(msgspec.Struct, frozen=True):
    """What came back; ``status`` None: nothing did, and ``error`` says why."""

    status: int | None
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Poster:
    """Posts to the addresses it may reach: public ones, and those in ``networks``."""

    def __init__(self, client: httpx.AsyncClient, networks: Sequence[Network]) -> None:
        self._client = client
        self._networks = tuple(networks)

    @classmethod
    def open(cls, networks: Sequence[Network]) -> AbstractAsyncContextManager[Poster]:
        """A poster with a client of its own: no proxies of the environment, no redirects, certificates checked."""
        return _open(cls, networks)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, released: Released) -> Answer:
        """Send once; every refusal and silence is an answer. ``released``: without leave there is nothing to send."""
        assert released.output is Output.FEED
        try:
            async with asyncio.timeout(POST_TIMEOUT_S):
                return await self._post(url, headers, body)
        except TimeoutError:
            return Answer(None, f"no answer within {POST_TIMEOUT_S:.0f} s")
        except Invalid as problem:
            return Answer(None, problem.en)
        except (httpx.HTTPError, OSError, ssl.SSLError, ValueError) as problem:
            return Answer(None, f"{type(problem).__name__}: {problem}"[:ANSWER_MAX_BYTES])

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = check_url(url)
        host, plain = str(parts.hostname), parts.scheme == "http"
        address = await self._resolve(host, parts.port or (80 if plain else 443), plain=plain)
        # To the address that was judged, not to the name again: it could answer otherwise the second time.
        target = httpx.URL(url).copy_with(host=address)
        sent = {**headers, "Host": parts.netloc, "User-Agent": "Muster/1"}
        request = self._client.build_request(
            "POST", target, content=body, headers=sent, extensions={"sni_hostname": host}
        )
        response = await self._client.send(request, stream=True)
        try:
            text = "" if response.is_success else await _first_words(response)
        finally:
            await response.aclose()
        error = None if response.is_success else f"HTTP {response.status_code} {text}".strip()
        return Answer(response.status_code, error, _retry_after(response))

    async def _resolve(self, host: str, port: int, *, plain: bool) -> str:
        """One address of the host; raises Invalid when any of them may not be reached, OSError when it has none."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [check_address(str(entry[4][0]), self._networks, plain=plain) for entry in found]
        return str(addresses[0])


@asynccontextmanager
async def _open(cls: type[Poster], networks: Sequence[Network]) -> Any:
    # No connection is kept: the next to the same address may be for another name, whose certificate nobody has seen.
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        follow_redirects=False, trust_env=False, timeout=POST_TIMEOUT_S, limits=limits
    ) as client:
        yield cls(client, networks)


async def _first_words(response: httpx.Response) -> str:
    words = b""
    async for chunk in response.aiter_raw():
        words += chunk
        if len(words) >= ANSWER_MAX_BYTES:
            break
    text = words[:ANSWER_MAX_BYTES].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds (RFC 9110 section 10.2.3); a date is not worth reading for what is bounded to minutes."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 8 else None
