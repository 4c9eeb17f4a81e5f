"""Small random plants and shapes that touch them in every awkward way: shared edges, corners, holes, no length."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely import Polygon

from geo.graph.csr import BANNED, Graph, Ints, build
from geo.hazards.footprints import BAN_PERMILLE, Footprint

# Coordinates on a coarse grid meet exactly; the halves and the odd numbers do not.
GRID = st.one_of(st.integers(0, 6).map(float), st.floats(0, 6, allow_subnormal=False))


@st.composite
def graphs(draw: st.DrawFn, *, nodes_max: int = 9, levels: int = 3) -> Graph:
    """Up to nine nodes on up to three levels, any arcs between them, both ways, twice, and from a node to itself."""
    count = draw(st.integers(1, nodes_max))
    x = draw(st.lists(GRID, min_size=count, max_size=count))
    y = draw(st.lists(GRID, min_size=count, max_size=count))
    level = draw(st.lists(st.integers(-1, levels - 2), min_size=count, max_size=count))
    node = st.integers(0, count - 1)
    time = st.one_of(st.integers(1, 90_000_000 - 3_600_000), st.integers(1, 30), st.just(int(BANNED)))
    time = time.filter(lambda it: it == BANNED or it <= 86_400_000)
    arcs = draw(st.lists(st.tuples(node, node, time), max_size=25))
    graph, _ = build(x, y, level, [a for a, _, _ in arcs], [b for _, b, _ in arcs], [t for _, _, t in arcs])
    return graph


@st.composite
def shapes(draw: st.DrawFn) -> Polygon:
    """A box, a box with a hole, a triangle or a step, on the same grid as the nodes."""
    kind = draw(st.sampled_from(("box", "hole", "triangle", "step")))
    left, low = draw(GRID), draw(GRID)
    wide, high = draw(st.floats(0.5, 4)), draw(st.floats(0.5, 4))
    if draw(st.booleans()):
        wide, high = float(np.ceil(wide)), float(np.ceil(high))
    right, top = left + wide, low + high
    if kind == "box":
        return shapely.box(left, low, right, top)
    if kind == "hole":
        hole = shapely.box(left + wide / 4, low + high / 4, right - wide / 4, top - high / 4)
        return Polygon(shapely.box(left, low, right, top).exterior.coords, [hole.exterior.coords])
    if kind == "triangle":
        return Polygon([(left, low), (right, low), (left, top)])
    middle = (left + right) / 2
    return Polygon([(left, low), (right, low), (right, top), (middle, top), (middle, (low + top) / 2), (left, top)])


@st.composite
def footprints(draw: st.DrawFn) -> Footprint:
    """A shape on some levels with a factor or a ban."""
    levels = draw(st.frozensets(st.integers(-1, 2), min_size=1, max_size=3))
    factor = draw(st.one_of(st.just(BAN_PERMILLE), st.integers(1_001, 1_000_000), st.integers(1_001, 3_000)))
    return Footprint(draw(shapes()), levels, factor)


def touches(graph: Graph, arc: int, footprint: Footprint) -> bool:
    """The oracle: one arc, one shape, nothing prepared, nothing indexed."""
    a, b = int(graph.tails[arc]), int(graph.heads[arc])
    low, high = sorted((int(graph.level[a]), int(graph.level[b])))
    if not any(low <= level <= high for level in footprint.levels):
        return False
    here, there = (graph.x[a], graph.y[a]), (graph.x[b], graph.y[b])
    segment = shapely.Point(here) if here == there else shapely.LineString([here, there])
    return bool(footprint.shape.intersects(segment))


def times_by_hand(graph: Graph, hazards: list[Footprint]) -> Ints:
    """The oracle's times: arc by arc in Python's whole numbers."""
    times = []
    for arc in range(graph.arcs):
        base = int(graph.millis[arc])
        factors = [it.permille for it in hazards if touches(graph, arc, it)]
        if base == BANNED or BAN_PERMILLE in factors:
            times.append(int(BANNED))
        else:
            times.append(min(-(-base * max([1_000, *factors]) // 1_000), 86_400_000))
    return np.array(times, dtype=np.int32)
