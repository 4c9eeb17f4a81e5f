"""Whether and how people can be reached, on the wire."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

ContactKind: TypeAlias = Literal["mail", "sms", "wecom", "dingtalk", "feishu"]
TzName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
# Of a place's wall clock: with an offset it would be another thing than its ``tz`` says.
LocalTime: TypeAlias = Annotated[time, msgspec.Meta(tz=False)]
Version: TypeAlias = Annotated[str, msgspec.Meta(max_length=50)]
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class ReadinessReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the phone one is signed in on is set, said by its app at each start and at each change."""

    notifications: Literal["granted", "denied", "not_asked"]
    critical_alerts: Literal["granted", "denied", "not_asked", "not_supported"]
    battery: Literal["unrestricted", "optimised", "restricted", "unknown"]
    battery_level: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    app_version: Version = ""
    os_version: Version = ""


class ProblemView(msgspec.Struct, frozen=True):
    """Why a phone may stay silent: it will not ring (``blocks``), or may not (``risks``)."""

    code: str
    severity: Literal["blocks", "risks"]
    text: Text


class PhoneReadinessView(msgspec.Struct, frozen=True, kw_only=True):
    """One phone of a person, and what is wrong with it."""

    device: UUID
    label: str
    platform: str
    last_seen_at: datetime
    reported_at: datetime | None
    tested_at: datetime | None
    test_received_at: datetime | None
    problems: list[ProblemView]


class PersonReadinessView(msgspec.Struct, frozen=True, kw_only=True):
    """One person's reach; ``ready`` is false as soon as something keeps every phone of theirs silent."""

    account: UUID
    login: str
    name: str
    on_duty: bool
    ready: bool
    problems: list[ProblemView]
    phones: list[PhoneReadinessView]


class WebPushKey(msgspec.Struct, frozen=True):
    """The server's public key for ``PushManager.subscribe`` (applicationServerKey), base64url."""

    key: str


class NewContactPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address to add; ``account`` left out means one's own."""

    kind: ContactKind
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    account: UUID | None = None


class ContactPointView(msgspec.Struct, frozen=True):
    """An address of a person; ``dead``: its service said that it does not exist."""

    id: UUID
    account: UUID
    kind: ContactKind
    address: str
    dead: bool
    created_at: datetime


class MessageServiceSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind of message is sent: an apprise address, ``{to}`` in place of the person's own."""

    kind: ContactKind
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    enabled: bool = True


class MessageServiceView(msgspec.Struct, frozen=True):
    """A service in use. Its address holds a secret and is not shown; ``scheme`` says what it is."""

    kind: ContactKind
    scheme: str
    enabled: bool
    version: int


class NewQuietTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Do not disturb daily (``daily_from``, ``daily_until``, ``tz``) or once (``starts_at``, ``ends_at``)."""

    account: UUID | None = None
    daily_from: LocalTime | None = None
    daily_until: LocalTime | None = None
    tz: TzName | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class QuietTimeView(msgspec.Struct, frozen=True, kw_only=True):
    """A quiet time; what saves lives passes."""

    id: UUID
    account: UUID
    daily_from: LocalTime | None
    daily_until: LocalTime | None
    tz: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str


class NewCommTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to ring; left out: every responder and safety officer."""

    accounts: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=10_000)] | None = None


class ChannelReport(msgspec.Struct, frozen=True):
    """Messages on one channel: sent, taken by its service, proven to be on the phone."""

    channel: str
    sent: int
    accepted: int
    received: int


class CommTestView(msgspec.Struct, frozen=True):
    """A test of communications; what is received after ``ends_at`` does not count."""

    id: UUID
    schedule: UUID | None
    started_by: UUID | None
    started_at: datetime
    ends_at: datetime


class CommTestReport(msgspec.Struct, frozen=True):
    """How a test came out, by person: proven, only accepted by a service, neither."""

    test: CommTestView
    people: int
    received: int
    unproven: int
    missed: int
    channels: list[ChannelReport]


class CommTestMessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One test message to one address."""

    id: UUID
    account: UUID
    channel: str
    attempts: int
    sent_at: datetime | None
    outcome: Literal["accepted", "gone", "refused", "failed"] | None
    code: str | None
    received_at: datetime | None
    seen_at: datetime | None


class TestReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device has a test message, or its person opened it."""

    fact: Literal["received", "seen"]


class NewCommSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tests by themselves: ``rule`` as RRULE (FREQ=WEEKLY;BYDAY=MO) at the local time of ``first_at``."""

    rule: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    tz: TzName
    first_at: Moment


class CommScheduleEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Turn a schedule on or off, or change its rule."""

    enabled: bool
    rule: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None


class CommScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule of tests; ``next_at`` null: none is to come."""

    id: UUID
    rule: str
    tz: str
    first_at: datetime
    next_at: datetime | None
    enabled: bool
    version: int
