"""Plans of a tenant's own in the engine: who is given what and when, what people confirm, what a person starts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.errors import Conflict, Forbidden, NotFound
from core.ids import new_id
from incidents import closing, rooms, service
from incidents.incident import Incident
from incidents.plans import card_service, plan_queries, plan_service, step_service
from incidents.plans.card_library import CARDS
from incidents.plans.model import (
    ActionTemplate,
    Confirm,
    GradeRule,
    LevelIs,
    PlanBody,
    StepTemplate,
    TaskTemplate,
    Trigger,
    WindIs,
)
from incidents.plans.plan_service import Question
from incidents.plans.starting import Report, start_plan
from incidents.plans.steps import Proof
from incidents.plans.versions import PlanVersion
from mobile_contract.room import fold
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Role
from plant import reading_queries
from plant.model import Reading
from tests.clusters import Clone
from tests.engine_stand import Stand, stand
from tests.incident_world import add_account

GAS, ACETONE = "gas-store-1", "acetone"


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        yield made


def say(name: str) -> Text:
    return Text(f"{name}：{{place}}", f"{name} at {{place}}")


def task(slug: str, *steps: StepTemplate, after: tuple[str, ...] = ()) -> TaskTemplate:
    shown = steps or (StepTemplate(say("step")),)
    return TaskTemplate(slug=slug, role="responder", title=say(slug), steps=shown, within_s=300.0, after=after)


def own_plan(*tasks: TaskTemplate, **fields: Any) -> PlanBody:
    return PlanBody(title=say("our leak"), tasks=tasks, triggers=(Trigger(agents=("acetone",)),), **fields)


async def publish(plant: Stand, body: PlanBody, slug: str = "our-leak") -> PlanVersion:
    """Drafted by one, reviewed and published by another; the gateway reads the site again, as the news makes it."""
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        account = await add_account(tx, f"second-{new_id().hex[-12:]}", "safety_officer")
        second = Actor(plant.tenant_id, account, Role.SAFETY_OFFICER)
        made = await plan_service.create_draft(tx, zhao, slug, body)
        made = await plan_service.submit_draft(tx, zhao, made.id, expected_version=made.revision)
        made = await plan_service.review_version(tx, second, made.id, "", expected_version=made.revision)
        made = await plan_service.publish_version(tx, second, made.id, expected_version=made.revision)
    await plant.engine.load()
    return made


async def leak(plant: Stand) -> None:
    await plant.hold(GAS, ACETONE, 1100.0, 3)


async def tasks_of(plant: Stand) -> list[Any]:
    return await plant.rows(
        "SELECT id, slug, state, owner_account_id, plan_template, plan_version FROM tasks WHERE tenant_id = $1"
        " ORDER BY position"
    )


async def owner(plant: Stand, row: Any) -> Actor:
    (found,) = await plant.rows("SELECT role FROM accounts WHERE tenant_id = $1 AND id = $2", row["owner_account_id"])
    return Actor(plant.tenant_id, row["owner_account_id"], Role(found["role"]))


async def finish(plant: Stand, row: Any) -> None:
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.finish_task(tx, await owner(plant, row), row["id"], "")


async def check_room(plant: Stand, incident: Incident) -> None:
    """The room's events from the first on are what the tables say."""
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, incident.id)
        fresh = await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)
        events = await rooms.events_after(tx, plant.tenant_id, room.id, 0, 1000)
    empty = msgspec.structs.replace(
        fresh, seq=0, incident=None, alarms={}, tasks={}, steps={}, commands={}, deliveries={}, members={}
    )
    assert fold(empty, events) == fresh


# --- the tenant's own plan ------------------------------------------------------------------------------------------
async def test_a_published_plan_answers_the_next_alarm_and_the_incident_keeps_its_version(plant: Stand) -> None:
    published = await publish(plant, own_plan(task("look"), grade_rules=(GradeRule(LevelIs(1), 1, say("our reason")),)))
    await leak(plant)
    (incident,) = await plant.incidents()
    assert (incident.plan["template"], incident.plan["version"]) == ("our-leak", published.version)
    assert incident.grade == 1
    assert incident.reasons[-1] == Text("Our reason：溶剂库", "Our reason at solvent store")
    assert [t["slug"] for t in await tasks_of(plant)] == ["look"]
    await publish(plant, own_plan(task("run")))
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        (kept,) = await plan_service.list_templates(tx, zhao, "our-leak", published.version)
        assert [t.slug for t in kept.tasks] == ["look"]
        states = [v.state for v in await plan_service.list_versions(
            tx, zhao, slug="our-leak", state=None, search=None, before=None, limit=9
        )]  # fmt: skip
    assert states == ["published", "retired"]


