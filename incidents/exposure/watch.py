"""Doses over a limit, found each minute on every site of every tenant.

A look is one transaction under the site's row of ``exposure_watches`` (taken with SKIP LOCKED, no other lock after it
but the audit head): a courier that dies in it has changed nothing, and another looks a minute later.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from core import outbox
from core.database import Database, Tx
from core.errors import MusterError
from core.ids import new_id
from core.logging import get_logger
from incidents.exposure import exceeded, queries
from incidents.exposure.dose import Dose
from incidents.exposure.queries import ExposureEvent
from incidents.exposure.service import PersonDoses, doses_of_site

log = get_logger(__name__)

EXCEEDED = "exposure.exceeded"
"""News; key: the event's id."""

# Minutes are what doses are made of.
EVERY = timedelta(minutes=1)
# How soon the list of due sites is read again.
LOOK_S = 5.0
# Sites of one round; what is left waits for the next, seconds later.
SITES_MAX = 200


async def keep_watching(db: Database) -> None:
    """Look at due sites until cancelled; a site that fails is tried again in a minute and holds up no other."""
    while True:
        try:
            await look(db)
        except MusterError as problem:
            log.warning("exposure.waiting_for_database", error=str(problem))
        await asyncio.sleep(LOOK_S)


async def look(db: Database) -> int:
    """One round; returns how many doses were found over their limit for the first time."""
    async with db.transaction(None) as tx:
        due = await queries.list_due(tx, SITES_MAX)
    found = 0
    for tenant_id, site_id in due:
        try:
            async with db.transaction(tenant_id) as tx:
                found += await look_at_site(tx, tenant_id, site_id)
        except MusterError:
            raise
        except Exception:
            log.exception("exposure.site_failed", site=str(site_id))
            async with db.transaction(tenant_id) as tx:
                await queries.take_watch(tx, tenant_id, site_id, tx.now + EVERY)
    return found


async def look_at_site(tx: Tx, tenant_id: UUID, site_id: UUID) -> int:
    """Write what is over now and was not, end what is not over any more."""
    if not await queries.take_watch(tx, tenant_id, site_id, tx.now + EVERY):
        return 0
    over = [
        (it, dose) for it in await doses_of_site(tx, tenant_id, site_id, tx.now) for dose in it.doses if is_over(dose)
    ]
    keys = {(it.person_id, dose.kind, dose.subject) for it, dose in over}
    open_events = await queries.list_open_events(tx, tenant_id, site_id)
    ended = [e.id for e in open_events if (e.person_id, e.kind, e.subject) not in keys]
    if ended:
        await queries.end_events(tx, tenant_id, ended, tx.now)
    found = 0
    for it, dose in over:
        event = _event(tenant_id, site_id, it, dose)
        if await queries.insert_event(tx, tenant_id, event):
            found += 1
            await outbox.append(tx, EXCEEDED, event.id)
            await exceeded.tell(tx, event)
            log.warning("exposure.exceeded", id=str(event.id), kind=dose.kind, subject=dose.subject)
    return found


def is_over(dose: Dose) -> bool:
    """By what is known alone: an estimate that leans on unknown minutes would call at every gap."""
    return dose.fraction >= 1.0


def _event(tenant_id: UUID, site_id: UUID, it: PersonDoses, dose: Dose) -> ExposureEvent:
    return ExposureEvent(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=site_id,
        person_id=it.person_id,
        kind=dose.kind,
        subject=dose.subject,
        mixture=dose.mixture,
        zone_id=None,
        fraction=dose.fraction,
        value=dose.at_least,
        limit_value=dose.limit,
        unit=dose.unit,
        source=dose.source,
        unknown_min=dose.unknown_min,
        confidence=dose.confidence,
        at=it.at,
        ended_at=None,
    )
