"""Calls for help on the demo plant: one incident, nothing on the caller's phone, two codes, silence that is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from core import audit
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from geo.fixes import Fix
from incidents import closing, records, rooms
from incidents.joining import merging
from incidents.reaching import deliveries
from incidents.sos import codes, lone_service, service
from incidents.sos import queries as sos_queries
from incidents.sos.lone_service import Draft
from incidents.sos.model import LoneSession, SosCall
from incidents.sos.place import FixAt
from incidents.sos.service import Press
from mobile_contract.room import fold
from people.actor import Actor
from people.passwords import Passwords
from people.permissions import Role
from realtime.channels import Notice, Outcome, Target
from realtime.check_in_sender import LEASE, CheckInSender
from realtime.courier import Courier
from realtime.incident_ports import IncidentPorts
from tests.clusters import Clone
from tests.engine_stand import Stand, stand
from tests.incident_world import add_account
from tests.responders import ORDER

CODE, DURESS = "2468", "1357"
PASSWORD = "a long enough password"


class Recorder:
    """A push service that takes everything and remembers it; ``hanging``: it never answers."""

    name = "fcm"

    def __init__(self) -> None:
        self.sent: list[tuple[Notice, Target]] = []
        self.hanging = False
        self.reached = asyncio.Event()

    async def send(self, notice: Notice, target: Target) -> Outcome:
        """Take it."""
        self.reached.set()
        if self.hanging:
            await asyncio.Event().wait()
        self.sent.append((notice, target))
        return Outcome("accepted", "m")


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    async with stand(demo_clone) as made:
        yield made


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def zone(plant: Stand, slug: str) -> Any:
    """(id, lon, lat) of a zone and a point well inside of it."""
    (row,) = await plant.rows("SELECT id, polygon FROM zones WHERE tenant_id = $1 AND slug = $2", slug)
    ring = row["polygon"]["coordinates"][0][:-1]
    return row["id"], sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring)


async def at_zone(plant: Stand, slug: str, level: int | None = None) -> FixAt:
    _, lon, lat = await zone(plant, slug)
    return FixAt(Fix(lon, lat, 1.0, level), plant.clock.now())


async def press(plant: Stand, who: Actor, key: str = "k", kind: Any = "medical", **more: Any) -> SosCall:
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await service.raise_sos(tx, who, Press(key=key, kind=kind, at=tx.now, **more))


async def call_of(plant: Stand, call: SosCall) -> SosCall:
    async with plant.db.transaction(plant.tenant_id) as tx:
        found = await sos_queries.find_call(tx, plant.tenant_id, call.id)
    assert found is not None
    return found


async def members(plant: Stand, call: SosCall) -> set[UUID]:
    found = await plant.rows(
        "SELECT m.account_id FROM room_members m JOIN rooms r ON r.tenant_id = $1 AND r.id = m.room_id"
        " WHERE m.tenant_id = $1 AND r.incident_id = $2",
        call.incident_id,
    )
    return {row["account_id"] for row in found}


async def owners(plant: Stand) -> set[UUID]:
    found = await plant.rows("SELECT owner_account_id FROM tasks WHERE tenant_id = $1")
    return {row["owner_account_id"] for row in found}


async def check_room(plant: Stand, call: SosCall) -> None:
    """The room's events from the first on are what the tables say."""
    assert call.incident_id is not None
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, call.incident_id)
        fresh = await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)
        events = await rooms.events_after(tx, plant.tenant_id, room.id, 0, 1000)
    assert fold(type(fresh)(room=room.id, epoch=fresh.epoch, seq=0), events) == fresh


async def give_phone(plant: Stand, who: Actor) -> None:
    await plant.rows(
        "INSERT INTO person_devices (tenant_id, id, account_id, label, platform, locale, push_channel, push_token,"
        " push_token_state, last_seen_at, created_at)"
        " VALUES ($1, gen_random_uuid(), $2, 'phone', 'android', 'en', 'fcm', 't', 'active', now(), now())"
        " RETURNING id",
        who.account_id,
    )


