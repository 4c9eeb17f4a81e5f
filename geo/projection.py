"""Degrees to metres and back, around one site. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

from core.errors import Invalid


class Projection:
    """The local metric projection of a site: ``x`` metres east, ``y`` metres north of its origin.

    Transverse Mercator through the origin: 10 km from it lengths are wrong by 1.2 parts in a million (Snyder, Map
    Projections, USGS Professional Paper 1395, section 8: k = 1 + x^2 / 2 R^2).
    """

    def __init__(self, lon: float, lat: float) -> None:
        if not (-180 <= lon <= 180 and -84 <= lat <= 84):
            raise Invalid(
                "geo.origin_invalid",
                "a site's origin is longitude -180 to 180 and latitude -84 to 84",
                "厂区原点的经度须在 -180 至 180，纬度须在 -84 至 84",
                field="origin",
                value=[lon, lat],
            )
        self.lon, self.lat = lon, lat
        local = CRS.from_proj4(f"+proj=tmerc +lat_0={lat} +lon_0={lon} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m")
        self._there = Transformer.from_crs("EPSG:4326", local, always_xy=True)

    def to_metres(self, positions: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Positions (n, 2) in degrees, longitude first -> (n, 2) metres."""
        given = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
        x, y = self._there.transform(given[:, 0], given[:, 1])
        return np.column_stack((x, y))

    def to_degrees(self, places: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Places (n, 2) in metres -> (n, 2) degrees, longitude first."""
        given = np.asarray(places, dtype=np.float64).reshape(-1, 2)
        lon, lat = self._there.transform(given[:, 0], given[:, 1], direction="INVERSE")
        return np.column_stack((lon, lat))
