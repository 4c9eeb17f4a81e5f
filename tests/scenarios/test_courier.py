"""The courier with the real FCM client and the push service: refusals, silence, and kill -9 in the middle of a send."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock, SystemClock
from core.database import Database
from core.ids import new_id
from incidents.reaching import deliveries, delivery_queries
from incidents.reaching.delivery import Fact
from incidents.reaching.delivery_queries import Attempt
from muster.demo.plain_http import Reply, Request, serve
from muster.demo.push_script import Behaviour, Push, Script, Switchboard
from muster.demo.push_service import Running, run_push_service
from people.notices import queries as notices
from people.notices.model import Draft, SwapProposed
from people.notices.service import notify
from people.permissions import Role
from people.reach import queries as reach_queries
from realtime.courier import Courier
from realtime.push import Fcm
from tests.clusters import Clone
from tests.conftest import ROOT
from tests.responders import Scene, make_scene

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
PEOPLE = {"wang": Role.RESPONDER, "li": Role.RESPONDER}
# A courier process starts in about 2 s, its lease runs 6 s; two busy cores may double both.
PATIENCE_S = 30.0


class World(msgspec.Struct):
    """A courier's surroundings, its clock moved by the test."""

    db: Database
    clock: ManualClock
    scene: Scene
    push: Running
    courier: Courier

    @property
    def switchboard(self) -> Switchboard:
        return self.push.service.switchboard

    def script(self, token: str, *then: Behaviour) -> None:
        self.switchboard.follow(Script(token, list(then)))

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.courier.sweep()

    async def pushes(self, token: str) -> list[Push]:
        return await self.switchboard.wait_for(token, 0, 0)


@pytest_asyncio.fixture
async def world(clone: Clone, tmp_path: Path) -> AsyncIterator[World]:
    clock = ManualClock(T0)
    async with (
        Database.connect(clone.app_url, clock, max_size=4) as db,
        run_push_service(tmp_path) as push,
        Fcm.open(push.credentials, url=push.url, clock=clock) as fcm,
    ):
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, PEOPLE)
        yield World(db, clock, scene, push, Courier(db, {"fcm": fcm}, seed=1))


async def test_an_order_is_pushed_at_once_and_the_acceptance_is_no_receipt(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    [push] = await world.pushes("token-wang")
    row = await world.scene.delivery(world.db, "wang")
    assert row is not None
    assert (row.state, row.received_at, row.channel) == ("accepted", None, "fcm")
    assert (row.accepted_message or "").startswith("projects/muster-demo/messages/")
    assert push.message["data"]["delivery"] == str(row.id)


async def test_an_unregistered_token_is_retired_and_the_next_person_asked_after_the_sockets_time(world: World) -> None:
    world.script("token-wang", Behaviour("unregistered"))
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    async with world.db.transaction(world.scene.tenant_id) as tx:
        states = await tx.fetch(
            "SELECT push_token, push_token_state FROM person_devices WHERE tenant_id = $1", world.scene.tenant_id
        )
    assert {r["push_token"]: r["push_token_state"] for r in states} == {
        "token-wang": "retired",
        "token-li": "active",
    }
    await world.pass_time(8)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "accepted"}


async def test_an_exceeded_quota_is_left_in_peace_and_the_order_finds_another_way(world: World) -> None:
    world.script("token-wang", Behaviour("quota", retry_after_s=30))
    await world.scene.order(world.db, "wang")
    for _ in range(8):
        await world.pass_time(1)
    assert [taken.token for taken in world.switchboard.log] == ["token-wang"]
    await world.pass_time(1)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "accepted"}


async def test_a_service_in_trouble_is_tried_again_with_growing_pauses(world: World) -> None:
    world.script("token-wang", Behaviour("unavailable"), Behaviour("internal"), Behaviour("unavailable"))
    await world.scene.order(world.db, "wang")
    tried: list[int] = []
    for tenth in range(80):
        await world.pass_time(0.1)
        if len(world.switchboard.log) > len(tried):
            tried.append(tenth)
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert len(tried) == 4
    assert pauses == sorted(pauses)
    assert len({push.message["data"]["key"] for push in await world.pushes("token-wang")}) == 1
    assert await world.scene.states(world.db) == {"wang": "accepted"}


async def test_a_dropped_answer_is_sent_again_and_the_device_knows_the_repeat_by_its_key(world: World) -> None:
    world.script("token-wang", Behaviour(drop=True))
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    assert await world.scene.states(world.db) == {"wang": "queued"}, "the device has it, but nobody told us"
    await world.pass_time(1)
    keys = [push.message["data"]["key"] for push in await world.pushes("token-wang")]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert await world.scene.states(world.db) == {"wang": "accepted"}


async def test_a_phone_that_receives_and_stays_silent_has_sixty_seconds(world: World) -> None:
    delivery_id = await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    async with world.db.transaction(world.scene.tenant_id) as tx:
        device = world.scene.people["wang"].device_id
        await deliveries.record_fact(tx, world.scene.tenant_id, delivery_id, Fact.RECEIVED, world.clock.now(), device)
    await world.pass_time(59.9)
    assert await world.scene.states(world.db) == {"wang": "received"}
    await world.pass_time(0.1)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "accepted"}


