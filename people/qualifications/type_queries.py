"""SQL of qualification types."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx, row_to
from people.qualifications.model import QualificationType
from people.qualifications.queries import like

_TYPE = """tenant_id, id, slug, name, skills, validity_months, review_months, warn_days, source, in_use, version,
    created_at"""

_INSERT = f"""
INSERT INTO qualification_types (tenant_id, id, slug, name, skills, validity_months, review_months, warn_days, source,
    created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING {_TYPE}
"""


async def insert(tx: Tx, tenant_id: UUID, it: QualificationType) -> QualificationType | None:
    """The new type, or None when the slug is taken."""
    row = await tx.fetchrow(
        _INSERT,
        tenant_id,
        it.id,
        it.slug,
        it.name,
        it.skills,
        it.validity_months,
        it.review_months,
        it.warn_days,
        it.source,
        it.created_at,
    )
    return None if row is None else row_to(QualificationType, row)


_FIND = f"SELECT {_TYPE} FROM qualification_types WHERE tenant_id = $1 AND id = $2"


async def find(tx: Tx, tenant_id: UUID, type_id: UUID) -> QualificationType | None:
    """One type."""
    row = await tx.fetchrow(_FIND, tenant_id, type_id)
    return None if row is None else row_to(QualificationType, row)


_LOCK = f"SELECT {_TYPE} FROM qualification_types WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock(tx: Tx, tenant_id: UUID, type_id: UUID) -> QualificationType | None:
    """One type, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK, tenant_id, type_id)
    return None if row is None else row_to(QualificationType, row)


_SAVE = f"""
UPDATE qualification_types
SET name = $3, skills = $4, validity_months = $5, review_months = $6, warn_days = $7, source = $8, in_use = $9,
    version = version + 1
WHERE tenant_id = $1 AND id = $2
RETURNING {_TYPE}
"""


async def save(tx: Tx, tenant_id: UUID, it: QualificationType) -> QualificationType:
    """Store what can be edited of a locked type; returns it with its new version."""
    row = await tx.fetchrow(
        _SAVE,
        tenant_id,
        it.id,
        it.name,
        it.skills,
        it.validity_months,
        it.review_months,
        it.warn_days,
        it.source,
        it.in_use,
    )
    return row_to(QualificationType, row)


_LIST = f"""
SELECT {_TYPE} FROM qualification_types
WHERE tenant_id = $1 AND slug > $2
  AND ($3::text IS NULL OR slug ILIKE $3 OR name ->> 'zh' ILIKE $3 OR name ->> 'en' ILIKE $3)
  AND ($4::text IS NULL OR $4 = ANY(skills))
  AND ($5::boolean IS NULL OR in_use = $5)
ORDER BY slug
LIMIT $6
"""


async def list_types(
    tx: Tx,
    tenant_id: UUID,
    *,
    after: str = "",
    search: str | None = None,
    skill: str | None = None,
    in_use: bool | None = None,
    limit: int,
) -> list[QualificationType]:
    """A page of types by slug."""
    pattern = None if search is None else like(search)
    return [
        row_to(QualificationType, row) for row in await tx.fetch(_LIST, tenant_id, after, pattern, skill, in_use, limit)
    ]


_OF_IDS = f"SELECT {_TYPE} FROM qualification_types WHERE tenant_id = $1 AND id = ANY($2::uuid[])"


async def find_many(tx: Tx, tenant_id: UUID, ids: list[UUID]) -> dict[UUID, QualificationType]:
    """The types of a page."""
    found = [row_to(QualificationType, row) for row in await tx.fetch(_OF_IDS, tenant_id, ids)]
    return {it.id: it for it in found}


_PLANTS_OWN_SKILLS = """
SELECT DISTINCT s.skill FROM qualification_types t CROSS JOIN LATERAL unnest(t.skills) AS s (skill)
WHERE t.tenant_id = $1
"""


async def list_skill_codes(tx: Tx, tenant_id: UUID) -> set[str]:
    """Every code that some type gives."""
    return {row["skill"] for row in await tx.fetch(_PLANTS_OWN_SKILLS, tenant_id)}
