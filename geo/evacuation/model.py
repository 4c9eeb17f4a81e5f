"""The nouns of an evacuation: gates that let so many through, the people, the exits, the ways. Pure.

Time zero is the moment of planning. A *gate* is a cross-section of the way: a door, a flight of stairs, an exit. It
lets a whole number of people through in each slice of time; who comes when it is full waits in front, at the node.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints

NEVER = BANNED
"""The time of what does not happen: an arc that stays open, a person who does not get out."""
UNLIMITED = 2**31 - 1
"""The room of an exit into the open."""
# A second: finer than the time one person takes through a door (1.3 people a second and metre, see capacity.py).
SLICE_MS = 1_000
SLICE_MIN_MS, SLICE_MAX_MS = 100, 60_000
# A way or a delay of more than a day is none; it keeps every sum of two times an int32.
HORIZON_MAX_MS = ARC_MAX_MS
# One bit each in a mask; a plant has tens.
EXITS_MAX = 60
# Ten times the largest site; bounds what one request can cost.
PEOPLE_MAX = 50_000
# 1,000 people a second: wider than any gate of a plant.
PER_KS_MAX = 1_000_000

Longs: TypeAlias = npt.NDArray[np.int64]
Reason: TypeAlias = Literal["no_way", "no_room", "way_shuts", "too_late"]


class Gates(msgspec.Struct, frozen=True):
    """``node_gate`` int32 (n) is passed when the node is left or one is counted out there, ``arc_gate`` int32 (m) when
    the arc is entered; -1: none. ``per_ks`` int64 (g): people in 1,000 seconds, 0: nobody."""

    node_gate: Ints
    arc_gate: Ints
    per_ks: Longs


class Crowd(msgspec.Struct, frozen=True):
    """The people: ``node`` int32 (p) where each stands, ``delay_ms`` int32 (p) until each starts to walk."""

    node: Ints
    delay_ms: Ints


class Exits(msgspec.Struct, frozen=True):
    """``node`` int32 (e), each once; ``room`` int32 (e): how many people it takes in all, or UNLIMITED."""

    node: Ints
    room: Ints


class Situation(msgspec.Struct, frozen=True):
    """What is planned for. ``millis`` int32 (m): arc times under the hazard now; BANNED arcs are not taken.

    ``shuts_ms`` int32 (m): when the hazard takes an arc, NEVER when it does not; it is left by then. A way the hazard
    has taken is not counted on again in the same plan, whatever is forecast: of a forecast its end is the least sure.
    """

    graph: Graph
    millis: Ints
    shuts_ms: Ints
    gates: Gates
    crowd: Crowd
    exits: Exits
    slice_ms: int = SLICE_MS


class CutOff(msgspec.Struct, frozen=True):
    """A person with no way out in this plan, and why.

    ``no_way``: no open way leads from there to an exit. ``no_room``: the exits within reach are full. ``way_shuts``:
    the hazard closes every way before this person's turn. ``too_late``: not within a day.
    """

    person: int
    reason: Reason


class EvacuationPlan(msgspec.Struct, frozen=True):
    """Everyone's own way. People who take the same way at the same times are one party.

    ``party``, ``exit``, ``out_ms`` int32 (p): -1, -1 and NEVER for who is cut off. Party ``q`` goes by
    ``nodes[starts[q]:starts[q + 1]]``, reaches each at ``arrive_ms``, leaves it at ``leave_ms`` by the arc in ``arcs``
    (-1 at the exit, where it is out at ``leave_ms``).
    """

    party: Ints
    exit: Ints
    out_ms: Ints
    starts: Ints
    nodes: Ints
    arcs: Ints
    arrive_ms: Ints
    leave_ms: Ints
    cut_off: list[CutOff]
    slice_ms: int

    @property
    def cleared_ms(self) -> int:
        """When the last of those who get out is out; 0 when nobody does."""
        out = self.out_ms[self.out_ms != NEVER]
        return int(out.max()) if len(out) else 0

    def route(self, person: int) -> slice:
        """Where a person's way stands in ``nodes``, ``arcs``, ``arrive_ms`` and ``leave_ms``; empty: cut off."""
        party = int(self.party[person])
        return slice(int(self.starts[party]), int(self.starts[party + 1])) if party >= 0 else slice(0, 0)


