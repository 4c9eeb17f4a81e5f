"""`python -m bench.alarm_kpi`: the figures of a year of 10 million alarm events, from rollups and from the log itself.

The floor is the same figures by plain SQL over the raw events, in the same database and the same run, and both must
agree. Building the log and rolling it up are printed apart: a plant writes both over a year.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.report import keep, load, print_head, print_table
from bench.stand import quiet
from bench.world import World, build
from core.clock import ManualClock
from core.database import Database, Tx
from incidents.alarms import kpi, kpi_periods, kpi_service, kpi_upkeep
from incidents.alarms.kpi import History, Rule
from incidents.alarms.kpi_answers import BORDERS_S
from incidents.alarms.kpi_periods import Period
from migrations.runner import migrate
from muster.engines.postgres import Postgres

EVENTS = 10_000_000
SENSORS, ZONES = 300, 20
TZ = "Asia/Shanghai"
FIRST, DAYS = date(2025, 1, 1), 365
# Three events a call: it is raised, acknowledged, and returns.
PER_CALL = 3
REPEATS = 3
# A build of millions of rows takes longer than any statement of the product may.
BUILD_TIMEOUT_S = 600.0

# Calls of rules are skewed (a rule's rank is the cube of an even number), as a plant's are; hash-like arithmetic in
# place of random() makes every run the same.
_BUILD = """
INSERT INTO alarm_events (tenant_id, site_id, called_at, id, at, kind, rule_id, zone_id, level, priority, suppression)
SELECT $1, $2, called.at, gen_random_uuid(), called.at + told.after, told.kind, rules.id, rules.zone_id, rules.level,
    rules.priority, 'none'
FROM generate_series($3::bigint, $4::bigint - 1) AS n
CROSS JOIN LATERAL (SELECT
    $5::timestamptz + make_interval(secs => n * $6::float8) AS at,
    (hashint8(n) & 1048575) / 1048576.0 AS even,
    (hashint8(n + 77777777) & 1048575) / 1048576.0 AS other) called
JOIN (SELECT ids.id, ids.zone_id, ids.level, ids.priority, row_number() OVER () - 1 AS rank
      FROM unnest($7::uuid[], $8::uuid[], $9::smallint[], $10::text[]) AS ids (id, zone_id, level, priority)) rules
    ON rules.rank = floor(power(called.even, 3) * $11::integer)::integer
CROSS JOIN LATERAL (VALUES
    ('raised', interval '0'),
    ('acknowledged', make_interval(secs => 2 + 600 * power(called.other, 4))),
    ('returned', make_interval(secs => 20 + 3600 * called.other))) AS told (kind, after)
"""
_DUE = """
INSERT INTO alarm_rollups_due (tenant_id, site_id, span, start)
SELECT $1::uuid, $2::uuid, 'hour', generate_series(date_trunc('hour', $3::timestamptz), $4::timestamptz, '1 hour')
UNION ALL
SELECT $1::uuid, $2::uuid, 'day', generate_series(date_trunc('day', $3::timestamptz), $4::timestamptz, '1 day')
"""

_CALL = "kind IN ('raised', 'reraised')"
_FLOOR_BINS = f"""
SELECT date_bin('10 minutes', called_at, 'epoch') AS bin, count(*) FILTER (WHERE {_CALL} AND priority = 'low') AS low,
    count(*) FILTER (WHERE {_CALL} AND priority = 'medium') AS medium,
    count(*) FILTER (WHERE {_CALL} AND priority = 'high') AS high,
    count(*) FILTER (WHERE kind = 'acknowledged') AS answered,
    count(*) FILTER (WHERE kind = 'returned' AND at - called_at <= interval '60 seconds') AS fleeting
FROM alarm_events WHERE tenant_id = $1 AND site_id = $2 AND called_at >= $3 AND called_at < $4 GROUP BY bin ORDER BY bin
"""
_FLOOR_RULES = f"""
SELECT rule_id, count(*) AS calls, count(*) FILTER (WHERE called_at - third <= interval '60 seconds') AS chattering
FROM (SELECT rule_id, called_at, lag(called_at, 2) OVER (PARTITION BY rule_id ORDER BY called_at, id) AS third
      FROM alarm_events WHERE tenant_id = $1 AND site_id = $2 AND called_at >= $3 AND called_at < $4 AND {_CALL}) e
