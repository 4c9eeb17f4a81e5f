"""Use cases of teams and rotas."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from core.database import Tx
from mobile_contract.text import Text


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
    return []


async def list_team_members(tx: Tx, tenant_id: UUID) -> dict[UUID, frozenset[UUID]]:
    """Accounts by team."""
    return {}
