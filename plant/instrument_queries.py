"""Sensors and actuators in SQL."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx, row_to, rows_to
from plant.model import Actuator, Sensor
from plant.queries import found, plain
from plant.standing import Standing

_SENSOR = (
    "tenant_id, id, site_id, device_id, zone_id, series, name, quantity, unit, agent, calibration_due, stale_after_s, "
    "retired_at, version, created_at, lon, lat, level"
)

_INSERT_SENSOR = f"""
INSERT INTO sensors ({_SENSOR}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
    $18)
"""


async def insert_sensor(tx: Tx, tenant_id: UUID, it: Sensor) -> None:
    """A new sensor."""
    await tx.execute(
        _INSERT_SENSOR,
        tenant_id,
        it.id,
        it.site_id,
        it.device_id,
        it.zone_id,
        it.series,
        plain(it.name),
        it.quantity,
        it.unit,
        it.agent,
        it.calibration_due,
        it.stale_after_s,
        it.retired_at,
        it.version,
        it.created_at,
        it.lon,
        it.lat,
        it.level,
    )


_UPDATE_SENSOR = """
UPDATE sensors SET zone_id = $3, name = $4, agent = $5, calibration_due = $6, stale_after_s = $7, retired_at = $8,
    lon = $9, lat = $10, level = $11, version = version + 1
WHERE tenant_id = $1 AND id = $2
"""


async def update_sensor(tx: Tx, tenant_id: UUID, it: Sensor) -> None:
    """All but device, series, quantity and unit: stored values are in that unit, a new unit is a new sensor."""
    await tx.execute(
        _UPDATE_SENSOR,
        tenant_id,
        it.id,
        it.zone_id,
        plain(it.name),
        it.agent,
        it.calibration_due,
        it.stale_after_s,
        it.retired_at,
        it.lon,
        it.lat,
        it.level,
    )


_GET_SENSOR = f"SELECT {_SENSOR} FROM sensors WHERE tenant_id = $1 AND id = $2"
_LOCK_SENSOR = _GET_SENSOR + " FOR NO KEY UPDATE"


async def get_sensor(tx: Tx, tenant_id: UUID, sensor_id: UUID, *, lock: bool = False) -> Sensor:
    """One sensor, locked if asked; raises NotFound."""
    return row_to(
        Sensor,
        found(await tx.fetchrow(_LOCK_SENSOR if lock else _GET_SENSOR, tenant_id, sensor_id), "sensor", sensor_id),
    )


_LIST_SENSORS = f"""
SELECT {_SENSOR} FROM sensors WHERE tenant_id = $1 AND site_id = $2 AND ($3::uuid IS NULL OR zone_id = $3)
ORDER BY zone_id, series, id
"""


async def list_sensors(tx: Tx, tenant_id: UUID, site_id: UUID, zone_id: UUID | None = None) -> list[Sensor]:
    """The sensors of a site (or of one zone of it), retired ones too."""
    return await rows_to(Sensor, await tx.fetch(_LIST_SENSORS, tenant_id, site_id, zone_id))


_LIST_DEVICE_SENSORS = f"SELECT {_SENSOR} FROM sensors WHERE tenant_id = $1 AND device_id = $2 ORDER BY series"


async def list_device_sensors(tx: Tx, tenant_id: UUID, device_id: UUID) -> list[Sensor]:
    """The sensors of one device, retired ones too."""
    return [row_to(Sensor, row) for row in await tx.fetch(_LIST_DEVICE_SENSORS, tenant_id, device_id)]


_ACTUATOR = (
    "tenant_id, id, site_id, device_id, zone_id, slug, name, kind, feedback_sensor_id, expected, deadline_s, "
    "retired_at, version, created_at, lon, lat, level"
)

_INSERT_ACTUATOR = f"""
INSERT INTO actuators ({_ACTUATOR}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""


async def insert_actuator(tx: Tx, tenant_id: UUID, it: Actuator) -> None:
    """A new actuator."""
    await tx.execute(
        _INSERT_ACTUATOR,
        tenant_id,
        it.id,
        it.site_id,
        it.device_id,
        it.zone_id,
        it.slug,
        plain(it.name),
        it.kind.value,
        it.feedback_sensor_id,
        plain(it.expected),
        it.deadline_s,
        it.retired_at,
        it.version,
        it.created_at,
        it.lon,
        it.lat,
        it.level,
    )


_UPDATE_ACTUATOR = """
UPDATE actuators SET zone_id = $3, name = $4, feedback_sensor_id = $5, expected = $6, deadline_s = $7,
    retired_at = $8, lon = $9, lat = $10, level = $11, version = version + 1
WHERE tenant_id = $1 AND id = $2
"""


async def update_actuator(tx: Tx, tenant_id: UUID, it: Actuator) -> None:
    """All but device, slug and kind."""
    await tx.execute(
        _UPDATE_ACTUATOR,
        tenant_id,
        it.id,
        it.zone_id,
        plain(it.name),
        it.feedback_sensor_id,
        plain(it.expected),
        it.deadline_s,
        it.retired_at,
        it.lon,
        it.lat,
        it.level,
    )


_GET_ACTUATOR = f"SELECT {_ACTUATOR} FROM actuators WHERE tenant_id = $1 AND id = $2"
_LOCK_ACTUATOR = _GET_ACTUATOR + " FOR NO KEY UPDATE"


async def get_actuator(tx: Tx, tenant_id: UUID, actuator_id: UUID, *, lock: bool = False) -> Actuator:
    """One actuator, locked if asked; raises NotFound."""
    return row_to(
        Actuator,
        found(
            await tx.fetchrow(_LOCK_ACTUATOR if lock else _GET_ACTUATOR, tenant_id, actuator_id),
            "actuator",
            actuator_id,
        ),
    )


_LIST_ACTUATORS = f"SELECT {_ACTUATOR} FROM actuators WHERE tenant_id = $1 AND site_id = $2 ORDER BY zone_id, slug, id"


async def list_actuators(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Actuator]:
    """The actuators of a site, retired ones too."""
    return [row_to(Actuator, row) for row in await tx.fetch(_LIST_ACTUATORS, tenant_id, site_id)]


_LIST_STANDING = """
SELECT 'sensor' AS kind, id, series AS name, lon, lat, level FROM sensors
WHERE tenant_id = $1 AND zone_id = $2 AND retired_at IS NULL AND lon IS NOT NULL
UNION ALL
SELECT 'actuator', id, slug, lon, lat, level FROM actuators
WHERE tenant_id = $1 AND zone_id = $2 AND retired_at IS NULL AND lon IS NOT NULL
ORDER BY kind DESC, name, id
"""


async def list_standing(tx: Tx, tenant_id: UUID, zone_id: UUID) -> list[Standing]:
    """The sensors and actuators of a zone that are in use and have a place."""
    return [row_to(Standing, row) for row in await tx.fetch(_LIST_STANDING, tenant_id, zone_id)]