async def test_publishing_wakes_every_site_and_retiring_gives_the_library_back(plant: Stand) -> None:
    published = await publish(plant, own_plan(task("look")), slug="solvent-leak")
    async with plant.db.transaction(plant.tenant_id) as tx:
        zhao = await plant.actor("zhao")
        await plan_service.retire_version(tx, zhao, published.id, expected_version=published.revision)
    await plant.engine.load()
    await leak(plant)
    (incident,) = await plant.incidents()
    assert (incident.plan["template"], incident.plan["version"] < 1000) == ("solvent-leak", True)


async def test_a_plan_that_can_not_be_read_any_more_silences_nothing(plant: Stand) -> None:
    published = await publish(plant, own_plan(task("look")))
    async with plant.db.transaction(plant.tenant_id) as tx:
        broken = "UPDATE plan_versions SET body = body - 'tasks' WHERE tenant_id = $1 AND id = $2"
        await tx.execute(broken, plant.tenant_id, published.id)
    await plant.restart()
    await leak(plant)
    (incident,) = await plant.incidents()
    assert incident.plan["template"] == "solvent-leak"


async def test_the_author_does_not_review(plant: Stand) -> None:
    zhao = await plant.actor("zhao")
    async with plant.db.transaction(plant.tenant_id) as tx:
        made = await plan_service.copy_library(tx, zhao, "fire")
        made = await plan_service.submit_draft(tx, zhao, made.id, expected_version=1)
        with pytest.raises(Forbidden):
            await plan_service.review_version(tx, zhao, made.id, "", expected_version=made.revision)


# --- what waits -----------------------------------------------------------------------------------------------------
async def test_a_task_that_waits_is_given_when_the_last_before_it_is_done(plant: Stand) -> None:
    await publish(plant, own_plan(task("a"), task("b"), task("c", after=("a", "b")), task("d", after=("c",))))
    await leak(plant)
    first = await tasks_of(plant)
    assert [t["slug"] for t in first] == ["a", "b"]
    await finish(plant, first[0])
    assert [t["slug"] for t in await tasks_of(plant)] == ["a", "b"]
    await finish(plant, first[1])
    third = (await tasks_of(plant))[2]
    assert (third["slug"], third["state"]) == ("c", "open")
    orders = await plant.rows("SELECT 1 FROM deliveries WHERE tenant_id = $1 AND task_id = $2", third["id"])
    assert len(orders) == 1
    await finish(plant, third)
    assert [t["slug"] for t in await tasks_of(plant)] == ["a", "b", "c", "d"]
    (incident,) = await plant.incidents()
    await check_room(plant, incident)


async def test_an_alarm_that_calls_again_makes_nothing_wait_twice(plant: Stand) -> None:
    await publish(plant, own_plan(task("a"), task("b", after=("a",))))
    await leak(plant)
    await plant.read(GAS, ACETONE, 2100.0)
    assert len(await plant.alarms()) == 2
    assert len(await plant.rows("SELECT 1 FROM waiting_tasks WHERE tenant_id = $1")) == 1
    assert [t["slug"] for t in await tasks_of(plant)] == ["a"]


async def test_closing_forgets_what_waited(plant: Stand) -> None:
    await publish(plant, own_plan(task("a"), task("b", after=("a",))))
    await leak(plant)
    await plant.hold(GAS, ACETONE, 100.0, 12)
    (incident,) = await plant.incidents()
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, await plant.actor("zhao"), incident.id, "stopped")
    assert await plant.rows("SELECT 1 FROM waiting_tasks WHERE tenant_id = $1") == []


# --- steps ----------------------------------------------------------------------------------------------------------
STEPS = (
    StepTemplate(say("tap"), confirm=Confirm("tap"), within_s=60.0),
    StepTemplate(say("two"), confirm=Confirm("second_person")),
    StepTemplate(say("measure"), confirm=Confirm("value", required=False, unit="%{LEL}", high=10.0)),
    StepTemplate(say("look")),
)


async def confirm(plant: Stand, by: Actor, task_id: UUID, n: int, proof: Proof = Proof()) -> Any:  # noqa: B008
    async with plant.db.transaction(plant.tenant_id) as tx:
        return (await step_service.confirm_step(tx, by, task_id, n, proof)).steps


