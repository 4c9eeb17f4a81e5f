"""From PostgreSQL's NOTIFY to the hub: read once a room a wake, encode once, publish.

NOTIFY only wakes. What is read is everything after the hub's position, so wakes that come while a read runs become one
batch, and after a lost LISTEN connection the same read catches up. Orders have a reader of their own: they wait for
no room. So have ways, and notices, and they are read only for who is here: whoever is not finds them in the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Protocol
from uuid import UUID

from core.database import Database
from core.errors import Unavailable
from core.logging import get_logger
from core.outbox import RESYNC, Listener, News
from incidents import room_queries
from incidents.reaching.orders import NEWS_QUEUED
from incidents.rooms import NEWS_EVENT, NEWS_MEMBER
from incidents.sos import queries as sos_queries
from incidents.wayfinding.model import NEWS_TOLD
from mobile_contract.live import NoticeMade
from people.notices import queries as notice_queries
from people.notices.service import NEWS_MADE
from people.notices.wording import title_of
from people.sign_in import DEVICE_REVOKED
from realtime.frames import prepare, prepare_event
from realtime.hub import GapError, Hub, RoomKey
from realtime.ports import Ports
from realtime.presence import NEWS as NEWS_PRESENCE

log = get_logger(__name__)

KINDS = frozenset({NEWS_EVENT, NEWS_MEMBER, NEWS_QUEUED, NEWS_PRESENCE, NEWS_MADE, NEWS_TOLD, DEVICE_REVOKED})
# One read of one room; a room with more is read again at once. Bounds the memory of a wake.
BATCH_EVENTS = 500
# After a failed read: soon, because phones wait; not at once, because the database is restarting.
RETRY_S = 0.2
# Orders waiting to be read; beyond it every session looks for its own orders instead.
ORDERS_MAX = 10_000
# Ways waiting to be read; beyond it every session looks for its own instead.
ROUTES_MAX = 10_000
# Notices waiting to be read; one beyond it is found in its person's list.
NOTICES_MAX = 10_000


class Reactions(Protocol):
    """What the process does about news that concern sessions."""

    hub: Hub
    ports: Ports

    def member_changed(self, tenant_id: UUID, room_id: UUID, account_id: UUID) -> None:
        """Somebody was added to a room or taken out of it."""
        ...

    def device_revoked(self, tenant_id: UUID, device_id: UUID) -> None:
        """A phone was signed out."""
        ...

    def presence_heard(self, tenant_id: UUID, key: str) -> None:
        """A process announced somebody's presence."""
        ...

    def catch_up(self) -> None:
        """News was lost."""
        ...


