"""`python -m bench.geo_graph`: the graph engine against networkx, rustworkx, scipy, C and one pass over all arcs.

On a plant of five levels (bench/geo_plant.py). igraph (GPL) is asked in a process of its own, where it is installed.
C is the same search without checks (bench/geo_graph.c), where a compiler is found. Every answer is compared with
scipy's before anything is measured.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import networkx as nx
import numpy as np
import numpy.typing as npt
import rustworkx as rx
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from bench.geo_plant import plant
from bench.report import keep, load, print_head, print_table
from geo.graph.compiled import compiled
from geo.graph.csr import Graph, Ints
from geo.graph.landmarks import Landmarks, landmarks
from geo.graph.nearest import first_to_reach, nearest
from geo.graph.paths import all_to_one, fastest
from geo.graph.repair import repair
from geo.graph.timed import timed_tree
from geo.graph.trees import tree_from
from geo.graph.warm import warm

SIZES = (10_000, 100_000)
RESPONDERS, RESOURCES, K = 200, 200, 5
REPEATS = 15
HAZARD_M, SLOWER = 15.0, 5
SLICES, SLICE_MS = 12, 10_000
Tasks: TypeAlias = dict[str, tuple[Callable[[int], object], float]]
"""A task, given the node it is about, and how many times what it does is the figure: slow peers do a part of it.

Each repetition is about another node: a search of ten thousand nodes done again and again is learnt by heart by the
processor's branch prediction, and C then takes a third of the time that it takes in a service.
"""
# Medians in ms at 10k / 100k nodes of a first look in C, of another plant, on a machine like this one (issue 4).
FIRST_LOOK = {
    "full tree": (0.56, 12.0),
    f"{K} nearest of {RESOURCES}": (0.017, 0.22),
    "200 -> 1": (2.1, 35.0),
    "200 -> 200": (13.0, 235.0),
    "repair": (0.22, 2.9),
    "re-weight": (0.08, 0.5),
}


class Case(msgspec.Struct, frozen=True, eq=False):
    """A plant, where people and things are in it, and the times after a hazard came."""

    graph: Graph
    sources: Ints
    targets: Ints
    hit: Ints
    times: Ints
    slices: Ints
    marks: Landmarks


def main() -> None:
    """Each size: check, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.geo_graph", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10k nodes only")
    args = parser.parse_args()
    print_head("Graph engine: shortest paths on a synthetic plant of five levels")
    began = time.perf_counter()
    warm()
    print(f"warm-up: {time.perf_counter() - began:.1f} s (what was compiled before is loaded)")
    for place, nodes in enumerate(SIZES[:1] if args.quick else SIZES):
        case = _case(nodes)
        _check(case)
        _report(place, case, _measure(case, nodes))
    print(f"after:   {load()}")


def _case(nodes: int) -> Case:
    graph = plant(nodes).network.graph
    rng = np.random.default_rng(1)
    sources, targets = rng.integers(0, graph.nodes, (2, RESPONDERS)).astype(np.int32)
    middle = graph.nodes // 3
    near = np.hypot(graph.x - graph.x[middle], graph.y - graph.y[middle]) < HAZARD_M
    near &= graph.level == graph.level[middle]
    hit = np.flatnonzero(near[graph.heads] | near[graph.tails]).astype(np.int32)
    times = _raise(graph, hit)
    slices = np.stack([times if part % 2 else graph.millis for part in range(SLICES)])
    return Case(graph, sources, targets, hit, times, slices, landmarks(graph))


def _raise(graph: Graph, hit: Ints) -> Ints:
    times = graph.millis.copy()
    times[hit] *= SLOWER
    return times


def _matrix(graph: Graph, times: Ints) -> Any:
    """scipy's of a graph; the plant has no parallel arcs."""
    return csr_array((times.astype(np.float64), graph.heads, graph.starts), shape=(graph.nodes, graph.nodes))


def _check(case: Case) -> None:
    """What is measured is right."""
    graph, root = case.graph, int(case.sources[0])
    whole = dijkstra(_matrix(graph, graph.millis), indices=case.sources[:20])
    assert (tree_from(graph, [root]).millis == whole[0]).all()
    found = nearest(graph, case.sources[:20], case.targets, K)
    assert (found.millis == np.sort(whole[:, np.unique(case.targets)], axis=1)[:, :K]).all()
    ways = fastest(case.marks, case.sources[:20], case.targets[:20])
    assert (ways.millis == whole[np.arange(20), case.targets[:20]]).all()
    risen = dijkstra(_matrix(graph, case.times), indices=root)
    assert (repair(tree_from(graph, [root]), graph, case.times).tree.millis == risen).all()
    back = dijkstra(_matrix(graph, graph.millis).T.tocsr(), indices=root)
    assert (all_to_one(graph, case.sources, root).millis == back[case.sources]).all()


