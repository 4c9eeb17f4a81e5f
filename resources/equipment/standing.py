"""Whether equipment can be used at a moment, and why not. Pure; ``queries.USABLE`` says the same in SQL."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias

from resources.equipment.model import Equipment, FireClass

Unfit: TypeAlias = Literal["retired", "out_of_service", "empty", "expired"]


def unfit(it: Equipment, now: datetime) -> list[Unfit]:
    """Everything that stands against using it; empty: it can be used. It expires at its time, not after it."""
    found: list[Unfit] = []
    if it.retired_at is not None:
        found.append("retired")
    if it.state == "out_of_service":
        found.append("out_of_service")
    if it.in_stock == 0:
        found.append("empty")
    if it.expires_at is not None and it.expires_at <= now:
        found.append("expired")
    return found


def is_usable(it: Equipment, now: datetime) -> bool:
    """Whether somebody in need may be sent to it."""
    return not unfit(it, now)


def suits_fire(it: Equipment, fire: FireClass) -> bool:
    """Whether an extinguisher is for this class of fire; one whose classes nobody stated is for none."""
    return it.kind == "extinguisher" and fire in (it.classes or [])


def is_inspection_overdue(it: Equipment, today: date) -> bool:
    """Whether its inspection was due on an earlier day of the site. It is a matter of care: the thing still works, and
    in need it is used."""
    return it.next_inspection_on is not None and it.next_inspection_on < today
