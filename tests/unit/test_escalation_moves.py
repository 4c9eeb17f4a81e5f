"""The next move of an escalation: a table of situations, and walks of whole policies by a small simulated world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.tasking.escalation_moves import (
    PROMISE_S,
    RECHECK_S,
    Ask,
    Asked,
    Escalation,
    Exhausted,
    Met,
    Move,
    NextStep,
    Reopen,
    Repeat,
    Resume,
    WaitUntil,
    after,
    next_moves,
    step_of,
    why_not,
)
from incidents.tasking.policy import ANYBODY, EscalationPolicy, Need, PolicyStep, Target, default_policy
from incidents.tasking.roster import Candidate

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
WANG, LI, CHEN, ZHAO, OFFICER = (UUID(int=n) for n in (1, 2, 3, 4, 5))
ROTA, TEAM = UUID(int=21), UUID(int=22)
AID = "first_aid"
RESPONDERS = (Target("role", "responder"),)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def person(account: UUID, *skills: str, **known: Any) -> Candidate:
    return Candidate(
        account_id=account, role=known.pop("role", "responder"), reach=2, skills=frozenset(skills), **known
    )


def policy(*steps: PolicyStep, **known: Any) -> EscalationPolicy:
    return EscalationPolicy(slug="p", version=1, steps=steps or (PolicyStep(who=RESPONDERS),), **known)


def search(walked: EscalationPolicy | None = None, needs: tuple[Need, ...] = ANYBODY, **known: Any) -> Escalation:
    known = {"state": "running", "step": 0, "round": 0, "step_started_at": T0, **known}
    return Escalation(policy=walked or default_policy("responder"), needs=needs, **known)


def waiting(account: UUID, **known: Any) -> Asked:
    return Asked(account_id=account, round=0, waiting=True, **known)


def silent(account: UUID, **known: Any) -> Asked:
    return Asked(account_id=account, **{"round": 0, **known})


def said(account: UUID, word: Literal["yes", "no"], seconds: float = 0, **known: Any) -> Asked:
    return Asked(account_id=account, round=0, said=word, said_at=at(seconds), **known)


def asks(move: Move) -> list[UUID]:
    assert isinstance(move, Ask), move
    return [pick.candidate.account_id for pick in move.picks]


def walk(
    escalation: Escalation, roster: Sequence[Candidate], asked: list[Asked], now: datetime = T0
) -> tuple[Escalation, list[Move]]:
    """Make moves until there is none left; whoever is asked waits from then on."""
    moves: list[Move] = []
    for _ in range(60):
        move = next_moves(escalation, roster, asked, now)
        moves.append(move)
        escalation = after(escalation, move, now)
        picks = move.picks if isinstance(move, Ask) else move.last_resort if isinstance(move, Exhausted) else ()
        for pick in picks:
            account = pick.candidate.account_id
            asked[:] = [a for a in asked if a.account_id != account]
            asked.append(Asked(account_id=account, round=escalation.round, waiting=True))
        if isinstance(move, Met | WaitUntil):
            return escalation, moves
    raise AssertionError("it never comes to rest")


def test_the_first_of_the_role_is_asked_and_then_waited_for() -> None:
    everyone = [person(LI, busy=1), person(WANG), person(OFFICER, role="safety_officer")]
    assert asks(next_moves(search(), everyone, [], T0)) == [WANG]
    assert next_moves(search(), everyone, [waiting(WANG)], T0) == WaitUntil(None)


@pytest.mark.parametrize("gone", [silent(WANG), said(WANG, "no")])
def test_silence_and_a_no_ask_the_next_at_once(gone: Asked) -> None:
    assert asks(next_moves(search(), [person(WANG), person(LI)], [gone], T0)) == [LI]


def test_a_yes_of_anybody_is_enough_for_a_task_that_needs_one_person() -> None:
    assert isinstance(next_moves(search(), [], [said(WANG, "yes")], T0), Met)


def test_a_yes_without_the_skill_fills_nothing_and_the_next_is_asked_at_once() -> None:
    needs = (Need(AID),)
    everyone = [person(WANG), person(LI, AID)]
    assert asks(next_moves(search(needs=needs), everyone, [said(WANG, "yes")], T0)) == [LI]


def test_as_many_are_asked_together_as_would_meet_what_is_missing() -> None:
    needs = (Need(AID, 2), Need("hf_handling", 1, "moving"))
    everyone = [person(WANG, AID), person(LI, AID), person(CHEN, AID), person(ZHAO, AID, "hf_handling")]
    assert asks(next_moves(search(needs=needs), everyone, [], T0)) == [WANG, LI, ZHAO]
    one_left = [said(WANG, "yes"), said(LI, "no"), said(ZHAO, "yes", moving=True)]
    assert asks(next_moves(search(needs=needs), everyone, one_left, T0)) == [CHEN]


def test_at_once_asks_so_many_whatever_they_can() -> None:
    walked = policy(PolicyStep(who=RESPONDERS, at_once=2))
    everyone = [person(WANG), person(LI), person(CHEN)]
    assert asks(next_moves(search(walked), everyone, [], T0)) == [WANG, LI]
    assert asks(next_moves(search(walked), everyone, [waiting(WANG), silent(LI)], T0)) == [CHEN]
    alone = next_moves(search(walked), everyone[:2], [waiting(WANG), silent(LI)], T0)
    assert alone == NextStep("nobody_left"), "somebody may still answer, but two were to be waited for"


def test_a_rota_on_call_is_asked_in_its_order_whatever_skills_are_on_record() -> None:
    walked = policy(PolicyStep(who=(Target("on_call", str(ROTA)),), at_once=1))
    first, second = person(LI, on_call=((ROTA, 0),)), person(WANG, AID, on_call=((ROTA, 1),))
    needs = (Need(AID),)
    assert asks(next_moves(search(walked, needs), [second, first], [], T0)) == [LI]
    together = policy(PolicyStep(who=(Target("on_call"),)))
    assert asks(next_moves(search(together, needs), [second, first], [], T0)) == [LI, WANG]


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        (Target("person", str(LI)), {LI}),
        (Target("role", "safety_officer"), {OFFICER}),
        (Target("team", str(TEAM)), {CHEN}),
        (Target("on_shift"), {WANG}),
        (Target("on_shift", str(ROTA)), {WANG}),
        (Target("on_shift", str(TEAM)), set()),
        (Target("skill", "marshal"), {ZHAO}),
        (Target("skill"), {LI}),
        (Target("nearest"), {CHEN, WANG}),
    ],
)
def test_whom_a_target_means(target: Target, meant: set[UUID]) -> None:
    everyone = [
        person(WANG, on_shift=frozenset({ROTA}), place="elsewhere"),
        person(LI, AID),
        person(CHEN, teams=frozenset({TEAM}), place="same_zone"),
        person(ZHAO, "marshal"),
        person(OFFICER, role="safety_officer"),
    ]
    needs = (Need(AID),) if target == Target("skill") else ANYBODY
    escalation = search(policy(PolicyStep(who=(target,), at_once=9)), needs)
    move = next_moves(escalation, everyone, [], T0)
    assert set(asks(move) if isinstance(move, Ask) else []) == meant
    if target.kind == "nearest":
        assert asks(move) == [CHEN, WANG]


def test_the_next_step_begins_in_time_although_somebody_may_still_answer() -> None:
    walked = policy(
        PolicyStep(who=(Target("person", str(WANG)),), after_s=30), PolicyStep(who=(Target("person", str(LI)),))
    )
    everyone = [person(WANG), person(LI)]
    first = next_moves(search(walked), everyone, [], T0)
    assert isinstance(first, Ask)
    assert first.counted_until == at(30)
    assert next_moves(search(walked), everyone, [waiting(WANG)], T0) == WaitUntil(at(30))
    late = [waiting(WANG, counted=False)]
    assert next_moves(search(walked), everyone, late, at(30)) == NextStep("time")
    escalation = after(search(walked), NextStep("time"), at(30))
    assert (escalation.step, escalation.step_started_at) == (1, at(30))
    assert asks(next_moves(escalation, everyone, late, at(30))) == [LI]


def test_those_at_another_task_come_after_all_others_and_those_off_shift_only_for_life_safety() -> None:
    everyone = [
        person(WANG, standing="off_shift"),
        person(LI, engaged=True),
        person(CHEN, do_not_disturb=True),
        person(OFFICER, role="safety_officer"),
    ]
    for life_safety, expected in ((True, [OFFICER, LI, CHEN, WANG]), (False, [OFFICER, LI])):
        walked = msgspec.structs.replace(default_policy("responder"), life_safety=life_safety, last_resort=())
        escalation, asked, order = search(walked), list[Asked](), list[UUID]()
        while escalation.state == "running":
            escalation, moves = walk(escalation, everyone, asked)
            order += [account for move in moves if isinstance(move, Ask) for account in asks(move)]
            asked = [silent(a.account_id) for a in asked]
        assert sorted(order[2:]) == sorted(expected[2:])
        assert order[:2] == expected[:2]


def test_a_named_person_is_asked_although_they_have_another_task_here() -> None:
    walked = policy(PolicyStep(who=(Target("person", str(WANG)),)))
    assert asks(next_moves(search(walked), [person(WANG, engaged=True)], [], T0)) == [WANG]


def test_who_is_in_danger_is_asked_by_nobody() -> None:
    _, moves = walk(search(), [person(WANG, endangered=True)], [])
    assert not any(isinstance(move, Ask) for move in moves)


def test_when_nobody_has_the_skill_anybody_is_asked_in_the_end() -> None:
    needs = (Need(AID),)
    everyone = [person(WANG), person(LI)]
    asked: list[Asked] = []
    escalation, moves = walk(search(needs=needs), everyone, asked)
    assert [asks(move) for move in moves if isinstance(move, Ask)] == [[WANG]]
    assert isinstance(moves[-2], Exhausted), "even their yes would not be enough: that is an alarm at once"
    assert escalation.state == "exhausted"
    assert [a.account_id for a in asked] == [WANG]


def test_after_that_alarm_anybody_is_asked_one_after_another_until_somebody_comes() -> None:
    escalation = search(needs=(Need(AID),), state="exhausted")
    everyone = [person(WANG), person(LI)]
    assert asks(next_moves(escalation, everyone, [silent(WANG)], T0)) == [LI]
    for coming in (waiting(WANG), said(WANG, "yes")):
        assert next_moves(escalation, everyone, [coming], T0) == WaitUntil(at(RECHECK_S))


def test_a_round_that_is_used_up_asks_the_last_resort_and_comes_again() -> None:
    walked = policy(repeat=1, repeat_after_s=100.0)
    everyone = [person(WANG), person(OFFICER, role="safety_officer")]
    asked = [silent(WANG)]
    escalation, moves = walk(search(walked), everyone, asked)
    assert [type(m) for m in moves] == [NextStep, NextStep, Exhausted, WaitUntil]
    assert [a.account_id for a in asked] == [WANG, OFFICER]
    assert moves[-1] == WaitUntil(at(RECHECK_S))
    assert next_moves(escalation, everyone, asked, at(90)) == WaitUntil(at(100))
    assert isinstance(next_moves(escalation, everyone, asked, at(100)), Repeat)
    again = after(escalation, Repeat(), at(100))
    assert (again.state, again.round, again.step) == ("running", 1, 0)
    assert asks(next_moves(again, everyone, asked, at(100))) == [WANG]
    assert next_moves(again, [], [said(WANG, "no"), silent(OFFICER, round=1)], at(100)) == NextStep("nobody_left")
    used_up = msgspec.structs.replace(escalation, round=1)
    assert next_moves(used_up, [], asked, at(500)) == WaitUntil(at(500 + RECHECK_S)), "it was repeated as often as said"


def test_who_said_no_is_not_asked_again_in_the_next_round_and_who_was_released_is_in_the_same() -> None:
    again = search(round=1)
    everyone = [person(WANG), person(LI)]
    assert asks(next_moves(again, everyone, [said(WANG, "no")], T0)) == [LI]
    assert asks(next_moves(search(), everyone, [said(WANG, "no"), silent(LI, released=True)], T0)) == [LI]


def test_a_task_nobody_took_is_offered_to_whoever_comes() -> None:
    escalation = search(state="exhausted")
    assert asks(next_moves(escalation, [person(WANG), person(LI)], [silent(WANG)], T0)) == [LI]


def test_a_no_of_somebody_who_counted_reopens_the_need_at_once() -> None:
    everyone = [person(WANG), person(LI)]
    escalation, moves = walk(search(state="met"), everyone, [said(WANG, "no")], at(9))
    assert [type(m) for m in moves] == [Reopen, Ask, WaitUntil]
    assert asks(moves[1]) == [LI]
    assert (escalation.state, escalation.step_started_at) == ("running", at(9))


def test_who_must_be_moving_has_a_minute_before_somebody_else_is_asked_as_well() -> None:
    needs = (Need(None, 1, "moving"),)
    everyone = [person(WANG), person(LI)]
    promise = said(WANG, "yes", 5)
    assert next_moves(search(needs=needs), everyone, [promise], at(6)) == WaitUntil(at(5 + PROMISE_S))
    assert asks(next_moves(search(needs=needs), everyone, [promise], at(5 + PROMISE_S))) == [LI]
    late = next_moves(search(needs=needs), everyone, [promise, waiting(LI)], at(5 + PROMISE_S))
    assert late == WaitUntil(None)
    going = msgspec.structs.replace(promise, moving=True)
    assert isinstance(next_moves(search(needs=needs), everyone, [going], at(6)), Met)


def test_a_pause_asks_nobody_ends_by_itself_and_does_not_hide_that_enough_come() -> None:
    paused = search(state="paused", paused_until=at(60))
    assert next_moves(paused, [person(WANG)], [], T0) == WaitUntil(at(60))
    assert next_moves(paused, [person(WANG)], [], at(60)) == Resume()
    assert after(paused, Resume(), at(60)).state == "running"
    met = next_moves(paused, [], [said(WANG, "yes")], T0)
    assert isinstance(met, Met)
    assert after(paused, met, T0).paused_until is None


def test_a_cancelled_escalation_does_nothing_any_more() -> None:
    assert next_moves(search(state="cancelled"), [person(WANG)], [], T0) == WaitUntil(None)


def test_while_those_waited_for_could_be_enough_the_round_is_not_used_up() -> None:
    walked = policy(PolicyStep(who=RESPONDERS, after_s=10))
    escalation, moves = walk(search(walked), [person(WANG)], [waiting(WANG, counted=False)], at(10))
    assert moves[-1] == WaitUntil(None)
    assert (escalation.state, step_of(escalation)) == ("running", None)


def test_why_somebody_is_not_asked_can_be_said() -> None:
    needs = (Need(AID),)
    assert why_not(person(WANG, AID), needs) is None
    assert why_not(person(WANG), needs) == "lacks_skill"
    assert why_not(person(WANG, AID, standing="off_shift"), needs) == "off_shift"


answers: list[Callable[[Asked], Asked]] = [
    lambda a: said(a.account_id, "yes", moving=True),
    lambda a: said(a.account_id, "yes"),
    lambda a: said(a.account_id, "no"),
    lambda a: msgspec.structs.replace(a, waiting=False),
]


@given(
    st.lists(st.sampled_from([(AID,), ("hf_handling",), (AID, "hf_handling"), ()]), min_size=1, max_size=6),
    st.sampled_from([ANYBODY, (Need(AID, 2),), (Need(AID), Need("hf_handling", 1, "moving"))]),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(range(4)), st.sampled_from([0, 20, 70])), max_size=30),
    st.sampled_from([None, 1, 2]),
)
def test_every_walk_comes_to_rest_asks_nobody_twice_a_round_and_is_met_only_by_people_who_fit(
    skills: list[tuple[str, ...]], needs: tuple[Need, ...], acts: list[tuple[int, int, int]], at_once: int | None
) -> None:
    roster = [person(UUID(int=n + 1), *mine) for n, mine in enumerate(skills)]
    walked = policy(PolicyStep(who=RESPONDERS, at_once=at_once), repeat=2)
    escalation, asked, now = search(walked, needs), list[Asked](), T0
    for who, what, pause in [(0, 3, 0), *acts]:
        before = {(a.account_id, a.round) for a in asked if not a.released}
        escalation, moves = walk(escalation, roster, asked, now)
        new = [(account, escalation.round) for move in moves if isinstance(move, Ask) for account in asks(move)]
        assert len(new) == len(set(new))
        assert not before & set(new)
        if isinstance(moves[-1], Met):
            assert moves[-1].filling.complete
        if asked:
            n = who % len(asked)
            asked[n] = answers[what](asked[n])
        now += timedelta(seconds=pause)
