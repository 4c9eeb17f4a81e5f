"""Rotas through their edits in the database, who is on duty within a time, and news of swaps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.clock import ManualClock
from core.database import Database, Tx
from core.errors import Invalid
from core.outbox import Listener
from migrations import runner
from mobile_contract.rotas import Layer, RotaDefinition, Window
from mobile_contract.text import Text
from people.rotas import duty_service, holiday_service, rota_service, service, swap_service
from people.rotas.model import Holiday
from people.rotas.rota_service import RotaChange, RotaDraft
from people.rotas.swap_service import CHANGED
from tests import incident_world
from tests.clusters import Clone
from tests.db.test_rotas import NAME, NOW, Scene, _Counting, scene

__all__ = ["scene"]


def of(*people: UUID, **fields: Any) -> RotaDefinition:
    """Turns of these people from day to day, or as said."""
    given = {"every_days": 1} | fields
    return RotaDefinition([Layer(NAME, [[it] for it in people], date(2026, 3, 1), "08:00", **given)])


@asynccontextmanager
async def at(scene: Scene, moment: datetime) -> AsyncIterator[Tx]:
    """A transaction at this moment."""
    async with scene.db.transaction(scene.ann.tenant_id) as tx:
        tx.now = moment
        yield tx


async def who(tx: Tx, scene: Scene, moment: datetime) -> list[tuple[str, UUID, datetime]]:
    """Rota, person and since when, of everybody on duty."""
    duties = await service.list_duties(tx, scene.ann.tenant_id, moment)
    return [(it.rota, it.account_id, it.starts_at) for it in duties]


async def test_edits_of_any_kind_change_no_answer_about_before(scene: Scene) -> None:
    """Definition, time zone, calendar, retired and used again, an override: what was said of each hour before stays."""
    chance = random.Random(7)
    ann, bo = scene.ann.account_id, scene.bo.account_id
    async with at(scene, NOW) as tx:
        calendar = await holiday_service.create_calendar(tx, scene.officer, "china", NAME)
        change = holiday_service.CalendarChange(days=[Holiday(date(2026, 3, 5), NAME)])
        await holiday_service.edit_calendar(tx, scene.officer, calendar.id, change, expected_version=1)
    mondays = of(bo, windows=[Window("00:00", "00:00", ["sun"])])
    edits = [
        RotaChange(definition=of(bo, ann)),
        RotaChange(tz="Asia/Shanghai"),
        RotaChange(definition=mondays, calendar_id=calendar.id),
        RotaChange(retired=True),
        RotaChange(retired=False, calendar_id=None),
        RotaChange(name=Text("新", "New"), definition=of(ann, every_days=2)),
    ]
    now = NOW
    said: dict[datetime, list[tuple[str, UUID, datetime]]] = {}
    for version, edit in enumerate(edits, start=1):
        now += timedelta(hours=chance.randint(5, 40), minutes=chance.randint(0, 59))
        async with at(scene, now) as tx:
            for moment in [NOW - timedelta(days=3) + timedelta(hours=7 * step) for step in range(40)]:
                if moment < now:
                    said.setdefault(moment, await who(tx, scene, moment))
            await rota_service.edit_rota(tx, scene.officer, scene.rota, edit, expected_version=version)
    async with at(scene, now) as tx:
        assert {moment: await who(tx, scene, moment) for moment in said} == said
        period = min(said), max(said)
        calendar_now = await duty_service.list_rota_duties(tx, scene.ann, scene.rota, *period)
    assert {
        moment: [it.account_id for it in calendar_now if it.starts_at <= moment < it.ends_at and it.account_id]
        for moment in said
        if moment < period[1]
    } == {moment: [person for _, person, _ in answer] for moment, answer in said.items() if moment < period[1]}
    assert len({person for answer in said.values() for _, person, _ in answer}) == 2
    assert [] in said.values()


async def test_edited_rotas_are_still_two_queries(scene: Scene) -> None:
    async with at(scene, NOW + timedelta(hours=5)) as tx:
        for number in range(30):
            made = await rota_service.create_rota(
                tx, None, RotaDraft(f"rota-{number}", NAME, "UTC", "on_call", of(scene.ann.account_id))
            )
            tx.now += timedelta(seconds=1)
            edit = RotaChange(definition=of(scene.bo.account_id))
            await rota_service.edit_rota(tx, scene.officer, made.id, edit, expected_version=1)
        counting = _Counting(tx.connection, scene.ann.tenant_id, tx.now)
        now = {person for _, person, _ in (await who(counting, scene, tx.now))[1:]}
        assert counting.asked == 2
        before = {person for _, person, _ in (await who(counting, scene, NOW))[1:]}
    assert (now, before) == ({scene.bo.account_id}, {scene.ann.account_id})


async def test_a_process_whose_clock_is_behind_still_makes_the_next_version(scene: Scene) -> None:
    ann, bo = scene.ann.account_id, scene.bo.account_id
    async with at(scene, NOW + timedelta(hours=1)) as tx:
        await rota_service.edit_rota(tx, scene.officer, scene.rota, RotaChange(definition=of(ann)), expected_version=1)
    async with at(scene, NOW) as tx:
        await rota_service.edit_rota(tx, scene.officer, scene.rota, RotaChange(definition=of(bo)), expected_version=2)
        versions = await rota_service.list_versions(tx, scene.ann, scene.rota, before=None, limit=9)
        assert [(it.version, it.valid_from - NOW, it.valid_until and it.valid_until - NOW) for it in versions] == [
            (3, timedelta(hours=1), None),
            (2, timedelta(hours=1), timedelta(hours=1)),
            (1, timedelta(0), timedelta(hours=1)),
        ]
        assert [person for _, person, _ in await who(tx, scene, NOW + timedelta(hours=2))] == [bo]


async def test_somebody_whom_an_edit_took_out_finds_the_duties_they_had(scene: Scene) -> None:
    now = NOW + timedelta(days=1, hours=3)
    async with at(scene, now) as tx:
        edit = RotaChange(definition=of(scene.bo.account_id))
        await rota_service.edit_rota(tx, scene.officer, scene.rota, edit, expected_version=1)
        duties = await duty_service.list_person_duties(
            tx, scene.ann, scene.ann.account_id, NOW, NOW + timedelta(days=9)
        )
        gaps, _ = await duty_service.list_gaps(tx, scene.ann, 9, site_id=None, after="", limit=9)
    assert [(it.starts_at, it.ends_at) for it in duties] == [(NOW + timedelta(days=1), now)]
    assert gaps == []


async def test_a_swap_of_a_duty_that_an_edit_took_away_is_refused(scene: Scene) -> None:
    swap = await scene.propose()
    async with at(scene, NOW + timedelta(hours=1)) as tx:
        edit = RotaChange(definition=of(scene.bo.account_id))
        await rota_service.edit_rota(tx, scene.officer, scene.rota, edit, expected_version=1)
        with pytest.raises(Exception, match="not, or no longer"):
            await swap_service.answer_swap(tx, scene.bo, swap, "accept")


async def test_within_a_time_are_those_whose_duties_begin_before_its_end(scene: Scene) -> None:
    """Ann, who is on between two looks alone, is somebody to look at before."""
    tenant_id, bo, ann = scene.ann.tenant_id, scene.bo.account_id, scene.ann.account_id
    async with at(scene, NOW) as tx:
        until = NOW + timedelta(days=2, hours=1)
        assert {person for _, person, _ in (*await who(tx, scene, NOW), *await who(tx, scene, until))} == {bo}
        on_duty = [
            await service.list_people_on_duty(tx, tenant_id, NOW, NOW + timedelta(hours=hours))
            for hours in (0, 24, 25, 49)
        ]
        assert on_duty == [{bo}, {bo}, {bo, ann}, {bo, ann}]
        assert await service.list_people_on_duty(tx, tenant_id, NOW, until, site_id=UUID(int=1)) == frozenset()
        with pytest.raises(Invalid, match="at most 92 days"):
            await service.list_people_on_duty(tx, tenant_id, NOW, NOW + timedelta(days=93))


async def test_a_proposal_and_each_answer_to_it_are_heard_of(scene: Scene, clone: Clone) -> None:
    async with asyncio.TaskGroup() as tasks:
        listener = Listener(clone.app_url)
        running = tasks.create_task(listener.run())
        async with listener.subscribe({CHANGED}) as news:
            await asyncio.wait_for(listener.listening.wait(), 10)
            first, second, third = [await scene.propose() for _ in range(3)]
            async with scene.db.transaction(scene.bo.tenant_id) as tx:
                await swap_service.answer_swap(tx, scene.bo, first, "decline")
                await swap_service.answer_swap(tx, scene.bo, second, "accept")
            async with scene.db.transaction(scene.ann.tenant_id) as tx:
                await swap_service.withdraw_swap(tx, scene.ann, third)
            heard: list[str] = []
            async with asyncio.timeout(10):
                while len(heard) < 6:
                    it = await anext(news)
                    heard += [it.key] if it.kind == CHANGED else []
        running.cancel()
    assert heard == [str(it) for it in (first, second, third, first, second, third)]


async def test_rotas_that_are_there_become_their_first_version(clone: Clone, tmp_path: Path) -> None:
    """As the migration finds them: one in use, one retired, which nobody is on duty by from then on."""
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    async with Database.connect(clone.app_url, ManualClock(now)) as db, db.transaction(clone.tenant_id) as tx:
        ann = await incident_world.add_account(tx, "ann")
        for slug in ("used", "retired"):
            await rota_service.create_rota(tx, None, RotaDraft(slug, NAME, "UTC", "shift", of(ann)))
    owner = await asyncpg.connect(clone.owner_url)
    try:
        retired = "UPDATE rotas SET retired_at = $1, version = 2 WHERE slug = 'retired'"
        await owner.execute(retired, now + timedelta(hours=1))
        await owner.execute("DROP TABLE rota_versions")
        name = "0024_rota_versions.sql"
        await owner.execute((runner.SQL_DIR / name).read_text(encoding="utf-8"))
        rows = await owner.fetch(
            "SELECT r.slug, v.version, v.valid_from, v.valid_until, v.retired FROM rota_versions v"
            " JOIN rotas r ON r.id = v.rota_id ORDER BY 1, 2"
        )
    finally:
        await owner.close()
    later = now + timedelta(hours=1)
    assert [tuple(row) for row in rows] == [
        ("retired", 1, now, later, False),
        ("retired", 2, later, None, True),
        ("used", 1, now, None, False),
    ]
    async with Database.connect(clone.app_url, ManualClock(now)) as db, db.transaction(clone.tenant_id) as tx:
        for moment, there in ((now, ["retired", "used"]), (later, ["used"])):
            assert [it.rota for it in await service.list_duties(tx, clone.tenant_id, moment)] == there
