"""What the live edge asks of the rest: who a token is, a person's orders, receipts, answers. `muster` wires them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from core.database import Database, Tx
from mobile_contract.live import Order, RouteTold, Sos, SosTaken
from people.actor import Actor
from people.authenticator import Authenticated


class Authenticator(Protocol):
    """Turns an access token into an actor (`people.authenticator`)."""

    async def verify(self, token: str, /) -> Authenticated:
        """Raises Forbidden token.invalid, token.expired or token.revoked."""
        ...


class AddressedOrder(msgspec.Struct, frozen=True):
    """An order and the person it is for."""

    account_id: UUID
    order: Order


class Orders(Protocol):
    """Orders on their way to people."""

    async def list_open(self, db: Database, tenant_id: UUID, account_id: UUID) -> list[Order]:
        """The person's orders that wait for an answer, oldest first."""
        ...

    async def find(self, tx: Tx, tenant_id: UUID, delivery_id: UUID) -> AddressedOrder | None:
        """One order, or None."""
        ...


class Receipts(Protocol):
    """Facts a device states about an order."""

    async def record_fact(self, tx: Tx, actor: Actor, delivery_id: UUID, fact: str, at: datetime) -> None:
        """State a fact about the actor's own order; twice is one fact. ``at`` is the device's clock. NotFound."""
        ...


class Tasks(Protocol):
    """Answers to tasks."""

    async def answer(self, tx: Tx, actor: Actor, task_id: UUID, answer: str, reason: str, key: str) -> str:
        """Acknowledge or decline; the same key twice is one answer. Returns the task's state."""
        ...


class Calls(Protocol):
    """Calls for help."""

    async def raise_sos(self, tx: Tx, actor: Actor, frame: Sos) -> SosTaken:
        """Call for help; the same key twice is one call."""
        ...


class Ways(Protocol):
    """People's own ways."""

    async def list_ways(self, db: Database, tenant_id: UUID, account_id: UUID) -> list[RouteTold]:
        """The person's ways that are not over, the oldest first."""
        ...

    async def find_way(self, tx: Tx, tenant_id: UUID, account_id: UUID, route_id: UUID) -> RouteTold | None:
        """One way of the person, or None."""
        ...


class Ports(msgspec.Struct, frozen=True):
    """Everything from outside."""

    authenticator: Authenticator
    orders: Orders
    receipts: Receipts
    tasks: Tasks
    calls: Calls
    ways: Ways