GROUP BY rule_id
"""
_FLOOR_ANSWERS = """
SELECT width_bucket(extract(epoch FROM at - called_at)::float8, $5::float8[]) AS step, count(*) AS count
FROM alarm_events
WHERE tenant_id = $1 AND site_id = $2 AND called_at >= $3 AND called_at < $4 AND kind = 'acknowledged' GROUP BY step
"""


async def main() -> None:
    """Build, roll up, ask both ways, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.alarm_kpi", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--quick", action="store_true", help="a million events")
    args = parser.parse_args()
    events = 1_000_000 if args.quick else args.events
    quiet()
    print_head(f"Alarm KPIs over {events:,} alarm events of a year, {SENSORS * 3} rules in {ZONES} zones")
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        Path(name).chmod(0o755)
        async with Postgres.start(Path(name) / "postgres") as postgres:
            await _run(postgres, events)


async def _run(postgres: Postgres, events: int) -> None:
    await migrate(postgres.owner_url)
    world = await build(postgres.owner_url, postgres.app_url, SENSORS, zones=ZONES)
    whole = kpi_periods.whole(FIRST, FIRST + timedelta(days=DAYS - 1), TZ)
    began = time.perf_counter()
    await _build(postgres, world, whole, events)
    built_s = time.perf_counter() - began
    clock = ManualClock(whole.end + timedelta(days=2))
    async with Database.connect(postgres.app_url, clock, max_size=2) as db:
        began = time.perf_counter()
        spans = await kpi_upkeep.roll_up(db)
        rolled_s = time.perf_counter() - began
        await _vacuum(postgres)
        await _ask(db, world, whole, events, built_s, rolled_s, spans)


