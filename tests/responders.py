"""A small plant with an open incident, its room and a task, and responders who carry phones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.database import Database, Tx
from core.ids import new_id
from incidents import rooms
from incidents.incident import Task
from incidents.reaching import deliveries, delivery_queries
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.reaching.orders import OrderContent
from incidents.tasking import task_queries
from mobile_contract.room_views import Step
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Role

ORDER = OrderContent(
    grade=2,
    title=Text("丙酮泄漏", "Acetone leak"),
    place=Text("溶剂库", "Solvent store"),
    agent="acetone",
    steps=[Step(1, Text("戴上呼吸器", "Put on the respirator"))],
)
_TEXT = {"zh": "厂", "en": "Plant"}


class Responder(msgspec.Struct, frozen=True):
    """An account, its phone, and the phone's push address."""

    account_id: UUID
    device_id: UUID
    token: str
    actor: Actor


class Scene(msgspec.Struct, frozen=True):
    """Everything a test about orders talks about."""

    tenant_id: UUID
    incident_id: UUID
    room_id: UUID
    task_id: UUID
    people: Mapping[str, Responder]

    async def order(self, db: Database, name: str) -> UUID:
        """Queue the order for a person and give them the task."""
        async with db.transaction(self.tenant_id) as tx:
            task = await task_queries.get_task(tx, self.tenant_id, self.task_id)
            owned = msgspec.structs.replace(task, owner_account_id=self.people[name].account_id)
            await task_queries.save_task(tx, self.tenant_id, owned)
            account_id = self.people[name].account_id
            return (await deliveries.queue_order(tx, self.tenant_id, self.task_id, account_id, ORDER)).id

    async def delivery(self, db: Database, name: str) -> DeliveryRow | None:
        """The person's delivery of the task, or None when they were not asked."""
        async with db.transaction(self.tenant_id) as tx:
            rows = await delivery_queries.lock_task_deliveries(tx, self.tenant_id, self.task_id)
        return next((row for row in rows if row.account_id == self.people[name].account_id), None)

    async def states(self, db: Database) -> dict[str, str]:
        """Name to delivery state, of everyone asked."""
        found = {name: await self.delivery(db, name) for name in self.people}
        return {name: row.state for name, row in found.items() if row is not None}

    async def task(self, db: Database) -> Task:
        """The task as it stands."""
        async with db.transaction(self.tenant_id) as tx:
            return await task_queries.get_task(tx, self.tenant_id, self.task_id)


async def make_scene(tx: Tx, tenant_id: UUID, people: Mapping[str, Role]) -> Scene:
    """Insert the scene; people get their accounts in the order given, so the first is chosen first among equals."""
    site_id, zone_id, incident_id, task_id = new_id(), new_id(), new_id(), new_id()
    responders = {name: await insert_responder(tx, tenant_id, name, role) for name, role in people.items()}
    await tx.execute(
        "INSERT INTO sites (tenant_id, id, slug, name, tz, created_at) VALUES ($1, $2, 's', $3, 'Asia/Shanghai', $4)",
        tenant_id,
        site_id,
        _TEXT,
        tx.now,
    )
    await tx.execute(
        "INSERT INTO zones (tenant_id, id, site_id, slug, name, polygon, level, risk, created_at)"
        " VALUES ($1, $2, $3, 'z', $4, $5, 0, 2, $6)",
        tenant_id,
        zone_id,
        site_id,
        _TEXT,
        {"type": "Polygon", "coordinates": []},
        tx.now,
    )
    await _insert_incident(tx, tenant_id, site_id, zone_id, incident_id)
    await tx.execute(
        "INSERT INTO tasks (tenant_id, id, incident_id, position, role, title, steps, plan_template, plan_version,"
        " state, deadline_at, created_at) VALUES ($1, $2, $3, 1, 'responder', $4, '[]', 'leak', 1, 'open', $5, $6)",
        tenant_id,
        task_id,
        incident_id,
        _TEXT,
        tx.now + timedelta(minutes=5),
        tx.now,
    )
    room_id = await rooms.open_room(tx, tenant_id, incident_id, [])
    return Scene(tenant_id, incident_id, room_id, task_id, responders)


async def _insert_incident(tx: Tx, tenant_id: UUID, site_id: UUID, zone_id: UUID, incident_id: UUID) -> None:
    plan: dict[str, Any] = {"template": "leak", "version": 1}
    await tx.execute(
        "INSERT INTO incidents (tenant_id, id, number, site_id, zone_id, state, grade, reasons, title, place, plan,"
        " first_out_alarm_id, opened_at, last_alarm_at)"
        " VALUES ($1, $2, 1, $3, $4, 'open', 2, '[]', $5, $5, $6, $7, $8, $8)",
        tenant_id,
        incident_id,
        site_id,
        zone_id,
        _TEXT,
        plan,
        new_id(),
        tx.now,
    )


async def insert_responder(tx: Tx, tenant_id: UUID, name: str, role: Role) -> Responder:
    """A person with a phone that takes pushes."""
    account_id, device_id, token = new_id(), new_id(), f"token-{name}"
    await tx.execute(
        "INSERT INTO accounts (tenant_id, id, login, display_name, locale, role, password_hash, created_at)"
        " VALUES ($1, $2, $3, $3, 'en', $4, 'none', $5)",
        tenant_id,
        account_id,
        name,
        role.value,
        tx.now,
    )
    await tx.execute(
        "INSERT INTO person_devices (tenant_id, id, account_id, label, platform, locale, push_channel, push_token,"
        " push_token_state, last_seen_at, created_at)"
        " VALUES ($1, $2, $3, 'phone', 'android', 'en', 'fcm', $4, 'active', $5, $5)",
        tenant_id,
        device_id,
        account_id,
        token,
        tx.now,
    )
    return Responder(account_id, device_id, token, Actor(tenant_id, account_id, role, device_id))
