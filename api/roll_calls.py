"""Evacuations and their roll calls, and the assembly points they count at."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor, read_time_cursor, time_key
from incidents.roll_call import ending, marking, points, queries, service
from incidents.roll_call.marking import NewMark
from incidents.roll_call.model import AssemblyPoint, Mark, Marshal, Person, RollCall
from incidents.roll_call.points import PointChange, PointDraft
from incidents.roll_call.queries import NumberedMark
from incidents.roll_call.service import Wanted
from incidents.roll_call.views import roll_call_view
from mobile_contract.paging import Page
from mobile_contract.roll_call import (
    AllClear,
    AssemblyPointEdit,
    AssemblyPointView,
    ExpectedPerson,
    MarkEntry,
    MarksTaken,
    MarkView,
    MarshalChoice,
    MarshalView,
    NewAssemblyPoint,
    NewMarks,
    NewRollCall,
    RollCallDetail,
    Status,
)
from mobile_contract.room_views import RollCallView
from people.permissions import Permission
from people.queries import FIRST


@post("/v1/incidents/{incident_id:uuid}/roll-calls", guards=[needs(Permission.READ_INCIDENTS)])
async def start_roll_call(
    data: JSONBody[NewRollCall], incident_id: FromPath[UUID], write: Write
) -> Response[RollCallView]:
    """Evacuate and call the roll: for safety officers and the incident's commander.

    Everybody believed there is ordered out. While a roll call of the incident runs, a wider one widens it.
    """

    async def work() -> RollCallView:
        wanted = Wanted(data.scope, tuple(data.zones), data.building)
        return roll_call_view(await service.start(write.tx, write.actor, incident_id, wanted, data.reason))

    return await write.once(work)


@get("/v1/roll-calls", guards=[needs(Permission.READ_INCIDENTS)])
async def list_roll_calls(
    call: Call,
    incident: Annotated[UUID | None, QueryParameter(description="Of this incident.")] = None,
    site: Annotated[UUID | None, QueryParameter(description="In this site.")] = None,
    in_state: Annotated[
        Literal["open", "all_clear", "re_entry"] | None, QueryParameter(name="state", description="That stand so.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RollCallView]:
    """Roll calls with their numbers, newest first; no names."""
    rows = await queries.list_calls(
        call.tx,
        call.actor.tenant_id,
        incident_id=incident,
        state=in_state,
        site_id=site,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.started_at, row.id), view=roll_call_view)


@get("/v1/roll-calls/{roll_call_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_roll_call(call: Call, roll_call_id: FromPath[UUID]) -> RollCallDetail:
    """One roll call with its numbers, marshals and tasks."""
    found = await service.get(call.tx, call.actor.tenant_id, roll_call_id)
    return detail(found, await queries.list_marshals(call.tx, call.actor.tenant_id, roll_call_id))


@get("/v1/roll-calls/{roll_call_id:uuid}/people", guards=[needs(Permission.READ_INCIDENTS)])
async def list_expected_people(
    call: Call,
    roll_call_id: FromPath[UUID],
    status: Annotated[Status | None, QueryParameter(description="Who stand so.")] = None,
    zone: Annotated[UUID | None, QueryParameter(description="Last believed in this zone.")] = None,
    q: Annotated[str | None, QueryParameter(min_length=1, max_length=100, description="Part of a name.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ExpectedPerson]:
    """Everybody expected, by name: for marshals, the commander and those who may see where people are."""
    await service.access(call.tx, call.actor, roll_call_id)
    after = read_cursor(cursor, tuple[str, UUID], None)
    rows = await queries.list_people(
        call.tx,
        call.actor.tenant_id,
        roll_call_id,
        status=status,
        zone_id=zone,
        search=q,
        after=after,
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda person: (person.name, person.person_id), view=person_view)


@post("/v1/roll-calls/{roll_call_id:uuid}/marks", status_code=200, guards=[needs(Permission.REPORT_PRESENCE)])
async def mark_people(data: JSONBody[NewMarks], roll_call_id: FromPath[UUID], call: Call) -> MarksTaken:
    """Say how people are: oneself by anybody, others by marshals. Marks made offline come in any order, any number of
    times; the result is the same."""
    marks = [NewMark(mark=read_mark(entry), name=entry.name) for entry in data.marks]
    found, new = await marking.mark(call.tx, call.actor, roll_call_id, marks)
    return MarksTaken(roll_call_view(found), new)


@get("/v1/roll-calls/{roll_call_id:uuid}/marks", guards=[needs(Permission.READ_INCIDENTS)])
async def list_marks(
    call: Call, roll_call_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[MarkView]:
    """The log of marks from the start or a cursor on: what a marshal's phone keeps to go on offline."""
    await service.access(call.tx, call.actor, roll_call_id)
    after = max(read_cursor(cursor, int, 0), 0)
    rows = await queries.marks_after(call.tx, call.actor.tenant_id, roll_call_id, min(after, 2**62), limit + 1)
    return page(rows, limit, key=lambda row: row.number, view=mark_view)


@post("/v1/roll-calls/{roll_call_id:uuid}/marshals", guards=[needs(Permission.COUNT_PEOPLE)])
async def appoint_marshal(
    data: JSONBody[MarshalChoice], roll_call_id: FromPath[UUID], write: Write
) -> Response[MarshalView]:
    """Say who counts at which assembly point; whoever is trained as a marshal may take the post."""

    async def work() -> MarshalView:
        made = await marking.appoint(write.tx, write.actor, roll_call_id, data.account, data.point)
        return marshal_view(made)

    return await write.once(work)


