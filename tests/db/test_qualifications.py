"""Qualifications on the database: skills of the moment, SQL that agrees with the pure states, and what runs out."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from core.database import Database, Tx
from core.errors import Invalid
from core.ids import new_id
from mobile_contract.text import Text
from muster.upkeep import forget
from people import import_service
from people.actor import Actor
from people.passwords import Passwords
from people.permissions import Role
from people.qualifications import queries, service, type_service
from people.qualifications.library import LIBRARY
from people.qualifications.model import Qualification, QualificationType
from people.qualifications.queries import Asked
from people.qualifications.records import RecordDraft
from people.qualifications.standing import standing
from people.qualifications.type_service import TypeDraft
from people.queries import FIRST
from people.rotas import service as rotas
from people.rotas import team_service
from people.rotas.team_service import TeamDraft
from tests import incident_world
from tests.clusters import Clone

NAME = Text("急救", "First aid")
LONG_AGO, DAY = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)


class People:
    """wang and li, a first-aid type that warns 30 days before, and a safety officer who enters records."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx

    async def settle(self, tz: str | None = None) -> People:
        tx = self.tx
        self.wang = await incident_world.add_account(tx, "wang")
        self.li = await incident_world.add_account(tx, "li")
        officer = await incident_world.add_account(tx, "zhao", "safety_officer")
        assert tx.tenant_id is not None
        self.officer = Actor(tx.tenant_id, officer, Role.SAFETY_OFFICER)
        self.kind = await self.type("first-aid", ["first_aid"])
        if tz is not None:
            await tx.execute(
                "INSERT INTO sites (tenant_id, id, slug, name, tz, created_at) VALUES ($1, $2, 's', '{}', $3, $4)",
                tx.tenant_id,
                new_id(),
                tz,
                tx.now,
            )
        return self

    async def type(self, slug: str, skills: list[str], warn_days: int = 30) -> QualificationType:
        draft = TypeDraft(slug, NAME, skills, "plant practice", warn_days=warn_days)
        return await type_service.create_type(self.tx, None, draft)

    async def give(self, person: UUID, start: str, end: str | None = None, **changes: Any) -> Qualification:
        draft = RecordDraft(
            person, self.kind.id, "Red Cross", date.fromisoformat(start), date.fromisoformat(end) if end else None
        )
        for name, value in changes.items():
            draft = RecordDraft(**{f: getattr(draft, f) for f in draft.__struct_fields__} | {name: value})
        return (await service.create_record(self.tx, None, draft)).record

    async def skills(self, at: str, **place: UUID) -> dict[UUID, frozenset[str]]:
        return await service.list_valid_skills(self.tx, self.officer.tenant_id, datetime.fromisoformat(at), **place)


FIRST_AID = frozenset({"first_aid"})


async def test_a_skill_is_there_from_the_first_midnight_to_the_last(tx: Tx) -> None:
    people = await People(tx).settle("Europe/Berlin")
    await people.give(people.wang, "2026-03-29", "2026-10-25")
    # The days Berlin changes its clocks: the first has 23 hours, the last 25.
    assert await people.skills("2026-03-28T22:59:59+00:00") == {}
    assert await people.skills("2026-03-28T23:00:00+00:00") == {people.wang: FIRST_AID}
    assert await people.skills("2026-10-25T22:59:59+00:00") == {people.wang: FIRST_AID}
    assert await people.skills("2026-10-25T23:00:00+00:00") == {}


async def test_without_a_site_days_are_chinas(tx: Tx) -> None:
    people = await People(tx).settle()
    await people.give(people.wang, "2026-01-01", "2026-12-31")
    assert await people.skills("2026-12-31T15:59:59+00:00") == {people.wang: FIRST_AID}
    assert await people.skills("2026-12-31T16:00:00+00:00") == {}


async def test_skills_of_several_records_are_joined_and_the_disabled_have_none(tx: Tx) -> None:
    people = await People(tx).settle()
    fire = await people.type("fire", ["fire_fighting", "first_aid"])
    await people.give(people.wang, "2026-01-01")
    await people.give(people.wang, "2026-01-01", type_id=fire.id)
    await people.give(people.li, "2026-01-01")
    await tx.execute("UPDATE accounts SET disabled_at = $2 WHERE id = $1", people.li, datetime(2026, 2, 1, tzinfo=UTC))
    assert await people.skills("2026-03-02T08:00:00+00:00") == {people.wang: frozenset({"first_aid", "fire_fighting"})}


