"""Use cases of the alarm system's figures: an area's period, and its days or shifts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec

from core.database import Tx
from core.errors import Invalid
from incidents.alarms import kpi, kpi_periods, kpi_queries
from incidents.alarms.kpi import History, Performance, Rule, Standing
from incidents.alarms.kpi_periods import Period
from people.actor import Actor
from people.permissions import Permission
from plant import queries as places
from plant.model import Site

# More alarms than this that stand for over a day: the figure is far beyond its target whichever are counted.
LONG_MAX = 1000


class Area(msgspec.Struct, frozen=True):
    """A site, or a building or a zone of it. ``operators``: how many share its alarms."""

    site_id: UUID
    building_id: UUID | None = None
    zone_id: UUID | None = None
    operators: int = 1


async def measure_area(tx: Tx, actor: Actor, area: Area, first: date, last: date) -> tuple[Site, Performance]:
    """The figures of the site's days from ``first`` to ``last``; of a period that goes on, until now. Raises NotFound,
    Invalid."""
    actor.require(Permission.READ_ALARMS)
    site, zones = await _find_area(tx, actor.tenant_id, area)
    period = kpi_periods.whole(first, last, site.tz)
    return site, await _measure(tx, actor.tenant_id, area, zones, _until_now(period, tx.now), site.tz)


async def measure_periods(
    tx: Tx, actor: Actor, area: Area, first: date, last: date, shift_starts: Sequence[time]
) -> tuple[Site, list[Performance]]:
    """The figures of each day, or of each shift that begins in these days. Raises NotFound, Invalid."""
    actor.require(Permission.READ_ALARMS)
    site, zones = await _find_area(tx, actor.tenant_id, area)
    periods = kpi_periods.split(first, last, site.tz, shift_starts)
    return site, [
        await _measure(tx, actor.tenant_id, area, zones, _until_now(period, tx.now), site.tz) for period in periods
    ]


def _until_now(period: Period, now: datetime) -> Period:
    """Time that has not passed has no alarms, and would make every rate look better."""
    return Period(period.start, max(period.start, min(period.end, now)))


async def _find_area(tx: Tx, tenant_id: UUID, area: Area) -> tuple[Site, list[UUID] | None]:
    site = await places.get_site(tx, tenant_id, area.site_id)
    zones: list[UUID] | None = None
    if area.building_id is not None:
        building = await places.get_building(tx, tenant_id, area.building_id)
        _check_inside("building", building.site_id, area)
        zones = await kpi_queries.list_zones_of_building(tx, tenant_id, site.id, building.id)
    if area.zone_id is not None:
        zone = await places.get_zone(tx, tenant_id, area.zone_id)
        _check_inside("zone", zone.site_id, area)
        if zones is not None and zone.id not in zones:
            raise _elsewhere("zone", "building", zone.id, area.building_id)
        zones = [zone.id]
    return site, zones


def _check_inside(field: str, site_id: UUID, area: Area) -> None:
    if site_id != area.site_id:
        raise _elsewhere(field, "site", site_id, area.site_id)


def _elsewhere(field: str, outer: str, value: UUID, limit: UUID | None) -> Invalid:
    return Invalid(
        "area.elsewhere", f"this {field} is not in the {outer} asked for", f"该 {field} 不在所选 {outer} 内",
        field=field, value=value, limit=limit,
    )  # fmt: skip


async def _measure(
    tx: Tx, tenant_id: UUID, area: Area, zones: list[UUID] | None, period: Period, tz: str
) -> Performance:
    history = await read_history(tx, tenant_id, area.site_id, zones, period)
    days = kpi_periods.days_of(period, tz)
    # A year of bins takes some tens of milliseconds; the loop has others to serve.
    return await asyncio.to_thread(kpi.measure, period, history, days, operators=area.operators)


async def read_history(tx: Tx, tenant_id: UUID, site_id: UUID, zones: Sequence[UUID] | None, period: Period) -> History:
    """What the rollups and the log's tail say about a period."""
    area = (tx, tenant_id, site_id, zones)
    counts = await kpi_queries.count_bins(*area, period.start, period.end)
    bin_start = period.start - (period.start - kpi.EPOCH) % timedelta(seconds=kpi.BIN_S)
    before = await kpi_queries.count_bins(*area, bin_start - kpi.LOOK_BACK, bin_start)
    rules = await kpi_queries.count_rules(*area, period.start, period.end, kpi.TOP)
    answers = await kpi_queries.count_answers(*area, period.start, period.end)
    long = await kpi_queries.list_long(*area, period.start, period.end, LONG_MAX)
    return History(
        bins=list(zip(counts.bins, counts.calls, strict=True)),
        before=list(zip(before.bins, before.calls, strict=True)),
        low=counts.low,
        medium=counts.medium,
        high=counts.high,
        answered=counts.answered,
        fleeting=counts.fleeting,
        shelved=counts.shelved,
        by_design=counts.by_design,
        out_of_service=counts.out_of_service,
        rules=[Rule(r.rule_id, r.calls, r.chattering) for r in rules],
        chattering_rules=rules[0].chattering_rules if rules else 0,
        answers=answers,
        standing=[Standing(it.raised_at, it.returned_at) for it in long],
    )
