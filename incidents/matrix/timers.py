"""Delayed effects of the matrix, fired by a courier: each in one transaction, so that a kill repeats and loses none.

Locks in the order of docs/architecture.md: the alarm's state, the site, the incident, then the timer's row.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg

from core.database import Database, Tx
from core.errors import MusterError, Unavailable
from core.logging import get_logger
from incidents import commanding
from incidents import queries as incident_queries
from incidents.alarms import alarm_queries
from incidents.context import load_context
from incidents.matrix import live, queries
from incidents.matrix.queries import Timer

log = get_logger(__name__)

# Delays are whole seconds or more; this much later at most.
EVERY_S = 0.5
# After the database went away.
RETRY_S = 1.0
_AT_ONCE = 100


async def keep_firing(db: Database) -> None:
    """Fire what is due until cancelled."""
    while True:
        pause_s = EVERY_S
        try:
            await fire_due(db)
        except (Unavailable, asyncpg.PostgresError) as problem:
            log.warning("matrix_timers.waiting", error=str(problem))
            pause_s = RETRY_S
        await asyncio.sleep(pause_s)


async def fire_due(db: Database) -> int:
    """Everything that is due now; returns how many commands were given. One that fails holds up no other."""
    async with db.transaction(None) as tx:
        due = await queries.list_due_timers(tx, tx.now, _AT_ONCE)
    given = 0
    for tenant_id, timer_id in due:
        try:
            async with db.transaction(tenant_id) as tx:
                given += await _fire(tx, tenant_id, timer_id)
        except Unavailable:
            raise
        except (MusterError, asyncpg.PostgresError) as problem:
            log.error("matrix_timer.failed", timer=str(timer_id), error=str(problem))
    return given


async def _fire(tx: Tx, tenant_id: UUID, timer_id: UUID) -> int:
    known = await queries.find_timer(tx, tenant_id, timer_id)
    if known is None:
        return 0
    context = await load_context(tx, tenant_id, known.site_id)
    watched = await alarm_queries.lock_rules(tx, tenant_id, [known.rule_id])
    await incident_queries.lock_site(tx, tenant_id, known.site_id)
    # Under the site's lock it can not move to another incident any more.
    known = await queries.find_timer(tx, tenant_id, timer_id)
    if known is None:
        return 0
    incident = await incident_queries.lock_incident(tx, tenant_id, known.incident_id)
    timer = await queries.take_timer(tx, tenant_id, timer_id)
    if timer is None:
        return 0
    stands = any(w.episode_id == timer.alarm_id and w.state.condition == "active" for w in watched)
    if not stands or incident.state == "closed" or context.matrix is None or await _was_normal(tx, timer):
        log.info("matrix_timer.dropped", alarm=str(timer.alarm_id), action=timer.action)
        return 0
    command = await live.ask(tx, context, incident, timer.rule_id, timer.actuator_id, timer.action)
    await commanding.announce_commands(tx, tenant_id, incident.id, [] if command is None else [command])
    return 0 if command is None else 1


async def _was_normal(tx: Tx, timer: Timer) -> bool:
    """The alarm came back meanwhile: its delay began again, with a timer of its own."""
    return await queries.has_returned(tx, timer.tenant_id, timer.rule_id, timer.since)
