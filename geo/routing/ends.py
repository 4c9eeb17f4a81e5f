"""From a place to the nodes beside it and back: over which part of an arc, and whether a ban is in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from geo.graph.csr import BANNED, Floats, Ints
from geo.routing.conditions import Conditions, Mask
from geo.routing.snapping import WHOLE_PPM, Place


class Part(msgspec.Struct, frozen=True):
    """The part of an arc that is walked, in its direction, from and to so many millionths of it."""

    arc: int
    millis: int
    from_ppm: int
    to_ppm: int


class End(msgspec.Struct, frozen=True):
    """A node beside a place, ``millis`` over ``part`` and what is off the network.

    ``banned``: the part meets an area that hazards ban.
    """

    node: int
    millis: int
    part: Part | None = None
    banned: bool = False


class Walk(msgspec.Struct, frozen=True):
    """A part that might be walked, before its time is known: between two points (4) on a level."""

    place: int
    node: int
    arc: int
    from_ppm: int
    to_ppm: int
    line: tuple[float, float, float, float]


def start_ends(conditions: Conditions, places: Sequence[Place], times: Ints) -> list[list[End]]:
    """Of each place the nodes one may walk to; ``times`` (m) decide which arcs are banned."""
    graph = conditions.graph
    walks = []
    for number, it in enumerate(places):
        for arc, along in ((it.ahead, it.along_ppm), (it.back, WHOLE_PPM - it.along_ppm)):
            if arc >= 0:
                walks.append(_walk(conditions, number, it, int(graph.heads[arc]), arc, along, WHOLE_PPM))
    return _ends(conditions, places, walks, times)


def goal_ends(conditions: Conditions, places: Sequence[Place], times: Ints) -> list[list[End]]:
    """Of each place the nodes it may be reached from."""
    graph = conditions.graph
    walks = []
    for number, it in enumerate(places):
        for arc, along in ((it.ahead, it.along_ppm), (it.back, WHOLE_PPM - it.along_ppm)):
            if arc >= 0:
                walks.append(_walk(conditions, number, it, int(graph.tails[arc]), arc, 0, along))
    return _ends(conditions, places, walks, times)


def on_one_arc(one: Place, other: Place) -> bool:
    """Whether two places are between the same two nodes, on the same arcs."""
    return one.node < 0 and (one.ahead, one.back) == (other.ahead, other.back)


def straight(conditions: Conditions, start: Place, goal: Place, times: Ints) -> Part | None:
    """From one place to another on the same arc; None: they are not, or one may not walk there."""
    if not on_one_arc(start, goal):
        return None
    onward = goal.along_ppm >= start.along_ppm
    arc = start.ahead if onward else start.back
    if arc < 0:
        return None
    left, right = (
        (start.along_ppm, goal.along_ppm) if onward else (WHOLE_PPM - start.along_ppm, WHOLE_PPM - goal.along_ppm)
    )
    walk = Walk(0, -1, arc, left, right, (start.on_x, start.on_y, goal.on_x, goal.on_y))
    meets = _meets(conditions, [walk], [start.level], times)
    end = _end(conditions, walk, times, 0, bool(meets[0]))
    return None if end is None or end.banned else end.part


def _walk(conditions: Conditions, number: int, place: Place, node: int, arc: int, from_ppm: int, to_ppm: int) -> Walk:
    graph = conditions.graph
    line = (place.on_x, place.on_y, float(graph.x[node]), float(graph.y[node]))
    return Walk(number, node, arc, from_ppm, to_ppm, line)


def _ends(conditions: Conditions, places: Sequence[Place], walks: list[Walk], times: Ints) -> list[list[End]]:
    found: list[list[End]] = [[End(it.node, it.walk_ms)] if it.node >= 0 else [] for it in places]
    meets = _meets(conditions, walks, [places[it.place].level for it in walks], times)
    for walk, met in zip(walks, meets.tolist(), strict=True):
        end = _end(conditions, walk, times, places[walk.place].walk_ms, met)
        if end is not None:
            found[walk.place].append(end)
    return found


def _meets(conditions: Conditions, walks: list[Walk], levels: list[int], times: Ints) -> Mask:
    """Which walks over banned arcs meet a banned area; only these are asked."""
    meets = np.zeros(len(walks), dtype=bool)
    asked = [i for i, it in enumerate(walks) if times[it.arc] == BANNED]
    if asked:
        lines: Floats = np.array([walks[i].line for i in asked]).reshape(-1, 2, 2)
        meets[asked] = conditions.meets_ban(lines, np.array([levels[i] for i in asked], dtype=np.int32))
    return meets


def _end(conditions: Conditions, walk: Walk, times: Ints, more_ms: int, met: bool) -> End | None:
    """None: the arc is shut for another reason than a hazard, or banned by who knows what."""
    whole = int(times[walk.arc])
    if whole == BANNED:
        whole = int(conditions.base[walk.arc])
    if whole == BANNED:
        return None
    # Rounded up: nobody is told a time they can not make.
    millis = -(-whole * (walk.to_ppm - walk.from_ppm) // WHOLE_PPM)
    return End(walk.node, millis + more_ms, Part(walk.arc, millis, walk.from_ppm, walk.to_ppm), met)
