"""Where the shipped limits say an alarm should rise in the real recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from muster.replay.cli import load_map
from muster.replay.mapping import Row, read_rows
from tests.unit.replay_reference import high_alarms, stale_alarms

pytestmark = pytest.mark.shared

# (bearing, rows, first row of level 1, first row of level 2): the table of docs/decisions/0004-bearing-limit.md.
BEARINGS = [
    ("1_1", 2803, 905, 1670),
    ("1_2", 871, 830, 860),
    ("2_1", 911, 895, 904),
    ("2_2", 797, 771, 789),
    ("3_1", 515, 500, 493),
    ("3_2", 1637, 1616, 1620),
]


def _rows(path: Path, name: str) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as lines:
        return read_rows(lines, load_map(name))


@pytest.mark.parametrize(("bearing", "rows", "first", "second"), BEARINGS)
def test_a_bearing_alarms_before_its_end_and_not_in_its_healthy_first_part(
    shared_data: Path, bearing: str, rows: int, first: int, second: int
) -> None:
    recorded = _rows(shared_data / "risk" / "femto" / f"Bearing{bearing}_vibration.csv", "femto")
    vibration = load_map("femto").series[0]
    assert len(recorded) == rows
    level_1, level_2 = (high_alarms(recorded, 0, limit) for limit in vibration.limits)
    assert (level_1[0][0], level_2[0][0]) == (first, second)
    assert len(level_1) == 1
    # The first quarter of every run is healthy. Five of the six stay quiet to their last twentieth; 1_1 wears slowly.
    assert first > rows // 4
    assert second > rows // 2
    if bearing != "1_1":
        assert min(first, second) > 0.95 * rows
    # Once up, it stays up to the failure; 3_1 alone calms down for the minute before its last.
    assert level_1[0][1] == (507 if bearing == "3_1" else None)


def test_carbon_monoxide_passes_the_one_hour_limit_three_times(shared_data: Path) -> None:
    rows = _rows(shared_data / "risk" / "airquality" / "AirQualityUCI.csv", "airquality")
    co, no2, _ = load_map("airquality").series
    assert len(rows) == 9357
    assert high_alarms(rows, 0, co.limits[0]) == [(6048, 6049), (6192, 6195), (6264, 6265)]
    assert len(high_alarms(rows, 1, no2.limits[0])) == 120


def test_missing_hours_are_stale_and_never_normal(shared_data: Path) -> None:
    rows = _rows(shared_data / "risk" / "airquality" / "AirQualityUCI.csv", "airquality")
    counts = []
    for index, series in enumerate(load_map("airquality").series):
        moments = stale_alarms(rows, index, series.stale_after_s)
        counts.append(len(moments))
        gaps = {row.recorded_s for row in rows if row.values[index] is None}
        # At the moment of the alarm the recording has no value: the alarm is about a real hole.
        assert all(moment in gaps for moment in moments)
    assert counts == [33, 21, 13]
    # An alarm returns on a value, never on a hole.
    for index, series in enumerate(load_map("airquality").series[:2]):
        for _, end in high_alarms(rows, index, series.limits[0]):
            assert end is None or rows[end].values[index] is not None
