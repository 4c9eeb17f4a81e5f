"""Stairs and lifts drawn floor by floor -> the rises that go through them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from shapely.geometry import Polygon

from geo.places.findings import Finding
from geo.places.model import Level, PlaceId, Rise, RiseKind, Room, Stop
from geo.places.speeds import LIFT_WAIT_S, STOREY_M, rise_seconds
from geo.places.walls import polygon_m
from geo.projection import Projection
from mobile_contract.text import Text

# Drawn over each other well enough to be one shaft: half of the smaller outline.
STACKED_SHARE = 0.5
RISE_OF_ROOM: dict[str, RiseKind] = {
    "stairs": "stairs",
    "lift": "lift",
    "ramp": "ramp",
    "escalator": "escalator",
    "ladder": "ladder",
}


def stacked_rises(
    rooms: Sequence[Room], levels: Sequence[Level], projection: Projection
) -> tuple[list[Rise], list[Room]]:
    """Rises through rooms of one kind that lie over each other on neighbouring levels, and the rooms left alone.

    A lift may pass a level that has no door to it; stairs may not. Each rise has one stop a level, inside its room.
    """
    shafts = [(room, polygon_m(room, projection)) for room in rooms if room.kind in RISE_OF_ROOM]
    shafts.sort(key=lambda shaft: (shaft[0].level, shaft[0].id))
    columns: list[list[tuple[Room, Polygon]]] = []
    for room, polygon in shafts:
        column = next((c for c in columns if _continues(c[-1], room, polygon)), None)
        if column is None:
            columns.append([(room, polygon)])
        else:
            column.append((room, polygon))
    rises = [_rise(column, levels, projection) for column in columns if len(column) > 1]
    return rises, [column[0][0] for column in columns if len(column) == 1]


def lone_shafts(alone: Sequence[Room]) -> list[Finding]:
    """A finding for each stairs or lift that has none above or below it."""
    text = Text("上下层没有与之相接的楼梯或电梯", "stairs or lift with none above or below it")
    return [Finding(kind="isolated", outcome="noted", place=room.id, level=room.level, detail=text) for room in alone]


def _continues(below: tuple[Room, Polygon], room: Room, polygon: Polygon) -> bool:
    under, outline = below
    if under.kind != room.kind or room.level <= under.level or (room.kind != "lift" and room.level > under.level + 1):
        return False
    return bool(outline.intersection(polygon).area >= STACKED_SHARE * min(outline.area, polygon.area))


def _rise(column: list[tuple[Room, Polygon]], levels: Sequence[Level], projection: Projection) -> Rise:
    stops = []
    for room, polygon in column:
        point = polygon.representative_point()
        lon, lat = projection.to_degrees([(point.x, point.y)])[0].tolist()
        stops.append(Stop(level=room.level, at=(lon, lat), room=room.id))
    first = column[0][0]
    return made_rise(f"rise:{first.id}"[:100], RISE_OF_ROOM[first.kind], stops, levels, first)


def made_rise(
    rise_id: PlaceId, kind: RiseKind, stops: list[Stop], levels: Sequence[Level], named: Room | None = None
) -> Rise:
    """A rise with the times of its kind over the mean height between its stops."""
    heights = {level.level: level.height_m for level in levels}
    low, high = stops[0].level, stops[-1].level
    bottom, top = heights.get(low), heights.get(high)
    known = bottom is not None and top is not None and top > bottom
    total_m = top - bottom if known and top is not None and bottom is not None else STOREY_M * max(high - low, 1)
    up_s, down_s = rise_seconds(kind, total_m / max(len(stops) - 1, 1))
    return Rise(
        id=rise_id,
        kind=kind,
        stops=stops,
        up_s=round(up_s, 3),
        down_s=round(down_s, 3),
        wait_s=LIFT_WAIT_S if kind == "lift" else 0.0,
        name=named.name if named else None,
    )
