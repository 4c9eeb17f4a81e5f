"""Real recordings through ``muster replay`` and a whole ``muster up``: what is stored, and where alarms rise."""

from __future__ import annotations

import asyncio
import re
import signal
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from mobile_contract.paging import Page
from mobile_contract.plant import ReadingView, SeriesView
from muster.engines.mosquitto import find_mosquitto
from muster.replay.cli import load_map
from muster.replay.mapping import ReplayMap, Row, read_rows
from plant.model import Quality
from tests.conftest import absent
from tests.unit.replay_reference import high_alarms, stale_alarms
from tests.whole_plant import WholePlant, start_muster, until, whole_plant

pytestmark = [pytest.mark.scenario, pytest.mark.shared, pytest.mark.device]

# A bearing's whole life; it stays above its limit, so a fast run says where.
WHOLE, FAST = "1_2", 200.0
# Ends of lives where three snapshots above the limit are followed by one below it: between the delay's end and that row
# are 5 s, 0.33 s of ours, three looks of the gateway.
ENDS = {"2_2": (760, 797), "3_1": (485, 515)}
SLOW = 15.0
# Hours of a street: carbon monoxide and NO2 above their limits around a missing hour; both missing for half a day.
HOURS = {"air-peak": (6036, 6052), "air-hole": (4870, 4895)}
HOURLY = 3600.0
# What acceleration may shift: the gateway keeps delays to a tenth of a second and looks for silence once a second, and
# a commit on two busy cores takes up to a quarter. In seconds of ours; times speed over the rows' distance: rows.
LATE_S = 0.35
SILENCE_LATE_S = 1.5

# What happened to the device's alarms, from the timeline: an alarm that nobody acknowledged and that comes back is the
# same alarm, raised again (ISA-18.2, D to B), so its own row knows only the first rise and the last return.
ALARMS = """
SELECT s.series, a.kind, a.level, t.kind AS event, t.at FROM timeline t
JOIN alarms a ON a.incident_id = t.incident_id AND a.id = (t.facts->>'alarm')::uuid
JOIN sensors s ON s.id = a.sensor_id JOIN devices d ON d.id = s.device_id
WHERE d.slug = $1 AND t.kind IN ('alarm.raised', 'alarm.reraised', 'alarm.returned')
ORDER BY t.at, t.incident_id, t.position
"""
READINGS = """
SELECT s.series, r.observed_at, r.value, r.quality FROM readings r
JOIN sensors s ON s.id = r.sensor_id JOIN devices d ON d.id = s.device_id WHERE d.slug = $1 ORDER BY r.observed_at
"""
LIMITS = """
SELECT r.id, r.level, r.set_point, r.on_delay_s, r.retired_at FROM alarm_rules r
JOIN sensors s ON s.id = r.sensor_id JOIN devices d ON d.id = s.device_id
WHERE d.slug = $1 AND r.kind = 'high' ORDER BY r.level, r.id
"""
Episode: TypeAlias = tuple[int | None, int | None]


