"""Commands in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from plant.model import Command, CommandState
from plant.queries import found

_COMMAND = (
    "tenant_id, id, key, site_id, actuator_id, action, reason, requested_by, incident_id, inhibited, state, attempts, "
    "requested_at, sent_at, deadline_at, next_attempt_at, ended_at, feedback"
)

_INSERT = f"""
INSERT INTO commands ({_COMMAND})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (tenant_id, key) DO NOTHING
"""


async def insert_command(tx: Tx, tenant_id: UUID, it: Command) -> bool:
    """A new command; False when its key was used before."""
    done = await tx.execute(
        _INSERT,
        tenant_id,
        it.id,
        it.key,
        it.site_id,
        it.actuator_id,
        it.action,
        it.reason,
        it.requested_by,
        it.incident_id,
        it.inhibited,
        it.state.value,
        it.attempts,
        it.requested_at,
        it.sent_at,
        it.deadline_at,
        it.next_attempt_at,
        it.ended_at,
        it.feedback,
    )
    return done > 0


_SAVE = """
UPDATE commands SET state = $3, attempts = $4, sent_at = $5, next_attempt_at = $6, ended_at = $7, feedback = $8
WHERE tenant_id = $1 AND id = $2
"""


async def save_command(tx: Tx, tenant_id: UUID, it: Command) -> None:
    """What changes in a command's life."""
    await tx.execute(
        _SAVE, tenant_id, it.id, it.state.value, it.attempts, it.sent_at, it.next_attempt_at, it.ended_at, it.feedback
    )


_GET = f"SELECT {_COMMAND} FROM commands WHERE tenant_id = $1 AND id = $2"


async def get_command(tx: Tx, tenant_id: UUID, command_id: UUID) -> Command:
    """One command; raises NotFound."""
    return row_to(Command, found(await tx.fetchrow(_GET, tenant_id, command_id), "command", command_id))


_LIST_OF = f"SELECT {_COMMAND} FROM commands WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY requested_at, id"


async def list_commands_of(tx: Tx, tenant_id: UUID, ids: Sequence[UUID]) -> list[Command]:
    """These commands, oldest first."""
    return [row_to(Command, row) for row in await tx.fetch(_LIST_OF, tenant_id, list(ids))]


_LOCK = f"SELECT {_COMMAND} FROM commands WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock_command(tx: Tx, tenant_id: UUID, command_id: UUID) -> Command:
    """One command, locked until the transaction ends; raises NotFound."""
    return row_to(Command, found(await tx.fetchrow(_LOCK, tenant_id, command_id), "command", command_id))


_GET_BY_KEY = f"SELECT {_COMMAND} FROM commands WHERE tenant_id = $1 AND key = $2"


async def get_command_by_key(tx: Tx, tenant_id: UUID, key: str) -> Command:
    """The command this key stands for; raises NotFound."""
    return row_to(Command, found(await tx.fetchrow(_GET_BY_KEY, tenant_id, key), "command", key))


_LIST_LIVE = f"""
SELECT {_COMMAND} FROM commands WHERE tenant_id = $1 AND site_id = $2 AND next_attempt_at IS NOT NULL
ORDER BY requested_at, id
"""


async def list_live_commands(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Command]:
    """Commands of a site that are still sent or watched, oldest first."""
    return [row_to(Command, row) for row in await tx.fetch(_LIST_LIVE, tenant_id, site_id)]


_LOCK_LIVE_OF_ACTUATOR = f"""
SELECT {_COMMAND} FROM commands
WHERE tenant_id = $1 AND site_id = $2 AND actuator_id = $3 AND next_attempt_at IS NOT NULL
ORDER BY id FOR NO KEY UPDATE
"""


async def lock_live_commands_of(tx: Tx, tenant_id: UUID, site_id: UUID, actuator_id: UUID) -> list[Command]:
    """Live commands of one actuator, locked in the order of their ids (no two callers wait for each other)."""
    return [row_to(Command, row) for row in await tx.fetch(_LOCK_LIVE_OF_ACTUATOR, tenant_id, site_id, actuator_id)]


_FIND_NEWEST_OF = f"""
SELECT {_COMMAND} FROM commands
WHERE tenant_id = $1 AND actuator_id = $2 AND NOT inhibited
ORDER BY requested_at DESC, id DESC LIMIT 1
"""


async def find_newest_of(tx: Tx, tenant_id: UUID, actuator_id: UUID) -> Command | None:
    """What an actuator was last asked to do."""
    row = await tx.fetchrow(_FIND_NEWEST_OF, tenant_id, actuator_id)
    return None if row is None else row_to(Command, row)


_LIST = f"""
SELECT {_COMMAND} FROM commands
WHERE tenant_id = $1 AND (requested_at, id) < ($2, $3)
  AND ($4::uuid IS NULL OR incident_id = $4) AND ($5::uuid IS NULL OR actuator_id = $5)
  AND ($6::uuid IS NULL OR site_id = $6) AND ($7::text IS NULL OR state = $7)
ORDER BY requested_at DESC, id DESC LIMIT $8
"""
LAST_ID = UUID(int=2**128 - 1)


async def list_commands(
    tx: Tx,
    tenant_id: UUID,
    *,
    before: datetime,
    before_id: UUID = LAST_ID,
    incident_id: UUID | None = None,
    actuator_id: UUID | None = None,
    site_id: UUID | None = None,
    state: CommandState | None = None,
    limit: int,
) -> list[Command]:
    """Newest first, from (``before``, ``before_id``) downwards."""
    wanted = None if state is None else state.value
    rows = await tx.fetch(_LIST, tenant_id, before, before_id, incident_id, actuator_id, site_id, wanted, limit)
    return [row_to(Command, row) for row in rows]
