"""The figures of an alarm system from counts: targets, floods, peaks, stale alarms, the ladder of answers."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from incidents.alarms import alarm
from incidents.alarms.kpi import (
    BIN_S,
    EPOCH,
    FLOOD_ABOVE,
    FLOOD_BELOW,
    History,
    Performance,
    Rule,
    Standing,
    bins_in,
    find_floods,
    measure,
    peak_hour,
    stale_by_day,
)
from incidents.alarms.kpi_answers import BORDERS_S, percentile_s, step_of
from incidents.alarms.kpi_events import events_of, priority_of
from incidents.alarms.kpi_periods import Period
from incidents.alarms.model import AlarmRule, AlarmState, LimitSource

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
FIRST = (START - EPOCH) // timedelta(seconds=BIN_S)
DAY = Period(START, START + timedelta(days=1))
HOUR = Period(START, START + timedelta(hours=1))
SOURCE = LimitSource("CN", "2019", "GB/T 50493")


def figures(
    history: History, period: Period = DAY, *, operators: int = 1
) -> dict[str, tuple[float | None, str | None]]:
    found = measure(period, history, [period], operators=operators)
    return {f.key: (f.value, f.verdict) for f in found.figures}


@pytest.mark.parametrize(
    ("calls", "verdict"), [(144, "acceptable"), (145, "manageable"), (288, "manageable"), (289, "overloaded")]
)
def test_six_alarms_an_hour_are_acceptable_and_twelve_can_be_managed(calls: int, verdict: str) -> None:
    value, said = figures(History(low=calls))["rate_per_hour"]
    assert (value, said) == (calls / 24, verdict)
    assert figures(History(low=calls))["rate_per_10_min"] == (calls / 144, verdict)


def test_two_operators_bear_twice_as_much() -> None:
    history = History(low=288, bins=[(FIRST, 12)])
    assert figures(history)["rate_per_hour"] == (12.0, "manageable")
    shared = figures(history, operators=2)
    assert (shared["rate_per_hour"], shared["peak_per_10_min"]) == ((6.0, "acceptable"), (6.0, "ok"))


def test_a_period_without_time_or_alarms_has_no_rates_and_no_verdict_on_them() -> None:
    nothing = figures(History(), Period(START, START))
    assert nothing["rate_per_hour"] == (None, None)
    assert nothing["bins_over_10"] == (None, None)
    assert figures(History())["top_10_share"] == (None, None)
    assert figures(History())["priority_high"] == (None, None)
    assert measure(DAY, History(), [], operators=1).worst == "acceptable"


def test_a_peak_hour_is_any_six_bins_in_a_row() -> None:
    assert peak_hour([]) == 0
    assert peak_hour([(0, 1), (3, 2), (5, 3), (6, 4), (20, 7)]) == 9


def test_a_period_counts_the_bins_it_touches() -> None:
    assert bins_in(HOUR) == 6
    assert bins_in(Period(START + timedelta(seconds=1), START + timedelta(minutes=10, seconds=1))) == 2


def flood_of(*bins: tuple[int, int], period: Period = HOUR) -> tuple[int, float]:
    found = find_floods(period, [(FIRST + n, calls) for n, calls in bins])
    return found.count, found.seconds / 60


def test_a_flood_begins_above_ten_and_ends_below_five() -> None:
    assert flood_of((0, 10)) == (0, 0)
    assert flood_of((0, 11), (1, 5), (2, 4)) == (1, 20)
    assert flood_of((0, 11), (2, 11)) == (2, 20)
    assert flood_of((4, 11), (5, 6)) == (1, 20)


def test_a_flood_from_before_counts_from_the_border_and_one_beyond_it_until_the_border() -> None:
    assert flood_of((-3, 20), (-2, 6), (-1, 6), (0, 7)) == (1, 10)
    assert flood_of((-3, 20), (-2, 6)) == (0, 0)
    assert flood_of((5, 20), (6, 20), (7, 20)) == (1, 10)


@given(st.lists(st.integers(0, 14), max_size=40))
def test_floods_as_a_bin_by_bin_reading_of_the_standard_finds_them(calls: list[int]) -> None:
    period = Period(START, START + timedelta(seconds=BIN_S * len(calls)))
    flooded = [False]
    for n in calls:
        flooded.append(n >= FLOOD_BELOW if flooded[-1] else n > FLOOD_ABOVE)
    begun = sum(after and not before for before, after in itertools.pairwise(flooded))
    found = find_floods(period, [(FIRST + n, c) for n, c in enumerate(calls) if c])
    assert (found.count, found.seconds) == (begun, sum(flooded) * BIN_S)


def test_bins_over_ten_are_a_share_of_all_bins() -> None:
    history = History(low=33, bins=[(FIRST, 11), (FIRST + 7, 11), (FIRST + 9, 11)])
    assert figures(history)["bins_over_10"] == (100 * 3 / 144, "overloaded")
    assert figures(History(low=11, bins=[(FIRST, 11)]))["bins_over_10"][1] == "ok"


def test_the_ten_busiest_rules_and_those_that_chatter() -> None:
    rules = [Rule(new_id(), n, 0) for n in range(12)] + [Rule(new_id(), 1, 2), Rule(new_id(), 2, 1)]
    history = History(low=1000, rules=rules, chattering_rules=2)
    found = measure(DAY, history, [DAY])
    assert [r.calls for r in found.top] == [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]
    assert [r.chattering for r in found.chattering] == [2, 1]
    said = figures(history)
    assert said["top_10_share"] == (6.5, "overloaded")
    assert said["chattering"] == (2, "overloaded")
    assert found.worst == "overloaded"


def test_an_alarm_is_stale_after_a_day_on_every_day_it_stands() -> None:
    days = [Period(START + timedelta(days=n), START + timedelta(days=n + 1)) for n in range(3)]
    stands = Standing(START - timedelta(hours=12), None)
    ended = Standing(START - timedelta(days=3), START + timedelta(days=1, hours=1))
    short = Standing(START - timedelta(hours=12), START + timedelta(hours=11))
    assert stale_by_day([stands, ended, short], days) == [2, 2, 1]
    assert figures(History(standing=[stands] * 5))["stale"] == (5.0, "overloaded")
    assert figures(History(standing=[stands] * 4))["stale"] == (4.0, "ok")


def test_priorities_are_held_against_eighty_fifteen_five() -> None:
    good = figures(History(low=80, medium=15, high=5))
    assert [good[f"priority_{p}"][1] for p in ("low", "medium", "high")] == ["ok"] * 3
    bad = figures(History(low=60, medium=25, high=15))
    assert [bad[f"priority_{p}"][1] for p in ("low", "medium", "high")] == ["overloaded"] * 3
    assert figures(History(low=100))["priority_low"] == (100.0, "ok")


def test_every_figure_with_a_target_says_where_it_comes_from_in_both_languages() -> None:
    found: Performance = measure(DAY, History(low=1), [DAY])
    for figure in found.figures:
        assert figure.label.zh
        assert figure.label.en
        assert bool(figure.source) == (figure.target is not None), figure.key
        assert (figure.verdict is None) <= (figure.target is None or figure.value is None)


def test_answers_are_given_by_nearest_rank_and_never_look_quicker_than_they_were() -> None:
    assert percentile_s({}, 0.5) is None
    assert percentile_s({step_of(0.2): 1}, 0.5) == 1.0
    assert percentile_s({step_of(29.5): 19, step_of(3600): 1}, 0.95) == 30.0
    assert percentile_s({step_of(1e9): 1}, 0.5) == BORDERS_S[-1]


@given(st.lists(st.floats(0, 604_000), min_size=1, max_size=50), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_within_a_step_above_the_exact_one(seconds: list[float], share: float) -> None:
    counts: dict[int, int] = {}
    for s in seconds:
        counts[step_of(s)] = counts.get(step_of(s), 0) + 1
    exact = sorted(seconds)[max(-(-int(share * 100) * len(seconds) // 100), 1) - 1]
    said = percentile_s(counts, share)
    assert said is not None
    assert exact <= said <= max(exact * 1.09, exact + 1)


def rule(level: int = 1, **changes: object) -> AlarmRule:
    base: dict[str, object] = {
        "tenant_id": new_id(), "id": new_id(), "kind": "high", "level": level, "unit": "[ppm]", "source": SOURCE,
        "set_point": 1.0,
    }  # fmt: skip
    return AlarmRule(**(base | changes))  # type: ignore[arg-type]


def test_the_second_level_is_high_and_what_poisons_or_has_no_effect_is_not_low() -> None:
    assert priority_of(rule(2)) == "high"
    assert priority_of(rule(toxic=True)) == "medium"
    assert priority_of(rule(kind="no_effect", set_point=None)) == "medium"
    assert priority_of(rule()) == "low"
    assert priority_of(rule(kind="stale", set_point=None)) == "low"


def test_an_answer_belongs_to_the_call_of_its_own_transaction_when_there_is_one() -> None:
    shelved, plain = AlarmState(suppression="shelved"), AlarmState()
    facts = (alarm.AlarmReturned(), alarm.AlarmUnsuppressed(), alarm.AlarmRaised(), alarm.AlarmAcknowledged(new_id()))
    zone, alarm_id = new_id(), new_id()
    told = events_of(rule(2), shelved, plain, facts, zone, alarm_id)
    assert [(e.kind, e.answers_earlier, e.suppression) for e in told] == [
        ("returned", True, "none"),
        ("unsuppressed", False, "shelved"),
        ("raised", False, "none"),
        ("acknowledged", False, "none"),
    ]
    assert {(e.zone_id, e.alarm_id, e.level, e.priority) for e in told} == {(zone, alarm_id, 2, "high")}
    (hidden,) = events_of(rule(), plain, shelved, (alarm.AlarmSuppressed(),), zone, None)
    assert (hidden.kind, hidden.suppression) == ("suppressed", "shelved")
