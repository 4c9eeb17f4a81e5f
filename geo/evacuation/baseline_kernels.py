"""The kernel that lets people walk to their nearest exit and queue. Pure; called by baseline.py alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.evacuation.heap import pop, push
from geo.evacuation.model import NEVER
from geo.evacuation.slots import new_slots, next_slot_of_two, take
from geo.graph.compiled import compiled

_PERSON_BITS = 20
_PERSON_MASK = np.int64((1 << _PERSON_BITS) - 1)
OUT, NO_WAY, NO_ROOM, WAY_SHUTS, TOO_LATE = 0, 1, 2, 3, 4


@compiled()
def _nearest(times: Any, node: Any, tried: Any) -> Any:  # pragma: no cover
    """The nearest exit not tried yet, by walking alone; -1: none."""
    best = -1
    for number in range(len(times)):
        if times[number, node] != NEVER and not tried[number] and (best < 0 or times[number, node] < times[best, node]):
            best = number
    return best


@compiled()
def walk_to_nearest(
    graph: Any, gates: Any, crowd: Any, exits: Any, slice_ms: Any, slices: Any
) -> tuple[Any, Any, Any]:  # pragma: no cover
    """Each person's state and exit, and rows (person, node, arc, arrive, leave) in the order things happen.

    ``graph``: heads, arc times, shuts. ``gates``: of node, of arc, people per ks. ``crowd``: node, delay. ``exits``:
    node, room, times and next arcs (e, n).
    """
    heads, millis, shuts = graph
    node_gate, arc_gate, per_ks = gates
    exit_node, exit_room, times, nexts = exits
    people = len(crowd[0])
    left, after = new_slots(per_ks, slice_ms, slices)
    place, goal = crowd[0].astype(np.int64), np.full(people, -1, dtype=np.int64)
    state = np.full(people, NO_WAY, dtype=np.int64)
    tried = np.zeros((people, len(exit_node)), dtype=np.bool_)
    room = exit_room.astype(np.int64)
    heap, size = np.empty(people + 1, dtype=np.int64), 0
    for person in range(people):
        goal[person] = _nearest(times, place[person], tried[person])
        if goal[person] >= 0:
            size = push(heap, size, (np.int64(crowd[1][person]) << _PERSON_BITS) | np.int64(person))
    rows, count = np.empty((4096, 5), dtype=np.int64), 0
    while size > 0:
        # Who comes first takes the first place left: a queue in order of arrival.
        at, person = np.int64(heap[0] >> _PERSON_BITS), heap[0] & _PERSON_MASK
        size = pop(heap, size)
        here, slot = place[person], at // slice_ms
        while goal[person] >= 0:
            number = goal[person]
            arc = np.int64(nexts[number, here])
            one, other = np.int64(node_gate[here]), np.int64(-1) if arc < 0 else np.int64(arc_gate[arc])
            begun = slot
            if slot < slices:
                begun = next_slot_of_two(after, one, other, slot)
            leave = max(at, begun * slice_ms)
            if begun >= slices or (one >= 0 and one == other and left[one, begun] < 2):
                state[person] = TOO_LATE
            elif arc < 0 and room[number] == 0:
                state[person] = NO_ROOM
            elif arc >= 0 and shuts[arc] != NEVER and leave + millis[arc] > shuts[arc]:
                state[person] = WAY_SHUTS
            else:
                break
            tried[person, number] = True
            goal[person] = _nearest(times, here, tried[person])
        if goal[person] < 0:
            continue
        if one >= 0:
            take(left, after, one, begun, 1)
        if other >= 0:
            take(left, after, other, begun, 1)
        if count == len(rows):
            more = np.empty((2 * count, 5), dtype=np.int64)
            more[:count] = rows
            rows = more
        rows[count, 0], rows[count, 1], rows[count, 2] = person, here, arc
        rows[count, 3], rows[count, 4] = at, leave
        count += 1
        if arc < 0:
            room[number] -= 1
            state[person] = OUT
        else:
            place[person] = heads[arc]
            size = push(heap, size, ((leave + millis[arc]) << _PERSON_BITS) | np.int64(person))
    return state, goal, rows[:count]
