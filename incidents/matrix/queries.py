"""SQL of matrices, of their delayed effects and of replays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.matrix.checks import KnownRule
from incidents.matrix.model import Matrix, MatrixReplay, PublishedMatrix

_MATRIX = """tenant_id, id, site_id, number, state, note, body, authors, version, created_at, reviewed_by, reviewed_at,
    published_by, published_at, superseded_at"""

INSERT_MATRIX = """
INSERT INTO matrices (tenant_id, id, site_id, number, state, note, body, authors, created_at)
SELECT $1, $2, $3, coalesce(max(number), 0) + 1, 'draft', $4, $5, $6, $7
FROM matrices WHERE tenant_id = $1 AND site_id = $3
RETURNING number
"""


async def insert_matrix(tx: Tx, tenant_id: UUID, it: Matrix) -> int:
    """A new draft; returns its number (1, 2, ... within the site, whose row the caller locked)."""
    return int(
        await tx.fetchval(INSERT_MATRIX, tenant_id, it.id, it.site_id, it.note, it.body, it.authors, it.created_at)
    )


UPDATE_MATRIX = """
UPDATE matrices SET state = $3, note = $4, body = $5, authors = $6, reviewed_by = $7, reviewed_at = $8,
    published_by = $9, published_at = $10, superseded_at = $11, version = version + 1
WHERE tenant_id = $1 AND id = $2
RETURNING version
"""


async def save_matrix(tx: Tx, tenant_id: UUID, it: Matrix) -> Matrix:
    """Write what changes in a version's life; returns it with its new ``version``."""
    version = await tx.fetchval(
        UPDATE_MATRIX,
        tenant_id,
        it.id,
        it.state,
        it.note,
        it.body,
        it.authors,
        it.reviewed_by,
        it.reviewed_at,
        it.published_by,
        it.published_at,
        it.superseded_at,
    )
    return msgspec.structs.replace(it, version=version)


GET_MATRIX = f"SELECT {_MATRIX} FROM matrices WHERE tenant_id = $1 AND id = $2"
LOCK_MATRIX = GET_MATRIX + " FOR NO KEY UPDATE"


async def get_matrix(tx: Tx, tenant_id: UUID, matrix_id: UUID, *, lock: bool = False) -> Matrix:
    """One version, locked if asked; raises NotFound."""
    row = await tx.fetchrow(LOCK_MATRIX if lock else GET_MATRIX, tenant_id, matrix_id)
    if row is None:
        raise NotFound(
            "matrix.not_found", f"no matrix {matrix_id}", f"没有因果矩阵 {matrix_id}", field="id", value=matrix_id
        )
    return row_to(Matrix, row)


_IN_FORCE = "FROM matrices WHERE tenant_id = $1 AND site_id = $2 AND state = 'published'"
LOCK_PUBLISHED = f"SELECT {_MATRIX} {_IN_FORCE} FOR NO KEY UPDATE"


async def lock_published(tx: Tx, tenant_id: UUID, site_id: UUID) -> Matrix | None:
    """The version in force in a site, its row locked."""
    row = await tx.fetchrow(LOCK_PUBLISHED, tenant_id, site_id)
    return None if row is None else row_to(Matrix, row)


FIND_PUBLISHED = """
SELECT m.id, m.number, m.body, s.tz FROM matrices m JOIN sites s ON s.tenant_id = m.tenant_id AND s.id = m.site_id
WHERE m.tenant_id = $1 AND m.site_id = $2 AND m.state = 'published'
"""


async def find_published(tx: Tx, tenant_id: UUID, site_id: UUID) -> PublishedMatrix | None:
    """The matrix in force in a site, as the response uses it."""
    row = await tx.fetchrow(FIND_PUBLISHED, tenant_id, site_id)
    return None if row is None else row_to(PublishedMatrix, row)


LIST_MATRICES = f"""
SELECT {_MATRIX} FROM matrices
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2) AND ($3::text IS NULL OR state = $3)
  AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
ORDER BY created_at DESC, id DESC LIMIT $6
"""


