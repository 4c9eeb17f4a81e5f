"""SQL of calibration: which sensors are due, and the one notice a day about each."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import msgspec

from core import outbox
from core.database import Tx, row_to
from core.logging import get_logger
from incidents.alarms import calibration_notices
from mobile_contract.text import Text
from plant.calibration import DUE_SOON_DAYS

log = get_logger(__name__)

NEWS_CALIBRATION = "calibration.due"
"""Key: the sensor's id; payload: ``days_left``."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor whose calibration is due or over; ``noticed_on``: the last day it was said."""

    sensor_id: UUID
    site_id: UUID
    zone_id: UUID
    series: str
    name: Text
    calibration_due: date
    noticed_on: date | None


LIST_DUE = """
SELECT s.id AS sensor_id, s.site_id, s.zone_id, s.series, s.name, s.calibration_due,
    (SELECT max(n.day) FROM calibration_notices n WHERE n.tenant_id = $1 AND n.sensor_id = s.id) AS noticed_on
FROM sensors s
WHERE s.tenant_id = $1 AND s.retired_at IS NULL AND s.calibration_due <= $2
  AND ($3::uuid IS NULL OR s.site_id = $3) AND ($4::uuid IS NULL OR s.zone_id = $4)
  AND ($5::date IS NULL OR (s.calibration_due, s.id) > ($5, $6::uuid))
ORDER BY s.calibration_due, s.id LIMIT $7
"""


async def list_due(
    tx: Tx,
    tenant_id: UUID,
    by: date,
    *,
    site_id: UUID | None = None,
    zone_id: UUID | None = None,
    after: tuple[date, UUID] | None = None,
    limit: int,
) -> list[Due]:
    """Sensors in use whose calibration is due by this day or over, the longest over first."""
    day, last = after or (None, None)
    return [row_to(Due, r) for r in await tx.fetch(LIST_DUE, tenant_id, by, site_id, zone_id, day, last, limit)]


NOTE_DAY = """
INSERT INTO calibration_notices (tenant_id, sensor_id, day, level, days_left, at)
SELECT $1, s.id, $3, CASE WHEN s.calibration_due < $3 THEN 'expired' ELSE 'due_soon' END, s.calibration_due - $3, $5
FROM sensors s
WHERE s.tenant_id = $1 AND s.site_id = $2 AND s.retired_at IS NULL AND s.calibration_due <= $4
ON CONFLICT (tenant_id, sensor_id, day) DO NOTHING
RETURNING sensor_id, days_left
"""


async def note_day(tx: Tx, tenant_id: UUID, site_id: UUID) -> int:
    """Say once a day (UTC) of each sensor of the site that its calibration is due soon or over; returns how many.

    No alarm: it opens no incident and sends nobody, and a hundred sensors of one batch are no flood. Those who look
    after the plant get a notice when it becomes due and when it is over, one for all sensors of a day.
    """
    today = tx.now.date()
    rows = await tx.fetch(NOTE_DAY, tenant_id, site_id, today, today + timedelta(days=DUE_SOON_DAYS), tx.now)
    for row in rows:
        await outbox.append(tx, NEWS_CALIBRATION, row["sensor_id"], {"days_left": row["days_left"]})
    if rows:
        await calibration_notices.tell(tx, tenant_id, site_id, [row["sensor_id"] for row in rows])
        log.info("calibration.due", site=str(site_id), sensors=len(rows))
    return len(rows)
