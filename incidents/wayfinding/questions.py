"""Use cases of questions: a way, the nearest equipment, who is there first. Nothing is written but who looked for whom.

What a question needs is read in one short transaction; then a core works for it with none open, a few at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from core import audit
from core.database import Database, Tx
from core.errors import Invalid, NotFound, Unavailable
from geo.fixes import Fix, ZoneMap
from geo.zones import ZoneShape
from incidents.wayfinding.asked_places import no_zone
from incidents.wayfinding.surroundings import Surroundings, surroundings_of
from incidents.wayfinding.ways import Moment, find_way
from incidents.wayfinding.who_and_what import Crowd, nearest_equipment, people_first_there
from mobile_contract.equipment import EquipmentKindName
from mobile_contract.presence import PersonKindName
from mobile_contract.wayfinding_questions import (
    AtPosition,
    AtZone,
    FirstThereView,
    NearestEquipment,
    WayQuestion,
    WayView,
)
from people.actor import Actor
from people.permissions import Permission
from people.presence import service as presence
from people.qualifications import service as qualifications
from plant import queries as plant_queries
from plant.model import Zone
from plant.places.office import Office
from plant.places.site_maps import SiteMaps

# A way on 100,000 nodes takes some tens of milliseconds of a core, one with choices some hundreds; two at once leave
# the threads that passwords and files need.
AT_ONCE = 2
# Some seconds of waiting; whoever comes later is told to come back.
WAITING_MAX = 32


class WayDesk(Office):
    """One a process."""

    def __init__(self) -> None:
        busy = Unavailable(
            "wayfinding.busy",
            "too many ways are being asked for; try again",
            "路线查询过多，请稍后重试",
            retry_after_s=2.0,
        )
        super().__init__(AT_ONCE, WAITING_MAX, busy)


class Asked(msgspec.Struct, frozen=True):
    """Who asks what process: the actor, and where questions are worked on."""

    actor: Actor
    db: Database
    maps: SiteMaps
    desk: WayDesk


class PlaceAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A place as parameters name it: a position, or a zone, and one of them."""

    lon: float | None
    lat: float | None
    level: int
    accuracy_m: float
    zone: UUID | None


async def ask_way(by: Asked, site_id: UUID, asked: WayQuestion) -> WayView:
    """A way by the plan in force. Raises NotFound, Invalid naming ``from`` or ``to``, Unavailable."""
    by.actor.require(Permission.READ_PLANT)
    if asked.through:
        by.actor.require(Permission.LEAD_INCIDENT)
    moment = await _moment(by, site_id, exercise=asked.exercise)
    return await by.desk.do(find_way, moment, asked)


async def ask_equipment(
    by: Asked, site_id: UUID, asked: PlaceAsked, kind: EquipmentKindName, k: int, *, exercise: bool
) -> NearestEquipment:
    """The nearest that can be used. Raises NotFound, Invalid naming the parameter, Unavailable."""
    by.actor.require(Permission.READ_PLANT)
    moment = await _moment(by, site_id, exercise=exercise)
    return await by.desk.do(nearest_equipment, moment, _place(asked), kind, k)


async def ask_first_there(
    by: Asked,
    site_id: UUID,
    asked: PlaceAsked,
    skills: Collection[str],
    kinds: Collection[PersonKindName],
    k: int,
    *,
    exercise: bool,
) -> FirstThereView:
    """Who is there first; audited. Raises NotFound, Invalid naming the parameter, Unavailable."""
    by.actor.require(Permission.READ_PRESENCE)
    tenant_id = by.actor.tenant_id
    async with by.db.transaction(tenant_id) as tx:
        read = await read_site(tx, tenant_id, site_id, exercise=exercise)
        place = _place(asked)
        zone_id = _zone_of(read, place)
        found = await presence.list_whereabouts(tx, tenant_id, site_id, tx.now)
        skilled = await qualifications.list_valid_skills(tx, tenant_id, tx.now, site_id=site_id, zone_id=zone_id)
        crowd = Crowd([it for it in found if it.on_site and it.kind in kinds], skilled)
        facts = {"zone": zone_id, "skills": sorted(skills), "kinds": sorted(kinds), "people": len(crowd.people)}
        await audit.record(tx, by.actor.account_id, "presence.first_there", "site", site_id, facts)
    moment = await mapped(by, site_id, read)
    return await by.desk.do(people_first_there, moment, crowd, place, skills, k)


class SiteRead(msgspec.Struct, frozen=True):
    """What the tables say of a site now."""

    at: datetime
    zones: Mapping[UUID, Zone]
    around: Surroundings


async def _moment(by: Asked, site_id: UUID, *, exercise: bool) -> Moment:
    async with by.db.transaction(by.actor.tenant_id) as tx:
        read = await read_site(tx, by.actor.tenant_id, site_id, exercise=exercise)
    return await mapped(by, site_id, read)


async def read_site(tx: Tx, tenant_id: UUID, site_id: UUID, *, exercise: bool) -> SiteRead:
    """Raises NotFound."""
    await plant_queries.get_site(tx, tenant_id, site_id)
    zones = {it.id: it for it in await plant_queries.list_zones(tx, tenant_id, site_id)}
    return SiteRead(tx.now, zones, await surroundings_of(tx, tenant_id, site_id, tx.now, exercise=exercise))


async def mapped(by: Asked, site_id: UUID, read: SiteRead) -> Moment:
    """The site at that moment on its map; raises NotFound for one without a plan in force, Unavailable."""
    found = await by.maps.find(by.actor.tenant_id, site_id)
    if found is None:
        raise NotFound(
            "place_plan.no_published",
            "the site has no published plan that can be walked",
            "站点没有可通行的已发布平面图",
            field="site_id",
            value=str(site_id),
        )
    return Moment(read.at, found.plan.id, found.map, read.zones, read.around)


def _zone_of(read: SiteRead, place: AtPosition | AtZone) -> UUID | None:
    """The zone a place is in, if it is one: some qualifications count in some zones only."""
    if isinstance(place, AtZone):
        if place.zone not in read.zones:
            raise no_zone(place.zone, "zone")
        return place.zone
    zones = [ZoneShape(it.id, it.polygon, it.level) for it in read.zones.values()]
    located = ZoneMap(zones).locate(Fix(place.lon, place.lat, place.accuracy_m, place.level))
    return None if located is None else located.zone_id


def _place(asked: PlaceAsked) -> AtPosition | AtZone:
    if asked.zone is not None and asked.lon is None and asked.lat is None:
        return AtZone(zone=asked.zone)
    if asked.zone is None and asked.lon is not None and asked.lat is not None:
        return AtPosition(lon=asked.lon, lat=asked.lat, level=asked.level, accuracy_m=asked.accuracy_m)
    raise Invalid(
        "wayfinding.place_missing",
        "name a place: either lon and lat, or a zone",
        "请给出地点：经纬度或区域，二者取一",
        field="zone" if asked.zone is not None else "lon" if asked.lon is None else "lat",
    )
