"""GML 3.2 geometry in metres of a building's own axes: rings, faces, the floor of a solid. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.graph.csr import Floats
from geo.places.shapes import REPAIRED_SHARE_MIN, repair
from geo.places.xml_tree import Element
from geo.zones import POSITIONS_MAX

# Faces this near to the lowest are one floor with a step in it; a window sill is higher.
FLOOR_WITHIN_M = 0.2
# A face whose corners differ less in height is level.
LEVEL_FACE_M = 0.05
NUMBERS_MAX = 3 * POSITIONS_MAX


class Face:
    """A planar face: its outline seen from above, its lowest and highest corner (0 in a drawing without heights)."""

    __slots__ = ("low", "outline", "top")

    def __init__(self, outline: Polygon, low: float, top: float) -> None:
        self.outline, self.low, self.top = outline, low, top


def floor_of(geometry: Element, by_id: Mapping[str, Element], scale: float) -> tuple[BaseGeometry, float] | None:
    """The floor of a Solid, Surface or Polygon, and its height; None when no face of it can be one.

    The floor is the level faces at the lowest height of the outer shell, without those of the inner shells: a corridor
    around rooms is a solid with voids.
    """
    outer = _lowest(_faces(geometry, by_id, scale, inner=False))
    if outer is None:
        return None
    floor, height = outer
    inner = _lowest(_faces(geometry, by_id, scale, inner=True))
    return (floor if inner is None else floor.difference(inner[0])), height


def _lowest(faces: Iterable[Face]) -> tuple[BaseGeometry, float] | None:
    level = [face for face in faces if face.top - face.low <= LEVEL_FACE_M and not face.outline.is_empty]
    if not level:
        return None
    height = min(face.low for face in level)
    union = shapely.union_all([face.outline for face in level if face.low <= height + FLOOR_WITHIN_M])
    return union, height


def _faces(geometry: Element, by_id: Mapping[str, Element], scale: float, *, inner: bool) -> list[Face]:
    solids = list(geometry.all("Solid"))
    if not solids:
        return [] if inner else [face for one in _polygons(geometry, by_id) for face in _face(one, scale)]
    shells = [shell for solid in solids for shell in solid.own("interior" if inner else "exterior")]
    return [face for shell in shells for one in _polygons(shell, by_id) for face in _face(one, scale)]


def _polygons(parent: Element, by_id: Mapping[str, Element]) -> list[Element]:
    """The polygons and patches below an element, and those its surface members refer to."""
    found = list(parent.all("Polygon", "PolygonPatch"))
    for member in parent.all("surfaceMember", "baseSurface"):
        target = by_id.get(member.href or "")
        if target is not None:
            found += [target] if target.name == "Polygon" else []
    return found


def _face(polygon: Element, scale: float) -> list[Face]:
    rings = [
        positions(ring, scale)
        for kind in ("exterior", "interior")
        for end in polygon.own(kind)
        for ring in end.all("LinearRing")
    ]
    rings = [ring for ring in rings if len(ring) >= 3]
    if not rings or sum(map(len, rings)) > POSITIONS_MAX:
        return []
    # A ring that is not closed is closed by shapely; a wall seen from above has no area, and is no floor.
    outline: Polygon | None = Polygon(rings[0][:, :2], [ring[:, :2] for ring in rings[1:]])
    heights = np.concatenate(rings)[:, 2]
    if heights.max() - heights.min() <= LEVEL_FACE_M and outline is not None and not outline.is_valid:
        repaired, share = repair(outline)
        outline = repaired if share >= REPAIRED_SHARE_MIN else None
    return [] if outline is None else [Face(outline, float(heights.min()), float(heights.max()))]


def positions(element: Element, scale: float) -> Floats:
    """The positions of a ring or line (n, 3) in metres; none when one of its numbers is none."""
    given = list(element.all("pos", "posList"))
    listed = [one for one in given if one.name == "posList"]
    rows: list[Floats] = []
    for one in given if not listed else listed[:1]:
        try:
            numbers = np.array(one.text.split()[: NUMBERS_MAX + 1], dtype=np.float64)
        except ValueError:
            return np.empty((0, 3))
        wide = _dimension(one, element, len(numbers))
        if not len(numbers) or len(numbers) % wide or len(numbers) > NUMBERS_MAX or not np.isfinite(numbers).all():
            return np.empty((0, 3))
        rows.append(numbers.reshape(-1, wide))
    if not rows or len({row.shape[1] for row in rows}) > 1:
        return np.empty((0, 3))
    places = np.vstack(rows) * scale
    # Beyond these a float has no millimetres left, and no building is.
    if np.abs(places).max() > 1e9:
        return np.empty((0, 3))
    return places if places.shape[1] == 3 else np.column_stack((places, np.zeros(len(places))))


def _dimension(one: Element, parent: Element, count: int) -> int:
    stated = one.attributes.get("srsDimension") or parent.attributes.get("srsDimension")
    if stated in ("2", "3"):
        return int(stated)
    return 2 if count == 2 or (count % 3 and not count % 2) else 3
