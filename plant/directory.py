"""What a gateway knows of the site it serves: devices, their series and actuators, held in memory."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.database import Tx
from mobile_contract.devices import READINGS, topic
from plant.instrument_queries import list_actuators, list_sensors
from plant.model import Actuator
from plant.protocols import Series
from plant.queries import get_site, get_tenant_slug, list_devices


class KnownDevice(msgspec.Struct, frozen=True):
    """A device as the gateway meets it. ``series`` and ``actuators`` by their name on the wire."""

    id: UUID
    slug: str
    revoked: bool
    series: dict[str, Series]
    actuators: dict[str, Actuator]


class Directory(msgspec.Struct, frozen=True):
    """One site's devices by slug, its actuators by id; ``by_topic``: readings topic -> device."""

    tenant: str
    site: str
    devices: dict[str, KnownDevice]
    actuators: dict[UUID, Actuator]
    by_topic: dict[bytes, KnownDevice]

    def device_of(self, actuator: Actuator) -> KnownDevice:
        """The device that moves the actuator."""
        return next(device for device in self.devices.values() if device.id == actuator.device_id)


async def load_directory(tx: Tx, tenant_id: UUID, site_id: UUID) -> Directory:
    """Read the site's devices, sensors and actuators; retired ones are left out. Raises NotFound."""
    tenant = await get_tenant_slug(tx, tenant_id)
    site = await get_site(tx, tenant_id, site_id)
    devices = {
        device.id: KnownDevice(device.id, device.slug, device.revoked_at is not None, {}, {})
        for device in await list_devices(tx, tenant_id, site_id)
    }
    for sensor in await list_sensors(tx, tenant_id, site_id):
        if sensor.retired_at is None:
            devices[sensor.device_id].series[sensor.series] = Series(sensor.id, sensor.unit)
    actuators = {a.id: a for a in await list_actuators(tx, tenant_id, site_id) if a.retired_at is None}
    for actuator in actuators.values():
        devices[actuator.device_id].actuators[actuator.slug] = actuator
    by_slug = {device.slug: device for device in devices.values()}
    by_topic = {
        topic(tenant, site.slug, device.slug, READINGS).encode(): device
        for device in by_slug.values()
        if not device.revoked
    }
    return Directory(tenant, site.slug, by_slug, actuators, by_topic)
