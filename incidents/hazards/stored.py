"""A hazard as JSON for the database: each polygon once, however many slices it stands in. Pure.

The rooms of a grown hazard stand in slice after slice. Written out they are twenty times as much, and read back they
are other objects: ``geo.hazards.footprints.place`` would put each into metres again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.errors import Invalid
from geo.hazards.model import Area, Concentration, Hazard, HazardSource, Slice

# A grown hazard of 500 rooms is 0.3 MB; this is what a phone's line carries in some seconds, and 30 ms of JSON.
BODY_MAX_BYTES = 4 * 1024 * 1024


class PackedArea(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An area whose ``polygon`` is a place in the list of polygons."""

    polygon: int
    levels: list[int]
    factor: float | None = None
    air: list[Concentration] = []


class PackedSlice(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of such areas."""

    start_ms: int
    length_ms: int
    areas: list[PackedArea]


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard without its id and source, which are columns."""

    polygons: list[dict[str, Any]]
    slices: list[PackedSlice]


_DECODER = msgspec.json.Decoder(Packed)


def pack(hazard: Hazard) -> str:
    """The body. Raises Invalid (hazard.too_large) beyond BODY_MAX_BYTES."""
    places: dict[bytes, int] = {}
    polygons: list[dict[str, Any]] = []
    known: dict[int, int] = {}

    def place(polygon: dict[str, Any]) -> int:
        if id(polygon) not in known:
            key = msgspec.json.encode(polygon)
            if key not in places:
                places[key] = len(polygons)
                polygons.append(polygon)
            known[id(polygon)] = places[key]
        return known[id(polygon)]

    slices = [
        PackedSlice(
            start_ms=it.start_ms,
            length_ms=it.length_ms,
            areas=[
                PackedArea(polygon=place(area.polygon), levels=area.levels, factor=area.factor, air=area.air)
                for area in it.areas
            ],
        )
        for it in hazard.slices
    ]
    text = msgspec.json.encode(Packed(polygons=polygons, slices=slices))
    if len(text) > BODY_MAX_BYTES:
        raise Invalid(
            "hazard.too_large",
            f"the hazard is {len(text)} bytes as JSON; at most {BODY_MAX_BYTES}",
            f"危险区数据过大（{len(text)} 字节），最多 {BODY_MAX_BYTES} 字节",
            field="areas",
            value=len(text),
            limit=BODY_MAX_BYTES,
        )
    return text.decode()


def unpack(hazard_id: str, source: HazardSource, text: str) -> Hazard:
    """The hazard of a body; areas of one polygon share it."""
    packed = _DECODER.decode(text)
    slices = [
        Slice(
            start_ms=it.start_ms,
            length_ms=it.length_ms,
            areas=[
                Area(polygon=packed.polygons[area.polygon], levels=area.levels, factor=area.factor, air=area.air)
                for area in it.areas
            ],
        )
        for it in packed.slices
    ]
    return Hazard(id=hazard_id, source=source, slices=slices)
