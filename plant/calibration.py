"""How far a sensor can be trusted by its calibration. Pure."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

import msgspec

TrustLevel: TypeAlias = Literal["unstated", "good", "due_soon", "expired"]

# A calibration is ordered about a month ahead: gas and a technician have to come.
DUE_SOON_DAYS = 30


class Trust(msgspec.Struct, frozen=True):
    """``days_left`` until calibration is due, below zero since it was; None where nobody said when (unstated)."""

    level: TrustLevel
    days_left: int | None = None


def trust(due: date | None, today: date, *, soon_days: int = DUE_SOON_DAYS) -> Trust:
    """The trust on this day (UTC); the day it is due is the last good one."""
    if due is None:
        return Trust("unstated")
    days_left = (due - today).days
    if days_left < 0:
        return Trust("expired", days_left)
    return Trust("due_soon" if days_left <= soon_days else "good", days_left)
