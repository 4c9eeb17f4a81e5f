"""Who leads an incident: one person at a time, and what needs them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import Conflict, Forbidden
from people.actor import Actor
from people.permissions import Permission


class Commander(msgspec.Struct, frozen=True):
    """Who leads since when; ``version`` grows with every change of hands."""

    tenant_id: UUID
    incident_id: UUID
    account_id: UUID
    since: datetime
    version: int


_COMMANDER = "tenant_id, incident_id, account_id, since, version"
FIND_COMMANDER = f"SELECT {_COMMANDER} FROM incident_commanders WHERE tenant_id = $1 AND incident_id = $2"  # noqa: S608


async def find_commander(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Commander | None:
    """Who leads the incident; None: nobody has taken command."""
    row = await tx.fetchrow(FIND_COMMANDER, tenant_id, incident_id)
    return None if row is None else row_to(Commander, row)


async def require_commander(tx: Tx, actor: Actor, incident_id: UUID) -> None:
    """Raise unless the actor leads the incident: Conflict when nobody does, Forbidden when somebody else does."""
    commander = await find_commander(tx, actor.tenant_id, incident_id)
    if commander is None:
        raise Conflict(
            "incident.no_commander",
            "nobody leads this incident: take command first",
            "此事件尚无指挥:请先接任指挥",
            field="incident",
            value=incident_id,
        )
    if commander.account_id != actor.account_id:
        raise Forbidden(
            "incident.not_commander",
            "only the incident commander may do this",
            "只有现场指挥可以这样做",
            field="incident",
            value=actor.account_id,
            limit=commander.account_id,
        )


async def require_lead(tx: Tx, actor: Actor, incident_id: UUID) -> None:
    """Raise Forbidden unless the actor leads the incident or runs incidents anyway."""
    commander = await find_commander(tx, actor.tenant_id, incident_id)
    if commander is None or commander.account_id != actor.account_id:
        actor.require(Permission.MANAGE_INCIDENT)
