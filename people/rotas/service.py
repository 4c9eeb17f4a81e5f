"""What the rest of the product asks of teams and rotas: who is on duty, who is in a team."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from core.database import Tx
from mobile_contract.text import Text
from people.rotas import history, resolving, rota_queries, team_queries
from people.rotas.resolving import Resolved


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One person's duty at a moment. ``kind`` shift: at work in the plant; on_call: to be called, wherever they are.

    ``site_id`` None: the whole tenant. ``position`` counts from 0: first on call, second on call. ``why`` says which
    rule of the rota, override or swap made it so.
    """

    rota_id: UUID
    rota: str
    kind: Literal["shift", "on_call"]
    site_id: UUID | None
    account_id: UUID
    position: int
    starts_at: datetime
    ends_at: datetime
    why: Text


async def list_duties(tx: Tx, tenant_id: UUID, at: datetime, *, site_id: UUID | None = None) -> list[Duty]:
    """Everyone on duty at this moment, of this site and of the whole tenant; sorted by rota, then position."""
    board = await resolving.load(tx, tenant_id, at, at, site_id=site_id)
    return [
        Duty(
            rota_id=found.rota.id,
            rota=found.rota.slug,
            kind=found.rota.kind,
            site_id=found.rota.site_id,
            account_id=found.account_id,
            position=found.position,
            starts_at=found.starts_at,
            ends_at=found.ends_at,
            why=found.why,
        )
        for found in await board.resolve(lambda eras: history.at(eras, at))
        if found.account_id is not None
    ]


async def list_people_on_duty(
    tx: Tx, tenant_id: UUID, start: datetime, end: datetime, *, site_id: UUID | None = None
) -> frozenset[UUID]:
    """Everyone on duty at ``start`` or with a duty that begins before ``end``, of this site and of the whole tenant.

    A site that is not there has nobody, though the tenant's rotas are of every site.
    Raises Invalid for a period longer than resolving.PERIOD_MAX, or of more duties in one rota than on_call.STINTS_MAX.
    """
    if site_id is not None and not await rota_queries.site_exists(tx, tenant_id, site_id):
        return frozenset()
    if start == end:
        return frozenset(duty.account_id for duty in await list_duties(tx, tenant_id, start, site_id=site_id))
    resolving.check_period(start, end)
    board = await resolving.load(tx, tenant_id, start, end, site_id=site_id)
    return await board.people(lambda eras: history.timeline(eras, start, end))


async def list_coming(
    tx: Tx, tenant_id: UUID, start: datetime, end: datetime, *, account_id: UUID | None = None
) -> list[Resolved]:
    """Duties that are on at ``start`` or begin before ``end``, of one person or of everybody who has one.

    Raises Invalid as ``list_people_on_duty`` does.
    """
    resolving.check_period(start, end)
    board = await resolving.load(tx, tenant_id, start, end, account_id=account_id)
    found = await board.resolve(lambda eras: history.timeline(eras, start, end))
    return [it for it in found if it.account_id is not None and account_id in (None, it.account_id)]


async def list_team_members(tx: Tx, tenant_id: UUID) -> dict[UUID, frozenset[UUID]]:
    """Accounts by team, now: without disabled ones and retired teams."""
    members: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for team_id, account_id in await team_queries.members_at(tx, tenant_id, tx.now):
        members[team_id].add(account_id)
    return {team_id: frozenset(accounts) for team_id, accounts in members.items()}
