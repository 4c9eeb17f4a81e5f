"""SQL of exposure: what the air held by the minute, and the events of doses over a limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to, rows_to
from incidents.alarms.model import LimitSource
from incidents.exposure.exposure_limits import DoseKind


class AirMinute(msgspec.Struct, frozen=True):
    """The worst sensor of a zone for an agent in a minute, in the sensor's unit."""

    zone_id: UUID
    agent: str
    unit: str
    minute: datetime
    mean: float
    peak: float


# Not by the lower explosive limit: such a channel watches for fire, and one percent of it is over an exposure limit.
_AIR = """
SELECT s.zone_id, s.agent, s.unit, m.minute, max(m.avg) AS mean, max(m.max) AS peak
FROM sensors s JOIN reading_minutes m ON m.tenant_id = s.tenant_id AND m.sensor_id = s.id
WHERE s.tenant_id = $1 AND s.site_id = $2 AND s.agent = ANY($3) AND s.unit <> '%{LEL}'
  AND m.minute >= $4 AND m.minute < $5 AND m.avg IS NOT NULL
GROUP BY s.zone_id, s.agent, s.unit, m.minute
"""


async def list_air(
    tx: Tx, tenant_id: UUID, site_id: UUID, agents: Sequence[str], since: datetime, until: datetime
) -> list[AirMinute]:
    """What a site's air held, by zone, agent and minute; a minute without a value is absent."""
    return await rows_to(AirMinute, await tx.fetch(_AIR, tenant_id, site_id, list(agents), since, until))


class ExposureEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A dose over its limit, from ``at`` until ``ended_at``; ``fraction`` is as it was found first."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    person_id: UUID
    kind: DoseKind
    subject: str
    mixture: bool
    zone_id: UUID | None
    fraction: float
    value: float | None
    limit_value: float | None
    unit: str | None
    source: LimitSource
    unknown_min: int
    confidence: float
    at: datetime
    ended_at: datetime | None


_EVENT = ", ".join(ExposureEvent.__struct_fields__)
_INSERT_EVENT = f"""
INSERT INTO exposure_events ({_EVENT})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (tenant_id, person_id, kind, subject) WHERE ended_at IS NULL DO NOTHING
"""


async def insert_event(tx: Tx, tenant_id: UUID, it: ExposureEvent) -> bool:
    """A dose went over; False: it was over already."""
    assert it.tenant_id == tenant_id
    values: list[Any] = [getattr(it, name) for name in ExposureEvent.__struct_fields__]
    return await tx.execute(_INSERT_EVENT, *values) > 0


_LIST_OPEN = f"SELECT {_EVENT} FROM exposure_events WHERE tenant_id = $1 AND site_id = $2 AND ended_at IS NULL"


async def list_open_events(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[ExposureEvent]:
    """Doses that are over now."""
    return [row_to(ExposureEvent, row) for row in await tx.fetch(_LIST_OPEN, tenant_id, site_id)]


_END_EVENTS = "UPDATE exposure_events SET ended_at = $3 WHERE tenant_id = $1 AND id = ANY($2) AND ended_at IS NULL"


async def end_events(tx: Tx, tenant_id: UUID, ids: Sequence[UUID], at: datetime) -> None:
    """These doses are under their limits again."""
    await tx.execute(_END_EVENTS, tenant_id, list(ids), at)


_LIST_EVENTS = f"""
SELECT {_EVENT} FROM exposure_events
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2) AND ($3::timestamptz IS NULL OR (at, id) < ($3, $4))
ORDER BY at DESC, id DESC LIMIT $5
"""


async def list_events(
    tx: Tx, tenant_id: UUID, site_id: UUID | None, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[ExposureEvent]:
    """Events, newest first."""
    at, last = before or (None, None)
    return [row_to(ExposureEvent, row) for row in await tx.fetch(_LIST_EVENTS, tenant_id, site_id, at, last, limit)]


DUE = "SELECT tenant_id, site_id FROM muster_exposure_due($1, $2)"


async def list_due(tx: Tx, most: int) -> list[tuple[UUID, UUID]]:
    """Sites of all tenants to look at now: (tenant, site); needs no tenant set."""
    return [(row["tenant_id"], row["site_id"]) for row in await tx.fetch(DUE, tx.now, most)]


_ENTER = """
INSERT INTO exposure_watches (tenant_id, site_id, due_at) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, site_id) DO NOTHING
"""
_LOCK = """
SELECT due_at FROM exposure_watches WHERE tenant_id = $1 AND site_id = $2 AND due_at <= $3
FOR NO KEY UPDATE SKIP LOCKED
"""
_NEXT = "UPDATE exposure_watches SET due_at = $3 WHERE tenant_id = $1 AND site_id = $2"


async def take_watch(tx: Tx, tenant_id: UUID, site_id: UUID, next_at: datetime) -> bool:
    """Take the look at this site until the transaction ends; False: another courier has it, or has looked."""
    await tx.execute(_ENTER, tenant_id, site_id, tx.now)
    if await tx.fetchval(_LOCK, tenant_id, site_id, tx.now) is None:
        return False
    await tx.execute(_NEXT, tenant_id, site_id, next_at)
    return True
