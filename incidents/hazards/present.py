"""What of a hazard there is at a moment, small enough for a phone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

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
    the box around it. Each contains what it stands for: nobody is shown less than there is.
    """
    exact = [
        HazardAreaView(polygon=_rounded(it.polygon), levels=it.levels, factor=it.factor)
        for it in areas[: AREAS_SHOWN_MAX + 1]
    ]
    if _fits(exact):
        return exact, False
    joined = [(key, shapely.union_all([_whole(it.polygon) for it in some])) for key, some in _alike(areas)]
    made: list[HazardAreaView] = []
    for coarser in (_same, shapely.convex_hull, shapely.envelope):
        made = [
            HazardAreaView(polygon=_rounded(mapping(coarser(outline))), levels=list(levels), factor=factor)
            for (levels, factor), outline in joined
        ]
        if _fits(made):
            break
    return made, True


def extent(areas: Iterable[Area]) -> tuple[list[int], bool, float | None]:
    """The levels areas are on, whether one is banned, and the greatest factor of the others."""
    listed = list(areas)
    factors = [it.factor for it in listed if it.factor is not None]
    levels = sorted({level for it in listed for level in it.levels})
    return levels, len(factors) < len(listed), max(factors, default=None)


def _alike(areas: Sequence[Area]) -> Iterator[tuple[tuple[tuple[int, ...], float | None], list[Area]]]:
    by_key: dict[tuple[tuple[int, ...], float | None], list[Area]] = {}
    for it in areas:
        by_key.setdefault((tuple(sorted(it.levels)), it.factor), []).append(it)
    return iter(by_key.items())


def _whole(polygon: dict[str, Any]) -> BaseGeometry:
    return shapely.make_valid(shape(polygon))


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