async def test_a_limited_record_counts_where_it_is_limited_to(tx: Tx) -> None:
    people = await People(tx).settle("Asia/Shanghai")
    site: UUID = await tx.fetchval("SELECT id FROM sites")
    await people.give(people.wang, "2026-01-01", sites=[site])
    at = "2026-03-02T08:00:00+00:00"
    assert await people.skills(at) == {}
    assert await people.skills(at, site_id=site) == {people.wang: FIRST_AID}
    assert await people.skills(at, site_id=new_id(), zone_id=new_id()) == {}
    holders = await service.list_holders(tx, people.officer, "first_aid", after="", limit=10)
    assert [(it.login, it.everywhere, it.sites) for it in holders] == [("wang", False, [site])]


async def test_a_suspension_takes_the_skill_at_once_and_reinstating_gives_it_back(tx: Tx) -> None:
    people = await People(tx).settle()
    record = await people.give(people.wang, "2020-01-01")
    now = tx.now.isoformat()
    assert await people.skills(now) == {people.wang: FIRST_AID}
    shown = await service.suspend(tx, people.officer, record.id, reason="slipped")
    assert shown.standing.state == "suspended"
    assert await people.skills(now) == {}
    await service.reinstate(tx, people.officer, record.id, reason="cleared")
    assert await people.skills(now) == {people.wang: FIRST_AID}


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 12))
ENDS = st.none() | DAYS


async def test_the_sql_says_of_every_record_what_the_pure_function_says(clone: Clone) -> None:
    day = date(2026, 1, 6)
    noon = datetime(2026, 1, 6, 4, tzinfo=UTC)
    examples: list[tuple[date | None, ...]] = []

    @given(st.tuples(DAYS, ENDS, ENDS, ENDS, ENDS))
    @settings(max_examples=300, derandomize=True, database=None)
    def draw(drawn: tuple[date, date | None, date | None, date | None, date | None]) -> None:
        start, end, review, suspended, until = drawn
        if min(end or start, review or start) >= start and (suspended is None or (until or suspended) >= suspended):
            examples.append((start, end, review, suspended, until if suspended else None))

    draw()
    async with Database.connect(clone.app_url, ManualClock(noon)) as db, db.transaction(clone.tenant_id) as tx:
        people = await People(tx).settle()
        expected: dict[str, set[UUID]] = {}
        kinds = [await people.type(f"t{warn}", [f"s{warn}"], warn) for warn in (0, 3)]
        for number, (start, end, review, suspended, until) in enumerate(examples):
            assert start is not None
            kind = kinds[number % 2]
            person = await incident_world.add_account(tx, f"p{number}")
            draft = RecordDraft(person, kind.id, "x", start, end, review)
            made = (await service.create_record(tx, None, draft)).record
            await tx.execute(
                "UPDATE qualifications SET suspended_from = $2, suspended_until = $3, suspended_reason = $4"
                " WHERE id = $1",
                made.id,
                suspended,
                until,
                None if suspended is None else "r",
            )
            saved = await queries.find(tx, clone.tenant_id, made.id)
            assert saved is not None
            expected.setdefault(standing(saved, kind, day).state, set()).add(saved.account_id)
        assert set(expected) == {"not_yet_valid", "valid", "expiring", "expired", "suspended"}
        for state, wanted in expected.items():
            asked = Asked(state=state)  # type: ignore[arg-type]
            rows = await service.list_records(tx, people.officer, asked, after=FIRST, limit=1000)
            assert {row.record.account_id for row in rows} == wanted, state
        skilled = await service.list_valid_skills(tx, clone.tenant_id, noon)
        assert set(skilled) == expected["valid"] | expected["expiring"]
        holders = []
        for skill in ("s0", "s3"):
            holders += await service.list_holders(tx, people.officer, skill, after="", limit=1000)
        assert {it.account_id for it in holders} == set(skilled)


