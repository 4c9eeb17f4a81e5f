"""Pushes notices: one push tells a person of all that waits for them; a worker of the courier.

What is due is in the rows. A courier killed before or after it sent leaves a lease that ends: the push goes then, or
goes again under the same key, so that the phone shows one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter
from core.outbox import Listener
from core.worker import sweep_on_news
from incidents.sos import queries as sos_queries
from mobile_contract.notices import PushState
from people import queries as people_queries
from people.model import PersonDevice
from people.notices import push_queries, wording
from people.notices.keeping import LOOK_SOON, SHIFT_WITHIN, WAITS_FOR_SHIFT, Shift, kept_until
from people.notices.model import Notice
from people.notices.service import NEWS_MADE
from people.reach import queries as reach_queries
from people.rotas import service as rotas
from realtime import channels
from realtime.channels import SEND_TIMEOUT_S, Channel, Outcome, OutcomeKind, Target

log = get_logger(__name__)

# Orders go first: few notices are in hand, and what news did not say is looked for slowly.
IN_HAND_MAX = 8
POLL_S = 5.0
LEASE = timedelta(seconds=SEND_TIMEOUT_S + 2.0)
# One push tells of this many at most, more than a person has in a bad month; the rest is the next one's.
TOLD_AT_ONCE = 1000
# A service that is away is asked after 1, 2, 4, 8 and 16 min: half an hour in all, then the list has to do.
ATTEMPTS_MAX = 6
AGAIN = timedelta(minutes=1)

PUSHES = counter("notice_pushes", "Pushes of notices, by what became of them.", ("outcome",))


class _Batch(msgspec.Struct, frozen=True):
    """Notices of one person under one lease, and the phones they go to."""

    notices: list[Notice]
    lease_until: datetime
    devices: list[PersonDevice]
    sent_at: datetime


class NoticeSender:
    """Works until cancelled; ``sweep`` does once what is due now. ``channels`` are those of push services."""

    def __init__(self, db: Database, channels: Mapping[str, Channel], *, lease: timedelta = LEASE) -> None:
        self._db = db
        self._channels = dict(channels)
        self._lease = lease

    async def run(self, listener: Listener) -> None:
        """Send until cancelled; news of a notice wakes it."""
        await sweep_on_news("notices", self.sweep, listener, {NEWS_MADE}, poll_s=POLL_S)

    async def sweep(self) -> int:
        """Push everything due; returns how many people were looked at. One that fails holds up no other."""
        count = 0
        while due := await self._due():
            done = await asyncio.gather(*(self._serve(tenant_id, account_id) for tenant_id, account_id in due))
            count += len(due)
            if not all(done):
                # What failed keeps its lease for a moment, or fails again: the next sweep sees.
                break
        return count

    async def _due(self) -> list[tuple[UUID, UUID]]:
        async with self._db.transaction(None) as tx:
            return await push_queries.list_due(tx, tx.now, IN_HAND_MAX)

    async def _serve(self, tenant_id: UUID, account_id: UUID) -> bool:
        try:
            await self._push(tenant_id, account_id)
        except Unavailable:
            raise
        except Exception:
            log.exception("notice.push_fault", account=str(account_id))
            return False
        return True

    async def _push(self, tenant_id: UUID, account_id: UUID) -> None:
        async with self._db.transaction(tenant_id) as tx:
            batch = await self._take(tx, tenant_id, account_id)
        if batch is None:
            return
        notice = _notice(batch)
        outcomes = await asyncio.gather(*(self._send(notice, device) for device in batch.devices))
        async with self._db.transaction(tenant_id) as tx:
            for device, outcome in zip(batch.devices, outcomes, strict=True):
                if outcome.kind == "gone":
                    await people_queries.retire_push(tx, tenant_id, device.id, device.push_token or "")
            await _write(tx, tenant_id, batch, outcomes)

    async def _send(self, notice: channels.Notice, device: PersonDevice) -> Outcome:
        target = Target(device.id, device.push_token or "", device.locale)
        return await self._channels[str(device.push_channel)].send(notice, target)

    async def _take(self, tx: Tx, tenant_id: UUID, account_id: UUID) -> _Batch | None:
        """Lease what is due of this person and set aside what is not to be sent now; None: nothing is left."""
        until = tx.now + self._lease
        found = await push_queries.lease(tx, tenant_id, account_id, until=until, now=tx.now, limit=TOLD_AT_ONCE)
        unread = [it for it in found if it.read_at is None]
        read = [it.id for it in found if it.read_at is not None]
        await push_queries.settle(tx, tenant_id, read, until, "unneeded")
        kept = await _kept(tx, tenant_id, account_id, unread)
        for notice_id, later in kept.items():
            await push_queries.settle(tx, tenant_id, [notice_id], until, "quiet", next_attempt_at=later)
        sending = [it for it in unread if it.id not in kept]
        if not sending:
            return None
        devices = await people_queries.list_pushable_devices(tx, tenant_id, account_id)
        devices = [device for device in devices if device.push_channel in self._channels]
        if not devices:
            await push_queries.settle(tx, tenant_id, [it.id for it in sending], until, "unreachable")
            PUSHES.labels("unreachable").inc()
            return None
        return _Batch(sending, until, devices, tx.now)


async def _kept(tx: Tx, tenant_id: UUID, account_id: UUID, notices: Sequence[Notice]) -> dict[UUID, datetime]:
    """Those that do not disturb the person now, and when to look again. While they call for help nothing sounds."""
    if not notices:
        return {}
    if await sos_queries.is_calling(tx, tenant_id, account_id):
        return {it.id: tx.now + LOOK_SOON for it in notices}
    quiet = [it for it in await reach_queries.list_quiet_times_at(tx, tenant_id, tx.now) if it.account_id == account_id]
    shifts: list[Shift] = []
    if any(it.kind in WAITS_FOR_SHIFT and not it.urgent for it in notices):
        duties = await rotas.list_coming(tx, tenant_id, tx.now, tx.now + SHIFT_WITHIN, account_id=account_id)
        shifts = [(duty.starts_at, duty.ends_at) for duty in duties]
    looked = {it.id: kept_until(it.kind, urgent=it.urgent, quiet=quiet, shifts=shifts, now=tx.now) for it in notices}
    return {notice_id: later for notice_id, later in looked.items() if later is not None}


async def _write(tx: Tx, tenant_id: UUID, batch: _Batch, outcomes: Sequence[Outcome]) -> None:
    """What the services said; a phone that was reached has told its person."""
    became = _became(outcomes)
    PUSHES.labels(became).inc()
    held = await push_queries.hold(tx, tenant_id, [it.id for it in batch.notices], batch.lease_until)
    for it in batch.notices:
        if it.id not in held:
            continue
        push, later = _after(became, it.attempts + 1, tx.now)
        pushed_at = batch.sent_at if push == "accepted" else None
        await push_queries.settle(
            tx, tenant_id, [it.id], batch.lease_until, push, next_attempt_at=later, pushed_at=pushed_at, tried=True
        )


def _after(became: OutcomeKind, attempts: int, now: datetime) -> tuple[PushState, datetime | None]:
    """The state after so many attempts, and when the next one is."""
    if became == "failed" and attempts < ATTEMPTS_MAX:
        return "waiting", now + AGAIN * 2 ** (attempts - 1)
    states: dict[OutcomeKind, PushState] = {"accepted": "accepted", "gone": "unreachable"}
    return states.get(became, "given_up"), None


def _became(outcomes: Sequence[Outcome]) -> OutcomeKind:
    """Of several phones the best: one that took it is enough, one that may take it later is worth another try."""
    kinds = {outcome.kind for outcome in outcomes}
    if "accepted" in kinds:
        return "accepted"
    if "failed" in kinds:
        return "failed"
    return "refused" if "refused" in kinds else "gone"


def _notice(batch: _Batch) -> channels.Notice:
    """The oldest of them stands for all: a repeat begins with the same one, and has its key."""
    first = batch.notices[0]
    return channels.Notice(
        type="notice",
        delivery=first.id,
        key=first.id.hex,
        task=first.id,
        incident=first.id,
        room=first.id,
        grade=4,
        exercise=False,
        title=wording.title_of(first.facts),
        place=wording.text_of(first.facts),
        sent_at_ms=int(batch.sent_at.timestamp() * 1000),
        quiet=not any(it.urgent for it in batch.notices),
    )
