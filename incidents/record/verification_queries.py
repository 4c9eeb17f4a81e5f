"""SQL of verification: heads, anchors and slices of the two chains."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.audit import AuditRow
from core.database import Tx, row_to
from incidents.record.anchors import ACTION, Head

_FIND_HEAD = "SELECT position, hash FROM timeline_heads WHERE tenant_id = $1 AND incident_id = $2"


async def find_head(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Head | None:
    """Where the incident's timeline ends, by its head."""
    row = await tx.fetchrow(_FIND_HEAD, tenant_id, incident_id)
    return None if row is None else row_to(Head, row)


_FIND_AUDIT_HEAD = "SELECT position, hash FROM audit_heads WHERE tenant_id = $1"


async def find_audit_head(tx: Tx, tenant_id: UUID) -> Head | None:
    """Where the tenant's audit chain ends, by its head."""
    row = await tx.fetchrow(_FIND_AUDIT_HEAD, tenant_id)
    return None if row is None else row_to(Head, row)


_AUDIT_SLICE = """
SELECT tenant_id, id, position, at, actor_id, action, subject_kind, subject_id, facts, hash
FROM audit WHERE tenant_id = $1 AND position > $2 ORDER BY position LIMIT $3
"""


async def list_audit(tx: Tx, tenant_id: UUID, *, after: int, limit: int) -> list[AuditRow]:
    """The audit chain in order, above a position."""
    return [row_to(AuditRow, r) for r in await tx.fetch(_AUDIT_SLICE, tenant_id, after, limit)]


class Anchor(msgspec.Struct, frozen=True):
    """An anchor: at ``audit_position`` of the audit chain it says where the timeline ended."""

    audit_position: int
    position: int
    hash: str


_ANCHORS = """
SELECT position AS audit_position, (facts->>'position')::integer AS position, facts->>'hash' AS hash
FROM audit
WHERE tenant_id = $1 AND subject_id = $2 AND action = $3 AND position > $4
ORDER BY audit.position LIMIT $5
"""


async def list_anchors(tx: Tx, tenant_id: UUID, incident_id: UUID, *, after: int, limit: int) -> list[Anchor]:
    """An incident's anchors in the order of the audit chain, above a position of it."""
    rows = await tx.fetch(_ANCHORS, tenant_id, str(incident_id), ACTION, after, limit)
    return [row_to(Anchor, r) for r in rows]


_HASHES = """
SELECT position, hash FROM timeline WHERE tenant_id = $1 AND incident_id = $2 AND position = ANY($3::integer[])
"""


async def list_hashes(tx: Tx, tenant_id: UUID, incident_id: UUID, positions: list[int]) -> dict[int, str]:
    """The timeline's hashes at these positions, as far as there are lines."""
    rows = await tx.fetch(_HASHES, tenant_id, incident_id, positions)
    return {head.position: head.hash for head in (row_to(Head, r) for r in rows)}


_INCIDENT_IDS = "SELECT id FROM incidents WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3"


async def list_incident_ids(tx: Tx, tenant_id: UUID, *, after: UUID, limit: int) -> list[UUID]:
    """Every incident of the tenant by id, in pages."""
    return [r["id"] for r in await tx.fetch(_INCIDENT_IDS, tenant_id, after, limit)]


class TimelineHead(msgspec.Struct, frozen=True):
    """An incident's head, for the export."""

    incident_id: UUID
    position: int
    hash: str


_LIST_HEADS = """
SELECT incident_id, position, hash FROM timeline_heads
WHERE tenant_id = $1 AND incident_id > $2 ORDER BY incident_id LIMIT $3
"""


async def list_heads(tx: Tx, tenant_id: UUID, *, after: UUID, limit: int) -> list[TimelineHead]:
    """Every timeline's head by incident, in pages."""
    return [row_to(TimelineHead, r) for r in await tx.fetch(_LIST_HEADS, tenant_id, after, limit)]


_TENANTS = "SELECT muster_tenant_ids()"


async def list_tenants(tx: Tx) -> list[UUID]:
    """Every tenant."""
    return [r[0] for r in await tx.fetch(_TENANTS)]


_TENANT_OF = "SELECT muster_tenant_by_slug($1)"


async def find_tenant(tx: Tx, slug: str) -> UUID | None:
    """The tenant of this slug."""
    found: UUID | None = await tx.fetchval(_TENANT_OF, slug)
    return found


_SLUG_OF = "SELECT slug FROM tenants WHERE tenant_id = $1"


async def find_slug(tx: Tx, tenant_id: UUID) -> str | None:
    """What people call the tenant."""
    found: str | None = await tx.fetchval(_SLUG_OF, tenant_id)
    return found
