"""Use cases of holiday calendars: dates that rotas count as Sundays."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Invalid
from core.ids import new_id
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.rotas import rota_queries as queries
from people.rotas.definition import FIRST_DAY, LAST_DAY, check_name
from people.rotas.errors import found, not_taken
from people.rotas.model import Holiday, HolidayCalendar
from people.rotas.team_service import authorise, set_fields
from people.service import check_version


class CalendarChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; ``days`` replaces all dates."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    days: list[Holiday] | msgspec.UnsetType = msgspec.UNSET


async def create_calendar(tx: Tx, actor: Actor, slug: str, name: Text) -> HolidayCalendar:
    """A calendar without dates; raises Conflict when the slug is taken."""
    tenant_id = authorise(tx, actor)
    check_name(name)
    made = HolidayCalendar(tenant_id, new_id(), slug, name, 1, tx.now)
    calendar = not_taken(await queries.insert_calendar(tx, tenant_id, made), "calendar", slug)
    await audit.record(
        tx, actor.account_id, "holiday_calendar.created", "holiday_calendar", calendar.id, {"slug": slug}
    )
    return calendar


async def edit_calendar(
    tx: Tx, actor: Actor, calendar_id: UUID, change: CalendarChange, *, expected_version: int
) -> HolidayCalendar:
    """Rename a calendar, import its dates; rotas follow at once. Raises NotFound, Invalid, Conflict version.changed."""
    tenant_id = authorise(tx, actor)
    calendar = found(await queries.lock_calendar(tx, tenant_id, calendar_id), "calendar", calendar_id)
    check_version(calendar.version, expected_version)
    if change.name is not msgspec.UNSET:
        check_name(change.name)
        calendar = msgspec.structs.replace(calendar, name=change.name)
    if change.days is not msgspec.UNSET:
        check_holidays(change.days)
        await queries.replace_holidays(tx, tenant_id, calendar_id, change.days)
    saved = await queries.save_calendar(tx, tenant_id, calendar)
    facts = set_fields(change)
    await audit.record(tx, actor.account_id, "holiday_calendar.edited", "holiday_calendar", calendar_id, facts)
    return saved


def check_holidays(days: Sequence[Holiday]) -> None:
    """Raise Invalid naming the first row that is wrong, like ``days[3].day``."""
    seen = set()
    for number, it in enumerate(days):
        if not FIRST_DAY <= it.day <= LAST_DAY or it.day in seen:
            raise Invalid(
                "holiday.day",
                f"days[{number}].day: a date is from {FIRST_DAY} to {LAST_DAY} and there once",
                f"days[{number}].day：日期须在 {FIRST_DAY} 至 {LAST_DAY} 之间且不重复",
                field=f"days[{number}].day",
                value=str(it.day),
                limit=[str(FIRST_DAY), str(LAST_DAY)],
            )
        check_name(it.name, f"days[{number}].name")
        seen.add(it.day)


async def get_calendar(tx: Tx, actor: Actor, calendar_id: UUID) -> tuple[HolidayCalendar, list[Holiday]]:
    """One calendar with its dates; raises NotFound."""
    actor.require(Permission.READ_ROTAS)
    calendar = found(await queries.find_calendar(tx, actor.tenant_id, calendar_id), "calendar", calendar_id)
    return calendar, await queries.list_holidays(tx, actor.tenant_id, calendar_id)


async def list_calendars(tx: Tx, actor: Actor, *, after: str, search: str | None, limit: int) -> list[HolidayCalendar]:
    """A page of calendars by slug."""
    actor.require(Permission.READ_ROTAS)
    return await queries.list_calendars(tx, actor.tenant_id, after=after, search=search, limit=limit)
