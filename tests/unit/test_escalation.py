"""Who is asked next, and what early, late and contradicting answers do to a task."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from incidents.incident import Task
from incidents.tasking.escalation_choice import Candidate, choose_next, given_to, left_unanswered, taken_by, waits_for
from mobile_contract.text import Text

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
WANG, LI, CHEN, OFFICER = (UUID(int=n) for n in (1, 2, 3, 4))


def task(owner: UUID | None = WANG) -> Task:
    return Task(
        tenant_id=UUID(int=100),
        id=UUID(int=101),
        incident_id=UUID(int=102),
        position=1,
        role="responder",
        title=Text("关阀", "Close the valve"),
        steps=[],
        plan_template="leak",
        plan_version=1,
        owner_account_id=owner,
        state="open",
        fencing=1,
        deadline_at=T0 + timedelta(minutes=5),
        created_at=T0,
    )


def responder(account: UUID, *, reach: int = 2, busy: int = 0) -> Candidate:
    return Candidate(account, "responder", reach, busy)


def test_those_who_can_be_reached_come_before_those_who_can_not_and_the_idle_before_the_busy() -> None:
    people = [responder(WANG, reach=0), responder(LI, busy=2), responder(CHEN)]
    assert choose_next(people, set(), "responder") == CHEN
    assert choose_next(people, {CHEN}, "responder") == LI
    assert choose_next(people, {CHEN, LI}, "responder") == WANG


def test_a_safety_officer_is_the_last_resort_and_after_them_there_is_nobody() -> None:
    people = [Candidate(OFFICER, "safety_officer", 2, 0), responder(WANG, reach=0, busy=9)]
    assert choose_next(people, set(), "responder") == WANG
    assert choose_next(people, {WANG}, "responder") == OFFICER
    assert choose_next(people, {WANG, OFFICER}, "responder") is None
    assert choose_next(people, set(), "safety_officer") == OFFICER, "unless the task is theirs to begin with"


def test_people_who_are_not_there_to_act_are_never_asked() -> None:
    assert choose_next([Candidate(WANG, "auditor", 2, 0)], set(), "responder") is None


def test_a_late_yes_takes_a_task_nobody_else_has_said_yes_to() -> None:
    with_li = given_to(task(WANG), LI)
    taken = taken_by(with_li, WANG, T0)
    assert (taken.owner_account_id, taken.state, taken.fencing) == (WANG, "acknowledged", 3)
    assert taken_by(left_unanswered(task()), WANG, T0).state == "acknowledged"


def test_a_late_yes_does_not_take_a_task_from_the_one_who_has_it() -> None:
    taken = taken_by(given_to(task(WANG), LI), LI, T0)
    assert taken_by(taken, WANG, T0) is taken


def test_acknowledging_twice_is_once() -> None:
    once = taken_by(task(), WANG, T0)
    assert taken_by(once, WANG, T0 + timedelta(seconds=9)) is once
    assert once.fencing == 1, "it did not change hands"


def test_a_late_no_changes_nothing_and_a_no_after_a_yes_moves_the_task_on() -> None:
    with_li = given_to(task(WANG), LI)
    assert not waits_for(with_li, WANG, declined=True)
    assert waits_for(with_li, LI, declined=False)
    taken = taken_by(with_li, LI, T0)
    assert waits_for(taken, LI, declined=True)
    assert not waits_for(taken, LI, declined=False), "silence after a yes is no reason to ask somebody else"


@given(st.lists(st.tuples(st.sampled_from(["give", "give_up", "yes"]), st.sampled_from([WANG, LI, CHEN])), max_size=20))
def test_the_fencing_number_rises_with_every_change_of_hands_and_never_falls(acts: list[tuple[str, UUID]]) -> None:
    now = task()
    for act, person in acts:
        before = now
        if act == "give":
            now = given_to(now, person)
        elif act == "give_up":
            now = left_unanswered(now)
        else:
            now = taken_by(now, person, T0)
        assert now.fencing >= before.fencing
        if now.owner_account_id != before.owner_account_id:
            assert now.fencing > before.fencing
        assert (now.owner_account_id is None) == (now.state == "unanswered")
