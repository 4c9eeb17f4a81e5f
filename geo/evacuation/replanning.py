"""The hazard has moved: where everyone is by now, and what is to be planned for from there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geo.evacuation.model import NEVER, UNLIMITED, Crowd, EvacuationPlan, Exits, Situation
from geo.graph.csr import BANNED, Ints


def shut_times(graph_arcs: int, forecast: Sequence[tuple[int, Ints]]) -> Ints:
    """When each arc (m) is first BANNED in a forecast of (from_ms, arc times), by rising time; NEVER if it is not."""
    shuts = np.full(graph_arcs, NEVER, dtype=np.int32)
    for from_ms, millis in reversed(forecast):
        shuts[millis == BANNED] = max(from_ms, 0)
    return shuts


def present(
    situation: Situation, planned: EvacuationPlan, at_ms: int, millis: Ints
) -> tuple[Crowd, npt.NDArray[np.intp]]:
    """Where everyone who is not out is at ``at_ms`` of their plan, to plan again; and the number each had.

    Who is on an arc walks on to its end, or back to where it began when ``millis`` bans it now.
    """
    node, delay = situation.crowd.node.copy(), np.maximum(situation.crowd.delay_ms - at_ms, 0).astype(np.int32)
    tails, heads = situation.graph.tails, situation.graph.heads
    for person in np.flatnonzero(planned.party >= 0).tolist():
        way = planned.route(person)
        at = way.start + int(np.searchsorted(planned.arrive_ms[way], at_ms, side="right")) - 1
        if at < way.start:
            continue
        arc, left = int(planned.arcs[at]), int(planned.leave_ms[at])
        node[person], delay[person] = planned.nodes[at], 0
        if arc >= 0 and left < at_ms:
            turned = millis[arc] == BANNED
            node[person] = tails[arc] if turned else heads[arc]
            delay[person] = at_ms - left if turned else planned.arrive_ms[at + 1] - at_ms
    inside = np.flatnonzero((planned.party < 0) | (planned.out_ms > at_ms))
    return Crowd(node[inside], delay[inside]), inside


def later(
    situation: Situation, planned: EvacuationPlan, at_ms: int, millis: Ints, shuts_ms: Ints
) -> tuple[Situation, npt.NDArray[np.intp]]:
    """The situation at ``at_ms`` of a plan, to plan again for: who is not out, and the room that is left at the exits.

    ``millis`` and ``shuts_ms`` (m) are the hazard's then, with ``at_ms`` as time zero. And the number everyone had.
    """
    crowd, inside = present(situation, planned, at_ms, millis)
    gone = planned.exit[(planned.party >= 0) & (planned.out_ms <= at_ms)]
    room = situation.exits.room - np.bincount(gone, minlength=len(situation.exits.room))
    exits = Exits(situation.exits.node, np.where(situation.exits.room == UNLIMITED, UNLIMITED, room).astype(np.int32))
    again = Situation(situation.graph, millis, shuts_ms, situation.gates, crowd, exits, situation.slice_ms)
    return again, inside
