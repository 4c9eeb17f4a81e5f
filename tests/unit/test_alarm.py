"""The alarm state machine, transition by transition, in the letters of ISA-18.2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from core.errors import Invalid
from incidents.alarms import alarm
from incidents.alarms.alarm import (
    SHELVE_MAX,
    Acknowledged,
    AlarmAcknowledged,
    AlarmCleared,
    AlarmRaised,
    AlarmReraised,
    AlarmReturned,
    AlarmSuppressed,
    AlarmUnsuppressed,
    DataMissing,
    DataReturned,
    Decision,
    Event,
    OutOfService,
    Reading,
    Reset,
    Shelved,
    SuppressedByDesign,
    TimerDue,
    Unshelved,
    crosses,
    letter,
    step,
)
from incidents.alarms.alarm_queries import earliest_timer
from incidents.alarms.model import AlarmRule, AlarmState, LimitSource

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
WANG = UUID(int=7)
SOURCE = LimitSource("CN", "2019", "GB/T 50493-2019 5.5.2")
HIGH = AlarmRule(
    tenant_id=UUID(int=1),
    id=UUID(int=2),
    kind="high",
    level=1,
    unit="[ppm]",
    source=SOURCE,
    sensor_id=UUID(int=3),
    set_point=100.0,
    deadband=10.0,
)
LOW = replace(HIGH, kind="low", unit="%", set_point=19.5, deadband=0.5)
STALE = replace(HIGH, kind="stale", set_point=None, deadband=0.0, stale_after_s=30.0)
NO_EFFECT = replace(STALE, kind="no_effect", sensor_id=None, actuator_id=UUID(int=4), stale_after_s=None)
LATCHING = replace(HIGH, latching=True)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def reads(value: float, seconds: float, *, current: bool = True) -> tuple[Event, float]:
    """A value observed and received at the same second."""
    return Reading(value, at(seconds), current), seconds


def play(rule: AlarmRule, *script: tuple[Event, float], state: AlarmState | None = None) -> Decision:
    """Apply (event, seconds) in order; the state at the end and every fact on the way."""
    now = AlarmState() if state is None else state
    facts: list[alarm.Fact] = []
    for event, seconds in script:
        decision = step(rule, now, event, at(seconds))
        now = decision.state
        facts += decision.facts
    return Decision(now, tuple(facts))


def names(facts: Sequence[alarm.Fact]) -> list[str]:
    return [type(fact).__name__.removeprefix("Alarm") for fact in facts]


ACK: Event = Acknowledged(WANG)
# How to come to each letter on a latching or a plain high limit at 100 with a deadband of 10.
TO_B = [reads(120, 0)]
TO_C = [*TO_B, (ACK, 1)]
TO_D = [*TO_B, reads(80, 2)]
SHELVE: Event = Shelved(until=at(3600))
OUT: Event = OutOfService(True, until=at(3600))


@pytest.mark.parametrize(
    ("rule", "script", "end", "facts"),
    [
        pytest.param(HIGH, [], "A", [], id="A: nothing happened"),
        pytest.param(HIGH, TO_B, "B", ["Raised"], id="A->B at the set point and beyond"),
        pytest.param(HIGH, [reads(100, 0)], "B", ["Raised"], id="A->B exactly at the set point"),
        pytest.param(HIGH, [reads(99.9, 0)], "A", [], id="A stays below it"),
        pytest.param(LOW, [reads(19.5, 0)], "B", ["Raised"], id="A->B, a low limit"),
        pytest.param(LOW, [reads(19.5, 0), reads(20.0, 1)], "B", ["Raised"], id="B stays at a low limit's deadband"),
        pytest.param(LOW, [reads(19.5, 0), reads(20.1, 1)], "D", ["Raised", "Returned"], id="B->D, a low limit"),
        pytest.param(HIGH, TO_C, "C", ["Raised", "Acknowledged"], id="B->C"),
        pytest.param(HIGH, [*TO_C, (ACK, 2)], "C", ["Raised", "Acknowledged"], id="C: acknowledging twice is once"),
        pytest.param(HIGH, [*TO_C, reads(80, 2)], "A", ["Raised", "Acknowledged", "Returned"], id="C->A"),
        pytest.param(HIGH, [*TO_B, reads(90, 1)], "B", ["Raised"], id="B stays within the deadband"),
        pytest.param(HIGH, TO_D, "D", ["Raised", "Returned"], id="B->D"),
        pytest.param(HIGH, [*TO_D, (ACK, 3)], "A", ["Raised", "Returned", "Acknowledged"], id="D->A"),
        pytest.param(HIGH, [*TO_D, reads(110, 3)], "B", ["Raised", "Returned", "Reraised"], id="D->B re-alarm"),
        pytest.param(HIGH, [*TO_D, (Reset(), 3)], "D", ["Raised", "Returned"], id="D: nothing is latched"),
        pytest.param(LATCHING, [*TO_B, reads(80, 2)], "E", ["Raised", "Returned"], id="B->E"),
        pytest.param(LATCHING, [*TO_C, reads(80, 2)], "F", ["Raised", "Acknowledged", "Returned"], id="C->F"),
        pytest.param(LATCHING, [*TO_D, (ACK, 3)], "F", ["Raised", "Returned", "Acknowledged"], id="E->F"),
        pytest.param(LATCHING, [*TO_D, (Reset(), 3)], "E", ["Raised", "Returned"], id="E: not before somebody saw it"),
        pytest.param(LATCHING, [*TO_C, (Reset(), 3)], "C", ["Raised", "Acknowledged"], id="C: not while active"),
        pytest.param(
            LATCHING, [*TO_D, (ACK, 3), (Reset(), 4)], "A", ["Raised", "Returned", "Acknowledged", "Cleared"], id="F->A"
        ),
        pytest.param(LATCHING, [*TO_D, reads(120, 3)], "B", ["Raised", "Returned", "Reraised"], id="E->B re-alarm"),
        pytest.param(
            LATCHING,
            [*TO_D, (ACK, 3), reads(120, 4)],
            "B",
            ["Raised", "Returned", "Acknowledged", "Reraised"],
            id="F->B: the episode stands until it is reset",
        ),
        pytest.param(HIGH, [(SHELVE, 0)], "G", ["Suppressed"], id="A->G"),
        pytest.param(HIGH, [*TO_B, (SHELVE, 1)], "G", ["Raised", "Suppressed"], id="B->G"),
        pytest.param(HIGH, [(SuppressedByDesign(True), 0)], "H", ["Suppressed"], id="A->H"),
        pytest.param(HIGH, [(OUT, 0)], "I", ["Suppressed"], id="A->I"),
        pytest.param(STALE, [(DataMissing(), 0)], "B", ["Raised"], id="stale: A->B"),
        pytest.param(STALE, [(DataMissing(), 0), (DataMissing(), 9)], "B", ["Raised"], id="stale: once"),
        pytest.param(STALE, [(DataReturned(), 0)], "A", [], id="stale: nothing was missing"),
        pytest.param(STALE, [(DataMissing(), 0), (DataReturned(), 9)], "D", ["Raised", "Returned"], id="stale: B->D"),
        pytest.param(STALE, [reads(math.inf, 0)], "A", [], id="stale: a value is nothing to it"),
        pytest.param(NO_EFFECT, [(DataMissing(), 0)], "B", ["Raised"], id="no effect: A->B"),
        pytest.param(NO_EFFECT, [(DataMissing(), 0), (DataReturned(), 9)], "D", ["Raised", "Returned"], id="proven"),
        pytest.param(
            HIGH, [*TO_B, (DataMissing(), 9)], "B", ["Raised"], id="missing data does not end a limit's alarm"
        ),
        pytest.param(HIGH, [*TO_B, (DataReturned(), 9)], "B", ["Raised"], id="nor does data that returns"),
        pytest.param(HIGH, [(DataMissing(), 9)], "A", [], id="missing data is the staleness alarm's to raise"),
    ],
)
def test_a_transition_of_the_standard(
    rule: AlarmRule, script: list[tuple[Event, float]], end: str, facts: list[str]
) -> None:
    decision = play(rule, *script)
    assert (letter(decision.state), names(decision.facts)) == (end, facts)


# --- delays ---------------------------------------------------------------------------------------------------------
SLOW = replace(HIGH, on_delay_s=5.0, off_delay_s=20.0)


def test_the_on_delay_passes_by_itself_once_a_reading_has_begun_it() -> None:
    waiting = play(SLOW, reads(120, 0))
    assert (letter(waiting.state), earliest_timer(waiting.state)) == ("A", at(5))
    assert letter(play(SLOW, (TimerDue(), 4.9), state=waiting.state).state) == "A"
    raised = play(SLOW, (TimerDue(), 5), state=waiting.state)
    assert (letter(raised.state), names(raised.facts)) == ("B", ["Raised"])
    assert raised.state.evidence_at == T0, "the reading that began it is its evidence"


def test_a_reading_also_ends_the_on_delay_and_one_below_the_set_point_cancels_it() -> None:
    assert letter(play(SLOW, reads(120, 0), reads(130, 4)).state) == "A"
    assert letter(play(SLOW, reads(120, 0), reads(130, 5)).state) == "B"
    cancelled = play(SLOW, reads(120, 0), reads(99, 4)).state
    assert (letter(cancelled), earliest_timer(cancelled)) == ("A", None)
    assert letter(play(SLOW, (TimerDue(), 60), state=cancelled).state) == "A"


def test_the_off_delay_needs_a_reading_at_its_end_and_time_alone_never_ends_an_alarm() -> None:
    clearing = play(SLOW, reads(120, 0), reads(120, 5), reads(80, 10))
    assert (clearing.state.condition, earliest_timer(clearing.state)) == ("active", None)
    assert play(SLOW, (TimerDue(), 9_999), state=clearing.state).state is clearing.state
    assert play(SLOW, reads(80, 29.9), state=clearing.state).state.condition == "active"
    assert play(SLOW, reads(80, 30), state=clearing.state).state.condition == "normal"


def test_a_reading_within_the_deadband_begins_the_off_delay_again() -> None:
    back = play(SLOW, reads(120, 0), reads(120, 5), reads(80, 10), reads(95, 20))
    assert back.state.pending is None
    assert play(SLOW, reads(80, 30), state=back.state).state.condition == "active"


def test_a_second_level_toxic_alarm_has_no_delay() -> None:
    toxic = replace(HIGH, level=2, toxic=True)
    assert letter(play(toxic, reads(100, 0)).state) == "B"
    with pytest.raises(Invalid) as refused:
        replace(toxic, on_delay_s=0.1)
    assert (refused.value.field, refused.value.limit) == ("on_delay_s", 0)


# --- re-alarm -------------------------------------------------------------------------------------------------------
def test_an_alarm_nobody_cures_asks_again_after_the_re_alarm_time() -> None:
    rule = replace(HIGH, rearm_after_s=600.0)
    known = play(rule, *TO_C).state
    assert earliest_timer(known) == at(601)
    assert letter(play(rule, (TimerDue(), 600.9), state=known).state) == "C"
    again = play(rule, (TimerDue(), 601), state=known)
    assert (letter(again.state), names(again.facts), again.state.episode) == ("B", ["Reraised"], 1)
    assert earliest_timer(again.state) is None, "until somebody acknowledges it"


def test_an_alarm_that_is_cured_does_not_ask_again() -> None:
    rule = replace(LATCHING, rearm_after_s=600.0)
    for script in ([*TO_C, reads(80, 2)], [*TO_D, (ACK, 3)]):
        state = play(rule, *script).state
        assert (letter(state), earliest_timer(state)) == ("F", None)


def test_re_alarm_while_suppressed_is_made_good_when_suppression_ends() -> None:
    rule = replace(HIGH, rearm_after_s=10.0)
    silent = play(rule, *TO_C, (SHELVE, 2), (TimerDue(), 60))
    assert (letter(silent.state), earliest_timer(silent.state)) == ("G", at(3600))
    assert names(play(rule, (Unshelved(), 61), state=silent.state).facts) == ["Unsuppressed", "Reraised"]


# --- suppression ----------------------------------------------------------------------------------------------------
SUPPRESSIONS = [
    pytest.param(SHELVE, Unshelved(), "G", id="shelved"),
    pytest.param(SuppressedByDesign(True), SuppressedByDesign(False), "H", id="by design"),
    pytest.param(OUT, OutOfService(False), "I", id="out of service"),
]


@pytest.mark.parametrize(("into", "out", "sign"), SUPPRESSIONS)
class TestSuppressed:
    """What holds however an alarm was silenced."""

    def test_it_keeps_evaluating_in_silence(self, into: Event, out: Event, sign: str) -> None:
        silent = play(HIGH, (into, 0), reads(120, 1))
        assert (letter(silent.state), silent.state.condition, names(silent.facts)) == (sign, "active", ["Suppressed"])
        assert silent.state.episode == 0

    def test_on_exit_an_active_condition_is_raised(self, into: Event, out: Event, sign: str) -> None:
        shown = play(HIGH, (into, 0), reads(120, 1), (out, 2))
        assert (letter(shown.state), names(shown.facts)) == ("B", ["Suppressed", "Unsuppressed", "Raised"])

    def test_on_exit_a_normal_condition_is_normal(self, into: Event, out: Event, sign: str) -> None:
        over = play(HIGH, (into, 0), reads(120, 1), reads(80, 2), (out, 3))
        assert (letter(over.state), names(over.facts)) == ("A", ["Suppressed", "Unsuppressed"])

    def test_on_exit_an_alarm_nobody_had_seen_still_asks(self, into: Event, out: Event, sign: str) -> None:
        shown = play(HIGH, *TO_B, (into, 1), (out, 2))
        assert (letter(shown.state), names(shown.facts)) == ("B", ["Raised", "Suppressed", "Unsuppressed"])

    def test_on_exit_an_acknowledged_alarm_asks_again(self, into: Event, out: Event, sign: str) -> None:
        shown = play(HIGH, *TO_C, (into, 2), (out, 3))
        assert letter(shown.state) == "B"
        assert names(shown.facts)[-2:] == ["Unsuppressed", "Reraised"]
        assert shown.state.episode == 1

    def test_an_episode_that_ends_in_silence_is_followed_by_a_new_one(self, into: Event, out: Event, sign: str) -> None:
        shown = play(HIGH, *TO_C, (into, 2), reads(80, 3), reads(120, 4), (out, 5))
        assert names(shown.facts)[-3:] == ["Returned", "Unsuppressed", "Raised"]
        assert shown.state.episode == 2

    def test_a_latch_outlives_it(self, into: Event, out: Event, sign: str) -> None:
        assert letter(play(LATCHING, *TO_D, (into, 3), (ACK, 4), (out, 5)).state) == "F"
        reset = play(LATCHING, *TO_D, (into, 3), (ACK, 4), (Reset(), 5))
        assert (letter(reset.state), reset.state.latched) == (sign, False)

    def test_twice_is_once_and_an_end_without_a_beginning_is_nothing(self, into: Event, out: Event, sign: str) -> None:
        once = play(HIGH, (into, 0)).state
        assert play(HIGH, (into, 0), state=once) == Decision(once)
        assert play(HIGH, (out, 0)) == Decision(AlarmState())

    def test_an_on_delay_that_ends_in_silence_raises_nothing(self, into: Event, out: Event, sign: str) -> None:
        silent = play(SLOW, reads(120, 0), (into, 1), (TimerDue(), 5))
        assert (silent.state.condition, names(silent.facts)) == ("active", ["Suppressed"])


def test_timed_shelving_ends_by_itself_and_looks_at_the_condition_again() -> None:
    shelved = play(HIGH, (Shelved(until=at(60)), 0), reads(120, 1)).state
    assert earliest_timer(shelved) == at(60)
    assert play(HIGH, (TimerDue(), 59), state=shelved).state is shelved
    assert names(play(HIGH, (TimerDue(), 60), state=shelved).facts) == ["Unsuppressed", "Raised"]


def test_shelving_that_ends_as_the_on_delay_does_raises_once() -> None:
    both = play(SLOW, reads(120, 0), (Shelved(until=at(5)), 1), (TimerDue(), 5))
    assert (letter(both.state), names(both.facts)) == ("B", ["Suppressed", "Unsuppressed", "Raised"])


def test_one_shot_shelving_ends_when_the_condition_clears() -> None:
    once = play(HIGH, *TO_C, (Shelved(one_shot=True), 2))
    assert (letter(once.state), earliest_timer(once.state)) == ("G", None)
    over = play(HIGH, reads(80, 3), state=once.state)
    assert (letter(over.state), names(over.facts)) == ("A", ["Returned", "Unsuppressed"])


def test_one_shot_shelving_of_what_is_clear_already_is_nothing() -> None:
    assert play(HIGH, (Shelved(one_shot=True), 0)) == Decision(AlarmState())


def test_one_shot_with_an_end_stops_at_whichever_comes_first() -> None:
    both = Shelved(until=at(60), one_shot=True)
    assert letter(play(HIGH, *TO_C, (both, 2), (TimerDue(), 60)).state) == "B"
    assert letter(play(HIGH, *TO_C, (both, 2), reads(80, 3)).state) == "A"


def test_shelving_again_moves_its_end_and_is_no_news() -> None:
    longer = play(HIGH, (Shelved(until=at(60)), 0), (Shelved(until=at(120)), 1))
    assert (longer.state.suppression_until, names(longer.facts)) == (at(120), ["Suppressed"])


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Shelved(), "shelve.endless"),
        (Shelved(until=T0), "shelve.too_long"),
        (Shelved(until=T0 - timedelta(seconds=1)), "shelve.too_long"),
        (Shelved(until=T0 + SHELVE_MAX + timedelta(seconds=1)), "shelve.too_long"),
        (Shelved(until=T0 + SHELVE_MAX + timedelta(seconds=1), one_shot=True), "shelve.too_long"),
    ],
)
def test_shelving_without_an_end_in_reach_is_refused(event: Event, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        play(HIGH, (event, 0))
    assert (refused.value.code, refused.value.field) == (code, "until")


def test_the_longest_shelving_is_one_shift() -> None:
    assert letter(play(HIGH, (Shelved(until=T0 + SHELVE_MAX), 0)).state) == "G"


@pytest.mark.parametrize("taken_out", [SuppressedByDesign(True), OUT])
def test_shelving_does_not_loosen_what_the_plant_or_maintenance_took_out(taken_out: Event) -> None:
    out = play(HIGH, (taken_out, 0)).state
    assert play(HIGH, (SHELVE, 1), state=out) == Decision(out)


def test_maintenance_takes_over_from_shelving_and_a_shelve_timer_does_not_bring_it_back() -> None:
    out = play(HIGH, (Shelved(until=at(60)), 0), (OUT, 1)).state
    assert (letter(out), earliest_timer(out)) == ("I", at(3600))
    assert letter(play(HIGH, (Unshelved(), 2), (TimerDue(), 60), state=out).state) == "I"


# --- which readings count -------------------------------------------------------------------------------------------
def test_a_reading_older_than_the_last_change_changes_nothing() -> None:
    active = play(HIGH, reads(120, 10)).state
    assert step(HIGH, active, Reading(0.0, at(9)), at(11)).state is active
    normal = play(HIGH, reads(120, 10), (ACK, 11), reads(80, 20)).state
    assert step(HIGH, normal, Reading(500.0, at(19)), at(21)).state is normal


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_neither_raises_nor_ends_an_alarm(value: float) -> None:
    assert play(HIGH, reads(value, 0)) == Decision(AlarmState())
    active = play(HIGH, *TO_B).state
    assert play(HIGH, reads(value, 5), state=active).state is active


def test_an_overtaken_reading_can_raise_an_alarm_and_not_end_one() -> None:
    assert letter(play(HIGH, reads(120, 0, current=False)).state) == "B"
    active = play(HIGH, *TO_B).state
    assert play(HIGH, reads(80, 1, current=False), state=active).state is active
    waiting = play(SLOW, reads(120, 0)).state
    assert play(SLOW, reads(80, 1, current=False), state=waiting).state is waiting, "nor stop one from coming"
    clearing = play(SLOW, reads(120, 0), reads(120, 5), reads(80, 10)).state
    assert play(SLOW, reads(120, 11, current=False), state=clearing).state.pending is None


def test_a_device_clock_that_ran_ahead_and_is_set_right_does_not_make_readings_old() -> None:
    ended = play(HIGH, *TO_C, (Reading(80, at(12)), 2)).state
    assert letter(step(HIGH, ended, Reading(120, at(3)), at(3)).state) == "B"


def test_our_clock_set_back_begins_the_delay_again_and_does_not_stretch_it_by_the_jump() -> None:
    waiting = play(SLOW, reads(120, 3600)).state
    again = step(SLOW, waiting, Reading(120, at(3601)), at(0)).state
    assert (again.pending_since, again.due_at) == (at(0), at(5))
    assert letter(play(SLOW, (TimerDue(), 5), state=again).state) == "B"


def test_our_clock_set_back_does_not_make_every_reading_old() -> None:
    ended = play(HIGH, reads(120, 3600), (ACK, 3601), reads(80, 3602)).state
    assert letter(step(HIGH, ended, Reading(120, at(1)), at(1)).state) == "B"


def test_our_clock_set_forward_ends_the_on_delay_early_towards_alarm() -> None:
    assert letter(play(SLOW, reads(120, 0), (TimerDue(), 3600)).state) == "B"


# --- the path of every reading --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "script", "value", "may_change"),
    [
        (HIGH, [], 99.9, False),
        (HIGH, [], 100.0, True),
        (HIGH, TO_B, 90.0, False),
        (HIGH, TO_B, 89.9, True),
        (LOW, [], 19.6, False),
        (LOW, [], 19.5, True),
        (LOW, [reads(19, 0)], 20.0, False),
        (LOW, [reads(19, 0)], 20.1, True),
        (SLOW, [reads(120, 0)], 0.0, True),
        (SLOW, [reads(120, 0), reads(120, 5), reads(80, 6)], 95.0, True),
        (STALE, [], 1e9, False),
        (HIGH, [], math.nan, False),
    ],
)
def test_only_a_reading_that_may_change_something_leaves_the_fast_path(
    rule: AlarmRule, script: list[tuple[Event, float]], value: float, may_change: bool
) -> None:
    assert crosses(rule, play(rule, *script).state, value) is may_change


def test_the_earliest_timer_is_the_next_of_all() -> None:
    assert earliest_timer(AlarmState()) is None
    assert earliest_timer(AlarmState(due_at=at(3), rearm_due_at=at(2), suppression_until=at(1))) == at(1)


# --- rules that could hide danger -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "wrong", "code"),
    [
        (HIGH, {"source": LimitSource("CN", "2019", " ")}, "limit.unsourced"),
        (HIGH, {"set_point": None}, "limit.no_set_point"),
        (HIGH, {"set_point": math.nan}, "limit.not_a_number"),
        (LOW, {"set_point": -math.inf}, "limit.not_a_number"),
        (HIGH, {"deadband": -1.0}, "limit.deadband"),
        (HIGH, {"deadband": math.nan}, "limit.deadband"),
        (STALE, {"set_point": 5.0}, "limit.set_point_unused"),
        (NO_EFFECT, {"set_point": 5.0}, "limit.set_point_unused"),
    ],
)
def test_a_rule_that_could_hide_danger_can_not_be_made(rule: AlarmRule, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(rule, **wrong)
    assert refused.value.code == code


def test_a_state_goes_through_json_unchanged() -> None:
    state = play(replace(LATCHING, rearm_after_s=60.0), *TO_C, (Shelved(until=at(60), one_shot=True), 2)).state
    assert msgspec.json.decode(msgspec.json.encode(state), type=AlarmState) == state
    assert msgspec.json.encode(AlarmState()) == b"{}", "a state that never changed takes no room"


def test_facts_name_who_acknowledged() -> None:
    assert play(HIGH, *TO_C).facts == (AlarmRaised(), AlarmAcknowledged(WANG))
    everything = {
        AlarmRaised,
        AlarmReraised,
        AlarmReturned,
        AlarmAcknowledged,
        AlarmCleared,
        AlarmSuppressed,
        AlarmUnsuppressed,
    }
    assert everything == set(alarm.Fact.__args__)
