"""SQL of voting groups, and of what a sensor's newest value is worth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.alarms.alarm_queries import HEARD_WITHIN
from incidents.alarms.model import AlarmRule
from incidents.alarms.voting import Limit, Member
from mobile_contract.text import Text
from plant.calibration import trust
from plant.model import Quality
from plant.protocols import FUTURE_TOLERANCE_S


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A voting group as stored; quantities in ``unit`` (UCUM)."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    name: Text
    m: int
    side: Literal["high", "low"]
    level: int
    set_point: float
    deadband: float
    unit: str
    valid_low: float | None
    valid_high: float | None
    discrepancy_after_s: float
    members_alarm: Literal["pre_alarm", "none"]
    retired_at: datetime | None
    version: int
    created_at: datetime
    members: list[UUID]

    @property
    def limit(self) -> Limit:
        """What its members vote on."""
        return Limit(self.side, self.set_point, self.deadband, self.valid_low, self.valid_high)


class SensorFacts(msgspec.Struct, frozen=True):
    """What a sensor's newest stored reading is worth; ``quality`` None: it has never spoken."""

    sensor_id: UUID
    value: float | None
    quality: int | None
    stale: bool
    out_of_service: bool
    retired: bool
    calibration_due: date | None

    @property
    def sound(self) -> bool:
        """Whether the value can be believed."""
        return self.quality == Quality.GOOD and not (self.stale or self.out_of_service or self.retired)

    def as_member(self, today: date) -> Member:
        """The sensor in a vote."""
        return Member(
            sensor_id=self.sensor_id,
            value=self.value,
            late=self.quality == Quality.LATE,
            stale=self.stale,
            calibration_expired=trust(self.calibration_due, today).level == "expired",
            out_of_service=self.out_of_service,
            retired=self.retired,
        )


SENSOR_FACTS = """
SELECT s.id AS sensor_id, n.value, n.quality, s.retired_at IS NOT NULL AS retired, s.calibration_due,
    EXISTS (SELECT FROM alarm_rules r JOIN alarm_states t ON t.tenant_id = r.tenant_id AND t.rule_id = r.id
            WHERE r.tenant_id = $1 AND r.sensor_id = s.id AND r.kind = 'stale' AND r.retired_at IS NULL
              AND t.state ->> 'condition' = 'active') AS stale,
    EXISTS (SELECT FROM alarm_rules r JOIN alarm_states t ON t.tenant_id = r.tenant_id AND t.rule_id = r.id
            WHERE r.tenant_id = $1 AND r.sensor_id = s.id AND r.retired_at IS NULL AND t.letter = 'I'
              AND r.kind NOT IN ('vote', 'discrepancy')) AS out_of_service
FROM sensors s LEFT JOIN LATERAL (
    SELECT value, quality FROM readings
    WHERE tenant_id = $1 AND sensor_id = s.id AND observed_at > $3 AND observed_at <= $4
    ORDER BY observed_at DESC LIMIT 1
) n ON true
WHERE s.tenant_id = $1 AND s.id = ANY($2::uuid[])
"""


async def sensor_facts(tx: Tx, tenant_id: UUID, sensor_ids: Sequence[UUID]) -> dict[UUID, SensorFacts]:
    """What these sensors last said and how far it can be believed, by sensor.

    What is dated after now was said by a clock that has been set right since: it is not what they say last.
    """
    ahead = tx.now + timedelta(seconds=FUTURE_TOLERANCE_S)
    rows = await tx.fetch(SENSOR_FACTS, tenant_id, list(sensor_ids), tx.now - HEARD_WITHIN, ahead)
    facts = [row_to(SensorFacts, r) for r in rows]
    return {f.sensor_id: f for f in facts}


_GROUP = """g.tenant_id, g.id, g.site_id, g.name, g.m, g.side, g.level, g.set_point, g.deadband, g.unit, g.valid_low,
    g.valid_high, g.discrepancy_after_s, g.members_alarm, g.retired_at, g.version, g.created_at,
    ARRAY(SELECT v.sensor_id FROM voting_members v WHERE v.tenant_id = g.tenant_id AND v.group_id = g.id
          ORDER BY v.position) AS members"""

