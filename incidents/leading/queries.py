"""SQL of command, objectives and resources; each statement sits above its function."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.database import Tx, row_to
from incidents.leading.commander import Commander
from incidents.leading.model import Briefing, Handover, Objective, Resource

SAVE_COMMANDER = """
INSERT INTO incident_commanders (tenant_id, incident_id, account_id, since, version) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (tenant_id, incident_id) DO UPDATE
SET account_id = excluded.account_id, since = excluded.since, version = incident_commanders.version + 1
RETURNING tenant_id, incident_id, account_id, since, version
"""


async def save_commander(tx: Tx, tenant_id: UUID, incident_id: UUID, account_id: UUID) -> Commander:
    """This person leads from now on; the incident's row is held."""
    return row_to(Commander, await tx.fetchrow(SAVE_COMMANDER, tenant_id, incident_id, account_id, tx.now))


# People still in need or not found in any roll call of the incident that is open.
BRIEFING = """
SELECT i.grade,
    (SELECT count(*) FROM alarms a WHERE a.tenant_id = $1 AND a.incident_id = $2 AND a.returned_at IS NULL)
        AS active_alarms,
    (SELECT count(*) FROM tasks t WHERE t.tenant_id = $1 AND t.incident_id = $2
        AND t.state NOT IN ('done', 'cancelled')) AS open_tasks,
    (SELECT coalesce(sum((r.counts ->> 'missing')::integer), 0) FROM roll_calls r
        WHERE r.tenant_id = $1 AND r.incident_id = $2 AND r.state = 'open') AS missing,
    (SELECT coalesce(sum((r.counts ->> 'need_help')::integer), 0) FROM roll_calls r
        WHERE r.tenant_id = $1 AND r.incident_id = $2 AND r.state = 'open') AS need_help
FROM incidents i WHERE i.tenant_id = $1 AND i.id = $2
"""


