"""Passwords: argon2id, verified off the event loop, at the same cost whether the login exists or not.

Parameters are the OWASP Password Storage Cheat Sheet's first choice of equal strength for argon2id: m = 19 MiB,
t = 2, p = 1 (RFC 9106 section 4's second recommendation, m = 64 MiB, t = 3, p = 4, would take over three times the
memory for each of a whole shift that signs in at once). Salt 16 bytes, tag 32 bytes (RFC 9106 section 3.1).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid
from people.errors import sign_in_busy

T = TypeVar("T")

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
# OWASP ASVS 5.0 6.2.1: at least 8, 15 recommended; there is no second factor here, so nearer to the latter.
PASSWORD_MIN_CHARS = 12
# Bounds the bytes hashed; ASVS 6.2.9 asks that at least 64 be allowed.
PASSWORD_MAX_CHARS = 200
# Hashing is processor work: two at a time leave the rest of the machine to the alarms.
THREADS = 2
# At 30 ms a hash this is a wait of about a second; whoever comes later is told to try again.
WAITING_MAX = 64


class Passwords:
    """Hashes and verifies in a small pool of threads of its own."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, salt_len=16, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # What an unknown login is verified against: nobody knows its password.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        """The stored form; raises Invalid for a password that is too short or too long."""
        check_password(password)
        return await self._run(self._hasher.hash, password)

    async def hash_code(self, code: str) -> str:
        """The stored form of a short code; its bounds are the caller's, and so is a limit on guesses."""
        return await self._run(self._hasher.hash, code)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is right; None costs the same and is always wrong."""
        right = await self._run(self._verify, stored or self._nobody, password[:PASSWORD_MAX_CHARS])
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the stored hash was made with other parameters and should be made again."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *args: str) -> T:
        if self._waiting >= WAITING_MAX:
            raise sign_in_busy()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        finally:
            self._waiting -= 1


def check_password(password: str) -> None:
    """Raise Invalid unless the length is within bounds; composition rules are not asked for (ASVS 6.2.5)."""
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise Invalid(
            "password.length",
            f"a password has {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} characters",
            f"密码长度为 {PASSWORD_MIN_CHARS} 到 {PASSWORD_MAX_CHARS} 个字符",
            field="password",
            limit=[PASSWORD_MIN_CHARS, PASSWORD_MAX_CHARS],
        )
