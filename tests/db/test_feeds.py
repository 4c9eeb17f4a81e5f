"""Feeds told of an incident over a real port: in order, signed, again after every failure, never twice as another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock, SystemClock
from core.database import Database
from core.errors import Forbidden, Invalid, Unavailable
from core.outbox import Listener
from core.outlet import Output, release
from incidents import closing, queries, response
from incidents.alarms import alarm, alarm_queries, evaluation
from incidents.alarms.model import AlarmState
from incidents.context import load_context
from incidents.record import feed, feed_post, feed_sender, feed_service, publishing
from incidents.record.feed import Event, read_networks
from incidents.record.feed_post import Poster
from incidents.record.feed_queries import Feed, FeedMessage
from incidents.record.feed_sender import FeedSender
from incidents.record.feed_service import Desk, FeedChange, FeedDraft
from incidents.record.vault import Vault
from people.actor import Actor
from people.permissions import Role
from tests import incident_world
from tests.clusters import Clone
from tests.incident_world import World
from tests.receivers import Received, Receiver, receiving, write_certificate

LOOPBACK = read_networks("127.0.0.0/8")
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@dataclass
class House:
    """A plant with an open incident, a receiver, and a sender that reaches it."""

    db: Database
    clock: ManualClock
    clone: Clone
    world: World
    receiver: Receiver
    poster: Poster
    desk: Desk

    @property
    def admin(self) -> Actor:
        return self.world.actor(self.world.li, Role.ADMIN)

    def sender(self) -> FeedSender:
        """A sender as a courier has one."""
        return FeedSender(self.db, self.poster, self.desk.vault, seed=1)

    async def feed(self, **changes: Any) -> tuple[Feed, str]:
        """A webhook to the receiver."""
        draft = msgspec.structs.replace(FeedDraft(name="SCADA", kind="webhook", url=self.receiver.url), **changes)
        async with self.db.transaction(self.clone.tenant_id) as tx:
            return await feed_service.create_feed(tx, self.admin, self.desk, draft)

    async def happens(self, *events: Event, exercise: bool = False) -> int:
        """News of the incident, each in a transaction of its own."""
        count = 0
        for event in events:
            async with self.db.transaction(self.clone.tenant_id) as tx:
                incident = await queries.lock_incident(tx, self.clone.tenant_id, self.world.incident_id)
                count += await publishing.publish(tx, msgspec.structs.replace(incident, exercise=exercise), event)
        return count

    async def messages(self) -> list[FeedMessage]:
        """Every message, oldest first."""
        async with self.db.transaction(self.clone.tenant_id) as tx:
            return (
                await feed_service.list_messages(
                    tx, self.admin, feed_id=None, incident_id=None, state=None, before=None, limit=100
                )
            )[::-1]

    async def states(self) -> list[tuple[str, str, int]]:
        """(event, state, attempts) of every message, oldest first."""
        return [(m.event, m.state, m.attempts) for m in await self.messages()]


@pytest_asyncio.fixture
async def house(clone: Clone, tmp_path: Path) -> AsyncIterator[House]:
    clock = ManualClock(SystemClock().now())
    async with (
        Database.connect(clone.app_url, clock, max_size=6) as db,
        receiving() as receiver,
        Poster.open(LOOPBACK) as poster,
    ):
        async with db.transaction(clone.tenant_id) as tx:
            world = await incident_world.build(tx)
        yield House(db, clock, clone, world, receiver, poster, Desk(Vault(tmp_path / "keys"), LOOPBACK))


def kinds(requests: list[Received]) -> list[str]:
    """What webhooks said happened."""
    return [msgspec.json.decode(r.body)["type"] for r in requests]


def cap_of(request: Received) -> dict[str, str]:
    """The first text of every element of a CAP message."""
    found: dict[str, str] = {}
    for element in ElementTree.fromstring(request.body).iter():  # noqa: S314 - our own
        found.setdefault(element.tag.removeprefix(CAP), element.text or "")
    return found


async def test_a_webhook_is_told_in_order_and_can_check_who_speaks(house: House) -> None:
    _, secret = await house.feed()
    await house.happens("incident.opened", "incident.regraded", "incident.closed")
    await house.sender().sweep()
    requests = house.receiver.requests
    assert kinds(requests) == ["incident.opened", "incident.regraded", "incident.closed"]
    for request in requests:
        assert feed.verify(secret, request.headers, request.body, house.clock.now())
    assert len({r.headers["webhook-id"] for r in requests}) == 3


async def test_cap_says_alert_update_cancel_and_each_names_the_ones_before(house: House) -> None:
    await house.feed(kind="cap", sender="safety@plant.example")
    await house.happens("incident.opened", "incident.regraded", "incident.closed")
    await house.sender().sweep()
    alert, update, cancel = [cap_of(r) for r in house.receiver.requests]
    assert [m["msgType"] for m in (alert, update, cancel)] == ["Alert", "Update", "Cancel"]
    assert {m["status"] for m in (alert, update, cancel)} == {"Actual"}
    first = f"safety@plant.example,{alert['identifier']},{alert['sent']}"
    second = f"safety@plant.example,{update['identifier']},{update['sent']}"
    assert update["references"] == first
    assert cancel["references"] == f"{first} {second}"
    assert alert["polygon"].startswith("0.0000000,0.0000000 0.0000000,0.0010000")
    assert house.receiver.requests[0].headers["content-type"] == "application/cap+xml; charset=utf-8"


async def test_an_update_waits_while_its_alert_is_refused(house: House) -> None:
    await house.feed(kind="cap")
    await house.happens("incident.opened", "incident.regraded")
    house.receiver.answers = [500, 503]
    sender = house.sender()
    await sender.sweep()
    assert await house.states() == [("incident.opened", "queued", 1), ("incident.regraded", "queued", 0)]
    for _ in range(3):
        house.clock.advance(feed.RETRY_MAX_S)
        await sender.sweep()
    assert [cap_of(r)["msgType"] for r in house.receiver.requests] == ["Alert", "Alert", "Alert", "Update"]
    assert await house.states() == [("incident.opened", "sent", 3), ("incident.regraded", "sent", 1)]


async def test_every_attempt_is_the_same_message(house: House) -> None:
    await house.feed(kind="cap")
    await house.happens("incident.opened")
    house.receiver.answers = [500, "drop", 302]
    for _ in range(4):
        await house.sender().sweep()
        house.clock.advance(feed.RETRY_MAX_S)
    requests = house.receiver.requests
    assert len(requests) == 4
    assert len({r.body for r in requests}) == 1
    assert len({r.headers["webhook-id"] for r in requests}) == 1
    assert len({r.headers["webhook-timestamp"] for r in requests}) == 4
    assert (await house.messages())[0].state == "sent"


async def test_killed_between_send_and_report_it_goes_out_again_with_the_same_id(house: House) -> None:
    await house.feed()
    await house.happens("incident.opened")
    first = house.sender()
    [due] = await first._list_due()
    posting = await first.take(*due)
    assert posting is not None
    await house.poster.post(posting.feed.url, posting.headers, posting.body, posting.released)
    # Nobody reports: the process is gone. While its lease runs nobody else sends.
    assert await house.sender().sweep() == 0
    house.clock.advance(feed_sender.LEASE.total_seconds() + 1)
    assert await house.sender().sweep() == 1
    once, again = house.receiver.requests
    assert (once.body, once.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    # The dead one comes back with a bad answer: what was taken stays taken.
    await first.report(posting, feed_post.Answer(500, "late"))
    assert await house.states() == [("incident.opened", "sent", 2)]


async def test_a_receiver_that_hangs_is_given_up_for_now(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_post, "POST_TIMEOUT_S", 0.2)
    await house.feed()
    await house.happens("incident.opened")
    house.receiver.answers = ["hang"]
    await house.sender().sweep()
    [message] = await house.messages()
    assert (message.state, message.last_status) == ("queued", None)
    assert "no answer within" in str(message.last_error)


async def test_one_that_is_gone_is_told_no_more(house: House) -> None:
    made, _ = await house.feed()
    await house.happens("incident.opened")
    house.receiver.answers = [410]
    await house.sender().sweep()
    assert await house.states() == [("incident.opened", "failed", 1)]
    assert await house.happens("incident.regraded") == 0
    async with house.db.transaction(house.clone.tenant_id) as tx:
        known = await feed_service.get_feed(tx, house.admin, made.id)
    assert (known.enabled, known.disabled_why) == (False, "the receiver answered 410 Gone")


async def test_news_a_day_old_is_given_up_and_a_person_can_send_it_again(house: House) -> None:
    await house.feed()
    await house.happens("incident.opened", "incident.regraded")
    house.receiver.answers = [500, 500]
    await house.sender().sweep()
    house.clock.advance(feed.GIVE_UP_AFTER.total_seconds())
    await house.sender().sweep()
    first, second = await house.messages()
    assert (first.state, first.last_error, second.state) == ("failed", "HTTP 500 said  no", "sent")
    async with house.db.transaction(house.clone.tenant_id) as tx:
        await feed_service.resend_message(tx, house.admin, first.id)
    await house.sender().sweep()
    requests = house.receiver.requests
    assert kinds(requests) == ["incident.opened", "incident.opened", "incident.regraded", "incident.opened"]
    assert requests[0].headers["webhook-id"] == requests[3].headers["webhook-id"]
    assert [m.state for m in await house.messages()] == ["sent", "sent"]


async def test_a_cancel_without_an_alert_that_arrived_is_not_sent(house: House) -> None:
    await house.feed(kind="cap")
    await house.happens("incident.opened", "incident.closed")
    house.receiver.answers = [500, 500]
    await house.sender().sweep()
    house.clock.advance(feed.GIVE_UP_AFTER.total_seconds())
    await house.sender().sweep()
    assert [(e, s) for e, s, _ in await house.states()] == [
        ("incident.opened", "failed"),
        ("incident.closed", "failed"),
    ]
    assert len(house.receiver.requests) == 2


async def test_a_drill_leaves_marked_or_not_at_all(house: House) -> None:
    await house.feed(name="no drills")
    await house.feed(name="cap", kind="cap", exercises=True)
    await house.feed(name="hook", exercises=True)
    assert await house.happens("incident.opened", exercise=True) == 2
    await house.sender().sweep()
    bodies = sorted(r.body.decode() for r in house.receiver.requests)
    assert "<status>Exercise</status>" in bodies[0]
    assert msgspec.json.decode(bodies[1])["type"] == "exercise.incident.opened"


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(house: House) -> None:
    made, old = await house.feed()
    async with house.db.transaction(house.clone.tenant_id) as tx:
        _, new = await feed_service.rotate_secret(tx, house.admin, house.desk, made.id)
    await house.happens("incident.opened")
    await house.sender().sweep()
    house.clock.advance(feed.OVERLAP.total_seconds() + 1)
    await house.happens("incident.regraded")
    await house.sender().sweep()
    during, after = house.receiver.requests
    for secret, request, good in ((old, during, True), (new, during, True), (old, after, False), (new, after, True)):
        at = house.clock.now() if request is after else _sent_at(request)
        assert feed.verify(secret, request.headers, request.body, at) is good


def _sent_at(request: Received) -> datetime:
    return datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)


async def test_the_database_alone_does_not_give_a_secret_away(house: House, tmp_path: Path) -> None:
    made, secret = await house.feed()
    async with house.db.transaction(house.clone.tenant_id) as tx:
        row = await tx.fetchval("SELECT feeds::text FROM feeds")
        sealed = bytes(await tx.fetchval("SELECT secret FROM feeds"))
    assert secret not in row
    assert house.desk.vault.open(house.clone.tenant_id, made.id, sealed) == secret
    for vault, feed_id in ((Vault(tmp_path / "other"), made.id), (house.desk.vault, house.world.site_id)):
        with pytest.raises(Unavailable):
            vault.open(house.clone.tenant_id, feed_id, sealed)
    with pytest.raises(Unavailable):
        Vault(None).open(house.clone.tenant_id, made.id, sealed)


async def test_a_secret_nobody_can_open_is_said_and_a_new_one_mends_it(house: House, tmp_path: Path) -> None:
    made, _ = await house.feed()
    await house.happens("incident.opened")
    # The folder of keys was lost, and a new one has another key.
    desk = Desk(Vault(tmp_path / "restored"), LOOPBACK)
    sender = FeedSender(house.db, house.poster, desk.vault, seed=1)
    assert await sender.sweep() == 1
    [message] = await house.messages()
    assert (message.state, message.attempts) == ("queued", 1)
    assert message.due_at > house.clock.now()
    assert "does not have the key" in str(message.last_error)
    async with house.db.transaction(house.clone.tenant_id) as tx:
        _, secret = await feed_service.rotate_secret(tx, house.admin, desk, made.id)
    house.clock.advance(2)
    await sender.sweep()
    [request] = house.receiver.requests
    assert feed.verify(secret, request.headers, request.body, house.clock.now())


async def test_news_that_can_not_be_signed_for_a_day_is_given_up(house: House, tmp_path: Path) -> None:
    await house.feed()
    await house.happens("incident.opened")
    house.clock.advance(24 * 3600)
    await FeedSender(house.db, house.poster, Vault(tmp_path / "restored")).sweep()
    assert await house.states() == [("incident.opened", "failed", 1)]


async def test_an_address_inside_is_refused_when_set_and_when_sent(house: House) -> None:
    with pytest.raises(Invalid, match="not a public address"):
        await house.feed(url="https://169.254.169.254/latest/meta-data")
    made, _ = await house.feed(url="https://localhost:1/hook")
    await house.happens("incident.opened")
    async with Poster.open(()) as poster:
        await FeedSender(house.db, poster, house.desk.vault).sweep()
    [message] = await house.messages()
    assert made.id == message.feed_id
    assert "is not a public address" in str(message.last_error)


async def test_each_name_shows_its_own_certificate_though_two_names_have_one_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path, "localhost")
    monkeypatch.setattr("certifi.where", lambda: str(certificate))
    released = release(Output.FEED, exercise=False)
    async with receiving(certificate) as receiver, Poster.open(LOOPBACK) as poster:
        named = f"https://localhost:{receiver.port}/hook"
        receiver.answers = [503]
        assert (await poster.post(named, {}, b"x", released)).status == 503
        # The connection to that address is not taken for another name, which the certificate does not have.
        other = f"https://127.0.0.1:{receiver.port}/hook"
        answer = await poster.post(other, {}, b"x", released)
        assert "certificate verify failed" in str(answer.error)
        assert (await poster.post(named, {}, b"x", released)).taken
    assert len(receiver.requests) == 2


async def test_redirects_are_not_followed(house: House) -> None:
    house.receiver.answers = [307]
    house.receiver.extra = "Location: http://127.0.0.1:9/inside\r\n"
    released = release(Output.FEED, exercise=False)
    answer = await house.poster.post(house.receiver.url, {}, b"x", released)
    assert (answer.status, answer.taken) == (307, False)
    assert len(house.receiver.requests) == 1


async def test_a_slow_feed_does_not_keep_another_waiting(house: House) -> None:
    await house.feed(name="slow", url=house.receiver.url)
    async with receiving() as quick:
        await house.feed(name="quick", url=quick.url)
        await house.happens("incident.opened")
        house.receiver.answers = ["hang"]
        running = asyncio.create_task(house.sender().sweep())
        assert kinds(await quick.until(1)) == ["incident.opened"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_running_sender_is_woken_by_the_commit_of_the_news(house: House) -> None:
    await house.feed()
    listener, stopping = Listener(house.clone.app_url), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listener.run())
        sending = tasks.create_task(house.sender().run(listener, stopping))
        await house.happens("incident.opened", "incident.regraded")
        assert kinds(await house.receiver.until(2)) == ["incident.opened", "incident.regraded"]
        stopping.set()
        await sending
        listening.cancel()


async def test_closing_an_incident_tells_its_feeds_in_its_own_transaction(house: House) -> None:
    await house.feed()
    await house.happens("incident.opened")
    async with house.db.transaction(house.clone.tenant_id) as tx:
        await tx.execute("UPDATE alarms SET returned_at = $1, ended_at = $1", tx.now)
        officer = house.world.actor(house.world.wang, Role.SAFETY_OFFICER)
        await closing.close_incident(tx, officer, house.world.incident_id, "over")
    assert [e for e, _, _ in await house.states()] == ["incident.opened", "incident.closed"]


async def test_an_alarm_that_opens_an_incident_and_its_return_are_told(house: House) -> None:
    await house.feed()
    async with house.db.transaction(house.clone.tenant_id) as tx:
        await tx.execute("UPDATE alarms SET returned_at = $1, ended_at = $1", tx.now)
        officer = house.world.actor(house.world.wang, Role.SAFETY_OFFICER)
        await closing.close_incident(tx, officer, house.world.incident_id, "over")
        await incident_world.stand(tx, house.world)
        await alarm_queries.save_state(tx, house.clone.tenant_id, house.world.rule_id, AlarmState(episode=1), None)
    await _alarm(house, alarm.DataMissing())
    await _alarm(house, alarm.DataReturned())
    told = await house.messages()
    assert [m.event for m in told] == ["incident.opened", "incident.returned"]
    assert {m.incident_id for m in told} != {house.world.incident_id}


async def _alarm(house: House, event: alarm.Event) -> None:
    """Let this happen to the rule of the plant, as a gateway would."""
    async with house.db.transaction(house.clone.tenant_id) as tx:
        context = await load_context(tx, house.clone.tenant_id, house.world.site_id)
        outcomes = await evaluation.apply_event(
            tx, house.clone.tenant_id, [house.world.rule_id], lambda _: event, tx.now
        )
        await response.respond(tx, context, outcomes)


async def test_a_test_message_says_what_it_is_and_reaches_a_disabled_feed(house: House) -> None:
    made, _ = await house.feed(kind="cap")
    async with house.db.transaction(house.clone.tenant_id) as tx:
        change = FeedChange(enabled=False)
        await feed_service.edit_feed(tx, house.admin, house.desk, made.id, change, expected_version=1)
        await feed_service.test_feed(tx, house.admin, made.id)
    await house.sender().sweep()
    assert [cap_of(r)["status"] for r in house.receiver.requests] == ["Test"]


@pytest.mark.parametrize("role", [Role.WORKER, Role.RESPONDER, Role.SAFETY_OFFICER, Role.AUDITOR])
async def test_only_who_runs_the_system_sets_feeds(house: House, role: Role) -> None:
    async with house.db.transaction(house.clone.tenant_id) as tx:
        draft = FeedDraft(name="x", kind="cap", url="https://example.com")
        with pytest.raises(Forbidden):
            await feed_service.create_feed(tx, house.world.actor(house.world.li, role), house.desk, draft)


async def test_a_feed_of_sites_must_name_sites_that_are_there(house: House) -> None:
    made, _ = await house.feed(sites=[house.world.site_id], min_grade=1)
    assert await house.happens("incident.opened") == 0
    assert isinstance(made.id, UUID)
