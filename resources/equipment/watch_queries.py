"""SQL of what expires: sites with their soonest things, and the week that officers were told of."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from mobile_contract.text import Text

FIND_WATCHED_WEEK = "SELECT week FROM equipment_watched WHERE tenant_id = $1"


async def find_watched_week(tx: Tx, tenant_id: UUID) -> date | None:
    """The last week, by its first day, whose notices are written."""
    week: date | None = await tx.fetchval(FIND_WATCHED_WEEK, tenant_id)
    return week


SAVE_WATCHED_WEEK = """
INSERT INTO equipment_watched (tenant_id, week) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET week = greatest(equipment_watched.week, excluded.week)
"""


async def save_watched_week(tx: Tx, tenant_id: UUID, week: date) -> None:
    """The notices of this week are written."""
    await tx.execute(SAVE_WATCHED_WEEK, tenant_id, week)


class Expiring(msgspec.Struct, frozen=True):
    """A site with something that expires: its soonest things by name, and how many there are in all."""

    site_id: UUID
    name: Text
    tz: str
    things: list[tuple[Text, datetime]]
    count: int


LIST_EXPIRING = """
SELECT e.site_id, s.name, s.tz,
    jsonb_path_query_array(jsonb_agg(jsonb_build_array(e.name, e.expires_at) ORDER BY e.expires_at, e.id),
        '$[0 to $most]', jsonb_build_object('most', $3::int - 1)) AS things,
    count(*)::int AS count
FROM equipment e JOIN sites s ON s.tenant_id = $1 AND s.id = e.site_id
WHERE e.tenant_id = $1 AND e.retired_at IS NULL AND e.expires_at <= $2
GROUP BY e.site_id, s.name, s.tz ORDER BY e.site_id
"""


async def list_expiring(tx: Tx, tenant_id: UUID, by: datetime, *, most: int) -> list[Expiring]:
    """Sites with equipment in use that expires by then, or has; each with ``most`` of it by name."""
    return [row_to(Expiring, row) for row in await tx.fetch(LIST_EXPIRING, tenant_id, by, most)]
