"""Who the phone is to the server: signed in, tokens fresh, the refresh token on disk before it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import msgspec

from core.clock import Clock
from core.errors import Forbidden, MusterError
from mobile_contract.people import SessionView
from muster.client import Client
from muster.phone.memory import MemoryFile

# An access token with less time than this is renewed first: a slow line takes its time for a handshake.
MARGIN = timedelta(seconds=30)
# Refusals of a token that is merely old.
_STALE = ("token.expired", "token.invalid", "token.revoked")

T = TypeVar("T")


class Person(msgspec.Struct, frozen=True):
    """Who signs in; ``password`` None: only a kept refresh token lets them in."""

    tenant: str
    login: str
    password: str | None
    label: str


class Access:
    """The signed-in session of one phone. Every method may raise Unavailable; Forbidden means: sign in anew."""

    def __init__(self, client: Client, memory: MemoryFile, person: Person, clock: Clock) -> None:
        self.client = client
        self._memory = memory
        self._person = person
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    @property
    def device(self) -> UUID | None:
        """What the server calls this phone."""
        return self._memory.kept.device

    @property
    def is_signed_out(self) -> bool:
        """Nothing that lets the person in is left."""
        return self.client.session is None and not self._memory.kept.refresh_token

    async def token(self) -> str:
        """An access token with time left."""
        async with self._one_at_a_time:
            session = self.client.session
            if session is None or session.access_expires_at - self._clock.now() < MARGIN:
                session = await self._new_session()
            return session.access_token

    async def renewed(self) -> SessionView:
        """A new session, before the old one ends."""
        async with self._one_at_a_time:
            return await self._new_session()

    def expire(self) -> None:
        """The server says the access token is over, whatever our clock says."""
        self.client.session = None

    def forget(self) -> None:
        """The server says we are signed out: the refresh token is worth nothing either."""
        self.client.session = None
        self._memory.kept.refresh_token = ""

    async def call(self, ask: Callable[[Client], Awaitable[T]]) -> T:
        """A request as this person; once more with a new token when the server calls ours old."""
        await self.token()
        try:
            return await ask(self.client)
        except Forbidden as problem:
            if problem.code not in _STALE:
                raise
        await self.renewed()
        return await ask(self.client)

    async def _new_session(self) -> SessionView:
        kept = self._memory.kept
        session = await self._refresh(kept.refresh_token, kept.device)
        if session is None:
            session = await self._sign_in()
        kept.account, kept.device, kept.locale = session.account.id, session.device, session.account.locale
        kept.refresh_token = session.refresh_token
        # The old refresh token is spent: a crash from here on must find the new one. A full disk must not keep an
        # order away: the next change tries again.
        try:
            self._memory.keep()
        except OSError as problem:
            self._memory.failed(problem)
        return session

    async def _refresh(self, refresh_token: str, device: UUID | None) -> SessionView | None:
        """None: there is no refresh token that the server takes."""
        if not refresh_token or device is None:
            return None
        try:
            return await self.client.refresh(refresh_token, device)
        except Forbidden:
            self.forget()
            return None

    async def _sign_in(self) -> SessionView:
        person = self._person
        if person.password is None:
            raise Forbidden(
                "phone.signed_out",
                f"{person.login} is signed out on this phone: start it again and give the password",
                f"{person.login} 在此手机上已退出登录：请重新启动并输入密码",
            )
        return await self.client.sign_in(
            person.tenant, person.login, person.password, label=person.label, device=self._memory.kept.device
        )


def is_passing(problem: MusterError) -> bool:
    """The same request may succeed later."""
    return problem.kind == "unavailable"
