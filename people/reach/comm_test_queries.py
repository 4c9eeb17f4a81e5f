"""SQL of tests of communications; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to, rows_to
from people.reach.model import CommTest, CommTestMessage, CommTestSchedule, TestOutcome

_TEST = "tenant_id, id, schedule_id, started_by, started_at, ends_at"
INSERT_TEST = f"INSERT INTO comm_tests ({_TEST}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
FIND_TEST = f"SELECT {_TEST} FROM comm_tests WHERE tenant_id = $1 AND id = $2"
LIST_TESTS = f"""
SELECT {_TEST} FROM comm_tests
WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (started_at, id) < ($2, $3::uuid))
ORDER BY started_at DESC, id DESC LIMIT $4
"""


async def insert_test(tx: Tx, tenant_id: UUID, test: CommTest) -> None:
    """Begin a test."""
    row = (test.id, test.schedule_id, test.started_by, test.started_at, test.ends_at)
    await tx.execute(INSERT_TEST, tenant_id, *row)


async def find_test(tx: Tx, tenant_id: UUID, test_id: UUID) -> CommTest | None:
    """One test, or None."""
    row = await tx.fetchrow(FIND_TEST, tenant_id, test_id)
    return None if row is None else row_to(CommTest, row)


async def list_tests(tx: Tx, tenant_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int) -> list[CommTest]:
    """Tests, newest first."""
    at, last = before or (None, None)
    return [row_to(CommTest, r) for r in await tx.fetch(LIST_TESTS, tenant_id, at, last, limit)]


# Every address a person can be rung or written at: active push addresses, and living addresses of a service in use.
ADD_MESSAGES = """
INSERT INTO comm_test_messages (tenant_id, id, test_id, account_id, device_id, channel, due_at)
SELECT $1, gen_random_uuid(), $2, found.account_id, found.device_id, found.channel, $3
FROM (
    SELECT d.account_id, d.id AS device_id, d.push_channel AS channel FROM person_devices d
    WHERE d.tenant_id = $1 AND d.push_token_state = 'active'
    UNION ALL
    SELECT c.account_id, c.id, c.kind FROM contact_points c
    JOIN message_services s ON s.tenant_id = $1 AND s.kind = c.kind AND s.enabled
    WHERE c.tenant_id = $1 AND c.dead_at IS NULL) found
JOIN accounts a ON a.tenant_id = $1 AND a.id = found.account_id AND a.disabled_at IS NULL
WHERE CASE WHEN $4::uuid[] IS NULL THEN a.role IN ('responder', 'safety_officer') ELSE a.id = ANY ($4) END
ON CONFLICT (tenant_id, test_id, device_id, channel) DO NOTHING
"""


async def add_messages(
    tx: Tx, tenant_id: UUID, test_id: UUID, due_at: datetime, account_ids: Sequence[UUID] | None
) -> int:
    """One message to every address of these people (None: responders and safety officers); returns how many."""
    return await tx.execute(
        ADD_MESSAGES, tenant_id, test_id, due_at, None if account_ids is None else list(account_ids)
    )


UNKNOWN = """
SELECT wanted FROM unnest($2::uuid[]) AS wanted
WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.tenant_id = $1 AND a.id = wanted)
LIMIT 1
"""


async def find_unknown(tx: Tx, tenant_id: UUID, account_ids: Sequence[UUID]) -> UUID | None:
    """One of these that is no account of the tenant, or None."""
    found: UUID | None = await tx.fetchval(UNKNOWN, tenant_id, list(account_ids))
    return found


_MESSAGE = """tenant_id, id, test_id, account_id, device_id, channel, due_at, attempts, sent_at, outcome, code,
    received_at, seen_at"""
LIST_MESSAGES = f"""
SELECT {_MESSAGE} FROM comm_test_messages WHERE tenant_id = $1 AND test_id = $2 AND id > $3 ORDER BY id LIMIT $4
"""
ALL_MESSAGES = f"SELECT {_MESSAGE} FROM comm_test_messages WHERE tenant_id = $1 AND test_id = $2"


async def list_messages(tx: Tx, tenant_id: UUID, test_id: UUID, *, after: UUID, limit: int) -> list[CommTestMessage]:
    """A page of a test's messages."""
    rows = await tx.fetch(LIST_MESSAGES, tenant_id, test_id, after, limit)
    return [row_to(CommTestMessage, r) for r in rows]


async def all_messages(tx: Tx, tenant_id: UUID, test_id: UUID) -> list[CommTestMessage]:
    """Every message of a test, for its report."""
    return await rows_to(CommTestMessage, await tx.fetch(ALL_MESSAGES, tenant_id, test_id))


