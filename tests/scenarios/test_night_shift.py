"""A night shift while the clocks change: who is asked when, to the second, whatever is restarted in between.

Europe/Berlin, 25 October 2026: at 03:00 summer time (01:00 UTC) the clocks go back to 02:00. The first half of the
night works until 03:00 by the wall: until the second one, 02:00 UTC. Nobody of the second half is on shift before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database, Tx
from core.ids import new_id
from incidents.incident import Task
from incidents.reaching import deliveries
from incidents.reaching.delivery import Fact
from incidents.record import timeline
from incidents.tasking import escalation, escalation_queries, task_queries, tasks
from incidents.tasking.policy import Need
from mobile_contract.rotas import Layer, RotaDefinition
from mobile_contract.text import Text
from muster.demo.push_script import Behaviour, Script
from muster.demo.push_service import Running, run_push_service
from people.permissions import Role
from people.qualifications import service as qualifications
from people.qualifications.records import RecordDraft
from people.qualifications.type_service import TypeDraft, create_type
from people.rotas import rota_service
from people.rotas import service as rotas
from people.rotas.rota_service import RotaDraft
from realtime.courier import Courier
from realtime.push import Fcm
from tests.clusters import Clone
from tests.responders import ORDER, Scene, make_scene

BERLIN = ZoneInfo("Europe/Berlin")
# 02:59:50 summer time: ten seconds later the wall says 02:00.
T0 = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)
FIRST_HALF = ("amber", "boris", "clara", "dora")
PEOPLE = dict.fromkeys((*FIRST_HALF, "emil"), Role.RESPONDER) | {"olga": Role.SAFETY_OFFICER}


def policy(night: UUID) -> dict[str, Any]:
    """Whoever is on shift by this rota, one after the other; then the safety officers."""
    shift = {
        "who": [{"kind": "on_shift", "of": str(night)}],
        "at_once": 1,
        "receipt_within_s": 8,
        "acknowledge_within_s": 90,
        "channels": ["fcm"],
    }
    return {"slug": "night", "version": 3, "steps": [shift, {"who": [{"kind": "role", "of": "safety_officer"}]}]}


class Night(msgspec.Struct):
    """The scene, its clock, and processes that can be started again."""

    clone: Clone
    clock: ManualClock
    push: Running
    scene: Scene
    stack: AsyncExitStack
    db: Database
    courier: Courier
    task_id: UUID
    rota_id: UUID
    certificates: dict[str, UUID]

    async def restart(self) -> None:
        """Every process ends and starts again: new connections, new couriers, nothing remembered."""
        await self.stack.aclose()
        self.stack, self.db, self.courier = await open_processes(self.clone, self.clock, self.push)

    async def at(self, seconds: float) -> None:
        """The clock shows so many seconds after the alarm."""
        self.clock.advance((T0 + timedelta(seconds=seconds) - self.clock.now()).total_seconds())

    async def sweep(self) -> None:
        await self.courier.sweep()

    async def begin(self) -> None:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            task = await task_queries.get_task(tx, self.scene.tenant_id, self.scene.task_id)
            task = msgspec.structs.replace(
                task, id=self.task_id, position=2, needs=[Need("first_aid", 1, "moving")], policy=policy(self.rota_id)
            )
            await escalation.start(tx, task, ORDER)

    async def say(self, name: str, fact: Fact) -> None:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            row = await self._row(tx, name)
            person = self.scene.people[name]
            await deliveries.record_fact(tx, self.scene.tenant_id, row, fact, tx.now, person.device_id)

    async def decline(self, name: str) -> None:
        async with self.db.transaction(self.scene.tenant_id) as tx:
            await tasks.answer(tx, self.scene.people[name].actor, self.task_id, "decline", "in the clean room", "k")

    async def suspend(self, name: str) -> None:
        """She had the skill when she was asked, and has not when she says yes."""
        async with self.db.transaction(self.scene.tenant_id) as tx:
            officer = msgspec.structs.replace(self.scene.people["olga"].actor, role=Role.ADMIN)
            await qualifications.suspend(tx, officer, self.certificates[name], reason="the course was not held")

    async def _row(self, tx: Tx, name: str) -> UUID:
        found: UUID = await tx.fetchval(
            "SELECT id FROM deliveries WHERE tenant_id = $1 AND task_id = $2 AND account_id = $3",
            self.scene.tenant_id,
            self.task_id,
            self.scene.people[name].account_id,
        )
        return found

    def name(self, account: Any) -> str | None:
        return next((n for n, p in self.scene.people.items() if str(p.account_id) == str(account)), None)


async def open_processes(clone: Clone, clock: ManualClock, push: Running) -> tuple[AsyncExitStack, Database, Courier]:
    stack = AsyncExitStack()
    db = await stack.enter_async_context(Database.connect(clone.app_url, clock, max_size=4))
    fcm = await stack.enter_async_context(Fcm.open(push.credentials, url=push.url, clock=clock))
    return stack, db, Courier(db, {"fcm": fcm}, seed=1)


@pytest_asyncio.fixture
async def night(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    clock = ManualClock(T0)
    async with run_push_service(tmp_path_factory.mktemp("push")) as push:
        stack, db, courier = await open_processes(clone, clock, push)
        async with db.transaction(clone.tenant_id) as tx:
            scene = await make_scene(tx, clone.tenant_id, PEOPLE)
            rota_id, certificates = await write_rota(tx, scene), await certify(tx, scene)
        made = Night(clone, clock, push, scene, stack, db, courier, new_id(), rota_id, certificates)
        push.service.switchboard.follow(Script("token-amber", after=Behaviour(deliver=False)))
        yield made
        await made.stack.aclose()


async def write_rota(tx: Tx, scene: Scene) -> UUID:
    """The night's rota, in wall time."""

    def half(names: Sequence[str], handover: str, until: str) -> Layer:
        crew = [scene.people[name].account_id for name in names]
        return Layer(
            name=Text("夜班", "night"), turns=[crew], starts_on=date(2026, 10, 1), handover=handover, every_days=1,
            until=until,
        )  # fmt: skip

    layers = [half(FIRST_HALF, "22:00", "03:00"), half(("emil",), "03:00", "06:00")]
    draft = RotaDraft("night", Text("夜班", "Night"), BERLIN.key, "shift", RotaDefinition(layers))
    return (await rota_service.create_rota(tx, None, draft)).id


