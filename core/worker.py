"""Work beside a process' main work: repeated, woken by news, and never able to end the process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection

from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter
from core.outbox import Listener

log = get_logger(__name__)

# After a fault of ours the work is begun anew this much later: soon enough to matter, rare enough to be read.
AFTER_FAULT_S = 5.0

FAULTS = counter("worker_faults", "Unexpected errors of work beside a process' main work, by name.", ("worker",))


async def apart(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work until cancelled; a fault in it is said and it is begun anew, and nothing else of the process ends."""
    while True:
        try:
            await work()
            return
        except Exception:
            FAULTS.labels(name).inc()
            log.exception("worker.fault", worker=name)
            await asyncio.sleep(AFTER_FAULT_S)


async def sweep_on_news(
    name: str, sweep: Callable[[], Awaitable[object]], listener: Listener, kinds: Collection[str], *, poll_s: float
) -> None:
    """Sweep until cancelled: at news of these kinds, and every ``poll_s`` because news can be lost."""
    woken = asyncio.Event()

    async def listen() -> None:
        async with listener.subscribe(kinds) as news:
            async for _ in news:
                woken.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        while True:
            woken.clear()
            try:
                await sweep()
            except Unavailable as problem:
                log.warning("worker.waiting_for_database", worker=name, error=str(problem))
            except Exception:
                FAULTS.labels(name).inc()
                log.exception("worker.fault", worker=name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await woken.wait()
