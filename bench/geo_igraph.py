"""`python -m bench.geo_igraph NODES`: igraph on the plant of that size, as JSON of ms; exit status 3: it is absent.

A process of its own, started by bench.geo_graph and by nobody else: igraph is GPL, and nothing of Muster's imports it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from bench.geo_plant import plant


def main() -> int:
    """Measure and print."""
    try:
        import igraph
    except ImportError:
        return 3
    graph = plant(int(sys.argv[1])).network.graph
    rng = np.random.default_rng(1)
    sources, targets = rng.integers(0, graph.nodes, (2, 200))
    peer = igraph.Graph(graph.nodes, list(zip(graph.tails.tolist(), graph.heads.tolist(), strict=True)), directed=True)
    weights, root = graph.millis.astype(float).tolist(), int(sources[0])
    tasks: dict[str, tuple[Callable[[], object], int]] = {
        "full tree": (lambda: peer.distances(root, weights=weights), 1),
        "5 nearest of 200": (lambda: peer.distances(root, np.unique(targets).tolist(), weights=weights), 1),
        "200 -> 1": (lambda: peer.get_shortest_paths(root, np.unique(sources).tolist(), weights=weights, mode="in"), 1),
        "200 -> 200": (lambda: peer.get_shortest_paths(root, [int(targets[0])], weights=weights), 200),
    }
    print(json.dumps({name: times * _median_ms(task) for name, (task, times) in tasks.items()}))
    return 0


def _median_ms(task: Callable[[], object], repeats: int = 3) -> float:
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        task()
        taken.append(1e3 * (time.process_time() - began))
    return statistics.median(taken)


if __name__ == "__main__":
    raise SystemExit(main())
