"""SQL of reports, lessons and corrective actions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound

ReportState: TypeAlias = Literal["draft", "signed_off"]
ActionState: TypeAlias = Literal["open", "done", "verified"]


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an incident's report as it is stored."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    number: int
    state: ReportState
    summary: str
    causes: str
    content: dict[str, Any] | None
    content_hash: str | None
    version: int
    created_by: UUID
    created_at: datetime
    signed_by: UUID | None
    signed_at: datetime | None


_REPORT = """tenant_id, id, incident_id, number, state, summary, causes, content, content_hash, version, created_by,
    created_at, signed_by, signed_at"""

_INSERT_REPORT = f"""
INSERT INTO reports (tenant_id, id, incident_id, number, state, summary, causes, created_by, created_at)
SELECT $1, $2, $3, coalesce(max(number), 0) + 1, 'draft', $4, $5, $6, $7
FROM reports WHERE tenant_id = $1 AND incident_id = $3
RETURNING {_REPORT}
"""


async def insert_report(
    tx: Tx, tenant_id: UUID, report_id: UUID, incident_id: UUID, summary: str, causes: str, by: UUID
) -> ReportRow:
    """A draft with the incident's next number; the caller holds the incident's lock."""
    row = await tx.fetchrow(_INSERT_REPORT, tenant_id, report_id, incident_id, summary, causes, by, tx.now)
    return row_to(ReportRow, row)


_GET_REPORT = f"SELECT {_REPORT} FROM reports WHERE tenant_id = $1 AND id = $2"
_LOCK_REPORT = _GET_REPORT + " FOR NO KEY UPDATE"


async def get_report(tx: Tx, tenant_id: UUID, report_id: UUID, *, lock: bool = False) -> ReportRow:
    """One version, locked if asked; raises NotFound."""
    row = await tx.fetchrow(_LOCK_REPORT if lock else _GET_REPORT, tenant_id, report_id)
    if row is None:
        raise NotFound("report.not_found", f"no report {report_id}", f"没有报告 {report_id}", field="report_id")
    return row_to(ReportRow, row)


_LIST_REPORTS = f"""
SELECT {_REPORT} FROM reports
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR incident_id = $2) AND ($3::text IS NULL OR state = $3)
  AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
ORDER BY created_at DESC, id DESC LIMIT $6
"""


async def list_reports(
    tx: Tx,
    tenant_id: UUID,
    *,
    incident_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ReportRow]:
    """Versions, newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(_LIST_REPORTS, tenant_id, incident_id, state, at, last, limit)
    return [row_to(ReportRow, r) for r in rows]


_SAVE_DRAFT = f"""
UPDATE reports SET summary = $3, causes = $4, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND state = 'draft'
RETURNING {_REPORT}
"""


async def save_draft(tx: Tx, tenant_id: UUID, report_id: UUID, summary: str, causes: str) -> ReportRow:
    """Write a locked draft's texts."""
    return row_to(ReportRow, await tx.fetchrow(_SAVE_DRAFT, tenant_id, report_id, summary, causes))


_SIGN = f"""
UPDATE reports SET state = 'signed_off', content = $3, content_hash = $4, signed_by = $5, signed_at = $6,
    version = version + 1
WHERE tenant_id = $1 AND id = $2 AND state = 'draft'
RETURNING {_REPORT}
"""


async def sign(
    tx: Tx, tenant_id: UUID, report_id: UUID, content: dict[str, Any], content_hash: str, by: UUID
) -> ReportRow:
    """Keep what a locked draft says."""
    return row_to(ReportRow, await tx.fetchrow(_SIGN, tenant_id, report_id, content, content_hash, by, tx.now))


_SIGNED_HASH = """
SELECT facts->>'content_hash' FROM timeline
WHERE tenant_id = $1 AND incident_id = $2 AND kind = 'report.signed_off' AND facts->>'report' = $3
ORDER BY position LIMIT 1
"""


async def find_signed_hash(tx: Tx, tenant_id: UUID, incident_id: UUID, report_id: UUID) -> str | None:
    """The hash that the incident's timeline has of a signed report."""
    found: str | None = await tx.fetchval(_SIGNED_HASH, tenant_id, incident_id, str(report_id))
    return found


class LessonRow(msgspec.Struct, frozen=True):
    """A lesson as it is stored."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    text: str
    created_by: UUID
    created_at: datetime


_INSERT_LESSON = """
INSERT INTO lessons (tenant_id, id, incident_id, text, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)
"""


async def insert_lesson(tx: Tx, it: LessonRow) -> None:
    """Insert a lesson."""
    await tx.execute(_INSERT_LESSON, it.tenant_id, it.id, it.incident_id, it.text, it.created_by, it.created_at)


_LIST_LESSONS = """
SELECT tenant_id, id, incident_id, text, created_by, created_at FROM lessons
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR incident_id = $2)
  AND ($3::text IS NULL OR position(lower($3) IN lower(text)) > 0)
  AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
ORDER BY created_at DESC, id DESC LIMIT $6
"""


async def list_lessons(
    tx: Tx,
    tenant_id: UUID,
    *,
    incident_id: UUID | None,
    search: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[LessonRow]:
    """Lessons, newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(_LIST_LESSONS, tenant_id, incident_id, search, at, last, limit)
    return [row_to(LessonRow, r) for r in rows]


_FIND_LESSON = "SELECT incident_id FROM lessons WHERE tenant_id = $1 AND id = $2"


