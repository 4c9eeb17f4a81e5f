"""The HTTP edge on a real database, called in-process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from api.app import build_app
from api.deps import ApiDeps
from core.clock import ManualClock
from core.database import Database, Tx
from core.device_ca import DeviceCa
from core.file_store import DiskFiles
from geo.warm import warm
from incidents import response, rooms, views
from incidents.alarms import alarm, evaluation
from incidents.context import load_context
from incidents.reaching import deliveries
from incidents.record.feed_service import Desk
from incidents.record.vault import Vault
from mobile_contract.room_events import TaskAssigned
from people import service
from people.authenticator import Authenticator
from people.model import Account, DeviceInHand, Session
from people.passwords import Passwords
from people.permissions import Role
from people.sign_in import Attempt, sign_in
from people.tokens import Tokens
from plant.places.site_maps import SiteMaps
from tests import incident_world
from tests.clusters import Clone
from tests.incident_world import World
from tests.responders import ORDER

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    """One hasher for the run: making one costs a hash."""
    made = Passwords()
    yield made
    made.close()


@pytest.fixture(scope="session")
def compiled() -> None:
    """What maps are made with, before an answer waits for it: the edge tells whoever would wait long to come back."""
    warm()


@dataclass
class Edge:
    """The app, a client on it, and shortcuts that put people into the tenant of the clone."""

    app: Litestar
    http: httpx.AsyncClient
    deps: ApiDeps
    clock: ManualClock
    clone: Clone

    async def account(self, login: str, role: Role = Role.WORKER) -> Account:
        """A new account with PASSWORD."""
        draft = service.AccountDraft(login, login.title(), "en", role, await self.deps.passwords.hash(PASSWORD))
        async with self.deps.db.transaction(self.clone.tenant_id) as tx:
            return await service.add_account(tx, self.clone.tenant_id, draft, by=None)

    async def session(self, login: str, device: UUID | None = None) -> Session:
        """Signed in, past HTTP."""
        hand = DeviceInHand("phone", "android", "en", device)
        attempt = Attempt(self.clone.tenant_slug, login, PASSWORD, hand, "192.0.2.1")
        return await sign_in(self.deps.db, self.deps.passwords, self.deps.tokens, attempt)

    async def as_role(self, role: Role) -> dict[str, str]:
        """Headers of a new account in this role."""
        login = f"a-{role.value}".replace("_", "-")
        await self.account(login, role)
        return bearer((await self.session(login)).access_token)


def bearer(token: str) -> dict[str, str]:
    """The header of an access token."""
    return {"Authorization": f"Bearer {token}"}


def credentials(edge: Edge, login: str, /, **changes: Any) -> dict[str, Any]:
    """A sign-in's body."""
    body: dict[str, Any] = {
        "tenant": edge.clone.tenant_slug,
        "login": login,
        "password": PASSWORD,
        "device": {"label": "phone", "platform": "android"},
    }
    return body | changes


@cache
def _built() -> Litestar:
    # Building takes a third of a second, and what differs from test to test is in its state.
    return build_app(cast(ApiDeps, None))


def _app(deps: ApiDeps) -> Litestar:
    """The application on these."""
    app = _built()
    app.state.deps = deps
    return app


@pytest_asyncio.fixture
async def edge(clone: Clone, passwords: Passwords, tmp_path: Path) -> AsyncIterator[Edge]:
    """The edge on a database of the test's own, at a time that stands still."""
    clock = ManualClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    async with Database.connect(clone.app_url, clock, max_size=8) as db:
        tokens = Tokens(tmp_path / "keys", clock)
        ca, files = DeviceCa(tmp_path / "keys"), DiskFiles(tmp_path / "files")
        deps = ApiDeps(
            db,
            tokens,
            passwords,
            Authenticator(db, tokens),
            {"database": db.ping},
            device_ca=ca,
            files=files,
            maps=SiteMaps(db),
            feeds=Desk(Vault(tmp_path / "keys")),
            web_push_key="a-key",
            web_push_hosts=("push.example",),
        )
        app = _app(deps)
        transport = httpx.ASGITransport(app=cast(Any, app), client=("192.0.2.7", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://muster.test") as http:
            yield Edge(app, http, deps, clock, clone)


@dataclass
class Stage:
    """The edge with a plant whose incident is open: wang is in its room, li is a responder it does not concern."""

    edge: Edge
    world: World
    wang: dict[str, str]
    li: dict[str, str]

    @property
    def http(self) -> httpx.AsyncClient:
        return self.edge.http

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction of the plant's tenant."""
        return self.edge.deps.db.transaction(self.world.tenant_id)

    async def order(self, owner: UUID) -> tuple[UUID, UUID]:
        """Give this person a task and queue its order: (task, delivery)."""
        async with self.transaction() as tx:
            task = await incident_world.add_task(tx, self.world, owner)
            await rooms.append(tx, self.world.tenant_id, self.world.room_id, TaskAssigned(views.task_view(task)))
            return task.id, (await deliveries.queue_order(tx, self.world.tenant_id, task.id, owner, ORDER)).id

    async def alarm_event(self, event: alarm.Event) -> None:
        """Let this happen to the rule of the alarm, as a gateway would."""
        async with self.transaction() as tx:
            context = await load_context(tx, self.world.tenant_id, self.world.site_id)
            outcomes = await evaluation.apply_event(
                tx, self.world.tenant_id, [self.world.rule_id], lambda _: event, tx.now
            )
            await response.respond(tx, context, outcomes)


@pytest_asyncio.fixture
async def stage(edge: Edge) -> Stage:
    """The plant of ``tests.incident_world`` behind the edge; its alarm stands unacknowledged."""
    return await build_stage(edge)


async def build_stage(edge: Edge) -> Stage:
    """Build the plant in the edge's tenant and sign its two responders in."""
    secret = await edge.deps.passwords.hash(PASSWORD)
    async with edge.deps.db.transaction(edge.clone.tenant_id) as tx:
        world = await incident_world.build(tx)
        await tx.execute("UPDATE accounts SET password_hash = $2 WHERE tenant_id = $1", world.tenant_id, secret)
        await incident_world.stand(tx, world)
    wang, li = [bearer((await edge.session(login)).access_token) for login in ("wang", "li")]
    return Stage(edge, world, wang, li)


async def read_all(http: httpx.AsyncClient, path: str, headers: dict[str, str], *, limit: int) -> list[Any]:
    """Every item of a list, page by page; a page holds at most ``limit``."""
    items: list[Any] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        answer = await http.get(httpx.URL(path).copy_merge_params(query), headers=headers)
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        assert len(shown["items"]) <= limit
        items += shown["items"]
        if shown["next"] is None:
            return items
        query["cursor"] = shown["next"]
