"""What holds of the alarm machine whatever happens, in whatever order, with restarts in between."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from incidents.alarms import alarm
from incidents.alarms.alarm import (
    SHELVE_MAX,
    Acknowledged,
    AlarmRaised,
    AlarmReraised,
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
    Voted,
    calm_band,
    crosses,
    letter,
    step,
)
from incidents.alarms.alarm_queries import earliest_timer
from incidents.alarms.model import AlarmRule, AlarmState, LimitSource, RuleKind

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
SET_POINT = 100.0

delays = st.sampled_from([0.0, 1.0, 5.0])


@st.composite
def alarm_rules(draw: st.DrawFn, only: RuleKind | None = None) -> AlarmRule:
    """Any rule that can be made; limits stand at SET_POINT."""
    kinds: list[RuleKind] = [only] if only else ["high", "high", "low", "stale", "no_effect"]
    kind = draw(st.sampled_from(kinds))
    level, toxic = draw(st.sampled_from([1, 2])), draw(st.booleans())
    return AlarmRule(
        tenant_id=UUID(int=1),
        id=UUID(int=2),
        kind=kind,
        level=level,
        unit="[ppm]",
        source=LimitSource("CN", "2019", "GB/T 50493-2019 5.5.2"),
        sensor_id=UUID(int=3),
        set_point=SET_POINT if kind in ("high", "low") else None,
        deadband=draw(st.sampled_from([0.0, 10.0])),
        on_delay_s=0.0 if toxic and level == 2 else draw(delays),
        off_delay_s=draw(delays),
        rearm_after_s=draw(st.none() | st.sampled_from([1.0, 6.0])),
        latching=draw(st.booleans()),
        toxic=toxic,
    )


# Both sides of the set point and of the deadband, exactly on them, and what is no number.
values = st.one_of(
    st.sampled_from([80.0, 89.9, 90.0, 95.0, 99.9, 100.0, 100.1, 105.0, 110.0, 110.1, 120.0]),
    st.sampled_from([0.0, 80.0, 120.0, 1e300, math.nan, math.inf, -math.inf]),
    st.floats(80.0, 120.0),
)
skews_s = st.sampled_from([0.0, 0.0, 0.0, 0.0, -3.0, -600.0, 9.0])


class AlarmMachine(RuleBasedStateMachine):
    """One alarm in memory, and the same alarm in a process that restarts between any two events.

    The one in memory is stepped by every tick of the clock; the other as the engine does it, only when
    ``earliest_timer`` says so. Both must always agree.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.state = self.restarted = AlarmState()
        self.raised = 0

    @initialize(made=alarm_rules())
    def make(self, made: AlarmRule) -> None:
        self.rule = made

    def apply(self, event: Event) -> Decision:
        before = self.state
        decision = step(self.rule, before, event, self.now)
        stored = msgspec.json.decode(msgspec.json.encode(self.restarted), type=AlarmState)
        again = step(self.rule, stored, event, self.now)
        assert again == decision
        self.state, self.restarted = decision.state, again.state
        self._check(before, event, decision)
        return decision

    def _check(self, before: AlarmState, event: Event, decision: Decision) -> None:
        after = decision.state
        new = sum(isinstance(fact, AlarmRaised) for fact in decision.facts)
        self.raised += new
        assert after.episode == before.episode + new == self.raised
        if after == before:
            assert decision.facts == (), "news of nothing"
        if any(isinstance(fact, AlarmRaised | AlarmReraised) for fact in decision.facts):
            assert (after.condition, after.acknowledged) == ("active", False)
        if new:
            assert after.latched == self.rule.latching
        if after.suppression != "none":
            assert not any(isinstance(fact, AlarmRaised | AlarmReraised) for fact in decision.facts), (
                "raised in silence"
            )
        if before.condition == "active" and after.condition == "normal":
            assert self._may_end(before, event), f"{event} ended an alarm"
            assert not after.one_shot, "one-shot shelving outlived the condition"
        if before.suppression != "none" and after.suppression == "none" and after.condition == "active":
            assert letter(after) == "B", "an alarm that comes back from silence asks again"
        if before.pending == "on_delay" and after.pending is None and after.condition == "normal":
            assert isinstance(event, Reading), f"{event} stopped an alarm from coming"
            assert event.current, "an overtaken reading stopped an alarm from coming"
        if before.latched and not after.latched:
            assert isinstance(event, Reset), f"{event} unlatched an alarm"
            assert before.condition == after.condition == "normal"
            assert before.acknowledged, "unlatched what nobody had seen"

    def _may_end(self, before: AlarmState, event: Event) -> bool:
        """Only current data beyond the deadband, for as long as the off-delay, ends an alarm."""
        if isinstance(event, DataReturned):
            return self.rule.set_point is None
        if not isinstance(event, Reading) or self.rule.set_point is None or not event.current:
            return False
        away = SET_POINT - event.value if self.rule.kind == "high" else event.value - SET_POINT
        waited = self.rule.off_delay_s <= 0
        if before.pending == "off_delay":
            assert before.pending_since is not None
            waited = self.now - before.pending_since >= timedelta(seconds=self.rule.off_delay_s)
        return away > self.rule.deadband and waited

    @rule(value=values, skew_s=skews_s, current=st.booleans())
    def read(self, value: float, skew_s: float, current: bool) -> None:
        before = self.state
        reading = Reading(value, self.now + timedelta(seconds=skew_s), current)
        decision = self.apply(reading)
        if not crosses(self.rule, before, value):
            assert decision.state is before, "the fast path would have lost this"
            assert decision.facts == ()
        below, above = calm_band([(self.rule, before)])
        if below < value < above:
            assert decision == Decision(before), "the band would have lost this"
        old = before.evidence_at is not None and reading.observed_at < before.evidence_at <= self.now
        if old:
            assert decision == Decision(before)
        if not math.isfinite(value):
            assert decision == Decision(before), "no number proves nothing"
        beyond = self.rule.kind in ("high", "low") and math.isfinite(value)
        beyond &= value >= SET_POINT if self.rule.kind == "high" else value <= SET_POINT
        if beyond and not old and (self.rule.on_delay_s == 0 or (self.rule.toxic and self.rule.level == 2)):
            assert decision.state.condition == "active", "no delay was asked for"

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 6.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.fire()

    @rule(seconds=st.sampled_from([-3600.0, -2.0, 86_400.0]))
    def our_clock_jumps(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.fire()

    def fire(self) -> None:
        before = self.state
        ticked = step(self.rule, before, TimerDue(), self.now)
        timer = earliest_timer(self.restarted)
        if timer is None or timer > self.now:
            assert ticked == Decision(before), "a timer that the engine does not know of"
            return
        self.apply(TimerDue())
        after = earliest_timer(self.state)
        assert after is None or after > self.now, "the engine would fire this for ever"

    # Single values seldom make a whole return to normal; these two do.
    @rule(seconds=st.sampled_from([0.0, 5.0]))
    def danger_comes(self, seconds: float) -> None:
        if self.rule.set_point is None:
            self.data_is_missing()
            return
        self.read(SET_POINT, 0.0, True)
        self.time_passes(seconds)

    @rule(seconds=st.sampled_from([1.0, 5.0]))
    def danger_goes(self, seconds: float) -> None:
        if self.rule.set_point is None:
            self.data_returns()
            return
        clear = SET_POINT - 20.0 if self.rule.kind == "high" else SET_POINT + 20.0
        self.read(clear, 0.0, True)
        self.time_passes(seconds)
        self.read(clear, 0.0, True)

    @rule()
    def data_is_missing(self) -> None:
        before = self.state
        decision = self.apply(DataMissing())
        if self.rule.set_point is None:
            assert decision.state.condition == "active"
        else:
            assert decision == Decision(before), "missing data is the staleness alarm's to raise"

    @rule()
    def data_returns(self) -> None:
        self.apply(DataReturned())

    @rule()
    def acknowledge_twice(self) -> None:
        once = self.apply(Acknowledged(UUID(int=7)))
        assert once.state.acknowledged
        assert self.apply(Acknowledged(UUID(int=8))) == Decision(once.state)

    @rule()
    def reset(self) -> None:
        before = self.state
        decision = self.apply(Reset())
        if before.condition == "active":
            assert decision == Decision(before)

    @rule(seconds=st.none() | st.floats(0.1, SHELVE_MAX.total_seconds()), one_shot=st.booleans())
    def shelve(self, seconds: float | None, one_shot: bool) -> None:
        until = None if seconds is None else self.now + timedelta(seconds=seconds)
        assume(until is not None or one_shot)
        before = self.state
        decision = self.apply(Shelved(until=until, one_shot=one_shot))
        if before.suppression in ("by_design", "out_of_service") or (until is None and before.condition == "normal"):
            assert decision == Decision(before)

    @rule()
    def unshelve(self) -> None:
        self.apply(Unshelved())
        assert self.state.suppression != "shelved"

    @rule(kind=st.sampled_from([SuppressedByDesign, OutOfService]), on=st.booleans())
    def plant_or_maintenance_suppresses(self, kind: type[SuppressedByDesign | OutOfService], on: bool) -> None:
        if kind is OutOfService:
            self.apply(OutOfService(on, until=self.now + timedelta(hours=1) if on else None))
        else:
            self.apply(SuppressedByDesign(on))

    @rule()
    def every_suppression_ends(self) -> None:
        for event in (Unshelved(), SuppressedByDesign(False), OutOfService(False)):
            self.apply(event)
        assert self.state.suppression == "none"

    @invariant()
    def the_letter_says_what_the_four_fields_say(self) -> None:
        state = self.state
        silent = {"shelved": "G", "by_design": "H", "out_of_service": "I"}
        shown = {
            ("normal", True, False): "A",
            ("active", False, False): "B",
            ("active", False, True): "B",
            ("active", True, False): "C",
            ("active", True, True): "C",
            ("normal", False, False): "D",
            ("normal", False, True): "E",
            ("normal", True, True): "F",
        }
        fields = (state.condition, state.acknowledged, state.latched)
        assert letter(state) == silent.get(state.suppression, shown[fields])

    @invariant()
    def an_active_condition_that_nothing_suppresses_is_shown(self) -> None:
        if self.state.condition == "active" and self.state.suppression == "none":
            assert self.state.annunciated

    @invariant()
    def an_episode_stands_until_it_is_normal_acknowledged_and_unlatched(self) -> None:
        state = self.state
        if not state.acknowledged or state.latched:
            assert state.annunciated
        if state.condition == "normal" and state.acknowledged and not state.latched:
            assert not state.annunciated

    @invariant()
    def timers_belong_to_what_they_time(self) -> None:
        state = self.state
        if state.pending == "on_delay":
            assert state.condition == "normal"
            assert state.pending_since is not None
            assert state.due_at == state.pending_since + timedelta(seconds=self.rule.on_delay_s)
        else:
            assert state.due_at is None, "only the way into alarm has a timer"
        if state.pending == "off_delay":
            assert state.condition == "active"
        assert (state.pending is None) == (state.pending_since is None)
        if state.rearm_due_at is not None:
            assert state.condition == "active"
            assert state.acknowledged
        has_an_end = state.suppression_until is not None or state.one_shot
        assert (state.suppression in ("shelved", "out_of_service")) == has_an_end

    def teardown(self) -> None:
        """Wherever it ended up: a danger that stays is raised within the on-delay."""
        if not hasattr(self, "rule") or self.rule.set_point is None:
            return
        danger = Reading(SET_POINT, self.now)
        self.apply(danger)
        self.now += timedelta(seconds=self.rule.on_delay_s)
        self.fire()
        assert self.state.condition == "active"


TestAlarm = AlarmMachine.TestCase
TestAlarm.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


@given(alarm_rules("high"), st.lists(st.tuples(st.floats(0, 200), st.floats(0, 30)), max_size=30))
def test_a_high_limit_ends_only_below_its_deadband_and_after_its_off_delay(
    limit: AlarmRule, readings: list[tuple[float, float]]
) -> None:
    """The same, against a reference that keeps the whole history instead of a state."""
    now, state = T0, AlarmState()
    below_since: datetime | None = None
    for value, seconds in readings:
        now += timedelta(seconds=seconds)
        before = state
        state = step(limit, state, Reading(value, now), now).state
        clear = value < SET_POINT - limit.deadband
        if before.condition == "active":
            below_since = (below_since or now) if clear else None
            waited = below_since is not None and now - below_since >= timedelta(seconds=limit.off_delay_s)
            assert (state.condition == "normal") == waited
        if state.condition == "normal":
            below_since = None


@given(alarm_rules("high"), st.lists(st.tuples(st.floats(0, 200), st.floats(0, 30)), max_size=30))
def test_a_high_limit_is_raised_when_it_was_exceeded_for_the_on_delay_and_not_before(
    limit: AlarmRule, readings: list[tuple[float, float]]
) -> None:
    now, state = T0, AlarmState()
    above_since: datetime | None = None
    for value, seconds in readings:
        now += timedelta(seconds=seconds)
        before = state = step(limit, state, TimerDue(), now).state
        if before.condition == "normal" and above_since is not None:
            assert now - above_since < timedelta(seconds=limit.on_delay_s), "the timer was late"
        state = step(limit, before, Reading(value, now), now).state
        above_since = (above_since or now) if value >= SET_POINT else None
        if before.condition == "normal":
            waited = above_since is not None and now - above_since >= timedelta(seconds=limit.on_delay_s)
            assert (state.condition == "active") == waited
        if state.condition == "active":
            above_since = None


states = st.sampled_from(
    [
        *[AlarmState()] * 8,
        AlarmState(condition="active", acknowledged=False, annunciated=True, episode=1),
        AlarmState(pending="on_delay", pending_since=T0, due_at=T0 + timedelta(seconds=5)),
    ]
)
watched = st.lists(st.tuples(alarm_rules(), st.floats(-200.0, 200.0), states), max_size=6)


@given(watched, values | st.floats(-300.0, 300.0))
def test_a_value_within_the_calm_band_crosses_none_of_a_sensors_rules(
    made: list[tuple[AlarmRule, float, AlarmState]], value: float
) -> None:
    pairs = [
        (limit if limit.set_point is None else msgspec.structs.replace(limit, set_point=set_point), state)
        for limit, set_point, state in made
    ]
    below, above = calm_band(pairs)
    if below < value < above:
        assert not any(crosses(limit, state, value) for limit, state in pairs)


def test_without_limits_every_value_is_calm() -> None:
    assert calm_band([]) == (-math.inf, math.inf)


def test_the_machine_meets_every_event_there_is() -> None:
    events = {Reading, TimerDue, DataMissing, DataReturned, Acknowledged, Reset, Shelved, Unshelved}
    assert events | {SuppressedByDesign, OutOfService, Voted} == set(alarm.Event.__args__)
