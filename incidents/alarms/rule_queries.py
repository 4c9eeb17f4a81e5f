"""SQL of alarm rules as admins edit them; their states and evaluation are in alarm_queries."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.alarms.model import AlarmRule
from incidents.incident import Alarm

_RULE = """tenant_id, id, sensor_id, actuator_id, kind, level, set_point, unit, deadband, on_delay_s, off_delay_s,
    rearm_after_s, latching, stale_after_s, toxic, source, group_id"""

LIST_RULES = f"""
SELECT {_RULE} FROM alarm_rules
WHERE tenant_id = $1 AND retired_at IS NULL
  AND ($2::uuid IS NULL OR site_id = $2) AND ($3::uuid IS NULL OR sensor_id = $3) AND ($4::uuid IS NULL OR id > $4)
ORDER BY id LIMIT $5
"""


async def list_rules(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None = None,
    sensor_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[AlarmRule]:
    """Rules in force by id."""
    return [row_to(AlarmRule, r) for r in await tx.fetch(LIST_RULES, tenant_id, site_id, sensor_id, after, limit)]


GET_RULE = f"SELECT {_RULE} FROM alarm_rules WHERE tenant_id = $1 AND id = $2"


async def get_rule(tx: Tx, tenant_id: UUID, rule_id: UUID) -> AlarmRule:
    """A rule, retired or not; raises NotFound."""
    row = await tx.fetchrow(GET_RULE, tenant_id, rule_id)
    if row is None:
        raise NotFound("alarm_rule.not_found", f"no alarm rule {rule_id}", f"没有报警规则 {rule_id}", field="rule_id")
    return row_to(AlarmRule, row)


SITE_OF_RULE = "SELECT site_id FROM alarm_rules WHERE tenant_id = $1 AND id = $2"


async def get_site_of_rule(tx: Tx, tenant_id: UUID, rule_id: UUID) -> UUID:
    """Where a known rule is in force."""
    site_id: UUID = await tx.fetchval(SITE_OF_RULE, tenant_id, rule_id)
    return site_id


LIST_OWN_RULES = """
SELECT id, stale_after_s FROM alarm_rules
WHERE tenant_id = $1 AND site_id = $2 AND kind IN ('stale', 'no_effect')
"""


async def list_own_rules(tx: Tx, tenant_id: UUID, site_id: UUID) -> dict[UUID, float | None]:
    """The rules that instruments have by themselves, retired ones too: id -> stale_after_s."""
    return {r["id"]: r["stale_after_s"] for r in await tx.fetch(LIST_OWN_RULES, tenant_id, site_id)}


SAVE_STALE_AFTER = "UPDATE alarm_rules SET stale_after_s = $3 WHERE tenant_id = $1 AND id = $2"


async def save_stale_after(tx: Tx, tenant_id: UUID, rule_id: UUID, stale_after_s: float) -> None:
    """The sensor's own staleness was edited."""
    await tx.execute(SAVE_STALE_AFTER, tenant_id, rule_id, stale_after_s)


RETIRE_RULES_OF_INSTRUMENTS = """
UPDATE alarm_rules r SET retired_at = $3
WHERE r.tenant_id = $1 AND r.site_id = $2 AND r.retired_at IS NULL AND r.kind NOT IN ('vote', 'discrepancy') AND (
    EXISTS (SELECT FROM sensors s WHERE s.tenant_id = $1 AND s.id = r.sensor_id AND s.retired_at IS NOT NULL)
    OR EXISTS (SELECT FROM actuators a WHERE a.tenant_id = $1 AND a.id = r.actuator_id AND a.retired_at IS NOT NULL))
"""


async def retire_rules_of_instruments(tx: Tx, tenant_id: UUID, site_id: UUID) -> int:
    """Rules of instruments that are out of use go out of force with them; returns how many."""
    return await tx.execute(RETIRE_RULES_OF_INSTRUMENTS, tenant_id, site_id, tx.now)


LOCK_ALARMS_OF_RETIRED = """
SELECT a.tenant_id, a.id, a.rule_id, a.episode, a.incident_id, a.first_out, a.site_id, a.zone_id, a.sensor_id,
    a.actuator_id, a.kind, a.level, a.letter, a.title, a.value, a.unit, a.set_point, a.raised_at, a.acknowledged_at,
    a.acknowledged_by, a.returned_at, a.ended_at, a.trust, a.votes
FROM alarm_states s
JOIN alarm_rules r ON r.tenant_id = s.tenant_id AND r.id = s.rule_id
JOIN alarms a ON a.tenant_id = s.tenant_id AND a.id = s.episode_id
WHERE s.tenant_id = $1 AND r.site_id = $2 AND r.retired_at IS NOT NULL
ORDER BY s.rule_id
FOR NO KEY UPDATE OF s
"""


async def lock_alarms_of_retired(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Alarm]:
    """Episodes that stand though their rule is out of force, the rules' states locked."""
    return [row_to(Alarm, r) for r in await tx.fetch(LOCK_ALARMS_OF_RETIRED, tenant_id, site_id)]
