"""SQL of plan versions, waiting tasks, steps and the wind; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from core.logging import get_logger
from incidents.plans.versions import OWN_VERSIONS_FROM, PlanVersion
from mobile_contract.room_views import StepView

log = get_logger(__name__)

_VERSION = """tenant_id, id, slug, version, state, revision, body, library_version, authors, created_at, submitted_at,
    submitted_by, reviewed_at, reviewed_by, published_at, published_by, retired_at, retired_by, note"""

# Numbers are never used again, also not of a version that incidents were bound from.
NEXT_VERSION = """
SELECT greatest(
    $3::integer,
    1 + coalesce((SELECT max(version) FROM plan_versions WHERE tenant_id = $1 AND slug = $2), 0),
    1 + coalesce((SELECT max(version) FROM plan_templates WHERE tenant_id = $1 AND slug = $2), 0))
"""


async def next_version(tx: Tx, tenant_id: UUID, slug: str) -> int:
    """The number of the next version of this plan; two at a time meet in the table's key."""
    return int(await tx.fetchval(NEXT_VERSION, tenant_id, slug, OWN_VERSIONS_FROM))


INSERT_VERSION = """
INSERT INTO plan_versions (tenant_id, id, slug, version, state, body, library_version, authors, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def insert_version(tx: Tx, tenant_id: UUID, it: PlanVersion) -> None:
    """Insert a draft."""
    await tx.execute(
        INSERT_VERSION,
        tenant_id,
        it.id,
        it.slug,
        it.version,
        it.state,
        msgspec.to_builtins(it.body),
        it.library_version,
        it.authors,
        it.created_at,
    )


GET_VERSION = f"SELECT {_VERSION} FROM plan_versions WHERE tenant_id = $1 AND id = $2"
LOCK_VERSION = GET_VERSION + " FOR NO KEY UPDATE"


async def get_version(tx: Tx, tenant_id: UUID, version_id: UUID, *, lock: bool = False) -> PlanVersion:
    """Raises NotFound."""
    row = await tx.fetchrow(LOCK_VERSION if lock else GET_VERSION, tenant_id, version_id)
    if row is None:
        raise NotFound(
            "plan.not_found", f"no plan version {version_id}", f"没有预案版本 {version_id}", field="version_id"
        )
    return row_to(PlanVersion, row)


LOCK_PUBLISHED = f"""
SELECT {_VERSION} FROM plan_versions WHERE tenant_id = $1 AND slug = $2 AND state = 'published' FOR NO KEY UPDATE
"""


async def lock_published(tx: Tx, tenant_id: UUID, slug: str) -> PlanVersion | None:
    """The version in force, locked, or None."""
    row = await tx.fetchrow(LOCK_PUBLISHED, tenant_id, slug)
    return None if row is None else row_to(PlanVersion, row)


LIST_PUBLISHED = f"""
SELECT {_VERSION} FROM plan_versions WHERE tenant_id = $1 AND state = 'published' ORDER BY slug
"""


async def list_published(tx: Tx, tenant_id: UUID) -> list[PlanVersion]:
    """Every version in force, by slug.

    One that can not be read any more is left out and said aloud: the library's answers for it, and the others stay.
    """
    found = []
    for row in await tx.fetch(LIST_PUBLISHED, tenant_id):
        try:
            found.append(row_to(PlanVersion, row))
        except msgspec.ValidationError as problem:
            log.error("plan.unreadable", slug=row["slug"], version=row["version"], error=str(problem))
    return found


LIST_VERSIONS = f"""
SELECT {_VERSION} FROM plan_versions
WHERE tenant_id = $1
  AND ($2::text IS NULL OR slug = $2)
  AND ($3::text IS NULL OR state = $3)
  AND ($4::text IS NULL OR position(lower($4) IN lower(
      concat_ws(' ', slug, body->'title'->>'zh', body->'title'->>'en'))) > 0)
  AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
ORDER BY created_at DESC, id DESC
LIMIT $7
"""


async def list_versions(
    tx: Tx,
    tenant_id: UUID,
    *,
    slug: str | None,
    state: str | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[PlanVersion]:
    """Newest first; ``search`` looks in slug and title."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_VERSIONS, tenant_id, slug, state, search, at, last, limit)
    return [row_to(PlanVersion, r) for r in rows]


SAVE_VERSION = """
UPDATE plan_versions SET state = $3, revision = $4, body = $5, authors = $6, submitted_at = $7, submitted_by = $8,
    reviewed_at = $9, reviewed_by = $10, published_at = $11, published_by = $12, retired_at = $13, retired_by = $14,
    note = $15
WHERE tenant_id = $1 AND id = $2
"""


async def save_version(tx: Tx, tenant_id: UUID, it: PlanVersion) -> None:
    """Write a locked version as it stands now."""
    await tx.execute(
        SAVE_VERSION,
        tenant_id,
        it.id,
        it.state,
        it.revision,
        msgspec.to_builtins(it.body),
        it.authors,
        it.submitted_at,
        it.submitted_by,
        it.reviewed_at,
        it.reviewed_by,
        it.published_at,
        it.published_by,
        it.retired_at,
        it.retired_by,
        it.note,
    )


FIND_TEMPLATE = "SELECT body FROM plan_templates WHERE tenant_id = $1 AND slug = $2 AND version = $3"


async def find_template(tx: Tx, tenant_id: UUID, slug: str, version: int) -> dict[str, Any] | None:
    """What incidents of this version were bound from, as it was kept, or None."""
    body: dict[str, Any] | None = await tx.fetchval(FIND_TEMPLATE, tenant_id, slug, version)
    return body


