"""The nouns of people: account, phone, sign-in, refresh token."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from people.permissions import Role

Locale: TypeAlias = Literal["zh-CN", "en"]
Platform: TypeAlias = Literal["android", "ios", "web", "terminal"]
PushChannel: TypeAlias = Literal["fcm", "web_push"]
PushTokenState: TypeAlias = Literal["none", "active", "retired"]
RevokeReason: TypeAlias = Literal["signed_out", "reuse", "device_revoked", "account_disabled", "password"]


class Account(msgspec.Struct, frozen=True):
    """A person (or a device with a login of its own) in one tenant; ``version`` counts edits."""

    tenant_id: UUID
    id: UUID
    login: str
    display_name: str
    locale: Locale
    role: Role
    phone: str | None
    disabled_at: datetime | None
    version: int
    created_at: datetime


class PersonDevice(msgspec.Struct, frozen=True):
    """A phone of one account; its push address rings while ``push_token_state`` is active."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    label: str
    platform: Platform
    locale: Locale
    push_channel: PushChannel | None
    push_token: str | None
    push_token_state: PushTokenState
    last_seen_at: datetime
    revoked_at: datetime | None
    created_at: datetime


class SignIn(msgspec.Struct, frozen=True):
    """One sign-in on one device: the family its refresh tokens belong to."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    device_id: UUID
    signed_in_at: datetime
    ends_at: datetime
    revoked_at: datetime | None


class RefreshToken(msgspec.Struct, frozen=True):
    """One refresh token as stored: its hash and when it was used."""

    tenant_id: UUID
    id: UUID
    sign_in_id: UUID
    parent_id: UUID | None
    secret_hash: bytes
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None


class Standing(msgspec.Struct, frozen=True):
    """What a request's access token is worth now, by the tables."""

    role: Role
    disabled_at: datetime | None
    device_revoked_at: datetime | None
    sign_in_revoked_at: datetime | None

    @property
    def good(self) -> bool:
        """Neither the account, the device nor the sign-in was taken away."""
        return self.disabled_at is None and self.device_revoked_at is None and self.sign_in_revoked_at is None


class DeviceInHand(msgspec.Struct, frozen=True):
    """The device a person signs in on; ``id`` is what an earlier sign-in of the same account answered."""

    label: str
    platform: Platform
    locale: Locale
    id: UUID | None = None


class Session(msgspec.Struct, frozen=True):
    """The answer to a sign-in or a refresh; tokens are shown once and not stored."""

    account: Account
    device_id: UUID
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
