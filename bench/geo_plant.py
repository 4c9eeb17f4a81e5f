"""A plant that never was, for benchmarks and tests: five levels of rooms, corridors, stairs, lifts, a ladder, exits.

Each level is rows of corridors with a room on either side of every bay; a room is a grid of 4 x 4 nodes behind one
door, and one room in six has a second door to its neighbour. Rows are joined at both ends and in the middle. Stairs
stand at the four corners, lifts in the middle of the first and the last row, one ladder goes down beside it. Exits are
on level 0, at the ends of each corridor.
"""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from geo.graph.csr import build
from geo.places.network import ArcKind, Network, Node
from geo.projection import Projection

LEVELS = 5
GRID, PITCH_M = 4, 1.5
BAY_M, ROW_M, STOREY_M = 8.0, 20.0, 4.0
# Unhindered walking on the level 1.2 m/s; on stairs down and up 0.7 and 0.5 m/s along the slope (SFPE Handbook of Fire
# Protection Engineering, 5th ed., chapter 59: 1.19 m/s, and 0.85 to 1.05 of it by riser and tread, before crowding).
WALK_M_S, DOWN_M_S, UP_M_S = 1.2, 0.7, 0.5
DOOR_MS, LIFT_MS, LADDER_UP_MS, LADDER_DOWN_MS = 1_500, 12_000, 15_000, 10_000
_BAY_NODES = 2 + 2 * (GRID * GRID + 1)


class Plant(msgspec.Struct, frozen=True, eq=False):
    """``rooms`` (r, 5): x0, y0, x1, y1 metres and level of each room; ``room_of`` (n): the room a node is in, or -1."""

    network: Network
    rooms: npt.NDArray[np.float64]
    room_of: npt.NDArray[np.int32]


def plant(nodes: int, seed: int = 0) -> Plant:
    """A plant of five levels and about ``nodes`` nodes (a few per cent more or less), the same for the same seed."""
    bays = max(3, round(math.sqrt(nodes / LEVELS / _BAY_NODES * ROW_M / BAY_M)))
    rows = max(2, round(nodes / LEVELS / _BAY_NODES / bays))
    made = _Made(np.random.default_rng(seed))
    corridors = [[made.row(level, row, bays) for row in range(rows)] for level in range(LEVELS)]
    for level, lines in enumerate(corridors):
        for place in (0, bays, 2 * bays - 1):
            for low, high in pairwise(lines):
                made.cross(level, low[place], high[place])
    for lower, upper in pairwise(corridors):
        for row, place in ((0, 0), (0, -1), (rows - 1, 0), (rows - 1, -1)):
            made.stairs(lower[row][place], upper[row][place])
        for row in (0, rows - 1):
            made.join(lower[row][bays - 1], upper[row][bays - 1], ArcKind.LIFT, LIFT_MS, LIFT_MS)
        made.join(lower[0][bays + 1], upper[0][bays + 1], ArcKind.LADDER, LADDER_UP_MS, LADDER_DOWN_MS)
    exits = [made.exit(line[place]) for line in corridors[0] for place in (0, -1)]
    return made.done(exits)


