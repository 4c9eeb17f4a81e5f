"""The courier's short transactions: take, report, move on around a send, and the look at an escalation that is due.

Killed before ``take`` commits: nothing happened. Killed after it: the lease runs out, the delivery is still in flight
and is sent again with the same dedupe key. Killed after the send, before ``report``: the same; the device shows one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Database, Tx
from core.ids import new_id
from incidents import rooms
from incidents.reaching import deliveries, delivery_queries
from incidents.reaching.delivery import (
    Delivery,
    DeliveryPolicy,
    EscalateChannel,
    EscalatePerson,
    Fact,
    NextStep,
    Send,
    WaitUntil,
    advance,
    begin_send,
    next_step,
    retry_delay_s,
    send_failed,
    send_refused,
    send_taken,
)
from incidents.reaching.delivery_queries import DeliveryRow
from incidents.reaching.orders import OrderContent
from incidents.sos import queries as sos_queries
from incidents.tasking import escalation, escalation_queries
from people import queries as people_queries
from people.model import PersonDevice
from people.reach.service import message_ways
from realtime.channels import Notice, Outcome, Target


class Sending(msgspec.Struct, frozen=True):
    """A leased send: to which devices (attempt id, target), on which channel, saying what.

    ``service``: the address of the tenant's own mail, text or chat service; empty for a push channel of ours.
    """

    tenant_id: UUID
    delivery_id: UUID
    fencing: int
    channel: str
    step: int
    notice: Notice
    targets: list[tuple[UUID, Target]]
    service: str = ""


class Way(msgspec.Struct, frozen=True):
    """A channel for one person: their addresses on it, and whose service it is (see Sending)."""

    targets: list[Target]
    service: str = ""


class Result(msgspec.Struct, frozen=True):
    """What became of one target of a sending."""

    attempt_id: UUID
    target: Target
    outcome: Outcome


class Desk:
    """Where the courier takes and reports; ``order`` names its channels, first choice first."""

    def __init__(self, db: Database, order: Sequence[str], policy: DeliveryPolicy, holder: str, lease_s: float) -> None:
        self._db = db
        self._order = tuple(order)
        self._policy = policy
        self._holder = holder
        self._lease = timedelta(seconds=lease_s)

    async def list_due(self, limit: int) -> list[tuple[UUID, UUID]]:
        """(tenant, delivery) of what is due and free."""
        async with self._db.transaction(None) as tx:
            return await delivery_queries.list_due(tx, tx.now, limit)

    async def find_next_due(self) -> datetime | None:
        """When something becomes due next."""
        async with self._db.transaction(None) as tx:
            times = [await delivery_queries.find_next_due(tx), await escalation_queries.find_next_due(tx)]
            return min((t for t in times if t is not None), default=None)

    async def list_due_escalations(self, limit: int) -> list[tuple[UUID, UUID]]:
        """(tenant, task) of escalations that are due and free."""
        async with self._db.transaction(None) as tx:
            return await escalation_queries.list_due(tx, tx.now, limit)

    async def take(self, tenant_id: UUID, delivery_id: UUID) -> Sending | None:
        """Lease a due delivery and do what is next; a Sending when that is to send."""
        async with self._db.transaction(tenant_id) as tx:
            row = await delivery_queries.lease_delivery(
                tx, tenant_id, delivery_id, holder=self._holder, until=tx.now + self._lease, now=tx.now
            )
            if row is None:
                return None
            channels = await self._channels_of(tx, row)
            step = next_step(row.known, tuple(channels), row.policy(self._policy), tx.now)
            if isinstance(step, Send | EscalateChannel):
                return await self._begin(tx, row, step, channels[step.channel])
            await delivery_queries.release_lease(tx, tenant_id, row.id, row.fencing)
            if not isinstance(step, EscalatePerson):
                await delivery_queries.reschedule(tx, tenant_id, row.id, _due(step))
                return None
        await self._move_on(tenant_id, row)
        return None

    async def set_aside(self, tenant_id: UUID, delivery_id: UUID) -> None:
        """Hold a delivery whose ``take`` failed, and was rolled back with its lease, for as long as one lasts: it is
        the oldest that is due, and would be taken before everybody else's again and again."""
        async with self._db.transaction(tenant_id) as tx:
            until = tx.now + self._lease
            await delivery_queries.lease_delivery(
                tx, tenant_id, delivery_id, holder=self._holder, until=until, now=tx.now
            )

    async def look_again(self, tenant_id: UUID, task_id: UUID) -> None:
        """Lease an escalation that is due and make its moves; what changed it meanwhile was newer, and stands."""
        async with self._db.transaction(tenant_id) as tx:
            fencing = await escalation_queries.lease_escalation(
                tx, tenant_id, task_id, holder=self._holder, until=tx.now + self._lease, now=tx.now
            )
        if fencing is None:
            return
        async with self._db.transaction(tenant_id) as tx:
            await escalation.look_again(tx, tenant_id, task_id, fencing)

    async def report(self, sending: Sending, results: Sequence[Result], jitter: float) -> None:
        """Write what became of a send. The facts are facts even if the lease ran out meanwhile."""
        tenant_id = sending.tenant_id
        async with self._db.transaction(tenant_id) as tx:
            row = await delivery_queries.lock_delivery(tx, tenant_id, sending.delivery_id)
            for result in results:
                await self._write_result(tx, tenant_id, result)
            mine = await delivery_queries.release_lease(tx, tenant_id, row.id, sending.fencing)
            known = _with_acceptance(row.known, results, tx.now)
            if mine and known.ended is None and known.step == sending.step:
                known = _with_outcome(known, [r.outcome for r in results], tx.now, jitter)
            channel = sending.channel if known.accepted is not None and row.known.accepted is None else row.channel
            channels = tuple(await self._channels_of(tx, row))
            due = _due(next_step(known, channels, row.policy(self._policy), tx.now), tx.now)
            await deliveries.save(tx, tenant_id, row, known, due if mine else row.due_at, channel=channel)

    async def _begin(self, tx: Tx, row: DeliveryRow, step: Send | EscalateChannel, way: Way) -> Sending:
        known = begin_send(row.known, step.step, tx.now)
        done = await delivery_queries.list_accepted_devices(tx, row.tenant_id, row.id, step.channel)
        targets = [(new_id(), target) for target in way.targets if target.device_id not in done]
        attempts = {attempt_id: target.device_id for attempt_id, target in targets}
        await delivery_queries.begin_attempt(tx, row.tenant_id, row.id, step.channel, attempts, tx.now)
        await deliveries.save(tx, row.tenant_id, row, known, row.due_at)
        room_id = await rooms.room_id_of(tx, row.tenant_id, row.incident_id)
        notice = _notice(row, room_id, tx.now)
        return Sending(row.tenant_id, row.id, row.fencing, step.channel, step.step, notice, targets, way.service)

    async def _move_on(self, tenant_id: UUID, row: DeliveryRow) -> None:
        """Ask the next person; decided again under the task's lock, since an answer may have come meanwhile."""
        async with self._db.transaction(tenant_id) as tx:
            asked = await escalation.lock_asked(tx, tenant_id, row.task_id)
            row = next(r for r in asked.rows if r.id == row.id)
            channels = tuple(await self._channels_of(tx, row))
            step = next_step(row.known, channels, row.policy(self._policy), tx.now)
            if isinstance(step, EscalatePerson):
                await escalation.move_on(tx, tenant_id, asked, row, row.known, step.why)

    async def _channels_of(self, tx: Tx, row: DeliveryRow) -> dict[str, Way]:
        """The person's addresses by channel, in the order of channels: push, then mail, texts and chats.

        A channel that was tried stays in the list when its last address was retired: ``step`` counts places in it.
        """
        devices = await people_queries.list_pushable_devices(tx, row.tenant_id, row.account_id)
        calling = await sos_queries.is_calling(tx, row.tenant_id, row.account_id)
        # A phone whose owner calls for help makes no sound: not for this order, and not for another.
        devices = [] if calling else devices
        ways = {name: Way([_target(d) for d in devices if d.push_channel == name]) for name in self._order}
        ways |= {
            kind: Way([Target(point.id, point.address, locale) for point in points if not calling], url)
            for kind, url, locale, points in await message_ways(tx, row.tenant_id, row.account_id)
        }
        tried = await delivery_queries.list_tried_channels(tx, row.tenant_id, row.id)
        order = row.channel_order(tuple(ways))
        return {name: ways[name] for name in order if name in ways and (ways[name].targets or name in tried)}

    async def _write_result(self, tx: Tx, tenant_id: UUID, result: Result) -> None:
        outcome, target = result.outcome, result.target
        await delivery_queries.end_attempt(
            tx, tenant_id, result.attempt_id, tx.now, outcome.kind, outcome.message_id, outcome.code
        )
        if outcome.kind == "gone":
            await people_queries.retire_push(tx, tenant_id, target.device_id, target.address)


