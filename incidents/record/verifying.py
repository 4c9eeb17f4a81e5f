"""Verifying chains against the database: in slices, so that a chain of any length takes the same memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from uuid import UUID

import msgspec

from core.database import Tx
from incidents import queries
from incidents.record import timeline
from incidents.record import verification_queries as sql
from incidents.record.anchors import Head
from incidents.record.verification import (
    Break,
    Walk,
    audit_digest,
    follow,
    judge_anchors,
    judge_end,
    timeline_digest,
)
from people.actor import Actor
from people.permissions import Permission

# Lines in memory at once: about a megabyte.
SLICE = 1000


class Transactions(Protocol):
    """Who opens a transaction in a tenant: a Database, or one transaction that is open already."""

    def transaction(self, tenant_id: UUID | None) -> AbstractAsyncContextManager[Tx]: ...


class Verdict(msgspec.Struct, frozen=True):
    """What was found of one chain; ``broken`` None: whole, to the last of ``length`` lines.

    ``anchors``: how many places of it the tenant's audit chain vouches for.
    """

    length: int
    hash: str
    anchors: int
    broken: Break | None


async def verify_incident(tx: Tx, actor: Actor, incident_id: UUID) -> Verdict:
    """Follow an incident's timeline from its first line to its head and its anchors; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    await queries.get_incident(tx, actor.tenant_id, incident_id)
    return await verify_timeline(Open(tx), actor.tenant_id, incident_id)


async def verify_timeline(db: Transactions, tenant_id: UUID, incident_id: UUID) -> Verdict:
    """The same without an actor: for the command line, slice by slice in transactions of their own."""
    async with db.transaction(tenant_id) as tx:
        before = await sql.find_head(tx, tenant_id, incident_id)
    walk = Walk()
    while walk.broken is None:
        async with db.transaction(tenant_id) as tx:
            lines = await timeline.list_entries(tx, tenant_id, incident_id, after=walk.position, limit=SLICE)
        if not lines:
            break
        walk = follow(walk, lines, timeline_digest)
        await asyncio.sleep(0)
    async with db.transaction(tenant_id) as tx:
        broken = judge_end(walk, before, await sql.find_head(tx, tenant_id, incident_id))
        count, unmet = await _meet_anchors(tx, tenant_id, incident_id)
    return Verdict(walk.position, walk.hash, count, _first(broken, unmet))


async def verify_audit(db: Transactions, tenant_id: UUID) -> Verdict:
    """Follow the tenant's audit chain from its first row to its head."""
    async with db.transaction(tenant_id) as tx:
        before = await sql.find_audit_head(tx, tenant_id)
    walk = Walk()
    while walk.broken is None:
        async with db.transaction(tenant_id) as tx:
            rows = await sql.list_audit(tx, tenant_id, after=walk.position, limit=SLICE)
        if not rows:
            break
        walk = follow(walk, rows, audit_digest)
        await asyncio.sleep(0)
    async with db.transaction(tenant_id) as tx:
        after = await sql.find_audit_head(tx, tenant_id)
    return Verdict(walk.position, walk.hash, 0, judge_end(walk, _begun(before), _begun(after)))


def _begun(head: Head | None) -> Head | None:
    """A tenant's head is there before its first row."""
    return None if head is None or head.position == 0 else head


async def _meet_anchors(tx: Tx, tenant_id: UUID, incident_id: UUID) -> tuple[int, Break | None]:
    """How many anchors there are, up to the first that the timeline does not meet."""
    count = after = 0
    while page := await sql.list_anchors(tx, tenant_id, incident_id, after=after, limit=SLICE):
        wanted = {anchor.position: anchor.hash for anchor in page}
        unmet = judge_anchors(wanted, await sql.list_hashes(tx, tenant_id, incident_id, list(wanted)))
        if unmet is not None:
            return count, unmet
        count, after = count + len(page), page[-1].audit_position
    return count, None


def _first(broken: Break | None, unmet: Break | None) -> Break | None:
    """A chain that does not follow is named where it breaks; one that follows, where an anchor is not met."""
    return broken or unmet


class Open:
    """One transaction that is open already, where each slice would open its own."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    @asynccontextmanager
    async def transaction(self, _: UUID | None) -> AsyncIterator[Tx]:
        yield self._tx
