"""SQL of swaps."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from mobile_contract.rotas import SwapState
from people.queries import FIRST
from people.rotas.model import Swap

_SWAP = """tenant_id, id, rota_id, position, proposed_by, proposed_to, starts_at, ends_at,
    return_rota_id, return_position, return_starts_at, return_ends_at, note, state, created_at, answered_at"""

_INSERT_SWAP = f"""
INSERT INTO rota_swaps ({_SWAP}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""


async def insert_swap(tx: Tx, tenant_id: UUID, it: Swap) -> None:
    """A new proposal."""
    await tx.execute(
        _INSERT_SWAP,
        tenant_id,
        it.id,
        it.rota_id,
        it.position,
        it.proposed_by,
        it.proposed_to,
        it.starts_at,
        it.ends_at,
        it.return_rota_id,
        it.return_position,
        it.return_starts_at,
        it.return_ends_at,
        it.note,
        it.state,
        it.created_at,
        it.answered_at,
    )


_FIND_SWAP = f"SELECT {_SWAP} FROM rota_swaps WHERE tenant_id = $1 AND id = $2"


async def find_swap(tx: Tx, tenant_id: UUID, swap_id: UUID) -> Swap | None:
    """One swap."""
    row = await tx.fetchrow(_FIND_SWAP, tenant_id, swap_id)
    return None if row is None else row_to(Swap, row)


_LOCK_SWAP = f"SELECT {_SWAP} FROM rota_swaps WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock_swap(tx: Tx, tenant_id: UUID, swap_id: UUID) -> Swap | None:
    """One swap, held until the transaction ends; after its rotas."""
    row = await tx.fetchrow(_LOCK_SWAP, tenant_id, swap_id)
    return None if row is None else row_to(Swap, row)


_ANSWER_SWAP = f"""
UPDATE rota_swaps SET state = $3, answered_at = $4 WHERE tenant_id = $1 AND id = $2
RETURNING {_SWAP}
"""


async def answer_swap(tx: Tx, tenant_id: UUID, swap_id: UUID, state: SwapState, now: datetime) -> Swap:
    """What became of a locked proposal."""
    return row_to(Swap, await tx.fetchrow(_ANSWER_SWAP, tenant_id, swap_id, state, now))


# A proposal past its beginning is stored as proposed and reads as expired.
_LIST_SWAPS = f"""
SELECT {_SWAP} FROM rota_swaps
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR proposed_by = $2 OR proposed_to = $2)
  AND ($3::uuid IS NULL OR rota_id = $3)
  AND ($4::text IS NULL
       OR $4 = CASE WHEN state = 'proposed' AND least(starts_at, return_starts_at) <= $5 THEN 'expired' ELSE state END)
  AND id > $6
ORDER BY id LIMIT $7
"""


async def list_swaps(
    tx: Tx,
    tenant_id: UUID,
    *,
    account_id: UUID | None,
    rota_id: UUID | None,
    state: SwapState | None,
    now: datetime,
    after: UUID = FIRST,
    limit: int,
) -> list[Swap]:
    """Swaps, oldest first; ``account_id``: on either side of it."""
    rows = await tx.fetch(_LIST_SWAPS, tenant_id, account_id, rota_id, state, now, after, limit)
    return [row_to(Swap, row) for row in rows]


_LIST_WAITING = f"""
SELECT {_SWAP} FROM rota_swaps
WHERE tenant_id = $1 AND proposed_to = $2 AND state = 'proposed' AND least(starts_at, return_starts_at) > $3
  AND ($4::uuid IS NULL OR rota_id = $4) AND id > $5
ORDER BY id LIMIT $6
"""


async def list_waiting(
    tx: Tx,
    tenant_id: UUID,
    account_id: UUID,
    *,
    rota_id: UUID | None,
    now: datetime,
    after: UUID = FIRST,
    limit: int,
) -> list[Swap]:
    """Proposals that this person has to answer, oldest first."""
    rows = await tx.fetch(_LIST_WAITING, tenant_id, account_id, now, rota_id, after, limit)
    return [row_to(Swap, row) for row in rows]


_COUNT_OPEN = """
SELECT count(*) FROM rota_swaps
WHERE tenant_id = $1 AND proposed_by = $2 AND state = 'proposed' AND least(starts_at, return_starts_at) > $3
"""


async def count_open_swaps(tx: Tx, tenant_id: UUID, account_id: UUID, now: datetime) -> int:
    """How many proposals of this person wait for an answer."""
    return int(await tx.fetchval(_COUNT_OPEN, tenant_id, account_id, now))
