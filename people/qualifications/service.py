"""Use cases of qualifications."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx


async def list_valid_skills(tx: Tx, tenant_id: UUID, at: datetime) -> dict[UUID, frozenset[str]]:
    """Skill codes by account, from qualifications valid at this moment; accounts without any are left out."""
    return {}
