"""Replays, run by a courier off the loop and in slices; any courier goes on where another was killed: from the start.

Nothing here knows a way to a command: the log is read, two matrices are computed, a row is written.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from core.database import Database
from core.errors import Unavailable
from core.ids import new_id
from core.logging import get_logger
from incidents.matrix import queries
from incidents.matrix.effects import Source, source_of
from incidents.matrix.model import MatrixBody, MatrixReplay
from incidents.matrix.queries import LoggedEvent, RuleRow
from incidents.matrix.replay import CauseEvent, Difference, Interval, Replay, compare
from plant import queries as places

log = get_logger(__name__)

EVERY_S = 1.0
LEASE = timedelta(seconds=60)
# A month of a plant that raises an alarm every twenty seconds; more is refused when the replay is asked for.
EVENTS_MAX = 200_000
# One page: some 50 ms of computing in its thread, and at most that long until a cancel is seen.
PAGE = 5000
# What a page can show; the counts are complete.
SHOWN_MAX = 1000


class Counts(msgspec.Struct):
    """How many differences of each kind."""

    more: int = 0
    less: int = 0
    earlier: int = 0
    later: int = 0


class Result(msgspec.Struct, frozen=True):
    """What a replay found. ``truncated``: there are more differences than are shown; counts have them all."""

    events: int
    published: int
    draft: int
    commands: Counts
    evacuations: Counts
    plans: Counts
    differences: list[Difference]
    timeline: list[Interval]
    truncated: bool


async def keep_replaying(db: Database) -> None:
    """Run what is asked for, one at a time, until cancelled."""
    holder = f"replay-{new_id()}"
    while True:
        try:
            await run_waiting(db, holder)
        except (Unavailable, asyncpg.PostgresError) as problem:
            log.warning("matrix_replay.waiting", error=str(problem))
        await asyncio.sleep(EVERY_S)


async def run_waiting(db: Database, holder: str) -> int:
    """Every replay that nobody works on; returns how many were taken up."""
    done = 0
    while True:
        async with db.transaction(None) as tx:
            waiting = await queries.list_waiting_replays(tx, tx.now, 1)
        if not waiting:
            return done
        await run_one(db, holder, *waiting[0])
        done += 1


async def run_one(db: Database, holder: str, tenant_id: UUID, replay_id: UUID) -> None:
    """One replay to its end, unless it is cancelled or another's. A fault of ours ends it as failed, and is logged."""
    async with db.transaction(tenant_id) as tx:
        if not await queries.lease_replay(tx, tenant_id, replay_id, holder, tx.now + LEASE):
            return
        job = await queries.get_replay(tx, tenant_id, replay_id)
    try:
        result = await _run(db, holder, job)
    except (Unavailable, asyncpg.PostgresError):
        raise
    except Exception as problem:
        log.exception("matrix_replay.fault", replay=str(replay_id))
        async with db.transaction(tenant_id) as tx:
            await queries.end_replay(tx, tenant_id, replay_id, holder, "failed", error=type(problem).__name__)
        return
    if result is not None:
        async with db.transaction(tenant_id) as tx:
            plain = msgspec.to_builtins(result)
            await queries.end_replay(tx, tenant_id, replay_id, holder, "done", result=plain)


async def _run(db: Database, holder: str, job: MatrixReplay) -> Result | None:
    """The result, or None when it was cancelled or another courier took it."""
    tenant_id = job.tenant_id
    async with db.transaction(tenant_id) as tx:
        site = await places.get_site(tx, tenant_id, job.site_id)
        draft = (await queries.get_matrix(tx, tenant_id, job.matrix_id)).body
        before = MatrixBody()
        if job.against_id is not None:
            before = (await queries.get_matrix(tx, tenant_id, job.against_id)).body
        total = await queries.count_events(tx, tenant_id, job.site_id, job.start_at, job.end_at, EVENTS_MAX)
    runs = Replay(before, site.tz), Replay(draft, site.tz)
    rules: dict[UUID, RuleRow] = {}
    after, seen = (job.start_at, UUID(int=0)), 0
    while seen < EVENTS_MAX:
        async with db.transaction(tenant_id) as tx:
            page = await queries.list_events(tx, tenant_id, job.site_id, job.start_at, job.end_at, after, PAGE)
            seen += len(page)
            progress = min(seen / total, 0.99) if total else 0.99
            if not await queries.save_progress(tx, tenant_id, job.id, holder, progress, tx.now + LEASE):
                return None
            unknown = {event.rule_id for event in page} - rules.keys()
            rules |= await queries.find_rules(tx, tenant_id, sorted(unknown))
        if not page:
            break
        await asyncio.to_thread(_feed, runs, [_cause_event(event, rules) for event in page])
        after = (page[-1].at, page[-1].id)
    return await asyncio.to_thread(_summarise, runs, job.end_at, seen)


def _cause_event(event: LoggedEvent, rules: dict[UUID, RuleRow]) -> CauseEvent:
    """The event with what its rule watches; its zone and level are those of then."""
    rule = rules.get(event.rule_id)
    if rule is None:
        source = Source(rule=event.rule_id, zone=event.zone_id, level=event.level)
    else:
        source = source_of(
            rule.kind, rule=rule.id, zone=event.zone_id, level=event.level, agent=rule.agent, group=rule.group_id
        )
    return CauseEvent(event.at, event.kind in ("raised", "reraised"), source)


def _feed(runs: tuple[Replay, Replay], events: list[CauseEvent]) -> None:
    for event in events:
        for run in runs:
            run.feed(event)


def _summarise(runs: tuple[Replay, Replay], end: datetime, events: int) -> Result:
    published, draft = (run.finish(end) for run in runs)
    differences = compare(published, draft)
    counts: dict[str, Counts] = {kind: Counts() for kind in ("command", "evacuation", "plan")}
    for one in differences:
        counted: Any = counts[one.target.kind]
        setattr(counted, one.kind, getattr(counted, one.kind) + 1)
    return Result(
        events,
        len(published),
        len(draft),
        counts["command"],
        counts["evacuation"],
        counts["plan"],
        differences[:SHOWN_MAX],
        draft[:SHOWN_MAX],
        len(differences) > SHOWN_MAX or len(draft) > SHOWN_MAX or events >= EVENTS_MAX,
    )