# --- the button -------------------------------------------------------------------------------------------------------
async def test_a_button_that_is_held_on_a_bad_line_is_one_incident(plant: Stand) -> None:
    chen = await plant.actor("chen")
    where = await at_zone(plant, "machine-hall")
    calls = await asyncio.gather(*(press(plant, chen, f"k{n % 2}", phone=where) for n in range(8)))
    assert len({call.id for call in calls}) == 1
    (incident,) = await plant.incidents()
    hall, _, _ = await zone(plant, "machine-hall")
    assert (incident.zone_id, incident.grade, incident.plan["template"]) == (hall, 2, "sos")
    assert "Chen Jie" in incident.place.en
    assert "by phone" in incident.place.en
    assert "% sure" in incident.title.en
    await check_room(plant, calls[0])


async def test_the_caller_is_in_no_room_and_the_others_are_asked(plant: Stand) -> None:
    wang, zhao = await plant.actor("wang"), await plant.actor("zhao")
    call = await press(plant, wang, phone=await at_zone(plant, "corridor"))
    assert wang.account_id not in await members(plant, call)
    assert zhao.account_id in await members(plant, call)
    asked = await owners(plant)
    assert asked
    assert wang.account_id not in asked


async def test_nothing_of_it_is_shown_to_the_caller_and_everything_to_an_officer(plant: Stand) -> None:
    wang, zhao = await plant.actor("wang"), await plant.actor("zhao")
    call = await press(plant, wang, kind="duress_silent")
    assert call.incident_id is not None
    wanted: dict[str, Any] = {"state": None, "site_id": None, "grade": None, "search": None, "before": None, "limit": 9}
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, call.incident_id)
        assert await records.list_incidents(tx, wang, **wanted) == []
        with pytest.raises(NotFound):
            await records.get_incident(tx, wang, call.incident_id)
        with pytest.raises(NotFound):
            await records.list_timeline(tx, wang, call.incident_id, after=0, limit=5)
        with pytest.raises(NotFound):
            await rooms.access_room(tx, wang, room.id)
        with pytest.raises(Forbidden):
            await service.get_call(tx, wang, call.id)
        assert [i.id for i in await records.list_incidents(tx, zhao, **wanted)] == [call.incident_id]
        assert (await service.get_call(tx, zhao, call.id)).name == call.name
        assert (await rooms.fresh_snapshot(tx, plant.tenant_id, room.id)).sos[call.id].type == "duress_silent"


async def test_an_officer_who_calls_does_not_see_their_own_among_the_calls(plant: Stand) -> None:
    zhao = await plant.actor("zhao")
    call = await press(plant, zhao)
    async with plant.db.transaction(plant.tenant_id) as tx:
        with pytest.raises(NotFound):
            await service.get_call(tx, zhao, call.id)
        found = await service.list_calls(
            tx, zhao, standing=None, site_id=None, account_id=None, search=None, before=None, limit=9
        )
    assert found == []


async def test_a_phone_whose_owner_calls_is_rung_for_nothing(plant: Stand) -> None:
    wang = await plant.actor("wang")
    await give_phone(plant, wang)
    await plant.hold("gas-store-1", "acetone", 1100.0, 3)
    (task, *_) = await plant.rows("SELECT id FROM tasks WHERE tenant_id = $1 ORDER BY position")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await deliveries.queue_order(tx, plant.tenant_id, task["id"], wang.account_id, ORDER)
    open_now = await IncidentPorts().list_open(plant.db, plant.tenant_id, wang.account_id)
    assert len(open_now) == 1
    await press(plant, wang)
    service_ = Recorder()
    await Courier(plant.db, {"fcm": service_}).sweep()
    assert [target for _, target in service_.sent if target.address == "t"] == []
    assert await IncidentPorts().list_open(plant.db, plant.tenant_id, wang.account_id) == []
    async with plant.db.transaction(plant.tenant_id) as tx:
        (row,) = await tx.fetch("SELECT id FROM deliveries WHERE account_id = $1", wang.account_id)
        assert await IncidentPorts().find(tx, plant.tenant_id, row["id"]) is None


