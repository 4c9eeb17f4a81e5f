"""SQL of silence: what is suppressed and why, designs, and each site's and rule's own maximum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.alarms.flood import FloodLimits
from incidents.alarms.suppression import Design


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """One time a rule was silent: why, by whom (None: by design), until when; ``condition`` is the rule's now."""

    tenant_id: UUID
    id: UUID
    rule_id: UUID
    kind: Literal["shelved", "by_design", "out_of_service"]
    reason: str
    by_account: UUID | None
    one_shot: bool
    started_at: datetime
    until_at: datetime | None
    ended_at: datetime | None
    ended_by: UUID | None
    site_id: UUID
    sensor_id: UUID | None
    actuator_id: UUID | None
    rule_kind: str
    level: int
    condition: Literal["normal", "active"]
    episode_id: UUID | None


INSERT_SUPPRESSION = """
INSERT INTO alarm_suppressions (tenant_id, id, rule_id, kind, reason, by_account, one_shot, started_at, until_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def insert_suppression(
    tx: Tx,
    tenant_id: UUID,
    suppression_id: UUID,
    rule_id: UUID,
    *,
    kind: str,
    reason: str,
    by: UUID | None,
    one_shot: bool = False,
    until: datetime | None = None,
) -> None:
    """Write down that a rule is silent from now on; what was in force has ended before."""
    await tx.execute(INSERT_SUPPRESSION, tenant_id, suppression_id, rule_id, kind, reason, by, one_shot, tx.now, until)


END_SUPPRESSIONS = """
UPDATE alarm_suppressions SET ended_at = $3, ended_by = $4
WHERE tenant_id = $1 AND rule_id = ANY($2::uuid[]) AND ended_at IS NULL
"""


async def end_suppressions(tx: Tx, tenant_id: UUID, rule_ids: Sequence[UUID], by: UUID | None) -> None:
    """The silence of these rules is over; ``by`` None: by itself."""
    await tx.execute(END_SUPPRESSIONS, tenant_id, list(rule_ids), tx.now, by)


LIST_SUPPRESSIONS = """
SELECT p.tenant_id, p.id, p.rule_id, p.kind, p.reason, p.by_account, p.one_shot, p.started_at, p.until_at, p.ended_at,
    p.ended_by, r.site_id, r.sensor_id, r.actuator_id, r.kind AS rule_kind, r.level,
    coalesce(s.state ->> 'condition', 'normal') AS condition, s.episode_id
FROM alarm_suppressions p
JOIN alarm_rules r ON r.tenant_id = p.tenant_id AND r.id = p.rule_id
JOIN alarm_states s ON s.tenant_id = p.tenant_id AND s.rule_id = p.rule_id
WHERE p.tenant_id = $1
  AND ($2::boolean IS NULL OR (p.ended_at IS NULL AND r.retired_at IS NULL) = $2)
  AND ($3::uuid IS NULL OR r.site_id = $3)
  AND ($4::text IS NULL OR p.kind = $4)
  AND ($5::uuid IS NULL OR r.sensor_id = $5)
  AND ($6::uuid IS NULL OR p.rule_id = $6)
  AND ($7::timestamptz IS NULL OR (p.started_at, p.id) < ($7, $8::uuid))
ORDER BY p.started_at DESC, p.id DESC
LIMIT $9
"""


async def list_suppressions(
    tx: Tx,
    tenant_id: UUID,
    *,
    now: bool | None = True,
    site_id: UUID | None = None,
    kind: str | None = None,
    sensor_id: UUID | None = None,
    rule_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Suppression]:
    """Newest first; ``now`` True: what is silent now, False: what was."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_SUPPRESSIONS, tenant_id, now, site_id, kind, sensor_id, rule_id, at, last, limit)
    return [row_to(Suppression, r) for r in rows]


_DESIGN = """d.tenant_id, d.id, d.site_id, d.rule_id, d.reason, d.sensor_id, d.actuator_id, d.test, d.threshold,
    d.hysteresis, d.action, d.needs_approval, d.created_by, d.created_at, d.approved_by, d.approved_at, d.retired_at"""

