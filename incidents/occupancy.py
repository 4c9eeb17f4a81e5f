"""How many people are near an alarm: one query in the transaction that raises it."""

from __future__ import annotations

from collections.abc import Sequence

from core.database import Tx
from incidents.alarms.model import AlarmRule
from incidents.context import SiteContext
from people.presence import service as presence


async def people_near(tx: Tx, context: SiteContext, rules: Sequence[AlarmRule]) -> int | None:
    """People in the zones of these alarms and those adjoining them, each by their confidence; None: nobody knows."""
    zones = [context.zone_of(rule) for rule in rules]
    near = {zone_id for zone in zones for zone_id in (zone.id, *zone.adjoining)}
    return await presence.count_present(tx, context.tenant_id, context.site_id, near, tx.now)
