"""Drills in the engine: the real path, marked everywhere, holding nothing real back and letting nothing out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from incidents import closing, rooms
from incidents import queries as incident_queries
from incidents.drills import service
from incidents.drills.model import Drill, Score
from incidents.drills.service import DrillDraft
from incidents.drills.watch import DrillWatch
from incidents.incident import Incident
from incidents.plans.starting import Report, start_plan
from incidents.reaching import deliveries
from incidents.record import report_sections
from incidents.roll_call import marking
from incidents.roll_call import service as roll_calls
from incidents.roll_call.marking import NewMark
from incidents.roll_call.model import Mark
from incidents.roll_call.service import Wanted
from incidents.tasking import task_queries, tasks
from mobile_contract.drills import Goals
from mobile_contract.room import fold
from plant import service as plant_service
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

GAS, ACETONE = "gas-store-1", "acetone"
# Whatever a drill must leave as it was.
UNTOUCHED = (
    "alarm_states",
    "alarms",
    "alarm_events",
    "alarm_rollups_due",
    "exposure_events",
    "exposure_watches",
    "device_readiness",
    "floods",
)


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        yield made


async def store(plant: Stand) -> UUID:
    """The solvent store's id."""
    (row,) = await plant.rows(
        "SELECT zone_id FROM sensors WHERE tenant_id = $1 AND id = $2", await plant.sensor(GAS, ACETONE)
    )
    found: UUID = row["zone_id"]
    return found


async def begin(plant: Stand, login: str = "zhao", **fields: Any) -> Drill:
    known: dict[str, Any] = {"plan": "solvent-leak", "agent": "acetone", "reason": "monthly", "minutes": 30}
    known["zone_id"] = await store(plant)
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await service.start_drill(tx, await plant.actor(login), DrillDraft(**(known | fields)))


async def stop(plant: Stand, drill: Drill, *, finished: bool = True) -> Drill:
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await service.stop_drill(tx, await plant.actor("zhao"), drill.id, finished=finished, reason="done")


async def look(plant: Stand, drill: Drill) -> tuple[Drill, Score]:
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await service.get_drill(tx, await plant.actor("zhao"), drill.id)


async def incident_of(plant: Stand, drill: Drill) -> Incident:
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await incident_queries.get_incident(tx, plant.tenant_id, drill.incident_id)


async def orders(plant: Stand, incident_id: UUID) -> list[Any]:
    return await plant.rows(
        "SELECT id, task_id, account_id, content, state FROM deliveries WHERE tenant_id = $1 AND incident_id = $2"
        " ORDER BY queued_at, id",
        incident_id,
    )


async def said(plant: Stand, incident_id: UUID) -> list[str]:
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, incident_id)
        return [m.text for m in (await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)).messages]


async def leak(plant: Stand) -> None:
    await plant.hold(GAS, ACETONE, 1100.0, 3)


async def untouched(plant: Stand) -> dict[str, Any]:
    """Everything that a drill may not change, row by row."""
    found = {}
    for table in UNTOUCHED:
        sql = f"SELECT to_jsonb(t) AS row FROM {table} t WHERE t.tenant_id = $1 ORDER BY to_jsonb(t)::text"
        found[table] = [row["row"] for row in await plant.rows(sql)]
    return found


# --- the same path, marked ------------------------------------------------------------------------------------------
async def test_a_drill_orders_people_as_in_earnest_and_says_so_everywhere(plant: Stand) -> None:
    drill = await begin(plant)
    incident = await incident_of(plant, drill)
    assert (incident.exercise, incident.opened_by, incident.state) == (True, drill.started_by, "open")
    given = await orders(plant, incident.id)
    assert len(given) == 3
    assert all(order["content"]["exercise"] is True for order in given)
    commands = await plant.commands()
    assert {c.action for c in commands} >= {"start", "sound"}
    assert all(c.inhibited for c in commands)
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, incident.id)
        shown = await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)
        events = await rooms.events_after(tx, plant.tenant_id, room.id, 0, 1000)
    assert shown.incident is not None
    assert (shown.incident.exercise, shown.drill is not None) == (True, True)
    empty = msgspec.structs.replace(
        shown, seq=0, incident=None, tasks={}, steps={}, commands={}, deliveries={}, members={}, drill=None
    )
    assert fold(empty, events) == shown
    lines = await plant.rows(
        "SELECT kind, facts FROM timeline WHERE tenant_id = $1 AND incident_id = $2 ORDER BY position", incident.id
    )
    assert lines[0]["facts"]["exercise"] is True
    assert "drill.started" in [line["kind"] for line in lines]


