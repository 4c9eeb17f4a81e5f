"""Marks of marshals who did not know of each other: any order, any repetition, one result."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.roll_call.merge import MISSING_FROM, count, judge, judged, standing
from incidents.roll_call.model import Mark, Person, Said
from incidents.roll_call.search import NAMES_A_STEP, STEPS_MAX, search_steps
from mobile_contract.text import Text

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
WANG = UUID(int=1)
SAID: list[Said] = ["safe", "need_help", "left", "not_here", "withdrawn"]


def mark(number: int, said: Said, *seen: int, by: int = 90, person: UUID = WANG) -> Mark:
    return Mark(
        id=UUID(int=number),
        person_id=person,
        said=said,
        seen=tuple(UUID(int=n) for n in seen),
        by_account=UUID(int=by),
        at=NOW,
        received_at=NOW + timedelta(seconds=number),
    )


def person(number: int, **changes: object) -> Person:
    made = Person(
        tenant_id=UUID(int=0),
        roll_call_id=UUID(int=0),
        person_id=UUID(int=number),
        kind="staff",
        name=f"P{number}",
        host_id=None,
        source="badge",
        zone_id=None,
        level=None,
        seen_at=None,
        confidence=0.9,
        status="missing",
    )
    return replace(made, **changes)


numbers = st.integers(1, 12)
marks = st.lists(
    st.builds(
        lambda n, said, seen: mark(n, said, *seen), numbers, st.sampled_from(SAID), st.lists(numbers, max_size=4)
    ),
    max_size=12,
    unique_by=lambda made: made.id,
)


@given(marks, st.floats(0, 1), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_give_the_same(made: list[Mark], confidence: float, chance: random.Random) -> None:
    again = made + [chance.choice(made) for _ in range(5) if made]
    chance.shuffle(again)
    assert judge(confidence, again) == judge(confidence, made)


@given(marks, marks, st.floats(0, 1))
def test_two_marshals_who_come_back_merge_to_the_union(one: list[Mark], other: list[Mark], confidence: float) -> None:
    # The same id is the same mark: the first writer's, as the server keeps it.
    union = list({m.id: m for m in [*other, *one]}.values())
    known = {m.id for m in one}
    other = [m for m in other if m.id not in known]
    assert judge(confidence, [*one, *other]) == judge(confidence, union) == judge(confidence, [*other, *one])


@given(marks)
def test_somebody_always_stands_unless_nobody_spoke(made: list[Mark]) -> None:
    assert bool(standing(made)) is bool(made)


@given(marks, st.floats(0, 1))
def test_a_call_for_help_is_never_hidden_by_somebody_who_did_not_know_of_it(
    made: list[Mark], confidence: float
) -> None:
    call = mark(99, "need_help")
    assert judge(confidence, [*made, call]).status == "need_help"


@pytest.mark.parametrize(
    ("made", "status", "contested"),
    [
        ([], "missing", False),
        ([mark(1, "safe")], "accounted", False),
        ([mark(1, "left")], "left", False),
        ([mark(1, "not_here")], "missing", False),
        ([mark(1, "not_here"), mark(2, "safe", by=91)], "accounted", True),
        ([mark(1, "safe"), mark(2, "need_help", by=91)], "need_help", True),
        ([mark(1, "need_help"), mark(2, "safe", 1)], "accounted", False),
        ([mark(1, "safe"), mark(2, "withdrawn", 1)], "missing", False),
        ([mark(1, "safe"), mark(2, "withdrawn", 1), mark(3, "safe", 2)], "accounted", False),
        ([mark(1, "safe"), mark(2, "safe", by=91)], "accounted", False),
        # A ring of replacements can only be made up: nothing said in it is lost.
        ([mark(1, "safe", 2), mark(2, "need_help", 1)], "need_help", True),
        ([mark(1, "safe", 1)], "accounted", False),
    ],
)
def test_what_marks_say_of_a_person(made: list[Mark], status: str, contested: bool) -> None:
    verdict = judge(0.9, made)
    assert (verdict.status, verdict.contested) == (status, contested)


def test_whoever_was_probably_not_there_is_unsure_and_not_missing() -> None:
    assert judge(MISSING_FROM, []).status == "missing"
    assert judge(MISSING_FROM - 0.01, []).status == "unsure"


def test_everybody_is_counted_once() -> None:
    people = [
        judged(person(1), [mark(1, "safe", person=UUID(int=1))]),
        judged(person(2), [mark(2, "need_help", person=UUID(int=2))]),
        judged(person(3), [mark(3, "left", person=UUID(int=3))]),
        judged(person(4), []),
        judged(person(5, confidence=0.1), []),
    ]
    counts = count(people)
    assert (counts.expected, counts.accounted, counts.need_help, counts.left, counts.missing, counts.unsure) == (
        5,
        1,
        1,
        1,
        1,
        1,
    )


def test_five_hundred_people_and_five_marshals_offline_for_ten_minutes() -> None:
    chance = random.Random(7)
    people = [person(n) for n in range(1, 501)]
    logs = [
        [
            mark(1000 * m + n, chance.choice(SAID), by=900 + m, person=UUID(int=chance.randint(1, 500)))
            for n in range(1, 201)
        ]
        for m in range(1, 6)
    ]
    union = {made.id: made for log in logs for made in log}
    expected = [judged(p, [m for m in union.values() if m.person_id == p.person_id]) for p in people]
    for _ in range(20):
        arrived: dict[UUID, Mark] = {}
        stream = [m for log in logs for m in log] + chance.sample([m for log in logs for m in log], 100)
        chance.shuffle(stream)
        for made in stream:
            arrived.setdefault(made.id, made)
        merged = [judged(p, [m for m in arrived.values() if m.person_id == p.person_id]) for p in people]
        assert merged == expected
    assert count(expected).expected == 500


def test_those_who_need_help_come_first_then_the_zone_we_are_surest_of() -> None:
    store, hall = UUID(int=70), UUID(int=71)
    people = [
        person(1, zone_id=hall, confidence=0.6, seen_at=NOW - timedelta(minutes=4)),
        person(2, zone_id=store, confidence=0.9, seen_at=NOW - timedelta(minutes=2)),
        person(3, zone_id=hall, status="need_help"),
        person(4, status="accounted"),
        person(5),
    ]
    names = {store: Text("溶剂库", "Solvent store"), hall: Text("大厅", "Hall")}
    steps = search_steps(people, names, NOW)
    assert [s.text.en for s in steps] == [
        "Hall: needs help: P3 (90 %)",
        "Solvent store: look for P2 (2 min ago, 90 %)",
        "Hall: look for P1 (4 min ago, 60 %)",
        "Last place unknown: look for P5 (90 %)",
    ]
    assert steps[1].text.zh == "溶剂库：寻找 P2（2 分钟前，90 %）"


def test_a_step_names_a_handful_and_says_how_many_more() -> None:
    zone = UUID(int=70)
    steps = search_steps(
        [person(n, zone_id=zone) for n in range(1, NAMES_A_STEP + 4)], {zone: Text("库", "Store")}, NOW
    )
    assert steps[0].text.en.endswith(" and 3 more")
    assert steps[0].text.zh.endswith("等另 3 人")
    many = [person(n, zone_id=UUID(int=n)) for n in range(1, STEPS_MAX + 5)]
    assert len(search_steps(many, {}, NOW)) == STEPS_MAX
