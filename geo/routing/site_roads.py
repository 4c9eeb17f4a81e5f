"""The roads of one plan made ready to be asked, with the ways on foot from them into its buildings. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import shapely

from core.errors import Invalid
from geo.hazards.touching import ArcIndex
from geo.places.drawn import EXIT_NEAR_M
from geo.places.model import DoorState, PlaceId, Plan
from geo.places.network import ArcKind, Network
from geo.places.road_network import road_network
from geo.places.walking import UNLOCKED
from geo.routing.approach import Approach
from geo.routing.conditions import Conditions
from geo.routing.routes import Route
from geo.routing.snapping import WHOLE_PPM, Place, Snapper, at_node, room_shapes
from geo.routing.standing import OnFoot, Target

# A door is drawn on the wall of a building whose outline may be another drawing's.
ENTRANCE_NEAR_M = 1.0


class Entrance(msgspec.Struct, frozen=True):
    """A door that leads out of a building, in metres, and its nodes of the walking network."""

    door: PlaceId
    x: float
    y: float
    nodes: tuple[int, ...]


class SiteRoads:
    """The roads of a plan, the index of their arcs, and the entrances. Built once a plan and state of its doors.

    ``walking``: the walking network of the same plan, None: no ways on foot are asked for; ``snapper``: its own, where
    there is one. Not for use by two threads at once. Raises Invalid as ``road_network``.
    """

    def __init__(
        self,
        plan: Plan,
        walking: Network | None = None,
        *,
        snapper: Snapper | None = None,
        doors: frozenset[DoorState] = UNLOCKED,
    ) -> None:
        self.plan, self.walking = plan, walking
        projection = None if walking is None else walking.projection
        self.network = road_network(plan, doors=doors, projection=projection)
        self.index = ArcIndex(self.network.graph)
        self.points = np.asarray(shapely.points(self.network.graph.x, self.network.graph.y), dtype=np.object_)
        self.entrances = [] if walking is None else _entrances(plan, walking)
        if walking is not None and snapper is None:
            node_rooms = [it.room for it in walking.nodes]
            snapper = Snapper(walking.graph, room_shapes(plan, walking.projection), node_rooms)
        self._snapper = snapper
        self._known: dict[int, Place | None] = {}

    def on_foot(self, nodes: Sequence[int], target: Target, conditions: Conditions) -> list[OnFoot | None]:
        """From each node of the roads the way on foot to the target's entrances; without any, to the target itself.

        Around what hazards ban, or through it where there is no other way; None: no way at all.
        """
        doors = [
            it
            for it in self.entrances
            if it.nodes
            and target.shape.area > 0
            and target.shape.distance(shapely.Point(it.x, it.y)) <= ENTRANCE_NEAR_M
        ]
        goals: list[tuple[Place, PlaceId | None]] = [
            (at_node(conditions.graph, node), it.door) for it in doors for node in it.nodes
        ]
        if not goals:
            middle = target.shape.representative_point()
            place = self._snap(middle.x, middle.y, target.level)
            goals = [] if place is None else [(place, None)]
        starts = [self._place(node) for node in nodes]
        asked = [it for it in starts if it is not None]
        if not goals or not asked:
            return [None] * len(nodes)
        places = [place for place, _ in goals]
        routes = Approach(conditions, places, starts=asked).routes(asked)
        if any(route is None for route in routes):
            through = Approach(conditions, places, "fastest", starts=asked).routes(asked)
            routes = [one if one is not None else other for one, other in zip(routes, through, strict=True)]
        found = iter(routes)
        told = [None if place is None else next(found) for place in starts]
        return [
            None if route is None or start is None else self._told(route, start, goals[route.goal], conditions)
            for route, start in zip(told, starts, strict=True)
        ]

    def _told(self, route: Route, start: Place, goal: tuple[Place, PlaceId | None], conditions: Conditions) -> OnFoot:
        assert self.walking is not None
        graph, (end, door) = conditions.graph, goal
        arcs, _ = route.walked(conditions)
        lengths = np.hypot(graph.x[graph.tails[arcs]] - graph.x[graph.heads[arcs]],
                           graph.y[graph.tails[arcs]] - graph.y[graph.heads[arcs]])  # fmt: skip
        shares = np.ones(len(arcs))
        for place, part in ((0, route.first), (-1, route.last)):
            if part is not None:
                shares[place] = (part.to_ppm - part.from_ppm) / WHOLE_PPM
        if door is None:
            exits = {it.door for it in self.entrances}
            passed = [self.walking.arc_of[arc] for arc in arcs.tolist() if graph.kinds[arc] == ArcKind.DOOR]
            door = next((it for it in reversed(passed) if it in exits), None)
        through = tuple(it.hazard for it in route.crossed) if route.kind == "fastest" else ()
        return OnFoot(route, float(lengths @ shares), (start, end), door, through)

    def _place(self, node: int) -> Place | None:
        if node not in self._known:
            graph = self.network.graph
            self._known[node] = self._snap(float(graph.x[node]), float(graph.y[node]), int(graph.level[node]))
        return self._known[node]

    def _snap(self, x: float, y: float, level: int) -> Place | None:
        """The place on the walking network; None where nobody walks."""
        assert self._snapper is not None
        try:
            return self._snapper.place(x, y, level)
        except Invalid:
            return None


def _entrances(plan: Plan, walking: Network) -> list[Entrance]:
    """The exits of the buildings; of a drawn network at the exit node that is nearest, where one is near."""
    graph = walking.graph
    at_doors: dict[PlaceId, list[int]] = {}
    for node, about in enumerate(walking.nodes):
        if about.kind == "door" and about.of is not None:
            at_doors.setdefault(about.of, []).append(node)
    exits = np.array(walking.exits, dtype=np.int64)
    found = []
    for door in plan.doors:
        if not door.exit:
            continue
        x, y = walking.projection.to_metres([door.at])[0].tolist()
        nodes = at_doors.get(door.id, [])
        if not nodes and len(exits):
            away = np.hypot(graph.x[exits] - x, graph.y[exits] - y)
            away[graph.level[exits] != door.level] = np.inf
            best = int(away.argmin())
            nodes = [int(exits[best])] if away[best] <= EXIT_NEAR_M else []
        found.append(Entrance(door.id, x, y, tuple(nodes)))
    return found