LEASE_MESSAGE = f"""
UPDATE comm_test_messages SET lease_until = $3, attempts = attempts + 1
WHERE tenant_id = $1 AND id = (
    SELECT id FROM comm_test_messages
    WHERE tenant_id = $1 AND id = $2 AND due_at <= $4 AND (lease_until IS NULL OR lease_until <= $4)
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING {_MESSAGE}
"""
REPORT_SEND = """
UPDATE comm_test_messages SET outcome = $3, code = $4, sent_at = coalesce(sent_at, $5), due_at = $6, lease_until = NULL
WHERE tenant_id = $1 AND id = $2
"""
STATE_FACT = """
UPDATE comm_test_messages
SET received_at = least(received_at, $4), seen_at = CASE WHEN $5 THEN least(seen_at, $4) ELSE seen_at END
WHERE tenant_id = $1 AND id = $2 AND account_id = $3
"""


async def lease_message(
    tx: Tx, tenant_id: UUID, message_id: UUID, *, until: datetime, now: datetime
) -> CommTestMessage | None:
    """Take a due message to send it; None when somebody else has it."""
    row = await tx.fetchrow(LEASE_MESSAGE, tenant_id, message_id, until, now)
    return None if row is None else row_to(CommTestMessage, row)


async def report_send(
    tx: Tx,
    tenant_id: UUID,
    message_id: UUID,
    outcome: TestOutcome,
    code: str | None,
    *,
    sent_at: datetime,
    again_at: datetime | None,
) -> None:
    """What became of a send; ``again_at``: it is tried again then."""
    await tx.execute(REPORT_SEND, tenant_id, message_id, outcome, code, sent_at, again_at)


async def state_fact(tx: Tx, tenant_id: UUID, message_id: UUID, account_id: UUID, at: datetime, *, seen: bool) -> bool:
    """The person's device has it, or they opened it; False when it is not theirs. The earliest statement stays."""
    return await tx.execute(STATE_FACT, tenant_id, message_id, account_id, at, seen) == 1


DUE_MESSAGES = "SELECT tenant_id, id FROM muster_comm_tests_due($1, $2)"
DUE_SCHEDULES = "SELECT tenant_id, id FROM muster_comm_schedules_due($1)"


async def list_due_messages(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, message) of what is due in any tenant and not leased."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(DUE_MESSAGES, now, limit)]


async def list_due_schedules(tx: Tx, now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, schedule) of what is due in any tenant."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(DUE_SCHEDULES, now)]


OVER = "SELECT tenant_id, id FROM muster_comm_tests_over($1)"
CLOSE = f"""
UPDATE comm_tests SET closed_at = $3 WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL AND ends_at <= $3
RETURNING {_TEST}
"""


async def list_over(tx: Tx, now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, test) of what ended in any tenant and was not closed."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(OVER, now)]


async def close_test(tx: Tx, tenant_id: UUID, test_id: UUID) -> CommTest | None:
    """Its answers count no more; None when it was closed already."""
    row = await tx.fetchrow(CLOSE, tenant_id, test_id, tx.now)
    return None if row is None else row_to(CommTest, row)


_SCHEDULE = "tenant_id, id, rule, tz, first_at, next_at, enabled, version, created_at"
INSERT_SCHEDULE = f"INSERT INTO comm_test_schedules ({_SCHEDULE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
LIST_SCHEDULES = f"SELECT {_SCHEDULE} FROM comm_test_schedules WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3"
LOCK_SCHEDULE = f"SELECT {_SCHEDULE} FROM comm_test_schedules WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
SAVE_SCHEDULE = """
UPDATE comm_test_schedules SET rule = $3, tz = $4, first_at = $5, next_at = $6, enabled = $7, version = $8
WHERE tenant_id = $1 AND id = $2
"""


async def insert_schedule(tx: Tx, tenant_id: UUID, s: CommTestSchedule) -> None:
    """Keep a schedule."""
    row = (s.id, s.rule, s.tz, s.first_at, s.next_at, s.enabled, s.version, s.created_at)
    await tx.execute(INSERT_SCHEDULE, tenant_id, *row)


async def list_schedules(tx: Tx, tenant_id: UUID, *, after: UUID, limit: int) -> list[CommTestSchedule]:
    """Schedules, oldest first."""
    return [row_to(CommTestSchedule, r) for r in await tx.fetch(LIST_SCHEDULES, tenant_id, after, limit)]


async def lock_schedule(tx: Tx, tenant_id: UUID, schedule_id: UUID) -> CommTestSchedule | None:
    """One schedule, locked, or None."""
    row = await tx.fetchrow(LOCK_SCHEDULE, tenant_id, schedule_id)
    return None if row is None else row_to(CommTestSchedule, row)


async def save_schedule(tx: Tx, tenant_id: UUID, s: CommTestSchedule) -> None:
    """Write a locked schedule."""
    await tx.execute(SAVE_SCHEDULE, tenant_id, s.id, s.rule, s.tz, s.first_at, s.next_at, s.enabled, s.version)