async def list_matrices(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Matrix]:
    """Newest first."""
    at, last = before or (None, None)
    return [row_to(Matrix, r) for r in await tx.fetch(LIST_MATRICES, tenant_id, site_id, state, at, last, limit)]


class RuleRow(msgspec.Struct, frozen=True):
    """A rule in force with where its instrument is and what it watches."""

    id: UUID
    kind: str
    level: int
    toxic: bool
    zone_id: UUID
    agent: str | None
    group_id: UUID | None = None


_RULE_PLACE = """SELECT r.id, r.kind, r.level, r.toxic, coalesce(s.zone_id, a.zone_id) AS zone_id, s.agent,
    r.group_id
FROM alarm_rules r
LEFT JOIN sensors s ON s.tenant_id = r.tenant_id AND s.id = r.sensor_id
LEFT JOIN actuators a ON a.tenant_id = r.tenant_id AND a.id = r.actuator_id"""

LIST_RULES = _RULE_PLACE + "\nWHERE r.tenant_id = $1 AND r.site_id = $2 AND r.retired_at IS NULL"


async def list_rules(tx: Tx, tenant_id: UUID, site_id: UUID) -> dict[UUID, KnownRule]:
    """The site's rules in force, as checks know them."""
    rows = [row_to(RuleRow, r) for r in await tx.fetch(LIST_RULES, tenant_id, site_id)]
    return {r.id: KnownRule(r.zone_id, r.level, r.toxic) for r in rows}


FIND_RULES = _RULE_PLACE + "\nWHERE r.tenant_id = $1 AND r.id = ANY ($2::uuid[])"


async def find_rules(tx: Tx, tenant_id: UUID, rule_ids: Sequence[UUID]) -> dict[UUID, RuleRow]:
    """These rules, retired ones too: a replay looks back."""
    rows = [row_to(RuleRow, r) for r in await tx.fetch(FIND_RULES, tenant_id, list(rule_ids))]
    return {r.id: r for r in rows}


STANDING_RULES = """
SELECT r.id FROM alarm_states s JOIN alarm_rules r ON r.tenant_id = s.tenant_id AND r.id = s.rule_id
WHERE s.tenant_id = $1 AND r.site_id = $2 AND r.retired_at IS NULL AND s.episode_id IS NOT NULL
  AND s.state ->> 'condition' = 'active'
"""


