"""Where equipment may stand: on the site, on a floor it has, in the zone it is said to be in. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from shapely import Point, Polygon, STRtree

from core.errors import Invalid
from geo.projection import Projection

# Hydrants and gates stand outside of every zone that is drawn; further off is another site, or a slip.
OFF_SITE_MAX_M = 1000.0
# On the other face of a thick wall, or measured by a phone beside it.
OFF_ZONE_MAX_M = 10.0
# As geo.projection: it has no meaning nearer to a pole, and no plant stands there.
LON_MAX, LAT_MAX = 180.0, 84.0


class ZoneGround(msgspec.Struct, frozen=True):
    """A zone's outline and floor."""

    id: UUID
    slug: str
    polygon: dict[str, Any]
    level: int


class Spot(msgspec.Struct, frozen=True):
    """A position asked for; ``zone_id`` None: the one that holds it."""

    lon: float
    lat: float
    level: int
    zone_id: UUID | None = None


class Ground:
    """A site's zones in metres, made once for as many spots as are asked about.

    ``levels``: the floors it has. A site without zones is not measured: any position may be on it.
    """

    def __init__(self, zones: Sequence[ZoneGround], levels: Collection[int]) -> None:
        self._zones = list(zones)
        self._levels = frozenset(levels) | {it.level for it in zones}
        self._shapes: list[Polygon] = []
        if zones:
            lon, lat = zones[0].polygon["coordinates"][0][0][:2]
            self._projection = Projection(lon, lat)
            self._shapes = [self._in_metres(it.polygon) for it in zones]
        self._tree = STRtree(self._shapes)

    def place(self, spot: Spot) -> UUID | None:
        """The zone a thing there belongs to. Raises Invalid equipment.position, .swapped, .off_site, .level, .zone."""
        self._check_position(spot)
        if self._levels and spot.level not in self._levels:
            floors = sorted(self._levels)
            raise Invalid(
                "equipment.level",
                f"the site has no floor {spot.level}: neither its zones nor its plan in force have one",
                f"站点没有 {spot.level} 层：区域和已发布的平面图中均无此层",
                field="level",
                value=spot.level,
                limit=floors,
            )
        if spot.zone_id is not None:
            self._check_zone(spot, spot.zone_id)
            return spot.zone_id
        return self._holding(spot)

    def _check_position(self, spot: Spot) -> None:
        lon, lat = spot.lon, spot.lat
        # NaN is on no globe, and lies in no range.
        there = _on_globe(lon, lat)
        off = self._off_site_m(lon, lat) if there else math.inf
        if off <= OFF_SITE_MAX_M:
            return
        turned = _on_globe(lat, lon) and self._off_site_m(lat, lon) <= OFF_SITE_MAX_M
        if turned:
            raise Invalid(
                "equipment.swapped",
                f"longitude {lon} and latitude {lat} are not on the site; it looks like latitude and longitude are "
                "swapped",
                f"经度 {lon}、纬度 {lat} 不在站点内；经纬度可能写反了",
                field="lat",
                value=[lon, lat],
                limit=[lat, lon],
            )
        if not there:
            raise Invalid(
                "equipment.position",
                f"longitude is within {LON_MAX:.0f} and latitude within {LAT_MAX:.0f} degrees",
                f"经度须在 ±{LON_MAX:.0f}、纬度须在 ±{LAT_MAX:.0f} 度以内",
                field="lat" if abs(lon) <= LON_MAX else "lon",
                value=[_said(lon), _said(lat)],
                limit=[LON_MAX, LAT_MAX],
            )
        far = f"{off / 1000:.1f} km" if off < math.inf else "half a world"
        raise Invalid(
            "equipment.off_site",
            f"the position is {far} from every zone of the site, at most {OFF_SITE_MAX_M:.0f} m are allowed",
            f"该位置距站点所有区域超过 {OFF_SITE_MAX_M:.0f} 米",
            field="lat",
            value=[lon, lat],
            limit=OFF_SITE_MAX_M,
        )

    def _check_zone(self, spot: Spot, zone_id: UUID) -> None:
        number = next((n for n, it in enumerate(self._zones) if it.id == zone_id), None)
        if number is None:
            raise Invalid(
                "site.other", "zone is on another site", "zone 属于另一站点", field="zone", value=str(zone_id)
            )
        zone = self._zones[number]
        if zone.level != spot.level:
            raise Invalid(
                "equipment.zone",
                f"the zone {zone.slug} is on floor {zone.level}, the position on floor {spot.level}",
                f"区域 {zone.slug} 在 {zone.level} 层，而位置在 {spot.level} 层",
                field="zone",
                value=zone.slug,
                limit=zone.level,
            )
        off = self._shapes[number].distance(self._point(spot.lon, spot.lat))
        if off > OFF_ZONE_MAX_M:
            raise Invalid(
                "equipment.zone",
                f"the position is {off:.0f} m from the zone {zone.slug}, at most {OFF_ZONE_MAX_M:.0f} m are allowed",
                f"该位置距区域 {zone.slug} {off:.0f} 米，最多 {OFF_ZONE_MAX_M:.0f} 米",
                field="zone",
                value=zone.slug,
                limit=OFF_ZONE_MAX_M,
            )

    def _holding(self, spot: Spot) -> UUID | None:
        """The one zone of the level that holds the spot; None: none does, or several."""
        if not self._shapes:
            return None
        found = self._tree.query(self._point(spot.lon, spot.lat), predicate="intersects").tolist()
        holding = [self._zones[n].id for n in found if self._zones[n].level == spot.level]
        return holding[0] if len(holding) == 1 else None

    def _off_site_m(self, lon: float, lat: float) -> float:
        """Metres to the nearest zone of any level; nothing to measure by: 0."""
        if not self._shapes:
            return 0.0
        point = self._point(lon, lat)
        if not (math.isfinite(point.x) and math.isfinite(point.y)):
            return math.inf
        nearest = self._tree.nearest(point)
        return float(self._shapes[int(nearest)].distance(point))

    def _point(self, lon: float, lat: float) -> Point:
        return Point(self._projection.to_metres([(lon, lat)])[0])

    def _in_metres(self, polygon: dict[str, Any]) -> Polygon:
        """The outline around the first zone's corner; empty for a zone on the other side of the globe."""
        rings = [self._projection.to_metres(np.asarray([at[:2] for at in ring])) for ring in polygon["coordinates"]]
        return Polygon(rings[0], rings[1:]) if all(np.isfinite(ring).all() for ring in rings) else Polygon()


def _on_globe(lon: float, lat: float) -> bool:
    return abs(lon) <= LON_MAX and abs(lat) <= LAT_MAX


def _said(number: float) -> float | str:
    """JSON has no NaN."""
    return number if math.isfinite(number) else str(number)
