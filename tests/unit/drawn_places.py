"""Places drawn for tests: metres east and north of an origin in Shanghai, as GeoJSON, features and plans."""

from __future__ import annotations

from typing import Any

import msgspec

from geo.places.findings import Finding
from geo.places.model import Door, Level, Plan, Room
from geo.projection import Projection
from mobile_contract.text import Text

LON, LAT = 121.4737, 31.2304
_SITE = Projection(LON, LAT)


def at(x: float, y: float) -> tuple[float, float]:
    """A position ``x`` metres east and ``y`` north of the origin."""
    lon, lat = _SITE.to_degrees([(x, y)])[0].tolist()
    return (lon, lat)


def ring(*corners: tuple[float, float]) -> list[list[float]]:
    """A closed ring of corners in metres."""
    return [list(at(x, y)) for x, y in (*corners, corners[0])]


def polygon(*corners: tuple[float, float], holes: Any = ()) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring(*corners), *(ring(*hole) for hole in holes)]}


def box(x: float, y: float, width: float = 6.0, depth: float = 4.0) -> dict[str, Any]:
    return polygon((x, y), (x + width, y), (x + width, y + depth), (x, y + depth))


def line(*places: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(at(x, y)) for x, y in places]}


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(at(x, y))}


def feature(own: Any, geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": own, "geometry": geometry, "properties": properties}


def collection(*features: Any) -> bytes:
    return msgspec.json.encode({"type": "FeatureCollection", "features": list(features)})


def faults(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """Findings as kind, outcome and place, files without their ending."""
    return [(finding.kind, finding.outcome, finding.place.replace(".geojson", "")) for finding in findings]


def room(own: str, x: float, y: float, width: float = 6.0, depth: float = 4.0, level: int = 0, **more: Any) -> Room:
    return Room(id=own, level=level, polygon=box(x, y, width, depth), **more)


def door(own: str, x: float, y: float, *joins: str | None, level: int = 0, **more: Any) -> Door:
    sides = (*joins, None, None)
    return Door(id=own, level=level, at=at(x, y), joins=(sides[0], sides[1]), **more)


def plan(*levels: int, **things: Any) -> Plan:
    return Plan(
        name=Text("厂房", "Plant"),
        levels=[Level(level=level, name=Text(f"{level} 层", f"Level {level}")) for level in levels or (0,)],
        **things,
    )
