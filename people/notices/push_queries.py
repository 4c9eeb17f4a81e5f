"""SQL of the pushes of notices: one person's due notices are leased together, because one push tells of them all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from mobile_contract.notices import PushState
from people.notices.model import Notice
from people.notices.queries import NOTICE

DUE = "SELECT tenant_id, account_id FROM muster_notices_due($1, $2)"


async def list_due(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, account) of people with something due and not leased, the urgent first."""
    return [(row["tenant_id"], row["account_id"]) for row in await tx.fetch(DUE, now, limit)]


LEASE = f"""
UPDATE notices SET lease_until = $3
WHERE tenant_id = $1 AND id IN (
    SELECT id FROM notices
    WHERE tenant_id = $1 AND account_id = $2 AND next_attempt_at <= $4 AND (lease_until IS NULL OR lease_until <= $4)
    ORDER BY id LIMIT $5 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING {NOTICE}
"""


async def lease(
    tx: Tx, tenant_id: UUID, account_id: UUID, *, until: datetime, now: datetime, limit: int
) -> list[Notice]:
    """Take what is due of one person, oldest first; empty when somebody else has it."""
    rows = await tx.fetch(LEASE, tenant_id, account_id, until, now, limit)
    return sorted((row_to(Notice, row) for row in rows), key=lambda it: (it.created_at, it.id))


HOLD = """
SELECT id FROM notices WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND lease_until = $3
ORDER BY id FOR NO KEY UPDATE
"""


async def hold(tx: Tx, tenant_id: UUID, notice_ids: Sequence[UUID], lease_until: datetime) -> frozenset[UUID]:
    """Those that are still under this lease, locked in the order of ids."""
    return frozenset(row["id"] for row in await tx.fetch(HOLD, tenant_id, list(notice_ids), lease_until))


# A courier that was away for longer than its lease finds another lease, or none, and writes nothing.
SETTLE = """
UPDATE notices
SET push = $4, next_attempt_at = $5, pushed_at = $6, attempts = attempts + $7, lease_until = NULL
WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND lease_until = $3
"""


async def settle(
    tx: Tx,
    tenant_id: UUID,
    notice_ids: Sequence[UUID],
    lease_until: datetime,
    push: PushState,
    *,
    next_attempt_at: datetime | None = None,
    pushed_at: datetime | None = None,
    tried: bool = False,
) -> int:
    """What became of leased notices, by whoever still holds their lease; returns how many."""
    return await tx.execute(
        SETTLE, tenant_id, list(notice_ids), lease_until, push, next_attempt_at, pushed_at, int(tried)
    )
