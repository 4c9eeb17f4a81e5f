"""A path through a network as a person meets it: the room of every arc, the doors, the ways up and down. Pure."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph.csr import BANNED
from geo.instructions.headings import heading
from geo.instructions.surroundings import Surroundings
from geo.places.model import PlaceId, RiseKind
from geo.places.network import ArcKind, Network

# Nearer than this two places have no direction from one to the other.
SAME_PLACE_M = 0.05
# A door in the middle of a way is at none of the network's nodes.
NO_NODE = -1
# Between two flights of one stairway lies a landing, not a walk; within a stairwell it may be as long as one flight.
LANDING_M, LANDING_INSIDE_M = 5.0, 15.0
# A way of a whole site has some thousands of arcs; this bounds the work one request can cause.
ARCS_MAX = 100_000

RISE_KINDS: dict[int, RiseKind] = {
    ArcKind.STAIRS_UP: "stairs",
    ArcKind.STAIRS_DOWN: "stairs",
    ArcKind.RAMP: "ramp",
    ArcKind.ESCALATOR: "escalator",
    ArcKind.LIFT: "lift",
    ArcKind.LADDER: "ladder",
}


Ends: TypeAlias = tuple[tuple[float, float] | None, tuple[float, float] | None]
"""Where a path begins and ends, in metres, when that is not at the node of its first and of its last arc."""
NODES: Ends = (None, None)


class Path(msgspec.Struct, frozen=True):
    """The path as it came: ``nodes`` (k + 1), of each its place, level, time, and how many metres ``along`` the path it
    is; its arcs (k) by kind, of each what it is of and its room. ``inserted``: nodes that are doors on a drawn way."""

    nodes: list[int]
    xy: npt.NDArray[np.float64]
    along: list[float]
    levels: list[int]
    millis: list[int]
    kinds: list[int]
    of: list[PlaceId | None]
    doors: list[PlaceId | None]
    rooms: list[PlaceId | None]
    inserted: frozenset[int]

    def length(self, i: int, j: int) -> float:
        """Metres from one node to another along the path, seen from above."""
        return self.along[j] - self.along[i]

    def heading(self, i: int, j: int) -> float:
        """The direction from one node to another."""
        return heading(*self.xy[i].tolist(), *self.xy[j].tolist())

    def up(self, first: int, last: int) -> bool | None:
        """Whether a climb between two nodes goes up; None: the plan does not say."""
        if self.levels[first] != self.levels[last]:
            return self.levels[last] > self.levels[first]
        return {int(ArcKind.STAIRS_UP): True, int(ArcKind.STAIRS_DOWN): False}.get(self.kinds[first])

    def walked(self, i: int) -> float | None:
        """The direction in which one comes to a node: of the last arc with a length; None where there is none."""
        for j in range(i - 1, -1, -1):
            if self.length(j, i) > SAME_PLACE_M:
                return self.heading(j, i)
        return None


def read_path(
    around: Surroundings, network: Network, arcs: npt.NDArray[Any], millis: npt.NDArray[Any], ends: Ends = NODES
) -> Path:
    """The arcs (k) and their times -> the path. Raises Invalid as ``shape`` says."""
    _check(network, arcs, millis)
    graph = network.graph
    nodes = [int(graph.tails[arcs[0]]), *graph.heads[arcs].tolist()]
    stands = [network.nodes[node].of for node in nodes]
    route = _Route(
        nodes=nodes,
        doors=[key if key in around.doors else None for key in stands],
        xy=list(zip(graph.x[nodes].tolist(), graph.y[nodes].tolist(), strict=True)),
        levels=graph.level[nodes].tolist(),
        kinds=graph.kinds[arcs].tolist(),
        of=[network.arc_of[arc] for arc in arcs.tolist()],
        millis=millis.tolist(),
    )
    inserted = _put_doors_in(around, route)
    doors = route.doors
    # Of a door drawn as a node on each side each is in its own room.
    sided = [door is not None and door in (doors[i - 1 : i] + doors[i + 1 : i + 2]) for i, door in enumerate(doors)]
    touched = [
        _touched(around, network, node, None if two else door)
        for node, door, two in zip(route.nodes, doors, sided, strict=True)
    ]
    # Who begins or ends halfway along an arc is not at its node, nor at the door that stands there.
    for i, end in ((0, ends[0]), (-1, ends[1])):
        if end is not None:
            route.xy[i], doors[i] = end, None
    xy = np.array(route.xy, dtype=np.float64)
    rooms = [_room(around, touched[i : i + 2], route.levels[i], xy[i : i + 2]) for i in range(len(route.kinds))]
    times = np.concatenate(([0], np.cumsum(np.array(route.millis, dtype=np.int64)))).tolist()
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))).tolist()
    return Path(route.nodes, xy, along, route.levels, times, route.kinds, route.of, doors, rooms, inserted)


class _Route(msgspec.Struct):
    """A path while doors are put in."""

    nodes: list[int]
    doors: list[PlaceId | None]
    xy: list[tuple[float, float]]
    levels: list[int]
    kinds: list[int]
    of: list[PlaceId | None]
    millis: list[int]


def _put_doors_in(around: Surroundings, route: _Route) -> frozenset[int]:
    """A drawn way that a door stands on is cut where the door is; the places of those doors on the path."""
    inserted: list[int] = []
    i = 0
    while i < len(route.kinds):
        door = route.of[i]
        # A door that stands where two ways meet is on both of them, and is gone through once.
        again = i - 1 in inserted and route.doors[i - 1] == door
        if route.kinds[i] == ArcKind.DOOR and door in around.doors and door not in route.doors[i : i + 2] and not again:
            assert door is not None
            (ax, ay), (bx, by) = route.xy[i], route.xy[i + 1]
            x, y = around.door_at[door]
            long = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-12)
            share = min(max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / long, 0.0), 1.0)
            first = round(route.millis[i] * share)
            route.nodes.insert(i + 1, NO_NODE)
            route.doors.insert(i + 1, door)
            route.xy.insert(i + 1, (ax + (bx - ax) * share, ay + (by - ay) * share))
            route.levels.insert(i + 1, route.levels[i])
            route.kinds[i : i + 1] = [int(ArcKind.WALK)] * 2
            route.of[i : i + 1] = [None, None]
            route.millis[i : i + 1] = [first, route.millis[i] - first]
            inserted.append(i + 1)
        i += 1
    return frozenset(inserted)


def _check(network: Network, arcs: npt.NDArray[Any], millis: npt.NDArray[Any]) -> None:
    if not 0 < len(arcs) <= ARCS_MAX:
        raise _invalid("arcs", f"a path has 1 to {ARCS_MAX} arcs", f"路径须有 1 至 {ARCS_MAX} 段", len(arcs), ARCS_MAX)
    if len(millis) != len(arcs):
        raise _invalid("millis", "every arc of a path has its time", "路径每段须有时间", len(millis), len(arcs))
    if arcs.min() < 0 or arcs.max() >= network.graph.arcs:
        worst = int(arcs[(arcs < 0) | (arcs >= network.graph.arcs)][0])
        raise _invalid("arcs", "a path is over arcs of its network", "路径含路网外的段", worst, network.graph.arcs - 1)
    broken = network.graph.heads[arcs[:-1]] != network.graph.tails[arcs[1:]]
    if broken.any():
        raise _invalid("arcs", "a path's arcs follow one another", "路径不连续", int(np.argmax(broken)) + 1)
    if (network.graph.millis[arcs] == BANNED).any() or (millis == BANNED).any():
        raise _invalid("arcs", "nobody is told to take a banned arc", "路径含禁止通行的段", None)
    if millis.min() < 1:
        raise _invalid("millis", "an arc takes 1 ms or more", "每段时间至少 1 毫秒", int(millis.min()), 1)


def _touched(around: Surroundings, network: Network, node: int, door: PlaceId | None) -> frozenset[PlaceId | None]:
    """The rooms a node lies in: of a door both."""
    return frozenset(around.doors[door].joins) if door is not None else frozenset((network.nodes[node].room,))


def _room(
    around: Surroundings, touched: list[frozenset[PlaceId | None]], level: int, ends: npt.NDArray[np.float64]
) -> PlaceId | None:
    """The room an arc is in: the one both of its ends touch, or where that is not one, the one its middle is in."""
    both = (touched[0] & touched[1]) - {None}
    if len(both) == 1:
        (room,) = both
        return room
    x, y = ends.mean(axis=0).tolist()
    return around.room_at(level, x, y)


def stretches(around: Surroundings, path: Path) -> list[tuple[int, int, bool]]:
    """The path as stretches (first node, last node, whether it is a climb), flights of one stairway together."""
    found: list[tuple[int, int, bool]] = []
    for i in range(len(path.kinds)):
        climb = path.kinds[i] in RISE_KINDS or path.levels[i] != path.levels[i + 1]
        if found and found[-1][2] == climb and (not climb or _same_rise(around, path, i - 1, i)):
            found[-1] = (found[-1][0], i + 1, climb)
        else:
            found.append((i, i + 1, climb))
    joined: list[tuple[int, int, bool]] = []
    for first, last, climb in found:
        joined.append((first, last, climb))
        if climb and len(joined) >= 3 and joined[-3][2] and _landing(around, path, *joined[-2][:2]):
            joined[-3:] = [(joined[-3][0], last, True)]
    return joined


def _same_rise(around: Surroundings, path: Path, i: int, j: int) -> bool:
    """Whether two arcs of climbs are one, in one direction: of one rise, or drawn as a way for every floor."""
    same = path.of[i] == path.of[j]
    # Into the cabin, where a lift is waited for, and out of it: on one floor, and part of the ride.
    if same and any(path.levels[k] == path.levels[k + 1] and path.length(k, k + 1) == 0 for k in (i, j)):
        return True
    if path.kinds[i] != path.kinds[j] or path.up(i, i + 1) != path.up(j, j + 1):
        return path.kinds[i] == path.kinds[j] == ArcKind.LIFT and None in (path.up(i, i + 1), path.up(j, j + 1))
    return same or (path.of[i] not in around.rises and path.of[j] not in around.rises)


def _landing(around: Surroundings, path: Path, first: int, last: int) -> bool:
    """Whether a walk between two climbs is the landing of one stairway."""
    rooms = [around.rooms[room].kind if room is not None else None for room in path.rooms[first:last]]
    long_m = LANDING_INSIDE_M if set(rooms) == {"stairs"} else LANDING_M
    # Between two lifts or escalators one walks as anywhere else.
    stairs = path.kinds[last] in (ArcKind.STAIRS_UP, ArcKind.STAIRS_DOWN)
    if not stairs or not _same_rise(around, path, first - 1, last) or path.length(first, last) > long_m:
        return False
    return not any(path.doors[first : last + 1])


def passages(around: Surroundings, path: Path, first: int, last: int) -> list[tuple[int, int]]:
    """The doors gone through between two nodes, each as its first and last node.

    A door is one node, or two (one on each side). One node that is only touched, with the same room before and after,
    is not gone through; nor is one the way begins or ends in, but for an exit it ends in.
    """
    found: list[tuple[int, int]] = []
    i = first
    while i <= last:
        j = i
        while path.doors[i] is not None and j < last and path.doors[j + 1] == path.doors[i]:
            j += 1
        if j > i or (path.doors[i] is not None and _goes_through(around, path, i)):
            found.append((i, j))
        i = j + 1
    return found


def _goes_through(around: Surroundings, path: Path, i: int) -> bool:
    door = path.doors[i]
    assert door is not None
    if i == 0 or i in path.inserted:
        return i in path.inserted
    if i == len(path.kinds):
        return around.doors[door].exit and None in around.doors[door].joins and path.rooms[i - 1] is not None
    # Where no room is known on either side, a door on the way is one to go through.
    return path.rooms[i - 1] != path.rooms[i] or path.rooms[i] is None


def _invalid(field: str, en: str, zh: str, value: object, limit: object = None) -> Invalid:
    return Invalid("geo.path_invalid", en, zh, field=field, value=value, limit=limit)
