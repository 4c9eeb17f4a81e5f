"""GeoJSON geometry that strangers made -> valid shapely geometry in degrees, repaired where that is safe. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, MultiLineString, Point, Polygon

from geo.places.features import Feature
from geo.places.findings import Finding, FindingKind, Outcome
from geo.places.model import Position
from geo.projection import Projection
from geo.zones import AREA_MAX_M2, AREA_MIN_M2, POSITIONS_MAX
from mobile_contract.text import Text

# The projection ends at 84 degrees, and no plant stands beyond.
LON_MAX, LAT_MAX = 180.0, 84.0
# A site is smaller than one degree (55 km at 60 degrees north): what is farther from the rest of it is a slip.
SITE_DEGREES = 1.0
# A repaired polygon is taken when it holds nearly all that its outline encloses: a spike or a doubled corner is cut
# off, and a bow tie, of which half would go, is not.
REPAIRED_SHARE_MIN = 0.95
# What is beyond these is a scribble, not a slip, and costs the square of its size to sort out.
REPAIR_POSITIONS_MAX = 500
REPAIR_CROSSINGS_MAX = 20
# A file with more broken polygons than this is broken as a whole; it is not to cost minutes.
REPAIRS_MAX = 500

Degrees = npt.NDArray[np.float64]
Shape = Point | LineString | MultiLineString | Polygon | shapely.MultiPolygon
_Read = TypeVar("_Read")


class _Refused(Exception):
    """A geometry that can not be used: kind of finding, zh, en, where."""

    def __init__(self, kind: FindingKind, zh: str, en: str, at: Any = None) -> None:
        super().__init__(en)
        self.kind, self.zh, self.en, self.at = kind, zh, en, at


class Shapes:
    """Reads the geometries of one site: what is far from the rest of it, or from ``near``, is seen as misplaced.

    A swap of longitude and latitude can not be seen where a site lies within a degree of the line on which both are
    equal; everywhere else it is seen, of a whole file with ``near`` or by a latitude over 90, of a part always.
    """

    def __init__(self, features: list[Feature], near: Position | None = None) -> None:
        self.findings: list[Finding] = []
        self.repairs = 0
        self.centre = near or _centre(features)
        self.projection = Projection(*self.centre)

    def read(self, feature: Feature, area_min_m2: float = AREA_MIN_M2, level: int | None = None) -> Shape | None:
        """The geometry of a feature, valid and in degrees; None when it has none, or with a finding why not."""
        given = feature.geometry
        if given is None:
            return None
        reading = _Reading(self, feature, level)
        kind, coordinates = given.get("type"), given.get("coordinates")
        parts = coordinates if isinstance(coordinates, list) else []
        if kind == "MultiLineString":
            lines = [line for part in parts if (line := reading.tried(partial(reading.line, part))) is not None]
            return MultiLineString(lines) if lines else reading.tried(reading.nothing)
        if kind == "MultiPolygon":
            areas = [reading.tried(partial(reading.polygon, rings, area_min_m2)) for rings in parts]
            kept = [area for area in areas if area is not None]
            return shapely.MultiPolygon(kept) if kept else reading.tried(reading.nothing)
        one: dict[object, Callable[[], Shape]] = {
            "Point": lambda: Point(reading.positions([coordinates])[0]),
            "LineString": lambda: reading.line(coordinates),
            "Polygon": lambda: reading.polygon(coordinates, area_min_m2),
        }
        return reading.tried(one.get(kind if isinstance(kind, str) else None, reading.nothing))


class _Reading:
    """One feature's geometry being read; what is wrong with it goes to the findings, in the order it was met."""

    def __init__(self, shapes: Shapes, feature: Feature, level: int | None) -> None:
        self._shapes, self._feature, self._level = shapes, feature, level

    def tried(self, read: Callable[[], _Read]) -> _Read | None:
        """What ``read`` makes, or None and a finding of why it is refused."""
        try:
            return read()
        except _Refused as why:
            self._note(why.kind, "refused", why.zh, why.en, why.at)
            return None

    def _note(self, kind: FindingKind, outcome: Outcome, zh: str, en: str, at: Any = None) -> None:
        where = None if at is None else (float(at[0]), float(at[1]))
        place = self._feature.place
        self._shapes.findings.append(
            Finding(kind=kind, outcome=outcome, place=place, detail=Text(zh, en), at=where, level=self._level)
        )

    def nothing(self) -> Polygon:
        """Refuse the geometry as a whole."""
        raise _Refused("geometry_unknown", "几何类型无法使用", "the geometry is of no type that is used, or is empty")

    def positions(self, given: object) -> Degrees:
        """A list of positions as an array (n, 2), swapped ones set right."""
        if not isinstance(given, list) or not given:
            raise _Refused("geometry_unknown", "没有坐标点", "the geometry has no positions")
        if len(given) > POSITIONS_MAX:
            raise _too_many(len(given))
        if not all(_is_position(position) for position in given):
            raise _Refused(
                "position_out_of_range", "坐标点不是经度和纬度", "a position is not longitude and latitude in degrees"
            )
        degrees = np.array([position[:2] for position in given], dtype=np.float64)
        centre = np.array(self._shapes.centre)
        away = ~_near(degrees, centre)
        if (away & ~_near(degrees[:, ::-1], centre)).any():
            lon, lat = degrees[away & ~_near(degrees[:, ::-1], centre)][0]
            raise _Refused(
                "position_out_of_range",
                f"坐标点（{lon:.6g}, {lat:.6g}）超出范围或远离其余部分",
                f"a position ({lon:.6g}, {lat:.6g}) is out of range or far from the rest",
            )
        if away.any():
            count = int(away.sum())
            degrees[away] = degrees[away][:, ::-1]
            zh, en = (
                f"{count} 个坐标点的经纬度颠倒，已调换",
                f"longitude and latitude of {count} positions were swapped",
            )
            self._note("position_swapped", "repaired", zh, en, degrees[away][0])
        return degrees

    def line(self, given: object) -> LineString:
        """A line of two positions or more."""
        degrees = self.positions(given)
        if len(degrees) < 2:
            raise _Refused("geometry_unknown", "线至少有两个坐标点", "a line has at least two positions", degrees[0])
        return LineString(degrees)

    def polygon(self, given: object, area_min_m2: float) -> Polygon:
        """A polygon with its holes: rings closed, and repaired where nearly all of it is kept."""
        if not isinstance(given, list) or not given:
            raise _Refused("geometry_unknown", "多边形没有环", "the polygon has no ring")
        rings = [self._ring(ring) for ring in given]
        if sum(len(ring) for ring in rings) > POSITIONS_MAX:
            raise _too_many(sum(len(ring) for ring in rings))
        shape = Polygon(rings[0], rings[1:])
        if not shape.is_valid:
            shape = self._repaired(shape)
        return self._sized(shape, area_min_m2)

    def _ring(self, given: object) -> Degrees:
        degrees = self.positions(given)
        if (degrees[0] != degrees[-1]).any():
            self._note("ring_open", "repaired", "环未闭合，已闭合", "a ring was open; closed", degrees[0])
            degrees = np.vstack((degrees, degrees[:1]))
        if len(degrees) < 4:
            raise _Refused("too_small", "环少于三个角", "a ring has fewer than three corners", degrees[0])
        return degrees

    def _repaired(self, shape: Polygon) -> Polygon:
        at = shape.exterior.coords[0]
        self._shapes.repairs += 1
        repaired, share = repair(shape) if self._shapes.repairs <= REPAIRS_MAX else (None, 0.0)
        if repaired is None or share < REPAIRED_SHARE_MIN:
            raise _Refused(
                "self_intersection",
                f"多边形自相交，修复只能保留 {share:.0%}，低于 {REPAIRED_SHARE_MIN:.0%}",
                f"the polygon crosses itself, and a repair would keep {share:.0%} of it; the least is "
                f"{REPAIRED_SHARE_MIN:.0%}",
                at,
            )
        reason = shapely.is_valid_reason(shape)
        self._note("self_intersection", "repaired", "多边形无效，已修复", f"the polygon was not valid: {reason}", at)
        return repaired

    def _sized(self, shape: Polygon, area_min_m2: float) -> Polygon:
        area = float(shapely.transform(shape, self._shapes.projection.to_metres).area)
        at = shape.exterior.coords[0]
        if area < area_min_m2:
            zh, en = (
                f"面积 {area:.3g} 平方米，低于 {area_min_m2} 平方米",
                f"{area:.3g} m2; the least is {area_min_m2} m2",
            )
            raise _Refused("too_small", zh, en, at)
        if area > AREA_MAX_M2:
            zh = f"面积 {area:.3g} 平方米，超过 {AREA_MAX_M2:.0f} 平方米"
            raise _Refused("too_large", zh, f"{area:.3g} m2; the most is {AREA_MAX_M2:.0f} m2", at)
        return shape


