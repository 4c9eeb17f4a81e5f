"""What a swap may do and when; pure. The other side must accept before the first of its duties begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.errors import Conflict, Invalid
from mobile_contract.rotas import SwapState
from people.rotas.model import Swap
from people.rotas.on_call import Stint

# Longer is a change of the rota, which an officer makes.
PERIOD_MAX = timedelta(days=31)


class Half(msgspec.Struct, frozen=True):
    """A duty that goes from one person to another."""

    field: str
    rota_id: UUID
    position: int
    giver: UUID
    taker: UUID
    starts_at: datetime
    ends_at: datetime


def halves(swap: Swap) -> list[Half]:
    """The duty that is given, and the one that is given back when there is one."""
    given = Half(
        "starts_at", swap.rota_id, swap.position, swap.proposed_by, swap.proposed_to, swap.starts_at, swap.ends_at
    )
    if swap.return_rota_id is None:
        return [given]
    assert swap.return_position is not None
    assert swap.return_starts_at is not None
    assert swap.return_ends_at is not None
    back = Half(
        "in_return.starts_at",
        swap.return_rota_id,
        swap.return_position,
        swap.proposed_to,
        swap.proposed_by,
        swap.return_starts_at,
        swap.return_ends_at,
    )
    return [given, back]


def state_of(swap: Swap, now: datetime) -> SwapState:
    """The swap's state now: a proposal expires when the first of its duties begins."""
    begins = min(half.starts_at for half in halves(swap))
    return "expired" if swap.state == "proposed" and begins <= now else swap.state


def check_open(swap: Swap, now: datetime) -> None:
    """Raise Conflict unless the proposal waits for an answer."""
    state = state_of(swap, now)
    if state != "proposed":
        raise Conflict(
            "swap.closed",
            f"this swap is {state}",
            f"此换班已结束（{state}）",
            field="state",
            value=state,
            limit="proposed",
        )


def check_period(half: Half, now: datetime) -> None:
    """Raise Invalid unless the duty is to come and of a length for a swap."""
    if half.starts_at <= now:
        raise Invalid(
            "swap.begun",
            "a swap is of a duty that has not begun",
            "只能调换尚未开始的班次",
            field=half.field,
            value=half.starts_at.isoformat(),
            limit=now.isoformat(),
        )
    if not timedelta() < half.ends_at - half.starts_at <= PERIOD_MAX:
        raise Invalid(
            "swap.period",
            f"a swap ends after it starts, at most {PERIOD_MAX.days} days later",
            f"换班的结束时间须晚于开始时间，且不超过 {PERIOD_MAX.days} 天",
            field=half.field.replace("starts_at", "ends_at"),
            value=half.ends_at.isoformat(),
            limit=PERIOD_MAX.days,
        )


def check_duties(half: Half, stints: Sequence[Stint]) -> None:
    """Raise Conflict unless the giver has the whole duty and the taker is free; ``stints``: its rota's then."""
    at_position = [stint for stint in stints if stint.position == half.position]
    if not at_position or any(stint.account_id != half.giver for stint in at_position):
        raise Conflict(
            "swap.changed",
            "this duty is not, or no longer, of the person who would give it",
            "该班次不属于或不再属于让出者",
            field=half.field,
            value=half.starts_at.isoformat(),
        )
    if any(stint.account_id == half.taker for stint in stints):
        raise Conflict(
            "swap.on_duty_already",
            "who would take this duty is on duty at another position then",
            "接班者在此时段已在另一岗位值班",
            field=half.field,
            value=half.starts_at.isoformat(),
        )