async def test_a_second_press_makes_it_graver_and_a_held_one_does_not(plant: Stand) -> None:
    chen = await plant.actor("chen")
    first = await press(plant, chen, "a", phone=await at_zone(plant, "machine-hall"))
    plant.clock.advance(5)
    await press(plant, chen, "b")
    assert [i.grade for i in await plant.incidents()] == [2]
    plant.clock.advance(30)
    moved = await press(plant, chen, "c", phone=await at_zone(plant, "corridor"), note="smoke")
    assert moved.id == first.id
    (incident,) = await plant.incidents()
    assert incident.grade == 1
    assert (await call_of(plant, first)).zone_id == (await zone(plant, "corridor"))[0]
    lines = await plant.rows("SELECT kind FROM timeline WHERE tenant_id = $1 ORDER BY position")
    kinds = [line["kind"] for line in lines]
    assert {"sos.raised", "sos.raised_again", "incident.regraded"} <= set(kinds)
    await check_room(plant, first)


async def test_two_people_who_call_in_one_zone_are_one_incident_with_two_calls(plant: Stand) -> None:
    where = await at_zone(plant, "machine-hall")
    first = await press(plant, await plant.actor("chen"), phone=where)
    second = await press(plant, await plant.actor("li"), phone=where)
    assert first.incident_id == second.incident_id
    assert (await plant.actor("li")).account_id not in await members(plant, second)
    await check_room(plant, first)


async def test_without_a_position_the_place_is_what_presence_believes(plant: Stand) -> None:
    call = await press(plant, await plant.actor("chen"))
    assert call.located_by == "badge"
    assert "by badge" in call.place.en


async def test_without_any_trace_the_search_begins_on_the_site(plant: Stand) -> None:
    async with plant.db.transaction(plant.tenant_id) as tx:
        account_id = await add_account(tx, "new", "worker")
    call = await press(plant, Actor(plant.tenant_id, account_id, Role.WORKER))
    assert (call.located_by, call.share) == ("site", None)
    assert call.place.en.startswith("somewhere on")


async def test_a_call_that_can_not_be_read_is_refused_by_name(plant: Stand) -> None:
    chen = await plant.actor("chen")
    for key, note, field in (("", "", "key"), ("k" * 101, "", "key"), ("k", "n" * 501, "note")):
        with pytest.raises(Invalid) as refused:
            await press(plant, chen, key, note=note)
        assert refused.value.field == field


# --- where they are since ---------------------------------------------------------------------------------------------
async def test_positions_move_the_call_whatever_their_order(plant: Stand) -> None:
    chen = await plant.actor("chen")
    call = await press(plant, chen, phone=await at_zone(plant, "machine-hall"))
    plant.clock.advance(60)
    newest = await at_zone(plant, "corridor")
    older = FixAt((await at_zone(plant, "machine-hall")).fix, newest.at - timedelta(seconds=20))
    ancient = FixAt(older.fix, newest.at - timedelta(days=2))
    for batch in ([newest, older], [older, newest, ancient], [older]):
        async with plant.db.transaction(plant.tenant_id) as tx:
            await service.report_positions(tx, chen, call.id, batch)
    assert (await call_of(plant, call)).zone_id == (await zone(plant, "corridor"))[0]
    async with plant.db.transaction(plant.tenant_id) as tx:
        zhao = await plant.actor("zhao")
        trail = await service.list_positions(tx, zhao, call.id, before=None, limit=10)
        with pytest.raises(NotFound):
            await service.report_positions(tx, zhao, call.id, [newest])
    assert [p.at for p in trail] == [newest.at, older.at, call.opened_at]
    await check_room(plant, call)


