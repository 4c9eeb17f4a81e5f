"""Where a crew may stand with its vehicle: the nouns, the side of the wind, and why a place is refused. Pure."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from geo.graph.csr import Ints
from geo.hazards.footprints import LATITUDE_MAX, Placed, drawn_shape
from geo.places.model import PlaceId, Position
from geo.projection import Projection
from geo.routing.conditions import invalid
from geo.routing.routes import Route
from geo.routing.snapping import Place
from mobile_contract.text import Text

# Hose from an engine: nine tenths of 180 m, for the bends, less ten metres of slack at the nozzle, is 153 m; the same
# figure bounds how far a hydrant reaches (GB 50974-2014, 7.3.2 and 7.2.5: a radius of 150 m).
REACH_M, HOSE_M = 150.0, 150.0
# As assembly points keep: the product's own.
MARGIN_M = 50.0
# How long a crew stands, at least, before it is moved: what is forecast to be reached by then is not stood on, nor
# driven over, for it is also the way back.
STAY_MS = 30 * 60_000
# Approach from upwind (Emergency Response Guidebook 2024, PHMSA, safety precautions), which gives no angle: an eighth
# of the compass each side is upwind, and what is not on the lee side is across the wind.
UPWIND_DEG, ACROSS_DEG = 45.0, 90.0

WindSide: TypeAlias = Literal["upwind", "across", "unknown", "downwind"]
RefusalKind: TypeAlias = Literal[
    "too_far", "in_hazard", "downwind", "cut_off", "too_narrow", "too_low", "too_weak", "door_shut", "no_way", "no_gate"
]
AccessState: TypeAlias = Literal["ok", "downwind_only", "none"]


class Target(msgspec.Struct, frozen=True):
    """Where the crew is needed: ``shape`` in metres, a point or the outline of a building or zone, on a level."""

    shape: BaseGeometry
    name: Text
    level: int = 0


class Danger(msgspec.Struct, frozen=True):
    """What a crew keeps away from, from ``at_ms`` on the hazards' clock for ``stay_ms``.

    ``source``: where it comes from, in metres; None: from the target. ``wind_from_deg``: the direction the wind comes
    from, degrees from north clockwise; None: not known, and no place is downwind.
    """

    hazards: tuple[Placed, ...] = ()
    at_ms: int = 0
    stay_ms: int = STAY_MS
    source: tuple[float, float] | None = None
    wind_from_deg: float | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """``reach_m`` from the vehicle to the target, ``hose_m`` from the hydrant to the vehicle, ``margin_m`` to hazards;
    ``count`` places at most."""

    reach_m: float = REACH_M
    hose_m: float = HOSE_M
    margin_m: float = MARGIN_M
    count: int = 5


NO_DANGER, LIMITS = Danger(), Limits()


class Drive(msgspec.Struct, frozen=True, eq=False):
    """The way of a vehicle from a gate over ``arcs`` of the road network; ``line``: GeoJSON LineString."""

    gate: PlaceId
    arcs: Ints
    millis: int
    metres: float
    line: dict[str, Any]


class Supply(msgspec.Struct, frozen=True):
    """The hydrant with the shortest hose along the roads to a place: never less than is laid."""

    hydrant: PlaceId
    hose_m: float


class OnFoot(msgspec.Struct, frozen=True, eq=False):
    """The way on foot from the vehicle over the walking network; ``entrance``: the door into the building, None: none
    on the way. ``through``: hazards it leads through, because there is no other. ``ends``: from where to where."""

    route: Route
    metres: float
    ends: tuple[Place, Place]
    entrance: PlaceId | None = None
    through: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True, eq=False):
    """A place to stand, at a ``node`` of the road network on ``road``.

    ``off_wind_deg``: the angle at the source between where the wind comes from and the place. ``from_hazard_m``: None
    where there is none. ``cautions``: what to know before one drives there.
    """

    node: int
    at: Position
    level: int
    road: PlaceId
    wind: WindSide
    off_wind_deg: float | None
    from_hazard_m: float | None
    to_target_m: float
    drive: Drive
    supply: Supply | None
    on_foot: OnFoot | None
    cautions: list[Text]


class Refusal(msgspec.Struct, frozen=True):
    """Why places on a road are refused: ``count`` of them, the nearest to the target ``at``."""

    kind: RefusalKind
    road: PlaceId | None
    at: Position | None
    to_target_m: float | None
    count: int
    reason: Text


class Access(msgspec.Struct, frozen=True, eq=False):
    """Where to stand, the best first, and why not elsewhere, the nearest first.

    ``downwind_only``: every place that is left is downwind of the source. ``none``: there is none.
    """

    state: AccessState
    places: list[Standing]
    refusals: list[Refusal]


def point_target(lon: float, lat: float, projection: Projection, name: Text, level: int = 0) -> Target:
    """A place in degrees as a target. Raises Invalid (geo.route_invalid) for what is no position."""
    if not (-180 <= lon <= 180 and -LATITUDE_MAX <= lat <= LATITUDE_MAX):
        limits = [180, LATITUDE_MAX]
        raise invalid("target", "longitude within 180, latitude within 84", "经度须在 ±180、纬度须在 ±84", None, limits)
    x, y = projection.to_metres([(lon, lat)])[0].tolist()
    return Target(shapely.Point(x, y), name, level)


def area_target(polygon: dict[str, Any], projection: Projection, name: Text, level: int = 0) -> Target:
    """A building or zone, a GeoJSON Polygon or MultiPolygon. Raises Invalid (geo.hazard_invalid) unless it is sound."""
    return Target(shapely.transform(drawn_shape("target", polygon), projection.to_metres), name, level)


def wind_side(
    place: tuple[float, float], source: tuple[float, float], wind_from_deg: float | None
) -> tuple[WindSide, float | None]:
    """On which side of a source a place is, and the angle there from where the wind comes from, 0 to 180.

    On the source itself there is no upwind side.
    """
    if wind_from_deg is None:
        return "unknown", None
    east, north = place[0] - source[0], place[1] - source[1]
    if math.hypot(east, north) == 0:
        return "downwind", 180.0
    bearing = math.degrees(math.atan2(east, north))
    # To a thousandth of a degree: what is finer is the arithmetic's noise, and decides nothing.
    off = round(abs(math.remainder(bearing - wind_from_deg, 360.0)), 3)
    return ("upwind" if off <= UPWIND_DEG else "across" if off <= ACROSS_DEG else "downwind"), off