LIST_GROUPS = f"""
SELECT {_GROUP} FROM voting_groups g
WHERE g.tenant_id = $1 AND g.retired_at IS NULL AND ($2::uuid IS NULL OR g.site_id = $2)
  AND ($3::text IS NULL OR position(lower($3) IN lower(concat_ws(' ', g.name->>'zh', g.name->>'en'))) > 0)
  AND ($4::uuid IS NULL OR g.id > $4)
ORDER BY g.id LIMIT $5
"""

# Groups of one site the engine holds in memory; more would be a plant of its own.
GROUPS_MAX = 10_000


async def list_groups(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None = None,
    search: str | None = None,
    after: UUID | None = None,
    limit: int = GROUPS_MAX,
) -> list[Group]:
    """Groups in force by id."""
    return [row_to(Group, r) for r in await tx.fetch(LIST_GROUPS, tenant_id, site_id, search, after, limit)]


GROUPS_OF_SENSORS = f"""
SELECT {_GROUP} FROM voting_groups g
WHERE g.tenant_id = $1 AND g.retired_at IS NULL AND EXISTS (
    SELECT FROM voting_members v
    WHERE v.tenant_id = $1 AND v.group_id = g.id AND v.sensor_id = ANY($2::uuid[]))
ORDER BY g.id
"""


async def groups_of_sensors(tx: Tx, tenant_id: UUID, sensor_ids: Sequence[UUID]) -> list[Group]:
    """Groups in force in which one of these sensors votes."""
    return [row_to(Group, r) for r in await tx.fetch(GROUPS_OF_SENSORS, tenant_id, list(sensor_ids))]


GET_GROUP = f"SELECT {_GROUP} FROM voting_groups g WHERE g.tenant_id = $1 AND g.id = $2"
LOCK_GROUP = GET_GROUP + " FOR NO KEY UPDATE OF g"


async def get_group(tx: Tx, tenant_id: UUID, group_id: UUID, *, lock: bool = False) -> Group:
    """One group, retired or not, locked if asked; raises NotFound."""
    row = await tx.fetchrow(LOCK_GROUP if lock else GET_GROUP, tenant_id, group_id)
    if row is None:
        raise NotFound(
            "voting_group.not_found", f"no voting group {group_id}", f"没有表决组 {group_id}", field="group_id"
        )
    return row_to(Group, row)


INSERT_GROUP = """
INSERT INTO voting_groups (tenant_id, id, site_id, name, m, side, level, set_point, deadband, unit, valid_low,
    valid_high, discrepancy_after_s, members_alarm, version, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15)
"""
INSERT_MEMBERS = """
INSERT INTO voting_members (tenant_id, group_id, sensor_id, position)
SELECT $1, $2, m.sensor_id, m.position FROM unnest($3::uuid[]) WITH ORDINALITY AS m (sensor_id, position)
"""


async def insert_group(tx: Tx, tenant_id: UUID, it: Group) -> None:
    """A new group and its members in order."""
    await tx.execute(
        INSERT_GROUP,
        tenant_id,
        it.id,
        it.site_id,
        it.name,
        it.m,
        it.side,
        it.level,
        it.set_point,
        it.deadband,
        it.unit,
        it.valid_low,
        it.valid_high,
        it.discrepancy_after_s,
        it.members_alarm,
        it.created_at,
    )
    await tx.execute(INSERT_MEMBERS, tenant_id, it.id, it.members)


UPDATE_GROUP = """
UPDATE voting_groups SET name = $3, m = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2
"""


async def update_group(tx: Tx, tenant_id: UUID, group_id: UUID, name: Text, m: int) -> None:
    """Another name or another m."""
    await tx.execute(UPDATE_GROUP, tenant_id, group_id, name, m)


