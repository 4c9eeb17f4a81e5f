"""Safety equipment in the database: the stock is what was moved, twice is once, and the officers hear what expires."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from core import audit
from core.clock import ManualClock
from core.database import Database, Tx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from muster import upkeep
from muster.demo import equipment as demo_equipment
from people.actor import Actor
from people.notices import queries as notice_queries
from people.permissions import Role
from plant import queries as plant_queries
from plant.place_service import ZoneDraft, create_zone
from resources.equipment import import_service, queries, service
from resources.equipment.model import Equipment, EquipmentChange, EquipmentDraft
from resources.equipment.queries import After, Filter
from resources.equipment.standing import is_usable, unfit
from tests import clusters, incident_world, plant_world
from tests.clusters import Clone
from tests.plant_world import NAME, M, Plant

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday
ON = EquipmentChange(note="seen")


class Store:
    """A plant with those who look after it."""

    def __init__(self, db: Database, clock: ManualClock, plant: Plant) -> None:
        self.db, self.clock, self.plant = db, clock, plant
        self.admin, self.worker, self.auditor = (
            Actor(plant.tenant_id, new_id(), role) for role in (Role.ADMIN, Role.WORKER, Role.AUDITOR)
        )

    def tx(self) -> Any:
        return self.db.transaction(self.plant.tenant_id)

    async def add(self, slug: str = "ext-1", **changes: Any) -> Equipment:
        """An extinguisher in the store."""
        whole: dict[str, Any] = {"kind": "extinguisher", "name": NAME, "lon": 3 * M, "lat": 2 * M, "in_stock": 2}
        async with self.tx() as tx:
            draft = EquipmentDraft(site_id=self.plant.site.id, slug=slug, **(whole | changes))
            return await service.create_equipment(tx, self.admin, draft)

    async def move(self, it: Equipment, pieces: int, key: str, actor: Actor | None = None) -> int:
        """Take (below zero) or put back; the stock that was left."""
        async with self.tx() as tx:
            done = await service.move_stock(
                tx, actor or self.worker, it.id, "take" if pieces < 0 else "put_back", abs(pieces), "used", key=key
            )
            return done.in_stock

    async def now(self, it: Equipment) -> Equipment:
        async with self.tx() as tx:
            return await service.get_equipment(tx, self.worker, it.id)

    async def news(self) -> list[tuple[str, str]]:
        """(action, key) of the news of equipment, in order."""
        async with self.tx() as tx:
            rows = await tx.fetch("SELECT key, payload FROM outbox WHERE kind = $1 ORDER BY id", service.CHANGED)
            return [(row["payload"]["action"], row["key"]) for row in rows]


@pytest.fixture
async def store(clone: Clone) -> AsyncIterator[Store]:
    clock = ManualClock(NOW)
    async with Database.connect(clone.app_url, clock, max_size=4) as db:
        yield Store(db, clock, await plant_world.build_in(db, clone.tenant_id))


async def test_a_thing_is_found_in_its_zone_and_every_act_is_news_and_audited(store: Store) -> None:
    it = await store.add(classes=["A", "B"])
    assert it.zone_id == store.plant.store.id
    async with store.tx() as tx:
        moved = EquipmentChange(lon=8 * M)
        edited = await service.edit_equipment(tx, store.admin, it.id, moved, expected_version=1)
    assert (edited.zone_id, edited.version) == (store.plant.hall.id, 2)
    await store.move(it, -1, "k")
    async with store.tx() as tx:
        await service.take_out_of_service(tx, store.worker, it.id, "no pressure")
        await service.put_in_service(tx, store.admin, it.id)
        retired = await service.retire_equipment(tx, store.admin, it.id)
    assert await store.now(it) == retired
    acts = ["created", "edited", "taken", "taken_out_of_service", "put_in_service", "retired"]
    assert await store.news() == [(f"equipment.{act}", str(store.plant.site.id)) for act in acts]
    async with store.tx() as tx:
        rows = await audit.list_rows(tx, store.plant.tenant_id, subject_id=str(it.id), limit=9)
    assert [row.action for row in reversed(rows)] == [f"equipment.{act}" for act in acts]
    assert [row.actor_id for row in rows][-1] == store.admin.account_id


async def test_an_edit_of_what_was_seen_before_a_piece_was_taken_puts_no_piece_back(store: Store) -> None:
    it = await store.add()
    assert await store.move(it, -1, "k") == 1
    async with store.tx() as tx:
        await service.edit_equipment(tx, store.admin, it.id, ON, expected_version=it.version)
    now = await store.now(it)
    assert (now.in_stock, now.note) == (1, "seen")


async def test_an_edit_of_another_version_is_refused(store: Store) -> None:
    it = await store.add()
    async with store.tx() as tx:
        await service.take_out_of_service(tx, store.worker, it.id, "no pressure")
    with pytest.raises(Conflict) as refused:
        async with store.tx() as tx:
            await service.edit_equipment(tx, store.admin, it.id, ON, expected_version=it.version)
    assert refused.value.code == "version.changed"


async def test_a_zone_that_was_named_stays_until_the_thing_is_moved(store: Store) -> None:
    it = await store.add(zone_id=store.plant.hall.id)
    async with store.tx() as tx:
        it = await service.edit_equipment(tx, store.admin, it.id, ON, expected_version=None)
        assert it.zone_id == store.plant.hall.id
        it = await service.edit_equipment(tx, store.admin, it.id, EquipmentChange(zone_id=None), expected_version=None)
        assert it.zone_id is None
        back = EquipmentChange(zone_id=store.plant.hall.id)
        it = await service.edit_equipment(tx, store.admin, it.id, back, expected_version=None)
        assert it.zone_id == store.plant.hall.id
        it = await service.edit_equipment(tx, store.admin, it.id, EquipmentChange(lat=1 * M), expected_version=None)
        assert it.zone_id == store.plant.store.id


async def test_the_same_movement_sent_again_is_made_once(store: Store) -> None:
    it = await store.add()
    assert [await store.move(it, -1, "from the phone") for _ in range(3)] == [1, 1, 1]
    assert (await store.now(it)).in_stock == 1
    with pytest.raises(Conflict) as refused:
        await store.move(it, -2, "from the phone")
    assert refused.value.code == "equipment.key_used"
    async with store.tx() as tx:
        listed = await service.list_movements(tx, store.worker, it.id, before=None, limit=9)
    assert [(row.pieces, row.in_stock, row.moved_by) for row in listed] == [(-1, 1, store.worker.account_id)]


async def test_of_two_who_reach_for_the_last_piece_one_gets_it(store: Store) -> None:
    it = await store.add(in_stock=1)
    tried = await asyncio.gather(*[store.move(it, -1, key) for key in "ab"], return_exceptions=True)
    assert sorted(str(type(one).__name__) for one in tried) == ["Conflict", "int"]
    assert (await store.now(it)).in_stock == 0


async def test_one_key_sent_twice_at_once_is_one_movement(store: Store) -> None:
    it = await store.add(in_stock=5)
    assert await asyncio.gather(*[store.move(it, -1, "k") for _ in range(3)]) == [4, 4, 4]


async def test_who_may_say_what(store: Store) -> None:
    it = await store.add()
    await store.move(it, -1, "admin", store.admin)
    with pytest.raises(Forbidden):
        await store.move(it, -1, "auditor", store.auditor)
    async with store.tx() as tx:
        await service.take_out_of_service(tx, store.worker, it.id, "no pressure")
        with pytest.raises(Forbidden):
            await service.put_in_service(tx, store.worker, it.id)
        with pytest.raises(Forbidden):
            await service.retire_equipment(tx, store.worker, it.id)


async def test_what_is_retired_is_left_alone(store: Store) -> None:
    it = await store.add()
    async with store.tx() as tx:
        once = await service.retire_equipment(tx, store.admin, it.id)
        assert await service.retire_equipment(tx, store.admin, it.id) == once
    with pytest.raises(Conflict):
        await store.move(it, -1, "k")
    acts: list[Callable[[Tx], Awaitable[Equipment]]] = [
        lambda tx: service.edit_equipment(tx, store.admin, it.id, ON, expected_version=None),
        lambda tx: service.take_out_of_service(tx, store.admin, it.id, "x"),
        lambda tx: service.put_in_service(tx, store.admin, it.id),
    ]
    for act in acts:
        with pytest.raises(Conflict) as refused:
            async with store.tx() as tx:
                await act(tx)
        assert refused.value.code == "equipment.retired"
    with pytest.raises(Conflict) as taken:
        await store.add()
    assert taken.value.code == "equipment.slug_taken"


async def test_a_floor_is_known_by_a_zone_or_by_the_plan_in_force(store: Store) -> None:
    with pytest.raises(Invalid) as refused:
        await store.add(level=3)
    assert refused.value.limit == [0]
    async with store.tx() as tx:
        await tx.execute(
            "INSERT INTO place_plans (tenant_id, id, site_id, number, state, name, source, plan, report, network,"
            " version, created_at, published_at) VALUES ($1, $2, $3, 1, 'published', '{}', 'drawn', $4, '{}', '{}', 1,"
            " $5, $5)",
            store.plant.tenant_id,
            new_id(),
            store.plant.site.id,
            {"levels": [{"level": 3}]},
            tx.now,
        )
    assert (await store.add(level=3)).zone_id is None


async def test_a_full_site_takes_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SITE_MAX", 1)
    it = await store.add()
    with pytest.raises(Conflict) as refused:
        await store.add("ext-2")
    assert refused.value.code == "equipment.site_full"
    async with store.tx() as tx:
        await service.retire_equipment(tx, store.admin, it.id)
    await store.add("ext-2")


async def test_the_database_says_as_the_pure_rule_what_can_be_used(store: Store) -> None:
    hour = timedelta(hours=1)
    for number, (stock, expires_at) in enumerate(
        (stock, expires_at) for stock in (0, 1) for expires_at in (None, NOW - hour, NOW, NOW + hour)
    ):
        for state in ("ready", "out"):
            it = await store.add(f"{state}-{number}", in_stock=stock, expires_at=expires_at)
            if state == "out":
                async with store.tx() as tx:
                    await service.take_out_of_service(tx, store.admin, it.id, "broken")
    async with store.tx() as tx:
        everything = await service.list_on_map(tx, store.worker, store.plant.site.id, None)
        for usable in (True, False):
            listed = await service.list_equipment(
                tx, store.worker, store.plant.site.id, Filter(usable=usable), after=After(), limit=99
            )
            assert {it.slug for it in listed} == {it.slug for it in everything if is_usable(it, NOW) is usable}
        (counted,) = await service.list_usable_kinds(tx, store.worker, store.plant.site.id)
    assert (counted.things, counted.usable) == (16, sum(is_usable(it, NOW) for it in everything))


async def test_everything_in_use_is_listed_for_whoever_looks_for_the_nearest(store: Store) -> None:
    kept, gone = await store.add("a"), await store.add("b")
    async with store.tx() as tx:
        await service.retire_equipment(tx, store.admin, gone.id)
        assert await queries.list_of_site(tx, store.plant.tenant_id, store.plant.site.id) == [kept]
        other = await service.list_on_map(tx, store.worker, store.plant.site.id, 1)
    assert other == []


@pytest.mark.parametrize(
    "change",
    [
        "in_stock = -1",
        "kind = 'sofa'",
        "kind = 'aed'",
        "classes = '{}'",
        "classes = '{K}'",
        "lat = 120",
        "state = 'out_of_service'",
        "level = 999",
    ],
)
async def test_the_database_refuses_what_no_code_should_write(store: Store, change: str) -> None:
    it = await store.add(classes=["A"])
    with pytest.raises(asyncpg.CheckViolationError):
        async with store.tx() as tx:
            await tx.execute(f"UPDATE equipment SET {change} WHERE id = $1", it.id)


async def test_a_movement_that_was_made_stays_as_it_was(store: Store) -> None:
    it = await store.add()
    await store.move(it, -1, "k")
    for statement in ("UPDATE equipment_movements SET pieces = 1", "DELETE FROM equipment_movements"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with store.tx() as tx:
                await tx.execute(statement)


async def test_another_tenant_finds_nothing(store: Store, clone: Clone) -> None:
    it = await store.add()
    owner = await asyncpg.connect(clone.owner_url)
    other = new_id()
    await clusters.insert_tenant(owner, other, "neighbours")
    await owner.close()
    stranger = Actor(other, new_id(), Role.ADMIN)
    async with store.db.transaction(other) as tx:
        with pytest.raises(NotFound):
            await service.get_equipment(tx, stranger, it.id)
        with pytest.raises(NotFound):
            await service.move_stock(tx, stranger, it.id, "take", 1, "x", key="k")
        with pytest.raises(NotFound):
            await service.list_on_map(tx, stranger, store.plant.site.id, None)


async def test_a_zone_at_another_site_is_none_of_this_ones(store: Store) -> None:
    async with store.tx() as tx:
        south = await plant_world.build(tx, "south")
        upstairs = await create_zone(
            tx, None, ZoneDraft(store.plant.site.id, "upstairs", NAME, plant_world.box(0, 0), level=1)
        )
    for zone, code in ((south.store.id, "site.other"), (upstairs.id, "equipment.zone")):
        with pytest.raises(Invalid) as refused:
            await store.add(zone_id=zone)
        assert refused.value.code == code


# --- a sheet


async def _import(store: Store, *slugs: str) -> list[str]:
    """Import these as new things; what became of each."""
    lines = [f"{slug},aed,除颤仪,AED,{3 * M:.9f},{2 * M:.9f}" for slug in slugs]
    content = "\n".join(["slug,kind,name_zh,name_en,lon,lat", *lines]).encode()
    upload = await import_service.read_upload(store.admin, content)
    async with store.tx() as tx:
        plan = await import_service.import_equipment(tx, store.admin, store.plant.site.id, upload)
        return [step.action for step in plan.steps]


async def test_two_who_import_the_same_at_once_make_it_once_and_whole(store: Store) -> None:
    slugs = [f"a-{n}" for n in range(50)]
    tried = await asyncio.gather(_import(store, *slugs), _import(store, *reversed(slugs)), return_exceptions=True)
    refused = [it for it in tried if isinstance(it, Conflict)]
    assert {it.code for it in refused} <= {"equipment_import.changed_meanwhile"}
    made = [it for it in tried if isinstance(it, list)]
    assert len(made) + len(refused) == 2
    assert ["create"] * 50 in made
    assert await _import(store, *slugs) == ["keep"] * 50


async def test_an_import_is_one_piece_of_news_and_an_audit_row_a_thing(store: Store) -> None:
    await _import(store, "a", "b")
    assert await store.news() == [("equipment.imported", str(store.plant.site.id))]
    async with store.tx() as tx:
        rows = await audit.list_rows(tx, store.plant.tenant_id, action="equipment.", limit=9)
    assert sorted(row.action for row in rows) == ["equipment.created", "equipment.created", "equipment.imported"]


# --- what expires


async def _notices(store: Store, officer: Actor) -> list[Any]:
    async with store.tx() as tx:
        found = await notice_queries.list_notices(
            tx, store.plant.tenant_id, officer.account_id, unread=False, kind=None, before=None, limit=9
        )
        return [msgspec.to_builtins(it.facts) for it in reversed(found)]


@pytest.fixture
async def officer(store: Store) -> Actor:
    async with store.tx() as tx:
        account_id = await incident_world.add_account(tx, "officer", "safety_officer")
    return Actor(store.plant.tenant_id, account_id, Role.SAFETY_OFFICER)


async def test_officers_hear_once_a_week_of_what_expires(store: Store, officer: Actor) -> None:
    for days in range(-1, 8):
        await store.add(f"mask-{days + 1}", kind="breathing_apparatus", expires_at=NOW + timedelta(days=days))
    await store.add("later", expires_at=NOW + timedelta(days=31))
    for _ in range(7):
        await upkeep.forget(store.db)
        await upkeep.forget(store.db)
        store.clock.advance(24 * 3600)
    (said,) = await _notices(store, officer)
    assert (said["kind"], said["within_days"], said["more"]) == ("equipment.expiring", 30, 4)
    assert [it["days_left"] for it in said["things"]] == [-1, 0, 1, 2, 3]
    await upkeep.forget(store.db)
    assert [it["more"] for it in await _notices(store, officer)] == [4, 5]


async def test_several_couriers_at_once_write_one_notice(store: Store, officer: Actor) -> None:
    await store.add(expires_at=NOW)
    await asyncio.gather(*[upkeep.forget(store.db) for _ in range(4)])
    assert len(await _notices(store, officer)) == 1


async def test_what_counts_until_the_end_of_a_day_expires_on_that_day(store: Store, officer: Actor) -> None:
    # Midnight in Shanghai is 16:00 UTC.
    await store.add(expires_at=datetime(2026, 3, 4, 16, 0, tzinfo=UTC))
    await upkeep.forget(store.db)
    (said,) = await _notices(store, officer)
    assert [it["days_left"] for it in said["things"]] == [2]


async def test_with_nothing_that_expires_nobody_is_told(store: Store, officer: Actor) -> None:
    it = await store.add(expires_at=NOW)
    async with store.tx() as tx:
        await service.retire_equipment(tx, store.admin, it.id)
        assert await service.today(tx, store.plant.tenant_id, store.plant.site.id) == date(2026, 3, 2)
    await upkeep.forget(store.db)
    assert await _notices(store, officer) == []


# --- the demo plant's


async def test_the_demo_plants_equipment_is_in_its_zones_and_two_things_can_not_be_used(demo_clone: Clone) -> None:
    wanted = {it.slug: it.zone for it in demo_equipment.EQUIPMENT}
    async with Database.connect(demo_clone.app_url) as db, db.transaction(demo_clone.tenant_id) as tx:
        (site,) = await plant_queries.list_sites(tx, demo_clone.tenant_id)
        zones = {it.id: it.slug for it in await plant_queries.list_zones(tx, demo_clone.tenant_id, site.id)}
        kept = await queries.list_of_site(tx, demo_clone.tenant_id, site.id)
        why_not = {it.slug: unfit(it, tx.now) for it in kept if not is_usable(it, tx.now)}
    assert {it.slug: zones.get(it.zone_id) if it.zone_id else None for it in kept} == wanted
    assert why_not == {"ext-coating-west": ["expired"], "first-aid-machine-hall": ["empty"]}
