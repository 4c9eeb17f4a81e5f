"""Readings around the clock: tables ahead of time, old days retired, minutes rolled up, ranges down-sampled."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from core.clock import ManualClock
from core.database import Database
from core.errors import Invalid, Unavailable
from plant import reading_queries, service
from plant.model import Point, Quality, Reading
from plant.upkeep import DAYS_AHEAD, minute_of, prepare_tables, roll_up_step
from tests.clusters import Clone
from tests.plant_world import Plant, build_in

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TODAY = NOW.date()


class Stand(msgspec.Struct):
    """A plant whose clock stands at NOW, and the owner's view of its tables."""

    db: Database
    clock: ManualClock
    plant: Plant
    owner: Any

    async def store(self, readings: Iterable[Reading]) -> int:
        async with self.db.transaction(self.plant.tenant_id) as tx:
            return await reading_queries.store_readings(tx, self.plant.tenant_id, list(readings))

    async def mark_late(self, readings: list[Reading]) -> None:
        async with self.db.transaction(self.plant.tenant_id) as tx:
            await reading_queries.mark_late(tx, self.plant.tenant_id, self.plant.site.id, readings)

    async def roll_up(self, now: datetime) -> None:
        while await roll_up_step(self.db, self.plant.tenant_id, self.plant.site.id, now):
            pass

    async def minutes(self) -> dict[datetime, Point]:
        rows = await self.owner.fetch("SELECT minute, min, max, avg, count, gaps FROM reading_minutes")
        return {row["minute"]: Point(*row) for row in rows}

    async def query(self, start: datetime, end: datetime, points: int) -> service.ReadingSeries:
        async with self.db.transaction(self.plant.tenant_id) as tx:
            return await service.query_readings(tx, None, self.plant.sensors["lel"].id, start, end, points)

    async def tables(self, like: str) -> list[str]:
        rows = await self.owner.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ $1", like)
        return sorted(row[0] for row in rows)

    async def table_of(self, at: datetime) -> str:
        return str(
            await self.owner.fetchval("SELECT tableoid::regclass::text FROM readings WHERE observed_at = $1", at)
        )

    def reading(self, at: datetime, value: float | None = 1.0, series: str = "lel") -> Reading:
        quality = Quality.GAP if value is None else Quality.GOOD
        return Reading(self.plant.sensors[series].id, at, at, value, quality)


@pytest_asyncio.fixture
async def stand(clone: Clone) -> AsyncIterator[Stand]:
    clock = ManualClock(NOW)
    owner = await asyncpg.connect(clone.owner_url)
    try:
        async with Database.connect(clone.app_url, clock, max_size=3) as db:
            await prepare_tables(db, NOW, keep_days=10)
            yield Stand(db, clock, await build_in(db, clone.tenant_id), owner)
    finally:
        await owner.close()


