"""A plan as GeoJSON (RFC 7946), for whoever draws maps: one feature a thing. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from geo.places.model import Plan, Rise, Way, WayNode

Feature = dict[str, Any]


def features_of(plan: Plan, level: int | None = None) -> list[Feature]:
    """The things of a plan, of one level or all: ``properties.what`` says what each is, the others are its own.

    A rise is a point at each of its stops; a way is a line, shown on the levels of both its ends.
    """
    return [it for it in _features(plan) if level is None or level in it["properties"]["levels"]]


def _features(plan: Plan) -> Iterator[Feature]:
    for room in plan.rooms:
        yield _feature("room", room.id, room, [room.level], room.polygon)
    for what, things in (
        ("door", plan.doors),
        ("assembly_point", plan.assembly_points),
        ("landmark", plan.landmarks),
        ("node", plan.nodes),
    ):
        for thing in things:
            yield _feature(what, thing.id, thing, [thing.level], _point(thing.at))
    for rise in plan.rises:
        yield from _stops(rise)
    nodes = {node.id: node for node in plan.nodes}
    for way in plan.ways:
        yield _line(way, nodes[way.ends[0]], nodes[way.ends[1]])


def _stops(rise: Rise) -> Iterator[Feature]:
    levels = [stop.level for stop in rise.stops]
    for stop in rise.stops:
        made = _feature("rise", f"{rise.id}@{stop.level}", rise, [stop.level], _point(stop.at))
        made["properties"] |= {"room": stop.room, "leads_to": [it for it in levels if it != stop.level]}
        yield made


def _line(way: Way, one: WayNode, other: WayNode) -> Feature:
    line = {"type": "LineString", "coordinates": [list(one.at), list(other.at)]}
    return _feature("way", way.id, way, sorted({one.level, other.level}), line)


def _feature(what: str, own: str, thing: msgspec.Struct, levels: list[int], geometry: dict[str, Any]) -> Feature:
    said = msgspec.to_builtins(thing)
    properties = {key: value for key, value in said.items() if key not in {"polygon", "at", "stops", "level"}}
    return {
        "type": "Feature",
        "id": own,
        "geometry": geometry,
        "properties": {**properties, "what": what, "levels": levels},
    }


def _point(at: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(at)}