class Recording:
    """A recorded file and what a device of the plant made of it."""

    def __init__(self, plant: WholePlant, path: Path, name: str, device: str, rows: tuple[int, int] | None) -> None:
        self.plant = plant
        self.path = path
        self.name = name
        self.device = device
        self.map: ReplayMap = load_map(name)
        with path.open(newline="", encoding="utf-8") as lines:
            everything = read_rows(lines, self.map)
        self.first, self.end = rows or (0, len(everything))
        self.rows: list[Row] = everything[self.first : self.end]

    async def replay(self, speed: float, *more: str) -> tuple[int, str]:
        """``muster replay`` to its end: (exit status, what it said)."""
        async with self.running(speed, *more) as process:
            assert process.stdout is not None
            said = (await process.stdout.read()).decode()
            return await process.wait(), said

    @asynccontextmanager
    async def running(self, speed: float, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """``muster replay`` while the block runs; ``more`` overrides the rows."""
        ends = ("--from", str(self.first), "--to", str(self.end))
        process = await start_muster(
            *("replay", str(self.path), "--map", self.name, "--as", self.device, "--speed", f"{speed:g}"),
            *ends,
            *more,
            environ=self.plant.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def stored(self, series: str) -> list[Any]:
        """The series' readings in the database, oldest first."""
        return [r for r in await self.plant.rows(READINGS, self.device) if r["series"] == series]

    async def until_stored(self, count: int) -> None:
        """Wait until so many rows of the first series are committed."""
        await self.plant.until_rows(
            f"{count} rows of {self.device}",
            READINGS,
            self.device,
            want=lambda rows: len(rows) >= count * len(self.map.series),
        )


async def test_real_recordings_alarm_where_they_should(tmp_path: Path, shared_data: Path) -> None:
    if find_mosquitto() is None:
        absent("mosquitto is not installed")
    risk = shared_data / "risk"
    async with whole_plant(tmp_path / "data", broker="mosquitto") as plant:

        def bearing(name: str, rows: tuple[int, int] | None = None) -> Recording:
            path = risk / "femto" / f"Bearing{name}_vibration.csv"
            return Recording(plant, path, "femto", f"bearing-{name.replace('_', '-')}", rows)

        whole = bearing(WHOLE)
        ends = [bearing(name, rows) for name, rows in ENDS.items()]
        street = risk / "airquality" / "AirQualityUCI.csv"
        hours = [Recording(plant, street, "airquality", device, rows) for device, rows in HOURS.items()]

        await _an_unknown_device_is_told_what_to_do(whole)
        await _registering_again_changes_nothing_but_what_differs(whole)
        row = await _a_killed_gateway_and_a_stop_in_the_middle(whole)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_ends_well(whole, FAST, "--from", str(row)))
            for recording in ends:
                tasks.create_task(_ends_well(recording, SLOW, "--register"))
            for recording in hours:
                tasks.create_task(_ends_well(recording, HOURLY, "--register"))

        for recording in (whole, *ends, *hours):
            await _every_row_is_stored_once_and_in_order(recording)
        await _alarms_are_where_the_recording_says(whole, FAST, resumed_at=row)
        for recording in ends:
            await _alarms_are_where_the_recording_says(recording, SLOW)
        for recording in hours:
            await _alarms_are_where_the_recording_says(recording, HOURLY)
            await _a_gap_is_a_gap_to_whoever_asks(recording)
    assert plant.process.returncode == 0


async def _an_unknown_device_is_told_what_to_do(recording: Recording) -> None:
    status, said = await recording.replay(FAST)
    assert (status, "--register" in said) == (2, True), said
    status, said = await recording.replay(FAST, "--secret", "made-up")
    assert (status, "refused" in said, "--register" in said) == (2, True, True), said


async def _registering_again_changes_nothing_but_what_differs(recording: Recording) -> None:
    """With no row to publish, registering is all it does."""
    nothing = ("--from", str(recording.end), "--register")
    assert (await recording.replay(100.0, *nothing))[0] == 0
    first = await recording.plant.rows(LIMITS, recording.device)
    assert [(r["level"], r["set_point"], r["on_delay_s"]) for r in first] == [(1, 1.8, 0.25), (2, 4.5, 0.0)]
    status, said = await recording.replay(100.0, *nothing)
    assert (status, "everything was there" in said) == (0, True), said
    assert await recording.plant.rows(LIMITS, recording.device) == first
    # Another speed is another delay: the old limits make room for the new.
    assert (await recording.replay(FAST, *nothing))[0] == 0
    now = await recording.plant.rows(LIMITS, recording.device)
    in_force = [(r["level"], r["on_delay_s"]) for r in now if r["retired_at"] is None]
    assert in_force == [(1, 0.125), (2, 0.0)]
    (kept,) = (recording.plant.folder / "replay").glob("*.json")
    assert kept.stat().st_mode & 0o077 == 0


async def _a_killed_gateway_and_a_stop_in_the_middle(recording: Recording) -> int:
    """In the bearing's healthy part; returns the row to go on at."""
    async with recording.running(FAST) as process:
        await recording.until_stored(60)

        async def dead() -> bool:
            return recording.plant.kill("gateway")

        await until(dead, lambda: "the gateway does not live to be killed")
        await recording.until_stored(200)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        said = (await process.stdout.read()).decode()
        assert await process.wait() == 130, said
    found = re.search(r"go on with --from (\d+)\s", said)
    assert found is not None, said
    row = int(found.group(1))
    assert len(await recording.stored("vibration")) == row
    return row


async def _ends_well(recording: Recording, speed: float, *more: str) -> None:
    status, said = await recording.replay(speed, *more)
    assert status == 0, said
    assert "0 samples refused" in said


async def _every_row_is_stored_once_and_in_order(recording: Recording) -> None:
    for index, series in enumerate(recording.map.series):
        stored = await recording.stored(series.series)
        assert [r["value"] for r in stored] == [row.values[index] for row in recording.rows]
        # A missing value is a gap and nothing else is.
        assert [r["quality"] == Quality.GAP for r in stored] == [row.values[index] is None for row in recording.rows]


async def _alarms_are_where_the_recording_says(recording: Recording, speed: float, resumed_at: int = 0) -> None:
    """Level by level and for silence: as many episodes, each at its row.

    The device was silent indeed between a stop and the row it was resumed at: that silence is none of the recording's.
    """
    events = await recording.plant.rows(ALARMS, recording.device)
    distance_s = recording.rows[1].recorded_s - recording.rows[0].recorded_s
    rows_late = 1 + int(LATE_S * speed / distance_s)
    rows_silent = 1 + int(SILENCE_LATE_S * speed / distance_s)
    for index, series in enumerate(recording.map.series):
        moments = [r["observed_at"] for r in await recording.stored(series.series)]
        during = [e for e in events if e["series"] == series.series and moments[0] <= e["at"] <= moments[-1]]
        for limit in series.limits:
            own = [e for e in during if (e["kind"], e["level"]) == (limit.kind, limit.level)]
            expected = high_alarms(recording.rows, index, limit)
            what = f"{recording.device} {series.series} level {limit.level}"
            _same(what, _episodes(recording, moments, own), expected, rows_late)
        since = moments[max(resumed_at - recording.first, 0)]
        silent = _episodes(recording, moments, [e for e in during if e["kind"] == "stale" and e["at"] >= since])
        _same(
            f"{recording.device} {series.series} silence",
            silent,
            _holes(recording.rows, index, series.stale_after_s),
            rows_silent,
        )


def _episodes(recording: Recording, moments: list[datetime], events: list[Any]) -> list[Episode]:
    """(row of rise, row of return): the last row observed by then. A return from what was before the recording (a
    device that has not spoken yet is stale) belongs to no rise."""
    found: list[Episode] = []
    for event in events:
        row = recording.first + bisect_right(moments, event["at"]) - 1
        if event["event"] != "alarm.returned":
            found.append((row, None))
        elif found:
            found[-1] = (found[-1][0], row)
    return found


def _holes(rows: Sequence[Row], series: int, stale_after_s: float) -> list[Episode]:
    """(row by which the series is stale, row of its next value) of each hole."""
    holes: list[Episode] = []
    for moment in stale_alarms(rows, series, stale_after_s):
        by = max(row.index for row in rows if row.recorded_s <= moment)
        back = (row.index for row in rows if row.recorded_s > moment and row.values[series] is not None)
        holes.append((by, next(back, None)))
    return holes


def _same(what: str, found: Sequence[Episode], expected: Sequence[Episode], late: int) -> None:
    """Episodes are the same up to ``late`` rows; never early."""
    told = f"{what}: found {found}, the recording says {expected}, at most {late} rows late"
    assert len(found) == len(expected), told
    for (rise, back), (rise_expected, back_expected) in zip(found, expected, strict=True):
        assert rise is not None, told
        assert rise_expected is not None
        assert 0 <= rise - rise_expected <= late, told
        if back is None or back_expected is None:
            assert back == back_expected, told
        else:
            assert 0 <= back - back_expected <= late, told


async def _a_gap_is_a_gap_to_whoever_asks(recording: Recording) -> None:
    """Raw and down-sampled, over HTTP: null, never zero."""
    async with recording.plant.signed_in("admin") as admin:
        for index, series in enumerate(recording.map.series):
            stored = await recording.stored(series.series)
            sensor = (
                await recording.plant.rows(
                    "SELECT s.id FROM sensors s JOIN devices d ON d.id = s.device_id"
                    " WHERE d.slug = $1 AND s.series = $2",
                    recording.device,
                    series.series,
                )
            )[0]["id"]
            start, end = stored[0]["observed_at"], stored[-1]["observed_at"] + timedelta(seconds=1)
            within = {"from": start.isoformat(), "to": end.isoformat()}
            raw = await admin.get(f"/v1/sensors/{sensor}/readings/raw", Page[ReadingView], limit=200, **within)
            assert [r.value for r in raw.items] == [row.values[index] for row in recording.rows]
            assert {r.quality for r in raw.items if r.value is None} <= {"gap"}
            sampled = await admin.get(f"/v1/sensors/{sensor}/readings", SeriesView, points=2000, **within)
            missing = [row for row in recording.rows if row.values[index] is None]
            assert sum(point.gaps for point in sampled.points) == len(missing)
            # One row a second and one bucket a second: a bucket of gaps alone has no value.
            for point in sampled.points:
                assert (point.min is None) == (point.max is None) == (point.avg is None) == (point.count == 0)
