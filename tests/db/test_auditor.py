"""The auditor on real rows: each kind of thing that can be stuck is found once, put right, and seen to move again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database
from core.outlet import Output, release
from incidents.auditing import queries
from incidents.auditing.auditor import LATE_AFTER, LEASE_LONGEST, REPAIR_AGAIN, Auditor, beat
from incidents.auditing.queries import Finding
from incidents.reaching import delivery_queries
from incidents.sos import lone_service
from incidents.sos.lone_service import Draft
from incidents.tasking import asked, escalation_queries, task_queries
from incidents.tasking.escalation_queries import EscalationRow
from muster.demo.plain_http import Reply, Request, serve
from people.permissions import Role
from tests.clusters import Clone
from tests.responders import Scene, make_scene

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
LATE_S = LATE_AFTER.total_seconds() + 1


class Watched:
    """An order on its way, and the auditor beside it; nobody else works."""

    def __init__(self, db: Database, clock: ManualClock, scene: Scene) -> None:
        self.db = db
        self.clock = clock
        self.scene = scene
        self.auditor = Auditor(db)

    async def execute(self, sql: str, *args: object) -> None:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            await tx.execute(sql, *args)

    @property
    def wang(self) -> UUID:
        return self.scene.people["wang"].account_id

    async def begin_escalation(self, *, due_at: datetime | None, step_started_at: datetime) -> None:
        """The task's escalation, as it was left."""
        async with self.db.transaction(self.scene.tenant_id) as tx:
            task = await task_queries.get_task(tx, self.scene.tenant_id, self.scene.task_id)
            row = msgspec.structs.replace(
                asked.new_escalation(tx, task, {}), due_at=due_at, step_started_at=step_started_at
            )
            await escalation_queries.insert_escalation(tx, row)
            await escalation_queries.save_escalation(tx, row)

    async def escalation(self) -> EscalationRow:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            return await escalation_queries.get_escalation(tx, self.scene.tenant_id, self.scene.task_id)

    async def findings(self, *, standing: bool = False) -> list[Finding]:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            return await queries.list_findings(tx, self.scene.tenant_id, standing=standing, before=None, limit=50)

    async def actions(self) -> list[str]:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            rows = await tx.fetch("SELECT action FROM audit WHERE action LIKE 'auditor.%' ORDER BY position")
            return [row["action"] for row in rows]

    async def serve_site(self) -> None:
        """A gateway holds every site, for as long as the test lasts."""
        await self.execute(
            "INSERT INTO site_leases (tenant_id, site_id, holder, fencing, expires_at)"
            " SELECT tenant_id, id, 'gateway', 1, $2 FROM sites WHERE tenant_id = $1"
            " ON CONFLICT (tenant_id, site_id) DO UPDATE SET expires_at = $2",
            self.scene.tenant_id,
            T0 + timedelta(days=1),
        )


@pytest_asyncio.fixture
async def watched(clone: Clone) -> AsyncIterator[Watched]:
    clock = ManualClock(T0)
    async with Database.connect(clone.app_url, clock, max_size=4) as db:
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, {"wang": Role.RESPONDER})
        made = Watched(db, clock, scene)
        await made.serve_site()
        yield made


async def test_all_is_well_while_everything_moves(watched: Watched) -> None:
    await watched.scene.order(watched.db, "wang")
    assert await watched.auditor.look() is True
    assert await watched.findings() == []


async def test_an_order_nobody_takes_up_is_found_once_and_seen_to_move_again(watched: Watched) -> None:
    delivery_id = await watched.scene.order(watched.db, "wang")
    watched.clock.advance(LATE_S)
    assert await watched.auditor.look() is False
    assert await watched.auditor.look() is False
    [finding] = [f for f in await watched.findings() if f.what == "delivery"]
    assert (finding.subject_id, finding.repairs) == (delivery_id, 1)
    await watched.execute(
        "UPDATE deliveries SET due_at = $2 WHERE id = $1", delivery_id, watched.clock.now() + timedelta(hours=1)
    )
    assert await watched.auditor.look() is True
    assert await watched.findings(standing=True) == []
    assert await watched.actions() == ["auditor.repaired", "auditor.moves_again"]


async def test_an_order_without_a_time_to_look_at_it_gets_one(watched: Watched) -> None:
    delivery_id = await watched.scene.order(watched.db, "wang")
    await watched.execute("UPDATE deliveries SET due_at = NULL WHERE id = $1", delivery_id)
    assert await watched.auditor.look() is False
    row = await watched.scene.delivery(watched.db, "wang")
    assert row is not None
    assert row.due_at == watched.clock.now()


async def test_a_lease_by_a_clock_that_was_ahead_is_taken_back(watched: Watched) -> None:
    delivery_id = await watched.scene.order(watched.db, "wang")
    ahead = T0 + LEASE_LONGEST + timedelta(hours=5)
    await watched.execute(
        "UPDATE deliveries SET lease_holder = 'courier', lease_until = $2 WHERE id = $1", delivery_id, ahead
    )
    assert await watched.auditor.look() is False
    row = await watched.scene.delivery(watched.db, "wang")
    assert row is not None
    assert (row.lease_holder, row.lease_until) == (None, None)
    assert await watched.auditor.look() is True


async def test_what_does_not_move_is_put_right_again_and_said_once(watched: Watched) -> None:
    await watched.scene.order(watched.db, "wang")
    watched.clock.advance(LATE_S)
    await watched.auditor.look()
    watched.clock.advance(REPAIR_AGAIN.total_seconds() + 1)
    await watched.auditor.look()
    [finding] = [f for f in await watched.findings() if f.what == "delivery"]
    assert finding.repairs == 2
    assert await watched.actions() == ["auditor.repaired"]


