"""Notices: written once where their facts arise, kept while their person rests, pushed by couriers that die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database, Tx
from core.ids import new_id
from incidents.alarms import calibration_queries
from incidents.exposure.exceeded import tell
from incidents.exposure.exposure_limits import LIMITS
from incidents.exposure.queries import ExposureEvent
from mobile_contract.rotas import Layer, RotaDefinition
from mobile_contract.text import Text
from muster.upkeep import forget
from people.actor import Actor
from people.notices import queries
from people.notices.model import CommTestFailed, Draft, Notice, SwapProposed
from people.notices.service import KEPT, READ_KEPT, notify
from people.permissions import Role
from people.qualifications import service as qualifications
from people.qualifications import type_service
from people.qualifications.records import RecordDraft
from people.qualifications.type_service import TypeDraft
from people.qualifications.watch import watch as watch_qualifications
from people.reach import comm_tests, readiness_watch
from people.reach import service as reach
from people.reach.service import QuietDraft
from people.rotas import rota_service, swap_service
from people.rotas.rota_service import RotaDraft
from people.rotas.swap_service import DutyTime, SwapDraft
from plant.instrument_service import SensorDraft, create_sensor
from realtime.channels import Notice as Push
from realtime.channels import Outcome, OutcomeKind, Target
from realtime.comm_test_sender import CommTestSender
from realtime.notice_sender import ATTEMPTS_MAX, LEASE, NoticeSender
from tests import incident_world, plant_world
from tests.clusters import Clone

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
NAME = Text("班", "Rota")


class Service:
    """A push service that answers what it is told to and remembers; ``hanging``: it never answers."""

    name = "fcm"

    def __init__(self, outcome: OutcomeKind = "accepted", *, hanging: bool = False) -> None:
        self.sent: list[tuple[Push, Target]] = []
        self.outcome: OutcomeKind = outcome
        self.hanging = hanging
        self.reached = asyncio.Event()

    async def send(self, notice: Push, target: Target) -> Outcome:
        """Take it, or do not."""
        self.sent.append((notice, target))
        self.reached.set()
        if self.hanging:
            await asyncio.Event().wait()
        return Outcome(self.outcome)


class Scene(msgspec.Struct, frozen=True):
    """Ann and bo take turns of a day from eight; ann has a phone. An officer, and an admin."""

    db: Database
    clock: ManualClock
    tenant_id: UUID
    ann: Actor
    bo: Actor
    officer: Actor
    admin: Actor
    rota: UUID

    async def tell(self, key: str, *, to: Actor | None = None, urgent: bool = False, work: bool = False) -> int:
        """A notice to ann, about a swap, or about work that waits for the shift."""
        swap = SwapProposed("Bo", NOW, NOW, "UTC", in_return=False)
        test = CommTestFailed(1, 1, 0, NOW, "UTC")
        async with self.db.transaction(self.tenant_id) as tx:
            draft = Draft(new_id(), test if work else swap, key, urgent)
            return await notify(tx, self.tenant_id, [(to or self.ann).account_id], draft)

    async def notices(self, who: Actor) -> list[Notice]:
        """Everything of this person, oldest first."""
        async with self.db.transaction(self.tenant_id) as tx:
            found = await queries.list_notices(
                tx, self.tenant_id, who.account_id, unread=False, kind=None, before=None, limit=100
            )
        return found[::-1]

    async def kinds(self, who: Actor) -> list[str]:
        """What this person was told."""
        return [it.kind for it in await self.notices(who)]

    async def states(self) -> list[str]:
        """What became of the pushes of ann's notices."""
        return [it.push for it in await self.notices(self.ann)]

    async def phone(self, who: Actor, address: str = "t") -> None:
        """Give them a phone with a push address."""
        async with self.db.transaction(self.tenant_id) as tx:
            await tx.execute(
                "INSERT INTO person_devices (tenant_id, id, account_id, label, platform, locale, push_channel,"
                " push_token, push_token_state, last_seen_at, created_at)"
                " VALUES ($1, $2, $3, 'phone', 'android', 'en', 'fcm', $4, 'active', $5, $5)",
                self.tenant_id,
                new_id(),
                who.account_id,
                address,
                tx.now,
            )

    def sender(self, service: Service) -> NoticeSender:
        """A courier's."""
        return NoticeSender(self.db, {"fcm": service})


