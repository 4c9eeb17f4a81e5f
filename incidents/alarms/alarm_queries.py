"""SQL of alarm rules and their states."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.database import SLICE_ROWS, Tx, row_to
from core.errors import NotFound
from incidents.alarms.alarm import letter
from incidents.alarms.model import AlarmRule, AlarmState

_RULE = """r.tenant_id, r.id, r.sensor_id, r.actuator_id, r.kind, r.level, r.set_point, r.unit, r.deadband,
    r.on_delay_s, r.off_delay_s, r.rearm_after_s, r.latching, r.stale_after_s, r.toxic, r.source, r.group_id"""


class WatchedRule(msgspec.Struct, frozen=True):
    """A rule, its state as stored, and the episode that is standing, if one is."""

    rule: AlarmRule
    state: AlarmState
    episode_id: UUID | None
    created_at: datetime


INSERT_RULE = """
INSERT INTO alarm_rules (tenant_id, id, site_id, sensor_id, actuator_id, kind, level, set_point, unit, deadband,
    on_delay_s, off_delay_s, rearm_after_s, latching, stale_after_s, toxic, source, created_at, group_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (tenant_id, id) DO NOTHING
"""

INSERT_STATE = """
INSERT INTO alarm_states (tenant_id, rule_id, state, letter, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, rule_id) DO NOTHING
"""


async def insert_rule(tx: Tx, tenant_id: UUID, site_id: UUID, rule: AlarmRule) -> None:
    """Insert a rule and its state: normal, acknowledged, unlatched, unsuppressed."""
    await insert_rules(tx, tenant_id, site_id, [rule])


async def insert_rules(tx: Tx, tenant_id: UUID, site_id: UUID, rules: Sequence[AlarmRule]) -> None:
    """Insert rules and their states, as one each."""
    normal = AlarmState()
    rows = [
        (
            tenant_id,
            rule.id,
            site_id,
            rule.sensor_id,
            rule.actuator_id,
            rule.kind,
            rule.level,
            rule.set_point,
            rule.unit,
            rule.deadband,
            rule.on_delay_s,
            rule.off_delay_s,
            rule.rearm_after_s,
            rule.latching,
            rule.stale_after_s,
            rule.toxic,
            rule.source,
            tx.now,
            rule.group_id,
        )
        for rule in rules
    ]
    await tx.executemany(INSERT_RULE, rows)
    states = [(tenant_id, rule.id, normal, letter(normal), tx.now) for rule in rules]
    await tx.executemany(INSERT_STATE, states)


LIST_SITE_RULES = f"""
SELECT {_RULE}, s.state, s.episode_id, r.created_at
FROM alarm_rules r JOIN alarm_states s ON s.tenant_id = r.tenant_id AND s.rule_id = r.id
WHERE r.tenant_id = $1 AND r.site_id = $2 AND r.retired_at IS NULL
ORDER BY r.id
"""


async def list_site_rules(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[WatchedRule]:
    """Every rule in force in a site, a slice at a time."""
    rows = await tx.fetch(LIST_SITE_RULES, tenant_id, site_id)
    found: list[WatchedRule] = []
    for start in range(0, len(rows), SLICE_ROWS):
        found += [_watched(r) for r in rows[start : start + SLICE_ROWS]]
        await asyncio.sleep(0)
    return found


FIND_RULES = f"""
SELECT {_RULE}, s.state, s.episode_id, r.created_at
FROM alarm_rules r JOIN alarm_states s ON s.tenant_id = r.tenant_id AND s.rule_id = r.id
WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[]) AND r.retired_at IS NULL
ORDER BY r.id
"""
LOCK_RULES = FIND_RULES + "FOR NO KEY UPDATE OF s"


async def find_rules(tx: Tx, tenant_id: UUID, rule_ids: Sequence[UUID]) -> list[WatchedRule]:
    """The rules in force among these ids."""
    return [_watched(r) for r in await tx.fetch(FIND_RULES, tenant_id, list(rule_ids))]


async def lock_rules(tx: Tx, tenant_id: UUID, rule_ids: Sequence[UUID]) -> list[WatchedRule]:
    """The rules with their states locked, in id order so that two lockers can not deadlock."""
    return [_watched(r) for r in await tx.fetch(LOCK_RULES, tenant_id, list(rule_ids))]


async def lock_rule(tx: Tx, tenant_id: UUID, rule_id: UUID) -> WatchedRule:
    """One rule with its state locked; raises NotFound."""
    found = await lock_rules(tx, tenant_id, [rule_id])
    if not found:
        raise NotFound("alarm_rule.not_found", f"no alarm rule {rule_id}", f"没有报警规则 {rule_id}", field="rule_id")
    return found[0]


SAVE_STATE = """
UPDATE alarm_states SET state = $3, letter = $4, episode_id = $5, due_at = $6, updated_at = $7
WHERE tenant_id = $1 AND rule_id = $2
"""


async def save_state(tx: Tx, tenant_id: UUID, rule_id: UUID, state: AlarmState, episode_id: UUID | None) -> None:
    """Write a rule's state; ``due_at`` is its earliest timer."""
    await tx.execute(SAVE_STATE, tenant_id, rule_id, state, letter(state), episode_id, earliest_timer(state), tx.now)


