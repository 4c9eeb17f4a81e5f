"""Work beside a process' main work: a fault in it ends nothing but itself, and it is begun anew."""

from __future__ import annotations

import asyncio

import pytest

from core import worker


async def test_a_fault_is_mended_and_the_work_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AFTER_FAULT_S", 0.0)
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise RuntimeError("a fault of ours")

    await worker.apart("tested", work)
    assert tries == 3


async def test_cancelling_ends_it() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(worker.apart("tested", work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
