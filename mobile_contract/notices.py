"""Notices over HTTP: what somebody should know, each with what became of its push."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

NoticeKind: TypeAlias = Literal[
    "swap.proposed",
    "swap.decided",
    "exposure.exceeded",
    "calibration.due",
    "qualification.expiring",
    "qualification.expired",
    "phone.not_ready",
    "comm_test.failed",
    "equipment.expiring",
]
PushState: TypeAlias = Literal["waiting", "quiet", "accepted", "unreachable", "given_up", "unneeded"]


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """One notice. ``subject`` is what it is about (swap, exposure event, site, qualification, rota, test).

    ``push``: waiting; quiet (kept until the person may be disturbed); accepted (a push service took it, which says
    nothing about the phone); unreachable (no phone has a push address); given_up (no service took it); unneeded (read
    before it was sent).
    """

    id: UUID
    kind: NoticeKind
    subject: UUID
    title: Text
    text: Text
    urgent: bool
    created_at: datetime
    read_at: datetime | None
    push: PushState
    pushed_at: datetime | None


class NoticePage(msgspec.Struct, frozen=True):
    """A page of notices, newest first; ``unread`` counts all of one's own, whatever the page shows."""

    items: list[NoticeView]
    next: str | None
    unread: int


class ReadUpTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The newest notice that was seen: it and all before it count as read."""

    up_to: UUID


class NoticesRead(msgspec.Struct, frozen=True):
    """How many were marked as read now, and how many are unread."""

    read: int
    unread: int
