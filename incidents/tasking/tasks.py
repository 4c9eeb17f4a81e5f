"""A person's answer to a task: take it, or decline it and have it move on at once."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid
from incidents.incident import Task
from incidents.reaching.delivery import Fact, advance, decline
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.tasking import escalation, task_queries
from incidents.tasking.escalation import Asked
from mobile_contract.live import REASON_MAX_CHARS
from people.actor import Actor
from people.permissions import Permission


async def answer(
    tx: Tx,
    actor: Actor,
    task_id: UUID,
    answer: Literal["acknowledge", "decline"],
    reason: str,
    key: str,
) -> Task:
    """Answer a task one was asked for; the same ``key`` again gives the task as it stands and changes nothing.

    Acknowledging the task acknowledges its delivery. A late yes takes a task nobody else said yes to; a late no changes
    nothing (see escalation_choice). Raises NotFound, Forbidden for somebody who was not asked, Invalid, Conflict for a
    key that was used for another answer.
    """
    actor.require(Permission.ANSWER_TASK)
    _check(answer, reason)
    asked = await escalation.lock_asked(tx, actor.tenant_id, task_id)
    row = asked.row_of(actor.account_id)
    if row is None:
        raise Forbidden(
            "task.not_asked", "this task was given to somebody else", "此任务已分配给他人", field="task", value=task_id
        )
    if await _answered_before(tx, actor, task_id, answer, key):
        return asked.task
    if answer == "acknowledge":
        return await _acknowledge(tx, actor, asked, row)
    return await _decline(tx, actor, asked, row, reason)


def _check(answer: str, reason: str) -> None:
    if answer not in {"acknowledge", "decline"}:
        raise Invalid(
            "task.answer",
            f"an answer is acknowledge or decline, not {answer!r}",
            f"答复应为 acknowledge 或 decline,而不是 {answer!r}",
            field="answer",
            value=answer,
            limit=["acknowledge", "decline"],
        )
    if len(reason) > REASON_MAX_CHARS:
        raise Invalid(
            "task.reason_length",
            f"a reason has at most {REASON_MAX_CHARS} characters, this one has {len(reason)}",
            f"原因最多 {REASON_MAX_CHARS} 个字符,此原因为 {len(reason)} 个",
            field="reason",
            value=len(reason),
            limit=REASON_MAX_CHARS,
        )


async def _answered_before(tx: Tx, actor: Actor, task_id: UUID, answer: str, key: str) -> bool:
    # A name of its own in the table: the HTTP edge keeps the same key for the request as a whole.
    request = f"{task_id}:{answer}"
    used_for = await task_queries.claim_key(tx, actor.tenant_id, actor.account_id, f"task-answer:{key}", request)
    if used_for is not None and used_for != request:
        raise Conflict(
            "key.reused", "this key was used for another answer", "此键已用于其他答复", field="key", value=key
        )
    return used_for is not None


async def _acknowledge(tx: Tx, actor: Actor, asked: Asked, row: DeliveryRow) -> Task:
    known = advance(row.known, Fact.ACKNOWLEDGED, tx.now, device_id=_device(actor))
    return await escalation.say_yes(tx, actor.tenant_id, asked, row, known)


async def _decline(tx: Tx, actor: Actor, asked: Asked, row: DeliveryRow, reason: str) -> Task:
    known = decline(row.known, tx.now, device_id=_device(actor))
    return await escalation.say_no(tx, actor, asked, row, known, reason)


def _device(actor: Actor) -> str:
    return "" if actor.device_id is None else str(actor.device_id)
