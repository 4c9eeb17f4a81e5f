"""A walking network: the graph, and what each of its nodes and arcs is in the plan. Pure."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from geo.graph.csr import Graph
from geo.places.model import PlaceId
from geo.projection import Projection


class ArcKind(IntEnum):
    """What an arc is: ``Graph.kinds``."""

    WALK = 0
    DOOR = 1
    STAIRS_UP = 2
    STAIRS_DOWN = 3
    RAMP = 4
    ESCALATOR = 5
    LIFT = 6
    LADDER = 7
    ROAD = 8


class Node(msgspec.Struct, frozen=True):
    """A node: the door, the rise's stop, the drawn node, the assembly point or the corner it stands for.

    ``room``: the room it lies in; of a door the first it joins, None outside. ``of``: the door, rise, assembly point or
    drawn node.
    """

    kind: str
    of: PlaceId | None = None
    room: PlaceId | None = None


class Network(msgspec.Struct, frozen=True):
    """The walking network of a plan. ``nodes`` (n) as in ``graph``; ``arc_of`` (m): the door, rise or way of an arc, or
    None for a walk inside a room; ``exits`` and ``assembly``: nodes where one is out of the building, and where one is
    counted."""

    graph: Graph
    projection: Projection
    nodes: list[Node]
    arc_of: list[PlaceId | None]
    exits: list[int]
    assembly: list[int]