class _Made:
    """What is built so far."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._places: list[tuple[float, float, int]] = []
        self._nodes: list[Node] = []
        self._room_of: list[int] = []
        self._rooms: list[tuple[float, float, float, float, float]] = []
        self._arcs: list[tuple[int, int, int, int]] = []

    def node(self, x: float, y: float, level: int, kind: str, room: int = -1) -> int:
        self._places.append((x, y, level))
        self._nodes.append(Node(kind, room=None if room < 0 else f"R{room}"))
        self._room_of.append(room)
        return len(self._places) - 1

    def join(self, a: int, b: int, kind: ArcKind, there_ms: int, back_ms: int) -> None:
        self._arcs += [(a, b, there_ms, kind), (b, a, back_ms, kind)]

    def walk(self, a: int, b: int, kind: ArcKind = ArcKind.WALK, more_ms: int = 0) -> None:
        (ax, ay, _), (bx, by, _) = self._places[a], self._places[b]
        millis = max(1, round(1e3 * math.hypot(ax - bx, ay - by) / WALK_M_S)) + more_ms
        self.join(a, b, kind, millis, millis)

    def row(self, level: int, row: int, bays: int) -> list[int]:
        """One corridor with its rooms; the corridor's nodes from west to east."""
        line: list[int] = []
        before: list[list[int] | None] = [None, None]
        for bay in range(bays):
            x, y = bay * BAY_M, row * ROW_M
            for step in (0.25, 0.75):
                line.append(self.node(x + step * BAY_M, y + self._rng.uniform(-0.3, 0.3), level, "corridor"))
                if len(line) > 1:
                    self.walk(line[-2], line[-1])
            for side, up in enumerate((1, -1)):
                grid = self.room(x, y, level, up, line[-2 + side])
                west = before[side]
                if west is not None and self._rng.random() < 1 / 6:
                    self.walk(west[-GRID], grid[0], ArcKind.DOOR, DOOR_MS)
                before[side] = grid
        return line

    def room(self, x: float, y: float, level: int, up: int, corridor: int) -> list[int]:
        """One room north (1) or south (-1) of the corridor: its nodes column by column, from the corridor away."""
        number = len(self._rooms)
        low, high = sorted((y + up * 1.5, y + up * (ROW_M / 2 - 0.5)))
        self._rooms.append((x, low, x + BAY_M, high, float(level)))
        door = self.node(x + 0.5 * BAY_M, y + up * 1.5, level, "door", number)
        self.walk(corridor, door, ArcKind.DOOR, DOOR_MS)
        grid: list[int] = []
        for column in range(GRID):
            for depth in range(GRID):
                dx, dy = self._rng.uniform(-0.3, 0.3, 2)
                place = (x + 1.75 + column * PITCH_M + dx, y + up * (2.5 + depth * PITCH_M + dy))
                grid.append(self.node(*place, level, "room", number))
                if depth:
                    self.walk(grid[-2], grid[-1])
                if column:
                    self.walk(grid[-1 - GRID], grid[-1])
        self.walk(door, grid[GRID])
        self.walk(door, grid[2 * GRID])
        return grid

    def cross(self, level: int, south: int, north: int) -> None:
        """A corridor across, between two rows."""
        (ax, ay, _), (bx, by, _) = self._places[south], self._places[north]
        last = south
        for part in range(1, 10):
            share = part / 10
            middle = self.node(ax + share * (bx - ax), ay + share * (by - ay), level, "corridor")
            self.walk(last, middle)
            last = middle
        self.walk(last, north)

    def stairs(self, lower: int, upper: int) -> None:
        """One flight between two levels, twice the storey's height along the slope."""
        up, down = (round(1e3 * 2 * STOREY_M / speed) for speed in (UP_M_S, DOWN_M_S))
        self._arcs += [(lower, upper, up, ArcKind.STAIRS_UP), (upper, lower, down, ArcKind.STAIRS_DOWN)]

    def exit(self, corridor: int) -> int:
        """The way out at a corridor's end: a node of its own outside."""
        x, y, level = self._places[corridor]
        outside = self.node(x, y - 3.0, level, "exit")
        self.walk(corridor, outside, ArcKind.DOOR, DOOR_MS)
        return outside

    def done(self, exits: list[int]) -> Plant:
        places = np.array(self._places)
        arcs = np.array(self._arcs, dtype=np.int64)
        graph, _ = build(*places.T, *arcs.T)
        ways: list[str | None] = [None] * graph.arcs
        network = Network(graph, Projection(121.0, 31.0), self._nodes, ways, exits, exits)
        return Plant(network, np.array(self._rooms), np.array(self._room_of, dtype=np.int32))