@post("/v1/roll-calls/{roll_call_id:uuid}/search", status_code=200, guards=[needs(Permission.READ_INCIDENTS)])
async def send_search(roll_call_id: FromPath[UUID], write: Write) -> Response[RollCallView]:
    """Look for those who are missing now, by last-seen zone; again brings the search up to date."""

    async def work() -> RollCallView:
        return roll_call_view(await service.send_search(write.tx, write.actor, roll_call_id))

    return await write.once(work, status=200)


@post("/v1/roll-calls/{roll_call_id:uuid}/all-clear", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def give_all_clear(
    data: JSONBody[AllClear], roll_call_id: FromPath[UUID], write: Write
) -> Response[RollCallView]:
    """The commander says that the danger is over; people stay out until re-entry."""

    async def work() -> RollCallView:
        return roll_call_view(await ending.give_all_clear(write.tx, write.actor, roll_call_id, data.reason))

    return await write.once(work, status=200)


@post("/v1/roll-calls/{roll_call_id:uuid}/re-entry", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def allow_re_entry(roll_call_id: FromPath[UUID], write: Write) -> Response[RollCallView]:
    """The commander lets people back in: after the all-clear, while no alarm of these zones is active."""

    async def work() -> RollCallView:
        return roll_call_view(await ending.allow_re_entry(write.tx, write.actor, roll_call_id))

    return await write.once(work, status=200)


@get("/v1/assembly-points", guards=[needs(Permission.READ_PLANT)])
async def list_assembly_points(
    call: Call,
    site: Annotated[UUID | None, QueryParameter(description="Of this site.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AssemblyPointView]:
    """Assembly points in use."""
    after = read_cursor(cursor, UUID, FIRST)
    rows = await points.list_points(call.tx, call.actor, site_id=site, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda point: point.id, view=point_view)


@post("/v1/assembly-points", guards=[needs(Permission.MANAGE_PLANT)])
async def create_assembly_point(data: JSONBody[NewAssemblyPoint], write: Write) -> Response[AssemblyPointView]:
    """Say where people gather."""

    async def work() -> AssemblyPointView:
        position: dict[str, Any] = msgspec.to_builtins(data.position)
        draft = PointDraft(data.site, data.slug, data.name, position, data.level, data.capacity)
        return point_view(await points.create_point(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda point: etag(point.version))


@patch("/v1/assembly-points/{point_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_assembly_point(
    data: JSONBody[AssemblyPointEdit], call: Call, point_id: FromPath[UUID], if_match: IfMatch = None
) -> Response[AssemblyPointView]:
    """Change an assembly point, or take it out of use."""
    position = data.position if data.position is msgspec.UNSET else msgspec.to_builtins(data.position)
    change = PointChange(data.name, position, data.level, data.capacity, data.retired)
    saved = await points.edit_point(call.tx, call.actor, point_id, change, expected_version=expected_version(if_match))
    return Response(point_view(saved), headers=etag(saved.version))


def detail(call: RollCall, marshals: list[Marshal]) -> RollCallDetail:
    """A roll call with what belongs to it."""
    return RollCallDetail(
        roll_call=roll_call_view(call),
        incident=call.incident_id,
        site=call.site_id,
        reason=call.reason,
        started_by=call.started_by,
        search_due_at=call.search_due_at,
        search_task=call.search_task_id,
        evacuation_task=call.evacuate_task_id,
        all_clear_by=call.all_clear_by,
        re_entry_by=call.re_entry_by,
        marshals=[marshal_view(m) for m in marshals],
    )


def marshal_view(marshal: Marshal) -> MarshalView:
    """A marshal as the wire shows them."""
    return MarshalView(marshal.account_id, marshal.assembly_point_id, marshal.since)


def person_view(person: Person) -> ExpectedPerson:
    """Somebody expected, as the wire shows them."""
    return ExpectedPerson(
        person=person.person_id,
        kind=person.kind,
        name=person.name,
        host=person.host_id,
        source=person.source,
        zone=person.zone_id,
        level=person.level,
        seen_at=person.seen_at,
        confidence=person.confidence,
        status=person.status,
        contested=person.contested,
        point=person.assembly_point_id,
        status_at=person.status_at,
    )


def read_mark(entry: MarkEntry) -> Mark:
    """A mark of the wire; who made it and when it came is added where it is taken."""
    return Mark(
        id=entry.id,
        person_id=entry.person,
        said=entry.said,
        seen=tuple(entry.seen),
        by_account=None,
        assembly_point_id=entry.point,
        position=None if entry.position is None else msgspec.to_builtins(entry.position),
        note=entry.note,
        at=entry.at,
        received_at=entry.at,
    )


def mark_view(mark: NumberedMark) -> MarkView:
    """A mark of the log as the wire shows it."""
    return MarkView(
        id=mark.id,
        number=mark.number,
        person=mark.person_id,
        said=mark.said,
        seen=list(mark.seen),
        by=mark.by_account,
        point=mark.assembly_point_id,
        position=mark.position,
        note=mark.note,
        at=mark.at,
        received_at=mark.received_at,
    )


def point_view(point: AssemblyPoint) -> AssemblyPointView:
    """An assembly point as the wire shows it."""
    return AssemblyPointView(
        id=point.id,
        site=point.site_id,
        slug=point.slug,
        name=point.name,
        position=point.position,
        level=point.level,
        capacity=point.capacity,
        retired=point.retired_at is not None,
        version=point.version,
    )


router = Router(
    "/",
    route_handlers=[
        start_roll_call,
        list_roll_calls,
        get_roll_call,
        list_expected_people,
        mark_people,
        list_marks,
        appoint_marshal,
        send_search,
        give_all_clear,
        allow_re_entry,
        list_assembly_points,
        create_assembly_point,
        edit_assembly_point,
    ],
    tags=["roll calls"],
)
