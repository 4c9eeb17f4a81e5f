"""Pushes for a phone in the terminal, from the demo's push service; a phone in a pocket gets them from the real one.

A push says only that there is an order and which (see `realtime.push_message`): what it asks for comes over the line.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec

from core.logging import get_logger
from muster.phone.model import Rung

log = get_logger(__name__)

# The service holds the question this long when there is nothing; see its WAIT_MAX_S.
WAIT_S = 50.0
# The answer's own way, on loopback.
ANSWER_WITHIN_S = 10.0
# The service is started again with everything else; nobody waits for a push sooner.
AGAIN_AFTER_S = 2.0


class _Push(msgspec.Struct, frozen=True):
    n: int
    message: dict[str, Any]


class _Pushes(msgspec.Struct, frozen=True):
    pushes: list[_Push]


class _Data(msgspec.Struct, frozen=True):
    """The data part of an order's push: FCM carries strings alone."""

    type: str
    delivery: UUID
    key: str
    room: UUID
    grade: int
    exercise: str
    sent_at_ms: int


def new_token() -> str:
    """A registration token as an app gets it from FCM: long, and nobody else's."""
    return f"terminal:{secrets.token_urlsafe(48)}"


def read_push(message: dict[str, Any]) -> Rung | None:
    """The order a push speaks of; None for a push about something else."""
    try:
        data = msgspec.convert(message.get("data"), _Data, strict=False)
    except msgspec.ValidationError as problem:
        log.warning("phone.push_unknown", error=str(problem))
        return None
    if data.type != "order":
        return None
    sent_at = datetime.fromtimestamp(data.sent_at_ms / 1000, UTC)
    return Rung(data.delivery, data.key, data.room, data.grade, sent_at, data.exercise == "1")


async def listen(find_url: Callable[[], str], token: str, ring: Callable[[Rung], None]) -> None:
    """Ring for each push until cancelled; ``find_url`` is asked again whenever the service went away."""
    after = 0
    timeout = httpx.Timeout(ANSWER_WITHIN_S, read=WAIT_S + ANSWER_WITHIN_S)
    async with httpx.AsyncClient(timeout=timeout, trust_env=False) as http:
        while True:
            try:
                for push in await _ask(http, find_url(), token, after):
                    after = push.n
                    rung = read_push(push.message)
                    if rung is not None:
                        ring(rung)
            except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError):
                # A service that was started anew counts from 1; what comes twice rings once.
                after = 0
                await asyncio.sleep(AGAIN_AFTER_S)


async def _ask(http: httpx.AsyncClient, url: str, token: str, after: int) -> list[_Push]:
    if not url:
        raise httpx.UnsupportedProtocol("no push service runs")
    query: dict[str, str | float] = {"token": token, "after": after, "wait_s": WAIT_S}
    answer = await http.get(f"{url}/control/pushes", params=query)
    answer.raise_for_status()
    return msgspec.json.decode(answer.content, type=_Pushes).pushes