@pytest_asyncio.fixture
async def scene(clone: Clone) -> AsyncIterator[Scene]:
    clock = ManualClock(NOW)
    async with Database.connect(clone.app_url, clock, max_size=6) as db:
        async with db.transaction(clone.tenant_id) as tx:
            ids = [await incident_world.add_account(tx, login) for login in ("ann", "bo")]
            officer = await incident_world.add_account(tx, "officer", "safety_officer")
            admin = await incident_world.add_account(tx, "admin", "admin")
            layer = Layer(NAME, [[it] for it in ids], date(2026, 3, 1), "08:00", every_days=1)
            draft = RotaDraft("rota", NAME, "UTC", "shift", RotaDefinition([layer]))
            rota = await rota_service.create_rota(tx, None, draft)
        # From the first of March on: bo has the second, ann the third.
        ann, bo = (Actor(clone.tenant_id, it, Role.RESPONDER) for it in ids)
        made = Scene(
            db,
            clock,
            clone.tenant_id,
            ann,
            bo,
            Actor(clone.tenant_id, officer, Role.SAFETY_OFFICER),
            Actor(clone.tenant_id, admin, Role.ADMIN),
            rota.id,
        )
        await made.phone(ann)
        yield made


# --- one notice


async def test_the_same_thing_twice_is_one_notice_and_a_disabled_account_has_none(scene: Scene) -> None:
    assert await scene.tell("a") == 1
    assert await scene.tell("a") == 0
    assert await scene.tell("b") == 1
    assert await scene.tell("a", to=scene.bo) == 1
    async with scene.db.transaction(scene.tenant_id) as tx:
        await tx.execute("UPDATE accounts SET disabled_at = $2 WHERE id = $1", scene.bo.account_id, tx.now)
    assert await scene.tell("c", to=scene.bo) == 0
    assert len(await scene.notices(scene.ann)) == 2


async def test_what_was_read_is_forgotten_sooner_than_what_was_not(scene: Scene) -> None:
    await scene.tell("read")
    await scene.tell("unread")
    (read, _) = await scene.notices(scene.ann)
    async with scene.db.transaction(scene.tenant_id) as tx:
        await queries.read_notice(tx, scene.tenant_id, read.id, scene.ann.account_id)
    scene.clock.advance(READ_KEPT.total_seconds())
    await forget(scene.db)
    assert len(await scene.notices(scene.ann)) == 2
    scene.clock.advance(1)
    await forget(scene.db)
    assert [it.read_at for it in await scene.notices(scene.ann)] == [None]
    scene.clock.advance((KEPT - READ_KEPT).total_seconds())
    await forget(scene.db)
    assert await scene.notices(scene.ann) == []


# --- its push


async def test_one_push_tells_of_all_that_waits_and_says_nothing_on_the_lock_screen(scene: Scene) -> None:
    for key in "abc":
        await scene.tell(key)
    service = Service()
    one, two = scene.sender(service), scene.sender(service)
    await asyncio.gather(one.sweep(), two.sweep())
    await one.sweep()
    ((push, target),) = service.sent
    first = (await scene.notices(scene.ann))[0]
    assert (push.type, push.quiet, push.key, target.address) == ("notice", True, first.id.hex, "t")
    assert await scene.states() == ["accepted"] * 3


async def test_a_quiet_time_keeps_a_notice_until_it_ends_and_nothing_urgent(scene: Scene) -> None:
    async with scene.db.transaction(scene.tenant_id) as tx:
        rest = QuietDraft(starts_at=NOW, ends_at=NOW + timedelta(hours=8))
        await reach.add_quiet_time(tx, scene.ann, scene.ann.account_id, rest)
    await scene.tell("later")
    service = Service()
    sender = scene.sender(service)
    await sender.sweep()
    assert (await scene.states(), service.sent) == (["quiet"], [])
    await scene.tell("now", urgent=True)
    await sender.sweep()
    assert await scene.states() == ["quiet", "accepted"]
    assert [push.quiet for push, _ in service.sent] == [False]
    for _ in range(7):
        scene.clock.advance(3600)
        await sender.sweep()
    assert await scene.states() == ["quiet", "accepted"]
    scene.clock.advance(3600)
    await sender.sweep()
    assert await scene.states() == ["accepted", "accepted"]
    assert len(service.sent) == 2