async def test_a_roll_call_in_a_drill_is_marked_and_counts_for_its_score(plant: Stand) -> None:
    drill = await begin(plant, goals=Goals(accounted_s=60.0))
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        wanted = Wanted("site")
        call = await roll_calls.begin(tx, plant.tenant_id, drill.incident_id, wanted, "drill", by=zhao.account_id)
    assert call.exercise
    people = await plant.rows(
        "SELECT person_id FROM roll_call_people WHERE tenant_id = $1 AND roll_call_id = $2", call.id
    )
    plant.clock.advance(30)
    async with plant.db.transaction(plant.tenant_id) as tx:
        marks = [
            NewMark(
                mark=Mark(
                    id=row["person_id"], person_id=row["person_id"], said="safe", by_account=None, at=tx.now,
                    received_at=tx.now,
                ),
                name="",
            )
            for row in people
        ]  # fmt: skip
        await marking.mark(tx, zhao, call.id, marks)
    _, score = await look(plant, drill)
    (goal,) = score.goals
    assert (goal.goal, goal.result) == ("accounted", "met")
    assert score.accounted_s == (30.0 if people else 0.0)


async def test_only_who_runs_drills_starts_one_and_what_is_not_there_is_refused(plant: Stand) -> None:
    with pytest.raises(Forbidden):
        await begin(plant, "chen")
    with pytest.raises(NotFound):
        await begin(plant, plan="no-such-plan")
    for minutes in (0, 241):
        with pytest.raises(Invalid) as refused:
            await begin(plant, minutes=minutes)
        assert (refused.value.field, refused.value.limit) == ("minutes", 240)
    with pytest.raises(Invalid):
        await begin(plant, reason=" ")


async def test_any_plan_can_be_practised_with_goals_of_its_own(plant: Stand) -> None:
    for plan in ("no-data", "fire", "machine-entrapment"):
        drill = await begin(plant, plan=plan, agent=None)
        assert drill.goals.receipt_s == 8.0
        assert drill.goals.quorum_s is not None
        assert (await stop(plant, drill)).score is not None


async def test_one_drill_a_site_and_none_beside_an_emergency(plant: Stand) -> None:
    drill = await begin(plant)
    with pytest.raises(Conflict) as refused:
        await begin(plant)
    assert refused.value.code == "drill.running"
    await stop(plant, drill)
    await leak(plant)
    with pytest.raises(Conflict) as refused:
        await begin(plant)
    assert refused.value.code == "drill.emergency"


# --- it ends --------------------------------------------------------------------------------------------------------
async def test_a_drill_that_is_stopped_withdraws_its_orders_and_keeps_its_score(plant: Stand) -> None:
    drill = await begin(plant)
    plant.clock.advance(20)
    ended = await stop(plant, drill, finished=False)
    assert (ended.ended_why, ended.score is not None) == ("stopped", True)
    again = await stop(plant, drill)
    assert (again.ended_why, again.score) == ("stopped", ended.score)
    assert {o["state"] for o in await orders(plant, drill.incident_id)} == {"cancelled"}
    assert (await incident_of(plant, drill)).state == "closed"


async def test_closing_the_incident_ends_the_drill(plant: Stand) -> None:
    drill = await begin(plant)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, await plant.actor("zhao"), drill.incident_id, "enough")
    found, _ = await look(plant, drill)
    assert (found.ended_why, found.score is not None) == ("finished", True)


