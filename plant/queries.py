"""Where things are, in SQL: sites, buildings, zones and devices."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from plant.model import Building, Device, DeviceState, Site, Zone

T = TypeVar("T")

_TENANT_SLUG = "SELECT slug FROM tenants WHERE tenant_id = $1"


async def get_tenant_slug(tx: Tx, tenant_id: UUID) -> str:
    """The tenant's part of every topic and device login; raises NotFound."""
    return str(found(await tx.fetchval(_TENANT_SLUG, tenant_id), "tenant", tenant_id))


_SITE = "tenant_id, id, slug, name, tz, version, created_at"

_INSERT_SITE = f"INSERT INTO sites ({_SITE}) VALUES ($1, $2, $3, $4, $5, $6, $7)"


async def insert_site(tx: Tx, tenant_id: UUID, site: Site) -> None:
    """A new site."""
    await tx.execute(
        _INSERT_SITE, tenant_id, site.id, site.slug, plain(site.name), site.tz, site.version, site.created_at
    )


_UPDATE_SITE = "UPDATE sites SET name = $3, tz = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2"


async def update_site(tx: Tx, tenant_id: UUID, site: Site) -> None:
    """Name and time zone."""
    await tx.execute(_UPDATE_SITE, tenant_id, site.id, plain(site.name), site.tz)


_GET_SITE = f"SELECT {_SITE} FROM sites WHERE tenant_id = $1 AND id = $2"
_LOCK_SITE = _GET_SITE + " FOR NO KEY UPDATE"


async def get_site(tx: Tx, tenant_id: UUID, site_id: UUID, *, lock: bool = False) -> Site:
    """One site, locked if asked; raises NotFound."""
    return row_to(
        Site, found(await tx.fetchrow(_LOCK_SITE if lock else _GET_SITE, tenant_id, site_id), "site", site_id)
    )


_FIND_SITE = f"SELECT {_SITE} FROM sites WHERE tenant_id = $1 AND slug = $2"


async def find_site(tx: Tx, tenant_id: UUID, slug: str) -> Site | None:
    """The site of this slug."""
    row = await tx.fetchrow(_FIND_SITE, tenant_id, slug)
    return None if row is None else row_to(Site, row)


_LIST_SITES = f"SELECT {_SITE} FROM sites WHERE tenant_id = $1 ORDER BY slug"


async def list_sites(tx: Tx, tenant_id: UUID) -> list[Site]:
    """Every site of the tenant."""
    return [row_to(Site, row) for row in await tx.fetch(_LIST_SITES, tenant_id)]


_BUILDING = "tenant_id, id, site_id, slug, name, version, created_at"

_INSERT_BUILDING = f"INSERT INTO buildings ({_BUILDING}) VALUES ($1, $2, $3, $4, $5, $6, $7)"


async def insert_building(tx: Tx, tenant_id: UUID, it: Building) -> None:
    """A new building."""
    await tx.execute(_INSERT_BUILDING, tenant_id, it.id, it.site_id, it.slug, plain(it.name), it.version, it.created_at)


_UPDATE_BUILDING = "UPDATE buildings SET name = $3, version = version + 1 WHERE tenant_id = $1 AND id = $2"


async def update_building(tx: Tx, tenant_id: UUID, it: Building) -> None:
    """The name."""
    await tx.execute(_UPDATE_BUILDING, tenant_id, it.id, plain(it.name))


_GET_BUILDING = f"SELECT {_BUILDING} FROM buildings WHERE tenant_id = $1 AND id = $2"
_LOCK_BUILDING = _GET_BUILDING + " FOR NO KEY UPDATE"


async def get_building(tx: Tx, tenant_id: UUID, building_id: UUID, *, lock: bool = False) -> Building:
    """One building, locked if asked; raises NotFound."""
    return row_to(
        Building,
        found(
            await tx.fetchrow(_LOCK_BUILDING if lock else _GET_BUILDING, tenant_id, building_id),
            "building",
            building_id,
        ),
    )


_LIST_BUILDINGS = f"SELECT {_BUILDING} FROM buildings WHERE tenant_id = $1 AND site_id = $2 ORDER BY slug"


async def list_buildings(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Building]:
    """The buildings of a site."""
    return [row_to(Building, row) for row in await tx.fetch(_LIST_BUILDINGS, tenant_id, site_id)]


_ZONE = "tenant_id, id, site_id, building_id, slug, name, polygon, level, risk, agents, adjoining, version, created_at"

