"""Looks at people who work alone, and rings their phones before a word is due; a worker of the courier.

What is due is in the rows, so a courier killed anywhere leaves it to the next: a reminder it had in hand is sent again
when its lease ends, under the same key.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid5

from core.database import Database
from core.errors import MusterError, Unavailable
from core.logging import get_logger
from core.metrics import counter
from core.outbox import Listener
from incidents.sos import lone_queries, lone_service
from incidents.sos import queries as sos_queries
from incidents.sos.model import LoneSession
from mobile_contract.text import Text
from people import queries as people_queries
from people.model import PersonDevice
from realtime.channels import SEND_TIMEOUT_S, Channel, Notice, Outcome, Target

log = get_logger(__name__)

# A deadline is a minute or more away; this much later at most is help called.
POLL_S = 1.0
AT_ONCE = 50
RINGS_AT_ONCE = 8
LEASE = timedelta(seconds=SEND_TIMEOUT_S + 2.0)
# A service that did not take it is asked again while the word is still due.
ATTEMPTS_MAX = 4
AGAIN = timedelta(seconds=10)
NOTHING = Text("", "")

LOOKS = counter("lone_looks", "Looks at sessions of people who work alone.")


class CheckInSender:
    """Works until cancelled; ``sweep`` does once what is due now. ``channels`` are those of push services."""

    def __init__(self, db: Database, channels: Mapping[str, Channel]) -> None:
        self._db = db
        self._channels = dict(channels)

    async def run(self, listener: Listener) -> None:
        """Look until cancelled; news of a reminder wakes it."""
        woken = asyncio.Event()

        async def listen() -> None:
            async with listener.subscribe({lone_service.NEWS_RING}) as news:
                async for _ in news:
                    woken.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen())
            while True:
                woken.clear()
                try:
                    await self.sweep()
                except Unavailable as problem:
                    log.warning("lone.waiting_for_database", error=str(problem))
                except Exception:
                    log.exception("lone.fault")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await woken.wait()

    async def sweep(self) -> int:
        """Look at what is due, then ring; returns how many were looked at. One that fails holds up no other."""
        async with self._db.transaction(None) as tx:
            due = await lone_queries.list_due(tx, tx.now, AT_ONCE)
        for tenant_id, session_id in due:
            try:
                async with self._db.transaction(tenant_id) as tx:
                    await lone_service.look(tx, tenant_id, session_id)
                LOOKS.inc()
            except Unavailable:
                raise
            except MusterError as problem:
                log.error("lone.look_failed", session=str(session_id), error=str(problem))
            except Exception:
                # A fault of ours in one session must not leave the others alone.
                log.exception("lone.look_failed", session=str(session_id))
        async with self._db.transaction(None) as tx:
            rings = await lone_queries.list_due_rings(tx, tx.now, RINGS_AT_ONCE)
        await asyncio.gather(*(self._ring(tenant_id, session_id) for tenant_id, session_id in rings))
        return len(due)

    async def _ring(self, tenant_id: UUID, session_id: UUID) -> None:
        async with self._db.transaction(tenant_id) as tx:
            session = await lone_queries.lease_ring(tx, tenant_id, session_id, until=tx.now + LEASE, now=tx.now)
            if session is None:
                return
            calling = await sos_queries.is_calling(tx, tenant_id, session.account_id)
            if session.state != "active" or session.remind_at is not None or calling:
                # They spoke meanwhile, or call for help: nothing more is to be said to their phone.
                await lone_queries.report_ring(tx, tenant_id, session_id, 0, None)
                return
            found = await people_queries.list_pushable_devices(tx, tenant_id, session.account_id)
            sent_at_ms = int(tx.now.timestamp() * 1000)
        devices = [d for d in found if d.push_channel in self._channels]
        notice = _notice(session, sent_at_ms)
        outcomes = await asyncio.gather(*(self._send(notice, device) for device in devices))
        taken = sum(outcome.kind == "accepted" for outcome in outcomes)
        again = any(o.kind == "failed" for o in outcomes) and session.ring_attempts < ATTEMPTS_MAX
        async with self._db.transaction(tenant_id) as tx:
            for device, outcome in zip(devices, outcomes, strict=True):
                if outcome.kind == "gone":
                    await people_queries.retire_push(tx, tenant_id, device.id, device.push_token or "")
            await lone_queries.report_ring(tx, tenant_id, session_id, taken, tx.now + AGAIN if again else None)

    async def _send(self, notice: Notice, device: PersonDevice) -> Outcome:
        target = Target(device.id, device.push_token or "", device.locale)
        return await self._channels[str(device.push_channel)].send(notice, target)


def _notice(session: LoneSession, sent_at_ms: int) -> Notice:
    return Notice(
        type="check_in",
        delivery=session.id,
        key=uuid5(session.id, str(session.deadline_at)).hex,
        task=session.id,
        incident=session.id,
        room=session.id,
        grade=4,
        exercise=False,
        title=NOTHING,
        place=NOTHING,
        sent_at_ms=sent_at_ms,
    )
