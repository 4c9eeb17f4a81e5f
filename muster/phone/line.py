"""The phone's line to the live edge: connect, resume, keep alive, come back; what frames mean is `session`'s.

The rules are those of `mobile_contract.live`: back-off 0.5 s doubling to 15 s with jitter, a heartbeat, a dead line
after two of them, and what each close code asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from core.clock import Clock
from core.errors import MusterError
from core.logging import get_logger
from mobile_contract import live
from mobile_contract.text import Text
from muster.client import is_loopback
from muster.phone.access import Access, is_passing
from muster.phone.model import Change, Write
from muster.phone.session import RESEND_AFTER_S, Phone
from muster.phone.view import LineState

log = get_logger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
# A handshake over a bad mobile line takes seconds; past this the next attempt has better chances.
OPEN_WITHIN_S = 10.0
# A snapshot has at most 200 messages of 12 kB, and what else the room holds.
FRAME_MAX_BYTES = 16 * 1024 * 1024
# Closing is a courtesy: the server keeps nothing that a vanished socket would lose.
CLOSE_WITHIN_S = 1.0
# The access token is renewed this long before its end, or at half its life when that is shorter.
RENEW_BEFORE_S = 60.0
# RFC 6455 section 7.4.1: the protocol's own "too big", from a frame no session has seen.
_TOO_BIG = 1009

_NO_ANSWER = Text("服务器无应答", "no answer from the server")
_DEAD = Text("线路无响应", "the line is dead")
_WHY: dict[int, Text] = {
    live.CloseCode.SIGNED_OUT: Text("需要重新登录", "signed out"),
    live.CloseCode.TOKEN_EXPIRED: Text("令牌已过期,正在续期", "the token is over, renewing"),
    live.CloseCode.SLOW_READER: Text("读取过慢,正在续接", "reading too slowly, resuming"),
    live.CloseCode.GOING_DOWN: Text("服务器正在停止,正在续接", "the server stops, resuming"),
    live.CloseCode.PROTOCOL_ERROR: Text("服务器不接受此手机的内容", "the server refuses what this phone says"),
    live.CloseCode.TOO_BIG: Text("内容过大", "what this phone said is too big"),
}


def pause_s(attempt: int, chance: float) -> float:
    """The wait before attempt ``attempt`` (1 is the first repetition); ``chance`` in [0, 1) is the jitter."""
    longest: float = min(FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 10), LONGEST_PAUSE_S)
    return longest * (0.5 + chance / 2)


def live_url(url: str) -> str:
    """The socket's address beside the HTTP address."""
    return "ws" + url.removeprefix("http") + live.PATH


class Listener(msgspec.Struct, frozen=True):
    """Who is told: of changes, of the line's state, of writes that the server called a fault."""

    changed: Callable[[list[Change]], None]
    line: Callable[[LineState], None]
    set_aside: Callable[[list[Write]], None]


