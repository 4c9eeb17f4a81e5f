"""Use cases of swaps: one proposes a duty of their own, the other side accepts or declines, before it begins."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid
from core.ids import new_id
from mobile_contract.rotas import SwapState
from people.actor import Actor
from people.permissions import Permission
from people.queries import FIRST
from people.rotas import history, resolving, rota_queries, swap_notices, swap_queries
from people.rotas import swaps as rules
from people.rotas.errors import check_account, found
from people.rotas.model import Override, Swap
from people.rotas.rota_service import check_room
from people.rotas.swaps import Half, check_open, halves

# News that a swap was proposed or answered; the key is the swap's id.
CHANGED = "swap.changed"
# Proposals of one person that wait for an answer: more is asking around, which the team's chat is for.
OPEN_MAX = 20


class DutyTime(msgspec.Struct, frozen=True):
    """A duty, or a part of one: which rota and position, from until."""

    rota_id: UUID
    position: int
    starts_at: datetime
    ends_at: datetime


class SwapDraft(msgspec.Struct, frozen=True):
    """A duty of one's own for ``to``, and in return one of theirs where given."""

    to: UUID
    duty: DutyTime
    in_return: DutyTime | None = None
    note: str | None = None


async def propose_swap(tx: Tx, actor: Actor, draft: SwapDraft) -> Swap:
    """Propose a swap of a duty of one's own. Raises NotFound, Invalid, Conflict when a duty is not as said."""
    actor.require(Permission.READ_ROTAS)
    swap = _swap(actor, draft, tx.now)
    if swap.proposed_to == swap.proposed_by:
        raise Invalid("swap.oneself", "nobody swaps with oneself", "不能与本人换班", field="to", value=str(draft.to))
    for half in halves(swap):
        resolving.check_moment(half.starts_at, half.field)
        rules.check_period(half, tx.now)
        field = "rota" if half.giver == actor.account_id else "in_return.rota"
        found(await rota_queries.find_rota(tx, actor.tenant_id, half.rota_id), "rota", half.rota_id, field)
    await _check_people(tx, swap)
    await _check_duties(tx, swap)
    if await swap_queries.count_open_swaps(tx, actor.tenant_id, actor.account_id, tx.now) >= OPEN_MAX:
        raise Conflict(
            "swap.too_many",
            f"{OPEN_MAX} of your proposals wait for an answer; withdraw one first",
            f"您已有 {OPEN_MAX} 个换班申请待答复，请先撤回",
            limit=OPEN_MAX,
        )
    await swap_queries.insert_swap(tx, actor.tenant_id, swap)
    await audit.record(tx, actor.account_id, "swap.proposed", "swap", swap.id, _facts(swap))
    await outbox.wake(tx, CHANGED, swap.id)
    await swap_notices.tell_proposed(tx, swap)
    return swap


async def answer_swap(tx: Tx, actor: Actor, swap_id: UUID, answer: Literal["accept", "decline"]) -> Swap:
    """The other side's answer; accepting changes both duties at once.

    Raises NotFound, Forbidden for anybody else, Conflict when it is closed or a duty was changed meanwhile.
    """
    actor.require(Permission.READ_ROTAS)
    swap = await _lock(tx, actor, swap_id)
    if swap.proposed_to != actor.account_id:
        raise Forbidden("swap.not_yours", "whoever was asked answers a swap", "只有被邀请者可以答复换班")
    state: Literal["accepted", "declined"] = "accepted" if answer == "accept" else "declined"
    if swap.state == state:
        return swap
    check_open(swap, tx.now)
    if answer == "accept":
        await _check_people(tx, swap)
        await _check_duties(tx, swap)
        for half in halves(swap):
            await check_room(tx, actor.tenant_id, half.rota_id)
            await rota_queries.insert_override(tx, actor.tenant_id, _override(swap, half, tx.now))
    saved = await swap_queries.answer_swap(tx, actor.tenant_id, swap_id, state, tx.now)
    await audit.record(tx, actor.account_id, f"swap.{state}", "swap", swap_id, _facts(swap))
    await outbox.wake(tx, CHANGED, swap_id)
    await swap_notices.tell_decided(tx, swap, state, actor.account_id)
    return saved


