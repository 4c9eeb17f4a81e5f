"""Sign-in, accounts, phones and the audit trail on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

Locale: TypeAlias = Literal["zh-CN", "en"]
Platform: TypeAlias = Literal["android", "ios", "web", "terminal"]
RoleName: TypeAlias = Literal["worker", "responder", "safety_officer", "admin", "auditor", "device", "camera"]
Slug: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Login: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._@-]{0,62}$")]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
Phone: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\+[1-9][0-9]{6,14}$")]
Password: TypeAlias = Annotated[str, msgspec.Meta(min_length=12, max_length=200)]


class SignInDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The device one signs in on. ``id``: what an earlier sign-in here answered, to stay the same device."""

    label: Name
    platform: Platform
    locale: Locale = "zh-CN"
    id: UUID | None = None


class SignInRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sign in by password at one plant's tenant."""

    tenant: Slug
    login: Login
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    device: SignInDevice


class RefreshRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh token for a new pair; send one at a time, and again (same token) when the answer was lost."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    device: UUID


class AccountView(msgspec.Struct, frozen=True):
    """An account; ``version`` is also its ETag."""

    id: UUID
    login: str
    display_name: str
    locale: Locale
    role: RoleName
    phone: str | None
    disabled: bool
    version: int
    created_at: datetime


class SessionView(msgspec.Struct, frozen=True):
    """Signed in: ``access_token`` goes into ``Authorization: Bearer``; keep ``refresh_token`` in the key store."""

    account: AccountView
    device: UUID
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


class Me(msgspec.Struct, frozen=True):
    """Who is signed in, and what they may do."""

    account: AccountView
    device: UUID | None
    permissions: list[str]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to create."""

    login: Login
    display_name: Name
    role: RoleName
    password: Password
    locale: Locale = "zh-CN"
    phone: Phone | None = None


class AccountEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of an account; fields left out stay. ``disabled`` signs it out everywhere."""

    display_name: Name | msgspec.UnsetType = msgspec.UNSET
    locale: Locale | msgspec.UnsetType = msgspec.UNSET
    role: RoleName | msgspec.UnsetType = msgspec.UNSET
    phone: Phone | msgspec.UnsetType | None = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    password: Password | msgspec.UnsetType = msgspec.UNSET


class PhoneView(msgspec.Struct, frozen=True):
    """A person's device; ``push`` says whether it can be rung: none, active or retired."""

    id: UUID
    account: UUID
    label: str
    platform: Platform
    locale: Locale
    push_channel: Literal["fcm", "web_push"] | None
    push: Literal["none", "active", "retired"]
    last_seen_at: datetime
    created_at: datetime


class PushAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where this phone is rung: an FCM registration token, or a Web Push subscription as JSON text."""

    channel: Literal["fcm", "web_push"]
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class AuditView(msgspec.Struct, frozen=True):
    """One act in the tenant's audit chain; ``hash`` covers it and everything before it."""

    id: UUID
    position: int
    at: datetime
    actor: UUID | None
    action: str
    subject_kind: str
    subject_id: str
    facts: dict[str, Any]
    hash: str
