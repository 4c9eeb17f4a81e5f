"""Many open incidents, straight into the tables: each with a task and ten people who were asked for it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec

from core.database import Database, Tx
from core.ids import new_id
from incidents.tasking.policy import ANYBODY, EscalationPolicy, PolicyStep, Target
from mobile_contract.text import Text

_NAME = Text("基准测试", "Benchmark")
# Who is asked for each task at once: so many orders are open.
ASKED = 10
PEOPLE = 200
# One person's silence asks one other: all of them are waited for.
_POLICY = EscalationPolicy(
    slug="bench",
    version=1,
    steps=(PolicyStep(who=(Target("role", "responder"),), at_once=ASKED, after_s=3600.0),) * 2,
)
_CONTENT = {"grade": 2, "title": _NAME, "place": _NAME, "agent": None, "steps": [], "deadline_at": None}

_ACCOUNTS = """
INSERT INTO accounts (tenant_id, id, login, display_name, locale, role, password_hash, created_at)
SELECT $1, gen_random_uuid(), 'p' || n, 'p' || n, 'en', 'responder', 'none', $2 FROM generate_series(1, $3) n
"""
_INCIDENTS = """
INSERT INTO incidents (tenant_id, id, number, site_id, zone_id, state, grade, reasons, title, place, plan,
    first_out_alarm_id, opened_at, last_alarm_at)
SELECT $1, gen_random_uuid(), n, $2, $3, 'open', 2, '[]', $4, $4, '{"template": "leak", "version": 1}',
    gen_random_uuid(), $5, $5
FROM generate_series(1, $6) n
"""
_ROOMS = """
INSERT INTO rooms (tenant_id, id, incident_id, opened_at) SELECT $1, gen_random_uuid(), id, $2 FROM incidents
"""
_TASKS = """
INSERT INTO tasks (tenant_id, id, incident_id, position, role, title, steps, plan_template, plan_version, state,
    deadline_at, created_at)
SELECT $1, gen_random_uuid(), id, 1, 'responder', $2, '[]', 'leak', 1, 'open', $3, $3 FROM incidents
"""
_ESCALATIONS = """
INSERT INTO escalations (tenant_id, task_id, incident_id, policy, needs, content, state, step, round, step_started_at,
    met, crew, started_at, due_at)
SELECT $1, t.id, t.incident_id, $2, $3, $4, 'running', 0, 0, $5, '[0]', '[]', $5, $6 FROM tasks t
"""
# Somebody else for each task, so that everybody has about the same in hand.
_DELIVERIES = """
INSERT INTO deliveries (tenant_id, id, task_id, incident_id, account_id, content, dedupe_key, task_fencing, state,
    queued_at, due_at, policy_step)
SELECT $1, gen_random_uuid(), t.id, t.incident_id, a.id, $2, md5(t.id::text || a.id::text), 1, 'queued', $3, $4, 0
FROM (SELECT id, incident_id, row_number() OVER (ORDER BY id) AS n FROM tasks WHERE tenant_id = $1) t
CROSS JOIN generate_series(1, $5) k
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts WHERE tenant_id = $1) a
  ON a.n = (t.n * 7 + k * 13) % $6
"""


async def build(owner_url: str, db: Database, incidents: int) -> UUID:
    """That many incidents; nothing is due within the hour. Returns the tenant."""
    tenant_id = new_id()
    connection = await asyncpg.connect(owner_url)
    await connection.execute(
        "INSERT INTO tenants (tenant_id, slug, name, locale, created_at) VALUES ($1, 'bench', $2, 'en', now())",
        tenant_id,
        msgspec.json.encode(_NAME).decode(),
    )
    async with db.transaction(tenant_id) as tx:
        await _fill(tx, tenant_id, incidents)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return tenant_id


async def _fill(tx: Tx, tenant_id: UUID, incidents: int) -> None:
    site_id, zone_id = new_id(), new_id()
    later = tx.now + timedelta(hours=1)
    await tx.execute(
        "INSERT INTO sites (tenant_id, id, slug, name, tz, created_at) VALUES ($1, $2, 's', $3, 'UTC', $4)",
        tenant_id,
        site_id,
        _NAME,
        tx.now,
    )
    await tx.execute(
        "INSERT INTO zones (tenant_id, id, site_id, slug, name, polygon, level, risk, created_at)"
        " VALUES ($1, $2, $3, 'z', $4, $5, 0, 2, $6)",
        tenant_id,
        zone_id,
        site_id,
        _NAME,
        {"type": "Polygon", "coordinates": []},
        tx.now,
    )
    await tx.execute(_ACCOUNTS, tenant_id, tx.now, PEOPLE)
    await tx.execute(_INCIDENTS, tenant_id, site_id, zone_id, _NAME, tx.now, incidents)
    await tx.execute(_ROOMS, tenant_id, tx.now)
    await tx.execute(_TASKS, tenant_id, _NAME, tx.now)
    await tx.execute(_ESCALATIONS, tenant_id, _POLICY, ANYBODY, _CONTENT, tx.now, later)
    await tx.execute(_DELIVERIES, tenant_id, _CONTENT, tx.now, later, ASKED, PEOPLE)


_DUE_DELIVERIES = """
UPDATE deliveries SET due_at = $2, queued_at = $3 WHERE tenant_id = $1 AND id IN (
    SELECT DISTINCT ON (task_id) id FROM deliveries
    WHERE tenant_id = $1 AND ended IS NULL AND due_at > $2 ORDER BY task_id, id LIMIT $4)
"""
_DUE_ESCALATIONS = """
UPDATE escalations SET due_at = $2, step = 0, step_started_at = $3 WHERE tenant_id = $1 AND task_id IN (
    SELECT task_id FROM escalations WHERE tenant_id = $1 ORDER BY task_id LIMIT $4)
"""


# They may still answer, and are no longer counted on.
_NOT_COUNTED = """
UPDATE deliveries SET counted_until = $2 WHERE tenant_id = $1 AND task_id IN (
    SELECT task_id FROM escalations WHERE tenant_id = $1 ORDER BY task_id LIMIT $3)
"""


async def let_silence_fall_due(db: Database, tenant_id: UUID, count: int) -> None:
    """One person each of so many tasks has not received their order in time."""
    async with db.transaction(tenant_id) as tx:
        await tx.execute(_DUE_DELIVERIES, tenant_id, tx.now, tx.now - timedelta(minutes=2), count)


async def let_steps_end(db: Database, tenant_id: UUID, count: int) -> None:
    """The step of so many escalations is over although somebody may still answer."""
    async with db.transaction(tenant_id) as tx:
        await tx.execute(_DUE_ESCALATIONS, tenant_id, tx.now, tx.now - timedelta(hours=1), count)
        await tx.execute(_NOT_COUNTED, tenant_id, tx.now, count)
