"""Where plans are read and checked: off the loop, a few at a time."""

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


class DrawingOffice:
    """One a process."""

    def __init__(self) -> None:
        self._desks = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    async def do(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do it in a thread; raises Unavailable when too many wait."""
        if self._asked >= AT_ONCE + WAITING_MAX:
            raise Unavailable(
                "place_plan.busy",
                "too many plans are being checked; try again",
                "正在检查的平面图过多，请稍后重试",
                limit=AT_ONCE + WAITING_MAX,
                retry_after_s=RETRY_AFTER_S,
            )
        self._asked += 1
        try:
            async with self._desks:
                return await asyncio.to_thread(work, *args, **named)
        finally:
            self._asked -= 1