async def withdraw_swap(tx: Tx, actor: Actor, swap_id: UUID) -> Swap:
    """Take a proposal back, as long as nobody answered; an officer may too. Raises NotFound, Forbidden, Conflict."""
    swap = await _lock(tx, actor, swap_id)
    if swap.proposed_by != actor.account_id:
        actor.require(Permission.MANAGE_PEOPLE)
    if swap.state == "withdrawn":
        return swap
    check_open(swap, tx.now)
    saved = await swap_queries.answer_swap(tx, actor.tenant_id, swap_id, "withdrawn", tx.now)
    await audit.record(tx, actor.account_id, "swap.withdrawn", "swap", swap_id, {})
    await outbox.wake(tx, CHANGED, swap_id)
    await swap_notices.tell_decided(tx, swap, "withdrawn", actor.account_id)
    return saved


async def get_swap(tx: Tx, actor: Actor, swap_id: UUID) -> Swap:
    """One swap: for both sides and officers; to others it is not there. Raises NotFound."""
    actor.require(Permission.READ_ROTAS)
    return _visible(actor, await swap_queries.find_swap(tx, actor.tenant_id, swap_id), swap_id)


async def list_swaps(
    tx: Tx,
    actor: Actor,
    *,
    everybodys: bool,
    rota_id: UUID | None,
    state: SwapState | None,
    after: UUID = FIRST,
    limit: int,
) -> list[Swap]:
    """A page of one's own swaps, both proposed and asked for; an officer may see everybody's."""
    actor.require(Permission.MANAGE_PEOPLE if everybodys else Permission.READ_ROTAS)
    return await swap_queries.list_swaps(
        tx,
        actor.tenant_id,
        account_id=None if everybodys else actor.account_id,
        rota_id=rota_id,
        state=state,
        now=tx.now,
        after=after,
        limit=limit,
    )


async def list_waiting(tx: Tx, actor: Actor, *, rota_id: UUID | None, after: UUID = FIRST, limit: int) -> list[Swap]:
    """A page of the proposals that wait for one's own answer; by when: the first of their duties begins."""
    actor.require(Permission.READ_ROTAS)
    return await swap_queries.list_waiting(
        tx, actor.tenant_id, actor.account_id, rota_id=rota_id, now=tx.now, after=after, limit=limit
    )


async def _lock(tx: Tx, actor: Actor, swap_id: UUID) -> Swap:
    """The swap, locked after its rotas: whoever changes a duty holds its rota."""
    seen = _visible(actor, await swap_queries.find_swap(tx, actor.tenant_id, swap_id), swap_id)
    await rota_queries.lock_rotas(tx, actor.tenant_id, [half.rota_id for half in halves(seen)])
    return _visible(actor, await swap_queries.lock_swap(tx, actor.tenant_id, swap_id), swap_id)


def _visible(actor: Actor, swap: Swap | None, swap_id: UUID) -> Swap:
    if swap is not None and actor.account_id not in (swap.proposed_by, swap.proposed_to):
        swap = swap if actor.may(Permission.MANAGE_PEOPLE) else None
    return found(swap, "swap", swap_id)


async def _check_people(tx: Tx, swap: Swap) -> None:
    people = await rota_queries.list_people(tx, swap.tenant_id, [swap.proposed_by, swap.proposed_to])
    for field, account_id in (("to", swap.proposed_to), ("from", swap.proposed_by)):
        check_account(people, account_id, field)


async def _check_duties(tx: Tx, swap: Swap) -> None:
    """Raise Conflict unless each giver has the duty and each taker is free."""
    for half in halves(swap):
        board = await resolving.load(tx, swap.tenant_id, half.starts_at, half.ends_at, rota_ids=[half.rota_id])
        told = [it for _, eras in board.rotas for it in history.timeline(eras, half.starts_at, half.ends_at)]
        rules.check_duties(half, [it.stint for it in told])


def _override(swap: Swap, half: Half, now: datetime) -> Override:
    return Override(
        swap.tenant_id,
        new_id(),
        half.rota_id,
        half.giver,
        half.taker,
        None,
        half.starts_at,
        half.ends_at,
        swap.note or "swap",
        swap.id,
        swap.proposed_by,
        now,
        None,
    )


def _swap(actor: Actor, draft: SwapDraft, now: datetime) -> Swap:
    back = draft.in_return
    return Swap(
        actor.tenant_id,
        new_id(),
        draft.duty.rota_id,
        draft.duty.position,
        actor.account_id,
        draft.to,
        draft.duty.starts_at,
        draft.duty.ends_at,
        None if back is None else back.rota_id,
        None if back is None else back.position,
        None if back is None else back.starts_at,
        None if back is None else back.ends_at,
        draft.note,
        "proposed",
        now,
        None,
    )


def _facts(swap: Swap) -> dict[str, object]:
    return {"duties": [msgspec.to_builtins(half) for half in halves(swap)]}