def _too_many(count: int) -> _Refused:
    return _Refused(
        "too_many_positions",
        f"坐标点 {count} 个，最多 {POSITIONS_MAX} 个",
        f"{count} positions; a geometry has at most {POSITIONS_MAX}",
    )


def positions_of(shape: Polygon) -> dict[str, Any]:
    """A polygon as GeoJSON; its outer ring runs counter-clockwise (RFC 7946, 3.1.6)."""
    oriented = shapely.geometry.polygon.orient(shape)
    rings = [oriented.exterior, *oriented.interiors]
    return {"type": "Polygon", "coordinates": [[[float(x), float(y)] for x, y in ring.coords] for ring in rings]}


def _is_position(position: object) -> bool:
    if not isinstance(position, list) or not 2 <= len(position) <= 4:
        return False
    return all(
        not isinstance(number, bool) and isinstance(number, int | float) and -1e6 <= number <= 1e6
        for number in position[:2]
    )


def _near(degrees: Degrees, centre: Degrees) -> npt.NDArray[np.bool_]:
    in_range = (np.abs(degrees[:, 0]) <= LON_MAX) & (np.abs(degrees[:, 1]) <= LAT_MAX)
    wide = SITE_DEGREES / max(math.cos(math.radians(float(centre[1]))), 0.1)
    away = np.abs(degrees - centre)
    near: npt.NDArray[np.bool_] = in_range & (away[:, 0] <= wide) & (away[:, 1] <= SITE_DEGREES)
    return near


