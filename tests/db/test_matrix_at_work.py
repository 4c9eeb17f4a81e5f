"""A matrix's way from a draft to machines, and a past under a draft that moves none."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.errors import Conflict, Forbidden, Invalid
from core.ids import new_id
from incidents import closing
from incidents.alarms import alarm_queries, suppression_service
from incidents.alarms.suppression_queries import AlarmSettings
from incidents.context import load_context
from incidents.matrix import job, live, queries, timers
from incidents.matrix import service as matrices
from incidents.matrix.model import Cause, Cell, Condition, Effect, Matrix, MatrixBody, MatrixReplay
from incidents.matrix.queries import RuleRow
from incidents.record import timeline
from mobile_contract.text import Text
from people.actor import Actor
from plant.place_service import CHANGED
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

NAME = Text("名", "name")
ROOT = Path(__file__).parent.parent.parent
GAS, ACETONE = "gas-store-1", "acetone"


class Scene:
    """The demo plant, and the two people a matrix needs."""

    def __init__(self, plant: Stand, zhao: Actor, admin: Actor) -> None:
        self.plant = plant
        self.zhao = zhao
        self.admin = admin
        self.site_id = plant.lease.site_id

    async def actuator(self, device: str) -> UUID:
        """The actuator of a device."""
        (row,) = await self.plant.rows(
            "SELECT a.id FROM actuators a JOIN devices d ON d.tenant_id = a.tenant_id AND d.id = a.device_id"
            " WHERE a.tenant_id = $1 AND d.slug = $2",
            device,
        )
        found: UUID = row["id"]
        return found

    async def draft(self, body: MatrixBody) -> Matrix:
        """zhao's draft."""
        async with self.plant.db.transaction(self.plant.tenant_id) as tx:
            return await matrices.create_matrix(tx, self.zhao, self.site_id, body, "")

    async def publish(self, body: MatrixBody) -> Matrix:
        """A version in force, known to the engine."""
        made = await self.draft(body)
        for step in (matrices.review_matrix, matrices.publish_matrix):
            async with self.plant.db.transaction(self.plant.tenant_id) as tx:
                made = await step(tx, self.admin, made.id, expected_version=made.version)
        await self.plant.restart()
        return made

    async def one(self, agent: str, device: str, action: str, **how: Any) -> MatrixBody:
        """One cause and one actuator's action."""
        effect = Effect(slug="act", name=NAME, actuator=await self.actuator(device), action=action)
        return MatrixBody(
            causes=(Cause(slug="gas", name=NAME, agent=agent),),
            effects=(effect, Effect(slug="leave", name=NAME, evacuate="building"), PLAN),
            cells=(Cell(cause="gas", effect="act", **how), Cell(cause="gas", effect="leave"), PLAN_CELL),
        )

    async def asked(self, device: str) -> list[str]:
        """What the actuator was asked, in order."""
        actuator_id = await self.actuator(device)
        return [c.action for c in await self.plant.commands() if c.actuator_id == actuator_id]

    async def leak(self) -> None:
        """Acetone above its first level."""
        await self.plant.hold(GAS, ACETONE, 1100.0, 3)

    async def shake(self, value: float = 12.0) -> None:
        """The spindle vibrates beyond its limits: a plan without commands."""
        await self.plant.hold("spindle-1", "vibration", value, 20)

    async def close(self) -> None:
        """zhao closes the only incident."""
        (incident,) = await self.plant.incidents()
        await self.plant.all_clear(incident.id)
        async with self.plant.db.transaction(self.plant.tenant_id) as tx:
            await closing.close_incident(tx, self.zhao, incident.id, "over")

    async def record(self) -> list[str]:
        """Kinds of lines of the first incident's timeline that are the matrix'."""
        incident = (await self.plant.incidents())[0]
        async with self.plant.db.transaction(self.plant.tenant_id) as tx:
            entries = await timeline.list_entries(tx, self.plant.tenant_id, incident.id, limit=200)
        return [e.kind for e in entries if e.kind.startswith("matrix.") or e.kind == "command.refused"]


PLAN = Effect(slug="plan", name=NAME, plan="solvent-leak")
PLAN_CELL = Cell(cause="gas", effect="plan")


