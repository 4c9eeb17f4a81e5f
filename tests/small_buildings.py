"""Small buildings drawn by hand in metres: a plan and its walking network, turned or mirrored at will."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geo.graph.csr import build
from geo.instructions.surroundings import Surroundings
from geo.places.model import (
    AssemblyPoint,
    Door,
    DoorState,
    Landmark,
    LandmarkKind,
    Level,
    Plan,
    Position,
    Rise,
    RiseKind,
    Room,
    RoomKind,
    Stop,
)
from geo.places.network import ArcKind, Network, Node
from geo.projection import Projection
from mobile_contract.text import Text

SITE = Projection(121.44, 31.03)
WALK_M_S = 1.25


def text(name: str | None) -> Text | None:
    """ "zh|en", or the same in both."""
    if name is None:
        return None
    zh, _, en = name.partition("|")
    return Text(zh, en or zh)


class Building:
    """Drawn in metres; ``turned_deg`` counter-clockwise and ``mirrored`` (east for west) change where it stands."""

    def __init__(self, *, turned_deg: float = 0.0, mirrored: bool = False, levels: Sequence[Level] = ()) -> None:
        self._turn = math.radians(turned_deg)
        self._mirror = -1.0 if mirrored else 1.0
        self.levels = list(levels)
        self.rooms: list[Room] = []
        self.doors: list[Door] = []
        self.rises: list[Rise] = []
        self.landmarks: list[Landmark] = []
        self.assembly: list[AssemblyPoint] = []
        self.nodes: dict[str, tuple[float, float, int, Node]] = {}
        self.links: list[tuple[str, str, int, str | None, int]] = []

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a drawn place stands, in metres."""
        x *= self._mirror
        cos, sin = math.cos(self._turn), math.sin(self._turn)
        return x * cos - y * sin, x * sin + y * cos

    def degrees(self, x: float, y: float) -> Position:
        """Where a drawn place stands, in degrees."""
        lon, lat = SITE.to_degrees([self.place(x, y)])[0].tolist()
        return lon, lat

    def room(
        self,
        key: str,
        box: tuple[float, float, float, float],
        kind: RoomKind = "room",
        name: str | None = None,
        level: int = 0,
    ) -> None:
        x0, y0, x1, y1 = box
        self.shape(key, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], kind, name, level)

    def shape(
        self,
        key: str,
        corners: Sequence[tuple[float, float]],
        kind: RoomKind = "room",
        name: str | None = None,
        level: int = 0,
    ) -> None:
        ring = [list(self.degrees(x, y)) for x, y in [*corners, corners[0]]]
        polygon = {"type": "Polygon", "coordinates": [ring]}
        self.rooms.append(Room(id=key, level=level, kind=kind, name=text(name), polygon=polygon))

    def door(
        self,
        key: str,
        at: tuple[float, float],
        joins: tuple[str | None, str | None],
        name: str | None = None,
        level: int = 0,
        *,
        state: DoorState = "closed",
        exit: bool = False,
    ) -> None:
        """A door and the node that it is."""
        door = Door(id=key, level=level, at=self.degrees(*at), joins=joins, name=text(name), state=state, exit=exit)
        self.doors.append(door)
        self.nodes[key] = (*at, level, Node("door", key, joins[0]))

    def rise(
        self, key: str, kind: RiseKind, stops: Sequence[tuple[float, float, int, str | None]], name: str | None = None
    ) -> None:
        """A rise, a node ``key:level`` at each stop, and its arcs both ways."""
        made = [Stop(level=level, at=self.degrees(x, y), room=room) for x, y, level, room in stops]
        self.rises.append(Rise(id=key, kind=kind, stops=made, name=text(name), up_s=20.0, down_s=15.0))
        for x, y, level, room in stops:
            self.nodes[f"{key}:{level}"] = (x, y, level, Node("rise", key, room))
        other = {"ramp": ArcKind.RAMP, "escalator": ArcKind.ESCALATOR, "lift": ArcKind.LIFT, "ladder": ArcKind.LADDER}
        for low, high in pairwise(f"{key}:{stop[2]}" for stop in stops):
            up, down = other.get(kind, ArcKind.STAIRS_UP), other.get(kind, ArcKind.STAIRS_DOWN)
            self.links += [(low, high, up, key, 20_000), (high, low, down, key, 15_000)]

    def landmark(
        self, key: str, kind: LandmarkKind, at: tuple[float, float], name: str | None = None, level: int = 0
    ) -> None:
        self.landmarks.append(Landmark(id=key, kind=kind, level=level, at=self.degrees(*at), name=text(name)))

    def node(self, key: str, at: tuple[float, float], room: str | None = None, level: int = 0) -> None:
        self.nodes[key] = (*at, level, Node("corner", None, room))

    def meet(self, key: str, at: tuple[float, float], name: str) -> None:
        """An assembly point outside, and its node."""
        named = text(name)
        assert named is not None
        self.assembly.append(AssemblyPoint(id=key, at=self.degrees(*at), name=named))
        self.nodes[key] = (*at, 0, Node("assembly", key, None))

    def link(self, *keys: str, kind: int = ArcKind.WALK, of: str | None = None) -> None:
        """Arcs both ways along a chain of nodes, at walking pace."""
        for a, b in pairwise(keys):
            (ax, ay, *_), (bx, by, *_) = self.nodes[a], self.nodes[b]
            millis = max(1, round(1000 * math.dist((ax, ay), (bx, by)) / WALK_M_S))
            self.links += [(a, b, kind, of, millis), (b, a, kind, of, millis)]

    def plan(self) -> Plan:
        return Plan(
            name=Text("小楼", "Small building"),
            levels=self.levels,
            rooms=self.rooms,
            doors=self.doors,
            rises=self.rises,
            landmarks=self.landmarks,
            assembly_points=self.assembly,
        )

    def around(self) -> Surroundings:
        return Surroundings(self.plan(), SITE)

    def network(self) -> Network:
        index = {key: i for i, key in enumerate(self.nodes)}
        places = [self.place(x, y) for x, y, *_ in self.nodes.values()]
        graph, order = build(
            [x for x, _ in places],
            [y for _, y in places],
            [level for *_, level, _ in self.nodes.values()],
            [index[a] for a, *_ in self.links],
            [index[b] for _, b, *_ in self.links],
            [millis for *_, millis in self.links],
            [kind for _, _, kind, *_ in self.links],
        )
        return Network(
            graph=graph,
            projection=SITE,
            nodes=[node for *_, node in self.nodes.values()],
            arc_of=[self.links[i][3] for i in order.tolist()],
            exits=[index[door.id] for door in self.doors if door.exit],
            assembly=[index[point.id] for point in self.assembly],
        )

    def path(self, network: Network, *keys: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The arcs along a chain of nodes, and their times."""
        index = {key: i for i, key in enumerate(self.nodes)}
        graph = network.graph
        arcs = []
        for a, b in pairwise(keys):
            here = range(int(graph.starts[index[a]]), int(graph.starts[index[a] + 1]))
            arcs.append(next(arc for arc in here if graph.heads[arc] == index[b]))
        taken = np.array(arcs, dtype=np.int32)
        return taken, graph.millis[taken]
