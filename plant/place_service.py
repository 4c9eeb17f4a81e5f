"""Use cases of places: sites, buildings, zones. An actor of None is Muster itself (seeding)."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from core import audit, outbox
from core.actor import Actor
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from geo.zones import ZoneShape, adjoining, check_beside, check_polygon
from mobile_contract.text import Text
from plant import instrument_queries, queries
from plant.model import Actuator, Building, Device, Sensor, Site, Zone
from plant.permissions import PlantPermission, authorise, id_of
from plant.standing import check_left_outside

# News for gateways: key is the site's id.
CHANGED = "plant.changed"
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
NAME_MAX = 200
RISK_MAX = 3
T = TypeVar("T", Site, Building, Zone, Device, Sensor, Actuator)
AGENTS_MAX = 50
LEVEL_RANGE = (-20, 200)


class SiteDraft(msgspec.Struct, frozen=True):
    """A new site; ``tz`` is an IANA time zone."""

    slug: str
    name: Text
    tz: str


class SiteChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; the slug is part of every topic and never changes."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    tz: str | msgspec.UnsetType = msgspec.UNSET


class BuildingDraft(msgspec.Struct, frozen=True):
    """A new building."""

    site_id: UUID
    slug: str
    name: Text


class BuildingChange(msgspec.Struct, frozen=True):
    """What is UNSET stays."""

    name: Text | msgspec.UnsetType = msgspec.UNSET


class ZoneDraft(msgspec.Struct, frozen=True):
    """A new zone; ``polygon`` is GeoJSON, WGS 84."""

    site_id: UUID
    slug: str
    name: Text
    polygon: dict[str, Any]
    level: int = 0
    risk: int = 0
    agents: list[str] = []
    building_id: UUID | None = None


class ZoneChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; ``accept``: nobody gets out of the zone by the plan in force, and it is meant so."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    polygon: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    level: int | msgspec.UnsetType = msgspec.UNSET
    risk: int | msgspec.UnsetType = msgspec.UNSET
    agents: list[str] | msgspec.UnsetType = msgspec.UNSET
    building_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    accept: bool | msgspec.UnsetType = msgspec.UNSET


async def create_site(tx: Tx, actor: Actor | None, draft: SiteDraft) -> Site:
    """Raises Conflict when the slug is taken."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    site = Site(tenant_id, new_id(), draft.slug, draft.name, draft.tz, 1, tx.now)
    _check_site(site)
    await unless_taken(queries.insert_site(tx, tenant_id, site), "site", site.slug)
    await note(tx, actor, "site.created", "site", site.id, site.id, draft)
    return site


async def edit_site(
    tx: Tx, actor: Actor | None, site_id: UUID, change: SiteChange, *, expected_version: int | None
) -> Site:
    """Raises NotFound, Conflict version.changed."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    site = await queries.get_site(tx, tenant_id, site_id, lock=True)
    check_version(site.version, expected_version)
    site = apply(site, change)
    _check_site(site)
    await queries.update_site(tx, tenant_id, site)
    await note(tx, actor, "site.edited", "site", site.id, site.id, change)
    return site


async def create_building(tx: Tx, actor: Actor | None, draft: BuildingDraft) -> Building:
    """Raises NotFound for the site, Conflict when the slug is taken."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await queries.get_site(tx, tenant_id, draft.site_id)
    building = Building(tenant_id, new_id(), draft.site_id, draft.slug, draft.name, 1, tx.now)
    check_slug(building.slug)
    check_name(building.name)
    await unless_taken(queries.insert_building(tx, tenant_id, building), "building", building.slug)
    await note(tx, actor, "building.created", "building", building.id, building.site_id, draft)
    return building