class Feed:
    """One process' reader of news."""

    def __init__(self, db: Database, listener: Listener, edge: Reactions) -> None:
        self._db = db
        self._listener = listener
        self._edge = edge
        self._rooms: set[RoomKey] = set()
        self._orders: dict[tuple[UUID, UUID], None] = {}
        self._notices: dict[tuple[UUID, UUID, UUID], None] = {}
        self._routes: dict[tuple[UUID, UUID, UUID], None] = {}
        self._rooms_wanted = asyncio.Event()
        self._orders_wanted = asyncio.Event()
        self._routes_wanted = asyncio.Event()
        self._notices_wanted = asyncio.Event()

    async def run(self) -> None:
        """Listen and read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear())
            tasks.create_task(self._work(self._orders_wanted, self._read_orders))
            tasks.create_task(self._work(self._rooms_wanted, self._read_rooms))
            tasks.create_task(self._work(self._routes_wanted, self._read_routes))
            tasks.create_task(self._work(self._notices_wanted, self._read_notices))

    def wake_room(self, tenant_id: UUID, room_id: UUID) -> None:
        """Read this room after the hub's position."""
        self._rooms.add((tenant_id, room_id))
        self._rooms_wanted.set()

    async def _hear(self) -> None:
        async with self._listener.subscribe(KINDS) as news:
            async for item in news:
                self._sort(item)

    def _sort(self, item: News) -> None:
        if item.kind == RESYNC or item.tenant is None:
            for tenant_id, room_id in self._edge.hub.rooms:
                self.wake_room(tenant_id, room_id)
            self._edge.catch_up()
        elif item.kind == NEWS_EVENT:
            room, _, seq = item.key.partition(":")
            at = self._edge.hub.position(item.tenant, UUID(room))
            if at is not None and int(seq) > at:
                self.wake_room(item.tenant, UUID(room))
        elif item.kind == NEWS_QUEUED:
            self._want_order(item.tenant, UUID(item.key))
        elif item.kind == NEWS_MEMBER:
            room, _, account = item.key.partition(":")
            self._edge.member_changed(item.tenant, UUID(room), UUID(account))
        elif item.kind == NEWS_MADE:
            notice, _, account = item.key.partition(":")
            self._want_notice(item.tenant, UUID(account), UUID(notice))
        elif item.kind == NEWS_TOLD:
            account, _, route = item.key.partition(":")
            self._want_route(item.tenant, UUID(account), UUID(route))
        elif item.kind == NEWS_PRESENCE:
            self._edge.presence_heard(item.tenant, item.key)
        else:
            self._edge.device_revoked(item.tenant, UUID(item.key))

    def _want_order(self, tenant_id: UUID, delivery_id: UUID) -> None:
        if len(self._orders) >= ORDERS_MAX:
            self._orders.clear()
            self._edge.catch_up()
            return
        self._orders[tenant_id, delivery_id] = None
        self._orders_wanted.set()

    def _want_route(self, tenant_id: UUID, account_id: UUID, route_id: UUID) -> None:
        if (tenant_id, account_id) not in self._edge.hub.accounts:
            return
        if len(self._routes) >= ROUTES_MAX:
            self._routes.clear()
            self._edge.catch_up()
            return
        self._routes[tenant_id, account_id, route_id] = None
        self._routes_wanted.set()

    def _want_notice(self, tenant_id: UUID, account_id: UUID, notice_id: UUID) -> None:
        if (tenant_id, account_id) in self._edge.hub.accounts and len(self._notices) < NOTICES_MAX:
            self._notices[tenant_id, account_id, notice_id] = None
            self._notices_wanted.set()

    async def _work(self, wanted: asyncio.Event, read: Callable[[], Awaitable[None]]) -> None:
        while True:
            await wanted.wait()
            wanted.clear()
            try:
                await read()
            except Unavailable as problem:
                log.warning("feed.read_failed", problem=str(problem))
                await asyncio.sleep(RETRY_S)
                wanted.set()

    async def _read_rooms(self) -> None:
        for tenant_id in {tenant_id for tenant_id, _ in self._rooms}:
            mine = {room_id for tenant, room_id in self._rooms if tenant == tenant_id}
            at = {room_id: self._edge.hub.position(tenant_id, room_id) for room_id in mine}
            after = [(room_id, seq) for room_id, seq in at.items() if seq is not None]
            # Forgotten only now that their positions are taken: a wake during the read asks for another one.
            self._rooms -= {(tenant_id, room_id) for room_id in mine}
            if after:
                await self._read_after(tenant_id, after)

    async def _read_after(self, tenant_id: UUID, after: list[tuple[UUID, int]]) -> None:
        try:
            async with self._db.transaction(tenant_id) as tx:
                events = await room_queries.list_events_of_rooms(tx, tenant_id, after, BATCH_EVENTS)
        except Unavailable:
            self._rooms.update((tenant_id, room_id) for room_id, _ in after)
            raise
        for room_id, group in groupby(events, key=lambda event: event.room):
            batch = [prepare_event(event) for event in group]
            try:
                self._edge.hub.publish(tenant_id, room_id, batch)
            except GapError as problem:
                # The room was left and joined again while its events were read.
                log.info("feed.gap", problem=str(problem))
                self.wake_room(tenant_id, room_id)
            if len(batch) == BATCH_EVENTS:
                self.wake_room(tenant_id, room_id)

    async def _read_orders(self) -> None:
        wanted, self._orders = self._orders, {}
        try:
            for tenant_id in {tenant_id for tenant_id, _ in wanted}:
                async with self._db.transaction(tenant_id) as tx:
                    for delivery_id in [d for tenant, d in wanted if tenant == tenant_id]:
                        found = await self._edge.ports.orders.find(tx, tenant_id, delivery_id)
                        if found is not None:
                            self._edge.hub.tell_account(tenant_id, found.account_id, prepare(found.order))
        except Unavailable:
            self._orders = wanted | self._orders
            raise

    async def _read_routes(self) -> None:
        """Of a way that changed twice meanwhile, what it is now."""
        wanted, self._routes = self._routes, {}
        try:
            for tenant_id in {tenant_id for tenant_id, _, _ in wanted}:
                async with self._db.transaction(tenant_id) as tx:
                    for account_id, route_id in [(a, r) for tenant, a, r in wanted if tenant == tenant_id]:
                        found = await self._edge.ports.ways.find_way(tx, tenant_id, account_id, route_id)
                        if found is not None:
                            self._edge.hub.tell_account(tenant_id, account_id, prepare(found))
        except Unavailable:
            self._routes = wanted | self._routes
            raise

    async def _read_notices(self) -> None:
        """Once, and a read that fails is not repeated: the list has them."""
        wanted, self._notices = self._notices, {}
        for tenant_id in {tenant_id for tenant_id, _, _ in wanted}:
            async with self._db.transaction(tenant_id) as tx:
                for account_id, notice_id in [(a, n) for tenant, a, n in wanted if tenant == tenant_id]:
                    found = await notice_queries.find_notice(tx, tenant_id, notice_id, account_id)
                    # Who calls for help is shown nothing.
                    if found is None or await sos_queries.is_calling(tx, tenant_id, account_id):
                        continue
                    frame = NoticeMade(found.id, found.kind, title_of(found.facts), found.urgent)
                    self._edge.hub.tell_account_quietly(tenant_id, account_id, prepare(frame))
