"""The health of the alarm system on the wire: figures of a period with their targets and verdicts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from mobile_contract.text import Text


class FigureView(msgspec.Struct, frozen=True):
    """One figure. ``value`` null: nothing to count it from. ``target``: the bound of the best verdict; null, without a
    verdict, where no standard has one. ``source``: where the target comes from."""

    key: str
    label: Text
    value: float | None
    unit: str
    target: float | None
    verdict: Literal["ok", "acceptable", "manageable", "overloaded"] | None
    source: str


class LoudRule(msgspec.Struct, frozen=True):
    """A rule's alarms in the period; ``chattering``: those that were the third or later within a minute."""

    rule: UUID
    alarms: int
    chattering: int


class PerformanceView(msgspec.Struct, frozen=True):
    """The figures from ``start`` until before ``end``; of a period that goes on, until now. ``worst`` is the gravest
    verdict; ``top`` and ``chattering`` are the ten rules with most alarms and with most chatter."""

    start: datetime
    end: datetime
    alarms: int
    worst: Literal["ok", "acceptable", "manageable", "overloaded"] | None
    figures: list[FigureView]
    top: list[LoudRule]
    chattering: list[LoudRule]


class AlarmPerformance(msgspec.Struct, frozen=True):
    """An area's alarm system in the days asked for; ``tz`` is the site's time zone, whose days they are."""

    site: UUID
    building: UUID | None
    zone: UUID | None
    tz: str
    operators: int
    periods: list[PerformanceView]