@pytest_asyncio.fixture
async def scene(demo_clone: Clone) -> AsyncIterator[Scene]:
    async with stand(demo_clone) as plant:
        yield Scene(plant, await plant.actor("zhao"), await plant.actor("admin"))


async def test_a_version_is_reviewed_by_somebody_else_and_then_published(scene: Scene) -> None:
    db, tenant_id = scene.plant.db, scene.plant.tenant_id
    body = await scene.one("acetone", "spindle-1", "stop")
    draft = await scene.draft(body)
    async with db.transaction(tenant_id) as tx:
        with pytest.raises(Conflict, match="does not review it"):
            await matrices.review_matrix(tx, scene.zhao, draft.id, expected_version=1)
        with pytest.raises(Conflict, match="version 1 is draft"):
            await matrices.publish_matrix(tx, scene.admin, draft.id, expected_version=1)
        with pytest.raises(Conflict, match="this is version 1"):
            await matrices.review_matrix(tx, scene.admin, draft.id, expected_version=7)
    async with db.transaction(tenant_id) as tx:
        reviewed = await matrices.review_matrix(tx, scene.admin, draft.id, expected_version=1)
    assert (reviewed.state, reviewed.reviewed_by, reviewed.version) == ("reviewed", scene.admin.account_id, 2)


async def test_an_edit_takes_the_review_back_and_makes_its_author_an_author(scene: Scene) -> None:
    db, tenant_id = scene.plant.db, scene.plant.tenant_id
    draft = await scene.draft(await scene.one("acetone", "spindle-1", "stop"))
    async with db.transaction(tenant_id) as tx:
        await matrices.review_matrix(tx, scene.admin, draft.id, expected_version=1)
    async with db.transaction(tenant_id) as tx:
        edited = await matrices.edit_matrix(tx, scene.admin, draft.id, body=None, note="better", expected_version=2)
    assert (edited.state, edited.reviewed_by) == ("draft", None)
    assert edited.authors == [scene.zhao.account_id, scene.admin.account_id]
    async with db.transaction(tenant_id) as tx:
        with pytest.raises(Conflict, match="does not review it"):
            await matrices.review_matrix(tx, scene.admin, draft.id, expected_version=3)


async def test_what_does_not_fit_the_plant_is_not_reviewed(scene: Scene) -> None:
    body = await scene.one("acetone", "fan-store-1", "sing")
    draft = await scene.draft(body)
    async with scene.plant.db.transaction(scene.plant.tenant_id) as tx:
        with pytest.raises(Invalid, match="proves no sing") as caught:
            await matrices.review_matrix(tx, scene.admin, draft.id, expected_version=1)
    assert caught.value.value == {"code": "effect.action", "row": None, "column": "act", "errors": 1}


async def test_one_version_is_in_force_and_the_one_before_stays_readable(scene: Scene) -> None:
    first = await scene.publish(await scene.one("acetone", "spindle-1", "stop"))
    second = await scene.publish(await scene.one("acetone", "spindle-1", "stop", how="latch"))
    async with scene.plant.db.transaction(scene.plant.tenant_id) as tx:
        before = await matrices.get_matrix(tx, scene.zhao, first.id)
        listed = await matrices.list_matrices(tx, scene.zhao, state="published", limit=10)
        context = await load_context(tx, scene.plant.tenant_id, scene.site_id)
        changes = await matrices.compare_matrices(tx, scene.zhao, first.id, None)
        with pytest.raises(Conflict, match="superseded"):
            await matrices.edit_matrix(
                tx, scene.zhao, first.id, body=None, note="late", expected_version=before.version
            )
    assert (before.state, [m.id for m in listed]) == ("superseded", [second.id])
    assert context.matrix is not None
    assert (context.matrix.id, context.matrix.number, context.matrix.tz) == (second.id, 2, "Asia/Shanghai")
    assert [(c.kind, c.row, c.column) for c in changes] == [("changed", "gas", "act")]
    news = await scene.plant.rows("SELECT key FROM outbox WHERE tenant_id = $1 AND kind = $2", CHANGED)
    assert str(scene.site_id) in {row["key"] for row in news}


