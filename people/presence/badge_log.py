"""Badge events into the log and the registers: each once, in any order, whichever way they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core import outbox
from core.database import Tx
from core.ids import new_id
from people.presence import door_queries, log_queries, register_queries
from people.presence.belief import Swipe, is_believable
from people.presence.log_queries import Holder
from people.presence.model import BadgeEvent, Door, Fault, PersonKind
from people.presence.passback import Direction

CHANGED = "presence.changed"
"""Key: the site's id."""


class ReadBadge(msgspec.Struct, frozen=True):
    """A badge at a reader, as its controller said it."""

    device_id: UUID
    key: str
    badge: str
    door: str
    direction: Direction
    granted: bool
    observed_at: datetime
    received_at: datetime


async def store(tx: Tx, tenant_id: UUID, site_id: UUID, swipes: Sequence[ReadBadge]) -> list[BadgeEvent]:
    """Keep these swipes of a site's controllers; returns them as kept. What can not be believed is kept and flagged."""
    if not swipes:
        return []
    doors = {
        (door.device_id, door.door): door
        for door in await door_queries.list_doors_of(tx, tenant_id, sorted({s.device_id for s in swipes}))
    }
    holders = {
        (holder.number, holder.at): holder
        for holder in await log_queries.find_holders(tx, tenant_id, [(s.badge, s.observed_at) for s in swipes])
    }
    events = [
        _event(tenant_id, site_id, s, doors.get((s.device_id, s.door)), holders.get((s.badge, s.observed_at)))
        for s in {s.key: s for s in swipes}.values()
    ]
    await log_queries.insert_events(tx, tenant_id, events)
    newest = newest_of(events)
    if newest and await register_queries.move_badges(tx, tenant_id, newest):
        await outbox.wake(tx, CHANGED, site_id)
    return events


def _event(tenant_id: UUID, site_id: UUID, it: ReadBadge, door: Door | None, holder: Holder | None) -> BadgeEvent:
    zone_id = None if door is None else door.to_zone_id if it.direction == "in" else door.from_zone_id
    area_id = None if door is None else site_id if door.gate else door.to_zone_id or door.id
    return BadgeEvent(
        tenant_id=tenant_id,
        key=it.key,
        id=new_id(),
        site_id=site_id,
        device_id=it.device_id,
        door=it.door,
        badge=it.badge,
        direction=it.direction,
        area_id=area_id,
        zone_id=zone_id,
        off_site=door is not None and door.gate and it.direction == "out",
        person_id=None if holder is None else holder.person_id,
        kind=None if holder is None else holder.kind,
        fault=fault_of(it, door, holder),
        observed_at=it.observed_at,
        received_at=it.received_at,
    )


def fault_of(it: ReadBadge, door: Door | None, holder: Holder | None) -> Fault | None:
    """Why the swipe is not believed, the first reason that applies."""
    if not is_believable(it.observed_at, it.received_at):
        return "clock"
    if door is None:
        return "unknown_door"
    if holder is None:
        return "unknown_badge"
    return None if it.granted else "denied"


def newest_of(events: Sequence[BadgeEvent]) -> dict[UUID, tuple[PersonKind, Swipe]]:
    """The newest believed event of each person."""
    newest: dict[UUID, tuple[PersonKind, Swipe]] = {}
    for event in events:
        swipe = event.as_swipe()
        if swipe is None:
            continue
        assert event.person_id is not None
        assert event.kind is not None
        before = newest.get(event.person_id)
        if before is None or (swipe.at, swipe.key) > (before[1].at, before[1].key):
            newest[event.person_id] = event.kind, swipe
    return newest