_INSERT_ZONE = f"INSERT INTO zones ({_ZONE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"


async def insert_zone(tx: Tx, tenant_id: UUID, it: Zone) -> None:
    """A new zone."""
    await tx.execute(
        _INSERT_ZONE,
        tenant_id,
        it.id,
        it.site_id,
        it.building_id,
        it.slug,
        plain(it.name),
        it.polygon,
        it.level,
        it.risk,
        it.agents,
        it.adjoining,
        it.version,
        it.created_at,
    )


_UPDATE_ZONE = """
UPDATE zones SET building_id = $3, name = $4, polygon = $5, level = $6, risk = $7, agents = $8, version = version + 1
WHERE tenant_id = $1 AND id = $2
"""


async def update_zone(tx: Tx, tenant_id: UUID, it: Zone) -> None:
    """All but the slug and what follows from the polygons of others (``save_adjoining``)."""
    await tx.execute(
        _UPDATE_ZONE, tenant_id, it.id, it.building_id, plain(it.name), it.polygon, it.level, it.risk, it.agents
    )


_SAVE_ADJOINING = "UPDATE zones SET adjoining = $3 WHERE tenant_id = $1 AND id = $2"


async def save_adjoining(tx: Tx, tenant_id: UUID, neighbours: dict[UUID, list[UUID]]) -> None:
    """Zone id -> ids of the zones beside it; no edit of the zone, so its version stays."""
    for zone_id, others in neighbours.items():
        await tx.execute(_SAVE_ADJOINING, tenant_id, zone_id, others)


_GET_ZONE = f"SELECT {_ZONE} FROM zones WHERE tenant_id = $1 AND id = $2"
_LOCK_ZONE = _GET_ZONE + " FOR NO KEY UPDATE"


async def get_zone(tx: Tx, tenant_id: UUID, zone_id: UUID, *, lock: bool = False) -> Zone:
    """One zone, locked if asked; raises NotFound."""
    return row_to(
        Zone, found(await tx.fetchrow(_LOCK_ZONE if lock else _GET_ZONE, tenant_id, zone_id), "zone", zone_id)
    )


_LIST_ZONES = f"SELECT {_ZONE} FROM zones WHERE tenant_id = $1 AND site_id = $2 ORDER BY level, slug"


async def list_zones(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Zone]:
    """The zones of a site."""
    return [row_to(Zone, row) for row in await tx.fetch(_LIST_ZONES, tenant_id, site_id)]


_DEVICE = "tenant_id, id, site_id, slug, name, revoked_at, version, created_at"

_INSERT_DEVICE = f"INSERT INTO devices ({_DEVICE}, secret_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def insert_device(tx: Tx, tenant_id: UUID, it: Device, secret_hash: str) -> None:
    """A new device with its login."""
    await tx.execute(
        _INSERT_DEVICE,
        tenant_id,
        it.id,
        it.site_id,
        it.slug,
        plain(it.name),
        it.revoked_at,
        it.version,
        it.created_at,
        secret_hash,
    )


_UPDATE_DEVICE = """
UPDATE devices SET name = $3, revoked_at = $4, secret_hash = coalesce($5, secret_hash), version = version + 1
WHERE tenant_id = $1 AND id = $2
"""


async def update_device(tx: Tx, tenant_id: UUID, it: Device, secret_hash: str | None = None) -> None:
    """Name, revocation, and a new secret when given."""
    await tx.execute(_UPDATE_DEVICE, tenant_id, it.id, plain(it.name), it.revoked_at, secret_hash)


_GET_DEVICE = f"SELECT {_DEVICE} FROM devices WHERE tenant_id = $1 AND id = $2"
_LOCK_DEVICE = _GET_DEVICE + " FOR NO KEY UPDATE"


async def get_device(tx: Tx, tenant_id: UUID, device_id: UUID, *, lock: bool = False) -> Device:
    """One device, locked if asked; raises NotFound."""
    return row_to(
        Device,
        found(await tx.fetchrow(_LOCK_DEVICE if lock else _GET_DEVICE, tenant_id, device_id), "device", device_id),
    )


_FIND_DEVICE = f"SELECT {_DEVICE} FROM devices WHERE tenant_id = $1 AND site_id = $2 AND slug = $3"


