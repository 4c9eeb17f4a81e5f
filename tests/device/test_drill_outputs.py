"""A whole drill on a real broker, push service and receivers: people hear of it, marked; nothing else leaves.

What is meant is given at the end: the wire was open all the time, and that is the first thing on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import msgspec
import pytest_asyncio

from core.outlet import INHIBITED, Output
from incidents.drills import service
from incidents.drills.model import Drill
from incidents.drills.service import DrillDraft
from incidents.drills.watch import DrillWatch
from incidents.engine import sink_factory
from incidents.reaching import deliveries
from incidents.record import feed_service
from incidents.record.feed import read_networks
from incidents.record.feed_post import Poster
from incidents.record.feed_sender import FeedSender
from incidents.record.feed_service import Desk, FeedDraft
from incidents.record.vault import Vault
from incidents.roll_call import service as roll_calls
from incidents.roll_call.service import Wanted
from incidents.roll_call.watch import RollCallWatch
from muster.demo.push_service import Running, run_push_service
from muster.engines.broker import Broker
from people.actor import Actor
from people.permissions import Role
from plant.gateway import Gateway
from plant.mqtt_link import parse_broker_url
from realtime.courier import Courier
from realtime.push import Fcm
from tests.clusters import Clone
from tests.device.gateway_stand import LEASE_S, GatewayTask, Stand, until
from tests.device.gateway_stand import stand as gateway_stand
from tests.receivers import Received, Receiver, receiving
from tests.responders import Responder, insert_responder

LOOPBACK = read_networks("127.0.0.0/8")
PEOPLE = {"zhao": Role.SAFETY_OFFICER, "wang": Role.RESPONDER, "li": Role.RESPONDER}
STATUS = "{urn:oasis:names:tc:emergency:cap:1.2}status"


class House:
    """A plant with its people, its gateway's engine, and everything that sends, each on a real port."""

    def __init__(
        self, site: Stand, people: dict[str, Responder], push: Running, receiver: Receiver, couriers: Couriers
    ) -> None:
        self.site = site
        self.people = people
        self.push = push
        self.receiver = receiver
        self.couriers = couriers

    @property
    def tenant_id(self) -> UUID:
        return self.site.plant.tenant_id

    @property
    def officer(self) -> Actor:
        return self.people["zhao"].actor

    async def send_everything(self) -> None:
        """Whatever waits to leave leaves now."""
        await self.couriers.roll.sweep()
        await self.couriers.orders.sweep()
        await self.couriers.feeds.sweep()
        await self.couriers.drills.sweep()
        await self.couriers.feeds.sweep()

    async def begin(self) -> Drill:
        async with self.site.db.transaction(self.tenant_id) as tx:
            draft = DrillDraft(
                plan="solvent-leak", zone_id=self.site.plant.store.id, reason="monthly", level=2, agent="acetone"
            )
            return await service.start_drill(tx, self.officer, draft)

    async def ended(self, drill: Drill) -> Drill:
        async with self.site.db.transaction(self.tenant_id) as tx:
            return (await service.get_drill(tx, self.officer, drill.id))[0]


class Couriers(msgspec.Struct, frozen=True):
    """What a courier process runs."""

    orders: Courier
    feeds: FeedSender
    roll: RollCallWatch
    drills: DrillWatch