def earliest_timer(state: AlarmState) -> datetime | None:
    """When this state wants to be stepped without a reading, or None."""
    timers = [t for t in (state.due_at, state.rearm_due_at, state.suppression_until) if t is not None]
    return min(timers, default=None)


RULE_IDS_OF_SENSORS = """
SELECT id FROM alarm_rules
WHERE tenant_id = $1 AND sensor_id = ANY($2::uuid[]) AND retired_at IS NULL AND kind NOT IN ('vote', 'discrepancy')
ORDER BY id
"""


async def list_rule_ids(tx: Tx, tenant_id: UUID, sensor_ids: Sequence[UUID]) -> list[UUID]:
    """Rules in force on these sensors that their readings step; votes are stepped by ``turning``."""
    return [r["id"] for r in await tx.fetch(RULE_IDS_OF_SENSORS, tenant_id, sensor_ids)]


IDS_ABOUT = """
SELECT r.id FROM alarm_rules r
WHERE r.tenant_id = $1 AND r.retired_at IS NULL AND (
    r.sensor_id = ANY($2::uuid[]) OR r.actuator_id = ANY($2::uuid[]) OR r.id = ANY($2::uuid[])
    OR r.group_id IN (SELECT v.group_id FROM voting_members v WHERE v.tenant_id = $1 AND v.sensor_id = ANY($2::uuid[]))
    OR r.id IN (SELECT d.rule_id FROM suppression_designs d WHERE d.tenant_id = $1
                AND (d.sensor_id = ANY($2::uuid[]) OR d.actuator_id = ANY($2::uuid[]))))
ORDER BY r.id
"""


async def list_ids_about(tx: Tx, tenant_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    """Rules in force that a change of these sensors, actuators or rules can step: their own, votes, designs' aims."""
    return [r["id"] for r in await tx.fetch(IDS_ABOUT, tenant_id, ids)]


NEWEST_OBSERVED = """
SELECT s.id AS sensor_id, r.observed_at
FROM unnest($2::uuid[]) AS s (id) CROSS JOIN LATERAL (
    SELECT observed_at FROM readings
    WHERE tenant_id = $1 AND sensor_id = s.id AND observed_at >= $3 AND value IS NOT NULL
    ORDER BY observed_at DESC LIMIT 1
) r
"""


async def newest_observed(tx: Tx, tenant_id: UUID, sensor_ids: Sequence[UUID], since: datetime) -> dict[UUID, datetime]:
    """The device time of each sensor's newest stored value since then; sensors without one are absent."""
    rows = await tx.fetch(NEWEST_OBSERVED, tenant_id, sensor_ids, since)
    return {r["sensor_id"]: r["observed_at"] for r in rows}


LAST_HEARD = """
SELECT s.id AS sensor_id, r.received_at
FROM sensors s CROSS JOIN LATERAL (
    SELECT received_at FROM readings
    WHERE tenant_id = $1 AND sensor_id = s.id AND observed_at > $3 AND value IS NOT NULL AND quality = 0
    ORDER BY observed_at DESC LIMIT 1
) r
WHERE s.tenant_id = $1 AND s.site_id = $2 AND s.retired_at IS NULL
"""

# Silence longer than this has raised its alarm long ago; looking further back would open every partition.
HEARD_WITHIN = timedelta(days=2)


async def last_heard(tx: Tx, tenant_id: UUID, site_id: UUID) -> dict[UUID, datetime]:
    """When each sensor of the site last gave a good value, as received by us; silent ones are absent."""
    rows = await tx.fetch(LAST_HEARD, tenant_id, site_id, tx.now - HEARD_WITHIN)
    return {r["sensor_id"]: r["received_at"] for r in rows}


RETIRE_RULE = "UPDATE alarm_rules SET retired_at = $3 WHERE tenant_id = $1 AND id = $2 AND retired_at IS NULL"


async def retire_rule(tx: Tx, tenant_id: UUID, rule_id: UUID) -> int:
    """Take a rule out of force; its history stays."""
    return await tx.execute(RETIRE_RULE, tenant_id, rule_id, tx.now)


FIND_EFFECT_RULE = """
SELECT id FROM alarm_rules
WHERE tenant_id = $1 AND actuator_id = $2 AND kind = 'no_effect' AND retired_at IS NULL
"""


async def find_effect_rule(tx: Tx, tenant_id: UUID, actuator_id: UUID) -> UUID | None:
    """The rule that is raised when this actuator does not prove its effect."""
    found: UUID | None = await tx.fetchval(FIND_EFFECT_RULE, tenant_id, actuator_id)
    return found


def _watched(row: Any) -> WatchedRule:
    plain = dict(row)
    state = plain.pop("state")
    episode_id = plain.pop("episode_id")
    created_at = plain.pop("created_at")
    return WatchedRule(row_to(AlarmRule, plain), msgspec.convert(state, AlarmState), episode_id, created_at)
