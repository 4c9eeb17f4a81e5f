"""Presence on a real database: what doors, phones and hosts say, whoever says it first and however often."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from core.ids import new_id
from geo.fixes import Fix
from mobile_contract.text import Text
from people.permissions import Role
from people.presence import administration, positions, reading, retention, service, visits
from people.presence.administration import BadgeChange, BadgeDraft, DoorChange, DoorDraft
from people.presence.positions import PER_ACCOUNT, Reported
from people.presence.reading import Wanted
from people.presence.visits import VisitChange, VisitDraft
from people.rotas import service as rotas
from people.rotas.service import Duty
from tests import incident_world, presence_world
from tests.plant_world import M
from tests.presence_world import World


@pytest_asyncio.fixture
async def world(tx: Tx) -> World:
    return await presence_world.build(tx)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


async def where(tx: Tx, world: World, after: float = 0) -> list[service.Whereabouts]:
    return await service.list_whereabouts(tx, world.plant.tenant_id, world.plant.site.id, tx.now + minutes(after))


async def near(tx: Tx, world: World, after: float = 0) -> int | None:
    zones = [world.plant.store.id]
    return await service.count_present(tx, world.plant.tenant_id, world.plant.site.id, zones, tx.now + minutes(after))


# --- badges ---------------------------------------------------------------------------------------------------------
async def test_any_order_and_any_repetition_of_swipes_places_a_person_alike(tx: Tx, world: World) -> None:
    day = [
        world.swipe(tx.now - minutes(30), "gate"),
        world.swipe(tx.now - minutes(20), "store"),
        world.swipe(tx.now - minutes(10), "store", "out"),
    ]
    rows, registers = set(), set()
    for order in itertools.permutations(day):
        async with _undone(tx):
            for swipe in (*order, *order):
                await world.store(tx, swipe)
            (found,) = await where(tx, world)
            registers.add((found.zone_id, found.confidence, found.seen_at))
            rows.add(await tx.fetchval("SELECT string_agg(key, ' ' ORDER BY key) FROM badge_events"))
    assert len(rows) == len(registers) == 1
    assert registers.pop()[0] == world.plant.hall.id


class _undone:
    """What happens inside did not happen."""

    def __init__(self, tx: Tx) -> None:
        self._inner: Any = tx.connection.transaction()

    async def __aenter__(self) -> None:
        await self._inner.start()

    async def __aexit__(self, *_: object) -> None:
        await self._inner.rollback()


async def test_out_at_the_gate_is_off_the_site(tx: Tx, world: World) -> None:
    await world.store(tx, world.swipe(tx.now - minutes(5), "gate"), world.swipe(tx.now - minutes(1), "gate", "out"))
    assert await where(tx, world) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"observed_at": 120.0}, "clock"),
        ({"observed_at": -31 * 1440.0}, "clock"),
        ({"door": "nowhere"}, "unknown_door"),
        ({"badge": "0"}, "unknown_badge"),
        ({"granted": False}, "denied"),
    ],
)
async def test_what_can_not_be_believed_is_kept_and_flagged(
    tx: Tx, world: World, change: dict[str, Any], fault: str
) -> None:
    if "observed_at" in change:
        change = {"observed_at": tx.now + minutes(change["observed_at"])}
    (event,) = await world.store(tx, world.swipe(tx.now, **change) if "badge" not in change else _stranger(tx, world))
    assert event.fault == fault
    assert await where(tx, world) == []
    listed = await reading.list_badge_events(
        tx, world.actor(), world.plant.site.id, person_id=None, flagged=True, before=None, limit=9
    )
    assert [it.fault for it in listed] == [fault]


def _stranger(tx: Tx, world: World) -> Any:
    return world.swipe(tx.now, badge="0")


async def test_a_badge_that_comes_in_twice_is_listed_whatever_came_first(tx: Tx, world: World) -> None:
    for before in (10, 30, 20):
        await world.store(tx, world.swipe(tx.now - minutes(before), "gate", "out" if before == 20 else "in"))
    assert await _flagged(tx, world) == []
    await world.store(tx, world.swipe(tx.now - minutes(5), "gate"))
    assert await _flagged(tx, world) == [(tx.now - minutes(5), "in")]


async def _flagged(tx: Tx, world: World) -> list[tuple[datetime, str]]:
    listed = await reading.list_badge_events(
        tx, world.actor(), world.plant.site.id, person_id=world.wang, flagged=True, before=None, limit=9
    )
    return [(it.observed_at, it.direction) for it in listed]


async def test_a_card_is_one_persons_at_a_time(tx: Tx, world: World) -> None:
    li = await incident_world.add_account(tx, "li")
    with pytest.raises(Conflict, match="somebody else's"):
        await administration.issue_badge(tx, world.actor(), BadgeDraft(presence_world.BADGE, li, None))
    (badge,) = await administration.list_badges(
        tx, world.actor(), after=("", UUID(int=0)), search="471", account_id=world.wang, limit=5
    )
    ended = await administration.edit_badge(
        tx, world.actor(), badge.id, BadgeChange(valid_until=tx.now), expected_version=1
    )
    assert (ended.valid_until, ended.version) == (tx.now, 2)
    await administration.issue_badge(tx, world.actor(), BadgeDraft(presence_world.BADGE, li, None))
    early, late = await world.store(tx, world.swipe(tx.now - minutes(1)), world.swipe(tx.now))
    assert (early.person_id, late.person_id) == (world.wang, li)


async def test_a_door_leads_somewhere_and_is_one(tx: Tx, world: World) -> None:
    plant = world.plant
    with pytest.raises(Invalid, match="leads from or to"):
        await administration.create_door(tx, world.actor(), DoorDraft(plant.detector.id, "x", None, None, False))
    with pytest.raises(NotFound):
        await administration.create_door(tx, world.actor(), DoorDraft(plant.detector.id, "x", None, new_id(), False))
    with pytest.raises(NotFound):
        await administration.create_door(tx, world.actor(), DoorDraft(new_id(), "x", None, plant.hall.id, False))
    with pytest.raises(Conflict, match="already"):
        await administration.create_door(
            tx, world.actor(), DoorDraft(plant.detector.id, "gate", None, plant.hall.id, True)
        )
    gate = (
        await administration.list_doors(
            tx, world.actor(), plant.site.id, after=("", UUID(int=0)), search="gate", limit=5
        )
    )[0]
    retired = await administration.edit_door(tx, world.actor(), gate.id, DoorChange(retired=True), expected_version=1)
    assert retired.retired_at == tx.now
    (event,) = await world.store(tx, world.swipe(tx.now, "gate"))
    assert event.fault == "unknown_door"


# --- phones ---------------------------------------------------------------------------------------------------------
def at(tx: Tx, before: float, x: float = 3.0, y: float = 2.0, accuracy_m: float = 1.0) -> Reported:
    """Metres from the corner of the store."""
    return Reported(tx.now - minutes(before), Fix(x * M, y * M, accuracy_m, 0))


async def test_a_phone_is_placed_by_its_newest_position_whatever_the_order(tx: Tx, world: World) -> None:
    actor = world.actor(role=Role.WORKER)
    answer = await positions.report_positions(tx, actor, [at(tx, 1, 9), at(tx, 9), at(tx, 5)])
    again = await positions.report_positions(tx, actor, [at(tx, 5), at(tx, 9)])
    assert (answer.kept, again.kept) == (3, 2)
    (found,) = await where(tx, world)
    assert (found.zone_id, found.source, found.seen_at) == (world.plant.hall.id, "phone", tx.now - minutes(1))
    assert found.position == pytest.approx((9 * M, 2 * M))
    assert await tx.fetchval("SELECT count(*) FROM positions") == 3


async def test_what_is_outside_wrong_or_old_is_not_kept(tx: Tx, world: World) -> None:
    reported = [at(tx, 0, 5000), at(tx, -5), at(tx, 25 * 60), at(tx, 1)]
    answer = await positions.report_positions(tx, world.actor(role=Role.WORKER), reported)
    assert (answer.kept, answer.refused) == (1, [(0, "outside"), (1, "future_dated"), (2, "too_old")])
    assert await tx.fetchval("SELECT count(*) FROM positions") == 1


async def test_a_phone_that_reports_too_often_is_told_when_to_come_back(tx: Tx, world: World) -> None:
    actor = world.actor(role=Role.WORKER)
    for _ in range(PER_ACCOUNT.attempts):
        await positions.report_positions(tx, actor, [at(tx, 1)])
    with pytest.raises(Unavailable, match="together") as told:
        await positions.report_positions(tx, actor, [at(tx, 1)])
    assert told.value.retry_after_s == 300


async def test_a_camera_reports_nobodys_position(tx: Tx, world: World) -> None:
    with pytest.raises(Forbidden):
        await positions.report_positions(tx, world.actor(role=Role.CAMERA), [at(tx, 1)])


# --- visits ---------------------------------------------------------------------------------------------------------
def draft(world: World, **more: Any) -> VisitDraft:
    fields: dict[str, Any] = {"site_id": world.plant.site.id, "kind": "visitor", "name": "Guest"}
    return VisitDraft(**fields | more)


async def test_a_visitor_is_here_from_sign_in_to_sign_out_and_so_is_their_badge(tx: Tx, world: World) -> None:
    host = world.actor(role=Role.WORKER)
    visit = await visits.create_visit(tx, host, draft(world, badge="V1", zone_ids=[world.plant.hall.id]))
    assert await where(tx, world) == []
    signed_in = await visits.sign_in_visit(tx, host, visit.id)
    assert await visits.sign_in_visit(tx, host, visit.id) == signed_in
    (found,) = await where(tx, world)
    assert (found.person_id, found.kind, found.zone_id) == (visit.id, "visitor", world.plant.hall.id)
    assert (found.source, found.host_id) == ("visit", world.wang)
    await world.store(tx, world.swipe(tx.now, badge="V1"))
    assert (await where(tx, world))[0].zone_id == world.plant.store.id
    tx.now += minutes(30)
    signed_out = await visits.sign_out_visit(tx, host, visit.id)
    assert await visits.sign_out_visit(tx, host, visit.id) == signed_out
    assert await where(tx, world) == []
    (late,) = await world.store(tx, world.swipe(tx.now, badge="V1"))
    assert late.fault == "unknown_badge"
    with pytest.raises(Conflict, match="over"):
        await visits.sign_in_visit(tx, host, visit.id)


async def test_only_the_host_or_a_safety_officer_signs_a_visitor_out(tx: Tx, world: World) -> None:
    visit = await visits.create_visit(tx, world.actor(role=Role.WORKER), draft(world))
    li = await incident_world.add_account(tx, "li")
    stranger = world.actor(li, Role.WORKER)
    with pytest.raises(Forbidden, match="host"):
        await visits.sign_in_visit(tx, stranger, visit.id)
    with pytest.raises(NotFound):
        await visits.get_visit(tx, stranger, visit.id)
    everything: Any = {"site_id": None, "kind": None, "state": None, "search": None, "before": None, "limit": 9}
    assert await visits.list_visits(tx, stranger, **everything) == []
    await visits.sign_in_visit(tx, world.actor(li, Role.SAFETY_OFFICER), visit.id)
    with pytest.raises(Conflict, match="nobody"):
        await visits.sign_out_visit(tx, world.actor(), (await visits.create_visit(tx, world.actor(), draft(world))).id)


async def test_a_forgotten_sign_out_is_listed(tx: Tx, world: World) -> None:
    visit = await visits.create_visit(tx, world.actor(), draft(world))
    await visits.sign_in_visit(tx, world.actor(), visit.id)
    forgotten: Any = {"site_id": None, "kind": None, "state": "forgotten", "search": None, "before": None, "limit": 9}
    assert await visits.list_visits(tx, world.actor(), **forgotten) == []
    tx.now += timedelta(hours=11)
    assert [it.id for it in await visits.list_visits(tx, world.actor(), **forgotten)] == [visit.id]


async def test_a_contractor_needs_a_valid_induction(tx: Tx, world: World) -> None:
    host = world.actor()
    visit = await visits.create_visit(tx, host, draft(world, kind="contractor"))
    with pytest.raises(Conflict, match="induction"):
        await visits.sign_in_visit(tx, host, visit.id)
    today = tx.now.date()
    edited = await visits.edit_visit(
        tx, host, visit.id, VisitChange(induction_valid_until=today), expected_version=visit.version
    )
    assert (await visits.sign_in_visit(tx, host, edited.id)).signed_in_at == tx.now


async def test_a_host_is_staff_and_a_visit_is_bounded(tx: Tx, world: World) -> None:
    box = await incident_world.add_account(tx, "box", "device")
    with pytest.raises(Invalid, match="host is staff"):
        await visits.create_visit(tx, world.actor(), draft(world, host_id=box))
    with pytest.raises(Invalid, match="31 days"):
        await visits.create_visit(tx, world.actor(), draft(world, expected_until=tx.now + timedelta(days=40)))
    with pytest.raises(Invalid, match="not after"):
        await visits.create_visit(tx, world.actor(), draft(world, expected_until=tx.now - minutes(1)))
    with pytest.raises(Invalid, match="2000 to 2099"):
        await visits.create_visit(tx, world.actor(), draft(world, expected_from=datetime(9999, 12, 31, 20, tzinfo=UTC)))
    with pytest.raises(NotFound):
        await visits.create_visit(tx, world.actor(), draft(world, zone_ids=[new_id()]))


# --- shifts, counts, trails -----------------------------------------------------------------------------------------
async def test_who_is_on_shift_and_was_not_seen_is_expected(
    tx: Tx, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await incident_world.add_account(tx, "li")

    async def on_shift(tx: Tx, tenant_id: UUID, at: datetime, *, site_id: UUID | None = None) -> list[Duty]:
        ends = at + minutes(60)
        return [
            Duty(
                rota_id=new_id(), rota="day", kind="shift", site_id=site_id, account_id=person, position=0,
                starts_at=at - minutes(60), ends_at=ends, why=Text("班次", "the rota"),
            )
            for person in (world.wang, li)
        ]  # fmt: skip

    monkeypatch.setattr(rotas, "list_duties", on_shift)
    await world.store(tx, world.swipe(tx.now - minutes(5), "gate"), world.swipe(tx.now - minutes(4)))
    seen, expected = await where(tx, world)
    assert (seen.person_id, seen.source, seen.on_site) == (world.wang, "badge", True)
    assert (expected.person_id, expected.source, expected.on_site) == (li, "shift", False)
    assert expected.confidence < seen.confidence


async def test_people_near_are_counted_by_their_confidence_and_unknown_is_not_zero(tx: Tx, world: World) -> None:
    assert await near(tx, world) is None
    await world.store(tx, world.swipe(tx.now - minutes(9), "gate"))
    # Somebody is in, and nothing says where.
    assert await near(tx, world) is None
    await world.store(tx, world.swipe(tx.now - minutes(8)))
    assert await near(tx, world) == 1
    await world.store(tx, world.swipe(tx.now - minutes(7), "store", "out"))
    assert await near(tx, world) == 0
    await world.store(tx, world.swipe(tx.now - minutes(6), "gate", "out"))
    assert await near(tx, world) == 0


async def test_stays_follow_from_the_log_and_a_late_event_moves_them(tx: Tx, world: World) -> None:
    since = tx.now - minutes(60)
    await world.store(tx, world.swipe(tx.now - minutes(50)), world.swipe(tx.now - minutes(10), "store", "out"))
    ids = world.plant.tenant_id, world.plant.site.id

    async def stays() -> list[tuple[UUID, float, bool]]:
        found = await service.list_stays(tx, *ids, since, tx.now, person_id=world.wang)
        return [(it.zone_id, (it.entered_at - since).total_seconds() / 60, it.left_at is None) for it in found]

    store, hall = world.plant.store.id, world.plant.hall.id
    assert await stays() == [(store, 10, False), (hall, 50, True)]
    assert await service.list_stays(tx, *ids, since, tx.now) != []
    await world.store(tx, world.swipe(tx.now - minutes(30), "store", "out", received_at=tx.now))
    assert await stays() == [(store, 10, False), (hall, 30, True)]


async def test_reading_of_named_people_is_in_the_audit_trail(tx: Tx, world: World) -> None:
    await world.store(tx, world.swipe(tx.now - minutes(5)))
    li = await incident_world.add_account(tx, "li", "safety_officer")
    officer = world.actor(li)
    site_id = world.plant.site.id
    (found,) = await reading.find_people(tx, officer, site_id, Wanted(search="WAN"), 9)
    assert (found.name, found.zone_id) == ("wang", world.plant.store.id)
    assert await reading.find_people(tx, officer, site_id, Wanted(kind="visitor"), 9) == []
    (counted,) = await reading.count_people(tx, world.actor(role=Role.WORKER), site_id)
    assert (counted.zone_id, counted.people) == (world.plant.store.id, 1)
    (stretch,) = await reading.list_trail(tx, officer, world.wang, tx.now - minutes(60), tx.now)
    assert stretch.zone_id == world.plant.store.id
    assert await reading.list_trail(tx, world.actor(), world.wang, tx.now - minutes(60), tx.now) == [stretch]
    with pytest.raises(Forbidden):
        await reading.list_trail(tx, world.actor(role=Role.WORKER), li, tx.now - minutes(60), tx.now)
    with pytest.raises(Invalid, match="at most"):
        await reading.list_trail(tx, officer, world.wang, tx.now - minutes(2000), tx.now)
    await tx.finish()
    rows = await audit.list_rows(tx, world.plant.tenant_id, action="presence.", limit=9)
    assert [(row.action, row.actor_id) for row in rows] == [
        ("presence.trail_read", li),
        ("presence.listed", li),
        ("presence.listed", li),
    ]


async def test_what_is_not_needed_any_more_is_deleted(tx: Tx, world: World) -> None:
    await positions.report_positions(tx, world.actor(role=Role.WORKER), [at(tx, 1)])
    await world.store(tx, world.swipe(tx.now))
    visit = await visits.create_visit(tx, world.actor(), draft(world, badge="V1"))
    await visits.sign_in_visit(tx, world.actor(), visit.id)
    await visits.sign_out_visit(tx, world.actor(), visit.id)
    kept = "SELECT (SELECT count(*) FROM positions), (SELECT count(fix_at) FROM presence),"
    kept += " (SELECT count(*) FROM badge_events), (SELECT count(*) FROM visits), (SELECT count(*) FROM presence)"
    tx.now += timedelta(hours=23)
    await retention.forget(tx, world.plant.tenant_id)
    assert tuple(*await tx.fetch(kept)) == (1, 1, 1, 1, 2)
    tx.now += timedelta(hours=2)
    await retention.forget(tx, world.plant.tenant_id)
    assert tuple(*await tx.fetch(kept)) == (0, 0, 1, 1, 2)
    tx.now += timedelta(days=90)
    await retention.forget(tx, world.plant.tenant_id)
    assert tuple(*await tx.fetch(kept)) == (0, 0, 0, 0, 1)
    # The register of staff stays, and no longer says where its last swipe was.
    assert await tx.fetchval("SELECT count(badge_at) FROM presence") == 0