async def find_lesson_incident(tx: Tx, tenant_id: UUID, lesson_id: UUID) -> UUID | None:
    """The incident a lesson is of."""
    found: UUID | None = await tx.fetchval(_FIND_LESSON, tenant_id, lesson_id)
    return found


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A corrective action as it is stored."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    lesson_id: UUID | None
    text: str
    owner_account_id: UUID
    due_on: date
    state: ActionState
    done_by: UUID | None
    done_at: datetime | None
    done_note: str | None
    verified_by: UUID | None
    verified_at: datetime | None
    version: int
    created_by: UUID
    created_at: datetime


_ACTION = """tenant_id, id, incident_id, lesson_id, text, owner_account_id, due_on, state, done_by, done_at, done_note,
    verified_by, verified_at, version, created_by, created_at"""

_INSERT_ACTION = """
INSERT INTO corrective_actions (tenant_id, id, incident_id, lesson_id, text, owner_account_id, due_on, state,
                                created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)
"""


async def insert_action(tx: Tx, it: ActionRow) -> None:
    """Insert an open action."""
    await tx.execute(
        _INSERT_ACTION,
        it.tenant_id,
        it.id,
        it.incident_id,
        it.lesson_id,
        it.text,
        it.owner_account_id,
        it.due_on,
        it.created_by,
        it.created_at,
    )


_GET_ACTION = f"SELECT {_ACTION} FROM corrective_actions WHERE tenant_id = $1 AND id = $2"
_LOCK_ACTION = _GET_ACTION + " FOR NO KEY UPDATE"


async def get_action(tx: Tx, tenant_id: UUID, action_id: UUID, *, lock: bool = False) -> ActionRow:
    """One action, locked if asked; raises NotFound."""
    row = await tx.fetchrow(_LOCK_ACTION if lock else _GET_ACTION, tenant_id, action_id)
    if row is None:
        raise NotFound("action.not_found", f"no action {action_id}", f"没有整改措施 {action_id}", field="action_id")
    return row_to(ActionRow, row)


_LIST_ACTIONS = f"""
SELECT {_ACTION} FROM corrective_actions
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR incident_id = $2) AND ($3::uuid IS NULL OR owner_account_id = $3)
  AND ($4::text IS NULL OR state = $4) AND ($5::date IS NULL OR due_on <= $5)
  AND ($6::text IS NULL OR position(lower($6) IN lower(text)) > 0)
  AND ($7::date IS NULL OR (due_on, id) > ($7, $8::uuid))
ORDER BY due_on, id LIMIT $9
"""


async def list_actions(
    tx: Tx,
    tenant_id: UUID,
    *,
    incident_id: UUID | None = None,
    owner: UUID | None = None,
    state: str | None = None,
    due_until: date | None = None,
    search: str | None = None,
    after: tuple[date, UUID] | None = None,
    limit: int,
) -> list[ActionRow]:
    """Actions, the next due first."""
    on, last = after or (None, None)
    rows = await tx.fetch(_LIST_ACTIONS, tenant_id, incident_id, owner, state, due_until, search, on, last, limit)
    return [row_to(ActionRow, r) for r in rows]


_SAVE_ACTION = """
UPDATE corrective_actions SET text = $3, owner_account_id = $4, due_on = $5, state = $6, done_by = $7, done_at = $8,
    done_note = $9, verified_by = $10, verified_at = $11, version = version + 1
WHERE tenant_id = $1 AND id = $2
RETURNING version
"""


async def save_action(tx: Tx, it: ActionRow) -> ActionRow:
    """Write what changes in an action's life; returns it with its new version."""
    version = await tx.fetchval(
        _SAVE_ACTION,
        it.tenant_id,
        it.id,
        it.text,
        it.owner_account_id,
        it.due_on,
        it.state,
        it.done_by,
        it.done_at,
        it.done_note,
        it.verified_by,
        it.verified_at,
    )
    return msgspec.structs.replace(it, version=version)


_NAMES = "SELECT id, display_name FROM accounts WHERE tenant_id = $1 AND id = ANY($2::uuid[])"


async def list_names(tx: Tx, tenant_id: UUID, account_ids: list[UUID]) -> dict[UUID, str]:
    """Display names by account."""
    return {r["id"]: r["display_name"] for r in await tx.fetch(_NAMES, tenant_id, account_ids)}


_ACTUATOR_NAMES = "SELECT id, name FROM actuators WHERE tenant_id = $1 AND id = ANY($2::uuid[])"


async def list_actuator_names(tx: Tx, tenant_id: UUID, actuator_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """Names by actuator, those out of use too."""
    return {r["id"]: r["name"] for r in await tx.fetch(_ACTUATOR_NAMES, tenant_id, actuator_ids)}


_COUNTS = """
SELECT (SELECT count(*) FROM timeline WHERE tenant_id = $1 AND incident_id = $2) AS timeline,
       (SELECT count(*) FROM deliveries WHERE tenant_id = $1 AND incident_id = $2) AS asked,
       (SELECT count(*) FROM alarms WHERE tenant_id = $1 AND incident_id = $2) AS alarms,
       (SELECT count(*) FROM commands WHERE tenant_id = $1 AND incident_id = $2) AS commands
"""


async def count_parts(tx: Tx, tenant_id: UUID, incident_id: UUID) -> dict[str, int]:
    """How much there is of an incident, by the report's names."""
    row = await tx.fetchrow(_COUNTS, tenant_id, incident_id)
    assert row is not None
    return dict(row)
