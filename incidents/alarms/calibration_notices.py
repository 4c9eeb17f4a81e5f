"""Who is told that calibrations are due: those who look after the plant, as they come near and as they are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from mobile_contract.text import Text
from people.notices.model import SHOWN_MAX, CalibrationDue, Draft, SensorDue
from people.notices.service import list_people_with_roles, notify
from people.permissions import Permission, Role, may
from plant import queries as plant

CARERS = [role for role in Role if may(role, Permission.MANAGE_PLANT)]


class Newly(msgspec.Struct, frozen=True):
    """A sensor that came to its level today."""

    sensor_id: UUID
    name: Text
    days_left: int


# The daily notes of one due date: a level that was noted on a day before is no news.
NEWLY = """
SELECT n.sensor_id, s.name, n.days_left
FROM calibration_notices n JOIN sensors s ON s.tenant_id = $1 AND s.id = n.sensor_id
WHERE n.tenant_id = $1 AND n.sensor_id = ANY ($2::uuid[]) AND n.day = $3
  AND NOT EXISTS (
    SELECT FROM calibration_notices e
    WHERE e.tenant_id = $1 AND e.sensor_id = n.sensor_id AND e.level = n.level AND e.day < n.day
      AND e.day + e.days_left = n.day + n.days_left)
ORDER BY n.days_left, n.sensor_id
"""


async def list_newly(tx: Tx, tenant_id: UUID, sensor_ids: Sequence[UUID], day: date) -> list[Newly]:
    """Of these, noted on this day, who was not at this level before."""
    return [row_to(Newly, row) for row in await tx.fetch(NEWLY, tenant_id, list(sensor_ids), day)]


async def tell(tx: Tx, tenant_id: UUID, site_id: UUID, sensor_ids: Sequence[UUID]) -> None:
    """One notice for all of them: a batch that was bought together is due together."""
    newly = await list_newly(tx, tenant_id, sensor_ids, tx.now.date())
    if not newly:
        return
    site = await plant.get_site(tx, tenant_id, site_id)
    shown = [SensorDue(it.name, it.days_left) for it in newly[:SHOWN_MAX]]
    # A sensor made later on the same day is another notice.
    key = f"calibration.due:{site_id}:{tx.now.date()}:{newly[0].sensor_id}"
    draft = Draft(site_id, CalibrationDue(site.name, shown, len(newly) - len(shown)), key)
    await notify(tx, tenant_id, await list_people_with_roles(tx, tenant_id, CARERS), draft)
