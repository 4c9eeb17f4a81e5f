"""The nouns of a hazard: areas on levels, in slices of time, that slow whoever walks there or stop them. Pure.

Offsets count from the moment the hazard was stated. A slice says everything there is from its start until the next
one; the last one holds. Before the first there is nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from core.errors import Invalid
from geo.places.model import PlaceId

HazardSource: TypeAlias = Literal["drawn", "grown", "forecast"]
ConcentrationUnit: TypeAlias = Literal["ppm", "mg/m3"]

# Factors count to the thousandth, so that times stay whole milliseconds and every oracle agrees to the last digit.
FACTOR_MIN = 1.001
# Beyond it nobody tells a slow way from none; it is a ban then, and should be said so.
FACTOR_MAX = 1_000.0
# A forecast of an hour by 15 s has 240.
SLICES_MAX = 1_000
# Of a grown hazard: 500 rooms in 20 slices, twice over.
AREAS_MAX = 20_000
# Pure agent in air is a million ppm; as mg/m3 no vapour at 25 Cel reaches this (uranium hexafluoride has 14 million).
CONCENTRATION_MAX = 20_000_000.0
# A week: nothing that is planned for now is forecast further.
OFFSET_MAX_MS = 7 * 86_400_000


class Concentration(msgspec.Struct, frozen=True):
    """How much of an agent the air holds."""

    agent: str
    value: float
    unit: ConcentrationUnit


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON Polygon or MultiPolygon on some levels.

    ``factor`` multiplies the time of whatever it touches; None bans it. ``air``: at most one entry an agent.
    """

    polygon: dict[str, Any]
    levels: list[int]
    factor: float | None = None
    air: list[Concentration] = []


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The areas from ``start_ms`` on, for ``length_ms``."""

    start_ms: int
    length_ms: int
    areas: list[Area]


class Hazard(msgspec.Struct, frozen=True, kw_only=True):
    """A danger and how it moves."""

    id: PlaceId
    source: HazardSource
    slices: list[Slice]


def check_hazard(hazard: Hazard, levels: Collection[int]) -> None:
    """Raise Invalid (geo.hazard_invalid), naming the field, unless times, levels, factors and air are sound.

    ``levels``: those of the place. The polygons are checked where they are put into metres (``footprints``).
    """
    if not 1 <= len(hazard.slices) <= SLICES_MAX:
        raise invalid(
            "slices",
            f"a hazard has 1 to {SLICES_MAX} slices",
            f"危险区须有 1 至 {SLICES_MAX} 个时段",
            len(hazard.slices),
        )
    _check_times(hazard.slices)
    areas = sum(len(it.areas) for it in hazard.slices)
    if areas > AREAS_MAX:
        raise invalid("slices", f"a hazard has at most {AREAS_MAX} areas", f"危险区最多有 {AREAS_MAX} 个区域", areas)
    for number, it in enumerate(hazard.slices):
        for place, area in enumerate(it.areas):
            _check_area(f"slices.{number}.areas.{place}", area, levels)


def aged(hazard: Hazard, age_ms: int) -> Hazard:
    """The hazard as it would be stated ``age_ms`` after it was: what is over is left out, and the last slice holds."""
    if age_ms <= 0:
        return hazard
    last = len(hazard.slices) - 1
    slices = []
    for number, it in enumerate(hazard.slices):
        start, end = it.start_ms - age_ms, it.start_ms + it.length_ms - age_ms
        if end > 0 or number == last:
            start_ms = max(start, 0)
            slices.append(Slice(start_ms=start_ms, length_ms=max(end - start_ms, 1), areas=it.areas))
    return Hazard(id=hazard.id, source=hazard.source, slices=slices)


def on_levels(hazard: Hazard, levels: Collection[int]) -> Hazard:
    """What of a hazard is on some levels: a plan that was drawn anew may have fewer than the one it was stated on."""
    slices = [
        Slice(
            start_ms=it.start_ms,
            length_ms=it.length_ms,
            areas=[
                Area(polygon=area.polygon, levels=kept, factor=area.factor, air=area.air)
                for area in it.areas
                if (kept := [level for level in area.levels if level in levels])
            ],
        )
        for it in hazard.slices
    ]
    return Hazard(id=hazard.id, source=hazard.source, slices=slices)


def factor_permille(factor: float) -> int:
    """The factor in whole thousandths."""
    return round(factor * 1_000)


def invalid(field: str, en: str, zh: str, value: object, limit: object = None) -> Invalid:
    """The error of this folder's untrusted input: ``geo.hazard_invalid``."""
    return Invalid("geo.hazard_invalid", f"{field}: {en}", f"{field}：{zh}", field=field, value=value, limit=limit)


def _check_times(slices: Sequence[Slice]) -> None:
    end = None
    for number, it in enumerate(slices):
        field = f"slices.{number}"
        if not 0 <= it.start_ms <= OFFSET_MAX_MS:
            raise invalid(
                f"{field}.start_ms", "a slice starts within a week", "时段须在一周内开始", it.start_ms, OFFSET_MAX_MS
            )
        if not 1 <= it.length_ms <= OFFSET_MAX_MS:
            raise invalid(
                f"{field}.length_ms", "a slice is 1 ms to a week long", "时段长度须为 1 毫秒至一周", it.length_ms
            )
        if end is not None and it.start_ms != end:
            raise invalid(
                f"{field}.start_ms", "a slice starts where the one before ends", "时段须首尾相接", it.start_ms, end
            )
        end = it.start_ms + it.length_ms


def _check_area(field: str, area: Area, levels: Collection[int]) -> None:
    if not area.levels:
        raise invalid(f"{field}.levels", "an area is on at least one level", "区域须至少在一个楼层", 0)
    for level in area.levels:
        if level not in levels:
            raise invalid(f"{field}.levels", f"the place has no level {level}", f"该场所没有 {level} 层", level)
    if area.factor is not None and not FACTOR_MIN <= area.factor <= FACTOR_MAX:
        raise invalid(
            f"{field}.factor",
            f"a factor is {FACTOR_MIN} to {FACTOR_MAX:.0f}; without one the area is banned",
            f"系数须为 {FACTOR_MIN} 至 {FACTOR_MAX:.0f}，不填表示禁止通行",
            area.factor,
            [FACTOR_MIN, FACTOR_MAX],
        )
    agents = [it.agent for it in area.air]
    if len(set(agents)) != len(agents):
        raise invalid(f"{field}.air", "an agent is stated once", "同一物质只能出现一次", agents)
    for it in area.air:
        if not (math.isfinite(it.value) and 0 <= it.value <= CONCENTRATION_MAX):
            raise invalid(
                f"{field}.air.{it.agent}",
                f"a concentration is 0 to {CONCENTRATION_MAX:.0f}",
                f"浓度须为 0 至 {CONCENTRATION_MAX:.0f}",
                it.value,
                CONCENTRATION_MAX,
            )