async def _build(postgres: Postgres, world: World, whole: Period, events: int) -> None:
    """The log, month by month, by the owner: the application's row-level checks are not what is measured."""
    connection = await asyncpg.connect(postgres.owner_url, command_timeout=BUILD_TIMEOUT_S)
    try:
        await connection.execute("SELECT alarm_events_make_partitions($1, $2)", whole.start.date(), whole.end.date())
        rules = await connection.fetch(
            "SELECT r.id, s.zone_id, r.level, CASE WHEN r.level = 2 THEN 'high' ELSE 'low' END AS priority"
            " FROM alarm_rules r JOIN sensors s ON s.tenant_id = r.tenant_id AND s.id = r.sensor_id ORDER BY r.id"
        )
        await connection.execute(_DUE, world.tenant_id, world.site_id, whole.start, whole.end)
    finally:
        await connection.close()
    columns = [[r[name] for r in rules] for name in ("id", "zone_id", "level", "priority")]
    calls = events // PER_CALL
    every_s = whole.seconds / calls
    # A writer each half of the year: two cores, and each fills tables of its own.
    async with asyncio.TaskGroup() as group:
        for first, last in ((0, calls // 2), (calls // 2, calls)):
            place = (world.tenant_id, world.site_id, first, last, whole.start, every_s)
            group.create_task(_write(postgres, *place, *columns, len(rules)))


async def _write(postgres: Postgres, *args: object) -> None:
    connection = await asyncpg.connect(postgres.owner_url, command_timeout=BUILD_TIMEOUT_S)
    try:
        await connection.execute("SET synchronous_commit = off")
        await connection.execute(_BUILD, *args)
    finally:
        await connection.close()


async def _vacuum(postgres: Postgres) -> None:
    """As autovacuum would have left a year's tables."""
    connection = await asyncpg.connect(postgres.owner_url, command_timeout=BUILD_TIMEOUT_S)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _ask(
    db: Database, world: World, whole: Period, events: int, built_s: float, rolled_s: float, spans: int
) -> None:
    tenant_id, site_id = world.tenant_id, world.site_id
    month = kpi_periods.whole(date(2025, 6, 1), date(2025, 6, 30), TZ)
    # An hour and a day whose rollup has not come yet, as at any moment of a plant.
    async with db.transaction(tenant_id) as tx:
        late = datetime(2025, 12, 31, tzinfo=UTC)
        for span in ("hour", "day"):
            await tx.execute(
                "INSERT INTO alarm_rollups_due VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                tenant_id, site_id, span, late,
            )  # fmt: skip

    rows = []
    for name, period, zones in (
        ("a year of the site", whole, None),
        ("a month of the site", month, None),
        ("a year of one zone", whole, [world.zones[0].id]),
    ):

        async def by_rollups(tx: Tx, period: Period = period, zones: list[UUID] | None = zones) -> History:
            return await kpi_service.read_history(tx, tenant_id, site_id, zones, period)

        async def by_floor(tx: Tx, period: Period = period) -> History:
            return await _floor(tx, tenant_id, site_id, period)

        found, ours_s = await _timed(db, tenant_id, by_rollups, REPEATS)
        began = time.perf_counter()
        measured = kpi.measure(period, found, kpi_periods.days_of(period, TZ))
        pure_s = time.perf_counter() - began
        floor_s = float("nan")
        if zones is None:
            plain, floor_s = await _timed(db, tenant_id, by_floor, 1)
            _same(found, plain)
        rows.append([name, f"{measured.calls:,}", f"{1e3 * ours_s:,.0f}", f"{1e3 * pure_s:,.0f}",
                     f"{1e3 * floor_s:,.0f}", f"{floor_s / (ours_s + pure_s):,.1f}"])  # fmt: skip
        if name.startswith("a year of the site"):
            total_s, ratio = ours_s + pure_s, floor_s / (ours_s + pure_s)
    print(f"after:   {load()}")
    print(
        f"built {events:,} events in {built_s:,.0f} s; rolled up {spans:,} hours and days in {rolled_s:,.0f} s "
        f"({events / rolled_s:,.0f} events/s)"
    )
    print_table(
        ["figures of", "alarms", "rollups ms", "figures ms", "floor ms", "times faster"],
        rows,
        note=f"median of {REPEATS} for rollups, one run of the floor (it says the same figures); one connection",
    )
    keep(f"alarm_kpi: a year of {events:,} events in {1e3 * total_s:,.0f} ms, {ratio:,.1f} times faster than the log")


async def _timed(
    db: Database, tenant_id: UUID, ask: Callable[[Tx], Awaitable[History]], repeats: int
) -> tuple[History, float]:
    taken = []
    for _ in range(repeats):
        async with db.transaction(tenant_id) as tx:
            began = time.perf_counter()
            found = await ask(tx)
            taken.append(time.perf_counter() - began)
    return found, statistics.median(taken)


async def _floor(tx: Tx, tenant_id: UUID, site_id: UUID, period: Period) -> History:
    """What the rollups answer, from the log alone. The statements may take longer than the product lets any."""
    place = (tenant_id, site_id, period.start, period.end)
    bins = await tx.connection.fetch(_FLOOR_BINS, *place, timeout=BUILD_TIMEOUT_S)
    before = await tx.connection.fetch(
        _FLOOR_BINS, tenant_id, site_id, period.start - kpi.LOOK_BACK, period.start, timeout=BUILD_TIMEOUT_S
    )
    rules = await tx.connection.fetch(_FLOOR_RULES, *place, timeout=BUILD_TIMEOUT_S)
    answers = await tx.connection.fetch(_FLOOR_ANSWERS, *place, BORDERS_S, timeout=BUILD_TIMEOUT_S)
    loudest = sorted(rules, key=lambda r: (-r["calls"], r["rule_id"]))
    worst = sorted((r for r in rules if r["chattering"]), key=lambda r: (-r["chattering"], r["rule_id"]))
    shown = {r["rule_id"]: r for r in [*loudest[: kpi.TOP], *worst[: kpi.TOP]]}
    return History(
        bins=_bins(bins),
        before=_bins(before),
        low=sum(r["low"] for r in bins),
        medium=sum(r["medium"] for r in bins),
        high=sum(r["high"] for r in bins),
        answered=sum(r["answered"] for r in bins),
        fleeting=sum(r["fleeting"] for r in bins),
        rules=[
            Rule(r["rule_id"], r["calls"], r["chattering"])
            for r in sorted(shown.values(), key=lambda r: (-r["calls"], r["rule_id"]))
        ],
        chattering_rules=len(worst),
        answers={r["step"]: r["count"] for r in answers},
        standing=[],
    )


def _bins(rows: list[asyncpg.Record]) -> list[tuple[int, int]]:
    calls = [(int(r["bin"].timestamp()) // kpi.BIN_S, r["low"] + r["medium"] + r["high"]) for r in rows]
    return [one for one in calls if one[1]]


def _same(ours: History, floor: History) -> None:
    if ours != floor:
        raise SystemExit(f"the rollups do not say what the log says:\n{ours}"[:2000] + f"\n{floor}"[:2000])


if __name__ == "__main__":
    asyncio.run(main())
