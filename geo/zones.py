"""Zones as polygons on a level: what is a valid one, and which of them a hazard spreads to.

Polygons are GeoJSON (RFC 7946): longitude, latitude, WGS 84. Metric work happens in a local equirectangular
projection around the polygon: over a site of a few kilometres its error is below a centimetre per ten metres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from shapely import Polygon, distance, is_valid_reason, points
from shapely.strtree import STRtree

from core.errors import Invalid

# Mean radius of the earth, IUGG.
EARTH_RADIUS_M = 6_371_008.8
# A wall is thinner than this: rooms drawn along both faces of one wall still adjoin.
SHARED_WALL_M = 0.5
# Smaller is a slip of the mouse (a cabinet is 0.25 m2); larger than 10 km2 is not one zone of a plant.
AREA_MIN_M2 = 0.25
AREA_MAX_M2 = 10_000_000.0
# No site is wider; nearer to the line on which both are equal, a swap of longitude and latitude can not be seen.
BESIDE_DEGREES = 0.5
# A drawn room has tens of corners; this bounds the work one request can cause.
POSITIONS_MAX = 2_000


class ZoneShape(msgspec.Struct, frozen=True):
    """A zone's outline and floor; ``level`` 0 is the ground."""

    id: UUID
    polygon: dict[str, Any]
    level: int


def check_polygon(geojson: Mapping[str, Any]) -> None:
    """Raise Invalid, naming the fault, unless this is one valid closed polygon of a plausible size."""
    if geojson.get("type") != "Polygon":
        raise _invalid("type", "the geometry's type is not Polygon", str(geojson.get("type"))[:64])
    if more := sorted(set(geojson) - {"type", "coordinates"}):
        raise _invalid(
            more[0][:64], "a polygon has a type and coordinates, nothing else", None, ["type", "coordinates"]
        )
    rings = geojson.get("coordinates")
    if not isinstance(rings, list) or not rings:
        raise _invalid("coordinates", "a polygon needs at least one ring", None)
    if sum(len(ring) for ring in rings if isinstance(ring, list)) > POSITIONS_MAX:
        raise _invalid("coordinates", f"a polygon has at most {POSITIONS_MAX} positions", None, POSITIONS_MAX)
    for ring in rings:
        _check_ring(ring)
    _check_area(geojson)


def _check_ring(ring: object) -> None:
    if not isinstance(ring, list) or len(ring) < 4:
        raise _invalid("coordinates", "a ring has at least four positions (RFC 7946, 3.1.6)", None, 4)
    for position in ring:
        _check_position(position)
    if ring[0] != ring[-1]:
        raise _invalid("coordinates", "a ring ends where it starts (RFC 7946, 3.1.6)", ring[-1], ring[0])


def _check_position(position: object) -> None:
    if not isinstance(position, list | tuple) or len(position) not in (2, 3):
        raise _invalid("coordinates", "a position is [longitude, latitude]", None)
    for number in position:
        # Compared, not converted: an integer may be too large for a float, and NaN lies in no range.
        if isinstance(number, bool) or not isinstance(number, int | float) or not -1e6 <= number <= 1e6:
            raise _invalid("coordinates", "a position holds finite numbers", None, 1e6)
    lon, lat = position[0], position[1]
    # The projection has no meaning at the poles, and no plant stands there.
    if not -180 <= lon <= 180 or not -89 <= lat <= 89:
        swapped = "; longitude and latitude look swapped" if abs(lon) <= 89 and abs(lat) <= 180 else ""
        raise _invalid(
            "coordinates", f"longitude is within 180 and latitude within 89 degrees{swapped}", position, [180, 89]
        )


def _check_area(geojson: Mapping[str, Any]) -> None:
    shape = _project(geojson, _origin(geojson))
    if not shape.is_valid:
        raise _invalid("coordinates", f"the polygon is not valid: {is_valid_reason(shape)}", None)
    if not AREA_MIN_M2 <= shape.area <= AREA_MAX_M2:
        raise _invalid(
            "coordinates",
            f"the polygon covers {shape.area:.2f} m2; a zone covers {AREA_MIN_M2} to {AREA_MAX_M2:.0f} m2",
            shape.area,
            [AREA_MIN_M2, AREA_MAX_M2],
        )


def area_m2(geojson: Mapping[str, Any]) -> float:
    """The area of a checked polygon."""
    return float(_project(geojson, _origin(geojson)).area)


def overlap_m2(geojson: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How much of a checked polygon lies in another that is near it."""
    origin = _origin(geojson)
    one, two = _project(geojson, origin), _project(other, origin)
    return float(one.intersection(two if two.is_valid else two.buffer(0)).area)


def distances_m(geojson: Mapping[str, Any], places: Sequence[tuple[float, float]]) -> list[float]:
    """How far each place (longitude, latitude) lies from a checked polygon, metres; 0 in it and on its edge."""
    origin = _origin(geojson)
    outline = _project(geojson, origin)
    found: list[float] = distance(outline, points(_metres(places, origin))).tolist() if places else []
    return found


def check_beside(geojson: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> None:
    """Raise Invalid for a checked polygon far from the others of its site that would lie among them mirrored."""
    if not others:
        return
    lon, lat = _origin(geojson)
    near = [_origin(other) for other in others]
    if not any(_beside((lon, lat), it) for it in near) and any(_beside((lat, lon), it) for it in near):
        raise _invalid(
            "coordinates",
            "it lies far from the site's other zones: longitude and latitude look swapped",
            [lon, lat],
            list(near[0]),
        )


def _beside(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) <= BESIDE_DEGREES and abs(one[1] - other[1]) <= BESIDE_DEGREES


def adjoining(zones: Sequence[ZoneShape], gap_m: float = SHARED_WALL_M) -> dict[UUID, list[UUID]]:
    """For each zone the zones on its level that overlap it, share a wall, or lie within ``gap_m``; symmetric.

    A shared corner alone does not adjoin unless the gap reaches over it: walls are what a hazard leaks through, but a
    gap of half a metre at a corner is no barrier.
    """
    found: dict[UUID, list[UUID]] = {zone.id: [] for zone in zones}
    if not zones:
        return found
    origin = _origin(zones[0].polygon)
    shapes = [_project(zone.polygon, origin) for zone in zones]
    left, right = STRtree(shapes).query(shapes, predicate="dwithin", distance=gap_m)
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        if i != j and zones[i].level == zones[j].level:
            found[zones[i].id].append(zones[j].id)
    return {zone_id: sorted(others) for zone_id, others in found.items()}


def _origin(geojson: Mapping[str, Any]) -> tuple[float, float]:
    lon, lat = geojson["coordinates"][0][0][:2]
    return float(lon), float(lat)


def _project(geojson: Mapping[str, Any], origin: tuple[float, float]) -> Polygon:
    rings = [_metres(ring, origin) for ring in geojson["coordinates"]]
    return Polygon(rings[0], rings[1:])


def _metres(positions: Sequence[Sequence[float]], origin: tuple[float, float]) -> list[tuple[float, float]]:
    lon0, lat0 = origin
    x_scale = math.radians(1.0) * EARTH_RADIUS_M * math.cos(math.radians(lat0))
    y_scale = math.radians(1.0) * EARTH_RADIUS_M
    return [((p[0] - lon0) * x_scale, (p[1] - lat0) * y_scale) for p in positions]


def _invalid(field: str, en: str, value: object, limit: object = None) -> Invalid:
    return Invalid("zone.polygon", en, f"区域多边形无效：{en}", field=f"polygon.{field}", value=value, limit=limit)
