"""SQL of forecasts."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx, row_to
from incidents.hazards.concern import SiteLimit

# Of an agent a site has a handful; a rule more does not make the strictest another one.
LIMITS_MAX = 1_000

LIST_LIMITS = """
SELECT DISTINCT r.level::int AS level, r.set_point, r.unit, r.source
FROM alarm_rules r JOIN sensors s ON s.tenant_id = $1 AND s.id = r.sensor_id
WHERE r.tenant_id = $1 AND r.site_id = $2 AND s.agent = $3 AND r.kind = 'high' AND r.retired_at IS NULL
  AND s.retired_at IS NULL
ORDER BY level, r.set_point LIMIT $4
"""


async def list_limits(tx: Tx, tenant_id: UUID, site_id: UUID, agent: str) -> list[SiteLimit]:
    """The high limits that sensors of a site hold an agent to."""
    rows = await tx.fetch(LIST_LIMITS, tenant_id, site_id, agent, LIMITS_MAX)
    return [row_to(SiteLimit, row) for row in rows]