@pytest_asyncio.fixture
async def house(clone: Clone, broker: Broker, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(gateway_stand(clone, broker))
        push = await stack.enter_async_context(run_push_service(tmp_path))
        fcm = await stack.enter_async_context(Fcm.open(push.credentials, url=push.url, clock=site.clock))
        receiver = await stack.enter_async_context(receiving())
        poster = await stack.enter_async_context(Poster.open(LOOPBACK))
        desk = Desk(Vault(tmp_path / "keys"), LOOPBACK)
        tenant_id = site.plant.tenant_id
        async with site.db.transaction(tenant_id) as tx:
            people = {name: await insert_responder(tx, tenant_id, name, role) for name, role in PEOPLE.items()}
            admin = Actor(tenant_id, people["zhao"].account_id, Role.ADMIN)
            # The clock is set forward to the drill's end: a silent sensor would be something real. A sensor without a
            # rule of its silence would be given one.
            await tx.execute("UPDATE sensors SET stale_after_s = 86400 WHERE tenant_id = $1", tenant_id)
            await tx.execute(
                "UPDATE alarm_rules SET stale_after_s = 86400 WHERE tenant_id = $1 AND kind = 'stale'", tenant_id
            )
            for kind in ("cap", "webhook"):
                draft = FeedDraft(name=kind, kind=kind, url=receiver.url, exercises=True)
                await feed_service.create_feed(tx, admin, desk, draft)
        couriers = Couriers(
            Courier(site.db, {"fcm": fcm}, seed=1),
            FeedSender(site.db, poster, desk.vault, seed=1),
            RollCallWatch(site.db),
            DrillWatch(site.db),
        )
        yield House(site, people, push, receiver, couriers)


def statuses(requests: list[Received]) -> list[str]:
    """What CAP messages said they were, and webhooks by their type."""
    found = []
    for request in requests:
        if request.body.startswith(b"{"):
            found.append(msgspec.json.decode(request.body)["type"].split(".")[0])
        else:
            found.append(ElementTree.fromstring(request.body).findtext(STATUS) or "")  # noqa: S314 - our own
    return found


async def test_a_whole_drill_moves_no_machine_and_says_of_itself_what_it_is(house: House) -> None:
    site = house.site
    held_before = INHIBITED.labels(Output.ACTUATOR.value)._value.get()
    address = parse_broker_url(site.broker.gateway_url)
    sinks = sink_factory(site.db, site._listener)
    gateway = GatewayTask(
        Gateway(site.db, site._listener, site.clock, address, sinks, lease_s=LEASE_S, keep_days=30, holder="drill")
    )
    try:
        await gateway.serves(site.plant.site.id)
        async with site.device("blower-1") as blower:
            drill = await _run(house)
            # What is meant is on the wire at once, and is the first thing the machine ever hears.
            await site.ask(site.plant.fan, "meant")
            first = (await blower.commanded())[0]
            assert [(c.key, c.inhibited) for c in blower.commands] == [("meant", False)]
            assert first.action == "start"
    finally:
        await gateway.stop()
    assert INHIBITED.labels(Output.ACTUATOR.value)._value.get() > held_before
    told = statuses(house.receiver.requests)
    assert {"Exercise", "exercise"} == set(told), told
    ended = await house.ended(drill)
    assert (ended.ended_why, ended.score is not None) == ("time", True)
    assert ended.score is not None
    assert (ended.score.reached, ended.score.ordered) == (1, 3)


async def _run(house: House) -> Drill:
    """From the start to the end by time: orders, a receipt and a yes, an evacuation, feeds."""
    site = house.site
    drill = await house.begin()

    async def all_held() -> list[Any]:
        rows = await site.rows("SELECT state, sent_at FROM commands WHERE incident_id = $1", drill.incident_id)
        return rows if rows and all(r["state"] == "held_back" and r["sent_at"] is None for r in rows) else []

    assert len(await until(all_held)) >= 2
    await house.send_everything()
    for name in PEOPLE:
        pushes = await house.push.service.switchboard.wait_for(f"token-{name}", 0, 0)
        assert {p.message["data"]["exercise"] for p in pushes} == {"1"}
        assert {p.message["notification"]["title"] for p in pushes} == {"Exercise: urgent order"}
    orders = await site.rows("SELECT id, account_id FROM deliveries WHERE incident_id = $1", drill.incident_id)
    wang = next(o for o in orders if o["account_id"] == house.people["wang"].account_id)
    async with site.db.transaction(house.tenant_id) as tx:
        await deliveries.record_fact(tx, house.tenant_id, wang["id"], "received", tx.now)
        await deliveries.record_fact(tx, house.tenant_id, wang["id"], "moving", tx.now)
        await roll_calls.begin(tx, house.tenant_id, drill.incident_id, Wanted("site"), "drill", by=None)
    await house.send_everything()
    site.clock.set_back(-timedelta(minutes=61).total_seconds())
    await house.send_everything()
    rows = await site.rows("SELECT ended_why FROM drills WHERE id = $1", drill.id)
    assert [r["ended_why"] for r in rows] == ["time"]
    return drill