async def test_a_quiet_time_that_is_taken_back_keeps_nothing_for_longer_than_an_hour(scene: Scene) -> None:
    async with scene.db.transaction(scene.tenant_id) as tx:
        rest = QuietDraft(starts_at=NOW, ends_at=NOW + timedelta(days=60))
        leave = await reach.add_quiet_time(tx, scene.ann, scene.ann.account_id, rest)
    await scene.tell("a")
    sender = scene.sender(Service())
    await sender.sweep()
    async with scene.db.transaction(scene.tenant_id) as tx:
        await reach.remove_quiet_time(tx, scene.ann, leave.id)
    scene.clock.advance(3600)
    await sender.sweep()
    assert await scene.states() == ["accepted"]


async def test_work_waits_until_the_shift_begins(scene: Scene) -> None:
    scene.clock.advance(23 * 3600 + 1800)
    await scene.tell("work", work=True)
    sender = scene.sender(Service())
    await sender.sweep()
    assert await scene.states() == ["quiet"]
    scene.clock.advance(1800)
    await sender.sweep()
    assert await scene.states() == ["accepted"]


async def test_a_courier_killed_in_the_middle_of_a_push_leaves_it_to_the_next_with_the_same_key(scene: Scene) -> None:
    await scene.tell("a")
    hanging, healthy = Service(hanging=True), Service()
    dying = asyncio.create_task(scene.sender(hanging).sweep())
    await hanging.reached.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    sender = scene.sender(healthy)
    await sender.sweep()
    assert (await scene.states(), healthy.sent) == (["waiting"], [])
    scene.clock.advance(LEASE.total_seconds())
    await sender.sweep()
    assert await scene.states() == ["accepted"]
    assert healthy.sent[0][0].key == hanging.sent[0][0].key


async def test_a_courier_that_comes_back_after_its_lease_writes_nothing(scene: Scene) -> None:
    await scene.tell("a")

    class Late(Service):
        async def send(self, notice: Push, target: Target) -> Outcome:
            scene.clock.advance(LEASE.total_seconds())
            await scene.sender(Service("refused")).sweep()
            return Outcome("accepted")

    await scene.sender(Late()).sweep()
    assert await scene.states() == ["given_up"]


async def test_a_service_that_is_away_is_asked_a_few_times_and_then_no_more(scene: Scene) -> None:
    await scene.tell("a")
    service = Service("failed")
    sender = scene.sender(service)
    for _ in range(ATTEMPTS_MAX + 2):
        await sender.sweep()
        scene.clock.advance(3600)
    assert len(service.sent) == ATTEMPTS_MAX
    assert await scene.states() == ["given_up"]


async def test_of_two_phones_one_that_was_reached_is_enough_and_one_that_may_be_is_tried_again(scene: Scene) -> None:
    await scene.phone(scene.ann, "second")

    class Each(Service):
        async def send(self, notice: Push, target: Target) -> Outcome:
            self.sent.append((notice, target))
            return Outcome(said[target.address])

    said: dict[str, OutcomeKind] = {"t": "failed", "second": "refused"}
    await scene.tell("a")
    sender = scene.sender(Each())
    await sender.sweep()
    (notice,) = await scene.notices(scene.ann)
    assert (notice.push, notice.attempts) == ("waiting", 1)
    said["second"] = "accepted"
    scene.clock.advance(60)
    await sender.sweep()
    assert await scene.states() == ["accepted"]


async def test_who_has_no_phone_or_a_dead_one_is_unreachable_and_who_has_read_it_needs_none(scene: Scene) -> None:
    await scene.tell("a", to=scene.bo)
    await scene.tell("dead")
    gone = Service("gone")
    await scene.sender(gone).sweep()
    assert [it.push for it in await scene.notices(scene.bo)] == ["unreachable"]
    assert await scene.states() == ["unreachable"]
    await scene.phone(scene.ann, "a new one")
    await scene.tell("read")
    async with scene.db.transaction(scene.tenant_id) as tx:
        notice = (
            await queries.list_notices(
                tx, scene.tenant_id, scene.ann.account_id, unread=True, kind=None, before=None, limit=1
            )
        )[0]
        await queries.read_notice(tx, scene.tenant_id, notice.id, scene.ann.account_id)
    service = Service()
    await scene.sender(service).sweep()
    assert (await scene.states(), service.sent) == (["unreachable", "unneeded"], [])


