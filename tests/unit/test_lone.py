"""The machine of people who work alone: when the phone is rung, when help is called, what a clock can do to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import Conflict, Invalid
from incidents.sos import lone
from incidents.sos.lone import Nothing, Raise, Remind, Watch

NOW = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
SHIFT = NOW + timedelta(hours=8)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def begun(**changes: Any) -> Watch:
    """Every 20 min, two minutes of grace."""
    facts: dict[str, Any] = {"ends_at": SHIFT, "interval_s": 1200}
    return lone.start(NOW, **(facts | changes))


def test_the_phone_is_rung_before_a_word_is_due_and_help_is_called_after_the_grace() -> None:
    watch = begun()
    assert (watch.remind_at, watch.deadline_at, watch.raise_at) == (after(1080), after(1200), after(1320))
    assert lone.look(watch, after(1079)) == (watch, Nothing())
    watch, step = lone.look(watch, after(1080))
    assert step == Remind()
    # Rung once for one word.
    assert lone.look(watch, after(1200))[1] == Nothing()
    assert watch.due_at == after(1320)
    watch, step = lone.look(watch, after(1320))
    assert (step, watch.state, watch.due_at) == (Raise(), "missed", None)
    assert lone.look(watch, after(9999)) == (watch, Nothing())


def test_a_word_begins_the_interval_anew() -> None:
    watch, _ = lone.look(begun(), after(1100))
    watch = lone.check_in(watch, after(1250))
    assert (watch.deadline_at, watch.remind_at) == (after(2450), after(2330))
    assert lone.seconds_left(watch, after(2400)) == 50
    assert lone.seconds_left(watch, after(2460)) == -10


def test_a_word_that_was_said_earlier_counts_from_then_and_one_before_the_last_not_at_all() -> None:
    watch = begun()
    assert lone.check_in(watch, after(900), at=after(600), by="badge").deadline_at == after(1800)
    assert lone.check_in(watch, after(900), at=NOW, by="badge") == watch
    # A clock of a door that is ahead is not believed.
    assert lone.check_in(watch, after(900), at=after(5000), by="badge").deadline_at == after(2100)


def test_a_word_that_comes_to_light_after_its_own_deadline_still_leaves_the_grace() -> None:
    late = lone.check_in(begun(), after(1310), at=after(60), by="message")
    assert (late.deadline_at, late.raise_at) == (after(1310), after(1430))
    assert lone.look(late, after(1310))[1] == Remind()


def test_a_short_interval_is_rung_a_quarter_of_it_before() -> None:
    assert begun(interval_s=60).remind_at == after(45)


def test_who_does_not_sign_off_at_the_end_is_looked_for() -> None:
    watch = begun(ends_at=after(600))
    assert watch.deadline_at == after(600)
    assert lone.look(watch, after(720))[1] == Raise()
    longer = lone.extend(watch, after(500), after(4000))
    assert (longer.ends_at, longer.deadline_at) == (after(4000), after(1700))


def test_a_pause_asks_for_nothing_and_ends_by_itself() -> None:
    watch = lone.pause(begun(), after(100), after(3700))
    assert (watch.state, watch.due_at, lone.seconds_left(watch, NOW)) == ("paused", after(3700), None)
    assert lone.look(watch, after(3699)) == (watch, Nothing())
    watch, step = lone.look(watch, after(3700))
    assert (step, watch.state, watch.deadline_at, watch.checked_in_by) == (Nothing(), "active", after(4900), "resumed")


def test_a_pause_is_ended_by_hand_or_by_a_word_and_keeps_a_new_end() -> None:
    paused = lone.pause(begun(), after(100), after(3700))
    assert lone.resume(paused, after(200)).deadline_at == after(1400)
    assert lone.check_in(paused, after(100)).state == "active"
    assert lone.resume(begun(), after(200)) == begun()
    extended = lone.extend(paused, after(200), SHIFT + timedelta(hours=1))
    assert (extended.state, extended.ends_at) == ("paused", SHIFT + timedelta(hours=1))


def test_an_end_is_an_end_and_twice_is_one() -> None:
    ended = lone.end(begun(), after(60))
    assert (ended.state, ended.ended_at, ended.due_at) == ("ended", after(60), None)
    assert lone.end(ended, after(90)) == ended
    for act in (lone.check_in, lone.resume):
        with pytest.raises(Conflict, match="over"):
            act(ended, after(90))


def test_who_was_missed_may_still_say_that_they_are_back() -> None:
    missed, _ = lone.look(begun(), after(2000))
    assert lone.end(missed, after(2100)).state == "ended"


@pytest.mark.parametrize(
    "changes",
    [
        {"ends_at": NOW},
        {"ends_at": NOW + lone.LONGEST + timedelta(seconds=1)},
        {"interval_s": 59},
        {"interval_s": 7201},
        {"grace_s": 29},
        {"grace_s": 1801},
    ],
)
def test_what_is_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        begun(**changes)


@pytest.mark.parametrize("until", [NOW, NOW + lone.PAUSE_MAX + timedelta(seconds=1)])
def test_a_pause_is_bounded(until: datetime) -> None:
    with pytest.raises(Invalid, match="pause"):
        lone.pause(begun(), NOW, until)


def test_a_clock_that_was_set_back_leaves_the_time_that_was_left() -> None:
    back = NOW - timedelta(hours=3)
    watch, step = lone.look(begun(), back)
    assert (step, watch.armed_at, watch.deadline_at) == (Nothing(), back, back + timedelta(seconds=1200))
    paused, _ = lone.look(lone.pause(begun(), NOW, after(600)), back)
    assert paused.paused_until == back + timedelta(seconds=600)


def test_clocks_of_two_machines_that_differ_a_little_change_nothing() -> None:
    watch = begun()
    assert lone.look(watch, NOW - lone.CLOCK_SLACK) == (watch, Nothing())


times = st.integers(0, 10_000)
moves = st.lists(st.tuples(st.sampled_from(["look", "tap", "back", "pause"]), times), max_size=30)


@given(moves, st.integers(60, 7200), st.integers(30, 1800))
def test_whatever_happens_silence_is_found_within_an_interval_and_its_grace(
    story: list[tuple[str, int]], interval_s: int, grace_s: int
) -> None:
    """However the clock jumped before: from the last look on, a person who says nothing is missed in time."""
    now = NOW
    watch = lone.start(now, ends_at=now + lone.LONGEST, interval_s=interval_s, grace_s=grace_s)
    raised = 0
    for what, seconds in story:
        now += timedelta(seconds=-seconds if what == "back" else seconds)
        watch, step = lone.look(watch, now)
        raised += isinstance(step, Raise)
        if watch.state == "missed":
            break
        if what == "tap":
            watch = lone.check_in(watch, now)
        elif what == "pause" and watch.state == "active":
            watch = lone.pause(watch, now, now + timedelta(minutes=10))
    watch, step = lone.look(watch, now)
    raised += isinstance(step, Raise)
    if watch.state == "paused":
        now += lone.PAUSE_MAX
        watch, _ = lone.look(watch, now)
    now += timedelta(seconds=interval_s + grace_s) + lone.CLOCK_SLACK
    watch, step = lone.look(watch, now)
    raised += isinstance(step, Raise)
    assert (watch.state, raised) == ("missed", 1)
    assert lone.look(watch, now + timedelta(days=1))[1] == Nothing()


@given(st.integers(0, 1319))
def test_nobody_is_missed_before_their_time(seconds: int) -> None:
    watch, step = lone.look(begun(), after(seconds))
    assert not isinstance(step, Raise)
    assert replace(watch, remind_at=begun().remind_at, armed_at=NOW) == begun()
