"""Deliveries on a real database: leases and races, crashes between lease and outcome, answers early and late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from core.outbox import Listener
from incidents import closing, queries, rooms
from incidents.reaching import deliveries, delivery_queries
from incidents.reaching.delivery import END_STATES, Fact
from incidents.record import timeline
from incidents.tasking import task_queries, tasks
from mobile_contract.room import RoomState, fold
from people.permissions import Role
from realtime.channels import Notice, Outcome, Target
from realtime.courier import IN_HAND_MAX, Courier
from tests.responders import ORDER, Scene, make_scene

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Post:
    """A channel that does what the test says, and remembers."""

    name = "fcm"

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.answers: list[Outcome] = []
        self.always = Outcome("accepted", message_id="m")
        self.on_send: Callable[[], Any] | None = None

    async def send(self, notice: Notice, target: Target) -> Outcome:
        self.sent.append((target.address, notice.key))
        if self.on_send is not None:
            await self.on_send()
        return self.answers.pop(0) if self.answers else self.always


class World(msgspec.Struct):
    """A database of the test's own, a clock it moves, a scene, a channel and couriers."""

    db: Database
    clock: ManualClock
    scene: Scene
    post: Post

    def courier(self) -> Courier:
        return Courier(self.db, {"fcm": self.post}, seed=1)

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.courier().sweep()

    async def say(self, name: str, fact: Fact) -> None:
        person = self.scene.people[name]
        row = await self.scene.delivery(self.db, name)
        assert row is not None
        async with self.db.transaction(self.scene.tenant_id) as tx:
            at = self.clock.now()
            await deliveries.record_fact(tx, self.scene.tenant_id, row.id, fact, at, person.device_id)

    async def answer(self, name: str, answer: Any, key: str = "k", reason: str = "") -> str:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            actor = self.scene.people[name].actor
            return (await tasks.answer(tx, actor, self.scene.task_id, answer, reason, key)).state


PEOPLE = {"wang": Role.RESPONDER, "li": Role.RESPONDER, "officer": Role.SAFETY_OFFICER}


@pytest_asyncio.fixture
async def world(clone: Any) -> AsyncIterator[World]:
    clock = ManualClock(T0)
    async with Database.connect(clone.app_url, clock, max_size=6) as db:
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, PEOPLE)
        yield World(db, clock, scene, Post())