class Line:
    """One phone's connection, from start to quit."""

    def __init__(self, access: Access, phone: Phone, listener: Listener, clock: Clock, *, client: str) -> None:
        self._access = access
        self._phone = phone
        self._listener = listener
        self._clock = clock
        self._client = client
        self._attempt = 0
        self._refused = False
        self._written = asyncio.Event()
        self._hurry = asyncio.Event()

    def wake(self) -> None:
        """There is something to send."""
        self._written.set()

    def hurry(self) -> None:
        """Something rang: do not wait out the pause."""
        self._hurry.set()

    async def run(self) -> None:
        """Stay connected until cancelled; raises MusterError when the server does not let this person in."""
        while True:
            why = await self._once()
            self._phone.lost()
            self._attempt += 1
            self._listener.line(LineState(False, why, self._clock.now()))
            self._hurry.clear()
            # Not for cryptography: phones must not all come back in one moment.
            await _wait(self._hurry, pause_s(self._attempt, random.random()))  # noqa: S311

    async def _once(self) -> Text:
        """One connection, from the token to the end; why it ended."""
        try:
            token = await self._access.token()
        except MusterError as problem:
            if not is_passing(problem):
                raise
            return Text(problem.zh, problem.en)
        url = self._access.client.url
        # True: what the environment says about proxies.
        proxy: Literal[True] | None = None if is_loopback(url) else True
        try:
            ws = await connect(
                live_url(url),
                compression=None,
                ping_interval=None,
                open_timeout=OPEN_WITHIN_S,
                close_timeout=CLOSE_WITHIN_S,
                max_size=FRAME_MAX_BYTES,
                proxy=proxy,
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidMessage) as problem:
            return Text(f"{_NO_ANSWER.zh}：{problem}", f"{_NO_ANSWER.en}: {problem}")
        async with ws:
            return await self._connected(ws, token)

    async def _connected(self, ws: ClientConnection, token: str) -> Text:
        with contextlib.suppress(ConnectionClosed):
            await ws.send(live.encode(self._phone.hello(token, self._client)).decode())
        welcome: asyncio.Future[live.Welcome] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(_while_open(work))
                for work in (self._send(ws, welcome), self._beat(ws, welcome), self._renew(ws, welcome))
            ]
            try:
                code = await self._receive(ws, welcome)
            finally:
                for task in beside:
                    task.cancel()
        return self._ended(code)

    async def _receive(self, ws: ClientConnection, welcome: asyncio.Future[live.Welcome]) -> int | None:
        """Read to the end; the server's close code, None when the line went without one."""
        silence_s = live.HELLO_TIMEOUT_S
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    text = await ws.recv()
            except TimeoutError:
                return None
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else None
            try:
                frame: live.ServerFrame = live.SERVER_DECODER.decode(text)
            except msgspec.MsgspecError as problem:
                # A frame of a newer server; an event among them is found missing and asked for.
                log.warning("phone.frame_unknown", error=str(problem))
                continue
            changes = self._phone.feed(frame, self._clock.now())
            if isinstance(frame, live.Welcome) and not welcome.done():
                silence_s = 2 * frame.heartbeat_s
                self._attempt, self._refused = 0, False
                self._listener.line(LineState(True, since=self._clock.now()))
                welcome.set_result(frame)
            self._listener.changed(changes)
            self._written.set()

    async def _send(self, ws: ClientConnection, welcome: asyncio.Future[live.Welcome]) -> None:
        await asyncio.shield(welcome)
        while True:
            self._written.clear()
            for frame in self._phone.outgoing(self._clock.now()):
                await ws.send(live.encode(frame).decode())
            await _wait(self._written, RESEND_AFTER_S)

    async def _beat(self, ws: ClientConnection, welcome: asyncio.Future[live.Welcome]) -> None:
        every_s = (await asyncio.shield(welcome)).heartbeat_s
        while True:
            await asyncio.sleep(every_s)
            await ws.send(live.encode(live.Here("active")).decode())

    async def _renew(self, ws: ClientConnection, welcome: asyncio.Future[live.Welcome]) -> None:
        """A newer access token over the open socket; without one the server closes with TOKEN_EXPIRED."""
        said = await asyncio.shield(welcome)
        # By the server's clock, so that a wrong one here does not matter.
        ahead, expires_at = said.now - self._clock.now(), said.expires_at
        failed = 0
        while True:
            life_s = (expires_at - self._clock.now() - ahead).total_seconds()
            await asyncio.sleep(pause_s(failed, 0.5) if failed else max(life_s - RENEW_BEFORE_S, life_s / 2))
            try:
                renewed = await self._access.renewed()
            except MusterError as problem:
                if not is_passing(problem):
                    return
                failed += 1
                continue
            failed, expires_at = 0, renewed.access_expires_at
            await ws.send(live.encode(live.Refresh(renewed.access_token)).decode())

    def _ended(self, code: int | None) -> Text:
        if code == live.CloseCode.TOKEN_EXPIRED:
            self._access.expire()
        elif code == live.CloseCode.SIGNED_OUT:
            # A refresh token may still be good (the signing keys were replaced); refused twice, it is not.
            if self._refused:
                self._access.forget()
            self._access.expire()
            self._refused = True
        elif code in (live.CloseCode.PROTOCOL_ERROR, live.CloseCode.TOO_BIG, _TOO_BIG):
            self._listener.set_aside(self._phone.set_aside_sent())
        log.info("phone.line_ended", code=code)
        return _DEAD if code is None else _WHY.get(code, Text(f"{_DEAD.zh} ({code})", f"{_DEAD.en} ({code})"))


async def _wait(event: asyncio.Event, at_most_s: float) -> None:
    # Not wait_for: in Python 3.11 it loses a cancellation that comes in the moment the event is set.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            await event.wait()


async def _while_open(work: Awaitable[None]) -> None:
    """Work beside the reader, who sees the end of the socket and its code."""
    with contextlib.suppress(ConnectionClosed):
        await work