async def load_briefing(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Briefing:
    """How the incident stands, in numbers; it exists."""
    return row_to(Briefing, await tx.fetchrow(BRIEFING, tenant_id, incident_id))


_HANDOVER = """tenant_id, id, incident_id, from_account, to_account, briefing, note, state, offered_at, ends_at,
    answered_at"""
INSERT_HANDOVER = f"INSERT INTO command_handovers ({_HANDOVER}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL)"
LOCK_HANDOVER = f"SELECT {_HANDOVER} FROM command_handovers WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
END_HANDOVER = "UPDATE command_handovers SET state = $3, answered_at = $4 WHERE tenant_id = $1 AND id = $2"
FIND_OFFER = (
    f"SELECT {_HANDOVER} FROM command_handovers WHERE tenant_id = $1 AND incident_id = $2 AND state = 'offered'"
)


async def insert_handover(tx: Tx, tenant_id: UUID, h: Handover) -> None:
    """Keep an offer; there is one at a time."""
    row = (h.id, h.incident_id, h.from_account, h.to_account, h.briefing, h.note, h.state, h.offered_at, h.ends_at)
    await tx.execute(INSERT_HANDOVER, tenant_id, *row)


async def lock_handover(tx: Tx, tenant_id: UUID, handover_id: UUID) -> Handover | None:
    """One offer, held, or None."""
    row = await tx.fetchrow(LOCK_HANDOVER, tenant_id, handover_id)
    return None if row is None else row_to(Handover, row)


INCIDENT_OF_HANDOVER = "SELECT incident_id FROM command_handovers WHERE tenant_id = $1 AND id = $2"


async def find_incident_of_handover(tx: Tx, tenant_id: UUID, handover_id: UUID) -> UUID | None:
    """The incident an offer is of; it stays so."""
    found: UUID | None = await tx.fetchval(INCIDENT_OF_HANDOVER, tenant_id, handover_id)
    return found


async def end_handover(tx: Tx, tenant_id: UUID, handover_id: UUID, state: str) -> None:
    """What became of an offer."""
    await tx.execute(END_HANDOVER, tenant_id, handover_id, state, tx.now)


async def find_offer(tx: Tx, tenant_id: UUID, incident_id: UUID) -> Handover | None:
    """The offer that waits for an answer."""
    row = await tx.fetchrow(FIND_OFFER, tenant_id, incident_id)
    return None if row is None else row_to(Handover, row)


_OBJECTIVE = "tenant_id, id, incident_id, position, text, state, set_by, set_at, ended_at, version"
INSERT_OBJECTIVE = f"""
INSERT INTO objectives ({_OBJECTIVE})
SELECT $1, $2, $3, 1 + count(*), $4, 'open', $5, $6, NULL, 1 FROM objectives WHERE tenant_id = $1 AND incident_id = $3
RETURNING {_OBJECTIVE}
"""
LIST_OBJECTIVES = f"SELECT {_OBJECTIVE} FROM objectives WHERE tenant_id = $1 AND incident_id = $2 ORDER BY position"
FIND_OBJECTIVE = f"SELECT {_OBJECTIVE} FROM objectives WHERE tenant_id = $1 AND id = $2"
SAVE_OBJECTIVE = """
UPDATE objectives SET text = $3, state = $4, ended_at = $5, version = $6 WHERE tenant_id = $1 AND id = $2
"""


async def insert_objective(
    tx: Tx, tenant_id: UUID, objective_id: UUID, incident_id: UUID, text: str, by: UUID
) -> Objective:
    """Set one more objective; the incident's row is held, so positions have no gaps."""
    row = await tx.fetchrow(INSERT_OBJECTIVE, tenant_id, objective_id, incident_id, text, by, tx.now)
    return row_to(Objective, row)


async def list_objectives(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[Objective]:
    """All of an incident, in the order they were set."""
    return [row_to(Objective, r) for r in await tx.fetch(LIST_OBJECTIVES, tenant_id, incident_id)]


async def find_objective(tx: Tx, tenant_id: UUID, objective_id: UUID) -> Objective | None:
    """One, or None."""
    row = await tx.fetchrow(FIND_OBJECTIVE, tenant_id, objective_id)
    return None if row is None else row_to(Objective, row)


async def save_objective(tx: Tx, tenant_id: UUID, o: Objective) -> None:
    """Write an objective; the incident's row is held."""
    await tx.execute(SAVE_OBJECTIVE, tenant_id, o.id, o.text, o.state, o.ended_at, o.version)


_RESOURCE = """tenant_id, id, incident_id, kind, name, account_id, task_id, state, note, by_account, changed_at,
    version"""
INSERT_RESOURCE = f"""
INSERT INTO incident_resources ({_RESOURCE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
LIST_RESOURCES = f"""
SELECT {_RESOURCE} FROM incident_resources WHERE tenant_id = $1 AND incident_id = $2 ORDER BY id
"""
FIND_RESOURCE = f"SELECT {_RESOURCE} FROM incident_resources WHERE tenant_id = $1 AND id = $2"
SAVE_RESOURCE = """
UPDATE incident_resources SET task_id = $3, state = $4, note = $5, by_account = $6, changed_at = $7, version = $8
WHERE tenant_id = $1 AND id = $2
"""


async def insert_resource(tx: Tx, tenant_id: UUID, r: Resource) -> None:
    """Note somebody or something for an incident."""
    await tx.execute(INSERT_RESOURCE, tenant_id, *msgspec.structs.astuple(r)[1:])


async def list_resources(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[Resource]:
    """All of an incident, oldest first."""
    return [row_to(Resource, r) for r in await tx.fetch(LIST_RESOURCES, tenant_id, incident_id)]


async def find_resource(tx: Tx, tenant_id: UUID, resource_id: UUID) -> Resource | None:
    """One, or None."""
    row = await tx.fetchrow(FIND_RESOURCE, tenant_id, resource_id)
    return None if row is None else row_to(Resource, row)


async def save_resource(tx: Tx, tenant_id: UUID, r: Resource) -> None:
    """Write a resource; the incident's row is held."""
    row = (r.task_id, r.state, r.note, r.by_account, r.changed_at, r.version)
    await tx.execute(SAVE_RESOURCE, tenant_id, r.id, *row)


IN_TENANT = """
SELECT (SELECT display_name FROM accounts WHERE tenant_id = $1 AND id = $2 AND disabled_at IS NULL) AS name,
    (SELECT role FROM accounts WHERE tenant_id = $1 AND id = $2) AS role
"""


async def find_person(tx: Tx, tenant_id: UUID, account_id: UUID) -> tuple[str, str] | None:
    """(name, role) of an account in use."""
    row = await tx.fetchrow(IN_TENANT, tenant_id, account_id)
    return None if row is None or row["name"] is None else (row["name"], row["role"])
