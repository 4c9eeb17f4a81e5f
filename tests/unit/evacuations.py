"""Evacuations for tests: small random ones, a check of a plan by its rules alone, the best there is by trying all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np
from hypothesis import strategies as st

from geo.evacuation.model import NEVER, UNLIMITED, Crowd, EvacuationPlan, Exits, Gates, Situation, people_in_slice
from geo.graph.csr import BANNED, build

Arc = tuple[int, int, int]
Waiting = tuple[tuple[int, int], ...]
"""Of each person the slice they are ready from, and the node."""


def situation(
    arcs: list[Arc],
    people: Sequence[int | tuple[int, int]],
    exits: Sequence[int | tuple[int, int]],
    *,
    node_gates: dict[int, int] | None = None,
    arc_gates: dict[tuple[int, int], int] | None = None,
    per_ks: list[int] | None = None,
    shuts: dict[tuple[int, int], int] | None = None,
    slice_ms: int = 1_000,
) -> Situation:
    """A situation by its arcs (tail, head, millis), people (node, delay) and exits (node, room)."""
    ends = [it[0] if isinstance(it, tuple) else it for it in (*people, *exits)]
    nodes = 1 + max([*ends, *(max(tail, head) for tail, head, _ in arcs)])
    line = np.arange(nodes)
    graph, order = build(
        line, 0 * line, 0 * line, *(np.array([it[i] for it in arcs], dtype=np.int64) for i in range(3))
    )
    pairs = [arcs[i][:2] for i in order.tolist()]
    node_gate = [(node_gates or {}).get(node, -1) for node in range(nodes)]
    arc_gate = [(arc_gates or {}).get(pair, -1) for pair in pairs]
    closing = [(shuts or {}).get(pair, int(NEVER)) for pair in pairs]
    crowd = [it if isinstance(it, tuple) else (it, 0) for it in people]
    out = [it if isinstance(it, tuple) else (it, UNLIMITED) for it in exits]
    return Situation(
        graph,
        graph.millis,
        _ints(closing),
        Gates(_ints(node_gate), _ints(arc_gate), np.array(per_ks or [], dtype=np.int64)),
        Crowd(_ints([it[0] for it in crowd]), _ints([it[1] for it in crowd])),
        Exits(_ints([it[0] for it in out]), _ints([it[1] for it in out])),
        slice_ms,
    )


def _ints(numbers: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(numbers, dtype=np.int32)


@st.composite
def situations(
    draw: st.DrawFn,
    *,
    nodes: int = 7,
    people: int = 12,
    step_ms: int = 1,
    shutting: bool = True,
    shared: bool = True,
    rooms: bool = True,
) -> Situation:
    """Random ones: arcs both ways and one way, banned, shutting; gates of nodes and arcs (``shared``: of several).

    Times are multiples of ``step_ms``.
    """
    count = draw(st.integers(2, nodes))
    node = st.integers(0, count - 1)
    pairs = draw(st.sets(st.tuples(node, node).filter(lambda it: it[0] != it[1]), min_size=1, max_size=3 * count))
    most = max(3_500 // step_ms, 3)
    arcs = [(tail, head, step_ms * draw(st.integers(1, most))) for tail, head in sorted(pairs)]
    arcs = [(tail, head, int(BANNED) if draw(st.integers(0, 9)) == 0 else millis) for tail, head, millis in arcs]
    gates = draw(st.integers(0, 4))
    per_ks = [draw(st.sampled_from([0, 300, 700, 1_000, 1_500, 2_300])) for _ in range(gates)]
    gate = st.integers(-2, gates - 1)
    node_gates = {it: max(draw(gate), -1) for it in range(count)}
    arc_gates = {it[:2]: max(draw(gate), -1) for it in arcs}
    if not shared:
        free = list(range(gates))
        node_gates = {at: free.pop() if it >= 0 and free else -1 for at, it in node_gates.items()}
        arc_gates = {at: free.pop() if it >= 0 and free else -1 for at, it in arc_gates.items()}
    shuts = {
        it[:2]: step_ms * draw(st.integers(0, most * 4)) for it in arcs if shutting and draw(st.integers(0, 3)) == 0
    }
    room = st.one_of(st.just(UNLIMITED), st.integers(0, 4)) if rooms else st.just(UNLIMITED)
    exits = draw(st.sets(node, min_size=1, max_size=min(3, count)))
    return situation(
        arcs,
        draw(st.lists(st.tuples(node, st.integers(0, 3).map(lambda it: it * step_ms)), min_size=1, max_size=people)),
        [(it, draw(room)) for it in sorted(exits)],
        node_gates=node_gates,
        arc_gates=arc_gates,
        per_ks=per_ks,
        shuts=shuts,
    )


def faults(  # noqa: PLR0912 - one rule after another
    of: Situation, plan: EvacuationPlan
) -> list[str]:
    """Every rule that a plan breaks, step by step, without knowing how it was made."""
    graph, found = of.graph, []
    passed: Counter[tuple[int, int]] = Counter()
    for person, (node, delay) in enumerate(zip(of.crowd.node.tolist(), of.crowd.delay_ms.tolist(), strict=True)):
        way = plan.route(person)
        if plan.party[person] < 0:
            continue
        nodes, arcs = plan.nodes[way].tolist(), plan.arcs[way].tolist()
        arrive, leave = plan.arrive_ms[way].tolist(), plan.leave_ms[way].tolist()
        if (nodes[0], arrive[0]) != (node, delay):
            found.append(f"{person} starts elsewhere")
        if nodes[-1] != of.exits.node[plan.exit[person]] or leave[-1] != plan.out_ms[person] or arcs[-1] != -1:
            found.append(f"{person} ends elsewhere")
        for at, (here, arc) in enumerate(zip(nodes, arcs, strict=True)):
            if leave[at] < arrive[at]:
                found.append(f"{person} leaves {here} before coming")
            slot = leave[at] // of.slice_ms
            if of.gates.node_gate[here] >= 0:
                passed[int(of.gates.node_gate[here]), slot] += 1
            if arc < 0:
                continue
            if of.gates.arc_gate[arc] >= 0:
                passed[int(of.gates.arc_gate[arc]), slot] += 1
            if (graph.tails[arc], graph.heads[arc]) != (here, nodes[at + 1]):
                found.append(f"{person} jumps from {here}")
            if of.millis[arc] == BANNED or leave[at] + of.millis[arc] > of.shuts_ms[arc]:
                found.append(f"{person} takes arc {arc}, which is shut")
            if leave[at] + of.millis[arc] != arrive[at + 1]:
                found.append(f"{person} takes another time over arc {arc}")
    for (gate, slot), people in passed.items():
        if people > people_in_slice(int(of.gates.per_ks[gate]), of.slice_ms, slot):
            found.append(f"{people} pass gate {gate} in slice {slot}")
    for number, people in Counter(plan.exit[plan.exit >= 0].tolist()).items():
        if people > of.exits.room[number]:
            found.append(f"{people} at exit {number}")
    if sorted(it.person for it in plan.cut_off) != np.flatnonzero(plan.party < 0).tolist():
        found.append("who is cut off is not named")
    return found


def best_by_trying_all(of: Situation, slices: int) -> dict[int, int]:
    """The soonest that so many people can be out, for each number there can be, within some slices; milliseconds.

    Every choice of every person in every slice. Exact where all times are multiples of a slice: whoever leaves a node
    could leave it at the beginning of the slice, and be no later anywhere.
    """
    best: dict[int, int] = {0: 0}
    # Where each is and from which slice on, and how many are out by each exit.
    start = tuple(sorted(zip((of.crowd.delay_ms // of.slice_ms).tolist(), of.crowd.node.tolist(), strict=True)))
    states: set[tuple[Waiting, tuple[int, ...]]] = {(start, (0,) * len(of.exits.node))}
    for slot in range(slices):
        after: set[tuple[Waiting, tuple[int, ...]]] = set()
        for people, out in states:
            after |= set(_choices(of, slot, people, out))
        states = after
        for _, out in states:
            best.setdefault(sum(out), slot * of.slice_ms)
    return best


def _choices(of: Situation, slot: int, people: Waiting, out: tuple[int, ...]) -> list[tuple[Waiting, tuple[int, ...]]]:
    found = []
    for chosen in product(*(_moves(of, slot, *person) for person in people)):
        used = Counter(gate for _, _, gates in chosen for gate in gates if gate >= 0)
        gone = Counter(exit_ for _, exit_, _ in chosen if exit_ >= 0)
        room = [have + gone[number] for number, have in enumerate(out)]
        if any(count > people_in_slice(int(of.gates.per_ks[gate]), of.slice_ms, slot) for gate, count in used.items()):
            continue
        if all(count <= limit for count, limit in zip(room, of.exits.room.tolist(), strict=True)):
            found.append((tuple(sorted(place for place, exit_, _ in chosen if exit_ < 0)), tuple(room)))
    return found


def _moves(of: Situation, slot: int, ready: int, node: int) -> list[tuple[tuple[int, int], int, tuple[int, ...]]]:
    """Where a person is next and from when on, by which exit they are out (-1), and the gates they pass."""
    moves: list[tuple[tuple[int, int], int, tuple[int, ...]]] = [((max(ready, slot), node), -1, ())]
    if ready > slot:
        return [((ready, node), -1, ())]
    gate = int(of.gates.node_gate[node])
    for number in np.flatnonzero(of.exits.node == node).tolist():
        moves.append(((slot, node), number, (gate,)))
    for arc in range(of.graph.starts[node], of.graph.starts[node + 1]):
        millis = int(of.millis[arc])
        if millis != BANNED and slot * of.slice_ms + millis <= of.shuts_ms[arc]:
            there = (slot + millis // of.slice_ms, int(of.graph.heads[arc]))
            moves.append((there, -1, (gate, int(of.gates.arc_gate[arc]))))
    return moves