async def test_a_queued_order_is_sent_once_by_however_many_couriers(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await asyncio.gather(*(world.courier().sweep() for _ in range(4)))
    assert [token for token, _ in world.post.sent] == ["token-wang"]
    assert await world.scene.states(world.db) == {"wang": "accepted"}


async def test_asking_the_same_person_twice_for_one_task_is_one_delivery(world: World) -> None:
    assert await world.scene.order(world.db, "wang") == await world.scene.order(world.db, "wang")


async def test_a_courier_that_died_after_its_lease_is_followed_by_a_repeat_with_the_same_key(world: World) -> None:
    await world.scene.order(world.db, "wang")

    async def die() -> None:
        raise asyncio.CancelledError

    world.post.on_send = die
    with pytest.raises(asyncio.CancelledError):
        await world.courier().sweep()
    row = await world.scene.delivery(world.db, "wang")
    assert row is not None
    assert row.in_flight
    assert row.state == "queued", "nobody said that anything was accepted"

    world.post.on_send = None
    await world.pass_time(5)
    assert len(world.post.sent) == 1, "the lease is still running"
    await world.pass_time(1)
    assert len(world.post.sent) == 2
    assert world.post.sent[0] == world.post.sent[1]
    async with world.db.transaction(world.scene.tenant_id) as tx:
        attempts = await delivery_queries.list_attempts(tx, world.scene.tenant_id, row.id)
    assert [a.outcome for a in attempts] == [None, "accepted"], "a send nobody heard of again stays visible as one"


async def test_a_courier_whose_lease_ran_out_reports_facts_but_decides_nothing(world: World) -> None:
    await world.scene.order(world.db, "wang")

    async def stall() -> None:
        world.post.on_send = None
        await world.pass_time(6)

    world.post.on_send = stall
    await world.courier().sweep()
    assert len(world.post.sent) == 2
    row = await world.scene.delivery(world.db, "wang")
    assert row is not None
    assert (row.state, row.in_flight, row.lease_holder, row.fencing) == ("accepted", False, None, 2)


async def test_no_receipt_in_eight_seconds_asks_the_next_person(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(7.9)
    assert await world.scene.states(world.db) == {"wang": "accepted"}
    await world.pass_time(0.1)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "accepted"}
    task = await world.scene.task(world.db)
    assert (task.owner_account_id, task.fencing) == (world.scene.people["li"].account_id, 2)


async def test_no_acknowledgement_in_sixty_seconds_asks_the_next_person(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.say("wang", Fact.RECEIVED)
    await world.pass_time(59)
    assert await world.scene.states(world.db) == {"wang": "received"}
    await world.pass_time(1)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "accepted"}


async def test_when_nobody_is_left_the_task_is_unanswered_and_still_open_to_a_yes(world: World) -> None:
    await world.scene.order(world.db, "wang")
    for _ in range(4):
        await world.pass_time(8)
    states = {"wang": "superseded", "li": "superseded", "officer": "exhausted"}
    assert await world.scene.states(world.db) == states
    assert (await world.scene.task(world.db)).state == "unanswered"
    async with world.db.transaction(world.scene.tenant_id) as tx:
        shown = await deliveries.list_open_orders(tx, world.scene.tenant_id, world.scene.people["wang"].account_id)
    assert [order.task for order in shown] == [world.scene.task_id], "a phone that comes back is shown it"
    assert await world.answer("wang", "acknowledge") == "acknowledged"
    assert (await world.scene.states(world.db))["wang"] == "acknowledged"
    assert (await world.scene.task(world.db)).owner_account_id == world.scene.people["wang"].account_id


async def test_a_decline_asks_the_next_person_in_the_same_transaction(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    assert await world.answer("wang", "decline", reason="in the clean room") == "open"
    assert await world.scene.states(world.db) == {"wang": "declined", "li": "queued"}
    async with world.db.transaction(world.scene.tenant_id) as tx:
        lines = await timeline.list_entries(tx, world.scene.tenant_id, world.scene.incident_id, limit=10)
        assert await rooms.is_member(
            tx, world.scene.tenant_id, world.scene.room_id, world.scene.people["li"].account_id
        )
    assert [line.kind for line in lines] == ["task.declined", "task.escalated"]
    assert lines[0].facts["reason"] == "in the clean room"


async def test_a_late_yes_takes_the_task_back_and_releases_the_person_asked_meanwhile(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(8)
    await world.say("wang", Fact.ACKNOWLEDGED)
    assert await world.scene.states(world.db) == {"wang": "acknowledged", "li": "superseded"}
    task = await world.scene.task(world.db)
    assert (task.state, task.owner_account_id, task.fencing) == (
        "acknowledged",
        world.scene.people["wang"].account_id,
        3,
    )


async def test_two_who_say_yes_both_stand_and_one_has_the_task(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(8)
    assert await world.answer("li", "acknowledge") == "acknowledged"
    assert await world.answer("wang", "acknowledge") == "acknowledged"
    assert await world.scene.states(world.db) == {"wang": "acknowledged", "li": "acknowledged"}
    assert (await world.scene.task(world.db)).owner_account_id == world.scene.people["li"].account_id


async def test_a_late_no_changes_nothing(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(8)
    assert await world.answer("wang", "decline") == "open"
    assert await world.scene.states(world.db) == {"wang": "declined", "li": "accepted"}


async def test_a_no_after_a_yes_moves_the_task_on(world: World) -> None:
    await world.scene.order(world.db, "wang")
    assert await world.answer("wang", "acknowledge", "k1") == "acknowledged"
    world.clock.advance(5)
    assert await world.answer("wang", "decline", "k2") == "open"
    assert await world.answer("wang", "acknowledge", "k1") == "open", "the repeat of an old answer is no new answer"
    assert await world.scene.states(world.db) == {"wang": "declined", "li": "queued"}


async def test_answers_are_checked(world: World) -> None:
    await world.scene.order(world.db, "wang")
    with pytest.raises(Forbidden):
        await world.answer("li", "acknowledge")
    with pytest.raises(Invalid):
        await world.answer("wang", "perhaps")
    with pytest.raises(Invalid):
        await world.answer("wang", "decline", reason="x" * 1001)
    await world.answer("wang", "acknowledge", "k")
    with pytest.raises(Conflict):
        await world.answer("wang", "decline", "k")


async def test_facts_in_any_order_and_number_leave_one_room_event_each(world: World) -> None:
    await world.scene.order(world.db, "wang")
    for fact in (Fact.SEEN, Fact.RECEIVED, Fact.RECEIVED, Fact.SEEN, Fact.MOVING, Fact.ACKNOWLEDGED):
        await world.say("wang", fact)
    assert await world.scene.states(world.db) == {"wang": "moving"}
    scene = world.scene
    async with world.db.transaction(scene.tenant_id) as tx:
        events = await rooms.events_after(tx, scene.tenant_id, scene.room_id, 0, 100)
        snapshot = await rooms.fresh_snapshot(tx, scene.tenant_id, scene.room_id)
    kinds = [event.kind for event in events]
    assert kinds.count("delivery.changed") == 5, "queued, seen, received, moving, acknowledged"
    assert kinds.count("task.changed") == 1
    folded = fold(RoomState(room=scene.room_id, epoch=1, seq=0), events)
    assert folded.deliveries == snapshot.deliveries


async def test_the_room_folds_to_its_snapshot_after_an_escalation(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(8)
    await world.say("li", Fact.MOVING)
    scene = world.scene
    async with world.db.transaction(scene.tenant_id) as tx:
        events = await rooms.events_after(tx, scene.tenant_id, scene.room_id, 0, 100)
        snapshot = await rooms.fresh_snapshot(tx, scene.tenant_id, scene.room_id)
    folded = fold(RoomState(room=scene.room_id, epoch=1, seq=0), events)
    assert folded.deliveries == snapshot.deliveries
    assert folded.tasks == snapshot.tasks
    assert folded.members == snapshot.members


async def test_a_dead_address_is_retired_and_the_socket_still_has_its_eight_seconds(world: World) -> None:
    world.post.always = Outcome("gone", code="UNREGISTERED")
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    async with world.db.transaction(world.scene.tenant_id) as tx:
        state = await tx.fetchval(
            "SELECT push_token_state FROM person_devices WHERE tenant_id = $1 AND id = $2",
            world.scene.tenant_id,
            world.scene.people["wang"].device_id,
        )
    assert state == "retired"
    assert await world.scene.states(world.db) == {"wang": "queued"}
    await world.say("wang", Fact.RECEIVED)
    await world.pass_time(8)
    assert await world.scene.states(world.db) == {"wang": "received"}
    await world.pass_time(52)
    assert (await world.scene.states(world.db))["wang"] == "superseded"


async def test_a_person_without_a_phone_to_push_to_has_the_sockets_eight_seconds(world: World) -> None:
    async with world.db.transaction(world.scene.tenant_id) as tx:
        await tx.execute(
            "UPDATE person_devices SET push_token_state = 'retired' WHERE tenant_id = $1", world.scene.tenant_id
        )
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(7)
    assert await world.scene.states(world.db) == {"wang": "queued"}
    await world.pass_time(1)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "queued"}
    assert world.post.sent == []


async def test_a_failing_service_is_tried_again_within_the_wait(world: World) -> None:
    world.post.answers = [Outcome("failed", code="UNAVAILABLE"), Outcome("failed", code="timeout")]
    await world.scene.order(world.db, "wang")
    for _ in range(8):
        await world.pass_time(0.5)
    assert len(world.post.sent) == 3
    assert len(set(world.post.sent)) == 1
    assert await world.scene.states(world.db) == {"wang": "accepted"}


async def test_a_channel_that_breaks_under_us_is_a_send_that_failed(world: World) -> None:
    await world.scene.order(world.db, "wang")

    async def breaks() -> None:
        raise ValueError("an answer nobody foresaw")

    world.post.on_send = breaks
    await world.pass_time(0)
    world.post.on_send = None
    row = await world.scene.delivery(world.db, "wang")
    assert row is not None
    assert (row.in_flight, row.failures) == (False, 1)
    await world.pass_time(8)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "accepted"}


async def test_a_service_that_asks_for_patience_without_end_is_not_waited_for(world: World) -> None:
    await world.scene.order(world.db, "wang")
    world.post.answers = [Outcome("failed", code="http_429", retry_after_s=1e15)]
    await world.pass_time(0)
    await world.pass_time(8)
    assert await world.scene.states(world.db) == {"wang": "superseded", "li": "accepted"}


async def test_a_retry_for_one_phone_spares_the_phone_that_took_it(world: World) -> None:
    scene = world.scene
    second = new_id()
    async with world.db.transaction(scene.tenant_id) as tx:
        await tx.execute(
            "INSERT INTO person_devices (tenant_id, id, account_id, label, platform, locale, push_channel, push_token,"
            " push_token_state, last_seen_at, created_at)"
            " VALUES ($1, $2, $3, 'tablet', 'android', 'en', 'fcm', 'token-tablet', 'active', $4, $4)",
            scene.tenant_id,
            second,
            scene.people["wang"].account_id,
            T0 - timedelta(days=1),
        )
    world.post.answers = [Outcome("accepted", message_id="1"), Outcome("failed", code="UNAVAILABLE")]
    await scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(1)
    assert [token for token, _ in world.post.sent] == ["token-wang", "token-tablet", "token-tablet"]


async def test_closing_the_incident_cancels_what_nobody_answered(world: World) -> None:
    await world.scene.order(world.db, "wang")
    async with world.db.transaction(world.scene.tenant_id) as tx:
        assert await deliveries.cancel_for_incident(tx, world.scene.tenant_id, world.scene.incident_id) == 1
    assert await world.scene.states(world.db) == {"wang": "cancelled"}
    await world.pass_time(100)
    assert world.post.sent == []


async def test_every_delivery_ends_in_a_true_state(world: World) -> None:
    await world.scene.order(world.db, "wang")
    for second in range(40):
        if second == 3:
            await world.say("wang", Fact.RECEIVED)
        await world.pass_time(2.5)
    assert set((await world.scene.states(world.db)).values()) <= END_STATES
    async with world.db.transaction(None) as tx:
        assert await delivery_queries.find_next_due(tx) is None


async def test_another_tenant_finds_no_delivery(world: World, clone: Any) -> None:
    delivery_id = await world.scene.order(world.db, "wang")
    stranger = new_id()
    async with world.db.transaction(stranger) as tx:
        with pytest.raises(NotFound):
            await deliveries.record_fact(tx, stranger, delivery_id, Fact.RECEIVED, T0)
    li = world.scene.people["li"].account_id
    async with world.db.transaction(world.scene.tenant_id) as tx:
        with pytest.raises(NotFound):
            await deliveries.record_fact(tx, world.scene.tenant_id, delivery_id, Fact.SEEN, T0, account_id=li)
    app = await asyncpg.connect(clone.app_url)
    assert await app.fetchval("SELECT count(*) FROM deliveries") == 0
    await app.close()


async def test_the_order_for_a_socket_carries_what_the_person_must_do(world: World) -> None:
    delivery_id = await world.scene.order(world.db, "wang")
    async with world.db.transaction(world.scene.tenant_id) as tx:
        account_id, order = await deliveries.load_order(tx, world.scene.tenant_id, delivery_id)
    assert account_id == world.scene.people["wang"].account_id
    assert (order.title, order.steps, order.room) == (ORDER.title, ORDER.steps, world.scene.room_id)
    assert order.deadline_at == T0 + timedelta(minutes=5)


async def test_who_said_yes_late_finds_the_order_again_on_the_phone(world: World) -> None:
    await world.scene.order(world.db, "wang")
    await world.pass_time(0)
    await world.pass_time(8)
    assert await world.answer("wang", "acknowledge") == "acknowledged"
    async with world.db.transaction(world.scene.tenant_id) as tx:
        wang = world.scene.people["wang"].account_id
        orders = await deliveries.list_open_orders(tx, world.scene.tenant_id, wang)
    assert [order.task for order in orders] == [world.scene.task_id]


async def test_what_was_taken_in_a_closed_incident_hides_no_new_order(world: World) -> None:
    tenant_id, scene = world.scene.tenant_id, world.scene
    await scene.order(world.db, "wang")
    assert await world.answer("wang", "acknowledge") == "acknowledged"
    async with world.db.transaction(tenant_id) as tx:
        incident = await queries.lock_incident(tx, tenant_id, scene.incident_id)
        await closing.shut(tx, incident, "all safe", by=scene.people["officer"].account_id)
    async with world.db.transaction(tenant_id) as tx:
        orders = await deliveries.list_open_orders(tx, tenant_id, scene.people["wang"].account_id)
        people = await task_queries.list_people(tx, tenant_id, new_id(), new_id(), ["responder"])
    assert orders == [], "it was taken and never said to be done, and its incident is over"
    assert {person.busy for person in people} == {0}


async def test_orders_we_trip_over_keep_nobody_elses_from_being_sent(world: World, clone: Any) -> None:
    tenant_id, scene = world.scene.tenant_id, world.scene
    async with world.db.transaction(tenant_id) as tx:
        wang, li = scene.people["wang"].account_id, scene.people["li"].account_id
        for before in range(IN_HAND_MAX):
            await deliveries.queue_order(tx, tenant_id, scene.task_id, wang, ORDER, before=before)
        await tx.execute("UPDATE deliveries SET content = '{}' WHERE tenant_id = $1", tenant_id)
    world.clock.advance(1)
    async with world.db.transaction(tenant_id) as tx:
        await deliveries.queue_order(tx, tenant_id, scene.task_id, li, ORDER)
    sent, stopping = asyncio.Event(), asyncio.Event()

    async def arrived() -> None:
        sent.set()

    world.post.on_send = arrived
    listener = Listener(clone.app_url)
    async with asyncio.TaskGroup() as group:
        helpers = [group.create_task(listener.run()), group.create_task(world.courier().run(listener, stopping))]
        async with asyncio.timeout(20):
            await sent.wait()
        stopping.set()
        await helpers[1]
        helpers[0].cancel()
    assert [token for token, _ in world.post.sent] == ["token-li"]