@pytest.mark.scenario
async def test_a_courier_killed_in_the_middle_of_a_send_is_followed_by_one_that_sends_again(
    clone: Clone, tmp_path: Path
) -> None:
    async with Database.connect(clone.app_url, SystemClock(), max_size=2) as db, run_push_service(tmp_path) as push:
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, {"wang": Role.RESPONDER})
        switchboard = push.service.switchboard
        # The first push is taken, and its answer comes too late for a courier that is killed meanwhile.
        switchboard.follow(Script("token-wang", [Behaviour(delay_s=3.0)]))
        async with _courier(clone, push, tmp_path) as first:
            await scene.order(db, "wang")
            await _until(lambda: _is(len(switchboard.log) == 1))
            first.send_signal(signal.SIGKILL)
            await first.wait()
        row = await scene.delivery(db, "wang")
        assert row is not None
        assert row.in_flight
        async with _courier(clone, push, tmp_path) as second:
            await _until(lambda: _accepted(scene, db))
            keys = {taken.message["data"]["key"] for taken in switchboard.log}
            assert len(switchboard.log) == 2
            assert keys == {row.dedupe_key}
            second.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(second.wait(), PATIENCE_S) == 0


@pytest.mark.scenario
async def test_a_courier_killed_in_the_middle_of_a_notice_is_followed_by_one_that_pushes_it_again(
    clone: Clone, tmp_path: Path
) -> None:
    async with Database.connect(clone.app_url, SystemClock(), max_size=2) as db, run_push_service(tmp_path) as push:
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, {"wang": Role.RESPONDER})
        wang = scene.people["wang"].account_id
        switchboard = push.service.switchboard
        switchboard.follow(Script("token-wang", [Behaviour(delay_s=3.0)]))

        async def became(push_state: str) -> bool:
            async with db.transaction(clone.tenant_id) as tx:
                found = await notices.list_notices(
                    tx, clone.tenant_id, wang, unread=False, kind=None, before=None, limit=9
                )
            return [it.push for it in found] == [push_state]

        async with _courier(clone, push, tmp_path) as first:
            async with db.transaction(clone.tenant_id) as tx:
                facts = SwapProposed("Li", tx.now, tx.now, "UTC", in_return=False)
                await notify(tx, clone.tenant_id, [wang], Draft(new_id(), facts, "k"))
            await _until(lambda: _is(len(switchboard.log) == 1))
            first.send_signal(signal.SIGKILL)
            await first.wait()
        assert await became("waiting")
        async with _courier(clone, push, tmp_path) as second:
            await _until(lambda: became("accepted"))
            second.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(second.wait(), PATIENCE_S) == 0
        assert len({taken.message["data"]["key"] for taken in switchboard.log}) == 1
        assert [taken.message["notification"] for taken in switchboard.log] == [{"title": "Notice", "body": ""}] * 2


@asynccontextmanager
async def _courier(clone: Clone, push: Running, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    environ = {
        **os.environ,
        "MUSTER_DATABASE_URL": clone.app_url,
        "MUSTER_OWNER_DATABASE_URL": clone.owner_url,
        "MUSTER_PUSH_SERVICE_URL": push.url,
        "MUSTER_PUSH_CREDENTIALS": str(push.credentials),
        "MUSTER_RECEIPT_TIMEOUT_S": "60",
        "MUSTER_DATA_DIR": str(folder),
    }
    courier = await asyncio.create_subprocess_exec(sys.executable, "-m", "muster", "courier", cwd=ROOT, env=environ)
    try:
        yield courier
    finally:
        if courier.returncode is None:
            courier.kill()
            await courier.wait()


async def _accepted(scene: Scene, db: Database) -> bool:
    return await scene.states(db) == {"wang": "accepted"}


async def _is(fact: bool) -> bool:
    return fact


async def _until(fact: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a fact of another process, looking ten times a second, at most PATIENCE_S."""
    async with asyncio.timeout(PATIENCE_S):
        while not await fact():  # noqa: ASYNC110 - the fact is another process's
            await asyncio.sleep(0.1)


async def test_a_silent_phone_is_followed_by_a_text_which_proves_nothing(world: World) -> None:
    """The last resort is sent, and shown as what it is: taken by a gateway, received by nobody yet."""
    texts: list[Request] = []

    async def gateway(request: Request) -> Reply:
        texts.append(request)
        return Reply(200, {})

    async with serve(gateway) as port:
        async with world.db.transaction(world.scene.tenant_id) as tx:
            wang = world.scene.people["wang"].account_id
            await reach_queries.insert_contact_point(tx, world.scene.tenant_id, new_id(), wang, "sms", "+8613800138000")
            url = f"json://127.0.0.1:{port}/sms/{{to}}"
            await reach_queries.save_message_service(tx, world.scene.tenant_id, "sms", url, enabled=True)
        await world.scene.order(world.db, "wang")
        await world.pass_time(0)
        assert texts == []
        await world.pass_time(8.1)
    assert len(texts) == 1
    row = await world.scene.delivery(world.db, "wang")
    assert row is not None
    assert (row.channel, row.state, row.received_at) == ("fcm", "accepted", None)
    assert [a.channel for a in await attempts_of(world)] == ["fcm", "sms"]


async def attempts_of(world: World) -> list[Attempt]:
    row = await world.scene.delivery(world.db, "wang")
    assert row is not None
    async with world.db.transaction(world.scene.tenant_id) as tx:
        return await delivery_queries.list_attempts(tx, world.scene.tenant_id, row.id)