async def test_a_drill_ends_by_itself_once_whoever_looks(plant: Stand) -> None:
    drill = await begin(plant, minutes=5)
    watch = DrillWatch(plant.db)
    plant.clock.advance(299)
    assert await watch.sweep() == 0
    plant.clock.advance(1)
    # Another courier, started after the first was killed, finds the same row.
    assert [await watch.sweep(), await DrillWatch(plant.db).sweep()] == [1, 0]
    found, _ = await look(plant, drill)
    assert (found.ended_why, found.ended_by) == ("time", None)
    assert (await incident_of(plant, drill)).closed_by is None


# --- something real -------------------------------------------------------------------------------------------------
async def _alarm(plant: Stand) -> None:
    await leak(plant)


async def _report(plant: Stand) -> None:
    async with plant.db.transaction(plant.tenant_id) as tx:
        report = Report(plan="solvent-leak", zone_id=await store(plant), reason="it really leaks", agent="acetone")
        await start_plan(tx, await plant.actor("chen"), report)


@pytest.mark.parametrize("happens", [_alarm, _report])
async def test_what_is_real_stands_alone_and_ends_the_drill(
    plant: Stand, happens: Callable[[Stand], Awaitable[None]]
) -> None:
    drill = await begin(plant)
    await happens(plant)
    real = next(i for i in await plant.incidents() if not i.exercise)
    assert (real.id != drill.incident_id, real.state) == (True, "open")
    assert all(o["content"]["exercise"] is False for o in await orders(plant, real.id))
    assert [c.inhibited for c in await plant.commands() if c.incident_id == real.id].count(False) >= 2
    assert await DrillWatch(plant.db).sweep() == 1
    found, _ = await look(plant, drill)
    assert (found.ended_why, found.real_incident_id) == ("real_alarm", real.id)
    assert {o["state"] for o in await orders(plant, drill.incident_id)} == {"cancelled"}
    told = await said(plant, drill.incident_id)
    assert [("这是真实警情" in text, "This is real" in text) for text in told] == [(True, True)]
    assert (await incident_of(plant, drill)).state == "closed"
    assert next(i for i in await plant.incidents() if i.id == real.id).state == "open"


async def test_a_real_alarm_waits_for_nobody_who_holds_the_drill(plant: Stand) -> None:
    drill = await begin(plant)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await incident_queries.lock_incident(tx, plant.tenant_id, drill.incident_id)
        await leak(plant)
        assert [i.exercise for i in await plant.incidents()] == [True, False]


async def test_the_same_report_in_a_drill_and_in_earnest_are_two_things(plant: Stand) -> None:
    await _report(plant)
    (real,) = await plant.incidents()
    async with plant.db.transaction(plant.tenant_id) as tx:
        report = Report(plan="solvent-leak", zone_id=await store(plant), reason="x", agent="acetone", exercise=True)
        practised = await start_plan(tx, await plant.actor("zhao"), report)
    assert practised.id != real.id
    await _report(plant)
    assert len(await plant.incidents()) == 2


async def test_who_is_busy_with_a_drill_is_not_busy(plant: Stand) -> None:
    drill = await begin(plant)
    given = await orders(plant, drill.incident_id)
    async with plant.db.transaction(plant.tenant_id) as tx:
        nothing = new_id()
        people = await task_queries.list_people(tx, plant.tenant_id, nothing, nothing, ["responder", "safety_officer"])
    busy = {p.account_id: p.busy for p in people}
    assert {busy[o["account_id"]] for o in given} == {0}


# --- what it leaves alone -------------------------------------------------------------------------------------------
async def test_a_drill_changes_nothing_that_is_real(plant: Stand) -> None:
    before = await untouched(plant)
    assert before["alarm_states"], "there is something that could have changed"
    drill = await begin(plant)
    plant.clock.advance(60)
    await stop(plant, drill)
    assert await untouched(plant) == before


