"""Whether people get out of what a zone covers, by the plan in force. Pure."""

from __future__ import annotations

from typing import Any

import msgspec
from shapely.geometry import Point, shape
from shapely.strtree import STRtree

from core.errors import Conflict
from geo.places.checking import getting_out, rooms_out
from geo.places.model import PlaceId, Plan
from geo.places.walking import BADGE_HOLDER, walking_network
from geo.zones import AREA_MIN_M2, overlap_m2

_DECODER = msgspec.json.Decoder(Plan)
NAMED_MAX = 20


class Covered(msgspec.Struct, frozen=True):
    """The rooms and drawn nodes of a plan in a zone, and whether somebody gets out from any of them."""

    places: list[PlaceId]
    way_out: bool


def covered_by(plan: Plan, polygon: dict[str, Any], level: int) -> Covered:
    """What of a plan a zone covers. Doors with badges are passed: whoever is in such a room has one.

    A room that only touches the zone's wall is not in it. Raises Invalid for a plan that can not be walked.
    """
    network = walking_network(plan, doors=BADGE_HOLDER)
    rooms = [room for room in plan.rooms if room.level == level and room.kind != "solid"]
    outline = shape(polygon)
    near = STRtree([shape(room.polygon) for room in rooms]).query(outline, predicate="intersects").tolist()
    inside = [rooms[i].id for i in sorted(near) if overlap_m2(polygon, rooms[i].polygon) >= AREA_MIN_M2]
    drawn = [node.id for node in plan.nodes if node.level == level and outline.covers(Point(node.at))]
    safe = rooms_out(network, plan)
    out = {it.of for it, gets in zip(network.nodes, getting_out(network).tolist(), strict=True) if gets}
    return Covered([*inside, *drawn], any(it in safe for it in inside) or any(it in out for it in drawn))


def check_way_out(text: str, zone: str, polygon: dict[str, Any], level: int) -> None:
    """Raise Conflict, naming the zone and its rooms, unless people get out of what it covers. ``text``: the plan."""
    covered = covered_by(_DECODER.decode(text), polygon, level)
    if covered.way_out:
        return
    named = ", ".join(covered.places[:NAMED_MAX])
    en = f"no way out from {named}" if named else "the plan in force has no room there"
    zh = f"{named} 无法走到任何出口或集合点" if named else "已发布的平面图中此处没有房间"
    raise Conflict(
        "zone.unreachable",
        f"zone {zone}: {en}; send accept if it is meant so",
        f"区域 {zone}：{zh}；如确属有意，请在修改中加 accept",
        field="accept",
        value=covered.places[:NAMED_MAX],
        limit="a room or node with a way to an exit or an assembly point",
    )
