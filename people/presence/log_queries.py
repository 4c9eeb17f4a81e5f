"""SQL of what was reported: badge events and phone positions, appended once and read back in time order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to, rows_to
from people.presence.model import BadgeEvent, PersonKind, Position
from people.presence.passback import Direction

_EVENT = """tenant_id, key, id, site_id, device_id, door, badge, direction, area_id, zone_id, off_site, person_id, kind,
    fault, observed_at, received_at"""

# In the order of the key, so that two writers never wait for each other in a ring.
_INSERT_EVENTS = f"""
INSERT INTO badge_events ({_EVENT})
SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
    $9::uuid[], $10::uuid[], $11::boolean[], $12::uuid[], $13::text[], $14::text[], $15::timestamptz[],
    $16::timestamptz[]) AS u (key) ORDER BY u.key
ON CONFLICT (tenant_id, key) DO NOTHING
"""
_EVENT_FIELDS = BadgeEvent.__struct_fields__[1:]


async def insert_events(tx: Tx, tenant_id: UUID, events: Sequence[BadgeEvent]) -> int:
    """Keep these; one that is there stays as it came first. Returns how many were new."""
    columns = [[getattr(event, name) for event in events] for name in _EVENT_FIELDS]
    return await tx.execute(_INSERT_EVENTS, tenant_id, *columns)


class Holder(msgspec.Struct, frozen=True):
    """Whose badge it was at a moment."""

    number: str
    at: datetime
    person_id: UUID
    kind: PersonKind


_FIND_HOLDERS = """
SELECT u.number, u.at, coalesce(b.account_id, b.visit_id) AS person_id, coalesce(v.kind, 'staff') AS kind
FROM unnest($2::text[], $3::timestamptz[]) AS u (number, at)
JOIN badges b ON b.tenant_id = $1 AND b.number = u.number
    AND b.valid_from <= u.at AND (b.valid_until IS NULL OR u.at < b.valid_until)
LEFT JOIN visits v ON v.tenant_id = $1 AND v.id = b.visit_id
"""


async def find_holders(tx: Tx, tenant_id: UUID, asked: Sequence[tuple[str, datetime]]) -> list[Holder]:
    """Who held these badges at these moments; a badge nobody held is left out."""
    rows = await tx.fetch(_FIND_HOLDERS, tenant_id, [number for number, _ in asked], [at for _, at in asked])
    return [row_to(Holder, row) for row in rows]


class ListedEvent(BadgeEvent, frozen=True):
    """A badge event with the direction before it in its area, for anti-passback."""

    before: Direction | None


# The event before it in the same area, by the time it happened: whatever the order they came in.
_LIST_EVENTS = f"""
SELECT {", ".join("e." + name for name in BadgeEvent.__struct_fields__)}, p.direction AS before
FROM badge_events e
LEFT JOIN LATERAL (
    SELECT b.direction FROM badge_events b
    WHERE b.tenant_id = e.tenant_id AND b.person_id = e.person_id AND b.area_id = e.area_id AND b.fault IS NULL
      AND (b.observed_at, b.key) < (e.observed_at, e.key)
    ORDER BY b.observed_at DESC, b.key DESC LIMIT 1
) p ON true
WHERE e.tenant_id = $1 AND e.site_id = $2 AND ($3::uuid IS NULL OR e.person_id = $3)
  AND ($4::timestamptz IS NULL OR (e.received_at, e.id) < ($4, $5))
  AND (NOT $6 OR e.fault IS NOT NULL
       OR (e.person_id IS NOT NULL AND (e.direction = coalesce(p.direction, 'out'))))
ORDER BY e.received_at DESC, e.id DESC LIMIT $7
"""


async def list_events(
    tx: Tx,
    tenant_id: UUID,
    site_id: UUID,
    *,
    person_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    flagged: bool,
    limit: int,
) -> list[ListedEvent]:
    """Badge events of a site, newest first; ``flagged``: those with a fault or against anti-passback alone."""
    at, last = before or (None, None)
    rows = await tx.fetch(_LIST_EVENTS, tenant_id, site_id, person_id, at, last, flagged, limit)
    return [row_to(ListedEvent, row) for row in rows]


_SAVE_POSITIONS = f"""
INSERT INTO positions AS p ({", ".join(Position.__struct_fields__)})
SELECT $1, $2, * FROM unnest($3::timestamptz[], $4::timestamptz[], $5::text[], $6::uuid[], $7::uuid[], $8::smallint[],
    $9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::timestamptz[])
ON CONFLICT (tenant_id, account_id, minute) DO UPDATE
SET at = excluded.at, key = excluded.key, site_id = excluded.site_id, zone_id = excluded.zone_id,
    level = excluded.level, share = excluded.share, lon = excluded.lon, lat = excluded.lat,
    accuracy_m = excluded.accuracy_m, received_at = excluded.received_at