async def test_who_calls_for_help_has_a_phone_that_makes_no_sound(scene: Scene, monkeypatch: Any) -> None:
    calling = True

    async def is_calling(_tx: Tx, _tenant_id: UUID, account_id: UUID) -> bool:
        return calling and account_id == scene.ann.account_id

    monkeypatch.setattr("realtime.notice_sender.sos_queries.is_calling", is_calling)
    await scene.tell("a", urgent=True)
    service = Service()
    sender = scene.sender(service)
    await sender.sweep()
    assert (await scene.states(), service.sent) == (["quiet"], [])
    calling = False
    scene.clock.advance(60)
    await sender.sweep()
    assert await scene.states() == ["accepted"]


# --- where they come from


async def test_a_swap_is_told_to_the_other_side_and_its_answer_to_whoever_asked(scene: Scene) -> None:
    async def propose() -> UUID:
        async with scene.db.transaction(scene.tenant_id) as tx:
            duty = DutyTime(scene.rota, 0, NOW + timedelta(days=1), NOW + timedelta(days=2))
            return (await swap_service.propose_swap(tx, scene.ann, SwapDraft(scene.bo.account_id, duty))).id

    first = await propose()
    assert [await scene.kinds(who) for who in (scene.ann, scene.bo)] == [[], ["swap.proposed"]]
    async with scene.db.transaction(scene.tenant_id) as tx:
        await swap_service.answer_swap(tx, scene.bo, first, "decline")
    (declined,) = await scene.notices(scene.ann)
    assert (declined.kind, declined.subject_id) == ("swap.decided", first)
    second = await propose()
    async with scene.db.transaction(scene.tenant_id) as tx:
        await swap_service.withdraw_swap(tx, scene.officer, second)
    assert await scene.kinds(scene.ann) == ["swap.decided"] * 2
    assert await scene.kinds(scene.bo) == ["swap.proposed", "swap.proposed", "swap.decided"]


async def test_a_dose_over_its_limit_is_told_to_the_person_and_the_officers_once_in_its_window(scene: Scene) -> None:
    async with scene.db.transaction(scene.tenant_id) as tx:
        plant = await plant_world.build(tx)
    source = LIMITS[0].source

    async def exceed(kind: Any, minutes: int) -> None:
        async with scene.db.transaction(scene.tenant_id) as tx:
            event = ExposureEvent(
                tenant_id=scene.tenant_id,
                id=new_id(),
                site_id=plant.site.id,
                person_id=scene.ann.account_id,
                kind=kind,
                subject="carbon-monoxide",
                mixture=False,
                zone_id=None,
                fraction=1.33,
                value=40.0,
                limit_value=30.0,
                unit="mg/m3",
                source=source,
                unknown_min=0,
                confidence=1.0,
                at=NOW + timedelta(minutes=minutes),
                ended_at=None,
            )
            await tell(tx, event)

    for kind, minutes in (("stel", 0), ("stel", 14), ("stel", 15), ("twa", 0)):
        await exceed(kind, minutes)
    for who in (scene.ann, scene.officer):
        assert [it.urgent for it in await scene.notices(who)] == [True, True, False]
    assert await scene.kinds(scene.bo) == []
    first = [(await scene.notices(who))[0] for who in (scene.ann, scene.officer)]
    assert [msgspec.to_builtins(it.facts)["person"] for it in first] == [None, "ann"]


