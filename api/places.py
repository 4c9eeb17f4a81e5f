"""Sites, buildings and zones."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Deps, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from mobile_contract.paging import Page
from mobile_contract.plant import (
    BuildingEdit,
    BuildingView,
    NewBuilding,
    NewSite,
    NewZone,
    SiteEdit,
    SiteView,
    ZoneEdit,
    ZoneView,
)
from people.permissions import Permission
from plant import listing_service as listing
from plant import place_service as service
from plant.listing_queries import START, After
from plant.model import Building, Site, Zone
from plant.places import zone_service

SiteFilter = Annotated[UUID | None, QueryParameter(name="site", description="Of this site alone.")]


@get("/v1/sites", guards=[needs(Permission.READ_PLANT)])
async def list_sites(
    call: Call, q: Search = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[SiteView]:
    """Sites by slug."""
    after = read_cursor(cursor, After, START)
    rows = await listing.list_sites(call.tx, call.actor, search=q, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda site: After(site.slug, site.id), view=site_view)


@get("/v1/sites/{site_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_site(call: Call, site_id: FromPath[UUID]) -> Response[SiteView]:
    """One site; its ETag is what an edit names."""
    site = await listing.get_site(call.tx, call.actor, site_id)
    return Response(site_view(site), headers=etag(site.version))


@post("/v1/sites", guards=[needs(Permission.MANAGE_PLANT)])
async def create_site(data: JSONBody[NewSite], write: Write) -> Response[SiteView]:
    """Create a site."""

    async def work() -> SiteView:
        draft = service.SiteDraft(data.slug, data.name, data.tz)
        return site_view(await service.create_site(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda site: etag(site.version))


@patch("/v1/sites/{site_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_site(
    data: JSONBody[SiteEdit], site_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[SiteView]:
    """Edit a site."""
    version = expected_version(if_match)
    change = service.SiteChange(data.name, data.tz)
    site = await service.edit_site(call.tx, call.actor, site_id, change, expected_version=version)
    return Response(site_view(site), headers=etag(site.version))


@get("/v1/buildings", guards=[needs(Permission.READ_PLANT)])
async def list_buildings(
    call: Call, site_id: SiteFilter = None, q: Search = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[BuildingView]:
    """Buildings by slug."""
    after = read_cursor(cursor, After, START)
    rows = await listing.list_buildings(call.tx, call.actor, site_id=site_id, search=q, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda building: After(building.slug, building.id), view=building_view)


@get("/v1/buildings/{building_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_building(call: Call, building_id: FromPath[UUID]) -> Response[BuildingView]:
    """One building; its ETag is what an edit names."""
    building = await listing.get_building(call.tx, call.actor, building_id)
    return Response(building_view(building), headers=etag(building.version))


@post("/v1/buildings", guards=[needs(Permission.MANAGE_PLANT)])
async def create_building(data: JSONBody[NewBuilding], write: Write) -> Response[BuildingView]:
    """Create a building."""

    async def work() -> BuildingView:
        draft = service.BuildingDraft(data.site, data.slug, data.name)
        return building_view(await service.create_building(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda building: etag(building.version))


@patch("/v1/buildings/{building_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_building(
    data: JSONBody[BuildingEdit], building_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[BuildingView]:
    """Edit a building."""
    version = expected_version(if_match)
    change = service.BuildingChange(data.name)
    building = await service.edit_building(call.tx, call.actor, building_id, change, expected_version=version)
    return Response(building_view(building), headers=etag(building.version))


@get("/v1/zones", guards=[needs(Permission.READ_PLANT)])
async def list_zones(
    call: Call,
    site_id: SiteFilter = None,
    building: FromQuery[UUID | None] = None,
    level: Annotated[int | None, QueryParameter(ge=-20, le=200, description="Floor; 0 is the ground.")] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ZoneView]:
    """Zones by slug, with their polygons."""
    rows = await listing.list_zones(
        call.tx,
        call.actor,
        site_id=site_id,
        building_id=building,
        level=level,
        search=q,
        after=read_cursor(cursor, After, START),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda zone: After(zone.slug, zone.id), view=zone_view)


@get("/v1/zones/{zone_id:uuid}", guards=[needs(Permission.READ_PLANT)])
async def get_zone(call: Call, zone_id: FromPath[UUID]) -> Response[ZoneView]:
    """One zone; its ETag is what an edit names."""
    zone = await listing.get_zone(call.tx, call.actor, zone_id)
    return Response(zone_view(zone), headers=etag(zone.version))


@post("/v1/zones", guards=[needs(Permission.MANAGE_PLANT)])
async def create_zone(data: JSONBody[NewZone], write: Write) -> Response[ZoneView]:
    """Draw a zone; which zones adjoin it is computed for the whole site."""

    async def work() -> ZoneView:
        draft = service.ZoneDraft(
            data.site,
            data.slug,
            data.name,
            msgspec.to_builtins(data.polygon),
            data.level,
            data.risk,
            data.agents,
            data.building,
        )
        return zone_view(await service.create_zone(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda zone: etag(zone.version))


@patch("/v1/zones/{zone_id:uuid}", guards=[needs(Permission.MANAGE_PLANT)])
async def edit_zone(
    data: JSONBody[ZoneEdit],
    request: Request[Any, Any, Any],
    deps: Deps,
    zone_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[ZoneView]:
    """Edit or redraw a zone.

    Refused, with the places named, where it would leave sensors or actuators outside, and where by the plan in force
    nobody gets out of what it covers and the edit does not `accept` that.
    """
    version = expected_version(if_match)
    polygon = msgspec.UNSET if data.polygon is msgspec.UNSET else msgspec.to_builtins(data.polygon)
    change = service.ZoneChange(data.name, polygon, data.level, data.risk, data.agents, data.building, data.accept)
    actor = request.user
    checked = await zone_service.check_edit(deps.db, deps.drawings, actor, zone_id, change, expected_version=version)
    async with deps.db.transaction(actor.tenant_id) as tx:
        zone = await zone_service.edit_zone(tx, actor, zone_id, change, expected_version=version, checked=checked)
    return Response(zone_view(zone), headers=etag(zone.version))


def site_view(site: Site) -> SiteView:
    """A site as the wire shows it."""
    return SiteView(site.id, site.slug, site.name, site.tz, site.version, site.created_at)


def building_view(it: Building) -> BuildingView:
    """A building as the wire shows it."""
    return BuildingView(it.id, it.site_id, it.slug, it.name, it.version, it.created_at)


def zone_view(it: Zone) -> ZoneView:
    """A zone as the wire shows it."""
    return ZoneView(
        it.id,
        it.site_id,
        it.building_id,
        it.slug,
        it.name,
        it.polygon,
        it.level,
        it.risk,
        it.agents,
        it.adjoining,
        it.version,
        it.created_at,
    )


router = Router(
    "/",
    route_handlers=[
        list_sites,
        get_site,
        create_site,
        edit_site,
        list_buildings,
        get_building,
        create_building,
        edit_building,
        list_zones,
        get_zone,
        create_zone,
        edit_zone,
    ],
    tags=["places"],
)
