"""From what a question calls a place to where that is on the map. Pure.

What is wrong with a place is told by the question's own field: ``from``, ``to``, or a parameter's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from core.errors import Invalid, MusterError, NotFound
from geo.guidance import Goal
from geo.instructions.names import Names
from geo.instructions.steps import target_of
from geo.places.model import Room
from geo.routing.approach import PLACES_MAX
from geo.routing.conditions import Conditions
from geo.routing.snapping import Place, at_node
from geo.site_map import SiteMap
from mobile_contract.text import Text
from mobile_contract.wayfinding_questions import (
    AtAssembly,
    AtEquipment,
    AtExit,
    AtPosition,
    AtRoom,
    AtZone,
    WayGoal,
    WayStart,
)
from plant.model import Zone
from resources.equipment.model import Equipment

T = TypeVar("T")

LATITUDE_MAX = 84.0
# A site is smaller, and its swapped twin is further off, unless it lies on the line on which both degrees are equal.
SITE_MAX_M = 50_000.0


class Ground(msgspec.Struct, frozen=True, eq=False):
    """A site at a moment: its map, what holds on it, its zones and its equipment."""

    site: SiteMap
    now: Conditions
    zones: Mapping[UUID, Zone]
    equipment: Mapping[UUID, Equipment]


class Fields(msgspec.Struct, frozen=True):
    """What a question calls the parts of a place."""

    place: str
    level: str
    accuracy: str


FROM = Fields("from", "from.level", "from.accuracy_m")
TO = Fields("to", "to.level", "to.accuracy_m")
POSITION = Fields("lon", "level", "accuracy_m")
ZONE = Fields("zone", "zone", "zone")


def start_of(ground: Ground, asked: WayStart, fields: Fields = FROM) -> Place:
    """Where somebody sets out. Raises NotFound for a zone or room there is none of, Invalid as ``SiteMap.place``."""
    match asked:
        case AtPosition():
            return _position(ground, asked, fields)
        case AtZone():
            zone = _zone(ground, asked.zone, fields)
            return _named(fields, ground.site.middle_of, zone.polygon, zone.level, ground.now.base)
        case AtRoom():
            room = _room(ground, asked.room, fields)
            return _named(fields, ground.site.middle_of, room.polygon, room.level, ground.now.base)


def goals_of(ground: Ground, asked: WayGoal, fields: Fields = TO) -> list[Goal]:
    """Where one may be first. Raises NotFound for what there is none of, Invalid as ``SiteMap.place``."""
    match asked:
        case AtPosition():
            place = _position(ground, asked, fields)
            return [Goal(place, Text("指定位置", "the place asked for"), at=(asked.lon, asked.lat))]
        case AtZone():
            zone = _zone(ground, asked.zone, fields)
            return _area(ground, zone.polygon, zone.level, zone.name, None, fields)
        case AtRoom():
            room = _room(ground, asked.room, fields)
            name = Names(ground.site.around).room(room.id)
            return _area(ground, room.polygon, room.level, name, room.id, fields)
        case AtEquipment():
            return [_equipment(ground, asked.equipment, fields)]
        case AtAssembly():
            return _assembly(ground, asked.points, fields)
        case AtExit():
            nodes = ground.site.network.exits
            if not nodes:
                raise NotFound(
                    "wayfinding.no_exit", "the plan has no exit", "平面图没有出口", field=fields.place, value="exit"
                )
            return _nodes(ground, [at_node(ground.site.graph, node) for node in nodes])


def _position(ground: Ground, asked: AtPosition, fields: Fields) -> Place:
    site, lon, lat = ground.site, asked.lon, asked.lat
    if abs(lat) > LATITUDE_MAX:
        swapped = abs(lon) <= LATITUDE_MAX
        raise Invalid(
            "geo.position_invalid",
            f"latitude is within {LATITUDE_MAX:.0f} degrees" + ("; are they swapped?" if swapped else ""),
            f"纬度须在 ±{LATITUDE_MAX:.0f} 度以内" + ("，经度与纬度是否写反了？" if swapped else ""),
            field=fields.place,
            value=[lon, lat],
            limit=LATITUDE_MAX,
        )
    try:
        return _named(fields, site.place, lon, lat, asked.level, asked.accuracy_m, ground.now.base)
    except Invalid as problem:
        if problem.code != "geo.position_off_site" or not is_swapped(site, lon, lat):
            raise
        raise Invalid(
            problem.code,
            f"{problem.en}; longitude and latitude are swapped",
            f"{problem.zh}；经度与纬度写反了",
            field=problem.field,
            value=problem.value,
            limit=problem.limit,
        ) from None


def is_swapped(site: SiteMap, lon: float, lat: float) -> bool:
    """Whether a position would be near the site the other way round, and is not as it is."""
    if abs(lon) > LATITUDE_MAX:
        return False
    here, there = (abs(site.projection.to_metres([at])[0]).max() for at in ((lon, lat), (lat, lon)))
    return bool(there <= SITE_MAX_M < here)


def _area(
    ground: Ground, polygon: dict[str, object], level: int, name: Text, room_id: str | None, fields: Fields
) -> list[Goal]:
    """Every node in it; where it has none, its middle."""
    places: Sequence[Place] = ground.site.nodes_in(polygon, level)[:PLACES_MAX]
    if not places:
        places = [_named(fields, ground.site.middle_of, polygon, level, ground.now.base)]
    return [Goal(place, name, id=room_id) for place in places]


def _equipment(ground: Ground, equipment_id: UUID, fields: Fields) -> Goal:
    it = ground.equipment.get(equipment_id)
    if it is None:
        raise _none("equipment", "设备", equipment_id, fields.place)
    place = _named(fields, ground.site.place, it.lon, it.lat, it.level, 0.0, ground.now.base)
    return Goal(place, it.name, at=(it.lon, it.lat))


def _assembly(ground: Ground, points: Sequence[str], fields: Fields) -> list[Goal]:
    known = {it.id for it in ground.site.plan.assembly_points}
    for point in points:
        if point not in known:
            raise _none("assembly point", "集合点", point, fields.place)
    places = ground.site.assembly(set(points) if points else None)
    if not places:
        raise NotFound(
            "wayfinding.no_exit",
            "the plan has neither assembly points nor exits",
            "平面图没有集合点和出口",
            field=fields.place,
            value="assembly",
        )
    return _nodes(ground, places)


def _nodes(ground: Ground, places: Sequence[Place]) -> list[Goal]:
    targets = [target_of(ground.site.around, ground.site.network, it.node) for it in places]
    return [Goal(place, it.name, it.id, it.at) for place, it in zip(places, targets, strict=True)]


def _zone(ground: Ground, zone_id: UUID, fields: Fields) -> Zone:
    zone = ground.zones.get(zone_id)
    if zone is None:
        raise no_zone(zone_id, fields.place)
    return zone


def _room(ground: Ground, room_id: str, fields: Fields) -> Room:
    room = ground.site.around.rooms.get(room_id)
    if room is None:
        raise _none("room", "房间", room_id, fields.place)
    return room


def no_zone(zone_id: UUID, field: str) -> NotFound:
    """The site has no such zone."""
    return _none("zone", "区域", zone_id, field)


def _none(en: str, zh: str, value: object, field: str) -> NotFound:
    return NotFound(
        f"{en.replace(' ', '_')}.not_found",
        f"the site has no {en} {value}",
        f"站点没有{zh} {value}",
        field=field,
        value=str(value),
    )


def _named(fields: Fields, work: Callable[..., T], *args: object) -> T:
    """Do it; what is wrong is told by the question's fields."""
    try:
        return work(*args)
    except Invalid as problem:
        raise renamed(problem, fields) from None


def renamed(problem: Invalid, fields: Fields) -> MusterError:
    """The same fact by the question's own field."""
    names = {"level": fields.level, "accuracy_m": fields.accuracy}
    return Invalid(
        problem.code,
        problem.en,
        problem.zh,
        field=names.get(problem.field or "", fields.place),
        value=problem.value,
        limit=problem.limit,
    )
