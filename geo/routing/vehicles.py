"""What drives on a site: how large it is, and which roads do not let it through. Pure."""

from __future__ import annotations

import math
from enum import IntEnum

import msgspec
import numpy as np

from geo.graph.csr import BANNED, Flags, Floats, Ints
from geo.places.road_network import Mask, RoadNetwork
from geo.routing.conditions import invalid
from mobile_contract.text import Text

# Nothing longer, wider or heavier goes by road without a permit (GB 1589-2016 ends at 20 m, 4 m high and 49 t).
SIZE_MAX_M, WEIGHT_MAX_T = 100.0, 1_000.0


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle; ``clear_width_m`` and ``clear_height_m``: what must be free for it, None: its own size."""

    name: Text
    length_m: float
    width_m: float
    height_m: float
    weight_t: float
    clear_width_m: float | None = None
    clear_height_m: float | None = None

    @property
    def needs_width_m(self) -> float:
        """The free width it needs."""
        return self.width_m if self.clear_width_m is None else max(self.clear_width_m, self.width_m)

    @property
    def needs_height_m(self) -> float:
        """The free height it needs."""
        return self.height_m if self.clear_height_m is None else max(self.clear_height_m, self.height_m)


# Free for a fire engine: 4.0 m wide and high (GB 50016-2014 (2018), 7.1.8; GB 55037-2022, 3.4.5). Its own size and
# weight: as wide, high and heavy as one of three axles may be (GB 1589-2016); the brigade's own figures replace them.
FIRE_ENGINE = Vehicle(
    name=Text("消防车", "the fire engine"),
    length_m=10.0,
    width_m=2.55,
    height_m=4.0,
    weight_t=25.0,
    clear_width_m=4.0,
    clear_height_m=4.0,
)
# Not a standard's: a van of the common size, with half a metre beside and a quarter above it.
AMBULANCE = Vehicle(
    name=Text("救护车", "the ambulance"),
    length_m=6.0,
    width_m=2.1,
    height_m=2.8,
    weight_t=4.5,
    clear_width_m=2.6,
    clear_height_m=3.05,
)


class Obstacle(IntEnum):
    """Why a piece of road does not let a vehicle through."""

    NONE = 0
    NARROW = 1
    LOW = 2
    WEAK = 3


def check_vehicle(vehicle: Vehicle) -> None:
    """Raise Invalid (geo.route_invalid), naming the field, unless its sizes are numbers a road vehicle has."""
    sizes = {"length_m": SIZE_MAX_M, "needs_width_m": SIZE_MAX_M, "needs_height_m": SIZE_MAX_M}
    for field, most in (sizes | {"weight_t": WEIGHT_MAX_T}).items():
        value = getattr(vehicle, field)
        if not 0 < value <= most:
            shown = value if math.isfinite(value) else None
            raise invalid(
                f"vehicle.{field}", f"above 0, at most {most:.0f}", f"须大于 0 且不超过 {most:.0f}", shown, most
            )


def obstacles(roads: RoadNetwork, vehicle: Vehicle) -> Flags:
    """Of each arc why the vehicle does not fit (m), an ``Obstacle``; what is not known lets it through."""
    found = np.zeros(roads.graph.arcs, dtype=np.uint8)
    for kind, needs, known in _measures(roads, vehicle)[::-1]:
        found[known < needs] = kind
    return found


def unmeasured(roads: RoadNetwork, vehicle: Vehicle) -> Mask:
    """The arcs of roads of which a measure the vehicle depends on is not known (m)."""
    found: Mask = np.zeros(roads.graph.arcs, dtype=np.bool_)
    for _, _, known in _measures(roads, vehicle):
        found |= np.isinf(known)
    return found


def vehicle_times(roads: RoadNetwork, vehicle: Vehicle, times: Ints | None = None) -> Ints:
    """The arcs' times for a vehicle (m): ``times`` (None: the network's own), BANNED where it does not fit."""
    given = roads.graph.millis if times is None else times
    return np.where(obstacles(roads, vehicle) == Obstacle.NONE, given, BANNED).astype(np.int32)


def free_width_m(roads: RoadNetwork, arc: int) -> float:
    """The width of a piece of road with its doors; infinite: not known."""
    own = roads.roads[int(roads.ways[arc])].width_m
    return min([math.inf if own is None else own, *(door.width_m for door in roads.doors[arc])])


def _measures(roads: RoadNetwork, vehicle: Vehicle) -> list[tuple[Obstacle, float, Floats]]:
    """What a vehicle needs of each measure, and what each arc has (m); infinite: not known."""

    def known(values: list[float | None]) -> Floats:
        by_road = np.array([math.inf if value is None else value for value in values], dtype=np.float64)
        return by_road[roads.ways]

    width = known([way.width_m for way in roads.roads])
    for arc, doors in enumerate(roads.doors):
        for door in doors:
            width[arc] = min(width[arc], door.width_m)
    return [
        (Obstacle.NARROW, vehicle.needs_width_m, width),
        (Obstacle.LOW, vehicle.needs_height_m, known([way.height_m for way in roads.roads])),
        (Obstacle.WEAK, vehicle.weight_t, known([way.weight_t for way in roads.roads])),
    ]
