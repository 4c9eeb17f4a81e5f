"""Use case of calibration: which sensors are due."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from core.database import Tx
from incidents.alarms import calibration_queries
from incidents.alarms.calibration_queries import Due
from people.actor import Actor
from people.permissions import Permission


async def list_due(
    tx: Tx,
    actor: Actor,
    *,
    within_days: int,
    site_id: UUID | None,
    zone_id: UUID | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[Due]:
    """Sensors in use whose calibration is due within so many days or over, the longest over first."""
    actor.require(Permission.READ_PLANT)
    by = tx.now.date() + timedelta(days=within_days)
    return await calibration_queries.list_due(
        tx, actor.tenant_id, by, site_id=site_id, zone_id=zone_id, after=after, limit=limit
    )
