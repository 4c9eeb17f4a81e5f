"""A plant of the wanted size, written straight into the tables: devices of three sensors, real rules on each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from core.database import Database, Tx
from core.device_secret import hash_secret
from core.ids import new_id
from incidents.alarms import alarm_queries
from incidents.alarms.model import AlarmRule, LimitSource
from mobile_contract.text import Text
from plant import instrument_queries, queries
from plant.model import Device, Sensor, Site, Zone

TENANT, SITE = "bench", "plant"
SERIES = ("acetone", "ethanol", "isopropanol")
UNIT = "[ppm]"
LIMIT_1, LIMIT_2 = 6_250.0, 12_500.0
# Ordinary values lie far below the limits: the reading path is measured, not the alarm path.
ORDINARY_MAX = 400.0
# Longer than any run: silence before and between the runs is ours, not the sensors'.
STALE_AFTER_S = 3_600.0
# One wall's length of the zones' squares, and their distance, in degrees: some 11 m and 1.1 km.
_SIDE, _GAP = 0.0001, 0.01
_SOURCE = LimitSource("CN", "GB/T 50493-2019", "5.5.2")
_NAME = Text("基准测试", "Benchmark")


class World(msgspec.Struct, frozen=True):
    """What stands in the database. ``devices``: slug -> the sensor of each series."""

    tenant_id: UUID
    site_id: UUID
    zones: list[Zone]
    devices: dict[str, dict[str, UUID]]

    @property
    def sensors(self) -> int:
        """How many sensors there are."""
        return len(self.devices) * len(SERIES)


async def build(owner_url: str, app_url: str, sensors: int, *, zones: int = 1) -> World:
    """At least ``sensors`` sensors over ``zones`` zones far from each other; two limits and staleness on each."""
    tenant_id = new_id()
    await _add_tenant(owner_url, tenant_id)
    async with Database.connect(app_url, max_size=1) as db, db.transaction(tenant_id) as tx:
        site = Site(tenant_id, new_id(), SITE, _NAME, "Asia/Shanghai", 1, tx.now)
        await queries.insert_site(tx, tenant_id, site)
        places = [_zone(tx, tenant_id, site.id, number) for number in range(zones)]
        for place in places:
            await queries.insert_zone(tx, tenant_id, place)
        devices = {}
        for number in range(-(-sensors // len(SERIES))):
            slug = f"box-{number:05}"
            devices[slug] = await _add_device(tx, site, slug, places[number % zones].id)
        await _add_rules(tx, site, [sensor for series in devices.values() for sensor in series.values()])
    return World(tenant_id, site.id, places, devices)


async def _add_tenant(owner_url: str, tenant_id: UUID) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(
            "INSERT INTO tenants (tenant_id, slug, name, locale, created_at) VALUES ($1, $2, $3, 'en', now())",
            tenant_id,
            TENANT,
            msgspec.json.encode(_NAME).decode(),
        )
    finally:
        await connection.close()


def _zone(tx: Tx, tenant_id: UUID, site_id: UUID, number: int) -> Zone:
    west, south = 120.0 + (number % 50) * _GAP, 30.0 + (number // 50) * _GAP
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    ring = [[west + x * _SIDE, south + y * _SIDE] for x, y in corners]
    polygon: dict[str, Any] = {"type": "Polygon", "coordinates": [ring]}
    name = Text(f"{number} 区", f"Zone {number}")
    return Zone(tenant_id, new_id(), site_id, None, f"zone-{number}", name, polygon, 0, 1, list(SERIES), [], 1, tx.now)


# One hash for all: nobody signs in as these devices.
_SECRET_HASH = hash_secret("bench")


async def _add_device(tx: Tx, site: Site, slug: str, zone_id: UUID) -> dict[str, UUID]:
    tenant_id = site.tenant_id
    device = Device(tenant_id, new_id(), site.id, slug, _NAME, None, 1, tx.now)
    await queries.insert_device(tx, tenant_id, device, _SECRET_HASH)
    sensors = {}
    for series in SERIES:
        sensor = Sensor(
            tenant_id=tenant_id,
            id=new_id(),
            site_id=site.id,
            device_id=device.id,
            zone_id=zone_id,
            series=series,
            name=_NAME,
            quantity="concentration",
            unit=UNIT,
            agent=series,
            calibration_due=None,
            stale_after_s=STALE_AFTER_S,
            retired_at=None,
            version=1,
            created_at=tx.now,
        )
        await instrument_queries.insert_sensor(tx, tenant_id, sensor)
        sensors[series] = sensor.id
    return sensors


async def _add_rules(tx: Tx, site: Site, sensors: list[UUID]) -> None:
    rules = [rule for sensor in sensors for rule in _rules(site.tenant_id, sensor)]
    await alarm_queries.insert_rules(tx, site.tenant_id, site.id, rules)


def _rules(tenant_id: UUID, sensor_id: UUID) -> list[AlarmRule]:
    common = {"tenant_id": tenant_id, "sensor_id": sensor_id, "unit": UNIT, "source": _SOURCE}
    return [
        AlarmRule(id=new_id(), kind="high", level=1, set_point=LIMIT_1, deadband=100.0, **common),  # type: ignore[arg-type]
        AlarmRule(id=new_id(), kind="high", level=2, set_point=LIMIT_2, deadband=100.0, **common),  # type: ignore[arg-type]
        AlarmRule(id=new_id(), kind="stale", level=1, stale_after_s=STALE_AFTER_S, **common),  # type: ignore[arg-type]
    ]