async def test_an_order_that_is_taken_again_and_again_and_never_done_is_found(watched: Watched) -> None:
    delivery_id = await watched.scene.order(watched.db, "wang")
    watched.clock.advance(LATE_S)
    until = watched.clock.now() + timedelta(seconds=6)
    await watched.execute(
        "UPDATE deliveries SET lease_holder = 'courier', lease_until = $2 WHERE id = $1", delivery_id, until
    )
    assert await watched.auditor.look() is False
    assert [f.subject_id for f in await watched.findings()] == [delivery_id]
    row = await watched.scene.delivery(watched.db, "wang")
    assert row is not None
    assert row.lease_until == until, "a send that is on its way is not begun a second time"


async def test_an_order_queued_by_a_clock_that_was_ahead_is_due_now(watched: Watched) -> None:
    watched.clock.advance(5 * 3600)
    delivery_id = await watched.scene.order(watched.db, "wang")
    watched.clock.advance(-5 * 3600)
    assert await watched.auditor.look() is False
    assert [f.subject_id for f in await watched.findings()] == [delivery_id]
    row = await watched.scene.delivery(watched.db, "wang")
    assert row is not None
    assert row.due_at == row.step_at == watched.clock.now()
    assert await watched.auditor.look() is True


async def test_an_escalation_begun_by_a_clock_that_was_ahead_looks_again_now(watched: Watched) -> None:
    await watched.begin_escalation(due_at=T0 + timedelta(hours=5), step_started_at=T0 + timedelta(hours=5))
    assert await watched.auditor.look() is False
    row = await watched.escalation()
    assert row.due_at == row.step_started_at == watched.clock.now()
    assert await watched.auditor.look() is True


async def test_an_escalation_in_which_nobody_is_waited_for_looks_again(watched: Watched) -> None:
    await watched.begin_escalation(due_at=None, step_started_at=T0)
    assert await watched.auditor.look() is False
    assert (await watched.escalation()).due_at == watched.clock.now()
    assert await watched.auditor.look() is True


async def test_an_escalation_that_waits_for_an_answer_or_is_blocked_is_well(watched: Watched) -> None:
    await watched.begin_escalation(due_at=None, step_started_at=T0)
    await watched.scene.order(watched.db, "wang")
    assert await watched.auditor.look() is True
    await watched.execute("UPDATE deliveries SET ended = 'superseded', ended_at = $1, due_at = NULL", T0)
    await watched.execute("UPDATE tasks SET blocked_at = $1, blocked_by = $2, blocked_reason = 'r'", T0, watched.wang)
    assert await watched.auditor.look() is True


async def test_a_word_of_somebody_alone_that_nobody_looks_for_is_found(watched: Watched) -> None:
    ends_at = T0 + timedelta(hours=8)
    async with watched.db.transaction(watched.scene.tenant_id) as tx:
        site = await tx.fetchval("SELECT id FROM sites")
        zone = await tx.fetchval("SELECT id FROM zones")
        actor = watched.scene.people["wang"].actor
        session = await lone_service.start(tx, actor, Draft(interval_s=60, zone_id=zone, ends_at=ends_at))
    assert session.site_id == site
    watched.clock.advance(60 + LATE_S)
    assert await watched.auditor.look() is False
    assert [(f.what, f.subject_id) for f in await watched.findings()] == [("lone_session", session.id)]


async def test_the_auditor_waits_for_nobody_who_holds_what_it_puts_right(watched: Watched) -> None:
    delivery_id = await watched.scene.order(watched.db, "wang")
    await watched.begin_escalation(due_at=T0, step_started_at=T0)
    watched.clock.advance(LATE_S)
    async with watched.db.transaction(watched.scene.tenant_id) as courier:
        await escalation_queries.lock_escalation(courier, watched.scene.tenant_id, watched.scene.task_id)
        await delivery_queries.lock_delivery(courier, watched.scene.tenant_id, delivery_id)
        async with asyncio.timeout(10):
            assert await watched.auditor.look() is False
    assert {f.what for f in await watched.findings()} == {"delivery", "escalation"}


async def test_a_site_no_gateway_serves_is_not_well_and_stays_found(watched: Watched) -> None:
    await watched.execute("UPDATE site_leases SET expires_at = $1", T0)
    watched.clock.advance(LATE_S)
    assert await watched.auditor.look() is False
    assert {f.what for f in await watched.findings(standing=True)} == {"site"}


async def test_two_auditors_find_it_once(watched: Watched) -> None:
    await watched.scene.order(watched.db, "wang")
    watched.clock.advance(LATE_S)
    await Auditor(watched.db).look()
    await Auditor(watched.db).look()
    assert len([f for f in await watched.findings() if f.what == "delivery"]) == 1


@pytest.mark.parametrize("reply", [Reply(200), Reply(500), None])
async def test_a_heartbeat_is_one_call_whatever_becomes_of_it(reply: Reply | None) -> None:
    heard: list[Request] = []

    async def outside(request: Request) -> Reply | None:
        heard.append(request)
        return reply

    async with serve(outside) as port, httpx.AsyncClient() as http:
        await beat(release(Output.FEED, exercise=False), http, f"http://127.0.0.1:{port}/ping/us")
    assert [(r.method, r.path) for r in heard] == [("GET", "/ping/us")]
