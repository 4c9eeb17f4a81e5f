"""Rotas in the database: the demo plant's, a swap raced by an override, and what 300 rotas cost in queries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database, Tx
from core.errors import Conflict
from mobile_contract.rotas import Layer, RotaDefinition
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Role
from people.rotas import duty_service, rota_service, service, swap_service, team_service
from people.rotas.rota_service import OverrideDraft, RotaDraft
from people.rotas.swap_service import DutyTime, SwapDraft
from tests import incident_world
from tests.clusters import Clone

NAME = Text("班", "Rota")
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


async def test_the_demo_plant_has_somebody_on_shift_and_on_call_at_every_hour(demo_clone: Clone) -> None:
    async with (
        Database.connect(demo_clone.app_url, max_size=2) as db,
        db.transaction(demo_clone.tenant_id) as tx,
    ):
        for hours in range(0, 24 * 14, 5):
            duties = await service.list_duties(tx, demo_clone.tenant_id, NOW + timedelta(hours=hours))
            assert {duty.rota for duty in duties} == {"day-night", "on-call"}
            assert len([duty for duty in duties if duty.rota == "on-call"]) == 2
        teams = await service.list_team_members(tx, demo_clone.tenant_id)
        assert sorted(len(members) for members in teams.values()) == [1, 2]


class Scene(msgspec.Struct, frozen=True):
    """Two people who take turns from day to day, and an officer."""

    db: Database
    ann: Actor
    bo: Actor
    officer: Actor
    rota: UUID

    async def propose(self) -> UUID:
        """Ann's duty of the third, for bo."""
        async with self.db.transaction(self.ann.tenant_id) as tx:
            duty = DutyTime(self.rota, 0, NOW + timedelta(days=1), NOW + timedelta(days=2))
            return (await swap_service.propose_swap(tx, self.ann, SwapDraft(self.bo.account_id, duty))).id


@pytest_asyncio.fixture
async def scene(clone: Clone) -> AsyncIterator[Scene]:
    async with Database.connect(clone.app_url, ManualClock(NOW)) as db:
        async with db.transaction(clone.tenant_id) as tx:
            ids = [await incident_world.add_account(tx, login) for login in ("ann", "bo")]
            officer = await incident_world.add_account(tx, "officer", "safety_officer")
            layer = Layer(NAME, [[it] for it in ids], date(2026, 3, 1), "08:00", every_days=1)
            draft = RotaDraft("rota", NAME, "UTC", "on_call", RotaDefinition([layer]))
            rota = await rota_service.create_rota(tx, None, draft)
        ann, bo = (Actor(clone.tenant_id, it, Role.RESPONDER) for it in ids)
        yield Scene(db, ann, bo, Actor(clone.tenant_id, officer, Role.SAFETY_OFFICER), rota.id)


async def test_a_swap_and_an_override_of_one_duty_do_not_both_pass_unseen(scene: Scene) -> None:
    """Whoever commits second sees the first: the override stands on the swap's result, or the swap is refused."""
    swap = await scene.propose()

    async def accept() -> bool:
        async with scene.db.transaction(scene.bo.tenant_id) as tx:
            try:
                await swap_service.answer_swap(tx, scene.bo, swap, "accept")
            except Conflict:
                return False
            return True

    async def override() -> None:
        async with scene.db.transaction(scene.officer.tenant_id) as tx:
            draft = OverrideDraft(NOW + timedelta(days=1), NOW + timedelta(days=2), "ill", scene.ann.account_id)
            await rota_service.add_override(tx, scene.officer, scene.rota, draft)

    accepted, _ = await asyncio.gather(accept(), override())
    async with scene.db.transaction(scene.ann.tenant_id) as tx:
        duties = await service.list_duties(tx, scene.ann.tenant_id, NOW + timedelta(days=1, hours=1))
    # After the swap ann has nothing to be removed from; before it her duty was gone, and bo's answer came too late.
    assert [duty.account_id for duty in duties] == ([scene.bo.account_id] if accepted else [])


