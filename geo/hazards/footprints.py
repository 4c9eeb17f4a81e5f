"""A hazard in the site's own metres: what is asked which arcs it touches. Pure.

Polygons come from people and from other programs. Whatever is wrong with one is named, and nothing of its hazard is
used: a hazard that is half there would send people through the other half.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeAlias, cast

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from geo.hazards.model import Concentration, Hazard, check_hazard, factor_permille, invalid
from geo.projection import Projection

# A drawn outline has tens of corners and a forecast's some hundreds; this bounds the work one request can cause.
POSITIONS_MAX = 10_000
HAZARD_POSITIONS_MAX = 200_000
# A shape of no site: the projection's lengths are wrong by 1 in 8,000 there.
FROM_ORIGIN_MAX_M = 100_000.0
# Less is a slip of the hand, and drawn along a line it would touch nothing that is walked.
AREA_MIN_M2 = 0.01
# The projection has no meaning at the poles (``geo.projection``).
LATITUDE_MAX = 84.0

Shape: TypeAlias = Polygon | MultiPolygon
_Rings: TypeAlias = list[list[npt.NDArray[np.float64]]]
BAN_PERMILLE = 2**31 - 1
"""The factor of a ban: greater than any other."""


class Footprint(msgspec.Struct, frozen=True):
    """A shape in metres on some levels; ``permille``: the factor in thousandths, or BAN_PERMILLE."""

    shape: Shape
    levels: frozenset[int]
    permille: int
    air: tuple[Concentration, ...] = ()


class PlacedSlice(msgspec.Struct, frozen=True):
    """The footprints from ``start_ms`` on."""

    start_ms: int
    footprints: tuple[Footprint, ...]


class Placed(msgspec.Struct, frozen=True):
    """A hazard whose every part was found sound, in metres; slices by ascending start, the last one holds."""

    id: str
    slices: tuple[PlacedSlice, ...]

    def at(self, offset_ms: int) -> tuple[Footprint, ...]:
        """What there is at an offset; nothing before the first slice."""
        current: tuple[Footprint, ...] = ()
        for it in self.slices:
            if it.start_ms > offset_ms:
                break
            current = it.footprints
        return current


def place(hazard: Hazard, projection: Projection, levels: Collection[int]) -> Placed:
    """The hazard in metres. Raises Invalid (geo.hazard_invalid), naming the field, for anything that is wrong."""
    check_hazard(hazard, levels)
    # The rooms of a grown hazard stand in slice after slice, as one object: they are read once.
    shapes: dict[int, Shape] = {}
    left = HAZARD_POSITIONS_MAX
    slices = []
    for number, it in enumerate(hazard.slices):
        made = []
        for index, area in enumerate(it.areas):
            field = f"slices.{number}.areas.{index}.polygon"
            if id(area.polygon) not in shapes:
                left -= _count(field, area.polygon)
                if left < 0:
                    raise _too_many(field, "hazard", "危险区", None, HAZARD_POSITIONS_MAX)
                shapes[id(area.polygon)] = _shape(field, area.polygon, projection)
            permille = BAN_PERMILLE if area.factor is None else factor_permille(area.factor)
            made.append(Footprint(shapes[id(area.polygon)], frozenset(area.levels), permille, tuple(area.air)))
        slices.append(PlacedSlice(it.start_ms, tuple(made)))
    return Placed(hazard.id, tuple(slices))


def drawn_shape(field: str, geojson: dict[str, Any]) -> Shape:
    """A GeoJSON Polygon or MultiPolygon in degrees. Raises Invalid, naming ``field``, unless it is a sound one."""
    _count(field, geojson)
    return _drawn(field, _read(field, geojson))


def to_geojson(shape: BaseGeometry, projection: Projection) -> dict[str, Any]:
    """A shape in metres as GeoJSON in degrees."""
    turned = shapely.transform(shape, projection.to_degrees)
    return _plain(shapely.geometry.mapping(turned))


def _plain(mapping: dict[str, Any]) -> dict[str, Any]:
    def listed(value: Any) -> Any:
        return [listed(it) for it in value] if isinstance(value, tuple | list) else value

    return {"type": mapping["type"], "coordinates": listed(mapping["coordinates"])}


def _polygons(field: str, geojson: dict[str, Any]) -> list[list[Any]]:
    """Its polygons, each a list of rings."""
    coordinates = geojson.get("coordinates")
    kind = geojson.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        raise invalid(f"{field}.type", "it is a Polygon or a MultiPolygon", "须为多边形", str(kind)[:64])
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not polygons:
        raise invalid(f"{field}.coordinates", "it has at least one polygon", "至少须有一个多边形", None)
    for rings in polygons:
        if not isinstance(rings, list) or not rings or not all(isinstance(ring, list) for ring in rings):
            raise invalid(f"{field}.coordinates", "a polygon has at least one ring", "多边形至少须有一个环", None)
    return polygons


def _count(field: str, geojson: dict[str, Any]) -> int:
    """How many positions it has, before any of them is looked at."""
    count = sum(len(ring) for rings in _polygons(field, geojson) for ring in rings)
    if count > POSITIONS_MAX:
        raise _too_many(f"{field}.coordinates", "polygon", "多边形", count, POSITIONS_MAX)
    return count


def _too_many(field: str, what: str, what_zh: str, count: int | None, limit: int) -> Invalid:
    seen, seen_zh = (f", this one has {count}", f"，此处有 {count} 个") if count else ("", "")
    return invalid(
        field, f"a {what} has at most {limit} positions{seen}", f"{what_zh}最多有 {limit} 个坐标{seen_zh}", count, limit
    )


def _read(field: str, geojson: dict[str, Any]) -> _Rings:
    return [[_ring(f"{field}.coordinates", ring) for ring in one] for one in _polygons(field, geojson)]


def _drawn(field: str, rings: _Rings) -> Shape:
    drawn = _assemble(rings)
    if not drawn.is_valid:
        reason = shapely.is_valid_reason(drawn)
        raise invalid(f"{field}.coordinates", f"the polygon is not valid: {reason}", f"多边形无效：{reason}", reason)
    return drawn


def _shape(field: str, geojson: dict[str, Any], projection: Projection) -> Shape:
    rings = _read(field, geojson)
    _check_place(f"{field}.coordinates", np.concatenate([ring for one in rings for ring in one]), projection)
    _drawn(field, rings)
    shape = _assemble([[projection.to_metres(ring) for ring in one] for one in rings])
    if not shape.is_valid:
        # Sound as drawn: a corner that touches an edge came to lie across it by the rounding of the projection.
        shape = cast(Shape, shapely.make_valid(shape, method="structure", keep_collapsed=False))
    if shape.area < AREA_MIN_M2:
        raise invalid(f"{field}.coordinates", "the polygon covers nothing", "多边形面积为零", shape.area, AREA_MIN_M2)
    return shape


def _assemble(rings: _Rings) -> Shape:
    made = [Polygon(one[0], one[1:]) for one in rings]
    return made[0] if len(made) == 1 else MultiPolygon(made)


def _ring(field: str, ring: list[Any]) -> npt.NDArray[np.float64]:
    if len(ring) < 4:
        raise invalid(field, "a ring has at least four positions (RFC 7946, 3.1.6)", "环至少须有四个坐标", len(ring), 4)
    for position in ring:
        _check_position(field, position)
    if list(ring[0]) != list(ring[-1]):
        raise invalid(
            field, "a ring ends where it starts (RFC 7946, 3.1.6)", "环的首尾坐标须相同", list(ring[-1]), list(ring[0])
        )
    return np.array([position[:2] for position in ring], dtype=np.float64)


def _check_position(field: str, position: object) -> None:
    if not isinstance(position, list | tuple) or len(position) not in (2, 3):
        raise invalid(field, "a position is [longitude, latitude]", "坐标须为 [经度, 纬度]", None)
    for number in position:
        # Compared, not converted: an integer may be too large for a float, and NaN lies in no range.
        if isinstance(number, bool) or not isinstance(number, int | float) or not -1e6 <= number <= 1e6:
            raise invalid(field, "a position holds finite numbers", "坐标须为有限数值", None)
    lon, lat = position[0], position[1]
    if -180 <= lon <= 180 and -LATITUDE_MAX <= lat <= LATITUDE_MAX:
        return
    swapped = -LATITUDE_MAX <= lon <= LATITUDE_MAX and -180 <= lat <= 180
    raise invalid(
        field,
        "longitude is within 180 and latitude within 84 degrees" + ("; are they swapped?" if swapped else ""),
        "经度须在 ±180、纬度须在 ±84 度以内" + ("，是否写反了？" if swapped else ""),
        list(position),
        [180, LATITUDE_MAX],
    )


def _check_place(field: str, positions: npt.NDArray[np.float64], projection: Projection) -> None:
    """A polygon far from its site is a slip; it would touch nothing, and nobody would be warned."""
    far = ~_near(positions, projection)
    if not far.any():
        return
    first = positions[int(np.argmax(far))]
    swapped = abs(first[0]) <= LATITUDE_MAX and bool(_near(first[None, ::-1], projection)[0])
    limit = f"{FROM_ORIGIN_MAX_M / 1000:.0f}"
    raise invalid(
        field,
        f"it lies more than {limit} km from the site" + ("; longitude and latitude are swapped" if swapped else ""),
        f"距厂区超过 {limit} 公里" + ("；经度与纬度写反了" if swapped else ""),
        first.tolist(),
        FROM_ORIGIN_MAX_M,
    )


def _near(positions: npt.NDArray[np.float64], projection: Projection) -> npt.NDArray[np.bool_]:
    """Which positions (n, 2) lie near the site's origin."""
    # A degree of latitude is at least 110.5 km. Far around the earth the projection gives no number.
    near = (np.abs(positions[:, 1] - projection.lat) < 1) & (np.abs(positions[:, 0] - projection.lon) < 12)
    metres = projection.to_metres(positions[near])
    near[near] = np.hypot(metres[:, 0], metres[:, 1]) <= FROM_ORIGIN_MAX_M
    return near