async def test_far_away_the_position_is_kept_and_the_site_that_answers_stays(plant: Stand) -> None:
    chen = await plant.actor("chen")
    call = await press(plant, chen, phone=await at_zone(plant, "machine-hall"))
    plant.clock.advance(60)
    far = FixAt(Fix(call.lon + 1 if call.lon else 0, call.lat or 0, 10.0), plant.clock.now())
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.report_positions(tx, chen, call.id, [far])
    assert (await call_of(plant, call)).lon == far.fix.lon


# --- the two codes ----------------------------------------------------------------------------------------------------
async def with_codes(plant: Stand, passwords: Passwords, who: Actor) -> None:
    secret = await passwords.hash(PASSWORD)
    await plant.rows(
        "UPDATE accounts SET password_hash = $3 WHERE tenant_id = $1 AND id = $2 RETURNING id", who.account_id, secret
    )
    await codes.set_codes(plant.db, passwords, who, PASSWORD, CODE, DURESS)


async def test_the_real_code_ends_it_and_the_incident_stays_for_those_on_duty(
    plant: Stand, passwords: Passwords
) -> None:
    wang = await plant.actor("wang")
    await with_codes(plant, passwords, wang)
    call = await press(plant, wang)
    ended = await codes.end_call(plant.db, passwords, wang, call.id, CODE)
    assert ended.ended_at == ended.over_at == plant.clock.now()
    assert await codes.end_call(plant.db, passwords, wang, call.id, CODE) == ended
    assert [i.state for i in await plant.incidents()] == ["open"]
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert not await sos_queries.is_calling(tx, plant.tenant_id, wang.account_id)
        # The phone learns nothing that it would not after the other code.
        with pytest.raises(NotFound):
            await records.get_incident(tx, wang, call.incident_id or wang.account_id)
    plant.clock.advance(60)
    assert (await press(plant, wang, "again")).id != call.id


async def test_the_duress_code_is_answered_the_same_and_calls_for_more_help(plant: Stand, passwords: Passwords) -> None:
    wang = await plant.actor("wang")
    await with_codes(plant, passwords, wang)
    call = await press(plant, wang)
    ended = await codes.end_call(plant.db, passwords, wang, call.id, DURESS)
    assert ended.ended_at == plant.clock.now()
    assert (ended.over_at, ended.duress_at) == (None, plant.clock.now())
    (incident,) = await plant.incidents()
    assert incident.grade == 1
    assert any("Duress" in reason.en for reason in incident.reasons)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert await sos_queries.is_calling(tx, plant.tenant_id, wang.account_id)
        after = await service.report_positions(tx, wang, call.id, [await at_zone(plant, "corridor")])
    assert after.located_by == "phone"
    # The phone thinks that it is over; another press is a new call to it.
    plant.clock.advance(60)
    assert (await press(plant, wang, "again")).id != call.id
    await check_room(plant, call)


async def test_codes_are_tried_a_few_times_and_are_written_nowhere(plant: Stand, passwords: Passwords) -> None:
    chen = await plant.actor("chen")
    call = await press(plant, chen)
    with pytest.raises(Conflict, match="no codes"):
        await codes.end_call(plant.db, passwords, chen, call.id, CODE)
    with pytest.raises(Conflict, match="during a call"):
        await with_codes(plant, passwords, chen)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.end_of_incident(tx, plant.tenant_id, call.incident_id or call.id)
    await with_codes(plant, passwords, chen)
    call = await press(plant, chen, "second")
    plant.clock.advance(3600)
    for _ in range(codes.PER_PERSON.attempts):
        with pytest.raises(Forbidden):
            await codes.end_call(plant.db, passwords, chen, call.id, "9999")
    with pytest.raises(Unavailable):
        await codes.end_call(plant.db, passwords, chen, call.id, CODE)
    assert (await call_of(plant, call)).ended_at is None
    async with plant.db.transaction(plant.tenant_id) as tx:
        written = await audit.list_rows(tx, plant.tenant_id, limit=200)
    assert "sos.code_refused" in {row.action for row in written}
    assert not any(code in str(row.facts) for row in written for code in (CODE, DURESS, "9999"))