async def test_a_drills_end_stops_no_fan_that_runs_in_earnest(plant: Stand) -> None:
    """An earlier leak's fan still runs, proven; the drill wanted the same fan on, and lets go of nothing."""
    (fan,) = await plant.rows("SELECT id FROM actuators WHERE tenant_id = $1 AND kind = 'fan' AND zone_id = $2",
                              await store(plant))  # fmt: skip
    async with plant.db.transaction(plant.tenant_id) as tx:
        await plant_service.request_command(tx, None, fan["id"], "start", "in earnest", key="real")
    drill = await begin(plant)
    await stop(plant, drill)
    real = [c for c in await plant.commands() if c.actuator_id == fan["id"] and not c.inhibited]
    assert [(c.action, c.state.value) for c in real] == [("start", "requested")]
    assert all(c.inhibited for c in await plant.commands() if c.incident_id == drill.incident_id)


async def test_a_drill_does_not_keep_running_what_a_real_incident_started(plant: Stand) -> None:
    """Closing the real incident lets go of its fan, whatever is practised in the same place."""
    await leak(plant)
    await plant.hold(GAS, ACETONE, 100.0, 12)
    (real,) = await plant.incidents()
    drill = await begin(plant)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, await plant.actor("zhao"), real.id, "aired")
    assert "stop" in {c.action for c in await plant.commands() if c.incident_id == real.id and not c.inhibited}
    assert (await incident_of(plant, drill)).state == "open"


# --- the score ------------------------------------------------------------------------------------------------------
async def test_the_score_is_of_receipts_answers_and_people(plant: Stand) -> None:
    drill = await begin(plant, goals=Goals(receipt_s=8.0, acknowledge_s=60.0, quorum_s=120.0))
    given = await orders(plant, drill.incident_id)
    plant.clock.advance(5)
    async with plant.db.transaction(plant.tenant_id) as tx:
        for order in given[:2]:
            await deliveries.record_fact(tx, plant.tenant_id, order["id"], "received", tx.now)
    _, running = await look(plant, drill)
    assert (running.overall, running.ordered, running.reached) == ("unscored", 3, 2)
    plant.clock.advance(10)
    (first, *_) = given
    async with plant.db.transaction(plant.tenant_id) as tx:
        for order in given:
            (row,) = await tx.fetch("SELECT login FROM accounts WHERE id = $1", order["account_id"])
            await tasks.answer(tx, await plant.actor(row["login"]), order["task_id"], "acknowledge", "", "k")
    ended = await stop(plant, drill)
    assert ended.score is not None
    assert {g.goal: (g.result, g.took_s) for g in ended.score.goals} == {
        "receipt": ("missed", 15.0),
        "acknowledge": ("met", 15.0),
        "quorum": ("met", 15.0),
    }
    assert ended.score.overall == "partly"
    person = next(p for p in ended.score.people if p.account == first["account_id"])
    assert (person.receipt_s, person.acknowledge_s, person.moving_s) == (5.0, 15.0, None)
    found, kept = await look(plant, drill)
    assert (found.score, kept) == (ended.score, ended.score)


async def test_the_report_has_the_score_and_only_of_a_drill(plant: Stand) -> None:
    drill = await begin(plant)
    await stop(plant, drill)
    async with plant.db.transaction(plant.tenant_id) as tx:
        incident = await incident_queries.get_incident(tx, plant.tenant_id, drill.incident_id)
        sections = {s.key: s for s in await report_sections.provided_sections(tx, incident)}
        assert sections["drill"].title.en == "Score of the drill"
        assert [f.value.en for f in sections["drill"].facts][1] == "The exercise is over"
        real = msgspec.structs.replace(incident, exercise=False)
        assert "drill" not in {s.key for s in await report_sections.provided_sections(tx, real)}


async def test_drills_of_a_plan_are_listed_beside_each_other(plant: Stand) -> None:
    first = await stop(plant, await begin(plant))
    plant.clock.advance(timedelta(days=30).total_seconds())
    second = await stop(plant, await begin(plant))
    running = await begin(plant, plan="fire", agent=None)
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        trend = await service.list_trend(tx, zhao, "solvent-leak", site_id=first.site_id, limit=10)
        now = await service.list_drills(tx, zhao, site_id=None, plan=None, running=True, before=None, limit=10)
    assert [d.id for d in trend] == [first.id, second.id]
    assert [d.id for d in now] == [running.id]