async def test_two_who_answer_at_once_are_answered_in_turn(scene: Scene) -> None:
    swap = await scene.propose()

    async def withdraw() -> str:
        async with scene.db.transaction(scene.ann.tenant_id) as tx:
            return (await swap_service.withdraw_swap(tx, scene.ann, swap)).state

    async def accept() -> str:
        async with scene.db.transaction(scene.bo.tenant_id) as tx:
            return (await swap_service.answer_swap(tx, scene.bo, swap, "accept")).state

    first, second = await asyncio.gather(withdraw(), accept(), return_exceptions=True)
    assert isinstance(first, Conflict) != isinstance(second, Conflict)


async def test_somebody_disabled_can_not_accept_a_duty(scene: Scene) -> None:
    swap = await scene.propose()
    async with scene.db.transaction(scene.bo.tenant_id) as tx:
        await tx.execute("UPDATE accounts SET disabled_at = $2 WHERE id = $1", scene.bo.account_id, NOW)
        with pytest.raises(Conflict, match="disabled"):
            await swap_service.answer_swap(tx, scene.bo, swap, "accept")


async def test_nobody_keeps_more_proposals_open_than_anybody_can_answer(scene: Scene) -> None:
    for _ in range(swap_service.OPEN_MAX):
        await scene.propose()
    with pytest.raises(Conflict, match="withdraw one first"):
        await scene.propose()


async def test_a_rota_takes_a_bounded_number_of_overrides(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rota_service, "OVERRIDES_MAX", 1)
    draft = OverrideDraft(NOW, NOW + timedelta(days=2), "ill", scene.ann.account_id)
    async with scene.db.transaction(scene.officer.tenant_id) as tx:
        await rota_service.add_override(tx, scene.officer, scene.rota, draft)
        with pytest.raises(Conflict, match="change the rota instead"):
            await rota_service.add_override(tx, scene.officer, scene.rota, draft)


class _Counting(Tx):
    """A transaction that counts what it asks for."""

    __slots__ = ("asked",)

    async def fetch(self, sql: str, *args: object) -> list[object]:
        """Count, then all rows."""
        self.asked = getattr(self, "asked", 0) + 1
        return await super().fetch(sql, *args)


async def test_many_rotas_are_two_queries(scene: Scene) -> None:
    tenant_id = scene.ann.tenant_id
    async with scene.db.transaction(tenant_id) as tx:
        layer = Layer(NAME, [[scene.ann.account_id]], date(2026, 3, 1), "08:00", every_days=1)
        for number in range(300):
            draft = RotaDraft(f"rota-{number}", NAME, "UTC", "on_call", RotaDefinition([layer]))
            await rota_service.create_rota(tx, None, draft)
        counting = _Counting(tx.connection, tenant_id, tx.now)
        assert len(await service.list_duties(counting, tenant_id, tx.now)) == 301
        assert counting.asked == 2
        found, following = await duty_service.who_is_on(tx, scene.ann, tx.now, site_id=None, after="", limit=100)
        assert (len(found), following) == (100, found[-1].rota.slug)


async def test_a_rota_whose_time_zone_is_gone_takes_nobody_else_off_duty(scene: Scene) -> None:
    async with scene.db.transaction(scene.ann.tenant_id) as tx:
        layer = Layer(NAME, [[scene.bo.account_id]], date(2026, 3, 1), "08:00", every_days=1)
        await rota_service.create_rota(tx, None, RotaDraft("gone", NAME, "UTC", "shift", RotaDefinition([layer])))
        await tx.execute("UPDATE rotas SET tz = 'Mars/Olympus' WHERE slug = 'gone'")
        assert [duty.rota for duty in await service.list_duties(tx, scene.ann.tenant_id, NOW)] == ["rota"]


async def test_without_a_tenant_nothing_is_written(scene: Scene) -> None:
    async with scene.db.transaction(None) as tx:
        with pytest.raises(Exception, match="needs a tenant"):
            await team_service.create_team(tx, None, team_service.TeamDraft("team", NAME))
