"""The roads of one plan as vehicles find them now: made once of its doors' states and its hydrants, a few kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from geo.instructions.surroundings import Surroundings
from geo.places.model import DoorState, Landmark, PlaceId, Plan
from geo.places.network import Network
from geo.places.roads import has_roads
from geo.routing.site_roads import SiteRoads
from geo.routing.snapping import Snapper

# Doors and hydrants change a few times a day; one made anew of a campus takes half a second.
KEPT_MAX = 4
_Key = tuple[tuple[tuple[PlaceId, DoorState], ...], tuple[Landmark, ...]]


class Made(msgspec.Struct, frozen=True, eq=False):
    """The roads, and what a driver is told of on them."""

    roads: SiteRoads
    around: Surroundings


class KeptRoads:
    """Those of one plan. One question at a time is asked of them, by whichever thread."""

    def __init__(self, plan: Plan, network: Network, snapper: Snapper) -> None:
        self._plan, self._network, self._snapper = plan, network, snapper
        self._kept: OrderedDict[_Key, Made] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def any(self) -> bool:
        """Whether the plan has a road that a vehicle drives."""
        return has_roads(self._plan)

    @contextmanager
    def at(self, doors: Mapping[PlaceId, DoorState], hydrants: tuple[Landmark, ...]) -> Iterator[Made]:
        """The roads with these doors otherwise than drawn, and these hydrants in place of the drawn ones.

        Raises Invalid as ``SiteRoads``.
        """
        drawn = {it.id: it.state for it in self._plan.doors}
        key = (tuple(sorted((it, state) for it, state in doors.items() if drawn.get(it, state) != state)), hydrants)
        with self._lock:
            made = self._kept.pop(key, None) or self._make(dict(key[0]), hydrants)
            self._kept[key] = made
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
            yield made

    def _make(self, states: Mapping[PlaceId, DoorState], hydrants: tuple[Landmark, ...]) -> Made:
        doors = [msgspec.structs.replace(it, state=states.get(it.id, it.state)) for it in self._plan.doors]
        others = [it for it in self._plan.landmarks if it.kind != "hydrant"]
        plan = msgspec.structs.replace(self._plan, doors=doors, landmarks=[*others, *hydrants])
        roads = SiteRoads(plan, self._network, snapper=self._snapper)
        return Made(roads, Surroundings(plan, self._network.projection))
