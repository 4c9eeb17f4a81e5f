"""Agent cards: what people must know of a substance; the plant's own before the library's, pinned to zones."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import Search
from incidents.plans import card_service as service
from incidents.plans.card_service import Shown
from mobile_contract.agent_cards import AgentCardView, CardBody, NewAgentCard, PinnedAgents
from mobile_contract.paging import Page
from people.permissions import Permission


@get("/v1/agent-cards", guards=[needs(Permission.READ_PLANT)])
async def list_agent_cards(call: Call, q: Search = None) -> Page[AgentCardView]:
    """Every card that counts, by agent, on one page: some tens."""
    return _page(await service.list_cards(call.tx, call.actor, search=q))


@get("/v1/agent-cards/{card_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_agent_card(call: Call, card_id: FromPath[UUID]) -> Response[AgentCardView]:
    """One of the plant's own cards; its ETag is what an edit names."""
    return _answer(await service.get_card(call.tx, call.actor, card_id))


@post("/v1/agent-cards", guards=[needs(Permission.EDIT_PLANS)])
async def create_agent_card(data: JSONBody[NewAgentCard], write: Write) -> Response[AgentCardView]:
    """A card of the plant's own; it goes before the library's for the same agent."""

    async def work() -> AgentCardView:
        return card_view(await service.create_card(write.tx, write.actor, data.agent, _body(data)))

    return await write.once(work, headers=lambda card: etag(card.version or 0))


@put("/v1/agent-cards/{card_id:uuid}", guards=[needs(Permission.EDIT_PLANS)])
async def edit_agent_card(
    data: JSONBody[CardBody], card_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[AgentCardView]:
    """Another text of a card."""
    expected = expected_version(if_match)
    return _answer(await service.edit_card(call.tx, call.actor, card_id, data, expected_version=expected))


@delete("/v1/agent-cards/{card_id:uuid}", guards=[needs(Permission.EDIT_PLANS)])
async def delete_agent_card(call: Call, card_id: FromPath[UUID]) -> None:
    """Delete a card of the plant's own; the library's counts again, where it has one."""
    await service.delete_card(call.tx, call.actor, card_id)


@get("/v1/zones/{zone_id:uuid}/agent-cards", guards=[needs(Permission.READ_PLANT)])
async def list_zone_cards(call: Call, zone_id: FromPath[UUID]) -> Page[AgentCardView]:
    """Cards pinned to a zone, then those of the substances kept there."""
    return _page(await service.list_zone_cards(call.tx, call.actor, zone_id))


@put("/v1/zones/{zone_id:uuid}/agent-cards", guards=[needs(Permission.EDIT_PLANS)])
async def pin_zone_cards(data: JSONBody[PinnedAgents], zone_id: FromPath[UUID], call: Call) -> Page[AgentCardView]:
    """Pin exactly these agents' cards to a zone."""
    return _page(await service.pin_cards(call.tx, call.actor, zone_id, data.agents))


@get("/v1/incidents/{incident_id:uuid}/agent-cards", guards=[needs(Permission.READ_INCIDENTS)])
async def list_incident_cards(call: Call, incident_id: FromPath[UUID]) -> Page[AgentCardView]:
    """The card of what the incident is about, then those of its zone."""
    return _page(await service.list_incident_cards(call.tx, call.actor, incident_id))


def card_view(shown: Shown) -> AgentCardView:
    """A card as the wire shows it."""
    own = shown.own
    said = msgspec.structs.asdict(shown.body)
    if own is None:
        return AgentCardView(**said, agent=shown.agent)
    return AgentCardView(**said, agent=shown.agent, id=own.id, version=own.version, updated_at=own.updated_at)


def _body(data: NewAgentCard) -> CardBody:
    return CardBody(**{name: getattr(data, name) for name in CardBody.__struct_fields__})


def _answer(shown: Shown) -> Response[AgentCardView]:
    view = card_view(shown)
    return Response(view, headers=etag(view.version or 0))


def _page(cards: list[Shown]) -> Page[AgentCardView]:
    return Page([card_view(card) for card in cards], None)


router = Router(
    "/",
    route_handlers=[
        list_agent_cards,
        get_agent_card,
        create_agent_card,
        edit_agent_card,
        delete_agent_card,
        list_zone_cards,
        pin_zone_cards,
        list_incident_cards,
    ],
    tags=["agent cards"],
)
