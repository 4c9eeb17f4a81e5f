"""A push service that drops, delays, duplicates and reorders: facts only move forward, escalations fire once.

One message in five is dropped, one in five comes up to 30 s late, one in five twice, one in five after later ones; and
one answer in ten is lost, so that the courier repeats what the device has. Time is the test's own, the rest is real.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database
from core.ids import new_id
from incidents import rooms
from incidents.incident import TimelineEntry
from incidents.reaching import deliveries
from incidents.reaching.delivery import LADDER, Fact
from incidents.record import timeline
from incidents.tasking import escalation, task_queries, tasks
from incidents.tasking.escalation_queries import EscalationRow, list_of_incident
from incidents.tasking.policy import Need
from mobile_contract.room import RoomState, fold
from mobile_contract.room_events import DeliveryChanged, RoomEvent
from mobile_contract.room_views import DeliveryView
from muster.demo.push_script import Behaviour, Script, Switchboard
from muster.demo.push_service import run_push_service
from people.permissions import Role
from realtime.courier import Courier
from realtime.push import Fcm
from tests.clusters import Clone
from tests.responders import ORDER, Scene, make_scene

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
PEOPLE = {f"p{n:02}": Role.RESPONDER for n in range(24)} | {"officer": Role.SAFETY_OFFICER}
TASKS = 8
STEP_S = 1.0
# Long enough for everyone to be asked, and for those who stay silent to be asked in a second round.
STEPS = 300
DELAY_MAX_S = 30.0


class Phone(msgspec.Struct):
    """What one person's phone got and when it acts on it; ``due`` holds (when, delivery, what)."""

    name: str
    taken: int = 0
    due: list[tuple[datetime, UUID, str]] = []
    received: set[UUID] = set()


class Storm(msgspec.Struct):
    """The scene in bad weather."""

    db: Database
    clock: ManualClock
    scene: Scene
    switchboard: Switchboard
    fcm: Fcm
    dice: random.Random
    phones: dict[str, Phone]

    async def second(self) -> None:
        """A step of time: two couriers look, phones get what came and say what is due."""
        self.clock.advance(STEP_S)
        for _ in range(2):
            await Courier(self.db, {"fcm": self.fcm}, seed=1).sweep()
        for phone in self.phones.values():
            await self._collect(phone)
            await self._act(phone)

    async def _collect(self, phone: Phone) -> None:
        for push in await self.switchboard.wait_for(f"token-{phone.name}", phone.taken, 0):
            phone.taken = push.n
            delivery = UUID(push.message["data"]["delivery"])
            late = self.dice.uniform(0, DELAY_MAX_S) if self.dice.random() < 0.2 else 0.0
            at = self.clock.now() + timedelta(seconds=late)
            phone.due.append((at, delivery, "received"))
            if delivery in {d for _, d, what in phone.due if what != "received"}:
                continue
            said = self.dice.choices(("acknowledge", "decline", "nothing"), (2, 5, 3))[0]
            if said != "nothing":
                phone.due.append((at + timedelta(seconds=self.dice.uniform(1, 40)), delivery, said))

    async def _act(self, phone: Phone) -> None:
        now = self.clock.now()
        due = [item for item in phone.due if item[0] <= now]
        phone.due = [item for item in phone.due if item[0] > now]
        for _, delivery, what in sorted(due):
            await self._say(phone, delivery, what)

    async def _say(self, phone: Phone, delivery: UUID, what: str) -> None:
        person, tenant_id = self.scene.people[phone.name], self.scene.tenant_id
        phone.received.add(delivery)
        async with self.db.transaction(tenant_id) as tx:
            facts = (Fact.SEEN, Fact.RECEIVED) if self.dice.random() < 0.3 else (Fact.RECEIVED,)
            for fact in facts:
                await deliveries.record_fact(tx, tenant_id, delivery, fact, self.clock.now(), person.device_id)
        if what == "received":
            return
        async with self.db.transaction(tenant_id) as tx:
            task_id = await tx.fetchval("SELECT task_id FROM deliveries WHERE id = $1", delivery)
            answer: Any = what
            await tasks.answer(tx, person.actor, task_id, answer, "", str(delivery) + what)


@pytest_asyncio.fixture(params=[1, 2])
async def storm(clone: Clone, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Storm]:
    clock, dice = ManualClock(T0), random.Random(request.param)
    async with (
        Database.connect(clone.app_url, clock, max_size=6) as db,
        run_push_service(tmp_path) as push,
        Fcm.open(push.credentials, url=push.url, clock=clock) as fcm,
    ):
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, PEOPLE)
        switchboard = push.service.switchboard
        for name in PEOPLE:
            switchboard.follow(Script(f"token-{name}", _weather(dice)))
        yield Storm(db, clock, scene, switchboard, fcm, dice, {name: Phone(name) for name in PEOPLE})


def _weather(dice: random.Random) -> list[Behaviour]:
    """A deck of such messages for one phone, shuffled; more than it will ever be sent."""
    deck = [
        Behaviour(
            deliver=n % 5 != 0,
            copies=2 if n % 5 == 1 else 1,
            behind=dice.randint(1, 3) if n % 5 == 2 else 0,
            drop=n % 10 == 3,
        )
        for n in range(100)
    ]
    dice.shuffle(deck)
    return deck


