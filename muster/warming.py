"""Compiled code of geo, ready before somebody waits for it; one process of a machine compiles at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.logging import get_logger
from geo import warm

log = get_logger(__name__)


class Warming:
    """One a process. ``ready`` returns when everything is compiled, some 40 s the first time on a machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._work: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Begin, unless it has begun, and wait."""
        if self._work is None:
            self._work = asyncio.create_task(asyncio.to_thread(self._warm))
        await asyncio.shield(self._work)

    def _warm(self) -> None:
        try:
            with _alone(self._folder / "warming.lock"):
                warm.warm()
        except Exception:
            # It is compiled, or fails, where it is used: a process without its cache is slow and not dead.
            log.exception("warming.failed")
        else:
            log.info("warming.done")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the file's lock: the cache of compiled code is not made for two writers. Without a folder there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        log.warning("warming.no_lock", error=str(problem))
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