async def edit_building(
    tx: Tx, actor: Actor | None, building_id: UUID, change: BuildingChange, *, expected_version: int | None
) -> Building:
    """Raises NotFound, Conflict version.changed."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    building = await queries.get_building(tx, tenant_id, building_id, lock=True)
    check_version(building.version, expected_version)
    building = apply(building, change)
    check_name(building.name)
    await queries.update_building(tx, tenant_id, building)
    await note(tx, actor, "building.edited", "building", building.id, building.site_id, change)
    return building


async def create_zone(tx: Tx, actor: Actor | None, draft: ZoneDraft) -> Zone:
    """Raises NotFound, Conflict when the slug is taken, Invalid naming what is wrong with the polygon."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await queries.get_site(tx, tenant_id, draft.site_id, lock=True)
    zone = Zone(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=draft.site_id,
        building_id=draft.building_id,
        slug=draft.slug,
        name=draft.name,
        polygon=draft.polygon,
        level=draft.level,
        risk=draft.risk,
        agents=draft.agents,
        adjoining=[],
        version=1,
        created_at=tx.now,
    )
    await check_zone(tx, tenant_id, zone)
    await unless_taken(queries.insert_zone(tx, tenant_id, zone), "zone", zone.slug)
    zone = await _adjoin(tx, tenant_id, zone)
    await note(tx, actor, "zone.created", "zone", zone.id, zone.site_id, draft)
    return zone


async def edit_zone(
    tx: Tx, actor: Actor | None, zone_id: UUID, change: ZoneChange, *, expected_version: int | None
) -> Zone:
    """Raises NotFound, Conflict version.changed, Conflict naming the instruments left outside, Invalid.

    Whether people get out of it is asked by ``plant.places.zone_service``, which costs a core.
    """
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    zone = await queries.get_zone(tx, tenant_id, zone_id)
    # The site's row first, always: neighbours are computed from all its zones.
    await queries.get_site(tx, tenant_id, zone.site_id, lock=True)
    zone = await queries.get_zone(tx, tenant_id, zone_id, lock=True)
    check_version(zone.version, expected_version)
    zone = apply(zone, change)
    await check_zone(tx, tenant_id, zone)
    if moves(change):
        standing = await instrument_queries.list_standing(tx, tenant_id, zone.id)
        check_left_outside(zone.slug, zone.polygon, zone.level, standing)
    await queries.update_zone(tx, tenant_id, zone)
    zone = await _adjoin(tx, tenant_id, zone)
    await note(tx, actor, "zone.edited", "zone", zone.id, zone.site_id, change)
    return zone


def moves(change: ZoneChange) -> bool:
    """Whether an edit of a zone may leave something outside it."""
    return change.polygon is not msgspec.UNSET or change.level is not msgspec.UNSET


async def _adjoin(tx: Tx, tenant_id: UUID, zone: Zone) -> Zone:
    """Compute who adjoins whom on the site again; returns the zone with its neighbours."""
    zones = await queries.list_zones(tx, tenant_id, zone.site_id)
    found = adjoining([ZoneShape(z.id, z.polygon, z.level) for z in zones])
    changed = {z.id: found[z.id] for z in zones if sorted(z.adjoining) != found[z.id]}
    await queries.save_adjoining(tx, tenant_id, changed)
    return msgspec.structs.replace(zone, adjoining=found[zone.id])


async def check_zone(tx: Tx, tenant_id: UUID, zone: Zone) -> None:
    """Raise Invalid, naming the field, for a zone that can not be."""
    check_slug(zone.slug)
    check_name(zone.name)
    check_polygon(zone.polygon)
    zones = await queries.list_zones(tx, tenant_id, zone.site_id)
    check_beside(zone.polygon, [it.polygon for it in zones if it.id != zone.id])
    if not 0 <= zone.risk <= RISK_MAX:
        raise Invalid(
            "zone.risk", "a zone's risk is 0 to 3", "区域风险为 0 至 3", field="risk", value=zone.risk, limit=3
        )
    if not LEVEL_RANGE[0] <= zone.level <= LEVEL_RANGE[1]:
        raise Invalid(
            "zone.level",
            "no building has this floor",
            "没有这一楼层",
            field="level",
            value=zone.level,
            limit=LEVEL_RANGE,
        )
    if len(zone.agents) > AGENTS_MAX or any(not SLUG.fullmatch(agent) for agent in zone.agents):
        raise Invalid(
            "zone.agents",
            f"agents are at most {AGENTS_MAX} names like acetone or hydrogen-fluoride",
            f"危险物质最多 {AGENTS_MAX} 个，名称形如 acetone",
            field="agents",
            limit=AGENTS_MAX,
        )
    if zone.building_id is not None:
        building = await queries.get_building(tx, tenant_id, zone.building_id)
        check_same_site("building", building.site_id, zone.site_id)


