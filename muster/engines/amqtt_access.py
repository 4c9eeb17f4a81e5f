"""The access rule inside amqtt: the same two files that mosquitto reads, looked at again when they change."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin

from core.device_secret import verify_secret
from muster.engines.access import GATEWAY, may, parse_acl, parse_passwords

_ACCESS = {Action.PUBLISH: "write", Action.SUBSCRIBE: "read", Action.RECEIVE: "read"}


class Access:
    """Who may sign in, and what each may read and write."""

    def __init__(self, passwords: Path, acl: Path) -> None:
        self._passwords = _Watched(passwords)
        self._acl = _Watched(acl)
        self._hashes: dict[str, str] = {}
        self._rights: dict[str, dict[str, str]] = {}

    async def signs_in(self, username: str | None, password: str | None, client_id: str | None) -> bool:
        """The password is the user's, and the client id the user's own: nobody takes over another's session."""
        if (text := self._passwords.changed()) is not None:
            self._hashes = parse_passwords(text)
        hashed = self._hashes.get(username or "")
        if username is None or password is None or hashed is None:
            return False
        own_id = "/" not in (client_id or "/") if username == GATEWAY else client_id == username
        # Off the loop: a thousand devices come back at once, and hashlib frees the interpreter's lock.
        return own_id and await asyncio.to_thread(verify_secret, password, hashed)

    def may(self, username: str | None, topic: str, action: Action) -> bool:
        """The access file's answer for one topic or filter."""
        if (text := self._acl.changed()) is not None:
            self._rights = parse_acl(text)
        return may(self._rights.get(username or "", {}), topic, _ACCESS[action])


class _Watched:
    """A file replaced whole from time to time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None

    def changed(self) -> str | None:
        """The text when it is not the one last seen."""
        now = os.stat(self._path)
        stamp = (now.st_mtime_ns, now.st_ino, now.st_size)
        if stamp == self._stamp:
            return None
        text = self._path.read_text(encoding="utf-8")
        self._stamp = stamp
        return text


class AccessPlugin(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc, unused-ignore]
    """amqtt's two questions, answered by Access."""

    @dataclass
    class Config:
        """Where the files are."""

        passwords: str
        acl: str

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.access = Access(Path(self.config.passwords), Path(self.config.acl))

    async def authenticate(self, *, session: Any) -> bool:
        """True when the login is right."""
        return await self.access.signs_in(session.username, session.password, session.client_id)

    async def topic_filtering(self, *, session: Any = None, topic: Any = None, action: Any = None) -> bool:
        """True when the session's user may; the broker asks for every publish, subscription and delivery."""
        return session is not None and self.access.may(session.username, topic, action)
