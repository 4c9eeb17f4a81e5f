"""Which agent cards belong to what happens, and the part of one that goes with an order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mobile_contract.agent_cards import CardBody, CardBrief
from mobile_contract.text import Text

# An order is read while running: what the library puts first.
_PPE_SHOWN = 3
_FIRST_AID_SHOWN = 4


def brief(agent: str, card: CardBody) -> CardBrief:
    """The part of a card that goes with an order."""
    return CardBrief(
        agent=agent,
        name=Text(card.name.zh, card.name.en),
        pictograms=list(card.pictograms),
        ppe=[Text(text.zh, text.en) for text in card.ppe[:_PPE_SHOWN]],
        first_aid=[Text(aid.text.zh, aid.text.en) for aid in card.first_aid[:_FIRST_AID_SHOWN]],
        isolation_m=max((i.initial_m for i in card.isolation), default=None),
    )


def agents_shown(agent: str | None, pinned: Sequence[str], kept: Iterable[str]) -> list[str]:
    """Whose cards are shown: what it is about, what is pinned to the zone, what is kept there; each once."""
    first = [] if agent is None else [agent]
    return list(dict.fromkeys([*first, *pinned, *kept]))


def merged(library: Mapping[str, CardBody], own: Mapping[str, CardBody]) -> dict[str, CardBody]:
    """By agent; a plant's own card goes before the library's."""
    return {**library, **own}
