"""SQL of evacuation plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to, rows_to
from incidents.evacuation.model import EvacuationPlanRow
from incidents.wayfinding.model import RouteRow

_ROW = ", ".join(EvacuationPlanRow.__struct_fields__)
_ROUTE = ", ".join(RouteRow.__struct_fields__)

DUE = "SELECT tenant_id, roll_call_id, site_id FROM muster_evacuations_due($1, $2)"


async def list_due(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID, UUID]]:
    """(tenant, roll call, site) that want a look, of all tenants."""
    return [(row["tenant_id"], row["roll_call_id"], row["site_id"]) for row in await tx.fetch(DUE, now, limit)]


CLAIM = f"""
INSERT INTO evacuation_plans AS e (tenant_id, roll_call_id, site_id, revision, look_at, lease, leased_until)
VALUES ($1, $2, $3, 0, $4, $5, $6)
ON CONFLICT (tenant_id, roll_call_id) DO UPDATE SET lease = EXCLUDED.lease, leased_until = EXCLUDED.leased_until
WHERE (e.leased_until IS NULL OR e.leased_until <= $4) AND e.look_at <= $4 AND e.ended_at IS NULL
RETURNING {_ROW}
"""


async def claim(
    tx: Tx, tenant_id: UUID, call_id: UUID, site_id: UUID, lease: UUID, until: datetime
) -> EvacuationPlanRow | None:
    """Make the next plan of a roll call, until then; None: another does, or it is not due."""
    row = await tx.fetchrow(CLAIM, tenant_id, call_id, site_id, tx.now, lease, until)
    return None if row is None else row_to(EvacuationPlanRow, row)


RELEASE = """
UPDATE evacuation_plans SET lease = NULL, leased_until = NULL, look_at = $4
WHERE tenant_id = $1 AND roll_call_id = $2 AND lease = $3
"""


async def release(tx: Tx, tenant_id: UUID, call_id: UUID, lease: UUID, look_at: datetime) -> None:
    """No plan came of it; the next try is due then."""
    await tx.execute(RELEASE, tenant_id, call_id, lease, look_at)


FIND = f"SELECT {_ROW} FROM evacuation_plans WHERE tenant_id = $1 AND roll_call_id = $2"
LOCK = FIND + " FOR NO KEY UPDATE"


async def find(tx: Tx, tenant_id: UUID, call_id: UUID) -> EvacuationPlanRow | None:
    """The plan of a roll call; None: it has none."""
    row = await tx.fetchrow(FIND, tenant_id, call_id)
    return None if row is None else row_to(EvacuationPlanRow, row)


async def lock(tx: Tx, tenant_id: UUID, call_id: UUID) -> EvacuationPlanRow | None:
    """The same, its row held until commit; the roll call is held before it."""
    row = await tx.fetchrow(LOCK, tenant_id, call_id)
    return None if row is None else row_to(EvacuationPlanRow, row)


SAVE = """
UPDATE evacuation_plans SET place_plan_id = $3, revision = $4, view = $5, held = $6, planned_at = $7, look_at = $8,
    woken_at = $9, lease = $10, leased_until = $11, ended_at = $12
WHERE tenant_id = $1 AND roll_call_id = $2
"""


async def save(tx: Tx, it: EvacuationPlanRow) -> None:
    """A locked plan as it is now."""
    made = (it.place_plan_id, it.revision, it.view, it.held, it.planned_at)
    looks = (it.look_at, it.woken_at, it.lease, it.leased_until, it.ended_at)
    await tx.execute(SAVE, it.tenant_id, it.roll_call_id, *made, *looks)


WAKE = """
UPDATE evacuation_plans SET look_at = least(look_at, $3), woken_at = $3
WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL
"""


async def wake_site(tx: Tx, tenant_id: UUID, site_id: UUID) -> None:
    """Something at the site changed: its plans are due now, also those that are being made."""
    await tx.execute(WAKE, tenant_id, site_id, tx.now)


WAKE_CALL = """
UPDATE evacuation_plans SET look_at = least(look_at, $3), woken_at = $3
WHERE tenant_id = $1 AND roll_call_id = $2 AND ended_at IS NULL
"""


async def wake_call(tx: Tx, tenant_id: UUID, call_id: UUID) -> None:
    """The roll call changed: its plan is due now."""
    await tx.execute(WAKE_CALL, tenant_id, call_id, tx.now)


WAKE_PLACES = """
UPDATE evacuation_plans SET look_at = $3, woken_at = $3
WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL AND look_at > $3 AND planned_at <= $4
"""


async def wake_places(tx: Tx, tenant_id: UUID, site_id: UUID, planned_before: datetime) -> None:
    """People of a site are seen elsewhere: its plans are due now, but for those made just before."""
    await tx.execute(WAKE_PLACES, tenant_id, site_id, tx.now, planned_before)


LIST_OF_INCIDENT = f"""
SELECT {", ".join(f"e.{name}" for name in EvacuationPlanRow.__struct_fields__)} FROM evacuation_plans e
JOIN roll_calls c ON c.tenant_id = e.tenant_id AND c.id = e.roll_call_id
WHERE e.tenant_id = $1 AND c.incident_id = $2 AND e.view IS NOT NULL ORDER BY c.started_at DESC, c.id DESC LIMIT $3
"""


async def list_of_incident(tx: Tx, tenant_id: UUID, incident_id: UUID, limit: int) -> list[EvacuationPlanRow]:
    """The plans of an incident's roll calls, the newest first."""
    return [row_to(EvacuationPlanRow, row) for row in await tx.fetch(LIST_OF_INCIDENT, tenant_id, incident_id, limit)]


WAYS_OUT = f"""
SELECT {_ROUTE} FROM routes
WHERE tenant_id = $1 AND roll_call_id = $2 AND purpose = 'evacuate' AND ended_at IS NULL ORDER BY id
"""
LOCK_WAYS_OUT = WAYS_OUT + " FOR NO KEY UPDATE"


async def list_ways_out(tx: Tx, tenant_id: UUID, call_id: UUID) -> list[RouteRow]:
    """Everybody's way in a roll call."""
    return await rows_to(RouteRow, await tx.fetch(WAYS_OUT, tenant_id, call_id))


async def lock_ways_out(tx: Tx, tenant_id: UUID, call_id: UUID) -> list[RouteRow]:
    """The same, held until commit, in the order of ids."""
    return await rows_to(RouteRow, await tx.fetch(LOCK_WAYS_OUT, tenant_id, call_id))


_COLUMNS = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18"
ADD_WAYS = f"INSERT INTO routes ({_ROUTE}) VALUES ({_COLUMNS}) ON CONFLICT DO NOTHING"


async def insert_ways(tx: Tx, rows: Sequence[RouteRow]) -> None:
    """New ways of people who have none in their roll call; that of the others stays."""
    await tx.executemany(ADD_WAYS, [[getattr(it, name) for name in RouteRow.__struct_fields__] for it in rows])


CHANGE_WAYS = """
UPDATE routes SET revision = $3, state = $4, view = $5, way = $6, progress = $7, fix = $8, computed_at = $9,
    ended_at = $10, ended_why = $11
WHERE tenant_id = $1 AND id = $2
"""


async def save_ways(tx: Tx, rows: Sequence[RouteRow]) -> None:
    """Locked ways as they are now."""
    await tx.executemany(
        CHANGE_WAYS,
        [
            (
                *(it.tenant_id, it.id, it.revision, it.state, it.view, it.way, it.progress, it.fix),
                *(it.computed_at, it.ended_at, it.ended_why),
            )
            for it in rows
        ],
    )
