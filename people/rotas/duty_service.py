"""Use cases that read rotas: who is on duty, calendars of a rota and of a person, gaps, a draft's preview."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from core.database import Tx
from core.errors import NotFound
from people import queries as account_queries
from people.actor import Actor
from people.permissions import Permission
from people.rotas import history, resolving, rota_queries
from people.rotas.errors import found
from people.rotas.icalendar import Event, calendar, uid_of
from people.rotas.model import Rota, RotaInForce
from people.rotas.resolving import Board, Resolved
from people.rotas.rota_service import check_rota

GAP_DAYS_MAX = 31
# An export is read again by the calendar program: a little back, the rest of a quarter ahead.
EXPORT_BACK = timedelta(days=14)
EXPORT_AHEAD = resolving.PERIOD_MAX - EXPORT_BACK
# Rotas that one person can be in at once, in a calendar.
PERSON_ROTAS_MAX = 200


async def who_is_on(
    tx: Tx, actor: Actor, at: datetime, *, site_id: UUID | None, after: str, limit: int
) -> tuple[list[Resolved], str | None]:
    """Every position of a page of rotas by slug, nobodies too; and the slug after which the next page begins."""
    actor.require(Permission.READ_ROTAS)
    resolving.check_moment(at, "at")
    board, following = await _load_page(tx, actor.tenant_id, at, at, site_id, after, limit)
    return await board.resolve(lambda eras: history.at(eras, at)), following


async def list_gaps(
    tx: Tx, actor: Actor, days: int, *, site_id: UUID | None, after: str, limit: int
) -> tuple[list[Resolved], str | None]:
    """Times of the next days in which a position of a rota has nobody, for a page of rotas by slug.

    Shifts with hours of their own have gaps by design; what counts is the rota's whole, all layers together.
    """
    actor.require(Permission.READ_ROTAS)
    end = tx.now + timedelta(days=days)
    board, following = await _load_page(tx, actor.tenant_id, tx.now, end, site_id, after, limit)
    found_ = await board.resolve(lambda eras: history.timeline(eras, tx.now, end))
    return [it for it in found_ if it.account_id is None], following


async def list_rota_duties(tx: Tx, actor: Actor, rota_id: UUID, start: datetime, end: datetime) -> list[Resolved]:
    """A rota's calendar, nobodies too, by position and time; none once it is retired. Raises NotFound, Invalid."""
    actor.require(Permission.READ_ROTAS)
    resolving.check_period(start, end)
    found(await rota_queries.find_rota(tx, actor.tenant_id, rota_id), "rota", rota_id)
    board = await resolving.load(tx, actor.tenant_id, start, end, rota_ids=[rota_id])
    return await board.resolve(lambda eras: history.timeline(eras, start, end))


async def list_person_duties(tx: Tx, actor: Actor, account_id: UUID, start: datetime, end: datetime) -> list[Resolved]:
    """Somebody's duties in all rotas, by time. Raises NotFound, Invalid."""
    actor.require(Permission.READ_ROTAS)
    resolving.check_period(start, end)
    if await account_queries.find_account(tx, actor.tenant_id, account_id) is None:
        raise NotFound("account.not_found", "there is no such account", "没有此账号", field="id", value=str(account_id))
    board = await resolving.load(tx, actor.tenant_id, start, end, account_id=account_id, limit=PERSON_ROTAS_MAX)
    duties = await board.resolve(
        lambda eras: [it for it in history.timeline(eras, start, end) if it.stint.account_id == account_id]
    )
    return sorted(duties, key=lambda it: (it.starts_at, it.rota.slug, it.position))


async def preview_rota(tx: Tx, actor: Actor, draft: Rota, start: datetime, end: datetime) -> list[Resolved]:
    """What a rota that is not saved would give, nobodies too. Raises Invalid naming the field, NotFound."""
    actor.require(Permission.MANAGE_PEOPLE)
    resolving.check_period(start, end)
    await check_rota(tx, actor.tenant_id, draft)
    days: list[date] = []
    if draft.calendar_id is not None:
        days = [it.day for it in await rota_queries.list_holidays(tx, actor.tenant_id, draft.calendar_id)]
    fields = {name: getattr(draft, name) for name in Rota.__struct_fields__}
    rota = RotaInForce(**fields, changes=[], calendar=days, valid_from=tx.now, earlier=[])
    people = await rota_queries.list_people(tx, actor.tenant_id, resolving.everybody([rota]))
    board = resolving.board([rota], people)
    return await board.resolve(lambda eras: history.timeline(eras, start, end))


async def export_duties(tx: Tx, actor: Actor, language: str) -> bytes:
    """One's own duties of the next eleven weeks as an iCalendar file."""
    # Whole duties alone: one cut off at the edge would have another name with every reading.
    today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = today - EXPORT_BACK, today + EXPORT_AHEAD
    duties = await list_person_duties(tx, actor, actor.account_id, start, end)
    title = "值班" if language.startswith("zh") else "Duties"
    events = [
        Event(
            uid_of(it.rota.id, it.position, it.starts_at),
            it.starts_at,
            it.ends_at,
            it.rota.name.in_(language),
            it.why.in_(language),
        )
        for it in duties
        if start < it.starts_at and it.ends_at < end
    ]
    return calendar(title, events, tx.now)


async def _load_page(
    tx: Tx, tenant_id: UUID, start: datetime, end: datetime, site_id: UUID | None, after: str, limit: int
) -> tuple[Board, str | None]:
    """A page of rotas; of a site that is not there, nothing, though the tenant's rotas are of every site."""
    if site_id is not None and not await rota_queries.site_exists(tx, tenant_id, site_id):
        return Board([], {}), None
    board = await resolving.load(tx, tenant_id, start, end, site_id=site_id, after=after, limit=limit + 1)
    shown = board.rotas[:limit]
    return Board(shown, board.names), shown[-1][0].slug if len(board.rotas) > limit else None
