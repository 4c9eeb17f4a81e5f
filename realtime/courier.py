"""The courier: sends due orders through the channels, and moves on when nobody receives or answers them.

Any number of couriers share the work by leases. News of ``delivery.queued`` wakes one at once; a timer wakes it when a
wait ends, and at least every POLL_S, because news can be lost and another courier's lease can run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import cast
from uuid import UUID

from core.database import Database
from core.errors import Unavailable
from core.ids import new_id
from core.logging import get_logger
from core.metrics import counter, gauge
from core.outbox import Listener
from incidents.reaching.delivery import DeliveryPolicy
from incidents.reaching.orders import NEWS_QUEUED
from people.reach.model import ContactKind
from realtime.channels import SEND_TIMEOUT_S, Channel, Outcome
from realtime.message_services import MessageService
from realtime.sending import Desk, Result, Sending

log = get_logger(__name__)

# Deliveries in hand at once. Each holds a database connection for milliseconds and an HTTP/2 stream for up to
# SEND_TIMEOUT_S; the pool has 12 connections, so more in hand would only queue for them while their leases run.
IN_HAND_MAX = 32
# The most a lost NOTIFY, or the lease of a dead courier, adds to an order's way.
POLL_S = 1.0
# Between the end of the slowest send and the end of its lease: time to write the outcome.
REPORT_MARGIN_S = 1.0
# While the database is away there is nothing to decide; it is asked again after this.
RETRY_S = 0.5

TAKEN = counter("courier_sends", "Leased sends, by channel and what became of each device.", ("channel", "outcome"))
FAULTS = counter(
    "courier_faults", "Deliveries and escalations that stopped at an unexpected error and are taken again."
)
IN_HAND = gauge("courier_in_hand", "Deliveries and escalations this courier works on now.")


class Courier:
    """Works until cancelled; ``sweep`` does once what is due now."""

    def __init__(
        self,
        db: Database,
        channels: Mapping[str, Channel],
        *,
        policy: DeliveryPolicy | None = None,
        lease_s: float = 6.0,
        seed: int | None = None,
        details: bool = False,
    ) -> None:
        self._details = details
        # A lease that ends before a send does would have every slow send repeated by another courier.
        lease_s = max(lease_s, SEND_TIMEOUT_S + REPORT_MARGIN_S)
        self._clock = db.clock
        self._channels = dict(channels)
        self._desk = Desk(db, list(channels), policy or DeliveryPolicy(), f"courier-{new_id()}", lease_s)
        self._random = random.Random(seed)  # noqa: S311 - spreads repeats, hides nothing
        self._in_hand: set[UUID] = set()

    async def run(self, listener: Listener, stopping: asyncio.Event) -> None:
        """Send and escalate until ``stopping``; what is in hand then is finished."""
        woken = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(self._listen(listener, woken)),
                tasks.create_task(_wake_on(stopping, woken)),
            ]
            while not stopping.is_set():
                woken.clear()
                pause_s = await self._start_due(tasks)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await woken.wait()
            for helper in helpers:
                helper.cancel()

    async def sweep(self) -> int:
        """Take and finish everything due now, again and again until nothing is; returns how many were taken up."""
        count = 0
        while True:
            escalations = await self._desk.list_due_escalations(IN_HAND_MAX)
            due = await self._desk.list_due(IN_HAND_MAX)
            if not due and not escalations:
                return count
            await asyncio.gather(*(self._desk.look_again(tenant, task) for tenant, task in escalations))
            await asyncio.gather(*(self._handle(tenant, delivery) for tenant, delivery in due))
            count += len(due) + len(escalations)

    async def _listen(self, listener: Listener, woken: asyncio.Event) -> None:
        async with listener.subscribe({NEWS_QUEUED}) as news:
            async for _ in news:
                woken.set()

    async def _start_due(self, tasks: asyncio.TaskGroup) -> float:
        """Start what is due and fits; returns how long to sleep at most."""
        try:
            room = IN_HAND_MAX - len(self._in_hand)
            due = [] if room <= 0 else await self._desk.list_due(IN_HAND_MAX)
            escalations = [] if room <= 0 else await self._desk.list_due_escalations(IN_HAND_MAX)
            # Orders first: a person who is asked already is nearer than one who is to be found.
            work = [(*found, self._handle) for found in due] + [
                (*found, self._desk.look_again) for found in escalations
            ]
            fresh = [item for item in work if item[1] not in self._in_hand][:room]
            for tenant, what, handle in fresh:
                self._in_hand.add(what)
                tasks.create_task(self._work(tenant, what, handle))
            IN_HAND.set(len(self._in_hand))
            next_due = await self._desk.find_next_due()
        except Unavailable as problem:
            log.warning("courier.waiting_for_database", error=str(problem))
            return RETRY_S
        if next_due is None:
            return POLL_S
        # Something due that is in hand already, or in another courier's: no reason to spin.
        return min(POLL_S, max((next_due - self._clock.now()).total_seconds(), 0.02))

    async def _work(self, tenant_id: UUID, what: UUID, handle: Callable[[UUID, UUID], Awaitable[None]]) -> None:
        """Handle a delivery or a task's escalation."""
        try:
            await handle(tenant_id, what)
        except Unavailable as problem:
            # The lease runs out and it is taken again: by us or by somebody whose database answers.
            log.warning("courier.interrupted", what=str(what), error=str(problem))
        except Exception:
            # One that trips over a fault of ours must not keep everybody else's orders from being sent. It is taken
            # again when its lease runs out; until then the log and the counter call for a person.
            FAULTS.inc()
            log.exception("courier.fault", what=str(what))
            with contextlib.suppress(Unavailable):
                await self._desk.set_aside(tenant_id, what)
        finally:
            self._in_hand.discard(what)

    async def _handle(self, tenant_id: UUID, delivery_id: UUID) -> None:
        sending = await self._desk.take(tenant_id, delivery_id)
        if sending is None:
            return
        outcomes = await asyncio.gather(*(self._send(sending, i) for i in range(len(sending.targets))))
        results = [
            Result(attempt_id, target, outcome)
            for (attempt_id, target), outcome in zip(sending.targets, outcomes, strict=True)
        ]
        await self._desk.report(sending, results, self._random.random())

    def _channel(self, sending: Sending) -> Channel:
        """One of ours, or the tenant's own service, made anew: its address may have been changed a moment ago."""
        if not sending.service:
            return self._channels[sending.channel]
        return MessageService(cast(ContactKind, sending.channel), sending.service, details=self._details)

    async def _send(self, sending: Sending, index: int) -> Outcome:
        target = sending.targets[index][1]
        try:
            outcome = await self._channel(sending).send(sending.notice, target)
        except Exception as problem:
            # Without an outcome it would be sent on the same channel until nobody waits for an answer any more, and
            # what the person's other phones took would be forgotten.
            log.exception("courier.channel_fault", delivery=str(sending.delivery_id), channel=sending.channel)
            outcome = Outcome("failed", code=type(problem).__name__)
        TAKEN.labels(sending.channel, outcome.kind).inc()
        log.info(
            "delivery.sent",
            delivery=str(sending.delivery_id),
            device=str(target.device_id),
            channel=sending.channel,
            outcome=outcome.kind,
            code=outcome.code,
        )
        return outcome


async def _wake_on(stopping: asyncio.Event, woken: asyncio.Event) -> None:
    await stopping.wait()
    woken.set()
