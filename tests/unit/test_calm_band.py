"""The gateway's shortcut for ordinary values must never say "nothing changes" where the alarm machine would change."""

from __future__ import annotations

import math
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from incidents.alarms.alarm import calm_band, crosses
from incidents.alarms.model import AlarmRule, AlarmState, LimitSource, RuleKind

set_points = st.sampled_from([-50.0, 0.0, 18.0, 19.5, 23.5, 6_250.0, 12_500.0])
states = st.builds(
    AlarmState,
    condition=st.sampled_from(["normal", "normal", "active"]),
    pending=st.sampled_from([None, None, None, "on_delay", "off_delay"]),
    suppression=st.sampled_from(["none", "shelved"]),
)
values = st.one_of(set_points, st.floats(allow_nan=True, allow_infinity=True), st.floats(-100, 20_000))


def limit(kind: RuleKind, set_point: float | None, deadband: float = 0.0) -> AlarmRule:
    return AlarmRule(
        tenant_id=UUID(int=1),
        id=UUID(int=2),
        sensor_id=UUID(int=3),
        kind=kind,
        level=1,
        unit="[ppm]",
        set_point=set_point,
        deadband=deadband,
        source=LimitSource("CN", "GB/T 50493-2019", "5.5.2"),
    )


kinds: st.SearchStrategy[RuleKind] = st.sampled_from(["high", "low"])
limits = st.builds(limit, kinds, set_points, st.sampled_from([0.0, 10.0]))


@given(st.lists(st.tuples(limits, states), max_size=4), values)
def test_a_value_inside_the_band_crosses_no_rule(watched: list[tuple[AlarmRule, AlarmState]], value: float) -> None:
    below, above = calm_band(watched)
    if below < value < above:
        assert not any(crosses(rule, state, value) for rule, state in watched)


def test_between_the_innermost_limits_all_is_calm() -> None:
    rules = [limit("low", 18.0), limit("low", 19.5), limit("high", 23.5), limit("high", 25.0)]
    assert calm_band((rule, AlarmState()) for rule in rules) == (19.5, 23.5)


def test_a_sensor_without_limits_is_always_calm() -> None:
    assert calm_band([(limit("stale", None), AlarmState(condition="active"))]) == (-math.inf, math.inf)


def test_an_active_limit_leaves_no_band() -> None:
    below, above = calm_band([(limit("high", 10.0), AlarmState()), (limit("low", 1.0), AlarmState(condition="active"))])
    assert not below < above
