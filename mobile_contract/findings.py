"""What the auditor found stuck, on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that should have moved: since when, how often it was put right, and when it moved again.

    ``what``: delivery, escalation (``subject`` is its task), feed_message, command, alarm_timer (its rule),
    matrix_timer, roll_call, lone_session or site.
    """

    id: UUID
    what: str
    subject: UUID
    found_at: datetime
    repairs: int
    repaired_at: datetime
    ended_at: datetime | None
