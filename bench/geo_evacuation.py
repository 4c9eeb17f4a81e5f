"""`python -m bench.geo_evacuation`: 2,000 people out of a plant of five levels, 10,000 nodes and six exits.

The planner's time and what it plans, against the time nobody can beat (the bound) and against people who go to their
nearest exit at the same gates. The floor of the planner's time is one shortest-path tree into each exit over the same
network, which any plan needs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from bench.report import keep, load, print_head, print_table
from geo.evacuation import baseline, certificate, planner, replanning
from geo.evacuation.capacity import people_per_ks
from geo.evacuation.model import NEVER, UNLIMITED, Crowd, EvacuationPlan, Exits, Gates, Situation, checked
from geo.evacuation.portals import ways_out
from geo.graph.csr import BANNED, build

LEVELS, COLUMNS, BANDS = 5, 46, 5
# A band is a corridor with rooms of four rows on both sides; nodes are 2 m apart.
BAND_ROWS, CORRIDOR_ROW, ROOM_COLUMNS, PITCH_M = 9, 4, 6, 2.0
STOREY_M = 4.0
# Unhindered walking: 1.19 m/s on the level, 0.85 m/s along the slope of the steepest stairs (SFPE Handbook
# of Fire Protection Engineering, 5th edition, chapter 59).
WALK_M_S, STAIRS_M_S = 1.19, 0.85
DOOR_WIDTH_M, STAIRS_WIDTH_M, EXIT_WIDTH_M = 0.9, 1.8, 1.45


def plant(people: int, seed: int) -> Situation:
    """The plant, with people at random nodes: one room in eight is crowded, and holds four times what others do."""
    chance = np.random.default_rng(seed)
    rows = BANDS * BAND_ROWS
    number = np.arange(LEVELS * rows * COLUMNS).reshape(LEVELS, rows, COLUMNS)
    arcs: list[tuple[int, int, int, int]] = []
    per_ks: list[int] = []

    def join(a: int, b: int, millis: int, gate: int = -1) -> None:
        arcs.extend([(a, b, millis, gate), (b, a, millis, gate)])

    def gate(flow: int) -> int:
        per_ks.append(flow)
        return len(per_ks) - 1

    step = round(1000 * PITCH_M / WALK_M_S)
    flight = round(1000 * 2 * STOREY_M / STAIRS_M_S)
    for level, row, column in np.ndindex(number.shape):
        here, line = int(number[level, row, column]), row % BAND_ROWS
        across = column in (0, COLUMNS // 2, COLUMNS - 1)
        if column + 1 < COLUMNS and (line == CORRIDOR_ROW or (not across and _room(column) == _room(column + 1))):
            join(here, here + 1, step)
        if row + 1 == rows:
            continue
        door = CORRIDOR_ROW in (line, (row + 1) % BAND_ROWS)
        if across or not (door or line == BAND_ROWS - 1):
            join(here, here + COLUMNS, step)
        elif door and column % ROOM_COLUMNS == 3:
            join(here, here + COLUMNS, step, gate(people_per_ks("door", DOOR_WIDTH_M)))
    weight = _crowding(number, chance)
    for level in range(LEVELS - 1):
        for band in (0, 2, 4):
            for column in (0, COLUMNS - 1):
                at = band * BAND_ROWS + CORRIDOR_ROW
                way = gate(people_per_ks("stairs_down", STAIRS_WIDTH_M))
                join(int(number[level, at, column]), int(number[level + 1, at, column]), flight, way)
    node_gate = np.full(number.size, -1, dtype=np.int32)
    out = []
    for band, column in ((0, 12), (0, 45), (1, 0), (2, 45), (3, 0), (4, 33)):
        node = number[0, band * BAND_ROWS + CORRIDOR_ROW, column]
        node_gate[node] = gate(people_per_ks("door", EXIT_WIDTH_M))
        out.append(node)
    level, row, column = np.meshgrid(range(LEVELS), range(rows), range(COLUMNS), indexing="ij")
    table = np.array(arcs, dtype=np.int64)
    places = (column.ravel() * PITCH_M, row.ravel() * PITCH_M, level.ravel())
    graph, order = build(*places, table[:, 0], table[:, 1], table[:, 2])
    crowd = Crowd(
        np.sort(chance.choice(number.size, people, p=weight / weight.sum())).astype(np.int32),
        np.zeros(people, dtype=np.int32),
    )
    return Situation(
        graph,
        graph.millis,
        np.full(graph.arcs, NEVER, dtype=np.int32),
        Gates(node_gate, table[order, 3].astype(np.int32), np.array(per_ks, dtype=np.int64)),
        crowd,
        Exits(np.array(out, dtype=np.int32), np.full(len(out), UNLIMITED, dtype=np.int32)),
    )


def _room(column: int) -> int:
    return column // ROOM_COLUMNS


def _crowding(number: npt.NDArray[np.int64], chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """How likely somebody stands at each node, against the others."""
    weight = np.ones(number.size)
    for level in range(LEVELS):
        for room in range(BANDS * 2 * (COLUMNS // ROOM_COLUMNS)):
            if chance.random() < 1 / 8:
                band, side, part = room // 2 % BANDS, room % 2, room // 2 // BANDS
                top = band * BAND_ROWS + 5 * side
                weight[number[level, top : top + 4, part * ROOM_COLUMNS : (part + 1) * ROOM_COLUMNS]] = 4.0
    return weight


class Timed(msgspec.Struct):
    """Median milliseconds of some rounds, by the clock and of this process's CPU time, and what the last one made."""

    wall_ms: float
    cpu_ms: float
    made: Any

    def row(self, name: str, floor: Timed, clear_ms: int | None = None, bound_ms: int | None = None) -> list[str]:
        """A line of the table; the ratio is of CPU times, which other work disturbs less."""
        cells = [name, f"{self.wall_ms:.1f}", f"{self.cpu_ms:.1f}", f"{self.cpu_ms / floor.cpu_ms:.1f}"]
        cells.append("" if clear_ms is None else f"{clear_ms / 1e3:.0f}")
        return [*cells, "" if clear_ms is None or bound_ms is None else f"{clear_ms / bound_ms:.3f}"]


