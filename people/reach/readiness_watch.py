"""Tells people before their duty that no phone of theirs will ring; a worker of the courier.

The notice's key is the duty, so any number of couriers and rounds make one, and a courier that dies repeats nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from core.database import Database, Tx
from core.errors import MusterError
from core.logging import get_logger
from people.notices.model import SHOWN_MAX, Draft, PhoneNotReady
from people.notices.service import notify
from people.reach import queries
from people.reach.readiness import problems_of_person
from people.rotas import service as rotas

log = get_logger(__name__)

# Long enough to charge a phone or fetch another, short enough that what was put right is not said.
BEFORE = timedelta(hours=2)
# A phone that goes bad within the two hours is still found in time.
EVERY_S = 300.0

_TENANTS = "SELECT muster_tenant_ids()"


async def keep_watching(db: Database) -> None:
    """Look now, then every EVERY_S; a tenant that fails holds up no other."""
    while True:
        try:
            await look(db)
        except MusterError as problem:
            log.warning("readiness.waiting_for_database", error=str(problem))
        await asyncio.sleep(EVERY_S)


async def look(db: Database) -> int:
    """One round over every tenant; returns how many people were told."""
    async with db.transaction(None) as tx:
        tenants: list[UUID] = [row[0] for row in await tx.fetch(_TENANTS)]
    told = 0
    for tenant_id in tenants:
        try:
            async with db.transaction(tenant_id) as tx:
                told += await tell_before_duty(tx, tenant_id)
        except MusterError as problem:
            log.error("readiness.tenant_failed", tenant=str(tenant_id), error=str(problem))
    return told


async def tell_before_duty(tx: Tx, tenant_id: UUID) -> int:
    """Tell each person whose duty begins soon what keeps their phones silent; returns how many had not heard."""
    coming = await rotas.list_coming(tx, tenant_id, tx.now, tx.now + BEFORE)
    duties = [it for it in coming if it.starts_at > tx.now]
    phones = await queries.list_phone_facts(tx, tenant_id, sorted({it.account_id for it in duties if it.account_id}))
    told = 0
    for duty in duties:
        mine = [phone for phone in phones if phone.account_id == duty.account_id]
        blocking = [p.text for p in problems_of_person(mine, tx.now) if p.severity == "blocks"]
        if blocking and duty.account_id is not None:
            facts = PhoneNotReady(duty.rota.name, duty.starts_at, duty.rota.tz, blocking[:SHOWN_MAX])
            key = f"phone.not_ready:{duty.rota.id}:{duty.starts_at.isoformat()}"
            told += await notify(tx, tenant_id, [duty.account_id], Draft(duty.rota.id, facts, key))
    return told
