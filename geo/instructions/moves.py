"""Where on a way something is to be done: corners, doors, rises, the end; each relative to the way one walks. Pure."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec

from geo.instructions.headings import change, heading, turn_of
from geo.instructions.path import SAME_PLACE_M
from geo.instructions.shaping import Climb, Crossing, Leg, Shape, Vertex
from geo.instructions.surroundings import SHAFTS, Surroundings
from geo.places.model import PlaceId

# Corners nearer to one another are one turn, and nearer to a door they are part of going through it: from the middle of
# a corridor 5 m wide it is as far to its wall. Two that undo one another are a jog nobody need be told of.
NEAR_M = 2.5

MoveKind: TypeAlias = Literal["start", "turn", "door", "climb", "leave", "arrive"]


class Move(msgspec.Struct):
    """Something to do at ``vertex`` of the flattened way. Directions in degrees counter-clockwise from east.

    ``turn``: the change of direction there, ``then``: straight after the door or rise; None: not known, or nothing to
    say. ``before``: the direction walked in just before it, ``after``: of the walk that follows. ``seen_from``: the
    vertex from which an arrival is in view.
    """

    kind: MoveKind
    vertex: int
    turn: float | None = None
    then: float | None = None
    before: float | None = None
    after: float | None = None
    crossing: Crossing | None = None
    climb: Climb | None = None
    seen_from: int | None = None


class Way(msgspec.Struct, frozen=True):
    """A shape as one line: ``vertices`` (n), of each run between two its room (n - 1) and whether it is a climb
    (n - 1), and the moves by vertex. ``nodes``: of the path as it came."""

    nodes: list[int]
    vertices: list[Vertex]
    rooms: list[PlaceId | None]
    climbs: list[bool]
    moves: list[Move]


class _Corner(msgspec.Struct, frozen=True):
    """A change of direction, ``at_m`` from the start of its section."""

    vertex: int
    at_m: float
    before: float
    after: float


def find_moves(around: Surroundings, shape: Shape, facing: float | None = None) -> Way:
    """All moves of a shape in order; ``facing``: the direction one faces at the start, None: not known."""
    walker = _Walker(around, shape, facing)
    for number, part in enumerate(shape.parts):
        if isinstance(part, Leg):
            walker.walk(part, shape.parts[number + 1] if number + 1 < len(shape.parts) else None)
        else:
            walker.climb(part)
    return Way(shape.nodes, walker.vertices, walker.rooms, walker.climbs, walker.finish())


class _Walker:
    """Walks a shape once and notes what there is to do; ``facing`` is the direction it walks in."""

    def __init__(self, around: Surroundings, shape: Shape, facing: float | None) -> None:
        self.around = around
        self.vertices: list[Vertex] = [shape.parts[0].points[0]]
        self.rooms: list[PlaceId | None] = []
        self.climbs: list[bool] = []
        self.moves = [Move("start", 0, before=facing)]
        self.facing = facing

    def walk(self, leg: Leg, following: Leg | Climb | None) -> None:
        """A leg's sections, each from one fixed thing to the next."""
        offset = len(self.vertices) - 1
        self.vertices += leg.points[1:]
        self.rooms += leg.rooms
        self.climbs += [False] * len(leg.rooms)
        first = 0
        for crossing in leg.crossings:
            through = Move("door", offset + crossing.first, after=crossing.heading, crossing=crossing)
            self._section(leg, offset, (first, crossing.first), through)
            self.facing = crossing.heading
            first = crossing.last
        last = len(leg.points) - 1
        if isinstance(following, Climb):
            self._section(leg, offset, (first, last), Move("climb", offset + last, after=following.entry))
        elif last > first or not leg.crossings:
            self._section(leg, offset, (first, last), Move("arrive", offset + last))

    def climb(self, climb: Climb) -> None:
        """A climb, to which the leg before it has led, if there is one."""
        if self.moves[-1].kind != "climb" or self.moves[-1].climb is not None:
            self.moves.append(Move("climb", len(self.vertices) - 1))
        self.moves[-1].climb = climb
        self.vertices += climb.points[1:]
        self.rooms += [None] * (len(climb.points) - 1)
        self.climbs += [True] * (len(climb.points) - 1)
        self.facing = climb.exit

    def finish(self) -> list[Move]:
        """The moves; the way ends with an arrival, also behind a door or at the top of a rise."""
        if self.moves[-1].kind != "arrive":
            end = len(self.vertices) - 1
            self.moves.append(Move("arrive", end, before=self.facing, seen_from=end))
        return self.moves

    def _section(self, leg: Leg, offset: int, ends: tuple[int, int], closing: Move) -> None:
        """A walk between two fixed things: its corners belong to the first, to the second, or are turns between."""
        opening, came = self.moves[-1], self.facing
        long_m, corners = self._corners(leg, offset, ends, closing.after)
        shaft = self._in_shaft(leg, ends, "climb" in (opening.kind, closing.kind))
        if opening.kind == "climb" and not shaft and long_m > NEAR_M:
            opening = Move("leave", offset + ends[0], before=came)
            self.moves.append(opening)
        # Who turns on the spot before setting off does so there, however near the door is.
        spot = [c for c in corners if c.at_m == 0 and opening.kind == "start"]
        near = [c for c in corners if long_m - c.at_m <= NEAR_M and c not in spot]
        late = [c for c in near if long_m <= NEAR_M or long_m - c.at_m <= c.at_m]
        early = [c for c in corners if c.at_m <= NEAR_M and c not in late]
        self._open(opening, early, corners, shaft)
        if not shaft:
            for group in _groups([c for c in corners if c not in late and c not in early]):
                if turn_of(_net(group)) != "straight":
                    turn = Move("turn", group[0].vertex, _net(group), before=group[0].before, after=group[-1].after)
                    self.moves.append(turn)
        known = bool(late) or self.facing is not None
        closing.turn = _net(late) if known and not shaft else None
        closing.before = late[0].before if late else self.facing
        closing.seen_from = late[0].vertex if late else closing.vertex
        self.moves.append(closing)

    def _open(self, opening: Move, early: list[_Corner], corners: list[_Corner], shaft: bool) -> None:
        """What one does first in a section: at the start by where one faces, else straight after the door or rise."""
        if opening.kind in ("start", "leave"):
            opening.turn = _net(early) if opening.before is not None else None
        elif not shaft:
            opening.then = _net(early)
        rest = [c for c in corners if c not in early]
        opening.after = early[-1].after if early else rest[0].before if rest else self.facing

    def _corners(
        self, leg: Leg, offset: int, ends: tuple[int, int], onwards: float | None
    ) -> tuple[float, list[_Corner]]:
        """A section's length and every change of direction in it, the last one ``onwards``; afterwards the walker faces
        as its last run does."""
        corners: list[_Corner] = []
        at_m, facing = 0.0, self.facing
        for i in range(*ends):
            p, q = leg.points[i], leg.points[i + 1]
            long_m = math.dist((p.x, p.y), (q.x, q.y))
            if long_m > SAME_PLACE_M:
                ahead = heading(p.x, p.y, q.x, q.y)
                if facing is not None:
                    corners.append(_Corner(offset + i, at_m, facing, ahead))
                facing = ahead
            at_m += long_m
        if onwards is not None and facing is not None:
            corners.append(_Corner(offset + ends[1], at_m, facing, onwards))
        self.facing = facing
        return at_m, [corner for corner in corners if change(corner.before, corner.after) != 0]

    def _in_shaft(self, leg: Leg, ends: tuple[int, int], by_climb: bool) -> bool:
        """Whether a section is the room around the foot or head of a rise: from there one sees its door."""
        rooms = [self.around.rooms[room].kind if room is not None else None for room in leg.rooms[ends[0] : ends[1]]]
        return by_climb and bool(rooms) and all(kind in SHAFTS for kind in rooms)


def _groups(corners: list[_Corner]) -> list[list[_Corner]]:
    """Corners that are one turn."""
    groups: list[list[_Corner]] = []
    for corner in corners:
        if groups and corner.at_m - groups[-1][0].at_m <= NEAR_M:
            groups[-1].append(corner)
        else:
            groups.append([corner])
    return groups


def _net(corners: list[_Corner]) -> float:
    return change(corners[0].before, corners[-1].after) if corners else 0.0
