"""Anchors: where a timeline ended, written into the tenant's audit chain at its end and every few minutes before.

Lock order: a timeline's head stands after its incident and before rooms and the audit head; whoever anchors without
the incident's lock takes the head alone.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Database, Tx, row_to
from core.errors import Unavailable
from core.logging import get_logger

log = get_logger(__name__)

ACTION = "timeline.anchored"
# A line that is not anchored yet is held by its timeline's head alone; ten minutes is an incident's own pace.
ANCHOR_AFTER = timedelta(minutes=10)
EVERY_S = 60.0
# Anchors of one round; a flood's rest waits for the next.
ROUND_MAX = 500


class Head(msgspec.Struct, frozen=True):
    """Where a chain ends."""

    position: int
    hash: str


_MARK = """
UPDATE timeline_heads SET anchored_position = position
WHERE tenant_id = $1 AND incident_id = $2 AND position > anchored_position
RETURNING position, hash
"""


async def anchor(tx: Tx, tenant_id: UUID, incident_id: UUID) -> bool:
    """Write the timeline's end into the audit chain; False when it is there already."""
    row = await tx.fetchrow(_MARK, tenant_id, incident_id)
    if row is None:
        return False
    head = row_to(Head, row)
    await audit.record(tx, None, ACTION, "incident", incident_id, {"position": head.position, "hash": head.hash})
    return True


_DUE = "SELECT tenant_id, incident_id FROM muster_timelines_to_anchor($1, $2)"


async def list_due(tx: Tx, before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, incident) of timelines that moved before then and are not anchored, of every tenant."""
    return [(r["tenant_id"], r["incident_id"]) for r in await tx.fetch(_DUE, before, limit)]


async def anchor_due(db: Database) -> int:
    """Anchor what waits longer than ANCHOR_AFTER, a transaction for each; returns how many."""
    async with db.transaction(None) as tx:
        due = await list_due(tx, tx.now - ANCHOR_AFTER, ROUND_MAX)
    done = 0
    for tenant_id, incident_id in due:
        async with db.transaction(tenant_id) as tx:
            done += await anchor(tx, tenant_id, incident_id)
    return done


async def keep_anchoring(db: Database) -> None:
    """Anchor now, then every EVERY_S; a database that is away is asked again next time. Runs in every courier: an
    anchor that two ask for is written once."""
    while True:
        try:
            await anchor_due(db)
        except Unavailable as problem:
            log.warning("anchors.skipped", error=str(problem))
        await asyncio.sleep(EVERY_S)
