"""The live edge over a real socket and a real database."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from msgspec.structs import replace
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from core import outbox
from core.ids import new_id
from incidents import queries, rooms, views
from incidents.reaching import delivery_queries, orders
from mobile_contract.live import (
    CLIENT_FRAME_MAX_BYTES,
    Answer,
    Answered,
    Beat,
    CloseCode,
    Here,
    Join,
    Left,
    NoticeMade,
    Order,
    Post,
    Posted,
    PresenceChanged,
    ProblemFrame,
    Receipt,
    ReceiptOk,
    Recovered,
    Refresh,
    Refreshed,
    RoomPosition,
    Snapshot,
    Welcome,
)
from mobile_contract.room_events import IncidentReturned, MessagePosted, RoomEvent, TaskAssigned
from people.actor import Actor
from people.notices.model import Draft, SwapProposed
from people.notices.service import notify
from people.permissions import Role
from people.sign_in import DEVICE_REVOKED
from tests import incident_world
from tests.live_edge import Running, running


async def test_a_phone_that_was_away_gets_exactly_what_it_missed(clone: Any) -> None:
    async with running(clone) as edge:
        async with edge.phone("wang") as phone:
            welcome = await phone.until(Welcome)
            assert [r.room for r in welcome.rooms] == [edge.world.room_id]
            await phone.until(Snapshot)
            await phone.until_seq(await edge.append(MessagePosted("one"), MessagePosted("two")))
            position, state = phone.position, phone.state
        last = await edge.append(*(MessagePosted(f"missed {n}") for n in range(7)))
        async with edge.phone("wang", position) as phone:
            phone.state = state
            recovered = await phone.until(Recovered)
            assert [event.seq for event in recovered.events] == list(range(position.seq + 1, last + 1))
            await phone.until_seq(await edge.append(MessagePosted("live again")))
            assert phone.state == await edge.fresh()


async def test_a_phone_that_missed_too_much_or_is_of_another_epoch_gets_the_room(clone: Any) -> None:
    async with running(clone) as edge:
        last = await edge.append(*(MessagePosted(f"{n}") for n in range(300)))
        for position in (RoomPosition(edge.world.room_id, 1, 3), RoomPosition(edge.world.room_id, 2, last)):
            async with edge.phone("wang", position) as phone:
                await phone.until(Snapshot)
                assert phone.state == await edge.fresh()
        ahead = RoomPosition(edge.world.room_id, 1, last + 50)
        async with edge.phone("wang", ahead) as phone:
            await phone.until(Snapshot)


async def test_phones_that_come_and_go_while_people_write_have_neither_gap_nor_double(clone: Any) -> None:
    chance = random.Random(7)
    async with running(clone) as edge:
        start = (await edge.fresh()).seq
        total = 120

        async def write() -> None:
            for n in range(total):
                await edge.append(MessagePosted(f"{n}"))

        async def come_and_go() -> list[int]:
            seqs: list[int] = []
            async with edge.phone("wang", RoomPosition(edge.world.room_id, 1, start)) as phone:
                await _hear_some(phone, chance.randrange(1, 30))
                seqs += phone.seqs
            while not seqs or seqs[-1] < start + total:
                at = seqs[-1] if seqs else start
                async with edge.phone("wang", RoomPosition(edge.world.room_id, 1, at)) as phone:
                    await _hear_some(phone, chance.randrange(1, 40), start + total)
                    seqs += phone.seqs
            return seqs

        async with asyncio.TaskGroup() as tasks:
            phones = [tasks.create_task(come_and_go()) for _ in range(6)]
            tasks.create_task(write())
        for phone in phones:
            assert phone.result() == list(range(start + 1, start + total + 1))


async def _hear_some(phone: Any, count: int, end: int | None = None) -> None:
    while len(phone.seqs) < count and (not phone.seqs or phone.seqs[-1] != end):
        await phone.hear()


async def test_a_message_sent_twice_is_one_and_is_confirmed_after_commit(clone: Any) -> None:
    async with running(clone) as edge, edge.phone("wang") as phone:
        await phone.until(Snapshot)
        await phone.say(Post("k1", edge.world.room_id, "on my way"))
        first = await phone.until(Posted)
        await phone.say(Post("k1", edge.world.room_id, "on my way"))
        assert await phone.until(Posted) == first
        await phone.until_seq(first.seq)
        state = await edge.fresh()
        assert [m.text for m in state.messages] == ["on my way"]
        assert state == phone.state


async def test_a_slow_reader_is_sent_to_resume_and_everybody_else_gets_everything(clone: Any) -> None:
    async with running(clone) as edge, edge.phone("wang") as fast, edge.phone("wang", slow=True) as slow:
        await fast.until(Snapshot)
        await slow.until(Snapshot)
        long = "x" * 4000
        last = 0
        for _ in range(20):
            last = await edge.append(*(MessagePosted(long) for _ in range(20)))
            await fast.until_seq(last)
        # It has not read a thing; the room went on. What moves people is written all the same.
        returned = await _return_incident(edge)
        await fast.until_seq(returned)
        heard = await _read_on(slow)
        assert heard.code == CloseCode.SLOW_READER
        contiguous = heard.contiguous
        assert contiguous < last - 256
        assert heard.seqs[-1] == returned
        async with edge.phone("wang", RoomPosition(edge.world.room_id, 1, contiguous)) as again:
            assert (await again.until(Snapshot)).seq == returned
            assert again.state == await edge.fresh()
        assert fast.seqs == sorted(set(fast.seqs))


async def _return_incident(edge: Running) -> int:
    world = edge.world
    async with edge.db.transaction(world.tenant_id) as tx:
        incident = await queries.get_incident(tx, world.tenant_id, world.incident_id)
        await queries.save_incident(tx, world.tenant_id, replace(incident, state="returned", returned_at=tx.now))
        return (await rooms.append(tx, world.tenant_id, world.room_id, IncidentReturned(tx.now))).seq


class _Heard:
    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.code: int | None = None
        self.contiguous = 0


async def _read_on(slow: Any) -> _Heard:
    """Read raw events to the end; a client applies up to the first gap."""
    from websockets.exceptions import ConnectionClosed

    from mobile_contract.live import SERVER_DECODER

    heard = _Heard()
    heard.contiguous = slow.state.seq
    try:
        while True:
            frame = SERVER_DECODER.decode(await asyncio.wait_for(slow.ws.recv(), 10))
            if isinstance(frame, RoomEvent):
                heard.seqs.append(frame.seq)
                heard.contiguous = frame.seq if frame.seq == heard.contiguous + 1 else heard.contiguous
    except ConnectionClosed as closed:
        heard.code = closed.rcvd.code if closed.rcvd else None
    return heard


async def _order(edge: Running, account: UUID) -> tuple[UUID, UUID]:
    async with edge.db.transaction(edge.world.tenant_id) as tx:
        task = await incident_world.add_task(tx, edge.world, account)
        await rooms.append(tx, edge.world.tenant_id, edge.world.room_id, TaskAssigned(views.task_view(task)))
        content = orders.OrderContent(grade=2, title=task.title, place=task.title, agent="acetone", steps=task.steps)
        return task.id, (await orders.queue_order(tx, edge.world.tenant_id, task.id, account, content)).id


async def test_an_order_reaches_an_open_socket_and_its_receipt_is_a_fact(clone: Any) -> None:
    async with running(clone) as edge:
        task_id, waiting = await _order(edge, edge.world.wang)
        async with edge.phone("wang") as phone:
            first = await phone.until(Order)
            assert (first.delivery, first.task, first.room) == (waiting, task_id, edge.world.room_id)
            assert not any(isinstance(frame, Snapshot) for frame in phone.heard)
            await phone.until(Snapshot)
            _, live = await _order(edge, edge.world.wang)
            # The first may come again beside it: an order is repeated rather than missed.
            second = await phone.until(Order)
            while second.delivery == waiting:
                second = await phone.until(Order)
            assert second.delivery == live
            await phone.say(Receipt(live, "received", edge.db.clock.now()))
            assert await phone.until(ReceiptOk) == ReceiptOk(live, "received")
            async with edge.db.transaction(edge.world.tenant_id) as tx:
                row = await delivery_queries.get_delivery(tx, edge.world.tenant_id, live)
            assert (row.state, row.received_at is not None, row.accepted_at, row.seen_at) == (
                "received",
                True,
                None,
                None,
            )
            await phone.say(Answer("a1", second.task, "acknowledge"))
            assert (await phone.until(Answered)).state == "acknowledged"
            await phone.until_seq((await edge.fresh()).seq)
            assert phone.state == await edge.fresh()


async def test_somebody_elses_order_can_not_be_receipted(clone: Any) -> None:
    async with running(clone) as edge:
        _, delivery = await _order(edge, edge.world.li)
        async with edge.phone("wang") as phone:
            await phone.until(Snapshot)
            await phone.say(Receipt(delivery, "received", edge.db.clock.now()))
            problem = await phone.until(ProblemFrame)
            assert (problem.key, problem.code) == (str(delivery), "delivery.not_found")
            assert not any(isinstance(frame, Order) for frame in phone.heard)


async def test_another_tenants_room_is_not_there_and_says_nothing(clone: Any) -> None:
    async with running(clone) as edge:
        stranger = Actor(new_id(), new_id(), Role.SAFETY_OFFICER, None)
        edge.tokens.issue(stranger, "stranger")
        room_id = edge.world.room_id
        async with edge.phone("wang") as phone, edge.phone("stranger", RoomPosition(room_id)) as other:
            await phone.until(Snapshot)
            assert (await other.until(ProblemFrame)).code == "room.not_found"
            await other.say(Join(room_id, 1, 1))
            assert (await other.until(ProblemFrame)).key == str(room_id)
            await other.say(Post("k", room_id, "hello"))
            assert (await other.until(ProblemFrame)).code == "room.not_found"
            await phone.until_seq(await edge.append(MessagePosted("between us")))
            await other.say(Here("active"))
            await other.until(Beat)
            allowed = (Welcome, ProblemFrame, Beat)
            assert all(isinstance(frame, allowed) for frame in other.heard)


async def test_a_worker_of_the_tenant_who_is_no_member_is_not_told_of_the_room(clone: Any) -> None:
    async with running(clone) as edge:
        edge.tokens.issue(edge.world.actor(edge.world.li, Role.WORKER), "li")
        async with edge.phone("li", RoomPosition(edge.world.room_id)) as phone:
            assert (await phone.until(ProblemFrame)).code == "room.not_found"


async def test_who_is_added_to_a_room_gets_it_at_once_and_loses_it_when_taken_out(clone: Any) -> None:
    async with running(clone) as edge:
        world = edge.world
        edge.tokens.issue(world.actor(world.li), "li")
        async with edge.phone("li") as phone:
            assert (await phone.until(Welcome)).rooms == []
            async with edge.db.transaction(world.tenant_id) as tx:
                await rooms.add_member(tx, world.tenant_id, world.room_id, world.li)
            await phone.until(Snapshot)
            await phone.until_seq(await edge.append(MessagePosted("welcome")))
            async with edge.db.transaction(world.tenant_id) as tx:
                await rooms.remove_member(tx, world.tenant_id, world.room_id, world.li)
            await phone.until(Left)
            await edge.append(MessagePosted("without you"))
            await phone.say(Here("active"))
            await phone.until(Beat)
            texts = [f.body.text for f in phone.heard if isinstance(f, RoomEvent) and isinstance(f.body, MessagePosted)]
            assert texts == ["welcome"]


async def test_news_lost_with_the_listening_connection_is_caught_up(clone: Any) -> None:
    async with running(clone) as edge, edge.phone("wang") as phone:
        await phone.until(Snapshot)
        owner = await asyncpg.connect(clone.owner_url)
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'muster-listener' AND datname = current_database()"
        )
        await owner.close()
        last = await edge.append(MessagePosted("said while nobody listened"))
        _, delivery = await _order(edge, edge.world.wang)
        assert (await phone.until(Order)).delivery == delivery
        await phone.until_seq(last)
        await phone.until_seq((await edge.fresh()).seq)
        assert phone.state == await edge.fresh()


async def test_people_in_a_room_see_who_is_there(clone: Any) -> None:
    async with running(clone) as edge:
        world = edge.world
        async with edge.db.transaction(world.tenant_id) as tx:
            await rooms.add_member(tx, world.tenant_id, world.room_id, world.li)
        edge.tokens.issue(world.actor(world.li), "li")
        async with edge.phone("wang") as phone:
            await phone.until(Snapshot)
            async with edge.phone("li") as other:
                await other.until(Snapshot)
                await _until_presence(phone, world.li, "active")
                await _until_presence(other, world.wang, "active")
                await other.say(Here("background"))
                await _until_presence(phone, world.li, "background")
            await _until_presence(phone, world.li, "away")


async def test_a_notice_comes_at_once_to_every_socket_of_its_person_and_to_nobody_else(clone: Any) -> None:
    async with running(clone) as edge:
        world = edge.world
        edge.tokens.issue(world.actor(world.li), "li")
        facts = SwapProposed("Li", edge.db.clock.now(), edge.db.clock.now(), "UTC", in_return=False)
        async with edge.phone("wang") as phone, edge.phone("wang") as second, edge.phone("li") as other:
            await phone.until(Snapshot)
            await second.until(Snapshot)
            await other.until(Welcome)
            async with edge.db.transaction(world.tenant_id) as tx:
                await notify(tx, world.tenant_id, [world.wang], Draft(new_id(), facts, "k"))
            first = await phone.until(NoticeMade)
            assert await second.until(NoticeMade) == first
            assert (first.kind, first.title.en) == ("swap.proposed", "Li asks you for a swap")
            async with edge.db.transaction(world.tenant_id) as tx:
                await notify(tx, world.tenant_id, [world.li], Draft(new_id(), facts, "theirs"))
            assert (await other.until(NoticeMade)).id != first.id


async def _until_presence(phone: Any, account: UUID, presence: str) -> None:
    while True:
        heard = await phone.until(PresenceChanged)
        if (heard.account, heard.presence) == (account, presence):
            return


async def test_tokens_that_are_wrong_or_over_close_with_their_codes(clone: Any) -> None:
    async with running(clone) as edge:
        async with edge.phone("nobody") as phone:
            assert await phone.close_code() == CloseCode.SIGNED_OUT
        edge.tokens.issue(edge.world.actor(edge.world.wang), "short", life_s=0.4)
        async with edge.phone("short") as phone:
            assert await phone.close_code() == CloseCode.TOKEN_EXPIRED
        edge.tokens.issue(edge.world.actor(edge.world.wang), "short", life_s=0.4)
        async with edge.phone("short") as phone:
            await phone.until(Snapshot)
            await phone.say(Refresh("wang"))
            await phone.until(Refreshed)


async def test_a_phone_that_is_signed_out_elsewhere_loses_its_socket(clone: Any) -> None:
    async with running(clone) as edge:
        device = new_id()
        edge.tokens.issue(Actor(edge.world.tenant_id, edge.world.wang, Role.RESPONDER, device), "device")
        async with edge.phone("device") as phone, edge.phone("wang") as other:
            await phone.until(Snapshot)
            await other.until(Snapshot)
            async with edge.db.transaction(edge.world.tenant_id) as tx:
                await outbox.append(tx, DEVICE_REVOKED, device)
            assert await phone.close_code() == CloseCode.SIGNED_OUT
            await other.say(Here("active"))
            await other.until(Beat)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{}", CloseCode.PROTOCOL_ERROR),
        (b"\x00", CloseCode.PROTOCOL_ERROR),
        ("x" * (CLIENT_FRAME_MAX_BYTES + 1), CloseCode.TOO_BIG),
        ("x" * (CLIENT_FRAME_MAX_BYTES * 5), 1009),
    ],
)
async def test_frames_outside_the_contract_close_the_socket(clone: Any, said: str | bytes, code: int) -> None:
    async with running(clone) as edge, edge.phone("wang") as phone:
        await phone.until(Snapshot)
        await phone.ws.send(said)
        assert await phone.close_code() == code


async def test_a_server_that_stops_sends_its_phones_elsewhere(clone: Any) -> None:
    async with running(clone) as edge, edge.phone("wang") as phone:
        await phone.until(Snapshot)
        assert edge.server is not None
        edge.server.should_exit = True
        assert await phone.close_code() == CloseCode.GOING_DOWN


async def test_one_port_serves_http_and_refuses_other_sockets(clone: Any) -> None:
    async with running(clone) as edge:
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"http://127.0.0.1:{edge.port}/v1/sites")).text == "/v1/sites"
        with pytest.raises(InvalidStatus):
            async with connect(f"ws://127.0.0.1:{edge.port}/elsewhere", proxy=None):
                pass
