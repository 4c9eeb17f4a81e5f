"""Phone positions, mapped to zones as they come; what lies in no zone of the plant is nobody's business: not kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from core import outbox
from core.database import Tx
from core.errors import Unavailable
from geo.fixes import Fix, ZoneMap
from people import rate_limit
from people.actor import Actor
from people.permissions import Permission
from people.presence import door_queries, log_queries, register_queries
from people.presence.badge_log import CHANGED
from people.presence.belief import FUTURE_TOLERANCE_S
from people.presence.model import Position
from people.presence.retention import POSITIONS_KEPT
from people.rate_limit import Limit

# A night's positions, one a minute, of a phone that was off the network.
BATCH_MAX = 500
# A phone reports every 15 to 30 s; a phone that catches up sends a few batches at once.
PER_ACCOUNT = Limit("positions", 60, timedelta(minutes=5))

Refused: TypeAlias = Literal["future_dated", "too_old", "outside"]


class Reported(msgspec.Struct, frozen=True):
    """One position as the phone says it."""

    at: datetime
    fix: Fix


class Answer(msgspec.Struct, frozen=True):
    """How many were kept, and why the others (by their index) were not."""

    kept: int
    refused: list[tuple[int, Refused]]


async def report_positions(tx: Tx, actor: Actor, reported: Sequence[Reported]) -> Answer:
    """Keep one's own positions; sending them again, in any order, changes nothing. Raises Unavailable when it is too
    often."""
    actor.require(Permission.REPORT_PRESENCE)
    await _spend(tx, actor)
    return await keep(tx, actor, reported)


async def keep(tx: Tx, actor: Actor, reported: Sequence[Reported]) -> Answer:
    """The same without the limit, for those who report more often because they are led; the caller bounds it."""
    places = {zone.id: zone for zone in await door_queries.list_zone_places(tx, actor.tenant_id)}
    plan = ZoneMap([zone.shape() for zone in places.values()])
    kept: dict[datetime, Position] = {}
    refused: list[tuple[int, Refused]] = []
    for index, one in enumerate(reported):
        located = plan.locate(one.fix)
        why = _wrong_time(one.at, tx.now) or ("outside" if located is None else None)
        if why is not None or located is None:
            refused.append((index, why or "outside"))
            continue
        position = Position(
            tenant_id=actor.tenant_id,
            account_id=actor.account_id,
            minute=one.at.replace(second=0, microsecond=0),
            at=one.at,
            # Two positions of one moment are told apart by what they say, so that their order does not count.
            key=f"{one.fix.lon:.7f},{one.fix.lat:.7f},{one.fix.accuracy_m:.1f},{located.level}",
            site_id=places[located.zone_id].site_id,
            zone_id=located.zone_id,
            level=located.level,
            share=round(located.share, 4),
            lon=one.fix.lon,
            lat=one.fix.lat,
            accuracy_m=one.fix.accuracy_m,
            received_at=tx.now,
        )
        before = kept.get(position.minute)
        if before is None or (position.at, position.key) > (before.at, before.key):
            kept[position.minute] = position
    await _save(tx, actor, list(kept.values()))
    return Answer(len(reported) - len(refused), refused)


async def _save(tx: Tx, actor: Actor, positions: list[Position]) -> None:
    if not positions:
        return
    newest = max(positions, key=lambda p: (p.at, p.key))
    await log_queries.save_positions(tx, actor.tenant_id, actor.account_id, positions)
    await register_queries.move_fix(tx, actor.tenant_id, newest)
    await outbox.wake(tx, CHANGED, newest.site_id)


async def _spend(tx: Tx, actor: Actor) -> None:
    wait_s = await rate_limit.spend(tx, actor.tenant_id, PER_ACCOUNT, str(actor.account_id))
    if wait_s is not None:
        raise Unavailable(
            "positions.too_many",
            f"a phone sends positions at most {PER_ACCOUNT.attempts} times in 5 min; keep them and send them together",
            f"5 分钟内最多上报位置 {PER_ACCOUNT.attempts} 次，请合并后再发",
            limit=PER_ACCOUNT.attempts,
            retry_after_s=wait_s,
        )


def _wrong_time(at: datetime, now: datetime) -> Refused | None:
    if at > now + timedelta(seconds=FUTURE_TOLERANCE_S):
        return "future_dated"
    return "too_old" if at < now - POSITIONS_KEPT else None
