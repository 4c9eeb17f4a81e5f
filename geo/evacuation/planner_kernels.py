"""Kernels of the planner: the search for the earliest way out, and the reservations. Pure; called by planner.py alone.

``portals`` is the tuple of a ``Portals``' gate, link and hop arrays, ``exits`` that of the exits' arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.evacuation.booking import may_take
from geo.evacuation.heap import pop, push
from geo.evacuation.model import NEVER, Longs
from geo.evacuation.slots import new_slots, next_slot, next_slot_of_two, slots_taken, take
from geo.graph.compiled import compiled

_FAR = np.int64(NEVER)
_KEY_BITS, _HINT_BITS = 18, 17
_KEY_MASK = np.int64((1 << _KEY_BITS) - 1)
KEYS_MAX = 1 << _KEY_BITS


@compiled()
def _lower_bound(at: Any, key: Any, into: Any, first: Longs) -> tuple[Any, Any]:  # pragma: no cover
    """The earliest anybody at a key could be out, by the walk and the exits' first places; and that exit's walk."""
    best, walk = _FAR, np.int64(0)
    for number in range(len(first)):
        if first[number] == _FAR or into[number, key] == NEVER:
            continue
        then = max(np.int64(at) + into[number, key], first[number])
        if then < best or (then == best and into[number, key] < walk):
            best, walk = then, np.int64(into[number, key])
    return best, walk


@compiled()
def _packed(bound: Any, walk: Any, key: Any) -> Any:  # pragma: no cover
    # Of equal bounds the one nearest to its exit: it is at the goal first, and no other bound is better.
    return (np.int64(bound) << (_KEY_BITS + _HINT_BITS)) | (np.int64(walk) >> 10 << _KEY_BITS) | np.int64(key)


@compiled()
def _search(
    portals: Any, exit_of: Any, into: Any, first: Longs, slots: Any, slice_ms: Any, tree: Any, out: Longs, heap: Longs
) -> tuple[Any, Any, bool]:  # pragma: no cover
    """The earliest way out from the keys labelled in ``tree``: when, by which key, and whether the slices ran out.

    ``out``: of each exit the earliest, where it is in the same slice as the earliest of all; else later, or FAR.

    ``first``: of each exit its first place, or FAR when it takes nobody. The bound of ``_lower_bound`` never sinks
    along a way, so each key is settled once (Hart, Nilsson and Raphael 1968).
    """
    gates, link_starts, link_gate, link_millis, link_shuts, hop_starts, hop_key, hop_millis = portals
    after, slices = slots
    label, from_key, from_link, from_hop, leave, origin, done = tree
    size, ran_out = 0, False
    for key in range(len(gates)):
        if label[key] != _FAR:
            bound, walk = _lower_bound(label[key], key, into, first)
            if bound != _FAR:
                size = push(heap, size, _packed(bound, walk, key))
    best, best_key, limit = _FAR, -1, _FAR
    out[:] = _FAR
    while size > 0:
        packed = heap[0]
        if packed >> (_KEY_BITS + _HINT_BITS) >= limit:
            break
        key = packed & _KEY_MASK
        size = pop(heap, size)
        if done[key]:
            continue
        done[key] = True
        at = label[key]
        begun = at // slice_ms
        if begun >= slices:
            ran_out = True
            continue
        if gates[key] >= 0:
            begun = next_slot(after, gates[key], begun)
            if begun >= slices:
                ran_out = True
                continue
        if exit_of[key] >= 0 and first[exit_of[key]] != _FAR:
            then = max(at, begun * slice_ms)
            out[exit_of[key]] = then
            if then < best:
                best, best_key, limit = then, key, (then // slice_ms + 1) * slice_ms
        for link in range(link_starts[key], link_starts[key + 1]):
            slot = begun
            if link_gate[link] >= 0:
                slot = next_slot_of_two(after, gates[key], link_gate[link], begun)
                if slot >= slices:
                    ran_out = True
                    continue
            then = max(at, slot * slice_ms)
            if link_shuts[link] != NEVER and then + link_millis[link] > link_shuts[link]:
                continue
            for hop in range(hop_starts[link], hop_starts[link + 1]):
                head, there = hop_key[hop], then + hop_millis[hop]
                if there >= label[head] or done[head]:
                    continue
                if there >= slices * slice_ms:
                    ran_out = True
                    continue
                bound, walk = _lower_bound(there, head, into, first)
                if bound == _FAR or bound >= limit:
                    continue
                label[head], from_key[head], from_link[head], from_hop[head] = there, key, link, hop
                leave[head], origin[head] = then, origin[key]
                size = push(heap, size, _packed(bound, walk, head))
    return best, best_key, ran_out


@compiled()
def _first_places(
    gates: Any, exit_key: Any, allowed: Any, room: Any, slots: Any, slice_ms: Any, first: Longs
) -> bool:  # pragma: no cover
    """When each exit can next take one, FAR when it does not; whether the slices ran out at one."""
    after, slices = slots
    ran_out = False
    for number in range(len(exit_key)):
        first[number] = _FAR
        if not allowed[number] or room[number] <= 0 or exit_key[number] < 0:
            continue
        first[number] = 0
        gate = gates[exit_key[number]]
        if gate >= 0:
            slot = next_slot(after, gate, 0)
            first[number] = slot * slice_ms if slot < slices else _FAR
            ran_out |= slot >= slices
    return ran_out


@compiled()
def _start(tree: Any, starts: Any, upto: Any, time: Any, group: Any, waiting: Any) -> None:  # pragma: no cover
    """Label each key with the first to come of those still ``waiting`` here; who has gone is passed for good."""
    label, from_key, _, _, _, origin, done = tree
    for key in range(len(label)):
        at = upto[key]
        while at < starts[key + 1] and waiting[group[at]] == 0:
            at += 1
        upto[key] = at
        done[key], from_key[key], label[key] = False, -1, _FAR
        if at < starts[key + 1]:
            label[key], origin[key] = time[at], group[at]


@compiled()
def _trace(tree: Any, key: Any, out: Any, steps: Any) -> Any:  # pragma: no cover
    """The way to a key as rows (key, hop, link, leave), the last without hop; how many."""
    from_key, from_link, from_hop, leave = tree[1], tree[2], tree[3], tree[4]
    count, at = 1, key
    while from_key[at] >= 0:
        count += 1
        at = from_key[at]
    steps[count - 1, 0], steps[count - 1, 1], steps[count - 1, 2], steps[count - 1, 3] = key, -1, -1, out
    at = key
    for i in range(count - 2, -1, -1):
        steps[i, 0], steps[i, 1], steps[i, 2], steps[i, 3] = from_key[at], from_hop[at], from_link[at], leave[at]
        at = from_key[at]
    return count


@compiled()
def _places(
    portals: Any, steps: Any, count: Any, slice_ms: Any, used_gate: Any, used_slot: Any
) -> Any:  # pragma: no cover
    """The places (gate, slice) a way uses; how many."""
    gates, link_gate = portals[0], portals[2]
    places = 0
    for i in range(count):
        slot = steps[i, 3] // slice_ms
        if gates[steps[i, 0]] >= 0:
            used_gate[places], used_slot[places] = gates[steps[i, 0]], slot
            places += 1
        if steps[i, 2] >= 0 and link_gate[steps[i, 2]] >= 0:
            used_gate[places], used_slot[places] = link_gate[steps[i, 2]], slot
            places += 1
    return places


@compiled()
def _fits(left: Any, used_gate: Any, used_slot: Any, places: Any) -> Any:  # pragma: no cover
    """How many people can go the same way at the same times."""
    fits = np.int64(NEVER)
    for i in range(places):
        often = slots_taken(used_gate, used_slot, places, used_gate[i], used_slot[i])
        fits = min(fits, left[used_gate[i], used_slot[i]] // often)
    return fits


@compiled()
def _free_besides(
    slots: Any, left: Any, one: Any, other: Any, slot: Any, used: Any, places: Any
) -> Any:  # pragma: no cover
    """The first slice with a place at both gates besides those this person has already."""
    after, slices = slots
    used_gate, used_slot = used
    while True:
        slot = next_slot_of_two(after, one, other, slot)
        if slot >= slices:
            return slot
        need_one = 1 + (slots_taken(used_gate, used_slot, places, one, slot) if one >= 0 else 0)
        need_other = 1 + (slots_taken(used_gate, used_slot, places, other, slot) if other >= 0 else 0)
        if one >= 0 and one == other:
            need_one += 1
        if (one < 0 or left[one, slot] >= need_one) and (other < 0 or left[other, slot] >= need_other):
            return slot
        slot += 1


@compiled()
def _walk_again(
    portals: Any, steps: Any, count: Any, at: Any, slots: Any, left: Any, slice_ms: Any, used: Any
) -> bool:  # pragma: no cover
    """Leave later where a way passes a gate twice in a slice of one place; False when it shuts before, or too late."""
    gates, _, link_gate, link_millis, link_shuts, _, _, hop_millis = portals
    used_gate, used_slot = used
    places = 0
    for i in range(count):
        one, link = gates[steps[i, 0]], steps[i, 2]
        other = link_gate[link] if link >= 0 else -1
        slot = at // slice_ms
        if slot < slots[1] and (one >= 0 or other >= 0):
            slot = _free_besides(slots, left, one, other, slot, used, places)
        if slot >= slots[1]:
            return False
        at = max(at, slot * slice_ms)
        steps[i, 3] = at
        if one >= 0:
            used_gate[places], used_slot[places] = one, slot
            places += 1
        if other >= 0:
            used_gate[places], used_slot[places] = other, slot
            places += 1
        if link >= 0:
            if link_shuts[link] != NEVER and at + link_millis[link] > link_shuts[link]:
                return False
            at += hop_millis[steps[i, 1]]
    return True


@compiled()
def assign(
    portals: Any,
    exits: Any,
    comers: Any,
    groups: Any,
    per_ks: Longs,
    slice_ms: Any,
    slices: Any,
) -> tuple[Any, Any, bool]:  # pragma: no cover
    """The plan as rows, in the order made.

    ``exits``: of each key its exit or -1, times (e, k), key and room (e), allowed (c, e),
    reach (c, e), booked (c, e), limited.
    ``comers``: starts (k + 1), time and group: who comes to each key, in order. ``groups``: size, class, turn, turns.
    Returns parties (group, people, exit, first step) and steps (key, hop, link, leave), and whether the slices ran out.
    """
    exit_of, into, exit_key, exit_room, allowed, reach, booked, limited = exits
    starts, time, group = comers
    size, group_class, group_turn, turns = groups
    keys, classes = len(portals[0]), len(allowed)
    left, after = new_slots(per_ks, slice_ms, slices)
    slots = (after, slices)
    waiting, here = size.copy(), np.zeros(len(size), dtype=np.int64)
    room, first = exit_room.copy(), np.empty(len(exit_key), dtype=np.int64)
    tree = (
        np.empty(keys, np.int64),
        np.empty(keys, np.int64),
        np.empty(keys, np.int64),
        np.empty(keys, np.int64),
        np.empty(keys, np.int64),
        np.empty(keys, np.int64),
        np.empty(keys, np.bool_),
    )
    heap = np.empty(len(portals[6]) + keys + 1, dtype=np.int64)
    steps, best_steps = np.empty((keys + 1, 4), dtype=np.int64), np.empty((keys + 1, 4), dtype=np.int64)
    used = (np.empty(2 * keys + 2, dtype=np.int64), np.empty(2 * keys + 2, dtype=np.int64))
    parties, rows = np.empty((1024, 4), dtype=np.int64), np.empty((4096, 4), dtype=np.int64)
    made, walked, ran_out = 0, 0, False
    upto, outs = np.empty((classes, keys), dtype=np.int64), np.empty(len(exit_key), dtype=np.int64)
    for turn in range(turns):
        for cls in range(classes):
            upto[cls] = starts[:-1]
        stuck = np.zeros(classes, dtype=np.bool_)
        while True:
            best, best_class, best_group, best_at, count = _FAR, -1, -1, np.int64(0), 0
            for cls in range(classes):
                if stuck[cls]:
                    continue
                for i in range(len(size)):
                    here[i] = waiting[i] if group_class[i] == cls and group_turn[i] == turn else 0
                ran_out |= _first_places(portals[0], exit_key, allowed[cls], room, slots, slice_ms, first)
                _start(tree, starts, upto[cls], time, group, here)
                out, key, short = _search(portals, exit_of, into, first, slots, slice_ms, tree, outs, heap)
                ran_out |= short
                if key < 0:
                    stuck[cls] = True
                    if limited and turn == turns - 1 and booked[cls].sum() > 0:
                        # Nobody left of this class gets out: what was held for it is the others'.
                        booked[cls] = 0
                        allowed[:] = reach
                        stuck[:] = False
                        best = np.int64(-1)
                        break
                elif out < best:
                    best, best_class, best_group = out, cls, tree[5][key]
                    count = _trace(tree, key, out, steps)
                    best_at = tree[0][steps[0, 0]]
                    best_steps[:count] = steps[:count]
            if best < 0:
                continue
            if best_class < 0:
                break
            number = exit_of[best_steps[count - 1, 0]]
            if limited:
                class_size = waiting[group_class == best_class].sum()
                if not may_take(best_class, number, class_size, room, booked, reach):
                    allowed[best_class, number] = False
                    continue
            # Who can be out by another exit in the same slice goes too: they would be next, or take its place.
            end = (best // slice_ms + 1) * slice_ms
            for part in range(1 if limited else len(exit_key)):
                if part > 0:
                    outs[number] = _FAR
                    number = np.argmin(outs)
                    if outs[number] >= end:
                        break
                    count = _trace(tree, exit_key[number], outs[number], best_steps)
                    best_group = tree[5][exit_key[number]]
                places = _places(portals, best_steps, count, slice_ms, used[0], used[1])
                people = min(_fits(left, used[0], used[1], places), waiting[best_group], np.int64(room[number]))
                if people == 0 and part > 0:
                    continue
                if people == 0:
                    if not _walk_again(portals, best_steps, count, best_at, slots, left, slice_ms, used):
                        waiting[best_group] = 0
                        break
                    people = 1
                if limited:
                    people = min(people, 1)
                for i in range(places):
                    take(left, after, used[0][i], used[1][i], people)
                waiting[best_group] -= people
                room[number] -= people
                if made == len(parties):
                    parties = _longer(parties)
                while walked + count > len(rows):
                    rows = _longer(rows)
                parties[made, 0], parties[made, 1], parties[made, 2], parties[made, 3] = (
                    best_group,
                    people,
                    number,
                    walked,
                )
                rows[walked : walked + count] = best_steps[:count]
                made, walked = made + 1, walked + count
    return parties[:made], rows[:walked], ran_out


@compiled()
def _longer(rows: Any) -> Any:  # pragma: no cover
    more = np.empty((2 * len(rows), rows.shape[1]), dtype=rows.dtype)
    more[: len(rows)] = rows
    return more
