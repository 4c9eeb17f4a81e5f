"""SQL of rotas as they were at any time: their versions, and what a period is resolved with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from core.database import Tx, row_to, rows_to
from people.rotas.model import RotaInForce, RotaVersion

_LIST_VERSIONS = """
SELECT tenant_id, rota_id, version, valid_from, valid_until, tz, calendar_id, definition, retired FROM rota_versions
WHERE tenant_id = $1 AND rota_id = $2 AND ($3::integer IS NULL OR version < $3)
ORDER BY version DESC LIMIT $4
"""


async def list_versions(tx: Tx, tenant_id: UUID, rota_id: UUID, *, before: int | None, limit: int) -> list[RotaVersion]:
    """A rota's versions, newest first, from the one before ``before``."""
    rows = await tx.fetch(_LIST_VERSIONS, tenant_id, rota_id, before, limit)
    return [row_to(RotaVersion, row) for row in rows]


_IN_FORCE = (Path(__file__).parent / "sql" / "in_force.sql").read_text(encoding="utf-8")


async def list_in_force(
    tx: Tx,
    tenant_id: UUID,
    period: tuple[datetime, datetime],
    *,
    around: timedelta,
    site_id: UUID | None = None,
    rota_ids: Sequence[UUID] | None = None,
    account_id: UUID | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[RotaInForce]:
    """Rotas by slug that were not retired as the period begins, with what they are resolved with in and around it.

    ``site_id``: of this site and of the whole tenant; ``account_id``: that may name this person.
    """
    start, end = period
    ids = None if rota_ids is None else list(rota_ids)
    reach = (start - around, end + around)
    rows = await tx.fetch(_IN_FORCE, tenant_id, start, *reach, site_id, ids, account_id, after, limit)
    return await rows_to(RotaInForce, rows)
