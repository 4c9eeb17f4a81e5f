"""Whose a task is: what early, late and contradicting answers do to it, alone and in a crew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from incidents.incident import Task
from incidents.tasking.escalation_choice import given_to, left_unanswered, owned, taken_by
from incidents.tasking.escalation_moves import Asked
from mobile_contract.text import Text

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
WANG, LI, CHEN = (UUID(int=n) for n in (1, 2, 3))
EVERYONE = {WANG, LI, CHEN}


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


def waits(account: UUID) -> Asked:
    return Asked(account_id=account, round=0, waiting=True)


def silent(account: UUID) -> Asked:
    return Asked(account_id=account, round=0)


def yes(account: UUID, seconds: float = 0) -> Asked:
    return Asked(account_id=account, round=0, said="yes", said_at=T0 + timedelta(seconds=seconds))


def no(account: UUID) -> Asked:
    return Asked(account_id=account, round=0, said="no", said_at=T0)


def test_a_late_yes_takes_a_task_nobody_else_has_said_yes_to() -> None:
    with_li = given_to(task(WANG), LI)
    taken = owned(with_li, [yes(WANG), waits(LI)], EVERYONE, T0)
    assert (taken.owner_account_id, taken.state, taken.fencing) == (WANG, "acknowledged", 3)
    assert owned(left_unanswered(task()), [yes(WANG)], EVERYONE, T0, used_up=True).state == "acknowledged"


def test_a_late_yes_does_not_take_a_task_from_the_one_who_has_it() -> None:
    taken = taken_by(given_to(task(WANG), LI), LI, T0)
    assert owned(taken, [yes(WANG), yes(LI)], EVERYONE, T0) is taken


def test_acknowledging_twice_is_once() -> None:
    once = owned(task(), [yes(WANG)], EVERYONE, T0)
    assert owned(once, [yes(WANG)], EVERYONE, T0 + timedelta(seconds=9)) is once
    assert once.fencing == 1, "it did not change hands"


def test_a_late_no_changes_nothing_and_a_no_after_a_yes_gives_the_task_to_who_was_asked_next() -> None:
    with_li = given_to(task(WANG), LI)
    assert owned(with_li, [no(WANG), waits(LI)], EVERYONE, T0) is with_li
    taken = taken_by(with_li, LI, T0)
    moved = owned(taken, [silent(WANG), no(LI), waits(CHEN)], EVERYONE, T0)
    assert (moved.owner_account_id, moved.state, moved.fencing) == (CHEN, "open", 3)


def test_the_first_who_fits_leads_a_crew_and_the_next_of_it_when_they_can_not() -> None:
    led = owned(task(), [yes(WANG, 1), yes(LI, 3), yes(CHEN, 2)], {LI, CHEN}, T0)
    assert led.owner_account_id == CHEN, "wang came first and lacks the skill"
    after = owned(led, [yes(WANG, 1), yes(LI, 3), no(CHEN)], {LI, CHEN}, T0)
    assert (after.owner_account_id, after.state) == (LI, "acknowledged")


def test_a_yes_that_does_not_fit_leaves_the_task_with_who_is_waited_for() -> None:
    assert owned(task(WANG), [waits(WANG), yes(LI)], {WANG}, T0).owner_account_id == WANG


def test_nobody_left_to_ask_leaves_it_unanswered_once() -> None:
    left = owned(task(), [silent(WANG)], EVERYONE, T0, used_up=True)
    assert (left.owner_account_id, left.state) == (None, "unanswered")
    assert owned(left, [silent(WANG)], EVERYONE, T0, used_up=True) is left


def test_a_pause_leaves_it_open_and_what_is_over_stays_over() -> None:
    assert owned(taken_by(task(), WANG, T0), [no(WANG)], EVERYONE, T0).state == "open"
    done = taken_by(task(), WANG, T0)
    for state in ("done", "cancelled"):
        over = Task(**{f: getattr(done, f) for f in done.__struct_fields__} | {"state": state})
        assert owned(over, [no(WANG)], EVERYONE, T0) is over


def test_whom_an_officer_handed_it_to_keeps_it_without_having_been_asked() -> None:
    handed = taken_by(task(), CHEN, T0)
    assert owned(handed, [no(WANG), yes(LI)], EVERYONE, T0) is handed


states = st.sampled_from([waits, silent, yes, no])


@given(st.lists(st.tuples(states, states, states, st.booleans()), max_size=20))
def test_the_fencing_number_rises_with_every_change_of_hands_and_never_falls(acts: list[tuple[object, ...]]) -> None:
    now = task()
    for *answers, used_up in acts:
        before = now
        people = [say(account) for say, account in zip(answers, (WANG, LI, CHEN), strict=True)]  # type: ignore[operator]
        now = owned(now, people, EVERYONE, T0, used_up=bool(used_up))
        assert now.fencing >= before.fencing
        if now.owner_account_id != before.owner_account_id:
            assert now.fencing > before.fencing
        if now.state == "unanswered":
            assert now.owner_account_id is None
