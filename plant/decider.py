"""Readings that may change something: decided in the order they came, and one sensor's fault holds up no other.

A message is acknowledged when everything in it is decided. What can not be decided is set aside and tried again; the
messages of its sensor wait behind it, those of all others do not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from core.database import Tx
from core.logging import get_logger
from core.metrics import counter
from plant.errors import LeaseLost
from plant.faults import TRANSIENT, pause_s
from plant.intake import Held, Intake, readings_stored
from plant.model import Reading
from plant.ports import ReadingSink

log = get_logger(__name__)

# Messages on the transition path that share one transaction; more and the first waits for the last.
DECIDE_MESSAGES = 200
# Messages set aside at most. Each holds a place in the broker's window (mosquitto's default is 20), and a full window
# means that nobody of the site is heard any more: beyond this the oldest is stored undecided, and said aloud.
ASIDE_MAX = 10

_broken = counter("ingest_decision_faults", "Transitions that failed for a reason other than the database.")
_undecided = counter("ingest_undecided_readings", "Readings stored without a decision: deciding on them kept failing.")

# Writes the readings of these messages in the given transaction.
StoreHeld = Callable[[Tx, Sequence[Held]], Awaitable[None]]


class Decider:
    """Takes ``intake.transitions`` to the sink; ``look`` when there are new ones."""

    def __init__(self, sink: ReadingSink, intake: Intake, store: StoreHeld) -> None:
        self._sink = sink
        self._intake = intake
        self._store = store
        self._arrived = asyncio.Event()
        self._aside: deque[Held] = deque()
        self._faulty: set[UUID] = set()
        self._failures = 0
        self._again_at = 0.0

    def look(self) -> None:
        """Messages have come."""
        self._arrived.set()

    async def run(self) -> None:
        """Decide until cancelled; raises LeaseLost when another gateway has the site."""
        away = 0
        while True:
            await self._wait()
            if self._aside and asyncio.get_running_loop().time() >= self._again_at:
                await self._try_again()
            while held := self._next():
                rest = await (self._decide_apart(held) if self._is_faulty(held[0]) else self._decide(held))
                if not rest:
                    away = 0
                    continue
                self._intake.transitions.extendleft(reversed(rest))
                await asyncio.sleep(pause_s(away))
                away += 1

    async def _wait(self) -> None:
        left_s = max(self._again_at - asyncio.get_running_loop().time(), 0.0) if self._aside else None
        try:
            async with asyncio.timeout(left_s):
                await self._arrived.wait()
        except TimeoutError:
            return
        self._arrived.clear()

    def _next(self) -> list[Held]:
        """The next messages that go together; one of a sensor that can not be decided now goes alone."""
        held: list[Held] = []
        waiting = self._intake.transitions
        while waiting and len(held) < DECIDE_MESSAGES:
            if self._is_faulty(waiting[0]):
                return held or [waiting.popleft()]
            held.append(waiting.popleft())
        return held

    def _is_faulty(self, one: Held) -> bool:
        return bool(self._faulty) and any(reading.sensor_id in self._faulty for reading in one.decide)

    async def _decide(self, held: list[Held]) -> list[Held]:
        """Decide on these messages together; returns those that must come again: the database is away."""
        try:
            await self._transit(held, [reading for one in held for reading in one.decide])
        except LeaseLost:
            raise
        except TRANSIENT as problem:
            log.warning("gateway.database_away", error=str(problem), held=self._intake.held)
            return held
        except Exception as problem:
            # Which sensor it is, and where, is said when they are decided apart.
            log.warning("gateway.decision_failed", error=str(problem), messages=len(held))
            return await self._decide_apart(held)
        for one in held:
            self._intake.decided(one.decide)
            self._finish(one)
        return []

    async def _decide_apart(self, held: Sequence[Held]) -> list[Held]:
        """Message by message and sensor by sensor; what fails is set aside."""
        for index, one in enumerate(held):
            try:
                for sensor_id in dict.fromkeys(reading.sensor_id for reading in one.decide):
                    if sensor_id not in self._faulty:
                        await self._decide_sensor(one, sensor_id)
            except LeaseLost:
                raise
            except TRANSIENT as problem:
                log.warning("gateway.database_away", error=str(problem), held=self._intake.held)
                return list(held[index:])
            if one.decide:
                self._set_aside(one)
            else:
                self._finish(one)
        return []

    async def _decide_sensor(self, one: Held, sensor_id: UUID) -> None:
        part = [reading for reading in one.decide if reading.sensor_id == sensor_id]
        try:
            await self._transit([one], part)
        except (LeaseLost, *TRANSIENT):
            raise
        except Exception as problem:
            _broken.inc()
            log.exception("gateway.decision_failed", error=str(problem), sensor=str(sensor_id))
            self._faulty.add(sensor_id)
            return
        self._intake.decided(part)
        one.decide = [reading for reading in one.decide if reading.sensor_id != sensor_id]

    async def _transit(self, held: list[Held], decide: list[Reading]) -> None:
        stored = False

        async def store(tx: Tx) -> None:
            nonlocal stored
            stored = True
            await self._store(tx, held)

        await self._sink.transition(decide, store)
        if not stored:
            raise AssertionError("the sink returned without calling store: its readings would be lost")

    def _finish(self, one: Held) -> None:
        """Everything of the message is committed: say so."""
        if one.link is not None:
            one.link.ack([one.mid] if one.mid else [])
            one.link.send([one.ack] if one.ack else [])
        self._intake.committed(len(one.readings), [one.inbox] if one.inbox else [])
        readings_stored.labels("transition").inc(len(one.readings))

    def _set_aside(self, one: Held) -> None:
        if not self._aside:
            self._again_at = asyncio.get_running_loop().time() + pause_s(self._failures)
        self._aside.append(one)
        self._faulty.update(reading.sensor_id for reading in one.decide)
        while len(self._aside) > ASIDE_MAX:
            oldest = self._aside.popleft()
            _undecided.inc(len(oldest.decide))
            log.error("gateway.reading_undecided", sensors=sorted({str(r.sensor_id) for r in oldest.decide}))
            self._intake.store_undecided(oldest)

    async def _try_again(self) -> None:
        """Those set aside, in their order, before anything newer of their sensors."""
        again, self._aside, self._faulty = list(self._aside), deque(), set()
        self._failures += 1
        for one in await self._decide_apart(again):
            self._set_aside(one)
        if not self._aside:
            self._failures = 0
