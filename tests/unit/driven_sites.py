"""Sites with roads drawn for tests: a hall in the middle of a ring road, gates and hydrants in the north and south."""

from __future__ import annotations

from typing import Any

import shapely

from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.places.model import Landmark, Plan, Way, WayNode
from geo.routing.standing import Access, Target
from mobile_contract.text import Text
from tests.unit.drawn_places import at, door, plan, room

CORNERS = {"sw": (-100, -100), "se": (100, -100), "ne": (100, 100), "nw": (-100, 100)}
RING = {"south": ("sw", "se"), "east": ("se", "ne"), "north": ("ne", "nw"), "west": ("nw", "sw")}
HALL = Target(shapely.box(-20, -10, 20, 10), Text("一号厂房", "Hall 1"))


def named(own: str) -> Text:
    return Text({"south": "南路", "east": "东路", "north": "北路", "west": "西路"}[own], f"{own.capitalize()} Road")


def ring(without: tuple[str, ...] = (), **of: dict[str, Any]) -> list[Way]:
    """The ring road, each side with what is said of it."""
    return [
        Way(id=own, ends=ends, kind="road", name=named(own), **of.get(own, {}))
        for own, ends in RING.items()
        if own not in without
    ]


def mark(own: str, kind: Any, x: float, y: float) -> Landmark:
    return Landmark(id=own, kind=kind, level=0, at=at(x, y))


SOUTH_GATE = Landmark(id="south gate", kind="gate", level=0, at=at(0, -104), name=Text("南门", "South Gate"))
NORTH_GATE = Landmark(id="north gate", kind="gate", level=0, at=at(0, 104), name=Text("北门", "North Gate"))
HYDRANTS = [mark("h south", "hydrant", 50, -104), mark("h north", "hydrant", 50, 104)]


def site_plan(**more: Any) -> Plan:
    """The hall of forty by twenty, doors in the north and south, roads 90 m from its long walls."""
    made: dict[str, Any] = {
        "rooms": [room("hall", -20, -10, 40, 20)],
        "doors": [door("north door", 0, 10, "hall", exit=True), door("south door", 0, -10, "hall", exit=True)],
        "nodes": [WayNode(id=own, level=0, at=at(*place)) for own, place in CORNERS.items()],
        "ways": ring(),
        "landmarks": [SOUTH_GATE, NORTH_GATE, *HYDRANTS],
    } | more
    return plan(**made)


def hazard(own: str, *shapes: Any, permille: int = BAN_PERMILLE, start_ms: int = 0) -> Placed:
    """A hazard of shapes in metres on the ground; before ``start_ms`` there is nothing."""
    there = tuple(Footprint(shape, frozenset({0}), permille) for shape in shapes)
    slices = (PlacedSlice(0, ()), PlacedSlice(start_ms, there)) if start_ms else (PlacedSlice(0, there),)
    return Placed(own, slices)


def refused(found: Access) -> dict[str, set[str | None]]:
    """The roads that are refused, by why."""
    kinds: dict[str, set[str | None]] = {}
    for it in found.refusals:
        kinds.setdefault(it.kind, set()).add(it.road)
    return kinds
