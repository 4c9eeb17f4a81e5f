"""`python -m bench.geo_routing`: hazards -> arc times -> 200 ways to an incident, and 200 re-plans after a plume moved.

On 5-level plants of 10k and 100k nodes (`geo_plant.py`). In the same run: the floor, one pass over all arcs in numpy
(a copy of the times), and the peer, scipy's Dijkstra over the same arcs with the ways read from its predecessors; the
peer is given the raised times and neither touches arcs nor decides anything. Medians on warm data, one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count

import numpy as np
import shapely
import shapely.affinity
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from bench.geo_plant import plant
from bench.report import keep, load, print_head, print_table
from geo.graph.csr import BANNED, Graph, Ints
from geo.graph.landmarks import landmarks
from geo.hazards.dose import LoadLaw, Protection, dose_rates
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.hazards.model import Concentration
from geo.hazards.raising import HazardTimes
from geo.hazards.touching import ArcIndex
from geo.routing.approach import Approach, pairwise, to_first
from geo.routing.conditions import Conditions, conditions
from geo.routing.harm import weigh
from geo.routing.nearest_usable import Resource, Stock, nearest_usable
from geo.routing.outcome import outcomes
from geo.routing.rerouting import Walker, replan
from geo.routing.safest import SafestWays
from geo.routing.snapping import Place, at_node

PEOPLE = 200
AIMS_MS = {10_000: (2.6, 10.0), 100_000: (41.0, None)}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def hazards(graph: Graph, shift_m: float) -> list[Placed]:
    """A plume over two floors that drifts, smoke over three, and two fires; they grow with the plant."""
    wide, deep = float(graph.x.max()), float(graph.y.max())
    gas = (Concentration("a", 20.0, "ppm"),)
    plume = shapely.affinity.scale(shapely.Point(0.35 * wide + shift_m, 0.5 * deep).buffer(1), 0.2 * wide, 0.06 * deep)
    core = shapely.affinity.scale(shapely.Point(0.3 * wide + shift_m, 0.5 * deep).buffer(1), 0.08 * wide, 0.03 * deep)
    smoke = shapely.Point(0.7 * wide, 0.6 * deep).buffer(0.1 * wide)
    fires = [shapely.box(x * wide, y * deep, x * wide + 12, y * deep + 8) for x, y in ((0.8, 0.2), (0.2, 0.85))]
    parts = [
        ("plume", Footprint(plume, frozenset({0, 1}), 2_000, gas)),
        ("core", Footprint(core, frozenset({0}), BAN_PERMILLE, gas)),
        ("smoke", Footprint(smoke, frozenset({1, 2, 3}), 3_000)),
        ("fire", Footprint(fires[0], frozenset({2}), BAN_PERMILLE)),
        ("blaze", Footprint(fires[1], frozenset({0, 1}), BAN_PERMILLE)),
    ]
    return [Placed(name, (PlacedSlice(0, (it,)),)) for name, it in parts]


def median_ms(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The median and the least of repeats after two that do not count."""
    work()
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1_000, min(times) * 1_000


def peer(graph: Graph, times: Ints, starts: Sequence[int], goal: int) -> list[tuple[int, list[int]]]:
    """scipy's ways of all starts to the goal, as nodes."""
    usable = times != BANNED
    matrix = csr_array(
        (times[usable].astype(np.float64), (graph.heads[usable], graph.tails[usable])), shape=(graph.nodes,) * 2
    )
    millis, after = dijkstra(matrix, indices=goal, return_predecessors=True)
    found, onward = [], after.tolist()
    for start in starts:
        way, at = [start], onward[start]
        while at >= 0:
            way.append(at)
            at = onward[at]
        found.append((int(millis[start]) if np.isfinite(millis[start]) else -1, way))
    return found


class Stand:
    """One plant, its hazards and its people."""

    def __init__(self, nodes: int) -> None:
        self.graph = plant(nodes).network.graph
        chance = np.random.default_rng(3)
        self.times = HazardTimes(self.graph, ArcIndex(self.graph))
        self.moved = [hazards(self.graph, shift) for shift in (0.0, 2.0)]
        self.turn = count()
        now = self.move()
        free = np.flatnonzero(~now.inside(self.graph.x, self.graph.y, self.graph.level))
        picked = chance.choice(free, PEOPLE + 1, replace=False).tolist()
        self.nodes, self.goal = picked[:PEOPLE], picked[PEOPLE]
        self.people = [at_node(self.graph, it) for it in self.nodes]
        self.incident = [at_node(self.graph, self.goal)]
        self.others = [at_node(self.graph, it) for it in chance.permutation(self.nodes).tolist()]

    def move(self) -> Conditions:
        """The plume moves by two metres, there and back: polygons -> touched arcs -> times."""
        self.times.update(self.moved[next(self.turn) % 2])
        return conditions(self.graph, self.times)

    def check(self) -> None:
        """The peer's times are the product's, to the millisecond."""
        now = self.move()
        routes = to_first(now, self.people, self.incident)
        expected = [it for it, _ in peer(self.graph, now.times, self.nodes, self.goal)]
        for it, millis, start in zip(routes, expected, self.people, strict=True):
            inside = now.inside(np.array([start.x]), np.array([start.y]), np.array([start.level]))[0]
            if not inside and (-1 if it is None else it.millis) != millis:
                raise SystemExit("the product's way and the peer's differ")

    def walkers(self, now: Conditions) -> tuple[Approach, list[Walker]]:
        """Everybody a third along their way."""
        approach = Approach(now, self.incident)
        made = []
        for it, place in zip(approach.routes(self.people), self.people, strict=True):
            if it is not None:
                done = len(it.arcs) // 3
                here: Place = place if not done else at_node(self.graph, int(self.graph.tails[it.arcs[done]]))
                made.append(Walker(here, it.goal, it.arcs[done:]))
        return approach, made