async def test_effects_come_beside_the_plans_commands(scene: Scene) -> None:
    await scene.publish(await scene.one("acetone", "spindle-1", "stop"))
    await scene.leak()
    assert await scene.asked("spindle-1") == ["stop"]
    assert await scene.asked("fan-store-1") == ["start"]
    assert len(await scene.plant.commands()) == 6
    async with scene.plant.db.transaction(scene.plant.tenant_id) as tx:
        context = await load_context(tx, scene.plant.tenant_id, scene.site_id)
        alarm = (await scene.plant.alarms())[0]
        (watched,) = await alarm_queries.find_rules(tx, scene.plant.tenant_id, [alarm.rule_id])
        found = await live.find_effects(tx, context, watched.rule)
    assert [(e.scope, e.cause) for e in found.evacuations] == [("building", "gas")]
    assert [p.slug for p in found.plans] == ["solvent-leak"]


@pytest.mark.parametrize("how", ["follow", "inhibit"])
async def test_a_matrix_takes_nothing_from_a_plan(scene: Scene, how: str) -> None:
    body = await scene.one("acetone", "fan-store-1", "stop", how="follow")
    if how == "inhibit":
        start = Effect(slug="start", name=NAME, actuator=await scene.actuator("fan-store-1"), action="start")
        cells = (*body.cells[1:], Cell(cause="gas", effect="start", how="inhibit"))
        body = msgspec.structs.replace(body, effects=(*body.effects[1:], start), cells=cells)
    await scene.publish(body)
    await scene.leak()
    assert await scene.asked("fan-store-1") == ["start"]


async def test_an_effect_never_undoes_what_another_open_incident_asked_for(scene: Scene) -> None:
    await scene.publish(await scene.one("vibration", "fan-store-1", "stop"))
    await scene.leak()
    await scene.shake()
    assert await scene.asked("fan-store-1") == ["start"]
    incidents = await scene.plant.incidents()
    assert len(incidents) == 2
    async with scene.plant.db.transaction(scene.plant.tenant_id) as tx:
        entries = await timeline.list_entries(tx, scene.plant.tenant_id, incidents[1].id, limit=200)
    assert "matrix.withheld" in [e.kind for e in entries]


@pytest.mark.parametrize(("how", "after"), [("follow", ["start", "stop"]), ("latch", ["start"])])
async def test_closing_lets_go_of_what_followed_and_not_of_what_latched(
    scene: Scene, how: str, after: list[str]
) -> None:
    await scene.publish(await scene.one("vibration", "fan-store-1", "start", how=how))
    await scene.shake()
    assert await scene.asked("fan-store-1") == ["start"]
    await scene.shake(0.5)
    await scene.close()
    assert await scene.asked("fan-store-1") == after


async def test_a_delayed_effect_comes_when_the_alarm_has_stood_for_so_long_and_once(scene: Scene) -> None:
    await scene.publish(await scene.one("vibration", "fan-store-1", "start", delay_s=60))
    await scene.shake()
    assert await scene.asked("fan-store-1") == []
    assert await timers.fire_due(scene.plant.db) == 0
    scene.plant.clock.advance(120)
    assert await timers.fire_due(scene.plant.db) >= 1
    assert await timers.fire_due(scene.plant.db) == 0
    assert await scene.asked("fan-store-1") == ["start"]
    assert set(await scene.record()) == {"matrix.waiting"}


async def test_a_delayed_effect_does_not_come_when_the_alarm_went_away_meanwhile(scene: Scene) -> None:
    await scene.publish(await scene.one("vibration", "fan-store-1", "start", delay_s=300))
    await scene.shake()
    await scene.shake(0.5)
    scene.plant.clock.advance(600)
    assert await timers.fire_due(scene.plant.db) == 0
    assert await scene.asked("fan-store-1") == []
    assert await scene.plant.rows("SELECT id FROM matrix_timers WHERE tenant_id = $1") == []


