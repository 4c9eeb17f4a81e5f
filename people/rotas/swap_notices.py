"""Who is told of a swap: the other side that it waits for them, both that somebody else decided."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from core.database import Tx
from people.notices.model import Draft, SwapDecided, SwapProposed
from people.notices.service import notify
from people.rotas import rota_queries
from people.rotas.model import Swap


async def tell_proposed(tx: Tx, swap: Swap) -> None:
    """The one who is asked hears of it."""
    by = await _name(tx, swap, swap.proposed_by)
    facts = SwapProposed(by, *await _duty(tx, swap), in_return=swap.return_rota_id is not None)
    await notify(tx, swap.tenant_id, [swap.proposed_to], Draft(swap.id, facts, f"swap.proposed:{swap.id}"))


async def tell_decided(tx: Tx, swap: Swap, state: Literal["accepted", "declined", "withdrawn"], by: UUID) -> None:
    """Both sides but the one who decided hear of it."""
    facts = SwapDecided(await _name(tx, swap, by), state, *await _duty(tx, swap))
    others = {swap.proposed_by, swap.proposed_to} - {by}
    await notify(tx, swap.tenant_id, others, Draft(swap.id, facts, f"swap.{state}:{swap.id}"))


async def _name(tx: Tx, swap: Swap, account_id: UUID) -> str:
    people = await rota_queries.list_people(tx, swap.tenant_id, [account_id])
    return people[account_id].display_name


async def _duty(tx: Tx, swap: Swap) -> tuple[datetime, datetime, str]:
    rota = await rota_queries.find_rota(tx, swap.tenant_id, swap.rota_id)
    assert rota is not None
    return swap.starts_at, swap.ends_at, rota.tz
