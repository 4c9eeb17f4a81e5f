"""What of a hazard there is at a moment, small enough for a phone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from geo.hazards.model import Area, Hazard, Slice
from mobile_contract.room_views import HazardAreaView

# A centimetre; no map on a phone shows less (RFC 7946, 11.2).
DECIMALS = 7
# 50 kB of coordinates: a second on a poor mobile line.
POSITIONS_SHOWN_MAX = 2_000
AREAS_SHOWN_MAX = 200


def slice_at(hazard: Hazard, offset_ms: int) -> Slice | None:
    """What holds at an offset: the last one that has begun; None before the first."""
    begun = [it for it in hazard.slices if it.start_ms <= offset_ms]
    return begun[-1] if begun else None


def next_change_ms(hazard: Hazard, offset_ms: int) -> int | None:
    """When, after an offset, there is something else than at it; None: never."""
    now = slice_at(hazard, offset_ms)
    areas = [] if now is None else now.areas
    return next((it.start_ms for it in hazard.slices if it.start_ms > offset_ms and it.areas != areas), None)


def shown_areas(areas: Sequence[Area]) -> tuple[list[HazardAreaView], bool]:
    """The areas for a room's view, and whether they had to be drawn coarser.

    With too many corners, areas of one factor on the same levels become one: their union, else its convex hull, else
    the box around it, in the end on all levels. Each contains what it stands for: nobody is shown less than there is.
    """
    exact = [
        HazardAreaView(polygon=_rounded(it.polygon), levels=it.levels, factor=it.factor)
        for it in areas[: AREAS_SHOWN_MAX + 1]
    ]
    if _fits(exact):
        return exact, False
    joined = [(key, _union(some)) for key, some in _alike(areas, by_level=True)]
    for coarser in (_same, shapely.convex_hull, shapely.envelope):
        made = [_view(levels, factor, coarser(outline)) for (levels, factor), outline in joined]
        if _fits(made):
            return made, True
    # On more floors than any house has.
    boxes = [
        _view(sorted({level for it in some for level in it.levels}), factor, shapely.envelope(_union(some)))
        for (_, factor), some in _alike(areas, by_level=False)
    ]
    return boxes, True


def extent(areas: Iterable[Area]) -> tuple[list[int], bool, float | None]:
    """The levels areas are on, whether one is banned, and the greatest factor of the others."""
    listed = list(areas)
    factors = [it.factor for it in listed if it.factor is not None]
    levels = sorted({level for it in listed for level in it.levels})
    return levels, len(factors) < len(listed), max(factors, default=None)


_Key: TypeAlias = tuple[tuple[int, ...], float | None]


def _alike(areas: Sequence[Area], *, by_level: bool) -> list[tuple[_Key, list[Area]]]:
    by_key: dict[_Key, list[Area]] = {}
    for it in areas:
        by_key.setdefault((tuple(sorted(it.levels)) if by_level else (), it.factor), []).append(it)
    return list(by_key.items())


def _union(areas: Sequence[Area]) -> BaseGeometry:
    return shapely.union_all([shapely.make_valid(shape(it.polygon)) for it in areas])


def _view(levels: Sequence[int], factor: float | None, outline: BaseGeometry) -> HazardAreaView:
    return HazardAreaView(polygon=_rounded(mapping(outline)), levels=list(levels), factor=factor)


def _same(outline: BaseGeometry) -> BaseGeometry:
    """Only polygons: where two of them touch in a line, that is no area."""
    parts = [it for it in shapely.get_parts(outline) if it.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def _fits(areas: Sequence[HazardAreaView]) -> bool:
    positions = sum(_count(it.polygon["coordinates"]) for it in areas)
    return len(areas) <= AREAS_SHOWN_MAX and positions <= POSITIONS_SHOWN_MAX


def _count(coordinates: Any) -> int:
    """Positions below a list of lists of positions."""
    if coordinates and isinstance(coordinates[0], int | float):
        return 1
    return sum(map(_count, coordinates))


def _rounded(polygon: dict[str, Any]) -> dict[str, Any]:
    def rounded(part: Any) -> Any:
        if part and isinstance(part[0], int | float):
            return [round(float(number), DECIMALS) for number in part[:2]]
        return [rounded(it) for it in part]

    return {"type": polygon["type"], "coordinates": rounded(polygon["coordinates"])}