async def find_device(tx: Tx, tenant_id: UUID, site_id: UUID, slug: str) -> Device | None:
    """The device of this slug, revoked or not."""
    row = await tx.fetchrow(_FIND_DEVICE, tenant_id, site_id, slug)
    return None if row is None else row_to(Device, row)


_LIST_DEVICES = f"SELECT {_DEVICE} FROM devices WHERE tenant_id = $1 AND site_id = $2 ORDER BY slug"


async def list_devices(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Device]:
    """The devices of a site, revoked ones too."""
    return [row_to(Device, row) for row in await tx.fetch(_LIST_DEVICES, tenant_id, site_id)]


class DeviceLogin(msgspec.Struct, frozen=True):
    """What a broker must know: ``{tenant}/{site}/{device}`` and the hash of its secret."""

    device_id: UUID
    site_id: UUID
    username: str
    secret_hash: str


_LIST_DEVICE_LOGINS = """
SELECT d.id AS device_id, d.site_id, t.slug || '/' || s.slug || '/' || d.slug AS username, d.secret_hash
FROM devices d
JOIN sites s ON s.tenant_id = d.tenant_id AND s.id = d.site_id
JOIN tenants t ON t.tenant_id = d.tenant_id
WHERE d.tenant_id = $1 AND d.revoked_at IS NULL
ORDER BY s.slug, d.slug
"""


async def list_device_logins(tx: Tx, tenant_id: UUID) -> list[DeviceLogin]:
    """Every login of the tenant that is not revoked: for the broker's password file."""
    return [row_to(DeviceLogin, row) for row in await tx.fetch(_LIST_DEVICE_LOGINS, tenant_id)]


_FIND_DEVICE_LOGIN = """
SELECT d.id AS device_id, d.site_id, t.slug || '/' || s.slug || '/' || d.slug AS username, d.secret_hash
FROM devices d
JOIN sites s ON s.tenant_id = d.tenant_id AND s.id = d.site_id
JOIN tenants t ON t.tenant_id = d.tenant_id
WHERE d.tenant_id = $1 AND d.revoked_at IS NULL AND s.slug = $2 AND d.slug = $3
"""


async def find_device_login(tx: Tx, tenant_id: UUID, site_slug: str, device_slug: str) -> DeviceLogin | None:
    """The login of one device, or None when it is unknown or revoked."""
    row = await tx.fetchrow(_FIND_DEVICE_LOGIN, tenant_id, site_slug, device_slug)
    return None if row is None else row_to(DeviceLogin, row)


_STATE = "tenant_id, device_id, online, at, firmware, battery, updated_at"

_SAVE_DEVICE_STATE = f"""
INSERT INTO device_states ({_STATE}) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, device_id) DO UPDATE
SET online = excluded.online, at = excluded.at, firmware = coalesce(excluded.firmware, device_states.firmware),
    battery = coalesce(excluded.battery, device_states.battery), updated_at = excluded.updated_at
WHERE NOT $8::boolean OR device_states.at <= excluded.at
"""


async def save_device_state(tx: Tx, tenant_id: UUID, it: DeviceState, *, retained: bool = False) -> bool:
    """What a device said last. The broker kept what is ``retained``: older than what is stored, it changes nothing
    (False). What comes live is the newest, also from a device whose clock is behind that of its own last will."""
    done = await tx.execute(
        _SAVE_DEVICE_STATE, tenant_id, it.device_id, it.online, it.at, it.firmware, it.battery, it.updated_at, retained
    )
    return done > 0


_LIST_DEVICE_STATES = """
SELECT s.tenant_id, s.device_id, s.online, s.at, s.firmware, s.battery, s.updated_at
FROM device_states s JOIN devices d ON d.tenant_id = s.tenant_id AND d.id = s.device_id
WHERE s.tenant_id = $1 AND d.site_id = $2
"""


async def list_device_states(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[DeviceState]:
    """The last words of every device of a site that ever spoke."""
    return [row_to(DeviceState, row) for row in await tx.fetch(_LIST_DEVICE_STATES, tenant_id, site_id)]


def plain(value: object) -> object:
    """A Struct as the plain objects a jsonb parameter takes."""
    return msgspec.to_builtins(value)


def found(row: T | None, kind: str, key: object) -> T:
    """The row; raises NotFound naming what was looked for."""
    if row is None:
        raise NotFound(
            f"{kind}.not_found", f"there is no {kind} {key}", f"未找到 {kind} {key}", field="id", value=str(key)
        )
    return row