@pytest.mark.parametrize(("code", "duress"), [("123", DURESS), (CODE, "abcd"), (CODE, CODE), ("1" * 13, DURESS)])
async def test_what_is_no_pair_of_codes_is_refused(plant: Stand, passwords: Passwords, code: str, duress: str) -> None:
    with pytest.raises(Invalid):
        await codes.set_codes(plant.db, passwords, await plant.actor("chen"), PASSWORD, code, duress)


async def test_a_phone_in_another_hand_sets_no_codes(plant: Stand, passwords: Passwords) -> None:
    chen = await plant.actor("chen")
    with pytest.raises(Forbidden, match="password"):
        await codes.set_codes(plant.db, passwords, chen, "not the password", CODE, DURESS)
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert await codes.find_set_at(tx, chen) is None


async def test_closing_the_incident_ends_its_calls(plant: Stand) -> None:
    wang = await plant.actor("wang")
    call = await press(plant, wang)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await closing.close_incident(tx, await plant.actor("zhao"), call.incident_id or call.id, "helped")
    over = await call_of(plant, call)
    assert over.over_at == over.ended_at == plant.clock.now()
    async with plant.db.transaction(plant.tenant_id) as tx:
        assert (await records.get_incident(tx, wang, call.incident_id or call.id)).incident.state == "closed"
    await check_room(plant, call)


# --- who works alone --------------------------------------------------------------------------------------------------
async def begin(plant: Stand, who: Actor, **more: Any) -> LoneSession:
    hall, _, _ = await zone(plant, "machine-hall")
    facts: dict[str, Any] = {"interval_s": 1200, "zone_id": hall, "ends_at": plant.clock.now() + timedelta(hours=8)}
    async with plant.db.transaction(plant.tenant_id) as tx:
        return await lone_service.start(tx, who, Draft(**(facts | more)))


async def session_of(plant: Stand, who: Actor) -> LoneSession:
    async with plant.db.transaction(plant.tenant_id) as tx:
        found = await lone_service.find_own(tx, who)
    assert found is not None
    return found


async def calls(plant: Stand) -> list[Any]:
    return await plant.rows("SELECT * FROM sos_calls WHERE tenant_id = $1 ORDER BY opened_at")


async def test_a_word_that_does_not_come_is_asked_for_and_then_looked_for_by_two_couriers_once(plant: Stand) -> None:
    chen = await plant.actor("chen")
    await give_phone(plant, chen)
    session = await begin(plant, chen, note="spindle 4")
    pushes = Recorder()
    one, two = CheckInSender(plant.db, {"fcm": pushes}), CheckInSender(plant.db, {"fcm": pushes})
    plant.clock.advance(1079)
    assert await one.sweep() == 0
    plant.clock.advance(1)
    await asyncio.gather(one.sweep(), two.sweep())
    await one.sweep()
    assert [notice.type for notice, _ in pushes.sent] == ["check_in"]
    async with plant.db.transaction(plant.tenant_id) as tx:
        await lone_service.check_in(tx, chen, session.id)
    plant.clock.advance(1200 + 119)
    await asyncio.gather(one.sweep(), two.sweep())
    assert await calls(plant) == []
    plant.clock.advance(1)
    await asyncio.gather(one.sweep(), two.sweep())
    await one.sweep()
    (call,) = await calls(plant)
    assert (call["kind"], call["located_by"], call["session_id"]) == ("missed_check_in", "session", session.id)
    (incident,) = await plant.incidents()
    assert "spindle 4" in incident.reasons[0].en
    assert (await session_of(plant, chen)).state == "missed"


