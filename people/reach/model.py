"""The nouns of reaching people beside an incident."""

from __future__ import annotations

from datetime import datetime, time
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

Permission: TypeAlias = Literal["granted", "denied", "not_asked"]
CriticalAlerts: TypeAlias = Literal["granted", "denied", "not_asked", "not_supported"]
BatteryMode: TypeAlias = Literal["unrestricted", "optimised", "restricted", "unknown"]
ContactKind: TypeAlias = Literal["mail", "sms", "wecom", "dingtalk", "feishu"]
TestOutcome: TypeAlias = Literal["accepted", "gone", "refused", "failed"]


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What the app last said of its phone; ``battery_level`` in percent."""

    tenant_id: UUID
    device_id: UUID
    reported_at: datetime
    notifications: Permission
    critical_alerts: CriticalAlerts
    battery: BatteryMode
    battery_level: int | None
    app_version: str
    os_version: str


class PhoneFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known about whether one phone will ring; None: nobody ever said."""

    account_id: UUID
    device_id: UUID
    label: str
    platform: str
    push_token_state: str
    push_token_at: datetime | None
    last_seen_at: datetime
    reported_at: datetime | None
    notifications: Permission | None
    critical_alerts: CriticalAlerts | None
    battery: BatteryMode | None
    battery_level: int | None
    tested_at: datetime | None
    test_received_at: datetime | None


class ContactPoint(msgspec.Struct, frozen=True):
    """An address of a person beside their phone; ``dead_at``: its service said it does not exist."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    kind: ContactKind
    address: str
    dead_at: datetime | None
    created_at: datetime


class MessageServiceRow(msgspec.Struct, frozen=True):
    """How a tenant sends one kind of message; ``url`` holds the provider's secret."""

    tenant_id: UUID
    kind: ContactKind
    url: str
    enabled: bool
    version: int
    created_at: datetime


class QuietTime(msgspec.Struct, frozen=True):
    """When not to disturb: daily between two times of a zone, or once between two moments."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    daily_from: time | None
    daily_until: time | None
    tz: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    created_at: datetime


class CommTest(msgspec.Struct, frozen=True):
    """A test of communications; answers count until ``ends_at``."""

    tenant_id: UUID
    id: UUID
    schedule_id: UUID | None
    started_by: UUID | None
    started_at: datetime
    ends_at: datetime


class CommTestMessage(msgspec.Struct, frozen=True):
    """One test message to one address; ``accepted`` of a service says nothing about the phone."""

    tenant_id: UUID
    id: UUID
    test_id: UUID
    account_id: UUID
    device_id: UUID
    channel: str
    due_at: datetime | None
    attempts: int
    sent_at: datetime | None
    outcome: TestOutcome | None
    code: str | None
    received_at: datetime | None
    seen_at: datetime | None


class CommTestSchedule(msgspec.Struct, frozen=True):
    """Tests by themselves; ``rule`` is an RRULE (RFC 5545) in the local time of ``tz`` from ``first_at`` on."""

    tenant_id: UUID
    id: UUID
    rule: str
    tz: str
    first_at: datetime
    next_at: datetime | None
    enabled: bool
    version: int
    created_at: datetime