def straightforward(readings: list[Reading], first: datetime, end: datetime, bucket_s: int) -> list[Point]:
    """Buckets as anybody would compute them, from [first, end)."""
    buckets: dict[int, list[Reading]] = {}
    for reading in readings:
        if first <= reading.observed_at < end:
            buckets.setdefault(int(reading.observed_at.timestamp() // bucket_s), []).append(reading)
    points = []
    for number, inside in sorted(buckets.items()):
        values = [reading.value for reading in inside if reading.value is not None]
        at = datetime.fromtimestamp(number * bucket_s, UTC)
        average = sum(values) / len(values) if values else None
        gaps = len(inside) - len(values)
        points.append(Point(at, min(values, default=None), max(values, default=None), average, len(values), gaps))
    return points


def same(found: list[Point], expected: list[Point]) -> None:
    """Equal, averages to a rounding."""
    assert [(p.at, p.min, p.max, p.count, p.gaps) for p in found] == [
        (p.at, p.min, p.max, p.count, p.gaps) for p in expected
    ]
    assert [p.avg for p in found] == [p.avg if p.avg is None else pytest.approx(p.avg) for p in expected]


def noisy(stand: Stand, start: datetime, count: int, step_s: float, seed: int = 1) -> list[Reading]:
    """A reading every ``step_s`` with gaps and pauses in between."""
    dice = random.Random(seed)
    readings = []
    for n in range(count):
        if dice.random() < 0.1:
            continue
        value = None if dice.random() < 0.1 else dice.uniform(-5, 50)
        readings.append(stand.reading(start + timedelta(seconds=n * step_s), value))
    return readings


# Tables.


async def test_tables_stand_from_yesterday_to_a_week_ahead_and_again_is_nothing_new(stand: Stand) -> None:
    days = [TODAY + timedelta(days=n) for n in range(-1, DAYS_AHEAD + 1)]
    expected = [f"readings_{day:%Y%m%d}" for day in days]
    assert await stand.tables("^readings_[0-9]") == expected
    assert await stand.tables("^reading_minutes_[0-9]") == ["reading_minutes_202603"]
    await prepare_tables(stand.db, NOW, keep_days=10)
    await prepare_tables(stand.db, NOW + timedelta(days=1), keep_days=10)
    assert await stand.tables("^readings_[0-9]") == [*expected, f"readings_{TODAY + timedelta(days=8):%Y%m%d}"]


async def test_a_month_ends_and_its_minutes_have_a_table_before(stand: Stand) -> None:
    await prepare_tables(stand.db, datetime(2026, 12, 27, tzinfo=UTC), keep_days=400)
    assert "reading_minutes_202701" in await stand.tables("^reading_minutes_[0-9]")


async def test_a_reading_lies_in_the_table_of_its_day_to_the_microsecond(stand: Stand) -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    last, first = midnight - timedelta(microseconds=1), midnight
    await stand.store([stand.reading(last), stand.reading(first)])
    assert [await stand.table_of(last), await stand.table_of(first)] == ["readings_20260302", "readings_20260303"]


async def test_readings_of_odd_dates_wait_in_the_default_table_and_move_when_their_day_is_made(stand: Stand) -> None:
    old, ahead = NOW - timedelta(days=5), NOW + timedelta(days=9)
    assert await stand.store([stand.reading(old), stand.reading(ahead)]) == 2
    assert [await stand.table_of(at) for at in (old, ahead)] == ["readings_default"] * 2
    await prepare_tables(stand.db, NOW + timedelta(days=3), keep_days=10)
    assert await stand.table_of(ahead) == "readings_20260311"
    assert await stand.table_of(old) == "readings_default"
    assert await stand.store([stand.reading(ahead, 2.0)]) == 0


async def test_days_past_the_keeping_time_go_and_their_minutes_stay(stand: Stand) -> None:
    yesterday, odd = NOW - timedelta(days=1), NOW - timedelta(days=5)
    await stand.store([stand.reading(yesterday), stand.reading(odd), stand.reading(NOW)])
    async with stand.db.transaction(stand.plant.tenant_id) as tx:
        minute = minute_of(yesterday)
        await reading_queries.roll_up(
            tx, stand.plant.tenant_id, stand.plant.site.id, minute, minute + timedelta(minutes=1)
        )
    await prepare_tables(stand.db, NOW + timedelta(days=1), keep_days=1)
    left = await stand.owner.fetch("SELECT observed_at FROM readings")
    assert [row[0] for row in left] == [NOW]
    assert "readings_20260301" not in await stand.tables("^readings_[0-9]")
    assert list(await stand.minutes()) == [minute]


async def test_the_application_can_not_delete_or_change_a_reading(stand: Stand) -> None:
    await stand.store([stand.reading(NOW)])
    for sql in ("DELETE FROM readings", "UPDATE readings SET value = 0", "DROP TABLE readings_20260302"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with stand.db.transaction(stand.plant.tenant_id) as tx:
                await tx.execute(sql)


async def test_a_mistaken_date_makes_no_million_tables(stand: Stand) -> None:
    with pytest.raises(asyncpg.RaiseError, match="400 days"):
        async with stand.db.transaction(None) as tx:
            await reading_queries.make_partitions(tx, date(1970, 1, 1), TODAY)


async def test_making_tables_does_not_wait_long_for_somebody_who_reads(stand: Stand) -> None:
    async with stand.db.transaction(stand.plant.tenant_id) as reading:
        await reading.fetch("SELECT count(*) FROM readings")
        with pytest.raises(Unavailable, match="lock timeout"):
            await prepare_tables(stand.db, NOW + timedelta(days=3), keep_days=1)
    await prepare_tables(stand.db, NOW + timedelta(days=3), keep_days=1)


# Storing.


async def test_a_duplicate_is_one_reading_and_the_first_value_stays(stand: Stand) -> None:
    first, again = stand.reading(NOW, 1.0), stand.reading(NOW, 2.0)
    assert await stand.store([first, first, stand.reading(NOW, 7.0, "co")]) == 2
    assert await stand.store([again]) == 0
    sensor = stand.plant.sensors["lel"].id
    assert await stand.owner.fetch("SELECT value FROM readings WHERE sensor_id = $1", sensor) == [(1.0,)]
    assert await stand.store([]) == 0


# Minutes.


async def test_rolled_up_minutes_equal_what_the_raw_readings_give(stand: Stand) -> None:
    start = NOW - timedelta(minutes=30)
    readings = noisy(stand, start, 400, 4.7)
    await stand.store(readings)
    await stand.roll_up(NOW)
    settled = minute_of(NOW - timedelta(seconds=90))
    minutes = await stand.minutes()
    same([minutes[at] for at in sorted(minutes)], straightforward(readings, start, settled, 60))
    await stand.roll_up(NOW)
    assert await stand.minutes() == minutes


async def test_a_minute_is_rolled_up_once_it_is_settled_and_not_before(stand: Stand) -> None:
    await stand.store([stand.reading(NOW + timedelta(seconds=59))])
    await stand.roll_up(NOW + timedelta(seconds=149))
    assert NOW not in await stand.minutes()
    await stand.roll_up(NOW + timedelta(seconds=150))
    assert (await stand.minutes())[NOW].count == 1


async def test_a_late_reading_rolls_its_minute_up_again(stand: Stand) -> None:
    minute = NOW - timedelta(minutes=20)
    await stand.store([stand.reading(minute, 1.0)])
    await stand.roll_up(NOW)
    late = [stand.reading(minute + timedelta(seconds=30), 9.0), stand.reading(minute - timedelta(days=3), 5.0)]
    await stand.store(late)
    await stand.mark_late(late + late)
    await stand.roll_up(NOW + timedelta(minutes=1))
    minutes = await stand.minutes()
    assert minutes[minute] == Point(minute, 1.0, 9.0, 5.0, 2, 0)
    assert minutes[minute - timedelta(days=3)].avg == 5.0
    assert await stand.owner.fetchval("SELECT count(*) FROM late_minutes") == 0


async def test_a_late_reading_of_a_retired_day_does_not_replace_that_days_minute(stand: Stand) -> None:
    minute = NOW - timedelta(minutes=20)
    await stand.store([stand.reading(minute + timedelta(seconds=s), 1.0) for s in range(10)])
    await stand.roll_up(NOW)
    await prepare_tables(stand.db, NOW + timedelta(days=2), keep_days=1)
    late = [stand.reading(minute + timedelta(seconds=30), 99.0)]
    await stand.store(late)
    await stand.mark_late(late)
    await stand.roll_up(NOW + timedelta(days=2))
    assert (await stand.minutes())[minute] == Point(minute, 1.0, 1.0, 1.0, 10, 0)


async def test_a_clock_set_back_leaves_no_minute_out(stand: Stand) -> None:
    await stand.roll_up(NOW)
    back = NOW - timedelta(hours=1)
    await stand.roll_up(back)
    await stand.store([stand.reading(back + timedelta(seconds=5), 3.0)])
    await stand.roll_up(back + timedelta(minutes=3))
    assert (await stand.minutes())[back].count == 1


async def test_the_largest_values_that_are_taken_can_be_averaged(stand: Stand) -> None:
    start = NOW - timedelta(minutes=10)
    await stand.store([stand.reading(start + timedelta(seconds=s), v) for s, v in ((1, 1e15), (2, -1e15), (3, 1e15))])
    await stand.roll_up(NOW)
    assert (await stand.minutes())[start].max == 1e15


# Ranges.


@pytest.mark.parametrize(
    ("hours", "points", "bucket_s"),
    [(1, 2_000, 5), (1, 400, 10), (1, 60, 60), (6, 100, 300), (6, 7, 3_600), (6, 1, 21_600), (48, 100, 1_800)],
)
async def test_a_range_down_sampled_equals_the_raw_readings(
    stand: Stand, hours: int, points: int, bucket_s: int
) -> None:
    start = NOW - timedelta(hours=hours, minutes=7, seconds=13)
    readings = noisy(stand, start, 700, hours * 5.2)
    await stand.store(readings)
    await stand.mark_late([r for r in readings if r.observed_at < NOW - timedelta(hours=1)])
    await stand.roll_up(NOW)
    end = start + timedelta(hours=hours)
    found = await stand.query(start, end, points)
    assert (found.bucket_s, found.unit, found.sensor_id) == (bucket_s, "%[LEL]", stand.plant.sensors["lel"].id)
    assert len(found.points) <= points + 1
    first = datetime.fromtimestamp(start.timestamp() // bucket_s * bucket_s, UTC)
    last = end if bucket_s < 60 else minute_of(end) + timedelta(minutes=1)
    same(found.points, straightforward(readings, first, last, bucket_s))


async def test_a_range_up_to_now_takes_what_is_not_rolled_up_from_the_raw_readings(stand: Stand) -> None:
    start = NOW - timedelta(hours=6)
    readings = noisy(stand, start, 720, 30)
    await stand.store(readings)
    for rolled in (None, NOW - timedelta(hours=3), NOW - timedelta(minutes=17), NOW):
        if rolled is not None:
            await stand.mark_late([r for r in readings if r.observed_at < rolled])
            await stand.roll_up(rolled)
        for points in (400, 72, 10):
            found = await stand.query(start, NOW, points)
            first = datetime.fromtimestamp(start.timestamp() // found.bucket_s * found.bucket_s, UTC)
            same(found.points, straightforward(readings, first, NOW, found.bucket_s))


async def test_an_empty_range_has_no_points_and_a_silent_minute_is_absent_not_zero(stand: Stand) -> None:
    assert (await stand.query(NOW - timedelta(hours=1), NOW, 60)).points == []
    await stand.store([stand.reading(NOW - timedelta(minutes=40)), stand.reading(NOW - timedelta(minutes=20), None)])
    found = await stand.query(NOW - timedelta(hours=1), NOW, 60)
    assert [(p.at, p.avg, p.count, p.gaps) for p in found.points] == [
        (NOW - timedelta(minutes=40), 1.0, 1, 0),
        (NOW - timedelta(minutes=20), None, 0, 1),
    ]


@pytest.mark.parametrize(
    ("start", "end", "points", "field"),
    [
        (NOW, NOW, 10, "to"),
        (NOW, NOW - timedelta(seconds=1), 10, "to"),
        (NOW - timedelta(days=3_661), NOW, 10, "to"),
        (NOW - timedelta(hours=1), NOW, 0, "points"),
        (NOW - timedelta(hours=1), NOW, 2_001, "points"),
        (datetime(1999, 1, 1, tzinfo=UTC), NOW, 10, "from"),
        (NOW.replace(tzinfo=None), NOW, 10, "from"),
    ],
)
async def test_a_range_that_can_not_be_is_named(
    stand: Stand, start: datetime, end: datetime, points: int, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await stand.query(start, end, points)
    assert caught.value.field == field
    assert caught.value.limit is not None


async def test_readings_as_they_came_are_listed_oldest_first_up_to_a_limit(stand: Stand) -> None:
    readings = noisy(stand, NOW - timedelta(minutes=10), 100, 5)
    await stand.store(readings)
    async with stand.db.transaction(stand.plant.tenant_id) as tx:
        sensor = stand.plant.sensors["lel"].id
        found = await service.list_readings(tx, None, sensor, NOW - timedelta(minutes=9), NOW, 20)
        last = await reading_queries.list_last_readings(
            tx, stand.plant.tenant_id, stand.plant.site.id, NOW - timedelta(hours=1)
        )
    assert found == [r for r in readings if r.observed_at >= NOW - timedelta(minutes=9)][:20]
    assert last == [readings[-1]]
