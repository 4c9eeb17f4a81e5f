"""The audit trail: append-only, hash-chained per tenant, written in the transaction of the act.

Each row's hash covers the row and the hash before it (SHA-256), so a row removed or changed later
breaks every hash after it. The tenant's chain head is locked while a row is added: the chain's order
is commit order. Everybody in the tenant shares that lock, so rows are written at the end of their
transaction, after all its other locks: held briefly, and in one order.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.ids import new_id


class AuditRow(msgspec.Struct, frozen=True):
    """One act: who did what to which thing, when, with which facts."""

    tenant_id: UUID
    id: UUID
    position: int
    at: datetime
    actor_id: UUID | None
    action: str
    subject_kind: str
    subject_id: str
    facts: dict[str, Any]
    hash: str


_LOCK_HEAD = """
INSERT INTO audit_heads (tenant_id, position, hash) VALUES ($1, 0, '')
ON CONFLICT (tenant_id) DO UPDATE SET position = audit_heads.position
RETURNING position, hash
"""

_MOVE_HEAD = "UPDATE audit_heads SET position = $2, hash = $3 WHERE tenant_id = $1"

_INSERT = """
INSERT INTO audit (tenant_id, id, position, at, actor_id, action, subject_kind, subject_id, facts, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


_Act: TypeAlias = tuple[UUID | None, str, str, str, dict[str, Any]]


async def record(
    tx: Tx,
    actor_id: UUID | None,
    action: str,
    subject_kind: str,
    subject_id: object,
    facts: dict[str, Any] | None = None,
) -> None:
    """Add one row to the tenant's chain when the transaction ends; ``actor_id`` None means Muster itself."""
    plain: dict[str, Any] = as_stored(facts or {})
    act: _Act = (actor_id, action, subject_kind, str(subject_id), plain)
    tx.collect("audit", act, _write)


def as_stored(value: Any) -> Any:
    """The value as it comes back from jsonb, so that its hash does.

    PostgreSQL keeps numbers as decimals: a float from 1e15 on would come back as a whole number, minus zero as zero.
    """
    return _settle(msgspec.json.decode(msgspec.json.encode(value)))


def _settle(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settle(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_settle(item) for item in value]
    if isinstance(value, float):
        return repr(value) if abs(value) >= 1e15 else value or 0.0
    return value


async def _write(tx: Tx, acts: list[_Act]) -> None:
    """All acts of the transaction, under one hold of the head."""
    head = await tx.fetchrow(_LOCK_HEAD, tx.tenant_id)
    assert head is not None
    position, digest = head["position"], head["hash"]
    rows = []
    for act in acts:
        position += 1
        digest = chain_hash(digest, position, tx.now, *act)
        rows.append((tx.tenant_id, new_id(), position, tx.now, *act, digest))
    await tx.executemany(_INSERT, rows)
    await tx.execute(_MOVE_HEAD, tx.tenant_id, position, digest)


def chain_hash(
    previous: str,
    position: int,
    at: datetime,
    actor_id: UUID | None,
    action: str,
    subject_kind: str,
    subject_id: str,
    facts: dict[str, Any],
) -> str:
    """The hash of a row that follows ``previous``; hexadecimal SHA-256."""
    body = msgspec.json.encode(
        [previous, position, at.isoformat(), str(actor_id), action, subject_kind, subject_id, facts], order="sorted"
    )
    return hashlib.sha256(body).hexdigest()


_LIST = """
SELECT tenant_id, id, position, at, actor_id, action, subject_kind, subject_id, facts, hash
FROM audit
WHERE tenant_id = $1 AND position < $2 AND ($3::text IS NULL OR action LIKE $3 || '%')
  AND ($4::text IS NULL OR subject_id = $4)
ORDER BY position DESC
LIMIT $5
"""

NEWEST = 2**62


async def list_rows(
    tx: Tx,
    tenant_id: UUID,
    *,
    before: int = NEWEST,
    action: str | None = None,
    subject_id: str | None = None,
    limit: int,
) -> list[AuditRow]:
    """Newest first, below position ``before``; ``action`` filters by prefix."""
    return [row_to(AuditRow, row) for row in await tx.fetch(_LIST, tenant_id, before, action, subject_id, limit)]


_CHAIN = """
SELECT tenant_id, id, position, at, actor_id, action, subject_kind, subject_id, facts, hash
FROM audit WHERE tenant_id = $1 AND position > $2 ORDER BY position LIMIT 1000
"""


async def find_break(tx: Tx, tenant_id: UUID) -> int | None:
    """The position of the first row whose hash does not follow from the row before it, or None."""
    position, previous = 0, ""
    while rows := await tx.fetch(_CHAIN, tenant_id, position):
        for row in (row_to(AuditRow, r) for r in rows):
            expected = chain_hash(
                previous, position + 1, row.at, row.actor_id, row.action, row.subject_kind, row.subject_id, row.facts
            )
            if row.position != position + 1 or row.hash != expected:
                return position + 1
            position, previous = row.position, row.hash
    return None