WHERE (excluded.at, excluded.key) > (p.at, p.key)
"""
_POSITION_FIELDS = Position.__struct_fields__[2:]


async def save_positions(tx: Tx, tenant_id: UUID, account_id: UUID, positions: Sequence[Position]) -> None:
    """Keep the last position of each minute; one of each minute is given."""
    columns = [[getattr(position, name) for position in positions] for name in _POSITION_FIELDS]
    await tx.execute(_SAVE_POSITIONS, tenant_id, account_id, *columns)


_TRAIL_EVENTS = f"""
SELECT {_EVENT} FROM badge_events
WHERE tenant_id = $1 AND person_id IS NOT NULL AND fault IS NULL AND observed_at >= $3 AND observed_at < $4
  AND ($5::uuid IS NULL OR person_id = $5) AND ($5::uuid IS NOT NULL OR site_id = $2)
  AND ($6::uuid[] IS NULL OR person_id = ANY($6))
ORDER BY observed_at, key
"""


async def list_trail_events(
    tx: Tx,
    tenant_id: UUID,
    site_id: UUID | None,
    since: datetime,
    until: datetime,
    person_id: UUID | None,
    people: Sequence[UUID] | None = None,
) -> list[BadgeEvent]:
    """Believed badge events by the time they happened: of one person everywhere, or of everyone at the site."""
    rows = await tx.fetch(_TRAIL_EVENTS, tenant_id, site_id, since, until, person_id, people)
    return await rows_to(BadgeEvent, rows)


# Where the zone changes, and every fifth minute between: what a stretch is made of, at a fifth of the rows.
_TRAIL_POSITIONS = f"""
SELECT {", ".join(Position.__struct_fields__)} FROM (
    SELECT *, lag(zone_id) OVER person AS before, lead(zone_id) OVER person AS after FROM positions
    WHERE tenant_id = $1 AND minute >= $3 AND minute < $4 AND ($5::uuid IS NULL OR account_id = $5)
      AND ($5::uuid IS NOT NULL OR site_id = $2) AND ($6::uuid[] IS NULL OR account_id = ANY($6))
    WINDOW person AS (PARTITION BY account_id ORDER BY minute)
) p
WHERE before IS DISTINCT FROM zone_id OR after IS DISTINCT FROM zone_id
   OR extract(minute FROM minute)::integer % 5 = 0
ORDER BY account_id, minute
"""


async def list_trail_positions(
    tx: Tx,
    tenant_id: UUID,
    site_id: UUID | None,
    since: datetime,
    until: datetime,
    person_id: UUID | None,
    people: Sequence[UUID] | None = None,
) -> list[Position]:
    """Phone positions by time, thinned where nothing changes: of one person everywhere, or of everyone at the site."""
    rows = await tx.fetch(_TRAIL_POSITIONS, tenant_id, site_id, since, until, person_id, people)
    return await rows_to(Position, rows)


_IN_ZONES = """
SELECT person_id FROM badge_events
WHERE tenant_id = $1 AND person_id IS NOT NULL AND fault IS NULL AND zone_id = ANY($2)
  AND observed_at >= $3 AND observed_at < $4
UNION
SELECT account_id FROM positions WHERE tenant_id = $1 AND zone_id = ANY($2) AND minute >= $3 AND minute < $4
UNION
SELECT id FROM visits WHERE tenant_id = $1 AND zone_ids && $2 AND signed_in_at < $4
  AND coalesce(signed_out_at, $4) >= $3
"""


async def list_people_in(
    tx: Tx, tenant_id: UUID, zone_ids: Sequence[UUID], since: datetime, until: datetime
) -> list[UUID]:
    """Ids of whoever was seen in one of these zones."""
    return [row[0] for row in await tx.fetch(_IN_ZONES, tenant_id, zone_ids, since, until)]


_FORGET_POSITIONS = "DELETE FROM positions WHERE tenant_id = $1 AND minute < $2"
_FORGET_FIXES = """
UPDATE presence SET fix_at = NULL, fix_key = NULL, fix_site_id = NULL, fix_zone_id = NULL, fix_level = NULL,
    fix_share = NULL, fix_lon = NULL, fix_lat = NULL, fix_accuracy_m = NULL
WHERE tenant_id = $1 AND fix_at < $2
"""
_FORGET_BADGES = """
UPDATE presence SET badge_at = NULL, badge_key = NULL, badge_site_id = NULL, badge_zone_id = NULL, badge_off_site = NULL
WHERE tenant_id = $1 AND badge_at < $2
"""
_FORGET_EVENTS = "DELETE FROM badge_events WHERE tenant_id = $1 AND received_at < $2"


async def forget_positions(tx: Tx, tenant_id: UUID, before: datetime) -> int:
    """Delete positions, the newest of each person included; returns how many minutes."""
    await tx.execute(_FORGET_FIXES, tenant_id, before)
    return await tx.execute(_FORGET_POSITIONS, tenant_id, before)


async def forget_events(tx: Tx, tenant_id: UUID, before: datetime) -> int:
    """Delete badge events received before, the newest of each person included; returns how many."""
    await tx.execute(_FORGET_BADGES, tenant_id, before)
    return await tx.execute(_FORGET_EVENTS, tenant_id, before)
