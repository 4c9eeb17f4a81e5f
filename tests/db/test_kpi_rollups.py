"""The alarm log, its rollups, and figures that equal those counted one by one, whatever was rolled up when."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from core.database import Database, Tx
from core.ids import new_id
from incidents.alarms import kpi, kpi_queries, kpi_service, kpi_upkeep, service
from incidents.alarms.kpi import History
from incidents.alarms.kpi_answers import percentile_s, step_of
from incidents.alarms.kpi_periods import Period
from incidents.alarms.kpi_service import Area
from tests.clusters import Clone
from tests.engine_stand import Stand, stand

START = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
CALLS = ("raised", "reraised")


class Line:
    """One line of the log, as a test makes it: seconds since START of the call and of what happened."""

    def __init__(self, rule: int, zone: int, called_s: float, after_s: float, kind: str) -> None:
        self.rule = UUID(int=rule + 1)
        self.zone = UUID(int=zone + 1)
        self.called_at = START + timedelta(seconds=called_s)
        self.at = self.called_at + timedelta(seconds=after_s if kind in ("acknowledged", "returned") else 0)
        self.kind = kind
        self.priority = ("low", "medium", "high")[rule % 3]
        self.suppression = ("shelved", "by_design", "out_of_service")[rule % 3] if kind == "suppressed" else "none"
        self.id = new_id()

    def __repr__(self) -> str:
        return f"<{self.kind} rule {self.rule.int} zone {self.zone.int} {self.called_at} {self.at}>"


class Log:
    """A site whose log a test writes, rolls up and reads."""

    def __init__(self, db: Database, tenant_id: UUID, site_id: UUID) -> None:
        self.db = db
        self.tenant_id = tenant_id
        self.site_id = site_id
        self.lines: list[Line] = []

    async def write(self, lines: Sequence[Line]) -> None:
        """As ``append_events`` leaves it: the lines, and what is due because of them."""
        self.lines += lines
        async with self.db.transaction(self.tenant_id) as tx:
            for it in lines:
                await _insert(tx, self.site_id, it)

    async def roll_up(self) -> int:
        """Everything that is due."""
        return await kpi_upkeep.roll_up(self.db)

    async def read(self, period: Period, zones: list[UUID] | None = None) -> History:
        """The figures' counts."""
        async with self.db.transaction(self.tenant_id) as tx:
            return await kpi_service.read_history(tx, self.tenant_id, self.site_id, zones, period)


async def _insert(tx: Tx, site_id: UUID, it: Line) -> None:
    await tx.execute(
        "INSERT INTO alarm_events (tenant_id, site_id, called_at, id, at, kind, rule_id, zone_id, level, priority,"
        " suppression) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)",
        tx.tenant_id, site_id, it.called_at, it.id, it.at, it.kind, it.rule, it.zone, it.priority, it.suppression,
    )  # fmt: skip
    for span, moment in (("hour", it.called_at), ("day", it.called_at), ("day", it.called_at + timedelta(minutes=1))):
        await tx.execute(
            "INSERT INTO alarm_rollups_due VALUES ($1, $2, $3, date_trunc($3, $4::timestamptz, 'UTC'))"
            " ON CONFLICT (tenant_id, site_id, span, start) DO UPDATE SET start = excluded.start",
            tx.tenant_id, site_id, span, moment,
        )  # fmt: skip


@pytest_asyncio.fixture
async def db(clone: Clone) -> AsyncIterator[Database]:
    """A database whose clock is weeks after everything in the log."""
    async with Database.connect(clone.app_url, ManualClock(START + timedelta(days=30)), max_size=4) as opened:
        yield opened


async def _new_log(db: Database, tenant_id: UUID) -> Log:
    site_id = new_id()
    async with db.transaction(tenant_id) as tx:
        await tx.execute(
            "INSERT INTO sites (tenant_id, id, slug, name, tz, created_at) VALUES ($1, $2, $3, '{}', 'UTC', $4)",
            tenant_id, site_id, f"s-{site_id}", tx.now,
        )  # fmt: skip
    return Log(db, tenant_id, site_id)


