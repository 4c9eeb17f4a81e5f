"""Escalations on a real database: quorum by skill, rounds, newcomers, leases, and what ends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database, Tx
from core.ids import new_id
from incidents import queries, rooms, service
from incidents.auditing import queries as queries_of_auditor
from incidents.incident import Task
from incidents.reaching import deliveries
from incidents.reaching.delivery import Fact
from incidents.record import timeline
from incidents.tasking import escalation, escalation_queries, task_queries, task_service, tasks
from incidents.tasking.escalation_queries import EscalationRow
from incidents.tasking.policy import Need
from mobile_contract.room import RoomState, fold
from people.permissions import Role
from people.qualifications import service as qualifications
from people.rotas import service as rotas
from people.rotas.service import Duty
from realtime.channels import Notice, Outcome, Target
from realtime.courier import Courier
from realtime.incident_ports import IncidentPorts
from tests.responders import ORDER, Scene, make_scene

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
AID, HF = "first_aid", "hf_handling"
PEOPLE = dict.fromkeys(("ann", "bo", "cy", "di"), Role.RESPONDER) | {"officer": Role.SAFETY_OFFICER}


class Post:
    """A push service that takes everything."""

    name = "fcm"

    async def send(self, notice: Notice, target: Target) -> Outcome:
        return Outcome("accepted", message_id="m")


class World(msgspec.Struct):
    """A task that people with skills are looked for."""

    db: Database
    clock: ManualClock
    scene: Scene
    skills: dict[str, set[str]]
    on_shift: list[str]
    task_id: UUID = UUID(int=0)

    async def begin(self, *needs: Need, policy: dict[str, Any] | None = None, incident_id: UUID | None = None) -> None:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            model = await task_queries.get_task(tx, self.scene.tenant_id, self.scene.task_id)
            incident_id = incident_id or self.scene.incident_id
            await queries.lock_incident(tx, self.scene.tenant_id, incident_id)
            task = msgspec.structs.replace(
                model, id=new_id(), incident_id=incident_id, position=2, needs=list(needs), policy=policy
            )
            self.task_id = (await escalation.start(tx, task, ORDER)).id

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await Courier(self.db, {"fcm": Post()}, seed=1).sweep()

    async def answer(self, name: str, answer: Any) -> Task:
        self.clock.advance(0.1)
        async with self.db.transaction(self.scene.tenant_id) as tx:
            actor, key = self.scene.people[name].actor, str(new_id())
            return await tasks.answer(tx, actor, self.task_id, answer, "", key)

    async def say(self, name: str, fact: Fact) -> None:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            person = self.scene.people[name]
            delivery = await tx.fetchval(
                "SELECT id FROM deliveries WHERE task_id = $1 AND account_id = $2 ORDER BY queued_at DESC LIMIT 1",
                self.task_id,
                person.account_id,
            )
            await deliveries.record_fact(tx, self.scene.tenant_id, delivery, fact, tx.now, person.device_id)

    async def offer(self, giver: str, to: str) -> None:
        self.clock.advance(0.1)
        async with self.db.transaction(self.scene.tenant_id) as tx:
            person, actor = self.scene.people[to].account_id, self.scene.people[giver].actor
            await task_service.hand_over(tx, actor, self.task_id, person, "out of air")

    async def asked(self) -> list[tuple[str, str, int]]:
        """(name, state, round) in the order they were asked."""
        async with self.db.transaction(self.scene.tenant_id) as tx:
            rows = await tx.fetch(
                "SELECT account_id, state, round FROM deliveries WHERE task_id = $1 ORDER BY queued_at, id",
                self.task_id,
            )
        return [(self.name(r["account_id"]), r["state"], r["round"]) for r in rows]

    async def row(self) -> EscalationRow:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            return await escalation_queries.get_escalation(tx, self.scene.tenant_id, self.task_id)

    async def task(self) -> Task:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            return await task_queries.get_task(tx, self.scene.tenant_id, self.task_id)

    async def kinds(self) -> list[str]:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            lines = await timeline.list_entries(tx, self.scene.tenant_id, self.scene.incident_id, limit=1000)
        return [line.kind for line in lines]

    def name(self, account: UUID | None) -> str:
        return next((n for n, p in self.scene.people.items() if p.account_id == account), "nobody")


@pytest_asyncio.fixture
async def world(clone: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    clock = ManualClock(T0)
    async with Database.connect(clone.app_url, clock, max_size=6) as db:
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, PEOPLE)
        made = World(db, clock, scene, {}, [])

        async def list_valid_skills(
            tx: Tx, tenant_id: UUID, at: datetime, *, site_id: UUID | None = None, zone_id: UUID | None = None
        ) -> dict[UUID, frozenset[str]]:
            return {scene.people[name].account_id: frozenset(skills) for name, skills in made.skills.items()}

        async def list_duties(tx: Tx, tenant_id: UUID, at: datetime, *, site_id: UUID | None = None) -> list[Duty]:
            return [_duty(scene.people[name].account_id, at) for name in made.on_shift]

        monkeypatch.setattr(qualifications, "list_valid_skills", list_valid_skills)
        monkeypatch.setattr(rotas, "list_duties", list_duties)
        yield made
        async with db.transaction(clone.tenant_id) as tx:
            events = await rooms.events_after(tx, clone.tenant_id, scene.room_id, 0, 10_000)
            snapshot = await rooms.fresh_snapshot(tx, clone.tenant_id, scene.room_id)
        folded = fold(RoomState(room=scene.room_id, epoch=1, seq=0), events)
        assert folded.escalations == snapshot.escalations
        assert folded.deliveries == snapshot.deliveries


def _duty(account_id: UUID, at: datetime) -> Duty:
    return Duty(
        rota_id=UUID(int=5),
        rota="day",
        kind="shift",
        site_id=None,
        account_id=account_id,
        position=0,
        starts_at=at,
        ends_at=at + timedelta(hours=8),
        why=ORDER.title,
    )


async def test_two_first_aiders_and_one_hf_trained_moving(world: World) -> None:
    world.skills = {"ann": {AID}, "bo": {HF}, "cy": {AID}, "di": {AID, HF}}
    await world.begin(Need(AID, 2), Need(HF, 1, "moving"))
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo", "cy"]
    await world.answer("bo", "acknowledge")
    await world.answer("ann", "acknowledge")
    row = await world.row()
    assert (row.state, row.met) == ("running", [1, 0]), "who is HF-trained said yes and does not move yet"
    await world.answer("cy", "decline")
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo", "cy", "di"]
    await world.say("bo", Fact.MOVING)
    await world.answer("di", "acknowledge")
    row = await world.row()
    assert (row.state, row.met) == ("met", [2, 1])
    assert world.name((await world.task()).owner_account_id) == "bo", "the first yes that fits leads"
    assert [world.name(account) for account in row.crew] == ["bo", "ann", "di"]


async def test_the_record_says_why_a_yes_was_not_enough(world: World) -> None:
    world.skills = {"ann": {AID}, "cy": {AID}}
    steps = [{"who": [{"kind": "person", "of": str(world.scene.people[n].account_id)} for n in PEOPLE], "at_once": 1}]
    await world.begin(Need(AID, 2), policy={"slug": "p", "version": 1, "steps": steps})
    await world.answer("ann", "acknowledge")
    await world.answer("bo", "acknowledge")
    async with world.db.transaction(world.scene.tenant_id) as tx:
        lines = await timeline.list_entries(tx, world.scene.tenant_id, world.scene.incident_id, limit=100)
    asked = [(world.name(UUID(li.facts["to"])), li.facts["why"]) for li in lines if li.kind == "task.escalated"]
    assert asked == [("bo", "more_needed"), ("cy", "lacks_skill")]
    joined = [li.facts["counts"] for li in lines if li.kind in ("task.acknowledged", "task.joined")]
    assert joined == [True, False]


async def test_a_no_of_somebody_who_counted_reopens_the_need_and_another_of_the_crew_leads(world: World) -> None:
    world.skills = {"ann": {AID}, "bo": {AID}, "cy": {AID}}
    await world.begin(Need(AID, 2))
    await world.answer("ann", "acknowledge")
    await world.answer("bo", "acknowledge")
    assert (await world.row()).state == "met"
    world.clock.advance(5)
    task = await world.answer("ann", "decline")
    assert (world.name(task.owner_account_id), task.state) == ("bo", "acknowledged")
    assert (await world.row()).state == "running"
    assert await world.asked() == [("ann", "declined", 0), ("bo", "acknowledged", 0), ("cy", "queued", 0)]
    assert "escalation.reopened" in await world.kinds()
    await world.answer("cy", "acknowledge")
    assert (await world.row()).state == "met"


async def test_who_was_released_when_enough_came_is_asked_again_when_they_are_not(world: World) -> None:
    policy = {"slug": "p", "version": 1, "steps": [{"who": [{"kind": "role", "of": "responder"}], "at_once": 4}]}
    await world.begin(policy=policy)
    await world.answer("ann", "acknowledge")
    states = [(name, state) for name, state, _ in await world.asked()]
    assert states == [("ann", "acknowledged"), ("bo", "superseded"), ("cy", "superseded"), ("di", "superseded")]
    world.clock.advance(5)
    await world.answer("ann", "decline")
    again = (await world.asked())[4:]
    assert again == [("bo", "queued", 0), ("cy", "queued", 0), ("di", "queued", 0)], "with orders that ring again"


async def test_nobody_answers_and_everybody_is_asked_again_in_rounds_until_somebody_does(world: World) -> None:
    policy = {
        "slug": "p",
        "version": 1,
        "steps": [{"who": [{"kind": "role", "of": "responder"}], "at_once": 4}],
        "repeat": 1,
        "repeat_after_s": 60,
    }
    await world.begin(policy=policy)
    await world.pass_time(0)
    await world.pass_time(8)
    row = await world.row()
    assert (row.state, row.round) == ("exhausted", 0)
    assert (await world.asked())[4:] == [("officer", "accepted", 0)], "the last resort"
    assert (await world.kinds()).count("task.unanswered") == 1
    await world.pass_time(60)
    row = await world.row()
    assert (row.state, row.round) == ("running", 1)
    assert [(name, round_) for name, _, round_ in (await world.asked())[5:]] == [
        (name, 1) for name in ("ann", "bo", "cy", "di")
    ]
    assert (await world.answer("di", "acknowledge")).state == "acknowledged"
    await world.pass_time(1000)
    assert (await world.row()).due_at is None


async def test_a_late_yes_to_an_order_of_an_earlier_round_counts(world: World) -> None:
    policy = {
        "slug": "p",
        "version": 1,
        "steps": [{"who": [{"kind": "role", "of": "responder"}]}],
        "repeat": 1,
        "repeat_after_s": 10,
    }
    await world.begin(policy=policy)
    for _ in range(7):
        await world.pass_time(8)
    assert (await world.row()).round == 1
    async with world.db.transaction(world.scene.tenant_id) as tx:
        person = world.scene.people["cy"]
        first = await tx.fetchval(
            "SELECT id FROM deliveries WHERE task_id = $1 AND account_id = $2 AND round = 0",
            world.task_id,
            person.account_id,
        )
        await deliveries.record_fact(tx, world.scene.tenant_id, first, Fact.MOVING, tx.now, person.device_id)
    assert (await world.row()).state == "met"
    assert world.name((await world.task()).owner_account_id) == "cy"


async def test_a_task_nobody_took_is_offered_to_who_comes_on_shift_and_to_who_comes_on_line(world: World) -> None:
    policy = {"slug": "p", "version": 1, "steps": [{"who": [{"kind": "role", "of": "responder"}]}], "last_resort": []}
    world.on_shift = ["ann"]
    await world.begin(policy=policy)
    await world.pass_time(0)
    await world.pass_time(8)
    assert (await world.row()).state == "exhausted"
    assert [name for name, _, _ in await world.asked()] == ["ann"], "the others are off shift, and no life is at stake"
    world.on_shift = ["bo"]
    await world.pass_time(30)
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo"]
    await world.pass_time(8)
    world.on_shift = ["cy"]
    account_id = world.scene.people["cy"].account_id
    orders = await IncidentPorts().list_open(world.db, world.scene.tenant_id, account_id)
    assert [order.task for order in orders] == [world.task_id], "a phone that signs in is shown it at once"
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo", "cy"]


async def test_who_comes_on_line_holds_no_incident_while_waiting_for_another(world: World) -> None:
    tenant_id, steps = world.scene.tenant_id, [{"who": [{"kind": "role", "of": "responder"}]}]
    policy = {"slug": "p", "version": 1, "steps": steps, "last_resort": []}
    world.on_shift, other_id = ["ann"], new_id()
    async with world.db.transaction(tenant_id) as tx:
        await tx.execute(
            "INSERT INTO incidents (tenant_id, id, number, site_id, zone_id, state, grade, reasons, title, place, plan,"
            " first_out_alarm_id, opened_at, last_alarm_at)"
            " SELECT tenant_id, $3, 2, site_id, zone_id, state, grade, reasons, title, place, plan, $3, opened_at,"
            " last_alarm_at FROM incidents WHERE tenant_id = $1 AND id = $2",
            tenant_id,
            world.scene.incident_id,
            other_id,
        )
        await rooms.open_room(tx, tenant_id, other_id, [])
    await world.begin(policy=policy)
    world.clock.advance(1)
    await world.begin(policy=policy, incident_id=other_id)
    await world.pass_time(0)
    await world.pass_time(8)
    world.on_shift = ["bo"]
    bo = world.scene.people["bo"].account_id
    async with world.db.transaction(tenant_id) as alarm:
        await queries.lock_incident(alarm, tenant_id, other_id)
        signing_in = asyncio.create_task(IncidentPorts().list_open(world.db, tenant_id, bo))
        async with asyncio.timeout(10):
            while not await alarm.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                pass
        await queries.lock_incident(alarm, tenant_id, world.scene.incident_id)
    assert {order.incident for order in await signing_in} == {world.scene.incident_id, other_id}


async def test_for_life_safety_those_off_shift_are_asked_when_nobody_else_is_left(world: World) -> None:
    world.on_shift = ["bo"]
    await world.begin()
    await world.pass_time(0)
    await world.pass_time(8)
    assert [name for name, _, _ in await world.asked()] == ["bo", "ann"]
    async with world.db.transaction(world.scene.tenant_id) as tx:
        lines = await timeline.list_entries(tx, world.scene.tenant_id, world.scene.incident_id, limit=10)
    line = next(line for line in lines if line.kind == "task.escalated")
    assert (line.facts["why"], line.facts["because"]) == ("no_receipt", "role responder; off_shift; unknown")
    passed = {world.name(UUID(p["account"])): p["why"] for p in line.facts["passed_over"]}
    assert passed["cy"] == "off_shift", "why somebody was not asked is in the record"


async def test_a_steps_times_are_the_deliverys(world: World) -> None:
    steps = [{"who": [{"kind": "role", "of": "responder"}], "receipt_within_s": 3, "acknowledge_within_s": 5}]
    await world.begin(policy={"slug": "p", "version": 1, "steps": steps})
    await world.pass_time(0)
    await world.pass_time(2.9)
    assert [name for name, _, _ in await world.asked()] == ["ann"]
    await world.say("ann", Fact.RECEIVED)
    await world.pass_time(2)
    assert [name for name, _, _ in await world.asked()] == ["ann"]
    await world.pass_time(0.1)
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo"], "five seconds to say yes"
    await world.pass_time(3)
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo", "cy"], "three to receive it"


async def test_a_couriers_decision_from_an_older_number_is_refused(world: World) -> None:
    steps = [{"who": [{"kind": "role", "of": "responder"}], "after_s": 30}]
    await world.begin(policy={"slug": "p", "version": 1, "steps": steps})
    tenant_id = world.scene.tenant_id
    world.clock.advance(30)
    async with world.db.transaction(tenant_id) as tx:
        until = tx.now + timedelta(seconds=6)
        stale = await escalation_queries.lease_escalation(
            tx, tenant_id, world.task_id, holder="slow", until=until, now=tx.now
        )
        again = await escalation_queries.lease_escalation(
            tx, tenant_id, world.task_id, holder="other", until=until, now=tx.now
        )
    assert stale is not None
    assert again is None, "one courier at a time"
    await world.answer("ann", "decline")
    before = await world.row()
    async with world.db.transaction(tenant_id) as tx:
        assert not await escalation.look_again(tx, tenant_id, world.task_id, stale)
    assert await world.row() == before
    assert before.lease_holder is None, "who changed it ended the lease"


async def test_a_courier_that_died_with_the_lease_is_followed_by_another(world: World) -> None:
    steps = [{"who": [{"kind": "role", "of": "responder"}], "after_s": 30, "acknowledge_within_s": 600}] * 2
    await world.begin(policy={"slug": "p", "version": 1, "steps": steps})
    await world.pass_time(0)
    await world.say("ann", Fact.RECEIVED)
    world.clock.advance(30)
    async with world.db.transaction(world.scene.tenant_id) as tx:
        until = tx.now + timedelta(seconds=6)
        await escalation_queries.lease_escalation(
            tx, world.scene.tenant_id, world.task_id, holder="dead", until=until, now=tx.now
        )
    await world.pass_time(5)
    assert [name for name, _, _ in await world.asked()] == ["ann"]
    await world.pass_time(1)
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo"]


async def test_many_couriers_make_each_move_once(world: World) -> None:
    steps = [{"who": [{"kind": "role", "of": "responder"}], "after_s": 5}] * 3
    await world.begin(policy={"slug": "p", "version": 1, "steps": steps})
    for _ in range(4):
        world.clock.advance(5)
        await asyncio.gather(*(Courier(world.db, {"fcm": Post()}, seed=1).sweep() for _ in range(4)))
    names = [name for name, _, _ in await world.asked()]
    assert len(names) == len(set(names))
    assert (await world.kinds()).count("task.escalated") == len(names) - 1


async def test_who_is_asked_for_one_task_of_the_incident_is_not_asked_for_another_while_others_are_free(
    world: World,
) -> None:
    await world.begin(Need(None, 2))
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo"]
    await world.begin(Need(None, 3))
    assert [name for name, _, _ in await world.asked()] == ["cy", "di", "officer"]


async def test_who_is_done_is_not_looked_for_any_more(world: World) -> None:
    await world.begin(Need(None, 2))
    await world.answer("ann", "acknowledge")
    async with world.db.transaction(world.scene.tenant_id) as tx:
        done = await service.finish_task(tx, world.scene.people["ann"].actor, world.task_id, "closed")
    assert done.state == "done"
    assert (await world.row()).state == "cancelled"
    assert [state for _, state, _ in await world.asked()] == ["acknowledged", "superseded"]
    await world.answer("ann", "decline")
    await world.pass_time(1000)
    assert [name for name, _, _ in await world.asked()] == ["ann", "bo"]


async def test_a_closed_incident_looks_for_nobody(world: World) -> None:
    await world.begin()
    async with world.db.transaction(world.scene.tenant_id) as tx:
        await deliveries.cancel_for_incident(tx, world.scene.tenant_id, world.scene.incident_id)
    row = await world.row()
    assert (row.state, row.due_at) == ("cancelled", None)
    await world.pass_time(1000)
    assert [(name, state) for name, state, _ in await world.asked()] == [("ann", "cancelled")]


async def test_who_is_offered_a_task_is_asked_although_its_need_is_met(world: World) -> None:
    await world.begin()
    await world.answer("ann", "acknowledge")
    await world.offer("ann", "bo")
    await world.say("ann", Fact.MOVING)
    assert world.name((await world.task()).offered_to) == "bo"
    assert (await world.asked())[-1] == ("bo", "queued", 0), "the giver went on until the other has it"
    await world.answer("bo", "acknowledge")
    task = await world.task()
    assert (world.name(task.owner_account_id), task.offered_to) == ("bo", None)


async def test_an_offer_taken_back_leaves_the_yes_that_was_there_before_it(world: World) -> None:
    await world.begin(Need(None, 2))
    await world.answer("ann", "acknowledge")
    await world.answer("bo", "acknowledge")
    assert (await world.row()).state == "met"
    await world.offer("ann", "bo")
    await world.offer("ann", "cy")
    assert [state for name, state, _ in await world.asked() if name == "bo"] == ["acknowledged", "superseded"]
    await world.say("ann", Fact.MOVING)
    row = await world.row()
    assert (row.state, row.met) == ("met", [2])


async def test_an_offer_taken_back_from_who_was_waited_for_asks_the_next(world: World) -> None:
    await world.begin(Need(None, 2))
    await world.answer("ann", "acknowledge")
    assert (await world.asked())[-1] == ("bo", "queued", 0)
    await world.offer("ann", "bo")
    await world.offer("ann", "ann")
    assert [(name, state) for name, state, _ in await world.asked()][1:] == [("bo", "superseded"), ("cy", "queued")]


async def test_a_word_after_the_end_takes_no_skill_from_who_came(world: World) -> None:
    world.skills = {"ann": {AID}}
    await world.begin(Need(AID))
    await world.answer("ann", "acknowledge")
    async with world.db.transaction(world.scene.tenant_id) as tx:
        await escalation.finish(tx, world.scene.tenant_id, world.task_id)
        await queries.finish_task(tx, world.scene.tenant_id, world.task_id)
    await world.say("ann", Fact.MOVING)
    row = await world.row()
    assert (row.state, row.met) == ("met", [1])


async def test_a_look_at_a_task_nobody_is_looked_for_is_the_last(world: World) -> None:
    await world.begin()
    async with world.db.transaction(world.scene.tenant_id) as tx:
        officer = world.scene.people["officer"].actor
        await task_service.block(tx, officer, world.task_id, "no air")
        await queries_of_auditor.free_escalation(tx, world.scene.tenant_id, world.task_id, tx.now)
    assert (await world.row()).due_at is not None, "the auditor had found it before it was blocked"
    async with asyncio.timeout(10):
        await world.pass_time(0)
    assert (await world.row()).due_at is None