async def test_what_runs_out_is_noticed_once_a_day_and_once_an_end(clone: Clone) -> None:
    clock = ManualClock(datetime(2026, 3, 2, 8, tzinfo=UTC))
    async with Database.connect(clone.app_url, clock) as db:
        async with db.transaction(clone.tenant_id) as tx:
            people = await People(tx).settle()
            soon = await people.give(people.wang, "2025-01-01", "2026-03-31")
            over = await people.give(people.officer.account_id, "2025-01-01", "2026-03-01")
            later = await people.give(people.li, "2025-06-01", "2026-04-02")
            # Followed by the one above: nobody needs to hear of it.
            await people.give(people.li, "2024-06-01", "2025-05-31")

        async def noticed() -> set[tuple[UUID, str]]:
            await forget(db)
            await forget(db)
            async with db.transaction(clone.tenant_id) as tx:
                rows = await tx.fetch("SELECT qualification_id, state FROM qualification_notices")
                acts = await tx.fetchval("SELECT count(*) FROM audit WHERE action = 'qualification.runs_out'")
            assert acts == len(rows)
            return {(row["qualification_id"], row["state"]) for row in rows}

        first = {(soon.id, "expiring"), (over.id, "expired")}
        assert await noticed() == first
        clock.advance(timedelta(hours=7).total_seconds())
        assert await noticed() == first
        clock.advance(timedelta(hours=2).total_seconds())
        assert await noticed() == first | {(later.id, "expiring")}
        clock.advance(timedelta(days=31).total_seconds())
        assert await noticed() == first | {(later.id, "expiring"), (later.id, "expired"), (soon.id, "expired")}


async def test_to_be_renewed_is_what_nothing_followed(tx: Tx) -> None:
    people = await People(tx).settle()
    today = await service.today(tx, people.officer.tenant_id)
    start, past, soon = [(today + timedelta(days)).isoformat() for days in (-400, -10, 10)]
    renewed = await people.give(people.wang, start, past)
    await people.give(people.wang, past, (today + timedelta(300)).isoformat())
    over = await people.give(people.li, start, past)
    ending = await people.give(people.wang, start, soon, type_id=(await people.type("fire", ["fire_fighting"])).id)
    start_key = (date.min, FIRST)
    rows = await service.list_to_renew(tx, people.officer, after=start_key, limit=10)
    assert [(row.record.id, row.standing.state) for row in rows] == [(over.id, "expired"), (ending.id, "expiring")]
    assert renewed.id not in {row.record.id for row in rows}


async def test_the_library_of_types_is_taken_whole(tx: Tx) -> None:
    for draft in LIBRARY:
        made = await type_service.create_type(tx, None, draft)
        assert made.source


async def test_the_demo_plant_has_people_with_skills_one_expiring_and_one_expired(demo_clone: Clone) -> None:
    async with Database.connect(demo_clone.app_url) as db, db.transaction(demo_clone.tenant_id) as tx:
        skills = await service.list_valid_skills(tx, demo_clone.tenant_id, tx.now)
        logins = {row["id"]: row["login"] for row in await tx.fetch("SELECT id, login FROM accounts")}
        by_login = {logins[person]: codes for person, codes in skills.items()}
        assert by_login["wang"] >= {"first_aid", "breathing_apparatus"}
        assert by_login["li"] >= {"first_aid", "hf_handling"}
        auditor = Actor(demo_clone.tenant_id, next(i for i, n in logins.items() if n == "audit"), Role.AUDITOR)
        rows = await service.list_to_renew(tx, auditor, after=(date.min, FIRST), limit=50)
        assert {row.standing.state for row in rows} == {"expiring", "expired"}


# Import.


@pytest.fixture
async def admin(clone: Clone) -> Actor:
    """An admin of the clone's tenant."""
    async with Database.connect(clone.app_url) as db, db.transaction(clone.tenant_id) as tx:
        await type_service.create_type(tx, None, TypeDraft("first-aid", NAME, ["first_aid"], "plant practice", 36))
        return Actor(clone.tenant_id, await incident_world.add_account(tx, "boss", "admin"), Role.ADMIN)


FILE = (
    "login,display_name,role,phone,qualification,number,valid_from,valid_until\n"
    "wang,王伟,responder,+8613800000001,first-aid,A1,2026-01-01,\n"
    "wang,,,,first-aid,A2,2026-02-01,none\n"
    "li,李娜,worker,,,,,\n"
).encode("gb18030")


