"""What a person may draw as a hazard, and where: the geometry is ``geo.hazards``', here is the site. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import shapely

from core.errors import Conflict, Invalid
from geo.hazards.footprints import drawn_shape, place
from geo.hazards.model import OFFSET_MAX_MS, Area, Concentration, Hazard, Slice
from geo.projection import Projection
from incidents.hazards.model import Ground

# Whoever stands at a plant sees no further, and one that is drawn further is a slip of the hand.
OFF_SITE_MAX_M = 5_000.0
AREAS_DRAWN_MAX = 100
# A tenth of a millimetre; what is smaller would be written into the database with all its noughts.
_DECIMALS = 9


class AreaDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An area as it was drawn; ``factor`` None: a ban."""

    polygon: dict[str, Any]
    levels: list[int]
    factor: float | None = None
    air: list[Concentration] = []


def drawn_hazard(hazard_id: str, areas: Sequence[AreaDraft], ground: Ground) -> Hazard:
    """The hazard that holds as drawn. Raises Invalid, naming field, value and limit, for anything wrong with it.

    ``ground`` says which levels there are, and where the site is.
    """
    levels, projection = levels_of(ground), projection_of(ground)
    if not 1 <= len(areas) <= AREAS_DRAWN_MAX:
        raise Invalid(
            "hazard.areas",
            f"a hazard is drawn as 1 to {AREAS_DRAWN_MAX} areas",
            f"危险区须画 1 至 {AREAS_DRAWN_MAX} 个区域",
            field="areas",
            value=len(areas),
            limit=AREAS_DRAWN_MAX,
        )
    with _in_drawn_words():
        shapes = [drawn_shape(f"areas.{number}.polygon", area.polygon) for number, area in enumerate(areas)]
    for number, outline in enumerate(shapes):
        check_near(f"areas.{number}.polygon.coordinates", shapely.get_coordinates(outline), ground, projection)
    made = Hazard(id=hazard_id, source="drawn", slices=[_slice(areas)])
    with _in_drawn_words():
        place(made, projection, levels)
    return made


def levels_of(ground: Ground) -> list[int]:
    """The floors of the plan in force, or of the zones where there is none. Raises Conflict where there is neither."""
    levels = ground.plan_levels or ground.zone_levels
    if not levels:
        raise _no_ground()
    return levels


def projection_of(ground: Ground) -> Projection:
    """Metres around the site's middle. Raises Conflict for a site nobody has drawn."""
    west, south, east, north = _box(ground)
    return Projection((west + east) / 2, (south + north) / 2)


def check_near(field: str, positions: Any, ground: Ground, projection: Projection) -> None:
    """Raise Invalid (hazard.off_site) when a position (longitude, latitude) is OFF_SITE_MAX_M from the site."""
    found = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    far = _metres_off(found, ground, projection) > OFF_SITE_MAX_M
    if not far.any():
        return
    first = found[int(np.argmax(far))]
    swapped = abs(first[0]) <= 84 and bool(_metres_off(first[None, ::-1], ground, projection)[0] <= OFF_SITE_MAX_M)
    limit = f"{OFF_SITE_MAX_M / 1000:.0f}"
    raise Invalid(
        "hazard.off_site",
        f"{field}: it lies more than {limit} km from the site"
        + ("; longitude and latitude are swapped" if swapped else ""),
        f"{field}：距厂区超过 {limit} 公里" + ("；经度与纬度写反了" if swapped else ""),
        field=field,
        value=first.tolist(),
        limit=OFF_SITE_MAX_M,
    )


def _box(ground: Ground) -> tuple[float, float, float, float]:
    if ground.west is None or ground.south is None or ground.east is None or ground.north is None:
        raise _no_ground()
    return ground.west, ground.south, ground.east, ground.north


def _metres_off(positions: Any, ground: Ground, projection: Projection) -> Any:
    """How far outside of the site's box each position lies; what is degrees away is as far as that."""
    west, south, east, north = _box(ground)
    nearest = np.column_stack((np.clip(positions[:, 0], west, east), np.clip(positions[:, 1], south, north)))
    gap = np.abs(positions - nearest).max(axis=1)
    off = np.full(len(positions), np.inf)
    # A degree of latitude is at least 110.5 km; of longitude at 84 degrees north still 11.6.
    near = gap < 1
    apart = projection.to_metres(positions[near]) - projection.to_metres(nearest[near])
    off[near] = np.hypot(apart[:, 0], apart[:, 1])
    return off


def _slice(areas: Sequence[AreaDraft]) -> Slice:
    made = [
        Area(polygon=_neat(it.polygon), levels=sorted(set(it.levels)), factor=it.factor, air=it.air) for it in areas
    ]
    return Slice(start_ms=0, length_ms=OFFSET_MAX_MS, areas=made)


def _neat(polygon: dict[str, Any]) -> dict[str, Any]:
    """Without heights, and no finer than anybody draws; the polygon was found sound."""

    def neat(part: Any) -> Any:
        if isinstance(part[0], int | float):
            return [round(float(number), _DECIMALS) + 0.0 for number in part[:2]]
        return [neat(it) for it in part]

    return {"type": polygon["type"], "coordinates": neat(polygon["coordinates"])}


@contextmanager
def _in_drawn_words() -> Iterator[None]:
    """Errors of a hazard's slices in the words of what was sent: there are no slices in a drawing."""

    def plain(text: str) -> str:
        return text.replace("slices.0.areas", "areas")

    try:
        yield
    except Invalid as problem:
        raise Invalid(
            problem.code,
            plain(problem.en),
            plain(problem.zh),
            field=plain(problem.field or "areas"),
            value=problem.value,
            limit=problem.limit,
        ) from problem


def _no_ground() -> Conflict:
    return Conflict(
        "hazard.no_ground",
        "the site has neither a plan nor a zone: nobody knows where it is",
        "站点既无平面图也无区域，无法确定其位置",
        field="site_id",
    )