def _check_site(site: Site) -> None:
    check_slug(site.slug)
    check_name(site.name)
    try:
        zoneinfo.ZoneInfo(site.tz)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as problem:
        raise Invalid(
            "site.tz", f"{site.tz!r} is no IANA time zone", f"时区 {site.tz!r} 无效", field="tz", value=site.tz
        ) from problem


# Shared with plant.instrument_service.


def check_slug(slug: str, field: str = "slug") -> None:
    """Raise Invalid unless it can stand in a topic."""
    if not SLUG.fullmatch(slug):
        raise Invalid(
            "slug.invalid",
            "a slug has 1 to 63 of a-z, 0-9 and -, and does not begin with -",
            "标识由 1 至 63 个小写字母、数字或连字符组成，不以连字符开头",
            field=field,
            value=slug,
            limit=SLUG.pattern,
        )


def check_name(name: Text) -> None:
    """Raise Invalid unless both languages are there."""
    for field, text in (("name.zh", name.zh), ("name.en", name.en)):
        if not text.strip() or len(text) > NAME_MAX or "\0" in text:
            raise Invalid(
                "name.invalid",
                f"a name has 1 to {NAME_MAX} characters in both languages",
                f"名称须有中英文，各 1 至 {NAME_MAX} 字",
                field=field,
                value=text[:NAME_MAX],
                limit=NAME_MAX,
            )


def check_same_site(field: str, found: UUID, wanted: UUID) -> None:
    """Raise Invalid when two things that belong together stand on different sites."""
    if found != wanted:
        raise Invalid(
            "site.other", f"{field} is on another site", f"{field} 属于另一站点", field=field, value=str(found)
        )


def check_version(current: int, expected: int | None) -> None:
    """Raise Conflict when the edit is of another version; None: whoever edits does not care (Muster itself)."""
    if expected is not None and expected != current:
        raise Conflict(
            "version.changed",
            f"this is version {current} by now, the edit is of version {expected}",
            f"当前版本为 {current}，修改基于版本 {expected}",
            field="If-Match",
            value=expected,
            limit=current,
        )


def apply(thing: T, change: msgspec.Struct) -> T:
    """The thing with what the change sets of its fields, one version on."""
    fields = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not msgspec.UNSET and name in thing.__struct_fields__
    }
    return msgspec.structs.replace(thing, **fields, version=thing.version + 1)


async def unless_taken(insert: Awaitable[None], kind: str, slug: str) -> None:
    """Await the insert; raises Conflict when the name is taken (which ends the transaction)."""
    try:
        await insert
    except asyncpg.UniqueViolationError as problem:
        raise Conflict(
            f"{kind}.slug_taken", f"{slug} is taken", f"标识 {slug} 已被使用", field="slug", value=slug
        ) from problem


async def note(
    tx: Tx, actor: Actor | None, action: str, kind: str, subject: UUID, site_id: UUID, facts: msgspec.Struct
) -> None:
    """Wake the site's gateway and write the audit row."""
    await outbox.append(tx, CHANGED, site_id, {"action": action, "id": str(subject)})
    plain = {key: value for key, value in msgspec.structs.asdict(facts).items() if value is not msgspec.UNSET}
    await audit.record(tx, id_of(actor), action, kind, subject, plain)
