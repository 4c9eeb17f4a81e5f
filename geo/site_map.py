"""Everything that finding ways in one place needs, made once of its plan and asked at every move. Pure.

The network has every door and every rise in it; which of them are shut at a moment is said at that moment, so a door
that is locked or opened costs no new network.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, get_args

import msgspec
import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo.evacuation.capacity import gates_of
from geo.evacuation.model import Gates
from geo.graph.csr import Ints
from geo.hazards.footprints import BAN_PERMILLE, Placed, drawn_shape, place
from geo.hazards.growth import rooms_under
from geo.hazards.model import Hazard, aged, on_levels
from geo.hazards.raising import HazardTimes
from geo.hazards.touching import ArcIndex
from geo.instructions.surroundings import Surroundings
from geo.kept_roads import KeptRoads
from geo.places.model import DoorState, PlaceId, Plan
from geo.places.network import ArcKind, Network
from geo.places.walking import walking_network
from geo.routing.conditions import Conditions, conditions
from geo.routing.snapping import Place, Snapper, at_node, room_shapes

# Whoever is sent somewhere has a badge, or is let out: doors that read badges open from inside (GB 50016-2014, 6.4.11).
PASSED: frozenset[DoorState] = frozenset({"open", "closed", "badge"})
_EVERY: frozenset[DoorState] = frozenset(get_args(DoorState))


class Passages(msgspec.Struct, frozen=True):
    """What of a plan's doors and rises is otherwise than drawn: doors' states, rises nobody may take.

    ``lifts``: whether lifts may be taken; in a fire and an evacuation nobody does (GB 50016-2014, 5.5.4).
    """

    doors: Mapping[PlaceId, DoorState] = {}
    shut: frozenset[PlaceId] = frozenset()
    lifts: bool = False


AS_DRAWN = Passages()


class Standing(msgspec.Struct, frozen=True):
    """A hazard, ``age_ms`` after it was stated."""

    hazard: Hazard
    age_ms: int = 0


class SiteMap:
    """One plan's network and what is asked of it. Never changed; may be asked by several threads."""

    def __init__(self, plan: Plan) -> None:
        """Raises Invalid for a plan nobody can walk."""
        self.plan = plan
        self.network: Network = walking_network(plan, lifts=True, doors=_EVERY)
        self.graph, self.projection = self.network.graph, self.network.projection
        self.around = Surroundings(plan, self.projection)
        node_rooms = [it.room for it in self.network.nodes]
        self.snapper = Snapper(self.graph, room_shapes(plan, self.projection), node_rooms)
        self.index = ArcIndex(self.graph)
        self.levels = frozenset(it.level for it in plan.levels) | frozenset(np.unique(self.graph.level).tolist())
        self._doors = {it.id: it.state for it in plan.doors}
        self._arcs_of: dict[PlaceId, list[int]] = {}
        for arc, of in enumerate(self.network.arc_of):
            if of is not None:
                self._arcs_of.setdefault(of, []).append(arc)
        self._lifts: Ints = np.flatnonzero(self.graph.kinds == ArcKind.LIFT).astype(np.int32)

    @cached_property
    def roads(self) -> KeptRoads:
        """Its roads for vehicles, made for the doors and hydrants that are asked for."""
        return KeptRoads(self.plan, self.network, self.snapper)

    @cached_property
    def gates(self) -> Gates:
        """How many people its doors and stairs let through."""
        return gates_of(self.network, self.plan)

    def closed(self, passages: Passages = AS_DRAWN) -> Ints:
        """The arcs nobody may take, hazards aside: locked doors, rises out of use, lifts."""
        states = self._doors | {key: state for key, state in passages.doors.items() if key in self._doors}
        shut = [key for key, state in states.items() if state not in PASSED] + sorted(passages.shut)
        arcs = [arc for key in shut for arc in self._arcs_of.get(key, ())]
        lifts = [] if passages.lifts else self._lifts.tolist()
        return np.unique(np.array([*arcs, *lifts], dtype=np.int32))

    def hazards(self, standing: Sequence[Standing]) -> HazardTimes:
        """The hazards over the network, offset 0 being now; levels that the plan does not have are left out of them.

        Raises Invalid for one that is wrong.
        """
        times = HazardTimes(self.graph, self.index)
        times.update(self.placed(standing))
        return times

    def placed(self, standing: Sequence[Standing]) -> list[Placed]:
        """The hazards in metres, on one clock that starts now. Raises Invalid for one that is wrong."""
        here = [on_levels(aged(it.hazard, it.age_ms), self.levels) for it in standing]
        return [place(it, self.projection, self.levels) for it in here]

    def conditions(
        self, hazards: HazardTimes | None = None, passages: Passages = AS_DRAWN, *, offset_ms: int = 0
    ) -> Conditions:
        """What holds on the network at an offset."""
        return conditions(self.graph, hazards, offset_ms=offset_ms, closed=self.closed(passages))

    def place(self, lon: float, lat: float, level: int, accuracy_m: float = 0.0, base: Ints | None = None) -> Place:
        """Where a position in degrees is on the network; Invalid as ``Snapper.place``."""
        x, y = self.projection.to_metres([(lon, lat)])[0].tolist()
        return self.snapper.place(x, y, level, accuracy_m, base)

    def nodes_in(self, polygon: dict[str, Any], level: int) -> list[Place]:
        """The nodes in a GeoJSON polygon on a level and in the rooms it covers, in the middle first."""
        area = self._area(polygon)
        rooms = set(rooms_under(self.plan.rooms, drawn_shape("polygon", polygon), level))
        on = np.flatnonzero(self.graph.level == level)
        held = shapely.intersects_xy(area, self.graph.x[on], self.graph.y[on])
        # A door stands on the wall of its room: a hair outside as often as inside.
        held = on[held | np.array([self.network.nodes[node].room in rooms for node in on.tolist()], dtype=bool)]
        middle = area.representative_point()
        away = np.hypot(self.graph.x[held] - middle.x, self.graph.y[held] - middle.y)
        return [at_node(self.graph, node) for node in held[np.lexsort((held, away))].tolist()]

    def _area(self, polygon: dict[str, Any]) -> BaseGeometry:
        return shapely.transform(shape(polygon), self.projection.to_metres)

    def middle_of(self, polygon: dict[str, Any], level: int, base: Ints | None = None) -> Place:
        """A place in the middle of a polygon, on the network; Invalid as ``Snapper.place``."""
        point = self._area(polygon).representative_point()
        return self.snapper.place(point.x, point.y, level, base=base)

    def assembly(self, only: Collection[PlaceId] | None = None) -> list[Place]:
        """The assembly points, or those named; nodes that one is out of the building at where there are none."""
        nodes = self.network.nodes
        found = [node for node in self.network.assembly if only is None or nodes[node].of in only]
        return [at_node(self.graph, node) for node in found or self.network.exits]


def keep_out(now: Conditions) -> dict[int, BaseGeometry]:
    """By level the area that hazards ban: what no line of an instruction is straightened through."""
    by_level: dict[int, list[BaseGeometry]] = {}
    for hazard in now.hazards:
        for footprint, _ in hazard.touched:
            if footprint.permille == BAN_PERMILLE:
                for level in footprint.levels:
                    by_level.setdefault(level, []).append(footprint.shape)
    return {level: shapely.union_all(shapes) for level, shapes in by_level.items()}