NEWEST_OF_QUANTITY = """
SELECT r.value
FROM sensors s
CROSS JOIN LATERAL (
    SELECT value, observed_at FROM readings
    WHERE tenant_id = $1 AND sensor_id = s.id AND observed_at >= $4 AND value IS NOT NULL
    ORDER BY observed_at DESC LIMIT 1
) r
WHERE s.tenant_id = $1 AND s.site_id = $2 AND s.quantity = $3 AND s.retired_at IS NULL
ORDER BY r.observed_at DESC LIMIT 1
"""


async def find_newest_of_quantity(
    tx: Tx, tenant_id: UUID, site_id: UUID, quantity: str, since: datetime
) -> float | None:
    """The newest value of a quantity in the site, of whichever sensor; None: nothing since then."""
    value: float | None = await tx.fetchval(NEWEST_OF_QUANTITY, tenant_id, site_id, quantity, since)
    return value


class WaitingRow(msgspec.Struct, frozen=True):
    """A task that waits for others; ``body`` is a giving.Errand."""

    tenant_id: UUID
    id: UUID
    incident_id: UUID
    position: int
    plan_template: str
    plan_version: int
    slug: str
    after: list[UUID]
    body: dict[str, Any]
    created_at: datetime


_WAITING = "tenant_id, id, incident_id, position, plan_template, plan_version, slug, after, body, created_at"

INSERT_WAITING = f"INSERT INTO waiting_tasks ({_WAITING}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


async def insert_waiting(tx: Tx, tenant_id: UUID, it: WaitingRow) -> None:
    """Keep a task for later."""
    await tx.execute(
        INSERT_WAITING,
        tenant_id,
        it.id,
        it.incident_id,
        it.position,
        it.plan_template,
        it.plan_version,
        it.slug,
        it.after,
        it.body,
        it.created_at,
    )


LIST_WAITING = f"""
SELECT {_WAITING} FROM waiting_tasks WHERE tenant_id = $1 AND incident_id = $2 ORDER BY position, id
"""


async def list_waiting(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[WaitingRow]:
    """What waits in an incident, in plan order."""
    return [row_to(WaitingRow, r) for r in await tx.fetch(LIST_WAITING, tenant_id, incident_id)]


DELETE_WAITING = "DELETE FROM waiting_tasks WHERE tenant_id = $1 AND id = ANY($2::uuid[])"


async def delete_waiting(tx: Tx, tenant_id: UUID, ids: Sequence[UUID]) -> None:
    """They wait no more."""
    await tx.execute(DELETE_WAITING, tenant_id, list(ids))


FORGET_WAITING = "DELETE FROM waiting_tasks WHERE tenant_id = $1 AND incident_id = $2"


async def forget_waiting(tx: Tx, tenant_id: UUID, incident_id: UUID) -> int:
    """The incident is closed: what was not given is not given any more; returns how many."""
    return await tx.execute(FORGET_WAITING, tenant_id, incident_id)


_STEP = "n, confirm, required, due_at, confirmed_at, confirmed_by, first_at, first_by, value, evidence"

INSERT_STEP = """
INSERT INTO task_steps (tenant_id, task_id, incident_id, n, confirm, required, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def insert_steps(tx: Tx, tenant_id: UUID, incident_id: UUID, task_id: UUID, steps: Sequence[StepView]) -> None:
    """Watch these steps of a new task."""
    rows = [(tenant_id, task_id, incident_id, s.n, s.confirm, s.required, s.due_at) for s in steps]
    await tx.executemany(INSERT_STEP, rows)


LIST_STEPS = f"SELECT {_STEP} FROM task_steps WHERE tenant_id = $1 AND task_id = $2 ORDER BY n"


async def list_steps(tx: Tx, tenant_id: UUID, task_id: UUID) -> list[StepView]:
    """The watched steps of a task in order."""
    return [row_to(StepView, r) for r in await tx.fetch(LIST_STEPS, tenant_id, task_id)]


SAVE_STEP = """
UPDATE task_steps SET confirmed_at = $4, confirmed_by = $5, first_at = $6, first_by = $7, value = $8, evidence = $9
WHERE tenant_id = $1 AND task_id = $2 AND n = $3
"""


async def save_step(tx: Tx, tenant_id: UUID, task_id: UUID, it: StepView) -> None:
    """Write a step of a locked task as it stands now."""
    await tx.execute(
        SAVE_STEP,
        tenant_id,
        task_id,
        it.n,
        it.confirmed_at,
        it.confirmed_by,
        it.first_at,
        it.first_by,
        it.value,
        it.evidence,
    )


class LateStep(msgspec.Struct, frozen=True):
    """A step of an open task whose time is up."""

    task_id: UUID
    n: int
    due_at: datetime


LIST_LATE = """
SELECT s.task_id, s.n, s.due_at
FROM task_steps s
JOIN tasks t ON t.tenant_id = $1 AND t.id = s.task_id AND t.state NOT IN ('done', 'cancelled')
WHERE s.tenant_id = $1 AND s.incident_id = $2 AND s.confirmed_at IS NULL AND s.due_at < $3
ORDER BY s.due_at, s.task_id, s.n
LIMIT $4
"""


async def list_late(tx: Tx, tenant_id: UUID, incident_id: UUID, limit: int) -> list[LateStep]:
    """What should have been confirmed by now, longest overdue first."""
    rows = await tx.fetch(LIST_LATE, tenant_id, incident_id, tx.now, limit)
    return [row_to(LateStep, r) for r in rows]


WAS_ASKED = """
SELECT EXISTS (SELECT FROM deliveries WHERE tenant_id = $1 AND task_id = $2 AND account_id = $3)
"""


async def was_asked(tx: Tx, tenant_id: UUID, task_id: UUID, account_id: UUID) -> bool:
    """Whether the person was ordered to this task."""
    return bool(await tx.fetchval(WAS_ASKED, tenant_id, task_id, account_id))
