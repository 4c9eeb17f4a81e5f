"""From CSV text to samples at moments of now: columns, formulas, missing markers, the mapping of time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from muster.replay import mapping
from muster.replay.cli import load_map, shipped_maps
from muster.replay.expression import Formula
from muster.replay.mapping import ReplayMap, Row, parse_map, read_rows, samples_of
from muster.replay.pace import check_speed, device_ms

MAP = """
device = "station"
zone = "yard"
name = { zh = "站", en = "Station" }
missing = ["-200"]
[time]
columns = ["day", "hour"]
format = "%d/%m/%Y %H:%M:%S"
[[series]]
series = "co"
name = { zh = "一氧化碳", en = "CO" }
quantity = "concentration"
unit = "mg/m3"
column = "CO"
stale_after_s = 10800
[[series]]
series = "twice"
name = { zh = "两倍", en = "Twice" }
quantity = "concentration"
unit = "mg/m3"
formula = "2 * CO"
stale_after_s = 10800
"""
CSV = ["day,hour,CO\n", "10/03/2004,18:00:00,2.5\n", "10/03/2004,19:00:00,-200\n", "10/03/2004,20:00:00,\n"]


@pytest.fixture
def station() -> ReplayMap:
    return parse_map(MAP)


def test_a_missing_value_is_a_null_in_every_series_made_of_it(station: ReplayMap) -> None:
    rows = read_rows(CSV, station)
    assert [row.values for row in rows] == [(2.5, 5.0), (None, None), (None, None)]
    assert rows[1].recorded_s - rows[0].recorded_s == 3600.0
    assert [sample.value for sample in samples_of(rows[1], station, 7)] == [None, None]


@pytest.mark.parametrize("cell", ["NaN", "nan", "inf", " ", "-200"])
def test_what_is_no_number_is_missing(station: ReplayMap, cell: str) -> None:
    assert read_rows([*CSV[:1], f"10/03/2004,18:00:00,{cell}\n"], station)[0].values[0] is None


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["day,hour\n"], "replay.no_column"),
        ([CSV[0], "10/03/2004,18:00:00,much\n"], "replay.value"),
        ([CSV[0], "2004-03-10,18:00:00,1\n"], "replay.time"),
        ([CSV[0], CSV[1], CSV[1]], "replay.time"),
    ],
)
def test_what_does_not_fit_the_map_is_named(station: ReplayMap, lines: list[str], code: str) -> None:
    with pytest.raises(Invalid) as problem:
        read_rows(lines, station)
    assert problem.value.code == code


def test_a_file_that_is_too_long_is_refused(station: ReplayMap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "ROWS_MAX", 0)
    with pytest.raises(Invalid) as problem:
        read_rows([CSV[0], CSV[1]], station)
    assert (problem.value.code, problem.value.limit) == ("replay.too_long", 0)


@pytest.mark.parametrize(
    "text",
    [MAP.replace('column = "CO"', ""), MAP.replace("[time]", "[time]\ninterval_s = 1"), "device = 3", "not toml ="],
)
def test_a_wrong_map_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_map(text)


@given(speed=st.floats(0.1, 1000.0), start=st.integers(0, 2**41), steps=st.lists(st.integers(1, 1000), min_size=1))
def test_moments_keep_their_order_and_scale(speed: float, start: int, steps: list[int]) -> None:
    moments = [0.0]
    for step in steps:
        moments.append(moments[-1] + step)
    rows = [Row(index, moment, ()) for index, moment in enumerate(moments)]
    check_speed(rows, speed)
    at = [device_ms(row, rows[0], start, speed) for row in rows]
    assert at == sorted(set(at))
    assert at[0] == start
    assert at[-1] - start == pytest.approx(1000 * moments[-1] / speed, abs=1)


def test_a_speed_that_melts_two_rows_into_one_moment_is_refused() -> None:
    rows = [Row(0, 0.0, ()), Row(1, 10.0, ())]
    check_speed(rows, 10_000)
    with pytest.raises(Invalid):
        check_speed(rows, 10_001)


def test_formulas_compute_and_have_no_value_where_arithmetic_has_none() -> None:
    assert Formula("h * sqrt(b) * 9.5 - -1 / 2").value({"h": 2.0, "b": 4.0}) == 38.5
    assert Formula("1 / x").value({"x": 0.0}) is None
    assert Formula("sqrt(x)").value({"x": -1.0}) is None
    assert Formula("x ** 1000").value({"x": 1e9}) is None


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "x.y",
        "(lambda: 1)()",
        "open(x)",
        "x if x else 1",
        "'a'",
        "sqrt(x, y)",
        "x[0]",
        "1 +",
        "9" * 300,
    ],
)
def test_only_arithmetic_is_a_formula(text: str) -> None:
    with pytest.raises(Invalid):
        Formula(text)


def test_shipped_maps_load_and_source_their_limits() -> None:
    assert shipped_maps() == ["airquality", "femto"]
    for name in shipped_maps():
        mapping = load_map(name)
        limits = [limit for series in mapping.series for limit in series.limits]
        assert limits
        for limit in limits:
            assert limit.source.document
            assert limit.source.edition
            assert limit.source.clause
            assert math.isfinite(limit.set_point)
            assert 0 <= limit.deadband < limit.set_point


def test_rows_without_a_time_of_their_own_are_counted() -> None:
    rows = read_rows(["h_rms,h_band_0_1k,h_peak", "0.5,0.25,2", "0.5,,2"], load_map("femto"))
    assert [row.recorded_s for row in rows] == [0.0, 10.0]
    assert rows[0].values[0] == pytest.approx(0.25 * 9.2903)
    assert rows[1].values == (None, 2.0)
