"""Random networks under random hazards: boxes on levels that slow or ban what they touch."""

from __future__ import annotations

import shapely
from hypothesis import strategies as st

from geo.graph.csr import Graph
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.hazards.model import Concentration
from geo.hazards.raising import HazardTimes
from geo.routing.conditions import Conditions, conditions
from tests.unit.walking_graphs import graphs

LEVELS = st.frozensets(st.integers(-1, 4), min_size=1)


@st.composite
def boxes(draw: st.DrawFn, name: str) -> Placed:
    """A hazard of one to three boxes; some hold an agent."""
    footprints = []
    for _ in range(draw(st.integers(1, 3))):
        x, y, wide, deep = (draw(st.integers(0, most)) for most in (50, 50, 25, 25))
        permille = draw(st.sampled_from([BAN_PERMILLE, BAN_PERMILLE, 1_500, 4_001]))
        air = draw(st.sampled_from([(), (Concentration("a", 1.0, "ppm"),), (Concentration("a", 8.0, "ppm"),)]))
        shape = shapely.box(x - 0.5, y - 0.5, x + wide + 0.5, y + deep + 0.5)
        footprints.append(Footprint(shape, draw(LEVELS), permille, air))
    return Placed(name, (PlacedSlice(0, tuple(footprints)),))


def steady(graph: Graph, *placed: Placed) -> Conditions:
    """What holds under hazards that do not move."""
    times = HazardTimes(graph)
    times.update(placed)
    return conditions(graph, times)


@st.composite
def endangered(draw: st.DrawFn, most: int = 14) -> Conditions:
    """A network under up to three hazards, some of its arcs shut."""
    graph = draw(graphs(most))
    times = HazardTimes(graph)
    times.update([draw(boxes(f"h{i}")) for i in range(draw(st.integers(0, 3)))])
    arcs = st.integers(0, max(graph.arcs - 1, 0))
    return conditions(graph, times, closed=draw(st.lists(arcs, max_size=min(3, graph.arcs))))