async def test_a_task_is_done_when_its_required_steps_are_confirmed(plant: Stand) -> None:
    await publish(plant, own_plan(task("a", *STEPS)))
    await leak(plant)
    (row,) = await tasks_of(plant)
    mine = await owner(plant, row)
    zhao = await plant.actor("zhao")
    with pytest.raises(Conflict) as refused:
        await finish(plant, row)
    assert refused.value.value == [1, 2]
    await confirm(plant, mine, row["id"], 1)
    await confirm(plant, mine, row["id"], 2)
    with pytest.raises(Forbidden):
        await confirm(plant, mine, row["id"], 2)
    steps = await confirm(plant, mine, row["id"], 3, Proof(value=12.0))
    assert (steps[2].value, steps[2].confirmed_at) == (12.0, None)
    steps = await confirm(plant, zhao, row["id"], 2)
    assert (steps[1].first_by, steps[1].confirmed_by) == (mine.account_id, zhao.account_id)
    await finish(plant, row)
    (incident,) = await plant.incidents()
    await check_room(plant, incident)
    kinds = [r["kind"] for r in await plant.rows("SELECT kind FROM timeline WHERE tenant_id = $1 ORDER BY position")]
    assert kinds.count("task.step_confirmed") == 2
    assert kinds.count("task.step_reported") == 2


async def test_a_step_is_confirmed_by_whom_it_concerns(plant: Stand) -> None:
    await publish(plant, own_plan(task("a", *STEPS)))
    await leak(plant)
    (row,) = await tasks_of(plant)
    with pytest.raises(Forbidden):
        await confirm(plant, await plant.actor("chen"), row["id"], 1)
    with pytest.raises(NotFound):
        await confirm(plant, await owner(plant, row), row["id"], 4)


async def test_a_step_nobody_confirmed_in_time_is_late(plant: Stand) -> None:
    await publish(plant, own_plan(task("a", *STEPS)))
    await leak(plant)
    (incident,) = await plant.incidents()
    zhao = await plant.actor("zhao")
    plant.clock.advance(61.0)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert [late.n for late in await step_service.list_late(tx, zhao, incident.id)] == [1]
    (row,) = await tasks_of(plant)
    await confirm(plant, await owner(plant, row), row["id"], 1)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert await step_service.list_late(tx, zhao, incident.id) == []


# --- what is looked up, and what orders say -------------------------------------------------------------------------
async def test_an_order_says_what_nobody_may_do_and_what_the_agent_is(plant: Stand) -> None:
    zhao = await plant.actor("zhao")
    own = msgspec.structs.replace(CARDS["acetone"], pictograms=("GHS02",))
    async with plant.db.transaction(plant.tenant_id) as tx:
        await card_service.create_card(tx, zhao, "acetone", own)
    await publish(plant, own_plan(task("a"), do_nots=(say("do not run"),)))
    await leak(plant)
    (row,) = await plant.rows("SELECT content FROM deliveries WHERE tenant_id = $1")
    assert row["content"]["do_nots"] == [{"zh": "Do not run：溶剂库", "en": "Do not run at solvent store"}]
    assert row["content"]["card"]["pictograms"] == ["GHS02"]


async def test_the_wind_of_the_sites_own_sensor_decides(plant: Stand) -> None:
    body = own_plan(task("a"), actions=(ActionTemplate("fan", "start", when=WindIs(80, 100)),))
    await publish(plant, body)
    zhao = await plant.actor("zhao")
    (zone,) = await plant.rows("SELECT id FROM zones WHERE tenant_id = $1 AND slug LIKE '%store%' LIMIT 1")
    sensors = await plant.rows("SELECT id FROM sensors WHERE tenant_id = $1 ORDER BY id LIMIT 2")
    question = Question(zone_id=zone["id"], agent="acetone")
    for direction, started in ((None, 0), (90.0, 1), (200.0, 0)):
        async with plant.db.transaction(plant.tenant_id) as tx:
            if direction is not None:
                for sensor, quantity, value in zip(
                    sensors, ("wind_direction", "wind_speed"), (direction, 3.0), strict=True
                ):
                    sql = "UPDATE sensors SET quantity = $3 WHERE tenant_id = $1 AND id = $2"
                    await tx.execute(sql, plant.tenant_id, sensor["id"], quantity)
                    reading = Reading(sensor["id"], tx.now, tx.now, value, 0)
                    await reading_queries.store_readings(tx, plant.tenant_id, [reading])
            shown = await plan_service.preview(tx, zhao, question)
        assert len(shown.plan.actions) == started, direction
        assert (shown.moment.wind is not None) is (direction is not None)
        plant.clock.advance(1.0)


# --- on a person's word ---------------------------------------------------------------------------------------------
async def report(plant: Stand, login: str, **fields: Any) -> Incident:
    (zone,) = await plant.rows("SELECT id FROM zones WHERE tenant_id = $1 ORDER BY slug LIMIT 1")
    known: dict[str, Any] = {"plan": "fire", "zone_id": zone["id"], "reason": "flames at the bench"}
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await start_plan(tx, await plant.actor(login), Report(**(known | fields)))


