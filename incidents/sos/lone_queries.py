"""SQL of people who work alone; each statement sits above its function."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from incidents.sos.lone import CLOCK_SLACK, By
from incidents.sos.model import LoneSession

_SESSION = """tenant_id, id, account_id, name, site_id, zone_id, lon, lat, level, accuracy_m, note, interval_s, grace_s,
    activity_counts, state, started_at, ends_at, checked_in_at, checked_in_by, deadline_at, remind_at, raise_at,
    paused_until, armed_at, ended_at, ended_by, ring_attempts, ring_taken, version"""

INSERT_SESSION = """
INSERT INTO lone_sessions (tenant_id, id, account_id, name, site_id, zone_id, lon, lat, level, accuracy_m, note,
    interval_s, grace_s, activity_counts, state, started_at, ends_at, checked_in_at, checked_in_by, deadline_at,
    remind_at, raise_at, paused_until, armed_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    $25)
ON CONFLICT DO NOTHING
"""


async def insert_session(tx: Tx, tenant_id: UUID, s: LoneSession) -> bool:
    """Begin a session; False when the person has one that runs."""
    where = (s.site_id, s.zone_id, s.lon, s.lat, s.level, s.accuracy_m, s.note)
    asked = (s.interval_s, s.grace_s, s.activity_counts, s.state, s.started_at, s.ends_at)
    times = (s.checked_in_at, s.checked_in_by, s.deadline_at, s.remind_at, s.raise_at, s.paused_until, s.armed_at)
    row = (tenant_id, s.id, s.account_id, s.name, *where, *asked, *times, s.watch.due_at)
    return await tx.execute(INSERT_SESSION, *row) == 1


SAVE_SESSION = """
UPDATE lone_sessions SET state = $3, ends_at = $4, checked_in_at = $5, checked_in_by = $6, deadline_at = $7,
    remind_at = $8, raise_at = $9, paused_until = $10, armed_at = $11, due_at = $12, ended_at = $13, ended_by = $14,
    version = version + 1
WHERE tenant_id = $1 AND id = $2
"""


async def save_session(tx: Tx, tenant_id: UUID, s: LoneSession) -> None:
    """Write a locked session; the next version."""
    times = (s.ends_at, s.checked_in_at, s.checked_in_by, s.deadline_at, s.remind_at, s.raise_at, s.paused_until)
    end = (s.armed_at, s.watch.due_at, s.ended_at, s.ended_by)
    await tx.execute(SAVE_SESSION, tenant_id, s.id, s.state, *times, *end)


FIND_SESSION = f"SELECT {_SESSION} FROM lone_sessions WHERE tenant_id = $1 AND id = $2"
LOCK_SESSION = FIND_SESSION + " FOR NO KEY UPDATE"
FIND_NEWEST = f"""
SELECT {_SESSION} FROM lone_sessions WHERE tenant_id = $1 AND account_id = $2 ORDER BY started_at DESC, id DESC LIMIT 1
"""


async def find_session(tx: Tx, tenant_id: UUID, session_id: UUID) -> LoneSession | None:
    """One session, or None."""
    row = await tx.fetchrow(FIND_SESSION, tenant_id, session_id)
    return None if row is None else row_to(LoneSession, row)


async def lock_session(tx: Tx, tenant_id: UUID, session_id: UUID) -> LoneSession | None:
    """The same, its row held until commit."""
    row = await tx.fetchrow(LOCK_SESSION, tenant_id, session_id)
    return None if row is None else row_to(LoneSession, row)


async def find_newest(tx: Tx, tenant_id: UUID, account_id: UUID) -> LoneSession | None:
    """The person's last session, running or not, or None."""
    row = await tx.fetchrow(FIND_NEWEST, tenant_id, account_id)
    return None if row is None else row_to(LoneSession, row)


# Overdue first, then who must speak next; those who paused; those who are done, newest first.
LIST_SESSIONS = f"""
SELECT {_SESSION} FROM lone_sessions
WHERE tenant_id = $1
  AND (NOT $2::boolean OR state IN ('active', 'paused'))
  AND ($3::uuid IS NULL OR site_id = $3)
  AND ($4::text IS NULL OR position(lower($4) IN lower(name || ' ' || note)) > 0)
ORDER BY (state IN ('active', 'paused')) DESC, deadline_at NULLS LAST, started_at DESC, id
OFFSET $5 LIMIT $6
"""


