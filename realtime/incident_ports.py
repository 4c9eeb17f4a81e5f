"""The live edge's ports, as the incidents' use cases answer them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from core.database import Database, Tx
from core.errors import NotFound
from geo.fixes import Fix
from incidents.reaching import deliveries
from incidents.sos import queries as sos_queries
from incidents.sos import service as sos_service
from incidents.sos.place import FixAt
from incidents.sos.service import Press
from incidents.tasking import escalation, tasks
from incidents.wayfinding import route_queries
from mobile_contract.live import Order, RouteTold, Sos, SosTaken
from people.actor import Actor
from realtime.ports import AddressedOrder, Authenticator, Ports


class IncidentPorts:
    """Orders, receipts and answers by the incidents' use cases."""

    async def list_open(self, db: Database, tenant_id: UUID, account_id: UUID) -> list[Order]:
        """See `realtime.ports.Orders`. Who comes on line is offered what nobody took; who calls for help, nothing."""
        async with db.transaction(tenant_id) as tx:
            if await sos_queries.is_calling(tx, tenant_id, account_id):
                return []
            unanswered = await escalation.list_to_offer(tx, tenant_id, account_id)
        for task_id in unanswered:
            async with db.transaction(tenant_id) as tx:
                await escalation.offer(tx, tenant_id, task_id)
        async with db.transaction(tenant_id) as tx:
            return await deliveries.list_open_orders(tx, tenant_id, account_id)

    async def find(self, tx: Tx, tenant_id: UUID, delivery_id: UUID) -> AddressedOrder | None:
        """See `realtime.ports.Orders`."""
        try:
            account_id, order = await deliveries.load_order(tx, tenant_id, delivery_id)
        except NotFound:
            # News outlives its row when a retention job runs in between.
            return None
        if await sos_queries.is_calling(tx, tenant_id, account_id):
            # Who calls for help is rung for nothing; the order goes on to the next person without a receipt.
            return None
        return AddressedOrder(account_id, order)

    async def list_ways(self, db: Database, tenant_id: UUID, account_id: UUID) -> list[RouteTold]:
        """See `realtime.ports.Ways`. A phone from which help is called shows nothing that others may see."""
        async with db.transaction(tenant_id) as tx:
            if await sos_queries.is_calling(tx, tenant_id, account_id):
                return []
            rows = await route_queries.list_of_account(tx, tenant_id, account_id)
        return [RouteTold(row.view) for row in rows]

    async def find_way(self, tx: Tx, tenant_id: UUID, account_id: UUID, route_id: UUID) -> RouteTold | None:
        """See `realtime.ports.Ways`."""
        rows = await route_queries.list_routes_of(tx, tenant_id, [route_id])
        if not rows or rows[0].account_id != account_id or await sos_queries.is_calling(tx, tenant_id, account_id):
            return None
        return RouteTold(rows[0].view)

    async def record_fact(self, tx: Tx, actor: Actor, delivery_id: UUID, fact: str, at: datetime) -> None:
        """See `realtime.ports.Receipts`."""
        await deliveries.record_fact(
            tx, actor.tenant_id, delivery_id, fact, at, actor.device_id, account_id=actor.account_id
        )

    async def raise_sos(self, tx: Tx, actor: Actor, frame: Sos) -> SosTaken:
        """See `realtime.ports.Calls`."""
        call = await sos_service.raise_sos(tx, actor, press_of(frame))
        assert call.incident_id is not None
        return SosTaken(frame.key, call.id, call.incident_id)

    async def answer(self, tx: Tx, actor: Actor, task_id: UUID, answer: str, reason: str, key: str) -> str:
        """See `realtime.ports.Tasks`."""
        said = cast(Literal["acknowledge", "decline"], answer)
        return (await tasks.answer(tx, actor, task_id, said, reason, key)).state


def press_of(frame: Sos) -> Press:
    """The button as it comes over the wire."""
    where = frame.position
    phone = None
    if where is not None:
        phone = FixAt(Fix(where.lon, where.lat, where.accuracy_m, where.level), where.at)
    return Press(key=frame.key, kind=frame.kind, at=frame.at, note=frame.note, phone=phone)


def incident_ports(authenticator: Authenticator) -> Ports:
    """Everything the edge asks for, but who a token is."""
    incidents = IncidentPorts()
    return Ports(authenticator, incidents, incidents, incidents, incidents, incidents)
