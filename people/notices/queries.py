"""SQL of notices: written, listed, read, forgotten; their sending is in ``push_queries``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from core.ids import new_id
from mobile_contract.notices import NoticeKind
from people.notices.model import Draft, Notice

NOTICE = """tenant_id, id, account_id, kind, subject_id, facts, urgent, created_at, read_at, push, attempts,
    next_attempt_at, pushed_at"""

# Disabled accounts and people without an account get none; the same key again is the notice that is there.
INSERT = """
INSERT INTO notices (tenant_id, id, account_id, kind, subject_id, facts, urgent, key, created_at, push, next_attempt_at)
SELECT $1, n.id, a.id, $4, $5, $6, $7, $8, $9, 'waiting', $9
FROM unnest($2::uuid[], $3::uuid[]) AS n (id, account_id)
JOIN accounts a ON a.tenant_id = $1 AND a.id = n.account_id AND a.disabled_at IS NULL
ORDER BY a.id
ON CONFLICT (tenant_id, account_id, key) DO NOTHING
RETURNING id, account_id
"""


async def insert_notices(tx: Tx, tenant_id: UUID, account_ids: Sequence[UUID], draft: Draft) -> list[tuple[UUID, UUID]]:
    """Write the notice to these people; (notice, account) of those who did not have it yet."""
    people = sorted(set(account_ids))
    facts = (draft.kind, draft.subject_id, draft.facts, draft.urgent, draft.key)
    rows = await tx.fetch(INSERT, tenant_id, [new_id() for _ in people], people, *facts, tx.now)
    return [(row["id"], row["account_id"]) for row in rows]


FIND = f"SELECT {NOTICE} FROM notices WHERE tenant_id = $1 AND id = $2 AND account_id = $3"


async def find_notice(tx: Tx, tenant_id: UUID, notice_id: UUID, account_id: UUID) -> Notice | None:
    """One notice of this person, or None."""
    row = await tx.fetchrow(FIND, tenant_id, notice_id, account_id)
    return None if row is None else row_to(Notice, row)


LIST_NEWEST = f"""
SELECT {NOTICE} FROM notices
WHERE tenant_id = $1 AND account_id = $2 AND (NOT $3::boolean OR read_at IS NULL) AND ($4::text IS NULL OR kind = $4)
  AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
ORDER BY created_at DESC, id DESC LIMIT $7
"""


async def list_notices(
    tx: Tx,
    tenant_id: UUID,
    account_id: UUID,
    *,
    unread: bool,
    kind: NoticeKind | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Notice]:
    """A person's notices, newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_NEWEST, tenant_id, account_id, unread, kind, at, last, limit)
    return [row_to(Notice, row) for row in rows]


COUNT_UNREAD = "SELECT count(*) FROM notices WHERE tenant_id = $1 AND account_id = $2 AND read_at IS NULL"


async def count_unread(tx: Tx, tenant_id: UUID, account_id: UUID) -> int:
    """How many of a person's notices are unread."""
    found: int = await tx.fetchval(COUNT_UNREAD, tenant_id, account_id)
    return found


READ_ONE = f"""
UPDATE notices SET read_at = coalesce(read_at, $4) WHERE tenant_id = $1 AND id = $2 AND account_id = $3
RETURNING {NOTICE}
"""
# In the order of ids, as whoever sends them locks them.
READ_UP_TO = """
UPDATE notices SET read_at = $5
WHERE tenant_id = $1 AND id IN (
    SELECT id FROM notices
    WHERE tenant_id = $1 AND account_id = $2 AND read_at IS NULL AND (created_at, id) <= ($3, $4::uuid)
    ORDER BY id FOR NO KEY UPDATE)
"""


async def read_notice(tx: Tx, tenant_id: UUID, notice_id: UUID, account_id: UUID) -> Notice | None:
    """Their notice is read from now on, or was before; None when it is not theirs."""
    row = await tx.fetchrow(READ_ONE, tenant_id, notice_id, account_id, tx.now)
    return None if row is None else row_to(Notice, row)


async def read_up_to(tx: Tx, tenant_id: UUID, last: Notice) -> int:
    """This notice and all before it of the same person are read; returns how many were not."""
    return await tx.execute(READ_UP_TO, tenant_id, last.account_id, last.created_at, last.id, tx.now)


# What is locked is being read or sent: the next round has it. A round is bounded, for a plant that was off for months.
FORGET = """
DELETE FROM notices
WHERE tenant_id = $1 AND id IN (
    SELECT id FROM notices
    WHERE tenant_id = $1 AND created_at < greatest($2::timestamptz, $3::timestamptz)
      AND (created_at < $2 OR read_at < $3)
    ORDER BY created_at LIMIT 10000 FOR UPDATE SKIP LOCKED)
"""


async def forget(tx: Tx, tenant_id: UUID, *, made_before: datetime, read_before: datetime) -> int:
    """Delete those made, or read, before these times; returns how many."""
    return await tx.execute(FORGET, tenant_id, made_before, read_before)
