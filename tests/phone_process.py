"""A real ``muster phone`` in a process of its own, driven by its lines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from mobile_contract.room import RoomState, fold
from mobile_contract.room_events import RoomEvent
from tests.whole_plant import WholePlant, start_muster, until

# A snapshot of a busy room is one line.
LINE_MAX_BYTES = 16 * 1024 * 1024


class PhoneProcess:
    """One phone; ``told`` is everything it printed, over all its lives."""

    def __init__(self, plant: WholePlant, login: str) -> None:
        self.login = login
        self.told: list[dict[str, Any]] = []
        self._plant = plant
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it; the same folder, so it remembers."""
        self._process = await start_muster(
            *("phone", "--as", self.login, "--json", "--url", self._plant.url),
            environ=self._plant.environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_MAX_BYTES,
        )
        self._reading = asyncio.create_task(self._read(self._process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            # kill -9 may cut the last line.
            with contextlib.suppress(msgspec.DecodeError):
                self.told.append(msgspec.json.decode(line))

    async def say(self, text: str) -> None:
        """Type a line."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")
        await self._process.stdin.drain()

    async def end(self, *, kill: bool = False) -> None:
        """Quit, or kill -9."""
        process, self._process = self._process, None
        if process is None or self._reading is None:
            return
        if process.returncode is None:
            if kill:
                process.kill()
            else:
                process.terminate()
        await process.wait()
        await self._reading

    async def until(self, what: str, wanted: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until what it printed is as wanted."""

        async def ask() -> bool:
            return wanted(self.told)

        def failed() -> str:
            told = [t.get("change") for t in self.told][-20:]
            return f"{self.login}'s phone: {what}; it told {told}; {self._plant.log_tail()}"

        await until(ask, failed)

    def of(self, change: str) -> list[dict[str, Any]]:
        """Everything of one kind that it told."""
        return [told for told in self.told if told["change"] == change]

    def room(self, room: str) -> tuple[RoomState, list[int]]:
        """The room folded from what was told, and the numbers of the events since the last whole room."""
        state: RoomState | None = None
        seqs: list[int] = []
        for told in self.told:
            if told["change"] == "room" and told["room"] == room:
                state, seqs = msgspec.convert(told["state"], RoomState), []
            elif told["change"] == "event" and told["room"] == room and state is not None:
                event = msgspec.convert(told["event"], RoomEvent)
                seqs.append(event.seq)
                state = fold(state, [event])
        assert state is not None, f"{self.login}'s phone never saw room {room}"
        return state, seqs


@asynccontextmanager
async def phone(plant: WholePlant, login: str) -> AsyncIterator[PhoneProcess]:
    """A phone that runs for the block."""
    made = PhoneProcess(plant, login)
    await made.start()
    try:
        yield made
    finally:
        await made.end()
