"""SQL of agent cards and their pins; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from core.logging import get_logger
from mobile_contract.agent_cards import CardBody

log = get_logger(__name__)


class AgentCard(msgspec.Struct, frozen=True):
    """A plant's own card. ``version`` counts edits and is its ETag."""

    tenant_id: UUID
    id: UUID
    agent: str
    body: CardBody
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: UUID


_CARD = "tenant_id, id, agent, body, version, created_at, updated_at, updated_by"

INSERT_CARD = f"INSERT INTO agent_cards ({_CARD}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"


async def insert_card(tx: Tx, tenant_id: UUID, it: AgentCard) -> None:
    """Insert; one card an agent, which the table's key holds."""
    body = msgspec.to_builtins(it.body)
    args = (tenant_id, it.id, it.agent, body, it.version, it.created_at, it.updated_at, it.updated_by)
    await tx.execute(INSERT_CARD, *args)


GET_CARD = f"SELECT {_CARD} FROM agent_cards WHERE tenant_id = $1 AND id = $2"
LOCK_CARD = GET_CARD + " FOR NO KEY UPDATE"


async def get_card(tx: Tx, tenant_id: UUID, card_id: UUID, *, lock: bool = False) -> AgentCard:
    """Raises NotFound."""
    row = await tx.fetchrow(LOCK_CARD if lock else GET_CARD, tenant_id, card_id)
    if row is None:
        raise NotFound("agent_card.not_found", f"no agent card {card_id}", f"没有物质卡 {card_id}", field="card_id")
    return row_to(AgentCard, row)


LIST_CARDS = f"SELECT {_CARD} FROM agent_cards WHERE tenant_id = $1 ORDER BY agent"


async def list_cards(tx: Tx, tenant_id: UUID) -> list[AgentCard]:
    """The plant's own cards by agent; a plant has some tens. One that can not be read any more is left out."""
    found = []
    for row in await tx.fetch(LIST_CARDS, tenant_id):
        try:
            found.append(row_to(AgentCard, row))
        except msgspec.ValidationError as problem:
            log.error("agent_card.unreadable", agent=row["agent"], error=str(problem))
    return found


SAVE_CARD = """
UPDATE agent_cards SET body = $3, version = $4, updated_at = $5, updated_by = $6 WHERE tenant_id = $1 AND id = $2
"""


async def save_card(tx: Tx, tenant_id: UUID, it: AgentCard) -> None:
    """Write a locked card as it stands now."""
    body = msgspec.to_builtins(it.body)
    await tx.execute(SAVE_CARD, tenant_id, it.id, body, it.version, it.updated_at, it.updated_by)


DELETE_CARD = "DELETE FROM agent_cards WHERE tenant_id = $1 AND id = $2"


async def delete_card(tx: Tx, tenant_id: UUID, card_id: UUID) -> None:
    """The library's card counts again, where it has one."""
    await tx.execute(DELETE_CARD, tenant_id, card_id)


class Pin(msgspec.Struct, frozen=True):
    """A card pinned to a zone."""

    zone_id: UUID
    agent: str


LIST_PINS = """
SELECT p.zone_id, p.agent FROM agent_card_pins p
JOIN zones z ON z.tenant_id = $1 AND z.id = p.zone_id AND z.site_id = $2
WHERE p.tenant_id = $1 ORDER BY p.zone_id, p.agent
"""


async def list_pins(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Pin]:
    """Pins of a site's zones."""
    return [row_to(Pin, r) for r in await tx.fetch(LIST_PINS, tenant_id, site_id)]


DELETE_PINS = "DELETE FROM agent_card_pins WHERE tenant_id = $1 AND zone_id = $2 AND NOT agent = ANY($3::text[])"
INSERT_PIN = """
INSERT INTO agent_card_pins (tenant_id, zone_id, agent, pinned_at, pinned_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, zone_id, agent) DO NOTHING
"""


async def save_pins(tx: Tx, tenant_id: UUID, zone_id: UUID, agents: Sequence[str], by: UUID) -> None:
    """Exactly these cards are pinned to the zone; the caller locked the zone."""
    await tx.execute(DELETE_PINS, tenant_id, zone_id, list(agents))
    await tx.executemany(INSERT_PIN, [(tenant_id, zone_id, agent, tx.now, by) for agent in agents])
