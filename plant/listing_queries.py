"""Pages of what stands in the plant, in SQL: by name, beginning after a place in the list, filtered."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from plant.model import Actuator, Building, Device, Sensor, Site, Zone
from plant.queries import found


class After(msgspec.Struct, frozen=True):
    """A place in a list by (name, id): the page begins behind it."""

    name: str = ""
    id: UUID = UUID(int=0)


class Within(msgspec.Struct, frozen=True):
    """Filters of instruments; None does not filter. ``search`` is a part of a name, whatever its case."""

    site_id: UUID | None = None
    zone_id: UUID | None = None
    device_id: UUID | None = None
    retired: bool | None = None
    search: str | None = None


START = After()


def _columns(kind: type[msgspec.Struct]) -> str:
    return ", ".join(kind.__struct_fields__)


_LIST_SITES = f"""
SELECT {_columns(Site)} FROM sites
WHERE tenant_id = $1 AND (slug, id) > ($2, $3)
  AND ($4::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en')), lower($4)) > 0)
ORDER BY slug, id LIMIT $5
"""


async def list_sites(tx: Tx, tenant_id: UUID, *, search: str | None, after: After, limit: int) -> list[Site]:
    """Sites by slug."""
    return [row_to(Site, row) for row in await tx.fetch(_LIST_SITES, tenant_id, after.name, after.id, search, limit)]


_LIST_BUILDINGS = f"""
SELECT {_columns(Building)} FROM buildings
WHERE tenant_id = $1 AND (slug, id) > ($2, $3) AND ($4::uuid IS NULL OR site_id = $4)
  AND ($5::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en')), lower($5)) > 0)
ORDER BY slug, id LIMIT $6
"""


async def list_buildings(
    tx: Tx, tenant_id: UUID, *, site_id: UUID | None, search: str | None, after: After, limit: int
) -> list[Building]:
    """Buildings by slug."""
    rows = await tx.fetch(_LIST_BUILDINGS, tenant_id, after.name, after.id, site_id, search, limit)
    return [row_to(Building, row) for row in rows]


_LIST_ZONES = f"""
SELECT {_columns(Zone)} FROM zones
WHERE tenant_id = $1 AND (slug, id) > ($2, $3)
  AND ($4::uuid IS NULL OR site_id = $4) AND ($5::uuid IS NULL OR building_id = $5)
  AND ($6::smallint IS NULL OR level = $6)
  AND ($7::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en')), lower($7)) > 0)
ORDER BY slug, id LIMIT $8
"""


async def list_zones(
    tx: Tx,
    tenant_id: UUID,
    *,
    site_id: UUID | None,
    building_id: UUID | None,
    level: int | None,
    search: str | None,
    after: After,
    limit: int,
) -> list[Zone]:
    """Zones by slug."""
    rows = await tx.fetch(_LIST_ZONES, tenant_id, after.name, after.id, site_id, building_id, level, search, limit)
    return [row_to(Zone, row) for row in rows]


class DeviceStanding(Device, frozen=True):
    """A device with its login ``{tenant}/{site}/{slug}``, what it last said of itself (None: it never did), and when
    it was last heard."""

    login: str
    online: bool | None
    battery: float | None
    firmware: str | None
    last_seen_at: datetime | None


# Readings say more of a device without MQTT than its state, which it can not send. The newest reading of each sensor is
# one look-up by the primary key; how far back is bounded, or a silent sensor would ask every day's table.
_STANDING = f"""
SELECT {_columns(Device)},
    (SELECT t.slug || '/' || s.slug FROM tenants t JOIN sites s ON s.tenant_id = t.tenant_id
     WHERE t.tenant_id = $1 AND s.id = site_id) || '/' || slug AS login,
    online, battery, firmware,
    greatest(updated_at, (
        SELECT max(r.received_at) FROM sensors n CROSS JOIN LATERAL (
            SELECT received_at FROM readings WHERE tenant_id = $1 AND sensor_id = n.id AND observed_at >= $2
            ORDER BY observed_at DESC LIMIT 1
        ) r WHERE n.tenant_id = $1 AND n.device_id = page.id
    )) AS last_seen_at
FROM page ORDER BY slug, id
"""
_WITH_STATE = "devices d LEFT JOIN device_states s ON s.tenant_id = d.tenant_id AND s.device_id = d.id"

_LIST_DEVICES = f"""
WITH page AS (
    SELECT d.*, s.online, s.battery, s.firmware, s.updated_at FROM {_WITH_STATE}
    WHERE d.tenant_id = $1 AND (d.slug, d.id) > ($3, $4) AND ($5::uuid IS NULL OR d.site_id = $5)
      AND ($6::boolean IS NULL OR coalesce(s.online, false) = $6)
      AND ($7::boolean IS NULL OR (d.revoked_at IS NOT NULL) = $7)
      AND ($8::text IS NULL OR strpos(lower(concat_ws(' ', d.slug, d.name ->> 'zh', d.name ->> 'en')), lower($8)) > 0)
    ORDER BY d.slug, d.id LIMIT $9
) {_STANDING}
"""


async def list_devices(
    tx: Tx,
    tenant_id: UUID,
    *,
    since: datetime,
    site_id: UUID | None,
    online: bool | None,
    revoked: bool | None,
    search: str | None,
    after: After,
    limit: int,
) -> list[DeviceStanding]:
    """Devices by slug; readings are looked at back to ``since``. ``online`` False: also those that never spoke."""
    rows = await tx.fetch(
        _LIST_DEVICES, tenant_id, since, after.name, after.id, site_id, online, revoked, search, limit
    )
    return [row_to(DeviceStanding, row) for row in rows]


_GET_DEVICE = f"""
WITH page AS (
    SELECT d.*, s.online, s.battery, s.firmware, s.updated_at FROM {_WITH_STATE} WHERE d.tenant_id = $1 AND d.id = $3
) {_STANDING}
"""


async def get_device(tx: Tx, tenant_id: UUID, device_id: UUID, *, since: datetime) -> DeviceStanding:
    """One device as in the list; raises NotFound."""
    row = await tx.fetchrow(_GET_DEVICE, tenant_id, since, device_id)
    return row_to(DeviceStanding, found(row, "device", device_id))


_LIST_SENSORS = f"""
SELECT {_columns(Sensor)} FROM sensors
WHERE tenant_id = $1 AND (series, id) > ($2, $3)
  AND ($4::uuid IS NULL OR site_id = $4) AND ($5::uuid IS NULL OR zone_id = $5)
  AND ($6::uuid IS NULL OR device_id = $6) AND ($7::boolean IS NULL OR (retired_at IS NOT NULL) = $7)
  AND ($8::text IS NULL OR strpos(lower(concat_ws(' ', series, name ->> 'zh', name ->> 'en', agent)), lower($8)) > 0)
ORDER BY series, id LIMIT $9
"""


async def list_sensors(tx: Tx, tenant_id: UUID, within: Within, *, after: After, limit: int) -> list[Sensor]:
    """Sensors by series."""
    rows = await tx.fetch(
        _LIST_SENSORS,
        tenant_id,
        after.name,
        after.id,
        within.site_id,
        within.zone_id,
        within.device_id,
        within.retired,
        within.search,
        limit,
    )
    return [row_to(Sensor, row) for row in rows]


_LIST_ACTUATORS = f"""
SELECT {_columns(Actuator)} FROM actuators
WHERE tenant_id = $1 AND (slug, id) > ($2, $3)
  AND ($4::uuid IS NULL OR site_id = $4) AND ($5::uuid IS NULL OR zone_id = $5)
  AND ($6::uuid IS NULL OR device_id = $6) AND ($7::boolean IS NULL OR (retired_at IS NOT NULL) = $7)
  AND ($8::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en', kind)), lower($8)) > 0)
ORDER BY slug, id LIMIT $9
"""


async def list_actuators(tx: Tx, tenant_id: UUID, within: Within, *, after: After, limit: int) -> list[Actuator]:
    """Actuators by slug."""
    rows = await tx.fetch(
        _LIST_ACTUATORS,
        tenant_id,
        after.name,
        after.id,
        within.site_id,
        within.zone_id,
        within.device_id,
        within.retired,
        within.search,
        limit,
    )
    return [row_to(Actuator, row) for row in rows]
