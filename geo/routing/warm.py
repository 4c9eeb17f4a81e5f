"""Has the searches by harm compiled before they are needed, as ``geo.graph.warm``. Pure."""

from __future__ import annotations

import numpy as np

from geo.graph.csr import build
from geo.graph.warm import whatever_the_disk
from geo.hazards.dose import DoseRates, LoadLaw
from geo.routing.conditions import conditions
from geo.routing.harm import LeastHarm, weigh
from geo.routing.safest import safest_choices
from geo.routing.snapping import at_node


def warm() -> None:
    """Compiles both searches, or loads them."""
    graph, _ = build([0, 1], [0, 0], [0, 0], [0, 1], [1, 0], [5, 5])
    rates = DoseRates(LoadLaw("none", 1.0, "ppm", "none"), np.zeros(1, dtype=np.int64), np.zeros((1, graph.arcs)))
    harm = weigh(conditions(graph), rates)

    def search() -> None:
        LeastHarm(harm, [at_node(graph, 1)])
        safest_choices(harm, at_node(graph, 0), [at_node(graph, 1)])

    whatever_the_disk(search)