async def _import(db: Database, actor: Actor, content: bytes, *, partial: bool = False) -> Any:
    passwords = Passwords()
    upload = await import_service.read_upload(actor, content)
    made = await import_service.make_secrets(db, passwords, actor, upload)
    passwords.close()
    async with db.transaction(actor.tenant_id) as tx:
        return await import_service.import_people(tx, actor, upload, made, partial=partial)


async def test_importing_the_same_file_again_changes_nothing(clone: Clone, admin: Actor) -> None:
    async with Database.connect(clone.app_url) as db:
        plan = await _import(db, admin, FILE)
        assert plan.new_logins == ["wang", "li"]

        async def everything() -> list[Any]:
            async with db.transaction(clone.tenant_id) as tx:
                tables = ("accounts", "qualifications", "audit")
                return [await tx.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

        before = await everything()
        assert [row["display_name"] for row in before[0] if row["login"] != "boss"] == ["王伟", "李娜"]
        assert len(before[1]) == 2
        again = await _import(db, admin, FILE)
        assert again.new_logins == []
        assert await everything() == before
        async with db.transaction(clone.tenant_id) as tx:
            exported = await import_service.export_people(tx, admin)
        assert {step.action for step in (await _import(db, admin, exported)).records} == {"keep"}
        assert await everything() == before


async def test_teams_come_in_and_go_out_and_the_same_file_again_changes_nothing(clone: Clone, admin: Actor) -> None:
    """Who left a team comes back; who is in one by another way stays."""
    content = b"login,display_name,role,teams\nwang,Wang,responder,fire;night\nli,Li,worker,\n"
    async with Database.connect(clone.app_url) as db:
        with pytest.raises(Invalid, match="no team fire"):
            await _import(db, admin, content)
        async with db.transaction(clone.tenant_id) as tx:
            teams = [await team_service.create_team(tx, admin, TeamDraft(it, NAME)) for it in ("fire", "night")]
        await _import(db, admin, content)
        again = await _import(db, admin, content)
        assert [(it.team.slug, it.action) for it in again.teams] == [("fire", "keep"), ("night", "keep")]
        async with db.transaction(clone.tenant_id) as tx:
            assert await tx.fetchval("SELECT count(*) FROM audit WHERE action = 'team.member_set'") == 2
            exported = await import_service.export_people(tx, admin)
            assert b"wang,Wang,responder,,zh-CN,fire;night," in exported
            assert b"li,Li,worker,,zh-CN,," in exported
            await tx.execute("UPDATE team_members SET starts_at = $1, ends_at = $2", LONG_AGO, LONG_AGO + DAY)
            assert b"zh-CN,fire" not in await import_service.export_people(tx, admin)
        assert {it.action for it in (await _import(db, admin, exported)).teams} == {"create"}
        async with db.transaction(clone.tenant_id) as tx:
            members = await rotas.list_team_members(tx, clone.tenant_id)
        assert members.keys() == {it.id for it in teams}


async def test_all_or_nothing_unless_partial(clone: Clone, admin: Actor) -> None:
    content = b"login,display_name,role\nwang,Wang,worker\nli,Li,boss\n"
    async with Database.connect(clone.app_url) as db:
        with pytest.raises(Invalid) as caught:
            await _import(db, admin, content)
        assert (caught.value.code, caught.value.field) == ("people_import.bad_rows", "line 3, role")
        async with db.transaction(clone.tenant_id) as tx:
            assert await tx.fetchval("SELECT count(*) FROM accounts WHERE login IN ('wang', 'li')") == 0
        await _import(db, admin, content, partial=True)
        async with db.transaction(clone.tenant_id) as tx:
            logins = [row["login"] for row in await tx.fetch("SELECT login FROM accounts ORDER BY login")]
        assert logins == ["boss", "wang"]


async def test_two_imports_of_one_file_at_once_make_everybody_once(clone: Clone, admin: Actor) -> None:
    async with Database.connect(clone.app_url) as db:
        plans = await asyncio.gather(_import(db, admin, FILE), _import(db, admin, FILE))
        assert sorted(len(plan.new_logins) for plan in plans) == [0, 2]
        async with db.transaction(clone.tenant_id) as tx:
            assert await tx.fetchval("SELECT count(*) FROM qualifications") == 2
            assert await tx.fetchval("SELECT count(*) FROM audit WHERE action = 'qualification.entered'") == 2
