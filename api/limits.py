"""Limits: the library of set points, and the alarm rules that sensors are held to."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from incidents.alarms import limits, rule_service
from incidents.alarms.limits import SetPoint
from incidents.alarms.model import AlarmRule, LimitSource
from mobile_contract.limits import AlarmRuleView, LibraryChoice, LimitSourceView, NewAlarmRule, SetPointView
from mobile_contract.paging import Page
from people.permissions import Permission

_BEFORE_ALL = UUID(int=0)


@get("/v1/limits", guards=[needs(Permission.READ_PLANT)])
async def list_limits(
    call: Call,
    agent: Annotated[str | None, QueryParameter(max_length=63, description="Of this substance or quantity.")] = None,
) -> Page[SetPointView]:
    """The library of set points with their sources, on one page: it has some tens."""
    call.actor.require(Permission.READ_PLANT)
    return Page([set_point_view(row) for row in limits.LIBRARY if agent in (None, row.agent)], None)


@get("/v1/alarm-rules", guards=[needs(Permission.READ_PLANT)])
async def list_alarm_rules(
    call: Call,
    sensor: Annotated[UUID | None, QueryParameter(description="On this sensor.")] = None,
    site: Annotated[UUID | None, QueryParameter(description="In this site.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AlarmRuleView]:
    """Alarm rules in force, in the order they were made."""
    after = read_cursor(cursor, UUID, _BEFORE_ALL)
    rows = await rule_service.list_rules(
        call.tx, call.actor, site_id=site, sensor_id=sensor, after=after, limit=limit + 1
    )
    return page(rows, limit, key=lambda row: row.id, view=alarm_rule_view)


@post("/v1/alarm-rules", guards=[needs(Permission.MANAGE_PLANT)])
async def create_alarm_rule(data: JSONBody[NewAlarmRule], write: Write) -> Response[AlarmRuleView]:
    """Put a limit of one's own on a sensor, with its source."""

    async def work() -> AlarmRuleView:
        draft = rule_service.RuleDraft(
            sensor_id=data.sensor,
            kind=data.kind,
            level=data.level,
            set_point=data.set_point,
            unit=data.unit,
            source=msgspec.convert(data.source, LimitSource, from_attributes=True),
            deadband=data.deadband,
            on_delay_s=data.on_delay_s,
            off_delay_s=data.off_delay_s,
            rearm_after_s=data.rearm_after_s,
            latching=data.latching,
            toxic=data.toxic,
        )
        return alarm_rule_view(await rule_service.create_rule(write.tx, write.actor, draft))

    return await write.once(work)


@post("/v1/sensors/{sensor_id:uuid}/limits", guards=[needs(Permission.MANAGE_PLANT)])
async def apply_limits(
    data: JSONBody[LibraryChoice], sensor_id: FromPath[UUID], write: Write
) -> Response[Page[AlarmRuleView]]:
    """Take a sensor's limits from the library, by its agent and unit.

    Answers the rules that were added: none when the sensor has them all.
    """

    async def work() -> Page[AlarmRuleView]:
        rules = await rule_service.apply_library(
            write.tx, write.actor, sensor_id, purpose=data.purpose, variant=data.variant
        )
        return Page([alarm_rule_view(rule) for rule in rules], None)

    return await write.once(work)


@delete("/v1/alarm-rules/{rule_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def retire_alarm_rule(call: Call, rule_id: FromPath[UUID]) -> None:
    """Take a limit out of force; twice is one fact. Its history stays."""
    await rule_service.retire_rule(call.tx, call.actor, rule_id)


def set_point_view(row: SetPoint) -> SetPointView:
    """A row of the library as the wire shows it."""
    return SetPointView(
        row.agent,
        row.purpose,
        row.level,
        row.kind,
        row.value,
        row.unit,
        source_view(row.source),
        row.variant,
        row.toxic,
    )


def alarm_rule_view(rule: AlarmRule) -> AlarmRuleView:
    """A rule as the wire shows it."""
    return AlarmRuleView(
        id=rule.id,
        sensor=rule.sensor_id,
        actuator=rule.actuator_id,
        kind=rule.kind,
        level=rule.level,
        set_point=rule.set_point,
        unit=rule.unit,
        deadband=rule.deadband,
        on_delay_s=rule.on_delay_s,
        off_delay_s=rule.off_delay_s,
        rearm_after_s=rule.rearm_after_s,
        latching=rule.latching,
        stale_after_s=rule.stale_after_s,
        toxic=rule.toxic,
        source=source_view(rule.source),
        group=rule.group_id,
    )


def source_view(source: LimitSource) -> LimitSourceView:
    """Where a limit comes from, as the wire shows it."""
    return LimitSourceView(source.jurisdiction, source.edition, source.source, source.note)


router = Router(
    "/",
    route_handlers=[list_limits, list_alarm_rules, create_alarm_rule, apply_limits, retire_alarm_rule],
    tags=["limits"],
)
