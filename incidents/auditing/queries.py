"""SQL of the auditor; each statement sits above its function."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.ids import new_id
from mobile_contract.escalations import PAUSE_MAX_S


class Stuck(msgspec.Struct, frozen=True):
    """A thing that should have moved: a ``delivery``, ``escalation`` (by its task), ``command``, ``site`` ..."""

    tenant_id: UUID
    what: str
    id: UUID


class Finding(msgspec.Struct, frozen=True):
    """Something that was found stuck; ``ended_at``: it moves again."""

    tenant_id: UUID
    id: UUID
    what: str
    subject_id: UUID
    found_at: datetime
    repairs: int
    repaired_at: datetime
    ended_at: datetime | None


STUCK = "SELECT tenant_id, what, id FROM muster_stuck($1, $2, $3, $4)"
TENANTS_WITH_FINDINGS = "SELECT muster_findings_open()"


async def list_stuck(tx: Tx, late: datetime, ahead: datetime, far: datetime, most: int) -> list[Stuck]:
    """What was due before ``late`` and did not move, waits since after ``ahead``, or is leased beyond ``far``, in any
    tenant."""
    return [row_to(Stuck, r) for r in await tx.fetch(STUCK, late, ahead, far, most)]


async def list_tenants_with_findings(tx: Tx) -> list[UUID]:
    """Tenants in which something was found and does not move yet."""
    return [r[0] for r in await tx.fetch(TENANTS_WITH_FINDINGS)]


_FINDING = "tenant_id, id, what, subject_id, found_at, repairs, repaired_at, ended_at"
LOCK_OPEN = f"""
SELECT {_FINDING} FROM audit_findings WHERE tenant_id = $1 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE
"""
INSERT_FINDING = f"""
INSERT INTO audit_findings ({_FINDING}) VALUES ($1, $2, $3, $4, $5, 1, $5, NULL) ON CONFLICT DO NOTHING
"""
REPAIRED = "UPDATE audit_findings SET repairs = repairs + 1, repaired_at = $3 WHERE tenant_id = $1 AND id = $2"
END = "UPDATE audit_findings SET ended_at = $3 WHERE tenant_id = $1 AND id = $2"


async def lock_open(tx: Tx, tenant_id: UUID) -> list[Finding]:
    """The tenant's open findings, locked."""
    return [row_to(Finding, r) for r in await tx.fetch(LOCK_OPEN, tenant_id)]


async def insert_finding(tx: Tx, tenant_id: UUID, what: str, subject_id: UUID) -> bool:
    """A new finding, repaired once; False when another auditor has it."""
    return await tx.execute(INSERT_FINDING, tenant_id, new_id(), what, subject_id, tx.now) == 1


async def note_repair(tx: Tx, tenant_id: UUID, finding_id: UUID) -> None:
    """It was put right once more."""
    await tx.execute(REPAIRED, tenant_id, finding_id, tx.now)


async def end(tx: Tx, tenant_id: UUID, finding_id: UUID) -> None:
    """It moves again."""
    await tx.execute(END, tenant_id, finding_id, tx.now)


LIST_FINDINGS = f"""
SELECT {_FINDING} FROM audit_findings
WHERE tenant_id = $1 AND (NOT $2::boolean OR ended_at IS NULL)
  AND ($3::timestamptz IS NULL OR (found_at, id) < ($3, $4::uuid))
ORDER BY found_at DESC, id DESC LIMIT $5
"""


async def list_findings(
    tx: Tx, tenant_id: UUID, *, standing: bool, before: tuple[datetime, UUID] | None, limit: int
) -> list[Finding]:
    """Findings, newest first; ``standing``: those that do not move yet."""
    at, last = before or (None, None)
    return [row_to(Finding, r) for r in await tx.fetch(LIST_FINDINGS, tenant_id, standing, at, last, limit)]


# Whose row somebody holds is in work, and is not waited for; a lease that lasts as long as one may stays. Times that a
# clock that was ahead has written are now.
FREE_DELIVERY = """
UPDATE deliveries SET lease_holder = CASE WHEN lease_until BETWEEN $3 AND $4 THEN lease_holder END,
    lease_until = CASE WHEN lease_until BETWEEN $3 AND $4 THEN lease_until END,
    due_at = least(coalesce(due_at, $3), $3), step_at = least(coalesce(step_at, queued_at), $3),
    asked_at = CASE WHEN asked_at > $3 THEN $3 ELSE asked_at END,
    retry_at = CASE WHEN retry_at > $3 THEN $3 ELSE retry_at END
WHERE tenant_id = $1 AND id = (
    SELECT id FROM deliveries WHERE tenant_id = $1 AND id = $2 AND ended IS NULL FOR NO KEY UPDATE SKIP LOCKED)
"""
FREE_ESCALATION = """
UPDATE escalations SET lease_holder = CASE WHEN lease_until BETWEEN $3 AND $4 THEN lease_holder END,
    lease_until = CASE WHEN lease_until BETWEEN $3 AND $4 THEN lease_until END,
    due_at = least(coalesce(due_at, $3), $3), step_started_at = least(step_started_at, $3),
    paused_until = CASE WHEN paused_until > $5 THEN $5 ELSE paused_until END
WHERE tenant_id = $1 AND task_id = (
    SELECT task_id FROM escalations
    WHERE tenant_id = $1 AND task_id = $2 AND state NOT IN ('met', 'cancelled') FOR NO KEY UPDATE SKIP LOCKED)
"""
FREE_FEED_MESSAGE = "UPDATE feed_messages SET lease_holder = NULL, lease_until = NULL WHERE tenant_id = $1 AND id = $2"
SITE_OF_RULE = "SELECT site_id FROM alarm_rules WHERE tenant_id = $1 AND id = $2"


async def free_delivery(tx: Tx, tenant_id: UUID, delivery_id: UUID, far: datetime) -> None:
    """It is due, and nobody holds it beyond ``far``."""
    await tx.execute(FREE_DELIVERY, tenant_id, delivery_id, tx.now, far)


async def free_escalation(tx: Tx, tenant_id: UUID, task_id: UUID, far: datetime) -> None:
    """It is due, and nobody holds it beyond ``far``; a pause ends when the longest would."""
    pause_by = tx.now + timedelta(seconds=PAUSE_MAX_S)
    await tx.execute(FREE_ESCALATION, tenant_id, task_id, tx.now, far, pause_by)


async def free_feed_message(tx: Tx, tenant_id: UUID, message_id: UUID) -> None:
    """Nobody holds it."""
    await tx.execute(FREE_FEED_MESSAGE, tenant_id, message_id)


async def site_of_rule(tx: Tx, tenant_id: UUID, rule_id: UUID) -> UUID | None:
    """The site whose gateway keeps this rule's timer."""
    found: UUID | None = await tx.fetchval(SITE_OF_RULE, tenant_id, rule_id)
    return found