async def certify(tx: Tx, scene: Scene) -> dict[str, UUID]:
    """Everybody's first-aid certificate."""
    kind = await create_type(tx, None, TypeDraft("first-aid", Text("急救", "First aid"), ["first_aid"], "DGUV 304-001"))
    certificates = {}
    for name, person in scene.people.items():
        draft = RecordDraft(person.account_id, kind.id, "DRK", date(2026, 1, 1))
        certificates[name] = (await qualifications.create_record(tx, None, draft)).record.id
    return certificates


Step = Callable[[Night], Awaitable[None]]


def _say(name: str, fact: Fact) -> Step:
    return lambda night: night.say(name, fact)


# (seconds after the alarm, what happens then)
STEPS: list[tuple[float, Step]] = [
    (0, Night.begin),
    (0, Night.sweep),
    (7.9, Night.sweep),
    (8, Night.sweep),
    (10, _say("boris", Fact.RECEIVED)),
    (15, lambda night: night.decline("boris")),
    (15, Night.sweep),
    (17, _say("clara", Fact.RECEIVED)),
    (30, lambda night: night.suspend("clara")),
    (45, _say("clara", Fact.ACKNOWLEDGED)),
    (45, Night.sweep),
    (47, _say("dora", Fact.RECEIVED)),
    (55, _say("dora", Fact.ACKNOWLEDGED)),
    (55, Night.sweep),
    (70, _say("dora", Fact.MOVING)),
    (70, Night.sweep),
    (500, Night.sweep),
]

