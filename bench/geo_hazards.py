"""`python -m bench.geo_hazards`: hazards -> touched arcs -> raised times on 5-level plants of 10k and 100k nodes.

The floors, in the same run: one pass over all arcs in numpy (a copy of the times), and GEOS itself, asking a tree that
is made of every arc's own segment. Every figure is the median of repeats on warm data, one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import shapely

from bench.report import keep, load, print_head, print_table
from geo.graph.csr import Graph, build
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.hazards.plume import Leak, Wind, plume_mg_m3
from geo.hazards.plume_areas import plume_area
from geo.hazards.raising import HazardTimes, raise_times
from geo.hazards.touching import ArcIndex

LEVELS = 5
SPACING_M = 2.5
AIMS_MS = {10_000: (0.34, 0.08), 100_000: (2.6, 0.5)}


def make_plant(nodes: int, seed: int = 7) -> Graph:
    """Five levels of a grid with a tenth of its links missing, places off by up to 0.4 m, stairs at every 40th node."""
    chance = np.random.default_rng(seed)
    side = round((nodes / LEVELS) ** 0.5)
    cell = np.arange(side * side)
    column, row = cell % side, cell // side
    right, up = cell[column < side - 1], cell[row < side - 1]
    links = [np.column_stack((right, right + 1)), np.column_stack((up, up + side))]
    flat = np.concatenate([np.concatenate(links) + level * side * side for level in range(LEVELS)])
    flat = flat[chance.random(len(flat)) > 0.1]
    foot = cell[::40]
    stairs = np.concatenate(
        [np.column_stack((foot, foot + side * side)) + level * side * side for level in range(LEVELS - 1)]
    )
    pairs = np.concatenate((flat, stairs))
    x = np.tile(column * SPACING_M, LEVELS) + chance.uniform(-0.4, 0.4, LEVELS * side * side)
    y = np.tile(row * SPACING_M, LEVELS) + chance.uniform(-0.4, 0.4, LEVELS * side * side)
    tails, heads = np.concatenate((pairs, pairs[:, ::-1])).T
    lengths = np.hypot(x[tails] - x[heads], y[tails] - y[heads]) + 1
    level = np.repeat(np.arange(LEVELS), side * side)
    return build(x, y, level, tails, heads, (lengths / 1.4 * 1_000).astype(np.int64))[0]


def make_hazards(graph: Graph, shift_m: float = 0.0) -> list[Footprint]:
    """A plume over the ground floor, a cloud over three floors, a ring, a corner, a fire; they grow with the plant."""
    far = float(graph.x.max())
    unit, middle = far / 112, far / 2
    wind = Wind(250, 4.0, "D")
    plume = next(
        area
        for mg_m3 in np.geomspace(1e-2, 1e5, 200)
        if (area := plume_area(Leak(far * 0.1 + shift_m, middle, 0, 20_000), wind, float(mg_m3))) is not None
        and area.bounds[2] < far * 0.85
    )
    around = shapely.Point(far * 0.7, middle)
    ring = shapely.Polygon(around.buffer(12 * unit).exterior, [around.buffer(6 * unit).exterior.coords])
    corner = shapely.box(far * 0.8, far * 0.8, far * 0.8 + 20 * unit, far * 0.8 + 10 * unit)
    return [
        Footprint(plume, frozenset({0}), 3_000),
        Footprint(shapely.Point(middle + shift_m, middle).buffer(15 * unit), frozenset({1, 2, 3}), 5_000),
        Footprint(ring, frozenset({2}), BAN_PERMILLE),
        Footprint(corner, frozenset({4}), BAN_PERMILLE),
        Footprint(shapely.Point(far * 0.3, far * 0.3).buffer(5 * unit), frozenset({0, 1}), BAN_PERMILLE),
    ]


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """The median of repeats after two that do not count."""
    return _times_ms(work, repeats)[0]


def _times_ms(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The median and the least."""
    work()
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1_000, min(times) * 1_000


class EveryArc:
    """The floor of touching: a tree a level of every arc's own segment, asked as shapely's documentation says."""

    def __init__(self, graph: Graph) -> None:
        ends = np.column_stack((graph.tails, graph.heads))
        lines = np.asarray(shapely.linestrings(np.stack((graph.x[ends], graph.y[ends]), axis=-1)), dtype=np.object_)
        levels = graph.level[ends]
        self.trees = []
        for level in range(LEVELS):
            here = np.flatnonzero((levels.min(axis=1) <= level) & (level <= levels.max(axis=1)))
            self.trees.append((shapely.STRtree(lines[here]), here))

    def touched(self, footprints: Sequence[Footprint]) -> list[set[int]]:
        found: list[set[int]] = [set() for _ in footprints]
        for number, footprint in enumerate(footprints):
            for level in footprint.levels:
                tree, here = self.trees[level]
                found[number] |= set(here[tree.query(footprint.shape, predicate="intersects")].tolist())
        return found

    def query(self, footprints: Sequence[Footprint]) -> int:
        """The queries alone."""
        count = 0
        for level, (tree, _) in enumerate(self.trees):
            shapes = [it.shape for it in footprints if level in it.levels]
            count += tree.query(shapes, predicate="intersects").shape[1]
        return count


