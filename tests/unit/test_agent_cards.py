"""Agent cards: complete for every agent, in both languages, and short enough for an order."""

from __future__ import annotations

import msgspec
import pytest

from incidents.alarms.agents import AGENTS
from incidents.plans.card_library import CARDS
from incidents.plans.cards import agents_shown, brief, merged
from mobile_contract.agent_cards import CardBody

SUBSTANCES = [slug for slug, agent in AGENTS.items() if agent.hazard not in ("machine", "particles")]
ALL = pytest.mark.parametrize("agent", CARDS)


def test_every_substance_of_the_product_has_a_card() -> None:
    assert CARDS.keys() >= set(SUBSTANCES)


@ALL
def test_a_card_keeps_its_own_contract_and_names_sources(agent: str) -> None:
    card = CARDS[agent]
    assert msgspec.convert(msgspec.to_builtins(card), CardBody) == card
    assert card.hazards
    assert card.ppe
    assert card.first_aid
    assert card.do_nots
    assert all(distance.source for distance in card.isolation)
    assert all(limit.source for limit in card.detection)


@ALL
def test_calcium_gluconate_is_for_fluoride_and_for_nothing_else(agent: str) -> None:
    said = msgspec.json.encode(CARDS[agent]).decode()
    assert ("gluconate" in said) is (agent == "hydrogen-fluoride")


@ALL
def test_the_part_that_goes_with_an_order_is_short(agent: str) -> None:
    short = brief(agent, CARDS[agent])
    assert short.first_aid
    assert len(msgspec.json.encode(short)) < 2000


def test_a_card_of_the_plants_own_goes_before_the_librarys() -> None:
    own = CARDS["ethanol"]
    assert merged(CARDS, {"acetone": own, "silane": own})["acetone"] is own
    assert brief("x", msgspec.structs.replace(own, isolation=())).isolation_m is None


def test_what_it_is_about_comes_first_and_each_card_once() -> None:
    assert agents_shown("acetone", ["nitrogen", "acetone"], ["ethanol", "nitrogen"]) == [
        "acetone",
        "nitrogen",
        "ethanol",
    ]
    assert agents_shown(None, [], ["ethanol"]) == ["ethanol"]
