"""A device's own way in over HTTP: Basic (RFC 7617) with the login ``tenant/site/device`` and secret of the broker.

A device shows its secret with every request, so a secret that was right is remembered as a digest: it costs one look at
the table and no hashing, and revoking or renewing counts with the next request. Everything else is counted like a
person's sign-in before the secret is looked at, and costs the same whether the device exists or not.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import secrets
from collections import OrderedDict
from uuid import UUID

import msgspec

from core.database import Database
from core.device_secret import hash_secret, verify_secret
from core.errors import Forbidden, Unavailable
from people import rate_limit
from people.queries import find_tenant
from people.rate_limit import NOBODY, PER_ADDRESS, PER_LOGIN
from plant import service
from plant.queries import DeviceLogin

# Base64 of three slugs of 63 characters and a secret as long as a person's password may be.
_HEADER_MAX_CHARS = 600
_SLUG = r"[a-z0-9][a-z0-9-]{0,62}"
_LOGIN = re.compile(rf"({_SLUG})/({_SLUG})/({_SLUG})")
# Hashes at a time: half a millisecond each in a thread; more would take the processor from the alarms. It also bounds
# how many attempts of one address are counted and not yet given back, far below PER_ADDRESS.
VERIFYING_MAX = 4
# A whole plant's devices after a restart of ours; at some 400 a second the last waits five seconds.
WAITING_MAX = 2_000
# About 200 bytes each; the oldest goes, and is hashed again when it comes.
REMEMBERED_MAX = 20_000


class KnownDevice(msgspec.Struct, frozen=True):
    """The device behind a request."""

    tenant_id: UUID
    device_id: UUID


class Credentials(msgspec.Struct, frozen=True):
    """What the header said."""

    tenant: str
    site: str
    device: str
    secret: str

    @property
    def login(self) -> str:
        """As at the broker."""
        return f"{self.tenant}/{self.site}/{self.device}"


class DeviceLogins:
    """One a process: what it has seen proven, and how many it verifies at once."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        # What an unknown device's secret is verified against: nobody knows it.
        self._nobody = hash_secret(secrets.token_urlsafe(32))
        self._proven: OrderedDict[str, bytes] = OrderedDict()
        self._verifying = asyncio.Semaphore(VERIFYING_MAX)
        self._waiting = 0

    async def authenticate(self, db: Database, header: str | None, address: str) -> KnownDevice:
        """The device of an ``Authorization`` header. Raises Forbidden device.login_missing or device.login_refused,
        Unavailable sign_in.too_many or device.login_busy."""
        given = read_basic(header)
        tenant_id, known = await _look_up(db, given)
        stored = self._nobody if known is None else known.secret_hash
        digest = hmac.digest(self._key, f"{stored}\0{given.secret}".encode(), "sha256")
        proven = hmac.compare_digest(self._proven.get(given.login, b""), digest)
        if not (proven and known is not None) and not await self._verify(db, tenant_id, given, stored, address):
            known = None
        if tenant_id is None or known is None:
            raise login_refused()
        self._remember(given.login, digest)
        return KnownDevice(tenant_id, known.device_id)

    async def _verify(
        self, db: Database, tenant_id: UUID | None, given: Credentials, stored: str, address: str
    ) -> bool:
        """Whether the secret is right, counted; a refusal is told to the tenant's admin."""
        if self._waiting >= WAITING_MAX:
            raise Unavailable(
                "device.login_busy", "too many devices sign in at once", "同时登录的设备太多", retry_after_s=2.0
            )
        self._waiting += 1
        try:
            async with self._verifying:
                await _count(db, tenant_id or NOBODY, given.login, address)
                right = await asyncio.to_thread(verify_secret, given.secret, stored)
                await _settle(db, tenant_id or NOBODY, given, address, right=right)
        finally:
            self._waiting -= 1
        return right

    def _remember(self, login: str, digest: bytes) -> None:
        self._proven[login] = digest
        if len(self._proven) > REMEMBERED_MAX:
            self._proven.popitem(last=False)


async def _look_up(db: Database, given: Credentials) -> tuple[UUID | None, DeviceLogin | None]:
    """The tenant and the device's login; the same statements whether they exist or not."""
    async with db.transaction(None) as tx:
        tenant_id = await find_tenant(tx, given.tenant)
    async with db.transaction(tenant_id or NOBODY) as tx:
        return tenant_id, await service.find_device(tx, given.site, given.device)


async def _count(db: Database, owner: UUID, login: str, address: str) -> None:
    """Spend an attempt of the address and of the login; raises Unavailable when either has none left."""
    async with db.transaction(NOBODY) as tx:
        wait_s = await rate_limit.spend(tx, NOBODY, PER_ADDRESS, _address(address))
    rate_limit.refuse(PER_ADDRESS, wait_s)
    async with db.transaction(owner) as tx:
        wait_s = await rate_limit.spend(tx, owner, PER_LOGIN, login)
    if wait_s is not None:
        # One device with an old secret asks every second: it must not use up its whole plant's address.
        await _give_back_address(db, address)
    rate_limit.refuse(PER_LOGIN, wait_s)


async def _settle(db: Database, owner: UUID, given: Credentials, address: str, *, right: bool) -> None:
    async with db.transaction(owner) as tx:
        if right:
            await rate_limit.give_back(tx, owner, PER_LOGIN, given.login, PER_LOGIN.attempts + 1)
        else:
            await service.count_refused_login(tx, given.site, given.device)
    if right:
        await _give_back_address(db, address)


async def _give_back_address(db: Database, address: str) -> None:
    async with db.transaction(NOBODY) as tx:
        await rate_limit.give_back(tx, NOBODY, PER_ADDRESS, _address(address), 1)


def _address(address: str) -> str:
    # Apart from the people behind the same router: devices that fail must not lock them out, nor they the devices.
    return f"devices at {address}"


def read_basic(header: str | None) -> Credentials:
    """The login and secret of a header; raises Forbidden device.login_missing, device.login_refused."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic" or not encoded.strip():
        raise Forbidden(
            "device.login_missing",
            "a device signs in by HTTP Basic: tenant/site/device and its secret",
            "设备须以 HTTP Basic 登录：租户/站点/设备及其密钥",
            field="Authorization",
        )
    if len(encoded) > _HEADER_MAX_CHARS:
        raise login_refused()
    try:
        login, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as problem:
        raise login_refused() from problem
    parts = _LOGIN.fullmatch(login)
    if parts is None:
        raise login_refused()
    return Credentials(parts[1], parts[2], parts[3], secret)


def login_refused() -> Forbidden:
    """Unknown, revoked, or the wrong secret: all the same to the outside."""
    return Forbidden("device.login_refused", "device login or secret is wrong", "设备登录名或密钥不正确")
