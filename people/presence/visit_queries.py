"""SQL of visits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from people.presence.belief import Stay
from people.presence.model import Visit

_VISIT = ", ".join(Visit.__struct_fields__)
_NUMBERS = ", ".join(f"${n}" for n in range(1, len(Visit.__struct_fields__) + 1))

_INSERT_VISIT = f"INSERT INTO visits ({_VISIT}) VALUES ({_NUMBERS})"


async def insert_visit(tx: Tx, tenant_id: UUID, it: Visit) -> None:
    """A new visit."""
    assert it.tenant_id == tenant_id
    await tx.execute(_INSERT_VISIT, *(getattr(it, name) for name in Visit.__struct_fields__))


_SAVE_VISIT = f"""
UPDATE visits
SET name = $3, company = $4, phone = $5, zone_ids = $6, badge = $7, emergency_contact = $8,
    induction_valid_until = $9, expected_from = $10, expected_until = $11, signed_in_at = $12, signed_in_by = $13,
    signed_out_at = $14, signed_out_by = $15, version = version + 1
WHERE tenant_id = $1 AND id = $2
RETURNING {_VISIT}
"""


async def save_visit(tx: Tx, tenant_id: UUID, it: Visit) -> Visit:
    """Store a locked visit; returns it with its new version."""
    row = await tx.fetchrow(
        _SAVE_VISIT,
        tenant_id,
        it.id,
        it.name,
        it.company,
        it.phone,
        it.zone_ids,
        it.badge,
        it.emergency_contact,
        it.induction_valid_until,
        it.expected_from,
        it.expected_until,
        it.signed_in_at,
        it.signed_in_by,
        it.signed_out_at,
        it.signed_out_by,
    )
    return row_to(Visit, row)


_FIND_VISIT = f"SELECT {_VISIT} FROM visits WHERE tenant_id = $1 AND id = $2"
_LOCK_VISIT = _FIND_VISIT + " FOR NO KEY UPDATE"


async def find_visit(tx: Tx, tenant_id: UUID, visit_id: UUID, *, lock: bool = False) -> Visit | None:
    """One visit, locked if asked."""
    row = await tx.fetchrow(_LOCK_VISIT if lock else _FIND_VISIT, tenant_id, visit_id)
    return None if row is None else row_to(Visit, row)


# forgotten: signed in, not out, and expected to have left.
_LIST_VISITS = f"""
SELECT {_VISIT} FROM visits
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2) AND ($3::uuid IS NULL OR host_id = $3)
  AND ($4::text IS NULL OR kind = $4)
  AND CASE $5::text
      WHEN 'expected' THEN signed_in_at IS NULL
      WHEN 'here' THEN signed_in_at IS NOT NULL AND signed_out_at IS NULL
      WHEN 'forgotten' THEN signed_in_at IS NOT NULL AND signed_out_at IS NULL AND expected_until < $6
      WHEN 'gone' THEN signed_out_at IS NOT NULL
      ELSE true END
  AND ($7::text IS NULL OR strpos(lower(concat_ws(' ', name, company)), lower($7)) > 0)
  AND ($8::timestamptz IS NULL OR (created_at, id) < ($8, $9))
ORDER BY created_at DESC, id DESC LIMIT $10
"""


async def list_visits(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None,
    host_id: UUID | None,
    kind: str | None,
    state: str | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Visit]:
    """Visits, newest first; ``state`` is expected, here, forgotten or gone."""
    at, last = before or (None, None)
    rows = await tx.fetch(_LIST_VISITS, tenant_id, site_id, host_id, kind, state, tx.now, search, at, last, limit)
    return [row_to(Visit, row) for row in rows]


_BETWEEN = f"""
SELECT {_VISIT} FROM visits
WHERE tenant_id = $1 AND signed_in_at < $4 AND (signed_out_at IS NULL OR signed_out_at >= $3)
  AND ($5::uuid IS NULL OR id = $5) AND ($5::uuid IS NOT NULL OR site_id = $2)
  AND ($6::uuid[] IS NULL OR id = ANY($6))
"""


async def list_visits_between(
    tx: Tx,
    tenant_id: UUID,
    site_id: UUID | None,
    since: datetime,
    until: datetime,
    visit_id: UUID | None,
    visits: Sequence[UUID] | None = None,
) -> list[Visit]:
    """Visits signed in within a time: one, or the site's."""
    rows = await tx.fetch(_BETWEEN, tenant_id, site_id, since, until, visit_id, visits)
    return [row_to(Visit, row) for row in rows]


def stays_of(it: Visit) -> list[Stay]:
    """What a visit says of its visitor: signed in, and out."""
    zone_id = it.zone_ids[0] if len(it.zone_ids) == 1 else None
    found = []
    if it.signed_in_at is not None:
        found.append(Stay(at=it.signed_in_at, key="in", site_id=it.site_id, zone_id=zone_id, over=False))
    if it.signed_out_at is not None:
        found.append(Stay(at=it.signed_out_at, key="out", site_id=it.site_id, zone_id=None, over=True))
    return found


_FORGET = "DELETE FROM visits WHERE tenant_id = $1 AND signed_out_at < $2"
_FORGET_REGISTERS = """
DELETE FROM presence p WHERE p.tenant_id = $1 AND p.kind <> 'staff'
  AND NOT EXISTS (SELECT FROM visits v WHERE v.tenant_id = p.tenant_id AND v.id = p.person_id)
"""
_FORGET_UNUSED = "DELETE FROM visits WHERE tenant_id = $1 AND signed_in_at IS NULL AND expected_until < $2"


async def forget_visits(tx: Tx, tenant_id: UUID, before: datetime) -> int:
    """Delete visits that ended before, with their badges and registers; returns how many."""
    gone = await tx.execute(_FORGET, tenant_id, before) + await tx.execute(_FORGET_UNUSED, tenant_id, before)
    await tx.execute(_FORGET_REGISTERS, tenant_id)
    return gone