def measure(nodes: int, repeats: int) -> list[list[object]]:
    stand = Stand(nodes)
    stand.check()
    now = stand.move()
    copy_ms, _ = median_ms(now.times.copy, repeats)
    rows: list[list[object]] = []

    def row(name: str, work: Callable[[], object], aim: float | None = None, against: float | None = None) -> float:
        ms, least = median_ms(work, repeats)
        ratio = "" if against is None else f"{ms / against:.2f}"
        rows.append([name, f"{ms:.2f}", f"{least:.2f}", aim or "", ratio, f"{ms / copy_ms:.0f}"])
        return ms

    routes_aim, replan_aim = AIMS_MS[nodes]
    peer_ms = row("  scipy, 200 ways to one incident", lambda: peer(stand.graph, now.times, stand.nodes, stand.goal))
    row("  polygons -> touched arcs -> times", stand.move)
    row("  times -> 200 ways", lambda: to_first(now, stand.people, stand.incident), None, peer_ms)
    whole_ms = row(
        "polygons -> times -> 200 ways",
        lambda: to_first(stand.move(), stand.people, stand.incident),
        routes_aim,
        peer_ms,
    )
    state = stand.walkers(stand.move())
    replan_ms = row("plume moves: 200 re-plans", lambda: _replan(stand, state), replan_aim, peer_ms)
    marks = landmarks(stand.graph)
    pairs_ms = row("200 people to a place each", lambda: pairwise(marks, now, stand.people, stand.others))
    rates = dose_rates(stand.times, LoadLaw("a", 1.0, "ppm", "Haber"))
    worn = Protection(50.0, 1_200.0)
    row("200 outcomes with dose", lambda: outcomes(now, stand.people, stand.incident, rates, worn))
    harm = weigh(now, rates, Protection(50.0, 60.0))
    found = [SafestWays(harm, stand.incident, through_bans=True).choices(it) for it in stand.people[:10]]
    most = max(len(it.choices) for it in found)
    whole = "all" if all(it.complete for it in found) else "NOT all"
    row(
        f"10 people: time against dose (up to {most} choices, {whole})",
        lambda: _choose(SafestWays(harm, stand.incident, through_bans=True), stand.people[:10]),
    )
    places = np.random.default_rng(5).choice(stand.graph.nodes, 300, replace=False).tolist()
    things = [Resource(id=f"{it}", kind="x", place=at_node(stand.graph, it), in_stock=it % 4) for it in places]
    stock = Stock(stand.graph, things, "x")
    row("200 people: 3 nearest of 300 usable", lambda: nearest_usable(stock, now, stand.people, 3, NOW))
    keep(
        f"geo_routing {nodes}: polygons to 200 ways {whole_ms:.2f} ms ({whole_ms / peer_ms:.2f} of scipy), "
        f"200 re-plans {replan_ms:.2f} ms, 200 pairs {pairs_ms:.1f} ms"
    )
    rows.append(["  floor: a copy of the times", f"{copy_ms:.3f}", "", "", "", "1"])
    rows[0][0] = f"{stand.graph.nodes:,} nodes, {stand.graph.arcs:,} arcs: {str(rows[0][0]).strip()}"
    return rows


def _choose(ways: SafestWays, people: Sequence[Place]) -> object:
    return [ways.choices(it) for it in people]


def _replan(stand: Stand, state: tuple[Approach, list[Walker]]) -> object:
    return replan(state[0], stand.move(), state[1])


def main() -> None:
    """Measure both sizes and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.geo_routing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the small plant alone, few repeats")
    args = parser.parse_args()
    print_head("Ways around hazards for 200 people")
    rows = []
    for nodes in (10_000,) if args.quick else (10_000, 100_000):
        rows += measure(nodes, 9 if args.quick else 15)
    print_table(["", "ms", "least", "aim ms", "of scipy", "of the floor"], rows, note=f"after:   {load()}")


if __name__ == "__main__":
    main()