INSERT_DESIGN = """
INSERT INTO suppression_designs (tenant_id, id, site_id, rule_id, reason, sensor_id, actuator_id, test, threshold,
    hysteresis, action, needs_approval, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""


async def insert_design(tx: Tx, tenant_id: UUID, it: Design) -> None:
    """A new design."""
    await tx.execute(
        INSERT_DESIGN,
        tenant_id,
        it.id,
        it.site_id,
        it.rule_id,
        it.reason,
        it.sensor_id,
        it.actuator_id,
        it.test,
        it.threshold,
        it.hysteresis,
        it.action,
        it.needs_approval,
        it.created_by,
        it.created_at,
    )


GET_DESIGN = f"SELECT {_DESIGN} FROM suppression_designs d WHERE d.tenant_id = $1 AND d.id = $2"
LOCK_DESIGN = GET_DESIGN + " FOR NO KEY UPDATE"


async def get_design(tx: Tx, tenant_id: UUID, design_id: UUID, *, lock: bool = False) -> Design:
    """One design, locked if asked; raises NotFound."""
    row = await tx.fetchrow(LOCK_DESIGN if lock else GET_DESIGN, tenant_id, design_id)
    if row is None:
        raise NotFound(
            "suppression_design.not_found",
            f"no suppression design {design_id}",
            f"没有抑制规则 {design_id}",
            field="design_id",
        )
    return row_to(Design, row)


LIST_DESIGNS = f"""
SELECT {_DESIGN} FROM suppression_designs d
WHERE d.tenant_id = $1 AND d.retired_at IS NULL AND ($2::uuid IS NULL OR d.site_id = $2)
  AND ($3::uuid IS NULL OR d.rule_id = $3)
  AND ($4::boolean IS NULL OR (d.needs_approval AND d.approved_by IS NULL) = $4)
  AND ($5::uuid IS NULL OR d.id > $5)
ORDER BY d.id LIMIT $6
"""
# Designs of one site the engine looks at when it loads.
DESIGNS_MAX = 10_000


async def list_designs(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None = None,
    rule_id: UUID | None = None,
    waiting: bool | None = None,
    after: UUID | None = None,
    limit: int = DESIGNS_MAX,
) -> list[Design]:
    """Designs in force by id; ``waiting``: for a second person."""
    return [row_to(Design, r) for r in await tx.fetch(LIST_DESIGNS, tenant_id, site_id, rule_id, waiting, after, limit)]


DESIGNS_ABOUT = f"""
SELECT {_DESIGN} FROM suppression_designs d
JOIN alarm_rules r ON r.tenant_id = d.tenant_id AND r.id = d.rule_id AND r.retired_at IS NULL
WHERE d.tenant_id = $1 AND d.retired_at IS NULL AND d.rule_id IN (
    SELECT o.rule_id FROM suppression_designs o
    WHERE o.tenant_id = $1 AND (o.sensor_id = ANY($2::uuid[]) OR o.actuator_id = ANY($2::uuid[])
        OR o.rule_id = ANY($2::uuid[])))
ORDER BY d.id
"""


async def designs_about(tx: Tx, tenant_id: UUID, ids: Sequence[UUID]) -> list[Design]:
    """All designs of every rule that one of these sensors, actuators or rules has to do with."""
    return [row_to(Design, r) for r in await tx.fetch(DESIGNS_ABOUT, tenant_id, list(ids))]


SAVE_APPROVAL = "UPDATE suppression_designs SET approved_by = $3, approved_at = $4 WHERE tenant_id = $1 AND id = $2"
RETIRE_DESIGN = """
UPDATE suppression_designs SET retired_at = $3 WHERE tenant_id = $1 AND id = $2 AND retired_at IS NULL
"""


async def save_approval(tx: Tx, tenant_id: UUID, design_id: UUID, by: UUID) -> None:
    """A second person has seen it."""
    await tx.execute(SAVE_APPROVAL, tenant_id, design_id, by, tx.now)


async def retire_design(tx: Tx, tenant_id: UUID, design_id: UUID) -> int:
    """Take it out of force; its history stays."""
    return await tx.execute(RETIRE_DESIGN, tenant_id, design_id, tx.now)


ORPHANED_BY_DESIGN = """
SELECT p.rule_id FROM alarm_suppressions p
JOIN alarm_rules r ON r.tenant_id = p.tenant_id AND r.id = p.rule_id AND r.retired_at IS NULL
WHERE p.tenant_id = $1 AND r.site_id = $2 AND p.kind = 'by_design' AND p.ended_at IS NULL
  AND NOT EXISTS (SELECT FROM suppression_designs d
                  WHERE d.tenant_id = $1 AND d.rule_id = p.rule_id AND d.retired_at IS NULL)
