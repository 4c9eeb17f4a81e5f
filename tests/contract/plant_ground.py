"""A small plant behind the edge, made by the services as seeding makes it, and another tenant's beside it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.database import Tx
from core.ids import new_id
from mobile_contract.text import Text
from plant import instrument_service, place_service
from plant.model import ActuatorKind, Expectation
from tests.clusters import Clone
from tests.contract.conftest import Edge

NAME = Text("名", "Name")
SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[120.74, 31.27], [120.741, 31.27], [120.741, 31.271], [120.74, 31.271], [120.74, 31.27]]],
}
SITE, BOX = "north", "gas-1"


@dataclass(frozen=True)
class Ground:
    """Ids of what stands there, and the box's secret. The sensor is acetone in ppm, the actuator a fan."""

    tenant_slug: str
    site: UUID
    zone: UUID
    device: UUID
    secret: str
    sensor: UUID
    actuator: UUID

    def basic(self, *, device: str = BOX, secret: str | None = None) -> dict[str, str]:
        """The header a device sends."""
        return basic(f"{self.tenant_slug}/{SITE}/{device}", self.secret if secret is None else secret)


def basic(login: str, secret: str) -> dict[str, str]:
    """HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()}


async def lay(edge: Edge) -> Ground:
    """A site with a zone, a box with a sensor, and a fan, in the tenant of the clone."""
    async with edge.deps.db.transaction(edge.clone.tenant_id) as tx:
        return await _lay(tx, edge.clone.tenant_slug)


async def lay_elsewhere(edge: Edge) -> Ground:
    """The same in another tenant."""
    tenant_id = await other_tenant(edge.clone)
    async with edge.deps.db.transaction(tenant_id) as tx:
        return await _lay(tx, "others")


async def other_tenant(clone: Clone) -> UUID:
    """Another tenant of the same database."""
    tenant_id = new_id()
    connection = await asyncpg.connect(clone.owner_url)
    await connection.execute(
        "INSERT INTO tenants (tenant_id, slug, name, created_at) VALUES ($1, 'others', '{}', clock_timestamp())",
        tenant_id,
    )
    await connection.close()
    return tenant_id


async def _lay(tx: Tx, tenant_slug: str) -> Ground:
    site = await place_service.create_site(tx, None, place_service.SiteDraft(SITE, NAME, "Asia/Shanghai"))
    zone = await place_service.create_zone(tx, None, place_service.ZoneDraft(site.id, "store", NAME, SQUARE))
    box = await instrument_service.create_device(tx, None, instrument_service.DeviceDraft(site.id, BOX, NAME))
    sensor = await instrument_service.create_sensor(
        tx,
        None,
        instrument_service.SensorDraft(
            box.device.id, zone.id, "acetone", NAME, "concentration", "[ppm]", 15.0, "acetone"
        ),
    )
    fan = await instrument_service.create_actuator(
        tx,
        None,
        instrument_service.ActuatorDraft(
            box.device.id,
            zone.id,
            "fan-1",
            NAME,
            ActuatorKind.FAN,
            {"start": Expectation(state="running"), "stop": Expectation(state="stopped")},
            8.0,
        ),
    )
    return Ground(tenant_slug, site.id, zone.id, box.device.id, box.secret, sensor.id, fan.id)
