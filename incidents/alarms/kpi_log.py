"""The log of alarm events, written in the transaction of the transition, in one statement.

Locks: the caller holds the site; the rows of ``alarm_rollups_due`` come after it and before the incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.database import Tx
from core.errors import NotFound
from core.logging import get_logger
from incidents.alarms import kpi_queries
from incidents.alarms.evaluation import Outcome
from incidents.alarms.kpi_events import AlarmEvent, events_of
from incidents.alarms.model import AlarmRule
from incidents.context import SiteContext
from incidents.incident import Alarm

log = get_logger(__name__)


async def log_outcomes(tx: Tx, context: SiteContext, outcomes: Sequence[Outcome], by: UUID | None) -> None:
    """Log what happened to these rules; ``by`` is the person behind it."""
    events: list[AlarmEvent] = []
    for it in outcomes:
        zone_id = _zone_of(context, it.rule)
        if zone_id is not None:
            events += events_of(it.rule, it.before, it.after, it.facts, zone_id, it.episode_id)
    if events:
        await kpi_queries.append_events(tx, context.tenant_id, context.site_id, events, by)


async def log_retired(tx: Tx, context: SiteContext, row: Alarm) -> None:
    """An alarm that ended because its rule went out of force while it was active."""
    if row.returned_at is not None:
        return
    event = AlarmEvent("cleared", row.rule_id, row.zone_id, row.id, row.level, "low", "none", True)
    await kpi_queries.append_events(tx, context.tenant_id, context.site_id, [event], None)


def _zone_of(context: SiteContext, rule: AlarmRule) -> UUID | None:
    try:
        return context.zone_of(rule).id
    except NotFound:
        # A figure must never stand in the way of an alarm: one that opens an incident has its zone.
        log.warning("alarm_log.no_zone", rule=str(rule.id))
        return None
