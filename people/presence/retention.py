"""How long what is known of people is kept, and its deletion: no longer than needed (PIPL 19, GDPR 5(1)(e))."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.database import Tx
from people.presence import log_queries, visit_queries

# A dose over a shift looks 8 h back, a phone may be off the network for a shift before it reports, and the debrief of
# an incident is the next day.
POSITIONS_KEPT = timedelta(hours=24)
# Who came through which door: 90 days, what access logs are commonly kept for; an incident's own record keeps its part.
EVENTS_KEPT = timedelta(days=90)
# Visitors are told from whom they may have caught or taken something: the same 90 days after they left.
VISITS_KEPT = timedelta(days=90)


async def forget(tx: Tx, tenant_id: UUID) -> None:
    """Delete what is older, in the caller's transaction; upkeep."""
    await log_queries.forget_positions(tx, tenant_id, tx.now - POSITIONS_KEPT)
    await log_queries.forget_events(tx, tenant_id, tx.now - EVENTS_KEPT)
    await visit_queries.forget_visits(tx, tenant_id, tx.now - VISITS_KEPT)
