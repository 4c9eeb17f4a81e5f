"""Why a crew can not stand on a road, in words and grouped by road. Pure."""

from __future__ import annotations

import msgspec
import numpy as np

from geo.graph.csr import Ints
from geo.hazards.footprints import Footprint
from geo.places.road_network import RoadNetwork
from geo.routing.standing import Limits, Refusal, RefusalKind
from geo.routing.standing_words import capital, road_name
from geo.routing.vehicles import Obstacle, Vehicle, free_width_m
from mobile_contract.text import Text

# More than a screen of them nobody reads; the nearest come first.
REFUSALS_MAX = 20

# Named as a hazard where the source alone is known; no hazard's id has a space at its end.
SOURCE = "source "
KIND_OF: dict[Obstacle, RefusalKind] = {
    Obstacle.NARROW: "too_narrow",
    Obstacle.LOW: "too_low",
    Obstacle.WEAK: "too_weak",
}


class Fault(msgspec.Struct, frozen=True):
    """Why one place is refused."""

    kind: RefusalKind
    reason: Text


def in_hazard(distance_m: float, keep_m: float) -> Fault:
    """A place inside a hazard, or nearer to it than the margin."""
    if distance_m <= 0:
        return Fault("in_hazard", Text("在危险区内", "Inside the hazard"))
    zh = f"距危险区 {distance_m:.0f} 米，至少须 {keep_m:.0f} 米"
    return Fault("in_hazard", Text(zh, f"{distance_m:.0f} m from the hazard; at least {keep_m:.0f} m"))


DOWNWIND = Fault("downwind", Text("在下风侧", "Downwind of the source"))
NO_WAY = Fault("no_way", Text("没有道路从任何大门通到此处", "No road leads here from any gate"))
NO_GATE = Fault("no_gate", Text("道路上没有大门，无法确定车辆从何处进入", "No gate on any road: no way in is known"))


def too_far(distance_m: float, limits: Limits) -> Fault:
    """The nearest road is out of reach."""
    zh = f"最近的道路距目标 {distance_m:.0f} 米，最多 {limits.reach_m:.0f} 米"
    return Fault(
        "too_far", Text(zh, f"The nearest road is {distance_m:.0f} m from the place; at most {limits.reach_m:.0f} m")
    )


def obstructed(roads: RoadNetwork, vehicle: Vehicle, arc: int, obstacle: Obstacle) -> Fault:
    """A road on the way does not let the vehicle through."""
    road = int(roads.ways[arc])
    way, name = roads.roads[road], road_name(roads, road)
    has, needs, zh, en, unit = {
        Obstacle.NARROW: (free_width_m(roads, arc), vehicle.needs_width_m, "净宽", "wide", "m"),
        Obstacle.LOW: (way.height_m, vehicle.needs_height_m, "净高", "high", "m"),
        Obstacle.WEAK: (way.weight_t, vehicle.weight_t, "承重", "t", "t"),
    }[obstacle]
    units = "吨" if unit == "t" else "米"
    zh = f"{name.zh}{zh} {has:g} {units}，{vehicle.name.zh}需要 {needs:g} {units}"
    what = f"bears {has:g} t" if unit == "t" else f"is {has:g} m {en}"
    return Fault(KIND_OF[obstacle], Text(zh, f"{capital(name.en)} {what}; {vehicle.name.en} needs {needs:g} {unit}"))


def door_shut(roads: RoadNetwork, arc: int) -> Fault:
    """A door or barrier on the way is shut; its names, or ids where they have none."""
    names = [door.name or Text(f"门 {door.id}", f"door {door.id}") for door in roads.doors[arc]]
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
    return Fault("door_shut", Text(f"途中的{zh}关闭，车辆无法通过", f"{capital(en)} on the way is shut to vehicles"))


def cut_off(arcs: Ints, touched: list[tuple[str, Footprint, Ints]], banned: int) -> Fault:
    """Hazards cut every way; those on the one way there would be."""
    on_way = set(arcs.tolist())
    names = dict.fromkeys(
        name for name, it, found in touched if it.permille == banned and on_way.intersection(found.tolist())
    )
    zh = "、".join("源点周围" if it == SOURCE else f"危险区 {it}" for it in names)
    en = ", ".join("the surroundings of the source" if it == SOURCE else it for it in names)
    return Fault("cut_off", Text(f"所有来路都被{zh}切断", f"Every way there is cut off by {en}"))


def grouped(roads: RoadNetwork, faults: list[tuple[int, float, Fault]]) -> list[Refusal]:
    """Faults of places (node, metres from the target) -> refusals, one a road and reason, the nearest first."""
    graph = roads.graph
    groups: dict[tuple[int, str], list[tuple[float, int, Fault]]] = {}
    for node, distance_m, fault in faults:
        # How near to the hazard each place is differs; the nearest to the target is told.
        key = fault.kind if fault.kind == "in_hazard" else fault.reason.en
        groups.setdefault((road_at(roads, node), key), []).append((distance_m, node, fault))
    refusals = []
    for (road, _), places in groups.items():
        distance_m, node, fault = min(places, key=lambda it: it[:2])
        lon, lat = roads.projection.to_degrees([(graph.x[node], graph.y[node])])[0].tolist()
        refusals.append(Refusal(fault.kind, roads.roads[road].id, (lon, lat), distance_m, len(places), fault.reason))
    refusals.sort(key=lambda it: (it.to_target_m, it.road, it.kind))
    return refusals[:REFUSALS_MAX]


def road_at(roads: RoadNetwork, node: int) -> int:
    """The road a node is on; of several the first of the plan."""
    graph = roads.graph
    arcs = np.arange(graph.starts[node], graph.starts[node + 1])
    return int(roads.ways[arcs].min())
