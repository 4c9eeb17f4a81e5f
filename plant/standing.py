"""Where instruments stand in their zones, and which of them a redrawn zone would leave outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from core.errors import Conflict, Invalid
from geo.zones import SHARED_WALL_M, distances_m

Place: TypeAlias = tuple[float, float]
# More than this nobody reads; the count is said.
NAMED_MAX = 20


class Standing(msgspec.Struct, frozen=True):
    """A sensor (``name``: its series) or actuator (its slug) in use that has a place. Degrees, WGS 84."""

    kind: Literal["sensor", "actuator"]
    id: UUID
    name: str
    lon: float
    lat: float
    level: int


def check_place(polygon: Mapping[str, Any], zone_level: int, place: Place, level: int) -> None:
    """Raise Invalid, naming the fault, unless an instrument stands in its zone, or on its wall."""
    lon, lat = place
    # Compared so that NaN, which lies nowhere, is refused too.
    if not (-180 <= lon <= 180 and -89 <= lat <= 89):
        swapped = -180 <= lat <= 180 and -89 <= lon <= 89
        raise _invalid(
            "position",
            "longitude is within 180 and latitude within 89 degrees",
            "经度须在 ±180、纬度须在 ±89 度以内",
            [lon, lat],
            [180, 89],
            swapped=swapped,
        )
    if level != zone_level:
        raise _invalid(
            "level", f"its zone is on level {zone_level}", f"所在区域位于楼层 {zone_level}", level, zone_level
        )
    away, mirrored = distances_m(polygon, [(lon, lat), (lat, lon)])
    if away > SHARED_WALL_M:
        raise _invalid(
            "position",
            f"it lies {away:.1f} m outside its zone; at most {SHARED_WALL_M} m, which is a wall",
            f"位于所在区域之外 {away:.1f} 米，最多 {SHARED_WALL_M} 米（墙厚）",
            [lon, lat],
            SHARED_WALL_M,
            swapped=mirrored <= SHARED_WALL_M,
        )


def left_outside(polygon: Mapping[str, Any], level: int, standing: Sequence[Standing]) -> list[Standing]:
    """The instruments that a zone of this outline and floor does not hold."""
    away = distances_m(polygon, [(it.lon, it.lat) for it in standing])
    return [it for it, far_m in zip(standing, away, strict=True) if it.level != level or far_m > SHARED_WALL_M]


def check_left_outside(zone: str, polygon: Mapping[str, Any], level: int, standing: Sequence[Standing]) -> None:
    """Raise Conflict, naming them, when a redrawn zone leaves instruments of its own outside."""
    outside = left_outside(polygon, level, standing)
    if not outside:
        return
    named = [f"{it.kind} {it.name} ({it.lon:.6f}, {it.lat:.6f}; level {it.level})" for it in outside[:NAMED_MAX]]
    names = "、".join(it.name for it in outside[:NAMED_MAX])
    more = f" and {len(outside) - NAMED_MAX} more" if len(outside) > NAMED_MAX else ""
    raise Conflict(
        "zone.instruments_outside",
        f"zone {zone} would leave {len(outside)} instruments outside: {', '.join(named)}{more}",
        f"修改后区域 {zone} 将有 {len(outside)} 个传感器或执行器位于区域之外：{names}",
        field="polygon",
        value=[{"kind": it.kind, "id": str(it.id), "name": it.name} for it in outside[:NAMED_MAX]],
        limit="move them, or give them another zone, first",
    )


def _invalid(field: str, en: str, zh: str, value: object, limit: object, *, swapped: bool = False) -> Invalid:
    if swapped:
        en, zh = f"{en}; longitude and latitude look swapped", f"{zh}；经度与纬度似乎写反了"
    return Invalid(f"instrument.{field}", en, zh, field=field, value=value, limit=limit)
