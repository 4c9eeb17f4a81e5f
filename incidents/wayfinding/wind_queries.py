"""SQL of the wind that forecasts of a site were made for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to


class WindForecast(msgspec.Struct, frozen=True):
    """A forecast outdoors that stands; ``own``: of the incident asked for."""

    id: UUID
    own: bool
    facts: dict[str, Any]


FIND_FORECAST = """
SELECT id, coalesce(incident_id = $3::uuid, false) AS own, facts FROM hazards
WHERE tenant_id = $1 AND site_id = $2 AND source = 'forecast' AND facts ? 'wind' AND ended_at IS NULL
  AND (ends_at IS NULL OR ends_at > $4) AND ($5 OR NOT exercise)
ORDER BY own DESC, stated_at DESC, id DESC LIMIT 1
"""


async def find_forecast(
    tx: Tx, tenant_id: UUID, site_id: UUID, incident_id: UUID | None, now: datetime, *, exercise: bool
) -> WindForecast | None:
    """The newest with a wind, the incident's own before others; ``exercise``: those of a drill count too."""
    row = await tx.fetchrow(FIND_FORECAST, tenant_id, site_id, incident_id, now, exercise)
    return None if row is None else row_to(WindForecast, row)