def _centre(features: list[Feature]) -> Position:
    """The median of the first positions; of one that is in range only when swapped, swapped."""
    firsts = [first for feature in features if (first := _first(feature.geometry)) is not None]
    if not firsts:
        return (0.0, 0.0)
    degrees = np.array(firsts, dtype=np.float64)
    swapped = (np.abs(degrees[:, 1]) > 90) & (np.abs(degrees[:, 0]) <= LAT_MAX)
    degrees[swapped] = degrees[swapped][:, ::-1]
    degrees = degrees[(np.abs(degrees[:, 0]) <= LON_MAX) & (np.abs(degrees[:, 1]) <= LAT_MAX)]
    if not len(degrees):
        return (0.0, 0.0)
    # The lower median is a value that was given: halfway between two is nowhere.
    middle = np.sort(degrees, axis=0)[(len(degrees) - 1) // 2]
    return (float(middle[0]), float(middle[1]))


def _first(geometry: dict[str, Any] | None) -> list[float] | None:
    inner: Any = (geometry or {}).get("coordinates")
    for _ in range(4):
        if _is_position(inner):
            return [float(inner[0]), float(inner[1])]
        inner = inner[0] if isinstance(inner, list) and inner else None
    return None


def repair(shape: Polygon) -> tuple[Polygon | None, float]:
    """The largest part of a polygon made valid, and its share of what the outline encloses.

    A share of nothing for a scribble: what costs the square of its size is not sorted out.
    """
    if len(shapely.get_coordinates(shape)) > REPAIR_POSITIONS_MAX or _crossings(shape) > REPAIR_CROSSINGS_MAX:
        return None, 0.0
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    if not polygons:
        return None, 0.0
    best = max(polygons, key=lambda part: float(part.area))
    enclosed = shapely.unary_union(shapely.polygonize([shapely.unary_union(shape.exterior)]))
    holes = shapely.unary_union([shapely.make_valid(Polygon(ring)) for ring in shape.interiors])
    whole = enclosed.difference(holes).area
    return best, best.area / whole if whole > 0 else 0.0


def _crossings(shape: Polygon) -> int:
    """How many pairs of edges of its outer ring cross: each on both sides of the other."""
    ring = np.asarray(shape.exterior.coords)[:, :2]
    a, b = ring[:-1], ring[1:]

    def side(p: Degrees, q: Degrees, r: Degrees) -> Degrees:
        return np.sign((q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0]))

    first, second = np.triu_indices(len(a), 2)
    split = side(a[first], b[first], a[second]) * side(a[first], b[first], b[second]) < 0
    return int((split & (side(a[second], b[second], a[first]) * side(a[second], b[second], b[first]) < 0)).sum())