async def test_what_two_causes_lead_to_comes_with_the_last_of_them_and_where_the_first_is(scene: Scene) -> None:
    both = Condition(with_cause="shaking")
    effect = Effect(slug="act", name=NAME, actuator=await scene.actuator("spindle-1"), action="stop")
    leave = Effect(slug="leave", name=NAME, evacuate="zone")
    await scene.publish(
        MatrixBody(
            causes=(Cause(slug="gas", name=NAME, agent="acetone"), Cause(slug="shaking", name=NAME, agent="vibration")),
            effects=(effect, leave),
            cells=tuple(Cell(cause="gas", effect=slug, condition=both) for slug in ("act", "leave")),
        )
    )
    await scene.leak()
    assert await scene.asked("spindle-1") == []
    await scene.shake(3.0)
    assert await scene.asked("spindle-1") == ["stop"]
    calls = await scene.plant.rows("SELECT zone_ids FROM roll_calls WHERE tenant_id = $1")
    store = (await scene.plant.alarms())[0].zone_id
    assert [store in call["zone_ids"] for call in calls] == [True]


async def test_a_flood_folds_no_evacuation_that_the_matrix_asks_for(scene: Scene) -> None:
    plant = scene.plant
    (rule,) = await plant.rows(
        "SELECT id FROM alarm_rules WHERE tenant_id = $1 AND sensor_id = $2 AND level = 2 AND kind = 'high'",
        await plant.sensor("spindle-1", "vibration"),
    )
    await scene.publish(
        MatrixBody(
            causes=(Cause(slug="wild", name=NAME, rule=rule["id"]),),
            effects=(Effect(slug="leave", name=NAME, evacuate="zone"),),
            cells=(Cell(cause="wild", effect="leave"),),
        )
    )
    async with plant.db.transaction(plant.tenant_id) as tx:
        few = AlarmSettings(scene.site_id, flood_start_above=1, flood_end_below=1)
        await suppression_service.edit_settings(tx, scene.admin, few)
    await scene.leak()
    await scene.shake(3.0)
    assert await plant.rows("SELECT id FROM floods WHERE tenant_id = $1 AND ended_at IS NULL")
    await scene.shake(9.0)
    assert len(await plant.rows("SELECT id FROM roll_calls WHERE tenant_id = $1")) == 1


async def test_a_matrix_that_no_longer_fits_stops_no_alarm(scene: Scene) -> None:
    await scene.publish(await scene.one("acetone", "spindle-1", "stop"))
    await scene.plant.rows(
        "UPDATE actuators SET retired_at = created_at WHERE tenant_id = $1 AND id = $2",
        await scene.actuator("spindle-1"),
    )
    await scene.leak()
    assert len(await scene.plant.alarms()) == 1
    assert await scene.asked("spindle-1") == []
    assert await scene.record() == ["command.refused"]


@pytest.mark.parametrize(("kind", "votes"), [("vote", True), ("high", False), ("discrepancy", False)])
def test_only_a_groups_vote_is_its_vote(kind: str, votes: bool) -> None:
    group_id = new_id()
    row = RuleRow(new_id(), kind, 2, False, new_id(), "acetone", group_id)
    assert live.source_of_rule(row).vote == (group_id if votes else None)


def test_a_replay_knows_a_groups_vote_as_the_live_matrix_does() -> None:
    row = RuleRow(new_id(), "vote", 2, False, new_id(), "acetone", new_id())
    event = queries.LoggedEvent(new_id(), datetime(2026, 3, 1, tzinfo=UTC), "raised", row.id, row.zone_id, row.level)
    assert job._cause_event(event, {row.id: row}).source == live.source_of_rule(row)


async def _replay(scene: Scene, draft: Matrix) -> MatrixReplay:
    plant = scene.plant
    async with plant.db.transaction(plant.tenant_id) as tx:
        start, end = tx.now - timedelta(hours=1), tx.now
        asked = await matrices.request_replay(tx, scene.zhao, draft.id, start, end)
    assert await job.run_waiting(plant.db, "one") == 1
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await matrices.get_replay(tx, scene.zhao, asked.id)


