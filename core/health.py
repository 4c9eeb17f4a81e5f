"""Liveness and readiness of a process.

Live: the event loop turns. Ready: everything this role needs answers now; the names of what does not
are part of the answer, because the person reading it at night needs them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from core.errors import MusterError

Check = Callable[[], Awaitable[None]]

# A check slower than this counts as failed: a load balancer asks every few seconds.
CHECK_TIMEOUT_S = 2.0


class Health(msgspec.Struct, frozen=True):
    """``ready`` and, for each named check, ``ok`` or the reason it failed."""

    ready: bool
    checks: dict[str, str]


async def check_all(checks: dict[str, Check]) -> Health:
    """Run all checks at once; each answers within CHECK_TIMEOUT_S or counts as failed."""
    results = await asyncio.gather(*(_run(check) for check in checks.values()))
    named = dict(zip(checks, results, strict=True))
    return Health(all(result == "ok" for result in results), named)


async def _run(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_TIMEOUT_S)
    except TimeoutError:
        return f"no answer in {CHECK_TIMEOUT_S:g} s"
    except (MusterError, OSError) as problem:
        return str(problem)
    return "ok"