async def list_standing_rules(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[UUID]:
    """Rules of the site whose alarm is active now."""
    return [r["id"] for r in await tx.fetch(STANDING_RULES, tenant_id, site_id)]


# Delayed effects.


class Timer(msgspec.Struct, frozen=True):
    """An actuator's action that waits: the alarm called at ``since`` and must stand until ``due_at``."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    incident_id: UUID
    alarm_id: UUID
    rule_id: UUID
    actuator_id: UUID
    action: str
    since: datetime
    due_at: datetime


INSERT_TIMER = """
INSERT INTO matrix_timers (tenant_id, id, site_id, incident_id, alarm_id, rule_id, actuator_id, action, since, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (tenant_id, alarm_id, actuator_id, action, since) DO NOTHING
"""


async def insert_timer(tx: Tx, tenant_id: UUID, it: Timer) -> None:
    """Wait for it."""
    await tx.execute(
        INSERT_TIMER, tenant_id, it.id, it.site_id, it.incident_id, it.alarm_id, it.rule_id, it.actuator_id, it.action,
        it.since, it.due_at,
    )  # fmt: skip


TIMERS_DUE = "SELECT tenant_id, id FROM muster_matrix_timers_due($1, $2)"


async def list_due_timers(tx: Tx, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """(tenant, timer) of every tenant, the earliest first."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(TIMERS_DUE, now, most)]


_TIMER = "tenant_id, id, site_id, incident_id, alarm_id, rule_id, actuator_id, action, since, due_at"
FIND_TIMER = f"SELECT {_TIMER} FROM matrix_timers WHERE tenant_id = $1 AND id = $2"
TAKE_TIMER = f"DELETE FROM matrix_timers WHERE tenant_id = $1 AND id = $2 RETURNING {_TIMER}"


async def find_timer(tx: Tx, tenant_id: UUID, timer_id: UUID) -> Timer | None:
    """The timer, unless somebody took it."""
    row = await tx.fetchrow(FIND_TIMER, tenant_id, timer_id)
    return None if row is None else row_to(Timer, row)


async def take_timer(tx: Tx, tenant_id: UUID, timer_id: UUID) -> Timer | None:
    """The timer, gone when this transaction commits; None when somebody else took it."""
    row = await tx.fetchrow(TAKE_TIMER, tenant_id, timer_id)
    return None if row is None else row_to(Timer, row)


HAS_RETURNED = """
SELECT EXISTS (
    SELECT FROM alarm_events
    WHERE tenant_id = $1 AND rule_id = $2 AND called_at >= $3 AND kind IN ('returned', 'cleared')
)
"""


async def has_returned(tx: Tx, tenant_id: UUID, rule_id: UUID, since: datetime) -> bool:
    """Whether the rule's alarm was back to normal at some time after its call at ``since``."""
    return bool(await tx.fetchval(HAS_RETURNED, tenant_id, rule_id, since))


FIND_EPISODE = "SELECT episode_id FROM alarm_states WHERE tenant_id = $1 AND rule_id = $2"


async def find_episode(tx: Tx, tenant_id: UUID, rule_id: UUID) -> UUID | None:
    """The rule's standing alarm."""
    found: UUID | None = await tx.fetchval(FIND_EPISODE, tenant_id, rule_id)
    return found


# Replays.

_REPLAY = """tenant_id, id, site_id, matrix_id, against_id, start_at, end_at, state, progress, result, error,
    requested_by, requested_at, ended_at"""

INSERT_REPLAY = """
INSERT INTO matrix_replays (tenant_id, id, site_id, matrix_id, against_id, start_at, end_at, state, progress,
    requested_by, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, $8, $9)
"""


async def insert_replay(tx: Tx, tenant_id: UUID, it: MatrixReplay) -> None:
    """Ask a courier for it."""
    await tx.execute(
        INSERT_REPLAY, tenant_id, it.id, it.site_id, it.matrix_id, it.against_id, it.start_at, it.end_at,
        it.requested_by, it.requested_at,
    )  # fmt: skip


GET_REPLAY = f"SELECT {_REPLAY} FROM matrix_replays WHERE tenant_id = $1 AND id = $2"
LOCK_REPLAY = GET_REPLAY + " FOR NO KEY UPDATE"


async def get_replay(tx: Tx, tenant_id: UUID, replay_id: UUID, *, lock: bool = False) -> MatrixReplay:
    """One replay; raises NotFound."""
    row = await tx.fetchrow(LOCK_REPLAY if lock else GET_REPLAY, tenant_id, replay_id)
    if row is None:
        raise NotFound(
            "matrix_replay.not_found", f"no replay {replay_id}", f"没有回放 {replay_id}", field="id", value=replay_id
        )
    return row_to(MatrixReplay, row)


LIST_REPLAYS = f"""
SELECT {_REPLAY} FROM matrix_replays
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR matrix_id = $2)
  AND ($3::timestamptz IS NULL OR (requested_at, id) < ($3, $4::uuid))
ORDER BY requested_at DESC, id DESC LIMIT $5
"""


async def list_replays(
    tx: Tx, tenant_id: UUID, *, matrix_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[MatrixReplay]:
    """Newest first."""
    at, last = before or (None, None)
    return [row_to(MatrixReplay, r) for r in await tx.fetch(LIST_REPLAYS, tenant_id, matrix_id, at, last, limit)]


COUNT_OPEN = "SELECT count(*) FROM matrix_replays WHERE tenant_id = $1 AND ended_at IS NULL"


async def count_open_replays(tx: Tx, tenant_id: UUID) -> int:
    """How many wait or run."""
    return int(await tx.fetchval(COUNT_OPEN, tenant_id))


REPLAYS_WAITING = "SELECT tenant_id, id FROM muster_matrix_replays_waiting($1, $2)"


async def list_waiting_replays(tx: Tx, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """(tenant, replay) that nobody works on, of every tenant, the oldest first."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(REPLAYS_WAITING, now, most)]


LEASE_REPLAY = """
UPDATE matrix_replays SET state = 'running', lease_holder = $3, lease_until = $4
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
  AND (lease_until IS NULL OR lease_until <= $5 OR lease_holder = $3)
"""


async def lease_replay(tx: Tx, tenant_id: UUID, replay_id: UUID, holder: str, until: datetime) -> bool:
    """Take it, or keep it; False: somebody else has it, or it was cancelled."""
    return await tx.execute(LEASE_REPLAY, tenant_id, replay_id, holder, until, tx.now) == 1


SAVE_PROGRESS = """
UPDATE matrix_replays SET progress = $4, lease_until = $5
WHERE tenant_id = $1 AND id = $2 AND lease_holder = $3 AND state = 'running'
"""


async def save_progress(
    tx: Tx, tenant_id: UUID, replay_id: UUID, holder: str, progress: float, until: datetime
) -> bool:
    """Say how far it is (0 to 1) and keep it; False: it was cancelled, or is somebody else's."""
    return await tx.execute(SAVE_PROGRESS, tenant_id, replay_id, holder, progress, until) == 1


END_REPLAY = """
UPDATE matrix_replays SET state = $4, progress = CASE WHEN $4 = 'done' THEN 1 ELSE progress END, result = $5,
    error = $6, ended_at = $7, lease_holder = NULL, lease_until = NULL
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND ($3::text IS NULL OR lease_holder = $3)
"""


async def end_replay(
    tx: Tx,
    tenant_id: UUID,
    replay_id: UUID,
    holder: str | None,
    state: str,
    *,
    result: Any = None,
    error: str | None = None,
) -> bool:
    """Its end, by its holder (None: a person cancels); False: it had ended."""
    return await tx.execute(END_REPLAY, tenant_id, replay_id, holder, state, result, error, tx.now) == 1


class LoggedEvent(msgspec.Struct, frozen=True):
    """A line of the alarm log, as a replay reads it."""

    id: UUID
    at: datetime
    kind: str
    rule_id: UUID
    zone_id: UUID
    level: int


# Calls of the period, and every return in it whatever call it belongs to: by ``at``, so that a page goes on where the
# one before it ended.
LIST_EVENTS = """
SELECT id, at, kind, rule_id, zone_id, level FROM alarm_events
WHERE tenant_id = $1 AND site_id = $2 AND called_at >= $3 AND called_at < $4 AND at < $4
  AND kind IN ('raised', 'reraised', 'returned', 'cleared') AND (at, id) > ($5::timestamptz, $6::uuid)
ORDER BY at, id LIMIT $7
"""


async def list_events(
    tx: Tx, tenant_id: UUID, site_id: UUID, start: datetime, end: datetime, after: tuple[datetime, UUID], limit: int
) -> list[LoggedEvent]:
    """Calls from ``start`` until before ``end`` and the returns of these, by time."""
    rows = await tx.fetch(LIST_EVENTS, tenant_id, site_id, start, end, *after, limit)
    return [row_to(LoggedEvent, r) for r in rows]


COUNT_EVENTS = """
SELECT count(*) FROM (
    SELECT FROM alarm_events
    WHERE tenant_id = $1 AND site_id = $2 AND called_at >= $3 AND called_at < $4 AND at < $4
      AND kind IN ('raised', 'reraised', 'returned', 'cleared') LIMIT $5
) found
"""


async def count_events(tx: Tx, tenant_id: UUID, site_id: UUID, start: datetime, end: datetime, most: int) -> int:
    """How many ``list_events`` would give, at most ``most``."""
    return int(await tx.fetchval(COUNT_EVENTS, tenant_id, site_id, start, end, most))
