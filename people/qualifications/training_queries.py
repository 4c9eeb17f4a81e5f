"""SQL of trainings and of the evidence behind records."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from core.database import Tx, row_to
from people.qualifications.model import Evidence, Training
from people.qualifications.queries import like

_TRAINING = """g.tenant_id, g.id, g.account_id, g.course, g.trainer, g.held_on, g.hours, g.result, g.evidence_id,
    g.qualification_id, g.version, g.created_at"""
_EVIDENCE = "tenant_id, id, media_type, size_bytes, sha256, uploaded_by, created_at"

_INSERT = f"""
INSERT INTO trainings AS g (tenant_id, id, account_id, course, trainer, held_on, hours, result, evidence_id,
    qualification_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING {_TRAINING}
"""


async def insert(tx: Tx, tenant_id: UUID, it: Training) -> Training:
    """Add a training."""
    row = await tx.fetchrow(
        _INSERT,
        tenant_id,
        it.id,
        it.account_id,
        it.course,
        it.trainer,
        it.held_on,
        it.hours,
        it.result,
        it.evidence_id,
        it.qualification_id,
        it.created_at,
    )
    return row_to(Training, row)


_FIND = f"SELECT {_TRAINING} FROM trainings g WHERE g.tenant_id = $1 AND g.id = $2"


async def find(tx: Tx, tenant_id: UUID, training_id: UUID) -> Training | None:
    """One training."""
    row = await tx.fetchrow(_FIND, tenant_id, training_id)
    return None if row is None else row_to(Training, row)


_LOCK = f"SELECT {_TRAINING} FROM trainings g WHERE g.tenant_id = $1 AND g.id = $2 FOR NO KEY UPDATE"


async def lock(tx: Tx, tenant_id: UUID, training_id: UUID) -> Training | None:
    """One training, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK, tenant_id, training_id)
    return None if row is None else row_to(Training, row)


_SAVE = f"""
UPDATE trainings g
SET course = $3, trainer = $4, held_on = $5, hours = $6, result = $7, evidence_id = $8, version = version + 1
WHERE g.tenant_id = $1 AND g.id = $2
RETURNING {_TRAINING}
"""


async def save(tx: Tx, tenant_id: UUID, it: Training) -> Training:
    """Store what can be edited of a locked training; returns it with its new version."""
    row = await tx.fetchrow(
        _SAVE, tenant_id, it.id, it.course, it.trainer, it.held_on, it.hours, it.result, it.evidence_id
    )
    return row_to(Training, row)


_DELETE = "DELETE FROM trainings WHERE tenant_id = $1 AND id = $2"


async def delete(tx: Tx, tenant_id: UUID, training_id: UUID) -> None:
    """Remove a training that never was."""
    await tx.execute(_DELETE, tenant_id, training_id)


_LIST = f"""
SELECT {_TRAINING} FROM trainings g
JOIN accounts a ON a.tenant_id = $1 AND a.id = g.account_id
WHERE g.tenant_id = $1 AND (g.held_on, g.id) < ($2::date, $3::uuid)
  AND ($4::uuid IS NULL OR g.account_id = $4)
  AND ($5::text IS NULL OR g.result = $5)
  AND ($6::text IS NULL OR g.course ILIKE $6 OR g.trainer ILIKE $6 OR a.display_name ILIKE $6 OR a.login ILIKE $6)
ORDER BY g.held_on DESC, g.id DESC
LIMIT $7
"""


async def list_trainings(
    tx: Tx,
    tenant_id: UUID,
    *,
    before: tuple[date, UUID],
    account_id: UUID | None,
    result: str | None,
    search: str | None,
    limit: int,
) -> list[Training]:
    """A page of trainings, newest first."""
    pattern = None if search is None else like(search)
    rows = await tx.fetch(_LIST, tenant_id, *before, account_id, result, pattern, limit)
    return [row_to(Training, row) for row in rows]


_INSERT_EVIDENCE = f"""
INSERT INTO evidence_files (tenant_id, id, media_type, size_bytes, sha256, uploaded_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING {_EVIDENCE}
"""


async def insert_evidence(tx: Tx, tenant_id: UUID, it: Evidence) -> Evidence:
    """Add a file whose bytes are in the store by now."""
    row = await tx.fetchrow(
        _INSERT_EVIDENCE, tenant_id, it.id, it.media_type, it.size_bytes, it.sha256, it.uploaded_by, it.created_at
    )
    return row_to(Evidence, row)


_FIND_EVIDENCE = f"SELECT {_EVIDENCE} FROM evidence_files WHERE tenant_id = $1 AND id = $2"


async def find_evidence(tx: Tx, tenant_id: UUID, evidence_id: UUID) -> Evidence | None:
    """One file."""
    row = await tx.fetchrow(_FIND_EVIDENCE, tenant_id, evidence_id)
    return None if row is None else row_to(Evidence, row)


_PROVES_OF = """
SELECT EXISTS (SELECT FROM qualifications WHERE tenant_id = $1 AND evidence_id = $2 AND account_id = $3)
    OR EXISTS (SELECT FROM trainings WHERE tenant_id = $1 AND evidence_id = $2 AND account_id = $3)
"""


async def proves_something_of(tx: Tx, tenant_id: UUID, evidence_id: UUID, account_id: UUID) -> bool:
    """Whether the file is behind a record of this person."""
    return bool(await tx.fetchval(_PROVES_OF, tenant_id, evidence_id, account_id))
