"""What becomes of a recording's delays when it runs faster, and of its limits on the way to Muster."""

from __future__ import annotations

import argparse
import io
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from core.errors import Invalid, NotFound
from mobile_contract.limits import AlarmRuleView, NewAlarmRule
from muster.demo import catalogue
from muster.replay.cli import find_secret, load_map, named_device
from muster.replay.kept import Kept
from muster.replay.mapping import LimitMap, Row, Source
from muster.replay.pace import SILENCE_MIN_S, delay_s, device_ms, silence_s, silence_speed
from muster.replay.registration import is_same, rule_of
from tests.unit.replay_reference import high_alarms

SENSOR = UUID(int=1)
SPEEDS = st.floats(0.01, 10_000)


@given(speed=SPEEDS, delay=st.floats(0, 86_400))
def test_a_delay_covers_as_many_rows_as_in_the_recording(speed: float, delay: float) -> None:
    rows = [Row(0, 0.0, ()), Row(1, delay, ())]
    passed_s = (device_ms(rows[1], rows[0], 0, speed) - device_ms(rows[0], rows[0], 0, speed)) / 1000
    assert delay_s(delay, speed) == pytest.approx(passed_s, abs=0.001)


@given(speed=SPEEDS, stale=st.floats(0.1, 86_400))
def test_silence_is_the_recordings_or_as_short_as_can_be_told(speed: float, stale: float) -> None:
    found = silence_s(stale, speed)
    assert found >= min(stale, SILENCE_MIN_S)
    assert found == pytest.approx(stale / speed) or (stale / speed < found <= SILENCE_MIN_S)


@pytest.mark.parametrize(("name", "limit"), [("femto", 30.0), ("airquality", 5400.0)])
def test_up_to_its_own_speed_a_map_keeps_its_silence(name: str, limit: float) -> None:
    mapping = load_map(name)
    assert silence_speed(mapping) == limit
    for series in mapping.series:
        assert silence_s(series.stale_after_s, limit) == series.stale_after_s / limit


def test_a_limit_goes_with_its_source_and_says_what_became_of_its_delays() -> None:
    vibration = load_map("femto").series[0]
    rule = rule_of(SENSOR, vibration, vibration.limits[0], 100.0)
    assert (rule.set_point, rule.deadband, rule.unit) == (1.8, 0.18, "mm/s")
    assert (rule.on_delay_s, rule.off_delay_s) == (0.25, 0.6)
    assert rule.source.source == "ISO 10816-1, Annex B, class I, zone border B/C"
    assert rule.source.note.endswith("; delays of the recording divided by 100")
    unhurried = rule_of(SENSOR, vibration, vibration.limits[0], 1.0)
    assert unhurried.on_delay_s == 25.0
    assert "divided" not in unhurried.source.note


def test_a_rule_in_force_is_the_wanted_one_or_it_is_replaced() -> None:
    vibration = load_map("femto").series[0]
    wanted = rule_of(SENSOR, vibration, vibration.limits[0], 100.0)
    assert is_same(_in_force(wanted), wanted)
    for speed, limit in ((50.0, 0), (100.0, 1)):
        assert not is_same(_in_force(rule_of(SENSOR, vibration, vibration.limits[limit], speed)), wanted)


def _in_force(rule: NewAlarmRule) -> AlarmRuleView:
    own = {"id": UUID(int=2), "actuator": None, "stale_after_s": None}
    return AlarmRuleView(**msgspec.structs.asdict(rule), **own)  # type: ignore[arg-type]


@pytest.mark.parametrize("device", ["", "Rig", "rig/1", "rig+", "a" * 64])
def test_a_device_name_that_can_not_be_in_a_topic_is_refused(device: str) -> None:
    with pytest.raises(Invalid):
        named_device(load_map("femto"), device)


def test_a_device_that_nobody_registered_here_is_told_what_to_do() -> None:
    with pytest.raises(NotFound, match="--register"):
        _secret("rig")
    assert _secret("rig", secret="given") == "given"
    assert _secret("rig", kept=Kept(SENSOR, "kept", 100.0)) == "kept"
    assert _secret("gas-store-1") == catalogue.device("gas-store-1").secret


def test_another_speed_than_the_registered_one_is_said() -> None:
    said = io.StringIO()
    kept = Kept(SENSOR, "kept", 50.0)
    assert find_secret(_arguments(), named_device(load_map("femto"), "rig"), kept, Console(file=said)) == "kept"
    assert "registered for speed 50" in said.getvalue()


def _secret(device: str, *, secret: str = "", kept: Kept | None = None) -> str:
    console = Console(file=io.StringIO())
    return find_secret(_arguments(secret=secret), named_device(load_map("femto"), device), kept, console)


def _arguments(*, secret: str = "") -> argparse.Namespace:
    return argparse.Namespace(secret=secret, register=False, speed=100.0, tenant=catalogue.TENANT)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # The delay of 25 s ends after the third row, and the fourth comes too late to say no.
        ([2, 2, 2, 0, 0], [(2, 3)]),
        ([2, 2, 0, 2, 2], [(4, None)]),
        ([2, 2, None, None, None], [(2, None)]),
        ([2, 2, 0, 0, 0], []),
        # A hole ends nothing; between deadband and limit neither.
        ([2, 2, 2, 2, None, None, 2, 0], [(2, 7)]),
        ([2, 2, 2, 2, 0.95, 0.95, 0], [(2, 6)]),
    ],
)
def test_the_reference_itself(values: list[float | None], expected: list[tuple[int, int | None]]) -> None:
    limit = LimitMap(level=1, set_point=1, deadband=0.1, on_delay_s=25, source=Source("x", "x", "x", "x"))
    assert high_alarms([Row(i, 10.0 * i, (v,)) for i, v in enumerate(values)], 0, limit) == expected