# Who was asked when, by wall time and seconds; how it stands in the end, and what ended the asking.
ASKED = [
    ("amber", "02:59:50 CEST", 0.0, "superseded", "no_receipt"),
    ("boris", "02:59:58 CEST", 8.0, "declined", "declined"),
    ("clara", "02:00:05 CET", 15.0, "acknowledged", None),
    ("dora", "02:00:35 CET", 45.0, "moving", None),
]
SENT = [("amber", 0.0), ("boris", 8.0), ("clara", 15.0), ("dora", 45.0)]
RECORD = [
    (8.0, "task.escalated", "amber", "boris", "no_receipt"),
    (15.0, "task.declined", "boris", None, None),
    (15.0, "task.escalated", "boris", "clara", "declined"),
    (45.0, "task.escalated", "clara", "dora", "lacks_skill"),
    (45.0, "task.joined", "clara", None, None),
    (55.0, "task.acknowledged", "dora", None, None),
    (70.0, "escalation.met", None, None, None),
]


async def _asked(night: Night, tx: Tx) -> list[tuple[object, ...]]:
    rows = await tx.fetch(
        "SELECT account_id, queued_at, state, ended_why FROM deliveries WHERE tenant_id = $1 AND task_id = $2"
        " ORDER BY queued_at, id",
        night.scene.tenant_id,
        night.task_id,
    )
    return [
        (
            night.name(r["account_id"]),
            f"{r['queued_at'].astimezone(BERLIN):%H:%M:%S %Z}",
            (r["queued_at"] - T0).total_seconds(),
            r["state"],
            r["ended_why"],
        )
        for r in rows
    ]


async def _sent(night: Night, tx: Tx) -> list[tuple[str | None, float]]:
    rows = await tx.fetch(
        "SELECT d.account_id, a.started_at FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id"
        " WHERE a.tenant_id = $1 AND d.task_id = $2 AND a.channel = 'fcm' ORDER BY a.started_at, a.id",
        night.scene.tenant_id,
        night.task_id,
    )
    return [(night.name(r["account_id"]), (r["started_at"] - T0).total_seconds()) for r in rows]


async def _record(night: Night, tx: Tx) -> list[tuple[object, ...]]:
    lines = await timeline.list_entries(tx, night.scene.tenant_id, night.scene.incident_id, limit=100)
    return [
        (
            (line.at - T0).total_seconds(),
            line.kind,
            night.name(line.facts.get("from") or line.facts.get("account")),
            night.name(line.facts.get("to")),
            line.facts.get("why"),
        )
        for line in lines
    ]


@pytest.mark.parametrize("cut", [None, *range(1, len(STEPS)), "everywhere"])
async def test_the_sequence_is_the_same_wherever_every_process_is_started_again(
    night: Night, cut: int | str | None
) -> None:
    for n, (seconds, step) in enumerate(STEPS):
        if cut in (n, "everywhere") and n > 0:
            await night.restart()
        await night.at(seconds)
        await step(night)
    scene = night.scene
    async with night.db.transaction(scene.tenant_id) as tx:
        assert await _asked(night, tx) == ASKED
        assert await _sent(night, tx) == SENT
        assert await _record(night, tx) == RECORD
        row = await escalation_queries.get_escalation(tx, scene.tenant_id, night.task_id)
        task: Task = await task_queries.get_task(tx, scene.tenant_id, night.task_id)
    assert (row.state, row.step, row.round, row.met, row.due_at) == ("met", 0, 0, [1], None)
    assert row.met_at == T0 + timedelta(seconds=70)
    assert [night.name(account) for account in row.crew] == ["clara", "dora"], "one more is coming, and it is shown"
    assert (night.name(task.owner_account_id), task.state) == ("dora", "acknowledged")


async def test_the_wall_shows_the_hour_between_two_and_three_twice_and_the_shift_ends_after_the_second(
    night: Night,
) -> None:
    async def on_shift(at: datetime) -> tuple[str | None, ...]:
        async with night.db.transaction(night.scene.tenant_id) as tx:
            return tuple(night.name(d.account_id) for d in await rotas.list_duties(tx, night.scene.tenant_id, at))

    assert await on_shift(T0 + timedelta(seconds=15)) == FIRST_HALF, "the wall says 02:00 for the second time"
    assert await on_shift(datetime(2026, 10, 25, 1, 59, 59, tzinfo=UTC)) == FIRST_HALF
    assert await on_shift(datetime(2026, 10, 25, 2, 0, tzinfo=UTC)) == ("emil",)