def by_hand(lines: Sequence[Line], period: Period, zones: list[UUID] | None = None) -> History:
    """The same counts, line by line, in Python."""
    mine = [it for it in lines if period.start <= it.called_at < period.end and (zones is None or it.zone in zones)]
    calls = [it for it in mine if it.kind in CALLS]
    bins = Counter(int(it.called_at.timestamp()) // 600 for it in calls)
    first = period.start - timedelta(seconds=period.start.timestamp() % 600)
    earlier = [
        it
        for it in lines
        if first - kpi.LOOK_BACK <= it.called_at < first and it.kind in CALLS and (zones is None or it.zone in zones)
    ]
    per_rule = Counter(it.rule for it in calls)
    chatter: Counter[UUID] = Counter()
    for rule in per_rule:
        times = sorted((it.called_at, it.id, it) for it in lines if it.rule == rule and it.kind in CALLS)
        for n, (at, _, it) in enumerate(times):
            if it in calls and n >= 2 and at - times[n - 2][0] <= timedelta(seconds=60):
                chatter[rule] += 1
    loudest = sorted(per_rule, key=lambda r: (-per_rule[r], r))[: kpi.TOP]
    worst = sorted(chatter, key=lambda r: (-chatter[r], r))[: kpi.TOP]
    shown = sorted({*loudest, *worst}, key=lambda r: (-per_rule[r], r))
    suppressed = Counter(it.suppression for it in mine if it.kind == "suppressed")
    return History(
        bins=sorted(bins.items()),
        before=sorted(Counter(int(it.called_at.timestamp()) // 600 for it in earlier).items()),
        **Counter(it.priority for it in calls),
        answered=sum(it.kind == "acknowledged" for it in mine),
        fleeting=sum(it.kind == "returned" and it.at - it.called_at <= timedelta(seconds=60) for it in mine),
        **suppressed,
        rules=[kpi.Rule(r, per_rule[r], chatter[r]) for r in shown],
        chattering_rules=len(chatter),
        standing=[],
        answers=dict(
            Counter(step_of((it.at - it.called_at).total_seconds()) for it in mine if it.kind == "acknowledged")
        ),
    )


# Seconds around borders are the interesting ones: of bins, hours and days, and of the minute of chattering.
_BORDERS = st.sampled_from([0, 600, 3600, 7200, 7260, 7140, 93_600, 90_000])
_SECONDS = st.one_of(
    st.integers(0, 200_000).map(float),
    st.builds(lambda border, d: border + d, _BORDERS, st.sampled_from([-60.0, -30.0, -0.5, 0.0, 0.5, 29.5, 60.0])),
)
_LINES = st.lists(
    st.builds(
        Line,
        st.integers(0, 3),
        st.integers(0, 1),
        _SECONDS,
        st.sampled_from([0.0, 1.0, 59.9, 60.0, 61.0, 4000.0, 200_000.0]),
        st.sampled_from(["raised", "raised", "reraised", "acknowledged", "returned", "cleared", "suppressed"]),
    ),
    max_size=30,
)
_PERIODS = st.tuples(_SECONDS, _SECONDS).map(
    lambda two: Period(START + timedelta(seconds=min(two)), START + timedelta(seconds=max(two)))
)


@given(_LINES, _LINES, _PERIODS, st.sampled_from([None, [UUID(int=1)], []]))
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
async def test_figures_equal_those_counted_by_hand_before_between_and_after_rollups(
    clone: Clone, db: Database, early: list[Line], late: list[Line], period: Period, zones: list[UUID] | None
) -> None:
    log = await _new_log(db, clone.tenant_id)
    await log.write(early)
    assert await log.read(period, zones) == by_hand(log.lines, period, zones)
    await log.roll_up()
    assert await log.read(period, zones) == by_hand(log.lines, period, zones)
    await log.write(late)
    assert await log.read(period, zones) == by_hand(log.lines, period, zones)
    await log.roll_up()
    assert await log.roll_up() == 0
    assert await log.read(period, zones) == by_hand(log.lines, period, zones)


async def test_a_rollup_that_is_killed_leaves_everything_due(clone: Clone, db: Database) -> None:
    log = await _new_log(db, clone.tenant_id)
    await log.write([Line(0, 0, 10.0 * n, 0, "raised") for n in range(9)])
    rolling = db.transaction(log.tenant_id)
    tx = await rolling.__aenter__()
    taken = await kpi_queries.take_due(tx, log.tenant_id, log.site_id, "hour", tx.now, 10)
    await kpi_queries.roll_up_bins(tx, log.tenant_id, log.site_id, taken)
    assert not await rolling.__aexit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert await log.roll_up() > 0
    period = Period(START, START + timedelta(days=1))
    assert await log.read(period) == by_hand(log.lines, period)


async def test_an_event_that_commits_while_its_hour_is_counted_is_not_lost(clone: Clone, db: Database) -> None:
    log = await _new_log(db, clone.tenant_id)
    await log.write([Line(0, 0, 1, 0, "raised")])
    late = Line(1, 0, 2, 0, "raised")
    async with db.transaction(log.tenant_id) as writing:
        await _insert(writing, log.site_id, late)
        # The hour is somebody's who writes: it is passed over, and the others are not waited for.
        assert await kpi_upkeep.roll_up_step(db, log.tenant_id, log.site_id, "hour") == 0
    log.lines.append(late)
    rolling = db.transaction(log.tenant_id)
    tx = await rolling.__aenter__()
    taken = await kpi_queries.take_due(tx, log.tenant_id, log.site_id, "hour", tx.now, 10)
    await kpi_queries.roll_up_bins(tx, log.tenant_id, log.site_id, taken)
    later = asyncio.create_task(log.write([Line(2, 0, 3, 0, "raised")]))
    await _until_somebody_waits(db)
    await rolling.__aexit__(None, None, None)
    await later
    period = Period(START, START + timedelta(days=1))
    assert await log.read(period) == by_hand(log.lines, period)
    assert await log.roll_up() > 0
    assert await log.read(period) == by_hand(log.lines, period)


async def _until_somebody_waits(db: Database) -> None:
    async with asyncio.timeout(30):
        while True:
            async with db.transaction(None) as tx:
                if await tx.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    return


async def test_a_month_of_the_log_is_a_table_of_its_own(clone: Clone, db: Database) -> None:
    log = await _new_log(db, clone.tenant_id)
    await log.write([Line(0, 0, 86_400 * 20, 0, "raised")])
    await kpi_upkeep.prepare_tables(db)
    await kpi_upkeep.prepare_tables(db)
    async with db.transaction(log.tenant_id) as tx:
        assert await tx.fetchval("SELECT min(tableoid::regclass::text) FROM alarm_events") == "alarm_events_202603"
        assert await tx.fetchval("SELECT count(*) FROM alarm_events") == 1


@pytest_asyncio.fixture
async def plant(demo_clone: Clone) -> AsyncIterator[Stand]:
    """The demo plant's engine."""
    async with stand(demo_clone) as made:
        yield made


async def events_of(plant: Stand) -> list[Any]:
    return await plant.rows(
        "SELECT e.kind, e.at, e.called_at, e.priority, e.level, e.suppression, e.actor_id, r.kind AS rule"
        " FROM alarm_events e JOIN alarm_rules r ON r.tenant_id = e.tenant_id AND r.id = e.rule_id"
        " WHERE e.tenant_id = $1 ORDER BY e.at, e.id"
    )


async def test_a_leak_is_logged_from_its_call_to_its_return(plant: Stand) -> None:
    rows = await plant.rows(
        "SELECT d.slug, s.series, r.set_point FROM alarm_rules r"
        " JOIN sensors s ON s.tenant_id = r.tenant_id AND s.id = r.sensor_id"
        " JOIN devices d ON d.tenant_id = s.tenant_id AND d.id = s.device_id"
        " WHERE r.tenant_id = $1 AND r.kind = 'high' AND r.level = 2 AND r.on_delay_s = 0 ORDER BY r.id LIMIT 1"
    )
    device, series, limit = rows[0]
    raised_at = plant.clock.now()
    await plant.read(device, series, limit * 1.5)
    (raised,) = [e for e in await events_of(plant) if e["level"] == 2]
    assert (raised["kind"], raised["at"], raised["called_at"]) == ("raised", raised_at, raised_at)
    assert (raised["priority"], raised["suppression"]) == ("high", "none")

    plant.clock.advance(40)
    standing = next(a for a in await plant.alarms() if a.level == 2)
    actor = await plant.actor("li")
    async with plant.db.transaction(plant.tenant_id) as tx:
        await service.acknowledge_alarm(tx, actor, standing.id)
    answered = [e for e in await events_of(plant) if e["kind"] == "acknowledged"]
    assert [(e["called_at"], e["at"], e["actor_id"]) for e in answered] == [
        (raised_at, raised_at + timedelta(seconds=40), actor.account_id)
    ]

    async with plant.db.transaction(plant.tenant_id) as tx:
        site = Area(plant.lease.site_id)
        today = raised_at.date()
        _, found = await kpi_service.measure_area(tx, actor, site, today - timedelta(days=1), today + timedelta(days=1))
    figures = {f.key: f.value for f in found.figures}
    assert figures["acknowledge_median"] == step_upper(40)
    assert found.calls == len([e for e in await events_of(plant) if e["kind"] in CALLS])


def step_upper(seconds: float) -> float:
    upper = percentile_s({step_of(seconds): 1}, 0.5)
    assert upper is not None
    return upper
