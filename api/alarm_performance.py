"""The health of the alarm system, as ISA-18.2 and IEC 62682 measure it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from api.bearer import needs
from api.call import Call
from core.errors import Invalid
from incidents.alarms import kpi_service
from incidents.alarms.kpi import Figure, Performance, Rule
from incidents.alarms.kpi_service import Area
from mobile_contract.alarm_performance import AlarmPerformance, FigureView, LoudRule, PerformanceView
from people.permissions import Permission
from plant.model import Site

BuildingAsked: TypeAlias = Annotated[
    UUID | None, QueryParameter(name="building", description="Of this building of it.")
]
ZoneAsked: TypeAlias = Annotated[UUID | None, QueryParameter(name="zone", description="Of this zone of it.")]
First: TypeAlias = Annotated[date, QueryParameter(name="from", description="First day, in the site's time zone.")]
Last: TypeAlias = Annotated[date, QueryParameter(name="to", description="Last day; it is included.")]
Operators: TypeAlias = Annotated[
    int,
    QueryParameter(ge=1, le=100, description="How many share these alarms: targets are for one operating position."),
]


@get("/v1/sites/{site_id:uuid}/alarm-performance", guards=[needs(Permission.READ_ALARMS)])
async def get_alarm_performance(
    call: Call,
    site_id: FromPath[UUID],
    first: First,
    last: Last,
    building_id: BuildingAsked = None,
    zone_id: ZoneAsked = None,
    operators: Operators = 1,
) -> AlarmPerformance:
    """Rate, floods, top ten, stale, chattering and fleeting alarms, priorities and answers, each against its target."""
    area = Area(site_id, building_id, zone_id, operators)
    site, found = await kpi_service.measure_area(call.tx, call.actor, area, first, last)
    return _view(site, area, [found])


@get("/v1/sites/{site_id:uuid}/alarm-performance/periods", guards=[needs(Permission.READ_ALARMS)])
async def list_alarm_performance(
    call: Call,
    site_id: FromPath[UUID],
    first: First,
    last: Last,
    shifts: Annotated[
        str | None,
        QueryParameter(
            max_length=60,
            description="Local times at which shifts begin, as 06:00,14:00,22:00; without them each day is a period.",
        ),
    ] = None,
    building_id: BuildingAsked = None,
    zone_id: ZoneAsked = None,
    operators: Operators = 1,
) -> AlarmPerformance:
    """The same for each day or shift of the site: at most 62 of them, each by its local clock."""
    area = Area(site_id, building_id, zone_id, operators)
    starts = _read_shifts(shifts)
    site, found = await kpi_service.measure_periods(call.tx, call.actor, area, first, last, starts)
    return _view(site, area, found)


def _read_shifts(shifts: str | None) -> list[time]:
    if shifts is None:
        return []
    try:
        starts = [time.fromisoformat(part.strip()) for part in shifts.split(",")]
    except ValueError:
        starts = []
    if not starts or any(start.tzinfo is not None for start in starts):
        raise Invalid(
            "period.shift_times", "shifts are local times such as 06:00,14:00,22:00",
            "班次须为本地时间，例如 06:00,14:00,22:00", field="shifts", value=shifts, limit="HH:MM,HH:MM",
        )  # fmt: skip
    return starts


def _view(site: Site, area: Area, found: Sequence[Performance]) -> AlarmPerformance:
    periods = [_performance_view(it) for it in found]
    return AlarmPerformance(site.id, area.building_id, area.zone_id, site.tz, area.operators, periods)


def _performance_view(it: Performance) -> PerformanceView:
    return PerformanceView(
        it.period.start,
        it.period.end,
        it.calls,
        it.worst,
        [figure_view(figure) for figure in it.figures],
        [_loud_rule(rule) for rule in it.top],
        [_loud_rule(rule) for rule in it.chattering],
    )


def figure_view(it: Figure) -> FigureView:
    """A figure as the wire shows it."""
    return FigureView(it.key, it.label, it.value, it.unit, it.target, it.verdict, it.source)


def _loud_rule(rule: Rule) -> LoudRule:
    return LoudRule(rule.rule_id, rule.calls, rule.chattering)


router = Router("/", route_handlers=[get_alarm_performance, list_alarm_performance], tags=["alarm performance"])
