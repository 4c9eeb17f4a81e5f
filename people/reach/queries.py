"""SQL of readiness, addresses, services and quiet times; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to, rows_to
from people.queries import FIRST
from people.reach.model import ContactKind, ContactPoint, MessageServiceRow, PhoneFacts, QuietTime, Readiness

_READINESS = """tenant_id, device_id, reported_at, notifications, critical_alerts, battery, battery_level, app_version,
    os_version"""

SAVE_READINESS = f"""
INSERT INTO device_readiness ({_READINESS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, device_id) DO UPDATE SET reported_at = excluded.reported_at,
    notifications = excluded.notifications, critical_alerts = excluded.critical_alerts, battery = excluded.battery,
    battery_level = excluded.battery_level, app_version = excluded.app_version, os_version = excluded.os_version
"""


async def save_readiness(tx: Tx, tenant_id: UUID, r: Readiness) -> None:
    """What a phone says now replaces what it said before."""
    said = (r.notifications, r.critical_alerts, r.battery, r.battery_level, r.app_version, r.os_version)
    await tx.execute(SAVE_READINESS, tenant_id, r.device_id, r.reported_at, *said)


PHONE_FACTS = """
SELECT d.account_id, d.id AS device_id, d.label, d.platform, d.push_token_state, d.push_token_at, d.last_seen_at,
    r.reported_at, r.notifications, r.critical_alerts, r.battery, r.battery_level,
    t.sent_at AS tested_at, t.received_at AS test_received_at
FROM person_devices d
LEFT JOIN device_readiness r ON r.tenant_id = $1 AND r.device_id = d.id
LEFT JOIN LATERAL (
    SELECT m.sent_at, m.received_at FROM comm_test_messages m
    WHERE m.tenant_id = $1 AND m.device_id = d.id AND m.sent_at IS NOT NULL
    ORDER BY m.sent_at DESC LIMIT 1) t ON true
WHERE d.tenant_id = $1 AND d.account_id = ANY ($2::uuid[]) AND d.revoked_at IS NULL
ORDER BY d.account_id, d.last_seen_at DESC, d.id
"""


async def list_phone_facts(tx: Tx, tenant_id: UUID, account_ids: Sequence[UUID]) -> list[PhoneFacts]:
    """The phones in use of these people, last used first for each."""
    return await rows_to(PhoneFacts, await tx.fetch(PHONE_FACTS, tenant_id, list(account_ids)))


_POINT = "tenant_id, id, account_id, kind, address, dead_at, created_at"
INSERT_POINT = f"""
INSERT INTO contact_points ({_POINT}) VALUES ($1, $2, $3, $4, $5, NULL, $6)
ON CONFLICT (tenant_id, account_id, kind, address) DO UPDATE SET dead_at = NULL
RETURNING {_POINT}
"""


async def insert_contact_point(
    tx: Tx, tenant_id: UUID, point_id: UUID, account_id: UUID, kind: ContactKind, address: str
) -> ContactPoint:
    """A new address, or the same one brought back to life."""
    return row_to(ContactPoint, await tx.fetchrow(INSERT_POINT, tenant_id, point_id, account_id, kind, address, tx.now))


LIST_POINTS = f"""
SELECT {_POINT} FROM contact_points WHERE tenant_id = $1 AND account_id = $2 AND id > $3 ORDER BY id LIMIT $4
"""


async def list_contact_points(
    tx: Tx, tenant_id: UUID, account_id: UUID, *, after: UUID = FIRST, limit: int = 50
) -> list[ContactPoint]:
    """A person's addresses, oldest first."""
    return [row_to(ContactPoint, r) for r in await tx.fetch(LIST_POINTS, tenant_id, account_id, after, limit)]


FIND_POINT = f"SELECT {_POINT} FROM contact_points WHERE tenant_id = $1 AND id = $2"
DELETE_POINT = "DELETE FROM contact_points WHERE tenant_id = $1 AND id = $2"
COUNT_POINTS = """
SELECT count(*) FROM contact_points WHERE tenant_id = $1 AND account_id = $2 AND (kind, address) <> ($3, $4)
"""


async def find_contact_point(tx: Tx, tenant_id: UUID, point_id: UUID) -> ContactPoint | None:
    """One address, or None."""
    row = await tx.fetchrow(FIND_POINT, tenant_id, point_id)
    return None if row is None else row_to(ContactPoint, row)


async def delete_contact_point(tx: Tx, tenant_id: UUID, point_id: UUID) -> None:
    """Take an address out."""
    await tx.execute(DELETE_POINT, tenant_id, point_id)


async def count_contact_points(tx: Tx, tenant_id: UUID, account_id: UUID, kind: ContactKind, address: str) -> int:
    """How many addresses a person has beside this one."""
    found: int = await tx.fetchval(COUNT_POINTS, tenant_id, account_id, kind, address)
    return found


_SERVICE = "tenant_id, kind, url, enabled, version, created_at"
LIST_SERVICES = f"SELECT {_SERVICE} FROM message_services WHERE tenant_id = $1 ORDER BY kind"
SAVE_SERVICE = f"""
INSERT INTO message_services ({_SERVICE}) VALUES ($1, $2, $3, $4, 1, $5)
ON CONFLICT (tenant_id, kind) DO UPDATE
SET url = excluded.url, enabled = excluded.enabled, version = message_services.version + 1
RETURNING {_SERVICE}
"""
DELETE_SERVICE = "DELETE FROM message_services WHERE tenant_id = $1 AND kind = $2"


async def list_message_services(tx: Tx, tenant_id: UUID) -> list[MessageServiceRow]:
    """The tenant's services with their secrets: for the sender alone."""
    return [row_to(MessageServiceRow, r) for r in await tx.fetch(LIST_SERVICES, tenant_id)]


async def save_message_service(
    tx: Tx, tenant_id: UUID, kind: ContactKind, url: str, *, enabled: bool
) -> MessageServiceRow:
    """Set the service of one kind."""
    return row_to(MessageServiceRow, await tx.fetchrow(SAVE_SERVICE, tenant_id, kind, url, enabled, tx.now))


async def delete_message_service(tx: Tx, tenant_id: UUID, kind: ContactKind) -> bool:
    """Take the service of one kind out; False when there was none."""
    return await tx.execute(DELETE_SERVICE, tenant_id, kind) == 1


_QUIET = "tenant_id, id, account_id, daily_from, daily_until, tz, starts_at, ends_at, reason, created_at"
INSERT_QUIET = f"INSERT INTO quiet_times ({_QUIET}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
FIND_QUIET = f"SELECT {_QUIET} FROM quiet_times WHERE tenant_id = $1 AND id = $2"
DELETE_QUIET = "DELETE FROM quiet_times WHERE tenant_id = $1 AND id = $2"
COUNT_QUIET = "SELECT count(*) FROM quiet_times WHERE tenant_id = $1 AND account_id = $2"
LIST_QUIET_OF = (
    f"SELECT {_QUIET} FROM quiet_times WHERE tenant_id = $1 AND account_id = $2 AND id > $3 ORDER BY id LIMIT $4"
)
# Those that can apply at a moment: every daily one, and the single one that holds it.
LIST_QUIET_AT = f"""
SELECT {_QUIET} FROM quiet_times
WHERE tenant_id = $1 AND (daily_from IS NOT NULL OR (starts_at <= $2 AND ends_at > $2))
"""


async def insert_quiet_time(tx: Tx, tenant_id: UUID, q: QuietTime) -> None:
    """Keep a quiet time."""
    when = (q.daily_from, q.daily_until, q.tz, q.starts_at, q.ends_at)
    await tx.execute(INSERT_QUIET, tenant_id, q.id, q.account_id, *when, q.reason, q.created_at)


async def find_quiet_time(tx: Tx, tenant_id: UUID, quiet_id: UUID) -> QuietTime | None:
    """One, or None."""
    row = await tx.fetchrow(FIND_QUIET, tenant_id, quiet_id)
    return None if row is None else row_to(QuietTime, row)


async def delete_quiet_time(tx: Tx, tenant_id: UUID, quiet_id: UUID) -> None:
    """Take it out."""
    await tx.execute(DELETE_QUIET, tenant_id, quiet_id)


async def count_quiet_times(tx: Tx, tenant_id: UUID, account_id: UUID) -> int:
    """How many a person has."""
    found: int = await tx.fetchval(COUNT_QUIET, tenant_id, account_id)
    return found


async def list_quiet_times(
    tx: Tx, tenant_id: UUID, account_id: UUID, *, after: UUID = FIRST, limit: int = 50
) -> list[QuietTime]:
    """A person's quiet times, oldest first."""
    return [row_to(QuietTime, r) for r in await tx.fetch(LIST_QUIET_OF, tenant_id, account_id, after, limit)]


async def list_quiet_times_at(tx: Tx, tenant_id: UUID, at: datetime) -> list[QuietTime]:
    """Everybody's that may apply at this moment; ``times.is_quiet`` decides."""
    return await rows_to(QuietTime, await tx.fetch(LIST_QUIET_AT, tenant_id, at))
