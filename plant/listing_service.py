"""Use cases of looking at the plant: one thing, or a page of them. An actor of None is Muster itself."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.actor import Actor
from core.database import Tx
from plant import instrument_queries, listing_queries, queries
from plant.listing_queries import After, DeviceStanding, Within
from plant.model import Actuator, Building, Sensor, Site, Zone
from plant.permissions import PlantPermission, authorise

# A device whose readings are older than this is last seen by its state alone: two days' tables are asked, not ninety.
LOOK_BACK = timedelta(days=1)


async def get_site(tx: Tx, actor: Actor | None, site_id: UUID) -> Site:
    """Raises NotFound."""
    return await queries.get_site(tx, authorise(tx, actor, PlantPermission.READ_PLANT), site_id)


async def list_sites(tx: Tx, actor: Actor | None, *, search: str | None, after: After, limit: int) -> list[Site]:
    """A page of sites by slug."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await listing_queries.list_sites(tx, tenant_id, search=search, after=after, limit=limit)


async def get_building(tx: Tx, actor: Actor | None, building_id: UUID) -> Building:
    """Raises NotFound."""
    return await queries.get_building(tx, authorise(tx, actor, PlantPermission.READ_PLANT), building_id)


async def list_buildings(
    tx: Tx, actor: Actor | None, *, site_id: UUID | None, search: str | None, after: After, limit: int
) -> list[Building]:
    """A page of buildings by slug."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await listing_queries.list_buildings(tx, tenant_id, site_id=site_id, search=search, after=after, limit=limit)


async def get_zone(tx: Tx, actor: Actor | None, zone_id: UUID) -> Zone:
    """Raises NotFound."""
    return await queries.get_zone(tx, authorise(tx, actor, PlantPermission.READ_PLANT), zone_id)


async def list_zones(
    tx: Tx,
    actor: Actor | None,
    *,
    site_id: UUID | None,
    building_id: UUID | None,
    level: int | None,
    search: str | None,
    after: After,
    limit: int,
) -> list[Zone]:
    """A page of zones by slug."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await listing_queries.list_zones(
        tx, tenant_id, site_id=site_id, building_id=building_id, level=level, search=search, after=after, limit=limit
    )


async def get_device(tx: Tx, actor: Actor | None, device_id: UUID) -> DeviceStanding:
    """Raises NotFound."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await listing_queries.get_device(tx, tenant_id, device_id, since=tx.now - LOOK_BACK)


async def list_devices(
    tx: Tx,
    actor: Actor | None,
    *,
    site_id: UUID | None,
    online: bool | None,
    revoked: bool | None,
    search: str | None,
    after: After,
    limit: int,
) -> list[DeviceStanding]:
    """A page of devices by slug."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await listing_queries.list_devices(
        tx,
        tenant_id,
        since=tx.now - LOOK_BACK,
        site_id=site_id,
        online=online,
        revoked=revoked,
        search=search,
        after=after,
        limit=limit,
    )


async def get_sensor(tx: Tx, actor: Actor | None, sensor_id: UUID) -> Sensor:
    """Raises NotFound."""
    return await instrument_queries.get_sensor(tx, authorise(tx, actor, PlantPermission.READ_PLANT), sensor_id)


async def list_sensors(tx: Tx, actor: Actor | None, within: Within, *, after: After, limit: int) -> list[Sensor]:
    """A page of sensors by series."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await listing_queries.list_sensors(tx, tenant_id, within, after=after, limit=limit)


async def get_actuator(tx: Tx, actor: Actor | None, actuator_id: UUID) -> Actuator:
    """Raises NotFound."""
    return await instrument_queries.get_actuator(tx, authorise(tx, actor, PlantPermission.READ_PLANT), actuator_id)


async def list_actuators(tx: Tx, actor: Actor | None, within: Within, *, after: After, limit: int) -> list[Actuator]:
    """A page of actuators by slug."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await listing_queries.list_actuators(tx, tenant_id, within, after=after, limit=limit)