async def test_a_worker_reports_a_fire_and_everything_follows(plant: Stand) -> None:
    incident = await report(plant, "chen")
    chen = await plant.actor("chen")
    assert (incident.first_out_alarm_id, incident.opened_by, incident.state) == (None, chen.account_id, "open")
    assert incident.grade <= 2
    assert "flames at the bench" in incident.reasons[0].en
    slugs = [t["slug"] for t in await tasks_of(plant)]
    # The plan's tasks, and the one that everybody is ordered out by.
    assert slugs == ["evacuate", "fight", "lead", "call-fire-brigade", "call-ambulance", "evacuate"]
    assert await plant.rows("SELECT 1 FROM deliveries WHERE tenant_id = $1")
    await check_room(plant, incident)
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, incident.id)
        assert await rooms.may_see(tx, chen, room.id), "who reported it sees what becomes of it"


async def test_what_two_people_report_is_one_incident(plant: Stand) -> None:
    first = await report(plant, "chen")
    again = await report(plant, "li", reason="smoke in the corridor")
    other = await report(plant, "li", plan="chemical-splash", reason="acid in the eye")
    assert again.id == first.id
    assert other.id != first.id
    rows = await plant.rows("SELECT facts FROM timeline WHERE tenant_id = $1 AND kind = 'incident.reported_again'")
    assert [r["facts"]["reason"] for r in rows] == ["smoke in the corridor"]


async def test_told_again_that_it_can_not_be_held_it_is_graver_and_the_plan_calls_again(plant: Stand) -> None:
    first = await report(plant, "chen", plan="toxic-gas", agent="chlorine")
    before = {t["slug"] for t in await tasks_of(plant)}
    again = await report(plant, "li", plan="toxic-gas", agent="chlorine", level=2, reason="two people are down")
    assert (again.id, again.grade < first.grade) == (first.id, True)
    assert {t["slug"] for t in await tasks_of(plant)} - before == {"first-aid", "call-fire-brigade", "call-ambulance"}
    await check_room(plant, again)


async def test_a_person_closes_what_a_person_opened_and_what_it_started_ends(plant: Stand) -> None:
    incident = await report(plant, "chen")
    started = {c.action for c in await plant.commands()}
    zhao = await plant.actor("zhao")
    with pytest.raises(Conflict, match="all-clear"):
        async with plant.db.transaction(plant.tenant_id) as tx:
            await closing.close_incident(tx, zhao, incident.id, "out")
    await plant.all_clear(incident.id)
    async with plant.db.transaction(plant.tenant_id) as tx:
        closed = await closing.close_incident(tx, zhao, incident.id, "out")
    assert closed.state == "closed"
    after = {c.action for c in await plant.commands()}
    assert ("silence" in after) is ("sound" in started)


async def test_a_drill_started_by_hand_moves_no_machine(plant: Stand) -> None:
    await report(plant, "zhao", exercise=True)
    assert all(command.inhibited for command in await plant.commands())


async def test_a_plan_that_is_not_for_people_is_started_by_those_who_run_incidents(plant: Stand) -> None:
    with pytest.raises(Forbidden):
        await report(plant, "chen", plan="no-data")
    assert (await report(plant, "zhao", plan="no-data")).plan["template"] == "no-data"
    with pytest.raises(NotFound):
        await report(plant, "chen", plan="no-such-plan")
    with pytest.raises(NotFound):
        await report(plant, "chen", zone_id=new_id())


async def test_an_alarm_next_to_a_reported_release_joins_it_and_does_not_return_it(plant: Stand) -> None:
    (zone,) = await plant.rows(
        "SELECT z.id FROM zones z JOIN sensors s ON s.tenant_id = z.tenant_id AND s.zone_id = z.id"
        " WHERE z.tenant_id = $1 AND s.id = $2",
        await plant.sensor(GAS, ACETONE),
    )
    incident = await report(plant, "chen", plan="solvent-leak", agent="acetone", zone_id=zone["id"])
    await leak(plant)
    assert [i.id for i in await plant.incidents()] == [incident.id]
    await plant.hold(GAS, ACETONE, 100.0, 12)
    (known,) = await plant.incidents()
    assert known.state == "open"


async def test_numbers_of_versions_are_never_used_again(plant: Stand) -> None:
    first = await publish(plant, own_plan(task("a")))
    await leak(plant)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert await plan_queries.next_version(tx, plant.tenant_id, "our-leak") == first.version + 1
        assert await plan_queries.next_version(tx, plant.tenant_id, "solvent-leak") == 1001
