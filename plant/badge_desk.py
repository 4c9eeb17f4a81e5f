"""Badge messages of one site on their way to the sink: acknowledged after COMMIT and not before.

They are rare beside readings (a shift of 2,000 through the gates is a swipe a second) and never wait behind them.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from core.database import Database, Tx
from core.logging import get_logger
from core.metrics import counter
from plant.badge_protocol import DeviceSwipe
from plant.errors import LeaseLost
from plant.faults import TRANSIENT, pause_s
from plant.leases import assert_held
from plant.model import Lease
from plant.mqtt_link import Link
from plant.ports import ReadingSink

log = get_logger(__name__)

# Messages stored in one transaction: beyond it the first waits for the last.
MESSAGES_MAX = 50
# A message that fails by itself so often, for a fault of ours, holds a place in the broker's window (mosquitto: 20)
# that the others need: it is let go, and said aloud.
ATTEMPTS_MAX = 5

_lost = counter("badge_swipes_undecided", "Badge events let go: storing them kept failing for a fault of ours.")


class HeldSwipes(msgspec.Struct):
    """One message: its swipes, and how its sender is told."""

    link: Link | None
    mid: int
    swipes: list[DeviceSwipe]
    ack: tuple[str, bytes] | None
    failures: int = 0


class BadgeDesk:
    """Takes badge messages in the order they came and hands them to the sink, until cancelled."""

    def __init__(self, db: Database, lease: Lease, sink: ReadingSink) -> None:
        self._db = db
        self._lease = lease
        self._sink = sink
        self._waiting: deque[HeldSwipes] = deque()
        self._arrived = asyncio.Event()

    def take(self, held: HeldSwipes) -> None:
        """A message came. How many wait is bounded by the broker: it sends no more than its window unacknowledged."""
        self._waiting.append(held)
        self._arrived.set()

    async def run(self) -> None:
        """Store until cancelled; raises LeaseLost when another gateway has the site."""
        failures = 0
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(len(self._waiting), MESSAGES_MAX))]
                left = await self._store(some)
                self._waiting.extendleft(reversed(left))
                failures = failures + 1 if left else 0
                if left:
                    await asyncio.sleep(pause_s(failures - 1))

    async def _store(self, some: list[HeldSwipes]) -> list[HeldSwipes]:
        """Store these together; what must come again is returned."""
        try:
            async with self._db.transaction(self._lease.tenant_id) as tx:
                await self._hand_over(tx, some)
        except LeaseLost:
            raise
        except TRANSIENT as problem:
            log.warning("gateway.database_away", error=str(problem), badge_messages=len(some))
            return some
        except Exception as problem:
            if len(some) > 1:
                return [left for one in some for left in await self._store([one])]
            log.exception("gateway.badges_failed", error=str(problem), swipes=len(some[0].swipes))
            return self._again(some[0])
        for one in some:
            _tell(one)
        return []

    async def _hand_over(self, tx: Tx, some: list[HeldSwipes]) -> None:
        await assert_held(tx, self._lease)
        await self._sink.badges_read(tx, [swipe for one in some for swipe in one.swipes])

    def _again(self, one: HeldSwipes) -> list[HeldSwipes]:
        one.failures += 1
        if one.failures < ATTEMPTS_MAX:
            return [one]
        _lost.inc(len(one.swipes))
        log.error("gateway.badges_undecided", swipes=len(one.swipes))
        # The packet alone: the controller's own number stays unanswered, so it may send the batch again.
        one.ack = None
        _tell(one)
        return []


def _tell(one: HeldSwipes) -> None:
    if one.link is not None:
        one.link.ack([one.mid] if one.mid else [])
        one.link.send([one.ack] if one.ack else [])
