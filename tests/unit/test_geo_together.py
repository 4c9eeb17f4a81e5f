"""The parts of geo at one real place: the campus is read, walked, cut by a hazard, told and left."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from geo.evacuation.capacity import gates_of
from geo.evacuation.model import NEVER, UNLIMITED, Crowd, Exits, Situation
from geo.evacuation.planner import plan as plan_evacuation
from geo.graph.csr import BANNED
from geo.graph.trees import path, tree_to
from geo.hazards.footprints import place
from geo.hazards.model import Area, Hazard, Slice
from geo.hazards.raising import HazardTimes
from geo.instructions.steps import direct
from geo.instructions.surroundings import Surroundings
from geo.instructions.wording import tell
from geo.places.imdf import read_imdf
from geo.places.model import Plan
from geo.places.network import Network
from geo.places.walking import walking_network

pytestmark = pytest.mark.shared

HOUR_MS = 3_600_000


class Campus(msgspec.Struct, frozen=True):
    """The plan and its drawn network."""

    plan: Plan
    network: Network


@pytest.fixture(scope="module")
def campus(shared_data: Path) -> Campus:
    files = {it.name: it.read_bytes() for it in (shared_data / "maps" / "spbstu_imdf").glob("*.geojson")}
    plan = read_imdf(files).plan
    return Campus(plan, walking_network(plan))


def around(campus: Campus, node: int, metres: float) -> Hazard:
    """A ban on the square around a node, on its level."""
    graph = campus.network.graph
    x, y = float(graph.x[node]), float(graph.y[node])
    corners = [(x - metres, y - metres), (x + metres, y - metres), (x + metres, y + metres), (x - metres, y + metres)]
    ring = campus.network.projection.to_degrees([*corners, corners[0]]).tolist()
    area = Area(polygon={"type": "Polygon", "coordinates": [ring]}, levels=[int(graph.level[node])])
    return Hazard(id="leak", source="drawn", slices=[Slice(start_ms=0, length_ms=HOUR_MS, areas=[area])])


def test_a_way_from_the_fifth_floor_gives_way_to_a_hazard_and_is_told_in_both_languages(campus: Campus) -> None:
    network = campus.network
    graph, exits = network.graph, network.exits
    calm = tree_to(graph, exits)
    fifth = np.flatnonzero((graph.level == 5) & (calm.millis != BANNED))
    start = int(fifth[np.argmax(calm.millis[fifth])])
    before = path(calm, graph, start)
    assert before is not None
    times = HazardTimes(graph)
    levels = {level.level for level in campus.plan.levels}
    detours = 0
    for arc in before[5:-5:5].tolist():
        hazard = around(campus, int(graph.heads[arc]), 4.0)
        times.update([place(hazard, network.projection, levels)])
        raised = times.at()
        assert raised[arc] == BANNED
        after = path(tree_to(graph, exits, raised), graph, start)
        if after is None:
            continue
        detours += 1
        assert not (raised[after] == BANNED).any()
        assert int(raised[after].sum()) > int(calm.millis[start])
    assert detours > 3
    surroundings = Surroundings(campus.plan, network.projection)
    directions = direct(surroundings, network, before, graph.millis[before])
    assert directions.millis == calm.millis[start]
    told = tell(surroundings, directions)
    assert len(told.steps) == len(directions.steps) > 5
    assert all(step.text.zh and step.text.en for step in told.steps)


@pytest.mark.parametrize("drawn", [True, False])
def test_everybody_of_the_campus_is_led_out_or_named(campus: Campus, drawn: bool) -> None:
    plan = campus.plan if drawn else msgspec.structs.replace(campus.plan, ways=[], nodes=[])
    network = campus.network if drawn else walking_network(plan)
    graph, random = network.graph, np.random.default_rng(1)
    # The rooms alone say of no door that it leads out: the ground floor is out.
    out = network.exits if drawn else np.flatnonzero(graph.level == 0)[:60].tolist()
    reached = tree_to(graph, out).millis != BANNED
    crowd = Crowd(random.integers(0, graph.nodes, 500).astype(np.int32), np.zeros(500, dtype=np.int32))
    gates = gates_of(network, plan)
    assert (gates.arc_gate >= 0).any()
    made = plan_evacuation(
        Situation(
            graph,
            graph.millis,
            np.full(graph.arcs, NEVER, dtype=np.int32),
            gates,
            crowd,
            Exits(np.array(out, dtype=np.int32), np.full(len(out), UNLIMITED, dtype=np.int32)),
        )
    )
    assert {it.person for it in made.cut_off} >= set(np.flatnonzero(~reached[crowd.node]).tolist())
    assert {it.reason for it in made.cut_off} <= {"no_way"}
    assert not (graph.millis[made.arcs[made.arcs >= 0]] == BANNED).any()
