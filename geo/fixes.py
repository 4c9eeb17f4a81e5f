"""Which zone a position with an accuracy lies in, and how much of it: pure.

A phone states the radius that holds the true place with 68 % (Android's ``getAccuracy``, Core Location's
``horizontalAccuracy``). The error is taken as a circular normal distribution: 68 % lie within 1.51 sigma, 95 % within
2.45 sigma, so the 95 % radius is 1.62 times the 68 % radius.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from uuid import UUID

import msgspec
from shapely import Point, Polygon, set_precision
from shapely.strtree import STRtree

from geo.zones import EARTH_RADIUS_M, ZoneShape

RADIUS_95_PER_68 = 1.62
_WITHIN_68, _BETWEEN = 0.68, 0.27
# No phone is better than this indoors, and a radius of nothing has no share.
ACCURACY_MIN_M = 1.0
# Slivers of a polygon with itself are no area: a tenth of a millimetre.
_GRID_M = 1e-4


class Fix(msgspec.Struct, frozen=True):
    """A position: degrees WGS 84, metres, floor (None: the phone does not know)."""

    lon: float
    lat: float
    accuracy_m: float
    level: int | None = None


class Located(msgspec.Struct, frozen=True):
    """The likeliest zone of a fix; ``share`` 0 to 0.95 is how likely the phone is in it, by its accuracy alone."""

    zone_id: UUID
    level: int
    share: float


class ZoneMap:
    """The zones of some sites, ready to be asked many times."""

    def __init__(self, zones: Sequence[ZoneShape]) -> None:
        self._zones = list(zones)
        self._origin = _first_position(zones[0]) if zones else (0.0, 0.0)
        self._shapes = [self._project(zone) for zone in zones]
        self._tree = STRtree(self._shapes)

    def locate(self, fix: Fix) -> Located | None:
        """The zone most of the fix lies in; None when none of it lies in any. Equal shares (to 0.1 %): the smaller id.

        Without a level every floor is as likely as another that has a zone there.
        """
        x, y = self._metres(fix.lon, fix.lat)
        radius = max(fix.accuracy_m, ACCURACY_MIN_M)
        inner = Point(x, y).buffer(radius)
        outer = Point(x, y).buffer(radius * RADIUS_95_PER_68)
        ring_area = outer.area - inner.area
        shares: dict[int, float] = {}
        for index in self._tree.query(outer).tolist():
            if fix.level is None or fix.level == self._zones[index].level:
                covered = self._shapes[index].intersection(inner).area
                beyond = self._shapes[index].intersection(outer).area - covered
                shares[index] = _WITHIN_68 * covered / inner.area + _BETWEEN * max(beyond, 0.0) / ring_area
        shares = {index: share for index, share in shares.items() if share > 0}
        if not shares:
            return None
        best = min(shares, key=lambda i: (-round(shares[i], 3), self._zones[i].id))
        floors = len({self._zones[i].level for i in shares}) if fix.level is None else 1
        return Located(self._zones[best].id, self._zones[best].level, shares[best] / floors)

    def nearest(self, fix: Fix, within_m: float) -> UUID | None:
        """The zone nearest to the fix on whatever floor; None when none is that near."""
        if not self._zones:
            return None
        point = Point(*self._metres(fix.lon, fix.lat))
        index = int(self._tree.nearest(point))
        return self._zones[index].id if self._shapes[index].distance(point) <= within_m else None

    def _metres(self, lon: float, lat: float) -> tuple[float, float]:
        lon0, lat0 = self._origin
        scale = math.radians(1.0) * EARTH_RADIUS_M
        return (lon - lon0) * scale * math.cos(math.radians(lat0)), (lat - lat0) * scale

    def _project(self, zone: ZoneShape) -> Polygon:
        rings = [[self._metres(p[0], p[1]) for p in ring] for ring in zone.polygon["coordinates"]]
        shape: Polygon = set_precision(Polygon(rings[0], rings[1:]), _GRID_M)
        return shape


def _first_position(zone: ZoneShape) -> tuple[float, float]:
    lon, lat = zone.polygon["coordinates"][0][0][:2]
    return float(lon), float(lat)
