"""A task with its escalation and everyone asked for it: locked, and told of what changes in the transaction.

Locks are taken in the order incident, escalation, task, deliveries; the room comes last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.database import Tx
from incidents import rooms
from incidents.incident import Task
from incidents.reaching import delivery_queries
from incidents.reaching.delivery import Answer, Delivery, said_yes
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.tasking import escalation_moves, escalation_queries, task_queries
from incidents.tasking.escalation_queries import EscalationRow
from incidents.tasking.policy import ANYBODY, default_policy
from mobile_contract.room_events import EscalationChanged
from mobile_contract.room_views import EscalationView, NeedView


class Asked(msgspec.Struct):
    """Everything an answer to a task may change; rows and ``known`` (what each delivery is by now) move along."""

    task: Task
    escalation: EscalationRow
    rows: list[DeliveryRow]
    known: dict[UUID, Delivery]
    why_ended: dict[UUID, str]
    over: bool = False
    """The task is done or blocked, or the incident closed: nobody is looked for."""
    counting: frozenset[UUID] = frozenset()
    """Whose yes fills a place, after the last look."""

    def row_of(self, account_id: UUID) -> DeliveryRow | None:
        """The person's own delivery, the latest if they were asked again."""
        return next((row for row in reversed(self.rows) if row.account_id == account_id), None)

    def times_asked(self, account_id: UUID) -> int:
        """How often the person was asked for this task."""
        return sum(row.account_id == account_id for row in self.rows)

    def learn(self, row: DeliveryRow, known: Delivery, why: str | None = None) -> None:
        """The delivery is this by now; ``why``: what ended the asking."""
        self.known[row.id] = known
        if why is not None:
            self.why_ended.setdefault(row.id, why)

    def people(self, now: datetime) -> list[escalation_moves.Asked]:
        """Everyone asked, as they stand, in the order of their latest order."""
        by_account: dict[UUID, list[DeliveryRow]] = {}
        for row in self.rows:
            by_account.setdefault(row.account_id, []).append(row)
        latest = sorted(by_account.values(), key=lambda rows: (rows[-1].queued_at, rows[-1].id))
        return [self._person(rows, now) for rows in latest]

    def _person(self, rows: Sequence[DeliveryRow], now: datetime) -> escalation_moves.Asked:
        """Their last answer to any of their orders is their answer."""
        known = [self.known[row.id] for row in rows]
        answer = max((d.answer for d in known if d.answer is not None), default=None)
        last = rows[-1]
        return escalation_moves.Asked(
            account_id=last.account_id,
            round=last.round,
            waiting=answer is None and any(d.ended is None for d in known),
            counted=last.counted_until is None or now < last.counted_until,
            said=None if answer is None else "no" if answer.no else "yes",
            said_at=None if answer is None else _since(known, answer),
            moving=any(said_yes(d) and d.moving is not None for d in known),
            released=self.why_ended.get(last.id) == "released",
        )


def _since(known: Sequence[Delivery], answer: Answer) -> datetime:
    """When they first said what they say now: who is moving said yes before that."""
    noes = [d.declined.at for d in known if d.declined is not None]
    yeses = [stated.at for d in known for stated in (d.acknowledged, d.moving) if stated is not None]
    if answer.no:
        return answer.at
    return min((at for at in yeses if not noes or at > max(noes)), default=answer.at)


async def lock_asked(tx: Tx, tenant_id: UUID, task_id: UUID) -> Asked:
    """Lock incident, escalation, task and deliveries, in this order; raises NotFound."""
    incident = await task_queries.lock_incident_of(tx, tenant_id, task_id)
    row = await escalation_queries.lock_escalation(tx, tenant_id, task_id)
    task = await task_queries.lock_task(tx, tenant_id, task_id)
    rows = await delivery_queries.lock_task_deliveries(tx, tenant_id, task_id)
    if row is None:
        row = await _begun_before(tx, task, rows)
    asked = asked_of(task, row, rows)
    asked.over = incident.state == "closed" or task.is_over or task.blocked_at is not None
    return asked


def asked_of(task: Task, row: EscalationRow, rows: list[DeliveryRow]) -> Asked:
    """The rows as they stand in the database."""
    whys = {r.id: r.ended_why for r in rows if r.ended_why is not None}
    return Asked(task, row, rows, {r.id: r.known for r in rows}, whys)


async def _begun_before(tx: Tx, task: Task, rows: list[DeliveryRow]) -> EscalationRow:
    """A task that was given before escalations had rows of their own goes on by the default policy."""
    row = new_escalation(tx, task, rows[0].content if rows else {})
    await escalation_queries.insert_escalation(tx, row)
    await rooms.append_to_incident(tx, task.tenant_id, task.incident_id, EscalationChanged(escalation_view(row)))
    return row


def new_escalation(tx: Tx, task: Task, content: dict[str, object]) -> EscalationRow:
    """An escalation at its beginning, by the default policy."""
    needs = tuple(task.needs) or ANYBODY
    return EscalationRow(
        tenant_id=task.tenant_id,
        task_id=task.id,
        incident_id=task.incident_id,
        policy=default_policy(task.role),
        needs=needs,
        content=content,
        state="running",
        step=0,
        round=0,
        step_started_at=tx.now,
        met=[0] * len(needs),
        crew=[],
        started_at=tx.now,
        met_at=None,
        paused_until=None,
        paused_by=None,
        pause_reason=None,
        due_at=None,
        lease_holder=None,
        lease_until=None,
        fencing=1,
    )


def escalation_view(row: EscalationRow) -> EscalationView:
    """An escalation as rooms and the API show it."""
    needs = [
        NeedView(skill=need.skill, count=need.count, fact=need.fact, met=met)
        for need, met in zip(row.needs, row.met, strict=True)
    ]
    return EscalationView(
        task=row.task_id,
        state=row.state,
        policy=row.policy.slug,
        step=row.step,
        round=row.round,
        needs=needs,
        crew=row.crew,
        started_at=row.started_at,
        met_at=row.met_at,
        paused_until=row.paused_until,
    )


def moved(row: EscalationRow, known: escalation_moves.Escalation) -> EscalationRow:
    """The row with what the pure escalation says by now."""
    paused = known.state == "paused"
    return replace(
        row,
        state=known.state,
        step=known.step,
        round=known.round,
        step_started_at=known.step_started_at,
        paused_until=known.paused_until,
        paused_by=row.paused_by if paused else None,
        pause_reason=row.pause_reason if paused else None,
    )
