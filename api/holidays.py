"""Holiday calendars."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from mobile_contract.paging import Page
from mobile_contract.rotas import CalendarDays, CalendarEdit, CalendarView, HolidayView, NewCalendar
from people.permissions import Permission
from people.rotas import holiday_service as service
from people.rotas.model import Holiday, HolidayCalendar


@get("/v1/holiday-calendars", guards=[needs(Permission.READ_ROTAS)])
async def list_calendars(
    call: Call, q: Search = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[CalendarView]:
    """Holiday calendars by slug."""
    after = read_cursor(cursor, str, "")
    rows = await service.list_calendars(call.tx, call.actor, after=after, search=q, limit=limit + 1)
    return page(rows, limit, key=lambda calendar: calendar.slug, view=calendar_view)


@get("/v1/holiday-calendars/{calendar_id:uuid}", guards=[needs(Permission.READ_ROTAS)])
async def get_calendar(call: Call, calendar_id: FromPath[UUID]) -> Response[CalendarDays]:
    """One holiday calendar with its dates; its ETag is what an edit or an import names."""
    it, holidays = await service.get_calendar(call.tx, call.actor, calendar_id)
    days = [HolidayView(holiday.day, holiday.name) for holiday in holidays]
    return Response(CalendarDays(it.id, it.slug, it.name, it.version, it.created_at, days), headers=etag(it.version))


@post("/v1/holiday-calendars", guards=[needs(Permission.MANAGE_PEOPLE)])
async def create_calendar(data: JSONBody[NewCalendar], write: Write) -> Response[CalendarView]:
    """Create a holiday calendar, without dates."""

    async def work() -> CalendarView:
        return calendar_view(await service.create_calendar(write.tx, write.actor, data.slug, data.name))

    return await write.once(work, headers=lambda calendar: etag(calendar.version))


@patch("/v1/holiday-calendars/{calendar_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def edit_calendar(
    data: JSONBody[CalendarEdit], calendar_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[CalendarView]:
    """Rename a holiday calendar, or import its dates: they replace all those before, and rotas follow at once."""
    version = expected_version(if_match)
    days = msgspec.UNSET if data.days is msgspec.UNSET else [Holiday(it.day, it.name) for it in data.days]
    change = service.CalendarChange(data.name, days)
    calendar = await service.edit_calendar(call.tx, call.actor, calendar_id, change, expected_version=version)
    return Response(calendar_view(calendar), headers=etag(calendar.version))


def calendar_view(it: HolidayCalendar) -> CalendarView:
    """A holiday calendar as the wire shows it."""
    return CalendarView(it.id, it.slug, it.name, it.version, it.created_at)


router = Router(
    "/",
    route_handlers=[list_calendars, get_calendar, create_calendar, edit_calendar],
    tags=["rotas"],
)