async def test_a_courier_killed_at_the_call_leaves_it_to_the_next(
    plant: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    chen = await plant.actor("chen")
    await begin(plant, chen)
    plant.clock.advance(1320)

    async def killed(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr("incidents.sos.lone_service.audit.record", killed)
        with pytest.raises(asyncio.CancelledError):
            await CheckInSender(plant.db, {}).sweep()
    assert await calls(plant) == []
    await CheckInSender(plant.db, {}).sweep()
    assert len(await calls(plant)) == 1


async def test_a_courier_killed_while_it_rings_leaves_the_reminder_under_the_same_key(plant: Stand) -> None:
    chen = await plant.actor("chen")
    await give_phone(plant, chen)
    await begin(plant, chen)
    plant.clock.advance(1100)
    hanging, healthy = Recorder(), Recorder()
    hanging.hanging = True
    dying = asyncio.create_task(CheckInSender(plant.db, {"fcm": hanging}).sweep())
    await hanging.reached.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    sender = CheckInSender(plant.db, {"fcm": healthy})
    await sender.sweep()
    assert healthy.sent == []
    plant.clock.advance(LEASE.total_seconds())
    await sender.sweep()
    assert len(healthy.sent) == 1
    assert (await session_of(plant, chen)).ring_taken == 1


async def test_a_clock_that_is_set_back_puts_nothing_off_for_ever(plant: Stand) -> None:
    chen = await plant.actor("chen")
    await begin(plant, chen)
    plant.clock.advance(-10 * 3600)
    sender = CheckInSender(plant.db, {})
    assert await sender.sweep() == 1
    plant.clock.advance(1320)
    await sender.sweep()
    assert len(await calls(plant)) == 1


async def test_a_message_is_a_word_where_it_counts(plant: Stand) -> None:
    chen, li = await plant.actor("chen"), await plant.actor("li")
    call = await press(plant, await plant.actor("wang"))
    async with plant.db.transaction(plant.tenant_id) as tx:
        room = await rooms.room_of(tx, plant.tenant_id, call.incident_id or call.id)
        await rooms.add_member(tx, plant.tenant_id, room.id, chen.account_id)
    await begin(plant, li, activity_counts=True)
    await begin(plant, chen)
    plant.clock.advance(1000)
    for who in (li, chen):
        async with plant.db.transaction(plant.tenant_id) as tx:
            await rooms.post(tx, who, room.id, "still here", "k")
    plant.clock.advance(320)
    await CheckInSender(plant.db, {}).sweep()
    assert ((await session_of(plant, li)).state, (await session_of(plant, li)).checked_in_by) == ("active", "message")
    assert (await session_of(plant, chen)).state == "missed"


async def test_a_person_pauses_extends_and_ends_and_nobody_else_does(plant: Stand) -> None:
    chen, zhao = await plant.actor("chen"), await plant.actor("zhao")
    session = await begin(plant, chen)
    now = plant.clock.now()
    async with plant.db.transaction(plant.tenant_id) as tx:
        paused = await lone_service.pause(tx, chen, session.id, now + timedelta(minutes=30))
        assert (paused.state, paused.version) == ("paused", 2)
        resumed = await lone_service.resume(tx, chen, session.id)
        assert resumed.state == "active"
        longer = await lone_service.extend(tx, chen, session.id, now + timedelta(hours=9))
        assert longer.ends_at == now + timedelta(hours=9)
        with pytest.raises(NotFound):
            await lone_service.check_in(tx, zhao, session.id)
        assert (await lone_service.get_session(tx, zhao, session.id)).account_id == chen.account_id
        with pytest.raises(NotFound):
            await lone_service.get_session(tx, await plant.actor("wang"), session.id)
        ended = await lone_service.end(tx, chen, session.id)
        assert (ended.state, ended.ended_by) == ("ended", chen.account_id)
        assert await lone_service.end(tx, chen, session.id) == ended
    plant.clock.advance(9999)
    assert await CheckInSender(plant.db, {}).sweep() == 0


async def test_one_session_at_a_time(plant: Stand) -> None:
    chen = await plant.actor("chen")
    await begin(plant, chen)
    with pytest.raises(Conflict, match="runs already"):
        await begin(plant, chen)


async def test_the_overdue_are_first_and_then_who_must_speak_next(plant: Stand) -> None:
    zhao, chen, li, wang = [await plant.actor(n) for n in ("zhao", "chen", "li", "wang")]
    await begin(plant, li, interval_s=7200)
    await begin(plant, chen, interval_s=600)
    await begin(plant, wang, interval_s=3600)
    plant.clock.advance(610)
    async with plant.db.transaction(plant.tenant_id) as tx:
        found = await lone_service.list_sessions(tx, zhao, running=True, site_id=None, search=None, skip=0, limit=9)
        with pytest.raises(Forbidden):
            await lone_service.list_sessions(tx, chen, running=True, site_id=None, search=None, skip=0, limit=9)
    assert [s.account_id for s in found] == [chen.account_id, wang.account_id, li.account_id]


async def test_who_calls_already_is_missed_in_the_same_call(plant: Stand) -> None:
    chen = await plant.actor("chen")
    await begin(plant, chen)
    call = await press(plant, chen)
    plant.clock.advance(1320)
    await CheckInSender(plant.db, {}).sweep()
    (row,) = await calls(plant)
    assert (row["id"], row["presses"]) == (call.id, 2)
    assert [i.grade for i in await plant.incidents()] == [1]


async def test_a_press_that_waits_for_a_merger_calls_again_where_the_call_went(plant: Stand) -> None:
    chen, wang, officer = await plant.actor("chen"), await plant.actor("wang"), await plant.actor("zhao")
    call = await press(plant, chen, phone=await at_zone(plant, "solvent-store"))
    other = await press(plant, wang, phone=await at_zone(plant, "office"))
    assert call.incident_id != other.incident_id
    assert call.incident_id is not None
    assert other.incident_id is not None
    plant.clock.advance(60)
    async with plant.db.transaction(plant.tenant_id) as tx:
        await merging.merge(tx, officer, other.incident_id, call.incident_id, "one robbery")
        again = asyncio.create_task(press(plant, chen, key="k2"))
        await waits_for_lock(plant)
    await again
    assert (await call_of(plant, call)).incident_id == other.incident_id
    told = await plant.rows(
        "SELECT incident_id FROM timeline WHERE tenant_id = $1 AND kind = 'incident.reported_again'"
    )
    assert [row["incident_id"] for row in told] == [other.incident_id]
    left = await plant.rows("SELECT id FROM tasks WHERE tenant_id = $1 AND incident_id = $2", call.incident_id)
    assert left == [], "nobody is sent for an incident that is closed"


async def waits_for_lock(plant: Stand) -> None:
    """Until somebody waits for a row that somebody else holds."""
    async with asyncio.timeout(10):
        while True:
            async with plant.db.transaction(plant.tenant_id) as tx:
                if await tx.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                    return


async def test_a_session_we_trip_over_keeps_nobody_elses_from_being_looked_at(
    plant: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    chen, wang = await plant.actor("chen"), await plant.actor("wang")
    await begin(plant, chen)
    await begin(plant, wang)
    plant.clock.advance(1320)
    open_call = service.open_call

    async def trips(tx: Any, account_id: UUID, *rest: Any) -> SosCall:
        if account_id == chen.account_id:
            raise KeyError("a zone that is gone")
        return await open_call(tx, account_id, *rest)

    monkeypatch.setattr(service, "open_call", trips)
    await CheckInSender(plant.db, {}).sweep()
    assert [row["account_id"] for row in await calls(plant)] == [wang.account_id]
