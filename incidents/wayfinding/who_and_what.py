"""The nearest equipment that can be used, and who is at a place first: questions answered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from core.errors import Invalid
from geo.routing.nearest_people import Person, first_there
from geo.routing.nearest_usable import REFUSED_MAX, Refused, Resource, Stock, nearest_usable
from geo.routing.snapping import ACCURACY_MAX_M, Place
from incidents.wayfinding.asked_places import POSITION, ZONE, Ground, start_of
from incidents.wayfinding.ways import Moment, held
from mobile_contract.equipment import EquipmentKindName
from mobile_contract.wayfinding import NearView
from mobile_contract.wayfinding_questions import (
    AtPosition,
    AtZone,
    EquipmentRefusal,
    FirstThereView,
    NearestEquipment,
    PersonAway,
    PersonThere,
    PlaceSource,
    RefusedEquipment,
)
from people.presence.service import Whereabouts
from resources.equipment.model import Equipment

# Who could come and can not is told, so that nobody waits for them; more than a page of it nobody reads.
AWAY_MAX = 100


def nearest_equipment(moment: Moment, asked: AtPosition | AtZone, kind: EquipmentKindName, k: int) -> NearestEquipment:
    """The ``k`` nearest of a kind that can be used, and those that were passed over.

    Raises Invalid as ``SiteMap.place``, NotFound for a zone there is none of.
    """
    here = held(moment)
    start = start_of(here.ground, asked, ZONE if isinstance(asked, AtZone) else POSITION)
    wanted = [it for it in moment.around.equipment if it.kind == kind]
    known = {str(it.id): it for it in wanted}
    placed = [it for thing in wanted if (it := _placed(here.ground, thing)) is not None]
    nearby = [] if not placed else nearest_usable(
        Stock(moment.site.graph, placed, kind), here.ground.now, [start], k, moment.at
    )  # fmt: skip
    found = [_near(known[it.resource.id], it.millis) for near in nearby for it in near.found]
    refused = [_refused(known[it.resource.id], it) for near in nearby for it in near.refused]
    if len(found) < k:
        on_map = {it.id for it in placed}
        lost = [it for it in wanted if str(it.id) not in on_map]
        refused += [_passed_over(it, "not_on_map", None) for it in lost[:REFUSED_MAX]]
    return NearestEquipment(computed_at=moment.at, plan=moment.plan_id, found=found, refused=refused)


def _placed(ground: Ground, it: Equipment) -> Resource | None:
    """None: it hangs where nobody walks."""
    try:
        place = ground.site.place(it.lon, it.lat, it.level, 0.0, ground.now.base)
    except Invalid:
        return None
    usable = it.in_stock if it.state == "ready" else 0
    return Resource(id=str(it.id), kind=it.kind, place=place, in_stock=usable, expires_at=it.expires_at)


def _near(it: Equipment, millis: int) -> NearView:
    return NearView(id=it.id, kind=it.kind, name=it.name, lon=it.lon, lat=it.lat, level=it.level, walk_s=millis / 1_000)


def _refused(it: Equipment, refused: Refused) -> RefusedEquipment:
    why: EquipmentRefusal = refused.why
    if why == "empty" and it.state != "ready":
        why = "out_of_service"
    return _passed_over(it, why, None if refused.millis is None else refused.millis / 1_000)


def _passed_over(it: Equipment, why: EquipmentRefusal, walk_s: float | None) -> RefusedEquipment:
    return RefusedEquipment(
        id=it.id, kind=it.kind, name=it.name, lon=it.lon, lat=it.lat, level=it.level, why=why, walk_s=walk_s
    )


class Crowd(msgspec.Struct, frozen=True):
    """The people believed on a site, and their skills by account."""

    people: Sequence[Whereabouts]
    skills: Mapping[UUID, frozenset[str]]


def people_first_there(
    moment: Moment, crowd: Crowd, asked: AtPosition | AtZone, skills: Collection[str], k: int
) -> FirstThereView:
    """The ``k`` with all ``skills`` who are there first, and the able ones who are not able to come.

    Raises Invalid as ``SiteMap.place``, NotFound for a zone there is none of.
    """
    here = held(moment)
    place = start_of(here.ground, asked, ZONE if isinstance(asked, AtZone) else POSITION)
    able = {
        str(it.person_id): it for it in crowd.people if crowd.skills.get(it.person_id, frozenset()).issuperset(skills)
    }
    where = {key: _whereabouts(here.ground, it) for key, it in able.items()}
    people = [Person(id=key, place=found[0]) for key, found in where.items() if found is not None]
    done = first_there(here.ground.now, people, place, k)
    first = []
    for it in done.first:
        seen, found = able[it.person.id], where[it.person.id]
        assert found is not None
        first.append(
            PersonThere(
                person=seen.person_id,
                name=seen.name,
                kind=seen.kind,
                skills=sorted(crowd.skills.get(seen.person_id, ())),
                walk_s=it.millis / 1_000,
                known_by=found[1],
                seen_at=seen.seen_at,
                confidence=seen.confidence,
                leaving_hazard=it.leaving_hazard,
            )
        )
    away = [PersonAway(person=it.person_id, name=it.name, why="cut_off") for it in _named(able, done.unreachable)]
    lost = [able[key] for key, found in where.items() if found is None]
    away += [PersonAway(person=it.person_id, name=it.name, why="place_unknown") for it in lost]
    return FirstThereView(computed_at=moment.at, plan=moment.plan_id, first=first, away=away[:AWAY_MAX])


def _named(able: Mapping[str, Whereabouts], people: Sequence[Person]) -> list[Whereabouts]:
    return [able[it.id] for it in people]


def _whereabouts(ground: Ground, it: Whereabouts) -> tuple[Place, PlaceSource] | None:
    """Where somebody is on the map: at their position, else in the middle of their zone; None: nobody knows."""
    base, zone = ground.now.base, None if it.zone_id is None else ground.zones.get(it.zone_id)
    if it.position is not None:
        lon, lat = it.position
        level = it.level if it.level is not None else 0 if zone is None else zone.level
        try:
            return ground.site.place(lon, lat, level, min(it.accuracy_m or 0.0, ACCURACY_MAX_M), base), "position"
        except Invalid:
            pass
    if zone is None:
        return None
    try:
        return ground.site.middle_of(zone.polygon, zone.level, base), "zone"
    except Invalid:
        return None