def timed(work: Callable[[], object], rounds: int) -> Timed:
    """Time some rounds after one that is not counted (numba compiles in it)."""
    made = work()
    wall, cpu = [], []
    for _ in range(rounds):
        start, start_cpu = time.perf_counter(), time.process_time()
        made = work()
        wall.append(1e3 * (time.perf_counter() - start))
        cpu.append(1e3 * (time.process_time() - start_cpu))
    return Timed(statistics.median(wall), statistics.median(cpu), made)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.geo_evacuation", description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    rounds = 3 if args.quick else args.rounds
    print_head(f"geo_evacuation: {args.people} people, median of {rounds}")
    of = checked(plant(args.people, args.seed))
    size = f"{of.graph.nodes} nodes, {of.graph.arcs} arcs, {len(of.gates.per_ks)} gates, {len(of.exits.node)} exits"
    print(f"plant: {size}")
    floor = timed(lambda: ways_out(of), rounds)
    plan = timed(lambda: planner.plan(of), rounds)
    walk = timed(lambda: baseline.nearest_exit(of), rounds)
    proof = timed(lambda: certificate.certify(of, plan.made), rounds)
    quick = certificate.certify(of, plan.made, solves_max=0)
    shut = shutting(of, plan.made)
    again = timed(lambda: planner.plan(shut), rounds)
    clear_ms, bound_ms = plan.made.cleared_ms, proof.made.bound_ms
    flow = f"bound by maximum flow, {'complete' if proof.made.proven else 'stopped'}"
    rows = [
        floor.row("floor: a tree into each exit", floor),
        plan.row("plan", floor, clear_ms, bound_ms),
        again.row("plan again after 60 s, a part shut", floor, 60_000 + again.made.cleared_ms),
        walk.row("nearest exit", floor, walk.made.cleared_ms, bound_ms),
        ["bound by walks and exits", "", "", "", f"{quick.bound_ms / 1e3:.0f}", f"{quick.bound_ms / bound_ms:.3f}"],
        proof.row(flow, floor, bound_ms, bound_ms),
    ]
    note = f"cut off: {len(plan.made.cut_off)} of {args.people}; when a part is shut {len(again.made.cut_off)}"
    columns = ["what", "ms", "CPU ms", "of the floor", "all out, s", "of the bound"]
    print_table(columns, rows, note=f"{note}\nafter:   {load()}")
    keep(
        f"geo_evacuation: {args.people} people planned in {plan.wall_ms:.0f} ms ({plan.cpu_ms:.0f} ms CPU, "
        f"{plan.cpu_ms / floor.cpu_ms:.0f} of the floor), all out in {clear_ms / 1e3:.0f} s, "
        f"{100 * (clear_ms / bound_ms - 1):.1f} % above the bound; nearest exit {walk.made.cleared_ms / 1e3:.0f} s"
    )
    return 0


def shutting(of: Situation, planned: EvacuationPlan) -> Situation:
    """A minute into the plan a hazard takes the north corridor of the ground floor."""
    graph = of.graph
    rows = BAND_ROWS * (BANDS - 1)
    taken = (graph.level[graph.tails] == 0) & (graph.y[graph.tails] >= rows * PITCH_M)
    millis = np.where(taken, BANNED, of.millis).astype(np.int32)
    return replanning.later(of, planned, 60_000, millis, of.shuts_ms)[0]


if __name__ == "__main__":
    raise SystemExit(main())
