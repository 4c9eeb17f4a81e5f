"""A network while it is being put together: nodes and arcs in any order. Pure."""

from __future__ import annotations

import numpy as np

from core.errors import Invalid
from geo.graph.csr import BANNED, Floats, build
from geo.places.model import DoorState, Level, PlaceId, Plan, Position, RiseKind
from geo.places.network import ArcKind, Network, Node
from geo.places.speeds import STOREY_M, walk_millis, whole_millis
from geo.projection import Projection

_RISE_ARCS = {
    "ramp": ArcKind.RAMP,
    "escalator": ArcKind.ESCALATOR,
    "lift": ArcKind.LIFT,
    "ladder": ArcKind.LADDER,
}


class Draft:
    """Nodes get their number as they are added; ``network`` is asked for once."""

    def __init__(self, projection: Projection, *, lifts: bool, doors: frozenset[DoorState]) -> None:
        self.projection = projection
        self.lifts, self.doors = lifts, doors
        self.nodes: list[Node] = []
        self._x: list[float] = []
        self._y: list[float] = []
        self._level: list[int] = []
        self._arcs: list[tuple[int, int, int, int, PlaceId | None]] = []
        self.exits: list[int] = []
        self.assembly: list[int] = []

    def node(self, x: float, y: float, level: int, node: Node) -> int:
        """Add a node, in metres."""
        self.nodes.append(node)
        self._x.append(x)
        self._y.append(y)
        self._level.append(level)
        return len(self.nodes) - 1

    def place(self, node: int) -> tuple[float, float]:
        """A node's place in metres."""
        return self._x[node], self._y[node]

    def level(self, node: int) -> int:
        """A node's level."""
        return self._level[node]

    def arc(self, tail: int, head: int, millis: int, kind: ArcKind, of: PlaceId | None = None) -> None:
        """Add a one-way arc."""
        self._arcs.append((tail, head, millis, int(kind), of))

    def walk(self, one: int, other: int, metres: float) -> None:
        """Add a walk both ways."""
        millis = walk_millis(metres)
        self.arc(one, other, millis, ArcKind.WALK)
        self.arc(other, one, millis, ArcKind.WALK)

    def rise(self, tail: int, head: int, seconds: float, kind: RiseKind, of: PlaceId) -> None:
        """Add an arc of stairs, lift, ... from tail to head; lifts are banned where they are out of use."""
        up = self._level[head] >= self._level[tail]
        arc_kind = _RISE_ARCS.get(kind) or (ArcKind.STAIRS_UP if up else ArcKind.STAIRS_DOWN)
        banned = kind == "lift" and not self.lifts
        self.arc(tail, head, int(BANNED) if banned else whole_millis(seconds), arc_kind, of)

    def network(self) -> Network:
        """The network of what was added."""
        tails, heads, millis, kinds, of = zip(*self._arcs, strict=True) if self._arcs else ((), (), (), (), ())
        graph, order = build(self._x, self._y, self._level, tails, heads, millis, kinds)
        return Network(
            graph=graph,
            projection=self.projection,
            nodes=self.nodes,
            arc_of=[of[i] for i in order.tolist()],
            exits=sorted(set(self.exits)),
            assembly=sorted(set(self.assembly)),
        )


def projection_of(plan: Plan) -> Projection:
    """The projection through the middle of a plan. Raises Invalid when the plan has no place at all."""
    places: list[Position] = [node.at for node in plan.nodes]
    places += [(p[0], p[1]) for room in plan.rooms for p in room.polygon["coordinates"][0]]
    places += [door.at for door in plan.doors] + [point.at for point in plan.assembly_points]
    places += [stop.at for rise in plan.rises for stop in rise.stops]
    if not places:
        raise Invalid("geo.plan_empty", "the plan has no place in it", "平面图中没有任何位置", field="plan")
    degrees: Floats = np.array(places, dtype=np.float64)
    lon, lat = ((degrees.min(axis=0) + degrees.max(axis=0)) / 2).tolist()
    return Projection(lon, lat)


def height_between_m(levels: list[Level], low: int, high: int) -> float:
    """Metres between two levels: as the plan says, or by the storeys between them."""
    heights = {level.level: level.height_m for level in levels}
    below, above = heights.get(low), heights.get(high)
    if below is None or above is None or below == above:
        return STOREY_M * abs(high - low)
    return abs(above - below)
