"""Where plans are read and checked, and other work for a core is done: off the loop, a few pieces at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from core.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

# A campus of 80 buildings takes 0.7 s of a core; two at once leave the threads that passwords and files need.
AT_ONCE = 2
# A plan may be fourteen campuses: whoever comes later would wait for a minute, and is told to come back instead.
WAITING_MAX = 8
RETRY_AFTER_S = 10.0


class Office:
    """Work for the machine's cores, a few pieces at a time; ``busy``: what whoever comes too many is told."""

    def __init__(self, at_once: int, waiting_max: int, busy: Unavailable) -> None:
        self._desks = asyncio.Semaphore(at_once)
        self._max, self._busy = at_once + waiting_max, busy
        self._asked = 0

    async def do(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do it in a thread; raises Unavailable when too many wait."""
        if self._asked >= self._max:
            raise Unavailable(
                self._busy.code,
                self._busy.en,
                self._busy.zh,
                limit=self._max,
                retry_after_s=self._busy.retry_after_s,
            )
        self._asked += 1
        try:
            async with self._desks:
                return await asyncio.to_thread(work, *args, **named)
        finally:
            self._asked -= 1


class DrawingOffice(Office):
    """One a process."""

    def __init__(self) -> None:
        busy = Unavailable(
            "place_plan.busy",
            "too many plans are being checked; try again",
            "正在检查的平面图过多，请稍后重试",
            retry_after_s=RETRY_AFTER_S,
        )
        super().__init__(AT_ONCE, WAITING_MAX, busy)
