"""The auditor, apart from those it looks after: a process of its own that knows their tables and none of their memory.

What it can put right it does: a lease nobody will ever give back, an order without a time to look at it again, news
that was lost. What it can not (a site no gateway serves, a courier that is dead) stays a finding, and while one stands
the heartbeat outside stays away: somebody there notices, whatever has become of us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import httpx

from core import audit, outbox
from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter, gauge
from core.outlet import Output, Released, release
from incidents.auditing import queries
from incidents.auditing.queries import Finding, Stuck
from incidents.reaching.orders import NEWS_QUEUED
from incidents.roll_call.service import NEWS_LOOK
from incidents.sos.lone_service import NEWS_RING
from plant.command_runner import REQUESTED

log = get_logger(__name__)

# Everything it looks after moves within a second or two of its time; a lease runs 6 s and may be taken over once.
LATE_AFTER = timedelta(seconds=20)
# No courier leases for longer than this (settings allow 300 s): such a lease was written by a clock that was ahead.
LEASE_LONGEST = timedelta(seconds=600)
LOOK_EVERY_S = 5.0
# What does not move after a repair is put right again this much later, not at each look.
REPAIR_AGAIN = timedelta(seconds=60)
STUCK_MOST = 500
HEARTBEAT_EVERY_S = 60.0
HEARTBEAT_TIMEOUT_S = 5.0
NEWS_PLANT = "plant.changed"

STUCK_NOW = gauge("auditor_stuck", "Things that should have moved and did not, at the last look.")
REPAIRS = counter("auditor_repairs", "Things put right, by what they are.", ("what",))
HEARTBEATS = counter("auditor_heartbeats", "Heartbeats sent outside, by what became of them.", ("outcome",))


class Auditor:
    """Looks, repairs, reports until cancelled; ``look`` does it once."""

    def __init__(self, db: Database, *, heartbeat_url: str = "") -> None:
        self._db = db
        self._url = heartbeat_url

    async def run(self) -> None:
        """Look every few seconds; a heartbeat goes out each minute in which all is well at the last look."""
        beat_at = 0.0
        loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(timeout=HEARTBEAT_TIMEOUT_S, follow_redirects=False) as http:
            while True:
                try:
                    well = await self.look()
                except Unavailable as problem:
                    log.warning("auditor.waiting_for_database", error=str(problem))
                    well = False
                except Exception:
                    log.exception("auditor.fault")
                    well = False
                if well and self._url and loop.time() >= beat_at:
                    beat_at = loop.time() + HEARTBEAT_EVERY_S
                    await beat(release(Output.FEED, exercise=False), http, self._url)
                await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> bool:
        """Find, put right, and note; True when nothing is stuck and nothing was found before that still is."""
        async with self._db.transaction(None) as tx:
            late, ahead, far = tx.now - LATE_AFTER, tx.now + LATE_AFTER, tx.now + LEASE_LONGEST
            stuck = await queries.list_stuck(tx, late, ahead, far, STUCK_MOST)
            troubled = await queries.list_tenants_with_findings(tx)
        STUCK_NOW.set(len(stuck))
        for tenant_id in sorted({s.tenant_id for s in stuck} | set(troubled)):
            async with self._db.transaction(tenant_id) as tx:
                await _look_after(tx, tenant_id, [s for s in stuck if s.tenant_id == tenant_id])
        return not stuck


async def _look_after(tx: Tx, tenant_id: UUID, stuck: Sequence[Stuck]) -> None:
    known = {(f.what, f.subject_id): f for f in await queries.lock_open(tx, tenant_id)}
    for item in dict.fromkeys(stuck):
        finding = known.pop((item.what, item.id), None)
        if finding is None:
            await _find(tx, tenant_id, item)
        elif tx.now - finding.repaired_at >= REPAIR_AGAIN:
            await _repair(tx, tenant_id, item.what, item.id)
            await queries.note_repair(tx, tenant_id, finding.id)
    for finding in known.values():
        await _end(tx, tenant_id, finding)


async def _find(tx: Tx, tenant_id: UUID, item: Stuck) -> None:
    if not await queries.insert_finding(tx, tenant_id, item.what, item.id):
        return
    await _repair(tx, tenant_id, item.what, item.id)
    log.error("auditor.stuck", tenant=str(tenant_id), what=item.what, id=str(item.id))
    await audit.record(tx, None, "auditor.repaired", item.what, item.id, {"late_after_s": LATE_AFTER.total_seconds()})


async def _end(tx: Tx, tenant_id: UUID, finding: Finding) -> None:
    await queries.end(tx, tenant_id, finding.id)
    facts = {"found_at": finding.found_at, "repairs": finding.repairs}
    await audit.record(tx, None, "auditor.moves_again", finding.what, finding.subject_id, facts)


async def _repair(tx: Tx, tenant_id: UUID, what: str, subject_id: UUID) -> None:
    """Free what is held, and wake whoever works on it; twice does no harm."""
    REPAIRS.labels(what).inc()
    match what:
        case "delivery":
            await queries.free_delivery(tx, tenant_id, subject_id, tx.now + LEASE_LONGEST)
            await outbox.wake(tx, NEWS_QUEUED, subject_id)
        case "escalation":
            await queries.free_escalation(tx, tenant_id, subject_id, tx.now + LEASE_LONGEST)
            await outbox.wake(tx, NEWS_QUEUED, subject_id)
        case "feed_message":
            await queries.free_feed_message(tx, tenant_id, subject_id)
        case "command":
            await outbox.wake(tx, REQUESTED, subject_id)
        case "roll_call":
            await outbox.wake(tx, NEWS_LOOK, subject_id)
        case "lone_session":
            await outbox.wake(tx, NEWS_RING, subject_id)
        case "alarm_timer":
            site_id = await queries.site_of_rule(tx, tenant_id, subject_id)
            # The engine reads the site's states and timers again.
            await outbox.wake(tx, NEWS_PLANT, site_id)


async def beat(leave: Released, http: httpx.AsyncClient, url: str) -> None:
    """Tell whoever watches us from outside that all is well."""
    assert leave.output is Output.FEED
    try:
        answer = await http.get(url)
    except httpx.HTTPError as problem:
        HEARTBEATS.labels("failed").inc()
        log.warning("auditor.heartbeat_failed", error=type(problem).__name__)
        return
    HEARTBEATS.labels("sent" if answer.is_success else "refused").inc()
