"""Alarms: what stands, and what people do about it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from incidents import records, views
from incidents.alarms import service
from incidents.incident import Alarm
from mobile_contract.alarm_management import OutOfServiceRequest
from mobile_contract.incidents import AlarmRecord, ShelveRequest
from mobile_contract.paging import Page
from people.permissions import Permission


@get("/v1/alarms", guards=[needs(Permission.READ_ALARMS)])
async def list_alarms(
    call: Call,
    standing: Annotated[
        bool | None, QueryParameter(description="True: not yet both normal and acknowledged; false: over.")
    ] = None,
    zone: Annotated[UUID | None, QueryParameter(description="In this zone.")] = None,
    level: Annotated[int | None, QueryParameter(ge=1, le=2, description="Of this level or graver.")] = None,
    sensor: Annotated[UUID | None, QueryParameter(description="Of this sensor.")] = None,
    site: Annotated[UUID | None, QueryParameter(description="In this site.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AlarmRecord]:
    """Alarms, newest first."""
    rows = await records.list_alarms(
        call.tx,
        call.actor,
        standing=standing,
        zone_id=zone,
        level=level,
        sensor_id=sensor,
        site_id=site,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.raised_at, row.id), view=alarm_record)


@get("/v1/alarms/{alarm_id:uuid}", guards=[needs(Permission.READ_ALARMS)])
async def get_alarm(call: Call, alarm_id: FromPath[UUID]) -> AlarmRecord:
    """One alarm."""
    return alarm_record(await records.get_alarm(call.tx, call.actor, alarm_id))


@post("/v1/alarms/{alarm_id:uuid}/acknowledge", status_code=200, guards=[needs(Permission.ACKNOWLEDGE_ALARM)])
async def acknowledge_alarm(alarm_id: FromPath[UUID], write: Write) -> Response[AlarmRecord]:
    """Say that a person has seen the alarm.

    Acknowledging twice is one fact.
    """

    async def work() -> AlarmRecord:
        return alarm_record(await service.acknowledge_alarm(write.tx, write.actor, alarm_id))

    return await write.once(work, status=200)


@post("/v1/alarms/{alarm_id:uuid}/reset", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def reset_alarm(alarm_id: FromPath[UUID], write: Write) -> Response[AlarmRecord]:
    """Reset a latched alarm.

    It is acknowledged and its condition is back to normal, else 409.
    """

    async def work() -> AlarmRecord:
        return alarm_record(await service.reset_alarm(write.tx, write.actor, alarm_id))

    return await write.once(work, status=200)


@post("/v1/alarms/{alarm_id:uuid}/shelve", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def shelve_alarm(data: JSONBody[ShelveRequest], alarm_id: FromPath[UUID], write: Write) -> Response[AlarmRecord]:
    """Silence an alarm for a while, with a reason.

    Until a time, at most 12 h ahead or what its site or rule allows, 15 min for second-level toxic and oxygen alarms;
    without one, until its condition clears. The condition is watched all the same. An alarm that is over is a 409.
    """

    async def work() -> AlarmRecord:
        shelved = await service.shelve_alarm(write.tx, write.actor, alarm_id, data.until, data.reason)
        return alarm_record(shelved)

    return await write.once(work, status=200)


@post("/v1/alarms/{alarm_id:uuid}/unshelve", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def unshelve_alarm(alarm_id: FromPath[UUID], write: Write) -> Response[AlarmRecord]:
    """End shelving; the condition is looked at again."""

    async def work() -> AlarmRecord:
        return alarm_record(await service.unshelve_alarm(write.tx, write.actor, alarm_id))

    return await write.once(work, status=200)


@post("/v1/alarms/{alarm_id:uuid}/out-of-service", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def take_alarm_out(
    data: JSONBody[OutOfServiceRequest], alarm_id: FromPath[UUID], write: Write
) -> Response[AlarmRecord]:
    """Take an alarm out of service until a time; it is back by itself then."""

    async def work() -> AlarmRecord:
        taken = await service.take_alarm_out(write.tx, write.actor, alarm_id, data.until, data.reason)
        return alarm_record(taken)

    return await write.once(work, status=200)


@post("/v1/alarms/{alarm_id:uuid}/in-service", status_code=200, guards=[needs(Permission.SHELVE_ALARM)])
async def put_alarm_back(alarm_id: FromPath[UUID], write: Write) -> Response[AlarmRecord]:
    """Put an alarm back into service; the condition is looked at again."""

    async def work() -> AlarmRecord:
        return alarm_record(await service.put_alarm_back(write.tx, write.actor, alarm_id))

    return await write.once(work, status=200)


def alarm_record(alarm: Alarm) -> AlarmRecord:
    """An alarm as the wire shows it outside of a room."""
    return AlarmRecord(
        **msgspec.structs.asdict(views.alarm_view(alarm)),
        incident=alarm.incident_id,
        rule=alarm.rule_id,
        site=alarm.site_id,
        sensor=alarm.sensor_id,
        actuator=alarm.actuator_id,
    )


router = Router(
    "/",
    route_handlers=[
        list_alarms,
        get_alarm,
        acknowledge_alarm,
        reset_alarm,
        shelve_alarm,
        unshelve_alarm,
        take_alarm_out,
        put_alarm_back,
    ],
    tags=["alarms"],
)
