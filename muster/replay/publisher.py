"""Publishes recorded rows as a device: in order, at their mapped moments, no faster than they are committed.

The moments stand once the run has begun. While the line or Muster is away rows wait, keep their times and go out
together afterwards, as a real device's would; ``stop`` ends the run between two rows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from core.errors import Forbidden, MusterError, Unavailable
from mobile_contract.devices import Sample
from muster.device_link import Broker, DeviceLink, DeviceLogin
from muster.replay.mapping import ReplayMap, Row, samples_of
from muster.replay.pace import device_ms

FIRMWARE = "replay-1.0"
# Rows that are due together travel together: fewer messages and commits at high speeds, still small payloads.
ROWS_PER_BATCH = 50
# Batches without their ack: enough to keep a commit interval's worth on the way, few enough to repeat after a loss.
BATCHES_AHEAD = 20
# Progress is drawn this often, and the last batches are waited for this long after the last row.
POLL_S = 0.1
DRAIN_WITHIN_S = 60.0
# A broker that is up answers at once; past this the address is wrong.
CONNECT_WITHIN_S = 20.0
# A device that was registered a moment ago is let in as soon as the broker has heard of it: well under a second.
REFUSED_WITHIN_S = 3.0


class Progress(msgspec.Struct, frozen=True):
    """``published`` and ``committed`` are row numbers: all rows before them are."""

    published: int
    committed: int
    refused_samples: int
    connected: bool


class Replay:
    """One run over the rows from ``first``; ``progress`` may be read at any time, also after a cancel."""

    def __init__(
        self, rows: Sequence[Row], mapping: ReplayMap, broker: Broker, login: DeviceLogin, *, speed: float, first: int
    ) -> None:
        self._rows = rows
        self._map = mapping
        self._speed = speed
        self._next = first
        self._broker = broker
        self._link = DeviceLink(broker, login, firmware=FIRMWARE)
        self._sent: dict[int, int] = {}
        self._publishing: asyncio.Task[None] | None = None
        self.stopped = False

    @property
    def progress(self) -> Progress:
        """How far it is."""
        buffer = self._link.buffer
        waiting = buffer.waiting()
        committed = min((self._sent[seq] for seq in waiting), default=self._next)
        return Progress(self._next, committed, buffer.refused, self._link.connected.is_set())

    def stop(self) -> None:
        """Publish no more; ``run`` ends when what is on the way is committed."""
        self.stopped = True
        if self._publishing is not None:
            self._publishing.cancel()

    async def run(self, report: Callable[[Progress], None]) -> Progress:
        """Publish every row, wait until the last is committed. Raises Forbidden when the broker refuses the login,
        Unavailable when it does not answer or Muster does not commit."""
        failure: MusterError | None = None
        async with asyncio.TaskGroup() as tasks:
            link = tasks.create_task(self._link.run())
            drawing = tasks.create_task(self._draw(report))
            try:
                await self._connect()
                self._publishing = tasks.create_task(self._publish())
                # Not awaited itself: its end by ``stop`` is not ours.
                await asyncio.wait({self._publishing})
                await self._drain()
            except MusterError as problem:
                failure = problem
            finally:
                report(self.progress)
                drawing.cancel()
                link.cancel()
        if failure is not None:
            raise failure
        return self.progress

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_WITHIN_S):
                await self._link.room(below=1)
        except TimeoutError as problem:
            raise Unavailable(
                "replay.not_committed",
                f"the last rows were not committed within {DRAIN_WITHIN_S:g} s; {self.how_to_go_on}",
                f"最后的数据行未在 {DRAIN_WITHIN_S:g} 秒内入库；{self.how_to_go_on}",
            ) from problem

    @property
    def how_to_go_on(self) -> str:
        """For the person, after the end or a stop."""
        progress = self.progress
        if progress.published == progress.committed:
            return f"go on with --from {progress.committed}"
        # They keep their device time when the same run repeats them; another run gives them a new one.
        return (
            f"go on with --from {progress.committed}; rows {progress.committed} to {progress.published - 1} were sent"
            " and may be stored twice then"
        )

    async def _connect(self) -> None:
        started = time.monotonic()
        while not self._link.connected.is_set() and not self.stopped:
            waited_s = time.monotonic() - started
            if self._link.refused_login is not None and waited_s > REFUSED_WITHIN_S:
                name, why = self._link.login.username, self._link.refused_login
                raise Forbidden(
                    "replay.login",
                    f"the broker refused the device {name}: {why}; register it with --register",
                    f"消息服务器拒绝了设备 {name}：{why}；请用 --register 注册",
                )
            if waited_s > CONNECT_WITHIN_S:
                where = f"{self._broker.host}:{self._broker.port}"
                raise Unavailable("replay.no_broker", f"no broker answers at {where}", f"{where} 没有消息服务器应答")
            await asyncio.sleep(POLL_S)

    async def _publish(self) -> None:
        if self.stopped or self._next >= len(self._rows):
            return
        first = self._rows[self._next]
        start_ms = time.time_ns() // 1_000_000
        while self._next < len(self._rows):
            due = self._due(first, start_ms)
            if due:
                await self._link.room(below=BATCHES_AHEAD)
                samples: list[Sample] = []
                for row in due:
                    samples += samples_of(row, self._map, device_ms(row, first, start_ms, self._speed))
                # Put and counted without a pause between: a stop leaves a row sent or not sent, not half known.
                self._sent[self._link.put(samples)] = due[0].index
                self._next = due[-1].index + 1
                # Lets the link's task send; a long backlog must not wait for a pause.
                await asyncio.sleep(0)
            else:
                following = device_ms(self._rows[self._next], first, start_ms, self._speed)
                await asyncio.sleep(max(0.001, following / 1000 - time.time()))

    def _due(self, first: Row, start_ms: int) -> list[Row]:
        now_ms = time.time_ns() // 1_000_000
        due: list[Row] = []
        for row in self._rows[self._next : self._next + ROWS_PER_BATCH]:
            if device_ms(row, first, start_ms, self._speed) > now_ms:
                break
            due.append(row)
        return due

    async def _draw(self, report: Callable[[Progress], None]) -> None:
        while True:
            report(self.progress)
            await asyncio.sleep(POLL_S)