ORDER BY p.rule_id
"""


async def orphaned_by_design(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[UUID]:
    """Rules that are silent by a design that is no more."""
    return [r["rule_id"] for r in await tx.fetch(ORPHANED_BY_DESIGN, tenant_id, site_id)]


PROVED_ACTIONS = """
SELECT a.id AS actuator_id, c.action
FROM unnest($2::uuid[]) AS a (id) CROSS JOIN LATERAL (
    SELECT action, state FROM commands WHERE tenant_id = $1 AND actuator_id = a.id
    ORDER BY requested_at DESC, id DESC LIMIT 1
) c
WHERE c.state = 'confirmed'
"""


async def proved_actions(tx: Tx, tenant_id: UUID, actuator_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What each actuator does, where its newest command was proved; the others are absent."""
    rows = await tx.fetch(PROVED_ACTIONS, tenant_id, list(actuator_ids))
    return {r["actuator_id"]: r["action"] for r in rows}


class AlarmSettings(msgspec.Struct, frozen=True):
    """What a site decided for itself about its alarms; ``version`` 0: nothing yet."""

    site_id: UUID
    shelve_max_s: float | None = None
    flood_start_above: int = 10
    flood_end_below: int = 5
    version: int = 0

    @property
    def flood_limits(self) -> FloodLimits:
        """When its floods begin and end."""
        return FloodLimits(self.flood_start_above, self.flood_end_below)


FIND_SETTINGS = """
SELECT site_id, shelve_max_s, flood_start_above, flood_end_below, version FROM alarm_settings
WHERE tenant_id = $1 AND site_id = $2
"""


async def get_settings(tx: Tx, tenant_id: UUID, site_id: UUID) -> AlarmSettings:
    """The site's own settings, or the constants."""
    row = await tx.fetchrow(FIND_SETTINGS, tenant_id, site_id)
    return AlarmSettings(site_id) if row is None else row_to(AlarmSettings, row)


SAVE_SETTINGS = """
INSERT INTO alarm_settings AS t (tenant_id, site_id, shelve_max_s, flood_start_above, flood_end_below, version)
VALUES ($1, $2, $3, $4, $5, 1)
ON CONFLICT (tenant_id, site_id) DO UPDATE SET shelve_max_s = $3, flood_start_above = $4, flood_end_below = $5,
    version = t.version + 1
WHERE t.version = $6
"""


async def save_settings(tx: Tx, tenant_id: UUID, it: AlarmSettings) -> int:
    """Write them over version ``it.version``; 0 when they have another by now."""
    return await tx.execute(
        SAVE_SETTINGS, tenant_id, it.site_id, it.shelve_max_s, it.flood_start_above, it.flood_end_below, it.version
    )


FIND_SHELVE_MAX = "SELECT shelve_max_s FROM shelving_limits WHERE tenant_id = $1 AND rule_id = $2"
SAVE_SHELVE_MAX = """
INSERT INTO shelving_limits (tenant_id, rule_id, shelve_max_s) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, rule_id) DO UPDATE SET shelve_max_s = $3
"""
DELETE_SHELVE_MAX = "DELETE FROM shelving_limits WHERE tenant_id = $1 AND rule_id = $2"


async def find_shelve_max(tx: Tx, tenant_id: UUID, rule_id: UUID) -> float | None:
    """The rule's own maximum in seconds, or None."""
    found: float | None = await tx.fetchval(FIND_SHELVE_MAX, tenant_id, rule_id)
    return found


async def save_shelve_max(tx: Tx, tenant_id: UUID, rule_id: UUID, seconds: float | None) -> None:
    """Give the rule a maximum of its own; None takes it away."""
    if seconds is None:
        await tx.execute(DELETE_SHELVE_MAX, tenant_id, rule_id)
    else:
        await tx.execute(SAVE_SHELVE_MAX, tenant_id, rule_id, seconds)