async def _start_tasks(storm: Storm) -> None:
    scene = storm.scene
    async with storm.db.transaction(scene.tenant_id) as tx:
        model = await task_queries.get_task(tx, scene.tenant_id, scene.task_id)
        for n in range(TASKS):
            needs = [] if n % 2 else [Need(None, 3)]
            await escalation.start(tx, msgspec.structs.replace(model, id=new_id(), position=n + 2, needs=needs), ORDER)


async def test_in_a_storm_facts_only_move_forward_and_every_escalation_fires_once(storm: Storm) -> None:
    await _start_tasks(storm)
    for _ in range(STEPS):
        await storm.second()
    scene = storm.scene
    async with storm.db.transaction(scene.tenant_id) as tx:
        events = await _all_events(tx, scene)
        snapshot = await rooms.fresh_snapshot(tx, scene.tenant_id, scene.room_id)
        lines = await timeline.list_entries(tx, scene.tenant_id, scene.incident_id, limit=100_000)
        searches = await list_of_incident(tx, scene.tenant_id, scene.incident_id, 100)
        asked = await tx.fetch(
            "SELECT task_id, account_id, round, count(*) AS times FROM deliveries WHERE tenant_id = $1"
            " AND ended_why IS DISTINCT FROM 'released' GROUP BY task_id, account_id, round",
            scene.tenant_id,
        )
    _check_that_it_was_a_storm([taken.behaviour for taken in storm.switchboard.log])
    _check_that_nothing_goes_backward(events)
    _check_that_reached_means_reached(storm, events)
    _check_that_escalations_fire_once(lines)
    assert {r["times"] for r in asked} == {1}, "nobody is asked twice in a round"
    _check_the_end(searches, [*snapshot.tasks.values()])
    opened = RoomState(room=scene.room_id, epoch=1, seq=0)
    folded = fold(opened, events)
    assert folded.deliveries == snapshot.deliveries
    assert folded.escalations == snapshot.escalations


def _check_that_it_was_a_storm(met: list[Behaviour]) -> None:
    kinds = (
        [b for b in met if not b.deliver],
        [b for b in met if b.copies > 1],
        [b for b in met if b.behind],
        [b for b in met if b.drop],
    )
    assert all(kinds), "dropped, doubled, reordered, and unanswered"


async def _all_events(tx: Any, scene: Scene) -> list[RoomEvent]:
    events: list[RoomEvent] = []
    while page := await rooms.events_after(tx, scene.tenant_id, scene.room_id, len(events), 1000):
        events += page
    return events


_RANK = {"queued": 0} | {fact.value: n for n, fact in enumerate(LADDER, 1)}
_ANSWERS = {"acknowledged", "moving", "declined"}
_ENDS = {"superseded", "exhausted"}


def _views(events: list[RoomEvent]) -> dict[UUID, list[DeliveryView]]:
    found: dict[UUID, list[DeliveryView]] = {}
    for event in events:
        if isinstance(event.body, DeliveryChanged):
            found.setdefault(event.body.delivery.id, []).append(event.body.delivery)
    return found


def _check_that_nothing_goes_backward(events: list[RoomEvent]) -> None:
    for views in _views(events).values():
        for before, after in pairwise(views):
            for field in ("accepted_at", "received_at", "seen_at", "acknowledged_at", "declined_at", "ended_at"):
                known = getattr(before, field)
                assert known is None or getattr(after, field) is not None, f"{field} was taken back"
            if before.state in _RANK and after.state in _RANK:
                assert _RANK[after.state] >= _RANK[before.state]
            if before.state in _ANSWERS:
                assert after.state in _ANSWERS, "an answer is never hidden again"
            if before.state in _ENDS:
                assert after.state in _ENDS | _ANSWERS, "an end is only overruled by an answer"


def _check_that_reached_means_reached(storm: Storm, events: list[RoomEvent]) -> None:
    phone_of = {storm.scene.people[name].account_id: phone for name, phone in storm.phones.items()}
    for delivery, views in _views(events).items():
        for view in views:
            reached = view.received_at or view.seen_at or view.acknowledged_at
            assert reached is None or delivery in phone_of[view.account].received


def _check_that_escalations_fire_once(lines: list[TimelineEntry]) -> None:
    moves = [line for line in lines if line.kind == "task.escalated"]
    silences = Counter(
        (line.facts["task"], line.facts["from"], line.facts["round"])
        for line in moves
        if line.facts["why"] in ("no_receipt", "no_acknowledgement", "refused")
    )
    assert moves
    assert set(silences.values()) <= {1}, "one silence asks one person"
    targets = Counter((line.facts["task"], line.facts["to"], line.facts["round"], line.at) for line in moves)
    assert set(targets.values()) == {1}


def _check_the_end(searches: list[EscalationRow], shown: list[Any]) -> None:
    state_of = {task.id: task.state for task in shown}
    for row in searches:
        assert (row.state == "met") == (sum(row.met) == sum(need.count for need in row.needs))
        if row.state == "met":
            assert state_of[row.task_id] == "acknowledged"
    assert any(row.state == "met" for row in searches), "somebody goes, whatever the weather"
