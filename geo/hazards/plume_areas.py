"""The ground under a plume or a puff where the air holds more than a limit, as a hazard. Pure.

The outlines contain every point over the limit; where they must err they are too large, by some percent of their width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from geo.graph.csr import Floats
from geo.hazards.footprints import to_geojson
from geo.hazards.model import CONCENTRATION_MAX, OFFSET_MAX_MS, Area, Concentration, Hazard, Slice
from geo.hazards.plume import (
    FURTHEST_M,
    NEAREST_M,
    Leak,
    Wind,
    blows_to,
    check_leak,
    check_wind,
    plume_on_axes,
    plume_widths,
    puff_widths,
    reflected,
)
from geo.projection import Projection

# Samples along the wind, at distances 3.9 % apart; between two of them the outline is as wide as the widest beside it.
_SAMPLES = 241
# Corners of a circle: drawn around it, they stand 0.5 % outside.
_CORNERS = 32
# The outline is of this share of the limit, so that a crest between two samples is not missed.
_SHARE = 0.98
# A slice of a puff's way: so many pieces, each as wide as the widest of so many moments in it.
_PIECES, _PIECE = 8, 8
LIMITS_MAX = 8
# An hour by 15 s.
FORECAST_SLICES_MAX = 240


class Limit(msgspec.Struct, frozen=True):
    """A concentration in mg/m3 and what it means for a way: a factor, or a ban (None).

    Which concentration (IDLH, ERPG-2, an occupational limit) and its source are the caller's.
    """

    mg_m3: float
    factor: float | None = None


def plume_area(leak: Leak, wind: Wind, mg_m3: float, height_m: float = 0.0) -> Polygon | None:
    """Where a steady leak holds the air at ``height_m`` over a limit: metres of the site; None: nowhere.

    In a calm it is the disc of that reach. A plume that goes beyond FURTHEST_M is cut there.
    """
    check_wind(wind)
    check_leak(leak)
    _check_limit("mg_m3", mg_m3)
    x = np.geomspace(NEAREST_M, FURTHEST_M, _SAMPLES)
    middle = plume_on_axes(leak, wind, x, np.zeros(_SAMPLES), height_m)
    over = middle > mg_m3 * _SHARE
    if not over.any():
        return None
    if wind.calm:
        last = min(int(np.flatnonzero(over)[-1]) + 1, _SAMPLES - 1)
        return _disc(leak.x, leak.y, float(x[last]))
    half = np.zeros(_SAMPLES)
    half[over] = plume_widths(wind.stability, x[over])[0] * np.sqrt(2 * np.log(middle[over] / (mg_m3 * _SHARE)))
    return _along(leak, wind, x, half, from_source=bool(over[0]))


def puff_area(
    leak: Leak, wind: Wind, mg_m3: float, from_s: float, to_s: float, height_m: float = 0.0
) -> BaseGeometry | None:
    """Where a leak all at once holds the air over a limit at any moment between two: metres; None: nowhere."""
    check_wind(wind)
    check_leak(leak)
    _check_limit("mg_m3", mg_m3)
    if not 0 <= from_s < to_s <= OFFSET_MAX_MS / 1_000:
        raise _invalid(
            "from_s", "a forecast is from a moment to a later one, within a week", "时段无效", [from_s, to_s]
        )
    pieces = _puff_pieces(leak, wind, mg_m3, from_s, to_s, height_m)
    if not pieces:
        return None
    if wind.calm:
        return _disc(leak.x, leak.y, max(end + wide for _, end, wide in pieces))
    east, north = blows_to(wind)
    swept = []
    for start, end, wide in pieces:
        first = _disc(leak.x + east * start, leak.y + north * start, wide)
        swept.append(first.union(_disc(leak.x + east * end, leak.y + north * end, wide)).convex_hull)
    return shapely.union_all(swept)


def plume_hazard(
    leak: Leak, wind: Wind, limits: Sequence[Limit], *, hazard_id: str, agent: str, projection: Projection,
    levels: Sequence[int] = (0,), height_m: float = 0.0,
) -> Hazard:  # fmt: skip
    """A steady leak as a hazard of one slice that holds: an area a limit. See ``_areas`` for the air in them."""
    ordered = check_limits(limits)
    shapes = [plume_area(leak, wind, limit.mg_m3, height_m) for limit in ordered]
    peak = float(plume_on_axes(leak, wind, np.geomspace(NEAREST_M, FURTHEST_M, _SAMPLES), np.zeros(1), height_m).max())
    areas = _areas(shapes, ordered, peak, agent, levels, projection)
    return Hazard(id=hazard_id, source="forecast", slices=[Slice(start_ms=0, length_ms=1, areas=areas)])


def puff_hazard(
    leak: Leak, wind: Wind, limits: Sequence[Limit], *, hazard_id: str, agent: str, projection: Projection,
    until_ms: int, step_ms: int, levels: Sequence[int] = (0,), height_m: float = 0.0,
) -> Hazard:  # fmt: skip
    """A leak all at once as a hazard in slices of ``step_ms``; after the last there is nothing left to say."""
    ordered = check_limits(limits)
    check_steps(until_ms, step_ms)
    slices = []
    for start in range(0, until_ms, step_ms):
        end = min(start + step_ms, until_ms)
        shapes = [puff_area(leak, wind, it.mg_m3, start / 1_000, end / 1_000, height_m) for it in ordered]
        peak = float(_puff_middle(leak, wind, np.array([start / 1_000, end / 1_000]), height_m).max())
        areas = _areas(shapes, ordered, peak, agent, levels, projection)
        slices.append(Slice(start_ms=start, length_ms=end - start, areas=areas))
    slices.append(Slice(start_ms=until_ms, length_ms=1, areas=[]))
    return Hazard(id=hazard_id, source="forecast", slices=slices)


def _areas(
    shapes: Sequence[BaseGeometry | None], limits: Sequence[Limit], peak: float, agent: str,
    levels: Sequence[int], projection: Projection,
) -> list[Area]:  # fmt: skip
    """Limits ascending. An area's air is what the next limit says, the innermost the greatest there is: an upper bound.

    Where areas overlap the inner one's factor may be the smaller; the greatest counts (``raising``).
    """
    areas = []
    for number, (shape, limit) in enumerate(zip(shapes, limits, strict=True)):
        if shape is not None:
            inner = number + 1 < len(shapes) and shapes[number + 1] is not None
            holds = min(limits[number + 1].mg_m3 if inner else max(peak, limit.mg_m3), CONCENTRATION_MAX)
            areas.append(
                Area(
                    polygon=to_geojson(shape, projection),
                    levels=list(levels),
                    factor=limit.factor,
                    air=[Concentration(agent, holds, "mg/m3")],
                )
            )
    return areas


def _along(leak: Leak, wind: Wind, x: Floats, half: Floats, *, from_source: bool) -> Polygon:
    """The outline of half widths along the wind, each as wide as its neighbours."""
    padded = np.concatenate(([0.0], half, [0.0]))
    wide = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    kept = np.flatnonzero(wide > 0)
    along, wide = x[kept], np.maximum(wide[kept], NEAREST_M)
    if from_source:
        # A leak is no point, and a vane is never still: what stands beside it is under it.
        along, wide = np.concatenate(([-NEAREST_M], along)), np.concatenate(([wide[0]], wide))
    east, north = blows_to(wind)
    downwind = np.concatenate((along, along[::-1]))
    across = np.concatenate((wide, -wide[::-1]))
    return Polygon(
        np.column_stack((leak.x + downwind * east + across * north, leak.y + downwind * north - across * east))
    )


def _puff_pieces(
    leak: Leak, wind: Wind, mg_m3: float, from_s: float, to_s: float, height_m: float
) -> list[tuple[float, float, float]]:
    """The way of the puff between two moments in pieces: from, to (m travelled) and how wide it is there at most."""
    after_s = np.linspace(from_s, to_s, _PIECES * _PIECE + 1)
    travelled = np.maximum(wind.carrying_m_s * after_s, NEAREST_M)
    middle = _puff_middle(leak, wind, after_s, height_m)
    over = (middle > mg_m3 * _SHARE) & (travelled <= FURTHEST_M)
    radius = np.zeros(len(after_s))
    sigma = puff_widths(wind.stability, travelled[over])[0]
    radius[over] = np.maximum(sigma * np.sqrt(2 * np.log(middle[over] / (mg_m3 * _SHARE))), NEAREST_M)
    pieces = []
    for first in range(0, len(after_s) - 1, _PIECE):
        # One sample more on either side: the crest may lie between two.
        wide = float(radius[max(first - 1, 0) : first + _PIECE + 2].max())
        if wide > 0:
            pieces.append((float(travelled[first]), float(travelled[first + _PIECE]), wide))
    return pieces


def _puff_middle(leak: Leak, wind: Wind, after_s: Floats, height_m: float) -> Floats:
    """The concentration above or below the puff's middle after so long."""
    travelled = np.maximum(wind.carrying_m_s * after_s, NEAREST_M)
    sigma_y, sigma_z = puff_widths(wind.stability, travelled)
    middle: Floats = leak.amount_mg / ((2 * math.pi) ** 1.5 * sigma_y**2 * sigma_z)
    return middle * reflected(leak, height_m, sigma_z)


