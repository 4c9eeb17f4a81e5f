"""What if a site were evacuated now: the plan of a moment that nobody is ordered by, and nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx
from core.errors import Invalid, NotFound
from geo.site_map import Passages
from incidents.evacuation.certifying import certify_apart
from incidents.evacuation.ground import Ground
from incidents.evacuation.look import (
    certificate_view,
    placed,
    point_views,
    reason_views,
    seconds,
    summary,
    zone_views,
)
from incidents.evacuation.planning import Evacuated, Evacuee, bottlenecks, evacuate, forecast_shuts, foreseen
from incidents.evacuation.points_chosen import StatedPoint, gathering_points, muster, nearest_node
from incidents.evacuation.service import POINTS_MAX, as_stated
from incidents.hazards import queries as hazard_queries
from incidents.roll_call import queries as call_queries
from incidents.wayfinding.questions import Asked
from incidents.wayfinding.surroundings import Surroundings, surroundings_of
from mobile_contract.evacuation import BottleneckView, EvacuationForecast, ForecastRequest, PeopleInZone
from people.permissions import Permission
from people.presence import service as presence
from people.presence.service import Whereabouts
from plant import queries as plant_queries
from plant.model import Zone
from plant.places.site_maps import Mapped

# Ten times the largest site.
PEOPLE_MAX = 20_000


class Supposed(msgspec.Struct, frozen=True):
    """What is asked, with what the tables say of the site at a moment."""

    at: datetime
    zones: list[Zone]
    points: list[StatedPoint]
    around: Surroundings
    people: Sequence[Whereabouts]
    asked: ForecastRequest
    wind_from_deg: float | None


class Foreseen(msgspec.Struct, frozen=True, eq=False):
    """The plan and the waits in it."""

    made: Evacuated
    waits: list[BottleneckView]


async def forecast(by: Asked, site_id: UUID, asked: ForecastRequest) -> EvacuationForecast:
    """What would be. Raises NotFound (of a plan of the place, too), Invalid naming the field, Unavailable.

    People as believed now are numbers alone; the certificate takes seconds.
    """
    by.actor.require(Permission.READ_INCIDENTS)
    if asked.people is None:
        # One person in a zone is a number with a face.
        by.actor.require(Permission.READ_PRESENCE)
    tenant_id = by.actor.tenant_id
    async with by.db.transaction(tenant_id) as tx:
        supposed = await _read(tx, tenant_id, site_id, asked)
    mapped = await by.maps.find(tenant_id, site_id)
    if mapped is None:
        raise NotFound(
            "place_plan.no_published",
            "the site has no published plan that can be walked",
            "站点没有可通行的已发布平面图",
            field="site_id",
            value=str(site_id),
        )
    found = await by.desk.do(_foresee, mapped, supposed)
    made, certificate = found.made, None
    if asked.certificate and made.plan is not None and made.situation is not None:
        certificate = certificate_view(await certify_apart(made.situation, made.plan))
    return EvacuationForecast(
        at=supposed.at,
        cleared_s=seconds(made.cleared_ms),
        out=made.out,
        cut_off=len(made.cut_off),
        unknown=made.unknown,
        text=summary(made),
        zones=zone_views(made),
        points=point_views(made),
        bottlenecks=found.waits,
        reasons=reason_views(made),
        over_room=made.over_room,
        certificate=certificate,
    )


async def _read(tx: Tx, tenant_id: UUID, site_id: UUID, asked: ForecastRequest) -> Supposed:
    await plant_queries.get_site(tx, tenant_id, site_id)
    zones = await plant_queries.list_zones(tx, tenant_id, site_id)
    points = await call_queries.list_points(tx, tenant_id, site_id=site_id, after=UUID(int=0), limit=POINTS_MAX)
    _check(asked, {it.id for it in zones}, {it.id for it in points})
    people: list[Whereabouts] = []
    if asked.people is None:
        people = [it for it in await presence.list_whereabouts(tx, tenant_id, site_id, tx.now) if it.on_site]
    return Supposed(
        tx.now,
        zones,
        [it for it in as_stated(points) if it.id not in set(asked.closed_points)],
        await surroundings_of(tx, tenant_id, site_id, tx.now),
        people,
        asked,
        await hazard_queries.find_wind(tx, tenant_id, site_id, tx.now),
    )


def _check(asked: ForecastRequest, zones: set[UUID], points: set[UUID]) -> None:
    given = [("people.zone", it.zone, zones) for it in asked.people or ()]
    given += [("zones", it, zones) for it in asked.zones]
    given += [("closed_points", it, points) for it in asked.closed_points]
    for field, value, known in given:
        if value not in known:
            raise Invalid(
                "evacuation.unknown_place",
                f"{field}: the site has no {value}",
                f"{field}：厂区没有 {value}",
                field=field,
                value=str(value),
            )
    count = sum(it.people for it in asked.people or ())
    if count > PEOPLE_MAX:
        raise Invalid(
            "evacuation.too_many_people",
            f"at most {PEOPLE_MAX} people, not {count}",
            f"最多 {PEOPLE_MAX} 人，而非 {count}",
            field="people",
            value=count,
            limit=PEOPLE_MAX,
        )


def _foresee(mapped: Mapped, supposed: Supposed) -> Foreseen:
    """The plan of the moment supposed; work for a thread."""
    site, asked = mapped.map, supposed.asked
    ground = Ground(mapped.plan.id, site, supposed.zones)
    shut: dict[Any, Any] = dict.fromkeys(asked.closed_doors, "locked")
    drawn = supposed.around.passages
    passages = Passages({**drawn.doors, **shut}, drawn.shut | frozenset(asked.closed_rises))
    hazards = site.hazards(supposed.around.standing)
    now = site.conditions(hazards, passages)
    evacuees = list(_stated(ground, asked.people) if asked.people is not None else _believed(ground, supposed.people))
    if asked.zones:
        evacuees = [it for it in evacuees if it.zone in set(asked.zones)]
    evacuees = evacuees[:PEOPLE_MAX]
    crowd = [nearest_node(site, it.place) for it in evacuees if it.place is not None]
    points = gathering_points(site, supposed.points, plan_points=not asked.closed_points)
    wind = supposed.wind_from_deg
    gather = muster(site, now, hazards, points, crowd, len(crowd), None, supposed.at, wind_from_deg=wind)
    shuts, later = forecast_shuts(hazards, now), foreseen(site, hazards, passages)
    made = evacuate(ground, now, shuts, evacuees, gather.ends, later)
    if gather.spare and "no_way" in made.cut_off.values():
        other = evacuate(ground, now, shuts, evacuees, [*gather.ends, *gather.spare], later)
        made = other if len(other.cut_off) < len(made.cut_off) else made
    waits = [
        BottleneckView(
            feature=it.id, level=it.level, people=it.people, wait_s=seconds(it.wait_ms), until_s=seconds(it.until_ms)
        )
        for it in bottlenecks(ground, made)
    ]
    return Foreseen(made, waits)


def _stated(ground: Ground, people: Sequence[PeopleInZone]) -> list[Evacuee]:
    found = []
    for it in people:
        for number in range(it.people):
            # Spread over the rooms of the zone.
            person = UUID(int=number)
            found.append(Evacuee(person, it.zone, ground.spot(it.zone, person)))
    return found


def _believed(ground: Ground, people: Sequence[Whereabouts]) -> list[Evacuee]:
    found = []
    for it in people:
        place = None if it.position is None else placed(ground, *it.position, it.level, it.accuracy_m or 0.0)
        if place is None and it.zone_id is not None:
            place = ground.spot(it.zone_id, it.person_id)
        found.append(Evacuee(it.person_id, it.zone_id, place))
    return found