def _with_acceptance(known: Delivery, results: Collection[Result], now: datetime) -> Delivery:
    for result in results:
        if result.outcome.kind == "accepted":
            message_id = result.outcome.message_id or ""
            known = advance(known, Fact.ACCEPTED, now, device_id=str(result.target.device_id), message_id=message_id)
    return known


def _with_outcome(known: Delivery, outcomes: Sequence[Outcome], now: datetime, jitter: float) -> Delivery:
    """One device that failed is tried again although another took it; nothing left to try is a taken send."""
    failed = [outcome for outcome in outcomes if outcome.kind == "failed"]
    if failed:
        waits = [retry_delay_s(known.failures + 1, jitter, outcome.retry_after_s) for outcome in failed]
        return send_failed(known, now + timedelta(seconds=min(waits)))
    # No outcome at all: every device took it before, or no address was left to send to.
    taken = any(outcome.kind == "accepted" for outcome in outcomes) if outcomes else known.accepted is not None
    return send_taken(known) if taken else send_refused(known)


def _due(step: NextStep, now: datetime | None = None) -> datetime | None:
    if isinstance(step, WaitUntil):
        return step.at
    return None if now is None or not isinstance(step, Send | EscalateChannel | EscalatePerson) else now


def _target(device: PersonDevice) -> Target:
    return Target(device.id, device.push_token or "", device.locale)


def _notice(row: DeliveryRow, room_id: UUID, now: datetime) -> Notice:
    content = msgspec.convert(row.content, OrderContent)
    return Notice(
        delivery=row.id,
        key=row.dedupe_key,
        task=row.task_id,
        incident=row.incident_id,
        room=room_id,
        grade=content.grade,
        exercise=content.exercise,
        title=content.title,
        place=content.place,
        sent_at_ms=int(now.timestamp() * 1000),
    )
