"""A plant for alarms: a fan in every zone, two responders and a safety officer; and closing what an alarm opened."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from uuid import UUID

import msgspec

from bench.stand import Place, StandError
from bench.world import SITE, TENANT, World, build
from core.database import Database
from core.errors import Unavailable
from core.ids import new_id
from incidents import closing
from mobile_contract.text import Text
from people import service as people
from people.actor import Actor
from people.passwords import Passwords
from people.permissions import Role
from people.service import AccountDraft
from plant import instrument_queries
from plant.model import Actuator, ActuatorKind, Expectation

PASSWORD = "a long password of the benchmark"  # noqa: S105
LOGINS = {"wang": Role.RESPONDER, "li": Role.RESPONDER, "chen": Role.SAFETY_OFFICER}
FAN = "fan-1"
RUNNING = {"start": "running", "stop": "stopped"}
# An alarm that has not returned by then has gone wrong; it takes some tens of milliseconds.
RETURN_PATIENCE_S = 10.0
_POLL_S = 0.005


class Scene(msgspec.Struct, frozen=True):
    """``alarm_devices[n]`` stands in zone n with a fan; ``load_devices`` make the background."""

    world: World
    alarm_devices: list[str]
    load_devices: list[str]
    officer: Actor


async def set_up(place: Place, sensors: int, zones: int) -> Scene:
    """At least ``sensors`` sensors for the load, and ``zones`` zones with a device and a fan each for the alarms."""
    world = await build(place.owner_url, place.app_url, sensors + 3 * zones, zones=zones)
    slugs = list(world.devices)
    async with Database.connect(place.app_url, max_size=1) as db:
        officer = await _add_people(db, world.tenant_id)
        async with db.transaction(world.tenant_id) as tx:
            ids = dict(await tx.fetch("SELECT slug, id FROM devices WHERE tenant_id = $1", world.tenant_id))
            for number in range(zones):
                fan = Actuator(
                    tenant_id=world.tenant_id,
                    id=new_id(),
                    site_id=world.site_id,
                    device_id=ids[slugs[number]],
                    zone_id=world.zones[number].id,
                    slug=FAN,
                    name=Text("排风机", "Fan"),
                    kind=ActuatorKind.FAN,
                    feedback_sensor_id=None,
                    expected={action: Expectation(state=state) for action, state in RUNNING.items()},
                    deadline_s=5.0,
                    retired_at=None,
                    version=1,
                    created_at=tx.now,
                )
                await instrument_queries.insert_actuator(tx, world.tenant_id, fan)
    return Scene(world, slugs[:zones], slugs[zones:], officer)


async def _add_people(db: Database, tenant_id: UUID) -> Actor:
    passwords = Passwords()
    hashed = await passwords.hash(PASSWORD)
    passwords.close()
    accounts = {}
    async with db.transaction(tenant_id) as tx:
        for login, role in LOGINS.items():
            accounts[login] = await people.add_account(
                tx, tenant_id, AccountDraft(login, login, "en", role, hashed), by=None
            )
    return Actor(tenant_id, accounts["chen"].id, Role.SAFETY_OFFICER, None)


_FIND_INCIDENT = """
SELECT id, state, opened_at FROM incidents WHERE tenant_id = $1 AND zone_id = $2 ORDER BY opened_at DESC LIMIT 1
"""


async def close(db: Database, scene: Scene, number: int) -> datetime:
    """Wait until the zone's incident has returned to normal and close it; returns when it was opened."""
    loop = asyncio.get_running_loop()
    until = loop.time() + RETURN_PATIENCE_S
    while loop.time() < until:
        # Somebody else may be changing the same rows (the fan's proof): a person's client would try again too.
        with contextlib.suppress(Unavailable):
            if (opened_at := await _try_to_close(db, scene, number)) is not None:
                return opened_at
        await asyncio.sleep(_POLL_S)
    raise StandError(f"the incident of zone {number} of {TENANT}/{SITE} did not return to normal, or can not be closed")


async def _try_to_close(db: Database, scene: Scene, number: int) -> datetime | None:
    tenant_id = scene.world.tenant_id
    async with db.transaction(tenant_id) as tx:
        found = await tx.fetchrow(_FIND_INCIDENT, tenant_id, scene.world.zones[number].id)
        if found is None or found["state"] != "returned":
            return None
        await closing.close_incident(tx, scene.officer, found["id"], "benchmark")
        opened_at: datetime = found["opened_at"]
        return opened_at