async def test_a_batch_of_sensors_is_one_notice_as_it_comes_due_and_one_as_it_is_over(scene: Scene) -> None:
    async with scene.db.transaction(scene.tenant_id) as tx:
        plant = await plant_world.build(tx)
        for n in range(7):
            draft = SensorDraft(
                plant.detector.id, plant.store.id, f"co-{n}", NAME, "concentration", "[ppm]", 30.0, "carbon-monoxide"
            )
            sensor = await create_sensor(tx, None, draft)
            due = tx.now.date() + timedelta(days=2)
            await tx.execute("UPDATE sensors SET calibration_due = $2 WHERE id = $1", sensor.id, due)

    async def days(count: int) -> None:
        for _ in range(count):
            async with scene.db.transaction(scene.tenant_id) as tx:
                await calibration_queries.note_day(tx, scene.tenant_id, plant.site.id)
            scene.clock.advance(24 * 3600)

    await days(3)
    (notice,) = await scene.notices(scene.officer)
    assert await scene.kinds(scene.admin) == ["calibration.due"]
    said = msgspec.to_builtins(notice.facts)
    assert (len(said["sensors"]), said["more"], notice.subject_id) == (5, 2, plant.site.id)
    await days(3)
    assert await scene.kinds(scene.officer) == ["calibration.due"] * 2
    assert await scene.kinds(scene.ann) == []


async def test_a_qualification_that_runs_out_is_told_once_for_each_state(scene: Scene) -> None:
    async with scene.db.transaction(scene.tenant_id) as tx:
        kind = await type_service.create_type(
            tx, scene.officer, TypeDraft("first-aid", Text("急救", "First aid"), ["first_aid"], "plant practice")
        )
        ends = NOW.date() + timedelta(days=3)
        record = RecordDraft(scene.ann.account_id, kind.id, "school", NOW.date() - timedelta(days=300), ends)
        await qualifications.create_record(tx, scene.officer, record)
    for _ in range(6):
        async with scene.db.transaction(scene.tenant_id) as tx:
            await watch_qualifications(tx, scene.tenant_id)
        scene.clock.advance(24 * 3600)
    for who in (scene.ann, scene.officer):
        assert await scene.kinds(who) == ["qualification.expiring", "qualification.expired"]
    first = [(await scene.notices(who))[0] for who in (scene.ann, scene.officer)]
    assert [msgspec.to_builtins(it.facts)["person"] for it in first] == [None, "ann"]


async def test_a_phone_that_will_not_ring_is_said_before_the_duty_and_once(scene: Scene) -> None:
    # Ann's duty is the day's after; bo, who has no phone, is in the middle of his.
    assert await readiness_watch.look(scene.db) == 0
    scene.clock.advance(22 * 3600)
    assert await readiness_watch.look(scene.db) == 0
    async with scene.db.transaction(scene.tenant_id) as tx:
        await tx.execute(
            "UPDATE person_devices SET push_token_state = 'retired' WHERE account_id = $1", scene.ann.account_id
        )
    scene.clock.advance(60)
    assert await readiness_watch.look(scene.db) == 1
    assert await readiness_watch.look(scene.db) == 0
    (notice,) = await scene.notices(scene.ann)
    assert (notice.kind, notice.subject_id) == ("phone.not_ready", scene.rota)
    assert await scene.kinds(scene.bo) == []


async def test_a_test_of_communications_that_ends_with_people_not_reached_is_told_once(scene: Scene) -> None:
    await scene.phone(scene.bo, "bo's")
    async with scene.db.transaction(scene.tenant_id) as tx:
        test = await comm_tests.start_test(tx, scene.officer, None)
    one, two = (CommTestSender(scene.db, {"fcm": Service()}) for _ in range(2))
    await one.sweep()
    async with scene.db.transaction(scene.tenant_id) as tx:
        await tx.execute(
            "UPDATE comm_test_messages SET received_at = $2 WHERE account_id = $1", scene.bo.account_id, tx.now
        )
    assert await scene.kinds(scene.officer) == []
    scene.clock.advance(3600)
    await asyncio.gather(one.sweep(), two.sweep())
    await one.sweep()
    (notice,) = await scene.notices(scene.officer)
    said = msgspec.to_builtins(notice.facts)
    assert (notice.subject_id, said["people"], said["missed"], said["unproven"]) == (test.id, 2, 0, 1)


async def test_a_test_that_reached_everybody_is_no_notice(scene: Scene) -> None:
    async with scene.db.transaction(scene.tenant_id) as tx:
        await comm_tests.start_test(tx, scene.officer, None)
        await tx.execute("UPDATE comm_test_messages SET received_at = $2 WHERE tenant_id = $1", scene.tenant_id, tx.now)
    scene.clock.advance(3600)
    await CommTestSender(scene.db, {"fcm": Service()}).sweep()
    assert await scene.kinds(scene.officer) == []