RETIRE_GROUP = """
UPDATE voting_groups SET retired_at = $3, version = version + 1 WHERE tenant_id = $1 AND id = $2 AND retired_at IS NULL
"""
RETIRE_GROUP_RULES = """
UPDATE alarm_rules SET retired_at = $3 WHERE tenant_id = $1 AND group_id = $2 AND retired_at IS NULL
"""
RESTORE_REPLACED = """
UPDATE alarm_rules r SET retired_at = NULL, replaced_by = NULL
WHERE r.tenant_id = $1 AND r.replaced_by = $2
  AND EXISTS (SELECT FROM sensors s WHERE s.tenant_id = $1 AND s.id = r.sensor_id AND s.retired_at IS NULL)
RETURNING r.id
"""


async def retire_group(tx: Tx, tenant_id: UUID, group_id: UUID) -> list[UUID] | None:
    """Take a group and its rules out of force and put its members' own limits back: their ids; None: it was already."""
    if not await tx.execute(RETIRE_GROUP, tenant_id, group_id, tx.now):
        return None
    await tx.execute(RETIRE_GROUP_RULES, tenant_id, group_id, tx.now)
    return [r["id"] for r in await tx.fetch(RESTORE_REPLACED, tenant_id, group_id)]


REPLACE_RULES = """
UPDATE alarm_rules SET retired_at = $4, replaced_by = $2
WHERE tenant_id = $1 AND id = ANY($3::uuid[]) AND retired_at IS NULL
"""


async def replace_rules(tx: Tx, tenant_id: UUID, group_id: UUID, rule_ids: Sequence[UUID]) -> None:
    """The group speaks for these limits of its members from now on."""
    await tx.execute(REPLACE_RULES, tenant_id, group_id, list(rule_ids), tx.now)


LIST_LIMITS_OF = """
SELECT tenant_id, id, sensor_id, actuator_id, kind, level, set_point, unit, deadband, on_delay_s, off_delay_s,
    rearm_after_s, latching, stale_after_s, toxic, source, group_id
FROM alarm_rules
WHERE tenant_id = $1 AND sensor_id = ANY($2::uuid[]) AND kind = $3 AND retired_at IS NULL ORDER BY id
"""


async def list_limits_of(tx: Tx, tenant_id: UUID, sensor_ids: Sequence[UUID], kind: str) -> list[AlarmRule]:
    """Limits of this kind in force on these sensors."""
    return [row_to(AlarmRule, r) for r in await tx.fetch(LIST_LIMITS_OF, tenant_id, list(sensor_ids), kind)]


VOTE_RULE_IDS = """
SELECT id FROM alarm_rules
WHERE tenant_id = $1 AND group_id = ANY($2::uuid[]) AND kind IN ('vote', 'discrepancy') AND retired_at IS NULL
ORDER BY id
"""


async def vote_rule_ids(tx: Tx, tenant_id: UUID, group_ids: Sequence[UUID]) -> list[UUID]:
    """The rules these groups' verdicts step."""
    return [r["id"] for r in await tx.fetch(VOTE_RULE_IDS, tenant_id, list(group_ids))]


GROUPS_OF_RULES = """
SELECT r.id AS rule_id, r.group_id, g.name
FROM alarm_rules r JOIN voting_groups g ON g.tenant_id = r.tenant_id AND g.id = r.group_id
WHERE r.tenant_id = $1 AND r.site_id = $2 AND r.group_id IS NOT NULL
"""


class GroupOfRule(msgspec.Struct, frozen=True):
    """The group that made a rule."""

    rule_id: UUID
    group_id: UUID
    name: Text


async def groups_of_rules(tx: Tx, tenant_id: UUID, site_id: UUID) -> dict[UUID, GroupOfRule]:
    """The group that made a rule, by rule; retired ones too, whose alarms may still stand in an incident."""
    rows = await tx.fetch(GROUPS_OF_RULES, tenant_id, site_id)
    return {row["rule_id"]: row_to(GroupOfRule, row) for row in rows}