def people_in_slice(per_ks: int, slice_ms: int, number: int) -> int:
    """How many a gate lets through in slice ``number``: whole people, never more over any time than its rate allows.

    The fraction left over is carried into the next slice.
    """
    each = per_ks * slice_ms
    return (number + 1) * each // 1_000_000 - number * each // 1_000_000


def checked(situation: Situation) -> Situation:
    """The situation in arrays of its own, of the types it states: kernels are compiled for these alone.

    Raises Invalid, naming the array, unless the sizes fit and every number is within its limits.
    """
    _check(situation)
    gates, crowd, exits = situation.gates, situation.crowd, situation.exits
    return Situation(
        situation.graph,
        _own(situation.millis),
        _own(situation.shuts_ms),
        Gates(_own(gates.node_gate), _own(gates.arc_gate), np.array(gates.per_ks, dtype=np.int64)),
        Crowd(_own(crowd.node), _own(crowd.delay_ms)),
        Exits(_own(exits.node), _own(exits.room)),
        situation.slice_ms,
    )


def _own(array: Ints) -> Ints:
    return np.array(array, dtype=np.int32)


def _check(situation: Situation) -> None:
    graph, gates = situation.graph, situation.gates
    _size("millis", situation.millis, graph.arcs)
    _size("shuts_ms", situation.shuts_ms, graph.arcs)
    _size("gates.arc_gate", gates.arc_gate, graph.arcs)
    _size("gates.node_gate", gates.node_gate, graph.nodes)
    _size("crowd.delay_ms", situation.crowd.delay_ms, len(situation.crowd.node))
    _size("exits.room", situation.exits.room, len(situation.exits.node))
    timed = situation.millis[situation.millis != BANNED]
    _within("millis", timed, 1, ARC_MAX_MS)
    _within("shuts_ms", situation.shuts_ms, 0, int(NEVER))
    _within("gates.arc_gate", gates.arc_gate, -1, len(gates.per_ks) - 1)
    _within("gates.node_gate", gates.node_gate, -1, len(gates.per_ks) - 1)
    _within("gates.per_ks", gates.per_ks, 0, PER_KS_MAX)
    _within("crowd.node", situation.crowd.node, 0, graph.nodes - 1)
    _within("crowd.delay_ms", situation.crowd.delay_ms, 0, HORIZON_MAX_MS)
    _within("exits.node", situation.exits.node, 0, graph.nodes - 1)
    _within("exits.room", situation.exits.room, 0, UNLIMITED)
    _within("slice_ms", np.array([situation.slice_ms]), SLICE_MIN_MS, SLICE_MAX_MS)
    _within("crowd", np.array([len(situation.crowd.node)]), 0, PEOPLE_MAX)
    _within("exits", np.array([len(situation.exits.node)]), 1, EXITS_MAX)
    if len(np.unique(situation.exits.node)) < len(situation.exits.node):
        raise invalid("exits.node", "an exit is given twice", "同一出口给出了两次", None, None)


def _size(field: str, array: npt.NDArray[np.generic], size: int) -> None:
    if len(array) != size:
        raise invalid(
            field, f"{field} has {len(array)} entries, not {size}", f"{field} 应有 {size} 项", len(array), size
        )


def _within(field: str, array: npt.NDArray[np.integer], low: int, high: int) -> None:
    bad = array[(array < low) | (array > high)]
    if len(bad):
        value = int(bad[0])
        raise invalid(
            field,
            f"{field} is within {low} to {high}, not {value}",
            f"{field} 须在 {low} 至 {high} 之间，而非 {value}",
            value,
            [low, high],
        )


def invalid(field: str, en: str, zh: str, value: object, limit: object) -> Invalid:
    """What is wrong with what is to be planned."""
    return Invalid("geo.evacuation_invalid", en, zh, field=field, value=value, limit=limit)