async def list_sessions(
    tx: Tx, tenant_id: UUID, *, running: bool, site_id: UUID | None, search: str | None, skip: int, limit: int
) -> list[LoneSession]:
    """Sessions, the most urgent first; ``running``: no others."""
    rows = await tx.fetch(LIST_SESSIONS, tenant_id, running, site_id, search, skip, limit)
    return [row_to(LoneSession, r) for r in rows]


# A swipe or a message is a deliberate act; a phone that lies beside somebody reports its position all the same.
FIND_ACTIVITY = """
SELECT greatest(
    (SELECT p.badge_at FROM presence p WHERE p.tenant_id = $1 AND p.person_id = $2),
    (SELECT max(e.at) FROM room_members m
     JOIN room_events e ON e.tenant_id = $1 AND e.room_id = m.room_id AND e.by_account = $2 AND e.at > $3
        AND e.kind = 'message.posted'
     WHERE m.tenant_id = $1 AND m.account_id = $2)) AS at
"""
BADGE_AT = "SELECT badge_at FROM presence WHERE tenant_id = $1 AND person_id = $2"


async def find_activity(tx: Tx, tenant_id: UUID, account_id: UUID, since: datetime) -> tuple[datetime, By] | None:
    """When the person last used a badge or wrote into a room, if that was after ``since``."""
    at: datetime | None = await tx.fetchval(FIND_ACTIVITY, tenant_id, account_id, since)
    if at is None or at <= since:
        return None
    return at, "badge" if at == await tx.fetchval(BADGE_AT, tenant_id, account_id) else "message"


DUE = "SELECT tenant_id, id FROM muster_lone_sessions_due($1, $2, $3)"


async def list_due(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, session) that want a look, or whose clock was set back."""
    rows = await tx.fetch(DUE, now, CLOCK_SLACK.total_seconds(), limit)
    return [(r["tenant_id"], r["id"]) for r in rows]


# Another courier holds it: it looks.
TAKE_SESSION = FIND_SESSION + " FOR NO KEY UPDATE SKIP LOCKED"


async def take_session(tx: Tx, tenant_id: UUID, session_id: UUID) -> LoneSession | None:
    """The session, its row held; None when somebody else holds it."""
    row = await tx.fetchrow(TAKE_SESSION, tenant_id, session_id)
    return None if row is None else row_to(LoneSession, row)


WANT_RING = """
UPDATE lone_sessions SET ring_due_at = $3, ring_lease_until = NULL, ring_attempts = 0, ring_taken = 0
WHERE tenant_id = $1 AND id = $2
"""
DUE_RINGS = "SELECT tenant_id, id FROM muster_lone_rings_due($1, $2)"
LEASE_RING = f"""
UPDATE lone_sessions SET ring_lease_until = $3, ring_attempts = ring_attempts + 1
WHERE tenant_id = $1 AND id = (
    SELECT id FROM lone_sessions
    WHERE tenant_id = $1 AND id = $2 AND ring_due_at <= $4 AND (ring_lease_until IS NULL OR ring_lease_until <= $4)
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING {_SESSION}
"""
REPORT_RING = """
UPDATE lone_sessions SET ring_due_at = $3, ring_lease_until = NULL, ring_taken = $4 WHERE tenant_id = $1 AND id = $2
"""


async def want_ring(tx: Tx, tenant_id: UUID, session_id: UUID) -> None:
    """The person's phones are to be rung now."""
    await tx.execute(WANT_RING, tenant_id, session_id, tx.now)


async def list_due_rings(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, session) whose phones are to be rung and are in nobody's hand."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(DUE_RINGS, now, limit)]


async def lease_ring(
    tx: Tx, tenant_id: UUID, session_id: UUID, *, until: datetime, now: datetime
) -> LoneSession | None:
    """Take a reminder to send it; None when somebody else has it."""
    row = await tx.fetchrow(LEASE_RING, tenant_id, session_id, until, now)
    return None if row is None else row_to(LoneSession, row)


async def report_ring(tx: Tx, tenant_id: UUID, session_id: UUID, taken: int, again_at: datetime | None) -> None:
    """How many services took it; ``again_at``: it is tried again then."""
    await tx.execute(REPORT_RING, tenant_id, session_id, again_at, taken)
