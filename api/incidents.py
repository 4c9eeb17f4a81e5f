"""Incidents, their record, and closing them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor, read_time_cursor, time_key
from incidents import closing, records, views
from incidents.incident import Incident, TimelineEntry
from incidents.plans import starting
from incidents.plans.starting import Report
from incidents.reaching import deliveries
from incidents.records import IncidentFile
from mobile_contract.incidents import CloseRequest, IncidentDetail, IncidentRecord, TimelineLine, TimelinePage
from mobile_contract.paging import Page
from mobile_contract.plans import NewIncident
from mobile_contract.room_views import IncidentStateName
from people.permissions import Permission

# Positions are 32-bit integers in the database.
_LAST_POSITION = 2**31 - 1


@get("/v1/incidents", guards=[needs(Permission.READ_INCIDENTS)])
async def list_incidents(
    call: Call,
    in_state: Annotated[
        IncidentStateName | None, QueryParameter(name="state", description="Open, returned or closed.")
    ] = None,
    site: Annotated[UUID | None, QueryParameter(description="In this site.")] = None,
    grade: Annotated[int | None, QueryParameter(ge=1, le=4, description="Of this grade or graver; 1 is red.")] = None,
    q: Annotated[
        str | None, QueryParameter(min_length=1, max_length=100, description="Part of the title or the place.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[IncidentRecord]:
    """Incidents, newest first."""
    rows = await records.list_incidents(
        call.tx,
        call.actor,
        state=in_state,
        site_id=site,
        grade=grade,
        search=q,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.opened_at, row.id), view=incident_record)


@post("/v1/incidents", guards=[needs(Permission.RAISE_SOS)])
async def report_incident(data: JSONBody[NewIncident], write: Write) -> Response[IncidentRecord]:
    """Report an emergency: its plan starts at once, without an alarm.

    Reporting what is open already in the same zone answers that incident.
    """

    async def work() -> IncidentRecord:
        report = Report(plan=data.plan, zone_id=data.zone, reason=data.reason, agent=data.agent, level=data.level)
        return incident_record(await starting.start_plan(write.tx, write.actor, report))

    return await write.once(work)


@get("/v1/incidents/{incident_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_incident(call: Call, incident_id: FromPath[UUID]) -> IncidentDetail:
    """One incident with its alarms, tasks, commands and deliveries."""
    return incident_detail(await records.get_incident(call.tx, call.actor, incident_id))


@get("/v1/incidents/{incident_id:uuid}/timeline", guards=[needs(Permission.READ_INCIDENTS)])
async def list_timeline(
    call: Call, incident_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> TimelinePage:
    """The incident's record, oldest first, and whether its hash chain holds."""
    after = min(max(read_cursor(cursor, int, 0), 0), _LAST_POSITION)
    part = await records.list_timeline(call.tx, call.actor, incident_id, after=after, limit=limit + 1)
    broken_at = part.broken_at
    shown = page(part.entries, limit, key=lambda row: row.position, view=lambda row: timeline_line(row, part.exercise))
    if broken_at is not None and shown.items and broken_at > shown.items[-1].position:
        # The row that only says whether there is more is the next page's to judge.
        broken_at = None
    return TimelinePage(shown.items, shown.next, broken_at is None, broken_at)


@post("/v1/incidents/{incident_id:uuid}/close", status_code=200, guards=[needs(Permission.CLOSE_INCIDENT)])
async def close_incident(
    data: JSONBody[CloseRequest], incident_id: FromPath[UUID], write: Write
) -> Response[IncidentRecord]:
    """Close an incident whose alarms are all normal, with a reason.

    What it started is stopped, and tasks that nobody took are cancelled. Closing twice is one fact.
    """

    async def work() -> IncidentRecord:
        return incident_record(await closing.close_incident(write.tx, write.actor, incident_id, data.reason))

    return await write.once(work, status=200)


def incident_record(incident: Incident) -> IncidentRecord:
    """An incident as the wire shows it outside of a room."""
    view = views.incident_view(incident)
    return IncidentRecord(**msgspec.structs.asdict(view), site=incident.site_id, zone=incident.zone_id)


def incident_detail(file: IncidentFile) -> IncidentDetail:
    """An incident with what belongs to it."""
    return IncidentDetail(
        incident=incident_record(file.incident),
        alarms=[views.alarm_view(alarm) for alarm in file.alarms],
        tasks=[views.task_view(task) for task in file.tasks],
        commands=None if file.commands is None else [views.command_view(command) for command in file.commands],
        deliveries=[deliveries.delivery_view(row.known, row.channel) for row in file.deliveries],
        room=None if file.room is None else file.room.id,
        routes=[row.view for row in file.routes],
    )


def timeline_line(entry: TimelineEntry, exercise: bool) -> TimelineLine:
    """A line of the record as the wire shows it."""
    return TimelineLine(entry.position, entry.at, entry.actor_id, entry.kind, entry.facts, entry.hash, exercise)


router = Router(
    "/",
    route_handlers=[list_incidents, report_incident, get_incident, list_timeline, close_incident],
    tags=["incidents"],
)