def missed_by_midpoints(graph: Graph, footprints: Sequence[Footprint], touched: Sequence[np.ndarray]) -> float:
    """The share of touched arcs on one level whose middle is in clean air, in percent."""
    missed = total = 0
    flat = graph.level[graph.tails] == graph.level[graph.heads]
    for footprint, arcs in zip(footprints, touched, strict=True):
        here = arcs[flat[arcs]]
        a, b = graph.tails[here], graph.heads[here]
        middles = shapely.points((graph.x[a] + graph.x[b]) / 2, (graph.y[a] + graph.y[b]) / 2)
        missed += int((~shapely.intersects(footprint.shape, middles)).sum())
        total += len(here)
    return 100 * missed / total


def measure(nodes: int, repeats: int) -> list[list[object]]:
    graph = make_plant(nodes)
    start = time.perf_counter()
    index = ArcIndex(graph)
    built_ms = (time.perf_counter() - start) * 1_000
    hazards, floor = make_hazards(graph), EveryArc(graph)
    touched = index.touched(hazards)
    if [set(it.tolist()) for it in touched] != floor.touched(hazards):
        raise SystemExit("the index and the plain tree differ")
    pairs = [(it.permille, arcs) for it, arcs in zip(hazards, touched, strict=True)]
    times = HazardTimes(graph, index)
    moved = [[Placed("h", (PlacedSlice(0, tuple(make_hazards(graph, shift))),))] for shift in (0.0, 1.0)]
    turn = iter(range(10**9))

    def move() -> object:
        times.update(moved[next(turn) % 2])
        return times.at()

    wind, leak = Wind(250, 4.0, "D"), Leak(0, 0, 0, 20_000)
    plume_ms = median_ms(lambda: plume_area(leak, wind, 40.0), repeats)
    points = np.column_stack((graph.x, graph.y))
    copy_ms = median_ms(graph.millis.copy, repeats)
    plain_ms = median_ms(lambda: floor.query(hazards), repeats)
    touch_ms, least_ms = _times_ms(lambda: index.touched(hazards), repeats)
    weigh_ms = median_ms(lambda: raise_times(graph.millis, pairs), repeats)
    move_ms = median_ms(move, repeats)
    air_ms = median_ms(lambda: plume_mg_m3(leak, wind, points), repeats)
    touch_aim, weigh_aim = AIMS_MS[nodes]
    arcs = len(np.unique(np.concatenate(touched)))
    keep(
        f"geo_hazards {nodes}: touched {touch_ms:.2f} ms ({touch_ms / plain_ms:.2f} of the plain tree), "
        f"re-weight {weigh_ms:.3f} ms"
    )
    size = f"{graph.nodes:,} / {graph.arcs:,}"
    note = f"least {least_ms:.3f} ms"
    missed = f"midpoints miss {missed_by_midpoints(graph, hazards, touched):.1f} % of them"
    return [
        [
            f"{size}: 5 hazards -> {arcs:,} touched arcs",
            f"{touch_ms:.3f}",
            touch_aim,
            f"{touch_ms / plain_ms:.2f}",
            note,
        ],
        ["  a plain tree of every arc, the queries alone", f"{plain_ms:.3f}", "", "1.00", missed],
        ["  touched arcs -> times", f"{weigh_ms:.3f}", weigh_aim, "", f"{weigh_ms / copy_ms:.1f} of a copy"],
        ["  a copy of the times", f"{copy_ms:.3f}", "", "", ""],
        ["  two of five hazards move: update and times", f"{move_ms:.3f}", "", f"{move_ms / plain_ms:.2f}", ""],
        ["  a plume's outline", f"{plume_ms:.3f}", "", "", ""],
        ["  the plume's air at every node", f"{air_ms:.3f}", "", "", ""],
        ["  the index, once a graph", f"{built_ms:.0f}", "", "", ""],
    ]


def main() -> None:
    """Measure both sizes and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.geo_hazards", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the small plant alone, few repeats")
    args = parser.parse_args()
    print_head("Hazards over a walking network")
    rows = []
    for nodes in (10_000,) if args.quick else (10_000, 100_000):
        rows += measure(nodes, 15 if args.quick else 101)
    print_table(["nodes / arcs", "ms", "aim ms", "of the plain tree", ""], rows, note=f"after:   {load()}")


if __name__ == "__main__":
    main()
