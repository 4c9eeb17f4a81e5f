"""A small plant made by its own use cases: a site, two zones, a detector of three channels, two fans."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from core.database import Database, Tx
from mobile_contract.text import Text
from plant.instrument_service import (
    ActuatorDraft,
    DeviceDraft,
    SensorDraft,
    create_actuator,
    create_device,
    create_sensor,
)
from plant.model import Actuator, ActuatorKind, Device, Expectation, Sensor, Site, Zone
from plant.place_service import SiteDraft, ZoneDraft, create_site, create_zone

NAME = Text("名称", "Name")
SECRET = "of the tests"
# Metres at the equator, near enough.
M = 1 / 111_195


def box(x: float, y: float, width: float = 6.0, depth: float = 4.0) -> dict[str, Any]:
    """A room as GeoJSON; metres east and north of (0, 0)."""
    corners = [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth), (x, y)]
    return {"type": "Polygon", "coordinates": [[[px * M, py * M] for px, py in corners]]}


class Plant(msgspec.Struct, frozen=True):
    """What stands. ``detector`` sends lel, co and flow; ``fan`` proves itself by state, ``vent`` by the flow sensor."""

    tenant_id: UUID
    site: Site
    store: Zone
    hall: Zone
    detector: Device
    sensors: dict[str, Sensor]
    blower: Device
    fan: Actuator
    vent: Actuator


async def build(tx: Tx, slug: str = "north", *, deadline_s: float = 5.0) -> Plant:
    """Make it all in the caller's transaction."""
    assert tx.tenant_id is not None
    site = await create_site(tx, None, SiteDraft(slug, NAME, "Asia/Shanghai"))
    store = await create_zone(tx, None, ZoneDraft(site.id, "store", NAME, box(0, 0), agents=["acetone"], risk=2))
    hall = await create_zone(tx, None, ZoneDraft(site.id, "hall", NAME, box(6.2, 0)))
    detector = (await create_device(tx, None, DeviceDraft(site.id, "detector-1", NAME, SECRET))).device
    sensors = {}
    for series, unit in (("lel", "%[LEL]"), ("co", "mg/m3"), ("flow", "m3/s")):
        draft = SensorDraft(detector.id, store.id, series, NAME, series, unit, 10.0)
        sensors[series] = await create_sensor(tx, None, draft)
    blower = (await create_device(tx, None, DeviceDraft(site.id, "blower-1", NAME, SECRET))).device
    fan = await create_actuator(
        tx,
        None,
        ActuatorDraft(
            blower.id, store.id, "fan", NAME, ActuatorKind.FAN,
            {"start": Expectation(state="running"), "stop": Expectation(state="stopped")}, deadline_s,
        ),
    )  # fmt: skip
    vent = await create_actuator(
        tx,
        None,
        ActuatorDraft(
            blower.id, store.id, "vent", NAME, ActuatorKind.FAN, {"start": Expectation(at_least=3.0)}, deadline_s,
            sensors["flow"].id,
        ),
    )  # fmt: skip
    return Plant(tx.tenant_id, site, store, hall, detector, sensors, blower, fan, vent)


async def build_in(db: Database, tenant_id: UUID, slug: str = "north", *, deadline_s: float = 5.0) -> Plant:
    """Make it and commit."""
    async with db.transaction(tenant_id) as tx:
        return await build(tx, slug, deadline_s=deadline_s)
