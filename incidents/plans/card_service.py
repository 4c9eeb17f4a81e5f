"""Use cases of agent cards: the plant's own before the library's, pinned to zones.

A card's row is locked alone, a zone's row before its pins; both before the audit head.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict
from core.ids import new_id
from incidents import queries
from incidents.context import load_context
from incidents.plans import card_queries
from incidents.plans.card_library import CARDS
from incidents.plans.card_queries import AgentCard
from incidents.plans.cards import agents_shown
from incidents.plans.plan_service import wake_sites
from mobile_contract.agent_cards import CardBody
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries


class Shown(msgspec.Struct, frozen=True):
    """A card as it counts; ``own`` None: the library's."""

    agent: str
    body: CardBody
    own: AgentCard | None


async def list_cards(tx: Tx, actor: Actor, *, search: str | None) -> list[Shown]:
    """Every card that counts, by agent: some tens."""
    actor.require(Permission.READ_PLANT)
    own = {card.agent: card for card in await card_queries.list_cards(tx, actor.tenant_id)}
    found = [_shown(agent, own.get(agent)) for agent in sorted(own.keys() | CARDS.keys())]
    wanted = (search or "").lower()
    return [
        c for c in found if wanted in f"{c.agent} {c.body.name.zh} {c.body.name.en} {c.body.cas} {c.body.un}".lower()
    ]


async def get_card(tx: Tx, actor: Actor, card_id: UUID) -> Shown:
    """One of the plant's own cards. Raises NotFound."""
    actor.require(Permission.READ_PLANT)
    card = await card_queries.get_card(tx, actor.tenant_id, card_id)
    return _shown(card.agent, card)


async def create_card(tx: Tx, actor: Actor, agent: str, body: CardBody) -> Shown:
    """A card of the plant's own; it goes before the library's. Raises Conflict when there is one."""
    actor.require(Permission.EDIT_PLANS)
    if any(card.agent == agent for card in await card_queries.list_cards(tx, actor.tenant_id)):
        raise Conflict(
            "agent_card.exists",
            f"there is a card for {agent}: edit it",
            f"{agent} 已有物质卡，请直接修改",
            field="agent",
            value=agent,
        )
    card = AgentCard(actor.tenant_id, new_id(), agent, body, 1, tx.now, tx.now, actor.account_id)
    await card_queries.insert_card(tx, actor.tenant_id, card)
    await _changed(tx, actor, "agent_card.created", card)
    return _shown(agent, card)


async def edit_card(tx: Tx, actor: Actor, card_id: UUID, body: CardBody, *, expected_version: int) -> Shown:
    """Another text of a card. Raises NotFound, Conflict when it was edited meanwhile."""
    actor.require(Permission.EDIT_PLANS)
    known = await card_queries.get_card(tx, actor.tenant_id, card_id, lock=True)
    if known.version != expected_version:
        raise Conflict(
            "version.changed",
            "somebody edited this card meanwhile",
            "此物质卡已被他人修改",
            field="version",
            value=expected_version,
            limit=known.version,
        )
    after = msgspec.structs.replace(
        known, body=body, version=known.version + 1, updated_at=tx.now, updated_by=actor.account_id
    )
    await card_queries.save_card(tx, actor.tenant_id, after)
    await _changed(tx, actor, "agent_card.edited", after)
    return _shown(after.agent, after)


async def delete_card(tx: Tx, actor: Actor, card_id: UUID) -> None:
    """The library's card counts again, where it has one. Raises NotFound."""
    actor.require(Permission.EDIT_PLANS)
    known = await card_queries.get_card(tx, actor.tenant_id, card_id, lock=True)
    await card_queries.delete_card(tx, actor.tenant_id, card_id)
    await _changed(tx, actor, "agent_card.deleted", known)


async def list_zone_cards(tx: Tx, actor: Actor, zone_id: UUID) -> list[Shown]:
    """Cards pinned to a zone, then those of what is kept there. Raises NotFound."""
    actor.require(Permission.READ_PLANT)
    zone = await plant_queries.get_zone(tx, actor.tenant_id, zone_id)
    return await _cards_of(tx, actor.tenant_id, zone.site_id, zone_id, None)


async def list_incident_cards(tx: Tx, actor: Actor, incident_id: UUID) -> list[Shown]:
    """The card of what the incident is about first, then the zone's. Raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    incident = await queries.get_incident(tx, actor.tenant_id, incident_id)
    return await _cards_of(tx, actor.tenant_id, incident.site_id, incident.zone_id, incident.agent)


async def pin_cards(tx: Tx, actor: Actor, zone_id: UUID, agents: Sequence[str]) -> list[Shown]:
    """Exactly these cards are pinned to the zone. Raises NotFound."""
    actor.require(Permission.EDIT_PLANS)
    zone = await plant_queries.get_zone(tx, actor.tenant_id, zone_id, lock=True)
    await card_queries.save_pins(tx, actor.tenant_id, zone_id, list(dict.fromkeys(agents)), actor.account_id)
    await audit.record(tx, actor.account_id, "agent_cards.pinned", "zone", zone_id, {"agents": list(agents)})
    await wake_sites(tx, actor.tenant_id)
    return await _cards_of(tx, actor.tenant_id, zone.site_id, zone_id, None)


async def _cards_of(tx: Tx, tenant_id: UUID, site_id: UUID, zone_id: UUID, agent: str | None) -> list[Shown]:
    context = await load_context(tx, tenant_id, site_id)
    own = {card.agent: card for card in await card_queries.list_cards(tx, tenant_id)}
    zone = context.zones.get(zone_id)
    shown = agents_shown(agent, context.pins.get(zone_id, []), zone.agents if zone is not None else [])
    return [_shown(name, own.get(name)) for name in shown if name in context.cards]


def _shown(agent: str, own: AgentCard | None) -> Shown:
    return Shown(agent, CARDS[agent] if own is None else own.body, own)


async def _changed(tx: Tx, actor: Actor, action: str, card: AgentCard) -> None:
    facts = {"agent": card.agent, "version": card.version}
    await audit.record(tx, actor.account_id, action, "agent_card", card.id, facts)
    await wake_sites(tx, actor.tenant_id)
