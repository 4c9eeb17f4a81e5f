"""`python -m bench.escalation_tick`: a courier's look with nothing due and with 10, 100, 1,000 due, beside many open.

A silence is one person who has not received an order in time: their order ends, the next person is asked, the task, the
escalation, the room, the record and the audit are written, and the new order is taken up: two rows due. A step's end is
an escalation whose step is over: the next step begins and ten people are asked. The floor is the bare indexed query for
what is due, in the same run on the same engine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from bench.escalation_tick import scene
from bench.report import keep, load, print_head, print_table
from core.clock import ManualClock, SystemClock
from core.database import Database
from incidents.reaching import delivery_queries
from migrations.runner import migrate
from muster.engines.postgres import Postgres
from realtime.courier import Courier

LOOKS = 30
WARM_UP = 64
Prepare = Callable[[Database, UUID, int], Awaitable[None]]
# A step's end asks ten people, whose orders are taken up at once: eleven rows each.
KINDS: tuple[tuple[str, Prepare, int], ...] = (
    ("silences", scene.let_silence_fall_due, 1000),
    ("steps' ends", scene.let_steps_end, 100),
)


async def measure(incidents: int, steps: tuple[int, ...], folder: Path) -> list[list[str]]:
    """The rows of the table for this many open incidents."""
    rows = []
    async with Postgres.start(folder / f"postgres-{incidents}") as postgres:
        await migrate(postgres.owner_url)
        clock = ManualClock(SystemClock().now())
        async with Database.connect(postgres.app_url, clock, max_size=12) as db:
            tenant_id = await scene.build(postgres.owner_url, db, incidents)
            courier = Courier(db, {}, seed=1)
            # Connections are opened and statements prepared by the first that need them.
            await scene.let_silence_fall_due(db, tenant_id, WARM_UP)
            await courier.sweep()
            floor_ms = await _timed(lambda: _bare(db))
            idle_ms = await _timed(lambda: _look(courier))
            open_ = incidents * scene.ASKED
            rows.append([f"{open_:,} open, nothing due", "0", f"{idle_ms:.2f}", "", f"{idle_ms / floor_ms:.1f}"])
            for name, prepare, most in KINDS:
                for count in (c for c in steps if c <= min(incidents, most)):
                    rows.append(await _due(db, courier, tenant_id, (name, prepare), count, floor_ms))
            rows.append([f"{open_:,} open, the bare query (floor)", "", f"{floor_ms:.2f}", "", "1.0"])
            keep(f"escalation_tick, {open_:,} open: idle {idle_ms:.2f} ms; floor {floor_ms:.2f} ms")
    return rows


async def _due(
    db: Database, courier: Courier, tenant_id: UUID, kind: tuple[str, Prepare], count: int, floor_ms: float
) -> list[str]:
    name, prepare = kind
    await prepare(db, tenant_id, count)
    begun = time.perf_counter()
    handled = await courier.sweep()
    took_ms = (time.perf_counter() - begun) * 1e3
    each = took_ms / handled
    keep(f"escalation_tick, {count:,} {name} due: {took_ms:,.0f} ms, {each:.2f} ms a row of {handled:,}")
    return [f"{count:,} {name} due", f"{handled:,}", f"{took_ms:,.1f}", f"{each:.2f}", f"{took_ms / floor_ms:,.0f}"]


async def _bare(db: Database) -> None:
    async with db.transaction(None) as tx:
        await delivery_queries.list_due(tx, tx.now, 32)


async def _look(courier: Courier) -> None:
    assert await courier.sweep() == 0


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    """The fastest of LOOKS, in milliseconds: the others were disturbed."""
    best = float("inf")
    for _ in range(LOOKS):
        begun = time.perf_counter()
        await work()
        best = min(best, time.perf_counter() - begun)
    return best * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.escalation_tick", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 incidents and no more than 100 due")
    args = parser.parse_args()
    print_head("escalation_tick: a courier's look beside many open deliveries")
    sizes, due = ((100,), (10, 100)) if args.quick else ((100, 1000), (10, 100, 1000))
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        rows = [row for size in sizes for row in asyncio.run(measure(size, due, Path(folder)))]
    print_table(("what is due", "rows", "ms", "ms a row", "x floor"), rows, note=f"after:   {load()}")


if __name__ == "__main__":
    os.environ.setdefault("MUSTER_LOG_LEVEL", "error")
    main()