def _ours(case: Case) -> Tasks:
    graph, sources, targets = case.graph, case.sources, case.targets
    trees = {int(node): tree_from(graph, [node]) for node in sources[: REPEATS + 1]}

    def replan(node: int) -> object:
        times = _raise(graph, case.hit)
        return all_to_one(graph, sources, node, times)

    return {
        "full tree": (lambda node: tree_from(graph, [node]), 1),
        f"{K} nearest of {RESOURCES}": (lambda _: nearest(graph, sources, targets, K), 1 / RESPONDERS),
        f"{K} first to reach": (lambda _: first_to_reach(graph, sources, targets, K), 1 / RESPONDERS),
        "200 -> 1": (lambda node: all_to_one(graph, sources, node), 1),
        "200 -> 200": (lambda _: fastest(case.marks, sources, targets), 1),
        "200 -> 200, hazard": (lambda _: fastest(case.marks, sources, targets, case.times), 1),
        "repair": (lambda node: repair(trees[node], graph, case.times), 1),
        "re-weight": (lambda _: _raise(graph, case.hit), 1),
        "re-weight, 200 -> 1": (replan, 1),
        f"tree, {SLICES} slices": (lambda node: timed_tree(graph, [node], case.slices, SLICE_MS), 1),
    }


def _scipy(case: Case) -> Tasks:
    graph, sources, targets = case.graph, case.sources, np.unique(case.targets)
    matrix = _matrix(graph, graph.millis)
    back, risen = matrix.T.tocsr(), _matrix(graph, case.times)

    def ways(node: int) -> list[list[int]]:
        before = dijkstra(back, indices=node, return_predecessors=True)[1].tolist()
        return [_walk(before, source) for source in sources.tolist()]

    return {
        "full tree": (lambda node: dijkstra(matrix, indices=node, return_predecessors=True), 1),
        f"{K} nearest of {RESOURCES}": (lambda node: np.sort(dijkstra(matrix, indices=node)[targets])[:K], 1),
        "200 -> 1": (ways, 1),
        "200 -> 200": (lambda _: dijkstra(matrix, indices=sources[:10], return_predecessors=True), RESPONDERS // 10),
        "repair": (lambda node: dijkstra(risen, indices=node, return_predecessors=True), 1),
    }


def _walk(before: list[int], node: int) -> list[int]:
    way = []
    while node >= 0:
        way.append(node)
        node = before[node]
    return way


def _networkx(case: Case) -> Tasks:
    graph, targets = case.graph, np.unique(case.targets).tolist()
    peer = nx.DiGraph()
    arcs = zip(graph.tails.tolist(), graph.heads.tolist(), graph.millis.tolist(), strict=True)
    peer.add_weighted_edges_from(arcs)
    back = peer.reverse(copy=False)
    ends = dict(zip(case.sources.tolist(), case.targets.tolist(), strict=True))

    def near(node: int) -> list[int]:
        millis = nx.single_source_dijkstra_path_length(peer, node)
        return sorted(millis[target] for target in targets)[:K]

    return {
        "full tree": (lambda node: nx.single_source_dijkstra_path_length(peer, node), 1),
        f"{K} nearest of {RESOURCES}": (near, 1),
        "200 -> 1": (lambda node: nx.single_source_dijkstra(back, node), 1),
        "200 -> 200": (lambda node: nx.bidirectional_dijkstra(peer, node, ends[node]), RESPONDERS),
    }


def _rustworkx(case: Case) -> Tasks:
    graph, targets = case.graph, np.unique(case.targets).tolist()
    peer, back = rx.PyDiGraph(), rx.PyDiGraph()
    arcs = list(zip(graph.tails.tolist(), graph.heads.tolist(), graph.millis.astype(float).tolist(), strict=True))
    for made, lines in ((peer, arcs), (back, [(head, tail, millis) for tail, head, millis in arcs])):
        made.add_nodes_from(range(graph.nodes))
        made.add_edges_from(lines)
    ends = dict(zip(case.sources.tolist(), case.targets.tolist(), strict=True))

    def near(node: int) -> list[float]:
        millis = dict(rx.dijkstra_shortest_path_lengths(peer, node, float))
        return sorted(millis.get(target, 0.0) for target in targets)[:K]

    return {
        "full tree": (lambda node: rx.dijkstra_shortest_path_lengths(peer, node, float), 1),
        f"{K} nearest of {RESOURCES}": (near, 1),
        "200 -> 1": (lambda node: rx.dijkstra_shortest_paths(back, node, weight_fn=float), 1),
        "200 -> 200": (lambda node: rx.dijkstra_shortest_paths(peer, node, ends[node], weight_fn=float), RESPONDERS),
    }


@compiled()
def _pass(starts: Ints, heads: Ints, times: Ints, millis: Ints) -> None:
    for v in range(len(starts) - 1):
        for a in range(starts[v], starts[v + 1]):
            millis[heads[a]] = min(millis[heads[a]], millis[v] + times[a])


def _floor(case: Case) -> Tasks:
    """Every arc looked at once, in the order it lies in memory."""
    graph = case.graph
    millis = np.zeros(graph.nodes, dtype=np.int32)
    return {"full tree": (lambda _: _pass(graph.starts, graph.heads, graph.millis, millis), 1)}


def _in_c(case: Case, folder: Path) -> Tasks | None:
    """The same search by the C compiler of the machine; None without one."""
    if not (compiler := shutil.which("cc")):
        return None
    library = folder / "floor.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
    graph = case.graph
    tree = ctypes.CDLL(str(library)).tree
    state, first = np.empty((graph.nodes, 4), dtype=np.int32), np.empty(1024, dtype=np.int32)
    marks = np.zeros(graph.nodes, dtype=np.uint8)

    def search(node: int) -> None:
        rows = (_address(array) for array in (graph.starts, graph.heads, graph.millis))
        scratch = (_address(array) for array in (state, first, marks))
        tree(graph.nodes, *rows, node, graph.bucket_shift, *scratch, 0)

    root = int(case.sources[0])
    search(root)
    assert (state[:, 0] == tree_from(graph, [root]).millis).all()
    return {"full tree": (search, 1)}


def _address(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _measure(case: Case, nodes: int) -> dict[str, dict[str, float] | None]:
    """Of each engine the ms of each task; None: it is not on this machine."""
    few = 3 if nodes > SIZES[0] else 7
    found: dict[str, dict[str, float] | None] = {"muster": _medians(_ours(case), case, REPEATS)}
    found["floor"] = _medians(_floor(case), case, REPEATS)
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        in_c = _in_c(case, Path(folder))
        found["C"] = _medians(in_c, case, REPEATS) if in_c else None
    found["scipy"] = _medians(_scipy(case), case, few)
    found["rustworkx"] = _medians(_rustworkx(case), case, 3)
    found["networkx"] = _medians(_networkx(case), case, 3)
    found["igraph"] = _apart("igraph", nodes)
    found["pgRouting"] = _apart("pgrouting", nodes)
    return found


def _medians(tasks: Tasks, case: Case, repeats: int) -> dict[str, float]:
    found = {}
    for name, (task, times) in tasks.items():
        first, *nodes = case.sources[: repeats + 1].tolist()
        task(first)
        taken = []
        for node in nodes:
            # CPU time: every engine works on one thread, and other work on the machine is not their matter.
            began = time.process_time()
            task(node)
            taken.append(time.process_time() - began)
        found[name] = 1e3 * times * statistics.median(taken)
    return found


def _apart(name: str, nodes: int) -> dict[str, float] | None:
    """A peer that is measured in a process of its own; None: it is not here."""
    command = [sys.executable, "-m", f"bench.geo_{name}", str(nodes)]
    done = subprocess.run(command, capture_output=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def _report(place: int, case: Case, found: dict[str, dict[str, float] | None]) -> None:
    graph, ours = case.graph, found["muster"]
    assert ours is not None
    peers = [name for name, figures in found.items() if name != "muster" and figures is not None]
    absent = [name for name, figures in found.items() if figures is None]
    millis, ratios = [], []
    for task, mine in ours.items():
        theirs = [(found[name] or {}).get(task) for name in peers]
        look = FIRST_LOOK[task][place] if task in FIRST_LOOK else None
        millis.append([task, _figure(mine), *map(_figure, theirs), _figure(look)])
        ratios.append([task, *(_figure(other and other / mine) for other in [*theirs, look])])
    print(f"\n{graph.nodes:,} nodes, {graph.arcs:,} arcs; the hazard touches {len(case.hit):,} arcs")
    print_table(["CPU ms, median", "muster", *peers, "first look in C"], millis)
    print_table(
        ["times Muster's", *peers, "first look in C"],
        ratios,
        note="floor: one pass over all arcs; C: the same search without checks; first look: issue 4, another plant; "
        f"a peer's 200 -> 200 is one pair (scipy: ten) times 200; absent: {', '.join(absent) or 'none'}",
    )
    best = min(peer["200 -> 200"] for peer in (found["scipy"], found["rustworkx"], found["networkx"]) if peer)
    keep(
        f"geo_graph: {graph.nodes:,} nodes: full tree {ours['full tree']:.2f} ms, {K} nearest "
        f"{ours[f'{K} nearest of {RESOURCES}']:.3f}, 200 -> 200 {ours['200 -> 200']:.1f} "
        f"({best / ours['200 -> 200']:.0f} times faster than the best library), repair {ours['repair']:.2f}"
    )


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
