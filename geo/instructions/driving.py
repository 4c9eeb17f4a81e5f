"""A drive to a place to stand, as orders to a driver who has never been there, in zh-CN and en. Pure.

One order where a choice is to be made: at a junction with a turn, and where the road has another name. A road that
bends by itself is followed.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import msgspec
import numpy as np
import shapely

from geo.graph.csr import Floats, Graph
from geo.instructions.amounts import FEW_STEPS_M, about, compass, metres
from geo.instructions.headings import bearing, change, heading, side_of, turn_of
from geo.instructions.model import Turn
from geo.instructions.names import Names
from geo.instructions.surroundings import Surroundings
from geo.instructions.turn_words import SIDES
from geo.places.model import PlaceId
from geo.places.road_network import RoadNetwork
from geo.routing.standing import Standing, Supply, Target, WindSide
from mobile_contract.text import Text

# A turn is told by where one comes from and goes to over about the length of a long vehicle, not by its kerb.
LOOK_M = 15.0
TURNS: dict[Turn, Text] = {
    "straight": Text("直行", "go straight on"),
    "slight_left": Text("向左前方行驶", "bear left"),
    "left": Text("左转", "turn left"),
    "sharp_left": Text("向左急转", "turn sharp left"),
    "slight_right": Text("向右前方行驶", "bear right"),
    "right": Text("右转", "turn right"),
    "sharp_right": Text("向右急转", "turn sharp right"),
    "back": Text("掉头", "turn round"),
}
_WIND: dict[WindSide, Text] = {
    "upwind": Text("（上风侧）", ", upwind"),
    "across": Text("（侧风侧）", ", across the wind"),
    "downwind": Text("（下风侧）", ", downwind"),
    "unknown": Text("", ""),
}
_Way: TypeAlias = tuple[Floats, Floats, list[int]]


class DriverOrders(msgspec.Struct, frozen=True, kw_only=True):
    """``warnings`` are read before one sets out, ``steps`` in order."""

    warnings: list[Text]
    steps: list[Text]


def driver_orders(around: Surroundings, roads: RoadNetwork, target: Target, standing: Standing) -> DriverOrders:
    """The orders for a place to stand that ``geo.routing.vehicle_access`` gave; all of one plan."""
    names = Names(around)
    xy, along, nodes = _way(roads, standing)
    steps = _drive(names, roads, standing, (xy, along, nodes))
    arrives = None if len(nodes) == 1 else _before(xy, along, len(nodes) - 1)
    steps.append(_stop(target, standing, xy[-1], arrives))
    if standing.supply is not None:
        steps.append(_water(names, around, standing.supply, xy[-1], arrives))
    if standing.on_foot is not None:
        steps.append(_on_foot(names, target, standing))
    return DriverOrders(warnings=standing.cautions, steps=steps)


def _way(roads: RoadNetwork, standing: Standing) -> _Way:
    """The places on the drive (k + 1, 2), the metres along it, and its nodes."""
    graph, arcs = roads.graph, standing.drive.arcs
    start = standing.node if not len(arcs) else int(graph.tails[arcs[0]])
    nodes = [start, *graph.heads[arcs].tolist()]
    xy = np.column_stack((graph.x[nodes], graph.y[nodes]))
    return xy, np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))), nodes


def _drive(names: Names, roads: RoadNetwork, standing: Standing, way: _Way) -> list[Text]:
    """From the gate to where one stops: each turn, and how far then."""
    gate = names.landmark(standing.drive.gate)
    enter = Text(f"从{gate.zh}进入", f"Enter by {gate.en}")
    xy, along, nodes = way
    if len(nodes) == 1:
        return [Text(f"{enter.zh}。", f"{enter.en}.")]
    called = [roads.roads[road].name for road in roads.ways[standing.drive.arcs].tolist()]
    turns = [0, *_turns(roads.graph, called, way)]
    steps = []
    for i, j in zip(turns, [*turns[1:], len(nodes) - 1], strict=True):
        far, road = metres(float(along[j] - along[i])), called[i]
        if i == 0:
            point = compass(bearing(_after(xy, along, 0)))
            zh_road, en_road = ("", "") if road is None else (f"沿{road.zh}", f" along {road.en}")
            zh, en = (
                f"{enter.zh}，向{point.zh}{zh_road}行驶{far.zh}",
                f"{enter.en}. Drive {point.en}{en_road}, {far.en}",
            )
        else:
            turn = TURNS[turn_of(change(_before(xy, along, i), _after(xy, along, i)))]
            zh, en = _into(turn, road, kept=called[i - 1] == road)
            zh, en = f"{zh}，行驶{far.zh}", f"{en}, {far.en}"
        steps.append(Text(f"{zh}。", f"{en[:1].upper()}{en[1:]}."))
    return steps


def _into(turn: Text, road: Text | None, *, kept: bool) -> tuple[str, str]:
    """A turn into a road; ``kept``: the road keeps its name, or both have none."""
    if road is None:
        return f"在岔口{turn.zh}", f"{turn.en} at the junction"
    if kept:
        return f"在岔口{turn.zh}，仍沿{road.zh}", f"{turn.en} at the junction and stay on {road.en}"
    return f"{turn.zh}进入{road.zh}", f"{turn.en} into {road.en}"


def _turns(graph: Graph, called: list[Text | None], way: _Way) -> list[int]:
    """The places on the way, between its ends, where the driver is told something."""
    xy, along, nodes = way
    found = []
    for i in range(1, len(nodes) - 1):
        renamed = called[i - 1] != called[i] and called[i] is not None
        leaving = graph.heads[graph.starts[nodes[i]] : graph.starts[nodes[i] + 1]]
        junction = len(set(leaving.tolist())) > 2
        if renamed or (junction and turn_of(change(_before(xy, along, i), _after(xy, along, i))) != "straight"):
            found.append(i)
    return found


def _before(xy: Floats, along: Floats, i: int) -> float:
    """The direction in which one comes to a place of the way."""
    (x0, y0), (x1, y1) = _at(xy, along, float(along[i]) - LOOK_M), xy[i].tolist()
    return heading(x0, y0, x1, y1)


def _after(xy: Floats, along: Floats, i: int) -> float:
    """The direction in which one leaves it."""
    (x0, y0), (x1, y1) = xy[i].tolist(), _at(xy, along, float(along[i]) + LOOK_M)
    return heading(x0, y0, x1, y1)


def _at(xy: Floats, along: Floats, metres_along: float) -> tuple[float, float]:
    return float(np.interp(metres_along, along, xy[:, 0])), float(np.interp(metres_along, along, xy[:, 1]))


def _stop(target: Target, standing: Standing, at: Floats, arrives: float | None) -> Text:
    wind, name = _WIND[standing.wind], target.name
    here = Text(f"在此停车{wind.zh}", f"Stop here{wind.en}")
    if standing.to_target_m == 0:
        return Text(f"{here.zh}：已到{name.zh}。", f"{here.en}: you are at {name.en}.")
    line = shapely.shortest_line(shapely.Point(at), target.shape)
    side, far = _side(at, shapely.get_coordinates(line)[1], arrives), metres(standing.to_target_m)
    return Text(f"{here.zh}：{name.zh}在{side.zh}，{far.zh}。", f"{here.en}: {name.en} is {side.en}, {far.en}.")


def _side(at: Floats, other: Floats, arrives: float | None) -> Text:
    """Where another place is for one who has just stopped; by the compass where one has not driven."""
    (x0, y0), (x1, y1) = at.tolist(), other.tolist()
    direction = heading(x0, y0, x1, y1)
    if arrives is None:
        point = compass(bearing(direction))
        return Text(f"{point.zh}面", f"to the {point.en}")
    return SIDES[side_of(change(arrives, direction))]


def _water(names: Names, around: Surroundings, supply: Supply, at: Floats, arrives: float | None) -> Text:
    hydrant, hose = names.landmark(supply.hydrant), metres(supply.hose_m)
    place = np.array(around.landmark_at[supply.hydrant])
    if math.dist(at.tolist(), place.tolist()) < FEW_STEPS_M:
        return Text(f"{hydrant.zh}就在此处。", f"{hydrant.en[:1].upper()}{hydrant.en[1:]} is here.")
    side = _side(at, place, arrives)
    return Text(
        f"{hydrant.zh}在{side.zh}，沿路铺水带{hose.zh}。",
        f"{hydrant.en[:1].upper()}{hydrant.en[1:]} is {side.en}: {hose.en} of hose along the road.",
    )


def _on_foot(names: Names, target: Target, standing: Standing) -> Text:
    walk = standing.on_foot
    assert walk is not None
    far, time = metres(walk.metres), about(walk.route.millis)
    if walk.entrance is None:
        return Text(
            f"步行到{target.name.zh}：{far.zh}，{time.zh}。", f"On foot to {target.name.en}: {far.en}, {time.en}."
        )
    door = names.door(walk.entrance) or _entrance(walk.entrance)
    return Text(f"步行从{door.zh}进入：{far.zh}，{time.zh}。", f"On foot in by {door.en}: {far.en}, {time.en}.")


def _entrance(door: PlaceId) -> Text:
    return Text(f"入口（{door}）", f"the entrance ({door})")
