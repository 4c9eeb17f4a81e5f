"""The agent cards that come with Muster, by agent."""

from __future__ import annotations

from mobile_contract.agent_cards import CardBody

CARDS: dict[str, CardBody] = {}
