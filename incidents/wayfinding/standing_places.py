"""Where an outside crew stands, by what holds at a moment: from a question to its answer. Pure.

What is decided is ``geo.routing.vehicle_access``; here hydrants of the plan and of the stock become one, and ids become
names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from core.errors import Conflict, Invalid
from geo.guidance import Guided, way_directions
from geo.hazards.plume import CALM_M_S
from geo.instructions.driving import driver_orders
from geo.instructions.model import Target as WalkTarget
from geo.instructions.names import Names
from geo.instructions.wording import tell
from geo.kept_roads import Made
from geo.places.model import Landmark, Position
from geo.routing.conditions import Conditions
from geo.routing.standing import (
    Access,
    Danger,
    Limits,
    OnFoot,
    Refusal,
    Standing,
    Target,
    WindSide,
    area_target,
    point_target,
)
from geo.routing.standing_words import road_name
from geo.routing.vehicle_access import access
from geo.routing.vehicles import AMBULANCE, FIRE_ENGINE, Vehicle
from geo.site_map import SiteMap, keep_out
from incidents.wayfinding.asked_places import LATITUDE_MAX, is_swapped
from incidents.wayfinding.telling import route_steps
from incidents.wayfinding.ways import Held, Moment, held
from mobile_contract.text import Text
from mobile_contract.vehicle_access import (
    HydrantView,
    NamedPlace,
    OnFootView,
    OwnSizes,
    RefusedPlaces,
    StandingPlaceView,
    VehicleAccessQuestion,
    VehicleAccessView,
    VehicleName,
    WindView,
)
from mobile_contract.wayfinding_questions import AtPosition
from plant.model import Zone
from resources.equipment.model import Equipment
from resources.equipment.standing import is_usable

VEHICLES: dict[VehicleName, Vehicle] = {"fire_engine": FIRE_ENGINE, "ambulance": AMBULANCE}
# One that is drawn and in the stock's list too: what is known of the listed one holds.
SAME_HYDRANT_M = 5.0
WIND_SIDES: dict[WindSide, Text] = {
    "upwind": Text("上风侧", "upwind"),
    "across": Text("侧风侧", "across the wind"),
    "downwind": Text("下风侧", "downwind"),
    "unknown": Text("风向未知", "wind not known"),
}


class Blowing(msgspec.Struct, frozen=True):
    """The wind that is known; ``source_at``: where it takes up what leaks, None: at the target."""

    view: WindView
    source_at: Position | None = None


UNKNOWN_WIND = Blowing(WindView(from_deg=None, known_by="unknown", source=None))


def forecast_wind(hazard_id: UUID, facts: Mapping[str, Any], *, own: bool) -> Blowing:
    """The wind that a forecast outdoors was made for; ``own``: of the same incident, whose leak is the source.

    In a calm nobody knows where it blows to (``geo.hazards.plume``), and no side is the safe one.
    """
    wind = facts["wind"]
    calm = wind["speed_m_s"] < CALM_M_S
    lon, lat = facts["at"]
    view = WindView(
        from_deg=None if calm else wind["from_deg"], known_by="forecast", source=wind["source"], hazard=hazard_id
    )
    return Blowing(view, (lon, lat) if own else None)


def find_standing_places(
    moment: Moment, asked: VehicleAccessQuestion, where: AtPosition | Zone, wind: Blowing
) -> VehicleAccessView:
    """The places to stand. Raises Conflict (geo.plan_without_roads), Invalid: geo.position_invalid,
    geo.position_off_site, and as ``access``."""
    site = moment.site
    if not site.roads.any:
        raise Conflict(
            "geo.plan_without_roads",
            "the plan in force has no road that a vehicle drives",
            "已发布的平面图中没有车辆道路",
            field="site_id",
            value=str(moment.plan_id),
        )
    limits = Limits(reach_m=asked.reach_m, hose_m=asked.hose_m, margin_m=asked.margin_m, count=asked.count)
    target = _target(site, where, limits)
    vehicle = vehicle_of(asked.vehicle, asked.sizes)
    source = None if wind.source_at is None else site.projection.to_metres([wind.source_at])[0].tolist()
    danger = Danger(
        hazards=tuple(site.placed(moment.around.standing)),
        source=None if source is None else (source[0], source[1]),
        wind_from_deg=wind.view.from_deg,
    )
    here = held(moment)
    with site.roads.at(moment.around.passages.doors, hydrants_now(site, moment.around.equipment, moment.at)) as made:
        found = access(made.roads, target, danger, vehicle, limits=limits, conditions=here.ground.now)
        told = _Telling(moment, made, here, target)
        return told.view(found, vehicle, wind.view)


def vehicle_of(name: VehicleName, sizes: OwnSizes | None) -> Vehicle:
    """The common vehicle with its own sizes where they are stated."""
    known = VEHICLES[name]
    if sizes is None:
        return known
    own = {field: value for field in sizes.__struct_fields__ if (value := getattr(sizes, field)) is not None}
    return msgspec.structs.replace(known, **own)


def hydrants_now(site: SiteMap, equipment: Sequence[Equipment], now: datetime) -> tuple[Landmark, ...]:
    """The plan's hydrants, but those that the stock lists, and the stock's that can be used."""
    listed = [it for it in equipment if it.kind == "hydrant"]
    drawn = [it for it in site.plan.landmarks if it.kind == "hydrant"]
    if listed and drawn:
        ours = site.projection.to_metres([(it.lon, it.lat) for it in listed])
        levels = np.array([it.level for it in listed])
        places = site.projection.to_metres([it.at for it in drawn])
        drawn = [
            it
            for it, place in zip(drawn, places, strict=True)
            if not ((np.hypot(*(ours - place).T) <= SAME_HYDRANT_M) & (levels == it.level)).any()
        ]
    usable = [
        Landmark(id=str(it.id), kind="hydrant", level=it.level, at=(it.lon, it.lat), name=it.name)
        for it in listed
        if is_usable(it, now)
    ]
    return (*drawn, *usable)


def _target(site: SiteMap, where: AtPosition | Zone, limits: Limits) -> Target:
    if isinstance(where, Zone):
        target = area_target(where.polygon, site.projection, where.name, where.level)
        value: Any = str(where.id)
        hint = False
    else:
        value = [where.lon, where.lat]
        if abs(where.lat) > LATITUDE_MAX:
            raise _off("geo.position_invalid", value, LATITUDE_MAX, swapped=abs(where.lon) <= LATITUDE_MAX)
        name = Text("指定位置", "the place asked for")
        target = point_target(where.lon, where.lat, site.projection, name, where.level)
        hint = is_swapped(site, where.lon, where.lat)
    graph = site.graph
    x0, y0, x1, y1 = target.shape.bounds
    keep = limits.reach_m
    inside = x1 >= graph.x.min() - keep and x0 <= graph.x.max() + keep
    if not (inside and y1 >= graph.y.min() - keep and y0 <= graph.y.max() + keep):
        raise _off("geo.position_off_site", value, keep, swapped=hint)
    return target


def _off(code: str, value: Any, limit: float, *, swapped: bool) -> Invalid:
    en, zh = (
        (f"latitude is within {limit:.0f} degrees", f"纬度须在 ±{limit:.0f} 度以内")
        if code == "geo.position_invalid"
        else (f"the target is more than {limit:.0f} m off the site", f"目标在厂区 {limit:.0f} 米以外")
    )
    if swapped:
        en, zh = f"{en}; are longitude and latitude swapped?", f"{zh}；经度与纬度是否写反了？"
    return Invalid(code, en, zh, field="target", value=value, limit=limit)


class _Telling:
    """One answer in words: of a moment, on the roads as they are now."""

    def __init__(self, moment: Moment, made: Made, here: Held, target: Target) -> None:
        self.moment, self.made, self.target = moment, made, target
        self.now: Conditions = here.ground.now
        self.network = made.roads.network
        self.names, self.hazards = Names(made.around), moment.around.names
        self.roads = {way.id: number for number, way in enumerate(self.network.roads)}

    def view(self, found: Access, vehicle: Vehicle, wind: WindView) -> VehicleAccessView:
        """All of it."""
        return VehicleAccessView(
            state=found.state,
            computed_at=self.moment.at,
            plan=self.moment.plan_id,
            target=self.target.name,
            vehicle=vehicle.name,
            wind=wind,
            hazards=list(self.hazards.values()),
            places=[self._place(number, it) for number, it in enumerate(found.places, 1)],
            refused=[self._refused(it) for it in found.refusals],
        )

    def _place(self, number: int, it: Standing) -> StandingPlaceView:
        orders = driver_orders(self.made.around, self.network, self.target, it)
        return StandingPlaceView(
            n=number,
            lon=it.at[0],
            lat=it.at[1],
            level=it.level,
            road=self._road(it.road),
            gate=NamedPlace(id=it.drive.gate, name=self.names.landmark(it.drive.gate)),
            drive_s=it.drive.millis / 1_000,
            drive_m=round(it.drive.metres, 1),
            wind=it.wind,
            wind_text=WIND_SIDES[it.wind],
            off_wind_deg=it.off_wind_deg,
            from_hazard_m=None if it.from_hazard_m is None else round(it.from_hazard_m, 1),
            to_target_m=round(it.to_target_m, 1),
            hydrant=self._hydrant(it),
            on_foot=None if it.on_foot is None else self._on_foot(it.on_foot),
            orders=[self._named(text) for text in orders.steps],
            cautions=[self._named(text) for text in orders.warnings],
            line=it.drive.line,
        )

    def _hydrant(self, it: Standing) -> HydrantView | None:
        if it.supply is None:
            return None
        own = it.supply.hydrant
        lon, lat = self.made.around.landmarks[own].at
        name = self.names.landmark(own)
        return HydrantView(id=own, name=name, lon=lon, lat=lat, hose_m=round(it.supply.hose_m, 1))

    def _on_foot(self, it: OnFoot) -> OnFootView:
        arcs, millis = it.route.walked(self.now)
        start, end = it.ends
        aim = WalkTarget(name=self.target.name)
        site = self.moment.site
        directions = way_directions(site, start, end, arcs, millis, aim, out=keep_out(self.now))
        guided = Guided("safe", 0, it.route, directions, tell(site.around, directions))
        entrance = None
        if it.entrance is not None:
            name = self.names.door(it.entrance) or Text(f"入口（{it.entrance}）", f"the entrance ({it.entrance})")
            entrance = NamedPlace(id=it.entrance, name=name)
        return OnFootView(
            entrance=entrance,
            walk_s=it.route.millis / 1_000,
            distance_m=round(it.metres, 1),
            through=[self.hazards.get(own, Text(own, own)) for own in it.through],
            steps=route_steps(guided),
        )

    def _refused(self, it: Refusal) -> RefusedPlaces:
        return RefusedPlaces(
            why=it.kind,
            reason=self._named(it.reason),
            road=None if it.road is None else self._road(it.road),
            lon=None if it.at is None else it.at[0],
            lat=None if it.at is None else it.at[1],
            to_target_m=None if it.to_target_m is None else round(it.to_target_m, 1),
            count=it.count,
        )

    def _road(self, own: str) -> NamedPlace:
        return NamedPlace(id=own, name=road_name(self.network, self.roads[own]))

    def _named(self, text: Text) -> Text:
        """The same with hazards by their names: no driver knows an id."""
        zh, en = text.zh, text.en
        for own, name in self.hazards.items():
            zh, en = zh.replace(own, name.zh), en.replace(own, name.en)
        return Text(zh, en)