async def test_a_replay_says_what_a_draft_would_have_done_and_does_nothing(scene: Scene) -> None:
    await scene.publish(await scene.one("acetone", "spindle-1", "stop", delay_s=5))
    await scene.leak()
    scene.plant.clock.advance(100)
    before = [c.id for c in await scene.plant.commands()]
    draft = await scene.draft(await scene.one("acetone", "spindle-1", "stop"))
    done = await _replay(scene, draft)
    assert (done.state, done.progress, done.error) == ("done", 1.0, None)
    result = msgspec.convert(done.result, job.Result)
    assert result.commands == job.Counts(earlier=1)
    assert (result.evacuations, result.plans) == (job.Counts(), job.Counts())
    (difference,) = result.differences
    assert (difference.kind, difference.seconds, difference.target.action) == ("earlier", 5.0, "stop")
    assert [c.id for c in await scene.plant.commands()] == before


async def test_a_replay_can_be_cancelled_and_a_killed_couriers_is_taken_over(scene: Scene) -> None:
    plant = scene.plant
    draft = await scene.draft(await scene.one("acetone", "spindle-1", "stop"))
    async with plant.db.transaction(plant.tenant_id) as tx:
        asked = await matrices.request_replay(tx, scene.zhao, draft.id, tx.now - timedelta(days=1), tx.now)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert await queries.lease_replay(tx, plant.tenant_id, asked.id, "killed", tx.now + job.LEASE)
    assert await job.run_waiting(plant.db, "other") == 0
    plant.clock.advance(job.LEASE.total_seconds() + 1)
    assert await job.run_waiting(plant.db, "other") == 1
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert (await matrices.get_replay(tx, scene.zhao, asked.id)).state == "done"
        again = await matrices.request_replay(tx, scene.zhao, draft.id, tx.now - timedelta(days=1), tx.now)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert await queries.lease_replay(tx, plant.tenant_id, again.id, "me", tx.now + job.LEASE)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert (await matrices.cancel_replay(tx, scene.zhao, again.id)).state == "cancelled"
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert not await queries.save_progress(tx, plant.tenant_id, again.id, "me", 0.5, tx.now + job.LEASE)
        assert not await queries.end_replay(tx, plant.tenant_id, again.id, "me", "done", result={})
        assert (await matrices.cancel_replay(tx, scene.zhao, again.id)).state == "cancelled"


async def test_replays_are_of_the_past_and_bounded(scene: Scene) -> None:
    plant = scene.plant
    draft = await scene.draft(MatrixBody())
    async with plant.db.transaction(plant.tenant_id) as tx:
        now, day = tx.now, timedelta(days=1)
        for start, end in ((now - day, now + day), (now, now - day), (now - 32 * day, now)):
            with pytest.raises(Invalid):
                await matrices.request_replay(tx, scene.zhao, draft.id, start, end)
        for _ in range(matrices.OPEN_REPLAYS_MAX):
            await matrices.request_replay(tx, scene.zhao, draft.id, now - day, now)
        with pytest.raises(Conflict, match="wait already"):
            await matrices.request_replay(tx, scene.zhao, draft.id, now - day, now)


# A replay's modules, and what none of them may reach: whatever asks a machine, a person or the outside for anything.
_REPLAY_MODULES = ("incidents/matrix/replay.py", "incidents/matrix/job.py", "incidents/matrix/effects.py")
_WAYS_OUT = ("command", "planning", "outlet", "orders", "deliver", "live", "timers", "plant.service", "response")


@pytest.mark.parametrize("path", _REPLAY_MODULES)
def test_a_replay_knows_no_way_to_a_command(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    imported = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            imported += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
    assert [name for name in imported if any(way in name.lower() for way in _WAYS_OUT)] == []


async def test_the_services_ask_for_permission_first(scene: Scene) -> None:
    chen = await scene.plant.actor("chen")
    async with scene.plant.db.transaction(scene.plant.tenant_id) as tx:
        for use in (
            matrices.list_matrices(tx, chen, limit=1),
            matrices.create_matrix(tx, chen, scene.site_id, None, ""),
            matrices.review_matrix(tx, chen, scene.site_id, expected_version=1),
            matrices.publish_matrix(tx, chen, scene.site_id, expected_version=1),
            matrices.compare_matrices(tx, chen, scene.site_id, None),
            matrices.request_replay(tx, chen, scene.site_id, tx.now, tx.now),
            matrices.cancel_replay(tx, chen, scene.site_id),
            matrices.list_replays(tx, chen, limit=1),
        ):
            with pytest.raises(Forbidden):
                await use
