"""Swaps of duties between two people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from core.errors import Invalid
from mobile_contract.paging import Page
from mobile_contract.rotas import DutyPeriod, NewSwap, SwapAnswer, SwapPeriod, SwapState, SwapView
from people.permissions import Permission
from people.queries import FIRST
from people.rotas import swap_service as service
from people.rotas.model import Swap
from people.rotas.swap_service import DutyTime
from people.rotas.swaps import halves, state_of


@get("/v1/swaps", guards=[needs(Permission.READ_ROTAS)])
async def list_swaps(
    call: Call,
    rota: FromQuery[UUID | None] = None,
    status: FromQuery[SwapState | None] = None,
    everybodys: Annotated[bool, QueryParameter(name="all", description="Everybody's; needs manage_people.")] = False,
    waiting: Annotated[bool, QueryParameter(description="Those that wait for one's own answer.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SwapView]:
    """One's own swaps, proposed and asked for, oldest first; `waiting` goes with neither `all` nor `status`."""
    after = read_cursor(cursor, UUID, FIRST)
    if waiting:
        _check_alone(everybodys=everybodys, status=status)
        rows = await service.list_waiting(call.tx, call.actor, rota_id=rota, after=after, limit=limit + 1)
    else:
        rows = await service.list_swaps(
            call.tx, call.actor, everybodys=everybodys, rota_id=rota, state=status, after=after, limit=limit + 1
        )
    return page(rows, limit, key=lambda swap: swap.id, view=lambda swap: swap_view(swap, call.tx.now))


@get("/v1/swaps/{swap_id:uuid}", guards=[needs(Permission.READ_ROTAS)])
async def get_swap(call: Call, swap_id: FromPath[UUID]) -> SwapView:
    """One swap, for both its sides and for officers."""
    return swap_view(await service.get_swap(call.tx, call.actor, swap_id), call.tx.now)


@post("/v1/swaps", guards=[needs(Permission.READ_ROTAS)])
async def propose_swap(data: JSONBody[NewSwap], write: Write) -> Response[SwapView]:
    """Propose that somebody takes a duty of one's own, and in return gives one of theirs if wanted."""

    async def work() -> SwapView:
        in_return = None if data.in_return is None else _duty(data.in_return)
        draft = service.SwapDraft(data.to, _duty(data.duty), in_return, data.note)
        return swap_view(await service.propose_swap(write.tx, write.actor, draft), write.tx.now)

    return await write.once(work)


@post("/v1/swaps/{swap_id:uuid}/answer", status_code=200, guards=[needs(Permission.READ_ROTAS)])
async def answer_swap(data: JSONBody[SwapAnswer], call: Call, swap_id: FromPath[UUID]) -> SwapView:
    """Accept or decline, as the one who was asked; accepting changes both duties at once."""
    return swap_view(await service.answer_swap(call.tx, call.actor, swap_id, data.answer), call.tx.now)


@post("/v1/swaps/{swap_id:uuid}/withdraw", status_code=200, guards=[needs(Permission.READ_ROTAS)])
async def withdraw_swap(call: Call, swap_id: FromPath[UUID]) -> SwapView:
    """Take a proposal back that nobody answered yet: one's own, or any with manage_people."""
    return swap_view(await service.withdraw_swap(call.tx, call.actor, swap_id), call.tx.now)


def _check_alone(*, everybodys: bool, status: SwapState | None) -> None:
    """Raise Invalid where more is asked of ``waiting`` than it can mean."""
    if everybodys or status is not None:
        field, value = ("all", "true") if everybodys else ("status", status)
        raise Invalid(
            "swap.waiting",
            f"{field} does not go with waiting: those are one's own, and proposed",
            f"{field} 不能与 waiting 同用：待答复的换班只属于本人且为 proposed",
            field=field,
            value=value,
        )


def _duty(it: DutyPeriod) -> DutyTime:
    return DutyTime(it.rota, it.position, it.starts_at, it.ends_at)


def swap_view(swap: Swap, now: datetime) -> SwapView:
    """A swap as the wire shows it."""
    duties = [SwapPeriod(it.rota_id, it.position, it.starts_at, it.ends_at) for it in halves(swap)]
    return SwapView(
        swap.id,
        swap.proposed_by,
        swap.proposed_to,
        duties[0],
        duties[1] if len(duties) > 1 else None,
        swap.note,
        state_of(swap, now),
        swap.created_at,
        swap.answered_at,
    )


router = Router("/", route_handlers=[list_swaps, get_swap, propose_swap, answer_swap, withdraw_swap], tags=["rotas"])
