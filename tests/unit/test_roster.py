"""Who could be asked: duty, place, reach and load decide the order; who is in danger is not asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest

from incidents.alarms.agents import Hazard
from incidents.tasking.roster import Candidate, Known, Person, assemble, nearest_first, order, place_of
from mobile_contract.text import Text
from people.presence.service import Whereabouts
from people.rotas.service import Duty
from plant.model import Zone

T0 = datetime(2026, 10, 25, tzinfo=UTC)
WANG, LI, CHEN = (UUID(int=n) for n in (1, 2, 3))
STORE, LAB, HALL, YARD, NIGHT, CALL = (UUID(int=n) for n in (11, 12, 13, 14, 21, 22))
BUILDING = UUID(int=31)
TEXT = Text("名", "name")


def zone(zone_id: UUID, level: int = 0, adjoining: tuple[UUID, ...] = (), building: UUID | None = BUILDING) -> Zone:
    return Zone(UUID(int=9), zone_id, UUID(int=8), building, "z", TEXT, {}, level, 1, [], list(adjoining), 1, T0)


ZONES = {z.id: z for z in (zone(STORE), zone(LAB, adjoining=(STORE,)), zone(HALL), zone(YARD, 1, (), None))}


def duty(account: UUID, kind: Literal["shift", "on_call"], position: int = 0) -> Duty:
    rota = NIGHT if kind == "shift" else CALL
    return Duty(
        rota_id=rota,
        rota="r",
        kind=kind,
        site_id=None,
        account_id=account,
        position=position,
        starts_at=T0,
        ends_at=T0 + timedelta(hours=8),
        why=TEXT,
    )


def seen(
    account: UUID, zone_id: UUID | None, confidence: float = 0.9, source: Literal["badge", "shift"] = "badge"
) -> Whereabouts:
    return Whereabouts(
        person_id=account,
        kind="staff",
        name="n",
        site_id=UUID(int=8),
        on_site=True,
        zone_id=zone_id,
        level=0,
        position=None,
        accuracy_m=None,
        seen_at=T0,
        source=source,
        confidence=confidence,
    )


PEOPLE = [Person(account, "responder", 2, 0, False) for account in (WANG, LI, CHEN)]


def roster(known: Known) -> dict[UUID, Candidate]:
    return {c.account_id: c for c in assemble(PEOPLE, known)}


def first(known: Known) -> list[UUID]:
    return [c.account_id for c in sorted(assemble(PEOPLE, known), key=order)]


def test_where_no_rota_is_kept_nobody_is_off_shift() -> None:
    assert {c.standing for c in roster(Known()).values()} == {"unknown"}
    assert first(Known()) == [WANG, LI, CHEN]


def test_on_shift_comes_before_on_call_and_who_is_neither_is_passed_over() -> None:
    known = Known(duties=[duty(CHEN, "shift"), duty(LI, "on_call", 1)])
    assert first(known) == [CHEN, LI, WANG]
    assert roster(known)[WANG].passed_over == "off_shift"
    assert roster(known)[LI].on_call == ((CALL, 1),)
    assert roster(known)[CHEN].on_shift == {NIGHT}


def test_who_came_in_by_the_door_is_at_work_whatever_the_rota_says() -> None:
    known = Known(duties=[duty(CHEN, "shift")], whereabouts=[seen(WANG, None), seen(LI, None, source="shift")])
    assert roster(known)[WANG].standing == "on_shift"
    assert roster(known)[LI].standing == "off_shift", "a place the rota made up proves nothing"


def test_the_nearest_zone_comes_first() -> None:
    known = Known(
        whereabouts=[seen(WANG, HALL), seen(LI, LAB), seen(CHEN, STORE)],
        zones=ZONES,
        hazard_zones=frozenset({STORE}),
        hazard="flammable",
    )
    assert first(known) == [CHEN, LI, WANG]
    assert sorted(assemble(PEOPLE, known), key=nearest_first)[0].account_id == CHEN


@pytest.mark.parametrize(("hazard", "endangered"), [("toxic", True), ("asphyxiant", True), ("flammable", False)])
def test_who_stands_in_gas_gets_out_and_is_not_asked(hazard: Hazard, endangered: bool) -> None:
    known = Known(whereabouts=[seen(WANG, STORE)], zones=ZONES, hazard_zones=frozenset({STORE}), hazard=hazard)
    wang = roster(known)[WANG]
    assert (wang.endangered, wang.passed_over) == (endangered, "in_hazard_zone" if endangered else None)


def test_a_place_that_is_hardly_believed_is_none() -> None:
    known = Known(whereabouts=[seen(WANG, STORE, 0.4)], zones=ZONES, hazard_zones=frozenset({STORE}), hazard="toxic")
    assert roster(known)[WANG].place == "unknown"


def test_places_by_the_plan_of_the_site() -> None:
    hazard = {STORE, UUID(int=99)}
    places = [place_of(z, hazard, ZONES) for z in (STORE, LAB, HALL, YARD, None, UUID(int=98))]
    assert places == ["same_zone", "adjoining", "same_floor", "elsewhere", "unknown", "unknown"]


def test_who_can_be_reached_comes_before_who_can_not_and_the_idle_before_the_busy() -> None:
    people = [Person(WANG, "responder", 0, 0, False), Person(LI, "responder", 2, 3, False), PEOPLE[2]]
    assert [c.account_id for c in sorted(assemble(people, Known()), key=order)] == [CHEN, LI, WANG]


def test_skills_teams_quiet_hours_and_another_task_are_known_of_each() -> None:
    people = [Person(WANG, "responder", 2, 1, True), *PEOPLE[1:]]
    known = Known(skills={LI: frozenset({"first_aid"})}, teams={NIGHT: frozenset({LI})}, quiet=frozenset({CHEN}))
    wang, li, chen = assemble(people, known)
    assert (wang.passed_over, li.passed_over, chen.passed_over) == ("has_task", None, "do_not_disturb")
    assert (li.skills, li.teams) == (frozenset({"first_aid"}), frozenset({NIGHT}))
    assert not wang.skills