def _disc(x: float, y: float, radius: float) -> Polygon:
    """A disc within a polygon of _CORNERS corners."""
    outer = radius / math.cos(math.pi / _CORNERS)
    angles = np.linspace(0, 2 * math.pi, _CORNERS, endpoint=False)
    return Polygon(np.column_stack((x + outer * np.cos(angles), y + outer * np.sin(angles))))


def check_limits(limits: Sequence[Limit]) -> list[Limit]:
    """The limits ascending. Raises Invalid (geo.forecast_invalid) unless each is one."""
    if not 1 <= len(limits) <= LIMITS_MAX:
        raise _invalid(
            "limits", f"a forecast has 1 to {LIMITS_MAX} limits", f"限值须为 1 至 {LIMITS_MAX} 个", len(limits)
        )
    for number, limit in enumerate(limits):
        _check_limit(f"limits.{number}", limit.mg_m3)
    return sorted(limits, key=lambda it: it.mg_m3)


def check_steps(until_ms: int, step_ms: int) -> None:
    """Raise Invalid (geo.forecast_invalid) unless these are steps of a forecast."""
    if not (1 <= step_ms <= until_ms <= OFFSET_MAX_MS and until_ms <= step_ms * FORECAST_SLICES_MAX):
        raise _invalid(
            "step_ms",
            f"a forecast has 1 to {FORECAST_SLICES_MAX} slices within a week",
            f"预测须为 1 至 {FORECAST_SLICES_MAX} 个时段，且在一周以内",
            step_ms,
        )


def _check_limit(field: str, mg_m3: float) -> None:
    if not 0 < mg_m3 <= CONCENTRATION_MAX:
        raise _invalid(field, f"a limit is above 0 and at most {CONCENTRATION_MAX:.0f} mg/m3", "限值须大于 0", mg_m3)


def _invalid(field: str, en: str, zh: str, value: object) -> Invalid:
    return Invalid("geo.forecast_invalid", en, zh, field=field, value=value)
