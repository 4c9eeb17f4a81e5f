"""A drill's score: what is judged, by which fact, and what had no time to happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.drills.model import (
    Drill,
    DrillFacts,
    GoalScore,
    OrderFact,
    Result,
    RollFact,
    TaskFact,
)
from incidents.drills.score import ACCOUNTED_S, default_goals, filled_at, overall_of, score
from incidents.drills.trend import trend_of
from incidents.drills.wording import ENDED, GOALS, OVERALL, says, show_s
from incidents.plans.model import Need
from incidents.plans.plan_library import TEMPLATES
from incidents.reaching.delivery import DeliveryPolicy
from mobile_contract.drills import GOAL_MAX_S, Goals

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
WANG, LI, ZHAO = (UUID(int=n) for n in (1, 2, 3))
TASK, OTHER = UUID(int=11), UUID(int=12)
AID, HF = Need("first_aid", 1, "acknowledged"), Need("hf_handling", 1, "moving")
ALL = Goals(receipt_s=10.0, acknowledge_s=60.0, quorum_s=120.0, accounted_s=300.0)


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else T0 + timedelta(seconds=seconds)


def order(who: UUID = WANG, task: UUID = TASK, queued: float = 0.0, **seconds: float) -> OrderFact:
    times: dict[str, Any] = {f"{name}_at": at(value) for name, value in seconds.items()}
    return OrderFact(account_id=who, task_id=task, queued_at=T0 + timedelta(seconds=queued), **times)


def task(answered: float | None = None, **fields: Any) -> TaskFact:
    known: dict[str, Any] = {"id": TASK, "slug": "go", "created_at": T0, "done_at": None}
    return TaskFact(**(known | {"answered_at": at(answered)} | fields))


def facts(*, until: float = 600.0, goals: Goals = ALL, **fields: Any) -> DrillFacts:
    return DrillFacts(started_at=T0, until=T0 + timedelta(seconds=until), goals=goals, **fields)


def goal(name: str, of: DrillFacts) -> GoalScore:
    return next(g for g in score(of).goals if g.goal == name)


# --- receipt --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("orders", "result", "took_s"),
    [
        ((order(received=4.0), order(LI, received=9.0)), "met", 9.0),
        ((order(received=4.0), order(LI, received=11.0)), "missed", 11.0),
        ((order(received=4.0), order(LI)), "missed", None),
        # A later rung proves the one below.
        ((order(seen=7.0),), "met", 7.0),
        ((order(declined=8.0),), "met", 8.0),
        # Taken back before its time was up: nobody was let down.
        ((order(received=4.0), order(LI, withdrawn=5.0)), "met", 4.0),
        ((order(received=4.0), order(LI, withdrawn=10.0)), "missed", None),
        ((order(queued=595.0),), "undecided", None),
        ((order(received=4.0), order(LI, queued=595.0)), "undecided", None),
        ((order(LI, withdrawn=5.0),), "undecided", None),
        ((), "undecided", None),
    ],
)
def test_receipt_is_a_devices_word_and_the_slowest_counts(
    orders: tuple[OrderFact, ...], result: Result, took_s: float | None
) -> None:
    found = goal("receipt", facts(orders=orders))
    assert (found.result, found.took_s) == (result, took_s)
    assert found.margin_s == (None if took_s is None else 10.0 - took_s)


# --- acknowledge ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tasks", "until", "result"),
    [
        ([task(30.0), task(59.0)], 600.0, "met"),
        ([task(30.0), task(61.0)], 600.0, "missed"),
        ([task(30.0), task()], 600.0, "missed"),
        # One is taken; the other had time left when the drill ended: nobody knows.
        ([task(30.0), task()], 59.0, "undecided"),
        ([task(61.0), task(created_at=T0 + timedelta(seconds=590))], 600.0, "missed"),
        ([task()], 59.0, "undecided"),
        # Everybody is ordered out; nobody takes that for the others.
        ([task(30.0), task(asks=False)], 600.0, "met"),
    ],
)
def test_every_task_is_taken_in_time(tasks: list[TaskFact], until: float, result: Result) -> None:
    assert goal("acknowledge", facts(tasks=tuple(tasks), until=until)).result == result


# --- quorum ---------------------------------------------------------------------------------------------------------
def test_a_quorum_is_the_skills_and_nobody_counts_twice() -> None:
    both = frozenset({"first_aid", "hf_handling"})
    yes, later = T0 + timedelta(seconds=5), T0 + timedelta(seconds=40)
    assert filled_at([AID, HF], [(both, yes, yes)]) is None
    # The one with both skills is needed for the second: the other gives first aid.
    people = [(both, yes, yes), (frozenset({"first_aid"}), later, None)]
    assert filled_at([AID, HF], people) == later
    assert filled_at([AID, HF], people[::-1]) == later
    assert filled_at([], []) is None


def test_moving_is_asked_where_the_plan_asks_for_it() -> None:
    yes, moving = T0 + timedelta(seconds=5), T0 + timedelta(seconds=50)
    assert filled_at([HF], [(frozenset({"hf_handling"}), yes, None)]) is None
    assert filled_at([HF], [(frozenset({"hf_handling"}), yes, moving)]) == moving
    assert filled_at([Need(None, 1, "acknowledged")], [(frozenset(), yes, None)]) == yes


SKILLS = {WANG: frozenset({"first_aid"}), LI: frozenset({"hf_handling"})}


def quorum(*orders: OrderFact, until: float = 600.0, **fields: Any) -> GoalScore:
    tasks = fields.pop("tasks", (task(needs=(AID, HF)),))
    return goal("quorum", facts(tasks=tasks, orders=orders, skills=SKILLS, until=until))


def test_the_quorum_is_met_when_the_last_of_them_is() -> None:
    found = quorum(order(acknowledged=20.0), order(LI, acknowledged=30.0, moving=90.0))
    assert (found.result, found.took_s, found.margin_s) == ("met", 90.0, 30.0)
    assert quorum(order(acknowledged=20.0), order(LI, acknowledged=30.0)).result == "missed"
    assert quorum(order(acknowledged=20.0), until=100.0).result == "undecided"
    late = quorum(order(acknowledged=20.0), order(LI, moving=150.0))
    assert (late.result, late.margin_s) == ("missed", -30.0)


def test_who_took_the_yes_back_is_not_there() -> None:
    gone = msgspec.structs.replace(order(LI, moving=30.0), answer_no=True)
    assert quorum(order(acknowledged=20.0), gone).result == "missed"


def test_one_task_without_its_people_is_no_quorum_and_no_needs_are_no_goal() -> None:
    two = (task(needs=(AID,)), task(id=OTHER, needs=(HF,)))
    assert quorum(order(acknowledged=20.0), tasks=two).result == "missed"
    assert quorum(order(acknowledged=20.0), order(LI, OTHER, moving=30.0), tasks=two).took_s == 30.0
    assert quorum(order(acknowledged=20.0), tasks=(task(),)).result == "undecided"


# --- everyone accounted ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rolls", "until", "result"),
    [
        ([RollFact(T0, at(200.0))], 600.0, "met"),
        ([RollFact(T0, at(200.0)), RollFact(T0, at(301.0))], 600.0, "missed"),
        ([RollFact(T0, None)], 600.0, "missed"),
        ([RollFact(T0, None)], 299.0, "undecided"),
        # Nobody called the roll.
        ([], 600.0, "missed"),
    ],
)
def test_everybody_is_accounted_for_in_every_roll_call(rolls: list[RollFact], until: float, result: Result) -> None:
    assert goal("accounted", facts(rolls=tuple(rolls), until=until)).result == result


# --- the whole ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("results", "overall"),
    [
        (["met", "met", "undecided"], "passed"),
        (["met", "missed"], "partly"),
        (["missed", "undecided"], "failed"),
        (["undecided"], "unscored"),
        ([], "unscored"),
    ],
)
def test_the_whole_is_of_what_was_decided(results: list[Result], overall: str) -> None:
    assert overall_of(results) == overall


def test_without_goals_nothing_is_judged_and_everything_is_measured() -> None:
    found = score(
        facts(
            goals=Goals(),
            orders=(
                order(received=4.0, acknowledged=20.0, moving=25.0),
                order(task=OTHER, queued=50.0, received=51.0),
                order(LI, queued=10.0),
            ),
            tasks=(task(20.0, done_at=at(100.0), steps=3, confirmed=2, needs=(Need(None, 1, "moving"),)),),
            rolls=(RollFact(T0, at(200.0)),),
        )
    )
    assert (found.overall, found.goals) == ("unscored", ())
    assert (found.ordered, found.reached, found.steps, found.confirmed) == (2, 1, 3, 2)
    assert (found.receipt_s, found.acknowledge_s, found.quorum_s, found.accounted_s) == (4.0, 20.0, 25.0, 200.0)
    wang, li = found.people
    assert (wang.orders, wang.receipt_s, wang.acknowledge_s, wang.moving_s) == (2, 4.0, 20.0, 25.0)
    assert (li.reached, li.receipt_s, li.decline_s) == (False, None, None)
    (only,) = found.tasks
    assert (only.asked, only.acknowledge_s, only.done_s, only.quorum_s) == (2, 20.0, 100.0, 25.0)


seconds = st.none() | st.integers(0, 700)
order_facts = st.builds(
    lambda who, queued, late: order(who, queued=float(queued), **{k: v for k, v in late.items() if v is not None}),
    st.sampled_from([WANG, LI, ZHAO]),
    st.integers(0, 500),
    st.fixed_dictionaries(dict.fromkeys(("received", "seen", "acknowledged", "moving", "withdrawn"), seconds)),
)
all_facts = st.builds(
    facts,
    until=st.integers(500, 700).map(float),
    goals=st.builds(Goals, receipt_s=st.none() | st.just(10.0), acknowledge_s=st.just(60.0), quorum_s=st.just(120.0)),
    orders=st.lists(order_facts, max_size=6).map(tuple),
    tasks=st.lists(
        st.builds(task, seconds, needs=st.lists(st.sampled_from([AID, HF]), max_size=2).map(tuple)), max_size=3
    ).map(tuple),
    skills=st.just(SKILLS),
)


@given(all_facts)
def test_a_goal_is_met_exactly_with_a_margin_and_every_person_is_there(of: DrillFacts) -> None:
    found = score(of)
    for each in found.goals:
        assert (each.took_s is None) == (each.margin_s is None)
        if each.result == "met":
            assert each.margin_s is not None
            assert each.margin_s >= 0
        if each.result == "undecided":
            assert each.took_s is None
    assert {p.account for p in found.people} == {o.account_id for o in of.orders}
    assert found.reached <= found.ordered == len(found.people)


@given(all_facts, st.randoms())
def test_the_order_of_the_record_does_not_matter(of: DrillFacts, chance: Any) -> None:
    shuffled = list(of.orders)
    chance.shuffle(shuffled)
    again, first = score(msgspec.structs.replace(of, orders=tuple(shuffled))), score(of)
    assert (again.goals, again.quorum_s, again.receipt_s) == (first.goals, first.quorum_s, first.receipt_s)
    assert {p.account: p.receipt_s for p in again.people} == {p.account: p.receipt_s for p in first.people}


@given(all_facts)
def test_one_more_that_is_never_reached_makes_no_goal_better(of: DrillFacts) -> None:
    worse = score(msgspec.structs.replace(of, orders=(*of.orders, order(UUID(int=9)))))
    for before, after in zip(score(of).goals, worse.goals, strict=True):
        assert not (before.result == "missed" and after.result != "missed")


@given(all_facts)
def test_a_score_survives_its_storing(of: DrillFacts) -> None:
    found = score(of)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), type(found)) == found


# --- goals, words, trend --------------------------------------------------------------------------------------------
def test_goals_come_from_the_plan_and_the_way_of_reaching_people() -> None:
    policy = DeliveryPolicy()
    solvent = default_goals(TEMPLATES["solvent-leak"], policy, evacuates=False)
    assert solvent == Goals(receipt_s=8.0, acknowledge_s=60.0, quorum_s=600.0)
    assert default_goals(TEMPLATES["fire"], policy, evacuates=True).accounted_s == ACCOUNTED_S
    waiting = [msgspec.structs.replace(t, after=("x",)) for t in TEMPLATES["fire"].tasks]
    late = msgspec.structs.replace(TEMPLATES["fire"], tasks=tuple(waiting))
    assert default_goals(late, policy, evacuates=False).quorum_s is None
    slow = [msgspec.structs.replace(t, within_s=GOAL_MAX_S * 2, after=()) for t in TEMPLATES["fire"].tasks]
    long = msgspec.structs.replace(TEMPLATES["fire"], tasks=tuple(slow))
    assert default_goals(long, policy, evacuates=False).quorum_s == GOAL_MAX_S


@pytest.mark.parametrize(
    ("judged", "zh", "en"),
    [
        (GoalScore("receipt", 8.0, 5.0, 3.0, "met"), "余 3.0 秒", "3.0 s to spare"),
        (GoalScore("receipt", 8.0, 9.5, -1.5, "missed"), "超 1.5 秒", "1.5 s late"),
        (GoalScore("receipt", 8.0, None, None, "missed"), "8 秒内未达到", "not reached within 8 s"),
        (GoalScore("receipt", 8.0, None, None, "undecided"), "演习已结束", "before its 8 s were up"),
    ],
)
def test_a_result_says_its_margin_in_both_languages(judged: GoalScore, zh: str, en: str) -> None:
    said = says(judged)
    assert zh in said.zh
    assert en in said.en


def test_every_word_is_there_in_both_languages() -> None:
    for words in (ENDED, OVERALL, GOALS):
        assert all(text.zh != text.en for text in words.values())
    assert (show_s(None).en, show_s(1.25).zh) == ("—", "1.2 秒")


def drill(n: int, site: int = 1, **facts_of: Any) -> Drill:
    known = facts(**facts_of)
    return Drill(
        tenant_id=UUID(int=0),
        id=UUID(int=n),
        incident_id=UUID(int=n),
        site_id=UUID(int=site),
        zone_id=UUID(int=5),
        plan="fire",
        reason="monthly",
        level=1,
        announced=True,
        started_by=WANG,
        started_at=T0 + timedelta(days=n),
        ends_at=T0 + timedelta(days=n, hours=1),
        goals=known.goals,
        ended_at=T0 + timedelta(days=n, minutes=10),
        ended_why="finished",
        score=score(known),
    )


def test_a_drill_stands_beside_the_one_before_it_in_its_site() -> None:
    slow, quick = drill(1, orders=(order(received=9.0),)), drill(4, orders=(order(received=4.0),))
    elsewhere, silent = drill(2, 2, orders=(order(received=7.0),)), drill(5)
    running = msgspec.structs.replace(drill(3), ended_at=None, ended_why=None, score=None)
    items = trend_of([slow, elsewhere, running, quick, silent])
    assert [item.drill.int for item in items] == [1, 2, 4, 5]
    assert [item.receipt_change_s for item in items] == [None, None, -5.0, None]
