"""Sends the messages of tests of communications, and begins those that are scheduled; a worker of the courier."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from core.database import Database, Tx
from core.outbox import Listener
from core.worker import sweep_on_news
from incidents.sos import queries as sos_queries
from mobile_contract.text import Text
from people import queries as people_queries
from people.reach import comm_test_queries as queries
from people.reach import comm_tests
from people.reach import queries as reach_queries
from people.reach.comm_test_closing import close_test
from people.reach.model import CommTestMessage
from realtime.channels import SEND_TIMEOUT_S, Channel, Notice, Outcome, Target
from realtime.message_services import MessageService

# Nobody's life hangs on a test: an order's sends go first, so few are in hand and they are looked for slowly.
IN_HAND_MAX = 4
POLL_S = 5.0
LEASE = timedelta(seconds=SEND_TIMEOUT_S + 2.0)
# A service that did not take it is asked this often in all, this far apart: a test is not to flood anybody.
ATTEMPTS_MAX = 3
AGAIN = timedelta(seconds=30)
NOTHING = Text("", "")


class CommTestSender:
    """Works until cancelled; ``sweep`` does once what is due now. ``channels`` are those of push services."""

    def __init__(self, db: Database, channels: Mapping[str, Channel]) -> None:
        self._db = db
        self._channels = dict(channels)

    async def run(self, listener: Listener) -> None:
        """Send until cancelled; news of a test wakes it."""
        await sweep_on_news("comm_tests", self.sweep, listener, {comm_tests.NEWS_TEST}, poll_s=POLL_S)

    async def sweep(self) -> int:
        """Begin scheduled tests, close those that are over, send what is due; returns how many messages were sent."""
        async with self._db.transaction(None) as tx:
            schedules = await queries.list_due_schedules(tx, tx.now)
        for tenant_id, schedule_id in schedules:
            async with self._db.transaction(tenant_id) as tx:
                await comm_tests.start_scheduled(tx, tenant_id, schedule_id)
        async with self._db.transaction(None) as tx:
            over = await queries.list_over(tx, tx.now)
        for tenant_id, test_id in over:
            async with self._db.transaction(tenant_id) as tx:
                await close_test(tx, tenant_id, test_id)
        count = 0
        while due := await self._due():
            await asyncio.gather(*(self._send(tenant_id, message_id) for tenant_id, message_id in due))
            count += len(due)
        return count

    async def _due(self) -> list[tuple[UUID, UUID]]:
        async with self._db.transaction(None) as tx:
            return await queries.list_due_messages(tx, tx.now, IN_HAND_MAX)

    async def _send(self, tenant_id: UUID, message_id: UUID) -> None:
        async with self._db.transaction(tenant_id) as tx:
            message = await queries.lease_message(tx, tenant_id, message_id, until=tx.now + LEASE, now=tx.now)
            if message is None:
                return
            channel, target = await self._way(tx, message)
            sent_at = tx.now
        notice = _notice(message, int(sent_at.timestamp() * 1000))
        outcome = Outcome("refused", code="no_way") if channel is None else await channel.send(notice, target)
        again = outcome.kind == "failed" and message.attempts < ATTEMPTS_MAX
        async with self._db.transaction(tenant_id) as tx:
            if outcome.kind == "gone":
                await people_queries.retire_push(tx, tenant_id, message.device_id, target.address)
            await queries.report_send(
                tx,
                tenant_id,
                message_id,
                outcome.kind,
                outcome.code,
                sent_at=sent_at,
                again_at=tx.now + AGAIN if again else None,
            )

    async def _way(self, tx: Tx, message: CommTestMessage) -> tuple[Channel | None, Target]:
        """The channel and address as they are now; both may have gone since the test began."""
        nowhere = Target(message.device_id, "")
        if await sos_queries.is_calling(tx, message.tenant_id, message.account_id):
            # Not while they call for help: their phone makes no sound.
            return None, nowhere
        if message.channel in self._channels:
            devices = await people_queries.list_pushable_devices(tx, message.tenant_id, message.account_id)
            device = next((d for d in devices if d.id == message.device_id), None)
            if device is None:
                return None, nowhere
            return self._channels[message.channel], Target(device.id, device.push_token or "", device.locale)
        point = await reach_queries.find_contact_point(tx, message.tenant_id, message.device_id)
        services = {s.kind: s for s in await reach_queries.list_message_services(tx, message.tenant_id) if s.enabled}
        account = await people_queries.find_account(tx, message.tenant_id, message.account_id)
        if point is None or point.kind not in services or account is None:
            return None, nowhere
        service = MessageService(point.kind, services[point.kind].url, details=False)
        return service, Target(point.id, point.address, account.locale)


def _notice(message: CommTestMessage, sent_at_ms: int) -> Notice:
    return Notice(
        type="test",
        delivery=message.id,
        key=message.id.hex,
        task=message.test_id,
        incident=message.test_id,
        room=message.test_id,
        grade=4,
        exercise=True,
        title=NOTHING,
        place=NOTHING,
        sent_at_ms=sent_at_ms,
    )
